"""Where a table may say what its figures are: headings, titles, names, contents and notes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from gainsmodel.data.dataset import plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.sheets import Row, shown
from gainsmodel.data.importing.stated_units import Stated, says_gva, stated_in

if TYPE_CHECKING:
    from gainsmodel.data.importing.layout import Table

_SCALE_NAMES = {1e3: "thousands", 1e6: "millions", 1e9: "billions", 1e12: "trillions"}
# How much of sheets without a table is read for what they say of units.
NOTES_ROWS, NOTES_COLUMNS = 300, 20
# A row with more texts is one of a table.
MOST_IN_A_NOTE = 6
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
_LETTER = re.compile(r"[A-Za-z£€$¥%]")
# Place of a row and its texts.
Note = tuple[str, list[str]]


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


def headings(table: "Table") -> Iterator[Said]:
    """What headings of figures say, each thing once."""
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


def unit_rows(table: "Table") -> tuple[frozenset[int], list[Said]]:
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


def titles(table: "Table") -> Iterator[Said]:
    """What rows above the headings say."""
    for at in range(table.heading):
        text = " ".join(filter(None, map(text_of, table.rows[at])))
        place = f"{table.place}, row {at + 1}"
        # A paragraph is read as notes are; a source or a link back is no title.
        titled = len(text) <= 250 and not text.endswith(".") and not _NO_TITLE.match(text)
        if titled and (stated := stated_in(text)):
            yield Said(place, text, stated)


def of_sheet(table: "Table", others: Sequence[Note]) -> Iterator[Said]:
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


def notes(table: "Table", others: Sequence[Note]) -> tuple[list[Said], list[Said]]:
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
    if contradiction(said) or len({s.stated.prices for s in said} - {None}) > 1:
        return []
    return [one for one in said if one.stated.prices != "both"]


def of_file(table: "Table", file: str, said: list[Said]) -> Iterator[Said]:
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


def contradiction(said: list[Said]) -> str | None:
    """Two statements that cannot both be true."""
    for i, one in enumerate(said):
        for other in said[i + 1 :]:
            a, b = one.stated, other.stated
            if a.currencies and b.currencies and not a.currencies & b.currencies:
                return f"{one} says {code_of(a)}, and {other} says {code_of(b)}; they must agree"
            if a.scale and b.scale and a.scale != b.scale:
                words = [_SCALE_NAMES[s] for s in (a.scale, b.scale)]
                return f"{one} says {words[0]}, and {other} says {words[1]}; they must agree"
    return None


def code_of(stated: Stated) -> str:
    """The likeliest of the codes a sign may stand for."""
    return next((c for c in ("GBP", "USD", "JPY", "SEK") if c in stated.currencies), "") or min(
        stated.currencies
    )
