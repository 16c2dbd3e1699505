"""Types of the compiled core; kept in step by ``tests/test_boundary.py``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ADJUSTMENTS: tuple[str, ...]
BASES: tuple[str, ...]
CURVES: tuple[str, ...]
DISTRIBUTIONS: tuple[str, ...]
LEVELS: tuple[str, ...]
LEVER_TARGETS: tuple[str, ...]
NATIONAL_PARAMETERS: tuple[str, ...]
OTHER_PARAMETERS: tuple[str, ...]
SAMPLERS: tuple[str, ...]
SPREAD_PARAMETERS: tuple[str, ...]
UNIT_METRICS: tuple[str, ...]

class RunHandle:
    """One run under way."""

    def progress(self) -> int:
        """Draws simulated so far."""
    def cancel(self) -> None:
        """Asks the run to stop."""
    def wait(self, seconds: float) -> bool:
        """Waits up to `seconds`; True when the run has ended."""
    def outcomes(self) -> list[RunOutcome]:
        """Hands over what a run came to, then its reference; raises what stopped it."""
    def surroundings(self) -> Surroundings:
        """Hands over what areas see of others; raises what stopped it."""
    def piece(self) -> bytes:
        """Hands over a piece of a run, for `Pieces`; raises what stopped it."""

class Surroundings:
    """What some areas see of all others, for runs of these alone."""

class Pieces:
    """Pieces of one run, joined in their order."""

    def add(self, piece: bytes) -> None:
        """Joins the piece that comes next."""
    def outcomes(self, threads: int | None) -> list[RunOutcome]:
        """Makes the outcome of the whole run, then of its reference."""

class RunOutcome:
    """Statistics and draws of a run that has ended; it can be pickled."""

    def statistics(self) -> NDArray[np.float64]:
        """Statistics of every series, shape (series, 19)."""
    def draws(self, series: list[int]) -> NDArray[np.floating[Any]]:
        """Draws of series, shape (series, draws); empty where only counts were kept."""
    def numbers(self) -> tuple[list[tuple[str, str, str]], NDArray[np.float32]]:
        """Standard normal numbers cells share, (numbers, draws), and what each is for."""
    def inputs(
        self, area_weights: NDArray[np.float64], sector_weights: NDArray[np.float64]
    ) -> tuple[list[str], NDArray[np.float64]]:
        """Names of sampled inputs, and their values in a unit, shape (inputs, draws)."""
    def seconds(self) -> list[float]:
        """Seconds spent on simulating and on statistics."""
    def layout(self) -> dict[str, Any]:
        """Where each quantity stands among the series."""

def start(
    spec: str,
    *,
    gva_gbp_m: NDArray[np.float64],
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    population: NDArray[np.float64],
    readiness: NDArray[np.float64],
    intensity: NDArray[np.float64],
    start_years: NDArray[np.float64],
    ramp_years: NDArray[np.float64],
    double: bool,
    threads: int | None,
    draws_in_memory: int,
    paired: bool = False,
    piece: tuple[int, int] | None = None,
    observe: bool = False,
    surroundings: Surroundings | None = None,
    quantiles: bool = True,
    normals: NDArray[np.float32] | None = None,
) -> RunHandle:
    """Starts a run, a piece of whole spans of one, or one that observes; returns its handle."""

def summarise(draws: NDArray[np.float64], sobol: bool) -> NDArray[np.float64]:
    """Statistics of draws, (series, draws) to (series, 19)."""

def value_at(distribution: str, z: list[float]) -> list[float]:
    """Values of a distribution at standard normal numbers."""

def span() -> int:
    """Draws in a span, of which pieces are made."""

def structures(seed: int, weights: list[float], draws: int) -> list[int]:
    """Which structure each draw of a run has, from the weights of all."""

def build_info() -> dict[str, Any]:
    """How this build was made and what it runs on."""
