"""Several structures in one run: futures shared out, each structure's own, what lies between."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import polars as pl
import pytest

import gainsmodel
from gainsmodel import ResultError, Scenario, ScenarioError, _core, load_scenario
from gainsmodel.results.structures import by_structure
from gainsmodel.scenario.structures import Structure
from gainsmodel.simulation.replay import replay
from toy import UNIT_METRICS, run_core, toy_data, toy_spec

DRAWS = 4_000
LANES = 16
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
    manifest = {"seed": 1, "draws": 320, "sampler": "random"}
    found = by_structure(structures, manifest, np.full(320, 3.0))
    assert np.isnan(found.between)
    assert found.table["mean"].to_list() == [3.0, 3.0]
    split = np.array(_core.structures(1, [0.5, 0.5], 320), dtype=float)
    assert by_structure(structures, manifest, split).between == pytest.approx(1.0)


def test_what_a_structure_has_of_its_own_is_not_asked_of_all() -> None:
    result = gainsmodel.run(ensemble(), draws=160)
    for ask in (result.inputs, result.standard_normals):
        with pytest.raises(ResultError, match="several structures"):
            ask()
    with pytest.raises(ResultError, match="one structure only"):
        gainsmodel.run("reference", draws=160).structures()


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


def test_a_plan_is_the_same_in_all_and_kept() -> None:
    assert [s.plan for _, s in ensemble().structures()] == [ensemble().plan] * 2
    assert ensemble().without_plan().structure == ensemble().structure
    assert isinstance(gainsmodel.run(ensemble(), draws=160, detail=GM).sectors(), pl.DataFrame)
