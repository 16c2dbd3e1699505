"""Results as files that others open: CSV and Excel, each with what must not be lost."""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from gainsmodel import spreadsheets
from gainsmodel.analysis.assumptions_log import log
from gainsmodel.data import shipped_tables
from gainsmodel.data.shipped_tables import ATTRIBUTION, LICENCE
from gainsmodel.errors import ResultError
from gainsmodel.present import text
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario

SOURCES = f"{'. '.join([*shipped_tables.SOURCES, LICENCE, ATTRIBUTION])}."


def file_name(text: str) -> str:
    """A name that every file system takes, from words: without its ending."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.casefold())
    return "-".join(filter(None, kept.split("-")))[:60] or "plan"


def csv(table: pl.DataFrame) -> bytes:
    """A table as CSV (UTF-8 with a mark, so that spreadsheets read a £).

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    return spreadsheets.csv(table, mark=True)


def areas_csv(result: Result) -> bytes:
    """Every area and group of a result as CSV; each row says what it is part of.

    The columns ``amounts``, ``prices``, ``caveat``, ``futures``, ``seed``, ``sampler`` and
    ``version`` stand last, so that they go along with any row that is copied.
    """
    a, manifest = text.about(result, "uk"), result.manifest
    said = {
        "amounts": a.when,
        "prices": text.prices(a),
        "caveat": " ".join(filter(None, [text.causes(a), text.of_areas(manifest["geography"])])),
        "futures": manifest["draws"],
        "seed": str(manifest["seed"]),
        "sampler": manifest["sampler"],
        "version": f"gainsmodel {manifest['versions']['gainsmodel']}",
    }
    table = pl.concat([result.areas(), result.groups()], how="diagonal")
    return csv(table.with_columns(**{name: pl.lit(value) for name, value in said.items()}))


def about_table(
    result: Result, unit: str, on: date | None = None, without: Result | None = None
) -> pl.DataFrame:
    """What every file says first: headline, ranges, caveat, basis, prices, how it was run.

    It bears the date `on`, today's if left out.
    """
    a = text.about(result, unit)
    added = None if without is None else a.added(without)
    manifest = result.manifest
    scenario = Scenario.from_dict(manifest["scenario"])
    on = on or date.today()
    of_areas = text.of_areas(manifest["geography"])
    rows = [
        ("Scenario", scenario.title),
        ("Question", scenario.question),
        ("Result", " ".join(text.headline(a, added))),
        ("Range", text.ranges(a, added)),
        ("Compared with the economy", text.against_gva(a)),
        ("Caveat", text.causes(a)),
        ("What the figure is", text.prize_note(scenario)),
        ("Digital across the UK", text.national(a)),
        ("Amounts are", a.when),
        ("Prices", text.prices(a)),
        ("Single figures", "are expected values, the averages of all futures (columns …_mean)."),
        ("A future", text.FUTURE.removeprefix("A future ")),
        ("Futures", f"{manifest['draws']:,}"),
        ("Seed", str(manifest["seed"])),
        ("Sampler", manifest["sampler"]),
        ("Figures", text.of_figures(manifest, on) or "Your own."),
        *([("Areas", of_areas)] if of_areas else []),
        ("Version", f"gainsmodel {manifest['versions']['gainsmodel']}"),
        ("Fingerprint", result.fingerprint),
        ("Written on", on.isoformat()),
        ("Sources", SOURCES),
    ]
    return pl.DataFrame(rows, schema=["What", "Says"], orient="row")


def workbook(result: Result, unit: str = "uk", without: Result | None = None) -> bytes:
    """A result as an Excel workbook: what it is, then its tables and every assumption.

    Parameters
    ----------
    result : Result
    unit : str
        Code of the area or group the first sheet is about.
    without : Result, optional
        The same futures without the plan: adds a sheet of what the plan adds.

    Raises
    ------
    ResultError
        If the package that writes workbooks is not installed.
    """
    return workbook_of(sheets(result, unit, without))


def sheets(
    result: Result, unit: str = "uk", without: Result | None = None, on: date | None = None
) -> dict[str, pl.DataFrame]:
    """The tables of `workbook`, by the names of their sheets."""
    scenario = Scenario.from_dict(result.manifest["scenario"])
    found: dict[str, pl.DataFrame] = {"About": about_table(result, unit, on, without)}
    if without is not None:
        found["What the plan adds"] = PairedResult(result, without).added()
    return found | {
        "Areas": result.areas(),
        "Groups": result.groups(),
        "Years": result.years(),
        "Sectors": result.sectors(),
        "Adoption": result.adoption(),
        "Assumptions": log(scenario),
    }


def workbook_of(
    sheets: Mapping[str, pl.DataFrame | Callable[[Any, Any], None]], on: date | None = None
) -> bytes:
    """Tables as an Excel workbook, one sheet each; no text in a table is a formula.

    Parameters
    ----------
    sheets : mapping
        Name of a sheet to its table, or to what writes it, given the workbook and the sheet.
    on : date, optional
        When it was made; now if left out.

    Raises
    ------
    ResultError
        If the package that writes workbooks is not installed.
    """
    target = io.BytesIO()
    with spreadsheets.workbook(target, ResultError) as book:
        if on is not None:
            book.set_properties({"created": datetime(on.year, on.month, on.day, tzinfo=UTC)})
        for name, table in sheets.items():
            if callable(table):
                table(book, book.add_worksheet(name))
                continue
            table = spreadsheets.in_cells(table)
            table.write_excel(book, worksheet=name, autofit=name != "About", **_widths(name))
    return target.getvalue()


def _widths(name: str) -> dict[str, Any]:
    return {"column_widths": {"What": 160, "Says": 900}} if name == "About" else {}
