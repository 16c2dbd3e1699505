"""One money: prices of the scenario's price year, or current prices on request."""

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Prices
from gainsmodel.data import Dataset
from gainsmodel.errors import ScenarioError, SettingError
from gainsmodel.results.statistics import Draws
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.levers import Lever

PRICES: tuple[Prices, ...] = get_args(Prices)


def price_level(scenario: Scenario, dataset: Dataset, year: int) -> float:
    """Prices of a year over those of the scenario's price year.

    The published GDP deflator as far as it goes, then `inflation_per_year` for each further year.

    Raises
    ------
    ScenarioError
        If the deflator of the price year is not published.
    """
    economy = dataset.economy
    published = dict(zip(economy["year"], economy["gdp_deflator_2023_100"], strict=True))
    price_year, last = scenario.setting.price_year, max(published)
    if price_year not in published:
        raise ScenarioError(
            f"setting.price_year: must be a year with a published GDP deflator, {min(published)} "
            f"to {last}; found {price_year}"
        )
    inflation = scenario.parameters.inflation_per_year.value
    known = published[min(year, last)] / published[price_year]
    return float(known * (1.0 + inflation) ** max(0, year - last))


def gva_at_start(scenario: Scenario, dataset: Dataset) -> NDArray[np.float64]:
    """GVA of the start year in the scenario's prices, £m, shape (areas, sectors)."""
    rate = scenario.parameters.growth_to_start_year.value
    growth = dataset.uk_real_growth(scenario.setting.start_year, rate)
    return dataset.gva_gbp_m * growth / price_level(scenario, dataset, dataset.base_year)


def cost_level(scenario: Scenario, dataset: Dataset, lever: Lever) -> float:
    """What £1 of a lever's stated cost is worth in the scenario's prices."""
    stated = lever.cost_gbp_per_head_per_year.price_year
    return 1.0 / price_level(scenario, dataset, stated)


def check_prices(prices: str) -> None:
    """Refuse unknown prices."""
    if prices not in PRICES:
        raise SettingError(
            f"prices: must be one of {', '.join(PRICES)}, not {prices!r}"
            f"{did_you_mean(prices, PRICES)}"
        )


def price_levels(scenario: Scenario, figures: Dataset, prices: Prices) -> Draws:
    """Price level of years 0 … T over that of the price year; 1 where prices stay real.

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
