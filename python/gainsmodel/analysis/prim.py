"""PRIM: boxes of inputs in which most draws are hits (Friedman and Fisher 1999)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Hits = NDArray[np.bool_]


# Share of a box that a step of peeling takes off, and of all draws that a box keeps at least.
PEEL, LEAST = 0.05, 0.05
# A limit stays if so many hits would come by chance without it less often than this.
CHANCE = 0.01


# ---------------------------------------------------------------- PRIM


@dataclass(frozen=True)
class Box:
    """Limits on some variables, by position: lowest and highest value within."""

    limits: Mapping[int, tuple[float, float]]

    def holds(self, x: Array) -> Hits:
        """Which draws lie within; `x` has the shape (variables, draws)."""
        within = np.ones(x.shape[1], dtype=bool)
        for i, (low, high) in self.limits.items():
            within &= (x[i] >= low) & (x[i] <= high)
        return within

    def without(self, i: int) -> "Box":
        """The box with one variable free."""
        return Box({k: v for k, v in self.limits.items() if k != i})


def peel(x: Array, hit: Hits, density: float, allowed: Sequence[int] | None = None) -> Box:
    """Peel a box until the share of hits in it is `density`, or it can grow no denser.

    Friedman and Fisher (1999), Statistics and Computing 9: each step takes off the twentieth of
    the draws at one end of one variable that leaves the highest share of hits; then limits are
    pasted back as long as that lowers no share.

    Parameters
    ----------
    x : ndarray, shape (variables, draws)
    hit : ndarray of bool, shape (draws,)
    density : float
        Share of hits that is enough.
    allowed : sequence of int, optional
        Variables that may be limited; all if left out.
    """
    variables = range(len(x)) if allowed is None else allowed
    least = max(LEAST * hit.size, 2.0)
    limits: dict[int, tuple[float, float]] = {}
    within = np.ones(hit.size, dtype=bool)
    while within.any() and hit[within].mean() < density:
        best: tuple[float, int, float, float, Hits] | None = None
        for i in variables:
            values = x[i, within]
            low, high = limits.get(i, (-math.inf, math.inf))
            for lower in (True, False):
                # Of values that many draws share, all go.
                if lower:
                    edge = np.quantile(values, PEEL, method="lower")
                    left = values[values > edge]
                    if not left.size:
                        continue
                    new = (float(left.min()), high)
                else:
                    edge = np.quantile(values, 1 - PEEL, method="higher")
                    left = values[values < edge]
                    if not left.size:
                        continue
                    new = (low, float(left.max()))
                kept = within & (x[i] >= new[0]) & (x[i] <= new[1])
                if kept.sum() < least:
                    continue
                share = float(hit[kept].mean())
                if best is None or share > best[0]:
                    best = (share, i, *new, kept)
        if best is None or best[0] <= hit[within].mean():
            break
        _, i, low, high, within = best
        limits[i] = (low, high)
    return _paste(x, hit, Box(limits))


def _paste(x: Array, hit: Hits, box: Box) -> Box:
    """Widen limits, a hundredth of the box at a time, as long as no share is lost."""
    limits = dict(box.limits)
    grown = True
    while grown:
        grown = False
        for i in list(limits):
            rest = Box(limits).without(i).holds(x)
            for lower in (True, False):
                low, high = limits[i]
                within = rest & (x[i] >= low) & (x[i] <= high)
                outside = rest & ((x[i] < low) if lower else (x[i] > high))
                step = max(1, int(within.sum()) // 100)
                beyond = np.sort(x[i, outside])
                if not beyond.size:
                    continue
                end = (
                    beyond[-min(step, beyond.size)] if lower else beyond[min(step, beyond.size) - 1]
                )
                wider = (float(end), high) if lower else (low, float(end))
                kept = rest & (x[i] >= wider[0]) & (x[i] <= wider[1])
                if hit[kept].mean() >= hit[within].mean():
                    limits[i], grown = wider, True
    return Box(limits)


def by_chance(x: Array, hit: Hits, box: Box, i: int) -> float:
    """Probability of as many hits in a box if its limit on one variable meant nothing.

    Quasi-p-value of Bryant and Lempert (2010), Technological Forecasting and Social Change 77:
    the binomial probability of at least the hits in the box, at the share of hits in the box
    without the limit. To be asked of draws that the box was not found on.
    """
    rest, within = box.without(i).holds(x), box.holds(x)
    n, k = int(within.sum()), int(hit[within].sum())
    if n == 0 or not rest.any():
        return 1.0
    return _binomial_tail(n, k, float(hit[rest].mean()))


def _binomial_tail(n: int, k: int, p: float) -> float:
    """P(X ≥ k) of a binomial."""
    if k <= 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    terms = [
        math.lgamma(n + 1)
        - math.lgamma(j + 1)
        - math.lgamma(n - j + 1)
        + j * math.log(p)
        + (n - j) * math.log1p(-p)
        for j in range(k, n + 1)
    ]
    top = max(terms)
    return min(1.0, math.exp(top) * math.fsum(math.exp(term - top) for term in terms))


def find_box(
    x: Array, hit: Hits, judge_x: Array, judge_hit: Hits, density: float, most: int
) -> Box:
    """Find a box with at most so many limits, each of which holds on draws it was not found on.

    Where peeling limits more variables, those are kept whose limits raise the share of hits
    most, and the box is peeled again on them alone.
    """
    box = peel(x, hit, density)
    while True:
        if len(box.limits) > most:
            inside = hit[box.holds(x)].mean()
            gain = {i: inside - hit[box.without(i).holds(x)].mean() for i in box.limits}
            kept = sorted(gain, key=lambda i: -gain[i])[: max(most, len(gain) // 2)]
            box = peel(x, hit, density, kept)
            continue
        chance = {i: by_chance(judge_x, judge_hit, box, i) for i in box.limits}
        worst = max(chance, key=lambda i: chance[i], default=None)
        if worst is None or chance[worst] <= CHANCE:
            return box
        box = peel(x, hit, density, [i for i in box.limits if i != worst])
        if not box.limits:
            return box
