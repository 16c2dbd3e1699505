"""Whether a peer computes the model: no peer is timed that fails.

``pytest benches/peers/check.py``, or `check` from the benchmark. Two questions are kept apart:
from given standard normals a peer must agree with the independent model of ``tests/reference``
draw by draw; and its own random numbers must give what the core gives, within Monte Carlo error.
"""

import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gainsmodel
from peers.problem import BY_CELL, NATIONAL, PARAMETERS, PROBABILITIES, Problem, problem, summarise

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from plain import plain
from reference.model import simulate
from reference.random_numbers import normals

PEERS = ("numpy", "numba", "jax")
SCENARIOS = ("reference", "greater_manchester_all_levers", "everyone_all_levers")
GIVEN_DRAWS, RTOL = 128, 1e-5
OWN_DRAWS, CORE_DRAWS, STANDARD_ERRORS = 4_096, 65_536, 5.0


def scenario(name: str, geography: str = "mayoral") -> gainsmodel.Scenario:
    """A shipped scenario, or the reference with all five levers in every area.

    Without what peers do not know: effects that may be nothing, costs that follow take-up, starts
    moved to the surveys, growth in common.
    """
    loading = gainsmodel.load_scenario("reference").parameters.growth_loading.values
    apart = {
        "setting.geography": geography,
        "parameters.growth_loading.values": dict.fromkeys(loading, 0.0),
        "parameters.growth_transitory.value": 0.0,
    }
    if name != "everyone_all_levers":
        return plain(name).edit(apart)
    made = plain("reference").edit(apart)
    areas = gainsmodel.load_dataset(geography).areas["area_name"].to_list()
    levers = list(made.levers)
    return made.edit({f'plan."{area}".{lever}': 1.0 for area in areas for lever in levers})


def peer(name: str) -> ModuleType:
    """The peer's module, or a skip with the reason where its library is absent."""
    pytest.importorskip(name, reason=f"{name} is not installed")
    return importlib.import_module(f"peers.{name}_peer")


def given(problem: Problem, z: dict[str, Any], draws: int) -> tuple[Any, Any, Any]:
    """The reference model's standard normals as peers take them."""
    shared = np.zeros((problem.shared, draws), np.float32)
    order, levers = (
        problem.order,
        [
            lever
            for lever, intensity in zip(
                problem.spec["levers"], problem.arrays["intensity"], strict=True
            )
            if intensity.any()
        ],
    )

    def put(group: str, row: Any, key: str, areas: Any = None) -> None:
        if key in z:
            values = z[key].T if areas is None else z[key].T[areas]
            problem.part(shared, group)[row] = values

    for i, name in enumerate(PARAMETERS):
        for level in ("nation", "technology", "sector"):
            put(level, i, f"{name}/{level}")
        put("area", i, f"{name}/area", order)
    for i, name in enumerate(NATIONAL):
        put("national", i, f"national/{name}")
    put("complements", ..., "complements/area", order)
    put("growth_area", ..., "growth_area/area", order)
    put("growth_sector", ..., "growth_sector/sector")
    row = len(NATIONAL)
    for i, lever in enumerate(levers):
        for target in lever["effects"]:
            put("national", row, f"lever/{lever['name']}/effect/{target}")
            row += 1
        put("take_up_nation", i, f"lever/{lever['name']}/take_up/nation")
        put("take_up_area", i, f"lever/{lever['name']}/take_up/area", order[: problem.moved])
    cells = np.array(
        [z[f"{PARAMETERS[i]}/cell"].transpose(3, 1, 2, 0)[:, order] for i in BY_CELL], np.float32
    )
    growth = z["growth_cell/cell"].transpose(1, 2, 0)[order].astype(np.float32)
    return shared, cells, growth


@cache
def expected(name: str, geography: str = "mayoral") -> tuple[Problem, Any, Any, Any]:
    """A problem, standard normals, and what the independent model makes of them."""
    p = problem(scenario(name, geography))
    z = normals(p.spec, 7, 0, GIVEN_DRAWS)
    z = {key: np.asarray(values, np.float32).astype(float) for key, values in z.items()}
    out = simulate(p.spec, p.arrays, z)
    gain = out["gain_by_cell_gbp_m"].sum(axis=2).transpose(1, 2, 0)
    growth = 1.0 + out["parameters"]["growth"][..., None]
    gva = p.arrays["gva_gbp_m"][..., None] * growth ** np.arange(1, p.years + 1)
    kappa = out["parameters"]["national"]["adoption_cost_share"]
    newly = np.diff(out["adoption"], axis=-1).sum(axis=3)
    cost = np.einsum("n,nrst,nrst->rtn", kappa, gva, newly)
    return p, given(p, z, GIVEN_DRAWS), gain, cost


@cache
def core(name: str) -> gainsmodel.Result:
    """The core on many draws of plain Monte Carlo."""
    return gainsmodel.run(scenario(name), draws=CORE_DRAWS, seed=11, sampler="random")


def largest_difference(name: str, which: str) -> float:
    """The largest relative difference from the independent model, over draws and areas."""
    p, inputs, gain, cost = expected(which)
    ours = peer(name).simulate(p, *(values.copy() for values in inputs))
    return max(
        float(np.max(np.abs(p.in_dataset_order(np.asarray(got)) / wanted - 1)))
        for got, wanted in zip(ours, (gain, cost), strict=True)
    )


def largest_deviation(name: str, which: str) -> float:
    """The largest deviation of the peer's own means and quantiles, in standard errors.

    A quantile is judged by how many of the peer's draws lie below the core's: a count needs no
    estimate of the density.
    """
    p, result = problem(scenario(which)), core(which)
    outcome = peer(name).run(p, OWN_DRAWS, seed=5, threads=2)
    check_summary(outcome)
    gain, cost = (p.in_dataset_order(np.asarray(x)) for x in (outcome.gain, outcome.cost))
    gain, cost = (np.concatenate([x, x.sum(axis=0, keepdims=True)]) for x in (gain, cost))
    tables = [result.areas(), result.groups()]
    ours = {
        "gain_final_year_gbp_m": gain[:, -1],
        "gain_cumulative_gbp_m": gain.sum(axis=1),
        "cost_cumulative_gbp_m": cost.sum(axis=1),
        "share": (gain[:, -1] / gain[-1, -1])[:-1],
    }
    largest = 0.0
    for metric, values in ours.items():

        def wanted(what: str, metric: str = metric, count: int = len(values)) -> Any:
            columns = [table[f"{metric}_{what}"].to_numpy() for table in tables]
            return np.concatenate(columns)[:count]

        error = np.hypot(values.std(axis=-1) / np.sqrt(OWN_DRAWS), wanted("mcse_mean"))
        deviations = [np.abs(values.mean(axis=-1) - wanted("mean")) / error]
        for q in PROBABILITIES:
            error = np.sqrt(q * (1 - q) * (1 / OWN_DRAWS + 1 / CORE_DRAWS))
            below = (values <= wanted(f"p{round(100 * q):02}")[:, None]).mean(axis=-1)
            deviations.append(np.abs(below - q) / error)
        largest = max(largest, float(np.max(deviations)))
    return largest


def check_summary(outcome: Any) -> None:
    """The summary is that of the draws."""
    gain = np.asarray(outcome.gain, np.float64)
    gain = np.concatenate([gain, gain.sum(axis=0, keepdims=True)])
    for summary, values in (
        (outcome.summary.gain, gain),
        (outcome.summary.share, gain[:, -1] / gain[-1, -1]),
        (outcome.summary.cumulative, gain.sum(axis=1)),
    ):
        quantiles = np.moveaxis(np.quantile(values, PROBABILITIES, axis=-1), 0, -1)
        wanted = np.concatenate([values.mean(axis=-1)[..., None], quantiles], axis=-1)
        np.testing.assert_allclose(summary, wanted, rtol=1e-5)


def check(name: str) -> str | None:
    """Why a peer may not be timed; None if it may."""
    try:
        for which in SCENARIOS:
            if not (difference := largest_difference(name, which)) <= RTOL:
                return f"{which}: {difference:.1e} from the independent model, draw by draw"
            if not (deviation := largest_deviation(name, which)) <= STANDARD_ERRORS:
                return f"{which}: {deviation:.1f} standard errors from the core"
    except pytest.skip.Exception as absent:
        return str(absent)
    except AssertionError as wrong:
        return f"its summary is not that of its draws: {wrong}"
    return None


@pytest.mark.parametrize("which", SCENARIOS)
@pytest.mark.parametrize("name", PEERS)
def test_agrees_with_the_independent_model_draw_by_draw(name: str, which: str) -> None:
    assert largest_difference(name, which) <= RTOL


@pytest.mark.parametrize("which", SCENARIOS)
@pytest.mark.parametrize("name", PEERS)
def test_own_draws_agree_with_the_core_within_monte_carlo_error(name: str, which: str) -> None:
    assert largest_deviation(name, which) <= STANDARD_ERRORS


def test_summary_of_one_draw_is_the_draw() -> None:
    gain = np.array([[[1.0], [2.0]], [[3.0], [6.0]]], np.float32)
    summary = summarise(gain, threads=1)
    assert (summary.gain == gain[[0, 1, 1]] + np.array([[0], [0], [1]])[..., None] * gain[0]).all()
    assert (summary.share[:, 0] == np.array([0.25, 0.75, 1.0], np.float32)).all()
