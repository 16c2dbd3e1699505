"""What the batches of these tests run, and what they must come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from batches import SWEEP, tree

import gainsmodel


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "sweep.toml"
    path.write_text(SWEEP, "utf-8")
    return path


@pytest.fixture(scope="module")
def expected(sweep: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("expected") / "out"
    gainsmodel.run_batch(sweep, out, workers=1)
    return tree(out)
