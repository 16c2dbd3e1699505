"""Tables of a split: by place, step by step, against simpler splits, its frontier and regret."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from gainsmodel.analysis.optimise.allocation_problem import Packages, Problem
from gainsmodel.analysis.optimise.problem import Trials
from gainsmodel.analysis.optimise.tables import said
from gainsmodel.analysis.verdict import Verdict, is_told
from gainsmodel.results.paired import FINAL_YEAR_GAIN, PairedResult
from gainsmodel.results.statistics import COLUMNS, NOTHING_BELOW_GBP_M, Draws, statistics_of

LABELS = {
    "best": "Best split",
    "even": "Even split",
    "per_head": "Split by residents",
    "nothing": "No plan",
}
REGRET = {
    "variant": pl.String,
    "kind": pl.String,
    "area_name": pl.String,
    "regret": pl.Float64,
    "regret_mcse": pl.Float64,
}
FRONTIER = {
    "part": pl.Float64,
    "floor_gbp_per_head": pl.Float64,
    "value": pl.Float64,
    "value_mcse": pl.Float64,
    "least_gbp_per_head": pl.Float64,
    "most_gbp_per_head": pl.Float64,
    "costs": pl.Float64,
    "costs_mcse": pl.Float64,
    "told_apart": pl.Boolean,
}
STEPS = {
    "area_code": pl.String,
    "area_name": pl.String,
    "which": pl.String,
    "lever": pl.String,
    "label": pl.String,
    "from_intensity": pl.Float64,
    "to_intensity": pl.Float64,
    "cost_gbp_m_per_year": pl.Float64,
    "worth_per_gbp": pl.Float64,
    "worth_per_gbp_mcse": pl.Float64,
}


def mean_of(series: Draws, sampler: str) -> tuple[float, float]:
    """Mean of a series and its Monte Carlo standard error."""
    (numbers,) = statistics_of(series[None], sampler)
    mean, mcse = (float(numbers[COLUMNS.index(name)]) for name in ("mean", "mcse_mean"))
    return mean, mcse


def no_frontier() -> pl.DataFrame:
    """A frontier that was not asked for."""
    return pl.DataFrame(schema=FRONTIER)


def no_regrets() -> pl.DataFrame:
    """Regrets that were not asked for."""
    return pl.DataFrame(schema=REGRET)


class Tables:
    """Splits as rows."""

    def __init__(self, problem: Problem, sampler: str) -> None:
        """Take over what they are of."""
        self.problem, self.sampler = problem, sampler

    def places(self, packages: Packages, pair: PairedResult) -> pl.DataFrame:
        """What each place spends and gains."""
        return pl.DataFrame([*self._places(packages, pair)])

    def _places(self, packages: Packages, pair: PairedResult) -> Any:
        problem = self.problem
        options, surface = problem.options, problem.surface
        costs = self._costs(packages)
        total = costs.sum()
        years = self._by_year(packages).sum(axis=1)
        own = np.stack([surface.of("added", at, of) for at, of in enumerate(packages)])
        net = pair.additionality(problem.units[0]).mean() if pair.net_of else 1.0
        for at, (unit, package) in enumerate(zip(problem.units, packages, strict=True)):
            members = surface.members[at]
            sent = surface.sent["added"][:, members].sum(axis=1) @ own.mean(axis=1)
            added = pair.added_draws(FINAL_YEAR_GAIN, unit)
            worth = pair.net_present_value_draws(unit)
            row: dict[str, Any] = {
                "area_code": unit.code,
                "area_name": unit.name,
                "population": round(1e6 * problem.residents_m[at]),
                "cost_gbp_m_per_year": float(costs[at]),
                "cost_gbp_per_head": float(costs[at] / problem.residents_m[at]),
                "cost_gbp_m": float(years[at]),
                "share_of_cost": float(costs[at] / total) if total else 0.0,
                "levers": self._said(package),
            }
            for name, series in (
                ("added_final_year_gbp_m", added),
                ("net_present_value_gbp_m", worth),
            ):
                (numbers,) = statistics_of(series[None], self.sampler)
                for statistic in ("mean", "p05", "p50", "p95", "mcse_mean"):
                    row[f"{name}_{statistic}"] = float(numbers[COLUMNS.index(statistic)])
            row["added_final_year_gbp_m_p_below_1"] = float((added < NOTHING_BELOW_GBP_M).mean())
            row["received_gbp_m"] = float(net * sent)
            for lever, option in zip(options.levers, package, strict=True):
                chosen = options.options[option]
                row[f"intensity_{lever}"] = chosen.intensity
                if any(of.start_years is not None for of in options.options):
                    row[f"start_years_{lever}"] = chosen.start_years
            yield row

    def _costs(self, packages: Packages) -> Any:
        intensity = self.problem.options.intensity[np.array(packages)]
        return (self.problem.full_costs * intensity).sum(axis=1)

    def _by_year(self, packages: Packages) -> Any:
        """Spending, shape (places, years)."""
        options, chosen = self.problem.options, np.array(packages)
        cost = self.problem.full_costs * options.intensity[chosen]
        running = options.running[np.arange(chosen.shape[1])[None, :], chosen]
        return (cost[:, :, None] * running).sum(axis=1)

    def _said(self, package: Sequence[int]) -> str:
        options = self.problem.options
        chosen = {
            lever: options.options[at]
            for lever, at in zip(options.levers, package, strict=True)
            if at
        }
        return said(self.problem.scenario, chosen)

    def years(self, packages: Packages) -> pl.DataFrame:
        """What is spent in each year."""
        spent = self._by_year(packages).sum(axis=0)
        start = self.problem.scenario.setting.start_year
        return pl.DataFrame(
            {
                "year": [start + n + 1 for n in range(len(spent))],
                "cost_gbp_m": spent,
                "budget_gbp_m": pl.Series([self.problem.yearly] * len(spent), dtype=pl.Float64),
            }
        )

    def steps(self, packages: Packages) -> tuple[pl.DataFrame, dict[tuple[str, str], Draws]]:
        """What the last money of each place brought and the next would, and that in every draw."""
        rows, kept = [], {}
        for at, unit in enumerate(self.problem.units):
            for which, sign in (("last", -1), ("next", 1)):
                found = [*self._changes(at, packages[at], sign)]
                if not found:
                    continue
                pick = max if which == "next" else min
                row, draws = pick(found, key=lambda of: of[1].mean())
                mean, mcse = mean_of(draws, self.sampler)
                rows.append((unit.code, unit.name, which, *row, mean, mcse))
                kept[unit.name, which] = draws
        return pl.DataFrame(rows, schema=STEPS, orient="row"), kept

    def _changes(self, at: int, package: tuple[int, ...], sign: int) -> Any:
        """One lever one intensity further (or back): words, and what £1 of it is worth."""
        problem = self.problem
        options, allowed = problem.options, problem.places.worth.allowed[at]
        worth, spent = problem.worth_draws(at, package), self._authority(at, package)
        heights = sorted({float(x) for x in options.intensity})
        for i, lever in enumerate(options.levers):
            now = options.options[package[i]]
            place = heights.index(now.intensity) + sign
            if not 0 <= place < len(heights):
                continue
            for n, option in enumerate(options.options):
                same = (
                    now.intensity == 0
                    or option.intensity == 0
                    or (option.start_years == now.start_years)
                )
                if option.intensity != heights[place] or not same:
                    continue
                other = (*package[:i], n, *package[i + 1 :])
                further = problem.worth_draws(at, other) - worth
                dearer = self._authority(at, other) - spent
                if not allowed[other] or not dearer.mean():
                    continue
                low, high = sorted((now.intensity, option.intensity))
                label = problem.scenario.levers[lever].label
                cost = float(problem.full_costs[at, i] * (high - low))
                yield (lever, label, low, high, cost), (further + dearer) / dearer.mean()

    def _authority(self, at: int, package: tuple[int, ...]) -> Draws:
        return self.problem.surface.of("authority", at, package)

    def alternatives(
        self,
        splits: Mapping[str, Packages],
        series: Mapping[str, Draws],
        verdicts: Mapping[str, Verdict],
    ) -> pl.DataFrame:
        """The best split beside simple ones."""
        rows = []
        for name, packages in splits.items():
            value, mcse = mean_of(series[name], self.sampler)
            behind, error = mean_of(series["best"] - series[name], self.sampler)
            ranked = None if name == "best" else verdicts[name].is_ranked
            cost = float(self._costs(packages).sum())
            rows.append((name, LABELS[name], cost, value, mcse, behind, error, ranked))
        columns = ("name", "label", "cost_gbp_m_per_year", "value", "value_mcse", "behind")
        return pl.DataFrame(rows, schema=(*columns, "behind_mcse", "told_apart"), orient="row")

    def frontier(self, trials: Trials, parts: Sequence[float]) -> pl.DataFrame:
        """The total against floors under what each place gains a head."""
        problem = self.problem
        rows = []
        fairest, most = problem.fairest()
        first: Draws | None = None
        for part in parts:
            packages = problem.with_floor(part * most, fairest) if part else problem.best_worth()
            pair = trials.pair(problem.surface.plan(packages))
            worth = problem.worth_of(pair)
            first = worth if first is None else first
            heads = np.array(
                [
                    pair.added_draws(FINAL_YEAR_GAIN, unit).mean() / residents
                    for unit, residents in zip(problem.units, problem.residents_m, strict=True)
                ]
            )
            value, mcse = mean_of(worth, self.sampler)
            costs, error = mean_of(first - worth, self.sampler)
            told = is_told(costs, error)
            limits = (float(heads.min()), float(heads.max()))
            rows.append((part, part * most, value, mcse, *limits, costs, error, told))
        return pl.DataFrame(rows, schema=FRONTIER, orient="row")

    def regrets(
        self,
        splits: Mapping[str, Packages],
        others: Sequence[Trials],
        variants: Sequence[tuple[str, Problem]],
    ) -> pl.DataFrame:
        """What the split loses on other draws, and where another structure holds.

        On other draws against the better of the simple splits; under another structure against
        the best there, in all and in every place.
        """
        problem = self.problem
        rows: list[tuple[str, str, str | None, float, float]] = []
        for trials in others:
            series = {
                name: problem.series(trials.pair(problem.surface.plan(of)))
                for name, of in splits.items()
            }
            ahead = max(series, key=lambda name: float(series[name].mean()))
            loss, error = mean_of(series[ahead] - series["best"], self.sampler)
            title = f"Other futures, seed {trials.settings.seed}"
            rows.append((title, "futures", None, max(loss, 0.0), error if loss > 0 else 0.0))
        for name, there in variants:
            best = there.settled()[0].packages
            mine, theirs = (there.surface.pair(of) for of in (splits["best"], best))
            loss, error = mean_of(there.series(theirs) - there.series(mine), self.sampler)
            if loss <= 0:
                best, theirs, loss, error = splits["best"], mine, 0.0, 0.0
            rows.append((name, "structure", None, loss, error))
            for unit in problem.units:
                gap = theirs.net_present_value_draws(unit) - mine.net_present_value_draws(unit)
                rows.append((name, "structure", unit.name, *mean_of(gap, self.sampler)))
        return pl.DataFrame(rows, schema=REGRET, orient="row")
