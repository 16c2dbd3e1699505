"""The figures behind a paper as an Excel workbook; one of its sheets works out itself."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from gainsmodel.analysis import assumptions_log
from gainsmodel.checks import drawable
from gainsmodel.present import export
from gainsmodel.present.area_summary import GBP_M
from gainsmodel.present.report.assurance import statement
from gainsmodel.present.report.findings import Findings
from gainsmodel.results.columns import legend

Sheet = pl.DataFrame | Callable[[Any, Any], None]
SPLIT = "Split of the prize"
FIRST_ROW = 7
# Beside the columns of results; every amount is in the prices that About states.
UNITS = (
    ("…_gbp_m", "£ million", "as About says"),
    ("…_gbp_bn", "£ billion", "as About says"),
    ("mean, median, low, high of assumptions", "in the unit that stands in their row", ""),
)


def workbook(findings: Findings, on: date | None = None) -> bytes:
    """Write the workbook of a paper.

    Parameters
    ----------
    findings : Findings
    on : date, optional
        The date it bears; today if left out.

    Raises
    ------
    ResultError
        If the package that writes workbooks is not installed.
    """
    without = None if findings.added is None else findings.without
    tables = export.sheets(findings.result, findings.unit, without, on)
    sheets: dict[str, Sheet] = {"About": tables.pop("About")}
    sheets["Units"] = pl.DataFrame(
        [*UNITS, *legend()], schema=["Columns", "Unit", "Says"], orient="row"
    )
    if findings.scenario.prize.value is not None:
        sheets[SPLIT] = _split(findings)
    if findings.worth is not None and findings.parts is not None and findings.net is not None:
        figures = {name: v for name, v in findings.worth.items() if not isinstance(v, str)}
        columns = {"Quantity": list(figures), "Value": list(figures.values())}
        if findings.uk is not None:
            columns["The UK"] = [findings.uk[name] for name in figures]
        sheets["Cost and return"] = pl.DataFrame(columns)
        if findings.cases is not None and findings.cases.table.height:
            sheets["Other take-up"] = findings.cases.table
        sheets["Levers"] = findings.parts
        sheets["Gross to net"] = findings.net.table
    if findings.gains is not None:
        sheets["Who gains"] = findings.gains.table
    if findings.comparison is not None:
        sheets["Compared"] = findings.comparison.areas()
    if findings.drivers is not None:
        sheets["Drivers"] = findings.drivers.indices
        sheets["Swings"] = findings.drivers.tornado
    tables["Assumptions"] = findings.log
    about = assumptions_log.about(findings.scenario)
    sheets |= tables
    sheets["About the assumptions"] = pl.DataFrame(about, schema=["What", "Says"], orient="row")
    assured = statement(findings, on)
    sheets["Assurance"] = pl.DataFrame(assured, schema=["What", "Says"], orient="row")
    return export.workbook_of(sheets, on)


def _split(findings: Findings) -> Callable[[Any, Any], None]:
    """Shares of the gain, and a cell for the prize from which their amounts are worked out."""
    a = findings.about
    prize, prices = a.uk.part.mean / GBP_M["bn"], f", {a.prices}"
    areas = findings.result.areas()
    shares = ("gva_share", "share_mean", "share_p05", "share_p95")

    def draw(book: Any, sheet: Any) -> None:
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"bold": True, "text_wrap": True, "valign": "bottom"})
        entry = book.add_format({"bg_color": "#FFF4CC", "border": 1, "num_format": "0.0"})
        percent = book.add_format({"num_format": "0.0%"})
        money = book.add_format({"num_format": "0.00"})
        sheet.write_string(
            0, 0, f"What each area’s share of a prize of your choice is, {a.when}", bold
        )
        sheet.write_string(
            1, 0, "A split of a national figure, not a forecast; the range is that of the share."
        )
        sheet.write_string(3, 0, f"Prize, £bn{prices} (type another)", bold)
        sheet.write_number(3, 1, prize, entry)
        heads = ["Area", "Share of UK GVA", "Share of the gain, average", "low", "high"]
        heads += ["By GVA, £bn", "Average, £bn", "Low, £bn", "High, £bn"]
        for column, head in enumerate(heads):
            sheet.write_string(FIRST_ROW - 1, column, head, wrapped)
        for line, row in enumerate(areas.iter_rows(named=True), FIRST_ROW):
            sheet.write_string(line, 0, drawable(row["area_name"]))
            for column, name in enumerate(shares, 1):
                share = row[name]
                if share is None:
                    continue
                sheet.write_number(line, column, share, percent)
                cell = f"{'ABCDE'[column]}{line + 1}"
                sheet.write_formula(line, column + 4, f"=$B$4*{cell}", money, prize * share)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, len(heads) - 1, 13)
        sheet.freeze_panes(FIRST_ROW, 1)

    return draw
