"""Batches under stress: ``kill -9`` at random moments, a disk that fills, and the scale they reach.

``python benches/batch.py kills`` and ``disk`` end with an error where a byte differs from an
undisturbed batch; ``scale`` prints what a thousand scenarios cost.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SWEEP = ROOT / "scenarios/sweeps/what_we_do_not_know.toml"
KILLS = 20
# Of the sweep that is disturbed: seconds of work, many parts.
RUNS, DRAWS = 200, 2_000


def command(sweep: Path, out: Path, *options: str) -> list[str]:
    program = Path(sys.executable).parent / "gainsmodel"
    return [str(program), "batch", str(sweep), "--out", str(out), *options]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but those that tell of one execution."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.parent.name != "seconds"
    }


def smaller(folder: Path) -> Path:
    """The shipped sweep with fewer runs and draws."""
    text = SWEEP.read_text("utf-8").replace("samples = 1_000", f"samples = {RUNS}")
    path = folder / "sweep.toml"
    path.write_text(text.replace("draws = 10_000", f"draws = {DRAWS}"), "utf-8")
    return path


def kills(folder: Path) -> None:
    """Kill a batch at twenty random moments, each time another kind of executor; then finish."""
    sweep, out, whole = smaller(folder), folder / "killed", folder / "whole"
    begun = time.monotonic()
    subprocess.run(command(sweep, whole), check=True, capture_output=True)
    undisturbed = time.monotonic() - begun
    chance, kept = random.Random(6), []
    executors = ("processes", "threads", "dask")
    for number in range(KILLS):
        asked = command(sweep, out, "--executor", executors[number % 3])
        with subprocess.Popen(asked, start_new_session=True, stderr=subprocess.DEVNULL) as batch:
            time.sleep(chance.uniform(0.2, 1.0 + undisturbed / 4))
            ended = batch.poll() is not None
            # The batch and, one time in two, its workers with it.
            (os.killpg if number % 2 else os.kill)(batch.pid, signal.SIGKILL)
        kept.append(len(list(out.glob("parts/*.json"))))
        if ended:
            break
    end = subprocess.run(command(sweep, out), check=True, capture_output=True, text=True)
    print(f"{len(kept)} kills; parts kept after each: {kept}; {end.stdout.strip()}")
    _compare(out, whole)


def disk(folder: Path) -> None:
    """Fill a file system of 1 MB with a batch, make room, and finish. Needs to be root."""
    sweep, whole, small = smaller(folder), folder / "whole", folder / "small"
    subprocess.run(command(sweep, whole), check=True, capture_output=True)
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    subprocess.run([*mount, "size=1m", "gainsmodel-bench", str(small)], check=True)
    try:
        full = subprocess.run(command(sweep, small / "out"), capture_output=True, text=True)
        print(f"exit code {full.returncode}: {full.stderr.strip().splitlines()[-1]}")
        if full.returncode != 2:
            sys.exit("a full disk must end in exit code 2")
        print(f"parts kept: {len(list(small.glob('out/parts/*.json')))}")
        subprocess.run([*mount, "remount,size=100m", str(small)], check=True)
        subprocess.run(command(sweep, small / "out"), check=True, capture_output=True)
        _compare(small / "out", whole)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def scale(folder: Path) -> None:
    """A thousand scenarios of 10,000 futures, and the same of 16: all but simulating."""
    for draws in (10_000, 16):
        sweep = folder / f"{draws}.toml"
        text = SWEEP.read_text("utf-8").replace("draws = 10_000", f"draws = {draws}")
        sweep.write_text(text, "utf-8")
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        asked = command(sweep, folder / str(draws))
        subprocess.run(asked, check=True, capture_output=True)
        after, elapsed = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size = sum(path.stat().st_size for path in (folder / str(draws)).rglob("*"))
        row = {"draws": draws, "processor_seconds": round(used, 1), "seconds": round(elapsed, 1)}
        row |= {"disk_mb": round(size / 1e6, 1), "load": round(os.getloadavg()[0], 1)}
        print(json.dumps(row | {"largest_process_mb": after.ru_maxrss // 1024}))


def _compare(out: Path, whole: Path) -> None:
    same = tree(out) == tree(whole)
    print("every byte as undisturbed" if same else "bytes differ")
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    what = {"kills": kills, "disk": disk, "scale": scale}
    parser.add_argument("what", choices=what)
    scratch = Path(tempfile.mkdtemp(prefix="gainsmodel-batch-"))
    try:
        what[parser.parse_args().what](scratch)
    finally:
        shutil.rmtree(scratch)
