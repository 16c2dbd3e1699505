"""What knowing more is worth: estimators against closed forms, the whole against nested runs."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import gainsmodel
from gainsmodel import Scenario, SettingError, UnknownNameError, load_dataset, load_scenario
from gainsmodel.analysis.evppi import evpi, evppi, worth_of_choice
from gainsmodel.analysis.verdict import NOTHING
from gainsmodel.analysis.voi import ValueOfInformation, _told_apart, voi
from gainsmodel.data.units import unit_of
from gainsmodel.scenario.parameter_groups import Group, groups_of
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings
from plain import plain
from program import gainsmodel as program

Array = np.ndarray
MANCHESTER = "Greater Manchester"
ALL, SKILLS = "greater_manchester_all_levers", "skills_first"
SIGMAS = 4.5
# How far estimates may fall below the truth beside chance, as a share of EVPI; see the decision.
LOW_SIDE = 0.05


def normal_loss(mean: float, sd: float) -> float:
    """E[max(X, 0)] − max(E[X], 0) of a normal X: Raiffa and Schlaifer (1961), unit normal loss."""
    u = abs(mean) / sd
    return float(sd * (stats.norm.pdf(u) - u * stats.norm.cdf(-u)))


def gaussian(mean: float, k: int, seed: int, n: int = 10_000) -> tuple[Array, Array]:
    """Doing nothing, or mean + 0.6 of what k numbers say together + 0.8 of something else."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((k, n))
    weights = np.linspace(0.5, 1.5, k)
    weights *= 0.6 / np.linalg.norm(weights)
    act = mean + weights @ z + 0.8 * rng.standard_normal(n)
    return np.vstack([np.zeros(n), act]), z


# ---------------------------------------------------------------- the estimators


@pytest.mark.parametrize("mean", [0.0, 0.3, -0.3, 1.0])
@pytest.mark.parametrize("k", [1, 3, 20, 60])
def test_a_gaussian_decision_in_closed_form(mean: float, k: int) -> None:
    net, z = gaussian(mean, k, seed=5)
    perfect, partial = evpi(net), evppi(net, z)
    whole = normal_loss(mean, 1.0)
    # The maximum of means leans on the draws too; that is within its own error.
    error = math.hypot(perfect.mcse, 1 / math.sqrt(net.shape[1]) if abs(mean) < 0.05 else 0)
    assert abs(perfect.value - whole) < SIGMAS * error
    gap = partial.value - normal_loss(mean, 0.6)
    assert -SIGMAS * partial.mcse - LOW_SIDE * whole < gap < SIGMAS * partial.mcse


@pytest.mark.parametrize(("mean", "k"), [(0.0, 20), (0.3, 3), (0.3, 40)])
def test_the_estimate_errs_on_the_low_side_and_not_by_much(mean: float, k: int) -> None:
    """Over many seeds: no upward bias that can be told, and a small one downward."""
    runs = [evppi(*gaussian(mean, k, seed, n=4_000)).value for seed in range(20)]
    gap = np.mean(runs) - normal_loss(mean, 0.6)
    error = np.std(runs, ddof=1) / math.sqrt(len(runs))
    assert gap < 3 * error
    assert gap > -3 * error - LOW_SIDE * normal_loss(mean, 1.0)


@pytest.mark.parametrize("mean", [0.0, 0.2])
def test_numbers_that_tell_nothing_are_worth_nothing(mean: float) -> None:
    found = []
    for seed in range(30):
        net, _ = gaussian(mean, 1, seed, n=4_000)
        other = np.random.default_rng(seed + 1_000).standard_normal((40, 4_000))
        found.append(evppi(net, other).value)
    assert np.mean(found) < 0.02 * normal_loss(mean, 1.0)


def test_the_error_is_that_of_repeated_runs() -> None:
    runs = [evppi(*gaussian(0.3, 3, seed, n=4_000)) for seed in range(60)]
    spread = np.std([run.value for run in runs], ddof=1)
    # A chi distribution with 59 degrees of freedom, and the mean that settles what is usual.
    assert spread == pytest.approx(np.mean([run.mcse for run in runs]), rel=0.4)


def test_a_multiplicative_decision_in_closed_form() -> None:
    """Acting brings exp(…) and costs 1.5: the option formula of Black and Scholes (1973)."""
    n, sigmas, cost = 40_000, (0.7, 0.5), 1.5
    rng = np.random.default_rng(4)
    z, rest = rng.standard_normal((2, n)), rng.standard_normal(n)
    act = np.exp(sigmas[0] * z[0] + sigmas[1] * z[1] + 0.6 * rest - 0.18) - cost
    net = np.vstack([np.zeros(n), act])

    def worth(known: float, unknown: float) -> float:
        forward = math.exp((known**2 + unknown**2) / 2)
        d = (math.log(forward / cost) + known**2 / 2) / known
        call = forward * stats.norm.cdf(d) - cost * stats.norm.cdf(d - known)
        return float(call - max(forward - cost, 0.0))

    both = math.hypot(*sigmas)
    perfect = evpi(net).value
    for numbers, known, unknown in (
        (z[:1], sigmas[0], sigmas[1]),
        (z[1:], sigmas[1], sigmas[0]),
        (z, both, 0.0),
    ):
        found = evppi(net, numbers)
        gap = found.value - worth(known, unknown)
        assert -SIGMAS * found.mcse - LOW_SIDE * perfect < gap < SIGMAS * found.mcse


def test_a_decision_between_several_options() -> None:
    """Of three plans and none, each turning on a number of its own; by plain integration."""
    n = 40_000
    rng = np.random.default_rng(9)
    means, weights = np.array([0.0, 0.2, 0.1, -0.1]), np.array([0.0, 0.5, 0.7, 1.0])
    z, noise = rng.standard_normal((4, n)), rng.standard_normal((4, n))
    net = means[:, None] + weights[:, None] * z + 0.5 * noise * (weights[:, None] > 0)
    many = np.random.default_rng(10).standard_normal((4, 2_000_000))
    truth = (means[:, None] + weights[:, None] * many).max(axis=0).mean() - means.max()
    found = evppi(net, z[1:])
    gap = found.value - truth
    assert -SIGMAS * found.mcse - LOW_SIDE * evpi(net).value < gap < SIGMAS * found.mcse


@pytest.mark.parametrize("seed", range(20))
def test_bounds_hold_in_every_sample(seed: int) -> None:
    """Between 0 and EVPI exactly, however few the draws and however wild the worths."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(100, 400))
    z = rng.standard_normal((int(rng.integers(1, 30)), n))
    net = np.exp(rng.standard_normal((3, n)) * 2) * z[0] + rng.standard_normal((3, 1))
    found, perfect = evppi(net, z), evpi(net)
    assert 0 <= found.value <= perfect.value


def test_more_knowledge_is_worth_no_less() -> None:
    n = 20_000
    rng = np.random.default_rng(2)
    z = rng.standard_normal((5, n))
    act = np.exp(0.6 * z[0] + 0.4 * z[1]) * (1 + 0.3 * z[2]) - 1.2 + 0.3 * z[3] * z[4]
    net = np.vstack([np.zeros(n), act, 0.5 * act + 0.2 * z[3]])
    found = [evppi(net, z[:k]) for k in range(1, 6)]
    for less, more in pairwise(found):
        assert more.value > less.value - 2 * max(less.mcse, more.mcse)
    # The five are all there is.
    perfect = evpi(net).value
    assert perfect * (1 - LOW_SIDE) < found[-1].value <= perfect


def test_options_of_no_uncertainty_are_not_worth_knowing_more_about() -> None:
    net = np.vstack([np.zeros(200), np.ones(200)])
    z = np.random.default_rng(0).standard_normal((3, 200))
    assert evpi(net).value == evppi(net, z).value == 0
    assert not evppi(net, z).distinguishable


# ---------------------------------------------------------------- the whole


def near_call() -> Scenario:
    """A plan so dear that whether to act is a near thing."""
    costs = {"skills": 34.0, "inclusion": 10.0}
    changes = {
        f"levers.{lever}.cost_gbp_per_head_per_year.value": cost for lever, cost in costs.items()
    }
    return plain(SKILLS).edit(changes)


@cache
def known() -> ValueOfInformation:
    return voi(near_call(), MANCHESTER, draws=10_000, study_draws=10_000)


def present_value(result: gainsmodel.Result, metric: str) -> Array:
    code = load_dataset("mayoral").resolve(MANCHESTER)[0]
    return result.draws(f"{metric}_present_value_gbp_m")[code].to_numpy().astype(float)


def net_benefit(plan: Scenario, settings: Settings, variation: Any = None) -> Array:
    run = Run(plan, load_dataset("mayoral"), settings, paired=True, variation=variation)
    acting, not_acting = run.results()
    gain, cost = (
        present_value(acting, metric) - present_value(not_acting, metric)
        for metric in ("gain", "cost")
    )
    return gain - cost - present_value(acting, "lever_cost")


def others_than(name: str, groups: list[Group]) -> list[str]:
    return [p for group in groups if group.name != name for p in group.core_parameters]


@pytest.mark.parametrize(
    "name",
    ["take_up", *(pytest.param(name, marks=pytest.mark.slow) for name in ("effect", "ceiling"))],
)
def test_nested_runs_agree(name: str) -> None:
    """The group is kept and everything else drawn anew, again and again.

    Deciding on the mean of all these runs is biased upward by their noise, deciding on one half
    and counting the other downward; the truth is between.
    """
    plan, settings, repeats = near_call(), Settings(draws=1_500, sampler="random"), 32
    reseed = others_than(name, groups_of(plan)[0])
    nested = np.array(
        [
            net_benefit(plan, settings, {"reseeded": {"seed": 100 + i, "parameters": reseed}})
            for i in range(repeats)
        ]
    )
    usual = max(nested.mean(), 0.0)
    upper = np.maximum(nested.mean(axis=0), 0).mean() - usual
    halves = nested[: repeats // 2].mean(axis=0), nested[repeats // 2 :].mean(axis=0)
    lower = np.mean([(b * (a > 0)).mean() for a, b in (halves, halves[::-1])]) - usual
    error = np.maximum(nested.mean(axis=0), 0).std() / math.sqrt(settings.draws)
    row = known().groups.row(by_predicate=pl.col("group") == name, named=True)
    room = 3 * math.hypot(error, row["mcse_gbp_m"])
    assert lower - room < row["evppi_gbp_m"] < upper + room


def test_net_benefit_is_gain_less_both_costs_against_doing_nothing() -> None:
    found = voi(near_call(), MANCHESTER, draws=400, study_draws=400)
    expected = net_benefit(near_call(), Settings(draws=400))
    rows = {row["option"]: row for row in found.options.iter_rows(named=True)}
    row = rows[near_call().title]
    assert row["net_benefit_gbp_m_mean"] == pytest.approx(expected.mean(), rel=1e-4)
    assert row["net_benefit_gbp_m_p05"] == pytest.approx(np.quantile(expected, 0.05), rel=1e-4)
    assert row["p_best"] == pytest.approx((expected > 0).mean())
    assert rows[NOTHING]["net_benefit_gbp_m_mean"] == 0
    assert found.evpi_gbp_m == pytest.approx(
        np.maximum(expected, 0).mean() - max(expected.mean(), 0), rel=1e-3
    )


def test_no_group_is_worth_more_than_everything_and_none_less_than_nothing() -> None:
    for found in (known(), voi([SKILLS, ALL], MANCHESTER, draws=2_000, study_draws=2_000)):
        worth = found.groups["evppi_gbp_m"]
        assert worth.min() >= 0
        assert worth.max() <= found.evpi_gbp_m
        assert worth.is_sorted(descending=True)


def test_a_greater_group_is_worth_no_less() -> None:
    few: dict[str, Any] = {"draws": 4_000, "study_draws": 4_000}
    nested = [["take_up"], ["take_up", "productivity_effect"], ["*"]]
    found = []
    for names in nested:
        groups = voi(near_call(), MANCHESTER, **few, groups={"G": names}).groups
        found.append(groups.row(by_predicate=pl.col("group") == "G", named=True))
    for less, more in pairwise(found):
        assert more["evppi_gbp_m"] > less["evppi_gbp_m"] - 2 * less["mcse_gbp_m"]
    assert found[2]["evppi_gbp_m"] > 1.2 * found[0]["evppi_gbp_m"]
    perfect = voi(near_call(), MANCHESTER, **few).evpi_gbp_m
    assert found[2]["evppi_gbp_m"] <= perfect


def test_what_is_uncertain_about_any_option_counts() -> None:
    """The second plan's levers are among the groups, and costs are, unlike in other questions."""
    found = voi([SKILLS, ALL], MANCHESTER, draws=200, study_draws=200)
    assert found.options.height == 3
    assert {"lever_effects", "adoption_cost"} <= set(found.groups["group"])
    own = {"Open data": ["levers.open_data.*"], "Cost": ["adoption_cost_share"]}
    few = {"draws": 200, "study_draws": 200}
    labels = voi([SKILLS, ALL], MANCHESTER, **few, groups=own).groups["label"]
    assert {"Open data", "Cost"} <= set(labels)


def test_displacement_takes_from_the_gain() -> None:
    off = known()
    displaced = near_call().edit({"parameters.displacement.enabled": True})
    on = voi(displaced, MANCHESTER, draws=10_000, study_draws=1_000)
    title = near_call().title
    mean = {
        name: dict(found.options.select("option", "net_benefit_gbp_m_mean").iter_rows())[title]
        for name, found in (("on", on), ("off", off))
    }
    assert mean["on"] < mean["off"]
    assert any("efore displacement" in note for note in off.notes)
    assert not any("efore displacement" in note for note in on.notes)


def test_threads_change_nothing() -> None:
    one = voi(SKILLS, MANCHESTER, draws=300, study_draws=300, threads=1)
    three = voi(SKILLS, MANCHESTER, draws=300, study_draws=300, threads=3)
    assert one.groups.equals(three.groups)
    assert one.options.equals(three.options)


def test_progress_reaches_its_end() -> None:
    seen: list[tuple[int, int]] = []
    voi(
        [SKILLS, ALL],
        MANCHESTER,
        draws=100,
        study_draws=200,
        on_progress=lambda *at: seen.append(at),
    )
    done = [at for at, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (900, 900)


@pytest.mark.parametrize(
    ("scenarios", "area", "settings", "words"),
    [
        ([], MANCHESTER, {}, "at least one plan"),
        ("reference", MANCHESTER, {}, "nothing to decide"),
        ([SKILLS, "delivered_in_full"], MANCHESTER, {}, "more than its plan .parameters."),
        ([SKILLS, SKILLS], MANCHESTER, {}, "two plans are called"),
        (SKILLS, "Manchestr", {}, "the nearest are"),
        (SKILLS, MANCHESTER, {"draws": 99}, "^draws: at least 100"),
        (SKILLS, MANCHESTER, {"study_draws": 99}, "^study_draws: at least 100"),
        (SKILLS, MANCHESTER, {"groups": {"a": ["ceilng"]}}, "did you mean 'ceiling'"),
    ],
)
def test_what_cannot_be_answered_is_answered_in_words(
    scenarios: Any, area: str, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises((SettingError, UnknownNameError), match=words):
        voi(scenarios, area, **{"draws": 100, **settings})


def test_a_scenario_without_a_plan_is_doing_nothing() -> None:
    found = voi(["reference", SKILLS], MANCHESTER, draws=100, study_draws=100)
    assert sorted(found.options["option"]) == [NOTHING, "Skills first in Greater Manchester"]


# ---------------------------------------------------------------- words


def test_a_near_call_says_so_and_what_to_learn_first() -> None:
    few = voi(near_call(), MANCHESTER, draws=200, study_draws=200)
    assert "cannot be ranked by net present value" in few.summary[0]
    summary = known().summary
    assert "no study can be worth more" in summary[1]
    top = known().groups["label"][0]
    assert summary[2].startswith(f"First to learn: “{top}” (worth about £")


def test_a_clear_call_says_so() -> None:
    cheap = {f"levers.{lever}.cost_gbp_per_head_per_year.value": 0.0 for lever in ("skills",)}
    found = voi(load_scenario(SKILLS).edit(cheap), MANCHESTER, draws=300, study_draws=300)
    assert f"“{load_scenario(SKILLS).title}” is worth about £" in found.summary[0]
    assert f"more than “{NOTHING}” on average (net present value)" in found.summary[0]


def test_where_nothing_can_change_the_decision_it_is_said() -> None:
    """Far from the plan: nothing is gained and nothing is paid, but for spillover."""
    dear = {
        f"levers.{lever}.cost_gbp_per_head_per_year.value": 1e6
        for lever in ("leadership", "skills", "inclusion")
    }
    found = voi(load_scenario(SKILLS).edit(dear), MANCHESTER, draws=300, study_draws=300)
    assert found.options["option"][0] == NOTHING
    assert found.evpi_gbp_m == 0
    assert found.summary[1:] == [
        "Nothing that could be learned would be likely to change the decision."
    ]


def test_the_answer_goes_into_json() -> None:
    plain = json.loads(json.dumps(known().to_dict(), allow_nan=False))
    assert plain["groups"][0]["evppi_gbp_m"] > 0
    assert plain["options"]


# ---------------------------------------------------------------- the command line

FEW = ("--draws", "1000", "--study-draws", "1000")


def test_the_command_prints_options_groups_and_what_follows() -> None:
    done = program("voi", SKILLS, ALL, "--area", MANCHESTER, *FEW)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = voi([SKILLS, ALL], MANCHESTER, draws=1_000, study_draws=1_000)
    flat = " ".join(done.stdout.split())
    for words in (*found.options["option"], *found.groups["label"], *found.summary, *found.notes):
        assert words in flat
    assert "not distinguishable from zero" in done.stdout
    assert "judgement" in done.stdout


def test_the_command_gives_the_same_as_the_function() -> None:
    done = program("voi", SKILLS, "--area", MANCHESTER, *FEW, "--json")
    expected = voi(SKILLS, MANCHESTER, draws=1_000, study_draws=1_000).to_dict()
    assert json.loads(done.stdout) == json.loads(json.dumps(expected))


def test_a_mistake_at_the_command_line_is_one_message() -> None:
    done = program("voi", "reference", "--area", MANCHESTER)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: scenarios: no lever is moved in any, so there is nothing to decide"
    ]


def test_the_take_up_of_every_lever_counts() -> None:
    """The core gives take-up of all moved levers one name; they are told apart by lever."""
    scenario = load_scenario(ALL)
    names, _ = gainsmodel.run(scenario, draws=16, sampler="random").standard_normals()
    told = list(_told_apart(names, scenario))
    assert len(set(told)) == len(told) == names.height
    of_take_up = [key for key in told if key[0] == "take_up"]
    assert [lever for _, area, _, lever in of_take_up if not area] == [*scenario.levers]
    areas = load_dataset("mayoral").areas.height
    assert len(of_take_up) == len(scenario.levers) * (areas + 1)


def test_plans_that_start_later_are_options_of_one_decision_as_in_compare() -> None:
    plan = gainsmodel.load_scenario("skills_first")
    later = plan.edit({"setting.lever_delay_years": 3.0, "title": "Three years later"})
    asked = {"draws": 200, "seed": 3}
    value = gainsmodel.voi([plan, later], "Greater Manchester", study_draws=200, **asked)
    compared = gainsmodel.compare(plan, later, area="Greater Manchester", **asked)
    assert compared.verdict is not None
    assert compared.verdict.in_words(plan.title, later.title) in value.summary


def test_numbers_of_take_up_go_to_the_levers_whose_take_up_varies() -> None:
    scenario = load_scenario("skills_first").edit(
        {"levers.leadership.take_up": {"value": 0.4, "unit": "share"}}
    )
    names = pl.DataFrame(
        [("take_up", "", ""), ("take_up", "E1", ""), ("take_up", "", ""), ("lag_years", "", "")],
        schema=("parameter", "area_code", "cell"),
        orient="row",
    )
    assert [lever for *_, lever in _told_apart(names, scenario)] == [
        *("inclusion", "inclusion", "skills", ""),
    ]


# ---------------------------------------------------------------- several structures


def test_knowing_the_structure_in_closed_form() -> None:
    """An option that brings 3 or −1 with equal chance: 1 on average, 1.5 if that is known."""
    rng = np.random.default_rng(4)
    place = np.arange(40_000) // 16 % 2
    net = np.stack([np.zeros(40_000), np.where(place == 0, 3.0, -1.0) + rng.normal(size=40_000)])
    known = worth_of_choice(net, place)
    assert known.value == pytest.approx(0.5, abs=4 * known.mcse)
    assert known.mcse < 0.02
    # Where one option is best in all, nothing; and chance alone is not taken for knowledge.
    assert worth_of_choice(net + np.array([[0.0], [2.0]]), place).value == 0
    noise = np.stack([np.zeros(2_000), rng.normal(size=2_000) + 0.01])
    worths = [worth_of_choice(noise, rng.integers(0, 4, 2_000)) for _ in range(20)]
    assert np.mean([w.value > 2 * w.mcse for w in worths]) < 0.2


def test_axes_of_structures_stand_among_what_is_worth_knowing() -> None:
    targets = ("ceiling", "productivity_effect", "imitation")
    skills = [
        {
            "name": name,
            "weight": weight,
            "overrides": {f"levers.skills.effects.{target}.value": size for target in targets},
        }
        for name, weight, size in (("work", 0.6, 0.1), ("fail", 0.4, 0.0))
    ]
    curves = [
        {"name": curve, "weight": 0.5, "overrides": {"setting.curve": curve}}
        for curve in ("bass", "logistic")
    ]
    base = load_scenario("skills_first")
    listed = base.edit({"structure": skills})
    axes = [{"name": "skills", "choice": skills}, {"name": "curve", "choice": curves}]
    found = voi(listed, MANCHESTER, draws=1_600, study_draws=1_600)
    row = found.groups.row(by_predicate=pl.col("group") == "structure", named=True)
    assert row["label"] == "Structure of the model"
    assert row["distinguishable"]
    assert row["evppi_gbp_m"] <= found.evpi_gbp_m
    crossed = base.edit({"structure_axis": axes})
    known = voi(crossed, MANCHESTER, draws=1_600, study_draws=1_600).groups
    values = dict(zip(known["label"], known["evppi_gbp_m"], strict=True))
    assert values["Structure: skills"] > values["Structure: curve"]


# ---------------------------------------------------------------- effects that may be nothing


@pytest.mark.parametrize(("p_zero", "cost"), [(0.5, 30.0), (0.5, 60.0), (0.8, 60.0), (0.8, 100.0)])
def test_whether_it_works_is_worth_what_a_decision_with_and_without_it_says(
    p_zero: float, cost: float
) -> None:
    """A plan brings exp(z/2)·100 or nothing, and costs the same: by brute force."""
    n = 40_000
    rng = np.random.default_rng(7)
    works, z, other = rng.random(n) > p_zero, *rng.standard_normal((2, n))
    net = np.stack([np.zeros(n), 100 * works * np.exp(z / 2) * (1 + 0.2 * other) - cost])
    many = 100 * np.exp(np.random.default_rng(8).standard_normal(2_000_000) / 2)
    usual = max((1 - p_zero) * many.mean() - cost, 0.0)
    of_works = (1 - p_zero) * max(many.mean() - cost, 0.0) - usual
    of_both = (1 - p_zero) * np.maximum(many - cost, 0.0).mean() - usual
    perfect = evpi(net)
    for numbers, truth in (([works], of_works), ([works, works * z], of_both)):
        found = evppi(net, np.array(numbers, dtype=float))
        gap = found.value - truth
        # What the usual choice is worth leans on the draws too.
        error = math.hypot(found.mcse, net[1].std() / math.sqrt(n))
        assert -SIGMAS * error - LOW_SIDE * perfect.value < gap < SIGMAS * error
        assert found.value <= perfect.value


@pytest.mark.parametrize("plan", [SKILLS, ALL])
def test_knowing_which_levers_work_is_worth_the_choice_in_each_case(plan: str) -> None:
    draws = 8_000
    groups = {"Which work": ["zero_correlation"]}
    known = voi(plan, MANCHESTER, draws=100, study_draws=draws, groups=groups)
    pair = gainsmodel.run_paired(plan, draws=draws, sampler="random")
    unit = unit_of(pair.dataset, MANCHESTER)
    net = pair.net_present_value_draws(unit)
    inputs = pair.with_plan.inputs()
    effects = [inputs[name].to_numpy() != 0 for name in inputs.columns if ".effects." in name]
    _, case = np.unique(np.array(effects), axis=1, return_inverse=True)
    in_each = np.bincount(case.ravel(), net) / draws
    truth = np.maximum(in_each, 0).sum() - max(net.mean(), 0)
    row = known.groups.row(by_predicate=pl.col("group") == "Which work", named=True)
    assert truth > 1
    assert row["evppi_gbp_m"] == pytest.approx(min(truth, known.evpi_gbp_m), rel=0.05)


def test_what_levers_do_is_worth_no_less_than_whether_they_work() -> None:
    asked: dict[str, Any] = {"draws": 8_000, "study_draws": 8_000}
    which = voi(SKILLS, MANCHESTER, groups={"Which": ["zero_correlation"]}, **asked).groups
    usual = voi(SKILLS, MANCHESTER, **asked)
    does = usual.groups.row(by_predicate=pl.col("group") == "lever_effects", named=True)
    less = which.row(by_predicate=pl.col("group") == "Which", named=True)
    assert does["evppi_gbp_m"] > less["evppi_gbp_m"] - 2 * less["mcse_gbp_m"]
    assert usual.groups["evppi_gbp_m"].max() <= usual.evpi_gbp_m
    assert does["group"] == usual.groups["group"][0]
