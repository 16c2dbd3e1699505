"""An economist's own GVA figures in place of the built-in ones.

`read_gva` reads a table of area × sector in CSV, Parquet or Excel, in any of three layouts: one
figure a row, one sector a column, or one year a column. Why it refuses what it refuses:
``docs/decisions/0009-own-figures.md``.
"""

import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from gainsmodel.choices import Fill
from gainsmodel.confined import confined
from gainsmodel.data.aggregation import aggregate, regions_of
from gainsmodel.data.dataset import Dataset, load_dataset
from gainsmodel.data.importing.frames import frame, frames_of, likely_frame, spoken_of
from gainsmodel.data.importing.gva_table import Reading
from gainsmodel.data.importing.layout import Table, find_table
from gainsmodel.data.importing.names import area_codes
from gainsmodel.data.importing.own_areas import described, with_rest
from gainsmodel.data.importing.publishers import as_published
from gainsmodel.data.importing.renaming import renamed
from gainsmodel.data.importing.sheets import content_of, sheets_of, title_of
from gainsmodel.data.importing.table_units import Money
from gainsmodel.data.own_dataset import own_dataset
from gainsmodel.data.saved import is_dataset, read_saved, save_dataset
from gainsmodel.data.shipped_tables import BASE_YEAR, SECTORS
from gainsmodel.errors import DataError
from gainsmodel.spreadsheets import csv, workbook

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
    currency: str | None = None,
    gbp_per_unit: float | None = None,
    rate_source: str | None = None,
) -> Dataset:
    """Put someone's own GVA figures in the place of the built-in ones.

    Everything else (residents, jobs, coverage, distances, UK growth) stays as built in.
    Figures are £m at current prices, real estate (L) without owner-occupiers' imputed rent. What
    the table says of its unit counts wherever it stands; other scales of pounds are put into £m.

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
    currency : str, optional
        Code of the currency that the table is in, such as ``"EUR"``, to be converted; a table
        that says another one is refused. Needs the two below.
    gbp_per_unit : float, optional
        What one unit of it is worth in £, such as 0.8698.
    rate_source : str, optional
        Where that rate is from, such as "ECB annual average 2023"; kept with the figures.

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
        settled: dict[str, object] = {
            "sheet": sheet,
            "year": year,
            "fill": fill,
            "names": names,
            "areas": areas,
        }
        settled |= {"currency": currency, "gbp_per_unit": gbp_per_unit, "rate_source": rate_source}
        return read_saved(Path(source), geography, settled)
    if areas is not None and (geography or fill):
        option = "fill" if fill else "geography"
        raise DataError(f"{option}: there are no built-in figures of your own areas; remove it")
    if isinstance(names, Mapping):
        names = dict(names)
    if not isinstance(source, str | os.PathLike | bytes):
        source = list(source)
    money = _money(currency, gbp_per_unit, rate_source)
    called = _called(source, name)
    return confined(_read, called, source, geography, sheet, name, year, fill, names, areas, money)


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
    money: Money | None,
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
    for at, (held, (_, file)) in enumerate(zip(sheets, files, strict=True)):
        sheets[at], recognised = as_published(held, file)
        said += [note for note in recognised if note not in said]
    if names is not None:
        sheets, renaming = renamed(sheets, names)
        said += renaming
    tables = [
        find_table(held, file, rank, money, year)
        for held, (_, file) in zip(sheets, files, strict=True)
    ]
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


def _money(
    currency: str | None, gbp_per_unit: float | None, rate_source: str | None
) -> Money | None:
    """What figures are to be converted from; None if they are in £."""
    if currency is None and gbp_per_unit is None and rate_source is None:
        return None
    code = (currency or "").strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise DataError(
            f"currency (--currency): must be a code such as 'EUR' or 'USD', not {currency!r}"
        )
    if code == "GBP":
        raise DataError(
            "currency (--currency): GBP needs no rate; remove it, the rate and its source"
        )
    if gbp_per_unit is None or isinstance(gbp_per_unit, bool) or not 0 < gbp_per_unit < 1e3:
        raise DataError(
            f"gbp_per_unit (--rate): must be £ for 1 {code}, above 0 and below 1,000, not "
            f"{gbp_per_unit!r}"
        )
    if not (rate_source or "").strip():
        raise DataError(
            "rate_source (--rate-source): a rate needs its source, such as "
            "'ECB annual average 2023'"
        )
    return Money(code, float(gbp_per_unit), " ".join(str(rate_source).split())[:200])


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
        return csv(frame)
    if kind != "xlsx":
        raise DataError(f"kind: must be 'csv' or 'xlsx', not {kind!r}")
    buffer = io.BytesIO()
    with workbook(buffer, DataError) as book:
        options: dict[str, Any] = {"autofit": True, "float_precision": 3, "table_style": None}
        frame.write_excel(book, "GVA", position="A3", **options)
        book.get_worksheet_by_name("GVA").write_string(0, 0, TEMPLATE_TITLE)
        sectors = pl.DataFrame(
            list(dataset.sector_names.items()), schema=["Code", "Meaning"], orient="row"
        )
        sectors.write_excel(book, "What the letters mean", **options)
    return buffer.getvalue()
