"""Manifests of every released version are repeated by this one, with what differs and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import gainsmodel
from gainsmodel import ResultError, replay, replay_here
from gainsmodel.results.editions import GENERATOR, version_of
from in_process import run_here

ARCHIVE = Path(__file__).parents[1] / "manifests"
RELEASED = sorted(path.name for path in ARCHIVE.iterdir() if path.is_dir())
GM = "Greater Manchester"


def test_the_archive_holds_every_released_version() -> None:
    assert "0.3.0" in RELEASED
    for version in RELEASED:
        manifest = json.loads((ARCHIVE / version / "manifest.json").read_text("utf-8"))
        assert version_of(manifest) == version


@pytest.mark.parametrize("version", RELEASED)
def test_a_released_version_is_replayed_here(version: str) -> None:
    answer = replay_here(ARCHIVE / version, GM)
    assert answer.version == version
    assert answer.data == ("uk_economy.csv",)
    assert answer.generators == (1 if version == "0.1.0" else 2, GENERATOR)
    assert "format 1, read as format 2" in answer.model[0]
    table = answer.table
    assert table["quantity"].to_list() == [
        "share",
        "gain_final_year_gbp_m",
        "gain_final_year_gbp_m",
        "p_final_year_reaches_prize",
    ]
    # What was there then is what was saved then, and parts add up to the difference.
    areas = pl.read_parquet(ARCHIVE / version / "areas.parquet")
    row = areas.row(by_predicate=pl.col("area_name") == GM, named=True)
    assert table["then"][:2].to_list() == [row["share_mean"], row["gain_final_year_gbp_m_mean"]]
    parts = table.select(pl.sum_horizontal("by_draws", "by_model", "by_data")).to_series()
    assert (parts - (table["now"] - table["then"])).abs().max() < 1e-6
    # Rows of years before 2010 were added to the table, which no figure depends on.
    assert table["by_data"].to_list() == [0.0] * 4


@pytest.mark.parametrize("version", RELEASED)
def test_the_command_line_says_how_that_version_replays_it(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ARCHIVE / version
    assert run_here(["replay", str(folder)]) == 2
    told = capsys.readouterr().err
    assert f'uvx --from "git+file://$PWD@v{version}" gainsmodel run {folder.resolve()}' in told
    assert run_here(["replay", str(folder), "--here", "--area", GM]) == 0
    page = capsys.readouterr().out
    assert f"Made by another edition: gainsmodel {version}" in page or version == "0.3.0"
    assert "Data: changed since: uk_economy.csv; run on both editions." in page
    assert run_here(["replay", str(folder), "--here", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == version


def test_without_tables_only_now_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "paper-manifest.json"
    shutil.copy(ARCHIVE / "0.3.0/manifest.json", path)
    assert replay_here(path).table["then"].null_count() == 2
    assert run_here(["replay", str(path), "--here"]) == 0
    assert "what it said then is not known" in capsys.readouterr().out


def test_a_run_of_today_differs_in_nothing(tmp_path: Path) -> None:
    folder = gainsmodel.run("skills_first", draws=40).save(tmp_path / "run")
    answer = replay_here(folder, GM)
    assert (answer.differs, answer.model, answer.data) == ((), (), ())
    assert answer.table["now"].equals(answer.table["then"])
    assert not answer.table["now"].equals(answer.table["other_seed"])
    assert answer.result.areas().equals(gainsmodel.run("skills_first", draws=40).areas())
    assert run_here(["replay", str(folder)]) == 0
    (folder / "areas.parquet").write_bytes(b"of another run")
    with pytest.raises(ResultError, match="does not match its hash"):
        replay_here(folder)


def test_a_manifest_of_another_edition_is_not_repeated_in_silence() -> None:
    manifest = gainsmodel.run("reference", draws=16).manifest | {"generator": GENERATOR - 1}
    with pytest.warns(UserWarning, match="was made by another version"):
        replay(manifest)
    old = json.loads((ARCHIVE / "0.3.0/manifest.json").read_text("utf-8"))
    with (
        pytest.warns(UserWarning, match="format 1"),
        pytest.raises(ResultError, match=r"uk_economy.csv; replay with the version .* --here"),
    ):
        replay(old)
