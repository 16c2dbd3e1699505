"""Files for others: complete, safe in a spreadsheet, and with what must not be lost."""

from __future__ import annotations

import io

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from gainsmodel import Result, load_scenario, run_paired
from gainsmodel.analysis.assumptions_log import GROUPS, assumptions
from gainsmodel.present import export
from gainsmodel.scenario.restate import figure_at, questions, restated

GM = "E47000001"
EVIL = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def pair() -> tuple[Result, Result]:
    scenario = load_scenario("skills_first").edit({"title": EVIL})
    with_plan, without = run_paired(scenario, draws=500, seed=7)
    return with_plan, without


def sheets(content: bytes) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = pl.read_excel(io.BytesIO(content), sheet_id=0)
    return found


def test_a_workbook_says_first_what_it_is(pair: tuple[Result, Result]) -> None:
    found = sheets(export.workbook(pair[0], GM, pair[1]))
    assert list(found) == [
        *("About", "What the plan adds", "Areas", "Groups"),
        *("Years", "Sectors", "Adoption", "Assumptions"),
    ]
    said = dict(found["About"].iter_rows())
    assert "all causes" in said["Caveat"]
    assert said["Seed"] == "7"
    assert said["Futures"] == "500"
    assert said["Amounts are"] == "a year by 2036"
    assert "2024 prices" in said["Prices"]
    assert "Open Government Licence" in said["Sources"]
    assert said["Version"] == f"gainsmodel {pair[0].manifest['versions']['gainsmodel']}"


def test_a_workbook_holds_the_numbers(pair: tuple[Result, Result]) -> None:
    found = sheets(export.workbook(pair[0], GM))
    assert "What the plan adds" not in found
    columns = ["share_p50", "gain_final_year_gbp_m_mean", "gva_gbp_m"]
    assert_frame_equal(
        found["Areas"].select(columns).cast(pl.Float64), pair[0].areas().select(columns)
    )


def test_no_text_in_a_workbook_is_a_formula(pair: tuple[Result, Result]) -> None:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(export.workbook(pair[0], GM))) as book:
        pages = [book.read(name).decode() for name in book.namelist() if "worksheets/" in name]
    assert pages
    assert not any("<f>" in page for page in pages)
    assert dict(sheets(export.workbook(pair[0], GM))["About"].iter_rows())["Scenario"] == EVIL


@pytest.mark.parametrize("text", [EVIL, "+1", "-1+2", "@SUM(A1)", "\tx", "\r=1"])
def test_no_text_in_csv_is_a_formula(text: str) -> None:
    content = export.csv(pl.DataFrame({"name": [text, "plain", None], "n": [-1.5, 2.0, None]}))
    assert content.startswith(b"\xef\xbb\xbf")
    back = pl.read_csv(content)
    assert back["name"][0] == "'" + text
    assert back["name"][1:].to_list() == ["plain", None]
    assert back["n"].to_list() == [-1.5, 2.0, None]


def test_every_row_of_a_results_csv_says_what_it_is_part_of(pair: tuple[Result, Result]) -> None:
    back = pl.read_csv(export.areas_csv(pair[0]))
    assert back.height == 26
    assert set(back["seed"]) == {7}
    assert set(back["futures"]) == {500}
    assert all("all causes of growth" in text for text in back["caveat"])
    columns = ["area_code", "share_p50", "gain_final_year_gbp_m_mean"]
    assert_frame_equal(back.select(columns).head(23), pair[0].areas().select(columns))


# ---------------------------------------------------------------- the assumptions log


def test_every_figure_of_the_reference_is_listed_once_with_its_source() -> None:
    table = assumptions(load_scenario("reference"))
    assert table["key"].n_unique() == table.height
    for column in ("source", "unit", "name", "evidence", "what"):
        assert table[column].str.len_chars().min() > 0, column  # type: ignore[operator]
    assert list(dict.fromkeys(table["group"])) == list(GROUPS)
    assert not table["changed"].any()
    parameters = type(load_scenario("reference").parameters).model_fields
    for name in parameters:
        assert any(name in key for key in table["key"]), name


def test_quantiles_are_those_of_the_distribution() -> None:
    row = assumptions(load_scenario("reference")).row(
        by_predicate=pl.col("key") == "parameters.innovation", named=True
    )
    assert [row[name] for name in ("low", "middle", "high")] == pytest.approx([0.002, 0.01, 0.05])


def test_only_what_differs_is_marked_and_shows_what_it_was() -> None:
    base = load_scenario("reference")
    changed = base.edit(
        {
            "parameters.lag_years.value": 3.0,
            "parameters.displacement.enabled": False,
            "levers.skills.effects.ceiling.distribution": {
                "kind": "lognormal",
                "median": 0.1,
                "p05": 0.02,
                "p95": 0.25,
            },
        }
    )
    table = assumptions(changed, base).filter("changed")
    assert set(table["key"]) == {
        "parameters.lag_years",
        "parameters.displacement",
        "levers.skills.effects.ceiling",
    }
    row = table.row(by_predicate=pl.col("key") == "parameters.lag_years", named=True)
    assert (row["middle"], row["base_middle"], row["evidence"]) == (3.0, 2.5, "judgement")


def test_answers_to_its_own_questions_leave_a_figure_as_it_is() -> None:
    base = load_scenario("reference")
    asked = 0
    for key in assumptions(base)["key"]:
        figure = figure_at(base, key)
        if figure is None or figure.kind == "fixed":
            continue
        old = assumptions(base).row(by_predicate=pl.col("key") == key, named=True)
        ends = (old[name] for name in ("low", "middle", "high"))
        answers = {name: value for _, name, value in questions(figure, *ends)}
        again = base.edit({f"{key}.distribution": restated(figure, answers)})
        new = assumptions(again).row(by_predicate=pl.col("key") == key, named=True)
        for name in ("low", "middle", "high"):
            assert new[name] == pytest.approx(old[name], rel=1e-9, abs=1e-12), (key, name)
        asked += 1
    assert asked > 30
