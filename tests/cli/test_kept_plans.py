"""``gainsmodel store`` and ``gainsmodel audit``: what they print, and what they refuse."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from in_process import run_here

ANCHOR = re.compile(r"\d+-[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("GAINSMODEL_STORE", raising=False)
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data/gainsmodel/store.db"


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def call(*words: str) -> str:
        code = run_here(list(words))
        out, err = capsys.readouterr()
        assert code == 0, err
        return re.sub(r"\s+", " ", out)

    return call


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def call(*words: str) -> str:
        capsys.readouterr()
        code = run_here(list(words))
        out, err = capsys.readouterr()
        assert (code, out) == (2, ""), err
        assert err.count("\n") == 1
        return err.removeprefix("error: ").strip()

    return call


def test_a_plan_from_its_first_save_to_its_last(said, refused, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "No plans are kept yet" in said("store", "list")
    assert said("store", "save", "skills_first", "--name", "Skills", "--note", "begun") == (
        "saved: Skills, revision 1 "
    )
    told = refused("store", "save", "late_start", "--name", "Skills")
    assert told.startswith("--name: there is a plan 'Skills', at revision 1; add --from 1")
    said("store", "save", "late_start", "--name", "Skills", "--from", "1")
    told = refused("store", "save", "reference", "--name", "Skills", "--from", "1")
    assert "ann saved revision 2 at " in told
    assert "every lever starts three years later" in told
    assert "Nothing was overwritten" in told
    assert "every lever starts three years later" in said("store", "history", "Skills")
    assert "every lever starts three years earlier" in said("store", "diff", "Skills", "2", "1")
    assert "are the same" in said("store", "diff", "Skills", "2", "2")
    assert "revision 3, as revision 1" in said("store", "restore-revision", "Skills", "1")
    said("store", "show", "Skills", "--out", "again.toml")
    assert "£" in said("run", "again.toml", "--draws", "100", "--area", "Greater Manchester")
    assert 'title = "All five levers' in said("store", "show", "Skills", "--revision", "2")
    assert "Skills My plans 3 ann" in said("store", "list", "--workspace", "My plans")
    assert "revisions: 3" in said("store", "status")
    log = said("audit", "log")
    assert "ann opened plan" in log
    assert "ann saved revision, number 3" in log
    assert "revision, number 1" not in said("audit", "log", "--most", "2")


def test_what_is_not_there_is_refused_in_words(said, refused, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert refused("store", "history", "Skills") == "no such plan: 'Skills'"
    said("store", "save", "skills_first", "--name", "Skills")
    assert "did you mean 'Skills'?" in refused("store", "show", "Skils")
    assert "there are 1 to 1" in refused("store", "show", "Skills", "--revision", "7")
    assert "did you mean 'My plans'?" in refused("store", "list", "--workspace", "My plan")
    told = refused("store", "save", "skills_first", "--name", "New", "--from", "1")
    assert told.startswith("no such plan: 'New'")
    (tmp_path / "own.toml").write_text(
        'extends = "reference"\nschema_version = 2\ntitle = "x"\ndata = "here"\n'
    )
    told = refused("store", "save", "own.toml", "--name", "Own")
    assert told.startswith("own.toml, line 4: data: a plan that is kept cannot name a folder")
    assert "no such login" in refused("store", "forget", "local:bob")
    assert "anchor: must be" in refused("audit", "verify", "--anchor", "7")


def test_backup_restore_and_tampering(said, refused, data: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    said("store", "save", "skills_first", "--name", "Skills")
    anchor = ANCHOR.search(said("store", "backup", "plans.backup"))
    assert anchor
    assert "is there already" in refused("store", "backup", "plans.backup")
    assert "holds plans already" in refused("store", "restore", "plans.backup")
    copied = said("store", "copy", "--to", "sqlite:///copy.db")
    assert anchor[0] in copied
    said("audit", "verify", "--anchor", anchor[0])
    database = sqlite3.connect(data)
    database.execute("UPDATE plan SET name = 'Other'")
    database.commit()
    database.close()
    assert run_here(["audit", "verify"]) == 2
    data.unlink()
    assert anchor[0] in said("store", "restore", "plans.backup")
    said("audit", "verify", "--anchor", anchor[0])
    assert "Skills" in said("store", "list")
    monkeypatch.setenv("GAINSMODEL_STORE", "sqlite:///copy.db")
    assert "copy.db" in said("store", "status")
    said("store", "forget", "local:ann")
    assert "No plans are kept yet" in said("store", "list")
    said("audit", "verify", "--anchor", anchor[0])


def test_a_bad_address_is_one_error_without_the_password(refused, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GAINSMODEL_STORE", "postgresql://me:hush-hush@host/db")
    told = refused("store", "list")
    assert told.startswith("GAINSMODEL_STORE: 'postgresql' cannot be used; allowed are postgresql+")
    assert "hush" not in told
    monkeypatch.delenv("GAINSMODEL_STORE")
    told = refused("store", "copy", "--to", "postgresql:hush-hush")
    assert told.startswith("--to: ")
    assert "hush" not in told


def test_help_imports_no_database() -> None:
    code = (
        "import sys; from in_process import run_here; run_here(['store', '--help']); "
        "run_here(['audit', 'verify', '--help']); "
        "sys.exit(any(m in sys.modules for m in ('sqlalchemy', 'alembic', 'polars')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
