"""Every error gainsmodel raises on purpose.

One hierarchy: catch ``GainsModelError`` for all of them, or a leaf for one kind.
Each leaf is also a ``ValueError`` or a ``RuntimeError``, so code that does not
know gainsmodel still catches it. The command line turns any of them into one
message and exit code 2.
"""


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


class RunCancelled(GainsModelError, RuntimeError):
    """The run was cancelled before it ended; no numbers were kept."""


class CoreError(GainsModelError, RuntimeError):
    """The Rust core failed; a fault of gainsmodel, please report it."""
