"""Where a simulation's time goes, part by part: ``make profile``.

Instructions a draw by callgrind, which repeat whatever else the machine does, and beside them,
where ``perf`` may look, shares of samples of the time. Inlined code counts for the part of the
model that it was inlined into (`PARTS`).
"""

import argparse
import collections
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from instructions import DRAWS, LEVELS, SPECIFICATIONS, build

# Name of a part by what appears first in a chain of inlined functions, from within outwards: a
# function and its file.
PARTS = {
    "weighted_sums block/adopt": "product of areas",
    "vector/pull": "pull on the curve of Gompertz",
    "take block/adopt": "steps of adoption",
    "lift<": "levers",
    "block/adopt": "adoption, the rest",
    "polar vector": "normal numbers",
    "keyed_normals vector": "normal numbers",
    "vector/aes": "random words",
    "core_arch/src/x86/aes": "random words",
    "rng.rs": "random words",
    "quantiles vector": "points of Sobol",
    "sobol.rs": "points of Sobol",
    "draw factors.rs": "powers of the cells' numbers",
    "block/sample": "parameters",
    "block/levers": "levers",
    "block/gain": "gain",
    "block/report": "report",
    "copy_out run.rs": "copies of output",
    "moments.rs": "moments",
    "merge": "moments",
    "offer run.rs": "moments",
    "summary.rs": "quantiles of results",
    "block/mod": "block, the rest",
    "run.rs": "run, the rest",
}
Counts = dict[str, float]


def chains(program: Path, addresses: Iterable[int]) -> dict[int, list[str]]:
    """Functions at each address, the innermost first, whatever they were inlined into."""
    wanted = sorted(addresses)
    done = subprocess.run(
        ["addr2line", "-a", "-f", "-i", "-C", "-e", str(program)],
        input="\n".join(map(hex, wanted)), capture_output=True, text=True, check=True,
    )  # fmt: skip
    made: dict[int, list[str]] = {}
    lines = iter(done.stdout.splitlines())
    for line in lines:
        if line.startswith("0x"):
            here = made.setdefault(int(line, 16), [])
        else:
            here.append(f"{line} {next(lines)}")
    return made


def part(chain: list[str]) -> str:
    """The part of the model that a chain of functions belongs to."""
    for name in chain:
        for words, title in PARTS.items():
            if all(word in name for word in words.split()):
                return title
    return "elsewhere"


def by_part(program: Path, counts: dict[int, float]) -> Counts:
    """Counts at addresses, added up by part."""
    found: Counts = collections.Counter()
    of = chains(program, counts)
    for address, count in counts.items():
        found[part(of.get(address, []))] += count
    return found


def start_of(program: Path) -> dict[str, int]:
    """Where each function of a program begins."""
    done = subprocess.run(["nm", str(program)], capture_output=True, text=True, check=True)
    words = (line.split() for line in done.stdout.splitlines())
    return {word[2]: int(word[0], 16) for word in words if len(word) == 3}


def counted(program: Path, name: str, level: str, draws: int) -> dict[int, float]:
    """Instructions executed at each address of the program."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no",
                   "--compress-strings=no", "--demangle=no", f"--callgrind-out-file={out}",
                   str(program), name, str(draws), "1", level]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        lines = out.read_text("utf-8").splitlines()
    found: dict[int, float] = collections.Counter()
    within, called = False, False
    first: dict[str, int] = {}
    function = ""
    for line in lines:
        if line.startswith("ob="):
            within = line.endswith(f"/{program.name}")
        elif line.startswith("fn="):
            function = line[3:]
        elif line.startswith("calls="):
            called = True
        elif within and (found_line := re.match(r"0x([0-9a-f]+) \S+ (\d+)$", line)):
            if not called:
                address = int(found_line[1], 16)
                found[address] += int(found_line[2])
                first[function] = min(first.get(function, address), address)
            called = False
        elif line.startswith("0x"):
            called = False
    # Addresses are those of the running program.
    starts = start_of(program)
    moved = collections.Counter(
        address - starts[name] for name, address in first.items() if name in starts
    )
    offset = moved.most_common(1)[0][0]
    return {address - offset: count for address, count in found.items()}


def instructions(program: Path, name: str, level: str) -> Counts:
    """Instructions a draw of each part."""
    few, many = (by_part(program, counted(program, name, level, draws)) for draws in DRAWS)
    return {key: (many[key] - few.get(key, 0)) / (DRAWS[1] - DRAWS[0]) for key in many}


def samples(program: Path, name: str, level: str, draws: int) -> Counts:
    """Share of the time of each part, or nothing where ``perf`` may not look."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "2000", "-o", str(out),
                  str(program), name, str(draws), "1", level]  # fmt: skip
        if not shutil.which("perf") or subprocess.run(record, capture_output=True).returncode:
            return {}
        script = ["perf", "script", "-i", str(out), "-F", "ip,sym,symoff", "--no-demangle"]
        done = subprocess.run(script, capture_output=True, text=True, check=True)
    starts = start_of(program)
    counts: dict[int, float] = collections.Counter()
    outside = 0
    for line in done.stdout.splitlines():
        name, _, offset = line.split()[-1].rpartition("+") if line.strip() else ("", "", "")
        if name in starts:
            counts[starts[name] + int(offset, 16)] += 1
        else:
            outside += 1
    found = by_part(program, counts)
    found["elsewhere"] = found.get("elsewhere", 0) + outside
    whole = sum(found.values())
    return {key: count / whole for key, count in found.items()}


def main() -> None:
    """Print a table for each specification and level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specification", choices=SPECIFICATIONS, nargs="*")
    parser.add_argument("--level", nargs="*")
    parser.add_argument("--program", type=Path, help="instead of what is built here")
    arguments = parser.parse_args()
    program = arguments.program or build()
    for name in arguments.specification or SPECIFICATIONS:
        for level in arguments.level or LEVELS[:1]:
            counts = instructions(program, name, level) if level in LEVELS else {}
            shares = samples(program, name, level, 16_384)
            print(f"\n{name}, {level}: {sum(counts.values()):,.0f} instructions a draw")
            print(f"{'':34}{'instructions':>14}{'of the time':>14}")
            for key in sorted({*counts, *shares}, key=lambda key: -counts.get(key, 0)):
                row = f"{counts.get(key, 0):,.0f}", f"{shares.get(key, 0):.1%}"
                print(f"{key:34}{row[0]:>14}{row[1]:>14}")


if __name__ == "__main__":
    main()
