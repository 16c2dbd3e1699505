"""Contenders timed in turn, round after round, in one process; `bench.py` runs and reads this.

The contender varies fastest, so what the machine does meanwhile hits all of them alike, and the
ratio of two contenders within a round means more than either time.
"""

import os
from functools import cache
from typing import Any

import pytest

from contenders import CORE, Case, cases, contender

NAMES = os.environ.get("GAINSMODEL_BENCH_CONTENDERS", "NumPy").split(";")
CORES = int(os.environ.get("GAINSMODEL_BENCH_CORES", "2"))
CASES = cases(CORES)
# One core stands beside all of them in a round, so that scaling is a ratio within rounds too.
TURNS = [
    pytest.param(case, turn, name, id=f"{case.title}, {case.threads} threads, {turn}, {name}")
    for title in dict.fromkeys(case.title for case in CASES)
    for turn in range(max(case.rounds for case in CASES))
    for case in CASES
    if case.title == title and turn < case.rounds
    for name in (CORE, *NAMES, *case.extra)
]
ready = cache(contender)


WARM: set[tuple[str, str, str]] = set()


def warm(name: str, case: Case) -> None:
    """Compile, load and fill caches, once for each contender and problem."""
    key = name, case.scenario, case.geography
    if key not in WARM:
        WARM.add(key)
        ready(name, case)()


@pytest.mark.parametrize(("case", "turn", "name"), TURNS)
def test_turn(benchmark: Any, case: Case, turn: int, name: str) -> None:
    timed = ready(name, case)
    warm(name, case)
    benchmark.extra_info.update(case=case.title, threads=case.threads, turn=turn, contender=name)
    benchmark.extra_info["cell_years"] = case.cell_years
    benchmark.pedantic(timed, rounds=1, iterations=1)
