"""What is checked of every dataset before it is used."""

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from gainsmodel.data.shipped_tables import (
    BASE_YEAR,
    CHANNELS,
    MAYORAL_2026,
    OWN_GVA,
    PARENTS,
    SECTORS,
    TABLES,
    _areas_of,
    _hashes,
    _read,
)

if TYPE_CHECKING:
    from gainsmodel.data.dataset import Dataset

AREA_COUNT = {"mayoral": 23, "itl1": 12, "local_authority": 361}
TREATMENTS = ("published", "sum", "residual", "estimated")
# The publisher rounds every figure to £1m, so sums of rounded figures drift apart. These are
# the largest gaps in £m to let pass: in one sector of one area, and in one sector of the UK.
AREA_GAP_GBP_M = 8.0
UK_GAP_GBP_M = {"mayoral": 8.0, "itl1": 3.0, "local_authority": 20.0, MAYORAL_2026: 20.0}
# A table in another unit differs a thousandfold; no estimate of the user's differs fiftyfold.
MOST_TIMES_BUILT_IN = 50.0
# With imputed rent, real estate is some four times as large.
MOST_TIMES_RENT = 2.0
# What columns of areas may hold.
POSSIBLE = {
    "population": pl.col("population").is_between(1, 1e9),
    "gigabit_share": pl.col("gigabit_share").is_between(0, 1),
    "latitude": pl.col("latitude").is_between(-90, 90),
    "longitude": pl.col("longitude").is_between(-180, 180),
    "jobs": pl.col("jobs").is_null() | (pl.col("jobs") > 0),
    "jobs_basis": pl.col("jobs").is_null() == pl.col("jobs_basis").is_null(),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its name, whether it held, and the figures behind the verdict."""

    name: str
    passed: bool
    detail: str


def check(dataset: "Dataset | str") -> list[Check]:
    """Check one geography's tables, including that its sums agree with the others'.

    Parameters
    ----------
    dataset : Dataset or str
        A dataset, whose shipped tables are read again, or a shipped geography. Of own figures,
        what holds of any: cells, areas, and a sum of the size of the UK.

    Returns
    -------
    list of Check
        One per property, passed or not.

    Raises
    ------
    UnknownNameError
        If the geography does not exist.
    DataError
        If a table cannot be read at all.
    """
    if not isinstance(dataset, str) and dataset.own_name is not None:
        return [*_own_checks(dataset)]
    geography, folder = (
        (dataset, TABLES) if isinstance(dataset, str) else (dataset.geography, dataset.folder)
    )
    tables = _read(geography, folder)
    # What is put together when loaded has no cells of its own.
    stored = "local_authority" if geography == MAYORAL_2026 else geography
    cells = list(_cell_checks(tables, stored, folder))
    # Sums over cells that are missing or doubled would say nothing of their own.
    if not all(result.passed for result in cells):
        return cells
    if geography == MAYORAL_2026:
        tables = tables | {"gva.csv": _with_made(tables["gva.csv"], dataset, folder)}
    return [*cells, *_sum_checks(tables, geography)]


def _with_made(gva: pl.DataFrame, dataset: "Dataset | str", folder: Path) -> pl.DataFrame:
    """Add the cells of a geography that is put together when it is loaded."""
    if isinstance(dataset, str):
        from gainsmodel.data.dataset import load_dataset

        dataset = load_dataset(dataset, folder)
    made = dataset.gva_frame().select(
        "area_code", *SECTORS, geography=pl.lit(dataset.geography), treatment=pl.lit("sum")
    )
    long = made.unpivot(
        SECTORS,
        index=["geography", "area_code", "treatment"],
        variable_name="sector",
        value_name="gva_gbp_m",
    )
    return pl.concat([gva, long.select(gva.columns)])


def _cell_checks(tables: dict[str, pl.DataFrame], geography: str, folder: Path) -> Iterator[Check]:
    """Check what one cell or one column can show; the first bad row is named."""
    areas = _areas_of(tables, geography)
    gva = tables["gva.csv"].filter(pl.col("geography") == geography)

    def rows(name: str, file: str, column: str, valid: pl.Expr) -> Check:
        # Every geography is checked: sums compare them with each other.
        return _rows(name, file, tables[file], column, valid)

    yield rows(
        "no GVA cell is missing or negative",
        "gva.csv",
        "gva_gbp_m",
        pl.col("gva_gbp_m").is_between(0, 1e9),
    )
    yield rows(
        "every GVA cell has a known treatment",
        "gva.csv",
        "treatment",
        pl.col("treatment").is_in(TREATMENTS),
    )
    for column, valid in POSSIBLE.items():
        yield rows(f"every area has a possible {column}", "areas.csv", column, valid)
    for file, key in (
        ("areas.csv", ["geography", "area_code"]),
        ("areas.csv", ["geography", "area_name"]),
        ("gva.csv", ["geography", "area_code", "sector"]),
        ("membership.csv", ["la_code"]),
        ("uk_economy.csv", ["year"]),
    ):
        yield rows(f"{key[-1]} is unique in {file}", file, key[-1], ~pl.struct(key).is_duplicated())
    yield rows(
        "every sector has a channel", "sectors.csv", "channel", pl.col("channel").is_in(CHANNELS)
    )
    yield rows(
        "UK volumes are above zero",
        "uk_economy.csv",
        "gva_cvm_gbp_m",
        pl.col("gva_cvm_gbp_m") > 0,
    )
    yield rows(
        "every local authority lies in a mayoral area",
        "membership.csv",
        "mayoral_area_code",
        pl.col("mayoral_area_code").is_in(_areas_of(tables, "mayoral")["area_code"].to_list()),
    )
    yield rows(
        "every local authority lies in a region",
        "membership.csv",
        "itl1_code",
        pl.col("itl1_code").is_in(_areas_of(tables, "itl1")["area_code"].to_list()),
    )

    yield rows(
        "every local authority is placed once in 2026",
        "mayoral_2026.csv",
        "la_code",
        pl.col("la_code").is_in(tables["membership.csv"]["la_code"].to_list())
        & ~pl.col("la_code").is_duplicated(),
    )
    yield rows(
        "every place of 2026 says how official it is",
        "mayoral_2026.csv",
        "grade",
        pl.col("grade").is_in(["official", "unofficial"]),
    )

    expected = [(code, sector) for code in areas["area_code"] for sector in SECTORS]
    complete = (
        areas.height == AREA_COUNT[geography]
        and gva.select("area_code", "sector").rows() == expected
        and tuple(tables["sectors.csv"]["sector"]) == SECTORS
        and sorted(tables["membership.csv"]["la_code"])
        == sorted(_areas_of(tables, "local_authority")["area_code"])
        and sorted(tables["mayoral_2026.csv"]["la_code"])
        == sorted(tables["membership.csv"]["la_code"])
        and BASE_YEAR in tables["uk_economy.csv"]["year"]
    )
    yield Check(
        "every area has every sector, in order",
        complete,
        f"gva.csv: {gva.height} rows for {areas.height} {geography} areas in areas.csv, "
        f"{AREA_COUNT[geography]} areas by {len(SECTORS)} sectors wanted",
    )
    yield _hash_check(folder)


def _rows(name: str, file: str, table: pl.DataFrame, column: str, valid: pl.Expr) -> Check:
    """Check one column; the first bad row is named as a spreadsheet counts."""
    bad = table.with_row_index("row", offset=2).filter(~valid.fill_null(value=False))
    if not bad.height:
        return Check(name, passed=True, detail=f"{table.height} rows of {file}")
    row, value = bad.select("row", column).row(0)
    detail = f"{file}, row {row}: {column} cannot be {'missing' if value is None else value}"
    return Check(name, passed=False, detail=detail)


def _own_checks(dataset: "Dataset") -> Iterator[Check]:
    """Check own figures as they lie in their folder, and against the built-in ones of the UK."""
    areas = dataset.areas
    gva = pl.DataFrame(
        {
            "area_code": [code for code in areas["area_code"] for _ in SECTORS],
            "sector": [*SECTORS] * areas.height,
            "gva_gbp_m": dataset.gva_gbp_m.reshape(-1),
        }
    )
    yield _rows(
        *("no GVA cell is missing or negative", OWN_GVA, gva, "gva_gbp_m"),
        pl.col("gva_gbp_m").is_between(0, 1e9),
    )
    for column, valid in POSSIBLE.items():
        yield _rows(f"every area has a possible {column}", "areas", areas, column, valid)
    for column in ("area_code", "area_name"):
        unique = ~pl.col(column).is_duplicated()
        yield _rows(f"{column} is unique", "areas", areas, column, unique)
    for name, key, places in (
        ("every area has GVA", "area_code", areas["area_name"].to_list()),
        ("every sector has GVA", "sector", [*SECTORS]),
    ):
        sums = gva.group_by(key, maintain_order=True).agg(total=pl.col("gva_gbp_m").sum())
        empty = [p for p, t in zip(places, sums["total"], strict=True) if not t > 0]
        detail = f"0 in {', '.join(empty[:5])}" if empty else f"{len(places)} sums above 0"
        yield Check(name, not empty, detail)
    # Figures of one's own may differ; another unit, or imputed rent, differs by far more.
    national = _read("itl1", TABLES)["gva.csv"].filter(pl.col("geography") == "uk")
    published = dict(national.select("sector", "gva_gbp_m").iter_rows())
    whole = float(dataset.gva_gbp_m.sum())
    beside = math.fsum(published.values())
    yield Check(
        "areas sum to a GVA of the UK's size",
        beside / MOST_TIMES_BUILT_IN <= whole <= beside * MOST_TIMES_BUILT_IN,
        f"£{whole:,.0f}m, the published UK £{beside:,.0f}m",
    )
    rent = float(dataset.gva_gbp_m[:, SECTORS.index("L")].sum())
    yield Check(
        "real estate (L) is without owner-occupiers' imputed rent",
        rent <= MOST_TIMES_RENT * published["L"],
        f"£{rent:,.0f}m, the published UK £{published['L']:,.0f}m",
    )
    yield Check(
        "no table was altered since it was built",
        passed=True,
        detail=f"sha256 of its GVA {dataset.hashes[OWN_GVA]}",
    )


def _hash_check(folder: Path) -> Check:
    """Compare every table with the hash its build wrote."""
    name = "no table was altered since it was built"
    try:
        stated = tomllib.loads((folder / "hashes.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Check(name, passed=False, detail=f"hashes.toml: cannot be read: {error}")
    altered = [file for file, found in _hashes(folder).items() if stated.get(file) != found]
    if altered:
        detail = f"{', '.join(altered)}: altered since built, the sha256 in hashes.toml differs"
        return Check(name, passed=False, detail=detail)
    return Check(name, passed=True, detail=f"sha256 of {len(stated)} tables")


def _sum_checks(tables: dict[str, pl.DataFrame], geography: str) -> Iterator[Check]:
    """Compare sums with the published UK, and local authorities with wider areas."""
    gva = tables["gva.csv"]

    def of(level: str) -> pl.DataFrame:
        return gva.filter(pl.col("geography") == level)

    def compare(name: str, parts: pl.DataFrame, whole: pl.DataFrame, allowed: float) -> Check:
        """Compare sums over area_code and sector."""
        keys = ["area_code", "sector"]
        worst = (
            parts.group_by(keys)
            .agg(total=pl.col("gva_gbp_m").sum())
            .join(whole, on=keys, how="full", coalesce=True)
            .with_columns(gap=(pl.col("total") - pl.col("gva_gbp_m")).abs().fill_null(math.inf))
            .sort("gap", "area_code", "sector", descending=[True, False, False])
        )
        code, sector, gap = worst.select(*keys, "gap").row(0)
        detail = f"largest gap £{gap:.1f}m ({code}, {sector}), £{allowed:.0f}m allowed for rounding"
        return Check(name, gap <= allowed, detail)

    yield compare(
        f"{geography} areas sum to the published UK in every sector",
        of(geography).with_columns(area_code=pl.lit("UKX")),
        of("uk"),
        UK_GAP_GBP_M[geography],
    )
    for level in ("mayoral", "itl1") if geography == "local_authority" else (geography,):
        file, column = PARENTS[level]
        parents = tables[file].select("la_code", parent=column)
        yield compare(
            f"local authorities sum to {level} areas in every sector",
            of("local_authority")
            .join(parents, left_on="area_code", right_on="la_code")
            .with_columns(area_code="parent"),
            of(level),
            AREA_GAP_GBP_M,
        )
