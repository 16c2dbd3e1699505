"""What a plan adds, what it costs whom, and whether it pays back."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.additionality import TOTALS, UNVERIFIED, Waterfall
from gainsmodel.analysis.switching_values import SwitchingValues
from gainsmodel.analysis.who_gains import WhoGains
from gainsmodel.present import text
from gainsmodel.present.area_summary import Added, AreaSummary, Estimate
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.present.pages.who_gains import who_gains
from gainsmodel.results.paired import ADDED, PairedResult
from gainsmodel.results.plan_levers import lever_costs

AMOUNTS = {
    "added_final_year_gbp_m": "Added a year by {year}",
    "added_cumulative_gbp_m": "Added over {years}",
    "added_present_value_gbp_m": "Added, present value",
    "authority_cost_per_year_gbp_m": "Cost to the authority a year once running",
    "authority_cost_present_value_gbp_m": "Cost to the authority, present value",
    "firms_cost_present_value_gbp_m": "Cost to firms, present value",
    "net_present_value_gbp_m": "Net present value",
}


def appraisal(
    pair: PairedResult,
    unit: str,
    worth: dict[str, Any],
    net: Waterfall,
    *,
    target_gbp_m: float | None = None,
    delay: pl.DataFrame | None = None,
    switching: SwitchingValues | None = None,
    gains: WhoGains | None = None,
) -> Iterator[Block]:
    """Say what a plan is worth in one area.

    Parameters
    ----------
    pair : PairedResult
    unit : str
        Code of the area, group or wider area.
    worth : dict
        Its row of `appraise`.
    net : Waterfall
    target_gbp_m : float, optional
    delay : DataFrame, optional
        Of `delay_cost`.
    switching : SwitchingValues, optional
    gains : WhoGains, optional
    """
    scenario = pair.scenario
    a = AreaSummary(pair.with_plan, unit) if unit in pair.with_plan.codes else None
    final = scenario.setting.start_year + scenario.setting.horizon_years
    yield Heading(f"{scenario.title}: {worth['area_name']}")
    sentences = text.plan_in_short(pair, worth, net.prices)
    yield Words(" ".join(sentences))
    if target_gbp_m is not None:
        draws = pair.manifest["draws"]
        yield Words(text.reaches_target(worth["p_target"], target_gbp_m, final, draws))
    if delay is not None:
        yield Words(text.waiting_costs(delay))
    if (
        a is not None
        and not lever_costs(scenario, pair.dataset).filter(area_code=unit)["intensity"].sum()
    ):
        yield Words(text.spillover_only(a.place))
    yield cost_and_return(pair, worth)
    if even := text.breaks_even_of(worth):
        yield Words(even)
    if switching is not None:
        yield from switching_values(switching)
    if gains is not None:
        yield from who_gains(gains)
    yield from gross_to_net(net)
    if of_areas := text.of_areas(pair.manifest["geography"]):
        yield Words(of_areas, "small")
    yield Words(text.money(scenario, net.prices), "small")
    yield Words(text.WORDS, "small")
    yield Words(text.how_it_was_run(pair.manifest), "small")


def cost_and_return(pair: PairedResult, worth: dict[str, Any], title: str = "") -> Grid:
    """What a plan brings and costs, from a row of `gainsmodel.appraise`.

    Benefit for each £1 last: the expected gain over the expected cost, since a ratio may have no
    mean; not where nothing is spent.
    """
    setting = pair.scenario.setting
    labels = {
        "year": str(setting.start_year + setting.horizon_years),
        "years": format.years(setting.horizon_years),
    }
    rows = []
    for name, label in AMOUNTS.items():
        amount, nothing = Estimate.of(worth, name), ""
        if name in ADDED:
            nothing = Added.of_row(worth, name, pair.manifest["draws"]).nothing
        rows.append((label.format(**labels), amount.gbp, amount.gbp_range, nothing))
    ends = [worth[f"benefit_cost_ratio_{q}"] for q in ("p05", "p95")]
    added, spent = text.added_and_spent(worth)
    if None not in ends and spent > 0:
        low, high = map(format.gbp_for_each_pound, ends)
        spread = f"{low} to {high}" if ends[0] < ends[1] else text.CERTAIN
        each = format.gbp_for_each_pound(added / spent)
        rows.append(("Gain for each £1 that authority and firms spend", each, spread, ""))
    return Grid(title, ("", text.AVERAGE, text.RANGE, text.NOTHING), rows)


def switching_values(values: SwitchingValues) -> Iterator[Block]:
    """At which value of each assumption the plan just breaks even."""
    table = values.in_words
    yield Heading("Switching values: where the plan just breaks even")
    yield Points(values.summary)
    yield Grid("", table.columns, table.rows(), left=(0, 2, 6))
    yield Words(" ".join(values.how_to_read), "small")


def gross_to_net(net: Waterfall) -> Iterator[Block]:
    """From gross to net as the area, its region and the UK see it; nothing where all are off."""
    if not net.switched_on:
        return
    rows = []
    for (place,), steps in net.table.group_by(["area_name"], maintain_order=True):
        rows.append((f"Seen from {text.the(str(place))}", "", "", ""))
        for step in steps.iter_rows(named=True):
            off = " (off)" if step["switched_on"] is False else ""
            amount, nothing = Estimate.of(step, "amount_gbp_m"), ""
            if step["step"] in TOTALS:
                nothing = Added.of_row(step, "amount_gbp_m", net.draws).nothing
            rows.append((f"  {step['label']}{off}", amount.gbp, amount.gbp_range, nothing))
    headings = ("", text.AVERAGE, text.RANGE, text.NOTHING)
    yield Grid(f"From gross to net, {net.when}", headings, rows)
    places = {"leakage", "multiplier"} & {*net.switched_on}
    if places and net.table["viewpoint"][0] == "uk":
        yield Words(
            "The figures above count leakage and the multiplier from the area’s viewpoint. Within "
            "the UK nothing leaks and nothing is drawn in, as below."
        )
    yield Words(UNVERIFIED, "small")
