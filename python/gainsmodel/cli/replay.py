"""``gainsmodel replay``: a run again from its manifest, by its own version or by this one."""

from pathlib import Path
from typing import Annotated

import typer

from gainsmodel.cli import completion
from gainsmodel.cli.app import DataOption, JsonOption, ThreadsOption, app, own_folder, progress
from gainsmodel.cli.console import print_json, show
from gainsmodel.errors import ResultError


@app.command("replay")
def replay_command(
    manifest: Annotated[
        Path,
        typer.Argument(help="a manifest.json or other record, or the folder of a saved run"),
    ],
    here: Annotated[
        bool,
        typer.Option("--here", help="by this version, with what differs from then and why"),
    ] = False,
    area: Annotated[
        str | None,
        typer.Option(help="area or group, name or code", autocompletion=completion.areas),
    ] = None,
    data: DataOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run again what a manifest records; one of another version says how to."""
    from gainsmodel.analysis.replay_here import replay_here
    from gainsmodel.cli.run import run_command
    from gainsmodel.present.pages.replay import replayed
    from gainsmodel.results.editions import command, differences
    from gainsmodel.results.manifest import read_manifest

    wanted = read_manifest(manifest)
    if here:
        dataset = own_folder(data)
        with progress("Replaying") as on_progress:
            answer = replay_here(
                manifest, area, dataset=dataset, threads=threads, on_progress=on_progress
            )
        if as_json:
            print_json(
                {
                    "version": answer.version,
                    "differs": answer.differs,
                    "model": answer.model,
                    "data": answer.data,
                    "generators": answer.generators,
                    "figures": answer.table.to_dicts(),
                }
            )
        else:
            show(replayed(answer))
        return
    if differs := differences(wanted):
        raise ResultError(
            f"{manifest}: was made by another version: {'; '.join(differs)}; in a clone of the "
            f"project, that version replays it: {command(wanted, manifest)}\n"
            "or this version, with what differs and why: add --here"
        )
    run_command(
        str(manifest),
        area=None if area is None else [area],
        data=data,
        threads=threads,
        as_json=as_json,
    )
