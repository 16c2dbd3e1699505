"""Which assumptions drive an answer."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gainsmodel import format
from gainsmodel.analysis.sensitivity import TORNADO_DRAWS, Sensitivity
from gainsmodel.present import text
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.present.pages.structures import structures
from gainsmodel.scenario.parameters import CHOICES

# Shares of the variance below are printed as 0.0%.
LEAST_SHOWN = 0.0005
NOT_DISTINGUISHABLE = "not distinguishable from zero"
SETTINGS = {
    "bass": "Bass",
    "logistic": "Logistic",
    "gompertz": "Gompertz",
    "final_year": "A year by the final year",
    "cumulative": "Over all years",
}
ANSWERS = {
    "share": "its share",
    "gain_final_year_gbp_m": "the digital gain in the final year",
    "gain_cumulative_gbp_m": "the digital gain in all years",
    "plan_adds": "what the plan adds in the final year",
    "p_target": "whether the plan adds enough in the final year",
}


def sensitivity(drivers: Sensitivity, elsewhere: str = "") -> Iterator[Block]:
    """Say which assumptions drive an answer, by variance and by holding each low and high.

    Parameters
    ----------
    drivers : Sensitivity
    elsewhere : str
        Name of the area, where the answer is of a plan that moves no lever in it.
    """
    yield Heading(f"{drivers.area}: what drives {ANSWERS[drivers.output]} ({drivers.unit})")
    yield Points(drivers.caveats)
    if elsewhere:
        yield Words(text.spillover_only(elsewhere))
    change, mean = change_of(drivers), drivers.tornado["mean"][0]
    bars = {row["group"]: row for row in drivers.tornado.iter_rows(named=True)}
    rows = []
    for row in drivers.indices.iter_rows(named=True):
        bar = bars[row["group"]]
        ends = (
            without_a_line(row)
            if bar["leading"] is None
            else " … ".join(change(bar[end] - mean) for end in ("low", "high"))
        )
        rows.append((row["label"], _index(row, "first"), _index(row, "total"), ends))
    headings = (
        "Assumptions",
        "Share of the variance alone",
        "Share with others (total effect)",
        "Change of the average answer if low … high",
    )
    yield Grid("", headings, rows, left=(0, 3))
    if drivers.structure.height:
        yield structure(drivers)
    if drivers.by_structure is not None:
        yield from structures(drivers.by_structure, drivers.unit)
    yield Words(
        f"Changes are on {min(drivers.draws, TORNADO_DRAWS):,} of these draws. In brackets: 95% "
        "intervals of the simulation.",
        "small",
    )
    further = [*filter(None, [drivers.disagreement]), *drivers.notes]
    if further := [*further, *left_out(drivers.left_out)]:
        yield Points(further)
    yield Words(
        f"{format.count(drivers.draws)} in each sample, seed {drivers.seed}, sampler random.",
        "small",
    )


def change_of(drivers: Sensitivity) -> Callable[[float], str]:
    """How a change of the answer is printed."""
    return format.gbp_change if drivers.unit.startswith("£m") else format.points_change


def structure(drivers: Sensitivity) -> Grid:
    """What other choices in the model itself do to the average answer."""
    change, mean = change_of(drivers), drivers.tornado["mean"][0]
    rows = [
        (
            CHOICES[row["switch"]].label,
            SETTINGS[row["choice"]],
            "in use" if row["in_use"] else change(row["mean"] - mean),
        )
        for row in drivers.structure.iter_rows(named=True)
    ]
    headings = ("Model structure", "Setting", "Change of the average answer")
    return Grid("", headings, rows, left=(0, 1))


def _index(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low <= 0 <= high:
        return NOT_DISTINGUISHABLE
    return f"{row[name]:.1%} ({low:.1%} to {high:.1%})"


def without_a_line(row: Mapping[str, Any]) -> str:
    """What to say of the average answer where no single number of a group is seen to move it.

    A group may account for variance all the same: what a cap cuts off, or what only matters
    together with something else, is not seen to move the average.
    """
    acts = row["distinguishable"] and row["total"] >= LEAST_SHOWN
    return "only with others, or in extreme futures" if acts else "no effect found"


def left_out(reasons: Mapping[str, str]) -> list[str]:
    """Groups of assumptions that a question leaves out, each with the reason."""
    return [f"Left out: “{label}”, {reason}." for label, reason in reasons.items()]
