"""``gainsmodel batch``: many scenarios from one sweep file into one folder."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gainsmodel.batch import BatchResult, Estimate, estimate_batch, load_sweep, run_batch
from gainsmodel.cli.app import FillOption, SheetOption, Stopped, YearOption, app, read_own
from gainsmodel.errors import BatchError, SettingError

# Failures told on the screen; all are in the table of runs.
TOLD = 5
# Where there is no terminal for a bar, a line is printed so often.
SECONDS_A_LINE = 30.0


@app.command("batch")
def batch_command(
    sweep: Annotated[Path, typer.Argument(help="sweep file; scenarios/sweeps/ has two")],
    out: Annotated[
        Path | None, typer.Option(help="folder of the result; of this batch if it was stopped")
    ] = None,
    executor: Annotated[
        str, typer.Option(help="threads, processes, dask, or dask://host:port")
    ] = "processes",
    workers: Annotated[
        int | None, typer.Option(help="at work at once; as many as processors if left out")
    ] = None,
    threads: Annotated[int, typer.Option(help="of each worker; changes no number")] = 1,
    draws_per_piece: Annotated[
        int | None, typer.Option(help="split longer runs, for runs of many minutes")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="your own GVA: CSV, Parquet, Excel, or a folder of 'data import-table'"),
    ] = None,
    sheet: SheetOption = None,
    year: YearOption = None,
    fill_built_in: FillOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what it would take; measures one run")
    ] = False,
) -> None:
    """Run every scenario of a sweep; a batch that was stopped goes on with the same command."""
    dataset = None
    if data is not None:
        geography = load_sweep(sweep).figures.geography
        dataset = read_own(data, geography, sheet, year, fill_built_in)
    loaded = load_sweep(sweep, dataset)
    if dry_run:
        _tell(
            estimate_batch(
                *(loaded,), executor=executor, workers=workers, threads=threads, dataset=dataset
            )
        )
        return
    if out is None:
        raise SettingError("--out: is missing; name a folder for the result, or add --dry-run")
    try:
        with _progress() as on_progress:
            batch = run_batch(
                *(loaded, out),
                executor=executor,
                workers=workers,
                threads=threads,
                draws_per_piece=draws_per_piece,
                dataset=dataset,
                on_progress=on_progress,
            )
    except KeyboardInterrupt:
        raise Stopped(
            f"what is finished is kept in {out}, and the same command goes on from there"
        ) from None
    _report(batch)


def _tell(estimate: Estimate) -> None:
    print(
        f"runs: {estimate.runs:,}\n"
        f"futures: {estimate.draws:,} each, {estimate.runs * estimate.draws:,} in all\n"
        f"files: about {_size(estimate.size_bytes)}\n"
        f"time: about {_time(estimate.seconds)} with {estimate.workers} workers, if they do not "
        f"slow each other down\n(one run took {estimate.seconds_per_run:.2f} seconds just now)"
    )


def _report(batch: BatchResult) -> None:
    runs, failed = batch.runs(), batch.failures()
    print(f"{runs.height - failed.height:,} of {runs.height:,} runs ended well")
    print(f"written: {batch.folder}", file=sys.stderr)
    if failed.is_empty():
        return
    told = failed.select("run", "error").head(TOLD)
    lines = [f"run {run}: {error}" for run, error in told.iter_rows()]
    if failed.height > TOLD:
        lines.append(f"and {failed.height - TOLD:,} more; see runs.parquet")
    raise BatchError(f"{failed.height:,} of {runs.height:,} runs failed\n" + "\n".join(lines))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Runs done and time left, on standard error: a bar, or a line now and then."""
    bar = Progress(
        *(TextColumn("Running"), BarColumn()),
        *(TextColumn("{task.completed:,.0f} of {task.total:,.0f} runs"), TimeRemainingColumn()),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("Running")
    begun = told = time.monotonic()
    first: int | None = None

    def on_progress(done: int, total: int) -> None:
        nonlocal told, first
        # What was finished before says nothing of the speed.
        first = done if first is None else first
        if bar.console.is_terminal:
            bar.start()
            bar.update(task, completed=done, total=total)
        elif (now := time.monotonic()) - told > SECONDS_A_LINE and done > first:
            told = now
            left = (now - begun) / (done - first) * (total - done)
            print(f"{done:,} of {total:,} runs, about {_time(left)} left", file=sys.stderr)

    try:
        yield on_progress
    finally:
        if bar.live.is_started:
            bar.stop()


def _time(seconds: float) -> str:
    """A duration as one would say it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(1, round(seconds))} seconds" if seconds >= 1.5 else "a second"


def _size(size_bytes: int) -> str:
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= length:
            return f"{size_bytes / length:,.1f} {unit}"
    return f"{size_bytes / 1e3:,.0f} kB"
