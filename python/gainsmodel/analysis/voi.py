"""Value of information before choosing between plans: EVPI, and EVPPI by group of assumptions.

The decision is between plans, doing nothing among them; what a plan is worth in a future is its
net present value there against doing nothing. What is said of the plans themselves comes from
the draws that were asked for, as everywhere; the value of single groups from draws of its own.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import format
from gainsmodel.analysis.evppi import Array, Worth, evpi, evppi, worth_of_choice
from gainsmodel.analysis.sensitivity import LEAST_DRAWS
from gainsmodel.analysis.verdict import NOTHING, verdict
from gainsmodel.choices import Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.paired import PairedResult, assumed
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import COLUMNS, statistics_of
from gainsmodel.results.structures import choices_of_draws
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameter_groups import (
    Group,
    any_adjustment,
    core_name,
    groups_of,
    shared_notes,
    varies,
)
from gainsmodel.simulation.resolve import own_figures, resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

LEVER_ZERO = core_name("zero_correlation")
NOTE = (
    "What a group is worth is estimated on the low side, and leaves out what is particular to "
    "single sectors within an area."
)


@dataclass(frozen=True, eq=False, repr=False)
class ValueOfInformation(ShownInNotebooks):
    """What knowing more is worth to a decision; made by `voi`.

    All amounts are £m, present value at the start of the run, in the prices of `price_year`.

    Attributes
    ----------
    options : pl.DataFrame
        One row an option, best mean first: ``option``, ``net_benefit_gbp_m_mean``, its
        ``_mcse_mean``, ``_p05``, ``_p50``, ``_p95``, and ``p_best``, the share of draws in
        which it is the best. From `draws`, `seed` and `sampler`, as in `appraise`.
    evpi_gbp_m, evpi_mcse_gbp_m : float
        Expected value of perfect information, and its Monte Carlo standard error; from the
        draws of `options`.
    groups : pl.DataFrame
        One row a group of assumptions, and an axis of structures (or all structures that are
        listed one by one), most valuable first: ``group``, ``label``,
        ``evidence``, ``evppi_gbp_m``, ``mcse_gbp_m`` and ``distinguishable``: whether the 95%
        interval excludes 0. From `study_draws` random draws, `evpi_gbp_m` at most.
    left_out : dict
        Label of each group that is not there, to the reason.
    summary, notes : list of str
        What follows, in sentences; and what to know about the calculation.
    """

    area: str
    draws: int
    seed: int
    sampler: str
    price_year: int
    study_draws: int
    options: pl.DataFrame
    evpi_gbp_m: float
    evpi_mcse_gbp_m: float
    groups: pl.DataFrame
    left_out: dict[str, str]
    summary: list[str]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "area": self.area,
            "draws": self.draws,
            "seed": self.seed,
            "sampler": self.sampler,
            "price_year": self.price_year,
            "study_draws": self.study_draws,
            "options": self.options.to_dicts(),
            "evpi_gbp_m": self.evpi_gbp_m,
            "evpi_mcse_gbp_m": self.evpi_mcse_gbp_m,
            "groups": self.groups.to_dicts(),
            "left_out": self.left_out,
            "summary": self.summary,
            "notes": self.notes,
        }


def voi(
    scenarios: Sequence[Scenario | str | PathLike[str]] | Scenario | str | PathLike[str],
    area: str,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    draws: int = 10_000,
    study_draws: int = 20_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ValueOfInformation:
    """Value knowing more before choosing one of several plans, or none.

    A plan's net benefit in a future is what it adds there against doing nothing: present value
    of the gain (after displacement, leakage and the multiplier where they are on) less present
    value of what firms spend on adopting more and of what the levers cost.

    Parameters
    ----------
    scenarios : one scenario or several
        The plans to choose from, as in `run`; they may differ in nothing but their plans.
        Doing nothing is always an option.
    area : str
        Area or group whose net benefit is meant; the levers' cost counts where it is paid.
    groups : mapping, optional
        Label to names of assumptions; see `parameter_groups.groups_of`.
    draws, seed, sampler, geography, dataset, threads
        As in `run`, for what is said of each plan.
    study_draws : int
        Plain random draws behind the value of single groups.
    on_progress : callable, optional
        Called with (draws done, draws in all), over all options.

    Returns
    -------
    ValueOfInformation

    Raises
    ------
    UnknownNameError, SettingError, ScenarioError
        For anything the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> known = gainsmodel.voi("skills_first", "Greater Manchester", draws=500, study_draws=500)
    >>> known.options["option"].sort().to_list()
    ['Do nothing', 'Skills first in Greater Manchester']
    """
    given = [scenarios] if isinstance(scenarios, Scenario | str | PathLike) else [*scenarios]
    plans, idle, dataset = _plans(given, geography, dataset)
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    study = Settings(draws=study_draws, seed=seed, sampler="random")
    for name, number in (("draws", settings.draws), ("study_draws", study.draws)):
        if number < LEAST_DRAWS:
            raise SettingError(f"{name}: at least {LEAST_DRAWS} are needed, not {number}")
    unit = unit_of(dataset, area)
    all_moved = {
        f"{i} {place}": levers
        for i, plan in enumerate(plans.values())
        for place, levers in plan.plan.items()
    }
    first = next(iter(plans.values()))
    bundle = first.model_copy(update={"plan": all_moved})
    curve = ["innovation"] if first.has_no_innovation else []
    found, left_out = groups_of(bundle, ["prize", *curve], groups)

    options = {NOTHING: first.without_plan(), **plans}
    total = (settings.draws + study.draws) * len(options)
    done = 0

    def result_of(scenario: Scenario, settings: Settings) -> Result:
        nonlocal done
        before = done
        tick = (lambda at, _: on_progress(before + at, total)) if on_progress else None
        result = Run(scenario, dataset, settings, threads).result(tick)
        done += settings.draws
        return result

    results = {name: result_of(scenario, settings) for name, scenario in options.items()}
    pairs = {name: PairedResult(result, results[NOTHING]) for name, result in results.items()}
    asked = np.stack([pair.net_present_value_draws(unit) for pair in pairs.values()])
    perfect = evpi(asked, settings.sampler)
    nothing = result_of(options[NOTHING], study)
    net = np.zeros((len(options), study.draws))
    numbers: dict[tuple[str, ...], NDArray[np.float32]] = {}
    works: dict[str, NDArray[np.bool_]] = {}
    for row, scenario in zip(net[1:], plans.values(), strict=True):
        result = result_of(scenario, study)
        row[:] = PairedResult(result, nothing).net_present_value_draws(unit)
        # A plan draws what the others do, and its own levers' numbers.
        names, drawn = result.standard_normals()
        numbers |= dict(zip(_told_apart(names, scenario), drawn, strict=True))
        works |= _works(result)
    if on_progress:
        on_progress(total, total)

    members = {*unit.members}
    rows = []
    for group in found:
        of_group = [*_numbers_of(group, numbers, works, members)]
        known = Worth(0.0, 0.0)
        if of_group:
            chosen = first.conditioned is not None
            known = evppi(net, np.array(of_group), in_replicates=chosen)
        rows.append(
            (
                group.name,
                group.label,
                group.evidence,
                min(known.value, perfect.value),
                known.mcse,
                known.distinguishable,
            )
        )
    rows += [
        (
            name,
            label,
            "judgement",
            min((known := worth_of_choice(net, place)).value, perfect.value),
            known.mcse,
            known.distinguishable,
        )
        for name, label, place in choices_of_draws(first, nothing.manifest)
    ]
    schema = ["group", "label", "evidence", "evppi_gbp_m", "mcse_gbp_m", "distinguishable"]
    table = pl.DataFrame(rows, schema=schema, orient="row")
    table = table.sort("evppi_gbp_m", descending=True, maintain_order=True)
    listed = _options([*pairs], asked, settings.sampler)
    return ValueOfInformation(
        area=unit.name,
        draws=settings.draws,
        seed=settings.seed,
        sampler=settings.sampler,
        price_year=first.setting.price_year,
        study_draws=study.draws,
        options=listed,
        evpi_gbp_m=perfect.value,
        evpi_mcse_gbp_m=perfect.mcse,
        groups=table,
        left_out=left_out,
        summary=[*_ranking(listed, pairs, unit), *_worth_knowing(perfect, table)],
        notes=[
            NOTE,
            *(f"“{title}” moves no lever, so it means doing nothing." for title in idle),
            *shared_notes(bundle, found),
            *(
                []
                if any_adjustment(first)
                else ["Gross: before displacement, leakage and multiplier."]
            ),
        ],
    )


def _works(result: Result) -> dict[str, NDArray[np.bool_]]:
    """In which draws each effect of a lever that is moved is not nothing, where it may be."""
    inputs = result.inputs()
    effects = (name for name in inputs.columns if ".effects." in name)
    works = {name: (inputs[name] != 0).to_numpy() for name in effects}
    return {name: of for name, of in works.items() if of.any() and not of.all()}


def _numbers_of(
    group: Group,
    numbers: Mapping[tuple[str, ...], NDArray[np.float32]],
    works: Mapping[str, NDArray[np.bool_]],
    members: Collection[str],
) -> Iterator[NDArray[np.floating[Any]]]:
    """What knowing a group of assumptions tells of every draw, for `evppi`.

    Whether a lever has an effect is a yes or no, which no smooth curve in the numbers behind it
    follows; and what size it would have tells nothing where it has none.
    """
    core = set(group.core_parameters)
    knows_zero = LEVER_ZERO in core
    for (parameter, code, *_), z in numbers.items():
        if parameter in core and parameter != LEVER_ZERO and (not code or code in members):
            yield z * works[parameter] if knows_zero and parameter in works else z
    if knows_zero:
        yield from {of.tobytes(): of.astype(float) for of in works.values()}.values()


def _told_apart(names: pl.DataFrame, scenario: Scenario) -> Iterator[tuple[str, ...]]:
    """Names of numbers with the lever that a take-up belongs to, which the core does not name.

    Moved levers whose take-up varies come in their order, each beginning with what all areas share;
    of a conditioned scenario, all levers.
    """
    common = scenario.parameters.take_up
    take_up = {name: scenario.levers[name].take_up or common for name in scenario.moved_levers()}
    varying = [name for name, of in take_up.items() if varies(of.figure().core())]
    levers = iter(varying if scenario.conditioned is None else scenario.levers)
    lever = ""
    for parameter, area, cell in names.iter_rows():
        if parameter == "take_up" and not area:
            lever = next(levers)
        yield parameter, area, cell, lever if parameter == "take_up" else ""


def _plans(
    given: Sequence[Scenario | str | PathLike[str]],
    geography: str | None,
    figures: Dataset | None,
) -> tuple[dict[str, Scenario], list[str], Dataset]:
    """The plans by name, which must be plans for the same futures; what moves no lever; figures."""
    if not given:
        raise SettingError("scenarios: needs at least one plan to choose or not to choose")
    plans: dict[str, Scenario] = {}
    idle: list[str] = []
    figures = own_figures(*given, dataset=figures)
    for scenario in given:
        plan, dataset = resolve(scenario, geography, figures)
        if not plan.moved_levers():
            idle.append(plan.title)
            continue  # that is doing nothing, which is an option anyway
        if plan.title in plans or plan.title == NOTHING:
            raise SettingError(f"scenarios: two plans are called {plan.title!r}; rename one")
        plans[plan.title] = plan
    if not plans:
        raise SettingError("scenarios: no lever is moved in any, so there is nothing to decide")
    first, *others = plans.values()
    for other in others:
        mine, theirs = assumed(first.to_dict()), assumed(other.to_dict())
        differs = [
            key for key in sorted(mine.keys() | theirs.keys()) if mine.get(key) != theirs.get(key)
        ]
        if differs:
            raise SettingError(
                f"scenarios: {other.title!r} differs from {first.title!r} in more than its plan "
                f"({', '.join(differs)}); options of one decision share their assumptions"
            )
    return plans, idle, dataset


def _options(names: Sequence[str], net: Array, sampler: str) -> pl.DataFrame:
    numbers = statistics_of(net, sampler)
    best = np.bincount(net.argmax(axis=0), minlength=len(net)) / net.shape[1]
    columns = {
        f"net_benefit_gbp_m_{name}": pl.Series(
            numbers[:, COLUMNS.index(name)], nan_to_null=True, dtype=pl.Float64
        )
        for name in ("mean", "mcse_mean", "p05", "p50", "p95")
    }
    return pl.DataFrame({"option": names, **columns, "p_best": best}).sort(
        "net_benefit_gbp_m_mean", descending=True, maintain_order=True
    )


def _ranking(options: pl.DataFrame, pairs: Mapping[str, PairedResult], unit: Unit) -> Iterator[str]:
    """The best option compared with the next best, and with doing nothing."""
    best, second = options["option"][:2]
    for other in dict.fromkeys([second, NOTHING]):
        if other != best:
            yield verdict(pairs[best], pairs[other], unit).in_words(best, other)


def _worth_knowing(perfect: Worth, table: pl.DataFrame) -> list[str]:
    if not table.height:
        return ["Nothing uncertain here could change the decision."]
    if not perfect.distinguishable:
        return ["Nothing that could be learned would be likely to change the decision."]
    value = format.gbp(perfect.value, perfect.mcse)
    most = (
        f"Knowing everything before deciding would be worth {value} on average, present value: "
        "no study can be worth more."
    )
    if value == format.TOO_FEW:
        most = f"What knowing everything before deciding would be worth: {value}."
    first = table.row(0, named=True)
    if not first["distinguishable"]:
        return [most, "No single group of assumptions is worth a study of its own."]
    value = format.gbp(first["evppi_gbp_m"], first["mcse_gbp_m"])
    of = value if value == format.TOO_FEW else f"worth {format.about(value)}"
    return [most, f"First to learn: “{first['label']}” ({of})."]
