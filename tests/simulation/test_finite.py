"""No run gives an infinite amount, or one that is none."""

from __future__ import annotations

from typing import Any

import pytest

from gainsmodel import ScenarioError, load_scenario, run, run_paired
from gainsmodel.scenario.distributions import Bounds

REFERENCE = load_scenario("reference")
NORMAL = {"kind": "normal", "mean": 3e9, "sd": 0.0045}


def test_a_run_that_overflows_is_refused_by_the_assumption_that_did_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Bounds would have stopped it before.
    monkeypatch.setattr(Bounds, "_senseless", lambda *_: None)
    scenario = REFERENCE.edit({"parameters.growth_area.distribution": NORMAL})
    message = "parameters.growth_area.distribution: some draws give no finite amount"
    for go in (run, run_paired):
        with pytest.raises(ScenarioError, match=message):
            go(scenario, draws=64)


@pytest.mark.parametrize(
    "edit",
    [
        {"parameters.productivity_effect.value": 0.0},
        {"parameters.productivity_effect.value": -0.01},
        {"setting.share_floor": 0.99},
    ],
    ids=str,
)
def test_shares_that_cannot_be_stated_are_no_fault(edit: dict[str, Any]) -> None:
    assert run(REFERENCE.edit(edit), draws=64).areas().height == 23
