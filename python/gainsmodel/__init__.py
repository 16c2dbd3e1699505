"""gainsmodel: a region's share of the £208bn, and how much of it digital adoption brings.

>>> import gainsmodel
>>> result = gainsmodel.run("reference", draws=2_000, seed=1)
>>> result.areas().height
23
"""

from importlib import import_module

# Before anything that takes time.
_stopping = import_module("gainsmodel.stopping")
if _stopping.is_the_program():
    _stopping.at_once()

from typing import TYPE_CHECKING, Any  # noqa: E402

if TYPE_CHECKING:
    from gainsmodel import format as format, validation as validation
    from gainsmodel.analysis import assumptions_log as assumptions_log
    from gainsmodel.analysis.additionality import Waterfall as Waterfall, waterfall as waterfall
    from gainsmodel.analysis.appraisal import appraise as appraise, delay_cost as delay_cost
    from gainsmodel.analysis.comparison import Comparison as Comparison, compare as compare
    from gainsmodel.analysis.discovery import Discovery as Discovery, discover as discover
    from gainsmodel.analysis.goal_seek import GoalSeek as GoalSeek, goal_seek as goal_seek
    from gainsmodel.analysis.lever_contributions import lever_contributions as lever_contributions
    from gainsmodel.analysis.optimise.allocate import (
        Allocation as Allocation,
        allocate as allocate,
    )
    from gainsmodel.analysis.optimise.allocation_terms import Terms as Terms
    from gainsmodel.analysis.optimise.plan import Plan as Plan, plan as plan
    from gainsmodel.analysis.replay_here import (
        ReplayedHere as ReplayedHere,
        replay_here as replay_here,
    )
    from gainsmodel.analysis.sensitivity import (
        Sensitivity as Sensitivity,
        sensitivity as sensitivity,
    )
    from gainsmodel.analysis.switching_values import (
        SwitchingValues as SwitchingValues,
        switching_values as switching_values,
    )
    from gainsmodel.analysis.take_up_cases import (
        TakeUpCases as TakeUpCases,
        take_up_cases as take_up_cases,
    )
    from gainsmodel.analysis.target import Target as Target, target as target
    from gainsmodel.analysis.voi import ValueOfInformation as ValueOfInformation, voi as voi
    from gainsmodel.analysis.who_gains import WhoGains as WhoGains, who_gains as who_gains
    from gainsmodel.analysis.would_have_to_be_true import (
        WouldHaveToBeTrue as WouldHaveToBeTrue,
        would_have_to_be_true as would_have_to_be_true,
    )
    from gainsmodel.batch import (
        BatchResult as BatchResult,
        Sweep as Sweep,
        estimate_batch as estimate_batch,
        load_sweep as load_sweep,
        run_batch as run_batch,
    )
    from gainsmodel.data import (
        Dataset as Dataset,
        aggregate as aggregate,
        gva_template as gva_template,
        load_dataset as load_dataset,
        read_gva as read_gva,
        save_dataset as save_dataset,
    )
    from gainsmodel.errors import (
        BatchError as BatchError,
        ConflictError as ConflictError,
        CoreError as CoreError,
        DataError as DataError,
        EvidenceError as EvidenceError,
        GainsModelError as GainsModelError,
        NotAllowedError as NotAllowedError,
        NotThereError as NotThereError,
        ResultError as ResultError,
        RunCancelled as RunCancelled,
        ScenarioError as ScenarioError,
        SettingError as SettingError,
        StoreError as StoreError,
        StoreUnavailable as StoreUnavailable,
        UnknownNameError as UnknownNameError,
    )
    from gainsmodel.evidence.condition import Conditioning as Conditioning, condition as condition
    from gainsmodel.evidence.evidence_file import (
        Evidence as Evidence,
        load_evidence as load_evidence,
        shipped_evidence as shipped_evidence,
    )
    from gainsmodel.present import (
        charts as charts,
        export as export,
        glossary as glossary,
        report as report,
        text as text,
    )
    from gainsmodel.present.area_summary import AreaSummary as AreaSummary
    from gainsmodel.progress import ProgressBar as ProgressBar
    from gainsmodel.results.manifest import build_info as build_info
    from gainsmodel.results.paired import PairedResult as PairedResult
    from gainsmodel.results.plan_levers import lever_costs as lever_costs
    from gainsmodel.results.record import Verification as Verification, verify as verify
    from gainsmodel.results.result import Result as Result
    from gainsmodel.scenario import (
        Scenario as Scenario,
        load_scenario as load_scenario,
        parse_scenario as parse_scenario,
        shipped_scenarios as shipped_scenarios,
        to_toml as to_toml,
    )
    from gainsmodel.simulation.replay import replay as replay
    from gainsmodel.simulation.resolve import own_figures as own_figures
    from gainsmodel.simulation.run import (
        Run as Run,
        run as run,
        run_paired as run_paired,
        start as start,
    )
    from gainsmodel.simulation.settings import Settings as Settings
    from gainsmodel.store import open_store as open_store

# Public names by module, loaded when used: importing an error does not import Polars.
_NAMES = {
    "analysis.additionality": "Waterfall waterfall",
    "analysis.appraisal": "appraise delay_cost",
    "analysis.comparison": "Comparison compare",
    "analysis.discovery": "Discovery discover",
    "analysis.goal_seek": "GoalSeek goal_seek",
    "analysis.lever_contributions": "lever_contributions",
    "analysis.optimise.allocate": "Allocation allocate",
    "analysis.optimise.allocation_terms": "Terms",
    "analysis.optimise.plan": "Plan plan",
    "analysis.replay_here": "ReplayedHere replay_here",
    "analysis.sensitivity": "Sensitivity sensitivity",
    "analysis.switching_values": "SwitchingValues switching_values",
    "analysis.take_up_cases": "TakeUpCases take_up_cases",
    "analysis.target": "Target target",
    "analysis.voi": "ValueOfInformation voi",
    "analysis.who_gains": "WhoGains who_gains",
    "analysis.would_have_to_be_true": "WouldHaveToBeTrue would_have_to_be_true",
    "batch": "BatchResult Sweep estimate_batch load_sweep run_batch",
    "data": "Dataset aggregate gva_template load_dataset read_gva save_dataset",
    "errors": "BatchError ConflictError CoreError DataError EvidenceError GainsModelError"
    " NotAllowedError NotThereError ResultError RunCancelled ScenarioError SettingError StoreError"
    " StoreUnavailable UnknownNameError",
    "evidence.condition": "Conditioning condition",
    "evidence.evidence_file": "Evidence load_evidence shipped_evidence",
    "present.area_summary": "AreaSummary",
    "progress": "ProgressBar",
    "results.manifest": "build_info",
    "results.paired": "PairedResult",
    "results.plan_levers": "lever_costs",
    "results.record": "Verification verify",
    "results.result": "Result",
    "scenario": "Scenario load_scenario parse_scenario shipped_scenarios to_toml",
    "simulation.replay": "replay",
    "simulation.resolve": "own_figures",
    "simulation.run": "Run run run_paired start",
    "simulation.settings": "Settings",
    "store": "open_store",
}
# Modules that are used as such.
_MODULES = {
    "assumptions_log": "analysis.assumptions_log",
    "charts": "present.charts",
    "export": "present.export",
    "format": "format",
    "glossary": "present.glossary",
    "report": "present.report",
    "text": "present.text",
    "validation": "validation",
}
# Names of 0.3, kept for one release.
_RENAMED = {
    "Reach": "GoalSeek",
    "Switching": "SwitchingValues",
    "assumption_log": "assumptions_log",
    "lever_parts": "lever_contributions",
    "reach": "goal_seek",
    "reading": "area_summary",
    "register": "assumptions_log",
    "sentences": "text",
    "words": "format",
}
_MODULES_NOT_LISTED = {"area_summary": "present.area_summary"}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}
__all__ = sorted({*_MODULE_OF, *_MODULES})

# How results look in notebooks belongs to a higher layer; it is loaded when a notebook asks.
import_module("gainsmodel.notebook").shown_by(
    lambda: import_module("gainsmodel.present.notebook").FORMS
)


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        import warnings

        new = _RENAMED[name]
        warnings.warn(
            f"gainsmodel.{name} is now gainsmodel.{new}; the next release removes the old name",
            DeprecationWarning,
            stacklevel=2,
        )
        return __getattr__(new)
    if module := (_MODULES | _MODULES_NOT_LISTED).get(name):
        return import_module(f"gainsmodel.{module}")
    if name in _MODULE_OF:
        globals()[name] = getattr(import_module(f"gainsmodel.{_MODULE_OF[name]}"), name)
        return globals()[name]
    raise AttributeError(f"module 'gainsmodel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
