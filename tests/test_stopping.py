"""Ctrl-C and SIGTERM at any moment: one line, exit code 130 or 143, nothing half-written."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gainsmodel import stopping
from program import ENVIRONMENT, PROGRAM, ROOT

SWEEP = """base = "reference"
[settings]
draws = 20_000
[[vary]]
kind = "range"
key = "parameters.imitation.value"
low = 0.3
high = 0.5
steps = 500
"""
COMMANDS = {
    "run": ("run", "reference", "--draws", "100000000", "--out", "{out}"),
    "report": ("report", "skills_first", "--area", "Greater Manchester", "--out", "{out}.pdf"),
    "processes": ("batch", "sweep.toml", "--workers", "2", "--out", "{out}"),
    "threads": ("batch", "sweep.toml", "--executor", "threads", "--workers", "2", "--out", "{out}"),
}


def stopped(
    name: str, seconds: float, number: int, folder: Path
) -> tuple[int | None, str, set[str]]:
    """Exit code, standard error and what is left of a command that was stopped."""
    (folder / "sweep.toml").write_text(SWEEP, "utf-8")
    process = subprocess.Popen(
        [str(PROGRAM), *(word.format(out="out") for word in COMMANDS[name])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
    )
    try:
        # What Python does before it runs a line of the program is not ours to answer.
        while process.poll() is None and not answers(process.pid):
            time.sleep(0.002)
        time.sleep(seconds)
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, err, {path.name for path in folder.iterdir()} - {"sweep.toml"}


def answers(process: int) -> bool:
    """Whether a process has a way of its own to end when it is asked to."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    caught = int(re.findall(r"SigCgt:\s+(\w+)", status)[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def check(name: str, seconds: float, number: int, folder: Path) -> None:
    code, err, left = stopped(name, seconds, number, folder)
    told = f"{name} after {seconds:.3f} s by signal {number}: {code}, {err}"
    if code == 0:  # a paper may be finished before
        assert name == "report", told
        return
    assert code == 128 + number, told
    assert len(err.splitlines()) == 1, told
    assert err.startswith("stopped"), told
    # A batch resumes from its folder; of others nothing is there before all of it is.
    assert left <= ({"out"} if COMMANDS[name][0] == "batch" else set()), (told, left)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_modules_are_imported_is_one_line(
    name: str, number: int, tmp_path: Path
) -> None:
    check(name, 0.0, number, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_thirty_stops_at_random_moments(name: str, tmp_path: Path) -> None:
    seed = time.time_ns()
    rng = random.Random(seed)
    for turn in range(30):
        folder = tmp_path / str(turn)
        folder.mkdir()
        number = rng.choice((signal.SIGINT, signal.SIGTERM))
        check(name, rng.uniform(0, 3), number, folder)


def test_what_was_ignored_by_whoever_started_it_stays_so() -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from gainsmodel import stopping; stopping.at_once(); stopping.in_order()\n"
        "assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN\n"
        "assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=_paths(), timeout=60)


def test_importing_the_package_leaves_signals_alone() -> None:
    assert not stopping.is_the_program()
    code = (
        "from signal import SIGINT, SIGTERM, getsignal\n"
        "before = getsignal(SIGINT), getsignal(SIGTERM)\n"
        "import gainsmodel; gainsmodel.run\n"
        "assert before == (getsignal(SIGINT), getsignal(SIGTERM))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=_paths(), timeout=60)


def test_a_stop_that_cannot_be_raised_is_not_lost() -> None:
    code = (
        "import os, signal\nfrom gainsmodel import stopping\nstopping.in_order()\n"
        "class Ends:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGINT)\n"
        "Ends()\nprint('went on')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=_paths(), timeout=60
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == f"stopped; {stopping.NOTHING}\n"


def _paths() -> dict[str, str]:
    return ENVIRONMENT | {"PYTHONPATH": str(ROOT / "python")}


def test_who_asks_twice_is_told_what_is_kept() -> None:
    script = (
        "import os, signal\n"
        "from gainsmodel import stopping; stopping.in_order(); stopping.kept = 'a is kept in b'\n"
        "try: os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt: os.kill(os.getpid(), signal.SIGINT)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "stopped; a is kept in b\n")
