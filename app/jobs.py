"""A queue of jobs for all visitors: runs happen off the script's thread, each only once.

A run that several visitors want is shared; one that no visitor waits for is cancelled. Results are
kept by what was asked for as long as somebody wants them, and a few more; they are never changed,
so that no visitor sees another's state. Only the draws that pages ask for are kept.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from app import limits
from app.choice import Choice, start
from app.turns import Lane
from gainsmodel import GainsModelError, PairedResult, Result, RunCancelled, run, run_paired
from gainsmodel.results.paired import ADDED, COSTS, FINAL_YEAR_GAIN
from gainsmodel.results.tables import METRICS
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.simulation.run import draws_in_memory_bytes

# The first answer to a lever; its futures are the first of the longer run's.
QUICK_DRAWS = 2_000
QUICK_DRAWS_LOCAL = 256
# Memory of results that nobody looks at any more.
SPARE_BYTES = 40_000_000
MOST_RESULTS = 500
# What somebody wants, but has not looked at for so long, makes room where there is none.
STALE_SECONDS = 30.0
# A table or a sentence, and what a run takes while it is under way, where nobody says.
SMALL_BYTES = 200_000
RUN_BYTES = 200_000_000
OnProgress = Callable[[int, int], None]


class TooMuchError(GainsModelError):
    """The server cannot keep what was asked for."""


class Job:
    """Something being computed, and how far it is."""

    def __init__(self) -> None:
        """Nothing has begun."""
        self.future: Future[Any] = Future()
        self.begun = self.used = time.monotonic()
        self.done_of: tuple[int, int] = (0, 0)
        self.wanted_by: set[str] = set()
        self._cancelled = threading.Event()

    def progress(self, done: int, total: int) -> None:
        """Note progress; a cancelled job ends here."""
        if self._cancelled.is_set():
            raise RunCancelled("the run was cancelled")
        self.done_of = (done, total)

    def cancel(self) -> None:
        """Stop at the next look at progress."""
        self._cancelled.set()

    @property
    def ended(self) -> bool:
        """Whether there is a result, or a reason why there is none."""
        return self.future.done()

    @property
    def seconds(self) -> float:
        """Seconds since it was asked for."""
        return time.monotonic() - self.begun

    def wait(self, seconds: float) -> bool:
        """Wait a while; True when it has ended."""
        try:
            self.future.exception(timeout=seconds)
        except TimeoutError:
            return False
        return True


class JobQueue:
    """Takes jobs from all visitors."""

    def __init__(self) -> None:
        """Three lanes of workers: short jobs never wait behind long ones, nor runs behind files."""
        self._lock = threading.Lock()
        self._jobs: OrderedDict[Hashable, tuple[Job, int]] = OrderedDict()
        self._claims: dict[tuple[str, str], Job] = {}
        self.orders = 0
        self._lanes = {
            lane: Lane(lane, workers) for lane, workers in (("quick", 4), ("long", 3), ("files", 2))
        }

    def order(
        self,
        key: Hashable,
        work: Callable[[OnProgress], Any],
        *,
        visitor: str,
        slot: str,
        lane: str = "long",
        size_bytes: int = SMALL_BYTES,
        run_bytes: int = RUN_BYTES,
    ) -> Job:
        """Start a job, unless its result is there or it is running already.

        Parameters
        ----------
        key : hashable
            Everything the result depends on.
        work : callable
            Makes the result; is given a callable that it must call now and then with
            (done, total), and that raises `RunCancelled` once the job is cancelled.
        visitor, slot : str
            Who asks, and what for: a new job in the same slot releases the one before.
        lane : {"quick", "long", "files"}
        size_bytes, run_bytes : int
            Memory that the result takes, and the job while it runs.

        Raises
        ------
        TooMuchError
            If there is no room for the result.
        """
        with self._lock:
            self.orders += 1
            job, _ = self._jobs.get(key, (None, 0))
            if job is None or (job.ended and job.future.exception() is not None):
                # What it replaces makes room.
                self._let_go(visitor, slot, keep=None)
                self._make_room(visitor, size_bytes)
                job = Job()
                self._jobs[key] = (job, size_bytes)
                job.wanted_by.add(visitor)
                self._lanes[lane].submit(partial(self._make, job, work), job.wanted_by, run_bytes)
            self._use(key)
            job.wanted_by.add(visitor)
            self._let_go(visitor, slot, keep=job)
            self._claims[visitor, slot] = job
            self._tidy()
            return job

    def at_hand(self, key: Hashable) -> Any | None:
        """A result that exists already, or None."""
        with self._lock:
            job, _ = self._jobs.get(key, (None, 0))
            if job is None or not job.ended or job.future.exception() is not None:
                return None
            self._use(key)
            return job.future.result()

    def keep(self, key: Hashable, result: Any, size_bytes: int) -> None:
        """Store a result that another job has made."""
        with self._lock:
            if key not in self._jobs:
                job = Job()
                job.future.set_result(result)
                self._jobs[key] = (job, size_bytes)

    def cancel(self, visitor: str, slot: str) -> None:
        """Stop waiting for a visitor's job in a slot."""
        with self._lock:
            self._let_go(visitor, slot, keep=None)

    def leave(self, visitor: str) -> None:
        """Stop waiting for all of a visitor's jobs, and keep nothing for them."""
        with self._lock:
            for who, slot in list(self._claims):
                if who == visitor:
                    self._let_go(who, slot, keep=None)
            self._tidy()

    def close(self) -> None:
        """End everything; the server is about to end."""
        with self._lock:
            for job, _ in self._jobs.values():
                job.cancel()
        for lane in self._lanes.values():
            lane.shutdown()

    def kept(self) -> tuple[int, int]:
        """How many results there are, under way ones too, and the memory they take in bytes."""
        with self._lock:
            return len(self._jobs), self._bytes()

    def _use(self, key: Hashable) -> None:
        self._jobs.move_to_end(key)
        self._jobs[key][0].used = time.monotonic()

    def _let_go(self, visitor: str, slot: str, keep: Job | None) -> None:
        before = self._claims.pop((visitor, slot), None)
        if before is None or before is keep:
            return
        if all(job is not before for (who, _), job in self._claims.items() if who == visitor):
            before.wanted_by.discard(visitor)
        if not before.wanted_by and not before.ended:
            before.cancel()
            # The next request starts it again.
            for key in [key for key, (job, _) in self._jobs.items() if job is before]:
                del self._jobs[key]

    def _bytes(self, visitor: str | None = None) -> int:
        return sum(
            size for job, size in self._jobs.values() if visitor is None or visitor in job.wanted_by
        )

    def _make_room(self, visitor: str, size_bytes: int) -> None:
        """Drop what was not looked at lately; refuse what is too much all the same."""
        if self._bytes(visitor) + size_bytes > limits.RESULTS_BYTES_EACH:
            self._drop(lambda job: visitor in job.wanted_by and job.wanted_by <= {visitor})
            if self._bytes(visitor) + size_bytes > limits.RESULTS_BYTES_EACH:
                raise TooMuchError(
                    "this needs more memory than one visit may take, "
                    f"{limits.RESULTS_BYTES_EACH / 1e6:,.0f} MB; ask for fewer futures under "
                    "Assumptions"
                )
        if self._bytes() + size_bytes > limits.RESULTS_BYTES:
            self._drop(lambda job: True)
            if self._bytes() + size_bytes > limits.RESULTS_BYTES:
                raise TooMuchError(
                    "so many visitors are working here that there is no memory left for another "
                    "result; try again in a minute, or ask for fewer futures under Assumptions"
                )

    def _drop(self, which: Callable[[Job], bool]) -> None:
        lately = time.monotonic() - STALE_SECONDS
        for key, (job, _) in list(self._jobs.items()):
            if job.ended and which(job) and (not job.wanted_by or job.used < lately):
                del self._jobs[key]
                self._claims = {
                    c: claimed for c, claimed in self._claims.items() if claimed is not job
                }

    def _tidy(self) -> None:
        """Drop results that nobody wants any more but for the latest, and all if nobody is here."""
        spare = SPARE_BYTES if any(visitor for visitor, _ in self._claims) else 0
        for key, (job, size) in reversed(list(self._jobs.items())):
            if job.ended and not job.wanted_by:
                spare -= size
                if spare < 0 or len(self._jobs) > MOST_RESULTS:
                    del self._jobs[key]

    @staticmethod
    def _make(job: Job, work: Callable[[OnProgress], Any]) -> None:
        try:
            job.progress(0, 0)
            job.future.set_result(work(job.progress))
        except BaseException as error:
            job.future.set_exception(error)


QUEUE = JobQueue()


def warm() -> None:
    """Run the first page's scenario before anyone asks for it, and keep it."""
    choice = start()
    for draws in (QUICK_DRAWS, choice.draws):
        pair(choice, draws, visitor="", slot=str(draws)).future.result()


def quick_draws(choice: Choice) -> int:
    """Futures of the first, quick answer; no more than asked for."""
    local = choice.scenario.setting.geography == "local_authority"
    return min(choice.draws, QUICK_DRAWS_LOCAL if local else QUICK_DRAWS)


def pair(choice: Choice, draws: int, *, visitor: str, slot: str, appraised: bool = False) -> Job:
    """Start a `PairedResult`: the scenario with its plan and without; itself, if it has none.

    It holds the draws of the gain and of the share, with a plan those of the area shown; if it is
    to be `appraised`, of whatever an appraisal or a comparison needs, in all areas.
    """
    lane = "quick" if draws <= quick_draws(choice) else "long"
    return QUEUE.order(
        pair_key(choice, draws, appraised=appraised),
        partial(_pair, choice, draws, appraised),
        visitor=visitor,
        slot=slot,
        lane=lane,
        size_bytes=_size(choice, draws, appraised),
        run_bytes=whole_bytes(choice, draws),
    )


def pair_key(choice: Choice, draws: int, *, appraised: bool = False) -> Hashable:
    """Everything a pair depends on."""
    return ("pair", appraised, _shown(choice, appraised), choice.scenario, *run_key(choice), draws)


def known(choice: Choice) -> PairedResult | None:
    """Whatever pair of a choice there is, of all futures or a quick one."""
    keys = (
        pair_key(choice, draws, appraised=appraised)
        for draws in (choice.draws, quick_draws(choice))
        for appraised in (False, True)
    )
    return next((pair for key in keys if (pair := QUEUE.at_hand(key)) is not None), None)


def run_key(choice: Choice) -> tuple[Hashable, ...]:
    """How a choice is run, apart from its scenario."""
    return (choice.seed, choice.sampler, tuple(sorted(choice.dataset.hashes.items())))


def _pair(choice: Choice, draws: int, appraised: bool, on_progress: OnProgress) -> PairedResult:
    reference = replace(choice, scenario=choice.scenario.without_plan())
    key = pair_key(reference, draws, appraised=appraised)
    options: dict[str, Any] = {
        "draws": draws,
        "seed": choice.seed,
        "sampler": choice.sampler,
        **({"dataset": choice.data} if choice.data else {}),
        "on_progress": on_progress,
    }
    if draws <= quick_draws(choice):
        # Its own threads, so that it does not wait behind a long run.
        options["threads"] = 2
    if not choice.scenario.plan:
        result = _small(run(choice.scenario, **options), choice, appraised)
        return PairedResult(result, result)
    known: PairedResult | None = QUEUE.at_hand(key)
    if known is not None and known.without.holds_draws:
        alone = run(choice.scenario, **options)
        return PairedResult(_small(alone, choice, appraised), known.without)
    both = run_paired(choice.scenario, **options)
    with_plan = _small(both.with_plan, choice, appraised)
    without = _small(both.without, reference, appraised)
    QUEUE.keep(key, PairedResult(without, without), _size(reference, draws, appraised))
    return PairedResult(with_plan, without)


def _small(result: Result, choice: Choice, appraised: bool) -> Result:
    """A result with the draws that pages ask for, if it holds any; its tables are whole."""
    if not result.holds_draws:
        return result
    return result.with_draws_of(_metrics(choice, appraised), _shown(choice, appraised))


def _shown(choice: Choice, appraised: bool) -> tuple[str, ...] | None:
    """The area whose draws are enough; None for all.

    All visitors share what is without a plan; structures are compared in every area, and who gains
    in every local authority.
    """
    scenario = choice.scenario
    local = scenario.setting.geography == "local_authority"
    if appraised or local or not scenario.plan or scenario.every_structure():
        return None
    return (choice.unit,)


def _metrics(choice: Choice, appraised: bool) -> tuple[str, ...]:
    gain = "gain_cumulative_gbp_m" if choice.cumulative else FINAL_YEAR_GAIN
    shown = ("share", *ADJUSTMENTS, gain)
    if not appraised:
        return shown
    return tuple(dict.fromkeys((*shown, FINAL_YEAR_GAIN, *ADDED.values(), *COSTS.values())))


def whole_bytes(choice: Choice, draws: int) -> int:
    """Memory of a pair with the draws of everything; a longer run keeps none of them."""
    runs = 2 if choice.scenario.plan else 1
    series = choice.scenario.setting.horizon_years + len(METRICS)
    return runs * min(series * _series_bytes(choice, draws), draws_in_memory_bytes(draws))


def _size(choice: Choice, draws: int, appraised: bool) -> int:
    """Memory of what is kept of a pair; of its reference there is but one for all plans."""
    kept = len(_metrics(choice, appraised)) * _series_bytes(choice, draws)
    if kept > draws_in_memory_bytes(draws):
        return 5 * SMALL_BYTES
    if _shown(choice, appraised) is not None:
        kept //= len(choice.dataset.units)
    return 5 * SMALL_BYTES + kept


def _series_bytes(choice: Choice, draws: int) -> int:
    return 4 * len(choice.dataset.units) * draws
