"""An economist's own GVA figures in place of the built-in ones.

`read_gva` reads a table of area × sector in CSV, Parquet or Excel, in any of three layouts: one
figure a row, one sector a column, or one year a column. Why it refuses what it refuses:
``docs/decisions/0009-own-figures.md``.
"""

import difflib
import hashlib
import io
import math
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.data.dataset import (
    BASE_YEAR,
    GEOGRAPHIES,
    OWN_GVA,
    SECTORS,
    Dataset,
    load_dataset,
    plain,
)
from gainsmodel.data.sheets import Cell, Row, content_of, needed, sheets_of, shown
from gainsmodel.errors import DataError, UnknownNameError

Fill = Literal["built_in"]

PROBLEMS_SHOWN = 10
# Files of a saved dataset.
GVA, PROVENANCE, HASHES = "gva.csv", "provenance.toml", "hashes.toml"
TEMPLATE_TITLE = (
    f"GVA, £m, current prices of {BASE_YEAR}; L, real estate, without owner-occupiers' imputed rent"
)
HEADING_ROWS = 60
# A table in another unit is off by a thousand; nobody's own estimate is off by fifty.
MOST_TIMES_BUILT_IN = 50.0

MISSING = frozenset(
    (
        *("", "-", "–", "—", ".", "..", "...", "…", ":", "*", "!", "c", "x", "z", "n/a", "na"),
        *("#n/a", "[c]", "[x]", "[z]", "[w]", "[u]", "[low]", "(c)", "null", "none", "nan"),
    )
)
# Rows that add up others.
TOTALS = frozenset(
    (
        *(
            "uk",
            "united kingdom",
            "ukx",
            "k02000001",
            "uk less extra regio",
            "england",
            "e92000001",
        ),
        *("great britain", "gb", "k03000001", "total", "grand total", "all areas", "sum"),
        *("extra regio", "tlz", "england and wales"),
    )
)
SECTOR_TOTALS = frozenset(
    (
        *("total", "all industries", "all sectors", "all", "sum", "a e", "a t", "b e", "g t"),
        *("total gva", "production sector", "services sector", "grand total"),
    )
)
# Ways to make up a sector where a table has finer rows; the first that is there is taken. The
# publisher's L holds imputed rent (68IMP), its 68 does not.
PARTS = {"AB": ("A", "B"), "DE": ("D", "E")}
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


def read_gva(
    source: str | os.PathLike[str] | bytes,
    geography: str = "mayoral",
    *,
    sheet: str | None = None,
    name: str | None = None,
    year: int | None = None,
    fill: Fill | None = None,
) -> Dataset:
    """Put someone's own GVA figures in the place of the built-in ones.

    Everything else (residents, jobs, coverage, distances, UK growth) stays as built in.
    Figures are £m at current prices, real estate (L) without owner-occupiers' imputed rent.

    Parameters
    ----------
    source : path or bytes
        A CSV (UTF-8), Parquet or Excel file of at most 20 MB, or its content; or a folder
        that `save_dataset` wrote.
    geography : str
        ``"mayoral"``, ``"itl1"`` or ``"local_authority"``.
    sheet : str, optional
        Which sheet of a workbook; needed where several hold such a table.
    name : str, optional
        What to call the data in messages and manifests; needed with bytes.
    year : int, optional
        Which year of a table with several; the base year if left out. Figures of another year
        are carried to the base year by UK growth in current-price GVA, the same for every cell.
    fill : {"built_in"}, optional
        Keep the built-in figure where the table has none, instead of refusing the table.

    Returns
    -------
    Dataset
        `Dataset.notes` says in plain words what was read and done.

    Raises
    ------
    DataError
        Names file, sheet, row (as a spreadsheet counts), column and value of the first ten
        problems, and how many more there are.
    UnknownNameError
        If the geography does not exist.

    Examples
    --------
    >>> import gainsmodel
    >>> csv = gainsmodel.gva_template("itl1", "csv", filled=True)
    >>> gainsmodel.read_gva(csv, "itl1", name="own.csv").notes[0]
    '12 areas × 18 sectors from own.csv, headings in row 1: £2,200bn, as the built-in 2023 figures'
    """
    if fill not in (None, *get_args(Fill)):
        raise DataError(f"fill: must be 'built_in' or left out, not {fill!r}")
    built_in = load_dataset(geography)
    known = built_in.economy["year"].to_list()
    if year is not None and year not in known:
        raise DataError(f"year: must be from {known[0]} to {known[-1]}, not {year!r}")
    if not isinstance(source, bytes | bytearray | memoryview) and is_dataset(source):
        return _saved(Path(source), built_in, {"sheet": sheet, "year": year, "fill": fill})
    content, file = content_of(source, name)
    table = _find_table(sheets_of(content, file, sheet), file)
    return _Reading(table, built_in, year, fill).dataset(file)


# ---------------------------------------------------------------- the table in a sheet


@dataclass
class _Table:
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


def _find_table(sheets: dict[str, list[Row]], file: str) -> _Table:
    if not any(_filled(row) for rows in sheets.values() for row in rows):
        raise DataError(f"{file}: is empty")
    found = []
    for sheet, rows in sheets.items():
        place = f"{file}, sheet {shown(sheet)}" if sheet else file
        if table := _table(rows, sheet, place):
            found.append(table)
    usable = [table for table in found if table.refusal is None]
    if len(usable) > 1:
        usable = [table for table in usable if _has_sectors(table)] or usable
    if len(usable) == 1:
        return usable[0]
    if usable:
        listed = ", ".join(shown(table.sheet) for table in usable)
        raise DataError(
            f"{file}: several sheets hold a table: {listed}; say which with sheet= (--sheet)"
        )
    if found:
        raise DataError("\n".join(table.refusal or "" for table in found[:PROBLEMS_SHOWN]))
    sheet, rows = next((s, r) for s, r in sheets.items() if any(_filled(row) for row in r))
    first = next(row for row in rows if _filled(row))
    seen = ", ".join(shown(_text(cell), 30) for cell in first[:8] if cell is not None)
    where = f" in any of the sheets {', '.join(map(shown, sheets))}" if len(sheets) > 1 else ""
    raise DataError(
        f"{file}: no row{where} reads as headings. Wanted are a column 'area' and either 'sector' "
        f"and 'gva_gbp_m' or one column for each sector ({', '.join(SECTORS)}); found {seen}"
    )


def _has_sectors(table: _Table) -> bool:
    """Whether a table has more than totals of all sectors."""
    cells = ((row, c) for row in table.rows[table.heading + 1 :] for c in table.sectors)
    return table.layout == "wide" or any(
        sector_label(_text(row[c])) for row, c in cells if c < len(row)
    )


def _filled(row: Row) -> bool:
    return any(_text(cell) for cell in row)


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return "" if cell is None else " ".join(cell.split())


def _table(rows: list[Row], sheet: str, place: str) -> _Table | None:
    for at, row in enumerate(rows[:HEADING_ROWS]):
        own = [_text(cell) for cell in row]
        above = [_text(cell) for cell in rows[at - 1]] if at else []
        # A heading over two rows that are merged stands in the upper one.
        merged = [h or (above[i] if i < len(above) else "") for i, h in enumerate(own)]
        for headings in (own, merged):
            if table := _headed(headings, sheet, place, rows, at):
                return table
    return None


def _headed(headings: list[str], sheet: str, place: str, rows: list[Row], at: int) -> _Table | None:
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
    table = _Table(
        *(place, sheet, rows, at, headings, layout, columns["area"], columns["sector"], figures),
        year=columns["year"][0] if columns["year"] else None,
    )
    table.refusal = _refusal(table)
    return table


def _role(heading: str) -> str | None:
    label = sector_label(heading)
    if label:
        return "sectors"
    bare = re.sub(r"\[[^]]*\]|\([^)]*\)", "", heading)
    spoken = plain(bare) or plain(heading)
    for name, pattern in ROLES.items():
        if pattern.fullmatch(spoken) and not (name == "value" and NO_AMOUNT.search(plain(heading))):
            return name
    return None if label is None else "sectors"


def _refusal(table: _Table) -> str | None:
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
        title = " ".join(_text(cell) for cell in table.rows[row]).casefold()
        stated = _unit(title)
        if VOLUMES.search(title) and "current" not in title:
            what = "volumes or an index; figures must be GVA at current prices"
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
    such as ``CA`` or ``45``; ``""`` for a total. None if it is no sector at all.
    """
    head, _, rest = label.strip().partition(" ")
    head, spoken = head.rstrip(":.").upper(), plain(label)
    if spoken in SECTOR_TOTALS:
        return ""
    names = _sector_names()
    if spoken in names:
        return names[spoken]
    code = head if head in (*SECTORS, "A", "B", "D", "E", "68IMP") else None
    code = code or (head if WITHIN_SECTOR.fullmatch(head) else None)
    rest = re.sub(r"\((?:[\d\s,-]+|£ ?m)\)|\[[^]]*\]", "", rest).strip(" -–:")
    rest = re.sub(r"_?(gva_)?(gbp_m|£m)$", "", rest, flags=re.IGNORECASE)
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


# ---------------------------------------------------------------- figures


@dataclass
class _Figure:
    value: float | None
    row: int
    column: int
    shown: str


@dataclass
class _Reading:
    """One table on its way to a dataset; collects what is wrong with it."""

    table: _Table
    built_in: Dataset
    year: int | None
    fill: Fill | None
    problems: list[str] = field(default_factory=list)
    found: dict[tuple[str, str], _Figure] = field(default_factory=dict)
    rows_left_out: dict[str, int] = field(default_factory=dict)
    years: set[int] = field(default_factory=set)
    read_year: int | None = None
    unknown: dict[str, str] = field(default_factory=dict)
    first_rows: dict[str, int] = field(default_factory=dict)

    def dataset(self, file: str) -> Dataset:
        """Read every row, or raise with all problems."""
        self._choose_year()
        self._read_rows()
        self._say_what_is_unknown()
        self._raise()
        if not self.found:
            raise DataError(f"{self.table.place}: no rows of figures below the headings")
        own, kept = self._cells()
        self._raise()
        return self._made(file, own, kept)

    def _place(self, row: int | None = None, column: int | None = None) -> str:
        place = self.table.place
        place += "" if row is None else f", row {row + 1}"
        return place + ("" if column is None else f", column {shown(self.table.headings[column])}")

    def _problem(self, message: str, row: int | None = None, column: int | None = None) -> None:
        self.problems.append(f"{self._place(row, column)}: {message}")

    def _raise(self, closing: str = "") -> None:
        if self.problems:
            lines = self.problems[:PROBLEMS_SHOWN]
            more = len(self.problems) - len(lines)
            lines += [f"and {more:,} more"] if more else []
            raise DataError("\n".join([*lines, closing] if closing else lines))

    def _left_out(self, what: str) -> None:
        self.rows_left_out[what] = self.rows_left_out.get(what, 0) + 1

    # ------------------------------------------------------------ years

    def _choose_year(self) -> None:
        table = self.table
        if table.layout == "years":
            self.years = {int(year) for year in table.figures.values()}
        elif table.year is not None:
            for at in range(table.heading + 1, len(table.rows)):
                found = YEAR.fullmatch(_text(self._cell(at, table.year))[:10].split("-")[0])
                self.years |= {int(found[1])} if found else set()
        if not self.years:
            self.read_year = self.year
            return
        listed = (
            f"{min(self.years)} to {max(self.years)}"
            if len(self.years) > 1
            else (str(min(self.years)))
        )
        if self.year is not None and self.year not in self.years:
            raise DataError(f"{table.place}: has no figures of {self.year}; there are: {listed}")
        self.read_year = self.year or (BASE_YEAR if BASE_YEAR in self.years else None)
        if self.read_year is None:
            if len(self.years) > 1:
                raise DataError(
                    f"{table.place}: has figures of {listed}, none of {BASE_YEAR}; "
                    "say which year is meant with year= (--year)"
                )
            self.read_year = min(self.years)
        known = self.built_in.economy["year"].to_list()
        if self.read_year not in known:
            raise DataError(
                f"{table.place}: figures are of {self.read_year}; they can be used from "
                f"{known[0]} to {known[-1]}"
            )
        if table.layout == "years":
            table.figures = {i: y for i, y in table.figures.items() if int(y) == self.read_year}
            if len(table.figures) > 1:
                raise DataError(f"{table.place}: {self.read_year} heads more than one column")

    # ------------------------------------------------------------ rows

    def _cell(self, row: int, column: int) -> Cell:
        cells = self.table.rows[row]
        return cells[column] if column < len(cells) else None

    def _read_rows(self) -> None:
        table = self.table
        body = range(table.heading + 1, len(table.rows))
        area = self._best(table.areas, body, lambda text: self._area(text) is not None)
        partner = self._partner(area)
        sector = (
            None
            if table.layout == "wide"
            else self._best(table.sectors, body, lambda text: sector_label(text) is not None)
        )
        last_area = ""
        for row in body:
            texts = {column: _text(self._cell(row, column)) for column in table.figures}
            spoken = _text(self._cell(row, area))
            industry = "" if sector is None else _text(self._cell(row, sector))
            empty = not any(texts.values())
            if empty and not industry:
                if _filled(table.rows[row]) and (not spoken or self._area(spoken) is None):
                    self._left_out("notes")
                elif spoken and table.layout == "wide":
                    self.first_rows.setdefault(self._area(spoken) or "", row)
                continue
            if not self._is_of_year(row):
                continue
            if not spoken and industry:
                # A merged cell is filled in its first row only.
                spoken = last_area
            if not spoken:
                self._problem("has a figure but no area", row, area)
                continue
            last_area = spoken
            self._read_row(row, area, partner, sector, spoken, industry)

    def _read_row(
        self,
        row: int,
        area: int,
        partner: int | None,
        sector: int | None,
        spoken: str,
        industry: str,
    ) -> None:
        if plain(spoken) in TOTALS:
            self._left_out("areas that add up others")
            return
        code = self._area(spoken)
        if code is None:
            self.unknown.setdefault(spoken, self._place(row, area))
            return
        if partner is not None and not self._agrees(code, row, partner):
            return
        self.first_rows.setdefault(code, row)
        for column, label in self.table.figures.items():
            place = column
            if sector is not None:
                known = sector_label(industry)
                if known is None:
                    near = _nearest(industry, [*SECTORS, *self.built_in.sector_names.values()])
                    self._problem(
                        f"{shown(industry)} is no sector{near}; there are: {', '.join(SECTORS)}",
                        *(row, sector),
                    )
                    continue
                label = known
            if not label:
                self._left_out("sectors that add up others")
                continue
            before = self.found.get((code, label))
            if before is not None:
                self._twice(code, label, before, row, column)
                continue
            value = self._number(row, column)
            if value is not _WRONG:
                text = _text(self._cell(row, column))
                self.found[code, label] = _Figure(value, row, place, text)

    def _twice(self, code: str, label: str, before: _Figure, row: int, column: int) -> None:
        where = f"row {before.row + 1}"
        if before.row == row:
            where = f"column {shown(self.table.headings[before.column])}"
        area = self._name(code)
        self._problem(
            f"{area}, sector {label} stands there a second time after {where}", row, column
        )

    def _is_of_year(self, row: int) -> bool:
        column = self.table.year
        if column is None or self.table.layout == "years":
            return True
        found = YEAR.fullmatch(_text(self._cell(row, column))[:10].split("-")[0])
        if found is None:
            said = shown(_text(self._cell(row, column)))
            self._problem(f"{said} is no year, such as {BASE_YEAR}", row, column)
            return False
        return int(found[1]) == self.read_year

    def _best(self, columns: list[int], body: range, fits: Callable[[str], bool]) -> int:
        """Of several columns that may name areas (or sectors), the one with the most known."""

        spoken = {c: {_text(self._cell(row, c)) for row in body} - {""} for c in columns}
        # A column of the regions that areas lie in has fewer names than that of the areas.
        most = max(len(names) for names in spoken.values())

        def known(column: int) -> tuple[bool, int, bool]:
            names = spoken[column]
            code = "code" in plain(self.table.headings[column])
            return len(names) * 2 >= most, sum(fits(name) for name in names), code

        return max(columns, key=known)

    def _partner(self, area: int) -> int | None:
        """Find the column that names the same areas in the other way, code or name."""

        def stem(column: int) -> str:
            return re.sub(r" ?(code|cd|id|name|nm)$", "", plain(self.table.headings[column]))

        others = [c for c in self.table.areas if c != area and stem(c) == stem(area)]
        return others[0] if others else None

    def _agrees(self, code: str, row: int, partner: int) -> bool:
        other = _text(self._cell(row, partner))
        said = self._area(other) if other else code
        is_code = re.search(r"\b(code|cd|id)$", plain(self.table.headings[partner]))
        # A name may be written in many ways, a code in one.
        if said == code or (said is None and not is_code):
            return True
        self._problem(
            f"{shown(other)} is not {self._name(code)} ({code}), as beside it", row, partner
        )
        return False

    def _area(self, spoken: str) -> str | None:
        """Give the code of a single area, None if there is none called that."""
        return _codes(self.built_in).get(plain(spoken))

    def _name(self, code: str) -> str:
        names = dict(self.built_in.areas.select("area_code", "area_name").iter_rows())
        return str(names[code])

    def _say_what_is_unknown(self) -> None:
        """One problem for each unknown area; one more if another geography knows them."""
        geography = self.built_in.geography
        theirs: dict[str, int] = {}
        for name in GEOGRAPHIES:
            known = _codes(load_dataset(name)) if name != geography else {}
            theirs[name] = sum(plain(spoken) in known for spoken in self.unknown)
        other = max(theirs, key=theirs.__getitem__)
        lines = []
        if len(self.unknown) > 2 and theirs[other] * 2 > len(self.unknown):
            lines.append(
                f"{self._place()}: {theirs[other]} of the {len(self.unknown)} areas that are not "
                f"known are of the {other} geography; read it with geography={other!r} "
                "(--geography)"
            )
        for n, (spoken, place) in enumerate(self.unknown.items()):
            said = f"{place}: {shown(spoken)} is no area of the {geography} geography"
            # Likenesses of thousands of names would take minutes.
            near = n < PROBLEMS_SHOWN and theirs[other] < len(self.unknown)
            lines.append(said + (_near_area(self.built_in, spoken) if near else ""))
        self.problems = lines + self.problems

    def _number(self, row: int, column: int) -> Any:
        """Read a figure; None if the publisher left it out."""
        cell = self._cell(row, column)
        text = _text(cell)
        if text.casefold() in MISSING:
            return None
        value = cell if isinstance(cell, float) else _parsed(text)
        if value is None:
            decimal = re.fullmatch(r"\d+,\d+", text) is not None
            hint = "; a decimal point is wanted, not a comma" if decimal else ""
            self._problem(f"{shown(text)} is no number of £m{hint}", row, column)
            return _WRONG
        if math.isnan(value):
            return None
        if not 0 <= value <= 1e9:
            said = f"{value:g}" if math.isfinite(value) else "infinite"
            self._problem(f"GVA must be from 0 to 1,000,000,000 £m, not {said}", row, column)
            return _WRONG
        # −0 would differ from 0 in the hash.
        return value + 0.0

    # ------------------------------------------------------------ cells

    def _cells(self) -> tuple[dict[tuple[str, str], float], list[tuple[str, str]]]:
        """Make up the 18 sectors of every area; what the built-in data must fill."""
        own: dict[tuple[str, str], float] = {}
        kept, gaps, complete = [], [], 0
        for code in self.built_in.areas["area_code"]:
            values = {sector: self._made_up(code, sector) for sector in SECTORS}
            missing = [sector for sector, value in values.items() if value is None]
            own |= {(code, s): v for s, v in values.items() if v is not None}
            kept += [(code, sector) for sector in missing]
            complete += not missing
            if len(missing) == len(SECTORS):
                gaps.append(
                    f"{self._place(self.first_rows.get(code))}: no figures for "
                    f"{self._name(code)} ({code})"
                )
            else:
                gaps += [self._gap(code, sector) for sector in missing]
            if not missing and not sum(v or 0.0 for v in values.values()):
                self._problem(f"every figure of {self._name(code)} is 0", self.first_rows[code])
        if gaps and (self.fill is None or not own):
            self.problems += gaps
            count = self.built_in.areas.height
            self._raise(
                f"{complete} of {count} areas are complete; fill='built_in' (--fill-built-in) "
                "keeps the built-in figures for the rest"
            )
        self._plausible(own)
        return own, kept

    def _made_up(self, code: str, sector: str) -> float | None:
        def value(label: str) -> float | None:
            figure = self.found.get((code, label))
            return None if figure is None else figure.value

        if sector == "L":
            if value("68") is not None:
                return value("68")
            whole, imputed = value("L"), self.found.get((code, "68IMP"))
            if whole is None or imputed is None:
                return whole
            if imputed.value is None:
                return None
            if imputed.value > whole:
                self._problem("imputed rent is above the whole of L", imputed.row, imputed.column)
            return whole - imputed.value
        if (code, sector) in self.found:
            return value(sector)
        parts = PARTS.get(sector) or [
            label for area, label in self.found if area == code and label[:1] == sector == "C"
        ]
        values = [value(part) for part in parts]
        return math.fsum(v or 0.0 for v in values) if values and None not in values else None

    def _gap(self, code: str, sector: str) -> str:
        figure = self.found.get((code, sector))
        where, marker = self._place(self.first_rows.get(code)), ""
        if figure is not None:
            where = self._place(figure.row, figure.column)
            marker = f" ({shown(figure.shown)})" if figure.shown else ""
            marker = marker if figure.value is None else " without imputed rent (68IMP is missing)"
        return f"{where}: no figure for {self._name(code)}, sector {sector}{marker}"

    def _plausible(self, own: dict[tuple[str, str], float]) -> None:
        """Refuse what must be in another unit."""
        position = {code: i for i, code in enumerate(self.built_in.areas["area_code"])}
        beside = sum(self.built_in.gva_gbp_m[position[code], SECTORS.index(s)] for code, s in own)
        total = sum(own.values())
        if not beside / MOST_TIMES_BUILT_IN <= total <= beside * MOST_TIMES_BUILT_IN:
            self._problem(
                f"the figures add up to £{total:,.0f}m, the built-in ones to £{beside:,.0f}m; "
                "figures must be in £m"
            )

    # ------------------------------------------------------------ the dataset

    def _made(
        self, file: str, own: dict[tuple[str, str], float], kept: list[tuple[str, str]]
    ) -> Dataset:
        built_in = self.built_in
        growth = 1.0
        if self.read_year not in (None, BASE_YEAR):
            nominal = dict(built_in.economy.select("year", "gva_current_gbp_m").iter_rows())
            growth = nominal[BASE_YEAR] / nominal[self.read_year]
        position = {code: i for i, code in enumerate(built_in.areas["area_code"])}
        gva = built_in.gva_gbp_m.copy()
        for (code, sector), value in own.items():
            # Not multiplied by 1, so that nothing can move.
            at = position[code], SECTORS.index(sector)
            gva[at] = value if growth == 1.0 else value * growth
        notes = self._notes(file, gva, own, kept, growth)
        return own_dataset(built_in, gva, file, notes, kept)

    def _notes(
        self,
        file: str,
        gva: NDArray[np.float64],
        own: dict[tuple[str, str], float],
        kept: list[tuple[str, str]],
        growth: float,
    ) -> list[str]:
        table, built_in = self.table, self.built_in
        before, now = float(built_in.gva_gbp_m.sum()), float(gva.sum())
        change = now / before - 1
        against = f"{abs(change):.1%} {'above' if change > 0 else 'below'}"
        against = "as" if round(abs(change), 3) == 0 else against
        areas, sectors = ({key[i] for key in own} for i in (0, 1))
        where = f"{file}, sheet {shown(table.sheet)}" if table.sheet else file
        notes = [
            f"{len(areas)} areas × {len(sectors)} sectors from {where}, headings in row "
            f"{table.heading + 1}: £{now / 1e3:,.0f}bn, {against} the built-in {BASE_YEAR} figures"
        ]
        if self.read_year is None:
            notes.append(f"the table says no year: taken as figures of {BASE_YEAR}")
        elif growth != 1.0:
            notes.append(
                f"figures of {self.read_year}, carried to {BASE_YEAR} by UK growth in "
                f"current-price GVA, × {growth:.4f} in every cell"
            )
        elif len(self.years) > 1:
            notes.append(f"figures of {self.read_year}; other years are left out")
        for what, count in sorted(self.rows_left_out.items()):
            notes.append(
                f"left out: {count:,} {'row' if count == 1 else 'rows'} of {what}"
                if (what == "notes")
                else f"left out: {what} ({count:,})"
            )
        if kept:
            cells = ", ".join(f"{self._name(code)} {sector}" for code, sector in kept[:10])
            more = f" and {len(kept) - 10:,} more" if len(kept) > 10 else ""
            notes.append(f"built-in figures kept in {len(kept):,} cells: {cells}{more}")
        letting = SECTORS.index("L")
        if gva[:, letting].sum() > 2 * built_in.gva_gbp_m[:, letting].sum():
            notes.append(
                "check: real estate (L) is more than twice the built-in figure; it must be "
                "without owner-occupiers' imputed rent"
            )
        silent = [
            self._name(code)
            for code, share in zip(
                built_in.areas["area_code"], gva[:, SECTORS.index("J")], strict=True
            )
            if share == 0
        ]
        if silent:
            notes.append(
                f"check: sector J is 0 in {', '.join(silent[:5])}; readiness needs it above 0, "
                "or its weight digital_sector_share at 0"
            )
        return notes


def own_dataset(
    built_in: Dataset,
    gva_gbp_m: NDArray[np.float64],
    name: str,
    notes: Iterable[str],
    built_in_cells: Iterable[tuple[str, str]],
) -> Dataset:
    """Give the built-in dataset with other GVA, known by the sha256 of `gva_table`."""
    gva_gbp_m.flags.writeable = False
    own = replace(
        built_in,
        gva_gbp_m=gva_gbp_m,
        own_name=name,
        notes=tuple(notes),
        built_in_cells=tuple(built_in_cells),
    )
    hashes = {file: value for file, value in built_in.hashes.items() if file != "gva.csv"}
    return replace(own, hashes=hashes | {OWN_GVA: hashlib.sha256(gva_table(own)).hexdigest()})


def gva_table(dataset: Dataset) -> bytes:
    """GVA as CSV (area_code, sector, gva_gbp_m), to the last bit of every figure."""
    lines = ["area_code,sector,gva_gbp_m\n"]
    for code, row in zip(dataset.areas["area_code"], dataset.gva_gbp_m.tolist(), strict=True):
        lines += [f"{code},{s},{v!r}\n" for s, v in zip(dataset.sectors, row, strict=True)]
    return "".join(lines).encode()


# Not a figure, and said so already.
_WRONG: Any = object()


def _parsed(text: str) -> float | None:
    """Read a number that may have thousands separators and a £ sign."""
    bare = text.replace("\N{MINUS SIGN}", "-").strip()
    negative = re.fullmatch(r"\((.*)\)", bare)
    bare = re.sub(r"^(-?)£ ?", r"\1", negative[1] if negative else bare)
    if re.fullmatch(r"-?\d{1,3}([, \u00a0\u202f'])\d{3}(\1\d{3})*(\.\d+)?", bare):
        bare = re.sub(r"[, \u00a0\u202f']", "", bare)
    if re.fullmatch(r"[-+]?(inf|infinity)", bare, re.IGNORECASE) or re.fullmatch(
        r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", bare
    ):
        value = float(bare)
        return -value if negative else value
    return None


@cache
def _codes(dataset: Dataset) -> dict[str, str]:
    """Every way of saying a single area, to its code; groups and wider areas are none."""
    rows = dataset.areas.select("area_code", "area_name").rows()
    return {plain(text): row[0] for row in rows for text in row}


def _near_area(dataset: Dataset, spoken: str) -> str:
    try:
        dataset.resolve(spoken)
    except UnknownNameError as error:
        _, _, hint = str(error).partition("; the nearest are: ")
        return f"; the nearest are: {hint}" if hint else ""
    return ", but a group or a wider area; its areas are wanted one by one"


def _nearest(spoken: str, known: Iterable[str]) -> str:
    names = {plain(name): name for name in known}
    near = difflib.get_close_matches(plain(spoken)[:100], names, n=1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


# ---------------------------------------------------------------- folders and templates


def is_dataset(source: str | os.PathLike[str]) -> bool:
    """Whether this is a folder that `save_dataset` wrote, whole or not."""
    try:
        return (Path(source) / PROVENANCE).is_file()
    except (OSError, ValueError):
        return False


def save_dataset(dataset: Dataset, folder: str | os.PathLike[str]) -> Path:
    """Write own figures into a folder that `read_gva` reads and that notices edits.

    Parameters
    ----------
    dataset : Dataset
        With own figures.
    folder : path
        Made if absent; an earlier dataset in it is replaced, anything else is refused.

    Raises
    ------
    DataError
        If there are no own figures, or the folder holds something else or cannot be written.
    """
    if dataset.own_name is None:
        raise DataError("these are the built-in figures; there is nothing of your own to save")
    target = Path(folder)
    files = {GVA: gva_table(dataset), PROVENANCE: _provenance(dataset).encode()}
    stated = "".join(f'"{f}" = "{hashlib.sha256(c).hexdigest()}"\n' for f, c in files.items())
    files[HASHES] = f"# sha256 of each file; an edited file is refused.\n{stated}".encode()
    try:
        target = target if target.name not in ("", "..") else target.resolve()
        strange = (
            sorted({path.name for path in target.iterdir()} - set(files))
            if (target.exists())
            else []
        )
        if strange:
            raise DataError(
                f"{target}: holds something other than an earlier dataset, such as "
                f"{shown(strange[0])}; name a new or an empty folder"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".gainsmodel-", dir=target.parent))
        try:
            for file, content in files.items():
                (part / file).write_bytes(content)
            part.chmod(0o755)
            if target.exists():
                shutil.rmtree(target)
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        why = getattr(error, "strerror", None) or "not a possible name"
        raise DataError(f"{target}: cannot be written: {why}") from None
    return target


def _provenance(dataset: Dataset) -> str:
    import tomlkit  # Slow to import, and needed here only.

    document = tomlkit.document()
    document.add(tomlkit.comment("What own figures these are and how they were read."))
    document["dataset_version"] = 1
    document["geography"] = dataset.geography
    document["name"] = str(dataset.own_name)
    document["notes"] = tomlkit.array()
    for note in dataset.notes:
        document["notes"].append(note)
    document["built_in_cells"] = [list(cell) for cell in dataset.built_in_cells]
    # What else the figures stand beside; of other shipped tables they would mean something else.
    document["shipped_sha256"] = _shipped(load_dataset(dataset.geography), dataset.built_in_cells)
    return tomlkit.dumps(document)


def _shipped(built_in: Dataset, cells: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Hashes of the shipped tables that own figures stand on; of GVA if cells were kept."""
    return {file: value for file, value in built_in.hashes.items() if cells or file != "gva.csv"}


def _saved(folder: Path, built_in: Dataset, options: dict[str, object]) -> Dataset:
    """Read a folder of `save_dataset`, unless it was edited or is of other shipped tables."""
    where = str(folder)
    for option, value in options.items():
        if value is not None:
            raise DataError(f"{option}: was settled when {where} was written; leave it out")
    try:
        contents = {file: (folder / file).read_bytes() for file in (GVA, PROVENANCE, HASHES)}
        stated = tomllib.loads(contents[HASHES].decode())
    except OSError as error:
        raise DataError(f"{where}: {error.filename} cannot be read: {error.strerror}") from None
    except ValueError:
        raise DataError(f"{where}: {HASHES} cannot be read; import the table again") from None
    for file in (GVA, PROVENANCE):
        if stated.get(file) != hashlib.sha256(contents[file]).hexdigest():
            raise DataError(
                f"{where}: {file} was edited since it was written; edit the source and import it "
                "again"
            )
    try:
        provenance = tomllib.loads(contents[PROVENANCE].decode())
        of, name = str(provenance["geography"]), str(provenance["name"])
        notes = tuple(str(note) for note in provenance["notes"])
        cells = tuple((str(code), str(sector)) for code, sector in provenance["built_in_cells"])
        then = dict(provenance["shipped_sha256"])
        text = [line.split(",") for line in contents[GVA].decode().splitlines()[1:]]
        figures = {(code, sector): float(value) for code, sector, value in text}
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{where}: cannot be understood; import the table again") from None
    if of != built_in.geography:
        raise DataError(
            f"{where}: holds figures of the {of} geography, not of {built_in.geography}"
        )
    now = _shipped(built_in, cells)
    changed = sorted(file for file in then | now if then.get(file) != now.get(file))
    wanted = [(code, sector) for code in built_in.areas["area_code"] for sector in SECTORS]
    if changed or list(figures) != wanted:
        raise DataError(
            f"{where}: is out of date: built-in figures have changed since "
            f"({', '.join(changed) or GVA}); import the table again"
        )
    gva = np.array(list(figures.values())).reshape(built_in.gva_gbp_m.shape)
    if not (np.isfinite(gva) & (gva >= 0)).all():
        raise DataError(f"{where}: {GVA} holds impossible figures; import the table again")
    return own_dataset(built_in, gva, name, notes, cells)


def gva_template(
    geography: str = "mayoral", kind: Literal["csv", "xlsx"] = "xlsx", *, filled: bool = False
) -> bytes:
    """Give a table that `read_gva` reads once it is filled in: areas down, sectors across.

    Parameters
    ----------
    geography : str
        As `read_gva`.
    kind : {"csv", "xlsx"}
        Format of the content.
    filled : bool
        With the built-in figures, £m, instead of empty cells.

    Raises
    ------
    DataError
        If the kind is unknown, or Excel support is not installed.
    """
    dataset = load_dataset(geography)
    names = dataset.areas.select("area_code", "area_name")
    columns = [
        pl.Series(sector, dataset.gva_gbp_m[:, i] if filled else None, pl.Float64)
        if filled
        else pl.Series(sector, [None] * names.height, pl.Float64)
        for i, sector in enumerate(SECTORS)
    ]
    frame = names.hstack(columns)
    if kind == "csv":
        return frame.write_csv().encode()
    if kind != "xlsx":
        raise DataError(f"kind: must be 'csv' or 'xlsx', not {kind!r}")
    buffer = io.BytesIO()
    # Text that begins with = stays text.
    with needed("xlsxwriter").Workbook(
        buffer, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    ) as workbook:
        options: dict[str, Any] = {"autofit": True, "float_precision": 3, "table_style": None}
        frame.write_excel(workbook, "GVA", position="A3", **options)
        workbook.get_worksheet_by_name("GVA").write_string(0, 0, TEMPLATE_TITLE)
        sectors = pl.DataFrame(
            list(dataset.sector_names.items()), schema=["Code", "Meaning"], orient="row"
        )
        sectors.write_excel(workbook, "What the letters mean", **options)
    return buffer.getvalue()
