"""Who is timed, and on what: contenders and cases of the benchmark."""

import importlib
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import gainsmodel
from peers import numpy_peer
from peers.check import scenario
from peers.problem import Problem, problem

CORE, WHOLE_PATH, PAIRED = "gainsmodel", "gainsmodel, whole path", "gainsmodel, paired"
FINE_NUMPY = "NumPy, fine normals"
# The core otherwise than by default.
SAMPLERS = {"gainsmodel, random": "random", "gainsmodel, sobol_full": "sobol_full"}
LEVELS = {f"gainsmodel, {level}": level for level in gainsmodel.build_info()["simd_available"][1:]}
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
            extra = (FINE_NUMPY, WHOLE_PATH, "gainsmodel, random") if both else ()
            listed.append(Case(name, "mayoral", 2_000, threads, 9 if both else 5, extra))
            if both:
                extra += (*LEVELS, PAIRED)
                extra += tuple(SAMPLERS)[1:] if name == "reference" else ()
            listed.append(Case(name, "mayoral", 10_000, threads, 7 if both else 3, extra))
            if both or name == "reference":
                listed.append(Case(name, "mayoral", 50_000, threads, 3 if both else 2))
        extra = tuple(LEVELS) if both else ()
        listed.append(Case("reference", "local_authority", 2_000, threads, 3 if both else 1, extra))
    return listed


def contender(name: str, case: Case) -> Callable[[], object]:
    """What is timed: ready to be called any number of times."""
    made = scenario(case.scenario, case.geography)
    if name == CORE:
        return lambda: gainsmodel.run(made, draws=case.draws, threads=case.threads)
    if name in SAMPLERS:
        sampler = SAMPLERS[name]
        return lambda: gainsmodel.run(made, draws=case.draws, threads=case.threads, sampler=sampler)
    if name in LEVELS:
        return lambda: at_level(LEVELS[name], made, case)
    if name == PAIRED:
        return lambda: gainsmodel.run_paired(made, draws=case.draws, threads=case.threads)
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


def vector_levels() -> list[str]:
    """Contenders that are the core at each level of this machine with vector instructions."""
    best = gainsmodel.build_info()["simd"]
    named = {CORE: best} | LEVELS
    return [name for name, level in named.items() if level != "portable"]


def at_level(level: str, made: gainsmodel.Scenario, case: Case) -> object:
    """A run on a lesser instruction set of this machine."""
    before = os.environ.get("GAINSMODEL_SIMD")
    os.environ["GAINSMODEL_SIMD"] = level
    try:
        return gainsmodel.run(made, draws=case.draws, threads=case.threads)
    finally:
        if before is None:
            del os.environ["GAINSMODEL_SIMD"]
        else:
            os.environ["GAINSMODEL_SIMD"] = before


def simulation_share(case: Case, rounds: int = 15) -> float:
    """Median of the whole run's time over that of its bare simulation."""
    made = scenario(case.scenario, case.geography)
    ratios = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run = gainsmodel.start(made, gainsmodel.Settings(draws=case.draws), threads=case.threads)
        result = run.result()
        ratios.append((time.perf_counter() - begun) / result.seconds["simulation"])
    return statistics.median(ratios)


def whole_path(case: Case) -> object:
    """What the app does when a slider moves: scenario, one lever, run, tables."""
    made = gainsmodel.load_scenario(
        "reference" if case.scenario == "everyone_all_levers" else case.scenario
    ).edit({'plan."Greater Manchester".skills': 0.5})
    result = gainsmodel.run(made, draws=case.draws, threads=case.threads)
    return result.areas(), result.groups()
