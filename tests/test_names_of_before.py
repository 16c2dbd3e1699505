"""Names of 0.3 work for one release, and say what they are called now."""

from __future__ import annotations

import importlib

import pytest

import gainsmodel
from gainsmodel import AreaSummary, PairedResult, appraise, run_paired, waterfall

GM = "Greater Manchester"
RENAMED = "Reach Switching assumption_log lever_parts reach reading register sentences words"


@pytest.fixture(scope="module")
def pair() -> PairedResult:
    return run_paired("skills_first", draws=100)


@pytest.mark.parametrize("name", RENAMED.split())
def test_public_names(name: str) -> None:
    with pytest.deprecated_call(match=f"gainsmodel.{name} is now gainsmodel."):
        assert getattr(importlib.import_module("gainsmodel"), name)


def test_reading() -> None:
    with pytest.deprecated_call():
        assert gainsmodel.reading.Reading is AreaSummary
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = importlib.import_module("gainsmodel.present.area_summary").nothing_of_the_kind


def test_numbers(pair: PairedResult) -> None:
    with pytest.deprecated_call(match="standard_normals"):
        names, _ = pair.with_plan.numbers()
    assert names.equals(pair.with_plan.standard_normals()[0])


def test_two_results_by_name_or_by_place(pair: PairedResult) -> None:
    a, b = pair
    wanted, steps = appraise(pair), waterfall(pair, GM).table
    for given, named in (
        ((a, b), {}),
        ((a,), {"without": b}),
        ((), {"without": b, "with_plan": a}),
    ):
        with pytest.deprecated_call():
            assert appraise(*given, **named).equals(wanted)
        with pytest.deprecated_call():
            assert waterfall(*given, area=GM, **named).table.equals(steps)
    with pytest.deprecated_call():
        assert waterfall(a, b, GM).table.equals(steps)
