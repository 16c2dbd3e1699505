"""What a plan adds and costs, and whether it pays back."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.take_up_cases import TakeUpCases
from gainsmodel.analysis.verdict import Verdict, against_nothing, breaks_even, is_told, of_draws
from gainsmodel.choices import Prices
from gainsmodel.data.units import unit_of
from gainsmodel.present.area_summary import Added, AreaSummary, Estimate, plain
from gainsmodel.present.text.levers import costs, judgement
from gainsmodel.present.text.terms import capital
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import lever_costs

NO_PLAN = "Every lever is at zero, so the plan adds nothing. Pick a starting plan or move a lever."


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
    return f"{capital('; '.join(said))}.{f' {own}.' if kept else ''}"


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


def nothing_of(part: Mapping[str, Any], metric: str, futures: int) -> str:
    """How often a part of a plan adds less than £1m, from a row of `lever_contributions`."""
    if part["part"] == "together":  # an effect on each other, not something that is added
        return ""
    return Added.of_row(part, metric, futures).nothing


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
