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
from contenders import CORE, PEERS, Case, contender, simulation_share
from peers import check

HERE = Path(__file__).parent
RECORDED = HERE / "recorded.json"
SMOKE_CASE = Case("reference", "mayoral", 2_000, 2, 7)


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


def smoke(cores: int) -> int:
    """NumPy peer checked and timed against the core; 1 if the core has fallen far back."""
    for title, name in PEERS.items():
        absent = importlib.util.find_spec(name) is None
        why = f"skipped, {name} is not installed" if absent else "left to the full benchmark"
        if name == "numpy":
            why = check.check(name)
            if why is not None:
                print(f"NumPy: {why}")
                return 1
        print(f"{title}: {why or 'agrees with the independent model and the core'}")
    case = Case(SMOKE_CASE.scenario, SMOKE_CASE.geography, SMOKE_CASE.draws, cores, 7)
    both = [contender(name, case) for name in (CORE, "NumPy")]
    ratios = []
    for turn in range(case.rounds + 1):
        seconds = []
        for run in both:
            begun = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - begun)
        if turn:  # the first warms up
            ratios.append(seconds[1] / seconds[0])
    ratio = statistics.median(ratios)
    now = {"simd": gainsmodel.build_info()["simd"], "cores": cores}
    recorded = json.loads(RECORDED.read_text("utf-8"))
    print(f"NumPy takes {ratio:.1f} times as long as the core; recorded {recorded['ratio']:.1f}")
    if {key: recorded[key] for key in now} != now:
        print(f"recorded on {recorded['simd']}, {recorded['cores']} cores, so not compared: {now}")
        return 0
    if ratio < recorded["ratio"] / 2:
        print("that is less than half: the core has become slower (or the peer quicker)")
        return 1
    return 0


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    gainsmodel.build_info()  # refuses a debug build
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = min(2, cores or 1)
    if arguments.smoke:
        return smoke(cores)

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
    at = SMOKE_CASE.title, cores
    ratio = next(
        row["ratio"]
        for row in record["times"]
        if (row["case"], row["threads"], row["contender"]) == (*at, "NumPy")
    )
    kept = {"simd": record["machine"]["simd"], "cores": cores, "ratio": round(ratio, 2)}
    RECORDED.write_text(json.dumps(kept) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
