"""Folders of own figures: written whole, and noticed when edited or out of date."""

import hashlib
import io
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gainsmodel.checks import escape
from gainsmodel.data.dataset import Dataset, load_dataset
from gainsmodel.data.importing.frames import itl_hashes
from gainsmodel.data.importing.names import nearest
from gainsmodel.data.importing.sheets import shown
from gainsmodel.data.own_dataset import BETWEEN, areas_table, gva_table, own_dataset
from gainsmodel.data.shipped_tables import AREA_COLUMNS, OWN, SECTORS, origin
from gainsmodel.data.table_editions import entry
from gainsmodel.datapackage import NAME, Column, package, resource, schema
from gainsmodel.errors import DataError
from gainsmodel.files import read_file, recover, write_folder
from gainsmodel.spreadsheets import unescaped

# Files of a saved dataset.
MAX_TOML, MAX_PARTS = 5_000_000, 16
GVA, AREAS, PROVENANCE, HASHES = "gva.csv", "areas.csv", "provenance.toml", "hashes.toml"
FILES = (GVA, AREAS, PROVENANCE, HASHES)
# More than the figures of any areas take.
MAX_BYTES, MAX_HASHES_BYTES = 50_000_000, 10_000


def is_dataset(source: str | os.PathLike[str]) -> bool:
    """Whether this is a folder that `save_dataset` wrote, whole or not."""
    try:
        recover(Path(source))
        return (Path(source) / PROVENANCE).is_file()
    except (OSError, ValueError):
        return False


def save_dataset(dataset: Dataset, folder: str | os.PathLike[str]) -> Path:
    """Write own figures into a folder that `read_gva` reads and that notices edits.

    Parameters
    ----------
    dataset : Dataset
        With own figures.
    folder : path
        Made if absent; an earlier dataset in it is replaced, anything else is refused.

    Raises
    ------
    DataError
        If there are no own figures, or the folder holds something else or cannot be written.
    """
    target = Path(folder)
    files = saved_files(dataset)
    with write_folder(target, (*FILES, NAME), "an earlier dataset", DataError) as part:
        for name, content in files.items():
            part.write(name, content)
        listed = [
            resource(name, of["sha256"], of["bytes"], **described(name))
            for name, of in part.files.items()
        ]
        said = {"title": str(dataset.own_name), "description": "; ".join(dataset.notes)}
        part.write(NAME, package("gainsmodel-figures", listed, **said, **origin(dataset.own_name)))
    return target


def described(file: str) -> dict[str, Any]:
    """Title and schema of a file of own figures, as ``tables.toml`` describes the shipped ones."""
    if file not in (GVA, AREAS):
        return {"title": "How they were read" if file == PROVENANCE else "Hash of each file"}
    of = entry(file)
    said = {name: Column(of["unit"], of["meaning"]) for name, of in of["columns"].items()} | {
        "region": Column("code", "ITL 1 region where most residents live"),
        "groups": Column("names", f"groups that the area is in, {BETWEEN} between them"),
        "wider": Column("names", f"wider areas that the area is in, {BETWEEN} between them"),
    }
    kinds: dict[str, type[pl.DataType]] = {"area_code": pl.String, "sector": pl.String}
    kinds["gva_gbp_m"] = pl.Float64
    if file == AREAS:
        kinds = AREA_COLUMNS | dict.fromkeys(("region", "groups", "wider"), pl.String)
    types = pl.Schema(kinds)
    return {"title": of["title"], "schema": schema(types, said)}


def saved_files(dataset: Dataset) -> dict[str, bytes]:
    """Content of each file in which own figures are kept.

    Raises
    ------
    DataError
        If there are no own figures.
    """
    if dataset.own_name is None:
        raise DataError("these are the built-in figures; there is nothing of your own to save")
    files = {GVA: gva_table(dataset), PROVENANCE: _provenance(dataset).encode()}
    if dataset.geography == OWN:
        files[AREAS] = areas_table(dataset)
    stated = "".join(f'"{f}" = "{hashlib.sha256(c).hexdigest()}"\n' for f, c in files.items())
    return files | {HASHES: f"# sha256 of each file; an edited file is refused.\n{stated}".encode()}


def _provenance(dataset: Dataset) -> str:
    import tomlkit  # Slow to import, and needed here only.

    document = tomlkit.document()
    document.add(tomlkit.comment("Which own figures these are and how they were read."))
    document["dataset_version"] = 1
    document["geography"] = dataset.geography
    document["name"] = str(dataset.own_name)
    document["notes"] = tomlkit.array()
    for note in dataset.notes:
        document["notes"].append(note)
    document["built_in_cells"] = [list(cell) for cell in dataset.built_in_cells]
    # The shipped tables used with the figures; with others they would mean something else.
    document["shipped_sha256"] = _shipped(dataset.geography, dataset.built_in_cells)
    return tomlkit.dumps(document)


def _shipped(geography: str, cells: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Hashes of the shipped tables that own figures depend on; of GVA if cells were kept."""
    # Own areas were made of shipped ones, or measured by them.
    own = geography == OWN
    hashes = load_dataset("local_authority" if own else geography).hashes
    if own:
        hashes = hashes | itl_hashes()
    return {file: value for file, value in hashes.items() if own or cells or file != "gva.csv"}


def read_named(folder: Path, place: str) -> Dataset:
    """Read the folder that is named; errors begin with where, such as ``"--data: "``."""
    if is_dataset(folder):
        try:
            return read_saved(folder)
        except DataError as error:
            raise DataError(f"{place}{error}") from None
    try:
        beside = [path.name for path in folder.parent.iterdir() if is_dataset(path)]
    except (OSError, ValueError):
        beside = []
    raise DataError(
        f"{place}{shown(str(folder), 200)[1:-1]} is not a folder of your own figures; "
        f"'gainsmodel data import-table' makes one{nearest(folder.name, beside)}"
    )


def read_saved(
    folder: Path, geography: str | None = None, options: Mapping[str, object] | None = None
) -> Dataset:
    """Read a folder of `save_dataset`, unless it was edited or is of other shipped tables."""
    where = escape(str(folder))
    for option, value in (options or {}).items():
        if value is not None:
            raise DataError(f"{option}: cannot be combined with {where}, which already fixes it")
    contents, provenance = _unedited(folder)
    again = "import the table again, or aggregate again"
    try:
        held = str(provenance["geography"])
        frame = _own_frame(contents[AREAS]) if held == OWN else load_dataset(held)
        name = str(provenance["name"])
        notes = tuple(str(note) for note in provenance["notes"])
        cells = tuple((str(code), str(sector)) for code, sector in provenance["built_in_cells"])
        then = dict(provenance["shipped_sha256"])
        text = [line.split(",") for line in contents[GVA].decode().splitlines()[1:]]
        figures = {(code, sector): float(value) for code, sector, value in text}
    except (ArithmeticError, ValueError, LookupError, TypeError, pl.exceptions.PolarsError):
        raise DataError(f"{where}: cannot be understood; {again}") from None
    if geography not in (None, frame.geography):
        raise DataError(
            f"{where}: holds figures of the {frame.geography} geography, not of {geography}"
        )
    now = _shipped(held, cells)
    changed = sorted(str(file) for file in then | now if then.get(file) != now.get(file))
    wanted = [(code, sector) for code in frame.areas["area_code"] for sector in SECTORS]
    if changed or list(figures) != wanted:
        raise DataError(
            f"{where}: is out of date: the built-in figures have changed since "
            f"({shown(', '.join(changed) or GVA, 100)[1:-1]}); {again}"
        )
    gva = np.array(list(figures.values())).reshape(len(frame.areas), len(SECTORS))
    if not (np.isfinite(gva) & (gva >= 0)).all():
        raise DataError(f"{where}: {GVA} holds impossible figures; {again}")
    return own_dataset(frame, gva, name, notes, cells)


def _unedited(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Content of each file, if it is still what was written, and the provenance."""
    where = escape(str(folder))
    try:
        stated = _toml(read_file(folder / HASHES, MAX_HASHES_BYTES))
        files = [GVA, PROVENANCE, *([AREAS] if AREAS in stated else [])]
        contents = {file: read_file(folder / file, MAX_BYTES) for file in files}
    except OSError as error:
        raise DataError(f"{where}: {error.filename} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{where}: {HASHES} cannot be read; import the table again") from None
    for file, content in contents.items():
        if stated.get(file) != hashlib.sha256(content).hexdigest():
            raise DataError(
                f"{where}: {file} was edited since it was written; edit the source and import it "
                "again"
            )
    try:
        return contents, _toml(contents[PROVENANCE])
    except (ValueError, RecursionError):
        raise DataError(f"{where}: {PROVENANCE} cannot be read; import the table again") from None


def _toml(content: bytes) -> dict[str, Any]:
    """Read TOML such as this module writes; keys of thousands of parts would take for ever."""
    text = content.decode()
    keys = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", text)
    if len(text) > MAX_TOML or any(part.count(".") > MAX_PARTS for part in keys.split("=")):
        raise ValueError("is too large or nested too deeply")
    return tomllib.loads(text)


def _own_frame(content: bytes) -> Dataset:
    """Areas of a saved table, in a dataset that has no figures of them yet."""
    names = ("region", "groups", "wider")
    schema: dict[str, type[pl.DataType]] = {**AREA_COLUMNS, **dict.fromkeys(names, pl.String)}
    table = pl.read_csv(io.BytesIO(content), schema=schema).with_columns(
        pl.col(pl.String).map_elements(unescaped, return_dtype=pl.String)
    )
    held: dict[str, dict[str, list[str]]] = {"groups": {}, "wider": {}}
    for code, *spoken in table.select("area_code", *held).iter_rows():
        for column, text in zip(held, spoken, strict=True):
            for name in (text or "").split(BETWEEN):
                if name:
                    held[column].setdefault(name, []).append(code)
    groups, wider = ({n: tuple(c) for n, c in sets.items()} for sets in held.values())
    return replace(
        load_dataset("local_authority"),
        geography=OWN,
        areas=table.drop(names),
        groups=groups,
        wider=wider,
        regions=dict(table.select("area_code", "region").iter_rows()),
    )
