"""Coverage of forecast bands, pooled over windows that were held out of the fit.

Windows overlap, so their outcomes are not independent: growth that two windows have in common is
drawn in common, in proportion to the years they share. Draws are added in batches until every line
is more than three standard errors away; where the last batch leaves it open, so is the verdict.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainsmodel.validation.growth import (
    Floats,
    Growth,
    History,
    Numbers,
    deviations,
    history,
    simulate,
    standard_normals,
)
from gainsmodel.validation.growth_fit import fit
from gainsmodel.validation.outcomes import Looked, Split, compare
from gainsmodel.validation.verdict import RARE, Outcome, insiders

BATCH_DRAWS = 4_000
# After so many batches it is looked whether a verdict is told; seldom, so that no look is lucky.
LOOKS = (8, 16, 32, 64, 128, 256)
SEED = 1
NOMINAL = (0.5, 0.9)
# Pooled coverage lies within this of nominal.
TOLERANCE = 0.05
QUANTITIES = ("areas", "areas against the UK", "cells", "cells against the UK")


WINDOWS = (
    *(Split(1998, 2007, 2017), Split(1998, 2009, 2019)),
    *(Split(1998, 2012, 2022), Split(1998, 2019, 2023)),
)


@dataclass(frozen=True)
class Pooled:
    """Coverage of one band of one quantity over several windows.

    Attributes
    ----------
    nominal : float
        Probability of the central band.
    windows : tuple of (int, int, int)
        Outcomes inside, below and above in each window.
    doubtful : int
        Of these, outcomes within three Monte Carlo standard errors of an end of their band.
    p_as_few, p_as_many : float
        Probability of as few or fewer inside, and of as many or more, by the fitted models.
    low, high : float
        Ends of the interval in which the fitted models put the share in 95 of 100 histories.
    draws : int
        That all this was counted on.
    outcome : {"holds", "fails", "open"}
        Whether the share lies in the interval and within `TOLERANCE` of nominal; open where
        more draws might tell another way.
    """

    nominal: float
    windows: tuple[tuple[int, int, int], ...]
    doubtful: int
    p_as_few: float
    p_as_many: float
    low: float
    high: float
    draws: int
    outcome: Outcome

    @property
    def inside(self) -> int:
        """Outcomes in their bands."""
        return sum(window[0] for window in self.windows)

    @property
    def below(self) -> int:
        """Outcomes below their bands."""
        return sum(window[1] for window in self.windows)

    @property
    def above(self) -> int:
        """Outcomes above their bands."""
        return sum(window[2] for window in self.windows)

    @property
    def cases(self) -> int:
        """Outcomes in all windows."""
        return self.inside + self.below + self.above

    @property
    def share(self) -> float:
        """Of outcomes inside."""
        return self.inside / self.cases


class Line(NamedTuple):
    """A sum of normals that is nearly the growth of an area: draws (draws, areas) and their sd."""

    draws: Floats
    sd: Floats


def straight_lines(
    start_gbp_m: Floats, growth: Growth, years: int, numbers: Numbers
) -> dict[str, Line]:
    """Growth of areas, and against the UK, if it were linear in the numbers drawn.

    Its distribution is known exactly, so that only the difference has to be simulated.
    """
    areas, sectors = start_gbp_m.shape
    of_area = start_gbp_m / start_gbp_m.sum(axis=1, keepdims=True)
    alone = np.eye(areas)[:, :, None] * of_area
    cells = {"areas": alone, "areas against the UK": alone - start_gbp_m / start_gbp_m.sum()}
    g, transitory = deviations(growth, numbers)
    k = years / (1.0 + growth.mean)
    moved = (k * g + transitory).reshape(len(g), areas * sectors)
    loading = np.array(growth.loading or np.zeros(areas))
    found = {}
    for what, weight in cells.items():
        by_area = weight.sum(axis=2)
        variance = (growth.nation * by_area.sum(axis=1)) ** 2
        variance += growth.area**2 * ((by_area @ loading) ** 2 + by_area**2 @ (1.0 - loading**2))
        variance += growth.sector**2 * (weight.sum(axis=1) ** 2).sum(axis=1)
        squares = (weight**2).sum(axis=(1, 2))
        variance = k**2 * (variance + growth.cell**2 * squares) + growth.transitory**2 * squares
        draws = moved @ weight.reshape(areas, -1).T
        found[what] = Line(draws, np.sqrt(variance))
    return found


class Rank:
    """Shares of draws that lie under outcomes, with their standard errors, from many batches.

    A first batch, which is not counted, says where on the straight line, if there is one, an
    outcome would lie. How many draws lie under that place is known, and taken off with its error.
    """

    def __init__(self, first: Looked, line: Line | None) -> None:
        """Take the first batch."""
        draws = len(first.simulated)
        share = (first.simulated < first.actual).mean(axis=0)
        self._known = np.clip(share, 1.0 / draws, 1.0 - 1.0 / draws)
        self._place = np.array([NormalDist().inv_cdf(p) for p in self._known])
        if line is None:
            self._known = np.zeros_like(share)
        self._draws = 0
        self._sums = np.zeros((2, len(share)))

    def add(self, looked: Looked, line: Line | None) -> None:
        """Count one more batch."""
        under = (looked.simulated < looked.actual).astype(float)
        if line is not None:
            under -= line.draws < self._place * line.sd
        self._draws += len(under)
        self._sums += [under.sum(axis=0), (under**2).sum(axis=0)]

    @property
    def value(self) -> Floats:
        """Shares of draws under the outcomes, shape (cases,)."""
        return self._known + self._sums[0] / self._draws  # type: ignore[no-any-return]

    @property
    def error(self) -> Floats:
        """Their standard errors."""
        mean, square = self._sums / self._draws
        return np.sqrt((square - mean**2) / self._draws)  # type: ignore[no-any-return]


def in_common(windows: tuple[Split, ...]) -> tuple[Floats, Floats]:
    """Correlations between windows of growth and of the transitory part.

    Growth is a sum over years, so two windows go together by the years they share. The transitory
    part is what the last year has and the first had not: a year that ends one window and starts
    another sets them against each other.
    """
    years = range(min(w.last for w in windows), max(w.target for w in windows) + 1)
    grown = np.array([[w.last < year <= w.target for year in years] for w in windows], dtype=float)
    ends = np.array(
        [[(year == w.target) - (year == w.last) for year in years] for w in windows], dtype=float
    )

    def correlation(of: Floats) -> Floats:
        unit = of / np.linalg.norm(of, axis=1, keepdims=True)
        return unit @ unit.T  # type: ignore[no-any-return]

    return correlation(grown), correlation(ends)


def _numbers_of_windows(
    generator: np.random.Generator, windows: tuple[Split, ...], data: History
) -> Iterator[Numbers]:
    """Numbers of each window, correlated with those of the others."""
    own = [
        standard_normals(generator, BATCH_DRAWS, len(data.areas), len(data.sectors))
        for _ in windows
    ]
    growth, transitory = (np.linalg.cholesky(of) for of in in_common(windows))
    for w in range(len(windows)):
        yield Numbers(
            *(
                sum(
                    (transitory if field.name == "transitory" else growth)[w, v]
                    * getattr(own[v], field.name)
                    for v in range(w + 1)
                )
                for field in fields(Numbers)
            )
        )


def fits(data: History, windows: tuple[Split, ...] = WINDOWS) -> tuple[Growth, ...]:
    """Growth fitted to the years before each hold-out."""
    return tuple(fit(data, w.first, w.last, w.years) for w in windows)


def pooled(
    data: History, *, windows: tuple[Split, ...] = WINDOWS, seed: int = SEED
) -> dict[tuple[str, float], Pooled]:
    """Coverage of each quantity and band, pooled over windows fitted before each hold-out.

    Keys are a name of `QUANTITIES` and a probability of `NOMINAL`.
    """
    fitted = fits(data, windows)
    keys = [(what, nominal) for what in QUANTITIES for nominal in NOMINAL]
    counts: dict[tuple[str, float], list[NDArray[np.int64]]] = {key: [] for key in keys}
    ranks: dict[str, list[Rank]] = {}
    found: dict[tuple[str, float], Pooled] = {}
    for batch in range(LOOKS[-1] + 1):
        generator = np.random.default_rng((seed, batch))
        looked: list[dict[str, Looked]] = []
        lines: list[dict[str, Line]] = []
        for window, growth, numbers in zip(
            windows, fitted, _numbers_of_windows(generator, windows, data), strict=True
        ):
            start = data.at(window.last)
            then = simulate(start, growth, window.years, numbers)
            looked.append(compare(data, window, then))
            lines.append(straight_lines(start, growth, window.years, numbers))
        for what in {key[0]: None for key in keys}:
            ones = [(one[what], of.get(what)) for one, of in zip(looked, lines, strict=True)]
            if batch == 0:
                ranks[what] = [Rank(one, line) for one, line in ones]
                continue
            for rank, (one, line) in zip(ranks[what], ones, strict=True):
                rank.add(one, line)
        for what, nominal in keys if batch else ():
            inside = [insiders(one[what].simulated, nominal) for one in looked]
            counts[what, nominal].append(np.sum(inside, axis=0))
        if batch in LOOKS:
            found |= {key: judge(key[1], ranks[key[0]], np.array(counts[key])) for key in keys}
            keys = [key for key in keys if found[key].outcome == "open"]
            if not keys:
                break
    return found


def judge(nominal: float, ranks: Sequence[Rank], counts: NDArray[np.int64]) -> Pooled:
    """Say what one band's coverage is worth.

    Parameters
    ----------
    nominal : float
        Probability of the central band.
    ranks : sequence of Rank
        Of the outcomes of each window.
    counts : ndarray
        Simulated outcomes inside their bands, all windows together; shape (batches, draws).
    """
    ends = np.array([(1 - nominal) / 2, (1 + nominal) / 2])
    every, errors = (
        np.concatenate([getattr(of, name) for of in ranks]) for name in ("value", "error")
    )
    doubt = (np.abs(every[:, None] - ends) <= 3.0 * errors[:, None]).any(axis=1)
    inside = (every >= ends[0]) & (every <= ends[1])
    least, most = int((inside & ~doubt).sum()), int((inside | doubt).sum())
    outcomes = {_outcome(nominal, n, len(every), counts) for n in range(least, most + 1)}
    few, many = (side.mean() for side in (counts <= inside.sum(), counts >= inside.sum()))
    low, high = np.quantile(counts / len(every), [RARE, 1.0 - RARE])
    return Pooled(
        nominal,
        tuple(
            (
                int(((of.value >= ends[0]) & (of.value <= ends[1])).sum()),
                int((of.value < ends[0]).sum()),
                int((of.value > ends[1]).sum()),
            )
            for of in ranks
        ),
        int(doubt.sum()),
        float(few),
        float(many),
        float(low),
        float(high),
        counts.size,
        outcomes.pop() if len(outcomes) == 1 else "open",
    )


def _outcome(nominal: float, inside: int, cases: int, counts: NDArray[np.int64]) -> Outcome:
    """By the rule, for one count of outcomes inside; batches show how far draws can be trusted."""
    if abs(inside / cases - nominal) > TOLERANCE + 1e-9:
        return "fails"
    gaps = []
    for rare in ((counts <= inside).mean(axis=1), (counts >= inside).mean(axis=1)):
        error = 3.0 * rare.std(ddof=1) / np.sqrt(len(rare))
        gaps.append((rare.mean() - RARE - error, rare.mean() - RARE + error))
    if any(upper < 0 for _, upper in gaps):
        return "fails"
    return "holds" if all(lower > 0 for lower, _ in gaps) else "open"


@cache
def shipped(seed: int = SEED) -> dict[tuple[str, float], Pooled]:
    """`pooled` of the shipped accounts of the mayoral geography."""
    return pooled(history("mayoral"), seed=seed)
