"""From tables in their layout to GVA of every area and sector, or everything wrong with them."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gainsmodel.data.changes import FORMER, MERGED, RECODED
from gainsmodel.data.dataset import (
    BASE_YEAR,
    OWN,
    SECTORS,
    Dataset,
    plain,
)
from gainsmodel.data.frames import frame, frames_of
from gainsmodel.data.layout import (
    ALL_SECTORS,
    PROBLEMS_SHOWN,
    Table,
    is_filled,
    sector_label,
    text_of,
    year_of,
)
from gainsmodel.data.names import area_codes, near_area, nearest
from gainsmodel.data.sheets import Cell, shown
from gainsmodel.errors import DataError

Fill = Literal["built_in"]
Cells = tuple[tuple[str, str], ...]

# A table in another unit is off by a thousand; nobody's own estimate is off by fifty.
MOST_TIMES_BUILT_IN = 50.0
# With imputed rent, real estate is some four times as large.
MOST_TIMES_RENT = 2.0
# Every published figure is rounded to £1m.
ROUNDING_GBP_M = 15.0

MISSING = frozenset(
    (
        *("", "-", "–", "—", ".", "..", "...", "…", ":", "*", "!", "c", "x", "z", "n/a", "na"),
        *("#n/a", "[c]", "[x]", "[z]", "[w]", "[u]", "[low]", "(c)", "null", "none", "nan"),
    )
)
# Rows that add up others.
TOTALS = frozenset(
    (
        *("uk", "ukx", "k02000001", "united kingdom", "uk less extra regio", "extra regio", "tlz"),
        *("england", "e92000001", "tlb", "great britain", "gb", "k03000001", "england and wales"),
        *("total", "grand total", "all areas", "sum"),
    )
)
# Areas of the publisher's levels, by the length of their codes.
ITL_CODE = re.compile(r"TL[A-Z][\dA-Z]{0,2}")
LEVEL_OF_LENGTH = {3: "itl1", 4: "itl2", 5: "itl3"}
# Ways to make up a sector where a table has finer rows; the first that is there is taken. The
# publisher's L holds imputed rent (68IMP), its 68 does not.
PARTS = {"AB": ("A", "B"), "DE": ("D", "E")}


# Not a figure, and said so already.
_WRONG: Any = object()


@dataclass
class _Figure:
    value: float | None
    place: str
    shown: str
    # The publisher's "L (68)", which holds imputed rent.
    with_rent: bool = False


@dataclass
class Reading:
    """Tables on their way to a dataset; collects what is wrong with them."""

    tables: list[Table]
    built_in: Dataset
    year: int | None
    fill: Fill | None
    problems: list[str] = field(default_factory=list)
    found: dict[tuple[str, str], _Figure] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    several_years: bool = False
    read_year: int | None = None
    unknown: dict[str, str] = field(default_factory=dict)
    # Where an area is first named, and what its total is said to be.
    places: dict[str, str] = field(default_factory=dict)
    totals: dict[str, _Figure] = field(default_factory=dict)
    agreeing: int = 0
    # Levels of areas that were left out.
    other_levels: set[str] = field(default_factory=set)
    # Figures of former districts: authority, then sector, then district.
    districts: dict[str, dict[str, dict[str, _Figure]]] = field(default_factory=dict)

    def figures(self, file: str) -> tuple[NDArray[np.float64], list[str], Cells]:
        """Read every row, or raise with all problems.

        Returns
        -------
        gva_gbp_m : ndarray
            Shape (areas, sectors), £m at current prices of the base year.
        notes : list of str
            What was read and done, in plain words.
        built_in_cells : tuple
            (area code, sector) of figures that were kept as built in.
        """
        years = set()
        for table in self.tables:
            self.table = table
            self.read_year = self._choose_year()
            years.add(self.read_year)
            self._read_rows()
        if len(years) > 1:
            listed = ", ".join(str(year or "no year") for year in sorted(years, key=str))
            raise DataError(f"{file}: figures are not all of one year: {listed}")
        self._join_districts()
        self._say_what_is_unknown()
        self._raise()
        if not self.found:
            levels = " and ".join(sorted(self.other_levels))
            raise DataError(
                f"{self.table.place}: no rows of figures below the headings"
                + (f" are of {self.called}; there are some of {levels}" if levels else "")
            )
        own, kept = self._cells()
        self._raise()
        return self._made(file, own, kept)

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

    def _left_out(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1

    # ------------------------------------------------------------ years

    def _choose_year(self) -> int | None:
        table = self.table
        years: set[int] = set()
        if table.layout == "years":
            years = {int(year) for year in table.figures.values()}
        elif table.year is not None:
            body = range(table.heading + 1, len(table.rows))
            years = {y for row in body if (y := year_of(text_of(self._cell(row, table.year))))}
        if not years:
            return self.year
        several = len(years) > 1
        self.several_years |= several
        listed = f"{min(years)} to {max(years)}" if several else str(min(years))
        if self.year is not None and self.year not in years:
            raise DataError(f"{table.place}: has no figures of {self.year}; there are: {listed}")
        chosen = self.year or (BASE_YEAR if BASE_YEAR in years else min(years))
        if several and chosen not in (self.year, BASE_YEAR):
            raise DataError(
                f"{table.place}: has figures of {listed}, none of {BASE_YEAR}; "
                "say which year is meant with year= (--year)"
            )
        known = self.built_in.economy["year"].to_list()
        if chosen not in known:
            raise DataError(
                f"{table.place}: figures are of {chosen}; they can be used from "
                f"{known[0]} to {known[-1]}"
            )
        if table.layout == "years":
            table.figures = {i: y for i, y in table.figures.items() if int(y) == chosen}
            if len(table.figures) > 1:
                raise DataError(f"{table.place}: {chosen} heads more than one column")
        return chosen

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
        partner = self._partner(area)
        sector = (
            None
            if table.layout == "wide"
            else self._best(table.sectors, body, lambda text: sector_label(text) is not None)
        )
        last_area = ""
        for row in body:
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
            if not spoken:
                filled = [text for text in map(text_of, table.rows[row]) if text]
                if len(filled) == 1 and _parsed(filled[0]) is None:
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
        if plain(spoken) in TOTALS or other:
            self._left_out("areas of other levels")
            self.other_levels |= {other} - {""}
            return
        code = self._area(spoken)
        district = "" if code else self._former(spoken, row, area, partner)
        if district is None:
            return
        if code is None:
            code = FORMER[district][1]
        elif partner is not None and not self._agrees(code, row, partner):
            return
        self.places.setdefault(code, self._place(row))
        for column, heading in self.table.figures.items():
            said = self.table.headings[column] if sector is None else industry
            label = heading if sector is None else sector_label(said)
            if label is None:
                near = nearest(industry, [*SECTORS, *self.built_in.sector_names.values()])
                self._problem(
                    f"{shown(industry)} is no sector{near}; there are: {', '.join(SECTORS)}",
                    *(row, sector),
                )
                continue
            finer = label[:1].isdigit() and label not in ("68", "68IMP")
            if finer or (not label and plain(said) not in ALL_SECTORS):
                continue
            value = self._number(row, column)
            if value is _WRONG:
                continue
            place, text = self._place(row, column), text_of(self._cell(row, column))
            figure = _Figure(value, place, text, label == "L" and "(68)" in said)
            if district:
                self._add(code, district, label, figure)
                continue
            if not label:
                self.totals.setdefault(code, figure)
                continue
            before = self.found.setdefault((code, label), figure)
            if before is not figure:
                name = f"{self._name(code)}, sector {label}"
                self._problem(
                    f"{name} stands there a second time after {before.place}", row, column
                )

    def _is_of_year(self, row: int) -> bool:
        column = self.table.year
        if column is None or self.table.layout == "years":
            return True
        said = text_of(self._cell(row, column))
        if year_of(said) is None:
            self._problem(f"{shown(said)} is no year, such as {BASE_YEAR}", row, column)
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

    def _partner(self, area: int) -> int | None:
        """Find the column that names the same areas in the other way, code or name."""

        def stem(column: int) -> str:
            return re.sub(r" ?(code|cd|id|name|nm)$", "", plain(self.table.headings[column]))

        others = [c for c in self.table.areas if c != area and stem(c) == stem(area)]
        return others[0] if others else None

    def _agrees(self, code: str, row: int, partner: int) -> bool:
        other = text_of(self._cell(row, partner))
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
        known = area_codes(self.built_in)
        return known.get(plain(spoken)) or known.get(plain(RECODED.get(spoken, "")))

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
            self._problem(f"{shown(beside)} is not {shown(spoken)}, as beside it", row, partner)
            return None
        return plain(found[0])

    def _add(self, code: str, district: str, label: str, figure: _Figure) -> None:
        """Keep a district's figure for the sum."""
        of_sector = self.districts.setdefault(code, {}).setdefault(label, {})
        before = of_sector.setdefault(district, figure)
        if before is not figure:
            name = MERGED[code][district.upper()]
            self.problems.append(
                f"{figure.place}: {name}, sector {label or 'total'} stands there a second time "
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
                figure = _Figure(total, gap.place, gap.shown, first.with_rent)
                held = self.found if label else None
                if held is None:
                    self.totals.setdefault(code, figure)
                elif held.setdefault((code, label), figure) is not figure:
                    self.problems.append(f"{first.place}: {where}, stands there as a whole too")

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
        for n, (spoken, place) in enumerate(self.unknown.items()):
            said = f"{place}: {shown(spoken)} is no area of the {geography} geography"
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
                place = self.places.get(code, self._place())
                gaps.append(f"{place}: no figures for {self._name(code)} ({code})")
            else:
                gaps += [self._gap(code, sector) for sector in missing]
            if not missing and not sum(v or 0.0 for v in values.values()):
                self.problems.append(
                    f"{self.places[code]}: every figure of {self._name(code)} is 0"
                )
            self._compare_total(code, values)
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
                return None if self._holds_rent(code) else whole
            if imputed.value is None:
                return None
            if imputed.value > whole:
                self.problems.append(f"{imputed.place}: imputed rent is above the whole of L")
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
        place, marker = self.places.get(code, self._place()), ""
        if figure is not None:
            place = figure.place
            marker = f" ({shown(figure.shown)})" if figure.shown else ""
            marker = marker if figure.value is None else " without imputed rent (68IMP is missing)"
        return f"{place}: no figure for {self._name(code)}, sector {sector}{marker}"

    def _holds_rent(self, code: str) -> bool:
        figure = self.found.get((code, "L"))
        return figure is not None and figure.with_rent

    def _compare_total(self, code: str, values: dict[str, float | None]) -> None:
        """Hold an area's own total against the sum of its sectors."""
        total = self.totals.get(code)
        whole, bare, rent = (self.found.get((code, label)) for label in ("L", "68", "68IMP"))
        parts = [v for s, v in values.items() if s != "L"]
        parts += [None if p is None else p.value for p in ([whole] if whole else [bare, rent])]
        if total is None or total.value is None or None in parts:
            return
        added = math.fsum(part or 0.0 for part in parts)
        if abs(added - total.value) <= ROUNDING_GBP_M + 1e-3 * total.value:
            self.agreeing += 1
            return
        self.problems.append(
            f"{total.place}: the total of {self._name(code)} is £{total.value:,.0f}m, its sectors "
            f"add up to £{added:,.0f}m"
        )

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
        let = [(code, s) for code, s in own if s == "L"]
        mine = sum(own[cell] for cell in let)
        theirs = sum(self.built_in.gva_gbp_m[position[code], SECTORS.index(s)] for code, s in let)
        if mine > MOST_TIMES_RENT * theirs:
            self._problem(
                f"real estate (L) adds up to £{mine:,.0f}m, the built-in figures to "
                f"£{theirs:,.0f}m; it must be without owner-occupiers' imputed rent"
            )

    # ------------------------------------------------------------ the dataset

    def _made(
        self, file: str, own: dict[tuple[str, str], float], kept: list[tuple[str, str]]
    ) -> tuple[NDArray[np.float64], list[str], Cells]:
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
        return gva, self._notes(file, gva, own, kept, growth), tuple(kept)

    def _notes(
        self,
        file: str,
        gva: NDArray[np.float64],
        own: dict[tuple[str, str], float],
        kept: list[tuple[str, str]],
        growth: float,
    ) -> list[str]:
        built_in = self.built_in
        before, now = float(built_in.gva_gbp_m.sum()), float(gva.sum())
        change = now / before - 1
        against = f"{abs(change):.1%} {'above' if change > 0 else 'below'}"
        against = "as" if round(abs(change), 3) == 0 else against
        areas, sectors = ({key[i] for key in own} for i in (0, 1))
        where = file
        if len(self.tables) == 1:
            where = f"{self.table.place}, headings in row {self.table.heading + 1}"
        size = f"{_count(len(areas), 'area')} × {_count(len(sectors), 'sector')}"
        notes = [
            f"{size} from {where}: £{now / 1e3:,.0f}bn, {against} the built-in {BASE_YEAR} figures"
        ]
        if self.read_year is None:
            notes.append(f"the table says no year: taken as figures of {BASE_YEAR}")
        elif growth != 1.0:
            notes.append(
                f"figures of {self.read_year}, carried to {BASE_YEAR} by UK growth in "
                f"current-price GVA, × {growth:.4f} in every cell"
            )
        elif self.several_years:
            notes.append(f"figures of {self.read_year}; other years are left out")
        if built_in.geography == OWN:
            notes.append(
                f"areas: {self.called}; their residents, coverage and places are put together "
                "from those of local authorities"
            )
        notes += [f"left out: rows of {what} ({n:,})" for what, n in sorted(self.left_out.items())]
        if self.other_levels:
            notes.append(
                f"areas of {' and '.join(sorted(self.other_levels))} are there too: read them with "
                "geography= (--geography)"
            )
        notes += [
            f"{self._name(code)}: added up from {', '.join(MERGED[code].values())}"
            for code in self.districts
        ]
        if self.agreeing:
            notes.append(
                f"own totals of {_count(self.agreeing, 'area')} agree with the sums of sectors"
            )
        if kept:
            cells = ", ".join(f"{self._name(code)} {sector}" for code, sector in kept[:10])
            more = f" and {len(kept) - 10:,} more" if len(kept) > 10 else ""
            notes.append(f"built-in figures kept in {_count(len(kept), 'cell')}: {cells}{more}")
        digital = zip(built_in.areas["area_name"], gva[:, SECTORS.index("J")], strict=True)
        silent = [name for name, value in digital if not value]
        if silent:
            notes.append(
                f"check: sector J is 0 in {', '.join(silent[:5])}; readiness needs it above 0, "
                "or its weight digital_sector_share at 0"
            )
        return notes


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
