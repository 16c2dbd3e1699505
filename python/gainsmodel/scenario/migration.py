"""Scenario files of older formats: what is done to read them today, step by step.

Figures stay as the file states them; what an older model did not have is off, as it was.
"""

from collections.abc import Mapping
from typing import Any

FILE_VERSION = 2
# The money of the older model: the base year of its regional accounts.
_PRICE_YEAR_OF_1 = 2023
_PRIZE_YEAR, _PRIZE_SHARE = 2024, 0.10
_KEEP = "to keep the earlier figures, replay the manifest of a run of it"


def _is_1(version: Any) -> bool:
    return version == 1 and not isinstance(version, bool)


def extension(data: Mapping[str, Any], name: str) -> tuple[dict[str, Any], list[str]]:
    """Give what a file that extends another states, in today's format, and what is to be said."""
    found = dict(data)
    if _is_1(found.get("schema_version")):
        found["schema_version"] = FILE_VERSION
        return found, [
            f"{name}: format 1; what it extends is read as it is today, with figures that have "
            f"changed since (see CHANGELOG.md); {_KEEP}"
        ]
    if "schema_version" not in found:
        return found, [
            f"{name}: states no schema_version; what it extends is read as it is today, with "
            f"figures that have changed since format 1 (see CHANGELOG.md); {_KEEP}; if today's "
            f"are meant, add schema_version = {FILE_VERSION}"
        ]
    return found, []


def migrated(data: Mapping[str, Any], name: str = "scenario") -> tuple[dict[str, Any], list[str]]:
    """Give a complete scenario in today's format, and what was done to it.

    One of today's format, or of none known, is left as it is.
    """
    found = dict(data)
    if not _is_1(found.get("schema_version")):
        return found, []
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
    return found, [f"{name}: format 1, read as format {FILE_VERSION}: {'; '.join(steps)}"]
