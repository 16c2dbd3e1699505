"""The reference model held against hand calculations and published known answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import qmc

from . import random_numbers as rn
from .model import (
    LEVELS,
    NATIONAL_PARAMETERS,
    SPREAD_PARAMETERS,
    composed_normals,
    distances_km,
    gompertz_shape,
    lever_ramp,
    simulate,
    spillover_weights,
    value_at,
)

Spec = dict[str, Any]


def fixed(value: float) -> dict[str, Any]:
    return {"kind": "fixed", "value": value}


def make_spec(
    areas: int = 1, sectors: int = 1, technologies: int = 1, years: int = 1, **changes: Any
) -> Spec:
    """A scenario with every quantity fixed and everything optional switched off."""
    values = {
        "initial_adoption": 0.2,
        "innovation": 0.01,
        "imitation": 0.4,
        "ceiling": 0.8,
        "productivity_effect": 0.02,
    }
    national = dict.fromkeys(NATIONAL_PARAMETERS, 0.0)
    national |= {
        "lag_years": 1.0,
        "decay_per_year": 0.1,
        "spillover_share": 0.25,
        "uplift_cap": 1.0,
        "adoption_cost_share": 0.01,
        "growth_nation": 0.02,
        "prize_gbp_bn": 208.0,
    }
    spec: Spec = {
        "curve": "bass",
        "basis": "final_year",
        "horizon_years": years,
        "areas": [f"E{i:02}" for i in range(areas)],
        "sectors": [chr(ord("A") + i) for i in range(sectors)],
        "technologies": [f"tech{i}" for i in range(technologies)],
        "groups": [list(range(areas))],
        "spread_parameters": {
            name: {"distributions": [fixed(value)] * technologies, "spread": [1, 0, 0, 0, 0]}
            for name, value in values.items()
        },
        "correlations": [],
        "odds_ratios": [[fixed(1.0)] * technologies for _ in range(sectors)],
        "national": {name: fixed(value) for name, value in national.items()},
        "complements": fixed(0.0),
        "growth_area": fixed(0.0),
        "growth_sector": fixed(0.0),
        "growth_cell": fixed(0.0),
        "take_up": {"distribution": fixed(0.5), "shared_variance": 0.5},
        "levers": [],
        "spillover_decay_km": 100.0,
        "discount_factors": [1.035**-t for t in range(1, years + 1)],
        "share_floor": 0.0,
    }
    return spec | changes


def make_data(spec: Spec, **changes: Any) -> dict[str, np.ndarray]:
    areas, sectors, levers = len(spec["areas"]), len(spec["sectors"]), len(spec["levers"])
    data = {
        "gva_gbp_m": np.arange(1.0, areas * sectors + 1).reshape(areas, sectors) * 1000,
        "latitude": np.linspace(51.0, 52.0, areas),
        "longitude": np.linspace(0.0, -1.0, areas),
        "population": np.full(areas, 1e6),
        "readiness": np.zeros(areas),
        "intensity": np.ones((levers, areas)),
        "start_years": np.zeros((levers, areas)),
        "ramp_years": np.ones((levers, areas)),
    }
    return data | changes


def uncertain(spec: Spec) -> Spec:
    """Give every spread parameter, and growth, some variance at every level."""
    kinds = {
        "initial_adoption": {"kind": "logitnormal", "median": 0.3, "sigma": 0.25},
        "innovation": {"kind": "lognormal", "median": 0.01, "sigma": 1.0},
        "imitation": {"kind": "lognormal", "median": 0.42, "sigma": 0.4},
        "ceiling": {"kind": "logitnormal", "median": 0.75, "sigma": 0.956},
        "productivity_effect": {"kind": "lognormal", "median": 0.02, "sigma": 0.8},
    }
    for name, distribution in kinds.items():
        spec["spread_parameters"][name] = {
            "distributions": [distribution] * len(spec["technologies"]),
            "spread": [0.2, 0.3, 0.1, 0.2, 0.2],
        }
    spec["correlations"] = [{"between": ["imitation", "ceiling"], "value": 0.3}]
    spec["complements"] = {"kind": "normal", "mean": 0.0, "sd": 0.25}
    for name in ("growth_area", "growth_sector", "growth_cell"):
        spec[name] = {"kind": "normal", "mean": 0.0, "sd": 0.005}
    spec["national"]["readiness_slope_initial_adoption"] = fixed(0.25)
    return spec


LEVER = {
    "name": "skills",
    "effects": {
        "innovation": fixed(0.10),
        "imitation": fixed(0.20),
        "ceiling": fixed(0.30),
        "productivity_effect": fixed(0.40),
    },
    "scope": [True],
    "cost_gbp_per_head_per_year": fixed(4.0),
}


# --- the model, by hand --------------------------------------------------------------------


def test_one_year_by_hand() -> None:
    """T = 1: every number below can be checked with a pocket calculator."""
    result = simulate(make_spec(), make_data(make_spec()), {})
    # Bass: h = 0.01 + 0.4 * 0.2 / 0.8 = 0.11; A[1] = 0.2 + 0.11 * 0.6 = 0.266.
    np.testing.assert_allclose(result["adoption"][0, 0, 0, 0], [0.2, 0.266], rtol=1e-14)
    # lambda = 1/2: E[1] = 0.5 * 0.066 = 0.033 (decay acts on E[0] = 0); GVA[1] = 1020.
    # gain = 1020 * 0.02 * 0.033 = 0.6732; cost = 0.01 * 1020 * 0.066 = 0.6732, by coincidence.
    np.testing.assert_allclose(result["gain_gbp_m"], [[[0.6732], [0.6732]]], rtol=1e-14)
    np.testing.assert_allclose(result["cost_cumulative_gbp_m"], [[0.6732] * 2], rtol=1e-14)
    np.testing.assert_allclose(
        result["gain_present_value_gbp_m"], [[0.6732 / 1.035] * 2], rtol=1e-14
    )
    np.testing.assert_allclose(result["uplift_final_year"], [[0.00066] * 2], rtol=1e-14)
    np.testing.assert_allclose(result["share"], [[1.0, 1.0]])
    np.testing.assert_allclose(result["prize_gbp_bn"], [[208.0, 208.0]])
    np.testing.assert_allclose(result["national_adoption"], [[[0.2, 0.266]]], rtol=1e-14)
    np.testing.assert_allclose(result["national_gain_by_sector_gbp_m"], [[0.6732]], rtol=1e-14)
    assert (result["lever_cost_cumulative_gbp_m"] == 0).all()


def test_one_year_with_a_lever_by_hand() -> None:
    spec = make_spec(levers=[LEVER])
    data = make_data(spec, start_years=np.array([[0.25]]), ramp_years=np.array([[0.5]]))
    result = simulate(spec, data, {})
    # Strength: take-up 0.5 * clip((1 - 0.5 - 0.25) / 0.5) = 0.25.
    # Fp = 1.025, Fq = 1.05, Fbeta = 1.1, m' = 0.8 + 0.2 * 0.075 = 0.815.
    h = 0.01 * 1.025 + 0.4 * 1.05 * 0.2 / 0.815
    after = 0.2 + h * 0.615
    gain = 1020 * 0.02 * 1.1 * 0.5 * (after - 0.2)
    np.testing.assert_allclose(result["ceiling"], [[[[0.815]]]], rtol=1e-14)
    np.testing.assert_allclose(result["adoption"][..., 1], [[[[after]]]], rtol=1e-14)
    np.testing.assert_allclose(result["gain_gbp_m"][0, 0], [gain], rtol=1e-14)
    # A million people at GBP 4 for three quarters of a year: GBP 3m, whatever the take-up.
    np.testing.assert_allclose(result["lever_cost_cumulative_gbp_m"], [[3.0, 3.0]], rtol=1e-14)
    np.testing.assert_allclose(
        result["lever_cost_present_value_gbp_m"], [[3 / 1.035] * 2], rtol=1e-14
    )


def test_two_areas_see_each_other() -> None:
    """With two areas W swaps them, whatever their distance and size."""
    spec = make_spec(areas=2)
    spec["national"]["readiness_slope_initial_adoption"] = fixed(1.0)
    data = make_data(spec, readiness=np.array([1.0, -1.0]))
    result = simulate(spec, data, {})
    start = [special.expit(special.logit(0.2) + 1), special.expit(special.logit(0.2) - 1)]
    for here, there in ((0, 1), (1, 0)):
        seen = 0.75 * start[here] + 0.25 * start[there]
        after = start[here] + (0.01 + 0.4 * seen / 0.8) * (0.8 - start[here])
        np.testing.assert_allclose(result["adoption"][0, here, 0, 0, 1], after, rtol=1e-13)
    np.testing.assert_allclose(result["share"][0, :2].sum(), 1.0)


def bass(seen: float, ceiling: float) -> float:
    return 0.01 + 0.4 * seen / ceiling


def logistic(seen: float, ceiling: float) -> float:
    return 0.4 * seen / ceiling


def gompertz(seen: float, ceiling: float) -> float:
    y = seen / ceiling
    return 0.4 * -y * math.log(y) / (1 - y)


@pytest.mark.parametrize("curve", [bass, logistic, gompertz])
def test_zero_variance_closed_recursion(curve: Any) -> None:
    """One area, sector and technology, nothing uncertain: a dozen lines of scalar arithmetic."""
    years, cap = 10, 0.004
    spec = make_spec(years=years, curve=curve.__name__)
    spec["national"]["uplift_cap"] = fixed(cap)
    result = simulate(spec, make_data(spec), {})

    adopted, effective, gva = 0.2, 0.0, 1000.0
    gains, costs = [], []
    for _ in range(years):
        new = curve(adopted, 0.8) * (0.8 - adopted)
        adopted += new
        effective += 0.5 * ((adopted - 0.2) - effective) - 0.1 * effective
        gva *= 1.02
        gains.append(gva * min(0.02 * effective, cap))
        costs.append(0.01 * gva * new)
    assert gains[-1] == gva * cap  # the cap binds by the end ...
    assert gains[0] < 1000 * cap  # ... but not from the beginning

    np.testing.assert_allclose(result["gain_gbp_m"][0, 0], gains, rtol=1e-12)
    np.testing.assert_allclose(result["gain_cumulative_gbp_m"][0, 0], sum(gains), rtol=1e-12)
    np.testing.assert_allclose(result["cost_cumulative_gbp_m"][0, 0], sum(costs), rtol=1e-12)
    present_value = sum(gain * 1.035 ** -(t + 1) for t, gain in enumerate(gains))
    np.testing.assert_allclose(result["gain_present_value_gbp_m"][0, 0], present_value, rtol=1e-12)


def test_what_must_hold_in_an_uncertain_run() -> None:
    """The invariants of section 9 that a single implementation can show."""
    lever = LEVER | {"scope": [True, False]}
    spec = uncertain(make_spec(areas=3, sectors=2, technologies=2, years=6, levers=[lever]))
    spec["groups"] += [[0, 2]]
    data = make_data(spec, readiness=np.array([-1.0, 0.0, 1.0]))
    normals = rn.normals(spec, seed=1, first_draw=0, count=50)
    result = simulate(spec, data, normals)
    without = simulate(spec, data, normals, with_levers=False)

    adoption = result["adoption"]
    assert (adoption >= 0).all()
    assert (np.diff(adoption, axis=-1) >= 0).all()
    assert (adoption[..., -1] <= result["ceiling"] + 1e-15).all()
    assert result["gain_gbp_m"].shape == (50, 5, 6)
    np.testing.assert_allclose(
        result["gain_gbp_m"][:, 3], result["gain_gbp_m"][:, :3].sum(axis=1), rtol=1e-13
    )
    np.testing.assert_allclose(
        result["gain_gbp_m"][:, 4], result["gain_gbp_m"][:, [0, 2]].sum(axis=1), rtol=1e-13
    )
    np.testing.assert_allclose(result["share"][:, :3].sum(axis=1), 1.0, rtol=1e-13)
    assert (result["gain_by_cell_gbp_m"] >= without["gain_by_cell_gbp_m"]).all()
    assert (result["gain_by_cell_gbp_m"][:, :, 0] > without["gain_by_cell_gbp_m"][:, :, 0]).all()

    idle = simulate(spec, data | {"intensity": np.zeros((1, 3))}, normals)
    for name in ("gain_gbp_m", "adoption", "share"):
        np.testing.assert_array_equal(idle[name], without[name])

    tenfold = simulate(spec, data | {"gva_gbp_m": 10 * data["gva_gbp_m"]}, normals)
    np.testing.assert_allclose(tenfold["gain_gbp_m"], 10 * result["gain_gbp_m"], rtol=1e-12)
    np.testing.assert_allclose(tenfold["share"], result["share"], rtol=1e-12)


@pytest.mark.parametrize("basis", ["final_year", "cumulative"])
def test_share_is_withheld_below_the_floor(basis: str) -> None:
    spec = make_spec(areas=2, years=3, basis=basis)
    result = simulate(spec, make_data(spec), {})
    gain = result["gain_gbp_m"][0, 2]
    gva = 3000 * 1.02 ** np.arange(1, 4)
    rate = gain[-1] / gva[-1] if basis == "final_year" else gain.sum() / gva.sum()
    for floor, withheld in ((rate * 0.999, False), (rate * 1.001, True)):
        shares = simulate(spec | {"share_floor": floor}, make_data(spec), {})["share"]
        assert np.isnan(shares).all() == withheld


def test_flat_assumptions_split_the_gain_as_gva() -> None:
    spec = make_spec(areas=3, years=5)
    spec["national"]["spillover_share"] = fixed(0.0)
    result = simulate(spec, make_data(spec), {})
    np.testing.assert_allclose(result["share"][0, :3], [1 / 6, 2 / 6, 3 / 6], rtol=1e-13)


def test_a_ceiling_of_zero_means_no_adoption() -> None:
    for curve in ("bass", "logistic", "gompertz"):
        spec = make_spec(years=2, curve=curve)
        for name in ("initial_adoption", "ceiling"):
            spec["spread_parameters"][name]["distributions"] = [fixed(0.0)]
        result = simulate(spec, make_data(spec), {})
        assert (result["adoption"] == 0).all()
        assert (result["gain_gbp_m"] == 0).all()


# --- the parts -----------------------------------------------------------------------------


def test_distances_and_weights() -> None:
    # A degree of latitude is 6371 * pi / 180 km.
    degree = 6371 * math.pi / 180
    distance = distances_km(np.array([50.0, 51.0, 53.0]), np.zeros(3))
    np.testing.assert_allclose(distance[0], [0, degree, 3 * degree], rtol=1e-12, atol=1e-12)
    data = {
        "gva_gbp_m": np.array([[1.0], [2.0], [3.0]]),
        "latitude": np.array([50.0, 51.0, 53.0]),
        "longitude": np.zeros(3),
    }
    near, far = 2 * math.exp(-degree / 100), 3 * math.exp(-3 * degree / 100)
    np.testing.assert_allclose(
        spillover_weights(data, 100.0)[0], [0, near / (near + far), far / (near + far)]
    )


def test_ramp() -> None:
    start, ramp = np.array([0.5, 0.51, 0.0, 9.0]), np.array([0.0, 0.0, 2.0, 1.0])
    np.testing.assert_array_equal(lever_ramp(1, start, ramp), [1.0, 0.0, 0.25, 0.0])


def test_gompertz_shape_meets_its_limits() -> None:
    y = np.array([0.0, 1e-12, 0.5, 1 - 1e-12, 1.0])
    np.testing.assert_allclose(gompertz_shape(y), [0, 0, math.log(2), 1, 1], atol=1e-10)


def test_composed_normals_have_unit_variance_and_the_stated_correlation() -> None:
    """Exactly, not by sampling: feed in one unit of each independent number at a time."""
    spreads = {
        "initial_adoption": [0.2, 0.0, 0.2, 0.4, 0.2],
        "innovation": [0.2, 0.4, 0.2, 0.2, 0.0],
        "imitation": [0.2, 0.4, 0.2, 0.2, 0.0],
        "ceiling": [0.2, 0.3, 0.1, 0.2, 0.2],
        "productivity_effect": [0.5, 0.2, 0.0, 0.2, 0.1],
    }
    spec = make_spec()
    for name, spread in spreads.items():
        spec["spread_parameters"][name]["spread"] = spread
    spec["correlations"] = [
        {"between": ["imitation", "ceiling"], "value": 0.3},
        {"between": ["productivity_effect", "innovation"], "value": -0.2},
        {"between": ["ceiling", "productivity_effect"], "value": 0.1},
    ]
    keys = [(name, level) for name in SPREAD_PARAMETERS for level in LEVELS]
    normals = {}
    for i, (name, level) in enumerate(keys):
        unit = np.zeros(len(keys))
        unit[i] = 1.0
        shape = {"nation": (-1,), "cell": (-1, 1, 1, 1)}.get(level, (-1, 1))
        normals[f"{name}/{level}"] = unit.reshape(shape)
    composed = composed_normals(spec, normals, len(keys))
    loadings = np.stack([composed[name][:, 0, 0, 0] for name in SPREAD_PARAMETERS])
    expected = np.eye(5)
    for i, j, rho in ((2, 3, 0.3), (1, 4, -0.2), (3, 4, 0.1)):
        expected[i, j] = expected[j, i] = rho
    np.testing.assert_allclose(loadings @ loadings.T, expected, atol=1e-14)


FROZEN = [
    ({"kind": "normal", "mean": 1.0, "sd": 2.0}, stats.norm(1, 2)),
    ({"kind": "lognormal", "median": 2.0, "sigma": 0.5}, stats.lognorm(0.5, scale=2)),
    ({"kind": "uniform", "low": -1.0, "high": 3.0}, stats.uniform(-1, 4)),
    ({"kind": "triangular", "low": 1.0, "mode": 2.0, "high": 5.0}, stats.triang(0.25, 1, 4)),
    ({"kind": "beta", "alpha": 0.8, "beta": 1.5}, stats.beta(0.8, 1.5)),
    ({"kind": "beta", "alpha": 2.2, "beta": 12.5}, stats.beta(2.2, 12.5)),
    ({"kind": "gamma", "shape": 2.5, "scale": 3.0}, stats.gamma(2.5, scale=3)),
    # PERT 0 - 3% - 10%: a beta(1 + 4 * 0.3, 1 + 4 * 0.7) stretched over [0, 0.1].
    ({"kind": "pert", "low": 0.0, "mode": 0.03, "high": 0.1}, stats.beta(2.2, 3.8, 0, 0.1)),
]


@pytest.mark.parametrize(("distribution", "frozen"), FROZEN)
def test_quantiles_agree_with_scipy(distribution: dict[str, Any], frozen: Any) -> None:
    z = np.linspace(-6, 6, 49)
    values = value_at(distribution, z)
    assert (np.diff(values) > 0).all()
    # Each half by its own probability function, and only as far out as a double can still tell
    # the value from the end of its range.
    for half, probability in (((z >= -5) & (z <= 0), "cdf"), ((z > 0) & (z <= 4), "sf")):
        np.testing.assert_allclose(
            getattr(frozen, probability)(values[half]),
            getattr(stats.norm, probability)(z[half]),
            rtol=1e-9,
        )


def test_other_quantiles() -> None:
    logitnormal = {"kind": "logitnormal", "median": 0.75, "sigma": 0.956}
    np.testing.assert_allclose(value_at(logitnormal, 0.0), 0.75)
    # The 90% range the default ceiling is stated with: 0.38 to 0.94.
    np.testing.assert_allclose(value_at(logitnormal, [-1.6449, 1.6449]), [0.38, 0.94], atol=0.005)
    np.testing.assert_array_equal(value_at(fixed(3.0), np.zeros(2)), [3.0, 3.0])
    discrete = {"kind": "discrete", "values": [5, 1, 3], "probabilities": [0.2, 0.5, 0.3]}
    np.testing.assert_array_equal(
        value_at(discrete, special.ndtri([1e-9, 0.49, 0.51, 0.79, 0.81, 1 - 1e-9])),
        [1, 1, 3, 3, 5, 5],
    )
    for kind in ("pert", "triangular"):
        flat = {"kind": kind, "low": 2.0, "mode": 2.0, "high": 2.0}
        np.testing.assert_array_equal(value_at(flat, [-3.0, 3.0]), [2.0, 2.0])


# --- the random numbers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "block", "after_seven_rounds"),
    [
        (
            "000102030405060708090a0b0c0d0e0f",
            "00112233445566778899aabbccddeeff",
            "d1876c0f79c4300ab45594add66ff41f",
        ),
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "3243f6a8885a308d313198a2e0370734",
            "5a4142b11949dc1fa3e019657a8c040c",
        ),
    ],
)
def test_aes_known_answers(key: str, block: str, after_seven_rounds: str) -> None:
    """FIPS 197, appendices C.1 and B: the state at the start of round 8."""
    bytes_of = np.array([list(bytes.fromhex(block))])
    found = rn.encrypted(bytes_of, rn.round_keys(bytes.fromhex(key)))
    assert bytes(found[0].tolist()).hex() == after_seven_rounds


def test_names_and_words() -> None:
    assert rn.crc32("") == 0
    assert rn.crc32("123456789") == 0xCBF43926  # the check value of CRC-32
    np.testing.assert_allclose(
        rn.normal_from_word(np.array([0, 2**32 - 1], dtype=np.uint64)),
        [stats.norm.ppf(2.0**-33), stats.norm.isf(2.0**-33)],
    )


def test_direction_numbers_give_the_points_of_scipy() -> None:
    """SciPy's point j, in Gray-code order, is point j ^ (j >> 1) in binary order."""
    dimensions, count = 300, 256
    engine = qmc.Sobol(dimensions, scramble=False, bits=32)
    expected = np.round(engine.random(count) * 2.0**32).astype(np.uint64)
    j = np.arange(count)
    directions = rn.direction_numbers(dimensions)
    for d in range(dimensions):
        x = rn.sobol_integers(j ^ (j >> 1), directions[d])
        np.testing.assert_array_equal(x, expected[:, d])
    # In binary order the first dimension is the van der Corput sequence: bits reversed.
    np.testing.assert_array_equal(rn.sobol_integers(j, directions[0]), rn.reverse_bits(j))


def test_scrambled_points_are_still_a_net() -> None:
    """In every lane, the first two dimensions put one point in each elementary interval."""
    directions = rn.direction_numbers(2)
    factors = [rn.Factor("initial_adoption/nation"), rn.Factor("innovation/nation")]
    bits = 8
    draws = np.arange(rn.LANES * 2**bits)
    x, y = (rn.sobol_words(f, draws, 7, directions[d]) for d, f in enumerate(factors))
    for lane in (0, 5, 15):
        in_lane = draws % rn.LANES == lane
        for split in range(bits + 1):
            column = x[in_lane] >> np.uint64(32 - split)
            row = y[in_lane] >> np.uint64(32 - (bits - split))
            box = column * np.uint64(2 ** (bits - split)) + row
            assert len(np.unique(box)) == 2**bits


def test_scrambling_moves_points_and_differs_between_lanes() -> None:
    directions = rn.direction_numbers(1)
    words = rn.sobol_words(rn.Factor("imitation/nation"), np.arange(16), 7, directions[0])
    assert len(np.unique(words)) == 16  # the same point 0, scrambled sixteen ways


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_any_draw_can_be_recomputed_alone(sampler: str) -> None:
    spec = make_spec(areas=2, sectors=2, technologies=2, levers=[LEVER | {"scope": [True, True]}])
    whole = rn.normals(spec, seed=2**40 + 3, first_draw=0, count=40, sampler=sampler)
    part = rn.normals(spec, seed=2**40 + 3, first_draw=17, count=5, sampler=sampler)
    other = rn.normals(spec, seed=3, first_draw=0, count=40, sampler=sampler)
    for key, column in whole.items():
        np.testing.assert_array_equal(part[key], column[17:22], err_msg=key)
        assert (column != other[key]).all(), key  # the high half of the seed counts


def test_all_normals_are_distinct_streams() -> None:
    spec = make_spec(areas=2, sectors=2, technologies=2, levers=[LEVER | {"scope": [True, True]}])
    for sampler in ("random", "sobol"):
        columns = np.concatenate(
            [v.reshape(8, -1) for v in rn.normals(spec, 1, 0, 8, sampler).values()], axis=1
        )
        assert len(np.unique(columns.round(6), axis=1).T) == columns.shape[1]


def test_sobol_leaves_the_cells_to_words_by_key() -> None:
    spec = make_spec(areas=2, sectors=2, technologies=2, levers=[LEVER | {"scope": [True, True]}])
    random = rn.normals(spec, 1, 0, 32, "random")
    sobol = rn.normals(spec, 1, 0, 32, "sobol")
    for key in random:
        same = np.array_equal(random[key], sobol[key])
        assert same == (key.endswith("/cell")), key


def test_dimensions_beyond_the_table_use_words_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a table shortened to all but the last area's growth, for the real one is long."""
    spec = make_spec(areas=3)
    order = [factor for factor in rn.sobol_order(spec, cells=False) if factor is not None]
    *before, last = order[: [f.family for f in order].index("growth_area/area") + 3]
    assert (before[-1].family, last.family) == ("growth_area/area", "growth_area/area")
    monkeypatch.setattr(rn, "SOBOL_DIMENSIONS", len(before))
    draws = np.arange(16, dtype=np.uint64)
    growth = rn.normals(spec, 1, 0, 16, "sobol")["growth_area/area"]
    for factor, beyond in ((before[-1], False), (last, True)):
        keyed = rn.keyed_normals(factor, draws, 1)
        column = growth[:, spec["areas"].index(factor.area)]
        assert np.array_equal(column, keyed) == beyond


def test_order_of_sobol_dimensions() -> None:
    spec = make_spec(areas=2, sectors=2, technologies=2, levers=[LEVER | {"scope": [True, True]}])
    order = rn.sobol_order(spec, cells=False)
    first_area, second_area = sorted(spec["areas"], key=rn.crc32)
    assert order[0] == rn.Factor("initial_adoption/nation")
    assert order[5] == rn.Factor("national/lag_years")
    assert order[19] == rn.Factor("initial_adoption/technology", cell="tech0")
    assert order[29] == rn.Factor("initial_adoption/sector", cell="A")
    assert order[39] == rn.Factor("growth_sector/sector", cell="A")
    assert order[41] == rn.Factor("initial_adoption/area", area=first_area)
    assert order[42] == rn.Factor("initial_adoption/area", area=second_area)
    assert order[51] == rn.Factor("complements/area", area=first_area)
    assert order[53] == rn.Factor("growth_area/area", area=first_area)
    assert order[55] == rn.Factor("lever/skills/effect/innovation")
    assert order[59] == rn.Factor("lever/skills/cost")
    assert order[61] == rn.Factor("lever/skills/take_up/area", area=first_area)
    # Places are kept for twenty levers; what decides them comes behind.
    assert order[63 : 63 + 19 * 8] == [None] * (19 * 8)
    behind = order[63 + 19 * 8 :]
    assert behind == [
        rn.Factor("growth_area/nation"),
        rn.Factor("lever_zero/nation"),
        rn.Factor("lever_zero/lever", cell="skills"),
        rn.Factor("optimism_bias/lever", cell="skills"),
        *[None] * (19 * 2),
        rn.Factor("j_curve/nation"),
    ]
    # Cells stand between areas and levers, growth first.
    full = rn.sobol_order(spec, cells=True)
    assert (full[:55], full[-8:]) == (order[:55], order[-8:])
    assert full[55] == rn.Factor("growth_cell/cell", area=first_area, cell="A")
    assert full[59] == rn.Factor("ceiling/cell", area=first_area, cell="A/tech0")
    assert len(full) == len(order) + 4 + 5 * 8
