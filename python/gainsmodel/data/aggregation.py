"""New areas made of smaller ones, such as a new combined authority of its local authorities.

What is kept, averaged, renamed or refused, and why: ``docs/decisions/0015-own-areas.md``.
"""

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.choices import Rest
from gainsmodel.data.checks import Check
from gainsmodel.data.dataset import SHOWN_AS, Dataset, load_dataset, plain
from gainsmodel.data.importing.layout import PROBLEMS_SHOWN
from gainsmodel.data.importing.lookup import pairs_of
from gainsmodel.data.importing.names import area_codes, near_area
from gainsmodel.data.importing.sheets import shown
from gainsmodel.data.own_dataset import BETWEEN, own_dataset
from gainsmodel.data.shipped_tables import GEOGRAPHIES, OWN
from gainsmodel.errors import DataError

MAX_NAME = 80


@dataclass(frozen=True)
class Made:
    """An area to make: what it is called and the part it gets of each area of the base."""

    code: str
    name: str
    area_type: str
    parts: Mapping[str, float]


def aggregate(
    base: Dataset | str,
    lookup: Mapping[str, str] | str | os.PathLike[str],
    *,
    name: str | None = None,
    rest: Rest | None = None,
) -> Dataset:
    """Build new areas from smaller ones; the rest of the UK is kept.

    GVA, residents and jobs are added up; gigabit coverage and place are averaged by residents.
    That every total is kept is checked, and `Dataset.notes` says so with the figures.

    Parameters
    ----------
    base : Dataset or str
        Figures of the smaller areas, or a shipped geography such as ``"local_authority"``.
    lookup : mapping or path
        Smaller area (code or name) to the name of its new area; or a CSV, Parquet or Excel file
        of two columns. An area that is not named, or has no new area, is left to the
        rest.
    name : str, optional
        What to call the data in messages and manifests; the new areas' names if left out.
    rest : {"mayoral", "regions", "parts"}, optional
        How the rest of the UK is kept: as in the mayoral geography, one area for each region
        and nation, or each smaller area by itself. Left out: ``"mayoral"`` for local
        authorities, otherwise ``"parts"``, which is all there is for other areas.

    Returns
    -------
    Dataset
        Of the geography ``"own"``; `gainsmodel.data.save_dataset` keeps it in a folder.

    Raises
    ------
    DataError
        Names every unknown or doubly used area with its place and the nearest valid choice.

    Examples
    --------
    >>> import gainsmodel
    >>> solent = dict.fromkeys(["Southampton", "Portsmouth", "Isle of Wight"], "The Solent")
    >>> own = gainsmodel.aggregate("local_authority", solent)
    >>> own.areas["area_name"][0], own.areas.height
    ('The Solent', 24)
    """
    figures = load_dataset(base) if isinstance(base, str) else base
    if isinstance(lookup, Mapping):
        rows = [(str(part), str(new), "lookup") for part, new in lookup.items()]
    else:
        known = area_codes(figures)
        rows = pairs_of(lookup, lambda text: plain(text) in known, "area", "new_area")
    chosen = rest or ("mayoral" if figures.geography == "local_authority" else "parts")
    if chosen not in get_args(Rest):
        raise DataError(f"rest: must be one of {', '.join(get_args(Rest))}, not {rest!r}")
    if chosen != "parts" and figures.geography != "local_authority":
        raise DataError(
            f"rest: {chosen!r} needs local authorities to start from, not the areas of the "
            f"{figures.geography} geography; use 'parts'"
        )
    new = _new_areas(figures, rows)
    kept, renamed = _rest(figures, new, chosen)
    made = [*new, *kept]
    result = regroup(figures, made, name or ", ".join(area.name for area in new))
    names = figures.units
    notes = [f"{a.name}: made of {_listed(names[code] for code in a.parts)}" for a in new]
    left = "each by itself" if chosen == "parts" else f"as {chosen.replace('_', ' ')} areas"
    notes += [f"the rest of the UK, {left}: {len(kept)} areas"] * bool(kept)
    notes += [f"{was} has lost parts and is called {now!r}" for was, now in renamed.items()]
    return _noted(figures, result, made, notes)


def regroup(base: Dataset, made: Sequence[Made], name: str) -> Dataset:
    """Give the figures of other areas that hold the base's areas, each as a whole or in parts."""
    weights = _weights(base, made)
    frame = base.areas
    residents = frame["population"].cast(float).to_numpy()
    people = weights * residents
    total = people.sum(axis=1)
    published = (frame["population_basis"] == "published").to_numpy()
    touched = weights > 0
    jobs = [_jobs(frame, row) for row in touched]

    def average(column: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = people @ frame[column].to_numpy() / total
        return values

    areas = pl.DataFrame(
        {
            "area_code": [area.code for area in made],
            "area_name": [area.name for area in made],
            "area_type": [area.area_type for area in made],
            "mayor_2017": [
                area.area_type == "mayoral" and area.code in _mayors_2017() for area in made
            ],
            "population": np.rint(total).astype(np.int64),
            "population_basis": [
                "published" if published[row].all() and (weights[i][row] == 1).all() else "implied"
                for i, row in enumerate(touched)
            ],
            "jobs": pl.Series([found[0] for found in jobs], dtype=pl.Int64),
            "jobs_basis": pl.Series([found[1] for found in jobs], dtype=pl.String),
            **{key: average(key) for key in ("gigabit_share", "latitude", "longitude")},
        }
    )
    region = regions_of(base)
    regions = {}
    for i, area in enumerate(made):
        held: dict[str, float] = {}
        for j, code in enumerate(frame["area_code"]):
            if touched[i, j]:
                held[region[code]] = held.get(region[code], 0.0) + people[i, j]
        regions[area.code] = max(held, key=held.__getitem__)
    # Added up exactly, so that whole parts keep their totals to the last digit.
    gva = np.array(
        [
            [math.fsum(weights[i][row] * base.gva_gbp_m[row, s]) for s in range(len(base.sectors))]
            for i, row in enumerate(touched)
        ]
    )
    cells = {
        (area.code, sector)
        for i, area in enumerate(made)
        for j in np.flatnonzero(touched[i])
        for code, sector in base.built_in_cells
        if code == frame["area_code"][int(j)]
    }
    listed = [(a.code, s) for a in made for s in base.sectors if (a.code, s) in cells]
    groups = {"uk": tuple(area.code for area in made)} | _unions(made, base.groups)
    unfilled = replace(
        base,
        geography=OWN,
        areas=areas,
        groups=groups,
        wider=_wider(made, base),
        regions=regions,
    )
    return own_dataset(unfilled, gva, name, base.notes, listed)


def prove(base: Dataset, made: Dataset, areas: Sequence[Made]) -> list[Check]:
    """Hold every total of new areas against that of the areas they are made of."""
    allowed = 1e-6
    apart = np.abs(made.gva_gbp_m.sum(axis=0) - base.gva_gbp_m.sum(axis=0))
    worst = int(apart.argmax())
    checks = [
        Check(
            "GVA",
            bool(apart.max() <= allowed),
            f"£{made.gva_gbp_m.sum():,.0f}m in {len(base.sectors)} sectors, largest difference "
            f"£{apart.max():.6f}m ({base.sectors[worst]})",
        )
    ]
    before, after = (int(d.areas["population"].sum()) for d in (base, made))
    # A part of an area is rounded to whole residents.
    cut = sum(part < 1 for area in areas for part in area.parts.values())
    checks.append(Check("residents", abs(before - after) <= cut, f"{after:,}, were {before:,}"))
    counted = int(base.areas["jobs"].sum())
    if counted:
        kept = int(made.areas["jobs"].sum())
        without = {
            code
            for area, jobs in zip(areas, made.areas["jobs"], strict=True)
            for code in area.parts
            if jobs is None
        }
        left = base.areas.filter(pl.col("area_code").is_in(list(without)))["jobs"]
        lost = int(left.sum())
        said = f"{kept:,}"
        if lost:
            said += f", and {lost:,} left out where parts have none or count them otherwise"
        checks.append(Check("jobs", kept + lost == counted, said))
    gaps = {}
    for column in ("gigabit_share", "latitude", "longitude"):
        was, now = (
            float(np.average(d.areas[column].to_numpy(), weights=d.areas["population"].to_numpy()))
            for d in (base, made)
        )
        # Where residents were rounded, so is what they weigh.
        gaps[column] = abs(was - now) <= (1e-6 if cut else 1e-9), now
    shares, places = gaps["gigabit_share"], (gaps["latitude"], gaps["longitude"])
    checks.append(Check("gigabit coverage by residents", shares[0], f"{shares[1]:.2%} on average"))
    mean = ", ".join(f"{place[1]:.4f}°" for place in places)
    checks.append(
        Check("place by residents", all(place[0] for place in places), f"{mean} on average")
    )
    return checks


def wrong_name(name: str) -> str | None:
    """Say why an area cannot be called so, if it cannot."""
    if BETWEEN in name or len(name) > MAX_NAME or not name.isprintable() or not plain(name):
        return (
            f"{shown(name)} is not a name for an area; letters, at most {MAX_NAME}, no {BETWEEN!r}"
        )
    return None


def is_taken(name: str) -> bool:
    """Whether a shipped area or a group is called so."""
    return plain(name) in _shipped_names()


def own_code(name: str) -> str:
    """Give the code of an area of one's own."""
    return "OWN_" + re.sub(r"\W+", "_", plain(name)).upper()


def regions_of(dataset: Dataset) -> dict[str, str]:
    """The ITL 1 region of each area; of one in several that of most residents."""
    return dataset.regions or _shipped_regions(dataset.geography)


# ---------------------------------------------------------------- new areas and the rest


def _new_areas(base: Dataset, rows: Iterable[tuple[str, str, str]]) -> list[Made]:
    """Read a lookup, or say everything that is wrong with it."""
    known = area_codes(base)
    problems: list[str] = []
    parts: dict[str, list[str]] = {}
    taken: dict[str, tuple[str, str]] = {}
    spelt: dict[str, str] = {}
    for part, new, place in rows:
        title = " ".join(new.split())
        code = known.get(plain(part))
        if code is None:
            problems.append(
                f"{place}: {shown(part)} is not an area of the {base.geography} geography"
                + near_area(base, part)
            )
            continue
        if not title:
            continue
        if wrong := wrong_name(title):
            problems.append(f"{place}: {wrong}")
            continue
        # A name in other capitals is the same area, not a second one.
        title = spelt.setdefault(plain(title), title)
        if code in taken:
            other, where = taken[code]
            again = "is given twice" if other == title else f"is in {shown(other)} already"
            problems.append(f"{place}: {base.units[code]} ({code}) {again} ({where})")
            continue
        taken[code] = title, place
        parts.setdefault(title, []).append(code)
    if not parts and not problems:
        problems.append("lookup: names no new area")
    names = _shipped_names()
    order = base.areas["area_code"].to_list()
    made = []
    for title, codes in parts.items():
        inside = _authorities(base, codes)
        others = names.get(plain(title))
        own_name = known.get(plain(title))
        if (others is not None and inside not in others) or own_name not in (None, *codes[:1]):
            problems.append(
                f"{shown(title)} is the name of another area; call yours otherwise, such as "
                f"{shown(f'{title} (new)')}"
            )
        whole = dict.fromkeys(sorted(codes, key=order.index), 1.0)
        made.append(Made(own_code(title), title, "own", whole))
    if problems:
        lines = problems[:PROBLEMS_SHOWN]
        more = len(problems) - len(lines)
        raise DataError("\n".join([*lines, *([f"and {more:,} more"] if more else [])]))
    return made


def _rest(base: Dataset, new: Sequence[Made], rest: Rest) -> tuple[list[Made], dict[str, str]]:
    """Give what is left of the UK, and what areas that lost parts are called now."""
    used = {code for area in new for code in area.parts}
    taken = {plain(area.name) for area in new}
    codes = base.areas["area_code"].to_list()
    if rest == "parts":
        rows = base.areas.select("area_code", "area_name", "area_type").rows()
        left = [Made(code, name, kind, {code: 1.0}) for code, name, kind in rows]
        return [area for area in left if area.code not in used], {}
    shipped = load_dataset("mayoral" if rest == "mayoral" else "itl1")
    found, renamed = [], {}
    for code, name, kind in shipped.areas.select("area_code", "area_name", "area_type").iter_rows():
        members = base.wider[code]
        open_members = dict.fromkeys((c for c in codes if c in members and c not in used), 1.0)
        if not open_members:
            continue
        if len(open_members) == len(members):
            if plain(name) in taken:
                raise DataError(
                    f"{shown(name)} is the name of another area, which is kept with the new ones; "
                    f"call yours otherwise, such as {shown(f'{name} (new)')}"
                )
            found.append(Made(code, name, kind, open_members))
            continue
        # An area that lost parts must not be mistaken for the whole.
        called = f"{name}, less what is new" if name.startswith("Rest of ") else f"Rest of {name}"
        if plain(called) in taken | {plain(name) for name in shipped.areas["area_name"]}:
            called = f"{name}, less what is new"
        renamed[name] = called
        found.append(Made(f"LESS_{code}", called, "rest_of_region", open_members))
    return found, renamed


def _noted(base: Dataset, result: Dataset, made: Sequence[Made], notes: Iterable[str]) -> Dataset:
    """Check every total and say so."""
    checks = prove(base, result, made)
    for check in checks:
        if not check.passed:
            raise DataError(f"totals are not kept: {check.name}: {check.detail}")
    gone = [SHOWN_AS.get(group, group) for group in base.groups if group not in result.groups]
    said = [*base.notes, *notes]
    said += [f"kept in all: {check.name}: {check.detail}" for check in checks]
    if gone:
        said.append(f"no longer whole, so not reported: {', '.join(gone)}")
    return replace(result, notes=tuple(said))


def _listed(names: Iterable[str], most: int = 40) -> str:
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more:,} more" if more > 0 else "")


def _weights(base: Dataset, made: Sequence[Made]) -> NDArray[np.float64]:
    """Part of each area of the base (columns) in each area to make (rows)."""
    position = {code: i for i, code in enumerate(base.areas["area_code"])}
    weights = np.zeros((len(made), len(position)))
    for i, area in enumerate(made):
        for code, part in area.parts.items():
            weights[i, position[code]] = part
    return weights


def _jobs(areas: pl.DataFrame, inside: NDArray[np.bool_]) -> tuple[int | None, str | None]:
    """Jobs of several areas together, if all have them and on one basis."""
    held = areas.filter(pl.Series(inside))
    if held["jobs"].null_count() or held["jobs_basis"].n_unique() > 1:
        return None, None
    return int(held["jobs"].sum()), str(held["jobs_basis"][0])


def _unions(
    made: Sequence[Made], wanted: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Of sets of areas of the base those that are whole areas made of them."""
    found = {}
    for name, members in wanted.items():
        inside = {*members}
        codes = [area.code for area in made if inside >= {*area.parts}]
        held = {code for area in made if area.code in codes for code in area.parts}
        if codes and held == inside:
            found[name] = tuple(codes)
    return found


def _wider(made: Sequence[Made], base: Dataset) -> dict[str, tuple[str, ...]]:
    """Wider areas that are still whole, unless an area or a group is called that."""
    called = {plain(text) for area in made for text in (area.code, area.name)}
    unions = _unions(made, base.wider)
    return {name: codes for name, codes in unions.items() if plain(name) not in called}


def _authorities(base: Dataset, codes: Iterable[str]) -> frozenset[str]:
    """Local authorities of shipped areas; of others, the areas themselves."""
    local = load_dataset("local_authority")
    return frozenset(la for code in codes for la in local.wider.get(code, (code,)))


@cache
def _shipped_names() -> dict[str, tuple[frozenset[str], ...]]:
    """Every name of a shipped area to the local authorities that it means."""
    local = load_dataset("local_authority")
    found: dict[str, list[frozenset[str]]] = {}
    for geography in GEOGRAPHIES:
        for code, name in load_dataset(geography).areas["area_code", "area_name"].iter_rows():
            members = frozenset(local.wider.get(code, (code,)))
            for spoken in (code, name):
                found.setdefault(plain(spoken), []).append(members)
    for group, name in SHOWN_AS.items():
        for spoken in (group, name):
            found.setdefault(plain(spoken), []).append(frozenset())
    return {name: tuple(sets) for name, sets in found.items()}


@cache
def _mayors_2017() -> frozenset[str]:
    return frozenset(load_dataset("mayoral").areas.filter("mayor_2017")["area_code"])


@cache
def _shipped_regions(geography: str) -> dict[str, str]:
    authorities = load_dataset("local_authority")
    residents = dict(authorities.areas.select("area_code", "population").iter_rows())
    regions = load_dataset("itl1").areas["area_code"].to_list()
    found = {}
    for code in load_dataset(geography).areas["area_code"]:
        inside = {*authorities.wider.get(code, (code,))}
        found[code] = max(
            regions,
            key=lambda region: sum(residents[c] for c in inside & {*authorities.wider[region]}),
        )
    return found
