"""Of which edition each built-in table is, and when its publisher's next one was due."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from gainsmodel.data.shipped_tables import TABLES


@dataclass(frozen=True)
class Edition:
    """Of one built-in table.

    Attributes
    ----------
    file, title : str
    edition, covers : str
        The publisher's edition, and the years or areas it is of.
    released : str
        When that edition came out, in words; empty where sources differ.
    next_due : date, optional
        By when the publisher's yearly cycle brings the next one; None for what has no cycle.
    next_because : str
        Why then.
    renew : str
        Command that takes the next one in; empty where a new version of gainsmodel has to.
    """

    file: str
    title: str
    edition: str
    covers: str
    released: str = ""
    next_due: date | None = None
    next_because: str = ""
    renew: str = ""

    def is_old(self, on: date) -> bool:
        """Whether a newer edition is probably out on a day."""
        return self.next_due is not None and on > self.next_due


@cache
def _described() -> dict[str, dict[str, Any]]:
    """Every built-in table by its file, as ``tables.toml`` describes it."""
    files: dict[str, dict[str, Any]] = tomllib.loads(
        (TABLES / "tables.toml").read_text(encoding="utf-8")
    )["files"]
    return files


def entry(file: str) -> dict[str, Any]:
    """What ``tables.toml`` says of a built-in table: ``title``, ``columns`` and more."""
    return _described()[file]


@cache
def editions() -> dict[str, Edition]:
    """Every built-in table by its file, with its edition."""
    optional = ("released", "next_due", "next_because", "renew")
    return {
        file: Edition(
            *(file, entry["title"], entry["edition"], entry["covers"]),
            **{name: entry[name] for name in optional if name in entry},
        )
        for file, entry in _described().items()
    }
