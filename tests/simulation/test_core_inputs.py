"""Parts of the model that a scenario has to ask for: from the file to the core and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel.analysis.assumptions_log import log
from gainsmodel.analysis.sensitivity import sensitivity
from gainsmodel.data import load_dataset
from gainsmodel.scenario import Scenario, load_scenario, parse_scenario
from gainsmodel.scenario.parameter_groups import groups_of, uncertain
from gainsmodel.simulation.core_inputs import core_inputs
from gainsmodel.simulation.replay import replay
from gainsmodel.simulation.settings import Settings

GM = "Greater Manchester"
DRAWS = 512
PROGRAMME = """
extends = "reference"

[plan."Greater Manchester"]
skills = 1.0

[parameters.zero_correlation]
value = 0.4
source = "a test"
evidence = "judgement"

[parameters.optimism_bias]
distribution = {kind = "pert", low = 0, mode = 0.15, high = 0.41}
source = "a test"
evidence = "derived"

[parameters.fixed_cost_share]
value = 0.1

[levers.skills.take_up]
distribution = {kind = "beta", alpha = 2.0, beta = 1.2}
unit = "share of planned intensity, 0 to 1"
source = "a test"
evidence = "published"

[levers.skills.effects.ceiling]
distribution = {kind = "lognormal", median = 0.08, p05 = 0.02, p95 = 0.25, p_zero = 0.5}

[levers.skills.effects.imitation]
distribution = {kind = "fixed", value = 0.05, p_zero = 0.6}
"""


def programme() -> Scenario:
    return parse_scenario(PROGRAMME, "programme.toml")


def spec_of(scenario: Scenario) -> dict[str, Any]:
    settings = Settings(draws=DRAWS, precision="float64")
    return core_inputs(scenario, load_dataset("mayoral"), settings)[0]


def test_the_core_is_asked_for_nothing_that_a_scenario_does_not_use() -> None:
    new = {"zero_correlation", "optimism_bias", "fixed_cost_share"}
    assert not new & spec_of(load_scenario("skills_first")).keys()
    assert new <= spec_of(programme()).keys()


def test_costs_follow_take_up_and_bias() -> None:
    pair = gainsmodel.run_paired(programme(), draws=DRAWS)
    result = pair.with_plan
    inputs = result.inputs(GM)
    population = load_dataset("mayoral").areas.filter(area_name=GM)["population"][0]
    cost = result.draws("lever_cost_per_year_gbp_m")["E47000001"].to_numpy()
    expected = (
        (4.0 * population / 1e6)
        * (1 + inputs["optimism_bias.skills"].to_numpy())
        * (0.1 + 0.9 * inputs["take_up.skills"].to_numpy())
    )
    np.testing.assert_allclose(cost, expected, rtol=1e-5)


def test_effects_are_zero_together_and_as_often_as_stated() -> None:
    inputs = gainsmodel.run(programme(), draws=4096).inputs(GM)
    ceiling = inputs["levers.skills.effects.ceiling"].to_numpy() == 0
    imitation = inputs["levers.skills.effects.imitation"].to_numpy() == 0
    assert abs(ceiling.mean() - 0.5) < 0.01
    assert abs(imitation.mean() - 0.6) < 0.01
    assert not (ceiling & ~imitation).any()
    assert (inputs["levers.skills.effects.productivity_effect"] > 0).all()


def test_a_manifest_is_replayed_to_the_same_numbers() -> None:
    first = gainsmodel.run(programme(), draws=DRAWS)
    again = replay(first.manifest)
    for metric in ("gain_final_year_gbp_m", "lever_cost_present_value_gbp_m"):
        np.testing.assert_array_equal(first.draws(metric), again.draws(metric))


def test_they_are_assumptions_like_any_other() -> None:
    found = uncertain(programme())
    assert found["take_up"] == "published"  # the lever that is moved has its own
    assert found["optimism_bias"] == "derived"
    assert "zero_correlation" in found
    assert "levers.skills.effects.imitation" not in found  # its size is certain
    groups, _ = groups_of(programme())
    members = {name: group.name for group in groups for name in group.parameters}
    assert members["zero_correlation"] == "lever_effects"
    assert members["optimism_bias"] == "lever_cost"
    rows = log(programme()).rows_by_key("key", named=True, unique=True)
    assert rows["levers.skills.take_up"]["evidence"] == "published"
    assert rows["parameters.zero_correlation"]["middle"] == 0.4
    assert rows["parameters.fixed_cost_share"]["middle"] == 0.1
    assert rows["parameters.optimism_bias"]["high"] == pytest.approx(0.29, abs=0.02)
    plain = uncertain(load_scenario("skills_first"))
    assert not {"zero_correlation", "optimism_bias"} & plain.keys()


def test_sensitivity_finds_what_decides_whether_a_lever_works() -> None:
    found = sensitivity(programme(), "plan_adds", GM, draws=DRAWS)
    row = found.indices.row(by_predicate=pl.col("group") == "lever_effects", named=True)
    assert row["total"] > 0.2
