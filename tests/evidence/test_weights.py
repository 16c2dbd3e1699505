"""Weights of futures: the sign, a known answer, and how futures are chosen."""

from __future__ import annotations

import numpy as np
import pytest

from gainsmodel.evidence.weights import chosen, smoothed
from gainsmodel.scenario.conditioned import REPLICATES


def normal_weights(value: float, error: float, draws: int = 20_000) -> tuple[np.ndarray, ...]:
    z = np.random.default_rng(1).standard_normal(draws)
    return z, -0.5 * ((z - value) / error) ** 2


@pytest.mark.parametrize(("value", "error"), [(0.5, 1.0), (1.5, 0.5), (-1.0, 0.3)])
def test_smoothed_weights_meet_the_normal_posterior(value: float, error: float) -> None:
    """Smoothing the wrong tail would fail here."""
    z, log_weights = normal_weights(value, error)
    weights = smoothed(log_weights)
    variance = 1 / (1 + error**-2)
    mean = float(weights.of_draws @ z)
    # Four standard errors of so many effective draws.
    assert abs(mean - variance * value / error**2) < 4 * np.sqrt(variance / weights.effective)
    spread = float(weights.of_draws @ (z - mean) ** 2)
    assert abs(spread / variance - 1) < 4 * np.sqrt(2 / weights.effective)
    assert weights.accepted
    assert weights.of_draws.sum() == pytest.approx(1)


def test_effective_draws_of_normal_weights_are_those_of_the_closed_form() -> None:
    _, log_weights = normal_weights(1.0, 0.5)
    v = 0.25
    # E[w]² / E[w²] for w = exp(−(z − 1)² / 2v), z standard normal.
    first = np.sqrt(v / (1 + v)) * np.exp(-0.5 / (1 + v))
    second = np.sqrt(v / (2 + v)) * np.exp(-1.0 / (2 + v))
    effective = smoothed(log_weights).effective
    assert effective == pytest.approx(20_000 * first**2 / second, rel=0.05)


def test_weights_of_nearly_impossible_evidence_are_not_accepted() -> None:
    _, log_weights = normal_weights(8.0, 0.05)
    assert not smoothed(log_weights).accepted


def test_equal_weights_are_accepted_and_count_every_draw() -> None:
    weights = smoothed(np.zeros(1_600))
    assert weights.effective == pytest.approx(1_600)
    assert weights.k_hat == 0.0


def test_no_possible_draw_leaves_none() -> None:
    weights = smoothed(np.full(1_600, -np.inf))
    assert weights.effective == 0
    assert not weights.accepted


def test_chosen_draws_follow_their_weights_and_keep_their_replicate() -> None:
    z, log_weights = normal_weights(1.0, 0.5, 16_000)
    weights = smoothed(log_weights).of_draws
    places = chosen(weights, 3)
    assert np.array_equal(places % REPLICATES, np.arange(places.size) % REPLICATES)
    counts = np.bincount(places, minlength=places.size)
    for replicate in range(REPLICATES):
        own = weights[replicate::REPLICATES]
        expected = own / own.sum() * own.size
        assert np.abs(counts[replicate::REPLICATES] - expected).max() < 1
    assert z[places].mean() == pytest.approx(float(weights @ z), abs=0.01)
    assert np.array_equal(places, chosen(weights, 3))
    assert not np.array_equal(places, chosen(weights, 4))


def test_largest_weights_that_are_alike_need_no_smoothing() -> None:
    weights = smoothed(np.repeat([0.0, -3.0], 800))
    assert weights.k_hat == 0.0
    assert weights.of_draws[0] / weights.of_draws[-1] == pytest.approx(np.exp(3.0))
