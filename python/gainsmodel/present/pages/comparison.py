"""Two scenarios on the same draws: which adds more, by how much, and which is worth more."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.appraisal import appraise
from gainsmodel.analysis.comparison import SIDES, Comparison
from gainsmodel.analysis.take_up_cases import CASES, TakeUpCases
from gainsmodel.present import text
from gainsmodel.present.area_summary import AreaSummary, Estimate, plain, prices_of
from gainsmodel.present.blocks import Block, Grid, Heading, Words
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import lever_costs

# The longest name that a heading of a column holds.
MOST_IN_A_HEADING = 24
PARTS = {"alone": ", alone", "left_out": ", lost if removed"}
HEADINGS = {
    "year": "The difference year by year, £ a year",
    "sector": "The difference by sector, £ a year in the final year",
    "technology": "The difference by technology, each as if it alone had an effect",
    "lever": "What each lever of “{of}” adds, £ a year in the final year",
}


def comparison(
    compared: Comparison, names: tuple[str, str], *, everywhere: bool = True
) -> Iterator[Block]:
    """Say how two scenarios differ in the comparison's area.

    Parameters
    ----------
    compared : Comparison
    names : (str, str)
        What the two are called.
    everywhere : bool
        Whether other areas that differ have a row each.
    """
    first, second = names
    yield Heading(f"“{first}” compared with “{second}”: {compared.unit.name}")
    if verdict := text.verdict(compared, first, second):
        yield Words(verdict)
    yield Words(text.compared(compared, first, second))
    if compared.identical:
        return
    yield Words(text.compared_error(compared, first))
    if compared.paired and not compared.only_plans_differ:
        yield Words(
            "They differ in more than their plans, so the difference is gross, and neither plan "
            "is ranked above the other."
        )
    table, others = differences(compared, names, everywhere=everywhere)
    yield table
    if others:
        yield Words(f"{others} other areas and groups differ by less than £1m.", "small")
    yield Words(
        f"The digital gain, in {prices_of(compared.first.manifest['scenario'])}, "
        "compared with no further adoption. "
        f"{text.adjusted(compared.net_of)} Figures are averages of all futures.",
        "small",
    )
    if of_areas := text.of_areas(compared.first.manifest["geography"]):
        yield Words(of_areas, "small")
    yield Words(text.how_it_was_run(compared.first.manifest), "small")


def differences(
    compared: Comparison, names: tuple[str, str], *, everywhere: bool = True
) -> tuple[Grid, int]:
    """One row an area; and how many further ones differ by next to nothing."""
    first, second = names
    metric, year = compared.metric, text.final_year(compared.first)
    areas = compared.areas()
    # Spillover moves every other area, by amounts that are not worth a row.
    moved = pl.max_horizontal(pl.col(f"{metric}_{q}").abs() for q in ("mean", "p05", "p95")) >= 1
    named = pl.col("area_code").is_in([compared.unit.code, "uk"])
    shown = areas.filter(named | (pl.lit(everywhere) & moved))
    headings = (
        "Area",
        f"“{_short(first)}” a year by {year}",
        f"“{_short(second)}” a year by {year}",
        "Difference",
        text.RANGE,
        "First is higher",
    )
    rows = [_side_by_side(row, compared) for row in shown.iter_rows(named=True)]
    return Grid("", headings, rows), areas.height - shown.height if everywhere else 0


def _side_by_side(row: dict[str, Any], compared: Comparison) -> tuple[str, ...]:
    amount = Estimate.of(row, compared.metric)
    known = row["p_first_higher"] is not None
    futures = compared.first.manifest["draws"]
    sides = (
        format.gbp(plain(row[f"{side}_mean"]), plain(row[f"{side}_mcse_mean"])) for side in SIDES
    )
    chance = format.chance(plain(row["p_first_higher"]), futures).removeprefix("in ")
    return (
        row["area_name"],
        *sides,
        amount.gbp,
        amount.gbp_range if known else text.NOT_KNOWN,
        chance if known else text.NOT_KNOWN,
    )


def split(
    kind: str, table: pl.DataFrame, place: str, of: str = "", futures: int = 0
) -> Iterator[Block]:
    """A difference by year, sector or technology, or what a plan adds by lever.

    By lever, `of` is the plan and `futures` the number of draws.
    """
    name = {"year": "year", "sector": "sector_name"}.get(kind, "label")
    metric = "gain_gbp_m" if kind == "year" else "gain_final_year_gbp_m"
    of_plan = kind == "lever"
    rows = []
    for row in table.iter_rows(named=True):
        amount, known = Estimate.of(row, metric), row[f"{metric}_p05"] is not None
        cells = [f"{row[name]}{PARTS.get(str(row.get('part')), '')}", amount.gbp]
        cells.append(amount.gbp_range if known else text.NOT_KNOWN)
        rows.append([*cells, *([text.nothing_of(row, metric, futures)] if of_plan else ())])
    headings = (kind.capitalize(), text.AVERAGE, text.RANGE, *[text.NOTHING] * of_plan)
    yield Grid(f"{HEADINGS[kind].format(of=of)}: {place}", headings, rows)


def side_by_side(
    pairs: Mapping[str, PairedResult],
    unit: str,
    target_gbp_m: float | None = None,
    cases: Mapping[str, TakeUpCases] | None = None,
) -> Grid:
    """Plans by their names, a row each: intensity of levers, what they add, cost and pay back.

    `cases` has those of each plan, by its name, at other take-up.
    """
    labels = dict.fromkeys(
        lever.label for pair in pairs.values() for lever in pair.scenario.levers.values()
    )
    when = next(iter(pairs.values())).with_plan
    heads = [f"Adds {AreaSummary(when, unit).when}", text.RANGE, text.NOTHING]
    heads += ["Costs a year", "Net present value", text.RANGE, "Pays back"]
    at = [f"Pays back at {format.take_up(case.take_up)} take-up" for case in CASES] if cases else []
    heads += at
    if target_gbp_m:
        heads.append(f"Adds {format.goal(target_gbp_m)} or more")
    rows = []
    for name, pair in pairs.items():
        scenario, draws = pair.scenario, pair.manifest["draws"]
        costs = lever_costs(scenario, pair.dataset).filter(area_code=unit)
        moved = {
            scenario.levers[row["lever"]].label: format.whole_percent(row["intensity"])
            for row in costs.iter_rows(named=True)
        }
        row = [name, *(moved.get(label, "–") for label in labels)]
        if not scenario.plan:
            rows.append([*row, *("–" for _ in heads)])
            continue
        worth = appraise(pair, target_gbp_m=target_gbp_m, area=unit).row(
            by_predicate=pl.col("area_code") == unit, named=True
        )
        a = AreaSummary(pair.with_plan, unit)
        added = a.added(pair.without)
        row += [
            added.gbp,
            added.gbp_range,
            added.nothing,
            format.cost(text.cost_a_year(costs, unit)),
        ]
        net = Estimate.of(worth, "net_present_value_gbp_m")
        row += [net.gbp, net.gbp_range, format.chance(plain(worth["p_pays_back"]), draws)]
        if cases:
            backs = cases[name].table["p_pays_back"]
            row += [format.chance(back, draws) for back in backs] or ["–" for _ in at]
        if target_gbp_m:
            row.append(format.chance(plain(worth["p_target"]), draws))
        rows.append(row)
    return Grid("", ("Plan", *labels, *heads), rows)


def _short(title: str) -> str:
    whole = len(title) <= MOST_IN_A_HEADING
    return title if whole else f"{title[: MOST_IN_A_HEADING - 1].rstrip()}…"
