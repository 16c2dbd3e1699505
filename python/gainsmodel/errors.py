"""Every error gainsmodel raises on purpose.

One hierarchy: catch ``GainsModelError`` for all of them, or a leaf for one kind.
Each leaf is also a ``ValueError`` or a ``RuntimeError``, so code that does not
know gainsmodel still catches it. The command line turns any of them into one
message and exit code 2.
"""

import typing


class GainsModelError(Exception):
    """Anything the caller can mend."""


class ScenarioError(GainsModelError, ValueError):
    """A scenario file or edit that cannot be run; names the file, line, key and mend."""


class DataError(GainsModelError, ValueError):
    """A table of figures that is missing, altered or impossible."""


class UnknownNameError(GainsModelError, ValueError):
    """A name of an area, sector, lever or technology that does not exist."""


class SettingError(GainsModelError, ValueError):
    """A run setting (draws, seed, threads, sampler …) outside what is allowed."""


class EvidenceError(GainsModelError, ValueError):
    """Evidence that cannot be used, or that no future, or too few, could have given."""


class ResultError(GainsModelError, ValueError):
    """A saved result or manifest that cannot be read or replayed."""


class BatchError(GainsModelError, RuntimeError):
    """A batch that cannot go on: its folder, its workers, or runs of it that failed."""


class StoreError(GainsModelError, RuntimeError):
    """Kept plans that cannot be opened, read or written."""


class NotThereError(StoreError):
    """Nothing of that name that this person may see; the same whether or not it exists."""


class NotAllowedError(StoreError):
    """A member whose role does not allow it."""


class ConflictError(StoreError):
    """Somebody saved a revision in between; nothing was written and nothing is lost.

    Attributes
    ----------
    theirs : Revision
        The last revision, with its author and time.
    changes : tuple of str
        What it changed, in words, since the revision that the refused one was made from.
    """

    def __init__(
        self, message: str, theirs: typing.Any = None, changes: tuple[str, ...] = ()
    ) -> None:
        """Keep what came in between."""
        super().__init__(message)
        self.theirs, self.changes = theirs, changes


class StoreUnavailable(StoreError):
    """The database cannot be used now; nothing is half saved, and the call can be repeated."""


class RunCancelled(GainsModelError, RuntimeError):
    """The run was cancelled before it ended; no numbers were kept."""


class CoreError(GainsModelError, RuntimeError):
    """The Rust core failed; a fault of gainsmodel, please report it."""
