"""Each stochastic term alone: its spread, its correlations and its shape, as stated.

A comparison of whole runs barely notices one missing term. So here everything else is fixed,
one term is recovered from the outputs by inverting the model by hand, and its standard normal
score is held against what the specification says: mean 0, standard deviation 1, and between
areas, sectors and technologies the correlation that the shares of its variance imply.

With one year the model is short enough to invert:

    gain = GVA (1 + g) · min(β λ h (m − A0), cap),   h = p + q A0 / m,   λ = 1 / (1 + τ)

A single cell of the grid is looked at by leaving GVA in its sector only and giving the other
technologies no effect; numbers are keyed by what they are for, so neither changes a draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from toy import (
    Core,
    fixed,
    logitnormal,
    lognormal,
    normal,
    run_core,
    toy_data,
    toy_spec,
    with_all_fixed,
)

Spec = dict[str, Any]
Data = dict[str, np.ndarray]
Array = np.ndarray

DRAWS = 20_000
SIGMAS = 4.5  # a false alarm in 150,000, and the seed is fixed
GVA = 1000.0

# Fixed values of a still world: nothing is spilled, capped, lagged or grown.
STILL = {
    "initial_adoption": 0.05,
    "innovation": 0.2,
    "imitation": 0.0,
    "ceiling": 0.8,
    "productivity_effect": 0.02,
}
# Shares of variance of nation, technology, area, sector and cell: no two sums alike.
SPREAD = [0.30, 0.22, 0.16, 0.19, 0.13]


def still(
    areas: int = 2, sectors: int = 2, technologies: int = 2, years: int = 1
) -> tuple[Spec, Data]:
    spec = with_all_fixed(toy_spec(areas, sectors, technologies, years))
    spec |= {"draws": DRAWS, "seed": 20_161_208, "levers": [], "groups": [list(range(areas))]}
    for name, value in STILL.items():
        spec["spread_parameters"][name] = {
            "distributions": [fixed(value) for _ in range(technologies)],
            "spread": SPREAD,
        }
    spec["correlations"] = []
    spec["odds_ratios"] = [[fixed(1.0)] * technologies for _ in range(sectors)]
    spec["national"] |= {
        name: fixed(0.0)
        for name in spec["national"]
        if name.startswith("readiness_slope") or name in ("spillover_share", "growth_nation")
    }
    spec["national"] |= {
        "lag_years": fixed(0.0),
        "decay_per_year": fixed(0.0),
        "uplift_cap": fixed(1.0),
        "displacement": fixed(0.0),
        "leakage": fixed(0.0),
        "multiplier": fixed(1.0),
    }
    for name in ("complements", "growth_area", "growth_sector", "growth_cell"):
        spec[name] = fixed(0.0)
    data = toy_data(spec) | {"gva_gbp_m": np.full((areas, sectors), GVA)}
    return spec, data


def set_spread_parameter(spec: Spec, name: str, distribution: dict[str, Any]) -> None:
    distributions = spec["spread_parameters"][name]["distributions"]
    distributions[:] = [distribution for _ in distributions]


def over_grid(spec: Spec, data: Data, recover: Callable[[Core], Array]) -> Array:
    """What `recover` finds, draws × areas, of each sector and technology alone."""
    shape = (len(spec["sectors"]), len(spec["technologies"]))
    found: Array = np.empty((spec["draws"], len(spec["areas"]), *shape))
    for s, k in product(*map(range, shape)):
        alone, figures = deepcopy(spec), deepcopy(data)
        figures["gva_gbp_m"][:, [other for other in range(shape[0]) if other != s]] = 0
        effects = alone["spread_parameters"]["productivity_effect"]["distributions"]
        for other in range(shape[1]):
            if other != k:
                effects[other] = fixed(0.0)
        found[:, :, s, k] = recover(run_core(alone, figures))
    return found


def gain(core: Core, year: int = 1) -> Array:
    """Of each area, draws × areas."""
    areas = len(core.spec["areas"])
    return core.metric("gain_gbp_m")[:, :areas, year - 1]


def assert_standard(score: Array, what: str = "") -> None:
    n = len(score)
    assert abs(score.mean()) < SIGMAS / math.sqrt(n), f"{what}: mean {score.mean():.4f}"
    assert abs(score.std() - 1) < SIGMAS / math.sqrt(2 * n), f"{what}: sd {score.std():.4f}"
    normality = stats.kstest(score, "norm").pvalue
    assert normality > 1e-5, f"{what}: not normal (p = {normality:.1e})"


def assert_correlation(a: Array, b: Array, expected: float, what: str = "") -> None:
    r = np.corrcoef(a, b)[0, 1]
    # Perfect correlation has no sampling error, only rounding.
    bound = max(SIGMAS * (1 - expected**2) / math.sqrt(len(a)), 1e-6)
    assert abs(r - expected) < bound, f"{what}: correlation {r:.4f}, expected {expected:.4f}"


def common(spread: list[float], first: tuple[int, ...], second: tuple[int, ...]) -> list[float]:
    """The shares of variance that two cells (area, sector, technology) have in common."""
    nation, technology, area, sector, cell = spread
    (r1, s1, k1), (r2, s2, k2) = first, second
    return [
        nation,
        technology * (k1 == k2),
        area * (r1 == r2),
        sector * (s1 == s2),
        cell * (first == second),
    ]


def assert_grid(score: Array, spread: list[float]) -> None:
    """Standard normal in every cell, correlated between cells by the levels they share."""
    cells = list(product(*map(range, score.shape[1:])))
    for cell in cells:
        assert_standard(score[:, *cell], f"cell {cell}")
    for first, second in combinations(cells, 2):
        expected = sum(common(spread, first, second))
        assert_correlation(score[:, *first], score[:, *second], expected, f"{first} {second}")


# --- parameters spread over nation, technology, area, sector and cell ------------------------

UPLIFT = GVA * STILL["productivity_effect"]
A0, M = STILL["initial_adoption"], STILL["ceiling"]


def initial_adoption_score(core: Core) -> Array:
    """With certain adoption (p = 1) the gain is that of the whole gap m − A0."""
    return (special.logit(M - gain(core) / UPLIFT) - special.logit(0.3)) / 0.25


def innovation_score(core: Core) -> Array:
    return np.log(gain(core) / (UPLIFT * (M - A0)) / 0.01) / 0.98


def imitation_score(core: Core) -> Array:
    return np.log(gain(core) / (UPLIFT * (M - A0) * A0 / M) / 0.42) / 0.38


def ceiling_score(core: Core) -> Array:
    start = 1e-4  # low enough that m = max(A0, …) does not bind
    return (special.logit(start + gain(core) / UPLIFT) - special.logit(0.75)) / 0.956


def productivity_effect_score(core: Core) -> Array:
    return np.log(gain(core) / (GVA * STILL["innovation"] * (M - A0)) / 0.02) / 0.84


SPREAD_TERMS = {
    "initial_adoption": (logitnormal(0.3, 0.25), {"innovation": 1.0}, initial_adoption_score),
    "innovation": (lognormal(0.01, 0.98), {}, innovation_score),
    "imitation": (lognormal(0.42, 0.38), {"innovation": 0.0}, imitation_score),
    "ceiling": (
        logitnormal(0.75, 0.956),
        {"innovation": 1.0, "initial_adoption": 1e-4},
        ceiling_score,
    ),
    "productivity_effect": (lognormal(0.02, 0.84), {}, productivity_effect_score),
}


@pytest.mark.parametrize("name", SPREAD_TERMS)
def test_spread_parameter_varies_as_its_shares_of_variance_say(name: str) -> None:
    distribution, settings, recover = SPREAD_TERMS[name]
    spec, data = still()
    for other, value in settings.items():
        set_spread_parameter(spec, other, fixed(value))
    set_spread_parameter(spec, name, distribution)
    assert_grid(over_grid(spec, data, recover), SPREAD)


@pytest.mark.parametrize("level", range(5), ids=("nation", "technology", "area", "sector", "cell"))
def test_whole_variance_at_one_level(level: int) -> None:
    """Cells that share the level move as one, others not at all together."""
    spec, data = still()
    set_spread_parameter(spec, "productivity_effect", lognormal(0.02, 0.84))
    spread = [float(level == other) for other in range(5)]
    spec["spread_parameters"]["productivity_effect"]["spread"] = spread
    assert_grid(over_grid(spec, data, productivity_effect_score), spread)


def test_terms_of_different_parameters_are_independent() -> None:
    scores = {}
    for name, (distribution, settings, recover) in SPREAD_TERMS.items():
        spec, data = still(areas=1, sectors=1, technologies=1)
        for other, value in settings.items():
            set_spread_parameter(spec, other, fixed(value))
        set_spread_parameter(spec, name, distribution)
        scores[name] = recover(run_core(spec, data))[:, 0]
    for first, second in combinations(scores, 2):
        assert_correlation(scores[first], scores[second], 0, f"{first}, {second}")


def test_imitation_and_ceiling_are_correlated_within_the_cell_as_stated() -> None:
    """Both at once, from two years of adoption; between cells, by the levels they share.

    With p = 0 each year's step is q A − (q/m) A²: two years give two equations for q and q/m.
    """
    start, rho = 0.02, 0.3
    imitation, ceiling = [0.2, 0.4, 0.1, 0.2, 0.1], [0.25, 0.15, 0.2, 0.1, 0.3]
    spec, data = still(years=2)
    set_spread_parameter(spec, "initial_adoption", fixed(start))
    set_spread_parameter(spec, "innovation", fixed(0.0))
    set_spread_parameter(spec, "imitation", lognormal(0.42, 0.38))
    set_spread_parameter(spec, "ceiling", logitnormal(0.75, 0.956))
    spec["spread_parameters"]["imitation"]["spread"] = imitation
    spec["spread_parameters"]["ceiling"]["spread"] = ceiling
    spec["correlations"] = [{"between": ["ceiling", "imitation"], "value": rho}]

    def recover(core: Core, of: str) -> Array:
        # λ = 1 and δ = 0: the stock is what has been adopted since the start.
        first, second = (start + gain(core, year) / UPLIFT for year in (1, 2))
        rate = [(first - start) / start, (second - first) / first]
        q_over_m = (rate[0] - rate[1]) / (first - start)
        q = rate[0] + q_over_m * start
        if of == "imitation":
            return np.log(q / 0.42) / 0.38
        return (special.logit(q / q_over_m) - special.logit(0.75)) / 0.956

    q = over_grid(spec, data, lambda core: recover(core, "imitation"))
    m = over_grid(spec, data, lambda core: recover(core, "ceiling"))
    assert_grid(q, imitation)
    assert_grid(m, ceiling)
    overlap = [math.sqrt(x * y) for x, y in zip(imitation, ceiling, strict=True)]
    cells = list(product(range(2), repeat=3))
    for first, second in product(cells, repeat=2):
        expected = rho * sum(common(overlap, first, second)) / sum(overlap)
        assert_correlation(q[:, *first], m[:, *second], expected, f"{first} {second}")


# --- growth, complements, odds ratios --------------------------------------------------------

GROWTH_SD = {"nation": 0.005, "area": 0.0045, "sector": 0.016, "cell": 0.0105}


@pytest.mark.parametrize(
    "uncertain",
    [*([name] for name in GROWTH_SD), ["nation", "area"], ["area", "sector"], list(GROWTH_SD)],
    ids=" + ".join,
)
def test_growth_components_add_up(uncertain: list[str]) -> None:
    spec, data = still()
    variance = [
        GROWTH_SD[name] ** 2 if name in uncertain else 0.0 for name in ("nation", "area", "sector")
    ]
    cell = GROWTH_SD["cell"] ** 2 if "cell" in uncertain else 0.0
    total = sum(variance) + cell
    for name in uncertain:
        if name == "nation":
            spec["national"]["growth_nation"] = normal(0.013, GROWTH_SD[name])
        else:
            spec[f"growth_{name}"] = normal(0.0, GROWTH_SD[name])
    mean = 0.013 if "nation" in uncertain else 0.0

    def recover(core: Core) -> Array:
        growth = gain(core) / (UPLIFT * STILL["innovation"] * (M - A0)) - 1
        return (growth - mean) / math.sqrt(total)

    # Both technologies together, for growth belongs to the sector and not to its technologies.
    score = over_grid(spec, data, recover)
    np.testing.assert_allclose(score[..., 0], score[..., 1], atol=1e-9)
    nation, area, sector = (v / total for v in variance)
    assert_grid(score[..., :1], [nation, 0.0, area, sector, cell / total])


def test_complements_belong_to_the_area() -> None:
    spec, data = still()
    spec["complements"] = normal(0.0, 0.25)

    def recover(core: Core) -> Array:
        return np.log(gain(core) / (UPLIFT * STILL["innovation"] * (M - A0))) / 0.25

    assert_grid(over_grid(spec, data, recover), [0, 0, 1, 0, 0])


def test_odds_ratios_belong_to_sector_and_technology() -> None:
    spec, data = still()
    set_spread_parameter(spec, "innovation", fixed(1.0))
    spec["odds_ratios"] = [[lognormal(1.2, 0.3)] * 2 for _ in range(2)]

    def recover(core: Core) -> Array:
        odds = special.logit(M - gain(core) / UPLIFT) - special.logit(A0)
        return (odds - math.log(1.2)) / 0.3

    score = over_grid(spec, data, recover)
    np.testing.assert_allclose(score[:, 0], score[:, 1], atol=1e-9)  # the same in every area
    assert_grid(score[:, :1], [0, 0, 0, 0, 1])


# --- parameters of the whole nation ----------------------------------------------------------


def pert(low: float, mode: float, high: float) -> Any:
    width = high - low
    alpha, beta = 1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width
    return stats.beta(alpha, beta, low, width)


READY = np.array([-1.0, 1.0])
NATIONAL: dict[str, tuple[dict[str, Any], Any]] = {
    "lag_years": (lognormal(2.5, 0.49), stats.lognorm(0.49, scale=2.5)),
    "decay_per_year": ({"kind": "pert", "low": 0, "mode": 0.03, "high": 0.1}, pert(0, 0.03, 0.1)),
    "spillover_share": ({"kind": "beta", "alpha": 2.2, "beta": 12.5}, stats.beta(2.2, 12.5)),
    "uplift_cap": (
        {"kind": "pert", "low": 0.04, "mode": 0.08, "high": 0.15},
        pert(0.04, 0.08, 0.15),
    ),
    "adoption_cost_share": (lognormal(0.01, 0.7), stats.lognorm(0.7, scale=0.01)),
    "readiness_slope_initial_adoption": (normal(0.25, 0.15), stats.norm(0.25, 0.15)),
    "readiness_slope_imitation": (normal(0.05, 0.05), stats.norm(0.05, 0.05)),
    "readiness_slope_ceiling": (normal(0.15, 0.1), stats.norm(0.15, 0.1)),
    "readiness_slope_productivity_effect": (normal(0.05, 0.05), stats.norm(0.05, 0.05)),
    "growth_nation": (normal(0.013, 0.005), stats.norm(0.013, 0.005)),
    "prize_gbp_bn": (
        {"kind": "triangular", "low": 150, "mode": 208, "high": 230},
        stats.triang(58 / 80, 150, 80),
    ),
    "displacement": (
        {"kind": "pert", "low": 0.1, "mode": 0.25, "high": 0.5},
        pert(0.1, 0.25, 0.5),
    ),
    "leakage": ({"kind": "beta", "alpha": 4.0, "beta": 31.0}, stats.beta(4, 31)),
    "multiplier": (
        {"kind": "pert", "low": 1.1, "mode": 1.25, "high": 1.5},
        pert(1.1, 1.25, 1.5),
    ),
}


def recover_national(name: str, spec: Spec, data: Data) -> Array:
    """The parameter as each area shows it, draws × areas, all else being fixed."""
    step = UPLIFT * STILL["innovation"] * (M - A0)
    match name:
        case "lag_years":
            return step / gain(run_core(spec, data)) - 1
        case "decay_per_year":
            # E[2] = E[1] (1 − λ − δ) + λ (A[2] − A0), with λ = 1 and E[1] = A[1] − A0.
            spec["horizon_years"], spec["discount_factors"] = 2, [1.0, 1.0]
            core = run_core(spec, data)
            second = M - (M - A0) * (1 - STILL["innovation"]) ** 2 - A0
            return (UPLIFT * second - gain(core, 2)) / gain(core, 1)
        case "spillover_share":
            # Two areas see each other only; readiness sets one above the other at the start.
            set_spread_parameter(spec, "innovation", fixed(0.0))
            set_spread_parameter(spec, "imitation", fixed(0.5))
            spec["national"]["readiness_slope_initial_adoption"] = fixed(1.0)
            start = special.expit(special.logit(A0) + READY)
            seen = gain(run_core(spec, data)) / (UPLIFT * (M - start)) * M / 0.5
            return (seen - start) / (start[::-1] - start)
        case "uplift_cap":
            set_spread_parameter(spec, "productivity_effect", fixed(2.0))
            return gain(run_core(spec, data)) / GVA
        case "adoption_cost_share":
            adopted = STILL["innovation"] * (M - A0)
            return run_core(spec, data).metric("cost_cumulative_gbp_m")[:, :2] / (GVA * adopted)
        case "readiness_slope_initial_adoption":
            set_spread_parameter(spec, "innovation", fixed(1.0))
            start = M - gain(run_core(spec, data)) / UPLIFT
            return (special.logit(start) - special.logit(A0)) / READY
        case "readiness_slope_imitation":
            set_spread_parameter(spec, "innovation", fixed(0.0))
            set_spread_parameter(spec, "imitation", fixed(0.5))
            return np.log(gain(run_core(spec, data)) / (UPLIFT * (M - A0) * 0.5 * A0 / M)) / READY
        case "readiness_slope_ceiling":
            set_spread_parameter(spec, "innovation", fixed(1.0))
            ceiling = A0 + gain(run_core(spec, data)) / UPLIFT
            return (special.logit(ceiling) - special.logit(M)) / READY
        case "readiness_slope_productivity_effect":
            return np.log(gain(run_core(spec, data)) / step) / READY
        case "growth_nation":
            return gain(run_core(spec, data)) / step - 1
        case "prize_gbp_bn":
            core = run_core(spec, data)
            return (core.metric("prize_gbp_bn") / core.metric("share"))[:, :2]
        case "displacement" | "leakage" | "multiplier":
            kept = run_core(spec, data).additionality()
            return np.repeat((kept if name == "multiplier" else 1 - kept)[:, None], 2, axis=1)
    raise AssertionError(name)


def national_draws(name: str) -> Array:
    spec, data = still(areas=2, sectors=1, technologies=1)
    spec["national"][name] = NATIONAL[name][0]
    found = recover_national(name, spec, data | {"readiness": READY})
    # One number for the whole nation: every area shows the same.
    np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-7, atol=1e-10)
    return found[:, 0]


@pytest.mark.parametrize("name", NATIONAL)
def test_national_parameter_has_its_distribution_and_is_one_for_all_areas(name: str) -> None:
    draws, expected = national_draws(name), NATIONAL[name][1]
    assert stats.kstest(draws, expected.cdf).pvalue > 1e-4
    assert_standard(stats.norm.ppf(expected.cdf(draws)), name)


def test_national_parameters_are_independent() -> None:
    scores = {
        name: stats.norm.ppf(expected.cdf(national_draws(name)))
        for name, (_, expected) in NATIONAL.items()
    }
    for first, second in combinations(scores, 2):
        assert_correlation(scores[first], scores[second], 0, f"{first}, {second}")


# --- levers ----------------------------------------------------------------------------------


def with_levers(
    spec: Spec, data: Data, effects: list[dict[str, Any]], scopes: list[list[bool]]
) -> tuple[Spec, Data]:
    """Levers in full swing from the start, in every area."""
    spec["take_up"] = {"distribution": fixed(1.0), "shared_variance": 0.5}
    spec["levers"] = [
        {
            "name": name,
            "effects": effect,
            "scope": scope,
            "cost_gbp_per_head_per_year": fixed(0.0),
        }
        for name, effect, scope in zip(("leadership", "skills"), effects, scopes, strict=False)
    ]
    shape = (len(spec["levers"]), len(spec["areas"]))
    plan = {"intensity": np.ones(shape), "start_years": np.full(shape, -9.0)}
    return spec, data | plan | {"ramp_years": np.zeros(shape)}


def test_take_up_shares_half_its_variance_between_areas_and_none_between_levers() -> None:
    """Two levers in a sector each; a take-up u raises the gain by the factor 1 + ε u, ε = 1."""
    spec, data = still(technologies=1)
    effect = {"productivity_effect": fixed(1.0)}
    spec, data = with_levers(spec, data, [effect, effect], [[True, False], [False, True]])
    spec["take_up"]["distribution"] = {"kind": "beta", "alpha": 0.8, "beta": 1.5}
    take_up = stats.beta(0.8, 1.5)

    def recover(core: Core) -> Array:
        return gain(core) / (UPLIFT * STILL["innovation"] * (M - A0)) - 1

    found = over_grid(spec, data, recover)[..., 0]  # draws × areas × levers
    for r, i in product(range(2), repeat=2):
        assert stats.kstest(found[:, r, i], take_up.cdf).pvalue > 1e-4
    # Near 1 a take-up has lost the digits of its complement; no score is that far out.
    score = stats.norm.ppf(take_up.cdf(np.clip(found, 1e-15, 1 - 1e-15)))
    for i in range(2):
        for r in range(2):
            assert_standard(score[:, r, i])
        assert_correlation(score[:, 0, i], score[:, 1, i], 0.5, "areas")
    for first, second in product(range(2), repeat=2):
        assert_correlation(score[:, first, 0], score[:, second, 1], 0.0, "levers")


@pytest.mark.parametrize("shared", [0.0, 0.25, 1.0])
def test_take_up_shares_as_much_variance_as_stated(shared: float) -> None:
    spec, data = still(sectors=1, technologies=1)
    spec, data = with_levers(spec, data, [{"productivity_effect": fixed(1.0)}], [[True]])
    spec["take_up"] = {"distribution": {"kind": "uniform", "low": 0, "high": 1}} | {
        "shared_variance": shared
    }
    found = gain(run_core(spec, data)) / (UPLIFT * STILL["innovation"] * (M - A0)) - 1
    score = stats.norm.ppf(found)
    assert_standard(score[:, 0])
    assert_standard(score[:, 1])
    assert_correlation(score[:, 0], score[:, 1], shared)


def lever_effects(target: str) -> Array:
    """ln ε of the two levers on one target, draws × areas × levers."""
    spec, data = still(technologies=1)
    effect = {target: lognormal(0.1, 0.4)}
    settings: dict[str, dict[str, float]] = {
        "imitation": {"innovation": 0.0, "imitation": 0.5},
        "ceiling": {"innovation": 1.0},
    }
    for name, value in settings.get(target, {}).items():
        set_spread_parameter(spec, name, fixed(value))
    spec, data = with_levers(spec, data, [effect, effect], [[True, False], [False, True]])

    def recover(core: Core) -> Array:
        found = gain(core) / UPLIFT
        match target:
            case "ceiling":  # m' = m + (1 − m) ε, and everybody adopts
                return (A0 + found - M) / (1 - M)
            case "imitation":
                return found / (0.5 * A0 / M * (M - A0)) - 1
            case _:
                return found / (STILL["innovation"] * (M - A0)) - 1

    return (np.log(over_grid(spec, data, recover)[..., 0]) - math.log(0.1)) / 0.4


def test_effects_of_levers_are_one_for_all_areas_and_independent_otherwise() -> None:
    targets = ("innovation", "imitation", "ceiling", "productivity_effect")
    scores = {}
    for target in targets:
        found = lever_effects(target)
        np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-8, err_msg=target)
        for i in range(2):
            scores[target, i] = found[:, 0, i]
            assert_standard(found[:, 0, i], target)
    for first, second in combinations(scores, 2):
        assert_correlation(scores[first], scores[second], 0, f"{first}, {second}")


def test_effect_on_the_ceiling_closes_at_most_the_whole_gap() -> None:
    spec, data = still(areas=1, sectors=1, technologies=1)
    set_spread_parameter(spec, "innovation", fixed(1.0))
    spec, data = with_levers(spec, data, [{"ceiling": lognormal(1.0, 1.0)}], [[True]])
    closed = (A0 + gain(run_core(spec, data))[:, 0] / UPLIFT - M) / (1 - M)
    full = closed > 1 - 1e-9
    assert abs(full.mean() - 0.5) < SIGMAS * 0.5 / math.sqrt(DRAWS)
    assert closed.max() < 1 + 1e-9
    below = stats.lognorm(1.0)
    assert stats.kstest(closed[~full], lambda x: below.cdf(x) / below.cdf(1)).pvalue > 1e-4


def test_cost_of_a_lever_is_one_for_all_areas_and_its_own() -> None:
    """Two years at full swing; nobody's take-up matters to what is spent."""
    spec, data = still(areas=2, sectors=1, technologies=1, years=2)
    spec, data = with_levers(spec, data, [{}, {}], [[True], [True]])
    spec["take_up"]["distribution"] = {"kind": "beta", "alpha": 0.8, "beta": 1.5}
    scores = []
    for i in range(2):
        alone = deepcopy(spec)
        alone["levers"][i]["cost_gbp_per_head_per_year"] = lognormal(2.0, 0.3)
        spent = run_core(alone, data).metric("lever_cost_cumulative_gbp_m")[:, :2]
        price = spent * 1e6 / (2 * data["population"])
        np.testing.assert_allclose(price[:, 0], price[:, 1], rtol=1e-12)
        scores.append(np.log(price[:, 0] / 2.0) / 0.3)
        assert_standard(scores[-1])
    assert_correlation(scores[0], scores[1], 0)


# --- every kind of distribution --------------------------------------------------------------

KINDS: list[tuple[dict[str, Any], Any]] = [
    (normal(0.1, 0.5), stats.norm(0.1, 0.5)),
    (lognormal(0.5, 0.8), stats.lognorm(0.8, scale=0.5)),
    (logitnormal(0.3, 1.2), None),
    ({"kind": "uniform", "low": -1.0, "high": 2.0}, stats.uniform(-1, 3)),
    ({"kind": "triangular", "low": -1.0, "mode": 0.5, "high": 2.0}, stats.triang(0.5, -1, 3)),
    ({"kind": "pert", "low": -1.0, "mode": 1.5, "high": 2.0}, pert(-1, 1.5, 2)),
    ({"kind": "beta", "alpha": 0.8, "beta": 1.5}, stats.beta(0.8, 1.5)),
    ({"kind": "beta", "alpha": 2.2, "beta": 12.5}, stats.beta(2.2, 12.5)),
    ({"kind": "gamma", "shape": 0.7, "scale": 0.4}, stats.gamma(0.7, scale=0.4)),
    ({"kind": "gamma", "shape": 9.0, "scale": 0.1}, stats.gamma(9.0, scale=0.1)),
]


def complements(distribution: dict[str, Any], sampler: str, double: bool) -> Array:
    """Draws of a distribution where any real number may stand: ln of the gain's ratio."""
    spec, data = still(areas=1, sectors=1, technologies=1)
    spec |= {"complements": distribution, "sampler": sampler}
    found = gain(run_core(spec, data, double=double)).astype(float)[:, 0]
    return np.log(found / (UPLIFT * STILL["innovation"] * (M - A0)))


@pytest.mark.parametrize("double", [True, False], ids=["double", "single"])
@pytest.mark.parametrize("sampler", ["random", "sobol"])
@pytest.mark.parametrize(
    ("distribution", "expected"), KINDS, ids=[distribution["kind"] for distribution, _ in KINDS]
)
def test_draws_have_the_stated_distribution(
    distribution: dict[str, Any], expected: Any, sampler: str, double: bool
) -> None:
    draws = complements(distribution, sampler, double)
    if expected is None:  # logit-normal
        draws, expected = special.logit(draws), stats.norm(special.logit(0.3), 1.2)
    test = stats.kstest(draws, expected.cdf)
    assert test.pvalue > 1e-4
    if sampler == "sobol":
        # Sixteen scrambled nets of n/16 points each: far more even than random draws, whose
        # statistic is about 0.87 / √n.
        assert test.statistic < 0.3 / math.sqrt(DRAWS)


@pytest.mark.parametrize("double", [True, False], ids=["double", "single"])
def test_discrete_draws_have_the_stated_probabilities(double: bool) -> None:
    values, probabilities = [-0.5, 0.1, 0.2, 1.0], [0.25, 0.05, 0.3, 0.4]
    distribution = {"kind": "discrete", "values": values, "probabilities": probabilities}
    draws = complements(distribution, "random", double)
    nearest = np.abs(draws[:, None] - np.array(values)).argmin(axis=1)
    np.testing.assert_allclose(draws, np.array(values)[nearest], atol=1e-5)
    counts = np.bincount(nearest, minlength=4)
    assert stats.chisquare(counts, DRAWS * np.array(probabilities)).pvalue > 1e-4
