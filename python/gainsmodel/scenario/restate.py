"""Restating a figure of a scenario: what to ask for, and the distribution that answers make."""

from collections.abc import Mapping
from typing import Any

from gainsmodel.scenario.distributions import Z95, Distribution
from gainsmodel.scenario.quantities import Quantity
from gainsmodel.scenario.scenario import Scenario

_RANGE = (("1 in 20 lies below", "p05"), ("Middle", "median"), ("1 in 20 lies above", "p95"))
_ENDS = (("Lowest possible", "low"), ("Highest possible", "high"))
_PEAK = (_ENDS[0], ("Most likely", "mode"), _ENDS[1])
# What people are asked for, and the key it goes under.
_QUESTIONS = {
    "fixed": (("Value", "value"),),
    "lognormal": _RANGE,
    "logitnormal": _RANGE,
    "normal": _RANGE,
    "uniform": _ENDS,
    "triangular": _PEAK,
    "pert": _PEAK,
    "beta": (("Alpha", "alpha"), ("Beta", "beta")),
    "gamma": (("Shape", "shape"), ("Scale", "scale")),
}


def questions(
    distribution: Distribution, low: float, middle: float, high: float
) -> list[tuple[str, str, float]]:
    """What to ask to restate a distribution: label, key and present value of each number.

    `low`, `middle` and `high` are its 5%, 50% and 95% quantiles where it is not an exact zero
    (`_Kind.if_not_zero`). Empty for one that is a list of values.
    """
    known = {"p05": low, "median": middle, "p95": high} | distribution.if_not_zero().core()
    return [(label, key, known[key]) for label, key in _QUESTIONS.get(distribution.kind, ())]


def restated(distribution: Distribution, answers: Mapping[str, float]) -> dict[str, Any]:
    """Give the distribution of the same kind that answers make, for `Scenario.edit`.

    A normal one takes its mean from the middle and its deviation from the width of the range.
    The chance of an exact zero stays.
    """
    zero = {"p_zero": distribution.p_zero} if distribution.p_zero else {}
    if distribution.kind == "normal":
        sd = (answers["p95"] - answers["p05"]) / (2 * Z95)
        return {"kind": "normal", "mean": answers["median"], "sd": sd, **zero}
    return {"kind": distribution.kind, **answers, **zero}


def value_key(scenario: Scenario, key: str) -> str:
    """The key under which `Scenario.edit` takes a plain value for the figure at a key."""
    entry = _at(scenario, key)
    has_value = hasattr(entry, "value") and not hasattr(entry, "kind")
    return f"{key}.value" if has_value else key


def figure_at(scenario: Scenario, key: str) -> Distribution | None:
    """Give the distribution at a key of `Scenario.edit`; None where there is only a value."""
    entry = _at(scenario, key)
    if isinstance(entry, Quantity):
        return entry.figure()
    found: Distribution | None = entry if hasattr(entry, "kind") else None
    return found


def _at(scenario: Scenario, key: str) -> Any:
    entry: Any = scenario
    for part in key.split("."):
        entry = entry.get(part) if isinstance(entry, Mapping) else getattr(entry, part, None)
    return entry
