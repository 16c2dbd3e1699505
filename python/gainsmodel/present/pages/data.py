"""The figures a run starts from: which there are, and what they say of each area."""

from collections.abc import Iterator
from datetime import date

import polars as pl

from gainsmodel import format
from gainsmodel.data import GEOGRAPHIES, OWN_GVA, Dataset, load_dataset
from gainsmodel.data.shipped_tables import MAYORAL_2026
from gainsmodel.data.table_editions import editions
from gainsmodel.present import text
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words


def geographies(on: date | None = None) -> Iterator[Block]:
    """What there is of each built-in geography, and how old its tables are on a day, or today."""
    rows = []
    for name in GEOGRAPHIES:
        dataset = load_dataset(name)
        rows.append(
            (
                name,
                str(dataset.areas.height),
                str(len(dataset.sectors)),
                str(dataset.base_year),
                format.gbp(float(dataset.gva_gbp_m.sum())),
                ", ".join(dataset.groups),
            )
        )
    headings = ("Geography", "Areas", "Sectors", "Year", "GVA without imputed rent", "Groups")
    yield Grid("", headings, rows, left=(0, 5))
    yield Words(f"{MAYORAL_2026}: {text.of_areas(MAYORAL_2026)}", "small")
    yield tables(on)


def tables(on: date | None = None) -> Grid:
    """Edition of each built-in table; whether a newer one is probably out on a day, or today."""
    rows = [
        (table.title, table.covers, table.edition, text.newer(table.file, on or date.today()))
        for table in editions().values()
    ]
    headings = ("Table", "Covers", "Edition", "Newer edition")
    return Grid("How old the built-in tables are", headings, rows, left=(0, 1, 2, 3))


def figures(dataset: Dataset, source: str) -> Iterator[Block]:
    """One row an area; of own figures also where they come from."""
    if dataset.own_name is not None:
        yield Heading(f"{dataset.own_name}: unedited, {source}")
        yield Points([*dataset.notes, f"sha256 of its GVA: {dataset.hashes[OWN_GVA]}"])
    rows = [
        (
            row["area_code"],
            row["area_name"],
            row["area_type"].replace("_", " "),
            f"{row['gva_gbp_m']:,.0f}",
            f"{row['population']:,}",
            format.percent(row["gigabit_share"]),
        )
        for row in _totals(dataset).iter_rows(named=True)
    ]
    headings = ("Code", "Area", "Type", "GVA £m", "Residents", "Gigabit")
    yield Grid("", headings, rows, left=(0, 1, 2))
    if dataset.geography == MAYORAL_2026:
        yield Words(text.of_areas(MAYORAL_2026), "small")


def area_figures(dataset: Dataset, code: str) -> Iterator[Block]:
    """Everything that is known of one area, and its GVA by sector."""
    row = _totals(dataset).row(by_predicate=pl.col("area_code") == code, named=True)
    yield Heading(row["area_name"])
    yield Points([f"{name}: {value}" for name, value in row.items()])
    gva = dataset.gva_gbp_m[dataset.areas["area_code"].to_list().index(code)]
    rows = [
        (sector, dataset.sector_names[sector], f"{amount:,.0f}")
        for sector, amount in zip(dataset.sectors, gva, strict=True)
    ]
    yield Grid("", ("Sector", "", "GVA £m"), rows, left=(0, 1))


def _totals(dataset: Dataset) -> pl.DataFrame:
    return dataset.areas.with_columns(pl.Series("gva_gbp_m", dataset.gva_gbp_m.sum(axis=1)))
