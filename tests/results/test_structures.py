"""Several structures in one run: futures shared out, each structure's own, what lies between."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel import (
    ResultError,
    Scenario,
    ScenarioError,
    _core,
    load_scenario,
    parse_scenario,
    to_toml,
)
from gainsmodel.results.structures import LANES, by_structure, structure_of_draws
from gainsmodel.scenario.structures import Structure
from gainsmodel.simulation.replay import replay
from gainsmodel.simulation.run import SPAN, join, start
from gainsmodel.simulation.settings import Settings
from toy import UNIT_METRICS, run_core, toy_data, toy_spec

DRAWS = 4_000
GM = "Greater Manchester"
AXES = [
    {"name": "converge", "weight": 0.6},
    {
        "name": "diverge",
        "weight": 0.4,
        "overrides": {"parameters.readiness_slope_ceiling.value": 0.6, "setting.curve": "logistic"},
    },
]


def ensemble() -> Scenario:
    return load_scenario("skills_first").edit({"structure": AXES})


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_equal_structures_are_the_single_run_bit_for_bit(sampler: str) -> None:
    spec = toy_spec() | {"sampler": sampler, "draws": 1_000}
    data = toy_data(spec, 0.5)
    same = [{"weight": w, "spec": deepcopy(spec)} for w in (0.5, 0.3, 0.2)]
    single, several = run_core(spec, data), run_core(spec | {"structures": same}, data)
    for name in UNIT_METRICS:
        assert single.metric(name).tobytes() == several.metric(name).tobytes(), name
    assert single.statistics.tobytes() == several.statistics.tobytes()


@pytest.mark.parametrize("sampler", ["random", "sobol", "sobol_full"])
def test_structures_with_equal_overrides_are_the_single_run_bit_for_bit(sampler: Any) -> None:
    """36 of them, with a plan and its reference, whatever it is that all override."""
    edits = {"setting.curve": "gompertz", "parameters.j_curve.value": 0.2}
    regions = {"setting.geography": "itl1", "plan.Wales.skills": 1.0}
    base = load_scenario("reference").edit(regions)
    names = [axis.model_dump(mode="json") for axis in load_scenario("ensemble").structure_axis]
    for axis in names:
        for choice in axis["choice"]:
            choice["overrides"] = {}
    for choice in names[0]["choice"]:
        choice["overrides"] = edits
    crossed = base.edit({"structure_axis": names})
    assert len(crossed.every_structure()) == 36
    asked: dict[str, Any] = {"draws": 1_000, "seed": 3, "sampler": sampler}
    single, several = (gainsmodel.run_paired(s, **asked) for s in (base.edit(edits), crossed))
    for ours, theirs in zip(several, single, strict=True):
        assert ours.statistics().equals(theirs.statistics())
        assert ours.draws("share").equals(theirs.draws("share"))


def test_each_future_is_that_of_its_structure_run_alone() -> None:
    both = gainsmodel.run_paired(ensemble(), draws=DRAWS, threads=2)
    of_draw = np.array(_core.structures(1, [0.6, 0.4], DRAWS))
    # Whole blocks, so that the replicates behind standard errors stay even.
    assert (of_draw.reshape(-1, LANES) == of_draw[::LANES, None]).all()
    for place, (_, scenario) in enumerate(ensemble().structures()):
        alone = gainsmodel.run_paired(scenario, draws=DRAWS)
        for ours, theirs in zip(both, alone, strict=True):
            for metric in ("gain_final_year_gbp_m", "share", "lever_cost_cumulative_gbp_m"):
                draws = ours.draws(metric).filter(of_draw == place)
                assert draws.equals(theirs.draws(metric).filter(of_draw == place))


def test_structures_share_futures_out_by_weight_whatever_their_number() -> None:
    few, many = (np.array(_core.structures(7, [0.2, 0.5, 0.3], n)) for n in (160, 160_000))
    assert (many[:160] == few).all()
    np.testing.assert_allclose(np.bincount(many) / 160_000, [0.2, 0.5, 0.3], atol=0.015)
    other = np.array(_core.structures(8, [0.2, 0.5, 0.3], 160_000))
    assert (other != many).mean() > 0.5
    assert set(_core.structures(7, [0.0, 1.0], 1_600)) == {1}


def test_threads_do_not_matter_and_a_manifest_is_replayed() -> None:
    one, two = (gainsmodel.run(ensemble(), draws=DRAWS, threads=n) for n in (1, 2))
    again = replay(one.manifest)
    assert one.areas().equals(two.areas())
    assert one.areas().equals(again.areas())


def test_the_variance_splits_into_within_and_between() -> None:
    result = gainsmodel.run(ensemble(), draws=DRAWS)
    found = result.structures("gain_final_year_gbp_m", GM)
    draws = result.draws("gain_final_year_gbp_m", ["E47000001"])["E47000001"].to_numpy()
    of_draw = np.array(_core.structures(1, [0.6, 0.4], DRAWS))
    rows = found.table.rows(named=True)
    assert [(row["structure"], row["weight"]) for row in rows] == [
        ("converge", 0.6),
        ("diverge", 0.4),
    ]
    means, parts, within = [], [], 0.0
    for place, row in enumerate(rows):
        own = draws[of_draw == place].astype(float)
        assert row["draws"] == own.size
        assert row["mean"] == pytest.approx(own.mean())
        assert row["p50"] == pytest.approx(np.median(own))
        means.append(own.mean())
        parts.append(own.size / DRAWS)
        within += own.size / DRAWS * own.var()
    assert found.between == pytest.approx(1 - within / draws.astype(float).var(), rel=1e-6)
    added = gainsmodel.run_paired(ensemble(), draws=DRAWS).structures(area=GM)
    assert added.table["draws"].sum() == DRAWS
    assert (added.table["mean"] > 0).all()
    assert 0 <= added.between <= 1


def test_where_nothing_varies_there_is_no_share_between() -> None:
    structures = [Structure(name=name, weight=0.5) for name in "ab"]
    scenario = load_scenario("reference").model_copy(update={"structure": tuple(structures)})
    manifest = {"seed": 1, "draws": 320, "sampler": "random"}
    found = by_structure(scenario, manifest, np.full(320, 3.0))
    assert np.isnan(found.between)
    assert found.table["mean"].to_list() == [3.0, 3.0]
    split = np.array(_core.structures(1, [0.5, 0.5], 320), dtype=float)
    assert by_structure(scenario, manifest, split).between == pytest.approx(1.0)


def test_what_a_structure_has_of_its_own_is_not_asked_of_all() -> None:
    result = gainsmodel.run(ensemble(), draws=160)
    for ask in (result.inputs, result.standard_normals):
        with pytest.raises(ResultError, match="several structures"):
            ask()
    with pytest.raises(ResultError, match="one structure only"):
        gainsmodel.run("reference", draws=160).structures()


def test_inputs_are_those_of_each_futures_own_structure() -> None:
    structures = [
        AXES[0],
        {
            "name": "larger",
            "weight": 0.4,
            "overrides": {
                "parameters.productivity_effect.distribution": {
                    **{"kind": "lognormal", "median": 0.05, "p05": 0.03, "p95": 0.08},
                },
            },
        },
    ]
    scenario = load_scenario("skills_first").edit({"structure": structures})
    both = gainsmodel.run(scenario, draws=DRAWS)
    of_draw = np.array(_core.structures(1, [0.6, 0.4], DRAWS))
    names, numbers = both.standard_normals()
    for place, (_, alone) in enumerate(scenario.structures()):
        own = gainsmodel.run(alone, draws=DRAWS)
        assert (
            both.inputs(GM).filter(of_draw == place).equals(own.inputs(GM).filter(of_draw == place))
        )
        assert names.equals(own.standard_normals()[0])
        assert np.array_equal(numbers, own.standard_normals()[1])
    effect = both.inputs(GM, ["productivity_effect"])["productivity_effect"].to_numpy()
    assert effect[of_draw == 1].mean() > 1.5 * effect[of_draw == 0].mean()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"weight": 0.5}, "weights must sum to 1; they sum to 1.1"),
        ({"weight": 0.0}, r"structure\[1\].weight: must be"),
        ({"name": "converge"}, "stands twice: converge"),
        ({"overrides": {"setting.horizon_years": 3}}, "horizon_years: must be the same in all"),
        ({"overrides": {"plan.Wales.skills": 1.0}}, "plan: must be the same in all"),
        ({"overrides": {"prize.value": 1.0}}, "prize: must be the same in all"),
        ({"overrides": {"parameters.inflation_per_year.value": 0.1}}, "inflation_per_year: must"),
        ({"overrides": {"levers.skills.ramp_years": 1.0}}, "levers.skills: must be the same"),
        ({"overrides": {"parameters.lag_yaers.value": 1.0}}, "did you mean 'lag_years'"),
    ],
)
def test_impossible_structures_are_refused(change: dict[str, object], expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected):
        ensemble().edit({"structure": [AXES[0], AXES[1] | change]})


EFFECTS = "parameters.productivity_effect.value"
CROSSED: list[dict[str, Any]] = [
    {
        "name": "curve",
        "choice": [
            {"name": "Bass", "weight": 0.6},
            {"name": "logistic", "weight": 0.4, "overrides": {"setting.curve": "logistic"}},
        ],
    },
    {
        "name": "size",
        "choice": [
            {"name": "small", "weight": 0.5, "overrides": {EFFECTS: 0.01}},
            {"name": "middle", "weight": 0.3, "overrides": {EFFECTS: 0.02}},
            {"name": "large", "weight": 0.2, "overrides": {EFFECTS: 0.05}},
        ],
    },
]


def crossed_scenario() -> Scenario:
    return load_scenario("skills_first").edit({"structure_axis": CROSSED})


def test_axes_are_every_combination_written_out() -> None:
    scenario = crossed_scenario()
    found = scenario.every_structure()
    assert [of.name for of in found][:4] == [
        *("Bass, small", "Bass, middle", "Bass, large", "logistic, small"),
    ]
    assert [of.weight for of in found] == pytest.approx([0.3, 0.18, 0.12, 0.2, 0.12, 0.08])
    listed = [{"name": of.name, "weight": of.weight, "overrides": of.overrides} for of in found]
    by_hand = load_scenario("skills_first").edit({"structure": listed})
    crossed, written = (gainsmodel.run(s, draws=DRAWS) for s in (scenario, by_hand))
    assert crossed.statistics().equals(written.statistics())
    assert parse_scenario(to_toml(scenario)) == scenario
    assert parse_scenario(to_toml(scenario, load_scenario("skills_first"))) == scenario


def test_a_structure_is_all_of_its_choices() -> None:
    """However they are written: as key paths or as tables."""
    scenario = load_scenario("ensemble")
    one = scenario.edit({"structure_axis": []})
    axes = scenario.structure_axis
    assert len({hash(of) for _, of in scenario.structures()}) == 36
    for n, (structure, made) in enumerate(scenario.structures()):
        expected, names = one, []
        for axis, at in zip(axes, np.unravel_index(n, [3, 3, 2, 2]), strict=True):
            expected = expected.edit(axis.choice[int(at)].overrides)
            names.append(axis.choice[int(at)].name)
        assert made == expected
        assert structure.name == ", ".join(names)


def test_the_variance_splits_over_axes() -> None:
    """Of a sum of what independent axes do, the shares of the axes make up that of structures."""
    scenario = crossed_scenario()
    manifest = {"seed": 3, "draws": 64_000, "sampler": "random"}
    curve, size = np.unravel_index(structure_of_draws(scenario, manifest), (2, 3))
    noise = np.random.default_rng(1).normal(size=64_000)
    answer = 2.0 * curve + np.array([0.0, 1.0, 3.0])[size] + noise
    found = by_structure(scenario, manifest, answer)
    of_curve = 4 * 0.6 * 0.4
    of_size = 0.3 * 1 + 0.2 * 9 - 0.9**2
    shares = dict(zip(found.axes["axis"], found.axes["between"], strict=True))
    whole = of_curve + of_size + 1
    assert shares["curve"] == pytest.approx(of_curve / whole, abs=0.01)
    assert shares["size"] == pytest.approx(of_size / whole, abs=0.01)
    assert sum(shares.values()) == pytest.approx(found.between, abs=0.01)
    means = found.choices.filter(axis="size")["mean"].to_numpy()
    np.testing.assert_allclose(means - means[0], [0, 1, 3], atol=0.1)
    assert found.choices.filter(axis="curve")["draws"].sum() == 64_000
    # Within and between add up to the variance itself.
    within = sum(
        row["draws"] / 64_000 * answer[(curve * 3 + size) == place].var()
        for place, row in enumerate(found.table.rows(named=True))
    )
    assert within / answer.var() + found.between == pytest.approx(1.0, abs=1e-9)


def test_the_mean_of_a_choice_does_not_hang_on_how_often_another_axis_fell() -> None:
    """The answer is the size alone: both curves have the same mean, however few the draws."""
    scenario = crossed_scenario()
    for seed in range(5):
        manifest = {"seed": seed, "draws": 800, "sampler": "random"}
        _, size = np.unravel_index(structure_of_draws(scenario, manifest), (2, 3))
        noise = np.random.default_rng(seed).normal(scale=1e-6, size=800)
        found = by_structure(scenario, manifest, 100.0 * size + noise)
        curves = found.choices.filter(axis="curve")["mean"]
        assert curves.to_list() == pytest.approx([70.0, 70.0], abs=1e-5)
        assert found.axes.filter(axis="curve")["between"][0] < 1e-9


def test_the_error_of_a_share_of_the_variance_is_that_of_repeated_runs() -> None:
    scenario, rng = crossed_scenario(), np.random.default_rng(2)
    shares, errors = [], []
    for seed in range(200):
        manifest = {"seed": seed, "draws": 1_600, "sampler": "random"}
        _, size = np.unravel_index(structure_of_draws(scenario, manifest), (2, 3))
        found = by_structure(scenario, manifest, size + rng.normal(size=1_600))
        shares.append(found.between)
        errors.append(found.between_mcse)
    assert np.mean(errors) == pytest.approx(np.std(shares), rel=0.2)


def test_36_structures_do_not_depend_on_threads_or_pieces() -> None:
    scenario = load_scenario("ensemble")
    assert len(scenario.every_structure()) == 36
    settings = Settings(draws=2 * SPAN)
    one, two = (gainsmodel.run(scenario, draws=2 * SPAN, threads=n) for n in (1, 2))
    assert one.statistics().equals(two.statistics())
    pieces = [
        start(scenario, settings, piece=piece).piece() for piece in ((0, SPAN), (SPAN, 2 * SPAN))
    ]
    assert join(pieces, scenario, settings).statistics().equals(one.statistics())
    # A longer run keeps the draws of a shorter one.
    few = gainsmodel.run(scenario, draws=1_600).draws()
    assert one.draws().head(1_600).equals(few)


def test_every_structure_has_its_weight_to_within_few_blocks() -> None:
    weights = [of.weight for of in load_scenario("ensemble").every_structure()]
    for seed in (1, 2, 3):
        for blocks in (100, 625, 5_000):
            of_block = np.array(_core.structures(seed, weights, blocks * LANES))[::LANES]
            counts = np.bincount(of_block, minlength=len(weights))
            assert np.abs(counts - np.array(weights) * blocks).max() < 3


def axis(name: str, *choices: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "choice": [*choices]}


HALVES = [{"name": name, "weight": 0.5} for name in "ab"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"structure": AXES, "structure_axis": CROSSED}, "cannot stand beside structure"),
        ({"structure_axis": [CROSSED[0]] * 2}, r"structure_axis\[1\].name: stands twice: curve"),
        (
            {"structure_axis": [CROSSED[1], CROSSED[1] | {"name": "again"}]},
            r"structure_axis\[1\].choice: .*effect.*changed by the axis 'size'",
        ),
        ({"structure_axis": [axis("x", HALVES[0])]}, r"structure_axis\[0\].choice: "),
        (
            {"structure_axis": [axis("x", *CROSSED[1]["choice"][1:])]},
            r"structure_axis\[0\].choice: weights must sum to 1; they sum to 0.5",
        ),
        (
            {"structure_axis": [axis(f"{n}", *HALVES) for n in range(7)]},
            "structure_axis: may make at most 100 structures; these make 128",
        ),
        (
            {
                "structure_axis": [
                    axis("x", HALVES[0], HALVES[1] | {"overrides": {"setting.crve": 1}})
                ]
            },
            r"choice\[1\].overrides: .*did you mean 'curve'",
        ),
    ],
)
def test_impossible_axes_are_refused(change: dict[str, object], expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected):
        load_scenario("skills_first").edit(change)


def test_a_plan_is_the_same_in_all_and_kept() -> None:
    assert [s.plan for _, s in ensemble().structures()] == [ensemble().plan] * 2
    assert ensemble().without_plan().structure == ensemble().structure
    assert isinstance(gainsmodel.run(ensemble(), draws=160, detail=GM).sectors(), pl.DataFrame)
