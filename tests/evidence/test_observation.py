"""What a future would have shown: the model's steps backwards, errors in common, the mapping."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gainsmodel.data import load_dataset
from gainsmodel.evidence.observation import (
    Predictor,
    backwards,
    covariance,
    log_likelihood,
    logit,
    observations,
)
from gainsmodel.scenario import load_scenario
from gainsmodel.simulation.settings import Settings
from tests.evidence.conjugate import adoption, effect, national, of_rows, shown_by_another_seed


@pytest.mark.parametrize("curve", ["bass", "logistic", "gompertz"])
def test_steps_backwards_undo_the_model(curve: str) -> None:
    generator = np.random.default_rng(1)
    y = generator.uniform(0.05, 0.9, 200)
    p = generator.uniform(0.0, 0.05, 200) * (curve == "bass")
    q = generator.uniform(0.1, 0.8, 200)
    after = y
    for _ in range(3):
        seen = -after * np.log(after) / (1 - after) if curve == "gompertz" else after
        after = after + np.clip(p + q * seen, 0, 1) * (1 - after)
    assert backwards(after, p, q, curve, 3.0) == pytest.approx(y, abs=1e-9)
    halfway = backwards(after, p, q, curve, 2.5)
    assert np.all((halfway > y) & (halfway < after))


def test_what_had_not_begun_is_nothing() -> None:
    one = np.ones(1)
    assert backwards(0.001 * one, 0.05 * one, 0.4 * one, "bass", 5.0)[0] == pytest.approx(0)


def test_the_start_is_what_the_run_reports() -> None:
    """One normal number alone: its log odds are the prediction, in every area and the UK."""
    scenario = national()
    rows = [adoption("uk"), adoption("gm", place="Greater Manchester")]
    _, shown = shown_by_another_seed(scenario, of_rows(*rows), 320, cells=False)
    dataset = load_dataset("mayoral")
    of = observations(scenario, dataset, of_rows(*rows))
    settings = Settings(draws=320, seed=77, precision="float32")
    names, normals = Predictor(scenario, dataset, of, settings).numbers()
    z = normals[names.index("initial_adoption//")]
    for row in shown:
        assert row == pytest.approx(logit(0.29) + 0.25 * z, abs=1e-4)


def test_between_years_lies_a_straight_line() -> None:
    rows = [adoption(str(year), year=year) for year in (2027.5, 2028.0, 2028.5)]
    _, shown = shown_by_another_seed(load_scenario("reference"), of_rows(*rows), 64)
    first, between, last = 1 / (1 + np.exp(-shown))
    assert between == pytest.approx((first + last) / 2, abs=1e-6)


def test_an_effect_in_a_sector_is_that_of_the_sector() -> None:
    rows = [effect("all"), effect("J", sector="J"), effect("F", sector="F")]
    _, shown = shown_by_another_seed(load_scenario("reference"), of_rows(*rows), 640)
    every, j, f = np.log(shown)
    assert np.corrcoef(j, f)[0, 1] < 0.95
    assert np.corrcoef(every, j)[0, 1] > 0.8


def test_a_lever_that_has_no_effect_adds_nothing() -> None:
    _, shown = shown_by_another_seed(
        load_scenario("reference"), of_rows(effect(technology=None, lever="skills")), 1_600
    )
    assert np.mean(np.abs(shown) < 1e-12) == pytest.approx(0.5, abs=0.05)
    assert shown.max() > 0.01


def test_rows_counted_alike_share_an_error_and_others_do_not() -> None:
    rows = of_rows(
        adoption("one", counted="firms", sizes="10+"),
        adoption("two", counted="firms", sizes="10+", place="Wales"),
        adoption("three", counted="firms"),
        adoption("four", technology="cloud", counted="firms", sizes="10+"),
        effect("five", design="self-report", effect=0.1, error=0.02),
    )
    of = observations(load_scenario("reference"), load_dataset("mayoral"), rows)
    errors = covariance(of)
    own = 0.02 / (0.35 * 0.65)
    assert errors[0, 0] == pytest.approx(own**2 + 0.25**2)
    assert errors[0, 1] == pytest.approx(0.25**2)
    assert np.count_nonzero(errors - np.diag(np.diag(errors))) == 2
    # Three quarters off; its own error, and as much again as the effect for carrying it over.
    assert of[4].value == pytest.approx(0.025)
    assert of[4].error == pytest.approx(np.hypot(0.005, 0.025))
    assert of[0].shown(of[0].value) == pytest.approx(0.35)
    predicted = np.random.default_rng(1).normal(size=(5, 10))
    values = [one.value for one in of]
    known = multivariate_normal(values, errors).logpdf(predicted.T)
    assert np.ptp(log_likelihood(of, predicted) - known) < 1e-9
