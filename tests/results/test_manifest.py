"""Manifests are read strictly: what no program agrees on is refused, with file and reason."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gainsmodel import ResultError, replay, run
from gainsmodel.results.manifest import MAX_MANIFEST_BYTES, read_manifest


@cache
def manifest() -> dict[str, Any]:
    return run("reference", draws=16).manifest


def refused(path: Path) -> str:
    with pytest.raises(ResultError) as caught:
        replay(path)
    message = str(caught.value)
    assert message.startswith(str(path.parent))
    assert len(message) < 1_000
    assert message.replace("\n", "").isprintable()
    return message


WRONG: list[Any] = [None, True, -1, 1.5, 10**50, "x", [], {}, [[]], {"a": {}}, "a" * 2_000]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: repr(value)[:20])
def test_no_part_may_be_of_the_wrong_kind(wrong: Any, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for part in manifest():
        if part == "simd" or (part == "versions" and wrong == {}):
            continue  # says how it was run, and is not needed to run it again
        if wrong in (manifest()[part], None) and part == "detail":
            continue
        path.write_text(json.dumps(manifest() | {part: wrong}), "utf-8")
        refused(path)
        with pytest.raises(ResultError):
            replay(manifest() | {part: wrong})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"draws": 16', '"draws": NaN', "NaN is not a finite number"),
        ('"draws": 16', '"draws": 1e999', "1e999 is not a finite number"),
        ('"draws": 16', '"draws": 16, "draws": 17', "'draws' stands twice in one place"),
        ('"draws": 16', '"draws": ' + "9" * 5_000, "no possible value"),
        ('"draws": 16', '"draws": ' + "[" * 5_000, "no possible value"),
        ('"draws": 16', '"draws": 16, "\\ud800": 1', "no possible value"),
        ('"draws": 16', '"draws": 16,', "line 1: is not a manifest"),
        ('"draws": 16', '"draws": 16, "variation": {"draws": 9}', "wrong: variation"),
        ('"draws": 16', '"draws": 16, "variation": {"held": 9}', "variation: "),
        ('"draws": 16', '"draws": 16, "own_data": {"name": {}}', "wrong: own_data"),
    ],
)
def test_what_readers_of_json_disagree_on_is_refused(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.json"
    text = json.dumps(manifest())
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    assert message in refused(path)


def test_a_mapping_may_hold_what_a_file_may() -> None:
    assert replay(manifest()).areas().height == 23
    for wrong in (object(), 10**9_000, float("nan")):
        with pytest.raises(ResultError, match=r"^manifest: "):
            replay(manifest() | {"variation": {"held": wrong}})


def test_only_a_file_of_some_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with path.open("wb") as opened:
        opened.truncate(MAX_MANIFEST_BYTES + 1)
    assert "too large" in refused(path)
    with pytest.raises(ResultError, match="is not a regular file"):
        read_manifest(Path("/dev/zero"))
