"""Expected value of perfect and of partial perfect information, from draws."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gainsmodel.analysis.sensitivity import Z975
from gainsmodel.results.statistics import COLUMNS, mid_ranks, statistics_of
from gainsmodel.scenario.conditioned import REPLICATES

Array = NDArray[np.float64]


FOLDS = 5
# Numbers whose correlation with an option's worth is below so many standard errors are dropped.
SCREEN = 2.5
# Products of numbers are tried where few enough are left.
MOST_IN_PRODUCTS = 10
KNOTS = 5
RIDGE = 1e-8


@dataclass(frozen=True)
class Worth:
    """An expected value of information and its Monte Carlo standard error."""

    value: float
    mcse: float

    @property
    def distinguishable(self) -> bool:
        """Whether its 95% interval excludes 0."""
        return self.value > Z975 * self.mcse


def evpi(net_benefit: Array, sampler: str = "random") -> Worth:
    """Expected value of perfect information: E[max over options] − max over options of E.

    Parameters
    ----------
    net_benefit : ndarray, shape (options, draws)
        What each option is worth in each future.
    sampler : str
        That of the draws, which decides how the standard error is made.
    """
    best = net_benefit[net_benefit.mean(axis=1).argmax()]
    return _mean(net_benefit.max(axis=0) - best, sampler)


def evppi(
    net_benefit: Array, numbers: NDArray[np.floating[Any]], *, in_replicates: bool = False
) -> Worth:
    """Expected value of knowing some uncertain numbers, and them alone, before deciding.

    What each option is worth, given the numbers, is estimated by regression (Strong, Oakley
    and Brennan 2014, Medical Decision Making 34): a spline along the direction in which the
    numbers move it most, with each number's own line, parabola and, where they are few,
    products. The decisions that follow are then valued on draws that the regression has not
    seen, fifth by fifth. So the estimate is, but for chance, on the low side: decisions that
    are not quite the best are worth less. It never exceeds `evpi` of the same draws, and is
    set to 0 where chance puts it below.

    Parameters
    ----------
    net_benefit : ndarray, shape (options, draws)
    numbers : ndarray, shape (numbers, draws)
        Standard normal, or 0 and 1 of what either happens or not; drawn independently from draw to
        draw.
    in_replicates : bool
        Whether the draws are chosen ones, which repeat one another within sixteen replicates alone:
        then none of these is on both sides of the regression, and the error is made from them.
    """
    options, draws = net_benefit.shape
    usual = int(net_benefit.mean(axis=1).argmax())
    fold = (np.arange(draws) % REPLICATES if in_replicates else np.arange(draws)) % FOLDS
    chosen = np.full(draws, usual)
    # Fitted against the usual choice, so that what all options share adds no noise.
    against = net_benefit - net_benefit[usual]
    z = np.clip(numbers, -3.0, 3.0).astype(np.float64)
    for k in range(FOLDS):
        seen, unseen = fold != k, fold == k
        expected = np.zeros((options, int(unseen.sum())))
        # One thread: sums in the same order on every machine, and these are too small for more.
        with threadpool_limits(1):
            for option in range(options):
                if option != usual:
                    expected[option] = _expected(z[:, seen], against[option, seen], z[:, unseen])
        chosen[unseen] = expected.argmax(axis=0)
        # Where nothing is expected to be better, the usual choice stays.
        chosen[unseen] = np.where(expected.max(axis=0) > 0, chosen[unseen], usual)
    sampler = "sobol" if in_replicates else "random"
    gained = _mean(against[chosen, np.arange(draws)], sampler)
    return Worth(max(gained.value, 0.0), gained.mcse)


def worth_of_choice(net_benefit: Array, place: NDArray[np.intp]) -> Worth:
    """Expected value of knowing which of several structures holds before deciding.

    In each the option that is best on one half of its draws is valued on the other, so that the
    estimate is, but for chance, on the low side; set to 0 where chance puts it below.

    Parameters
    ----------
    net_benefit : ndarray, shape (options, draws)
    place : ndarray, shape (draws,)
        Structure of each draw.
    """
    draws = np.arange(net_benefit.shape[1])
    usual = int(net_benefit.mean(axis=1).argmax())
    chosen = np.full(draws.size, usual)
    for of in np.unique(place):
        for half in (0, 1):
            seen = (place == of) & (draws % 2 == half)
            if seen.any():
                best = int(net_benefit[:, seen].mean(axis=1).argmax())
                chosen[(place == of) & (draws % 2 != half)] = best
    gained = _mean(net_benefit[chosen, draws] - net_benefit[usual])
    return Worth(max(gained.value, 0.0), gained.mcse)


def _expected(z: Array, y: Array, at: Array) -> Array:
    """Expected worth at other values of the numbers, by regression; shapes (numbers, draws)."""
    n = y.size
    middle, spread = y.mean(), y.std()
    constant: Array = np.full(at.shape[1], middle)
    if n < 50 or not spread:
        return constant
    # By rank, since a few extreme futures would turn the direction.
    rank = mid_ranks(y) / n - 0.5
    pull = np.array([z @ (y - middle) / (n * spread), z @ rank / (n * rank.std())])
    kept = (np.abs(pull) > SCREEN / math.sqrt(n)).any(axis=0)
    if not kept.any():
        return constant
    z, at, direction = z[kept], at[kept], pull[1, kept]
    direction = direction / (np.linalg.norm(direction) or 1.0)
    knots = np.quantile(direction @ z, np.linspace(0, 1, KNOTS + 2)[1:-1])

    def terms(z: Array) -> Array:
        s = direction @ z
        rows = [np.ones_like(s), *z, *z**2, s**3]
        rows += [np.maximum(s - knot, 0.0) ** 3 for knot in knots]
        if 1 < len(z) <= MOST_IN_PRODUCTS:
            rows += [z[i] * z[j] for i in range(len(z)) for j in range(i)]
        return np.array(rows)

    # Normal equations of scaled terms; the ridge only keeps like terms apart.
    x = terms(z)
    scale = np.sqrt((x**2).mean(axis=1, keepdims=True))
    # Of numbers that are 0 or 1 some pieces of the spline are nothing everywhere.
    scale[scale == 0] = 1.0
    x /= scale
    gram = x @ x.T / n + RIDGE * np.eye(len(x))
    fitted = np.linalg.solve(gram, x @ y / n)
    expected: Array = fitted @ (terms(at) / scale)
    return expected


def _mean(values: Array, sampler: str = "random") -> Worth:
    numbers = statistics_of(values[None], sampler)[0]
    value, mcse = (float(numbers[COLUMNS.index(name)]) for name in ("mean", "mcse_mean"))
    return Worth(value, 0.0 if math.isnan(mcse) else mcse)
