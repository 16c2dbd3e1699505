"""What a plan adds, what it costs whom, and whether it pays back."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.additionality import UNVERIFIED, Waterfall
from gainsmodel.analysis.switching_values import SwitchingValues
from gainsmodel.analysis.take_up_cases import TakeUpCases
from gainsmodel.analysis.who_gains import WhoGains
from gainsmodel.present import text
from gainsmodel.present.area_summary import Added, AreaSummary, Estimate, plain
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
RATIOS = {
    "public_benefit_cost_ratio": "Gain less firms’ cost, for each £1 of the authority’s",
    "benefit_cost_ratio": "Gain for each £1 that authority and firms spend",
}


def appraisal(
    pair: PairedResult,
    unit: str,
    worth: dict[str, Any],
    net: Waterfall,
    *,
    uk: dict[str, Any] | None = None,
    cases: TakeUpCases | None = None,
    gross: bool = False,
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
        Its row of `appraise`, net, or gross where `gross` says so.
    net : Waterfall
    uk : dict, optional
        The UK's row, which stands beside that of another area.
    cases : TakeUpCases, optional
    gross : bool
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
    sentences = text.plan_in_short(pair, worth, net.prices, uk=uk, cases=cases, gross=gross)
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
    yield cost_and_return(pair, worth, uk)
    if cases is not None and cases.table.height:
        yield at_other_take_up(worth, cases)
    if even := text.breaks_even_of(worth):
        yield Words(even)
    if switching is not None:
        yield from switching_values(switching)
    if gains is not None:
        yield from who_gains(gains)
    yield from gross_to_net(net)
    if of_areas := text.of_areas(pair.manifest["geography"]):
        yield Words(of_areas, "small")
    adjusted = text.adjusted(() if gross else pair.net_of)
    yield Words(f"{text.money(scenario, net.prices)} {adjusted}", "small")
    yield Words(text.WORDS, "small")
    yield Words(text.how_it_was_run(pair.manifest), "small")


def cost_and_return(
    pair: PairedResult, worth: dict[str, Any], uk: dict[str, Any] | None = None, title: str = ""
) -> Grid:
    """What a plan brings and costs an area, and the UK beside it, from rows of `appraise`.

    Benefit for each £1 last, both ways: the expected gain over the expected cost, since a ratio may
    have no mean; not where nothing is spent.
    """
    setting = pair.scenario.setting
    labels = {
        "year": str(setting.start_year + setting.horizon_years),
        "years": format.years(setting.horizon_years),
    }
    places = [worth] if uk is None else [worth, uk]
    rows = []
    for name, label in AMOUNTS.items():
        cells, nothing = [label.format(**labels)], ""
        for row in places:
            amount = Estimate.of(row, name)
            cells += [amount.gbp, amount.gbp_range]
        if name in ADDED:
            nothing = Added.of_row(worth, name, pair.manifest["draws"]).nothing
        rows.append([*cells[:3], nothing, *cells[3:]])
    for name, label in RATIOS.items():
        if all(row[f"{name}_of_means"] is None for row in places):
            continue
        each = [_for_each_pound(row, name) for row in places]
        rows.append([label, *each[0], "", *(cell for of_uk in each[1:] for cell in of_uk)])
    headings = ["", text.AVERAGE, text.RANGE, text.NOTHING]
    if uk is not None:
        headings += ["The UK on average", "The UK in 9 of 10 futures"]
    return Grid(title, headings, rows)


def _for_each_pound(row: dict[str, Any], name: str) -> tuple[str, str]:
    """Expected benefit over expected cost, and the range of the ratio."""
    low, high = (row[f"{name}_{q}"] for q in ("p05", "p95"))
    if low is None or high is None or row[f"{name}_of_means"] is None:
        return "", ""
    ends = [format.gbp_for_each_pound(end) for end in (low, high)]
    spread = " to ".join(ends) if low < high else text.CERTAIN
    return format.gbp_for_each_pound(row[f"{name}_of_means"]), spread


def at_other_take_up(worth: dict[str, Any], cases: TakeUpCases) -> Grid:
    """Net present value and chance of pay-back at each case of take-up, and as assumed."""
    rows = []
    for name, row in (
        ("As assumed", worth),
        *(
            (f"{format.take_up(row['take_up'])} ({row['case']})", row)
            for row in cases.table.iter_rows(named=True)
        ),
    ):
        value = Estimate.of(row, "net_present_value_gbp_m")
        back = format.out_of_100(plain(row["p_pays_back"]), cases.draws)
        rows.append((name, value.gbp, value.gbp_range, back))
    headings = ("Take-up", "Net present value on average", text.RANGE, "Pays back")
    return Grid("If it is taken up as earlier programmes were", headings, rows)


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
    rows, labels = [], []
    for (place,), seen in net.table.group_by(["area_name"], maintain_order=True):
        labels = [
            f"{step['label']}{' (off)' if step['switched_on'] is False else ''}"
            for step in seen.iter_rows(named=True)
        ]
        amounts = [Estimate.of(step, "amount_gbp_m") for step in seen.iter_rows(named=True)]
        nothing = Added.of_row(seen.to_dicts()[-1], "amount_gbp_m", net.draws).nothing
        cells = [f"{amount.gbp} ({amount.gbp_range})" for amount in amounts]
        rows.append((str(place), *cells, nothing))
    yield Grid(f"From gross to net, {net.when}", ["Seen from", *labels, text.NOTHING], rows)
    places = {"leakage", "multiplier"} & {*net.switched_on}
    if places and net.table["viewpoint"][0] == "uk":
        yield Words(
            "The figures above count leakage and the multiplier from the area’s viewpoint. Within "
            "the UK nothing leaks and nothing is drawn in, as below."
        )
    yield Words(UNVERIFIED, "small")
