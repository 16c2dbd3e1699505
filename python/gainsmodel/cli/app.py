"""What every verb of the command line uses: the way in and out, progress, tables."""

import io
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gainsmodel import format
from gainsmodel.data import Dataset, Fill, is_dataset, read_gva
from gainsmodel.data.saved import read_named
from gainsmodel.data.units import unit_of
from gainsmodel.errors import GainsModelError, RunCancelled, SettingError, UnknownNameError
from gainsmodel.results.plan_levers import levers_moved_in
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import as_scenario, figures_for, own_figures
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Sampler

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A region's share of the £208bn, and what digital adoption carries of it.",
)
ScenarioFile = Annotated[
    str, typer.Argument(help="scenario file, or the name of a shipped one such as 'reference'")
]
DrawsOption = Annotated[
    int | None, typer.Option("--draws", help="futures to simulate; 10,000 if left out")
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="same seed, same answer; 1 if left out")
]
SamplerOption = Annotated[
    Sampler | None,
    typer.Option(
        "--sampler",
        help="quasi-random where cells share numbers (if left out), everywhere, or nowhere",
    ),
]
ThreadsOption = Annotated[int | None, typer.Option("--threads", help="changes no number")]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", help="sheet of a workbook that holds several tables")
]
YearOption = Annotated[
    int | None, typer.Option("--year", help="year of the figures; the base year if left out")
]
FillOption = Annotated[
    bool, typer.Option("--fill-built-in", help="keep built-in figures where the table has none")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="folder of own figures, from 'data import-table' or 'aggregate'"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON object instead")]
PROGRESS_AFTER_SECONDS = 1.0
# Options that are called something else in Python, where errors name them.
_OPTIONS = {
    "gain_gbp_m": "--gain",
    "gain_share_of_gva": "--of-gva",
    "target_gbp_m": "--target",
    "budget_gbp_m_per_year": "--budget",
    "budget_gbp_per_head": "--budget-per-head",
    "intensities": "--intensity",
    "starts": "--start",
    "parameters": "--parameter",
    "most_boxes": "--boxes",
    "most_conditions": "--conditions",
    "years": "--delay",
}


class Stopped(RunCancelled):
    """Ctrl-C where something is kept; says what."""


def main() -> None:
    """Run the command line; every way out has its exit code here."""
    kept = "nothing was written"
    for stream in (sys.stdout, sys.stderr):
        # A terminal without a £ gets a question mark, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = _run_app()
        sys.stdout.flush()
    except RunCancelled as stopped:
        code = 130
        kept = str(stopped) if isinstance(stopped, Stopped) else kept
    except GainsModelError as error:
        print(f"error: {_as_options(error)}", file=sys.stderr)
        code = 2
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # If the reader of a pipe has gone, nothing is left to say.
        code = 0 if isinstance(error, BrokenPipeError) else 2
        if code:
            print(f"error: output cannot be written: {error.strerror}", file=sys.stderr)
    if code == 130:
        print(f"stopped; {kept}", file=sys.stderr)
    _leave(code)


def _as_options(error: GainsModelError) -> str:
    """What an error says, with the options of the command line for what they are in Python."""
    name, colon, rest = str(error).partition(":")
    if not isinstance(error, SettingError | UnknownNameError) or not colon:
        return str(error)
    if name == "target":  # which of several it is to be
        for old in ("gain_gbp_m", "gain_share_of_gva"):
            rest = rest.replace(old, _OPTIONS[old])
        rest = rest.replace(" share", " --share")
    return f"{_OPTIONS.get(name, name)}:{rest}"


def _run_app() -> int:
    try:
        app()
    except KeyboardInterrupt:
        return 130
    except SystemExit as leaving:
        # Typer says 1 where the reader of a pipe has gone.
        return leaving.code if leaving.code in (2, 130) else 0
    return 0


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of a cancelled run are not waited for: the prompt returns at once.
    os._exit(code)


def finish(run: Run, what: str) -> Result:
    """Wait for a run, with its progress."""
    with progress(what) as on_progress:
        return run.result(on_progress)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error once work takes longer than a second."""
    begun = time.monotonic()
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} futures"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what)

    def on_progress(done: int, total: int) -> None:
        if bar.console.is_terminal and time.monotonic() - begun > PROGRESS_AFTER_SECONDS:
            bar.start()
            bar.update(task, completed=done, total=total)

    try:
        yield on_progress
    finally:
        if bar.live.is_started:
            bar.stop()


def plain_console() -> Console:
    """Where answers are printed."""
    console = Console(highlight=False, markup=False, emoji=False)
    # A table in a file or a pipe keeps its columns; a terminal has its own width.
    return (
        console
        if console.is_terminal
        else Console(highlight=False, markup=False, emoji=False, width=160)
    )


def plain_table(*headings: str, left: tuple[int, ...] = (0,)) -> Table:
    """A plain table; headings by their positions stand left."""
    found = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for i, heading in enumerate(headings):
        found.add_column(heading, justify="left" if i in left else "right", no_wrap=i == 0)
    return found


def quantiles(row: dict[str, Any], metric: str, futures: int) -> tuple[float, float, float]:
    """Median, 5% and 95% of a quantity in a row of a table; one future has no range."""
    middle, low, high = (number(row[f"{metric}_{q}"]) for q in ("p50", "p05", "p95"))
    return (middle, low, high) if futures > 1 else (middle, math.nan, math.nan)


def futures_line(manifest: Mapping[str, Any]) -> str:
    """The futures that a run met."""
    count = format.count(manifest["draws"])
    return f"{count}, sampler {manifest['sampler']}, seed {manifest['seed']}."


def number(value: float | None) -> float:
    """A figure of a table; what is unknown is NaN."""
    return float("nan") if value is None else value


def stated(**options: Any) -> dict[str, Any]:
    """Options that were given; the others keep the defaults of what is called."""
    return {name: value for name, value in options.items() if value is not None}


def is_saved_run(name: str) -> bool:
    """Whether it is a manifest or the folder of a saved run, and no scenario."""
    try:
        return name.endswith(".json") or (Path(name) / "manifest.json").is_file()
    except (OSError, ValueError):
        return False


def print_elsewhere(
    console: Console,
    scenarios: Iterable[Scenario | str],
    area: str,
    geography: str | None = None,
    dataset: Dataset | None = None,
) -> None:
    """Say so where none of some plans moves a lever in the area that is asked about."""
    loaded = [as_scenario(scenario, geography, dataset) for scenario in scenarios]
    figures = figures_for(loaded[0], dataset)
    unit = unit_of(figures, area)
    if not any(levers_moved_in(scenario, figures, unit) for scenario in loaded):
        console.print(
            f"No lever is moved in {unit.name}: what is added there comes over from elsewhere."
        )


def adjusted(switched: Iterable[str]) -> str:
    """What an amount is after, in words."""
    names = ", ".join(switched)
    return f"after {names} (unverified)" if names else "before displacement"


def own_folder(folder: Path | None, *scenarios: str) -> Dataset | None:
    """Read a folder of own figures, where --data names one, or else a scenario's file."""
    if folder is None:
        return own_figures(*scenarios)
    return read_named(folder, "--data: ")


def read_own(
    data: Path | list[Path],
    geography: str | None,
    sheet: str | None,
    year: int | None,
    fill_built_in: bool,
    names: Path | None = None,
    areas: Path | None = None,
) -> Dataset:
    """Read somebody's own figures as the options of a verb say; a folder settles its geography."""
    fill: Fill | None = "built_in" if fill_built_in else None
    single = data[0] if isinstance(data, list) and len(data) == 1 else data
    if isinstance(single, Path) and is_dataset(single):
        geography = None
    return read_gva(single, geography, sheet=sheet, year=year, fill=fill, names=names, areas=areas)
