"""Editions of the publisher's workbooks: other codes, boundaries, wording and levels."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xlsxwriter

import gainsmodel
from gainsmodel import DataError, Dataset, load_dataset, read_gva
from gainsmodel.data import SECTORS, save_dataset
from gainsmodel.data.importing import frames
from gainsmodel.data.importing.changes import MERGED
from gainsmodel.data.importing.frames import EDITIONS, itl_areas
from publisher import WORKBOOKS, needs_source

Rows = list[list[Any]]
TITLE = "Table {}: Regional gross value added (balanced) by industry: current prices, £ million"
LABELS = {
    "AB": "AB (1-9)",
    "C": "C (10-33)",
    "DE": "DE (35-39)",
    "L": "68",
}


def long_rows(figures: Dataset, gva: np.ndarray | None = None, total: bool = True) -> Rows:
    """Rows of code, name, SIC07 code, figure as the publisher has them, a total an area first."""
    values = figures.gva_gbp_m if gva is None else gva
    rows: Rows = []
    names = figures.areas.select("area_code", "area_name").rows()
    for (code, name), of_area in zip(names, values.tolist(), strict=True):
        if total:
            # The publisher's total holds imputed rent; here there is none.
            rows.append([code, f"{name} ", "Total", sum(of_area)])
        rows += [
            [code, f"{name} ", LABELS.get(s, s), v] for s, v in zip(SECTORS, of_area, strict=True)
        ]
        rows.append([code, name, "68IMP", 0.0])
    return rows


def workbook(*tables: tuple[str, Rows], year: object = 2023, head: tuple[str, ...] = ()) -> bytes:
    """A workbook with a cover, notes, and tables of figures, each with its title above."""
    headings = [*(head or ("ITL code", "Region name", "SIC07 code")), year]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("Information").write(0, 0, "Regional gross value added by industry")
        notes = book.add_worksheet("Notes")
        notes.write_row(0, 0, ["Note number", "Note text"])
        notes.write_row(1, 0, ["1", "Figures may not add up."])
        for name, rows in tables:
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, TITLE.format(name))
            for at, row in enumerate([headings, *rows], 1):
                sheet.write_row(at, 0, row)
    return buffer.getvalue()


def read(content: bytes, geography: str | None = None, **options: Any) -> Dataset:
    return read_gva(content, geography, name="edition.xlsx", **options)


def refusal(content: bytes, geography: str | None = None, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(content, geography, **options)
    return str(caught.value)


# ---------------------------------------------------------------- ITL 2 and 3


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize(("level", "count"), [("itl2", (46, 41)), ("itl3", (182, 179))])
def test_itl_areas_partition_the_uk(level: str, count: tuple[int, int], edition: str) -> None:
    areas, local = itl_areas(level, edition), load_dataset("local_authority")
    assert areas.areas.height == count[EDITIONS.index(edition)]
    assert areas.gva_gbp_m.sum(axis=0) == pytest.approx(local.gva_gbp_m.sum(axis=0))
    gap = areas.areas["population"].sum() - local.areas["population"].sum()
    assert abs(gap) <= areas.areas.height
    # Each lies in the region that its code says.
    assert all(region == code[:3] for code, region in areas.regions.items())


def test_altered_tables_of_itl_areas_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_dataset(gainsmodel.aggregate("itl1", {"Wales": "Cymru"}), tmp_path / "own")
    copy = Path(shutil.copytree(frames.TABLES, tmp_path / "tables"))
    monkeypatch.setattr(frames, "TABLES", copy)
    frames.itl_hashes.cache_clear()
    try:
        (copy / "itl.csv").write_bytes((copy / "itl.csv").read_bytes() + b"\n")
        with pytest.raises(DataError, match=r"itl\.csv: altered since built"):
            frames.itl_hashes()
    finally:
        monkeypatch.undo()
        frames.itl_hashes.cache_clear()
    newer = frames.itl_hashes() | {"itl_membership.csv": "0" * 64}
    monkeypatch.setattr("gainsmodel.data.saved.itl_hashes", lambda: newer)
    with pytest.raises(DataError, match=r"out of date: .*itl_membership\.csv"):
        read_gva(folder, None)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("level", ["itl2", "itl3"])
@pytest.mark.parametrize("stated", [True, False])
def test_a_workbook_of_itl_areas_is_read(level: str, edition: str, stated: bool) -> None:
    areas = itl_areas(level, edition)
    gva = np.round(areas.gva_gbp_m + 1)
    own = read(workbook(("Table 2c", long_rows(areas, gva))), level if stated else None)
    assert own.geography == "own"
    assert own.areas.equals(areas.areas)
    assert np.array_equal(own.gva_gbp_m, gva)
    assert any(f"areas: {level} (codes of {edition})" in note for note in own.notes)


def test_the_sheet_of_the_stated_level_is_taken() -> None:
    levels = {
        "itl1": load_dataset("itl1"),
        "itl2": itl_areas("itl2", "2025"),
        "itl3": itl_areas("itl3", "2025"),
    }
    content = workbook(*((f"Table {i}c", long_rows(f)) for i, f in enumerate(levels.values(), 1)))
    for level, figures in levels.items():
        assert read(content, level).gva_gbp_m == pytest.approx(figures.gva_gbp_m)
    message = refusal(content)
    assert "several sheets hold a table: 'Table 1c', 'Table 2c', 'Table 3c'" in message
    assert "geography= (--geography)" in message
    assert read(content, sheet="Table 3c").areas.height == 182


def test_one_sheet_of_every_level() -> None:
    """As Table 6 of the workbook on GVA per head."""
    regions, parts = load_dataset("itl1"), itl_areas("itl2", "2025")
    uk = regions.gva_gbp_m.sum()
    rows = [["UK", "United Kingdom", "Total", uk + 30_000], ["TLZ", "Extra-Regio", "Total", 30_000]]
    # Regions in this table are the sums of their parts, as the publisher's are.
    codes = parts.areas["area_code"].to_list()
    gva = np.array(
        [
            parts.gva_gbp_m[[c.startswith(region) for c in codes]].sum(axis=0)
            for region in regions.areas["area_code"]
        ]
    )
    rows += long_rows(regions, gva) + long_rows(parts)
    content = workbook(("Table 6", rows))
    assert read(content).geography == "itl1"
    assert any("areas of itl2 are there too" in note for note in read(content).notes)
    own = read(content, "itl2")
    assert own.areas.height == 46
    told = next(note for note in own.notes if "own totals of UK" in note)
    assert told.endswith(", ".join(["UK", *regions.areas["area_code"]]))
    message = refusal(content, "itl3")
    assert "no rows of figures below the headings are of itl3" in message
    assert "there are some of itl1 and itl2" in message
    # A region that its parts do not add up to.
    wrong = next(row for row in rows if row[0] == "TLC" and row[2] == "Total")
    wrong[3] *= 1.02
    message = refusal(workbook(("Table 6", rows)), "itl2")
    assert "row 5, column '2023': the total of TLC is" in message
    assert "the 2 areas in it add up to" in message


def test_a_workbook_of_itl_areas_runs_and_replays(tmp_path: Path) -> None:
    own = read(workbook(("Table 2c", long_rows(itl_areas("itl2", "2025")))))
    folder = save_dataset(own, tmp_path / "own")
    back = read_gva(folder, None)
    assert back.hashes == own.hashes
    result = gainsmodel.run("reference", dataset=back, draws=64)
    saved = result.save(tmp_path / "result")
    assert gainsmodel.replay(saved, dataset=back).areas().equals(result.areas())
    with pytest.raises(DataError, match="figures of the own geography, not of itl1"):
        read_gva(folder, "itl1")


@needs_source
def test_the_publisher_s_own_itl_2_of_2021_and_authorities_become_areas(tmp_path: Path) -> None:
    source = WORKBOOKS / "regional_gva_per_head_and_income_components_edition_2023.xlsx"
    own = read_gva(source, "itl2", year=2021, fill="built_in")
    # Table 6, Tees Valley and Durham, 2021: its own total less real estate, which is filled.
    assert own.areas.height == 41
    assert "own totals of 41 areas agree with the sums of sectors" in own.notes
    told = next(note for note in own.notes if note.startswith("areas add up to the table's own"))
    listed = ", ".join(f"TL{letter}" for letter in "BCDEFGHIJKLMN")
    assert told.endswith(f"UK, {listed}, UKX")
    assert {code for code, sector in own.built_in_cells} == {*own.areas["area_code"]}
    assert {sector for code, sector in own.built_in_cells} == {"L"}
    result = gainsmodel.run("reference", dataset=own, draws=64)
    assert gainsmodel.replay(result.save(tmp_path / "itl2"), dataset=own).areas().height == 41

    source = WORKBOOKS / "regional_gva_by_industry_local_authorities_north_east_2025.xlsx"
    local = read_gva(source, "local_authority", fill="built_in")
    tyneside = ["Newcastle upon Tyne", "Gateshead", "North Tyneside", "South Tyneside"]
    made = gainsmodel.aggregate(local, dict.fromkeys(tyneside, "Tyneside"))
    assert made.gva_gbp_m.sum() == pytest.approx(local.gva_gbp_m.sum())
    assert "Rest of North East" in made.areas["area_name"].to_list()


# ---------------------------------------------------------------- codes and boundaries


def local(change: Callable[[list[Any]], None] | None = None) -> Rows:
    rows = long_rows(load_dataset("local_authority"))
    for row in rows:
        if change is not None:
            change(row)
    return rows


def test_a_new_code_beside_a_known_name_is_taken_and_said() -> None:
    def recode(row: list[Any]) -> None:
        row[0] = {"E06000001": "E06000099", "E08000019": "E08000039"}.get(row[0], row[0])

    own = read(workbook(("Table 3", local(recode))))
    assert own.gva_gbp_m == pytest.approx(load_dataset("local_authority").gva_gbp_m)
    said = [note for note in own.notes if "its boundary may differ" in note]
    assert [note.partition(",")[0] for note in said] == [
        "Hartlepool has the code E06000099",
        "Sheffield has the code E08000039",
    ]


def test_the_code_of_another_area_beside_a_name_is_a_contradiction() -> None:
    def wrong(row: list[Any]) -> None:
        row[0] = "E06000002" if row[0] == "E06000001" else row[0]

    message = refusal(workbook(("Table 3", local(wrong))))
    assert "row 3, column 'ITL code': 'E06000002' is not Hartlepool (E06000001)" in message
    assert message.count("is not Hartlepool") == 1


def test_districts_since_merged_are_added_up() -> None:
    authorities = load_dataset("local_authority")
    rows: Rows = []
    for row in local():
        districts = MERGED.get(row[0], {})
        part = len(districts)
        rows += [[c, n, row[2], row[3] / part] for c, n in districts.items()] or [row]
    own = read(workbook(("Table 3", rows)))
    assert own.gva_gbp_m == pytest.approx(authorities.gva_gbp_m)
    assert "Cumberland: added up from Allerdale, Carlisle, Copeland" in own.notes
    lacking = [row for row in rows if row[1] != "Carlisle" or row[2] != "F"]
    message = refusal(workbook(("Table 3", lacking)))
    assert "Cumberland, made of Allerdale, Carlisle, Copeland: no F of Carlisle" in message
    twice = [*rows, next(row for row in rows if row[1] == "Eden" and row[2] == "F")]
    assert "Eden, sector F is given a second time" in refusal(workbook(("Table 3", twice)))
    both = [*rows, *(row for row in local() if row[0] == "E06000063")]
    assert "is given as a whole too" in refusal(workbook(("Table 3", both)))


# ---------------------------------------------------------------- wording


@pytest.mark.parametrize(
    "head",
    [
        ("ITL region code", "ITL region name", "SIC07 code"),
        ("LA code", "LA name", "SIC07"),
        ("Local authority code", "Local authority name", "SIC07 industry"),
        ("Area code", "Area name", "Industry"),
        ("LAD23CD", "LAD23NM", "SIC07 description"),
    ],
)
@pytest.mark.parametrize("year", [2023, "2023", "2023 [p]", "2023 [note 3]", "2023\n[r]"])
@pytest.mark.parametrize(
    "geography", ["itl1", pytest.param("local_authority", marks=pytest.mark.slow)]
)
def test_headings_of_several_editions(geography: str, head: tuple[str, ...], year: object) -> None:
    figures = load_dataset(geography)
    own = read(workbook(("Table 3", long_rows(figures)), head=head, year=year), geography)
    assert own.gva_gbp_m == pytest.approx(figures.gva_gbp_m)


def test_a_workbook_of_something_else_is_refused_in_words() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Population")
        sheet.write_row(0, 0, ["LA code", "LA name", "All ages"])
        sheet.write_row(1, 0, ["E06000001", "Hartlepool", 93_000])
    message = refusal(buffer.getvalue())
    assert "no row reads as headings" in message
    assert "'LA code'" in message


# ---------------------------------------------------------------- own names


def own_names(tmp_path: Path) -> tuple[Path, Path]:
    """A table in the user's own words, and what they mean."""
    regions = load_dataset("itl1")
    words = {"London": "The Big Smoke", "Wales": "Cymru", "J": "Digital", "K": "Money"}
    names = regions.areas["area_name"]
    rows = [["area", *(words.get(sector, sector) for sector in SECTORS)]]
    rows += [
        [words.get(name, name), *map(str, figures)]
        for name, figures in zip(names, regions.gva_gbp_m.tolist(), strict=True)
    ]
    table, mapping = tmp_path / "own.csv", tmp_path / "names.csv"
    table.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows))
    mapping.write_text(
        "ours,theirs\nLondon,The big smoke\nTLL,Cymru\nJ,digital\n"
        "Finance and insurance,Money\nScotland,Alba\n"
    )
    return table, mapping


def test_own_names_are_put_into_ours(tmp_path: Path) -> None:
    table, mapping = own_names(tmp_path)
    own = read_gva(table, names=mapping, geography=None)
    assert np.array_equal(own.gva_gbp_m, load_dataset("itl1").gva_gbp_m)
    assert "4 of 5 names were put into ours" in own.notes
    assert "check: names that are not in the table: 'Alba'" in own.notes
    with pytest.raises(DataError, match="'The Big Smoke' is not an area"):
        read_gva(table, "itl1", names={"Cymru": "Wales", "Digital": "J", "Money": "K"})
    folder = save_dataset(own, tmp_path / "folder")
    with pytest.raises(DataError, match="names: cannot be combined with"):
        read_gva(folder, names=mapping)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"Cymru": "Wals"}, "'Wals' is not an area or sector; did you mean 'Wales'?"),
        ({"Cymru": "Wales", "cymru": "Scotland"}, "'cymru' stands for 'Scotland' and"),
        ({"Cymru": ""}, "'Cymru' has no name in the other column"),
    ],
)
def test_names_that_cannot_be_are_refused(
    names: dict[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        read_gva(own_names(tmp_path)[0], "itl1", names=names)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "title",
    [
        "Table 1: Employment by industry, local authorities, Great Britain",
        "Workforce jobs by industry and region, thousand",
        "Table 2: UK business: number of enterprises by industry",
        "Labour productivity by industry",
        "Gross fixed capital formation by industry, £ million",
        "Regional exports of services by industry",
    ],
)
def test_another_measure_by_area_and_industry_is_refused(title: str) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Table 1")
        sheet.write(0, 0, title)
        rows = [["ITL code", "Region name", "SIC07 code", 2023], *long_rows(load_dataset("itl1"))]
        for at, row in enumerate(rows, 1):
            sheet.write_row(at, 0, row)
    message = refusal(buffer.getvalue())
    assert "sheet 'Table 1', row 1: " in message
    assert "figures must be GVA" in message


def test_some_areas_of_itl_2_are_told_from_others_of_the_same_name() -> None:
    """North East and Tees Valley are mayoral areas as well."""
    both = [*long_rows(load_dataset("itl1")), *long_rows(itl_areas("itl2", "2025"))]
    content = workbook(("Table 2c", [row for row in both if row[0][:3] == "TLC"]))
    assert "areas of itl1 are there too" in " ".join(read(content, fill="built_in").notes)
    assert read(content, fill="built_in").areas.height == 46
