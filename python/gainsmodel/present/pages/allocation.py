"""A budget between places: what each gets, what that is worth, and what would change it."""

import math
from collections.abc import Iterator

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.optimise.allocate import Allocation
from gainsmodel.analysis.optimise.allocation_tables import LABELS
from gainsmodel.present import text
from gainsmodel.present.area_summary import Estimate, plain
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.present.pages.optimise import OBJECTIVES

VIEWPOINTS = {
    "local": "gains as the places see them",
    "uk": "gains to the UK, without what is taken from elsewhere",
}


def allocation(split: Allocation) -> Iterator[Block]:
    """Say who gets how much, beside simpler splits, and how firm that is."""
    yield Heading(f"A budget between {split.places.height} places")
    yield Points([*summary(split)])
    yield places(split)
    yield alternatives(split)
    if split.frontier.height:
        yield frontier(split)
    if split.steps.height:
        yield steps(split)
    if split.stability.height:
        yield stability(split)
    yield by_year(split)
    yield Points(split.notes)
    yield Words(text.how_it_was_run(vars(split)), "small")


def summary(split: Allocation) -> Iterator[str]:
    """What follows, in sentences."""
    budget = _budget(split)
    cost = float(split.places["cost_gbp_m_per_year"].sum())
    seen = VIEWPOINTS[split.viewpoint]
    if cost == 0:
        yield f"Within {budget} nothing is worth buying: no lever is moved anywhere."
    else:
        funded = split.places.filter(pl.col("cost_gbp_m_per_year") > 0).height
        yield (
            f"Within {budget}, the best split spends {format.cost(cost)} a year once all runs, in "
            f"{funded} of {split.places.height} places. {OBJECTIVES[split.objective]}: "
            f"{_value(split, split.value, split.value_mcse)} ({seen})."
        )
    for name in ("even", "per_head", "nothing"):
        if split.objective == "net_present_value":
            yield split.verdicts[name].in_words(LABELS["best"], LABELS[name])
    if split.bound is not None and split.gap is not None and cost:
        off = (
            "is the best there is"
            if split.gap < 1e-6
            else f"is at most {100 * split.gap:.2g}% below the best there can be"
        )
        yield (
            f"Among splits in these steps it {off}, by the approximation that the search works "
            f"with; run in all areas, it is worth {_amount(split, split.surface_error)} more or "
            "less than that says."
        )
    yield from _why(split)


def _why(split: Allocation) -> Iterator[str]:
    """Of the place that got its last money for most, and the one left out at the best price."""
    last = split.steps.filter(which="last").sort("worth_per_gbp")
    following = split.steps.filter(which="next").sort("worth_per_gbp", descending=True)
    if not last.height or not following.height:
        return
    for one in last.iter_rows(named=True):
        others = following.filter(pl.col("area_name") != one["area_name"])
        if not others.height:
            return
        other = others.row(0, named=True)
        more, error = split.before(one["area_name"], other["area_name"])
        worth = format.gbp_for_each_pound
        first = (
            f"The last money in {one['area_name']} ({one['label']}) brings "
            f"{worth(one['worth_per_gbp'])} for each £1, the next in {other['area_name']} "
            f"({other['label']}) would bring {worth(other['worth_per_gbp'])}"
        )
        if math.isfinite(more) and abs(more) > 2.0 * error:
            yield f"{first}: the difference is beyond its simulation error."
        else:
            yield f"{first}: which of the two comes first cannot be told."
        return


def places(split: Allocation) -> Grid:
    """A row a place."""
    rows = []
    for row in split.places.sort("cost_gbp_m_per_year", descending=True).iter_rows(named=True):
        nothing = row["cost_gbp_m_per_year"] == 0
        added = Estimate.of(row, "added_final_year_gbp_m")
        rows.append(
            (
                row["area_name"],
                format.cost(row["cost_gbp_m_per_year"]),
                f"£{row['cost_gbp_per_head']:.2f}",
                added.gbp,
                "£0" if added.is_zero else added.gbp_range,
                Estimate.of(row, "net_present_value_gbp_m").gbp,
                "No lever" if nothing else row["levers"],
            )
        )
    headings = (
        *("Place", "Cost a year", "£ a head", "Adds a year, average", "In 9 of 10 futures"),
        *("Net present value", "Levers"),
    )
    title = "What each place spends and gains, as it sees it, spillover between places included"
    return Grid(title, headings, rows, left=(0, 6))


def alternatives(split: Allocation) -> Grid:
    """The best split beside an even one, one by residents and none."""
    rows = []
    for row in split.alternatives.iter_rows(named=True):
        behind = row["behind"]
        if row["name"] == "best":
            less, told = "", ""
        else:
            less = _value(split, behind, plain(row["behind_mcse"]) if behind else 0.0)
            told = "yes" if row["told_apart"] else "cannot be told apart"
        cost = format.cost(row["cost_gbp_m_per_year"])
        value = _value(split, row["value"], plain(row["value_mcse"]) if row["value"] else 0.0)
        rows.append((row["label"], cost, value, less, told))
    headings = ("", "Cost a year", OBJECTIVES[split.objective], "Less than the best", "Told apart")
    return Grid("The best split beside simpler ones", headings, rows, left=(0, 4))


def frontier(split: Allocation) -> Grid:
    """What floors under every place's gain a head cost."""
    rows = []
    for row in split.frontier.iter_rows(named=True):
        costs = row["costs"] if row["told_apart"] else 0.0
        rows.append(
            (
                format.gbp_a_head(row["floor_gbp_per_head"]),
                format.gbp_a_head(row["least_gbp_per_head"]),
                format.gbp_a_head(row["most_gbp_per_head"]),
                format.gbp(row["value"], plain(row["value_mcse"]) if row["value"] else 0.0),
                format.gbp(costs, plain(row["costs_mcse"]))
                if row["told_apart"]
                else "nothing that can be told",
            )
        )
    headings = (
        *("Every place gains a head at least", "The least there is", "The most"),
        *("Net present value", "What that costs"),
    )
    return Grid("Total gain against its distribution: the price of fairness", headings, rows)


def steps(split: Allocation) -> Grid:
    """What the last £1 in each place brought, and what the next would."""
    kinds = {"last": "last bought", "next": "next to buy"}
    rows = [
        (
            row["area_name"],
            kinds[row["which"]],
            row["label"],
            f"{format.whole_percent(row['from_intensity'])} to "
            f"{format.whole_percent(row['to_intensity'])}",
            format.cost(row["cost_gbp_m_per_year"]),
            f"£{row['worth_per_gbp']:.1f} ± {2 * plain(row['worth_per_gbp_mcse']):.1f}",
        )
        for row in split.steps.iter_rows(named=True)
    ]
    headings = ("Place", "", "Lever", "Intensity", "Cost a year", "Brings for each £1")
    title = "Why one place comes before another (± two standard errors of the simulation)"
    return Grid(title, headings, rows, left=(0, 1, 2))


def stability(split: Allocation) -> Grid:
    """What the split loses on other draws, and where another structure holds."""
    rows = []
    for (variant,), of in split.stability.group_by(["variant"], maintain_order=True):
        total = of.filter(pl.col("area_name").is_null()).row(0, named=True)
        places = of.filter(pl.col("area_name").is_not_null()).sort("regret", descending=True)
        most = ""
        if places.height and total["regret"] > 0:
            row = places.row(0, named=True)
            most = f"{row['area_name']}, {format.gbp(row['regret'], plain(row['regret_mcse']))}"
        loss = _value(split, total["regret"], plain(total["regret_mcse"]))
        rows.append((str(variant), loss if total["regret"] > 0 else "none", most))
    headings = ("", "Loss against the best there", "Place that would gain most by that")
    return Grid("On other draws, and under other structures of the model", headings, rows, (0, 2))


def by_year(split: Allocation) -> Grid:
    """What is spent in each year."""
    rows = [
        (str(row["year"]), format.cost(row["cost_gbp_m"]))
        for row in split.by_year.iter_rows(named=True)
    ]
    return Grid("Spending by year", ("Year", "Cost"), rows)


def _budget(split: Allocation) -> str:
    yearly, total = split.budget_gbp_m_per_year, split.budget_gbp_m
    said = [] if yearly is None else [f"{format.cost(yearly)} a year"]
    return " and ".join([*said, *([] if total is None else [f"{format.cost(total)} in all"])])


def _value(split: Allocation, value: float, mcse: float) -> str:
    if split.objective == "p_target":
        return f"{100 * value:.0f} in 100"
    return format.gbp(value, mcse)


def _amount(split: Allocation, value: float) -> str:
    return f"{100 * value:.1f} in 100" if split.objective == "p_target" else format.gbp(value)
