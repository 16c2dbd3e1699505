"""Files and folders are written whole or not at all, also the second time and when killed."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gainsmodel import files
from gainsmodel.errors import DataError, ResultError

OLD, NEW = {"a": b"old", "b": b"kept", "c/d": b"below"}, {"a": b"new", "e": b"more"}
KNOWN = {"a", "b", "c", "e"}
ROOT = os.geteuid() == 0


def write(target: Path, contents: dict[str, bytes]) -> None:
    with files.write_folder(target, KNOWN, "an earlier one", ResultError) as part:
        for name, content in contents.items():
            part.write(name, content)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(params=["in one step", "in two"])
def swap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's exchange of two names, and without."""
    if request.param == "in two":
        monkeypatch.setattr(files, "_exchanged", lambda one, other: False)


# ---------------------------------------------------------------- folders


@pytest.mark.usefixtures("swap")
def test_a_folder_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "deep/run", OLD)
    assert tree(tmp_path / "deep/run") == OLD
    write(tmp_path / "deep/run", NEW)
    assert tree(tmp_path / "deep/run") == NEW
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["run"]


@pytest.mark.usefixtures("swap")
@pytest.mark.parametrize("name", ["write", "fsync", "open", "mkdir"])
def test_a_full_disk_leaves_the_earlier_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write(tmp_path / "run", OLD)
    with monkeypatch.context() as patched:
        patched.setattr(os, name, full)
        with pytest.raises(ResultError) as refused:
            write(tmp_path / "run", NEW)
    assert str(refused.value) == f"{tmp_path / 'run'}: cannot be written: No space left on device"
    assert tree(tmp_path) == {f"run/{name}": content for name, content in OLD.items()}


def test_where_the_second_of_two_renames_fails_the_old_folder_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "run", OLD)
    renamed = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.parent.name == files.NEW:
            full()
        return renamed(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_exchanged", lambda one, other: False)
        patched.setattr(Path, "rename", rename)
        with pytest.raises(ResultError, match="No space left"):
            write(tmp_path / "run", NEW)
    assert tree(tmp_path) == {f"run/{name}": content for name, content in OLD.items()}


def test_where_a_writer_was_killed_between_two_renames_the_next_reader_has_the_old_folder(
    tmp_path: Path,
) -> None:
    box = tmp_path / f"{files.TEMPORARY}0123"
    write(box / files.NEW / "run", NEW)
    write(box / files.OLD / "run", OLD)
    files.recover(tmp_path / "run")
    assert tree(tmp_path) == {f"run/{name}": content for name, content in OLD.items()}


def test_an_interrupted_block_writes_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with files.write_folder(tmp_path / "run", KNOWN, "one", ResultError) as part:
            part.write("a", b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_part_knows_what_was_written(tmp_path: Path) -> None:
    with files.write_folder(tmp_path / "run", (), "one", ResultError) as part:
        part.write("a", b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert part.files == {"a": {"bytes": 3, "sha256": known}}


def test_what_somebody_put_there_meanwhile_is_not_lost(tmp_path: Path) -> None:
    write(tmp_path / "run", OLD)

    def slow() -> None:
        with files.write_folder(tmp_path / "run", KNOWN, "one", ResultError) as part:
            part.write("a", b"new")
            (tmp_path / "run/thesis.txt").write_text("three years of work")

    with pytest.raises(ResultError, match=r"something other than one, such as 'thesis.txt'"):
        slow()
    assert (tmp_path / "run/thesis.txt").exists()
    assert (tmp_path / "run/a").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file", "Not a directory"),
        ("file/below", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("a\0b", "not a possible name"),
        ("\udcff\ud800", "not a possible name"),
    ],
)
def test_targets_that_cannot_be_are_said(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ResultError, match=f"cannot be written: {why}$"):
        write(tmp_path / name, NEW)
    assert tree(tmp_path) == {"file": b"kept"}


def test_a_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    write(tmp_path / "real", OLD)
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert tree(tmp_path / "real") == NEW


def test_the_working_folder_can_be_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(Path(), NEW)
    assert tree(tmp_path / "here") == NEW


@pytest.mark.skipif(ROOT, reason="root may write everywhere")
def test_what_is_kept_from_being_written_is_left(tmp_path: Path) -> None:
    write(tmp_path / "run", OLD)
    (tmp_path / "run").chmod(0o555)
    with pytest.raises(ResultError, match="Permission denied"):
        write(tmp_path / "run", NEW)
    (tmp_path / "run").chmod(0o755)
    assert tree(tmp_path / "run") == OLD


def test_read_only_targets_are_told_by_what_the_system_says_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "run", OLD)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ResultError, match="Permission denied"):
        write(tmp_path / "run", NEW)
    with pytest.raises(DataError, match="Permission denied"):
        files.write_file(tmp_path / "run/a", b"new", DataError)
    assert tree(tmp_path / "run") == OLD


# ---------------------------------------------------------------- kills and others beside

WRITER = """
import sys
sys.path[:0] = [sys.argv[2]]
from pathlib import Path
from gainsmodel import files
from gainsmodel.errors import ResultError
if sys.argv[3] == "two":
    files._exchanged = lambda one, other: False
number = 0
while True:
    number += 1
    with files.write_folder(sys.argv[1], {"a", "b"}, "one", ResultError) as part:
        for name in ("a", "b"):
            part.write(name, b"%d" % number * 10_000)
    print(number, flush=True)
"""


@pytest.mark.parametrize("swaps", ["one", "two"])
def test_a_kill_at_any_moment_leaves_a_whole_folder(tmp_path: Path, swaps: str) -> None:
    python = str(Path(files.__file__).parents[1])
    target = tmp_path / "run"
    for kill in range(6):
        command = [sys.executable, "-c", WRITER, str(target), python, swaps]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.02 + 0.013 * kill)
            process.send_signal(signal.SIGKILL)
        files.recover(target)
        held = tree(target)
        assert set(held) == {"a", "b"}
        assert held["a"] == held["b"]
    write(tmp_path / "other", NEW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run"]


def test_what_another_is_writing_is_left_alone(tmp_path: Path) -> None:
    with files.write_folder(tmp_path / "mine", KNOWN, "one", ResultError) as part:
        part.write("a", b"mine")
        write(tmp_path / "other", NEW)
        files.write_file(tmp_path / "file", b"x", DataError)
    assert tree(tmp_path / "mine") == {"a": b"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine", "other"]


def test_many_writers_of_one_folder_leave_one_of_them(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def again(number: int) -> None:
        try:
            for _ in range(10):
                write(tmp_path / "run", {"a": b"%d" % number, "b": b"%d" % number})
        except ResultError as error:
            failed.append(error)

    threads = [threading.Thread(target=again, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = tree(tmp_path / "run")
    assert held["a"] == held["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


# ---------------------------------------------------------------- files


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """A quota of the size of files, as ``ulimit -f`` sets it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_quota_leaves_the_earlier_file_and_no_half_of_the_new_one(
    tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    target = tmp_path / "paper.pdf"
    files.write_file(target, b"old", DataError)
    small_files(1000)
    with pytest.raises(DataError, match=rf"^{re.escape(str(target))}: .* written: File too large$"):
        files.write_file(target, b"x" * 2000, DataError)
    assert tree(tmp_path) == {"paper.pdf": b"old"}


def test_files_that_belong_together_are_both_there_or_neither(
    tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    small_files(1000)
    with pytest.raises(DataError, match=r"two: cannot be written"):
        files.write_files({one: b"1", two: b"2" * 2000}, DataError)
    assert tree(tmp_path) == {}
    files.write_files({one: b"1", two: b"2"}, DataError)
    assert tree(tmp_path) == {"one": b"1", "two": b"2"}


def test_a_new_file_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_file(tmp_path / "x", b"1", DataError, new=True)
    with pytest.raises(DataError, match="File exists"):
        files.write_file(tmp_path / "x", b"2", DataError, new=True)
    monkeypatch.setattr(os, "link", full)  # as where there are no links
    with pytest.raises(DataError, match="cannot be written"):
        files.write_file(tmp_path / "x", b"2", DataError, new=True)
    files.write_file(tmp_path / "y", b"3", DataError, new=True)
    assert tree(tmp_path) == {"x": b"1", "y": b"3"}


def test_permissions_are_those_of_the_earlier_file_or_usual(tmp_path: Path) -> None:
    usual, kept = tmp_path / "usual", tmp_path / "kept"
    usual.write_bytes(b"")
    files.write_file(tmp_path / "new", b"x", DataError)
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode
    kept.write_bytes(b"")
    kept.chmod(0o640)
    files.write_file(kept, b"x", DataError)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_device_is_written_as_it_is() -> None:
    with pytest.raises(DataError, match=r"^/dev/full: cannot be written: No space left on device$"):
        files.write_file("/dev/full", b"x", DataError)
    files.write_file("/dev/null", b"x", DataError)
    assert Path("/dev/null").is_char_device()


def test_what_disturbs_a_terminal_is_escaped_in_a_message(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        files.write_file(tmp_path / "a\x1b[31m\n" / "x", b"x", DataError)
    assert str(refused.value).isprintable()


# ---------------------------------------------------------------- reading


def test_only_regular_files_of_a_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert files.read_file(tmp_path / "file", 3) == b"abc"
    with pytest.raises(OSError, match="larger than 2 bytes"):
        files.read_file(tmp_path / "file", 2)
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(OSError, match=r"regular|directory"):
            files.read_file(tmp_path / name, 3)
