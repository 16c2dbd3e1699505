"""A table's own totals of wider areas, held against the sums of the areas in them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gainsmodel.data.dataset import plain

# Every published figure is rounded to £1m.
ROUNDING_GBP_M = 15.0
ROUNDING_SHARE = 1e-3
ITL_CODE = re.compile(r"TL[A-Z][\dA-Z]{0,2}")
UK = frozenset(("uk", "k02000001", "united kingdom"))
EXTRA_REGIO = frozenset(("tlz", "extra regio"))
UK_LESS_EXTRA_REGIO = frozenset(
    ("ukx", "uk less extra regio", "united kingdom less extra regio", "uk excluding extra regio")
)
# Rows that add up others.
TOTALS = (
    UK
    | EXTRA_REGIO
    | UK_LESS_EXTRA_REGIO
    | {"england", "e92000001", "tlb", "great britain", "gb", "k03000001", "england and wales"}
    | {"total", "grand total", "all areas", "sum"}
)


@dataclass
class Figure:
    """A figure of a table: £m or None if the publisher left it out, its place, how it is shown."""

    value: float | None
    place: str
    shown: str
    # The publisher's "L (68)", which holds imputed rent.
    with_rent: bool = False


def apart(added: float, total: float) -> bool:
    """Whether a sum differs from a total by more than rounding."""
    return abs(added - total) > ROUNDING_GBP_M + ROUNDING_SHARE * total


def compare_wider(
    wider: Mapping[str, Figure], totals: Mapping[str, Figure], codes: list[str]
) -> tuple[list[str], list[str]]:
    """Hold totals of the UK and of wider ITL areas against the sums of the areas in them.

    Parameters
    ----------
    wider : mapping
        What a wider area is called, code or name, to its total.
    totals : mapping
        Code of an area to its total.
    codes : list of str
        Of all areas.

    Returns
    -------
    problems, agreeing : list of str
        What does not agree, with its place; and what the others are called. A total of which
        an area is missing or suppressed is in neither.
    """
    known = {code: f.value for code, f in totals.items() if f.value is not None}
    problems, agreeing = [], []
    found = {plain(name): figure for name, figure in wider.items()}
    extra = next((found[name].value for name in EXTRA_REGIO if name in found), None)
    for name, figure in wider.items():
        total = figure.value
        if plain(name) in UK | UK_LESS_EXTRA_REGIO:
            inside = codes
            if plain(name) in UK:
                total = None if total is None or extra is None else total - extra
        elif ITL_CODE.fullmatch(name):
            inside = [c for c in codes if c.startswith(name) and ITL_CODE.fullmatch(c)]
        else:
            continue
        if total is None or not inside or not {*inside} <= {*known}:
            continue
        added = math.fsum(known[code] for code in inside)
        if apart(added, total):
            problems.append(
                f"{figure.place}: the total of {name} is £{total:,.0f}m, the {len(inside)} areas "
                f"in it add up to £{added:,.0f}m"
            )
        else:
            agreeing.append(name)
    return problems, agreeing
