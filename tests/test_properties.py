"""What must hold of any scenario, over random sizes, parameters, seeds and lever plans."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from toy import (
    UNIT_METRICS,
    Core,
    fixed,
    logitnormal,
    lognormal,
    run_core,
    toy_data,
    toy_spec,
    with_all_fixed,
    zero_or,
)

Spec = dict[str, Any]
Data = dict[str, np.ndarray]

MONEY = UNIT_METRICS[:5]
# Sums taken in another order, and no more.
ROUNDING = 1e-11

reproducibly = settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# A subnormal intensity has no twelve digits that a cost could keep.
numbers = st.just(0.0) | st.floats(1e-9, 1)


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    sampler: str | None = None,
    spillover: bool = True,
    least_areas: int = 1,
    least: int = 1,
    newer: bool = True,
) -> tuple[Spec, Data]:
    """A toy of any size and timing with any assumptions that are not absurd.

    With `newer`, also with parts of the model that are off unless asked for.
    """
    spec = toy_spec(
        areas=draw(st.integers(least_areas, 5)),
        sectors=draw(st.integers(least, 4)),
        technologies=draw(st.integers(least, 2)),
        years=draw(st.integers(1, 9)),
    )
    spec["draws"] = 32
    spec["seed"] = draw(st.integers(0, 2**64 - 1))
    spec["sampler"] = sampler or draw(st.sampled_from(["random", "sobol"]))
    spec["curve"] = draw(st.sampled_from(["bass", "logistic", "gompertz"]))
    spec["basis"] = draw(st.sampled_from(["final_year", "cumulative"]))
    parameters = spec["spread_parameters"]
    for k in range(len(spec["technologies"])):
        for name, distribution in (
            ("initial_adoption", logitnormal(draw(st.floats(0.02, 0.9)), draw(st.floats(0, 2)))),
            ("innovation", lognormal(draw(st.floats(1e-4, 0.9)), draw(st.floats(0, 1)))),
            # Up to hazards that are clipped at 1.
            ("imitation", lognormal(draw(st.floats(0.05, 2)), draw(st.floats(0, 1)))),
            ("ceiling", logitnormal(draw(st.floats(0.1, 0.98)), draw(st.floats(0, 2)))),
            ("productivity_effect", lognormal(draw(st.floats(1e-3, 0.1)), draw(st.floats(0, 1)))),
        ):
            parameters[name]["distributions"][k] = distribution
    theta = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])) if spillover else 0.0
    spec["national"]["spillover_share"] = fixed(theta)
    spec["national"]["uplift_cap"] = fixed(draw(st.sampled_from([0.005, 0.03, 1.0])))
    spec["take_up"]["shared_variance"] = draw(numbers)

    if newer and draw(st.booleans()):
        spec["zero_correlation"] = draw(numbers)
        spec["optimism_bias"] = {"kind": "pert", "low": 0.0, "mode": 0.15, "high": 0.41}
        spec["fixed_cost_share"] = draw(numbers)
        spec["growth_transitory"] = {"kind": "normal", "mean": 0.0, "sd": draw(st.floats(0, 0.05))}
        loading = draw(st.sampled_from([0.0, 0.5, 1.0]))
        spec["growth_loadings"] = [loading for _ in spec["areas"]]
        ratio = draw(st.floats(0.3, 3))
        spec["area_odds_ratios"] = [[ratio for _ in spec["technologies"]] for _ in spec["areas"]]
        spec["normalise_start"] = draw(st.booleans())
        for lever in spec["levers"]:
            lever["duration_years"] = draw(st.none() | st.sampled_from([0.0, 1.0, 2.5]))
            lever["fade_years"] = draw(st.none() | st.sampled_from([0.0, 0.5, 1.0, 4.0]))
            lever["take_up"] = {"kind": "beta", "alpha": 2.0, "beta": draw(st.floats(0.5, 3))}
            for target, effect in lever["effects"].items():
                lever["effects"][target] = zero_or(draw(numbers), effect)

    data = toy_data(spec)
    shape = data["intensity"].shape

    def plan(values: st.SearchStrategy[float]) -> np.ndarray:
        count = shape[0] * shape[1]
        flat = draw(st.lists(values, min_size=count, max_size=count))
        return np.array(flat, dtype=float).reshape(shape)

    data["intensity"] = plan(st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0]))
    data["start_years"] = plan(st.floats(-2, 10))
    data["ramp_years"] = plan(st.sampled_from([0.0, 0.4, 2.0, 6.0]))
    return spec, data


def of_as_many_areas(spec: Spec) -> Spec:
    """The specification with what `worlds` states alike for all areas stated for those it has."""
    for name in {"growth_loadings", "area_odds_ratios"} & spec.keys():
        one = spec[name][0]
        one = one[: len(spec["technologies"])] if isinstance(one, list) else one
        spec[name] = [one for _ in spec["areas"]]
    return spec


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def assert_same_bits(ours: Core, theirs: Core) -> None:
    for name in UNIT_METRICS:
        assert same_bits(ours.metric(name), theirs.metric(name)), name
    assert same_bits(ours.national_gain_by_sector(), theirs.national_gain_by_sector())
    assert same_bits(ours.national_adoption(), theirs.national_adoption())
    assert same_bits(ours.additionality(), theirs.additionality())
    assert same_bits(ours.statistics, theirs.statistics)


def close(a: np.ndarray, b: np.ndarray, name: str = "", rtol: float = ROUNDING) -> None:
    np.testing.assert_allclose(a, b, rtol=rtol, atol=0, err_msg=name)


# --- adoption --------------------------------------------------------------------------------


@reproducibly
@given(worlds())
def test_adoption_lies_between_0_and_1_and_never_falls(world: tuple[Spec, Data]) -> None:
    adoption = run_core(*world).national_adoption()
    assert (adoption >= 0).all()
    assert (adoption <= 1 + 1e-12).all()  # the weights add up to 1 only to rounding
    assert (np.diff(adoption, axis=-1) >= 0).all()


@reproducibly
@given(worlds(), st.booleans())
def test_adoption_never_exceeds_the_lifted_ceiling(world: tuple[Spec, Data], single: bool) -> None:
    """The ceiling is where adoption stands once everybody adopts who can: innovation 1.

    Numbers are keyed by what they are for, so fixing innovation changes no other. In a world of
    one cell, national adoption is the cell's own.
    """
    spec, data = world
    if single:
        spec, data = one_cell(spec, data)
    certain = deepcopy(spec)
    certain["curve"] = "bass"
    innovation = certain["spread_parameters"]["innovation"]
    innovation["distributions"] = [fixed(1.0) for _ in spec["technologies"]]
    adoption = run_core(spec, data).national_adoption()
    ceiling = run_core(certain, data).national_adoption()
    assert (ceiling[..., 1:] <= 1 + 1e-12).all()
    assert (adoption[..., 1:] <= ceiling[..., 1:] * (1 + 1e-12)).all()


def one_cell(spec: Spec, data: Data) -> tuple[Spec, Data]:
    """The first cell of a world, alone."""
    spec = deepcopy(spec)
    spec["areas"], spec["groups"] = spec["areas"][:1], [[0]]
    for key in ("sectors", "technologies"):
        spec[key] = spec[key][:1]
    for parameter in spec["spread_parameters"].values():
        parameter["distributions"] = parameter["distributions"][:1]
    spec["odds_ratios"] = [spec["odds_ratios"][0][:1]]
    for lever in spec["levers"]:
        lever["scope"] = [True]
    first = {name: x[..., :1] for name, x in data.items()}
    return of_as_many_areas(spec), first | {"gva_gbp_m": data["gva_gbp_m"][:1, :1]}


# --- levers ----------------------------------------------------------------------------------


@reproducibly
@given(worlds())
def test_idle_levers_equal_the_reference_bit_for_bit(world: tuple[Spec, Data]) -> None:
    spec, data = world
    none = np.zeros((0, len(spec["areas"])))
    without = run_core(
        spec | {"levers": []},
        data | dict.fromkeys(("intensity", "start_years", "ramp_years"), none),
    )
    idle = run_core(spec, data | {"intensity": np.zeros_like(data["intensity"])})
    assert_same_bits(idle, without)


@reproducibly
@given(worlds(spillover=False, least_areas=2))
def test_levers_elsewhere_change_no_bit_without_spillover(world: tuple[Spec, Data]) -> None:
    spec, data = world
    data["intensity"][:, 1] = 0
    idle = run_core(spec, data | {"intensity": np.zeros_like(data["intensity"])})
    moved = run_core(spec, data)
    for name in UNIT_METRICS[:-2]:  # a share is of the national gain, which does change
        assert same_bits(moved.metric(name)[:, 1], idle.metric(name)[:, 1]), name


@reproducibly
@given(worlds(), numbers, st.floats(0, 3), numbers, st.integers(0, 3))
def test_more_of_any_lever_lowers_no_gain(
    world: tuple[Spec, Data], added: float, earlier: float, shorter: float, which: int
) -> None:
    """In any area, draw and year, given β ≥ 0 and a lag long enough that 1 − λ − δ ≥ 0.

    (With a shorter lag the stock E swings about its target, and an early gain is paid for the
    year after.) Rounding aside: S is computed as A + θ (W A − A).
    """
    spec, data = world
    spec["national"]["lag_years"] = lognormal(2.5, 0.3)
    which %= data["intensity"].size
    lever, area = np.unravel_index(which, data["intensity"].shape)
    more = deepcopy(data)
    more["intensity"][lever, area] = min(1.0, data["intensity"][lever, area] + added)
    if not any(lever.get("duration_years") is not None for lever in spec["levers"]):
        more["start_years"][:, area] -= earlier  # of one that ends, an earlier end too
    more["ramp_years"][lever] *= shorter
    before, after = run_core(spec, data), run_core(spec, more)
    for name in ("gain_gbp_m", "gain_cumulative_gbp_m", "gain_present_value_gbp_m"):
        assert (after.metric(name) >= before.metric(name) * (1 - 1e-12)).all(), name
    assert (after.national_adoption() >= before.national_adoption() * (1 - 1e-12)).all()


@reproducibly
@given(worlds(), numbers)
def test_a_lever_added_at_the_end_changes_no_other_number(
    world: tuple[Spec, Data], intensity: float
) -> None:
    """Neither idle nor, having no effect, in full swing, when all it changes is the cost."""
    spec, data = world
    areas = len(spec["areas"])
    longer = deepcopy(spec)
    longer["levers"].append(
        {
            "name": "connectivity",
            "effects": {"ceiling": lognormal(0.2, 0.5)},
            "scope": [True] * len(spec["sectors"]),
            "cost_gbp_per_head_per_year": fixed(3.0),
        }
    )

    def with_row(value: float) -> Data:
        row = np.full((1, areas), value)
        plan = {
            name: np.concatenate([data[name], np.full((1, areas), other)])
            for name, other in (("start_years", 0.0), ("ramp_years", 1.0))
        }
        return data | plan | {"intensity": np.concatenate([data["intensity"], row])}

    before = run_core(spec, data)
    assert_same_bits(run_core(longer, with_row(0.0)), before)

    # What cannot be other than zero is no effect.
    longer["levers"][-1]["effects"] = {"ceiling": zero_or(1.0, lognormal(0.2, 0.5))}
    running = run_core(longer, with_row(intensity))
    for name in set(UNIT_METRICS) - {
        "lever_cost_cumulative_gbp_m",
        "lever_cost_present_value_gbp_m",
        "lever_cost_per_year_gbp_m",
    }:
        assert same_bits(running.metric(name), before.metric(name)), name
    if "optimism_bias" in spec:
        return
    extra = 3.0 * intensity * data["population"] / 1e6 * spec["horizon_years"]
    cost = "lever_cost_cumulative_gbp_m"
    close(running.metric(cost)[:, :areas], before.metric(cost)[:, :areas] + extra, cost)
    # From the start on, so that it runs in every year.
    extra /= spec["horizon_years"]
    cost = "lever_cost_per_year_gbp_m"
    close(running.metric(cost)[:, :areas], before.metric(cost)[:, :areas] + extra, cost)


@reproducibly
@given(worlds())
def test_chances_of_zero_of_nought_and_one_are_plain_and_none_bit_for_bit(
    world: tuple[Spec, Data],
) -> None:
    spec, data = world

    def with_chance(p_zero: float | None) -> Core:
        changed = deepcopy(spec)
        for lever in changed["levers"]:
            for target, effect in lever["effects"].items():
                of = effect.get("of", effect)
                lever["effects"][target] = of if p_zero is None else zero_or(p_zero, of)
        return run_core(changed, data)

    assert_same_bits(with_chance(0.0), with_chance(None))
    idle = run_core(spec, data | {"intensity": np.zeros_like(data["intensity"])})
    certain = with_chance(1.0)
    for name in UNIT_METRICS:
        if not name.startswith("lever_cost"):
            assert same_bits(certain.metric(name), idle.metric(name)), name


# --- areas, sectors and technologies ---------------------------------------------------------


@reproducibly
@given(worlds(sampler="random", spillover=False), st.integers(0, 5))
def test_an_added_area_changes_no_other_without_spillover(
    world: tuple[Spec, Data], position: int
) -> None:
    spec, data = world
    areas = len(spec["areas"])
    position = min(position, areas)
    spec["normalise_start"] = False  # an area more moves the nation's start
    larger = deepcopy(spec)
    larger["areas"].insert(position, "S92000003")
    of_as_many_areas(larger)
    others = [r for r in range(areas + 1) if r != position]
    larger["groups"] = [list(range(areas + 1)), others]
    spec["groups"] = [list(range(areas))] * 2
    new = {"gva_gbp_m": 4000.0, "population": 5e5, "readiness": 0.7, "intensity": 1.0}
    more = {
        name: np.insert(x, position, new.get(name, 1.0), axis=0 if name == "gva_gbp_m" else -1)
        for name, x in data.items()
    }
    # The end of a lever there splits the mean that fading takes here, which moves its rounding.
    fades = [lever for lever in spec["levers"] if lever.get("fade_years") is not None]
    before, after = run_core(spec, data), run_core(larger, more)
    for name in UNIT_METRICS[:-2]:
        ours, theirs = after.metric(name)[:, others], before.metric(name)[:, :areas]
        if fades:
            close(ours, theirs, name)
        else:
            assert same_bits(ours, theirs), name


@reproducibly
@given(worlds(least_areas=2), st.randoms(use_true_random=False))
def test_permuting_areas_permutes_results(world: tuple[Spec, Data], random: Any) -> None:
    """Under Sobol too: areas are bound to dimensions by their codes, not by their order."""
    spec, data = world
    areas = len(spec["areas"])
    order = list(range(areas))
    random.shuffle(order)
    permuted = deepcopy(spec)
    permuted["areas"] = [spec["areas"][r] for r in order]
    spec["groups"] = [list(range(areas)), [0, 1]]
    permuted["groups"] = [list(range(areas)), [order.index(0), order.index(1)]]
    moved = {
        name: x[order] if name == "gva_gbp_m" else np.ascontiguousarray(x[..., order])
        for name, x in data.items()
    }
    before, after = run_core(spec, data), run_core(permuted, moved)
    units = [*order, areas, areas + 1]
    for name in UNIT_METRICS:
        close(after.metric(name), before.metric(name)[:, units], name)
    close(after.national_gain_by_sector(), before.national_gain_by_sector())
    close(after.national_adoption(), before.national_adoption())


@reproducibly
@given(worlds(sampler="random", least=2), st.randoms(use_true_random=False))
def test_permuting_sectors_and_technologies_permutes_results(
    world: tuple[Spec, Data], random: Any
) -> None:
    spec, data = world
    sectors, technologies = (list(range(len(spec[key]))) for key in ("sectors", "technologies"))
    random.shuffle(sectors)
    random.shuffle(technologies)
    permuted = deepcopy(spec)
    permuted["sectors"] = [spec["sectors"][s] for s in sectors]
    permuted["technologies"] = [spec["technologies"][k] for k in technologies]
    permuted["odds_ratios"] = [[spec["odds_ratios"][s][k] for k in technologies] for s in sectors]
    for name, parameter in spec["spread_parameters"].items():
        permuted["spread_parameters"][name]["distributions"] = [
            parameter["distributions"][k] for k in technologies
        ]
    for lever in permuted["levers"]:
        lever["scope"] = [lever["scope"][s] for s in sectors]
    moved = data | {"gva_gbp_m": np.ascontiguousarray(data["gva_gbp_m"][:, sectors])}
    before, after = run_core(spec, data), run_core(permuted, moved)
    for name in UNIT_METRICS:
        close(after.metric(name), before.metric(name), name)
    close(after.national_gain_by_sector(), before.national_gain_by_sector()[:, sectors])
    close(after.national_adoption(), before.national_adoption()[:, technologies])


@reproducibly
@given(worlds(spillover=False), st.integers(0, 4), st.floats(0.05, 0.95), st.booleans())
def test_splitting_an_area_leaves_totals_unchanged(
    world: tuple[Spec, Data], split: int, part: float, levers: bool
) -> None:
    """Into parts alike but for their size, with θ = 0 and no variance of an area's own."""
    spec, data = world
    areas = len(spec["areas"])
    split %= areas
    for parameter in spec["spread_parameters"].values():
        parameter["spread"] = [1, 0, 0, 0, 0]
    for name in ("complements", "growth_area", "growth_cell", "growth_transitory"):
        spec[name] = fixed(0.0)
    if levers:
        # Levers come after the areas in the order of Sobol dimensions, so an area more moves
        # theirs; and a take-up of its own would tell the parts of an area apart.
        spec["sampler"] = "random"
        spec["take_up"]["shared_variance"] = 1.0
    else:
        data["intensity"][:] = 0
    parts = deepcopy(spec)
    parts["areas"].append("E47999999")
    of_as_many_areas(parts)
    parts["groups"] = [list(range(areas + 1)), [split, areas]]
    spec["groups"] = [list(range(areas)), [split]]
    more = {
        name: np.concatenate([x, x[[split]] if name == "gva_gbp_m" else x[..., [split]]], axis=axis)
        for name, x in data.items()
        for axis in [0 if name == "gva_gbp_m" else -1]
    }
    for name in ("gva_gbp_m", "population"):
        more[name][split] *= part
        more[name][areas] *= 1 - part
    before, after = run_core(spec, data), run_core(parts, more)
    rest = [r for r in range(areas) if r != split]
    for name in UNIT_METRICS:
        ours, theirs = after.metric(name), before.metric(name)
        close(ours[:, areas + 1 :], theirs[:, areas:], name)  # the nation, and the split area
        close(ours[:, rest], theirs[:, rest], name)
    money = "gain_gbp_m"
    close(after.metric(money)[:, split] / part, after.metric(money)[:, areas] / (1 - part), money)
    close(after.national_gain_by_sector(), before.national_gain_by_sector())
    close(after.national_adoption(), before.national_adoption())


# --- money -----------------------------------------------------------------------------------


@reproducibly
@given(worlds(), st.one_of(st.just(10.0), st.floats(1e-3, 1e3)))
def test_money_scales_out(world: tuple[Spec, Data], factor: float) -> None:
    spec, data = world
    before, after = (
        run_core(spec, data),
        run_core(spec, data | {"gva_gbp_m": data["gva_gbp_m"] * factor}),
    )
    for name in UNIT_METRICS:
        close(after.metric(name), before.metric(name) * (factor if name in MONEY else 1), name)
    close(after.national_gain_by_sector(), before.national_gain_by_sector() * factor)
    close(after.national_adoption(), before.national_adoption())


@reproducibly
@given(worlds())
def test_parts_add_up(world: tuple[Spec, Data]) -> None:
    spec, data = world
    core = run_core(spec, data)
    areas = len(spec["areas"])
    for name in set(UNIT_METRICS) - {"uplift_final_year"}:
        metric = core.metric(name)
        for group, members in enumerate(spec["groups"]):
            close(metric[:, areas + group], metric[:, members].sum(axis=1), name)
    gain, discount = core.metric("gain_gbp_m"), np.array(spec["discount_factors"])
    close(core.metric("gain_cumulative_gbp_m"), gain.sum(axis=2))
    close(core.metric("gain_present_value_gbp_m"), (gain * discount).sum(axis=2))
    close(core.national_gain_by_sector().sum(axis=1), gain[:, areas, -1])
    cells = core.means("cell", areas * len(spec["sectors"])).reshape(areas, -1)
    close(cells.sum(axis=1), gain[:, :areas, -1].mean(axis=0))
    share = core.metric("share")
    reported = ~np.isnan(share[:, 0])
    close(share[reported, :areas].sum(axis=1), np.ones(reported.sum()), "share")
    basis = gain[..., -1] if spec["basis"] == "final_year" else gain.sum(axis=2)
    close(share[reported], basis[reported] / basis[reported][:, [areas]], "share")


@pytest.mark.parametrize("double", [True, False])
@reproducibly
@given(world=worlds(spillover=False, newer=False), readiness=st.floats(-1, 1))
def test_shares_are_gva_shares_where_nothing_differs_but_gva(
    double: bool, world: tuple[Spec, Data], readiness: float
) -> None:
    """θ = 0, no spread, flat readiness, odds ratios and growth; and a tie is not "above"."""
    spec, data = world
    for parameter in spec["spread_parameters"].values():
        parameter["spread"] = [1, 0, 0, 0, 0]
    for name in ("complements", "growth_area", "growth_sector", "growth_cell"):
        spec[name] = fixed(0.0)
    spec["odds_ratios"] = [[fixed(1.3) for _ in row] for row in spec["odds_ratios"]]
    data["readiness"][:] = readiness
    data["intensity"][:] = 0
    core = run_core(spec, data, double=double)
    share = core.metric("share")
    reported = ~np.isnan(share[:, 0])
    assume(reported.any())
    area_gva = data["gva_gbp_m"].sum(axis=1)
    gva = [*area_gva, *(area_gva[group].sum() for group in spec["groups"])]
    expected = np.broadcast_to(np.array(gva) / area_gva.sum(), share[reported].shape)
    close(share[reported], expected, "share", rtol=1e-12 if double else 1e-6)
    assert (core.means("share_above_gva", len(gva)) == 0).all()


# --- closed forms ----------------------------------------------------------------------------


def psi(y: float) -> float:
    """Gompertz pull: −y ln y / (1 − y), with its limits."""
    if y <= 0 or y >= 1:
        return float(y >= 1)
    return -y * math.log(y) / (1 - y)


def recursion(spec: Spec, data: Data) -> dict[str, Any]:
    """The model of fixed numbers, in plain scalars: money by area and year, and adoption."""

    def value(distribution: dict[str, Any]) -> float:
        assert distribution["kind"] == "fixed"
        return float(distribution["value"])

    n = {name: value(distribution) for name, distribution in spec["national"].items()}
    areas, sectors = range(len(spec["areas"])), range(len(spec["sectors"]))
    technologies, years = range(len(spec["technologies"])), spec["horizon_years"]
    gva0 = [[float(x) for x in row] for row in data["gva_gbp_m"]]
    national = sum(map(sum, gva0))
    phi = [math.radians(x) for x in data["latitude"]]
    lam = [math.radians(x) for x in data["longitude"]]

    def weight(r: int, o: int) -> float:
        if r == o:
            return 0.0
        chord = (
            math.sin((phi[r] - phi[o]) / 2) ** 2
            + math.cos(phi[r]) * math.cos(phi[o]) * math.sin((lam[r] - lam[o]) / 2) ** 2
        )
        km = 2 * 6371 * math.asin(math.sqrt(chord))
        return sum(gva0[o]) * math.exp(-km / spec["spillover_decay_km"])

    w = [[weight(r, o) for o in areas] for r in areas]
    w = [[x / sum(row) for x in row] if sum(row) else row for row in w]

    def lift(target: str, r: int, s: int, year: int) -> float:
        total = 0.0
        for i, lever in enumerate(spec["levers"]):
            if not lever["scope"][s] or target not in lever["effects"]:
                continue
            since, ramp = year - 0.5 - data["start_years"][i][r], data["ramp_years"][i][r]
            reached = min(max(since / ramp, 0.0), 1.0) if ramp > 0 else float(since >= 0)
            take_up = value(spec["take_up"]["distribution"])
            total += value(lever["effects"][target]) * take_up * data["intensity"][i][r] * reached
        return total

    def logistic(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    def logit(x: float) -> float:
        return math.log(x / (1 - x))

    gain = [[0.0] * years for _ in areas]
    cost = [[0.0] * years for _ in areas]
    adoption = [[0.0] * (years + 1) for _ in technologies]
    for s in sectors:
        a, m, q, beta, p = ({} for _ in range(5))
        for r in areas:
            x = float(data["readiness"][r])
            for k in technologies:
                of = {
                    name: value(parameter["distributions"][k])
                    for name, parameter in spec["spread_parameters"].items()
                }
                a[r, k] = logistic(
                    logit(of["initial_adoption"])
                    + math.log(value(spec["odds_ratios"][s][k]))
                    + n["readiness_slope_initial_adoption"] * x
                )
                m[r, k] = max(
                    a[r, k], logistic(logit(of["ceiling"]) + n["readiness_slope_ceiling"] * x)
                )
                p[r, k] = of["innovation"] if spec["curve"] == "bass" else 0.0
                q[r, k] = of["imitation"] * math.exp(n["readiness_slope_imitation"] * x)
                beta[r, k] = of["productivity_effect"] * math.exp(
                    n["readiness_slope_productivity_effect"] * x + value(spec["complements"])
                )
        growth = n["growth_nation"] + sum(
            value(spec[name]) for name in ("growth_area", "growth_sector", "growth_cell")
        )
        start, stock = dict(a), dict.fromkeys(a, 0.0)
        for r, k in a:
            adoption[k][0] += gva0[r][s] / national * a[r, k]
        for year in range(1, years + 1):
            before = dict(a)
            for r, k in a:
                elsewhere = sum(w[r][o] * before[o, k] for o in areas)
                theta = n["spillover_share"] if len(areas) > 1 else 0.0
                seen = (1 - theta) * before[r, k] + theta * elsewhere
                top = m[r, k] + (1 - m[r, k]) * min(1.0, lift("ceiling", r, s, year))
                pull = seen / top
                if spec["curve"] == "gompertz":
                    pull = psi(pull)
                hazard = p[r, k] * (1 + lift("innovation", r, s, year))
                hazard += q[r, k] * (1 + lift("imitation", r, s, year)) * pull
                a[r, k] += min(max(hazard, 0.0), 1.0) * max(top - before[r, k], 0.0)
                stock[r, k] += (a[r, k] - start[r, k] - stock[r, k]) / (1 + n["lag_years"]) - (
                    n["decay_per_year"] * stock[r, k]
                )
                adoption[k][year] += gva0[r][s] / national * a[r, k]
            for r in areas:
                gva = gva0[r][s] * (1 + growth) ** year
                uplift = sum(
                    beta[r, k] * (1 + lift("productivity_effect", r, s, year)) * stock[r, k]
                    for k in technologies
                )
                gain[r][year - 1] += gva * min(uplift, n["uplift_cap"])
                new = sum(a[r, k] - before[r, k] for k in technologies)
                cost[r][year - 1] += n["adoption_cost_share"] * gva * new
    spent = [
        [
            sum(
                value(lever["cost_gbp_per_head_per_year"])
                * (data["population"][r] * data["intensity"][i][r] / 1e6)
                * min(max(year - data["start_years"][i][r], 0.0), 1.0)
                for i, lever in enumerate(spec["levers"])
            )
            for year in range(1, years + 1)
        ]
        for r in areas
    ]
    return {"gain": gain, "cost": cost, "lever_cost": spent, "adoption": adoption}


@reproducibly
@given(worlds(newer=False), st.floats(0, 6), st.floats(-0.03, 0.05))
def test_zero_variance_gives_the_closed_recursion(
    world: tuple[Spec, Data], lag: float, growth: float
) -> None:
    spec, data = world
    spec = with_all_fixed(spec)
    spec["national"]["lag_years"] = fixed(lag)
    spec["national"]["growth_nation"] = fixed(growth)
    spec["draws"] = 3
    for name in ("growth_area", "growth_sector", "growth_cell", "complements"):
        spec[name] = fixed({"growth_area": 0.001, "complements": 0.1}.get(name, -0.0007))
    expected, core = recursion(spec, data), run_core(spec, data)
    areas, discount = len(spec["areas"]), spec["discount_factors"]

    def compare(ours: np.ndarray, theirs: Any, name: str) -> None:
        # A gap a hair wide keeps the rounding of the ceiling; hence a floor on what is compared.
        theirs = np.broadcast_to(np.asarray(theirs), ours.shape)
        floor = 1e-3 * np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * floor, err_msg=name)

    compare(core.metric("gain_gbp_m")[:, :areas], expected["gain"], "gain")
    for flow in ("gain", "cost", "lever_cost"):
        sums = [sum(row) for row in expected[flow]]
        compare(core.metric(f"{flow}_cumulative_gbp_m")[:, :areas], sums, flow)
        worth = [sum(x * f for x, f in zip(row, discount, strict=True)) for row in expected[flow]]
        compare(core.metric(f"{flow}_present_value_gbp_m")[:, :areas], worth, flow)
    compare(core.national_adoption(), expected["adoption"], "adoption")


def test_one_year_by_hand() -> None:
    spec = with_all_fixed(toy_spec(areas=1, sectors=1, technologies=1, years=1))
    values = {
        "initial_adoption": 0.2,
        "innovation": 0.05,
        "imitation": 0.4,
        "ceiling": 0.8,
        "productivity_effect": 0.03,
    }
    for name, value in values.items():
        spec["spread_parameters"][name]["distributions"] = [fixed(value)]
    spec["national"] |= {
        "lag_years": fixed(3.0),
        "decay_per_year": fixed(0.07),
        "uplift_cap": fixed(0.5),
        "adoption_cost_share": fixed(0.01),
        "growth_nation": fixed(0.02),
        "prize_gbp_bn": fixed(208),
    }
    spec["odds_ratios"] = [[fixed(1.0)]]
    spec["groups"] = [[0]]
    data = toy_data(spec) | {"gva_gbp_m": np.array([[1000.0]]), "readiness": np.zeros(1)}
    core = run_core(spec, data)
    # Hazard 0.05 + 0.4 · 0.2 / 0.8 = 0.15 of a gap of 0.6: 0.09 adopt. A quarter of that is
    # effective in the first year, and nothing has decayed yet.
    gva, adopted = 1000 * 1.02, 0.09
    assert core.national_adoption()[0, 0].tolist() == pytest.approx([0.2, 0.29], rel=1e-13)
    gain = gva * 0.03 * adopted / 4
    assert gain == pytest.approx(0.6885)
    assert core.metric("gain_gbp_m")[0, 0, 0] == pytest.approx(gain, rel=1e-13)
    present = core.metric("gain_present_value_gbp_m")[0, 0]
    assert present == pytest.approx(gain / 1.035, rel=1e-13)
    cost = core.metric("cost_cumulative_gbp_m")[0, 0]
    assert cost == pytest.approx(0.01 * gva * adopted, rel=1e-13)
    assert core.metric("uplift_final_year")[0, 0] == pytest.approx(0.000675, rel=1e-13)
    assert core.metric("share")[0].tolist() == [1.0, 1.0]
    assert core.metric("prize_gbp_bn")[0].tolist() == [208.0, 208.0]
