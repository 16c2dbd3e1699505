"""Saved results: a folder of tables, manifest, draws and own figures, bound by hashes."""

import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.checks import escape
from gainsmodel.confined import confined
from gainsmodel.data import Dataset
from gainsmodel.data.saved import described, read_named, saved_files
from gainsmodel.datapackage import package, parquet, resource, schema, sha256_of
from gainsmodel.errors import DataError, ResultError
from gainsmodel.files import read_file, write_folder
from gainsmodel.results.columns import TITLES, columns_of, columns_of_draws
from gainsmodel.results.draws import SavedDraws
from gainsmodel.results.manifest import (
    DRAWS_SAVED,
    EARLIER,
    FIGURES,
    MANIFEST,
    PACKAGE,
    RECORD,
    TABLES,
    UNBOUND,
    check_target,
    known_files,
    read_content,
    understood,
)
from gainsmodel.results.record import (
    about_run,
    check_own,
    examined,
    price_year,
    record_of,
    run_of,
    stated_tables,
    tables_as_files,
)
from gainsmodel.results.result import Result
from gainsmodel.results.tables import DETAIL_METRICS
from gainsmodel.sealed import fingerprints
from gainsmodel.spreadsheets import csv as as_csv


def save(
    result: Result, folder: str | os.PathLike[str], *, draws: bool = False, csv: bool = False
) -> Path:
    """Write a result; as `Result.save`."""
    target = check_target(folder)
    with write_folder(target, known_files(), EARLIER, ResultError) as part:
        tables = tables_as_files(result)
        for name, content in tables.items():
            part.write(name, content)
        record = record_of(result.manifest, tables)
        part.write(MANIFEST, record)
        if csv:
            for name in TABLES:
                part.write(f"{name}.csv", as_csv(result.table(name)))
        if draws:
            detailed = result.manifest.get("detail") is not None
            for metric in (*DRAWS_SAVED, *(DETAIL_METRICS if detailed else ())):
                part.write(f"draws_{metric}.parquet", _draws(result, metric))
        if "own_data" in result.manifest and result.knows_figures:
            for name, content in saved_files(result.dataset).items():
                part.write(f"{FIGURES}/{name}", content)
        listed = [
            resource(name, of["sha256"], of["bytes"], **_said(result, name))
            for name, of in part.files.items()
        ]
        about = about_run(result.manifest) | {"record": fingerprints(record)[1]}
        title = str(result.manifest["scenario"]["title"])
        part.write(PACKAGE, package("gainsmodel-result", listed, title=title, **about))
    return target


def _draws(result: Result, metric: str) -> bytes:
    table, year = result.draws(metric), price_year(result.manifest)
    columns = columns_of_draws(metric, table.columns, year)
    return parquet(table, columns, title=f"Draws: {metric}", **about_run(result.manifest))


def _said(result: Result, name: str) -> dict[str, Any]:
    """Title and schema of a table in the data package."""
    stem, year = name.rsplit(".", 1)[0], price_year(result.manifest)
    if stem in TABLES:
        types = result.table(stem).schema
        return {"title": TITLES[stem], "schema": schema(types, columns_of(types, year))}
    if stem.startswith("draws_"):
        metric = stem.removeprefix("draws_")
        types = result.draws(metric).schema
        columns = columns_of_draws(metric, types, year)
        return {"title": f"Draws: {metric}", "schema": schema(types, columns)}
    if name.startswith(f"{FIGURES}/"):
        return described(name.removeprefix(f"{FIGURES}/"))
    return {"title": "The run’s record"}


def load(folder: str | os.PathLike[str]) -> Result:
    """Read a saved result; as `Result.load`."""
    source = Path(folder)
    read, content = read_content(source)
    manifest = understood(read, content)
    check_own(read, content, manifest)
    contents = dict(_contents(source, manifest))
    needed = [f"{name}.parquet" for name in TABLES]
    if missing := [file for file in needed if file not in contents]:
        raise ResultError(f"{_shown(source)}: {missing[0]} is missing or damaged")
    found = tables_of(
        source, {file: text for file, text in contents.items() if file.endswith(".parquet")}
    )
    tables = {name: found[f"{name}.parquet"] for name in TABLES}
    saved = {
        metric: found[file]
        for metric in (*DRAWS_SAVED, *DETAIL_METRICS)
        if (file := f"draws_{metric}.parquet") in found
    }
    draws = SavedDraws(saved) if saved else None
    record = content if manifest["manifest_version"] == RECORD else None
    return Result(
        run_of(manifest), tables, draws, None, saved_figures(source, manifest), _record=record
    )


def tables_beside(path: Path, manifest: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Tables of areas and groups that lie beside a manifest, as they were saved; none may be there.

    Raises
    ------
    ResultError
        If one was changed since, or is damaged.
    """
    folder = path if path.is_dir() else path.parent
    names = [f"{name}.parquet" for name in ("areas", "groups")]
    contents = {name: _read(folder / name) for name in names if (folder / name).is_file()}
    if manifest["manifest_version"] != UNBOUND and contents:
        stated = stated_tables(path, manifest)
        for name, content in contents.items():
            if sha256_of(content) != stated[name][1]:
                raise ResultError(
                    f"{_shown(folder / name)}: does not match its hash in {MANIFEST}; it was "
                    "changed after it was saved"
                )
    return tables_of(folder, contents) if contents else {}


def tables_of(source: Path, contents: dict[str, bytes]) -> dict[str, pl.DataFrame]:
    """Read Parquet files, by their names, where they can do no harm.

    Raises
    ------
    ResultError
        If one is damaged, or takes more memory or time than such a table can.
    """
    try:
        return confined(_tables, _shown(source), _shown(source), contents)
    except DataError as error:
        raise ResultError(str(error)) from error.__cause__


def _tables(source: str, contents: dict[str, bytes]) -> dict[str, pl.DataFrame]:
    tables = {}
    for name, content in contents.items():
        try:
            tables[name] = pl.read_parquet(io.BytesIO(content))
        except pl.exceptions.PolarsError as error:
            raise ResultError(f"{source}: {name} is damaged: {error}") from None
    return tables


def _shown(path: Path) -> str:
    return escape(str(path))


def _contents(source: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """What each file of a saved result holds, once it is known to be what was saved."""
    if manifest["manifest_version"] == UNBOUND:
        warnings.warn(
            f"{_shown(source)}: was saved by an earlier version, which kept no hashes of its "
            "tables, so whether they were changed since cannot be told; replay and save it again",
            UserWarning,
            stacklevel=4,
        )
        for name in sorted(known_files() - {MANIFEST, FIGURES}):
            if (source / name).is_file():
                yield name, _read(source / name)
        return
    for name, content, mismatch in examined(source, manifest):
        if mismatch is not None:
            raise ResultError(mismatch.sentence)
        yield name, content


def _read(path: Path) -> bytes:
    try:
        return read_file(path, path.stat().st_size)
    except OSError as error:
        raise ResultError(f"{_shown(path)}: cannot be read: {error.strerror}") from error


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
