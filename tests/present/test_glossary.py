"""The glossary: one source, plain text, and every word of it found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gainsmodel import UnknownNameError
from gainsmodel.analysis.assumptions_log import assumptions
from gainsmodel.present import glossary
from gainsmodel.scenario import load_scenario

ROOT = Path(__file__).parents[2]


def test_the_page_and_the_package_have_the_same_terms() -> None:
    page = (ROOT / "docs/reference/glossary.md").read_text("utf-8")
    assert list(glossary.terms()) == re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert (
        ROOT / "python/gainsmodel/present/glossary.md"
    ).resolve() == ROOT / "docs/reference/glossary.md"


def test_every_meaning_is_one_plain_paragraph() -> None:
    for term, meaning in glossary.terms().items():
        assert meaning.endswith("."), term
        assert len(meaning) < 300, term
        assert not re.search(r"[`\[\]<>|*]", meaning), term


def test_no_word_stands_for_two_things() -> None:
    words = [
        word.casefold()
        for term in glossary.terms()
        for word in re.split(r" \(|, |\)", term)
        if word
    ]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("word", ["Future", "draw", "MEDIAN", "total-order index", "total effect"])
def test_words_and_their_other_names_are_found(word: str) -> None:
    assert glossary.explain(word) in glossary.terms().values()


def test_an_unknown_word_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'meidan'; did you mean 'median'"):
        glossary.explain("meidan")


# Symbols and plain names of the log; the glossary has those an officer meets as such.
def test_kinds_of_evidence_and_symbols_of_adoption_are_explained() -> None:
    for word in (*assumptions(load_scenario("reference"))["evidence"].unique(), "choice"):
        assert glossary.explain(word)


def test_words_that_promise_too_much_are_nowhere() -> None:
    text = (ROOT / "docs/reference/glossary.md").read_text("utf-8")
    assert not re.search(r"will deliver|unlocks|proves|forecast|up to £", text)
