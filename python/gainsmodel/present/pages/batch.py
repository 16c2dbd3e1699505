"""What a batch would take, and how it ended."""

from collections.abc import Iterator

import polars as pl

from gainsmodel.batch import Estimate
from gainsmodel.present.blocks import Block, Points, Words

# Failures that are told; all are in the table of runs.
TOLD = 5


def estimate(needs: Estimate) -> Iterator[Block]:
    """Say how long a batch would take and how much it would write."""
    yield Points(
        [
            f"runs: {needs.runs:,}",
            f"draws: {needs.draws:,} each, {needs.runs * needs.draws:,} in all",
            f"files: about {size(needs.size_bytes)}",
            f"time: about {duration(needs.seconds)} with {needs.workers} workers, if they do not "
            f"slow each other down (one run took {needs.seconds_per_run:.2f} seconds just now)",
        ]
    )


def ended(runs: int, failed: int) -> Iterator[Block]:
    """Say how many runs of a batch succeeded."""
    yield Words(f"{runs - failed:,} of {runs:,} runs succeeded")


def failures(runs: int, failed: pl.DataFrame) -> str:
    """The first failures of a batch, for its error."""
    lines = [
        f"run {run}: {error}" for run, error in failed.select("run", "error").head(TOLD).rows()
    ]
    if failed.height > TOLD:
        lines.append(f"and {failed.height - TOLD:,} more; see runs.parquet")
    return f"{failed.height:,} of {runs:,} runs failed\n" + "\n".join(lines)


def duration(seconds: float) -> str:
    """A duration as one would say it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(1, round(seconds))} seconds" if seconds >= 1.5 else "a second"


def size(size_bytes: int) -> str:
    """The size of files."""
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= length:
            return f"{size_bytes / length:,.1f} {unit}"
    return f"{size_bytes / 1e3:,.0f} kB"
