"""Plans tried on the same futures, and what each is worth there.

Every plan meets the futures of one run without any lever; what a plan adds is the difference draw
by draw, as `gainsmodel.appraise` has it. Many plans for few areas are tried on these areas alone,
within what surrounds them (`simulation.focus`).
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit
from gainsmodel.errors import SettingError
from gainsmodel.progress import Progress
from gainsmodel.results.paired import FINAL_YEAR_GAIN, PairedResult
from gainsmodel.results.result import Result, draws_of
from gainsmodel.results.statistics import COLUMNS, Draws, statistics_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.levers import Planned
from gainsmodel.simulation.focus import Focus, fits
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

LeverPlan = Mapping[str, Mapping[str, Any]]
PLAN = TypeAdapter(dict[str, dict[str, Planned]])
# Fewer say nothing of a tenth of them, or of their own error.
LEAST_DRAWS = 100
# What two plans of each of several hundred trials are kept in: half a gigabyte.
MOST_DRAWS = 100_000


@dataclass(frozen=True, eq=False)
class Trial:
    """One plan in every future of the trials; arrays have the shape (draws,).

    Attributes
    ----------
    added_gbp_m : ndarray
        Gain added in the final year, £m a year, net of what is switched on.
    gain_gbp_m : ndarray
        Gain in the final year in all, £m a year: without the plan, and what it adds.
    net_present_value_gbp_m : ndarray
        As in `gainsmodel.appraise`.
    """

    added_gbp_m: Draws
    gain_gbp_m: Draws
    net_present_value_gbp_m: Draws


class Trials:
    """Plans for one area or group on the same futures; each is run once."""

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        unit: Unit,
        settings: Settings,
        threads: int | None = None,
        on_run: Callable[[int], None] | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """Take over what all trials share; nothing is run yet.

        With `alone`, trials are of the unit's own areas, if it is small enough. `on_run` is called
        with the draws done of the run under way, and with all of them at its end; what it raises
        stops the run.
        """
        if not LEAST_DRAWS <= settings.draws <= MOST_DRAWS:
            raise SettingError(
                f"draws: plans are tried on {LEAST_DRAWS} to {MOST_DRAWS:,} futures, not "
                f"{settings.draws:,}"
            )
        self.scenario, self.dataset, self.unit = scenario.without_plan(), dataset, unit
        self.settings, self._threads, self._on_run = settings, threads, on_run
        self._kept: dict[str, Trial] = {}
        self._alone = alone

    @property
    def runs(self) -> int:
        """Plans run so far, that without any lever left out."""
        return len(self._kept)

    def trial(self, plan: LeverPlan) -> Trial:
        """Run a plan, or recall it."""
        key = json.dumps(plan, sort_keys=True)
        if key not in self._kept:
            self._keep(plan, self.pair(plan) if self._focus is None else self._pair_alone(plan))
        return self._kept[key]

    def pair(self, plan: LeverPlan) -> PairedResult:
        """Run a plan in all areas, and give all there is of it; the trial is kept."""
        moved = self.with_plan(plan)
        nothing = not moved.moved_levers()
        pair = PairedResult(self._reference if nothing else self._run(moved), self._reference)
        self._keep(plan, pair)
        return pair

    def fewer(self, draws: int) -> "Trials":
        """Trials on the first so many of the draws."""
        settings = replace(self.settings, draws=draws)
        of = (self.scenario, self.dataset, self.unit, settings, self._threads, self._on_run)
        trials = Trials(*of, alone=self._alone)
        # What surrounds the unit is noted once for both.
        trials.__dict__["_focus"] = self._focus
        return trials

    def _keep(self, plan: LeverPlan, pair: PairedResult) -> None:
        added = pair.added_draws(unit=self.unit)
        self._kept[json.dumps(plan, sort_keys=True)] = Trial(
            added_gbp_m=added,
            gain_gbp_m=draws_of(pair.without, FINAL_YEAR_GAIN, self.unit) + added,
            net_present_value_gbp_m=pair.net_present_value_draws(self.unit),
        )

    @cached_property
    def _reference(self) -> Result:
        return self._run(self.scenario)

    @cached_property
    def _focus(self) -> Focus | None:
        """The unit alone, every lever being moved there from the start."""
        full = {"intensity": 1.0, "start_years": 0.0}
        every = self.with_plan({self.unit.code: dict.fromkeys(self.scenario.levers, full)})
        of = (every, self.dataset, self.unit)
        if not (self._alone and fits(*of, self.settings.draws)):
            return None
        return Focus(*of, self.settings, self._threads)

    def _pair_alone(self, plan: LeverPlan) -> PairedResult:
        assert self._focus is not None
        report, draws = self._on_run, self.settings.draws
        checked = PLAN.validate_python(plan)
        pair = self._focus.plan(checked, draws, report and (lambda done, _: report(done)))
        if report is not None:
            report(draws)
        return pair

    def with_plan(self, plan: LeverPlan) -> Scenario:
        """The scenario with this plan and no other."""
        return self.scenario.model_copy(update={"plan": plan})

    def mean(self, series: Draws) -> tuple[float, float]:
        """Mean over the futures, and its Monte Carlo standard error."""
        numbers = statistics_of(series[None], self.settings.sampler)[0]
        return float(numbers[COLUMNS.index("mean")]), float(numbers[COLUMNS.index("mcse_mean")])

    def _run(self, scenario: Scenario) -> Result:
        report = self._on_run
        run = Run(scenario, self.dataset, self.settings, self._threads, quantiles=False)
        result = run.result(None if report is None else lambda done, _: report(done))
        if report is not None:
            report(self.settings.draws)
        return result


class Report:
    """Progress of many runs as one; how many there will be is an estimate."""

    def __init__(self, on_progress: Progress | None, draws: int, runs: int) -> None:
        """Take over whom to tell, and the runs expected."""
        self._on_progress, self._draws, self._done = on_progress, draws, 0
        self._total = draws * runs

    def run(self, done: int, draws: int | None = None) -> None:
        """Tell of draws done of the run under way, of so many if not of as many as usual."""
        if self._on_progress is not None:
            self._on_progress(min(self._done + done, self._total), self._total)
        if done == (draws or self._draws):
            self._done += done

    def end(self) -> None:
        """Tell that all is done."""
        if self._on_progress is not None:
            self._on_progress(self._total, self._total)


@dataclass(frozen=True)
class Option:
    """One way to use a lever: its intensity, and the year it starts where that is chosen."""

    intensity: float
    start_years: float | None = None

    def planned(self) -> dict[str, float]:
        """As a plan has it."""
        start = {} if self.start_years is None else {"start_years": self.start_years}
        return {"intensity": self.intensity, **start}


# A package: for each lever of a grid the position of its option, 0 being left alone.
Package = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Grid:
    """Packages that may be put together.

    Attributes
    ----------
    levers : tuple of str
    intensities : tuple of float
        The same for every lever, from 0 upwards.
    starts : tuple of float or None
        Years in which a lever may start; None is when the scenario says.
    full_costs_gbp_m : tuple of float
        What each lever costs a year at full intensity.
    plan_of : callable
        Makes a plan of the options of the levers that are moved.
    """

    levers: tuple[str, ...]
    intensities: tuple[float, ...]
    starts: tuple[float | None, ...]
    full_costs_gbp_m: tuple[float, ...]
    plan_of: Callable[[Mapping[str, Option]], LeverPlan]

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """Ways to use a lever, the first being to leave it alone, the strongest last."""
        moved = [Option(x, start) for x in self.intensities[1:] for start in self.starts]
        return (Option(0.0), *moved)

    @property
    def nothing(self) -> Package:
        """The package that moves no lever."""
        return (0,) * len(self.levers)

    def chosen(self, package: Package) -> dict[str, Option]:
        """Options of the levers that a package moves."""
        return {
            lever: self.options[at] for lever, at in zip(self.levers, package, strict=True) if at
        }

    def cost(self, package: Package) -> float:
        """What a package costs a year once running, £m."""
        return math.fsum(
            cost * self.options[at].intensity
            for cost, at in zip(self.full_costs_gbp_m, package, strict=True)
        )

    def plan(self, package: Package) -> LeverPlan:
        """A package as a plan."""
        return self.plan_of(self.chosen(package))

    def affordable(self, budget_gbp_m: float) -> Callable[[float], bool]:
        """Whether a cost is within a budget, but for rounding."""
        most = budget_gbp_m + 1e-9 * (1.0 + math.fsum(self.full_costs_gbp_m))
        return lambda cost: cost <= most


@dataclass(frozen=True)
class Objective:
    """What is maximised: the mean over the futures of a series made of a trial.

    `value` is that mean of what is added and of the net present value, shape (draws,) each;
    `series` the series, whose error is that of the mean.
    """

    value: Callable[[Draws, Draws], float]
    series: Callable[[Draws, Draws], Draws]


def net_present_value() -> Objective:
    """Expected net present value, £m."""
    return Objective(lambda added, net: float(net.mean()), lambda added, net: net)


def chance_of(target_gbp_m: float, besides: Draws | float = 0.0) -> Objective:
    """Probability that what is added, and what there is besides, is at least a target."""

    def series(added: Draws, net: Draws) -> Draws:
        return (added + besides >= target_gbp_m).astype(np.float64)

    return Objective(lambda added, net: float(series(added, net).mean()), series)


def worst_tenth() -> Objective:
    """Mean net present value of the tenth of futures in which it is lowest, £m.

    As a mean of q − max(q − x, 0) / 0.1, q being the 10% quantile (Rockafellar and Uryasev
    2000, Journal of Risk 2), whose standard error is that of this mean to first order.
    """

    def series(added: Draws, net: Draws) -> Draws:
        last = max(1, round(net.size / 10))
        q = np.partition(net, last - 1)[last - 1]
        shortfall: Draws = q - np.maximum(q - net, 0.0) * (net.size / last)
        return shortfall

    return Objective(lambda added, net: float(series(added, net).mean()), series)


def values_of(trial: Trial) -> Draws:
    """What is added and the net present value of a trial, shape (2, draws)."""
    return np.stack([trial.added_gbp_m, trial.net_present_value_gbp_m])
