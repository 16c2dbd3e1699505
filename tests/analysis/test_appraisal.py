"""What a plan adds and costs, held against closed forms and bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import gainsmodel
from gainsmodel import (
    Result,
    ResultError,
    ScenarioError,
    SettingError,
    UnknownNameError,
    appraise,
    delay_cost,
    load_dataset,
)
from gainsmodel.analysis.appraisal import area_and_uk
from gainsmodel.data.units import unit_of
from gainsmodel.results.paired import PairedResult
from gainsmodel.scenario.parameters import ADJUSTMENTS
from plain import plain

MANCHESTER = "E47000001"
REFERENCE, SKILLS = plain("reference"), plain("skills_first")
# One lever that does nothing but raise the effect by a certain part, at once and everywhere in
# its area, of which all is taken up; no cap. What it adds is then a fixed part of the gain.
EFFECT, PRICE, INTENSITY = 0.08, 20.0, 0.5
CERTAIN_LEVER = {
    "levers.skills": {
        "scope": "all",
        "start_years": 0.0,
        "ramp_years": 0.0,
        "cost_gbp_per_head_per_year": {"value": PRICE},
        "effects": {"productivity_effect": {"value": EFFECT, "unit": "added to the factor"}},
    },
    "parameters.take_up.value": 1.0,
    "parameters.uplift_cap.value": 1.0,
    'plan."Greater Manchester".skills': INTENSITY,
}
RATIO = EFFECT * INTENSITY
DISCOUNT = 1.035 ** -np.arange(1, 11)


def certain_lever(changes: dict[str, Any] | None = None) -> gainsmodel.Scenario:
    data = REFERENCE.to_dict()
    data["levers"]["skills"]["effects"] = {}
    plain = gainsmodel.Scenario.from_dict(data)
    return plain.edit(CERTAIN_LEVER | (changes or {}))


def both(scenario: gainsmodel.Scenario, draws: int = 160, **options: Any) -> tuple[Result, Result]:
    return gainsmodel.run_paired(scenario, draws=draws, precision="float64", **options)


def row(frame: pl.DataFrame, code: str = MANCHESTER) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col("area_code") == code, named=True)


def statistics(draws: np.ndarray, prefix: str) -> dict[str, float]:
    quantiles = {f"{prefix}_p{q:02}": np.quantile(draws, q / 100) for q in (5, 25, 50, 75, 95)}
    return {f"{prefix}_mean": draws.mean(), f"{prefix}_sd": draws.std(ddof=1)} | quantiles


# ---------------------------------------------------------------- closed forms


def test_a_certain_lever_adds_a_fixed_part_of_the_gain_and_costs_heads_times_price() -> None:
    with_plan, without = both(certain_lever())
    gain = {
        name: without.draws(metric)[MANCHESTER].to_numpy()
        for name, metric in (
            ("added_final_year_gbp_m", "gain_final_year_gbp_m"),
            ("added_cumulative_gbp_m", "gain_cumulative_gbp_m"),
            ("added_present_value_gbp_m", "gain_present_value_gbp_m"),
        )
    }
    residents = row(load_dataset("mayoral").areas)["population"]
    per_year = residents * PRICE * INTENSITY / 1e6
    spent = per_year * DISCOUNT.sum()
    added = {name: RATIO * draws for name, draws in gain.items()}
    net = added["added_present_value_gbp_m"] - spent
    target = float(np.median(added["added_final_year_gbp_m"]))
    found = row(appraise(PairedResult(with_plan, without), target_gbp_m=target))
    expected = {k: v for name, draws in added.items() for k, v in statistics(draws, name).items()}
    expected |= statistics(net, "net_present_value_gbp_m")
    ratio = statistics(added["added_present_value_gbp_m"] / spent, "benefit_cost_ratio")
    expected |= {name: value for name, value in ratio.items() if "_p" in name[18:]}
    expected |= {
        "authority_cost_present_value_gbp_m_mean": spent,
        "authority_cost_per_year_gbp_m_mean": per_year,
        "authority_cost_per_year_gbp_m_p95": per_year,
        "p_pays_back": (net > 0).mean(),
        "p_target": 0.5,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    # It brings nobody to adopt anything.
    assert found["firms_cost_present_value_gbp_m_p95"] == pytest.approx(0, abs=1e-9)
    assert found["benefit_cost_ratio_excluded_draws"] == 0
    assert 0 < found["p_pays_back"] < 1
    assert "benefit_cost_ratio_mean" not in found


def test_a_certain_scenario_has_one_answer_for_every_statistic() -> None:
    data = REFERENCE.to_dict()
    certain: dict[str, Any] = {}
    for name, parameter in data["parameters"].items():
        if "distribution" in parameter:
            certain[f"parameters.{name}.value"] = 0.0 if "readiness" in name else 0.01
    for name, value in (("imitation", 0.4), ("ceiling", 0.8), ("spillover_share", 0.1)):
        certain[f"parameters.{name}.value"] = value
    for k, entry in data["parameters"]["initial_adoption"]["by_technology"].items():
        assert "distribution" in entry
        certain[f"parameters.initial_adoption.by_technology.{k}.value"] = 0.3
    scenario = certain_lever(certain | {"parameters.take_up.value": 1.0} | {
        "parameters.uplift_cap.value": 1.0})  # fmt: skip
    with_plan, without = both(scenario, draws=32)
    found = row(appraise(PairedResult(with_plan, without), target_gbp_m=1e-6))
    gain = row(without.areas())
    assert gain["gain_final_year_gbp_m_sd"] == pytest.approx(0, abs=1e-9)
    for added, metric in (("final_year", "final_year"), ("present_value", "present_value")):
        for q in ("mean", "p05", "p95"):
            assert found[f"added_{added}_gbp_m_{q}"] == pytest.approx(
                RATIO * gain[f"gain_{metric}_gbp_m_mean"], rel=1e-9
            )
    assert found["p_target"] == 1
    assert found["p_pays_back"] in (0, 1)
    assert found["p_pays_back_mcse"] == 0


def test_what_is_added_is_net_of_what_is_switched_on_and_costs_are_not() -> None:
    rates = {"displacement": 0.25, "leakage": 0.1, "multiplier": 1.2}
    changes = {f"parameters.{name}.enabled": True for name in ADJUSTMENTS}
    changes |= {f"parameters.{name}.value": value for name, value in rates.items()}
    gross = appraise(both(SKILLS), target_gbp_m=50)
    net = appraise(both(SKILLS.edit(changes)), target_gbp_m=50)
    worth = 0.75 * 0.9 * 1.2
    for name in ("final_year", "cumulative", "present_value"):
        for q in ("mean", "p05", "p95", "mcse_mean"):
            column = f"added_{name}_gbp_m_{q}"
            of_uk = gross["area_code"] == "uk"
            expected = np.where(of_uk, 0.75, worth) * gross[column].to_numpy()
            np.testing.assert_allclose(net[column], expected, rtol=1e-9)
    costs = [c for c in gross.columns if "cost" in c and "ratio" not in c]
    assert gross.select(costs).equals(net.select(costs))
    assert row(net)["p_target"] < row(gross)["p_target"]


def test_waiting_costs_the_years_that_are_forgone_less_what_is_not_spent() -> None:
    scenario, years = certain_lever(), 2
    _, without = both(scenario)
    found = delay_cost(scenario, "Greater Manchester", years, draws=160)
    assert found.select("area_code", "area_name", "delay_years").row(0) == (
        MANCHESTER, "Greater Manchester", 2.0)  # fmt: skip
    gain = np.array([without.draws(f"gain_gbp_m_{2026 + t}")[MANCHESTER] for t in range(1, 3)])
    residents = row(load_dataset("mayoral").areas)["population"]
    saved = residents * PRICE * INTENSITY / 1e6 * DISCOUNT[:years].sum()
    lost = RATIO * (gain * DISCOUNT[:years, None]).sum(axis=0) - saved
    name = "lost_net_present_value_gbp_m"
    for column, value in statistics(lost, name).items():
        # delay_cost runs in single precision.
        assert found[column][0] == pytest.approx(value, rel=1e-3, abs=1e-2), column
    assert found["p_loses"][0] == pytest.approx((lost > 0).mean(), abs=0.02)


def test_waiting_is_the_difference_of_two_appraisals() -> None:
    later = SKILLS.edit({"setting.lever_delay_years": 1.0})
    means = [
        row(appraise(gainsmodel.run_paired(s, draws=320)))["net_present_value_gbp_m_mean"]
        for s in (SKILLS, later)
    ]
    found = delay_cost(SKILLS, MANCHESTER, draws=320)
    lost = found["lost_net_present_value_gbp_m_mean"][0]
    assert lost == pytest.approx(means[0] - means[1], rel=1e-4)
    assert 0 < found["lost_net_present_value_gbp_m_mcse_mean"][0] < lost


# ---------------------------------------------------------------- bounds


plans = st.dictionaries(
    st.sampled_from(["Greater Manchester", "Wales", "mayors_2017", "TLM"]),
    st.dictionaries(
        st.sampled_from(list(REFERENCE.levers)), st.floats(0.0, 1.0), min_size=1, max_size=3
    ),
    min_size=1,
    max_size=3,
)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(plans, st.floats(0.01, 500), st.floats(1.0, 10.0), st.integers(0, 2**32))
def test_bounds_of_an_appraisal(
    plan: dict[str, dict[str, float]], target: float, factor: float, seed: int
) -> None:
    if {"Greater Manchester", "mayors_2017"} <= plan.keys():
        del plan["mayors_2017"]
    scenario = REFERENCE.model_copy(update={"plan": REFERENCE.edit({"plan": plan}).plan})
    results = gainsmodel.run_paired(scenario, draws=48, seed=seed)
    table = appraise(results, target_gbp_m=target)
    higher = appraise(results, target_gbp_m=target * factor)
    assert (table["p_target"] >= higher["p_target"]).all()
    for name in ("p_pays_back", "p_target", "benefit_cost_ratio_excluded_draws"):
        assert table[name].is_between(0, 1).all()
    assert (table["authority_cost_present_value_gbp_m_p05"] >= 0).all()
    assert (table["added_final_year_gbp_m_p05"] >= -1e-2).all()
    # Discounting and costs take from what is added.
    slack = 1e-5 * results[0].groups()["gain_cumulative_gbp_m_mean"][0]
    means = {
        name: table[f"{name}_gbp_m_mean"].to_numpy()
        for name in ("added_cumulative", "added_present_value", "net_present_value",
                     "authority_cost_present_value", "firms_cost_present_value")
    }  # fmt: skip
    assert (means["added_present_value"] <= means["added_cumulative"] + slack).all()
    np.testing.assert_allclose(
        means["net_present_value"],
        means["added_present_value"]
        - means["authority_cost_present_value"]
        - means["firms_cost_present_value"],
        rtol=1e-9,
        atol=1e-9,
    )
    # Where every draw has a ratio, it is above 1 as often as the plan pays back.
    for r in table.filter(pl.col("benefit_cost_ratio_excluded_draws") == 0).iter_rows(named=True):
        if r["p_pays_back"] > 0.97:
            assert r["benefit_cost_ratio_p05"] >= 1
        if r["p_pays_back"] < 0.03:
            assert r["benefit_cost_ratio_p95"] <= 1
    # A year in which all levers run costs at least a part of it all.
    per_year = results[0].areas()["lever_cost_per_year_gbp_m_mean"].to_numpy()
    total = results[0].areas()["lever_cost_cumulative_gbp_m_mean"].to_numpy()
    assert (total <= 10 * per_year * (1 + 1e-6)).all()
    assert (total >= 9 * per_year * (1 - 1e-6)).all()


def test_without_a_target_its_chance_is_unknown_and_rows_are_areas_and_groups() -> None:
    with_plan, without = gainsmodel.run_paired("skills_first", draws=64)
    table = appraise(PairedResult(with_plan, without))
    assert table["p_target"].null_count() == table.height == 26
    assert (
        table["area_code"].to_list()
        == PairedResult(with_plan, without).added(gross=True)["area_code"].to_list()
    )
    stated = appraise(PairedResult(with_plan, without), target_gbp_m=1)
    assert table.drop("p_target", "p_target_mcse").equals(stated.drop("p_target", "p_target_mcse"))


def test_where_nothing_is_spent_there_is_no_ratio() -> None:
    """Without spillover a plan reaches its own area only."""
    alone = SKILLS.edit({"parameters.spillover_share.value": 0.0})
    table = appraise(gainsmodel.run_paired(alone, draws=64))
    wales = row(table, "TLL")
    assert wales["benefit_cost_ratio_p50"] is None
    assert wales["benefit_cost_ratio_excluded_draws"] == 1
    assert wales["net_present_value_gbp_m_mean"] == 0
    assert wales["p_pays_back"] == 0
    assert row(table)["benefit_cost_ratio_excluded_draws"] == 0


# ---------------------------------------------------------------- what cannot be appraised


def test_results_that_differ_in_more_than_the_plan_are_refused() -> None:
    with_plan, without = gainsmodel.run_paired(SKILLS, draws=32)
    other = gainsmodel.run(REFERENCE, draws=32, seed=2)
    with pytest.raises(ResultError, match="not paired: seed"):
        appraise(PairedResult(with_plan, other))
    with pytest.raises(ResultError, match="has a plan too"):
        appraise(PairedResult(without, with_plan))
    flat = gainsmodel.run(REFERENCE.edit({"parameters.imitation.value": 0.4}), draws=32)
    with pytest.raises(ResultError, match="parameters"):
        appraise(PairedResult(with_plan, flat))


@pytest.mark.parametrize("target", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_target_is_refused(target: float) -> None:
    results = gainsmodel.run_paired("skills_first", draws=16)
    with pytest.raises(SettingError, match="target"):
        appraise(results, target_gbp_m=target)


def test_an_impossible_delay_is_refused() -> None:
    with pytest.raises(ScenarioError, match="no lever is moved"):
        delay_cost("reference", "Wales", draws=16)
    for years in (0.0, -1.0, float("nan")):
        with pytest.raises(SettingError, match="years"):
            delay_cost("skills_first", "Wales", years, draws=16)
    with pytest.raises(ScenarioError, match="lever_delay_years"):
        delay_cost("skills_first", "Wales", 41, draws=16)
    with pytest.raises(UnknownNameError):
        delay_cost("skills_first", "Atlantis", draws=16)


# ---------------------------------------------------------------- prices, wider areas


def test_nominal_amounts_are_those_of_yearly_streams_each_in_its_own_money() -> None:
    """Discounted at (1 + real rate)(1 + inflation); deflators worked by hand from the table."""
    scenario = certain_lever({"parameters.inflation_per_year.value": 0.02})
    results = both(scenario)
    without = results[1]
    # GDP deflator of 2025 over that of 2024; then 2% a year.
    level = 1.078 / 1.039 * 1.02 ** np.arange(1, 12)
    gain = np.array([without.draws(f"gain_gbp_m_{2026 + t}")[MANCHESTER] for t in range(1, 11)])
    residents = row(load_dataset("mayoral").areas)["population"]
    spent = residents * PRICE * INTENSITY / 1e6
    added = RATIO * gain * level[1:, None]
    rates = 1.035 * 1.02
    factors = rates ** -np.arange(1.0, 11)
    net = ((added - spent * level[1:, None]) * factors[:, None]).sum(axis=0)
    target = float(np.median(added[-1]))
    found = row(appraise(results, prices="nominal", target_gbp_m=target))
    expected = {
        **statistics(added[-1], "added_final_year_gbp_m"),
        **statistics(added.sum(axis=0), "added_cumulative_gbp_m"),
        **statistics(net, "net_present_value_gbp_m"),
        "authority_cost_per_year_gbp_m_mean": spent * level[-1],
        "p_target": 0.5,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    real = row(appraise(results))
    for name in ("benefit_cost_ratio_p50", "p_pays_back"):
        assert found[name] == pytest.approx(real[name], rel=1e-9)
    lost = [
        delay_cost(scenario, "Greater Manchester", draws=160, prices=prices)[
            "lost_net_present_value_gbp_m_mean"
        ][0]
        for prices in ("real", "nominal")
    ]
    assert lost[1] == pytest.approx(lost[0] * level[0], rel=1e-9)
    misspelt: Any = "nominall"
    with pytest.raises(SettingError, match="prices: must be one of real, nominal"):
        appraise(results, prices=misspelt)


def test_a_wider_area_is_the_sum_of_its_areas_and_has_the_last_row() -> None:
    plan = REFERENCE.edit({'plan."Greater Manchester".skills': 1.0})
    results = gainsmodel.run_paired(plan, draws=64, geography="local_authority")
    table = appraise(results, area="Greater Manchester")
    members = load_dataset("local_authority").resolve("Greater Manchester")
    of_members = table.filter(pl.col("area_code").is_in(members))
    assert of_members.height == 10
    wider = table.row(-1, named=True)
    assert wider["area_name"] == "Greater Manchester"
    for name in ("added_final_year", "added_present_value", "net_present_value",
                 "authority_cost_per_year"):  # fmt: skip
        total = of_members[f"{name}_gbp_m_mean"].sum()
        assert wider[f"{name}_gbp_m_mean"] == pytest.approx(total, rel=1e-9)
    # What has a row has no second one.
    assert table.head(-1).equals(appraise(results, area="Manchester"))


# ---------------------------------------------------------------- ratios, gross, the UK


def test_ratios_are_given_both_ways_as_quantiles_and_of_expected_values() -> None:
    pair = gainsmodel.run_paired(SKILLS, draws=640)
    found = row(appraise(pair))
    values = pair.value_draws(unit_of(pair.dataset, MANCHESTER))
    added, authority, firms = (
        values[f"{name}_present_value_gbp_m"] for name in ("added", "authority_cost", "firms_cost")
    )
    for name, benefit, cost in (
        ("public_benefit_cost_ratio", added - firms, authority),
        ("benefit_cost_ratio", added, authority + firms),
    ):
        for q in (5, 25, 50, 75, 95):
            expected = np.quantile(benefit / cost, q / 100)
            assert found[f"{name}_p{q:02}"] == pytest.approx(expected, rel=1e-9)
        assert found[f"{name}_of_means"] == pytest.approx(benefit.mean() / cost.mean())
        assert found[f"{name}_excluded_draws"] == 0
        assert f"{name}_mean" not in found
    # Both are above 1 in the same futures, those in which it pays back.
    net = added - firms - authority
    assert ((added - firms) / authority > 1).mean() == (net > 0).mean() == found["p_pays_back"]


def test_ratios_are_missing_where_nothing_is_spent() -> None:
    pair = gainsmodel.run_paired(SKILLS, draws=64)
    wales = row(appraise(pair), "TLL")
    assert wales["public_benefit_cost_ratio_of_means"] is None
    assert wales["public_benefit_cost_ratio_p50"] is None
    assert wales["public_benefit_cost_ratio_excluded_draws"] == 1


def test_the_uk_loses_what_is_displaced_and_nothing_else() -> None:
    """Its row beside the area's: gross × (1 − displacement), no leakage, no multiplier."""
    pair = gainsmodel.run_paired(SKILLS, draws=640)
    displacement = pair.with_plan.draws("displacement").to_series(1).to_numpy()
    net, gross = appraise(pair), appraise(pair, gross=True)
    of_area, of_uk = area_and_uk(net, MANCHESTER)
    assert of_area == row(net)
    assert of_uk == row(net, "uk")
    assert area_and_uk(net, "uk")[1] is None
    added = pair.added_draws(unit=unit_of(pair.dataset, "uk"), gross=True)
    assert of_uk["added_final_year_gbp_m_mean"] == pytest.approx(
        (added * (1 - displacement)).mean(), rel=1e-6
    )
    assert row(gross, "uk")["added_final_year_gbp_m_mean"] == pytest.approx(added.mean())
    for name in ("authority_cost_present_value_gbp_m_mean", "firms_cost_present_value_gbp_m_mean"):
        assert row(gross)[name] == of_area[name]


def test_waiting_is_gross_where_it_is_asked_for() -> None:
    now = gainsmodel.load_scenario("skills_first")
    net, gross = (delay_cost(now, MANCHESTER, draws=320, gross=of) for of in (False, True))
    later = now.edit({"setting.lever_delay_years": 1.0})
    lost = [
        row(appraise(gainsmodel.run_paired(plan, draws=320), gross=True)) for plan in (now, later)
    ]
    name = "net_present_value_gbp_m_mean"
    assert gross[f"lost_{name}"][0] == pytest.approx(lost[0][name] - lost[1][name])
    assert gross[f"lost_{name}"][0] != net[f"lost_{name}"][0]
