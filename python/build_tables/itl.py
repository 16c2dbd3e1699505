"""Build ``itl.csv`` and ``itl_membership.csv``: the ITL areas of both editions of the codes.

The edition of 2025 is read from the publisher's lookup. Of 2021 the publisher's list of areas was
at hand but no lookup to local authorities: an area of the same name holds the same authorities,
those that were drawn anew are spelt out below, and four groups of areas cut through authorities.
"""

from pathlib import Path

import polars as pl

EDITIONS = ("2025", "2021")
# Areas of 2021 that have no namesake of 2025, by names of local authorities.
REDRAWN = {
    "TLE31": ("Barnsley", "Doncaster", "Rotherham"),
    "TLH14": ("Babergh", "East Suffolk", "Ipswich", "Mid Suffolk", "West Suffolk"),
    "TLH23": (
        *("Broxbourne", "Dacorum", "East Hertfordshire", "Hertsmere", "North Hertfordshire"),
        *("St Albans", "Stevenage", "Three Rivers", "Watford", "Welwyn Hatfield"),
    ),
    "TLI31": ("Camden", "City of London"),
    "TLI32": ("Westminster",),
    "TLJ11": (
        *("Bracknell Forest", "Reading", "Slough", "West Berkshire", "Windsor and Maidenhead"),
        "Wokingham",
    ),
    "TLK12": ("Bath and North East Somerset", "North Somerset", "South Gloucestershire"),
    "TLL14": ("Carmarthenshire", "Ceredigion", "Pembrokeshire"),
    "TLL15": ("Merthyr Tydfil", "Rhondda Cynon Taf"),
    "TLL17": ("Bridgend", "Neath Port Talbot"),
    "TLL24": ("Powys",),
    "TLM64": ("Na h-Eileanan Siar",),
    "TLM65": ("Orkney Islands",),
    "TLM66": ("Shetland Islands",),
    # With Helensburgh and Lomond, which cannot be told from the rest of Argyll and Bute.
    "TLM81": ("East Dunbartonshire", "West Dunbartonshire"),
    "TLM93": ("East Ayrshire", "North Ayrshire"),
}
# Groups of areas that cut through authorities: each gets a part of every one of them.
CUT = {
    ("TLD11", "TLD12"): ("Cumberland", "Westmorland and Furness"),
    ("TLM61", "TLM62", "TLM63"): ("Argyll and Bute", "Highland", "Moray"),
}


def itl_tables(source: Path) -> dict[str, pl.DataFrame]:
    """Both tables by file name; parameters and errors as `build_tables.areas.build`."""
    lookup = pl.read_csv(source / "lookup_la_itl_mayoral_2025.csv")
    now, then = _areas_2025(lookup), _areas_2021(source, lookup)
    membership = [_membership_2025(source, lookup), _membership_2021(source, lookup, then)]
    areas = pl.concat([now, then])
    return {
        "itl.csv": areas.with_columns(parent_code=pl.col("area_code").str.head(3)),
        "itl_membership.csv": pl.concat(membership, how="diagonal").select(
            "edition", "la_code", "itl3_code", residents_share=pl.col("share").round(4)
        ),
    }


def _areas_2025(lookup: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        lookup.select(
            edition=pl.lit("2025"),
            level=pl.lit(level),
            area_code=pl.col(level),
            area_name=pl.col(f"{level}_name").str.strip_chars(),
        )
        .unique()
        .sort("area_code")
        for level in ("itl2", "itl3")
    )


def _areas_2021(source: Path, lookup: pl.DataFrame) -> pl.DataFrame:
    published = pl.read_parquet(source / "subregional_productivity_itl_2021geog_to_2021.parquet")
    return pl.concat(
        published.filter(pl.col("level") == level.upper())
        .select(
            edition=pl.lit("2021"),
            level=pl.lit(level),
            area_code="code",
            area_name=pl.col("name").str.strip_chars(),
        )
        .unique()
        .sort("area_code")
        for level in ("itl2", "itl3")
    )


def _membership_2025(source: Path, lookup: pl.DataFrame) -> pl.DataFrame:
    """One row per authority; North Ayrshire in two areas, by the GVA that each has of it."""
    year = pl.col("year") == pl.col("year").max()
    whole = pl.col("sic") == "Total"
    regional = pl.read_parquet(source / "gva_itl_by_section_1998_2023.parquet").filter(year, whole)
    local = pl.read_parquet(source / "gva_la_by_section_1998_2023.parquet").filter(year, whole)
    gva = dict(regional.select("code", "gva_cp_gbp_m").iter_rows())
    gva |= dict(local.select("la_code", "gva_cp_gbp_m").iter_rows())
    north, east = "S12000021", "S12000008"
    mainland = (gva["TLM93"] - gva[east]) / gva[north]
    cut = pl.col("la_code") == north
    return (
        lookup.select("la_code", itl3_code="itl3", edition=pl.lit("2025"))
        .unique()
        .with_columns(
            share=pl.when(cut & (pl.col("itl3_code") == "TLM93"))
            .then(mainland)
            .when(cut)
            .then(1 - mainland)
            .otherwise(1.0)
        )
        .sort("la_code", "itl3_code")
    )


def _membership_2021(source: Path, lookup: pl.DataFrame, areas: pl.DataFrame) -> pl.DataFrame:
    """Same names, same authorities; the rest as spelt out, groups that cut by jobs of 2021."""
    code_of = dict(lookup.select("la_name", "la_code").iter_rows())
    known: dict[str, list[str]] = {}
    for code, name in lookup.select("la_code", "itl3_name").unique().iter_rows():
        known.setdefault(_namesake(name), []).append(code)
    jobs = dict(
        pl.read_parquet(source / "subregional_productivity_itl_2021geog_to_2021.parquet")
        .filter(pl.col("measure") == "jobs", pl.col("year") == pl.col("year").max())
        .select("code", "value")
        .iter_rows()
    )
    rows: list[tuple[str, str, float]] = []
    for codes, names in CUT.items():
        total = sum(jobs[code] for code in codes)
        shares = [round(jobs[code] / total, 4) for code in codes[1:]]
        shares.insert(0, 1 - sum(shares))
        rows += [(code_of[n], c, s) for n in names for c, s in zip(codes, shares, strict=True)]
    cut = {code for codes in CUT for code in codes}
    for code, name in areas.filter(pl.col("level") == "itl3")["area_code", "area_name"].iter_rows():
        if code in cut:
            continue
        spelt = [code_of[la] for la in REDRAWN.get(code, ())]
        rows += [(la, code, 1.0) for la in spelt or known[_namesake(name)]]
    found = pl.DataFrame(rows, schema=["la_code", "itl3_code", "share"], orient="row")
    whole = found.group_by("la_code").agg(pl.col("share").sum().round(9))
    if whole.height != lookup["la_code"].n_unique() or set(whole["share"]) != {1.0}:
        raise ValueError(f"ITL areas of 2021 do not hold every authority once: {whole}")
    return found.with_columns(edition=pl.lit("2021")).sort("la_code", "itl3_code")


def _namesake(name: str) -> str:
    """Reduce a name to what it shares with that of the other edition."""
    return name.strip().removesuffix(" CC").casefold()
