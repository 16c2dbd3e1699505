"""Damaged and hostile inputs of every kind give one message or a value, never anything else.

A hundred of each kind run at every commit, ten thousand at night (``GAINSMODEL_FUZZ`` says how
many), each night with another seed. A failure names seed and number;
``python tests/fuzz/campaign.py KIND SEED COUNT FOLDER`` keeps the inputs.
"""

from __future__ import annotations

import datetime
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from campaign import fault, faults, made
from kinds import KINDS, Files, good, laid_out

from gainsmodel import GainsModelError

HERE = Path(__file__).parent
# Inputs that once did harm, by kind and name.
FOUND = sorted(path for path in (HERE / "found").glob("*/*") if path.is_dir())
QUICK = 100
NIGHTLY = int(os.environ.get("GAINSMODEL_FUZZ", "10000"))
MEMORY_BYTES = 2**31


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_inputs_give_a_message_or_a_value(kind: str) -> None:
    found = [f"seed 1 number {number}: {wrong}" for number, _, wrong in faults(kind, 1, QUICK)]
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_within_two_gigabytes(kind: str) -> None:
    seed = datetime.date.today().toordinal()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    done = subprocess.run(
        [sys.executable, HERE / "campaign.py", kind, str(seed), str(NIGHTLY)],
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=limited,
        timeout=4 * 3600,
    )
    assert done.returncode == 0, f"{kind} seed {seed}\n{done.stdout}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize("folder", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_did_harm_is_refused(folder: Path, tmp_path: Path) -> None:
    kind = folder.parent.name
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert fault(kind, files) == ""
    with laid_out(files, tmp_path / "x") as at, pytest.raises(GainsModelError):
        KINDS[kind].read(at)


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_depends_on_its_seed_and_differs_from_a_good_one(kind: str) -> None:
    same = good(kind)
    inputs: list[Files] = [made(kind, 1, number) for number in range(20)]
    assert inputs == [made(kind, 1, number) for number in range(20)]
    assert inputs != [made(kind, 2, number) for number in range(20)]
    assert sum(files != same for files in inputs) > 10


@pytest.mark.parametrize(
    "wrong",
    [ZeroDivisionError(), GainsModelError("a\x1b"), GainsModelError("a\n" * 20), GainsModelError()],
    ids=repr,
)
def test_what_breaks_the_rule_is_told(wrong: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_: Path) -> None:
        raise wrong

    monkeypatch.setitem(KINDS, "csv", replace(KINDS["csv"], read=read))
    assert fault("csv", good("csv"))
