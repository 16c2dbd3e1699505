"""gainsmodel: a region's share of the £208bn, and what digital adoption carries of it.

>>> import gainsmodel
>>> result = gainsmodel.run("reference", draws=2_000, seed=1)
>>> result.areas().height
23
"""

from typing import TYPE_CHECKING

__all__ = [
    "BatchError",
    "BatchResult",
    "Comparison",
    "CoreError",
    "DataError",
    "Dataset",
    "Discovery",
    "GainsModelError",
    "Plan",
    "Reach",
    "Result",
    "ResultError",
    "Run",
    "RunCancelled",
    "Scenario",
    "ScenarioError",
    "Sensitivity",
    "SettingError",
    "Settings",
    "Sweep",
    "Switching",
    "Target",
    "UnknownNameError",
    "ValueOfInformation",
    "Waterfall",
    "aggregate",
    "appraise",
    "assumption_log",
    "build_info",
    "charts",
    "compare",
    "delay_cost",
    "discover",
    "estimate_batch",
    "export",
    "glossary",
    "gva_template",
    "lever_costs",
    "lever_parts",
    "load_dataset",
    "load_scenario",
    "load_sweep",
    "own_figures",
    "parse_scenario",
    "plan",
    "reach",
    "read_gva",
    "reading",
    "register",
    "replay",
    "report",
    "run",
    "run_batch",
    "run_paired",
    "save_dataset",
    "sensitivity",
    "sentences",
    "shipped_scenarios",
    "start",
    "switching_values",
    "target",
    "to_toml",
    "voi",
    "waterfall",
    "words",
]

if TYPE_CHECKING:
    from gainsmodel import (
        assumption_log,
        charts,
        export,
        glossary,
        reading,
        register,
        report,
        sentences,
        words,
    )
    from gainsmodel.additionality import Waterfall, waterfall
    from gainsmodel.appraisal import appraise, delay_cost
    from gainsmodel.batch import BatchResult, Sweep, estimate_batch, load_sweep, run_batch
    from gainsmodel.comparison import Comparison, compare, lever_parts
    from gainsmodel.data import (
        Dataset,
        aggregate,
        gva_template,
        load_dataset,
        read_gva,
        save_dataset,
    )
    from gainsmodel.discovery import Discovery, discover
    from gainsmodel.drivers import Sensitivity, sensitivity
    from gainsmodel.engine import (
        Run,
        Settings,
        build_info,
        lever_costs,
        replay,
        run,
        run_paired,
        start,
    )
    from gainsmodel.errors import (
        BatchError,
        CoreError,
        DataError,
        GainsModelError,
        ResultError,
        RunCancelled,
        ScenarioError,
        SettingError,
        UnknownNameError,
    )
    from gainsmodel.figures import own_figures
    from gainsmodel.information import ValueOfInformation, voi
    from gainsmodel.planning import Plan, plan
    from gainsmodel.result import Result
    from gainsmodel.scenario import (
        Scenario,
        load_scenario,
        parse_scenario,
        shipped_scenarios,
        to_toml,
    )
    from gainsmodel.switching import Switching, switching_values
    from gainsmodel.targets import Reach, Target, reach, target
else:
    # Rooms that answer questions about runs, and modules that are used as such.
    _QUESTIONS = (
        *("comparison", "additionality", "appraisal", "drivers", "information"),
        *("switching", "targets", "planning", "discovery", "batch"),
    )
    _MODULES = (
        *("assumption_log", "charts", "export", "glossary", "reading", "register"),
        *("report", "sentences", "validation", "words"),
    )

    # Whoever needs an error or a scenario does not wait for Polars and the core.
    def __getattr__(name):
        from importlib import import_module

        rooms = ("errors", "scenario", "data", "figures", "result", "engine", *_QUESTIONS)
        if name in rooms or name in _MODULES:
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
