"""``gainsmodel validate``, ``info``, ``schema``, ``glossary``: what there is, what it means."""

import json
from typing import Annotated

import typer

from gainsmodel.cli.app import DataOption, app, own_folder
from gainsmodel.data import GEOGRAPHIES
from gainsmodel.present import glossary
from gainsmodel.results.manifest import build_info
from gainsmodel.scenario import json_schema, load_scenario, shipped_scenarios
from gainsmodel.simulation.core_inputs import core_inputs
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.settings import Settings


@app.command()
def validate(
    scenarios: Annotated[list[str], typer.Argument(help="scenario files or shipped names")],
    data: DataOption = None,
) -> None:
    """Check scenario files without running them."""
    own = own_folder(data)
    for name in scenarios:
        scenario, dataset = resolve(name, None if own is None else own.geography, own)
        core_inputs(scenario, dataset, Settings())
        own_name = dataset.own_name
        on = "" if own_name is None else f" on {own_name}, {dataset.areas.height} areas"
        print(f"{name}: valid{on}: {scenario.title}")
        for path, stated, simulated in scenario.ranges_missed():
            print(
                f"  note: {path}: 9 in 10 stated as {stated[0]:g} to {stated[1]:g}, simulated as "
                f"{simulated[0]:.2g} to {simulated[1]:.2g}: the median is not in the middle"
            )


@app.command()
def info() -> None:
    """Version, build, machine, shipped scenarios."""
    build = build_info()
    for name, value in build.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        print(f"{name}: {shown}")
    print(f"geographies: {', '.join(GEOGRAPHIES)}")
    print("scenarios:")
    for name in shipped_scenarios():
        print(f"  {name}: {load_scenario(name).title}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@app.command("glossary")
def glossary_command(
    words: Annotated[list[str] | None, typer.Argument(help="all of them, if left out")] = None,
) -> None:
    """What the words on screen mean."""
    meanings = {word: glossary.explain(word) for word in words} if words else glossary.terms()
    for word, meaning in meanings.items():
        print(f"{word}: {meaning}")
