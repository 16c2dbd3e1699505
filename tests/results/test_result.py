"""What a run hands out: tables, draws, differences, and the way to disk and back."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel import Result, ResultError, UnknownNameError, load_dataset, load_scenario
from gainsmodel.data.units import unit_of
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.statistics import QUANTILES, STATISTICS
from gainsmodel.results.tables import DETAIL_METRICS, METRICS
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.simulation.run import draws_in_memory_bytes
from gainsmodel.simulation.settings import Settings

REFERENCE = load_scenario("reference")
MAYORAL = load_dataset("mayoral")
AREAS = MAYORAL.areas["area_code"].to_list()
MANCHESTER = MAYORAL.resolve("Greater Manchester")[0]
YEARS = list(range(2027, 2037))
UNIT = ["area_code", "area_name"]
FLAGS = ["area_type", "mayor_2017", "gva_gbp_m", "gva_share"]
# Quantities whose sum over areas is the UK's in every draw.
ADDITIVE = [metric for metric in METRICS if metric != "uplift_final_year"]


def columns(metric: str) -> list[str]:
    return [f"{metric}_{name}" for name in STATISTICS]


@cache
def ran(name: str = "reference", draws: int = 600, **settings: Any) -> Result:
    return gainsmodel.run(name, draws=draws, **settings)


def no_nan(frame: pl.DataFrame) -> bool:
    floats = frame.select(pl.col(pl.Float64, pl.Float32))
    return not any(series.is_nan().any() or series.is_infinite().any() for series in floats)


# ---------------------------------------------------------------- shape and order


def test_areas_have_one_row_each_in_the_order_of_the_figures() -> None:
    areas = ran().areas()
    assert areas["area_code"].to_list() == AREAS
    metrics = [column for metric in METRICS for column in columns(metric)]
    last = ["p_share_above_gva", "share_excluded_draws"]
    assert areas.columns == [*UNIT, *FLAGS, *metrics, *last]
    assert areas["gva_share"].sum() == pytest.approx(1, rel=1e-12)


def test_groups_begin_with_the_uk_and_have_the_columns_of_areas() -> None:
    groups = ran().groups()
    assert groups["area_code"].to_list() == ["uk", "mayors_2017", "mayoral_areas"]
    reaches = [
        f"p_{reading}_reaches_prize" for reading in ("final_year", "share_of_economy", "cumulative")
    ]
    assert groups.columns == [*ran().areas().columns, *reaches]
    assert groups["gva_share"][0] == pytest.approx(1, rel=1e-12)
    assert groups["share_mean"][0] == pytest.approx(1, abs=1e-6)
    for column in reaches:
        assert 0 <= groups[column][0] <= 1
        assert groups[column][1:].null_count() == 2


def test_years_hold_every_unit_in_every_year_and_only_grow_in_order() -> None:
    years = ran().years()
    units = [*AREAS, "uk", "mayors_2017", "mayoral_areas"]
    assert years.columns == [*UNIT, "year", *columns("gain_gbp_m")]
    assert years["area_code"].to_list() == [code for code in units for _ in YEARS]
    assert years["year"].to_list() == YEARS * len(units)
    last = years.filter(pl.col("year") == 2036)["gain_gbp_m_mean"]
    both = pl.concat([ran().areas(), ran().groups()], how="diagonal")
    assert last.to_list() == both["gain_final_year_gbp_m_mean"].to_list()


def test_sectors_hold_the_uk_then_every_area_by_every_sector() -> None:
    sectors = ran().sectors()
    head = [*UNIT, "sector", "sector_name", "channel", "gva_gbp_m"]
    assert sectors.columns == [*head, *columns("gain_final_year_gbp_m")]
    assert sectors["area_code"].to_list() == [code for code in ["uk", *AREAS] for _ in range(18)]
    assert sectors["sector"].to_list() == [*MAYORAL.sectors] * 24
    national = sectors.filter(pl.col("area_code") == "uk")
    assert national.null_count().sum_horizontal().sum() == 0
    # Areas have means only.
    areas = sectors.filter(pl.col("area_code") != "uk")
    assert areas["gain_final_year_gbp_m_mean"].null_count() == 0
    assert areas["gain_final_year_gbp_m_p50"].null_count() == areas.height


def test_adoption_holds_the_uk_in_every_year_and_areas_at_both_ends() -> None:
    adoption = ran().adoption()
    assert adoption.columns == [*UNIT, "technology", "year", *columns("adoption")]
    uk = adoption.filter(pl.col("area_code") == "uk")
    technologies = list(REFERENCE.technologies)
    assert uk["technology"].to_list() == [k for k in technologies for _ in range(11)]
    assert uk["year"].to_list() == list(range(2026, 2037)) * 4
    areas = adoption.filter(pl.col("area_code") != "uk")
    assert areas["area_code"].to_list() == [code for code in AREAS for _ in range(8)]
    assert areas["year"].to_list() == [2026, 2036] * (4 * 23)
    assert adoption["adoption_mean"].is_between(0, 1).all()
    for (_,), curve in uk.group_by("technology", maintain_order=True):
        assert curve["adoption_mean"].is_sorted()
        assert curve["adoption_p50"].is_sorted()


def test_adoption_of_the_uk_is_that_of_its_areas_weighted_by_gva() -> None:
    adoption = ran().adoption().filter(pl.col("year") == 2036)
    weights = ran().areas().select("area_code", "gva_share")
    areas = adoption.join(weights, on="area_code")
    product = (pl.col("adoption_mean") * pl.col("gva_share")).sum()
    by_area = areas.group_by("technology").agg(product).sort("technology").rows()
    uk = adoption.filter(pl.col("area_code") == "uk")
    national = uk.select("technology", "adoption_mean").sort("technology").rows()
    for (name, expected), (other, found) in zip(by_area, national, strict=True):
        assert name == other
        assert found == pytest.approx(expected, rel=1e-6)


def test_statistics_hold_every_quantity_with_its_errors() -> None:
    statistics = ran().statistics()
    names = [*(f"gain_gbp_m_{year}" for year in YEARS), *METRICS, "gain_gbp_m"]
    known = set(statistics["quantity"])
    assert known >= {*METRICS} - {"gain_final_year_gbp_m"}
    assert known <= {*names}
    assert {f"mcse_{name}" for name in ("mean", "sd", *QUANTILES)} < set(statistics.columns)
    assert not statistics.select("area_code", "quantity").is_duplicated().any()


def test_draws_of_some_columns_are_those_of_all(tmp_path: Path) -> None:
    result = ran("skills_first", 40)
    back = Result.load(result.save(tmp_path / "run", draws=True))
    wanted = ["uk", "TLL"]
    for source in (result, back):
        some = source.draws("share", wanted)
        assert some.equals(result.draws("share").select("draw", *wanted))
        with pytest.raises(UnknownNameError, match="TLL"):
            source.draws("share", ["Wales"])


# ---------------------------------------------------------------- one unit in detail


@pytest.mark.parametrize("asked", ["greater manchester", "UK", "mayors 2017"])
def test_detail_adds_statistics_of_one_unit_and_changes_no_other(asked: str) -> None:
    plain, detailed = ran("skills_first"), ran("skills_first", detail=asked)
    code = detailed.manifest["detail"]
    assert code in (MANCHESTER, "uk", "mayors_2017")
    assert detailed.statistics().equals(plain.statistics())
    for table in ("sectors", "adoption"):
        ours, theirs = (getattr(result, table)() for result in (detailed, plain))
        others = pl.col("area_code") != code
        assert ours.filter(others).equals(theirs.filter(others))
        assert ours.filter(~others).null_count().sum_horizontal().item() == 0
    assert detailed.sectors().filter(pl.col("area_code") == code).height == 18
    adoption = detailed.adoption().filter(pl.col("area_code") == code)
    assert adoption["year"].to_list() == list(range(2026, 2037)) * 4
    if code != "mayors_2017":
        # What was known before is the same to the last bit.
        means = [
            r.sectors().filter(pl.col("area_code") == code)["gain_final_year_gbp_m_mean"]
            for r in (detailed, plain)
        ]
        assert means[0].equals(means[1])
        both = adoption.join(plain.adoption(), on=["area_code", "technology", "year"])
        assert both.height == (44 if code == "uk" else 8)
        assert both["adoption_mean"].equals(both["adoption_mean_right"], check_names=False)


def test_draws_of_the_detail_are_what_its_statistics_are_made_of() -> None:
    result = ran("skills_first", detail="mayors_2017")
    gain = result.draws("gain_final_year_gbp_m_by_sector").drop("draw")
    assert gain.columns == list(MAYORAL.sectors)
    np.testing.assert_allclose(
        gain.to_numpy().sum(axis=1), result.draws()["mayors_2017"].to_numpy(), rtol=1e-6
    )
    rows = result.sectors().filter(pl.col("area_code") == "mayors_2017")
    np.testing.assert_allclose(
        gain.to_numpy().mean(axis=0), rows["gain_final_year_gbp_m_mean"], rtol=1e-6
    )
    members = result.areas().filter("mayor_2017")["area_code"]
    of_members = result.sectors().filter(pl.col("area_code").is_in(members.implode()))
    sums = of_members.group_by("sector", maintain_order=True).agg(
        pl.col("gain_final_year_gbp_m_mean", "gva_gbp_m").sum()
    )
    for column in ("gain_final_year_gbp_m_mean", "gva_gbp_m"):
        np.testing.assert_allclose(rows[column], sums[column], rtol=1e-6)
    adoption = result.draws("adoption_by_technology_and_year").drop("draw")
    technologies = list(REFERENCE.technologies)
    assert adoption.columns == [f"{k}_{year}" for k in technologies for year in range(2026, 2037)]
    rows = result.adoption().filter(pl.col("area_code") == "mayors_2017")
    np.testing.assert_allclose(adoption.to_numpy().mean(axis=0), rows["adoption_mean"], rtol=1e-6)


def test_detail_of_a_wider_area_has_its_code_and_name() -> None:
    result = gainsmodel.run(
        "reference", draws=16, geography="local_authority", detail="Greater Manchester"
    )
    assert result.manifest["detail"] == MANCHESTER
    last = result.sectors().tail(18)
    assert set(last.select(UNIT).rows()) == {(MANCHESTER, "Greater Manchester")}
    of_mayoral = ran("reference", 16).areas().filter(pl.col("area_code") == MANCHESTER)
    assert last["gva_gbp_m"].sum() == pytest.approx(of_mayoral["gva_gbp_m"].item(), rel=1e-4)


def test_detail_is_kept_on_disk_and_replayed(tmp_path: Path) -> None:
    result = ran("skills_first", 40, detail=MANCHESTER)
    back = Result.load(result.save(tmp_path / "run", draws=True))
    again = gainsmodel.replay(tmp_path / "run")
    for other in (back, again):
        assert other.manifest["detail"] == MANCHESTER
        assert other.sectors().equals(result.sectors())
        assert other.adoption().equals(result.adoption())
        for metric in DETAIL_METRICS:
            assert other.draws(metric).equals(result.draws(metric))
    ran("skills_first", 40).save(tmp_path / "run", draws=True)
    assert len(list((tmp_path / "run").glob("draws_*"))) == len(METRICS) + 3


def test_detail_not_asked_for_or_of_no_known_unit_is_an_error() -> None:
    for metric in DETAIL_METRICS:
        with pytest.raises(ResultError, match="detail="):
            ran().draws(metric)
    with pytest.raises(UnknownNameError, match="Greater Manchester"):
        ran("reference", 16, detail="Manchester")


def test_detail_of_a_run_too_long_to_keep_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainsmodel.simulation.run.DRAWS_IN_MEMORY_BYTES", 0)
    long = gainsmodel.run("skills_first", draws=600, detail="Wales")
    kept = ran("skills_first", detail="Wales")
    for ours, theirs in ((long.sectors(), kept.sectors()), (long.adoption(), kept.adoption())):
        for row, other in zip(ours.rows(), theirs.rows(), strict=True):
            # Quantiles are read from buckets, within 0.1% of a draw next to them.
            assert row[:-8] == other[:-8]
            assert [x is None for x in row] == [x is None for x in other]
    with pytest.raises(ResultError, match="too long"):
        long.draws("gain_final_year_gbp_m_by_sector")


def test_a_long_run_keeps_draws_of_what_a_plan_adds_costs_and_is_worth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = gainsmodel.run_paired("skills_first", draws=640)
    # Of all series, 640 draws take 1.5 MB; of some, 0.5 MB.
    monkeypatch.setattr("gainsmodel.simulation.run.DRAWS_IN_MEMORY_BYTES", 200_000)
    long = gainsmodel.run_paired("skills_first", draws=640)
    assert long.with_plan.holds_draws
    for table in ("added", "costs", "net_present_value"):
        assert getattr(long, table)().equals(getattr(kept, table)())
    for metric in ("share", "displacement"):
        assert long.with_plan.draws(metric).equals(kept.with_plan.draws(metric))
    with pytest.raises(ResultError, match=r"too long to keep draws of gain_gbp_m_2030.*fewer"):
        long.with_plan.draws("gain_gbp_m_2030")
    # A reference beside it changes nothing of what is kept.
    alone = gainsmodel.run("skills_first", draws=640)
    assert alone.statistics().equals(long.with_plan.statistics())
    monkeypatch.setattr("gainsmodel.simulation.run.DRAWS_IN_MEMORY_BYTES", 50_000)
    assert not gainsmodel.run("skills_first", draws=640).holds_draws


def test_the_usual_number_of_draws_is_kept_of_every_local_authority() -> None:
    draws = Settings().draws
    units, horizon = len(load_dataset("local_authority").units), 10
    assert 4 * draws * units * (horizon + 11) < draws_in_memory_bytes(draws)


# ---------------------------------------------------------------- what must hold in them


@pytest.mark.parametrize("name", ["reference", "mayors_2017_together", "tenth_of_the_economy"])
def test_areas_sum_to_the_uk_in_means(name: str) -> None:
    result = ran(name)
    areas, uk = result.areas(), result.groups().row(0, named=True)
    for metric in ADDITIVE:
        total = areas[f"{metric}_mean"].sum()
        assert total == pytest.approx(uk[f"{metric}_mean"], rel=2e-6, abs=1e-9), metric


def test_groups_are_the_sum_of_their_members_in_means() -> None:
    result = ran()
    for row in result.groups().iter_rows(named=True):
        members = pl.col("area_code").is_in(MAYORAL.groups[row["area_code"]])
        of_members = result.areas().filter(members)
        for column in ("gva_gbp_m", "gva_share", *(f"{metric}_mean" for metric in ADDITIVE)):
            assert of_members[column].sum() == pytest.approx(row[column], rel=2e-6, abs=1e-9)


def test_sectors_sum_to_area_totals_in_means() -> None:
    sums = (
        ran()
        .sectors()
        .group_by("area_code", maintain_order=True)
        .agg(pl.col("gva_gbp_m", "gain_final_year_gbp_m_mean").sum())
    )
    both = pl.concat([ran().groups().head(1), ran().areas()], how="diagonal")
    for column in ("gva_gbp_m", "gain_final_year_gbp_m_mean"):
        np.testing.assert_allclose(sums[column], both[column], rtol=2e-6)


@pytest.mark.parametrize("geography", ["mayoral", "itl1", "local_authority"])
def test_every_table_is_complete_in_every_geography(geography: str) -> None:
    result = ran(draws=40, geography=geography)
    units = load_dataset(geography).areas.height
    assert result.areas().height == units
    assert result.sectors().height == (units + 1) * 18
    assert result.areas()["share_mean"].sum() == pytest.approx(1, abs=1e-5)
    assert result.groups()["area_code"].to_list() == [*load_dataset(geography).groups]


def test_quantiles_are_ordered_and_lie_about_the_mean() -> None:
    areas = ran().areas()
    for metric in ("share", "prize_gbp_bn", "gain_final_year_gbp_m", "uplift_final_year"):
        ordered = areas.select(f"{metric}_{q}" for q in QUANTILES).to_numpy()
        assert (np.diff(ordered, axis=1) > 0).all()


def test_statistics_are_those_of_the_draws() -> None:
    result = ran(sampler="random")
    draws = result.draws("share").drop("draw").to_numpy().astype(float)
    both = pl.concat([result.areas(), result.groups()], how="diagonal")
    np.testing.assert_allclose(both["share_mean"], draws.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(both["share_sd"], draws.std(axis=0, ddof=1), rtol=1e-4, atol=1e-9)
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    np.testing.assert_allclose(both["share_mcse_mean"], error, rtol=1e-4, atol=1e-9)
    # What is equal to rounding is not above.
    above = (draws > both["gva_share"].to_numpy() * (1 + 1e-6)).mean(axis=0)
    # The UK's own share is 1 whatever happens, but for rounding.
    at = [i for i, code in enumerate(both["area_code"]) if code != "uk"]
    np.testing.assert_allclose(both["p_share_above_gva"].to_numpy()[at], above[at], atol=1e-12)


def test_the_prize_reached_is_counted_in_the_draws() -> None:
    result = ran("cumulative_prize", 2000)
    for metric, column in (
        ("gain_final_year_gbp_m", "p_final_year_reaches_prize"),
        ("gain_cumulative_gbp_m", "p_cumulative_reaches_prize"),
    ):
        reached = (result.draws(metric)["uk"] >= 208_000).mean()
        assert result.groups()[column][0] == pytest.approx(reached, abs=1e-12)


def test_draws_have_one_column_for_each_area_and_group() -> None:
    for metric in (*METRICS, "gain_gbp_m_2027", "gain_gbp_m_2036"):
        draws = ran().draws(metric)
        assert draws.columns == ["draw", *AREAS, "uk", "mayors_2017", "mayoral_areas"]
        assert draws["draw"].to_list() == list(range(600))
        assert draws.null_count().sum_horizontal().item() == 0
    final = ran().draws("gain_gbp_m_2036")
    assert final.equals(ran().draws("gain_final_year_gbp_m"))
    assert ran().draws().equals(final)


@pytest.mark.parametrize("metric", ["share", "prize_gbp_bn", "gain_cumulative_gbp_m"])
def test_areas_sum_to_the_uk_in_every_draw(metric: str) -> None:
    draws = ran().draws(metric).cast(pl.Float64)
    np.testing.assert_allclose(draws.select(AREAS).sum_horizontal(), draws["uk"], rtol=1e-5)


@pytest.mark.parametrize("metric", ["gain", "gain_gbp_m_2026", "gain_gbp_m_2037", "", "Share"])
def test_an_unknown_quantity_is_refused_with_those_there_are(metric: str) -> None:
    with pytest.raises(UnknownNameError, match="share"):
        ran().draws(metric)


def test_the_longest_and_the_shortest_horizon_fill_every_table() -> None:
    for horizon in (1, 40):
        scenario = REFERENCE.edit({"setting.horizon_years": horizon})
        result = gainsmodel.run(scenario, draws=40)
        assert result.years().height == 26 * horizon
        assert result.years()["year"].max() == 2026 + horizon
        assert result.adoption().filter(pl.col("area_code") == "uk").height == 4 * (horizon + 1)
        assert result.draws(f"gain_gbp_m_{2026 + horizon}").height == 40
        assert no_nan(result.areas())
    assert result.areas()["gain_final_year_gbp_m_mean"].min() > 0


def test_one_year_makes_final_year_and_sum_the_same() -> None:
    areas = gainsmodel.run(REFERENCE.edit({"setting.horizon_years": 1}), draws=40).areas()
    a, b = areas["gain_final_year_gbp_m_mean"], areas["gain_cumulative_gbp_m_mean"]
    np.testing.assert_allclose(a, b, rtol=1e-6)


# ---------------------------------------------------------------- few draws, excluded draws


@pytest.mark.parametrize("sampler", ["sobol", "random"])
@pytest.mark.parametrize("draws", [1, 2, 15, 16, 17])
def test_few_draws_give_nulls_and_never_nan(draws: int, sampler: str) -> None:
    result = ran("skills_first", draws, sampler=sampler)
    tables = ("areas", "groups", "years", "sectors", "adoption", "statistics")
    for table in tables:
        assert no_nan(getattr(result, table)()), table
    assert result.areas()["share_mean"].null_count() == 0
    json.dumps(result.to_dict(), allow_nan=False)
    gap = PairedResult(result, ran("reference", draws, sampler=sampler)).added(gross=True)
    assert no_nan(gap)
    if draws == 1:
        assert result.areas()["share_sd"].null_count() == 23
        assert result.areas()["share_mcse_mean"].null_count() == 23
        assert gap["gain_final_year_gbp_m_mcse_mean"].null_count() == gap.height


def harmful(**distribution: Any) -> Result:
    effect = {"kind": "normal", **distribution}
    return gainsmodel.run(
        REFERENCE.edit({"parameters.productivity_effect.distribution": effect}), draws=800
    )


def test_draws_with_little_national_gain_are_left_out_of_shares_and_counted() -> None:
    result = harmful(mean=0.005, sd=0.02)
    excluded = result.groups()["share_excluded_draws"][0]
    assert 0.05 < excluded < 0.95
    assert set(result.areas()["share_excluded_draws"]) == {excluded}
    national = result.draws()["uk"]
    gva = result.groups()["gva_gbp_m"][0]
    # The floor is a share of the year's GVA, which grows: a bracket is enough here.
    assert (national < 0).mean() <= excluded <= (national < gva * 0.0004).mean()
    assert result.areas()["share_mean"].sum() == pytest.approx(1, abs=1e-5)
    assert no_nan(result.areas())
    assert no_nan(result.statistics())
    document = result.to_dict()
    assert document["national"]["share_excluded_draws"] == excluded
    json.dumps(document, allow_nan=False)


def test_excluded_draws_are_null_in_the_draws() -> None:
    result = harmful(mean=0.005, sd=0.02)
    share = result.draws("share")
    excluded = result.groups()["share_excluded_draws"][0]
    missing = share["uk"].is_null() | share["uk"].is_nan()
    assert missing.mean() == pytest.approx(excluded)
    assert no_nan(share)


def test_no_draw_with_a_gain_leaves_shares_null() -> None:
    result = harmful(mean=-0.05, sd=0.0)
    assert set(result.areas()["share_excluded_draws"]) == {1.0}
    for metric in ("share", "prize_gbp_bn"):
        for column in columns(metric):
            assert result.areas()[column].null_count() == 23
    assert result.areas()["p_share_above_gva"].null_count() == 23
    assert result.areas()["gain_final_year_gbp_m_mean"].max() < 0
    json.dumps(result.to_dict(), allow_nan=False)


# ---------------------------------------------------------------- differences


def test_a_result_differs_from_itself_by_nothing() -> None:
    gap = PairedResult(ran(), ran()).added(gross=True)
    further = [f"gain_final_year_gbp_m_{name}" for name in ("mcse_p50", "p_below_1")]
    further += [f"{further[-1]}_mcse", "p_higher", "p_higher_mcse"]
    expected = [*UNIT, *columns("gain_final_year_gbp_m"), *further]
    assert gap.columns == expected
    assert gap.height == 26
    assert set(gap["gain_final_year_gbp_m_p_below_1"]) == {1.0}
    nothing = gap.drop(UNIT, "gain_final_year_gbp_m_p_below_1")
    numbers = nothing.fill_null(0).to_numpy()
    assert not numbers.any()


def test_levers_add_where_they_are_planned() -> None:
    gap = PairedResult(ran("greater_manchester_all_levers"), ran()).added(gross=True)
    here = gap.row(by_predicate=pl.col("area_code") == MANCHESTER, named=True)
    uk = gap.row(by_predicate=pl.col("area_code") == "uk", named=True)
    assert here["gain_final_year_gbp_m_mean"] > 0
    assert here["gain_final_year_gbp_m_p05"] >= 0
    assert here["p_higher"] > 0.8
    assert here["gain_final_year_gbp_m_mean"] <= uk["gain_final_year_gbp_m_mean"]
    # Nobody loses by it.
    assert gap["gain_final_year_gbp_m_p05"].min() > -1


def test_a_paired_difference_is_surer_than_two_runs_apart() -> None:
    with_plan, without = ran("greater_manchester_all_levers"), ran()
    gap = PairedResult(with_plan, without).added(gross=True)
    row = gap.row(by_predicate=pl.col("area_code") == MANCHESTER, named=True)
    area = with_plan.areas().row(by_predicate=pl.col("area_code") == MANCHESTER, named=True)
    assert row["gain_final_year_gbp_m_sd"] < area["gain_final_year_gbp_m_sd"]


def test_a_difference_is_that_of_the_draws() -> None:
    with_plan, without = ran("everyone_acts"), ran()
    for metric in ("gain_cumulative_gbp_m", "share"):
        gap = PairedResult(with_plan, without).added(metric, gross=True)
        by_draw = with_plan.draws(metric).cast(pl.Float64) - without.draws(metric).cast(pl.Float64)
        means = by_draw.drop("draw").mean().row(0)
        np.testing.assert_allclose(gap[f"{metric}_mean"], means, rtol=1e-9, atol=1e-12)
        at = gap["area_code"].to_list().index(MANCHESTER)
        assert gap["p_higher"][at] == (by_draw[MANCHESTER] > 0).mean()


def adjusted(**values: float) -> Result:
    changes: dict[str, Any] = {"plan.Wales.skills": 1.0}
    changes |= dict.fromkeys((f"parameters.{n}.enabled" for n in ADJUSTMENTS), False)
    for name, value in values.items():
        changes |= {f"parameters.{name}.enabled": True, f"parameters.{name}.value": value}
    return gainsmodel.run(REFERENCE.edit(changes), draws=600)


def test_a_net_difference_is_what_is_left_after_adjustments() -> None:
    off = gainsmodel.run(adjusted().scenario.without_plan(), draws=600)
    gross = PairedResult(adjusted(), off).added(gross=True)
    assert PairedResult(adjusted(), off).added().equals(gross)
    plan = adjusted(displacement=0.25, leakage=0.1, multiplier=1.25)
    # Adjustments touch the increment only: the run itself is the same.
    assert plan.areas().equals(adjusted().areas())
    reference = gainsmodel.run(plan.scenario.without_plan(), draws=plan.manifest["draws"])
    net = PairedResult(plan, reference).added()
    for name in ("mean", "sd", "p50", "p95"):
        column = f"gain_final_year_gbp_m_{name}"
        of_uk = gross["area_code"] == "uk"
        left = gross[column] * np.where(of_uk, 1 - 0.25, (1 - 0.25) * (1 - 0.1) * 1.25)
        np.testing.assert_allclose(net[column], left, rtol=1e-6)


@pytest.mark.parametrize("metric", ["gain_final_year_gbp_m", "gain_cumulative_gbp_m"])
def test_what_is_added_in_one_area_is_its_row_of_what_is_added_everywhere(metric: str) -> None:
    plan = adjusted(displacement=0.25, leakage=0.1)
    pair = PairedResult(plan, gainsmodel.run(plan.scenario.without_plan(), draws=600))
    for row in pair.added(metric).to_dicts():
        unit = unit_of(pair.dataset, row["area_code"])
        found = pair.added_in(unit, metric)
        assert found == {name: row[name] for name in found}


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"seed": 2}, "seed"),
        ({"draws": 601}, "draws"),
        ({"sampler": "random"}, "sampler"),
        ({"precision": "float64"}, "precision"),
        ({"geography": "itl1"}, "geography"),
    ],
)
def test_results_that_are_not_paired_have_no_difference(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(ResultError, match=f"not paired: {key}"):
        PairedResult(ran(), ran(**settings)).added(gross=True)


def test_a_difference_of_excluded_draws_is_null_not_nan() -> None:
    odd = harmful(mean=0.005, sd=0.02)
    gap = PairedResult(odd, gainsmodel.run("reference", draws=800)).added("share", gross=True)
    assert no_nan(gap)


# ---------------------------------------------------------------- from a manifest again


def test_a_manifest_replays_to_identical_numbers(tmp_path: Path) -> None:
    result = gainsmodel.run(
        REFERENCE.edit({"plan.Wales.skills": 0.3, "parameters.imitation.value": 0.5}),
        draws=77,
        seed=2**63,
        sampler="random",
        precision="float64",
        geography="itl1",
    )
    folder = result.save(tmp_path / "run")
    for source in (folder, folder / "manifest.json", str(folder)):
        again = gainsmodel.replay(source, threads=2)
        assert again.to_dict() == result.to_dict()
        assert again.statistics().equals(result.statistics())
        assert again.draws().equals(result.draws())


# ---------------------------------------------------------------- plain values


def test_plain_values_are_those_of_the_tables() -> None:
    document = ran().to_dict()
    area = next(a for a in document["areas"] if a["code"] == MANCHESTER)
    row = ran().areas().row(by_predicate=pl.col("area_code") == MANCHESTER, named=True)
    assert area["name"] == "Greater Manchester"
    assert area["mayor_2017"] is True
    for metric in METRICS:
        assert area[metric] == {name: row[f"{metric}_{name}"] for name in STATISTICS}
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_plain_values_list_only_the_areas_asked_for() -> None:
    assert [a["code"] for a in ran().to_dict([MANCHESTER])["areas"]] == [MANCHESTER]
    assert ran().to_dict([])["areas"] == []


def test_an_uncertain_prize_is_given_by_its_mean() -> None:
    prize = {"kind": "triangular", "low": 100.0, "mode": 150.0, "high": 200.0}
    result = gainsmodel.run(REFERENCE.edit({"prize.distribution": prize}), draws=600)
    assert result.to_dict()["prize"]["gbp_bn"] == pytest.approx(150, rel=0.01)


def test_another_price_year_scales_all_money_and_nothing_else() -> None:
    """Section 9 of the model: no ratio or probability changes."""
    changed = load_scenario("skills_first").edit({"setting.price_year": 2023})
    ours, theirs = (
        gainsmodel.appraise(gainsmodel.run_paired(s, draws=200, precision="float64"))
        for s in ("skills_first", changed)
    )
    for name in ours.columns:
        if not ours[name].dtype.is_float():
            assert ours[name].equals(theirs[name])
            continue
        factor = 1.039 if "_gbp_m" in name else 1.0
        # Ratios of next to nothing, where nothing is done, are all rounding.
        rows = zip(ours["area_code"], ours[name], theirs[name], strict=True)
        near = (MANCHESTER, "uk") if "benefit_cost" in name else ours["area_code"]
        known = [(a, b * factor) for code, a, b in rows if code in near and a is not None]
        if known and "_p_below_1" not in name:  # of £1m, which is another amount in other money
            np.testing.assert_allclose(
                # Differences of amounts of £1,000bn in double precision.
                *zip(*known, strict=True),
                rtol=1e-9,
                atol=1e-8,
                err_msg=name,
            )
    share, other = (gainsmodel.run(s, draws=600) for s in ("skills_first", changed))
    for name in ("share_mean", "p_share_above_gva", "uplift_final_year_p95"):
        np.testing.assert_allclose(share.areas()[name], other.areas()[name], rtol=1e-5)
    for reading in ("final_year", "share_of_economy", "cumulative"):
        name = f"p_{reading}_reaches_prize"
        assert share.groups()[name][0] == pytest.approx(other.groups()[name][0], abs=2 / 600)
    assert share.groups()["prize_gbp_bn_mean"][0] == pytest.approx(208)
    assert other.groups()["prize_gbp_bn_mean"][0] == pytest.approx(208 / 1.039, rel=1e-6)


def test_a_tenth_of_the_economy_is_a_tenth_of_each_draw_s() -> None:
    result = ran("tenth_of_the_economy", 2000)
    uplift = result.draws("uplift_final_year")["uk"].to_numpy()
    gain = result.draws("gain_final_year_gbp_m")["uk"].to_numpy()
    prize = result.draws("prize_gbp_bn")["uk"].to_numpy()
    np.testing.assert_allclose(prize, 0.1 * gain / uplift / 1000, rtol=1e-5)
    reached = result.groups()["p_share_of_economy_reaches_prize"][0]
    assert reached == pytest.approx((uplift >= 0.1).mean(), abs=1e-12)


def test_the_null_model_is_the_share_of_gva() -> None:
    """Where nothing differs between areas but GVA, shares are those of GVA in every draw."""
    fixed = {
        name: {"value": 0.0, "source": "test"}
        for name in (
            "readiness_slope_initial_adoption",
            "readiness_slope_imitation",
            "readiness_slope_ceiling",
            "readiness_slope_productivity_effect",
            "complements",
            "growth_area",
            "growth_sector",
            "growth_cell",
            "growth_transitory",
            "spillover_share",
        )
    }
    national = {"nation": 1.0, "technology": 0.0, "area": 0.0, "sector": 0.0, "cell": 0.0}
    spread = {
        f"parameters.{name}.spread.{level}": share
        for name in gainsmodel.scenario.SPREAD_PARAMETERS
        for level, share in national.items()
    }
    same = {k: dict.fromkeys(MAYORAL.sectors, 1.0) for k in REFERENCE.technologies}
    odds = {f"parameters.sector_odds_ratio.by_technology.{k}.values": v for k, v in same.items()}
    alike = {"parameters.area_odds_ratio.by_technology.ai.values": {"London": 1.0}}
    changes = {"parameters": fixed, **spread, **odds, **alike}
    areas = gainsmodel.run(REFERENCE.edit(changes), draws=50, precision="float64").areas()
    for quantile in ("mean", "p05", "p95"):
        np.testing.assert_allclose(areas[f"share_{quantile}"], areas["gva_share"], rtol=1e-9)
