"""What a batch gives: one table of runs, and tables of all runs that are scanned lazily."""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.batch.folder import (
    BATCH,
    ENDED,
    MANIFESTS,
    RUNS,
    read_batch,
    read_record,
    read_seconds,
    record_of,
    sha256_of,
)
from gainsmodel.batch.sweep import canonical
from gainsmodel.errors import BatchError
from gainsmodel.notebook import ShownInNotebooks

AGAIN = "run the same command again to make what is missing"


@dataclass(frozen=True, repr=False)
class BatchResult(ShownInNotebooks):
    """A batch on disk.

    Made by `gainsmodel.run_batch` or `BatchResult.load`.

    Attributes
    ----------
    folder : Path
        Where it lies.
    batch : dict
        What was asked for: the sweep, settings, tables, hashes of figures, version.
    """

    folder: Path
    batch: dict[str, Any]

    def describe(self) -> str:
        """In a few words, what it is of."""
        return f"{str(self.folder)!r}, {self.batch['runs']:,} runs"

    @classmethod
    def load(cls, folder: str | Path) -> "BatchResult":
        """Read a batch; one that was stopped gives what is finished.

        Raises
        ------
        BatchError
            If the folder holds none.
        """
        return cls(Path(folder), read_batch(Path(folder)))

    def runs(self) -> pl.DataFrame:
        """One row a run: what varied, settings, ``status``, ``error`` and ``seconds``.

        Columns: ``run``; one for each key that varies, named like it; ``draws``, ``seed``,
        ``sampler``; ``scenario_sha256``; ``status``, "ok" or "failed"; ``error`` in words;
        ``seconds`` of one worker, null where that was not kept.

        Raises
        ------
        BatchError
            If the batch has not ended; run the same command again.
        """
        ended = self._record(ENDED)
        if ended is None:
            raise BatchError(f"{self.folder}: the batch has not ended; {AGAIN}")
        runs = pl.read_parquet(io.BytesIO(self._unchanged(RUNS, ended, ENDED)))
        seconds: dict[int, float] = {}
        for part in range(self._parts):
            seconds |= read_seconds(self.folder, part)
        column = [seconds.get(run) for run in runs["run"]]
        return runs.with_columns(pl.Series("seconds", column, pl.Float64))

    def failures(self) -> pl.DataFrame:
        """Those of `runs` that failed."""
        return self.runs().filter(pl.col("status") == "failed")

    def table(self, name: str) -> pl.LazyFrame:
        """Scan one table of all runs: as `Result` gives it, with ``run`` before it.

        Join `runs` by ``run`` to see what varied.

        Parameters
        ----------
        name : str
            One of the tables the batch keeps, or "manifests".

        Raises
        ------
        BatchError
            If the batch does not keep it, no run has succeeded, or a file was changed since.
        """
        if name not in (*self.batch["tables"], MANIFESTS):
            kept = ", ".join(self.batch["tables"])
            raise BatchError(
                f"{self.folder}: keeps no table {name!r}, only {kept}; add it to tables in the "
                "sweep and run it into another folder"
            )
        files = self._files(name, range(self._parts))
        if not files:
            raise BatchError(f"{self.folder}: no run has succeeded, so there is no table {name!r}")
        return pl.scan_parquet(files)

    def areas(self) -> pl.LazyFrame:
        """Scan `Result.areas` of all runs."""
        return self.table("areas")

    def groups(self) -> pl.LazyFrame:
        """Scan `Result.groups` of all runs."""
        return self.table("groups")

    def manifest(self, run: int) -> dict[str, Any]:
        """Give the manifest of one run, with which `gainsmodel.replay` repeats it.

        Raises
        ------
        BatchError
            If that run failed, or there is none of that number.
        """
        part = run // int(self.batch["runs_a_part"])
        files = self._files(MANIFESTS, [part] if 0 <= run < self.batch["runs"] else [])
        found = [
            text
            for file in files
            for text in pl.scan_parquet(file).filter(pl.col("run") == run).collect()["manifest"]
        ]
        if not found:
            raise BatchError(f"{self.folder}: has no manifest of run {run}; see runs()")
        manifest: dict[str, Any] = json.loads(found[0])
        return manifest

    def _files(self, name: str, parts: Iterable[int]) -> list[Path]:
        """Files of a table, each as it was when its part was finished."""
        ended = (self.folder / ENDED).exists()
        files = []
        for part in parts:
            record = self._record(record_of(part))
            if record is None and ended:
                raise BatchError(f"{self.folder / record_of(part)}: is missing; {AGAIN}")
            for file in (record or {"files": ()})["files"]:
                if file.startswith(f"{name}/"):
                    self._unchanged(file, record or {}, record_of(part))
                    files.append(self.folder / file)
        return files

    def _record(self, name: str) -> dict[str, Any] | None:
        """Read a record of this batch; None if there is none."""
        record = read_record(self.folder, name)
        if record is None and not (self.folder / name).exists():
            return None
        if record is None or record.get("batch") != sha256_of(self.batch):
            raise BatchError(
                f"{self.folder / name}: does not match its own hash or {BATCH}; one of them was "
                f"changed after it was saved; {AGAIN}"
            )
        return record

    def _unchanged(self, file: str, record: Mapping[str, Any], name: str) -> bytes:
        """Content of a file, if it is what its record says."""
        try:
            content = (self.folder / file).read_bytes()
        except OSError as error:
            raise BatchError(f"{self.folder / file}: is missing or damaged; {AGAIN}") from error
        if hashlib.sha256(content).hexdigest() != record["files"][file]:
            raise BatchError(
                f"{self.folder / file}: does not match its hash in {name}; it was changed after it "
                f"was saved; {AGAIN}"
            )
        return content

    @property
    def _parts(self) -> int:
        return -(-int(self.batch["runs"]) // int(self.batch["runs_a_part"]))


def runs_table(
    varied: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    recorded: Sequence[Mapping[str, Any]],
) -> pl.DataFrame:
    """Make the table of runs; `seconds` apart, the same batch gives the same bytes."""
    names = dict.fromkeys(key for point in varied for key in point)
    number = pl.Series("run", range(len(varied)), pl.UInt32)
    columns = [_column(name, [point.get(name) for point in varied]) for name in names]
    same = [pl.Series(key, [value] * len(varied)) for key, value in settings.items()]
    found = pl.DataFrame(
        list(recorded),
        schema=dict.fromkeys(("scenario_sha256", "status", "error"), pl.String),
        orient="row",
    )
    return pl.DataFrame([number, *columns, *same]).hstack(found)


def _column(name: str, values: Sequence[Any]) -> pl.Series:
    """Values as they are where all are of one kind; as text in JSON otherwise."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and kinds:
        return pl.Series(name, values, pl.Int64 if kinds == {int} else pl.Float64, strict=False)
    if len(kinds) == 1 and kinds <= {bool, str}:
        return pl.Series(name, values)
    return pl.Series(name, [None if v is None else canonical(v) for v in values], pl.String)
