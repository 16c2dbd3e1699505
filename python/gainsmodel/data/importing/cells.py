"""Cells and rows as a reader sees them."""

from gainsmodel.data.importing.sheets import Cell, Row


def text_of(cell: Cell) -> str:
    """Give a cell as a reader sees it."""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return "" if cell is None else " ".join(cell.split())


def is_filled(row: Row) -> bool:
    """Whether a row holds anything."""
    return any(text_of(cell) for cell in row)
