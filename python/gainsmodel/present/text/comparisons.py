"""Two scenarios beside each other."""

from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.comparison import Comparison
from gainsmodel.analysis.verdict import NOTHING as NO_LEVER
from gainsmodel.present.area_summary import AreaSummary, Estimate, has_plan, plain


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
