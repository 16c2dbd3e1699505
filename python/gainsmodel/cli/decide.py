"""``gainsmodel sensitivity`` and ``voi``: what drives an answer, what knowing it is worth."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from gainsmodel import format
from gainsmodel.analysis.sensitivity import OF_PLAN, Output, Sensitivity, sensitivity
from gainsmodel.analysis.voi import ValueOfInformation, voi
from gainsmodel.cli.app import (
    DataOption,
    ScenarioFile,
    app,
    own_folder,
    plain_console,
    plain_table,
    print_elsewhere,
    progress,
)
from gainsmodel.data import Geography

# Shares of the variance below are printed as 0.0%.
LEAST_SHOWN = 0.0005
NOT_DISTINGUISHABLE = "not distinguishable from zero"
ANSWERS = {
    "share": "its share",
    "gain_final_year_gbp_m": "what digital carries in the final year",
    "gain_cumulative_gbp_m": "what digital carries in all years",
    "plan_adds": "what the plan adds in the final year",
    "p_target": "whether the plan adds enough in the final year",
}


@app.command("sensitivity")
def sensitivity_command(
    scenario: ScenarioFile,
    output: Annotated[Output, typer.Option(help="the answer")] = "gain_final_year_gbp_m",
    area: Annotated[str, typer.Option(help="area or group, name or code")] = "uk",
    target_gbp_m: Annotated[
        float | None,
        typer.Option(
            "--target", "--target-gbp-m", help="for p_target: what the plan is to add a year, £m"
        ),
    ] = None,
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    data: DataOption = None,
    draws: Annotated[int, typer.Option(help="futures in each sample")] = 10_000,
    seed: Annotated[int, typer.Option(help="same seed, same answer")] = 1,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
) -> None:
    """Which assumptions drive an answer."""
    dataset = own_folder(data)
    with progress("Simulating") as on_progress:
        found = sensitivity(
            scenario,
            output,
            area,
            target_gbp_m=target_gbp_m,
            draws=draws,
            seed=seed,
            geography=geography,
            dataset=dataset,
            threads=threads,
            on_progress=on_progress,
        )
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        _print_sensitivity(found)
        if output in OF_PLAN:
            print_elsewhere(plain_console(), [scenario], area, geography, dataset)


def _print_sensitivity(found: Sensitivity) -> None:
    console = plain_console()
    console.print(
        f"{found.area}: what drives {ANSWERS[found.output]} ({found.unit})\n", style="bold"
    )
    table = plain_table(
        "Assumptions",
        "Share of the variance\nalone",
        "together with\nothers",
        "Middle answer if they are\nlow … high",
        left=(0, 3),
    )
    bars = {row["group"]: row for row in found.tornado.iter_rows(named=True)}
    show = format.gbp if found.unit.startswith("£m") else format.percent

    def index(row: dict[str, Any], name: str) -> str:
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        if low <= 0 <= high:
            return NOT_DISTINGUISHABLE
        return f"{row[name]:.1%} ({low:.1%} to {high:.1%})"

    for row in found.indices.iter_rows(named=True):
        bar = bars[row["group"]]
        ends = (
            without_a_line(row)
            if bar["leading"] is None
            else " … ".join(show(bar[end]) for end in ("low", "high"))
        )
        table.add_row(row["label"], index(row, "first"), index(row, "total"), ends)
    console.print(table)
    table = plain_table("Choice in the model itself", "", "Middle answer", left=(0, 1))
    for row in found.structure.iter_rows(named=True):
        in_use = "as it is" if row["in_use"] else ""
        table.add_row(f"{row['switch']} = {row['choice']}", in_use, show(row["middle"]))
    console.print()
    console.print(table)
    said = [found.disagreement] if found.disagreement else []
    console.print(
        f"\nMiddle answer as it is: {show(found.tornado['middle'][0])}. In brackets: 95% intervals "
        "of the simulation.\n" + "\n".join([*found.caveats, *said, *found.notes])
    )
    _print_left_out(console, found.left_out)
    console.print(f"{format.count(found.draws)} in each sample, seed {found.seed}.")


def without_a_line(row: Mapping[str, Any]) -> str:
    """What to say of the middle answer where no single number of a group is seen to move it.

    A group may take part in the variance all the same: what a cap cuts off, or what only matters
    together with something else, moves no middle.
    """
    acts = row["distinguishable"] and row["total"] >= LEAST_SHOWN
    return "only with others, or in extreme futures" if acts else "not seen to move it"


@app.command("voi")
def voi_command(
    scenarios: Annotated[list[str], typer.Argument(help="the plans to choose from")],
    area: Annotated[str, typer.Option(help="area or group whose net benefit is meant")],
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    data: DataOption = None,
    draws: Annotated[int, typer.Option(help="futures to simulate")] = 20_000,
    seed: Annotated[int, typer.Option(help="same seed, same answer")] = 1,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
) -> None:
    """What it would be worth to know more before choosing a plan, or none."""
    dataset = own_folder(data)
    with progress("Simulating") as on_progress:
        found = voi(
            scenarios,
            area,
            draws=draws,
            seed=seed,
            geography=geography,
            dataset=dataset,
            threads=threads,
            on_progress=on_progress,
        )
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        _print_voi(found)
        print_elsewhere(plain_console(), scenarios, area, geography, dataset)


def _print_voi(found: ValueOfInformation) -> None:
    console = plain_console()
    console.print(f"What knowing more is worth, {found.area}\n", style="bold")
    table = plain_table(
        "Option", "Net benefit\non average", "in 9 of 10\nfutures", "Best", left=(0, 3)
    )
    for row in found.options.iter_rows(named=True):
        mean, error, low, high = (
            row[f"net_benefit_gbp_m_{s}"] for s in ("mean", "mcse_mean", "p05", "p95")
        )
        chance = format.chance(row["p_best"], found.draws)
        table.add_row(row["option"], format.gbp(mean, error), format.gbp_range(low, high), chance)
    console.print(table)
    table = plain_table("Assumptions", "Worth knowing,\nabout", "Evidence", left=(0, 2))
    for row in found.groups.iter_rows(named=True):
        worth = (
            f"{format.gbp(row['evppi_gbp_m'], row['mcse_gbp_m'])} ± {row['mcse_gbp_m']:.2g}m"
            if row["distinguishable"]
            else NOT_DISTINGUISHABLE
        )
        table.add_row(row["label"], worth, row["evidence"])
    if found.groups.height:
        console.print()
        console.print(table)
    console.print("\n" + "\n".join([*found.summary, *found.notes]))
    _print_left_out(console, found.left_out)
    console.print(
        "Net benefit: present value at 2023 prices of the gain less what firms spend on adopting "
        "and what the levers cost,\nagainst doing nothing. Sizes of effect and costs are "
        f"judgement.\n{format.count(found.draws)}, seed {found.seed}."
    )


def _print_left_out(console: Console, left_out: dict[str, str]) -> None:
    for label, reason in left_out.items():
        console.print(f"Left out: “{label}”, {reason}.")
