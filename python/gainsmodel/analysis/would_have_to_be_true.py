"""What would have to be true for the prize, or a target, to be reached.

How many futures reach it; what sets those futures apart; and the smallest single change of an
assumption that would bring the chance to one half. Decision 30 has the reasons.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from statistics import NormalDist
from typing import Any, get_args

import numpy as np
import polars as pl

from gainsmodel import format
from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.discovery import Variable, variables
from gainsmodel.analysis.optimise.problem import LEAST_DRAWS, Report
from gainsmodel.analysis.prim import Hits
from gainsmodel.analysis.single_changes import SCHEMA, single_changes
from gainsmodel.analysis.switching_values import assumed
from gainsmodel.analysis.target import check_of, reached_by, reaching
from gainsmodel.analysis.verdict import STANDARD_ERRORS
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Of, Reading, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Progress
from gainsmodel.results.paired import FINAL_YEAR_GAIN, UK, PairedResult
from gainsmodel.results.result import Result, draws_of
from gainsmodel.results.statistics import COLUMNS, Draws, chances_of, statistics_of, value_at
from gainsmodel.results.structures import by_structure
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameter_groups import COSTS
from gainsmodel.scenario.parameters import ADJUSTMENTS, PARAMETERS
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

READINGS: tuple[Reading, ...] = get_args(Reading)
# Fewer futures on one side have no average worth stating.
LEAST_FUTURES = 30
# Most assumptions that are named.
MOST_NAMED = 3
# Of all assumptions together one in a hundred runs may name one by chance alone.
BY_CHANCE = 0.01
# A difference of two groups of ranks below this is negligible: twice the probability of
# superiority less 1 (Cliff's delta; Romano and others 2006).
NEGLIGIBLE = 0.147
# A run of both ends of an assumption, and what it takes to find a value and to find it again.
RUNS_A_ROW, RUNS_BESIDES = 2, 25

APART: dict[str, Any] = {
    **dict.fromkeys(("parameter", "label", "evidence"), pl.String),
    **dict.fromkeys(("mean", "mean_mcse", "mean_all", "p_higher", "z"), pl.Float64),
    "separated": pl.Boolean,
    **dict.fromkeys(("words", "words_all"), pl.String),
}
STRUCTURES: dict[str, Any] = {
    "structure": pl.String,
    "weight": pl.Float64,
    "draws": pl.Int64,
    "p": pl.Float64,
    "p_mcse": pl.Float64,
}


@dataclass(frozen=True, eq=False, repr=False)
class WouldHaveToBeTrue(ShownInNotebooks):
    """What would have to be true for a goal; made by `would_have_to_be_true`.

    Attributes
    ----------
    area : str
    reading : str, optional
        Of the prize: one of ``final_year``, ``share_of_economy`` and ``cumulative``; None for a
        target.
    target_gbp_m : float, optional
        £m a year in the final year; None for the prize.
    of : {"added", "gain"}
        Whether the plan is to add it, or the digital gain is to be it in all.
    goal : str
        Beginning of a sentence that says what is to be reached, without how often.
    reached : int
        Futures that reach it.
    p, p_mcse : float
        Their share, and its Monte Carlo standard error.
    apart : pl.DataFrame
        One row an uncertain assumption, the most different first: ``parameter``, ``label``,
        ``evidence``; ``mean`` in the futures `of_futures` names, its standard error ``mean_mcse``,
        and ``mean_all`` in all futures, in the assumption's unit; ``p_higher``,
        the probability that one of those futures has a higher value than one of the others (ties
        count half); ``z``, how many standard errors that is from one half; ``separated``, whether
        it is beyond chance and not negligible; ``words`` and ``words_all``, both averages in words.
        Empty where one side has fewer than 30 futures.
    of_futures : {"reached", "missed"}
        The fewer: those which are compared with all.
    changes : pl.DataFrame
        One row an uncertain assumption that is held in every future, area and sector, the nearest
        to one half first: ``key``, ``name``, ``unit``, ``evidence``, ``value``, ``low`` and
        ``high`` (its median, 5% and 95% quantiles now), ``p_low`` and ``p_high`` (the chance with
        it held there) with their standard errors; where the chance is one half ``half_value`` with
        its error, ``half_quantile`` (the share of its own distribution below), ``half_p`` and
        ``half_p_mcse`` (the chance there), null if there is no such value in its range; and
        ``as_near``, whether it cannot be told apart from the first.
    p_out_of_reach, p_out_of_reach_mcse : float, optional
        Share of futures in which the cap on stacked gains alone puts it out of reach; None of a
        sum over years.
    structures : pl.DataFrame
        Where the scenario has several: ``structure``, ``weight``, ``draws``, ``p``, ``p_mcse``.
    left_out : dict
        Assumptions that are not held, to the reason.
    draws, search_draws, seed, runs, price_year : int
        `search_draws`: behind ``p_low`` and ``p_high``, and values that are not the nearest.
    sampler : str
    """

    area: str
    reading: str | None
    target_gbp_m: float | None
    of: str
    goal: str
    reached: int
    p: float
    p_mcse: float
    apart: pl.DataFrame
    of_futures: str
    changes: pl.DataFrame
    p_out_of_reach: float | None
    p_out_of_reach_mcse: float | None
    structures: pl.DataFrame
    left_out: dict[str, str]
    draws: int
    search_draws: int
    seed: int
    sampler: str
    runs: int
    price_year: int

    @property
    def is_half(self) -> bool:
        """Whether the chance is one half already, as far as its error can tell."""
        return abs(self.p - 0.5) <= STANDARD_ERRORS * self.p_mcse

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        chance = format.chance_and_count(self.reached, self.draws)
        said = [f"{self.goal} {chance}."]
        if self.structures.height:
            return [
                *said,
                self._by_structure(),
                "What sets those futures apart, and what would bring the chance to one half, is "
                "asked of one structure at a time; run one of them alone.",
            ]
        said.append(self._what_sets_apart())
        said.append(self._smallest_change())
        if self.p_out_of_reach is not None and self.p_out_of_reach >= 0.01:
            cap = format.chance(self.p_out_of_reach, self.draws)
            said.append(f"The cap on stacked gains alone puts it out of reach {cap}.")
        return said

    @property
    def notes(self) -> list[str]:
        """What to know about the calculation."""
        if self.structures.height:
            return []
        said = []
        if self.separated.height:
            which, others = (
                ("reaches", "does not")
                if self.of_futures == "reached"
                else ("misses", "reaches it")
            )
            said.append(
                f"Pairs: a future that {which} it beside one that {others}. What differs between "
                "technologies, sectors or areas is taken at its usual value in the area; what "
                "sets futures apart in the model need not be what causes it."
            )
        if self.changes.height:
            said.append(
                "A single change holds one assumption at a value of its own range (9 in 10) in "
                "every future, area and sector; all others are drawn as they are. Of several, the "
                "smallest is the least unusual in its own distribution. "
                f"{self.search_draws:,} futures at each value that is tried, {self.draws:,} at the "
                "one that is named."
            )
        return said

    def _by_structure(self) -> str:
        """In which structures it is reached, and where most often."""
        known = self.structures.drop_nulls("p").sort("p", descending=True)
        most = known.row(0, named=True)
        if most["p"] == 0:
            return f"It is reached in none of the {known.height} structures."
        if most["p"] == known["p"].min():
            return f"It is reached as often in each of the {known.height} structures."
        never = known.filter(p=0).height
        said = (
            f"It is reached in {known.height - never} of {known.height} structures, most "
            f"often in “{most['structure']}” ({format.out_of_100(most['p'], most['draws'])}"
        )
        if never:
            return f"{said})."
        least = known.row(-1, named=True)
        return (
            f"{said}), least often in “{least['structure']}” "
            f"({format.out_of_100(least['p'], least['draws'])})."
        )

    def _what_sets_apart(self) -> str:
        which = "reach" if self.of_futures == "reached" else "miss"
        few = self.reached if which == "reach" else self.draws - self.reached
        if few < LEAST_FUTURES:
            return (
                f"Too few futures {which} it ({few:,} of {self.draws:,}) to say what sets them "
                "apart."
            )
        named = [
            f"{row['label']} ({row['words']} on average, in all futures {row['words_all']})"
            for row in self.separated.iter_rows(named=True)
        ]
        those = f"The {few:,} futures that {which} it"
        if not named:
            return f"{those} differ from the others in no assumption beyond chance."
        return f"{those} differ most from all futures in {format.listed(named)}."

    @property
    def separated(self) -> pl.DataFrame:
        """Rows of `apart` that are named: at most three."""
        return self.apart.filter("separated").head(MOST_NAMED)

    def _smallest_change(self) -> str:
        if self.is_half:
            return "That is one half within its simulation error, so no change is looked for."
        if not self.changes.height:
            return "No uncertain assumption could change that."
        first, *others = self.changes.filter("as_near").iter_rows(named=True)
        if first["half_value"] is not None:
            held = held_in_words(first)
            if others:
                near = [f"{_quoted(row)} at {in_words(row, 'half_value')}" for row in others]
                held += f"; about as near: {format.listed(near)}"
            down = " down" if self.p > 0.5 else ""
            there = format.out_of_100(first["half_p"], self.draws)
            return f"The smallest single change that brings it{down} to one half ({there}): {held}."
        said = "No single assumption, held at an end of its range, brings it to one half"
        end, p = nearest_end(first, self.p)
        if abs(p - self.p) <= STANDARD_ERRORS * math.hypot(first[f"p_{end}_mcse"], self.p_mcse):
            return f"{said} or changes it beyond the simulation error."
        names = [
            f"{_quoted(row)} at {in_words(row, nearest_end(row, self.p)[0])}"
            for row in (first, *others)
        ]
        return (
            f"{said}; nearest comes {' or '.join(names)}, with {format.out_of_100(p, self.draws)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        tables = {
            name: getattr(self, name).to_dicts() for name in ("apart", "changes", "structures")
        }
        return {**self.__dict__, **tables, "summary": self.summary, "notes": self.notes}


def nearest_end(row: Mapping[str, Any], p: float) -> tuple[str, float]:
    """At which end of its range, ``low`` or ``high``, a chance comes nearest to one half."""
    side = 1 if p < 0.5 else -1
    end = max(("low", "high"), key=lambda end: row[f"p_{end}"] * side)
    return end, row[f"p_{end}"]


def in_words(row: Mapping[str, Any], column: str = "value") -> str:
    """A value in a row of `WouldHaveToBeTrue.changes`, to the digits that its error carries."""
    value, path = row[column], row["key"].split(".")
    if path[0] == "prize":
        return format.gbp(value * 1000)
    words = format.percent(value) if path[0] == "levers" else PARAMETERS[path[1]].in_words(value)
    return format.as_known(words, value, row["half_value_mcse"] if column == "half_value" else 0.0)


def as_assumed(row: Mapping[str, Any]) -> str:
    """What is assumed of a row of `WouldHaveToBeTrue.changes`, with its range."""
    low, high = (in_words(row, end) for end in ("low", "high"))
    return f"{in_words(row)} (9 in 10: {low} to {high})"


def held_in_words(row: Mapping[str, Any]) -> str:
    """At what value the chance is one half, of a row of `WouldHaveToBeTrue.changes`, and now."""
    words = in_words(row, "half_value")
    if abs(row["half_value"] - row["value"]) <= STANDARD_ERRORS * row["half_value_mcse"]:
        low, high = (in_words(row, end) for end in ("low", "high"))
        return f"{_quoted(row)} held at {words} everywhere instead of anywhere in {low} to {high}"
    return f"{_quoted(row)} held at {words} everywhere instead of {as_assumed(row)}"


def _quoted(row: Mapping[str, Any]) -> str:
    return f"“{row['name']}”"


# ---------------------------------------------------------------- the question


def would_have_to_be_true(
    scenario: Scenario | str | os.PathLike[str],
    area: str = UK,
    target_gbp_m: float | None = None,
    *,
    of: Of = "added",
    reading: Reading | None = None,
    draws: int = 10_000,
    search_draws: int = 1_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> WouldHaveToBeTrue:
    """Say what would have to be true for the prize, or a target, to be reached.

    The share of futures that reach it; the assumptions that differ most between those and all
    futures (by the probability of superiority); and the single assumption that would have to move
    least, in terms of its own distribution, for the chance to be one half. It is held at that
    value in every future, area and sector; all others are drawn as they are, with the same numbers
    at every value.

    Parameters
    ----------
    scenario : Scenario, str or path
    area : str
        Area or group, by name or code. The prize is the UK's.
    target_gbp_m : float, optional
        £m a year in the final year; the prize if left out, which the digital gain is to reach.
    of : {"added", "gain"}
        Of a target: whether the plan is to add it, net, or the digital gain is to be it in all.
    reading : {"final_year", "share_of_economy", "cumulative"}, optional
        Of the prize, instead of the scenario's.
    draws : int
        Draws behind the chance, what sets futures apart, and the nearest value; at least 100.
    search_draws : int
        Draws at each value that is tried, `draws` at most; there are some 50 to 80 runs.
    seed, sampler, geography, dataset, threads, on_progress
        As in `run`.

    Returns
    -------
    WouldHaveToBeTrue
        Of a scenario of several structures the chance only, with that of each.

    Raises
    ------
    ScenarioError
        If the plan is to add it, and moves no lever.
    SettingError, UnknownNameError, DataError
        For anything else the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.would_have_to_be_true("reference", draws=500, search_draws=100)
    >>> found.p < 0.1
    True
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    check_of(of)
    if target_gbp_m is None:
        if unit.code != UK:
            raise SettingError(
                f"target_gbp_m: is needed of {unit.name}; without one the question is of the "
                "prize, which is the UK's"
            )
        of = "gain"
        if reading is not None:
            if reading not in READINGS:
                raise SettingError(
                    f"reading: must be one of {', '.join(READINGS)}, not {reading!r}"
                    f"{did_you_mean(reading, READINGS)}"
                )
            loaded = loaded.edit({"prize.basis": reading})
    else:
        if not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
            raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")
        if reading is not None:
            raise SettingError("reading: is of the prize; leave it out where there is a target")
        if of == "added":
            loaded.require_plan("reach a target with", unit.name)
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    if settings.draws < LEAST_DRAWS:
        raise SettingError(
            f"draws: at least {LEAST_DRAWS} are needed to say what would have to be true, not "
            f"{settings.draws}"
        )
    searched = replace(settings, draws=min(search_draws, settings.draws))
    if searched.draws < LEAST_DRAWS:
        raise SettingError(f"search_draws: at least {LEAST_DRAWS} are needed, not {searched.draws}")
    return _Question(loaded, figures, unit, target_gbp_m, of, threads).answer(
        settings, searched, on_progress
    )


@dataclass(frozen=True)
class _Outcome:
    """A run held against the goal: draws of what is reached, of what is needed, and of the plan."""

    result: Result
    pair: PairedResult | None
    quantity: Draws
    needed: Draws | float

    @property
    def hits(self) -> Hits:
        """Which futures reach it."""
        # Where the national gain is too small to be divided there is no prize, nor is it reached.
        return np.greater_equal(self.quantity, self.needed)


@dataclass(frozen=True)
class _Question:
    """A goal, and where and for whom it is asked."""

    scenario: Scenario
    figures: Dataset
    unit: Unit
    target_gbp_m: float | None
    of: Of
    threads: int | None

    def answer(
        self, settings: Settings, searched: Settings, on_progress: Progress | None
    ) -> WouldHaveToBeTrue:
        """Ask all three questions."""
        scenario, several = self.scenario, bool(self.scenario.every_structure())
        cannot_matter = self.cannot_matter()
        rows, left_out = ([], {}) if several else self.held_one_by_one(cannot_matter)
        extra = math.ceil(4 * settings.draws / searched.draws)
        runs = RUNS_A_ROW * len(rows) + RUNS_BESIDES * bool(rows) + extra
        report = Report(on_progress, searched.draws, runs)
        tried = 0

        def outcome(scenario: Scenario, settings: Settings) -> _Outcome:
            nonlocal tried
            tried += 1
            done = self.outcome(
                scenario, settings, lambda done, _: report.run(done, settings.draws)
            )
            report.run(settings.draws, settings.draws)
            return done

        base = outcome(scenario, settings)
        hits = base.hits
        p, p_mcse = _chance(hits, settings.sampler)
        apart = pl.DataFrame(schema=APART)
        changes, structures = pl.DataFrame(schema=SCHEMA), pl.DataFrame(schema=STRUCTURES)
        capped: tuple[float | None, float | None] = (None, None)
        fewer = hits if p <= 0.5 else ~hits
        if several:
            structures = self.by_structure(base)
        else:
            known = variables(scenario, self.unit, base.result, cannot_matter)
            apart = what_sets_apart(known, fewer)
            capped = self.out_of_reach(base, known, settings.sampler)
            if rows and abs(p - 0.5) > STANDARD_ERRORS * p_mcse:
                stated = assumptions_log.distributions(scenario)
                kept: dict[tuple[str, float, int], tuple[float, float]] = {}

                def held(key: str, value: float, in_full: bool) -> tuple[float, float]:
                    on = settings if in_full else searched
                    at = (key, value, on.draws)
                    if at not in kept:
                        there = outcome(scenario.edit({key: {"value": value}}), on).hits
                        kept[at] = _chance_there(there, hits, settings.sampler)
                    return kept[at]

                changes = single_changes(rows, stated, p, held)
        report.end()
        setting = scenario.setting
        return WouldHaveToBeTrue(
            area=self.unit.name,
            reading=scenario.prize.basis if self.target_gbp_m is None else None,
            target_gbp_m=None if self.target_gbp_m is None else float(self.target_gbp_m),
            of=self.of,
            goal=self.goal(),
            reached=int(hits.sum()),
            p=p,
            p_mcse=p_mcse,
            apart=apart,
            of_futures="reached" if p <= 0.5 else "missed",
            changes=changes,
            p_out_of_reach=capped[0],
            p_out_of_reach_mcse=capped[1],
            structures=structures,
            left_out=left_out,
            draws=settings.draws,
            search_draws=searched.draws,
            seed=settings.seed,
            sampler=settings.sampler,
            runs=tried,
            price_year=setting.price_year,
        )

    @property
    def has_plan(self) -> bool:
        return bool(self.scenario.moved_levers())

    def goal(self) -> str:
        """Beginning of a sentence that says what is to be reached."""
        setting, prize = self.scenario.setting, self.scenario.prize
        final = setting.start_year + setting.horizon_years
        if self.target_gbp_m is not None:
            amount = f"{format.goal(self.target_gbp_m)} a year"
            return reaching(self.of, amount, self.unit.name, final)
        plan = " with this plan" if self.has_plan else ""
        if prize.basis == "share_of_economy":
            part = format.part(prize.share_of_economy)
            return f"Digital adoption{plan} reaches {part} of the UK’s GVA in {final}"
        amount = "the prize" if prize.value is None else f"£{prize.value:g}bn"
        if prize.price_year != setting.price_year:
            amount += f" (money of {prize.price_year})"
        when = format.when(prize.basis, setting.start_year, setting.horizon_years)
        return f"Digital adoption{plan} reaches {amount} {when} across the UK"

    def outcome(
        self, scenario: Scenario, settings: Settings, on_progress: Progress | None = None
    ) -> _Outcome:
        """Run a scenario and hold it against the goal."""
        paired = self.target_gbp_m is not None and self.has_plan
        run = Run(scenario, self.figures, settings, self.threads, paired=paired)
        if paired:
            pair = run.pair(on_progress)
            values, _ = reached_by(pair, "gain_gbp_m", self.of, self.unit)
            return _Outcome(pair.with_plan, pair, values, float(self.target_gbp_m or 0.0))
        result = run.result(on_progress)
        if self.target_gbp_m is not None:
            gain = draws_of(result, FINAL_YEAR_GAIN, self.unit)
            return _Outcome(result, None, gain, self.target_gbp_m)
        cumulative = scenario.prize.basis == "cumulative"
        metric = "gain_cumulative_gbp_m" if cumulative else FINAL_YEAR_GAIN
        prize_gbp_m = 1000.0 * draws_of(result, "prize_gbp_bn", self.unit)
        return _Outcome(result, None, draws_of(result, metric, self.unit), prize_gbp_m)

    def cannot_matter(self) -> list[str]:
        """Patterns of names of assumptions that cannot change the answer."""
        names = [*COSTS]
        if self.target_gbp_m is not None or self.scenario.prize.basis == "share_of_economy":
            names.append("prize")
        if self.target_gbp_m is None or not self.has_plan:
            names += ADJUSTMENTS
        elif self.unit.code == UK:
            names += ("leakage", "multiplier")
        if not self.has_plan:
            names += ("take_up", "levers.*")
        return names

    def held_one_by_one(
        self, cannot_matter: list[str]
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Assumptions that are held one at a time; and why others are not."""
        rows, left_out = assumed(self.scenario, besides=("prize",))
        kept = []
        for row in rows:
            name = row["key"].removeprefix("parameters.")
            if name.startswith("discounting.") or any(
                fnmatchcase(name, pattern) for pattern in cannot_matter
            ):
                left_out[row["name"]] = "cannot change this answer"
            elif row["low"] == row["high"]:
                left_out[row["name"]] = "the same in every future"
            else:
                kept.append(row)
        return kept, left_out

    def by_structure(self, base: _Outcome) -> pl.DataFrame:
        """The chance in each structure of the scenario."""
        hits = base.hits.astype(np.float64)
        table = by_structure(self.scenario, base.result.manifest, hits).table
        return table.select(
            "structure",
            "weight",
            "draws",
            pl.col("mean").alias("p"),
            pl.col("mean_mcse").alias("p_mcse"),
        )

    def out_of_reach(
        self, base: _Outcome, known: list[Variable], sampler: str
    ) -> tuple[float | None, float | None]:
        """Share of futures in which even gains at the cap in every cell would not reach it."""
        if self.target_gbp_m is None and self.scenario.prize.basis == "cumulative":
            return None, None
        certain = value_at(self.scenario.parameters.uplift_cap.figure(), 0.0)
        cap = next((of.values for of in known if of.name == "uplift_cap"), certain)
        most = cap * _gva(base.result, self.unit)
        if base.pair is not None:
            before = draws_of(base.pair.without, FINAL_YEAR_GAIN, self.unit)
            added = (most - before) * base.pair.additionality(self.unit)
            most = added if self.of == "added" else before + added
        short, told = most < base.needed, np.isfinite(most) & np.isfinite(base.needed)
        if not told.any():
            return None, None
        (p,), (mcse,) = chances_of("p", short[None], told[None], sampler)
        return p, mcse


def _gva(result: Result, unit: Unit) -> Draws:
    """GVA of the final year in every draw, £m; NaN where there is no gain to tell it by."""
    codes = [unit.code] if unit.code in result.codes else list(unit.members)
    gain, uplift = (
        result.draws(metric, codes).drop("draw").to_numpy().astype(np.float64)
        for metric in (FINAL_YEAR_GAIN, "uplift_final_year")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        gva: Draws = (gain / uplift).sum(axis=1)
    return gva


def _chance(hits: Hits, sampler: str) -> tuple[float, float]:
    (p,), (mcse,) = chances_of("p", hits[None], np.ones_like(hits[None]), sampler)
    return p, math.nan if mcse is None else mcse


def _chance_there(there: Hits, base: Hits, sampler: str) -> tuple[float, float]:
    """The chance with something held, on as many of the futures of `base` as there are.

    Of fewer it is the chance of all as it is and the change in the few: what the change leaves as
    it was then adds no error of its own.
    """
    if there.size == base.size:
        return _chance(there, sampler)
    p, mcse = _chance(base, sampler)
    change = there.astype(np.float64) - base[: there.size]
    numbers = statistics_of(change[None], sampler)[0]
    mean, error = (float(numbers[COLUMNS.index(name)]) for name in ("mean", "mcse_mean"))
    return min(max(p + mean, 0.0), 1.0), math.hypot(mcse, error)


# ---------------------------------------------------------------- what sets futures apart


def what_sets_apart(known: list[Variable], group: Hits) -> pl.DataFrame:
    """Compare a group of futures with the others, assumption by assumption, by ranks.

    Parameters
    ----------
    known : list of Variable
        Assumptions in every draw.
    group : ndarray of bool, shape (draws,)

    Returns
    -------
    DataFrame
        `WouldHaveToBeTrue.apart`: the most different first; empty where the group or the rest has
        fewer than 30 draws.
    """
    if not known or min(group.sum(), (~group).sum()) < LEAST_FUTURES:
        return pl.DataFrame(schema=APART)
    # Two-sided, for all of them together (Bonferroni).
    critical = NormalDist().inv_cdf(1 - BY_CHANCE / (2 * len(known)))
    rows = []
    for variable in known:
        p_higher, z = superiority(variable.values, group)
        mean, error = _mean(variable.values[group])
        mean_all, error_all = _mean(variable.values)
        rows.append(
            {
                "parameter": variable.name,
                "label": variable.label,
                "evidence": variable.evidence,
                "mean": mean,
                "mean_mcse": error,
                "mean_all": mean_all,
                "p_higher": p_higher,
                "z": z,
                "separated": abs(z) > critical and abs(2 * p_higher - 1) >= NEGLIGIBLE,
                "words": format.as_known(variable.say(mean), mean, error),
                "words_all": format.as_known(variable.say(mean_all), mean_all, error_all),
            }
        )
    return pl.DataFrame(rows, schema=APART).sort((pl.col("p_higher") - 0.5).abs(), descending=True)


def _mean(values: Draws) -> tuple[float, float]:
    """The average, and its standard error."""
    numbers = statistics_of(values[None], "random")[0]
    return float(numbers[COLUMNS.index("mean")]), float(numbers[COLUMNS.index("mcse_mean")])


def superiority(values: Draws, group: Hits) -> tuple[float, float]:
    """Probability that one of a group has a higher value than one of the rest; ties count half.

    The statistic of Mann and Whitney (1947), Annals of Mathematical Statistics 18, over the number
    of pairs; and how many of its standard errors under no difference it lies above one half.
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    ranks = (last - (counts - 1) / 2)[which]
    n, m = int(group.sum()), int((~group).sum())
    p = (float(ranks[group].sum()) - n * (n + 1) / 2) / (n * m)
    every = n + m
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    variance = (every + 1 - ties / (every * (every - 1))) / (12 * n * m)
    return p, (p - 0.5) / math.sqrt(variance) if variance > 0 else 0.0
