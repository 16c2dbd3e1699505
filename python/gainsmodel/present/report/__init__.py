"""Board papers: what a run says of one area, as HTML, PDF, Word or Excel.

>>> from gainsmodel import report
>>> findings = report.gather("skills_first", "Greater Manchester", draws=500)
>>> report.board_paper(findings).title
'Greater Manchester’s share of the £208bn, and what a plan adds'

`report.write(findings, "pdf")` gives the bytes of a file. Needs the extra ``report``.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import get_args

from gainsmodel.checks import did_you_mean, drawable, renamed
from gainsmodel.choices import Paper as Format
from gainsmodel.errors import SettingError
from gainsmodel.extras import needed
from gainsmodel.present.report import writers
from gainsmodel.present.report.book import workbook
from gainsmodel.present.report.document import Document
from gainsmodel.present.report.findings import Findings, gather
from gainsmodel.present.report.paper import board_paper

__all__ = [
    "FORMATS",
    "Document",
    "Findings",
    "Format",
    "board_paper",
    "gather",
    "ready",
    "write",
]
FORMATS: tuple[Format, ...] = get_args(Format)
_PAPERS: Mapping[str, Callable[[Document, date], bytes]] = {
    "html": writers.html,
    "pdf": writers.pdf,
    "docx": writers.docx,
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "html": ("jinja2", "vl_convert"),
    "pdf": ("typst", "vl_convert"),
    "docx": ("docx", "vl_convert"),
    "xlsx": ("xlsxwriter",),
}


def ready(kind: Format) -> None:
    """See that a paper of a kind can be written, before anything is run for it.

    Parameters
    ----------
    kind : {"html", "pdf", "docx", "xlsx"}

    Raises
    ------
    SettingError
        If there is no such format, or a package that it needs is not installed.
    """
    if kind not in FORMATS:
        raise SettingError(
            f"format: must be one of {', '.join(FORMATS)}, not {kind!r}"
            f"{did_you_mean(kind, FORMATS)}"
        )
    for module in _NEEDED[kind]:
        needed(module, "report", f"a report as {kind}")


@renamed(found="findings")
def write(
    findings: Findings,
    kind: Format,
    on: date | None = None,
    *,
    manifest_name: str = "manifest.json",
) -> bytes:
    """Write a paper of some pages, or the workbook behind it.

    Parameters
    ----------
    findings : Findings
    kind : {"html", "pdf", "docx", "xlsx"}
        One page with everything inside; tagged PDF (PDF/UA-1); Word; Excel.
    on : date, optional
        The date it bears; today if left out.
    manifest_name : str
        Name of the file in which the manifest goes with the paper.

    Raises
    ------
    SettingError
        If there is no such format, or a package that it needs is not installed.
    """
    ready(kind)
    on = on or date.today()
    if kind == "xlsx":
        return workbook(findings, on)
    paper = board_paper(findings, manifest_name, on).with_text(drawable)
    return _PAPERS[kind](paper, on)
