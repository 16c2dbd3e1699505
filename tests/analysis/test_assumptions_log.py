"""The assumptions log: everything once, who says so, what differs, what it does to an answer."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gainsmodel import ScenarioError, load_scenario, parse_scenario, sensitivity
from gainsmodel.analysis import assumptions_log
from gainsmodel.present import export
from gainsmodel.results.manifest import build_info
from gainsmodel.scenario import Scenario
from in_process import run_here

CHANGED = """
extends = "reference"
title = "A council's own"

[setting]
horizon_years = 5

[parameters.lag_years]
value = 3.0
source = "Council survey, 2026"
evidence = "published"
owner = "Strategy | team"
dated = "2026-05-01"

[parameters.uplift_cap]
value = 0.1
"""


@pytest.fixture(scope="module")
def reference() -> Scenario:
    return load_scenario("reference")


@pytest.fixture(scope="module")
def changed() -> Scenario:
    return parse_scenario(CHANGED)


def row(table: pl.DataFrame, key: str) -> dict[str, Any]:
    return table.row(by_predicate=pl.col("key") == key, named=True)


def test_every_figure_and_every_choice_stands_once(reference: Scenario) -> None:
    log = assumptions_log.log(reference)
    assert log["key"].n_unique() == log.height
    assert set(assumptions_log.assumptions(reference)["key"]) < set(log["key"])
    assert not log["changed"].any()
    for name in ("name", "what", "value", "source", "evidence", "owner", "dated"):
        assert all(log[name]), name
    # Whatever a scenario holds beside texts and the plan is in the log.
    left: dict[str, Any] = reference.to_dict()
    # A name with blanks stands in quotes in a key path.
    keys = {key.replace('"', "") for key in log["key"]}
    for key in _leaves({name: left[name] for name in ("setting", "prize", "parameters")}):
        assert any(key == k or key.startswith((f"{k}.", f"{k}[")) for k in keys), key


def _leaves(node: Any, path: str = "") -> list[str]:
    texts = ("unit", "source", "evidence", "note", "owner", "dated", "enabled")
    if not isinstance(node, dict):
        return [path]
    return [
        leaf
        for key, value in node.items()
        if key not in texts
        for leaf in _leaves(value, f"{path}.{key}".removeprefix("."))
    ]


def test_what_is_as_in_the_reference_is_the_projects(changed: Scenario) -> None:
    log = assumptions_log.log(changed)
    same = log.filter(~pl.col("changed"))
    assert set(same["owner"]) == {"gainsmodel project"}
    assert set(same["dated"]) == {"2026-04-16", f"version {build_info()['version']}"}


def test_owner_and_date_are_those_stated_and_never_made_up(changed: Scenario) -> None:
    log = assumptions_log.log(changed)
    assert set(log.filter("changed")["key"]) == {
        "parameters.lag_years",
        "parameters.uplift_cap",
        "setting.horizon_years",
    }
    lag = row(log, "parameters.lag_years")
    assert (lag["owner"], lag["dated"], lag["value"]) == ("Strategy | team", "2026-05-01", "3")
    assert lag["reference"] == "2.5 (9 in 10: 1.1 to 5.6)"
    cap = row(log, "parameters.uplift_cap")
    assert (cap["owner"], cap["dated"], cap["evidence"]) == ("not named", "not stated", "judgement")
    horizon = row(log, "setting.horizon_years")
    assert (horizon["value"], horizon["reference"]) == ("5", "10")
    assert horizon["source"] == "set in the scenario; no source can be given"


def test_a_new_figure_does_not_keep_the_old_ones_owner(changed: Scenario) -> None:
    log = assumptions_log.log(changed.edit({"parameters.lag_years.value": 4.0}))
    lag = row(log, "parameters.lag_years")
    assert (lag["owner"], lag["dated"]) == ("not named", "not stated")


def test_an_owner_is_one_line() -> None:
    with pytest.raises(ScenarioError, match=r"lag_years.owner: must not be empty"):
        parse_scenario('extends = "reference"\n[parameters.lag_years]\nowner = " "\n')


def test_ranks_are_those_of_the_sensitivity_run() -> None:
    scenario = load_scenario("skills_first")
    found = assumptions_log.ranked(scenario, area="Greater Manchester", draws=500, seed=3)
    log = assumptions_log.log(scenario, ranking=found)
    # The same indices by the ordinary way, for one assumption.
    alone = sensitivity(
        scenario,
        area="Greater Manchester",
        groups={"one": ["productivity_effect"]},
        draws=500,
        seed=3,
    )
    effect = row(log, "parameters.productivity_effect")
    one = alone.indices.row(by_predicate=pl.col("group") == "one", named=True)
    assert effect["total_effect"] == one["total"]
    assert effect["rank"] == 1
    assert "Greater Manchester" in effect["ranked_by"]
    assert "500 futures in each sample, seed 3" in effect["ranked_by"]
    ranked = log.filter(pl.col("rank").is_not_null()).unique("rank").sort("rank")
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))
    assert ranked["total_effect"].is_sorted(descending=True)
    assert (ranked["total_effect_low"] > 0).all()
    # Technologies of one parameter are drawn together.
    start = log.filter(pl.col("key").str.starts_with("parameters.initial_adoption.by_technology"))
    assert start["rank"].n_unique() == 1
    why = {key: row(log, key)["no_rank"] for key in log["key"]}
    assert why["parameters.displacement"] == "cannot change this answer"
    assert why["parameters.initial_adoption.spread"] == "fixed"
    assert why["parameters.adoption_cost_share"] == "cannot change this answer"
    assert why["levers.open_data.effects.innovation"] == "no area moves it"
    assert why["levers.skills.cost_gbp_per_head_per_year"] == "fixed"
    assert log.filter(pl.col("rank").is_null() & pl.col("no_rank").is_null()).height == 0


def test_markdown_has_a_cell_for_every_heading(changed: Scenario) -> None:
    text = assumptions_log.markdown(assumptions_log.log(changed), assumptions_log.about(changed))
    assert text.startswith("# Assumptions: A council's own\n")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert tables
    for line in tables:
        assert len(re.findall(r"(?<!\\)\|", line)) == 8, line
    assert "Strategy \\| team, 2026-05-01" in text
    assert "**3**" in text


def test_markdown_takes_no_markup_from_a_scenario(changed: Scenario) -> None:
    evil = changed.edit({"title": "<img src=x>", "parameters.lag_years.note": "a\nb <script>"})
    text = assumptions_log.markdown(assumptions_log.log(evil), assumptions_log.about(evil))
    assert "<img" not in text
    assert "<script" not in text
    assert "a b &lt;script>" in text


def test_an_excel_log_says_first_what_it_is(changed: Scenario) -> None:
    about = pl.DataFrame(assumptions_log.about(changed), schema=["What", "Says"], orient="row")
    log = assumptions_log.log(changed)
    content = export.workbook_of({"About": about, "Assumptions": log})
    back: dict[str, pl.DataFrame] = pl.read_excel(io.BytesIO(content), sheet_id=0)
    assert list(back) == ["About", "Assumptions"]
    assert dict(back["About"].iter_rows())["Assumptions of"] == "A council's own"
    assert back["Assumptions"]["key"].to_list() == log["key"].to_list()
    assert back["Assumptions"]["middle"].cast(pl.Float64)[0] == 208.0


# ---------------------------------------------------------------- the command line


def test_the_command_writes_each_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["assumptions", "reference"]) == 0
    shown = capsys.readouterr().out
    assert "Where adoption stops" in shown
    assert "of them judgement" in shown
    for ending in ("md", "csv", "xlsx"):
        out = tmp_path / f"log.{ending}"
        assert run_here(["assumptions", "reference", "--out", str(out)]) == 0
        assert out.stat().st_size > 5_000
    capsys.readouterr()
    assert run_here(["assumptions", "reference", "--format", "csv"]) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "log.csv").read_text("utf-8-sig")
    assert pl.read_csv(io.StringIO(printed)).height > 60


def test_the_command_ranks(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--rank", "--draws", "200", "--area", "Leeds City Region", "--seed", "2")
    assert run_here(["assumptions", "reference", *options]) == 2
    assert "the nearest are" in capsys.readouterr().err
    options = ("--rank", "--draws", "200", "--area", "West Yorkshire", "--seed", "2")
    assert run_here(["assumptions", "reference", *options]) == 0
    shown = capsys.readouterr().out
    assert "200 futures in each sample, seed 2" in shown
    assert "West Yorkshire" in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "xlsx"), "needs --out"),
        (("--out", "log.docx"), "end the name in .md, .csv or .xlsx"),
        (("--out", "log"), "add --format"),
        (("--format", "table", "--out", "x.md"), "is for the screen"),
        (("--seed", "2"), "--seed: needs --rank"),
        (("--out", "no/such/folder/x.md"), "cannot be written"),
    ],
)
def test_what_can_be_mended_is_said(
    options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(["assumptions", "reference", *options]) == 2
    found = capsys.readouterr()
    assert said in found.err
    assert found.out == ""


def test_structures_are_listed_with_their_weights() -> None:
    rows = assumptions_log.log(load_scenario("ensemble")).rows_by_key(
        "key", named=True, unique=True
    )
    row = rows["structure_axis[0]"]
    assert row["name"] == "Structures: Size of effects"
    assert row["value"].startswith("causal studies 50.0%, macro estimates 30.0%")
    assert row["changed"]
    assert row["evidence"] == "judgement"
    assert "structure_axis[3]" in rows
    listed = [{"name": name, "weight": 0.5} for name in "ab"]
    one = assumptions_log.log(load_scenario("reference").edit({"structure": listed}))
    (row,) = one.filter(pl.col("key") == "structure").to_dicts()
    assert row["value"] == "a 50.0%, b 50.0%"


def test_what_may_be_nothing_and_what_ends_has_a_row_of_its_own(reference: Scenario) -> None:
    effect = "levers.skills.effects.ceiling"
    log = assumptions_log.log(reference)
    size, chance = row(log, effect), row(log, f"{effect}.distribution.p_zero")
    stated = reference.levers["skills"].effects.ceiling
    assert stated is not None
    assert size["middle"] == pytest.approx(stated.figure().if_not_zero().core()["median"])
    assert (chance["middle"], chance["unit"]) == (stated.figure().p_zero, "probability, 0 to 1")
    assert "chance of none" in chance["name"]
    assert row(log, "levers.skills.duration_years")["value"] == "to the last year"
    assert row(log, "levers.skills.fade_years")["middle"] == 1
    assert row(log, "levers.skills.cost_gbp_per_head_per_year")["unit"].endswith(", 2024 prices")
    for name in ("zero_correlation", "optimism_bias", "fixed_cost_share"):
        assert row(log, f"parameters.{name}")["group"] == "Levers"


def test_every_such_row_is_changed_by_its_key(reference: Scenario) -> None:
    effect = "levers.skills.effects.ceiling"
    changes = {
        f"{effect}.distribution.p_zero": 0.25,
        "levers.skills.duration_years": 4.0,
        "levers.skills.fade_years": 2.0,
    }
    for key, value in changes.items():
        edited = reference.edit({key: value})
        changed = assumptions_log.log(edited).filter("changed")
        assert key in changed["key"].to_list()
        assert row(changed, key)["middle"] == value
    # The size of an effect stays where the chance of none alone is stated.
    new, old = (s.levers["skills"].effects.ceiling for s in (reference.edit(changes), reference))
    assert new is not None
    assert old is not None
    assert new.figure().if_not_zero() == old.figure().if_not_zero()
    assert new.figure().p_zero == 0.25
    text = f'extends = "reference"\n[{effect}]\ndistribution = {{ p_zero = 0.25 }}\n'
    assert parse_scenario(text).levers["skills"].effects.ceiling.figure() == new.figure()
