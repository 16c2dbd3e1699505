"""The best package for the money: against brute force, and against the parts it is made of."""

from __future__ import annotations

import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel import (
    Plan,
    RunCancelled,
    ScenarioError,
    SettingError,
    UnknownNameError,
)
from gainsmodel.analysis.optimise import search
from gainsmodel.analysis.optimise.plan import FINALISTS, FRESH, GOALS, plan
from gainsmodel.analysis.optimise.problem import Grid, Option, Trials, chance_of, worst_tenth
from gainsmodel.data.units import unit_of
from gainsmodel.results.plan_levers import lever_costs, yearly_costs
from gainsmodel.results.statistics import COLUMNS, statistics_of
from gainsmodel.scenario import load_scenario, to_toml
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.settings import Settings
from plain import plain
from program import gainsmodel as program

Array = np.ndarray
# Twelve areas run faster than 23.
SCENARIO = plain("reference").edit({"setting.geography": "itl1"})
WALES, TARGET = "Wales", 60.0
COARSE = (0.0, 0.5, 1.0)
DRAWS = 112
# Packages are tried on the area alone, in single precision: off by 3 in 10 million here (decision
# 34). What is recommended is run in all areas.
ALONE = 1e-6
FEW: dict[str, Any] = {"draws": DRAWS, "seed": 5}
LEVERS = tuple(SCENARIO.levers)
# The goal alone where what is asked is of the search; every goal in .ci/nightly.
ONE_GOAL = [
    goal if goal == "p_target" else pytest.param(goal, marks=pytest.mark.slow) for goal in GOALS
]
TYPES = {"net_present_value": 0, "worst_tenth": 1, "p_target": 2}


@cache
def by_appraisal(package: tuple[Any, ...], seed: int = 5) -> tuple[float, ...]:
    """Objectives and cost of a package, from `run_paired` and draws alone."""
    moved = {k: v for k, v in zip(LEVERS, package, strict=True) if v}
    scenario = SCENARIO.model_copy(update={"plan": {WALES: moved}})
    results = gainsmodel.run_paired(scenario, draws=DRAWS, seed=seed)
    code = unit_of(resolve(SCENARIO)[1], WALES).code

    def gap(metric: str) -> Array:
        mine, theirs = (r.draws(metric)[code].to_numpy().astype(float) for r in results)
        return mine - theirs

    net = gap("gain_present_value_gbp_m") - gap("cost_present_value_gbp_m")
    net = net - gap("lever_cost_present_value_gbp_m")
    added = gap("gain_final_year_gbp_m")
    worst = float(np.sort(net)[: round(net.size / 10)].mean())
    cost = float(gap("lever_cost_per_year_gbp_m").mean())
    return float(net.mean()), worst, float((added >= TARGET).mean()), cost


@cache
def everything() -> dict[tuple[float, ...], tuple[float, ...]]:
    return {p: by_appraisal(p) for p in itertools.product(COARSE, repeat=len(LEVERS))}


@cache
def found(objective: str, budget: float, **options: Any) -> Plan:
    settings = FEW | {"intensities": COARSE, "stability": False, "target_gbp_m": TARGET} | options
    return plan(SCENARIO, WALES, objective=objective, budget_gbp_m_per_year=budget, **settings)


def row_of(frame: pl.DataFrame, column: str, value: str) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col(column) == value, named=True)


def package(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[f"intensity_{lever}"] for lever in LEVERS)


def best_by_brute_force(objective: str, budget: float) -> tuple[tuple[float, ...], float]:
    at = TYPES[objective]
    within = {p: v for p, v in everything().items() if v[3] <= budget * (1 + 1e-6)}
    best = max(within, key=lambda p: (round(within[p][at], 9), -within[p][3]))
    return best, within[best][at]


# ---------------------------------------------------------------- brute force


@pytest.mark.parametrize("objective", GOALS)
@pytest.mark.parametrize("budget", [2.0, 6.0, 10.0, 17.0])
def test_the_best_package_is_that_of_brute_force(objective: str, budget: float) -> None:
    best, value = best_by_brute_force(objective, budget)
    plan = found(objective, budget)
    assert plan.every
    assert plan.settled
    assert package(plan.recommended) == best
    assert plan.recommended["objective"] == pytest.approx(value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("objective", ONE_GOAL)
def test_the_evolutionary_search_finds_it_too(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "EVERY", 0)
    monkeypatch.setattr(search, "GENERATIONS", 20)
    best, _ = best_by_brute_force(objective, 10.0)
    plan = found.__wrapped__(objective, 10.0)
    assert not plan.every
    assert package(plan.recommended) == best


@pytest.mark.parametrize("objective", GOALS)
def test_the_frontier_is_that_of_brute_force(objective: str) -> None:
    """At every sum the best of all packages, but for what the surface is off by."""
    at, plan = TYPES[objective], found(objective, 17.0)
    front = plan.frontier
    assert front["cost_gbp_m_per_year"].is_sorted()
    assert front["objective"].is_sorted()
    for cost, value in front.select("cost_gbp_m_per_year", "objective").iter_rows():
        best = max(v[at] for v in everything().values() if v[3] <= cost * (1 + 1e-6))
        assert best - value <= 2 * plan.surface_error + 1e-6 * abs(best)
    for package_, values in everything().items():
        if values[3] > 17.0:
            continue
        known = front.filter(front["cost_gbp_m_per_year"] <= values[3] * (1 + 1e-6) + 1e-9)
        assert known["objective"][-1] >= values[at] - 2 * plan.surface_error - 1e-6, package_


def test_with_starts_to_choose_from_it_is_that_of_brute_force() -> None:
    """Two starts of each lever, in full or not at all."""
    options = (0.0, *({"intensity": 1.0, "start_years": year} for year in (0.0, 4.0)))
    values = {}
    for choice in itertools.product(range(3), repeat=len(LEVERS)):
        moved = {k: options[at] for k, at in zip(LEVERS, choice, strict=True) if at}
        scenario = SCENARIO.model_copy(update={"plan": {WALES: moved}})
        table = gainsmodel.appraise(gainsmodel.run_paired(scenario, draws=112, seed=5))
        row = row_of(table, "area_name", WALES)
        if row["authority_cost_per_year_gbp_m_mean"] <= 8.0:
            values[choice] = row["net_present_value_gbp_m_mean"]
    plan = gainsmodel.plan(
        *(SCENARIO, WALES),
        budget_gbp_m_per_year=8.0,
        intensities=(0, 1),
        starts=(4, 0),
        stability=False,
        draws=112,
        seed=5,
    )
    best = max(values, key=lambda choice: values[choice])
    assert plan.recommended["objective"] == pytest.approx(values[best], rel=1e-6)
    for lever, at in zip(LEVERS, best, strict=True):
        assert plan.recommended[f"start_years_{lever}"] == (None, 0.0, 4.0)[at]


# ---------------------------------------------------------------- the parts


def trials(draws: int = DRAWS, sampler: Any = "sobol") -> tuple[Trials, Grid]:
    scenario, figures = resolve(SCENARIO)
    unit = unit_of(figures, WALES)
    full = scenario.model_copy(update={"plan": {unit.code: dict.fromkeys(LEVERS, 1.0)}})
    costs = yearly_costs(full, figures, unit)
    grid = Grid(
        levers=LEVERS,
        intensities=COARSE,
        starts=(None,),
        full_costs_gbp_m=tuple(costs.values()),
        plan_of=lambda chosen: {unit.code: {k: o.planned() for k, o in chosen.items()}},
    )
    settings = Settings(draws=draws, seed=5, sampler=sampler)
    return Trials(scenario, figures, unit, settings), grid


def test_a_trial_is_an_appraisal() -> None:
    tried, grid = trials()
    trial = tried.trial(grid.plan((1, 0, 2, 2, 1)))
    value = by_appraisal((0.5, 0.0, 1.0, 1.0, 0.5))
    assert trial.net_present_value_gbp_m.mean() == pytest.approx(value[0], rel=1e-9)
    assert np.mean(trial.added_gbp_m >= TARGET) == value[2]
    assert grid.cost((1, 0, 2, 2, 1)) == pytest.approx(value[3], rel=1e-6)


def test_adjustments_count_as_in_an_appraisal() -> None:
    adjusted = SCENARIO.edit(
        {
            "parameters.displacement.enabled": True,
            "parameters.multiplier.enabled": True,
            "plan.Wales.skills": 1.0,
        }
    )
    results = gainsmodel.run_paired(adjusted, draws=DRAWS, seed=5)
    table = gainsmodel.appraise(results, target_gbp_m=TARGET)
    row = row_of(table, "area_name", WALES)
    plan = gainsmodel.plan(adjusted, WALES, intensities=(1,), stability=False, **FEW)
    alone = plan.tried.filter(plan.tried["levers"] == "Digital skills 100%")
    assert alone.height == 1
    for name in ("net_present_value_gbp_m", "added_final_year_gbp_m"):
        assert alone[f"{name}_mean"].item() == pytest.approx(row[f"{name}_mean"], rel=ALONE)
        assert alone[f"{name}_p95"].item() == pytest.approx(row[f"{name}_p95"], rel=ALONE)


def test_the_surface_is_exact_for_single_levers_and_full_pairs() -> None:
    tried, grid = trials()
    surface = search.Surface(tried, grid)
    for package_ in ((0, 0, 0, 0, 0), (0, 1, 0, 0, 0), (2, 0, 0, 2, 0), (0, 0, 2, 0, 2)):
        trial = tried.trial(grid.plan(package_))
        exact = np.stack([trial.added_gbp_m, trial.net_present_value_gbp_m])
        np.testing.assert_allclose(surface.at(package_), exact, atol=1e-9)
    for package_, values in surface.every(grid.affordable(4.0)):
        np.testing.assert_allclose(values, surface.at(package_), atol=1e-9)


def test_the_worst_tenth_is_a_mean_with_its_error() -> None:
    """Value by sorting; error against the spread of many samples."""
    random = np.random.default_rng(3)
    goal = worst_tenth()
    values, errors = [], []
    for _ in range(400):
        net = random.lognormal(0.0, 1.0, 500) - 1.0
        series = goal.series(net, net)
        assert series.mean() == pytest.approx(np.sort(net)[:50].mean(), rel=1e-12)
        assert goal.value(net, net) == series.mean()
        values.append(series.mean())
        errors.append(statistics_of(series[None], "random")[0, COLUMNS.index("mcse_mean")])
    # The spread of 400 samples is known to a thirtieth.
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.15)


def test_the_chance_counts_what_there_is_besides() -> None:
    added, besides = np.array([1.0, 2.0, 3.0]), np.array([5.0, 0.0, 0.0])
    assert chance_of(3.0).value(added, added) == pytest.approx(1 / 3)
    assert chance_of(3.0, besides).value(added, added) == pytest.approx(2 / 3)


def test_costs_are_those_of_the_levers() -> None:
    plan = found("net_present_value", 10.0)
    costs = lever_costs(plan.scenario, resolve(SCENARIO)[1])
    code = unit_of(resolve(SCENARIO)[1], WALES).code
    mine = dict(
        costs.filter(costs["area_code"] == code).select("lever", "cost_gbp_m_per_year").iter_rows()
    )
    for row in plan.levers.iter_rows(named=True):
        assert row["cost_gbp_m_per_year"] == pytest.approx(mine[row["lever"]], rel=1e-12)
        assert row["evidence"] == "judgement"
    total = plan.levers["cost_gbp_m_per_year"].sum()
    assert plan.recommended["cost_gbp_m_per_year"] == pytest.approx(total, rel=1e-12)
    assert plan.tried["cost_gbp_m_per_year"].max() <= 10.0


def test_the_tighter_budget_holds() -> None:
    row = found("net_present_value", 10.0).recommended
    residents_m = row["cost_gbp_m_per_year"] / row["cost_gbp_per_head"]
    both = found.__wrapped__("net_present_value", 100.0, budget_gbp_per_head=10.0 / residents_m)
    assert both.budget_gbp_m_per_year == pytest.approx(10.0)
    assert both.recommended == row


def test_what_is_bought_first_does_most_for_its_money_and_gains_add_up() -> None:
    plan = found("net_present_value", 10.0)
    order = plan.order
    assert sorted(order["lever"]) == sorted(plan.levers["lever"])
    assert order["gain"].sum() == pytest.approx(plan.recommended["objective"], rel=ALONE)
    assert order["objective_after"][-1] == pytest.approx(plan.recommended["objective"], rel=ALONE)
    alone = {}
    for lever, intensity, cost in order.select(
        "lever", "intensity", "cost_gbp_m_per_year"
    ).iter_rows():
        single = tuple(intensity if lever == other else 0.0 for other in LEVERS)
        alone[lever] = by_appraisal(single)[0] / cost
    assert order["lever"][0] == max(alone, key=lambda lever: alone[lever])
    assert order["gain_per_gbp_m"][0] == pytest.approx(max(alone.values()), rel=ALONE)


def test_the_plan_that_is_given_back_runs_to_the_same() -> None:
    plan = found("p_target", 10.0)
    table = gainsmodel.appraise(
        gainsmodel.run_paired(plan.scenario, draws=DRAWS, seed=5), target_gbp_m=TARGET
    )
    row = row_of(table, "area_name", WALES)
    assert row["p_target"] == plan.recommended["p_target"] == plan.recommended["objective"]
    assert row["p_target_mcse"] == pytest.approx(plan.recommended["objective_mcse"])
    assert row["p_pays_back"] == plan.recommended["p_pays_back"]


# ---------------------------------------------------------------- elsewhere


@cache
def stable() -> Plan:
    return plan(SCENARIO, WALES, budget_gbp_m_per_year=10, intensities=COARSE, seed=5, draws=DRAWS)


def test_finalists_are_valued_on_futures_that_played_no_part() -> None:
    plan = stable()
    assert plan.finalists.height == FINALISTS
    assert plan.finalists["objective"].is_sorted(descending=True)
    assert plan.finalists["behind"][0] == 0.0
    first = package(plan.recommended)
    fresh = [by_appraisal(first, 5 + i)[0] for i in range(1, FRESH + 1)]
    assert plan.finalists["objective_fresh"][0] == pytest.approx(np.mean(fresh), rel=ALONE)
    assert plan.finalists["objective"][0] == pytest.approx(by_appraisal(first)[0], rel=ALONE)
    gap = plan.finalists["objective_fresh"][0] - plan.finalists["objective_fresh"]
    np.testing.assert_allclose(plan.finalists["behind"], gap, atol=1e-9)


def test_regret_is_what_the_recommended_package_loses() -> None:
    plan = stable()
    regret = plan.regret
    assert regret.filter(regret["kind"] == "futures").height == FRESH >= 5
    assert regret.filter(regret["kind"] == "structure")["variant"].to_list() == [
        "Logistic curve",
        "Gompertz curve",
        "Bass curve, no spillover",
        "Logistic curve, no spillover",
        "Gompertz curve, no spillover",
    ]
    assert (regret["regret"] >= 0).all()
    assert (regret.filter(regret["same"])["regret"] == 0).all()
    gap = regret["objective_best"] - regret["objective_recommended"]
    np.testing.assert_allclose(regret["regret"], gap, atol=1e-9)


def test_a_variant_is_the_scenario_with_that_structure() -> None:
    plan = stable()
    variant = plan.scenario.edit(
        {"setting.curve": "gompertz", "parameters.spillover_share.value": 0.0}
    )
    table = gainsmodel.appraise(gainsmodel.run_paired(variant, draws=DRAWS, seed=5))
    row = row_of(table, "area_name", WALES)
    last = plan.regret.row(-1, named=True)
    assert last["variant"] == "Gompertz curve, no spillover"
    assert last["objective_recommended"] == pytest.approx(row["net_present_value_gbp_m_mean"])


def test_another_curve_may_change_what_is_best() -> None:
    """Where firms adopt only by imitation, levers on first adoption do nothing."""
    spread_only = SCENARIO.edit(
        {
            "levers.skills.effects.productivity_effect.value": 0.0,
            "levers.skills.effects.ceiling.value": 0.0,
            "levers.skills.effects.imitation.value": 0.0,
            "levers.leadership.effects.imitation.value": 0.0,
            "parameters.innovation.value": 0.02,
        }
    )
    plan = gainsmodel.plan(spread_only, WALES, budget_gbp_m_per_year=1.0, intensities=(1,), **FEW)
    assert plan.levers["lever"].to_list() == ["leadership"]
    logistic = row_of(plan.regret, "variant", "Logistic curve")
    assert not logistic["same"]
    assert "leadership" not in logistic["best"].lower()
    assert logistic["regret"] > 0


@pytest.mark.parametrize(
    "objective", ["net_present_value", pytest.param("p_target", marks=pytest.mark.slow)]
)
def test_a_structure_searched_on_few_futures_still_ends_at_the_best_of_all(
    objective: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first search of a structure sees a quarter of the futures; brute force sees all."""
    monkeypatch.setattr("gainsmodel.analysis.optimise.plan.LEAST_SEARCHED", 100)
    draws, budget = 400, 21.0
    planned = plan(
        *(SCENARIO, WALES),
        objective=objective,
        target_gbp_m=TARGET,
        budget_gbp_m_per_year=budget,
        intensities=(1,),
        draws=draws,
        seed=5,
    )
    logistic = SCENARIO.edit({"setting.curve": "logistic"})
    dataset = resolve(logistic)[1]
    unit = unit_of(dataset, WALES)
    trials = Trials(logistic, dataset, unit, Settings(draws=draws, seed=5))
    full = logistic.edit({"plan": {WALES: dict.fromkeys(LEVERS, 1.0)}})
    costs = yearly_costs(full, dataset, unit)
    values = []
    for size in range(1, len(LEVERS) + 1):
        for levers in itertools.combinations(LEVERS, size):
            if sum(costs[lever] for lever in levers) <= budget:
                trial = trials.trial({unit.code: {k: {"intensity": 1.0} for k in levers}})
                of_target = float((trial.added_gbp_m >= TARGET).mean())
                net = float(trial.net_present_value_gbp_m.mean())
                values.append(net if objective == "net_present_value" else of_target)
    row = row_of(planned.regret, "variant", "Logistic curve")
    assert len(values) > FINALISTS
    assert row["objective_best"] == pytest.approx(max(values), rel=ALONE)


# ---------------------------------------------------------------- the whole


def test_threads_and_repetition_change_nothing() -> None:
    one, two = (found.__wrapped__("p_target", 6.0, threads=n) for n in (1, 2))
    assert one.to_dict() == two.to_dict()


def test_everything_survives_json() -> None:
    plain = stable().to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_progress_rises_to_its_end_and_an_exception_stops_the_work() -> None:
    seen: list[tuple[int, int]] = []
    found.__wrapped__("net_present_value", 4.0, on_progress=lambda *of: seen.append(of))
    done = [a for a, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]

    def stop(done: int, total: int) -> None:
        if done > total / 10:
            raise RunCancelled("enough")

    with pytest.raises(RunCancelled, match="enough"):
        found.__wrapped__("net_present_value", 4.0, on_progress=stop)


def test_a_group_of_areas_is_planned_as_one() -> None:
    plan = gainsmodel.plan(
        SCENARIO, "uk", budget_gbp_per_head=1.0, intensities=(1,), stability=False, **FEW
    )
    assert plan.area == "United Kingdom"
    assert plan.recommended["cost_gbp_per_head"] <= 1.0
    assert [*plan.scenario.plan] == ["uk"]


def test_where_nothing_helps_nothing_is_recommended() -> None:
    plan = found("p_target", 1.0, target_gbp_m=1e6)
    assert plan.levers.height == plan.order.height == 0
    assert "no package of levers in Wales reaches" in plan.summary[0]
    assert plan.scenario.moved_levers() == []
    costly = {f"levers.{k}.cost_gbp_per_head_per_year.value": 1e4 for k in LEVERS}
    dear = gainsmodel.plan(SCENARIO.edit(costly), WALES, stability=False, intensities=(1,), **FEW)
    assert "better net present value than doing nothing" in dear.summary[0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"area": "Whales"}, UnknownNameError, "Wales"),
        ({"objective": "p_targets"}, SettingError, "'p_target'"),
        ({"objective": "p_target"}, SettingError, "target_gbp_m: is needed"),
        ({"target_gbp_m": 0}, SettingError, "above 0, not 0"),
        ({"budget_gbp_m_per_year": 0}, SettingError, "£0 a year buys no lever; the cheapest step"),
        ({"budget_gbp_per_head": 0.01}, SettingError, "leadership at 25%, costs £0.2m a year"),
        ({"budget_gbp_m_per_year": -1}, SettingError, "0 or more, not -1"),
        ({"budget_gbp_m_per_year": float("nan")}, SettingError, "0 or more, not nan"),
        ({"draws": 1}, SettingError, "on 100 to 100,000 futures, not 1"),
        ({"draws": 10**6}, SettingError, "not 1,000,000"),
        ({"intensities": (0, 1.5)}, SettingError, "from 0 to 1, not 1.5"),
        ({"intensities": (0,)}, SettingError, "need one above 0"),
        ({"starts": ()}, SettingError, "need a year"),
        ({"starts": (11,)}, SettingError, "a year from 0 to 10, not 11"),
    ],
)
def test_bad_requests_are_answered_in_words(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words.replace("(", r"\(")):
        plan(SCENARIO, **{"area": WALES} | options)


def test_a_scenario_without_levers_cannot_be_planned() -> None:
    plain = SCENARIO.to_dict()
    plain["levers"] = {}
    with pytest.raises(ScenarioError, match="the scenario has none"):
        plan(gainsmodel.Scenario.from_dict(plain), WALES)


def test_options_speak_the_language_of_plans() -> None:
    assert Option(0.5).planned() == {"intensity": 0.5}
    assert Option(0.5, 2.0).planned() == {"intensity": 0.5, "start_years": 2.0}


# ---------------------------------------------------------------- words, chart, command line


def test_sentences_say_what_the_numbers_are() -> None:
    plan = stable()
    said = " ".join(plan.summary)
    assert plan.recommended["levers"] in said
    assert "other draws, which played no part in the choice" in said
    assert f"Bought first: {plan.order['label'][0]}" in said
    assert "of 5 other sets of futures" in said
    assert any("judgement" in note for note in plan.notes)


@pytest.mark.parametrize("show", ["added", "p_target"])
def test_the_chart_holds_what_was_tried(show: Any) -> None:
    plan = found("p_target", 10.0)
    chart = gainsmodel.charts.frontier(plan, show=show, named={"Ours": (4.0, 0.5)})
    assert len(chart.data["tried"]) == plan.tried.height
    heights = [row["Height"] for row in chart.data["best"]]
    assert heights == sorted(heights)
    assert [row["Name"] for row in chart.data["plans"]] == ["Best found", "Ours"]
    assert bool(chart.data["whisker"]) == (show == "added")
    assert chart.alt.startswith("Best packages")
    chart.altair()


def test_a_chart_of_nothing_says_so_and_a_chance_needs_a_target() -> None:
    nothing = found("p_target", 1.0, target_gbp_m=1e6)
    assert "message" in gainsmodel.charts.frontier(nothing).data
    plan = stable()
    with pytest.raises(SettingError, match="no target"):
        gainsmodel.charts.frontier(plan, show="p_target")


COMMAND = (
    *("--area", WALES, "--geography", "itl1", "--budget", "6"),
    *("--draws", str(DRAWS), "--seed", "5", "--no-stability"),
    *("--intensity", "0.5", "--intensity", "1"),
)


def test_the_command_prints_and_gives_what_the_function_does(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(to_toml(plain("reference"), load_scenario("reference")), "utf-8")
    command = ("plan", str(own), *COMMAND)
    expected = found.__wrapped__("net_present_value", 6.0, target_gbp_m=None)
    done = program(*command)
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for sentence in expected.summary:
        assert " ".join(sentence.split()) in flat
    assert "judgement" in flat
    given = json.loads(program(*command, "--json").stdout)
    assert given["recommended"] == expected.recommended
    assert given["frontier"] == expected.frontier.to_dicts()


def test_a_mistake_at_the_command_line_is_one_message() -> None:
    done = program("plan", "reference", "--area", WALES, "--budget", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: budget: £0 a year buys no lever")
    assert done.stderr.count("\n") == 1
