"""Which figures a scenario runs on: the built-in ones, or the user's own."""

import os
from pathlib import Path

from gainsmodel.data import OWN, Dataset, load_dataset
from gainsmodel.errors import SettingError
from gainsmodel.scenario import Scenario, load_scenario

_first_process: int | None = None


def resolve(
    scenario: Scenario | str | os.PathLike[str],
    geography: str | None = None,
    dataset: Dataset | None = None,
) -> tuple[Scenario, Dataset]:
    """A scenario, however it was named, and the figures it runs on; parameters as `run`."""
    _refuse_fork()
    scenario = as_scenario(scenario, geography, dataset)
    return scenario, figures_for(scenario, dataset)


def own_figures(
    *scenarios: Scenario | str | os.PathLike[str], dataset: Dataset | None = None
) -> Dataset | None:
    """Give the own figures that scenarios run on, None where those are the built-in ones.

    Those passed in come first; then the folder that a scenario's file names with `data`.

    Parameters
    ----------
    *scenarios : Scenario, str or path
        What is run on one set of figures, such as two plans to compare.
    dataset : Dataset, optional
        Figures passed in.

    Raises
    ------
    ScenarioError
        If a scenario cannot be read.
    DataError
        If a named folder is none of own figures, or has been edited.
    SettingError
        If two scenarios name different figures.
    """
    if dataset is not None:
        return dataset
    named = [loaded.data for loaded in map(_loaded, scenarios) if loaded.data is not None]
    if not named:
        return None
    # Code that reads own tables is loaded only when needed.
    from gainsmodel.data.saved import read_named

    first, *others = (read_named(*one) for one in named)
    for one, other in zip(named[1:], others, strict=True):
        if other.hashes != first.hashes:
            raise SettingError(
                f"{one.place}names other figures than {named[0].place.removesuffix(': data: ')}; "
                "scenarios that are compared must run on the same figures"
            )
    return first


def as_scenario(
    scenario: Scenario | str | os.PathLike[str],
    geography: str | None = None,
    dataset: Dataset | None = None,
) -> Scenario:
    """Load what is no scenario yet, and put it into another geography where one is named.

    Own areas are a geography to themselves, so figures of such put it there.
    """
    scenario = _loaded(scenario)
    dataset = own_figures(scenario, dataset=dataset)
    if geography is None and dataset is not None and dataset.geography == OWN:
        geography = OWN
    if geography is not None and geography != scenario.setting.geography:
        scenario = scenario.edit({"setting.geography": geography})
    return scenario


def figures_for(scenario: Scenario, dataset: Dataset | None) -> Dataset:
    """Give the figures to run on; the user's own must be of the geography."""
    geography = scenario.setting.geography
    dataset = own_figures(scenario, dataset=dataset)
    if dataset is None:
        return load_dataset(geography)
    if dataset.geography != geography:
        raise SettingError(
            f"dataset: holds figures of the {dataset.geography} geography, and {geography} is to "
            f"be run; run it with geography={dataset.geography!r}, or read figures of {geography}"
        )
    return dataset


def _loaded(scenario: Scenario | str | os.PathLike[str]) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    return load_scenario(Path(scenario) if isinstance(scenario, os.PathLike) else scenario)


def _refuse_fork() -> None:
    """Refuse a forked child at once: Polars and the core would wait for threads it lacks."""
    global _first_process
    if _first_process not in (None, os.getpid()):
        raise SettingError(
            "this process was forked from one that had already run gainsmodel, whose threads "
            "do not survive a fork; start worker processes with the 'spawn' method"
        )
    _first_process = os.getpid()
