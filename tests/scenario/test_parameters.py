"""The one table of parameters: core, schema, reference and glossary agree with it."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from gainsmodel import _core, load_scenario
from gainsmodel.present import glossary
from gainsmodel.scenario import LEVELS, LEVER_TARGETS, SPREAD_PARAMETERS
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
