"""Statistics held against NumPy on the same draws, and their errors against the truth."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pytest

from gainsmodel import _core
from gainsmodel.results.statistics import mid_ranks
from toy import Core, fixed, for_some, logitnormal, normal, run_core, toy_data, toy_spec

PROBABILITIES = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
COUNT, MEAN, SD, QUANTILES = 0, 1, 2, slice(3, 10)
MCSE_MEAN, MCSE_SD, MCSE_QUANTILES = 10, 11, slice(12, 19)
LANES = 16
# What a plan adds, costs and is worth, and shares, beside the gain of the final year.
HELD_LONGEST = (
    *("gain_cumulative_gbp_m", "gain_present_value_gbp_m", "cost_present_value_gbp_m"),
    *("lever_cost_present_value_gbp_m", "lever_cost_per_year_gbp_m", "share"),
)


def all_draws(core: Core) -> np.ndarray:
    """Draws × series that are kept draw by draw, in double precision."""
    distributed = core.layout["share_above_gva"]
    return core.draws(list(range(distributed))).astype(float)


def toy(draws: int, sampler: str, **sizes: int) -> tuple[Any, dict[str, np.ndarray]]:
    spec = toy_spec(**sizes) | {"draws": draws, "sampler": sampler}
    return spec, toy_data(spec, 0.5)


def with_missing_shares(spec: Any) -> Any:
    """National gains about zero, so that shares are NaN in some draws."""
    spec = deepcopy(spec)
    effect = spec["spread_parameters"]["productivity_effect"]
    effect["distributions"] = [normal(0.005, 0.02) for _ in effect["distributions"]]
    return spec


def lanes_of(draws: np.ndarray) -> list[np.ndarray]:
    """Draw n belongs to lane n mod 16."""
    return [lane[~np.isnan(lane)] for lane in (draws[i::LANES] for i in range(LANES))]


def error_of_mean(replicates: Any) -> float:
    return float(np.std(replicates, ddof=1) / np.sqrt(len(replicates)))


# --- the definitions -------------------------------------------------------------------------


@pytest.mark.parametrize("double", [True, False], ids=["double", "single"])
@pytest.mark.parametrize("draws", [1, 2, 15, 777, 4096])
@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_statistics_are_those_of_the_draws(sampler: str, draws: int, double: bool) -> None:
    spec, data = toy(draws, sampler)
    core = run_core(with_missing_shares(spec), data, double=double)
    columns = all_draws(core)
    assert columns.shape[0] == draws
    missing = np.isnan(columns)
    assert missing.any() or draws < 100
    for series, (column, row) in enumerate(zip(columns.T, core.statistics, strict=False)):
        reported = column[~np.isnan(column)]
        assert row[COUNT] == len(reported)
        if not len(reported):
            assert np.isnan(row[MEAN:]).all()
            continue
        size = np.abs(reported).max()
        close = {"rtol": 1e-12, "atol": 1e-13 * size, "err_msg": f"series {series}"}
        np.testing.assert_allclose(row[MEAN], reported.mean(), **close)
        if len(reported) > 1:
            np.testing.assert_allclose(row[SD], reported.std(ddof=1), **close)
        else:
            assert np.isnan(row[SD])
        expected = np.quantile(reported, PROBABILITIES, method="linear")
        np.testing.assert_allclose(row[QUANTILES], expected, **close)


@pytest.mark.parametrize("draws", [32, 777, 4096])
@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_standard_errors_are_what_they_are_said_to_be(sampler: str, draws: int) -> None:
    """Of a random mean sd/√n; under Sobol, and for all else, from the sixteen lanes."""
    spec, data = toy(draws, sampler)
    core = run_core(with_missing_shares(spec), data)
    for column, row in zip(all_draws(core).T, core.statistics, strict=False):
        lanes = lanes_of(column)
        close = {"rtol": 1e-9, "atol": 1e-13 * max(np.nanmax(np.abs(column)), 1e-300)}
        if sampler == "random":
            np.testing.assert_allclose(row[MCSE_MEAN], row[SD] / np.sqrt(row[COUNT]), **close)
        if min(map(len, lanes)) < 2:
            assert np.isnan(row[MCSE_QUANTILES]).all()
            continue
        if sampler == "sobol":
            expected = error_of_mean([lane.mean() for lane in lanes])
            np.testing.assert_allclose(row[MCSE_MEAN], expected, **close)
        expected = error_of_mean([lane.std(ddof=1) for lane in lanes])
        np.testing.assert_allclose(row[MCSE_SD], expected, **close)
        known = column[~np.isnan(column)]
        expected = []
        for p, quantile in zip(PROBABILITIES, row[QUANTILES], strict=True):
            # How surely a share p lies below the quantile, carried over to the quantile.
            error = error_of_mean([(lane <= quantile).mean() for lane in lanes])
            ends = np.quantile(known, [max(p - error, 0), min(p + error, 1)])
            expected.append((ends[1] - ends[0]) / 2)
        np.testing.assert_allclose(row[MCSE_QUANTILES], expected, **close)


@pytest.mark.parametrize("sobol", [True, False])
def test_summarise_leaves_missing_values_out(sobol: bool) -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(5, 2, (4, 1000))
    draws[1, rng.random(1000) < 0.3] = np.nan
    draws[2] = np.nan
    draws[3] = 7.0
    whole, holes, nothing, constant = _core.summarise(draws, sobol)
    assert whole[COUNT] == 1000
    kept = draws[1][~np.isnan(draws[1])]
    assert holes[COUNT] == len(kept)
    np.testing.assert_allclose(holes[MEAN], kept.mean(), rtol=1e-13)
    np.testing.assert_allclose(holes[SD], kept.std(ddof=1), rtol=1e-12)
    np.testing.assert_allclose(holes[QUANTILES], np.quantile(kept, PROBABILITIES), rtol=1e-14)
    assert nothing[COUNT] == 0
    assert np.isnan(nothing[MEAN:]).all()
    assert constant.tolist() == [1000, 7, 0, *[7] * 7, *[0] * 9]


def test_summarise_agrees_with_the_statistics_of_a_run() -> None:
    for sampler in ("random", "sobol"):
        spec, data = toy(1000, sampler)
        core = run_core(with_missing_shares(spec), data)
        columns = all_draws(core)
        again = _core.summarise(np.ascontiguousarray(columns.T), sampler == "sobol")
        # Moments are summed in another order, so the last digits may differ; of quantiles none.
        rows = core.statistics[: columns.shape[1]]
        np.testing.assert_array_equal(again[:, QUANTILES], rows[:, QUANTILES])
        size = np.maximum(np.nanmax(np.abs(columns), axis=0), 1e-300)[:, None]
        np.testing.assert_allclose(again / size, rows / size, rtol=1e-9, atol=1e-12)


# --- the errors ------------------------------------------------------------------------------

SEEDS = range(40)


def watched(core: Core) -> np.ndarray:
    """Rows of the national gain of the last year, its sum, and the share of an area."""
    nation = len(core.spec["areas"]) * core.layout["metrics"]
    years = core.years
    share = years + core.layout["unit_metrics"].index("share")
    return core.statistics[[nation + years - 1, nation + years, share]]


@cache
def long_run() -> np.ndarray:
    """Means of a run so long that its own error does not matter."""
    spec, data = toy(2**17, "sobol")
    return watched(run_core(spec | {"seed": 999}, data, double=False))[:, MEAN]


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_error_of_the_mean_is_of_the_size_reported(sampler: str) -> None:
    """Under Sobol the ratio follows Student's t with 15 degrees of freedom, of sd 1.07."""
    ratios = []
    for seed in SEEDS:
        spec, data = toy(512, sampler)
        rows = watched(run_core(spec | {"seed": seed}, data))
        ratios.append((rows[:, MEAN] - long_run()) / rows[:, MCSE_MEAN])
    spread = np.std(ratios, axis=0, ddof=1)
    assert ((spread > 0.6) & (spread < 1.6)).all(), spread
    assert (np.abs(np.mean(ratios, axis=0)) < 4.5 / np.sqrt(len(SEEDS))).all()


def smooth_mean(seed: int, draws: int, sampler: str, local: bool) -> float:
    """Mean national gain, smooth in all its numbers, and all of them Sobol points.

    Without `local`, only those of the whole nation vary: few, and the first dimensions.
    """
    spec, data = toy(draws, sampler, areas=2, sectors=2, technologies=1, years=3)
    for parameter in spec["spread_parameters"].values():
        parameter["spread"] = [0.4, 0.2, 0.2, 0.2, 0.0] if local else [1, 0, 0, 0, 0]
        # Moderate, so that the mean is not made by a few draws in the tail.
        parameter["distributions"][0]["sigma"] = 0.3
    for name in ("growth_cell", *(() if local else ("growth_area", "growth_sector"))):
        spec[name] = fixed(0.0)
    if not local:
        spec["complements"] = fixed(0.0)
    spec["odds_ratios"] = [[fixed(1.0)] for _ in spec["sectors"]]
    # No kink where the cap binds, or where the ceiling meets the start.
    spec["national"]["uplift_cap"] = fixed(1.0)
    spec["spread_parameters"]["initial_adoption"]["distributions"] = [logitnormal(0.05, 0.3)]
    data["intensity"][:] = 0
    # Single precision: its rounding is far below the least error looked at.
    return float(watched(run_core(spec | {"seed": seed}, data, double=False))[0, MEAN])


@cache
def truth(local: bool) -> float:
    return smooth_mean(999, 2**18, "sobol", local)


def root_mean_square_error(draws: int, sampler: str, local: bool) -> float:
    means = [smooth_mean(seed, draws, sampler, local) for seed in range(40)]
    return float(np.sqrt(np.mean(np.square(np.array(means) / truth(local) - 1))))


def test_sobol_error_falls_faster_than_that_of_random_draws() -> None:
    """Like 1/n or nearly, against 1/√n."""
    sizes = np.array([256, 512, 1024, 2048, 4096])
    slope = {}
    for sampler in ("sobol", "random"):
        errors = [root_mean_square_error(int(n), sampler, local=False) for n in sizes]
        slope[sampler] = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert slope["sobol"] < -0.7
    assert -0.65 < slope["random"] < -0.35


def test_sobol_error_is_well_below_that_of_random_draws() -> None:
    """Also where every area and sector has numbers of its own."""
    sobol, random = (root_mean_square_error(4096, s, local=True) for s in ("sobol", "random"))
    assert sobol < 0.4 * random


# --- runs too long to keep their draws -------------------------------------------------------


@pytest.mark.parametrize("double", [True, False], ids=["double", "single"])
@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_run_that_keeps_no_draws_gives_nearly_the_same_quantiles(
    sampler: str, double: bool
) -> None:
    spec, data = toy(20_000, sampler)
    spec = with_missing_shares(spec)
    kept = run_core(spec, data, double=double)
    counted = run_core(spec, data, double=double, draws_in_memory=0)
    assert counted.outcome.draws([0, 1]).size == 0
    # Counts, means, deviations and their errors come from the same sums either way.
    for columns in (slice(COUNT, SD + 1), slice(MCSE_MEAN, MCSE_SD + 1)):
        np.testing.assert_array_equal(counted.statistics[:, columns], kept.statistics[:, columns])
    for column, row in zip(all_draws(kept).T, counted.statistics, strict=False):
        # Buckets give the nearest draw: they do not interpolate between two.
        ordered = np.sort(column[~np.isnan(column)])
        nearest = ordered[np.floor(PROBABILITIES * (len(ordered) - 1) + 0.5).astype(int)]
        np.testing.assert_allclose(row[QUANTILES], nearest, rtol=0.002, atol=1e-12)
    distributed = kept.layout["share_above_gva"]
    # The errors are those of independent draws: a fair guide, not the same thing.
    exact, rough = (
        np.median(core.statistics[:distributed, MCSE_QUANTILES]) for core in (kept, counted)
    )
    assert 0.5 < rough / exact < 3


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("double", [True, False], ids=["double", "single"])
def test_a_run_that_keeps_draws_of_some_series_has_their_quantiles_to_the_last_bit(
    double: bool, threads: int
) -> None:
    spec, data = toy(5_000, "sobol")
    options: Any = {"double": double, "threads": threads}
    memory = for_some(spec, data, double=double)
    every, some, none = (
        run_core(spec, data, **options, draws_in_memory=bytes_)
        for bytes_ in (memory + 1, memory, 0)
    )
    layout, years = every.layout, spec["horizon_years"]
    held = set()
    for series in range(layout["share_above_gva"]):
        draws = some.outcome.draws([series])
        like = every if draws.size else none
        assert some.statistics[series].tobytes() == like.statistics[series].tobytes()
        if draws.size:
            held.add(series)
            assert draws.tobytes() == every.outcome.draws([series]).tobytes()
    kept = [years - 1, *(years + layout["unit_metrics"].index(name) for name in HELD_LONGEST)]
    of_units = {unit * layout["metrics"] + metric for unit in range(every.units) for metric in kept}
    assert held == of_units | {layout["adjustments"] + i for i in range(3)}


def test_like_values_share_the_middle_of_their_ranks() -> None:
    values = np.array([0.0, 3.0, 0.0, -1.0, 3.0, 0.0, 7.0])
    assert mid_ranks(values).tolist() == [2.0, 4.5, 2.0, 0.0, 4.5, 2.0, 6.0]
    assert mid_ranks(np.full(5, 2.0)).tolist() == [2.0] * 5
    plain = np.random.default_rng(1).standard_normal(100)
    assert mid_ranks(plain).tolist() == np.argsort(np.argsort(plain)).tolist()
