"""Scenario files of older formats: what is done to read them today, step by step.

Figures stay as the file states them; what an older model did not have is off, as it was.
"""

import warnings
from collections.abc import Mapping
from typing import Any

FILE_VERSION = 2
# The money of the older model: the base year of its regional accounts.
_PRICE_YEAR_OF_1 = 2023
_PRIZE_YEAR, _PRIZE_SHARE = 2024, 0.10


def extension(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give what a file that extends another states, in today's format; warns if it was older."""
    found = dict(data)
    if found.get("schema_version") == 1 and not isinstance(found["schema_version"], bool):
        warnings.warn(
            f"{name}: format 1; what it extends is read as it is today, with figures that have "
            "changed since (see CHANGELOG.md)",
            stacklevel=2,
        )
        found["schema_version"] = FILE_VERSION
    return found


def migrated(data: Mapping[str, Any], name: str = "scenario") -> dict[str, Any]:
    """Give a complete scenario in today's format; one of today's, or of none known, is left.

    Warns with every step that was taken.
    """
    found = dict(data)
    if found.get("schema_version") != 1 or isinstance(found["schema_version"], bool):
        return found
    steps = [f"all money at prices of {_PRICE_YEAR_OF_1}, as before"]
    found["schema_version"] = FILE_VERSION
    if isinstance(found.get("setting"), Mapping):
        found["setting"] = {"price_year": _PRICE_YEAR_OF_1, **found["setting"]}
    if isinstance(found.get("prize"), Mapping):
        prize = dict(found["prize"])
        if prize.pop("price_basis", None) is not None:
            steps.append(
                f"prize.price_basis dropped: the prize is money of {_PRIZE_YEAR}, restated in "
                f"prices of {_PRICE_YEAR_OF_1}"
            )
        prize.setdefault("price_year", _PRIZE_YEAR)
        prize.setdefault("share_of_economy", _PRIZE_SHARE)
        found["prize"] = prize
    warnings.warn(
        f"{name}: format 1, read as format {FILE_VERSION}: {'; '.join(steps)}", stacklevel=2
    )
    return found
