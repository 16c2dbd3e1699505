"""From a scenario and figures to a run: builds what the core asks for, starts it, waits.

``run`` is the whole way; ``start`` hands out the run while it is under way, for callers
that show progress or may cancel.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.checks import whole_number
from gainsmodel.choices import Precision, Sampler
from gainsmodel.data import OWN_GVA, Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import ResultError
from gainsmodel.results.editions import GENERATOR
from gainsmodel.results.manifest import RECORD, build_info
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.conditioned import refuse_reseeded
from gainsmodel.simulation.core_inputs import core_inputs, is_uncertain
from gainsmodel.simulation.finite import refuse_infinite
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.settings import Settings

# Draws of which pieces of a run are made.
SPAN = _core.span()
# Draws kept in memory: of everything, else of what a plan adds, costs and is worth, else of
# nothing, the rest being counted in buckets.
DRAWS_IN_MEMORY_BYTES = 80_000_000
# So many draws are kept of many areas too, in six times the memory.
USUAL_DRAWS = 20_000
# How often a waiting run looks for Ctrl-C.
POLL_SECONDS = 0.05


class Run:
    """A run under way; cancelled when it is dropped. Made by `start`.

    Attributes
    ----------
    scenario : Scenario
        What is run.
    dataset : Dataset
        The figures it is run on.
    """

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        settings: Settings,
        threads: int | None = None,
        *,
        paired: bool = False,
        detail: str | None = None,
        variation: Mapping[str, Any] | None = None,
        quantiles: bool = True,
        piece: tuple[int, int] | None = None,
        pieces: Iterable[bytes] | None = None,
        normals: NDArray[np.float32] | None = None,
        cells_at_middle: bool = False,
    ) -> None:
        """Check and start; parameters as `start` and, for `pieces`, `join`.

        `variation` makes other futures for sensitivity analysis: ``reseeded``, parameters
        that take their numbers from another seed, or ``held``, a direction in the numbers of
        `Result.standard_normals` and where it is held (both as ``rust/core/src/spec.rs``).
        Without `quantiles` the result has none, which is quicker where draws alone are read.
        `normals`, shape (numbers, draws), stand in the place of every number that cells share,
        and `cells_at_middle` leaves out what is particular to single cells; such a run is part of
        a question, and its manifest does not repeat it.
        """
        if threads is not None:
            whole_number("threads", threads, 1, 1024)
        if scenario.conditioned is not None:
            refuse_reseeded(variation)
            if settings.sampler == "random":
                # Chosen futures come in replicates, which errors are made from.
                settings = replace(settings, sampler="sobol")
        self.scenario = scenario
        self._taken = False
        spec, arrays = core_inputs(scenario, dataset, settings)
        if normals is not None:
            spec["every_number"], arrays["normals"] = True, normals
            spec["cells_at_middle"] = cells_at_middle
        self._detail = None if detail is None else unit_of(dataset, detail)
        several = [of["spec"] for of in spec.get("structures", ())]
        if self._detail is not None:
            codes = dataset.areas["area_code"].to_list()
            for one in (spec, *several):
                one["detail"] = [codes.index(code) for code in self._detail.members]
        self._variation = dict(variation or {})
        for one in several or [spec]:
            one |= self._variation
        if settings.precision is None:
            precision: Precision = "float32" if is_uncertain(spec) else "float64"
            settings = replace(settings, precision=precision)
        self.dataset, self._settings, self._paired = dataset, settings, paired
        self._handle: _core.RunHandle | _Joined
        if pieces is not None:
            self._handle = _Joined(pieces, threads)
            return
        self._handle = start_core(
            *(spec, arrays, settings.precision == "float64", threads),
            paired=paired,
            piece=piece,
            quantiles=quantiles,
        )

    @property
    def draws_done(self) -> int:
        """Draws simulated so far."""
        return self._handle.progress()

    @property
    def ended(self) -> bool:
        """Whether the run has ended, well or not."""
        return self._taken or self._handle.wait(0.0)

    def cancel(self) -> None:
        """Ask the run to stop; it does so within milliseconds."""
        self._handle.cancel()

    def result(self, on_progress: Callable[[int, int], None] | None = None) -> Result:
        """Wait for the run to end and give its result; as `results`."""
        return self.results(on_progress)[0]

    def results(self, on_progress: Callable[[int, int], None] | None = None) -> tuple[Result, ...]:
        """Wait for the run to end; give its result and, if it was paired, the reference's.

        May be asked for once.

        Parameters
        ----------
        on_progress : callable, optional
            Called with (draws done, draws in all) about twenty times a second.

        Raises
        ------
        ScenarioError
            If an amount is not finite in some draw; names the assumption that reaches farthest.
        RunCancelled
            If the run was cancelled.
        KeyboardInterrupt
            On Ctrl-C; the run is cancelled first.
        ResultError
            If it was taken already.
        """
        self._wait(on_progress)
        outcomes = self._handle.outcomes()
        refuse_infinite(outcomes, self.scenario)
        return self._named(outcomes)

    def pair(self, on_progress: Callable[[int, int], None] | None = None) -> PairedResult:
        """Wait for a paired run to end and give both results as one; as `results`."""
        return PairedResult(*self.results(on_progress))

    def piece(self) -> bytes:
        """Wait for a piece and give it; errors as `results`."""
        self._wait()
        assert isinstance(self._handle, _core.RunHandle)
        return self._handle.piece()

    def _wait(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        if self._taken:
            raise ResultError("this run's result has been taken already; keep it")
        wait_for(self._handle, on_progress, self._settings.draws)
        self._taken = True

    def _named(self, outcomes: Sequence[_core.RunOutcome]) -> tuple[Result, ...]:
        scenarios = (self.scenario, self.scenario.without_plan())
        return tuple(
            Result.from_core(
                outcome,
                scenario,
                self.dataset,
                manifest=self._manifest(scenario),
                detail=self._detail,
            )
            for outcome, scenario in zip(outcomes, scenarios, strict=False)
        )

    def _manifest(self, scenario: Scenario) -> dict[str, Any]:
        info = build_info()
        return {
            "manifest_version": RECORD,
            "scenario": scenario.to_dict(),
            "geography": self.dataset.geography,
            "data_sha256": dict(sorted(self.dataset.hashes.items())),
            **self._own_data(),
            "draws": self._settings.draws,
            "seed": self._settings.seed,
            "sampler": self._settings.sampler,
            "generator": GENERATOR,
            "precision": self._settings.precision,
            "detail": None if self._detail is None else self._detail.code,
            **({"variation": self._variation} if self._variation else {}),
            "simd": info["simd"],
            "versions": {
                "gainsmodel": info["version"],
                "python": info["python"],
                **{name: info[name] for name in ("numpy", "polars", "pydantic")},
            },
        }

    def _own_data(self) -> dict[str, Any]:
        own = self.dataset
        if own.own_name is None:
            return {}
        sha256 = own.hashes[OWN_GVA]
        return {"own_data": {"name": own.own_name, "sha256": sha256, "notes": list(own.notes)}}


def draws_in_memory_bytes(draws: int) -> int:
    """Most memory for the draws of a run; a paired one may take as much for its reference."""
    return DRAWS_IN_MEMORY_BYTES * (6 if draws <= USUAL_DRAWS else 1)


class _Joined:
    """Pieces in the place of a run's handle."""

    def __init__(self, pieces: Iterable[bytes], threads: int | None) -> None:
        self._pieces, self._threads = _core.Pieces(), threads
        for piece in pieces:
            self._pieces.add(piece)

    def progress(self) -> int:
        """Nothing is simulated."""
        return 0

    def wait(self, seconds: float) -> bool:
        """There is nothing to wait for."""
        return True

    def cancel(self) -> None:
        """There is nothing to stop."""

    def outcomes(self) -> list[_core.RunOutcome]:
        """Make the statistics of all."""
        return self._pieces.outcomes(self._threads)


def start_core(
    spec: Mapping[str, Any],
    arrays: Mapping[str, Any],
    double: bool,
    threads: int | None,
    **more: Any,
) -> _core.RunHandle:
    """Start the core on what `core_inputs` gives; further arguments as `_core.start`."""
    return _core.start(
        json.dumps(spec),
        **arrays,
        double=double,
        threads=threads,
        draws_in_memory=draws_in_memory_bytes(spec["draws"]),
        **more,
    )


def wait_for(
    handle: "_core.RunHandle | _Joined",
    on_progress: Callable[[int, int], None] | None = None,
    draws: int = 0,
) -> None:
    """Wait for a run to end, telling of draws done; on Ctrl-C it is cancelled."""
    try:
        while not handle.wait(POLL_SECONDS):
            if on_progress is not None:
                on_progress(handle.progress(), draws)
        if on_progress is not None:
            on_progress(draws, draws)
    except BaseException:
        handle.cancel()
        raise


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    precision: Precision | None = None,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    detail: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Simulate a scenario and summarise it.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario, the file of one, or the name of a shipped one such as ``"reference"``.
    draws, seed, sampler, precision
        See `Settings`.
    geography : str, optional
        ``"mayoral"``, ``"itl1"`` or ``"local_authority"``, instead of the scenario's.
    dataset : Dataset, optional
        Figures to run on instead of the built-in ones, such as `read_gva` gives; of the
        geography that is run.
    threads : int, optional
        Instead of ``GAINSMODEL_NUM_THREADS`` or every processor. Changes no number.
    detail : str, optional
        Name or code of one area or group of which sectors and the adoption of each year are
        kept draw by draw too (`Result.sectors`, `Result.adoption`, `Result.draws`). Changes
        no other number.
    on_progress : callable, optional
        Called with (draws done, draws in all) about twenty times a second.

    Returns
    -------
    Result

    Raises
    ------
    ScenarioError, DataError, UnknownNameError, SettingError
        For anything the caller can mend; all are `GainsModelError`.

    Examples
    --------
    >>> import gainsmodel
    >>> result = gainsmodel.run("reference", draws=2_000)
    >>> result.areas().select("area_name", "share_mean", "share_p05", "share_p95").height
    23
    """
    settings = Settings(draws=draws, seed=seed, sampler=sampler, precision=precision)
    run = start(
        *(scenario, settings), geography=geography, dataset=dataset, threads=threads, detail=detail
    )
    return run.result(on_progress)


def run_paired(
    scenario: Scenario | str | os.PathLike[str],
    *,
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    precision: Precision | None = None,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    detail: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> PairedResult:
    """Simulate a scenario with its plan and without, on the same futures, in one pass.

    The numbers are those of two calls of `run`, to the last bit; what both need is drawn once.
    Parameters and errors as `run`.

    Returns
    -------
    PairedResult
        `PairedResult.added` is what the plan adds; unpacks into the two results.

    Examples
    --------
    >>> import gainsmodel
    >>> pair = gainsmodel.run_paired("skills_first", draws=2_000)
    >>> pair.added().height
    26
    """
    settings = Settings(draws=draws, seed=seed, sampler=sampler, precision=precision)
    run = start(
        *(scenario, settings),
        geography=geography,
        dataset=dataset,
        threads=threads,
        paired=True,
        detail=detail,
    )
    return run.pair(on_progress)


def start(
    scenario: Scenario | str | os.PathLike[str],
    settings: Settings | None = None,
    *,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    paired: bool = False,
    detail: str | None = None,
    piece: tuple[int, int] | None = None,
) -> Run:
    """Start a run without waiting for it; parameters and errors as `run`.

    With `paired`, the same scenario without its plan runs with it (`Run.results`). With
    `piece`, only draws from the first to before the second are simulated, for `Run.piece` and
    `join`; both are multiples of `SPAN`, or the second is the end of the run.
    """
    scenario, figures = resolve(scenario, geography, dataset)
    return Run(
        *(scenario, figures, settings or Settings(), threads),
        paired=paired,
        detail=detail,
        piece=piece,
    )


def join(
    pieces: Iterable[bytes],
    scenario: Scenario,
    settings: Settings,
    *,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
) -> Result:
    """Make a run's result of all its pieces in their order; other parameters as `start`.

    To the last bit what the run gives in one go, wherever the pieces were simulated. One piece
    is held at a time, with the sum. `Result.inputs` and `standard_normals` cannot answer.

    Raises
    ------
    CoreError
        If they are not the pieces of one run.
    """
    scenario, figures = resolve(scenario, geography, dataset)
    return Run(scenario, figures, settings, threads, pieces=pieces).result()
