"""What a table says of its figures, wherever it stands: from there to £m at current prices."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from gainsmodel.data.dataset import plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.sheets import Row, shown
from gainsmodel.data.importing.stated_units import Stated, merged, says_gva, stated_in
from gainsmodel.data.shipped_tables import BASE_YEAR

if TYPE_CHECKING:
    from gainsmodel.data.importing.layout import Table

MILLION = 1e6
_SCALE_WORDS = {1.0: "", 1e3: " thousand", 1e6: "m", 1e9: "bn", 1e12: " trillion"}
_SCALE_NAMES = {1e3: "thousands", 1e6: "millions", 1e9: "billions", 1e12: "trillions"}
# How much of sheets without a table is read for what they say of units.
NOTES_ROWS, NOTES_COLUMNS = 300, 20
# A row with more texts is one of a table.
MOST_IN_A_NOTE = 6
# More different cells than this in a column, and it is of something else.
MOST_UNITS = 200
_LABEL = re.compile(
    r"units?(?: of (?:measure|measurement|account))?|currency|price (?:basis|base)|prices|"
    r"valuation|scale|unit multiplier|denomination|magnitude|measure|money"
)
_SENTENCE = re.compile(
    r"(?:all |the |these |our |note:? )*(?:figures|values|data|amounts|numbers|estimates|gva|"
    r"gross value added|money|monetary values|results|prices|table)\b.{0,40}?"
    r"\b(?:is|are|was|were|been|in|at|as)\b|(?:expressed|measured|converted|deflated|shown|given|stated|"
    r"reported|all)?\s*(?:in|at) (?=\w)"
)
_ABOUT_OTHERS = re.compile(
    r"\balso\b|\bother\b|\btables? \d|\bsheets?\b|\bnot\b|\bsee\b|\bwhereas\b"
)


_NO_TITLE = re.compile(r"(source|contact|author|index$|https?:|www\.|©)", re.IGNORECASE)
_PRICES = re.compile(r"(type of )?prices?( (basis|base|type))?")
_LETTER = re.compile(r"[A-Za-z£€$¥%]")
# Place of a row and its texts.
Note = tuple[str, list[str]]


@dataclass(frozen=True)
class Money:
    """A currency that figures are converted from: £ for one unit, and where the rate is from."""

    currency: str
    gbp_per_unit: float
    source: str


@dataclass(frozen=True)
class Said:
    """A text that says something of the figures, and where it stands."""

    place: str
    text: str
    stated: Stated
    # A heading or a unit speaks of the very figures; a title may name only the currency.
    literal: bool = False

    def __str__(self) -> str:
        """Place and text, for messages."""
        text = shown(self.text)
        return self.place if self.place.endswith(text) else f"{self.place}: {text}"


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
        return f"{_code(stated)}; figures were to be converted from {money.currency}"
    if money is None and "GBP" not in stated.currencies:
        code = _code(stated)
        return (
            f"another currency; figures must be in £m, or {code} converted at a rate that you "
            f"state: currency='{code}', gbp_per_unit= and rate_source= (--currency {code} --rate "
            "--rate-source)"
        )
    return None


def _code(stated: Stated) -> str:
    """The likeliest of the codes a sign may stand for."""
    return next((c for c in ("GBP", "USD", "JPY", "SEK") if c in stated.currencies), "") or min(
        stated.currencies
    )


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
    unit_rows, in_rows = _unit_rows(table)
    said = [*_headings(table), *in_rows, *_titles(table), *_sheet(table, others)]
    if refusal := _first_wrong(said, money, year):
        return Unit(refusal=refusal)
    labelled, sentences = _notes(table, others)
    if refusal := _first_wrong(labelled, money, year):
        return Unit(refusal=refusal)
    said += labelled
    said += _file(table, file, said)
    # Sentences fill what nothing else says.
    said += [
        one
        for one in sentences
        if (one.stated.currencies and not any(s.stated.currencies for s in said))
        or (one.stated.prices and not any(s.stated.prices for s in said))
        or (one.stated.scale and not any(s.stated.scale for s in said))
    ]
    if refusal := _first_wrong(said, money, year) or _contradiction(said):
        return Unit(refusal=refusal)
    unit = _of_rows(table, said, money, year)
    unit.unit_rows = unit_rows
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
        if refusal := _contradiction(both):
            return Unit(refusal=refusal)
        unit.factors[cells] = _factor(both, money)
        used += [here] if own else []
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


def _contradiction(said: list[Said]) -> str | None:
    """Two statements that cannot both be true."""
    for i, one in enumerate(said):
        for other in said[i + 1 :]:
            a, b = one.stated, other.stated
            if a.currencies and b.currencies and not a.currencies & b.currencies:
                return f"{one} says {_code(a)}, and {other} says {_code(b)}; they must agree"
            if a.scale and b.scale and a.scale != b.scale:
                words = [_SCALE_NAMES[s] for s in (a.scale, b.scale)]
                return f"{one} says {words[0]}, and {other} says {words[1]}; they must agree"
    return None


def _likely_year(table: "Table") -> int:
    if table.layout == "years":
        years = {int(year) for year in table.figures.values()}
        return BASE_YEAR if BASE_YEAR in years else min(years)
    return BASE_YEAR


# ------------------------------------------------------------ where it may stand


def in_heading(heading: str, layout: str) -> Stated:
    """What the heading of a column of figures says of them."""
    stated = stated_in(heading)
    if layout != "wide":
        return stated
    # A code of sections, such as MN, is no abbreviation of millions, and the name of a sector,
    # such as households as employers, not what the table is about.
    if re.fullmatch(r"[A-Z, &–-]+", heading) and not stated.currencies:
        return Stated()
    return replace(stated, other=None, kind="") if stated.kind == "topic" else stated


def _headings(table: "Table") -> Iterator[Said]:
    seen = set()
    for column in table.figures:
        heading = table.headings[column]
        stated = in_heading(heading, table.layout)
        if stated in seen:
            continue
        seen.add(stated)
        if stated:
            yield Said(
                f"{table.place}, row {table.heading + 1}, column {shown(heading)}",
                heading,
                stated,
                literal=True,
            )


def _unit_rows(table: "Table") -> tuple[frozenset[int], list[Said]]:
    """Rows right below the headings that hold units."""
    rows, said = set(), []
    for at in range(table.heading + 1, min(table.heading + 4, len(table.rows))):
        row = table.rows[at]
        texts = [text_of(row[c]) if c < len(row) else "" for c in table.figures]
        filled = [text for text in texts if text]
        if not filled or not all(stated_in(text) for text in filled):
            break
        rows.add(at)
        said += [
            Said(f"{table.place}, row {at + 1}", text, stated_in(text), literal=True)
            for text in dict.fromkeys(filled)
        ]
    return frozenset(rows), said


def _titles(table: "Table") -> Iterator[Said]:
    for at in range(table.heading):
        text = " ".join(filter(None, map(text_of, table.rows[at])))
        place = f"{table.place}, row {at + 1}"
        # A paragraph is read as notes are; a source or a link back is no title.
        titled = len(text) <= 250 and not text.endswith(".") and not _NO_TITLE.match(text)
        if titled and (stated := stated_in(text)):
            yield Said(place, text, stated)


def _sheet(table: "Table", others: Sequence[Note]) -> Iterator[Said]:
    """What the name of the sheet says, and a list of contents beside it."""
    if not table.sheet:
        return
    named = stated_in(table.sheet)
    if named and named.kind in ("", "measure"):
        yield Said(f"{table.place}", table.sheet, named)
    for place, texts in others:
        if table.sheet in texts:
            for text in texts:
                if text != table.sheet and (stated := stated_in(text)):
                    yield Said(place, text, stated)


def notes_of(rows: Sequence[Row], place: str, places: Iterable[int]) -> Iterator[Note]:
    """Texts of rows that are no rows of a table: few cells, and in words."""
    for at in places:
        texts = [
            text
            for cell in rows[at][:NOTES_COLUMNS]
            if isinstance(cell, str) and (text := text_of(cell)) and _LETTER.search(text)
        ]
        if 0 < len(texts) <= MOST_IN_A_NOTE:
            yield f"{place}, row {at + 1}", texts


def _notes(table: "Table", others: Sequence[Note]) -> tuple[list[Said], list[Said]]:
    """What labels ("Unit: £m") and sentences in notes say; nothing where they contradict."""
    labelled: list[Said] = []
    sentences: list[Said] = []
    # Above the headings, and below them where there are no figures.
    places = [
        at
        for at, row in enumerate(table.rows)
        if at < table.heading
        or (at > table.heading and not any(row[c] for c in table.figures if c < len(row)))
    ]
    own = islice(notes_of(table.rows, table.place, places), NOTES_ROWS)
    for where, texts in [*own, *others]:
        for i, text in enumerate(texts):
            label, colon, value = re.sub(r"\s*=\s*", ": ", text).partition(":")
            value = value if colon else next(iter(texts[i + 1 :]), "")
            if _LABEL.fullmatch(plain(label)) and len(value) < 120 and (s := stated_in(value)):
                labelled.append(Said(where, f"{label.strip()}: {value.strip()}", s))
            for sentence in re.split(r"(?<=[.;])\s+", text[:5000]):
                stated = stated_in(sentence)
                short = len(sentence) <= 25 and bool(stated.currencies)
                if not stated or _ABOUT_OTHERS.search(sentence.casefold()):
                    continue
                if short or _SENTENCE.match(plain(sentence)):
                    bare = replace(stated, other=None, kind="")
                    sentences += [Said(where, sentence, bare)] if bare else []
    return _agreeing(labelled), _agreeing(sentences)


def _agreeing(said: list[Said]) -> list[Said]:
    """Notes that speak of several tables contradict each other, and say nothing of this one."""
    if _contradiction(said) or len({s.stated.prices for s in said} - {None}) > 1:
        return []
    return [one for one in said if one.stated.prices != "both"]


def _file(table: "Table", file: str, said: list[Said]) -> Iterator[Said]:
    """What the name of the file says."""
    stem = re.sub(r"\.\w{2,8}$", "", file)
    stem = re.sub(r"(?<=[a-z])(?=[A-Z])|[-.]", " ", stem)
    stated = stated_in(stem)
    # A file may be named after one of its tables.
    titled = any(s.stated.scale or s.stated.prices for s in said) or any(
        says_gva(" ".join(map(text_of, row))) for row in table.rows[: table.heading + 1]
    )
    scaled = any(s.stated.scale for s in said)
    stated = replace(
        stated,
        scale=None if scaled else stated.scale,
        prices=None if stated.prices == "both" else stated.prices,
        other=stated.other if stated.kind == "measure" and not titled else None,
        kind="",
    )
    if stated:
        yield Said(f"{file}, name of the file", stem, stated)


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
