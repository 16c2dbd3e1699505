"""The licences that go with the wheel are those of the crates in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_file_is_that_of_the_lock_file() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / ".ci/licences.py")],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    kept = (ROOT / "rust/LICENCES.txt").read_text("utf-8")
    assert made.stdout == kept, "python .ci/licences.py > rust/LICENCES.txt"
