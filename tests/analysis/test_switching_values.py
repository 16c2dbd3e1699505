"""Where a plan breaks even, held against closed forms and an independent root finder."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import brentq

import gainsmodel
from gainsmodel import (
    ScenarioError,
    SettingError,
    SwitchingValues,
    UnknownNameError,
    switching_values,
)
from in_process import run_here
from plain import plain
from toy import certain

AREA = "Greater Manchester"
MANCHESTER = "E47000001"
REFERENCE, SKILLS = map(plain, ("reference", "skills_first"))
COST = "levers.skills.cost_gbp_per_head_per_year"
DRAWS = 128


@cache
def found(title: str = "skills_first") -> SwitchingValues:
    return switching_values(plain(title), AREA, draws=DRAWS)


@cache
def certain_skills() -> SwitchingValues:
    return switching_values(certain(SKILLS), AREA, parameters=["parameters.take_up"], draws=100)


def row(of: SwitchingValues, key: str) -> dict[str, Any]:
    return of.table.row(by_predicate=pl.col("key") == key, named=True)


def net(scenario: gainsmodel.Scenario, draws: int = DRAWS, **options: Any) -> float:
    """Expected net present value by the way every user goes."""
    table = gainsmodel.appraise(gainsmodel.run_paired(scenario, draws=draws), **options)
    return float(table.filter(area_code=MANCHESTER)["net_present_value_gbp_m_mean"][0])


# ---------------------------------------------------------------- closed forms


def test_benefits_and_costs_switch_at_their_ratio() -> None:
    table = gainsmodel.appraise(gainsmodel.run_paired(SKILLS, draws=DRAWS))
    mean = {
        name: table.filter(area_code=MANCHESTER)[f"{name}_present_value_gbp_m_mean"][0]
        for name in ("added", "authority_cost", "firms_cost")
    }
    costs = mean["authority_cost"] + mean["firms_cost"]
    expected = {
        "benefits": costs / mean["added"],
        "costs": mean["added"] / costs,
        "authority_costs": (mean["added"] - mean["firms_cost"]) / mean["authority_cost"],
    }
    for key, times in expected.items():
        here = row(found(), key)
        assert here["switching_value"] == pytest.approx(times, rel=1e-9), key
        assert here["change_percent"] == pytest.approx(100 * (times - 1), rel=1e-9), key
        assert here["pays_above"] == (key == "benefits")


def test_a_cost_a_head_switches_where_the_straight_line_through_two_runs_does() -> None:
    free, dear = (net(SKILLS.edit({f"{COST}.value": cost})) for cost in (0.0, 100.0))
    assert free > 0 > dear
    here = row(found(), COST)
    assert here["switching_value"] == pytest.approx(100 * free / (free - dear), rel=1e-4)
    assert here["within_range"] is None
    assert not here["pays_above"]


def test_displacement_switches_where_the_rest_pays_the_costs() -> None:
    changes: dict[str, Any] = {"parameters.displacement.enabled": True}
    key = "parameters.displacement"
    here = row(switching_values(SKILLS.edit(changes), AREA, parameters=[key], draws=DRAWS), key)
    # Of the gross benefits all but the switching value's part are just the costs.
    assert 1 - here["switching_value"] == pytest.approx(
        row(found(), "benefits")["switching_value"], rel=1e-3
    )


@pytest.mark.parametrize(
    "key",
    ["parameters.take_up", "parameters.productivity_effect", "discounting.rates"],
)
def test_an_independent_root_finder_ends_at_the_same_value(key: str) -> None:
    # So little is gained that a discount rate decides.
    scenario = SKILLS if key != "discounting.rates" else SKILLS.edit({f"{COST}.value": 30.0})
    here = row(switching_values(scenario, AREA, parameters=[key], draws=DRAWS), key)

    def held(value: float) -> float:
        change: Any = {key: {"value": value}}
        if key == "discounting.rates":
            change = {key: [{"from_year": 0, "rate": value}]}
        return net(scenario.edit(change))

    value = here["switching_value"]
    root = brentq(held, 0.5 * value, 1.5 * value, rtol=1e-6)
    # Both stand on the same futures, so much less than the Monte Carlo error parts them.
    assert value == pytest.approx(root, abs=0.06 * here["switching_mcse"])


def test_where_nothing_is_uncertain_the_value_is_exact() -> None:
    here = row(certain_skills(), "parameters.take_up")
    assert here["switching_mcse"] == 0
    scenario = certain(SKILLS)
    value = here["switching_value"]
    worth = [
        net(scenario.edit({"parameters.take_up.value": at}))
        for at in (0.99 * value, value, 1.01 * value)
    ]
    assert worth[0] < 0 < worth[2]
    assert abs(worth[1]) < 1e-4 * (worth[2] - worth[0])
    assert here["within_range"] is None


# ---------------------------------------------------------------- what is printed of it


@pytest.mark.parametrize(
    "title",
    ["skills_first", pytest.param("greater_manchester_all_levers", marks=pytest.mark.slow)],
)
def test_at_every_switching_value_the_plan_is_worth_nothing_as_far_as_its_error_can_tell(
    title: str,
) -> None:
    table = found(title).table.filter(pl.col("switching_value").is_not_null())
    assert table.height >= 6
    for here in table.iter_rows(named=True):
        mean, mcse = (here[f"net_present_value_gbp_m_{name}"] for name in ("mean", "mcse"))
        assert abs(mean) <= 0.05 * mcse, here["key"]
        assert 0 < here["p_pays_back"] < 1
        assert here["switching_mcse"] > 0
        assert here["least"] <= here["switching_value"] <= (here["most"] or np.inf)
        sides = here["low"], here["high"]
        if None in sides or sides[0] == sides[1]:
            assert here["within_range"] is None
        else:
            inside = sides[0] <= here["switching_value"] <= sides[1]
            assert here["within_range"] == inside


def test_where_there_is_none_neither_end_of_what_is_possible_changes_the_sign() -> None:
    none = found().table.filter(pl.col("switching_value").is_null())
    keys = ("parameters.readiness_slope_imitation", "levers.skills.effects.ceiling")
    assert {*keys} <= {*none["key"]}
    for key in keys:
        here = row(found(), key)
        for at in (here["least"], here["most"]):
            assert net(SKILLS.edit({key: {"value": at}})) > 0


@pytest.mark.parametrize("runs", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_the_error_says_how_far_other_futures_are_off(runs: int) -> None:
    keys = ("benefits", "parameters.take_up", "parameters.productivity_effect")
    plain = certain(SKILLS, "parameters.productivity_effect", "parameters.take_up")
    seeds = [
        switching_values(
            *(plain, AREA), parameters=keys[1:], draws=400, seed=seed, sampler="random"
        )
        for seed in range(1, runs + 1)
    ]
    for key in keys:
        values, errors = (
            np.array([row(of, key)[name] for of in seeds])
            for name in ("switching_value", "switching_mcse")
        )
        # The spread of twelve is known to a factor of about 1.6 either way.
        assert 0.5 < values.std(ddof=1) / errors.mean() < 1.8, key


def test_a_plan_that_loses_has_switching_values_too() -> None:
    dear = SKILLS.edit({f"{COST}.value": 400.0})
    losing = switching_values(dear, AREA, parameters=[COST], draws=DRAWS)
    assert losing.net_present_value_gbp_m_mean < 0
    assert row(losing, "benefits")["switching_value"] > 1
    assert row(losing, "costs")["switching_value"] < 1
    here = row(losing, COST)
    assert here["switching_value"] == pytest.approx(row(found(), COST)["switching_value"], rel=1e-3)
    assert losing.summary[0].startswith("“Do nothing” is worth about £")
    assert "more than “This plan” on average" in losing.summary[0]


def test_no_side_is_named_where_the_futures_cannot_tell_it() -> None:
    here = row(found(), COST)["switching_value"]
    even = switching_values(
        SKILLS.edit({f"{COST}.value": here}), AREA, parameters=[COST], draws=DRAWS
    )
    assert "cannot be ranked by net present value" in even.summary[0]
    assert row(even, "benefits")["switching_value"] == pytest.approx(1, rel=1e-3)


def test_a_plan_without_costs_breaks_even_where_it_adds_nothing() -> None:
    free = {f"levers.{name}.cost_gbp_per_head_per_year.value": 0.0 for name in SKILLS.levers}
    scenario = SKILLS.edit(free | {"parameters.adoption_cost_share.value": 0.0})
    keys = ["parameters.take_up", "parameters.productivity_effect", COST]
    of = switching_values(scenario, AREA, parameters=keys, draws=DRAWS)
    for key in ("benefits", *keys[:2]):
        assert row(of, key)["switching_value"] == 0
    assert row(of, "costs")["switching_value"] is None
    # Above 0 a price is found though it is 0 now.
    assert row(of, COST)["switching_value"] > 10
    assert row(of, COST)["change_percent"] is None


def test_nominal_money_moves_the_amounts_and_no_switching_value() -> None:
    keys = ["parameters.take_up", COST]
    nominal = switching_values(SKILLS, AREA, parameters=keys, draws=DRAWS, prices="nominal")
    for key in keys:
        real = row(found(), key)["switching_value"]
        assert row(nominal, key)["switching_value"] == pytest.approx(real, rel=1e-6)
    ratio = nominal.net_present_value_gbp_m_mean / found().net_present_value_gbp_m_mean
    assert ratio == pytest.approx(net(SKILLS, prices="nominal") / net(SKILLS), rel=1e-9)
    assert ratio > 1.05


# Several blocks of draws for each thread; and more than one span of them.
@pytest.mark.parametrize("draws", [2_100, pytest.param(8_400, marks=pytest.mark.slow)])
def test_threads_change_nothing(draws: int) -> None:
    one, two = (
        switching_values(SKILLS, AREA, parameters=[COST], draws=draws, threads=threads)
        for threads in (1, 2)
    )
    assert one.table.equals(two.table)


def test_what_is_left_out_says_why() -> None:
    left_out = found().left_out
    assert left_out["Connectivity"] == "the plan does not move it"
    assert left_out["Displacement"] == "switched off"
    assert not {key for key in found().table["key"] if "connectivity" in key}
    gompertz = SKILLS.edit({"setting.curve": "gompertz"})
    other = switching_values(gompertz, AREA, parameters=[COST], draws=100)
    assert "gompertz" in other.left_out["Adopting first"]


def test_an_area_that_moves_nothing_has_no_costs_of_its_own_to_switch() -> None:
    elsewhere = switching_values(SKILLS, "West Midlands", parameters=[COST], draws=100)
    assert row(elsewhere, "authority_costs")["switching_value"] is None
    assert row(elsewhere, COST)["switching_value"] is None


# ---------------------------------------------------------------- bad requests


def test_what_cannot_break_even_is_refused_in_words() -> None:
    with pytest.raises(ScenarioError, match="no lever is moved"):
        switching_values("reference", AREA)
    with pytest.raises(UnknownNameError, match="Greater Manchester"):
        switching_values("skills_first", "Greater Manchestre")
    with pytest.raises(SettingError, match="at least 100"):
        switching_values("skills_first", AREA, draws=10)
    with pytest.raises(UnknownNameError, match=r"did you mean 'parameters\.take_up'"):
        switching_values("skills_first", AREA, parameters=["parameters.takeup"])
    with pytest.raises(SettingError, match="needs a list"):
        switching_values("skills_first", AREA, parameters="parameters.take_up")


def test_progress_goes_up_and_whoever_is_told_may_stop_it() -> None:
    told: list[tuple[int, int]] = []
    switching_values(
        *("skills_first", AREA),
        parameters=["parameters.take_up"],
        draws=2_000,
        on_progress=lambda *at: told.append(at),
    )
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        switching_values("skills_first", AREA, draws=100, on_progress=stop)


# ---------------------------------------------------------------- at the command line


def once() -> Callable[..., SwitchingValues]:
    """Give `switching_values` with a memory: what is asked again in the same words is at hand."""
    known: dict[str, SwitchingValues] = {}

    def answer(*of: Any, on_progress: Any = None, **options: Any) -> SwitchingValues:
        asked = repr((of, options))
        if asked not in known:
            known[asked] = switching_values(*of, on_progress=on_progress, **options)
        return known[asked]

    return answer


def test_the_command_line_prints_it_beside_the_ratio(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asked the same twice, for people and for programs, it is found once.
    monkeypatch.setattr("gainsmodel.analysis.switching_values.switching_values", once())
    asked = ["appraise", "skills_first", "--area", AREA, "--draws", str(DRAWS), "--switching"]
    assert run_here(asked) == 0
    text = " ".join(capsys.readouterr().out.split())
    for said in (
        "Gain for each £1 that authority and firms spend",
        "Switching values: where the plan just breaks even",
        "± ",
        "±: standard",
    ):
        assert said in text
    assert "None within what is possible" in text
    assert run_here([*asked, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["switching"]["table"][0]["key"] == "benefits"


def test_the_command_line_has_current_prices(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["appraise", "skills_first", "--area", AREA, "--draws", "64", "--json"]
    rows = {}
    for prices in ("real", "nominal"):
        assert run_here([*asked, "--prices", prices]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["prices"] == answer["waterfall"]["prices"] == prices
        gross = answer["waterfall"]["table"][0]["amount_gbp_m_mean"]
        rows[prices] = answer["appraisal"] | {"gross": gross}
    ratio = {name: rows["nominal"][name] / rows["real"][name] for name in (
        "added_final_year_gbp_m_mean", "gross", "added_present_value_gbp_m_mean")}  # fmt: skip
    assert ratio["gross"] == pytest.approx(ratio["added_final_year_gbp_m_mean"], rel=1e-9)
    assert ratio["gross"] > ratio["added_present_value_gbp_m_mean"] > 1
    assert run_here([*asked[:-1], "--prices", "nominal"]) == 0
    assert "Current prices (GDP deflator" in capsys.readouterr().out
    assert run_here([*asked, "--prices", "nominl"]) == 2


def test_a_plan_elsewhere_has_no_multiple_of_what_is_spent_here() -> None:
    found = switching_values("skills_first", "Wales", search_draws=100, draws=100)
    assert "All that the authority spends (0 or more)" in " ".join(found.how_to_read)
