"""How people name areas: every way of saying one, and the nearest to a name that is none."""

import difflib
from collections.abc import Iterable
from functools import cache

from gainsmodel.data.dataset import Dataset, load_dataset, plain
from gainsmodel.data.shipped_tables import GEOGRAPHIES
from gainsmodel.errors import UnknownNameError

# Regions and nations by their code of the register of geographic codes, as Nomis has them.
REGION_CODES = {f"E1200000{i}": f"TL{letter}" for i, letter in enumerate("CDEFGHIJK", 1)} | {
    "W92000004": "TLL",
    "S92000003": "TLM",
    "N92000002": "TLN",
}


@cache
def area_codes(dataset: Dataset) -> dict[str, str]:
    """Every way of saying a single area, to its code; groups and wider areas are none."""
    rows = dataset.areas.select("area_code", "area_name").rows()
    codes = {row[0] for row in rows}
    others = {plain(other): code for other, code in REGION_CODES.items() if code in codes}
    return others | {plain(text): row[0] for row in rows for text in row}


def area_somewhere(spoken: str) -> bool:
    """Whether a text is an area of a shipped geography."""
    return any(plain(spoken) in area_codes(load_dataset(name)) for name in GEOGRAPHIES)


def near_area(dataset: Dataset, spoken: str) -> str:
    """The end of a sentence about a name that is no single area."""
    try:
        dataset.resolve(spoken)
    except UnknownNameError as error:
        _, _, hint = str(error).partition("; the nearest are: ")
        return f"; the nearest are: {hint}" if hint else ""
    return ", but a group or a wider area; its areas are wanted one by one"


def nearest(spoken: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that is not among the known ones."""
    names = {plain(name): name for name in known}
    near = difflib.get_close_matches(plain(spoken)[:100], names, n=1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""
