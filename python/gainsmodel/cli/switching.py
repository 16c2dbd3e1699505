"""Where a plan breaks even, as ``gainsmodel appraise --switching`` prints it."""

from rich.console import Console

from gainsmodel.analysis.switching_values import SwitchingValues
from gainsmodel.cli.app import plain_table


def print_switching(console: Console, found: SwitchingValues) -> None:
    """What would have to be true for the plan just to break even."""
    console.print("\nWhere the plan just breaks even, one assumption at a time", style="bold")
    console.print("\n".join(found.summary))
    rows = found.in_words
    table = plain_table(*rows.columns, left=(0, 2, 6))
    for row in rows.iter_rows():
        table.add_row(*row)
    console.print(table)
    console.print("\n".join(found.how_to_read))
