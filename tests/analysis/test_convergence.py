"""Whether areas converge or diverge: read from a run, never assumed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import gainsmodel
from gainsmodel import Result, load_scenario
from gainsmodel.analysis.convergence import (
    AXIS,
    DIVERGE,
    diverging,
    pattern,
    ratios_if_diverging,
)
from gainsmodel.present import text
from gainsmodel.present.area_summary import AreaSummary
from gainsmodel.results.structures import axes_of_draws
from gainsmodel.simulation.core_inputs import readiness_of
from plain import plain

LONDON = "E12000007"


@cache
def of(name: str, draws: int = 4_000) -> Result:
    return gainsmodel.run(name, draws=draws)


def test_the_correlation_is_that_of_readiness_and_ratios() -> None:
    result = of("reference")
    areas = result.areas()
    ratio = (areas["share_mean"] / areas["gva_share"]).to_numpy()
    ready = readiness_of(result.scenario, result.dataset)
    found = pattern(result)
    assert found.correlation == pytest.approx(np.corrcoef(ready, ratio)[0, 1])
    assert found.correlation < -0.3
    assert (found.areas, found.choices) == (23, {})
    assert text.pattern(result).startswith("Areas converge by assumption: the readier an area, the")
    assert f"correlation −{abs(found.correlation):.2f} across 23 areas" in text.pattern(result)


def test_the_other_pattern_is_told_too() -> None:
    result = gainsmodel.run(diverging(load_scenario("reference")), draws=2_000)
    assert pattern(result).correlation > 0.3
    assert text.pattern(result).startswith("Areas diverge by assumption")


def test_where_readiness_says_little_nothing_is_claimed() -> None:
    slopes = ("initial_adoption", "imitation", "ceiling", "productivity_effect")
    flat = {f"parameters.readiness_slope_{on}.value": 0.0 for on in slopes}
    weights = {
        "setting.readiness_weights": {"gigabit_share": 1.0, "digital_sector_share": 0.0},
        "setting.geography": "itl1",
    }
    result = gainsmodel.run(plain("reference").edit(flat | weights), draws=8_000)
    assert abs(pattern(result).correlation) < 0.3
    assert text.pattern(result).startswith("How ready an area is says little")


def test_the_ratio_where_areas_diverge_is_that_of_a_run() -> None:
    result = of("reference")
    found = ratios_if_diverging(result)
    alone = gainsmodel.run(diverging(result.scenario), draws=2_000)
    row = AreaSummary(alone, LONDON)
    assert found[LONDON] == pytest.approx(row.ratio.mean)
    assert found["uk"] == pytest.approx(1.0)
    a = AreaSummary(result, LONDON)
    said = text.if_diverging(a, found[LONDON])
    assert f"{found[LONDON]:.2f} times its share of the economy on average" in said
    assert f"here it is {a.ratio.mean:.2f} times" in said
    assert found[LONDON] > 1 > a.ratio.mean
    assert text.if_diverging(AreaSummary(result, "uk"), 1.0) == ""
    assert text.if_diverging(a, None) == ""


def test_an_ensemble_has_the_pattern_in_its_own_futures() -> None:
    result = of("ensemble", 8_000)
    axis, place = next(
        (axis, place)
        for axis, place in axes_of_draws(result.scenario, result.manifest)
        if axis.name == AXIS
    )
    diverge = [choice.name for choice in axis.choice].index(DIVERGE)
    share = result.draws("share", [LONDON])[LONDON].to_numpy()[place == diverge].mean()
    found = ratios_if_diverging(result)
    assert found[LONDON] == pytest.approx(share / AreaSummary(result, LONDON).gva_share)
    choices = pattern(result).choices
    assert choices["converge"] < -0.3 < 0.3 < choices["diverge"]
    said = text.pattern(result)
    assert said.startswith("In some structures of the model areas converge, in others they diverge")
    assert f"of −{-choices['converge']:.2f} with “converge” and {choices['diverge']:.2f}" in said
    # What a page keeps of a run is enough.
    assert text.pattern(result.with_draws_of(["share"])) == text.pattern(result)
    assert "In some structures" not in text.pattern(result.with_draws_of([]))


def test_another_pattern_of_ones_own_is_not_called_divergence() -> None:
    axis = {
        "name": "mine",
        "choice": [
            {"name": "weak", "weight": 0.5},
            {
                "name": "strong",
                "weight": 0.5,
                "overrides": {"parameters.readiness_slope_ceiling.value": 0.6},
            },
        ],
    }
    scenario = load_scenario("reference").edit({"structure_axis": [axis]})
    result = gainsmodel.run(scenario, draws=1_600)
    assert ratios_if_diverging(result) == {}
    assert pattern(result).choices.keys() == {"weak", "strong"}
