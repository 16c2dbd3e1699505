"""What a worker does: one run, from a scenario and edits to tables."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from multiprocessing import connection, parent_process
from typing import Any

import polars as pl

from gainsmodel.batch.folder import MANIFESTS, Piece
from gainsmodel.batch.sweep import canonical
from gainsmodel.data import Dataset
from gainsmodel.errors import BatchError, GainsModelError, RunCancelled
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.run import join, start
from gainsmodel.simulation.settings import Settings


@dataclass(frozen=True)
class Task:
    """One run, or a piece of its draws, as it is sent to a worker."""

    run: int
    scenario: Scenario
    edits: Mapping[str, Any]
    settings: Settings
    geography: str | None
    dataset: Dataset | None
    tables: tuple[str, ...]
    threads: int
    piece: Piece | None = None


@dataclass(frozen=True)
class Done:
    """What a worker sends back: tables of the run or a piece, or what is wrong with it in words."""

    run: int
    seconds: float
    piece: Piece | None = None
    content: bytes = b""
    error: str | None = None
    scenario_sha256: str | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Give what is recorded of the run."""
        status = "ok" if self.error is None else "failed"
        return {"scenario_sha256": self.scenario_sha256, "status": status, "error": self.error}


def perform(task: Task, pieces: Iterable[bytes] | None = None) -> Done:
    """Run one scenario, or a piece; one that cannot be run is told of, not raised.

    With the `pieces` of all its draws, they are joined and nothing is simulated.
    """
    begun = time.perf_counter()

    def done(**found: Any) -> Done:
        return Done(task.run, time.perf_counter() - begun, task.piece, **found)

    figures: dict[str, Any] = {"geography": task.geography, "dataset": task.dataset}
    figures["threads"] = task.threads
    try:
        scenario = task.scenario.edit(task.edits) if task.edits else task.scenario
        if task.piece is not None:
            return done(content=start(scenario, task.settings, piece=task.piece, **figures).piece())
        result = (
            start(scenario, task.settings, **figures).result()
            if pieces is None
            else join(pieces, scenario, task.settings, **figures)
        )
        tables = {name: getattr(result, name)() for name in task.tables}
    except (BatchError, MemoryError, OSError, RunCancelled):
        raise  # Of this machine and moment, not of the scenario.
    except GainsModelError as error:
        return done(error=str(error))
    except Exception as error:
        words = f"a fault of gainsmodel, please report it: {type(error).__name__}: {error}"
        return done(error=words)
    sha256 = hashlib.sha256(canonical(result.manifest["scenario"]).encode()).hexdigest()
    text = json.dumps(result.manifest, ensure_ascii=False)
    tables[MANIFESTS] = pl.DataFrame({"manifest": [text]})
    number = pl.lit(task.run, pl.UInt32).alias("run")
    numbered = {name: table.select(number, pl.all()) for name, table in tables.items()}
    return done(scenario_sha256=sha256, tables=numbered)


def ready() -> None:
    """Make a spawned worker end with its parent, however that ends."""
    parent = parent_process()
    if parent is not None:

        def follow() -> None:
            connection.wait([parent.sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
