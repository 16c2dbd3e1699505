"""The best package under a budget, from few runs: a surface, a search on it, and trials.

The surface says nearly what every package is worth in every future; packages are searched on it,
and whatever could be the best within the error of the surface is run. Why this way, and how it
compares with brute force: decision 10.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainsmodel.analysis.optimise.problem import Grid, Objective, Package, Trials
from gainsmodel.analysis.optimise.response_surface import Surface
from gainsmodel.extras import needed

# Up to so many packages, each is looked at; beyond, an evolutionary search looks for the best.
EVERY = 50_000
POPULATION, GENERATIONS = 100, 100
# So many packages that the surface puts first are run in any case, and so many at most.
FIRST, MOST = 10, 100
# Packages are run that come within so many times the error of the surface seen so far.
MARGIN = 3.0
# Frontiers longer than this are run at packages whose values are evenly spread.
FRONTIER = 80


@dataclass(frozen=True, eq=False)
class Found:
    """What a search came to.

    Attributes
    ----------
    best : tuple of int
        Of the packages run the one with the highest value; of equal ones the cheapest.
    tried : dict
        Value of each affordable package that was run.
    looked_at : int
        Packages looked at on the surface.
    every : bool
        Whether those were all that are affordable.
    error : float
        Farthest that the surface was off, of packages run.
    settled : bool
        Whether every package was run that the surface puts within `MARGIN` times `error` of
        the best.
    """

    best: Package
    tried: dict[Package, float]
    looked_at: int
    every: bool
    error: float
    settled: bool

    @property
    def value(self) -> float:
        """Value of the best."""
        return self.tried[self.best]


def search(
    surface: Surface, objective: Objective, budget_gbp_m: float, *, frontier: bool = False
) -> Found:
    """Find the affordable package with the highest value.

    With `frontier`, packages are run too that the surface has as the best for their money.
    """
    grid, trials = surface.grid, surface.trials
    affordable = grid.affordable(budget_gbp_m)
    values, every = _values(surface, objective, affordable)

    def rank(of: Mapping[Package, float]) -> Callable[[Package], tuple[float, float]]:
        return lambda package: (of[package], -grid.cost(package))

    tried: dict[Package, float] = {}
    error = 0.0

    def run(package: Package) -> None:
        nonlocal error
        tried[package] = value_of(trials, grid, objective, package)
        error = max(error, abs(tried[package] - values[package]))

    settled = False
    for package in sorted(values, key=rank(values), reverse=True):
        ahead = len(tried) < FIRST or (
            values[package] + MARGIN * error >= max(tried.values()) - _rounding(values)
        )
        if not ahead:
            settled = True
            break
        if len(tried) == MOST:
            break
        run(package)
    else:
        settled = True
    if frontier:
        for package in spread_out(best_for_money(grid, values), values, FRONTIER):
            if package not in tried:
                run(package)
    return Found(max(tried, key=rank(tried)), tried, len(values), every, error, settled)


def cheapest(surface: Surface, objective: Objective, wanted: float) -> Package | None:
    """Find the cheapest package whose value is at least what is wanted, if there is one."""
    grid, trials = surface.grid, surface.trials
    values, _ = _values(surface, objective, lambda cost: True)
    near = sorted(values, key=lambda package: abs(values[package] - wanted))[:FIRST]
    error = max(abs(value_of(trials, grid, objective, p) - values[p]) for p in near)
    for package in sorted(values, key=lambda package: (grid.cost(package), -values[package])):
        if values[package] < wanted - MARGIN * error:
            continue
        value = value_of(trials, grid, objective, package)
        error = max(error, abs(value - values[package]))
        if value >= wanted:
            return package
    return None


def value_of(trials: Trials, grid: Grid, objective: Objective, package: Package) -> float:
    """Value of a package in its own run."""
    trial = trials.trial(grid.plan(package))
    return objective.value(trial.added_gbp_m, trial.net_present_value_gbp_m)


def best_for_money(grid: Grid, values: Mapping[Package, float]) -> list[Package]:
    """Packages that no cheaper one equals, cheapest first."""
    front: list[Package] = []
    for package in sorted(values, key=lambda package: (grid.cost(package), -values[package])):
        if not front or values[package] > values[front[-1]]:
            front.append(package)
    return front


def spread_out(
    front: Sequence[Package], values: Mapping[Package, float], most: int
) -> list[Package]:
    """At most so many of a front, their values evenly spread, both ends among them."""
    if len(front) <= most:
        return [*front]
    rising = [values[package] for package in front]
    levels = np.linspace(rising[0], rising[-1], most)
    # The cheapest package that reaches each level.
    at = np.minimum(np.searchsorted(rising, levels), len(front) - 1)
    return [front[i] for i in dict.fromkeys(at.tolist())]


def _rounding(values: Mapping[Package, float]) -> float:
    """Differences that mean nothing."""
    return 1e-9 * max(map(abs, values.values()))


def _few(grid: Grid) -> bool:
    """Whether every package is looked at."""
    packages: int = len(grid.options) ** len(grid.levers)
    return packages <= EVERY


def ready(grid: Grid) -> None:
    """See that what searches so many packages is installed, before anything is run.

    Raises
    ------
    SettingError
        If it is not.
    """
    if not _few(grid):
        needed(
            *("pymoo", "planning", "a search of so many packages of levers"),
            otherwise=", or try fewer intensities, starts or levers",
        )


def _values(
    surface: Surface, objective: Objective, affordable: Callable[[float], bool]
) -> tuple[dict[Package, float], bool]:
    """Values on the surface of all affordable packages, or of those that a search came across."""
    grid = surface.grid
    if _few(grid):
        return {p: objective.value(*v) for p, v in surface.every(affordable)}, True
    return _evolve(surface, objective, affordable), False


def _evolve(
    surface: Surface, objective: Objective, affordable: Callable[[float], bool]
) -> dict[Package, float]:
    """Search cost and value with NSGA-II (Deb et al. 2002) as pymoo has it."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.termination import get_termination

    grid = surface.grid
    levers, starts = len(grid.levers), len(grid.starts)
    values: dict[Package, float] = {}

    def value(package: Package) -> float:
        if package not in values:
            values[package] = objective.value(*surface.at(package))
        return values[package]

    # Genes: for each lever the step of its intensity, then, for each, which start.
    def package_of(row: NDArray[np.int64]) -> Package:
        steps, which = row[:levers].tolist(), row[levers:].tolist()
        return tuple(
            1 + (step - 1) * starts + start if step else 0
            for step, start in zip(steps, which, strict=True)
        )

    def genes(package: Package) -> list[int]:
        steps = [1 + (at - 1) // starts if at else 0 for at in package]
        return steps + [(at - 1) % starts if at else 0 for at in package]

    class Packages(Problem):  # type: ignore[misc]
        def __init__(self) -> None:
            most = [len(grid.intensities) - 1] * levers + [starts - 1] * levers
            super().__init__(n_var=2 * levers, n_obj=2, n_ieq_constr=1, xl=0, xu=most, vtype=int)

        def _evaluate(
            self, rows: NDArray[np.int64], out: dict[str, Any], *_: object, **__: object
        ) -> None:
            packages = [package_of(row) for row in rows]
            costs = [grid.cost(package) for package in packages]
            # What cannot be afforded is not looked at.
            out["F"] = np.array(
                [
                    [cost, -value(package) if affordable(cost) else 0.0]
                    for package, cost in zip(packages, costs, strict=True)
                ]
            )
            out["G"] = np.array([[-1.0 if affordable(cost) else cost] for cost in costs])

    begin = _beginnings(surface, value, affordable)
    vary = {"vtype": float, "repair": RoundingRepair()}
    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=np.array([genes(package) for package in begin]),
        crossover=SBX(prob=0.9, eta=3, **vary),
        mutation=PM(prob=1.0, prob_var=1.5 / levers, eta=3, **vary),
        eliminate_duplicates=True,
    )
    stop = get_termination("n_gen", GENERATIONS)
    algorithm.setup(Packages(), termination=stop, seed=surface.trials.settings.seed % 2**32)
    while algorithm.has_next():
        algorithm.next()
    return values


def _beginnings(
    surface: Surface, value: Callable[[Package], float], affordable: Callable[[float], bool]
) -> list[Package]:
    """Packages to begin with: what is best for its money step by step, then chance."""
    grid = surface.grid
    options = range(len(grid.options))

    def worth(package: Package) -> tuple[float, float]:
        # Where a probability does not move yet, what is added does.
        return value(package), float(surface.at(package)[0].mean())

    package = grid.nothing
    begin = [package]
    while True:
        now, cost = worth(package), grid.cost(package)
        steps: list[tuple[tuple[float, float], Package]] = []
        for i in range(len(package)):
            for at in options:
                step = (*package[:i], at, *package[i + 1 :])
                dearer = grid.cost(step)
                if dearer > cost and affordable(dearer):
                    gain, more = (
                        (a - b) / (dearer - cost) for a, b in zip(worth(step), now, strict=True)
                    )
                    steps.append(((gain, more), step))
        if not steps:
            break
        package = max(steps)[1]
        begin.append(package)
    random = np.random.default_rng(surface.trials.settings.seed)
    for _ in range(20 * POPULATION):
        if len(begin) >= POPULATION:
            break
        package = grid.nothing
        for i in random.permutation(len(package)):
            step = (*package[:i], int(random.choice(options)), *package[i + 1 :])
            package = step if affordable(grid.cost(step)) else package
        if package not in begin:
            begin.append(package)
    return begin[:POPULATION]
