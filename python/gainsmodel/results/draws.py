"""The draws behind a result: still held by the core, or read back from disk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.checks import did_you_mean
from gainsmodel.errors import CoreError, ResultError, UnknownNameError
from gainsmodel.results.statistics import Draws
from gainsmodel.results.tables import Positions

T = TypeVar("T")
NO_INPUTS = "a loaded result has no inputs; run it again with replay"


class CoreDraws:
    """Draws still held by the core."""

    def __init__(self, outcome: _core.RunOutcome, report: Positions) -> None:
        """Keep what the core returned."""
        self._outcome, self._report = outcome, report

    @property
    def seconds(self) -> dict[str, float]:
        """Time the core took, by part."""
        return dict(zip(("simulation", "statistics"), self._outcome.seconds(), strict=True))

    @property
    def held(self) -> bool:
        """Whether the run was short enough to keep those of shares, which go last."""
        return self._outcome.draws(self._report.positions("share")[:1]).size > 0

    def frame(self, metric: str, wanted: Sequence[str] | None = None) -> pl.DataFrame:
        """Give one quantity in every draw; as `Result.draws`."""
        return in_columns(*self.rows(metric, wanted))

    def rows(
        self, metric: str, wanted: Sequence[str] | None = None
    ) -> tuple[list[str], NDArray[np.floating[Any]]]:
        """The same as names and an array, shape (names, draws), NaN where it is missing."""
        names, positions = self._report.series(metric)
        if wanted is not None:
            check_columns(f"draws of {metric}", wanted, names)
            positions = [positions[names.index(name)] for name in wanted]
            names = list(wanted)
        rows = self._outcome.draws(positions)
        if rows.size == 0:
            raise ResultError(
                f"this run was too long to keep draws of {metric} (counts in buckets were kept "
                "instead); run fewer draws at once"
            )
        return names, rows

    def numbers(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
        """Give the standard normal numbers; as `Result.standard_normals`."""
        names, numbers = _known(self._outcome.numbers)
        schema = dict.fromkeys(("parameter", "area_code", "cell"), pl.String)
        return pl.DataFrame(names, schema=schema, orient="row"), numbers

    def inputs(self, areas: Draws, sectors: Draws) -> tuple[list[str], Draws]:
        """Give names of sampled inputs and their draws where areas and sectors weigh as told."""
        return _known(lambda: self._outcome.inputs(areas, sectors))


class SavedDraws(CoreDraws):
    """Draws read back from disk."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Keep the draws of each quantity."""
        self._frames = frames

    @property
    def seconds(self) -> dict[str, float]:
        """Nothing was run."""
        return {}

    def numbers(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
        """Give the standard normal numbers; as `Result.standard_normals`."""
        raise ResultError("a loaded result has no numbers; run it again with replay")

    def inputs(self, areas: Draws, sectors: Draws) -> tuple[list[str], Draws]:
        """Give names of sampled inputs and their draws; as `Result.inputs`."""
        raise ResultError(NO_INPUTS)

    @property
    def held(self) -> bool:
        """Whether any were saved."""
        return bool(self._frames)

    def frame(self, metric: str, wanted: Sequence[str] | None = None) -> pl.DataFrame:
        """Give one quantity in every draw; as `Result.draws`."""
        if metric not in self._frames:
            raise ResultError(
                f"no draws of {metric!r} were saved; saved: {', '.join(self._frames)}"
            )
        frame = self._frames[metric]
        if wanted is None:
            return frame
        check_columns(f"draws of {metric}", wanted, frame.columns[1:])
        return frame[["draw", *wanted]]

    def rows(
        self, metric: str, wanted: Sequence[str] | None = None
    ) -> tuple[list[str], NDArray[np.floating[Any]]]:
        """The same as names and an array; as `CoreDraws.rows`."""
        frame = self.frame(metric, wanted).drop("draw")
        return frame.columns, frame.to_numpy().T


def _known(ask: Callable[[], T]) -> T:
    """Ask what the core does not know of a run in pieces."""
    try:
        return ask()
    except CoreError as error:
        raise ResultError(f"this result has no inputs: {error}; run it in one go") from None


def in_columns(names: Sequence[str], rows: NDArray[np.floating[Any]]) -> pl.DataFrame:
    """Give draws, shape (names, draws), as a column ``draw`` and one for each name."""
    columns = {n: pl.Series(r, nan_to_null=True) for n, r in zip(names, rows, strict=True)}
    draw = pl.int_range(rows.shape[1], dtype=pl.UInt32, eager=True).alias("draw")
    return pl.DataFrame([draw]).hstack(pl.DataFrame(columns))


def check_columns(of: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    """See that every column asked for is there."""
    for name in wanted:
        if name not in known:
            raise UnknownNameError(
                f"{of}: no column is called {name!r}{did_you_mean(name, known)}; "
                f"there are {', '.join(known)}"
            )
