"""``gainsmodel condition``: learn from evidence, and write the scenario that has learnt."""

import sys
from pathlib import Path
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
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show


@app.command("condition")
def condition_command(
    plan: Annotated[
        str,
        typer.Argument(help="scenario to condition", autocompletion=completion.scenarios),
    ],
    evidence: Annotated[
        str, typer.Argument(help="evidence file, or the name of a shipped one such as bics_ai")
    ],
    area: Annotated[
        str | None,
        typer.Option(
            help="area or group to show before and after; the UK by default",
            autocompletion=completion.areas,
        ),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="name of a row that is only compared with (repeatable)"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="file for the conditioned scenario, which every verb takes"),
    ] = None,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from surveys and evaluations: choose the futures that could have given them."""
    from gainsmodel.data.units import unit_of
    from gainsmodel.errors import ResultError, SettingError
    from gainsmodel.evidence.condition import condition
    from gainsmodel.files import write_file
    from gainsmodel.present.pages.condition import condition as page
    from gainsmodel.scenario import to_toml
    from gainsmodel.simulation.resolve import as_scenario, figures_for

    if out is not None and out.suffix != ".toml":
        raise SettingError(f"out: must be a file that ends in .toml, not {str(out)!r}")
    dataset = own_folder(data, plan)
    if area is not None:
        unit_of(figures_for(as_scenario(plan, geography, dataset), dataset), area)
    with progress("Conditioning on evidence") as on_progress:
        learned = condition(
            plan,
            evidence,
            held_out=held_out or (),
            on_progress=on_progress,
            **stated(
                draws=draws,
                seed=seed,
                sampler=sampler,
                geography=geography,
                dataset=dataset,
                threads=threads,
            ),
        )
    if out is not None:
        write_file(out, to_toml(learned.scenario).encode(), ResultError)
    if as_json:
        print_json(learned.to_dict())
    else:
        show(page(learned, area))
    if out is not None:
        print(f"written: {out}", file=sys.stderr)
