"""An economist's own GVA figures in place of the built-in ones.

`read_gva` reads a table of area × sector in CSV, Parquet or Excel, in any of three layouts: one
figure a row, one sector a column, or one year a column. Why it refuses what it refuses:
``docs/decisions/0009-own-figures.md``.
"""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from gainsmodel.confined import confined
from gainsmodel.data.aggregation import aggregate, regions_of
from gainsmodel.data.dataset import Dataset, load_dataset
from gainsmodel.data.importing.frames import frame, frames_of, likely_frame, spoken_of
from gainsmodel.data.importing.gva_table import Reading
from gainsmodel.data.importing.layout import Table, find_table
from gainsmodel.data.importing.names import area_codes
from gainsmodel.data.importing.own_areas import described, with_rest
from gainsmodel.data.importing.renaming import renamed
from gainsmodel.data.importing.sheets import content_of, needed, sheets_of, title_of
from gainsmodel.data.importing.table_rows import Fill
from gainsmodel.data.own_dataset import own_dataset
from gainsmodel.data.saved import is_dataset, read_saved, save_dataset
from gainsmodel.data.shipped_tables import BASE_YEAR, SECTORS
from gainsmodel.errors import DataError

Source = str | os.PathLike[str] | bytes
__all__ = [
    "Fill",
    "aggregate",
    "gva_template",
    "is_dataset",
    "read_gva",
    "regions_of",
    "save_dataset",
]
TEMPLATE_TITLE = (
    f"GVA, £m, current prices of {BASE_YEAR}; L, real estate, without owner-occupiers' imputed rent"
)


def read_gva(
    source: Source | Sequence[str | os.PathLike[str]],
    geography: str | None = "mayoral",
    *,
    sheet: str | None = None,
    name: str | None = None,
    year: int | None = None,
    fill: Fill | None = None,
    names: Mapping[str, str] | str | os.PathLike[str] | None = None,
    areas: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Put someone's own GVA figures in the place of the built-in ones.

    Everything else (residents, jobs, coverage, distances, UK growth) stays as built in.
    Figures are £m at current prices, real estate (L) without owner-occupiers' imputed rent.

    Parameters
    ----------
    source : path, bytes or sequence of paths
        A CSV (UTF-8), Parquet or Excel file of at most 20 MB, or its content; several files
        that make up one table, such as one for each region; or a folder that `save_dataset`
        wrote.
    geography : str or None
        ``"mayoral"``, ``"itl1"``, ``"itl2"``, ``"itl3"`` or ``"local_authority"``; None for the
        one that knows most of the table's areas. ITL 2 and 3 are own areas, of whichever edition
        of the codes knows more of the table.
    sheet : str, optional
        Which sheet of a workbook; needed where several hold such a table.
    name : str, optional
        What to call the data in messages and manifests; needed with bytes.
    year : int, optional
        Which year of a table with several; the base year if left out. Figures of another year
        are carried to the base year by UK growth in current-price GVA, the same for every cell.
    fill : {"built_in"}, optional
        Keep the built-in figure where the table has none, instead of refusing the table.
    names : mapping or path, optional
        What areas and sectors are called in the table, to a code or name that is known here; or
        a file of two columns, ``theirs`` and ``ours``.
    areas : path, optional
        Of a table of areas that no shipped geography has: a file that says of each its region,
        residents and, where known, coverage and place (see `own_areas`). What
        they leave of their regions, and the other regions, are added.

    Returns
    -------
    Dataset
        `Dataset.notes` says in plain words what was read and done.

    Raises
    ------
    DataError
        Names file, sheet, row (as a spreadsheet counts), column and value of the first ten
        problems, and how many more there are.
    UnknownNameError
        If the geography does not exist.

    Examples
    --------
    >>> import gainsmodel
    >>> csv = gainsmodel.gva_template("itl1", "csv", filled=True)
    >>> gainsmodel.read_gva(csv, "itl1", name="own.csv").notes[0]
    '12 areas × 18 sectors from own.csv, headings in row 1: £2,200bn, as the built-in 2023 figures'
    """
    if fill not in (None, *get_args(Fill)):
        raise DataError(f"fill: must be 'built_in' or left out, not {fill!r}")
    if isinstance(source, str | os.PathLike) and is_dataset(source):
        settled = {"sheet": sheet, "year": year, "fill": fill, "names": names, "areas": areas}
        return read_saved(Path(source), geography, settled)
    if areas is not None and (geography or fill):
        option = "fill" if fill else "geography"
        raise DataError(f"{option}: there are no built-in figures of your own areas; remove it")
    if isinstance(names, Mapping):
        names = dict(names)
    if not isinstance(source, str | os.PathLike | bytes):
        source = list(source)
    return confined(
        _read, _called(source, name), source, geography, sheet, name, year, fill, names, areas
    )


def _called(source: Source | Sequence[str | os.PathLike[str]], name: str | None) -> str:
    """What to call a source that could not be read to its end."""
    if name or isinstance(source, bytes):
        return title_of(Path(name or "source").name)
    first = source if isinstance(source, str | os.PathLike) else next(iter(source), "source")
    return title_of(Path(first).name)


def _read(
    source: Source | Sequence[str | os.PathLike[str]],
    geography: str | None,
    sheet: str | None,
    name: str | None,
    year: int | None,
    fill: Fill | None,
    names: Mapping[str, str] | str | os.PathLike[str] | None,
    areas: str | os.PathLike[str] | None,
) -> Dataset:
    candidates = frames_of(geography)
    known = load_dataset("mayoral").economy["year"].to_list()
    if year is not None and year not in known:
        raise DataError(f"year: must be from {known[0]} to {known[-1]}, not {year!r}")
    one = isinstance(source, str | os.PathLike | bytes)
    sources = [source] if isinstance(source, str | os.PathLike | bytes) else source
    files = [content_of(single, name if one else None) for single in sources]

    def known_areas(table: Table) -> int:
        spoken = spoken_of(table)
        return max(len(spoken & {*area_codes(frame(name))}) for name in candidates)

    rank = None if geography is None else known_areas
    sheets = [sheets_of(content, file, sheet) for content, file in files]
    said: list[str] = []
    if names is not None:
        sheets, said = renamed(sheets, names)
    tables = [find_table(held, file, rank) for held, (_, file) in zip(sheets, files, strict=True)]
    if not tables:
        raise DataError("source: is an empty list of files")
    built_in, assumed = described(areas) if areas is not None else (None, [])
    built_in = built_in or frame(likely_frame(tables, candidates))
    called = ", ".join(file for _, file in files[:3])
    called += f" and {len(files) - 3} more" if len(files) > 3 else ""
    called = name or called
    reading = Reading(tables, built_in, year, fill, measured=areas is None)
    gva, notes, kept = reading.figures(called)
    own = own_dataset(built_in, gva, called, [*notes, *said, *assumed], kept)
    return own if areas is None else with_rest(own)


def gva_template(
    geography: str = "mayoral", kind: Literal["csv", "xlsx"] = "xlsx", *, filled: bool = False
) -> bytes:
    """Give a table that `read_gva` reads once it is filled in: areas down, sectors across.

    Parameters
    ----------
    geography : str
        As `read_gva`.
    kind : {"csv", "xlsx"}
        Format of the content.
    filled : bool
        With the built-in figures, £m, instead of empty cells.

    Raises
    ------
    DataError
        If the kind is unknown, or Excel support is not installed.
    """
    dataset = load_dataset(geography)
    names = dataset.areas.select("area_code", "area_name")
    columns = [
        pl.Series(sector, dataset.gva_gbp_m[:, i] if filled else None, pl.Float64)
        if filled
        else pl.Series(sector, [None] * names.height, pl.Float64)
        for i, sector in enumerate(SECTORS)
    ]
    frame = names.hstack(columns)
    if kind == "csv":
        return frame.write_csv().encode()
    if kind != "xlsx":
        raise DataError(f"kind: must be 'csv' or 'xlsx', not {kind!r}")
    buffer = io.BytesIO()
    # Text that begins with = stays text.
    with needed("xlsxwriter").Workbook(
        buffer, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    ) as workbook:
        options: dict[str, Any] = {"autofit": True, "float_precision": 3, "table_style": None}
        frame.write_excel(workbook, "GVA", position="A3", **options)
        workbook.get_worksheet_by_name("GVA").write_string(0, 0, TEMPLATE_TITLE)
        sectors = pl.DataFrame(
            list(dataset.sector_names.items()), schema=["Code", "Meaning"], orient="row"
        )
        sectors.write_excel(workbook, "What the letters mean", **options)
    return buffer.getvalue()
