"""A batch's folder: written whole or not at all, known by hashes, held by one batch at a time.

Runs lie in parts of a fixed size. Each part is one Parquet file a table and one of manifests, and
is finished once its record, with the hash of each, has been written. What a kill leaves behind is
a part without its record, or a temporary file; neither counts.
"""

import contextlib
import datetime
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.batch.sweep import MAX_RUNS, canonical
from gainsmodel.data.shipped_tables import origin
from gainsmodel.datapackage import NAME as PACKAGE, package, parquet, resource, schema
from gainsmodel.errors import BatchError
from gainsmodel.files import overwrite, writing
from gainsmodel.results.columns import TITLES, columns_of, columns_of_runs

try:
    import fcntl
except ImportError:  # pragma: no cover: Windows has no locks that a kill releases
    fcntl = None  # type: ignore[assignment]

BATCH, RUNS, ENDED, LOCK = "batch.json", "runs.parquet", "runs.json", "lock"
PARTS, SECONDS, MANIFESTS, SCHEMAS = "parts", "seconds", "manifests", "schemas"
# Pieces of runs that are not complete; empty once the batch has ended.
PIECES = "pieces"
TEMPORARY = ".part"
# Draws of a piece: from the first to before the second.
Piece = tuple[int, int]
# Runs in a part: few enough that a kill costs little, so many that files do not pile up.
PARTS_WANTED, MOST_RUNS_A_PART, ROWS_A_PART = 64, 64, 2_000


def runs_a_part(runs: int, areas: int) -> int:
    """Give how many runs share a part; the same for the same batch."""
    most = max(1, min(MOST_RUNS_A_PART, ROWS_A_PART // areas))
    return max(1, min(most, -(-runs // PARTS_WANTED)))


class Folder:
    """Reads and writes what a batch keeps.

    Parameters
    ----------
    path : Path
        The folder.
    batch : dict
        What the batch is; a folder of another one is refused.
    """

    def __init__(self, path: Path, batch: Mapping[str, Any]) -> None:
        """Take note; nothing is read or written yet."""
        self.path, self.batch = path, dict(batch)
        self._sha256 = sha256_of(self.batch)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against other batches, and see that it is this batch's.

        Raises
        ------
        BatchError
            If it is held by another batch, holds another one or something else, or cannot be
            written.
        """
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
        with _locked(self.path / LOCK):
            self._claim()
            yield

    def _claim(self) -> None:
        with self._writing():
            for left in self.path.rglob(f"*{TEMPORARY}"):
                left.unlink()
            strange = sorted(path.name for path in self.path.iterdir() if path.name != LOCK)
            if BATCH not in strange:
                if strange:
                    raise BatchError(
                        f"{self.path}: holds something other than an earlier batch, such as "
                        f"{strange[0]!r}; name a new or an empty folder"
                    )
                self.write(BATCH, self._content())
            for name in (PARTS, SECONDS, MANIFESTS, PIECES, *self.batch["tables"]):
                (self.path / name).mkdir(exist_ok=True)
        try:
            found = read_batch(self.path)
        except BatchError:
            # Records say whose they are, too.
            records = (read_record(self.path, record_of(part)) for part in range(self.parts))
            if {record["batch"] for record in records if record} != {self._sha256}:
                raise
            found = self.batch
            self.write(BATCH, self._content())
        wrong = [key for key in found | self.batch if found.get(key) != self.batch.get(key)]
        if wrong:
            raise BatchError(
                f"{self.path}: holds another batch; what differs: {_differences(found, self.batch)}"
                "; name another folder for this one"
            )

    @property
    def parts(self) -> int:
        """How many parts the runs make up."""
        return -(-int(self.batch["runs"]) // int(self.batch["runs_a_part"]))

    def runs_of(self, part: int) -> range:
        """Give the runs of a part."""
        size = self.batch["runs_a_part"]
        return range(part * size, min((part + 1) * size, self.batch["runs"]))

    def _content(self) -> bytes:
        return json.dumps(self.batch, indent=1, ensure_ascii=False).encode() + b"\n"

    def record(self, part: int) -> list[dict[str, Any]] | None:
        """Give what is recorded of each run of a part, or None if it must be (re)done."""
        content = read_record(self.path, record_of(part))
        if content is None or content["batch"] != self._sha256:
            return None
        for name, sha256 in content["files"].items():
            try:
                found = hashlib.sha256((self.path / name).read_bytes()).hexdigest()
            except OSError:
                return None
            if found != sha256:
                return None
        runs: list[dict[str, Any]] = content["runs"]
        return runs

    def write_part(
        self,
        part: int,
        tables: Mapping[str, Sequence[pl.DataFrame]],
        runs: Sequence[dict[str, Any]],
        seconds: Mapping[int, float],
    ) -> None:
        """Write the tables of a part, then its record.

        Parameters
        ----------
        part : int
            Number of the part.
        tables : mapping
            Table to the frames of its runs, in their order, manifests among them.
        runs : sequence of dict
            What is recorded of each run.
        seconds : mapping
            Run to the time it took.
        """
        files = {}
        for name, frames in tables.items():
            if frames:
                file = f"{name}/{part:06}.parquet"
                content = part_file(name, pl.concat(frames), **self._about())
                self.write(file, content)
                files[file] = hashlib.sha256(content).hexdigest()
        # Times are the only thing that differs from one execution to the next.
        self.write(f"{SECONDS}/{part:06}.json", json.dumps(seconds).encode())
        self._write_record(record_of(part), files, runs)

    def write_runs(self, table: pl.DataFrame) -> None:
        """Write the table of all runs and the data package, then a record: the batch has ended."""
        columns = columns_of_runs(table.columns)
        content = parquet(table, columns, title=TITLES["runs"], **self._about())
        self.write(RUNS, content)
        sha256 = hashlib.sha256(content).hexdigest()
        runs = {"title": TITLES["runs"], "schema": schema(table.schema, columns)}
        self.write(PACKAGE, self._package([resource(RUNS, sha256, None, **runs)]))
        self._write_record(ENDED, {RUNS: sha256}, ())

    def _about(self) -> dict[str, Any]:
        """What every file says of the batch it belongs to."""
        version = f"gainsmodel {self.batch.get('gainsmodel', 'unknown')}"
        return {**origin(self.batch.get("own_data")), "version": version, "batch": self._sha256}

    def _package(self, listed: list[dict[str, Any]]) -> bytes:
        """List every table; a table's parts share their schema, which stands in a file."""
        parts = [read_record(self.path, record_of(part)) for part in range(self.parts)]
        for name in (*self.batch["tables"], MANIFESTS):
            said: dict[str, Any] = {"title": TITLES[name], "schema": f"{SCHEMAS}/{name}.json"}
            files = {
                file: sha256
                for record in parts
                for file, sha256 in (record or {"files": {}})["files"].items()
                if file.startswith(f"{name}/")
            }
            if files:
                types = pl.read_parquet_schema(self.path / next(iter(files)))
                of = json.dumps(schema(types, columns_of(types)), indent=1, ensure_ascii=False)
                (self.path / SCHEMAS).mkdir(exist_ok=True)
                self.write(said["schema"], f"{of}\n".encode())
            listed += [resource(file, sha256, None, **said) for file, sha256 in files.items()]
        return package("gainsmodel-batch", listed, title="A batch of runs", **self._about())

    def _write_record(
        self, name: str, files: Mapping[str, str], runs: Sequence[dict[str, Any]]
    ) -> None:
        record = {"batch": self._sha256, "files": dict(files), "runs": list(runs)}
        record["sha256"] = sha256_of(record)
        self.write(name, json.dumps(record, indent=1, ensure_ascii=False).encode())

    def write_piece(self, run: int, piece: Piece, content: bytes, seconds: float) -> None:
        """Keep a piece of a run until all of it is there."""
        head = json.dumps({"sha256": self._sha256_of(content), "seconds": seconds}).encode()
        self.write(_piece_file(run, piece), head + b"\n" + content)

    def read_piece(self, run: int, piece: Piece) -> tuple[bytes, float] | None:
        """Give a piece and the seconds it took; None if it is missing or damaged."""
        try:
            content = (self.path / _piece_file(run, piece)).read_bytes()
            line, _, content = content.partition(b"\n")
            head = json.loads(line)
            if head["sha256"] == self._sha256_of(content):
                return content, float(head["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def drop_pieces(self, runs: Iterable[int]) -> None:
        """Forget the pieces of runs that are in a finished part."""
        for run in runs:
            for path in (self.path / PIECES).glob(f"{run:06}-*"):
                path.unlink(missing_ok=True)

    def _sha256_of(self, content: bytes) -> str:
        return hashlib.sha256(self._sha256.encode() + content).hexdigest()

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, and have it on the disk before going on."""
        target = self.path / name
        # Not with_suffix, since two files may differ in that only.
        part = target.with_name(target.name + TEMPORARY)
        with self._writing():
            overwrite(part, target, content)

    def _writing(self) -> AbstractContextManager[None]:
        kept = "; finished parts are kept: run the same command to resume"
        return writing(self.path, BatchError, kept)


def read_batch(path: Path) -> dict[str, Any]:
    """Read what batch a folder holds.

    Raises
    ------
    BatchError
        If it holds none, or that cannot be read.
    """
    file = path / BATCH
    try:
        found = json.loads(file.read_bytes())
        if isinstance(found, dict) and _is_batch(found):
            return found
    except FileNotFoundError:
        raise BatchError(f"{path}: holds no batch: {BATCH} is missing") from None
    except OSError as error:
        raise BatchError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        pass
    raise BatchError(
        f"{file}: is damaged, so the batch in the folder cannot be identified; name another folder"
    )


def _is_batch(found: Mapping[str, Any]) -> bool:
    counts = [found.get(key) for key in ("runs", "runs_a_part")]
    tables = found.get("tables")
    return all(type(count) is int and 0 < count <= MAX_RUNS for count in counts) and (
        isinstance(tables, list) and all(isinstance(name, str) for name in tables)
    )


def sha256_of(record: Mapping[str, Any]) -> str:
    """Hash of what JSON holds, however it is laid out."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()


def record_of(part: int) -> str:
    """Name of the record of a part."""
    return f"{PARTS}/{part:06}.json"


def read_record(path: Path, name: str) -> dict[str, Any] | None:
    """Read a record of files and their hashes; None if there is none, or it was damaged."""
    try:
        record = json.loads((path / name).read_bytes())
        sha256 = record.pop("sha256")
        known = sha256_of(record)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return dict(record) if known == sha256 else None


def read_seconds(path: Path, part: int) -> dict[int, float]:
    """Read how long each run of a part took; nothing if that was lost."""
    try:
        found = json.loads((path / f"{SECONDS}/{part:06}.json").read_bytes())
        return {int(run): float(seconds) for run, seconds in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def part_file(name: str, table: pl.DataFrame, **said: Any) -> bytes:
    """Give a table of some runs as Parquet, with units; the same table gives the same bytes."""
    return parquet(table, columns_of(table.columns), title=TITLES[name], **said)


def _piece_file(run: int, piece: Piece) -> str:
    return f"{PIECES}/{run:06}-{piece[0]:010}-{piece[1]:010}"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however that ends.

    Its file says who holds it; one left by a batch that was killed says so too, but is not held.
    """
    with writing(path, BatchError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(descriptor, 200).decode(errors="replace").strip()
                raise BatchError(
                    f"{path.parent}: another batch is writing here ({holder}); wait for it, stop "
                    "it, or name another folder"
                ) from None
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        os.ftruncate(descriptor, 0)
        holder = f"process {os.getpid()} on {socket.gethostname()}, since {now}\n"
        with contextlib.suppress(OSError):  # A full disk is found out by what matters.
            os.write(descriptor, holder.encode())
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _differences(stored: Mapping[str, Any], wanted: Mapping[str, Any], path: str = "") -> str:
    """Name the first few entries that differ, with both values."""
    lines = []
    for key in dict.fromkeys([*stored, *wanted]):
        old, new = stored.get(key), wanted.get(key)
        if old == new:
            continue
        at = f"{path}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines.append(_differences(old, new, f"{at}."))
        else:
            lines.append(f"{at} ({_short(old)} there, {_short(new)} here)")
    return ", ".join(lines[:5]) + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")


def _short(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
