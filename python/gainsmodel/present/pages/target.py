"""Probability of reaching a target, and the smallest plan or budget that does."""

from collections.abc import Iterator

from gainsmodel import format
from gainsmodel.analysis.goal_seek import GoalSeek
from gainsmodel.analysis.target import Target
from gainsmodel.present import text
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words

GRADES = "Sizes of effect and costs: judgement unless said otherwise."


def target(answer: Target, seek: GoalSeek | None = None, elsewhere: str = "") -> Iterator[Block]:
    """Say how likely a plan reaches a target, and what would.

    Parameters
    ----------
    answer : Target
    seek : GoalSeek, optional
    elsewhere : str
        Name of the area, where the plan is to add it and moves no lever there.
    """
    yield Heading(f"Probability of reaching the target: {answer.area}")
    error = format.chance_error(answer.p, answer.p_mcse, answer.draws)
    yield Words(" ".join([*answer.summary, error]))
    if elsewhere:
        yield Words(text.spillover_only(elsewhere))
    if seek is not None:
        yield from goal_seek(seek)
    if seek is not None or answer.of == "added":
        yield Words(f"{text.adjusted(answer.net_of)} {GRADES}", "small")
    yield Words(text.how_it_was_run(vars(answer)), "small")


def goal_seek(seek: GoalSeek) -> Iterator[Block]:
    """The smallest plan and budget that reach a target."""
    yield Heading("The smallest plan and budget that reach it")
    yield Points(seek.summary)
    if seek.levers.height:
        rows = [
            (
                row["label"],
                format.intensity(row["intensity"]),
                format.cost(row["cost_gbp_m_per_year"]),
                row["evidence"],
            )
            for row in seek.levers.iter_rows(named=True)
        ]
        headings = ("Lever", "Intensity", "Cost a year", "Evidence for the cost")
        yield Grid("", headings, rows, left=(0, 3))
    yield Words(f"Found by trying {seek.runs} plans on {seek.search_draws:,} draws.", "small")
