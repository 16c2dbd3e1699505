"""The mayoral geography as of 2026: with the areas that have since become mayoral, or will.

``mayoral_2026.csv`` says of which local authorities each is made, and whether that is official.
"""

from dataclasses import replace
from pathlib import Path

import polars as pl

from gainsmodel.data.aggregation import Made, regroup
from gainsmodel.data.dataset import Dataset, load_dataset
from gainsmodel.data.shipped_tables import AREA_COLUMNS, MAYORAL_2026, _read

ORDER = ("mayoral", "new_mayoral", "combined_authority", "rest_of_region", "nation")


def mayoral_2026(folder: Path) -> Dataset:
    """Give the figures of the geography ``"mayoral_2026"``, from the tables in a folder.

    An area that the mayoral geography has too keeps its figures there; any other is the sum of its
    local authorities.

    Raises
    ------
    DataError
        As `load_dataset`.
    """
    local, before = load_dataset("local_authority", folder), load_dataset("mayoral", folder)
    lookup = _read(MAYORAL_2026, folder)["mayoral_2026.csv"]
    listed = lookup.group_by("area_code", "area_name", "area_type").agg("la_code")
    made = [
        Made(code, name, kind, dict.fromkeys(members, 1.0))
        for code, name, kind, members in listed.iter_rows()
    ]
    made.sort(key=lambda area: (ORDER.index(area.area_type), area.name))
    summed = regroup(local, made, MAYORAL_2026)
    same = {code: i for i, code in enumerate(before.areas["area_code"])}
    rows, gva = summed.areas.to_dicts(), summed.gva_gbp_m.copy()
    for i, area in enumerate(made):
        if area.code in same:
            rows[i] = before.areas.row(same[area.code], named=True)
            gva[i] = before.gva_gbp_m[same[area.code]]
    gva.flags.writeable = False
    return replace(
        local,
        geography=MAYORAL_2026,
        areas=pl.DataFrame(rows, schema=AREA_COLUMNS),
        gva_gbp_m=gva,
        groups=summed.groups,
        wider=summed.wider,
    )
