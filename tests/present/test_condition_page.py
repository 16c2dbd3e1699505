"""The page of what evidence has taught, and the verb that prints it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gainsmodel
from gainsmodel.evidence.condition import Conditioning, condition
from gainsmodel.present.blocks import Grid, Words
from gainsmodel.present.pages.condition import condition as page
from gainsmodel.present.pages.shares import shares
from in_process import run_here


@pytest.fixture(scope="module")
def learned() -> Conditioning:
    return condition("skills_first", "bics_ai", draws=1_600)


def test_the_page_has_before_beside_after_and_the_held_out_figures(learned: Conditioning) -> None:
    blocks = list(page(learned, "Greater Manchester"))
    grids = {block.title: block for block in blocks if isinstance(block, Grid)}
    before = grids["Before and after"]
    assert [row[0] for row in before.rows] == ["Greater Manchester", "", "United Kingdom"]
    held = grids["Held out, to see what the evidence has taught"]
    assert len(held.rows) == 3
    assert grids["What the evidence moved most"].rows
    words = " ".join(block.text for block in blocks if isinstance(block, Words))
    assert "of 1,600 futures (k-hat " in words
    assert "3 of 3 held-out figures lie in their range afterwards." in words
    assert "are judgement" in words


def test_every_answer_says_how_many_futures_it_stands_on(learned: Conditioning) -> None:
    result = gainsmodel.run(learned.scenario, draws=1_600)
    words = " ".join(block.text for block in shares(result) if isinstance(block, Words))
    assert f"tell as much as {learned.effective:,.0f} futures of equal weight" in words


@pytest.mark.usefixtures("in_this_process")
def test_the_verb_writes_a_scenario_that_other_verbs_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["condition", "skills_first", "bics_ai", "--draws", "1600", "--out", "learned.toml"]
    assert run_here([*words, "--held-out", "June 2025"]) == 0
    told = capsys.readouterr()
    assert "Held out" in told.out
    assert told.err == "written: learned.toml\n"
    assert run_here(["run", "learned.toml", "--draws", "160", "--area", "Wales"]) == 0
    assert "chosen by evidence" in capsys.readouterr().out
    assert run_here([*words, "--held-out", "June 2052"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --held-out: no row is called 'June 2052'; did you mean ")
    assert run_here(["condition", "reference", "bics_ai", "--out", "learned.json"]) == 2
    assert "--out: must be a file that ends in .toml" in capsys.readouterr().err
