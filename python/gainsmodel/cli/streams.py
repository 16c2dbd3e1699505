"""Standard output and error that may be closed, full, or a pipe whose reader has left.

Whatever cannot be printed is dropped, so that the work is done all the same; why is remembered.
"""

import io
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from gainsmodel import stopping


class Outlet(io.RawIOBase):
    """A descriptor to write to.

    Attributes
    ----------
    failure : OSError, optional
        Why it could not be written any more.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over an open descriptor."""
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, content: Any, /) -> int:
        """Write, or drop what cannot be written."""
        if self.failure is None:
            try:
                return os.write(self._descriptor, content)
            except OSError as error:
                self.failure = error
        return len(content)


def run(command: Callable[[], int]) -> None:
    """Run a command and leave with its exit code.

    The code is 2 where standard output could not be written, and 0 where only nobody reads it.
    """
    _open_all()
    out, error = Outlet(1), Outlet(2)
    sys.stdout = _text(out, sys.stdout, line_buffering=out.isatty())
    sys.stderr = _text(error, sys.stderr, line_buffering=True)
    code = command()
    sys.stdout.flush()
    if out.failure is not None and not isinstance(out.failure, BrokenPipeError) and code == 0:
        print(f"error: output cannot be written: {out.failure.strerror}", file=sys.stderr)
        code = 2
    leave(code)


def leave(code: int) -> None:
    """End the process at once; threads of a cancelled run are not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    if "mpi4py.MPI" in sys.modules and not stopping.code:
        # mpirun kills a job of which one process is gone without a word, or loses its exit code.
        sys.exit(code)
    os._exit(code)


def _open_all() -> None:
    """Open what was closed, so that no other file gets its number and what is printed."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free, so this one.
            os.open(os.devnull, os.O_RDWR)


def _text(outlet: Outlet, before: TextIO | None, *, line_buffering: bool) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=getattr(before, "encoding", None) or "utf-8",
        # A terminal without a £ gets a question mark, not a traceback.
        errors="replace",
        line_buffering=line_buffering,
    )
