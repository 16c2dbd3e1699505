"""The model, written out once more: plain float64 NumPy, one formula at a time.

This is the yardstick the fast core is checked against. It was written from the model
description, not from the core, and it favours being obviously right over being quick. The
section numbers in the comments are those of the model description.

Axes are always in the order draw (N), area (R), sector (S), technology (K), year. Years run
from 0, the start, to T, the horizon.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

Array = np.ndarray

SPREAD_PARAMETERS = (
    "initial_adoption",
    "innovation",
    "imitation",
    "ceiling",
    "productivity_effect",
)
LEVELS = ("nation", "technology", "area", "sector", "cell")
NATIONAL_PARAMETERS = (
    "lag_years",
    "decay_per_year",
    "spillover_share",
    "uplift_cap",
    "adoption_cost_share",
    "readiness_slope_initial_adoption",
    "readiness_slope_imitation",
    "readiness_slope_ceiling",
    "readiness_slope_productivity_effect",
    "growth_nation",
    "prize_gbp_bn",
    "displacement",
    "leakage",
    "multiplier",
)
LEVER_TARGETS = ("innovation", "imitation", "ceiling", "productivity_effect")
EARTH_RADIUS_KM = 6371.0


# --------------------------------------------------------------------------------------------
# Section 5: distributions. Every one is the quantile function of Phi(z), z standard normal.
# --------------------------------------------------------------------------------------------


def value_at(distribution: dict[str, Any], z: Array | float) -> Array:
    """The quantile of `distribution` at probability Phi(z).

    Above the median the complement Phi(-z) is used, because 1 - Phi(z) computed by subtraction
    has lost its digits by the time z is 6.
    """
    z = np.asarray(z, dtype=float)
    kind = distribution["kind"]
    below = special.ndtr(z)  # Phi(z): probability of a smaller value
    above = special.ndtr(-z)  # 1 - Phi(z), to full precision

    if kind == "fixed":
        return np.full(z.shape, float(distribution["value"]))
    if kind == "normal":
        return distribution["mean"] + distribution["sd"] * z
    if kind == "lognormal":
        return distribution["median"] * np.exp(distribution["sigma"] * z)
    if kind == "logitnormal":
        return special.expit(logit_at(distribution, z))
    if kind == "uniform":
        low, high = distribution["low"], distribution["high"]
        return np.where(z <= 0, low + (high - low) * below, high - (high - low) * above)
    if kind == "triangular":
        low, mode, high = distribution["low"], distribution["mode"], distribution["high"]
        if low == high:
            return np.full(z.shape, float(low))
        rising = low + np.sqrt(below * (high - low) * (mode - low))
        falling = high - np.sqrt(above * (high - low) * (high - mode))
        return np.where(below * (high - low) < mode - low, rising, falling)
    if kind == "pert":
        low, mode, high = distribution["low"], distribution["mode"], distribution["high"]
        if low == high:
            return np.full(z.shape, float(low))
        # The usual PERT: a beta on [low, high] whose mean is (low + 4 mode + high) / 6.
        alpha = 1 + 4 * (mode - low) / (high - low)
        beta = 1 + 4 * (high - mode) / (high - low)
        return low + (high - low) * _beta_quantile(alpha, beta, z)
    if kind == "beta":
        return _beta_quantile(distribution["alpha"], distribution["beta"], z)
    if kind == "gamma":
        shape, scale = distribution["shape"], distribution["scale"]
        lower = special.gammaincinv(shape, below)
        upper = special.gammainccinv(shape, above)
        return scale * np.where(z <= 0, lower, upper)
    if kind == "zero_or":
        return _zero_or(distribution["p_zero"], distribution["of"], z)
    if kind == "discrete":
        # The smallest value whose cumulative probability reaches Phi(z).
        values = np.asarray(distribution["values"], dtype=float)
        probabilities = np.asarray(distribution["probabilities"], dtype=float)
        order = np.argsort(values, kind="stable")
        values, probabilities = values[order], probabilities[order] / probabilities.sum()
        index = np.zeros(z.shape, dtype=int)
        for j in range(len(values) - 1):
            lower_tail = probabilities[: j + 1].sum()
            upper_tail = probabilities[j + 1 :].sum()
            index += np.where(z <= 0, below > lower_tail, above < upper_tail)
        return values[index]
    raise ValueError(f"unknown distribution kind {kind!r}")


def _zero_or(p_zero: float, of: dict[str, Any], z: Array) -> Array:
    """The quantile of what is exactly 0 with probability `p_zero` and otherwise as `of`.

    F(x) = (1 - p_zero) * F_of(x) below 0, and p_zero more than that from 0 on.
    """
    if p_zero == 1:
        return np.zeros(z.shape)
    if p_zero == 0:
        return value_at(of, z)
    below, above = special.ndtr(z), special.ndtr(-z)
    negative = (1 - p_zero) * _probability_below_zero(of)
    positive = 1 - p_zero - negative
    with np.errstate(divide="ignore", invalid="ignore"):
        small = value_at(of, special.ndtri(np.minimum(below / (1 - p_zero), 1.0)))
        large = value_at(of, -special.ndtri(np.minimum(above / (1 - p_zero), 1.0)))
    return np.where(below < negative, small, np.where(above < positive, large, 0.0))


def _probability_below_zero(of: dict[str, Any]) -> float:
    """By bisection on z: every quantile function rises."""
    low, high = -40.0, 40.0
    if value_at(of, low) >= 0:
        return 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if value_at(of, middle) < 0 else (low, middle)
    return float(special.ndtr(low))


def _beta_quantile(alpha: float, beta: float, z: Array) -> Array:
    lower = special.betaincinv(alpha, beta, special.ndtr(z))
    upper = special.betainccinv(alpha, beta, special.ndtr(-z))
    return np.where(z <= 0, lower, upper)


def logit_at(distribution: dict[str, Any], z: Array) -> Array:
    """logit of `value_at`, without the round trip where the distribution is logit-normal."""
    if distribution["kind"] == "logitnormal":
        return special.logit(distribution["median"]) + distribution["sigma"] * z
    return special.logit(value_at(distribution, z))


# --------------------------------------------------------------------------------------------
# Section 5: spread and correlation
# --------------------------------------------------------------------------------------------


def mixing_matrices(spec: dict[str, Any]) -> dict[str, tuple[list[str], Array]]:
    """For each level: the parameters with a weight above 0 there, and their Cholesky factor.

    Two parameters with level weights w1 and w2, whose numbers are correlated rho' at every level
    they share, have composed normals correlated rho' * sum over levels of sqrt(w1 * w2). So
    rho' = rho / sum sqrt(w1 * w2) makes rho exact on the composed normals.
    """
    weights = {
        name: np.asarray(spec["spread_parameters"][name]["spread"], dtype=float)
        for name in SPREAD_PARAMETERS
    }
    for name, weight in weights.items():
        if (weight < 0).any() or abs(weight.sum() - 1) > 1e-9:
            raise ValueError(f"the spread of {name} must be non-negative and sum to 1")

    matrices = {}
    for level, level_name in enumerate(LEVELS):
        present = [name for name in SPREAD_PARAMETERS if weights[name][level] > 0]
        correlation = np.eye(len(present))
        for pair in spec.get("correlations", []):
            first, second = pair["between"]
            overlap = np.sqrt(weights[first] * weights[second]).sum()
            if overlap == 0:
                raise ValueError(f"{first} and {second} share no level: cannot be correlated")
            if first in present and second in present:
                i, j = present.index(first), present.index(second)
                correlation[i, j] = correlation[j, i] = pair["value"] / overlap
        matrices[level_name] = (present, np.linalg.cholesky(correlation))
    return matrices


def composed_normals(
    spec: dict[str, Any], normals: dict[str, Array], draws: int
) -> dict[str, Array]:
    """The standard normal of every cell, (N, R, S, K), for each spread parameter.

    z[r,s,k] = sum over levels of sqrt(weight) * z_level, after the level's numbers have been
    mixed so as to carry the correlations between parameters.
    """
    r, s, k = len(spec["areas"]), len(spec["sectors"]), len(spec["technologies"])
    own_shape = {  # as given ...
        "nation": (draws,),
        "technology": (draws, k),
        "area": (draws, r),
        "sector": (draws, s),
        "cell": (draws, r, s, k),
    }
    cell_shape = {  # ... and as laid out over the cells
        "nation": (draws, 1, 1, 1),
        "technology": (draws, 1, 1, k),
        "area": (draws, r, 1, 1),
        "sector": (draws, 1, s, 1),
        "cell": (draws, r, s, k),
    }
    composed = {name: np.zeros((draws, r, s, k)) for name in SPREAD_PARAMETERS}
    for level, (present, cholesky) in mixing_matrices(spec).items():
        independent = [
            _given(normals, f"{name}/{level}", own_shape[level]).reshape(cell_shape[level])
            for name in present
        ]
        for i, name in enumerate(present):
            mixed = sum(cholesky[i, j] * independent[j] for j in range(i + 1))
            weight = spec["spread_parameters"][name]["spread"][LEVELS.index(level)]
            composed[name] = composed[name] + np.sqrt(weight) * mixed
    return composed


def _given(normals: dict[str, Array], key: str, shape: tuple[int, ...]) -> Array:
    """The normals under `key`; a key that is not given means zeros."""
    if key not in normals:
        return np.zeros(shape)
    array = np.asarray(normals[key], dtype=float)
    if array.shape != shape:
        raise ValueError(f"normals[{key!r}] has shape {array.shape}, expected {shape}")
    return array


# --------------------------------------------------------------------------------------------
# Sections 3 to 6: the values drawn
# --------------------------------------------------------------------------------------------


def draw_parameters(
    spec: dict[str, Any], data: dict[str, Array], normals: dict[str, Array], draws: int
) -> dict[str, Any]:
    """Every uncertain quantity of the model, draw by draw."""
    n_areas, n_sectors, n_technologies = (
        len(spec["areas"]),
        len(spec["sectors"]),
        len(spec["technologies"]),
    )
    national = {
        name: value_at(spec["national"][name], _given(normals, f"national/{name}", (draws,)))
        for name in NATIONAL_PARAMETERS
    }

    z = composed_normals(spec, normals, draws)

    def by_technology(function: Any, name: str) -> Array:
        """Apply each technology's own distribution to its slice of the composed normal."""
        distributions = spec["spread_parameters"][name]["distributions"]
        return np.stack(
            [function(distributions[k], z[name][..., k]) for k in range(n_technologies)], axis=-1
        )

    # ln OR[s,k]: one per sector and technology, the same in every area (section 3).
    odds_normals = _given(normals, "odds_ratio/cell", (draws, n_sectors, n_technologies))
    log_odds_ratio = np.empty((draws, 1, n_sectors, n_technologies))
    for s in range(n_sectors):
        for k in range(n_technologies):
            ratio = value_at(spec["odds_ratios"][s][k], odds_normals[:, s, k])
            log_odds_ratio[:, 0, s, k] = np.log(ratio)

    def readiness_effect(slope: str) -> Array:
        """gamma * readiness[r], laid out over the cells."""
        gamma = national[f"readiness_slope_{slope}"]
        readiness = np.asarray(data["readiness"], dtype=float)
        return (gamma[:, None] * readiness[None, :])[:, :, None, None]

    # ln OA[r,k], and n_k, which moves the nation's start to where it is stated.
    area_ratios = np.ones((n_areas, n_technologies))
    if spec.get("area_odds_ratios"):
        area_ratios = np.asarray(spec["area_odds_ratios"], dtype=float)
    log_area_ratio = np.log(area_ratios)[None, :, None, :]
    moved = np.zeros(n_technologies)
    if spec.get("normalise_start", False):
        moved = start_constants(spec, data, log_area_ratio)

    # Section 3: A[0] = logistic(logit(a_k) + n_k + ln OR[s,k] + ln OA[r,k]
    #                            + gamma_a * readiness[r] + sigma * z)
    initial_adoption = special.expit(
        by_technology(logit_at, "initial_adoption")
        + moved
        + log_odds_ratio
        + log_area_ratio
        + readiness_effect("initial_adoption")
    )
    # Section 3: m = max(A[0], logistic(mu_m,k + sigma * z + gamma_m * readiness[r]))
    ceiling = np.maximum(
        initial_adoption,
        special.expit(by_technology(logit_at, "ceiling") + readiness_effect("ceiling")),
    )
    innovation = by_technology(value_at, "innovation")
    # Section 3: q = q_k * exp(gamma_q * readiness[r] + sigma * z)
    imitation = by_technology(value_at, "imitation") * np.exp(readiness_effect("imitation"))

    # Section 4: beta = betabar * exp(sigma * z) * exp(gamma_c * readiness[r] + 0.25 * z_r)
    complements = value_at(
        spec.get("complements", {"kind": "normal", "mean": 0.0, "sd": 0.25}),
        _given(normals, "complements/area", (draws, n_areas)),
    )
    productivity_effect = by_technology(value_at, "productivity_effect") * np.exp(
        readiness_effect("productivity_effect") + complements[:, :, None, None]
    )

    # Section 5: g[r,s] = nation + area + sector + cell; the areas' numbers have a part in common,
    # c_r F + sqrt(1 - c_r^2) z_r.
    loading = np.asarray(spec.get("growth_loadings") or np.zeros(n_areas), dtype=float)
    common = _given(normals, "growth_area/nation", (draws,))[:, None]
    own = _given(normals, "growth_area/area", (draws, n_areas))
    growth_area = value_at(spec["growth_area"], loading * common + np.sqrt(1 - loading**2) * own)
    growth_sector = value_at(
        spec["growth_sector"], _given(normals, "growth_sector/sector", (draws, n_sectors))
    )
    growth_cell = value_at(
        spec["growth_cell"], _given(normals, "growth_cell/cell", (draws, n_areas, n_sectors))
    )
    growth = (
        national["growth_nation"][:, None, None]
        + growth_area[:, :, None]
        + growth_sector[:, None, :]
        + growth_cell
    )

    # Section 5: a transitory part of the logarithm of GVA, drawn once for every cell.
    transitory = value_at(
        spec.get("growth_transitory", {"kind": "fixed", "value": 0.0}),
        _given(normals, "growth_transitory/cell", (draws, n_areas, n_sectors)),
    )

    # Section 6: the levers' effects at full take-up, their costs, and the take-up realised,
    # one per lever and area, with part of its variance shared by all areas.
    shared = spec["take_up"]["shared_variance"] if spec["levers"] else 0.0
    take_up = np.zeros((draws, len(spec["levers"]), n_areas))
    effects: dict[str, dict[str, Array]] = {}
    costs: dict[str, Array] = {}
    for i, lever in enumerate(spec["levers"]):
        name = lever["name"]
        # One number decides for all effects of a lever whether they are zero, each with its own
        # chance of it; the numbers of two levers are correlated.
        correlation = spec.get("zero_correlation", 0.0)
        decides = np.sqrt(correlation) * _given(normals, "lever_zero/nation", (draws,))
        own_lot = _given(normals, "lever_zero/lever", (draws, len(spec["levers"])))[:, i]
        decides = special.ndtr(decides + np.sqrt(1 - correlation) * own_lot)
        effects[name] = {}
        for target, stated in lever["effects"].items():
            p_zero, of = (
                (stated["p_zero"], stated["of"]) if stated["kind"] == "zero_or" else (0.0, stated)
            )
            size = value_at(of, _given(normals, f"lever/{name}/effect/{target}", (draws,)))
            effects[name][target] = np.where(decides < p_zero, 0.0, size)
        # What it costs is the plan and, on top, a share that plans leave out.
        bias = value_at(
            spec.get("optimism_bias", {"kind": "fixed", "value": 0.0}),
            _given(normals, "optimism_bias/lever", (draws, len(spec["levers"])))[:, i],
        )
        planned = value_at(
            lever["cost_gbp_per_head_per_year"], _given(normals, f"lever/{name}/cost", (draws,))
        )
        costs[name] = planned * (1 + bias)
        z_nation = _given(normals, f"lever/{name}/take_up/nation", (draws,))
        z_area = _given(normals, f"lever/{name}/take_up/area", (draws, n_areas))
        z_take_up = np.sqrt(shared) * z_nation[:, None] + np.sqrt(1 - shared) * z_area
        own = lever.get("take_up") or spec["take_up"]["distribution"]
        take_up[:, i, :] = value_at(own, z_take_up)

    return {
        "initial_adoption": initial_adoption,
        "innovation": innovation,
        "imitation": imitation,
        "ceiling": ceiling,
        "productivity_effect": productivity_effect,
        "growth": growth,
        "transitory": transitory,
        "take_up": take_up,
        "lever_effects": effects,
        "lever_costs": costs,
        "national": national,
    }


def start_constants(spec: dict[str, Any], data: dict[str, Array], log_area_ratio: Array) -> Array:
    """n_k: added to log odds everywhere, it brings the GVA-weighted start to a_k, by bisection.

    At the middle of every distribution, that is at z = 0.
    """
    weights = np.asarray(data["gva_gbp_m"], dtype=float)
    weights = weights / weights.sum()
    slope = float(value_at(spec["national"]["readiness_slope_initial_adoption"], 0.0))
    lean = slope * np.asarray(data["readiness"], dtype=float)[:, None]
    found = np.zeros(len(spec["technologies"]))
    for k, of in enumerate(spec["spread_parameters"]["initial_adoption"]["distributions"]):
        wanted = float(value_at(of, 0.0))
        ratios = [float(value_at(row[k], 0.0)) for row in spec["odds_ratios"]]
        odds = special.logit(wanted) + np.log(ratios)[None, :] + log_area_ratio[0, :, :, k] + lean
        low, high = -60.0, 60.0
        for _ in range(200):
            found[k] = (low + high) / 2
            start = (weights * special.expit(odds + found[k])).sum()
            low, high = (found[k], high) if start < wanted else (low, found[k])
    return found


# --------------------------------------------------------------------------------------------
# Section 3: who sees whom, and the hazard of adopting
# --------------------------------------------------------------------------------------------


def distances_km(latitude: Array, longitude: Array) -> Array:
    """Great-circle distances between the centroids, by the haversine formula."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    d_phi = phi[:, None] - phi[None, :]
    d_lam = lam[:, None] - lam[None, :]
    a = (
        np.sin(d_phi / 2) ** 2
        + np.cos(phi)[:, None] * np.cos(phi)[None, :] * np.sin(d_lam / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(a, 1.0)))


def spillover_weights(data: dict[str, Array], decay_km: float) -> Array:
    """W[r,r'] proportional to GVA[r'] * exp(-distance / decay); no self, rows sum to 1."""
    gva = np.asarray(data["gva_gbp_m"], dtype=float).sum(axis=1)
    distance = distances_km(np.asarray(data["latitude"]), np.asarray(data["longitude"]))
    weights = gva[None, :] * np.exp(-distance / decay_km)
    np.fill_diagonal(weights, 0.0)
    if len(gva) == 1:
        return weights  # a single area has no neighbours: W = 0
    return weights / weights.sum(axis=1, keepdims=True)


def adopters_seen(adoption: Array, weights: Array, theta: Array) -> Array:
    """S = (1 - theta) * A[r] + theta * sum over r' of W[r,r'] * A[r']."""
    if len(weights) == 1:
        return adoption  # nobody else to see, so theta has nothing to act on
    elsewhere = np.einsum("ij,njsk->nisk", weights, adoption)
    theta = theta[:, None, None, None]
    return (1 - theta) * adoption + theta * elsewhere


def hazard(
    curve: str, p: Array, p_factor: Array, q: Array, q_factor: Array, seen: Array, ceiling: Array
) -> Array:
    """The chance that an eligible non-adopter adopts this year, 0 to 1."""
    # With a ceiling of 0 there is no gap to fill, so any finite hazard will do.
    ratio = np.divide(seen, ceiling, out=np.zeros_like(ceiling), where=ceiling > 0)
    if curve == "bass":
        h = p * p_factor + q * q_factor * ratio
    elif curve == "logistic":
        h = q * q_factor * ratio
    elif curve == "gompertz":
        h = q * q_factor * gompertz_shape(np.minimum(ratio, 1.0))
    else:
        raise ValueError(f"unknown curve {curve!r}")
    return np.clip(h, 0.0, 1.0)


def gompertz_shape(y: Array) -> Array:
    """psi(y) = -y ln(y) / (1 - y), with its limits psi(0) = 0 and psi(1) = 1."""
    shape = np.where(y >= 1, 1.0, 0.0)
    inside = (y > 0) & (y < 1)
    shape[inside] = -y[inside] * np.log(y[inside]) / (1 - y[inside])
    return shape


# --------------------------------------------------------------------------------------------
# Section 6: levers
# --------------------------------------------------------------------------------------------


def lever_ramp(year: int, start: Array, ramp: Array, duration: float = np.inf) -> Array:
    """clip((t - 0.5 - start) / ramp, 0, 1), and 0 once the lever has ended.

    A ramp of 0 means all at once.
    """
    elapsed = year - 0.5 - start
    with np.errstate(divide="ignore", invalid="ignore"):
        gradual = np.clip(elapsed / ramp, 0.0, 1.0)
    reached = np.where(ramp > 0, gradual, np.where(elapsed >= 0, 1.0, 0.0))
    return np.where(elapsed < duration, reached, 0.0)


def duration_of(lever: dict[str, Any]) -> float:
    """Years from a lever's start to its end; it has none if that is not stated."""
    stated = lever.get("duration_years")
    return np.inf if stated is None else stated


def lever_left(spec: dict[str, Any], data: dict[str, Array], year: int) -> Array:
    """What is left of the additions of each lever in each area, (L, R): 1 until it has ended,
    then half as much for every `fade_years` that pass; 1 throughout if none are stated.
    """
    left = np.ones(np.shape(data["intensity"]))
    for i, lever in enumerate(spec["levers"]):
        fade = lever.get("fade_years")
        for r, start in enumerate(data["start_years"][i]):
            since_end = year - 0.5 - start - duration_of(lever)
            if fade is not None and since_end > 0:
                left[i, r] = 0.0 if fade == 0 else 0.5 ** (since_end / fade)
    return left


def lever_sums(
    spec: dict[str, Any], data: dict[str, Array], parameters: dict[str, Any], year: int
) -> dict[str, Array]:
    """For each target, the sum over levers of effect * strength, (N, R, S, 1), in one year.

    Strength L[r,t] = take-up * intensity[r] * clip((t - 0.5 - start) / ramp, 0, 1), in the
    sectors within the lever's scope only.
    """
    draws = parameters["growth"].shape[0]
    sums = {
        target: np.zeros((draws, len(spec["areas"]), len(spec["sectors"]), 1))
        for target in LEVER_TARGETS
    }
    for i, lever in enumerate(spec["levers"]):
        ramp = lever_ramp(year, data["start_years"][i], data["ramp_years"][i], duration_of(lever))
        strength = parameters["take_up"][:, i, :] * data["intensity"][i] * ramp
        scope = np.asarray(lever["scope"], dtype=float)
        for target, effect in parameters["lever_effects"][lever["name"]].items():
            sums[target][..., 0] += (
                effect[:, None, None] * strength[:, :, None] * scope[None, None, :]
            )
    return sums


def lever_cost_gbp_m(
    spec: dict[str, Any], data: dict[str, Array], parameters: dict[str, Any], year: int
) -> Array:
    """What the levers cost in one year, (N, R).

    Population * cost per head * intensity * the part of the year the lever was running. A fixed
    share of the money is spent whether or not anybody takes the offer up; the rest follows
    take-up.
    """
    total = np.zeros((parameters["growth"].shape[0], len(spec["areas"])))
    for i in range(len(spec["levers"])):
        start = data["start_years"][i]
        end = start + duration_of(spec["levers"][i])
        running = np.clip(np.minimum(year, end) - np.maximum(year - 1, start), 0.0, 1.0)
        total += lever_cost_of_a_full_year(spec, data, parameters, i) * running
    return total


def lever_cost_of_a_full_year(
    spec: dict[str, Any], data: dict[str, Array], parameters: dict[str, Any], i: int
) -> Array:
    """What one lever costs in a year in which it runs throughout, (N, R), in £m."""
    fixed = spec.get("fixed_cost_share", 1.0)
    heads = np.asarray(data["population"], dtype=float) * data["intensity"][i]
    price = parameters["lever_costs"][spec["levers"][i]["name"]]
    spent = fixed + (1 - fixed) * parameters["take_up"][:, i, :]
    return price[:, None] * heads[None, :] / 1e6 * spent


def lever_cost_once_running_gbp_m(
    spec: dict[str, Any], data: dict[str, Array], parameters: dict[str, Any]
) -> Array:
    """What the levers cost in a year in which all of them run throughout, (N, R)."""
    total = np.zeros((parameters["growth"].shape[0], len(spec["areas"])))
    for i in range(len(spec["levers"])):
        total += lever_cost_of_a_full_year(spec, data, parameters, i)
    return total


# --------------------------------------------------------------------------------------------
# The whole model
# --------------------------------------------------------------------------------------------


def simulate(
    spec: dict[str, Any],
    data: dict[str, Array],
    normals: dict[str, Array],
    *,
    with_levers: bool = True,
) -> dict[str, Any]:
    """Run the model on the given standard normals and return its outputs, draw by draw.

    Without levers, `with_levers=False`, the scenario is the reference: nothing is done and
    nothing is spent.
    """
    horizon = spec["horizon_years"]
    draws = len(next(iter(normals.values()))) if normals else 1
    n_areas, n_sectors, n_technologies = (
        len(spec["areas"]),
        len(spec["sectors"]),
        len(spec["technologies"]),
    )
    cells = (draws, n_areas, n_sectors, n_technologies)

    parameters = draw_parameters(spec, data, normals, draws)
    national = parameters["national"]
    p, q = parameters["innovation"], parameters["imitation"]
    m, beta = parameters["ceiling"], parameters["productivity_effect"]
    growth = parameters["growth"]
    theta, kappa = national["spillover_share"], national["adoption_cost_share"]
    cap = national["uplift_cap"]
    j_curve = value_at(
        spec.get("j_curve", {"kind": "fixed", "value": 0.0}),
        _given(normals, "j_curve/nation", (draws,)),
    )
    lag_rate = (1 / (1 + national["lag_years"]))[:, None, None, None]  # lambda = 1 / (1 + tau)
    decay = national["decay_per_year"][:, None, None, None]  # delta
    weights = spillover_weights(data, spec["spillover_decay_km"])

    adoption = np.zeros((*cells, horizon + 1))
    adoption[..., 0] = parameters["initial_adoption"]
    gva = np.zeros((draws, n_areas, n_sectors, horizon + 1))
    gva[..., 0] = data["gva_gbp_m"]
    path = gva[..., 0]
    effective = np.zeros(cells)  # E[0] = 0
    gain = np.zeros((draws, n_areas, n_sectors, horizon))
    cost = np.zeros((draws, n_areas, n_sectors, horizon))
    lever_cost = np.zeros((draws, n_areas, horizon))
    running_cost = np.zeros((draws, n_areas))
    if with_levers:
        running_cost = lever_cost_once_running_gbp_m(spec, data, parameters)
    lifted_ceiling = m
    stock = np.zeros((*cells, horizon))
    built_up: dict[bytes, Array] = {}

    for t in range(1, horizon + 1):
        before = adoption[..., t - 1]

        # Section 6: Fp = 1 + sum, Fq = 1 + sum, Fbeta = 1 + sum, and the ceiling is lifted by a
        # part of its gap to full adoption: m' = m + (1 - m) * min(1, sum).
        if with_levers:
            lift = lever_sums(spec, data, parameters, t)
            lever_cost[..., t - 1] = lever_cost_gbp_m(spec, data, parameters, t)
        else:
            lift = {target: np.zeros((1, 1, 1, 1)) for target in LEVER_TARGETS}
        p_factor = 1 + lift["innovation"]
        q_factor = 1 + lift["imitation"]
        beta_factor = 1 + lift["productivity_effect"]
        lifted_ceiling = m + (1 - m) * np.minimum(1.0, lift["ceiling"])

        # Section 3: A[t] = A[t-1] + h * max(m' - A[t-1], 0)
        seen = adopters_seen(before, weights, theta)
        h = hazard(spec["curve"], p, p_factor, q, q_factor, seen, lifted_ceiling)
        adoption[..., t] = before + h * np.maximum(lifted_ceiling - before, 0.0)

        # Section 4: E[t] = E[t-1] + lambda * ((A[t] - A[0]) - E[t-1]) - delta * E[t-1]
        since_start = adoption[..., t] - adoption[..., 0]
        effective = effective + lag_rate * (since_start - effective) - decay * effective

        stock[..., t - 1] = effective
        left = effective
        if with_levers:
            left = left - faded(spec, data, normals, t, effective, built_up)

        # Section 4: GVA[t] = GVA[t-1] * (1 + g)
        path = path * (1 + growth)
        gva[..., t] = path * np.exp(parameters["transitory"])

        # Section 4: uplift = min(sum over k of beta * Fbeta * E, cap)
        #                     - j * sum over k of beta * (A[t] - A[t-1]); gain = GVA * uplift
        stacked = (beta * beta_factor * left).sum(axis=3)
        held_back = (beta * (adoption[..., t] - before)).sum(axis=3)
        uplift = np.minimum(stacked, cap[:, None, None]) - j_curve[:, None, None] * held_back
        gain[..., t - 1] = gva[..., t] * uplift

        # Section 4: cost = kappa * GVA[t] * sum over k of (A[t] - A[t-1])
        newly_adopted = (adoption[..., t] - before).sum(axis=3)
        cost[..., t - 1] = kappa[:, None, None] * gva[..., t] * newly_adopted

    return {
        **_outputs(spec, gain, cost, lever_cost, running_cost, gva, national["prize_gbp_bn"]),
        "adjustments": np.stack(
            [national[name] for name in ("displacement", "leakage", "multiplier")], axis=1
        ),
        "national_adoption": np.einsum(
            "rs,nrskt->nkt", np.asarray(data["gva_gbp_m"], dtype=float), adoption
        )
        / np.sum(data["gva_gbp_m"]),
        "adoption": adoption,
        "effective_stock": stock,
        "gain_by_cell_gbp_m": gain,
        "ceiling": np.broadcast_to(lifted_ceiling, cells).copy(),
        "parameters": parameters,
    }


def faded(
    spec: dict[str, Any],
    data: dict[str, Array],
    normals: dict[str, Array],
    year: int,
    effective: Array,
    built_up: dict[bytes, Array],
) -> Array:
    """What the effective stock has lost because levers have ended.

    Of some levers more is left than of others. For every share u from 0 to 1 there is the part
    of the plan of which at least u is left, and the stock that this part alone would have built
    up; what there is is the mean of these over u. So each lever is credited with what it adds to
    those of which more is left, and no lever can lower what there is.
    """
    moved = np.asarray(data["intensity"]) > 0
    left = lever_left(spec, data, year)
    levels = sorted({1.0, *left[moved]}, reverse=True)
    lost = np.zeros_like(effective)
    for level, below in zip(levels, [*levels[1:], 0.0], strict=True):
        part = moved & (left >= level)
        if (part == moved).all() or level == below:
            continue
        if part.tobytes() not in built_up:
            alone = data | {"intensity": np.where(part, data["intensity"], 0.0)}
            without_fading = [lever | {"fade_years": None} for lever in spec["levers"]]
            outcome = simulate(spec | {"levers": without_fading}, alone, normals)
            built_up[part.tobytes()] = outcome["effective_stock"]
        lost += (level - below) * (effective - built_up[part.tobytes()][..., year - 1])
    return lost


def _outputs(
    spec: dict[str, Any],
    gain: Array,
    cost: Array,
    lever_cost: Array,
    running_cost: Array,
    gva: Array,
    prize: Array,
) -> dict[str, Array]:
    """Section 7: sums over sectors, areas and years, and the share of the national gain."""

    def by_unit(by_area: Array) -> Array:
        """Areas, then the groups of areas, along axis 1."""
        groups = [by_area[:, list(group)].sum(axis=1) for group in spec["groups"]]
        return np.concatenate([by_area, np.stack(groups, axis=1)], axis=1)

    discount = np.asarray(spec["discount_factors"], dtype=float)  # entry t - 1 is for year t
    nation = len(spec["areas"])  # group 0, all areas, is the first unit after the areas

    unit_gain = by_unit(gain.sum(axis=2))
    unit_cost = by_unit(cost.sum(axis=2))
    unit_lever_cost = by_unit(lever_cost)
    unit_gva = by_unit(gva.sum(axis=2)[..., 1:])  # years 1 to T, as the gains

    if spec["basis"] == "final_year" or spec["basis"] == "share_of_economy":
        basis_gain, basis_gva = unit_gain[..., -1], unit_gva[..., -1]
    elif spec["basis"] == "cumulative":
        basis_gain, basis_gva = unit_gain.sum(axis=2), unit_gva.sum(axis=2)
    else:
        raise ValueError(f"unknown basis {spec['basis']!r}")

    # The denominator is the national gain of the same draw; where that is not above the floor
    # a share means nothing, and the draw is left out rather than allowed to explode.
    usable = basis_gain[:, nation] > spec["share_floor"] * basis_gva[:, nation]
    share = np.full(basis_gain.shape, np.nan)
    share[usable] = basis_gain[usable] / basis_gain[usable, nation][:, None]

    # The prize in £bn, as stated in the money of the run, and as a share of the economy.
    stated = prize * spec.get("prize_factor", 1.0)
    of_economy = spec.get("prize_share_of_gva", 0.1) * unit_gva[:, nation, -1] / 1000
    on_basis = of_economy if spec["basis"] == "share_of_economy" else stated

    with np.errstate(divide="ignore", invalid="ignore"):
        uplift_final_year = unit_gain[..., -1] / unit_gva[..., -1]

    return {
        "gain_gbp_m": unit_gain,
        "gain_cumulative_gbp_m": unit_gain.sum(axis=2),
        "gain_present_value_gbp_m": (unit_gain * discount).sum(axis=2),
        "cost_cumulative_gbp_m": unit_cost.sum(axis=2),
        "cost_present_value_gbp_m": (unit_cost * discount).sum(axis=2),
        "lever_cost_cumulative_gbp_m": unit_lever_cost.sum(axis=2),
        "lever_cost_present_value_gbp_m": (unit_lever_cost * discount).sum(axis=2),
        "lever_cost_per_year_gbp_m": by_unit(running_cost),
        "uplift_final_year": uplift_final_year,
        "share": share,
        "prize_gbp_bn": share * on_basis[:, None],
        "reaches_prize": np.stack(
            [
                gained[:, nation] >= 1000 * read
                for gained, read in (
                    (unit_gain[..., -1], stated),
                    (unit_gain[..., -1], of_economy),
                    (unit_gain.sum(axis=2), stated),
                )
            ],
            axis=1,
        ),
        "national_gain_by_sector_gbp_m": gain[..., -1].sum(axis=1),
    }
