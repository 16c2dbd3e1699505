"""What stands in a PDF for characters that its fonts do not have."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from gainsmodel.checks import drawable
from gainsmodel.present.blocks import Box, Code, Grid, Heading, Points, Words
from gainsmodel.present.report import writers
from gainsmodel.present.report.document import Document
from gainsmodel.present.report.stand_ins import StandIns

ON = date(2026, 3, 1)
LETTERS = "abc é"


def sets(text: str) -> bool:
    """A typesetter of a few letters, that joins no mark to a space."""
    return all(c in f"{LETTERS}□\u0301" for c in text) and not text.startswith("\u0301")


@pytest.mark.parametrize(
    ("text", "shown", "note"),
    [
        ("abc", "abc", ""),
        ("abc é", "abc é", ""),
        ("a🚀 b中", "a□ b□", "rocket (U+1F680), cjk unified ideograph-4e2d (U+4E2D)"),
        ("\ue123", "□", "U+E123"),
        ("a\tb", "a b", "Some marks"),
        ("\u0301a c\u0301", "a c\u0301", "Some marks on letters are left out"),
        ("🚀🚀 🚀", "□□ □", "do not have: rocket (U+1F680); the paper"),
    ],
)
def test_what_cannot_be_set_is_replaced_and_named(text: str, shown: str, note: str) -> None:
    stand_ins = StandIns(sets, [text])
    assert stand_ins(text) == shown
    assert note in stand_ins.note()
    assert bool(stand_ins.note()) == bool(note)


def test_words_within_other_words_are_told_apart() -> None:
    texts = ["中 a中🚀"]
    assert StandIns(sets, texts)(texts[0]) == "□ a□□"


def test_many_are_counted() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 25)))
    assert "and 15 more; the paper" in StandIns(sets, [text]).note()


def paper(text: str) -> Document:
    blocks = [
        *(Heading(text), Words(text, "lead"), Words(text, "small"), Points([text])),
        *(Box(text, [text]), Grid(text, [text, text], [[text, text]]), Code([text])),
    ]
    return Document(text, text, blocks, b"{}", "0", text)


ODD = "🚀中\u202e\u2066\u0301\ue000\ufffe\t\\\0\x85"
HARD = st.characters(codec="utf-8") | st.sampled_from(ODD)
EXAMPLES = [
    *("\U000e0041", "\u200d", "//", "..", "\\", "#let", "🏳️‍🌈 🇬🇧 1️⃣", "ﷺ", "한국어", "ไทย"),
    "קּ֖͜ئͬ־٫sשa\u0301\u0302",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_hard_texts_are_set_everywhere(text: str) -> None:
    assert writers.pdf(paper(text).with_text(drawable), ON).startswith(b"%PDF")


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(HARD, min_size=1, max_size=30))
def test_any_text_is_set_everywhere(text: str) -> None:
    document = paper(text).with_text(drawable)
    assert writers.pdf(document, ON).startswith(b"%PDF")
    assert writers.docx(document, ON)
    assert writers.html(document, ON)
