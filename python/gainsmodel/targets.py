"""How likely a plan reaches a target, and how much of it, or how little money, reaches one."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from gainsmodel import words
from gainsmodel.data import Dataset
from gainsmodel.engine import Run, Sampler, Settings, levers_moved_in, resolve
from gainsmodel.errors import ScenarioError, SettingError
from gainsmodel.progress import Progress
from gainsmodel.result import Result, draws_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.problems import did_you_mean
from gainsmodel.scenario.schema import PlannedLever
from gainsmodel.search import Surface, cheapest
from gainsmodel.tables import Unit, chances_of, unit_of
from gainsmodel.trials import (
    Draws,
    Grid,
    LeverPlan,
    Report,
    Trials,
    chance_of,
    yearly_costs,
)

Of = Literal["added", "carried"]
OFS: tuple[Of, ...] = get_args(Of)
NO_LEVER = (
    "plan: no lever is moved in {}, so there is nothing to reach a target with; set one, such as "
    'plan."{}".skills = 1.0'
)
# The core's own reading of "larger than its share of GVA".
LARGER = 1.0 + 1e-6
# Intensities are found to this.
FINE = 1 / 512
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Five intensities of each lever are all looked at; more levers would be too many packages.
MOST_LEVERS = 6
Z975 = 1.959963984540054


@dataclass(frozen=True)
class Target:
    """The chance of reaching a target; made by `target`.

    Attributes
    ----------
    area : str
    kind : str
        ``gain_gbp_m`` (£m in the final year), ``gain_share_of_gva`` (of GVA in the final year)
        or ``share`` (of the national gain, on the scenario's basis).
    of : {"added", "carried"}
        Whether the plan is to add it, or digital adoption to carry it in all.
    threshold : float
        In the unit of the kind.
    null : bool
        Whether the threshold is the area's share of GVA, the null model.
    p, p_mcse : float
        Probability of reaching it under the plan, and its Monte Carlo standard error.
    p_without, p_without_mcse : float
        The same with no lever moved.
    excluded : float
        Share of futures left out: those whose national gain is too small to be shared.
    draws, seed, final_year : int
    """

    area: str
    kind: str
    of: str
    threshold: float
    null: bool
    p: float
    p_mcse: float
    p_without: float
    p_without_mcse: float
    excluded: float
    draws: int
    seed: int
    final_year: int

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        chance = words.chance(self.p, self.draws)
        if self.kind == "share":
            least = (
                f"more than its share of the economy ({words.percent(self.threshold)})"
                if self.null
                else f"at least {100 * self.threshold:.12g}%"
            )
            said = [f"The share of {self.area} in the national gain is {least} {chance}."]
        else:
            amount = (
                f"{words.goal(self.threshold)} a year"
                if self.kind == "gain_gbp_m"
                else f"{100 * self.threshold:.12g}% of its GVA"
            )
            verb = (
                "The plan adds at least"
                if self.of == "added"
                else "Digital adoption carries at least"
            )
            said = [f"{verb} {amount} in {self.area} by {self.final_year} {chance}."]
        if self.of == "carried":
            said.append(f"Without any lever it is {words.chance(self.p_without, self.draws)}.")
        if self.excluded:
            said.append(
                f"{words.percent(self.excluded)} of the futures are left out, in which the "
                "national gain is too small to be shared."
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self.__dict__, "summary": self.summary}


def target(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    *,
    gain_gbp_m: float | None = None,
    gain_share_of_gva: float | None = None,
    share: float | Literal["gva"] | None = None,
    of: Of = "added",
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> Target:
    """How likely a scenario's plan reaches a target in the final year.

    Parameters
    ----------
    scenario : Scenario, str or path
    area : str
        Area or group, by name or code.
    gain_gbp_m, gain_share_of_gva, share
        The target, one of them: £m a year at base-year prices; a share of the area's GVA in
        the same future, 0.01 for 1%; or a share of the national gain, ``"gva"`` for the area's
        own share of GVA, the null model, which is to be exceeded.
    of : {"added", "carried"}
        Whether the plan is to add it, net of displacement and the like where switched on, or
        digital adoption is to carry it in all. A share of the national gain is carried.
    draws, seed, sampler, geography, dataset, threads, on_progress
        As in `run`.

    Returns
    -------
    Target

    Raises
    ------
    ScenarioError
        If the plan is to add it, and moves no lever.
    SettingError, UnknownNameError, DataError
        For anything else the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.target("skills_first", "Greater Manchester", gain_gbp_m=50, draws=500)
    >>> 0 < found.p < 1
    True
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    given = {
        name: value
        for name, value in (
            ("gain_gbp_m", gain_gbp_m),
            ("gain_share_of_gva", gain_share_of_gva),
            ("share", share),
        )
        if value is not None
    }
    if len(given) != 1:
        raise SettingError(
            "target: needs exactly one of gain_gbp_m, gain_share_of_gva and share, found "
            + (", ".join(given) or "none")
        )
    (kind, wanted), *_ = given.items()
    null = wanted == "gva"
    if kind == "share":
        of = "carried"
        if set(unit.members) == set(figures.areas["area_code"]):
            raise SettingError("share: the UK's share is all of it in every future; name an area")
    _check_of(of)
    if not null and (isinstance(wanted, str) or not (wanted > 0 and math.isfinite(wanted))):
        raise SettingError(f"{kind}: must be a number above 0, not {wanted!r}")
    if kind != "gain_gbp_m" and not null and float(wanted) > 1:
        raise SettingError(f"{kind}: is a share, 0.01 for 1%, and cannot be {wanted:g}")
    if of == "added" and not loaded.moved_levers():
        raise ScenarioError(NO_LEVER.format("any area", unit.name))

    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    run = Run(loaded, figures, settings, threads, paired=True)
    results = run.results(on_progress)
    both = [_reached_by(result, results[1], kind, of, unit) for result in results]
    if null:
        shares = pl.concat([results[0].areas(), results[0].groups()], how="diagonal")
        gva = shares.filter(pl.col("area_code").is_in(unit.members))["gva_share"].sum()
        threshold, least = float(gva), float(gva) * LARGER
    else:
        threshold = least = float(wanted)
    (p, p_mcse), (q, q_mcse) = (_chance(values, least, sampler) for values in both)
    setting = loaded.setting
    return Target(
        area=unit.name,
        kind=kind,
        of=of,
        threshold=threshold,
        null=null,
        p=p,
        p_mcse=p_mcse,
        p_without=q,
        p_without_mcse=q_mcse,
        excluded=float(np.isnan(both[0]).mean()),
        draws=settings.draws,
        seed=settings.seed,
        final_year=setting.start_year + setting.horizon_years,
    )


def _reached_by(result: Result, without: Result, kind: str, of: str, unit: Unit) -> Draws:
    """What is held against the target, in every future."""
    metric = {
        "gain_gbp_m": "gain_final_year_gbp_m",
        "gain_share_of_gva": "uplift_final_year",
        "share": "share",
    }[kind]
    carried = draws_of(result, metric, unit)
    if kind == "share":
        return carried
    before = draws_of(without, metric, unit)
    added: Draws = (carried - before) * draws_of(result, "additionality")[0]
    return added if of == "added" else before + added


def _chance(values: Draws, least: float, sampler: str) -> tuple[float, float]:
    known = ~np.isnan(values)
    hits = np.where(known, values, -math.inf) >= least
    p, mcse = chances_of("p", hits[None], known[None], sampler)
    return (math.nan if p[0] is None else p[0]), (math.nan if mcse[0] is None else mcse[0])


def _check_of(of: str) -> None:
    if of not in OFS:
        raise SettingError(
            f"of: must be one of {', '.join(OFS)}, not {of!r}{did_you_mean(of, OFS)}"
        )


@dataclass(frozen=True, eq=False)
class Reach:
    """How much of a plan, and how little money, reaches a target; made by `reach`.

    Attributes
    ----------
    area, of : str
    target_gbp_m, probability : float
    outcome : {"reached", "not_reachable", "met_without"}
        Whether the planned levers can reach it with that probability; if they cannot even at
        full intensity; or if it is met with no lever at all.
    p_without, p_most, p_most_mcse : float
        Probability with no planned lever and with all of them at full intensity; standard error
        of the latter.
    intensity, intensity_low, intensity_high : float, optional
        Smallest common intensity of the planned levers, and the ends of its 95% interval from
        the number of futures; None where there is none (the upper end: beyond 1).
    intensity_cost_gbp_m_per_year : float, optional
        What that costs a year once running.
    budget_gbp_m_per_year, budget_low, budget_high : float, optional
        Smallest budget over the planned levers, £m a year once running: the cheapest package
        of intensities in quarters, then scaled down; and its 95% interval, along that scale.
    levers : pl.DataFrame
        What that budget buys: ``lever``, ``label``, ``intensity``, ``cost_gbp_m_per_year``,
        ``evidence`` of the cost.
    draws, seed, runs, final_year : int
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
    intensity_cost_gbp_m_per_year: float | None
    budget_gbp_m_per_year: float | None
    budget_low: float | None
    budget_high: float | None
    levers: pl.DataFrame
    draws: int
    seed: int
    runs: int
    final_year: int

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        verb = "adding" if self.of == "added" else "carrying"
        goal = f"{verb} {words.goal(self.target_gbp_m)} a year in {self.area} by {self.final_year}"
        wanted = f"{100 * self.probability:g} of 100 futures"
        if self.outcome == "met_without":
            chance = words.chance(self.p_without, self.draws)
            return [f"Already met without any lever: {goal} happens {chance}."]
        if self.outcome == "not_reachable":
            most = words.chance(self.p_most, self.draws)
            return [
                f"Not reachable with these levers: even at full intensity {goal} happens "
                f"{most}, not in {wanted}."
            ]
        assert self.intensity is not None
        assert self.intensity_cost_gbp_m_per_year is not None
        at, low, high = (
            "beyond 100%" if share is None else words.intensity(share)
            for share in (self.intensity, self.intensity_low or 0.0, self.intensity_high)
        )
        said = [
            f"{goal[0].upper()}{goal[1:]} in {wanted} takes all planned levers at "
            f"{words.about(at)} ({low} to {high} from the number of futures alone), "
            f"{words.cost(self.intensity_cost_gbp_m_per_year)} a year once running."
        ]
        if self.budget_gbp_m_per_year is not None:
            bought = ", ".join(
                f"{row['label']} {words.intensity(row['intensity'])}"
                for row in self.levers.iter_rows(named=True)
            )
            said.append(
                "Spread over the levers as is best, "
                f"{words.about(words.cost(self.budget_gbp_m_per_year))} a year is enough: {bought}."
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self.__dict__, "levers": self.levers.to_dicts(), "summary": self.summary}


def reach(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    target_gbp_m: float,
    probability: float = 0.8,
    *,
    of: Of = "added",
    budget: bool = True,
    draws: int = 2_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> Reach:
    """Find the smallest intensity, and the smallest budget, that reaches a target.

    Everything meets the same futures; in each of them more of a lever adds no less (section 6
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
    of : {"added", "carried"}
        As in `target`.
    budget : bool
        Whether to look for the smallest budget too, most of the work; up to six levers.
    draws : int
        Futures, 100 to 100,000.
    seed, sampler, geography, dataset, threads
        As in `run`.
    on_progress : callable, optional
        Called with (draws done, draws expected in all); raise `RunCancelled` in it to stop.

    Returns
    -------
    Reach

    Raises
    ------
    ScenarioError
        If the plan moves no lever in the area.
    SettingError, UnknownNameError, DataError
        For anything else the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.reach(
    ...     "skills_first", "Greater Manchester", 20, 0.5, budget=False, draws=200
    ... )
    >>> found.outcome
    'reached'
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    _check_of(of)
    if not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
        raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")
    if not 0 < probability < 1:
        hint = f"; {probability:g} of 100 is {probability / 100:g}" if 1 < probability < 100 else ""
        raise SettingError(f"probability: must be above 0 and below 1, not {probability!r}{hint}")
    planned = levers_moved_in(loaded, figures, unit)
    if not planned:
        raise ScenarioError(NO_LEVER.format(unit.name, unit.name))
    surface = (len(QUARTERS) - 1) * len(planned) + math.comb(len(planned), 2)
    report = Report(on_progress, draws, 25 + budget * (surface + 40))
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    trials = Trials(loaded, figures, unit, settings, threads, report.run)

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
    nothing = trials.trial(plan_of({}))
    besides = nothing.carried_gbp_m - nothing.added_gbp_m if of == "carried" else 0.0
    goal = chance_of(target_gbp_m, besides)

    def chance(intensity: Mapping[str, float]) -> tuple[float, float]:
        trial = trials.trial(plan_of(intensity))
        return trials.mean(goal.series(trial.added_gbp_m, trial.net_present_value_gbp_m))

    p_without, _ = chance({})
    p_most, p_most_mcse = chance(dict.fromkeys(planned, 1.0))
    base: dict[str, Any] = {
        "area": unit.name,
        "of": of,
        "target_gbp_m": float(target_gbp_m),
        "probability": float(probability),
        "p_without": p_without,
        "p_most": p_most,
        "p_most_mcse": p_most_mcse,
        "draws": settings.draws,
        "seed": settings.seed,
        "final_year": loaded.setting.start_year + loaded.setting.horizon_years,
    }
    unknown: dict[str, Any] = dict.fromkeys(
        (
            *("intensity", "intensity_low", "intensity_high", "intensity_cost_gbp_m_per_year"),
            *("budget_gbp_m_per_year", "budget_low", "budget_high"),
        )
    )
    no_levers = pl.DataFrame(schema=LEVERS)
    if p_without >= probability or p_most < probability:
        outcome = "met_without" if p_without >= probability else "not_reachable"
        report.end()
        return Reach(**base, **unknown, outcome=outcome, levers=no_levers, runs=trials.runs)

    common = _smallest(chance, dict.fromkeys(planned, 1.0), probability)
    found = unknown | {
        "intensity": common.at,
        "intensity_low": common.low,
        "intensity_high": common.high,
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
        package = cheapest(Surface(trials, grid), goal, probability)
        bought = {} if package is None else grid.chosen(package)
        least = {lever: option.intensity for lever, option in bought.items()}
        scale = _smallest(chance, least, probability)
        full = math.fsum(costs[lever] * x for lever, x in least.items())
        if full * scale.at > found["intensity_cost_gbp_m_per_year"]:
            # Quarters are too coarse here: all levers alike cost less.
            least, scale = dict.fromkeys(planned, 1.0), common
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
    return Reach(**base, **found, outcome="reached", levers=levers, runs=trials.runs)


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

    at = smallest(probability)
    assert at is not None, "a package that does not reach it was scaled"
    reach = Z975 * of(at)[1]
    return _Scale(at, smallest(probability - reach), smallest(probability + reach))


def _plain(entry: PlannedLever) -> dict[str, Any]:
    times = {"start_years": entry.start_years, "ramp_years": entry.ramp_years}
    given = {name: value for name, value in times.items() if value is not None}
    return {"intensity": entry.intensity, **given}
