"""What a visitor has chosen: a scenario, whose answer is shown, and how it is run.

Pure values: nothing here knows Streamlit.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import polars as pl

from gainsmodel import (
    Dataset,
    Scenario,
    Settings,
    UnknownNameError,
    lever_costs,
    load_dataset,
    load_scenario,
    read_gva,
)
from gainsmodel.data import GEOGRAPHIES, OWN

LEVERS = ("leadership", "open_data", "inclusion", "skills", "connectivity")
BASES = ("final_year", "share_of_economy", "cumulative")
WHO = {
    "area": "This area alone",
    "mayors_2017": "The 2017 six",
    "mayoral_areas": "All mayoral areas",
}
STARTING_PLANS: dict[str, tuple[int, ...]] = {
    "No plan": (0, 0, 0, 0, 0),
    "The guide’s five": (100, 100, 100, 100, 100),
    "Skills first": (50, 0, 40, 100, 0),
    "Low cost": (100, 100, 0, 0, 0),
}
SAMPLERS = {
    "sobol": "Quasi-random where areas share numbers",
    "sobol_full": "Quasi-random throughout",
    "random": "Plain random",
}
DRAWS = (2_000, 10_000, 50_000, 100_000)
_HOME = "E47000001"


@dataclass(frozen=True)
class Choice:
    """One state of the app.

    Attributes
    ----------
    scenario : Scenario
        Assumptions and plan.
    unit : str
        Code of the area or group whose answer is shown.
    who : str
        Where the levers move: one of `WHO`.
    draws, seed, sampler
        As `gainsmodel.Settings`.
    data : Dataset, optional
        The visitor's own figures instead of the built-in ones.
    """

    scenario: Scenario
    unit: str
    who: str = "area"
    draws: int = 10_000
    seed: int = 1
    sampler: Any = "sobol"
    data: Dataset | None = None

    @property
    def dataset(self) -> Dataset:
        """The figures in use."""
        return self.data or load_dataset(self.scenario.setting.geography)

    @property
    def settings(self) -> Settings:
        """How the scenario is run."""
        return Settings(draws=self.draws, seed=self.seed, sampler=self.sampler)

    @property
    def unit_name(self) -> str:
        """What the area or group is called."""
        return self.dataset.units[self.unit]

    @property
    def final_year(self) -> int:
        """The last year of the horizon."""
        return self.scenario.setting.start_year + self.scenario.setting.horizon_years

    @property
    def cumulative(self) -> bool:
        """Whether the prize is read as a sum over the horizon."""
        return self.scenario.prize.basis == "cumulative"

    @property
    def actor(self) -> str:
        """Code of the area or group in which the levers move."""
        return self.unit if self.who == "area" else self.who

    @property
    def levers(self) -> tuple[str, ...]:
        """Names of the scenario's levers, the guide's five first."""
        return tuple(sorted(self.scenario.levers, key=_lever_order))

    def planned(self, lever: str) -> tuple[float, float, float]:
        """Intensity, start and ramp of a lever where the levers move."""
        known = self.scenario.levers[lever]
        plan = self.scenario.plan.get(self.entry() or "", {}).get(lever)
        if plan is None:
            return 0.0, known.start_years, known.ramp_years
        start = known.start_years if plan.start_years is None else plan.start_years
        ramp = known.ramp_years if plan.ramp_years is None else plan.ramp_years
        return plan.intensity, start, ramp

    def move(
        self, lever: str, *, intensity: float, start: float | None = None, ramp: float | None = None
    ) -> "Choice":
        """Move one lever; times left out stay as they are."""
        known = self.scenario.levers[lever]
        _, old_start, old_ramp = self.planned(lever)
        planned: dict[str, float] = {"intensity": intensity}
        for name, value, own in (
            ("start_years", old_start if start is None else start, known.start_years),
            ("ramp_years", old_ramp if ramp is None else ramp, known.ramp_years),
        ):
            if value != own:
                planned[name] = value
        entry = self.entry() or self._key()
        plan = {area: dict(levers) for area, levers in self.scenario.plan.items()}
        plan.setdefault(entry, {})[lever] = planned  # type: ignore[assignment]
        if set(planned) == {"intensity"} and intensity == 0:
            del plan[entry][lever]
        return self._with_plan({area: levers for area, levers in plan.items() if levers})

    def set_all(self, percents: Iterable[int]) -> "Choice":
        """Set the guide's five, with the levers' own times; other levers go to zero."""
        plan = {area: dict(levers) for area, levers in self.scenario.plan.items()}
        entry = self.entry() or self._key()
        moved = {
            lever: percent / 100
            for lever, percent in zip(LEVERS, percents, strict=True)
            if percent and lever in self.scenario.levers
        }
        plan.pop(entry, None)
        return self._with_plan(plan | ({entry: moved} if moved else {}))

    def show(self, unit: str) -> "Choice":
        """Show another area; a plan of this area alone goes along, unless that has its own."""
        new = replace(self, unit=unit)
        old = self.entry()
        if self.who != "area" or old is None or new.entry() is not None:
            return new
        plan = dict(self.scenario.plan)
        plan[new._key()] = plan.pop(old)
        return new._with_plan(plan)

    def let_act(self, actors: str) -> "Choice":
        """Let others, or more of them, move the same levers."""
        new = replace(self, who=actors)
        old = self.entry()
        if old is None:
            return new
        plan = dict(self.scenario.plan)
        moved = plan.pop(old)
        return new._with_plan(plan | {new._key(): moved})

    def elsewhere(self) -> tuple[str, ...]:
        """Where else the plan moves levers, as the scenario names it."""
        return tuple(area for area in self.scenario.plan if area != self.entry())

    def check(self) -> None:
        """See that the plan can be carried out in these areas.

        Raises
        ------
        ScenarioError
            If it names an unknown area or contradicts itself.
        """
        self.costs()

    def costs(self) -> pl.DataFrame:
        """What the plan costs: `gainsmodel.lever_costs`."""
        return _costs(self.scenario, self.dataset)

    def edit(self, changes: Mapping[str, Any]) -> "Choice":
        """Change assumptions."""
        return self.adopt(self.scenario.edit(changes))

    def adopt(self, scenario: Scenario) -> "Choice":
        """Take a scenario as a whole; where its geography differs, show what it is about."""
        same = scenario.setting.geography == self.scenario.setting.geography
        data, begun_with = self.data if same else None, own_figures()
        if begun_with is not None and scenario.setting.geography == begun_with.geography == OWN:
            data = begun_with
        new = replace(self, scenario=scenario, data=data)
        who = self.who if self.who == "area" or self.who in new.dataset.groups else "area"
        new = replace(new, who=who)
        if self.unit not in new.dataset.units:
            new = replace(new, unit=_first_unit(new))
        # A scenario with a plan is about the area it plans for.
        if new.entry() is None and len(scenario.plan) == 1:
            (area,) = scenario.plan
            codes = new.dataset.resolve(area)
            if len(codes) == 1:
                return replace(new, unit=codes[0], who="area")
            for group in WHO:
                if new.dataset.groups.get(group) == codes:
                    return replace(new, who=group)
        return new

    def use(self, data: Dataset | None) -> "Choice":
        """Take other figures, of other areas if need be; None: the built-in ones.

        Shown is the first area that is new, and a plan of this area alone goes along. Plans of
        areas that are not there any more are dropped.
        """
        now = self.scenario.setting.geography
        geography = (
            (now if now in GEOGRAPHIES else GEOGRAPHIES[0]) if data is None else data.geography
        )
        if geography == now:
            return replace(self, data=data)
        mine = self.entry() if self.who == "area" else None
        plan = dict(self.scenario.plan)
        moved = plan.pop(mine) if mine is not None else None
        scenario = self.scenario.edit({"setting.geography": geography})
        new = replace(self, scenario=scenario.without_plan(), data=data)
        new = replace(new, who=self.who if self.who in new.dataset.groups else "area")
        unseen = [code for code in new.dataset.units if code not in self.dataset.units]
        if data is not None and unseen:
            new = replace(new, unit=unseen[0])
        elif self.unit not in new.dataset.units:
            new = replace(new, unit=_first_unit(new))
        known = {area: levers for area, levers in plan.items() if new._knows(area)}
        if moved is not None:
            known[new._key()] = moved
        return new._with_plan(known)

    def _knows(self, area: str) -> bool:
        try:
            self.dataset.resolve(area)
        except UnknownNameError:
            return False
        return True

    def changed(self) -> dict[str, Any]:
        """What is assumed other than in the reference, without plan and geography."""
        base = reference_of(self.scenario.setting.geography)
        return self.scenario.without_plan().changes_from(base)

    def assumes_otherwise(self) -> bool:
        """Whether anything but names and the reading of the prize differs from the reference."""
        changed = self.changed()
        prize = {name: value for name, value in changed.pop("prize", {}).items() if name != "basis"}
        return bool(prize or changed.keys() - {"title", "question"})

    def _with_plan(self, plan: Mapping[str, Any]) -> "Choice":
        return replace(self, scenario=self.scenario.model_copy(update={"plan": plan}))

    def entry(self) -> str | None:
        """The plan's entry for where the levers move, under whatever name it has one."""
        codes = self._codes()
        for area in self.scenario.plan:
            try:
                if self.dataset.resolve(area) == codes:
                    return area
            except UnknownNameError:
                continue
        return None

    def _key(self) -> str:
        """The name under which a new entry of the plan is written."""
        dataset = self.dataset
        return self.actor if self.actor in dataset.groups else dataset.units[self.actor]

    def _codes(self) -> tuple[str, ...]:
        return self.dataset.groups.get(self.actor) or (self.actor,)


def start() -> Choice:
    """What a new visitor sees: the reference, on the figures that the app was started with."""
    return Choice(reference(), _HOME).use(own_figures())


def geographies() -> tuple[str, ...]:
    """Sets of areas that there are to choose from."""
    data = own_figures()
    return (*GEOGRAPHIES, OWN) if data is not None and data.geography == OWN else GEOGRAPHIES


@cache
def own_figures() -> Dataset | None:
    """Figures of the folder that ``GAINSMODEL_DATA`` names, if it names one."""
    folder = os.environ.get("GAINSMODEL_DATA")
    return read_gva(folder, None) if folder else None


def _lever_order(lever: str) -> tuple[int, str]:
    return (LEVERS.index(lever) if lever in LEVERS else len(LEVERS), lever)


def _first_unit(choice: Choice) -> str:
    """The home area where the geography has it, else its first."""
    known = choice.dataset.units
    return _HOME if _HOME in known else next(iter(known))


@cache
def reference() -> Scenario:
    """The scenario that every visitor begins with."""
    return load_scenario("reference")


@cache
def reference_of(geography: str) -> Scenario:
    """The same for other areas."""
    return reference().edit({"setting.geography": geography})


@lru_cache(64)
def _costs(scenario: Scenario, dataset: Dataset) -> pl.DataFrame:
    return lever_costs(scenario, dataset)
