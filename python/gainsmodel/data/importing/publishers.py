"""Files of statistical offices in layouts of their own: told by their headings, read or refused.

Eurostat's tables give areas of the UK up to 2020, in NUTS codes, of which the ITL codes are the
successors. Tables of Nomis have plain headings, so nothing needs to be changed in them.
"""

import re
from collections.abc import Iterable, Sequence

from gainsmodel.data.dataset import plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.sheets import Cell, Row, shown
from gainsmodel.errors import DataError

Sheets = dict[str, list[Row]]
UK_ONLY = (
    "gainsmodel is of the United Kingdom only: its areas, sectors and money are fixed "
    "(docs/explanation/uk-only.md)"
)
# Headings that only one publisher has, and who that is.
_REFUSED = {
    frozenset(("geofips", "geoname")): (
        "a table of the US Bureau of Economic Analysis (BEA), of states and counties of the United "
        "States in US dollars"
    ),
    frozenset(("country name", "country code", "indicator name")): (
        "a table of the World Bank, of countries as a whole"
    ),
}
# How far down headings of publishers are looked for.
_ROWS = 15
_TSV = re.compile(r"(?P<dimensions>[\w, ]+)\\(?:TIME_PERIOD|time)", re.IGNORECASE)
# What Eurostat's codes for units say, where their letters do not.
_UNITS = (
    (re.compile(r"MIO_(EUR|NAC|GBP)"), "{}, current prices"),
    (re.compile(r"PC_.*|PCH.*"), "{}: percentage"),
    (re.compile(r"I\d\d|.*_I\d\d"), "{}: index"),
    (re.compile(r".*_HAB.*"), "{}: per inhabitant"),
    (re.compile(r"THS.*|PER|EMP.*"), "{}: employment"),
)
_FLAGGED = re.compile(r"(-?\d[\d.]*(?:[eE][-+]?\d+)?) ?[a-z]*")


def as_published(sheets: Sheets, file: str) -> tuple[Sheets, list[str]]:
    """Put files of known publishers into plain tables, row for row.

    Parameters
    ----------
    sheets : dict
        Rows by sheet, as `sheets_of` gives them.
    file : str
        What the file is called in messages.

    Returns
    -------
    sheets, notes
        The same, with plain headings where a publisher was recognised; and what was recognised.

    Raises
    ------
    DataError
        If the file is of a publisher whose areas are not of the UK.
    """
    made: Sheets = {}
    notes: list[str] = []
    for sheet, rows in sheets.items():
        made[sheet] = rows
        for row in rows[:_ROWS]:
            headings = {plain(text) for text in map(text_of, row) if text}
            for wanted, publisher in _REFUSED.items():
                if wanted <= headings:
                    raise DataError(f"{file}: is {publisher}; {UK_ONLY}")
        first = [_raw(cell) for cell in rows[0]] if rows else []
        headings = set(map(plain, first))
        if match := _TSV.fullmatch(_line(first)[0].strip()):
            made[sheet], said = _eurostat_tsv(rows, match["dimensions"], file)
            notes += said
        elif {"obs value", "time period"} <= headings and headings & {"geo", "ref area"}:
            made[sheet], said = _sdmx(rows, file)
            notes += said
        elif any("nomis" in text_of(cell).casefold() for row in rows[:_ROWS] for cell in row) or (
            {"obs value", "geography code"} <= headings
        ):
            notes.append("recognised as a table from Nomis")
    return made, notes


class _Kept:
    """Which rows of a publisher's table are kept, and how many are not."""

    def __init__(self, publisher: str, file: str) -> None:
        self.publisher = publisher
        self.file = file
        self.kept = 0
        self.left_out: dict[str, int] = {}
        self.elsewhere: dict[str, int] = {}

    def row(self, dimensions: dict[str, str], figures: Iterable[Cell]) -> Row:
        """Area, sector, unit and figures of one row; nothing if it is none of GVA in the UK."""
        of = {key: code.partition(":")[0].strip() for key, code in dimensions.items()}
        area = of.get("geo") or of.get("ref area", "")
        if not re.match(r"(UK|TL)([A-Z]|$)", area) and area not in ("GBR", "GB"):
            self.elsewhere[area] = self.elsewhere.get(area, 0) + 1
            return ()
        for key, wanted in (("freq", ("A", "")), ("na item", ("B1G", ""))):
            if (code := of.get(key, "")) not in wanted:
                self.left_out[code] = self.left_out.get(code, 0) + 1
                return ()
        self.kept += 1
        sector = next((of[key] for key in ("nace r2", "activity", "nace") if key in of), "Total")
        # Eurostat counts owner-occupiers' imputed rent as real estate.
        sector = {"L": "L (68)", "TOTAL": "Total", "_T": "Total"}.get(sector, sector)
        unit = of.get("unit") or of.get("unit measure", "")
        unit = next((says.format(unit) for form, says in _UNITS if form.fullmatch(unit)), unit)
        area = {"GBR": "UK", "GB": "UK"}.get(area, area)
        area = "TLZ" if area.startswith("UKZ") else re.sub("^UK(?=.)", "TL", area)
        return (area, sector, unit, *figures)

    def notes(self) -> list[str]:
        """What was recognised and left out; refused if nothing is of the UK."""
        if not self.kept:
            some = ", ".join(shown(area) for area in list(self.elsewhere)[:5]) or "none"
            raise DataError(
                f"{self.file}: is a table from {self.publisher} with no annual GVA of areas of the "
                f"United Kingdom (it has {some}); {UK_ONLY}"
            )
        notes = [
            f"recognised as a table from {self.publisher}; its NUTS codes are read as the ITL "
            "codes that followed them"
        ]
        if self.elsewhere:
            notes.append(f"left out: rows of other countries ({sum(self.elsewhere.values()):,})")
        if self.left_out:
            listed = ", ".join(f"{shown(code)} ({n:,})" for code, n in self.left_out.items())
            notes.append(f"left out: rows of other measures or periods: {listed}")
        return notes


def _eurostat_tsv(rows: Sequence[Row], dimensions: str, file: str) -> tuple[list[Row], list[str]]:
    """Eurostat's tab-separated table: dimensions in one cell, a column a year."""
    kept = _Kept("Eurostat", file)
    names = [plain(name) for name in dimensions.split(",")]
    made: list[Row] = []
    for at, row in enumerate(rows):
        cells = _line([_raw(cell) for cell in row])
        if not at:
            made.append(("area", "sector", "unit", *(cell.strip() for cell in cells[1:])))
            continue
        codes = dict(zip(names, cells[0].split(","), strict=False))
        made.append(kept.row(codes, [_figure(cell) for cell in cells[1:]]))
    return made, kept.notes()


def _sdmx(rows: Sequence[Row], file: str) -> tuple[list[Row], list[str]]:
    """SDMX-CSV, as Eurostat and the OECD give it: one figure a row."""
    names = [plain(text_of(cell)) for cell in rows[0]]
    flow = " ".join(map(text_of, rows[1])) if len(rows) > 1 else ""
    kept = _Kept("the OECD" if "OECD" in flow else "Eurostat", file)
    made: list[Row] = [("area", "sector", "unit", "year", "scale", "value")]
    for row in rows[1:]:
        of = dict(zip(names, map(text_of, row), strict=False))
        power = of.get("unit mult", "").partition(":")[0].strip()
        scale = f"10^{power}" if power.isdigit() else ""
        figure = _figure(of.get("obs value", ""))
        made.append(
            kept.row(of, [of.get("time period", ""), scale, figure]) if any(of.values()) else ()
        )
    return made, kept.notes()


def _line(cells: list[str]) -> list[str]:
    """Cells of a line with tabs between columns, whichever separator was taken."""
    return ",".join(cells).split("\t") if any("\t" in cell for cell in cells) else cells or [""]


def _raw(cell: Cell) -> str:
    return cell if isinstance(cell, str) else text_of(cell)


def _figure(text: str) -> str:
    """A figure without its flag, such as p for provisional."""
    found = _FLAGGED.fullmatch(text.strip())
    return found[1] if found else text.strip() if text.strip()[:1] != ":" else ":"
