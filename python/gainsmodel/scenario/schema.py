"""What a scenario holds, and the edits that may be made to it.

Symbols and meanings are those of the model description; every number comes from a scenario
file, none stands here.
"""

import json
import math
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from gainsmodel.errors import ScenarioError
from gainsmodel.scenario.distribution import (
    Z95,
    Bounds,
    Distribution,
    Fixed,
    Logitnormal,
    Lognormal,
    Model,
    Number,
    Probability,
    logistic,
    logit,
)
from gainsmodel.scenario.merge import difference, merge, unfold
from gainsmodel.scenario.problems import KeyPath, did_you_mean, dotted, problem, validate

Sector = Literal[
    "AB", "C", "DE", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T"
]
SpreadName = Literal[
    "initial_adoption", "innovation", "imitation", "ceiling", "productivity_effect"
]
SECTORS: tuple[Sector, ...] = get_args(Sector)
SPREAD_PARAMETERS: tuple[SpreadName, ...] = get_args(SpreadName)
LEVELS = ("nation", "technology", "area", "sector", "cell")
LEVER_TARGETS = ("innovation", "imitation", "ceiling", "productivity_effect")
FILE_VERSION = 1


def _printable(text: str) -> str:
    # Nearly every text is, and is known to be at once.
    for c in "" if text.isprintable() else text:
        if unicodedata.category(c) in ("Cc", "Cs") and c != "\n":
            raise problem(((), f"must not hold the control character {c!a}"))
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise problem(((), "must be a single line"))
    if not text.strip():
        raise problem(((), "must not be empty"))
    return text


Line = Annotated[str, AfterValidator(_printable), AfterValidator(_one_line)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Note = Annotated[str, Field(max_length=2000), AfterValidator(_printable)]
Text = Annotated[Line, Field(max_length=1000)]
Short = Annotated[Line, Field(max_length=100)]
Years = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Origin(Model):
    """Where a figure comes from."""

    unit: Short = Field(description="unit of the figure")
    source: Text = Field(description="who published or judged it, and when")
    evidence: Literal["published", "derived", "judgement"] = Field(
        description="published by the source, derived from published figures, or judgement"
    )
    note: Note = Field("", description="anything a reader should know")
    owner: Short | None = Field(None, description="who answers for the figure")
    dated: Short | None = Field(None, description="when it held or was last looked at, in quotes")


class Quantity(Origin):
    """A figure: one value, or a distribution."""

    value: Number | None = Field(None, description="one certain value; instead of a distribution")
    distribution: Distribution | None = Field(None, description="instead of a value")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.value is None and self.distribution is None:
            raise problem(((), "needs a value or a distribution"))
        if self.value is not None and self.distribution is not None:
            raise problem(((), "has both a value and a distribution; keep one of them"))
        return self

    def figure(self) -> Distribution:
        """Give the distribution; a value is a fixed one."""
        if self.distribution is not None:
            return self.distribution
        assert self.value is not None
        return Fixed(kind="fixed", value=self.value)

    def stated(self) -> Iterator[tuple[KeyPath, Distribution]]:
        """Go through the distributions stated here, each with its key path."""
        yield ("value" if self.distribution is None else "distribution",), self.figure()


class Constant(Origin):
    """A figure that is the same in every draw."""

    value: Annotated[float, Field(ge=-0.2, le=0.2, allow_inf_nan=False)]

    @model_validator(mode="before")
    @classmethod
    def _certain(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "distribution" in data:
            raise problem((("distribution",), "is not possible here; use value"))
        return data


Real = Annotated[Quantity, Bounds()]
NonNegative = Annotated[Quantity, Bounds(0)]
Share = Annotated[Quantity, Bounds(0, 1)]


class Spread(Model):
    """How the variance is shared between levels that move together."""

    nation: Probability
    technology: Probability
    area: Probability
    sector: Probability
    cell: Probability

    @model_validator(mode="after")
    def _sum(self) -> Self:
        total = sum(self.shares())
        if abs(total - 1) > 1e-9:
            raise problem(((), f"shares must sum to 1; they sum to {total:.10g}"))
        return self

    def shares(self) -> tuple[float, ...]:
        """Give the shares in the order of `LEVELS`."""
        return tuple(getattr(self, level) for level in LEVELS)


class _ByTechnology(Model):
    @model_validator(mode="before")
    @classmethod
    def _pass_unit_on(cls, data: Any) -> Any:
        """Give technologies the unit of the parameter they belong to."""
        if not isinstance(data, Mapping) or "unit" not in data:
            return data
        entries = data.get("by_technology")
        if not isinstance(entries, Mapping):
            return data
        unit = {"unit": data["unit"]}
        filled = {k: unit | dict(v) if isinstance(v, Mapping) else v for k, v in entries.items()}
        return {**data, "by_technology": filled}


class SpreadQuantity(_ByTechnology, Quantity):
    """A figure for every technology, with its variance shared between levels."""

    spread: Spread
    by_technology: dict[Name, Quantity] = Field(
        default_factory=dict, description="technologies that differ"
    )

    def of(self, technology: str) -> Distribution:
        """Give one technology's distribution."""
        return self.by_technology.get(technology, self).figure()

    def stated(self) -> Iterator[tuple[KeyPath, Distribution]]:
        """Go through the distributions stated here, each with its key path."""
        yield from super().stated()
        yield from _stated(self.by_technology)


class InitialAdoption(_ByTechnology):
    """Adoption at the start, technology by technology."""

    unit: Short
    note: Note = ""
    spread: Spread
    by_technology: dict[Name, Quantity] = Field(description="one entry for every technology")

    def of(self, technology: str) -> Distribution:
        """Give one technology's distribution."""
        return self.by_technology[technology].figure()

    def stated(self) -> Iterator[tuple[KeyPath, Distribution]]:
        """Go through the distributions stated here, each with its key path."""
        yield from _stated(self.by_technology)


def _stated(entries: Mapping[str, Quantity]) -> Iterator[tuple[KeyPath, Distribution]]:
    for name, entry in entries.items():
        for path, distribution in entry.stated():
            yield ("by_technology", name, *path), distribution


def _number_to_fixed(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"kind": "fixed", "value": value} if number else value


def _fixed_to_number(value: Distribution) -> object:
    return value.value if isinstance(value, Fixed) else value.model_dump(exclude_none=True)


class OddsRatios(Origin):
    """Odds ratios of initial adoption by sector; a sector left out has 1."""

    values: dict[
        Sector,
        Annotated[
            Distribution,
            BeforeValidator(_number_to_fixed, json_schema_input_type=float | Distribution),
            PlainSerializer(_fixed_to_number),
        ],
    ] = Field(description="sector to a number or a distribution, above 0")

    @model_validator(mode="after")
    def _positive(self) -> Self:
        bounds = Bounds(0, above_low=True)
        found = [(s, words) for s, d in self.values.items() if (words := bounds.problem(d))]
        if found:
            raise problem(*((("values", s), words) for s, words in found))
        return self


_EVEN_ODDS = Fixed.model_construct(kind="fixed", value=1.0)


class SectorOddsRatio(_ByTechnology):
    """Odds ratios of initial adoption by technology and sector."""

    unit: Short
    note: Note = ""
    by_technology: dict[Name, OddsRatios] = Field(default_factory=dict)

    def of(self, technology: str, sector: Sector) -> Distribution:
        """Give the distribution for one technology and sector."""
        stated = self.by_technology.get(technology)
        distribution = stated.values.get(sector) if stated else None
        return distribution or _EVEN_ODDS


class TakeUp(Quantity):
    """Share of a lever's planned intensity that is realised."""

    shared_variance: Probability = Field(description="share of the variance common to all areas")


class Switched(Quantity):
    """An adjustment that can be switched on."""

    enabled: bool


class Prize(Quantity):
    """The national prize whose split is asked for."""

    basis: Literal["final_year", "cumulative"] = Field(
        description="what the prize and the shares mean: £ a year in the last year, or £ in all"
    )
    price_basis: Literal["as_published", "base_year"] = Field(
        description="nominal as published, or re-expressed in the prices of the base year"
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

    geography: Literal["mayoral", "itl1", "local_authority", "own"] = Field(
        description="which areas; own: those of the folder handed over with --data"
    )
    start_year: int = Field(ge=2023, le=2040, description="year 0, 2023 to 2040")
    horizon_years: int = Field(ge=1, le=40, description="number of years, 1 to 40")
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


class Technology(Model):
    """A digital technology."""

    label: Short


class Parameters(Model):
    """The uncertain figures of the model."""

    initial_adoption: Annotated[InitialAdoption, Bounds(0, 1)] = Field(
        description="a: share of activity that uses the technology at the start, 0 to 1"
    )
    sector_odds_ratio: SectorOddsRatio = Field(
        description="OR: odds of initial adoption in a sector over the UK's"
    )
    innovation: Annotated[SpreadQuantity, Bounds(0)] = Field(
        description="p: adoption without having seen adopters, a year"
    )
    imitation: Annotated[SpreadQuantity, Bounds(0)] = Field(
        description="q: adoption from seeing adopters, a year"
    )
    ceiling: Annotated[SpreadQuantity, Bounds(0, 1)] = Field(
        description="m: share of activity that will ever adopt, 0 to 1"
    )
    productivity_effect: Annotated[SpreadQuantity, Bounds()] = Field(
        description="β: uplift of GVA from full adoption of one technology, share of GVA"
    )
    lag_years: NonNegative = Field(description="τ: mean lag from adoption to effect, years")
    decay_per_year: Share = Field(description="δ: decay of the gain, share a year")
    spillover_share: Share = Field(description="θ: share of imitation from other areas")
    uplift_cap: Share = Field(description="cap on the stacked uplift, share of GVA")
    adoption_cost_share: NonNegative = Field(
        description="κ: one-off cost of full adoption of one technology, share of GVA"
    )
    readiness_slope_initial_adoption: Real = Field(
        description="γ_a: log odds per standard deviation of readiness"
    )
    readiness_slope_imitation: Real = Field(
        description="γ_q: log points per standard deviation of readiness"
    )
    readiness_slope_ceiling: Real = Field(
        description="γ_m: log odds per standard deviation of readiness"
    )
    readiness_slope_productivity_effect: Real = Field(
        description="γ_c: log points per standard deviation of readiness"
    )
    complements: Real = Field(
        description="log deviation of an area's productivity effect, one number an area"
    )
    growth_nation: Real = Field(description="g: real growth of the UK, share a year")
    growth_area: Real = Field(description="deviation of an area's growth, share a year")
    growth_sector: Real = Field(description="deviation of a sector's growth, share a year")
    growth_cell: Real = Field(description="deviation of a cell's growth, share a year")
    growth_to_start_year: Constant = Field(
        description="UK real growth after the last published year, share a year; a value only"
    )
    inflation_per_year: Constant = Field(
        description="GDP deflator after the last published year, share a year; a value only"
    )
    take_up: Annotated[TakeUp, Bounds(0, 1)] = Field(
        description="share of a lever's planned intensity that is realised, 0 to 1"
    )
    displacement: Annotated[Switched, Bounds(0, 1)] = Field(
        description="share of the levers' increment taken from elsewhere, 0 to 1"
    )
    leakage: Annotated[Switched, Bounds(0, 1)] = Field(
        description="share of the levers' increment that goes elsewhere, 0 to 1"
    )
    multiplier: Annotated[Switched, Bounds(0)] = Field(
        description="factor on the levers' increment for knock-on effects"
    )

    def spread(self, name: SpreadName) -> InitialAdoption | SpreadQuantity:
        """Give one of `SPREAD_PARAMETERS`."""
        parameter: InitialAdoption | SpreadQuantity = getattr(self, name)
        return parameter


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


class Effects(Model):
    """What a lever acts on: its effect at full take-up, added to a factor of 1."""

    innovation: NonNegative | None = Field(None, description="ε_p: added to the factor on p")
    imitation: NonNegative | None = Field(None, description="ε_q: added to the factor on q")
    ceiling: NonNegative | None = Field(
        None, description="ε_m: part of the gap between the ceiling and full adoption that closes"
    )
    productivity_effect: NonNegative | None = Field(
        None, description="ε_β: added to the factor on β"
    )


def _all_to_sectors(value: object) -> object:
    return SECTORS if value == "all" else value


def _sectors_to_all(value: tuple[Sector, ...]) -> object:
    return "all" if value == SECTORS else list(value)


def _distinct(value: tuple[Sector, ...]) -> tuple[Sector, ...]:
    twice = sorted({s for s in value if value.count(s) > 1})
    if twice:
        raise problem(((), f"must not name a sector twice: {', '.join(twice)}"))
    return value


class Lever(Model):
    """Something a mayor can do."""

    label: Short
    what: Text = Field(description="what is done, in one sentence")
    scope: Annotated[
        tuple[Sector, ...],
        Field(strict=False, min_length=1),
        BeforeValidator(
            _all_to_sectors, json_schema_input_type=Literal["all"] | tuple[Sector, ...]
        ),
        AfterValidator(_distinct),
        PlainSerializer(_sectors_to_all),
    ] = Field(description='sectors it acts in: "all" or a list such as ["J", "K"]')
    start_years: Years = Field(description="years from the start of the run until it begins")
    ramp_years: Years = Field(description="years from its beginning to full strength")
    cost_gbp_per_head_per_year: NonNegative = Field(
        description="£ per resident a year at full intensity"
    )
    # Made without a check, which would have the checks built at import.
    effects: Effects = Effects.model_construct()


class PlannedLever(Model):
    """A lever as one area means to use it; times left out are the lever's own."""

    intensity: Probability = Field(description="0, not at all, to 1, in full")
    start_years: Years | None = None
    ramp_years: Years | None = None

    @model_serializer(mode="wrap")
    def _short(self, handler: SerializerFunctionWrapHandler) -> Any:
        plain = self.start_years is None and self.ramp_years is None
        return self.intensity if plain else handler(self)


def _number_to_planned(value: object) -> object:
    return value if isinstance(value, Mapping | PlannedLever) else {"intensity": value}


Planned = Annotated[
    PlannedLever,
    BeforeValidator(_number_to_planned, json_schema_input_type=Probability | PlannedLever),
]


class NamedData(NamedTuple):
    """The folder of own figures that a scenario's file names, and where it does."""

    folder: Path
    place: str


class Scenario(Model):
    """Everything assumed and everything done: what a run needs beside the data.

    Build one with `gainsmodel.load_scenario` or `from_dict`; change one with `edit`.
    """

    schema_version: Literal[1] = Field(description="version of this file format: 1")
    title: Annotated[Line, Field(max_length=200)] = Field(description="a few words")
    question: Text = Field(description="the question the scenario answers")
    setting: Setting
    prize: Annotated[Prize, Bounds(0)]
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

    # Where a file names each area of the plan, since only the figures can tell unknown areas.
    _places: dict[str, str] = PrivateAttr(default_factory=dict)
    _data: NamedData | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found = [*self._unknown_names(), *self._impossible_correlations()]
        if found:
            raise problem(*found)
        return self

    def _unknown_names(self) -> Iterator[tuple[KeyPath, str]]:
        for name in (*SPREAD_PARAMETERS, "sector_odds_ratio"):
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

    def place(self, area: str) -> str:
        """Say in which file and line the plan names an area: "x.toml, line 3: ", or nothing."""
        return self._places.get(area, "")

    @property
    def data(self) -> NamedData | None:
        """The folder of own figures to run on; known by its content only, so no part of these."""
        return self._data

    def __eq__(self, other: object) -> bool:
        """Compare what is assumed and planned, not where it was read."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build a scenario from a complete nested dict, such as `to_dict` gives.

        Raises
        ------
        ScenarioError
            If anything in it is missing, unknown or not allowed.
        """
        return validate(cls, data, lambda _: "scenario: ")

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
            core = distribution.core()
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
        return self.model_copy(update={"plan": {}})

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
        return self._kept_on_its_figures(super().model_copy(update=update, deep=deep))

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


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of scenario files, for editors.

    Completeness is checked at loading only, since a file that extends another need not
    be complete.
    """
    schema = _relaxed(Scenario.model_json_schema())
    required = [k for k, f in Scenario.model_fields.items() if f.is_required()]
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "file or shipped scenario from which this one differs",
    }
    schema["properties"]["data"] = {
        "type": "string",
        "description": "folder of own figures to run on, seen from this file",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gainsmodel scenario",
        **schema,
        "anyOf": [{"required": ["extends"]}, {"required": required}],
    }


def _relaxed(node: Any) -> Any:
    if isinstance(node, list):
        return [_relaxed(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {k: _relaxed(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}
    properties = node.get("properties", {})
    # Entries of lists and distributions are never merged, so they alone must be complete.
    if not {"kind", "between", "from_year"} & set(properties):
        out.pop("required", None)
    if {"value", "distribution"} <= set(properties):
        out["not"] = {"required": ["value", "distribution"]}
    return out
