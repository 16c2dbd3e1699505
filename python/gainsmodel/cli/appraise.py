"""``gainsmodel appraise``: what a plan adds, costs and is worth in one area."""

import json
import math
import sys
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console

from gainsmodel import format
from gainsmodel.analysis.additionality import UNVERIFIED, Waterfall, waterfall
from gainsmodel.analysis.appraisal import appraise, check_target, delay_cost
from gainsmodel.analysis.switching_values import SwitchingValues, switching_values
from gainsmodel.cli.app import (
    DataOption,
    DrawsOption,
    JsonOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    ThreadsOption,
    adjusted,
    app,
    futures_line,
    number,
    own_folder,
    plain_console,
    plain_table,
    print_elsewhere,
    progress,
    quantiles,
    stated,
)
from gainsmodel.cli.switching import print_switching
from gainsmodel.data import Dataset, Geography
from gainsmodel.data.units import unit_of
from gainsmodel.errors import ScenarioError
from gainsmodel.results.prices import Prices
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.simulation.resolve import as_scenario, figures_for
from gainsmodel.simulation.run import run_paired

AMOUNTS = {
    "added_final_year_gbp_m": "Added a year by {year}",
    "added_cumulative_gbp_m": "Added over the {years} years",
    "added_present_value_gbp_m": "Added, present value",
    "authority_cost_per_year_gbp_m": "Authority's cost a year once running",
    "authority_cost_present_value_gbp_m": "Authority's cost, present value",
    "firms_cost_present_value_gbp_m": "Firms' extra cost of adopting, present value",
    "net_present_value_gbp_m": "Net present value",
}


@app.command("appraise")
def appraise_command(
    scenario: ScenarioFile,
    area: Annotated[
        str | None, typer.Option(help="area or group (name or code); the UK if left out")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="gain to be added in the final year, £m a year")
    ] = None,
    delay: Annotated[
        float | None, typer.Option(help="also: what starting so many years later costs")
    ] = None,
    switching: Annotated[
        bool,
        typer.Option(help="also: at which value of each assumption the plan just breaks even"),
    ] = False,
    prices: Annotated[
        Prices, typer.Option(help="at base-year prices, or in money of the day")
    ] = "real",
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a plan adds, what it costs whom, and whether it pays back."""
    check_target(target)
    dataset = own_folder(data, scenario)
    loaded = as_scenario(scenario, geography, dataset)
    if not loaded.moved_levers():
        raise ScenarioError(
            f"{scenario}: every lever is at zero, so the plan adds nothing; set one, such as "
            'plan."Greater Manchester".skills = 1.0'
        )
    unit = unit_of(figures_for(loaded, dataset), area or "uk")
    settings = stated(draws=draws, seed=seed, sampler=sampler, dataset=dataset)
    with progress("Simulating") as on_progress:
        pair = run_paired(loaded, threads=threads, on_progress=on_progress, **settings)
    table = appraise(pair, target_gbp_m=target, area=unit.code, prices=prices)
    row = table.row(by_predicate=pl.col("area_code") == unit.code, named=True)
    net = waterfall(pair, unit.code, prices=prices)
    waiting = found = None
    if delay is not None:
        with progress("Simulating the delay") as on_progress:
            waiting = delay_cost(
                *(loaded, unit.code, delay),
                prices=prices,
                threads=threads,
                on_progress=on_progress,
                **settings,
            ).row(0, named=True)
    if switching:
        with progress("Looking where it breaks even") as on_progress:
            found = switching_values(
                *(loaded, unit.code),
                prices=prices,
                threads=threads,
                on_progress=on_progress,
                **settings,
            )
    if as_json:
        answer: dict[str, Any] = {"appraisal": row, "waterfall": net.to_dict(), "delay": waiting}
        answer |= {"switching": found.to_dict() if found else None, "prices": prices}
        answer |= {"manifest": pair.manifest}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _print(loaded, row, net, waiting, found, target, pair.manifest, dataset)


def _print(
    scenario: Scenario,
    row: dict[str, Any],
    net: Waterfall,
    waiting: dict[str, Any] | None,
    switching: SwitchingValues | None,
    target_gbp_m: float | None,
    manifest: dict[str, Any],
    dataset: Dataset | None,
) -> None:
    console = plain_console()
    years, futures = scenario.setting.horizon_years, manifest["draws"]
    year = scenario.setting.start_year + years
    rates = dict.fromkeys(r.rate for r in scenario.discounting.rates if r.from_year <= years)
    discounted = " then ".join(format.percent(rate) for rate in rates)
    middle, low, high = quantiles(row, "added_final_year_gbp_m", futures)
    error = number(row["added_final_year_gbp_m_mcse_mean"])
    console.print(f"{scenario.title}: {row['area_name']}\n", style="bold")
    added = format.gbp(middle, error)
    console.print(
        (
            f"What the plan adds a year by {year}: {added}. It costs "
            if added == format.TOO_FEW
            else f"The plan adds {format.about(added)} a year by {year} "
            f"({format.gbp_range(low, high)} in 9 of 10 futures) and costs "
        )
        + f"{format.gbp(number(row['authority_cost_per_year_gbp_m_mean']))} a year once running.\n"
        f"Counting what the authority and firms spend, discounted at {discounted}, it pays back "
        f"within {years} years {format.chance(number(row['p_pays_back']), futures)}."
    )
    if target_gbp_m is not None:
        console.print(
            f"It adds at least {format.goal(target_gbp_m)} a year by {year} "
            f"{format.chance(number(row['p_target']), futures)}."
        )
    if waiting is not None:
        name = "lost_net_present_value_gbp_m"
        middle, low, high = quantiles(waiting, name, futures)
        lost = format.gbp(abs(middle), number(waiting[f"{name}_mcse_mean"]))
        verb = "costs" if middle >= 0 else "saves"
        span = waiting["delay_years"]
        later = "a year later" if span == 1 else f"{span:g} years later"
        console.print(
            f"Starting every lever {later}: {lost}."
            if lost == format.TOO_FEW
            else f"Starting every lever {later} {verb} {format.about(lost)} "
            f"of net present value (loss in 9 of 10 futures: {format.gbp_range(low, high)})."
        )
    print_elsewhere(console, [scenario], row["area_code"], dataset=dataset)
    table = plain_table("", "Middle", "in 9 of 10\nfutures", "Average")
    for name, label in AMOUNTS.items():
        middle, low, high = quantiles(row, name, futures)
        error = number(row[f"{name}_mcse_mean"])
        table.add_row(
            label.format(year=year, years=years),
            format.gbp(middle, error),
            format.gbp_range(low, high),
            format.gbp(number(row[f"{name}_mean"]), error),
        )
    ratio = quantiles(row, "benefit_cost_ratio", futures)
    if math.isfinite(ratio[0]):
        of_ratio = [format.gbp_for_each_pound(end) for end in ratio]
        certain = ratio[1] == ratio[2]
        spread = "the same in every future" if certain else " to ".join(dict.fromkeys(of_ratio[1:]))
        table.add_row("Benefit for each £1 spent", of_ratio[0], spread, "")
    console.print(table)
    if switching is not None:
        print_switching(console, switching)
    _print_waterfall(console, net)
    switched = [n for n in ADJUSTMENTS if getattr(scenario.parameters, n).enabled]
    console.print(
        f"\n{_money(scenario, net.prices)}, {adjusted(switched)}; costs are gross. "
        "Sizes of effect and costs: judgement, no causal study was found.\n"
        "Averages add up; middle estimates do not.\n"
        f"{futures_line(manifest)}"
    )


def _money(scenario: Scenario, prices: Prices) -> str:
    """In which money the amounts are."""
    if prices == "real":
        return "At 2023 prices"
    inflation = scenario.parameters.inflation_per_year
    return (
        "In money of the day (GDP deflator, then "
        f"{format.percent(inflation.value)} a year, {inflation.evidence}), present values in that "
        f"of {scenario.setting.start_year}"
    )


def _print_waterfall(console: Console, net: Waterfall) -> None:
    """From gross to net as the area, its region and the UK see it; nothing where all are off."""
    if not net.switched_on:
        return
    table = plain_table("", "Average", "in 9 of 10\nfutures")
    for (place,), steps in net.table.group_by(["area_name"], maintain_order=True):
        table.add_row(f"Seen from {place}", "", "")
        for step in steps.iter_rows(named=True):
            off = " (off)" if step["switched_on"] is False else ""
            average, low, high, error = (
                number(step[f"amount_gbp_m_{name}"]) for name in ("mean", "p05", "p95", "mcse_mean")
            )
            amount = format.gbp(average, error if average else 0.0)
            table.add_row(f"  {step['label']}{off}", amount, format.gbp_range(low, high))
    places = {"leakage", "multiplier"} & {*net.switched_on}
    if places and net.table["viewpoint"][0] == "uk":
        console.print(
            "\nAbove, leakage and the multiplier count as one area sees them. Within the UK "
            "nothing leaks and nothing is drawn in, as below."
        )
    console.print(f"\nFrom gross to net, {net.when}:")
    console.print(table)
    console.print(UNVERIFIED)
