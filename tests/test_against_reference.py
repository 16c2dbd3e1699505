"""The core held against the independent reference model, draw by draw.

Both are given the same standard normals: the core makes its own, the reference has them from
its own implementation of the generator. So these tests check the random numbers as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from gainsmodel.data import load_dataset, readiness
from reference.model import simulate
from reference.random_numbers import normals
from toy import (
    UNIT_METRICS,
    Core,
    fixed,
    logitnormal,
    lognormal,
    normal,
    run_core,
    toy_data,
    toy_spec,
    with_all_fixed,
    zero_or,
)

Spec = dict[str, Any]
Data = dict[str, np.ndarray]

SAMPLERS = ("random", "sobol", "sobol_full")
CURVES = ("bass", "logistic", "gompertz")
BASES = ("final_year", "cumulative")
DOUBLE, SINGLE = 1e-10, 1e-5


def reference(spec: Spec, data: Data) -> dict[str, Any]:
    z = normals(spec, spec["seed"], 0, spec["draws"], spec["sampler"])
    with np.errstate(divide="ignore"):  # the logit of an adoption of 0 or 1 is meant
        return simulate(spec, data, z)


def drawn(spec: Spec, core: Core, expected: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Every quantity that is kept draw by draw: its name, the core's and the reference's."""
    assert tuple(core.layout["unit_metrics"]) == UNIT_METRICS[1:]
    for name in UNIT_METRICS:
        yield name, core.metric(name), expected[name]
    yield (
        "national_gain_by_sector",
        core.national_gain_by_sector(),
        expected["national_gain_by_sector_gbp_m"],
    )
    yield "national_adoption", core.national_adoption(), expected["national_adoption"]
    yield "adjustments", core.adjustments(), expected["adjustments"]


def averaged(
    spec: Spec, data: Data, core: Core, expected: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Every quantity of which only moments are kept: its name and the two means."""
    areas, sectors = data["gva_gbp_m"].shape
    technologies = len(spec["technologies"])
    cells = expected["gain_by_cell_gbp_m"][..., -1].mean(axis=0)
    yield "cell", core.means("cell", areas * sectors), cells.ravel()

    weights = data["gva_gbp_m"] / data["gva_gbp_m"].sum(axis=1, keepdims=True)
    adoption = np.einsum("rs,nrskt->nrkt", weights, expected["adoption"])[..., [0, -1]]
    count = areas * technologies * 2
    yield "area_adoption", core.means("area_adoption", count), adoption.mean(axis=0).ravel()

    area_gva = data["gva_gbp_m"].sum(axis=1)
    unit_gva = [*area_gva, *(area_gva[list(group)].sum() for group in spec["groups"])]
    share, null = expected["share"], np.array(unit_gva) / area_gva.sum()
    reported = ~np.isnan(share).any(axis=1)
    above = (share[reported] > null * (1 + 1e-9)).mean(axis=0) if reported.any() else null * np.nan
    yield "share_above_gva", core.means("share_above_gva", len(unit_gva)), above

    yield "reaches_prize", core.means("reaches_prize", 3), expected["reaches_prize"].mean(axis=0)


def assert_agrees(spec: Spec, data: Data, *, rtol: float = DOUBLE) -> tuple[Core, dict[str, Any]]:
    core, expected = run_core(spec, data), reference(spec, data)
    for name, ours, theirs in drawn(spec, core, expected):
        assert ours.shape == theirs.shape, name
        np.testing.assert_allclose(ours, theirs, rtol=rtol, err_msg=name)
    for name, ours, theirs in averaged(spec, data, core, expected):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, err_msg=name)
    return core, expected


def spec_and_data(intensity: float = 0.0, **sizes: int) -> tuple[Spec, Data]:
    """The toy, with a prize that its small economy reaches in some draws and not in others."""
    spec = toy_spec(**sizes)
    spec["national"]["prize_gbp_bn"] = {"kind": "triangular", "low": 0.3, "mode": 1, "high": 9}
    spec["prize_factor"] = 0.8
    spec["prize_share_of_gva"] = 0.03
    return spec, toy_data(spec, intensity)


@pytest.mark.parametrize("intensity", [0.0, 0.7], ids=["no levers", "levers"])
@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_core_equals_reference(sampler: str, curve: str, basis: str, intensity: float) -> None:
    spec, data = spec_and_data(intensity)
    spec |= {"sampler": sampler, "curve": curve, "basis": basis}
    core, _ = assert_agrees(spec, data)
    # The comparison would mean little if nothing happened, or the same in every draw.
    assert (core.metric("gain_gbp_m")[:, :, -1] > 0).mean() > 0.9
    assert 0 < core.means("reaches_prize", 3)[2] < 1
    assert (core.metric("lever_cost_cumulative_gbp_m")[:, 0] > 0).all() == (intensity > 0)


# --- unusual distributions at every place ----------------------------------------------------


def between(kind: str, low: float, high: float) -> dict[str, Any]:
    """A distribution of a kind, on or near the range."""
    middle = low + 0.4 * (high - low)
    match kind:
        case "uniform":
            return {"kind": kind, "low": low, "high": high}
        case "triangular" | "pert":
            return {"kind": kind, "low": low, "mode": middle, "high": high}
        case "discrete":
            values = [low, middle, middle + 0.1 * (high - low), high]
            return {"kind": kind, "values": values, "probabilities": [0.2, 0.3, 0.0, 0.5]}
        case "gamma":
            return {"kind": kind, "shape": 1.7, "scale": high / 3.4}
        case "beta":
            return {"kind": kind, "alpha": 1.5, "beta": 2.5}
        case "lognormal":
            return lognormal(middle, 0.5)
        case "logitnormal":
            return logitnormal(middle, 0.7)
        case "normal":
            return normal(middle, 0.3 * (high - low))
        case _:
            return fixed(middle)


KINDS = {
    "unit": ("uniform", "triangular", "pert", "discrete", "beta", "logitnormal"),
    "positive": ("uniform", "triangular", "pert", "discrete", "gamma", "lognormal"),
    "real": ("uniform", "triangular", "pert", "discrete", "normal", "fixed"),
}


def with_unusual_distributions(spec: Spec, turn: int) -> Spec:
    """Another kind at each place, so that in six turns every place has had six kinds."""
    place = turn

    def next_kind(support: str, low: float, high: float) -> dict[str, Any]:
        nonlocal place
        place += 1
        return between(KINDS[support][place % 6], low, high)

    ranges = {
        "initial_adoption": ("unit", 0.05, 0.5),
        "innovation": ("positive", 0.0, 0.1),
        "imitation": ("positive", 0.0, 1.5),
        "ceiling": ("unit", 0.3, 0.95),
        "productivity_effect": ("real", 0.001, 0.05),
    }
    for name, range_ in ranges.items():
        parameter = spec["spread_parameters"][name]
        parameter["distributions"] = [next_kind(*range_) for _ in spec["technologies"]]
    spec["odds_ratios"] = [
        [next_kind("positive", 0.3, 2.5) for _ in spec["technologies"]] for _ in spec["sectors"]
    ]
    spec["national"] = {
        "lag_years": next_kind("positive", 0.0, 5.0),
        "decay_per_year": next_kind("unit", 0.0, 0.2),
        "spillover_share": next_kind("unit", 0.0, 1.0),
        "uplift_cap": next_kind("unit", 0.005, 0.04),
        "adoption_cost_share": next_kind("positive", 0.0, 0.05),
        "readiness_slope_initial_adoption": next_kind("real", -0.2, 0.5),
        "readiness_slope_imitation": next_kind("real", -0.2, 0.5),
        "readiness_slope_ceiling": next_kind("real", -0.2, 0.5),
        "readiness_slope_productivity_effect": next_kind("real", -0.2, 0.5),
        "growth_nation": next_kind("real", -0.02, 0.04),
        "prize_gbp_bn": next_kind("positive", 0.3, 9.0),
        "displacement": next_kind("unit", 0.1, 0.5),
        "leakage": next_kind("unit", 0.0, 0.3),
        "multiplier": next_kind("positive", 1.0, 1.6),
    }
    for name in ("complements", "growth_area", "growth_sector", "growth_cell"):
        spec[name] = next_kind("real", -0.05, 0.05)
    spec["take_up"] = {"distribution": next_kind("unit", 0.0, 1.0), "shared_variance": 0.3}
    for lever in spec["levers"]:
        lever["effects"] = {name: next_kind("positive", 0.0, 0.6) for name in lever["effects"]}
        lever["cost_gbp_per_head_per_year"] = next_kind("positive", 0.5, 4.0)
    return spec


@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_any_distribution_works_at_any_place(sampler: str, turn: int) -> None:
    spec, data = spec_and_data(0.8)
    spec = with_unusual_distributions(spec, turn) | {"sampler": sampler}
    core, _ = assert_agrees(spec, data)
    assert core.metric("gain_cumulative_gbp_m").std(axis=0).min() > 0


@pytest.mark.parametrize("basis", BASES)
def test_shares_are_withheld_where_the_national_gain_is_near_zero(basis: str) -> None:
    spec, data = spec_and_data(0.5)
    # Gains of either sign: a seed whose sums do not cancel to less than doubles can tell.
    spec |= {"basis": basis, "share_floor": 1e-3, "draws": 256, "seed": 3}
    spec["spread_parameters"]["productivity_effect"] = {
        "distributions": [normal(0.005, 0.02), normal(0.0, 0.02)],
        "spread": [0.2, 0.1, 0.1, 0.2, 0.4],
    }
    core, expected = assert_agrees(spec, data)
    assert 20 < np.isnan(expected["share"][:, 0]).sum() < 236
    assert (core.metric("gain_gbp_m") < 0).any()


@pytest.mark.parametrize(
    "curve",
    [
        "bass",
        "logistic",
        "gompertz",
    ],
)
def test_nobody_or_everybody_adopting_at_the_start(curve: str) -> None:
    spec, data = spec_and_data(0.5)
    spec["curve"] = curve
    for name, values in (("initial_adoption", [0.0, 0.4, 1.0]), ("ceiling", [0.0, 0.6, 1.0])):
        discrete = {"kind": "discrete", "values": values, "probabilities": [0.3, 0.4, 0.3]}
        spec["spread_parameters"][name]["distributions"] = [discrete, discrete]
    assert_agrees(spec, data)


# --- sizes, levers and correlation at their edges --------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    "sizes",
    [
        {"years": 1},
        {"years": 40},
        {"areas": 1},
        {"areas": 2, "sectors": 1, "technologies": 1, "years": 1},
        {"areas": 9, "sectors": 4},
        # Rows and columns of tiles that come out even, one short and one over.
        {"areas": 5, "technologies": 3},
        {"areas": 6, "technologies": 5, "years": 3},
        {"areas": 11, "sectors": 1, "technologies": 1},
        {"areas": 12, "sectors": 2},
    ],
    ids=str,
)
def test_core_equals_reference_at_any_size(sizes: dict[str, int], sampler: str) -> None:
    spec, data = spec_and_data(0.6, **sizes)
    assert_agrees(spec | {"sampler": sampler}, data)


@pytest.mark.parametrize("technologies", [1, 3])
@pytest.mark.parametrize("unit", [[2], [0, 3], [4, 3, 2, 1, 0]], ids=str)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_detail_of_one_unit_equals_reference(
    sampler: str, unit: list[int], technologies: int
) -> None:
    spec, data = spec_and_data(0.6, areas=5, technologies=technologies)
    spec |= {"sampler": sampler, "detail": unit}
    core, expected = assert_agrees(spec, data)
    gain = expected["gain_by_cell_gbp_m"][..., -1][:, unit].sum(axis=1)
    np.testing.assert_allclose(core.detail_gain_by_sector(), gain, rtol=DOUBLE)
    weights = data["gva_gbp_m"][unit] / data["gva_gbp_m"][unit].sum()
    adoption = np.einsum("rs,nrskt->nkt", weights, expected["adoption"][:, unit])
    np.testing.assert_allclose(core.detail_adoption(), adoption, rtol=DOUBLE)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_levers_of_any_timing(sampler: str) -> None:
    spec, data = spec_and_data(1.0)
    data["intensity"] = np.array([[1.0, 0.3, 0.0, 1.0], [0.0, 0.5, 1.0, 1.0]])
    # At once, gradual, already running, beyond the horizon; on and beside the middle of a year.
    data["start_years"] = np.array([[0.5, 1.5001, 0.0, -3.0], [0.0, 2.5, 50.0, 5.49]])
    data["ramp_years"] = np.array([[0.0, 0.0, 1.0, 7.0], [1.0, 0.0, 1.0, 0.1]])
    # The second lever's effect on the ceiling is so great that it closes the gap in some draws.
    spec["levers"][1]["effects"] = {
        "ceiling": lognormal(2.0, 0.8),
        "innovation": fixed(0.4),
    }
    assert_agrees(spec | {"sampler": sampler}, data)


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("technologies", [1, 2, 3])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_areas_ahead_at_the_start_of_a_nation_as_stated(
    sampler: str, technologies: int, normalise: bool
) -> None:
    spec, data = spec_and_data(0.6, areas=5, technologies=technologies)
    ratios = np.random.default_rng(2).uniform(0.3, 3, (5, technologies))
    spec |= {"sampler": sampler, "area_odds_ratios": ratios.tolist(), "normalise_start": normalise}
    core, _ = assert_agrees(spec, data)
    assert_agrees_in_single_precision(spec, data)
    middle = with_all_fixed(spec) | {"draws": 16}
    start = run_core(middle, data).national_adoption()[0, :, 0]
    stated = [d["median"] for d in spec["spread_parameters"]["initial_adoption"]["distributions"]]
    assert np.allclose(start, stated, rtol=1e-12, atol=0) == normalise
    plain, _ = assert_agrees(spec | {"area_odds_ratios": [], "normalise_start": False}, data)
    assert (core.national_adoption()[..., 0] != plain.national_adoption()[..., 0]).all()


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_output_held_back_while_adoption_is_under_way(sampler: str, curve: str) -> None:
    spec, data = spec_and_data(0.8)
    spec |= {"sampler": sampler, "curve": curve}
    spec["levers"][0] |= {"duration_years": 2.0, "fade_years": 1.0}
    plain, before = assert_agrees(spec, data)
    assert_agrees(spec | {"j_curve": fixed(0.3)}, data)
    held_back = spec | {"j_curve": lognormal(0.3, 0.5)}
    core, expected = assert_agrees(held_back, data)
    assert_agrees_in_single_precision(held_back, data)
    lost = plain.metric("gain_gbp_m") - core.metric("gain_gbp_m")
    assert (lost >= 0).all()
    assert (lost > 0).mean() > 0.9
    assert np.array_equal(expected["effective_stock"], before["effective_stock"])
    names, values = core.outcome.inputs(np.ones(4), np.ones(3))
    assert np.median(values[names.index("j_curve")]) == pytest.approx(0.3, rel=0.2)


def test_nothing_held_back_is_the_plain_model_bit_for_bit() -> None:
    spec, data = spec_and_data(0.8)
    plain, zero = run_core(spec, data), run_core(spec | {"j_curve": fixed(0.0)}, data)
    assert plain.statistics.tobytes() == zero.statistics.tobytes()
    assert "j_curve" not in zero.outcome.inputs(np.ones(4), np.ones(3))[0]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_growth_that_areas_have_in_common_and_ups_and_downs(sampler: str) -> None:
    spec, data = spec_and_data(0.6)
    loadings = [0.9, 0.0, -0.5, 1.0]
    spec |= {"sampler": sampler, "growth_loadings": loadings, "draws": 256}
    core, expected = assert_agrees(spec, data)
    assert_agrees(spec | {"growth_area": {"kind": "uniform", "low": -0.01, "high": 0.02}}, data)
    names, values = core.outcome.inputs(np.array([1.0, 0, 0, 0]), np.ones(3))
    first = values[names.index("growth_area")]
    names, values = core.outcome.inputs(np.array([0, 0, 0, 1.0]), np.ones(3))
    last = values[names.index("growth_area")]
    assert np.corrcoef(first, last)[0, 1] == pytest.approx(0.9, abs=0.05)

    spec["growth_transitory"] = normal(0.0, 0.03)
    _, with_transitory = assert_agrees(spec, data)
    assert_agrees_in_single_precision(spec, data)
    assert_agrees(spec | {"growth_transitory": fixed(0.02), "growth_cell": fixed(0.0)}, data)
    deviation = with_transitory["parameters"]["transitory"]
    assert deviation.std() == pytest.approx(0.03, rel=0.1)
    # The same in every year.
    moved = expected["gain_by_cell_gbp_m"] * np.exp(deviation)[..., None]
    np.testing.assert_allclose(with_transitory["gain_by_cell_gbp_m"], moved, rtol=1e-9)


@pytest.mark.parametrize("fades", [(None, 0.0), (1.0, 1.0), (0.7, 3.0), (4.0, None)], ids=str)
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_levers_that_end(sampler: str, curve: str, fades: tuple[float | None, ...]) -> None:
    spec, data = spec_and_data(1.0)
    data["intensity"] = np.array([[1.0, 0.3, 0.0, 1.0], [0.0, 0.5, 0.8, 1.0]])
    data["start_years"] = np.array([[0.5, 1.3, 0.0, -3.0], [0.0, 2.5, 0.2, 1.49]])
    spec |= {"sampler": sampler, "curve": curve}
    for lever, duration, fade in zip(spec["levers"], (2.25, 1.5), fades, strict=True):
        lever |= {"duration_years": duration, "fade_years": fade}
    core, _ = assert_agrees(spec, data)
    lasting = [lever | {"fade_years": None} for lever in spec["levers"]]
    kept, _ = assert_agrees(spec | {"levers": lasting}, data)
    gain, lasting_gain = core.metric("gain_gbp_m"), kept.metric("gain_gbp_m")
    assert (gain <= lasting_gain * (1 + 1e-12)).all()
    assert (gain[..., -1] < lasting_gain[..., -1] * (1 - 1e-6)).any()
    np.testing.assert_array_equal(core.national_adoption(), kept.national_adoption())


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_levers_that_may_have_no_effect(sampler: str, correlation: float) -> None:
    spec, data = spec_and_data(0.7)
    first, second = (lever["effects"] for lever in spec["levers"])
    first["innovation"] = zero_or(0.5, first["innovation"])
    first["imitation"] = zero_or(0.7, fixed(0.2))
    second["ceiling"] = zero_or(0.4, second["ceiling"])
    spec |= {"sampler": sampler, "zero_correlation": correlation}
    core, expected = assert_agrees(spec, data)
    effects = expected["parameters"]["lever_effects"]
    zero = {name: of == 0 for lever in effects.values() for name, of in lever.items()}
    assert 0 < zero["innovation"].mean() < zero["imitation"].mean() < 1
    # One draw decides for a lever: what spares the likelier victim spares the other.
    assert not (zero["innovation"] & ~zero["imitation"]).any()
    assert not zero["productivity_effect"].any()
    assert_agrees_in_single_precision(spec, data)
    inputs = dict(zip(*core.outcome.inputs(np.ones(4), np.ones(3)), strict=True))
    for lever, of in effects.items():
        for target, values in of.items():
            name = f"levers.{lever}.effects.{target}"
            np.testing.assert_allclose(inputs[name], values, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    "changes",
    [
        {"optimism_bias": {"kind": "pert", "low": 0.0, "mode": 0.15, "high": 0.41}},
        {"fixed_cost_share": 0.1},
        {"optimism_bias": fixed(0.2), "fixed_cost_share": 0.0},
    ],
    ids=str,
)
def test_costs_beyond_plan_and_with_take_up(changes: dict[str, Any], sampler: str) -> None:
    spec, data = spec_and_data(0.7)
    spec["levers"][1]["take_up"] = {"kind": "beta", "alpha": 2.0, "beta": 1.2}
    core, expected = assert_agrees(spec | changes | {"sampler": sampler}, data)
    plain, _ = assert_agrees(spec | {"sampler": sampler}, data)
    cost = "lever_cost_cumulative_gbp_m"
    assert (core.metric(cost)[:, 0] != plain.metric(cost)[:, 0]).all()
    np.testing.assert_array_equal(core.metric("gain_gbp_m"), plain.metric("gain_gbp_m"))
    inputs = dict(zip(*core.outcome.inputs(np.array([1.0, 0, 0, 0]), np.ones(3)), strict=True))
    take_up = expected["parameters"]["take_up"]
    for i, lever in enumerate(spec["levers"]):
        ours = inputs[f"take_up.{lever['name']}"]
        np.testing.assert_allclose(ours, take_up[:, i, 0], rtol=1e-5)
    assert ("optimism_bias.skills" in inputs) == (
        changes.get("optimism_bias", fixed(0))["kind"] != "fixed"
    )


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_any_quantity_may_be_exactly_zero(sampler: str) -> None:
    spec, data = spec_and_data(0.7)
    for name in ("productivity_effect", "innovation", "ceiling"):
        of = spec["spread_parameters"][name]["distributions"]
        of[0] = zero_or(0.3, of[0])
    for name in ("lag_years", "spillover_share", "growth_nation", "displacement"):
        spec["national"][name] = zero_or(0.3, spec["national"][name])
    spec["growth_area"] = zero_or(0.4, {"kind": "uniform", "low": -0.01, "high": 0.02})
    spec["growth_sector"] = zero_or(0.4, {"kind": "pert", "low": -0.01, "mode": 0.0, "high": 0.02})
    spec["growth_cell"] = zero_or(
        0.4, {"kind": "triangular", "low": -0.01, "mode": 0.0, "high": 0.02}
    )
    discrete = {"kind": "discrete", "values": [-0.1, 0.0, 0.2], "probabilities": [0.2, 0.3, 0.5]}
    spec["complements"] = zero_or(0.4, discrete)
    spec["take_up"]["distribution"] = zero_or(0.2, spec["take_up"]["distribution"])
    for lever in spec["levers"]:
        lever["cost_gbp_per_head_per_year"] = zero_or(0.5, lever["cost_gbp_per_head_per_year"])
    _, expected = assert_agrees(spec | {"sampler": sampler}, data)
    assert 0.1 < (expected["parameters"]["national"]["growth_nation"] == 0).mean() < 0.5
    assert_agrees_in_single_precision(spec | {"sampler": sampler}, data)


@pytest.mark.parametrize("certain", ["imitation", "ceiling"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_correlation_with_a_fixed_parameter(sampler: str, certain: str) -> None:
    """The numbers of the fixed one are still drawn: they are part of the other's."""
    spec, data = spec_and_data(0.4)
    distributions = spec["spread_parameters"][certain]["distributions"]
    distributions[:] = [fixed(0.6) for _ in distributions]
    assert_agrees(spec | {"sampler": sampler}, data)


def test_chain_of_correlations_over_unequal_spreads() -> None:
    spec, data = spec_and_data(0.4)
    for name, spread in (
        ("initial_adoption", [0.5, 0.0, 0.5, 0.0, 0.0]),
        ("imitation", [0.0, 0.4, 0.3, 0.3, 0.0]),
        ("productivity_effect", [0.5, 0.2, 0.0, 0.2, 0.1]),
    ):
        spec["spread_parameters"][name]["spread"] = spread
    spec["correlations"] = [
        {"between": ["ceiling", "imitation"], "value": 0.5},
        {"between": ["productivity_effect", "innovation"], "value": -0.4},
        {"between": ["ceiling", "productivity_effect"], "value": 0.2},
        {"between": ["initial_adoption", "imitation"], "value": 0.1},
    ]
    assert_agrees(spec, data)


# --- single precision, and the model at its full size ----------------------------------------

# Median and 90% range, as the model's table of parameters states them.
Z95 = 1.6448536269514722


def ranged(median: float, low: float, high: float) -> dict[str, Any]:
    return lognormal(median, math.log(high / low) / (2 * Z95))


def odds(technology: str, sector: str) -> float:
    table = {
        "ai": {"J": 3.67, "M": 2.18, "Q": 1.57, "P": 1.5, "G": 0.67, "F": 0.52, "S": 0.39}
        | {"I": 0.26},
        "ecommerce": {"G": 2.0, "I": 1.5, "J": 1.5, "F": 0.5, "AB": 0.6},
    }
    works = {"J": 2.0, "M": 1.5, "K": 1.5, "F": 0.7, "I": 0.7, "AB": 0.6}
    return table.get(technology, works).get(sector, 1.0)


@cache
def mayoral() -> tuple[Spec, Data]:
    """The built-in geography with the default assumptions and all five levers everywhere."""
    dataset = load_dataset("mayoral")
    areas, sectors, years = dataset.areas["area_code"].to_list(), list(dataset.sectors), 10
    adopted = {"ecommerce": 0.25, "cloud": 0.69, "systems": 0.45, "ai": 0.29}
    everywhere = "".join(sectors)
    levers = {  # effects, scope, start, ramp, £ a head a year
        "leadership": (
            {"innovation": ranged(0.1, 0.02, 0.3), "imitation": ranged(0.1, 0.02, 0.3)},
            (everywhere, 0.27, 2, 0.3),
        ),
        "open_data": (
            {
                "innovation": ranged(0.15, 0.03, 0.45),
                "productivity_effect": ranged(0.04, 0.01, 0.12),
            },
            ("HJKMNOPQ", 0.5, 3, 0.5),
        ),
        "inclusion": ({"ceiling": ranged(0.1, 0.02, 0.3)}, ("GIKOPQRS", 0.5, 4, 2.0)),
        "skills": (
            {
                "ceiling": ranged(0.08, 0.02, 0.25),
                "productivity_effect": ranged(0.08, 0.02, 0.25),
                "imitation": ranged(0.05, 0.01, 0.15),
            },
            (everywhere, 0.27, 4, 4.0),
        ),
        "connectivity": (
            {"innovation": ranged(0.1, 0.02, 0.3), "ceiling": ranged(0.05, 0.01, 0.15)},
            (everywhere, 0.0, 5, 3.0),
        ),
    }

    def same(distribution: dict[str, Any], spread: list[float]) -> dict[str, Any]:
        return {"distributions": [distribution] * len(adopted), "spread": spread}

    own_take_up = {"connectivity": {"kind": "beta", "alpha": 2.0, "beta": 1.2}}
    spec: Spec = {
        "seed": 1,
        "draws": 128,
        "sampler": "sobol",
        "curve": "bass",
        "basis": "final_year",
        "horizon_years": years,
        "areas": areas,
        "sectors": sectors,
        "technologies": list(adopted),
        "groups": [
            list(range(len(areas))),
            [areas.index(code) for code in dataset.groups["mayors_2017"]],
        ],
        "spread_parameters": {
            "initial_adoption": {
                "distributions": [logitnormal(value, 0.25) for value in adopted.values()],
                "spread": [0.2, 0, 0.2, 0.4, 0.2],
            },
            "innovation": same(ranged(0.01, 0.002, 0.05), [0.2, 0.4, 0.2, 0.2, 0]),
            "imitation": same(ranged(0.42, 0.2, 0.7), [0.2, 0.4, 0.2, 0.2, 0]),
            "ceiling": same(logitnormal(0.75, 0.956), [0.2, 0.3, 0.1, 0.2, 0.2]),
            "productivity_effect": same(ranged(0.02, 0.005, 0.08), [0.5, 0.2, 0, 0.2, 0.1]),
        },
        "correlations": [{"between": ["imitation", "ceiling"], "value": 0.3}],
        "odds_ratios": [[fixed(odds(k, s)) for k in adopted] for s in sectors],
        "national": {
            "lag_years": ranged(2.5, 1, 5),
            "decay_per_year": {"kind": "pert", "low": 0, "mode": 0.03, "high": 0.1},
            "spillover_share": {"kind": "beta", "alpha": 2.2, "beta": 12.5},
            "uplift_cap": {"kind": "pert", "low": 0.04, "mode": 0.08, "high": 0.15},
            "adoption_cost_share": ranged(0.01, 0.003, 0.03),
            "readiness_slope_initial_adoption": normal(0.25, 0.15),
            "readiness_slope_imitation": normal(0.05, 0.05),
            "readiness_slope_ceiling": normal(0.15, 0.1),
            "readiness_slope_productivity_effect": normal(0.05, 0.05),
            "growth_nation": normal(0.013, 0.005),
            "prize_gbp_bn": fixed(208),
            "displacement": {"kind": "pert", "low": 0.15, "mode": 0.4, "high": 0.75},
            "leakage": {"kind": "pert", "low": 0.05, "mode": 0.1, "high": 0.25},
            "multiplier": {"kind": "pert", "low": 1.1, "mode": 1.25, "high": 1.5},
        },
        "complements": normal(0, 0.1),
        "area_odds_ratios": [
            [0.84 if (name, k) == ("London", "ai") else 1.0 for k in adopted]
            for name in dataset.areas["area_name"]
        ],
        "normalise_start": True,
        "growth_area": normal(0, 0.0045),
        "growth_sector": normal(0, 0.016),
        "growth_cell": normal(0, 0.0105),
        "take_up": {
            "distribution": {"kind": "beta", "alpha": 0.45, "beta": 1.6},
            "shared_variance": 0.5,
        },
        "zero_correlation": 0.5,
        "optimism_bias": {"kind": "pert", "low": 0, "mode": 0.15, "high": 0.41},
        "fixed_cost_share": 0.1,
        "levers": [
            {
                "name": name,
                "effects": {
                    target: {"kind": "zero_or", "p_zero": 0.5, "of": effect}
                    for target, effect in effects.items()
                },
                "take_up": own_take_up.get(name),
                "fade_years": 1.0,
                "scope": [s in scope for s in sectors],
                "cost_gbp_per_head_per_year": fixed(cost),
            }
            for name, (effects, (scope, _, _, cost)) in levers.items()
        ],
        "spillover_decay_km": 100.0,
        "discount_factors": [1.035**-t for t in range(1, years + 1)],
        "prize_factor": 1.0,
        "prize_share_of_gva": 0.1,
        "share_floor": 1e-4,
    }

    def in_every_area(values: list[float]) -> np.ndarray:
        return np.repeat(np.array(values)[:, None], len(areas), axis=1)

    gva, gigabit = dataset.gva_gbp_m, dataset.areas["gigabit_share"].to_numpy()
    data = {
        "gva_gbp_m": gva * 1.038,
        "latitude": dataset.areas["latitude"].to_numpy(),
        "longitude": dataset.areas["longitude"].to_numpy(),
        "population": dataset.areas["population"].to_numpy().astype(float),
        "readiness": readiness(gigabit, dataset.j_share_of_gva),
        "intensity": np.ones((len(levers), len(areas))),
        "start_years": in_every_area([start for _, (_, start, _, _) in levers.values()]),
        "ramp_years": in_every_area([float(ramp) for _, (_, _, ramp, _) in levers.values()]),
    }
    return spec, data


@cache
def mayoral_reference() -> dict[str, Any]:
    return reference(*mayoral())


def test_full_size_model_equals_reference_in_double_precision() -> None:
    spec, data = mayoral()
    core = run_core(spec, data)
    for name, ours, theirs in drawn(spec, core, mayoral_reference()):
        np.testing.assert_allclose(ours, theirs, rtol=DOUBLE, err_msg=name)
    for name, ours, theirs in averaged(spec, data, core, mayoral_reference()):
        np.testing.assert_allclose(ours, theirs, rtol=DOUBLE, err_msg=name)


def test_full_size_model_equals_reference_in_single_precision() -> None:
    spec, data = mayoral()
    core = run_core(spec, data, double=False)
    for name, ours, theirs in drawn(spec, core, mayoral_reference()):
        assert ours.dtype == np.float32, name
        np.testing.assert_allclose(ours, theirs, rtol=SINGLE, err_msg=name)
    for name, ours, theirs in averaged(spec, data, core, mayoral_reference()):
        # Of a share and of a target met only a mean of zeros and ones is kept: a draw on the
        # very edge may fall on either side.
        atol = 1 / spec["draws"] if name in ("share_above_gva", "reaches_prize") else 0
        np.testing.assert_allclose(ours, theirs, rtol=SINGLE, atol=atol, err_msg=name)


def assert_agrees_in_single_precision(spec: Spec, data: Data) -> None:
    """To 1e-5 of each value, or of the quantity's typical size where that is larger.

    With few cells, a draw's whole gain can rest on a ceiling a hair above the start. The gap
    m − A[0] then carries the rounding of m, however well everything else is computed: a
    relative error of 6e-8 m / (m − A[0]). Such a gain is small.
    """
    expected = reference(spec, data)
    core = run_core(spec, data, double=False)
    for name, ours, theirs in drawn(spec, core, expected):
        reported = ~np.isnan(theirs)
        np.testing.assert_array_equal(~np.isnan(ours), reported, err_msg=name)
        typical = np.median(np.abs(theirs[reported.reshape(len(theirs), -1).all(axis=1)]), axis=0)
        error = np.abs(ours - theirs) / np.maximum(np.maximum(np.abs(theirs), typical), 1e-300)
        assert error[reported].max() < SINGLE, f"{name}: {error[reported].max():.2g}"


@pytest.mark.parametrize("intensity", [0.0, 0.7], ids=["no levers", "levers"])
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_toy_equals_reference_in_single_precision(
    sampler: str, curve: str, intensity: float
) -> None:
    spec, data = spec_and_data(intensity)
    assert_agrees_in_single_precision(spec | {"sampler": sampler, "curve": curve}, data)


@pytest.mark.parametrize("turn", range(6))
def test_any_distribution_works_in_single_precision(turn: int) -> None:
    spec, data = spec_and_data(0.8)
    assert_agrees_in_single_precision(with_unusual_distributions(spec, turn), data)
