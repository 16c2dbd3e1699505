"""What a result says, in sentences: the rules by which words are chosen from numbers.

The app, reports and anyone who writes about a result use these, so that no text says more
than its numbers carry. Every amount is an expected value, the average of all futures, and comes
with its range somewhere in the same passage; what a plan adds also with the chance that it is next
to nothing. Plain text, British English.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis import convergence
from gainsmodel.analysis.comparison import Comparison
from gainsmodel.analysis.take_up_cases import CASES, TakeUpCases
from gainsmodel.analysis.verdict import (
    NOTHING as NO_LEVER,
    Verdict,
    against_nothing,
    breaks_even,
    is_told,
    of_draws,
)
from gainsmodel.data.shipped_tables import MAYORAL_2026
from gainsmodel.data.table_editions import editions
from gainsmodel.data.units import unit_of
from gainsmodel.errors import ResultError
from gainsmodel.present.area_summary import (
    NOTHING as NOTHING,
    RANGE as RANGE,
    Added,
    AreaSummary,
    Estimate,
    has_plan,
    is_cbi_figure,
    plain,
)
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import lever_costs
from gainsmodel.results.prices import Prices
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import quantiles
from gainsmodel.results.tables import READINGS
from gainsmodel.scenario import PARAMETERS, Scenario
from gainsmodel.scenario.quantities import Quantity

# A weaker correlation of shares with readiness is said to say little.
HARDLY = 0.3
CERTAIN = "the same in every future"
WITHHELD = "cannot be stated"
NOT_KNOWN = "not known"
AVERAGE = "On average"
FUTURE = "A future is one run of the model with every uncertain assumption drawn once."
JUDGEMENT = "Size of effect: judgement."
NO_PLAN = "Every lever is at zero, so the plan adds nothing. Pick a starting plan or move a lever."
METHOD = (
    "Figures of output by area and sector (ONS, 2023, or your own) are carried to the start year.",
    "In each future every uncertain assumption is drawn once.",
    "Adoption spreads year by year: some firms adopt first, others follow what they see in their "
    "own area and elsewhere, up to a ceiling.",
    "Gains show in output after a delay, then fade; stacked gains stop at a cap.",
    "Levers speed up adoption, raise its ceiling or raise the gain, so far as they are taken up.",
    "The expected value is the average of all futures; ranges and chances are counted over them.",
)
LIMITS = (
    "Sizes of effect and costs of the levers of the reference scenario are judgement. Of "
    "leadership no study of effects was found; of open data and inclusion only modelled estimates; "
    "of business support, the nearest to skills, trials, in the largest of which the gain was gone "
    "after a year; of connectivity the evaluation of superfast broadband.",
    "Adoption by area has been observed in part only: use of AI in London (20% of firms, the UK "
    "16%; DSIT survey of 2025, as reported by CFOtech). Elsewhere readiness stands in for it.",
    "What a plan adds is net of what it takes from elsewhere, unless a scenario switches that off; "
    "its size is judgement, unverified.",
    "It is a scenario tool. It does not predict, and it is not a business case.",
)
WORDS = (
    f"{FUTURE} Every single figure is an expected value: the average of all futures. “9 of 10 "
    "futures” leaves out the lowest and the highest twentieth. A plan adds next to nothing where "
    "it adds less than £1m."
)
LOCAL_BANDS = (
    "Ranges of single local authorities are probably too narrow: no history of them is at hand to "
    "check their ranges against, and areas of ITL 2, which are larger, have already scattered "
    "further than the mayoral areas whose spread is assumed (docs/validation/hindcast.md)."
)
UNOFFICIAL = (
    "Which authorities make up the areas that became mayoral after May 2025, or will, was put "
    "together from whole counties (ITL areas of 2025) and is unofficial: Cheshire and Warrington, "
    "Cumbria, Greater Essex, Hampshire and the Solent, Norfolk and Suffolk, Sussex and Brighton."
)
PLACE_BASED = (
    "Place-based appraisal asks who gains within a place (Green Book, updated February 2026, as "
    "cited by DfT TAG, 16 April 2026). This table shows output by place of work; it does not weigh "
    "incomes."
)


def of_areas(geography: str) -> str:
    """What validation and sources say of the areas of a geography; nothing where they say none."""
    return {"local_authority": LOCAL_BANDS, MAYORAL_2026: UNOFFICIAL}.get(geography, "")


def by_authority(futures: int) -> str:
    """What stands under figures of the local authorities of one area."""
    return (
        f"{futures:,} futures of a model in which the local authorities are the areas: their sum "
        "is near the area’s own figure, not equal to it, because each authority has its own "
        "random variation. GVA of 32 small cells is estimated from published subtotals."
    )


def of_figures(manifest: Mapping[str, Any], on: date) -> str:
    """Of which edition the built-in output is, and whether a newer one is probably out on a day.

    Nothing where the user's own figures stand in its place.
    """
    if manifest.get("own_data"):
        return ""
    gva = editions()["gva.csv"]
    said = f"Built-in output by area and sector is of {gva.covers} (ONS, {gva.released})."
    if not gva.is_old(on):
        return said
    return f"{said} {newer(gva.file, on)} Then add --data FOLDER."


def newer(file: str, on: date) -> str:
    """Whether a newer edition of a built-in table is probably out on a day, and what then to do."""
    table = editions()[file]
    if table.next_due is None:
        return ""
    due = f"{table.next_due:%B %Y}"
    if not table.is_old(on):
        return f"A newer edition is due by {due}."
    said = f"A newer edition is probably out, since {table.next_because}."
    if not table.renew:
        return f"{said} A new version of gainsmodel brings it."
    return f"{said} To use it: {table.renew}."


def about(result: Result, unit: str) -> AreaSummary:
    """Read a result for one area or group, by its code.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    reading = AreaSummary(result, unit)
    # An unknown code is told here, not within a sentence.
    assert reading.row
    return reading


def headline(a: AreaSummary, added: Added | None = None) -> tuple[str, str]:
    """The two clauses of the headline: the share of the prize, and what digital carries.

    `added` is what the plan adds (`AreaSummary.added`), or None where there is no plan.
    """
    if a.unit == "uk":
        # The UK has no share to estimate; its amount differs from the stated one only where that
        # is of other prices, or a share of the economy.
        other = (a.is_restated or a.basis == "share_of_economy") and a.part.is_told
        whole = f", {a.part.about_gbp}" if other else ""
        first = f"The UK as a whole would have all of {a.the_prize_read} {a.when}{whole}."
    elif a.shares_withheld:
        first = f"{a.whose} share of {a.the_prize_read} cannot be stated."
    elif not a.part.is_told:
        first = f"{a.whose} share of {a.the_prize_read} cannot be stated: {format.TOO_FEW}."
    else:
        first = f"{a.whose} share of {a.the_prize_read} would be {a.part.about_gbp} {a.when}."
    same = " over the same years" if a.cumulative else " a year"
    carried = _carried(a, added)
    if not carried.is_told:
        return first, f"What digital adoption carries cannot be stated: {format.TOO_FEW}."
    second = f"Digital adoption plausibly carries {carried.gbp}{same}"
    return first, f"{second}{_and_the_plan(a, added)}."


def _carried(a: AreaSummary, added: Added | None) -> Estimate:
    """What digital adoption carries: without the plan, where what that adds is known."""
    return a.carried if added is None or added.without is None else added.without


def _and_the_plan(a: AreaSummary, added: Added | None) -> str:
    """That what digital carries comes without the plan, and how much the plan adds."""
    if added is None or added.without is None:
        return " with this plan" if a.has_plan else ", all of it without a plan"
    if added.is_zero:
        return " without the plan, which adds nothing"
    adds = f"; the plan adds {added.about_gbp}{a.net_of}" if added.is_told else ""
    return f" without the plan{adds}"


def ranges(a: AreaSummary, added: Added | None = None) -> str:
    """The ranges of the amounts of the headline.

    With `added` also that of what the plan adds, and how often it adds next to nothing: where
    `plan_adds` does not stand beside it.
    """
    if a.part.is_certain and a.carried.is_certain:
        return f"{a.certainty}, so there is no range."
    carried = f"digital carries {_carried(a, added).gbp_range}"
    if added is not None and added.is_told and not added.is_zero:
        carried += f" and the plan adds {added.range_and_nothing('{} ({})')}"
    if a.unit == "uk":
        return f"In 9 of 10 simulated futures {carried}."
    if a.shares_withheld:
        return f"In 9 of 10 simulated futures {carried}. {a.excluded}, so no share is given."
    joint = "," if " and " in carried else " and"
    said = f"In 9 of 10 simulated futures the share is {a.part.gbp_range}{joint} {carried}."
    if plain_share := a.row["share_excluded_draws"]:
        rest = format.percent(1 - plain_share)
        said += f" {a.excluded}, so shares use the other {rest}."
    return said


def causes(a: AreaSummary) -> str:
    """The caveat on every first screen."""
    if not is_cbi_figure(a.result.scenario):
        return f"{_capital(a.the_prize)} is this scenario’s own figure, not the CBI’s £208bn."
    return (
        f"{_capital(a.the_prize)} is a 2016 estimate for all causes of growth, not digital alone."
    )


def the_prize(scenario: Scenario) -> str:
    """The prize with its article: ``the £208bn``."""
    value = scenario.prize.value
    return "the prize" if value is None else f"the £{value:g}bn"


def of_the_prize(words: str, scenario: Scenario) -> str:
    """Words about the reference's prize as they are about a scenario's own."""
    own = the_prize(scenario)
    words = words.replace("the £208bn", own).replace("The £208bn", _capital(own))
    return words.replace("£208bn", own.removeprefix("the "))


def prize_read(scenario: Scenario, basis: str) -> str:
    """The prize as it is read on a basis: ``£208bn a year by 2036``, ``£208bn over ten years``."""
    setting = scenario.setting
    amount = the_prize(scenario)
    amount = amount if scenario.prize.value is None else amount.removeprefix("the ")
    if basis == "cumulative":
        return f"{amount} over {format.years(setting.horizon_years)}"
    if basis == "share_of_economy":
        return f"{_capital(format.part(scenario.prize.share_of_economy))} of UK GVA"
    return f"{amount} a year by {setting.start_year + setting.horizon_years}"


def prices(a: AreaSummary) -> str:
    """The money of everything printed, and what the prize comes to in it."""
    said = f"All money is in {a.prices}"
    if a.basis == "share_of_economy":
        return f"{said}; {a.the_prize} is read as {a.of_economy} in {a.years[1]}."
    year = a.scenario["prize"]["price_year"]
    if not a.is_restated:
        return f"{said}, those of {a.the_prize} itself."
    return f"{said}; {a.the_prize} of {year} is {a.uk.part.gbp} in them."


def against_gva(a: AreaSummary) -> str:
    """How the share stands against the null model, the share of the economy: as a ratio."""
    if a.unit == "uk":
        return "The UK’s share is the whole."
    economy = f"share of the economy ({format.percent(a.gva_share)})"
    verdict = format.against_gva(a.p_above_gva, a.futures)
    if verdict == format.TOO_FEW:
        return f"There are too few futures to compare the share with {a.whose} {economy}."
    said = (
        f"{a.whose} share of the gain is {format.ratio(a.ratio.mean)} times its "
        f"{economy[:-1]}; 9 of 10 futures: {ratio_range(a)})."
    )
    if verdict != format.NOT_SEPARATED:
        return (
            f"{said} With these assumptions the share of the gain is {verdict}: "
            f"{format.chance(a.p_above_gva, a.futures)} it is the larger of the two."
        )
    down, up = a.separating_ratios
    from_where = f"from a ratio of about {up:.1f} up or {down:.1f} down"
    would = f"; they would {from_where}" if up == up and down == down else ""
    return f"{said} These assumptions do not separate the two{would}."


def ratio_range(a: AreaSummary) -> str:
    """The range of the share of the gain over the share of GVA."""
    low, high = (format.ratio(end) for end in (a.ratio.low, a.ratio.high))
    return low if low == high else f"{low} to {high}"


def separated(result: Result) -> str:
    """In how many areas the assumptions separate the share of the gain from that of GVA."""
    areas, futures = result.areas(), int(result.manifest["draws"])
    told = [format.against_gva(plain(p), futures) for p in areas["p_share_above_gva"]]
    known = [verdict for verdict in told if verdict != format.TOO_FEW]
    if areas.height == 1 or not known:
        return ""
    apart = len(known) - known.count(format.NOT_SEPARATED)
    return (
        "These assumptions separate the share of the gain from the share of GVA (one is the larger "
        f"in more than 9 of 10 futures) in {apart or 'none'} of the {len(known)} areas."
    )


def pattern(result: Result) -> str:
    """Whether areas converge or diverge in a run; nothing where that cannot be told."""
    try:
        found = convergence.pattern(result)
    except ResultError:  # the figures are not at hand
        return ""
    if not math.isfinite(found.correlation):
        return ""
    than = "its share of the gain relative to its share of the economy"
    number = f"correlation {format.ratio(found.correlation)} across {found.areas} areas"
    each = format.listed(
        [f"{format.ratio(value)} with “{name}”" for name, value in found.choices.items()]
    )
    if found.choices and min(found.choices.values()) < 0 < max(found.choices.values()):
        return (
            "In some structures of the model areas converge, in others they diverge: how ready an "
            f"area is and {than} have correlations of {each} ({found.areas} areas). Which pattern "
            "holds is judgement."
        )
    if abs(found.correlation) < HARDLY:
        said = f"How ready an area is says little of {than} ({number})."
    elif found.correlation < 0:
        said = f"Areas converge by assumption: the readier an area, the smaller {than} ({number})."
    else:
        said = f"Areas diverge by assumption: the readier an area, the larger {than} ({number})."
    by_structure = f" By structure it is {each}." if each else ""
    return f"{said}{by_structure} Which pattern holds is judgement."


def if_diverging(a: AreaSummary, ratio: float | None) -> str:
    """What an area's share would be where areas diverge; nothing of the UK, or if not known.

    `ratio` is that of the share of the gain to the share of GVA, as
    `gainsmodel.analysis.convergence.ratios_if_diverging` gives it.
    """
    if ratio is None or a.unit == "uk" or a.shares_withheld:
        return ""
    return (
        "Where areas diverge (readiness also raises ceilings and pace), "
        f"{the(a.whose)} share of the gain would be {format.ratio(ratio)} times its share of the "
        f"economy on average; here it is {format.ratio(a.ratio.mean)} times."
    )


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
    return (
        f"Across the UK digital adoption carries {carried.gbp} {a.when} ({carried.gbp_range}). "
        f"It reaches {a.the_prize_read} in full {reached}; both are in {a.prices}."
    )


def readings(a: AreaSummary) -> str:
    """How often digital carries the prize across the UK, on each of its three readings."""
    first, last = a.years
    row, horizon = a.uk.row, format.years(last - first)
    year, share, total = (
        format.chance(plain(row[f"p_{reading}_reaches_prize"]), a.futures) for reading in READINGS
    )
    return (
        f"Read as £ a year by {last}, digital adoption reaches {a.the_prize} across the UK {year}; "
        f"as {a.of_economy} in {last}, {share}; as a sum over {horizon}, {total}."
    )


def prize_note(scenario: Scenario) -> str:
    """The standing caveat in full: what the prize is, and how it is read."""
    setting = scenario.setting
    final = setting.start_year + setting.horizon_years
    horizon = format.years(setting.horizon_years)
    of_economy = format.part(scenario.prize.share_of_economy)
    reading = {
        "cumulative": f"the model reads it here as the sum over its own {horizon}, to {final}",
        "share_of_economy": f"the model reads it here as {of_economy} of the UK’s GVA in {final}",
        "final_year": f"the model reads it as an amount a year, reached in {final}",
    }[scenario.prize.basis]
    if not is_cbi_figure(scenario):
        grade = scenario.prize.evidence
        return (
            f"Its source: {scenario.prize.source.removesuffix('.')} ({grade}); {reading}. What is "
            "known of the £208bn, its causes and its prices does not apply to it."
        )
    return (
        "The figure is almost certainly the CBI’s, from December 2016: the extra output a year "
        "by the tenth year if every local area’s productivity grew as fast as the best in its "
        "own region. It counts skills, transport, management, exporting and innovation, not "
        "digital alone; it is for the whole UK, £ a year in the money of 2024: CBI Scotland put "
        "its part of it at £25bn of annual output by 2024. techUK’s guide of April 2017 uses the "
        f"same figure; that it means this one is our inference. {_capital(reading)}."
    )


def plan_adds(
    a: AreaSummary,
    added: Added,
    cost_gbp_m_per_year: float,
    price_gbp_m_per_year: float | None = None,
    *,
    cost_error: float = 0.0,
    gross: bool = False,
) -> str:
    """The plan's own result line; cost and price as `costs`."""
    spent = costs(cost_gbp_m_per_year, price_gbp_m_per_year, cost_error)
    if added.is_zero:
        return f"This plan adds nothing in {a.name}. It {spent}."
    if not added.is_told:
        return f"What this plan adds {a.when} cannot be stated: {format.TOO_FEW}. It {spent}."
    return (
        f"This plan adds {added.about_gbp}{' gross' if gross else a.net_of} {a.when} "
        f"({added.range_and_nothing()}) and {spent}. Firms would also spend to adopt."
    )


def costs(
    cost_gbp_m_per_year: float, price_gbp_m_per_year: float | None = None, cost_error: float = 0.0
) -> str:
    """What levers cost the authority: the expected value, and the price it comes from.

    Parameters
    ----------
    cost_gbp_m_per_year, price_gbp_m_per_year : float
        As `lever_costs`; a price that is not known, or reads as the cost does, is not said.
    cost_error : float
        Monte Carlo standard error of the cost, £m, if it is an average of futures.
    """
    cost = format.cost(cost_gbp_m_per_year)
    if cost_error:
        cost = format.gbp(cost_gbp_m_per_year, cost_error)
    about = cost if cost == "£0" else format.about(cost)
    said = f"costs {about} a year on average once running"
    price = cost if price_gbp_m_per_year is None else format.cost(price_gbp_m_per_year)
    if price == cost:
        return said
    return f"{said}; {price} at full take-up and before optimism bias"


def cost_a_year(costs: pl.DataFrame, unit: str) -> float:
    """What all levers cost an area or group a year once running, £m, from `lever_costs`."""
    return _sum_of(costs, unit, "cost_gbp_m_per_year")


def cost_and_price(costs: pl.DataFrame, unit: str) -> tuple[float, float]:
    """`cost_a_year`, and the same at full take-up and before optimism bias."""
    return cost_a_year(costs, unit), _sum_of(costs, unit, "price_gbp_m_per_year")


def _sum_of(costs: pl.DataFrame, unit: str, column: str) -> float:
    pairs = zip(costs["area_code"], costs[column], strict=True)
    return float(sum(value for code, value in pairs if code == unit))


def spillover_only(place: str) -> str:
    """What is said where an area moves no lever itself."""
    return f"No lever is moved in {place}: any gain there is spillover from other areas."


def plan_in_short(
    pair: PairedResult,
    worth: dict[str, Any],
    prices: Prices = "real",
    *,
    uk: dict[str, Any] | None = None,
    cases: TakeUpCases | None = None,
    gross: bool = False,
) -> list[str]:
    """What a plan adds and costs, whether it pays back and is worth it, on what evidence.

    Parameters
    ----------
    pair : PairedResult
    worth : dict
        The area's row of `gainsmodel.appraise`, in these prices, net or gross.
    uk : dict, optional
        The UK's row of the same table, to stand beside that of another area.
    cases : TakeUpCases, optional
        What it would be worth at the take-up of earlier programmes.
    """
    scenario, code = pair.scenario, worth["area_code"]
    known = code in pair.with_plan.codes
    a = AreaSummary(pair.with_plan, code if known else "uk")
    error = 0.0
    spent: tuple[float, float | None]
    if known and prices == "real":
        spent = cost_and_price(lever_costs(scenario, pair.dataset), code)
    else:  # the table of levers has neither a wider area nor current prices
        cost = Estimate.of(worth, "authority_cost_per_year_gbp_m")
        spent, error = (cost.mean, None), cost.error
    metric = "added_cumulative_gbp_m" if a.cumulative else "added_final_year_gbp_m"
    added = Added.of_row(worth, metric, a.futures)
    said = [plan_adds(a, added, *spent, cost_error=error, gross=gross)]
    if uk is not None:
        said.append(seen_from_the_uk(a, uk, metric, gross=gross))
    unit = unit_of(pair.dataset, code)
    value = pair.net_present_value_draws(unit, gross=gross, prices=prices)
    said += [
        pays_back(plain(worth["p_pays_back"]), a),
        net_value(worth, of_draws(value, pair.with_plan)),
        "" if cases is None else at_other_take_up(cases),
        judgement(scenario),
    ]
    return [*filter(None, said)]


def seen_from_the_uk(
    a: AreaSummary, uk: dict[str, Any], metric: str, *, gross: bool = False
) -> str:
    """What the same plan adds to the UK and is worth to it, from the UK's row of `appraise`."""
    added = Added.of_row(uk, metric, a.futures)
    net = Estimate.of(uk, "net_present_value_gbp_m")
    kind = "gross" if gross or "displacement" not in a.net_of_names else "net of displacement"
    return (
        f"For the UK as a whole it adds {added.about_gbp} {kind} {a.when} "
        f"({added.range_and_nothing()}); its net present value there is {net.gbp} on average "
        f"({net.gbp_range}), above 0 {format.chance(plain(uk['p_pays_back']), a.futures)}."
    )


def at_other_take_up(cases: TakeUpCases) -> str:
    """What a plan would be worth, and how often it would pay back, at each case of take-up."""
    said: list[str] = []
    for row in cases.table.iter_rows(named=True):
        value = Estimate.of(row, "net_present_value_gbp_m")
        back = format.chance(row["p_pays_back"], cases.draws)
        would_be = (
            f"its net present value would be {value.gbp} on average ({value.gbp_range}), and it "
            f"would pay back {back}"
            if not said
            else f"{value.gbp} ({value.gbp_range}), and {back}"
        )
        said.append(f"at {format.take_up(row['take_up'])} take-up ({row['case']}) {would_be}")
    kept = format.listed(cases.keep_their_own)
    own = f"{kept} {'keep' if len(cases.keep_their_own) > 1 else 'keeps'} a take-up of "
    own += "their own" if len(cases.keep_their_own) > 1 else "its own"
    if not said:
        return f"{own}, so the take-up of earlier programmes does not apply." if kept else ""
    return f"{_capital('; '.join(said))}.{f' {own}.' if kept else ''}"


def judgement(scenario: Scenario) -> str:
    """Said where any effect of a lever that is moved is judgement."""
    grades = {
        effect.evidence
        for lever in scenario.moved_levers()
        for _, effect in scenario.levers[lever].effects
        if effect is not None
    }
    return JUDGEMENT if "judgement" in grades else ""


def money(scenario: Scenario, prices: str) -> str:
    """The prices of an appraisal's amounts, and how they are discounted."""
    setting = scenario.setting
    bands = scenario.discounting.rates
    rates = dict.fromkeys(b.rate for b in bands if b.from_year <= setting.horizon_years)
    discounted = f"discounted at {', then '.join(map(format.percent, rates))} a year"
    if prices == "real":
        return f"{setting.price_year} prices, {discounted}, counting what firms spend."
    inflation = scenario.parameters.inflation_per_year
    return (
        "Current prices (GDP deflator, then "
        f"{format.percent(inflation.value)} a year, {inflation.evidence}), present values in that "
        f"of {setting.start_year}, {discounted}, counting what firms spend."
    )


def lever_effects(scenario: Scenario, lever: str) -> str:
    """What a lever does at full take-up, each effect with its range."""
    parts = []
    chances: set[float] = set()
    for target, effect in scenario.levers[lever].effects:
        if effect is not None:
            stated = effect.figure()
            chances.add(stated.p_zero or 0.0)
            low, median, high = (f"{value:.2g}" for value in quantiles(stated.if_not_zero()))
            size = median if low == high else f"{median} ({low} to {high})"
            parts.append(f"it {PARAMETERS[target].lever_adds(size)}")
    if not parts:
        return "No effect is assumed."
    said = f"At full take-up, {', '.join(parts)}; assumed medians, and ranges of 9 of 10 futures"
    if chances == {0.0}:
        return f"{said}."
    none = " or ".join(format.intensity(chance) for chance in sorted(chances))
    return f"{said} in which it has an effect. The chance that it has none is {none}."


def lever_evidence(scenario: Scenario, lever: str) -> str:
    """The weakest grade of evidence among a lever's cost and effects."""
    known = scenario.levers[lever]
    grades = {known.cost_gbp_per_head_per_year.evidence}
    grades |= {effect.evidence for _, effect in known.effects if effect is not None}
    return next(grade for grade in ("judgement", "derived", "published") if grade in grades)


def lever_help(
    scenario: Scenario, lever: str, full_cost_gbp_m: float, full_price_gbp_m: float | None = None
) -> str:
    """What a lever is, costs (as `costs`, at full intensity) and does, and on what evidence."""
    own = scenario.levers[lever].take_up
    earlier = " and ".join(f"{format.take_up(c.take_up)} ({c.programme})" for c in CASES)
    take_up = f"Earlier programmes had a take-up of {earlier}."
    return (
        f"{scenario.levers[lever].what} In full it {costs(full_cost_gbp_m, full_price_gbp_m)}. "
        f"{lever_effects(scenario, lever)} {take_up if own is None else _own_take_up(own)} "
        f"{lever_source(scenario, lever)}"
    )


def _own_take_up(take_up: Quantity) -> str:
    low, _, high = (format.whole_percent(value) for value in quantiles(take_up.figure()))
    spread = low if low == high else f"{low} to {high} in 9 of 10 futures"
    return f"It has a take-up of its own, {spread} ({take_up.source.removesuffix('.')})."


def lever_source(scenario: Scenario, lever: str) -> str:
    """Where the sizes of a lever's effects come from."""
    effects = [effect for _, effect in scenario.levers[lever].effects if effect is not None]
    if any(effect.evidence == "judgement" for effect in effects):
        notes = dict.fromkeys(effect.note for effect in effects if effect.note)
        return " ".join([JUDGEMENT, *notes])
    return f"Source: {'; '.join(dict.fromkeys(effect.source for effect in effects))}."


def pays_back(p_pays_back: float, a: AreaSummary) -> str:
    """The chance of pay-back, which counts what firms spend."""
    return (
        "Counting what the authority and firms spend, discounted, it pays back within "
        f"{a.horizon} {format.chance(p_pays_back, a.futures)}."
    )


def net_value(worth: dict[str, Any], verdict: Verdict) -> str:
    """The verdict on a plan and doing nothing, with the range from a row of `appraise`."""
    net = Estimate.of(worth, "net_present_value_gbp_m")
    return against_nothing(verdict, net.low, net.high)


def breaks_even_of(worth: dict[str, Any]) -> str:
    """`breaks_even` from a row of `gainsmodel.appraise`; nothing where it adds or costs nothing."""
    added, spent = added_and_spent(worth)
    return breaks_even(spent / added, added / spent) if added > 0 < spent else ""


def added_and_spent(worth: dict[str, Any]) -> tuple[float, float]:
    """Expected present value of what a plan adds, and of what authority and firms spend, £m."""
    added, *costs = (
        plain(worth[f"{name}_present_value_gbp_m_mean"])
        for name in ("added", "authority_cost", "firms_cost")
    )
    return added, sum(costs)


def reaches_target(p_target: float, target_gbp_m: float, year: int, futures: int) -> str:
    """The chance that a plan adds a target by the final year."""
    return (
        f"The plan adds at least {format.goal(target_gbp_m)} a year by {year} "
        f"{format.chance(plain(p_target), futures)}."
    )


def verdict(comparison: Comparison, first: str, second: str) -> str:
    """Which of two plans is worth more; nothing where more than the plan differs.

    One that moves no lever is called what it is: doing nothing.
    """
    known = comparison.verdict
    if known is None:
        return ""
    sides = zip((first, second), (comparison.first, comparison.second), strict=True)
    return known.in_words(*(name if has_plan(side) else NO_LEVER for name, side in sides))


def compared(comparison: Comparison, first: str, second: str) -> str:
    """The headline of a comparison of two plans, by their names, for its area."""
    if comparison.identical:
        return f"“{first}” and “{second}” are the same plan: nothing differs."
    row = _compared(comparison)
    if not comparison.paired:
        return (
            f"These two runs use different random draws, so part of the difference between "
            f"“{first}” and “{second}” is sampling noise."
        )
    gap = Estimate.of(row, comparison.metric)
    said = format.compared(
        first,
        second,
        mean_gbp_m=gap.mean,
        low_gbp_m=gap.low,
        high_gbp_m=gap.high,
        mcse_gbp_m=gap.error,
        p_first_higher=plain(row["p_first_higher"]),
        p_second_higher=plain(row["p_second_higher"]),
        futures=comparison.first.manifest["draws"],
        year=AreaSummary(comparison.first, "uk").years[1],
        plans=comparison.only_plans_differ,
    )
    costs_more_gbp_m = comparison.costs_more_gbp_m_per_year
    cost = format.cost(abs(costs_more_gbp_m))
    side = "more" if costs_more_gbp_m > 0 else "less"
    costs = "the same" if cost == "£0" else f"{cost} a year {side}"
    return (
        f"{said} “{first}” costs {costs} than “{second}”."
        if costs != "the same"
        else (f"{said} Both cost the same.")
    )


def compared_error(comparison: Comparison, first: str) -> str:
    """How sure the difference is: chance, error of its average, and sampling noise."""
    row = _compared(comparison)
    futures = comparison.first.manifest["draws"]
    gap = Estimate.of(row, comparison.metric)
    said = "less than £0.1m" if gap.error < 0.05 else format.cost(gap.error)
    if not comparison.paired:
        return (
            f"The average difference is {gap.gbp}, with a standard error of {said}, treating the "
            "runs as independent."
        )
    kind, verb = ("plans", "adds") if comparison.only_plans_differ else ("scenarios", "comes to")
    return (
        f"“{first}” {verb} more {format.chance(plain(row['p_first_higher']), futures)}. "
        f"The standard error of the average difference is {said}, from the number of futures. "
        f"Both {kind} use the same {futures:,} random draws, so sampling noise cancels."
    )


def _compared(comparison: Comparison) -> dict[str, Any]:
    return comparison.areas().row(
        by_predicate=pl.col("area_code") == comparison.unit.code, named=True
    )


def nothing_of(part: Mapping[str, Any], metric: str, futures: int) -> str:
    """How often a part of a plan adds less than £1m, from a row of `lever_contributions`."""
    if part["part"] == "together":  # an effect on each other, not something that is added
        return ""
    return Added.of_row(part, metric, futures).nothing


def how_it_was_run(manifest: Mapping[str, Any]) -> str:
    """The draws behind an answer."""
    return (
        f"{format.count(manifest['draws'])}, seed {manifest['seed']}, sampler "
        f"{manifest['sampler']}."
    )


def shares_left_out(a: AreaSummary) -> str:
    """How many draws shares leave out, and why."""
    floor = a.result.scenario.setting.share_floor
    return (
        f"Shares leave out {format.percent(plain(a.row['share_excluded_draws']))} of the futures, "
        f"in which the national gain is below {format.percent(floor)} of GVA."
    )


def final_year(result: Result) -> int:
    """The last year of the horizon."""
    setting = result.scenario.setting
    return setting.start_year + setting.horizon_years


def adjusted(net_of: Sequence[str]) -> str:
    """What gains that a plan adds are net of, in a sentence; of nothing where they are gross."""
    if not net_of:
        return "Gross: before displacement, leakage and multiplier."
    said = f"Net of {format.listed(net_of)}, whose sizes are judgement"
    if {*net_of} == {"displacement"}:
        return f"{said}."
    of_uk = "net of displacement alone" if "displacement" in net_of else "gross"
    return f"{said}; the UK’s are {of_uk}, since nothing leaks out of it."


def the(place: str) -> str:
    """A place as it stands within a sentence."""
    return "the UK" if place == "United Kingdom" else place


def waiting_costs(table: pl.DataFrame) -> str:
    """What starting a plan later costs, from `gainsmodel.delay_cost`."""
    row = table.row(0, named=True)
    lost = Estimate.of(row, "lost_net_present_value_gbp_m")
    wait = "a year" if row["delay_years"] == 1 else f"{row['delay_years']:g} years"
    ends = f"9 of 10 futures: {lost.gbp_range}"
    if not is_told(lost.mean, lost.error):
        return (
            f"Whether waiting {wait} costs or saves cannot be told: the average loss of net "
            f"present value is within its simulation error ({ends})."
        )
    amount = format.gbp(abs(lost.mean), lost.error)
    size = "" if amount == format.TOO_FEW else f" {format.about(amount)} of"
    if lost.mean < 0:
        return (
            f"Waiting {wait} would save{size} net present value on average, more than it forgoes "
            f"({ends}, where a minus is a saving)."
        )
    return f"Waiting {wait} costs{size} net present value on average ({ends})."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
