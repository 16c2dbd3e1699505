"""Saved results: written whole, bound by hashes, and refused where they were changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import gainsmodel
from gainsmodel import Result, ResultError
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.tables import METRICS


@cache
def ran(name: str = "reference", draws: int = 40) -> Result:
    return gainsmodel.run(name, draws=draws)


@cache
def on_own_figures() -> Result:
    template = gainsmodel.gva_template("itl1", "csv", filled=True)
    own = gainsmodel.read_gva(template, "itl1", name="own.csv")
    return gainsmodel.run("reference", draws=40, geography="itl1", dataset=own)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved result with everything that one may hold."""
    return on_own_figures().save(tmp_path / "run", draws=True, csv=True)


def restated(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a saved manifest."""
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    change(manifest)
    file.write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")


def as_version_2(folder: Path) -> None:
    """Make of a saved result what the version before would have saved."""
    (folder / "datapackage.json").unlink()
    held = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]

    def change(manifest: dict[str, Any]) -> None:
        del manifest["fingerprint"]
        files = {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in held
        }
        manifest.update(manifest_version=2, files=dict(sorted(files.items())))
        text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        manifest["sha256"] = hashlib.sha256(text.encode()).hexdigest()

    restated(folder, change)


# ---------------------------------------------------------------- to disk and back


@pytest.mark.parametrize("draws", [False, True])
def test_a_saved_result_comes_back_the_same(tmp_path: Path, draws: bool) -> None:
    result = ran("skills_first", 40)
    back = Result.load(result.save(tmp_path / "run", draws=draws))
    for table in ("areas", "groups", "years", "sectors", "adoption", "statistics"):
        assert getattr(back, table)().equals(getattr(result, table)()), table
    assert back.manifest == result.manifest
    assert back.to_dict() == result.to_dict()
    if not draws:
        with pytest.raises(ResultError, match="draws=True"):
            back.draws()
        return
    for metric in METRICS:
        assert back.draws(metric).equals(result.draws(metric))
    assert PairedResult(back, result).added(gross=True)["p_higher"].sum() == 0


def test_saving_again_replaces_the_earlier_result(tmp_path: Path) -> None:
    ran("skills_first", 40).save(tmp_path / "run", draws=True, csv=True)
    ran("reference", 600).save(tmp_path / "run")
    assert Result.load(tmp_path / "run").manifest["draws"] == 600
    assert not list((tmp_path / "run").glob("draws_*"))
    assert not list((tmp_path / "run").glob("*.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_saving_beside_strange_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(ResultError, match="earlier result"):
        ran().save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_saving_onto_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for target in ("file", "file/below"):
        with pytest.raises(ResultError, match="file"):
            ran().save(tmp_path / target)
    assert (tmp_path / "file").read_text() == "kept"


def test_what_holds_no_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no such file"):
        Result.load(tmp_path)
    with pytest.raises(ResultError, match="no such file"):
        gainsmodel.replay(tmp_path / "none")


@pytest.mark.parametrize("name", ["areas.csv", "draws_share.parquet", "manifest.json"])
def test_a_save_that_fails_leaves_the_earlier_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = ran().save(tmp_path / "run")
    opened = os.open

    def full(path: Any, *args: Any, **options: Any) -> int:
        if Path(os.fsdecode(path)).name == name and args[0] & os.O_CREAT:
            raise OSError(28, os.strerror(28))
        return opened(path, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(ResultError) as refused:
            ran("skills_first").save(folder, draws=True, csv=True)
    assert str(refused.value) == f"{folder}: cannot be written: No space left on device"
    assert Result.load(folder).manifest == ran().manifest
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


# ---------------------------------------------------------------- bound by hashes


def test_every_file_is_bound_and_a_result_that_was_not_touched_loads(folder: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    stated = {of["path"] for of in package["resources"]}
    held = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert stated == held - {"datapackage.json"}
    (folder / ".DS_Store").write_bytes(b"left by a file manager")
    back = Result.load(folder)
    assert back.manifest == on_own_figures().manifest
    assert back.dataset.own_name == "own.csv"


FILES = ("areas.parquet", "draws_share.parquet", "years.csv", "figures/gva.csv")
BOTH = pytest.mark.parametrize("version", [2, 3])


def test_a_result_of_the_version_before_loads(folder: Path) -> None:
    as_version_2(folder)
    back = Result.load(folder)
    assert back.areas().equals(on_own_figures().areas())
    assert "sha256" not in back.manifest


@BOTH
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", ["one byte", "cut short", "longer", "of another", "a folder"])
def test_an_edited_or_swapped_file_is_refused(
    folder: Path, name: str, change: str, version: int
) -> None:
    if version == 2:
        as_version_2(folder)
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if change == "of another":
        other = ran("skills_first", 50).save(folder.parent / "other", draws=True, csv=True)
        content = bytearray((other / Path(name).name.replace("gva", "areas")).read_bytes())
    path.unlink()
    if change == "a folder":
        path.mkdir()
    else:
        half = content[: len(content) // 2]
        path.write_bytes({"cut short": half, "longer": content * 2}.get(change, content))
    with pytest.raises(ResultError) as refused:
        Result.load(folder)
    tables = version == 2 or name == "areas.parquet"
    stating = "manifest.json" if tables else "datapackage.json"
    changed = f"does not match its hash in {stating}; it was changed after it was saved"
    assert str(refused.value) == f"{path}: {changed}"


@pytest.mark.parametrize("name", [*FILES, "datapackage.json"])
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ResultError, match=re.escape(f"{folder / name}: is missing")):
        Result.load(folder)


@pytest.mark.parametrize("name", ["draws_gain_gbp_m.parquet", "notes.txt", "figures/areas.csv"])
def test_an_extra_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    with pytest.raises(ResultError, match=re.escape(f"{folder / name}: was not saved with")):
        Result.load(folder)


def test_figures_of_another_result_are_refused(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "figures")
    with pytest.raises(ResultError, match=r"figures/.*is missing"):
        Result.load(folder)
    with pytest.raises(ResultError, match="was run on own figures"):
        gainsmodel.replay(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update(draws=50), "does not match its own hash"),
        (lambda m: m["scenario"].update(title="Other"), "does not match its own hash"),
        (lambda m: m["files"].pop("areas.csv"), "does not match its own hash"),
        (lambda m: m["files"]["areas.csv"].update(sha256="0"), "does not match its own hash"),
        (lambda m: m.pop("files"), "files and sha256 are missing"),
        (lambda m: m.pop("sha256"), "files and sha256 are missing"),
        (lambda m: m.update(sha256=None), "files and sha256 are missing"),
        (lambda m: m.update(files=[]), "files and sha256 are missing"),
        (lambda m: m.update(manifest_version=4), "this version reads 1, 2 and 3"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    as_version_2(folder)
    restated(folder, change)
    with pytest.raises(ResultError, match=said):
        Result.load(folder)


@pytest.mark.parametrize("bound", [None, 1, [], {}, {"bytes": "1", "sha256": "x"}, {"bytes": 1}])
def test_hashes_that_are_none_are_refused(folder: Path, bound: Any) -> None:
    from gainsmodel.results import record

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"]["areas.csv"] = bound
        manifest["sha256"] = record._sha256_of_values(manifest)

    as_version_2(folder)
    restated(folder, change)
    with pytest.raises(ResultError, match=r"manifest.json: files: states no hash of 'areas.csv'"):
        Result.load(folder)


def test_a_result_of_an_earlier_version_loads_with_a_warning(folder: Path) -> None:
    def earlier(manifest: dict[str, Any]) -> None:
        manifest["manifest_version"] = 1
        del manifest["files"], manifest["fingerprint"]

    restated(folder, earlier)
    with pytest.warns(UserWarning, match="kept no hashes of its tables") as warned:
        back = Result.load(folder)
    assert warned[0].filename.endswith("test_storage.py")
    assert back.areas().equals(on_own_figures().areas())
    (folder / "areas.parquet").write_bytes(b"a,b")
    with (
        pytest.warns(UserWarning, match="kept no hashes"),
        pytest.raises(ResultError, match=r"areas\.parquet is damaged"),
    ):
        Result.load(folder)


def test_a_table_that_holds_text_like_formulas_is_written_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    areas = ran().areas().with_columns(area_name=pl.lit("=cmd|' /C calc'!A0"))
    told = Result.table
    monkeypatch.setattr(
        Result, "table", lambda self, name: areas if name == "areas" else told(self, name)
    )
    folder = ran().save(tmp_path / "run", csv=True)
    assert set(pl.read_csv(folder / "areas.csv")["area_name"]) == {"'=cmd|' /C calc'!A0"}
    assert set(pl.read_parquet(folder / "areas.parquet")["area_name"]) == {"=cmd|' /C calc'!A0"}
