"""Scenario files: what they may say, how they combine, and what is said when they cannot be."""

import json
import math
import os
import pickle
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import TypeAdapter

from gainsmodel.errors import ScenarioError
from gainsmodel.scenario import (
    LEVELS,
    SECTORS,
    SPREAD_PARAMETERS,
    Distribution,
    Quantity,
    Scenario,
    json_schema,
    load_scenario,
    parse_scenario,
    shipped_scenarios,
    to_toml,
)
from gainsmodel.scenario.distributions import Bounds
from gainsmodel.scenario.merge import difference, merge
from gainsmodel.scenario.parameters import PARAMETERS as TABLE, Parameters

ROOT = Path(__file__).parents[2]
MALFORMED = sorted((ROOT / "tests/malformed").glob("*.toml"))
REFERENCE = load_scenario("reference")
Z95 = 1.6448536269514722
BASE = 'extends = "reference"\n'

KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"value": 0.1},
    "normal": {"mean": 0.1, "sd": 0.05},
    "lognormal": {"median": 0.1, "p05": 0.07, "p95": 0.14},
    "logitnormal": {"median": 0.1, "sd": 0.5},
    "uniform": {"low": 0.05, "high": 0.25},
    "triangular": {"low": 0.05, "mode": 0.1, "high": 0.25},
    "pert": {"low": 0.05, "mode": 0.1, "high": 0.25},
    "beta": {"alpha": 2.0, "beta": 18.0},
    "gamma": {"shape": 20.0, "scale": 0.005},
    "discrete": {"values": [0.05, 0.2], "probabilities": [0.25, 0.75]},
}


def message(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "x.toml")
    return str(caught.value)


def distribution(**fields: Any) -> Any:
    return TypeAdapter(Distribution).validate_python(fields)


# ---------------------------------------------------------------- the reference


def lognormal(median: float, p05: float, p95: float) -> dict[str, Any]:
    return {"kind": "lognormal", "median": median, "sigma": math.log(p95 / p05) / (2 * Z95)}


def pert(low: float, mode: float, high: float) -> dict[str, Any]:
    return {"kind": "pert", "low": low, "mode": mode, "high": high}


def normal(mean: float, sd: float) -> dict[str, Any]:
    return {"kind": "normal", "mean": mean, "sd": sd}


# As stated in sections 3, 5 and 6 of the model description.
PARAMETERS = {
    "innovation": lognormal(0.010, 0.002, 0.05),
    "imitation": lognormal(0.42, 0.20, 0.70),
    "ceiling": {"kind": "logitnormal", "median": 0.75, "sigma": 0.956},
    "productivity_effect": lognormal(0.02, 0.005, 0.08),
    "lag_years": lognormal(2.5, 1, 5),
    "decay_per_year": pert(0, 0.03, 0.10),
    "spillover_share": {"kind": "beta", "alpha": 2.2, "beta": 12.5},
    "uplift_cap": pert(0.04, 0.08, 0.15),
    "adoption_cost_share": lognormal(0.01, 0.003, 0.03),
    "readiness_slope_initial_adoption": normal(0.25, 0.15),
    "readiness_slope_imitation": normal(0.05, 0.05),
    "readiness_slope_ceiling": normal(0.15, 0.10),
    "readiness_slope_productivity_effect": normal(0.05, 0.05),
    "complements": normal(0, 0.10),
    "growth_nation": normal(0.013, 0.005),
    "growth_area": normal(0, 0.0045),
    "growth_sector": normal(0, 0.016),
    "growth_cell": normal(0, 0.0105),
    "take_up": {"kind": "beta", "alpha": 0.45, "beta": 1.6},
    "displacement": pert(0.15, 0.40, 0.75),
    "leakage": pert(0.05, 0.10, 0.25),
    "multiplier": pert(1.1, 1.25, 1.5),
    "optimism_bias": pert(0, 0.15, 0.41),
}
SPREADS = {
    "initial_adoption": (0.2, 0, 0.2, 0.4, 0.2),
    "innovation": (0.2, 0.4, 0.2, 0.2, 0),
    "imitation": (0.2, 0.4, 0.2, 0.2, 0),
    "ceiling": (0.2, 0.3, 0.1, 0.2, 0.2),
    "productivity_effect": (0.5, 0.2, 0, 0.2, 0.1),
}
INITIAL = {"ecommerce": 0.25, "cloud": 0.69, "systems": 0.45, "ai": 0.29}
BUSINESS = {"J": 2.0, "M": 1.5, "K": 1.5, "F": 0.7, "I": 0.7, "AB": 0.6}
ODDS = {
    "ai": {"J": 3.67, "M": 2.18, "Q": 1.57, "P": 1.5, "G": 0.67, "F": 0.52, "S": 0.39, "I": 0.26},
    "cloud": BUSINESS,
    "systems": BUSINESS,
    "ecommerce": {"G": 2.0, "I": 1.5, "J": 1.5, "F": 0.5, "AB": 0.6},
}
LEVERS: dict[str, tuple[dict[str, tuple[float, float, float]], str, float, float, float]] = {
    "leadership": (
        {"innovation": (0.10, 0.02, 0.30), "imitation": (0.10, 0.02, 0.30)},
        "all",
        0.27,
        2,
        0.3,
    ),
    "open_data": (
        {"innovation": (0.15, 0.03, 0.45), "productivity_effect": (0.04, 0.01, 0.12)},
        "HJKMNOPQ",
        0.5,
        3,
        0.5,
    ),
    "inclusion": ({"ceiling": (0.10, 0.02, 0.30)}, "GIKOPQRS", 0.5, 4, 2.0),
    "skills": (
        {
            "ceiling": (0.08, 0.02, 0.25),
            "productivity_effect": (0.08, 0.02, 0.25),
            "imitation": (0.05, 0.01, 0.15),
        },
        "all",
        0.27,
        4,
        4.0,
    ),
    "connectivity": (
        {"innovation": (0.10, 0.02, 0.30), "ceiling": (0.05, 0.01, 0.15)},
        "all",
        0,
        5,
        3.0,
    ),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_reference_holds_the_parameters_of_the_model_description(name: str) -> None:
    assert getattr(REFERENCE.parameters, name).figure().core() == pytest.approx(PARAMETERS[name])


def test_reference_holds_the_spreads_odds_and_initial_adoption_of_the_description() -> None:
    parameters = REFERENCE.parameters
    for name in SPREAD_PARAMETERS:
        assert parameters.spread(name).spread.shares() == pytest.approx(SPREADS[name])
    assert set(REFERENCE.technologies) == set(INITIAL)
    for technology, median in INITIAL.items():
        core = parameters.initial_adoption.of(technology).core()
        assert core == {"kind": "logitnormal", "median": median, "sigma": 0.25}
        for sector in SECTORS:
            odds = {"kind": "fixed", "value": ODDS[technology].get(sector, 1.0)}
            assert parameters.sector_odds_ratio.of(technology, sector).core() == odds


def test_reference_holds_the_settings_of_the_model_description() -> None:
    setting, parameters = REFERENCE.setting, REFERENCE.parameters
    assert (setting.geography, setting.start_year, setting.horizon_years) == ("mayoral", 2026, 10)
    assert (setting.curve, setting.spillover_decay_km) == ("bass", 100.0)
    weights = setting.readiness_weights
    assert weights.gigabit_share == weights.digital_sector_share
    assert REFERENCE.prize.figure().core() == {"kind": "fixed", "value": 208.0}
    assert (REFERENCE.prize.basis, REFERENCE.prize.price_year) == ("final_year", 2024)
    assert REFERENCE.prize.share_of_economy == 0.1
    assert setting.price_year == 2024
    (correlation,) = REFERENCE.correlations
    assert (set(correlation.between), correlation.value) == ({"imitation", "ceiling"}, 0.3)
    rates = [(r.from_year, r.rate) for r in REFERENCE.discounting.rates]
    assert rates == [(0, 0.035), (31, 0.03), (76, 0.025)]
    assert parameters.growth_to_start_year.value == 0.012
    assert parameters.take_up.shared_variance == 0.5
    for name in ("displacement", "leakage", "multiplier"):
        assert getattr(parameters, name).enabled
    assert parameters.fixed_cost_share.value == 0.1
    assert parameters.zero_correlation.value == 0.5
    assert setting.normalise_start
    ratios = {k: of.values for k, of in parameters.area_odds_ratio.by_technology.items()}
    assert ratios == {"ai": {"London": 0.84}}
    assert REFERENCE.plan == {}


@pytest.mark.parametrize("name", LEVERS)
def test_reference_holds_the_levers_of_the_model_description(name: str) -> None:
    effects, scope, start, ramp, cost = LEVERS[name]
    lever = REFERENCE.levers[name]
    stated = {k: q.figure().core() for k, q in lever.effects if q is not None}
    assert stated.keys() == effects.keys()
    for target, (median, p05, p95) in effects.items():
        assert (stated[target]["kind"], stated[target]["p_zero"]) == ("zero_or", 0.5)
        assert stated[target]["of"] == pytest.approx(lognormal(median, p05, p95))
    assert lever.scope == (SECTORS if scope == "all" else tuple(scope))
    assert (lever.start_years, lever.ramp_years) == (start, ramp)
    assert lever.cost_gbp_per_head_per_year.figure().core() == {"kind": "fixed", "value": cost}
    assert lever.cost_gbp_per_head_per_year.evidence == "judgement"
    assert lever.cost_gbp_per_head_per_year.price_year == 2024
    assert (lever.duration_years, lever.fade_years) == (None, 1)
    own = None if lever.take_up is None else lever.take_up.figure().core()
    beta = {"kind": "beta", "alpha": 2.0, "beta": 1.2}
    assert own == (beta if name == "connectivity" else None)


def test_nothing_from_memory_is_called_published() -> None:
    for name in ("displacement", "leakage", "multiplier"):
        quantity = getattr(REFERENCE.parameters, name)
        assert quantity.evidence == "judgement"
        assert "checked against" in quantity.note


# ---------------------------------------------------------------- shipped files and the schema


def test_at_least_nine_scenarios_are_shipped_and_each_asks_a_question() -> None:
    shipped = {name: load_scenario(name) for name in shipped_scenarios()}
    assert len(shipped) >= 9
    assert len({s.title for s in shipped.values()}) == len(shipped)
    assert len({s.question for s in shipped.values()}) == len(shipped)
    assert all(s.question.endswith("?") for s in shipped.values())


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_shipped_scenarios_state_only_what_differs(name: str) -> None:
    stated = tomllib.loads(shipped_scenarios()[name].read_text())
    if "extends" in stated:
        base = load_scenario(stated.pop("extends")).to_dict()
        assert stated.pop("schema_version") == 2
        assert difference(merge(base, stated, name), base).keys() == stated.keys()


def test_committed_schema_is_current() -> None:
    committed = json.loads((ROOT / "scenarios/schema.json").read_text())
    assert committed == json_schema(), "run: python -m gainsmodel.scenario > scenarios/schema.json"


def test_schema_accepts_every_shipped_scenario_and_the_reference_in_full() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(validator.schema)
    for path in shipped_scenarios().values():
        validator.validate(tomllib.loads(path.read_text()))
    validator.validate(REFERENCE.to_dict())


@pytest.mark.parametrize(
    "text",
    [
        BASE + "[seting]\nhorizon_years = 5",
        BASE + "[setting]\nhorizon_years = 0",
        BASE + '[prize]\nbasis = "yearly"',
        BASE + "[parameters.ceiling]\nvalue = 1.5",
        BASE + '[parameters.ceiling]\ndistribution = { kind = "gauss", mean = 1, sd = 1 }',
        BASE + '[levers.skills]\nscope = ["X"]',
        "schema_version = 2",
    ],
)
def test_schema_marks_what_loading_refuses(text: str) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not validator.is_valid(tomllib.loads(text))
    message(text)


def test_schema_describes_every_parameter_with_its_unit() -> None:
    described = json_schema()["$defs"]["Parameters"]["properties"]
    assert set(described) == set(Parameters.model_fields)
    assert all(entry["description"] for entry in described.values())


def test_module_prints_the_schema() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gainsmodel.scenario"], capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == json_schema()
    assert not done.stderr


# ---------------------------------------------------------------- distributions


def quantities() -> dict[str, Bounds]:
    """List the key path of every place that takes a distribution, with its bounds."""
    found = {"levers.skills.cost_gbp_per_head_per_year": Bounds(0)}
    for name, of in TABLE.items():
        if of.bounds is not None and name not in ("initial_adoption", "sector_odds_ratio"):
            found["prize" if name == "prize" else f"parameters.{name}"] = of.bounds
        if of.bounds is not None and name in SPREAD_PARAMETERS:
            found[f"parameters.{name}.by_technology.ai"] = of.bounds
    for target in ("innovation", "imitation", "ceiling", "productivity_effect"):
        found[f"levers.skills.effects.{target}"] = Bounds(0)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", quantities())
def test_every_distribution_stands_wherever_its_values_are_allowed(path: str, kind: str) -> None:
    bounds = quantities()[path]
    table = {"kind": kind, **KINDS[kind]}
    edit = {f"{path}.distribution": table, f"{path}.unit": "any"}
    low, high = distribution(**table).support()
    if low >= bounds.low and high <= bounds.high:
        edited: Any = REFERENCE.edit(edit)
        for part in path.split("."):
            edited = edited[part] if isinstance(edited, dict) else getattr(edited, part)
        assert isinstance(edited, Quantity)
        assert edited.figure() == distribution(**table)
    else:
        with pytest.raises(ScenarioError, match=rf"{kind} can .*; use .*pert or uniform"):
            REFERENCE.edit(edit)


@pytest.mark.parametrize("kind", KINDS)
def test_odds_ratios_take_distributions(kind: str) -> None:
    path = "parameters.sector_odds_ratio.by_technology.ai.values.J"
    edit = {path: {"kind": kind, **KINDS[kind]}}
    if kind == "normal":
        with pytest.raises(ScenarioError, match="normal can fall below 0"):
            REFERENCE.edit(edit)
    else:
        edited = REFERENCE.edit(edit)
        odds = edited.parameters.sector_odds_ratio
        assert odds.of("ai", "J") == distribution(kind=kind, **KINDS[kind])
        assert odds.of("ai", "M").core() == {"kind": "fixed", "value": 2.18}
        assert Scenario.from_dict(edited.to_dict()) == edited


@pytest.mark.parametrize("kind", KINDS)
def test_any_distribution_may_state_a_chance_of_zero(kind: str) -> None:
    plain = distribution(kind=kind, **KINDS[kind])
    half = distribution(kind=kind, p_zero=0.5, **KINDS[kind])
    assert half.core() == {"kind": "zero_or", "p_zero": 0.5, "of": plain.core()}
    assert half.if_not_zero() == plain
    low, high = plain.support()
    assert half.support() == (min(low, 0), high)
    assert distribution(kind=kind, p_zero=0.0, **KINDS[kind]).core() == plain.core()
    never = distribution(kind=kind, p_zero=1.0, **KINDS[kind])
    assert (never.core(), never.support()) == ({"kind": "fixed", "value": 0.0}, (0, 0))
    edited = REFERENCE.edit(
        {"levers.skills.effects.ceiling.distribution": {"kind": kind, "p_zero": 0.5, **KINDS[kind]}}
        if kind != "normal"
        else {"parameters.complements.distribution": half.model_dump(exclude_none=True)}
    )
    assert parse_scenario(to_toml(edited, REFERENCE)) == edited


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("p_zero", 1.5, r"p_zero: must be .*1.*found 1\.5"),
        ("p_zero", "half", "p_zero: must be"),
        ("p_zer", 0.5, "p_zer: no such key.*p_zero"),
    ],
)
def test_a_chance_of_zero_is_a_probability(key: str, value: Any, expected: str) -> None:
    effect = {"kind": "gamma", "shape": 2.0, "scale": 0.1, key: value}
    with pytest.raises(ScenarioError, match=expected):
        REFERENCE.edit({"levers.skills.effects.ceiling.distribution": effect})


def test_what_must_be_above_0_cannot_be_zero() -> None:
    odds = {"kind": "gamma", "shape": 2.0, "scale": 0.1, "p_zero": 0.5}
    with pytest.raises(ScenarioError, match="must be above 0, so it cannot be zero"):
        REFERENCE.edit({"parameters.sector_odds_ratio.by_technology.ai.values.J": odds})


def test_core_form_of_every_distribution() -> None:
    cores = {kind: distribution(kind=kind, **fields).core() for kind, fields in KINDS.items()}
    assert cores.pop("lognormal") == pytest.approx(lognormal(0.1, 0.07, 0.14))
    assert cores.pop("logitnormal") == {"kind": "logitnormal", "median": 0.1, "sigma": 0.5}
    for kind, core in cores.items():
        assert core == {"kind": kind, **KINDS[kind]}
    by_range = distribution(kind="logitnormal", median=0.5, p05=0.2, p95=0.8).core()
    assert by_range["sigma"] == pytest.approx(math.log(16) / (2 * Z95))


@settings(deadline=None)
@given(st.floats(0.01, 100), st.floats(0, 3))
def test_a_90_percent_range_gives_back_sigma(median: float, sigma: float) -> None:
    factor = math.exp(Z95 * max(sigma, 1e-3))
    core = distribution(kind="lognormal", median=median, p05=median / factor, p95=median * factor)
    assert core.core()["sigma"] == pytest.approx(max(sigma, 1e-3))


# ---------------------------------------------------------------- merging and editing


def test_a_value_replaces_a_distribution_and_back() -> None:
    fixed = REFERENCE.edit({"parameters.imitation.value": 0.5})
    assert fixed.parameters.imitation.distribution is None
    table = {"kind": "beta", "alpha": 1.0, "beta": 2.0}
    again = fixed.edit({"parameters.imitation.distribution": table})
    assert again.parameters.imitation.value is None
    assert again.parameters.imitation.figure().core() == table


def test_a_distribution_is_never_merged() -> None:
    with pytest.raises(ScenarioError, match=r"imitation\.distribution\.median: is missing"):
        REFERENCE.edit({"parameters.imitation.distribution": {"kind": "lognormal", "sigma": 0.1}})


def test_a_changed_figure_without_source_is_judgement() -> None:
    text = BASE + "[parameters.imitation]\nvalue = 0.5\n"
    imitation = parse_scenario(text, "mine.toml").parameters.imitation
    assert imitation.evidence == "judgement"
    assert imitation.source == "set in mine.toml; no source given"
    assert imitation.note == ""
    assert imitation.spread == REFERENCE.parameters.imitation.spread


def test_an_unchanged_figure_keeps_its_source() -> None:
    again = REFERENCE.edit({"prize.value": 208.0, "prize.basis": "cumulative"})
    assert again.prize.source == REFERENCE.prize.source
    assert again.prize.evidence == "published"


def test_odds_ratios_merge_by_sector() -> None:
    edited = REFERENCE.edit({"parameters.sector_odds_ratio.by_technology.ai.values": {"J": 2.0}})
    values = edited.parameters.sector_odds_ratio.by_technology["ai"]
    assert values.values["M"].core()["value"] == 2.18
    assert values.values["J"].core()["value"] == 2.0
    assert values.evidence == "judgement"


def test_lists_and_scopes_are_replaced() -> None:
    edited = REFERENCE.edit(
        {"levers.skills.scope": ["J"], "discounting.rates": [{"from_year": 0, "rate": 0.02}]}
    )
    assert edited.levers["skills"].scope == ("J",)
    assert [r.rate for r in edited.discounting.rates] == [0.02]
    assert edited.discounting.dated == ""


def test_areas_of_a_plan_are_merged_in_any_capitalisation() -> None:
    one = REFERENCE.edit({'plan."Greater Manchester".skills': 1.0})
    two = one.edit({"plan": {"GREATER manchester": {"inclusion": 0.5}}})
    assert list(two.plan) == ["Greater Manchester"]
    assert set(two.plan["Greater Manchester"]) == {"skills", "inclusion"}


def test_times_in_a_plan_are_added_to_an_intensity() -> None:
    one = REFERENCE.edit({"plan.Wales.skills": 0.5})
    two = one.edit({"plan.Wales.skills": {"start_years": 2}})
    lever = two.plan["Wales"]["skills"]
    assert (lever.intensity, lever.start_years, lever.ramp_years) == (0.5, 2.0, None)
    assert two.to_dict()["plan"] == {"Wales": {"skills": {"intensity": 0.5, "start_years": 2.0}}}


def test_an_override_takes_the_unit_of_its_parameter() -> None:
    edited = REFERENCE.edit({"parameters.imitation.by_technology.ai.value": 0.6})
    assert edited.parameters.imitation.by_technology["ai"].unit == "hazard a year"
    assert edited.parameters.imitation.of("ai").core() == {"kind": "fixed", "value": 0.6}
    assert edited.parameters.imitation.of("cloud") == REFERENCE.parameters.imitation.figure()


def test_a_technology_can_be_added() -> None:
    edited = REFERENCE.edit(
        {
            "technologies.robots": {"label": "Robots"},
            "parameters.initial_adoption.by_technology.robots.value": 0.05,
        }
    )
    assert edited.parameters.initial_adoption.of("robots").core()["value"] == 0.05
    with pytest.raises(ScenarioError, match="no entry for the technology 'robots'"):
        REFERENCE.edit({"technologies.robots.label": "Robots"})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"setting.horizon_years": 0}, "edit: setting.horizon_years: must be from 1 to 40"),
        ({"setting": {"horizon_years": 10**400}}, "more than 60 digits"),
        ({"plan.Wales.skill": 1}, "plan.Wales.skill: no such lever; did you mean 'skills'?"),
        (
            {"plan.Greater Manchester.skills": 1},
            "not a key path; write parts with blanks in quotes",
        ),
        ({"a=1\nb": 1}, "not a key path"),
        ({"": 1}, "not a key path"),
        ({5: 1}, "not a key path"),
        ({"plan": {5: {"skills": 1}}}, "plan[5]: must be text"),
        ({"title": "\ud800"}, "control character"),
        ({"title": None}, "title: must be text"),
        ({"parameters": {"imitation.value": 1}}, "no such parameter; did you mean 'imitation'?"),
        ([1], "must map key paths to values"),
    ],
)
def test_edits_are_validated(changes: Any, expected: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(expected)):
        REFERENCE.edit(changes)


def test_copies_are_validated_at_every_level() -> None:
    setting = REFERENCE.setting.model_copy(update={"horizon_years": 5})
    assert REFERENCE.model_copy(update={"setting": setting}).setting.horizon_years == 5
    assert REFERENCE.model_copy() == REFERENCE
    with pytest.raises(ScenarioError, match="title: must not be empty"):
        REFERENCE.model_copy(update={"title": ""})
    with pytest.raises(ScenarioError, match="horizon_years: must be from 1 to 40"):
        REFERENCE.setting.model_copy(update={"horizon_years": 0})
    imitation = REFERENCE.parameters.imitation.model_copy(update={"value": 0.5})
    assert imitation.distribution is None


def test_a_deeply_nested_edit_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ScenarioError, match="nested too deeply"):
        REFERENCE.edit({"plan": deep})


EDITS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text("aé\"\\'#[]= \u20ac", min_size=1).filter(str.strip),
        "setting.horizon_years": st.integers(1, 40),
        "setting.spillover_decay_km": st.floats(1e-5, 1e5),
        "setting.curve": st.sampled_from(["bass", "logistic", "gompertz"]),
        "parameters.imitation.value": st.floats(0, 10),
        "parameters.innovation.by_technology.ai.value": st.floats(0, 1),
        "parameters.ceiling.distribution": st.sampled_from(
            [
                {"kind": k, **v}
                for k, v in KINDS.items()
                if k not in ("normal", "lognormal", "gamma")
            ]
        ),
        "parameters.sector_odds_ratio.by_technology.cloud.values": st.dictionaries(
            st.sampled_from(SECTORS), st.floats(0.01, 10), min_size=1
        ),
        "parameters.multiplier.enabled": st.booleans(),
        "levers.skills.scope": st.just("all")
        | st.lists(st.sampled_from(SECTORS), min_size=1, unique=True),
        "correlations": st.just([]),
        "levers.skills.effects.ceiling.distribution": st.fixed_dictionaries(
            {"kind": st.just("gamma"), "shape": st.just(2.0), "scale": st.just(0.1)},
            optional={"p_zero": st.floats(0, 1)},
        ),
        "levers.skills.take_up": st.fixed_dictionaries(
            {"value": st.floats(0, 1), "unit": st.just("share")}
        ),
        "parameters.zero_correlation.value": st.floats(0, 1),
        "parameters.optimism_bias.value": st.floats(0, 5),
        "parameters.fixed_cost_share.value": st.floats(0, 1),
        "parameters.ceiling.note": st.sampled_from(["", "two\nlines", "a"]),
        "plan": st.dictionaries(
            st.sampled_from(["Greater Manchester", "the 2017 six", "E08000025", 'a "b" c']),
            st.dictionaries(
                st.sampled_from(list(REFERENCE.levers)),
                st.floats(0, 1)
                | st.fixed_dictionaries(
                    {"intensity": st.floats(0, 1)}, optional={"start_years": st.floats(0, 10)}
                ),
                min_size=1,
            ),
        ),
    },
)


def test_a_scenario_is_written_once_to_be_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = REFERENCE.edit({"title": "hashed"})
    first = hash(scenario)
    monkeypatch.setattr(type(scenario), "to_dict", None)
    assert hash(scenario) == hash(scenario.model_copy()) == first


def test_plans_on_the_same_assumptions_share_one_reference() -> None:
    plan = REFERENCE.edit({"title": "planned", "plan.Wales.skills": 1.0})
    other = plan.model_copy(update={"plan": {"Wales": {"skills": 0.5}}})
    assert other.without_plan() is plan.without_plan() is plan.without_plan().without_plan()
    assert plan.without_plan() == type(plan).from_dict({**plan.to_dict(), "plan": {}})
    assert plan.edit({"title": "another"}).without_plan().title == "another"
    assert pickle.loads(pickle.dumps(plan)).without_plan() == plan.without_plan()


@settings(deadline=None, max_examples=50)
@given(EDITS, EDITS)
def test_scenarios_survive_every_way_of_writing_them(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    scenario = REFERENCE.edit(first).edit(second)
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario
    assert hash(Scenario.from_dict(scenario.to_dict())) == hash(scenario)
    assert hash(pickle.loads(pickle.dumps(scenario))) == hash(scenario)
    assert hash(scenario.edit({"title": "a title of its own"})) != hash(scenario)
    assert parse_scenario(to_toml(scenario)) == scenario
    relative = to_toml(scenario, REFERENCE)
    assert 'extends = "reference"' in relative
    assert parse_scenario(relative) == scenario


@settings(deadline=None)
@given(EDITS)
def test_editing_twice_is_editing_once(changes: dict[str, Any]) -> None:
    once = REFERENCE.edit(changes)
    assert once.edit(changes) == once


def test_a_relative_file_states_only_what_differs() -> None:
    scenario = REFERENCE.edit({'plan."Greater Manchester".skills': 1.0})
    written = tomllib.loads(to_toml(scenario, REFERENCE))
    plan = {"Greater Manchester": {"skills": 1.0}}
    assert written == {"extends": "reference", "schema_version": 2, "plan": plan}


def test_what_cannot_be_left_out_of_a_base_is_written_in_full() -> None:
    base = load_scenario("skills_first")
    assert "extends" not in to_toml(REFERENCE, base)
    assert parse_scenario(to_toml(REFERENCE, base)) == REFERENCE


# ---------------------------------------------------------------- extending


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)


def test_a_file_beside_is_found_before_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, a='extends = "late_start"', late_start=BASE + 'title = "Mine"')
    assert load_scenario(tmp_path / "a.toml").title == "Mine"
    write(tmp_path, a='extends = "./late_start.toml"')
    assert load_scenario(tmp_path / "a.toml").title == "Mine"
    assert load_scenario("late_start").title != "Mine"


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    for curve in ("logistic", "gompertz", "logistic"):
        write(tmp_path, base=f'extends = "reference"\nsetting.curve = "{curve}"')
        write(tmp_path, top='extends = "base"')
        assert load_scenario(tmp_path / "base.toml").setting.curve == curve
        assert load_scenario(tmp_path / "top.toml").setting.curve == curve


def test_scenarios_from_one_file_share_nothing_that_can_change() -> None:
    first = load_scenario("greater_manchester_all_levers")
    before = first.to_dict()
    for table in (first.plan, first.levers, first.technologies, first._places):
        table.clear()
    first.parameters.initial_adoption.by_technology.clear()
    assert load_scenario("greater_manchester_all_levers").to_dict() == before


def test_a_chain_of_eight_is_followed_and_no_more(tmp_path: Path) -> None:
    write(tmp_path, f0=BASE + 'title = "Root"')
    write(tmp_path, **{f"f{n}": f'extends = "f{n - 1}"' for n in range(1, 10)})
    assert load_scenario(tmp_path / "f6.toml").title == "Root"
    with pytest.raises(ScenarioError, match="at most 8 files"):
        load_scenario(tmp_path / "f7.toml")


def test_text_from_elsewhere_extends_shipped_scenarios_only(tmp_path: Path) -> None:
    write(tmp_path, mine=BASE)
    assert "no scenario" in message(f"extends = '{tmp_path}/mine.toml'")


def test_the_file_that_sets_a_key_is_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=BASE + "\n\n[setting]\nhorizon_years = 0",
        child='extends = "base"\n[setting]\ncurve = "bas"',
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "child.toml")
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path}/base.toml, line 5: setting.horizon_years: ")
    assert second.startswith(f"{tmp_path}/child.toml, line 3: setting.curve: ")


# ---------------------------------------------------------------- places in a file


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("setting.curve = 1", "x.toml, line 2: setting.curve: "),
        ("[setting]\n\n# c = 2\ncurve = 1", "x.toml, line 5: setting.curve: "),
        ("setting = { curve = 1 }", "x.toml, line 2: setting.curve: "),
        ('[ "setting" ]\n"curve" = 1', "x.toml, line 3: setting.curve: "),
        (
            'title = """\na = 1\n[setting]"""\n[setting]\ncurve = 1',
            "x.toml, line 6: setting.curve: ",
        ),
        ("title = '''\n'x'\n'''\n[setting]\ncurve = 1", "x.toml, line 6: setting.curve: "),
        ("correlations = [\n  # ]\n]\n[setting]\ncurve = 1", "x.toml, line 6: setting.curve: "),
        ('[plan."a.b # ]"]\nskills = 2', 'x.toml, line 3: plan."a.b # ]".skills: '),
        ('plan."a\\u0041".skills = 2', "x.toml, line 2: plan.aA.skills: "),
        ("\r\n[setting]\r\ncurve = 1\r\n", "x.toml, line 4: setting.curve: "),
        (
            '[[correlations]]\nbetween = ["imitation", "ceiling"]\nvalue = 0.1\nsource = "a"\n'
            'evidence = "derived"\n[[correlations]]\nvalue = 5',
            "x.toml, line 8: correlations[1].value: ",
        ),
    ],
)
def test_errors_are_placed_at_their_line(body: str, place: str) -> None:
    assert any(line.startswith(place) for line in message(BASE + body).splitlines())


@settings(deadline=None)
@given(st.text("ab.=[]{}\"'#\n\\ 1,-_", max_size=60))
def test_any_text_is_a_scenario_or_one_clear_error(text: str) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario("[setting]\n" + text)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_scenario_or_one_clear_error(content: bytes) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(content)


def test_the_place_of_an_area_in_a_plan_is_known(tmp_path: Path) -> None:
    write(tmp_path, a=BASE + "[plan.Atlantis]\nskills = 1", b='extends = "a"\nplan.Mu.skills = 1')
    scenario = load_scenario(tmp_path / "b.toml")
    assert scenario.place("Atlantis") == f"{tmp_path}/a.toml, line 2: "
    assert scenario.place("Mu") == f"{tmp_path}/b.toml, line 2: "
    assert pickle.loads(pickle.dumps(scenario)).place("Mu") == scenario.place("Mu")
    assert Scenario.from_dict(scenario.to_dict()) == scenario


def test_several_problems_are_counted() -> None:
    lines = message(BASE + "[setting]\n" + "\n".join(f"a{n} = 1" for n in range(9))).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "and 4 more"


# ---------------------------------------------------------------- malformed files

JARGON = re.compile(
    r"Input should|extra_forbidden|validation error|pydantic|Traceback|type=|Error\b|_type\b|ctx"
)


@pytest.mark.parametrize("path", MALFORMED, ids=lambda p: p.stem)
def test_malformed_files_are_refused_with_place_and_mend(path: Path) -> None:
    expected = path.read_text().split("\n", 1)[0].removeprefix("# expect: ")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    text = str(caught.value)
    assert expected in text
    assert text.startswith(str(path.parent))
    assert not JARGON.search(text)
    assert all(len(line) < 400 for line in text.splitlines())


def test_there_are_malformed_files_of_all_kinds() -> None:
    assert len(MALFORMED) >= 40


def refused(path: str | Path) -> str:
    begun = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    # Of this process alone, however busy the machine; what grows out of hand takes minutes.
    assert time.process_time() - begun < 10
    return str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    assert "is a directory" in refused(tmp_path)
    assert "not a regular file" in refused(tmp_path / "pipe.toml")
    assert "not a regular file" in refused("/dev/zero")
    assert "symbolic links" in refused(tmp_path / "loop.toml")
    assert "not a possible file name" in refused("a\0b")
    assert "cannot be read" in refused("a" * 5000)
    assert "did you mean 'reference'?" in refused("refrence")
    assert "did you mean 'loop.toml'?" in refused(tmp_path / "lop.toml")
    assert "\x1b" not in refused("\x1b[31m.toml")
    assert "file or a name" in refused("")
    assert "file or a name" in refused(None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a=BASE)
    (tmp_path / "a.toml").chmod(0)
    assert "cannot be read: Permission denied" in refused(tmp_path / "a.toml")


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(10**9)
    assert "too large: 1,000,000,000 bytes" in refused(tmp_path / "huge.toml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; begin with extends"),
        (b" \n\n", "is empty; begin with extends"),
        ('extends="reference"\ntitle="caf\xe9"'.encode("latin-1"), "line 2: is not UTF-8"),
        (BASE.encode("utf-16"), "line 1: is not UTF-8"),
        (b"\0" * 100, "not valid TOML"),
        (b'\xef\xbb\xbfextends = "reference"\r\ntitel = "x"\r\n', "line 2: titel: no such key"),
    ],
)
def test_odd_content_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    assert expected in refused(tmp_path / "a.toml")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    assert parse_scenario(b'\xef\xbb\xbfextends = "reference"\r\n') == REFERENCE


BOMBS = {
    "arrays": "x = " + "[" * 900_000,
    "closed arrays": "x = " + "[" * 400_000 + "]" * 400_000,
    "inline tables": "x = " + "{a=" * 300_000,
    "dotted key": "a." * 450_000 + "a = 1",
    "dotted quoted key": '"a".' * 240_000 + "a = 1",
    "dotted header": "[" + "a." * 450_000 + "a]",
    "dotted keys": "\n".join(f"a{n}.b.c.d.e = 1" for n in range(50_000)),
    "headers": "\n".join(f"[a{n}.b.c]" for n in range(70_000)),
    "array of tables": "[[correlations]]\n" * 58_000,
    "nested array of tables": "[[a]]\n[[a.b]]\n" * 60_000,
    "inline keys": "x = [" + "{a.b.c.d.e.f.g=1}," * 50_000 + "]",
    "escaped quotes": 'x = "' + '\\"' * 450_000,
    "open quotes": 'x = "\n' * 200_000,
    "triple quotes": 'x = """' + '""\\"' * 220_000,
    "digits": "x = " + "9" * 900_000,
    "one word": "a" * 900_000,
    "large plan": BASE + "[plan]\n" + "\n".join(f"a{n}.skills = 1" for n in range(19_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "bomb.toml").write_text(BOMBS[name])
    assert len(refused(tmp_path / "bomb.toml")) < 2500


def test_levels_are_the_fields_of_a_spread() -> None:
    spread = REFERENCE.parameters.imitation.spread
    assert tuple(type(spread).model_fields) == LEVELS
