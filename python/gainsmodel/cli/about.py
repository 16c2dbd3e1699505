"""``gainsmodel validate``, ``info``, ``schema`` and ``data``: what there is to run."""

import json
from typing import Annotated

import polars as pl
import typer

from gainsmodel import words
from gainsmodel.cli.app import app, plain_console, plain_table
from gainsmodel.data import GEOGRAPHIES, Geography, check, load_dataset
from gainsmodel.engine import Settings, build_info, core_inputs
from gainsmodel.errors import GainsModelError
from gainsmodel.scenario import json_schema, load_scenario, shipped_scenarios

data_app = typer.Typer(no_args_is_help=True, help="The official figures the model starts from.")
app.add_typer(data_app, name="data")


@app.command()
def validate(
    scenarios: Annotated[list[str], typer.Argument(help="scenario files or shipped names")],
) -> None:
    """Check scenario files without running them."""
    for name in scenarios:
        scenario = load_scenario(name)
        dataset = load_dataset(scenario.setting.geography)
        core_inputs(scenario, dataset, Settings())
        print(f"{name}: valid: {scenario.title}")
        for path, stated, simulated in scenario.ranges_missed():
            print(
                f"  note: {path}: 9 in 10 stated as {stated[0]:g} to {stated[1]:g}, simulated as "
                f"{simulated[0]:.2g} to {simulated[1]:.2g}: the median is not in the middle"
            )


@app.command()
def info() -> None:
    """Version, build, machine, shipped scenarios."""
    build = build_info()
    for name, value in build.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        print(f"{name}: {shown}")
    print(f"geographies: {', '.join(GEOGRAPHIES)}")
    print("scenarios:")
    for name in shipped_scenarios():
        print(f"  {name}: {load_scenario(name).title}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@data_app.command("list")
def data_list() -> None:
    """Geographies and what there is of each."""
    for name in GEOGRAPHIES:
        dataset = load_dataset(name)
        total = dataset.gva_gbp_m.sum() / 1000
        print(
            f"{name}: {dataset.areas.height} areas, {len(dataset.sectors)} sectors, "
            f"{dataset.base_year}, £{total:,.0f}bn GVA without imputed rent; "
            f"groups: {', '.join(dataset.groups)}"
        )


@data_app.command("show")
def data_show(
    geography: Annotated[Geography, typer.Argument()] = "mayoral",
    area: Annotated[list[str] | None, typer.Option(help="only this area or group")] = None,
) -> None:
    """Figures of each area; of each sector where areas are named."""
    dataset = load_dataset(geography)
    totals = dataset.areas.with_columns(pl.Series("gva_gbp_m", dataset.gva_gbp_m.sum(axis=1)))
    console = plain_console()
    if area:
        codes = [code for name in area for code in dataset.resolve(name)]
        for code in dict.fromkeys(codes):
            row = totals.row(by_predicate=pl.col("area_code") == code, named=True)
            position = dataset.areas["area_code"].to_list().index(code)
            for key, value in row.items():
                print(f"{key}: {value}")
            for sector, gva in zip(dataset.sectors, dataset.gva_gbp_m[position], strict=True):
                print(f"  {sector:>2}  {gva:>10,.0f}  £m  {dataset.sector_names[sector]}")
        return
    table = plain_table("Code", "Area", "Type", "GVA £m", "Residents", "Gigabit", left=(0, 1, 2))
    for row in totals.iter_rows(named=True):
        table.add_row(
            row["area_code"],
            row["area_name"],
            row["area_type"].replace("_", " "),
            f"{row['gva_gbp_m']:,.0f}",
            f"{row['population']:,}",
            words.percent(row["gigabit_share"]),
        )
    console.print(table)


@data_app.command("check")
def data_check() -> None:
    """Check every shipped table: sums, codes, missing cells, hashes."""
    failed = 0
    for name in GEOGRAPHIES:
        for result in check(name):
            failed += not result.passed
            print(f"{'ok  ' if result.passed else 'FAIL'} {name}: {result.name}: {result.detail}")
    if failed:
        raise GainsModelError(f"{failed} checks failed")
