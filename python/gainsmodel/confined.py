"""Work on people's files in a process of its own, with limits of memory and time.

A damaged or hostile file can make a reader ask for hundreds of gigabytes, run for hours, or end
its process. Here that costs the worker only: the caller gets one message. A worker is kept for
the next file, so that only the first one waits for a process to start.

Memory and processor time are limited by the operating system where it can (Linux); elsewhere
only the time is, by a clock.
"""

import atexit
import contextlib
import importlib
import os
import pickle
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar

from gainsmodel.errors import DataError, GainsModelError

P = ParamSpec("P")
R = TypeVar("R")

MEMORY_BYTES = 1_000_000_000
CPU_SECONDS = 20
CLOCK_SECONDS = 60
REPLY_BYTES = 200_000_000
# What is sent is held in memory, in several forms: so much more for each byte of it.
A_BYTE = 10
# How long a worker waits for the next file, how much it may have used to be given one, and how
# many files are read at a time.
IDLE_SECONDS = 120
WORN_BYTES = 400_000_000
AT_ONCE = max(2, os.cpu_count() or 2)

_free: list["_Worker"] = []
_lock = threading.Lock()
_places = threading.BoundedSemaphore(AT_ONCE)
_in_worker = False


def confined(function: Callable[P, R], what: str, /, *args: P.args, **options: P.kwargs) -> R:
    """Call a function of a module in a process with limits, and give what it gives.

    Parameters
    ----------
    function : callable
        Of the top level of a module of this package; arguments and result are pickled.
    what : str
        The file that is read, as messages begin with it.
    *args, **options
        Of the function.

    Raises
    ------
    DataError
        If it takes too much memory or time, or its process ends; and whatever
        `GainsModelError` the function raises. Any other error of the function is its ``__cause__``.
    """
    if _in_worker:
        return function(*args, **options)
    task = pickle.dumps((function.__module__, function.__qualname__, _folder(), args, options))
    if not _places.acquire(timeout=CLOCK_SECONDS):
        raise DataError(f"{what}: other files are being read; try again in a minute")
    try:
        answer = _answer(task)
    finally:
        _places.release()
    if answer is None or isinstance(answer.get("error"), MemoryError):
        raise DataError(
            f"{what}: cannot be read within {MEMORY_BYTES / 1e6:,.0f} MB of memory and "
            f"{CPU_SECONDS} seconds; it is damaged, or holds far more than a table of areas and "
            "sectors"
        )
    for category, text in answer["warnings"]:
        warnings.warn(text, category, stacklevel=3)
    error = answer.get("error")
    if isinstance(error, GainsModelError):
        raise error
    if error is not None:
        raise DataError(f"{what}: cannot be read; it may be damaged: save it again") from error
    result: R = answer["result"]
    return result


def _folder() -> str | None:
    """Where relative paths begin; None if that folder was removed."""
    try:
        return str(Path.cwd())
    except OSError:
        return None


def _answer(task: bytes) -> dict[str, Any] | None:
    """What a worker answers; None where it ended without a word."""
    worker = _taken()
    try:
        reply = worker.ask(task)
    except BaseException:
        # Also when the caller is stopped meanwhile: a worker in the middle of a file is of no use.
        worker.end()
        raise
    if reply is None:
        worker.end()
        return None
    answer: dict[str, Any] = pickle.loads(reply)
    if answer["worn"]:
        worker.end()
    else:
        with _lock:
            _free.append(worker)
    return answer


def _taken() -> "_Worker":
    while True:
        with _lock:
            worker = _free.pop() if _free else None
        if worker is None:
            return _Worker()
        if worker.alive():
            return worker
        worker.end()


class _Worker:
    """A process that works on one file after another."""

    def __init__(self) -> None:
        start = f"import sys; sys.path[:] = {[str(Path(p).absolute()) for p in sys.path]!r}"
        single = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", f"{start}\nfrom {__name__} import _serve; _serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | dict.fromkeys(single, "1"),
                # A key that stops the caller is for the caller, which ends its workers.
                start_new_session=True,
            )
        except OSError as error:
            raise DataError(
                f"no process can be started to read files in: {error.strerror}"
            ) from None

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._replies = self._process.stdin, self._process.stdout
        self._exchange: threading.Thread | None = None

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, task: bytes) -> bytes | None:
        replies: list[bytes | None] = []

        def exchange() -> None:
            with contextlib.suppress(OSError):
                _send(self._requests, task)
                replies.append(_received(self._replies))

        # The caller's thread stays free for a key that stops it.
        self._exchange = threading.Thread(target=exchange, daemon=True)
        self._exchange.start()
        end = time.monotonic() + CLOCK_SECONDS
        while self._exchange.is_alive() and time.monotonic() < end:
            self._exchange.join(0.1)
        return replies[0] if replies else None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._exchange:
            self._exchange.join()
        for stream in (self._requests, self._replies):
            with contextlib.suppress(OSError):
                stream.close()


@atexit.register
def _end_all() -> None:
    while _free:
        _free.pop().end()


def _forget() -> None:
    """A forked child shares the pipes of its parent's workers; it must not use them."""
    global _lock, _places
    _free.clear()
    _lock, _places = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _send(stream: IO[bytes], content: bytes) -> None:
    stream.write(len(content).to_bytes(8, "big"))
    stream.write(content)
    stream.flush()


def _received(stream: IO[bytes]) -> bytes | None:
    """The next message; None at the end of the stream."""
    size = stream.read(8)
    content = stream.read(int.from_bytes(size, "big")) if len(size) == 8 else b""
    return content or None


# ---------------------------------------------------------------- in the worker


def _serve() -> None:
    """Work on what is sent, until nothing more is."""
    global _in_worker
    _in_worker = True
    # What a library prints must not come between messages.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    requests = os.fdopen(0, "rb")
    while True:
        idle = threading.Timer(IDLE_SECONDS, os._exit, (0,))
        idle.daemon = True
        idle.start()
        task = _received(requests)
        idle.cancel()
        if task is None:
            os._exit(0)
        _send(replies, _done(task))


def _done(task: bytes) -> bytes:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        answer: dict[str, Any] = {}
        try:
            module, name, folder, args, options = pickle.loads(task)
            function = getattr(importlib.import_module(module), name)
            if folder:
                os.chdir(folder)
            _limit(len(task))
            answer["result"] = function(*args, **options)
        # Readers written in Rust raise what is no ordinary exception when they panic.
        except BaseException as error:
            answer["error"] = error
    answer["worn"] = _most_used_bytes() > WORN_BYTES
    answer["warnings"] = [(one.category, str(one.message)) for one in heard]
    try:
        reply = pickle.dumps(answer)
    except Exception:
        answer["error"] = RuntimeError(repr(answer.get("error", "a result that cannot be sent")))
        answer.pop("result", None)
        reply = pickle.dumps(answer)
    if len(reply) > REPLY_BYTES + A_BYTE * len(task):
        os._exit(1)
    return reply


try:
    import resource
except ImportError:  # Windows

    def _limit(sent_bytes: int) -> None:
        pass

    def _most_used_bytes() -> int:
        return 0

else:

    def _limit(sent_bytes: int) -> None:
        """Limit memory, and processor time from now on."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
        for kind, most in (
            (resource.RLIMIT_DATA, MEMORY_BYTES + A_BYTE * sent_bytes),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(kind)[1]
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            try:
                resource.setrlimit(kind, (soft, hard))
            except (OSError, ValueError):
                # Not every system limits every kind.
                continue

    def _most_used_bytes() -> int:
        # Linux counts in `getrusage` what the process had that this one was started from.
        with contextlib.suppress(OSError):
            for line in Path("/proc/self/status").read_text("ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return 1024 * int(line.split()[1])
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
