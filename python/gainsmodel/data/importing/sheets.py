"""From a file to rows of cells: CSV, Parquet and Excel, or one clear message why not."""

import csv
import io
import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.errors import DataError
from gainsmodel.extras import needed

Cell = str | float | None
Row = Sequence[Cell]
MAX_BYTES = 20_000_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_CELLS = 5_000_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def shown(text: object, limit: int = 60) -> str:
    """Give a cell or a name in quotes, without anything that could disturb a screen."""
    whole = str(text)
    return repr(whole if len(whole) <= limit else whole[: limit - 1] + "…")


def content_of(source: str | os.PathLike[str] | bytes, name: str | None) -> tuple[bytes, str]:
    """Give a file's content and what to call it; refuse one that is too large, unread."""
    if isinstance(source, bytes):
        if not name:
            raise DataError("name: is needed where a file's content is given")
        file, size = Path(name).name or name, len(source)
    else:
        path = Path(source)
        file = name or path.name or str(path)
        try:
            status = path.stat()
        except FileNotFoundError:
            raise DataError(f"{title_of(str(path))}: no such file") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{title_of(str(path))}: cannot be read: {_why(error)}") from None
        # A pipe or a device has no size, and may never end.
        if not stat.S_ISREG(status.st_mode):
            raise DataError(
                f"{title_of(str(path))}: is neither a file nor a folder of imported figures"
            )
        size = status.st_size
    file = title_of(file)
    if size > MAX_BYTES:
        raise DataError(
            f"{file}: is too large ({size / 1e6:,.0f} MB); at most {MAX_BYTES / 1e6:.0f} MB. "
            "A table of areas and sectors is small: leave out other years and sheets"
        )
    if not size:
        raise DataError(f"{file}: is empty")
    if isinstance(source, bytes):
        return bytes(source), file
    try:
        return Path(source).read_bytes(), file
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {_why(error)}") from None


def title_of(name: str) -> str:
    """Give a file's name as it may stand in a message."""
    return shown(name, 200)[1:-1]


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "not a possible name"


def sheets_of(content: bytes, file: str, sheet: str | None) -> dict[str, list[Row]]:
    """Give the rows of each sheet, blank ones too; of a file without sheets under ``""``.

    A file is what its content says, whatever it is called.
    """
    if content.startswith((b"PK", OLE)):
        return _excel(content, file, sheet)
    if sheet is not None:
        raise DataError(f"{file}: has no sheets, so there is none called {shown(sheet)}")
    if content.startswith(b"PAR1"):
        return {"": _parquet(content, file)}
    if Path(file).suffix.casefold() in (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet"):
        raise DataError(f"{file}: is not what its name says, or is damaged; save it again")
    return {"": _csv(content, file)}


def _excel(content: bytes, file: str, sheet: str | None) -> dict[str, list[Row]]:
    fastexcel = needed(
        *("fastexcel", "excel", "reading Excel", DataError),
        otherwise=", or save the sheet as 'CSV UTF-8'",
    )
    if content.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in content:
        raise DataError(f"{file}: is protected by a password; save a copy without one")
    damaged = (
        f"{file}: is not a workbook that can be read; it may be damaged: save it again as .xlsx"
    )
    with _damage(damaged):
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > MAX_UNPACKED_BYTES:
                raise DataError(f"{file}: is too large unpacked ({unpacked / 1e6:,.0f} MB)")
        workbook = fastexcel.read_excel(content)
        names = list(workbook.sheet_names)
        if sheet is not None:
            wanted = [name for name in names if name.strip().casefold() == sheet.strip().casefold()]
            if not wanted:
                listed = ", ".join(shown(name) for name in names)
                raise DataError(f"{file}: has no sheet {shown(sheet)}; there are: {listed}")
            names = wanted[:1]
        return {name: _excel_rows(workbook, name, file) for name in names}


@contextmanager
def _damage(message: str) -> Iterator[None]:
    """Say what is wrong with a file, whatever error a reader meets in it."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except BaseException as error:
        # A reader written in Rust that panics raises what is no ordinary exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise DataError(message) from None
        raise


def _excel_rows(workbook: Any, sheet: str, file: str) -> list[Row]:
    # As text, numbers are rounded to nine decimals; as numbers, text is lost.
    options = {"header_row": None, "skip_rows": 0}
    text = workbook.load_sheet(sheet, dtypes="string", **options)
    _limit(text.total_height, text.width, file)
    if not text.width:
        return []
    numbers = workbook.load_sheet(sheet, dtypes="float", **options).to_polars()
    return [
        tuple(
            number if number is not None and word not in ("true", "false") else word
            for word, number in zip(words, figures, strict=True)
        )
        for words, figures in zip(text.to_polars().rows(), numbers.rows(), strict=True)
    ]


def _parquet(content: bytes, file: str) -> list[Row]:
    with _damage(f"{file}: is not a Parquet file that can be read; it may be damaged"):
        scan = pl.scan_parquet(io.BytesIO(content))
        schema = scan.collect_schema()
        if nested := [name for name, kind in schema.items() if kind.is_nested()]:
            raise DataError(
                f"{file}, column {shown(nested[0])}: holds lists or records; a cell holds one "
                "text or number"
            )
        _limit(scan.select(pl.len()).collect().item(), len(schema), file)
        frame = scan.collect()

    def cell(value: object) -> Cell:
        if value is None or isinstance(value, str):
            return value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(str(value)) if number else str(value)

    return [frame.columns, *(tuple(cell(value) for value in row) for row in frame.iter_rows())]


def _csv(content: bytes, file: str) -> list[Row]:
    save = "save it as 'CSV UTF-8'"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{file}: is in UTF-16, not UTF-8; {save}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{file}, row {row}: is not in UTF-8 (byte 0x{content[error.start]:02x}); {save}"
        ) from None
    if "\0" in text:
        raise DataError(f"{file}: is not a table: it holds bytes that are not text")
    sizes: dict[str, tuple[int, int, int]] = {}
    wrong: csv.Error | None = None
    for separator in ",;\t":
        rows = columns = cells = 0
        try:
            for cells_of_row in _rows(text, separator):
                rows, columns = rows + 1, max(columns, len(cells_of_row))
                cells += len(cells_of_row)
                if rows > MAX_CELLS:
                    break
        except csv.Error as error:
            wrong = error
        else:
            sizes[separator] = cells - rows, rows, columns
    if not sizes:
        raise DataError(f"{file}: is not a table of separated values: {wrong}")
    # The right separator makes the widest rows, on the whole.
    best = max(sizes, key=lambda separator: sizes[separator][0])
    # Rows are kept only once it is known that they are not too many.
    _limit(*sizes[best][1:], file)
    return list(_rows(text, best))


def _rows(text: str, separator: str) -> Iterator[Row]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _limit(rows: int, columns: int, file: str) -> None:
    if rows * max(columns, 1) > MAX_CELLS:
        raise DataError(
            f"{file}: {rows:,} rows by {max(columns, 1):,} columns are too many; at most "
            f"{MAX_CELLS:,} cells. Leave out other years and measures"
        )
