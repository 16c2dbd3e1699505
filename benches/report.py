"""Measurements to `docs/benchmarks.json` and to the marked part of `docs/benchmarks.md`."""

import json
import os
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import gainsmodel
from contenders import CORE, LEVELS, PEERS

DOCS = Path(__file__).parents[1] / "docs"
HISTORY = Path(__file__).parent / "history.jsonl"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LIBRARIES = ("gainsmodel", "numpy", "polars", "numba", "jax")

Row = dict[str, Any]


def aggregate(times: list[Row]) -> list[Row]:
    """Median, minimum and the median of the ratios round by round, a row a contender."""
    rows: dict[tuple[str, int, str], dict[int, Row]] = {}
    for each in times:
        key = each["case"], each["threads"], each["contender"]
        rows.setdefault(key, {})[each["turn"]] = each
    made = []
    for (case, threads, contender), turns in rows.items():
        core = rows[case, threads, CORE]
        seconds = [each["seconds"] for each in turns.values()]
        ratios = [each["seconds"] / core[turn]["seconds"] for turn, each in turns.items()]
        cell_years = next(iter(turns.values()))["cell_years"]
        made.append({
            "case": case,
            "threads": threads,
            "contender": contender,
            "rounds": len(seconds),
            "median_s": round(statistics.median(seconds), 5),
            "min_s": round(min(seconds), 5),
            "ratio": round(statistics.median(ratios), 3),
            "from_one_core": _scaling(rows.get((case, 1, contender), {}), turns),
            "ns_per_cell_year": round(statistics.median(seconds) / cell_years * 1e9, 4),
        })  # fmt: skip
    return made


def _scaling(one: dict[int, Row], many: dict[int, Row]) -> float | None:
    """Median over the rounds of time on one core over time on ``many``."""
    ratios = [one[turn]["seconds"] / many[turn]["seconds"] for turn in one if turn in many]
    return round(statistics.median(ratios), 3) if ratios else None


def record(
    times: list[Row],
    refused: dict[str, str],
    memory: list[Row],
    start_up: dict[str, float],
    whole: dict[str, float],
    cores: int,
    seconds: float,
) -> Row:
    """All that is kept of one benchmark."""
    info = gainsmodel.build_info()
    return {
        "machine": {
            "processor": _processor(),
            "cores": cores,
            "system": platform.system(),
            "simd": info["simd"],
            "python": platform.python_version(),
            "versions": {name: _version(name) for name in LIBRARIES},
        },
        "minutes": round(seconds / 60, 1),
        "refused": refused,
        "times": times,
        "memory": memory,
        "start_up": start_up,
        "whole_over_simulation": whole,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """Its name, and its vector instructions where the system tells."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or platform.machine()
    fields = dict(
        line.split(":", 1) for line in path.read_text("utf-8").splitlines() if ":" in line
    )
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    name = fields.get("model name", platform.machine())
    model = ", ".join(fields[key] for key in ("cpu family", "model") if key in fields)
    return f"{name} (family, model {model}), {os.cpu_count()} processors"


def write(made: Row) -> None:
    """JSON, and Markdown in place of what stood between the marks."""
    DOCS.joinpath("benchmarks.json").write_text(
        json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    page = DOCS / "benchmarks.md"
    text = page.read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{markdown(made)}\n{END}{after}", "utf-8")


def remember(made: Row) -> None:
    """Add the machine and every median to the history, a line of JSON for each benchmark."""
    kept = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": made["machine"],
        "times": [
            {key: row[key] for key in ("case", "threads", "contender", "median_s", "ratio")}
            for row in made["times"]
        ],
    }
    with HISTORY.open("a", encoding="utf-8") as out:
        out.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _strongest(rows: list[Row]) -> list[str]:
    """The core at every level against whichever peer is the quickest in the case."""
    lines = [
        "### Against the strongest peer",
        "",
        "| case | cores | strongest peer | level | times as long as the core |",
        "|---|--:|---|---|--:|",
    ]
    best = gainsmodel.build_info()["simd"]
    for case, threads in dict.fromkeys((row["case"], row["threads"]) for row in rows):
        here = {
            row["contender"]: row["median_s"]
            for row in rows
            if (row["case"], row["threads"]) == (case, threads)
        }
        peers = [name for name in here if name in PEERS]
        if not peers:
            continue
        peer = min(peers, key=lambda name: here[name])
        for name, level in ({CORE: best} | LEVELS).items():
            if name in here:
                ratio = here[peer] / here[name]
                lines.append(f"| {case} | {threads} | {peer} | {level} | {ratio:.2f} |")
    return [*lines, ""]


def markdown(made: Row) -> str:
    """The measured tables."""
    machine = made["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
    lines = [
        f"{machine['processor']}; {machine['system']}, Python {machine['python']}; SIMD level of "
        f"the core: {machine['simd']}. {versions}. The whole took {made['minutes']} minutes.",
        "",
    ]
    for name, why in made["refused"].items():
        lines += [f"**{name} was not timed**: {why}.", ""]
    for threads in sorted({row["threads"] for row in made["times"]}, reverse=True):
        here = [row for row in made["times"] if row["threads"] == threads]
        lines += [f"### {'One core' if threads == 1 else f'{threads} cores'}", ""]
        lines += _times(here)
    lines += _strongest(made["times"]) + _whole(made["whole_over_simulation"])
    lines += _scaled(made["times"]) + _memory(made["memory"]) + _start_up(made["start_up"])
    return "\n".join(lines).rstrip()


def _times(rows: list[Row]) -> list[str]:
    lines = [
        "| case | contender | median, ms | min, ms | × gainsmodel | ns a cell-year | rounds |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    case = None
    for row in rows:
        shown = row["case"] if row["case"] != case else ""
        case = row["case"]
        lines.append(
            f"| {shown} | {row['contender']} | {_ms(row['median_s'])} | {_ms(row['min_s'])} | "
            f"{row['ratio']:.2f} | {row['ns_per_cell_year']:.2f} | {row['rounds']} |"
        )
    return [*lines, ""]


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}" if seconds < 0.1 else f"{seconds * 1e3:,.0f}"


def _scaled(rows: list[Row]) -> list[str]:
    """How much quicker all cores are than one."""
    rows = [row for row in rows if row["threads"] > 1 and row["from_one_core"]]
    if not rows:
        return []
    names = list(dict.fromkeys(row["contender"] for row in rows))
    by = {(row["case"], row["contender"]): f"{row['from_one_core']:.2f}" for row in rows}
    lines = [f"### From one core to {rows[0]['threads']}", "", f"| case | {' | '.join(names)} |"]
    lines.append("|---|" + "--:|" * len(names))
    for case in dict.fromkeys(row["case"] for row in rows):
        lines.append(f"| {case} | {' | '.join(by.get((case, name), '') for name in names)} |")
    return [*lines, "", "Time on one core over time on all, median of the rounds.", ""]


def _whole(ratios: dict[str, float]) -> list[str]:
    said = "; ".join(f"{case}: {ratio:.2f}" for case, ratio in ratios.items())
    return [
        "### Scenario to result over bare simulation",
        "",
        f"{said}. Medians; the whole holds every quantile and standard error.",
        "",
    ]


def _memory(rows: list[Row]) -> list[str]:
    lines = ["### Memory", "", "| contender | draws | peak, MB | before the run, MB |"]
    lines.append("|---|--:|--:|--:|")
    for row in rows:
        lines.append(
            f"| {row['contender']} | {row['draws']:,} | {row['peak_mb']:,.0f} | "
            f"{row.get('before_mb', '')} |"
        )
    return [*lines, "", "Resident memory of a process that runs the reference scenario once, "
            "libraries and, for Numba and JAX, the compiler included.", ""]  # fmt: skip


def _start_up(times: dict[str, float]) -> list[str]:
    bare, polars, ours, used = (
        times[f"{name}_median_s"] * 1e3
        for name in ("nothing", "polars", "gainsmodel", "every name of it")
    )
    return [
        "### Start-up",
        "",
        f"Python alone {bare:.0f} ms; `import polars` adds {polars - bare:.0f} ms. `import "
        f"gainsmodel` adds {ours - bare:.0f} ms, since what it needs is loaded when it is first "
        f"used; with every name used, Polars included, it is {used - bare:.0f} ms, of which "
        f"{used - polars:.0f} ms are its own (medians of processes started in turn).",
        "",
    ]
