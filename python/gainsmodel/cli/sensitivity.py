"""``gainsmodel sensitivity``: which assumptions drive an answer."""

from typing import Annotated

import typer

from gainsmodel.choices import Output
from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DataOption,
    GeographyOption,
    JsonOption,
    ScenarioFile,
    ThreadsOption,
    app,
    no_lever_in,
    note_of_areas,
    own_folder,
    progress,
)
from gainsmodel.cli.console import print_json, show


@app.command("sensitivity")
def sensitivity_command(
    scenario: ScenarioFile,
    output: Annotated[Output, typer.Option(help="the answer")] = "gain_final_year_gbp_m",
    area: Annotated[
        str, typer.Option(help="area or group, name or code", autocompletion=completion.areas)
    ] = "uk",
    target_gbp_m: Annotated[
        float | None,
        typer.Option(
            "--target", "--target-gbp-m", help="for p_target: what the plan should add a year, £m"
        ),
    ] = None,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: Annotated[int, typer.Option(help="draws in each sample")] = 10_000,
    seed: Annotated[int, typer.Option(help="random seed: the same seed gives the same answer")] = 1,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which assumptions drive an answer."""
    from gainsmodel.analysis.sensitivity import OF_PLAN, sensitivity
    from gainsmodel.present.pages.sensitivity import sensitivity as page

    dataset = own_folder(data)
    with progress("Simulating") as on_progress:
        drivers = sensitivity(
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
        print_json(drivers.to_dict())
        return
    idle = no_lever_in(area, [scenario], geography, dataset) if output in OF_PLAN else ""
    show([*page(drivers, idle), *note_of_areas(scenario, geography, dataset)])
