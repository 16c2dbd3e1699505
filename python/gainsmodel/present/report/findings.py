"""What a paper is written from: every run and question it needs, asked once, nothing in words."""

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import polars as pl

from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.additionality import Waterfall, waterfall
from gainsmodel.analysis.appraisal import appraise, area_and_uk
from gainsmodel.analysis.comparison import Comparison, compare
from gainsmodel.analysis.convergence import ratios_if_diverging
from gainsmodel.analysis.lever_contributions import lever_contributions
from gainsmodel.analysis.sensitivity import LEAST_DRAWS, Sensitivity, sensitivity
from gainsmodel.analysis.take_up_cases import CASES, TakeUpCases, take_up_cases
from gainsmodel.analysis.who_gains import LOCAL_DRAWS, WhoGains, authorities_of, who_gains
from gainsmodel.analysis.would_have_to_be_true import WouldHaveToBeTrue, would_have_to_be_true
from gainsmodel.choices import Output, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.present.area_summary import Added, AreaSummary
from gainsmodel.progress import Steps
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import lever_costs, levers_moved_in
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import as_scenario, figures_for, own_figures
from gainsmodel.simulation.run import run_paired

# Runs that a paper takes in addition to its levers, in samples of the draws: the pair, some
# fifteen for what drives the answer, and some five for what would have to be true for the prize.
DRIVERS_RUNS, PRIZE_RUNS = 15, 5
# What a pair of runs of local authorities comes to, on fewer draws.
LOCAL_RUNS = 6


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything a paper tells; made by `gather`.

    Attributes
    ----------
    scenario : Scenario
    dataset : Dataset
    unit : str
        Code of the area or group that it is about.
    result, without : Result
        The same futures with the plan and without it.
    added : Added, optional
        What the plan adds, £m on the scenario's basis; None where no lever is moved anywhere.
    worth, uk : dict, optional
        Rows of `appraise` for the area, and for the UK if it is another.
    cases : TakeUpCases, optional
    parts, costs : DataFrame, optional
        Of `lever_contributions` and `lever_costs`, for the area.
    net : Waterfall, optional
    gains : WhoGains, optional
        What the plan adds in each local authority of the area; None where it has none, or no
        lever moves there.
    drivers : Sensitivity, optional
        What drives what the plan adds, or without a plan the digital gain.
    no_drivers : str
        Why there are none.
    prize : WouldHaveToBeTrue
        What would have to be true for the prize, across the UK.
    log : DataFrame
        Of `assumptions_log.log`.
    other : Scenario, optional
        What the scenario is set beside.
    comparison : Comparison, optional
    ratio_if_diverging : float, optional
        Share of the gain over share of GVA where areas diverge.
    """

    scenario: Scenario
    dataset: Dataset
    unit: str
    result: Result
    without: Result
    added: Added | None
    worth: dict[str, Any] | None
    uk: dict[str, Any] | None
    cases: TakeUpCases | None
    parts: pl.DataFrame | None
    costs: pl.DataFrame | None
    net: Waterfall | None
    gains: WhoGains | None
    drivers: Sensitivity | None
    no_drivers: str
    prize: WouldHaveToBeTrue
    log: pl.DataFrame
    other: Scenario | None
    comparison: Comparison | None
    ratio_if_diverging: float | None = None

    @property
    def pair(self) -> PairedResult:
        """Both results as one."""
        return PairedResult(self.result, self.without)

    @property
    def about(self) -> AreaSummary:
        """The result, read for the area."""
        return AreaSummary(self.result, self.unit)


def gather(
    scenario: Scenario | str | PathLike[str],
    area: str,
    *,
    against: Scenario | str | PathLike[str] | None = None,
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Findings:
    """Run everything that a board paper on one area needs.

    Parameters
    ----------
    scenario : Scenario, str or path
    area : str
        Name or code of an area or group of the geography.
    against : Scenario, str or path, optional
        Another scenario to compare, on the same draws.
    draws, seed, sampler, geography, dataset, threads
        As `run`.
    on_progress : callable, optional
        Called with (draws done, draws in all), over all runs.

    Raises
    ------
    ScenarioError, DataError, UnknownNameError, SettingError, ResultError
        As `run`, `compare` and `sensitivity`.
    """
    if draws < LEAST_DRAWS:
        raise SettingError(
            f"draws: a paper needs at least {LEAST_DRAWS} futures to say anything, not {draws}"
        )
    plans = (scenario,) if against is None else (scenario, against)
    dataset = own_figures(*plans, dataset=dataset)
    loaded = as_scenario(scenario, geography, dataset)
    figures = figures_for(loaded, dataset)
    unit = unit_of(figures, area)
    if unit.code not in figures.units:
        raise UnknownNameError(
            f"area: a board paper is on one area or group, and {unit.name} is a wider area of "
            f"{len(unit.members)}; name one of them, or use appraise, compare or target"
        )
    moved = loaded.moved_levers()
    # Where no lever moves there is only spillover, which the paper does not split.
    local = bool(levers_moved_in(loaded, figures, unit) and authorities_of(figures, unit))
    runs = 2 + (2 * len(moved) + 2 + len(CASES)) * bool(moved) + (against is not None)
    runs += DRIVERS_RUNS + PRIZE_RUNS + LOCAL_RUNS * local
    steps = Steps(on_progress, draws, runs)
    asked: dict[str, Any] = {"draws": draws, "seed": seed, "dataset": dataset, "threads": threads}
    pair = run_paired(loaded, sampler=sampler, on_progress=steps.next(2), **asked)
    result, without = pair
    about = AreaSummary(result, unit.code)
    added = worth = uk = cases = parts = costs = net = gains = None
    if moved:
        added = about.added(without)
        table = appraise(pair, area=unit.code)
        worth, uk = area_and_uk(table, unit.code)
        cases = take_up_cases(
            *(pair, unit.code), threads=threads, on_progress=steps.next(len(CASES))
        )
        net = waterfall(pair, unit.code)
        costs = lever_costs(loaded, figures).filter(pl.col("area_code") == unit.code)
        report = steps.next(2 * len(moved) + 2)
        parts = lever_contributions(loaded, unit.code, sampler=sampler, on_progress=report, **asked)
    if local:
        asked_locally = asked | {"draws": min(draws, LOCAL_DRAWS), "dataset": None}
        gains = who_gains(
            loaded,
            unit.code,
            sampler=sampler,
            on_progress=steps.next(LOCAL_RUNS),
            **asked_locally,
        )
    other = comparison = None
    if against is not None:
        other = as_scenario(against, geography, dataset)
        comparison = compare(
            *(result, other),
            area=unit.code,
            dataset=dataset,
            threads=threads,
            on_progress=steps.next(),
        )
    output: Output = "gain_cumulative_gbp_m" if about.cumulative else "gain_final_year_gbp_m"
    if added is not None and not added.is_zero:
        output = "plan_adds"
    drivers, no_drivers = None, ""
    try:
        drivers = sensitivity(
            loaded, output, unit.code, on_progress=steps.next(DRIVERS_RUNS), **asked
        )
    except SettingError as error:
        # An answer without uncertainty is an answer, too.
        no_drivers = f"{str(error)[:1].upper()}{str(error)[1:]}."
    prize = would_have_to_be_true(
        loaded, sampler=sampler, on_progress=steps.next(PRIZE_RUNS), **asked
    )
    return Findings(
        *(loaded, figures, unit.code, result, without, added, worth, uk, cases, parts, costs, net),
        gains=gains,
        drivers=drivers,
        no_drivers=no_drivers,
        prize=prize,
        log=assumptions_log.log(loaded),
        other=other,
        comparison=comparison,
        ratio_if_diverging=ratios_if_diverging(result, threads).get(unit.code),
    )
