"""One answer, one place: the same question has the same figure and verdict from every verb."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import polars as pl
import pytest
from rich.console import Console

import gainsmodel
from gainsmodel import Plan, load_scenario
from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.verdict import NOTHING
from gainsmodel.cli import console
from gainsmodel.data import load_dataset
from gainsmodel.present.blocks import Block, Grid
from gainsmodel.present.pages import data
from gainsmodel.present.pages.assumptions import assumptions
from gainsmodel.present.pages.discovery import discovery
from gainsmodel.present.pages.optimise import optimise
from gainsmodel.present.pages.sensitivity import sensitivity
from gainsmodel.present.pages.target import target
from gainsmodel.present.pages.validation import validation
from gainsmodel.present.pages.voi import voi
from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true

REFERENCE = load_scenario("reference").edit({"setting.geography": "itl1"})
WALES, TARGET = "Wales", 40.0
ASKED: dict[str, Any] = {"draws": 320, "seed": 5}


@cache
def planned() -> Plan:
    return gainsmodel.plan(
        *(REFERENCE, WALES),
        budget_gbp_m_per_year=6.0,
        intensities=(0.5, 1.0),
        target_gbp_m=TARGET,
        search_draws=112,
        stability=False,
        **ASKED,
    )


def best() -> gainsmodel.Scenario:
    """The recommended package under the name that the plan's own words give it."""
    plan = planned()
    return plan.scenario.edit({"title": plan.recommended["levers"]})


@cache
def weighed() -> gainsmodel.ValueOfInformation:
    return gainsmodel.voi(best(), WALES, study_draws=100, **ASKED)


def test_the_same_pair_has_the_same_verdict_from_compare_voi_and_plan() -> None:
    nothing = REFERENCE.edit({"title": NOTHING})
    for pair in ((best(), nothing), (nothing, best())):
        compared = gainsmodel.compare(*pair, area=WALES, **ASKED)
        assert compared.verdict is not None
        sentence = compared.verdict.in_words(*(scenario.title for scenario in pair))
        assert "net present value" in sentence
        assert sentence in weighed().summary
        assert sentence in planned().summary


def test_two_plans_have_one_verdict_in_either_order() -> None:
    other = best().edit({"title": "Another", "plan": {"Wales": {"skills": 0.5}}})
    compared = gainsmodel.compare(best(), other, area=WALES, **ASKED)
    of_both = gainsmodel.voi([other, best()], WALES, study_draws=100, **ASKED)
    assert compared.verdict is not None
    assert compared.verdict.in_words(best().title, "Another") in of_both.summary


def test_a_plan_is_worth_the_same_in_every_question() -> None:
    """Draw by draw the same, though one search has seen fewer draws and one more."""
    pair = gainsmodel.run_paired(best(), **ASKED)
    table = gainsmodel.appraise(pair, target_gbp_m=TARGET)
    row = table.row(by_predicate=pl.col("area_name") == WALES, named=True)
    option = weighed().options.row(by_predicate=pl.col("option") == best().title, named=True)
    recommended = planned().recommended
    for name in ("mean", "mcse_mean", "p05", "p50", "p95"):
        assert option[f"net_benefit_gbp_m_{name}"] == row[f"net_present_value_gbp_m_{name}"]
        assert recommended[f"net_present_value_gbp_m_{name}"] == pytest.approx(
            row[f"net_present_value_gbp_m_{name}"], rel=1e-12
        )
    assert option["p_best"] == recommended["p_pays_back"] == row["p_pays_back"]
    of_target = gainsmodel.target(best(), WALES, gain_gbp_m=TARGET, **ASKED)
    missed = gainsmodel.discover(best(), WALES, TARGET, search_draws=1_000, **ASKED)
    true = gainsmodel.would_have_to_be_true(best(), WALES, TARGET, search_draws=100, **ASKED)
    assert of_target.p == row["p_target"] == recommended["p_target"] == 1 - missed.p_misses
    assert (true.p, true.p_mcse) == (of_target.p, of_target.p_mcse)
    assert missed.p_misses_mcse == of_target.p_mcse


def test_what_goal_seek_finds_is_as_likely_as_target_says() -> None:
    seek = gainsmodel.goal_seek(best(), WALES, 20.0, 0.5, budget=False, search_draws=112, **ASKED)
    assert seek.intensity is not None
    moved = {f"plan.{WALES}.{lever}": seek.intensity for lever in best().moved_levers()}
    changes = {"plan": {}} | moved
    there = gainsmodel.target(REFERENCE.edit(changes), WALES, gain_gbp_m=20.0, **ASKED)
    assert seek.intensity_p == there.p


# ---------------------------------------------------------------- narrow terminals


def pages() -> dict[str, list[Block]]:
    drivers = gainsmodel.sensitivity(best(), "plan_adds", WALES, draws=100)
    misses = gainsmodel.discover(best(), WALES, TARGET, search_draws=2_000, **ASKED)
    few = {"search_draws": 100} | ASKED
    true = gainsmodel.would_have_to_be_true(best(), WALES, TARGET, **few)
    reached = gainsmodel.target(best(), WALES, gain_gbp_m=20.0, **ASKED)
    seek = gainsmodel.goal_seek(best(), WALES, 20.0, 0.5, search_draws=112, **ASKED)
    dataset = load_dataset("itl1")
    return {
        "sensitivity": [*sensitivity(drivers, "Scotland")],
        "voi": [*voi(weighed(), "Scotland")],
        "target": [*target(reached, seek)],
        "plan": [*optimise(planned())],
        "discover": [*discovery(misses)],
        "requires": [*would_have_to_be_true(true, "Scotland")],
        "assumptions": [*assumptions(assumptions_log.log(best()), best())],
        "data list": [*data.geographies()],
        "data show": [*data.figures(dataset, "itl1")],
        "data show --area": [*data.area_figures(dataset, dataset.resolve(WALES)[0])],
        "validate": [*validation("reference", REFERENCE, dataset)],
    }


def printed(blocks: Iterable[Block], width: int) -> str:
    stream = io.StringIO()
    screen = Console(
        file=stream,
        width=width,
        force_terminal=True,
        no_color=True,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "_console", lambda: screen)
        console.show(blocks)
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())


def test_no_figure_is_cut_on_a_terminal_of_any_width() -> None:
    for verb, blocks in pages().items():
        for width in (60, 80, 100):
            text = printed(blocks, width)
            assert max(map(len, text.splitlines())) <= width, verb
            parts = {*text.split()}
            for grid in (block for block in blocks if isinstance(block, Grid)):
                for row in grid.rows:
                    for cell in row:
                        assert parts >= {*cell.split()}, (verb, width, cell)
