"""What comes in and goes out as files: good ones, ugly ones, and what they carry."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import xlsxwriter
from playwright.sync_api import Locator, expect
from test_using import of, printed
from visit import Visit

from app.link import from_query
from gainsmodel import (
    aggregate,
    build_info,
    gva_template,
    load_dataset,
    run_paired,
    save_dataset,
)
from gainsmodel.present import text

QUICK = {"futures": "2000"}
SKILLS = {"skills": "60", **QUICK}
HOSTILE = "<img src=x onerror=alert(1)> **b** [x](javascript:alert(1)) $a$ :red[r]"


def give(one: Visit, label: str, *files: Path) -> Locator:
    """Hand a file over; give the place where what comes of it is said."""
    place = one.page.locator("[data-testid=stExpander]", has_text=label)
    if place.locator("details").get_attribute("open") is None:
        place.locator("summary").click()
    place.locator("input[type=file]").first.set_input_files(list(files))
    return place


def test_a_folder_of_own_areas_is_used(visit: Callable[..., Visit], tmp_path: Path) -> None:
    made_of = {"Lancaster": "Lancashire North", "Preston": "Lancashire North"}
    folder = tmp_path / "lancashire"
    save_dataset(aggregate("local_authority", made_of), folder)
    one = visit().open(**SKILLS)
    one.go("Assumptions")
    place = one.page.locator("[data-testid=stExpander]", has_text="Your own GVA figures")
    place.locator("summary").click()
    place.locator("input[type=file]").last.set_input_files(folder)
    place.get_by_role("button", name="Use these figures").click()
    one.settle().go("Our share")
    one.settle()
    assert "Lancashire North’s share of the £208bn" in one.text
    assert "This plan adds" in one.text
    one.shoot("own_areas")
    one.go("Assumptions")
    place.locator("summary").click()
    place.get_by_role("button", name="Use the built-in figures instead").click()
    one.settle().go("Our share")
    one.settle()
    assert "Greater Manchester’s share of the £208bn" in one.text


def table(change: Callable[[list[list[str]]], None], geography: str = "mayoral") -> bytes:
    """Give the built-in figures as CSV, changed."""
    filled = gva_template(geography, "csv", filled=True).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(filled)))
    change(rows)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def workbook(*sheets: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name in sheets:
            book.add_worksheet(name).write(0, 0, "Nothing here")
    return out.getvalue()


def first_figure(rows: list[list[str]], value: str) -> None:
    rows[1][-1] = value


def rename(rows: list[list[str]], name: str) -> None:
    rows[1][0] = name


def codes(rows: list[list[str]]) -> None:
    for number, row in enumerate(rows[1:], 1):
        row[0] = f"E99{number:06}"


def test_a_bomb_costs_its_own_refusal_and_others_are_answered_meanwhile(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    # Two cells as far apart as they can be.
    far = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(far) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, 1)
        sheet.write(1_048_575, 16_383, 1)
    one, other = visit().open("assumptions", **SKILLS), visit().open(**SKILLS)
    place = give(one, "Your own GVA figures", far)
    other.press("Digital skills", "ArrowRight")
    assert other.headline == of(**{**SKILLS, "skills": "65"})
    expect(place.get_by_text("We could not use far.xlsx. Nothing has changed.")).to_be_visible()
    one.settle()
    assert "Traceback" not in one.text
    one.go("Our share")
    assert one.headline == of(**SKILLS)
    other.press("Digital skills", "ArrowRight")
    assert other.headline == of(**{**SKILLS, "skills": "70"})


# ---------------------------------------------------------------- scenarios


def test_a_broken_scenario_is_told_by_line_and_nothing_is_lost(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    file = tmp_path / "my-plan.toml"
    file.write_text('extends = "reference"\n\n[plan."Wales"]\nskills = 1.4\n')
    one = visit().open("assumptions", **SKILLS)
    place = give(one, "Scenario file", file)
    expect(place.get_by_text("We could not use my-plan.toml. Nothing has changed.")).to_be_visible()
    said = one.settle().page.locator("[data-testid=stExpander]", has_text="Scenario file")
    for words in ("line 4", "plan.Wales.skills", "must be from 0 to 1; found 1.4"):
        expect(said).to_contain_text(words)
    assert "Traceback" not in one.text
    assert one.query["skills"] == "60"
    one.go("Our share")
    assert one.headline == of(**SKILLS)


def test_a_scenario_with_markup_in_its_title_is_shown_inert(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    file = tmp_path / "<b>ours<i>.toml".replace("<", "(").replace(">", ")")
    file.write_text(f'extends = "reference"\ntitle = "{HOSTILE}"\n[plan."Wales"]\nskills = 0.6\n')
    one = visit().open("assumptions", **QUICK)
    one.page.on("dialog", lambda dialog: one.faults.append(dialog.message))
    give(one, "Scenario file", file)
    notice = one.page.get_by_text("Now showing")
    expect(notice).to_contain_text(HOSTILE)
    one.settle()
    assert one.page.locator("img[src=x], a[href^=javascript]").count() == 0
    assert one.query["area"] == "Wales"
    one.go("Our share")
    assert one.headline == of(area="Wales", **SKILLS)
    one.unfold("Share or download")
    book = one.download("Results (Excel)")
    about = dict(pl.read_excel(book, sheet_name="About").iter_rows())
    assert about["Scenario"] == HOSTILE
    # And back again, to the same numbers.
    assert "60" in one.query["skills"]
    text = printed(str(one.download("Scenario (TOML)")), "--area", "Wales", "--draws", "2000")
    assert text.startswith(HOSTILE)


# ---------------------------------------------------------------- figures

UGLY: dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]] = {
    "empty": ("gva.csv", lambda: b"", ("empty",)),
    "wrong encoding": (
        "gva.csv",
        lambda: table(lambda rows: rename(rows, "Ynys Môn")).decode().encode("cp1252"),
        ("UTF-8",),
    ),
    "wrong sheet": ("gva.xlsx", lambda: workbook("Notes", "Data"), ("Notes",)),
    "negative": ("gva.csv", lambda: table(lambda rows: first_figure(rows, "-5")), ("-5",)),
    "words": ("gva.csv", lambda: table(lambda rows: first_figure(rows, "lots")), ("lots",)),
    "361 unknown codes": (
        "gva.csv",
        lambda: table(codes, "local_authority"),
        ("E99000001",),
    ),
    "formula": (
        "gva.csv",
        lambda: table(lambda rows: rename(rows, "=cmd|' /C calc'!A0")),
        ("=cmd|' /C calc'!A0",),
    ),
    "markup": ("gva.csv", lambda: table(lambda rows: rename(rows, HOSTILE)), ("<img src=x",)),
    "no workbook": ("gva.xlsx", lambda: b"PK\x03\x04 not one", ("gva.xlsx",)),
}


def test_ugly_tables_are_refused_in_words_and_nothing_is_lost(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    one = visit().open("assumptions", **SKILLS)
    one.page.on("dialog", lambda dialog: one.faults.append(dialog.message))
    for case, (name, content, named) in UGLY.items():
        file = tmp_path / f"{case.replace(' ', '-')}-{name}"
        file.write_bytes(content())
        place = give(one, "Your own GVA figures", file)
        refused = place.get_by_text(f"We could not use {file.name}. Nothing has changed.")
        expect(refused).to_be_visible()
        said = one.settle().page.locator("[data-testid=stAlert]").inner_text()
        for words in named:
            assert words in said or words == file.name or words in file.name, (case, said)
        assert len(said) < 3_000, (case, len(said))
        assert "Traceback" not in said
        assert one.page.locator("img[src=x], a[href^=javascript]").count() == 0
        assert one.query["skills"] == "60"
    one.go("Our share")
    assert one.headline == of(**SKILLS)


def test_a_file_above_the_limit_is_refused_by_name_and_limit(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    file = tmp_path / "huge.csv"
    file.write_bytes(b"area,C\n" * 3_100_000)
    assert file.stat().st_size > 21_000_000
    one = visit().open("assumptions", **SKILLS)
    place = give(one, "Your own GVA figures", file)
    expect(place).to_contain_text("huge.csv")
    expect(place).to_contain_text("20.0MB")
    one.settle().go("Our share")
    assert one.headline == of(**SKILLS)


def test_own_figures_change_the_answer_and_are_nobody_elses(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    built_in = load_dataset("mayoral")

    def double(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            number = [cell.replace(".", "").isdigit() for cell in row]
            row[:] = [str(2 * float(c)) if n else c for c, n in zip(row, number, strict=True)]

    file = tmp_path / "ours.csv"
    file.write_bytes(table(double))
    one = visit().open("assumptions", **QUICK)
    place = give(one, "Your own GVA figures", file)
    expect(place.get_by_text("What was read")).to_be_visible()
    one.settle().click("Use these figures")
    expect(place.get_by_text("In use: your own figures")).to_be_visible()
    one.settle().go("Our share")
    assert one.headline != of(**QUICK)
    one.unfold("Share or download")
    manifest = json.loads(one.download("Manifest (JSON)").read_text("utf-8"))
    assert manifest["own_data"]["name"] == "ours.csv"
    assert built_in.own_name is None
    other = visit().open(**QUICK)
    assert other.headline == of(**QUICK)


# ---------------------------------------------------------------- downloads


def test_downloads_open_and_say_what_they_are(visit: Callable[..., Visit]) -> None:
    query = {"skills": "60", "seed": "7", "futures": "2000"}
    one = visit().open(**query)
    choice, _ = from_query(query)
    result, _ = run_paired(choice.scenario, draws=2_000, seed=7)
    about = text.about(result, choice.unit)
    one.unfold("Share or download")

    book = one.download("Results (Excel)")
    assert book.name == "gainsmodel-greater-manchester.xlsx"
    said = dict(pl.read_excel(book, sheet_name="About").iter_rows())
    assert said["Caveat"] == text.causes(about)
    assert said["What the figure is"] == text.prize_note(choice.scenario)
    assert (said["Seed"], said["Futures"]) == ("7", "2,000")
    assert said["Version"] == f"gainsmodel {build_info()['version']}"
    assert "Open Government Licence" in said["Sources"]
    sheet = pl.read_excel(book, sheet_name="Areas")
    wanted = result.areas()
    assert sheet["area_code"].to_list() == wanted["area_code"].to_list()
    gain = "gain_final_year_gbp_m_mean"
    assert max(abs(sheet[gain] - wanted[gain])) < 1e-6
    plans = pl.read_excel(book, sheet_name="What the plan adds")
    assert plans.height >= wanted.height

    areas = one.download("Results (CSV)")
    lines = areas.read_bytes()
    assert lines.startswith(b"\xef\xbb\xbf")
    everywhere = [*wanted["area_code"], *result.groups()["area_code"]]
    assert pl.read_csv(io.BytesIO(lines))["area_code"].to_list() == everywhere

    picture = one.download("Picture (PNG)").read_bytes()
    assert picture.startswith(b"\x89PNG")

    manifest = one.download("Manifest (JSON)")
    saved = json.loads(manifest.read_text("utf-8"))
    assert (saved["seed"], saved["draws"]) == (7, 2_000)
    assert saved["versions"]["gainsmodel"] == build_info()["version"]
    again = json.loads(printed(str(manifest), "--json"))
    # The command adds what the plan adds; the rest is the result as it is.
    assert again.pop("plan_adds")
    assert json.dumps(again) == json.dumps(json.loads(json.dumps(result.to_dict())))

    pasted = one.page.locator("[data-testid=stCode]").nth(1).inner_text()
    assert text.causes(about) in pasted
    assert text.ranges(about) in pasted


def test_a_board_paper_is_written_on_request(visit: Callable[..., Visit]) -> None:
    one = visit().open(**SKILLS)
    one.unfold("Share or download")
    one.page.get_by_role("button", name="Write a board paper").click()
    file = one.download("Board paper (PDF)").read_bytes()
    assert file.startswith(b"%PDF-")
    page = one.download("Board paper (web page)").read_text("utf-8")
    assert "all causes of growth" in page
    assert "What drives what the plan adds" in page
    one.shoot("board_paper")


def test_the_csv_says_what_it_is(visit: Callable[..., Visit]) -> None:
    one = visit().open(**SKILLS)
    one.unfold("Share or download")
    text = one.download("Results (CSV)").read_text("utf-8-sig")
    assert "all causes of growth" in text
    assert "seed" in text.casefold()


def test_every_table_on_the_first_page_can_be_taken_along(visit: Callable[..., Visit]) -> None:
    one = visit().open(**QUICK)
    for folded in one.page.locator("[data-testid=stExpander]", has_text="Table").all():
        folded.locator("summary").click()
        expect(folded.get_by_role("table").first).to_be_visible()
        file = one.download("Download CSV", folded)
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        assert pl.read_csv(file).height > 0
        folded.locator("summary").click()
