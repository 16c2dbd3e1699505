"""A response surface: what a package of levers is worth, from those that were run."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import combinations

import numpy as np

from gainsmodel.analysis.optimise.problem import Grid, Package, Trials, values_of
from gainsmodel.results.statistics import Draws


class Surface:
    """What packages are worth in every future, from trials of single levers and of pairs.

    A lever alone is run at every option, two levers together at their highest intensity, where
    their interaction is what the pair is worth beyond the two alone; at other intensities it is
    taken to be that times both intensities over the highest. The surface is exact for single
    levers and highest pairs; how far it is off elsewhere is measured by trials (`search`).
    """

    def __init__(self, trials: Trials, grid: Grid) -> None:
        """Run what the surface rests on."""
        self.trials, self.grid = trials, grid
        options = range(1, len(grid.options))
        highest = max(option.intensity for option in grid.options)
        self._height = [option.intensity / highest for option in grid.options]
        self._alone = {
            (i, at): self._run({i: at}) for i in range(len(grid.levers)) for at in options
        }
        # Of each start the option at the highest intensity.
        self._top = {grid.options[at].start_years: at for at in options if self._height[at] == 1.0}
        self._both = {
            (i, one, j, other): self._run({i: one, j: other})
            - self._alone[i, one]
            - self._alone[j, other]
            for i, j in combinations(range(len(grid.levers)), 2)
            for one in self._top.values()
            for other in self._top.values()
        }

    def _run(self, moved: Mapping[int, int]) -> Draws:
        package = tuple(moved.get(i, 0) for i in range(len(self.grid.levers)))
        return values_of(self.trials.trial(self.grid.plan(package)))

    @cached_property
    def _zero(self) -> Draws:
        return np.zeros((2, self.trials.settings.draws))

    def at(self, package: Package) -> Draws:
        """What is added and the net present value of a package, shape (2, draws)."""
        total = self._zero
        for i in range(len(package)):
            total = self._further(total, package[:i], package[i])
        return total

    def every(self, affordable: Callable[[float], bool]) -> Iterator[tuple[Package, Draws]]:
        """Go through every affordable package; those that share levers share their sums."""
        costs, options = self.grid.full_costs_gbp_m, self.grid.options

        def further(package: Package, cost: float, total: Draws) -> Iterator[tuple[Package, Draws]]:
            if len(package) == len(costs):
                yield package, total
                return
            for at, option in enumerate(options):
                dearer = cost + costs[len(package)] * option.intensity
                if affordable(dearer):
                    yield from further((*package, at), dearer, self._further(total, package, at))

        return further((), 0.0, self._zero)

    def _further(self, total: Draws, package: Package, at: int) -> Draws:
        """Put one more lever on top."""
        if not at:
            return total
        i, top = len(package), self._top[self.grid.options[at].start_years]
        total = total + self._alone[i, at]
        for j, other in enumerate(package):
            if other:
                pair = self._both[j, self._top[self.grid.options[other].start_years], i, top]
                total += pair * (self._height[other] * self._height[at])
        return total
