"""Sampled inputs of a result in every draw, by name and in their own units."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.results.draws import CoreDraws, check_columns, in_columns


def inputs(
    kept: CoreDraws,
    dataset: Dataset,
    area: str | None,
    names: Sequence[str] | None,
    sector: str | None = None,
) -> pl.DataFrame:
    """Give sampled inputs of a unit; as `Result.inputs`."""
    unit = unit_of(dataset, "uk" if area is None else area)
    gva = dataset.gva_gbp_m * dataset.areas["area_code"].is_in(unit.members).to_numpy()[:, None]
    if sector is not None:
        check_columns("sectors", [sector], dataset.sectors)
        gva = gva * (np.asarray(dataset.sectors) == sector)
    known, values = kept.inputs(gva.sum(axis=1), gva.sum(axis=0))
    frame = in_columns(known, values)
    if names is None:
        return frame
    check_columns("inputs", names, known)
    return frame.select("draw", *names)
