"""How fast the core is: draws a second and time per cell and year, interleaved.

``make bench``. Machines are noisy: compare medians of one run, not runs with each other.
"""

import argparse
import statistics
import time

import gainsmodel
from gainsmodel import Settings


def seconds(scenario: gainsmodel.Scenario, draws: int, threads: int | None) -> float:
    """Wall time of one run, scenario to result."""
    begun = time.perf_counter()
    gainsmodel.start(scenario, Settings(draws=draws), threads=threads).result()
    return time.perf_counter() - begun


def main() -> None:
    """Time the shipped scenarios round-robin and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="only see that it runs")
    smoke = parser.parse_args().smoke
    rounds = 1 if smoke else 7
    names = ("reference", "greater_manchester_all_levers")
    scenarios = {name: gainsmodel.load_scenario(name) for name in names}
    cases = [
        (name, geography, draws, threads)
        for name in names
        for geography, draws in (("mayoral", 2_000), ("mayoral", 10_000), ("local_authority", 500))
        for threads in (1, None)
        if not (smoke and draws > 2_000)
    ]
    times: dict[tuple[str, str, int, int | None], list[float]] = {case: [] for case in cases}
    for _ in range(rounds):
        for name, geography, draws, threads in cases:
            scenario = scenarios[name].edit({"setting.geography": geography})
            times[name, geography, draws, threads].append(seconds(scenario, draws, threads))
    info = gainsmodel.build_info()
    print(f"simd {info['simd']}, {info['threads']} threads, medians of {rounds} rounds")
    for (name, geography, draws, threads), measured in times.items():
        scenario = scenarios[name]
        cells = gainsmodel.load_dataset(geography).gva_gbp_m.size * len(scenario.technologies)
        median = statistics.median(measured)
        each = median / (draws * cells * scenario.setting.horizon_years) * 1e9
        print(
            f"{name:32} {geography:16} {draws:7,} draws, {threads or info['threads']} threads: "
            f"{median * 1e3:8.1f} ms (min {min(measured) * 1e3:.1f}), {each:.2f} ns a cell-year"
        )


if __name__ == "__main__":
    main()
