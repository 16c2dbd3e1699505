"""What a plan adds, what it costs whom, and whether it pays back."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.additionality import UNVERIFIED, Waterfall
from gainsmodel.analysis.switching_values import SwitchingValues
from gainsmodel.present import text
from gainsmodel.present.area_summary import AreaSummary
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.results.paired import PairedResult
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
    yield from gross_to_net(net)
    yield Words(text.money(scenario, net.prices), "small")
    yield Words(text.WORDS, "small")
    yield Words(text.how_it_was_run(pair.manifest), "small")


def cost_and_return(pair: PairedResult, worth: dict[str, Any], title: str = "") -> Grid:
    """What a plan brings and costs, from a row of `gainsmodel.appraise`.

    Benefit for each £1 last, without an average, since a ratio may have none; not where
    nothing is spent.
    """
    setting = pair.scenario.setting
    labels = {
        "year": str(setting.start_year + setting.horizon_years),
        "years": format.years(setting.horizon_years),
    }
    rows = []
    for name, label in AMOUNTS.items():
        amount = text.amount_of(worth, name)
        mean = text.mean_of(worth, name)
        rows.append((label.format(**labels), amount.gbp, amount.gbp_range, mean))
    ratio = [worth[f"benefit_cost_ratio_{q}"] for q in ("p50", "p05", "p95")]
    if None not in ratio:
        middle, low, high = (format.gbp_for_each_pound(number) for number in ratio)
        spread = f"{low} to {high}" if ratio[1] < ratio[2] else text.CERTAIN
        rows.append(("Gain for each £1 that authority and firms spend", middle, spread, ""))
    return Grid(title, ("", "Middle estimate", text.RANGE, "Average"), rows)


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
        rows.append((f"Seen from {text.the(str(place))}", "", ""))
        for step in steps.iter_rows(named=True):
            off = " (off)" if step["switched_on"] is False else ""
            amount = text.amount_of(step, "amount_gbp_m")
            mean = text.mean_of(step, "amount_gbp_m")
            rows.append((f"  {step['label']}{off}", mean, amount.gbp_range))
    yield Grid(f"From gross to net, {net.when}", ("", "Average", text.RANGE), rows)
    places = {"leakage", "multiplier"} & {*net.switched_on}
    if places and net.table["viewpoint"][0] == "uk":
        yield Words(
            "The figures above count leakage and the multiplier from the area’s viewpoint. Within "
            "the UK nothing leaks and nothing is drawn in, as below."
        )
    yield Words(UNVERIFIED, "small")
