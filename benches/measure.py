"""What needs a process of its own: peak memory, and what an import costs."""

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from contenders import CORE, Case, contender

HERE = Path(__file__).parent
LONG_DRAWS = 1_000_000
IMPORTS = {
    "nothing": "pass",
    "polars": "import polars",
    "gainsmodel": "import gainsmodel",
    "every name of it": "from gainsmodel import *",
}


def peak_memory(names: list[str], cores: int) -> list[dict]:
    """Peak resident memory of a run, libraries and compiler included, a process each."""
    wanted = [(name, 10_000) for name in names] + [(CORE, LONG_DRAWS)]
    rows = []
    for name, draws in wanted:
        command = [sys.executable, str(HERE / "measure.py"), name, str(draws), str(cores)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows.append({"contender": name, "draws": draws} | json.loads(out.splitlines()[-1]))
    return rows


def start_up(rounds: int = 15) -> dict[str, float]:
    """Seconds to start Python and import, in turn, the quickest and the median of several."""
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name, code in IMPORTS.items():
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times[name].append(time.perf_counter() - begun)
    return {f"{name}_{word}_s": round(of(values), 4)
            for name, values in times.items()
            for word, of in (("min", min), ("median", statistics.median))}  # fmt: skip


def resident_mb(which: str) -> float:
    """Memory of this process: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(which):
            return int(line.split()[1]) / 1024
    raise RuntimeError(which)


def _one(name: str, draws: int, cores: int) -> dict[str, float]:
    run = contender(name, Case("reference", "mayoral", draws, cores, 1))
    if not Path("/proc/self/status").exists():
        run()
        return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2}
    before = resident_mb("VmRSS")
    run()
    return {"peak_mb": round(resident_mb("VmHWM")), "before_mb": round(before)}


if __name__ == "__main__":
    print(json.dumps(_one(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
