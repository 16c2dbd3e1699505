"""Where a chance is one half: closed forms, jumps, and what noise may not decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest

from gainsmodel.analysis.single_changes import Held, single_changes
from gainsmodel.scenario.distributions import Lognormal, Normal

N = NormalDist()
STANDARD = Normal(kind="normal", mean=0.0, sd=1.0)
Z95 = 1.6448536269514722


def rows_of(*keys: str, least: float = -math.inf, most: float = math.inf) -> list[dict[str, Any]]:
    common = {"unit": "", "evidence": "judgement", "value": 0.0, "low": -Z95, "high": Z95}
    return [{"key": k, "name": k, "least": least, "most": most} | common for k in keys]


def looked_for(chances: Mapping[str, Callable[[float], float]], p: float = 0.1) -> pl.DataFrame:
    """Chances known exactly, as functions of a standard normal assumption."""

    def held(key: str, value: float, in_full: bool) -> tuple[float, float]:
        return chances[key](value), 1e-5

    return single_changes(rows_of(*chances), dict.fromkeys(chances, STANDARD), p, held)


@pytest.mark.parametrize("p", [0.1, 0.9])
def test_the_value_is_that_of_the_closed_form_and_the_nearest_comes_first(p: float) -> None:
    side = 1 if p < 0.5 else -1
    found = looked_for(
        {
            "far": lambda x: N.cdf(side * 1.5 * (x - 1.2)),
            "near": lambda x: N.cdf(side * 0.9 * (-x - 0.7)),
            "never": lambda x: N.cdf(side * 0.1 * x - side),
        },
        p,
    )
    assert found["key"].to_list() == ["near", "far", "never"]
    assert found["half_value"].to_list()[:2] == pytest.approx([-0.7, 1.2], abs=1e-3)
    assert found["half_quantile"][0] == pytest.approx(N.cdf(-0.7), abs=1e-3)
    assert found["half_p"].to_list()[:2] == pytest.approx([0.5, 0.5], abs=1e-4)
    # The error of a chance over how fast it changes: 1e-5 over 0.9 / √(2π).
    assert found["half_value_mcse"][0] == pytest.approx(1e-5 / (0.9 * 0.3989), rel=0.2)
    assert found["half_value"][2] is None
    assert found["as_near"].to_list() == [True, False, False]


def test_where_none_reaches_it_the_nearest_end_comes_first() -> None:
    found = looked_for({"less": lambda x: 0.2 + 0.05 * x, "more": lambda x: 0.2 - 0.15 * x})
    assert found["key"].to_list() == ["more", "less"]
    assert found["half_value"].null_count() == 2
    assert found["p_low"][0] == pytest.approx(0.2 + 0.15 * Z95)
    assert found["as_near"].to_list() == [True, False]


def test_a_chance_that_jumps_is_found_on_its_far_side() -> None:
    found = looked_for({"jump": lambda x: float(x >= 0.3)}, 0.0)
    assert found["half_value"][0] == pytest.approx(0.3, abs=1e-5)
    assert found["half_value"][0] >= 0.3
    assert found["half_p"][0] == 1.0
    assert found["half_value_mcse"][0] == 0.0


def test_of_two_values_the_nearer_is_given() -> None:
    found = looked_for({"both": lambda x: 0.3 + 0.2 * (x - 0.2) ** 2})
    assert found["half_value"][0] == pytest.approx(0.2 - 1, abs=1e-3)
    held = looked_for({"held": lambda x: 0.6}, 0.1)
    assert held["half_value"][0] == 0.0


def test_values_stay_within_what_may_be_stated() -> None:
    tried = []

    def held(key: str, value: float, in_full: bool) -> tuple[float, float]:
        tried.append(value)
        return 0.1, 0.001

    wide = Lognormal(kind="lognormal", median=1.0, sigma=3.0)
    single_changes(rows_of("wide", least=0.0, most=10.0), {"wide": wide}, 0.1, held)
    assert max(tried) == 10.0


def noisy(seed: int, draws: int, few: int) -> Held:
    """Two assumptions of which one is nearer, on the same futures at every value."""
    luck = np.random.default_rng(seed).standard_normal(draws)
    steep = {"first": (1.0, 0.3), "second": (1.0, 1.0)}

    def held(key: str, value: float, in_full: bool) -> tuple[float, float]:
        slope, root = steep[key]
        hits = luck[: draws if in_full else few] < slope * (value - root)
        p = float(hits.mean())
        return p, math.sqrt(max(p * (1 - p), 1e-9) / hits.size)

    return held


def test_the_nearest_stands_on_all_draws_and_within_its_error() -> None:
    stated = {"first": STANDARD, "second": STANDARD}
    off = []
    for seed in range(40):
        found = single_changes(rows_of(*stated), stated, 0.2, noisy(seed, 20_000, 500))
        assert found["key"][0] == "first"
        assert not found["as_near"][1]
        assert found["half_p_mcse"][0] == pytest.approx(0.5 / math.sqrt(20_000), rel=0.01)
        assert abs(found["half_p"][0] - 0.5) <= 2 * found["half_p_mcse"][0]
        off.append((found["half_value"][0] - 0.3) / found["half_value_mcse"][0])
    assert np.abs(off).max() < 4.5
    assert 0.6 < np.std(off) < 1.8


def test_two_that_are_as_near_are_both_named_whatever_the_seed() -> None:
    stated = {"a": STANDARD, "b": STANDARD}
    for seed in range(10):
        luck = np.random.default_rng(seed).standard_normal((2, 4_000))

        def held(
            key: str, value: float, in_full: bool, luck: np.ndarray = luck
        ) -> tuple[float, float]:
            hits = luck["ab".index(key)][: 4_000 if in_full else 400] < value - 0.5
            return float(hits.mean()), 0.5 / math.sqrt(hits.size)

        found = single_changes(rows_of("a", "b"), stated, 0.3, held)
        assert found["as_near"].to_list() == [True, True]


def test_an_end_within_its_error_of_one_half_counts_as_one_half() -> None:
    def held(key: str, value: float, in_full: bool) -> tuple[float, float]:
        # On few draws it seems to be beyond one half, on all it is just below.
        top = 0.495 if in_full else 0.52
        return (top if value == Z95 else 0.3), (0.004 if in_full else 0.02)

    found = single_changes(rows_of("x"), {"x": STANDARD}, 0.3, held)
    assert found["half_value"][0] == pytest.approx(Z95)
    assert found["half_p"][0] == 0.495
