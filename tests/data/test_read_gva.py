"""The user's own GVA figures: what is read, what is refused and in which words."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import random
import shutil
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings, strategies as st

import gainsmodel
from gainsmodel import DataError, Dataset, load_dataset, read_gva
from gainsmodel.data import GEOGRAPHIES, SECTORS
from gainsmodel.data.importing import sheets
from gainsmodel.data.importing.sector_labels import sector_label
from gainsmodel.data.own_dataset import gva_table
from gainsmodel.results.paired import PairedResult
from program import answered, refused
from publisher import WORKBOOKS, needs_source

ITL1 = load_dataset("itl1")
MAYORAL = load_dataset("mayoral")
NAMES = dict(ITL1.areas.select("area_code", "area_name").iter_rows())
ROW_OF = {code: row for row, code in enumerate(ITL1.areas["area_code"], 2)}


def rows_of(dataset: Dataset = ITL1) -> list[list[Any]]:
    """Give a wide table: area, then the 18 sectors."""
    figures = zip(dataset.areas["area_code"], dataset.gva_gbp_m.tolist(), strict=True)
    return [["area", *SECTORS], *([code, *row] for code, row in figures)]


def as_csv(rows: list[list[Any]], separator: str = ",") -> bytes:
    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return f'"{text}"' if separator in text or "\n" in text else text

    return "\n".join(separator.join(map(cell, row)) for row in rows).encode()


def as_excel(*named: tuple[str, list[list[Any]]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"strings_to_formulas": False}) as workbook:
        for name, rows in named:
            sheet = workbook.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value is not None:
                        sheet.write(at, column, value)
    return buffer.getvalue()


def read(rows: list[list[Any]], **options: Any) -> Dataset:
    return read_gva(as_csv(rows), "itl1", name="own.csv", **options)


def refusal(rows: list[list[Any]] | bytes, geography: str = "itl1", **options: Any) -> str:
    content = rows if isinstance(rows, bytes) else as_csv(rows)
    with pytest.raises(DataError) as caught:
        read_gva(content, geography, **{"name": "own.csv", **options})
    message = str(caught.value)
    assert message.isprintable() or all(line.isprintable() for line in message.split("\n"))
    assert "Traceback" not in message
    return message


def long(dataset: Dataset = ITL1) -> list[list[Any]]:
    figures = zip(dataset.areas["area_code"], dataset.gva_gbp_m.tolist(), strict=True)
    cells = [[code, s, v] for code, row in figures for s, v in zip(SECTORS, row, strict=True)]
    return [["area_code", "sector", "gva_gbp_m"], *cells]


# What is read


@pytest.mark.parametrize("geography", GEOGRAPHIES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_filled_template_gives_the_built_in_figures(geography: str, kind: Any) -> None:
    built_in = load_dataset(geography)
    content = gainsmodel.gva_template(geography, kind, filled=True)
    own = read_gva(content, geography, name=f"own.{kind}")
    assert np.array_equal(own.gva_gbp_m, built_in.gva_gbp_m)
    assert own.areas.equals(built_in.areas)
    assert own.own_name == f"own.{kind}"
    assert own.built_in_cells == ()
    assert "as the built-in 2023 figures" in own.notes[0]


@pytest.mark.parametrize("geography", GEOGRAPHIES)
def test_the_geography_is_told_by_the_areas(geography: str, tmp_path: Path) -> None:
    content = gainsmodel.gva_template(geography, "csv", filled=True)
    own = read_gva(content, None, name="own.csv")
    assert own.geography == geography
    assert read_gva(gainsmodel.save_dataset(own, tmp_path / "own"), None).geography == geography


SPELLINGS: dict[str, Callable[[str], str]] = {
    "code": lambda code: code,
    "small code": str.lower,
    "name": NAMES.__getitem__,
    "shouted": lambda code: NAMES[code].upper(),
    "blanks": lambda code: f"  {NAMES[code]} ",
    "blank inside": lambda code: NAMES[code].replace(" ", "  "),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    figures=st.lists(
        st.floats(0, 2, exclude_max=True, allow_subnormal=False), min_size=216, max_size=216
    ),
    seed=st.integers(0, 2**32),
    wide=st.booleans(),
    spelt=st.sampled_from(sorted(SPELLINGS)),
    named=st.booleans(),
    kind=st.sampled_from(["csv", "semicolons", "bom", "parquet"]),
)
def test_any_order_of_rows_and_columns_is_read_to_the_last_bit(
    figures: list[float], seed: int, wide: bool, spelt: str, named: bool, kind: str
) -> None:
    # Not so far from the built-in figures that they are taken for another unit.
    gva = np.maximum(np.array(figures).reshape(12, 18), 0.1) * ITL1.gva_gbp_m
    rng = random.Random(seed)
    spell = SPELLINGS[spelt]
    sector = ITL1.sector_names.__getitem__ if named else str
    if wide:
        rows = [["Area", *map(sector, SECTORS)]]
        rows += [[spell(c), *v] for c, v in zip(ITL1.areas["area_code"], gva.tolist(), strict=True)]
        columns = list(range(19))
        rng.shuffle(columns)
        rows = [[row[i] for i in columns] for row in rows]
    else:
        rows = [["Area", "Industry", "GVA (£m)"]]
        for code, values in zip(ITL1.areas["area_code"], gva.tolist(), strict=True):
            rows += [[spell(code), sector(s), v] for s, v in zip(SECTORS, values, strict=True)]
    body = rows[1:]
    rng.shuffle(body)
    rows = [rows[0], *body]
    content = as_csv(rows, ";" if kind == "semicolons" else ",")
    if kind == "bom":
        content = b"\xef\xbb\xbf" + content
    if kind == "parquet":
        buffer = io.BytesIO()
        pl.DataFrame(body, schema=rows[0], orient="row").write_parquet(buffer)
        content = buffer.getvalue()
    own = read_gva(content, "itl1", name="own")
    assert np.array_equal(own.gva_gbp_m, gva)


def test_excel_keeps_every_digit_it_holds() -> None:
    rows = rows_of()
    rows[1][1] = 1234.123456789012
    own = read_gva(as_excel(("A", rows)), "itl1", name="own.xlsx")
    assert own.gva_gbp_m[0, 0] == 1234.123456789012


def test_a_workbook_as_people_make_them() -> None:
    """Title rows, blank rows, notes, totals, a merged area, thousands as text, other sheets."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        workbook.add_worksheet("Contents").write_column(0, 0, ["Contents", "Table 2 is GVA"])
        workbook.add_worksheet("Empty")
        sheet = workbook.add_worksheet("Table 2")
        sheet.write(0, 0, "Table 2: gross value added, current prices, £ million [note 1]")
        sheet.write_row(3, 1, ["Region name", "SIC07", "2022", "2023 [p]"])
        at = 4
        for code, values in zip(ITL1.areas["area_code"], ITL1.gva_gbp_m.tolist(), strict=True):
            sheet.merge_range(at, 1, at + 18, 1, NAMES[code])
            for s, value in zip(SECTORS, values, strict=True):
                sheet.write_row(at, 2, [f"{s} (1-9)", 1, f"{value:,.0f}"])
                at += 1
            sheet.write_row(at, 2, ["Total", 1, sum(values)])
            at += 2
        made = ITL1.gva_gbp_m[:, SECTORS.index("C")].sum()
        sheet.write_row(at, 1, ["United Kingdom", "C (1-9)", 1, made])
        sheet.write(at + 2, 1, "[note 1] Figures are provisional.")
        sheet.write(at + 3, 3, "Source: somebody")
    own = read_gva(buffer.getvalue(), "itl1", name="own.xlsx")
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)
    assert own.notes == (
        "12 areas × 18 sectors from own.xlsx, sheet 'Table 2', headings in row 4: £2,200bn, "
        "as the built-in 2023 figures",
        "figures of 2023; other years are left out",
        "left out: rows of areas of other levels (1)",
        "left out: rows of notes (2)",
        "own totals of 12 areas agree with the sums of sectors",
        "areas add up to the table's own totals of United Kingdom",
    )


def test_a_total_that_its_sectors_do_not_add_up_to_is_refused() -> None:
    rows = [[*row, "Total" if n == 0 else sum(row[1:])] for n, row in enumerate(rows_of())]
    assert "own totals of 12 areas agree with the sums of sectors" in read(rows).notes
    rows[1][3] += 500
    assert "row 2, column 'Total': the total of North East is £" in refusal(rows)


def test_the_publisher_s_real_estate_is_not_taken_with_imputed_rent() -> None:
    rows = [[c, "L (68)" if s == "L" else s, v] for c, s, v in long()]
    message = refusal(rows)
    assert "no figure for Wales, sector L without imputed rent (68IMP is missing)" in message
    own = read(rows, fill="built_in")
    assert {sector for _, sector in own.built_in_cells} == {"L"}
    rented = [[c, s, v * (4 if s == "L" else 1)] for c, s, v in long()[1:]]
    assert "it must be without owner-occupiers' imputed rent" in refusal([long()[0], *rented])


def test_several_files_make_up_one_table(tmp_path: Path) -> None:
    rows = rows_of()
    north, south = tmp_path / "north.csv", tmp_path / "south.xlsx"
    north.write_bytes(as_csv(rows[:5]))
    south.write_bytes(as_excel(("S", [rows[0], *rows[5:]])))
    own = read_gva([north, south], "itl1")
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)
    assert own.own_name == "north.csv, south.xlsx"
    south.write_bytes(as_excel(("S", [rows[0], *rows[4:]])))
    with pytest.raises(DataError, match=r"south.xlsx.*a second time after north.csv, row 5"):
        read_gva([north, south], "itl1")
    south.write_bytes(as_excel(("S", [["year", *rows[0]], *([2022, *row] for row in rows[5:])])))
    with pytest.raises(DataError, match="not all of one year: 2022, no year"):
        read_gva([north, south], "itl1")
    with pytest.raises(DataError, match="empty list"):
        read_gva([], "itl1")


def test_a_merged_area_holds_for_its_rows_of_every_year() -> None:
    rows = [["area", "sector", "year", "gva"]]
    for code, values in zip(ITL1.areas["area_code"], ITL1.gva_gbp_m.tolist(), strict=True):
        for s, value in zip(SECTORS, values, strict=True):
            rows += [[code if s == "AB" else "", s, 2022, 1], ["", s, 2023, value]]
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)


def test_finer_sectors_make_up_the_model_s() -> None:
    """The publisher's A and B, D and E, parts of C, and L that holds imputed rent."""
    rows = [["area", "sector", "gva"]]
    for code, values in zip(ITL1.areas["area_code"], ITL1.gva_gbp_m.tolist(), strict=True):
        of = dict(zip(SECTORS, values, strict=True))
        parts = {"A (1-3)": 1.0, "B (5-9)": of["AB"] - 1, "D": 2.0, "E": of["DE"] - 2}
        parts |= {"CA (10-12)": 3.0, "CB-CM (13-33)": of["C"] - 3}
        parts |= {"L (68)": of["L"] + 500, "68IMP": 500.0, "45": 7.0, "46-47": 8.0}
        whole = {s: v for s, v in of.items() if s not in ("AB", "C", "DE", "L")}
        rows += [[code, s, v] for s, v in {**parts, **whole}.items()]
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)


def test_headings_over_two_merged_rows() -> None:
    rows = rows_of()
    top = ["area", "GVA, £m, current prices"]
    assert np.array_equal(read([top, [None, *rows[0][1:]], *rows[1:]]).gva_gbp_m, ITL1.gva_gbp_m)


def test_another_year_is_carried_to_the_base_year_with_every_share_kept() -> None:
    rows = [["year", *row] if n == 0 else [2019, *row] for n, row in enumerate(rows_of())]
    own = read(rows)
    growth = 2_497_390 / 2_014_747
    assert own.gva_gbp_m == pytest.approx(ITL1.gva_gbp_m * growth, rel=1e-14)
    assert own.base_year == 2023
    assert "figures of 2019, carried to 2023" in own.notes[1]
    assert f"× {growth:.4f}" in own.notes[1]


def test_the_base_year_is_taken_of_several_unless_another_is_asked_for() -> None:
    rows = [["area", "sector", "2021", "2023"]]
    rows += [[code, s, v / 2, v] for code, s, v in long()[1:]]
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)
    growth = 2_497_390 / 2_086_257
    assert read(rows, year=2021).gva_gbp_m == pytest.approx(ITL1.gva_gbp_m / 2 * growth)
    assert "there are: 2021 to 2023" in refusal(rows, year=2022)
    rows[0][3] = "2020"
    assert "none of 2023" in refusal(rows)


def test_what_is_missing_is_filled_only_when_asked() -> None:
    rows = rows_of()
    rows = [row for row in rows if row[0] != "TLL"]
    rows[3][4] = "[c]"
    message = refusal(rows)
    assert (
        "own.csv, row 4, column 'F': no figure for Yorkshire and The Humber, sector F ('[c]')"
        in message
    )
    assert "own.csv: no figures for Wales (TLL)" in message
    assert "10 of 12 areas are complete; fill='built_in'" in message
    rows[1][2] = 99
    own = read(rows, fill="built_in")
    changed = np.argwhere(own.gva_gbp_m != ITL1.gva_gbp_m).tolist()
    assert changed == [[0, 1]]
    assert own.built_in_cells == (("TLE", "F"), *(("TLL", s) for s in SECTORS))
    kept = "built-in figures kept in 19 cells: 1 whole area (Wales); 1 single cell (Yorkshire and"
    assert any(kept in note for note in own.notes)


@pytest.mark.parametrize("marker", ["", "-", "..", ":", "[c]", "[x]", "*", "N/A", "nan"])
def test_a_suppressed_figure_is_missing_not_zero(marker: str) -> None:
    rows = rows_of()
    rows[1][1] = marker
    assert "no figure for North East, sector AB" in refusal(rows)
    assert read(rows, fill="built_in").built_in_cells == (("TLC", "AB"),)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1,234", 1234.0), ("1,234,567.5", 1234567.5), ("£1,234", 1234.0), ("£ 12", 12.0)),
        *(("1\u00a0234", 1234.0), ("1e3", 1000.0), (" 7 ", 7.0), ("0", 0.0), ("-0", 0.0)),
    ],
)
def test_numbers_as_people_write_them(text: str, value: float) -> None:
    rows = rows_of()
    rows[1][1] = text
    assert read(rows).gva_gbp_m[0, 0] == value


# What is refused


def spoilt(text: object, row: int = 1, column: int = 1) -> list[list[Any]]:
    rows = rows_of()
    rows[row][column] = text
    return rows


BAD_CELLS = {
    "text": ("about 5", "row 2, column 'AB': 'about 5' is not a number of £m"),
    "negative": ("-5", "row 2, column 'AB': GVA must be from 0 to 1,000,000,000 £m, not -5"),
    "accountant's negative": ("(1,200)", "not -1200"),
    "infinite": ("inf", "not infinite"),
    "too large": ("1e10", "must be from 0"),
    "decimal comma": ("12,5", "a decimal point is wanted, not a comma"),
    "thousands amiss": ("12,34,567", "not a number of £m"),
    "per cent": ("5%", "not a number of £m"),
    "formula": ("=cmd|'/c calc'!A1", "not a number of £m"),
    "HTML": ("<b>5</b>", "'<b>5</b>' is not a number of £m"),
    "escape codes": ("\x1b[31m5", r"'\x1b[31m5' is not a number of £m"),
    "very long": ("9a" * 500, "…' is not a number of £m"),
}


@pytest.mark.parametrize("kind", sorted(BAD_CELLS))
def test_a_bad_figure_is_named_with_its_place(kind: str) -> None:
    text, words = BAD_CELLS[kind]
    message = refusal(spoilt(text))
    assert message.startswith("own.csv, row 2, column 'AB': ")
    assert words in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Wels", "row 12, column 'area': 'Wels' is not an area of the itl1 geography; the nearest"),
        ("=cmd|'/c calc'!A1", "is not an area of the itl1 geography"),
        ("<script>alert(1)</script>", "'<script>alert(1)</script>' is not an area"),
        ("TLX", "'TLX' is not an area"),
    ],
)
def test_an_unknown_area_is_named_with_the_nearest(name: str, words: str) -> None:
    row = ROW_OF["TLL"] - 1
    assert words.replace("row 12", f"row {row + 1}") in refusal(spoilt(name, row, 0))


def test_a_group_is_no_area() -> None:
    rows = rows_of(MAYORAL)
    rows[1][0] = "mayoral areas"
    assert "a group or a wider area; its areas are wanted one by one" in refusal(rows, "mayoral")


def test_areas_of_another_geography_are_recognised() -> None:
    message = refusal(rows_of(load_dataset("local_authority")), "mayoral")
    assert "361 of the 361 areas that are not known are of the local_authority" in message
    assert "read it with geography='local_authority'" in message
    assert "and 352 more" in message
    assert len(message.split("\n")) == 11


def test_all_problems_are_said_at_once_ten_in_full() -> None:
    rows = rows_of()
    for row in rows[1:]:
        row[3] = "?"
    message = refusal(rows)
    assert message.count("is not a number") == 10
    assert message.endswith("and 2 more")


def test_a_name_that_contradicts_its_code_is_refused() -> None:
    rows = [["area_code", "area_name", *SECTORS]]
    rows += [[code, NAMES[code], *row] for code, *row in rows_of()[1:]]
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)
    rows[1][1] = "Wales"
    assert "row 2, column 'area_name': 'Wales' is not North East (TLC)" in refusal(rows)
    rows[1][1] = "the cold north"
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)


def test_a_figure_that_stands_twice_is_refused() -> None:
    rows = rows_of()
    message = refusal([*rows, rows[1]])
    said = "own.csv, row 14, column 'AB': North East, sector AB is given a second time after "
    assert said + "own.csv, row 2, column 'AB'" in message
    doubled = [[*row, row[1]] for row in rows]
    assert "a second time after own.csv, row 2, column 'AB'" in refusal(doubled)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("GVA (£bn)", "is in £bn; figures must be in £m"),
        ("GVA £ thousand", "is in £ thousand"),
        ("GVA (£)", "is in £; figures must be in £m"),
        ("GVA (€m)", "is in another currency"),
    ],
)
def test_money_in_another_unit_is_refused(heading: str, words: str) -> None:
    rows = long()
    rows[0][2] = heading
    assert words in refusal(rows)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_money_that_must_be_in_another_unit_is_refused(factor: float) -> None:
    rows = rows_of()
    rows = [rows[0], *([code, *(v * factor for v in row)] for code, *row in rows[1:])]
    assert "the built-in ones to £2,199,978m; figures must be in £m" in refusal(rows)


@pytest.mark.parametrize(
    "heading",
    ["GVA (£m)", "GVA £ million", "gva_gbp_m", "GVA", "Gross value added (£m)", "Value", "£m"],
)
def test_headings_for_money(heading: str) -> None:
    rows = long()
    rows[0][2] = heading
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)


@pytest.mark.parametrize(
    "heading",
    ["Area", "ITL code", "area_code", "ITL1 code", "Region", "Region name", "LA code", "Geography"],
)
def test_headings_for_areas(heading: str) -> None:
    assert np.array_equal(read(spoilt(heading, 0, 0)).gva_gbp_m, ITL1.gva_gbp_m)


def test_volumes_are_refused() -> None:
    title = ["Table 1: GVA, chained volume measures, £ million"]
    assert "volumes or an index" in refusal([title, *rows_of()])


def test_an_area_of_nothing_is_refused() -> None:
    rows = rows_of()
    rows[1] = ["TLC", *([0] * 18)]
    assert "row 2: every figure of North East is 0" in refusal(rows)


def test_a_sector_of_nothing_is_refused_by_name() -> None:
    head, *body = rows_of()
    message = refusal([head, *([*row[:8], 0, *row[9:]] for row in body)])
    said = "own.csv: every figure of sector J (Information and communication) is 0; leave its cells"
    assert message.startswith(said)


@pytest.mark.parametrize("sector", ["J", "AB", "L", "T"])
def test_a_cell_of_nothing_gives_no_gain_there_and_stops_no_area(sector: str) -> None:
    own = read(spoilt(0, ROW_OF["TLL"] - 1, 1 + SECTORS.index(sector)))
    result = gainsmodel.run("reference", dataset=own, draws=64, geography="itl1")
    gains = result.sectors().filter(sector=sector).select("area_code", "gain_final_year_gbp_m_mean")
    of = dict(gains.iter_rows())
    assert of.pop("TLL") == 0.0
    assert all(gain > 0 for gain in of.values())
    shares = result.areas()["share_mean"]
    assert shares.is_finite().all()
    assert shares.min() > 0  # type: ignore[operator]
    told = any("check: sector J is 0 in Wales; for readiness" in note for note in own.notes)
    assert told == (sector == "J")


def test_two_columns_of_money_are_refused() -> None:
    rows = [[*row, row[2]] for row in long()]
    rows[0][3] = "GVA income approach"
    assert "several columns may hold the GVA" in refusal(rows)
    rows[0][3] = "GVA per head"
    assert np.array_equal(read(rows).gva_gbp_m, ITL1.gva_gbp_m)


def test_an_unknown_sector_is_named_with_the_nearest() -> None:
    rows = long()
    rows[1][1] = "Manufacturin"
    assert (
        "row 2, column 'sector': 'Manufacturin' is not a sector; did you mean 'Manufacturing'?"
        in (refusal(rows))
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "own.csv: is empty"),
        (b"\n\n\n", "own.csv: is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"area,sector,gva_gbp_m\n", "no rows of figures below the headings"),
        (b"hello,world\n1,2\n", "no row reads as headings"),
        (b"area\nWales\n", "no row reads as headings"),
        ("area,sector,£m\nWales,C,1".encode("cp1252"), "row 1: is not in UTF-8 (byte 0xa3)"),
        ("area,sector,gva".encode("utf-16"), "is in UTF-16, not UTF-8"),
        (b"\x00\x01\x02", "bytes that are not text"),
        (b"PK\x03\x04 nonsense", "not a workbook that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 999, "not a workbook that can be read"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "protected by a password",
        ),
        (b"PAR1 nonsense PAR1", "is not a Parquet file that can be read"),
        (b'area,AB\n"' + b"x" * 200_000, "not a table of separated values"),
    ],
)
def test_a_file_that_is_no_table(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_a_file_is_what_its_content_says() -> None:
    own = read_gva(as_excel(("A", rows_of())), "itl1", name="own.csv")
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)
    assert "is not what its name says" in refusal(as_csv(rows_of()), name="own.xlsx")


def test_sheets_are_found_or_asked_for() -> None:
    two = as_excel(("First", rows_of()), ("Second", spoilt(99)))
    assert "several sheets hold a table: 'First', 'Second'" in refusal(two, name="own.xlsx")
    assert read_gva(two, "itl1", name="x.xlsx", sheet="second ").gva_gbp_m[0, 0] == 99
    message = refusal(two, name="own.xlsx", sheet="Third")
    assert message == "own.xlsx: has no sheet 'Third'; there are: 'First', 'Second'"
    assert "has no sheets" in refusal(rows_of(), sheet="Third")
    none = as_excel(("Notes", [["hello"]]), ("More", [["there"]]))
    assert "no row in any of the sheets 'Notes', 'More' reads as headings" in refusal(none)
    assert "is empty" in refusal(as_excel(("Blank", [])))


def test_rows_are_numbered_as_the_spreadsheet_does() -> None:
    rows = [[], [], ["My table"], [], *spoilt("?")]
    place = "own.xlsx, sheet 'A', row 6, column 'AB'"
    assert refusal(as_excel(("A", rows)), name="own.xlsx").startswith(place)
    assert refusal([[""], [], *spoilt("?")]).startswith("own.csv, row 4, column 'AB'")
    multiline = [["A title\nof two lines"], *spoilt("?")]
    assert refusal(multiline).startswith("own.csv, row 3, column 'AB'")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_never_gives_a_traceback(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(content)))
    with contextlib.suppress(DataError):
        own = read_gva(bytes(content[:cut]), "itl1", name="own.xlsx")
        assert (own.gva_gbp_m >= 0).all()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows_of()[1:], schema=rows_of()[0], orient="row").write_parquet(buffer)
    return buffer.getvalue()


WHOLE = [as_excel(("A", rows_of())), _parquet(), as_csv(rows_of())]


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    with file.open("wb") as opened:
        opened.truncate(200_000_000)
    with pytest.raises(DataError, match=r"large.csv: is too large \(200 MB\); at most 20 MB"):
        read_gva(file)
    with pytest.raises(DataError, match="is too large"):
        read_gva(bytes(sheets.MAX_BYTES + 1), name="large.csv")


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(sheets.MAX_UNPACKED_BYTES + 1))
    assert "is too large unpacked" in refusal(buffer.getvalue(), name="bomb.xlsx")


def test_too_many_cells_are_refused() -> None:
    assert "are too many" in refusal(b"area,sector,gva\n" + b"Wales,C,1\n" * 1_700_000)


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_gva(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="is neither a file"):
        read_gva(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is neither a file"):
        read_gva(tmp_path / "pipe")
    with pytest.raises(DataError, match="cannot be read"):
        read_gva("a\0b")
    with pytest.raises(DataError, match="name: is needed"):
        read_gva(b"area")
    with pytest.raises(gainsmodel.UnknownNameError, match="narnia"):
        read_gva(b"area", "narnia", name="x")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"fill": "zero"}, "fill: must be"), ({"year": 1066}, "year: must be from 1998 to 2025")],
)
def test_an_option_that_cannot_be(options: dict[str, Any], words: str) -> None:
    assert words in refusal(rows_of(), **options)


@pytest.mark.usefixtures("in_this_process")
def test_excel_support_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    assert "pip install 'gainsmodel[excel]'" in refusal(as_excel(("A", rows_of())))
    assert np.array_equal(read(rows_of()).gva_gbp_m, ITL1.gva_gbp_m)


# Sectors


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *(
            ("C", "C"),
            ("c", "C"),
            ("C (10-33)", "C"),
            ("C: Manufacturing", "C"),
            ("AB (1-9)", "AB"),
        ),
        *(("C (£m)", "C"), ("M", "M"), ("Manufacturing", "C"), ("manufacturing ", "C")),
        *(("68IMP", "68IMP"), ("L (68)", "L"), ("68", "68"), ("CA (10-12)", "CA"), ("45", "45")),
        *(
            ("Total", ""),
            ("All industries", ""),
            ("A-E", "A-E"),
            ("A figure", None),
            ("Wales", None),
        ),
        *(("gva_C_gbp_m", "C"), ("Manufacturing (£m)", "C"), ("C - Manufacturing", "C")),
        *(("E numbers", None), ("S Yorkshire", None), ("2023", None), ("", None)),
    ],
)
def test_sector_labels(label: str, code: str | None) -> None:
    assert sector_label(label) == code


# What it is known by


def test_own_figures_are_known_by_their_hash() -> None:
    own = read(rows_of())
    other = read(spoilt(1.0))
    assert own.hashes != ITL1.hashes
    assert own.hashes["own_gva.csv"] != other.hashes["own_gva.csv"]
    assert "gva.csv" not in own.hashes
    assert read_gva(_parquet(), "itl1", name="another.parquet").hashes == own.hashes
    assert {k: v for k, v in ITL1.hashes.items() if k != "gva.csv"}.items() <= own.hashes.items()
    assert not own.gva_gbp_m.flags.writeable


def test_the_hash_is_that_of_the_table_that_is_saved(tmp_path: Path) -> None:
    own = read(spoilt(1 / 3))
    folder = gainsmodel.save_dataset(own, tmp_path / "own")
    content = (folder / "gva.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == own.hashes["own_gva.csv"]


# Runs


def equal_tables(one: gainsmodel.Result, other: gainsmodel.Result) -> bool:
    tables = ("areas", "groups", "years", "sectors", "adoption", "statistics")
    return all(getattr(one, table)().equals(getattr(other, table)()) for table in tables)


@pytest.mark.parametrize("geography", GEOGRAPHIES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_built_in_figures_read_back_give_the_same_results(geography: str, kind: Any) -> None:
    content = gainsmodel.gva_template(geography, kind, filled=True)
    own = read_gva(content, geography, name=f"own.{kind}")
    plan = gainsmodel.load_scenario("reference").edit({"plan.uk.skills": 1.0})
    options = {"draws": 64, "geography": geography}
    mine = gainsmodel.run(plan, **options, dataset=own)
    assert equal_tables(mine, gainsmodel.run(plan, **options))


def test_own_figures_reach_the_result_and_the_manifest() -> None:
    own = read_gva(as_csv(spoilt_mayoral(30_000.0)), name="own.csv")
    result = gainsmodel.run("reference", draws=64, dataset=own)
    built_in = gainsmodel.run("reference", draws=64)
    ratio = result.areas()["gva_gbp_m"] / built_in.areas()["gva_gbp_m"]
    assert ratio[0] > 1.5
    assert ratio[1:].to_numpy() == pytest.approx(1.0, rel=1e-15)
    assert result.manifest["own_data"] == {
        "name": "own.csv",
        "sha256": hashlib.sha256(gva_table(own)).hexdigest(),
        "notes": list(own.notes),
    }
    assert result.manifest["data_sha256"] == dict(sorted(own.hashes.items()))
    assert "own_data" not in built_in.manifest
    with pytest.raises(gainsmodel.ResultError, match="not paired: data_sha256"):
        PairedResult(result, built_in)


def spoilt_mayoral(value: float) -> list[list[Any]]:
    rows = rows_of(MAYORAL)
    rows[1][2] = value
    return rows


def test_a_paired_run_takes_own_figures_for_both() -> None:
    own = read_gva(as_csv(spoilt_mayoral(30_000.0)), name="own.csv")
    pair = gainsmodel.run_paired("skills_first", draws=64, dataset=own)
    alone = gainsmodel.run("skills_first", draws=64, dataset=own)
    assert equal_tables(pair[0], alone)
    twin = gainsmodel.load_scenario("skills_first").without_plan()
    assert equal_tables(pair[1], gainsmodel.run(twin, draws=64, dataset=own))


def test_figures_of_another_geography_are_refused() -> None:
    own = read(rows_of())
    with pytest.raises(gainsmodel.SettingError, match="itl1 geography, and mayoral is to be run"):
        gainsmodel.run("reference", draws=16, dataset=own)
    assert gainsmodel.run("reference", draws=16, dataset=own, geography="itl1").areas().height == 12


def test_a_result_replays_on_the_same_figures_only(tmp_path: Path) -> None:
    own = read_gva(as_csv(spoilt_mayoral(30_000.0)), name="own.csv")
    other = read_gva(as_csv(spoilt_mayoral(29_000.0)), name="other.csv")
    folder = gainsmodel.run("reference", draws=64, dataset=own).save(tmp_path / "own")
    plain = gainsmodel.run("reference", draws=64).save(tmp_path / "plain")
    again = gainsmodel.replay(folder, dataset=own)
    assert equal_tables(again, gainsmodel.Result.load(folder))
    # The figures stand beside the manifest; by itself it asks for them.
    assert equal_tables(gainsmodel.replay(folder), again)
    manifest = json.loads((folder / "manifest.json").read_text())
    for recorded, dataset, words in (
        (manifest, None, r"own figures, 'own.csv'; pass them with dataset= \(--data\)"),
        (folder, other, "on other figures, of 'own.csv'; those of 'other.csv' differ"),
        (plain, own, "on the built-in figures, not on 'own.csv'; run it without them"),
        (folder, read(rows_of()), "itl1 geography, and mayoral is to be run"),
    ):
        with pytest.raises(gainsmodel.GainsModelError, match=words):
            gainsmodel.replay(recorded, dataset=dataset)


# Folders


def test_a_saved_dataset_is_read_back_whole(tmp_path: Path) -> None:
    rows = spoilt(1 / 3)
    rows[4][5] = ".."
    own = read(rows, fill="built_in")
    folder = gainsmodel.save_dataset(own, tmp_path / "own")
    back = read_gva(folder, "itl1")
    assert np.array_equal(back.gva_gbp_m, own.gva_gbp_m)
    assert back.hashes == own.hashes
    assert back.notes == own.notes
    assert back.built_in_cells == own.built_in_cells == (("TLF", "G"),)
    assert back.own_name == "own.csv"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    gainsmodel.save_dataset(back, folder)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("gva.csv", "TLC", "TLD", "gva.csv was edited since"),
        ("provenance.toml", "itl1", "mayoral", "provenance.toml was edited since"),
        ("hashes.toml", '"gva.csv" = "', '"gva.csv" = "0', "gva.csv was edited since"),
        ("hashes.toml", '"', "", "hashes.toml cannot be read"),
        ("gva.csv", None, None, "cannot be read: No such file"),
        ("hashes.toml", None, None, "cannot be read: No such file"),
    ],
)
def test_an_edited_folder_is_refused(
    tmp_path: Path, file: str, old: str | None, new: str, words: str
) -> None:
    folder = gainsmodel.save_dataset(read(rows_of()), tmp_path / "own")
    path = folder / file
    if old is None:
        path.unlink()
    else:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_gva(folder, "itl1")


@pytest.mark.parametrize(("kept", "refused"), [(False, False), (True, True)])
def test_a_folder_is_stale_once_figures_it_stands_on_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool, refused: bool
) -> None:
    """Kept built-in cells stand on the shipped GVA; everything stands on the other tables."""
    own = read(spoilt(".." if kept else 1.0), fill="built_in")
    folder = gainsmodel.save_dataset(own, tmp_path / "own")

    def newer(table: str) -> None:
        changed = dataclasses.replace(ITL1, hashes=ITL1.hashes | {table: "0" * 64})
        monkeypatch.setattr("gainsmodel.data.saved.load_dataset", lambda _: changed)

    newer("gva.csv")
    with pytest.raises(DataError, match="out of date") if refused else contextlib.nullcontext():
        read_gva(folder, "itl1")
    newer("areas.csv")
    with pytest.raises(DataError, match=r"built-in figures have changed since \(areas.csv"):
        read_gva(folder, "itl1")


def test_a_folder_of_something_else_is_neither_replaced_nor_read(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(DataError, match=r"something other than an earlier dataset.*diary"):
        gainsmodel.save_dataset(read(rows_of()), tmp_path)
    with pytest.raises(DataError, match="neither a file nor a folder of imported figures"):
        read_gva(tmp_path, "itl1")
    with pytest.raises(DataError, match="built-in figures"):
        gainsmodel.save_dataset(ITL1, tmp_path / "new")
    with pytest.raises(DataError, match="cannot be written"):
        gainsmodel.save_dataset(read(rows_of()), tmp_path / "diary.txt" / "own")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diary.txt"]


def test_a_folder_settles_how_it_was_read(tmp_path: Path) -> None:
    folder = gainsmodel.save_dataset(read(rows_of()), tmp_path / "own")
    with pytest.raises(DataError, match="fill: cannot be combined with"):
        read_gva(folder, "itl1", fill="built_in")
    with pytest.raises(DataError, match="holds figures of the itl1 geography, not of mayoral"):
        read_gva(folder)


# Templates


def test_an_empty_template_asks_for_every_figure() -> None:
    for kind in ("csv", "xlsx"):
        content = gainsmodel.gva_template("itl1", kind)  # type: ignore[arg-type]
        assert "no rows of figures" in refusal(content, name=f"own.{kind}")
        with pytest.raises(DataError, match="kind: must be"):
            gainsmodel.gva_template("itl1", "doc")  # type: ignore[arg-type]


def test_a_workbook_template_says_its_unit_and_holds_no_formula() -> None:
    content = gainsmodel.gva_template("mayoral", "xlsx", filled=True)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        texts = [packed.read(name) for name in packed.namelist() if "sheet" in name]
        assert b"GVA, \xc2\xa3m, current prices of 2023" in packed.read("xl/sharedStrings.xml")
    assert not any(b"<f>" in text for text in texts)


# Command line


def test_the_command_line_runs_and_repeats_own_figures(tmp_path: Path) -> None:
    table, folder, out = tmp_path / "own.xlsx", tmp_path / "own", tmp_path / "result"
    answered("data", "template", "--out", table, "--filled")
    assert "exists already" in refused("data", "template", "--out", table)
    assert "must end in .xlsx or .csv" in refused("data", "template", "--out", tmp_path / "x.doc")
    notes = answered("data", "import-table", table, "--out", folder)
    assert notes.startswith(
        "geography: mayoral\n23 areas × 18 sectors from own.xlsx, sheet 'GVA', headings in row 3"
    )
    with_plan = ("run", "skills_first", "--draws", "64")
    printed = answered(*with_plan, "--data", folder, "--out", out)
    head, _, rest = printed.partition("Using your own GVA figures:\n\n")
    own_part, _, rest = rest.partition("\n\n")
    built_in = " ".join(answered(*with_plan).split())
    # Only built-in figures are told their age.
    age = gainsmodel.text.of_figures({}, date.today())
    assert age in built_in
    assert (head + rest).split() == built_in.replace(age, "").split()
    said = " ".join(own_part.split())
    assert said == " ".join(f"- {note}" for note in notes.strip().split("\n")[1:])
    assert answered("run", out, "--data", table, "--sheet", "GVA").split() == printed.split()
    # The figures stand beside the manifest; by itself it asks for them.
    assert answered("run", out).split() == printed.split()
    alone = Path(shutil.copy(out / "manifest.json", tmp_path / "manifest.json"))
    assert "pass them with dataset= (--data)" in refused("run", alone)
    manifest = json.loads(answered(*with_plan, "--data", table, "--json"))["manifest"]
    assert manifest["own_data"]["name"] == "own.xlsx"


@needs_source
def test_the_publisher_s_workbooks_are_imported_as_they_are(tmp_path: Path) -> None:
    """Their contents, notes and other measures are told from the one table of GVA."""
    authorities = WORKBOOKS / "regional_gva_by_industry_local_authorities_north_east_2025.xlsx"
    printed = answered(
        *("data", "import-ons", authorities, "--out", tmp_path / "la", "--fill-built-in")
    )
    assert printed.startswith("geography: local_authority\n12 areas × 18 sectors")
    assert "sheet 'Table 3', headings in row 2" in printed
    assert "own totals of 12 areas agree with the sums of sectors" in printed
    own = read_gva(tmp_path / "la", None)
    assert np.array_equal(own.gva_gbp_m, load_dataset("local_authority").gva_gbp_m)

    regions = WORKBOOKS / "regional_gva_per_head_and_income_components_edition_2023.xlsx"
    command = ("data", "import-ons", regions, "--out", tmp_path / "itl1")
    assert "none of 2023; say which year is meant with year= (--year)" in refused(*command)
    assert "sector L without imputed rent" in refused(*command, "--year", "2021")
    printed = answered(*command, "--year", "2021", "--fill-built-in")
    assert "12 areas × 17 sectors" in printed
    assert "own totals of 12 areas agree" in printed
    # Table 6, North East, 2021: A £424m and B £137m, carried by UK growth to 2023.
    own = read_gva(tmp_path / "itl1", "itl1")
    assert own.gva_gbp_m[0, 0] == pytest.approx((424 + 137) * 2_497_390 / 2_086_257)


def test_the_command_line_says_what_is_wrong_with_a_table(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_bytes(as_csv(spoilt("..")))
    run = ("run", "reference", "--draws", "16", "--geography", "itl1")
    message = refused(*run, "--data", table)
    assert "own.csv, row 2, column 'AB': no figure for North East, sector AB ('..')" in message
    assert "(--fill-built-in)" in message
    assert "kept in 1 cell:" in answered(*run, "--data", table, "--fill-built-in")
    assert "--sheet: needs --data" in refused(*run, "--sheet", "A")
    assert "itl1 geography" in refused("run", "reference", "--data", table)
    assert "no such file" in refused(*run, "--data", tmp_path / "absent.csv")
