"""Which single assumption, held at another value, would bring a chance to one half.

One assumption at a time is held at a value in every future, area and sector; all others are drawn
as they are, with the same numbers at every value. How large a change is, is told by where the
value lies in the assumption's own distribution.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import polars as pl

from gainsmodel.analysis.verdict import STANDARD_ERRORS
from gainsmodel.results.statistics import value_at
from gainsmodel.scenario import Distribution
from gainsmodel.scenario.distributions import Z95

HALF = 0.5
# Sought until the chance is this part of its own standard error from one half.
CLOSE = 0.25
# Rarely more than six; of a chance that jumps as many as halving takes.
MOST_STEPS, NARROW = 40, 1e-6
# Found again on all draws: the nearest, at most so many of them in so many further steps.
MOST_RIVALS, MOST_POLISHED = 3, 2
# Two values that lie so near to each other, in standard deviations, are equally far: two in a
# hundred of a distribution at its middle.
AS_NEAR = 0.05
# What lies within so many standard errors cannot be told apart: all draws are asked then.
SURE = 3.0
# How far from a value a second one tells how steep the chance is there; and the longest step.
STEP = 0.25

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("key", "name", "unit", "evidence"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("p_low", "p_low_mcse", "p_high", "p_high_mcse"), pl.Float64),
    **dict.fromkeys(("half_value", "half_value_mcse", "half_quantile"), pl.Float64),
    **dict.fromkeys(("half_p", "half_p_mcse"), pl.Float64),
    "as_near": pl.Boolean,
}


@dataclass(frozen=True)
class Point:
    """The chance with an assumption held at a value: `z` is where that lies in its distribution."""

    z: float
    value: float
    p: float
    mcse: float

    @property
    def gap(self) -> float:
        """How far the chance is above one half."""
        return self.p - HALF

    @property
    def is_half(self) -> bool:
        """Whether the chance is one half as far as its error can tell."""
        return abs(self.gap) <= STANDARD_ERRORS * self.mcse


@dataclass(frozen=True, eq=False)
class _Found:
    """An assumption with the chance at the ends of its range, and where it is one half if it is."""

    row: Mapping[str, Any]
    value_at: Callable[[float], float]
    held: Callable[[float, bool], Point]
    ends: tuple[Point, Point]
    root: Point | None = None
    slope: float = math.inf

    @property
    def z_error(self) -> float:
        """Standard error of where the chance is one half."""
        assert self.root is not None
        return self.root.mcse / abs(self.slope) if self.slope else math.inf

    @property
    def value_error(self) -> float:
        """The same in the assumption's unit."""
        assert self.root is not None
        ends = (self.value_at(self.root.z + sign * min(self.z_error, Z95)) for sign in (1, -1))
        return abs(next(ends) - next(ends)) / 2


# Chance and its standard error with an assumption held, on all the draws or on those of the search.
Held = Callable[[str, float, bool], tuple[float, float]]


def single_changes(
    rows: Sequence[Mapping[str, Any]],
    stated: Mapping[str, Distribution | float],
    p: float,
    held: Held,
) -> pl.DataFrame:
    """Look for the value of each assumption at which a chance is one half.

    Looked for within its own range, 9 in 10, and within what may be stated: at both ends, and
    between them by false position (Illinois) where they lie on different sides of one half. The
    nearest is found again on all draws, and so are those that cannot be told apart from it.

    Parameters
    ----------
    rows : sequence of mappings
        Assumptions, as `switching_values.assumed` gives them.
    stated : mapping
        Their distributions by key.
    p : float
        The chance as it is.
    held : callable
        Chance and standard error with (key, value) held, on all draws if the third is true.

    Returns
    -------
    DataFrame
        `SCHEMA`; nearest first, then those that never reach it by how near they come.
    """
    side = math.copysign(1.0, HALF - p)
    found = [
        _looked_for(row, distribution, side, held)
        for row in rows
        if not isinstance(distribution := stated[row["key"]], float)
    ]
    reaching = sorted((of for of in found if of.root), key=_distance)
    others = sorted((of for of in found if not of.root), key=lambda of: -_best(of, side))
    if reaching:
        rivals = [of for of in reaching[:MOST_RIVALS] if _no_farther(of, reaching[0])]
        polished = sorted(map(_polished, rivals), key=_distance)
        near = [of for of in polished if _no_farther(of, polished[0])]
        reaching = [*polished, *reaching[len(rivals) :]]
    else:
        rivals = [of for of in others[:MOST_RIVALS] if _no_worse(of, others[0], side)]
        again = sorted((_ends_again(of, side) for of in rivals), key=lambda of: -_best(of, side))
        near = [of for of in again if _no_worse(of, again[0], side)]
        others = [*again, *others[len(rivals) :]]
    ordered = [*_rows(reaching, near), *_rows(others, near)]
    return pl.DataFrame(ordered, schema=SCHEMA)


def _looked_for(
    row: Mapping[str, Any], distribution: Distribution, side: float, held: Held
) -> _Found:
    """The chance at both ends of an assumption's range, and where it is one half between them."""

    def value(z: float) -> float:
        return float(min(max(value_at(distribution, z), row["least"]), row["most"]))

    def at(z: float, in_full: bool = False) -> Point:
        return Point(z, value(z), *held(row["key"], value(z), in_full))

    def end(z: float) -> Point:
        point = at(z)
        return at(z, True) if abs(point.gap) <= SURE * point.mcse else point

    def reaches(point: Point) -> bool:
        return point.gap * side >= 0 or point.is_half

    low, high = end(-Z95), end(Z95)
    of = _Found(row, value, at, (low, high))
    if not (reaches(low) or reaches(high)):
        return of
    brackets = [(low, high) if reaches(high) else (high, low)]
    if reaches(low) and reaches(high):
        middle = at(0.0)
        if reaches(middle):
            return replace(of, root=middle)
        brackets = [(middle, low), (middle, high)]
    root = min((_root(*bracket, at) for bracket in brackets), key=lambda point: abs(point.z))
    # Where the chance jumps over one half there is no slope.
    if not root.is_half:
        return replace(of, root=root)
    beside = at(root.z - math.copysign(STEP, root.z))
    return replace(of, root=root, slope=(root.p - beside.p) / (root.z - beside.z))


def _root(near: Point, far: Point, at: Callable[[float], Point]) -> Point:
    """Where the chance is one half between two points, of which only the second reaches it."""
    if near.gap * far.gap >= 0:  # it reaches it within its error alone
        return far
    weight_near, weight_far = near.gap, far.gap
    for _ in range(MOST_STEPS):
        if abs(far.z - near.z) <= NARROW:
            break
        z = (near.z * weight_far - far.z * weight_near) / (weight_far - weight_near)
        point = at(z)
        if abs(point.gap) <= CLOSE * point.mcse:
            return point
        # The end that stays loses half its weight, so that the other side moves too.
        if point.gap * far.gap > 0:
            far, weight_far, weight_near = point, point.gap, weight_near / 2
        else:
            near, weight_near, weight_far = point, point.gap, weight_far / 2
    return far


def _polished(of: _Found) -> _Found:
    """The same, found again on all draws from where fewer found it."""
    assert of.root is not None
    point = of.held(of.root.z, True)
    for _ in range(MOST_POLISHED):
        if abs(point.gap) <= CLOSE * point.mcse or not of.slope:
            break
        z = point.z - min(max(point.gap / of.slope, -STEP), STEP)
        after = of.held(min(max(z, -Z95), Z95), True)
        if abs(after.gap) >= abs(point.gap):
            break
        point = after
    return replace(of, root=point)


def _ends_again(of: _Found, side: float) -> _Found:
    """The same with its better end on all draws."""
    low, high = of.ends
    if high.p * side >= low.p * side:
        return replace(of, ends=(low, of.held(high.z, True)))
    return replace(of, ends=(of.held(low.z, True), high))


def _distance(of: _Found) -> float:
    assert of.root is not None
    return abs(of.root.z)


def _best(of: _Found, side: float) -> float:
    """The chance at the end that comes nearest to one half, larger the nearer."""
    return max(end.p * side for end in of.ends)


def _no_farther(of: _Found, nearest: _Found) -> bool:
    """Whether two values cannot be told apart by how far they are from the middle."""
    error = math.hypot(of.z_error, nearest.z_error)
    return _distance(of) - _distance(nearest) <= max(SURE * error, AS_NEAR)


def _no_worse(of: _Found, nearest: _Found, side: float) -> bool:
    """Whether two ends cannot be told apart by how near the chance comes to one half."""
    mine, theirs = (max(which.ends, key=lambda end: end.p * side) for which in (of, nearest))
    return abs(mine.p - theirs.p) <= SURE * math.hypot(mine.mcse, theirs.mcse)


def _rows(found: Sequence[_Found], near: Sequence[_Found]) -> Iterator[dict[str, Any]]:
    columns = ("key", "name", "unit", "evidence", "value", "low", "high")
    for of in found:
        low, high = of.ends
        row = {name: of.row[name] for name in columns}
        row |= {"p_low": low.p, "p_low_mcse": low.mcse, "p_high": high.p, "p_high_mcse": high.mcse}
        row["as_near"] = of in near
        if of.root is not None:
            row |= {
                "half_value": of.root.value,
                "half_value_mcse": of.value_error,
                "half_quantile": NormalDist().cdf(of.root.z),
                "half_p": of.root.p,
                "half_p_mcse": of.root.mcse,
            }
        yield row
