"""``gainsmodel run``: each area's share, what digital adoption carries, what a plan adds."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from gainsmodel import format
from gainsmodel.cli.app import (
    FillOption,
    ScenarioFile,
    SheetOption,
    YearOption,
    adjusted,
    app,
    finish,
    futures_line,
    is_saved_run,
    number,
    plain_console,
    plain_table,
    quantiles,
    read_own,
)
from gainsmodel.data import OWN, Dataset, Geography
from gainsmodel.errors import SettingError
from gainsmodel.results.manifest import check_target, read_manifest
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.simulation.replay import start_again
from gainsmodel.simulation.run import start
from gainsmodel.simulation.settings import Precision, Sampler, Settings


@app.command("run")
def run_command(
    scenario: ScenarioFile,
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="show only this area or group (name or code; repeatable)"),
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="futures to simulate; 10,000 if left out")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="same seed, same answer; 1 if left out")] = None,
    sampler: Annotated[
        Sampler | None,
        typer.Option(
            help="quasi-random where cells share numbers (if left out), everywhere, or nowhere"
        ),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="float64 is for audit: slower, the same to five digits"),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
) -> None:
    """Simulate a scenario; a manifest.json of an earlier run is run again to the same numbers."""
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
            raise SettingError(f"{option}: says how to read --data, which was left out")

    def own(of: str) -> Dataset | None:
        return None if data is None else read_own(data, of, sheet, year, fill_built_in)

    if is_saved_run(scenario):
        if fixed := [*stated, *(["geography"] if geography else [])]:
            raise SettingError(f"--{fixed[0]}: a manifest settles this; leave it out")
        dataset = own(read_manifest(Path(scenario))["geography"])
        run = start_again(scenario, dataset=dataset, threads=threads)
    else:
        loaded = load_scenario(scenario)
        dataset = own(geography or loaded.setting.geography)
        run = start(
            *(loaded, Settings(**stated)),
            geography=geography or (None if dataset is None else dataset.geography),
            dataset=dataset,
            threads=threads,
        )
    loaded, dataset = run.scenario, run.dataset
    codes = [code for name in area for code in dataset.resolve(name)] if area else None
    result = finish(run, "Simulating")
    if as_json:
        text = json.dumps(result.to_dict(codes), ensure_ascii=False, allow_nan=False)
        sys.stdout.write(text + "\n")
    else:
        _print_result(result, loaded, codes)
        _print_levers(result, loaded, dataset, threads)
    if out is not None:
        result.save(out, csv=True)
        print(f"written: {out}", file=sys.stderr)


def _print_result(result: Result, scenario: Scenario, codes: Iterable[str] | None) -> None:
    manifest, setting = result.manifest, scenario.setting
    futures = manifest["draws"]
    final = setting.start_year + setting.horizon_years
    cumulative = scenario.prize.basis == "cumulative"
    when = (
        f"over the {setting.horizon_years} years to {final}"
        if cumulative
        else (f"a year by {final}")
    )
    prices = "2023 prices" if scenario.prize.price_basis == "base_year" else "money of its time"
    fixed = scenario.prize.value
    prize = "the prize" if fixed is None else f"£{fixed:g}bn"
    expressed = format.gbp(number(result.groups().row(0, named=True)["prize_gbp_bn_p50"]) * 1e3)
    deflated = scenario.prize.price_basis == "base_year"

    console = plain_console()
    console.print(f"{scenario.title}: {scenario.question}\n", style="bold")
    console.print(
        "The £208bn is almost certainly the CBI's figure of December 2016, for all causes of "
        "growth and not digital alone:\nextra UK output a year, ten years on, if every area grew "
        f"as fast as the best in its region. It is read here as {prize} {when}"
        + (f", which is {expressed} at 2023 prices.\n" if deflated else ".\n")
    )
    if own := manifest.get("own_data"):
        what = "areas" if manifest["geography"] == OWN else "GVA figures"
        console.print("\n  ".join([f"Run on somebody's own {what}:", *own["notes"]]) + "\n")
    table = plain_table(
        "Area",
        "Share of\nUK GVA",
        "Share of\nthe gain",
        "in 9 of 10\nfutures",
        "against its\nshare of GVA",
        f"Its part of\n{expressed if deflated else prize}\n{when}",
        f"Digital carries\n{when}",
        "in 9 of 10\nfutures",
        left=(0, 4),
    )
    areas = result.areas()
    if codes is not None:
        areas = areas.filter(pl.col("area_code").is_in(list(codes)))
    uk = result.groups().row(0, named=True)
    gain = "gain_cumulative_gbp_m" if cumulative else "gain_final_year_gbp_m"
    error_of = gain if cumulative else f"gain_gbp_m_{final}"
    errors = {
        (code, quantity): number(error)
        for code, quantity, error in result.statistics()
        .select("area_code", "quantity", "mcse_p50")
        .iter_rows()
    }
    for row in areas.iter_rows(named=True):
        code = row["area_code"]
        share, carried = (quantiles(row, of, futures) for of in ("share", gain))
        part = number(row["prize_gbp_bn_p50"]) * 1e3
        table.add_row(
            row["area_name"],
            format.percent(row["gva_share"]),
            format.percent(share[0]),
            format.percent_range(*share[1:]),
            format.against_gva(number(row["p_share_above_gva"]), futures),
            format.gbp(part, errors[code, "prize_gbp_bn"] * 1e3),
            format.gbp(carried[0], errors[code, error_of]),
            format.gbp_range(*carried[1:]),
        )
    carried = quantiles(uk, gain, futures)
    whole = expressed if deflated or fixed is None else prize
    table.add_row(
        *(uk["area_name"], "100%", "100%", "", "", whole),
        format.gbp(carried[0], errors[uk["area_code"], error_of]),
        format.gbp_range(*carried[1:]),
    )
    console.print(table)
    reached = uk[f"p_{scenario.prize.basis}_reaches_prize"]
    console.print(
        f"\nAcross the UK, digital adoption alone reaches {prize} {when} "
        f"{format.chance(reached, futures)}.\n"
        f"The prize is in {prices}; what digital carries is at 2023 prices, before displacement, "
        "against adoption frozen at the start.\n"
        "Middle estimates are medians, which do not add up. A future is one run of the model "
        "with every uncertain assumption drawn once.\n"
        f"{futures_line(manifest)}"
    )
    if uk["share_excluded_draws"] > 0:
        console.print(
            f"Shares leave out {format.percent(uk['share_excluded_draws'])} of the futures, in "
            f"which the national gain is below {format.percent(setting.share_floor)} of GVA."
        )


def _print_levers(
    result: Result, scenario: Scenario, dataset: Dataset, threads: int | None
) -> None:
    """What the plan adds: the paired difference from the same futures without it."""
    if not scenario.moved_levers():
        return
    manifest = result.manifest
    if not result.holds_draws:
        note = "too many futures to set beside those without the plan; run fewer to see its effect"
        print(f"note: {note}", file=sys.stderr)
        return
    twin = scenario.model_copy(update={"plan": {}})
    baseline = finish(
        start(twin, Settings.of(manifest), dataset=dataset, threads=threads), "Without the plan"
    )
    added = PairedResult(result, baseline).added()
    switched = [name for name in ADJUSTMENTS if getattr(scenario.parameters, name).enabled]
    final = scenario.setting.start_year + scenario.setting.horizon_years
    planned = {code for name in scenario.plan for code in dataset.resolve(name)}
    console = plain_console()
    console.print(
        f"\nWhat the plan adds a year by {final}, beside the same futures without it "
        f"({adjusted(switched)}; sizes of effect: judgement, no causal study was found):"
    )
    table = plain_table(
        "Area", "Adds", "in 9 of 10\nfutures", "Average", "Authority's cost\nin all years"
    )
    costs = pl.concat([result.areas(), result.groups()], how="diagonal")
    metric = "gain_final_year_gbp_m"
    rows = zip(added.iter_rows(named=True), costs.iter_rows(named=True), strict=True)
    for row, cost in rows:
        if row["area_code"] in planned or row["area_code"] == "uk":
            middle, low, high = quantiles(row, metric, manifest["draws"])
            table.add_row(
                row["area_name"],
                format.gbp(middle, number(row[f"{metric}_mcse_p50"])),
                format.gbp_range(low, high),
                format.gbp(number(row[f"{metric}_mean"]), number(row[f"{metric}_mcse_mean"])),
                format.gbp(number(cost["lever_cost_cumulative_gbp_m_mean"])),
            )
    console.print(table)
