"""The smallest plan, or the smallest budget, that reaches a target with a given probability."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.optimise.problem import (
    Grid,
    LeverPlan,
    Objective,
    Report,
    Trials,
    chance_of,
)
from gainsmodel.analysis.optimise.response_surface import Surface
from gainsmodel.analysis.optimise.search import cheapest
from gainsmodel.analysis.target import Z975, _plain, check_of
from gainsmodel.choices import Of, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import ScenarioError, SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Progress
from gainsmodel.results.plan_levers import levers_moved_in, yearly_costs
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.settings import Settings

# Intensities are found to this.
FINE = 1 / 512
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Five intensities of each lever are all looked at; more levers would be too many packages.
MOST_LEVERS = 6


@dataclass(frozen=True, eq=False, repr=False)
class GoalSeek(ShownInNotebooks):
    """The smallest plan and budget that reach a target; made by `goal_seek`.

    Attributes
    ----------
    area, of : str
    target_gbp_m, probability : float
    outcome : {"reached", "not_reachable", "met_without"}
        Whether the planned levers can reach it with that probability; if they cannot even at
        full intensity; or if it is met with no lever at all.
    p_without, p_most, p_most_mcse : float
        Probability with no planned lever and with all of them at full intensity; standard error
        of the latter. On `draws`, as in `target`.
    intensity, intensity_low, intensity_high : float, optional
        Smallest common intensity of the planned levers, and the ends of its 95% interval from
        the number of futures; None where there is none (the upper end: beyond 1).
    intensity_p : float, optional
        Probability at that intensity on `draws`, as `target` gives it for the same plan.
    intensity_cost_gbp_m_per_year : float, optional
        What that costs a year once running.
    budget_gbp_m_per_year, budget_low, budget_high : float, optional
        Smallest budget over the planned levers, £m a year once running: the cheapest package
        of intensities in quarters, then scaled down; and its 95% interval, along that scale.
    levers : pl.DataFrame
        What that budget buys: ``lever``, ``label``, ``intensity``, ``cost_gbp_m_per_year``,
        ``evidence`` of the cost.
    draws, search_draws, seed, runs, final_year : int
        Draws as asked, and those of the search for intensity and budget.
    sampler : str
    """

    area: str
    of: str
    target_gbp_m: float
    probability: float
    outcome: str
    p_without: float
    p_most: float
    p_most_mcse: float
    intensity: float | None
    intensity_low: float | None
    intensity_high: float | None
    intensity_p: float | None
    intensity_cost_gbp_m_per_year: float | None
    budget_gbp_m_per_year: float | None
    budget_low: float | None
    budget_high: float | None
    levers: pl.DataFrame
    draws: int
    search_draws: int
    seed: int
    sampler: str
    runs: int
    final_year: int

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        of = "adding" if self.of == "added" else "a digital gain of"
        goal = f"{of} {format.goal(self.target_gbp_m)} a year in {self.area} by {self.final_year}"
        wanted = f"{100 * self.probability:g} of 100 futures"
        if self.outcome == "met_without":
            chance = format.chance(self.p_without, self.draws)
            return [f"Already met without any lever: {goal} happens {chance}."]
        if self.outcome == "not_reachable":
            most = format.chance(self.p_most, self.draws)
            return [
                f"Not reachable with these levers: even at full intensity {goal} happens "
                f"{most}, not in {wanted}."
            ]
        assert self.intensity is not None
        assert self.intensity_p is not None
        assert self.intensity_cost_gbp_m_per_year is not None
        at, low, high = (
            "beyond 100%" if share is None else format.intensity(share)
            for share in (self.intensity, self.intensity_low or 0.0, self.intensity_high)
        )
        said = [
            f"{goal[0].upper()}{goal[1:]} in {wanted} takes all planned levers at "
            f"{format.about(at)} ({low} to {high} from the number of futures alone), "
            f"{format.cost(self.intensity_cost_gbp_m_per_year)} a year once running. With that it "
            f"happens {format.chance(self.intensity_p, self.draws)}."
        ]
        if self.budget_gbp_m_per_year is not None:
            bought = ", ".join(
                f"{row['label']} {format.intensity(row['intensity'])}"
                for row in self.levers.iter_rows(named=True)
            )
            said.append(
                "Spread over the levers in the best way, "
                f"{format.about(format.cost(self.budget_gbp_m_per_year))} a year is enough: "
                f"{bought}."
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self.__dict__, "levers": self.levers.to_dicts(), "summary": self.summary}


def goal_seek(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    target_gbp_m: float,
    probability: float = 0.8,
    *,
    of: Of = "added",
    budget: bool = True,
    draws: int = 10_000,
    search_draws: int = 2_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> GoalSeek:
    """Find the smallest intensity, and the smallest budget, that reaches a target.

    Everything uses the same draws; in each of them more of a lever adds no less (section 6
    of `docs/explanation/model.md`), so the probability is found by bisection.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario whose plan moves levers in the area. They keep their start and ramp; what it
        plans in other areas stays as it is.
    area : str
        Area or group, by name or code: the target holds there, and costs are counted there.
    target_gbp_m : float
        £m a year in the final year, above 0.
    probability : float
        With which it is to be reached, above 0 and below 1.
    of : {"added", "gain"}
        As in `target`.
    budget : bool
        Whether to look for the smallest budget too, most of the work; up to six levers.
    draws : int
        Draws behind the probabilities that are stated, 100 to 100,000.
    search_draws : int
        Draws on which intensities and packages are tried, `draws` at most.
    seed, sampler, geography, dataset, threads
        As in `run`.
    on_progress : callable, optional
        Called with (draws done, draws expected in all); raise `RunCancelled` in it to stop.

    Returns
    -------
    GoalSeek

    Raises
    ------
    ScenarioError
        If the plan moves no lever in the area.
    SettingError, UnknownNameError, DataError
        For anything else the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.goal_seek(
    ...     "skills_first", "Greater Manchester", 5, 0.4, budget=False, draws=200
    ... )
    >>> found.outcome
    'reached'
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    check_of(of)
    if not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
        raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")
    if not 0 < probability < 1:
        hint = f"; {probability:g} of 100 is {probability / 100:g}" if 1 < probability < 100 else ""
        raise SettingError(f"probability: must be above 0 and below 1, not {probability!r}{hint}")
    planned = levers_moved_in(loaded, figures, unit)
    if not planned:
        raise ScenarioError(
            f"plan: no lever is moved in {unit.name}, so there is nothing to reach a target with; "
            f'set one, such as plan."{unit.name}".skills = 1.0'
        )
    surface = (len(QUARTERS) - 1) * len(planned) + math.comb(len(planned), 2)
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    searched = replace(settings, draws=min(search_draws, settings.draws))
    # The reference, no lever, all of them and what is found, as was asked.
    as_asked = math.ceil(4 * settings.draws / searched.draws)
    report = Report(on_progress, searched.draws, 25 + budget * (surface + 40) + as_asked)

    def trials_of(settings: Settings, *, alone: bool) -> Trials:
        on_run = partial(report.run, draws=settings.draws)
        return Trials(loaded, figures, unit, settings, threads, on_run, alone=alone)

    # A plan that stays in other areas is none of the unit alone.
    elsewhere = any(not {*figures.resolve(place)} <= {*unit.members} for place in loaded.plan)
    trials = trials_of(searched, alone=not elsewhere)
    asked = trials_of(settings, alone=False)

    def plan_of(intensity: Mapping[str, float]) -> LeverPlan:
        """The plan with the planned levers at these intensities in the area, the rest as it is."""
        moved: dict[str, dict[str, Any]] = {}
        for place, entries in loaded.plan.items():
            here = {*figures.resolve(place)} & {*unit.members}
            moved[place] = {
                lever: _plain(entry)
                | ({"intensity": intensity.get(lever, 0.0)} if here and entry.intensity else {})
                for lever, entry in entries.items()
            }
        return moved

    costs = yearly_costs(trials.with_plan(plan_of(dict.fromkeys(planned, 1.0))), figures, unit)

    def goal_on(trials: Trials) -> Objective:
        nothing = trials.trial(plan_of({}))
        besides = nothing.gain_gbp_m - nothing.added_gbp_m if of == "gain" else 0.0
        return chance_of(target_gbp_m, besides)

    def chance_on(trials: Trials, intensity: Mapping[str, float]) -> tuple[float, float]:
        trial = trials.trial(plan_of(intensity))
        series = goal_on(trials).series(trial.added_gbp_m, trial.net_present_value_gbp_m)
        return trials.mean(series)

    everything = dict.fromkeys(planned, 1.0)
    p_without, _ = chance_on(asked, {})
    p_most, p_most_mcse = chance_on(asked, everything)
    base: dict[str, Any] = {
        "area": unit.name,
        "of": of,
        "target_gbp_m": float(target_gbp_m),
        "probability": float(probability),
        "p_without": p_without,
        "p_most": p_most,
        "p_most_mcse": p_most_mcse,
        "draws": settings.draws,
        "search_draws": searched.draws,
        "seed": settings.seed,
        "sampler": settings.sampler,
        "final_year": loaded.setting.start_year + loaded.setting.horizon_years,
    }
    unknown: dict[str, Any] = dict.fromkeys(
        (
            *("intensity", "intensity_low", "intensity_high", "intensity_p"),
            "intensity_cost_gbp_m_per_year",
            *("budget_gbp_m_per_year", "budget_low", "budget_high"),
        )
    )
    no_levers = pl.DataFrame(schema=LEVERS)
    if p_without >= probability or p_most < probability:
        outcome = "met_without" if p_without >= probability else "not_reachable"
        report.end()
        return GoalSeek(**base, **unknown, outcome=outcome, levers=no_levers, runs=trials.runs)

    chance = partial(chance_on, trials)
    common = _smallest(chance, everything, probability)
    found = unknown | {
        "intensity": common.at,
        "intensity_low": common.low,
        "intensity_high": common.high,
        "intensity_p": chance_on(asked, dict.fromkeys(planned, common.at))[0],
        "intensity_cost_gbp_m_per_year": common.at * math.fsum(costs[lever] for lever in planned),
    }
    levers = no_levers
    if budget and len(planned) <= MOST_LEVERS:
        grid = Grid(
            levers=planned,
            intensities=QUARTERS,
            starts=(None,),
            full_costs_gbp_m=tuple(costs[lever] for lever in planned),
            plan_of=lambda chosen: plan_of({k: o.intensity for k, o in chosen.items()}),
        )
        package = cheapest(Surface(trials, grid), goal_on(trials), probability)
        bought = {} if package is None else grid.chosen(package)
        least = {lever: option.intensity for lever, option in bought.items()}
        scale = _smallest(chance, least, probability)
        full = math.fsum(costs[lever] * x for lever, x in least.items())
        if full * scale.at > found["intensity_cost_gbp_m_per_year"]:
            # Quarters are too coarse here: all levers alike cost less.
            least, scale = everything, common
            full = math.fsum(costs[lever] for lever in planned)
        found |= {
            "budget_gbp_m_per_year": full * scale.at,
            "budget_low": None if scale.low is None else full * scale.low,
            "budget_high": None if scale.high is None else full * scale.high,
        }
        levers = pl.DataFrame(
            [_lever(loaded, lever, x * scale.at, costs) for lever, x in least.items()],
            schema=LEVERS,
        )
    report.end()
    return GoalSeek(**base, **found, outcome="reached", levers=levers, runs=trials.runs)


LEVERS = {
    "lever": pl.String,
    "label": pl.String,
    "intensity": pl.Float64,
    "cost_gbp_m_per_year": pl.Float64,
    "evidence": pl.String,
}


def _lever(
    scenario: Scenario, lever: str, intensity: float, costs: Mapping[str, float]
) -> dict[str, Any]:
    of = scenario.levers[lever]
    return {
        "lever": lever,
        "label": of.label,
        "intensity": intensity,
        "cost_gbp_m_per_year": costs[lever] * intensity,
        "evidence": of.cost_gbp_per_head_per_year.evidence,
    }


@dataclass(frozen=True)
class _Scale:
    """How far a package is to be scaled, and the 95% interval of that."""

    at: float
    low: float | None
    high: float | None


def _smallest(
    chance: Callable[[Mapping[str, float]], tuple[float, float]],
    package: Mapping[str, float],
    probability: float,
) -> _Scale:
    """The smallest scale of a package at which the chance is at least the probability.

    The scale ends where the first lever is at full intensity.

    Its interval ends where the chance is 1.96 standard errors below and above it.
    """

    most = 1.0 / max(package.values())

    def of(scale: float) -> tuple[float, float]:
        return chance({lever: min(1.0, x * scale) for lever, x in package.items()})

    def smallest(wanted: float) -> float | None:
        if of(most)[0] < wanted:
            return None
        below, above = 0.0, most
        while above - below > FINE * most:
            middle = (below + above) / 2
            below, above = (below, middle) if of(middle)[0] >= wanted else (middle, above)
        return above

    # More draws than these have shown that all of it reaches the probability.
    at = smallest(probability) or most
    reach = Z975 * of(at)[1]
    return _Scale(at, smallest(probability - reach), smallest(probability + reach))
