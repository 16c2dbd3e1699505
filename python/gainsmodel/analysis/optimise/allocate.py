"""A budget between places: how much where, for which levers and when."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import polars as pl

from gainsmodel.analysis.optimise.allocation_problem import Packages, Problem
from gainsmodel.analysis.optimise.allocation_tables import Tables, mean_of, no_frontier, no_regrets
from gainsmodel.analysis.optimise.allocation_terms import Stated, Terms
from gainsmodel.analysis.optimise.places_surface import Options, PlacesSurface
from gainsmodel.analysis.optimise.plan import GOALS, fewer, other_structures, steps_and_starts
from gainsmodel.analysis.optimise.problem import Report, Trials
from gainsmodel.analysis.verdict import Verdict, of_draws
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Goal, Sampler, Viewpoint
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import ScenarioError, SettingError, UnknownNameError
from gainsmodel.progress import Progress
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.statistics import Draws
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.settings import MAX_SEED, Settings

# Packages of a place that are looked at, and places.
MOST_PACKAGES, MOST_PLACES = 1_000_000, 60
# Floors of the frontier, as parts of the most that the worst-off place can be brought to.
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
FRESH = 5
SPLITS = ("best", "even", "per_head", "nothing")


@dataclass(frozen=True, eq=False)
class Allocation:
    """A budget split between places; made by `allocate`.

    Amounts are £m in the scenario's prices; a cost a year is the expected cost once all runs.

    Attributes
    ----------
    objective, viewpoint : str
    budget_gbp_m_per_year, budget_gbp_m, target_gbp_m : float, optional
    draws, seed, search_draws : int
    scenario : Scenario
        The scenario with the split as its plan, to run or to save.
    value, value_mcse : float
        What was maximised: £m of present value, or a chance; from a run on `draws`.
    bound, gap : float, optional
        What no split in these steps exceeds on the surface of the search, and how far the one
        found is from it there, as a part; None for a chance, of which no bound is known.
    surface_error : float
        How far the surface was off for the split that was found, in the unit of the objective.
    places : pl.DataFrame
        A row a place: ``area_code``, ``area_name``, ``population``, ``cost_gbp_m_per_year``,
        ``cost_gbp_per_head``, ``cost_gbp_m`` over all years, ``share_of_cost``, ``levers`` in
        words, ``intensity_…`` and, where starts were tried, ``start_years_…`` of each lever;
        mean, ``_p05``, ``_p95`` and ``_mcse_mean`` of ``added_final_year_gbp_m`` (with
        ``_p_below_1``) and ``net_present_value_gbp_m`` as the place sees them, spillover
        included; ``received_gbp_m``, of the former the mean that other places' money brings.
    steps : pl.DataFrame
        What the last £1m brought and the next would: ``area_name``, ``which`` (``last`` or
        ``next``), ``lever``, ``label``, ``from_intensity``, ``to_intensity``,
        ``cost_gbp_m_per_year``, ``worth_per_gbp`` (of the objective's net present value, for each
        £1 of present value that the authority spends) and its ``_mcse``.
    alternatives : pl.DataFrame
        The best split, an even one, one by residents and none: ``name``, ``label``,
        ``cost_gbp_m_per_year``, ``value``, ``value_mcse``, ``behind`` and ``behind_mcse`` (best
        less this one), ``told_apart``.
    by_year : pl.DataFrame
        ``year``, ``cost_gbp_m`` and ``budget_gbp_m``.
    frontier : pl.DataFrame
        Total gain against its distribution: of each floor under what a place gains per head,
        ``floor_gbp_per_head``, ``value``, ``value_mcse``, ``least_gbp_per_head``,
        ``most_gbp_per_head``, ``costs`` (what the floor costs of the objective) and its
        ``_mcse``, ``told_apart``.
    stability : pl.DataFrame
        On other draws and under other structures: ``variant``, ``kind``, ``area_name`` (null for
        the total), ``regret`` and ``regret_mcse``.
    summary, notes : list of str
    """

    objective: Goal
    viewpoint: Viewpoint
    budget_gbp_m_per_year: float | None
    budget_gbp_m: float | None
    target_gbp_m: float | None
    draws: int
    seed: int
    sampler: str
    search_draws: int
    scenario: Scenario
    value: float
    value_mcse: float
    bound: float | None
    gap: float | None
    surface_error: float
    places: pl.DataFrame
    steps: pl.DataFrame
    alternatives: pl.DataFrame
    by_year: pl.DataFrame
    frontier: pl.DataFrame
    stability: pl.DataFrame
    pair: PairedResult
    verdicts: Mapping[str, Verdict]
    notes: list[str]
    _steps: Mapping[tuple[str, str], Draws]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        tables = ("places", "steps", "alternatives", "by_year", "frontier", "stability")
        left = ("pair", "_steps", "verdicts")
        plain = {k: v for k, v in self.__dict__.items() if k not in (*tables, *left)}
        return {
            **plain,
            "scenario": self.scenario.to_dict(),
            **{name: getattr(self, name).to_dicts() for name in tables},
        }

    def before(self, first: str, second: str) -> tuple[float, float]:
        """Of the last £1 in one place and the next in another: how much more it is worth.

        Parameters
        ----------
        first, second : str
            Names of places, as in `places`.

        Returns
        -------
        mean, mcse : float
            NaN where nothing is spent in the first, or nothing is left to buy in the second.
        """
        known = self.places["area_name"].to_list()
        for name in (first, second):
            if name not in known:
                raise UnknownNameError(f"no such place: {name!r}{did_you_mean(name, known)}")
        last, following = self._steps.get((first, "last")), self._steps.get((second, "next"))
        if last is None or following is None:
            return math.nan, math.nan
        return mean_of(last - following, self.sampler)


def allocate(
    scenario: Scenario | str | os.PathLike[str],
    places: Sequence[str] | str,
    *,
    budget_gbp_m_per_year: float | None = None,
    budget_gbp_m: float | None = None,
    objective: Goal = "net_present_value",
    viewpoint: Viewpoint = "local",
    target_gbp_m: float | None = None,
    terms: Terms | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    intensities: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    starts: Sequence[float] | None = None,
    fairness: bool = True,
    stability: bool = True,
    draws: int = 10_000,
    search_draws: int = 2_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> Allocation:
    """Split a budget between places, their levers and starts.

    All splits meet the same draws. `docs/explanation/model.md`, section 10, has the formulas;
    decision 44 how the search works and how it compares with trying everything.

    Parameters
    ----------
    scenario : Scenario, str or path
        What is assumed; what it plans itself is left aside.
    places : sequence of str, or str
        Areas or groups by name or code, none within another; or one group, for all areas in it.
    budget_gbp_m_per_year, budget_gbp_m : float, optional
        What may be spent in any one year, and in all years together, £m of expected cost; one of
        them at least.
    objective : {"net_present_value", "p_target", "worst_tenth"}
        As in `plan`, of all places together.
    viewpoint : {"local", "uk"}
        Whether gains count as the places see them, each by itself, or as the UK does: without
        what one place takes from another, with what reaches areas outside.
    target_gbp_m : float, optional
        £m a year added in the final year by all together, above 0; needed for ``p_target``.
    terms : Terms, mapping or path of a TOML file, optional
        Floors, ceilings, a chance for every place, spending by year, weights: see `Terms`.
    intensities, starts
        As in `plan`.
    fairness, stability : bool
        Whether to make the frontier, and whether to value the split on other draws and under
        other structures of the model.
    draws, search_draws, seed, sampler, geography, dataset, threads, on_progress
        As in `plan`.

    Returns
    -------
    Allocation

    Raises
    ------
    ScenarioError, SettingError, UnknownNameError, DataError
        For anything the caller can mend; limits that leave no split name what cannot be met.
    """
    loaded, figures = resolve(scenario, geography, dataset)
    if not loaded.levers:
        raise ScenarioError("levers: the scenario has none, so there is nothing to split")
    loaded = loaded.without_plan()
    units = _units(figures, places)
    _check_choice("objective", objective, GOALS)
    _check_choice("viewpoint", viewpoint, get_args(Viewpoint))
    if objective == "p_target" and target_gbp_m is None:
        raise SettingError("target_gbp_m: is needed for the objective p_target, £m a year")
    if target_gbp_m is not None and not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
        raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")
    _check_budgets(budget_gbp_m_per_year, budget_gbp_m)
    stated = Stated(terms)
    options = Options.of(loaded, *steps_and_starts(loaded, intensities, starts))
    packages = len(options.options) ** len(options.levers)
    if packages > MOST_PACKAGES:
        raise SettingError(
            f"intensities and starts: make {packages:,} packages a place, at most "
            f"{MOST_PACKAGES:,} are looked at; try fewer of them"
        )
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    searched = replace(settings, draws=min(search_draws, settings.draws))
    surface_runs = PlacesSurface.runs(options, len(units))
    few = fewer(searched.draws)
    variants = other_structures(loaded) if stability else []
    expected = surface_runs + 10 + FRESH * 4 * bool(stability)
    expected += math.ceil(len(variants) * (surface_runs + 2) * few / searched.draws)
    expected += math.ceil((len(SPLITS) + len(STEPS)) * settings.draws / searched.draws)
    report = Report(on_progress, searched.draws, expected)

    def problem_of(of: Scenario, settings: Settings) -> Problem:
        surface = PlacesSurface(
            *(of, figures, units, options, settings, threads),
            lambda done: report.run(done, settings.draws),
        )
        return Problem(
            *(surface, stated, objective, viewpoint, target_gbp_m),
            *(budget_gbp_m_per_year, budget_gbp_m),
        )

    def trials_of(settings: Settings) -> Trials:
        uk = unit_of(figures, "uk")
        on_run = lambda done: report.run(done, settings.draws)  # noqa: E731
        return Trials(loaded, figures, uk, settings, threads, on_run)

    problem = problem_of(loaded, searched)
    chosen, stricter = problem.settled()
    residents = problem.residents_m
    splits: dict[str, Packages] = {
        "best": chosen.packages,
        "even": problem.by_share([1.0 / len(units)] * len(units)),
        "per_head": problem.by_share((residents / residents.sum()).tolist()),
        "nothing": ((0,) * len(options.levers),) * len(units),
    }
    asked = trials_of(settings)
    pairs = {name: asked.pair(problem.surface.plan(of)) for name, of in splits.items()}
    series = {name: problem.series(pair) for name, pair in pairs.items()}
    verdicts = {
        name: of_draws(series["best"] - of, pairs["best"].with_plan)
        for name, of in series.items()
        if name != "best"
    }
    tables = Tables(problem, sampler)
    frontier = tables.frontier(asked, STEPS) if fairness else no_frontier()
    others = [
        trials_of(replace(searched, seed=(seed + i) & MAX_SEED))
        for i in range(1, FRESH + 1)
        if stability
    ]
    regrets = no_regrets()
    if stability:
        found = [(name, problem_of(of, replace(searched, draws=few))) for name, of in variants]
        regrets = tables.regrets(splits, others, found)
    best = chosen.packages
    value, mcse = mean_of(series["best"], sampler)
    on_surface = problem.value_of(best)
    there = float(problem.series(problem.surface.pair(best)).mean())
    steps, step_draws = tables.steps(best)
    report.end()
    with_bound = objective != "p_target"
    return Allocation(
        objective=objective,
        viewpoint=viewpoint,
        budget_gbp_m_per_year=budget_gbp_m_per_year,
        budget_gbp_m=budget_gbp_m,
        target_gbp_m=target_gbp_m,
        draws=settings.draws,
        seed=settings.seed,
        sampler=settings.sampler,
        search_draws=searched.draws,
        scenario=loaded.model_copy(update={"plan": problem.surface.plan(best)}),
        value=value,
        value_mcse=mcse,
        bound=chosen.bound if with_bound else None,
        gap=(chosen.bound - chosen.value) / max(abs(chosen.value), 1e-12) if with_bound else None,
        surface_error=abs(on_surface - there),
        places=tables.places(best, pairs["best"]),
        steps=steps,
        alternatives=tables.alternatives(splits, series, verdicts),
        by_year=tables.years(best),
        frontier=frontier,
        stability=regrets,
        pair=pairs["best"],
        verdicts=verdicts,
        notes=_notes(problem, chosen.proven, stricter),
        _steps=step_draws,
    )


def _check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise SettingError(
            f"{name}: must be one of {', '.join(allowed)}, not {value!r}"
            f"{did_you_mean(value, allowed)}"
        )


def _check_budgets(yearly: float | None, total: float | None) -> None:
    if yearly is None and total is None:
        raise SettingError("budget: state budget_gbp_m_per_year, budget_gbp_m or both")
    for name, amount in (("budget_gbp_m_per_year", yearly), ("budget_gbp_m", total)):
        if amount is not None and not (amount >= 0 and math.isfinite(amount)):
            raise SettingError(f"{name}: must be an amount of 0 or more, not {amount!r}")


def _units(dataset: Dataset, places: Sequence[str] | str) -> list[Unit]:
    """The places, none of which holds part of another."""
    names = [places] if isinstance(places, str) else [*places]
    if len(names) == 1:
        names = [*unit_of(dataset, names[0]).members]
    units = [unit_of(dataset, name) for name in names]
    if not units:
        raise SettingError("places: need one at least")
    if len(units) > MOST_PLACES:
        raise SettingError(f"places: at most {MOST_PLACES}, not {len(units)}; split groups first")
    held: dict[str, str] = {}
    for unit in units:
        for code in unit.members:
            if code in held:
                twice = "is named twice" if held[code] == unit.name else f"overlaps {held[code]}"
                raise SettingError(f"places: {unit.name} {twice}")
            held[code] = unit.name
    return units


def _notes(problem: Problem, proven: bool, stricter: Sequence[str]) -> list[str]:
    notes = [
        "Costs and budgets are expected costs, with optimism bias and at the take-up that is "
        "expected. Sizes of effect are judgement.",
    ]
    if problem.objective == "p_target":
        notes.append("Of a chance no bound is known: another split may reach a higher one.")
    elif not proven:
        notes.append(
            "Too many splits come near the best for all to be compared; none is worth more than "
            "the bound."
        )
    if stricter:
        notes.append(f"What reaches the target in {', '.join(stricter)} was searched anew.")
    return notes
