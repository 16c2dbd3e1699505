"""What structures make of an answer: each one's own, and the variance that lies between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gainsmodel import _core
from gainsmodel.errors import ResultError
from gainsmodel.results.statistics import COLUMNS, Draws, statistics_of
from gainsmodel.scenario.structures import Structure


@dataclass(frozen=True, eq=False)
class ByStructure:
    """An answer by structure.

    Attributes
    ----------
    table : pl.DataFrame
        One row a structure: ``structure``, ``weight``, ``draws``, and of its draws ``mean`` with
        its Monte Carlo standard error ``mean_mcse``, ``sd``, ``p05``, ``p50`` and ``p95``.
    between : float
        Share of the variance of the answer that lies between structures, 0 to 1; NaN where
        the answer does not vary.
    """

    table: pl.DataFrame
    between: float


def by_structure(
    structures: Sequence[Structure], manifest: Mapping[str, Any], draws: Draws
) -> ByStructure:
    """Split draws, in the order they were simulated, by the structure that each has.

    Raises
    ------
    ResultError
        If the scenario has one structure only.
    """
    if not structures:
        raise ResultError("this scenario has one structure only; state others as [[structure]]")
    weights = [of.weight for of in structures]
    of_draw = np.array(_core.structures(manifest["seed"], weights, manifest["draws"]))
    known = ~np.isnan(draws)
    total = draws[known]
    rows = []
    between = 0.0
    for place, structure in enumerate(structures):
        own = draws[known & (of_draw == place)]
        if not own.size:
            rows.append((structure.name, structure.weight, 0, *[None] * 6))
            continue
        numbers = statistics_of(own[None, :], manifest["sampler"])[0]
        found = dict(zip(COLUMNS, numbers, strict=True))
        names = ("mean", "mcse_mean", "sd", "p05", "p50", "p95")
        rows.append((structure.name, structure.weight, own.size, *(found[n] for n in names)))
        between += own.size / total.size * (found["mean"] - total.mean()) ** 2
    schema = {
        "structure": pl.String,
        "weight": pl.Float64,
        "draws": pl.Int64,
        **dict.fromkeys(("mean", "mean_mcse", "sd", "p05", "p50", "p95"), pl.Float64),
    }
    variance = float(total.var()) if total.size else 0.0
    return ByStructure(
        pl.DataFrame(rows, schema, orient="row"),
        between / variance if variance > 0 else float("nan"),
    )
