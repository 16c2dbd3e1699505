"""gainsmodel: a region's share of the £208bn, and what digital adoption carries of it.

>>> import gainsmodel
>>> result = gainsmodel.run("reference", draws=2_000, seed=1)
>>> result.areas().height
23
"""

from gainsmodel.data import Dataset, load_dataset
from gainsmodel.engine import Run, Settings, build_info, replay, run, start
from gainsmodel.errors import (
    CoreError,
    DataError,
    GainsModelError,
    ResultError,
    RunCancelled,
    ScenarioError,
    SettingError,
    UnknownNameError,
)
from gainsmodel.result import Result
from gainsmodel.scenario import Scenario, load_scenario, shipped_scenarios

__all__ = [
    "CoreError",
    "DataError",
    "Dataset",
    "GainsModelError",
    "Result",
    "ResultError",
    "Run",
    "RunCancelled",
    "Scenario",
    "ScenarioError",
    "SettingError",
    "Settings",
    "UnknownNameError",
    "build_info",
    "load_dataset",
    "load_scenario",
    "replay",
    "run",
    "shipped_scenarios",
    "start",
]
