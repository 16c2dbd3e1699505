"""When a plan fails: boxes that are known to be there, and assumptions as the core has them."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import gainsmodel
from gainsmodel import (
    Discovery,
    Scenario,
    ScenarioError,
    SettingError,
    UnknownNameError,
    discover,
)
from gainsmodel.analysis.discovery import Variable, variables
from gainsmodel.analysis.prim import Box, _binomial_tail, by_chance, find_box, peel
from gainsmodel.data.units import unit_of
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings
from plain import plain
from program import gainsmodel as program
from toy import certain

BASE = plain("reference").edit({"setting.geography": "itl1"})
WALES = "Wales"
PLANNED = BASE.edit({"plan.Wales.skills": 1.0})
Array = np.ndarray


# ---------------------------------------------------------------- PRIM


def boxed(seed: int, n: int = 4_000, inside: float = 0.95, outside: float = 0.05) -> Any:
    """Six variables; hits where the first is low and the third high."""
    random = np.random.default_rng(seed)
    x = random.uniform(size=(6, n))
    within = (x[0] < 0.4) & (x[2] > 0.5)
    return x, random.uniform(size=n) < np.where(within, inside, outside)


@pytest.mark.parametrize("seed", range(5))
def test_a_known_box_is_found(seed: int) -> None:
    x, hit = boxed(seed)
    box = find_box(x, hit, *boxed(seed + 100), density=0.85, most=3)
    assert set(box.limits) == {0, 2}
    assert box.limits[0][0] == -math.inf
    assert box.limits[0][1] == pytest.approx(0.4, abs=0.06)
    assert box.limits[2][0] == pytest.approx(0.5, abs=0.06)
    assert box.limits[2][1] == math.inf
    test_x, test_hit = boxed(seed + 200)
    held = box.holds(test_x)
    assert test_hit[held].mean() > 0.8
    assert test_hit[held].sum() / test_hit.sum() > 0.75


def test_limits_move_with_any_rising_unit() -> None:
    """Peeling goes by order alone, so that a parameter's unit is of no account."""
    x, hit = boxed(1)
    plain, bent = peel(x, hit, 0.85), peel(np.exp(3 * x), hit, 0.85)
    assert plain.limits.keys() == bent.limits.keys()
    for i, ends in plain.limits.items():
        for end, other in zip(ends, bent.limits[i], strict=True):
            assert other == pytest.approx(math.exp(3 * end) if math.isfinite(end) else end) or (
                end == -math.inf and other == -math.inf
            )


def test_chance_makes_no_box() -> None:
    """Twenty variables without a meaning: limits are dropped on draws they were not found on."""
    kept = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        x, judge = random.uniform(size=(2, 20, 800))
        hit, judged = random.uniform(size=(2, 800)) < 0.3
        kept += len(find_box(x, hit, judge, judged, density=0.65, most=3).limits)
    assert kept <= 2


def test_a_variable_that_means_nothing_is_dropped_from_a_box_that_does() -> None:
    x, hit = boxed(3)
    judge_x, judge_hit = boxed(4)
    box = Box({0: (-math.inf, 0.4), 2: (0.5, math.inf), 5: (0.02, math.inf)})
    assert by_chance(judge_x, judge_hit, box, 0) < 1e-20
    assert by_chance(judge_x, judge_hit, box, 2) < 1e-20
    assert by_chance(judge_x, judge_hit, box, 5) > 0.01
    assert find_box(x, hit, judge_x, judge_hit, density=0.85, most=1).limits.keys() in ({0}, {2})


def test_few_values_are_peeled_whole() -> None:
    random = np.random.default_rng(2)
    x = random.integers(0, 3, (2, 3_000)).astype(float)
    hit = (x[0] == 2) & (random.uniform(size=3_000) < 0.9)
    box = peel(x, hit, 0.85)
    assert box.limits[0][0] == 2.0


@pytest.mark.parametrize(
    ("n", "k", "p"), [(50, 40, 0.5), (500, 260, 0.5), (1, 1, 0.3), (9, 0, 0.2)]
)
def test_the_binomial_tail_is_scipys(n: int, k: int, p: float) -> None:
    assert _binomial_tail(n, k, p) == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-9)


def test_the_binomial_tail_at_its_ends() -> None:
    assert _binomial_tail(10, 3, 0.0) == 0.0
    assert _binomial_tail(10, 3, 1.0) == 1.0


# ---------------------------------------------------------------- assumptions in their units


def uncertain_at_the_nation() -> Scenario:
    """Everything a number of its own a future, so that a future can be run again as certain."""
    nation = {"nation": 1.0, "technology": 0.0, "area": 0.0, "sector": 0.0, "cell": 0.0}
    spread = ("innovation", "imitation", "ceiling", "productivity_effect")
    kept = (
        *(f"parameters.{name}" for name in spread),
        *("parameters.lag_years", "parameters.decay_per_year", "parameters.spillover_share"),
        *("parameters.uplift_cap", "parameters.growth_nation", "parameters.take_up"),
        *("parameters.complements", "parameters.growth_area", "parameters.multiplier"),
        *("levers.skills.effects.ceiling", "levers.skills.effects.productivity_effect"),
    )
    changes: dict[str, Any] = {f"parameters.{name}.spread": nation for name in spread}
    return (
        certain(PLANNED, *kept)
        .edit(changes)
        .edit({"parameters.multiplier.enabled": True})
        .model_copy(
            update={
                "correlations": [
                    {
                        "between": ["imitation", "ceiling"],
                        "value": 0.7,
                        "source": "test",
                        "evidence": "judgement",
                    }
                ]
            }
        )
    )


def found_in(scenario: Scenario, draws: int, area: str = WALES) -> tuple[list[Variable], Any]:
    scenario, figures = resolve(scenario)
    settings = Settings(draws=draws, seed=7, sampler="random", precision="float64")
    results = Run(scenario, figures, settings, paired=True).results()
    return variables(scenario, unit_of(figures, area), results[0]), results


def test_every_assumption_that_may_matter_is_there() -> None:
    found, _ = found_in(uncertain_at_the_nation(), 2_000)
    assert {v.name for v in found} == {
        *("innovation", "imitation", "ceiling", "productivity_effect", "lag_years"),
        *("decay_per_year", "spillover_share", "uplift_cap", "growth_nation", "growth_area"),
        *("complements", "multiplier", "take_up.skills"),
        *("levers.skills.effects.ceiling", "levers.skills.effects.productivity_effect"),
    }
    spillover = next(v for v in found if v.name == "spillover_share")
    assert stats.kstest(spillover.values, stats.beta(2.2, 12.5).cdf).pvalue > 1e-4


def test_values_are_those_of_the_core() -> None:
    """A future with every assumption fixed at its value gives that future's answer again.

    Without spillover, since other areas have deviations of their own.
    """
    scenario = uncertain_at_the_nation().edit({"parameters.spillover_share.value": 0.0})
    found, results = found_in(scenario, 6)
    code = resolve(scenario)[1].resolve(WALES)[0]
    for draw in range(6):
        values = {v.name: float(v.values[draw]) for v in found}
        values["take_up"] = values.pop("take_up.skills")
        paths = {(k if k.startswith("levers") else f"parameters.{k}"): v for k, v in values.items()}
        again = scenario.edit({f"{path}.value": value for path, value in paths.items()})
        mine = gainsmodel.run_paired(again, draws=1, precision="float64")
        for one, other in zip(mine, results, strict=True):
            assert one.draws()[code][0] == pytest.approx(other.draws()[code][draw], rel=1e-6)


def test_take_up_of_several_levers_is_kept_apart() -> None:
    scenario = certain(BASE, "parameters.take_up").edit(
        {"plan.Wales.skills": 1.0, "plan.Wales.leadership": 1.0, "plan.London.open_data": 1.0}
    )
    found, results = found_in(scenario, 400)
    assert [v.name for v in found] == ["take_up.leadership", "take_up.skills"]
    code = resolve(scenario)[1].resolve(WALES)[0]
    gaps = [r.draws()[code].to_numpy().astype(float) for r in results]
    added = gaps[0] - gaps[1]
    # Skills do by far the most, and do more the more is taken up.
    rank = [stats.spearmanr(v.values, added).statistic for v in found]
    assert rank[1] > 0.9 > rank[0] > 0.0
    for variable in found:
        fit = stats.kstest(variable.values, stats.beta(0.8, 1.5).cdf)
        assert fit.pvalue > 1e-4


# ---------------------------------------------------------------- the whole


def take_up_alone() -> Scenario:
    return certain(PLANNED, "parameters.take_up")


def test_where_one_assumption_decides_it_is_found_exactly() -> None:
    """The plan misses exactly where take-up is below what a run with it fixed says."""
    scenario = take_up_alone()
    needed = 0.25
    fixed = scenario.edit({"parameters.take_up.value": needed})
    mine, theirs = gainsmodel.run_paired(fixed, draws=1, precision="float64")
    code = resolve(scenario)[1].resolve(WALES)[0]
    goal = mine.draws()[code][0] - theirs.draws()[code][0]
    found = discover(scenario, WALES, goal, density=0.999, search_draws=4_000, seed=3)
    assert found.boxes.height == 1
    row, limit = found.boxes.row(0, named=True), found.limits.row(0, named=True)
    assert (limit["parameter"], limit["low"]) == ("take_up.skills", None)
    assert limit["high"] == pytest.approx(needed, abs=0.01)
    assert limit["words"].startswith("take-up of Digital skills below 2")
    assert row["density"] > 0.99
    assert row["coverage"] > 0.95
    truth = stats.beta.cdf(needed, 0.8, 1.5)
    assert abs(found.p_misses - truth) < 4.5 * found.p_misses_mcse
    assert row["support"] == pytest.approx(truth, abs=0.04)


@cache
def usual(**options: Any) -> Discovery:
    return discover(PLANNED, WALES, 40, **{"search_draws": 4_000, "seed": 2} | options)


def test_what_is_reported_was_judged_on_the_other_half() -> None:
    found = usual()
    assert found.boxes.height >= 1
    known, results = found_in_random(PLANNED)
    code = resolve(PLANNED)[1].resolve(WALES)[0]
    gains = [r.draws()[code].to_numpy().astype(float) for r in results]
    misses = gains[0] - gains[1] < 40
    assert found.p_misses == 1 - gainsmodel.target(PLANNED, WALES, gain_gbp_m=40, seed=2).p
    assert found.p_misses == pytest.approx(misses.mean(), abs=0.03)
    at = {v.name: v.values for v in known}
    for box in found.boxes.iter_rows(named=True):
        within = np.ones(misses.size, dtype=bool)
        for limit in found.limits.filter(pl.col("box") == box["box"]).iter_rows(named=True):
            values = at[limit["parameter"]]
            within &= values >= (-math.inf if limit["low"] is None else limit["low"])
            within &= values <= (math.inf if limit["high"] is None else limit["high"])
        for half, ends in ((slice(1, None, 2), ""), (slice(0, None, 2), "_found")):
            hits = (misses & within)[half].sum()
            assert box[f"density{ends}"] == pytest.approx(hits / within[half].sum())
            assert box[f"coverage{ends}"] == pytest.approx(hits / misses[half].sum())
        assert box["density_low"] < box["density"] < box["density_high"]
        assert box["density"] > found.p_misses + 0.1
        assert box["coverage"] > 0.05
    assert (found.limits["by_chance"] <= 0.05).all()


def found_in_random(scenario: Scenario) -> tuple[list[Variable], Any]:
    scenario, figures = resolve(scenario)
    settings = Settings(draws=4_000, seed=2, sampler="random")
    results = Run(scenario, figures, settings, paired=True).results()
    return variables(scenario, unit_of(figures, WALES), results[0]), results


def test_conditions_and_boxes_are_no_more_than_asked_for() -> None:
    found = usual(most_boxes=1, most_conditions=1)
    assert found.boxes.height == found.limits.height == 1
    only = usual(parameters=("ceiling", "take_up.*"))
    assert set(only.limits["parameter"]) <= {"ceiling", "take_up.skills"}


def test_words_and_grades_stand_beside_every_limit() -> None:
    found = usual()
    for row in found.limits.iter_rows(named=True):
        assert row["words"].startswith(row["label"])
        assert row["evidence"] in ("published", "derived", "judgement")
    said = " ".join(found.summary)
    for words in found.boxes["words"]:
        assert words in said


def test_a_plan_that_never_misses_or_always_has_nothing_to_tell() -> None:
    for goal, words in ((1e6, "in all of the 1,000"), (1e-9, "misses adding")):
        found = discover(take_up_alone(), WALES, goal, draws=1_000, search_draws=1_000)
        assert found.boxes.height == 0
        assert words in found.summary[0]
        assert "nothing to tell apart" in found.summary[1]


def test_threads_change_nothing() -> None:
    assert usual(threads=1).to_dict() == usual(threads=2).to_dict()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"area": "Whales"}, UnknownNameError, "Wales"),
        ({"target_gbp_m": 0}, SettingError, "above 0, not 0"),
        ({"search_draws": 1}, SettingError, "at least 1,000 are needed"),
        ({"scenario": BASE}, ScenarioError, "no lever is moved in any area"),
        ({"density": 1.5}, SettingError, "density: must be above 0 and at most 1, not 1.5"),
        ({"most_boxes": 0}, SettingError, "most_boxes: must be at least 1, not 0"),
        (
            {"parameters": ("celing",), "search_draws": 1_000},
            UnknownNameError,
            "did you mean 'ceiling'",
        ),
        ({"parameters": (), "search_draws": 1_000}, SettingError, "needs a list of names"),
    ],
)
def test_bad_requests_are_answered_in_words(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        discover(**{"scenario": PLANNED, "area": WALES, "target_gbp_m": 40} | options)


def test_the_command_gives_the_same_as_the_function() -> None:
    command = ("discover", "skills_first", "--area", "Greater Manchester", "--target", "60")
    command += ("--search-draws", "2000")
    expected = discover("skills_first", "Greater Manchester", 60, search_draws=2_000)
    given = program(*command, "--json")
    assert json.loads(given.stdout) == json.loads(json.dumps(expected.to_dict()))
    done = program(*command)
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for sentence in (*expected.summary, *expected.limits["words"]):
        assert sentence in flat


def test_structures_are_told_by_the_inputs_that_they_set() -> None:
    """A plan misses where effects are small, and those are small in one structure."""
    effect = "parameters.productivity_effect.distribution"
    structures = [
        {
            "name": f"{median}",
            "weight": 0.5,
            "overrides": {
                effect: {
                    **{"kind": "lognormal", "median": median},
                    **{"p05": median / 1.5, "p95": median * 1.5},
                }
            },
        }
        for median in (0.01, 0.05)
    ]
    certain_to_work = {
        f"levers.skills.effects.{target}.value": 0.1
        for target in ("ceiling", "productivity_effect", "imitation")
    } | {"parameters.take_up.value": 0.5}
    scenario = PLANNED.edit(certain_to_work | {"structure": structures})
    asked = {"draws": 1_600, "search_draws": 4_000, "parameters": ["productivity_effect"]}
    found = discover(scenario, WALES, 90.0, **asked)
    assert 0.2 < found.p_misses < 0.9
    row = found.limits.row(0, named=True)
    assert row["low"] is None
    # Between the two sizes.
    assert 0.01 < row["high"] < 0.05
    assert found.boxes["density"][0] > found.p_misses
