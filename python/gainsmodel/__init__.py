"""gainsmodel: a region's share of the £208bn, and what digital adoption carries of it.

>>> import gainsmodel
>>> result = gainsmodel.run("reference", draws=2_000, seed=1)
>>> result.areas().height
23
"""

from typing import TYPE_CHECKING

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
    "charts",
    "load_dataset",
    "load_scenario",
    "replay",
    "run",
    "run_paired",
    "shipped_scenarios",
    "start",
]

if TYPE_CHECKING:
    from gainsmodel import charts
    from gainsmodel.data import Dataset, load_dataset
    from gainsmodel.engine import Run, Settings, build_info, replay, run, run_paired, start
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
else:
    # Whoever needs an error or a scenario does not wait for Polars and the core.
    def __getattr__(name):
        from importlib import import_module

        rooms = ("errors", "scenario", "data", "result", "engine", "charts")
        if name in rooms:
            return import_module(f"gainsmodel.{name}")
        if name in __all__:
            for room in rooms:
                module = import_module(f"gainsmodel.{room}")
                if hasattr(module, name):
                    globals()[name] = getattr(module, name)
                    return globals()[name]
        raise AttributeError(f"module 'gainsmodel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
