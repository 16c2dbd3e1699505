"""``gainsmodel batch``: many scenarios from one sweep file into one folder."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gainsmodel import stopping
from gainsmodel.cli import completion
from gainsmodel.cli.app import FillOption, SheetOption, YearOption, app, read_own
from gainsmodel.cli.console import show
from gainsmodel.errors import BatchError, SettingError

if TYPE_CHECKING:
    from gainsmodel.batch import BatchResult

# Where there is no terminal for a bar, a line is printed so often.
SECONDS_A_LINE = 30.0


@app.command("batch")
def batch_command(
    sweep: Annotated[
        Path,
        typer.Argument(
            help="sweep file, or a shipped one: every_area_in_turn, what_we_do_not_know",
            autocompletion=completion.sweeps,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="output folder (an unfinished batch in it is resumed)")
    ] = None,
    executor: Annotated[
        str, typer.Option(help="threads, processes, dask, dask://host:port, or mpi (see mpirun)")
    ] = "processes",
    workers: Annotated[
        int | None, typer.Option(help="number of workers; one per processor by default")
    ] = None,
    threads: Annotated[
        int, typer.Option(help="threads of each worker (results do not depend on it)")
    ] = 1,
    draws_per_piece: Annotated[
        int | None, typer.Option(help="split a run with more draws than this into pieces")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="your own GVA: CSV, Parquet, Excel, or a folder of 'data import-table'"),
    ] = None,
    sheet: SheetOption = None,
    year: YearOption = None,
    fill_built_in: FillOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only estimate size and time, by measuring one run")
    ] = False,
) -> None:
    """Run every scenario of a sweep; run the same command to resume a stopped batch."""
    from gainsmodel.batch import estimate_batch, first_process, load_sweep, run_batch
    from gainsmodel.present.pages import batch as pages

    with first_process(executor, workers) as given:
        dataset = None
        if data is not None:
            geography = load_sweep(sweep).figures.geography
            dataset = read_own(data, geography, sheet, year, fill_built_in)
        loaded = load_sweep(sweep, dataset)
        if dry_run:
            needs = estimate_batch(
                *(loaded,), executor=given, workers=workers, threads=threads, dataset=dataset
            )
            show(pages.estimate(needs))
            return
        if out is None:
            raise SettingError("--out: is missing; name a folder for the result, or add --dry-run")
        stopping.kept = f"finished runs are kept in {out}; run the same command to resume"
        with _progress() as on_progress:
            batch = run_batch(
                *(loaded, out),
                executor=given,
                workers=workers,
                threads=threads,
                draws_per_piece=draws_per_piece,
                dataset=dataset,
                on_progress=on_progress,
            )
        _report(batch)


def _report(batch: "BatchResult") -> None:
    from gainsmodel.present.pages import batch as pages

    runs, failed = batch.runs(), batch.failures()
    show(pages.ended(runs.height, failed.height))
    print(f"written: {batch.folder}", file=sys.stderr)
    if not failed.is_empty():
        raise BatchError(pages.failures(runs.height, failed))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Runs done and time left, on standard error: a bar, or a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from gainsmodel.present.pages import batch as pages

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
        # Runs finished earlier say nothing about the speed.
        first = done if first is None else first
        if bar.console.is_terminal:
            bar.start()
            bar.update(task, completed=done, total=total)
        elif (now := time.monotonic()) - told > SECONDS_A_LINE and done > first:
            told = now
            left = (now - begun) / (done - first) * (total - done)
            print(f"{done:,} of {total:,} runs, about {pages.duration(left)} left", file=sys.stderr)

    try:
        yield on_progress
    finally:
        if bar.live.is_started:
            bar.stop()
