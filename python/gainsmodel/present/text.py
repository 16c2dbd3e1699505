"""What a result says, in sentences: the rules by which words are chosen from numbers.

The app, reports and anyone who writes about a result use these, so that no text says more
than its numbers carry. Every amount comes with its range somewhere in the same passage;
middle estimates are medians. Plain text, British English.
"""

from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.comparison import Comparison
from gainsmodel.present.area_summary import PRICES, AreaSummary, Estimate, plain
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import quantiles
from gainsmodel.scenario import PARAMETERS, Scenario

FUTURE = "A future is one run of the model with every uncertain assumption drawn once."
JUDGEMENT = "Size of effect: judgement. No causal study was found."
NO_PLAN = "Every lever is at zero, so the plan adds nothing. Pick a starting plan or move a lever."
METHOD = (
    "Figures of output by area and sector (ONS, 2023, or your own) are carried to the start year.",
    "In each future every uncertain assumption is drawn once.",
    "Adoption spreads year by year: some firms adopt first, others follow what they see in their "
    "own area and elsewhere, up to a ceiling.",
    "Use shows in output after a delay, fades, and stacks up to a cap.",
    "Levers speed adoption up, raise its ceiling or raise the gain, as far as they are taken up.",
    "Middle, range and chances are counted over the futures.",
)
LIMITS = (
    "No causal study was found for any of the five levers of the reference scenario: their sizes "
    "of effect and costs are judgement.",
    "Adoption has not been observed for any English region; readiness is a proxy.",
    "Gains are gross: what is taken from elsewhere is off unless switched on, and its size is "
    "unverified.",
    "It is a scenario tool. It predicts nothing, and it is no business case.",
)
WORDS = (
    f"{FUTURE} The middle estimate is the median: half of the futures lie above it. The average "
    "is the mean: averages add up, middle estimates do not. “9 of 10 futures” leaves out the "
    "lowest and the highest twentieth."
)
_WORTH = {
    "added_present_value_gbp_m": "Gain, present value",
    "authority_cost_present_value_gbp_m": "Cost to the authority, present value",
    "firms_cost_present_value_gbp_m": "Cost to firms, present value",
    "net_present_value_gbp_m": "Net present value",
}


def about(result: Result, unit: str) -> AreaSummary:
    """Read a result for one area or group, by its code.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    reading = AreaSummary(result, unit)
    # An unknown code is told here, not in the middle of a sentence.
    assert reading.row
    return reading


def headline(a: AreaSummary, added: Estimate | None = None) -> tuple[str, str]:
    """The two clauses of the headline: the share of the prize, and what digital carries.

    `added` is what the plan adds (`AreaSummary.added`), or None where there is no plan.
    """
    plan = "" if added is None else f" with this plan, which adds {added.about_gbp}"
    prices = f", in {PRICES}" if a.prize_at_base_prices else ""
    if a.unit == "uk":
        # The whole has no share to estimate; what it amounts to is news in other prices only.
        whole = (
            f", {a.part.about_gbp} in {PRICES}" if a.prize_at_base_prices and a.part.is_told else ""
        )
        first = f"The UK as a whole would have all of {a.the_prize} {a.when}{whole}."
    elif a.shares_withheld:
        first = f"{a.whose} share of {a.the_prize} cannot be stated."
    else:
        first = f"{a.whose} share of {a.the_prize} would be {a.part.about_gbp} {a.when}{prices}."
    same = " over the same years" if a.cumulative else " a year"
    return first, f"Digital adoption plausibly carries {a.carried.gbp}{same}{plan}."


def ranges(a: AreaSummary) -> str:
    """The ranges of both amounts of the headline."""
    if a.part.is_certain and a.carried.is_certain:
        return f"{a.certainty}, so there is no range."
    carried = f"digital carries {a.carried.gbp_range}"
    if a.unit == "uk":
        return f"In 9 of 10 simulated futures {carried}."
    if a.shares_withheld:
        return f"In 9 of 10 simulated futures {carried}. {a.excluded}, so no share is given."
    said = f"In 9 of 10 simulated futures the share is {a.part.gbp_range} and {carried}."
    if plain_share := a.row["share_excluded_draws"]:
        rest = format.percent(1 - plain_share)
        said += f" {a.excluded}, so shares use the other {rest}."
    return said


def causes(a: AreaSummary) -> str:
    """The caveat that stands on every first screen."""
    return (
        f"{_capital(a.the_prize)} is a 2016 estimate for all causes of growth, not digital alone."
    )


def prices(a: AreaSummary) -> str:
    """In which money the prize and the gain stand."""
    return f"The prize is {a.prize_prices}; what digital carries is at {PRICES}."


def against_gva(a: AreaSummary) -> str:
    """How the share stands against the null model, the share of the economy."""
    if a.unit == "uk":
        return "The UK’s share is the whole."
    economy = f"{a.whose} share of the economy ({format.percent(a.gva_share)})"
    verdict = format.against_gva(a.p_above_gva, a.futures)
    if verdict == format.TOO_FEW:
        return f"There are too few futures to set the share beside {economy}."
    if verdict == "cannot be told apart":
        return f"The share cannot be told from {economy}."
    return f"The share is {verdict} than {economy}."


def against_gva_hover(a: AreaSummary) -> str:
    """The count behind `against_gva`, and what it means."""
    return (
        f"It is larger {format.chance(a.p_above_gva, a.futures)}. A split that follows the size "
        "of the economy tells you nothing beyond size."
    )


def national(a: AreaSummary) -> str:
    """What digital carries across the UK, and how often it reaches the prize."""
    carried = a.uk.carried
    reached = format.chance(a.p_reaches_prize, a.futures)
    if a.prize_at_base_prices:
        reached = f"({a.uk.part.about_gbp} in {PRICES}) {reached}"
    else:
        reached += (
            f", counting what it carries in {PRICES} and the prize in money of the time; in the "
            "same prices it comes closer"
        )
    return (
        f"Across the UK digital adoption carries {carried.gbp} {a.when} ({carried.gbp_range}). "
        f"It reaches {a.the_prize} in full {reached}."
    )


def prize_note(scenario: Scenario) -> str:
    """The standing caveat in full: what the prize is, and how it is read."""
    setting = scenario.setting
    final = setting.start_year + setting.horizon_years
    horizon = format.years(setting.horizon_years)
    reading = (
        f"the model reads it here as the sum over its own {horizon}, to {final}"
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


def plan_adds(a: AreaSummary, added: Estimate, cost_gbp_m_per_year: float) -> str:
    """The plan's own result line."""
    if added.middle == added.low == added.high == 0:
        return (
            f"This plan adds nothing in {a.name}. It costs "
            f"{format.cost(cost_gbp_m_per_year)} a year once running."
        )
    return (
        f"This plan adds {added.about_gbp} {a.when} ({added.gbp_range}){a.net_of} and costs "
        f"{format.cost(cost_gbp_m_per_year)} a year once running. Firms would also spend to adopt."
    )


def lever_effects(scenario: Scenario, lever: str) -> str:
    """What a lever does at full take-up, each effect with its range."""
    parts = []
    for target, effect in scenario.levers[lever].effects:
        if effect is not None:
            low, middle, high = (f"{value:.2g}" for value in quantiles(effect.figure()))
            size = middle if low == high else f"{middle} ({low} to {high})"
            parts.append(f"it {PARAMETERS[target].lever_adds(size)}")
    if not parts:
        return "It is not assumed to do anything."
    return f"At full take-up, {', '.join(parts)}; ranges hold 9 of 10 futures."


def lever_source(scenario: Scenario, lever: str) -> str:
    """Where the sizes of a lever's effects come from."""
    effects = [effect for _, effect in scenario.levers[lever].effects if effect is not None]
    if any(effect.evidence == "judgement" for effect in effects):
        return JUDGEMENT
    return f"Source: {'; '.join(dict.fromkeys(effect.source for effect in effects))}."


def plan_range(a: AreaSummary, added: Estimate, cost_gbp_m_per_year: float) -> str:
    """The range and the cost that go with `plan_title`."""
    return (
        f"In 9 of 10 futures it adds {added.gbp_range} {a.when}{a.net_of}; it costs "
        f"{format.cost(cost_gbp_m_per_year)} a year once running."
    )


def pays_back(p_pays_back: float, a: AreaSummary) -> str:
    """The chance of pay-back, which counts what firms spend."""
    return (
        "Counting what the authority and firms spend, discounted, it pays back within "
        f"{a.horizon} {format.chance(p_pays_back, a.futures)}."
    )


def net_value(worth: Estimate) -> str:
    """Whether a plan is worth what it costs, as far as its range can tell; £m."""
    if not worth.is_told:
        return "There are too few futures to say whether the plan is worth its cost."
    if worth.is_zero:
        return "The plan neither costs nor brings anything here."
    if worth.is_certain:
        side = "more than it costs" if worth.middle > 0 else "less than it costs"
        return f"The plan brings {side}: {worth.gbp} of net present value in every future."
    ends = f"net present value {worth.about_gbp}, in 9 of 10 futures {worth.gbp_range}"
    if worth.low > 0:
        return f"In at least 19 of 20 futures the plan brings more than it costs: {ends}."
    if worth.high < 0:
        return f"In at least 19 of 20 futures the plan costs more than it brings: {ends}."
    return f"Whether the plan is worth its cost cannot be told from this range: {ends}."


def cost_and_return(value: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What a plan brings and costs, from a row of `gainsmodel.appraise`, present values.

    Rows of label, middle estimate, range of 9 in 10 futures, and average; benefit for each £1
    last, without an average, and not where nothing is spent.
    """
    rows = []
    for name, label in _WORTH.items():
        amount = amount_of(value, name)
        mean, error = (plain(value[f"{name}_{statistic}"]) for statistic in ("mean", "mcse_mean"))
        rows.append((label, amount.gbp, amount.gbp_range, format.gbp(mean, error)))
    ratio = [value[f"benefit_cost_ratio_{q}"] for q in ("p50", "p05", "p95")]
    if None not in ratio:
        middle, low, high = (format.gbp_for_each_pound(number) for number in ratio)
        spread = f"{low} to {high}" if ratio[1] < ratio[2] else "the same in every future"
        rows.append(("Gain for each £1 that authority and firms spend", middle, spread, ""))
    return rows


def breaks_even(benefits_times: float, costs_times: float) -> str:
    """At which multiple of all that a plan adds, or of all its costs, its mean net value is 0."""
    return (
        f"On average it breaks even if all it adds is {benefits_times:.2g} times what is assumed, "
        f"or all costs are {costs_times:.2g} times."
    )


def reaches_target(p_target: float, target_gbp_m: float, a: AreaSummary) -> str:
    """The chance of reaching a target."""
    return (
        f"The plan adds at least {format.goal(target_gbp_m)} a year by {a.years[1]} "
        f"{format.chance(p_target, a.futures)}."
    )


def compared(comparison: Comparison, first: str, second: str, costs_more_gbp_m: float) -> str:
    """The headline of a comparison of two plans, by their names, for its area.

    `costs_more_gbp_m` is what the first costs the authority a year more than the second.
    """
    if comparison.identical:
        return f"“{first}” and “{second}” are the same plan: nothing differs."
    row = _compared(comparison)
    if not comparison.paired:
        return (
            f"These two runs met different futures, so part of the difference between “{first}” "
            f"and “{second}” is chance."
        )
    gap = amount_of(row, comparison.metric)
    said = format.compared(
        first,
        second,
        middle_gbp_m=gap.middle,
        low_gbp_m=gap.low,
        high_gbp_m=gap.high,
        mcse_gbp_m=gap.error,
        p_first_higher=plain(row["p_first_higher"]),
        p_second_higher=plain(row["p_second_higher"]),
        futures=comparison.first.manifest["draws"],
        year=AreaSummary(comparison.first, "uk").years[1],
        plans=comparison.only_plans_differ,
    )
    cost = format.cost(abs(costs_more_gbp_m))
    side = "more" if costs_more_gbp_m > 0 else "less"
    costs = "the same" if cost == "£0" else f"{cost} a year {side}"
    return f"{said} “{first}” costs {costs}."


def compared_error(comparison: Comparison, first: str) -> str:
    """How sure the difference is: chance, average with its error, and why luck cancels out."""
    row = _compared(comparison)
    futures = comparison.first.manifest["draws"]
    mean, error = (plain(row[f"{comparison.metric}_{name}"]) for name in ("mean", "mcse_mean"))
    said = "less than £0.1m" if error < 0.05 else format.cost(error)
    if not comparison.paired:
        return (
            f"The average difference is {format.gbp(mean, error)}, with a standard error of "
            f"{said}, as of independent runs."
        )
    kind, verb = ("plans", "adds") if comparison.only_plans_differ else ("scenarios", "comes to")
    spread = amount_of(row, comparison.metric).gbp_range
    return (
        f"“{first}” {verb} more {format.chance(plain(row['p_first_higher']), futures)}. "
        f"The average difference is {format.gbp(mean, error)} (9 of 10 futures: {spread}), "
        f"with a standard error of {said} from the number of futures. Both {kind} met the same "
        f"{futures:,} futures, so the luck of the draw cancels out."
    )


def _compared(comparison: Comparison) -> dict[str, Any]:
    return comparison.areas().row(
        by_predicate=pl.col("area_code") == comparison.unit.code, named=True
    )


def amount_of(row: dict[str, Any], metric: str) -> Estimate:
    """A quantity of a table's row, £m where it is money."""
    middle, low, high = (plain(row[f"{metric}_{q}"]) for q in ("p50", "p05", "p95"))
    errors = (row.get(f"{metric}_{name}") for name in ("mcse_p50", "mcse_mean"))
    error = next((error for error in errors if error is not None), None)
    return Estimate(low, middle, high, plain(error))


def waiting_costs(table: pl.DataFrame) -> str:
    """What starting a plan later costs, from `gainsmodel.delay_cost`."""
    row = table.row(0, named=True)
    lost = amount_of(row, "lost_net_present_value_gbp_m")
    wait = "a year" if row["delay_years"] == 1 else f"{row['delay_years']:g} years"
    ends = f"9 of 10 futures: {lost.gbp_range}"
    if lost.middle < 0:
        saved = format.about(format.gbp(-lost.middle, lost.error))
        return (
            f"Waiting {wait} would save {saved} of net present "
            f"value more than it forgoes ({ends}, where a minus is a saving)."
        )
    return f"Waiting {wait} costs {lost.about_gbp} of net present value ({ends})."


def plan_title(a: AreaSummary, added: Estimate, p_pays_back: float) -> str:
    """The headline of a plan: what it adds, and how often it pays back."""
    back = format.chance(p_pays_back, a.futures)
    return f"This plan adds {added.about_gbp} {a.when} and pays back within {a.horizon} {back}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
