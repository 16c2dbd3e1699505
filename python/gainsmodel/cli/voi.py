"""``gainsmodel voi``: value of information before choosing between plans."""

from typing import Annotated

import typer

from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DataOption,
    DrawsOption,
    GeographyOption,
    JsonOption,
    SamplerOption,
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


@app.command("voi")
def voi_command(
    scenarios: Annotated[
        list[str],
        typer.Argument(help="the plans to choose from", autocompletion=completion.scenarios),
    ],
    area: Annotated[
        str,
        typer.Option(
            help="area or group whose net benefit counts", autocompletion=completion.areas
        ),
    ],
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    study_draws: Annotated[
        int | None,
        typer.Option(
            help="random draws behind the value of groups of assumptions; 20,000 by default"
        ),
    ] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Value of information before choosing between plans, or none."""
    from gainsmodel.analysis.voi import voi
    from gainsmodel.present.pages.voi import voi as page

    dataset = own_folder(data)
    with progress("Calculating the value of information") as on_progress:
        value = voi(
            scenarios,
            area,
            on_progress=on_progress,
            **stated(
                draws=draws,
                study_draws=study_draws,
                seed=seed,
                sampler=sampler,
                geography=geography,
                dataset=dataset,
                threads=threads,
            ),
        )
    if as_json:
        print_json(value.to_dict())
    else:
        idle = no_lever_in(area, scenarios, geography, dataset)
        show([*page(value, idle), *note_of_areas(scenarios[0], geography, dataset)])
