"""Verdicts: what was asked before looking, what was found, and the words that follow by rule.

The words depend on nothing but the numbers, so that a bad fit reads as one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Outcome = Literal["holds", "fails", "open"]
WORDS: dict[Outcome, str] = {
    "holds": "Holds",
    "fails": "Does not hold",
    "open": "Cannot be told",
}
# As few or as many hits as this rare, under the model, tell a band from the right width; between
# the two it is only probable. The same lines tell a share from its null model.
RARE, UNUSUAL = 0.025, 0.10


@dataclass(frozen=True)
class Verdict:
    """One thing that was looked at.

    Attributes
    ----------
    asked : str
        What should be so.
    found : str
        What is so, in figures.
    outcome : {"holds", "fails", "open"}
        Whether the two agree; ``open`` where the figures cannot tell.
    afterwards : bool
        Whether the question, or the line it is held to, was set after the figures had been seen.
        Such a verdict describes; it is not a test.
    """

    asked: str
    found: str
    outcome: Outcome
    afterwards: bool = False

    @property
    def words(self) -> str:
        """The verdict in two or three words."""
        return WORDS[self.outcome]


def in_range(value: float, low: float, high: float) -> Outcome:
    """Whether a number lies where it should, ends included; never so for what is no number."""
    return "holds" if low <= value <= high else "fails"


def overlap(low: float, middle: float, high: float, asked_low: float, asked_high: float) -> Outcome:
    """Whether a range lands where it should.

    It holds where the middle lies in the range asked for, fails where the two ranges do not
    touch, and cannot be told in between.
    """
    if asked_low <= middle <= asked_high:
        return "holds"
    return "fails" if high < asked_low or low > asked_high else "open"


@dataclass(frozen=True)
class Coverage:
    """How many outcomes a band holds, and how usual that is if the model is right.

    Attributes
    ----------
    nominal : float
        Probability that one outcome lies in its band, such as 0.9.
    inside, below, above : int
        Outcomes in their bands, and under and over them.
    p_as_few, p_as_many : float
        Probability of as few or fewer, and of as many or more, under the model itself:
        areas that move together are counted as such.
    draws : int
        That the two probabilities were counted on. None is told from a line that lies within
        three of its standard errors, so that another seed gives no other verdict.
    """

    nominal: float
    inside: int
    below: int
    above: int
    p_as_few: float
    p_as_many: float
    draws: int

    @property
    def words(self) -> str:
        """What the count says of the width of the bands."""
        if self.outcome == "holds":
            return "as wide as it should be, as far as this can tell"
        side = "narrow" if self.p_as_few < self.p_as_many else "wide"
        return f"too {side}" if self.outcome == "fails" else f"probably too {side}"

    @property
    def outcome(self) -> Outcome:
        """Told from the right width, not told, or somewhere between."""
        rarest = min(self.p_as_few, self.p_as_many)
        error = 3.0 * (rarest * (1.0 - rarest) / self.draws) ** 0.5
        if rarest + error < RARE:
            return "fails"
        return "holds" if rarest - error >= UNUSUAL else "open"

    @property
    def count(self) -> str:
        """Such as ``20 of 23 inside, 2 below, 1 above``."""
        return f"{self.inside} of {self.cases} inside, {self.below} below, {self.above} above"

    @property
    def cases(self) -> int:
        """Outcomes in all."""
        return self.inside + self.below + self.above


def coverage(
    simulated: NDArray[np.float64], actual: NDArray[np.float64], nominal: float
) -> Coverage:
    """Count outcomes inside central bands, and how often simulated outcomes do as well.

    Parameters
    ----------
    simulated : ndarray
        Shape (draws, cases).
    actual : ndarray
        Shape (cases,).
    nominal : float
        Probability of the central band.
    """
    low, high = _ends(simulated, nominal)
    counts = insiders(simulated, nominal)
    below, above = int((actual < low).sum()), int((actual > high).sum())
    inside = len(actual) - below - above
    return Coverage(
        nominal,
        inside,
        below,
        above,
        float((counts <= inside).mean()),
        float((counts >= inside).mean()),
        len(counts),
    )


def insiders(simulated: NDArray[np.float64], nominal: float) -> NDArray[np.int64]:
    """Simulated outcomes inside their own central bands, draw by draw; arguments of `coverage`."""
    low, high = _ends(simulated, nominal)
    counts: NDArray[np.int64] = ((simulated >= low) & (simulated <= high)).sum(axis=1)
    return counts


def _ends(simulated: NDArray[np.float64], nominal: float) -> NDArray[np.float64]:
    return np.quantile(simulated, [(1 - nominal) / 2, (1 + nominal) / 2], axis=0)


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many hold, in a sentence: those that were asked before looking, then the others."""

    def counted(some: Sequence[Verdict]) -> str:
        counts = {kind: sum(v.outcome == kind for v in some) for kind in WORDS}
        return (
            f"{counts['holds']} of {len(some)} hold, {counts['fails']} do not, "
            f"{counts['open']} cannot be told"
        )

    before = [v for v in verdicts if not v.afterwards]
    after = [v for v in verdicts if v.afterwards]
    words = f"Asked before looking: {counted(before)}."
    if after:
        words += f" Asked after the figures had been seen, marked †: {counted(after)}."
    return words


def verdict_rows(pages: Iterable[tuple[str, Sequence[Verdict]]]) -> pl.DataFrame:
    """Verdicts under the titles of their pages, as `verdicts` reads them back."""
    rows = [
        (title, v.asked, v.found, v.outcome, v.afterwards) for title, said in pages for v in said
    ]
    names = ["page", "asked", "found", "outcome", "asked_after_the_figures_were_seen"]
    return pl.DataFrame(rows, schema=names, orient="row")
