"""What may be asked for: checks of arguments, and the nearest valid choice in every refusal."""

import contextlib
import difflib
import errno
import operator
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, SupportsIndex, TypeVar

from gainsmodel.errors import SettingError

P = ParamSpec("P")
R = TypeVar("R")
# Control characters, halves of characters, and what is no character at all.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """Give a whole number of any kind, NumPy's among them, as Python's; or refuse it."""
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        # NumPy's truth values have an index only to refuse it.
        with contextlib.suppress(TypeError):
            number = operator.index(value)
            if low <= number <= high:
                return number
    raise SettingError(
        f"{name}: must be a whole number from {low:,} to {high:,}, not {brief(value)}"
    )


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse what is not one of the allowed words, and offer the nearest."""
    if value not in allowed:
        word = value[:100] if isinstance(value, str) else ""
        near = difflib.get_close_matches(word, allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingError(f"{name}: must be one of {', '.join(allowed)}, not {brief(value)}{hint}")


def brief(value: object) -> str:
    """Give a value as Python would write it, in a few words where that takes many."""
    if isinstance(value, int) and abs(value) >= 10**60:
        return "a whole number of more than 60 digits"
    text = repr(value[:100] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def escape(text: str) -> str:
    """Replace whatever could not be printed or could disturb a terminal."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def drawable(text: str) -> str:
    """Put U+FFFD for what XML cannot hold, so neither a picture nor a Word or Excel file."""
    return _NOT_IN_XML.sub("\ufffd", text)


def renamed(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function be called with an argument's name of 0.3, ``old="new"``; deprecated."""

    def with_old_names(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> R:
            for old in names.keys() & options.keys():
                new = names[old]
                message = f"{function.__name__}: the argument {old} is now {new}"
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                options[new] = options.pop(old)
            return function(*args, **options)

        return called

    return with_old_names


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Offer the nearest known name, or all of them."""
    names = {k.casefold(): k for k in known}
    word = name[:100].casefold() if isinstance(name, str) else ""
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean '{names[near[0]]}'?"
    return f"; there are: {', '.join(names.values())}" if names else ""


def read_regular(path: Path, most: int) -> tuple[bytes, int]:
    """Read a regular file, at most so many bytes of it; also give the size it says it has.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or is a pipe or a device, which may never end.
    """
    # Without blocking, since the other end of a pipe may never open.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        return file.read(most), status.st_size
