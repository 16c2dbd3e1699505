"""``gainsmodel target``, ``plan`` and ``discover``: reaching a target, and when that fails."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from gainsmodel import format
from gainsmodel.analysis.discovery import Discovery, discover
from gainsmodel.analysis.goal_seek import GoalSeek, goal_seek
from gainsmodel.analysis.optimise.plan import Goal, Plan, plan
from gainsmodel.analysis.target import Of, target
from gainsmodel.cli.app import (
    DataOption,
    JsonOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    ThreadsOption,
    app,
    number,
    own_folder,
    plain_console,
    plain_table,
    print_elsewhere,
    progress,
    stated,
)
from gainsmodel.data import Geography
from gainsmodel.errors import SettingError

AreaOption = Annotated[str, typer.Option(help="area or group, name or code")]
GeographyOption = Annotated[
    Geography | None, typer.Option(help="instead of the scenario's geography")
]
OfOption = Annotated[
    Of, typer.Option("--of", help="what the plan adds, or what digital adoption carries in all")
]
GRADES = "Sizes of effect and costs: judgement unless said otherwise; no causal study was found."


# Rows of a frontier that are printed; --json has all.
SHOWN = 12


@app.command("target")
def target_command(
    scenario: ScenarioFile,
    area: AreaOption,
    gain: Annotated[float | None, typer.Option(help="target: £m a year in the final year")] = None,
    of_gva: Annotated[
        float | None, typer.Option(help="target: share of the area's GVA, 0.01 for 1%")
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(help="target: share of the national gain, or 'gva' for the share of GVA"),
    ] = None,
    of: OfOption = "added",
    probability: Annotated[
        float | None,
        typer.Option(help="also: what reaches --gain with this probability, such as 0.8"),
    ] = None,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: Annotated[int | None, typer.Option(help="futures to simulate")] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """How likely a plan reaches a target, and how much of it, or how little money, would."""
    if probability is not None and gain is None:
        raise SettingError("--probability: goes with --gain, £m a year")
    dataset = own_folder(data)
    settings = stated(draws=draws, seed=seed, sampler=sampler, geography=geography, threads=threads)
    settings |= stated(dataset=dataset)
    with progress("Simulating") as on_progress:
        found = target(
            scenario,
            area,
            gain_gbp_m=gain,
            gain_share_of_gva=of_gva,
            share=_share(share),
            of=of,
            on_progress=on_progress,
            **settings,
        )
    reached = None
    if probability is not None and gain is not None:
        with progress("Trying") as on_progress:
            reached = goal_seek(
                scenario, area, gain, probability, of=of, on_progress=on_progress, **settings
            )
    if as_json:
        _print_json(
            {"target": found.to_dict(), "reach": None if reached is None else reached.to_dict()}
        )
        return
    console = plain_console()
    console.print("\n".join(found.summary))
    if of == "added":
        print_elsewhere(console, [scenario], area, geography, dataset)
    console.print(format.chance_error(found.p, found.p_mcse, found.draws))
    console.print(f"{format.count(found.draws)}, seed {found.seed}.")
    if reached is not None:
        _print_reach(console, reached)
    elif found.of == "added":
        console.print(GRADES)


def _share(text: str | None) -> Any:
    """A share as a number, or what stands for one."""
    if text is None or text == "gva":
        return text
    try:
        return float(text)
    except ValueError:
        raise SettingError(
            f"--share: must be a number such as 0.05, or 'gva', not {text!r}"
        ) from None


def _print_reach(console: Console, found: GoalSeek) -> None:
    console.print("\n" + "\n".join(found.summary))
    if found.levers.height:
        table = plain_table(
            "Lever", "Intensity", "Cost a year", "Evidence for the cost", left=(0, 3)
        )
        for row in found.levers.iter_rows(named=True):
            table.add_row(
                row["label"],
                format.intensity(row["intensity"]),
                format.cost(row["cost_gbp_m_per_year"]),
                row["evidence"],
            )
        console.print()
        console.print(table)
    console.print(
        f"\n{GRADES}\n{format.count(found.draws)}, seed {found.seed}, {found.runs} plans run."
    )


@app.command("plan")
def plan_command(
    scenario: ScenarioFile,
    area: AreaOption,
    budget: Annotated[
        float | None, typer.Option(help="£m a year once running; without one, what all levers cost")
    ] = None,
    budget_per_head: Annotated[
        float | None, typer.Option(help="£ a resident and year; the tighter one holds")
    ] = None,
    objective: Annotated[Goal, typer.Option(help="what is maximised")] = "net_present_value",
    target_gbp_m: Annotated[
        float | None, typer.Option("--target", help="£m a year in the final year, for p_target")
    ] = None,
    intensity: Annotated[
        list[float] | None,
        typer.Option(help="an intensity to try (repeatable); quarters if left out"),
    ] = None,
    start: Annotated[
        list[float] | None,
        typer.Option(help="a year in which a lever may start (repeatable); as the scenario says"),
    ] = None,
    stability: Annotated[
        bool, typer.Option(help="try other futures and other structures of the model too")
    ] = True,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: Annotated[
        int | None, typer.Option(help="futures to simulate; 2,000 if left out")
    ] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the package of levers that is best for the money."""
    with progress("Trying") as on_progress:
        found = plan(
            scenario,
            area,
            budget_gbp_m_per_year=budget,
            budget_gbp_per_head=budget_per_head,
            objective=objective,
            target_gbp_m=target_gbp_m,
            stability=stability,
            on_progress=on_progress,
            **stated(
                intensities=intensity or None,
                starts=start or None,
                geography=geography,
                dataset=own_folder(data),
                draws=draws,
                seed=seed,
                sampler=sampler,
                threads=threads,
            ),
        )
    if as_json:
        _print_json(found.to_dict())
    else:
        _print_plan(found)


def _print_plan(found: Plan) -> None:
    console = plain_console()
    console.print(f"The best package for the money: {found.area}\n", style="bold")
    console.print("\n".join(found.summary))
    of_target = found.objective == "p_target"

    def value(amount: float, error: float = 0.0) -> str:
        if of_target:
            return f"{100 * amount:.0f} in 100"
        return format.gbp(amount, error if amount else 0.0)

    if found.order.height:
        console.print("\nBought one after the other, the most for its money first", style="bold")
        raises = "Raises the\nchance by" if of_target else "Adds to\nthe value"
        table = plain_table(
            "Lever", "", "Cost a year", "Evidence\nfor the cost", raises, left=(0, 3)
        )
        for row in found.order.iter_rows(named=True):
            start = row["start_years"]
            table.add_row(
                row["label"],
                format.whole_percent(row["intensity"])
                + ("" if start is None else f" from year {start:g}"),
                format.cost(row["cost_gbp_m_per_year"]),
                row["evidence"],
                value(row["gain"], row["gain_mcse"]),
            )
        console.print(table)
    console.print("\nThe best for each sum", style="bold")
    heading = {
        "net_present_value": "Net present\nvalue, average",
        "worst_tenth": "Net present value,\nworst tenth",
        "p_target": "Reaches the\ntarget",
    }[found.objective]
    table = plain_table(
        "Cost a year",
        "£ a head",
        heading,
        "Net present value in\n9 of 10 futures",
        "Levers",
        left=(4,),
    )
    last = found.frontier.height - 1
    shown = {round(last * i / (SHOWN - 1)) for i in range(SHOWN)}
    for row in found.frontier[sorted(shown)].iter_rows(named=True):
        low, high = (number(row[f"net_present_value_gbp_m_{q}"]) for q in ("p05", "p95"))
        table.add_row(
            format.cost(row["cost_gbp_m_per_year"]),
            f"£{row['cost_gbp_per_head']:.2f}",
            value(row["objective"], row["objective_mcse"]),
            format.gbp_range(low, high) if row["cost_gbp_m_per_year"] else "£0",
            row["levers"],
        )
    console.print(table)
    if found.regret.height:
        console.print("\nElsewhere", style="bold")
        table = plain_table("", "Loss", "Best there", left=(0, 2))
        for row in found.regret.iter_rows(named=True):
            loss = "none" if row["same"] else value(row["regret"], row["regret_mcse"])
            table.add_row(row["variant"], loss, "the same" if row["same"] else row["best"])
        console.print(table)
    console.print("\n" + "\n".join(found.notes))
    console.print(f"{format.count(found.draws)}, seed {found.seed}.")


@app.command("discover")
def discover_command(
    scenario: ScenarioFile,
    area: AreaOption,
    target_gbp_m: Annotated[
        float, typer.Option("--target", help="what the plan is to add a year, £m")
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="an assumption, or a pattern, to look at (repeatable); all if left out"),
    ] = None,
    density: Annotated[
        float | None, typer.Option(help="share of misses at which conditions are sharp enough")
    ] = None,
    boxes: Annotated[int, typer.Option(help="sets of conditions at most")] = 3,
    conditions: Annotated[int, typer.Option(help="conditions in a set at most")] = 3,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: Annotated[int | None, typer.Option(help="futures to simulate")] = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Under which conditions a plan misses its target."""
    dataset = own_folder(data)
    with progress("Simulating") as on_progress:
        found = discover(
            scenario,
            area,
            target_gbp_m,
            parameters=parameter or None,
            density=density,
            most_boxes=boxes,
            most_conditions=conditions,
            on_progress=on_progress,
            **stated(geography=geography, draws=draws, seed=seed, threads=threads),
            dataset=dataset,
        )
    if as_json:
        _print_json(found.to_dict())
    else:
        _print_discovery(found)
        print_elsewhere(plain_console(), [scenario], area, geography, dataset)


def _print_discovery(found: Discovery) -> None:
    console = plain_console()
    console.print(f"When the plan fails: {found.area}\n", style="bold")
    console.print("\n".join(found.summary))
    for box in found.boxes.iter_rows(named=True):
        console.print(f"\nConditions {box['box']}", style="bold")
        table = plain_table("If", "Evidence", left=(0, 1))
        for limit in found.limits.iter_rows(named=True):
            if limit["box"] == box["box"]:
                table.add_row(limit["words"], limit["evidence"])
        console.print(table)
        dense, covered = (
            f"{100 * box[name]:.0f} in 100 ({100 * box[f'{name}_low']:.0f} to "
            f"{100 * box[f'{name}_high']:.0f})"
            for name in ("density", "coverage")
        )
        console.print(
            f"Of the futures within, {dense} miss; of all misses, {covered} are within. "
            f"{format.whole_percent(box['support'])} of all futures are within."
        )
    console.print("\n" + "\n".join(found.notes))
    console.print(f"{format.count(found.draws)}, seed {found.seed}.")


def _print_json(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n")
