"""Build the shipped tables from the publishers' tidied figures.

Run as ``python -m build_tables.areas SOURCE_DIR [--out DIR]``. What each
table holds, where it comes from and how it was treated is said in ``tables.toml``;
this module is the treatment. The output is the same, byte for byte, on every run.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from build_tables.itl import itl_tables
from build_tables.places import mayoral_2026
from gainsmodel.data.shipped_tables import BASE_YEAR, CHANNELS, SECTORS, TABLES

FIRST_YEAR = 1998
PUBLIC, MOBILITY, DIGITAL, REST = CHANNELS
SECTOR_TABLE = (
    ("AB", "Agriculture, forestry, fishing, mining and quarrying", REST),
    ("C", "Manufacturing", REST),
    ("DE", "Energy, water and waste", REST),
    ("F", "Construction", MOBILITY),
    ("G", "Wholesale and retail trade; motor repair", REST),
    ("H", "Transport and storage", MOBILITY),
    ("I", "Accommodation and food service", MOBILITY),
    ("J", "Information and communication", DIGITAL),
    ("K", "Finance and insurance", DIGITAL),
    ("L", "Real estate, without imputed rent", MOBILITY),
    ("M", "Professional, scientific and technical", DIGITAL),
    ("N", "Administrative and support services", REST),
    ("O", "Public administration and defence", PUBLIC),
    ("P", "Education", PUBLIC),
    ("Q", "Health and social work", PUBLIC),
    ("R", "Arts, entertainment and recreation", MOBILITY),
    ("S", "Other services", REST),
    ("T", "Households as employers", REST),
)
# The publisher's row labels, cut at the blank. "68" is real estate without imputed rent,
# so it is our L; the publisher's own L, which has the rent in it, is left out.
SECTOR_OF_LABEL = {sector: sector for sector in SECTORS if sector != "L"} | {
    "A": "AB",
    "B": "AB",
    "D": "DE",
    "E": "DE",
    "68": "L",
}
# Subtotals published even where their parts are hidden.
SUBTOTALS = {
    "A-E": ("AB", "C", "DE"),
    "G-T": SECTORS[SECTORS.index("G") :],
    "L": ("68", "68IMP"),
}
WORKFORCE_JOBS_SERIES = {
    "JWT9": "TLC",
    "JWU2": "TLD",
    "JWU3": "TLE",
    "JWU4": "TLF",
    "JWU5": "TLG",
    "JWU6": "TLH",
    "JWU7": "TLI",
    "JWU8": "TLJ",
    "JWU9": "TLK",
    "JWV2": "TLL",
    "JWV3": "TLM",
    "JWV5": "TLN",
}
# Model areas that are a whole region, so that the region's jobs are theirs.
WHOLE_REGIONS = {"E12000007": "TLI", "REST_TLJ": "TLJ", "TLL": "TLL", "TLM": "TLM", "TLN": "TLN"}
AREA_TYPES = ("mayoral", "rest_of_region", "nation")


def build(source: Path, out: Path = TABLES) -> None:
    """Write every table and ``hashes.toml`` into `out`.

    Parameters
    ----------
    source : Path
        Folder of the publishers' tidied figures.
    out : Path
        Folder to write to; made if absent.

    Raises
    ------
    ValueError
        If the source breaks an assumption a treatment rests on, such as a residual
        below zero.
    FileNotFoundError
        If a source file is absent.
    """
    areas = _areas(source)
    frames = {
        "gva.csv": _gva(source, areas),
        "areas.csv": areas,
        "membership.csv": _membership(source).select(
            "la_code", mayoral_area_code="area_code", itl1_code="itl1"
        ),
        "uk_economy.csv": _uk_economy(source),
        "sectors.csv": pl.DataFrame(
            SECTOR_TABLE, schema=["sector", "name", "channel"], orient="row"
        ),
        **itl_tables(source),
        "mayoral_2026.csv": mayoral_2026(source, areas),
    }
    out.mkdir(parents=True, exist_ok=True)
    hashes = []
    for name, frame in frames.items():
        content = frame.write_csv().encode()
        (out / name).write_bytes(content)
        hashes.append(f'"{name}" = "{hashlib.sha256(content).hexdigest()}"\n')
    (out / "hashes.toml").write_text(
        "# sha256 of each table, written by build_tables.py.\n" + "".join(hashes), encoding="utf-8"
    )


def _membership(source: Path) -> pl.DataFrame:
    """One row per local authority: its model area and its region, by code."""
    return pl.read_csv(source / "lookup_la_to_model_area.csv").sort("la_code")


def _itl3_parts(source: Path) -> pl.DataFrame:
    """Local authority to ITL3; North Ayrshire lies in two, so it has two rows."""
    return (
        pl.read_csv(source / "lookup_la_itl_mayoral_2025.csv")
        .select("la_code", "itl3")
        .unique()
        .sort("la_code", "itl3")
    )


def _accounts(source: Path, file: str, code: str) -> pl.DataFrame:
    """Base-year current-price rows of one regional accounts file: code, label, £m."""
    return (
        pl.read_parquet(source / file)
        .filter(pl.col("year") == BASE_YEAR)
        .select(
            area_code=pl.col(code),
            label=pl.col("sic").str.split(" ").list.first(),
            gva_gbp_m=pl.col("gva_cp_gbp_m"),
        )
    )


def _by_sector(accounts: pl.DataFrame) -> pl.DataFrame:
    """Fold the publisher's rows into the 18 sectors, real estate without imputed rent."""
    return (
        accounts.filter(pl.col("label").is_in(list(SECTOR_OF_LABEL)))
        .with_columns(sector=pl.col("label").replace_strict(SECTOR_OF_LABEL))
        .group_by("area_code", "sector")
        .agg(pl.col("gva_gbp_m").sum())
    )


def _hidden_cells(
    authorities: pl.DataFrame, wider: pl.DataFrame, parts: pl.DataFrame
) -> pl.DataFrame:
    """Estimate the cells the publisher hides, from the totals it does publish.

    Within an ITL3 area and a published subtotal, what the open cells leave of each
    authority's subtotal is shared over its hidden rows in proportion to what they leave
    of the ITL3 area's rows. An authority's subtotal is then met exactly and the ITL3
    area's rows to within rounding.

    Parameters
    ----------
    authorities, wider : DataFrame
        Columns area_code, label, gva_gbp_m (£m); local authorities (hidden cells null)
        and ITL3 areas (none null).
    parts : DataFrame
        Columns la_code, itl3.

    Returns
    -------
    DataFrame
        Columns area_code, label, estimate (£m), one row per hidden cell.

    Raises
    ------
    ValueError
        If authorities of one ITL3 area hide different rows, or a residual is negative.
    """
    cells = {(code, label): value for code, label, value in authorities.iter_rows()}
    totals = {(code, label): value for code, label, value in wider.iter_rows()}
    hidden: dict[str, set[str]] = {}
    for (code, label), value in cells.items():
        if value is None:
            hidden.setdefault(code, set()).add(label)

    members: dict[str, list[str]] = {}
    for code, itl3 in parts.iter_rows():
        members.setdefault(itl3, []).append(code)
    hiders = {itl3: [c for c in codes if c in hidden] for itl3, codes in members.items()}

    found: dict[tuple[str, str], float] = {}
    # Where one authority hides alone its cells are plain residuals. Those come first, since
    # they leave less of North Ayrshire to share out in its other ITL3 area.
    for itl3 in sorted((i for i in hiders if hiders[i]), key=lambda i: (len(hiders[i]), i)):
        for subtotal, labels in SUBTOTALS.items():
            rows = [label for label in labels if label in hidden[hiders[itl3][0]]]
            if any([x for x in labels if x in hidden[c]] != rows for c in hiders[itl3]):
                raise ValueError(f"{itl3}: authorities hide different rows of {subtotal}")
            if not rows:
                continue
            open_members = [c for c in members[itl3] if c not in hidden]
            left = {
                row: totals[itl3, row] - sum(cells[c, row] for c in open_members) for row in rows
            }
            for code in hiders[itl3]:
                if len(hiders[itl3]) == 1:
                    own = sum(left.values())
                else:
                    own = cells[code, subtotal] - sum(
                        found.get((code, x), 0.0) if x in rows else cells[code, x] for x in labels
                    )
                if own < 0 or min(left.values()) < 0:
                    raise ValueError(f"{itl3}, {code}, {subtotal}: a residual is below zero")
                for row in rows:
                    share = own * left[row] / sum(left.values())
                    found[code, row] = found.get((code, row), 0.0) + share
    return pl.DataFrame(
        [(code, label, value) for (code, label), value in sorted(found.items())],
        schema={"area_code": pl.String, "label": pl.String, "estimate": pl.Float64},
        orient="row",
    )


def _gva(source: Path, areas: pl.DataFrame) -> pl.DataFrame:
    """Make the GVA table: every geography, and the UK less Extra-Regio as a control."""
    regional = _accounts(source, "gva_itl_by_section_1998_2023.parquet", "code")
    raw = _accounts(source, "gva_la_by_section_1998_2023.parquet", "la_code")
    filled = raw.join(
        _hidden_cells(raw, regional, _itl3_parts(source)),
        on=["area_code", "label"],
        how="left",
    )
    estimated = (
        filled.filter(pl.col("gva_gbp_m").is_null(), pl.col("label").is_in(list(SECTOR_OF_LABEL)))
        .with_columns(sector=pl.col("label").replace_strict(SECTOR_OF_LABEL))
        .select("area_code", "sector", treatment=pl.lit("estimated"))
    )
    local = _by_sector(filled.with_columns(pl.coalesce("gva_gbp_m", "estimate")))
    regional = _by_sector(regional)
    lookup = _membership(source)

    itl1 = regional.filter(pl.col("area_code").is_in(lookup["itl1"].unique().to_list()))
    of_mayors = lookup.filter(pl.col("area_type") == "mayoral")
    inside = local.join(of_mayors, left_on="area_code", right_on="la_code")
    mayoral = inside.group_by(area_code="area_code_right", sector="sector").agg(
        pl.col("gva_gbp_m").sum()
    )
    # What the mayoral areas leave of a region. Nothing is estimated here: no authority
    # inside a mayoral area has a hidden cell.
    taken = inside.group_by("itl1", "sector").agg(taken=pl.col("gva_gbp_m").sum())
    rest_of = (
        lookup.filter(pl.col("area_type") != "mayoral").select("itl1", rest="area_code").unique()
    )
    rests = (
        itl1.join(rest_of, left_on="area_code", right_on="itl1")
        .join(taken, left_on=["area_code", "sector"], right_on=["itl1", "sector"], how="left")
        .select(
            pl.col("rest").alias("area_code"),
            "sector",
            pl.col("gva_gbp_m") - pl.col("taken").fill_null(0.0),
            treatment=pl.when(pl.col("taken").is_null())
            .then(pl.lit("published"))
            .otherwise(pl.lit("residual")),
        )
    )
    published = pl.lit("published").alias("treatment")
    stacked = pl.concat(
        [
            pl.concat(
                [mayoral.with_columns(treatment=pl.lit("sum")), rests], how="vertical"
            ).with_columns(geography=pl.lit("mayoral")),
            itl1.with_columns(published, geography=pl.lit("itl1")),
            local.join(estimated, on=["area_code", "sector"], how="left").with_columns(
                pl.col("treatment").fill_null("published"), geography=pl.lit("local_authority")
            ),
            regional.filter(pl.col("area_code") == "UKX").with_columns(
                published, geography=pl.lit("uk")
            ),
        ],
        how="vertical",
    )
    bad = stacked.filter(~(pl.col("gva_gbp_m") >= 0).fill_null(value=False))
    if bad.height:
        raise ValueError(f"negative or missing GVA: {bad.row(0)}")
    order = pl.concat(
        [
            areas.select("geography", "area_code"),
            pl.DataFrame({"geography": ["uk"], "area_code": ["UKX"]}),
        ]
    ).with_row_index("position")
    return (
        stacked.join(order, on=["geography", "area_code"])
        .with_columns(sector_position=pl.col("sector").replace_strict(_positions(SECTORS)))
        .sort("position", "sector_position")
        .select("geography", "area_code", "sector", _figures("gva_gbp_m", 3), "treatment")
    )


def _areas(source: Path) -> pl.DataFrame:
    """Make the areas table, each geography in its own lasting order."""
    lookup = _membership(source)
    tidy = (
        pl.col("area_name")
        .str.replace(r" \(England\)$", "")
        .str.replace(r"^(Rest of )?East$", "${1}East of England")
    )
    mayoral = (
        lookup.select("area_code", "area_name", "area_type", geography=pl.lit("mayoral"))
        .unique()
        .join(
            pl.read_csv(source / "mayoral_area_composition_and_itl_match.csv").select(
                area_code="mayoral_area_code", mayor_2017="elected_may_2017"
            ),
            on="area_code",
            how="left",
        )
    )
    itl1 = lookup.select(
        area_code="itl1",
        area_name="itl1_name",
        area_type=pl.when(pl.col("itl1").is_in(["TLL", "TLM", "TLN"]))
        .then(pl.lit("nation"))
        .otherwise(pl.lit("region")),
        geography=pl.lit("itl1"),
        mayor_2017=pl.lit(False),
    ).unique()
    local = lookup.select(
        area_code="la_code",
        # "Bristol, City of" and "Herefordshire, County of" as people say them.
        area_name=pl.col("la_name").str.replace(r", (City|County) of$", ""),
        area_type=pl.lit("local_authority"),
        geography=pl.lit("local_authority"),
        mayor_2017=pl.lit(False),
    )
    type_position = pl.col("area_type").replace_strict(_positions(AREA_TYPES), default=None)
    listed = pl.concat(
        [
            mayoral.sort(type_position, tidy),
            itl1.sort("area_code"),
            local.sort("area_code"),
        ],
        how="vertical",
    ).with_columns(tidy)
    facts = [_population(source, lookup), _jobs(source), _gigabit(source), _centroids(source)]
    for fact in facts:
        listed = listed.join(fact, on=["geography", "area_code"], how="left", maintain_order="left")
    return listed.select(
        "geography",
        "area_code",
        "area_name",
        "area_type",
        pl.col("mayor_2017").fill_null(value=False),
        "population",
        "population_basis",
        "jobs",
        "jobs_basis",
        _figures("gigabit_share", 3),
        _figures("latitude", 4),
        _figures("longitude", 4),
    )


def _population(source: Path, lookup: pl.DataFrame) -> pl.DataFrame:
    """Residents by geography and area, from the smallest parents published for the base year.

    A parent is an ITL3 area or, where the source has none (Northern Ireland, the two
    areas North Ayrshire lies in), what the region's other ITL3 areas leave of it. Every
    model area is a whole number of parents. A local authority that shares its parent
    gets a part of it, by the residents implied for 2022.
    """
    published = pl.read_csv(source / "population_itl_1998_2023.csv").filter(
        pl.col("year") == BASE_YEAR
    )
    itl3 = published.filter(pl.col("level") == "ITL3").select(parent="code", residents="population")
    itl1 = published.filter(pl.col("level") == "ITL1")
    known = itl3.group_by(code=pl.col("parent").str.head(3)).agg(pl.col("residents").sum())
    left = itl1.join(known, on="code", how="left").select(
        parent="code", residents=pl.col("population") - pl.col("residents").fill_null(0)
    )
    local = (
        _itl3_parts(source)
        .join(lookup, on="la_code")
        .with_columns(
            parent=pl.when(pl.col("itl3").is_in(itl3["parent"].to_list()))
            .then("itl3")
            .otherwise("itl1")
        )
        .unique(["la_code", "parent"])
        .join(pl.concat([itl3, left]), on="parent")
        .join(
            pl.read_csv(source / "ofcom_fixed_coverage_la_july2024.csv").select(
                "la_code", weight="pop_weight_2022_implied"
            ),
            on="la_code",
        )
    )
    parents = local.select("parent", "area_code", "residents").unique()
    if local["la_code"].is_duplicated().any() or parents["parent"].is_duplicated().any():
        raise ValueError("a local authority or a model area is not made of whole parents")
    share = pl.col("weight") / pl.col("weight").sum().over("parent")
    return pl.concat(
        [
            parents.group_by("area_code")
            .agg(population=pl.col("residents").sum())
            .with_columns(geography=pl.lit("mayoral"), population_basis=pl.lit("published")),
            itl1.select(
                "population",
                area_code="code",
                geography=pl.lit("itl1"),
                population_basis=pl.lit("published"),
            ),
            local.select(
                area_code="la_code",
                population=(pl.col("residents") * share).round().cast(pl.Int64),
                geography=pl.lit("local_authority"),
                population_basis=pl.when(pl.len().over("parent") == 1)
                .then(pl.lit("published"))
                .otherwise(pl.lit("implied")),
            ),
        ],
        how="diagonal",
    )


def _jobs(source: Path) -> pl.DataFrame:
    """Jobs where an official figure exists for exactly the area, with its basis."""
    workforce = (
        pl.read_csv(source / "workforce_jobs_uk_sections_and_regions_2015_2026q1.csv")
        .filter(
            pl.col("date") == f"{BASE_YEAR}-04-01",  # the June quarter
            pl.col("freq") == "q",
            pl.col("cdid").is_in(list(WORKFORCE_JOBS_SERIES)),
        )
        .select(
            geography=pl.lit("itl1"),
            area_code=pl.col("cdid").replace_strict(WORKFORCE_JOBS_SERIES),
            jobs=(pl.col("thousand_jobs") * 1000).round().cast(pl.Int64),
            jobs_basis=pl.lit("workforce_jobs"),
        )
    )
    whole = (
        pl.DataFrame(list(WHOLE_REGIONS.items()), schema=["whole", "area_code"], orient="row")
        .join(workforce, on="area_code")
        .select(
            pl.lit("mayoral").alias("geography"),
            pl.col("whole").alias("area_code"),
            "jobs",
            "jobs_basis",
        )
    )
    names = _membership(source).filter(pl.col("area_type") == "mayoral")
    register = (
        pl.read_parquet(source / "bres_english_combined_authorities_2015_2024.parquet")
        .filter(
            pl.col("year") == BASE_YEAR,
            pl.col("status") == "Employment",
            pl.col("ind_type") == "section",
        )
        .group_by("area_name")
        .agg(pl.col("jobs").sum().round().cast(pl.Int64))
        .join(names.select("area_name", "area_code").unique(), on="area_name")
        .select(
            pl.lit("mayoral").alias("geography"),
            "area_code",
            "jobs",
            jobs_basis=pl.lit("bres_employment"),
        )
    )
    return pl.concat([workforce, whole, register], how="vertical")


def _gigabit(source: Path) -> pl.DataFrame:
    """Share of premises that can get gigabit broadband, by geography and area."""
    wider = pl.read_csv(source / "ofcom_fixed_coverage_aggregated_july2024.csv").select(
        geography=pl.col("level").replace_strict({"ITL1": "itl1", "model_area": "mayoral"}),
        area_code="code",
        gigabit_share=pl.col("gigabit_pct_popw") / 100,
    )
    local = pl.read_csv(source / "ofcom_fixed_coverage_la_july2024.csv").select(
        geography=pl.lit("local_authority"),
        area_code="la_code",
        gigabit_share=pl.col("gigabit_pct") / 100,
    )
    return pl.concat([wider, local], how="vertical")


def _centroids(source: Path) -> pl.DataFrame:
    """Latitude and longitude by geography and area."""
    return pl.read_csv(source / "area_centroids.csv").select(
        pl.col("level").replace("model_area", "mayoral").alias("geography"),
        pl.col("code").alias("area_code"),
        "latitude",
        "longitude",
    )


def _uk_economy(source: Path) -> pl.DataFrame:
    """UK GVA in volume and value, and the GDP deflator, by year from 1998."""
    series = {"ABMM": "gva_cvm_gbp_m", "ABML": "gva_current_gbp_m", "YBGB": "gdp_deflator_2023_100"}
    return (
        pl.read_csv(source / "uk_national_accounts_annual_1998_2025.csv")
        .filter(pl.col("year") >= FIRST_YEAR, pl.col("cdid").is_in(list(series)))
        .with_columns(pl.col("cdid").replace_strict(series))
        .pivot(on="cdid", index="year", values="value")
        .sort("year")
        .select(
            "year",
            _figures("gva_cvm_gbp_m", 0),
            _figures("gva_current_gbp_m", 0),
            _figures("gdp_deflator_2023_100", 1),
        )
    )


def _figures(column: str, decimals: int) -> pl.Expr:
    """Write the column as text with at most so many decimals, the same on every machine."""

    def text(value: float) -> str:
        fixed = f"{value:.{decimals}f}"
        return fixed.rstrip("0").rstrip(".") if "." in fixed else fixed

    return pl.col(column).map_elements(text, return_dtype=pl.String)


def _positions(names: Sequence[str]) -> dict[str, int]:
    return {name: position for position, name in enumerate(names)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Build the shipped tables.")
    parser.add_argument("source", type=Path, metavar="SOURCE_DIR")
    parser.add_argument("--out", type=Path, default=TABLES, metavar="DIR")
    options = parser.parse_args(arguments)
    build(options.source, options.out)


if __name__ == "__main__":
    main()
