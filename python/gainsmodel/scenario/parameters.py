"""The one table of parameters, and the model that a scenario's figures are checked by.

Schema, assumptions log, groups, discovery, switching values, sentences and the app take their
words, units and bounds from here; tests hold the core's lists and the glossary to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from gainsmodel import format
from gainsmodel.scenario.distributions import Bounds, Model
from gainsmodel.scenario.quantities import (
    AreaLoadings,
    AreaOddsRatio,
    Constant,
    InitialAdoption,
    Quantity,
    SectorOddsRatio,
    Share,
    SpreadName,
    SpreadQuantity,
    Switched,
    TakeUp,
)

# What no economy holds is refused: where it is centred, and how far its tails reach.
_RATE = Bounds(0, most=10, tail_most=1e4)
_GROWTH = Bounds(least=-0.2, most=0.2, tail_least=-1, tail_most=1)
_ODDS = Bounds(0, above_low=True, least=1e-3, most=1e3, tail_most=1e9)
_SLOPE = Bounds(least=-2, most=2, tail_least=-10, tail_most=10)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What there is to say of a parameter; as an annotation, also its bounds and description.

    Attributes
    ----------
    field : str
        Name in a scenario.
    heading, symbol : str
        Name on screen, behind it in brackets the economists' name; the formulas' symbol.
    sentence : str
        The label within a sentence, where it is more than the label in small letters.
    section, group : str
        Where it stands in the assumptions log, and key of its group in a sensitivity run.
    explanation, unit : str
        What it means, in a sentence; the unit it is stated in.
    bounds : Bounds, optional
        What values it may take, where it may be centred and how far its tails may reach; none
        where the type has them.
    level : str
        What has a value of its own in a draw: ``spread`` is shared between five levels,
        ``constant`` is not drawn.
    neutral : float, optional
        Of an adjustment: the value that changes nothing.
    moved_by_levers : bool
        Whether levers can act on it.
    not_switched : str
        Why no switching value is looked for.
    core_name : str
        Name in the core, if it is another.
    """

    field: str
    heading: str
    symbol: str = ""
    sentence: str = ""
    section: str
    group: str = ""
    explanation: str
    unit: str
    bounds: Bounds | None
    level: Literal["spread", "nation", "area", "sector", "cell", "lever", "constant"] = "nation"
    neutral: float | None = None
    moved_by_levers: bool = False
    not_switched: str = ""
    core_name: str = ""

    @property
    def in_sentence(self) -> str:
        """The label within a sentence."""
        return self.sentence or self.label[:1].lower() + self.label[1:]

    @property
    def label(self) -> str:
        """Name on screen."""
        return self.heading.partition(" (")[0]

    @property
    def description(self) -> str:
        """What the schema says of it."""
        names = f"{self.heading}, {self.symbol}" if self.symbol else self.heading
        return f"{names}; {self.unit}. {self.explanation}"

    def in_words(self, value: float) -> str:
        """A value within a sentence, as its unit has it."""
        if self.unit == "years":
            return f"{value:.1f} years"
        is_share = self.unit.startswith("share")
        number = format.percent(value) if is_share else f"{value:.2g}".replace("-", "−")
        behind = " log points" if self.unit == "log points" else ""
        return number + (" a year" if " a year" in self.unit else behind)

    def lever_adds(self, size: str) -> str:
        """What a lever does to it at full take-up."""
        if self.field == "ceiling":
            return f"closes {size} of the gap between {self.in_sentence} and full adoption"
        return f"adds {size} to a factor of 1 on {self.in_sentence}"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the bounds."""
        of = self.bounds
        return of.__get_pydantic_core_schema__(source, handler) if of else handler(source)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell editors bounds and meaning."""
        of = self.bounds
        said = of.__get_pydantic_json_schema__(schema, handler) if of else handler(schema)
        return {**said, "description": self.description}


_ON = " On unless switched off; its size is judgement, unverified."
_DEVIATION = "a deviation from the UK's growth, with a middle of 0"
# In the order of the fields of `Parameters`; the prize, which is separate, as in the core.
PARAMETERS = {
    parameter.field: parameter
    for parameter in (
        Parameter(
            field="initial_adoption",
            heading="Adoption at the start (initial adoption)",
            symbol="a",
            section="Adoption",
            group="start",
            explanation="The share of activity that uses a technology when the run begins.",
            unit="share of activity, 0 to 1",
            bounds=Bounds(0, 1),
            level="spread",
        ),
        Parameter(
            field="sector_odds_ratio",
            heading="Sectors ahead or behind at the start (odds ratio)",
            symbol="OR",
            section="Adoption",
            group="start",
            explanation="How much likelier a sector is to use a technology than the UK as a whole.",
            unit="odds ratio",
            bounds=_ODDS,
            level="sector",
            not_switched="one figure for each sector",
            core_name="odds_ratios",
        ),
        Parameter(
            field="area_odds_ratio",
            heading="Areas ahead or behind at the start",
            section="Adoption",
            explanation="How much likelier an area is to use a technology than readiness has it.",
            unit="odds ratio",
            bounds=None,
            level="constant",
            not_switched="one figure for each area",
        ),
        Parameter(
            field="innovation",
            heading="Adopting first (innovation)",
            symbol="p",
            sentence="the rate of adopting first",
            section="Adoption",
            group="speed",
            explanation="How quickly firms adopt without having seen others do so.",
            unit="hazard a year",
            bounds=_RATE,
            level="spread",
            moved_by_levers=True,
        ),
        Parameter(
            field="imitation",
            heading="Following others (imitation)",
            symbol="q",
            sentence="the rate of following others",
            section="Adoption",
            group="speed",
            explanation="How quickly firms adopt once they see others do so.",
            unit="hazard a year",
            bounds=_RATE,
            level="spread",
            moved_by_levers=True,
        ),
        Parameter(
            field="ceiling",
            heading="Where adoption stops (ceiling)",
            symbol="m",
            sentence="the level where adoption stops",
            section="Adoption",
            group="ceiling",
            explanation="The share of activity that will ever use a technology.",
            unit="share of activity, 0 to 1",
            bounds=Bounds(0, 1),
            level="spread",
            moved_by_levers=True,
        ),
        Parameter(
            field="productivity_effect",
            heading="Gain from one technology (productivity effect)",
            symbol="β",
            sentence="the gain from one technology",
            section="Productivity effect",
            group="effect",
            explanation="How much more output full use of one technology brings.",
            unit="share of GVA at full adoption of one technology",
            bounds=Bounds(least=-1, most=1, tail_least=-1e4, tail_most=1e4),
            level="spread",
            moved_by_levers=True,
        ),
        Parameter(
            field="lag_years",
            heading="Delay from use to gain (lag)",
            symbol="τ",
            sentence="the delay from use to gain",
            section="Delay and decay",
            group="timing",
            explanation="Years until use shows in output.",
            unit="years",
            bounds=Bounds(0, most=100, tail_most=1e4),
        ),
        Parameter(
            field="decay_per_year",
            heading="Fading of the gain (decay)",
            symbol="δ",
            sentence="the fading of the gain",
            section="Delay and decay",
            group="timing",
            explanation="The part of the gain that is lost each year.",
            unit="share a year",
            bounds=Bounds(0, 1),
        ),
        Parameter(
            field="spillover_share",
            heading="Learning from other areas (spillover)",
            symbol="θ",
            section="Adoption",
            group="spillover",
            explanation="The part of following others that looks to other areas, nearer ones more.",
            unit="share of imitation, 0 to 1",
            bounds=Bounds(0, 1),
        ),
        Parameter(
            field="uplift_cap",
            heading="Cap on stacked gains (uplift cap)",
            symbol="cap",
            sentence="the cap on stacked gains",
            section="Productivity effect",
            group="cap",
            explanation="Gains of several technologies add up to this and no further.",
            unit="share of GVA",
            bounds=Bounds(0, 1),
        ),
        Parameter(
            field="j_curve",
            heading="Output held back while adopting (productivity J-curve)",
            symbol="j",
            sentence="output held back while adopting",
            section="Productivity effect",
            group="timing",
            explanation="Output lost in the year of adoption, as a multiple of what it will bring.",
            unit="multiple of the effect of what is adopted in the year",
            bounds=Bounds(0, most=10, tail_most=100),
            not_switched="whether there is any is a choice of structure",
        ),
        Parameter(
            field="adoption_cost_share",
            heading="What adopting costs firms (adoption cost)",
            symbol="κ",
            section="Productivity effect",
            group="adoption_cost",
            explanation="What firms spend once to take a technology into full use.",
            unit="share of GVA, once, for full adoption of one technology",
            bounds=_RATE,
        ),
        *(
            Parameter(
                field=f"readiness_slope_{name}",
                heading=f"Effect of readiness on {on}",
                symbol=symbol,
                sentence=f"the effect of readiness on {on}",
                section="Productivity effect" if name == "productivity_effect" else "Adoption",
                group="readiness",
                explanation=f"How strongly an area’s readiness acts on {on}.",
                unit=f"{unit} per standard deviation of readiness",
                bounds=_SLOPE,
            )
            for name, on, symbol, unit in (
                ("initial_adoption", "adoption at the start", "γ_a", "log odds"),
                ("imitation", "following others", "γ_q", "log points"),
                ("ceiling", "where adoption stops", "γ_m", "log odds"),
                ("productivity_effect", "the gain", "γ_c", "log points"),
            )
        ),
        Parameter(
            field="complements",
            heading="Skills and management of an area (complements)",
            symbol="z_r",
            sentence="skills and management of the area",
            section="Productivity effect",
            group="effect",
            explanation="How far areas differ in what they make of the same technology.",
            unit="log points",
            bounds=Bounds(least=-1, most=1, tail_least=-10, tail_most=10),
            level="area",
            not_switched="a deviation between areas, with a middle of 0",
        ),
        Parameter(
            field="growth_nation",
            heading="Growth of the UK",
            symbol="g",
            section="Growth",
            group="growth",
            explanation="Real growth of the economy.",
            unit="share a year, real",
            bounds=_GROWTH,
        ),
        Parameter(
            field="growth_area",
            heading="Growth of an area beyond the UK’s",
            symbol="g",
            sentence="growth of the area beyond the UK’s",
            section="Growth",
            group="growth",
            explanation="How far an area’s growth differs from the UK’s.",
            unit="share a year, added",
            bounds=_GROWTH,
            level="area",
            not_switched=_DEVIATION,
        ),
        Parameter(
            field="growth_loading",
            heading="Growth that areas have in common",
            section="Growth",
            explanation="How far an area’s growth beyond the UK’s goes with that of the others.",
            unit="correlation with what is common, −1 to 1",
            bounds=None,
            level="constant",
            not_switched="one figure for each area",
        ),
        Parameter(
            field="growth_sector",
            heading="Growth of a sector beyond the UK’s",
            symbol="g",
            sentence="growth of the area’s sectors beyond the UK’s",
            section="Growth",
            group="growth",
            explanation="How far a sector’s growth differs from the UK’s.",
            unit="share a year, added",
            bounds=_GROWTH,
            level="sector",
            not_switched=_DEVIATION,
        ),
        Parameter(
            field="growth_cell",
            heading="Growth of a sector in an area",
            symbol="g",
            section="Growth",
            group="growth",
            explanation="What area and sector do not explain.",
            unit="share a year, added",
            bounds=_GROWTH,
            level="cell",
            not_switched=_DEVIATION,
        ),
        Parameter(
            field="growth_transitory",
            heading="Ups and downs of a sector in an area",
            section="Growth",
            group="growth",
            explanation="How far output lies off its path, whatever the year.",
            unit="log points",
            bounds=Bounds(least=-1, most=1, tail_least=-10, tail_most=10),
            level="cell",
            not_switched="a deviation from the path of growth, with a middle of 0",
        ),
        Parameter(
            field="growth_to_start_year",
            heading="Growth up to the start",
            section="Growth",
            explanation="UK growth after the last published year, up to the first year of the run.",
            unit="share a year, real",
            bounds=None,
            level="constant",
            not_switched="brings published figures to the start year",
        ),
        Parameter(
            field="inflation_per_year",
            heading="Inflation",
            section="Growth",
            explanation="GDP deflator after the last published year.",
            unit="share a year, GDP deflator",
            bounds=None,
            level="constant",
            not_switched="makes real amounts nominal",
        ),
        Parameter(
            field="prize",
            heading="The national prize",
            section="The £208bn",
            group="prize",
            explanation="The amount that is split between areas.",
            unit="£bn",
            bounds=Bounds(0, most=1e5, tail_most=1e6),
            not_switched="what a plan adds does not depend on it",
            core_name="prize_gbp_bn",
        ),
        Parameter(
            field="take_up",
            heading="Take-up of levers (take-up)",
            symbol="takeup",
            section="Levers",
            group="take_up",
            explanation="The part of what is planned that is realised.",
            unit="share of planned intensity, 0 to 1",
            bounds=Bounds(0, 1),
            level="lever",
        ),
        Parameter(
            field="zero_correlation",
            heading="Levers that fail together",
            section="Levers",
            group="lever_effects",
            explanation="How far what defeats one lever may defeat the next.",
            unit="correlation, 0 to 1",
            bounds=None,
            level="lever",
            not_switched="how levers fail together, not how often",
            core_name="lever_zero",
        ),
        Parameter(
            field="optimism_bias",
            heading="Optimism bias",
            section="Levers",
            group="lever_cost",
            explanation="What a lever costs the authority beyond what was planned.",
            unit="share of the planned cost, added",
            bounds=Bounds(0, most=10, tail_most=100),
            level="lever",
            not_switched="a part of what levers cost, each of which has a switching value",
        ),
        Parameter(
            field="fixed_cost_share",
            heading="Cost that take-up does not change",
            section="Levers",
            explanation="The part of a lever’s cost that is spent whatever the take-up.",
            unit="share of the cost, 0 to 1",
            bounds=None,
            level="constant",
            not_switched="a part of what levers cost, each of which has a switching value",
        ),
        Parameter(
            field="displacement",
            heading="Displacement",
            section="Appraisal",
            group="adjustments",
            explanation="The part of what levers add that is only moved from elsewhere." + _ON,
            unit="share of the levers' increment",
            bounds=Bounds(0, 1),
            neutral=0.0,
        ),
        Parameter(
            field="leakage",
            heading="Leakage",
            section="Appraisal",
            group="adjustments",
            explanation="The part of what levers add that goes to people elsewhere." + _ON,
            unit="share of the levers' increment",
            bounds=Bounds(0, 1),
            neutral=0.0,
        ),
        Parameter(
            field="multiplier",
            heading="Multiplier (knock-on effects)",
            section="Appraisal",
            group="adjustments",
            explanation="What spending of the gain brings on top." + _ON,
            unit="factor on the levers' increment",
            bounds=Bounds(0, most=10, tail_most=100),
            neutral=1.0,
        ),
    )
}
# Names by what they are; adjustments of what levers add with the value that changes nothing.
ADJUSTMENTS = {p.field: p.neutral for p in PARAMETERS.values() if p.neutral is not None}
LEVER_EFFECT = Bounds(0, most=100, tail_most=1e4)
LEVER_COST = Bounds(0, most=1e6, tail_most=1e9)
LEVER_TARGETS = tuple(p.field for p in PARAMETERS.values() if p.moved_by_levers)
# Of the others the core is told nothing unless a scenario asks for them.
NATIONAL_PARAMETERS = tuple(
    p.field for p in PARAMETERS.values() if p.level == "nation" and p.field != "j_curve"
)


@dataclass(frozen=True)
class Choice:
    """What there is to say of a choice of structure, which is decided and not estimated."""

    label: str
    explanation: str
    unit: str = ""
    evidence: Literal["choice", "judgement"] = "choice"


_READINESS = "What makes up an area's readiness."
CHOICES = {
    "setting.geography": Choice("Areas", "The set of areas that is modelled."),
    "setting.start_year": Choice("First year", "The year whose adoption is today's.", "year"),
    "setting.horizon_years": Choice("Years to simulate", "How far the run looks.", "years"),
    "setting.curve": Choice(
        "Curve of adoption", "The way from few users to many.", evidence="judgement"
    ),
    "setting.lever_delay_years": Choice("Delay of every lever", "Added to each start.", "years"),
    "setting.spillover_decay_km": Choice(
        "Reach of learning from other areas",
        "Distance over which it falls to about a third.",
        "km",
        "judgement",
    ),
    "setting.share_floor": Choice(
        "Least national gain",
        "Futures in which the national gain is below it are left out of shares.",
        "share of GVA",
        "judgement",
    ),
    "setting.normalise_start": Choice(
        "Start as in the survey",
        "Whether the UK’s start is moved to the surveyed figure of each technology.",
    ),
    "setting.readiness_weights.gigabit_share": Choice(
        "Weight of gigabit coverage", _READINESS, "weight", "judgement"
    ),
    "setting.readiness_weights.digital_sector_share": Choice(
        "Weight of the digital sector", _READINESS, "weight", "judgement"
    ),
    "prize.basis": Choice(
        "Reading of the prize",
        "A year by the last year, as a share of the economy then, or in all.",
        evidence="judgement",
    ),
    "prize.price_year": Choice("Money of the prize", "Year in whose prices it is stated.", "year"),
    "prize.share_of_economy": Choice(
        "Prize as a share of the economy", "Of the UK’s GVA in the last year.", "share of GVA"
    ),
    "setting.price_year": Choice("Prices", "The year in whose prices all money is.", "year"),
    "parameters.take_up.shared_variance": Choice(
        "Take-up in common",
        "Part of the variance of take-up that all areas share.",
        "share of variance, 0 to 1",
        "judgement",
    ),
}


# Figures of a lever that have no source of their own: how long it and what it brings last.
LEVER_YEARS = {
    "duration_years": Choice(
        "years it runs",
        "From its beginning to its end; its cost ends with it.",
        "years",
    ),
    "fade_years": Choice(
        "years until half is lost",
        "After its end, half of what it has added is lost in so many years.",
        "years",
        "judgement",
    ),
}
# What is said where a lever does not state them.
LEVER_YEARS_UNSTATED = {"duration_years": "to the last year", "fade_years": "nothing is lost"}


class Parameters(Model):
    """The uncertain figures of the model."""

    initial_adoption: Annotated[InitialAdoption, PARAMETERS["initial_adoption"]]
    sector_odds_ratio: Annotated[SectorOddsRatio, PARAMETERS["sector_odds_ratio"]]
    # Defaults are made without a check, which would have the checks built at import.
    area_odds_ratio: Annotated[AreaOddsRatio, PARAMETERS["area_odds_ratio"]] = (
        AreaOddsRatio.model_construct(unit=PARAMETERS["area_odds_ratio"].unit)
    )
    innovation: Annotated[SpreadQuantity, PARAMETERS["innovation"]]
    imitation: Annotated[SpreadQuantity, PARAMETERS["imitation"]]
    ceiling: Annotated[SpreadQuantity, PARAMETERS["ceiling"]]
    productivity_effect: Annotated[SpreadQuantity, PARAMETERS["productivity_effect"]]
    lag_years: Annotated[Quantity, PARAMETERS["lag_years"]]
    decay_per_year: Annotated[Quantity, PARAMETERS["decay_per_year"]]
    spillover_share: Annotated[Quantity, PARAMETERS["spillover_share"]]
    uplift_cap: Annotated[Quantity, PARAMETERS["uplift_cap"]]
    j_curve: Annotated[Quantity, PARAMETERS["j_curve"]] = Quantity.model_construct(
        unit=PARAMETERS["j_curve"].unit,
        source="none is assumed",
        evidence="judgement",
        value=0.0,
    )
    adoption_cost_share: Annotated[Quantity, PARAMETERS["adoption_cost_share"]]
    readiness_slope_initial_adoption: Annotated[
        Quantity, PARAMETERS["readiness_slope_initial_adoption"]
    ]
    readiness_slope_imitation: Annotated[Quantity, PARAMETERS["readiness_slope_imitation"]]
    readiness_slope_ceiling: Annotated[Quantity, PARAMETERS["readiness_slope_ceiling"]]
    readiness_slope_productivity_effect: Annotated[
        Quantity, PARAMETERS["readiness_slope_productivity_effect"]
    ]
    complements: Annotated[Quantity, PARAMETERS["complements"]]
    growth_nation: Annotated[Quantity, PARAMETERS["growth_nation"]]
    growth_area: Annotated[Quantity, PARAMETERS["growth_area"]]
    growth_loading: Annotated[AreaLoadings, PARAMETERS["growth_loading"]] = (
        AreaLoadings.model_construct(
            unit=PARAMETERS["growth_loading"].unit,
            source="areas are assumed to grow independently",
            evidence="judgement",
            values={},
        )
    )
    growth_sector: Annotated[Quantity, PARAMETERS["growth_sector"]]
    growth_cell: Annotated[Quantity, PARAMETERS["growth_cell"]]
    growth_transitory: Annotated[Quantity, PARAMETERS["growth_transitory"]] = (
        Quantity.model_construct(
            unit=PARAMETERS["growth_transitory"].unit,
            source="none are assumed",
            evidence="judgement",
            value=0.0,
        )
    )
    growth_to_start_year: Annotated[Constant, PARAMETERS["growth_to_start_year"]]
    inflation_per_year: Annotated[Constant, PARAMETERS["inflation_per_year"]]
    take_up: Annotated[TakeUp, PARAMETERS["take_up"]]
    zero_correlation: Annotated[Share, PARAMETERS["zero_correlation"]] = Share.model_construct(
        unit=PARAMETERS["zero_correlation"].unit,
        source="gainsmodel project, 2026",
        evidence="judgement",
        value=0.5,
    )
    optimism_bias: Annotated[Quantity, PARAMETERS["optimism_bias"]] = Quantity.model_construct(
        unit=PARAMETERS["optimism_bias"].unit,
        source="none is assumed",
        evidence="judgement",
        value=0.0,
    )
    fixed_cost_share: Annotated[Share, PARAMETERS["fixed_cost_share"]] = Share.model_construct(
        unit=PARAMETERS["fixed_cost_share"].unit,
        source="all of it is assumed to be spent",
        evidence="judgement",
        value=1.0,
    )
    displacement: Annotated[Switched, PARAMETERS["displacement"]]
    leakage: Annotated[Switched, PARAMETERS["leakage"]]
    multiplier: Annotated[Switched, PARAMETERS["multiplier"]]

    @model_validator(mode="before")
    @classmethod
    def _units(cls, data: Any) -> Any:
        """Give parameters that may be left out the unit of the table."""
        if not isinstance(data, Mapping):
            return data
        filled = dict(data)
        for name, field in cls.model_fields.items():
            if not field.is_required() and isinstance(data.get(name), Mapping):
                filled[name] = {"unit": PARAMETERS[name].unit} | dict(data[name])
        return filled

    def spread(self, name: SpreadName) -> InitialAdoption | SpreadQuantity:
        """Give one of `SPREAD_PARAMETERS`."""
        parameter: InitialAdoption | SpreadQuantity = getattr(self, name)
        return parameter
