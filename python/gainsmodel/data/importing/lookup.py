"""Two columns of names in a file: what one is called, and what it belongs to or is called here."""

import os
from collections.abc import Callable

from gainsmodel.data.dataset import plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.layout import first_table
from gainsmodel.data.importing.sheets import Row, shown
from gainsmodel.errors import DataError


def pairs_of(
    source: str | os.PathLike[str], known: Callable[[str], bool], known_as: str, other_as: str
) -> list[tuple[str, str, str]]:
    """Read pairs of names from a CSV, Parquet or Excel file with headings.

    The column that holds most known names is the first of the pair. The other one is headed
    `other_as` (capitals and underscores make no difference) or is the only other column.

    Parameters
    ----------
    source : path
        The file; of a workbook the first sheet that holds anything.
    known : callable
        Whether a text is one of the known names.
    known_as, other_as : str
        What the two columns are called in messages.

    Returns
    -------
    list of (str, str, str)
        Known name, other name ("" where the cell is empty), and the place in the file.

    Raises
    ------
    DataError
        If the file cannot be read, or which column is which cannot be told.
    """
    place, rows, heading = first_table(source)
    headings = [text_of(cell) for cell in rows[heading]] if rows else []
    columns = [i for i, text in enumerate(headings) if text]
    wanted = f"expected a row of headings and the columns {known_as} and {other_as}"
    if len(columns) < 2:
        seen = ", ".join(shown(text) for text in headings if text) or "nothing"
        raise DataError(f"{place}, row {heading + 1}: {wanted}; found {seen}")

    def cell(row: Row, column: int) -> str:
        return text_of(row[column]) if column < len(row) else ""

    body = rows[heading + 1 :]
    hits = {c: sum(known(cell(row, c)) for row in body) for c in columns}
    others = [c for c in columns if plain(headings[c]) == plain(other_as)]
    first = max((c for c in columns if c not in others[:1]), key=hits.__getitem__)
    if any(known(headings[c]) for c in columns):
        raise DataError(f"{place}, row {heading + 1}: {wanted}; the headings are missing")
    if not others and len(columns) == 2:
        others = [c for c in columns if c != first]
    if not others:
        listed = ", ".join(shown(headings[c]) for c in columns)
        raise DataError(
            f"{place}, row {heading + 1}: which column is which cannot be told from {listed}; "
            f"head it {other_as!r}"
        )
    return [
        (cell(row, first), cell(row, others[0]), f"{place}, row {number}")
        for number, row in enumerate(body, heading + 2)
        if cell(row, first) or cell(row, others[0])
    ]
