"""Progress of several pieces of work as one, and a bar of it."""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

Progress = Callable[[int, int], None]


class Steps:
    """Gives every piece of work a callback; the caller is told of the whole.

    Parameters
    ----------
    on_progress : callable, optional
        Called with (draws done, draws in all).
    draws : int
        Of each run.
    runs : int
        In all pieces.
    """

    def __init__(self, on_progress: Progress | None, draws: int, runs: int) -> None:
        """Set the callback to tell, and how much work there is."""
        self._on_progress, self._draws, self._runs, self._begun = on_progress, draws, runs, 0

    def next(self, runs: int = 1) -> Progress | None:
        """Give what the next piece of work, of so many runs, is to call."""
        begun, self._begun = self._begun, self._begun + runs
        on_progress, whole = self._on_progress, self._draws * self._runs
        if on_progress is None:
            return None
        return lambda done, total: on_progress(
            min(begun * self._draws + round(runs * self._draws * done / total), whole), whole
        )


class ProgressBar:
    """A bar to pass as ``on_progress=``: in a notebook's cell, or in a terminal.

    Elsewhere nothing is shown. One bar is for one call.

    Parameters
    ----------
    words : str
        What is under way.

    Examples
    --------
    >>> import gainsmodel
    >>> result = gainsmodel.run("reference", draws=100, on_progress=gainsmodel.ProgressBar())
    """

    # A bar moves at most so often.
    SECONDS = 0.1

    def __init__(self, words: str = "Simulating") -> None:
        """Set the words."""
        self._words = words
        self._show: Progress | None = None
        self._shown = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done."""
        if self._show is None:
            self._show = _in_a_cell(total) if _has_cells() else _in_a_terminal(self._words, total)
        now = time.monotonic()
        if done >= total or now - self._shown >= self.SECONDS:
            self._shown = now
            self._show(done, total)


def _has_cells() -> bool:
    """Whether this process runs the cells of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _in_a_cell(total: int) -> Progress:
    # A kernel has it; it needs no widgets in the browser.
    bar: Any = import_module("IPython.display").ProgressBar(total)
    bar.display()

    def show(done: int, _: int) -> None:
        bar.progress = done

    return show


def _in_a_terminal(words: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress as Bars

    bars = Bars(console=Console(stderr=True), transient=True)
    if not bars.console.is_terminal:
        return lambda done, total: None
    task = bars.add_task(words, total=total)
    bars.start()

    def show(done: int, total: int) -> None:
        bars.update(task, completed=done)
        if done >= total:
            bars.stop()

    return show
