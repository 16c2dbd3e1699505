"""What each lever of a plan adds: alone, and with the others."""

import os

import numpy as np
import polars as pl

from gainsmodel.choices import Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.progress import Progress, Steps
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import (
    FROM_CORE,
    Draws,
    chance_of_nothing,
    columns_of,
    statistics_of,
)
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import as_scenario, figures_for
from gainsmodel.simulation.run import start
from gainsmodel.simulation.settings import Settings


def lever_contributions(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    *,
    metric: str = "gain_final_year_gbp_m",
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
    pair: PairedResult | None = None,
    left_out: bool = True,
) -> pl.DataFrame:
    """What each lever of a plan adds in one area, alone and with the others.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario with a plan; its levers are moved as planned, in every area of the plan.
    area : str
        Name or code of the area or group in which the effect is measured.
    metric, draws, seed, sampler, geography, dataset, threads, on_progress
        As in `compare`.
    pair : PairedResult, optional
        What `run_paired` gave for the same scenario, whose draws, seed and sampler then count: two
        runs less.
    left_out : bool
        Whether to say what the bundle adds less what it adds without each lever, which takes
        another run for each.

    Returns
    -------
    DataFrame
        Columns ``lever``, ``label``, ``part``, the statistics of `metric` and ``_p_below_1``,
        the probability that a part is less than £1m, with ``_p_below_1_mcse``. For each lever
        that is moved anywhere the part ``alone``, what it adds by itself, and ``left_out``,
        what the bundle adds less what it adds without this lever; then ``together``, the
        bundle less the sum of the parts alone; then ``bundle``. Every part is a paired
        difference from the same futures, of gains net of displacement, leakage and multiplier
        where the scenario switches them on. Averages of ``alone`` and ``together`` add up to
        the bundle's.

    Raises
    ------
    ScenarioError
        If no lever is moved anywhere.
    ResultError
        If `pair` is of another scenario.
    UnknownNameError, DataError, SettingError
        As `run`.

    Examples
    --------
    >>> import gainsmodel
    >>> parts = gainsmodel.lever_contributions("skills_first", "Greater Manchester", draws=500)
    >>> parts["part"].to_list()
    ['alone', 'left_out', 'alone', 'left_out', 'alone', 'left_out', 'together', 'bundle']
    """
    loaded = as_scenario(scenario, geography, dataset)
    loaded.require_plan("split")
    moved = loaded.moved_levers()
    unit = unit_of(figures_for(loaded, dataset), area)
    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    known: dict[frozenset[str], Result] = {}
    if pair is not None:
        pair.check_of(loaded)
        settings = Settings.of(pair.manifest)
        known = {frozenset(moved): pair.with_plan, frozenset(): pair.without}
    without = {lever: frozenset(moved) - {lever} for lever in moved} if left_out else {}
    wanted = {
        frozenset(moved),
        *filter(None, without.values()),
        *(frozenset([lever]) for lever in moved),
    }
    progress = Steps(on_progress, settings.draws, len({frozenset(), *wanted} - known.keys()))

    def result_of(levers: frozenset[str]) -> Result:
        if levers in known:
            return known[levers]
        run = start(_with_levers(loaded, levers), settings, dataset=dataset, threads=threads)
        return run.result(progress.next())

    reference = result_of(frozenset())
    added = {
        levers: PairedResult(result_of(levers), reference).added_draws(metric, unit)
        for levers in sorted(wanted, key=lambda levers: (len(levers), sorted(levers)))
    }
    bundle = added[frozenset(moved)]
    alone = {lever: added[frozenset([lever])] for lever in moved}
    names: list[tuple[str | None, str, str]] = []
    parts: list[Draws] = []
    for lever in moved:
        label = loaded.levers[lever].label
        names.append((lever, label, "alone"))
        parts.append(alone[lever])
        if left_out:
            names.append((lever, label, "left_out"))
            parts.append(bundle - added.get(without[lever], 0.0))
    names += [(None, "Working together", "together"), (None, "All of them", "bundle")]
    parts += [bundle - np.sum(list(alone.values()), axis=0), bundle]
    draws_of_parts = np.stack(parts)
    numbers = statistics_of(draws_of_parts, settings.sampler)
    text = {"lever": pl.String, "label": pl.String, "part": pl.String}
    return pl.DataFrame(names, schema=text, orient="row").hstack(
        [
            *columns_of(metric, numbers[:, FROM_CORE]),
            *chance_of_nothing(metric, draws_of_parts, settings.sampler),
        ]
    )


def _with_levers(scenario: Scenario, levers: frozenset[str]) -> Scenario:
    """The scenario with only these levers of its plan."""
    plan = {
        area: {name: planned for name, planned in plan.items() if name in levers}
        for area, plan in scenario.plan.items()
    }
    return scenario.model_copy(update={"plan": plan})
