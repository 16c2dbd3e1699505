"""Switching values: how far an assumption would have to be off for a plan just to break even.

One assumption at a time, all others as they are; `docs/explanation/model.md`, section 9, has the
formulas, decision 17 the reasons.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from gainsmodel import format
from gainsmodel.analysis.assumptions_log import assumptions
from gainsmodel.analysis.optimise.problem import LEAST_DRAWS, Report
from gainsmodel.analysis.verdict import Verdict, against_nothing, breaks_even, of_draws
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Prices, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.paired import NET_PRESENT_VALUE, PairedResult
from gainsmodel.results.prices import check_prices
from gainsmodel.results.statistics import COLUMNS, Draws, chances_of, statistics_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.distributions import Bounds
from gainsmodel.scenario.messages import KeyPath
from gainsmodel.scenario.parameter_groups import COSTS
from gainsmodel.scenario.parameters import (
    ADJUSTMENTS,
    LEVER_COST,
    LEVER_EFFECT,
    LEVER_YEARS,
    PARAMETERS,
)
from gainsmodel.simulation.focus import Focus, fits
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

# An end that is open is looked for so many times as far from the middle as the end of its own
# range; a cost, whose net present value is a straight line, at so many times itself.
FARTHEST, DEAREST = 10.0, 1e4
# Sought until the mean is this part of its own standard error: nearer would be noise.
CLOSE = 0.05
# Rarely more than ten; more steps than halving alone would take.
MOST_STEPS = 60
# Runs a row takes, to tell of progress: five points, and where there is a value some to find it.
RUNS_A_ROW = 8
_NAMES = {
    "benefits": "All that the plan adds",
    "authority_costs": "All that the authority spends",
    "costs": "All costs, authority's and firms'",
}
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("key", "name", "unit", "evidence"), pl.String),
    **dict.fromkeys(("value", "low", "high", "least", "most"), pl.Float64),
    **dict.fromkeys(("switching_value", "switching_mcse", "change_percent"), pl.Float64),
    **dict.fromkeys(("within_range", "pays_above", "several"), pl.Boolean),
    **dict.fromkeys(("net_present_value_gbp_m_mean", "net_present_value_gbp_m_mcse"), pl.Float64),
    **dict.fromkeys(("p_pays_back", "p_pays_back_mcse"), pl.Float64),
}


@dataclass(frozen=True, eq=False, repr=False)
class SwitchingValues(ShownInNotebooks):
    """Where a plan just breaks even; made by `switching_values`.

    Attributes
    ----------
    area, prices, sampler : str
    draws, seed : int
        Draws behind what is said of the plan as it is, and of its benefits and costs as a whole.
    search_draws : int
        Draws at each value that is tried of a single assumption.
    net_present_value_gbp_m_mean, net_present_value_gbp_m_mcse : float
        Expected net present value of the plan as it is, £m, and its Monte Carlo standard error.
    net_present_value_gbp_m_p05, net_present_value_gbp_m_p95 : float
        Its 5% and 95% quantiles.
    p_pays_back, p_pays_back_mcse : float
        Probability that it is above 0.
    verdict : Verdict
        On the plan and doing nothing.
    table : pl.DataFrame
        One row an assumption. First all that the plan adds, all that the authority spends and
        all costs (unit ``times``, of what they are now); then what switches within its own
        range, what switches elsewhere by the size of the change, and what does not.

        ``key`` (as `Scenario.edit` takes it), ``name``, ``unit``, ``evidence``
            Null evidence: not an assumption of its own.
        ``value``, ``low``, ``high``
            Middle and 5% and 95% quantiles now; of a certain figure all three are its value,
            of the first three rows the ends are null.
        ``least``, ``most``
            Between which values it was looked for; null: no end.
        ``switching_value``, ``switching_mcse``
            Held at this value in every future, area and sector, the plan's expected net present
            value is 0; null where there is none between ``least`` and ``most``. The nearest one.
            Its error is that of the net present value there over the slope.
        ``change_percent``
            From the value now; null where that is 0.
        ``within_range``
            Whether it lies between ``low`` and ``high``.
        ``pays_above``
            Whether the plan is worth more than it costs above that value (otherwise below).
        ``several``
            Whether there are further such values.
        ``net_present_value_gbp_m_mean``, ``_mcse``, ``p_pays_back``, ``p_pays_back_mcse``
            Of the run at the switching value, £m: the check that it is one.
    left_out : dict
        Names of assumptions that are not in the table, to the reason.
    """

    area: str
    prices: Prices
    sampler: Sampler
    draws: int
    seed: int
    search_draws: int
    net_present_value_gbp_m_mean: float
    net_present_value_gbp_m_mcse: float
    net_present_value_gbp_m_p05: float
    net_present_value_gbp_m_p95: float
    p_pays_back: float
    p_pays_back_mcse: float
    verdict: Verdict
    table: pl.DataFrame
    left_out: dict[str, str]

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        said = [
            against_nothing(
                self.verdict,
                self.net_present_value_gbp_m_p05,
                self.net_present_value_gbp_m_p95,
            )
        ]
        benefits, costs = (
            self.table.row(by_predicate=pl.col("key") == key, named=True)["switching_value"]
            for key in ("benefits", "costs")
        )
        if benefits is not None and costs is not None:
            said.append(breaks_even(benefits, costs))
        inside = self.table.filter(pl.col("within_range"))["name"].to_list()
        said.append(
            f"Within its own range alone, {_listed(inside)} would change the sign."
            if inside
            else "No assumption alone would change the sign within its own range."
        )
        return said

    @property
    def in_words(self) -> pl.DataFrame:
        """Rows of `table` that have a switching value, as text for reading."""
        # A range of which only the value is known is no range.
        within = {True: "yes", False: "no", None: ""}
        found = self.table.filter(pl.col("switching_value").is_not_null())
        rows = [
            (
                row["name"],
                _now(row),
                f"{'above' if row['pays_above'] else 'below'} "
                f"{_with_error(row['switching_value'], row['switching_mcse'])}",
                _change(row["change_percent"]),
                within[row["within_range"]],
                format.out_of_100(row["p_pays_back"], self.draws),
                row["unit"],
            )
            for row in found.iter_rows(named=True)
        ]
        headings = ("Assumption", "Now", "Worth it", "Change", "Within its range")
        return pl.DataFrame(
            rows, dict.fromkeys((*headings, "Pays back there", "Unit"), pl.String), orient="row"
        )

    @property
    def how_to_read(self) -> list[str]:
        """What goes with `in_words`: where there is no such value, and what is held."""
        none = [
            f"{row['name']} ({_possible_range(row['least'], row['most'])})"
            for row in self.table.filter(pl.col("switching_value").is_null()).iter_rows(named=True)
        ]
        several = self.table.filter("several")["name"].to_list()
        said = [f"None within what is possible, in brackets: {'; '.join(none)}."] if none else []
        if several:
            said.append(f"The nearest of several: {'; '.join(several)}.")
        return [
            *said,
            "Each is held at that value in every future, area and sector; all others stay as they "
            f"are. ±: standard error. {self.draws:,} futures for the plan as it is, "
            f"{self.search_draws:,} at each value that is tried.",
        ]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            **self.__dict__,
            "verdict": asdict(self.verdict),
            "table": self.table.to_dicts(),
            "summary": self.summary,
        }


def switching_values(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    *,
    pair: PairedResult | None = None,
    parameters: Sequence[str] | None = None,
    prices: Prices = "real",
    draws: int = 10_000,
    search_draws: int = 1_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> SwitchingValues:
    """Find at which value of each assumption a plan's expected net present value is 0.

    The switching value of appraisal guidance (HM Treasury, Green Book): what an assumption would
    have to be for the decision to change. It is held there in every future, area and sector, and
    all others are drawn as they are, with the same numbers at every value. Looked for between
    the ends of what is possible, its own 90% range and its middle, then found by false position
    (Illinois; Dowell and Jarratt 1971, BIT 11) and run there again.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario with a plan.
    area : str
        Name or code of an area or group.
    pair : PairedResult, optional
        The plan and its reference, if they were run already; fixes `draws`.
    parameters : sequence of str, optional
        Keys of assumptions to look at, or patterns of them such as ``levers.*.cost_*``; all if
        left out.
    prices : {"real", "nominal"}
        Of the net present values, as `appraise`; assumptions keep their units, and switching
        values are the same in both.
    draws : int
        Draws behind what is said of the plan as it is, at least 100.
    search_draws : int
        Draws at each value that is tried, `draws` at most; there are some 170 runs.
    seed, sampler, geography, dataset, threads
        As `run`.
    on_progress : callable, optional
        Called with (draws done, draws in all), over all runs; how many there are is an estimate.

    Returns
    -------
    Switching

    Raises
    ------
    ScenarioError
        If no lever is moved anywhere.
    UnknownNameError, DataError, SettingError
        As `run`.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.switching_values("skills_first", "Greater Manchester", draws=100)
    >>> found.table["key"][0]
    'benefits'
    """
    loaded, figures = resolve(scenario, geography, dataset)
    loaded.require_plan("break even")
    if pair is not None:
        draws, seed, sampler = (pair.manifest[name] for name in ("draws", "seed", "sampler"))
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    if settings.draws < LEAST_DRAWS:
        raise SettingError(
            f"draws: at least {LEAST_DRAWS} are needed to find where a plan breaks even, "
            f"not {settings.draws}"
        )
    rows, left_out = assumed(loaded)
    if parameters is not None:
        rows = _chosen(rows, parameters)
    report = Report(on_progress, min(search_draws, settings.draws), RUNS_A_ROW * len(rows))
    check_prices(prices)
    if pair is None:
        pair = Run(loaded, figures, settings, threads, paired=True).pair()
    searched_on = replace(settings, draws=min(search_draws, settings.draws))
    of = (loaded, figures, unit_of(figures, area))
    focus = Focus(*of, searched_on, threads) if fits(*of, searched_on.draws) else None
    worth = _Worth(figures, of[-1], searched_on, threads, prices, report, focus)
    parts = pair.value_draws(worth.unit, prices=prices)
    now = worth.point(math.nan, parts[NET_PRESENT_VALUE])
    low, high = (
        float(statistics_of(now.draws[None], sampler)[0, COLUMNS.index(q)]) for q in ("p05", "p95")
    )
    found = [*_multiples(parts, worth)]
    searched = [_searched(row, partial(worth.held, loaded, row)) for row in rows]
    report.end()
    searched.sort(key=_nearness)
    chance, error = worth.chance(now)
    return SwitchingValues(
        area=worth.unit.name,
        prices=prices,
        sampler=sampler,
        draws=settings.draws,
        seed=settings.seed,
        search_draws=searched_on.draws,
        net_present_value_gbp_m_mean=now.mean,
        net_present_value_gbp_m_mcse=now.mcse,
        net_present_value_gbp_m_p05=low,
        net_present_value_gbp_m_p95=high,
        p_pays_back=chance,
        p_pays_back_mcse=error,
        verdict=of_draws(now.draws, pair.with_plan),
        table=pl.DataFrame([*found, *(row | worth.checked(row) for row in searched)], _SCHEMA),
        left_out=left_out,
    )


@dataclass(frozen=True)
class _Point:
    """Net present value with an assumption held at `at`: draws, their mean and its error, £m."""

    at: float
    draws: Draws
    mean: float
    mcse: float

    @property
    def is_root(self) -> bool:
        """Whether the mean is 0 as far as its error can tell, or as arithmetic can."""
        size = float(np.abs(self.draws).mean())
        return abs(self.mean) <= max(CLOSE * self.mcse, 1e-9 * size)


@dataclass(frozen=True)
class _Worth:
    """What a plan is worth in a unit, on the same futures whatever is held."""

    figures: Dataset
    unit: Unit
    settings: Settings
    threads: int | None
    prices: Prices
    report: Report
    # The unit alone, where that is enough.
    focus: Focus | None

    def parts(self, scenario: Scenario) -> dict[str, Draws]:
        """As `PairedResult.value_draws`, each of the shape (draws,)."""

        def told(done: int, _: int) -> None:
            self.report.run(done)

        if self.focus is not None:
            pair = self.focus.pair(scenario, on_progress=told)
        else:
            of = (scenario, self.figures, self.settings, self.threads)
            pair = Run(*of, paired=True, quantiles=False).pair(told)
        self.report.run(self.settings.draws)
        return pair.value_draws(self.unit, prices=self.prices)

    def held(self, scenario: Scenario, row: Mapping[str, Any], at: float) -> _Point:
        """Hold an assumption at a value."""
        change: dict[str, Any] = {row["key"]: {"value": at}}
        if row["key"] == "discounting.rates":
            change = {"discounting.rates": [{"from_year": 0, "rate": at}]}
        return self.point(at, self.parts(scenario.edit(change))["net_present_value_gbp_m"])

    def point(self, at: float, draws: Draws) -> _Point:
        """Take the mean of draws."""
        numbers = statistics_of(draws[None], self.settings.sampler)[0]
        mean, mcse = (float(numbers[COLUMNS.index(name)]) for name in ("mean", "mcse_mean"))
        return _Point(at, draws, mean, 0.0 if math.isnan(mcse) else mcse)

    def chance(self, point: _Point) -> tuple[float, float]:
        """Probability that the net present value is above 0, and its standard error."""
        net = point.draws[None]
        chance, mcse = chances_of("p", net > 0, np.isfinite(net), self.settings.sampler)
        return chance[0], mcse[0]

    def checked(self, row: dict[str, Any]) -> dict[str, Any]:
        """What a row says of the run at its switching value."""
        point: _Point | None = row.pop("point")
        if point is None:
            return {}
        chance, mcse = self.chance(point)
        return {
            "net_present_value_gbp_m_mean": point.mean,
            "net_present_value_gbp_m_mcse": point.mcse,
            "p_pays_back": chance,
            "p_pays_back_mcse": mcse,
        }


def _multiples(parts: Mapping[str, Draws], worth: _Worth) -> Iterator[dict[str, Any]]:
    """Benefits and costs as multiples of themselves, in closed form."""
    benefits, authority, firms = (
        parts[f"{name}_present_value_gbp_m"] for name in ("added", "authority_cost", "firms_cost")
    )
    for key, rest, part in (
        ("benefits", -authority - firms, benefits),
        ("authority_costs", benefits - firms, -authority),
        ("costs", benefits, -authority - firms),
    ):
        slope = float(part.mean())
        row = {"key": key, "name": _NAMES[key], "unit": "times", "value": 1.0, "least": 0.0}
        row |= {"several": False}
        times = 0.0 - float(rest.mean()) / slope if slope else -1.0
        if times < 0:
            yield row
            continue
        point = worth.point(times, rest + times * part)
        row |= {
            "switching_value": times,
            "switching_mcse": point.mcse / abs(slope),
            "change_percent": 100 * (times - 1),
            "pays_above": slope > 0,
            "point": point,
        }
        yield row | worth.checked(row)


def _searched(row: dict[str, Any], held: Callable[[float], _Point]) -> dict[str, Any]:
    """Look for the value at which the mean is 0 that is nearest to what is assumed now."""
    middle = row["value"]
    ends = [row[name] for name in ("least", "low", "high", "most")]
    looked_at = [point for x in sorted({middle, *ends}) if math.isfinite((point := held(x)).mean)]
    brackets = [
        (a, b) for a, b in pairwise(looked_at) if a.is_root or b.is_root or a.mean * b.mean < 0
    ]
    # Each point next to a bracket may be the root of two.
    roots = {(root := _root(a, b, held)).at: root for a, b in brackets}
    if not roots or all(point.is_root for point in looked_at):
        return row | {"several": False, "point": None}
    reach = (row["high"] - row["low"]) / 2 or abs(middle) or 1.0
    point = min(roots.values(), key=lambda root: abs(root.at - middle))
    # A hundredth of the way to the middle, or of the range where that is where it lies.
    step = 0.01 * (middle - point.at if abs(middle - point.at) > 0.1 * reach else reach)
    if not row["least"] <= point.at + step <= row["most"]:
        step = -step
    slope = (held(point.at + step).mean - point.mean) / step
    certain = row["low"] == row["high"]
    return row | {
        "switching_value": point.at,
        "switching_mcse": point.mcse / abs(slope) if slope else math.inf,
        "change_percent": 100 * (point.at - middle) / abs(middle) if middle else None,
        "within_range": None if certain else row["low"] <= point.at <= row["high"],
        "pays_above": slope > 0,
        "several": len(roots) > 1,
        "point": point,
    }


def _root(a: _Point, b: _Point, held: Callable[[float], _Point]) -> _Point:
    """Find where the mean is 0 between two points of opposite sign, or that are it."""
    weight_a, weight_b = a.mean, b.mean
    for _ in range(MOST_STEPS):
        nearer = a if abs(a.mean) < abs(b.mean) else b
        width = abs(b.at - a.at)
        if nearer.is_root or width <= 1e-12 * max(abs(a.at), abs(b.at)):
            return nearer
        at = (a.at * weight_b - b.at * weight_a) / (weight_b - weight_a)
        c = held(at if abs(at) > 1e-12 * max(abs(a.at), abs(b.at)) else 0.0)
        # The end that stays loses half its weight, so that the other side moves too.
        if c.mean * b.mean <= 0:
            a, weight_a = b, weight_b
        else:
            weight_a /= 2
        b, weight_b = c, c.mean
    return a if abs(a.mean) < abs(b.mean) else b


def assumed(
    scenario: Scenario, besides: Sequence[str] = ()
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Assumptions that may be held at a value of their own; and why others are not.

    Those of the keys `besides` are among them whatever the table of parameters says.
    """
    rows: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    for row in assumptions(scenario).iter_rows(named=True):
        reason = None if row["key"] in besides else _why_not(scenario, row["key"])
        if reason is None and row["key"].split(".")[-1] in (*LEVER_YEARS, "p_zero"):
            left_out[row["name"]] = "change it in the scenario to see what it does"
            continue
        if reason is not None:
            left_out[row["name"].split(":")[0]] = reason
            continue
        if row["key"].startswith("discounting."):
            if row["key"] != "discounting.rates[0]":
                continue
            row |= {"key": "discounting.rates", "name": "Discount rate, all years"}
        columns = ("key", "name", "unit", "evidence", "low", "high")
        kept = {name: row[name] for name in columns} | {"value": row["middle"]}
        rows.append(kept | dict(zip(("least", "most"), _possible(kept), strict=True)))
    return rows, left_out


def _chosen(rows: list[dict[str, Any]], parameters: Sequence[str]) -> list[dict[str, Any]]:
    if isinstance(parameters, str) or not parameters:
        raise SettingError(f"parameters: needs a list of keys, not {parameters!r}")
    keys = [row["key"] for row in rows]
    for pattern in parameters:
        if not any(fnmatchcase(key, pattern) for key in keys):
            raise UnknownNameError(
                f"parameters: no assumption that could switch this plan is called {pattern!r}"
                f"{did_you_mean(pattern, keys)}"
            )
    return [row for row in rows if any(fnmatchcase(row["key"], p) for p in parameters)]


def _why_not(scenario: Scenario, key: str) -> str | None:
    """Why an assumption has no switching value of its own; None if it may have one."""
    first, name, *rest = (*key.split("."), "")
    if first in ("levers", "parameters") and scenario.differs_between_structures(key):
        return "structures of the model differ in it"
    if first == "levers" and name not in scenario.moved_levers():
        return "the plan does not move it"
    if first in ("levers", "discounting"):
        return None
    if reason := PARAMETERS[name or first].not_switched:
        return reason
    parameter = getattr(scenario.parameters, name)
    if name in ADJUSTMENTS and not parameter.enabled:
        return "switched off"
    if name == "innovation" and scenario.has_no_innovation:
        return f"the {scenario.setting.curve} curve has none"
    stated = getattr(parameter, "by_technology", {})
    if not any(rest) and stated and stated.keys() >= scenario.technologies.keys():
        return "each technology has its own"
    return None


def _possible(row: Mapping[str, Any]) -> tuple[float, float]:
    """Between which values an assumption is looked for."""
    key, middle = row["key"], row["value"]
    bounds = _bounds(tuple(key.split(".")))
    least, most = bounds.values
    if any(fnmatchcase(key.removeprefix("parameters."), cost) for cost in COSTS):
        return least, min(most, DEAREST * (row["high"] or 1.0))
    if math.isfinite(bounds.low) and math.isfinite(bounds.high):
        return least, most
    # Of a certain figure the end of its range is twice its value, or nothing.
    reach = abs(middle) or 1.0
    if row["low"] < row["high"]:
        reach = max(row["high"] - middle, middle - row["low"])
    return max(least, middle - FARTHEST * reach), min(most, middle + FARTHEST * reach)


def _bounds(path: KeyPath) -> Bounds:
    """What values the schema allows."""
    if path[0] == "discounting":
        return Bounds(0, 1)
    if path[0] == "levers":
        return LEVER_EFFECT if path[2] == "effects" else LEVER_COST
    return PARAMETERS[str(path[-1] if path == ("prize",) else path[1])].bounds or Bounds()


def _nearness(row: Mapping[str, Any]) -> tuple[bool, bool, float]:
    """What switches within its range first, then by the size of the change."""
    if row["point"] is None:
        return True, True, math.inf
    change = row["change_percent"]
    return False, not row["within_range"], math.inf if change is None else abs(change)


def _listed(names: list[str]) -> str:
    return " or ".join(f"“{name}”" for name in names)


def _now(row: Mapping[str, Any]) -> str:
    if row["low"] is None:
        return _number(row["value"])
    return format.figure(row["value"], row["low"], row["high"])


def _change(percent: float | None) -> str:
    return "" if percent is None else f"{percent:+,.0f}%".replace("-", "−")


def _with_error(value: float, error: float) -> str:
    """A value to the digits that its error leaves standing, 3 at the most, and the error."""
    known = math.floor(math.log10(abs(value) / error)) + 1 if value and error > 0 else 3
    return f"{_number(value, min(max(known, 1), 3))} ± {_number(error, 1)}"


def _possible_range(least: float, most: float | None) -> str:
    """Between which values one was looked for; a multiple of a whole has no upper end."""
    return f"{_number(least)} or more" if most is None else f"{_number(least)} to {_number(most)}"


def _number(value: float, digits: int = 3) -> str:
    return f"{value:,.{digits}g}".replace("-", "−")
