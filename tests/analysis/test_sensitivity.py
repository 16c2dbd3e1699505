"""What drives an answer: the numbers of the design, the estimators, the words.

The core's re-seeding and holding are held against the reference model, draw by draw; the
estimators against functions whose indices are known and against SALib; the whole against
scenarios small enough to have their indices in closed form.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from SALib.analyze import sobol as salib
from scipy import stats

import gainsmodel
from gainsmodel import (
    ResultError,
    Scenario,
    ScenarioError,
    SettingError,
    UnknownNameError,
    load_dataset,
    load_scenario,
    shipped_scenarios,
)
from gainsmodel.analysis.sensitivity import (
    OUTPUTS,
    Sensitivity,
    _pull,
    caveats,
    disagreement,
    sensitivity,
)
from gainsmodel.analysis.sobol import sobol_indices
from gainsmodel.present.blocks import Grid, Words
from gainsmodel.present.pages.sensitivity import sensitivity as sensitivity_page
from gainsmodel.scenario.parameter_groups import GROUPS, every_parameter, groups_of, uncertain
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings
from plain import plain
from program import gainsmodel as program
from reference.model import simulate
from reference.random_numbers import normals
from toy import SPREAD, TARGETS, run_core, toy_data, toy_spec, zero_or

Array = np.ndarray
A, B = 11, 2**63 + 5
MANCHESTER = "Greater Manchester"
SIGMAS = 4.5
Z90 = stats.norm.ppf(0.9)

TOY = toy_spec()
PARAMETERS = [
    *SPREAD,
    *TOY["national"],
    *("complements", "growth_area", "growth_sector", "growth_cell", "growth_transitory"),
    *("odds_ratios", "take_up", "lever_zero", "optimism_bias", "j_curve"),
    *(
        f"levers.{lever['name']}.{rest}"
        for lever in TOY["levers"]
        for rest in (*(f"effects.{t}" for t in TARGETS), "cost_gbp_per_head_per_year")
    ),
]
UNUSED = [
    f"levers.{lever['name']}.effects.{target}"
    for lever in TOY["levers"]
    for target in TARGETS
    if target not in lever["effects"]
]


def toy(**changes: Any) -> tuple[Any, dict[str, Array]]:
    spec = toy_spec()
    spec["national"]["prize_gbp_bn"] = {"kind": "triangular", "low": 0.3, "mode": 1, "high": 9}
    spec["growth_transitory"] = {"kind": "normal", "mean": 0.0, "sd": 0.02}
    spec["growth_loadings"] = [0.5] * len(spec["areas"])
    spec["optimism_bias"] = {"kind": "uniform", "low": 0.0, "high": 0.4}
    spec["j_curve"] = {"kind": "uniform", "low": 0.0, "high": 0.4}
    spec["zero_correlation"] = 0.4
    for lever in spec["levers"]:
        for target, effect in lever["effects"].items():
            lever["effects"][target] = zero_or(0.3, effect)
    spec |= {"seed": A, "draws": 64, **changes}
    return spec, toy_data(spec, 0.7)


def is_of(family: str, parameter: str) -> bool:
    """Whether a family of the reference's numbers belongs to a parameter."""
    start, *rest = family.split("/")
    if start == "national":
        return rest == [parameter]
    if start == "lever":
        lever, what, *target = rest
        if what == "take_up":
            return parameter == "take_up"
        if what == "cost":
            return parameter == f"levers.{lever}.cost_gbp_per_head_per_year"
        return parameter == f"levers.{lever}.effects.{target[0]}"
    return {"odds_ratio": "odds_ratios"}.get(start, start) == parameter


def by_reference(spec: Any, data: dict[str, Array], z: dict[str, Array]) -> dict[str, Any]:
    plain = {key: value for key, value in spec.items() if key not in ("reseeded", "held")}
    return simulate(plain, data, z)


OF_LEVERS = ("lever_cost_cumulative_gbp_m", "prize_gbp_bn", "cost_cumulative_gbp_m")


def assert_same(spec: Any, data: dict[str, Array], z: dict[str, Array]) -> None:
    core, expected = run_core(spec, data), by_reference(spec, data, z)
    for metric in ("gain_gbp_m", "share", *OF_LEVERS):
        np.testing.assert_allclose(
            core.metric(metric), expected[metric], rtol=1e-10, err_msg=metric
        )


# ---------------------------------------------------------------- the core: other numbers


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_reseeded_parameter_takes_its_numbers_from_the_other_seed(parameter: str) -> None:
    spec, data = toy(reseeded={"seed": B, "parameters": [parameter]})
    mine, theirs = normals(spec, A, 0, 64), normals(spec, B, 0, 64)
    mixed = {f: theirs[f] if is_of(f, parameter) else z for f, z in mine.items()}
    moved = [f for f in mixed if is_of(f, parameter)]
    assert moved
    assert_same(spec, data, mixed)


def test_every_number_belongs_to_one_parameter() -> None:
    spec, _ = toy()
    for family in normals(spec, A, 0, 1):
        assert sum(is_of(family, parameter) for parameter in PARAMETERS) == 1, family


@pytest.mark.parametrize("parameter", sorted({*PARAMETERS} - {*UNUSED}))
def test_reseeding_any_uncertain_parameter_changes_something(parameter: str) -> None:
    spec, data = toy()
    before = run_core(spec, data)
    after = run_core(spec | {"reseeded": {"seed": B, "parameters": [parameter]}}, data)
    changed = (
        any((before.metric(m) != after.metric(m)).any() for m in ("gain_gbp_m", *OF_LEVERS))
        or (before.additionality() != after.additionality()).any()
    )
    assert changed


@pytest.mark.parametrize("double", [True, False])
def test_all_parameters_reseeded_are_a_run_of_the_other_seed(double: bool) -> None:
    spec, data = toy(draws=300)
    all_moved = run_core(
        spec | {"reseeded": {"seed": B, "parameters": PARAMETERS}}, data, double=double
    )
    other = run_core(spec | {"seed": B}, data, double=double)
    assert all_moved.statistics.tobytes() == other.statistics.tobytes()


def test_nothing_reseeded_is_the_run_itself() -> None:
    spec, data = toy(draws=300)
    reseeded = run_core(spec | {"reseeded": {"seed": B, "parameters": []}}, data)
    assert reseeded.statistics.tobytes() == run_core(spec, data).statistics.tobytes()


def test_the_numbers_of_two_seeds_are_independent() -> None:
    """Draw by draw, and of everything but the parameter's own."""
    spec, data = toy(draws=20_000, reseeded={"seed": B, "parameters": ["imitation", "take_up"]})
    names, z_b = run_core(spec, data).outcome.numbers()
    _, z_a = run_core({k: v for k, v in spec.items() if k != "reseeded"}, data).outcome.numbers()
    own = [i for i, (parameter, _, _) in enumerate(names) if parameter in ("imitation", "take_up")]
    assert len(own) == (1 + 2 + 4 + 3) + 2 * (1 + 4)
    for i in range(len(names)):
        if i not in own:
            assert (z_a[i] == z_b[i]).all(), names[i]
    # Every pair of an old and a new number: 20 × 20 correlations, and those of the squares.
    for f in (lambda z: z, np.square):
        r = np.corrcoef(f(z_a[own]), f(z_b[own]))[: len(own), len(own) :]
        assert np.abs(r).max() < SIGMAS / math.sqrt(20_000)
    for z in z_b[own]:
        assert stats.kstest(z, "norm").pvalue > 1e-5


@pytest.mark.parametrize("sampler", ["sobol", "sobol_full"])
def test_two_scramblings_of_one_dimension_are_refused(sampler: str) -> None:
    spec, data = toy(sampler=sampler, reseeded={"seed": B, "parameters": ["imitation"]})
    with pytest.raises(ScenarioError, match="random"):
        run_core(spec, data)


def test_two_scramblings_of_one_dimension_are_not_independent() -> None:
    """Why they are refused: whether both are in the same half is settled for pairs of draws."""
    spec, data = toy(sampler="sobol", draws=16 * 512)
    names, z_a = run_core(spec, data).outcome.numbers()
    _, z_b = run_core(spec | {"seed": B}, data).outcome.numbers()
    i = names.index(("lag_years", "", ""))
    lane_a, lane_b = z_a[i][::16], z_b[i][::16]
    r = np.corrcoef(np.sign(lane_a), np.sign(lane_b))[0, 1]
    assert abs(abs(r) - 1) < 1e-9


@pytest.mark.parametrize(
    ("variation", "place"),
    [
        ({"reseeded": {"seed": 1, "parameters": ["imitaton"]}}, "reseeded.*'imitaton'"),
        ({"held": {"direction": [[10_000, 1.0]], "at": 0.0}}, "held"),
        ({"held": {"direction": [[0, 0.5]], "at": 0.0}}, "held"),
    ],
)
def test_a_variation_that_cannot_be_is_refused(variation: Any, place: str) -> None:
    spec, data = toy(**variation)
    with pytest.raises(ScenarioError, match=place):
        run_core(spec, data)


def test_the_numbers_handed_out_are_those_of_the_run() -> None:
    spec, data = toy()
    names, numbers = run_core(spec, data).outcome.numbers()
    z = normals(spec, A, 0, 64)
    assert numbers.shape == (len(names), 64)
    at = dict(zip(names, numbers, strict=True))
    for parameter, cells in (("imitation", spec["technologies"]), ("ceiling", spec["sectors"])):
        level = "technology" if parameter == "imitation" else "sector"
        for i, cell in enumerate(cells):
            expected = z[f"{parameter}/{level}"][:, i]
            np.testing.assert_allclose(at[parameter, "", cell], expected, rtol=1e-5, atol=1e-6)
    for i, area in enumerate(spec["areas"]):
        expected = z["complements/area"][:, i]
        np.testing.assert_allclose(at["complements", area, ""], expected, rtol=1e-5, atol=1e-6)
    expected = z["lever/skills/effect/ceiling"]
    held = at["levers.skills.effects.ceiling", "", ""]
    np.testing.assert_allclose(held, expected, rtol=1e-5, atol=1e-6)


def test_a_held_direction_keeps_its_value_and_leaves_the_rest() -> None:
    spec, data = toy()
    names, _ = run_core(spec, data).outcome.numbers()
    area = spec["areas"][1]
    lag, growth = names.index(("lag_years", "", "")), names.index(("growth_area", area, ""))
    spec["held"] = {"direction": [[lag, 0.6], [growth, -0.8]], "at": 1.3}
    z = normals(spec, A, 0, 64)
    along = 0.6 * z["national/lag_years"] - 0.8 * z["growth_area/area"][:, 1]
    z["national/lag_years"] += 0.6 * (1.3 - along)
    z["growth_area/area"][:, 1] -= 0.8 * (1.3 - along)
    assert_same(spec, data, z)


# ---------------------------------------------------------------- the estimators


def design(
    f: Callable[[Array], Array], dimensions: int, groups: list[list[int]], n: int, seed: int
) -> tuple[Array, Array, Array]:
    """Two independent uniform samples, and A with each group of columns from B."""
    rng = np.random.default_rng(seed)
    a, b = rng.random((n, dimensions)), rng.random((n, dimensions))
    mixed = []
    for group in groups:
        ab = a.copy()
        ab[:, group] = b[:, group]
        mixed.append(f(ab))
    return f(a), f(b), np.array(mixed)


def ishigami(x: Array) -> Array:
    """Ishigami and Homma (1990), a = 7, b = 0.1, of uniforms on 0 to 1."""
    t = math.pi * (2 * x - 1)
    return np.sin(t[:, 0]) + 7 * np.sin(t[:, 1]) ** 2 + 0.1 * t[:, 2] ** 4 * np.sin(t[:, 0])


# Its partial variances (Saltelli et al., Global Sensitivity Analysis, 2008, p. 179).
V1 = 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2
V2 = 49 / 8
V13 = 0.01 * math.pi**8 * (1 / 18 - 1 / 50)
ISHIGAMI = V1 + V2 + V13

G_WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0])


def sobol_g(x: Array) -> Array:
    """Sobol's g function: a product, so every variance has a closed form."""
    return np.prod((np.abs(4 * x - 2) + G_WEIGHTS) / (1 + G_WEIGHTS), axis=1)


def g_indices(group: list[int]) -> tuple[float, float]:
    """First-order and total index of a group: of products, V(group) = Π (1 + Vi) − 1."""
    v = 1 / (3 * (1 + G_WEIGHTS) ** 2)
    others = [i for i in range(len(v)) if i not in group]
    whole = np.prod(1 + v) - 1
    first = np.prod(1 + v[group]) - 1
    closed_others = np.prod(1 + v[others]) - 1
    return float(first / whole), float(1 - closed_others / whole)


CASES = [
    (
        "ishigami",
        ishigami,
        3,
        [([0], V1, V1 + V13), ([1], V2, V2), ([2], 0, V13), ([0, 2], V1 + V13, V1 + V13)],
        ISHIGAMI,
    ),
    ("sobol_g", sobol_g, 5, [([i], *g_indices([i])) for i in range(5)], 1.0),
    (
        "sobol_g_groups",
        sobol_g,
        5,
        [(g, *g_indices(g)) for g in ([0, 4], [1, 2], [3], [0, 1, 2])],
        1.0,
    ),
]


@pytest.mark.parametrize(("f", "dimensions", "groups", "whole"), [c[1:] for c in CASES])
def test_indices_of_known_functions(
    f: Callable[[Array], Array], dimensions: int, groups: Any, whole: float
) -> None:
    n = 60_000
    found = sobol_indices(*design(f, dimensions, [g for g, _, _ in groups], n, seed=3))
    for i, (group, first, total) in enumerate(groups):
        assert abs(found.first[i] - first / whole) < SIGMAS * found.first_se[i] + 1e-12, group
        assert abs(found.total[i] - total / whole) < SIGMAS * found.total_se[i] + 1e-12, group
        assert found.first_se[i] < 0.02
        assert found.total_se[i] < 0.02


def test_intervals_hold_the_true_indices_as_often_as_they_say() -> None:
    exact = np.array([[V1, V2, 0], [V1 + V13, V2, V13]]) / ISHIGAMI
    runs, hits = 400, np.zeros((2, 3))
    for seed in range(runs):
        found = sobol_indices(*design(ishigami, 3, [[0], [1], [2]], 500, seed))
        for row, (index, error) in enumerate(
            ((found.first, found.first_se), (found.total, found.total_se))
        ):
            hits[row] += np.abs(index - exact[row]) < 1.96 * error
    # 95% of 400, give or take 4.5 standard errors of a coverage of 95%.
    assert (np.abs(hits / runs - 0.95) < SIGMAS * math.sqrt(0.95 * 0.05 / runs)).all(), hits / runs


@pytest.mark.parametrize(("f", "dimensions"), [(ishigami, 3), (sobol_g, 5)])
def test_salib_agrees(f: Callable[[Array], Array], dimensions: int) -> None:
    n = 2048
    a, b, ab = design(f, dimensions, [[i] for i in range(dimensions)], n, seed=8)
    found = sobol_indices(a, b, ab)
    middle = np.concatenate([a, b]).mean()
    for i in range(dimensions):
        first = salib.first_order(a - middle, ab[i] - middle, b - middle)
        total = salib.total_order(a - middle, ab[i] - middle, b - middle)
        assert found.first[i] == pytest.approx(first, rel=1e-10, abs=1e-12)
        assert found.total[i] == pytest.approx(total, rel=1e-10, abs=1e-12)
    # As its users call it, with its own centring and its bootstrap.
    names = [f"x{i}" for i in range(dimensions)]
    problem = {"num_vars": dimensions, "names": names, "bounds": [[0, 1]] * dimensions}
    stacked = np.column_stack([a, *ab, b]).ravel()
    theirs = salib.analyze(problem, stacked, calc_second_order=False, num_resamples=500, seed=1)
    np.testing.assert_allclose(found.first, theirs["S1"], atol=2e-3)
    np.testing.assert_allclose(found.total, theirs["ST"], atol=1e-10)
    np.testing.assert_allclose(1.96 * found.first_se, theirs["S1_conf"], rtol=0.2)
    np.testing.assert_allclose(1.96 * found.total_se, theirs["ST_conf"], rtol=0.2)


def test_indices_do_not_depend_on_the_order_of_draws_or_the_unit() -> None:
    a, b, ab = design(ishigami, 3, [[0], [1], [2]], 1000, seed=2)
    order = np.random.default_rng(1).permutation(1000)
    found = sobol_indices(a, b, ab)
    again = sobol_indices(5 + 3 * a[order], 5 + 3 * b[order], 5 + 3 * ab[:, order])
    for name in ("first", "first_se", "total", "total_se"):
        np.testing.assert_allclose(getattr(found, name), getattr(again, name), rtol=1e-10)


def test_an_estimate_below_zero_stays_below_zero() -> None:
    found = [sobol_indices(*design(ishigami, 3, [[2]], 200, seed)).first[0] for seed in range(20)]
    assert min(found) < 0 < max(found)


@pytest.mark.parametrize("n", [0, 1, 10])
def test_an_answer_that_does_not_vary_has_no_indices(n: int) -> None:
    with pytest.raises(SettingError, match="same in every future"):
        sobol_indices(np.ones(n), np.ones(n), np.ones((2, n)))


# ---------------------------------------------------------------- groups


def everything_uncertain() -> Scenario:
    changes: dict[str, Any] = {
        f"parameters.{name}.enabled": True for name in ("displacement", "leakage", "multiplier")
    }
    changes["parameters.sector_odds_ratio.by_technology.ai.values.J"] = {
        "kind": "lognormal",
        "median": 3.0,
        "p05": 2.0,
        "p95": 4.5,
    }
    changes["levers.skills.effects.ceiling.distribution.p_zero"] = 0.5
    for name in ("optimism_bias", "growth_transitory", "j_curve"):
        changes[f"parameters.{name}.value"] = None
        changes[f"parameters.{name}.distribution"] = {"kind": "uniform", "low": 0.0, "high": 0.1}
    changes["prize.value"] = None
    changes["prize.distribution"] = {"kind": "uniform", "low": 150.0, "high": 250.0}
    for lever in load_scenario("reference").levers:
        changes[f"levers.{lever}.cost_gbp_per_head_per_year.value"] = None
        changes[f"levers.{lever}.cost_gbp_per_head_per_year.distribution"] = {
            "kind": "uniform",
            "low": 0.1,
            "high": 5.0,
        }
    scenario = load_scenario("greater_manchester_all_levers").to_dict()
    for path, value in changes.items():
        *parents, last = path.split(".")
        node: Any = scenario
        for key in parents:
            node = node[key]
        if value is None:
            node.pop(last, None)
        else:
            node[last] = value
    return Scenario.from_dict(scenario)


@pytest.mark.parametrize("name", [*shipped_scenarios(), "everything"])
def test_every_uncertain_assumption_is_in_exactly_one_group(name: str) -> None:
    scenario = everything_uncertain() if name == "everything" else load_scenario(name)
    groups, _ = groups_of(scenario)
    listed = [parameter for group in groups for parameter in group.parameters]
    assert sorted(listed) == sorted(uncertain(scenario))
    assert "rest" not in [group.name for group in groups]


def test_the_usual_groups_are_all_there_when_everything_is_uncertain() -> None:
    groups, left_out = groups_of(everything_uncertain())
    assert [group.name for group in groups] == [key for key, _, _ in GROUPS]
    assert left_out == {}
    scenario = everything_uncertain()
    unused = {
        f"levers.{name}.effects.{target}"
        for name, lever in scenario.levers.items()
        for target in TARGETS
        if getattr(lever.effects, target) is None
    }
    assert set(every_parameter(scenario)) - set(uncertain(scenario)) == unused


def test_what_is_uncertain_is_what_the_core_draws() -> None:
    scenario = everything_uncertain()
    settings = Settings(draws=16, sampler="random")
    names, _ = Run(scenario, load_dataset("mayoral"), settings).result().standard_normals()
    drawn = {*names["parameter"], "growth_cell", "growth_transitory"}
    core = {name for group in groups_of(scenario)[0] for name in group.core_parameters}
    assert drawn == core


@pytest.mark.parametrize(
    ("own", "error", "words"),
    [
        ({"a": ["ceilng"]}, UnknownNameError, "'ceilng'; did you mean 'ceiling'"),
        ({"a": ["ceiling"], "b": ["c*"]}, SettingError, "'ceiling' stands in the group 'a' too"),
        ({"a": "ceiling"}, SettingError, "list of names"),
        ({"a": []}, SettingError, "list of names"),
    ],
)
def test_bad_groups_are_explained(own: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        groups_of(load_scenario("reference"), own=own)


def test_own_groups_are_filled_up_with_everything_else() -> None:
    scenario = load_scenario("skills_first")
    own = {"Skills": ["levers.skills.*"], "Prize": ["prize"]}
    groups, left_out = groups_of(scenario, ["innovation"], own)
    assert [group.label for group in groups] == ["Skills", "Everything else"]
    assert left_out == {"Prize": "the same in every future"}
    assert "levers.skills.effects.ceiling" in groups[0].parameters
    assert "innovation" not in groups[1].parameters


def test_reasons_for_leaving_a_group_out() -> None:
    drivers = drivers_of("reference")
    assert drivers.left_out["What the levers do"] == "no lever is moved"
    assert drivers.left_out["Take-up of levers"] == "no lever is moved"
    assert drivers.left_out["Displacement, leakage and multiplier"] == "cannot change this answer"
    _, off = groups_of(plain("skills_first"))
    assert off["Displacement, leakage and multiplier"] == "switched off"
    assert drivers.left_out["What adopting costs firms"] == "cannot change this answer"
    assert drivers.left_out["The national prize"] == "the same in every future"


# ---------------------------------------------------------------- the whole


@cache
def drivers_of(
    name: str, output: Any = "gain_final_year_gbp_m", area: str = "uk", **settings: Any
) -> Sensitivity:
    return sensitivity(name, output, area, **{"draws": 1_000, **settings})


def two_lognormals() -> Scenario:
    """Greater Manchester's gain is a constant × two lognormals, everything else fixed."""
    scenario = load_scenario("reference").to_dict()
    for name, parameter in scenario["parameters"].items():
        stated = parameter.get("by_technology", {}) if name == "initial_adoption" else {}
        for entry in (parameter, *stated.values()):
            if "distribution" in entry and name not in ("productivity_effect", "complements"):
                low = {"beta": 0.15, "pert": 0.05}.get(entry["distribution"]["kind"])
                middle = entry["distribution"].get("median", entry["distribution"].get("mean", low))
                entry["value"] = middle
                del entry["distribution"]
    scenario["parameters"]["uplift_cap"]["value"] = 1.0
    scenario["parameters"]["complements"]["distribution"]["sd"] = 0.25
    scenario["parameters"]["productivity_effect"]["spread"] = {
        **dict.fromkeys(("technology", "area", "sector", "cell"), 0.0),
        "nation": 1.0,
    }
    scenario["parameters"]["productivity_effect"]["distribution"] = {
        "kind": "lognormal",
        "median": 0.02,
        "sigma": 0.4,
    }
    return Scenario.from_dict(scenario)


def test_indices_and_tornado_of_a_scenario_in_closed_form() -> None:
    """Of exp(0.4 z₁ + 0.25 z₂): V(x₁) ∝ exp(0.16) − 1 and so on."""
    effect, complements = math.expm1(0.4**2), math.expm1(0.25**2)
    whole = math.expm1(0.4**2 + 0.25**2)
    own = {"Effect": ["productivity_effect"], "Complements": ["complements"]}
    drivers = sensitivity(two_lognormals(), area=MANCHESTER, groups=own, draws=20_000)
    assert drivers.indices["label"].to_list() == ["Effect", "Complements"]
    for row, first, total in zip(
        drivers.indices.iter_rows(named=True),
        (effect, complements),
        (whole - complements, whole - effect),
        strict=True,
    ):
        for name, exact in (("first", first / whole), ("total", total / whole)):
            error = (row[f"{name}_high"] - row[f"{name}_low"]) / (2 * 1.96)
            assert abs(row[name] - exact) < SIGMAS * error, (row["label"], name)
            assert error < 0.02
    bars = {row["label"]: row for row in drivers.tornado.iter_rows(named=True)}
    # Held at the 10th and 90th percentile, the mean moves by exp(±1.28 σ), and from that of all
    # draws by exp(±1.28 σ − σ²/2), as far as the same draws of the other factor leave an error.
    for label, sigma, other in (("Effect", 0.4, 0.25), ("Complements", 0.25, 0.4)):
        variance = math.exp(sigma**2 + other**2) - math.exp(other**2)
        error = SIGMAS * math.sqrt(variance / 4_000)
        mean = drivers.tornado["mean"][0]
        assert math.log(bars[label]["high"] / bars[label]["low"]) == pytest.approx(
            2 * Z90 * sigma, rel=1e-4
        )
        assert abs(math.log(bars[label]["high"] / mean) - Z90 * sigma + sigma**2 / 2) < error
    assert bars["Complements"]["leading"] == "complements"


def test_a_group_of_everything_explains_everything() -> None:
    drivers = sensitivity("reference", groups={"All": ["*"]}, draws=1_000)
    row = drivers.indices.row(0, named=True)
    assert drivers.indices.height == 1
    for name in ("first", "total"):
        error = (row[f"{name}_high"] - row[f"{name}_low"]) / (2 * 1.96)
        assert abs(row[name] - 1) < SIGMAS * error


@pytest.mark.parametrize(
    ("name", "output", "area", "target"),
    [
        ("reference", "share", MANCHESTER, None),
        ("reference", "gain_cumulative_gbp_m", "the 2017 six", None),
        ("skills_first", "plan_adds", MANCHESTER, None),
        ("skills_first", "p_target", MANCHESTER, 100.0),
    ],
)
def test_every_output_has_its_drivers(
    name: str, output: Any, area: str, target: float | None
) -> None:
    drivers = drivers_of(name, output, area, target_gbp_m=target)
    assert drivers.indices["total"].is_sorted(descending=True)
    assert drivers.tornado["swing"].is_sorted(descending=True)
    assert set(drivers.indices["group"]) == set(drivers.tornado["group"])
    assert drivers.indices["total"].sum() > 0.95
    assert drivers.tornado["mean"].n_unique() == 1
    assert 1 <= len(drivers.caveats) <= 3
    levers = {"lever_effects", "take_up"} & set(drivers.indices["group"])
    assert bool(levers) == (name == "skills_first")
    if output in ("share", "p_target"):
        ends = drivers.tornado.select("low", "mean", "high").to_numpy()
        assert ends.min() >= 0
        assert ends.max() <= 1


def test_the_plan_s_effect_is_the_paired_difference() -> None:
    """Its mean is that of the same draws of a paired run, after displacement and the like."""
    changes = {"parameters.displacement.enabled": True}
    scenario = load_scenario("skills_first").edit(changes)
    drivers = sensitivity(scenario, "plan_adds", MANCHESTER, draws=400)
    with_plan, without = gainsmodel.run_paired(scenario, draws=400, seed=1, sampler="random")
    code = load_dataset("mayoral").resolve(MANCHESTER)[0]
    added = with_plan.draws()[code].to_numpy() - without.draws()[code].to_numpy()
    kept = [
        with_plan.draws(name)[name].to_numpy() for name in ("displacement", "leakage", "multiplier")
    ]
    added = added.astype(float) * (1 - kept[0]) * (1 - kept[1]) * kept[2]
    assert drivers.tornado["mean"][0] == pytest.approx(added.mean(), rel=1e-5)
    assert "adjustments" in drivers.indices["group"].to_list()
    before = "Gross: before displacement, leakage and multiplier."
    assert before not in drivers.notes
    gross = sensitivity(plain("skills_first"), "plan_adds", MANCHESTER, draws=400)
    assert before in gross.notes
    assert before not in drivers_of("skills_first", "share", MANCHESTER).notes


def test_choices_in_the_model_stand_beside_what_is_drawn() -> None:
    drivers = drivers_of("reference", "share", MANCHESTER)
    rows = {(r["switch"], r["choice"]): r for r in drivers.structure.iter_rows(named=True)}
    assert [key for key, row in rows.items() if row["in_use"]] == [
        ("prize.basis", "final_year"),
        ("setting.curve", "bass"),
    ]
    code = load_dataset("mayoral").resolve(MANCHESTER)[0]
    for (switch, choice), row in rows.items():
        other = load_scenario("reference").edit({switch: choice})
        shares = gainsmodel.run(other, draws=1_000, sampler="random").draws("share")[code]
        assert row["mean"] == pytest.approx(shares.mean(), rel=1e-6)
    assert len(rows) == 5
    assert drivers_of("reference").structure["switch"].unique().to_list() == ["setting.curve"]


def test_threads_change_nothing_and_seeds_change_little() -> None:
    one = sensitivity("reference", draws=300, threads=1)
    three = sensitivity("reference", draws=300, threads=3)
    assert one.indices.equals(three.indices)
    assert one.tornado.equals(three.tornado)
    other = sensitivity("reference", draws=300, seed=2)
    assert not one.indices.equals(other.indices)
    assert one.indices["group"][0] == other.indices["group"][0] == "effect"


@pytest.mark.parametrize(
    ("geography", "area"),
    [
        ("mayoral", "The 2017 six"),
        pytest.param("local_authority", MANCHESTER, marks=pytest.mark.slow),
    ],
)
def test_an_area_of_several_is_the_sum_of_its_parts(geography: str, area: str) -> None:
    parts = drivers_of("reference", area=area, geography=geography, draws=100)
    assert parts.area == area
    assert parts.tornado["mean"][0] > 0


def test_progress_reaches_its_end() -> None:
    seen: list[tuple[int, int]] = []
    sensitivity("reference", draws=100, on_progress=lambda *at: seen.append(at))
    done = [at for at, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]
    assert len({total for _, total in seen}) == 1


def test_progress_that_raises_stops_the_work() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sensitivity("reference", draws=100_000, on_progress=stop)


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (("reference", "shar"), {}, "did you mean 'share'"),
        (("reference", "share"), {}, "name an area"),
        (("reference", "plan_adds", MANCHESTER), {}, "moves no lever"),
        (("skills_first", "p_target", MANCHESTER), {}, "target_gbp_m"),
        (("skills_first", "share", MANCHESTER), {"target_gbp_m": 1.0}, "target_gbp_m"),
        (("skills_first", "p_target", MANCHESTER), {"target_gbp_m": math.nan}, "above 0"),
        (("skills_first", "p_target", MANCHESTER), {"target_gbp_m": 1e9}, "in none of the 200"),
        ((plain("everyone_acts"), "p_target", "uk"), {"target_gbp_m": 0.001}, "in all of the 200"),
        (("skills_first", "p_target", MANCHESTER), {"target_gbp_m": -1.0}, "above 0"),
        (("reference",), {"draws": 99}, "at least 100"),
        (("reference", "share", "Manchestr"), {}, "nearest"),
    ],
)
def test_what_cannot_be_answered_is_answered_in_words(
    arguments: Any, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises((SettingError, UnknownNameError), match=words):
        sensitivity(*arguments, **{"draws": 100, **settings})


def test_a_scenario_without_uncertainty_has_no_drivers() -> None:
    scenario = two_lognormals().to_dict()
    for name in ("productivity_effect", "complements"):
        parameter = scenario["parameters"][name]
        parameter["value"] = {"productivity_effect": 0.02, "complements": 0.0}[name]
        del parameter["distribution"]
    with pytest.raises(SettingError, match="nothing that could change this answer"):
        sensitivity(Scenario.from_dict(scenario), draws=100)


def test_a_variation_is_in_the_manifest_and_replays(tmp_path: Any) -> None:
    variation = {"reseeded": {"seed": 5, "parameters": ["ceiling"]}}
    settings = Settings(draws=64, sampler="random")
    run = Run(load_scenario("reference"), load_dataset("mayoral"), settings, variation=variation)
    result = run.result()
    result.save(tmp_path / "varied")
    assert gainsmodel.replay(tmp_path / "varied").draws().equals(result.draws())
    plain = gainsmodel.run("reference", draws=64, sampler="random")
    assert not plain.draws().equals(result.draws())
    with pytest.raises(gainsmodel.ResultError, match="run it again"):
        gainsmodel.Result.load(tmp_path / "varied").standard_normals()


# ---------------------------------------------------------------- words


def frames(
    totals: dict[str, float], swings: dict[str, float], half_width: float = 0.01
) -> tuple[pl.DataFrame, pl.DataFrame]:
    indices = pl.DataFrame(
        {
            "group": list(totals),
            "label": [name.upper() for name in totals],
            "evidence": ["judgement"] * len(totals),
            "total": list(totals.values()),
        }
    ).with_columns(total_low=pl.col("total") - half_width, total_high=pl.col("total") + half_width)
    indices = indices.with_columns(distinguishable=pl.col("total_low") > 0)
    tornado = pl.DataFrame({"group": list(swings), "swing": list(swings.values())})
    return indices, tornado


TOTALS = {"a": 0.5, "b": 0.3, "c": 0.2, "d": 0.1}


def test_the_two_disagree_on_what_acts_through_others() -> None:
    said = disagreement(*frames(TOTALS, {"a": 9.0, "b": 5.0, "d": 3.0, "c": 0.0}))
    assert said == (
        "Variance and range rank “C” differently: it acts mostly together with other "
        "assumptions, which only the share of the variance counts."
    )


@pytest.mark.parametrize(
    ("swings", "half_width"),
    [
        ({"c": 9.0, "b": 5.0, "a": 3.0, "d": 0.0}, 0.01),  # another order of the same three
        ({"a": 9.0, "b": 5.0, "d": 3.0, "c": 0.0}, 0.06),  # too near each other to tell
    ],
)
def test_the_two_agree_where_they_cannot_be_told_apart(
    swings: dict[str, float], half_width: float
) -> None:
    assert disagreement(*frames(TOTALS, swings, half_width)) is None


def test_fewer_than_four_groups_cannot_disagree() -> None:
    assert disagreement(*frames({"a": 0.5, "b": 0.1}, {"b": 2.0, "a": 1.0})) is None


def test_caveats_name_what_matters_and_what_it_rests_on() -> None:
    indices, _ = frames({"a": 0.62, "b": 0.2, "c": 0.005}, {})
    indices = indices.with_columns(evidence=pl.Series(["judgement", "derived", "published"]))
    assert caveats(indices) == [
        "“A” moves this answer most: it accounts for 62% of the variance (total effect). It "
        "rests on judgement, not on measurement.",
        "“B” matters too: it accounts for 20% of the variance (total effect). It is "
        "derived from published figures, not observed itself.",
    ]


def test_nothing_is_said_of_what_cannot_be_told_from_zero() -> None:
    indices, _ = frames({"a": 0.5, "b": 0.3}, {}, half_width=0.4)
    assert len(caveats(indices)) == 1


def test_what_correlated_assumptions_share_is_counted_once_and_said() -> None:
    said = "“Following others” and “Where adoption stops” move together"
    assert any(said in note for note in drivers_of("reference").notes)
    together = sensitivity("reference", groups={"Both": ["imitation", "ceiling"]}, draws=100)
    assert not any("move together" in note for note in together.notes)


def test_extreme_futures_are_pointed_out_only_where_they_weigh() -> None:
    heavy = drivers_of("skills_first", "plan_adds", MANCHESTER)
    assert any("most extreme 1% of draws" in note for note in heavy.notes)
    calm = drivers_of("reference", "share", MANCHESTER)
    assert not any("most extreme 1% of draws" in note for note in calm.notes)


def test_the_answer_goes_into_json() -> None:
    plain = json.loads(json.dumps(drivers_of("reference").to_dict(), allow_nan=False))
    assert plain["output"] in OUTPUTS
    assert plain["indices"][0]["group"] == "effect"


# ---------------------------------------------------------------- the command line


def test_the_command_prints_every_group_with_its_interval_and_its_words() -> None:
    done = program(
        *("sensitivity", "skills_first", "--output", "share", "--area", MANCHESTER),
        *("--draws", "1000"),
    )
    flat = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    drivers = drivers_of("skills_first", "share", MANCHESTER)
    for row in drivers.indices.iter_rows(named=True):
        assert row["label"] in done.stdout
        for name in ("first", "total"):
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            shown = f"{row[name]:.1%} ({low:.1%} to {high:.1%})"
            assert (shown in done.stdout) == (not low <= 0 <= high)
    assert "not distinguishable from zero" in done.stdout
    for words in (*drivers.caveats, *drivers.notes):
        assert words in flat
    for label, reason in drivers.left_out.items():
        assert f"Left out: “{label}”, {reason}." in flat


def test_the_command_gives_the_same_as_the_function() -> None:
    done = program("sensitivity", "reference", "--draws", "1000", "--threads", "1", "--json")
    assert json.loads(done.stdout) == json.loads(json.dumps(drivers_of("reference").to_dict()))


def test_a_mistake_at_the_command_line_is_one_message() -> None:
    done = program("sensitivity", "skills_first", "--output", "p_target")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: --target")
    assert len(done.stderr.splitlines()) == 1


# ---------------------------------------------------------------- several structures

EFFECT = "parameters.productivity_effect.distribution"


def lognormal_effect(median: float) -> dict[str, Any]:
    return {
        EFFECT: {"kind": "lognormal", "median": median, "p05": median / 1.5, "p95": median * 1.5}
    }


def two_sizes(*medians: float) -> Scenario:
    choices = [
        {"name": name, "weight": 0.5, "overrides": lognormal_effect(median)}
        for name, median in zip(("small", "large"), medians, strict=True)
    ]
    curves = [
        {"name": "Bass", "weight": 0.5},
        {"name": "Gompertz", "weight": 0.5, "overrides": {"setting.curve": "gompertz"}},
    ]
    axes = [{"name": "size", "choice": choices}, {"name": "curve", "choice": curves}]
    axes = axes[:1] if medians[0] == medians[1] else axes
    return load_scenario("reference").edit({"setting.geography": "itl1", "structure_axis": axes})


def test_equal_structures_have_the_sensitivity_of_one() -> None:
    """But for the second sample, whose futures keep the structure that they have."""
    one = load_scenario("reference").edit({"setting.geography": "itl1", **lognormal_effect(0.02)})
    single, several = (sensitivity(s, draws=400) for s in (one, two_sizes(0.02, 0.02)))
    assert several.indices.equals(single.indices)
    assert several.tornado.equals(single.tornado)
    assert several.structure.equals(single.structure)
    assert single.by_structure is None
    assert several.by_structure is not None
    assert several.by_structure.between < 0.05


def test_variance_between_structures_stands_beside_that_of_assumptions() -> None:
    drivers = sensitivity(two_sizes(0.01, 0.05), draws=2_000)
    found = drivers.by_structure
    assert found is not None
    shares = dict(zip(found.axes["axis"], found.axes["between"], strict=True))
    assert shares["size"] == pytest.approx(found.between, abs=0.05)
    assert 0.5 < found.between < 0.95
    assert shares["curve"] < 0.05
    # The curve is no choice beside them any more.
    assert drivers.structure.height == 0
    # Alone, groups account for what lies within structures, to within what they do together.
    within = 1 - found.between
    first = drivers.indices["first"].sum()
    assert first == pytest.approx(within, abs=0.25 * within + 0.05)
    assert drivers.indices["total"].sum() > 0.8 * within
    assert drivers.to_dict()["by_structure"]["between"] == found.between
    again = sensitivity(two_sizes(0.01, 0.05), draws=2_000, threads=1)
    assert again.indices.equals(drivers.indices)
    said = printed(drivers)
    assert "of the variance of this answer" in said.lower()
    for word in ("size", "small", "large", "curve", "Bass", "Gompertz"):
        assert word in said


def printed(drivers: Sensitivity) -> str:
    blocks = [*sensitivity_page(drivers)]
    words = [block.text for block in blocks if isinstance(block, Words)]
    rows = [" ".join(row) for block in blocks if isinstance(block, Grid) for row in block.rows]
    return "\n".join([*words, *rows])


def test_structures_that_draw_differently_are_refused_with_what_to_do() -> None:
    structures = [
        {"name": "a", "weight": 0.5},
        {"name": "b", "weight": 0.5, "overrides": {"parameters.lag_years.value": 1.0}},
    ]
    scenario = load_scenario("reference").edit({"structure": structures})
    with pytest.raises(ResultError, match=r"run one of `Scenario\.structures` alone"):
        sensitivity(scenario, draws=200)


# ---------------------------------------------------------------- answers that are often nothing


def test_like_answers_share_a_rank_whatever_their_order() -> None:
    rng = np.random.default_rng(3)
    n = 6_000
    z = rng.standard_normal((4, n)).astype(np.float32)
    # Nothing in four futures of five; among the rest both numbers count, one of them downwards.
    answers = np.where(rng.random(n) < 0.2, np.exp(z[0] - 0.5 * z[1]), 0.0)
    pull = _pull(answers, z, ranked=True)
    order = rng.permutation(n)
    assert _pull(answers[order], z[:, order], ranked=True) == pytest.approx(pull, abs=1e-6)
    # Sorted by a number that tells nothing, it still tells nothing.
    order = np.argsort(z[3])
    assert _pull(answers[order], z[:, order], ranked=True)[3] == 0
    assert pull[2] == pull[3] == 0
    expected = stats.spearmanr(z[0], answers).statistic
    assert pull[0] == pytest.approx(expected, rel=0.1)


def test_bars_of_a_plan_that_may_do_nothing_point_the_right_way() -> None:
    one_by_one = {
        name: [name]
        for name in (
            *("zero_correlation", "take_up", "displacement"),
            *("levers.skills.effects.ceiling", "levers.skills.effects.productivity_effect"),
        )
    }
    found = sensitivity(
        "skills_first", "plan_adds", "Greater Manchester", groups=one_by_one, draws=8_000
    )
    bars = {row["group"]: row for row in found.tornado.iter_rows(named=True)}
    assert bars["zero_correlation"]["low"] < 0.1 * bars["zero_correlation"]["high"]
    for name in one_by_one:
        rises = bars[name]["high"] > bars[name]["low"]
        assert rises is (name != "displacement"), name
