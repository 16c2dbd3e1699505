"""What a scenario holds, and the edits that may be made to it.

Symbols and meanings are those of the model description; every number comes from a scenario
file, none stands here.
"""

import hashlib
import json
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from operator import eq
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import (
    Field,
    PrivateAttr,
    model_validator,
)

from gainsmodel.checks import did_you_mean
from gainsmodel.errors import ScenarioError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.scenario.conditioned import Conditioned
from gainsmodel.scenario.distributions import (
    Z95,
    Logitnormal,
    Lognormal,
    Model,
    logistic,
    logit,
)
from gainsmodel.scenario.levers import Lever, Planned
from gainsmodel.scenario.merge import difference, merge, unfold
from gainsmodel.scenario.messages import KeyPath, dotted, problem, validate
from gainsmodel.scenario.migration import migrated
from gainsmodel.scenario.parameters import PARAMETERS, Parameters
from gainsmodel.scenario.quantities import (
    SPREAD_PARAMETERS,
    Line,
    Name,
    Note,
    Origin,
    Quantity,
    Short,
    SpreadName,
    Text,
)
from gainsmodel.scenario.structures import (
    MOST,
    Axis,
    Structure,
    changed_in,
    crossed,
    impossible,
)

PriceYear = Annotated[int, Field(ge=1998, le=2040)]


class Prize(Quantity):
    """The national prize whose split is asked for."""

    basis: Literal["final_year", "share_of_economy", "cumulative"] = Field(
        description="reading: the stated £ a year in the last year; a share of the economy in "
        "that year; or the stated £ as a sum over all years"
    )
    price_year: PriceYear = Field(description="year in whose money it is stated")
    share_of_economy: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        description="the prize as a share of the UK's GVA in the last year"
    )


class ReadinessWeights(Model):
    """Weights of the proxies that make up readiness."""

    gigabit_share: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
    digital_sector_share: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.gigabit_share + self.digital_sector_share <= 0:
            raise problem(((), "at least one weight must be above 0"))
        return self


class Setting(Model):
    """What is modelled, over which years, by which structure."""

    geography: Literal["mayoral", "itl1", "local_authority", "mayoral_2026", "own"] = Field(
        description="which areas; own: those of the folder given with --data"
    )
    start_year: int = Field(ge=2023, le=2040, description="year 0, 2023 to 2040")
    horizon_years: int = Field(ge=1, le=40, description="number of years, 1 to 40")
    price_year: PriceYear = Field(
        description="all money is in its prices; a year with a published GDP deflator"
    )
    curve: Literal["bass", "logistic", "gompertz"] = Field(description="diffusion family")
    lever_delay_years: Annotated[float, Field(ge=0, le=40, allow_inf_nan=False)] = Field(
        description="years added to the start of every lever, 0 to 40"
    )
    spillover_decay_km: Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)] = Field(
        description="distance over which spillover falls by a factor e, km"
    )
    share_floor: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        description="shares use the draws whose national gain exceeds this share of GVA"
    )
    readiness_weights: ReadinessWeights
    normalise_start: bool = Field(
        False, description="whether the UK's start is moved to the stated initial adoption"
    )


class Technology(Model):
    """A digital technology."""

    label: Short


class DiscountRate(Model):
    """A real discount rate and the year from which it holds."""

    from_year: int = Field(ge=0, le=1000, description="years after the start")
    rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        description="share a year, real"
    )


class Discounting(Origin):
    """The discount rates, and when they were in force."""

    rates: Annotated[tuple[DiscountRate, ...], Field(strict=False, min_length=1, max_length=20)]
    dated: Note = Field("", description="date at which the rates were in force, in quotes")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        years = [rate.from_year for rate in self.rates]
        if years[0] != 0:
            raise problem((("rates", 0, "from_year"), f"must be 0; found {years[0]}"))
        if any(a >= b for a, b in pairwise(years)):
            raise problem((("rates",), "from_year must increase from each entry to the next"))
        return self


class Correlation(Model):
    """Correlation of two spread parameters of the same cell, on the normal scale."""

    between: Annotated[tuple[SpreadName, SpreadName], Field(strict=False)]
    value: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
    source: Text
    evidence: Literal["published", "derived", "judgement"]
    note: Note = ""


class NamedData(NamedTuple):
    """The folder of own figures that a scenario's file names, and where it does."""

    folder: Path
    place: str


class Scenario(ShownInNotebooks, Model):
    """Everything assumed and everything done: all that a run needs but the data.

    Build one with `gainsmodel.load_scenario` or `from_dict`; change one with `edit`.
    """

    schema_version: Literal[2] = Field(description="version of this file format: 2")
    title: Annotated[Line, Field(max_length=200)] = Field(description="a few words")
    question: Text = Field(description="the question the scenario answers")
    setting: Setting
    prize: Annotated[Prize, PARAMETERS["prize"]]
    technologies: dict[Name, Technology] = Field(min_length=1, max_length=16)
    parameters: Parameters
    discounting: Discounting
    correlations: Annotated[tuple[Correlation, ...], Field(strict=False, max_length=10)] = Field(
        (), description="between spread parameters"
    )
    levers: dict[Name, Lever] = Field(default_factory=dict, max_length=20)
    plan: dict[Annotated[Line, Field(max_length=100)], dict[Name, Planned]] = Field(
        default_factory=dict,
        max_length=500,
        description="for each area (name, code or group) the intensity of each lever",
    )

    structure: Annotated[tuple[Structure, ...], Field(strict=False, max_length=MOST)] = Field(
        (), description="structures of the model among which futures are shared out by weight"
    )
    structure_axis: Annotated[tuple[Axis, ...], Field(strict=False, max_length=10)] = Field(
        (), description="instead: respects in which structures differ, every combination being one"
    )

    conditioned: Conditioned | None = Field(
        None, description="futures that evidence has chosen, as gainsmodel condition writes them"
    )

    # Where a file names each area of the plan, since only the figures can tell unknown areas.
    _places: dict[str, str] = PrivateAttr(default_factory=dict)
    _data: NamedData | None = PrivateAttr(None)
    _migration: tuple[str, ...] = PrivateAttr(())
    _hash: int | None = PrivateAttr(None)
    _reference: Any = PrivateAttr(None)
    _differing: frozenset[KeyPath] | None = PrivateAttr(None)

    def describe(self) -> str:
        """In a few words: title, length, and in how many places a plan moves levers."""
        first = self.setting.start_year
        plan = f"plans for {len(self.plan):,}" if self.plan else "no plan"
        return f"{self.title!r}, {first} to {first + self.setting.horizon_years}, {plan}"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found = [*self._unknown_names(), *self._impossible_correlations()]
        found = found or [*self._impossible_structures()]
        if self.conditioned and (self.structure or self.structure_axis):
            found.append((("conditioned",), "cannot stand beside several structures"))
        if found:
            raise problem(*found)
        return self

    def _unknown_names(self) -> Iterator[tuple[KeyPath, str]]:
        for name in (*SPREAD_PARAMETERS, "sector_odds_ratio", "area_odds_ratio"):
            for technology in getattr(self.parameters, name).by_technology:
                if technology not in self.technologies:
                    hint = did_you_mean(technology, self.technologies)
                    path: KeyPath = ("parameters", name, "by_technology", technology)
                    yield path, f"no such technology{hint}"
        for technology in self.technologies:
            if technology not in self.parameters.initial_adoption.by_technology:
                path = ("parameters", "initial_adoption", "by_technology")
                yield path, f"has no entry for the technology '{technology}'"
        for area, levers in self.plan.items():
            for lever in levers:
                if lever not in self.levers:
                    hint = did_you_mean(lever, self.levers)
                    yield ("plan", area, lever), f"no such lever{hint}"

    def _impossible_correlations(self) -> Iterator[tuple[KeyPath, str]]:
        # A level can carry at most the geometric mean of the two parameters' shares in it.
        matrix = np.eye(len(SPREAD_PARAMETERS))
        for n, correlation in enumerate(self.correlations):
            a, b = correlation.between
            path: KeyPath = ("correlations", n)
            i, j = SPREAD_PARAMETERS.index(a), SPREAD_PARAMETERS.index(b)
            if i == j:
                yield (*path, "between"), "must name two different parameters"
                continue
            if matrix[i, j]:
                yield (*path, "between"), f"stands twice for {a} and {b}"
            shares = zip(
                self.parameters.spread(a).spread.shares(),
                self.parameters.spread(b).spread.shares(),
                strict=True,
            )
            most = float(sum((v * w) ** 0.5 for v, w in shares))
            if abs(correlation.value) > most + 1e-12:
                limit = f"{a} and {b} can be at most {most:.3g} either way"
                hint = f"with these spread shares the correlation of {limit}"
                yield (*path, "value"), f"{hint}; found {correlation.value:g}"
            elif most:
                matrix[i, j] = matrix[j, i] = correlation.value / most
        if np.linalg.eigvalsh(matrix)[0] < -1e-9:
            yield ("correlations",), "cannot all hold at once; bring them nearer to 0"

    def _impossible_structures(self) -> Iterator[tuple[KeyPath, str]]:
        if self.structure or self.structure_axis:
            yield from impossible(self.structure, self.structure_axis, self._of_one_structure)

    def _of_one_structure(self) -> Self:
        return type(self).from_dict(self.to_dict() | {"structure": [], "structure_axis": []})

    def every_structure(self) -> tuple[Structure, ...]:
        """Give the structures as they are listed, or crossed from axes; none if there is one."""
        return self.structure or crossed(self.structure_axis)

    @property
    def has_no_innovation(self) -> bool:
        """Whether nobody adopts without having seen others do so, in any structure."""
        one = not self.differs_between_structures("setting.curve")
        return one and self.setting.curve != "bass"

    def differs_between_structures(self, key: str) -> bool:
        """Say whether a key path, such as ``parameters.ceiling``, or what is in it, differs."""
        if self._differing is None:
            every = [choice for axis in self.structure_axis for choice in axis.choice]
            self._differing = (
                changed_in([*self.structure, *every], self._of_one_structure())
                if self.structure or every
                else frozenset()
            )
        asked = tuple(key.split("."))
        return any(all(map(eq, path, asked)) for path in self._differing)

    def structures(self) -> list[tuple[Structure, "Scenario"]]:
        """Give each structure with the scenario that it makes; none if there is only this one.

        Raises
        ------
        ScenarioError
            Where choices of several axes cannot be made together.
        """
        if not (every := self.every_structure()):
            return []
        plain = self._of_one_structure()
        made = []
        for of in every:
            try:
                made.append((of, self._kept_on_its_figures(plain.edit(of.overrides))))
            except ScenarioError as error:
                told = str(error).removeprefix("edit: ")
                raise ScenarioError(f"structure {of.name!r}: {told}") from None
        return made

    def place(self, area: str) -> str:
        """Say in which file and line the plan names an area: "x.toml, line 3: ", or nothing."""
        return self._places.get(area, "")

    @property
    def data(self) -> NamedData | None:
        """The folder of own figures to run on; known by its content only, so no part of these."""
        return self._data

    @property
    def migration(self) -> tuple[str, ...]:
        """What was done to read files of an older format, or of none stated, in sentences."""
        return self._migration

    def _tell(self, steps: Iterable[str]) -> None:
        """Keep what was done to read it, and warn of each step."""
        self._migration = tuple(steps)
        for step in self._migration:
            warnings.warn(step, stacklevel=4)

    def __eq__(self, other: object) -> bool:
        """Compare what is assumed and planned, not where it was read."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Agree with equality; kept, and the same in every process, since it is pickled along."""
        if self._hash is None:
            written = json.dumps(self.to_dict(), sort_keys=True).encode()
            self._hash = int.from_bytes(hashlib.sha256(written).digest()[:8])
        return hash(self._hash)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build a scenario from a complete nested dict, such as `to_dict` gives.

        Raises
        ------
        ScenarioError
            If anything in it is missing, unknown or not allowed.
        """
        found, steps = migrated(data)
        scenario = validate(cls, found, lambda _: "scenario: ")
        scenario._tell(steps)
        return scenario

    def to_dict(self) -> dict[str, Any]:
        """Give the complete scenario as plain dicts, lists, text and numbers."""
        return self.model_dump(mode="json", exclude_none=True)

    def ranges_missed(self) -> Iterator[tuple[str, tuple[float, float], tuple[float, float]]]:
        """Go through the stated 90% ranges that the simulation does not meet.

        The width of a range gives σ and the median stays, so a median off the middle shifts
        the range. Yields key path, stated range and simulated range, where an end is off by
        more than a twentieth of itself.
        """
        for path, distribution in _ranges(self, ()):
            core = distribution.if_not_zero().core()
            scale, back = (
                (math.log, math.exp) if distribution.kind == "lognormal" else (logit, logistic)
            )
            stated = (distribution.p05 or 0.0, distribution.p95 or 0.0)
            middle, reach = scale(core["median"]), Z95 * core["sigma"]
            simulated = (back(middle - reach), back(middle + reach))
            if any(abs(a / b - 1) > 0.05 for a, b in zip(simulated, stated, strict=True)):
                yield dotted(path), stated, simulated

    def without_plan(self) -> Self:
        """Give the reference of this scenario: the same with no lever moved anywhere."""
        if not self.plan:
            return self
        if self._reference is None:
            # What is allowed with a plan is allowed without, so nothing is validated again.
            self._reference = self._kept_on_its_figures(self._planning({}))
        reference: Self = self._reference
        return reference

    def changes_from(self, base: "Scenario") -> dict[str, Any]:
        """Give what `edit` must change in a base to arrive here, as nested plain values.

        Entries that only the base has (a lever, an area of the plan) cannot be told so.
        """
        return difference(self.to_dict(), base.to_dict())

    def moved_levers(self) -> list[str]:
        """Give the levers that the plan moves in any area, in the order they are listed."""
        return [
            lever
            for lever in self.levers
            if any(lever in plan and plan[lever].intensity > 0 for plan in self.plan.values())
        ]

    def require_plan(self, purpose: str, area: str = "Greater Manchester") -> None:
        """Refuse a question about a plan where no lever is moved.

        Raises
        ------
        ScenarioError
            With the purpose ("nothing to …") and an entry for `area` that would make a plan.
        """
        if not self.moved_levers():
            raise ScenarioError(
                f"plan: no lever is moved in any area, so there is nothing to {purpose}; set one, "
                f'such as plan."{area}".skills = 1.0'
            )

    def edit(self, changes: Mapping[str, Any]) -> Self:
        """Change some entries, validated as a whole.

        A changed figure without a source of its own is marked as judgement.

        Parameters
        ----------
        changes : mapping
            Dotted keys or nested mappings to new values, merged as an extending file is:
            ``{"parameters.imitation.value": 0.5, 'plan."Greater Manchester".skills': 1.0}``.

        Raises
        ------
        ScenarioError
            If the result is not allowed.
        """
        try:
            merged = merge(self.to_dict(), unfold(changes), "an edit")
        except RecursionError:
            raise ScenarioError("edit: is nested too deeply") from None
        return self._kept_on_its_figures(validate(type(self), merged, lambda _: "edit: "))

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """Copy with some fields replaced, validated; it runs on the same figures."""
        other = super().model_copy(update=update, deep=deep)
        if update and update.keys() == {"plan"}:
            # Many plans on the same assumptions share these, and one reference.
            other = self._planning(other.plan)
            other._reference = self.without_plan()
        return self._kept_on_its_figures(other)

    def _planning(self, plan: dict[str, dict[str, Planned]]) -> Self:
        """Give the same assumptions with another plan, which must be valid."""
        made: Any = self.model_construct(**{**self.__dict__, "plan": plan})
        other: Self = made
        return other

    def _kept_on_its_figures(self, other: Self) -> Self:
        other._data = self._data
        return other


def _ranges(node: object, path: KeyPath) -> Iterator[tuple[KeyPath, Lognormal | Logitnormal]]:
    """Find the distributions that are stated by a 90% range."""
    if isinstance(node, Lognormal | Logitnormal):
        if node.p05 is not None:
            yield path, node
    elif isinstance(node, Model | Mapping):
        for key, value in node.items() if isinstance(node, Mapping) else node:
            yield from _ranges(value, (*path, key))
