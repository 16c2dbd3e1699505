"""Tables for spreadsheets, in which no text is a formula: CSV and Excel workbooks."""

import io
import re
from typing import Any

import polars as pl

from gainsmodel.checks import drawable
from gainsmodel.errors import GainsModelError
from gainsmodel.extras import needed

# With what a spreadsheet takes a cell for a formula, as OWASP lists it, with the full-width forms;
# also after spaces and quotes, and after what separates cells elsewhere than here.
FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
RISKY = rf"(^|[;\t\r\n])[\s']*{FORMULA}|^'*[\t\r\n]"
_RISKY = re.compile(rf"(^|[;\t\r\n])([\s']*{FORMULA})|^()('*[\t\r\n])")
_ESCAPED = re.compile(rf"(^|[;\t\r\n])'([\s']*{FORMULA})|^()'('*[\t\r\n])")
# A mark by which spreadsheets know UTF-8.
MARK = "\ufeff"


def escaped(text: str) -> str:
    """Give a text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _RISKY.sub(lambda found: f"{found[1] or ''}'{found[2] or found[4]}", text)


def unescaped(text: str) -> str:
    """Give the text that `escaped` was given."""
    return _ESCAPED.sub(lambda found: f"{found[1] or ''}{found[2] or found[4]}", text)


def csv(table: pl.DataFrame, *, mark: bool = False) -> bytes:
    """A table as CSV in UTF-8; numbers stay as they are, text is `escaped`.

    Parameters
    ----------
    table : DataFrame
    mark : bool
        Begin with the mark by which spreadsheets know UTF-8.
    """
    text = [name for name, kind in table.schema.items() if kind == pl.String]
    risky = [name for name in text if table[name].str.contains(RISKY).any()]
    safe = table.with_columns(
        pl.col(name).map_elements(escaped, return_dtype=pl.String) for name in risky
    )
    safe = safe.rename({name: escaped(name) for name in table.columns})
    return ((MARK if mark else "") + safe.write_csv()).encode("utf-8")


def workbook(target: io.BytesIO, error: type[GainsModelError]) -> Any:
    """An empty Excel workbook in which text is text: no formula, no link, no number.

    Nothing is written but into `target`, so that a full or missing temporary folder does no harm.

    Raises
    ------
    GainsModelError
        Of the class `error`, if the package that writes workbooks is not installed.
    """
    writer = needed("xlsxwriter", "excel", "writing Excel", error)
    options = {
        **dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False),
        "nan_inf_to_errors": True,
        "in_memory": True,
    }
    return writer.Workbook(target, options)


def in_cells(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose text an Excel file can hold; see `drawable`."""
    text = [name for name, kind in table.schema.items() if kind == pl.String]
    strange = [name for name in text if table[name].str.contains(r"[^\P{C}\t\n]").any()]
    return table.with_columns(
        pl.col(name).map_elements(drawable, return_dtype=pl.String) for name in strange
    )
