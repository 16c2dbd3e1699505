"""Standard output that is closed, full, or a pipe that nobody reads; standard error as well."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from gainsmodel import Result
from gainsmodel.cli.streams import Outlet
from program import ENVIRONMENT, PROGRAM, ROOT

FULL = Path("/dev/full")
VERBS = [
    ("--version",),
    ("--help",),
    ("info",),
    ("run", "reference", "--draws", "40"),
]
MORE = [
    ("run", "--help"),
    ("run", "reference", "--draws", "40", "--json"),
    ("schema",),
    ("glossary",),
    ("validate", "reference"),
    ("data", "list"),
    ("data", "show"),
    ("assumptions", "reference"),
    ("assumptions", "reference", "--format", "csv"),
    ("compare", "reference", "skills_first", "--draws", "100"),
    ("appraise", "skills_first", "--draws", "100"),
]
VERBS_AND_MORE = [*VERBS, *(pytest.param(verb, marks=pytest.mark.slow) for verb in MORE)]


def shell(redirected: str, *args: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the program with its streams as a shell sets them."""
    words = ["bash", "-c", f'"$0" "$@" {redirected}', str(PROGRAM), *map(str, args)]
    return subprocess.run(
        words, capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd, timeout=120, check=False
    )


@pytest.mark.parametrize("verb", VERBS_AND_MORE, ids=" ".join)
def test_closed_streams_are_no_error(verb: tuple[str, ...]) -> None:
    done = shell(">&- 2>&- <&-", *verb)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("verb", VERBS_AND_MORE, ids=" ".join)
@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_full_output_is_one_message(verb: tuple[str, ...]) -> None:
    done = shell(">/dev/full", *verb)
    assert done.returncode == 2
    assert done.stderr == "error: output cannot be written: No space left on device\n"


@pytest.mark.parametrize("verb", VERBS_AND_MORE, ids=" ".join)
def test_a_pipe_that_nobody_reads_is_no_error(verb: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [str(PROGRAM), *verb],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_full_or_closed_standard_error_costs_nothing() -> None:
    for redirected in ("2>/dev/full", "2>&-"):
        done = shell(redirected, "run", "reference", "--draws", "40")
        assert done.returncode == 0
        assert "Greater Manchester" in done.stdout
    assert shell("2>/dev/full", "run", "no_such_scenario").returncode == 2


@pytest.mark.parametrize("redirected", [">&-", "| head -1", ">&- 2>&- <&-", ">/dev/full"])
def test_the_work_is_done_whatever_becomes_of_the_output(tmp_path: Path, redirected: str) -> None:
    shell(redirected, "run", "reference", "--draws", "40", "--out", tmp_path / "run")
    assert Result.load(tmp_path / "run").manifest["draws"] == 40
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_batch_is_done_whatever_becomes_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(
        'base = "reference"\n[settings]\ndraws = 16\n[[vary]]\nkind = "list"\n'
        'key = "parameters.spillover_share.value"\nvalues = [0.1, 0.2]\n'
    )
    words = ("batch", "sweep.toml", "--out", "out", "--workers", "1")
    assert shell("2>&- >&-", *words, cwd=tmp_path).returncode == 0
    assert (tmp_path / "out/runs.parquet").exists()


def test_what_is_dropped_is_remembered_and_what_was_written_stays() -> None:
    reading, writing = os.pipe()
    outlet = Outlet(writing)
    text = io.TextIOWrapper(io.BufferedWriter(outlet), encoding="utf-8")
    text.write("first\n")
    text.flush()
    assert os.read(reading, 100) == b"first\n"
    os.close(reading)
    for _ in range(3):
        text.write("more\n" * 10_000)
        text.flush()
    assert isinstance(outlet.failure, BrokenPipeError)
    assert not text.isatty()
    assert text.fileno() == writing
    os.close(writing)
