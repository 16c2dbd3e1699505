"""One answer, one place: the same question has the same figure and verdict from every verb."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

import gainsmodel
from gainsmodel import Plan, format, load_scenario, text
from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.appraisal import area_and_uk
from gainsmodel.analysis.verdict import NOTHING
from gainsmodel.cli import console
from gainsmodel.data import load_dataset
from gainsmodel.present import export, report
from gainsmodel.present.area_summary import Estimate
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
from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true
from in_process import run_here

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
    other = REFERENCE.edit({"title": "Another", "plan": {"Wales": {"skills": 0.5}}})
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
    seek = gainsmodel.goal_seek(best(), WALES, 5.0, 0.3, budget=False, search_draws=112, **ASKED)
    assert seek.intensity is not None
    moved = {f"plan.{WALES}.{lever}": seek.intensity for lever in best().moved_levers()}
    changes = {"plan": {}} | moved
    there = gainsmodel.target(REFERENCE.edit(changes), WALES, gain_gbp_m=5.0, **ASKED)
    assert seek.intensity_p == there.p


# ---------------------------------------------------------------- one verdict

GM = "Greater Manchester"
SKILLS = load_scenario("skills_first")
MANY: dict[str, Any] = {"draws": 640}


@cache
def at_break_even() -> gainsmodel.Scenario:
    """Skills first at the price at which it is worth just what it costs, on these draws."""
    table = gainsmodel.appraise(gainsmodel.run_paired(SKILLS, **MANY))
    row = table.row(by_predicate=pl.col("area_name") == GM, named=True)
    added, authority, firms = (
        row[f"{name}_present_value_gbp_m_mean"]
        for name in ("added", "authority_cost", "firms_cost")
    )
    price = "cost_gbp_per_head_per_year.value"
    dearer = {
        f"levers.{name}.{price}": (added - firms) / authority * of.cost_gbp_per_head_per_year.value
        for name, of in SKILLS.levers.items()
    }
    return SKILLS.edit(dearer | {"title": "At break-even"})


def ranked_pairs() -> dict[str, tuple[gainsmodel.Scenario, gainsmodel.Scenario]]:
    late = SKILLS.edit({"setting.lever_delay_years": 3.0, "title": "Three years later"})
    more = SKILLS.edit({f'plan."{GM}".connectivity': 1.0, "title": "With connectivity"})
    even = at_break_even()
    return {
        "two plans": (SKILLS, more),
        "another start": (late, SKILLS),
        "doing nothing": (SKILLS, SKILLS.without_plan().edit({"title": "Reference"})),
        "not to be ranked": (even, even.without_plan().edit({"title": "As it is"})),
        "two not to be ranked": (
            even.edit({f'plan."{GM}".skills': 0.99, "title": "A little less"}),
            even,
        ),
    }


@pytest.mark.parametrize("name", ranked_pairs())
def test_a_pair_has_one_verdict_by_every_verb(name: str, tmp_path: Path) -> None:
    pair = ranked_pairs()[name]
    known = gainsmodel.compare(*pair, area=GM, **MANY)
    assert known.verdict is not None
    titles = [scenario.title if scenario.plan else NOTHING for scenario in pair]
    sentence = known.verdict.in_words(*titles)
    assert sentence == text.verdict(known, *(scenario.title for scenario in pair))
    assert known.verdict.is_ranked is ("ranked" not in name)

    plans = [scenario for scenario in pair if scenario.plan]
    weighed = gainsmodel.voi(plans, GM, study_draws=100, **MANY)
    worth = dict(weighed.options.select("option", "net_benefit_gbp_m_mean").iter_rows())
    gap = worth[titles[0]] - worth[titles[1]]
    assert gap == pytest.approx(known.verdict.difference_gbp_m, abs=1e-4)
    # Of three options the best is set beside the next, and beside doing nothing.
    told = {*weighed.options["option"][:2]} == {*titles} or NOTHING in titles
    assert (sentence in weighed.summary) is told

    found = gainsmodel.report.gather(pair[0], GM, against=pair[1], **MANY)
    paper = [block.text for block in report_of(found) if isinstance(block, Words)]
    assert sentence in paper

    files = []
    for place, scenario in enumerate(pair):
        files.append(str(tmp_path / f"{place}.toml"))
        Path(files[-1]).write_text(gainsmodel.to_toml(scenario), "utf-8")
    asked = ["--area", GM, "--draws", "640"]
    assert sentence in output(["compare", *files, *asked])
    if NOTHING not in titles:
        return
    own = sentence.replace(f"“{titles[0]}”", "“This plan”")
    assert own in output(["appraise", files[0], *asked])
    assert any(own in words for words in paper)
    chance = known.verdict.p_first_better
    assert found.worth is not None
    assert found.worth["p_pays_back"] == chance
    assert found.worth["net_present_value_gbp_m_mean"] == pytest.approx(
        known.verdict.difference_gbp_m, abs=1e-9 * found.worth["added_present_value_gbp_m_mean"]
    )


def report_of(found: gainsmodel.report.Findings) -> list[Block]:
    return [*gainsmodel.report.board_paper(found).blocks]


def output(words: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run_here(words) == 0
    return " ".join(out.getvalue().split())


# ---------------------------------------------------------------- area, UK, ratios


@pytest.mark.parametrize("gross", [False, True])
def test_the_uk_stands_beside_the_area_in_the_same_kind_of_figure(
    gross: bool, tmp_path: Path
) -> None:
    file = tmp_path / "skills.toml"
    file.write_text(gainsmodel.to_toml(SKILLS), "utf-8")
    said = output(["appraise", str(file), "--area", GM, "--draws", "640", *["--gross"] * gross])
    table = gainsmodel.appraise(gainsmodel.run_paired(SKILLS, **MANY), gross=gross)
    row, uk = area_and_uk(table, table.filter(area_name=GM)["area_code"][0])
    assert uk is not None
    for of in (row, uk):
        for metric in ("added_final_year_gbp_m", "net_present_value_gbp_m"):
            assert Estimate.of(of, metric).gbp_range in said
        for ratio in ("public_benefit_cost_ratio", "benefit_cost_ratio"):
            assert format.gbp_for_each_pound(of[f"{ratio}_of_means"]) in said
    assert ("Gross: before displacement" in said) is gross
    assert ("Net of displacement, leakage and multiplier" in said) is not gross
    kind = "gross" if gross else "net"
    assert re.search(rf"This plan adds about £\S+ {kind} a year by 2036 \(", said)
    of_uk = "gross" if gross else "net of displacement"
    assert re.search(rf"For the UK as a whole it adds about £\S+ {of_uk} a year by 2036 \(", said)


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
