"""Figures with a source: values, distributions, shares of variance."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    model_validator,
)

from gainsmodel.scenario.distributions import (
    Distribution,
    Fixed,
    Model,
    Number,
    Probability,
)
from gainsmodel.scenario.messages import KeyPath, problem

Sector = Literal[
    "AB", "C", "DE", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T"
]
SpreadName = Literal[
    "initial_adoption", "innovation", "imitation", "ceiling", "productivity_effect"
]
SECTORS: tuple[Sector, ...] = get_args(Sector)
SPREAD_PARAMETERS: tuple[SpreadName, ...] = get_args(SpreadName)
LEVELS = ("nation", "technology", "area", "sector", "cell")


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


class Share(Origin):
    """A certain figure from 0 to 1."""

    value: Probability

    def figure(self) -> Distribution:
        """Give it as a distribution."""
        return Fixed(kind="fixed", value=self.value)


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

    def stated(self) -> Iterator[tuple[KeyPath, Distribution]]:
        """Go through the distributions stated here, each with its key path."""
        for technology, ratios in self.by_technology.items():
            for sector, distribution in ratios.values.items():
                yield ("by_technology", technology, "values", sector), distribution


AreaName = Annotated[Line, Field(max_length=100)]
Loading = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class AreaRatios(Origin):
    """Odds ratios of initial adoption by area; an area left out has 1."""

    values: dict[AreaName, Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]] = Field(
        max_length=500, description="area (name, code or wider area) to a number above 0"
    )


class AreaOddsRatio(_ByTechnology):
    """Odds ratios of initial adoption by technology and area."""

    unit: Short
    note: Note = ""
    by_technology: dict[Name, AreaRatios] = Field(default_factory=dict)


class AreaLoadings(Origin):
    """A figure from −1 to 1 for each area; an area left out has 0."""

    values: dict[AreaName, Loading] = Field(
        max_length=500, description="area (name, code or wider area) to a number from -1 to 1"
    )


class TakeUp(Quantity):
    """Share of a lever's planned intensity that is realised."""

    shared_variance: Probability = Field(description="share of the variance common to all areas")


class Switched(Quantity):
    """An adjustment that can be switched on."""

    enabled: bool
