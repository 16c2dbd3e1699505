"""``gainsmodel allocate``: a budget split between places."""

from pathlib import Path
from typing import Annotated

import typer

from gainsmodel.choices import Goal, Viewpoint
from gainsmodel.cli.app import (
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


@app.command("allocate")
def allocate_command(
    scenario: ScenarioFile,
    place: Annotated[
        list[str],
        typer.Option(help="an area, or one group for all its areas (repeatable)"),
    ],
    budget: Annotated[
        float | None, typer.Option(help="£m that may be spent in any one year, of expected cost")
    ] = None,
    budget_in_all: Annotated[
        float | None, typer.Option(help="£m that may be spent in all years together")
    ] = None,
    objective: Annotated[Goal, typer.Option(help="what is maximised")] = "net_present_value",
    viewpoint: Annotated[
        Viewpoint,
        typer.Option(help="gains as the places see them, or as the UK does"),
    ] = "local",
    target_gbp_m: Annotated[
        float | None,
        typer.Option("--target", help="£m a year in the final year, of all, for p_target"),
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(help="TOML file of floors, ceilings, chances, years and weights"),
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
    fairness: Annotated[
        bool, typer.Option(help="also show what floors under each place's gain a head cost")
    ] = True,
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
    """Split a budget between places, their levers and starts."""
    from gainsmodel.analysis.optimise.allocate import allocate
    from gainsmodel.present.pages.allocation import allocation

    dataset = own_folder(data)
    with progress("Searching") as on_progress:
        split = allocate(
            scenario,
            place,
            budget_gbp_m_per_year=budget,
            budget_gbp_m=budget_in_all,
            objective=objective,
            viewpoint=viewpoint,
            target_gbp_m=target_gbp_m,
            terms=terms,
            fairness=fairness,
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
        print_json(split.to_dict())
    else:
        show([*allocation(split), *note_of_areas(scenario, geography, dataset)])
