"""What a mayor can do, and how far an area means to do it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from gainsmodel.scenario.distributions import Bounds, Model, Probability
from gainsmodel.scenario.messages import problem
from gainsmodel.scenario.parameters import LEVER_COST, LEVER_EFFECT, PARAMETERS
from gainsmodel.scenario.quantities import SECTORS, Quantity, Sector, Short, Text, Years


def _effect(target: str) -> Any:
    of = PARAMETERS[target]
    words = f"ε_{of.symbol}: at full take-up, {of.lever_adds('this much')}"
    return Field(None, description=words)


class Effects(Model):
    """What a lever acts on: its effect at full take-up, added to a factor of 1."""

    innovation: Annotated[Quantity, LEVER_EFFECT] | None = _effect("innovation")
    imitation: Annotated[Quantity, LEVER_EFFECT] | None = _effect("imitation")
    ceiling: Annotated[Quantity, LEVER_EFFECT] | None = _effect("ceiling")
    productivity_effect: Annotated[Quantity, LEVER_EFFECT] | None = _effect("productivity_effect")


def _all_to_sectors(value: object) -> object:
    return SECTORS if value == "all" else value


def _sectors_to_all(value: tuple[Sector, ...]) -> object:
    return "all" if value == SECTORS else list(value)


def _distinct(value: tuple[Sector, ...]) -> tuple[Sector, ...]:
    twice = sorted({s for s in value if value.count(s) > 1})
    if twice:
        raise problem(((), f"must not name a sector twice: {', '.join(twice)}"))
    return value


class LeverCost(Quantity):
    """What a lever costs, in the money of a year."""

    price_year: int = Field(2024, ge=1998, le=2040, description="year in whose money it is")


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
    duration_years: Years | None = Field(
        None, description="years from its beginning to its end; to the last year if left out"
    )
    fade_years: Years | None = Field(
        None,
        description="years in which half of what it has added is lost once it has ended; "
        "nothing is if left out",
    )
    cost_gbp_per_head_per_year: Annotated[LeverCost, LEVER_COST] = Field(
        description="£ per resident a year at full intensity"
    )
    take_up: Annotated[Quantity, Bounds(0, 1)] | None = Field(
        None, description="its own take-up, instead of that of all levers"
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
