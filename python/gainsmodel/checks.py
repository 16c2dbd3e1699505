"""What may be asked for: checks of arguments, and the nearest valid choice in every refusal."""

import difflib
import operator
import re
import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec, SupportsIndex, TypeVar

import numpy as np

from gainsmodel.errors import SettingError

P = ParamSpec("P")
R = TypeVar("R")
# Control characters, halves of characters, and what is no character at all.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """Give a whole number of any kind, NumPy's among them, as Python's; or refuse it."""
    if isinstance(value, SupportsIndex) and not isinstance(value, bool | np.bool_):
        number = operator.index(value)
        if low <= number <= high:
            return number
    raise SettingError(f"{name}: must be a whole number from {low:,} to {high:,}, not {value!r}")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse what is not one of the allowed words, and offer the nearest."""
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingError(f"{name}: must be one of {', '.join(allowed)}, not {value!r}{hint}")


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
    near = difflib.get_close_matches(str(name)[:100].casefold(), names, n=1)
    if near:
        return f"; did you mean '{names[near[0]]}'?"
    return f"; there are: {', '.join(names.values())}" if names else ""
