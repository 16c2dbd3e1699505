"""Conditioning, end to end: closed form, held-out figures, refusals, and every question after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel.data.units import unit_of
from gainsmodel.errors import (
    EvidenceError,
    ResultError,
    ScenarioError,
    SettingError,
    UnknownNameError,
)
from gainsmodel.evidence.condition import Conditioning, condition
from gainsmodel.evidence.observation import logit
from gainsmodel.scenario import Scenario, load_scenario, parse_scenario, to_toml
from tests.evidence.conjugate import adoption, effect, every_area_and_technology, national, of_rows

GM = "Greater Manchester"


@pytest.fixture(scope="module")
def learned() -> Conditioning:
    return condition("skills_first", "bics_ai", draws=4_000)


def uk(result: gainsmodel.Result, column: str) -> float:
    return float(result.groups().filter(pl.col("area_code") == "uk")[column][0])


@pytest.mark.parametrize(
    ("share", "error", "engine"),
    [
        (0.33, 0.02, "importance sampling"),
        (0.26, 0.03, "importance sampling"),
        # Three standard deviations of the prior away, and sharp: few futures meet it.
        (0.46, 0.004, "ensemble smoother"),
    ],
)
def test_a_normal_prior_and_a_normal_error_give_the_closed_form(
    share: float, error: float, engine: str
) -> None:
    made = condition(national(), of_rows(adoption(share=share, error=error)), draws=8_000)
    assert made.engine == engine
    prior, own = 0.25**2, (error / (share * (1 - share))) ** 2
    variance = 1 / (1 / prior + 1 / own)
    mean = variance * (logit(0.29) / prior + logit(share) / own)
    drawn = logit(
        made.after.inputs(names=["initial_adoption.ai"])["initial_adoption.ai"].to_numpy()
    )
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(variance / made.effective)
    assert abs(drawn.var() / variance - 1) < 4 * np.sqrt(2 / made.effective) + 0.01
    # What evidence says nothing of stays as it was.
    names = ["growth_nation", "productivity_effect.cloud"]
    before, after = (of.inputs(names=names) for of in (made.before, made.after))
    for name in names:
        error_of_mean = before[name].std() / np.sqrt(made.effective)
        assert abs(after[name].mean() - before[name].mean()) < 4 * error_of_mean


def test_held_out_figures_lie_in_their_ranges(learned: Conditioning) -> None:
    held = learned.rows.filter("held_out")
    assert held["name"].to_list() == ["September 2025", "December 2025", "June 2026"]
    assert held["inside"].all()
    narrower = pl.col("after_p95") - pl.col("after_p05") < pl.col("before_p95") - pl.col(
        "before_p05"
    )
    assert held.select(narrower.all()).item()


def test_standard_errors_count_what_weighting_costs(learned: Conditioning) -> None:
    """About √(1 / effective draws) of the standard deviation, not √(1 / draws)."""
    sd, error = (uk(learned.after, f"gain_final_year_gbp_m_{name}") for name in ("sd", "mcse_mean"))
    assert 0.4 < error / (sd / np.sqrt(learned.effective)) < 2.0
    assert learned.effective < 2_000


def test_same_seed_same_answer_for_any_number_of_threads(learned: Conditioning) -> None:
    again = condition("skills_first", "bics_ai", draws=4_000, threads=1)
    assert again.scenario == learned.scenario
    assert again.rows.equals(learned.rows)
    assert again.after.groups().equals(learned.after.groups())
    other = condition("skills_first", "bics_ai", draws=4_000, seed=2)
    assert other.scenario.conditioned.chosen != learned.scenario.conditioned.chosen
    error = np.hypot(*(uk(of.after, "gain_final_year_gbp_m_mcse_mean") for of in (again, other)))
    means = [uk(of.after, "gain_final_year_gbp_m_mean") for of in (again, other)]
    assert abs(means[0] - means[1]) < 4 * error


def test_a_conditioned_run_is_replayed_and_travels_as_a_file(
    learned: Conditioning, tmp_path: Path
) -> None:
    written = to_toml(learned.scenario)
    assert parse_scenario(written) == learned.scenario
    result = gainsmodel.run(learned.scenario, draws=4_000)
    assert result.groups().equals(learned.after.groups())
    result.save(tmp_path / "saved")
    assert gainsmodel.replay(tmp_path / "saved").groups().equals(result.groups())
    assert gainsmodel.verify(tmp_path / "saved").mismatches == ()
    # A shorter run has the first draws of a longer one.
    few, many = (gainsmodel.run(learned.scenario, draws=n).draws() for n in (160, 320))
    assert few.equals(many.head(160))


def test_a_file_whose_assumptions_were_changed_since_is_refused(learned: Conditioning) -> None:
    written = to_toml(learned.scenario)
    other = written.replace("median = 0.29", "median = 0.3", 1)
    assert other != written
    with pytest.raises(ScenarioError, match="chosen under other assumptions"):
        parse_scenario(other)
    with pytest.raises(ScenarioError, match="must be a multiple of 16 futures"):
        parse_scenario(written.replace("chosen = [", "chosen = [1, ", 1))
    moved = ", ".join(["1"] * 16)
    with pytest.raises(ScenarioError, match="leaves 0 when divided by 16; found 1"):
        parse_scenario(written.replace("chosen = [", f"chosen = [{moved}, ", 1))


def test_plans_targets_and_the_value_of_information_stand_on_chosen_futures(
    learned: Conditioning,
) -> None:
    few = {"draws": 1_600}
    pair = gainsmodel.run_paired(learned.scenario, **few)
    assert pair.with_plan.scenario.conditioned == learned.scenario.conditioned
    assert (pair.added_draws(unit=unit_of(pair.dataset, GM)) >= -1e-6).mean() > 0.9
    appraisal = gainsmodel.appraise(pair, target_gbp_m=50)
    assert appraisal.height
    target = gainsmodel.target(learned.scenario, GM, gain_gbp_m=50, **few)
    assert 0 < target.p < 1
    value = gainsmodel.voi(learned.scenario, GM, study_draws=4_000, **few)
    assert value.options.height == 2
    found = gainsmodel.discover(learned.scenario, GM, 50, search_draws=2_000, **few)
    assert 0 < found.p_misses < 1
    switching = gainsmodel.switching_values(
        learned.scenario, GM, parameters=["parameters.ceiling"], **few
    )
    assert switching.table.height >= 1
    with pytest.raises(SettingError, match="no shares of variance"):
        gainsmodel.sensitivity(learned.scenario, "plan_adds", area=GM, draws=320)


def test_plans_are_compared_on_the_same_evidence_alone(learned: Conditioning) -> None:
    with pytest.raises(ResultError, match="condition both scenarios on the same"):
        gainsmodel.compare(learned.scenario, "late_start", draws=160)
    other = condition("late_start", "bics_ai", draws=4_000)
    assert other.scenario.conditioned == learned.scenario.conditioned
    gainsmodel.compare(learned.scenario, other.scenario, draws=160)


def test_a_run_on_other_figures_is_refused(learned: Conditioning) -> None:
    plain = learned.scenario.without_plan()
    with pytest.raises(ScenarioError, match="chosen on other figures"):
        gainsmodel.run(plain, draws=160, geography="itl1")
    with pytest.raises(SettingError, match="at most 200,000"):
        gainsmodel.run(learned.scenario, draws=200_016)


def test_an_identity_changes_no_number() -> None:
    """Every future chosen once, in its place: the plain run, bit for bit."""
    data = load_scenario("skills_first")
    made = condition(data, of_rows(adoption(error=0.49)), draws=480)
    record = made.scenario.conditioned
    assert record is not None
    whole = record.model_copy(update={"chosen": tuple(range(480))})
    identity = data.model_copy(update={"conditioned": whole})
    one, two = (gainsmodel.run(of, draws=480) for of in (data, identity))
    for name in ("areas", "groups", "years", "sectors"):
        assert one.table(name).equals(two.table(name))


def test_evidence_on_an_effect_moves_it() -> None:
    made = condition("reference", of_rows(effect(effect=0.06, error=0.005)), draws=4_000)
    row = made.assumptions.row(0, named=True)
    assert row["name"] == "productivity_effect.ai"
    assert row["moved"] > 0.7
    assert row["narrowed"] < 0.9


def test_contradictory_rows_are_refused_and_named() -> None:
    rows = of_rows(
        adoption("low", share=0.1, error=0.004), adoption("high", share=0.5, error=0.004)
    )
    with pytest.raises(EvidenceError, match="contradict one another") as caught:
        condition("reference", rows, draws=4_000)
    assert "low" in str(caught.value)
    assert "high" in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        adoption("impossible", share=0.999, error=0.0001, year=2027.5),
        effect("impossible", effect=9.0, error=0.001, transfer=0.0),
        adoption("impossible", share=0.9, error=0.001, year=2000.0),
    ],
    ids=["share", "effect", "early"],
)
def test_impossible_rows_are_refused_in_words(row: dict[str, object]) -> None:
    with pytest.raises(EvidenceError) as caught:
        condition("reference", of_rows(row), draws=2_000)
    told = str(caught.value)
    assert "impossible" in told
    assert "of 2,000 futures" in told or "contradict" in told


def test_one_row_and_rows_held_out_by_name() -> None:
    made = condition(
        "reference",
        of_rows(adoption("one"), adoption("two", share=0.3)),
        held_out=["two"],
        draws=1_600,
    )
    assert made.rows["held_out"].to_list() == [False, True]
    with pytest.raises(UnknownNameError, match="no row is called 'tow'; did you mean 'two'"):
        condition("reference", of_rows(adoption("two")), held_out=["tow"])


def test_what_cannot_be_conditioned_says_so(learned: Conditioning) -> None:
    with pytest.raises(ScenarioError, match="conditioned already"):
        condition(learned.scenario, "bics_ai")
    with pytest.raises(ScenarioError, match="several structures"):
        condition("ensemble", "bics_ai")
    with pytest.raises(SettingError, match="from 400 to 100,000"):
        condition("reference", "bics_ai", draws=100_016)


@pytest.mark.slow
@pytest.mark.parametrize("counted", ["firms", "activity"])
@pytest.mark.parametrize("year", [2026.5, 2027.0])
def test_92_rows_leave_a_thousand_futures(counted: str, year: float) -> None:
    rows = every_area_and_technology(0.03, year, counted)
    made = condition("reference", of_rows(*rows))
    assert made.engine == "ensemble smoother"
    assert made.effective >= 1_000
    assert made.k_hat <= 0.7
    assert made.effective_before < 20
    # Four standard deviations of so many hits at 9 in 10.
    assert made.rows["inside"].mean() > 0.77


@pytest.mark.slow
def test_200_rows_are_taken() -> None:
    rows = [
        {**row, "name": f"{row['name']} {n}"}
        for n in range(3)
        for row in every_area_and_technology(0.06, 2026.5)
    ][:200]
    made = condition("reference", of_rows(*rows))
    assert made.rows.height == 200
    assert made.effective >= 400


def test_a_plain_scenario_says_nothing_of_conditioning() -> None:
    scenario = load_scenario("reference")
    assert "conditioned" not in scenario.to_dict()
    assert isinstance(scenario, Scenario)
