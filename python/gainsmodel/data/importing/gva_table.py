"""From figures by area and sector to GVA of every cell, or everything wrong with them."""

import math
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gainsmodel.data.checks import MOST_TIMES_BUILT_IN, MOST_TIMES_RENT
from gainsmodel.data.dataset import load_dataset
from gainsmodel.data.importing.branches import Split, said_of, split_groups
from gainsmodel.data.importing.changes import MERGED
from gainsmodel.data.importing.sector_labels import sections_of
from gainsmodel.data.importing.sheets import shown
from gainsmodel.data.importing.table_rows import Rows
from gainsmodel.data.importing.table_years import choose_year
from gainsmodel.data.importing.totals import Figure, apart, compare_wider
from gainsmodel.data.importing.years import years_in_titles
from gainsmodel.data.shipped_tables import BASE_YEAR, OWN, SECTORS
from gainsmodel.errors import DataError

Cells = tuple[tuple[str, str], ...]
# Ways to make up a sector where a table has finer rows; the first that is there is taken. The
# publisher's L holds imputed rent (68IMP), its 68 does not.
PARTS = {"AB": ("A", "B"), "DE": ("D", "E")}


@dataclass
class Reading(Rows):
    """Tables on their way to a dataset; collects what is wrong with them."""

    # Groups of sections that were split, each with the number of areas.
    splits: dict[Split, int] = field(default_factory=dict)
    # Sums of an area's sectors, as its own total would have them.
    sums: dict[str, float] = field(default_factory=dict)

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
            known = self.built_in.economy["year"].to_list()
            self.read_year, several = choose_year(table, self.year, known)
            self.several_years |= several
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

    # ------------------------------------------------------------ cells

    def _cells(self) -> tuple[dict[tuple[str, str], float], list[tuple[str, str]]]:
        """Make up the 18 sectors of every area; what the built-in data must fill."""
        own: dict[tuple[str, str], float] = {}
        kept, gaps, complete = [], [], 0
        figures: dict[str, dict[str, Figure]] = {}
        for (code, label), figure in self.found.items():
            figures.setdefault(code, {})[label] = figure
        for code in self.built_in.areas["area_code"]:
            values = {sector: self._made_up(code, sector) for sector in SECTORS}
            self._split(code, values, figures.get(code, {}))
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
        self._compare_wider(own)
        self._refuse_empty_sectors(own)
        if gaps and (self.fill is None or not own):
            self.problems += gaps
            count = self.built_in.areas.height
            self._raise(
                f"{complete} of {count} areas are complete; fill='built_in' (--fill-built-in) "
                "keeps the built-in figures for the rest"
            )
        self._plausible(own)
        return own, kept

    def _split(
        self, code: str, values: dict[str, float | None], figures: dict[str, Figure]
    ) -> None:
        """Fill in what the table has only together with other sectors."""
        if not any(map(sections_of, figures)):
            return
        own = self.built_in.gva_gbp_m[self.built_in.areas["area_code"].to_list().index(code)]
        uk = load_dataset("itl1").gva_gbp_m.sum(axis=0)
        shares, national = (dict(zip(SECTORS, row.tolist(), strict=True)) for row in (own, uk))
        found, splits, problems = split_groups(values, figures, shares, national)
        values |= found
        self.problems += problems
        for split in splits:
            self.splits[split] = self.splits.get(split, 0) + 1

    def _compare_wider(self, own: dict[tuple[str, str], float]) -> None:
        """Hold what the table says of wider areas against the sums of its areas."""
        known: dict[str, dict[str, float]] = {}
        for (code, sector), value in own.items():
            # Real estate is compared as the table has it, with imputed rent or without.
            if sector != "L":
                known.setdefault(sector, {})[code] = value
        for (code, label), figure in self.found.items():
            if figure.value is not None:
                known.setdefault(label, {})[code] = figure.value
        known[""] = {c: f.value for c, f in self.totals.items() if f.value is not None}
        known[""] = self.sums | known[""]
        # Of several files each may have a total of its own areas.
        listed = list(dict.fromkeys(code for code, _ in self.found))
        listed = listed if len(self.tables) == 1 else []
        self.compared = compare_wider(self.wider, known, self.built_in, listed)
        self.problems += self.compared.problems

    def _refuse_empty_sectors(self, own: dict[tuple[str, str], float]) -> None:
        for sector in SECTORS:
            column = [value for (_, s), value in own.items() if s == sector]
            if len(column) == self.built_in.areas.height > 1 and not any(column):
                self._problem(
                    f"every figure of sector {sector} ({self.built_in.sector_names[sector]}) is 0; "
                    "leave its cells empty to keep the built-in figures with fill='built_in' "
                    "(--fill-built-in)"
                )

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
        if None in parts:
            return
        self.sums[code] = math.fsum(part or 0.0 for part in parts)
        if total is None or total.value is None:
            return
        added = self.sums[code]
        if not apart(added, total.value):
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
            where = next((table.unit.where for table in self.tables if table.unit.where), "")
            place = where or self._place()
            self.problems.append(
                f"{place}{'; figures must be in £m: ' if where else ': '}"
                f"the figures add up to £{total:,.0f}m, the built-in ones to £{beside:,.0f}m"
                f"{'' if where else '; figures must be in £m'}"
            )
            return
        let = [(code, s) for code, s in own if s == "L"]
        mine = sum(own[cell] for cell in let)
        theirs = sum(self.built_in.gva_gbp_m[position[code], SECTORS.index(s)] for code, s in let)
        if self.measured and mine > MOST_TIMES_RENT * theirs:
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
        mine = sum(own.values()) * growth
        where = file
        if len(self.tables) == 1:
            where = f"{self.table.place}, headings in row {self.table.heading + 1}"
        size = f"{_count(len(areas), 'area')} × {_count(len(sectors), 'sector')}"
        said = f"{size} from {where}: £{now / 1e3:,.0f}bn"
        if self.measured:
            said += f", {against} the built-in {BASE_YEAR} figures"
        if kept:
            said += f", £{mine / 1e3:,.1f}bn of it from the table"
        notes = [said]
        if self.read_year is None:
            named = years_in_titles([re.sub(r"[-.]", " ", file)]) - {BASE_YEAR}
            notes.append(
                f"the table says no year: taken as figures of {BASE_YEAR}"
                + (f"; check, as its name has {min(named)}" if named else "")
            )
        elif growth != 1.0:
            notes.append(
                f"figures of {self.read_year}, carried to {BASE_YEAR} by UK growth in "
                f"current-price GVA, × {growth:.4f} in every cell"
            )
        elif self.several_years:
            notes.append(f"figures of {self.read_year}; other years are left out")
        if built_in.geography == OWN and self.measured:
            notes.append(
                f"areas: {self.called}; their residents, coverage and places are put together "
                "from those of local authorities"
            )
        notes += list(dict.fromkeys(n for table in self.tables for n in table.unit.notes))
        notes += said_of(
            self.splits,
            "the built-in shares of the same area, of the UK where it has none"
            if self.measured
            else "the built-in shares of its region",
        )
        notes += [f"left out: rows of {what} ({n:,})" for what, n in sorted(self.left_out.items())]
        for place, headings in self.unused.items():
            more = f" and {len(headings) - 10} more" if len(headings) > 10 else ""
            notes.append(
                f"left out: columns of {place} that hold figures and are not used: "
                f"{', '.join(headings[:10])}{more}"
            )
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
        if self.compared.agreeing:
            wider = ", ".join(self.compared.agreeing[:15])
            notes.append(f"areas add up to the table's own totals of {wider}")
        notes += self.compared.notes
        notes += [
            f"{self._name(code)} has the code {other}, not {code}: its boundary may differ; "
            "residents, coverage and place are those of the shipped area"
            for code, other in self.recoded.items()
        ]
        if kept:
            notes.append(self._kept(kept))
        digital = zip(built_in.areas["area_name"], gva[:, SECTORS.index("J")], strict=True)
        silent = [name for name, value in digital if not value]
        if silent:
            notes.append(
                f"check: sector J is 0 in {', '.join(silent[:5])}"
                + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")
                + "; for readiness, its share there is taken as the lowest of the other areas"
            )
        return notes

    def _kept(self, cells: list[tuple[str, str]]) -> str:
        """Say which figures stayed as built in: whole areas first, then single cells."""
        of_area: dict[str, list[str]] = {}
        for code, sector in cells:
            of_area.setdefault(code, []).append(sector)
        whole = [self._name(code) for code, held in of_area.items() if len(held) == len(SECTORS)]
        single = [
            f"{self._name(code)} {sector}"
            for code, held in of_area.items()
            for sector in held
            if len(held) < len(SECTORS)
        ]
        said = []
        for names, what in ((whole, "whole area"), (single, "single cell")):
            if names:
                more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
                said.append(f"{_count(len(names), what)} ({', '.join(names[:10])}{more})")
        total = _count(len(cells), "cell")
        return f"built-in figures kept in {total}: {'; '.join(said)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
