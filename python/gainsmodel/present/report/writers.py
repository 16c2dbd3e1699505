"""A document as a file: one HTML page, a PDF, or a Word document.

Every writer is given words as data and escapes them itself.
"""

import base64
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import count
from typing import Any

from gainsmodel.errors import GainsModelError
from gainsmodel.present.blocks import (
    Box,
    Code,
    Grid,
    Heading,
    Picture,
    Points,
    Words,
)
from gainsmodel.present.report.document import Document
from gainsmodel.present.report.stand_ins import StandIns

# Pixels of a picture in Word to a pixel of the chart: sharp in print.
SCALE = 3.0
WORD_PICTURE_CM = 16.5
# Sets one text, as a paper does.
PROBE = b'#set document(title: "probe")\n#set text(font: "Libertinus Serif")\n#sys.inputs.text'


def html(document: Document, on: date) -> bytes:
    """One page, pictures, style and manifest inside; no script."""
    import jinja2

    def source(block: Picture) -> dict[str, str]:
        return {"source": _data_address(block.chart.svg().encode(), "image/svg+xml")}

    text = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = text.from_string(_template("paper.html"))
    page = template.render(
        paper=_plain(document, on, source),
        manifest=_data_address(document.record, "application/json"),
    )
    return page.encode("utf-8")


def pdf(document: Document, on: date) -> bytes:
    """A tagged PDF (PDF/UA-1) with the manifest attached; no font of the system is used."""
    fonts = _Typesetter()
    # As it is, in nearly every case; else without what the fonts lack, then in Latin letters only.
    for everything in (None, False, True):
        paper = document
        if everything is not None:
            stand_ins = StandIns(fonts.can_set, document.texts(), everything=everything)
            paper = document.with_text(stand_ins)
            paper = replace(paper, blocks=[*paper.blocks, Words(stand_ins.note(), "small")])
        try:
            return fonts.paper(paper, on)
        except RuntimeError as error:  # of Typst
            failed = error
    raise GainsModelError(f"a report as pdf cannot be made: {failed}") from failed


class _Typesetter:
    """Typst with its own fonts and no folder: what it reads is in memory."""

    def __init__(self) -> None:
        import typst

        self._compiler = typst.Compiler(ignore_system_fonts=True)
        # Of the one paper, by their order.
        self._pictures: dict[int, list[int]] = {}

    def can_set(self, text: str) -> bool:
        try:
            self._set(PROBE, {"text": text})
        except RuntimeError:
            return False
        return True

    def paper(self, document: Document, on: date) -> bytes:
        numbers = count()

        def source(block: Picture) -> dict[str, list[int]]:
            number = next(numbers)
            if number not in self._pictures:
                self._pictures[number] = list(block.chart.png(SCALE))
            return {"bytes": self._pictures[number]}

        # As a file within the paper may be called on any system.
        attached = re.sub(r"[^\w .()-]", "-", document.manifest_name).strip(" .") or "manifest.json"
        given = {
            "paper": json.dumps(_plain(document, on, source) | {"manifest_name": attached}),
            "manifest": document.record.decode(),
        }
        made = datetime(on.year, on.month, on.day, tzinfo=UTC)
        return self._set(_template("paper.typ").encode(), given, timestamp=made)

    def _set(self, main: bytes, given: dict[str, str], **options: Any) -> bytes:
        made = self._compiler.compile(
            main, format="pdf", sys_inputs=given, pdf_standards="ua-1", **options
        )
        assert isinstance(made, bytes)
        return made


def docx(document: Document, on: date) -> bytes:
    """A Word document, with Word's own styles, for those who edit it."""
    from docx import Document as WordDocument
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Cm, Pt

    word = WordDocument()
    word.styles["Normal"].font.size = Pt(10.5)
    for section in word.sections:
        section.left_margin = section.right_margin = Cm(2.2)
        section.top_margin = section.bottom_margin = Cm(2.0)
        section.footer.paragraphs[0].text = _footer(document, on)
    properties = word.core_properties
    properties.title, properties.subject = document.title, document.subtitle
    properties.author, properties.language = "gainsmodel", "en-GB"
    made = datetime(on.year, on.month, on.day)
    properties.created = properties.modified = made

    def title_of(text: str) -> None:
        paragraph = word.add_paragraph()
        paragraph.add_run(text).bold = True
        paragraph.paragraph_format.keep_with_next = True

    word.add_heading(document.title, 0)
    word.add_paragraph(document.subtitle, "Subtitle")
    for block in document.blocks:
        match block:
            case Heading(text):
                word.add_heading(text, 1)
            case Words(text, role):
                run = word.add_paragraph().add_run(text)
                run.bold = role == "lead"
                run.font.size = {"lead": Pt(13), "small": Pt(9)}.get(role)
            case Points(items):
                for item in items:
                    word.add_paragraph(item, "List Bullet")
            case Box(title, items):
                word.add_heading(title, 2)
                for item in items:
                    word.add_paragraph(item).paragraph_format.left_indent = Cm(0.6)
            case Grid():
                title_of(block.title)
                has_head = any(block.headings)
                lines = [block.headings, *block.rows] if has_head else block.rows
                table = word.add_table(len(lines), len(block.headings), "Table Grid")
                if len(block.headings) == 2:
                    for column, width in zip(table.columns, (Cm(3.6), Cm(13.0)), strict=True):
                        column.width = width
                for number, (row, line) in enumerate(zip(table.rows, lines, strict=True)):
                    for i, (cell, text) in enumerate(zip(row.cells, line, strict=True)):
                        paragraph = cell.paragraphs[0]
                        run = paragraph.add_run(text)
                        run.font.size = Pt(9)
                        run.bold = (number == 0 and has_head) or (i == 0 and not has_head)
                        if i not in block.left:
                            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                if has_head:
                    # Word repeats the heading on every page, and reads it out as one.
                    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
                word.add_paragraph()
            case Picture(title, chart):
                title_of(title)
                shape = word.add_picture(io.BytesIO(chart.png(SCALE)), Cm(WORD_PICTURE_CM))
                shape._inline.docPr.set("descr", chart.alt)
                if chart.caption:
                    word.add_paragraph().add_run(chart.caption).font.size = Pt(9)
            case Code(lines):
                for line in lines:
                    word.add_paragraph().add_run(line).font.name = "Consolas"
    target = io.BytesIO()
    word.save(target)
    return target.getvalue()


def _plain(
    document: Document, on: date, source: Callable[[Picture], Mapping[str, Any]]
) -> dict[str, Any]:
    """A document as plain values, pictures as their writer wants them."""
    blocks: list[dict[str, Any]] = []
    for block in document.blocks:
        kind = type(block).__name__.casefold()
        if isinstance(block, Picture):
            chart = block.chart
            said = {"title": block.title, "alt": chart.alt, "caption": chart.caption}
            blocks.append({"kind": kind, **said, **source(block)})
        else:
            blocks.append({"kind": kind, **asdict(block)})
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "manifest_name": document.manifest_name,
        "footer": _footer(document, on),
        "blocks": blocks,
    }


def _footer(document: Document, on: date) -> str:
    return f"gainsmodel {document.version}, {on.day} {on:%B %Y}. A scenario tool, not a forecast."


def _data_address(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _template(name: str) -> str:
    return (files("gainsmodel.present.report") / "templates" / name).read_text("utf-8")
