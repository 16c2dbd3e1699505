"""Build ``mayoral_2026.csv``: the mayoral geography with the areas that have since been announced.

No official lookup of the new areas was at hand. Each is one or two whole counties, so its
authorities follow from the publisher's lookup to ITL areas; two are combined authorities without a
mayor in the publisher's own lookup of May 2025, which the ITL areas are held against.
"""

from pathlib import Path

import polars as pl

# Each new area: its code, and the ITL areas (2025) that make it up.
ITL_2025 = {
    "Cheshire and Warrington": ("NEW_CHESHIRE", ("TLD6",)),
    "Cumbria": ("NEW_CUMBRIA", ("TLD1",)),
    "Greater Essex": ("NEW_ESSEX", ("TLH3",)),
    "Hampshire and the Solent": ("NEW_HAMPSHIRE", ("TLJ3",)),
    "Norfolk and Suffolk": ("NEW_NORFOLK_SUFFOLK", ("TLH5", "TLH6")),
    "Sussex and Brighton": ("NEW_SUSSEX", ("TLJ21", "TLJ22", "TLJ27", "TLJ28")),
    "Devon and Torbay": ("E47000015", ("TLK42", "TLK43")),
    "Lancashire": ("E47000018", ("TLD4",)),
}


def mayoral_2026(source: Path, areas: pl.DataFrame) -> pl.DataFrame:
    """One row a local authority; parameters and errors as `build_tables.areas.build`."""
    lookup = pl.read_csv(source / "lookup_la_itl_mayoral_2025.csv")
    before = areas.filter(pl.col("geography") == "mayoral").select(
        "area_code", "area_name", "area_type"
    )
    members = (
        pl.read_csv(source / "lookup_la_to_model_area.csv")
        .select("la_code", "area_code")
        .join(before, on="area_code")
        .with_columns(grade=pl.lit("official"), source=pl.lit("ons_lookup_2025"))
    )
    wholes = dict(members.group_by("area_code").len().iter_rows())
    new: dict[str, tuple[str, ...]] = {}
    for name, (code, itl) in ITL_2025.items():
        inside = lookup.filter(pl.any_horizontal(pl.col("itl3").str.starts_with(c) for c in itl))
        official = lookup.filter(pl.col("ca_code") == code)
        if official.height and set(official["la_code"]) != set(inside["la_code"]):
            raise ValueError(f"{name}: its ITL areas are not its local authorities")
        kind = "combined_authority" if official.height else "new_mayoral"
        graded = ("official", "ons_lookup_2025") if official.height else ("unofficial", "itl_2025")
        new |= dict.fromkeys(inside["la_code"], (code, name, kind, *graded))
    rows = [(row[0], *new.get(row[0], row[1:])) for row in members.iter_rows()]
    left = {code: sum(row[1] == code for row in rows) for code in wholes}
    for at, (la, code, name, kind, *_) in enumerate(rows):
        if code in wholes and left[code] < wholes[code]:
            # What lost authorities must not be mistaken for the whole.
            rows[at] = (la, f"{code}_2026", f"{name} (2026)", kind, "unofficial", "remainder")
    frame = pl.DataFrame(rows, schema=members.columns, orient="row")
    return frame.sort("la_code")
