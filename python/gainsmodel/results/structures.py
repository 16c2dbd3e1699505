"""What structures make of an answer: each one's own, and the variance that lies between them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.errors import ResultError
from gainsmodel.results.statistics import COLUMNS, Draws, statistics_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.structures import Axis, Structure

# Draws of which all have one structure, each being one of as many independent samples.
LANES = 16
_NUMBERS = ("mean", "mcse_mean", "sd", "p05", "p50", "p95")
_COLUMNS: dict[str, Any] = {
    "weight": pl.Float64,
    "draws": pl.Int64,
    **dict.fromkeys(("mean", "mean_mcse", "sd", "p05", "p50", "p95"), pl.Float64),
}


@dataclass(frozen=True, eq=False)
class ByStructure:
    """An answer by structure.

    Attributes
    ----------
    table : pl.DataFrame
        One row a structure: ``structure``, ``weight``, ``draws``, and of its draws ``mean`` with
        its Monte Carlo standard error ``mean_mcse``, ``sd``, ``p05``, ``p50`` and ``p95``.
    between, between_mcse : float
        Share of the variance of the answer that lies between structures, 0 to 1, and its Monte
        Carlo standard error; NaN where the answer does not vary.
    choices : pl.DataFrame
        One row a choice of an axis, whatever the others are: ``axis``, ``choice``, and as `table`,
        the mean being that of its structures by their weights, if each has draws enough for an
        error; no rows where structures are listed one by one.
    axes : pl.DataFrame
        One row an axis: ``axis``, and the share ``between`` its choices with ``between_mcse``.
        What axes do together is in the share between structures only.
    """

    table: pl.DataFrame
    between: float
    between_mcse: float
    choices: pl.DataFrame
    axes: pl.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "between": self.between,
            "between_mcse": self.between_mcse,
            **{name: getattr(self, name).to_dicts() for name in ("table", "choices", "axes")},
        }


def by_structure(scenario: Scenario, manifest: Mapping[str, Any], draws: Draws) -> ByStructure:
    """Split draws, in the order they were simulated, by the structure that each has.

    Raises
    ------
    ResultError
        If the scenario has one structure only.
    """
    structures = scenario.every_structure()
    if not structures:
        raise ResultError(
            "this scenario has one structure only; state others as [[structure]] or "
            "[[structure_axis]]"
        )
    of_draw = structure_of_draws(scenario, manifest)
    known = ~np.isnan(draws)
    sampler = manifest["sampler"]
    table = pl.DataFrame(
        [*_rows(structures, of_draw, draws, known, sampler)],
        {"structure": pl.String, **_COLUMNS},
        orient="row",
    )
    rows: list[dict[str, Any]] = []
    shares = []
    for (axis, here), of_structure in zip(
        axes_of_draws(scenario, manifest), _choice_of_structures(scenario), strict=True
    ):
        for n, row in enumerate(_rows(axis.choice, here, draws, known, sampler)):
            named = dict(zip(("choice", *_COLUMNS), row, strict=True)) | {"axis": axis.name}
            rows.append(named | _as_weighted(table.filter(pl.Series(of_structure == n))))
        weights = np.array([of.weight for of in structures])
        shares.append((axis.name, *_between(draws, of_draw, known, (of_structure, weights))))
    return ByStructure(
        table,
        *_between(draws, of_draw, known),
        pl.DataFrame(rows, {"axis": pl.String, "choice": pl.String, **_COLUMNS}),
        pl.DataFrame(
            shares,
            {"axis": pl.String, "between": pl.Float64, "between_mcse": pl.Float64},
            orient="row",
        ),
    )


def structure_of_draws(scenario: Scenario, manifest: Mapping[str, Any]) -> NDArray[np.intp]:
    """Place of each draw's structure among those of the scenario, shape (draws,)."""
    weights = [of.weight for of in scenario.every_structure()]
    return np.array(_core.structures(manifest["seed"], weights, manifest["draws"]), dtype=np.intp)


def axes_of_draws(
    scenario: Scenario, manifest: Mapping[str, Any]
) -> Iterator[tuple[Axis, NDArray[np.intp]]]:
    """Each axis of structures, and the place of every draw's choice among those of the axis."""
    if axes := scenario.structure_axis:
        of_draw = structure_of_draws(scenario, manifest)
        places = np.unravel_index(of_draw, [len(axis.choice) for axis in axes])
        yield from zip(axes, map(np.asarray, places), strict=True)


def _choice_of_structures(scenario: Scenario) -> Iterator[NDArray[np.intp]]:
    """Of each axis, the place of every structure's choice."""
    if axes := scenario.structure_axis:
        shape = [len(axis.choice) for axis in axes]
        yield from map(np.asarray, np.unravel_index(np.arange(math.prod(shape)), shape))


def _as_weighted(structures: pl.DataFrame) -> dict[str, float]:
    """Mean of some structures by their weights, and its error; nothing where one has no draws.

    By the draws that each happens to have, one more of another axis would count as this one's.
    """
    weight, mean, error = (
        structures[name].cast(float).to_numpy() for name in ("weight", "mean", "mean_mcse")
    )
    if not (np.isfinite(mean).all() and np.isfinite(error).all()):
        return {}
    weight = weight / weight.sum()
    return {"mean": float(weight @ mean), "mean_mcse": float(np.sqrt(weight**2 @ error**2))}


def choices_of_draws(
    scenario: Scenario, manifest: Mapping[str, Any]
) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    """Key and label of what structures differ in, axis by axis, with the choice of every draw."""
    for n, (axis, place) in enumerate(axes_of_draws(scenario, manifest)):
        yield f"structure_axis[{n}]", f"Structure: {axis.name}", place
    if scenario.structure:
        yield "structure", "Structure of the model", structure_of_draws(scenario, manifest)


def _rows(
    structures: Sequence[Structure],
    place: NDArray[np.intp],
    draws: Draws,
    known: NDArray[np.bool_],
    sampler: str,
) -> Iterator[tuple[Any, ...]]:
    for n, structure in enumerate(structures):
        own = draws[known & (place == n)]
        found: list[float | None] = [None] * len(_NUMBERS)
        if own.size:
            numbers = statistics_of(own[None, :], sampler)[0]
            found = [float(numbers[COLUMNS.index(name)]) for name in _NUMBERS]
        yield structure.name, structure.weight, own.size, *found


def _between(
    draws: Draws,
    place: NDArray[np.intp],
    known: NDArray[np.bool_],
    of_axis: tuple[NDArray[np.intp], Draws] | None = None,
) -> tuple[float, float]:
    """Share of the variance between structures, and its error: by leaving out each sample once.

    With the choice that each structure has on an axis, and its weight: between those choices.
    """
    share = _share_between(draws[known], place[known], of_axis)
    lane = np.arange(draws.size) % LANES
    left_out = [known & (lane != one) for one in range(LANES)]
    if any(not some.any() for some in left_out):
        return share, float("nan")
    without = np.array([_share_between(draws[some], place[some], of_axis) for some in left_out])
    error = np.sqrt((LANES - 1) / LANES * ((without - without.mean()) ** 2).sum())
    return share, float(error)


def _share_between(
    draws: Draws, place: NDArray[np.intp], of_axis: tuple[NDArray[np.intp], Draws] | None
) -> float:
    values = draws.astype(np.float64)
    variance = values.var() if values.size else 0.0
    if not variance > 0:
        return float("nan")
    counts = np.bincount(place, minlength=0 if of_axis is None else of_axis[0].size)
    there = counts > 0
    means: Draws = np.bincount(place, weights=values, minlength=counts.size)[there] / counts[there]
    weights: Draws = counts[there] / values.size
    if of_axis is not None:
        choice, stated = of_axis[0][there], of_axis[1][there]
        sums = np.bincount(choice, weights=stated), np.bincount(choice, weights=stated * means)
        some = sums[0] > 0
        means, weights = sums[1][some] / sums[0][some], sums[0][some] / stated.sum()
    between = weights @ (means - weights @ means) ** 2
    return float(between / variance)
