"""The package of levers that is best for the money."""

from collections.abc import Iterator, Mapping
from typing import Any

from gainsmodel import format
from gainsmodel.analysis.optimise.plan import Plan
from gainsmodel.present import text
from gainsmodel.present.area_summary import Estimate, plain
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words

# Rows of a frontier that are shown; --json has all.
SHOWN = 12
OBJECTIVES = {
    "net_present_value": "Average net present value",
    "worst_tenth": "Net present value, worst tenth",
    "p_target": "Reaches the target",
}


def optimise(plan: Plan) -> Iterator[Block]:
    """Say which package is best, in which order to buy it, and how firm that is."""
    yield Heading(f"Best package of levers for the money: {plan.area}")
    yield Points(plan.summary)
    if plan.take_up is not None and (at_other := text.at_other_take_up(plan.take_up)):
        yield Words(at_other)
    if plan.order.height:
        yield order(plan)
    yield frontier(plan)
    if plan.regret.height:
        yield regret(plan)
    yield Points(plan.notes)
    yield Words(text.how_it_was_run(vars(plan)), "small")


def order(plan: Plan) -> Grid:
    """The recommended package lever by lever."""
    rows = [
        (
            row["label"],
            _moved(row),
            format.cost(row["cost_gbp_m_per_year"]),
            _change(plan, row, "gain"),
            row["evidence"],
        )
        for row in plan.order.iter_rows(named=True)
    ]
    adds = "Raises the chance by" if plan.objective == "p_target" else "Adds to the value"
    headings = ("Lever", "Intensity", "Cost a year", adds, "Evidence for the cost")
    title = f"Bought one after another, best value for money first{_searched(plan)}"
    return Grid(title, headings, rows, left=(0, 4))


def frontier(plan: Plan) -> Grid:
    """The best package for each sum, evenly thinned."""
    last = plan.frontier.height - 1
    shown = sorted({round(last * i / (SHOWN - 1)) for i in range(SHOWN)})
    rows = []
    for tried in plan.frontier[shown].iter_rows(named=True):
        row = plan.recommended if tried["levers"] == plan.recommended["levers"] else tried
        if plan.objective == "p_target":
            value = format.out_of_100(row["objective"], plan.search_draws)
        else:
            value = format.gbp(row["objective"], row["objective_mcse"] if row["objective"] else 0.0)
        npv = Estimate.of(row, "net_present_value_gbp_m")
        rows.append(
            (
                format.cost(row["cost_gbp_m_per_year"]),
                f"£{row['cost_gbp_per_head']:.2f}",
                value,
                npv.gbp_range if row["cost_gbp_m_per_year"] else "£0",
                row["levers"],
            )
        )
    headings = (
        "Cost a year",
        "£ a head",
        OBJECTIVES[plan.objective],
        "Net present value in 9 of 10 futures",
        "Levers",
    )
    title = (
        f"The best for each sum (on {plan.search_draws:,} draws of the search, the recommended "
        f"package on {plan.draws:,})"
    )
    return Grid(title, headings, rows, left=(4,))


def regret(plan: Plan) -> Grid:
    """What the recommended package loses on other draws and under other structures."""
    rows = [
        (row["variant"], "none", "the same")
        if row["same"]
        else (row["variant"], _change(plan, row, "regret"), row["best"])
        for row in plan.regret.iter_rows(named=True)
    ]
    title = f"On other draws, and under other structures of the model{_searched(plan)}"
    return Grid(title, ("", "Loss", "Best there"), rows, left=(0, 2))


def _searched(plan: Plan) -> str:
    return f" (on {plan.search_draws:,} draws of the search)"


def _moved(row: Mapping[str, Any]) -> str:
    start = row["start_years"]
    when = "" if start is None else f" from year {start:g}"
    return f"{format.whole_percent(row['intensity'])}{when}"


def _change(plan: Plan, row: Mapping[str, Any], name: str) -> str:
    """A difference in the objective."""
    amount, error = row[name], plain(row[f"{name}_mcse"])
    if plan.objective == "p_target":
        return f"{100 * amount:.0f} in 100"
    return format.gbp(amount, error if amount else 0.0)
