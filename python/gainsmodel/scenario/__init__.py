"""Scenarios: what is assumed, what is done where, and how both are read from TOML."""

from gainsmodel.scenario.distribution import Distribution, Fixed
from gainsmodel.scenario.files import load_scenario, parse_scenario, shipped_scenarios
from gainsmodel.scenario.schema import (
    LEVELS,
    LEVER_TARGETS,
    SECTORS,
    SPREAD_PARAMETERS,
    Quantity,
    Scenario,
    json_schema,
)
from gainsmodel.scenario.write import to_toml

__all__ = [
    "LEVELS",
    "LEVER_TARGETS",
    "SECTORS",
    "SPREAD_PARAMETERS",
    "Distribution",
    "Fixed",
    "Quantity",
    "Scenario",
    "json_schema",
    "load_scenario",
    "parse_scenario",
    "shipped_scenarios",
    "to_toml",
]
