"""A small sweep, and a batch under way as a program of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("gainsmodel")
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("GAINSMODEL_")}
SWEEP = """
base = "reference"
tables = ["areas", "groups"]
[settings]
draws = 100
[[vary]]
kind = "range"
key = "setting.start_year"
low = 2025
high = 2030
steps = 6
[[vary]]
kind = "latin_hypercube"
samples = 14
between = { "parameters.imitation.value" = [0.2, 0.7], "parameters.lag_years.value" = [1, 4] }
"""
RUNS = 84
# Failing runs among good ones.
FAULTY = """
base = "reference"
[settings]
draws = 100
[[vary]]
kind = "list"
key = "parameters.spillover_share.value"
values = [2.0, 0.1, 0.2]
"""


def tree(folder: Path) -> dict[str, bytes]:
    """Give every file but those that tell of one execution."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "seconds"
    }


def program(*args: object, under: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*under, str(PROGRAM), "batch", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
        **options,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> bool:
    """Wait for a state of the folder; False if the process ended before."""
    while process.poll() is None:
        if condition():
            return True
        time.sleep(0.002)
    return False


def records(folder: Path) -> int:
    return len(list((folder / "parts").glob("*.json")))


def group_ends(process: subprocess.Popen[str]) -> None:
    """Wait until no worker is left; a leftover keeps the test from ending."""
    deadline = time.monotonic() + 60
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail("workers outlived a batch that was killed")
