"""Datasets with own figures, known by the content of their tables."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.data.dataset import Dataset, load_dataset
from gainsmodel.data.shipped_tables import OWN, OWN_AREAS, OWN_GVA
from gainsmodel.spreadsheets import csv

# Between names in one cell of a table of own areas; no name holds it.
BETWEEN = "|"


def own_dataset(
    built_in: Dataset,
    gva_gbp_m: NDArray[np.float64],
    name: str,
    notes: Iterable[str],
    built_in_cells: Iterable[tuple[str, str]],
) -> Dataset:
    """Give the built-in dataset with other GVA, known by the sha256 of `gva_table`."""
    gva_gbp_m.flags.writeable = False
    own = replace(
        built_in,
        gva_gbp_m=gva_gbp_m,
        own_name=name,
        notes=tuple(notes),
        built_in_cells=tuple(built_in_cells),
    )
    hashes = {file: value for file, value in built_in.hashes.items() if file != "gva.csv"}
    if own.geography == OWN:
        # The shipped tables that own areas still depend on.
        shipped = load_dataset("mayoral").hashes
        hashes = {file: shipped[file] for file in ("sectors.csv", "uk_economy.csv")}
        hashes[OWN_AREAS] = hashlib.sha256(areas_table(own)).hexdigest()
    return replace(own, hashes=hashes | {OWN_GVA: hashlib.sha256(gva_table(own)).hexdigest()})


def gva_table(dataset: Dataset) -> bytes:
    """GVA as CSV (area_code, sector, gva_gbp_m), to the last bit of every figure."""
    lines = ["area_code,sector,gva_gbp_m\n"]
    for code, row in zip(dataset.areas["area_code"], dataset.gva_gbp_m.tolist(), strict=True):
        lines += [f"{code},{s},{v!r}\n" for s, v in zip(dataset.sectors, row, strict=True)]
    return "".join(lines).encode()


def areas_table(dataset: Dataset) -> bytes:
    """Own areas as CSV: as ``areas.csv``, with their region, groups and wider areas."""
    columns: dict[str, list[str]] = {"region": [], "groups": [], "wider": []}
    for code in dataset.areas["area_code"]:
        columns["region"].append(dataset.regions[code])
        for column, held in (("groups", dataset.groups), ("wider", dataset.wider)):
            columns[column].append(BETWEEN.join(name for name in held if code in held[name]))
    frame = dataset.areas.with_columns(
        pl.Series(name, values, pl.String) for name, values in columns.items()
    )
    return csv(frame)
