"""``gainsmodel info``, ``schema``, ``glossary``: what there is, what it means."""

import json
from typing import Annotated

import typer

from gainsmodel.cli.app import app
from gainsmodel.cli.console import show


@app.command()
def info() -> None:
    """Version, build, machine, shipped scenarios."""
    from gainsmodel.data import GEOGRAPHIES
    from gainsmodel.results.manifest import build_info
    from gainsmodel.scenario import load_scenario, shipped_scenarios

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
    from gainsmodel.scenario import json_schema

    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@app.command("glossary")
def glossary_command(
    words: Annotated[
        list[str] | None, typer.Argument(help="words to explain; all by default")
    ] = None,
) -> None:
    """What the words on screen mean."""
    from gainsmodel.present import glossary
    from gainsmodel.present.blocks import Words

    meanings = {word: glossary.explain(word) for word in words} if words else glossary.terms()
    show(Words(f"{word}: {meaning}") for word, meaning in meanings.items())
