"""The benchmark: ``make bench``, and ``make bench SMOKE=1`` for its short version.

Peers are checked first, and one that fails is reported and not timed. Then all contenders are
timed in turn in one process (`test_interleaved.py`), memory and start-up in processes of their
own (`measure.py`), and tables and JSON are written (`report.py`).
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gainsmodel
from contenders import (
    CORE,
    LEVELS,
    PEERS,
    Case,
    contender,
    simulation_share,
    vector_levels,
)
from peers import check

HERE = Path(__file__).parent
RECORDED = HERE / "recorded.json"
SMOKE_CASE = Case("reference", "mayoral", 2_000, 2, 7)
# A ratio to the strongest peer below so much of the recorded one is no noise.
FALLEN = 0.75


def admitted() -> tuple[list[str], dict[str, str]]:
    """Peers that may be timed, and why others may not."""
    able, refused = [], {}
    for title, name in PEERS.items():
        why = check.check(name)
        if why is None:
            able.append(title)
        else:
            refused[title] = why
        print(f"{title}: {why or 'agrees with the independent model and the core'}", flush=True)
    return able, refused


def timed(names: list[str], cores: int) -> list[dict]:
    """Every measurement, by pytest-benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "times.json"
        command = [sys.executable, "-m", "pytest", str(HERE / "test_interleaved.py"), "--quiet",
                   "--override-ini=filterwarnings=default", f"--override-ini=pythonpath={HERE}",
                   "--no-header", "--no-summary", "--benchmark-quiet", "--benchmark-disable-gc",
                   f"--benchmark-json={out}"]  # fmt: skip
        wanted = {
            "GAINSMODEL_BENCH_CONTENDERS": ";".join(names),
            "GAINSMODEL_BENCH_CORES": str(cores),
        }
        subprocess.run(command, check=True, env=os.environ | wanted, cwd=HERE.parent)
        made = json.loads(out.read_text("utf-8"))["benchmarks"]
    return [each["extra_info"] | {"seconds": each["stats"]["min"]} for each in made]


def smoke(cores: int, renew: bool) -> int:
    """The core at every level against NumPy and Numba; 1 if it has fallen back.

    The ratio that counts is that to the strongest peer, whichever it is.
    """
    peers = []
    for title, name in PEERS.items():
        if importlib.util.find_spec(name) is None:
            print(f"{title}: not installed, so left to the full benchmark")
            continue
        why = check.check(name)
        print(f"{title}: {why or 'agrees with the independent model and the core'}")
        if why is not None:
            return 1
        peers.append(title)
    case = Case(SMOKE_CASE.scenario, SMOKE_CASE.geography, SMOKE_CASE.draws, cores, 7)
    levels = vector_levels()
    ready = {name: contender(name, case) for name in (*levels, *peers)}
    ratios: dict[str, list[float]] = {level: [] for level in levels}
    for turn in range(case.rounds + 1):
        seconds = {}
        for name, run in ready.items():
            begun = time.perf_counter()
            run()
            seconds[name] = time.perf_counter() - begun
        if turn:  # the first warms up
            strongest = min(seconds[peer] for peer in peers)
            for level in levels:
                ratios[level].append(strongest / seconds[level])
    recorded = json.loads(RECORDED.read_text("utf-8"))
    if renew:
        best = gainsmodel.build_info()["simd"]
        now = {LEVELS.get(name, best): round(statistics.median(ratios[name]), 2) for name in levels}
        kept = {"peers": peers, "cores": cores, "ratios": recorded["ratios"] | now}
        RECORDED.write_text(json.dumps(kept) + "\n", "utf-8")
        recorded = kept
    fallen = False
    for name in levels:
        level, ratio = (
            LEVELS.get(name, gainsmodel.build_info()["simd"]),
            statistics.median(ratios[name]),
        )
        known = recorded["ratios"].get(level) if recorded["cores"] == cores else None
        said = "none recorded for as many cores" if known is None else f"recorded {known:.2f}"
        print(
            f"{level}: the strongest of {', '.join(peers)} takes {ratio:.2f} times as long; {said}"
        )
        if known is not None and recorded["peers"] == peers:
            fallen |= ratio < FALLEN * known
    if fallen:
        print(f"that is less than {FALLEN:.0%}: the core has become slower (or a peer quicker)")
    return int(fallen)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--record", action="store_true", help="keep the ratios of the short one")
    arguments = parser.parse_args()
    gainsmodel.build_info()  # refuses a debug build
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = min(2, cores or 1)
    if arguments.smoke:
        return smoke(cores, arguments.record)

    import measure
    import report

    begun = time.perf_counter()
    names, refused = admitted()
    times = timed(names, cores)
    memory = measure.peak_memory([CORE, *names], cores)
    start_up = measure.start_up()
    whole = {
        case.title: round(simulation_share(case), 3)
        for case in (Case("reference", "mayoral", draws, cores, 1) for draws in (2_000, 10_000))
    }
    tables = report.aggregate(times)
    took = time.perf_counter() - begun
    record = report.record(tables, refused, memory, start_up, whole, cores, took)
    report.write(record)
    print((HERE.parent / "docs/benchmarks.md").read_text("utf-8"))
    report.remember(record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
