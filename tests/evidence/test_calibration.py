"""Simulation-based calibration: truths drawn from the prior rank evenly among what is learnt."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from gainsmodel.data import load_dataset
from gainsmodel.evidence.observation import Predictor, covariance, log_likelihood, observations
from gainsmodel.evidence.smoother import propose
from gainsmodel.evidence.weights import smoothed
from gainsmodel.scenario import load_scenario
from gainsmodel.simulation.settings import Settings
from tests.evidence.conjugate import adoption, effect, of_rows

# Numbers of each group of assumptions whose ranks are looked at; the first three are what rows
# tell of, the last two are what they say nothing of, which must not be moved.
GROUPS = {
    "initial adoption": ("initial_adoption//", "initial_adoption//J", "initial_adoption//G"),
    "pace": ("imitation//ai", "innovation//ai", "imitation//"),
    "ceiling": ("ceiling//ai", "ceiling//"),
    "effect": ("productivity_effect//ai", "productivity_effect//"),
    "growth": ("growth_nation//", "growth_sector//J"),
}
BINS = 10


def rows() -> list[dict[str, object]]:
    firms = {"counted": "firms", "error": 0.02}
    return [
        adoption("2024", year=2024.5, **firms),
        adoption("2026", **firms),
        adoption("London", place="Greater London", **firms),
        adoption("2028", year=2028.5, **firms),
        effect("effect", error=0.02, design="quasi-experiment"),
        effect("advice", technology=None, lever="skills", error=0.05),
    ]


def ranks(repeats: int, seed: int, draws: int, smoother: bool = False) -> dict[str, np.ndarray]:
    """Share of the weight below the truth, of each number, in every repeat."""
    scenario, dataset = load_scenario("reference"), load_dataset("mayoral")
    of = observations(scenario, dataset, of_rows(*rows()))
    prior = Predictor(scenario, dataset, of, Settings(draws=draws, precision="float32"))
    names, normals = prior.numbers()
    shown = prior(normals)
    truth_settings = Settings(draws=-(-repeats // 16) * 16, seed=seed, precision="float32")
    truths = Predictor(scenario, dataset, of, truth_settings)
    _, true_normals = truths.numbers()
    true_shown = truths(true_normals)
    places = {name: names.index(name) for group in GROUPS.values() for name in group}
    generator = np.random.default_rng(seed)
    root = np.linalg.cholesky(covariance(of))
    made = {name: np.empty(repeats) for name in places}
    for repeat in range(repeats):
        values = true_shown[:, repeat] + root @ generator.standard_normal(len(of))
        told = [replaced(one, value) for one, value in zip(of, values, strict=True)]
        numbers, weights = normals, smoothed(log_likelihood(told, shown)).of_draws
        if smoother:
            proposal = propose(prior, normals, shown, told, seed)
            assert proposal is not None
            numbers, weights = proposal.normals, proposal.weights.of_draws
        for name, place in places.items():
            below = numbers[place] < true_normals[place, repeat]
            made[name][repeat] = weights[below].sum()
    return made


def replaced(one: object, value: float) -> object:
    from dataclasses import replace

    return replace(one, value=float(value))  # type: ignore[type-var]


def p_of_even_ranks(of_numbers: dict[str, np.ndarray], group: str) -> float:
    """The least probability in a group, times the numbers looked at."""
    names = GROUPS[group]
    least = 1.0
    for name in names:
        counts, _ = np.histogram(of_numbers[name], BINS, (0, 1))
        least = min(least, float(chisquare(counts).pvalue))
    return min(1.0, least * len(names))


@pytest.fixture(scope="module")
def few() -> dict[str, np.ndarray]:
    return ranks(160, 11, 3_200)


@pytest.mark.parametrize("group", GROUPS)
def test_truths_rank_evenly(few: dict[str, np.ndarray], group: str) -> None:
    assert p_of_even_ranks(few, group) > 0.01 / len(GROUPS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [101, 202])
def test_truths_rank_evenly_in_many_repeats(seed: int) -> None:
    made = ranks(1_600, seed, 10_000)
    for group in GROUPS:
        assert p_of_even_ranks(made, group) > 0.01 / (2 * len(GROUPS)), group


@pytest.mark.slow
def test_truths_rank_evenly_by_the_smoother() -> None:
    made = ranks(60, 303, 1_600, smoother=True)
    for group in GROUPS:
        assert p_of_even_ranks(made, group) > 0.01 / len(GROUPS), group


def test_ranks_of_the_prior_alone_would_not_be_even() -> None:
    """The test has power: numbers that were not conditioned give ranks too even or too crowded."""
    generator = np.random.default_rng(1)
    crowded = {name: generator.beta(2, 2, 160) for group in GROUPS.values() for name in group}
    assert p_of_even_ranks(crowded, "pace") < 0.01 / len(GROUPS)
