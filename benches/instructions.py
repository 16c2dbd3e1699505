"""Guards the kernels against creep by instructions a draw: ``make bench-instructions``.

Callgrind counts what the example ``simulate`` executes at two numbers of draws; the difference
has no set-up in it. Counts repeat within 0.02%, whatever else the machine does (a waiting thread
spins a little), and are held against `instructions.json`. Another compiler makes other code, so
then they are only reported.
"""

import argparse
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
RECORDED = HERE / "instructions.json"
SPECIFICATIONS = ("reference", "everyone_acts")
LEVELS = ("avx2", "portable")  # Valgrind knows no AVX-512: counters of the processor do
COUNTED = "avx512"
DRAWS = (64, 128)
TOLERANCE = 0.03
X86 = ("x86_64", "AMD64")


def build() -> Path:
    """The example, as released.

    Built beside the binding, so that the core it links is the one the extension was built of:
    alone, its dependencies would have other features, and all of it would be compiled again.
    """
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--example", "simulate"]
    packages = ["-p", "gainsmodel-core", "-p", "gainsmodel-py"]
    subprocess.run([*command, *packages], check=True, cwd=HERE.parent)
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
    return target / "release/examples/simulate"


def instructions(program: Path, name: str, level: str, draws: int) -> int:
    """Instructions executed by one run on one thread."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               str(program), name, str(draws), "1", level]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return int(found[1])


def by_counters(program: Path, name: str, draws: int) -> int | None:
    """The same by the processor's counters, where there are any and it has AVX-512."""
    command = ["perf", "stat", "-x,", "-e", "instructions:u",
               str(program), name, str(draws), "1", COUNTED]  # fmt: skip
    if not shutil.which("perf"):
        return None
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"^(\d+),", done.stderr, re.MULTILINE)
    return int(found[1]) if found and not done.returncode else None


def per_draw(program: Path, name: str, level: str) -> int:
    """Instructions that one more draw takes."""
    few, many = (instructions(program, name, level, draws) for draws in DRAWS)
    return round((many - few) / (DRAWS[1] - DRAWS[0]))


def compiler() -> str:
    """Version of rustc."""
    command = ["rustc", "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def compare(counts: dict[str, int], recorded: dict[str, int]) -> tuple[bool, bool]:
    """Print each count beside the recorded one; whether any grew, and whether any fell."""
    grew = fell = False
    for case, count in counts.items():
        if case not in recorded:
            print(f"{case}: {count:,} instructions a draw; none recorded")
            grew = True
            continue
        change = count / recorded[case] - 1
        print(f"{case}: {count:,} instructions a draw, {change:+.2%} on {recorded[case]:,}")
        grew |= change > TOLERANCE
        fell |= change < -TOLERANCE
    return grew, fell


def main() -> int:
    """Count, then compare or renew; 1 if a count has grown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renew", action="store_true", help="record the counts as they are now")
    renew = parser.parse_args().renew
    if platform.machine() not in X86 or not shutil.which("valgrind"):
        print("instruction counts skipped: they need valgrind on x86-64")
        return 1 if renew or (platform.machine() in X86 and os.environ.get("CI")) else 0
    program, rustc = build(), compiler()
    cases = list(itertools.product(SPECIFICATIONS, LEVELS))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = pool.map(lambda case: per_draw(program, *case), cases)
    counts = {", ".join(case): count for case, count in zip(cases, counted, strict=True)}
    if renew:
        made = {"rustc": rustc, "instructions_per_draw": counts}
        RECORDED.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
        print(RECORDED.read_text("utf-8"), end="")
        return 0
    for name in SPECIFICATIONS:
        few, many = (by_counters(program, name, draws) for draws in (1_024, 4_096))
        said = "not counted, for want of counters or of AVX-512"
        if few is not None and many is not None:
            said = f"{(many - few) / 3_072:,.0f} instructions a draw by the processor's counters"
        print(f"{name}, {COUNTED}: {said}")
    recorded = json.loads(RECORDED.read_text("utf-8"))
    grew, fell = compare(counts, recorded["instructions_per_draw"])
    how = "python benches/instructions.py --renew"
    if recorded["rustc"] != rustc:
        print(f"recorded with {recorded['rustc']}, this is {rustc}: only reported; renew by {how}")
        return 0
    if grew:
        print(f"more than {TOLERANCE:.0%} up: the kernels have crept; if that is meant, {how}")
    elif fell:
        print(f"more than {TOLERANCE:.0%} down: keep the gain by {how}")
    return int(grew)


if __name__ == "__main__":
    sys.exit(main())
