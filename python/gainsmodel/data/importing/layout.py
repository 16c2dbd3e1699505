"""Where a sheet has its table: the row of headings, and which column is what."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from gainsmodel.confined import confined
from gainsmodel.data.dataset import load_dataset, plain
from gainsmodel.data.importing.sheets import Cell, Row, content_of, sheets_of, shown, title_of
from gainsmodel.data.shipped_tables import SECTORS
from gainsmodel.errors import DataError

PROBLEMS_SHOWN = 10
# How far down headings are looked for.
HEADING_ROWS = 60
ALL_SECTORS = frozenset(
    ("total", "all industries", "all sectors", "all", "sum", "a t", "total gva", "grand total")
)
SECTOR_TOTALS = ALL_SECTORS | {"a e", "b e", "g t", "production sector", "services sector"}
WITHIN_SECTOR = re.compile(r"(\d{1,2}(\.\d+)?|C[A-M])(-(\d{1,2}|C[A-M]))?")
SECTOR_WORDS = {
    "agriculture forestry and fishing": "A",
    "mining and quarrying": "B",
    "electricity gas steam and air conditioning supply": "D",
    "water supply sewerage and waste management": "E",
    "agriculture forestry and fishing mining and quarrying": "AB",
    "electricity gas water sewerage and waste management": "DE",
    "electricity gas and water sewerage and waste management": "DE",
    "wholesale and retail trade repair of motor vehicles": "G",
    "transportation and storage": "H",
    "accommodation and food service activities": "I",
    "financial and insurance activities": "K",
    "real estate activities": "L",
    "owner occupiers imputed rental": "68IMP",
    "real estate activities excluding imputed rental": "68",
    "professional scientific and technical activities": "M",
    "administrative and support service activities": "N",
    "human health and social work activities": "Q",
    "other service activities": "S",
    "activities of households": "T",
}
_AREA = (
    r"(model |mayoral |ons |gss |geographic(al)? )?"
    r"(area|la|lad|lad ?\d\d|local authority( district)?|itl ?\d?|region|nation|authority|"
    r"geography|combined authority|place)( region)?"
)
ROLES = {
    "area": re.compile(rf"({_AREA})( ?(code|cd|id|name|nm))?|code|name"),
    "sector": re.compile(
        r"(sic|sic ?07|sic ?2007|sector|industry|section|activity|industry group)"
        r"( (sector|industry|section|code|name|description|group))*"
    ),
    "year": re.compile(r"(calendar )?year|period|time|date"),
    "value": re.compile(r".*\b(gva|gross value added)\b.*|value|figure|amount|gbp m|m"),
}
NO_AMOUNT = re.compile(
    r"\b(per|index|share|growth|change|percent|percentage|rank|jobs?|cvm\d*|volumes?|deflator)\b|%"
)
YEAR = re.compile(r"((?:19|20)\d\d)(?:\.0)?(?: ?\[[^]]*\]| ?[pr])?")
UNITS = (
    ("£m", re.compile(r"(£|gbp|pounds?)[ _]*(m|mn|mio|millions?)\b|\bmillions?\b")),
    ("£bn", re.compile(r"(£|gbp|pounds?)[ _]*(bn|b|billions?)\b|\bbillions?\b")),
    ("£ thousand", re.compile(r"(£|gbp|pounds?)[ _]*(k|'?000s?|thousands?)\b|\bthousands?\b")),
    ("another currency", re.compile(r"[$€¥]|\b(usd|eur|euros?|dollars?)\b")),
    ("£", re.compile(r"£|\b(gbp|pounds?)\b")),
)
VOLUMES = re.compile(r"chained.volume|constant.price|implied.deflator|equals 100|\bcvm\b")
NO_GVA = re.compile(
    r"compensation of employees|mixed income|(?<!imputed )rental income|capital consumption|"
    r"holding gains|gross trading|taxes on|subsidies|discrepancy|growth rates?|per (head|hour|job)"
)
GVA = re.compile(r"\bgva\b|gross value added")
# What other tables of areas by industry are of; said by a title that does not speak of GVA.
OTHER = re.compile(
    r"\b(employ(ment|ees|ers?)|jobs?|workforce|vacanc(y|ies)|earnings|wages|enterprises?|businesses|"
    r"turnover|exports?|imports?|population|productivity|hours worked|gross domestic product|gdp|"
    r"gdhi|disposable household income|capital formation|investment|expenditure|emissions?)\b"
)


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
    refusal: str | None = None


def find_table(
    sheets: dict[str, list[Row]], file: str, known: Callable[[Table], int] | None = None
) -> Table:
    """Find the one table of GVA in a file, or say what stands in the way.

    Of several that could be, the one with the most areas that are `known`.
    """
    if not any(is_filled(row) for rows in sheets.values() for row in rows):
        raise DataError(f"{file}: is empty")
    found = []
    for sheet, rows in sheets.items():
        place = f"{file}, sheet {shown(sheet)}" if sheet else file
        if table := _table(rows, sheet, place):
            found.append(table)
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


def is_filled(row: Row) -> bool:
    """Whether a row holds anything."""
    return any(text_of(cell) for cell in row)


def text_of(cell: Cell) -> str:
    """Give a cell as a reader sees it."""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return "" if cell is None else " ".join(cell.split())


def _table(rows: list[Row], sheet: str, place: str) -> Table | None:
    for at, row in enumerate(rows[:HEADING_ROWS]):
        own = [text_of(cell) for cell in row]
        above = [text_of(cell) for cell in rows[at - 1]] if at else []
        # A heading over two rows that are merged stands in the upper one.
        merged = [h or (above[i] if i < len(above) else "") for i, h in enumerate(own)]
        for headings in (own, merged):
            if table := _headed(headings, sheet, place, rows, at):
                return table
    return None


def _headed(headings: list[str], sheet: str, place: str, rows: list[Row], at: int) -> Table | None:
    role = [_role(heading) for heading in headings]
    columns = {name: [i for i, r in enumerate(role) if r == name] for name in (*ROLES, "sectors")}
    years = {i: m[1] for i, h in enumerate(headings) if (m := YEAR.fullmatch(h))}
    layout: Literal["long", "wide", "years"]
    if not columns["area"]:
        return None
    if columns["sector"] and columns["value"]:
        layout, figures = "long", dict.fromkeys(columns["value"], "")
    elif columns["sector"] and years:
        layout, figures = "years", years
    elif columns["sectors"]:
        layout = "wide"
        figures = {i: sector_label(headings[i]) or "" for i in columns["sectors"]}
    else:
        return None
    table = Table(
        *(place, sheet, rows, at, headings, layout, columns["area"], columns["sector"], figures),
        year=columns["year"][0] if columns["year"] else None,
    )
    table.refusal = _refusal(table)
    return table


def _role(heading: str) -> str | None:
    label = sector_label(heading)
    # A number is a figure in a row of its own sooner than the heading of an industry.
    if label and not label[:1].isdigit():
        return "sectors"
    bare = re.sub(r"\[[^]]*\]|\([^)]*\)", "", heading)
    spoken = plain(bare) or plain(heading)
    for name, pattern in ROLES.items():
        if pattern.fullmatch(spoken) and not (name == "value" and NO_AMOUNT.search(plain(heading))):
            return name
    return "sectors" if label in ("", "68", "68IMP") else None


def _refusal(table: Table) -> str | None:
    """Say why a table cannot be £m at current prices, if its headings or title say so."""
    where = f"{table.place}, row {table.heading + 1}"
    if table.layout == "long" and len(table.figures) > 1:
        listed = ", ".join(shown(table.headings[i]) for i in table.figures)
        return f"{where}: several columns may hold the GVA: {listed}; keep one"
    for column in table.figures:
        unit = _unit(table.headings[column])
        if unit not in (None, "£m"):
            return (
                f"{where}, column {shown(table.headings[column])}: is in {unit}; figures must be "
                "in £m: convert them and say so in the heading, such as 'gva_gbp_m'"
            )
    for row in range(table.heading):
        title = " ".join(text_of(cell) for cell in table.rows[row]).casefold()
        stated = _unit(title)
        if VOLUMES.search(title) and "current" not in title:
            what = "volumes or an index; figures must be GVA at current prices"
        elif other := NO_GVA.search(title) or (not GVA.search(title) and OTHER.search(title)):
            what = f"{other[0]}; figures must be GVA"
        elif stated in ("£bn", "£ thousand", "another currency"):
            what = f"{stated}; figures must be in £m"
        else:
            continue
        return f"{table.place}, row {row + 1}: {shown(title)} says {what}"
    return None


def _unit(heading: str) -> str | None:
    spoken = heading.casefold()
    return next((unit for unit, pattern in UNITS if pattern.search(spoken)), None)


def sector_label(label: str) -> str | None:
    """Reduce a sector's code or name to the publisher's code, or to ``""`` for what adds up.

    The 18 codes; A, B, D, E, 68 and 68IMP, which make them up; industries within a sector,
    such as ``CA`` or ``45``; ``""`` for a total. None if it is not a sector at all.
    """
    label = re.sub(r"^gva[_ ]|_gbp_m$| ?\(£ ?m\)$", "", label.strip(), flags=re.IGNORECASE)
    head, _, rest = label.partition(" ")
    head, spoken = head.rstrip(":.").upper(), plain(label)
    if spoken in SECTOR_TOTALS:
        return ""
    names = _sector_names()
    if spoken in names:
        return names[spoken]
    code = head if head in (*SECTORS, "A", "B", "D", "E", "68IMP") else None
    code = code or (head if WITHIN_SECTOR.fullmatch(head) else None)
    rest = re.sub(r"\([\d\s,-]+\)|\[[^]]*\]", "", rest).strip(" -–:")
    # "A figure" begins with a letter that is a sector too.
    if code and (not rest or names.get(plain(rest)) in (code, None if len(code) > 1 else code)):
        return code
    return None


@cache
def _sector_names() -> dict[str, str]:
    built_in = load_dataset("mayoral").sector_names
    return (
        SECTOR_WORDS | {plain(name): code for code, name in built_in.items()} | {"68imp": "68IMP"}
    )


def year_of(text: str) -> int | None:
    """Read a year, such as "2023", "2023 [p]" or the year of a date."""
    found = YEAR.fullmatch(text) or re.match(r"(\d{4})-\d\d-\d\d\b", text)
    return int(found[1]) if found else None
