"""Files that take too much end their worker, and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gainsmodel import confined as module
from gainsmodel.confined import confined
from gainsmodel.data import gva_template, read_gva
from gainsmodel.errors import DataError, ScenarioError

HERE = "test_confined"


# ---------------------------------------------------------------- what the worker runs


def process() -> int:
    return os.getpid()


def folder() -> str:
    return str(Path.cwd())


def take(bytes_in_all: int) -> int:
    return len(b"x" * bytes_in_all)


def spin() -> None:
    while True:
        pass


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def end() -> None:
    os.abort()


def refuse() -> None:
    raise ScenarioError("x.toml, line 3: no")


def fault() -> None:
    raise ZeroDivisionError("a fault of the reader")


def panic() -> None:
    raise BaseException("not an ordinary exception")


def chatter() -> str:
    os.write(1, b"what a library prints")
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    return "an answer"


def not_sent() -> Any:
    return threading.Lock()


# ---------------------------------------------------------------- tests


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end without a worker."""

    def clear() -> None:
        while module._free:
            module._free.pop().end()

    clear()
    yield
    clear()


def test_a_worker_is_another_process_and_is_kept_for_the_next_file(tmp_path: Path) -> None:
    first = confined(process, "a.csv")
    assert first != os.getpid()
    assert confined(process, "b.csv") == first
    with contextlib.chdir(tmp_path):
        assert confined(folder, "c.csv") == str(tmp_path)
    with pytest.raises(DataError, match=r"^d\.csv: cannot be read within 1,000 MB of memory"):
        confined(end, "d.csv")
    assert confined(process, "e.csv") != first


def test_memory_is_limited() -> None:
    assert confined(take, "a.csv", 100_000_000) == 100_000_000
    with pytest.raises(DataError, match=r"^a\.csv: cannot be read within 1,000 MB of memory"):
        confined(take, "a.csv", 2_000_000_000)
    # What has grown large makes room for a new one.
    worker = confined(process, "a.csv")
    confined(take, "a.csv", module.WORN_BYTES)
    assert confined(process, "a.csv") != worker


@pytest.mark.parametrize("work", [spin, lambda: None], ids=["busy", "idle"])
def test_time_is_limited(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOCK_SECONDS", 1.0)
    begun = time.monotonic()
    with pytest.raises(DataError, match="20 seconds"):
        confined(spin, "a.csv") if work is spin else confined(sleep, "a.csv", 60)
    assert time.monotonic() - begun < 20


def test_errors_come_back_as_they_are_and_faults_as_one_message() -> None:
    with pytest.raises(ScenarioError, match=r"^x\.toml, line 3: no$"):
        confined(refuse, "x.toml")
    for work in (fault, panic):
        with pytest.raises(DataError, match=r"^a\.csv: cannot be read; it may be damaged") as got:
            confined(work, "a.csv")
        assert got.value.__cause__ is not None
    with pytest.raises(DataError, match=r"^a\.csv: cannot be read"):
        confined(not_sent, "a.csv")


def test_what_a_library_prints_or_warns_of_does_not_disturb_the_answer() -> None:
    with pytest.warns(DeprecationWarning, match="old"):
        assert confined(chatter, "a.csv") == "an answer"


def test_a_reader_that_is_stopped_takes_its_worker_along() -> None:
    worker = confined(process, "a.csv")
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        confined(sleep, "a.csv", 60)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert confined(process, "a.csv") != worker


def test_a_forked_child_has_workers_of_its_own() -> None:
    worker = confined(process, "a.csv")
    child = os.fork()
    if not child:
        os._exit(0 if confined(process, "a.csv") != worker else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert confined(process, "a.csv") == worker


def test_several_files_at_a_time_do_not_mix() -> None:
    """More callers than places: each gets the answer to its own question."""
    got: dict[int, int] = {}

    def ask(size: int) -> None:
        got[size] = confined(take, "a.csv", size)

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {size: size for size in range(1, 9)}
    assert len(module._free) <= module.AT_ONCE


def far_apart(path: Path) -> Path:
    """A workbook with two cells, at the two ends of a sheet: 17 thousand million between them."""
    xlsxwriter = pytest.importorskip("xlsxwriter")
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("GVA")
        sheet.write(0, 0, "Area")
        sheet.write(1_048_575, 16_383, 1.0)
    return path


def test_a_workbook_of_two_cells_far_apart_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^far\.xlsx"):
        read_gva(far_apart(tmp_path / "far.xlsx"))
    assert read_gva(gva_template("itl1", filled=True), "itl1", name="a.xlsx").areas.height == 12


def test_a_worker_of_a_large_process_is_kept_too() -> None:
    large = bytearray(module.WORN_BYTES + 100_000_000)
    large[::4096] = b"x" * len(large[::4096])
    worker = confined(process, "a.csv")
    assert confined(process, "a.csv") == worker
