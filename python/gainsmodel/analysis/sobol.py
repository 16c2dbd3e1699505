"""Sobol indices: shares of a variance that inputs account for, first-order and total."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gainsmodel.errors import SettingError

Array = NDArray[np.float64]


# A normal answer has 8% of its variance in the farthest hundredth of its draws.
HEAVY_TAIL = 0.25


@dataclass(frozen=True)
class Indices:
    """Sobol indices of several groups, each with its standard error; shape (groups,)."""

    first: Array
    first_se: Array
    total: Array
    total_se: Array


def sobol_indices(f_a: Array, f_b: Array, f_ab: Array) -> Indices:
    """Estimate first-order and total Sobol indices from a pick-freeze design.

    First order by Saltelli et al. (2010, Computer Physics Communications 181, table 2 b),
    total by Jansen (1999), both over the variance of A and B together. Standard errors are
    asymptotic (delta method for a ratio of means over independent draws). An estimate may be
    negative; it is left so.

    Parameters
    ----------
    f_a, f_b : ndarray, shape (draws,)
        Answers from two independent samples of every input.
    f_ab : ndarray, shape (groups, draws)
        Answers from sample A with one group of inputs taken from sample B.

    Raises
    ------
    SettingError
        With fewer than two draws, or an answer that does not vary.
    """
    n = f_a.size
    middle = (f_a.mean() + f_b.mean()) / 2 if n else math.nan
    a, b, ab = f_a - middle, f_b - middle, f_ab - middle
    square = (a**2 + b**2) / 2
    variance = square.mean() if n else 0.0
    if n < 2 or not variance > 0:
        raise SettingError("the answer is the same in every future: it has no uncertainty")

    def ratio(terms: Array) -> tuple[Array, Array]:
        index = terms.mean(axis=1) / variance
        influence = (terms - index[:, None] * square) / variance
        return index, influence.std(axis=1, ddof=1) / math.sqrt(n)

    return Indices(*ratio(b * (ab - a)), *ratio((a - ab) ** 2 / 2))
