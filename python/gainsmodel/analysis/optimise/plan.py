"""The best package of levers for the money: search, frontier, order, and what could upset it."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.optimise.problem import (
    Grid,
    Option,
    Report,
    Trials,
    chance_of,
    net_present_value,
    worst_tenth,
)
from gainsmodel.analysis.optimise.response_surface import Surface
from gainsmodel.analysis.optimise.search import Found, best_for_money, ready, search, value_of
from gainsmodel.analysis.optimise.tables import REGRET, _Table
from gainsmodel.analysis.take_up_cases import CASES, TakeUpCases, take_up_cases
from gainsmodel.analysis.verdict import NOTHING, verdict
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Goal, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import ScenarioError, SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Progress
from gainsmodel.results.plan_levers import yearly_costs
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.settings import MAX_SEED, Settings

GOALS: tuple[Goal, ...] = get_args(Goal)
# What each is called within a sentence.
SAID = {
    "net_present_value": "net present value",
    "p_target": "chance of reaching the target",
    "worst_tenth": "net present value in the worst tenth of futures",
}
CURVES = {"bass": "Bass curve", "logistic": "Logistic curve", "gompertz": "Gompertz curve"}
# Packages that are valued anew, and sets of futures they are valued on.
FINALISTS, FRESH = 10, 5
LEAST_SEARCHED = 500


@dataclass(frozen=True, eq=False, repr=False)
class Plan(ShownInNotebooks):
    """The best package for the money; made by `plan`.

    Amounts are £m in the scenario's prices; costs are a year, once every lever runs, what adopting
    costs firms left out. ``objective`` is £m of present value, or a probability.

    Attributes
    ----------
    area, objective : str
        Name of the area, and one of ``net_present_value``, ``p_target``, ``worst_tenth``.
    target_gbp_m, budget_gbp_m_per_year : float, optional
    draws, seed : int
    sampler : str
    search_draws : int
        Draws of the search, and of every table but `recommended`.
    scenario : Scenario
        The scenario with the recommended package as its plan, to run or to save.
    recommended : dict
        The best on the draws of the search, with the columns of `tried`; from a run of its own
        on `draws`, so that it says what `appraise` says of the same plan.
    take_up : TakeUpCases, optional
        What that would be worth at the take-up of earlier programmes; None where no lever is best.
    levers : pl.DataFrame
        Each lever in the recommended package: ``lever``, ``label``, ``intensity``,
        ``start_years`` (null where the scenario's own), ``cost_gbp_m_per_year``, and
        ``evidence``, the grade of its cost.
    tried, frontier : pl.DataFrame
        Every package within the budget that was run, and those among them that no cheaper one
        equals, cheapest first: ``cost_gbp_m_per_year``, ``cost_gbp_per_head``, ``objective``
        and ``objective_mcse``; mean, ``_p05``, ``_p50``, ``_p95`` and ``_mcse_mean`` of
        ``net_present_value_gbp_m`` and ``added_final_year_gbp_m``, of the latter also
        ``_p_below_1``, the chance of less than £1m; ``p_pays_back``;
        ``p_target``, null without a target; ``levers``, in words; and ``intensity_…`` of each
        lever (``start_years_…`` too where starts were tried).
    order : pl.DataFrame
        The recommended package lever by lever, each time the one that raises the objective
        most for its cost: ``lever``, ``label``, ``intensity``, ``cost_gbp_m_per_year``,
        ``gain`` (in the objective, added to those before it) and ``gain_mcse``,
        ``gain_per_gbp_m``, ``objective_after`` and ``evidence``.
    finalists : pl.DataFrame
        The best packages on the futures of the search, valued again on futures that played no
        part in it: ``levers``, ``cost_gbp_m_per_year``, ``objective``, ``objective_fresh`` and
        ``objective_fresh_mcse``, ``behind`` (recommended less this one, on the fresh futures),
        ``behind_mcse`` and ``distinguishable``, whether the 95% interval of that excludes 0.
        A choice of the highest of many flatters it; the fresh value does not.
    regret : pl.DataFrame
        What the recommended package loses against the best of the finalists on other futures,
        and against the best that a new search finds under other structures of the model:
        ``variant``, ``kind`` (``futures`` or ``structure``), ``best`` (levers in words),
        ``objective_best``, ``objective_recommended``, ``regret``, ``regret_mcse`` and ``same``.
    runs, looked_at : int
        Runs made in the search, and packages looked at on its surface.
    every, settled : bool
        Whether those were all that are affordable, and whether all were run that could be the
        best within three times the error of the surface.
    surface_error : float
        Farthest that the surface was off, in the unit of the objective.
    summary, notes : list of str
        What follows, in sentences; and what to know about the calculation.
    """

    area: str
    objective: Goal
    target_gbp_m: float | None
    budget_gbp_m_per_year: float | None
    draws: int
    seed: int
    sampler: str
    search_draws: int
    scenario: Scenario
    recommended: dict[str, Any]
    take_up: TakeUpCases | None
    levers: pl.DataFrame
    tried: pl.DataFrame
    frontier: pl.DataFrame
    order: pl.DataFrame
    finalists: pl.DataFrame
    regret: pl.DataFrame
    runs: int
    looked_at: int
    every: bool
    settled: bool
    surface_error: float
    summary: list[str]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        tables = ("levers", "tried", "frontier", "order", "finalists", "regret")
        return {
            **{name: value for name, value in self.__dict__.items() if name not in tables},
            "scenario": self.scenario.to_dict(),
            "take_up": None if self.take_up is None else self.take_up.to_dict(),
            **{name: getattr(self, name).to_dicts() for name in tables},
        }


def plan(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    *,
    budget_gbp_m_per_year: float | None = None,
    budget_gbp_per_head: float | None = None,
    objective: Goal = "net_present_value",
    target_gbp_m: float | None = None,
    intensities: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    starts: Sequence[float] | None = None,
    stability: bool = True,
    draws: int = 10_000,
    search_draws: int = 2_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> Plan:
    """Find the package of levers in an area that is best for the money.

    Every package meets the same futures. `docs/explanation/model.md`, section 10, has the
    objectives; decision 10 how the search works and how it compares with trying everything.

    Parameters
    ----------
    scenario : Scenario, str or path
        What is assumed; what it plans itself is left aside.
    area : str
        Area or group, by name or code: the levers are moved there, and what they add and cost
        is counted there.
    budget_gbp_m_per_year, budget_gbp_per_head : float, optional
        What the package may cost a year once running, £m or £ a resident; the tighter one
        holds. Without either, whatever all levers cost. Costs are expected values, with
        optimism bias and at the take-up that is expected, as in `lever_costs`.
    objective : {"net_present_value", "p_target", "worst_tenth"}
        What is maximised: the expected net present value as in `appraise`; the probability
        that the gain added in the final year is at least `target_gbp_m`; or the mean net
        present value of the tenth of futures in which it is lowest.
    target_gbp_m : float, optional
        £m a year in the final year, above 0; needed for ``p_target``.
    intensities : sequence of float
        Intensities a lever may have, 0 to 1.
    starts : sequence of float, optional
        Years from the start in which a lever may begin; when the scenario says if left out.
    stability : bool
        Whether to value finalists on fresh futures and to search again under other structures,
        most of the work.
    draws : int
        Draws behind what is said of the recommended package, 100 to 100,000.
    search_draws : int
        Draws on which packages are tried, `draws` at most.
    seed, sampler, geography, dataset, threads
        As in `run`.
    on_progress : callable, optional
        Called with (draws done, draws expected in all); raise `RunCancelled` in it to stop.

    Returns
    -------
    Plan

    Raises
    ------
    ScenarioError, SettingError, UnknownNameError, DataError
        For anything the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> best = gainsmodel.plan(
    ...     "reference", "Wales", budget_gbp_m_per_year=5, draws=200, stability=False
    ... )
    >>> best.recommended["cost_gbp_m_per_year"] <= 5
    True
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    if objective not in GOALS:
        raise SettingError(
            f"objective: must be one of {', '.join(GOALS)}, not {objective!r}"
            f"{did_you_mean(objective, GOALS)}"
        )
    if target_gbp_m is not None and not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
        raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")
    if objective == "p_target" and target_gbp_m is None:
        raise SettingError("target_gbp_m: is needed for the objective p_target, £m a year")
    grid = _grid(loaded, figures, unit, intensities, starts)
    ready(grid)
    residents_m = _residents_m(figures, unit)
    budget = _budget(grid, residents_m, budget_gbp_m_per_year, budget_gbp_per_head)
    if objective == "p_target" and target_gbp_m is not None:
        goal = chance_of(target_gbp_m)
    else:
        goal = worst_tenth() if objective == "worst_tenth" else net_present_value()
    variants = [*other_structures(loaded)] if stability else []
    surface = len(grid.levers) * (len(grid.options) - 1)
    surface += math.comb(len(grid.levers), 2) * len(grid.starts) ** 2
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    searched = replace(settings, draws=min(search_draws, settings.draws))
    few = fewer(searched.draws)
    again = FRESH * (FINALISTS + 1) + len(variants) * FINALISTS
    again += math.ceil(len(variants) * (surface + 15) * few / searched.draws)
    # As was asked: the reference, the best package, its runner-up, no lever, other take-up.
    again = (again if stability else 0) + math.ceil(
        (4 + len(CASES)) * settings.draws / searched.draws
    )
    report = Report(on_progress, searched.draws, surface + 60 + again)

    def trials_of(of: Scenario, settings: Settings, *, alone: bool = True) -> Trials:
        on_run = partial(report.run, draws=settings.draws)
        return Trials(of, figures, unit, settings, threads, on_run, alone=alone)

    trials = trials_of(loaded, searched)
    asked = trials_of(loaded, settings, alone=False)
    found = search(Surface(trials, grid), goal, budget, frontier=True)
    best, runs = found.best, trials.runs
    ranked = sorted(found.tried, key=lambda p: (-found.tried[p], grid.cost(p)))
    table = _Table(loaded, trials, grid, goal, residents_m, target_gbp_m)
    front = best_for_money(grid, found.tried)
    by_cost = sorted(found.tried, key=lambda p: (grid.cost(p), -found.tried[p]))
    order = table.order(best)

    others = [
        trials_of(loaded, replace(searched, seed=(seed + i) & MAX_SEED))
        for i in range(1, FRESH + 1)
        if stability
    ]
    finalists = table.finalists(ranked[:FINALISTS], others)
    rows = [
        table.regret(
            f"Other futures, seed {other.settings.seed}",
            "futures",
            other,
            best,
            max(ranked[:FINALISTS], key=lambda p: value_of(other, grid, goal, p)),
        )
        for other in others
    ]
    for name, variant in variants:
        other = trials_of(variant, searched)
        tried = search(Surface(other.fewer(few), grid), goal, budget).tried
        ahead = sorted(tried, key=lambda p: (-tried[p], grid.cost(p)))[:FINALISTS]
        there = max(ahead, key=lambda p: value_of(other, grid, goal, p))
        rows.append(table.regret(name, "structure", other, best, there))
    rivals = [p for p in dict.fromkeys([*ranked[1:2], grid.nothing]) if p != best]
    pairs = {p: asked.pair(grid.plan(p)) for p in (best, *rivals)}
    names = {p: NOTHING if p == grid.nothing else table.said(p) for p in pairs}
    verdicts = [
        verdict(pairs[best], pairs[p], unit).in_words(names[best], names[p]) for p in rivals
    ]
    cases = None
    if best != grid.nothing:
        cases = take_up_cases(
            *(pairs[best], unit.code),
            threads=threads,
            on_progress=lambda done, _: report.run(done, settings.draws * len(CASES)),
        )
    report.end()

    frame = table.frame(by_cost)
    exact = _Table(loaded, asked, grid, goal, residents_m, target_gbp_m)
    recommended = exact.frame([best]).row(0, named=True)
    levers = table.levers(best)
    regret = pl.DataFrame(rows, schema=REGRET, orient="row")
    result = Plan(
        area=unit.name,
        objective=objective,
        target_gbp_m=target_gbp_m,
        budget_gbp_m_per_year=(
            None if budget_gbp_m_per_year is None and budget_gbp_per_head is None else budget
        ),
        draws=settings.draws,
        seed=settings.seed,
        sampler=settings.sampler,
        search_draws=searched.draws,
        scenario=trials.with_plan(grid.plan(best)),
        recommended=recommended,
        take_up=cases,
        levers=levers,
        tried=frame,
        frontier=table.frame(front),
        order=order,
        finalists=finalists,
        regret=regret,
        runs=runs,
        looked_at=found.looked_at,
        every=found.every,
        settled=found.settled,
        surface_error=found.error,
        summary=[],
        notes=_notes(found, runs, levers, searched.draws, loaded.setting.price_year),
    )
    result.summary.extend(_summary(result, loaded, verdicts))
    return result


def fewer(draws: int) -> int:
    """Futures on which another structure is searched before the ten best are run on all."""
    return min(draws, max(LEAST_SEARCHED, draws // 4))


def steps_and_starts(
    scenario: Scenario, intensities: Sequence[float], starts: Sequence[float] | None
) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    """Intensities from 0 upwards, and years of starts; None where the scenario says."""
    for x in intensities:
        if not 0 <= x <= 1:
            raise SettingError(f"intensities: each must be from 0 to 1, not {x!r}")
    steps = tuple(sorted({0.0, *map(float, intensities)}))
    if len(steps) < 2:
        raise SettingError("intensities: need one above 0, such as (0, 0.5, 1)")
    if starts is not None and not starts:
        raise SettingError("starts: need a year, such as (0, 1), or leave them out")
    last = scenario.setting.horizon_years
    for year in starts or ():
        if not 0 <= year <= last:
            raise SettingError(f"starts: each must be a year from 0 to {last}, not {year!r}")
    return steps, (None,) if starts is None else tuple(sorted({float(year) for year in starts}))


def _grid(
    scenario: Scenario,
    dataset: Dataset,
    unit: Unit,
    intensities: Sequence[float],
    starts: Sequence[float] | None,
) -> Grid:
    """What packages are made of."""
    if not scenario.levers:
        raise ScenarioError("levers: the scenario has none, so there is nothing to plan")
    steps, first = steps_and_starts(scenario, intensities, starts)
    levers = tuple(scenario.levers)
    full = scenario.model_copy(update={"plan": {unit.code: dict.fromkeys(levers, 1.0)}})
    costs = yearly_costs(full, dataset, unit)

    def plan_of(chosen: Mapping[str, Option]) -> dict[str, dict[str, Any]]:
        return {unit.code: {lever: option.planned() for lever, option in chosen.items()}}

    return Grid(
        levers=levers,
        intensities=steps,
        starts=first,
        full_costs_gbp_m=tuple(costs[lever] for lever in levers),
        plan_of=plan_of,
    )


def _budget(
    grid: Grid, residents_m: float, gbp_m_per_year: float | None, gbp_per_head: float | None
) -> float:
    """The tighter budget, £m a year."""
    budget = math.fsum(grid.full_costs_gbp_m)
    for name, amount, each in (
        ("budget_gbp_m_per_year", gbp_m_per_year, 1.0),
        ("budget_gbp_per_head", gbp_per_head, residents_m),
    ):
        if amount is not None:
            if not (amount >= 0 and math.isfinite(amount)):
                raise SettingError(f"{name}: must be an amount of 0 or more, not {amount!r}")
            budget = min(budget, amount * each)
    least = min(grid.full_costs_gbp_m) * grid.intensities[1]
    if not grid.affordable(budget)(least):
        raise SettingError(
            f"budget: {format.cost(budget)} a year buys no lever; the cheapest step, "
            f"{grid.levers[grid.full_costs_gbp_m.index(min(grid.full_costs_gbp_m))]} at "
            f"{format.whole_percent(grid.intensities[1])}, costs {format.cost(least)} a year"
        )
    return budget


def _residents_m(dataset: Dataset, unit: Unit) -> float:
    areas = dataset.areas.filter(pl.col("area_code").is_in(unit.members))
    return float(areas["population"].sum()) / 1e6


def other_structures(scenario: Scenario) -> list[tuple[str, Scenario]]:
    """The scenario under every other curve, with spillover and without.

    Where structures of the scenario differ in the curve, as it is, without spillover.
    """
    if scenario.differs_between_structures("setting.curve"):
        return [("no spillover", scenario.edit({"parameters.spillover_share.value": 0.0}))]
    found = []
    for spillover in (True, False):
        for curve, name in CURVES.items():
            if spillover and curve == scenario.setting.curve:
                continue
            changes: dict[str, Any] = {"setting.curve": curve}
            if not spillover:
                changes["parameters.spillover_share.value"] = 0.0
            found.append((name if spillover else f"{name}, no spillover", scenario.edit(changes)))
    return found


def _amount(goal: str, value: float, mcse: float, draws: int) -> str:
    """A value of the objective in words."""
    return format.out_of_100(value, draws) if goal == "p_target" else format.gbp(value, mcse)


def _summary(plan: Plan, scenario: Scenario, verdicts: Sequence[str]) -> list[str]:
    """What follows, in sentences."""
    row, goal, draws = plan.recommended, plan.objective, plan.draws
    money = (
        "Whatever it costs"
        if plan.budget_gbp_m_per_year is None
        else f"For up to {format.cost(plan.budget_gbp_m_per_year)} a year"
    )
    final = scenario.setting.start_year + scenario.setting.horizon_years
    if not plan.levers.height:
        why = (
            f"reaches {format.goal(plan.target_gbp_m or 0.0)} a year by {final} in any future"
            if goal == "p_target"
            else f"has a better {SAID[goal]} than doing nothing"
        )
        none = f"{money}, no package of levers in {plan.area} {why}."
        return [none, *(verdicts if goal != "p_target" else ())]
    sentences = [
        f"{money}, the best package found in {plan.area} is: {row['levers']}. It costs "
        f"{format.cost(row['cost_gbp_m_per_year'])} a year on average once running."
    ]
    spread = format.gbp_range(
        row["net_present_value_gbp_m_p05"], row["net_present_value_gbp_m_p95"]
    )
    if goal == "p_target":
        sentences.append(
            f"It adds at least {format.goal(plan.target_gbp_m or 0.0)} a year by {final} "
            f"{format.chance(row['objective'], draws)}."
        )
    else:
        value = format.gbp(row["objective"], row["objective_mcse"])
        which = " on average" if goal == "net_present_value" else ""
        told = f": {value}" if value == format.TOO_FEW else f" is {value}{which}"
        sentences.append(
            f"Its {SAID[goal]}{told}; in 9 of 10 futures its net present value is {spread}."
        )
        if plan.target_gbp_m is not None:
            sentences.append(
                f"It adds at least {format.goal(plan.target_gbp_m)} a year by {final} "
                f"{format.chance(row['p_target'], draws)}."
            )
    sentences += verdicts
    if plan.finalists.height:
        fresh_draws = FRESH * plan.search_draws
        fresh = plan.finalists.row(0, named=True)
        value = _amount(goal, fresh["objective_fresh"], fresh["objective_fresh_mcse"], fresh_draws)
        told = f": {value}" if value == format.TOO_FEW else f" is {value}"
        sentences.append(
            f"On {fresh_draws:,} other draws, which played no part in the choice, its "
            f"{SAID[goal]}{told}."
        )
        better = plan.finalists.filter((pl.col("behind") < 0) & pl.col("distinguishable"))
        alike = plan.finalists.filter(~pl.col("distinguishable")).height - 1
        if better.height:
            other = better.sort("objective_fresh", descending=True).row(0, named=True)
            value = _amount(
                goal, other["objective_fresh"], other["objective_fresh_mcse"], fresh_draws
            )
            sentences.append(f"There another does better: {other['levers']}, with {value}.")
        elif alike > 0:
            sentences.append(
                f"There {alike} of the {plan.finalists.height - 1} packages that come next are "
                "within simulation error of it."
            )
    first = plan.order.row(0, named=True)
    gained = (
        f"raises the chance by {100 * first['gain']:.0f} in 100"
        if goal == "p_target"
        else f"adds {format.gbp(first['gain'], first['gain_mcse'])}"
    )
    told = "" if gained.endswith(format.TOO_FEW) else f" which {gained}"
    sentences.append(
        f"Bought first: {first['label']},{told} for "
        f"{format.cost(first['cost_gbp_m_per_year'])} a year, the best value for money."
    )
    if plan.regret.height:
        sentences.append(_stable(plan))
    return sentences


def _stable(plan: Plan) -> str:
    """How the recommended package does elsewhere."""
    parts = []
    for kind, what in (("futures", "other sets of futures"), ("structure", "other structures")):
        of = plan.regret.filter(pl.col("kind") == kind)
        parts.append(f"in {of['same'].sum()} of {of.height} {what}")
    worst = plan.regret.sort("regret", descending=True).row(0, named=True)
    said = f"The same package is best {' and '.join(parts)}"
    if worst["regret"] <= 0:
        return f"{said}."
    loss = (
        f"{100 * worst['regret']:.1f} in 100 of the chance"
        if plan.objective == "p_target"
        else f"{format.gbp(worst['regret'])} of {SAID[plan.objective]}"
    )
    return f"{said}; the most it loses is {loss} (“{worst['variant']}”)."


def _notes(
    search: Found, runs: int, levers: pl.DataFrame, draws: int, price_year: int
) -> list[str]:
    looked = "every package within the budget" if search.every else "the packages it came across"
    notes = [
        f"The search looked at {looked} ({search.looked_at:,}) on a surface made of single levers "
        f"and pairs, and ran {runs:,} plans on {draws:,} draws; the surface was off by at most "
        f"{search.error:.2g}. Order, table and other structures come from the search too.",
        "Net present value counts what the authority and firms spend, discounted, in "
        f"{price_year} prices. Sizes of effect are judgement.",
        "Costs and the budget are expected costs a year once running: with optimism bias, and at "
        "the take-up that is expected; at full take-up the same package costs more.",
    ]
    if not search.settled:
        notes.append(
            "Too many packages come near the best for all to be run, so the best may not be found; "
            "it would be better by no more than the error of the surface."
        )
    grades = dict.fromkeys(levers["evidence"])
    if grades:
        notes.append(f"Evidence for what the levers cost: {', '.join(grades)}.")
    return notes
