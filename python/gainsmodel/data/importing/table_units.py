"""What a table says of its figures, wherever it stands: from there to £m at current prices."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from gainsmodel.data.dataset import plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.sheets import shown
from gainsmodel.data.importing.stated_units import Stated, merged, stated_in
from gainsmodel.data.importing.statements import (
    Note,
    Said,
    code_of,
    contradiction,
    headings,
    notes,
    of_file,
    of_sheet,
    titles,
    unit_rows,
)
from gainsmodel.data.shipped_tables import BASE_YEAR

if TYPE_CHECKING:
    from gainsmodel.data.importing.layout import Table

MILLION = 1e6
_SCALE_WORDS = {1.0: "", 1e3: " thousand", 1e6: "m", 1e9: "bn", 1e12: " trillion"}
# More different cells than this in a column, and it is of something else.
MOST_UNITS = 200


_OF_MONEY = re.compile(r"(obs )?units?\b|currency|prices?\b|type of price|scale|magnitude")
_PRICES = re.compile(r"(type of )?prices?( (basis|base|type))?")


@dataclass(frozen=True)
class Money:
    """A currency that figures are converted from: £ for one unit, and where the rate is from."""

    currency: str
    gbp_per_unit: float
    source: str


@dataclass
class Unit:
    """What to multiply figures with so that they are £m.

    Attributes
    ----------
    factors : dict
        Cells of a row in the columns of units to the factor; None where such rows cannot be used.
    refusal : str or None
        Why the table cannot be used at all.
    notes : list of str
        What was done, in plain words.
    where : str
        Place and words for the unit if it is not £m, to be named should the sum be implausible.
    unit_rows : frozenset of int
        Rows that hold units instead of figures.
    """

    factors: dict[tuple[str, ...], float | None] = field(default_factory=lambda: {(): 1.0})
    refusal: str | None = None
    notes: list[str] = field(default_factory=list)
    where: str = ""
    unit_rows: frozenset[int] = frozenset()


def wrong(stated: Stated, money: Money | None, year: int | None = None) -> str | None:
    """Why figures of which this is said cannot be used; None if they can.

    Parameters
    ----------
    stated : Stated
    money : Money or None
        What they may be converted from.
    year : int, optional
        That the figures are of, so that prices of that year are current ones.
    """
    if stated.prices == "volume":
        return "volumes or an index; figures must be GVA at current prices"
    if stated.prices and stated.prices.isdigit() and stated.prices != str(year or BASE_YEAR):
        return (
            f"prices of {stated.prices}; figures must be at current prices, those of their own year"
        )
    if stated.other:
        return f"{stated.other}; figures must be GVA"
    if stated.contradictory:
        return f"two currencies ({stated.contradictory}); figures must be in £m"
    if not stated.currencies:
        return None
    if "PPS" in stated.currencies:
        return "purchasing power standards, which are no currency; figures must be in £m"
    if money is not None and money.currency not in stated.currencies:
        return f"{code_of(stated)}; figures were to be converted from {money.currency}"
    if money is None and "GBP" not in stated.currencies:
        code = code_of(stated)
        return (
            f"another currency; figures must be in £m, or {code} converted at a rate that you "
            f"state: currency='{code}', gbp_per_unit= and rate_source= (--currency {code} --rate "
            "--rate-source)"
        )
    return None


def unit_of(
    table: "Table",
    file: str,
    others: Sequence[Note],
    money: Money | None,
    year: int | None,
) -> Unit:
    """Find what a table says of its figures.

    Parameters
    ----------
    table : Table
    file : str
        Its name.
    others : sequence of Note
        Texts of sheets of the same file that hold no table, as `notes_of` gives them.
    money : Money or None
        What figures may be converted from.
    year : int or None
        That is asked for.
    """
    year = year or _likely_year(table)
    at, in_rows = unit_rows(table)
    said = [*headings(table), *in_rows, *titles(table), *of_sheet(table, others)]
    if refusal := _first_wrong(said, money, year):
        return Unit(refusal=refusal)
    labelled, sentences = notes(table, others)
    if refusal := _first_wrong(labelled, money, year):
        return Unit(refusal=refusal)
    said += labelled
    said += of_file(table, file, said)
    # Sentences fill what nothing else says.
    said += [
        one
        for one in sentences
        if (one.stated.currencies and not any(s.stated.currencies for s in said))
        or (one.stated.prices and not any(s.stated.prices for s in said))
        or (one.stated.scale and not any(s.stated.scale for s in said))
    ]
    if refusal := _first_wrong(said, money, year) or contradiction(said):
        return Unit(refusal=refusal)
    unit = _of_rows(table, said, money, year)
    unit.unit_rows = at
    return unit


def _first_wrong(said: list[Said], money: Money | None, year: int | None) -> str | None:
    """Refusal for the first statement with which figures cannot be used."""
    for one in said:
        if (reason := wrong(one.stated, money, year)) is not None:
            currency = one.literal and reason.startswith("another currency")
            spoken = one.place if one.literal and ", column " in one.place else str(one)
            link = ": is in" if currency else ": says" if spoken == one.place else " says"
            return f"{spoken}{link} {reason}"
    return None


def _of_rows(table: "Table", said: list[Said], money: Money | None, year: int | None) -> Unit:
    """Put together what is said of all figures and what columns of units say of each row."""
    rows = _combinations(table)
    whole = _together(said)
    unit = Unit(factors={})
    left_out: dict[str, int] = {}
    used: list[Said] = []
    unclear: set[str] = set()
    reasons: list[str] = []
    for cells, (row, count) in rows.items():
        own = merged(cells)
        text = ", ".join(cell for cell in cells if cell)
        here = Said(_column_place(table, row, cells), text, own, literal=True)
        reason = wrong(own, money, year)
        if reason is not None:
            unit.factors[cells] = None
            left_out[text] = left_out.get(text, 0) + count
            reasons.append(f"{here} says {reason}")
            continue
        both = [*said, here] if own else said
        if refusal := contradiction(both):
            return Unit(refusal=refusal)
        unit.factors[cells] = _factor(both, money)
        used += [here] if own else []
        unclear |= {
            f"{shown(table.headings[column])} says {shown(cell)}"
            for column, cell in zip(table.units, cells, strict=True)
            if cell and _OF_MONEY.match(plain(table.headings[column])) and not stated_in(cell)
        }
    if reasons and not any(factor is not None for factor in unit.factors.values()):
        return Unit(refusal=reasons[0])
    if left_out:
        listed = ", ".join(f"{shown(text)} ({n:,})" for text, n in sorted(left_out.items())[:8])
        more = f" and {len(left_out) - 8} more" if len(left_out) > 8 else ""
        columns = ", ".join(shown(table.headings[c]) for c in table.units)
        unit.notes.append(f"left out: rows whose {columns} says {listed}{more}")
    everything = [*said, *used]
    together = _together(everything)
    if whole.prices == "both" and "current" not in {s.stated.prices for s in everything}:
        first = next(s for s in everything if s.stated.prices == "both")
        return Unit(refusal=f"{first} says both current prices and volumes; say which in a heading")
    if unclear:
        listed = ", ".join(sorted(unclear)[:5])
        unit.notes.append(f"check: {listed}, which is not understood and changed nothing")
    _describe(unit, everything, together, money)
    return unit


def _describe(unit: Unit, said: list[Said], together: Stated, money: Money | None) -> None:
    """Write down what was done with money, and what was not stated."""
    factors = {factor for factor in unit.factors.values() if factor is not None}
    scale, stated = _scale(said)
    sign = "£" if money is None else money.currency
    called = f"{sign}{_SCALE_WORDS.get(scale, '')}" if money is None else _in_words(money, scale)
    source = next((s for s in said if s.stated.scale or (s.literal and s.stated.currencies)), None)
    if source is not None and (scale != MILLION or money is not None):
        unit.where = f"{source.place}: is in {called}"
        if money is None:
            unit.notes.append(f"figures in {called} ({source}), put into £m")
    if money is not None:
        unit.notes.append(
            f"figures in {called}, converted at £{money.gbp_per_unit:g} for 1 {money.currency} "
            f"({money.source})"
        )
        if not together.currencies:
            unit.notes.append(
                f"check: the table does not say its currency: taken as {money.currency}, as you say"
            )
    if len(factors) > 1:
        unit.notes.append("rows are in several units, each put into £m")
    if not stated:
        unit.notes.append(
            f"the table does not say its unit: taken as {called if money else '£m'}, as its sum is "
            "of the size of the built-in figures"
        )
    if together.prices is None:
        unit.notes.append("the table does not say at which prices: taken as current prices")


def _in_words(money: Money, scale: float) -> str:
    return money.currency + {1.0: "", 1e3: " thousand", 1e6: " million", 1e9: " billion"}.get(
        scale, " trillion"
    )


def _scale(said: list[Said]) -> tuple[float, bool]:
    """Of how many pounds, euros … a figure counts, and whether that is stated."""
    for one in said:
        if one.stated.scale:
            return one.stated.scale, True
    # A heading or a unit that names a currency and no scale means single pounds.
    if any(one.literal and one.stated.currencies for one in said):
        return 1.0, True
    return MILLION, False


def _factor(said: list[Said], money: Money | None) -> float:
    scale = _scale(said)[0] / MILLION
    return scale if money is None else scale * money.gbp_per_unit


def _together(said: list[Said]) -> Stated:
    prices = sorted({one.stated.prices or "" for one in said} - {""})
    usual = [kind for kind in ("current", "both") if kind in prices] or prices or [None]
    return Stated(
        frozenset().union(*(one.stated.currencies for one in said)),
        "",
        _scale(said)[0] if said else None,
        usual[0],
    )


def _likely_year(table: "Table") -> int:
    if table.layout == "years":
        years = {int(year) for year in table.figures.values()}
        return BASE_YEAR if BASE_YEAR in years else min(years)
    return BASE_YEAR


def _combinations(table: "Table") -> dict[tuple[str, ...], tuple[int, int]]:
    """Different cells of the columns of units, with the first row of each and their number."""
    table.units = [c for c in table.units if _is_of_units(table, c)]
    if not table.units:
        return {(): (table.heading, 0)}
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for at in range(table.heading + 1, len(table.rows)):
        cells = unit_cells(table, at)
        row = table.rows[at]
        if any(text_of(row[c]) for c in table.figures if c < len(row)):
            first, count = found.get(cells, (at, 0))
            found[cells] = first, count + 1
    return found or {(): (table.heading, 0)}


def _is_of_units(table: "Table", column: int) -> bool:
    """Whether a column may say units: of many different cells, none is."""
    cells = (row[column] for row in table.rows[table.heading + 1 :] if column < len(row))
    return len({*islice(dict.fromkeys(cells), MOST_UNITS + 1)}) <= MOST_UNITS


def unit_cells(table: "Table", at: int) -> tuple[str, ...]:
    """What a row says in the columns of units."""
    row = table.rows[at]
    cells = []
    for column in table.units:
        text = text_of(row[column]) if column < len(row) else ""
        power = "mult" in plain(table.headings[column]) and re.fullmatch(r"\d\d?", text)
        # "2019" or "constant" in a column of prices.
        priced = text and _PRICES.fullmatch(plain(table.headings[column])) and "price" not in text
        cells.append(f"10^{text}" if power else f"{text} prices" if priced else text)
    return tuple(cells)


def _column_place(table: "Table", row: int, cells: tuple[str, ...]) -> str:
    columns = [
        shown(table.headings[c])
        for c, text in zip(table.units, cells, strict=False)
        if stated_in(text)
    ]
    place = f"{table.place}, row {row + 1}"
    return f"{place}, column {', '.join(columns)}" if columns else place
