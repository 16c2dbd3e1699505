"""Run again what a manifest records, to the same numbers."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gainsmodel.checks import escape, one_of
from gainsmodel.data import OWN_AREAS, OWN_GVA, Dataset
from gainsmodel.errors import CoreError, ResultError, ScenarioError, SettingError, UnknownNameError
from gainsmodel.results.manifest import read_manifest, read_mapping
from gainsmodel.results.result import Result
from gainsmodel.results.storage import saved_figures
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import _refuse_fork, figures_for
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings


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
    _refuse_fork()
    if isinstance(manifest, Mapping):
        path, wanted = Path("manifest"), read_mapping(manifest, "manifest")
    else:
        path = Path(manifest)
        wanted = read_manifest(path)
        if dataset is None:
            folder = path if path.is_dir() else path.parent
            dataset = saved_figures(folder, wanted)
    try:
        scenario = Scenario.from_dict(wanted["scenario"])
        settings = Settings.of(wanted)
        one_of("geography", wanted["geography"], (scenario.setting.geography,))
    except (ScenarioError, SettingError) as error:
        raise ResultError(f"{path}: {error}") from error
    figures = figures_for(scenario, dataset)
    then, now = wanted["data_sha256"], figures.hashes
    changed = sorted(table for table in then | now if then.get(table) != now.get(table))
    # Own areas stand in place of the shipped ones too.
    stands_for = {OWN_GVA, "gva.csv", OWN_AREAS, "areas.csv", "membership.csv"}
    if changed and OWN_GVA in then | now and {*changed} <= stands_for:
        raise ResultError(f"{path}: {_other_figures(wanted, figures)}")
    if changed:
        raise ResultError(
            f"{path}: the figures have changed since: {escape(', '.join(changed)[:200])}; "
            "replay with the version of gainsmodel that made it "
            f"({wanted['versions'].get('gainsmodel', 'unknown')})"
        )
    try:
        return Run(
            scenario,
            figures,
            settings,
            threads,
            paired=paired and bool(scenario.moved_levers()),
            detail=wanted.get("detail"),
            variation=wanted.get("variation"),
        )
    except UnknownNameError as error:
        raise ResultError(f"{path}: detail: {error}") from error
    except CoreError as error:
        # Everything else has been checked.
        raise ResultError(f"{path}: variation: {error}") from error


def _other_figures(wanted: dict[str, Any], figures: Dataset) -> str:
    """Say that a manifest is of other GVA figures than those at hand."""
    own = wanted.get("own_data")
    name = own.get("name") if isinstance(own, dict) else None
    if OWN_GVA not in wanted["data_sha256"]:
        return f"was run on the built-in figures, not on {figures.own_name!r}; run it without them"
    if figures.own_name is None:
        return f"was run on own figures, {name!r}; pass them with dataset= (--data)"
    return f"was run on other figures, of {name!r}; those of {figures.own_name!r} differ"
