"""Shares of the gain and of the prize, the digital gain, what a plan adds."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import polars as pl

from gainsmodel import format
from gainsmodel.data import OWN
from gainsmodel.present import text
from gainsmodel.present.area_summary import Added, AreaSummary
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import lever_costs
from gainsmodel.results.result import Result


def shares(
    result: Result,
    codes: Iterable[str] | None = None,
    pair: PairedResult | None = None,
    on: date | None = None,
    ratios: Mapping[str, float] | None = None,
) -> Iterator[Block]:
    """Say what a run comes to.

    Parameters
    ----------
    result : Result
    codes : iterable of str, optional
        Areas and groups that were asked for: each has its headline, and its row in the table;
        every area has a row if left out.
    pair : PairedResult, optional
        The same run with its reference: shows what the plan adds.
    on : date, optional
        The day on which the age of the figures is told; today if left out.
    ratios : mapping, optional
        Code of an area to its share of the gain over its share of GVA where areas diverge; see
        `gainsmodel.analysis.convergence.ratios_if_diverging`.
    """
    uk = AreaSummary(result, "uk")
    scenario = result.scenario
    asked = [AreaSummary(result, code) for code in codes or ()]
    yield Heading(f"{scenario.title}: {scenario.question}")
    for a in asked:
        added = None if pair is None else a.added(pair.without)
        yield Words(" ".join(text.headline(a, added)), "lead")
        yield Words(f"{text.ranges(a)} {text.against_gva(a)}")
        if pair is not None and added is not None:
            costs = lever_costs(pair.scenario, pair.dataset)
            yield Words(text.plan_adds(a, added, *text.cost_and_price(costs, a.unit)))
    yield Words(f"{text.causes(uk)} {text.prize_note(scenario)}")
    if own := result.manifest.get("own_data"):
        what = "areas" if result.manifest["geography"] == OWN else "GVA figures"
        yield Words(f"Using your own {what}:")
        yield Points(own["notes"])
    yield shares_table(result, [a.unit for a in asked] or None)
    if of_areas := text.of_areas(result.manifest["geography"]):
        yield Words(of_areas)
    yield Words(" ".join(filter(None, [text.separated(result), text.national(uk)])))
    diverging = [text.if_diverging(a, (ratios or {}).get(a.unit)) for a in asked]
    if said := " ".join(filter(None, [text.pattern(result), *diverging])):
        yield Words(said)
    age = text.of_figures(result.manifest, on or date.today())
    yield Words(" ".join(filter(None, [text.prices(uk), age])))
    if pair is not None:
        yield from _plan(pair, asked)
    yield Words(text.WORDS, "small")
    if uk.row["share_excluded_draws"]:
        yield Words(text.shares_left_out(uk), "small")
    yield Words(text.how_it_was_run(result.manifest), "small")


def shares_table(result: Result, codes: Iterable[str] | None = None) -> Grid:
    """One row an area, the UK last."""
    wanted = list(result.areas()["area_code"]) if codes is None else list(dict.fromkeys(codes))
    uk = AreaSummary(result, "uk")
    rows = [_row(AreaSummary(result, code)) for code in wanted if code != "uk"]
    # The whole of a prize that is certain is that prize, unrounded.
    certain = uk.part.is_certain and not uk.is_restated
    whole = uk.prize if certain else uk.part.gbp
    rows.append(
        (uk.name, "100%", "100%", "", "", whole, uk.digital_gain.gbp, uk.digital_gain.gbp_range)
    )
    headings = (
        "Area",
        "Share of UK GVA",
        "Share of the gain",
        text.RANGE,
        "Share of the gain over share of GVA",
        f"Its part of {uk.the_prize_read} {uk.when}",
        f"Digital gain {uk.when}",
        text.RANGE,
    )
    return Grid("", headings, rows)


def _row(a: AreaSummary) -> tuple[str, ...]:
    withheld = a.shares_withheld
    return (
        a.name,
        format.percent(a.gva_share),
        text.WITHHELD if withheld else format.percent(a.share.mean),
        text.WITHHELD if withheld else a.share.percent_range,
        text.WITHHELD if withheld else f"{format.ratio(a.ratio.mean)} ({text.ratio_range(a)})",
        text.WITHHELD if withheld else a.part.gbp,
        a.digital_gain.gbp,
        a.digital_gain.gbp_range,
    )


def _plan(pair: PairedResult, asked: list[AreaSummary]) -> Iterator[Block]:
    costs = lever_costs(pair.scenario, pair.dataset)
    yield Heading("What the plan adds")
    planned = [code for name in pair.scenario.plan for code in pair.dataset.resolve(name)]
    known = set(pair.with_plan.codes)
    shown = dict.fromkeys([*(a.unit for a in asked), *planned, "uk"])
    yield plan_table(pair, [code for code in shown if code in known], costs)
    judged = text.judgement(pair.scenario)
    yield Words(f"{text.adjusted(pair.net_of)} {judged}".strip(), "small")


def plan_table(pair: PairedResult, codes: Iterable[str], costs: pl.DataFrame) -> Grid:
    """What the plan adds and costs in some areas, on the scenario's basis."""
    summaries = [AreaSummary(pair.with_plan, code) for code in codes]
    added = {row["area_code"]: row for row in pair.added(summaries[0].gain).to_dicts()}
    rows = []
    for a in summaries:
        amount = Added.of_row(added[a.unit], a.gain, a.futures)
        rows.append(
            (
                a.name,
                a.digital_gain.gbp,
                AreaSummary(pair.without, a.unit).digital_gain.gbp,
                amount.gbp,
                amount.gbp_range,
                amount.nothing,
                format.cost(text.cost_a_year(costs, a.unit)),
            )
        )
    headings = (
        "Area",
        f"Digital gain {summaries[0].when}",
        "Of which without the plan",
        "The plan adds",
        text.RANGE,
        text.NOTHING,
        "Costs the authority a year once running",
    )
    return Grid("", headings, rows)
