"""A unit alone within what surrounds it gives what a run of all areas gives."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gainsmodel import Scenario, load_dataset, load_scenario
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.results.paired import PairedResult
from gainsmodel.simulation.focus import Focus, fits
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

MAYORAL = load_dataset("mayoral")
DRAWS = 160
# Of what is usual: how far the mean may be off, and any one future, for other plans than that which
# was observed, and where what others make of levers is that of other assumptions.
PLANS = (3e-6, 2e-4)
ASSUMPTIONS = (5e-5, 2e-3)
# But for rounding in double precision, and moves of less than a millionth.
EXACT = (1e-8, 1e-6)
FULL = {"intensity": 1.0, "start_years": 0.0}


def planned(scenario: Scenario, place: str, plan: dict[str, Any]) -> Scenario:
    return scenario.model_copy(update={"plan": {place: plan}})


def everything(scenario: Scenario, unit: Unit) -> Scenario:
    return planned(scenario, unit.code, dict.fromkeys(scenario.levers, FULL))


def off(pair: PairedResult, alone: PairedResult, unit: Unit) -> tuple[float, float]:
    """How far means and single futures are off, over the usual size of each quantity."""
    all_values, values = pair.value_draws(unit), alone.value_draws(unit)
    gaps = [(values[name] - of) / (np.abs(of).mean() or 1.0) for name, of in all_values.items()]
    return max(abs(float(gap.mean())) for gap in gaps), max(
        float(np.abs(gap).max()) for gap in gaps
    )


def agree(
    pair: PairedResult, alone: PairedResult, unit: Unit, bounds: tuple[float, float] = PLANS
) -> bool:
    found = off(pair, alone, unit)
    return all(gap < bound for gap, bound in zip(found, bounds, strict=True))


@pytest.mark.parametrize("name", ["reference", "gompertz_curve", "high_spillover", "ensemble"])
@pytest.mark.parametrize("place", ["Greater Manchester", "Wales"])
def test_levers_that_were_observed_and_none_are_exact(name: str, place: str) -> None:
    unit = unit_of(MAYORAL, place)
    every = everything(load_scenario(name), unit)
    settings = Settings(draws=DRAWS, precision="float64")
    pair = Run(every, MAYORAL, settings, paired=True).pair()
    alone = Focus(every, MAYORAL, unit, settings).pair(every)
    assert agree(pair, alone, unit, EXACT)
    gains = [pair.without.draws("gain_cumulative_gbp_m", [unit.code]) for pair in (pair, alone)]
    assert np.allclose(*(of[unit.code].to_numpy() for of in gains), rtol=1e-12)


@pytest.mark.parametrize("sampler", ["sobol", "sobol_full", "random"])
@pytest.mark.parametrize(
    "plan",
    [
        {"skills": 0.25},
        {"connectivity": 1.0},
        {"leadership": 0.5, "open_data": 1.0},
        {"inclusion": {"intensity": 1.0, "start_years": 3.0, "ramp_years": 1.0}},
    ],
)
def test_other_plans_are_so_to_the_second_order_of_spillover(plan: Any, sampler: Any) -> None:
    scenario, unit = load_scenario("reference"), unit_of(MAYORAL, "Greater Manchester")
    settings = Settings(draws=DRAWS, sampler=sampler, precision="float64")
    focus = Focus(everything(scenario, unit), MAYORAL, unit, settings)
    moved = planned(scenario, unit.code, plan)
    pair = Run(moved, MAYORAL, settings, paired=True).pair()
    few = Run(moved, MAYORAL, replace(settings, draws=48), paired=True).pair()
    assert agree(pair, focus.plan(moved.plan), unit)
    # Its levers start at other times than those that were observed, so it is observed itself.
    assert agree(pair, focus.pair(moved), unit, EXACT)
    assert agree(few, focus.plan(moved.plan, draws=48), unit)


@pytest.mark.parametrize(
    "change",
    [
        {"parameters.imitation.value": 0.6},
        {"parameters.spillover_share.value": 0.3},
        {"parameters.initial_adoption.by_technology.ai": {"value": 0.1}},
        {"setting.curve": "gompertz"},
        {"parameters.uplift_cap.value": 0.04},
        {"parameters.displacement.value": 0.1},
        {"parameters.growth_area.value": 0.01},
        {"levers.skills.effects.ceiling": {"value": 0.2}},
        {"levers.skills.duration_years": 3.0},
        {"setting.readiness_weights": {"gigabit_share": 0.2, "digital_sector_share": 0.8}},
    ],
)
def test_other_assumptions_are_run_on_what_then_surrounds_the_unit(change: Any) -> None:
    unit = unit_of(MAYORAL, "Greater Manchester")
    scenario = planned(load_scenario("reference"), unit.code, {"skills": 1.0, "open_data": 0.5})
    settings = Settings(draws=DRAWS, precision="float64")
    focus = Focus(scenario, MAYORAL, unit, settings)
    changed = scenario.edit(change)
    pair = Run(changed, MAYORAL, settings, paired=True).pair()
    assert agree(pair, focus.pair(changed), unit, ASSUMPTIONS)
    assert agree(pair, focus.pair(changed, draws=DRAWS), unit, ASSUMPTIONS)


@pytest.mark.parametrize("parameter", ["imitation", "spillover_share", "productivity_effect"])
def test_other_futures_are_those_of_a_run(parameter: str) -> None:
    unit = unit_of(MAYORAL, "Greater Manchester")
    scenario = planned(load_scenario("reference"), unit.code, {"skills": 1.0})
    settings = Settings(draws=DRAWS, sampler="random", precision="float64")
    focus = Focus(scenario, MAYORAL, unit, settings)
    names, _ = focus.pair(scenario).with_plan.standard_normals()
    slots = [i for i, name in enumerate(names["parameter"]) if name == parameter]
    direction = [(slot, len(slots) ** -0.5) for slot in slots]
    for variation in (
        {"reseeded": {"seed": 7, "parameters": [parameter]}},
        {"held": {"direction": direction, "at": 1.3}},
    ):
        run = Run(scenario, MAYORAL, settings, paired=True, variation=variation)
        alone = focus.pair(scenario, variation, [parameter])
        assert agree(run.pair(), alone, unit, ASSUMPTIONS)


def test_a_wider_unit_stands_alone_too() -> None:
    codes = tuple(MAYORAL.areas["area_code"].to_list()[1:4])
    unit = Unit("some", "Some areas", codes)
    scenario = load_scenario("reference")
    plan = {code: {"skills": 1.0} for code in codes}
    moved = scenario.model_copy(update={"plan": plan})
    pair = Run(moved, MAYORAL, Settings(draws=DRAWS), paired=True).pair()
    alone = Focus(moved, MAYORAL, unit, Settings(draws=DRAWS)).pair(moved)
    assert agree(pair, alone, unit)


def test_what_is_too_wide_too_long_or_moves_others_is_not_run_alone() -> None:
    scenario = load_scenario("skills_first")
    area, uk = (unit_of(MAYORAL, name) for name in ("Greater Manchester", "uk"))
    assert fits(scenario, MAYORAL, area, 10_000)
    assert not fits(scenario, MAYORAL, area, 100_000)
    assert not fits(scenario, MAYORAL, uk, 100)
    assert not fits(scenario, MAYORAL, unit_of(MAYORAL, "Wales"), 100)


def test_a_plan_without_levers_adds_nothing_at_all() -> None:
    unit = unit_of(MAYORAL, "Wales")
    every = everything(load_scenario("reference"), unit)
    alone = Focus(every, MAYORAL, unit, Settings(draws=DRAWS)).plan({})
    assert not alone.net_present_value_draws(unit).any()
