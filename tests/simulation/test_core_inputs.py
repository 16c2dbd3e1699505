"""Parts of the model that a scenario has to ask for: from the file to the core and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel.analysis.assumptions_log import log
from gainsmodel.analysis.sensitivity import sensitivity
from gainsmodel.data import load_dataset
from gainsmodel.errors import ScenarioError
from gainsmodel.scenario import Scenario, load_scenario, parse_scenario, to_toml
from gainsmodel.scenario.parameter_groups import groups_of, uncertain
from gainsmodel.simulation.core_inputs import by_area, core_inputs
from gainsmodel.simulation.replay import replay
from gainsmodel.simulation.settings import Settings
from plain import plain
from toy import certain

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

[parameters.j_curve]
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
    new = {"zero_correlation", "optimism_bias", "fixed_cost_share", "j_curve"}
    assert not new & spec_of(plain("skills_first")).keys()
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
    effect = inputs["levers.skills.effects.productivity_effect"].to_numpy() == 0
    assert abs(ceiling.mean() - 0.5) < 0.01
    assert abs(imitation.mean() - 0.6) < 0.01
    assert not (ceiling & ~imitation).any()
    assert (effect == ceiling).all()


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
    without = uncertain(plain("skills_first"))
    assert not {"zero_correlation", "optimism_bias"} & without.keys()


def test_sensitivity_finds_what_decides_whether_a_lever_works() -> None:
    found = sensitivity(programme(), "plan_adds", GM, draws=DRAWS)
    row = found.indices.row(by_predicate=pl.col("group") == "lever_effects", named=True)
    assert row["total"] > 0.2


PLACES = """
extends = "reference"

[setting]
normalise_start = true

[parameters.area_odds_ratio.by_technology.ai]
values = {London = 1.31, E47000001 = 0.9}
source = "a test"
evidence = "published"

[parameters.growth_loading]
values = {Scotland = 0.8, "Greater Manchester" = 0.5}
source = "a test"
evidence = "derived"

[parameters.growth_transitory]
distribution = {kind = "normal", mean = 0, sd = 0.02}
source = "a test"
evidence = "derived"
"""


def places() -> Scenario:
    return parse_scenario(PLACES, "places.toml")


def of_areas(scenario: Scenario, geography: str, name: str) -> dict[str, Any]:
    dataset = load_dataset(geography)
    scenario = scenario.edit({"setting.geography": geography})
    spec = core_inputs(scenario, dataset, Settings(draws=DRAWS))[0]
    return dict(zip(dataset.areas["area_name"].to_list(), spec[name], strict=True))


def test_what_is_stated_of_areas_reaches_them_and_no_others() -> None:
    ratios = of_areas(places(), "mayoral", "area_odds_ratios")
    assert ratios.pop("Greater London") == [1, 1, 1, 1.31]
    assert ratios.pop(GM) == [1, 1, 1, 0.9]
    assert set(map(tuple, ratios.values())) == {(1, 1, 1, 1)}
    loadings = of_areas(places(), "mayoral", "growth_loadings")
    before = of_areas(load_scenario("reference"), "mayoral", "growth_loadings")
    assert loadings == before | {"Scotland": 0.8, GM: 0.5}
    assert before["Greater London"] < 0 < before[GM] < 0.5


def test_a_wider_area_stands_for_those_in_it_and_one_of_another_geography_is_passed_over() -> None:
    ratios = of_areas(places(), "local_authority", "area_odds_ratios")
    assert (ratios["Camden"][3], ratios["Wigan"][3], ratios["Leeds"][3]) == (1.31, 0.9, 1.0)
    loadings = of_areas(places(), "itl1", "growth_loadings")
    before = of_areas(load_scenario("reference"), "itl1", "growth_loadings")
    assert loadings == before | {"Scotland": 0.8}
    ratios = of_areas(places(), "itl1", "area_odds_ratios")
    assert {name for name, of in ratios.items() if of[3] != 1} == {"London"}


def test_an_area_that_nothing_knows_and_one_that_is_set_twice_are_refused() -> None:
    key = "parameters.area_odds_ratio.by_technology.ai.values"
    with pytest.raises(ScenarioError, match=r'values."Londn": .*London'):
        of_areas(places().edit({f"{key}.Londn": 2.0}), "mayoral", "area_odds_ratios")
    twice = places().edit({f"{key}.E12000007": 2.0})
    with pytest.raises(ScenarioError, match="sets the same area"):
        of_areas(twice, "mayoral", "area_odds_ratios")
    with pytest.raises(ScenarioError, match=r"ai\.values\.London: must be"):
        places().edit({f"{key}.London": 0.0})
    with pytest.raises(ScenarioError, match=r"growth_loading\.values\.Wales: must be"):
        places().edit({"parameters.growth_loading.values.Wales": 1.5})


def test_of_two_names_for_all_a_dataset_has_the_wider_gives_way() -> None:
    """One authority of a region only: the region's name and its own stand for the same area."""
    whole = load_dataset("mayoral")
    kept = (whole.areas["area_name"] == GM).arg_true().to_list()
    some = replace(whole, areas=whole.areas[kept], gva_gbp_m=whole.gva_gbp_m[kept], groups={})
    for names in (("North West", GM), (GM, "North West")):
        stated = dict.fromkeys(names, 0.1) | {GM: 0.5}
        assert by_area(some, stated, 0.0, "values").tolist() == [0.5]
    with pytest.raises(ScenarioError, match="sets the same area"):
        by_area(some, {GM: 0.1, "E47000001": 0.2}, 0.0, "values")


def test_places_survive_every_way_of_writing_them_and_are_in_the_log() -> None:
    scenario = places()
    reference = load_scenario("reference")
    assert parse_scenario(to_toml(scenario, reference)) == scenario
    assert parse_scenario(to_toml(scenario)) == scenario
    rows = log(scenario).rows_by_key("key", named=True, unique=True)
    place = "parameters.area_odds_ratio.by_technology.ai.values.London"
    assert (rows[place]["middle"], rows[place]["evidence"]) == (1.31, "published")
    assert rows["parameters.growth_loading.values.Scotland"]["source"] == "a test"
    assert rows["setting.normalise_start"]["value"] == "yes"
    assert uncertain(scenario)["growth_transitory"] == "derived"


def test_the_nation_starts_where_the_survey_has_it() -> None:
    stated = {"ecommerce": 0.25, "cloud": 0.69, "systems": 0.45, "ai": 0.29}
    scenario = certain(places())
    found = gainsmodel.run(scenario, draws=16, detail="uk").adoption()
    first = found.filter(year=2026, area_code="uk")
    start = dict(first.select("technology", "adoption_mean").iter_rows())
    assert start == pytest.approx(stated, rel=1e-9)
    before = gainsmodel.run(certain(plain("reference")), draws=16, detail="uk").adoption()
    ai = before.filter(year=2026, area_code="uk", technology="ai")
    assert ai["adoption_mean"][0] > 0.33


def test_a_lever_that_ends_stops_costing_and_its_gain_fades() -> None:
    changes = {"levers.skills.duration_years": 3.0, "levers.skills.fade_years": 1.0}
    scenario = plain("reference").edit({f'plan."{GM}".skills': 1.0, **changes})
    lasting = scenario.edit({"levers.skills.fade_years": 100.0})
    added, kept = (gainsmodel.run_paired(s, draws=DRAWS) for s in (scenario, lasting))
    means = [
        float(p.added("gain_gbp_m_2036").filter(area_name=GM)["gain_gbp_m_2036_mean"][0])
        for p in (added, kept)
    ]
    assert 0 < means[0] < 0.05 * means[1]
    during = [
        p.added("gain_gbp_m_2029").filter(area_name=GM)["gain_gbp_m_2029_mean"][0]
        for p in (added, kept)
    ]
    assert during[0] == during[1]
    residents = load_dataset("mayoral").areas.filter(area_name=GM)["population"][0]
    cost = added.with_plan.draws("lever_cost_cumulative_gbp_m")["E47000001"]
    assert cost[0] == pytest.approx(4.0 * residents / 1e6 * 3.0, rel=1e-6)
