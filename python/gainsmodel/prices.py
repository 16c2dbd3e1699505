"""Money at base-year prices, or of the day it is paid."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gainsmodel.data import Dataset
from gainsmodel.engine import price_level
from gainsmodel.errors import SettingError
from gainsmodel.result import Result, draws_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.problems import did_you_mean
from gainsmodel.tables import Unit

Draws = NDArray[np.float64]
Prices = Literal["real", "nominal"]
PRICES: tuple[Prices, ...] = get_args(Prices)


def price_levels(scenario: Scenario, figures: Dataset, prices: Prices) -> Draws:
    """Price level of years 0 … T over that of the base year; 1 where prices stay real.

    Raises
    ------
    SettingError
        If there are no such prices.
    """
    if prices not in PRICES:
        raise SettingError(
            f"prices: must be one of {', '.join(PRICES)}, not {prices!r}"
            f"{did_you_mean(prices, PRICES)}"
        )
    first, years = scenario.setting.start_year, range(scenario.setting.horizon_years + 1)
    if prices == "real":
        return np.ones(len(years))
    return np.array([price_level(scenario, figures, first + t) for t in years])


def gap(
    first: Result, second: Result, metric: str, levels: Draws, unit: Unit | None = None
) -> Draws:
    """First less second of an amount in money of its own year; draws as `draws_of`.

    A present value is in money of the start year, a sum over years each in its own, an amount of
    a year in that of the final year.

    Parameters
    ----------
    levels : ndarray
        As `price_levels`.
    """

    def real(metric: str) -> Draws:
        return draws_of(first, metric, unit) - draws_of(second, metric, unit)

    amount: Draws = real(metric) * levels[0 if "present_value" in metric else -1]
    if metric == "gain_cumulative_gbp_m" and np.ptp(levels) > 0:
        start = first.manifest["scenario"]["setting"]["start_year"]
        amount = np.zeros_like(amount)
        for t in range(1, len(levels)):
            amount += levels[t] * real(f"gain_gbp_m_{start + t}")
    return amount
