"""The uncertain figures of the model."""

from typing import Annotated

from pydantic import (
    Field,
)

from gainsmodel.scenario.distributions import Bounds, Model
from gainsmodel.scenario.quantities import (
    Constant,
    InitialAdoption,
    NonNegative,
    Real,
    SectorOddsRatio,
    Share,
    SpreadName,
    SpreadQuantity,
    Switched,
    TakeUp,
)


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
