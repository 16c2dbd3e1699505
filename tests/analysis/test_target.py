"""Chances of targets, and what reaches them: against appraisals, closed forms and brute force."""

from __future__ import annotations

import itertools
import json
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import gainsmodel
from gainsmodel import (
    GoalSeek,
    RunCancelled,
    Scenario,
    ScenarioError,
    SettingError,
    UnknownNameError,
    goal_seek,
    load_dataset,
    target,
)
from gainsmodel.analysis.goal_seek import QUARTERS
from plain import plain
from program import gainsmodel as program
from toy import certain

BASE = plain("reference").edit({"setting.geography": "itl1"})
PLANNED = BASE.edit({"plan.Wales.skills": 0.8, "plan.Wales.leadership": 0.5})
WALES = "Wales"
FEW: dict[str, Any] = {"draws": 320, "seed": 3}


def code_of(name: str) -> str:
    return load_dataset("itl1").resolve(name)[0]


@cache
def both() -> gainsmodel.PairedResult:
    return gainsmodel.run_paired(PLANNED, **FEW)


def draws(metric: str, which: int = 0) -> np.ndarray:
    return [*both()][which].draws(metric)[code_of(WALES)].to_numpy().astype(float)


# ---------------------------------------------------------------- the chance


def test_what_the_plan_adds_is_that_of_an_appraisal() -> None:
    table = gainsmodel.appraise(both(), target_gbp_m=40)
    row = table.row(by_predicate=pl.col("area_name") == WALES, named=True)
    found = target(PLANNED, WALES, gain_gbp_m=40, **FEW)
    assert (found.p, found.p_mcse) == (row["p_target"], row["p_target_mcse"])
    assert 0.1 < found.p < 0.9
    assert found.p_without == 0.0
    assert (found.area, found.of, found.final_year) == (WALES, "added", 2036)


def test_what_is_carried_counts_the_gain_without_the_plan() -> None:
    found = target(PLANNED, WALES, gain_gbp_m=1_500, of="gain", **FEW)
    assert found.p == np.mean(draws("gain_final_year_gbp_m") >= 1_500)
    assert found.p_without == np.mean(draws("gain_final_year_gbp_m", 1) >= 1_500)
    assert found.p > found.p_without > 0


def test_a_share_of_gva_is_that_of_the_same_future() -> None:
    uplift = draws("uplift_final_year")
    for of, values, wanted in (
        ("gain", uplift, 0.02),
        ("added", uplift - draws("uplift_final_year", 1), 0.0005),
    ):
        found = target(PLANNED, WALES, gain_share_of_gva=wanted, of=of, **FEW)
        assert found.p == np.mean(values >= wanted)
        assert 0 < found.p < 1


def test_the_null_model_is_the_share_of_gva() -> None:
    found = target(PLANNED, WALES, share="gva", **FEW)
    row = both().with_plan.areas().row(by_predicate=pl.col("area_name") == WALES, named=True)
    assert found.p == pytest.approx(row["p_share_above_gva"], abs=1e-12)
    assert found.threshold == pytest.approx(row["gva_share"])
    assert found.null
    share = target(PLANNED, WALES, share=0.03, **FEW)
    assert share.p == np.mean(draws("share") >= 0.03)


def test_futures_without_a_share_are_left_out_and_counted() -> None:
    floor = PLANNED.edit({"setting.share_floor": 0.015})
    found = target(floor, WALES, share="gva", **FEW)
    assert 0 < found.excluded < 1
    known = gainsmodel.run(floor, **FEW).draws("share")[code_of(WALES)]
    assert found.excluded == known.null_count() / known.len()
    assert any("left out" in sentence for sentence in found.summary)


def test_adjustments_count() -> None:
    changes = {"parameters.displacement.enabled": True, "parameters.displacement.value": 0.5}
    half = PLANNED.edit(changes)
    gross, net = (target(s, WALES, gain_gbp_m=x, **FEW) for s, x in ((PLANNED, 40), (half, 20)))
    assert gross.p == net.p


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, SettingError, "exactly one of .* found none"),
        ({"gain_gbp_m": 1, "share": 0.1}, SettingError, "found gain_gbp_m, share"),
        ({"gain_gbp_m": 0}, SettingError, "gain_gbp_m: must be a number above 0, not 0"),
        ({"gain_gbp_m": float("nan")}, SettingError, "above 0, not nan"),
        ({"share": "gdp"}, SettingError, "share: must be a number above 0, not 'gdp'"),
        ({"gain_share_of_gva": 2.0}, SettingError, "0.01 for 1%, and cannot be 2"),
        ({"gain_gbp_m": 1, "of": "aded"}, SettingError, "did you mean 'added'"),
        ({"gain_gbp_m": 1, "area": "Whales"}, UnknownNameError, "Wales"),
        ({"share": "gva", "area": "uk"}, SettingError, "the UK's share is all of it"),
        ({"gain_gbp_m": 1, "scenario": BASE}, ScenarioError, "no lever is moved in any area"),
    ],
)
def test_bad_targets_are_answered_in_words(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        target(**{"scenario": PLANNED, "area": WALES} | options)


# ---------------------------------------------------------------- what reaches it


def one_lever(take_up: float | None = None) -> Scenario:
    """Only the take-up of one lever is uncertain, or nothing."""
    scenario = certain(BASE, "parameters.take_up")
    if take_up is not None:
        scenario = scenario.edit({"parameters.take_up.value": take_up})
    return scenario.edit({"plan.Wales.skills": 1.0})


@cache
def one_lever_adds(take_up: float) -> float:
    scenario = one_lever(take_up)
    mine, theirs = gainsmodel.run_paired(scenario, draws=1, precision="float64")
    code = code_of(WALES)
    gaps = [r.draws("gain_final_year_gbp_m")[code][0] for r in (mine, theirs)]
    return gaps[0] - gaps[1]


@pytest.mark.parametrize("probability", [0.5, 0.8])
def test_the_smallest_intensity_in_closed_form(probability: float) -> None:
    """What is added rises with take-up × intensity, so the quantile of the take-up says all."""
    needed = 0.06
    usual = stats.beta.ppf(1 - probability, 0.8, 1.5)
    found = goal_seek(one_lever(), WALES, one_lever_adds(needed), probability, draws=4_096, seed=2)
    assert found.outcome == "reached"
    assert found.intensity is not None
    truth = needed / usual
    assert found.intensity_low is not None
    assert found.intensity_high is not None
    assert found.intensity_low - 1 / 256 <= truth <= found.intensity_high + 1 / 256
    assert found.intensity == pytest.approx(truth, rel=0.04)
    # One lever: the smallest budget is the smallest intensity's.
    assert found.budget_gbp_m_per_year == pytest.approx(
        found.intensity_cost_gbp_m_per_year, rel=0.01
    )
    most = 1 - stats.beta.cdf(needed, 0.8, 1.5)
    assert abs(found.p_most - most) < 4.5 * max(found.p_most_mcse, 0.003)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    needed, probability = 0.06, 0.7
    truth = needed / stats.beta.ppf(1 - probability, 0.8, 1.5)
    inside = 0
    for seed in range(20):
        found = goal_seek(
            *(one_lever(), WALES, one_lever_adds(needed), probability),
            budget=False,
            draws=160,
            seed=seed,
            sampler="random",
        )
        assert found.intensity_low is not None
        inside += found.intensity_low <= truth <= (found.intensity_high or 1.0)
    # 95% of 20 is 19; fewer than 16 would come three times in ten thousand.
    assert inside >= 16


@cache
def reached(**options: Any) -> GoalSeek:
    return goal_seek(PLANNED, WALES, 40, 0.6, **FEW | options)


def chance(intensity: dict[str, float]) -> float:
    scenario = BASE.model_copy(update={"plan": {WALES: intensity}})
    return target(scenario, WALES, gain_gbp_m=40, **FEW).p if any(intensity.values()) else 0.0


def test_the_intensity_reaches_it_and_a_smaller_one_does_not() -> None:
    found = reached()
    assert found.intensity is not None
    at = found.intensity
    assert chance(dict.fromkeys(("skills", "leadership"), at)) >= 0.6
    assert chance(dict.fromkeys(("skills", "leadership"), at - 1 / 256)) < 0.6


def test_the_budget_is_that_of_brute_force_scaled() -> None:
    found = reached()
    costs = {"skills": 4.0, "leadership": 0.3}
    packages = [{"skills": a, "leadership": b} for a, b in itertools.product(QUARTERS, repeat=2)]
    packages.sort(key=lambda p: sum(costs[k] * x for k, x in p.items()))
    cheapest = next(p for p in packages if chance(p) >= 0.6)
    bought = dict(found.levers.select("lever", "intensity").iter_rows())
    ratios = {k: bought[k] / x for k, x in cheapest.items() if x}
    assert len(set(np.round([*ratios.values()], 9))) == 1
    assert 0.75 < next(iter(ratios.values())) <= 1.0
    assert chance(bought) >= 0.6
    assert found.budget_gbp_m_per_year == pytest.approx(found.levers["cost_gbp_m_per_year"].sum())
    assert found.budget_gbp_m_per_year is not None
    assert found.intensity_cost_gbp_m_per_year is not None
    assert found.budget_gbp_m_per_year <= found.intensity_cost_gbp_m_per_year


def test_more_often_takes_more() -> None:
    often, seldom = (
        goal_seek(PLANNED, WALES, 40, p, budget=False, **FEW).intensity for p in (0.65, 0.3)
    )
    assert often is not None
    assert seldom is not None
    assert often > seldom


def test_what_cannot_be_reached_says_how_near_it_comes() -> None:
    found = goal_seek(PLANNED, WALES, 4_000, 0.8, **FEW)
    assert found.outcome == "not_reachable"
    assert found.intensity is None
    assert found.levers.height == 0
    full = BASE.edit({"plan.Wales.skills": 1.0, "plan.Wales.leadership": 1.0})
    assert found.p_most == target(full, WALES, gain_gbp_m=4_000, **FEW).p
    assert found.summary[0].startswith("Not reachable with these levers: even at full intensity")


def test_what_is_met_already_needs_no_lever() -> None:
    found = goal_seek(PLANNED, WALES, 100, 0.8, of="gain", **FEW)
    assert found.outcome == "met_without"
    assert found.p_without == np.mean(draws("gain_final_year_gbp_m", 1) >= 100)
    assert found.summary[0].startswith("Already met without any lever")


def test_starts_and_other_areas_stay_as_planned() -> None:
    late = BASE.edit(
        {
            "plan.Wales.skills": {"intensity": 0.8, "start_years": 3.0},
            "plan.London.skills": 1.0,
        }
    )
    found = goal_seek(late, WALES, 15, 0.5, budget=False, **FEW)
    assert found.intensity is not None
    at = {"plan.Wales.skills": {"intensity": found.intensity, "start_years": 3.0}}
    assert target(late.edit(at), WALES, gain_gbp_m=15, **FEW).p >= 0.5
    early = BASE.edit({"plan.Wales.skills": 0.8})
    sooner = goal_seek(early, WALES, 15, 0.5, budget=False, **FEW).intensity
    assert sooner is not None
    assert sooner < found.intensity


def test_a_group_may_be_the_place_of_the_plan() -> None:
    everywhere = BASE.edit({"plan.uk.skills": 0.5})
    found = goal_seek(everywhere, WALES, 30, 0.5, budget=False, **FEW)
    alone = goal_seek(BASE.edit({"plan.Wales.skills": 0.5}), WALES, 30, 0.5, budget=False, **FEW)
    assert found.intensity is not None
    assert alone.intensity is not None
    assert found.intensity <= alone.intensity


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"target_gbp_m": 0}, SettingError, "target_gbp_m: must be an amount above 0, not 0"),
        ({"probability": 1}, SettingError, "probability: must be above 0 and below 1, not 1"),
        ({"draws": 1}, SettingError, "on 100 to 100,000 futures, not 1"),
        ({"area": "Whales"}, UnknownNameError, "Wales"),
        ({"area": "London"}, ScenarioError, "no lever is moved in London"),
        ({"scenario": BASE}, ScenarioError, "no lever is moved in Wales"),
        ({"of": "both"}, SettingError, "of: must be one of added, gain, not 'both'"),
    ],
)
def test_bad_requests_are_answered_in_words(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        goal_seek(**{"scenario": PLANNED, "area": WALES, "target_gbp_m": 40} | options)


def test_threads_change_nothing_and_progress_ends() -> None:
    seen: list[tuple[int, int]] = []
    one = reached(threads=1)
    two = goal_seek(
        PLANNED, WALES, 40, 0.6, threads=2, on_progress=lambda *of: seen.append(of), **FEW
    )
    assert one.to_dict() == two.to_dict()
    assert [a for a, _ in seen] == sorted(a for a, _ in seen)
    assert seen[-1][0] == seen[-1][1]

    def stop(done: int, total: int) -> None:
        raise RunCancelled("enough")

    with pytest.raises(RunCancelled, match="enough"):
        goal_seek(PLANNED, WALES, 40, on_progress=stop, **FEW)


def test_the_command_gives_the_same_as_the_functions() -> None:
    command = ("target", "skills_first", "--area", "Greater Manchester", "--gain", "40")
    command += ("--probability", "0.5", "--draws", "112")
    settings: dict[str, Any] = {"draws": 112}
    mine = target("skills_first", "Greater Manchester", gain_gbp_m=40, **settings)
    other = goal_seek("skills_first", "Greater Manchester", 40, 0.5, **settings)
    given = json.loads(program(*command, "--json").stdout)
    assert given == json.loads(json.dumps({"target": mine.to_dict(), "reach": other.to_dict()}))
    done = program(*command)
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for sentence in (*mine.summary, *other.summary):
        assert sentence in flat
    assert "judgement" in flat


def test_a_mistake_at_the_command_line_is_one_message() -> None:
    done = program("target", "skills_first", "--area", "Wales", "--share", "half")
    assert done.returncode == 2
    assert done.stderr == "error: --share: must be a number such as 0.05, or 'gva', not 'half'\n"
