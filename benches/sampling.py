"""What Sobol points are worth on this model, in equivalent draws: ``make bench-sampling``.

The reference scenario is run with many seeds by each sampler; the variance of a statistic over
seeds under ``random``, divided by that under another sampler, is how many times as many random
draws would be as good. The table goes to the marked part of `docs/benchmarks.md`.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

import gainsmodel

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
BEGIN, END = "<!-- sampling: begin -->", "<!-- sampling: end -->"
SAMPLERS = ("random", "sobol", "sobol_full")
DRAWS = (1_024, 4_096, 16_384)
SEEDS = 64
RESAMPLES = 2_000
STATISTICS = {"mean": "mean", "p05": "5%", "p50": "median", "p95": "95%"}
QUANTITIES = ("Greater Manchester's share", "all areas' shares", "UK gain, final year")

Numbers = NDArray[np.float64]
Interval = tuple[Numbers, Numbers, Numbers]
LogRatio = Callable[[NDArray[np.int64]], Numbers]


def measure(draws: int, sampler: str, seeds: int) -> tuple[Numbers, Numbers]:
    """Statistics and their reported standard errors: (seeds, series, statistics) each.

    Series are the share of each area, then the UK's gain in the final year.
    """
    scenario = gainsmodel.load_scenario("reference")
    values, errors = [], []
    for seed in range(1, seeds + 1):
        result = gainsmodel.run(scenario, draws=draws, seed=seed, sampler=sampler)
        table = result.statistics()
        shares = table.filter(
            pl.col("quantity") == "share", pl.col("area_code").is_in(codes(result))
        )
        final = f"gain_gbp_m_{result.years()['year'].max()}"
        uk = table.filter(pl.col("quantity") == final, pl.col("area_code") == "uk")
        rows = pl.concat([shares, uk])
        values.append(rows.select(*STATISTICS).to_numpy())
        errors.append(rows.select(f"mcse_{name}" for name in STATISTICS).to_numpy())
    return np.array(values), np.array(errors)


def codes(result: gainsmodel.Result) -> list[str]:
    """The areas, in their order."""
    return result.areas()["area_code"].to_list()


def grouped(series: Numbers, area: int) -> Numbers:
    """Log ratios (…, series, statistics) to those of `QUANTITIES`: areas by geometric mean."""
    shares, uk = series[..., :-1, :], series[..., -1, :]
    return np.stack([shares[..., area, :], shares.mean(axis=-2), uk], axis=-2)


def with_interval(log_ratio: LogRatio, seeds: int) -> Interval:
    """A ratio and its 95% interval, basic bootstrap over seeds; `log_ratio` takes chosen seeds."""
    generator = np.random.default_rng(1)
    resampled = [log_ratio(generator.integers(seeds, size=seeds)) for _ in range(RESAMPLES)]
    centre = log_ratio(np.arange(seeds))
    high, low = 2 * centre - np.quantile(resampled, [0.025, 0.975], axis=0)
    return np.exp(centre), np.exp(low), np.exp(high)


def equivalent_draws(random: Numbers, other: Numbers, area: int) -> Interval:
    """Variance over seeds under ``random`` over that under another sampler."""

    # The same seeds of both: samplers share the numbers of single cells.
    def log_ratio(chosen: NDArray[np.int64]) -> Numbers:
        ratio = random[chosen].var(axis=0, ddof=1) / other[chosen].var(axis=0, ddof=1)
        return grouped(np.log(ratio), area)

    return with_interval(log_ratio, len(random))


def calibration(values: Numbers, errors: Numbers, area: int) -> Interval:
    """Reported standard error, root mean square over seeds, over the standard deviation."""

    def log_ratio(chosen: NDArray[np.int64]) -> Numbers:
        reported = (errors[chosen] ** 2).mean(axis=0)
        return grouped(np.log(reported / values[chosen].var(axis=0, ddof=1)) / 2, area)

    return with_interval(log_ratio, len(values))


def table(title: str, rows: dict[tuple[str, str], Interval]) -> list[str]:
    """Markdown: a line for each quantity of each row."""
    lines = ["", f"### {title}", "", "| draws | sampler | of | mean | 5% | median | 95% |"]
    lines.append("|--:|---|---|--:|--:|--:|--:|")
    for (draws, sampler), (ratio, low, high) in rows.items():
        for i, quantity in enumerate(QUANTITIES):
            cells = " | ".join(
                f"{figure(ratio[i, j])} ({figure(low[i, j])}–{figure(high[i, j])})"
                for j in range(len(STATISTICS))
            )
            first = f"{draws} | `{sampler}`" if i == 0 else " | "
            lines.append(f"| {first} | {quantity} | {cells} |")
    return lines


def figure(ratio: float) -> str:
    """Two decimals where they matter."""
    return f"{ratio:.2f}" if ratio < 3 else f"{ratio:.1f}" if ratio < 30 else f"{ratio:.0f}"


def main() -> int:
    """Run, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--print-only", action="store_true", help="leave the page as it is")
    arguments = parser.parse_args()
    seeds = arguments.seeds
    areas = gainsmodel.load_dataset("mayoral").areas
    area = areas["area_name"].to_list().index("Greater Manchester")
    gains, honesty = {}, {}
    for draws in DRAWS:
        print(f"{draws:,} draws", flush=True)
        measured = {sampler: measure(draws, sampler, seeds) for sampler in SAMPLERS}
        for sampler, (values, errors) in measured.items():
            key = f"{draws:,}", sampler
            if sampler != "random":
                gains[key] = equivalent_draws(measured["random"][0], values, area)
            honesty[key] = calibration(values, errors, area)
    lines = [
        f"Reference scenario, mayoral areas, {seeds} seeds a row; in brackets 95% intervals by "
        f"basic bootstrap over seeds ({RESAMPLES:,} resamples). For all areas' shares: the "
        f"geometric mean of the ratios of {areas.height} areas.",
        *table("Equivalent draws: random draws that are worth one draw", gains),
        *table("Reported standard error over the spread between seeds", honesty),
    ]
    made = "\n".join(lines)
    print(made)
    if not arguments.print_only:
        before, rest = PAGE.read_text("utf-8").split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
