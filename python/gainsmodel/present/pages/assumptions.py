"""Everything that a scenario assumes."""

from collections.abc import Iterator

import polars as pl

from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.sensitivity import Sensitivity
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.scenario import Scenario

# What of the head of a file is said below a table too.
OF_THE_RANK = ("Ranked by", "Ranked on", "Note")


def assumptions(
    log: pl.DataFrame, scenario: Scenario, ranks: Sensitivity | None = None
) -> Iterator[Block]:
    """List every assumption with its value and evidence, group by group.

    Parameters
    ----------
    log : DataFrame
        Of `assumptions_log.log`.
    scenario : Scenario
    ranks : Sensitivity, optional
        Of `assumptions_log.ranked`, where the log is ranked by it.
    """
    yield Heading(f"Assumptions of {scenario.title}")
    headings = ["Assumption", "Value", "Unit", "Evidence", "Reference"]
    headings += ["Rank"] if ranks else []
    for group in dict.fromkeys(log["group"]):
        rows = []
        for row in log.filter(pl.col("group") == group).iter_rows(named=True):
            cells = [row[name] for name in ("name", "value", "unit", "evidence")]
            cells.append(row["reference"] if row["changed"] else "the same")
            rows.append([*cells, *([assumptions_log.rank_in_words(row)] if ranks else [])])
        yield Grid(group, headings, rows, left=range(len(headings)))
    judged = log.filter(pl.col("evidence") == "judgement").height
    yield Words(
        f"{log.height} assumptions, {judged} of them judgement, {log['changed'].sum()} other than "
        "in the reference. Sources, notes, owners and dates: --format md, csv or xlsx."
    )
    if ranks:
        yield Points(
            [
                f"{name}: {words.removesuffix('.')}."
                for name, words in assumptions_log.about(scenario, ranks)
                if name in OF_THE_RANK
            ]
        )
