"""The fit of growth: it recovers what accounts were made with and reads no later year."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from gainsmodel.data import load_dataset
from gainsmodel.scenario import load_scenario
from gainsmodel.simulation.core_inputs import by_area
from gainsmodel.validation import growth_fit
from gainsmodel.validation.growth import (
    Growth,
    History,
    default_growth,
    deviations,
    history,
    is_south,
    standard_normals,
)
from gainsmodel.validation.held_out import WINDOWS, fits

TRUE = Growth(0.013, 0.004, 0.006, 0.016, 0.0105, 0.05)


def accounts(data: History, growth: Growth, stretches: int, seed: int) -> History:
    """Years of accounts in which growth is drawn anew every ten, and every year has its own noise.

    Noise of two years differs by the transitory part, so each has its variance halved.
    """
    rng = np.random.default_rng(seed)
    areas, sectors = len(data.areas), len(data.sectors)
    g = growth.mean + deviations(growth, standard_normals(rng, stretches, areas, sectors))[0]
    path = np.concatenate([np.zeros((1, areas, sectors)), np.cumsum(g.repeat(10, axis=0), axis=0)])
    noise = growth.transitory / np.sqrt(2) * rng.standard_normal(path.shape)
    gva = data.at(1998) * np.exp(path + noise)
    return History(data.codes, data.areas, data.sectors, 0, np.moveaxis(gva, 0, 2))


def loaded(data: History, north: float) -> Growth:
    """Growth in which the north has a loading, and the south what leaves the UK's mean at 0."""
    side = growth_fit.contrast(data.between(1998, 1998), is_south(data.codes))
    return Growth(*list(vars(TRUE).values())[:6], tuple((side * north / side.max()).tolist()))


def mean_is(values: NDArray[np.float64], true: float) -> None:
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert values.mean() == pytest.approx(true, abs=4 * error + 0.02 * abs(true))


@pytest.mark.parametrize("north", [0.0, 0.7])
def test_fit_recovers_what_accounts_were_made_with(north: float) -> None:
    """Moments of many decades; a mistake in a weight or a span would show."""
    data = history("itl1")
    true = loaded(data, north)
    side = growth_fit.contrast(data.between(1998, 1998), is_south(data.codes))
    found, shared = [], []
    for seed in range(150):
        gva = accounts(data, true, 1, seed).between(0, 10)
        levels = growth_fit.variances(gva, 10)
        found.append(levels)
        own = growth_fit.Levels(*(getattr(true, name) ** 2 for name in levels._fields))
        shared.append(growth_fit.comovement(gva, side, own, 10))
    for name, values in zip(growth_fit.Levels._fields, np.array(found).T, strict=True):
        mean_is(values, getattr(true, name) ** 2)
    mean_is(np.array(shared), (true.area * north / side.max()) ** 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_loadings_come_out_of_long_accounts(seed: int) -> None:
    data = history("mayoral")
    true = loaded(data, 0.7)
    fitted = growth_fit.fit(accounts(data, true, 30, seed), 0, 300, 10)
    assert np.abs(np.array(fitted.loading) - true.loading).max() < 0.15
    alone = growth_fit.fit(accounts(data, loaded(data, 0.0), 30, seed), 0, 300, 10)
    assert np.abs(alone.loading).max() < 0.25


def test_what_areas_have_in_common_leaves_the_uk_where_it_is_and_is_shrunk() -> None:
    data = history("mayoral")
    gva = data.between(1998, 2007)
    fitted = growth_fit.fit(data, 1998, 2007, 10)
    of_uk = gva.sum(axis=(1, 2)) / gva.sum()
    assert of_uk @ fitted.loading == pytest.approx(0.0, abs=1e-12)
    # One stretch of nine years is worth as much as the one that is assumed to be independent.
    side = growth_fit.contrast(gva, is_south(data.codes))
    levels = growth_fit.variances(gva, 9)
    whole = growth_fit.comovement(gva, side, levels, 9) / levels.area
    assert (fitted.loading[0] / side[0]) ** 2 == pytest.approx(whole / 2)


def test_a_window_of_one_year_has_no_transitory_part_and_areas_alike_share_nothing() -> None:
    data = history("mayoral")
    assert growth_fit.variances(data.between(1998, 1999), 1).transitory == 0.0
    steady = data.at(1998)[:, :, None] * 1.01 ** np.arange(12)
    fitted = growth_fit.fit(
        History(data.codes, data.areas, data.sectors, 1998, steady), 1998, 2009, 10
    )
    assert fitted.mean == pytest.approx(0.01)
    assert np.allclose([fitted.area, fitted.sector, fitted.cell, fitted.transitory], 0, atol=1e-6)
    assert np.abs(fitted.loading).max() <= 1


def flat(growth: Growth) -> NDArray[np.float64]:
    return np.hstack([np.array(value) for value in vars(growth).values()])


@pytest.mark.parametrize("geography", ["mayoral", "itl1", "itl2"])
def test_years_after_a_window_change_nothing_in_its_fit(geography: str) -> None:
    data = history(geography)
    for window, before in zip(WINDOWS, fits(data), strict=True):
        gva = data.gva_gbp_m.copy()
        after = gva[:, :, window.last + 1 - data.first_year :]
        after *= np.random.default_rng(1).uniform(0.2, 5.0, after.shape)
        other = History(data.codes, data.areas, data.sectors, data.first_year, gva)
        fitted = growth_fit.fit(other, window.first, window.last, window.years)
        np.testing.assert_allclose(flat(fitted), flat(before), rtol=1e-9)
        gva[:, :, window.last - data.first_year] *= np.linspace(0.5, 2.0, len(gva))[:, None]
        fitted = growth_fit.fit(other, window.first, window.last, window.years)
        assert not np.isclose(flat(fitted), flat(before), rtol=1e-3).any()


def test_reference_has_what_all_years_give() -> None:
    data = history("mayoral")
    fitted = growth_fit.fit(data, *growth_fit.ALL_YEARS, growth_fit.HORIZON_YEARS)
    stated = default_growth(data.codes)
    np.testing.assert_allclose(stated.loading, fitted.loading, atol=0.005)
    assert stated.transitory == pytest.approx(fitted.transitory, abs=0.0006)
    # The sds of the levels are those of the model's page; all but one lie near the fit.
    assert stated.cell == pytest.approx(fitted.cell, rel=0.1)
    assert stated.sector == pytest.approx(fitted.sector, rel=0.2)
    assert fitted.area < stated.area < 1.5 * fitted.area


def test_loadings_of_the_reference_reach_every_geography() -> None:
    values = load_scenario("reference").parameters.growth_loading.values
    found = {}
    for geography in ("mayoral", "itl1", "local_authority"):
        dataset = load_dataset(geography)
        loading = by_area(dataset, values, 0.0, "values")
        names = dataset.areas["area_name"].to_list()
        found[geography] = dict(zip(names, loading.tolist(), strict=True))
        if geography != "local_authority":
            codes = dataset.areas["area_code"].to_list()
            assert tuple(loading) == default_growth(codes).loading
    assert 0.0 not in found["local_authority"].values()
    assert found["local_authority"]["Wigan"] == found["mayoral"]["Greater Manchester"]
    assert found["local_authority"]["Camden"] == found["itl1"]["London"] < 0


def test_printing_the_fit_sets_it_beside_the_reference() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gainsmodel.validation.growth_fit"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"Greater London" = -0.43   # reference scenario -0.43' in done.stdout
    assert not done.stderr
