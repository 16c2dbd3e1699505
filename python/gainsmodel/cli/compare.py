"""``gainsmodel compare``: scenarios on the same futures, each against the first."""

import json
import sys
from enum import StrEnum
from typing import Annotated, Any

import polars as pl
import typer

from gainsmodel import format
from gainsmodel.analysis.comparison import Comparison, compare
from gainsmodel.analysis.lever_contributions import lever_contributions
from gainsmodel.cli.app import (
    DataOption,
    DrawsOption,
    JsonOption,
    SamplerOption,
    SeedOption,
    ThreadsOption,
    adjusted,
    app,
    finish,
    futures_line,
    is_saved_run,
    number,
    own_folder,
    plain_console,
    plain_table,
    progress,
    quantiles,
    stated,
)
from gainsmodel.data import Dataset, Geography
from gainsmodel.errors import SettingError
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.replay import start_again

METRIC = "gain_final_year_gbp_m"


class By(StrEnum):
    """Ways to split a difference."""

    year = "year"
    sector = "sector"
    technology = "technology"
    lever = "lever"


@app.command("compare")
def compare_command(
    scenarios: Annotated[
        list[str],
        typer.Argument(help="two or more scenario files, shipped names, or folders of saved runs"),
    ],
    area: Annotated[
        str | None, typer.Option(help="area or group (name or code); the UK if left out")
    ] = None,
    by: Annotated[
        list[By] | None, typer.Option(help="split the difference in that area (repeatable)")
    ] = None,
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenarios' geography")
    ] = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="allow saved runs that met different futures")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Set two or more scenarios side by side, each against the first, on the same futures."""
    if len(scenarios) < 2:
        raise SettingError(f"compare: needs two scenarios or more, found only {scenarios[0]!r}")
    settings = stated(draws=draws, seed=seed, sampler=sampler)
    saved = [name for name in scenarios if is_saved_run(name)]
    if saved and (fixed := [*settings, *(["geography"] if geography else [])]):
        raise SettingError(f"--{fixed[0]}: {saved[0]} settles this; leave it out")
    dataset = own_folder(data, *(name for name in scenarios if name not in saved))
    sides: list[Result | str] = [
        finish(start_again(name, dataset=dataset, threads=threads), "Running again")
        if name in saved
        else name
        for name in scenarios
    ]
    objects = []
    for i, name in enumerate(scenarios[1:], 1):
        with progress("Comparing") as on_progress:
            found = compare(
                sides[0],
                sides[i],
                area=area,
                geography=geography,
                dataset=dataset,
                threads=threads,
                unpaired=unpaired,
                on_progress=on_progress,
                **settings,
            )
        sides[0] = found.first
        names = _names(found, scenarios[0], name)
        tables: dict[tuple[By, str], pl.DataFrame] = {}
        for kind in by or ():
            tables |= dict(_split(found, kind, threads, dataset))
        if as_json:
            objects.append(_plain(names, found, tables))
            continue
        if i > 1:
            print()
        _print(names, found, everywhere=area is None)
        for split, table in tables.items():
            _print_split(split, table, found)
    if as_json:
        text = json.dumps({"comparisons": objects}, ensure_ascii=False, allow_nan=False)
        sys.stdout.write(text + "\n")


def _names(found: Comparison, first: str, second: str) -> tuple[str, str]:
    """Titles, or what the caller calls them where titles do not tell them apart."""
    titles = [result.manifest["scenario"]["title"] for result in (found.first, found.second)]
    return (titles[0], titles[1]) if titles[0] != titles[1] else (first, second)


def _split(
    found: Comparison, kind: By, threads: int | None, dataset: Dataset | None
) -> list[tuple[tuple[By, str], pl.DataFrame]]:
    """Tables of one way to split, each with what it is of."""
    if kind == "lever":
        tables: list[tuple[tuple[By, str], pl.DataFrame]] = []
        for result in (found.first, found.second):
            scenario = Scenario.from_dict(result.manifest["scenario"])
            if scenario.moved_levers():
                with progress("Levers one by one") as on_progress:
                    parts = lever_contributions(
                        scenario,
                        found.unit.code,
                        **{key: result.manifest[key] for key in ("draws", "seed", "sampler")},
                        dataset=dataset,
                        threads=threads,
                        on_progress=on_progress,
                    )
                tables.append(((kind, scenario.title), parts))
        return tables
    if kind == "technology":
        with progress("Technologies one by one") as on_progress:
            return [((kind, ""), found.technologies(on_progress))]
    return [((kind, ""), found.years() if kind == "year" else found.sectors())]


def _plain(
    names: tuple[str, str], found: Comparison, tables: dict[tuple[By, str], pl.DataFrame]
) -> dict[str, Any]:
    return {
        "first": names[0],
        "second": names[1],
        "area": {"code": found.unit.code, "name": found.unit.name},
        "metric": found.metric,
        "paired": found.paired,
        "identical": found.identical,
        "net_of": list(found.net_of),
        "manifests": [found.first.manifest, found.second.manifest],
        "areas": found.areas().to_dicts(),
        "by": [
            {"split": kind, "scenario": title or None, "rows": table.to_dicts()}
            for (kind, title), table in tables.items()
        ],
    }


def _print(names: tuple[str, str], found: Comparison, *, everywhere: bool) -> None:
    console = plain_console()
    first, second = names
    console.print(f"“{first}” beside “{second}”: {found.unit.name}\n", style="bold")
    if found.identical:
        console.print("The two are the same: every number agrees in every future.")
        return
    manifest = found.first.manifest
    setting = manifest["scenario"]["setting"]
    year = setting["start_year"] + setting["horizon_years"]
    areas = found.areas()
    row = areas.row(by_predicate=pl.col("area_code") == found.unit.code, named=True)
    if found.paired:
        middle, low, high = quantiles(row, METRIC, manifest["draws"])
        console.print(
            format.compared(
                first,
                second,
                middle_gbp_m=middle,
                low_gbp_m=low,
                high_gbp_m=high,
                mcse_gbp_m=number(row[f"{METRIC}_mcse_p50"]),
                p_first_higher=number(row["p_first_higher"]),
                p_second_higher=number(row["p_second_higher"]),
                futures=manifest["draws"],
                year=year,
                plans=found.only_plans_differ,
            )
        )
        console.print(_costs(names, found))
        console.print(
            f"Both met the same {format.count(manifest['draws'])}, so the luck of the draw cancels "
            "out.\n"
        )
    else:
        mean, error = number(row[f"{METRIC}_mean"]), number(row[f"{METRIC}_mcse_mean"])
        console.print(
            "Unpaired: the two met different futures, so a part of the difference is chance.\n"
            f"“{first}” comes to {format.gbp(mean, error)} a year by {year} more than “{second}” "
            f"on average; standard error of independent samples {format.gbp(error)}.\n"
        )
    # Spillover moves every other area, by amounts that are not worth a row.
    moved = pl.max_horizontal(pl.col(f"{METRIC}_{q}").abs() for q in ("mean", "p05", "p95")) >= 1
    named = pl.col("area_code").is_in([found.unit.code, "uk"])
    shown = areas.filter(named | (pl.lit(everywhere) & moved))
    table = plain_table(
        "Area",
        f"“{_short(first)}”\na year by {year}",
        f"“{_short(second)}”\na year by {year}",
        "Difference",
        "in 9 of 10\nfutures",
        "Average\ndifference",
        "First is\nhigher",
    )
    for row in shown.iter_rows(named=True):
        table.add_row(row["area_name"], *_side_by_side(row, manifest["draws"]))
    console.print(table)
    if everywhere and (others := areas.height - shown.height):
        console.print(f"{others} other areas and groups differ by less than £1m.")
    console.print(
        f"\nWhat digital adoption carries, at 2023 prices, {adjusted(found.net_of)}, against "
        "adoption frozen at the start.\nMiddle estimates are medians, which do not add up, and "
        "the middle difference is not the difference of the middles.\n"
        f"{futures_line(manifest)}"
    )


def _side_by_side(row: dict[str, Any], futures: int) -> tuple[str, ...]:
    middle, low, high = quantiles(row, METRIC, futures)
    error = number(row[f"{METRIC}_mcse_mean"])
    known = row["p_first_higher"] is not None
    return (
        format.gbp(number(row["first_p50"])),
        format.gbp(number(row["second_p50"])),
        _amount(middle, error) if known else "not known",
        format.gbp_range(low, high) if known else "not known",
        _amount(number(row[f"{METRIC}_mean"]), error),
        format.chance(row["p_first_higher"], futures).removeprefix("in ") if known else "not known",
    )


def _amount(value_gbp_m: float, mcse_gbp_m: float) -> str:
    """An amount; the error of a mean says nothing of a median that is exactly 0."""
    return format.gbp(value_gbp_m, mcse_gbp_m if value_gbp_m else 0.0)


def _short(title: str) -> str:
    return title if len(title) <= 24 else f"{title[:23].rstrip()}…"


def _costs(names: tuple[str, str], found: Comparison) -> str:
    """What one costs more than the other once all levers run, on average."""
    column = "lever_cost_per_year_gbp_m_mean"
    codes = [found.unit.code, *found.unit.members]
    costs = []
    for result in (found.first, found.second):
        units = pl.concat([result.groups(), result.areas()], how="diagonal")
        known = dict(units.select("area_code", column).iter_rows())
        one = known.get(found.unit.code)
        costs.append(sum(known[c] for c in codes[1:]) if one is None else one)
    if not any(costs):
        return "Neither costs the authorities anything."
    more = costs[0] - costs[1]
    if abs(more) <= 1e-6 * max(costs):
        return f"Both cost the authorities the same once running: {format.gbp(costs[0])} a year."
    a, b = names if more > 0 else names[::-1]
    return (
        f"“{a}” costs the authorities {format.gbp(abs(more))} a year more than “{b}” once running."
    )


def _print_split(split: tuple[By, str], table: pl.DataFrame, found: Comparison) -> None:
    kind, title = split
    console = plain_console()
    heading = {
        "year": "The difference year by year, £ a year",
        "sector": "The difference by sector, £ a year in the final year",
        "technology": "The difference by technology, each as if it alone had an effect",
        "lever": f"What each lever of “{title}” adds, £ a year in the final year",
    }[kind]
    console.print(f"\n{heading}: {found.unit.name}", style="bold")
    name = {"year": "year", "sector": "sector_name"}.get(kind, "label")
    metric = "gain_gbp_m" if kind == "year" else METRIC
    shown = plain_table(kind.capitalize(), "Average", "Middle", "in 9 of 10\nfutures")
    for row in table.iter_rows(named=True):
        middle, low, high = quantiles(row, metric, found.first.manifest["draws"])
        error = number(row[f"{metric}_mcse_mean"])
        known = row[f"{metric}_p50"] is not None
        shown.add_row(
            f"{row[name]}{_PARTS.get(str(row.get('part')), '')}",
            _amount(number(row[f"{metric}_mean"]), error),
            _amount(middle, error) if known else "not known",
            format.gbp_range(low, high) if known else "not known",
        )
    console.print(shown)
    if kind != "year":
        console.print("Averages add up; middle estimates do not.")


_PARTS = {"alone": ", alone", "left_out": ", lost if left out"}
