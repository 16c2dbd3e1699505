"""``gainsmodel validate``: whether scenario files may be run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from gainsmodel.cli import completion
from gainsmodel.cli.app import DataOption, app, own_folder
from gainsmodel.cli.console import show

if TYPE_CHECKING:
    from gainsmodel.present.blocks import Block


@app.command()
def validate(
    scenarios: Annotated[
        list[str],
        typer.Argument(help="scenario files or shipped names", autocompletion=completion.scenarios),
    ],
    data: DataOption = None,
) -> None:
    """Check scenario files without running them."""
    from gainsmodel.present.pages.validation import validation
    from gainsmodel.simulation.core_inputs import core_inputs
    from gainsmodel.simulation.resolve import resolve
    from gainsmodel.simulation.settings import Settings

    own = own_folder(data)

    def blocks() -> "Iterator[Block]":
        for name in scenarios:
            scenario, dataset = resolve(name, None if own is None else own.geography, own)
            core_inputs(scenario, dataset, Settings())
            yield from validation(name, scenario, dataset)

    show(blocks())
