"""Who is timed, and on what: contenders and cases of the benchmark."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import gainsmodel
from peers import numpy_peer
from peers.check import scenario
from peers.problem import Problem, problem

CORE, CORE_RANDOM, WHOLE_PATH = "gainsmodel", "gainsmodel, random", "gainsmodel, whole path"
FINE_NUMPY = "NumPy, fine normals"
PEERS = {"NumPy": "numpy", "Numba": "numba", "JAX": "jax"}


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    scenario: str
    geography: str
    draws: int
    threads: int
    rounds: int
    extra: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """As the report names it."""
        where = "" if self.geography == "mayoral" else f", {self.geography}"
        return f"{self.scenario}{where}, {self.draws:,} draws"

    @property
    def cell_years(self) -> int:
        """Cells times years times draws."""
        made = scenario(self.scenario, self.geography)
        cells = gainsmodel.load_dataset(self.geography).gva_gbp_m.size * len(made.technologies)
        return cells * made.setting.horizon_years * self.draws


def cases(cores: int) -> list[Case]:
    """All cases; fewer rounds of the slow ones."""
    listed = []
    for threads in sorted({cores, 1}, reverse=True):
        both = threads > 1
        for name in ("reference", "greater_manchester_all_levers", "everyone_all_levers"):
            extra = (FINE_NUMPY, CORE_RANDOM, WHOLE_PATH) if both else ()
            listed.append(Case(name, "mayoral", 2_000, threads, 9 if both else 5, extra))
            listed.append(Case(name, "mayoral", 10_000, threads, 7 if both else 3, extra))
            if both or name == "reference":
                listed.append(Case(name, "mayoral", 50_000, threads, 3 if both else 2))
        listed.append(Case("reference", "local_authority", 2_000, threads, 3 if both else 1))
    return listed


def contender(name: str, case: Case) -> Callable[[], object]:
    """What is timed: ready to be called any number of times."""
    made = scenario(case.scenario, case.geography)
    if name == CORE:
        return lambda: gainsmodel.run(made, draws=case.draws, threads=case.threads)
    if name == CORE_RANDOM:
        return lambda: gainsmodel.run(
            made, draws=case.draws, threads=case.threads, sampler="random"
        )
    if name == WHOLE_PATH:
        return lambda: whole_path(case)
    arrays = _arrays(case.scenario, case.geography)
    if name == FINE_NUMPY:
        return lambda: numpy_peer.run(arrays, case.draws, threads=case.threads, coarse=False)
    peer = importlib.import_module(f"peers.{PEERS[name]}_peer")
    return lambda: peer.run(arrays, case.draws, threads=case.threads)


@cache
def _arrays(name: str, geography: str) -> Problem:
    """Made once, so that JAX compiles once."""
    return problem(scenario(name, geography))


def whole_path(case: Case) -> object:
    """What the app does when a slider moves: scenario, one lever, run, tables."""
    made = gainsmodel.load_scenario(
        "reference" if case.scenario == "everyone_all_levers" else case.scenario
    ).edit({'plan."Greater Manchester".skills': 0.5})
    result = gainsmodel.run(made, draws=case.draws, threads=case.threads)
    return result.areas(), result.groups()
