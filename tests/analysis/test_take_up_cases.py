"""What a plan would be worth at the take-up of earlier programmes, on the same draws."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
import pytest

from gainsmodel import (
    PairedResult,
    ResultError,
    Scenario,
    appraise,
    format,
    load_scenario,
    run,
    run_paired,
    take_up_cases,
)
from gainsmodel.analysis.take_up_cases import CASES, at_take_up
from gainsmodel.data.units import unit_of
from gainsmodel.present import text

AREA, NET = "Greater Manchester", "net_present_value_gbp_m"
SKILLS = load_scenario("skills_first")
CONNECTED = load_scenario("reference").edit({f'plan."{AREA}".connectivity': 1.0})


@cache
def pair(draws: int = 640) -> PairedResult:
    return run_paired(SKILLS, draws=draws)


def worth(of: PairedResult, area: str, **options: Any) -> dict[str, Any]:
    table = appraise(of, area=area, **options)
    code = unit_of(of.dataset, area).code
    return table.row(by_predicate=pl.col("area_code") == code, named=True)


@pytest.mark.parametrize("options", [{}, {"gross": True}, {"prices": "nominal"}])
@pytest.mark.parametrize("area", [AREA, "uk"])
def test_a_case_is_the_appraisal_of_the_plan_at_that_take_up(
    area: str, options: dict[str, Any]
) -> None:
    found = take_up_cases(pair(), area, **options).table
    assert found["take_up"].to_list() == [case.take_up for case in CASES] == [0.008, 0.35]
    for row in found.iter_rows(named=True):
        held = SKILLS.edit({"parameters.take_up.value": row["take_up"]})
        there = worth(run_paired(held, draws=640), area, **options)
        for name in ("mean", "mcse_mean", "p05", "p95"):
            assert row[f"{NET}_{name}"] == there[f"{NET}_{name}"]
        assert row["p_pays_back"] == there["p_pays_back"]
        assert row["p_pays_back_mcse"] == there["p_pays_back_mcse"]


def test_an_independent_implementation_gives_the_same() -> None:
    """Of skills first, on 3,000 draws: −£9m (13 in 100) at 0.8%, £228m (57 in 100) at 35%."""
    low, high = take_up_cases(pair(10_000), AREA).table.iter_rows(named=True)
    assert low[f"{NET}_mean"] == pytest.approx(-9, abs=2)
    assert low["p_pays_back"] == pytest.approx(0.13, abs=0.03)
    assert high[f"{NET}_mean"] == pytest.approx(228, abs=3 * 15)
    assert high["p_pays_back"] == pytest.approx(0.57, abs=0.03)


def test_only_the_plan_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from gainsmodel.analysis import take_up_cases as module

    plans: list[Scenario] = []
    as_it_is = module.Run

    def counted(scenario: Scenario, *rest: Any, **options: Any) -> Any:
        plans.append(scenario)
        return as_it_is(scenario, *rest, **options)

    monkeypatch.setattr(module, "Run", counted)
    seen: list[tuple[int, int]] = []
    take_up_cases(pair(), AREA, on_progress=lambda *at: seen.append(at))
    assert [plan.plan for plan in plans] == [SKILLS.plan] * len(CASES)
    assert all(total == 640 * len(CASES) for _, total in seen)


def test_a_lever_of_another_reference_class_keeps_its_take_up() -> None:
    alone = take_up_cases(run_paired(CONNECTED, draws=64), AREA)
    assert alone.table.height == 0
    assert alone.keep_their_own == ("Connectivity",)
    said = text.at_other_take_up(alone)
    assert said.startswith("Connectivity keeps a take-up of its own, so ")
    both = CONNECTED.edit({f'plan."{AREA}".skills': 1.0})
    mixed = take_up_cases(run_paired(both, draws=64), AREA)
    assert mixed.table.height == len(CASES)
    assert text.at_other_take_up(mixed).endswith(" Connectivity keeps a take-up of its own.")
    assert "take-up of its own" not in text.at_other_take_up(take_up_cases(pair(), AREA))
    take_up = at_take_up(both, 0.35).levers["connectivity"].take_up
    assert take_up == both.levers["connectivity"].take_up


def test_take_up_is_held_in_every_structure() -> None:
    own = {"name": "low", "weight": 0.5, "overrides": {"parameters.take_up.value": 0.01}}
    nested = {"name": "high", "weight": 0.5}
    nested |= {"overrides": {"parameters": {"take_up": {"value": 0.9}, "uplift_cap": {"value": 1}}}}
    several = SKILLS.edit({"structure": [own, nested]})
    held = at_take_up(several, 0.35)
    assert [of.parameters.take_up.value for _, of in held.structures()] == [0.35, 0.35]
    assert held.structures()[1][1].parameters.uplift_cap.value == 1
    axis = {"name": "Take-up", "choice": [own, nested]}
    crossed = at_take_up(SKILLS.edit({"structure_axis": [axis]}), 0.35)
    assert [of.parameters.take_up.value for _, of in crossed.structures()] == [0.35, 0.35]
    assert [of.name for of in crossed.every_structure()] == ["low", "high"]
    # The scenario that was given stays as it was.
    assert several.structures()[1][1].parameters.take_up.value == 0.9


def test_a_greater_take_up_adds_more_in_every_future() -> None:
    draws = []
    for case in CASES:
        held = at_take_up(SKILLS, case.take_up)
        again = PairedResult(run(held, draws=640), pair().without.as_reference_of(held))
        assert again.net_of == pair().net_of
        draws.append(again.added_draws("gain_present_value_gbp_m", unit_of(pair().dataset, AREA)))
    low, high = draws
    assert (high >= low - 1e-9).all()
    assert high.mean() > 20 * low.mean()


def test_what_cannot_be_asked_is_said() -> None:
    two = PairedResult(pair().with_plan, pair().with_plan)
    with pytest.raises(ResultError, match="has a plan too"):
        take_up_cases(two, AREA)


def test_the_sentence_has_every_figure_of_the_table() -> None:
    found = take_up_cases(pair(10_000), AREA)
    said = text.at_other_take_up(found)
    for row in found.table.iter_rows(named=True):
        assert row["case"] in said
        assert f"{100 * row['take_up']:g}% take-up" in said
        assert f"{100 * row['p_pays_back']:.0f} of 100 futures" in said
        assert format.gbp(row[f"{NET}_mean"], row[f"{NET}_mcse_mean"]) in said
        assert format.gbp_range(row[f"{NET}_p05"], row[f"{NET}_p95"]) in said
