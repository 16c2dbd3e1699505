"""Records: one fingerprint binds all; whatever is changed is found, and told where."""

from __future__ import annotations

import contextlib
import json
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import gainsmodel
from gainsmodel import Result, ResultError, SettingError, verify
from gainsmodel.results.record import Verification
from gainsmodel.sealed import as_fingerprint, fingerprint_of, fingerprints, seal, strict_json
from in_process import run_here

PAGE = Path(__file__).parents[2] / "docs/reference/record.md"


@cache
def ran() -> Result:
    return gainsmodel.run("skills_first", draws=40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return ran().save(tmp_path / "run", csv=True, draws=True)


@cache
def program() -> Callable[[Path], str]:
    """The program on the page, which knows nothing of ours."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert "gainsmodel" not in code
    names: dict[str, Any] = {}
    exec(code[: code.index("print(")], names)
    check: Callable[[Path], str] = names["check"]
    return check


def said(done: Verification) -> set[tuple[str, str]]:
    return {(Path(one.file).name, one.field) for one in done.mismatches}


# ---------------------------------------------------------------- as it was written


def test_a_record_and_its_tables_are_as_they_were_written(folder: Path) -> None:
    for path in (folder, folder / "manifest.json"):
        begun = time.process_time()
        done = verify(path, ran().fingerprint.replace("-", " ").casefold())
        assert time.process_time() - begun < 2
        assert done.mismatches == ()
        assert {"areas.parquet", "areas.csv", "draws_share.parquet"} <= {*done.files}
    assert program()(folder / "manifest.json") == "as it was written"
    assert run_here(["verify", str(folder)]) == 0


def test_the_record_is_the_same_however_it_is_kept(folder: Path, tmp_path: Path) -> None:
    content = (folder / "manifest.json").read_bytes()
    assert content == ran().record == Result.load(folder).record
    assert content == gainsmodel.run_paired("skills_first", draws=40).with_plan.record
    assert content == gainsmodel.replay(folder).record
    assert (ran().save(tmp_path / "less") / "manifest.json").read_bytes() == content
    assert ran().fingerprint in content.decode()
    assert gainsmodel.run("skills_first", draws=40, seed=2).fingerprint != ran().fingerprint
    assert ran().as_reference_of(ran().scenario).fingerprint != ran().fingerprint


def test_a_record_alone_is_checked_alone(tmp_path: Path) -> None:
    path = tmp_path / "paper-manifest.json"
    path.write_bytes(ran().record)
    done = verify(path)
    assert (done.files, done.mismatches) == ((), ())
    (tmp_path / "areas.parquet").write_bytes(b"of another run")
    assert ("areas.parquet", "bytes") in said(verify(path))


# ---------------------------------------------------------------- as it was not


@pytest.mark.parametrize("name", ["areas.parquet", "years.csv", "draws_share.parquet"])
def test_what_does_not_match_is_named(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    [wrong] = verify(folder).mismatches
    assert (wrong.file, wrong.field) == (str(path), "sha256")
    assert wrong.expected != wrong.found
    assert run_here(["verify", str(folder), "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["mismatches"][0]["found"] == wrong.found
    assert str(path) in told.err
    path.unlink()
    assert said(verify(folder)) == {(name, "file")}


def test_a_changed_list_of_files_is_named(folder: Path) -> None:
    package = folder / "datapackage.json"
    content = package.read_bytes()
    package.write_bytes(content.replace(b"text/csv", b"text/tsv", 1))
    assert ("datapackage.json", "fingerprint") in said(verify(folder))
    package.unlink()
    assert ("datapackage.json", "file") in said(verify(folder))
    package.write_bytes(content)
    other = gainsmodel.run("skills_first", draws=41).save(folder.parent / "other")
    shutil.copy(other / "manifest.json", folder)
    wrong = said(verify(folder))
    assert ("manifest.json", "sha256") in wrong or ("manifest.json", "bytes") in wrong
    assert {file for file, _ in wrong} >= {"areas.parquet", "datapackage.json"}


def test_another_fingerprint_than_the_printed_one_is_named(folder: Path) -> None:
    other = gainsmodel.run("skills_first", draws=41)
    [wrong] = verify(folder, other.fingerprint).mismatches
    assert (wrong.field, wrong.expected) == ("fingerprint", other.fingerprint)
    with pytest.raises(SettingError, match="fingerprint: must be 8 groups"):
        verify(folder, "1234")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "'adoption.parquet' is missing"),
        (None, "files is missing"),
        ({"../x.parquet": {"bytes": 1, "sha256": "0"}}, "'../x.parquet' is not one of them"),
    ],
)
def test_a_record_that_binds_no_tables_is_none(tmp_path: Path, files: Any, reason: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(seal(ran().manifest | {"files": files}))
    assert reason in verify(path).mismatches[0].sentence


@pytest.mark.parametrize("version", [1, 2])
def test_versions_without_a_fingerprint_are_told(tmp_path: Path, version: int) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(ran().manifest | {"manifest_version": version}), "utf-8")
    with pytest.raises(ResultError, match=f"is of version {version}, which had no fingerprint"):
        verify(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every entry of a record, however deep."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def holder(record: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        record = record[key]
    return record


OTHERS: tuple[Any, ...] = (None, True, 0, 1, 1.0, -1, 2**70, "", "x", [], {}, [1], {"a": 1})


def tampered(content: bytes, seed: int) -> bytes:
    """A record that was changed in one of the ways in which somebody, or a disk, might."""
    chance = random.Random(seed)
    text, record = content.decode(), json.loads(content)
    path = chance.choice([*places(record)])
    held = holder(record, path)
    kind = seed % 12
    if kind == 0:  # one bit
        flipped = bytearray(content)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        return bytes(flipped)
    if kind == 1:  # bytes lost, added or swapped
        at, size = chance.randrange(len(content)), chance.randrange(1, 40)
        middle = chance.choice([b"", chance.randbytes(size), content[at : at + size][::-1] + b" "])
        return content[:at] + middle + content[at + size :]
    if kind == 2:  # a number written in another way
        number = chance.choice([*re.finditer(r"(?<=: )-?[0-9]+(\.[0-9]+)?(?=[,\n])", text)])
        value = float(number[0])
        other = chance.choice(
            [f"{value:.17e}", f"{number[0]}e0", number[0] + ("0" if "." in number[0] else ".0")]
        )
        return (text[: number.start()] + other + text[number.end() :]).encode()
    if kind == 3:  # a key twice
        line = chance.choice([*re.finditer(r'^ +"[^"]+": [^\[{\n]+(?<!,),?$', text, re.MULTILINE)])
        twice = line[0].rstrip(",") + ",\n"
        return (text[: line.start()] + twice + text[line.start() :]).encode()
    if kind == 4:  # the end of it
        return content + chance.choice([b" ", b"\n", b"{}", content, b"\0"])
    if kind == 5:  # other white space
        return json.dumps(record, ensure_ascii=False, indent=chance.choice([None, 0, 2])).encode()
    if kind == 6:  # other escapes
        return json.dumps(record, indent=1).encode() + b"\n\n"
    if kind == 7:  # another fingerprint
        flipped = record["fingerprint"][::-1]
        return text.replace(record["fingerprint"], flipped).encode()
    if kind == 8:  # another order
        parent: Any = record if isinstance(held, list) else held
        items = [*parent.items()]
        chance.shuffle(items)
        parent.clear()
        parent.update(items)
    elif kind == 9:  # removal
        del held[path[-1]]
    elif kind == 10:  # something added
        (record if isinstance(held, list) else held)[f"x{seed}"] = chance.choice(OTHERS)
    else:  # another value
        held[path[-1]] = chance.choice([v for v in OTHERS if repr(v) != repr(held[path[-1]])])
    changed = json.dumps(record, indent=1, ensure_ascii=False).encode() + b"\n"
    # The order may have stayed.
    return changed if changed != content else content[:-1]


def complaints(path: Path) -> list[str]:
    try:
        return [one.sentence for one in verify(path).mismatches]
    except ResultError as refused:
        return [str(refused)]


def every_one_is_caught(seeds: range, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    content = ran().record
    path.write_bytes(content)
    assert verify(path).mismatches == ()
    for seed in seeds:
        changed = tampered(content, seed)
        assert changed != content, seed
        path.write_bytes(changed)
        sentences = complaints(path)
        assert sentences, seed
        assert all(sentence.startswith(str(path)) for sentence in sentences), seed
        # The program on the page finds it, too, or cannot read it.
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            assert program()(path) != "as it was written", seed


def test_every_tampered_record_is_caught(tmp_path: Path) -> None:
    every_one_is_caught(range(300), tmp_path)


@pytest.mark.slow
def test_each_of_ten_thousand_tampered_records_is_caught(tmp_path: Path) -> None:
    every_one_is_caught(range(300, 10_300), tmp_path)


# ---------------------------------------------------------------- the seal itself


def test_a_sealed_file_is_what_the_page_says() -> None:
    content = seal({"a": 1.5, "b": "£"})
    assert content.decode() == (
        '{\n "a": 1.5,\n "b": "£",\n "fingerprint": "' + fingerprint_of(content[:-62]) + '"\n}\n'
    )
    assert fingerprints(content) == (fingerprint_of(content[:-62]),) * 2
    assert strict_json(content)["b"] == "£"
    assert fingerprint_of(b"") == "4OYM-IQUY-7QOB-JGX3-6TEJ-S35Z-EQT2-4QPE"
    assert as_fingerprint("1" * 32) is None
