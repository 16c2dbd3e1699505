"""The one table of parameters: core, schema, reference and glossary agree with it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from gainsmodel import ScenarioError, _core, load_scenario
from gainsmodel.present import glossary
from gainsmodel.scenario import LEVELS, LEVER_TARGETS, SPREAD_PARAMETERS, Distribution
from gainsmodel.scenario.levers import Effects
from gainsmodel.scenario.parameter_groups import GROUPS, core_name
from gainsmodel.scenario.parameters import (
    ADJUSTMENTS,
    CHOICES,
    NATIONAL_PARAMETERS,
    PARAMETERS,
    Parameters,
)
from gainsmodel.scenario.quantities import Quantity, SpreadName

REFERENCE = load_scenario("reference")


def entry(name: str) -> Any:
    return REFERENCE.prize if name == "prize" else getattr(REFERENCE.parameters, name)


# A list that the core does not give yet is checked as soon as it does.
@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("NATIONAL_PARAMETERS", tuple(map(core_name, NATIONAL_PARAMETERS))),
        ("SPREAD_PARAMETERS", SPREAD_PARAMETERS),
        ("LEVELS", LEVELS),
        ("LEVER_TARGETS", LEVER_TARGETS),
    ],
)
def test_the_core_has_the_same_names_in_the_same_order(name: str, ours: tuple[str, ...]) -> None:
    theirs = getattr(_core, name, None)
    if theirs is None:
        assert name != "NATIONAL_PARAMETERS"
        pytest.skip(f"the core does not give {name}")
    assert tuple(theirs) == ours


def test_the_table_has_every_field_once_and_in_order() -> None:
    assert [name for name in PARAMETERS if name != "prize"] == list(Parameters.model_fields)
    assert all(name == of.field for name, of in PARAMETERS.items())
    spread = tuple(name for name, of in PARAMETERS.items() if of.level == "spread")
    assert spread == SPREAD_PARAMETERS == get_args(SpreadName)
    assert set(LEVER_TARGETS) == set(Effects.model_fields)


def test_every_field_is_annotated_with_its_own_entry() -> None:
    for name, field in Parameters.model_fields.items():
        assert field.metadata == [PARAMETERS[name]]


def test_no_two_parameters_have_one_name_or_symbol() -> None:
    labels = [of.label for of in (*PARAMETERS.values(), *CHOICES.values())]
    assert len(labels) == len(set(labels))
    symbols = [of.symbol for of in PARAMETERS.values() if of.symbol not in ("", "g")]
    assert len(symbols) == len(set(symbols))


def test_units_are_those_of_the_reference() -> None:
    assert {name: entry(name).unit for name in PARAMETERS} == {
        name: of.unit for name, of in PARAMETERS.items()
    }


def test_the_reference_is_within_bounds_and_neutral_values_are_too() -> None:
    for name, of in PARAMETERS.items():
        if of.bounds is not None and isinstance(entry(name), Quantity):
            for _, distribution in entry(name).stated():
                assert of.bounds.problem(distribution) is None, name
    assert ADJUSTMENTS == {"displacement": 0.0, "leakage": 0.0, "multiplier": 1.0}


def test_everything_drawn_is_in_a_group() -> None:
    grouped = {name for _, _, names in GROUPS for name in names if not name.startswith("levers.")}
    assert grouped == {name for name, of in PARAMETERS.items() if of.level != "constant"}


def test_the_glossary_explains_parameters_in_the_words_of_the_table() -> None:
    terms = glossary.terms()
    for of in PARAMETERS.values():
        if "(" in of.heading or of.heading in terms:
            assert terms[of.heading].startswith(of.explanation), of.field
            assert glossary.explain(of.label) == terms[of.heading]


def test_explanations_are_sentences() -> None:
    for of in (*PARAMETERS.values(), *CHOICES.values()):
        assert re.fullmatch(r"[A-Z].+\.", of.explanation), of


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ceiling", 0.62, "62.0%"),
        ("imitation", 0.42, "0.42 a year"),
        ("lag_years", 2.54, "2.5 years"),
        ("decay_per_year", 0.035, "3.5% a year"),
        ("complements", -0.4, "−0.4 log points"),
        ("readiness_slope_ceiling", 0.15, "0.15"),
        ("multiplier", 1.26, "1.3"),
    ],
)
def test_a_value_is_said_as_its_unit_has_it(name: str, value: float, words: str) -> None:
    assert PARAMETERS[name].in_words(value) == words


GROWTH = "parameters.growth_nation"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({f"{GROWTH}.value": 3e9}, "growth_nation.value: must be from -0.2 to 0.2; found 3e+09"),
        (
            {f"{GROWTH}.distribution": {"kind": "normal", "mean": 3e9, "sd": 0.01}},
            "the middle of a normal must be from -0.2 to 0.2; found 3e+09",
        ),
        (
            {f"{GROWTH}.distribution": {"kind": "normal", "mean": 0.0, "sd": 0.3}},
            "normal is too wide: 1 draw in a billion is below -1.8; allowed is from -1 to 1",
        ),
        (
            {"parameters.innovation.distribution": {"kind": "lognormal", "median": 1, "sigma": 9}},
            "lognormal is too wide: 1 draw in a billion is above 2.83e+23; allowed is from 0 to",
        ),
        (
            {"parameters.lag_years.distribution": {"kind": "gamma", "shape": 0.1, "scale": 900}},
            "gamma is too wide: 1 draw in a billion is above 1.8e+04; allowed is from 0 to 10,000",
        ),
        ({"levers.skills.cost_gbp_per_head_per_year.value": 1e9}, "must be from 0 to 1e+06"),
        ({"levers.skills.effects.ceiling.value": 1e9}, "must be from 0 to 100; found 1e+09"),
        (
            {"parameters.sector_odds_ratio.by_technology.ai.values.J": 1e9},
            "by_technology.ai.values.J: must be from 0.001 to 1,000; found 1e+09",
        ),
        ({"prize.value": 1e9}, "prize.value: must be from 0 to 100,000; found 1e+09"),
    ],
    ids=str,
)
def test_what_no_economy_holds_is_refused_with_what_is_allowed(
    edit: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        REFERENCE.edit(edit)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_bounds_on_both_sides(name: str) -> None:
    of = PARAMETERS[name]
    if of.bounds is None:
        # What is one number, and no distribution, is held by its type.
        assert of.level == "constant" or name == "zero_correlation"
        return
    low, high = of.bounds.values
    assert math.isfinite(low)
    assert math.isfinite(high)
    tails = max(of.bounds.low, of.bounds.tail_least), min(of.bounds.high, of.bounds.tail_most)
    assert all(map(math.isfinite, tails))
    assert tails[0] <= low < high <= tails[1]


def test_tails_are_where_the_core_draws_them() -> None:
    far = 6.0
    for kind, fields in (
        ("normal", {"mean": 0.3, "sd": 0.1}),
        ("lognormal", {"median": 0.3, "sigma": 0.5}),
    ):
        of: Any = TypeAdapter(Distribution).validate_python({"kind": kind, **fields})
        assert of.tails() == pytest.approx(
            tuple(_core.value_at(json.dumps(of.core()), [-far, far])), rel=1e-5
        )
    for shape in (0.1, 0.5, 20.0, 1e5):
        of = TypeAdapter(Distribution).validate_python(
            {"kind": "gamma", "shape": shape, "scale": 0.2}
        )
        (drawn,) = _core.value_at(json.dumps(of.core()), [far])
        assert drawn <= of.tails()[1] <= max(30 * 0.2, 5 * drawn)
