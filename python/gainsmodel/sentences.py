"""What a result says, in sentences: the rules by which words are chosen from numbers.

The app, reports and anyone who writes about a result use these, so that no text says more
than its numbers carry. Every amount comes with its range somewhere in the same passage;
middle estimates are medians. Plain text, British English.
"""

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from gainsmodel import words
from gainsmodel.comparison import Comparison
from gainsmodel.engine import quantiles
from gainsmodel.errors import UnknownNameError
from gainsmodel.result import Result
from gainsmodel.scenario import Scenario

FUTURE = "A future is one run of the model with every uncertain assumption drawn once."
JUDGEMENT = "Size of effect: judgement. No causal study was found."
NO_PLAN = "Every lever is at zero, so the plan adds nothing. Pick a starting plan or move a lever."
GAIN = {"final_year": "gain_final_year_gbp_m", "cumulative": "gain_cumulative_gbp_m"}
_EFFECTS = {
    "innovation": "it adds {} to a factor of 1 on how fast firms adopt first",
    "imitation": "it adds {} to a factor of 1 on how fast firms follow others",
    "ceiling": "it closes {} of the gap between where adoption would stop and full adoption",
    "productivity_effect": "it adds {} to a factor of 1 on what firms gain from each technology",
}
# Shares are withheld where more futures than this leave nothing to divide.
MOST_EXCLUDED = 0.2


@dataclass(frozen=True)
class Amount:
    """A quantity: middle estimate, the range of 9 in 10 futures, error of the middle."""

    middle: float
    low: float
    high: float
    mcse: float

    def gbp(self) -> str:
        """Money, from £m."""
        return words.gbp(self.middle, self.mcse)

    def gbp_range(self) -> str:
        """Its range, from £m."""
        if self.low == self.high:
            return "the same in every future"
        return words.gbp_range(self.low, self.high)


@dataclass(frozen=True)
class About:
    """What a result says of one area or group.

    Attributes
    ----------
    code, name : str
        Of the area or group.
    final_year, horizon_years, draws : int
    cumulative : bool
        Whether the prize and the carried gain are sums over the horizon.
    prize : str
        The national prize as stated, such as ``£208bn``.
    gva_share, p_above_gva, excluded, p_reaches_prize : float
        Shares of 1; the last is known of the UK and the same for every unit.
    share, part, carried : Amount
        Share of the UK gain; that share of the prize, £m; gain carried by digital adoption,
        £m on the scenario's basis.
    uk_carried : Amount
        The same for the UK.
    """

    code: str
    name: str
    final_year: int
    horizon_years: int
    draws: int
    cumulative: bool
    prize: str
    price_basis: str
    gva_share: float
    p_above_gva: float
    excluded: float
    p_reaches_prize: float
    share: Amount
    part: Amount
    carried: Amount
    uk_carried: Amount

    @property
    def the_prize(self) -> str:
        """The prize with its article."""
        return self.prize if self.prize.startswith("the ") else f"the {self.prize}"

    @property
    def when(self) -> str:
        """The words that follow every amount."""
        if self.cumulative:
            return f"over the {years(self.horizon_years)} to {self.final_year}"
        return f"a year by {self.final_year}"

    @property
    def whose(self) -> str:
        """The name with its possessive."""
        return f"{self.name}’" if self.name.endswith("s") else f"{self.name}’s"

    @property
    def prices(self) -> str:
        """In which money the prize and the gain stand."""
        prize = (
            "2023 prices"
            if self.price_basis == "base_year"
            else "as published, in the money of its own final year"
        )
        return f"The prize is {prize}; what digital carries is at 2023 prices."


def about(result: Result, unit: str) -> About:
    """Collect what the sentences need.

    Parameters
    ----------
    result : Result
        Of a run of a scenario.
    unit : str
        Code of an area or a group, as in the result's tables.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    row = unit_row(result, unit)
    uk = result.groups().row(0, named=True)
    scenario = result.manifest["scenario"]
    setting, prize = scenario["setting"], scenario["prize"]
    final = setting["start_year"] + setting["horizon_years"]
    gain = GAIN[prize["basis"]]
    errors = {
        (code, quantity): error
        for code, quantity, error in result.statistics()
        .filter(pl.col("area_code").is_in([unit, uk["area_code"]]))
        .select("area_code", "quantity", "mcse_p50")
        .iter_rows()
    }
    yearly = f"gain_gbp_m_{final}"

    def amount(of: dict[str, Any], quantity: str, times: float = 1.0) -> Amount:
        named = yearly if quantity == "gain_final_year_gbp_m" else quantity
        error = known(errors[of["area_code"], named])
        middle, low, high = (known(of[f"{quantity}_{q}"]) for q in ("p50", "p05", "p95"))
        return Amount(middle * times, low * times, high * times, error * times)

    return About(
        code=unit,
        name=row["area_name"],
        final_year=final,
        horizon_years=setting["horizon_years"],
        draws=result.manifest["draws"],
        cumulative=prize["basis"] == "cumulative",
        prize=f"£{prize['value']:g}bn" if "value" in prize else "the prize",
        price_basis=prize["price_basis"],
        gva_share=row["gva_share"],
        p_above_gva=known(row["p_share_above_gva"]),
        excluded=row["share_excluded_draws"],
        p_reaches_prize=uk[f"p_{prize['basis']}_reaches_prize"],
        share=amount(row, "share"),
        part=amount(row, "prize_gbp_bn", 1e3),
        carried=amount(row, gain),
        uk_carried=amount(uk, gain),
    )


def unit_row(result: Result, unit: str) -> dict[str, Any]:
    """One area's or group's row of `Result.areas` or `Result.groups`."""
    for table in (result.areas(), result.groups()):
        found = table.filter(pl.col("area_code") == unit)
        if found.height:
            return found.row(0, named=True)
    codes = [*result.areas()["area_code"], *result.groups()["area_code"]]
    raise UnknownNameError(
        f"this result has no area or group with the code {unit!r}; it has {', '.join(codes)}"
    )


def headline(a: About, added: Amount | None = None) -> tuple[str, str]:
    """The two clauses of the headline: the share of the prize, and what digital carries.

    `added` is what the plan adds (`plan_amount`), or None where there is no plan.
    """
    plan = "" if added is None else f" with this plan, which adds about {added.gbp()}"
    if a.excluded > MOST_EXCLUDED:
        first = f"{a.whose} share of {a.the_prize} cannot be stated."
    else:
        first = f"{a.whose} share of {a.the_prize} would be about {a.part.gbp()} {a.when}."
    years_meant = " over the same years" if a.cumulative else ""
    return first, f"Digital adoption plausibly carries {a.carried.gbp()}{years_meant}{plan}."


def ranges(a: About) -> str:
    """The ranges of both amounts of the headline."""
    carried = f"digital carries {a.carried.gbp_range()}"
    if a.excluded > MOST_EXCLUDED:
        return f"In 9 of 10 simulated futures {carried}. {excluded(a)}"
    share = f"the share is {a.part.gbp_range()} and {carried}"
    return " ".join(filter(None, [f"In 9 of 10 simulated futures {share}.", excluded(a)]))


def excluded(a: About) -> str:
    """How many futures have no share, or nothing."""
    if a.excluded == 0:
        return ""
    part = words.percent(a.excluded)
    if a.excluded > MOST_EXCLUDED:
        return (
            f"In {part} of futures the national gain is too small to divide, so no share is given."
        )
    rest = words.percent(1 - a.excluded)
    return (
        f"In {part} of futures the national gain is too small to divide, "
        f"so shares use the other {rest}."
    )


def causes(a: About) -> str:
    """The caveat that stands on every first screen."""
    return f"{capital(a.the_prize)} is a 2016 estimate for all causes of growth, not digital alone."


def prize_note(scenario: Scenario) -> str:
    """The standing caveat in full: what the prize is, and how it is read."""
    setting = scenario.setting
    final = setting.start_year + setting.horizon_years
    reading = (
        f"the model reads it here as the sum over its own {years(setting.horizon_years)}, to {final}"
        if scenario.prize.basis == "cumulative"
        else f"the model reads it as the amount in its own final year, {final}"
    )
    return (
        "The figure is almost certainly the CBI’s, from December 2016: the extra output a year "
        "by the tenth year if every local area’s productivity grew as fast as the best in its "
        "own region. It counts skills, transport, management, exporting and innovation, not "
        "digital alone; it is for the whole UK and in money of the time. techUK’s guide of April "
        "2017 uses the same figure; that it means this one is our inference. CBI’s ten years "
        f"began in 2016; {reading}."
    )


def against_gva(a: About) -> str:
    """How the share stands against the null model, the share of the economy."""
    economy = f"{a.whose} share of the economy ({words.percent(a.gva_share)})"
    if a.code == "uk":
        return "The UK’s share is the whole."
    verdict = words.against_gva(a.p_above_gva, a.draws)
    if verdict == words.TOO_FEW:
        return f"There are too few futures to set the share beside {economy}."
    if verdict == "cannot be told apart":
        return f"The share cannot be told from {economy}."
    return f"The share is {verdict} than {economy}."


def against_gva_hover(a: About) -> str:
    """The count behind `against_gva`, and what it means."""
    return (
        f"It is larger {words.chance(a.p_above_gva, a.draws)}. A split that follows the size of "
        "the economy tells you nothing beyond size."
    )


def national(a: About) -> str:
    """What digital carries across the UK, and how often it reaches the prize."""
    return (
        f"Across the UK digital adoption carries {a.uk_carried.gbp()} {a.when} "
        f"({a.uk_carried.gbp_range()}). It reaches {a.the_prize} in full "
        f"{words.chance(a.p_reaches_prize, a.draws)}."
    )


def plan_amount(with_plan: Result, without: Result, unit: str) -> Amount:
    """What a plan adds on the scenario's basis, £m: the paired difference, net where switched on."""
    metric = GAIN[with_plan.manifest["scenario"]["prize"]["basis"]]
    return _difference(with_plan, without, unit, metric)


def _difference(first: Result, second: Result, unit: str, metric: str) -> Amount:
    unit_row(first, unit)
    return amount_of(
        first.difference(second, metric, net=True).row(
            by_predicate=pl.col("area_code") == unit, named=True
        ),
        metric,
    )


def plan_adds(a: About, added: Amount, cost_gbp_m_per_year: float) -> str:
    """The plan's own result line."""
    if added.middle == added.low == added.high == 0:
        return (
            f"This plan adds nothing in {a.name}. It costs "
            f"{words.cost(cost_gbp_m_per_year)} a year once running."
        )
    return (
        f"This plan adds about {added.gbp()} {a.when} ({added.gbp_range()}) and costs "
        f"{words.cost(cost_gbp_m_per_year)} a year once running. Firms would also spend to adopt."
    )


def lever_effects(scenario: Scenario, lever: str) -> str:
    """What a lever does at full take-up, each effect with its range."""
    parts = []
    for target, effect in scenario.levers[lever].effects:
        if effect is not None:
            low, middle, high = (f"{value:.2g}" for value in quantiles(effect.figure()))
            size = middle if low == high else f"{middle} ({low} to {high})"
            parts.append(_EFFECTS[target].format(size))
    if not parts:
        return "It is not assumed to do anything."
    return f"At full take-up, {', '.join(parts)}; ranges hold 9 of 10 futures."


def lever_source(scenario: Scenario, lever: str) -> str:
    """Where the sizes of a lever's effects come from."""
    effects = [effect for _, effect in scenario.levers[lever].effects if effect is not None]
    if any(effect.evidence == "judgement" for effect in effects):
        return JUDGEMENT
    return f"Source: {'; '.join(dict.fromkeys(effect.source for effect in effects))}."


def plan_range(a: About, added: Amount, cost_gbp_m_per_year: float) -> str:
    """The range and the cost that go with `plan_title`."""
    return (
        f"In 9 of 10 futures it adds {added.gbp_range()} {a.when}; it costs "
        f"{words.cost(cost_gbp_m_per_year)} a year once running."
    )


def pays_back(p_pays_back: float, a: About) -> str:
    """The chance of pay-back, which counts what firms spend."""
    return (
        "Counting what the authority and firms spend, discounted, it pays back within "
        f"{years(a.horizon_years)} {words.chance(p_pays_back, a.draws)}."
    )


def reaches_target(p_target: float, target_gbp_m: float, a: About) -> str:
    """The chance of reaching a target."""
    return (
        f"The plan adds at least {words.gbp(target_gbp_m)} a year by {a.final_year} "
        f"{words.chance(p_target, a.draws)}."
    )


def capital(text: str) -> str:
    """Text with a capital first letter."""
    return text[:1].upper() + text[1:]


def compared(comparison: Comparison, first: str, second: str, costs_more_gbp_m: float) -> str:
    """The headline of a comparison of two plans, by their names, for its area.

    `costs_more_gbp_m` is what the first costs the authority a year more than the second.
    """
    if comparison.identical:
        return f"“{first}” and “{second}” are the same plan: nothing differs."
    row = _compared(comparison)
    p_higher = known(row["p_first_higher"])
    futures = comparison.first.manifest["draws"]
    if not comparison.paired:
        return (
            f"These two runs met different futures, so part of the difference between “{first}” "
            f"and “{second}” is chance."
        )
    gap = amount_of(row, comparison.metric)
    if gap.middle == gap.low == gap.high == 0:
        return f"“{first}” and “{second}” come to the same in {comparison.unit.name}."
    if 0.1 < p_higher < 0.9:
        return (
            f"We cannot tell these plans apart: “{first}” adds more "
            f"{words.chance(p_higher, futures)}."
        )
    sign, more = (1, "more") if gap.middle > 0 else (-1, "less")
    money = words.gbp(sign * gap.middle, gap.mcse)
    final = _final_year(comparison.first)
    cost = words.cost(abs(costs_more_gbp_m))
    costs = (
        "costs the same"
        if cost == "£0"
        else f"costs {cost} a year {'more' if costs_more_gbp_m > 0 else 'less'}"
    )
    return f"“{first}” adds about {money} a year {more} than “{second}” by {final}, and {costs}."


def compared_ranges(comparison: Comparison, first: str) -> str:
    """The range of the paired difference, its error, and why luck cancels out."""
    row = _compared(comparison)
    gap = amount_of(row, comparison.metric)
    futures = comparison.first.manifest["draws"]
    if not comparison.paired:
        error = words.gbp(known(row[f"{comparison.metric}_mcse_mean"]))
        return f"Standard error of the difference of averages, as of independent runs: {error}."
    error = known(row[f"{comparison.metric}_mcse_mean"])
    said = "less than £0.1m" if error < 0.05 else words.cost(error)
    return (
        f"In 9 of 10 futures the difference is {gap.gbp_range()}; “{first}” adds more "
        f"{words.chance(known(row['p_first_higher']), futures)}. The average difference is "
        f"{words.gbp(known(row[f'{comparison.metric}_mean']), error)}, with a standard error of "
        f"{said} from the number of futures. Both plans met the same {futures:,} futures, so the "
        "luck of the draw cancels out."
    )


def _compared(comparison: Comparison) -> dict[str, Any]:
    return comparison.areas().row(
        by_predicate=pl.col("area_code") == comparison.unit.code, named=True
    )


def amount_of(row: dict[str, Any], metric: str) -> Amount:
    """A quantity of a table's row, £m where it is money."""
    middle, low, high = (known(row[f"{metric}_{q}"]) for q in ("p50", "p05", "p95"))
    return Amount(middle, low, high, known(row[f"{metric}_mcse_mean"]))


def _final_year(result: Result) -> int:
    setting = result.manifest["scenario"]["setting"]
    return int(setting["start_year"] + setting["horizon_years"])


def waiting_costs(table: pl.DataFrame) -> str:
    """What starting a plan later costs, from `gainsmodel.delay_cost`."""
    row = table.row(0, named=True)
    lost = amount_of(row, "lost_net_present_value_gbp_m")
    wait = "a year" if row["delay_years"] == 1 else f"{row['delay_years']:g} years"
    ends = f"9 of 10 futures: {lost.gbp_range()}"
    if lost.middle < 0:
        return (
            f"Waiting {wait} would save about {words.gbp(-lost.middle, lost.mcse)} of net present "
            f"value more than it forgoes ({ends}, where a minus is a saving)."
        )
    return f"Waiting {wait} costs about {lost.gbp()} of net present value ({ends})."


def plan_title(a: About, added: Amount, p_pays_back: float) -> str:
    """The headline of a plan: what it adds, and how often it pays back."""
    back = words.chance(p_pays_back, a.draws)
    return (
        f"This plan adds about {added.gbp()} {a.when} and pays back within "
        f"{years(a.horizon_years)} {back}."
    )


def years(number: int) -> str:
    """A number of years in words."""
    spelt = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    word = spelt[number] if number < len(spelt) else str(number)
    return f"{word} year" if number == 1 else f"{word} years"


def known(value: float | None) -> float:
    """A statistic, or NaN where too few futures allow none."""
    return math.nan if value is None else value
