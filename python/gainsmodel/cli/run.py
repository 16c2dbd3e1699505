"""``gainsmodel run``: each area's share, the digital gain, what a plan adds."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gainsmodel.choices import Precision
from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DrawsOption,
    FillOption,
    GeographyOption,
    JsonOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    SheetOption,
    ThreadsOption,
    YearOption,
    app,
    is_saved_run,
    progress,
    read_own,
)
from gainsmodel.cli.console import print_json, show
from gainsmodel.errors import SettingError

if TYPE_CHECKING:
    from gainsmodel.data import Dataset
    from gainsmodel.data.units import Unit


@app.command("run")
def run_command(
    scenario: ScenarioFile,
    geography: GeographyOption = None,
    area: Annotated[
        list[str] | None,
        typer.Option(
            help="show only this area or group (name or code; repeatable)",
            autocompletion=completion.areas,
        ),
    ] = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="float64 is for audit: slower, the same to five digits"),
    ] = None,
    threads: ThreadsOption = None,
    data: Annotated[
        Path | None,
        typer.Option(help="your own GVA: CSV, Parquet, Excel, or a folder of 'data import-table'"),
    ] = None,
    sheet: SheetOption = None,
    year: YearOption = None,
    fill_built_in: FillOption = False,
    out: Annotated[
        Path | None, typer.Option(help="folder for tables (CSV and Parquet) and the manifest")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate a scenario, or repeat an earlier run exactly from its manifest.json."""
    import polars as pl

    from gainsmodel.analysis.convergence import ratios_if_diverging
    from gainsmodel.data.units import unit_of
    from gainsmodel.present.pages.shares import shares
    from gainsmodel.results.manifest import check_target, read_manifest
    from gainsmodel.results.paired import PairedResult
    from gainsmodel.scenario import load_scenario
    from gainsmodel.simulation.run import start
    from gainsmodel.simulation.settings import Settings

    if out is not None:
        check_target(out)
    chosen: dict[str, Any] = {
        "draws": draws,
        "seed": seed,
        "sampler": sampler,
        "precision": precision,
    }
    stated = {name: value for name, value in chosen.items() if value is not None}
    loose = {"--sheet": sheet, "--year": year, "--fill-built-in": fill_built_in}
    for option, value in loose.items():
        if data is None and value:
            raise SettingError(f"{option}: needs --data")

    def own(of: str) -> "Dataset | None":
        return None if data is None else read_own(data, of, sheet, year, fill_built_in)

    if is_saved_run(scenario):
        if fixed := [*stated, *(["geography"] if geography else [])]:
            raise SettingError(
                f"--{fixed[0]}: cannot be combined with a manifest, which already fixes it"
            )
        from gainsmodel.simulation.replay import start_again

        dataset = own(read_manifest(Path(scenario))["geography"])
        run = start_again(scenario, dataset=dataset, threads=threads, paired=True)
    else:
        loaded = load_scenario(scenario)
        dataset = own(geography or loaded.setting.geography)
        run = start(
            *(loaded, Settings(**stated)),
            geography=geography or (None if dataset is None else dataset.geography),
            dataset=dataset,
            threads=threads,
            paired=bool(loaded.moved_levers()),
        )
    units = [unit_of(run.dataset, name) for name in area or ()]
    with progress("Simulating") as on_progress:
        result, *reference = run.results(on_progress)
    if out is not None:
        result.save(out, csv=True)
    codes, pair = _codes(units, run.dataset), None
    if reference and result.holds_draws:
        pair = PairedResult(result, *reference)
    elif reference:
        note = "too many draws to compare with those without the plan; use fewer to see its effect"
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        answer = result.to_dict([code for unit in units for code in unit.members] or None)
        added = None if pair is None else pair.added()
        if added is not None and codes:
            added = added.filter(pl.col("area_code").is_in([*codes, "uk"]))
        print_json(answer | {"plan_adds": None if added is None else added.to_dicts()})
    else:
        ratios = ratios_if_diverging(result, threads) if codes else None
        show(shares(result, codes or None, pair, ratios=ratios))
    if out is not None:
        print(f"written: {out}", file=sys.stderr)


def _codes(units: "list[Unit]", dataset: "Dataset") -> list[str]:
    """Codes of areas and groups; a wider area stands for the areas in it."""
    known = dataset.units
    return [
        code for unit in units for code in ([unit.code] if unit.code in known else unit.members)
    ]
