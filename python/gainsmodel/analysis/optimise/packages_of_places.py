"""One package of levers for each place, under limits that bind all of them: the exact search.

What a place makes of a package is a sum over its levers and over pairs of them, so every package
of a place can be valued at once. The best choice for given prices of the limits is found place by
place (Dantzig and Wolfe 1960, Operations Research 8); a linear programme of those found gives new
prices. When no package pays at its prices any more, its value bounds what any choice can reach. A
whole-number programme then chooses among the packages that could still be in a better one
(reduced-cost fixing), so that its answer is the best of all, unless they are too many: the gap to
the bound is always given. Both programmes are solved by HiGHS, by way of SciPy.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainsmodel.extras import needed

Array = NDArray[np.float64]
# Packages of all places that the whole-number programme chooses among, first and at most.
FIRST_COLUMNS, MOST_COLUMNS = 800, 3_000
# Relative to the value of the best choice: what counts as nothing, and a gap that is small enough
# where not all packages can be compared.
TOLERANCE, ENOUGH = 1e-9, 5e-4
MOST_ROUNDS = 200
SECONDS = 10.0
# Of programmes with a free number, how near their answer is to the best.
GAP = 1e-3


@dataclass(frozen=True, eq=False)
class Worth:
    """What places make of packages, quantity by quantity.

    Attributes
    ----------
    alone : ndarray
        Shape (places, quantities, levers, options): one lever alone; 0 for option 0.
    both : ndarray
        Shape (places, quantities, pairs of levers): what two are worth together beyond that.
    height : ndarray
        Shape (levers, options): how far an option takes part in that; two of them are multiplied.
    allowed : sequence of ndarray
        Of each place which packages it may have, shape (options,) * levers.
    """

    alone: Array
    both: Array
    height: Array
    allowed: Sequence[NDArray[np.bool_]]

    @property
    def places(self) -> int:
        """How many places."""
        return len(self.allowed)

    def tensor(self, place: int, weights: Array) -> Array:
        """A weighted sum of the quantities for every package of a place."""
        levers = self.alone.shape[2]
        alone = np.tensordot(weights, self.alone[place], axes=1)
        both = weights @ self.both[place]

        def along(values: Array, *axes: int) -> Array:
            shape = [1] * levers
            for axis, size in zip(axes, values.shape, strict=True):
                shape[axis] = size
            return values.reshape(shape)

        total = np.zeros(self.allowed[place].shape)
        for lever in range(levers):
            total += along(alone[lever], lever)
        for value, (i, j) in zip(both, combinations(range(levers), 2), strict=True):
            if value:
                total += along(value * np.outer(self.height[i], self.height[j]), i, j)
        return total

    def of(self, place: int, package: Sequence[int]) -> Array:
        """Every quantity of one package, shape (quantities,)."""
        levers = range(len(package))
        total = np.asarray(self.alone[place][:, list(levers), list(package)].sum(axis=1))
        for pair, (i, j) in enumerate(combinations(levers, 2)):
            height = self.height[i, package[i]] * self.height[j, package[j]]
            total = total + self.both[place][:, pair] * height
        return total


@dataclass(frozen=True, eq=False)
class Limits:
    """Rows of Σ over places and quantities of weight · quantity + slope · z ≤ limit."""

    names: tuple[str, ...]
    weights: Array
    slopes: Array
    limits: Array

    @classmethod
    def none(cls, places: int, quantities: int) -> "Limits":
        """No limit at all."""
        return cls((), np.zeros((0, places, quantities)), np.zeros(0), np.zeros(0))

    def further(self, name: str, weights: Array, limit: float, slope: float = 0.0) -> "Limits":
        """One more row."""
        return Limits(
            (*self.names, name),
            np.concatenate([self.weights, weights[None]]),
            np.append(self.slopes, slope),
            np.append(self.limits, limit),
        )


@dataclass(frozen=True, eq=False)
class Choice:
    """A package for every place.

    Attributes
    ----------
    packages : tuple of tuple of int
        Of each place the option of each lever.
    value, bound : float
        What is maximised, and what no choice can exceed.
    proven : bool
        Whether the best of all was found, but for `TOLERANCE`.
    """

    packages: tuple[tuple[int, ...], ...]
    value: float
    bound: float
    proven: bool


class Infeasible(Exception):
    """No choice is within the limits; `args` are the names of those that are not met."""


class Places:
    """Choices for the same places; packages found for one serve the next."""

    def __init__(self, worth: Worth) -> None:
        """Begin with what costs nothing, as far as it is allowed."""
        self.worth = worth
        # Packages that the linear programmes choose from, and quantities of all looked at.
        self._columns: dict[tuple[int, tuple[int, ...]], None] = {}
        self._known: dict[tuple[int, tuple[int, ...]], Array] = {}
        for place, allowed in enumerate(worth.allowed):
            first = np.unravel_index(int(np.argmax(allowed)), allowed.shape)
            self.keep(place, tuple(int(at) for at in first))

    def best(
        self,
        goal: Array,
        limits: Limits,
        *,
        per_z: float = 0.0,
        check: Callable[[int, tuple[int, ...]], bool] | None = None,
        incumbent: tuple[tuple[int, ...], ...] | None = None,
    ) -> Choice:
        """Maximise Σ goal · quantity + per_z · z.

        Parameters
        ----------
        goal : ndarray, shape (places, quantities)
        limits : Limits
        per_z : float
            What a free number z is worth, that limits may bind; 0 for none.
        check : callable, optional
            Whether a place may have a package that its mask allows; must not change between calls
            for one object.
        incumbent : tuple, optional
            A choice within the limits, for want of a better one.

        Raises
        ------
        Infeasible
            If the limits leave no choice.
        """
        bound, duals = self._priced(goal, limits, per_z, check)
        found = None
        for most in (FIRST_COLUMNS, MOST_COLUMNS):
            near, _ = self._within(goal, limits, duals, math.inf, check, most)
            found = self._whole(goal, limits, per_z, [*{*near, *self._keys(check)}])
            if found is not None:
                break
        if found is None and incumbent is not None:
            value = float(sum(goal[at] @ self._of(at, of) for at, of in enumerate(incumbent)))
            return Choice(incumbent, value, bound, proven=False)
        if found is None:
            raise Infeasible("every limit at once, in the steps that levers have")
        packages, value, _ = found
        scale = max(abs(bound), abs(value), 1e-12)
        gap = bound - value
        if gap > TOLERANCE * scale:
            near, every = self._within(goal, limits, duals, gap, check, MOST_COLUMNS)
            if every or gap > ENOUGH * scale:
                own = [*enumerate(packages)]
                better = self._whole(goal, limits, per_z, [*{*near, *own}])
                if better is not None and better[1] >= value:
                    packages, value, among = better
                    if every and among is not None:
                        bound = max(min(bound, among), value)
        return Choice(packages, value, bound, bound - value <= 1e-6 * scale)

    # ------------------------------------------------------------ parts of it

    def _of(self, place: int, package: tuple[int, ...]) -> Array:
        key = (place, package)
        if key not in self._known:
            self._known[key] = self.worth.of(place, package)
        return self._known[key]

    def _keys(
        self, check: Callable[[int, tuple[int, ...]], bool] | None
    ) -> list[tuple[int, tuple[int, ...]]]:
        return [key for key in self._columns if check is None or check(*key)]

    def replace(self, worth: Worth) -> None:
        """Go on with other quantities of the same packages."""
        self.worth = worth
        self._known = {}

    def keep(self, place: int, package: tuple[int, ...]) -> None:
        """Have a package among those that the programmes choose from."""
        self._columns[place, package] = None

    def _priced(
        self,
        goal: Array,
        limits: Limits,
        per_z: float,
        check: Callable[[int, tuple[int, ...]], bool] | None,
    ) -> tuple[float, tuple[Array, Array]]:
        """Solve in parts of packages; give the bound and the prices of limits and places."""
        scale = float(np.abs(goal[:, :, None, None] * self.worth.alone).sum()) + abs(per_z) + 1.0
        # What an amount beyond a limit costs; first that alone is made as small as can be.
        for phase in (1, 2):
            for _ in range(MOST_ROUNDS):
                keys = self._keys(check)
                value, prices, of_place, excess = self._linear(
                    goal * (phase == 2), limits, per_z * (phase == 2), keys, phase
                )
                if phase == 1 and excess.sum() <= 1e-7 * (1 + np.abs(limits.limits).max(initial=0)):
                    break
                weights = goal * (phase == 2) - np.tensordot(prices, limits.weights, axes=1)
                added = False
                for place in range(self.worth.places):
                    for package, score in self._leading(place, weights[place], check):
                        least = 1e-9 * (scale if phase == 2 else 1.0)
                        if (
                            score - of_place[place] > least
                            and (place, package) not in self._columns
                        ):
                            self.keep(place, package)
                            added = True
                if not added:
                    break
            if phase == 1:
                over = [n for n, e in zip(limits.names, excess, strict=True) if e > 1e-6]
                if over:
                    raise Infeasible(*over)
        return value, (prices, of_place)

    def _leading(
        self,
        place: int,
        weights: Array,
        check: Callable[[int, tuple[int, ...]], bool] | None,
    ) -> list[tuple[tuple[int, ...], float]]:
        """The best allowed package of a place at these weights, and its score."""
        scores = np.where(self.worth.allowed[place], self.worth.tensor(place, weights), -np.inf)
        flat = scores.ravel()
        if check is None:
            order: Sequence[int] = [int(np.argmax(flat))]
        else:
            order = np.argsort(-flat)[: int(self.worth.allowed[place].sum())].tolist()
        for at in order:
            package = tuple(int(i) for i in np.unravel_index(int(at), scores.shape))
            if check is None or check(place, package):
                return [(package, float(flat[at]))]
        return []

    def _within(
        self,
        goal: Array,
        limits: Limits,
        duals: tuple[Array, Array],
        gap: float,
        check: Callable[[int, tuple[int, ...]], bool] | None,
        most: int,
    ) -> tuple[list[tuple[int, tuple[int, ...]]], bool]:
        """Packages that may be in a choice no farther than `gap` below the bound; if all are."""
        prices, of_place = duals
        weights = goal - np.tensordot(prices, limits.weights, axes=1)
        found: list[tuple[float, int, tuple[int, ...]]] = []
        each, every = max(20, most // self.worth.places), True
        for place in range(self.worth.places):
            scores = np.where(
                self.worth.allowed[place], self.worth.tensor(place, weights[place]), -np.inf
            ).ravel()
            behind = of_place[place] - scores
            near = np.flatnonzero(behind <= gap)
            if len(near) > each:
                every = False
                near = near[np.argpartition(behind[near], each)[:each]]
            for at in near:
                package = tuple(
                    int(i) for i in np.unravel_index(int(at), self.worth.allowed[place].shape)
                )
                if check is None or check(place, package):
                    found.append((float(behind[at]), place, package))
        found.sort()
        every = every and len(found) <= most
        return [(place, package) for _, place, package in found[:most]], every

    def _matrices(
        self, goal: Array, limits: Limits, keys: Sequence[tuple[int, tuple[int, ...]]]
    ) -> tuple[Array, Array, Any]:
        sparse = needed("scipy.sparse", "planning", "The search")
        place = np.array([key[0] for key in keys])
        quantities = np.stack([self._of(*key) for key in keys])
        values = (goal[place] * quantities).sum(axis=1)
        rows = np.einsum("mcq,cq->mc", limits.weights[:, place, :], quantities)
        one = sparse.csr_matrix(
            (np.ones(len(keys)), (place, np.arange(len(keys)))),
            shape=(self.worth.places, len(keys)),
        )
        return values, rows, one

    def _linear(
        self,
        goal: Array,
        limits: Limits,
        per_z: float,
        keys: Sequence[tuple[int, tuple[int, ...]]],
        phase: int,
    ) -> tuple[float, Array, Array, Array]:
        """Parts of packages: value, prices of limits, of places, and what exceeds each limit."""
        optimize = needed("scipy.optimize", "planning", "The search")
        sparse = needed("scipy.sparse", "planning", "The search")
        values, rows, one = self._matrices(goal, limits, keys)
        n, m = len(keys), len(limits.names)
        cost = np.concatenate([-values, [-per_z], np.full(m, 1.0 if phase == 1 else 0.0)])
        upper = sparse.csr_matrix(np.hstack([rows, limits.slopes[:, None], -np.eye(m)]))
        equal = sparse.hstack([one, sparse.csr_matrix((self.worth.places, 1 + m))])
        free = (None, None) if per_z or (phase == 1 and limits.slopes.any()) else (0.0, 0.0)
        over = (0.0, None if phase == 1 else 0.0)
        solved = optimize.linprog(
            cost,
            A_ub=upper if m else None,
            b_ub=limits.limits if m else None,
            A_eq=equal,
            b_eq=np.ones(self.worth.places),
            bounds=[(0.0, None)] * n + [free] + [over] * m,
            method="highs",
        )
        if solved.status != 0:
            raise ArithmeticError(f"the linear programme was not solved: {solved.message}")
        prices = -np.asarray(solved.ineqlin.marginals) if m else np.zeros(0)
        return (
            -float(solved.fun),
            prices,
            -np.asarray(solved.eqlin.marginals),
            np.asarray(solved.x[n + 1 :]),
        )

    def _whole(
        self,
        goal: Array,
        limits: Limits,
        per_z: float,
        keys: Sequence[tuple[int, tuple[int, ...]]],
    ) -> tuple[tuple[tuple[int, ...], ...], float, float | None] | None:
        """Whole packages: the choice, its value, and a bound among these if one was reached."""
        optimize = needed("scipy.optimize", "planning", "The search")
        sparse = needed("scipy.sparse", "planning", "The search")
        values, rows, one = self._matrices(goal, limits, keys)
        n, m = len(keys), len(limits.names)
        constraints = [
            optimize.LinearConstraint(
                sparse.hstack([one, sparse.csr_matrix((self.worth.places, 1))]), 1.0, 1.0
            )
        ]
        if m:
            slack = 1e-9 * (1.0 + np.abs(limits.limits))
            constraints.append(
                optimize.LinearConstraint(
                    sparse.csr_matrix(np.hstack([rows, limits.slopes[:, None]])),
                    -np.inf,
                    limits.limits + slack,
                )
            )
        wide = np.inf if per_z else 0.0
        solved = optimize.milp(
            np.concatenate([-values, [-per_z]]),
            constraints=constraints,
            integrality=np.concatenate([np.ones(n), [0]]),
            bounds=optimize.Bounds(
                np.concatenate([np.zeros(n), [-wide]]), np.concatenate([np.ones(n), [wide]])
            ),
            options={"mip_rel_gap": GAP if per_z else TOLERANCE, "time_limit": SECONDS},
        )
        if solved.x is None:
            return None
        taken = np.flatnonzero(solved.x[:n] > 0.5)
        packages = dict(keys[int(at)] for at in taken)
        bound = None if solved.mip_dual_bound is None else -float(solved.mip_dual_bound)
        return (
            tuple(packages[place] for place in range(self.worth.places)),
            -float(solved.fun),
            bound,
        )
