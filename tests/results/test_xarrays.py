"""Results as xarray datasets: the numbers of tables and draws, with units from the one place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel.errors import ResultError
from gainsmodel.results.columns import quantity
from gainsmodel.results.paired import ADDED, COSTS
from gainsmodel.results.statistics import STATISTICS
from gainsmodel.results.tables import METRICS

xarray = pytest.importorskip("xarray")
GM = "E47000001"
# A region is no area of a result by itself: a unit that only detail has.
WIDER = {"geography": "local_authority", "detail": "Greater Manchester"}


@pytest.fixture(scope="module")
def pair() -> gainsmodel.PairedResult:
    return gainsmodel.run_paired("skills_first", draws=64, detail="Greater Manchester")


@pytest.fixture(scope="module")
def made(pair: gainsmodel.PairedResult) -> Any:
    return pair.with_plan.to_xarray()


def test_statistics_are_those_of_the_tables(pair: gainsmodel.PairedResult, made: Any) -> None:
    result = pair.with_plan
    for table in result.areas(), result.groups():
        for row in table.iter_rows(named=True):
            of = made.sel(area=row["area_code"])
            for metric in METRICS:
                for name in STATISTICS:
                    value = of[f"{metric}_statistic"].sel(statistic=name).item()
                    np.testing.assert_equal(value, row[f"{metric}_{name}"])
    for table, variable, metric, by in (
        (result.years(), "gain_gbp_m_statistic", "gain_gbp_m", ("year",)),
        (
            result.sectors(),
            "gain_final_year_gbp_m_by_sector_statistic",
            "gain_final_year_gbp_m",
            ("sector",),
        ),
        (result.adoption(), "adoption_statistic", "adoption", ("technology", "year")),
    ):
        for row in table.sample(200, seed=1).iter_rows(named=True):
            place = {dim: row[dim] for dim in by} | {"area": row["area_code"]}
            values = made[variable].sel(place)
            for name in STATISTICS:
                value = row[f"{metric}_{name}"]
                np.testing.assert_equal(
                    values.sel(statistic=name).item(), np.nan if value is None else value
                )
        # What no table has is missing.
        assert made[variable].notnull().sum() == sum(
            table.select(f"{metric}_{name}").drop_nulls().height for name in STATISTICS
        )


def test_draws_are_those_of_the_result(pair: gainsmodel.PairedResult, made: Any) -> None:
    result = pair.with_plan
    for metric in METRICS:
        np.testing.assert_array_equal(made[metric].T, result.rows(metric))
    np.testing.assert_array_equal(made.leakage, result.rows("leakage")[0])
    years = made.gain_gbp_m.sel(area=GM)
    assert years.dims == ("draw", "year")
    for year in years.year.to_numpy()[1:]:
        draws = result.draws(f"gain_gbp_m_{year}")[GM].to_numpy()
        np.testing.assert_array_equal(years.sel(year=year), draws)
    assert years.isel(year=0).isnull().all()
    by_sector = result.draws("gain_final_year_gbp_m_by_sector")
    np.testing.assert_array_equal(
        made.gain_final_year_gbp_m_by_sector.sel(sector="J"), by_sector["J"].to_numpy()
    )
    cloud = result.draws("adoption_by_technology_and_year")["cloud_2031"].to_numpy()
    np.testing.assert_array_equal(made.adoption.sel(technology="cloud", year=2031), cloud)
    assert made.adoption.dims == ("draw", "technology", "year")


def test_units_names_and_where_it_is_from_are_attributes(
    pair: gainsmodel.PairedResult, made: Any
) -> None:
    for name, variable in made.data_vars.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
    assert made.share.attrs["units"] == "0 to 1"
    assert made.gain_gbp_m.attrs["units"] == "£m a year, 2024 prices"
    of = quantity("gain_gbp_m", 2024)
    assert made.gain_gbp_m.attrs == {"units": of.unit, "long_name": of.description}
    assert made.area_name.sel(area=GM) == "Greater Manchester"
    assert made.sector_name.sel(sector="F") == "Construction"
    assert made.adoption.attrs["long_name"].endswith(": Greater Manchester")
    result = pair.with_plan
    assert made.attrs["fingerprint"] == result.fingerprint
    assert made.attrs["title"] == result.scenario.title
    assert (made.attrs["draws"], made.attrs["seed"]) == (64, 1)


def test_a_pair_has_what_its_plan_adds_costs_and_is_worth(pair: gainsmodel.PairedResult) -> None:
    made = pair.to_xarray()
    assert {*made.data_vars} == {*ADDED, *COSTS, "net_present_value_gbp_m"}
    for gross in (False, True):
        of = pair.to_xarray(gross=gross)
        for name, values in pair.value_draws(gross=gross).items():
            np.testing.assert_array_equal(of[name].T, values)
        said = of.added_final_year_gbp_m.attrs["long_name"]
        assert ("net of displacement" in said) is not gross
    assert made.attrs["fingerprint_without"] == pair.without.fingerprint
    assert made.added_cumulative_gbp_m.attrs["units"] == "£m, 2024 prices"


def test_without_draws_statistics_are_left(
    pair: gainsmodel.PairedResult, made: Any, tmp_path: Path
) -> None:
    loaded = gainsmodel.Result.load(pair.with_plan.save(tmp_path / "saved")).to_xarray()
    assert "draw" not in loaded.dims
    few = pair.with_plan.to_xarray(draws=False)
    assert loaded.identical(few)
    assert few.identical(made.drop_dims("draw"))


def test_a_wider_area_of_detail_comes_last() -> None:
    result = gainsmodel.run("reference", draws=16, **WIDER)
    made = result.to_xarray()
    code = result.sectors()["area_code"][-1]
    assert made.area.to_numpy()[-1] == code
    assert made.area_name.to_numpy()[-1] == "Greater Manchester"
    by_sector = made.gain_final_year_gbp_m_by_sector_statistic.sel(area=code, statistic="mean")
    table = result.sectors().filter(pl.col("area_code") == code)
    np.testing.assert_array_equal(by_sector, table["gain_final_year_gbp_m_mean"].to_numpy())
    assert made.share.sel(area=code).isnull().all()


def test_without_xarray_the_command_that_adds_it_is_named(
    pair: gainsmodel.PairedResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    for of in pair, pair.with_plan:
        with pytest.raises(ResultError, match=r"pip install 'gainsmodel\[xarray\]'$"):
            of.to_xarray()
