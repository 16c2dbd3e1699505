"""Which assumptions drive an answer: Sobol indices by group, a tornado, and caveats in words.

Two independent samples A and B of all assumptions, and for each group the sample A with that
group taken from B (Saltelli 2010): groups + 2 runs. In the core a group is taken from B by
giving its parameters another seed.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gainsmodel import format
from gainsmodel.analysis.sobol import HEAVY_TAIL, Array, Indices, sobol_indices
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Output
from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result, draws_of
from gainsmodel.results.statistics import mid_ranks
from gainsmodel.results.structures import ByStructure, by_structure
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameter_groups import (
    COSTS,
    Group,
    any_adjustment,
    core_name,
    every_parameter,
    groups_of,
    shared_notes,
)
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.simulation.focus import Focus, fits
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import MAX_SEED, Settings

OUTPUTS: tuple[Output, ...] = get_args(Output)
OF_PLAN = ("plan_adds", "p_target")
# The seed of sample B differs from that of A in every other bit or so.
OTHER_SEED = 0x9E37_79B9_7F4A_7C15
# Fewer say nothing of their own error, which is asymptotic.
LEAST_DRAWS = 100
TORNADO_DRAWS = 4_000
Z90 = 1.2815515655446004
Z975 = 1.959963984540054
GRADES = {
    "judgement": "rests on judgement, not on measurement",
    "derived": "is derived from published figures, not observed itself",
    "published": "is taken from published figures",
}


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(ShownInNotebooks):
    """What drives an answer; made by `sensitivity`.

    Attributes
    ----------
    indices : pl.DataFrame
        One row a group, largest total first: ``group``, ``label``, ``evidence``, ``first``
        and ``total`` with the ends of their 95% intervals (``first_low`` …), and
        ``distinguishable``: whether the interval of the total excludes 0. ``first`` is the
        share of the answer's variance that would go if the group were known, ``total`` the
        share that would stay if everything else were. Estimates below 0 are left so.
    tornado : pl.DataFrame
        One row a group, largest swing first: ``group``, ``label``, ``leading`` (the
        parameter that counts most in it), ``low``, ``mean``, ``high`` and ``swing``
        (how far apart the two are), in the unit of the answer. The group's numbers are
        moved together along the line on which they move the answer most; ``low`` and
        ``high`` are the mean answer (for a probability: the probability) with the group
        held at the 10th and 90th percentile of that line, turned so that the leading
        number is low in ``low``. Numbers of single cells stay as they are. Groups without
        a line have no swing.
    structure : pl.DataFrame
        Choices in the model itself, which no draw varies: ``switch`` (key in a scenario),
        ``choice``, ``in_use`` and ``mean``, the mean answer (or probability) with it.
    disagreement : str, optional
        Where the two rank differently, in words.
    caveats, notes : list of str
        Up to three sentences for a first page; and what to know about the calculation.
    left_out : dict
        Label of each group that is not there, to the reason.
    by_structure : ByStructure, optional
        Of a scenario with several structures: the variance between them, by axis where there are
        axes, and each one's own mean. Indices are then shares of the whole variance, every future
        keeping its structure: ``first`` is what would go within structures.
    """

    output: str
    area: str
    unit: str
    draws: int
    seed: int
    indices: pl.DataFrame
    tornado: pl.DataFrame
    structure: pl.DataFrame
    disagreement: str | None
    caveats: list[str]
    left_out: dict[str, str]
    notes: list[str] = field(default_factory=list)
    by_structure: ByStructure | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            **{name: getattr(self, name) for name in ("output", "area", "unit", "draws", "seed")},
            "indices": self.indices.to_dicts(),
            "tornado": self.tornado.to_dicts(),
            "structure": self.structure.to_dicts(),
            "disagreement": self.disagreement,
            "caveats": self.caveats,
            "left_out": self.left_out,
            "notes": self.notes,
            "by_structure": None if self.by_structure is None else self.by_structure.to_dict(),
        }


def sensitivity(
    scenario: Scenario | str | PathLike[str],
    output: Output = "gain_final_year_gbp_m",
    area: str = "uk",
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    target_gbp_m: float | None = None,
    draws: int = 10_000,
    seed: int = 1,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """Find which groups of assumptions drive an answer.

    Plain random draws: under Sobol points two samples of one dimension are not independent.

    Parameters
    ----------
    scenario : Scenario, str or path
        As in `run`.
    output : str
        ``share`` of the national gain; ``gain_final_year_gbp_m`` or
        ``gain_cumulative_gbp_m``; ``plan_adds``, the paired effect of the plan in the final
        year, £m, after displacement and the like where they are on; or ``p_target``, the
        probability that this effect is at least `target_gbp_m`.
    area : str
        Area or group, by name or code.
    groups : mapping, optional
        Label to names of assumptions, instead of the usual groups; see
        `parameter_groups.groups_of`.
    target_gbp_m : float, optional
        For ``p_target``: £m a year in the final year.
    draws : int
        Futures in each of groups + 2 samples.
    seed, geography, dataset, threads
        As in `run`.
    on_progress : callable, optional
        Called with (draws done, draws in all), over all samples.

    Returns
    -------
    Sensitivity

    Raises
    ------
    UnknownNameError, SettingError, ScenarioError
        For anything the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> drivers = gainsmodel.sensitivity("reference", draws=500)
    >>> drivers.indices["group"][0]
    'effect'
    """
    scenario, dataset = resolve(scenario, geography, dataset)
    if output not in OUTPUTS:
        raise SettingError(f"output: no answer is called {output!r}{did_you_mean(output, OUTPUTS)}")
    question = _Question(scenario, dataset, output, area, target_gbp_m, threads)
    settings = Settings(draws=draws, seed=seed, sampler="random")
    if settings.draws < LEAST_DRAWS:
        raise SettingError(
            f"draws: at least {LEAST_DRAWS} are needed to tell assumptions apart, "
            f"not {settings.draws}"
        )
    without_cost = [*COSTS, "prize"]
    if scenario.has_no_innovation:
        without_cost.append("innovation")
    if output not in OF_PLAN:
        without_cost += ADJUSTMENTS
    found, left_out = groups_of(scenario, without_cost, groups)
    if not found:
        raise SettingError("nothing that could change this answer is uncertain in this scenario")

    few = min(settings.draws, TORNADO_DRAWS)
    fewer = Settings(draws=few, seed=settings.seed, sampler="random")
    others = [*_other_structures(scenario, output)]
    question.total = settings.draws * (len(found) + 2) + few * (2 * len(found) + len(others))
    question.on_progress = on_progress
    other = Settings(draws=draws, seed=settings.seed ^ OTHER_SEED & MAX_SEED, sampler="random")
    several = bool(scenario.every_structure())
    f_b, (_, z_b) = (
        question.answer_and_numbers(settings, _all_but_structures(scenario, other.seed))
        if several
        else question.answer_and_numbers(other)
    )
    f_a, (names, z_a) = question.answer_and_numbers(settings)
    f_ab = np.empty((len(found), f_a.size))
    for row, group in zip(f_ab, found, strict=True):
        reseeded = {"seed": other.seed, "parameters": group.core_parameters}
        row[:] = question.answer(settings, {"reseeded": reseeded}, group.core_parameters)
    known: NDArray[np.bool_] = ~np.isnan(np.vstack([f_a, f_b, f_ab]).sum(axis=0))
    notes = _notes(scenario, output, found, f_a, f_b, known)
    question.refuse_constant(f_a[known], f_b[known])
    of = sobol_indices(f_a[known], f_b[known], f_ab[:, known])

    mean = float(np.nanmean(f_a[:few]))
    # Draws without a share say nothing about what moves it.
    answers = np.concatenate([f_a, f_b])
    there = ~np.isnan(answers)
    pull = _pull(answers[there], np.hstack([z_a, z_b])[:, there], ranked=output != "p_target")
    bars = []
    for group in found:
        leading, direction = _line(group, names, pull)
        ends = [
            float(
                np.nanmean(
                    question.answer(
                        *(fewer, {"held": {"direction": direction, "at": at}}),
                        group.core_parameters,
                    )
                )
            )
            if direction
            else mean
            for at in (-Z90, Z90)
        ]
        bars.append((group.name, group.label, leading, ends[0], mean, ends[1]))
    structure = [
        (switch, choice, False, float(np.nanmean(question.answer(fewer, scenario=other))))
        for switch, choice, other in others
    ]
    structure += [(s, _in_use(scenario, s), True, mean) for s in _structures(scenario, output)]
    question.progress(question.total)
    indices, tornado = _frames(found, of, bars)
    return Sensitivity(
        output=output,
        area=question.area_name,
        unit=question.unit,
        draws=settings.draws,
        seed=settings.seed,
        indices=indices,
        tornado=tornado,
        structure=pl.DataFrame(
            structure, schema=["switch", "choice", "in_use", "mean"], orient="row"
        ).sort("switch", "in_use", "choice", descending=[False, True, False]),
        disagreement=disagreement(indices, tornado),
        caveats=caveats(indices),
        left_out=left_out,
        notes=notes,
        by_structure=by_structure(scenario, asdict(settings), f_a) if several else None,
    )


def disagreement(indices: pl.DataFrame, tornado: pl.DataFrame) -> str | None:
    """Say where tornado and total indices rank differently, if they do.

    They do if a group among the three largest totals is not among the three largest swings,
    and its total is above that of a group which stands there instead, beyond both intervals.

    Parameters
    ----------
    indices, tornado : pl.DataFrame
        As in `Sensitivity`.
    """
    swings = tornado.sort("swing", descending=True).head(3)["group"].to_list()
    top = indices.sort("total", descending=True).head(3)
    counted = pl.col("group").is_in(top["group"].to_list())
    instead = indices.filter(pl.col("group").is_in(swings) & ~counted)
    if instead.height == 0:
        return None
    missed = top.filter(
        ~pl.col("group").is_in(swings) & (pl.col("total_low") > instead["total_high"].min())
    )
    if missed.height == 0:
        return None
    what = " and ".join(f"“{label}”" for label in missed["label"])
    it, acts = ("it", "acts") if missed.height == 1 else ("they", "act")
    return (
        f"Variance and range rank {what} differently: {it} {acts} mostly together with other "
        "assumptions, which only the share of the variance counts."
    )


def caveats(indices: pl.DataFrame) -> list[str]:
    """Give up to three sentences on what drives the answer, and on what that rests."""
    sentences: list[str] = []
    for row in indices.head(3).iter_rows(named=True):
        if not row["distinguishable"] or row["total"] < 0.01:
            break
        how = "matters too" if sentences else "moves this answer most"
        share = round(100 * min(row["total"], 1.0))
        sentences.append(
            f"“{row['label']}” {how}: it accounts for {share}% of the variance (total effect). "
            f"It {GRADES[row['evidence']]}."
        )
    return sentences


class _Question:
    """The answer that is asked for, in every draw of a run."""

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        output: Output,
        area: str,
        target_gbp_m: float | None,
        threads: int | None,
    ) -> None:
        self.scenario, self.dataset, self.output = scenario, dataset, output
        self.target, self.threads = target_gbp_m, threads
        self.paired = output in OF_PLAN
        self.unit_of_area = unit_of(dataset, area)
        self.area_name = self.unit_of_area.name
        self.unit = {"share": "share of the national gain", "p_target": "probability"}.get(
            output, "£m over the horizon" if output == "gain_cumulative_gbp_m" else "£m a year"
        )
        self.total, self.done = 0, 0
        # The unit alone, where that is enough.
        self._focus: Focus | None = None
        self.on_progress: Callable[[int, int], None] | None = None
        if output == "share" and self.unit_of_area.code == "uk":
            raise SettingError("area: the UK's share is all of it in every future; name an area")
        if self.paired and not scenario.moved_levers():
            raise SettingError(
                f"output {output}: this scenario moves no lever anywhere; set one, such as "
                f'plan."{self.area_name}".skills = 1.0'
            )
        if (output == "p_target") != (target_gbp_m is not None):
            raise SettingError(
                "target_gbp_m: goes with the output p_target, and only with it; £m a year"
            )
        if target_gbp_m is not None and not (target_gbp_m > 0 and math.isfinite(target_gbp_m)):
            raise SettingError(f"target_gbp_m: must be an amount above 0, not {target_gbp_m!r}")

    def answer(
        self,
        settings: Settings,
        variation: Mapping[str, Any] | None = None,
        of: Sequence[str] = (),
        scenario: Scenario | None = None,
    ) -> Array:
        """Give the answer in every draw of a variation of parameters, or of another scenario."""
        return self._answer(self._results(settings, variation, of, scenario or self.scenario))

    def answer_and_numbers(
        self, settings: Settings, variation: Mapping[str, Any] | None = None
    ) -> tuple[Array, tuple[pl.DataFrame, NDArray[np.float32]]]:
        """Give the answer and the numbers behind it."""
        of = variation["reseeded"]["parameters"] if variation else ()
        results = self._results(settings, variation, of, self.scenario)
        return self._answer(results), results[0].standard_normals()

    def progress(self, done: int) -> None:
        """Report draws done."""
        if self.on_progress is not None:
            self.on_progress(done, self.total)

    def _results(
        self,
        settings: Settings,
        variation: Mapping[str, Any] | None,
        of: Sequence[str],
        scenario: Scenario,
    ) -> tuple[Result, ...]:
        def told(done: int, _: int) -> None:
            self.progress(self.done + done)

        results: tuple[Result, ...]
        if self.paired and fits(scenario, self.dataset, self.unit_of_area, settings.draws):
            focus = self._focus
            if focus is None or focus.settings.seed != settings.seed:
                plan = (self.scenario, self.dataset, self.unit_of_area, settings, self.threads)
                focus = self._focus = Focus(*plan)
            results = (*focus.pair(scenario, variation, of, settings.draws, told),)
        else:
            run = Run(
                scenario,
                self.dataset,
                settings,
                self.threads,
                paired=self.paired,
                variation=variation,
                quantiles=False,
            )
            results = run.results(told)
        self.done += settings.draws
        return results

    def _answer(self, results: tuple[Result, ...]) -> Array:
        if not self.paired:
            return draws_of(results[0], self.output, self.unit_of_area)
        adds = PairedResult(*results).added_draws(unit=self.unit_of_area)
        return adds if self.target is None else (adds >= self.target).astype(float)

    def refuse_constant(self, f_a: Array, f_b: Array) -> None:
        """Say so where there is nothing to explain."""
        if f_a.size and np.ptp(np.concatenate([f_a, f_b])) > 0:
            return
        if self.output == "p_target" and f_a.size:
            reached = "all" if f_a[0] else "none"
            raise SettingError(
                f"target_gbp_m: the plan adds {format.goal(self.target or 0.0)} a year or more in "
                f"{reached} of the "
                f"{2 * f_a.size:,} futures, so it has no uncertainty; choose another target"
            )
        raise SettingError(f"{self.output} is the same in every future: it has no uncertainty")


def _structures(scenario: Scenario, output: str) -> dict[str, tuple[str, ...]]:
    """Choices in the model that the answer turns on, by their keys in a scenario.

    What structures of the scenario differ in is no choice any more.
    """
    curves = {"setting.curve": ("bass", "logistic", "gompertz")}
    if scenario.differs_between_structures("setting.curve"):
        curves = {}
    return curves | ({"prize.basis": ("final_year", "cumulative")} if output == "share" else {})


def _all_but_structures(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Every number from another seed, each future keeping the structure that it has."""
    every = [core_name(name) for name in every_parameter(scenario)]
    return {"reseeded": {"seed": seed, "parameters": every}}


def _in_use(scenario: Scenario, switch: str) -> str:
    part, key = switch.split(".")
    return str(getattr(getattr(scenario, part), key))


def _other_structures(scenario: Scenario, output: str) -> Iterator[tuple[str, str, Scenario]]:
    for switch, choices in _structures(scenario, output).items():
        for choice in choices:
            if choice != _in_use(scenario, switch):
                yield switch, choice, scenario.edit({switch: choice})


def _notes(
    scenario: Scenario,
    output: str,
    groups: Sequence[Group],
    f_a: Array,
    f_b: Array,
    known: NDArray[np.bool_],
) -> list[str]:
    notes = shared_notes(scenario, groups)
    if scenario.every_structure():
        notes.append(
            "Shares of groups are of the whole variance, every future keeping its structure: they "
            "leave out what lies between structures."
        )
    if output in OF_PLAN and not any_adjustment(scenario):
        notes.append("Gross: before displacement, leakage and multiplier.")
    if not known.all():
        notes.append(
            f"{1 - known.mean():.1%} of the futures are left out, in which the national gain is "
            "too small to be shared."
        )
    away = np.sort((np.concatenate([f_a[known], f_b[known]]) - f_a[known].mean()) ** 2)
    farthest = away[-max(1, away.size // 100) :].sum()
    if away.sum() > 0 and farthest > HEAVY_TAIL * away.sum():
        notes.append(
            f"The most extreme 1% of draws account for {farthest / away.sum():.0%} of the "
            "variance, so the indices mainly describe extremes."
        )
    return notes


def _pull(answers: Array, numbers: NDArray[np.float32], *, ranked: bool) -> Array:
    """Correlation of the answer, or its rank, with each number; 0 below three standard errors."""
    # A plan that has no effect adds exactly nothing, in many draws.
    values = mid_ranks(answers) if ranked else answers
    spread = values.std()
    if not spread:
        return np.zeros(len(numbers))
    with threadpool_limits(1):  # sums in the same order on every machine
        pull: Array = np.asarray(numbers @ ((values - values.mean()) / spread)) / values.size
    pull[np.abs(pull) <= 3 / math.sqrt(values.size)] = 0.0
    return pull


def _line(
    group: Group, names: pl.DataFrame, pull: Array
) -> tuple[str | None, list[tuple[int, float]]]:
    """The group's leading parameter, and the direction in which it moves the answer most."""
    of = names["parameter"].to_list()
    members = set(group.core_parameters)
    at = [i for i, name in enumerate(of) if name in members and pull[i]]
    if not at:
        return None, []
    length = math.sqrt(sum(pull[i] ** 2 for i in at))
    weight = {p: sum(pull[i] ** 2 for i in at if of[i] == p) for p in group.core_parameters}
    leading = max(weight, key=lambda parameter: weight[parameter])
    turned = max((pull[i] for i in at if of[i] == leading), key=abs)
    direction = [(i, float(pull[i] / length * math.copysign(1, turned))) for i in at]
    return group.parameters[group.core_parameters.index(leading)], direction


def _frames(
    groups: Sequence[Group], of: Indices, bars: Sequence[tuple[Any, ...]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    indices = pl.DataFrame(
        {
            "group": [group.name for group in groups],
            "label": [group.label for group in groups],
            "evidence": [group.evidence for group in groups],
            "first": of.first,
            "first_low": of.first - Z975 * of.first_se,
            "first_high": of.first + Z975 * of.first_se,
            "total": of.total,
            "total_low": of.total - Z975 * of.total_se,
            "total_high": of.total + Z975 * of.total_se,
        }
    ).with_columns(distinguishable=pl.col("total_low") > 0)
    schema = dict.fromkeys(("group", "label", "leading"), pl.String) | dict.fromkeys(
        ("low", "mean", "high"), pl.Float64
    )
    tornado = pl.DataFrame(bars, schema=schema, orient="row").with_columns(
        swing=(pl.col("high") - pl.col("low")).abs()
    )
    return (
        indices.sort("total", descending=True, maintain_order=True),
        tornado.sort("swing", descending=True, maintain_order=True),
    )
