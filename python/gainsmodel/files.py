"""Files and folders that are written whole or not at all.

Each is made beside its place, so on the same file system, brought to the disk, and put there in one
step. What stood there before is whole until then. A lock that ends with the process tells what is
being made from what a killed process has left, which the next write beside it removes.
"""

import contextlib
import ctypes
import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gainsmodel.checks import escape, read_regular
from gainsmodel.errors import GainsModelError

try:
    import fcntl
except ImportError:  # pragma: no cover: Windows has no locks that a kill releases
    fcntl = None  # type: ignore[assignment]

TEMPORARY = ".gainsmodel-"
# In a folder under way: what is being made, and for a moment what stood in its place.
NEW, OLD = "new", "old"
# Linux: exchange two names in one step; relative to the working directory.
RENAME_EXCHANGE, AT_FDCWD = 2, -100
NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)
Error = type[GainsModelError]


@contextlib.contextmanager
def writing(target: str | os.PathLike[str], error: Error, hint: str = "") -> Iterator[None]:
    """Turn a failed write into one error that names the target and says why.

    Parameters
    ----------
    target : path
    error : type
        Class of the error.
    hint : str
        What is said after the reason.
    """
    try:
        yield
    except OSError as caught:
        why = reason(caught)
    except GainsModelError:
        raise
    except ValueError as caught:
        # Names with a null character in them, or half of one beyond the first 65,536.
        if "null" not in str(caught) and not isinstance(caught, UnicodeError):
            raise
        why = "not a possible name"
    else:
        return
    raise error(f"{escape(os.fspath(target))}: cannot be written: {why}{hint}") from None


def reason(error: OSError) -> str:
    """Why the system refused something, in its words."""
    return error.strerror or (os.strerror(error.errno) if error.errno else "unknown reason")


def replaceable(
    target: str | os.PathLike[str], known: Collection[str], earlier: str, error: Error
) -> Path:
    """See that a folder can be written, before there is anything to write.

    Parameters
    ----------
    target : path
        Folders above it are made.
    known : collection of str
        Names that it may hold already; they will be replaced.
    earlier : str
        What such a folder is called, as in "an earlier result".
    error : type
        Class of the errors.

    Returns
    -------
    Path
        The folder's place, links followed.
    """
    with writing(target, error):
        place = _settled(target)
        _make(place.parent)
        with _beside(place.parent, folder=True):
            held = _held(place)
    if strange := sorted(held - set(known)):
        raise error(
            f"{escape(os.fspath(target))}: holds something other than {earlier}, such as "
            f"{strange[0]!r}; name a new or an empty folder"
        )
    return place


class Part:
    """A folder under way.

    Attributes
    ----------
    files : dict
        What has been written: name to ``bytes`` and ``sha256``.
    """

    def __init__(self, path: Path) -> None:
        """Begin in an empty folder."""
        self._path = path
        self.files: dict[str, dict[str, Any]] = {}

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which may lie in a folder of its own such as ``figures/gva.csv``."""
        path = self._path / name
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, _NEW_FILE, 0o666)
        try:
            _fill(descriptor, content)
        finally:
            os.close(descriptor)
        sha256 = hashlib.sha256(content).hexdigest()
        self.files[name] = {"bytes": len(content), "sha256": sha256}


@contextlib.contextmanager
def write_folder(
    target: str | os.PathLike[str], known: Collection[str], earlier: str, error: Error
) -> Iterator[Part]:
    """Write a folder, in the place of an earlier one; arguments as `replaceable`.

    It stands once the block has ended; if that fails, what stood there before is left.
    """
    place = replaceable(target, known, earlier, error)
    with writing(target, error), _beside(place.parent, folder=True) as (box, _):
        made = box / NEW / place.name
        made.mkdir(parents=True)
        yield Part(made)
        for folder in (made, *(path for path in made.iterdir() if path.is_dir())):
            sync(folder)
        # Something may have been put there meanwhile.
        replaceable(target, known, earlier, error)
        _put(made, place, box)
        sync(place.parent)


def write_file(
    target: str | os.PathLike[str], content: bytes, error: Error, *, new: bool = False
) -> None:
    """Write a file, in the place of an earlier one; one that is `new` replaces none.

    What is no regular file, such as a pipe, is written as it is.
    """
    write_files({target: content}, error, new=new)


def write_files(
    contents: Mapping[str | os.PathLike[str], bytes], error: Error, *, new: bool = False
) -> None:
    """Write files that belong together as `write_file` does: all are on the disk before any is put.

    Parameters
    ----------
    contents : mapping
        Path of each file to its content.
    error : type
        Class of the errors.
    new : bool
        Replace no earlier file.
    """
    with contextlib.ExitStack() as stack:
        ready: list[Callable[[], None]] = []
        for target, content in contents.items():
            with writing(target, error):
                ready.append(stack.enter_context(_prepared(Path(target), content, new)))
        for target, put in zip(contents, ready, strict=True):
            with writing(target, error):
                put()


@contextlib.contextmanager
def _prepared(target: Path, content: bytes, new: bool) -> Iterator[Callable[[], None]]:
    """Have a file's content on the disk; gives what puts it in its place."""
    place = _settled(target)
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if place.exists() and not place.is_file():
        yield lambda: _pour(content, place)
        return
    _may_be_replaced(place)
    with _beside(place.parent, folder=False) as (part, descriptor):
        _like(part, place)
        _fill(descriptor, content)
        yield lambda: put_file(part, place, new=new)


def overwrite(part: Path, target: Path, content: bytes) -> None:
    """Write a file by way of another beside it, in a folder that is locked by its owner."""
    try:
        descriptor = os.open(part, _NEW_FILE, 0o666)
        try:
            _fill(descriptor, content)
        finally:
            os.close(descriptor)
        part.replace(target)
        sync(target.parent)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def read_file(path: Path, most_bytes: int) -> bytes:
    """Content of a regular file, without waiting for anything that is none.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file or is larger than that.
    """
    content, _ = read_regular(path, most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"is larger than {most_bytes:,} bytes", str(path))
    return content


def sync(folder: Path) -> None:
    """Have a folder's entries on the disk; not every system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def recover(target: Path) -> None:
    """Put back a folder whose writer was killed between its two renames.

    That is possible only where the system cannot exchange two names in one step.
    """
    with contextlib.suppress(OSError, ValueError):
        if not target.exists():
            _clear(target.parent)


_NEW_FILE = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)


def _settled(target: str | os.PathLike[str]) -> Path:
    """The place itself: behind a link, and with a name under which it can be put."""
    place = Path(target)
    if place.name in ("", "..") or place.is_symlink():
        place = Path(os.path.realpath(place))
    return place


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def _held(place: Path) -> set[str]:
    """Names in a folder that is to be replaced; none where there is none."""
    try:
        names = {path.name for path in place.iterdir()}
    except FileNotFoundError:
        return set()
    _may_be_replaced(place)
    if place.is_mount():
        raise OSError(errno.EBUSY, "is where a disk is mounted; name a folder in it")
    return names


def _may_be_replaced(place: Path) -> None:
    """Refuse what is kept from being written; a rename would not ask."""
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _fill(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


@contextlib.contextmanager
def _beside(parent: Path, *, folder: bool) -> Iterator[tuple[Path, int]]:
    """An empty temporary file or folder with a lock on it; gone in the end, whatever happened."""
    _clear(parent)
    while True:
        path = parent / f"{TEMPORARY}{secrets.token_hex(8)}"
        if folder:
            path.mkdir()
        descriptor = os.open(path, os.O_RDONLY if folder else _NEW_FILE, 0o666)
        try:
            _lock(descriptor, wait=True)
            # Another process may have taken it for left behind, before there was a lock on it.
            if path.exists():
                yield path, descriptor
                return
        finally:
            _remove(path)
            os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether the lock was had; some file systems have none."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _clear(parent: Path) -> None:
    """Remove what killed processes have left in a folder, and put back what they had put aside."""
    with contextlib.suppress(OSError):
        for left in parent.glob(f"{TEMPORARY}*"):
            with contextlib.suppress(OSError):
                flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
                descriptor = os.open(left, os.O_RDONLY | flags)
                try:
                    if _lock(descriptor, wait=False):
                        for old in (left / OLD).glob("*"):
                            if not (parent / old.name).exists():
                                old.rename(parent / old.name)
                        _remove(left)
                finally:
                    os.close(descriptor)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _pour(content: bytes, device: Path) -> None:
    device.write_bytes(content)


def put_file(part: Path, place: Path, *, new: bool) -> None:
    """Put a file that is written in its place; a new one never replaces another."""
    if not new:
        part.replace(place)
    else:
        try:
            # Unlike a renamed file, a link never replaces anything.
            os.link(part, place)
        except FileExistsError:
            raise
        except OSError:  # Some file systems have no links.
            if place.exists():
                raise
            part.rename(place)
    sync(place.parent)


def _like(made: Path, place: Path) -> None:
    """Give what is made the permissions of what it replaces."""
    with contextlib.suppress(OSError):
        made.chmod(stat.S_IMODE(place.stat().st_mode))


def _put(made: Path, place: Path, box: Path) -> None:
    """Put a folder in its place; what stood there ends in the box."""
    if not place.exists():
        made.rename(place)
        return
    _like(made, place)
    if _exchanged(made, place):
        return
    old = box / OLD / place.name
    old.parent.mkdir()
    place.rename(old)
    try:
        made.rename(place)
    except BaseException:
        old.rename(place)
        raise


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system cannot."""
    call = _renameat2()
    if call is None:
        return False
    names = AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other)
    if call(*names, RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in NOT_HERE:
        return False
    raise OSError(number, os.strerror(number))


@cache
def _renameat2() -> Any:
    if sys.platform != "linux":
        return None
    try:
        return ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
