"""What a plan adds by local authority, within one area."""

from functools import cache
from typing import Any

import polars as pl
import pytest

import gainsmodel
from gainsmodel import DataError, WhoGains, load_scenario, who_gains
from gainsmodel.analysis.who_gains import authorities_of, by_authority
from gainsmodel.data import gva_template, load_dataset, read_gva
from gainsmodel.data.units import unit_of
from gainsmodel.present import text
from gainsmodel.present.blocks import Grid, Words
from gainsmodel.present.pages.who_gains import who_gains as page
from gainsmodel.results.plan_levers import plan_arrays

GM, SKILLS = "Greater Manchester", load_scenario("skills_first")
LOCAL = load_dataset("local_authority")


@cache
def gains() -> WhoGains:
    return who_gains(SKILLS, GM, draws=400)


def test_all_authorities_of_the_area_and_no_others_are_listed() -> None:
    table = gains().table
    assert set(table["area_code"]) == set(LOCAL.resolve(GM))
    assert table["gain_final_year_gbp_m_mean"].is_sorted(descending=True)
    assert table["share_of_residents"].sum() == pytest.approx(1.0)
    assert table["share_of_added"].sum() == pytest.approx(1.0)


def test_amounts_are_those_of_the_pair_of_runs() -> None:
    pair = gainsmodel.run_paired(SKILLS, draws=400, geography="local_authority")
    added = {row["area_code"]: row for row in pair.added().iter_rows(named=True)}
    for row in gains().table.iter_rows(named=True):
        mean = "gain_final_year_gbp_m_mean"
        assert row[mean] == pytest.approx(added[row["area_code"]][mean], rel=1e-12)


def test_their_sum_is_near_what_the_plan_adds_in_the_area() -> None:
    whole = gainsmodel.run_paired(SKILLS, draws=400).added()
    of_area = whole.filter(pl.col("area_name") == GM)["gain_final_year_gbp_m_mean"].item()
    assert gains().table["gain_final_year_gbp_m_mean"].sum() == pytest.approx(of_area, rel=0.4)


def test_a_prize_read_over_the_years_means_the_gain_over_the_years() -> None:
    cumulative = SKILLS.edit({"prize.basis": "cumulative"})
    found = who_gains(cumulative, GM, draws=64)
    assert found.metric == "gain_cumulative_gbp_m"
    (table,) = [block for block in page(found) if isinstance(block, Grid)]
    assert "over the ten years" in table.headings[2]


def test_a_plan_that_adds_nothing_has_no_shares() -> None:
    none = who_gains(load_scenario("reference"), GM, draws=64)
    assert none.table["share_of_added"].null_count() == none.table.height
    (table,) = [block for block in page(none) if isinstance(block, Grid)]
    assert {row[-1] for row in table.rows} == {text.NOT_KNOWN}


@pytest.mark.parametrize("geography", ["mayoral", "itl1", "mayoral_2026"])
def test_every_wider_area_is_its_authorities(geography: str) -> None:
    dataset = load_dataset(geography)
    listed = [
        authorities_of(dataset, unit_of(dataset, code)) for code in dataset.areas["area_code"]
    ]
    assert sorted(code for codes in listed for code in codes) == sorted(LOCAL.areas["area_code"])


@pytest.mark.parametrize(
    ("area", "geography"), [("uk", "mayoral"), ("the 2017 six", "mayoral"), ("Leeds", None)]
)
def test_groups_and_single_authorities_are_refused(area: str, geography: Any) -> None:
    with pytest.raises(DataError, match="is not split into local authorities"):
        who_gains("reference", area, draws=16, geography=geography or "local_authority")


def test_own_figures_are_refused() -> None:
    own = read_gva(gva_template("mayoral", "csv", filled=True), name="own.csv")
    with pytest.raises(DataError, match="your own figures are not split"):
        who_gains("reference", GM, draws=16, dataset=own)


@pytest.mark.parametrize(
    ("geography", "plan"),
    [
        # A region and a mayoral area of one name are different places.
        ("itl1", {"North East": {"skills": 0.5}}),
        ("mayoral", {"North East": {"skills": 0.5}}),
        # One area goes before the group it belongs to.
        ("mayoral", {GM: {"skills": 1.0}, "all mayoral areas": {"skills": 0.5, "inclusion": 0.2}}),
        ("mayoral_2026", {"Cumbria": {"skills": 1.0}, "North West": {"inclusion": 0.3}}),
        ("itl1", {"england": {"skills": 0.3}, "London": {"skills": 0.9}}),
    ],
)
def test_a_plan_means_the_same_authority_by_authority(geography: str, plan: Any) -> None:
    dataset = load_dataset(geography)
    scenario = load_scenario("reference").edit({"setting.geography": geography, "plan": plan})
    wider, local = plan_arrays(scenario, dataset), by_authority(scenario, dataset)
    arrays = plan_arrays(local, LOCAL)
    codes = LOCAL.areas["area_code"].to_list()
    for column, code in enumerate(dataset.areas["area_code"]):
        for member in authorities_of(dataset, unit_of(dataset, code)):
            for name, values in arrays.items():
                assert (values[:, codes.index(member)] == wider[name][:, column]).all()


def test_the_page_says_what_the_bands_cannot_tell_and_who_asks() -> None:
    said = " ".join(block.text for block in page(gains()) if isinstance(block, Words))
    assert text.LOCAL_BANDS in said
    assert "each authority has its own random variation" in said
    assert "Green Book" in said
    (table,) = [block for block in page(gains()) if isinstance(block, Grid)]
    assert len(table.rows) == 10
    assert table.headings[-1] == "Share of what the plan adds"
