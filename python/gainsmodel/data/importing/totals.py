"""A table's own totals of wider areas, held against the sums of the areas in them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gainsmodel.data.dataset import Dataset, load_dataset, plain
from gainsmodel.data.importing.names import REGION_CODES
from gainsmodel.data.importing.sheets import shown

# Every published figure is rounded to £1m.
ROUNDING_GBP_M = 15.0
ROUNDING_SHARE = 1e-3
ITL_CODE = re.compile(r"TL[A-Z][\dA-Z]{0,2}")
UK = frozenset(("uk", "k02000001", "united kingdom", "uk total", "total uk", "whole uk"))
EXTRA_REGIO = frozenset(("tlz", "extra regio"))
UK_LESS_EXTRA_REGIO = frozenset(
    ("ukx", "uk less extra regio", "united kingdom less extra regio", "uk excluding extra regio")
)
# What a table has in all, whichever areas that is.
LISTED = frozenset(("total", "grand total", "all areas", "all regions", "sum", "all", "totals"))
# Wider areas of whole nations: England, Wales, Scotland and Northern Ireland by first letter.
NATIONS = {
    "england": "E",
    "e92000001": "E",
    "tlb": "E",
    "great britain": "EWS",
    "gb": "EWS",
    "k03000001": "EWS",
    "england and wales": "EW",
    "k04000001": "EW",
}
# Rows that add up others.
TOTALS = UK | EXTRA_REGIO | UK_LESS_EXTRA_REGIO | LISTED | frozenset(NATIONS)
# Activity outside all regions is oil and gas above all. At most this share of the UK's GVA.
OFFSHORE = ("AB", "B", "")
MOST_OFFSHORE = 0.03


@dataclass
class Figure:
    """A figure of a table: £m or None if the publisher left it out, its place, how it is shown."""

    value: float | None
    place: str
    shown: str
    # The publisher's "L (68)", which holds imputed rent.
    with_rent: bool = False


@dataclass
class Compared:
    """What came of holding totals of wider areas against sums: in words, and names of the areas."""

    problems: list[str] = field(default_factory=list)
    agreeing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def apart(added: float, total: float) -> bool:
    """Whether a sum differs from a total by more than rounding."""
    return abs(added - total) > ROUNDING_GBP_M + ROUNDING_SHARE * total


def compare_wider(
    wider: Mapping[str, Mapping[str, Figure]],
    known: Mapping[str, Mapping[str, float]],
    dataset: Dataset,
    listed: list[str],
) -> Compared:
    """Hold totals of the UK and of wider areas against the sums of the areas in them.

    Parameters
    ----------
    wider : mapping
        What a wider area is called, code or name, to its figures by sector; "" is the total.
    known : mapping
        The same of areas: sector to the code of each area to £m.
    dataset : Dataset
        Of these areas.
    listed : list of str
        Codes of the areas that the table has.

    Returns
    -------
    Compared
        What does not agree, with its place, is a problem. A total that cannot be compared, as an
        area or a figure is missing, is in the notes.
    """
    compared = Compared()
    open_ones: list[str] = []
    extra = next((f for name, f in wider.items() if plain(name) in EXTRA_REGIO), None)
    for name, figures in wider.items():
        if plain(name) in EXTRA_REGIO:
            continue
        inside = inside_of(name, dataset, listed)
        agreeing, lacking = 0, 0
        offshore = _most_offshore(figures, known, inside)
        for sector, figure in figures.items():
            of = known.get(sector, {})
            if figure.value is None or not inside or not {*inside} <= {*of}:
                lacking += 1
                continue
            total = figure.value
            if plain(name) in UK and extra is not None:
                outside = extra.get(sector)
                if outside is not None and outside.value is None:
                    lacking += 1
                    continue
                total -= 0.0 if outside is None else outside.value or 0.0
            added = math.fsum(of[code] for code in inside)
            called = f"the row {shown(name)}" if plain(name) in LISTED else f"the total of {name}"
            called += f", sector {sector}," if sector else ""
            if not apart(added, total):
                agreeing += 1
            elif plain(name) in UK and extra is None and _offshore(sector, added, total, offshore):
                compared.notes.append(
                    f"check: {called} is £{total - added:,.0f}m above the sum of its "
                    "areas: taken for activity outside all regions (Extra-Regio), which the table "
                    "does not show"
                )
            else:
                compared.problems.append(
                    f"{figure.place}: {called} is £{total:,.0f}m, the {len(inside)} "
                    f"areas in it add up to £{added:,.0f}m"
                )
        if agreeing:
            compared.agreeing.append(name)
        elif lacking == len(figures) and (
            inside or plain(name) in LISTED or plain(name) in wider_areas(dataset)
        ):
            open_ones.append(name)
    if open_ones:
        compared.notes.append(
            "not compared with the sums of their areas, which are not all there or not clear: "
            + ", ".join(open_ones[:15])
        )
    return compared


def _offshore(sector: str, added: float, total: float, most: float | None) -> bool:
    """Whether activity outside all regions may be why a total of the UK is above its areas."""
    if sector or most is None:
        most = added if sector else added * MOST_OFFSHORE
    return sector in OFFSHORE and 0 < total - added <= most


def _most_offshore(
    figures: Mapping[str, Figure], known: Mapping[str, Mapping[str, float]], inside: list[str]
) -> float | None:
    """By how much AB may put a total above its areas; None where AB is not given."""
    of, figure = known.get("AB", {}), figures.get("AB")
    if figure is None or figure.value is None or not {*inside} <= {*of}:
        return None
    added = math.fsum(of[code] for code in inside)
    return max(0.0, figure.value - added) + ROUNDING_GBP_M + ROUNDING_SHARE * figure.value


def inside_of(name: str, dataset: Dataset, listed: list[str]) -> list[str]:
    """Codes of the areas that a wider area is made of; none if they are not areas of these data."""
    codes = dataset.areas["area_code"].to_list()
    spoken = plain(name)
    if spoken in UK | UK_LESS_EXTRA_REGIO:
        return codes
    if spoken in LISTED:
        return listed
    if spoken in NATIONS:
        return [c for c in codes if nation_of(c, dataset) in NATIONS[spoken]]
    if members := wider_areas(dataset).get(spoken, ()):
        # "North East" is a region and a mayoral area; which is meant, only a code can say.
        meant = {frozenset(each) for each in members}
        return [*members[0]] if len(meant) == 1 else []
    if ITL_CODE.fullmatch(name):
        return [c for c in codes if c.startswith(name) and ITL_CODE.fullmatch(c)]
    return []


def wider_areas(dataset: Dataset) -> dict[str, list[tuple[str, ...]]]:
    """Every way of saying a wider area, to the codes in it, for each area that it may mean."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for place, members in dataset.wider.items():
        found.setdefault(plain(place), []).append(members)
    regions = load_dataset("itl1").areas.select("area_name", "area_code").rows()
    for spoken, code in [*regions, *REGION_CODES.items()]:
        if code in dataset.wider:
            found.setdefault(plain(spoken), []).append(dataset.wider[code])
    return found


def nation_of(code: str, dataset: Dataset) -> str:
    """First letter of the nation that an area lies in: E, W, S or N."""
    region = re.search(r"TL[A-Z]", dataset.regions.get(code, code))
    if region is None:
        return code[:1]
    return {"TLL": "W", "TLM": "S", "TLN": "N"}.get(region[0], "E")
