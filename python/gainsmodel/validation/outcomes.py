"""Outcomes of a forecast of growth beside what was simulated: areas, sectors, cells and the UK."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gainsmodel.validation.growth import Floats, History
from gainsmodel.validation.verdict import Coverage, coverage

# Publisher's figures are rounded to £1m: below this a cell's growth is mostly rounding.
SMALLEST_CELL_GBP_M = 100.0


class Split(NamedTuple):
    """Years a hindcast is fitted on, and the year it is held against."""

    first: int
    last: int
    target: int

    @property
    def label(self) -> str:
        """Such as ``1998–2009 → 2019``."""
        return f"{self.first}–{self.last} → {self.target}"

    @property
    def years(self) -> int:
        """Years that are forecast."""
        return self.target - self.last


@dataclass(frozen=True, eq=False)
class Looked:
    """Growth of one kind, a year: what happened and what was simulated.

    Attributes
    ----------
    what : str
        Such as ``areas against the UK``.
    names : tuple of str
        The cases.
    actual : ndarray
        Shape (cases,), share a year.
    simulated : ndarray
        Shape (draws, cases).
    """

    what: str
    names: tuple[str, ...]
    actual: Floats
    simulated: Floats

    def coverage(self, nominal: float) -> Coverage:
        """Outcomes inside their central bands."""
        return coverage(self.simulated, self.actual, nominal)

    @property
    def bias(self) -> float:
        """Mean over the cases of what happened less the simulated median, share a year."""
        return float((self.actual - np.median(self.simulated, axis=0)).mean())

    @property
    def crps(self) -> float:
        """Continuous ranked probability score, mean over the cases; smaller is better."""
        return crps(self.simulated, self.actual)


def crps(simulated: Floats, actual: Floats) -> float:
    """Mean of E|X − y| − E|X − X′| / 2 over the cases, from draws of shape (draws, cases)."""
    ordered = np.sort(simulated, axis=0)
    n = len(ordered)
    rank = (2.0 * np.arange(1, n + 1) - n - 1.0)[:, None]
    spread = 2.0 * (rank * ordered).sum(axis=0) / (n * n)
    return float((np.abs(simulated - actual).mean(axis=0) - spread / 2.0).mean())


def compare(data: History, split: Split, then_gbp_m: Floats) -> dict[str, Looked]:
    """What happened beside simulated GVA of the target year, shape (draws, areas, sectors)."""
    start, end = data.at(split.last), data.at(split.target)

    def rate(after: Floats, before: Floats | float) -> Floats:
        ratio = np.maximum(after, 0.0) / before
        yearly: Floats = ratio ** (1.0 / split.years) - 1.0
        return yearly

    uk = np.atleast_1d(rate(end.sum(), start.sum()))
    uk_then = rate(then_gbp_m.sum(axis=(1, 2)), start.sum())[:, None]
    large = start >= SMALLEST_CELL_GBP_M
    names = {
        "areas": data.areas,
        "sectors": data.sectors,
        "cells": tuple(
            f"{data.areas[r]}, {data.sectors[s]}" for r, s in np.argwhere(large).tolist()
        ),
    }
    growth = {
        "areas": (
            rate(end.sum(axis=1), start.sum(axis=1)),
            rate(then_gbp_m.sum(axis=2), start.sum(axis=1)),
        ),
        "sectors": (
            rate(end.sum(axis=0), start.sum(axis=0)),
            rate(then_gbp_m.sum(axis=1), start.sum(axis=0)),
        ),
        "cells": (rate(end[large], start[large]), rate(then_gbp_m[:, large], start[large])),
    }
    found = {"the UK": Looked("the UK", ("United Kingdom",), uk, uk_then)}
    for what, (actual, simulated) in growth.items():
        found[what] = Looked(what, names[what], actual, simulated)
        beside = f"{what} against the UK"
        found[beside] = Looked(beside, names[what], actual - uk, simulated - uk_then)
    return found
