"""Statistics of draws, as the core makes them, and the columns they stand in."""

import json

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.scenario import Distribution
from gainsmodel.scenario.distributions import Z95


def quantiles(distribution: Distribution) -> tuple[float, float, float]:
    """The 5%, 50% and 95% quantiles of a distribution, as the core draws it."""
    low, middle, high = (value_at(distribution, z) for z in (-Z95, 0.0, Z95))
    return low, middle, high


def value_at(distribution: Distribution, z: float) -> float:
    """The value of a distribution at a standard normal number."""
    return _core.value_at(json.dumps(distribution.core()), [z])[0]


Draws = NDArray[np.float64]
# A plan that adds less than this, £m, is said to add next to nothing: it is printed as no number.
NOTHING_BELOW_GBP_M = 1.0
QUANTILES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")
STATISTICS = ("mean", "sd", *QUANTILES, "mcse_mean")
# Columns of the core's statistics.
COLUMNS = (
    *("count", "mean", "sd", *QUANTILES, "mcse_mean", "mcse_sd"),
    *(f"mcse_{q}" for q in QUANTILES),
)
FROM_CORE = [COLUMNS.index(name) for name in STATISTICS]


def statistics_of(draws: NDArray[np.float64], sampler: str) -> NDArray[np.float64]:
    """Give the core's statistics, `COLUMNS`, of series of draws; NaN is left out.

    Parameters
    ----------
    draws : ndarray
        Shape (series, draws), in the order they were simulated.
    sampler : str
        That of the run, which decides how standard errors are made.
    """
    return _core.summarise(np.ascontiguousarray(draws, dtype=np.float64), sampler != "random")


def mid_ranks(values: Draws) -> Draws:
    """Ranks of values, from 0; like ones share the middle of theirs, whatever their order."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle: Draws = np.cumsum(count) - (count + 1) / 2
    return middle[place]


def chances_of(
    name: str, hits: NDArray[np.bool_], known: NDArray[np.bool_], sampler: str
) -> list[pl.Series]:
    """Give the probability of each series of hits, over the draws in which it is known.

    Two columns, ``name`` and ``name_mcse``, its Monte Carlo standard error.
    """
    numbers = statistics_of(np.where(known, hits, np.nan), sampler)
    return [
        pl.Series(f"{name}{end}", numbers[:, COLUMNS.index(column)], nan_to_null=True)
        for end, column in (("", "mean"), ("_mcse", "mcse_mean"))
    ]


def chance_of_nothing(metric: str, draws: NDArray[np.float64], sampler: str) -> list[pl.Series]:
    """Give the probability that each series, £m, is below `NOTHING_BELOW_GBP_M`.

    Two columns, ``{metric}_p_below_1`` and ``{metric}_p_below_1_mcse``.
    """
    below = draws < NOTHING_BELOW_GBP_M
    return chances_of(f"{metric}_p_below_1", below, ~np.isnan(draws), sampler)


def columns_of_differences(metric: str, numbers: NDArray[np.float64]) -> list[pl.Series]:
    """Give `columns_of` and the error of the median, from all of the core's statistics."""
    error = numbers[:, COLUMNS.index("mcse_p50")]
    return [
        *columns_of(metric, numbers[:, FROM_CORE]),
        pl.Series(f"{metric}_mcse_p50", error, nan_to_null=True),
    ]


def columns_of(metric: str, numbers: NDArray[np.float64]) -> list[pl.Series]:
    """Give the `STATISTICS` of one quantity as columns; what is unknown is null."""
    return [
        pl.Series(f"{metric}_{name}", numbers[:, i], nan_to_null=True)
        for i, name in enumerate(STATISTICS)
    ]
