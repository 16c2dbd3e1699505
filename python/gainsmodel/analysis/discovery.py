"""When does a plan fail: boxes of assumptions in which it misses its target, found by PRIM."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import format
from gainsmodel.analysis.prim import Array, Box, Hits, by_chance, find_box
from gainsmodel.checks import did_you_mean
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import ScenarioError, SettingError, UnknownNameError
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import plan_arrays
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import chances_of, values_at
from gainsmodel.scenario import Distribution, Scenario
from gainsmodel.scenario.parameter_groups import COSTS, core_name, uncertain
from gainsmodel.scenario.parameters import PARAMETERS
from gainsmodel.scenario.quantities import LEVELS, SPREAD_PARAMETERS
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Sampler, Settings

# Draws in all: half to find boxes, half to judge them.
LEAST_DRAWS = 1_000
# A box that holds fewer of the misses than this tells no story.
LEAST_COVERAGE = 0.05
Z975 = 1.959963984540054


# ---------------------------------------------------------------- assumptions in every draw


@dataclass(frozen=True, eq=False)
class Variable:
    """An assumption in every draw, in its own unit."""

    name: str
    label: str
    evidence: str
    say: Callable[[float], str]
    values: Array


def variables(scenario: Scenario, dataset: Dataset, unit: Unit, result: Result) -> list[Variable]:
    """Uncertain assumptions that may decide whether a plan reaches a target, in every draw.

    An assumption that differs between areas, sectors or technologies is taken at its usual
    value in the unit: sectors and areas weighted by GVA on the normal scale, technologies with
    equal weights, numbers of single cells left at their middle.
    """
    names, numbers = result.standard_normals()
    at = _Numbers(scenario, dataset, unit, names, numbers)
    grades = uncertain(scenario)
    parameters = scenario.parameters
    found: list[Variable] = []

    def add(name: str, label: str, say: Callable[[float], str], values: Array | None) -> None:
        if values is not None and np.ptp(values) > 0:
            grade = grades[name.rpartition(".")[0] if name.startswith("take_up.") else name]
            found.append(Variable(name, label, grade, say, values))

    for name in grades:
        if name == "take_up":
            for lever, values in at.take_up(parameters.take_up.figure()).items():
                label = f"take-up of {scenario.levers[lever].label}"
                add(f"take_up.{lever}", label, format.percent, values)
        elif name.startswith("levers.") and ".effects." in name:
            lever, target = name.split(".")[1], name.split(".")[3]
            effect = getattr(scenario.levers[lever].effects, target).figure()
            label = f"effect of {scenario.levers[lever].label} on {PARAMETERS[target].in_sentence}"
            add(name, label, format.percent, at.national(name, effect))
        elif name in PARAMETERS and name not in ("prize", *COSTS):
            of, parameter = PARAMETERS[name], getattr(parameters, name)
            values = at.spread(name) if of.level == "spread" else None
            if name in ("complements", "growth_area"):
                values = at.of_areas(name, parameter.figure())
            elif name == "growth_sector":
                values = at.of_sectors(name, parameter.figure())
            elif of.level == "nation":
                values = at.national(name, parameter.figure())
            add(name, of.in_sentence, of.in_words, values)
    return found


class _Numbers:
    """Standard normal numbers of a result, put together as the core does."""

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        unit: Unit,
        names: pl.DataFrame,
        numbers: NDArray[np.float32],
    ) -> None:
        self.scenario, self.numbers, self.mix = scenario, numbers, mixing(scenario)
        self.rows: dict[tuple[str, str, str], int] = {}
        # Take-up of several levers goes by the same name; levers come in their order.
        self.take_up_rows: list[dict[str, int]] = []
        for row, (parameter, area, cell) in enumerate(names.iter_rows()):
            if parameter == "take_up":
                if not area:
                    self.take_up_rows.append({})
                self.take_up_rows[-1][area] = row
            else:
                self.rows[parameter, area, cell] = row
        codes = dataset.areas["area_code"].to_list()
        here = [codes.index(code) for code in unit.members]
        gva = dataset.gva_gbp_m[here]
        self.areas = dict(zip(unit.members, gva.sum(axis=1) / gva.sum(), strict=True))
        self.sectors = dict(zip(dataset.sectors, gva.sum(axis=0) / gva.sum(), strict=True))
        intensity = plan_arrays(scenario, dataset)["intensity"]
        self.moved = [
            (lever, [code for code, row in zip(unit.members, here, strict=True) if of[row] > 0])
            for lever, of in zip(scenario.levers, intensity, strict=True)
            if of.any()
        ]

    def _z(self, parameter: str, area: str = "", cell: str = "") -> Array | None:
        row = self.rows.get((core_name(parameter), area, cell))
        return None if row is None else self.numbers[row].astype(np.float64)

    def national(self, name: str, figure: Distribution) -> Array | None:
        """Values of a parameter with one value a draw."""
        z = self._z(name)
        return None if z is None else values_at(figure, z)

    def of_areas(self, name: str, figure: Distribution) -> Array | None:
        """Values of a parameter that each area has, weighted."""
        parts = [(w, self._z(name, area=code)) for code, w in self.areas.items()]
        return _weighted([(w, values_at(figure, z)) for w, z in parts if z is not None])

    def of_sectors(self, name: str, figure: Distribution) -> Array | None:
        """Values of a parameter that each sector has, weighted."""
        parts = [(w, self._z(name, cell=sector)) for sector, w in self.sectors.items()]
        return _weighted([(w, values_at(figure, z)) for w, z in parts if z is not None])

    def spread(self, name: str) -> Array | None:
        """Values of a spread parameter, technologies with equal weights."""
        technologies = list(self.scenario.technologies)
        shared: Array | float = 0.0
        for level, places in (
            ("nation", {("", ""): 1.0}),
            ("area", {(code, ""): w for code, w in self.areas.items()}),
            ("sector", {("", sector): w for sector, w in self.sectors.items()}),
        ):
            for place, weight in places.items():
                shared = shared + weight * self._level(name, level, *place)
        parameter = getattr(self.scenario.parameters, name)
        values = [
            values_at(parameter.of(k), z)
            for k in technologies
            if isinstance(z := shared + self._level(name, "technology", "", k), np.ndarray)
        ]
        return _weighted([(1 / len(technologies), v) for v in values])

    def _level(self, name: str, level: str, area: str, cell: str) -> Array | float:
        """Weighted, correlated number of a spread parameter at one level."""
        mixed: dict[str, Array] = dict(
            zip(SPREAD_PARAMETERS, self.mix[LEVELS.index(level)], strict=True)
        )
        total: Array | float = 0.0
        for other, weight in zip(SPREAD_PARAMETERS, mixed[name], strict=True):
            z = self._z(other, area, cell) if weight else None
            if z is not None:
                total = total + weight * z
        return total

    def take_up(self, figure: Distribution) -> dict[str, Array | None]:
        """Take-up of each lever that is moved here, areas weighted."""
        shared = self.scenario.parameters.take_up.shared_variance
        found: dict[str, Array | None] = {}
        for (lever, codes), rows in zip(self.moved, self.take_up_rows, strict=False):
            common = self.numbers[rows[""]].astype(np.float64)
            size = sum(self.areas[code] for code in codes)
            found[lever] = _weighted(
                [
                    (
                        self.areas[code] / size,
                        values_at(
                            figure,
                            math.sqrt(shared) * common
                            + math.sqrt(1 - shared) * self.numbers[rows[code]],
                        ),
                    )
                    for code in codes
                ]
            )
        return found


def mixing(scenario: Scenario) -> Array:
    """Weight of each spread parameter's number in each other's, shape (levels, 5, 5).

    As ``rust/core/src/factors.rs`` has it: the root of a level's weight times a Cholesky root
    of ρ / Σ √(w₁w₂), parameters without weight at a level standing alone.
    """
    weights = np.array([scenario.parameters.spread(p).spread.shares() for p in SPREAD_PARAMETERS])
    correlation = np.eye(len(SPREAD_PARAMETERS))
    for stated in scenario.correlations:
        i, j = (SPREAD_PARAMETERS.index(name) for name in stated.between)
        correlation[i, j] = correlation[j, i] = (
            stated.value / np.sqrt(weights[i] * weights[j]).sum()
        )
    mixed = np.zeros((len(LEVELS), *correlation.shape))
    for level, weight in enumerate(weights.T):
        active = np.outer(weight > 0, weight > 0) | np.eye(len(weight), dtype=bool)
        target = np.where(active, correlation, 0.0)
        # Correlations of ±1 leave nothing of its own to the later one; a hair keeps the root.
        root = np.linalg.cholesky(target + 1e-12 * np.eye(len(weight)))
        mixed[level] = np.sqrt(weight)[:, None] * root
    return mixed


def _weighted(parts: Sequence[tuple[float, Array]]) -> Array | None:
    if not parts:
        return None
    total: Array = np.sum([weight * values for weight, values in parts], axis=0)
    return total


# ---------------------------------------------------------------- the question


@dataclass(frozen=True, eq=False)
class Discovery:
    """When a plan misses its target; made by `discover`.

    Attributes
    ----------
    area : str
    target_gbp_m : float
    p_misses, p_misses_mcse : float
        Probability that the plan misses its target, and its Monte Carlo standard error: one less
        the probability that `target` gives.
    boxes : pl.DataFrame
        One row a box, in the order found, judged on the half of the futures that it was not
        found on: ``box``, ``words`` (all its conditions), ``density`` (share of the futures
        within that miss) with ``density_low`` and ``density_high``, its 95% interval,
        ``coverage`` (share of all misses within) with ``coverage_low`` and ``coverage_high``,
        ``support`` (share of all futures within), ``coverage_together`` (with the boxes
        before), and ``density_found`` and ``coverage_found``, on the half it was found on.
    limits : pl.DataFrame
        One row a condition: ``box``, ``parameter``, ``label``, ``low`` and ``high`` (null where
        open), in the unit of the parameter, ``words``, ``by_chance`` (the probability of as
        many misses in the box if the condition meant nothing) and ``evidence``.
    draws, seed : int
    sampler : str
    search_draws : int
        Random draws on which boxes are found and judged, half each.
    summary, notes : list of str
        What follows, in sentences; and what to know about the calculation.
    """

    area: str
    target_gbp_m: float
    p_misses: float
    p_misses_mcse: float
    boxes: pl.DataFrame
    limits: pl.DataFrame
    draws: int
    seed: int
    sampler: str
    search_draws: int
    summary: list[str]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            **self.__dict__,
            "boxes": self.boxes.to_dicts(),
            "limits": self.limits.to_dicts(),
        }


BOXES = {
    "box": pl.Int64,
    "words": pl.String,
    **dict.fromkeys(
        (
            *("density", "density_low", "density_high"),
            *("coverage", "coverage_low", "coverage_high"),
            *("support", "coverage_together", "density_found", "coverage_found"),
        ),
        pl.Float64,
    ),
}
LIMITS = {
    "box": pl.Int64,
    "parameter": pl.String,
    "label": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "words": pl.String,
    "by_chance": pl.Float64,
    "evidence": pl.String,
}


def discover(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    target_gbp_m: float,
    *,
    parameters: Sequence[str] | None = None,
    density: float | None = None,
    most_boxes: int = 3,
    most_conditions: int = 3,
    draws: int = 10_000,
    search_draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Find the conditions on assumptions under which a plan misses its target.

    Scenario discovery (Bryant and Lempert 2010) by PRIM (Friedman and Fisher 1999): boxes are
    found on one half of the draws and judged on the other; conditions that the other half does
    not bear out are dropped.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario whose plan moves levers.
    area : str
        Area or group, by name or code.
    target_gbp_m : float
        What the plan is to add in the final year, £m a year, above 0.
    parameters : sequence of str, optional
        Assumptions that may be limited, as ``ceiling``, ``take_up.skills`` or patterns such as
        ``levers.skills.*``; all uncertain ones if left out.
    density : float, optional
        Share of misses at which a box is dense enough; halfway between the share in all
        futures and 1 if left out.
    most_boxes, most_conditions : int
        Boxes at most, and conditions of each.
    draws : int
        Draws behind the probability that the plan misses its target.
    search_draws : int
        Plain random draws behind the conditions, at least 1,000.
    seed, sampler, geography, dataset, threads, on_progress
        As in `run`.

    Returns
    -------
    Discovery

    Raises
    ------
    ScenarioError, SettingError, UnknownNameError, DataError
        For anything the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.discover("skills_first", "Greater Manchester", 50, search_draws=2_000)
    >>> found.boxes["density"][0] > found.p_misses
    True
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    if not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
        raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")
    if density is not None and not 0 < density <= 1:
        raise SettingError(f"density: must be above 0 and at most 1, not {density!r}")
    for name, value in (("most_boxes", most_boxes), ("most_conditions", most_conditions)):
        if value < 1:
            raise SettingError(f"{name}: must be at least 1, not {value!r}")
    if not loaded.moved_levers():
        raise ScenarioError(
            "plan: no lever is moved in any area, so there is no plan to fail; set one, such as "
            f'plan."{unit.name}".skills = 1.0'
        )
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    searched = Settings(draws=search_draws, seed=seed, sampler="random")
    if searched.draws < LEAST_DRAWS:
        raise SettingError(
            f"search_draws: at least {LEAST_DRAWS:,} are needed, half to find conditions and half "
            f"to judge them, not {searched.draws:,}"
        )
    every = settings.draws + searched.draws

    def pair_on(settings: Settings, begun: int) -> PairedResult:
        run = Run(loaded, figures, settings, threads, paired=True)
        return run.pair(on_progress and (lambda done, _: on_progress(begun + done, every)))

    reached = pair_on(settings, 0).added_draws(unit=unit) >= target_gbp_m
    (p,), (p_mcse,) = chances_of("p", reached[None], np.ones_like(reached[None]), sampler)
    pair = pair_on(searched, settings.draws)
    misses = pair.added_draws(unit=unit) < target_gbp_m
    found = _chosen(variables(loaded, figures, unit, pair.with_plan), parameters)
    boxes, limits = _boxes(found, misses, density, most_boxes, most_conditions)
    final = loaded.setting.start_year + loaded.setting.horizon_years
    discovery = Discovery(
        area=unit.name,
        target_gbp_m=float(target_gbp_m),
        p_misses=1.0 - p,
        p_misses_mcse=math.nan if p_mcse is None else p_mcse,
        boxes=boxes,
        limits=limits,
        draws=settings.draws,
        seed=settings.seed,
        sampler=settings.sampler,
        search_draws=searched.draws,
        summary=[],
        notes=[
            f"Conditions are found on one half of {searched.draws:,} random draws and judged on "
            "the other. Brackets: 95% intervals from the number of draws.",
            "What differs between technologies, sectors or areas is taken at its usual value in "
            "the area; conditions say where the plan fails in the model, not what causes it.",
        ],
    )
    discovery.summary.extend(_summary(discovery, final))
    return discovery


def _chosen(found: list[Variable], parameters: Sequence[str] | None) -> list[Variable]:
    """Those of the variables that were asked for."""
    if parameters is None:
        return found
    names = [variable.name for variable in found]
    if isinstance(parameters, str) or not parameters:
        raise SettingError(f"parameters: needs a list of names, not {parameters!r}")
    for pattern in parameters:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UnknownNameError(
                f"parameters: no uncertain assumption is called {pattern!r}"
                f"{did_you_mean(pattern, names)}"
            )
    return [v for v in found if any(fnmatchcase(v.name, pattern) for pattern in parameters)]


def _boxes(
    found: Sequence[Variable],
    misses: Hits,
    density: float | None,
    most_boxes: int,
    most_conditions: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Boxes one after the other, each on what those before leave."""
    boxes: list[dict[str, Any]] = []
    limits: list[dict[str, Any]] = []
    # Draws are independent, so every other one is a half.
    first, second = slice(0, None, 2), slice(1, None, 2)
    hit, judged = misses[first], misses[second]
    if found and 0 < hit.mean() < 1 and 0 < judged.mean() < 1:
        values = np.stack([variable.values for variable in found])
        x, judge = values[:, first], values[:, second]
        wanted = (1 + float(hit.mean())) / 2 if density is None else density
        left, judge_left = np.ones(hit.size, dtype=bool), np.ones(judged.size, dtype=bool)
        for number in range(1, most_boxes + 1):
            if hit[left].sum() < LEAST_COVERAGE * hit.sum():
                break
            box = find_box(
                *(x[:, left], hit[left], judge[:, judge_left], judged[judge_left]),
                *(wanted, most_conditions),
            )
            inside, judge_inside = box.holds(x), box.holds(judge)
            new = judged & judge_inside & judge_left
            if not box.limits or new.sum() < LEAST_COVERAGE * judged.sum():
                break
            if number > 1 and hit[left & inside].mean() < wanted:
                break  # what is left is nowhere dense
            left &= ~inside
            judge_left &= ~judge_inside
            stated = [_limit(number, found, box, i, judge, judged) for i in sorted(box.limits)]
            limits += stated
            dense = _wilson(int(judged[judge_inside].sum()), int(judge_inside.sum()))
            covered = _wilson(int(judged[judge_inside].sum()), int(judged.sum()))
            boxes.append(
                {
                    "box": number,
                    "words": " and ".join(limit["words"] for limit in stated),
                    **dict(zip(("density", "density_low", "density_high"), dense, strict=True)),
                    **dict(
                        zip(("coverage", "coverage_low", "coverage_high"), covered, strict=True)
                    ),
                    "support": float(judge_inside.mean()),
                    "coverage_together": float((judged & ~judge_left).sum() / judged.sum()),
                    "density_found": float(hit[inside].mean()),
                    "coverage_found": float(hit[inside].sum() / hit.sum()),
                }
            )
    return pl.DataFrame(boxes, schema=BOXES), pl.DataFrame(limits, schema=LIMITS)


def _limit(
    number: int, found: Sequence[Variable], box: Box, i: int, judge: Array, judged: Hits
) -> dict[str, Any]:
    variable, (low, high) = found[i], box.limits[i]
    bounded = (math.isfinite(low), math.isfinite(high))
    say = variable.say
    if bounded == (True, True):
        where = f"from {say(low)} to {say(high)}"
    else:
        where = f"above {say(low)}" if bounded[0] else f"below {say(high)}"
    return {
        "box": number,
        "parameter": variable.name,
        "label": variable.label,
        "low": low if bounded[0] else None,
        "high": high if bounded[1] else None,
        "words": f"{variable.label} {where}",
        "by_chance": by_chance(judge, judged, box, i),
        "evidence": variable.evidence,
    }


def _wilson(hits: int, n: int) -> tuple[float, float, float]:
    """A share with its 95% interval (Wilson 1927)."""
    share = hits / n
    middle, z2 = share + Z975**2 / (2 * n), Z975**2 / n
    reach = Z975 * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return share, (middle - reach) / (1 + z2), (middle + reach) / (1 + z2)


def _summary(found: Discovery, final_year: int) -> list[str]:
    goal = f"adding {format.goal(found.target_gbp_m)} a year in {found.area} by {final_year}"
    missed = f"The plan misses {goal} {format.chance(found.p_misses, found.draws)}."
    if found.p_misses in (0.0, 1.0):
        return [missed, "There is nothing to tell apart; choose another target."]
    if not found.boxes.height:
        return [missed, "No conditions on single assumptions tell when, beyond chance."]
    half = found.search_draws // 2
    said = [missed]
    for row in found.boxes.iter_rows(named=True):
        also = "It also misses" if row["box"] > 1 else "It misses"
        said.append(
            f"{also} {format.chance(row['density'], half)} with {row['words']} "
            f"({format.whole_percent(row['coverage'])} of all misses)."
        )
    return said
