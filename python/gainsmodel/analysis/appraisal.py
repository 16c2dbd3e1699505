"""What a plan is worth: what it adds, what it costs and for whom, whether it pays back.

Everything is the paired difference from the same futures without the plan, draw by draw;
`docs/explanation/model.md`, section 9, has the formulas.
"""

import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from gainsmodel.analysis.verdict import signs
from gainsmodel.choices import Prices, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError
from gainsmodel.progress import Steps
from gainsmodel.results.paired import (
    ADDED,
    NET_PRESENT_VALUE,
    UK,
    PairedResult,
    accepts_two_results,
)
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import (
    FROM_CORE,
    QUANTILES,
    Draws,
    chance_of_nothing,
    chances_of,
    columns_of,
    statistics_of,
)
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import as_scenario, figures_for
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings


@accepts_two_results
def appraise(
    pair: PairedResult,
    *,
    target_gbp_m: float | None = None,
    area: str | None = None,
    gross: bool = False,
    prices: Prices = "real",
) -> pl.DataFrame:
    """What a plan adds and costs in each area and group.

    Parameters
    ----------
    pair : PairedResult
        As `run_paired` gives it: the same draws with the plan and without.
    target_gbp_m : float, optional
        Gain to be added in the final year, £m a year, in the prices asked for.
    area : str, optional
        A wider area, such as a region of local authorities: it has the last row.
    gross : bool
        Before displacement, leakage and multiplier.
    prices : {"real", "nominal"}
        Base-year prices, or current prices by the published GDP deflator and then the
        scenario's inflation: a sum over years each in its own money, amounts a year in that of
        the final year, present values in that of the start year, discounted at
        (1 + real rate)(1 + inflation) − 1, which are the real ones in other money.

    Returns
    -------
    DataFrame
        One row for each area and group. £m over the horizon of the scenario, present values at
        its discount rates; of each quantity the statistics of `Result`:

        ``added_final_year_gbp_m``, ``added_cumulative_gbp_m``, ``added_present_value_gbp_m``
            Gain added, net of displacement, leakage and multiplier where switched on; also
            ``_p_below_1``, the probability that it is less than £1m, and ``_p_below_1_mcse``.
        ``authority_cost_present_value_gbp_m``
            What the levers cost, with optimism bias, following take-up as far as they do.
        ``firms_cost_present_value_gbp_m``
            One-off cost of the adoption that the plan brings or brings forward.
        ``authority_cost_per_year_gbp_m``
            Cost of the levers in a year in which all of them run.
        ``net_present_value_gbp_m``
            Present value added, less both costs. Of several structures also the weight of those
            in which its mean is above 0 beyond two standard errors, ``_weight_above``, and below,
            ``_weight_below``: where both are above 0, the plan cannot be ranked.
        ``public_benefit_cost_ratio``, ``benefit_cost_ratio``
            Present value added less firms' cost, over the authority's cost alone; and present
            value added over both costs. Quantiles only, since a ratio may have no mean; with
            ``_of_means``, the expected numerator over the expected denominator, null where that
            is 0. Draws in which nothing is spent have none; ``_excluded_draws`` is their share.
        ``p_pays_back``, ``p_pays_back_mcse``
            Probability that the net present value is above 0, and its Monte Carlo standard error.
        ``p_target``, ``p_target_mcse``
            Probability that the gain added in the final year is at least the target; null
            without one.

    Raises
    ------
    ResultError
        If the two are not paired, differ in more than the plan, or draws were not kept.
    SettingError
        If the target is no amount above 0, or there are no such prices.
    UnknownNameError
        If there is no such area.

    Examples
    --------
    >>> import gainsmodel
    >>> table = gainsmodel.appraise(gainsmodel.run_paired("skills_first", draws=500))
    >>> table.height
    26
    """
    check_target(target_gbp_m)
    pair.check_reference()
    sampler = pair.manifest["sampler"]
    units, values = pair.every_unit(
        area, lambda unit: pair.value_draws(unit, gross=gross, prices=prices)
    )
    columns: list[pl.Series] = []
    for name, draws in values.items():
        columns += columns_of(name, statistics_of(draws, sampler)[:, FROM_CORE])
        if name in ADDED:
            columns += chance_of_nothing(name, draws, sampler)
    added, authority, firms = (
        values[f"{name}_present_value_gbp_m"] for name in ("added", "authority_cost", "firms_cost")
    )
    columns += _ratio("public_benefit_cost_ratio", added - firms, authority, sampler)
    columns += _ratio("benefit_cost_ratio", added, authority + firms, sampler)
    net = values[NET_PRESENT_VALUE]
    columns += chances_of("p_pays_back", net > 0, np.isfinite(net), sampler)
    if pair.scenario.every_structure():
        of_units = [signs(draws, pair.with_plan) for draws in net]
        columns += [
            pl.Series(f"{NET_PRESENT_VALUE}_weight_{side}", [getattr(s, side) for s in of_units])
            for side in ("above", "below")
        ]
    in_final_year = values["added_final_year_gbp_m"]
    goal = math.inf if target_gbp_m is None else target_gbp_m
    asked = np.full(in_final_year.shape, target_gbp_m is not None)
    columns += chances_of("p_target", in_final_year >= goal, asked, sampler)
    return units.hstack(columns)


def _ratio(name: str, benefit: Draws, cost: Draws, sampler: str) -> Iterator[pl.Series]:
    """Quantiles of a benefit–cost ratio, the ratio of means, and the share of draws without one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(cost > 0, benefit / cost, np.nan)
        of_means = benefit.mean(axis=1) / cost.mean(axis=1)
    for column in columns_of(name, statistics_of(ratio, sampler)[:, FROM_CORE]):
        if column.name.removeprefix(f"{name}_") in QUANTILES:
            yield column
    of_means[~np.isfinite(of_means)] = np.nan
    yield pl.Series(f"{name}_of_means", of_means, nan_to_null=True)
    yield pl.Series(f"{name}_excluded_draws", np.isnan(ratio).mean(axis=1))


def area_and_uk(table: pl.DataFrame, code: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Row of an area in a table of `appraise`, and the UK's to stand beside it if it is another."""
    of_area, of_uk = (
        table.row(by_predicate=pl.col("area_code") == unit, named=True) for unit in (code, UK)
    )
    return of_area, None if code == UK else of_uk


def check_target(target_gbp_m: float | None) -> None:
    """Refuse a target that is no amount above 0."""
    if target_gbp_m is not None and not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
        raise SettingError(f"target: must be an amount above 0 in £m a year, not {target_gbp_m!r}")


def delay_cost(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    years: float = 1.0,
    *,
    gross: bool = False,
    prices: Prices = "real",
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    pair: PairedResult | None = None,
) -> pl.DataFrame:
    """What it costs to start every lever of a plan later.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario with a plan.
    area : str
        Name or code of an area or group.
    years : float
        By how much every lever starts later than planned, above 0, to a delay of 40 in all.
    gross, prices
        As `appraise`.
    draws, seed, sampler, geography, dataset, threads, on_progress
        As `run`; two runs are made.
    pair : PairedResult, optional
        What `run_paired` gave for the same scenario, whose draws, seed and sampler then count: one
        run less.

    Returns
    -------
    DataFrame
        One row: ``area_code``, ``area_name``, ``delay_years``, the statistics of
        ``lost_net_present_value_gbp_m``, the net present value (see `appraise`) of the plan in
        time less that of the delayed plan in the same future, and ``p_loses`` with
        ``p_loses_mcse``, the probability that it is above 0. The horizon stays: a later start
        has fewer years in it, in which less is spent, too. A loss below 0 means that waiting
        saves more than it forgoes.

    Raises
    ------
    ScenarioError
        If no lever is moved anywhere, or the delay is not possible.
    ResultError
        If `pair` is of another scenario.
    UnknownNameError, DataError, SettingError
        As `run`.
    """
    loaded = as_scenario(scenario, geography, dataset)
    loaded.require_plan("delay")
    if not years > 0:
        raise SettingError(f"years: must be above 0, not {years!r}")
    delay = loaded.setting.lever_delay_years + years
    later = loaded.edit({"setting.lever_delay_years": delay})
    figures = figures_for(loaded, dataset)
    unit = unit_of(figures, area)
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    if pair is not None:
        pair.check_of(loaded)
        settings = Settings.of(pair.manifest)

    steps = Steps(on_progress, settings.draws, 1 if pair else 2)

    def result_of(scenario: Scenario) -> Result:
        return Run(scenario, figures, settings, threads).result(steps.next())

    in_time = pair.with_plan if pair else result_of(loaded)
    both = PairedResult(in_time, result_of(later))
    lost = both.net_present_value_draws(unit, gross=gross, prices=prices)[None]
    name = "lost_net_present_value_gbp_m"
    return pl.DataFrame(
        {"area_code": [unit.code], "area_name": [unit.name], "delay_years": [float(years)]}
    ).hstack(
        [
            *columns_of(name, statistics_of(lost, settings.sampler)[:, FROM_CORE]),
            *chances_of("p_loses", lost > 0, np.isfinite(lost), settings.sampler),
        ]
    )
