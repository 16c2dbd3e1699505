"""Sentences: words are chosen by rule from the numbers, and say no more than they do."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gainsmodel import (
    PairedResult,
    Result,
    UnknownNameError,
    appraise,
    compare,
    delay_cost,
    format,
    lever_costs,
    load_dataset,
    load_scenario,
    run,
    run_paired,
    take_up_cases,
)
from gainsmodel.analysis.appraisal import area_and_uk
from gainsmodel.data.units import unit_of
from gainsmodel.present import text
from gainsmodel.present.area_summary import Estimate
from gainsmodel.scenario.parameters import ADJUSTMENTS
from plain import plain

GM, UK = "E47000001", "uk"
ROOT = Path(__file__).parents[2]
BANNED = (
    *("will deliver", "unlocks", "proves", "forecast", "up to £"),
    *("percentile", "iteration", "posterior", "stochastic", "credible interval"),
)


@pytest.fixture(scope="module")
def pair() -> tuple[Result, Result]:
    with_plan, without = run_paired("skills_first", draws=2_000)
    return with_plan, without


@pytest.fixture(scope="module")
def cumulative() -> Result:
    return run("cumulative_prize", draws=2_000)


def everything(with_plan: Result, without: Result, unit: str) -> list[str]:
    a = text.about(with_plan, unit)
    added = a.added(without)
    scenario = load_scenario("skills_first")
    both = PairedResult(with_plan, without)
    worth, uk = area_and_uk(appraise(both, target_gbp_m=100), unit)
    cases = take_up_cases(both, unit)
    found = compare(with_plan, without, area=unit)
    return [
        *text.headline(a),
        *text.headline(a, added),
        text.ranges(a),
        text.ranges(a, added),
        text.causes(a),
        text.prices(a),
        text.against_gva(a),
        text.against_gva_hover(a),
        text.national(a),
        text.prize_note(scenario),
        text.plan_adds(a, added, 15.0),
        text.plan_adds(a, added, 5.1, 15.0, gross=True),
        *text.plan_in_short(both, worth, uk=uk, cases=cases),
        text.breaks_even_of(worth),
        text.reaches_target(worth["p_target"], 100.0, 2036, a.futures),
        *(text.lever_effects(scenario, lever) for lever in scenario.levers),
        *(text.lever_help(scenario, lever, 5.1, 15.0) for lever in scenario.levers),
        text.compared(found, "P", "Q"),
        text.verdict(found, "P", "Q"),
        text.compared_error(found, "P"),
    ]


def test_the_headline_is_the_numbers_in_words(pair: tuple[Result, Result]) -> None:
    with_plan, without = pair
    row = with_plan.areas().row(by_predicate=pl.col("area_code") == GM, named=True)
    bare = without.areas().row(by_predicate=pl.col("area_code") == GM, named=True)
    part = format.gbp(row["prize_gbp_bn_mean"] * 1e3, row["prize_gbp_bn_mcse_mean"] * 1e3)
    gain = "gain_final_year_gbp_m"
    anyway = format.gbp(bare[f"{gain}_mean"], bare[f"{gain}_mcse_mean"])
    added = (
        PairedResult(with_plan, without)
        .added()
        .row(by_predicate=pl.col("area_code") == GM, named=True)
    )
    more = format.gbp(added[f"{gain}_mean"], added[f"{gain}_mcse_mean"])
    a = text.about(with_plan, GM)
    assert text.headline(a, a.added(without)) == (
        f"Greater Manchester’s share of the £208bn would be about {part} a year by 2036.",
        f"The digital gain is plausibly {anyway} a year without the plan; "
        f"the plan adds about {more} net.",
    )
    draws = PairedResult(with_plan, without).added_draws(gain, unit_of(with_plan.dataset, GM))
    below = format.chance(float((draws < 1).mean()), draws.size)
    spread = format.gbp_range(*np.quantile(draws, [0.05, 0.95]))
    assert f" the plan adds {spread} (less than £1m {below})." in text.ranges(a, a.added(without))
    assert f"about {more} net a year by 2036 ({spread}; less than £1m {below}) and costs" in (
        text.plan_adds(a, a.added(without), 15.0)
    )


def test_without_a_plan_all_of_it_comes_anyway(pair: tuple[Result, Result]) -> None:
    assert text.headline(text.about(pair[1], GM))[1].endswith(" a year, all of it without a plan.")


@pytest.mark.parametrize("unit", [GM, "TLL", UK, "mayors_2017"])
def test_no_sentence_overclaims_or_speaks_jargon(pair: tuple[Result, Result], unit: str) -> None:
    for said in everything(*pair, unit):
        assert said.endswith((".", "…")), said
        assert not any(word in said.casefold() for word in BANNED), said
        assert not re.search(r"\bnan\b|None|inf\b|e[+-]\d\d|£-|\b0%|\b100%", said), said
        assert "  " not in said


def test_every_amount_says_when(pair: tuple[Result, Result]) -> None:
    a = text.about(pair[0], GM)
    for said in (text.headline(a)[0], text.national(a)):
        assert "a year by 2036" in said


def test_a_sum_over_years_is_never_called_a_year(cumulative: Result) -> None:
    a = text.about(cumulative, GM)
    first, second = text.headline(a)
    assert "over the ten years to 2036" in first
    assert "over the same years" in second
    assert "a year by" not in first + second + text.national(a)
    assert "sum over its own ten years" in text.prize_note(load_scenario("cumulative_prize"))


def test_no_share_of_the_reference_is_separated_from_its_economy() -> None:
    result = run("reference", draws=2_000)
    for code in result.areas()["area_code"]:
        a = text.about(result, code)
        row = result.areas().row(by_predicate=pl.col("area_code") == code, named=True)
        ratio = f"{row['share_mean'] / row['gva_share']:.2f} times its share of the economy"
        assert f"share of the gain is {ratio}" in text.against_gva(a)
        assert "These assumptions do not separate the two; they would from" in text.against_gva(a)
    assert text.separated(result).endswith(" in none of the 23 areas.")


def test_the_ratio_that_would_separate_follows_from_the_spread_of_the_run() -> None:
    """Scaled to it, nine in ten of the futures of the same relative spread lie on one side of 1."""
    result = run("reference", draws=2_000)
    a = text.about(result, GM)
    shares = result.draws("share")[GM].to_numpy()
    down, up = a.separating_ratios
    assert (up * shares / shares.mean() > 1).mean() == pytest.approx(0.9, abs=0.001)
    assert (down * shares / shares.mean() < 1).mean() == pytest.approx(0.9, abs=0.001)
    assert f"from a ratio of about {up:.1f} up or {down:.1f} down." in text.against_gva(a)


@pytest.mark.parametrize(
    ("p_above", "verdict"),
    [(0.95, "probably larger"), (0.99, "larger"), (0.01, "smaller")],
)
def test_a_share_is_separated_as_the_rules_say(
    pair: tuple[Result, Result], p_above: float, verdict: str
) -> None:
    a = text.about(pair[0], GM)
    a.row["p_share_above_gva"] = p_above
    assert f"With these assumptions the share of the gain is {verdict}: " in text.against_gva(a)


def test_the_uk_is_not_set_beside_itself(pair: tuple[Result, Result]) -> None:
    assert text.against_gva(text.about(pair[0], UK)) == "The UK’s share is the whole."


def test_the_uk_has_the_whole_prize_and_no_range_of_it(pair: tuple[Result, Result]) -> None:
    a = text.about(pair[0], UK)
    whole = "The UK as a whole would have all of the £208bn a year by 2036."
    assert text.headline(a)[0] == whole
    assert "share" not in text.ranges(a)


def test_a_prize_in_other_prices_says_so_beside_every_amount() -> None:
    result = run(load_scenario("reference").edit({"setting.price_year": 2023}), draws=500)
    a, uk = text.about(result, GM), text.about(result, UK)
    assert uk.part.mean < 208_000
    assert text.headline(uk)[0].endswith("a year by 2036, about £200bn.")
    assert text.prices(a) == ("All money is in 2023 prices; the £208bn of 2024 is £200bn in them.")


def test_a_prize_of_ones_own_is_not_the_cbis() -> None:
    own = {"prize.value": 100.0, "prize.source": "The council’s own estimate"}
    scenario = load_scenario("reference").edit(own)
    a = text.about(run(scenario, draws=500), GM)
    assert text.causes(a) == "The £100bn is this scenario’s own figure, not the CBI’s £208bn."
    for said in (*text.headline(a), text.national(a), text.prices(a)):
        assert "208" not in said
        assert "2016" not in said
        assert "comes closer" not in said
    assert text.of_the_prize("Reading of the £208bn", scenario) == "Reading of the £100bn"
    assert text.prize_read(scenario, "cumulative") == "£100bn over ten years"


def test_two_kinds_of_money_are_not_compared_in_silence(
    pair: tuple[Result, Result], cumulative: Result
) -> None:
    for result in (pair[0], cumulative):
        a = text.about(result, GM)
        assert text.national(a).endswith("; both are in 2024 prices.")
        assert text.prices(a) == "All money is in 2024 prices, those of the £208bn itself."


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (["leakage"], " after leakage a year by 2036 "),
        (["leakage", "multiplier"], " after leakage and multiplier a year by 2036 "),
        (["displacement", "leakage", "multiplier"], "m net a year by 2036 "),
        ([], "m a year by 2036 "),
    ],
)
def test_what_a_plan_adds_says_what_was_taken_off(on: list[str], said: str) -> None:
    scenario = load_scenario("skills_first").edit(
        {f"parameters.{name}.enabled": name in on for name in ADJUSTMENTS}
    )
    with_plan, without = run_paired(scenario, draws=500)
    a = text.about(with_plan, GM)
    assert said in text.plan_adds(a, a.added(without), 15.0)
    for name in set(ADJUSTMENTS) - set(on):
        assert name not in text.plan_adds(a, a.added(without), 15.0)


def test_a_run_without_uncertainty_has_no_range() -> None:
    from toy import certain

    a = text.about(run(certain(load_scenario("reference")), draws=100), GM)
    assert text.ranges(a) == "No uncertainty in this run, so there is no range."


def test_a_share_that_cannot_be_divided_is_withheld() -> None:
    scenario = load_scenario("reference").edit(
        {
            "parameters.productivity_effect.distribution": {
                "kind": "normal",
                "mean": 0.0,
                "sd": 0.05,
            }
        }
    )
    a = text.about(run(scenario, draws=500), GM)
    assert a.shares_withheld
    assert "cannot be stated" in text.headline(a)[0]
    assert "so no share is given" in text.ranges(a)


def test_a_plan_elsewhere_adds_nothing_here(pair: tuple[Result, Result]) -> None:
    scenario = load_scenario("skills_first").edit({"parameters.spillover_share.value": 0.0})
    with_plan, without = run_paired(scenario, draws=500)
    a = text.about(with_plan, "TLL")
    said = text.plan_adds(a, a.added(without), 0.0)
    assert said == "This plan adds nothing in Wales. It costs £0 a year on average once running."


def test_the_same_plan_is_called_the_same(pair: tuple[Result, Result]) -> None:
    found = compare(pair[0], pair[0], area="Wales")
    assert text.compared(found, "P", "P2") == "“P” and “P2” are the same plan: nothing differs."


def test_scenarios_that_differ_in_more_than_the_plan_are_not_called_plans(
    pair: tuple[Result, Result],
) -> None:
    high = run("high_spillover", draws=2_000)
    for other, kind, verb in ((pair[1], "plans", "adds"), (high, "scenarios", "comes to")):
        found = compare(pair[0], other, area=GM)
        gap = Estimate.of(
            found.areas().row(by_predicate=pl.col("area_code") == GM, named=True), found.metric
        )
        said = text.compared_error(found, "P")
        assert said.startswith(f"“P” {verb} more in ")
        assert f"in 9 of 10 futures the difference is {gap.gbp_range}" in text.compared(
            found, "P", "Q"
        ).replace("In 9", "in 9")
        assert f"Both {kind} use the same 2,000 random draws" in said


def test_unpaired_runs_are_called_so(pair: tuple[Result, Result]) -> None:
    other = run("reference", draws=2_000, seed=2)
    found = compare(pair[0], other, area=GM, unpaired=True)
    assert "use different random draws" in text.compared(found, "P", "Q")
    assert "treating the runs as independent" in text.compared_error(found, "P")


def test_what_waiting_costs_or_saves() -> None:
    table = delay_cost("skills_first", "Greater Manchester", draws=500)
    said = text.waiting_costs(table)
    pattern = r"Waiting a year costs about £\S+ of net present value on average \(.+\)\."
    assert re.fullmatch(pattern, said)
    mean = pl.col("lost_net_present_value_gbp_m_mean")
    turned = table.with_columns(-mean, delay_years=pl.lit(2.0))
    assert "Waiting 2 years would save about £" in text.waiting_costs(turned)
    assert "cannot be told" in text.waiting_costs(table.with_columns(mean * 0))


def test_waiting_is_judged_as_a_comparison_with_the_later_plan_is() -> None:
    """In most futures waiting saves, and yet it costs on average: the average decides."""
    cost = {"levers.skills.cost_gbp_per_head_per_year.value": 36.0}
    plan = plain("skills_first").edit(cost)
    later = plan.edit({"setting.lever_delay_years": 1.0, "title": "Later"})
    table = delay_cost(plan, GM, draws=500)
    row = table.row(0, named=True)
    verdict = compare(plan, later, area=GM, draws=500).verdict
    assert row["lost_net_present_value_gbp_m_p50"] < 0 < verdict.difference_gbp_m
    assert row["lost_net_present_value_gbp_m_mean"] == pytest.approx(verdict.difference_gbp_m)
    costs = format.gbp(verdict.difference_gbp_m, verdict.difference_mcse_gbp_m)
    assert f"Waiting a year costs about {costs} of" in text.waiting_costs(table)
    assert f"is worth about {costs} more than “Later”" in verdict.in_words("Now", "Later")


def test_a_plan_in_current_prices_is_told_in_them() -> None:
    pair = run_paired("skills_first", draws=500)
    row = appraise(pair, prices="nominal").row(
        by_predicate=pl.col("area_name") == "Greater Manchester", named=True
    )
    said, *_ = text.plan_in_short(pair, row, "nominal")
    for metric, words, net in (
        ("added_final_year", "adds about", " net"),
        ("authority_cost_per_year", "costs about", ""),
    ):
        assert f"{words} {Estimate.of(row, f'{metric}_gbp_m').gbp}{net} a year" in said


def test_one_future_ranks_nothing_by_any_question() -> None:
    pair = run_paired("skills_first", draws=1)
    row = appraise(pair).row(by_predicate=pl.col("area_code") == "uk", named=True)
    assert any("cannot be ranked" in said for said in text.plan_in_short(pair, row))
    found = compare(pair.with_plan, pair.without, area="uk")
    assert "cannot be ranked" in text.verdict(found, "P", "Q")


def test_an_unknown_area_is_told_at_once(pair: tuple[Result, Result]) -> None:
    with pytest.raises(UnknownNameError, match="Atlantis"):
        text.about(pair[0], "Atlantis")


def test_too_few_futures_make_no_amount_in_a_sentence() -> None:
    pair = run_paired("skills_first", draws=1)
    a = text.about(pair.with_plan, GM)
    added = a.added(pair.without)
    first, second = text.headline(a, added)
    assert first.endswith("cannot be stated: too few futures to say.")
    assert second.endswith("gain cannot be stated: too few futures to say.")
    assert text.plan_adds(a, added, 15.0) == (
        "What this plan adds a year by 2036 cannot be stated: too few futures to say. It costs "
        "about £15m a year on average once running."
    )


# What bears on the areas and the figures


def test_single_local_authorities_have_the_warning_of_the_hindcast() -> None:
    said = text.of_areas("local_authority")
    assert said == text.LOCAL_BANDS
    page = (ROOT / "docs/validation/hindcast.md").read_text("utf-8")
    # The page and the warning say the same; if one is changed, so must be the other.
    assert "bands of that geography are likely to be too narrow" in " ".join(page.split())
    assert "probably too narrow" in said


def test_new_areas_are_called_unofficial_by_name() -> None:
    said = text.of_areas("mayoral_2026")
    areas = load_dataset("mayoral_2026").areas
    new = areas.filter(pl.col("area_type") == "new_mayoral")["area_name"]
    assert "unofficial" in said
    assert all(name in said for name in new)
    assert text.of_areas("mayoral") == text.of_areas("itl1") == text.of_areas("own") == ""


@pytest.mark.parametrize("own", [False, True])
def test_age_of_the_figures(own: bool) -> None:
    manifest = {"own_data": {"name": "ours.csv"}} if own else {}
    fresh = text.of_figures(manifest, date(2026, 7, 31))
    old = text.of_figures(manifest, date(2026, 8, 1))
    if own:
        assert fresh == old == ""
        return
    assert (
        fresh == "Built-in output by area and sector is of 2023 (ONS, released on 17 April 2025)."
    )
    assert old.startswith(fresh)
    assert "A newer edition is probably out" in old
    assert "gainsmodel data import-ons WORKBOOK.xlsx --year 2024 --out FOLDER" in old


def test_a_table_that_no_command_renews_waits_for_a_new_version() -> None:
    assert text.newer("areas.csv", date(2026, 7, 31)) == "A newer edition is due by July 2026."
    assert text.newer("areas.csv", date(2026, 8, 1)).endswith(
        "A new version of gainsmodel brings it."
    )
    assert text.newer("sectors.csv", date(2100, 1, 1)) == ""


def test_what_levers_cost_is_said_as_expected_and_as_a_price() -> None:
    assert text.costs(5.1, 15.0) == (
        "costs about £5.1m a year on average once running; £15m at full take-up and before "
        "optimism bias"
    )
    # Nothing is said twice where all of it is taken up at the price that was planned.
    assert text.costs(15.0, 15.0) == "costs about £15m a year on average once running"
    assert text.costs(0.0, 0.0) == "costs £0 a year on average once running"
    costs = lever_costs(load_scenario("skills_first"), load_dataset("mayoral"))
    spent = text.cost_and_price(costs, GM)
    assert text.costs(*spent) == text.costs(5.1, 15.0)
    of_skills = costs.filter(area_code=GM, lever="skills").row(0, named=True)
    assert of_skills["full_price_gbp_m_per_year"] * of_skills["intensity"] == pytest.approx(
        of_skills["price_gbp_m_per_year"]
    )
