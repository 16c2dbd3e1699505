"""From gross to net from three viewpoints, held against numbers worked by hand."""

from __future__ import annotations

import csv
import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, strategies as st

import gainsmodel
from gainsmodel import Result, ResultError, SettingError, UnknownNameError, Waterfall, waterfall
from gainsmodel.analysis.additionality import (
    STEPS,
    gross_to_net,
    outside_share,
    viewpoints,
)
from gainsmodel.choices import Sampler
from gainsmodel.data import GEOGRAPHIES, load_dataset
from gainsmodel.data.shipped_tables import TABLES
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.results.paired import PairedResult
from gainsmodel.scenario.parameters import ADJUSTMENTS
from in_process import run_here
from plain import plain

METRIC = "gain_final_year_gbp_m"
MANCHESTER = "E47000001"
SKILLS = plain("skills_first")
ON = {f"parameters.{name}.enabled": True for name in ADJUSTMENTS}
RATES = {"displacement": 0.25, "leakage": 0.1, "multiplier": 1.2}
FIXED = ON | {f"parameters.{name}.value": value for name, value in RATES.items()}


@cache
def pair(kind: str, sampler: Sampler = "sobol") -> tuple[Result, Result]:
    changes: dict[str, dict[str, Any]] = {"off": {}, "on": ON, "fixed": FIXED}
    return gainsmodel.run_paired(SKILLS.edit(changes[kind]), draws=256, sampler=sampler)


def steps(found: Waterfall, viewpoint: str) -> dict[str, dict[str, Any]]:
    rows = found.table.filter(pl.col("viewpoint") == viewpoint).to_dicts()
    return {row["step"]: row for row in rows}


def gap(results: tuple[Result, Result], codes: list[str]) -> np.ndarray:
    mine, theirs = (r.draws(METRIC).select(codes).to_numpy().sum(axis=1) for r in results)
    return np.asarray(mine - theirs)


# ---------------------------------------------------------------- the arithmetic


def test_steps_by_hand() -> None:
    gross = np.array([100.0, 10.0, -4.0])
    factor = {
        "displacement": np.array([0.25, 0.0, 0.5]),
        "leakage": np.array([0.1, 0.5, 0.0]),
        "multiplier": np.array([1.2, 1.0, 2.0]),
    }
    found = gross_to_net(gross, factor)
    assert list(found) == list(STEPS)
    expected = {
        "gross": [100, 10, -4],
        "displacement": [-25, 0, 2],
        "leakage": [-7.5, -5, 0],
        "multiplier": [13.5, 0, -2],
        "net": [81, 5, -4],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-12, err_msg=name)


numbers = st.floats(-1e4, 1e4)


@given(numbers, st.floats(0, 1), st.floats(0, 1), st.floats(0, 3))
def test_steps_add_up_to_the_product(gross: float, d: float, leak: float, m: float) -> None:
    known = dict(zip(ADJUSTMENTS, map(np.atleast_1d, (d, leak, m)), strict=True))
    *parts, net = gross_to_net(np.array([gross]), known).values()
    assert net[0] == pytest.approx(gross * (1 - d) * (1 - leak) * m, rel=1e-9, abs=1e-9)
    assert sum(part[0] for part in parts) == pytest.approx(net[0], rel=1e-9, abs=1e-9)


def test_what_lies_outside_by_hand() -> None:
    gva = {"a": 10.0, "b": 30.0, "c": 40.0, "d": 20.0}
    unit, region, uk = (Unit(n, n, tuple(n)) for n in ("a", "ab", "abcd"))
    assert outside_share(gva, unit, unit) == 1
    assert outside_share(gva, unit, region) == pytest.approx(60 / 90)
    assert outside_share(gva, unit, uk) == 0
    assert outside_share(gva, uk, uk) == 0


# ---------------------------------------------------------------- on runs


def test_off_nothing_is_taken_and_it_says_so() -> None:
    found = waterfall(pair("off"), "Greater Manchester")
    assert found.switched_on == ()
    for viewpoint in ("local", "regional", "uk"):
        rows = steps(found, viewpoint)
        for name in ADJUSTMENTS:
            assert rows[name]["switched_on"] is False
            assert rows[name]["amount_gbp_m_mean"] == rows[name]["amount_gbp_m_p95"] == 0
        assert rows["gross"]["amount_gbp_m_mean"] == rows["net"]["amount_gbp_m_mean"]
    assert "off" in found.summary[0]
    assert "judgement" in found.summary[-1]


def test_seen_from_the_area_net_is_that_of_an_appraisal() -> None:
    for kind in ("off", "on", "fixed"):
        found = steps(waterfall(pair(kind), "Greater Manchester"), "local")["net"]
        table = gainsmodel.appraise(pair(kind))
        row = table.row(by_predicate=pl.col("area_code") == MANCHESTER, named=True)
        for name in ("mean", "p05", "p50", "p95", "mcse_mean"):
            stated = row[f"added_final_year_gbp_m_{name}"]
            assert found[f"amount_gbp_m_{name}"] == pytest.approx(stated, rel=1e-5), (kind, name)


def test_every_viewpoint_by_hand() -> None:
    """Places from the table of memberships, GVA from that of figures: not by the package."""
    with (TABLES / "membership.csv").open() as file:
        rows = list(csv.DictReader(file))
    (region,) = {r["itl1_code"] for r in rows if r["mayoral_area_code"] == MANCHESTER}
    north_west = sorted({r["mayoral_area_code"] for r in rows if r["itl1_code"] == region})
    gva: dict[str, float] = {}
    with (TABLES / "gva.csv").open() as file:
        for r in csv.DictReader(file):
            if r["geography"] == "mayoral":
                code = r["area_code"]
                gva[code] = gva.get(code, 0.0) + float(r["gva_gbp_m"])
    uk = sum(gva.values())
    outside = (uk - sum(gva[c] for c in north_west)) / (uk - gva[MANCHESTER])
    results = pair("fixed", "random")
    found = waterfall(results, "Greater Manchester")
    places = {"local": ([MANCHESTER], 1.0), "regional": (north_west, outside), "uk": ([*gva], 0.0)}
    assert found.table["viewpoint"].unique(maintain_order=True).to_list() == [*places]
    for viewpoint, (codes, o) in places.items():
        gross = gap(results, codes)
        expected = {
            "gross": gross,
            "displacement": -0.25 * gross,
            "leakage": -0.75 * 0.1 * o * gross,
            "multiplier": 0.75 * (1 - 0.1 * o) * 0.2 * o * gross,
            "net": 0.75 * (1 - 0.1 * o) * (1 + 0.2 * o) * gross,
        }
        rows = steps(found, viewpoint)
        for step, draws in expected.items():
            row = rows[step]
            statistics = {
                "mean": draws.mean(),
                "p05": np.quantile(draws, 0.05),
                "p50": np.median(draws),
                "p95": np.quantile(draws, 0.95),
                "mcse_mean": draws.std(ddof=1) / 16,
                "p_below_1": (draws < 1).mean(),
            }
            for name, value in statistics.items():
                stated = row[f"amount_gbp_m_{name}"]
                assert stated == pytest.approx(value, rel=1e-4, abs=1e-6), (viewpoint, step, name)
    # What is drawn in from the rest of the UK is no gain to it, what leaks into it no loss.
    nets = [steps(found, v)["net"]["amount_gbp_m_mean"] for v in places]
    assert nets[2] == pytest.approx(0.75 * gap(results, [*gva]).mean(), rel=1e-4)
    assert nets[2] < nets[0]


@pytest.mark.parametrize("metric", ["gain_cumulative_gbp_m", "gain_present_value_gbp_m"])
def test_other_gains(metric: str) -> None:
    found = waterfall(pair("on"), "Wales", metric=metric)
    net = pair("on").added(metric)
    row = net.row(by_predicate=pl.col("area_code") == "TLL", named=True)
    local = steps(found, "local")["net"]
    assert local["amount_gbp_m_mean"] == pytest.approx(row[f"{metric}_mean"], rel=1e-5)
    assert metric in found.to_dict()["metric"]


def test_places_seen_from_every_viewpoint() -> None:
    def named(area: str, geography: str = "mayoral") -> dict[str, str]:
        figures = load_dataset(geography)
        return {k: v.name for k, v in viewpoints(figures, unit_of(figures, area)).items()}

    assert named("Greater Manchester") == {
        "local": "Greater Manchester",
        "regional": "North West",
        "uk": "United Kingdom",
    }
    # Itself a region, or everything: no viewpoint twice.
    assert [*named("Wales")] == [*named("Greater London")] == ["local", "uk"]
    assert [*named("uk")] == ["uk"]
    assert named("South East", "itl1") == {"local": "South East", "uk": "United Kingdom"}
    assert named("Manchester", "local_authority")["regional"] == "North West"
    assert named("Greater Manchester", "local_authority")["regional"] == "North West"
    # Most of its residents live in the East Midlands, the rest in Yorkshire.
    assert named("Greater Lincolnshire")["regional"].startswith("East Midlands")
    assert named("mayors_2017")["regional"] == "5 regions"
    for geography in GEOGRAPHIES:
        figures = load_dataset(geography)
        for code in figures.areas["area_code"]:
            seen = [{*v.members} for v in viewpoints(figures, unit_of(figures, code)).values()]
            assert all(a < b for a, b in pairwise(seen))
            assert len(seen[-1]) == figures.areas.height


def test_what_cannot_be_shown(tmp_path: Any) -> None:
    results = pair("on")
    with pytest.raises(SettingError, match="metric: must be one of gain_final"):
        waterfall(results, "Wales", metric="share")
    with pytest.raises(UnknownNameError, match="Atlantis"):
        waterfall(results, "Atlantis")
    with pytest.raises(ResultError, match="has a plan too"):
        waterfall(PairedResult(results[1], results[0]), "Wales")
    loaded = [Result.load(r.save(tmp_path / str(i), draws=True)) for i, r in enumerate(results)]
    assert waterfall(PairedResult(*loaded), "Wales").table.equals(waterfall(results, "Wales").table)


def test_one_draw() -> None:
    found = waterfall(gainsmodel.run_paired(SKILLS.edit(ON), draws=1), "Greater Manchester")
    assert found.table["amount_gbp_m_mcse_mean"].null_count() == found.table.height
    assert "too few futures" in found.summary[0]


# ---------------------------------------------------------------- the command line


def test_the_command_line_shows_it_where_a_factor_is_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "on.toml"
    switched = [f"{name} = true" for name in ON]
    scenario.write_text("\n".join(['extends = "skills_first"', *switched]))

    def said(*words: str, area: str = "Greater Manchester") -> str:
        asked = ["--area", area, "--draws", "256"]
        assert run_here(["appraise", *words, *asked]) == 0
        return capsys.readouterr().out

    text = said(str(scenario))
    for part in ("From gross to net, a year by 2036", "Seen from", "North West", "judgement"):
        assert part in text
    for prices in ("real", "nominal"):
        answer = json.loads(said(str(scenario), "--json", "--prices", prices))
        (net,) = (
            row["amount_gbp_m_mean"]
            for row in answer["waterfall"]["table"]
            if (row["viewpoint"], row["step"]) == ("local", "net")
        )
        assert net == pytest.approx(answer["appraisal"]["added_final_year_gbp_m_mean"], rel=1e-5)
    off = tmp_path / "off.toml"
    gross = [f"parameters.{name}.enabled = false" for name in ADJUSTMENTS]
    off.write_text("\n".join(['extends = "skills_first"', *gross]))
    assert "From gross to net" not in said(str(off))
    assert "From gross to net" in said("skills_first")
    elsewhere = "from the area’s viewpoint"
    assert elsewhere not in text
    assert elsewhere in said(str(scenario), area="uk")
