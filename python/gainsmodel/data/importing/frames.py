"""Sets of areas that a table may be of: shipped geographies, and ITL 2 and 3 of both editions."""

import hashlib
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import get_args

import polars as pl

from gainsmodel.choices import Level
from gainsmodel.data.aggregation import Made, regroup
from gainsmodel.data.dataset import Dataset, load_dataset, plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.layout import Table
from gainsmodel.data.importing.names import area_codes
from gainsmodel.data.shipped_tables import GEOGRAPHIES, TABLES
from gainsmodel.errors import DataError, UnknownNameError

LEVELS: tuple[Level, ...] = get_args(Level)
EDITIONS = ("2025", "2021")


@cache
def itl_hashes() -> dict[str, str]:
    """Give the sha256 of the tables of ITL areas.

    Raises
    ------
    DataError
        If one was altered since it was built.
    """
    stated = tomllib.loads((TABLES / "hashes.toml").read_text(encoding="utf-8"))
    found = {
        file: hashlib.sha256((TABLES / file).read_bytes()).hexdigest()
        for file in ("itl.csv", "itl_membership.csv")
    }
    altered = [file for file, value in found.items() if stated.get(file) != value]
    if altered:
        raise DataError(
            f"{', '.join(altered)}: altered since built, the sha256 in hashes.toml differs"
        )
    return found


@cache
def itl_areas(level: str, edition: str) -> Dataset:
    """Give areas of ITL 2 or 3 with figures made up of their local authorities.

    Parameters
    ----------
    level : {"itl2", "itl3"}
    edition : {"2025", "2021"}
        Of the codes.

    Returns
    -------
    Dataset
        Of the geography ``"own"``. What local authorities of 2023 are part of which area:
        ``itl_membership.csv``.
    """
    itl_hashes()
    listed = pl.read_csv(TABLES / "itl.csv", infer_schema=False).filter(
        pl.col("edition") == edition, pl.col("level") == level
    )
    members = pl.read_csv(
        TABLES / "itl_membership.csv", schema_overrides={"edition": pl.String}
    ).filter(pl.col("edition") == edition)
    parts: dict[str, dict[str, float]] = {}
    length = len(listed["area_code"][0])
    for la, itl3, share in members.select("la_code", "itl3_code", "residents_share").iter_rows():
        of_area = parts.setdefault(itl3[:length], {})
        of_area[la] = of_area.get(la, 0.0) + share
    made = [
        Made(code, name, level, parts[code])
        for code, name in listed.select("area_code", "area_name").iter_rows()
    ]
    return regroup(load_dataset("local_authority"), made, f"{level} (codes of {edition})")


def frame(name: str) -> Dataset:
    """One set of areas: a level, or one of ITL 2 and 3 with its edition, such as itl2_2021."""
    level, _, edition = name.partition("_")
    if level in ("itl2", "itl3"):
        return itl_areas(level, edition)
    return load_dataset(name)


def frames_of(level: str | None) -> tuple[str, ...]:
    """Names of the sets of areas that a level may mean; of all levels if none is stated.

    Raises
    ------
    UnknownNameError
        If there is no such level.
    """
    both = {name: tuple(f"{name}_{edition}" for edition in EDITIONS) for name in ("itl2", "itl3")}
    if level is None:
        return (*GEOGRAPHIES, *both["itl2"], *both["itl3"])
    if level not in LEVELS:
        raise UnknownNameError(f"no geography is called {level!r}; there are: {', '.join(LEVELS)}")
    return both.get(level, (level,))


def likely_frame(tables: Iterable[Table], names: Iterable[str]) -> str:
    """Of several sets of areas the one that knows most areas of the tables; the first of equals."""
    spoken = {text for table in tables for text in spoken_of(table)}

    # Codes and names both count: many names mean areas of several sets.
    found = {name: spoken & {*area_codes(frame(name))} for name in names}
    # A table of regions that has their parts too is one of regions.
    regions = load_dataset("itl1")
    if {area_codes(regions)[text] for text in found.get("itl1", ())} == {*regions.groups["uk"]}:
        return "itl1"
    return max(found, key=lambda name: len(found[name]))


def spoken_of(table: Table) -> set[str]:
    """What a table has in its columns of areas."""
    return {
        plain(text_of(row[column]))
        for row in table.rows[table.heading + 1 :]
        for column in table.areas
        if column < len(row)
    }
