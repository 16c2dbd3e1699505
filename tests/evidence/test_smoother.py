"""The smoother as proposal: a closed form, and a tempered sampler as slow referee."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gainsmodel.data import load_dataset
from gainsmodel.data.units import Unit
from gainsmodel.evidence.observation import (
    Floats,
    Observation,
    Predictor,
    log_likelihood,
    observations,
)
from gainsmodel.evidence.smoother import propose
from gainsmodel.evidence.weights import smoothed
from gainsmodel.scenario import load_scenario
from gainsmodel.simulation.settings import Settings
from tests.evidence.conjugate import adoption, of_rows

Predict = Callable[[np.ndarray], Floats]


def linear(rows: int, numbers: int, draws: int) -> tuple[list[Observation], np.ndarray, Floats]:
    """Rows that are straight lines of standard normal numbers; far from what is expected."""
    of = observations(load_scenario("reference"), load_dataset("mayoral"), of_rows(adoption()))
    generator = np.random.default_rng(1)
    slopes = generator.standard_normal((rows, numbers)) / np.sqrt(numbers)
    values = slopes @ generator.standard_normal(numbers) * 2
    made = [
        replace(of[0], path=("adoption", n), value=float(value), error=0.1, common=(), mapping=0.0)
        for n, value in enumerate(values)
    ]
    assert isinstance(of[0].unit, Unit)
    return made, generator.standard_normal((numbers, draws)).astype(np.float32), slopes


@pytest.mark.parametrize("rows", [1, 10, 40])
def test_straight_lines_give_the_closed_form(rows: int) -> None:
    of, normals, slopes = linear(rows, 60, 6_400)

    def predict(numbers: np.ndarray) -> Floats:
        made: Floats = slopes @ numbers.astype(float)
        return made

    assert not smoothed(log_likelihood(of, predict(normals))).accepted or rows == 1
    made = propose(predict, normals, predict(normals), of, 1)
    assert made is not None
    assert made.weights.effective > 3_000
    precision = np.eye(60) + slopes.T @ slopes / 0.1**2
    mean = np.linalg.solve(precision, slopes.T @ [one.value for one in of]) / 0.1**2
    error = np.sqrt(np.diag(np.linalg.inv(precision)) / made.weights.effective)
    assert np.abs((made.normals @ made.weights.of_draws - mean) / error).max() < 4.5


def tempered(
    predict: Predict, of: list[Observation], normals: np.ndarray, seed: int
) -> tuple[np.ndarray, Floats]:
    """Tempered sequential Monte Carlo: reweight, resample, move by pCN steps; no gradient."""
    generator = np.random.default_rng(seed)
    numbers, shown = normals.copy(), predict(normals)
    fit, power, step, draws = log_likelihood(of, shown), 0.0, 0.5, normals.shape[1]
    while power < 1:
        low, high = power, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            weights = np.exp((middle - power) * (fit - fit.max()))
            enough = weights.sum() ** 2 / np.sum(weights**2) > draws / 2
            low, high = (middle, high) if enough else (low, middle)
        power_next = 1.0 if low > 0.999 else low
        weights = np.exp((power_next - power) * (fit - fit.max()))
        points = (np.arange(draws) + generator.random()) / draws
        places = np.searchsorted(np.cumsum(weights) / weights.sum(), points)
        places = np.minimum(places, draws - 1)
        numbers, shown, fit, power = numbers[:, places], shown[:, places], fit[places], power_next
        for _ in range(10 if power < 1 else 30):
            other = np.sqrt(1 - step**2) * numbers + step * generator.standard_normal(numbers.shape)
            other = other.astype(np.float32)
            there = predict(other)
            fit_there = log_likelihood(of, there)
            taken = np.log(generator.random(draws)) < power * (fit_there - fit)
            numbers[:, taken], shown[:, taken] = other[:, taken], there[:, taken]
            fit = np.where(taken, fit_there, fit)
            step = float(np.clip(step * np.exp(taken.mean() - 0.3), 0.02, 0.95))
    return numbers, shown


@pytest.mark.slow
def test_a_tempered_sampler_agrees() -> None:
    """Four areas' AI now and a year on, far from the middle: both say the same of every row."""
    scenario, dataset = load_scenario("reference"), load_dataset("mayoral")
    places = ["Greater Manchester", "Wales"]
    rows = [
        adoption(f"{place} {year}", place=place, year=year, share=share, error=0.01)
        for place, shares in zip(places, [(0.36, 0.44), (0.33, 0.37)], strict=True)
        for year, share in zip((2026.5, 2027.5), shares, strict=True)
    ]
    of = observations(scenario, dataset, of_rows(*rows))
    settings = Settings(draws=6_400, precision="float32")
    predictor = Predictor(scenario, dataset, of, settings)
    _, normals = predictor.numbers()
    made = propose(predictor, normals, predictor(normals), of, 1)
    assert made is not None
    assert made.weights.accepted
    runs = [tempered(predictor, of, normals[:, n::8], n)[1] for n in range(3)]
    for row in range(len(of)):
        means = [shown[row].mean() for shown in runs]
        spreads = [shown[row].std() for shown in runs]
        mean = float(made.predicted[row] @ made.weights.of_draws)
        spread = np.sqrt((made.predicted[row] - mean) ** 2 @ made.weights.of_draws)
        # The sampler's own chains are short, so between its runs lies its error.
        error = max(np.std(means, ddof=1) / np.sqrt(3), spread / 15)
        assert abs(np.mean(means) - mean) < 4 * error
        assert np.mean(spreads) == pytest.approx(spread, rel=0.25)
