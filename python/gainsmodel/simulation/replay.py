"""Run again what a manifest records, to the same numbers."""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace as changed
from pathlib import Path
from typing import Any

from gainsmodel.checks import escape, one_of
from gainsmodel.data import OWN_AREAS, OWN_GVA, Dataset
from gainsmodel.data.earlier import changed_tables
from gainsmodel.errors import CoreError, ResultError, ScenarioError, SettingError, UnknownNameError
from gainsmodel.results.editions import command, differences
from gainsmodel.results.manifest import read_manifest, read_mapping
from gainsmodel.results.result import Result
from gainsmodel.results.storage import saved_figures
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import _refuse_fork, figures_for
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What a manifest asks to be run."""

    path: Path
    scenario: Scenario
    settings: Settings
    figures: Dataset
    detail: str | None
    variation: Mapping[str, Any] | None


def replay(
    manifest: str | os.PathLike[str] | Mapping[str, Any],
    *,
    dataset: Dataset | None = None,
    threads: int | None = None,
) -> Result:
    """Run again what a manifest describes, to the same numbers; see `start_again`."""
    return start_again(manifest, dataset=dataset, threads=threads).result()


def start_again(
    manifest: str | os.PathLike[str] | Mapping[str, Any],
    *,
    dataset: Dataset | None = None,
    threads: int | None = None,
    paired: bool = False,
) -> Run:
    """Start what a manifest describes without waiting for it.

    Warns where it was made by another version, since numbers may then differ.

    Parameters
    ----------
    manifest : path or mapping
        A ``manifest.json``, the folder of a saved result, or what such a file holds.
    dataset : Dataset, optional
        The same own figures, if it was run on such and they are not saved with the manifest.
    paired : bool
        Also run the same scenario without its plan, if it has one.

    Raises
    ------
    ResultError
        If it is no manifest, or the figures have changed since.
    """
    if isinstance(manifest, Mapping):
        path, wanted = Path("manifest"), read_mapping(manifest, "manifest")
        folder = None
    else:
        path = folder = Path(manifest)
        wanted = read_manifest(path)
    asked = read(path, wanted, dataset, folder=folder)
    if differs := differences(wanted):
        warnings.warn(
            f"{escape(str(path))}: was made by another version ({'; '.join(differs)}), so numbers "
            f"differ; 'gainsmodel replay' says which, and how that version replays it",
            stacklevel=3,
        )
    return repeated(asked, threads=threads, paired=paired)


def read(
    path: Path,
    wanted: dict[str, Any],
    dataset: Dataset | None = None,
    *,
    folder: Path | None = None,
    here: bool = False,
) -> Asked:
    """Read what a manifest asks for; as `start_again`.

    Parameters
    ----------
    path : Path
        What it is called in errors.
    wanted : dict
        What it holds.
    dataset : Dataset, optional
    folder : Path, optional
        The manifest, or the folder that it lies in, where its own figures may lie too.
    here : bool
        Take shipped tables as they are today, even if they have changed since.
    """
    _refuse_fork()
    if dataset is None and folder is not None:
        dataset = saved_figures(folder if folder.is_dir() else folder.parent, wanted)
    try:
        scenario = Scenario.from_dict(wanted["scenario"])
        settings = Settings.of(wanted)
        one_of("geography", wanted["geography"], (scenario.setting.geography,))
    except (ScenarioError, SettingError) as error:
        raise ResultError(f"{path}: {error}") from error
    figures = figures_for(scenario, dataset)
    differing = changed_tables(wanted["data_sha256"], figures.hashes)
    # Own areas stand in place of the shipped ones too.
    stands_for = {OWN_GVA, "gva.csv", OWN_AREAS, "areas.csv", "membership.csv"}
    own = OWN_GVA in wanted["data_sha256"] | figures.hashes and {*differing} & {OWN_GVA, OWN_AREAS}
    if own and (here or {*differing} <= stands_for):
        raise ResultError(f"{path}: {_other_figures(wanted, figures)}")
    if differing and not here:
        raise ResultError(
            f"{path}: the figures have changed since: {escape(', '.join(differing)[:200])}; "
            "replay with the version of gainsmodel that made it "
            f"({wanted['versions'].get('gainsmodel', 'unknown')}), in a clone of the project: "
            f"{command(wanted, path)}; or see what differs with: gainsmodel replay --here"
        )
    return Asked(path, scenario, settings, figures, wanted.get("detail"), wanted.get("variation"))


def repeated(
    asked: Asked,
    figures: Dataset | None = None,
    *,
    seed: int | None = None,
    threads: int | None = None,
    paired: bool = False,
) -> Run:
    """Start what was asked for, on other `figures` or with another `seed` where these are given."""
    settings = asked.settings if seed is None else changed(asked.settings, seed=seed)
    try:
        return Run(
            asked.scenario,
            asked.figures if figures is None else figures,
            settings,
            threads,
            paired=paired and bool(asked.scenario.moved_levers()),
            detail=asked.detail,
            variation=asked.variation,
        )
    except UnknownNameError as error:
        raise ResultError(f"{asked.path}: detail: {error}") from error
    except CoreError as error:
        # Everything else has been checked.
        raise ResultError(f"{asked.path}: variation: {error}") from error


def _other_figures(wanted: dict[str, Any], figures: Dataset) -> str:
    """Say that a manifest is of other GVA figures than those at hand."""
    own = wanted.get("own_data")
    name = own.get("name") if isinstance(own, dict) else None
    if OWN_GVA not in wanted["data_sha256"]:
        return f"was run on the built-in figures, not on {figures.own_name!r}; run it without them"
    if figures.own_name is None:
        return f"was run on own figures, {name!r}; pass them with dataset= (--data)"
    return f"was run on other figures, of {name!r}; those of {figures.own_name!r} differ"
