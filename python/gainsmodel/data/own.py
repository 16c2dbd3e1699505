"""An economist's own GVA figures in place of the built-in ones.

`read_gva` reads a table of area × sector in CSV, Parquet or Excel, in any of three layouts: one
figure a row, one sector a column, or one year a column. Why it refuses what it refuses:
``docs/decisions/0009-own-figures.md``.
"""

import hashlib
import io
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.data.dataset import (
    BASE_YEAR,
    OWN_GVA,
    SECTORS,
    Dataset,
    load_dataset,
)
from gainsmodel.data.layout import find_table
from gainsmodel.data.reading import Fill, Reading, likely_geography
from gainsmodel.data.sheets import content_of, needed, sheets_of, shown
from gainsmodel.errors import DataError

Source = str | os.PathLike[str] | bytes

# Files of a saved dataset.
GVA, PROVENANCE, HASHES = "gva.csv", "provenance.toml", "hashes.toml"
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
        ``"mayoral"``, ``"itl1"`` or ``"local_authority"``; None for the one that knows most of
        the table's areas.
    sheet : str, optional
        Which sheet of a workbook; needed where several hold such a table.
    name : str, optional
        What to call the data in messages and manifests; needed with bytes.
    year : int, optional
        Which year of a table with several; the base year if left out. Figures of another year
        are carried to the base year by UK growth in current-price GVA, the same for every cell.
    fill : {"built_in"}, optional
        Keep the built-in figure where the table has none, instead of refusing the table.

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
    known = load_dataset(geography or "mayoral").economy["year"].to_list()
    if year is not None and year not in known:
        raise DataError(f"year: must be from {known[0]} to {known[-1]}, not {year!r}")
    if isinstance(source, str | os.PathLike) and is_dataset(source):
        return _saved(Path(source), geography, {"sheet": sheet, "year": year, "fill": fill})
    one = isinstance(source, str | os.PathLike | bytes)
    sources = [source] if isinstance(source, str | os.PathLike | bytes) else source
    files = [content_of(single, name if one else None) for single in sources]
    tables = [find_table(sheets_of(content, file, sheet), file) for content, file in files]
    if not tables:
        raise DataError("source: is an empty list of files")
    built_in = load_dataset(geography or likely_geography(tables))
    called = ", ".join(file for _, file in files[:3])
    called += f" and {len(files) - 3} more" if len(files) > 3 else ""
    called = name or called
    gva, notes, kept = Reading(tables, built_in, year, fill).figures(called)
    return own_dataset(built_in, gva, called, notes, kept)


def own_dataset(
    built_in: Dataset,
    gva_gbp_m: NDArray[np.float64],
    name: str,
    notes: Iterable[str],
    built_in_cells: Iterable[tuple[str, str]],
) -> Dataset:
    """Give the built-in dataset with other GVA, known by the sha256 of `gva_table`."""
    gva_gbp_m.flags.writeable = False
    own = replace(
        built_in,
        gva_gbp_m=gva_gbp_m,
        own_name=name,
        notes=tuple(notes),
        built_in_cells=tuple(built_in_cells),
    )
    hashes = {file: value for file, value in built_in.hashes.items() if file != "gva.csv"}
    return replace(own, hashes=hashes | {OWN_GVA: hashlib.sha256(gva_table(own)).hexdigest()})


def gva_table(dataset: Dataset) -> bytes:
    """GVA as CSV (area_code, sector, gva_gbp_m), to the last bit of every figure."""
    lines = ["area_code,sector,gva_gbp_m\n"]
    for code, row in zip(dataset.areas["area_code"], dataset.gva_gbp_m.tolist(), strict=True):
        lines += [f"{code},{s},{v!r}\n" for s, v in zip(dataset.sectors, row, strict=True)]
    return "".join(lines).encode()


# ---------------------------------------------------------------- folders and templates


def is_dataset(source: str | os.PathLike[str]) -> bool:
    """Whether this is a folder that `save_dataset` wrote, whole or not."""
    try:
        return (Path(source) / PROVENANCE).is_file()
    except (OSError, ValueError):
        return False


def save_dataset(dataset: Dataset, folder: str | os.PathLike[str]) -> Path:
    """Write own figures into a folder that `read_gva` reads and that notices edits.

    Parameters
    ----------
    dataset : Dataset
        With own figures.
    folder : path
        Made if absent; an earlier dataset in it is replaced, anything else is refused.

    Raises
    ------
    DataError
        If there are no own figures, or the folder holds something else or cannot be written.
    """
    if dataset.own_name is None:
        raise DataError("these are the built-in figures; there is nothing of your own to save")
    target = Path(folder)
    files = {GVA: gva_table(dataset), PROVENANCE: _provenance(dataset).encode()}
    stated = "".join(f'"{f}" = "{hashlib.sha256(c).hexdigest()}"\n' for f, c in files.items())
    files[HASHES] = f"# sha256 of each file; an edited file is refused.\n{stated}".encode()
    try:
        target = target if target.name not in ("", "..") else target.resolve()
        strange = (
            sorted({path.name for path in target.iterdir()} - set(files))
            if (target.exists())
            else []
        )
        if strange:
            raise DataError(
                f"{target}: holds something other than an earlier dataset, such as "
                f"{shown(strange[0])}; name a new or an empty folder"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".gainsmodel-", dir=target.parent))
        try:
            for file, content in files.items():
                (part / file).write_bytes(content)
            part.chmod(0o755)
            if target.exists():
                shutil.rmtree(target)
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        why = getattr(error, "strerror", None) or "not a possible name"
        raise DataError(f"{target}: cannot be written: {why}") from None
    return target


def _provenance(dataset: Dataset) -> str:
    import tomlkit  # Slow to import, and needed here only.

    document = tomlkit.document()
    document.add(tomlkit.comment("What own figures these are and how they were read."))
    document["dataset_version"] = 1
    document["geography"] = dataset.geography
    document["name"] = str(dataset.own_name)
    document["notes"] = tomlkit.array()
    for note in dataset.notes:
        document["notes"].append(note)
    document["built_in_cells"] = [list(cell) for cell in dataset.built_in_cells]
    # What else the figures stand beside; of other shipped tables they would mean something else.
    document["shipped_sha256"] = _shipped(load_dataset(dataset.geography), dataset.built_in_cells)
    return tomlkit.dumps(document)


def _shipped(built_in: Dataset, cells: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Hashes of the shipped tables that own figures stand on; of GVA if cells were kept."""
    return {file: value for file, value in built_in.hashes.items() if cells or file != "gva.csv"}


def _saved(folder: Path, geography: str | None, options: dict[str, object]) -> Dataset:
    """Read a folder of `save_dataset`, unless it was edited or is of other shipped tables."""
    where = str(folder)
    for option, value in options.items():
        if value is not None:
            raise DataError(f"{option}: was settled when {where} was written; leave it out")
    try:
        contents = {file: (folder / file).read_bytes() for file in (GVA, PROVENANCE, HASHES)}
        stated = tomllib.loads(contents[HASHES].decode())
    except OSError as error:
        raise DataError(f"{where}: {error.filename} cannot be read: {error.strerror}") from None
    except ValueError:
        raise DataError(f"{where}: {HASHES} cannot be read; import the table again") from None
    for file in (GVA, PROVENANCE):
        if stated.get(file) != hashlib.sha256(contents[file]).hexdigest():
            raise DataError(
                f"{where}: {file} was edited since it was written; edit the source and import it "
                "again"
            )
    try:
        provenance = tomllib.loads(contents[PROVENANCE].decode())
        built_in = load_dataset(str(provenance["geography"]))
        name = str(provenance["name"])
        notes = tuple(str(note) for note in provenance["notes"])
        cells = tuple((str(code), str(sector)) for code, sector in provenance["built_in_cells"])
        then = dict(provenance["shipped_sha256"])
        text = [line.split(",") for line in contents[GVA].decode().splitlines()[1:]]
        figures = {(code, sector): float(value) for code, sector, value in text}
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{where}: cannot be understood; import the table again") from None
    if geography not in (None, built_in.geography):
        raise DataError(
            f"{where}: holds figures of the {built_in.geography} geography, not of {geography}"
        )
    now = _shipped(built_in, cells)
    changed = sorted(file for file in then | now if then.get(file) != now.get(file))
    wanted = [(code, sector) for code in built_in.areas["area_code"] for sector in SECTORS]
    if changed or list(figures) != wanted:
        raise DataError(
            f"{where}: is out of date: built-in figures have changed since "
            f"({', '.join(changed) or GVA}); import the table again"
        )
    gva = np.array(list(figures.values())).reshape(built_in.gva_gbp_m.shape)
    if not (np.isfinite(gva) & (gva >= 0)).all():
        raise DataError(f"{where}: {GVA} holds impossible figures; import the table again")
    return own_dataset(built_in, gva, name, notes, cells)


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
