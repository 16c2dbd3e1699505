"""Value of information before choosing between plans."""

from collections.abc import Iterator

from gainsmodel import format
from gainsmodel.analysis.voi import ValueOfInformation
from gainsmodel.present import text
from gainsmodel.present.area_summary import Estimate
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.present.pages.sensitivity import NOT_DISTINGUISHABLE, left_out


def voi(value: ValueOfInformation, elsewhere: str = "") -> Iterator[Block]:
    """Say which option is worth most, and what knowing more before choosing is worth.

    Parameters
    ----------
    value : ValueOfInformation
    elsewhere : str
        Name of the area, where no plan moves a lever in it.
    """
    yield Heading(f"Value of information before choosing: {value.area}")
    yield Points(value.summary)
    if elsewhere:
        yield Words(text.spillover_only(elsewhere))
    metric = "net_benefit_gbp_m"
    options = [
        (
            row["option"],
            Estimate.of(row, metric).gbp,
            Estimate.of(row, metric).gbp_range,
            format.chance(row["p_best"], value.draws),
        )
        for row in value.options.iter_rows(named=True)
    ]
    yield Grid("", ("Option", "Average net present value", text.RANGE, "Best"), options)
    if value.groups.height:
        yield worth_knowing(value)
    yield Points([*value.notes, *left_out(value.left_out)])
    yield Words(
        "Net benefit is net present value compared with doing nothing: the gain less what firms "
        f"spend on adopting and what the levers cost, in {value.price_year} prices. "
        "Sizes of effect and costs are judgement.",
        "small",
    )
    yield Words(text.how_it_was_run(vars(value)), "small")
    yield Words(
        f"What knowing a group of assumptions is worth: from {value.study_draws:,} random draws.",
        "small",
    )


def worth_knowing(value: ValueOfInformation) -> Grid:
    """What knowing each group of assumptions before choosing is worth, at most."""
    rows = []
    for row in value.groups.iter_rows(named=True):
        worth, error = NOT_DISTINGUISHABLE, ""
        if row["distinguishable"]:
            worth = format.gbp(row["evppi_gbp_m"], row["mcse_gbp_m"])
            error = format.cost(row["mcse_gbp_m"])
        rows.append((row["label"], worth, error, row["evidence"]))
    headings = ("Assumptions", "Worth knowing", "Standard error", "Evidence")
    return Grid("", headings, rows, left=(0, 3))
