"""Ctrl-C and requests to end: the program answers from its first moment, in one line.

Only the command line uses this; code that imports the package keeps its own handling. Imports
next to nothing, so that nothing comes before it.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

# What is there of the work so far; who keeps some of it says so.
NOTHING = "nothing was written"
kept = NOTHING
# Exit code of a program that was asked to stop; 0 before.
code = 0


def is_the_program() -> bool:
    """Whether this process is the command line and not code that imports the package."""
    started = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    # Without pathlib, which takes time to import.
    name = os.path.basename(started).removesuffix(".exe")  # noqa: PTH119
    return name == "gainsmodel" or sys.orig_argv[1:3] == ["-m", "gainsmodel.cli"]


def at_once() -> None:
    """From now on end where it is: while modules are imported there is nothing to put in order."""
    _handle(_end)


def in_order() -> None:
    """From now on raise KeyboardInterrupt, so that what is half done is given up first."""
    _handle(_raise)
    # Where an exception cannot go on, as in the end of an object, it must not be lost.
    shown = sys.unraisablehook

    def unraisable(what: "sys.UnraisableHookArgs") -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            leave()
        shown(what)

    sys.unraisablehook = unraisable


def leave(line: str = "") -> None:
    """Say that the program was stopped and what is kept, and end."""
    _handle(signal.SIG_IGN)
    try:  # noqa: SIM105 - contextlib takes time to import
        os.write(2, f"{line or f'stopped; {kept}'}\n".encode())
    except OSError:
        pass
    os._exit(code or 130)


def _handle(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # What whoever started the program has ignored stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    global code
    code = 128 + number
    leave()


def _raise(number: int, _: FrameType | None) -> None:
    global code
    code = 128 + number
    # Who asks twice does not want to wait.
    at_once()
    raise KeyboardInterrupt
