"""The audit of what the product is built of says what it found, and what it could not look up."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The audit, with stored advisories of our own and no other program."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TOOLS", tmp_path)
    return module


def test_a_pinned_package_with_a_stored_fault_is_found(audit: ModuleType, tmp_path: Path) -> None:
    fault = {"id": "GHSA-1", "advisory": "reads too far", "v": ">=2.0,<2.10.1"}
    stored = tmp_path / audit.STORED_PYTHON
    stored.parent.mkdir(parents=True)
    stored.write_text(json.dumps({"Jinja_2": [fault, fault | {"v": "<1-stable", "id": "odd"}]}))
    file = tmp_path / "requirements.txt"
    file.write_text("jinja.2==2.10 \\\n    --hash=sha256:0\nnumpy==2.5.5\n", "utf-8")
    pins = audit.pins([file])
    assert pins == {("jinja-2", "2.10"), ("numpy", "2.5.5")}
    # A range that nobody can read is for somebody to look at.
    assert audit.python_stored(pins) == [
        "jinja-2 2.10: GHSA-1, reads too far",
        "jinja-2 2.10: odd, reads too far",
    ]
    assert audit.python_stored({("jinja-2", "2.10.1")}) == ["jinja-2 2.10.1: odd, reads too far"]


def test_what_could_not_be_looked_up_is_no_pass(
    audit: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.python_stored({("numpy", "2.5.5")}) is None
    assert audit.report("Python", "stored", None) == audit.UNLOOKED
    assert "NOT LOOKED UP" in capsys.readouterr().out
    assert audit.report("Rust", "stored", [], ["new_crate"]) == audit.UNLOOKED
    assert "NOT LOOKED UP: new_crate" in capsys.readouterr().out
    assert audit.report("Rust", "live", ["pyo3 0.1: RUSTSEC-1"]) == audit.FOUND
    assert audit.report("Rust", "live", []) == 0


def test_no_answer_of_the_live_service_is_taken_for_a_pass(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("a==1\nb==2\nc==3\n", "utf-8")
    answers = [
        {"name": "a", "skip_reason": "not found"},
        {"name": "b", "version": "2", "vulns": [{"id": "GHSA-2", "fix_versions": ["3"]}]},
        {"name": "c", "version": "3", "vulns": []},
    ]

    class Done:
        stdout = json.dumps({"dependencies": answers})

    monkeypatch.setattr(audit, "run", lambda *_: Done)
    found, unanswered = audit.python_live([file])
    assert unanswered == {("a", "1")}
    assert found == ["b 2: GHSA-2, mended in ['3']"]
    Done.stdout = "no route to host"
    assert audit.python_live([file]) == ([], audit.pins([file]))


def test_stored_advisories_name_the_crates_they_were_looked_up_for(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[Path]] = []
    monkeypatch.setattr(
        audit, "rust", lambda _, *how: asked.append(sorted(Path(how[1]).rglob("*.md"))) or []
    )
    lock = tmp_path / "Cargo.lock"
    registry = 'source = "registry"'
    lock.write_text(
        f'[[package]]\nname = "pyo3"\n{registry}\n[[package]]\nname = "unheard_of"\n{registry}\n'
        '[[package]]\nname = "our_own"\n'
    )
    found, unlooked, date = audit.rust_stored(lock, tmp_path / "database")
    assert found == []
    assert unlooked == {"unheard_of"}
    assert date >= "2026-09-14"
    assert len(asked[0]) >= 19
    assert "patched = [" in asked[0][0].read_text("utf-8")


def test_requirements_of_the_audit_are_pinned_with_hashes_and_name_no_host() -> None:
    for file in [*ROOT.glob("requirements.txt"), *ROOT.glob("*/requirements.txt")]:
        words = file.read_text("utf-8")
        assert words.count("--hash=") >= words.count("==") > 0, file
        assert "://" not in words, file
