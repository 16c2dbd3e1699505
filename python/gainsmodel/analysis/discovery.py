"""When does a plan fail: boxes of assumptions in which it misses its target, found by PRIM."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import polars as pl

from gainsmodel import format
from gainsmodel.analysis.prim import Array, Box, Hits, by_chance, find_box
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import chances_of
from gainsmodel.results.structures import LANES
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameter_groups import COSTS, uncertain
from gainsmodel.scenario.parameters import PARAMETERS
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

# Draws in all: half to find boxes, half to judge them.
LEAST_DRAWS = 1_000
# A box that holds a smaller share of the misses than this is not reported.
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


def variables(
    scenario: Scenario,
    unit: Unit,
    result: Result,
    cannot_matter: Sequence[str] = ("prize", *COSTS),
) -> list[Variable]:
    """Uncertain assumptions that may decide whether a target is reached, in every draw.

    Those whose names match `cannot_matter` are left out; as it stands, for what a plan adds.

    An assumption that differs between areas, sectors or technologies is taken at its usual
    value in the unit, as `Result.inputs` has it.
    """
    known = result.inputs(unit.code)
    grades = uncertain(scenario)
    found: list[Variable] = []

    def add(name: str, label: str, say: Callable[[float], str], grade: str) -> None:
        if name in known.columns and np.ptp(values := known[name].to_numpy()) > 0:
            found.append(Variable(name, label, grade, say, values))

    for name, grade in grades.items():
        if any(fnmatchcase(name, pattern) for pattern in cannot_matter):
            continue
        if name == "take_up":
            for lever, planned in scenario.levers.items():
                add(f"take_up.{lever}", f"take-up of {planned.label}", format.percent, grade)
        elif name.startswith("levers.") and ".effects." in name:
            lever, target = name.split(".")[1], name.split(".")[3]
            label = (
                f"the effect of {scenario.levers[lever].label} on {PARAMETERS[target].in_sentence}"
            )
            add(name, label, format.percent, grade)
        elif name in PARAMETERS and name != "sector_odds_ratio":
            add(name, PARAMETERS[name].in_sentence, PARAMETERS[name].in_words, grade)
    return found


# ---------------------------------------------------------------- the question


@dataclass(frozen=True, eq=False, repr=False)
class Discovery(ShownInNotebooks):
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
    loaded.require_plan("miss a target with", unit.name)
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
    found = _chosen(variables(loaded, unit, pair.with_plan), parameters)
    if loaded.every_structure():
        # Sixteen draws at a time have one structure: halves are of whole blocks.
        order = np.argsort(np.arange(searched.draws) // LANES % 2, kind="stable")
        apart, middle = np.empty_like(order), (order.size + 1) // 2
        apart[0::2], apart[1::2] = order[:middle], order[middle:]
        found = [replace(of, values=of.values[apart]) for of in found]
        misses = misses[apart]
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


def _chosen(known: list[Variable], parameters: Sequence[str] | None) -> list[Variable]:
    """Those of the variables that were asked for."""
    if parameters is None:
        return known
    names = [variable.name for variable in known]
    if isinstance(parameters, str) or not parameters:
        raise SettingError(f"parameters: needs a list of names, not {parameters!r}")
    for pattern in parameters:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UnknownNameError(
                f"parameters: no uncertain assumption is called {pattern!r}"
                f"{did_you_mean(pattern, names)}"
            )
    return [v for v in known if any(fnmatchcase(v.name, pattern) for pattern in parameters)]


def _boxes(
    inputs: Sequence[Variable],
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
    if inputs and 0 < hit.mean() < 1 and 0 < judged.mean() < 1:
        values = np.stack([variable.values for variable in inputs])
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
            stated = [_limit(number, inputs, box, i, judge, judged) for i in sorted(box.limits)]
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
    number: int, inputs: Sequence[Variable], box: Box, i: int, judge: Array, judged: Hits
) -> dict[str, Any]:
    variable, (low, high) = inputs[i], box.limits[i]
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


def _summary(inputs: Discovery, final_year: int) -> list[str]:
    goal = f"adding {format.goal(inputs.target_gbp_m)} a year in {inputs.area} by {final_year}"
    missed = f"The plan misses {goal} {format.chance(inputs.p_misses, inputs.draws)}."
    if inputs.p_misses in (0.0, 1.0):
        return [missed, "There is nothing to tell apart; choose another target."]
    if not inputs.boxes.height:
        return [missed, "No conditions on single assumptions tell when, beyond chance."]
    half = inputs.search_draws // 2
    said = [missed]
    for row in inputs.boxes.iter_rows(named=True):
        also = "It also misses" if row["box"] > 1 else "It misses"
        said.append(
            f"{also} {format.chance(row['density'], half)} with {row['words']} "
            f"({format.whole_percent(row['coverage'])} of all misses)."
        )
    return said
