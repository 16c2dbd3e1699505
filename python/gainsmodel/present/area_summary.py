"""What is read from a result: one area, the basis, the years, and the words for them.

Sentences, charts and exports all read a result through this, so that no two of them round or
name a thing in two ways.
"""

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import polars as pl

from gainsmodel import format
from gainsmodel.checks import did_you_mean
from gainsmodel.data.units import Unit
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameters import ADJUSTMENTS

GBP_M = {"m": 1.0, "bn": 1000.0}
RANGE = "In 9 of 10 futures"
NOTHING = "Adds less than £1m in"
# Above this share of futures without a share, shares are withheld.
SHARES_WITHHELD_ABOVE = 0.2
FEWEST_FUTURES_FOR_DOTS = 200


@dataclass(frozen=True)
class Estimate:
    """An expected value, its range, and the Monte Carlo error of the expected value."""

    low: float
    mean: float
    high: float
    error: float = 0.0

    @classmethod
    def of(cls, row: Mapping[str, Any], metric: str, scale: float = 1.0) -> Self:
        """Read a quantity, £m where it is money, from a table's row; what is unknown is NaN."""
        names = ("p05", "mean", "p95", "mcse_mean")
        low, mean, high, error = (plain(row[f"{metric}_{name}"]) * scale for name in names)
        return cls(low, mean, high, error)

    @property
    def gbp(self) -> str:
        """The expected value in words, from £m."""
        return format.gbp(self.mean, self.error if self.mean else 0.0)

    @property
    def percent_range(self) -> str:
        """The range in words, of a share."""
        if self.is_certain and not self.is_zero:
            return "the same in every future"
        return format.percent_range(self.low, self.high)

    @property
    def about_gbp(self) -> str:
        """The expected value as it stands in a sentence: ``about £2.1bn``, or ``less than £1m``."""
        return format.about(self.gbp)

    @property
    def gbp_range(self) -> str:
        """The range in words, from £m."""
        if self.is_certain and not self.is_zero:
            return "the same in every future"
        return format.gbp_range(self.low, self.high)

    @property
    def is_told(self) -> bool:
        """Whether there are futures enough to print the expected value."""
        return self.gbp != format.TOO_FEW

    @property
    def is_certain(self) -> bool:
        """Whether nothing is uncertain."""
        return self.low == self.high

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing in every future that the range covers."""
        return self.low == self.mean == self.high == 0


@dataclass(frozen=True)
class Added(Estimate):
    """What a plan adds, and how often it adds less than £1m."""

    p_nothing: float = float("nan")
    futures: int = 0
    without: Estimate | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any], metric: str, futures: int) -> "Added":
        """Read what a plan adds from a row of a table that has the chance of nothing."""
        return replace(
            cls.of(row, metric), p_nothing=plain(row[f"{metric}_p_below_1"]), futures=futures
        )

    @property
    def nothing(self) -> str:
        """How often it adds less than £1m, as it stands in a table: ``35 of 100 futures``."""
        return format.chance(self.p_nothing, self.futures).removeprefix("in ")

    def range_and_nothing(self, joint: str = "{}; {}") -> str:
        """The range, and how often it adds less than £1m."""
        if self.is_certain:
            return self.gbp_range
        return joint.format(self.gbp_range, format.next_to_nothing(self.p_nothing, self.futures))


@dataclass(frozen=True, eq=False)
class AreaSummary:
    """One area or group of a result.

    Attributes
    ----------
    result : Result
    unit : str
        Code of the area or group.
    row : dict
        Its row in the result's table.

    Raises
    ------
    UnknownNameError
        If the result has no area or group of that code.
    """

    result: Result
    unit: str
    row: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Find the row."""
        codes = self.result.codes
        if self.unit not in codes:
            raise unknown_unit(self.unit, self.result)
        table, place = self.result.areas(), codes.index(self.unit)
        if place >= table.height:
            table, place = self.result.groups(), place - table.height
        object.__setattr__(self, "row", table.row(place, named=True))

    @property
    def name(self) -> str:
        """Name of the area or group."""
        return str(self.row["area_name"])

    @property
    def place(self) -> str:
        """Name as it stands within a sentence."""
        return "the UK" if self.unit == "uk" else self.name

    @property
    def scenario(self) -> dict[str, Any]:
        """Scenario as resolved."""
        scenario: dict[str, Any] = self.result.manifest["scenario"]
        return scenario

    @property
    def futures(self) -> int:
        """Number of draws; of chosen ones, how many of equal weight would tell as much."""
        draws = int(self.result.manifest["draws"])
        of = self.scenario.get("conditioned")
        return (
            draws
            if of is None
            else max(1, int(of["effective_draws"] * min(1.0, draws / len(of["chosen"]))))
        )

    @property
    def certainty(self) -> str:
        """Why there is no range, where there is none."""
        return "One future only" if self.futures == 1 else "No uncertainty in this run"

    @property
    def years(self) -> tuple[int, int]:
        """First and last year."""
        setting = self.scenario["setting"]
        return setting["start_year"], setting["start_year"] + setting["horizon_years"]

    @property
    def basis(self) -> str:
        """What the prize and the shares mean: one of `gainsmodel.results.tables.READINGS`."""
        return str(self.scenario["prize"]["basis"])

    @property
    def when(self) -> str:
        """What follows £ on the scenario's basis."""
        first, last = self.years
        return format.when(self.basis, first, last - first)

    @property
    def by_final_year(self) -> str:
        """What follows £ of the final year, whatever the basis."""
        first, last = self.years
        return format.when("final_year", first, last - first)

    @property
    def gain(self) -> str:
        """Quantity of the gain on the scenario's basis."""
        return "gain_cumulative_gbp_m" if self.basis == "cumulative" else "gain_final_year_gbp_m"

    @property
    def prize(self) -> str:
        """The prize in words: ``£208bn``, or ``prize`` where it is uncertain."""
        value = self.scenario["prize"].get("value")
        return "prize" if value is None else f"£{value:g}bn"

    @property
    def prices(self) -> str:
        """What all money here is in: ``2024 prices``."""
        return prices_of(self.scenario)

    @property
    def is_restated(self) -> bool:
        """Whether the prize is stated in the money of another year than that of the run."""
        return bool(self.scenario["prize"]["price_year"] != self.scenario["setting"]["price_year"])

    @property
    def of_economy(self) -> str:
        """The prize read as a share of the economy: ``a tenth of the UK’s GVA``."""
        share = self.scenario["prize"]["share_of_economy"]
        return f"{format.part(share)} of the UK’s GVA"

    @property
    def the_prize_read(self) -> str:
        """The prize with its article, and how it is read where that is no amount of £."""
        if self.basis != "share_of_economy":
            return self.the_prize
        return f"{self.the_prize} (read as {self.of_economy})"

    @property
    def has_plan(self) -> bool:
        """Whether the scenario does anything anywhere."""
        return has_plan(self.result)

    @property
    def net_of_names(self) -> list[str]:
        """Adjustments that what a plan adds is net of."""
        parameters = self.scenario["parameters"]
        return [name for name in ADJUSTMENTS if parameters[name]["enabled"]]

    @property
    def net_of(self) -> str:
        """That all that a plan adds is net, as it stands after an amount; or nothing."""
        on = self.net_of_names
        if len(on) == len(ADJUSTMENTS):
            return " net"
        return f" after {format.listed(on)}" if on else ""

    @property
    def shares_withheld(self) -> bool:
        """Whether too few futures have a national gain to divide."""
        return plain(self.row["share_excluded_draws"]) > SHARES_WITHHELD_ABOVE

    @property
    def excluded(self) -> str:
        """How many futures have no share, as a sentence without its consequence."""
        chance = format.chance(plain(self.row["share_excluded_draws"]), self.futures)
        return f"I{chance[1:]} the national gain is too small to divide"

    @property
    def cumulative(self) -> bool:
        """Whether the prize and the gain are sums over the horizon."""
        return self.basis == "cumulative"

    @property
    def horizon(self) -> str:
        """Its length in words, such as ``ten years``."""
        first, last = self.years
        return format.years(last - first)

    @property
    def whose(self) -> str:
        """The name with its possessive."""
        return f"{self.name}’" if self.name.endswith("s") else f"{self.name}’s"

    @property
    def the_prize(self) -> str:
        """The prize with its article."""
        return f"the {self.prize}"

    @property
    def gva_share(self) -> float:
        """Share of GVA, the null model of every split, 0 to 1."""
        return float(self.row["gva_share"])

    @property
    def p_above_gva(self) -> float:
        """Probability that the share of the gain is above the share of GVA."""
        return plain(self.row["p_share_above_gva"])

    @cached_property
    def share(self) -> Estimate:
        """Share of the national gain, 0 to 1."""
        return self.three("share")

    @cached_property
    def part(self) -> Estimate:
        """That share of the prize, £m."""
        return self.three("prize_gbp_bn", 1000.0)

    @cached_property
    def digital_gain(self) -> Estimate:
        """The digital gain on the scenario's basis, £m."""
        return self.three(self.gain)

    @cached_property
    def uk(self) -> "AreaSummary":
        """The same result, read for the UK."""
        return AreaSummary(self.result, "uk")

    @property
    def p_reaches_prize(self) -> float:
        """Probability that digital adoption alone reaches the prize across the UK."""
        return plain(self.uk.row[f"p_{self.basis}_reaches_prize"])

    @property
    def ratio(self) -> Estimate:
        """Share of the gain over share of GVA, the null model."""
        return Estimate.of(self.row, "share", 1 / self.gva_share)

    @property
    def separating_ratios(self) -> tuple[float, float]:
        """From which ratio down, and up, these assumptions would separate the two shares.

        The expected ratio at which one in ten futures would lie on the other side of 1, had the
        share the same spread relative to its mean; NaN where that has no such ratio.
        """
        mean, low, high = (plain(self.row[f"share_{q}"]) for q in ("mean", "p10", "p90"))
        return (mean / high if high > 0 else math.nan), (mean / low if low > 0 else math.nan)

    def three(self, metric: str, scale: float = 1.0) -> Estimate:
        """Give one quantity's expected value and range."""
        return Estimate.of(self.row, metric, scale)

    def gains(self) -> list[tuple[int, Estimate, dict[str, Any]]]:
        """Give each year, its gain in £m, and its row in the table of years."""
        years = self.result.years()
        first = years["area_code"].to_list().index(self.unit)
        number = self.scenario["setting"]["horizon_years"]
        rows = years[first : first + number].rows(named=True)
        return [(row["year"], Estimate.of(row, "gain_gbp_m"), row) for row in rows]

    def added(self, without: Result) -> Added:
        """Give what the plan adds on the scenario's basis, £m, paired and net."""
        unit = Unit(self.unit, self.name, (self.unit,))
        row = PairedResult(self.result, without).added_in(unit, self.gain)
        added = Added.of_row(row, self.gain, self.futures)
        return replace(added, without=AreaSummary(without, self.unit).digital_gain)


def prices_of(scenario: Mapping[str, Any]) -> str:
    """What all money of a run is in: ``2024 prices``."""
    return f"{scenario['setting']['price_year']} prices"


def is_cbi_figure(scenario: Scenario) -> bool:
    """Whether the prize is the published one, and not the user's own."""
    return scenario.prize.value == 208 and "CBI" in scenario.prize.source


def checked(frame: pl.DataFrame, columns: Iterable[str]) -> None:
    """See that a table has the columns that a chart reads.

    Raises
    ------
    SettingError
        If one is missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise SettingError(
            f"the table has no column {missing[0]!r}; it needs {', '.join(columns)} "
            f"and has {', '.join(frame.columns) or 'none'}"
        )


def unknown_unit(unit: object, result: Result, suffix: str = "") -> UnknownNameError:
    """Say that a result has no such area or group, with the nearest that it has."""
    names = pl.concat(
        [table.select("area_code", "area_name") for table in (result.areas(), result.groups())]
    )
    coded = {name: code for code, name in names.iter_rows()}
    words_near = did_you_mean(unit, [*names["area_code"], *coded])
    for name, code in coded.items():
        words_near = words_near.replace(f"'{name}'?", f"{code!r} ({name})?")
    return UnknownNameError(
        f"this result ({result.manifest['geography']}) has no area or group{suffix} of code "
        f"{unit!r}{words_near}"
    )


def has_plan(result: Result) -> bool:
    """Whether a result's scenario has a lever above zero."""
    plan: Iterable[Mapping[str, Any]] = result.manifest["scenario"].get("plan", {}).values()
    return any(intensity_of(lever) > 0 for levers in plan for lever in levers.values())


def intensity_of(lever: float | Mapping[str, Any]) -> float:
    """Intensity of a planned lever, written short or long."""
    return float(lever["intensity"] if isinstance(lever, Mapping) else lever)


def same_scenario(one: Result, other: Result) -> bool:
    """Whether two results are of one scenario."""
    return bool(one.manifest["scenario"] == other.manifest["scenario"])


def plain(value: float | None) -> float:
    """A number of a table, NaN where it is unknown."""
    return float("nan") if value is None else float(value)


def or_none(value: float) -> float | None:
    """A number of a row, None where it is unknown."""
    return value if value == value else None


def __getattr__(name: str) -> Any:
    """Give what was called otherwise in 0.3; deprecated, gone with the next release."""
    new = {"Reading": AreaSummary, "Three": Estimate}.get(name)
    if new is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{name} is now {new.__name__}", DeprecationWarning, stacklevel=2)
    return new
