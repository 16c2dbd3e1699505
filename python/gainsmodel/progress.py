"""Progress of several pieces of work as one."""

from collections.abc import Callable

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
