"""``gainsmodel plan``: the package of levers that is best for the money."""

from typing import Annotated

import typer

from gainsmodel.choices import Goal
from gainsmodel.cli.app import (
    AreaOption,
    DataOption,
    DrawsOption,
    GeographyOption,
    JsonOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    ThreadsOption,
    app,
    note_of_areas,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show


@app.command("plan")
def plan_command(
    scenario: ScenarioFile,
    area: AreaOption,
    budget: Annotated[
        float | None,
        typer.Option(
            help="£m a year once running, of expected cost (with optimism bias, at the take-up "
            "that is expected); by default the cost of all levers"
        ),
    ] = None,
    budget_per_head: Annotated[
        float | None,
        typer.Option(help="£ per resident a year; if both budgets are given, the tighter applies"),
    ] = None,
    objective: Annotated[Goal, typer.Option(help="what is maximised")] = "net_present_value",
    target_gbp_m: Annotated[
        float | None, typer.Option("--target", help="£m a year in the final year, for p_target")
    ] = None,
    intensity: Annotated[
        list[float] | None,
        typer.Option(help="an intensity to try (repeatable); quarters by default"),
    ] = None,
    start: Annotated[
        list[float] | None,
        typer.Option(
            help="a year in which a lever may start (repeatable); by default as in the scenario"
        ),
    ] = None,
    stability: Annotated[
        bool, typer.Option(help="also try other draws and other structures of the model")
    ] = True,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    search_draws: Annotated[
        int | None, typer.Option(help="draws to try packages on; 2,000 by default")
    ] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the package of levers that is best for the money."""
    from gainsmodel.analysis.optimise.plan import plan
    from gainsmodel.present.pages.optimise import optimise

    dataset = own_folder(data)
    with progress("Searching") as on_progress:
        best = plan(
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
                dataset=dataset,
                draws=draws,
                search_draws=search_draws,
                seed=seed,
                sampler=sampler,
                threads=threads,
            ),
        )
    if as_json:
        print_json(best.to_dict())
    else:
        show([*optimise(best), *note_of_areas(scenario, geography, dataset)])
