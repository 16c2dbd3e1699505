"""Board papers: they say what was found, in every format, and no word becomes code."""

from __future__ import annotations

import base64
import html as html_words
import io
import re
import resource
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import docx
import fastexcel
import polars as pl
import pypdf
import pytest

from gainsmodel import (
    GainsModelError,
    SettingError,
    UnknownNameError,
    aggregate,
    appraise,
    format,
    lever_contributions,
    load_scenario,
    parse_scenario,
    replay,
    run_paired,
    save_dataset,
    to_toml,
)
from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.convergence import ratios_if_diverging
from gainsmodel.present import report, text
from gainsmodel.present.area_summary import Estimate
from gainsmodel.present.blocks import Box, Code, Grid, Picture, Points, Words
from gainsmodel.present.pages.structures import in_a_paragraph
from gainsmodel.present.report import writers
from gainsmodel.present.report.assurance import afterwards, counted, failures, statement, verdicts
from in_process import run_here

ON = date(2026, 3, 1)
GM = "E47000001"
NASTY = "<script>alert(1)</script> =2+2 *#$ @x \\n & “q”"


@pytest.fixture(scope="module")
def found() -> report.Findings:
    return report.gather("skills_first", "Greater Manchester", against="reference", draws=1_000)


@pytest.fixture(scope="module")
def quiet() -> report.Findings:
    """No plan anywhere."""
    return report.gather("reference", "Wales", draws=500)


def said(found: report.Findings) -> str:
    """All words of a paper."""
    return "\n".join(_said(report.board_paper(found)))


def _said(paper: report.Document) -> Iterator[str]:
    yield from (paper.title, paper.subtitle)
    for block in paper.blocks:
        match block:
            case Words(text, _):
                yield text
            case Points(items) | Box(_, items):
                yield from items
            case Grid():
                yield from (cell for row in (block.headings, *block.rows) for cell in row)
            case Picture(title, chart):
                yield from (title, chart.alt, chart.caption)
            case Code(lines):
                yield from lines


def grid(found: report.Findings, beginning: str) -> list[dict[str, str]]:
    [table] = [
        block
        for block in report.board_paper(found).blocks
        if isinstance(block, Grid) and block.title.startswith(beginning)
    ]
    return [dict(zip(table.headings, row, strict=True)) for row in table.rows]


# ---------------------------------------------------------------- what it says


def test_its_sentences_are_those_of_the_same_run_made_alone(found: report.Findings) -> None:
    with_plan, without = run_paired("skills_first", draws=1_000)
    a = text.about(with_plan, GM)
    paper = said(found)
    assert " ".join(text.headline(a, a.added(without))) in paper
    assert text.ranges(a) in paper
    assert text.against_gva(a) in paper
    assert text.causes(a) in paper
    assert text.prize_note(load_scenario("skills_first")) in paper
    assert text.national(a) in paper
    assert text.JUDGEMENT in paper


def test_its_tables_are_those_of_the_functions_they_come_from(found: report.Findings) -> None:
    parts = lever_contributions("skills_first", GM, draws=1_000)
    rows = grid(found, "Each lever")
    alone = parts.filter(pl.col("part") != "left_out")
    assert [row["Lever"] for row in rows] == alone["label"].to_list()
    for row, part in zip(rows, alone.iter_rows(named=True), strict=True):
        name = "gain_final_year_gbp_m"
        mean, error = part[f"{name}_mean"], part[f"{name}_mcse_mean"]
        assert row["Adds on average"] == format.gbp(mean, error)
        ends = part[f"{name}_p05"], part[f"{name}_p95"]
        assert row["In 9 of 10 futures"] == format.gbp_range(*ends)
        nothing = format.chance(part[f"{name}_p_below_1"], 1_000).removeprefix("in ")
        nothing = "" if part["part"] == "together" else nothing
        assert row["Adds less than £1m in"] == nothing
    assert {row["Evidence"] for row in rows[:3]} == {"judgement"}

    value = appraise(run_paired("skills_first", draws=1_000)).row(
        by_predicate=pl.col("area_code") == GM, named=True
    )
    costs = {row[""]: row for row in grid(found, "Cost and return")}
    worth = Estimate.of(value, "net_present_value_gbp_m")
    assert costs["Net present value"]["On average"] == worth.gbp
    assert costs["Net present value"]["In 9 of 10 futures"] == worth.gbp_range


def test_where_it_breaks_even_stands_beside_the_benefit_for_each_pound(
    found: report.Findings,
) -> None:
    value = appraise(run_paired("skills_first", draws=1_000)).row(
        by_predicate=pl.col("area_code") == GM, named=True
    )
    added, authority, firms = (
        value[f"{name}_present_value_gbp_m_mean"]
        for name in ("added", "authority_cost", "firms_cost")
    )
    costs = authority + firms
    assert (
        f"On average it breaks even if all it adds is {costs / added:.2g} times what is assumed, "
        f"or all costs are {added / costs:.2g} times."
    ) in said(found)


def test_costs_of_levers_add_up_to_that_of_the_plan(found: report.Findings) -> None:
    assert found.costs is not None
    assert grid(found, "Each lever")[-1]["Costs the authority a year"] == format.cost(
        sum(found.costs["cost_gbp_m_per_year"])
    )


def test_structures_have_a_paragraph_and_bear_on_what_ranges_cover(quiet: report.Findings) -> None:
    sizes = [
        {
            "name": name,
            "weight": weight,
            "overrides": {"parameters.productivity_effect.value": size},
        }
        for name, weight, size in (("small", 0.6, 0.01), ("large", 0.4, 0.05))
    ]
    scenario = load_scenario("reference").edit(
        {
            "setting.geography": "itl1",
            "structure_axis": [{"name": "Size of effects", "choice": sizes}],
        }
    )
    several = report.gather(scenario, "Wales", draws=320)
    assert several.drivers is not None
    assert several.drivers.by_structure is not None
    words = said(several)
    assert in_a_paragraph(several.drivers.by_structure, several.drivers.unit) in words
    assert "Size of effects, " in words
    assert "with “small” and £" in words
    assert "and the 2 structures of the model that are stated, not others" in words
    assert "structures of the model" not in said(quiet)


def test_it_says_whether_areas_converge_and_what_if_not(quiet: report.Findings) -> None:
    words = said(quiet)
    assert text.pattern(quiet.result) in words
    ratio = ratios_if_diverging(quiet.result)[quiet.unit]
    assert text.if_diverging(quiet.about, ratio) in words


def test_three_caveats_at_most_and_they_are_those_of_the_sensitivity(
    found: report.Findings,
) -> None:
    assert found.drivers is not None
    assert found.drivers.output == "plan_adds"
    assert 1 <= len(found.drivers.caveats) <= 3
    assert all(caveat in said(found) for caveat in found.drivers.caveats)


def test_without_a_plan_it_says_so_and_has_no_cost(quiet: report.Findings) -> None:
    text = said(quiet)
    assert "No lever is moved in this scenario." in text
    assert "plan adds and costs" not in text
    assert "net present value" not in text.casefold()
    assert quiet.drivers is not None
    assert quiet.drivers.output == "gain_final_year_gbp_m"


def test_where_no_lever_is_moved_what_arrives_is_called_spillover() -> None:
    elsewhere = report.gather("skills_first", "Wales", draws=200)
    words = said(elsewhere)
    assert text.spillover_only("Wales") in words
    assert "about less than" not in words
    assert not [
        block
        for block in report.board_paper(elsewhere).blocks
        if isinstance(block, Grid) and block.title.startswith("Each lever")
    ]


def test_a_plan_that_costs_more_than_it_brings_is_told_so() -> None:
    dear = load_scenario("skills_first").edit(
        {"levers.skills.cost_gbp_per_head_per_year.value": 4_000.0}
    )
    words = said(report.gather(dear, GM, draws=500))
    assert re.search(r"“Do nothing” is worth about £\S+ more than “This plan” on average", words)
    assert "“This plan” is worth" not in words


def test_nothing_uncertain_has_no_range_and_no_drivers() -> None:
    from toy import certain

    sure = report.gather(certain(load_scenario("skills_first")), GM, draws=100)
    text = said(sure)
    assert sure.drivers is None
    assert sure.no_drivers in text
    assert "in every future" in text


def test_the_other_scenario_is_met_in_the_same_futures(found: report.Findings) -> None:
    assert found.comparison is not None
    assert found.comparison.paired
    assert "Both plans use the same 1,000 random draws" in said(found)
    assert found.costs is not None
    assert found.comparison.costs_more_gbp_m_per_year == pytest.approx(
        text.cost_a_year(found.costs, GM)
    )


def test_changed_assumptions_are_listed_with_their_owner() -> None:
    scenario = load_scenario("skills_first").edit({"parameters.lag_years.value": 2.0})
    changed = assumptions_log.log(scenario).filter(pl.col("changed"))
    rows = grid(report.gather(scenario, GM, draws=200), "Assumptions that differ")
    assert [row["Assumption"] for row in rows] == changed["name"].to_list()
    assert rows[0]["Owner, date"] == "not named, not stated"


def test_the_assurance_counts_what_the_validation_says() -> None:
    asked = verdicts().filter(~pl.col("asked_after_the_figures_were_seen"))
    readme = (Path(__file__).parents[2] / "docs/validation/README.md").read_text("utf-8")
    total = re.search(r"Asked before looking: (\d+) of (\d+) hold, (\d+) do not", readme)
    assert total
    holds, number, fails = map(int, total.groups())
    assert asked.height == number
    assert asked.filter(outcome="holds").height == holds
    failed = asked.filter(outcome="fails")
    assert failed.height == fails
    assert all(question in failures() for question in failed["asked"])
    assert f"{fails} do not" in counted()


def test_what_was_asked_after_the_figures_were_seen_is_counted_apart() -> None:
    readme = (Path(__file__).parents[2] / "docs/validation/README.md").read_text("utf-8")
    numbers = re.search(r"marked †: (\d+) of (\d+) hold, (\d+) do not, (\d+) cannot", readme)
    assert numbers
    holds, asked, fails, unclear = numbers.groups()
    assert f"Of {asked} more" in afterwards()
    assert f"{holds} hold, {fails} do not and {unclear} cannot be told" in afterwards()


def test_a_paper_is_written_on_own_areas() -> None:
    own = aggregate("mayoral", dict.fromkeys(["North East", "Tees Valley"], "Far North"))
    text = said(report.gather("reference", "Far North", draws=128, dataset=own))
    assert "Far North’s share of the £208bn" in text
    assert "; ".join(own.notes) in text


def test_a_prize_in_base_year_prices_is_that_of_the_workbook() -> None:
    other = load_scenario("reference").edit({"setting.price_year": 2023})
    found = report.gather(other, "Wales", draws=128)
    book = fastexcel.read_excel(report.write(found, "xlsx", ON))
    split = book.load_sheet("Split of the prize", header_row=None).to_polars().rows()
    (label, prize), *_ = [row[:2] for row in split if str(row[0]).startswith("Prize")]
    assert label == "Prize, £bn, 2023 prices (type another)"
    assert float(prize) == pytest.approx(found.about.uk.part.mean / 1_000)
    (average,) = [row[6] for row in split if row[0] == "Wales"]
    assert float(average) == pytest.approx(found.about.part.mean / 1_000)


@pytest.mark.parametrize("evidence", ["published", "judgement"])
def test_effects_are_called_judgement_only_where_they_are(evidence: str) -> None:
    scenario = load_scenario("reference").edit(
        {
            "plan.Wales.inclusion": 1.0,
            "levers.inclusion.effects.ceiling.evidence": evidence,
        }
    )
    words = said(report.gather(scenario, "Wales", draws=128))
    assert (text.JUDGEMENT in words) == (evidence == "judgement")


def test_the_assurance_counts_every_assumption_once(found: report.Findings) -> None:
    said = dict(statement(found))["Assumptions"]
    total, *grades = (int(number) for number in re.findall(r"\d+", said)[:5])
    assert total == sum(grades) == found.log.height
    assert "None differs from the reference scenario." in said


def test_an_adjustment_switched_off_differs_from_the_reference_in_words() -> None:
    scenario = load_scenario("reference").edit({"parameters.leakage.enabled": False})
    row = assumptions_log.log(scenario).row(
        by_predicate=pl.col("key") == "parameters.leakage", named=True
    )
    assert row["value"] == f"{row['reference']} (off)"


# ---------------------------------------------------------------- as files


def text_of(kind: report.Format, content: bytes) -> str:
    if kind == "html":
        return html_words.unescape(re.sub(r"<[^>]+>", " ", content.decode()))
    if kind == "pdf":
        return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    word = docx.Document(io.BytesIO(content))
    cells = (c.text for t in word.tables for row in t.rows for c in row.cells)
    return " ".join([*(p.text for p in word.paragraphs), *cells])


@pytest.mark.parametrize("kind", ["html", "pdf", "docx"])
def test_every_word_of_the_paper_is_in_the_file(found: report.Findings, kind: Any) -> None:
    content = report.write(found, kind, ON)
    squeezed = "".join(text_of(kind, content).split())
    paper = report.board_paper(found, on=ON)
    in_pictures = {block.chart.alt for block in paper.blocks if isinstance(block, Picture)}
    for part in _said(paper):
        if part not in in_pictures:
            assert "".join(part.split()) in squeezed, part
    assert "1March2026" in squeezed or kind == "docx"


@pytest.mark.parametrize("kind", report.FORMATS)
def test_every_format_prints_the_fingerprint(found: report.Findings, kind: Any) -> None:
    content = report.write(found, kind, ON)
    if kind == "xlsx":
        said = dict(fastexcel.read_excel(content).load_sheet("About").to_polars().iter_rows())
        assert said["Fingerprint"] == found.result.fingerprint
    else:
        squeezed = "".join(text_of(kind, content).split())
        assert f"Fingerprintoftherun:{found.result.fingerprint}." in squeezed


def test_html_has_everything_inside_and_no_script(found: report.Findings) -> None:
    page = report.write(found, "html", ON).decode()
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "https://" not in re.sub(r'"data:[^"]*"', "", page)
    carried = re.search(r'href="data:application/json;base64,([^"]+)"', page)
    assert carried
    assert base64.b64decode(carried[1]) == found.result.record
    for alt in re.findall(r'<img alt="([^"]*)"', page):
        assert len(alt) > 30


def test_pdf_is_tagged_short_and_carries_the_manifest(
    found: report.Findings, tmp_path: Path
) -> None:
    file = pypdf.PdfReader(io.BytesIO(report.write(found, "pdf", ON, manifest_name="m.json")))
    assert 2 <= len(file.pages) <= 5
    assert file.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert file.trailer["/Root"]["/Lang"] == "en-GB"
    assert file.metadata is not None
    assert file.metadata.title == report.board_paper(found).title
    [[manifest]] = file.attachments.values()
    assert manifest == found.result.record
    (tmp_path / "manifest.json").write_bytes(manifest)
    again = replay(tmp_path / "manifest.json")
    assert again.areas().equals(found.result.areas())


def test_word_says_what_its_pictures_show(found: report.Findings) -> None:
    content = report.write(found, "docx", ON)
    xml = zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml").decode()
    alts = re.findall(r'<wp:docPr [^>]*descr="([^"]*)"', xml)
    pictures = [b for b in report.board_paper(found).blocks if isinstance(b, Picture)]
    assert [html_words.unescape(alt) for alt in alts] == [b.chart.alt for b in pictures]
    assert "w:tblHeader" in xml


def test_the_workbook_recalculates_the_split(found: report.Findings) -> None:
    content = report.write(found, "xlsx", ON)
    book = fastexcel.read_excel(content)
    assert {"About", "Units", "Levers", "Drivers", "Assumptions", "Assurance"} <= set(
        book.sheet_names
    )
    table = book.load_sheet("Split of the prize", header_row=6).to_polars()
    areas = found.result.areas()
    assert table["Area"].to_list() == areas["area_name"].to_list()
    assert table["By GVA, £bn"].to_list() == pytest.approx((areas["gva_share"] * 208).to_list())
    assert table["High, £bn"].to_list() == pytest.approx((areas["share_p95"] * 208).to_list())
    archive = zipfile.ZipFile(io.BytesIO(content))
    formulas = [
        cell
        for name in archive.namelist()
        if name.startswith("xl/worksheets/")
        for cell in re.findall(r"<f>([^<]*)</f>", archive.read(name).decode())
    ]
    assert len(formulas) == 4 * areas.height
    assert all(re.fullmatch(r"\$B\$4\*[B-E]\d+", formula) for formula in formulas)
    assert "=$B$4" not in str(book.load_sheet("About").to_polars().to_dicts())


@pytest.mark.parametrize("kind", ["html", "pdf", "docx", "xlsx"])
def test_words_of_a_scenario_stay_words(kind: Any) -> None:
    scenario = load_scenario("reference").edit({"title": NASTY[:60], "question": "=1+1 #x $y$ _z_"})
    content = report.write(report.gather(scenario, "uk", draws=100), kind, ON)
    if kind == "xlsx":
        rows = fastexcel.read_excel(content).load_sheet("About").to_polars()
        assert "=1+1 #x $y$ _z_" in rows["Says"].to_list()
    else:
        assert "=1+1#x$y$_z_" in "".join(text_of(kind, content).split())
        assert b"<script" not in content


def test_the_same_findings_and_date_give_the_same_bytes(found: report.Findings) -> None:
    again = report.gather("skills_first", GM, against="reference", draws=1_000, threads=1)
    assert report.write(found, "html", ON) == report.write(again, "html", ON)
    assert report.write(found, "pdf", ON) == report.write(again, "pdf", ON)


# ---------------------------------------------------------------- the verb


Called = Callable[..., tuple[int, str]]


@pytest.fixture
def called(capsys: pytest.CaptureFixture[str]) -> Called:
    """Give exit code and standard error of a command."""

    def call(*words: str) -> tuple[int, str]:
        code = run_here(list(words))
        return code, capsys.readouterr().err

    return call


def test_the_verb_writes_a_paper_that_can_be_written_again(called: Called, tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    asked = ["--area", "Greater Manchester", "--draws", "200", "--seed", "7"]
    code, noted = called("report", "skills_first", *asked, "--out", str(out))
    assert code == 0, noted
    manifest = tmp_path / "board-manifest.json"
    assert f"gainsmodel run {manifest.name} --area 'Greater Manchester'" in html_words.unescape(
        out.read_text("utf-8")
    )
    again = tmp_path / "again.html"
    code, noted = called(
        *("report", str(manifest), "--area", "Greater Manchester", "--out", str(again))
    )
    assert code == 0, noted
    assert again.read_text("utf-8").replace("again-", "board-") == out.read_text("utf-8")


def test_without_a_name_the_file_is_called_after_the_area(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["report", "reference", "--area", "Greater Manchester", "--draws", "100"]
    assert called(*asked, "--format", "docx")[0] == 0
    assert called(*asked)[0] == 0
    name = "gainsmodel-greater-manchester"
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {f"{name}.docx", f"{name}.html", f"{name}-manifest.json"}


def test_nothing_is_written_over_unasked(called: Called, tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    asked = ["report", "reference", "--area", "uk", "--draws", "100", "--out"]
    assert called(*asked, str(out))[0] == 0
    before = out.read_bytes()
    code, noted = called(*asked, str(out))
    assert code == 2
    assert "--force" in noted
    code, noted = called(*asked, str(tmp_path / "board.xlsx"), "--seed", "2")
    assert code == 2
    assert "another run" in noted
    assert not (tmp_path / "board.xlsx").exists()
    assert out.read_bytes() == before
    assert called(*asked, str(out), "--force")[0] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "x.pfd"], "did you mean '.pdf'"),
        (["--out", "paper"], "must end in .html, .pdf, .docx, .xlsx"),
        (["--out", "."], "is a folder"),
        (["--out", "nowhere/x.pdf"], "there is no folder nowhere"),
        (["--out", "x.pdf", "--draws", "50"], "at least 100 futures"),
        (["--out", "x.pdf", "--area", "Wels"], "the nearest are: Wales"),
        (["--out", "x.pdf", "--compare", "skils_first"], "skills_first"),
    ],
)
def test_bad_requests_are_told(
    called: Called, options: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    area = [] if "--area" in options else ["--area", "uk"]
    code, noted = called("report", "reference", *area, *options)
    assert code == 2
    assert told in noted
    assert not list(tmp_path.iterdir())


def test_unknown_formats_and_missing_packages_are_told(
    found: report.Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match=r"not 'pdx'; did you mean 'pdf'\?"):
        report.write(found, cast("Any", "pdx"))
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(SettingError, match=r"needs the package typst.*gainsmodel\[report\]"):
        report.write(found, "pdf")


STRANGE = "Skills 🚀 中 שלום x̂ \ue000 \ufffe 👩‍💻 कि\u202e\u0301 end"


@pytest.fixture(scope="module")
def strange() -> report.Findings:
    """A scenario, a comparison and figures called by characters of every kind."""
    own = aggregate("local_authority", {"Portsmouth": "Solent 🚀", "Southampton": "Solent 🚀"})
    plans = [
        load_scenario("skills_first").edit(
            {"title": f"{title} {STRANGE}", "plan": {"Solent 🚀": {"skills": 1.0}}}
        )
        for title in ("One", "Other")
    ]
    return report.gather(plans[0], "Solent 🚀", against=plans[1], draws=100, dataset=own)


@pytest.mark.parametrize("kind", ["pdf", "html", "docx", "xlsx"])
def test_a_paper_is_made_whatever_characters_a_title_holds(
    strange: report.Findings, kind: Any
) -> None:
    content = report.write(strange, kind, ON)
    if kind == "xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            words = book.read("xl/sharedStrings.xml").decode()
    else:
        words = " ".join(text_of(kind, content).split())
    if kind != "pdf":
        assert "Solent 🚀" in words
        assert STRANGE.replace("\ufffe", "\ufffd").split()[6] in words
        return
    assert "Solent □" in words
    assert "stands for what the fonts of this PDF do not have: rocket (U+1F680)" in words
    meta = pypdf.PdfReader(io.BytesIO(content)).metadata
    assert meta is not None
    assert b"pdfuaid:part" in content
    assert "□" in (meta.title or "")


def test_a_fault_of_the_typesetter_is_one_error(
    found: report.Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_template", lambda _: "#panic(1)")
    with pytest.raises(GainsModelError, match="a report as pdf cannot be made: panicked"):
        report.write(found, "pdf")


def test_a_fault_of_the_drawing_program_is_one_error(
    found: report.Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("no memory")

    monkeypatch.setattr("vl_convert.vegalite_to_png", broken)
    with pytest.raises(GainsModelError, match="a chart cannot be drawn as png: no memory"):
        report.write(found, "pdf")


@pytest.mark.parametrize("kind", ["pdf", "html", "docx", "xlsx"])
def test_a_paper_needs_no_temporary_folder(
    found: report.Findings, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    for name in ("mkstemp", "mkdtemp", "gettempdir"):
        monkeypatch.setattr(tempfile, name, none)
    assert report.write(found, kind)


def test_a_full_disk_leaves_neither_half_a_paper_nor_half_a_pair(
    called: Called, tmp_path: Path
) -> None:
    out = tmp_path / "paper.html"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
    try:
        code, noted = called(
            *("report", "reference", "--area", "uk", "--draws", "100", "--out", str(out))
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, noted) == (2, f"error: {out}: cannot be written: File too large\n")
    assert list(tmp_path.iterdir()) == []


def test_an_area_that_is_not_there() -> None:
    with pytest.raises(UnknownNameError, match="Greater Manchester"):
        report.gather("reference", "Greater Mancester", draws=100)


def test_a_scenario_file_of_ones_own_can_be_written_about(tmp_path: Path) -> None:
    text = to_toml(load_scenario("skills_first")).replace("Skills first", "Our own plan")
    own = parse_scenario(text.encode(), "own.toml")
    assert "Our own plan" in said(report.gather(own, GM, draws=100))


def test_a_paper_on_own_areas_says_what_its_replay_needs(called: Called, tmp_path: Path) -> None:
    folder = save_dataset(
        aggregate("local_authority", {"Preston": "Preston alone"}), tmp_path / "d"
    )
    asked = ["--area", "Preston alone", "--data", str(folder)]
    out = tmp_path / "p.html"
    code, noted = called("report", "skills_first", *asked, "--draws", "100", "--out", str(out))
    assert code == 0, noted
    text = out.read_text("utf-8")
    assert "Preston alone’s share of the £208bn" in text
    assert "Add --data with the same figures." in text
    code, noted = called("run", str(tmp_path / "p-manifest.json"), *asked)
    assert code == 0, noted
