"""Where a sheet has its table: the row of headings, and which column is what."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from gainsmodel.confined import confined
from gainsmodel.data.dataset import plain
from gainsmodel.data.importing.cells import is_filled, text_of
from gainsmodel.data.importing.names import area_somewhere
from gainsmodel.data.importing.sector_labels import sector_label
from gainsmodel.data.importing.sheets import Row, content_of, sheets_of, shown, title_of
from gainsmodel.data.importing.stated_units import says_gva, stated_in
from gainsmodel.data.importing.statements import NOTES_ROWS, in_heading, notes_of
from gainsmodel.data.importing.table_units import Money, Unit, unit_of, wrong
from gainsmodel.data.importing.years import is_period, year_of
from gainsmodel.data.shipped_tables import SECTORS
from gainsmodel.errors import DataError

PROBLEMS_SHOWN = 10
# How far down headings are looked for.
HEADING_ROWS = 60
_AREA = (
    r"(model |mayoral |ons |gss |geographic(al)? )?"
    r"(area|la|lad|lad ?\d\d|local authority( district)?|itl ?\d?|region|nation|authority|"
    r"geography|geo|geo label|ref area|reference area|mnemonic|combined authority|place)( region)?"
)
ROLES = {
    "area": re.compile(rf"({_AREA})( ?(code|cd|id|name|nm))?|code|name"),
    "sector": re.compile(
        r"(sic|sic ?07|sic ?2007|sector|industry|section|activity|industry group|nace|nace r2|"
        r"isic|isic4)"
        r"( (sector|industry|section|code|name|description|group))*"
    ),
    "year": re.compile(r"(calendar )?year|(time )?period|time|date( name)?"),
    "unit": re.compile(
        r"(obs )?units?( (of )?measure(ment)?)?( (name|code|label|type))?|currency( code)?|"
        r"measures?( (name|code|label|type))?|prices?( (basis|base|type))?|basis|valuation|"
        r"variable( (name|code))?|indicator( (name|code))?|series( name)?|na item|statistics?|"
        r"type of prices?|(unit )?mult(iplier)?|scale|magnitude|item( name)?|transformation"
    ),
    "value": re.compile(
        r".*\b(gva|gross value added|gdp|gross domestic product)\b.*|"
        r"(obs )?values?|observation|figures?|amount|gbp m|m"
    ),
}
_NUMBER = re.compile(r"[\d.,\s-]*")
# "M EUR" is no heading of sector M.
_MONEY_ALONE = re.compile(
    r"(m|k|mn|bn|b)[ _.]*(£|€|\$|gbp|eur|usd|euros?|pounds?|dollars?)", re.IGNORECASE
)
NO_AMOUNT = re.compile(r"\b(per|index|share|growth|change|percent|percentage|rank|jobs?)\b|%")


@dataclass
class Table:
    """Where a sheet has its table: headings, and which column is what."""

    place: str
    sheet: str
    rows: list[Row]
    heading: int
    headings: list[str]
    layout: Literal["long", "wide", "years"]
    areas: list[int]
    sectors: list[int]
    # Column to its sector (wide) or year (years); of a long table, its one column of figures.
    figures: dict[int, str]
    year: int | None
    # Columns that say in which unit or prices a row is, or what it measures.
    units: list[int] = field(default_factory=list)
    unit: Unit = field(default_factory=Unit)
    refusal: str | None = None


def find_table(
    sheets: dict[str, list[Row]],
    file: str,
    known: Callable[[Table], int] | None = None,
    money: Money | None = None,
    year: int | None = None,
) -> Table:
    """Find the one table of GVA in a file, or say what stands in the way.

    Of several that could be, the one with the most areas that are `known`. `money` is what
    figures may be converted from, `year` the one that is asked for.
    """
    if not any(is_filled(row) for rows in sheets.values() for row in rows):
        raise DataError(f"{file}: is empty")
    found = []
    for sheet, rows in sheets.items():
        place = f"{file}, sheet {shown(sheet)}" if sheet else file
        if table := _table(rows, sheet, place, money):
            found.append(table)
    tabled = {table.sheet for table in found}
    others = [
        note
        for name, rows in sheets.items()
        if name not in tabled
        for note in notes_of(
            rows, f"{file}, sheet {shown(name)}", range(min(len(rows), NOTES_ROWS))
        )
    ]
    for table in found:
        table.refusal = _several_values(table)
        if table.refusal is None:
            table.unit = unit_of(table, file, others, money, year)
            table.refusal = table.unit.refusal
    usable = [table for table in found if table.refusal is None]
    if len(usable) > 1:
        usable = [table for table in usable if _has_sectors(table)] or usable
    if len(usable) > 1 and known is not None:
        counts = [known(table) for table in usable]
        most = max(counts)
        usable = [t for t, count in zip(usable, counts, strict=True) if count == most]
    if len(usable) == 1:
        return usable[0]
    if usable:
        listed = ", ".join(shown(table.sheet) for table in usable)
        raise DataError(
            f"{file}: several sheets hold a table: {listed}; say which with sheet= (--sheet), "
            "or which areas with geography= (--geography)"
        )
    if found:
        raise DataError("\n".join(table.refusal or "" for table in found[:PROBLEMS_SHOWN]))
    sheet, rows = next((s, r) for s, r in sheets.items() if any(is_filled(row) for row in r))
    first = next(row for row in rows if is_filled(row))
    seen = ", ".join(shown(text_of(cell), 30) for cell in first[:8] if cell is not None)
    where = f" in any of the sheets {', '.join(map(shown, sheets))}" if len(sheets) > 1 else ""
    if across := [text for cell in first if area_somewhere(text := text_of(cell))][:3]:
        listed = ", ".join(map(shown, across))
        if len(across) > 1:
            raise DataError(
                f"{file}: areas stand across, in columns ({listed} …); turn the table, so that "
                "each area is a row"
            )
    periods = [text for cell in first if is_period(text := text_of(cell)) and not year_of(text)]
    seen += f"; {', '.join(map(shown, periods[:3]))} is no calendar year" if periods else ""
    raise DataError(
        f"{file}: no row{where} reads as headings. Expected a column 'area', one row per area, "
        "and either 'sector' and 'gva_gbp_m' or one column for each sector "
        f"({', '.join(SECTORS)}); found {seen}"
    )


def _has_sectors(table: Table) -> bool:
    """Whether a table has more than totals of all sectors."""
    cells = ((row, c) for row in table.rows[table.heading + 1 :] for c in table.sectors)
    return table.layout == "wide" or any(
        sector_label(text_of(row[c])) for row, c in cells if c < len(row)
    )


def first_table(source: str | os.PathLike[str]) -> tuple[str, list[Row], int]:
    """Read the first sheet that is not empty.

    Returns
    -------
    str, list of Row, int
        Its place for messages, its rows, and which of them is the first that is filled: the
        headings of a plain table.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    return confined(_first_table, title_of(Path(source).name), source)


def _first_table(source: str | os.PathLike[str]) -> tuple[str, list[Row], int]:
    content, file = content_of(source, None)
    sheets = sheets_of(content, file, None)
    name, rows = next(
        ((name, rows) for name, rows in sheets.items() if any(map(is_filled, rows))), ("", [])
    )
    place = f"{file}, sheet {shown(name)}" if name else file
    return place, rows, next((i for i, row in enumerate(rows) if is_filled(row)), 0)


def _table(rows: list[Row], sheet: str, place: str, money: Money | None) -> Table | None:
    for at, row in enumerate(rows[:HEADING_ROWS]):
        own = [text_of(cell) for cell in row]
        above = [text_of(cell) for cell in rows[at - 1]] if at else []
        # A heading over two rows that are merged stands in the upper one.
        merged = [h or (above[i] if i < len(above) else "") for i, h in enumerate(own)]
        for headings in (own, merged):
            if table := _headed(headings, sheet, place, rows, at):
                _keep_usable(table, money)
                return table
    return None


def _keep_usable(table: Table, money: Money | None) -> None:
    """Leave out columns whose headings speak of volumes, other money …, if others do not."""
    years = table.figures if table.layout == "years" else {}
    usable = {
        column: kind
        for column, kind in table.figures.items()
        if wrong(
            in_heading(table.headings[column], table.layout),
            money,
            int(years[column]) if years else None,
        )
        is None
    }
    if table.layout != "long":
        # Another column stands for the same sector or year.
        kept = {*usable.values()}
        usable = {c: k for c, k in table.figures.items() if c in usable or k not in kept}
    table.figures = usable or table.figures


def _headed(headings: list[str], sheet: str, place: str, rows: list[Row], at: int) -> Table | None:
    # Most rows have no heading of areas, which is quickly seen.
    if not any(ROLES["area"].fullmatch(_spoken(heading)) for heading in headings):
        return None
    role = [_role(heading) for heading in headings]
    columns = {name: [i for i, r in enumerate(role) if r == name] for name in (*ROLES, "sectors")}
    years = {i: str(year) for i, h in enumerate(headings) if not role[i] and (year := year_of(h))}
    # Other money, such as costs, is not asked about where a column is called GVA.
    named = [i for i in columns["value"] if ROLES["value"].fullmatch(_spoken(headings[i]))]
    columns["value"] = named or columns["value"]
    # Where nothing else is there, what is no amount of GVA is refused in words.
    others = [i for i, r in enumerate(role) if r == "other"]
    layout: Literal["long", "wide", "years"]
    if not columns["area"]:
        return None
    if columns["sector"] and columns["value"]:
        layout, figures = "long", dict.fromkeys(columns["value"], "")
    elif columns["sector"] and years:
        layout, figures = "years", years
    elif columns["sector"] and others:
        layout, figures = "long", dict.fromkeys(others, "")
    elif columns["sectors"]:
        layout = "wide"
        figures = {i: sector_label(headings[i]) or "" for i in columns["sectors"]}
    else:
        return None
    return Table(
        *(place, sheet, rows, at, headings, layout, columns["area"], columns["sector"], figures),
        year=columns["year"][0] if columns["year"] else None,
        units=columns["unit"],
    )


def _several_values(table: Table) -> str | None:
    if table.layout != "long" or len(table.figures) == 1:
        return None
    listed = ", ".join(shown(table.headings[i]) for i in table.figures)
    where = f"{table.place}, row {table.heading + 1}"
    return f"{where}: several columns may hold the GVA: {listed}; keep one"


def _spoken(heading: str) -> str:
    """A heading without brackets, as it is compared; nothing is headed by a paragraph."""
    bare = re.sub(r"\[[^]]*\]|\([^)]*\)", "", heading[:300])
    return plain(bare) or plain(heading[:300])


@lru_cache(maxsize=10_000)
def _role(heading: str) -> str | None:
    """What a column is of: a key of ROLES, "sectors" for one of them, "other" for no GVA."""
    if _NUMBER.fullmatch(heading):
        return "sectors" if heading == "68" else None
    said = stated_in(heading)
    if _MONEY_ALONE.fullmatch(heading.strip()):
        return "value"
    label = sector_label(heading)
    # A number is a figure in a row of its own sooner than the heading of an industry.
    if label and not label[:1].isdigit():
        return "sectors"
    spoken = _spoken(heading)
    for name, pattern in ROLES.items():
        if pattern.fullmatch(spoken) or (name == "value" and pattern.fullmatch(plain(heading))):
            if name == "value" and year_of(heading) is not None:
                return None
            no_amount = name == "value" and (said.other or NO_AMOUNT.search(plain(heading)))
            return "other" if no_amount else name
    if label in ("", "68", "68IMP"):
        return "sectors"
    if year_of(heading) is None and not is_period(heading) and (said.currencies or said.scale):
        return "other" if said.other else "value"
    return "other" if said.other and says_gva(heading) else None
