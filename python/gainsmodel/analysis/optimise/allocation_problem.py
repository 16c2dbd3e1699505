"""A budget between places as a choice of packages: what is maximised, and within which limits."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from gainsmodel import format
from gainsmodel.analysis.optimise.allocation_terms import MONEY, Stated
from gainsmodel.analysis.optimise.packages_of_places import (
    Array,
    Choice,
    Infeasible,
    Limits,
    Places,
    Worth,
)
from gainsmodel.analysis.optimise.places_surface import PlacesSurface
from gainsmodel.analysis.optimise.problem import worst_tenth
from gainsmodel.choices import Goal, Viewpoint
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError
from gainsmodel.results.paired import FINAL_YEAR_GAIN, PairedResult
from gainsmodel.results.statistics import Draws

Packages = tuple[tuple[int, ...], ...]
# Most lower bounds of the worst tenth, and widths of the smoothed target, of its spread.
MOST_CUTS = 12
WIDTHS = (1.0, 0.5, 0.25, 0.12, 0.06)
CUT_TOLERANCE = 1e-4
# Packages of a place that are exchanged for a chance, and how often.
EXCHANGED, MOST_SWEEPS = 24, 3
# How often a chance that the surface got wrong is asked for more strictly.
TIMES_TIGHTENED = 4


class Problem:
    """What is asked of a surface."""

    def __init__(
        self,
        surface: PlacesSurface,
        stated: Stated,
        objective: Goal,
        viewpoint: Viewpoint,
        target_gbp_m: float | None,
        budget_gbp_m_per_year: float | None,
        budget_gbp_m: float | None,
    ) -> None:
        """Put together quantities and limits.

        Raises
        ------
        SettingError
            If no split keeps to the limits, or they name what there is not.
        """
        self.surface, self.stated, self.terms = surface, stated, stated.terms
        self.objective, self.viewpoint, self.target = objective, viewpoint, target_gbp_m
        self.yearly, self.in_all = budget_gbp_m_per_year, budget_gbp_m
        self.units, self.options = surface.units, surface.options
        self.scenario, dataset = surface.scenario, surface.dataset
        people = dict(dataset.areas.select("area_code", "population").iter_rows())
        self.residents_m = np.array(
            [sum(people[code] for code in unit.members) / 1e6 for unit in self.units]
        )
        self.full_costs = surface.full_costs_gbp_m()
        self.weights = self._weights()
        # Chances are asked for this much more strictly, by place.
        self.stricter = np.zeros(len(self.units))
        self._chances: dict[tuple[int, tuple[int, ...]], float] = {}
        self._set_up()

    # ------------------------------------------------------------ quantities

    def _weights(self) -> Array:
        """What £1 of gain counts for by place."""

        def find(name: str) -> int:
            code = unit_of(self.surface.dataset, name).code
            known = [unit.code for unit in self.units]
            if code not in known:
                raise self.stated.error((name,), "is none of the places that share the budget")
            return known.index(code)

        self._find = find
        weights = np.ones(len(self.units))
        for at, weight in self.stated.by_place("weights", find).items():
            weights[at] = weight
        incomes = self.stated.by_place("incomes_gbp", find)
        if incomes:
            missing = [u.name for at, u in enumerate(self.units) if at not in incomes]
            if missing:
                raise self.stated.error(("incomes_gbp",), f"is missing for {', '.join(missing)}")
            middle = float(np.median([*incomes.values()]))
            for at, income in incomes.items():
                weights[at] = (middle / income) ** self.terms.elasticity
        return weights

    @cached_property
    def of_area(self) -> Array:
        """What £1 of net gain in each area counts for."""
        outside = 1.0 if self.viewpoint == "uk" else 0.0
        of = np.full(self.surface.areas, outside)
        for weight, members in zip(self.weights, self.surface.members, strict=True):
            of[members] = weight
        return of

    @cached_property
    def _counted(self) -> Array:
        """Whether costs in an area count."""
        return (self.of_area > 0).astype(float)

    @cached_property
    def _factors(self) -> tuple[Draws, Array, Array]:
        """Of a place's own gain and firms' cost what is counted, wherever it lands."""
        sent = self.surface.sent
        gain = self.weights + sent["gain"] @ self.of_area
        return self.surface.factor[self.viewpoint], gain, 1.0 + sent["firms"] @ self._counted

    def worth_draws(self, place: int, package: Sequence[int]) -> Draws:
        """Net present value of a place's package from the viewpoint, shape (draws,)."""
        net, gain, firms = self._factors
        of = self.surface.of
        worth: Draws = (
            net * gain[place] * of("gain", place, package)
            - firms[place] * of("firms", place, package)
            - of("authority", place, package)
        )
        return worth

    def added_draws(self, place: int, package: Sequence[int]) -> Draws:
        """Gain added in the final year from the viewpoint, shape (draws,)."""
        sent = 1.0 + self.surface.sent["added"] @ self._counted
        added: Draws = (
            self.surface.factor[self.viewpoint]
            * sent[place]
            * self.surface.of("added", place, package)
        )
        return added

    def _weighed(self, weight: Draws, of: Mapping[str, Any]) -> tuple[Array, Array]:
        """Sum over draws of weight · Σ factor · quantity, alone and of pairs."""
        surface = self.surface
        alone = both = 0.0
        for name, (per_draw, per_place) in of.items():
            at = (weight * per_draw).astype(np.float64)
            alone = alone + per_place[:, None, None] * (surface.alone[name] @ at)
            both = both + per_place[:, None] * (surface.both[name] @ at)
        return np.asarray(alone), np.asarray(both)

    def _worth_at(self, weight: Draws) -> tuple[Array, Array]:
        net, gain, firms = self._factors
        one, places = np.ones_like(net), np.ones(len(self.units))
        return self._weighed(
            weight, {"gain": (net, gain), "firms": (-one, firms), "authority": (-one, places)}
        )

    def _added_at(self, weight: Draws) -> tuple[Array, Array]:
        sent = 1.0 + self.surface.sent["added"] @ self._counted
        return self._weighed(weight, {"added": (self.surface.factor[self.viewpoint], sent)})

    def _set_up(self) -> None:
        surface, options = self.surface, self.options
        draws = surface.trials.settings.draws
        self._mean = np.full(draws, 1.0 / draws)
        one, places = np.ones(draws), np.ones(len(self.units))
        local = surface.factor["local"]
        years, self._year_of = np.unique(options.running, axis=2, return_inverse=True)
        self._year_of = np.ravel(self._year_of)
        cost = self.full_costs[:, :, None] * options.intensity
        nothing = np.zeros_like(surface.both["gain"][:, :, 0], dtype=float)
        parts = {
            "worth": self._worth_at(self._mean),
            "added": self._weighed(self._mean, {"added": (local, places)}),
            "gain": self._weighed(self._mean, {"gain": (local, places)}),
            "firms": self._weighed(self._mean, {"firms": (one, places)}),
            "authority": self._weighed(self._mean, {"authority": (one, places)}),
            "running": (cost, nothing),
            **{f"year {n}": (cost * years[None, :, :, n], nothing) for n in range(years.shape[2])},
        }
        self._names = [*parts]
        worth = Worth(
            np.stack([alone for alone, _ in parts.values()], axis=1),
            np.stack([both for _, both in parts.values()], axis=1),
            surface.height,
            self._allowed(cost),
        )
        self.places = Places(worth)
        self.limits = self._limits()

    def quantity(self, name: str, places: int | None = None) -> Array:
        """Weights that pick one quantity in all places, or in one; shape (places, quantities)."""
        weights = np.zeros((len(self.units), len(self._names)))
        weights[slice(None) if places is None else places, self._names.index(name)] = 1.0
        return weights

    # ------------------------------------------------------------ limits

    def _allowed(self, cost: Array) -> list[Any]:
        """Packages within the floors and ceilings of each place."""
        options, levers = self.options, self.options.levers
        count = len(options.options)
        least = self.stated.by_place("least", self._find, levers)
        most = self.stated.by_place("most", self._find, levers)
        masks = []
        for at, unit in enumerate(self.units):
            mask = np.ones((count,) * len(levers), bool)
            spent = np.zeros(mask.shape)
            low, high = least.get(at, {}), most.get(at, {})
            for i, lever in enumerate(levers):
                shape = [1] * len(levers)
                shape[i] = count
                inside = options.intensity >= low.get(lever, 0.0) - 1e-12
                inside &= options.intensity <= high.get(lever, 1.0) + 1e-12
                if not inside.any():
                    steps = sorted({float(x) for x in options.intensity})
                    raise self.stated.error(
                        ("least" if lever in low else "most", unit.name, lever),
                        f"no intensity that is tried lies there; they are {steps}",
                    )
                mask &= inside.reshape(shape)
                spent += cost[at, i].reshape(shape)
            slack = 1e-9 * (1.0 + float(spent.max()))
            mask &= spent >= low.get(MONEY, 0.0) - slack
            mask &= spent <= high.get(MONEY, math.inf) + slack
            if not mask.any():
                which = "least" if MONEY in low else "most"
                raise self.stated.error(
                    (which, unit.name, MONEY),
                    f"no package there costs that; all levers in full cost "
                    f"{format.cost(float(spent.max()))} a year",
                )
            masks.append(mask)
        return masks

    def _limits(self) -> Limits:
        setting, worth = self.scenario.setting, self.places.worth
        limits = Limits.none(len(self.units), len(self._names))
        years = [f"year {n}" for n in self._year_of]
        every = np.sum([self.quantity(name) for name in years], axis=0)
        first_of = {name: n for n, name in reversed([*enumerate(years)])}
        asked = []
        if self.yearly is not None:
            asked += [
                (f"the budget of {setting.start_year + n + 1}", self.quantity(name), self.yearly)
                for name, n in first_of.items()
            ]
        if self.in_all is not None:
            asked.append(("the budget of all years", every, self.in_all))
        for name, weights, limit in asked:
            least = math.fsum(
                float(worth.tensor(at, weights[at])[worth.allowed[at]].min())
                for at in range(worth.places)
            )
            slack = 1e-9 * (1.0 + float(self.full_costs.sum()))
            if least > limit + slack:
                raise SettingError(
                    f"no split keeps to {name}, {format.cost(limit)}: what the floors ask for "
                    f"costs {format.cost(least)}"
                )
            limits = limits.further(name, weights, limit)
        for year, (low, high) in self.terms.share_by_year.items():
            n = int(year) - setting.start_year - 1
            if not 0 <= n < len(years):
                raise self.stated.error(
                    ("share_by_year", year),
                    f"must be from {setting.start_year + 1} to "
                    f"{setting.start_year + len(years)}, the years of the scenario",
                )
            of_year = self.quantity(years[n])
            limits = limits.further(f"at most its share in {year}", of_year - high * every, 0.0)
            if low:
                limits = limits.further(f"at least its share in {year}", low * every - of_year, 0.0)
        if self.terms.no_place_worse_off:
            sent = self.surface.sent
            for at, unit in enumerate(self.units):
                members = self.surface.members[at]
                weights = -self._landing("gain", sent["gain"][:, members].sum(axis=1), at)
                weights += self._landing("firms", sent["firms"][:, members].sum(axis=1), at)
                weights += self.quantity("authority", at)
                limits = limits.further(f"{unit.name} not worse off", weights, 0.0)
        return limits

    def _landing(self, name: str, sent: Array, at: int) -> Array:
        """What lands in a place: its own, and of others what they send."""
        share = sent.copy()
        share[at] = 1.0
        return self.quantity(name) * share[:, None]

    def per_head(self, at: int) -> Array:
        """£ a resident and year that a place gains in the final year, spillover included."""
        members = self.surface.members[at]
        sent = self.surface.sent["added"][:, members].sum(axis=1)
        per_head: Array = self._landing("added", sent, at) / self.residents_m[at]
        return per_head

    def _target_of(self, at: int) -> float:
        chance = self.terms.chance
        assert chance is not None
        if chance.target_gbp_m is not None:
            return chance.target_gbp_m
        return float(chance.target_gbp_per_head or 0.0) * float(self.residents_m[at])

    def chance(self, at: int, package: tuple[int, ...]) -> float:
        """Chance that a place's own package reaches its target; what it is sent comes on top."""
        if (at, package) not in self._chances:
            added = self.surface.factor["local"] * self.surface.of("added", at, package)
            self._chances[at, package] = float((added >= self._target_of(at)).mean())
        return self._chances[at, package]

    def _reaches(self, at: int, package: tuple[int, ...]) -> bool:
        chance = self.terms.chance
        assert chance is not None
        least = min(1.0, chance.at_least + float(self.stricter[at]))
        return self.chance(at, package) >= least - 1e-12

    # ------------------------------------------------------------ answers

    def settled(self) -> tuple[Choice, list[str]]:
        """The best split, run to see that chances hold, and which were asked for more strictly."""
        names: dict[str, None] = {}
        for _ in range(TIMES_TIGHTENED):
            choice = self.solved()
            if self.terms.chance is None:
                break
            pair = self.surface.pair(choice.packages)
            short = np.zeros(len(self.units))
            for at, unit in enumerate(self.units):
                reached = pair.added_draws(FINAL_YEAR_GAIN, unit) >= self._target_of(at)
                short[at] = max(0.0, self.terms.chance.at_least - float(reached.mean()))
            if not (short > 1e-12).any():
                break
            names |= {self.units[int(at)].name: None for at in np.flatnonzero(short > 1e-12)}
            self.stricter += 1.5 * short
            self.places = Places(self.places.worth)
        return choice, [*names]

    def solved(self, limits: Limits | None = None) -> Choice:
        """The best split on the surface."""
        limits = limits or self.limits
        if self.objective == "net_present_value":
            return self.best(self.quantity("worth"), limits)
        if self.objective == "worst_tenth":
            return self._worst_tenth(limits)
        return self._chance_of_target(limits)

    def best(
        self,
        goal: Array,
        limits: Limits,
        per_z: float = 0.0,
        incumbent: Packages | None = None,
    ) -> Choice:
        """The best for a weighted sum.

        Raises
        ------
        SettingError
            If no split keeps to the limits; says which.
        """
        check = None if self.terms.chance is None else self._reaches
        if check is not None:
            self._see_that_chances_can_be()
        try:
            return self.places.best(goal, limits, per_z=per_z, check=check, incumbent=incumbent)
        except Infeasible as error:
            names = ", ".join(error.args)
            raise SettingError(f"no split keeps to all limits; not met: {names}") from None

    def _see_that_chances_can_be(self) -> None:
        chance = self.terms.chance
        assert chance is not None
        for at, unit in enumerate(self.units):
            allowed = self.places.worth.allowed[at]
            added = np.where(
                allowed, self.places.worth.tensor(at, self.quantity("added", at)[at]), -np.inf
            )
            most = tuple(int(i) for i in np.unravel_index(int(added.argmax()), added.shape))
            if not self._reaches(at, most):
                raise self.stated.error(
                    ("chance", "at_least"),
                    f"{unit.name} adds {format.gbp(self._target_of(at))} in at most "
                    f"{format.chance(self.chance(at, most), len(self._mean))}",
                )
            self.places.keep(at, most)

    def total(self, packages: Packages, *, added: bool = False) -> Draws:
        """What a split is worth on the surface (or adds in the final year) in every draw."""
        of = self.added_draws if added else self.worth_draws
        total: Draws = np.sum([of(at, package) for at, package in enumerate(packages)], axis=0)
        return total

    def value_of(self, packages: Packages) -> float:
        """The objective on the surface."""
        if self.objective == "p_target":
            return float((self.total(packages, added=True) >= (self.target or 0.0)).mean())
        worth = self.total(packages)
        if self.objective == "worst_tenth":
            return float(worst_tenth().value(worth, worth))
        return float(worth.mean())

    def _worst_tenth(self, limits: Limits) -> Choice:
        """Maximise a mean over the worst tenth: the least of the means over any tenth of draws.

        Each split that is found says which tenth that is for it, which bounds what any can reach
        (Kelley 1960, Journal of SIAM 8).
        """
        best = self.best(self.quantity("worth"), limits)
        found, value, bound = best.packages, self.value_of(best.packages), best.bound
        packages = found
        for cut in range(MOST_CUTS):
            total = self.total(packages)
            size = max(1, round(total.size / 10))
            weight = np.zeros(total.size)
            weight[np.argsort(total, kind="stable")[:size]] = 1.0 / size
            self._further(f"tail {cut}", *self._worth_at(weight))
            limits = _wider(limits, len(self._names))
            limits = limits.further("worst tenth", -self.quantity(f"tail {cut}"), 0.0, slope=1.0)
            choice = self.best(np.zeros((len(self.units), len(self._names))), limits, per_z=1.0)
            bound, packages = min(bound, choice.bound), choice.packages
            now = self.value_of(packages)
            if now > value:
                found, value = packages, now
            if bound - value <= CUT_TOLERANCE * max(abs(value), abs(bound), 1e-9):
                break
        self._back()
        return Choice(found, value, bound, bound - value <= CUT_TOLERANCE * max(abs(value), 1e-9))

    def _chance_of_target(self, limits: Limits) -> Choice:
        """Raise the chance of a target: splits that are best where it is nearly reached.

        The chance is smoothed, more and more narrowly; of a chance no bound is known.
        """
        target = float(self.target or 0.0)
        tried = [
            self.best(self.quantity("worth"), limits).packages,
            self.best(self._added_by(self._mean, "added on average"), self._fit(limits)).packages,
        ]
        packages = max(tried, key=self.value_of)
        for n, width in enumerate(WIDTHS):
            added = self.total(packages, added=True)
            near = (added - target) / max(width * float(added.std()), 1e-9)
            weight = np.exp(-0.5 * np.minimum(near**2, 60.0))
            goal = self._added_by(weight / weight.sum(), f"near {n}")
            choice = self.best(goal, self._fit(limits))
            tried.append(choice.packages)
            packages = max(tried, key=self.value_of)
        packages = self._exchanged(packages, self._fit(limits), goal)
        self._back()
        return Choice(packages, self.value_of(packages), 1.0, proven=False)

    def _exchanged(self, packages: Packages, limits: Limits, goal: Array) -> Packages:
        """Change two places at once as long as that raises the chance."""
        worth, target = self.places.worth, float(self.target or 0.0)
        count, check = worth.places, self.terms.chance is not None
        near, added, used = [], [], []
        for at in range(count):
            allowed = worth.allowed[at]
            scores = np.where(allowed, worth.tensor(at, goal[at]), -np.inf).ravel()
            cost = worth.tensor(at, self.quantity("running", at)[at]).ravel()
            # The best for what they cost, and the best at any cost.
            each = min(EXCHANGED, int(allowed.sum()))
            slope = scores[allowed.ravel()].max() / max(float(cost.max()), 1e-12)
            ahead = {
                int(n)
                for times in (0.0, 0.5, 1.0, 2.0, 4.0)
                for n in np.argsort(times * slope * cost - scores, kind="stable")[: each // 2 + 1]
            }
            here = [packages[at]]
            for n in sorted(ahead, key=lambda n: (-scores[n], n)):
                package = tuple(int(i) for i in np.unravel_index(n, allowed.shape))
                fits = np.isfinite(scores[n]) and (not check or self._reaches(at, package))
                if fits and package not in here:
                    here.append(package)
            near.append(here)
            added.append(np.stack([self.added_draws(at, of) for of in here]))
            used.append(np.stack([limits.weights[:, at] @ worth.of(at, of) for of in here]))
        chosen = [0] * count
        slack = 1e-9 * (1.0 + np.abs(limits.limits))
        pairs = [*combinations(range(count), 2)] or [(0, 0)]
        best = self.value_of(packages)
        for _ in range(MOST_SWEEPS):
            before = best
            for i, j in pairs:
                others = [n for n in range(count) if n not in (i, j)]
                rest = np.sum([added[n][chosen[n]] for n in others], axis=0)
                spent = np.sum([used[n][chosen[n]] for n in others], axis=0)
                one = i == j
                both = used[i][:, None] + (0.0 if one else used[j][None])
                fit = (both + spent <= limits.limits + slack).all(axis=2)
                total = added[i][:, None] + (0.0 if one else added[j][None]) + rest
                chances = np.where(fit, (total >= target).mean(axis=2), -1.0)
                n, m = (int(at) for at in np.unravel_index(int(chances.argmax()), chances.shape))
                if chances[n, m] > best + 1e-12:
                    best, chosen[i] = float(chances[n, m]), n
                    chosen[j] = n if one else m
            if best == before:
                break
        return tuple(near[at][n] for at, n in enumerate(chosen))

    def _added_by(self, weight: Draws, name: str) -> Array:
        self._further(name, *self._added_at(weight))
        return self.quantity(name)

    def _fit(self, limits: Limits) -> Limits:
        return _wider(limits, len(self._names))

    def _further(self, name: str, alone: Array, both: Array) -> None:
        """One more quantity."""
        self._names.append(name)
        worth = self.places.worth
        self.places.replace(
            Worth(
                np.concatenate([worth.alone, alone[:, None]], axis=1),
                np.concatenate([worth.both, both[:, None]], axis=1),
                worth.height,
                worth.allowed,
            )
        )

    def _back(self) -> None:
        """Leave the quantities that were added for one search."""
        count = self.limits.weights.shape[2]
        del self._names[count:]
        worth = self.places.worth
        self.places.replace(
            Worth(worth.alone[:, :count], worth.both[:, :count], worth.height, worth.allowed)
        )

    def by_share(self, shares: Sequence[float]) -> Packages:
        """Of every place the best package that its share of the budgets pays for."""
        worth, goal = self.places.worth, "added" if self.objective == "p_target" else "worth"
        years = [f"year {n}" for n in self._year_of]
        found = []
        for at, share in enumerate(shares):
            allowed = worth.allowed[at].copy()
            spent = np.zeros(allowed.shape)
            costs = {name: worth.tensor(at, self.quantity(name, at)[at]) for name in {*years}}
            for name in years:
                spent += costs[name]
            slack = 1e-9 * (1.0 + float(spent.max()))
            within = np.ones_like(allowed)
            if self.yearly is not None:
                for cost in costs.values():
                    within &= cost <= share * self.yearly + slack
            if self.in_all is not None:
                within &= spent <= share * self.in_all + slack
            if not (allowed & within).any():
                # What the floors ask for costs more than the share; the cheapest there is.
                within = spent <= spent[allowed].min() + slack
            scores = np.where(
                allowed & within, worth.tensor(at, self.quantity(goal, at)[at]), -np.inf
            )
            found.append(
                tuple(int(i) for i in np.unravel_index(int(scores.argmax()), scores.shape))
            )
        return tuple(found)

    def best_worth(self) -> Packages:
        """The split worth most, whatever is maximised."""
        return self.best(self.quantity("worth"), self.limits).packages

    def fairest(self) -> tuple[Packages, float]:
        """The split that brings up the place that gains least a head, and to how much, £ a year."""
        limits = self.limits
        for at, unit in enumerate(self.units):
            limits = limits.further(unit.name, -self.per_head(at), 0.0, slope=1.0)
        nothing = np.zeros((len(self.units), len(self._names)))
        choice = self.best(nothing, limits, per_z=1.0)
        return choice.packages, choice.value

    def with_floor(self, floor_gbp_per_head: float, known: Packages) -> Packages:
        """The split worth most in which every place gains at least so much a head, as one does."""
        limits = self.limits
        for at, unit in enumerate(self.units):
            floor = floor_gbp_per_head - 1e-6 * abs(floor_gbp_per_head)
            limits = limits.further(unit.name, -self.per_head(at), -floor)
        return self.best(self.quantity("worth"), limits, incumbent=known).packages

    # ------------------------------------------------------------ from a run

    def worth_of(self, pair: PairedResult) -> Draws:
        """Net present value from the viewpoint, of a run; shape (draws,)."""
        areas = self.surface.areas

        def of(metric: str) -> Draws:
            return pair.added_draws(metric, gross=True)[:areas]

        unit = self.units[0] if self.viewpoint == "local" else self.surface.trials.unit
        net = pair.additionality(unit) if pair.net_of else 1.0
        costs = of("cost_present_value_gbp_m") + of("lever_cost_present_value_gbp_m")
        worth: Draws = net * (self.of_area @ of("gain_present_value_gbp_m")) - self._counted @ costs
        return worth

    def added_of(self, pair: PairedResult) -> Draws:
        """Gain added in the final year from the viewpoint, of a run; shape (draws,)."""
        unit = self.units[0] if self.viewpoint == "local" else self.surface.trials.unit
        net = pair.additionality(unit) if pair.net_of else 1.0
        gross = pair.added_draws(FINAL_YEAR_GAIN, gross=True)[: self.surface.areas]
        added: Draws = net * (self._counted @ gross)
        return added

    def series(self, pair: PairedResult) -> Draws:
        """A series whose mean is the objective, of a run; shape (draws,)."""
        if self.objective == "p_target":
            return (self.added_of(pair) >= (self.target or 0.0)).astype(np.float64)
        worth = self.worth_of(pair)
        return worst_tenth().series(worth, worth) if self.objective == "worst_tenth" else worth


def _wider(limits: Limits, quantities: int) -> Limits:
    """Limits for more quantities than they were stated for."""
    rows, places, known = limits.weights.shape
    more = np.zeros((rows, places, quantities - known))
    return Limits(
        limits.names, np.concatenate([limits.weights, more], axis=2), limits.slopes, limits.limits
    )
