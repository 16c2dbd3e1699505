"""What would have to be true: closed forms, readings of the prize, and other questions' counts."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import gainsmodel
from gainsmodel import (
    Scenario,
    ScenarioError,
    SettingError,
    UnknownNameError,
    WouldHaveToBeTrue,
    would_have_to_be_true,
)
from gainsmodel.analysis.discovery import Variable
from gainsmodel.analysis.would_have_to_be_true import superiority, what_sets_apart
from gainsmodel.present.blocks import Grid
from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true as page
from toy import certain

AREA = "Greater Manchester"
ITL1 = {"setting.geography": "itl1"}
REFERENCE = gainsmodel.load_scenario("reference").edit(ITL1)
PLANNED = REFERENCE.edit({"plan.Wales.skills": 1.0})
ASKED: dict[str, Any] = {"draws": 800, "search_draws": 200}
CAP, GROWTH = "parameters.uplift_cap", "parameters.growth_nation"


def at_the_cap() -> Scenario:
    """A scenario in which every cell gains its cap: the gain is cap × GVA × (1 + g)^10."""
    low, high = 0.02, 0.06
    changes: dict[str, Any] = {
        f"{CAP}.distribution": {"kind": "uniform", "low": low, "high": high},
        "parameters.productivity_effect.value": 1.0,
    }
    return certain(REFERENCE, CAP, GROWTH).edit(changes)


@cache
def start_gva_gbp_m() -> float:
    return float(gainsmodel.run(at_the_cap(), draws=1).groups()["gva_gbp_m"][0])


@cache
def capped() -> WouldHaveToBeTrue:
    """Reached in all futures of middling growth in which the cap is at least 5%."""
    target = 0.05 * start_gva_gbp_m() * 1.013**10
    return would_have_to_be_true(at_the_cap(), "uk", target, of="gain", draws=4_000)


# ---------------------------------------------------------------- closed forms


def test_the_chance_is_that_of_the_closed_form() -> None:
    # P(c · e^(10 ln(1 + g)) ≥ 0.05 · e^(10 ln 1.013)), c uniform, by quadrature over g.
    g = stats.norm(0.013, 0.005).ppf((np.arange(20_000) + 0.5) / 20_000)
    needed = 0.05 * (1.013 / (1 + g)) ** 10
    p = np.clip((0.06 - needed) / 0.04, 0, 1).mean()
    assert capped().p == pytest.approx(p, abs=4 * capped().p_mcse + 1e-4)
    assert capped().reached == round(capped().p * 4_000)


def test_the_single_change_is_that_of_the_closed_form() -> None:
    cap, growth = capped().changes.iter_rows(named=True)
    # Held at c, it is reached in half of the futures of growth where growth at its median does.
    assert cap["key"] == CAP
    # Of one uncertain assumption Sobol points know it nearly to the digit.
    assert cap["half_value"] == pytest.approx(0.05, abs=1e-5)
    assert cap["half_value_mcse"] < 0.0002
    assert cap["half_quantile"] == pytest.approx(0.75, abs=0.01)
    assert cap["half_p"] == pytest.approx(0.5, abs=1e-3)
    # Growth would have to make up for a cap at its median of 4%: 3.6% a year, beyond its range.
    assert growth["key"] == GROWTH
    assert growth["half_value"] is None
    high = 0.013 + 1.6448536 * 0.005
    assert growth["high"] == pytest.approx(high)
    p_high = (0.06 - 0.05 * (1.013 / (1 + high)) ** 10) / 0.04
    assert growth["p_high"] == pytest.approx(p_high, abs=0.03)
    assert [*capped().left_out.values()].count("the same in every future") > 5
    (said,) = [s for s in capped().summary if "single change" in s]
    assert "“Cap on stacked gains” held at 5.0% everywhere instead of 4.0%" in said
    assert "(50 in 100)" in said


def test_the_cap_puts_it_out_of_reach_wherever_it_is_missed() -> None:
    assert capped().p_out_of_reach == pytest.approx(1 - capped().p, abs=2e-3)
    assert "alone puts it out of reach in" in capped().summary[-1]


def test_what_sets_apart_is_what_decides() -> None:
    apart = capped().apart
    assert apart["parameter"].to_list() == ["uplift_cap", "growth_nation"]
    assert capped().of_futures == "reached"
    cap = apart.row(0, named=True)
    # The average of a uniform above 5%, but for growth.
    assert cap["mean"] == pytest.approx(0.055, abs=0.002)
    assert cap["mean_all"] == pytest.approx(0.04, abs=0.0002)
    assert cap["p_higher"] > 0.97
    assert cap["separated"]


def test_the_cap_alone_puts_a_tenth_of_gva_out_of_reach() -> None:
    """PERT(4%, 8%, 15%) is below a tenth: a beta, whatever else is assumed."""
    found = would_have_to_be_true(REFERENCE, reading="share_of_economy", **ASKED)
    a, b = 1 + 4 * 4 / 11, 1 + 4 * 7 / 11
    assert found.p_out_of_reach == pytest.approx(stats.beta(a, b).cdf(6 / 11), abs=0.02)
    assert found.p_out_of_reach is not None
    assert found.p_out_of_reach <= 1 - found.p


def test_where_nothing_is_uncertain_nothing_is_looked_for() -> None:
    found = would_have_to_be_true(certain(REFERENCE), draws=100)
    assert found.reached == 0
    assert found.changes.height == found.apart.height == 0
    assert found.runs == 1
    assert "No uncertain assumption could change that." in found.summary


# ---------------------------------------------------------------- the same count as elsewhere


@pytest.mark.parametrize("reading", ["final_year", "share_of_economy", "cumulative"])
def test_each_reading_has_the_chance_that_a_run_reports(reading: str) -> None:
    found = would_have_to_be_true(REFERENCE, reading=reading, **ASKED)  # type: ignore[arg-type]
    edited = REFERENCE.edit({"prize.basis": reading})
    groups = gainsmodel.run(edited, draws=ASKED["draws"]).groups()
    assert found.p == groups[f"p_{reading}_reaches_prize"][0]
    assert found.reading == reading
    assert f"({found.reached:,} of 800)" in found.summary[0] or found.reached == 0
    words = {
        "final_year": "reaches £208bn a year by 2036 across the UK",
        "share_of_economy": "reaches a tenth of the UK’s GVA in 2036",
        "cumulative": "reaches £208bn over the ten years to 2036 across the UK",
    }
    assert words[reading] in found.summary[0]
    asked_of_the_file = would_have_to_be_true(edited, **ASKED)
    assert asked_of_the_file.to_dict() == found.to_dict()


@pytest.mark.parametrize(("of", "target"), [("added", 20.0), ("gain", 2_500.0)])
@pytest.mark.parametrize("scenario", [PLANNED, REFERENCE], ids=["plan", "none"])
def test_a_target_has_the_chance_that_target_gives(
    scenario: Scenario, of: Any, target: float
) -> None:
    if of == "added" and not scenario.plan:
        with pytest.raises(ScenarioError, match="no lever is moved"):
            would_have_to_be_true(scenario, "Wales", target, of=of)
        return
    found = would_have_to_be_true(scenario, "Wales", target, of=of, **ASKED)
    there = gainsmodel.target(scenario, "Wales", gain_gbp_m=target, of=of, draws=ASKED["draws"])
    assert (found.p, found.p_mcse) == (there.p, there.p_mcse)
    assert found.summary[0].startswith(there.summary[0].partition(" in fewer")[0][:60])
    # At the ends of a range, and where the chance is one half, as a user would find it.
    row = found.changes.row(0, named=True)
    end = "high" if abs(row["p_high"] - 0.5) < abs(row["p_low"] - 0.5) else "low"
    value = row[end] if row["half_value"] is None else row["half_value"]
    p = row[f"p_{end}"] if row["half_value"] is None else row["half_p"]
    held = scenario.edit({row["key"]: {"value": value}})
    again = gainsmodel.target(held, "Wales", gain_gbp_m=target, of=of, draws=ASKED["draws"])
    assert p == again.p


def test_fewer_draws_at_an_end_tell_of_the_change_from_the_chance_as_it_is() -> None:
    """A held assumption that changes nothing leaves the chance of all draws, to the last bit."""
    unmoved = REFERENCE.edit(
        {"parameters.spillover_share.distribution": {"kind": "uniform", "low": 0.0, "high": 1e-9}}
    )
    found = would_have_to_be_true(unmoved, reading="cumulative", **ASKED)
    row = found.changes.row(by_predicate=pl.col("key") == "parameters.spillover_share", named=True)
    assert row["p_low"] == row["p_high"] == found.p
    assert row["p_low_mcse"] == found.p_mcse


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_said_does_not_depend_on_the_seed(seed: int) -> None:
    found = would_have_to_be_true(REFERENCE, reading="cumulative", draws=4_000, seed=seed)
    assert found.separated["parameter"][0] == "productivity_effect"
    assert found.changes["key"][0] == "parameters.productivity_effect"
    assert found.changes["half_value"][0] == pytest.approx(0.0127, abs=0.0006)
    assert found.of_futures == "missed"
    assert f"The {4_000 - found.reached:,} futures that miss it differ most" in found.summary[1]
    assert "brings it down to one half" in found.summary[2]


def test_an_uncertain_prize_is_an_assumption_too() -> None:
    prize = {"prize.distribution": {"kind": "uniform", "low": 10.0, "high": 400.0}}
    found = would_have_to_be_true(REFERENCE.edit(prize), **ASKED)
    assert found.apart["parameter"][0] == "prize"
    assert found.changes["key"][0] == "prize"
    assert "the prize a year by 2036" in found.summary[0]
    assert "“The national prize” held at £" in " ".join(found.summary)


# ---------------------------------------------------------------- what sets futures apart


@pytest.mark.parametrize("ties", [False, True])
def test_superiority_is_that_of_mann_and_whitney(ties: bool) -> None:
    random = np.random.default_rng(5)
    values = random.standard_normal(500)
    values = np.round(values) if ties else values
    group = random.uniform(size=500) < 0.2 + 0.1 * (values > 0)
    p, z = superiority(values, group)
    other = stats.mannwhitneyu(
        values[group], values[~group], method="asymptotic", use_continuity=False
    )
    assert p == pytest.approx(other.statistic / (group.sum() * (~group).sum()), rel=1e-12)
    assert 2 * stats.norm.sf(abs(z)) == pytest.approx(other.pvalue, rel=1e-9)


def test_chance_alone_names_nothing() -> None:
    named = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        known = [
            Variable(f"v{i}", f"v{i}", "judgement", str, random.standard_normal(400))
            for i in range(20)
        ]
        named += what_sets_apart(known, random.uniform(size=400) < 0.15)["separated"].sum()
    assert named <= 2


def test_what_is_real_but_negligible_is_not_named() -> None:
    random = np.random.default_rng(1)
    weak, strong, luck = random.standard_normal((3, 100_000))
    group = 0.15 * weak + strong + luck > 1
    known = [Variable(n, n, "judgement", str, v) for n, v in (("weak", weak), ("strong", strong))]
    apart = what_sets_apart(known, group)
    assert apart["parameter"].to_list() == ["strong", "weak"]
    assert apart["z"].abs().min() > 10  # type: ignore[operator]
    assert apart["separated"].to_list() == [True, False]


def test_too_few_futures_say_nothing_of_what_sets_them_apart() -> None:
    found = would_have_to_be_true(REFERENCE, draws=400, search_draws=100)
    assert 0 < found.reached < 30
    assert found.apart.height == 0
    assert found.summary[1] == (
        f"Too few futures reach it ({found.reached} of 400) to say what sets them apart."
    )


# ---------------------------------------------------------------- structures, forms, errors


def structures(*effects: float) -> Scenario:
    """A scenario of structures of equal weight that differ in the gain from one technology."""
    key = "parameters.productivity_effect.value"
    weight = 1 / len(effects)
    return REFERENCE.edit(
        {
            "structure": [
                {"name": f"effect {effect}", "weight": weight, "overrides": {key: effect}}
                for effect in effects
            ]
        }
    )


def test_of_several_structures_the_chance_of_each_is_given() -> None:
    found = would_have_to_be_true(structures(0.005, 0.01, 0.07, 0.1), draws=2_000)
    table = found.structures
    assert table["draws"].sum() == 2_000
    assert (table["p"] * table["draws"]).sum() == pytest.approx(found.reached)
    assert table["p"].to_list() == sorted(table["p"])
    assert found.changes.height == found.apart.height == 0
    assert found.p_out_of_reach is None
    most = table.row(3, named=True)
    assert found.summary[1] == (
        "It is reached in 2 of 4 structures, most often in “effect 0.1” "
        f"({100 * most['p']:.0f} in 100)."
    )
    assert "one structure at a time" in found.summary[2]
    (grid,) = [block for block in page(found) if isinstance(block, Grid)]
    assert [row[0] for row in grid.rows][:2] == ["effect 0.1", "effect 0.07"]
    assert grid.rows[0][1:] == ("25.0%", f"{100 * most['p']:.0f} in 100")


def test_structures_that_all_reach_it_or_none_are_told_in_a_sentence() -> None:
    none = would_have_to_be_true(structures(0.001, 0.002), draws=200)
    assert none.summary[1] == "It is reached in none of the 2 structures."
    every = would_have_to_be_true(structures(0.05, 0.1), reading="cumulative", draws=200)
    assert every.summary[1] == "It is reached as often in each of the 2 structures."
    some = would_have_to_be_true(structures(0.01, 0.1), reading="cumulative", draws=200)
    assert "most often in “effect 0.1”" in some.summary[1]


def test_plain_values_and_a_notebook_hold_the_same_sentences() -> None:
    plain, shown = capped().to_dict(), capped()._repr_html_()
    assert plain["summary"] == capped().summary
    assert plain["changes"][0]["key"] == CAP
    assert shown is not None
    assert capped().goal in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"area": "Wales"}, "target_gbp_m: is needed of Wales"),
        ({"target_gbp_m": 0.0}, "target_gbp_m: must be an amount above 0"),
        ({"target_gbp_m": math.inf, "of": "gain"}, "target_gbp_m: must be an amount above 0"),
        ({"target_gbp_m": 5.0, "of": "gains"}, "did you mean 'gain'"),
        ({"reading": "final_yea"}, "did you mean 'final_year'"),
        ({"target_gbp_m": 5.0, "reading": "cumulative"}, "reading: is of the prize"),
        ({"draws": 99}, "draws: at least 100"),
        ({"search_draws": 99}, "search_draws: at least 100"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        would_have_to_be_true(PLANNED, **options)


def test_an_unknown_area_is_named() -> None:
    with pytest.raises(UnknownNameError, match="Wales"):
        would_have_to_be_true(PLANNED, "Wale", 5.0)


def test_progress_ends_at_the_whole() -> None:
    told: list[tuple[int, int]] = []
    would_have_to_be_true(
        PLANNED, "Wales", 20.0, on_progress=lambda *told_of: told.append(told_of), **ASKED
    )
    assert told[-1][0] == told[-1][1]
    assert all(done <= total for done, total in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
