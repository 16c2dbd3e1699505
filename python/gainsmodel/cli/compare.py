"""``gainsmodel compare``: scenarios on the same draws, each compared with the first."""

from dataclasses import asdict
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gainsmodel.choices import Geography
from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DataOption,
    DrawsOption,
    JsonOption,
    SamplerOption,
    SeedOption,
    ThreadsOption,
    app,
    finish,
    is_saved_run,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show
from gainsmodel.errors import SettingError

if TYPE_CHECKING:
    import polars as pl

    from gainsmodel.analysis.comparison import Comparison
    from gainsmodel.data import Dataset
    from gainsmodel.results.result import Result


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
        typer.Argument(
            help="two or more scenario files, shipped names, or folders of saved runs",
            autocompletion=completion.scenarios,
        ),
    ],
    area: Annotated[
        str | None,
        typer.Option(
            help="area or group (name or code); the UK by default", autocompletion=completion.areas
        ),
    ] = None,
    by: Annotated[
        list[By] | None, typer.Option(help="split the difference in that area (repeatable)")
    ] = None,
    geography: Annotated[
        Geography | None, typer.Option(help="geography to use instead of the scenarios'")
    ] = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="allow saved runs on different draws")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two or more scenarios, each with the first, on the same draws."""
    from gainsmodel.analysis.comparison import compare
    from gainsmodel.present.pages.comparison import comparison, split
    from gainsmodel.simulation.replay import start_again

    if len(scenarios) < 2:
        raise SettingError(f"compare: needs two scenarios or more, found only {scenarios[0]!r}")
    settings = stated(draws=draws, seed=seed, sampler=sampler)
    saved = [name for name in scenarios if is_saved_run(name)]
    if saved and (fixed := [*settings, *(["geography"] if geography else [])]):
        raise SettingError(
            f"--{fixed[0]}: cannot be combined with {saved[0]}, which already fixes it"
        )
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
        show(
            chain(
                comparison(found, names, everywhere=area is None),
                *(
                    split(kind, table, found.unit.name, title, found.first.manifest["draws"])
                    for (kind, title), table in tables.items()
                ),
            )
        )
    if as_json:
        print_json({"comparisons": objects})


def _names(compared: "Comparison", first: str, second: str) -> tuple[str, str]:
    """Titles, or what the caller calls them where titles do not tell them apart."""
    titles = [result.manifest["scenario"]["title"] for result in (compared.first, compared.second)]
    return (titles[0], titles[1]) if titles[0] != titles[1] else (first, second)


def _split(
    compared: "Comparison", kind: By, threads: int | None, dataset: "Dataset | None"
) -> "list[tuple[tuple[By, str], pl.DataFrame]]":
    """Tables of one way to split, each with what it is of."""
    from gainsmodel.analysis.lever_contributions import lever_contributions
    from gainsmodel.scenario import Scenario

    if kind == "lever":
        tables: list[tuple[tuple[By, str], pl.DataFrame]] = []
        for result in (compared.first, compared.second):
            scenario = Scenario.from_dict(result.manifest["scenario"])
            if scenario.moved_levers():
                with progress("Levers one by one") as on_progress:
                    parts = lever_contributions(
                        scenario,
                        compared.unit.code,
                        **{key: result.manifest[key] for key in ("draws", "seed", "sampler")},
                        dataset=dataset,
                        threads=threads,
                        on_progress=on_progress,
                    )
                tables.append(((kind, scenario.title), parts))
        return tables
    if kind == "technology":
        with progress("Technologies one by one") as on_progress:
            return [((kind, ""), compared.technologies(on_progress))]
    return [((kind, ""), compared.years() if kind == "year" else compared.sectors())]


def _plain(
    names: tuple[str, str],
    compared: "Comparison",
    tables: "dict[tuple[By, str], pl.DataFrame]",
) -> dict[str, Any]:
    from gainsmodel.present import text

    return {
        "first": names[0],
        "second": names[1],
        "area": {"code": compared.unit.code, "name": compared.unit.name},
        "metric": compared.metric,
        "paired": compared.paired,
        "identical": compared.identical,
        "net_of": list(compared.net_of),
        "manifests": [compared.first.manifest, compared.second.manifest],
        "areas": compared.areas().to_dicts(),
        "verdict": None
        if compared.verdict is None
        else {**asdict(compared.verdict), "sentence": text.verdict(compared, *names)},
        "by": [
            {"split": kind, "scenario": title or None, "rows": table.to_dicts()}
            for (kind, title), table in tables.items()
        ],
    }
