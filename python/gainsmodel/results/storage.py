"""Saved results: a folder of tables, manifest, draws and own figures, bound by hashes."""

import hashlib
import io
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.checks import escape
from gainsmodel.confined import confined
from gainsmodel.data import Dataset
from gainsmodel.data.saved import read_named, saved_files
from gainsmodel.errors import DataError, ResultError
from gainsmodel.files import read_file, write_folder
from gainsmodel.results.draws import SavedDraws
from gainsmodel.results.manifest import (
    DRAWS_SAVED,
    EARLIER,
    FIGURES,
    TABLES,
    UNBOUND,
    check_target,
    known_files,
    read_manifest,
)
from gainsmodel.results.result import Result
from gainsmodel.results.tables import DETAIL_METRICS
from gainsmodel.spreadsheets import csv as as_csv

MANIFEST = "manifest.json"
# What a saved manifest says of the folder, and of itself, beside what the result's own says.
FILES, SHA256 = "files", "sha256"
# What file managers leave wherever they have been.
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")


def save(
    result: Result, folder: str | os.PathLike[str], *, draws: bool = False, csv: bool = False
) -> Path:
    """Write a result; as `Result.save`."""
    target = check_target(folder)
    with write_folder(target, known_files(), EARLIER, ResultError) as part:
        for name in TABLES:
            table = result.table(name)
            part.write(f"{name}.parquet", _parquet(table))
            if csv:
                part.write(f"{name}.csv", as_csv(table))
        if draws:
            detailed = result.manifest.get("detail") is not None
            for metric in (*DRAWS_SAVED, *(DETAIL_METRICS if detailed else ())):
                part.write(f"draws_{metric}.parquet", _parquet(result.draws(metric)))
        if "own_data" in result.manifest and result.knows_figures:
            for name, content in saved_files(result.dataset).items():
                part.write(f"{FIGURES}/{name}", content)
        bound = result.manifest | {FILES: dict(sorted(part.files.items()))}
        bound[SHA256] = _sha256_of(bound)
        part.write(MANIFEST, json.dumps(bound, indent=1, ensure_ascii=False).encode() + b"\n")
    return target


def load(folder: str | os.PathLike[str]) -> Result:
    """Read a saved result; as `Result.load`."""
    source = Path(folder)
    manifest = read_manifest(source)
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
    own = {key: value for key, value in manifest.items() if key not in (FILES, SHA256)}
    return Result(own, tables, draws, None, saved_figures(source, manifest))


def _parquet(table: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    table.write_parquet(content)
    return content.getvalue()


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


def _sha256_of(manifest: dict[str, Any]) -> str:
    stated = {key: value for key, value in manifest.items() if key != SHA256}
    text = json.dumps(stated, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


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
    stated = _stated(source, manifest)
    held = {path.relative_to(source).as_posix() for path in _below(source)} - {MANIFEST}
    for name in sorted(held - set(stated)):
        if Path(name).name not in LITTER:
            raise ResultError(
                f"{_shown(source / name)}: was not saved with this result, as "
                f"{MANIFEST} says; move it elsewhere"
            )
    for name, (size, sha256) in stated.items():
        path = source / name
        if name not in held:
            raise ResultError(
                f"{_shown(path)}: is missing or damaged; {MANIFEST} says that it was saved"
            )
        if not path.is_file() or path.stat().st_size != size:
            raise ResultError(_changed(path))
        content = _read(path)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ResultError(_changed(path))
        yield name, content


def _stated(source: Path, manifest: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Size and hash of each file, as a manifest that was not changed itself states them."""
    file = source / MANIFEST
    files = manifest.get(FILES)
    if not isinstance(files, dict) or not isinstance(manifest.get(SHA256), str):
        raise ResultError(
            f"{_shown(file)}: {FILES} and {SHA256} are missing, which bind the tables of a saved "
            "result to its manifest; replay the manifest and save it again"
        )
    try:
        changed = manifest[SHA256] != _sha256_of(manifest)
    except RecursionError:
        changed = True
    if changed:
        raise ResultError(
            f"{_shown(file)}: does not match its own hash; it was changed after it was saved"
        )
    stated = {}
    for name, of in files.items():
        bound = of if isinstance(of, dict) else {}
        size, sha256 = bound.get("bytes"), bound.get("sha256")
        if not isinstance(size, int) or not isinstance(sha256, str):
            raise ResultError(f"{_shown(file)}: {FILES}: states no hash of {name!r}")
        stated[name] = size, sha256
    return stated


def _below(source: Path) -> Iterator[Path]:
    """Everything in a saved result but folders; into no folder but that of own figures."""
    try:
        for path in source.iterdir():
            if path.name == FIGURES and path.is_dir():
                yield from path.iterdir()
            else:
                yield path
    except OSError as error:
        raise ResultError(f"{_shown(source)}: cannot be read: {error.strerror}") from error


def _read(path: Path) -> bytes:
    try:
        return read_file(path, path.stat().st_size)
    except OSError as error:
        raise ResultError(f"{_shown(path)}: cannot be read: {error.strerror}") from error


def _changed(path: Path) -> str:
    return (
        f"{_shown(path)}: does not match its hash in {MANIFEST}; it was changed after it was saved"
    )


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
