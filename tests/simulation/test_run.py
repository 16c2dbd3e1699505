"""From scenario and figures to a run: what the core is handed, and how a run behaves."""

from __future__ import annotations

import csv
import math
import statistics
import time
from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel import (
    ResultError,
    RunCancelled,
    Scenario,
    ScenarioError,
    SettingError,
    Settings,
    UnknownNameError,
    load_dataset,
    load_scenario,
)
from gainsmodel.choices import Precision
from gainsmodel.data import dataset as data_module
from gainsmodel.results.manifest import build_info
from gainsmodel.results.plan_levers import plan_arrays
from gainsmodel.results.tables import DETAIL_METRICS
from gainsmodel.scenario.parameters import ADJUSTMENTS, NATIONAL_PARAMETERS
from gainsmodel.simulation.core_inputs import core_inputs, discount_factors
from gainsmodel.simulation.run import Run
from plain import plain

REFERENCE = load_scenario("reference")
MAYORAL = load_dataset("mayoral")
CODES = MAYORAL.areas["area_code"].to_list()
LEVERS = list(REFERENCE.levers)
MANCHESTER = CODES.index(MAYORAL.resolve("Greater Manchester")[0])
with (Path(data_module.TABLES) / "uk_economy.csv").open(encoding="utf-8") as file:
    ECONOMY = {int(row["year"]): row for row in csv.DictReader(file)}


# GDP deflator of 2024 over that of 2023.
PRICES_2024 = float(ECONOMY[2024]["gdp_deflator_2023_100"]) / 100


def planned(plan: dict[str, Any], **settings: Any) -> dict[str, np.ndarray]:
    changes = {"plan": plan, **{f"setting.{k}": v for k, v in settings.items()}}
    return plan_arrays(REFERENCE.edit(changes), MAYORAL)


def at(arrays: dict[str, np.ndarray], name: str, lever: str, area: int = MANCHESTER) -> float:
    return float(arrays[name][LEVERS.index(lever), area])


# ---------------------------------------------------------------- figures


def test_gva_is_carried_to_the_start_year_by_published_then_assumed_growth() -> None:
    _, arrays = core_inputs(REFERENCE, MAYORAL, Settings())
    # National accounts, chained volume, 2025 over 2023; then one assumed year.
    factor = 2_561_677 / 2_497_390 * 1.012 * PRICES_2024
    np.testing.assert_allclose(arrays["gva_gbp_m"], MAYORAL.gva_gbp_m * factor, rtol=1e-13)
    assert arrays["gva_gbp_m"].shape == (23, 18)


@pytest.mark.parametrize(
    ("start", "factor"),
    [
        (2023, 1.0),
        (2024, 2_526_130 / 2_497_390),
        (2025, 2_561_677 / 2_497_390),
        (2028, 2_561_677 / 2_497_390 * 1.05**3),
    ],
)
def test_start_year_decides_how_much_growth_is_assumed(start: int, factor: float) -> None:
    edits = {"setting.start_year": start, "parameters.growth_to_start_year.value": 0.05}
    _, arrays = core_inputs(REFERENCE.edit(edits), MAYORAL, Settings())
    expected = MAYORAL.gva_gbp_m * factor * PRICES_2024
    np.testing.assert_allclose(arrays["gva_gbp_m"], expected, rtol=1e-13)


@pytest.mark.parametrize("geography", gainsmodel.data.GEOGRAPHIES)
@pytest.mark.parametrize("weights", [(0.5, 0.5), (1.0, 0.0), (0.0, 3.0)])
def test_readiness_has_mean_0_and_standard_deviation_1(
    geography: str, weights: tuple[float, float]
) -> None:
    gigabit, digital = weights
    scenario = REFERENCE.edit(
        {
            "setting.readiness_weights.gigabit_share": gigabit,
            "setting.readiness_weights.digital_sector_share": digital,
        }
    )
    _, arrays = core_inputs(scenario, load_dataset(geography), Settings())
    scores = arrays["readiness"].tolist()
    assert statistics.fmean(scores) == pytest.approx(0, abs=1e-12)
    assert statistics.pstdev(scores) == pytest.approx(1, rel=1e-12)


def test_readiness_of_one_proxy_ranks_areas_as_the_proxy_does() -> None:
    scenario = REFERENCE.edit({"setting.readiness_weights.digital_sector_share": 0.0})
    _, arrays = core_inputs(scenario, MAYORAL, Settings())
    by_readiness = np.argsort(arrays["readiness"], kind="stable")
    by_coverage = np.argsort(MAYORAL.areas["gigabit_share"].to_numpy(), kind="stable")
    assert by_readiness.tolist() == by_coverage.tolist()


# ---------------------------------------------------------------- plans


def test_the_reference_plans_nothing() -> None:
    arrays = plan_arrays(REFERENCE, MAYORAL)
    assert not arrays["intensity"].any()
    assert arrays["intensity"].shape == (len(LEVERS), len(CODES))


def test_a_plan_moves_only_the_levers_and_areas_it_names() -> None:
    arrays = planned({"Greater Manchester": {"skills": 0.5}})
    assert at(arrays, "intensity", "skills") == 0.5
    assert arrays["intensity"].sum() == 0.5


def test_an_area_by_code_and_by_name_is_the_same_area() -> None:
    by_code = planned({CODES[MANCHESTER].lower(): {"skills": 0.5}})
    by_name = planned({"greater manchester": {"skills": 0.5}})
    np.testing.assert_array_equal(by_code["intensity"], by_name["intensity"])


@pytest.mark.parametrize("first", ["the 2017 six", "Greater Manchester"])
def test_an_entry_for_an_area_beats_one_for_its_group(first: str) -> None:
    plan = {
        "the 2017 six": {"skills": {"intensity": 1.0, "start_years": 3.0}, "inclusion": 1.0},
        "Greater Manchester": {"skills": 0.25},
    }
    arrays = planned({first: plan[first], **plan})
    assert at(arrays, "intensity", "skills") == 0.25
    # What the area does not say comes from the group, lever by lever.
    assert at(arrays, "intensity", "inclusion") == 1.0
    # The entry stands for itself: its start is the lever's own, not the group's.
    assert at(arrays, "start_years", "skills") == 0.27
    others = [CODES.index(c) for c in MAYORAL.groups["mayors_2017"] if c != CODES[MANCHESTER]]
    assert {at(arrays, "intensity", "skills", area) for area in others} == {1.0}
    assert arrays["intensity"].sum() == 6 + 5.25


def test_two_groups_that_set_one_lever_in_one_area_contradict_each_other() -> None:
    with pytest.raises(ScenarioError, match="skills") as caught:
        planned({"uk": {"skills": 1.0}, "the 2017 six": {"skills": 1.0}})
    assert "keep one" in str(caught.value)


def test_two_groups_may_set_different_levers() -> None:
    arrays = planned({"uk": {"skills": 1.0}, "the 2017 six": {"inclusion": 0.5}})
    assert arrays["intensity"].sum() == 23 + 3


def test_two_names_of_one_area_contradict_each_other() -> None:
    with pytest.raises(ScenarioError, match="skills"):
        planned({"Wales": {"skills": 1.0}, "TLL": {"skills": 0.5}})


def test_an_unknown_area_in_a_plan_is_refused_with_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="Greater Manchester"):
        planned({"Greater Manchster": {"skills": 1.0}})


def test_delay_is_added_to_default_and_to_stated_starts() -> None:
    plan = {"Wales": {"skills": {"intensity": 1.0, "start_years": 2.0}}}
    arrays = planned(plan, lever_delay_years=3.0)
    wales = CODES.index("TLL")
    assert at(arrays, "start_years", "skills", wales) == 5.0
    assert at(arrays, "start_years", "skills") == pytest.approx(3.27, abs=1e-12)
    assert at(arrays, "start_years", "inclusion", wales) == 3.5
    assert at(arrays, "start_years", "connectivity", wales) == 3.0


def test_a_plan_may_set_its_own_start_and_ramp() -> None:
    plan = {"Wales": {"skills": {"intensity": 1.0, "start_years": 0.0, "ramp_years": 0.0}}}
    arrays = planned(plan)
    wales = CODES.index("TLL")
    assert at(arrays, "start_years", "skills", wales) == 0.0
    assert at(arrays, "ramp_years", "skills", wales) == 0.0
    assert at(arrays, "start_years", "skills") == 0.27
    assert at(arrays, "ramp_years", "skills") == 4.0


# ---------------------------------------------------------------- discounting and the prize


def test_discount_factors_follow_the_dated_rates() -> None:
    found = list(discount_factors(REFERENCE.edit({"setting.horizon_years": 40})))
    assert len(found) == 40
    by_hand = [1.035**-year for year in range(1, 31)]
    by_hand += [1.035**-30 * 1.03 ** -(year - 30) for year in range(31, 41)]
    np.testing.assert_allclose(found, by_hand, rtol=1e-14)


def test_discount_rates_may_change_every_year() -> None:
    rates = [{"from_year": 0, "rate": 0.1}, {"from_year": 2, "rate": 0.0}]
    scenario = REFERENCE.edit({"discounting.rates": rates, "setting.horizon_years": 3})
    assert list(discount_factors(scenario)) == pytest.approx([1 / 1.1] * 3, rel=1e-15)


def deflator(year: int) -> float:
    published = {y: float(row["gdp_deflator_2023_100"]) for y, row in ECONOMY.items()}
    last = max(published)
    return published.get(year, published[last] * 1.02 ** (year - last)) / published[2023]


def test_all_money_is_in_the_prices_of_one_year() -> None:
    for year in (2019, 2023, 2024):
        scenario = REFERENCE.edit({"setting.price_year": year})
        spec, arrays = core_inputs(scenario, MAYORAL, Settings(draws=16))
        level = deflator(year)
        growth = MAYORAL.uk_real_growth(2026, 0.012)
        np.testing.assert_allclose(
            arrays["gva_gbp_m"], MAYORAL.gva_gbp_m * growth * level, rtol=1e-13
        )
        assert spec["prize_factor"] == pytest.approx(level / deflator(2024), rel=1e-14)
        for lever in spec["levers"]:
            assert lever["cost_price_level"] == pytest.approx(level / deflator(2024), rel=1e-14)


def test_the_prize_may_be_money_of_a_year_to_come() -> None:
    scenario = REFERENCE.edit({"prize.price_year": 2036})
    spec, _ = core_inputs(scenario, MAYORAL, Settings(draws=16))
    assert spec["prize_factor"] == pytest.approx(deflator(2024) / deflator(2036), rel=1e-14)


def test_prices_of_a_year_without_a_deflator_are_refused() -> None:
    scenario = REFERENCE.edit({"setting.price_year": 2030})
    with pytest.raises(ScenarioError, match=r"price_year.*published GDP deflator, 1998 to 2025"):
        core_inputs(scenario, MAYORAL, Settings(draws=16))


# ---------------------------------------------------------------- everything reaches the core


def spec_of(scenario: Scenario) -> tuple[Any, dict[str, bytes]]:
    dataset = load_dataset(scenario.setting.geography)
    spec, arrays = core_inputs(scenario, dataset, Settings())
    return spec, {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize(
    "name", sorted({*NATIONAL_PARAMETERS, "complements"} - {"prize", *ADJUSTMENTS})
)
def test_every_national_parameter_reaches_the_core(name: str) -> None:
    for value in (0.011, 0.012):
        spec, _ = spec_of(REFERENCE.edit({f"parameters.{name}.value": value}))
        handed = spec["complements"] if name == "complements" else spec["national"][name]
        assert handed == {"kind": "fixed", "value": value}


@pytest.mark.parametrize("name", ["displacement", "leakage", "multiplier"])
def test_an_adjustment_that_is_switched_on_is_not_ignored(name: str) -> None:
    plan = {"plan.Wales.skills": 1.0}
    on = spec_of(REFERENCE.edit(plan))
    off = spec_of(REFERENCE.edit(plan | {f"parameters.{name}.enabled": False}))
    handed = getattr(REFERENCE.parameters, name).figure().core()
    assert on[0]["national"][name] == handed
    assert off[0]["national"][name] == {"kind": "fixed", "value": float(name == "multiplier")}


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, dict | list):
        entries = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in entries:
            yield from leaves(child, (*path, key))
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path, node


BUSY = REFERENCE.edit(
    {
        "setting.horizon_years": 40,
        "setting.lever_delay_years": 1.0,
        "prize.price_year": 2030,
        "levers.skills.cost_gbp_per_head_per_year.price_year": 2022,
        "parameters.displacement.enabled": True,
        "parameters.leakage.enabled": True,
        "parameters.multiplier.enabled": True,
        'plan."Greater Manchester".skills': {
            "intensity": 0.5,
            "start_years": 1.0,
            "ramp_years": 2.0,
        },
        "levers.skills.effects.ceiling.distribution": {
            **{"kind": "lognormal", "median": 0.08, "p05": 0.02, "p95": 0.25, "p_zero": 0.5}
        },
        "levers.skills.take_up": {"value": 0.3, "unit": "share"},
        **{f"levers.{name}.duration_years": 5.0 for name in REFERENCE.levers},
        "levers.skills.fade_years": 2.0,
        "parameters.optimism_bias.value": 0.1,
        "parameters.fixed_cost_share.value": 0.2,
        "parameters.area_odds_ratio.by_technology.ai.values": {"London": 1.3},
        "parameters.growth_loading.values": {"London": 0.5},
        "parameters.growth_transitory.distribution": {"kind": "normal", "mean": 0.0, "sd": 0.01},
    }
)
# Not for the core: the file's version, and rates beyond the longest horizon.
NOT_FOR_THE_CORE = ("schema_version", "discounting.rates.2.")


def test_every_number_of_a_scenario_reaches_the_core() -> None:
    complete = BUSY.to_dict()
    before = spec_of(BUSY)
    unheard, tried = [], 0
    for path, value in leaves(complete):
        name = ".".join(map(str, path))
        if any(part in name for part in NOT_FOR_THE_CORE):
            continue
        data = deepcopy(complete)
        holder = reduce(lambda node, key: node[key], path[:-1], data)
        if "spread" in path:
            # The shares sum to 1: what one level gets, another loses.
            other = "nation" if path[-1] != "nation" else "sector"
            holder[path[-1]] += 0.01
            holder[other] -= 0.01
        elif isinstance(value, int):
            holder[path[-1]] += -1 if path[-1] == "horizon_years" else 1
        else:
            holder[path[-1]] = value * 0.99 + (0.001 if abs(value) < 0.1 else 0)
        tried += 1
        try:
            edited = Scenario.from_dict(data)
        except ScenarioError:
            # The first discount rate holds from year 0 and cannot be moved.
            assert name == "discounting.rates.0.from_year", name
            continue
        if spec_of(edited) == before:
            unheard.append(name)
    assert unheard == []
    assert tried > 150


@pytest.mark.parametrize(
    "changes",
    [
        {"setting.curve": "logistic"},
        {"setting.geography": "itl1"},
        {"prize.basis": "cumulative"},
        {"setting.price_year": 2023},
        {"levers.skills.scope": ["J"]},
        {"levers.leadership.effects.ceiling": deepcopy(REFERENCE.levers["skills"].effects.ceiling)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_switch_of_a_scenario_reaches_the_core(changes: dict[str, Any]) -> None:
    plain = {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in changes.items()}
    assert spec_of(REFERENCE.edit(plain)) != spec_of(REFERENCE)


def test_words_of_a_scenario_do_not_reach_the_core() -> None:
    changes = {"title": "Other", "question": "Why?", "parameters.lag_years.note": "other"}
    assert spec_of(REFERENCE.edit(changes)) == spec_of(REFERENCE)


def test_settings_reach_the_core() -> None:
    settings = Settings(draws=7, seed=2**64 - 1, sampler="random")
    spec, _ = core_inputs(REFERENCE, MAYORAL, settings)
    assert (spec["draws"], spec["seed"], spec["sampler"]) == (7, 2**64 - 1, "random")
    result = gainsmodel.run("reference", draws=7, seed=2**64 - 1, sampler="random")
    assert result.manifest["seed"] == 2**64 - 1


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"draws": 0}, "draws: must be a whole number from 1 to 4,294,967,280, not 0"),
        ({"draws": -5}, "not -5"),
        ({"draws": 1e4}, r"not 10000\.0"),
        ({"draws": True}, "not True"),
        ({"draws": "100"}, "not '100'"),
        ({"draws": 4_294_967_281}, "not 4294967281"),
        ({"seed": -1}, "seed: must be a whole number from 0 to 18,446,744,073,709,551,615"),
        ({"seed": 2**64}, "seed"),
        (
            {"sampler": "sobl"},
            "sampler: must be one of sobol, sobol_full, random.*did you mean 'sobol'",
        ),
        ({"precision": "float16"}, "precision: must be one of float32, float64.*float16"),
    ],
)
def test_settings_outside_what_is_allowed_are_refused(
    settings: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SettingError, match=expected):
        Settings(**settings)
    with pytest.raises(SettingError, match=expected):
        gainsmodel.run("reference", **settings)


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5, True, "2"])
def test_threads_outside_what_is_allowed_are_refused(threads: Any) -> None:
    with pytest.raises(SettingError, match="threads: must be a whole number from 1 to 1,024"):
        gainsmodel.run("reference", draws=10, threads=threads)


def test_settings_are_what_a_manifest_records() -> None:
    settings = Settings(draws=20, seed=3, sampler="random", precision="float64")
    result = gainsmodel.start("reference", settings).result()
    assert Settings.of(result.manifest) == settings


# ---------------------------------------------------------------- running


def test_a_scenario_runs_by_name_by_path_and_as_an_object() -> None:
    path = gainsmodel.shipped_scenarios()["late_start"]
    results = [
        gainsmodel.run(scenario, draws=50)
        for scenario in ("late_start", str(path), path, load_scenario("late_start"))
    ]
    assert all(r.to_dict() == results[0].to_dict() for r in results)


def test_a_scenario_that_is_neither_name_nor_file_is_refused() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'reference'"):
        gainsmodel.run("refrence")
    with pytest.raises(ScenarioError):
        gainsmodel.run(3)


def test_geography_replaces_the_scenarios_and_is_recorded() -> None:
    result = gainsmodel.run("reference", draws=50, geography="itl1")
    assert result.areas().height == 12
    assert result.manifest["geography"] == "itl1"
    assert result.manifest["scenario"]["setting"]["geography"] == "itl1"
    local = gainsmodel.run("reference", draws=20, geography="local_authority")
    assert local.areas().height == 361


def test_an_unknown_geography_is_refused() -> None:
    with pytest.raises((ScenarioError, UnknownNameError), match="mayoral"):
        gainsmodel.run("reference", draws=10, geography="narnia")


def test_progress_is_reported_and_never_falls() -> None:
    seen: list[tuple[int, int]] = []
    settings = Settings(draws=20_000)
    run = gainsmodel.start("reference", settings, threads=1)
    assert not run.ended
    run.result(lambda done, total: seen.append((done, total)))
    assert len(seen) >= 3
    assert {total for _, total in seen} == {20_000}
    done = [done for done, _ in seen]
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 20_000
    assert run.draws_done == 20_000
    assert run.ended


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_cancelled_run_stops_at_once_and_gives_nothing(precision: Any) -> None:
    run = gainsmodel.start("reference", Settings(draws=4_000_000_000, precision=precision))
    time.sleep(0.2)
    assert not run.ended
    begun = time.perf_counter()
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result()
    assert time.perf_counter() - begun < 1
    assert run.ended


def test_a_result_is_handed_over_once() -> None:
    run = gainsmodel.start("reference", Settings(draws=20))
    run.result()
    assert run.ended
    with pytest.raises(ResultError, match="taken already"):
        run.result()


def test_an_error_in_a_progress_callback_cancels_the_run() -> None:
    run = gainsmodel.start("reference", Settings(draws=4_000_000_000))

    def fail(done: int, total: int) -> None:
        raise OSError("the screen has gone")

    with pytest.raises(OSError, match="the screen has gone"):
        run.result(fail)
    begun = time.perf_counter()
    with pytest.raises(RunCancelled):
        run.result()
    assert time.perf_counter() - begun < 1


def test_a_run_that_is_dropped_is_cancelled() -> None:
    run = gainsmodel.start("reference", Settings(draws=4_000_000_000), threads=1)
    del run
    begun = time.perf_counter()
    gainsmodel.run("reference", draws=1000, threads=1)
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("sampler", ["sobol", "sobol_full", "random"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_threads_change_no_number(sampler: Any, precision: Any) -> None:
    results = [
        gainsmodel.run(
            "skills_first", draws=1_500, sampler=sampler, precision=precision, threads=threads
        )
        for threads in (1, 2, 7)
    ]
    for other in results[1:]:
        assert other.statistics().equals(results[0].statistics())
        assert other.draws().equals(results[0].draws())
        assert other.sectors().equals(results[0].sectors())
        assert other.manifest == results[0].manifest


def test_precision_changes_six_digits_at_most() -> None:
    single, double = (
        gainsmodel.run("reference", draws=1000, precision=p).to_dict()["national"]
        for p in ("float32", "float64")
    )
    for name in ("mean", "p05", "p50", "p95"):
        a, b = (found["gain_final_year_gbp_m"][name] for found in (single, double))
        assert math.isclose(a, b, rel_tol=1e-5)


def test_another_seed_is_another_sample_of_the_same_world() -> None:
    one, two = (
        gainsmodel.run("reference", draws=2000, seed=seed).to_dict()["national"] for seed in (1, 2)
    )
    a, b = one["gain_final_year_gbp_m"], two["gain_final_year_gbp_m"]
    assert a["mean"] != b["mean"]
    assert abs(a["mean"] - b["mean"]) < 6 * math.hypot(a["mcse_mean"], b["mcse_mean"])


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    short, long = (
        gainsmodel.run("reference", draws=n, sampler="random").draws() for n in (100, 500)
    )
    assert long.head(100).equals(short)


def test_two_runs_at_once_do_not_disturb_each_other() -> None:
    alone = [gainsmodel.run("reference", draws=3000, seed=s).statistics() for s in (1, 2)]
    together = [gainsmodel.start("reference", Settings(draws=3000, seed=s)) for s in (1, 2)]
    for run, expected in zip(together, alone, strict=True):
        assert run.result().statistics().equals(expected)


def test_build_info_names_what_a_result_depends_on() -> None:
    info = build_info()
    assert info["profile"] == "release"
    assert info["simd"] in info["simd_available"]
    assert {"version", "numpy", "polars", "pydantic", "threads"} <= set(info)
    manifest = Run(REFERENCE, MAYORAL, Settings(draws=5)).result().manifest
    assert manifest["simd"] == info["simd"]
    assert manifest["versions"]["gainsmodel"] == info["version"]
    assert manifest["data_sha256"] == MAYORAL.hashes


def test_a_scenario_without_uncertainty_runs_in_double_precision_to_the_closed_recursion() -> None:
    """One technology, no spillover, no readiness: the recursion fits in a few lines."""
    reference = load_scenario("reference").to_dict()
    parameters = reference["parameters"]
    fixed = {
        **dict.fromkeys(("innovation", "imitation", "ceiling", "productivity_effect"), 0.0),
        **{name: 0.0 for name in parameters if name.startswith(("readiness", "growth_"))},
        **{"lag_years": 2.5, "decay_per_year": 0.03, "uplift_cap": 1.0, "spillover_share": 0.0},
        **{"adoption_cost_share": 0.01, "complements": 0.0, "take_up": 0.35},
        **{"innovation": 0.01, "imitation": 0.42, "ceiling": 0.75, "productivity_effect": 0.02},
        "growth_nation": 0.013,
        "growth_to_start_year": 0.012,
    }
    del fixed["growth_loading"]
    for name in ADJUSTMENTS:
        parameters[name]["enabled"] = False
    fixed["optimism_bias"] = 0.0
    for name, value in fixed.items():
        parameters[name].pop("distribution", None)
        parameters[name]["value"] = value
    parameters["initial_adoption"]["by_technology"] = {
        "ai": {
            **{"value": 0.29, "unit": "share", "source": "test", "evidence": "judgement"},
        }
    }
    parameters["sector_odds_ratio"]["by_technology"] = {}
    reference["technologies"] = {"ai": reference["technologies"]["ai"]}
    reference["levers"] = {}
    parameters["area_odds_ratio"]["by_technology"] = {}
    result = gainsmodel.run(gainsmodel.Scenario.from_dict(reference), draws=20)
    assert result.manifest["precision"] == "float64"

    adoption, effective, gva = 0.29, 0.0, 1.0
    for _ in range(10):
        adoption += (0.01 + 0.42 * adoption / 0.75) * (0.75 - adoption)
        effective += (adoption - 0.29 - effective) / 3.5 - 0.03 * effective
        gva *= 1.013
    areas = result.areas()
    expected = areas["gva_gbp_m"] * gva * 0.02 * effective
    np.testing.assert_allclose(areas["gain_final_year_gbp_m_mean"], expected, rtol=1e-12)
    np.testing.assert_allclose(areas["share_p50"], areas["gva_share"], rtol=1e-12)
    assert areas["p_share_above_gva"].sum() == 0


# ---------------------------------------------------------------- the plan and its reference


@pytest.mark.parametrize("name", ["skills_first", "everyone_acts", "gompertz_curve", "reference"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_paired_run_gives_the_numbers_of_two_runs(name: str, precision: Precision) -> None:
    plan = gainsmodel.load_scenario(name)
    both = gainsmodel.run_paired(plan, draws=300, precision=precision)
    for found, scenario in zip(both, (plan, plan.without_plan()), strict=True):
        alone = gainsmodel.run(scenario, draws=300, precision=precision)
        assert found.manifest == alone.manifest
        assert found.statistics().equals(alone.statistics())
        for metric in ("share", "gain_cumulative_gbp_m", "lever_cost_cumulative_gbp_m"):
            assert found.draws(metric).equals(alone.draws(metric))


def test_detail_of_a_paired_run_is_that_of_two_runs() -> None:
    plan = gainsmodel.load_scenario("skills_first")
    both = gainsmodel.run_paired(plan, draws=300, detail="Greater Manchester")
    for found, scenario in zip(both, (plan, plan.without_plan()), strict=True):
        alone = gainsmodel.run(scenario, draws=300, detail="E47000001")
        assert found.manifest == alone.manifest
        assert found.sectors().equals(alone.sectors())
        assert found.adoption().equals(alone.adoption())
        for metric in DETAIL_METRICS:
            assert found.draws(metric).equals(alone.draws(metric))


def test_the_reference_of_a_paired_run_replays(tmp_path: Path) -> None:
    _, without = gainsmodel.run_paired("skills_first", draws=100)
    assert without.manifest["scenario"]["plan"] == {}
    assert gainsmodel.replay(without.save(tmp_path / "r")).areas().equals(without.areas())


# ---------------------------------------------------------------- costs of levers


def test_a_lever_costs_residents_times_rate_times_intensity() -> None:
    scenario = gainsmodel.load_scenario("skills_first")
    dataset = gainsmodel.load_dataset("mayoral")
    costs = gainsmodel.lever_costs(scenario, dataset)
    residents = dict(dataset.areas["area_code", "population"].iter_rows())["E47000001"]
    row = costs.row(
        by_predicate=(pl.col("area_code") == "E47000001") & (pl.col("lever") == "leadership"),
        named=True,
    )
    assert row["price_gbp_m_per_year"] == pytest.approx(residents * 0.15 / 1e6, rel=1e-12)
    # Mean optimism bias (0 + 4 × 0.15 + 0.41) / 6, mean take-up 0.45 / 2.05.
    expected = (1 + 1.01 / 6) * (0.1 + 0.9 * 0.45 / 2.05)
    full = residents * 0.3 / 1e6 * expected
    assert row["full_cost_gbp_m_per_year"] == pytest.approx(full, rel=2e-4)
    assert row["cost_gbp_m_per_year"] == pytest.approx(full / 2, rel=2e-4)
    assert row["intensity"] == pytest.approx(0.5)
    of = dict(costs.group_by("area_code").agg(pl.col("cost_gbp_m_per_year").sum()).iter_rows())
    assert of["uk"] == pytest.approx(of["E47000001"]) == pytest.approx(of["mayors_2017"])
    assert of["TLL"] == 0


def test_costs_of_levers_are_what_the_core_reports_once_all_run() -> None:
    scenario = plain("everyone_acts")
    result = gainsmodel.run(scenario, draws=16)
    costs = gainsmodel.lever_costs(scenario, gainsmodel.load_dataset("mayoral"))
    total = costs.group_by("area_code").agg(pl.col("^(cost|price)_gbp.*$").sum())
    both = pl.concat([result.areas(), result.groups()], how="diagonal").join(total, on="area_code")
    assert both.height == 26
    core = both["lever_cost_per_year_gbp_m_mean"].to_numpy()
    assert both["cost_gbp_m_per_year"].to_numpy() == pytest.approx(core, rel=1e-6)
    assert both["price_gbp_m_per_year"].to_numpy() == pytest.approx(core, rel=1e-6)


def test_the_expected_cost_of_a_plan_is_the_mean_of_what_it_costs() -> None:
    scenario = gainsmodel.load_scenario("everyone_acts")
    uk = gainsmodel.run(scenario, draws=20_000).groups().row(0, named=True)
    costs = gainsmodel.lever_costs(scenario, gainsmodel.load_dataset("mayoral"))
    expected = costs.filter(area_code="uk")["cost_gbp_m_per_year"].sum()
    error = uk["lever_cost_per_year_gbp_m_mcse_mean"]
    assert abs(uk["lever_cost_per_year_gbp_m_mean"] - expected) < 4 * error
