"""The command line in tests: a program, its two outputs and its exit code."""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gainsmodel.cli import main

ROOT = Path(__file__).parents[1]
PROGRAM = Path(sys.executable).with_name("gainsmodel")
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("GAINSMODEL_") and name not in ("COLUMNS", "FORCE_COLOR")
}
Process = subprocess.CompletedProcess[str]

# Children forked from a server that has imported what verbs load start in no time.
ROOMS = ("analysis", "batch", "cli", "data", "present", "simulation")
LOADED = [
    f"gainsmodel.{room}.{module.name}"
    for room in ROOMS
    for module in pkgutil.iter_modules([str(ROOT / "python/gainsmodel" / room)])
    if module.name != "__main__"
]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([*LOADED, "pytest"])


def program(*args: str | Path, **environment: str) -> Process:
    """Run the installed program as a shell would."""
    return subprocess.run(
        [str(PROGRAM), *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env=ENVIRONMENT | environment,
        timeout=60,
    )


def gainsmodel(
    *args: str | Path, cwd: Path = ROOT, timeout: float = 60, **environment: str
) -> Process:
    """Run the program in a process of its own, without the wait for its imports."""
    words = [str(PROGRAM), *map(str, args)]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = FORKS.Process(target=in_child, args=(words, cwd, environment, out, err))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, timeout)
        texts = [path.read_text("utf-8") if path.exists() else "" for path in (out, err)]
        return subprocess.CompletedProcess(words, process.exitcode, *texts)


def in_child(
    words: list[str], cwd: Path, environment: dict[str, str], out: Path, err: Path
) -> None:
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    os.chdir(cwd)
    for name in set(os.environ) - set(ENVIRONMENT):
        del os.environ[name]
    os.environ.update(environment)
    sys.argv = words
    sys.exit(main())


def answered(*args: str | Path, **options: Any) -> str:
    """Give the standard output of a command that must succeed."""
    done = gainsmodel(*args, **options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def complaint(done: Process) -> str:
    """Give the one message of a command that must be refused."""
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(("error: ", "Usage: ")), repr(done.stderr)
    assert len(re.findall(r"^error: |^Usage: ", done.stderr, re.MULTILINE)) == 1
    return done.stderr.removeprefix("error: ").strip()


def refused(*args: str | Path, **options: Any) -> str:
    """Give the one message of a command that must be refused before it prints anything."""
    done = gainsmodel(*args, **options)
    message = complaint(done)
    assert done.stdout == ""
    return message
