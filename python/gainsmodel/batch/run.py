"""Run a batch on any executor, to the same bytes, and take it up again where it was stopped."""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
)
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import polars as pl

from gainsmodel.batch.executors import (
    UNDER_GUARD,
    check_options,
    ctrl_c_is_ours,
    default_workers,
    first_process,
    next_of,
    processes_of,
    see_to_guard,
    started,
    want_guard,
)
from gainsmodel.batch.folder import MANIFESTS, Folder, Piece, part_file, runs_a_part
from gainsmodel.batch.result import BatchResult, runs_table
from gainsmodel.batch.sweep import Point, Sweep, Table, canonical, load_sweep
from gainsmodel.batch.work import Done, Task, perform
from gainsmodel.checks import whole_number
from gainsmodel.data import Dataset
from gainsmodel.errors import BatchError, SettingError
from gainsmodel.results.manifest import TABLES, build_info
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import as_scenario, figures_for, own_figures
from gainsmodel.simulation.run import SPAN
from gainsmodel.simulation.settings import MAX_DRAWS, Settings

# Tasks handed out at a time: enough for hundreds of workers, few enough to hold. A piece may
# have tens of megabytes, so two for each worker.
IN_FLIGHT, LEAST_IN_FLIGHT = 512, 32
# Times that workers may die without one run in between before the batch gives up.
MOST_RESTARTS = 3
# A dry run measures a run of at most so many draws.
MEASURED_DRAWS = 10_000
Batchable = Sweep | str | os.PathLike[str] | Sequence[Scenario | str | os.PathLike[str]]


def run_batch(
    scenarios: Batchable,
    out: str | os.PathLike[str],
    *,
    executor: Executor | str | None = None,
    workers: int | None = None,
    threads: int = 1,
    draws_per_piece: int | None = None,
    settings: Settings | None = None,
    geography: str | None = None,
    tables: Sequence[Table] | None = None,
    dataset: Dataset | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> BatchResult:
    """Run many scenarios into one folder; called again, it resumes where it stopped.

    Numbers and files are the same for any executor, any number of workers and any number of
    interruptions; files under ``seconds/`` alone differ.

    Parameters
    ----------
    scenarios : Sweep, path of a sweep file, or sequence of scenarios
        What to run; scenarios as `gainsmodel.run` takes them.
    out : path
        Folder of the result: new, empty, or of this batch.
    executor : concurrent.futures.Executor or str, optional
        ``"threads"`` of this process (if left out), spawned ``"processes"``, ``"dask"`` for a
        cluster on this machine, ``"dask://host:port"`` for a running one, ``"mpi"`` for the job
        that ``mpirun`` started, or any executor. One that is passed in is not shut down. Of an
        MPI job the first process alone returns; the others work, and then end.
    workers : int, optional
        Of an executor started here, or how many another has; as many as processors if left out.
        Not of an MPI job.
    threads : int
        Of the core in each worker.
    draws_per_piece : int, optional
        Split longer runs into pieces of about so many draws, each for whichever worker is free
        and kept as soon as it is there; for runs of many minutes.
    settings, geography, tables
        For a sequence of scenarios; a sweep states its own.
    dataset : Dataset, optional
        Figures to run on instead of the built-in ones.
    on_progress : callable, optional
        Called with (runs done, runs in all) after each.

    Returns
    -------
    BatchResult
        Runs that failed are in its `failures`; they stop no other.

    Raises
    ------
    BatchError
        If the folder is not this batch's or cannot be written, or workers keep dying. What is
        finished is kept.
    ScenarioError, SettingError, DataError
        If the sweep or the base scenario cannot be run.

    Examples
    --------
    >>> import gainsmodel, tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     settings = gainsmodel.Settings(draws=100)
    ...     batch = gainsmodel.run_batch(["reference", "late_start"], out, settings=settings)
    ...     print(batch.areas().collect().height)
    46
    """
    if executor == "processes":
        see_to_guard()
    check_options(executor, workers, threads)
    with first_process(executor, workers) as given:
        if draws_per_piece is not None:
            whole_number("draws_per_piece", draws_per_piece, 1, MAX_DRAWS)
        batch = _Batch.of(scenarios, settings, geography, tables, dataset, threads)
        folder = Folder(Path(out), batch.identity())
        with folder.held():
            work = _Work(batch, folder, draws_per_piece, on_progress)
            if not work.ended:
                work.drive(given, workers)
            work.end()
    return BatchResult(folder.path, folder.batch)


@dataclass(frozen=True)
class Estimate:
    """What a batch would take, measured on one of its runs.

    Attributes
    ----------
    runs, draws, workers : int
        Runs in all, draws of each, workers at work at once.
    seconds_per_run : float
        Of one worker, measured.
    seconds : float
        Of the whole batch, if workers do not slow each other down.
    size_bytes : int
        Of its files.
    """

    runs: int
    draws: int
    workers: int
    seconds_per_run: float
    seconds: float
    size_bytes: int


def estimate_batch(
    scenarios: Batchable,
    *,
    executor: Executor | str | None = None,
    workers: int | None = None,
    threads: int = 1,
    settings: Settings | None = None,
    geography: str | None = None,
    tables: Sequence[Table] | None = None,
    dataset: Dataset | None = None,
) -> Estimate:
    """Measure one run and say what the batch would take; parameters as `run_batch`.

    Raises
    ------
    BatchError
        If none of its first runs can be run.
    """
    check_options(executor, workers, threads)
    with first_process(executor, workers) as given:
        batch = _Batch.of(scenarios, settings, geography, tables, dataset, threads)
        return _measured(batch, workers or default_workers(given))


def _measured(batch: "_Batch", workers: int) -> Estimate:
    draws = batch.settings.draws
    short = replace(batch.settings, draws=min(draws, MEASURED_DRAWS))
    perform(replace(batch.task(0), settings=replace(short, draws=16)))  # What is made only once.
    for run in range(min(10, len(batch.scenarios))):
        done = perform(replace(batch.task(run), settings=short))
        if done.error is None:
            break
    else:
        raise BatchError(f"none of the first runs can be run: {done.error}")
    seconds = done.seconds * draws / short.draws
    size = batch.identity()["runs_a_part"]
    # Half of a run's bytes are what a file says of its columns.
    of_part = sum(
        len(part_file(name, pl.concat([table] * size))) for name, table in done.tables.items()
    )
    of_run = sum(len(part_file(name, table)) for name, table in done.tables.items())
    values = sum(table.estimated_size() for table in done.tables.values()) * size
    parts = math.ceil(len(batch.scenarios) / size)
    return Estimate(
        len(batch.scenarios),
        draws,
        workers,
        seconds,
        seconds * math.ceil(len(batch.scenarios) / workers),
        parts * max(of_part, min(of_run * size, values)),
    )


class _Listed:
    """Scenarios one by one, with the face of a sweep."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._scenarios = scenarios

    def __len__(self) -> int:
        return len(self._scenarios)

    def point(self, run: int) -> Point:
        return Point({"scenario": self._scenarios[run].title})

    def base_of(self, run: int) -> Scenario:
        return self._scenarios[run]

    def sha256(self) -> str:
        content = [scenario.to_dict() for scenario in self._scenarios]
        return hashlib.sha256(canonical(content).encode()).hexdigest()


@dataclass(frozen=True)
class _Batch:
    """What is run, however it was given."""

    scenarios: Sweep | _Listed
    settings: Settings
    geography: str | None
    tables: tuple[str, ...]
    dataset: Dataset | None
    threads: int

    @classmethod
    def of(
        cls,
        scenarios: Batchable,
        settings: Settings | None,
        geography: str | None,
        tables: Sequence[str] | None,
        dataset: Dataset | None,
        threads: int,
    ) -> "_Batch":
        if isinstance(scenarios, str | os.PathLike):
            scenarios = load_sweep(scenarios, dataset)
        # Read here, once: a worker may not have the folder.
        if isinstance(scenarios, Sweep):
            dataset = own_figures(scenarios.base_scenario, dataset=dataset)
            given = {"settings": settings, "geography": geography, "tables": tables}
            for name, value in given.items():
                if value is not None:
                    raise SettingError(
                        f"{name}: cannot be combined with a sweep, which already fixes it"
                    )
            chosen = scenarios.settings
            return cls(
                *(scenarios, chosen.settings(), chosen.geography, scenarios.tables),
                *(dataset, threads),
            )
        scenarios = list(scenarios)
        dataset = own_figures(*scenarios, dataset=dataset)
        listed = _Listed([as_scenario(scenario, geography, dataset) for scenario in scenarios])
        if not len(listed):
            raise SettingError("scenarios: is an empty list")
        for table in tables or ():
            if table not in TABLES:
                raise SettingError(f"tables: must be of {', '.join(TABLES)}, not {table!r}")
        kept = tuple(name for name in TABLES if name in (tables or ("areas", "groups")))
        return cls(listed, settings or Settings(), geography, kept, dataset, threads)

    def base_of(self, run: int) -> Scenario:
        if isinstance(self.scenarios, Sweep):
            return self.scenarios.base_scenario
        return self.scenarios.base_of(run)

    def task(self, run: int) -> Task:
        edits = self.scenarios.point(run).edits
        return Task(
            *(run, self.base_of(run), edits, self.settings, self.geography),
            *(self.dataset, self.tables, self.threads),
        )

    def run_settings(self) -> dict[str, Any]:
        """Settings as a table of runs and a folder record them."""
        chosen = self.settings
        return {
            "draws": chosen.draws,
            "seed": chosen.seed,
            "sampler": chosen.sampler,
            "precision": chosen.precision or "as the scenario needs",
        }

    def identity(self) -> dict[str, Any]:
        """What makes two batches the same."""
        figures = figures_for(self.base_of(0), self.dataset)
        runs = len(self.scenarios)
        sweep = self.scenarios if isinstance(self.scenarios, Sweep) else None
        base = None if sweep is None else canonical(sweep.base_scenario.to_dict())
        return {
            "batch_version": 1,
            "gainsmodel": build_info()["version"],
            "runs": runs,
            "settings": self.run_settings(),
            "geography": figures.geography if sweep else self.geography,
            "tables": list(self.tables),
            "sweep": None
            if sweep is None
            else sweep.model_dump(mode="json", exclude={"settings", "tables"}, exclude_none=True),
            "base_sha256": None if base is None else hashlib.sha256(base.encode()).hexdigest(),
            "varies_sha256": self.scenarios.sha256(),
            "own_data": figures.own_name,
            "data_sha256": dict(sorted(figures.hashes.items())),
            "runs_a_part": runs_a_part(runs, figures.areas.height),
        }


class _Work:
    """A batch under way: what is done, what waits to be written."""

    def __init__(
        self,
        batch: _Batch,
        folder: Folder,
        draws_per_piece: int | None,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self._batch, self._folder, self._on_progress = batch, folder, on_progress
        self._pieces = _pieces(batch.settings.draws, draws_per_piece)
        self._records = {part: folder.record(part) for part in range(folder.parts)}
        self._waiting: dict[int, dict[int, Done]] = {
            part: {} for part, record in self._records.items() if record is None
        }
        # Pieces on the disk of runs that are not complete, and how long each took.
        self._kept: dict[int, dict[Piece, float]] = {}
        self._done = sum(len(record) for record in self._records.values() if record)
        self._tell()

    @property
    def ended(self) -> bool:
        """Whether every part is on the disk."""
        return not self._waiting

    def drive(self, executor: Executor | str | None, workers: int | None) -> None:
        """Run what is missing; workers started here that die are started again."""
        restarts = 0
        while not self.ended:
            before = self._done
            with started(executor, workers) as pool:
                try:
                    self._drive(pool, workers or default_workers(pool), given=pool is executor)
                except (BrokenExecutor, CancelledError) as error:
                    restarts = 0 if self._done > before else restarts + 1
                    if want_guard(processes_of(pool)):
                        raise BatchError(
                            "worker processes begin by running this script again, which starts "
                            f"the batch again and so on: {UNDER_GUARD}"
                        ) from None
                    if isinstance(executor, Executor) or restarts >= MOST_RESTARTS:
                        raise BatchError(
                            f"workers die ({str(error) or type(error).__name__}), for lack of "
                            "memory perhaps, or since the script that starts them has no if "
                            '__name__ == "__main__":; finished runs are kept: run the same command '
                            "to resume, perhaps with fewer --workers"
                        ) from error

    def _drive(self, executor: Executor, workers: int, *, given: bool) -> None:
        in_flight = max(LEAST_IN_FLIGHT, 2 * workers) if self._pieces else IN_FLIGHT
        missing = self._missing()
        finished: SimpleQueue[Future[Done]] = SimpleQueue()
        open_tasks: set[Future[Done]] = set()
        try:
            while True:
                for task in islice(missing, in_flight - len(open_tasks)):
                    with ctrl_c_is_ours():
                        future = executor.submit(perform, task)
                    open_tasks.add(future)
                    future.add_done_callback(finished.put)
                if not open_tasks:
                    return
                future = next_of(finished, executor)
                open_tasks.discard(future)
                self._take(_result_of(future))
        except BaseException:
            # A pool of ours cancels its tasks as it is shut down. Meanwhile a worker may be found
            # gone, and a pool of processes then fails at every task that others have cancelled.
            if given:
                for future in open_tasks:
                    future.cancel()
            raise

    def _missing(self) -> Iterator[Task]:
        """Go through what is still to be simulated."""
        for part, collected in list(self._waiting.items()):
            for run in self._folder.runs_of(part):
                if run in collected:
                    continue
                task = self._batch.task(run)
                if not self._pieces:
                    yield task
                    continue
                kept = {}
                for piece in self._pieces:
                    found = self._folder.read_piece(run, piece)
                    if found is not None:
                        kept[piece] = found[1]
                self._kept[run] = kept
                missing = [piece for piece in self._pieces if piece not in kept]
                if not missing:
                    self._join(run)
                for piece in missing:
                    yield replace(task, piece=piece)

    def _take(self, done: Done) -> None:
        if done.piece is None:
            self._collect(done)
        elif done.run in self._kept:  # Else another piece of it failed before.
            if done.error is not None:
                del self._kept[done.run]
                self._collect(replace(done, piece=None))
                return
            self._folder.write_piece(done.run, done.piece, done.content, done.seconds)
            self._kept[done.run][done.piece] = done.seconds
            if len(self._kept[done.run]) == len(self._pieces):
                self._join(done.run)

    def _join(self, run: int) -> None:
        def pieces() -> Iterator[bytes]:
            for piece in self._pieces:
                found = self._folder.read_piece(run, piece)
                if found is None:
                    raise BatchError(
                        f"{self._folder.path}: a piece of run {run} was lost; run the same "
                        "command to make it again"
                    )
                yield found[0]

        seconds = sum(self._kept.pop(run).values())
        done = perform(self._batch.task(run), pieces())
        self._collect(replace(done, seconds=done.seconds + seconds))

    def _part_of(self, run: int) -> int:
        return run // int(self._folder.batch["runs_a_part"])

    def _collect(self, done: Done) -> None:
        part = self._part_of(done.run)
        collected = self._waiting[part]
        collected[done.run] = done
        self._done += 1
        runs = self._folder.runs_of(part)
        if len(collected) == len(runs):
            in_order = [collected[run] for run in runs]
            names = (*self._batch.tables, MANIFESTS)
            records = [done.record() for done in in_order]
            self._folder.write_part(
                part,
                {n: [d.tables[n] for d in in_order if n in d.tables] for n in names},
                records,
                {done.run: done.seconds for done in in_order},
            )
            self._folder.drop_pieces(runs)
            self._records[part] = records
            del self._waiting[part]
        self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._done, len(self._batch.scenarios))

    def end(self) -> None:
        """Write the table of runs."""
        recorded = [run for part in sorted(self._records) for run in self._records[part] or ()]
        varied = [self._batch.scenarios.point(run).varied for run in range(len(recorded))]
        table = runs_table(varied, self._batch.run_settings(), recorded)
        self._folder.write_runs(table)


def _result_of(future: "Future[Done]") -> Done:
    try:
        return future.result()
    except (BrokenExecutor, CancelledError):
        raise
    except Exception as error:
        raise BatchError(
            f"a worker failed: {type(error).__name__}: {error}; finished runs are kept: run "
            "the same command to resume"
        ) from error


def _pieces(draws: int, draws_per_piece: int | None) -> list[Piece]:
    """Cut a run's draws into pieces of whole spans; none where it stays in one."""
    if draws_per_piece is None or draws <= draws_per_piece:
        return []
    size = math.ceil(draws_per_piece / SPAN) * SPAN
    return [(first, min(first + size, draws)) for first in range(0, draws, size)]
