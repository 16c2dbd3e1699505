"""``gainsmodel discover``: under which conditions a plan misses its target."""

from typing import Annotated

import typer

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
    no_lever_in,
    note_of_areas,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show


@app.command("discover")
def discover_command(
    scenario: ScenarioFile,
    area: AreaOption,
    target_gbp_m: Annotated[
        float, typer.Option("--target", help="target: what the plan should add a year, £m")
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="assumption or pattern to look at (repeatable); all by default"),
    ] = None,
    density: Annotated[
        float | None, typer.Option(help="share of misses at which conditions are sharp enough")
    ] = None,
    boxes: Annotated[int, typer.Option(help="largest number of sets of conditions")] = 3,
    conditions: Annotated[int, typer.Option(help="largest number of conditions in a set")] = 3,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    search_draws: Annotated[
        int | None,
        typer.Option(help="random draws to find and judge conditions on; 10,000 by default"),
    ] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Conditions under which a plan misses its target."""
    from gainsmodel.analysis.discovery import discover
    from gainsmodel.present.pages.discovery import discovery

    dataset = own_folder(data)
    with progress("Simulating") as on_progress:
        misses = discover(
            scenario,
            area,
            target_gbp_m,
            parameters=parameter or None,
            density=density,
            most_boxes=boxes,
            most_conditions=conditions,
            on_progress=on_progress,
            **stated(
                draws=draws,
                search_draws=search_draws,
                seed=seed,
                sampler=sampler,
                geography=geography,
                dataset=dataset,
                threads=threads,
            ),
        )
    if as_json:
        print_json(misses.to_dict())
    else:
        idle = no_lever_in(area, [scenario], geography, dataset)
        show([*discovery(misses, idle), *note_of_areas(scenario, geography, dataset)])
