"""Conditions under which a plan misses its target."""

from collections.abc import Iterator, Mapping
from typing import Any

from gainsmodel import format
from gainsmodel.analysis.discovery import Discovery
from gainsmodel.present import text
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words


def discovery(misses: Discovery, elsewhere: str = "") -> Iterator[Block]:
    """Say how often a plan misses its target, and what sets those futures apart.

    Parameters
    ----------
    misses : Discovery
    elsewhere : str
        Name of the area, where the plan moves no lever in it.
    """
    yield Heading(f"When the plan misses its target: {misses.area}")
    yield Points(misses.summary)
    if elsewhere:
        yield Words(text.spillover_only(elsewhere))
    for box in misses.boxes.iter_rows(named=True):
        rows = [
            (limit["words"], limit["evidence"])
            for limit in misses.limits.iter_rows(named=True)
            if limit["box"] == box["box"]
        ]
        yield Grid(f"Conditions {box['box']}", ("If", "Evidence"), rows, left=(0, 1))
        yield Words(
            f"Of the futures that meet these conditions, {_in_100(box, 'density')} miss; of all "
            f"misses, {_in_100(box, 'coverage')} meet them. {format.whole_percent(box['support'])} "
            "of all futures meet them."
        )
    yield Points(misses.notes)
    yield Words(text.how_it_was_run(vars(misses)), "small")


def _in_100(box: Mapping[str, Any], name: str) -> str:
    value, low, high = (100 * box[f"{name}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.0f} in 100 ({low:.0f} to {high:.0f})"
