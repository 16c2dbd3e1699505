"""Sampled inputs of a run by name, worked out again from its numbers with NumPy alone."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import special, stats

import gainsmodel
from gainsmodel import ResultError, UnknownNameError, _core, errors
from gainsmodel.simulation.run import SPAN, join, start
from gainsmodel.simulation.settings import Settings
from toy import SPREAD, fixed, lognormal, run_core, toy_data, toy_spec

AREAS = np.array([0.0, 3.0, 1.0, 0.5])
SECTORS = np.array([2.0, 0.0, 5.0])
SCENARIO_NAMES = {"prize_gbp_bn": "prize", "odds_ratios": "sector_odds_ratio"}


def quantile(distribution: dict[str, Any], z: np.ndarray) -> np.ndarray:
    """Quantiles at Φ(z), from SciPy where there is no closed form."""
    match distribution:
        case {"kind": "fixed", "value": value}:
            return np.full_like(z, value)
        case {"kind": "normal", "mean": mean, "sd": sd}:
            return mean + sd * z
        case {"kind": "lognormal", "median": median, "sigma": sigma}:
            return median * np.exp(sigma * z)
        case {"kind": "logitnormal", "median": median, "sigma": sigma}:
            return special.expit(special.logit(median) + sigma * z)
        case {"kind": "beta", "alpha": alpha, "beta": beta}:
            return stats.beta(alpha, beta).ppf(stats.norm.cdf(z))
        case {"kind": "pert", "low": low, "mode": mode, "high": high}:
            width = high - low
            shape = (1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width)
            return low + width * stats.beta(*shape).ppf(stats.norm.cdf(z))
        case {"kind": "triangular", "low": low, "mode": mode, "high": high}:
            width = high - low
            return stats.triang((mode - low) / width, low, width).ppf(stats.norm.cdf(z))
        case _:
            raise AssertionError(distribution)


class Asked:
    """A toy run with its inputs and its numbers, under the names of each."""

    def __init__(
        self,
        spec: Any,
        intensity: Any = 0.0,
        areas: np.ndarray = AREAS,
        sectors: np.ndarray = SECTORS,
        **how: Any,
    ) -> None:
        data = toy_data(spec)
        data["intensity"] = data["intensity"] + np.asarray(intensity, float)
        self.spec, self.core = spec, run_core(spec, data, **how)
        self.names, self.values = self.core.outcome.inputs(areas, sectors)
        self.at = dict(zip(self.names, self.values, strict=True))
        names, rows = self.core.outcome.numbers()
        self.rows = list(zip(names, rows.astype(np.float64), strict=True))

    def z(self, parameter: str, area: str = "", cell: str = "", which: int = 0) -> np.ndarray:
        """Standard normal numbers of a factor; take-up goes by the same names for each lever."""
        return [row for name, row in self.rows if name == (parameter, area, cell)][which]


def close(mine: np.ndarray, theirs: np.ndarray, rtol: float = 1e-12) -> None:
    np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=1e-300)


# Take-up in the first and third area by one lever, in the second and third by the other.
PLAN = np.array([[0.5, 0.0, 1.0, 0.0], [0.0, 0.7, 0.2, 0.0]])


def test_every_sampled_input_is_named_once_and_nothing_else() -> None:
    asked = Asked(toy_spec(), PLAN)
    spec = asked.spec
    effects = [
        f"levers.{lever['name']}.effects.{target}"
        for lever in spec["levers"]
        for target in lever["effects"]
    ]
    costs = [f"levers.{lever['name']}.cost_gbp_per_head_per_year" for lever in spec["levers"]]
    assert sorted(asked.names) == sorted(
        [
            *SPREAD,
            *(f"{name}.{k}" for name in SPREAD for k in spec["technologies"]),
            *(SCENARIO_NAMES.get(name, name) for name in spec["national"]),
            *("complements", "growth_area", "growth_sector", "sector_odds_ratio"),
            *("take_up.leadership", "take_up.skills"),
            *effects,
            *costs,
        ]
    )
    assert asked.values.shape == (len(asked.names), spec["draws"])
    assert asked.values.dtype == np.float64
    assert (np.ptp(asked.values, axis=1) > 0).all()


def test_national_parameters_are_quantiles_of_their_numbers() -> None:
    asked = Asked(toy_spec())
    for name, distribution in asked.spec["national"].items():
        exact = distribution["kind"] in ("normal", "lognormal")
        expected = quantile(distribution, asked.z(name))
        close(asked.at[SCENARIO_NAMES.get(name, name)], expected, 1e-12 if exact else 1e-8)
        again = _core.value_at(json.dumps(distribution), asked.z(name).tolist())
        assert asked.at[SCENARIO_NAMES.get(name, name)].tolist() == again


def test_effects_and_costs_of_levers_are_quantiles_of_their_numbers() -> None:
    asked = Asked(toy_spec(), PLAN)
    for lever in asked.spec["levers"]:
        for target, effect in lever["effects"].items():
            name = f"levers.{lever['name']}.effects.{target}"
            close(asked.at[name], quantile(effect, asked.z(name)))
        name = f"levers.{lever['name']}.cost_gbp_per_head_per_year"
        close(asked.at[name], quantile(lever["cost_gbp_per_head_per_year"], asked.z(name)))


def test_what_areas_and_sectors_have_is_weighted_by_value() -> None:
    asked = Asked(toy_spec())
    spec = asked.spec
    areas, sectors = AREAS / AREAS.sum(), SECTORS / SECTORS.sum()
    for name in ("complements", "growth_area"):
        values = [quantile(spec[name], asked.z(name, area=code)) for code in spec["areas"]]
        close(asked.at[name], areas @ np.stack(values), 1e-10)
    values = [
        quantile(spec["growth_sector"], asked.z("growth_sector", cell=s)) for s in spec["sectors"]
    ]
    close(asked.at["growth_sector"], sectors @ np.stack(values), 1e-10)
    values = [
        np.mean(
            [
                quantile(
                    d, asked.z("odds_ratios", cell=f"{s}/{k}") if k != "cloud" else np.zeros(64)
                )
                for k, d in zip(spec["technologies"], row, strict=True)
            ],
            axis=0,
        )
        for s, row in zip(spec["sectors"], spec["odds_ratios"], strict=True)
    ]
    close(asked.at["sector_odds_ratio"], sectors @ np.stack(values), 1e-10)


def expected_spread(asked: Asked, areas: np.ndarray, sectors: np.ndarray) -> dict[str, np.ndarray]:
    """Spread parameters of each technology, cells of single numbers at their middle."""
    spec = asked.spec
    places = {
        "nation": [("", "", 1.0)],
        "technology": [],
        "area": [(a, "", w) for a, w in zip(spec["areas"], areas / areas.sum(), strict=True)],
        "sector": [
            ("", s, w) for s, w in zip(spec["sectors"], sectors / sectors.sum(), strict=True)
        ],
    }
    shares = np.array([spec["spread_parameters"][name]["spread"] for name in SPREAD])
    wanted = np.eye(5)
    for c in spec["correlations"]:
        i, j = (SPREAD.index(name) for name in c["between"])
        wanted[i, j] = wanted[j, i] = c["value"] / np.sqrt(shares[i] * shares[j]).sum()

    def number(p: int, level: int, area: str, cell: str) -> np.ndarray:
        mixed = np.sqrt(shares[p, level]) * np.linalg.cholesky(wanted)[p]
        total = np.zeros(spec["draws"])
        for weight, other in zip(mixed, SPREAD, strict=True):
            if weight:
                total += weight * asked.z(other, area, cell)
        return total

    found = {}
    for p, name in enumerate(SPREAD):
        common = sum(
            weight * number(p, level, area, cell)
            for level, of_level in enumerate(places.values())
            for area, cell, weight in of_level
        )
        marginals = spec["spread_parameters"][name]["distributions"]
        for k, distribution in zip(spec["technologies"], marginals, strict=True):
            found[f"{name}.{k}"] = quantile(distribution, common + number(p, 1, "", k))
        found[name] = np.mean([found[f"{name}.{k}"] for k in spec["technologies"]], axis=0)
    return found


@pytest.mark.parametrize(
    ("areas", "sectors"),
    [(AREAS, SECTORS), (np.array([0.0, 0, 1, 0]), np.ones(3)), (np.ones(4), np.array([0.0, 0, 9]))],
)
def test_spread_parameters_are_mixed_as_their_correlations_say(
    areas: np.ndarray, sectors: np.ndarray
) -> None:
    asked = Asked(toy_spec(), areas=areas, sectors=sectors)
    for name, values in expected_spread(asked, areas, sectors).items():
        close(asked.at[name], values, 1e-11)


def test_a_spread_parameter_of_one_area_one_sector_and_one_technology_is_one_cells() -> None:
    spec = toy_spec(1, 1, 1)
    spec["correlations"] = []
    asked = Asked(spec, areas=np.ones(1), sectors=np.ones(1))
    for name in SPREAD:
        shares = spec["spread_parameters"][name]["spread"]
        places = [("", ""), ("", "cloud"), ("E47000001", ""), ("", "C")]
        z = sum(np.sqrt(w) * asked.z(name, *p) for w, p in zip(shares[:4], places, strict=True))
        expected = quantile(spec["spread_parameters"][name]["distributions"][0], z)
        close(asked.at[name], expected)
        close(asked.at[f"{name}.cloud"], expected)


def test_what_is_certain_or_a_single_cells_own_is_left_out() -> None:
    spec = toy_spec()
    spread = spec["spread_parameters"]
    spread["ceiling"]["distributions"] = [fixed(0.8), fixed(0.7)]
    spread["imitation"]["spread"] = [0.0, 0.0, 0.0, 0.0, 1.0]
    spread["innovation"]["distributions"][0] = fixed(0.02)
    spec["correlations"] = []
    spec["national"]["lag_years"] = fixed(2.0)
    spec["national"]["growth_nation"]["sd"] = 0.0
    asked = Asked(spec)
    out = ("ceiling", "imitation", "lag_years", "growth_nation", "growth_cell", "take_up")
    assert not [name for name in asked.names if name.startswith(out)]
    # A technology that is certain counts in the mean of all, but not alone.
    assert "innovation.cloud" not in asked.names
    close(asked.at["innovation"], (0.02 + asked.at["innovation.ai"]) / 2)


def test_take_up_goes_by_its_levers_name_and_only_where_that_is_moved() -> None:
    asked = Asked(toy_spec(), PLAN)
    take_up = asked.spec["take_up"]
    for which, (lever, places) in enumerate(
        {"leadership": {2: 1.0}, "skills": {1: 0.75, 2: 0.25}}.items()
    ):
        values = np.zeros(asked.spec["draws"])
        for area, weight in places.items():
            own = asked.z("take_up", area=asked.spec["areas"][area], which=which)
            z = np.sqrt(0.5) * asked.z("take_up", which=which) + np.sqrt(0.5) * own
            values += weight * quantile(take_up["distribution"], z)
        close(asked.at[f"take_up.{lever}"], values, 1e-8)


def test_a_lever_that_is_moved_elsewhere_has_no_take_up_here() -> None:
    asked = Asked(toy_spec(), PLAN, areas=np.array([0.0, 1.0, 0.0, 0.0]))
    assert "take_up.leadership" not in asked.names
    assert "take_up.skills" in asked.names
    assert "levers.leadership.effects.innovation" in asked.names


def test_the_run_has_these_inputs_held_or_not() -> None:
    spec = toy_spec()
    free = Asked(spec)
    slots = [i for i, (name, _) in enumerate(free.rows) if name[0] in ("leakage", "multiplier")]
    spec["held"] = {"direction": [(slots[0], 0.6), (slots[1], 0.8)], "at": 0.7}
    held = Asked(spec)
    for asked in (free, held):
        displaced, leaked, multiplied = (asked.at[name] for name in _core.ADJUSTMENTS)
        kept = (1 - displaced) * (1 - leaked) * multiplied
        close(asked.core.additionality(), kept, 1e-5)
    assert not np.allclose(held.at["leakage"], free.at["leakage"])
    assert held.at["displacement"].tolist() == free.at["displacement"].tolist()


def test_precision_sampler_and_memory_of_the_run_do_not_matter() -> None:
    spec = toy_spec() | {"sampler": "sobol", "draws": 37}
    one, other = Asked(spec), Asked(spec, double=False, threads=1, draws_in_memory=1)
    assert one.core.outcome.draws([0]).size == 37
    assert other.core.outcome.draws([0]).size == 0
    assert one.names == other.names
    assert one.values.tobytes() == other.values.tobytes()


def test_weights_need_only_be_in_proportion() -> None:
    one, other = Asked(toy_spec(), PLAN), Asked(toy_spec(), PLAN, AREAS * 7e5, SECTORS / 3)
    close(one.values, other.values, 1e-9)


def test_where_nothing_is_uncertain_there_are_no_inputs() -> None:
    text = json.dumps(toy_spec())
    plain = json.loads(text, object_hook=lambda d: fixed(0.5) if "kind" in d else d)
    asked = Asked(plain, PLAN)
    assert asked.names == []
    assert asked.values.shape == (0, 64)


@pytest.mark.parametrize(
    ("areas", "sectors", "words"),
    [
        (np.ones(3), SECTORS, "area_weights: needs 4 weights, has 3"),
        (AREAS, np.ones(4), "sector_weights: needs 3 weights, has 4"),
        (np.zeros(4), SECTORS, "area_weights"),
        (np.array([1.0, -1, 1, 1]), SECTORS, "area_weights"),
        (AREAS, np.array([1.0, np.nan, 1]), "sector_weights"),
        (AREAS, np.array([1.0, np.inf, 1]), "sector_weights"),
    ],
)
def test_weights_that_are_none_are_refused(
    areas: np.ndarray, sectors: np.ndarray, words: str
) -> None:
    core = run_core(toy_spec(), toy_data(toy_spec()))
    with pytest.raises(errors.CoreError, match=words):
        core.outcome.inputs(areas, sectors)


def test_a_run_of_pieces_has_no_inputs() -> None:
    spec = toy_spec()
    pieces = _core.Pieces()
    handle = _core.start(
        json.dumps(spec),
        **toy_data(spec),
        double=True,
        threads=None,
        draws_in_memory=1 << 30,
        piece=(0, 64),
    )
    assert handle.wait(60)
    pieces.add(handle.piece())
    with pytest.raises(errors.CoreError, match="joined from pieces"):
        pieces.outcomes(None)[0].inputs(AREAS, SECTORS)


def test_correlations_of_plus_and_minus_one_can_be() -> None:
    spec = toy_spec()
    for name in ("imitation", "ceiling"):
        spec["spread_parameters"][name]["spread"] = [1.0, 0.0, 0.0, 0.0, 0.0]
        spec["spread_parameters"][name]["distributions"] = [lognormal(0.2, 0.1)] * 2
    spec["spread_parameters"]["ceiling"]["distributions"] = [
        {"kind": "logitnormal", "median": 0.5, "sigma": 0.1}
    ] * 2
    spec["correlations"] = [{"between": ["imitation", "ceiling"], "value": -1.0}]
    asked = Asked(spec)
    z = np.log(asked.at["imitation"] / 0.2) / 0.1
    close(special.logit(asked.at["ceiling"]) / 0.1, -z, 1e-9)


# ---------------------------------------------------------------- of a result


@cache
def planned(geography: str = "mayoral") -> gainsmodel.Result:
    scenario = gainsmodel.load_scenario("everyone_acts").edit(
        {f"parameters.{name}.enabled": True for name in _core.ADJUSTMENTS}
        | {"setting.geography": geography}
    )
    return gainsmodel.run(scenario, draws=48)


def test_a_result_has_the_inputs_of_an_area_in_their_own_units() -> None:
    frame = planned().inputs("Greater Manchester")
    assert frame["draw"].to_list() == list(range(48))
    names = {*frame.columns}
    assert {"ceiling", "ceiling.ai", "lag_years", "multiplier", "growth_area"} <= names
    assert {f"take_up.{lever}" for lever in planned().scenario.levers} <= names
    # Certain in this scenario.
    assert "prize" not in names
    for name in ("ceiling", "ceiling.ai", "take_up.skills", "displacement"):
        assert frame[name].is_between(0, 1).all(), name
    assert frame.schema["ceiling"] == pl.Float64
    assert frame.equals(planned().inputs("E47000001"))
    assert not frame["growth_area"].equals(planned().inputs("Wales")["growth_area"])


def test_adjustments_among_the_inputs_are_those_of_the_run() -> None:
    asked = planned().inputs(names=_core.ADJUSTMENTS)
    for name in _core.ADJUSTMENTS:
        close(asked[name].to_numpy(), planned().draws(name)[name].to_numpy(), 1e-5)


def test_inputs_that_are_asked_for_come_in_that_order() -> None:
    wanted = ["take_up.skills", "ceiling"]
    some = planned().inputs("uk", wanted)
    assert some.columns == ["draw", *wanted]
    assert some.equals(planned().inputs().select("draw", *wanted))
    with pytest.raises(UnknownNameError, match="did you mean 'ceiling'"):
        planned().inputs(names=["celing"])
    with pytest.raises(UnknownNameError, match="Greater Manchester"):
        planned().inputs("Manchester")


@pytest.mark.parametrize(
    ("geography", "unit"), [("mayoral", "mayors_2017"), ("local_authority", "Greater Manchester")]
)
def test_a_group_or_a_wider_area_has_its_areas_by_value(geography: str, unit: str) -> None:
    result = planned(geography)
    codes = result.dataset.resolve(unit)
    gva = dict(result.areas().select("area_code", "gva_gbp_m").iter_rows())
    weights = np.array([gva[code] for code in codes])
    for name in ("growth_area", "take_up.skills"):
        of_areas = [result.inputs(code, [name])[name].to_numpy() for code in codes]
        expected = weights @ np.stack(of_areas) / weights.sum()
        close(result.inputs(unit, [name])[name].to_numpy(), expected, 1e-9)


def test_a_result_without_inputs_says_what_to_do(tmp_path: Path) -> None:
    for draws in (False, True):
        back = gainsmodel.Result.load(planned().save(tmp_path / "run", draws=draws))
        with pytest.raises(ResultError, match="run it again with replay"):
            back.inputs()
    assert gainsmodel.replay(tmp_path / "run").inputs().equals(planned().inputs())
    settings, scenario = Settings(draws=SPAN + 1), gainsmodel.load_scenario("reference")
    ends = (0, SPAN, SPAN + 1)
    pieces = [start(scenario, settings, piece=piece).piece() for piece in pairwise(ends)]
    joined = join(pieces, scenario, settings)
    for ask in (joined.inputs, joined.standard_normals):
        with pytest.raises(ResultError, match="joined from pieces"):
            ask()
