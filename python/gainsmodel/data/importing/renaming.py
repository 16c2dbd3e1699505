"""The user's own names for areas and sectors, put into those that are known here."""

import os
from collections.abc import Mapping, Sequence

from gainsmodel.data.dataset import load_dataset, plain
from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.frames import frame, frames_of
from gainsmodel.data.importing.layout import PROBLEMS_SHOWN
from gainsmodel.data.importing.lookup import pairs_of
from gainsmodel.data.importing.names import area_codes, nearest
from gainsmodel.data.importing.sector_labels import sector_label
from gainsmodel.data.importing.sheets import Row, shown
from gainsmodel.data.shipped_tables import SECTORS
from gainsmodel.errors import DataError

Sheets = dict[str, list[Row]]


def renamed(
    files: Sequence[Sheets], names: Mapping[str, str] | str | os.PathLike[str]
) -> tuple[list[Sheets], list[str]]:
    """Put names that are known here in the place of the user's own, wherever a cell is one.

    Parameters
    ----------
    files : sequence of dict
        Rows by sheet, as `sheets_of` gives them.
    names : mapping or path
        Their name to ours; or a file with the columns ``theirs`` and ``ours``.

    Returns
    -------
    files, notes
        The same files with other names, and what was renamed, in plain words.

    Raises
    ------
    DataError
        If a name of ours is none, or one of theirs stands for two.
    """
    if isinstance(names, Mapping):
        rows = [(str(ours), str(theirs), "names") for theirs, ours in names.items()]
    else:
        rows = pairs_of(names, _is_known, "ours", "theirs")
    problems: list[str] = []
    mapping: dict[str, tuple[str, str, str]] = {}
    for ours, theirs, place in rows:
        before = mapping.get(plain(theirs))
        if not plain(theirs) or not ours:
            problems.append(f"{place}: {shown(theirs or ours)} has no name in the other column")
        elif not _is_known(ours):
            every = [*_every_area(), *SECTORS, *load_dataset("mayoral").sector_names.values()]
            problems.append(
                f"{place}: {shown(ours)} is not an area or sector{nearest(ours, every)}"
            )
        elif before is not None and plain(before[0]) != plain(ours):
            problems.append(
                f"{place}: {shown(theirs)} stands for {shown(ours)} and, in {before[2]}, for "
                f"{shown(before[0])}"
            )
        else:
            mapping[plain(theirs)] = ours, theirs, place
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        lines = [*problems[:PROBLEMS_SHOWN], *([f"and {more:,} more"] if more > 0 else [])]
        raise DataError("\n".join(lines))
    found: set[str] = set()

    def put(row: Row) -> Row:
        cells = list(row)
        for i, cell in enumerate(cells):
            if isinstance(cell, str) and (spoken := plain(text_of(cell))) in mapping:
                found.add(spoken)
                cells[i] = mapping[spoken][0]
        return cells

    made = [{sheet: [put(row) for row in rows] for sheet, rows in held.items()} for held in files]
    notes = [f"{len(found)} of {len(mapping)} names were put into ours"]
    if unused := [theirs for key, (_, theirs, _) in mapping.items() if key not in found]:
        further = f" and {len(unused) - 10:,} more" if len(unused) > 10 else ""
        listed = ", ".join(shown(name) for name in unused[:10])
        notes.append(f"check: names that are not in the table: {listed}{further}")
    return made, notes


def _is_known(text: str) -> bool:
    lists = (area_codes(frame(name)) for name in frames_of(None))
    return sector_label(text) is not None or any(plain(text) in known for known in lists)


def _every_area() -> set[str]:
    return {str(name) for of in frames_of(None) for name in frame(of).areas["area_name"]}
