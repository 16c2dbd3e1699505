"""Areas that no shipped geography has, described by whoever brings figures of them."""

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from gainsmodel.data.aggregation import is_taken, own_code, wrong_name
from gainsmodel.data.dataset import Dataset, load_dataset, plain
from gainsmodel.data.importing.cells import is_filled, text_of
from gainsmodel.data.importing.layout import PROBLEMS_SHOWN, first_table
from gainsmodel.data.importing.names import area_codes, near_area
from gainsmodel.data.importing.numbers import parsed
from gainsmodel.data.importing.sheets import shown
from gainsmodel.data.importing.totals import ROUNDING_GBP_M, ROUNDING_SHARE
from gainsmodel.data.own_dataset import own_dataset
from gainsmodel.data.shipped_tables import AREA_COLUMNS, OWN, SECTORS
from gainsmodel.errors import DataError

NEEDED = ("area", "region", "population")
# What is assumed of an area where it is not stated: that it is as its region.
OPTIONAL = {"gigabit_share": (0.0, 1.0), "latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0)}
SPOKEN = {"area name": "area", "name": "area", "residents": "population", "itl1": "region"}


def described(source: str | os.PathLike[str]) -> tuple[Dataset, list[str]]:
    """Read what own areas are.

    Parameters
    ----------
    source : path
        A CSV, Parquet or Excel file with the columns ``area``, ``region`` (a region or nation,
        name or code) and ``population`` (residents), and, where known, ``gigabit_share`` (0 to 1),
        ``latitude`` and ``longitude`` (degrees).

    Returns
    -------
    areas : Dataset
        Of the geography ``"own"``, these areas only. Its GVA is no figure but a yardstick: that
        of the region by residents.
    notes : list of str
        What was assumed.

    Raises
    ------
    DataError
        Names file, row, column and value of what cannot be.
    """
    regions = load_dataset("itl1")
    facts = {row["area_code"]: row for row in regions.areas.iter_rows(named=True)}
    rows, place = _rows(source)
    problems: list[str] = []
    areas: list[dict[str, Any]] = []
    assumed: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    for number, row in rows:
        where = f"{place}, row {number}"
        name = " ".join(row["area"].split())
        region = area_codes(regions).get(plain(row["region"]))
        people = parsed(row["population"])
        if wrong := wrong_name(name):
            problems.append(f"{where}, column 'area': {wrong}")
        elif is_taken(name):
            problems.append(
                f"{where}, column 'area': {shown(name)} is the name of a shipped area; call yours "
                "otherwise, or leave it out here"
            )
        if plain(name) in seen:
            problems.append(f"{where}: {shown(name)} is given twice, after {seen[plain(name)]}")
        seen.setdefault(plain(name), where)
        if region is None:
            problems.append(
                f"{where}, column 'region': {shown(row['region'])} is not a region or nation"
                + near_area(regions, row["region"])
            )
            continue
        if people is None or not 1 <= people <= facts[region]["population"]:
            problems.append(
                f"{where}, column 'population': must be from 1 to the "
                f"{facts[region]['population']:,} of its region, not {shown(row['population'])}"
            )
            continue
        stated = {key: facts[region][key] for key in OPTIONAL}
        for key, (low, high) in OPTIONAL.items():
            value = parsed(row.get(key, ""))
            if row.get(key, "") and (value is None or not low <= value <= high):
                problems.append(
                    f"{where}, column {key!r}: must be from {low:g} to {high:g}, not "
                    f"{shown(row[key])}"
                )
            elif value is None:
                assumed.setdefault(key, []).append(name)
            else:
                stated[key] = value
        areas.append(
            {
                "area_code": own_code(name),
                "area_name": name,
                "area_type": "own",
                "mayor_2017": False,
                "population": round(people),
                "population_basis": "stated",
                "jobs": None,
                "jobs_basis": None,
                **stated,
                "region": region,
            }
        )
    for region, fact in facts.items():
        inside = sum(area["population"] for area in areas if area["region"] == region)
        if inside > fact["population"]:
            problems.append(
                f"{place}: areas in {fact['area_name']} have {inside:,} residents, the region has "
                f"{fact['population']:,}"
            )
    if not problems and not areas:
        problems.append(f"{place}: names no area")
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        lines = [*problems[:PROBLEMS_SHOWN], *([f"and {more:,} more"] if more > 0 else [])]
        raise DataError("\n".join(lines))
    frame = pl.DataFrame(areas, schema={**AREA_COLUMNS, "region": pl.String})
    order = regions.areas["area_code"].to_list()
    share = [area["population"] / facts[area["region"]]["population"] for area in areas]
    gva = np.array(
        [regions.gva_gbp_m[order.index(a["region"])] * s for a, s in zip(areas, share, strict=True)]
    )
    unread = replace(
        regions,
        geography=OWN,
        areas=frame.drop("region"),
        groups={"uk": tuple(frame["area_code"])},
        wider={},
        regions=dict(frame.select("area_code", "region").iter_rows()),
    )
    notes = [
        f"assumed as in its region, for want of a figure: {key.replace('_', ' ')} of "
        + ", ".join(names[:10])
        + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        for key, names in assumed.items()
    ]
    return own_dataset(unread, gva, "areas of your own", (), ()), notes


def with_rest(own: Dataset) -> Dataset:
    """Add the rest of every region to own areas, so that they make up the UK.

    Raises
    ------
    DataError
        If areas have more than their region has.
    """
    regions = load_dataset("itl1")
    rows, gva = own.areas.to_dicts(), [*own.gva_gbp_m]
    region_of, notes, problems = dict(own.regions), [], []
    called = {plain(name) for name in own.areas["area_name"]}
    for at, region in enumerate(regions.areas.iter_rows(named=True)):
        code, name = region["area_code"], region["area_name"]
        inside = [i for i, row in enumerate(own.areas["area_code"]) if own.regions[row] == code]
        if not inside:
            rows.append(region)
            gva.append(regions.gva_gbp_m[at])
            region_of[code] = code
            continue
        whole = regions.gva_gbp_m[at]
        taken = own.gva_gbp_m[inside].sum(axis=0)
        left = whole - taken
        more = left < -(ROUNDING_GBP_M + ROUNDING_SHARE * whole)
        problems += [
            f"{own.own_name}: areas in {name} have £{taken[s]:,.0f}m of sector {SECTORS[s]}, the "
            f"built-in figures have £{whole[s]:,.0f}m in all of it"
            for s in np.flatnonzero(more)
        ]
        people = own.areas["population"].to_numpy()[inside]
        residents = region["population"] - int(people.sum())
        remains = float(left.clip(min=0).sum())
        if residents == 0 and remains > ROUNDING_GBP_M + ROUNDING_SHARE * float(whole.sum()):
            problems.append(
                f"{own.own_name}: areas in {name} have all its residents but not £{remains:,.0f}m "
                "of its GVA"
            )
        if residents <= 0:
            continue
        if not remains > 0:
            problems.append(
                f"{own.own_name}: areas in {name} have all its GVA but not {residents:,} of its "
                "residents"
            )
        rest = f"Rest of {name}"
        if plain(rest) in called:
            problems.append(f"{own.own_name}: {rest!r} is what the rest is called; rename yours")
        mean = {
            key: (
                region[key] * region["population"]
                - float(people @ own.areas[key].to_numpy()[inside])
            )
            / residents
            for key in ("gigabit_share", "latitude", "longitude")
        }
        mean["gigabit_share"] = min(1.0, max(0.0, mean["gigabit_share"]))
        rows.append(
            region
            | mean
            | {
                "area_code": f"LESS_{code}",
                "area_name": rest,
                "area_type": "rest_of_region",
                "population": residents,
                "population_basis": "implied",
                "jobs": None,
                "jobs_basis": None,
            }
        )
        gva.append(left.clip(min=0))
        region_of[f"LESS_{code}"] = code
        notes.append(
            f"{rest}: what your areas leave of {name}, £{remains:,.0f}m and {residents:,} residents"
        )
    if problems:
        raise DataError("\n".join(problems[:PROBLEMS_SHOWN]))
    frame = pl.DataFrame(rows, schema=AREA_COLUMNS)
    codes = frame["area_code"].to_list()
    wider = {
        spoken: members
        for code, name in regions.areas.select("area_code", "area_name").iter_rows()
        if code not in codes and (members := tuple(c for c in codes if region_of[c] == code))
        for spoken in (code, name)
    }
    england = {*regions.groups["england"]}
    made = replace(
        own,
        areas=frame,
        groups={
            "uk": tuple(codes),
            "england": tuple(c for c in codes if region_of[c] in england),
        },
        wider=wider,
        regions=region_of,
    )
    total = math.fsum(float(row.sum()) for row in gva)
    notes.append(f"with the rest of the UK: {len(codes)} areas, £{total / 1e3:,.0f}bn")
    return own_dataset(made, np.array(gva), str(own.own_name), [*own.notes, *notes], ())


def _rows(source: str | os.PathLike[str]) -> tuple[list[tuple[int, dict[str, str]]], str]:
    """Cells of each filled row by column, with the row's number, and the file's name."""
    place, rows, heading = first_table(source)
    headings = [plain(text_of(cell)) for cell in rows[heading]] if rows else []
    columns = {SPOKEN.get(h, h.replace(" ", "_")): i for i, h in enumerate(headings) if h}
    if lacking := [column for column in NEEDED if column not in columns]:
        raise DataError(
            f"{place}, row {heading + 1}: has no column {', '.join(lacking)}; expected "
            f"{', '.join(NEEDED)} and, where known, {', '.join(OPTIONAL)}"
        )
    known = {c: i for c, i in columns.items() if c in (*NEEDED, *OPTIONAL)}
    return [
        (number, {c: text_of(row[i]) if i < len(row) else "" for c, i in known.items()})
        for number, row in enumerate(rows[heading + 1 :], heading + 2)
        if is_filled(row)
    ], place
