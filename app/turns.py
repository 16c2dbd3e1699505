"""Workers that serve visitors in turn, so that none waits behind all the orders of another."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

# Memory that runs under way in one lane may take together, unless one alone takes more.
MOST_BYTES = 1_000_000_000
MOST_REMEMBERED = 1_000


@dataclass(frozen=True, eq=False)
class _Order:
    wanted_by: Collection[str]
    work: Callable[[], None]
    size_bytes: int


class Lane:
    """A number of workers.

    Next is an order of whoever has fewest under way, then of whoever was served longest ago, then
    the oldest. One worker is always left to the other visitors.
    """

    def __init__(self, name: str, workers: int) -> None:
        """Begin with nothing to do."""
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._most_each = max(1, workers - 1)
        self._lock = threading.Lock()
        self._waiting: list[_Order] = []
        self._under_way: Counter[str] = Counter()
        self._bytes = self._running = self._turn = 0
        self._served: dict[str, int] = {}

    def submit(
        self, work: Callable[[], None], wanted_by: Collection[str], size_bytes: int = 0
    ) -> None:
        """Have something done for visitors; those who want it may change until it begins.

        Parameters
        ----------
        work : callable
            Must not raise.
        wanted_by : collection of str
        size_bytes : int
            Memory it takes while it runs.
        """
        with self._lock:
            self._waiting.append(_Order(wanted_by, work, size_bytes))
        self._pool.submit(self._take)

    def shutdown(self) -> None:
        """Begin nothing any more."""
        with self._lock:
            self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _take(self) -> None:
        with self._lock:
            order = self._next()
            if order is None:
                # The end of one that is under way brings a worker back here.
                return
            self._waiting.remove(order)
            visitors = tuple(order.wanted_by)
            self._turn += 1
            self._under_way.update(visitors)
            self._served |= dict.fromkeys(visitors, self._turn)
            while len(self._served) > MOST_REMEMBERED:
                del self._served[next(iter(self._served))]
            self._bytes += order.size_bytes
            self._running += 1
        try:
            order.work()
        finally:
            with self._lock:
                self._under_way.subtract(visitors)
                self._under_way += Counter()
                self._bytes -= order.size_bytes
                self._running -= 1
                more = len(self._waiting)
            with suppress(RuntimeError):
                for _ in range(more):
                    self._pool.submit(self._take)

    def _next(self) -> _Order | None:
        def turn(order: _Order) -> tuple[int, int]:
            # What nobody wants any more ends at once.
            return min(
                ((self._under_way[v], self._served.get(v, 0)) for v in tuple(order.wanted_by)),
                default=(-1, -1),
            )

        order = min(self._waiting, key=turn, default=None)
        if order is None or turn(order)[0] >= self._most_each:
            return None
        if self._running and self._bytes + order.size_bytes > MOST_BYTES:
            return None
        return order
