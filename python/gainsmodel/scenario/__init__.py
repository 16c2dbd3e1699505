"""Scenarios: what is assumed, what is done where, and how both are read from TOML."""

from gainsmodel.scenario.distributions import Distribution, Fixed
from gainsmodel.scenario.json_schema import json_schema
from gainsmodel.scenario.parameters import LEVER_TARGETS, PARAMETERS
from gainsmodel.scenario.quantities import LEVELS, SECTORS, SPREAD_PARAMETERS, Quantity
from gainsmodel.scenario.reader import load_scenario, parse_scenario, shipped_scenarios
from gainsmodel.scenario.scenario import Scenario
from gainsmodel.scenario.writer import to_toml

__all__ = [
    "LEVELS",
    "LEVER_TARGETS",
    "PARAMETERS",
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
