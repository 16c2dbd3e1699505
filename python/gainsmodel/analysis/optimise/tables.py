"""Tables of a plan: frontier, finalists, order of purchase, regret."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from gainsmodel import format
from gainsmodel.analysis.optimise.problem import Grid, Objective, Option, Package, Trials, values_of
from gainsmodel.results.statistics import (
    COLUMNS,
    NOTHING_BELOW_GBP_M,
    Draws,
    statistics_of,
)
from gainsmodel.scenario import Scenario

Z975 = 1.959963984540054


REGRET = {
    "variant": pl.String,
    "kind": pl.String,
    "best": pl.String,
    "objective_best": pl.Float64,
    "objective_recommended": pl.Float64,
    "regret": pl.Float64,
    "regret_mcse": pl.Float64,
    "same": pl.Boolean,
}
FINALIST = {
    "levers": pl.String,
    "cost_gbp_m_per_year": pl.Float64,
    "objective": pl.Float64,
    "objective_fresh": pl.Float64,
    "objective_fresh_mcse": pl.Float64,
    "behind": pl.Float64,
    "behind_mcse": pl.Float64,
    "distinguishable": pl.Boolean,
}
ORDER = {
    "lever": pl.String,
    "label": pl.String,
    "intensity": pl.Float64,
    "start_years": pl.Float64,
    "cost_gbp_m_per_year": pl.Float64,
    "gain": pl.Float64,
    "gain_mcse": pl.Float64,
    "gain_per_gbp_m": pl.Float64,
    "objective_after": pl.Float64,
    "evidence": pl.String,
}
LEVERS = {
    name: ORDER[name]
    for name in ("lever", "label", "intensity", "start_years", "cost_gbp_m_per_year", "evidence")
}


class _Table:
    """Packages as rows."""

    def __init__(
        self,
        scenario: Scenario,
        trials: Trials,
        grid: Grid,
        goal: Objective,
        residents_m: float,
        target_gbp_m: float | None,
    ) -> None:
        self.scenario, self.trials, self.grid, self.goal = scenario, trials, grid, goal
        self.residents_m, self.target = residents_m, target_gbp_m

    def said(self, package: Package) -> str:
        """A package in words."""
        return said(self.scenario, self.grid.chosen(package))

    def frame(self, packages: Sequence[Package]) -> pl.DataFrame:
        """What each package costs, adds and is worth."""
        return pl.DataFrame([self._row(package) for package in packages])

    def _row(self, package: Package) -> dict[str, Any]:
        added, net = values_of(self.trials.trial(self.grid.plan(package)))
        reached = np.full_like(added, np.nan) if self.target is None else added >= self.target
        nothing = added < NOTHING_BELOW_GBP_M
        stacked = np.stack([self.goal.series(added, net), net, added, net > 0, reached, nothing])
        numbers = statistics_of(stacked, self.trials.settings.sampler)
        mean, mcse = COLUMNS.index("mean"), COLUMNS.index("mcse_mean")
        cost = self.grid.cost(package)
        row: dict[str, Any] = {
            "cost_gbp_m_per_year": cost,
            "cost_gbp_per_head": cost / self.residents_m,
            "objective": float(numbers[0, mean]),
            "objective_mcse": float(numbers[0, mcse]),
        }
        for name, of in zip(
            ("net_present_value_gbp_m", "added_final_year_gbp_m"), numbers[1:3], strict=True
        ):
            for statistic in ("mean", "p05", "p50", "p95", "mcse_mean"):
                row[f"{name}_{statistic}"] = float(of[COLUMNS.index(statistic)])
        row["added_final_year_gbp_m_p_below_1"] = float(numbers[5, mean])
        row["p_pays_back"] = float(numbers[3, mean])
        row["p_target"] = None if self.target is None else float(numbers[4, mean])
        row["levers"] = self.said(package)
        chosen = self.grid.chosen(package)
        for lever in self.grid.levers:
            option = chosen.get(lever, Option(0.0))
            row[f"intensity_{lever}"] = option.intensity
            if self.grid.starts != (None,):
                row[f"start_years_{lever}"] = option.start_years
        return row

    def _lever(self, lever: str, option: Option) -> dict[str, Any]:
        of = self.scenario.levers[lever]
        full = self.grid.full_costs_gbp_m[self.grid.levers.index(lever)]
        return {
            "lever": lever,
            "label": of.label,
            "intensity": option.intensity,
            "start_years": option.start_years,
            "cost_gbp_m_per_year": full * option.intensity,
            "evidence": of.cost_gbp_per_head_per_year.evidence,
        }

    def levers(self, package: Package) -> pl.DataFrame:
        """The levers that a package moves."""
        rows = [self._lever(*moved) for moved in self.grid.chosen(package).items()]
        return pl.DataFrame(rows, schema=LEVERS)

    def order(self, package: Package) -> pl.DataFrame:
        """The package lever by lever, what is best for its money first."""
        grid = self.grid
        bought: dict[str, Option] = {}
        left = grid.chosen(package)
        rows: list[dict[str, Any]] = []
        before, added_before = self._series(bought)
        while left:
            steps = []
            for lever, option in left.items():
                series, added = self._series(bought | {lever: option})
                gain = self.trials.mean(series - before)
                cost = self._lever(lever, option)["cost_gbp_m_per_year"]
                # A free lever goes first if it does anything; what is added breaks ties.
                rank = [
                    better / cost if cost else math.copysign(math.inf, better)
                    for better in (gain[0], float((added - added_before).mean()))
                ]
                steps.append((rank, lever, option, cost, gain, series, added))
            rank, lever, option, cost, gain, series, added = max(steps, key=lambda step: step[0])
            bought[lever] = left.pop(lever)
            before, added_before = series, added
            rows.append(
                self._lever(lever, option)
                | {
                    "gain": gain[0],
                    "gain_mcse": gain[1],
                    "gain_per_gbp_m": gain[0] / cost if cost else None,
                    "objective_after": float(series.mean()),
                }
            )
        return pl.DataFrame(rows, schema=ORDER)

    def _series(self, chosen: Mapping[str, Option]) -> tuple[Draws, Draws]:
        added, net = values_of(self.trials.trial(self.grid.plan_of(chosen)))
        return self.goal.series(added, net), added

    def _of(self, trials: Trials, package: Package) -> Draws:
        return self.goal.series(*values_of(trials.trial(self.grid.plan(package))))

    def finalists(self, packages: Sequence[Package], others: Sequence[Trials]) -> pl.DataFrame:
        """Value packages on futures that played no part in choosing them."""
        rows = []
        for package in packages if others else ():
            means, gaps = [], []
            for trials in others:
                series = self._of(trials, package)
                means.append(trials.mean(series))
                gaps.append(trials.mean(self._of(trials, packages[0]) - series))
            (value, error), (behind, behind_error) = _pooled(means), _pooled(gaps)
            rows.append(
                (
                    self.said(package),
                    self.grid.cost(package),
                    float(self._of(self.trials, package).mean()),
                    *(value, error, behind, behind_error),
                    abs(behind) > Z975 * behind_error,
                )
            )
        return pl.DataFrame(rows, schema=FINALIST, orient="row")

    def regret(
        self, name: str, kind: str, trials: Trials, recommended: Package, best: Package
    ) -> tuple[str, str, str, float, float, float, float, bool]:
        """What the recommended package loses elsewhere against the best one found there."""
        mine, others = self._of(trials, recommended), self._of(trials, best)
        loss, error = trials.mean(others - mine)
        if loss <= 0:  # what is recommended is as good, or the search did not come across it
            best, others, loss, error = recommended, mine, 0.0, 0.0
        return (
            *(name, kind, self.said(best), float(others.mean()), float(mine.mean())),
            *(loss, error, best == recommended),
        )


def said(scenario: Scenario, chosen: Mapping[str, Option]) -> str:
    """Options of levers in words: "Digital skills 50%, Open data 100% from year 1"."""
    parts = [
        f"{scenario.levers[lever].label} {format.whole_percent(option.intensity)}"
        + ("" if option.start_years is None else f" from year {option.start_years:g}")
        for lever, option in chosen.items()
    ]
    return ", ".join(parts) or "No lever"


def _pooled(estimates: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean of independent estimates, and its error."""
    values, errors = zip(*estimates, strict=True)
    return math.fsum(values) / len(values), math.hypot(*errors) / len(values)
