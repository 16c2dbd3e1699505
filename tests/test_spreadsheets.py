"""No text in a table is a formula, in CSV or Excel; and it comes back as it was."""

from __future__ import annotations

import io
import re
import zipfile
from csv import reader as csv_reader

import polars as pl
import pytest
from hypothesis import given, strategies as st

from gainsmodel.errors import DataError
from gainsmodel.spreadsheets import csv, escaped, in_cells, unescaped, workbook

FORMULAS = (
    *('=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1"),
    *("'=1", "＝1+1", "＋1", "－1", "＠x", "fine;=1+1", "fine\t+1", "fine\n@x", "\x0b=1"),
)
PLAIN = ("Wales", "a=b", "x-y", "St Helens, Merseyside", "5% + 3%", "it's", "'quoted'", "−5%", "")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_escaped(text: str) -> None:
    table = pl.DataFrame({text: [text, "plain"], "number": [-1.5, 2.0]})
    content = csv(table).decode()
    head, first, second = csv_reader(io.StringIO(content, newline=""))
    assert (first[1], second) == ("-1.5", ["plain", "2.0"])
    told = first[0]
    assert head[0] == told == escaped(text)
    # Also where something else separates cells, none begins with a formula.
    cells = re.split(r"(?<=\w)[;\t\r\n]", told)
    assert not any(re.match(r"\s*[=+\-@＝＋－＠]", cell) for cell in cells)
    assert unescaped(told) == text


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert escaped(text) == unescaped(text) == text


@given(st.text(alphabet="=+-@＝'; \t\r\na,", max_size=8))
def test_what_was_escaped_comes_back(text: str) -> None:
    assert unescaped(escaped(text)) == text


def test_the_mark_stands_first_and_only_if_asked_for() -> None:
    table = pl.DataFrame({"£": [1]})
    assert csv(table, mark=True) == "\ufeff£\n1\n".encode()
    assert csv(table) == "£\n1\n".encode()


def test_a_workbook_holds_no_formula_no_link_and_nothing_that_xml_cannot_hold() -> None:
    texts = [*FORMULAS, "{=1}", "http://x.example", "mailto:a@b.c", "12", "a\x01\ufffeb"]
    target = io.BytesIO()
    with workbook(target, DataError) as book:
        in_cells(pl.DataFrame({"text": texts})).write_excel(book, "Sheet")
    with zipfile.ZipFile(target) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        strings = parts.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.casefold()
    assert sheet.count('t="s"') == len(texts) + 1
    assert "a\ufffd\ufffdb" in strings
