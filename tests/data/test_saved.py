"""Folders of own figures: written whole, bound by hashes, refused where those are none."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

import gainsmodel
from gainsmodel import DataError, Dataset, read_gva
from gainsmodel.data.saved import HASHES, saved_files

FORMULA = "=1+1, @Solent"


@pytest.fixture(scope="module")
def own() -> Dataset:
    return gainsmodel.aggregate(
        "local_authority", {"Portsmouth": FORMULA, "Southampton": FORMULA}, rest="regions"
    )


@pytest.fixture
def folder(own: Dataset, tmp_path: Path) -> Path:
    return gainsmodel.save_dataset(own, tmp_path / "own")


def test_names_like_formulas_are_text_in_the_file_and_come_back(own: Dataset, folder: Path) -> None:
    assert FORMULA in own.areas["area_name"].to_list()
    content = (folder / "areas.csv").read_text("utf-8")
    assert f'"\'{FORMULA}"' in content
    assert f'"{FORMULA}' not in content
    back = read_gva(folder, None)
    assert back.areas.equals(own.areas)
    assert back.hashes == own.hashes
    assert (back.groups, back.wider, back.regions) == (own.groups, own.wider, own.regions)


def test_a_save_that_fails_leaves_the_earlier_folder(
    own: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DataError) as refused:
            gainsmodel.save_dataset(own, folder)
    assert str(refused.value) == f"{folder}: cannot be written: No space left on device"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["own"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'"gva.csv" = 1\n"provenance.toml" = [1]\n"areas.csv" = {}\n',
        b"\xff\xfe",
        b"a = " + b"9" * 5_000,
        b"a = " + b"[" * 3_000,
        b"# " + b"x" * 20_000_000,
        b'[["gva.csv"]]\n',
    ],
    ids=["empty", "wrong types", "no text", "digits", "deep", "huge", "tables"],
)
def test_hashes_that_are_none_are_one_error(folder: Path, content: bytes) -> None:
    (folder / HASHES).write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_gva(folder, None)
    assert str(refused.value).startswith(str(folder))
    assert len(str(refused.value)) < 400


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    (folder / "gva.csv").unlink()
    os.mkfifo(folder / "gva.csv")
    with pytest.raises(DataError, match=r"gva.csv cannot be read: is not a regular file"):
        read_gva(folder, None)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("provenance.toml", "geography = ", "geography = 3 # "),
        ("provenance.toml", "built_in_cells = ", "built_in_cells = 3 # "),
        ("provenance.toml", "[shipped_sha256]", "shipped_sha256 = 3\n[other]"),
        ("provenance.toml", "notes = [", "notes = 3 # ["),
        ("gva.csv", ",AB,", ",AB,1e999999,"),
        ("gva.csv", ",AB,", ",AB,-"),
        ("areas.csv", "\n", "\n,,,,\n"),
    ],
)
def test_content_of_the_wrong_kind_is_one_error_however_its_hash_fits(
    own: Dataset, folder: Path, file: str, old: str, new: str
) -> None:
    content = saved_files(own)[file].decode()
    assert old in content
    changed = content.replace(old, new, 1).encode()
    (folder / file).write_bytes(changed)
    known = hashlib.sha256(content.encode()).hexdigest()
    hashes = (folder / HASHES).read_text("utf-8")
    (folder / HASHES).write_text(
        hashes.replace(known, hashlib.sha256(changed).hexdigest()), encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"cannot be (understood|read)|impossible|out of date"):
        read_gva(folder, None)
