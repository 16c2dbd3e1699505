"""How the command line prints what `gainsmodel.present` gives: on any width, no figure cut."""

import json
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from gainsmodel.present.blocks import Block, Box, Code, Grid, Heading, Picture, Points, Words

# In a file or a pipe a table keeps its columns and a paragraph is one line; a terminal has its own
# width.
WIDTH_OF_A_PIPE = 160
# Longer lines are harder to read.
WIDTH_OF_PROSE = 100
# Between columns; and what a column of prose and one of names need.
GAP, NARROWEST_PROSE, NARROWEST_NAMES = 2, 16, 32
# What says nothing has no line.
NOTHING: tuple[Block, ...] = (Points([]), Points(()), Words(""))


def print_json(answer: Mapping[str, Any]) -> None:
    """Print an answer as one JSON object."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n")


def show(blocks: Iterable[Block]) -> None:
    """Print blocks on standard output, an empty line between them."""
    console = _console()
    told = (block for block in blocks if block not in NOTHING)
    for number, block in enumerate(told):
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
            console.print(_wrapped(console, text), soft_wrap=True, style="bold")
        case Words(text):
            console.print(_wrapped(console, text), soft_wrap=True)
        case Points(items):
            for item in items:
                console.print(_wrapped(console, item, "- "), soft_wrap=True)
        case Box(title, items):
            console.print(_wrapped(console, title), soft_wrap=True, style="bold")
            for item in items:
                console.print(_wrapped(console, item), soft_wrap=True)
        case Grid():
            if block.title:
                console.print(_wrapped(console, block.title), soft_wrap=True, style="bold")
            _table(console, block)
        case Code(lines):
            for line in lines:
                console.print(f"    {line}", soft_wrap=True)
        case Picture():  # the figures behind it stand in a table
            pass


def _wrapped(console: Console, text: str, mark: str = "") -> str:
    if not console.is_terminal:
        return mark + text
    return textwrap.fill(
        mark + text,
        min(console.width, WIDTH_OF_PROSE),
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(console: Console, grid: Grid) -> None:
    """A table as wide as its cells need; where they do not fit, one block a row."""
    widths = _widths(grid, console.width)
    if widths is None:
        _blocks(console, grid)
        return
    headed = any(grid.headings)
    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="bold", show_header=headed)
    for i, (heading, width) in enumerate(zip(grid.headings, widths, strict=True)):
        justify: Literal["left", "right"] = "left" if i in grid.left else "right"
        table.add_column(heading, justify=justify, width=width, overflow="fold")
    for row in grid.rows:
        table.add_row(*row)
    console.print(table)


def _widths(grid: Grid, room: int) -> list[int] | None:
    """Widths of columns, or None where they do not fit.

    Headings may fold at their spaces, prose to the left and long names, too; a figure never.
    """
    cells = [
        max((cell_len(row[i]) for row in grid.rows), default=0) for i in range(len(grid.headings))
    ]
    words = [max(map(cell_len, heading.split()), default=0) for heading in grid.headings]
    natural = [max(pair) for pair in zip(cells, words, strict=True)]
    over = sum(natural) + GAP * len(natural) - room
    least = {i: max(words[i], NARROWEST_PROSE if i else NARROWEST_NAMES) for i in grid.left}
    while over > 0 and least:
        longest = max(least, key=lambda i: natural[i] - least[i])
        if natural[longest] <= least[longest]:
            return None
        natural[longest] -= 1
        over -= 1
    # Headings of figures share the space that is left.
    for i, heading in enumerate(grid.headings):
        wanted = min(cell_len(heading), 2 * natural[i])
        while over < 0 and natural[i] < wanted and i not in grid.left:
            natural[i] += 1
            over += 1
    return natural if over <= 0 else None


def _blocks(console: Console, grid: Grid) -> None:
    for number, row in enumerate(grid.rows):
        if number:
            console.print()
        console.print(_wrapped(console, row[0]), soft_wrap=True, style="bold")
        for heading, cell in zip(grid.headings[1:], row[1:], strict=True):
            if cell:
                label = f"{heading}: " if heading else ""
                console.print(_wrapped(console, f"{label}{cell}", "  "), soft_wrap=True)
