"""What a visitor has chosen: a scenario, whose answer is shown, and how it is run.

Pure values: nothing here knows Streamlit. An address (link) is one way of writing a choice,
a scenario file another.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from gainsmodel import (
    Dataset,
    GainsModelError,
    Scenario,
    Settings,
    UnknownNameError,
    build_info,
    lever_costs,
    load_dataset,
    load_scenario,
    read_gva,
)
from gainsmodel.data import OWN

LEVERS = ("leadership", "open_data", "inclusion", "skills", "connectivity")
BASES = {"final_year": "£208bn a year by {year}", "cumulative": "£208bn over {years}"}
GEOGRAPHIES = ("mayoral", "itl1", "local_authority")
OWN_AREAS_MISSING = (
    "This link is about areas of somebody’s own, which no link holds: use their folder of figures "
    "under Assumptions, then open the link again."
)
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
MOST_DRAWS = 1_000_000
# A longer address is cut by mail programs and some servers.
LONGEST_CHANGES = 4_000
_HOME = "E47000001"
# Old spellings of what an address may hold, to what they mean now.
ALIASES = {"basis": {"annual": "final_year", "decade": "cumulative"}}


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
        plan = self.scenario.plan.get(self._entry() or "", {}).get(lever)
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
        entry = self._entry() or self._key()
        plan = {area: dict(levers) for area, levers in self.scenario.plan.items()}
        plan.setdefault(entry, {})[lever] = planned  # type: ignore[assignment]
        if set(planned) == {"intensity"} and intensity == 0:
            del plan[entry][lever]
        return self._with_plan({area: levers for area, levers in plan.items() if levers})

    def set_all(self, percents: Iterable[int]) -> "Choice":
        """Set the guide's five, with the levers' own times; other levers go to zero."""
        plan = {area: dict(levers) for area, levers in self.scenario.plan.items()}
        entry = self._entry() or self._key()
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
        old = self._entry()
        if self.who != "area" or old is None or new._entry() is not None:
            return new
        plan = dict(self.scenario.plan)
        plan[new._key()] = plan.pop(old)
        return new._with_plan(plan)

    def let_act(self, who: str) -> "Choice":
        """Let others, or more of them, move the same levers."""
        new = replace(self, who=who)
        old = self._entry()
        if old is None:
            return new
        plan = dict(self.scenario.plan)
        moved = plan.pop(old)
        return new._with_plan(plan | {new._key(): moved})

    def elsewhere(self) -> tuple[str, ...]:
        """Where else the plan moves levers, as the scenario names it."""
        return tuple(area for area in self.scenario.plan if area != self._entry())

    def check(self) -> None:
        """See that the plan can be carried out in these areas.

        Raises
        ------
        ScenarioError
            If it names an unknown area or contradicts itself.
        """
        lever_costs(self.scenario, self.dataset)

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
        if new._entry() is None and len(scenario.plan) == 1:
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
        mine = self._entry() if self.who == "area" else None
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
        base = _reference().edit({"setting.geography": self.scenario.setting.geography})
        return self.scenario.without_plan().changes_from(base)

    def assumes_otherwise(self) -> bool:
        """Whether anything but names and the reading of the prize differs from the reference."""
        changed = self.changed()
        prize = {name: value for name, value in changed.pop("prize", {}).items() if name != "basis"}
        return bool(prize or changed.keys() - {"title", "question"})

    def query(self) -> dict[str, str]:
        """The choice as the parameters of an address, complete.

        Own figures are not in it, nor changes too long for an address (`too_long`).
        """
        out = {
            "area": self.unit_name,
            "basis": self.scenario.prize.basis,
            "geography": self.scenario.setting.geography,
            "who": self.who,
        }
        for lever in LEVERS:
            if lever in self.scenario.levers:
                known = self.scenario.levers[lever]
                intensity, start, ramp = self.planned(lever)
                out[lever] = f"{Decimal(repr(intensity)).scaleb(2).normalize():f}"
                if (start, ramp) != (known.start_years, known.ramp_years):
                    out[f"{lever}_when"] = f"{_text(start)},{_text(ramp)}"
        out |= {"futures": str(self.draws), "seed": str(self.seed), "sampler": self.sampler}
        changes = self._changes_text()
        if changes and not self.too_long():
            out["changes"] = changes
        return out | {"v": str(build_info()["version"])}

    def too_long(self) -> bool:
        """Whether an address cannot hold the changed assumptions.

        They may be too many; and that a lever or a technology of the reference is gone cannot
        be told as a change.
        """
        if len(self._changes_text()) > LONGEST_CHANGES:
            return True
        base = _reference().edit({"setting.geography": self.scenario.setting.geography})
        return base.edit(self.changed()) != self.scenario.without_plan()

    def _changes_text(self) -> str:
        changes = self.changed()
        basis = changes.get("prize", {})
        basis.pop("basis", None)
        if not basis:
            changes.pop("prize", None)
        plan = self.scenario.to_dict()["plan"]
        if (own := self._entry()) is not None:
            # The guide's five have parameters of their own.
            plan[own] = {name: lever for name, lever in plan[own].items() if name not in LEVERS}
        if plan := {area: levers for area, levers in plan.items() if levers}:
            changes["plan"] = plan
        return json.dumps(changes, ensure_ascii=False, separators=(",", ":")) if changes else ""

    def _with_plan(self, plan: Mapping[str, Any]) -> "Choice":
        return replace(self, scenario=self.scenario.model_copy(update={"plan": plan}))

    def _entry(self) -> str | None:
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
    return Choice(_reference(), _HOME).use(own_figures())


def geographies() -> tuple[str, ...]:
    """Sets of areas that there are to choose from."""
    data = own_figures()
    return (*GEOGRAPHIES, OWN) if data is not None and data.geography == OWN else GEOGRAPHIES


@cache
def own_figures() -> Dataset | None:
    """Figures of the folder that ``GAINSMODEL_DATA`` names, if it names one."""
    folder = os.environ.get("GAINSMODEL_DATA")
    return read_gva(folder, None) if folder else None


def from_query(params: Mapping[str, str], data: Dataset | None = None) -> tuple[Choice, list[str]]:
    """Read an address.

    Parameters
    ----------
    params : mapping
    data : Dataset, optional
        Own figures in use, which no address holds; kept where it asks for their geography.

    Returns
    -------
    choice : Choice
        What it asks for, as far as that is known and allowed.
    notices : list of str
        What was not, in words.
    """
    notices: list[str] = []
    choice = start()
    data = own_figures() if data is None else data
    if params.get("geography") == OWN and (data is None or data.geography != OWN):
        notices.append(OWN_AREAS_MISSING)
        params = {name: text for name, text in params.items() if name not in ("geography", "area")}
    known = GEOGRAPHIES if data is None else tuple(dict.fromkeys((*GEOGRAPHIES, data.geography)))
    wanted = _one_of(params, "geography", known, choice.scenario.setting.geography, notices)
    if data is not None and wanted == data.geography:
        choice = choice.use(data)
    elif wanted != choice.scenario.setting.geography:
        choice = choice.edit({"setting.geography": wanted})
    # In the changes may be plans for areas, which only their geography knows.
    if text := params.get("changes"):
        choice = _changed(choice, text, notices)
    basis = _one_of(params, "basis", tuple(BASES), choice.scenario.prize.basis, notices)
    if basis != choice.scenario.prize.basis:
        choice = choice.edit({"prize.basis": basis})
    choice = replace(
        choice,
        sampler=_one_of(params, "sampler", tuple(SAMPLERS), choice.sampler, notices),
        draws=_whole(params, "futures", 1, MOST_DRAWS, choice.draws, notices),
        seed=_whole(params, "seed", 0, 2**64 - 1, choice.seed, notices),
    )
    named = {name.casefold(): code for code, name in choice.dataset.units.items()}
    if area := params.get("area"):
        code = named.get(area.casefold())
        if code is None:
            notices.append(
                f"This link asked for area ‘{area[:60]}’, which we do not know. "
                f"Showing {choice.unit_name}."
            )
        else:
            choice = replace(choice, unit=code)
    groups = ("area", *(group for group in WHO if group in choice.dataset.groups))
    # Whatever plan an address holds is for the areas it names: none goes along.
    choice = replace(choice, who=_one_of(params, "who", groups, choice.who, notices))
    for lever in LEVERS:
        choice = _moved(choice, lever, params, notices)
    version = str(build_info()["version"])
    if params.get("v", version) != version:
        notices.append(
            f"This link was made with version {params['v'][:20]}; this is version {version}. "
            "Results may differ."
        )
    return choice, notices


def _moved(choice: Choice, lever: str, params: Mapping[str, str], notices: list[str]) -> Choice:
    label = choice.scenario.levers[lever].label
    percent = _number(params, lever, 0, 100, 0.0, f"{label}, in per cent", notices)
    start = ramp = None
    if when := params.get(f"{lever}_when"):
        try:
            start, ramp = (float(part) for part in when.split(","))
            if not (0 <= start <= 40 and 0 <= ramp <= 40):
                raise ValueError
        except ValueError:
            start = ramp = None
            notices.append(
                f"This link asked for ‘{when[:40]}’ as start and years to full strength of "
                f"{label}, which must be two numbers from 0 to 40. Using the lever’s own."
            )
    if not percent and start is None:
        return choice
    intensity = percent / 100
    if percent:
        # A division would not give back every share to the last digit.
        with suppress(ValueError):
            intensity = float(f"{params[lever].strip()}e-2")
    return choice.move(lever, intensity=intensity, start=start, ramp=ramp)


def _changed(choice: Choice, text: str, notices: list[str]) -> Choice:
    try:
        changes = json.loads(text) if len(text) <= 4 * LONGEST_CHANGES else None
        if not isinstance(changes, dict):
            raise ValueError
        new = choice.adopt(choice.scenario.edit(changes))
        new.check()
        return new
    except (GainsModelError, ValueError, RecursionError) as error:
        why = f": {str(error)[:300]}" if isinstance(error, GainsModelError) else "."
        notices.append(f"This link’s changed assumptions could not be used{why}")
        return choice


def _one_of(
    params: Mapping[str, str], name: str, allowed: tuple[Any, ...], default: Any, notices: list[str]
) -> Any:
    value = params.get(name, default)
    value = ALIASES.get(name, {}).get(value, value)
    if value in allowed:
        return value
    notices.append(
        f"This link asked for {name} ‘{value[:60]}’; there are {', '.join(allowed)}. "
        f"Using {default}."
    )
    return default


def _number(
    params: Mapping[str, str],
    name: str,
    low: float,
    high: float,
    default: float,
    what: str,
    notices: list[str],
) -> float:
    text = params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
        if low <= value <= high:
            return value
    except ValueError:
        pass
    notices.append(
        f"This link asked for ‘{text[:40]}’ as {what}, which must be from {low:g} to {high:g}. "
        f"Using {default:g}."
    )
    return default


def _whole(
    params: Mapping[str, str], name: str, low: int, high: int, default: int, notices: list[str]
) -> int:
    text = params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 21 and low <= int(text) <= high:
        return int(text)
    notices.append(
        f"This link asked for ‘{text[:40]}’ as {name}, which must be a whole number from {low:,} "
        f"to {high:,}. Using {default:,}."
    )
    return default


def _text(years: float) -> str:
    return repr(years).removesuffix(".0")


def _lever_order(lever: str) -> tuple[int, str]:
    return (LEVERS.index(lever) if lever in LEVERS else len(LEVERS), lever)


def _first_unit(choice: Choice) -> str:
    """The home area where the geography has it, else its first."""
    known = choice.dataset.units
    return _HOME if _HOME in known else next(iter(known))


@cache
def _reference() -> Scenario:
    return load_scenario("reference")
