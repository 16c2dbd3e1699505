"""Executors: the same bytes whoever works, and nobody's death is missed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
from batches import (
    ENVIRONMENT,
    FAULTY,
    ROOT,
    RUNS,
    finish,
    program,
    records,
    tree,
    until,
)

import gainsmodel
from gainsmodel.batch import executors
from gainsmodel.batch.work import perform
from gainsmodel.errors import SettingError


@pytest.mark.parametrize(
    ("executor", "workers", "threads"),
    [
        ("processes", 2, 1),
        ("threads", 1, 2),
        pytest.param("threads", 3, 1, marks=pytest.mark.slow),
    ],
)
def test_every_executor_gives_the_same_bytes(
    tmp_path: Path,
    sweep: Path,
    expected: dict[str, bytes],
    executor: str,
    workers: int,
    threads: int,
) -> None:
    told: list[tuple[int, int]] = []
    gainsmodel.run_batch(
        *(sweep, tmp_path),
        executor=executor,
        workers=workers,
        threads=threads,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert tree(tmp_path) == expected
    assert told == [(done, RUNS) for done in range(RUNS + 1)]


def test_an_executor_that_is_handed_over_is_used_and_left_open(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    with ThreadPoolExecutor(2) as pool:
        gainsmodel.run_batch(sweep, tmp_path, executor=pool)
        assert pool.submit(int, "7").result() == 7
    assert tree(tmp_path) == expected


@pytest.mark.slow  # by name, below, every time
def test_dask_gives_the_same_bytes_though_a_worker_is_killed(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    script = f"""
import os, signal
import gainsmodel
from distributed import Client, LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        victim = next(iter(cluster.workers.values())).process.pid
        def kill(done, total):
            global victim
            if done >= 5 and victim:
                os.kill(victim, signal.SIGKILL)
                victim = 0
        address = cluster.scheduler_address.removeprefix("tcp://")
        gainsmodel.run_batch(
            {str(sweep)!r}, {str(tmp_path / "out")!r}, executor="dask://" + address,
            on_progress=kill,
        )
        assert victim == 0
"""
    (tmp_path / "script.py").write_text(script, "utf-8")
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"],
        capture_output=True,
        text=True,
        timeout=300,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "out") == expected


def test_dask_on_this_machine_is_started_by_name(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(FAULTY, "utf-8")
    gainsmodel.run_batch(tmp_path / "sweep.toml", tmp_path / "threads")
    code, out, err = finish(
        program(tmp_path / "sweep.toml", "--out", tmp_path / "dask", "--executor", "dask")
    )
    assert (code, out) == (2, "2 of 3 runs succeeded\n")
    assert "run 0: edit: parameters.spillover_share.value" in err
    assert tree(tmp_path / "dask") == tree(tmp_path / "threads")


def test_workers_that_die_are_started_again(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    process = program(sweep, "--out", tmp_path, "--executor", "processes", "--workers", "2")
    assert until(lambda: records(tmp_path) > 3, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    # The first child is Python's own tracker of resources.
    os.kill(int(children[-1]), signal.SIGKILL)
    assert finish(process)[0] == 0
    assert tree(tmp_path) == expected


def dies_once_in_a_message(task: Any) -> Any:
    """Do a task, but for the first time: leave half a message to the pool and be gone."""
    flag = Path(os.environ["FLAG"])
    if flag.exists():
        return perform(task)
    flag.touch()
    frame: Any = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), (1_000).to_bytes(4, "big") + b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_in_the_middle_of_a_message_is_noticed(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool itself would wait for the rest of it for good."""
    monkeypatch.setenv("FLAG", str(tmp_path / "flag"))
    monkeypatch.setattr("gainsmodel.batch.run.perform", dies_once_in_a_message)
    monkeypatch.setattr("gainsmodel.batch.executors.LOOK_SECONDS", 0.5)
    gainsmodel.run_batch(sweep, tmp_path / "out", executor="processes", workers=2)
    assert tree(tmp_path / "out") == expected


SCRIPT = """
import gainsmodel
gainsmodel.run_batch(
    ["reference"], "out", executor="processes", workers=1, settings=gainsmodel.Settings(draws=16)
)
"""


@pytest.mark.parametrize("given", ["file", "standard input"])
def test_a_script_without_a_guard_is_told_so(given: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    done = subprocess.run(
        [sys.executable, "script.py" if given == "file" else "-"],
        input=None if given == "file" else SCRIPT,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "python")},
        timeout=60,
    )
    assert done.returncode == 1
    # That of the script alone; its workers say nothing.
    assert done.stderr.count("Traceback") == 1
    message = done.stderr.splitlines()[-1]
    assert 'if __name__ == "__main__":' in message
    assert 'executor="threads"' in message
    assert ("begin by running this script again" if given == "file" else given) in message


def test_a_worker_without_a_guard_is_known_by_a_code_that_comes_late() -> None:
    class Process:
        codes = iter([None, None, executors.NO_GUARD])

        @property
        def exitcode(self) -> int | None:
            return next(self.codes)

    assert executors.want_guard([Process()])


def test_a_pool_that_fails_is_the_only_one_to_end_its_tasks(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would stumble over a task that was cancelled, in a thread of its own."""
    taken = count()
    next_of = executors.next_of

    def notices_first(finished: Any, pool: Executor) -> Any:
        if next(taken) != 3:
            return next_of(finished, pool)
        executors.processes_of(pool)[0].kill()
        raise BrokenExecutor("a worker is gone")

    monkeypatch.setattr("gainsmodel.batch.run.next_of", notices_first)
    # pytest fails a test of which a thread has failed.
    gainsmodel.run_batch(sweep, tmp_path / "out", executor="processes", workers=2)
    assert tree(tmp_path / "out") == expected


# ---------------------------------------------------------------- MPI


@pytest.fixture(scope="module")
def mpi() -> list[str]:
    """The beginning of a command that starts three processes."""
    here = Path(sys.executable).with_name("mpirun")
    mpirun = str(here) if here.exists() else shutil.which("mpirun")
    if (mpirun is None or find_spec("mpi4py") is None) and not os.environ.get("CI"):
        pytest.skip("mpi4py or mpirun is not installed here")
    assert mpirun
    return [mpirun, "-n", "3"]


def test_mpi_gives_the_same_bytes_and_goes_on_after_a_kill(
    mpi: list[str], tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    args = (sweep, "--out", tmp_path, "--executor", "mpi")
    process = program(*args, under=mpi)
    assert until(lambda: records(tmp_path) >= 3, process)
    everyone = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert sum("--executor" in one.cmdline() for one in everyone) >= len(mpi)
    for one in everyone:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.communicate()
    psutil.wait_procs(everyone, timeout=60)
    kept = records(tmp_path)
    assert 3 <= kept < len([name for name in expected if name.startswith("parts/")])
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts").glob("*.json")}
    code, out, err = finish(program(*args, under=mpi))
    assert (code, out) == (0, f"{RUNS} of {RUNS} runs succeeded\n"), err
    assert tree(tmp_path) == expected
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_ctrl_c_ends_every_process_of_an_mpi_job(
    mpi: list[str], tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    process = program(sweep, "--out", tmp_path, "--executor", "mpi", under=mpi)
    assert until(lambda: records(tmp_path) >= 1, process)
    everyone = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    # mpirun's own code for a process that had to be killed, if it saw that first.
    assert code in (130, 9)
    assert f"finished runs are kept in {tmp_path}" in err
    assert "Traceback" not in err
    assert psutil.wait_procs(everyone, timeout=60)[1] == []
    gainsmodel.run_batch(sweep, tmp_path)
    assert tree(tmp_path) == expected


def test_what_is_wrong_with_an_mpi_job_is_said_once(mpi: list[str], tmp_path: Path) -> None:
    args = ("--out", tmp_path, "--executor", "mpi")
    code, out, err = finish(program("none.toml", *args, under=mpi))
    assert (code, out) == (2, "")
    assert err.count("none.toml: no such file") == err.count("error: ") == 1
    code, _, err = finish(program("every_area_in_turn", *args))
    assert code == 2
    assert "begin the command with mpirun -n 3" in err
    code, _, err = finish(program("every_area_in_turn", *args, "--workers", 2, under=mpi))
    assert code == 2
    assert "workers: cannot be combined with executor mpi" in err
    assert list(tmp_path.iterdir()) == []


def test_a_script_leads_an_mpi_job_and_only_its_first_process_returns(
    mpi: list[str], tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(TWO_BATCHES, "utf-8")
    done = subprocess.run(
        [*mpi, sys.executable, "script.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=ENVIRONMENT | {"PYTHONPATH": str(ROOT / "python")},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:2] == ["2", "1"]
    assert "ended with the batch before" in said[2]
    assert len(said) == 3


TWO_BATCHES = """
import gainsmodel
from gainsmodel.batch import first_process

few = gainsmodel.Settings(draws=16)
with first_process("mpi") as pool:
    for out, titles in (("a", ["reference", "late_start"]), ("b", ["reference"])):
        batch = gainsmodel.run_batch(titles, out, executor=pool, settings=few)
        print(batch.runs().height)
try:
    gainsmodel.run_batch(["reference"], "c", executor="mpi", settings=few)
except gainsmodel.SettingError as error:
    print(error)
"""


def test_an_mpi_library_that_cannot_be_loaded_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_loaded(module: str) -> Any:
        raise RuntimeError("cannot load MPI library")

    monkeypatch.setattr(executors, "needed", lambda *_: None)
    monkeypatch.setattr(executors, "import_module", not_loaded)
    with pytest.raises(SettingError, match=r"cannot load MPI library\); load that of the cluster"):
        gainsmodel.run_batch(["reference"], tmp_path, executor="mpi")
