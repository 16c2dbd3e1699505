"""One answer, one place: the same question has the same figure and verdict from every verb."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import date
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
from gainsmodel.present import export, report, text
from gainsmodel.present.blocks import Block, Grid, Words
from gainsmodel.present.pages import data
from gainsmodel.present.pages.appraisal import appraisal
from gainsmodel.present.pages.assumptions import assumptions
from gainsmodel.present.pages.comparison import comparison
from gainsmodel.present.pages.discovery import discovery
from gainsmodel.present.pages.optimise import optimise
from gainsmodel.present.pages.sensitivity import sensitivity
from gainsmodel.present.pages.shares import shares
from gainsmodel.present.pages.target import target
from gainsmodel.present.pages.validation import validation
from gainsmodel.present.pages.voi import voi

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
    assert of_target.p == row["p_target"] == recommended["p_target"] == 1 - missed.p_misses
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
    reached = gainsmodel.target(best(), WALES, gain_gbp_m=20.0, **ASKED)
    seek = gainsmodel.goal_seek(best(), WALES, 20.0, 0.5, search_draws=112, **ASKED)
    dataset = load_dataset("itl1")
    return {
        "sensitivity": [*sensitivity(drivers, "Scotland")],
        "voi": [*voi(weighed(), "Scotland")],
        "target": [*target(reached, seek)],
        "plan": [*optimise(planned())],
        "discover": [*discovery(misses)],
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


# What is known of the areas and figures stands where they are shown


@cache
def skills_in(geography: str) -> gainsmodel.PairedResult:
    return gainsmodel.run_paired("skills_first", draws=64, geography=geography)


def in_words(blocks: Iterable[Block]) -> str:
    return " ".join(block.text for block in blocks if isinstance(block, Words))


@pytest.mark.parametrize(
    ("geography", "area"), [("local_authority", "Leeds"), ("mayoral_2026", "Cumbria")]
)
def test_what_is_known_of_areas_stands_on_every_page_of_them(geography: str, area: str) -> None:
    pair, known = skills_in(geography), text.of_areas(geography)
    unit = pair.dataset.resolve(area)[0]
    worth = gainsmodel.appraise(pair, area=unit).row(
        by_predicate=pl.col("area_code") == unit, named=True
    )
    net = gainsmodel.waterfall(pair, unit)
    compared = gainsmodel.compare(*pair, area=unit)
    assert known in in_words(shares(pair.with_plan, [unit]))
    assert known in in_words(shares(pair.with_plan))
    assert known in in_words(appraisal(pair, unit, worth, net))
    assert known in in_words(comparison(compared, ("one", "other")))
    about = export.about_table(pair.with_plan, unit)
    assert known in about["Says"].to_list()
    rows = pl.read_csv(export.areas_csv(pair.with_plan))
    assert rows["caveat"].str.contains(known, literal=True).all()


def test_nothing_of_the_kind_stands_with_areas_that_were_checked() -> None:
    said = in_words(shares(skills_in("mayoral").with_plan))
    assert not any(text.of_areas(g) in said for g in ("local_authority", "mayoral_2026"))


def test_a_page_tells_the_age_of_its_figures_on_the_day_it_is_asked() -> None:
    result = skills_in("mayoral").with_plan
    fresh, old = (in_words(shares(result, on=on)) for on in (date(2026, 7, 1), date(2026, 9, 1)))
    assert "A newer edition is probably out" in old
    assert "A newer edition is probably out" not in fresh
    assert "released on 17 April 2025" in fresh
    about = [export.about_table(result, "uk", on) for on in (date(2026, 7, 1), date(2026, 9, 1))]
    assert [any("probably out" in said for said in t["Says"]) for t in about] == [False, True]


def test_tables_are_listed_with_their_age() -> None:
    grids = [block for block in data.geographies(date(2026, 9, 1)) if isinstance(block, Grid)]
    ages = {row[0]: row[3] for row in grids[1].rows}
    assert "import-ons" in ages["Gross value added by area and sector"]
    assert ages["UK gross value added and GDP deflator by year"].startswith(
        "A newer edition is due"
    )
    assert "mayoral_2026" in [row[0] for row in grids[0].rows]


def test_a_paper_tells_who_gains_in_an_area_that_has_authorities() -> None:
    def who(area: str, geography: str) -> list[Grid]:
        found = report.gather("skills_first", area, draws=100, geography=geography)
        blocks = report.board_paper(found).blocks
        return [b for b in blocks if isinstance(b, Grid) and b.headings[0] == "Local authority"]

    (table,) = who("Greater Manchester", "mayoral")
    assert {row[0] for row in table.rows} >= {"Manchester", "Bolton"}
    assert not who("uk", "mayoral")
    assert not who("Lancashire", "mayoral_2026")
    assert not who("Manchester", "local_authority")
