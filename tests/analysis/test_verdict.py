"""One rule for which of two plans is worth more, also where structures of the model disagree."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import gainsmodel
from gainsmodel import PairedResult, Scenario, load_scenario
from gainsmodel.analysis.verdict import (
    NOTHING,
    THIS_PLAN,
    Signs,
    Verdict,
    against_nothing,
    of_draws,
    signs,
    verdict,
)
from gainsmodel.data.units import unit_of
from gainsmodel.present import text
from gainsmodel.results.structures import structure_of_draws

GM = "Greater Manchester"
DRAWS = 4_000
EFFECTS = [
    f"levers.{name}.effects.{target}.value"
    for name, lever in load_scenario("reference").levers.items()
    for target, effect in lever.effects
    if effect
]
CANNOT = "cannot be ranked by net present value: on average"


def disagreeing(weight: float = 0.3) -> Scenario:
    """Levers that work, and levers that cost the same and do nothing."""
    return load_scenario("skills_first").edit(
        {
            "structure": [
                {
                    "name": "works",
                    "weight": 1 - weight,
                    "overrides": dict.fromkeys(EFFECTS, 0.1),
                },
                {"name": "fails", "weight": weight, "overrides": dict.fromkeys(EFFECTS, 0.0)},
            ]
        }
    )


@cache
def pair(weight: float = 0.3) -> PairedResult:
    return gainsmodel.run_paired(disagreeing(weight), draws=DRAWS)


def of_pair(of: PairedResult) -> Verdict:
    unit = unit_of(of.dataset, GM)
    return of_draws(of.net_present_value_draws(unit), of.with_plan)


def nothing(of: PairedResult) -> PairedResult:
    return PairedResult(of.without, of.without)


def test_signs_are_weights_of_structures_on_either_side() -> None:
    of = pair()
    rng = np.random.default_rng(1)
    place = structure_of_draws(of.scenario, of.manifest)
    noise = rng.normal(size=DRAWS)
    assert signs(np.where(place == 0, 1.0, -1.0) + noise, of.with_plan) == Signs(0.7, 0.3)
    assert signs(1.0 + noise, of.with_plan) == Signs(1.0, 0.0)
    # Within the error of a structure: on no side.
    assert signs(np.where(place == 0, 1.0, 0.0) + noise, of.with_plan).below == 0
    single = gainsmodel.run("reference", draws=160)
    assert signs(rng.normal(size=160), single) == Signs()


def test_a_plan_that_fails_in_some_structure_cannot_be_ranked() -> None:
    of = pair()
    found = of_pair(of)
    assert found.structures == Signs(0.7, 0.3)
    assert abs(found.difference_gbp_m) > 2 * found.difference_mcse_gbp_m
    assert not found.is_ranked
    said = found.in_words("P", "Q")
    assert f"“P” and “Q” {CANNOT} “P” is worth more in structures" in said
    assert "with 70% of the weight, “Q” in structures of the model with 30%" in said
    other = verdict(nothing(of), of, unit_of(of.dataset, GM))
    assert other.structures == Signs(0.3, 0.7)
    assert other.in_words("Q", "P") == said


def test_where_structures_agree_the_rule_is_as_before() -> None:
    scenario = load_scenario("skills_first").edit(dict.fromkeys(EFFECTS, 0.1))
    same = scenario.edit({"structure": [{"name": n, "weight": 0.5} for n in "ab"]})
    plain, several = (of_pair(gainsmodel.run_paired(s, draws=DRAWS)) for s in (scenario, same))
    assert several.structures == Signs(1.0, 0.0)
    assert several.is_ranked
    assert several.in_words("P", "Q") == plain.in_words("P", "Q")


def test_every_question_says_so() -> None:
    """compare, appraise, switching values, value of information and the paper's words."""
    of = pair()
    compared = gainsmodel.compare(of.with_plan, of.without, area=GM)
    assert CANNOT in text.verdict(compared, "P", "Q")
    table = gainsmodel.appraise(of)
    (row,) = table.filter(area_name=GM).to_dicts()
    assert row["net_present_value_gbp_m_weight_above"] == pytest.approx(0.7)
    assert row["net_present_value_gbp_m_weight_below"] == pytest.approx(0.3)
    told = f"“{THIS_PLAN}” and “{NOTHING}” {CANNOT}"
    assert text.net_value(row, of_pair(of)).startswith(told)
    switching = gainsmodel.switching_values(
        of.scenario, GM, pair=of, parameters=["parameters.lag_years"], search_draws=200
    )
    assert switching.summary[0].startswith(told)
    known = gainsmodel.voi(disagreeing(), GM, draws=DRAWS, study_draws=2_000)
    assert any(CANNOT in sentence for sentence in known.summary)
    best = gainsmodel.plan(
        disagreeing(),
        GM,
        budget_gbp_m_per_year=20.0,
        intensities=(0.0, 1.0),
        stability=False,
        draws=DRAWS,
    )
    assert any(CANNOT in sentence for sentence in best.summary)


def test_a_plan_alone_is_told_by_the_same_rule() -> None:
    known = of_pair(pair())
    said = against_nothing(known, -10.0, 20.0)
    assert said.startswith(known.in_words(THIS_PLAN, NOTHING))
    assert "In 9 of 10 futures its net present value is" in said


@pytest.mark.parametrize("key", ["levers.skills.effects.ceiling", "parameters.lag_years"])
def test_what_structures_differ_in_has_no_switching_value(key: str) -> None:
    differs = key.startswith("levers")
    assert disagreeing().differs_between_structures(key) == differs
    assert not load_scenario("skills_first").differs_between_structures(key)
    asked = {"parameters": [key], "draws": 200, "search_draws": 200}
    if differs:
        with pytest.raises(gainsmodel.UnknownNameError):
            gainsmodel.switching_values(disagreeing(), GM, **asked)
        found = gainsmodel.switching_values(
            disagreeing(), GM, parameters=["parameters.lag_years"], draws=200, search_draws=200
        )
        assert "structures of the model differ in it" in found.left_out.values()
    else:
        found = gainsmodel.switching_values(disagreeing(), GM, **asked)
        assert key in found.table["key"]
