"""Saved results: a folder of tables, manifest, draws and own figures."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.data import Dataset, save_dataset
from gainsmodel.data.saved import read_named
from gainsmodel.errors import DataError, ResultError
from gainsmodel.results.draws import SavedDraws
from gainsmodel.results.manifest import DRAWS_SAVED, FIGURES, TABLES, check_target, read_manifest
from gainsmodel.results.result import Result
from gainsmodel.results.tables import DETAIL_METRICS


def save(
    result: Result, folder: str | os.PathLike[str], *, draws: bool = False, csv: bool = False
) -> Path:
    """Write a result; as `Result.save`."""
    target = check_target(folder)
    try:
        part = Path(tempfile.mkdtemp(prefix=".gainsmodel-", dir=target.parent))
    except OSError as error:
        raise ResultError(f"{target}: cannot be written: {error.strerror}") from error
    try:
        for name in TABLES:
            table: pl.DataFrame = result.table(name)
            table.write_parquet(part / f"{name}.parquet")
            if csv:
                table.write_csv(part / f"{name}.csv")
        if draws:
            detailed = result.manifest.get("detail") is not None
            for metric in (*DRAWS_SAVED, *(DETAIL_METRICS if detailed else ())):
                result.draws(metric).write_parquet(part / f"draws_{metric}.parquet")
        if "own_data" in result.manifest and result.knows_figures:
            save_dataset(result.dataset, part / FIGURES)
        (part / "manifest.json").write_text(
            json.dumps(result.manifest, indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
        part.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        part.replace(target)
    except OSError as error:
        raise ResultError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def load(folder: str | os.PathLike[str]) -> Result:
    """Read a saved result; as `Result.load`."""
    source = Path(folder)
    manifest = read_manifest(source)
    try:
        tables = {name: pl.read_parquet(source / f"{name}.parquet") for name in TABLES}
        saved = {
            metric: pl.read_parquet(path)
            for metric in (*DRAWS_SAVED, *DETAIL_METRICS)
            if (path := source / f"draws_{metric}.parquet").is_file()
        }
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ResultError(f"{source}: a table is missing or damaged: {error}") from error
    draws = SavedDraws(saved) if saved else None
    return Result(manifest, tables, draws, None, saved_figures(source, manifest))


def saved_figures(source: Path, manifest: dict[str, Any]) -> Dataset | None:
    """Own figures that were saved along; results of 0.3 have none."""
    if "own_data" not in manifest or not (source / FIGURES).is_dir():
        return None
    try:
        figures = read_named(source / FIGURES, "")
    except DataError as error:
        raise ResultError(f"{source}: its figures are damaged: {error}") from error
    if figures.hashes != manifest["data_sha256"]:
        raise ResultError(f"{source / FIGURES}: are not the figures that it was run on")
    return figures
