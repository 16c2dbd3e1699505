"""Scenarios without what complicates arithmetic: for tests of one mechanism at a time."""

from gainsmodel import Scenario, load_scenario

_TAKE_UP = {"kind": "beta", "alpha": 0.8, "beta": 1.5}


def plain(scenario: Scenario | str) -> Scenario:
    """The same, gross, with effects that are never nothing and costs that are spent in full."""
    if isinstance(scenario, str):
        scenario = load_scenario(scenario)
    edits: dict[str, object] = {
        "setting.normalise_start": False,
        "parameters.area_odds_ratio.by_technology.ai.values": {"London": 1.0},
        "parameters.take_up.distribution": _TAKE_UP,
        "parameters.optimism_bias.value": 0.0,
        "parameters.fixed_cost_share.value": 1.0,
    }
    for name in ("displacement", "leakage", "multiplier"):
        edits[f"parameters.{name}.enabled"] = False
    for name, lever in scenario.levers.items():
        if lever.take_up is not None:
            edits[f"levers.{name}.take_up.distribution"] = _TAKE_UP
        for target, effect in lever.effects:
            if effect is not None and effect.distribution is not None:
                stated = effect.distribution.model_dump(exclude_none=True)
                stated.pop("p_zero", None)
                edits[f"levers.{name}.effects.{target}.distribution"] = stated
    return scenario.edit(edits)
