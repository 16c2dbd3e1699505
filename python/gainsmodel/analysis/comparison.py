"""Two scenarios on the same futures: what differs, where, when, and how surely.

Differences are taken draw by draw, so that sampling noise, common to both, cancels out
and each has its own standard error. `docs/explanation/model.md`, section 9, has the formulas.
"""

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.analysis.verdict import Verdict, of_draws
from gainsmodel.choices import Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import ResultError, UnknownNameError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Progress, Steps
from gainsmodel.results.paired import PairedResult, check_paired
from gainsmodel.results.plan_levers import yearly_costs
from gainsmodel.results.result import Result, draws_of
from gainsmodel.results.statistics import (
    FROM_CORE,
    STATISTICS,
    Draws,
    chances_of,
    columns_of,
    columns_of_differences,
    statistics_of,
)
from gainsmodel.results.tables import DETAIL_METRICS
from gainsmodel.scenario import PARAMETERS, Scenario
from gainsmodel.simulation.resolve import as_scenario, own_figures
from gainsmodel.simulation.run import Run, start
from gainsmodel.simulation.settings import Settings

SIDES = ("first", "second")
# What is told of each side by itself.
OF_A_SIDE = ("mean", "mcse_mean", "p50")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ShownInNotebooks):
    """Two results side by side. Made by `compare`.

    Every difference is first minus second. A quantity ``x`` has the columns ``x_mean`` …
    ``x_mcse_mean`` of `Result`, here of the difference; ``p_first_higher`` is the probability
    that the first is the higher one and ``p_first_higher_mcse`` its Monte Carlo standard error.
    Unpaired, only means and their standard errors are known and the rest is null.

    Attributes
    ----------
    first, second : Result
        What is compared.
    metric : str
        Quantity of `areas` and `technologies`, such as ``gain_final_year_gbp_m``.
    unit : Unit
        The area or group of `years`, `sectors` and `technologies`: code, name and members.
    paired : bool
        Whether both use the same random draws.
    """

    first: Result
    second: Result
    metric: str
    unit: Unit
    paired: bool
    _threads: int | None = None

    def describe(self) -> str:
        """In a few words, what it is of."""
        titles = f"{self.first.scenario.title!r} and {self.second.scenario.title!r}"
        return f"{titles}, {self.unit.name!r}, {self.first.manifest['draws']:,} draws"

    @cached_property
    def identical(self) -> bool:
        """Whether both gave the same numbers, to the last bit, in every statistic."""
        return self.paired and self.first.statistics().equals(self.second.statistics())

    @cached_property
    def pair(self) -> PairedResult:
        """Both on the same draws.

        Raises
        ------
        ResultError
            If they are not.
        """
        return PairedResult(self.first, self.second)

    @property
    def only_plans_differ(self) -> bool:
        """Whether the two assume the same and differ in what is done only."""
        return self.paired and self.pair.only_plans_differ

    @property
    def net_of(self) -> tuple[str, ...]:
        """Adjustments that differences of gains are net of; see `PairedResult.net_of`."""
        return self.pair.net_of if self.paired else ()

    @cached_property
    def verdict(self) -> Verdict | None:
        """Which is worth more in `unit`; None where more than the plan differs, or no plan does."""
        if not self.only_plans_differ or self.identical:
            return None
        return of_draws(self.pair.net_present_value_draws(self.unit), self.first)

    @cached_property
    def costs_more_gbp_m_per_year(self) -> float:
        """What the first costs the authorities of `unit` a year more than the second, £m."""
        first, second = (
            sum(yearly_costs(result.scenario, result.dataset, self.unit).values())
            for result in (self.first, self.second)
        )
        return first - second

    def areas(self) -> pl.DataFrame:
        """Difference of `metric` in each area and group.

        ``first_mean`` and ``second_mean`` are the two expected values, with their standard errors
        ``first_mcse_mean`` and ``second_mcse_mean``, and ``first_p50`` and ``second_p50`` the two
        medians. A wider area that was asked for has the last row.
        """
        _check_comparable(self.first, self.second, self.metric)
        units = pl.concat([self.first.areas(), self.first.groups()], how="diagonal")
        names = units.select("area_code", "area_name", "area_type")
        codes = names["area_code"].to_list()
        if not self.paired:
            sides = [_means(result, self.metric, codes) for result in (self.first, self.second)]
            return names.hstack(_independent(self.metric, *sides)).hstack(
                [
                    side[name].alias(f"{which}_{name}")
                    for which, side in zip(SIDES, sides, strict=True)
                    for name in OF_A_SIDE
                ]
            )
        both = [draws_of(result, self.metric) for result in (self.first, self.second)]
        gaps = self.pair.added_draws(self.metric)
        if self.unit.code not in codes:
            both = [
                np.vstack([side, draws_of(result, self.metric, self.unit)])
                for side, result in zip(both, (self.first, self.second), strict=True)
            ]
            gaps = np.vstack([gaps, self.draws()])
            wider = [(self.unit.code, self.unit.name, "wider area")]
            names = pl.concat([names, pl.DataFrame(wider, names.schema, orient="row")])
        return names.hstack(self._differences(self.metric, gaps)).hstack(
            [
                pl.Series(f"{which}_{name}", numbers[:, STATISTICS.index(name)], nan_to_null=True)
                for which, numbers in zip(SIDES, map(self._statistics, both), strict=True)
                for name in OF_A_SIDE
            ]
        )

    def draws(self) -> Draws:
        """Difference of `metric` of `unit` in every future, shape (draws,).

        Raises
        ------
        ResultError
            If the two are not paired.
        """
        if not self.paired:
            raise ResultError("draws: only paired runs differ draw by draw")
        return self.pair.added_draws(self.metric, self.unit)

    def years(self) -> pl.DataFrame:
        """Difference of the gain of `unit` in each year that both have, £m a year."""
        years = [y for y in _years(self.first) if y in set(_years(self.second))]
        if not years:
            raise ResultError("the scenarios have no year in common")
        names = pl.DataFrame(
            {
                "area_code": [self.unit.code] * len(years),
                "area_name": [self.unit.name] * len(years),
                "year": years,
            },
            schema_overrides={"year": pl.Int32},
        )
        metrics = [f"gain_gbp_m_{year}" for year in years]
        if not self.paired:
            sides = [
                pl.concat([_means(result, metric, [self.unit.code]) for metric in metrics])
                for result in (self.first, self.second)
            ]
            return names.hstack(_independent("gain_gbp_m", *sides))
        gaps = np.stack([self.pair.added_draws(metric, self.unit) for metric in metrics])
        return names.hstack(self._differences("gain_gbp_m", gaps))

    def sectors(self) -> pl.DataFrame:
        """Difference of the final-year gain of `unit` in each sector, £m a year.

        Averages add up to the difference of the unit.

        Raises
        ------
        ResultError
            If a result was made without ``detail`` of the unit.
        """
        metric = "gain_final_year_gbp_m"
        _check_comparable(self.first, self.second, metric)
        of_unit = pl.col("area_code") == self.unit.code
        names = (
            self.first.sectors()
            .filter(of_unit)
            .select("area_code", "area_name", "sector", "sector_name", "channel")
        )
        if not self.paired:
            sides = [
                result.sectors()
                .filter(of_unit)
                .select(pl.col(f"{metric}_{name}").alias(name) for name in ("mean", "mcse_mean"))
                for result in (self.first, self.second)
            ]
            return names.hstack(_independent(metric, *sides))
        for result in (self.first, self.second):
            kept = result.manifest.get("detail")
            if kept != self.unit.code:
                raise ResultError(
                    f"sectors of {self.unit.name} draw by draw were not kept: run with "
                    f"detail={self.unit.name!r}"
                    + (f" instead of {kept!r}" if kept is not None else "")
                )
        return names.hstack(self._differences(metric, self.pair.added_draws(DETAIL_METRICS[0])))

    def technologies(self, on_progress: Progress | None = None) -> pl.DataFrame:
        """Difference of `metric`, a gain, of `unit` by technology.

        A technology's row is the difference there would be if it were the only one with an
        effect on productivity: both scenarios run again, on the same futures, with the effect
        of all others at nil. Technologies are adopted independently of each other and their
        effects add up until the cap on the stacked uplift binds, so the row ``remainder``, the
        whole less the sum of the technologies, is what the cap does. The row ``all`` is the
        whole. Averages add up.

        Parameters
        ----------
        on_progress : callable, optional
            Called with (draws done, draws in all); two runs for each technology.

        Raises
        ------
        ResultError
            If `metric` is no gain, the two are not paired, or they were run on other figures
            than are at hand.
        """
        _check_comparable(self.first, self.second, self.metric)
        if not self.metric.startswith("gain_"):
            raise ResultError(f"technologies: {self.metric} is no gain, which alone is split")
        if not self.paired:
            raise ResultError(
                "technologies: only paired runs are split; use the same seed and draws"
            )
        sides = (self.first, self.second)
        labels = {
            name: technology.label
            for result in sides[::-1]
            for name, technology in result.scenario.technologies.items()
        }
        progress = Steps(on_progress, self.first.manifest["draws"], 2 * len(labels))
        whole = self.draws()
        parts: list[Draws] = []
        for technology in labels:
            alone = [self._alone(result, technology, progress) for result in sides]
            known = [result for result in alone if result is not None]
            if len(known) == 2:
                parts.append(PairedResult(*known).added_draws(self.metric, self.unit))
            else:
                gain = draws_of(known[0], self.metric, self.unit)
                parts.append(gain if alone[0] is not None else -gain)
        remainder = whole - np.sum(parts, axis=0)
        # Within rounding of the gains themselves nothing remains.
        size = np.abs(draws_of(self.first, self.metric, self.unit))
        remainder[np.abs(remainder) <= 1e-6 * size] = 0.0
        split = np.stack([*parts, remainder, whole])
        names = pl.DataFrame(
            {
                "technology": [*labels, "remainder", "all"],
                "label": [*labels.values(), PARAMETERS["uplift_cap"].label, "All together"],
            }
        )
        return names.hstack(self._differences(self.metric, split))

    def _alone(self, result: Result, technology: str, progress: Steps) -> Result | None:
        """One side again, with the effect of all other technologies at nil; None without it."""
        report = progress.next()
        alone = _with_one_technology(result.scenario, technology)
        if alone is None:
            return None
        settings = Settings.of(result.manifest)
        return Run(alone, result.dataset, settings, self._threads).result(report)

    def _statistics(self, draws: Draws) -> NDArray[np.float64]:
        return statistics_of(draws, self.first.manifest["sampler"])[:, FROM_CORE]

    def _differences(self, metric: str, gaps: Draws) -> list[pl.Series]:
        """Columns of paired differences."""
        sampler = self.first.manifest["sampler"]
        known = ~np.isnan(gaps)
        return [
            *columns_of_differences(metric, statistics_of(gaps, sampler)),
            *chances_of("p_first_higher", gaps > 0, known, sampler),
            *chances_of("p_second_higher", gaps < 0, known, sampler),
        ]


def compare(
    first: Scenario | Result | str | os.PathLike[str],
    second: Scenario | Result | str | os.PathLike[str],
    *,
    area: str | None = None,
    metric: str = "gain_final_year_gbp_m",
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    unpaired: bool = False,
    on_progress: Progress | None = None,
) -> Comparison:
    """Set two scenarios, or results already made, side by side.

    Parameters
    ----------
    first, second : Scenario, Result, str or path
        What is compared. A scenario compared with a result is run with the result's settings, so
        that it meets the same futures.
    area : str, optional
        Name or code of the area or group whose years, sectors and technologies are compared;
        the UK if left out.
    metric : str
        One of `METRICS`, or ``gain_gbp_m_2031`` for a year.
    draws, seed, sampler, geography, dataset, threads
        See `run`; of scenarios that are run.
    unpaired : bool
        Allow two results that met different futures. Part of their difference is then chance:
        means have the standard error of independent samples, √(s₁² + s₂²), and nothing else of
        the difference is known.
    on_progress : callable, optional
        Called with (draws done, draws in all) about twenty times a second.

    Returns
    -------
    Comparison

    Raises
    ------
    ResultError
        If two results are not paired, end in different years, or were run on other figures
        than `dataset`.
    ScenarioError, DataError, UnknownNameError, SettingError
        As `run`.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.compare("skills_first", "reference", area="Wales", draws=2_000)
    >>> found.areas().height, found.identical
    (26, False)
    """
    plans = [side for side in (first, second) if not isinstance(side, Result)]
    dataset = own_figures(*plans, dataset=dataset)
    asked = [
        side if isinstance(side, Result) else as_scenario(side, geography, dataset)
        for side in (first, second)
    ]
    if dataset is not None:
        asked = [side.on(dataset) if isinstance(side, Result) else side for side in asked]
    made = [side for side in asked if isinstance(side, Result)]
    progress = Steps(on_progress, made[0].manifest["draws"] if made else draws, 2 - len(made))
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    results: list[Result] = []
    for side in asked:
        if isinstance(side, Result):
            results.append(side)
            continue
        # The second of two is run as the first, also in its precision.
        like = [*made, *results][:1]
        chosen = Settings.of(like[0].manifest) if like else settings
        run = start(side, chosen, dataset=dataset, threads=threads, detail=area or "uk")
        results.append(run.result(progress.next()))
    one, other = results
    paired = True
    try:
        check_paired(one, other)
    except ResultError as error:
        if one.manifest["geography"] != other.manifest["geography"]:
            raise
        if not unpaired:
            raise ResultError(
                f"{error}; ask for an unpaired comparison to see them side by side all the same"
            ) from None
        paired = False
    unit = unit_of(one.dataset, area or "uk")
    comparison = Comparison(one, other, metric, unit, paired, threads)
    _check_comparable(one, other, metric)
    return comparison


def _with_one_technology(scenario: Scenario, technology: str) -> Scenario | None:
    """The scenario with the productivity effect of all other technologies at nil."""
    if technology not in scenario.technologies:
        return None
    place = "parameters.productivity_effect.by_technology"
    return scenario.edit(
        {f"{place}.{other}.value": 0.0 for other in scenario.technologies if other != technology}
    )


def _years(result: Result) -> list[int]:
    setting = result.manifest["scenario"]["setting"]
    return [setting["start_year"] + t for t in range(1, setting["horizon_years"] + 1)]


def _check_comparable(first: Result, second: Result, metric: str) -> None:
    """See that a quantity means the same in both."""
    scenarios = [result.manifest["scenario"] for result in (first, second)]
    if not metric.startswith("gain_gbp_m_"):
        spans = [f"{years[0] - 1} to {years[-1]}" for years in map(_years, (first, second))]
        if spans[0] != spans[1]:
            raise ResultError(
                f"{metric}: the scenarios cover different years, {spans[0]} and {spans[1]}; "
                "give them the same setting.horizon_years, or compare the gain of a year that both "
                "have, such as gain_gbp_m_2031"
            )
    matters = [("prize", "basis")] if metric in ("share", "prize_gbp_bn") else []
    if "_gbp_" in metric:
        matters.append(("setting", "price_year"))
    for table, key in matters:
        found = [scenario[table][key] for scenario in scenarios]
        if found[0] != found[1]:
            raise ResultError(
                f"{metric}: means different things, {table}.{key} is {found[0]!r} in one scenario "
                f"and {found[1]!r} in the other"
            )


def _means(result: Result, metric: str, codes: list[str]) -> pl.DataFrame:
    """`OF_A_SIDE` of a quantity in some areas and groups."""
    statistics = result.statistics()
    last = f"gain_gbp_m_{_years(result)[-1]}"
    quantity = last if metric == "gain_final_year_gbp_m" else metric
    of_metric = statistics.filter(pl.col("quantity") == quantity)
    if not of_metric.height:
        known = ", ".join(statistics["quantity"].unique(maintain_order=True))
        raise UnknownNameError(f"no quantity is called {metric!r}; there are {known}")
    found = of_metric.filter(pl.col("area_code").is_in(codes))
    if found.height != len(codes):
        raise ResultError(f"{codes[0]}: is not reported unpaired; name an area or a group")
    return found.select(OF_A_SIDE)


def _independent(metric: str, first: pl.DataFrame, second: pl.DataFrame) -> list[pl.Series]:
    """Difference of two means of independent samples; the rest of it is not known."""
    known = {
        "mean": first["mean"] - second["mean"],
        "mcse_mean": (first["mcse_mean"] ** 2 + second["mcse_mean"] ** 2).sqrt(),
    }
    unknown = [np.nan] * first.height
    numbers = np.column_stack([known.get(name, unknown) for name in STATISTICS])
    chances = ("p_first_higher", "p_first_higher_mcse", "p_second_higher", "p_second_higher_mcse")
    empty = [pl.Series(name, [None] * first.height, pl.Float64) for name in chances]
    return [*columns_of(metric, numbers), *empty]
