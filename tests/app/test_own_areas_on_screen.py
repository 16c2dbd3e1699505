"""The app on own areas: every screen shows them or says what it does not have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_screens import SCREENS, Visit, leaves_a_folder

from app import choice
from app.link import from_query, to_query
from gainsmodel import aggregate, save_dataset

SOLENT = dict.fromkeys(["Southampton", "Portsmouth", "Isle of Wight"], "The Solent")

pytestmark = leaves_a_folder


@pytest.fixture
def solent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of own areas that the app is started with."""
    folder = save_dataset(aggregate("local_authority", SOLENT), tmp_path / "solent")
    monkeypatch.setenv("GAINSMODEL_DATA", str(folder))
    choice.own_figures.cache_clear()
    yield folder
    choice.own_figures.cache_clear()


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_shows_own_areas(solent: Path, screen: str) -> None:
    visit = Visit({"futures": "1000", "skills": "50", "area": "The Solent"}, screen)
    assert not visit.at.exception
    assert not visit.errors
    assert visit.choice.unit == "OWN_SOLENT"
    if screen == "our_share":
        assert "The Solent" in visit.title
        assert visit.says("There is no tile map of these areas")


def test_the_built_in_figures_are_one_step_away(solent: Path) -> None:
    begun = choice.start()
    assert begun.dataset.areas["area_name"][0] == "The Solent"
    assert to_query(begun)["geography"] == "own"
    back = begun.use(None)
    assert (back.data, back.scenario.setting.geography) == (None, "mayoral")
    assert back.edit({"setting.geography": "own"}).data is not None
    again, notices = from_query(to_query(begun))
    assert to_query(again) == to_query(begun)
    assert not notices


def test_an_edited_folder_is_said_before_the_app_starts(solent: Path) -> None:
    table = solent / "gva.csv"
    table.write_text(table.read_text().replace(",1", ",2", 1))
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: GAINSMODEL_DATA: ")
    assert "gva.csv was edited" in done.stderr
