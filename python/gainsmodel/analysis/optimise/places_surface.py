"""What every place makes of every package of levers, from runs in which all places move at once.

A lever moved in one place also moves what others adopt, by little. Runs that move the same lever
in every place, and one of each place alone with every lever in full, tell both apart: what a
place sends to another is taken to be in proportion to what it makes itself. So a hundred runs
serve any number of places; how far that is off is measured by running the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gainsmodel.analysis.optimise.packages_of_places import Array
from gainsmodel.analysis.optimise.problem import Grid, Option, Trials
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.results.paired import FINAL_YEAR_GAIN, PairedResult
from gainsmodel.results.plan_levers import yearly_costs
from gainsmodel.results.statistics import Draws
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.settings import Settings

# Quantities of a run, gross; all but the last also move elsewhere.
QUANTITIES = {
    "gain": "gain_present_value_gbp_m",
    "added": FINAL_YEAR_GAIN,
    "firms": "cost_present_value_gbp_m",
    "authority": "lever_cost_present_value_gbp_m",
}


@dataclass(frozen=True, eq=False)
class Options:
    """What each lever may be, the same in every place.

    Attributes
    ----------
    levers : tuple of str
    options : tuple of Option
        The first being to leave it alone.
    running : ndarray
        Shape (levers, options, years): the part of each year in which it is paid for.
    """

    levers: tuple[str, ...]
    options: tuple[Option, ...]
    running: Array

    @classmethod
    def of(
        cls, scenario: Scenario, intensities: Sequence[float], starts: Sequence[float | None]
    ) -> "Options":
        """Every intensity with every start."""
        grid = Grid(tuple(scenario.levers), tuple(intensities), tuple(starts), (), lambda _: {})
        years = np.arange(scenario.setting.horizon_years)
        running = np.zeros((len(grid.levers), len(grid.options), len(years)))
        for i, lever in enumerate(scenario.levers.values()):
            for at, option in enumerate(grid.options):
                start = lever.start_years if option.start_years is None else option.start_years
                start += scenario.setting.lever_delay_years
                end = np.inf if lever.duration_years is None else start + lever.duration_years
                inside = np.minimum(years + 1, end) - np.maximum(years, start)
                running[i, at] = np.clip(inside, 0.0, 1.0)
        return cls(grid.levers, grid.options, running)

    @cached_property
    def intensity(self) -> Array:
        """Shape (options,)."""
        return np.array([option.intensity for option in self.options])

    def planned(self, package: Sequence[int]) -> dict[str, dict[str, float]]:
        """A package as a plan of one place has it."""
        chosen = zip(self.levers, package, strict=True)
        return {lever: self.options[at].planned() for lever, at in chosen if at}


class PlacesSurface:
    """Packages in every place on the same draws.

    Attributes
    ----------
    alone : dict of ndarray
        By quantity of `QUANTITIES`, £m gross: shape (places, levers, options, draws).
    both : dict of ndarray
        Shape (places, pairs of levers, draws): what two levers in full are worth together beyond.
    sent : dict of ndarray
        Shape (places, areas): what a place adds in an area for each £1 it adds in itself; its own
        areas hold 0.
    factor : dict of ndarray
        What £1 of gain is worth net, ``local`` and ``uk``: shape (draws,).
    """

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        units: Sequence[Unit],
        options: Options,
        settings: Settings,
        threads: int | None = None,
        on_run: Callable[[int], None] | None = None,
    ) -> None:
        """Make the runs."""
        uk = unit_of(dataset, "uk")
        self.scenario, self.dataset, self.units, self.options = scenario, dataset, units, options
        self.trials = Trials(scenario, dataset, uk, settings, threads, on_run)
        codes = dataset.areas["area_code"].to_list()
        self.members = [[codes.index(code) for code in unit.members] for unit in units]
        self.areas = len(codes)
        self._sent()
        self._fill()

    @staticmethod
    def runs(options: Options, places: int) -> int:
        """How many runs are made."""
        levers = len(options.levers)
        return 1 + places + levers * (len(options.options) - 1) + levers * (levers - 1) // 2

    def pair(self, packages: Sequence[Sequence[int]]) -> PairedResult:
        """Run one package in every place, in all areas."""
        return self.trials.pair(self.plan(packages))

    def plan(self, packages: Sequence[Sequence[int]]) -> dict[str, dict[str, dict[str, float]]]:
        """Packages of all places as a plan."""
        planned = (self.options.planned(package) for package in packages)
        return {unit.code: of for unit, of in zip(self.units, planned, strict=True) if of}

    def of(self, quantity: str, place: int, package: Sequence[int]) -> Draws:
        """What a place makes of a package itself, £m gross, shape (draws,)."""
        levers = range(len(package))
        alone, both = self.alone[quantity][place], self.both[quantity][place]
        total: Draws = alone[list(levers), list(package)].astype(np.float64).sum(axis=0)
        for pair, (i, j) in enumerate(combinations(levers, 2)):
            height = self.height[i, package[i]] * self.height[j, package[j]]
            if height:
                total += height * both[pair]
        return total

    def _full(self, moved: Sequence[int]) -> tuple[int, ...]:
        """Levers in full from the earliest start."""
        return tuple(self._top if i in moved else 0 for i in range(len(self.options.levers)))

    @cached_property
    def _top(self) -> int:
        options = self.options.options
        full = max(option.intensity for option in options)
        return next(at for at, option in enumerate(options) if option.intensity == full)

    def _areas_of(self, pair: PairedResult) -> dict[str, Draws]:
        """Every quantity in every area, shape (areas, draws)."""
        return {
            name: pair.added_draws(metric, gross=True)[: self.areas]
            for name, metric in QUANTITIES.items()
        }

    def _places_of(self, of_areas: Draws) -> Draws:
        return np.stack([of_areas[members].sum(axis=0) for members in self.members])

    def _sent(self) -> None:
        nothing = (0,) * len(self.options.levers)
        every = self._full(range(len(nothing)))
        count = len(self.units)
        self.sent = {name: np.zeros((count, self.areas)) for name in QUANTITIES}
        for place, members in enumerate(self.members):
            packages = [nothing] * count
            packages[place] = every
            found = self._areas_of(self.pair(packages))
            for name in QUANTITIES:
                means = found[name].mean(axis=1)
                own = means[members].sum()
                if own > 0 and name != "authority":
                    self.sent[name][place] = means / own
                    self.sent[name][place, members] = 0.0
            if place == 0:
                pair = self.pair(packages)
                one = np.ones(found["gain"].shape[1])
                self.factor = {
                    view: pair.additionality(unit) if pair.net_of else one
                    for view, unit in (("local", self.units[0]), ("uk", self.trials.unit))
                }
        # What places have when all move is their own and what they are sent.
        self._own = {
            name: np.linalg.inv(
                np.eye(count) + np.array([sent[:, members].sum(axis=1) for members in self.members])
            )
            for name, sent in self.sent.items()
        }

    def _fill(self) -> None:
        levers, options = range(len(self.options.levers)), range(1, len(self.options.options))
        draws, count = self.trials.settings.draws, len(self.units)
        pairs = [*combinations(levers, 2)]
        self.alone = {
            name: np.zeros((count, len(levers), len(self.options.options), draws), np.float32)
            for name in QUANTITIES
        }
        self.both = {name: np.zeros((count, len(pairs), draws), np.float32) for name in QUANTITIES}
        for i in levers:
            for at in options:
                package = tuple(at if lever == i else 0 for lever in levers)
                for name, own in self._everywhere(package).items():
                    self.alone[name][:, i, at] = own
        for at, (i, j) in enumerate(pairs):
            for name, own in self._everywhere(self._full((i, j))).items():
                together = self.alone[name][:, i, self._top] + self.alone[name][:, j, self._top]
                self.both[name][:, at] = own - together

    def _everywhere(self, package: Sequence[int]) -> Mapping[str, NDArray[np.float64]]:
        """What every place makes of a package itself, from a run of it in all of them."""
        found = self._areas_of(self.pair([package] * len(self.units)))
        return {name: self._own[name] @ self._places_of(of) for name, of in found.items()}

    @cached_property
    def height(self) -> Array:
        """How far an option of a lever takes part in what two are worth together.

        By intensity, and for later starts by what the lever is worth alone then; shape (levers,
        options).
        """
        options, gain = self.options.options, self.alone["gain"].mean(axis=(0, 3))
        height = self.options.intensity / max(option.intensity for option in options)
        found = np.tile(height, (len(self.options.levers), 1))
        first = options[self._top].start_years
        for at, option in enumerate(options):
            if at and option.start_years != first:
                same = next(
                    n
                    for n, other in enumerate(options)
                    if (other.intensity, other.start_years) == (option.intensity, first)
                )
                base = gain[:, same]
                found[:, at] *= np.divide(gain[:, at], base, np.ones_like(base), where=base > 0)
        return found

    def full_costs_gbp_m(self) -> Array:
        """What each lever costs a year in full, £m, expected; shape (places, levers)."""
        levers = self.options.levers
        rows = []
        for unit in self.units:
            full = self.scenario.model_copy(
                update={"plan": {unit.code: dict.fromkeys(levers, 1.0)}}
            )
            costs = yearly_costs(full, self.dataset, unit)
            rows.append([costs[lever] for lever in levers])
        return np.array(rows)
