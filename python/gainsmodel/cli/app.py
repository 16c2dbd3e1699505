"""What every verb uses: start and exit, options, progress."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gainsmodel import stopping
from gainsmodel.checks import escape
from gainsmodel.choices import Fill, Geography, Sampler
from gainsmodel.cli import completion, version
from gainsmodel.errors import GainsModelError, RunCancelled, SettingError, UnknownNameError
from gainsmodel.files import reason

if TYPE_CHECKING:
    from rich.progress import Progress

    from gainsmodel.data import Dataset
    from gainsmodel.present.blocks import Words
    from gainsmodel.results.result import Result
    from gainsmodel.simulation.run import Run

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A region's share of the £208bn, and how much of it digital adoption brings.",
)
ScenarioFile = Annotated[
    str,
    typer.Argument(
        help="scenario file, or the name of a shipped one such as 'reference'",
        autocompletion=completion.scenarios,
    ),
]
AreaOption = Annotated[
    str,
    typer.Option("--area", help="area or group, name or code", autocompletion=completion.areas),
]
GeographyOption = Annotated[
    Geography | None, typer.Option("--geography", help="geography to use instead of the scenario's")
]
DrawsOption = Annotated[
    int | None, typer.Option("--draws", help="draws (futures) to simulate; 10,000 by default")
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", help="random seed: the same seed gives the same answer; 1 by default"),
]
SamplerOption = Annotated[
    Sampler | None,
    typer.Option(
        "--sampler",
        help="quasi-random for what cells share (sobol, the default), for all, or for nothing",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", help="number of threads (results do not depend on it)"),
]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", help="sheet of a workbook that holds several tables")
]
YearOption = Annotated[
    int | None, typer.Option("--year", help="year of the figures; the base year by default")
]
FillOption = Annotated[
    bool, typer.Option("--fill-built-in", help="keep built-in figures where the table has none")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="folder of your own figures, from 'data import-table' or 'aggregate'"
    ),
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
    "held_out": "--held-out",
    "out": "--out",
    "search_draws": "--search-draws",
    "study_draws": "--study-draws",
    "reading": "--reading",
}


def _print_version(asked: bool) -> None:
    if asked:
        print(version())
        raise typer.Exit


@app.callback()
def options_of_all(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="print the version and exit"
        ),
    ] = False,
) -> None:
    """A region's share of the £208bn, and how much of it digital adoption brings."""


def main() -> int:
    """Run the command line; gives its exit code."""
    stopping.kept = stopping.NOTHING
    try:
        code = _run_app()
    except RunCancelled:
        code = 130
    except GainsModelError as error:
        # Of a program that was asked to stop, it may be what the request has led to.
        code = 130 if stopping.code else 2
        if code == 2:
            print(f"error: {_as_options(error)}", file=sys.stderr)
    except OSError as error:  # of a disk or a folder
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {escape(where)}{reason(error)}", file=sys.stderr)
        code = 2
    if code == 130:
        print(f"stopped; {stopping.kept}", file=sys.stderr)
        code = stopping.code or code
    return code


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
        return leaving.code if leaving.code in (2, 130) else 0
    return 0


def finish(run: "Run", doing: str) -> "Result":
    """Wait for a run, with its progress."""
    with progress(doing) as on_progress:
        return run.result(on_progress)


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error once work takes longer than a second."""
    begun = time.monotonic()
    bar: Progress | None = None

    def on_progress(done: int, total: int) -> None:
        nonlocal bar
        if time.monotonic() - begun <= PROGRESS_AFTER_SECONDS:
            return
        bar = bar or _bar(doing)
        if bar.console.is_terminal:
            bar.start()
            bar.update(bar.task_ids[0], completed=done, total=total)

    try:
        yield on_progress
    finally:
        if bar is not None and bar.live.is_started:
            bar.stop()


def _bar(doing: str) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(doing),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} futures"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task(doing)
    return bar


def stated(**options: Any) -> dict[str, Any]:
    """Options that were given; the others keep the defaults of what is called."""
    return {name: value for name, value in options.items() if value is not None}


def is_saved_run(name: str) -> bool:
    """Whether it is a manifest or the folder of a saved run, and no scenario."""
    try:
        return name.endswith(".json") or (Path(name) / "manifest.json").is_file()
    except (OSError, ValueError):
        return False


def no_lever_in(
    area: str, scenarios: Iterable[str], geography: str | None, dataset: "Dataset | None"
) -> str:
    """Name of the area if none of some plans moves a lever in it."""
    from gainsmodel.data.units import unit_of
    from gainsmodel.results.plan_levers import levers_moved_in
    from gainsmodel.simulation.resolve import as_scenario, figures_for

    loaded = [as_scenario(scenario, geography, dataset) for scenario in scenarios]
    figures = figures_for(loaded[0], dataset)
    unit = unit_of(figures, area)
    moved = any(levers_moved_in(scenario, figures, unit) for scenario in loaded)
    return "" if moved else unit.name


def note_of_areas(
    scenario: str, geography: str | None, dataset: "Dataset | None"
) -> "Iterator[Words]":
    """What is to be known of the areas that an answer is about, where there is something."""
    from gainsmodel.present import text
    from gainsmodel.present.blocks import Words
    from gainsmodel.simulation.resolve import as_scenario

    loaded = as_scenario(scenario, geography, dataset)
    if note := text.of_areas(loaded.setting.geography):
        yield Words(note, "small")


def own_folder(folder: Path | None, *scenarios: str) -> "Dataset | None":
    """Read a folder of own figures, where --data names one, or else a scenario's file."""
    from gainsmodel.data.saved import read_named
    from gainsmodel.simulation.resolve import own_figures

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
    **conversion: Any,
) -> "Dataset":
    """Read own figures as the options of a verb say; a folder has its own geography.

    `conversion` is from which currency and at which rate, as `read_gva` takes it.
    """
    from gainsmodel.data import is_dataset, read_gva

    fill: Fill | None = "built_in" if fill_built_in else None
    single = data[0] if isinstance(data, list) and len(data) == 1 else data
    if isinstance(single, Path) and is_dataset(single):
        geography = None
    options: dict[str, Any] = {"sheet": sheet, "year": year, "names": names, "areas": areas}
    return read_gva(single, geography, fill=fill, **options, **conversion)
