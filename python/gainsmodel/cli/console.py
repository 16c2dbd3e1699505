"""How the command line prints what `gainsmodel.present` gives: on any width, no figure cut."""

import textwrap
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from gainsmodel.present.blocks import Block, Box, Code, Grid, Heading, Picture, Points, Words

# In a file or a pipe a table keeps its columns; a terminal has its own width.
WIDTH_OF_A_PIPE = 160
# Prose is no easier to read for being wider.
WIDTH_OF_PROSE = 100


def show(blocks: Iterable[Block]) -> None:
    """Print blocks on standard output, an empty line between them."""
    console = _console()
    for number, block in enumerate(blocks):
        if number:
            console.print()
        _show(console, block)


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(highlight=False, markup=False, emoji=False, width=WIDTH_OF_A_PIPE)


def _show(console: Console, block: Block) -> None:
    match block:
        case Heading(text) | Words(text, "lead"):
            console.print(_wrapped(console, text), style="bold")
        case Words(text):
            console.print(_wrapped(console, text))
        case Points(items):
            for item in items:
                console.print(_wrapped(console, item, "- "))
        case Box(title, items):
            console.print(_wrapped(console, title), style="bold")
            for item in items:
                console.print(_wrapped(console, item))
        case Grid():
            if block.title:
                console.print(_wrapped(console, block.title), style="bold")
            _table(console, block)
        case Code(lines):
            for line in lines:
                console.print(f"    {line}", soft_wrap=True)
        case Picture():  # the figures behind it stand in a table
            pass


def _wrapped(console: Console, text: str, mark: str = "") -> str:
    return textwrap.fill(
        mark + text,
        min(console.width, WIDTH_OF_PROSE),
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(console: Console, grid: Grid) -> None:
    """A table as wide as its cells need; where they do not fit, one block a row."""
    headed = any(grid.headings)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_header=headed)
    for i, heading in enumerate(grid.headings):
        # A heading may fold at its spaces, a figure may not; prose to the left may.
        figures = [row[i] for row in grid.rows]
        folds = i in grid.left and i > 0
        least = max((cell_len(cell) for cell in figures), default=0)
        words = max((cell_len(word) for word in heading.split()), default=0)
        width = max(min(least, 24) if folds else least, words, 1)
        table.add_column(
            heading,
            justify="left" if i in grid.left else "right",
            min_width=width,
            overflow="fold",
        )
    for row in grid.rows:
        table.add_row(*row)
    needed = sum((column.min_width or 1) + 2 for column in table.columns)
    if needed <= console.width:
        console.print(table)
        return
    for number, row in enumerate(grid.rows):
        if number:
            console.print()
        console.print(_wrapped(console, row[0]), style="bold")
        for heading, cell in zip(grid.headings[1:], row[1:], strict=True):
            if cell:
                label = f"{heading}: " if heading else ""
                console.print(textwrap.indent(_wrapped(console, f"{label}{cell}"), "  "))
