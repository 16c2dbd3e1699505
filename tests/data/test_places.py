"""The mayoral geography as of 2026: who lies where, and that every total is kept."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel.data import SECTORS, check, load_dataset
from gainsmodel.data.shipped_tables import TABLES
from gainsmodel.errors import DataError, UnknownNameError

NEW = {
    "Cheshire and Warrington",
    "Cumbria",
    "Greater Essex",
    "Hampshire and the Solent",
    "Norfolk and Suffolk",
    "Sussex and Brighton",
}
# Authorities of each area by name, as its counties are known to have them.
MADE_OF = {
    "Cheshire and Warrington": "Cheshire East, Cheshire West and Chester, Warrington",
    "Cumbria": "Cumberland, Westmorland and Furness",
    "Devon and Torbay": "East Devon, Exeter, Mid Devon, North Devon, South Hams, Teignbridge, "
    "Torbay, Torridge, West Devon",
    "Greater Essex": "Basildon, Braintree, Brentwood, Castle Point, Chelmsford, Colchester, "
    "Epping Forest, Harlow, Maldon, Rochford, Southend-on-Sea, Tendring, Thurrock, Uttlesford",
    "Hampshire and the Solent": "Basingstoke and Deane, East Hampshire, Eastleigh, Fareham, "
    "Gosport, Hart, Havant, Isle of Wight, New Forest, Portsmouth, Rushmoor, Southampton, "
    "Test Valley, Winchester",
    "Lancashire": "Blackburn with Darwen, Blackpool, Burnley, Chorley, Fylde, Hyndburn, Lancaster, "
    "Pendle, Preston, Ribble Valley, Rossendale, South Ribble, West Lancashire, Wyre",
    "Norfolk and Suffolk": "Babergh, Breckland, Broadland, East Suffolk, Great Yarmouth, Ipswich, "
    "King's Lynn and West Norfolk, Mid Suffolk, North Norfolk, Norwich, South Norfolk, "
    "West Suffolk",
    "Sussex and Brighton": "Adur, Arun, Brighton and Hove, Chichester, Crawley, Eastbourne, "
    "Hastings, Horsham, Lewes, Mid Sussex, Rother, Wealden, Worthing",
}
PLACES, LOCAL = load_dataset("mayoral_2026"), load_dataset("local_authority")
LOOKUP = pl.read_csv(TABLES / "mayoral_2026.csv")


@pytest.mark.parametrize("area", MADE_OF)
def test_each_new_area_has_the_authorities_of_its_counties(area: str) -> None:
    assert sorted(LOCAL.units[code] for code in LOCAL.resolve(area)) == MADE_OF[area].split(", ")


@pytest.mark.parametrize("area", MADE_OF)
def test_each_new_area_is_whole_itl_3_areas(area: str) -> None:
    parts = pl.read_csv(TABLES / "itl_membership.csv").filter(pl.col("edition") == 2025)
    inside = parts.filter(pl.col("la_code").is_in(list(LOCAL.resolve(area))))
    whole = parts.filter(pl.col("itl3_code").is_in(inside["itl3_code"].unique().to_list()))
    assert set(whole["la_code"]) == set(inside["la_code"])


def test_the_table_says_which_lists_are_unofficial() -> None:
    unofficial = LOOKUP.filter((pl.col("grade") == "unofficial") & (pl.col("source") == "itl_2025"))
    assert set(unofficial["area_name"]) == NEW
    assert set(LOOKUP.filter(pl.col("area_type") == "new_mayoral")["area_name"]) == NEW
    combined = LOOKUP.filter(pl.col("area_type") == "combined_authority")
    assert set(combined["grade"]) == {"official"}
    described = tomllib.loads((TABLES / "tables.toml").read_text("utf-8"))["files"]
    assert all(
        any(name in said for said in described["mayoral_2026.csv"]["treatments"])
        for name in MADE_OF
    )


def test_every_authority_lies_in_one_area() -> None:
    assert LOOKUP["la_code"].to_list() == LOCAL.areas["area_code"].to_list()
    assert set(LOOKUP["area_code"]) == set(PLACES.areas["area_code"])
    assert PLACES.areas["population"].sum() == pytest.approx(
        LOCAL.areas["population"].sum(), abs=10
    )


def test_regions_keep_their_totals_in_every_sector() -> None:
    regions = load_dataset("itl1")
    codes = PLACES.areas["area_code"].to_list()
    looked = 0
    for row, region in enumerate(regions.areas["area_code"]):
        if region not in PLACES.wider and region not in codes:
            continue  # Greater Lincolnshire lies in two regions.
        rows = [codes.index(code) for code in PLACES.resolve(region)]
        gap = np.abs(PLACES.gva_gbp_m[rows].sum(axis=0) - regions.gva_gbp_m[row])
        assert gap.max() <= 6.5, (region, SECTORS[int(gap.argmax())])
        looked += 1
    assert looked == 10


def test_an_area_of_both_geographies_has_the_same_figures() -> None:
    before = load_dataset("mayoral")
    same = [code for code in PLACES.areas["area_code"] if code in before.units]
    assert len(same) == 14 + 2 + 3
    for code in same:
        now, then = (d.areas.filter(pl.col("area_code") == code) for d in (PLACES, before))
        assert now.equals(then)
        rows = [d.areas["area_code"].to_list().index(code) for d in (PLACES, before)]
        assert np.array_equal(PLACES.gva_gbp_m[rows[0]], before.gva_gbp_m[rows[1]])


def test_a_new_area_is_the_sum_of_its_authorities() -> None:
    codes = LOCAL.areas["area_code"].to_list()
    rows = [codes.index(code) for code in LOCAL.resolve("Greater Essex")]
    here = PLACES.areas["area_code"].to_list().index("NEW_ESSEX")
    assert np.array_equal(PLACES.gva_gbp_m[here], LOCAL.gva_gbp_m[rows].sum(axis=0))


def test_what_lost_authorities_is_not_called_by_its_old_name() -> None:
    with pytest.raises(UnknownNameError, match=r"Rest of South East \(2026\)"):
        PLACES.resolve("Rest of South East 2025")
    # The old rest is still a name for all that lies in it.
    assert {PLACES.units[code] for code in PLACES.resolve("Rest of North West")} == {
        "Cheshire and Warrington",
        "Cumbria",
        "Lancashire",
    }


def test_a_plan_for_a_new_area_acts_in_it_alone_and_in_its_authorities() -> None:
    plan = gainsmodel.load_scenario("reference").edit({'plan."Sussex and Brighton".skills': 1.0})
    for geography in ("mayoral_2026", "local_authority"):
        dataset = load_dataset(geography)
        costs = gainsmodel.lever_costs(plan, dataset).filter(
            (pl.col("intensity") > 0) & ~pl.col("area_code").is_in(list(dataset.groups))
        )
        assert set(costs["area_code"]) == set(dataset.resolve("Sussex and Brighton"))


def test_a_run_repeats_from_its_manifest_and_compares() -> None:
    result = gainsmodel.run("reference", draws=64, geography="mayoral_2026")
    assert "mayoral_2026.csv" in result.manifest["data_sha256"]
    assert gainsmodel.replay(result.manifest).areas().equals(result.areas())
    other = gainsmodel.run("late_start", draws=64, geography="mayoral_2026")
    compared = gainsmodel.compare(result, other, area="Cumbria")
    assert compared.unit.code == "NEW_CUMBRIA"
    assert result.areas()["share_mean"].sum() == pytest.approx(1.0)


def test_own_areas_may_be_made_of_it_and_may_not_take_its_names() -> None:
    made = gainsmodel.aggregate("mayoral_2026", {"Cumbria": "The Lakes", "Lancashire": "The Lakes"})
    assert "The Lakes" in made.areas["area_name"].to_list()
    with pytest.raises(DataError, match="'Cumbria' is the name of another area"):
        gainsmodel.aggregate("local_authority", {"Cumberland": "Cumbria"})
    both = dict.fromkeys(("Cumberland", "Westmorland and Furness"), "Cumbria")
    assert "Cumbria" in gainsmodel.aggregate("local_authority", both).areas["area_name"].to_list()


def test_a_spoilt_lookup_is_noticed(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(TABLES, tmp_path / "tables"))
    lookup = folder / "mayoral_2026.csv"
    text = lookup.read_text("utf-8")
    lookup.write_text(text.replace("Cumbria", "Cumbrai", 1), encoding="utf-8")
    with pytest.raises(DataError, match=r"mayoral_2026\.csv: altered since built"):
        load_dataset("mayoral_2026", folder)
    lookup.write_text(text.replace("unofficial", "who knows", 1), encoding="utf-8")
    with pytest.raises(DataError, match=r"grade cannot be who knows"):
        load_dataset("mayoral_2026", folder)


def test_checks_hold() -> None:
    names = {result.name: result.passed for result in check("mayoral_2026")}
    assert all(names.values())
    assert names["local authorities sum to mayoral_2026 areas in every sector"]
