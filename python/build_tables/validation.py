"""Build the two tables that are taken from the publishers' tidied figures.

Run as ``python -m build_tables.validation SOURCE_DIR [--out DIR]``; sources and
treatment are said in ``tables/tables.toml``. The other tables are written by hand.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from gainsmodel.data import SECTORS
from gainsmodel.validation.page import TABLES

YEARS = range(1998, 2024)
PRODUCTIVITY_YEARS = (2004, 2005, 2013, 2014, 2015)
# The publisher's row labels, cut at the blank; "68" is real estate without imputed rent.
SECTOR_OF = {
    **{sector: sector for sector in SECTORS if sector != "L"},
    **{"A": "AB", "B": "AB", "D": "DE", "E": "DE", "68": "L"},
}


def history(source: Path) -> pl.DataFrame:
    """Volumes by area, sector and year, £m at 2022 prices."""
    areas = pl.read_parquet(source / "gva_itl_by_section_1998_2023.parquet")
    mayoral = pl.read_parquet(source / "gva_model_areas_by_section_1998_2023.parquet")
    volume = pl.col("^gva_cvm2022_gbp_m(_sum)?$").alias("gva_gbp_m")
    columns = ("geography", "area_code", "area_name", "year", "sic")
    rows = pl.concat(
        [
            areas.filter(pl.col("level").is_in(["ITL1", "ITL2"]))
            .rename({"code": "area_code", "name": "area_name"})
            .with_columns(geography=pl.col("level").str.to_lowercase())
            .select(*columns, volume),
            mayoral.with_columns(geography=pl.lit("mayoral")).select(*columns, volume),
        ]
    )
    return (
        rows.filter(~pl.col("area_code").str.starts_with("TLZ"))
        .with_columns(label=pl.col("sic").str.split(" ").list.first())
        .filter(pl.col("label").is_in(list(SECTOR_OF)))
        .with_columns(sector=pl.col("label").replace_strict(SECTOR_OF).cast(pl.Enum(SECTORS)))
        .group_by("geography", "area_code", "area_name", "sector", "year")
        .agg(pl.col("gva_gbp_m").sum().round(0).cast(pl.Int64))
        .pivot("year", index=["geography", "area_code", "area_name", "sector"], values="gva_gbp_m")
        .sort("geography", "area_code", "sector")
        .select("geography", "area_code", "area_name", "sector", *(str(year) for year in YEARS))
    )


def productivity(source: Path) -> pl.DataFrame:
    """Output an hour and hours a week by ITL2 and ITL3 area."""
    (per_hour,) = (source / "cbi_rule").glob("Table_A4_*.csv")
    (hours,) = (source / "cbi_rule").glob("Productivity_Hours_*.csv")
    wanted = pl.col("ITL level").is_in(["ITL2", "ITL3"])
    worked = pl.col("2014").cast(pl.String).str.replace_all(",", "").cast(pl.Int64)
    return (
        pl.read_csv(per_hour)
        .filter(wanted)
        .join(
            pl.read_csv(hours).filter(wanted).select("ITL code", hours_per_week_2014=worked),
            on="ITL code",
            maintain_order="left",
        )
        .select(
            level=pl.col("ITL level").str.to_lowercase(),
            area_code="ITL code",
            area_name=pl.col("Region name").str.strip_chars(),
            **{f"gbp_per_hour_{year}": pl.col(str(year)) for year in PRODUCTIVITY_YEARS},
            hours_per_week_2014="hours_per_week_2014",
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, default=TABLES)
    chosen = parser.parse_args(arguments)
    history(chosen.source).write_csv(chosen.out / "gva_history.csv")
    productivity(chosen.source).write_csv(chosen.out / "productivity.csv")


if __name__ == "__main__":
    main()
