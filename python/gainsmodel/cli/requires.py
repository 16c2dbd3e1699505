"""``gainsmodel requires``: what would have to be true for the prize, or a target."""

from typing import Annotated

import typer

from gainsmodel.choices import Of, Reading
from gainsmodel.cli import completion
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
    no_lever_in,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show


@app.command("requires")
def requires_command(
    scenario: ScenarioFile,
    area: Annotated[
        str,
        typer.Option(
            "--area",
            help="area or group, name or code; the prize is the UK's",
            autocompletion=completion.areas,
        ),
    ] = "uk",
    target_gbp_m: Annotated[
        float | None,
        typer.Option("--target", help="target: £m a year in the final year; the prize by default"),
    ] = None,
    of: Annotated[
        Of,
        typer.Option("--of", help="of a target: what the plan adds, or the whole digital gain"),
    ] = "added",
    reading: Annotated[
        Reading | None,
        typer.Option("--reading", help="reading of the prize to use instead of the scenario's"),
    ] = None,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    search_draws: Annotated[
        int | None,
        typer.Option(help="draws at each value that is tried; 1,000 by default"),
    ] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What would have to be true for the £208bn, or a target, to be reached."""
    from gainsmodel.analysis.would_have_to_be_true import would_have_to_be_true
    from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true as page

    dataset = own_folder(data)
    with progress("Simulating") as on_progress:
        answer = would_have_to_be_true(
            *(scenario, area, target_gbp_m),
            of=of,
            on_progress=on_progress,
            **stated(
                reading=reading,
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
        print_json(answer.to_dict())
        return
    added = answer.target_gbp_m is not None and answer.of == "added"
    show(page(answer, no_lever_in(area, [scenario], geography, dataset) if added else ""))
