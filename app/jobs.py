"""A queue of jobs for all visitors: runs happen off the script's thread, each only once.

A run that several visitors want is shared; one that no visitor waits for is cancelled.
Results are kept by what was asked for, the latest first, up to a limit of memory, and are
never changed, so that no visitor sees another's state.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from app.choice import Choice, start
from gainsmodel import PairedResult, RunCancelled, run, run_paired

# The first answer to a lever; its futures are the first of the longer run's.
QUICK_DRAWS = 2_000
QUICK_DRAWS_LOCAL = 256
MOST_BYTES = 1_500_000_000
OnProgress = Callable[[int, int], None]


class Job:
    """Something being computed, and how far it is."""

    def __init__(self) -> None:
        """Nothing has begun."""
        self.future: Future[Any] = Future()
        self.begun = time.monotonic()
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
        """Two lanes of workers: short jobs never wait behind long ones."""
        self._lock = threading.Lock()
        self._jobs: OrderedDict[Hashable, tuple[Job, int]] = OrderedDict()
        self._claims: dict[tuple[str, str], Job] = {}
        self._lanes = {
            lane: ThreadPoolExecutor(workers, thread_name_prefix=lane)
            for lane, workers in (("quick", 4), ("long", 2))
        }

    def order(
        self,
        key: Hashable,
        work: Callable[[OnProgress], Any],
        *,
        visitor: str,
        slot: str,
        lane: str = "long",
        size_bytes: int = 0,
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
        lane : {"quick", "long"}
        size_bytes : int
            Memory the result takes.
        """
        with self._lock:
            job, _ = self._jobs.get(key, (None, 0))
            if job is None or (job.ended and job.future.exception() is not None):
                job = Job()
                self._jobs[key] = (job, size_bytes)
                self._lanes[lane].submit(self._make, key, job, work)
            self._jobs.move_to_end(key)
            job.wanted_by.add(visitor)
            self._let_go(visitor, slot, keep=job)
            self._claims[visitor, slot] = job
            self._evict()
            return job

    def at_hand(self, key: Hashable) -> Any | None:
        """A result that exists already, or None."""
        with self._lock:
            job, _ = self._jobs.get(key, (None, 0))
            if job is None or not job.ended or job.future.exception() is not None:
                return None
            self._jobs.move_to_end(key)
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
        """Stop waiting for all of a visitor's jobs."""
        with self._lock:
            for who, slot in list(self._claims):
                if who == visitor:
                    self._let_go(who, slot, keep=None)

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

    def _evict(self) -> None:
        # A closed tab sends no message: a claim on a job that has ended would keep it in memory.
        self._claims = {claim: job for claim, job in self._claims.items() if not job.ended}
        total = sum(size for _, size in self._jobs.values())
        for key in list(self._jobs)[:-2]:
            if total <= MOST_BYTES and len(self._jobs) <= 500:
                break
            job, size = self._jobs[key]
            if job.ended:
                del self._jobs[key]
                total -= size

    def _make(self, key: Hashable, job: Job, work: Callable[[OnProgress], Any]) -> None:
        try:
            job.progress(0, 0)
            job.future.set_result(work(job.progress))
        except BaseException as error:
            job.future.set_exception(error)


QUEUE = JobQueue()


def warm() -> None:
    """Run the first page's scenario before anyone asks for it."""
    choice = start()
    for draws in (QUICK_DRAWS, choice.draws):
        pair(choice, draws, visitor="", slot=str(draws)).future.result()


def quick_draws(choice: Choice) -> int:
    """Futures of the first, quick answer; no more than asked for."""
    local = choice.scenario.setting.geography == "local_authority"
    return min(choice.draws, QUICK_DRAWS_LOCAL if local else QUICK_DRAWS)


def pair(choice: Choice, draws: int, *, visitor: str, slot: str) -> Job:
    """Start a `PairedResult`: the scenario with its plan and without; itself, if it has none."""
    key = pair_key(choice, draws)
    lane = "quick" if draws <= quick_draws(choice) else "long"
    return QUEUE.order(
        key,
        partial(_pair, choice, draws),
        visitor=visitor,
        slot=slot,
        lane=lane,
        size_bytes=_size(choice, draws),
    )


def pair_key(choice: Choice, draws: int) -> Hashable:
    """Everything a pair depends on."""
    return ("pair", choice.scenario, *run_key(choice), draws)


def run_key(choice: Choice) -> tuple[Hashable, ...]:
    """How a choice is run, apart from its scenario."""
    return (choice.seed, choice.sampler, tuple(sorted(choice.dataset.hashes.items())))


def _pair(choice: Choice, draws: int, on_progress: OnProgress) -> PairedResult:
    reference = choice.scenario.without_plan()
    key = ("pair", reference, *run_key(choice), draws)
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
        result = run(choice.scenario, **options)
        return PairedResult(result, result)
    known: PairedResult | None = QUEUE.at_hand(key)
    if known is not None and known.without.holds_draws:
        return PairedResult(run(choice.scenario, **options), known.without)
    pair = run_paired(choice.scenario, **options)
    QUEUE.keep(key, PairedResult(pair.without, pair.without), _size(choice, draws) // 2)
    return pair


def _size(choice: Choice, draws: int) -> int:
    series = len(choice.dataset.units) * (choice.scenario.setting.horizon_years + 11)
    return 4 * series * draws * (2 if choice.scenario.plan else 1)
