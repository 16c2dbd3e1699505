"""Amounts at base-year prices, or at current prices."""

from typing import Literal, get_args

import numpy as np

from gainsmodel.checks import did_you_mean
from gainsmodel.data import Dataset
from gainsmodel.errors import SettingError
from gainsmodel.results.statistics import Draws
from gainsmodel.scenario import Scenario


def price_level(scenario: Scenario, dataset: Dataset, year: int) -> float:
    """Prices of a year over those of the base year.

    The published GDP deflator as far as it goes, then `inflation_per_year` for each further year.
    """
    economy = dataset.economy
    published = dict(zip(economy["year"], economy["gdp_deflator_2023_100"], strict=True))
    last = max(published)
    known = published[min(year, last)] / published[dataset.base_year]
    inflation = scenario.parameters.inflation_per_year.value
    return float(known * (1.0 + inflation) ** max(0, year - last))


Prices = Literal["real", "nominal"]
PRICES: tuple[Prices, ...] = get_args(Prices)


def check_prices(prices: str) -> None:
    """Refuse unknown prices."""
    if prices not in PRICES:
        raise SettingError(
            f"prices: must be one of {', '.join(PRICES)}, not {prices!r}"
            f"{did_you_mean(prices, PRICES)}"
        )


def price_levels(scenario: Scenario, figures: Dataset, prices: Prices) -> Draws:
    """Price level of years 0 … T over that of the base year; 1 where prices stay real.

    Raises
    ------
    SettingError
        If there are no such prices.
    """
    check_prices(prices)
    first, years = scenario.setting.start_year, range(scenario.setting.horizon_years + 1)
    if prices == "real":
        return np.ones(len(years))
    return np.array([price_level(scenario, figures, first + t) for t in years])
