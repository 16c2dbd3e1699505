"""From tables in their layout to figures by area and sector, or what is wrong with each row."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gainsmodel.choices import Fill
from gainsmodel.data.dataset import Dataset, plain
from gainsmodel.data.importing.cells import is_filled, text_of
from gainsmodel.data.importing.changes import FORMER, MERGED, RECODED
from gainsmodel.data.importing.frames import frame, frames_of
from gainsmodel.data.importing.layout import PROBLEMS_SHOWN, ROLES, Table
from gainsmodel.data.importing.names import area_codes, near_area, nearest
from gainsmodel.data.importing.numbers import MISSING, parsed
from gainsmodel.data.importing.sector_labels import sector_label
from gainsmodel.data.importing.sheets import Cell, shown
from gainsmodel.data.importing.table_units import unit_cells
from gainsmodel.data.importing.totals import ITL_CODE, LISTED, TOTALS, Compared, Figure, wider_areas
from gainsmodel.data.importing.years import year_of
from gainsmodel.data.shipped_tables import BASE_YEAR, OWN, SECTORS
from gainsmodel.errors import DataError

# ITL levels by the length of their codes.
LEVEL_OF_LENGTH = {3: "itl1", 4: "itl2", 5: "itl3"}
# Codes of the Office for National Statistics.
OFFICIAL = re.compile(r"[EKNSW]\d{8}|TL[A-Z][\dA-Z]{0,2}")


# Rows in which a column that is not used is searched for a figure.
LOOKED_AT = 5_000
# Columns of numbers that count or name rows, and measure nothing.
_LABELS = re.compile(
    r"(.* )?(sort ?order|type ?code|type|record offset|record count|id|obs status.*|flags?|key|urn|"
    r"date code|measures code|industry code|geography code|row|number|no|last update)"
)

# Not a figure, and said so already.
_WRONG: Any = object()


@dataclass
class Rows:
    """Rows of tables on their way to a dataset; collects what is wrong with them."""

    tables: list[Table]
    built_in: Dataset
    year: int | None
    fill: Fill | None
    # Whether the built-in figures are figures of these areas, and no mere yardstick.
    measured: bool = True
    # The one that is being read.
    table: Table = field(init=False)
    problems: list[str] = field(default_factory=list)
    found: dict[tuple[str, str], Figure] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    # Headings of columns with figures that are not used, by table.
    unused: dict[str, list[str]] = field(default_factory=dict)
    several_years: bool = False
    read_year: int | None = None
    unknown: dict[str, str] = field(default_factory=dict)
    # Where an area is first named, and what its total is said to be.
    places: dict[str, str] = field(default_factory=dict)
    totals: dict[str, Figure] = field(default_factory=dict)
    agreeing: int = 0
    compared: Compared = field(default_factory=Compared)
    # Levels of areas that were left out.
    other_levels: set[str] = field(default_factory=set)
    # Totals of wider areas, and areas under another code.
    wider: dict[str, dict[str, Figure]] = field(default_factory=dict)
    recoded: dict[str, str] = field(default_factory=dict)
    contradicted: set[tuple[str, str]] = field(default_factory=set)
    # Figures of former districts: authority, then sector, then district.
    districts: dict[str, dict[str, dict[str, Figure]]] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """What the areas are called in messages."""
        own = self.built_in.geography == OWN
        return str(self.built_in.own_name) if own else self.built_in.geography

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

    def _left_out(self, name: str) -> None:
        self.left_out[name] = self.left_out.get(name, 0) + 1

    # ------------------------------------------------------------ rows

    def _cell(self, row: int, column: int) -> Cell:
        cells = self.table.rows[row]
        return cells[column] if column < len(cells) else None

    def _read_rows(self) -> None:
        table = self.table
        body = range(table.heading + 1, len(table.rows))
        area = self._best(
            table.areas, body, lambda text: bool(self._area(text) or ITL_CODE.fullmatch(text))
        )
        partner = self._partner(area, body)
        sector = None if table.layout == "wide" else self._best(table.sectors, body, _is_sector)
        self._note_unused()
        last_area = ""
        for row in body:
            if row in table.unit.unit_rows:
                continue
            texts = {column: text_of(self._cell(row, column)) for column in table.figures}
            spoken = text_of(self._cell(row, area))
            industry = "" if sector is None else text_of(self._cell(row, sector))
            empty = not any(texts.values())
            if empty and not industry:
                if is_filled(table.rows[row]) and (not spoken or self._area(spoken) is None):
                    self._left_out("notes")
                elif spoken and table.layout == "wide":
                    self.places.setdefault(self._area(spoken) or "", self._place(row))
                continue
            # A merged cell is filled in its first row only.
            last_area = spoken or last_area
            spoken = last_area if industry else spoken
            if not self._is_of_year(row):
                continue
            if not empty and table.unit.factors.get(unit_cells(table, row)) is None:
                continue
            if not spoken:
                filled = [text for text in map(text_of, table.rows[row]) if text]
                if len(filled) == 1 and parsed(filled[0]) is None:
                    self._left_out("notes")
                else:
                    self._problem("has a figure but no area", row, area)
                continue
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
        other = self._other_level(spoken)
        if plain(spoken) in TOTALS or other or (not self._area(spoken) and self._is_wider(spoken)):
            self._left_out("areas of other levels")
            self.other_levels |= {other} - {""}
            self._keep_total(row, sector, spoken, industry)
            return
        code = self._area(spoken) or self._renamed(spoken, row, partner)
        district = "" if code else self._former(spoken, row, area, partner)
        if district is None:
            return
        if code is None:
            code = FORMER[district][1]
        elif partner is not None and not self._agrees(code, row, partner):
            return
        if spoken in RECODED:
            self.recoded[code] = spoken
        self.places.setdefault(code, self._place(row))
        for column, heading in self.table.figures.items():
            said = self.table.headings[column] if sector is None else industry
            label = heading if sector is None else sector_label(said)
            if label is None:
                if (industry, "") in self.contradicted:
                    continue
                self.contradicted.add((industry, ""))
                near = nearest(industry, [*SECTORS, *self.built_in.sector_names.values()])
                self._problem(
                    f"{shown(industry)} is not a sector{near}; there are: {', '.join(SECTORS)}",
                    *(row, sector),
                )
                continue
            if label[:1].isdigit() and label not in ("68", "68IMP"):
                self._left_out("industries within sectors")
                continue
            value = self._number(row, column)
            if value is _WRONG:
                continue
            place, text = self._place(row, column), text_of(self._cell(row, column))
            figure = Figure(value, place, text, label == "L" and "(68)" in said)
            if district:
                self._add(code, district, label, figure)
                continue
            if not label:
                self.totals.setdefault(code, figure)
                continue
            before = self.found.setdefault((code, label), figure)
            if before is not figure:
                name = f"{self._name(code)}, sector {label}"
                self._problem(f"{name} is given a second time after {before.place}", row, column)

    def _is_of_year(self, row: int) -> bool:
        column = self.table.year
        if column is None or self.table.layout == "years":
            return True
        said = text_of(self._cell(row, column))
        if year_of(said) is None:
            self._problem(f"{shown(said)} is not a calendar year, such as {BASE_YEAR}", row, column)
        return year_of(said) == self.read_year

    def _best(self, columns: list[int], body: range, fits: Callable[[str], bool]) -> int:
        """Of several columns that may name areas (or sectors), the one with the most known."""

        spoken = {c: {text_of(self._cell(row, c)) for row in body} - {""} for c in columns}
        # A column of the regions that areas lie in has fewer names than that of the areas.
        most = max(len(names) for names in spoken.values())

        def known(column: int) -> tuple[bool, int, bool]:
            names = spoken[column]
            code = "code" in plain(self.table.headings[column])
            return len(names) * 2 >= most, sum(fits(name) for name in names), code

        return max(columns, key=known)

    def _partner(self, area: int, body: range) -> int | None:
        """Find the column that names the same areas in the other way, code or name."""

        def stem(column: int) -> str:
            return re.sub(r" ?(code|cd|id|name|nm)$", "", plain(self.table.headings[column]))

        def agreeing(column: int) -> tuple[int, bool]:
            pairs = {(text_of(self._cell(r, area)), text_of(self._cell(r, column))) for r in body}
            same = sum(self._area(a) == self._area(b) for a, b in pairs if self._area(a))
            return same, stem(column) == stem(area)

        others = [c for c in self.table.areas if c != area]
        best = max(others, key=agreeing, default=None)
        return best if best is not None and any(agreeing(best)) else None

    def _agrees(self, code: str, row: int, partner: int) -> bool:
        other = text_of(self._cell(row, partner))
        said = self._area(other) if other else code
        is_code = re.search(r"\b(code|cd|id)$", plain(self.table.headings[partner]))
        # A name may be written in many ways, a code in one.
        if said == code or (said is None and not is_code):
            if other in RECODED:
                self.recoded[code] = other
            return True
        if said is None and OFFICIAL.fullmatch(other) and not self._known_elsewhere(other):
            self.recoded[code] = other
            return True
        # Said once for all rows of an area.
        if (code, other) not in self.contradicted:
            self.contradicted.add((code, other))
            self._problem(
                f"{shown(other)} is not {self._name(code)} ({code}), as the other column says",
                row,
                partner,
            )
        return False

    def _area(self, spoken: str) -> str | None:
        """Give the code of a single area, None if there is none called that."""
        known = area_codes(self.built_in)
        return known.get(plain(spoken)) or known.get(plain(RECODED.get(spoken, "")))

    def _renamed(self, spoken: str, row: int, partner: int | None) -> str | None:
        """Give the area named with a code that no list of areas here has, as a new edition may."""
        beside = "" if partner is None else text_of(self._cell(row, partner))
        code = self._area(beside) if beside else None
        if code is None or not OFFICIAL.fullmatch(spoken) or self._known_elsewhere(spoken):
            return None
        self.recoded[code] = spoken
        return code

    @staticmethod
    def _known_elsewhere(code: str) -> bool:
        """Whether a code is that of another area, so that the name with it is a contradiction."""
        lists = (area_codes(frame(name)) for name in frames_of(None))
        return plain(code) in FORMER or any(plain(code) in known for known in lists)

    def _keep_total(self, row: int, sector: int | None, spoken: str, industry: str) -> None:
        """Keep the figures of a wider area, to be held against the areas in it."""
        for column, heading in self.table.figures.items():
            label = heading if sector is None else sector_label(industry)
            if label is None or (sector is not None and not _is_sector(industry)):
                continue
            value = self._number(row, column)
            if value is not _WRONG:
                figure = Figure(value, self._place(row, column), "")
                before = self.wider.setdefault(spoken, {}).setdefault(label, figure)
                if before.value != figure.value and plain(spoken) not in LISTED:
                    name = f"{spoken}, sector {label}" if label else f"the total of {spoken}"
                    self._problem(
                        f"{name}, is given a second time after {before.place}", row, column
                    )

    def _is_wider(self, spoken: str) -> bool:
        """Whether it is a wider area of these data, such as a region of local authorities."""
        return bool(self.built_in.wider) and plain(spoken) in wider_areas(self.built_in)

    def _note_unused(self) -> None:
        """Keep the headings of columns that hold figures and are not read."""
        table = self.table
        used = {*table.areas, *table.sectors, *table.figures, *table.units, table.year}
        width = max(map(len, table.rows[table.heading :]))
        body = range(table.heading + 1, min(len(table.rows), table.heading + LOOKED_AT))
        for column in range(width):
            heading = table.headings[column] if column < len(table.headings) else ""
            if (
                column in used
                or ROLES["year"].fullmatch(plain(heading))
                or _LABELS.fullmatch(plain(heading))
                or (table.layout == "years" and year_of(heading) is not None)
            ):
                continue
            cells = (self._cell(row, column) for row in body)
            if any(isinstance(cell, float) or parsed(text_of(cell)) is not None for cell in cells):
                said = shown(heading) if heading else f"column {column + 1} (no heading)"
                listed = self.unused.setdefault(table.place, [])
                listed += [said] if said not in listed else []

    def _other_level(self, spoken: str) -> str:
        """Say of which other ITL level a code is; "" if it is none or of the level that is read."""
        lengths = {len(c) for c in self.built_in.areas["area_code"] if ITL_CODE.fullmatch(c)}
        if not ITL_CODE.fullmatch(spoken) or len(spoken) in lengths:
            return ""
        return LEVEL_OF_LENGTH[len(spoken)]

    # ------------------------------------------------------------ former districts

    def _former(self, spoken: str, row: int, area: int, partner: int | None) -> str | None:
        """Give a district that an authority was made of; None if it is none, which is said."""
        found = FORMER.get(plain(spoken))
        if found is None or found[1] not in area_codes(self.built_in).values():
            self.unknown.setdefault(spoken, self._place(row, area))
            return None
        beside = "" if partner is None else text_of(self._cell(row, partner))
        if beside and FORMER.get(plain(beside), found) != found:
            self._problem(
                f"{shown(beside)} is not {shown(spoken)}, as the other column says", row, partner
            )
            return None
        return plain(found[0])

    def _add(self, code: str, district: str, label: str, figure: Figure) -> None:
        """Keep a district's figure for the sum."""
        of_sector = self.districts.setdefault(code, {}).setdefault(label, {})
        before = of_sector.setdefault(district, figure)
        if before is not figure:
            name = MERGED[code][district.upper()]
            self.problems.append(
                f"{figure.place}: {name}, sector {label or 'total'} is given a second time "
                f"after {before.place}"
            )

    def _join_districts(self) -> None:
        """Add up the districts that authorities were made of."""
        for code, sectors in self.districts.items():
            wanted = {plain(district): name for district, name in MERGED[code].items()}
            for label, figures in sectors.items():
                lacking = [name for district, name in wanted.items() if district not in figures]
                first = next(iter(figures.values()))
                where = f"{self._name(code)}, made of {', '.join(wanted.values())}"
                if lacking:
                    self.problems.append(
                        f"{first.place}: {where}: no {label or 'total'} of {', '.join(lacking)}"
                    )
                    continue
                values = [figure.value for figure in figures.values()]
                gap = next((f for f in figures.values() if f.value is None), first)
                total = None if None in values else math.fsum(v or 0.0 for v in values)
                figure = Figure(total, gap.place, gap.shown, first.with_rent)
                if not label:
                    self.totals.setdefault(code, figure)
                elif self.found.setdefault((code, label), figure) is not figure:
                    self.problems.append(f"{first.place}: {where}, is given as a whole too")

    def _name(self, code: str) -> str:
        names = dict(self.built_in.areas.select("area_code", "area_name").iter_rows())
        return str(names[code])

    def _say_what_is_unknown(self) -> None:
        """One problem for each unknown area; one more if another geography knows them."""
        if not self.unknown:
            return
        geography = self.called
        theirs: dict[str, int] = {}
        for name in frames_of(None):
            known = area_codes(frame(name)) if frame(name) is not self.built_in else {}
            level = name.partition("_20")[0]
            count = sum(plain(spoken) in known for spoken in self.unknown)
            theirs[level] = max(theirs.get(level, 0), count)
        other = max(theirs, key=theirs.__getitem__)
        lines = []
        if len(self.unknown) > 2 and theirs[other] * 2 > len(self.unknown):
            lines.append(
                f"{self._place()}: {theirs[other]} of the {len(self.unknown)} areas that are not "
                f"known are of the {other} geography; read it with geography={other!r} "
                "(--geography)"
            )
        elif not self.found:
            lines.append(
                f"{self._place()}: none of its areas is known; names= (--names) says what they are "
                "called here, areas= (--areas) describes areas of your own"
            )
        for n, (spoken, place) in enumerate(self.unknown.items()):
            said = f"{place}: {shown(spoken)} is not an area of the {geography} geography"
            # Likenesses of thousands of names would take minutes.
            near = n < PROBLEMS_SHOWN and theirs[other] < len(self.unknown)
            lines.append(said + (near_area(self.built_in, spoken) if near else ""))
        self.problems = lines + self.problems

    def _number(self, row: int, column: int) -> Any:
        """Read a figure; None if the publisher left it out."""
        cell = self._cell(row, column)
        text = text_of(cell)
        if text.casefold() in MISSING:
            return None
        value = cell if isinstance(cell, float) else parsed(text)
        if value is None:
            decimal = re.fullmatch(r"\d+,\d+", text) is not None
            hint = "; a decimal point is wanted, not a comma" if decimal else ""
            self._problem(f"{shown(text)} is not a number of £m{hint}", row, column)
            return _WRONG
        if math.isnan(value):
            return None
        factor = self.table.unit.factors.get(unit_cells(self.table, row))
        # Not multiplied by 1, so that nothing can move.
        value = value if factor in (None, 1.0) else value * factor
        if not 0 <= value <= 1e9:
            said = f"{value:g}" if math.isfinite(value) else "infinite"
            self._problem(f"GVA must be from 0 to 1,000,000,000 £m, not {said}", row, column)
            return _WRONG
        # −0 would differ from 0 in the hash.
        return value + 0.0


def _is_sector(text: str) -> bool:
    """Whether a text is a sector and no mere number, as of a row, that may be a division."""
    label = sector_label(text)
    return label is not None and (not label[:1].isdigit() or label in ("68", "68IMP"))
