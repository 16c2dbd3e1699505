"""The notebooks of docs/: run by a real kernel, cell by cell, and held to what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "docs/notebooks"
# What each must show, cell by cell that runs.
SAYS: dict[str, list[str]] = {
    "officer": [
        r"the plan adds about £[\d.]+m",
        r"<svg",
        r"the range that holds 9 of 10",
        r"^(\w{4}-){7}\w{4}$",
    ],
    "economist": [
        r"133 assumptions, \d+ of them judgement",
        r"Greater Manchester.*\n",
        r"mcse_mean",
        r"judgement",
        r"of the variance",
        r"3/3[\s\S]*Skills first in Greater Manche",
        r"^-?\d+, £m, 2024 prices, on average\npays back in \d+% of draws",
        r"quantile",
    ],
    "engineer": [
        r"release",
        r"1,000 draws: [\d.]+ s in the core.*\n+10,000 draws: [\d.]+ s in the core",
        r"^\W*(\w{4}-){7}\w{4}\W*$",
        r"^2$",
        r"is as it was written",
    ],
}


def shown(cell: Any) -> str:
    """Everything that a cell shows."""
    parts: list[str] = []
    for output in cell.outputs:
        assert output.output_type in ("execute_result", "display_data", "stream"), output
        # A note on standard error has no place in a page to be read.
        assert output.get("name") != "stderr", output
        parts += [output.text] if "text" in output else map(str, output.data.values())
    return "\n".join(parts).strip()


def test_every_notebook_is_tried_and_kept_without_outputs() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {*SAYS}
    for path in FOLDER.glob("*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "code":
                assert (cell.outputs, cell.execution_count) == ([], None), path


@pytest.mark.parametrize("name", SAYS)
def test_a_notebook_runs_and_says_what_it_is_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing of the user's own settings.
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    run = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    run.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, says in zip(cells, SAYS[name], strict=True):
        assert re.search(says, shown(cell)), cell.source
    if name == "officer":
        assert (tmp_path / "board.png").read_bytes().startswith(b"\x89PNG")
