"""Two scenarios on the same futures: differences, their errors, and how they split."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel import (
    Comparison,
    Dataset,
    Result,
    ResultError,
    Scenario,
    ScenarioError,
    UnknownNameError,
    compare,
    lever_contributions,
    load_dataset,
    load_scenario,
)
from gainsmodel.analysis.appraisal import delay_cost
from gainsmodel.data import OWN_GVA
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.tables import DETAIL_METRICS
from plain import plain

METRIC = "gain_final_year_gbp_m"
SKILLS, ALL, REFERENCE = (
    plain(name) for name in ("skills_first", "greater_manchester_all_levers", "reference")
)
CHANCES = ["p_first_higher", "p_first_higher_mcse", "p_second_higher", "p_second_higher_mcse"]
ADJUSTED = {
    "parameters.displacement.enabled": True,
    "parameters.displacement.value": 0.25,
    "parameters.multiplier.enabled": True,
}
NO_CAP = {"parameters.uplift_cap.value": 1.0}


@cache
def compared(first: str, second: str, **options: Any) -> Comparison:
    given = {"draws": 320, "area": "Greater Manchester"} | options
    return compare(plain(first), plain(second), **given)


def draws(result: Result, metric: str, column: str) -> np.ndarray:
    return result.draws(metric)[column].to_numpy().astype(float)


def row(frame: pl.DataFrame, **where: Any) -> dict[str, Any]:
    return frame.row(
        by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in where.items()), named=True
    )


# ---------------------------------------------------------------- differences


@pytest.mark.parametrize("metric", [METRIC, "share", "lever_cost_per_year_gbp_m"])
def test_areas_are_what_the_draws_say(metric: str) -> None:
    found = compared("greater_manchester_all_levers", "skills_first", metric=metric)
    areas = found.areas()
    assert areas["area_code"].to_list() == [
        *found.first.areas()["area_code"],
        *found.first.groups()["area_code"],
    ]
    for code in ("E47000001", "TLL", "uk"):
        first, second = (draws(r, metric, code) for r in (found.first, found.second))
        gap, stated = first - second, row(areas, area_code=code)
        assert stated[f"{metric}_mean"] == pytest.approx(gap.mean(), rel=1e-9, abs=1e-12)
        assert stated[f"{metric}_sd"] == pytest.approx(gap.std(ddof=1), rel=1e-9, abs=1e-12)
        for q in (5, 50, 95):
            quantile = np.quantile(gap, q / 100)
            assert stated[f"{metric}_p{q:02}"] == pytest.approx(quantile, rel=1e-9, abs=1e-12)
        assert stated["p_first_higher"] == (gap > 0).mean()
        assert stated["p_second_higher"] == (gap < 0).mean()
        assert stated["first_mean"] == pytest.approx(first.mean(), rel=1e-6)
        assert stated["second_mean"] == pytest.approx(second.mean(), rel=1e-6)
        assert stated["first_p50"] == pytest.approx(np.median(first), rel=1e-6)
        assert stated["second_p50"] == pytest.approx(np.median(second), rel=1e-6)


def test_a_plan_beside_its_reference_is_what_the_plan_adds() -> None:
    found = compared("skills_first", "reference")
    added = PairedResult(found.first, found.second).added(gross=True)
    same = added.select(pl.exclude("^p_higher.*$", "^.*_p_below_1.*$"))
    assert found.areas().select(same.columns).equals(same)
    for mine, theirs in (("p_first_higher", "p_higher"), ("p_first_higher_mcse", "p_higher_mcse")):
        assert found.areas()[mine].to_list() == added[theirs].to_list()


def test_the_error_of_a_chance_is_that_of_sixteen_scramblings() -> None:
    found = compared("late_start", "skills_first", draws=640)
    hits = draws(found.first, METRIC, "uk") > draws(found.second, METRIC, "uk")
    lanes = hits.reshape(-1, 16).mean(axis=0)
    stated = row(found.areas(), area_code="uk")
    assert 0.5 < stated["p_first_higher"] < 0.99
    assert stated["p_first_higher_mcse"] == pytest.approx(lanes.std(ddof=1) / 4, rel=1e-9)


def test_turned_round_every_difference_changes_its_sign() -> None:
    one, other = compared("skills_first", "late_start"), compared("late_start", "skills_first")
    for ours, theirs in (
        (one.areas(), other.areas()),
        (one.years(), other.years()),
        (one.sectors(), other.sectors()),
        (one.technologies(), other.technologies()),
    ):
        name = "gain_gbp_m" if "year" in ours.columns else METRIC
        for a, b in (("mean", "mean"), ("p05", "p95"), ("p50", "p50")):
            np.testing.assert_allclose(
                ours[f"{name}_{a}"], -theirs[f"{name}_{b}"].to_numpy(), rtol=1e-9, atol=1e-9
            )
        assert ours["p_first_higher"].equals(theirs["p_second_higher"], check_names=False)


def test_a_scenario_beside_itself_is_identical_and_differs_nowhere() -> None:
    same = compare(SKILLS, SKILLS.edit({"title": "Another name"}), draws=64)
    assert same.identical
    assert same.only_plans_differ
    for table in (same.areas(), same.years(), same.sectors(), same.technologies()):
        name = "gain_gbp_m" if "year" in table.columns else METRIC
        for statistic in ("mean", "sd", "p05", "p95", "mcse_mean"):
            assert set(table[f"{name}_{statistic}"]) == {0.0}
        assert set(table["p_first_higher"]) == {0.0}
    assert not compared("skills_first", "reference").identical
    # A plan with every lever at zero is the reference.
    idle = REFERENCE.edit({"plan.Wales.skills": 0.0})
    assert compare(idle, REFERENCE, draws=64).identical


def test_years_end_with_the_final_year_and_hold_all_years_in_common() -> None:
    found = compared("greater_manchester_all_levers", "skills_first")
    years = found.years()
    assert years["year"].to_list() == list(range(2027, 2037))
    assert set(years["area_code"]) == {"E47000001"}
    final, of_area = years.row(-1, named=True), row(found.areas(), area_code="E47000001")
    for name in ("mean", "sd", "p05", "p50", "p95", "mcse_mean"):
        assert final[f"gain_gbp_m_{name}"] == of_area[f"{METRIC}_{name}"]
    longer = compare(SKILLS.edit({"setting.horizon_years": 12}), REFERENCE, draws=32,
                     metric="gain_gbp_m_2031")  # fmt: skip
    assert longer.years()["year"].to_list() == list(range(2027, 2037))


def test_sectors_add_up_to_the_area() -> None:
    found = compared("greater_manchester_all_levers", "skills_first")
    sectors = found.sectors()
    assert sectors.height == 18
    whole = row(found.areas(), area_code="E47000001")[f"{METRIC}_mean"]
    assert sectors[f"{METRIC}_mean"].sum() == pytest.approx(whole, rel=1e-6)
    one = draws(found.first, DETAIL_METRICS[0], "J") - draws(found.second, DETAIL_METRICS[0], "J")
    stated = row(sectors, sector="J")
    assert stated[f"{METRIC}_mean"] == pytest.approx(one.mean(), rel=1e-9)
    assert stated[f"{METRIC}_p95"] == pytest.approx(np.quantile(one, 0.95), rel=1e-9)


def test_the_area_left_out_is_the_uk() -> None:
    found = compare("skills_first", "reference", draws=64)
    assert found.unit.code == "uk"
    assert found.sectors()[f"{METRIC}_mean"].sum() == pytest.approx(
        row(found.areas(), area_code="uk")[f"{METRIC}_mean"], rel=1e-4
    )


# ---------------------------------------------------------------- technologies


def test_technologies_and_the_cap_add_up_to_the_whole() -> None:
    found = compared("greater_manchester_all_levers", "reference", draws=640)
    split = found.technologies()
    assert split["technology"].to_list() == [*REFERENCE.technologies, "remainder", "all"]
    means = split[f"{METRIC}_mean"].to_list()
    assert sum(means[:-1]) == pytest.approx(means[-1], rel=1e-5)
    assert means[-1] == row(found.areas(), area_code="E47000001")[f"{METRIC}_mean"]
    assert min(means[:4]) > 0
    # The cap takes from what four technologies would add to each other.
    assert means[4] < 0
    assert split[f"{METRIC}_p95"][4] <= 0


def test_without_a_cap_nothing_remains() -> None:
    found = compare(ALL.edit(NO_CAP), REFERENCE.edit(NO_CAP), area="Greater Manchester", draws=64)
    remainder = row(found.technologies(), technology="remainder")
    for name in ("mean", "sd", "p05", "p95"):
        assert remainder[f"{METRIC}_{name}"] == 0
    assert remainder["p_first_higher"] == remainder["p_second_higher"] == 0


def test_a_difference_in_one_technology_is_all_in_its_row() -> None:
    """Without a cap, what differs in the effect of AI alone is a difference of AI alone."""
    more = REFERENCE.edit(NO_CAP | {"parameters.productivity_effect.by_technology.ai.value": 0.05})
    less = REFERENCE.edit(NO_CAP | {"parameters.productivity_effect.by_technology.ai.value": 0.01})
    split = compare(more, less, draws=64).technologies()
    for technology in ("ecommerce", "cloud", "systems", "remainder"):
        assert row(split, technology=technology)[f"{METRIC}_mean"] == 0
    ai, whole = row(split, technology="ai"), row(split, technology="all")
    assert ai[f"{METRIC}_mean"] == pytest.approx(whole[f"{METRIC}_mean"], rel=1e-5)
    # A fivefold effect is a gain five times as large.
    one = compare(less, less.edit({"parameters.productivity_effect.by_technology.ai.value": 0.0}),
                  draws=64).technologies()  # fmt: skip
    assert whole[f"{METRIC}_mean"] == pytest.approx(
        4 * row(one, technology="ai")[f"{METRIC}_mean"], rel=1e-4
    )


def test_a_technology_that_only_one_of_the_two_has() -> None:
    plain = REFERENCE.to_dict()
    del plain["technologies"]["ai"]
    for entries in plain["parameters"].values():
        entries.get("by_technology", {}).pop("ai", None)
    fewer = Scenario.from_dict(plain)
    sides = REFERENCE.edit(NO_CAP), fewer.edit(NO_CAP)
    split = compare(*sides, draws=64, sampler="random").technologies()
    assert row(split, technology="ai")[f"{METRIC}_mean"] == pytest.approx(
        row(split, technology="all")[f"{METRIC}_mean"], rel=1e-5
    )
    for technology in ("ecommerce", "cloud", "systems", "remainder"):
        assert row(split, technology=technology)[f"{METRIC}_mean"] == 0
    # Sobol points are dealt out in order: without AI every later factor has another dimension.
    with pytest.raises(ResultError, match=r"technologies.*sampler.*random"):
        compare(*sides, draws=64)
    assert not compare(*sides, draws=64, unpaired=True).paired


def test_levers_may_be_appended_but_not_put_before_others() -> None:
    data = SKILLS.to_dict()
    more = {"training": data["levers"]["skills"]}
    after = Scenario.from_dict(data | {"levers": data["levers"] | more})
    before = Scenario.from_dict(data | {"levers": more | data["levers"]})
    assert compare(after, SKILLS, draws=64).identical
    with pytest.raises(ResultError, match=r"levers.*sampler.*random"):
        compare(before, SKILLS, draws=64)
    assert compare(before, SKILLS, draws=64, sampler="random").identical


@pytest.mark.parametrize("metric", ["share", "cost_cumulative_gbp_m"])
def test_what_is_no_gain_is_not_split_by_technology(metric: str) -> None:
    with pytest.raises(ResultError, match="no gain"):
        compare("skills_first", "reference", draws=32, metric=metric).technologies()


# ---------------------------------------------------------------- net of what is switched on


def test_gains_are_net_where_only_the_plans_differ() -> None:
    first, second = SKILLS.edit(ADJUSTED), REFERENCE.edit(ADJUSTED)
    found = compare(first, second, area="Greater Manchester", draws=320)
    assert found.net_of == ("displacement", "multiplier")
    net = PairedResult(found.first, found.second).added()
    assert found.areas()[f"{METRIC}_mean"].equals(net[f"{METRIC}_mean"])
    kept = {name: draws(found.first, name, name) for name in ("displacement", "multiplier")}
    worth = (1 - kept["displacement"]) * kept["multiplier"]
    gap = draws(found.first, DETAIL_METRICS[0], "J") - draws(found.second, DETAIL_METRICS[0], "J")
    assert worth.std() > 0
    assert row(found.sectors(), sector="J")[f"{METRIC}_mean"] == pytest.approx(
        (gap * worth).mean(), rel=1e-9
    )
    years = found.years().row(-1, named=True)
    whole = row(found.areas(), area_code="E47000001")
    assert years["gain_gbp_m_p95"] == whole[f"{METRIC}_p95"]
    assert row(found.technologies(), technology="all")[f"{METRIC}_mean"] == whole[f"{METRIC}_mean"]
    # Costs are what they are.
    cost = compare(first, second, draws=320, metric="lever_cost_per_year_gbp_m")
    gross = PairedResult(cost.first, cost.second).added("lever_cost_per_year_gbp_m", gross=True)
    assert cost.areas()["lever_cost_per_year_gbp_m_mean"].equals(
        gross["lever_cost_per_year_gbp_m_mean"]
    )


def test_differences_of_assumptions_are_gross() -> None:
    first = SKILLS.edit(ADJUSTED)
    second = first.edit({"parameters.imitation.value": 0.3})
    found = compare(first, second, draws=64)
    assert not found.only_plans_differ
    assert found.net_of == ()
    assert found.areas()[f"{METRIC}_mean"].equals(
        PairedResult(found.first, found.second).added(gross=True)[f"{METRIC}_mean"]
    )
    assert compared("late_start", "greater_manchester_all_levers").only_plans_differ


# ---------------------------------------------------------------- paired or not


def test_a_scenario_beside_a_result_meets_the_same_futures() -> None:
    settings = {"draws": 77, "seed": 9, "sampler": "random", "precision": "float64"}
    result = gainsmodel.run("high_spillover", **settings, geography="itl1")
    for found in (
        compare(result, REFERENCE.edit({"setting.geography": "itl1"}), area="Wales"),
        compare("reference", result, area="Wales", geography="itl1"),
    ):
        assert found.paired
        for side in (found.first, found.second):
            assert side.manifest["draws"] == 77
            assert side.manifest["precision"] == "float64"
    with pytest.raises(ResultError, match="detail='Wales'"):
        compare(result, "reference", geography="itl1", area="Wales").sectors()


def test_a_certain_scenario_beside_an_uncertain_one_is_paired() -> None:
    certain = load_scenario("delivered_in_full")
    for pair in ((certain, REFERENCE), (REFERENCE, certain)):
        assert compare(*pair, draws=32).paired


@pytest.mark.parametrize(("key", "value"), [("seed", 2), ("draws", 64), ("sampler", "random")])
def test_other_futures_are_compared_only_when_asked_for(key: str, value: Any) -> None:
    settings = {"draws": 640, "seed": 1, "sampler": "sobol"}
    one = gainsmodel.run("skills_first", **settings, detail="uk")
    other = gainsmodel.run("reference", **settings | {key: value}, detail="uk")
    with pytest.raises(ResultError, match=f"not paired: {key}.*unpaired"):
        compare(one, other)
    found = compare(one, other, unpaired=True)
    assert not found.paired
    assert not found.identical
    areas = found.areas()
    a, b = (r.groups().row(0, named=True) for r in (one, other))
    uk = row(areas, area_code="uk")
    assert uk[f"{METRIC}_mean"] == a[f"{METRIC}_mean"] - b[f"{METRIC}_mean"]
    error = np.hypot(a[f"{METRIC}_mcse_mean"], b[f"{METRIC}_mcse_mean"])
    assert uk[f"{METRIC}_mcse_mean"] == pytest.approx(error, rel=1e-12)
    for name in ("mean", "mcse_mean", "p50"):
        assert uk[f"first_{name}"] == a[f"{METRIC}_{name}"]
    for table, name in ((areas, METRIC), (found.years(), "gain_gbp_m"), (found.sectors(), METRIC)):
        unknown = [f"{name}_{q}" for q in ("sd", "p05", "p50", "p95")] + CHANCES
        assert all(table[column].null_count() == table.height for column in unknown)
        assert table[f"{name}_mean"].null_count() == 0
        assert table[f"{name}_mcse_mean"].null_count() == 0
    with pytest.raises(ResultError, match="paired"):
        found.technologies()
    # What can be paired is.
    assert compare(one, gainsmodel.run("reference", **settings), unpaired=True).paired


def test_other_places_are_never_compared() -> None:
    one = gainsmodel.run("reference", draws=32)
    other = gainsmodel.run("reference", draws=32, geography="itl1")
    for unpaired in (False, True):
        with pytest.raises(ResultError, match="geography"):
            compare(one, other, unpaired=unpaired)


def test_unpaired_bad_names_have_answers() -> None:
    one, other = (gainsmodel.run("reference", draws=32, seed=seed) for seed in (1, 2))
    with pytest.raises(UnknownNameError, match="share"):
        compare(one, other, metric="happiness", unpaired=True).areas()


# ---------------------------------------------------------------- what means something else


def test_figures_of_other_years_are_not_compared() -> None:
    longer = SKILLS.edit({"setting.horizon_years": 12})
    with pytest.raises(ResultError, match=r"different years.*2026 to 2038.*2026 to 2036"):
        compare(longer, "reference", draws=32)


def test_shares_of_other_readings_of_the_prize_are_not_compared() -> None:
    for metric in ("share", "prize_gbp_bn"):
        with pytest.raises(ResultError, match=r"prize.basis"):
            compare("cumulative_prize", "reference", draws=32, metric=metric)
    other = REFERENCE.edit({"setting.price_year": 2023})
    with pytest.raises(ResultError, match=r"setting.price_year"):
        compare(other, "reference", draws=32)
    compare(other, "reference", draws=32, metric="share").areas()


def test_unknown_names_are_said() -> None:
    with pytest.raises(UnknownNameError, match="Greater Manchester"):
        compare("skills_first", "reference", draws=32, area="Manchester")
    with pytest.raises(UnknownNameError, match="gain_cumulative"):
        compare("skills_first", "reference", draws=32, metric="gains").areas()


def test_a_wider_area_is_the_sum_of_its_areas() -> None:
    found = compare("skills_first", "reference", area="Greater Manchester", draws=64,
                    geography="local_authority")  # fmt: skip
    assert len(found.unit.members) == 10
    areas = found.areas()
    last = areas.row(-1, named=True)
    assert last["area_code"] == found.unit.code == "E47000001"
    members = areas.filter(pl.col("area_code").is_in(found.unit.members))
    assert last[f"{METRIC}_mean"] == pytest.approx(members[f"{METRIC}_mean"].sum(), rel=1e-9)
    assert found.years().row(-1, named=True)["gain_gbp_m_p95"] == last[f"{METRIC}_p95"]
    in_sectors = found.sectors()[f"{METRIC}_mean"].sum()
    assert in_sectors == pytest.approx(last[f"{METRIC}_mean"], rel=1e-4)


# ---------------------------------------------------------------- levers


def part(frame: pl.DataFrame, name: str, lever: str | None = None) -> dict[str, Any]:
    levers = pl.col("lever").is_null() if lever is None else pl.col("lever") == lever
    return frame.row(by_predicate=(pl.col("part") == name) & levers, named=True)


def test_levers_alone_and_together_make_the_bundle() -> None:
    parts = lever_contributions(ALL, "Greater Manchester", draws=320)
    moved = list(ALL.levers)
    assert parts["lever"].to_list() == [x for name in moved for x in (name, name)] + [None, None]
    alone = parts.filter(pl.col("part") == "alone")[f"{METRIC}_mean"].sum()
    bundle, together = part(parts, "bundle"), part(parts, "together")
    assert alone + together[f"{METRIC}_mean"] == pytest.approx(bundle[f"{METRIC}_mean"], rel=1e-9)
    added = compare(ALL, REFERENCE, area="Greater Manchester", draws=320).areas()
    for name in ("mean", "p05", "p50", "p95", "mcse_mean"):
        stated = row(added, area_code="E47000001")[f"{METRIC}_{name}"]
        assert bundle[f"{METRIC}_{name}"] == pytest.approx(stated, rel=1e-12)
    only_skills = ALL.model_copy(
        update={"plan": {a: {"skills": p["skills"]} for a, p in ALL.plan.items()}}
    )
    by_hand = compare(only_skills, REFERENCE, draws=320).areas()
    assert part(parts, "alone", "skills")[f"{METRIC}_p95"] == pytest.approx(
        row(by_hand, area_code="E47000001")[f"{METRIC}_p95"], rel=1e-12
    )


def test_of_two_levers_one_left_out_is_the_bundle_less_the_other_alone() -> None:
    two = REFERENCE.edit({"plan.Wales.skills": 1.0, "plan.Scotland.leadership": 0.5})
    parts = lever_contributions(two, "uk", draws=64, metric="gain_cumulative_gbp_m")
    mean = "gain_cumulative_gbp_m_mean"
    bundle = part(parts, "bundle")[mean]
    assert part(parts, "left_out", "skills")[mean] == pytest.approx(
        bundle - part(parts, "alone", "leadership")[mean], rel=1e-9
    )


def test_one_lever_is_its_own_bundle() -> None:
    one = REFERENCE.edit({"plan.Wales.skills": 1.0, "plan.Wales.leadership": 0.0})
    parts = lever_contributions(one, "Wales", draws=64)
    assert parts["part"].to_list() == ["alone", "left_out", "together", "bundle"]
    numbers = parts.drop("lever", "label", "part").rows()
    assert numbers[0] == numbers[1] == numbers[3]
    assert set(numbers[2][:-2]) == {0.0}


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_a_pair_that_was_run_before_saves_runs_and_changes_nothing(sampler: Any) -> None:
    done: list[int] = []
    pair = gainsmodel.run_paired(SKILLS, draws=640, seed=3, sampler=sampler)
    asked: Any = {"draws": 640, "seed": 3, "sampler": sampler}
    whole = lever_contributions(SKILLS, "Wales", **asked)
    assert lever_contributions(SKILLS, "Wales", pair=pair).equals(whole)
    alone = lever_contributions(
        SKILLS, "Wales", pair=pair, left_out=False, on_progress=lambda _, total: done.append(total)
    )
    assert alone.equals(whole.filter(pl.col("part") != "left_out"))
    assert {*done} <= {3 * 640}
    later = delay_cost(SKILLS, "Wales", **asked)
    assert delay_cost(SKILLS, "Wales", pair=pair).equals(later)
    for question in (lever_contributions, delay_cost):
        with pytest.raises(ResultError, match=r"pair: is of 'Skills first.*another scenario"):
            question(ALL, "Wales", pair=pair)


def test_levers_are_net_of_what_is_switched_on() -> None:
    plan = SKILLS.edit(ADJUSTED)
    with_plan, without = gainsmodel.run_paired(plan, draws=64)
    net = row(PairedResult(with_plan, without).added(), area_code="E47000001")
    bundle = part(lever_contributions(plan, "Greater Manchester", draws=64), "bundle")
    assert bundle[f"{METRIC}_mean"] == pytest.approx(net[f"{METRIC}_mean"], rel=1e-12)
    cost = lever_contributions(plan, "E47000001", draws=64, metric="lever_cost_per_year_gbp_m")
    per_year = row(with_plan.areas(), area_code="E47000001")["lever_cost_per_year_gbp_m_mean"]
    assert part(cost, "bundle")["lever_cost_per_year_gbp_m_mean"] == pytest.approx(per_year)
    assert part(cost, "together")["lever_cost_per_year_gbp_m_mean"] == pytest.approx(0, abs=1e-5)


def test_a_plan_that_moves_no_lever_gets_an_answer_in_words() -> None:
    for idle in (REFERENCE, REFERENCE.edit({"plan.Wales.skills": 0.0})):
        with pytest.raises(ScenarioError, match="no lever is moved"):
            lever_contributions(idle, "Wales", draws=32)


# ---------------------------------------------------------------- how it is run


def test_threads_change_nothing() -> None:
    tables = []
    for threads in (1, 2, 5):
        found = compare(SKILLS, REFERENCE, area="Wales", draws=300, threads=threads)
        tables.append([found.areas(), found.sectors(), found.technologies()])
        tables[-1].append(lever_contributions(SKILLS, "Wales", draws=300, threads=threads))
    for other in tables[1:]:
        for ours, theirs in zip(other, tables[0], strict=True):
            assert ours.equals(theirs)


def test_progress_of_several_runs_is_one_that_ends_at_its_total() -> None:
    for work, runs in (
        (lambda report: compare(SKILLS, REFERENCE, draws=20_000, on_progress=report), 2),
        (lambda report: lever_contributions(SKILLS, "Wales", draws=4_000, on_progress=report), 8),
    ):
        seen: list[tuple[int, int]] = []
        work(lambda done, total, seen=seen: seen.append((done, total)))
        assert {total for _, total in seen} == {runs * (20_000 if runs == 2 else 4_000)}
        done = [d for d, _ in seen]
        assert done == sorted(done)
        assert max(done) <= seen[0][1]


def test_results_read_back_from_disk_are_compared(tmp_path: Path) -> None:
    sides = []
    for scenario in (SKILLS, REFERENCE):
        result = gainsmodel.run(scenario, draws=64, detail="Wales")
        folder = result.save(tmp_path / str(len(sides)), draws=True)
        sides.append(Result.load(folder))
    found = compare(*sides, area="Wales")
    again = compare(SKILLS, REFERENCE, area="Wales", draws=64)
    for ours, theirs in (
        (found.areas(), again.areas()),
        (found.sectors(), again.sectors()),
        (found.technologies(), again.technologies()),
    ):
        assert ours.equals(theirs)


# ---------------------------------------------------------------- own figures


def own_figures() -> Dataset:
    """The built-in regions with Wales ten times as large."""
    built_in = load_dataset("itl1")
    gva = built_in.gva_gbp_m.copy()
    gva[built_in.areas["area_code"].to_list().index("TLL")] *= 10
    hashes = {k: v for k, v in built_in.hashes.items() if k != "gva.csv"} | {OWN_GVA: "0" * 64}
    return replace(built_in, gva_gbp_m=gva, hashes=hashes, own_name="own.csv")


def test_scenarios_are_compared_on_the_figures_given() -> None:
    few: dict[str, Any] = {"geography": "itl1", "draws": 64, "area": "Wales"}
    plan = REFERENCE.edit({"plan.Wales.skills": 1.0})
    found, built_in = (
        compare(plan, REFERENCE, dataset=figures, **few) for figures in (own_figures(), None)
    )
    ours, theirs = (float(c.draws().mean()) for c in (found, built_in))
    assert 5 * theirs < ours < 15 * theirs
    parts = {r["technology"]: r[f"{METRIC}_mean"] for r in found.technologies().to_dicts()}
    assert parts.pop("all") == pytest.approx(ours, rel=1e-9)
    # A remainder within rounding of the gains counts as none.
    assert sum(parts.values()) == pytest.approx(ours, rel=1e-6)
    assert abs(parts["remainder"]) < 0.5 * ours


def test_results_of_other_figures_than_at_hand_are_not_run_again() -> None:
    few: dict[str, Any] = {"geography": "itl1", "draws": 32}
    plans = REFERENCE.edit({"plan.Wales.skills": 1.0}), REFERENCE
    sides = [gainsmodel.run(plan, dataset=own_figures(), **few) for plan in plans]
    # Results know the figures they ran on.
    assert compare(*sides, area="Wales").technologies().height == 6
    theirs = load_dataset("itl1")
    with pytest.raises(ResultError, match=r"other figures, own\.csv, than the built-in"):
        compare(*sides, area="Wales", dataset=theirs)
    built_in = [gainsmodel.run(plan, **few) for plan in plans]
    with pytest.raises(ResultError, match=r"other figures, the built-in ones, than own\.csv"):
        compare(*built_in, area="Wales", dataset=own_figures())
    with pytest.raises(ResultError, match="mayoral geography"):
        compare(*built_in, dataset=load_dataset("mayoral"))
