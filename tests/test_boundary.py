"""The boundary between Python and the compiled core, and the face of the package itself."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import inspect
import json
import os
import pkgutil
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gainsmodel
from gainsmodel import _core, errors
from toy import run_core, toy_data, toy_spec

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python/gainsmodel"
STUBS = ast.parse((PACKAGE / "_core.pyi").read_text("utf-8"))
ERRORS_RS = (ROOT / "rust/py/src/errors.rs").read_text("utf-8")
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(gainsmodel.__path__, "gainsmodel.")
    if not module.name.endswith(("__main__", "_core"))
)


def stubbed() -> dict[str, ast.FunctionDef]:
    """Give every function and method the stubs list, by dotted name."""
    found = {}
    for node in STUBS.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    found[f"{node.name}.{method.name}"] = method
    return found


def stubbed_constants() -> dict[str, str]:
    """Give every constant the stubs list with its type."""
    return {
        ast.unparse(node.target): ast.unparse(node.annotation)
        for node in STUBS.body
        if isinstance(node, ast.AnnAssign)
    }


def constants() -> dict[str, Any]:
    """Give every public member of the core that is neither function nor class."""
    return {
        name: member
        for name, member in vars(_core).items()
        if not name.startswith("__") and not callable(member)
    }


def compiled() -> dict[str, Any]:
    """Give every public function and method of the core, by dotted name."""
    found: dict[str, Any] = {}
    for name, member in vars(_core).items():
        if name.startswith("__") or name in constants():
            continue
        if inspect.isclass(member):
            methods = {k: v for k, v in vars(member).items() if not k.startswith("__")}
            found |= {f"{name}.{k}": v for k, v in methods.items()}
        else:
            found[name] = member
    return found


# ---------------------------------------------------------------- stubs


def test_stubs_list_exactly_what_the_core_has() -> None:
    classes = {node.name for node in STUBS.body if isinstance(node, ast.ClassDef)}
    assert classes == {name for name, member in vars(_core).items() if inspect.isclass(member)}
    assert set(stubbed()) == set(compiled())
    assert set(stubbed_constants()) == set(constants())


def test_constants_of_the_core_are_of_the_stubbed_type() -> None:
    assert stubbed_constants() == dict.fromkeys(constants(), "tuple[str, ...]")
    for value in constants().values():
        assert isinstance(value, tuple)
        assert value
        assert all(isinstance(entry, str) for entry in value)


@pytest.mark.parametrize("name", sorted(compiled()))
def test_stubs_name_the_parameters_of_the_core(name: str) -> None:
    arguments = stubbed()[name].args
    listed = [
        *((a.arg, True) for a in [*arguments.posonlyargs, *arguments.args]),
        *((a.arg, False) for a in arguments.kwonlyargs),
    ]
    signature = inspect.signature(compiled()[name])
    found = [
        (parameter.name, parameter.kind is not inspect.Parameter.KEYWORD_ONLY)
        for parameter in signature.parameters.values()
    ]
    assert found == listed
    # None of them has a default on one side only.
    defaults = len(arguments.defaults) + sum(d is not None for d in arguments.kw_defaults)
    empty = inspect.Parameter.empty
    assert defaults == sum(p.default is not empty for p in signature.parameters.values())


@pytest.mark.parametrize("name", sorted(compiled()))
def test_everything_of_the_core_is_described_on_both_sides(name: str) -> None:
    assert ast.get_docstring(stubbed()[name])
    assert compiled()[name].__doc__


def test_the_core_is_asked_only_for_what_the_stubs_list() -> None:
    names = {name.split(".")[0] for name in stubbed()} | set(stubbed_constants())
    names |= {node.name for node in STUBS.body if isinstance(node, ast.ClassDef)}
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        assert set(re.findall(r"\b_core\.(\w+)", text)) <= names, path


# ---------------------------------------------------------------- errors


def test_every_error_is_a_gainsmodel_error_and_a_built_in_one() -> None:
    for name, error in vars(errors).items():
        if inspect.isclass(error) and error is not errors.GainsModelError:
            assert issubclass(error, errors.GainsModelError), name
            assert issubclass(error, ValueError | RuntimeError), name
            assert error.__doc__
            assert getattr(gainsmodel, name) is error


def test_every_core_error_has_its_exception() -> None:
    variants = re.search(
        r"pub enum Error \{(.*?)\n\}", (ROOT / "rust/core/src/error.rs").read_text("utf-8"), re.S
    )
    assert variants
    names = set(re.findall(r"^    (\w+)(?: \{|\(|,)", variants[1], re.MULTILINE))
    mapped = dict(re.findall(r"Error::(\w+)(?:[^=]*?)=> \"(\w+)\"", ERRORS_RS))
    assert set(mapped) == names
    raised = {*mapped.values(), *re.findall(r"raise\(py, \"(\w+)\"", ERRORS_RS)}
    assert raised <= {name for name, e in vars(errors).items() if inspect.isclass(e)}


def test_exceptions_are_made_in_one_place_only() -> None:
    for path in (ROOT / "rust/py/src").glob("*.rs"):
        if path.name != "errors.rs":
            text = path.read_text("utf-8")
            assert not re.search(r"PyErr::new|Py\w+Error::new_err|create_exception!", text), path


def refused(error: type[Exception], **changes: Any) -> str:
    spec, data = toy_spec(), toy_data(toy_spec())
    arrays = {k: v for k, v in changes.items() if k in data}
    spec |= {k: v for k, v in changes.items() if k not in data}
    with pytest.raises(error) as caught:
        run_core(spec, data | arrays)
    assert type(caught.value) is error
    return str(caught.value)


def test_a_specification_that_cannot_be_simulated_is_a_scenario_error() -> None:
    assert "horizon_years" in refused(errors.ScenarioError, horizon_years=0)
    gva = toy_data(toy_spec())["gva_gbp_m"].copy()
    gva[1, 2] = np.nan
    assert "gva" in refused(errors.ScenarioError, gva_gbp_m=gva)
    refused(errors.ScenarioError, gva_gbp_m=gva[:, :2])
    refused(errors.ScenarioError, readiness=np.zeros(3))
    refused(errors.ScenarioError, intensity=np.full((2, 4), 1.5))
    assert "detail" in refused(errors.ScenarioError, detail=[4])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"seed": 1}', '{"seed": -1}'])
def test_a_specification_that_is_none_is_a_fault_of_ours(text: str) -> None:
    data = toy_data(toy_spec())
    with pytest.raises(errors.CoreError):
        _core.start(text, **data, double=True, threads=None, draws_in_memory=1)


def test_an_unknown_key_in_a_specification_is_refused() -> None:
    refused(errors.CoreError, surprise=1)


def test_a_distribution_that_cannot_be_is_refused() -> None:
    with pytest.raises(errors.SettingError):
        _core.value_at(json.dumps({"kind": "uniform", "low": 1.0, "high": 0.0}), [0.0])
    with pytest.raises(errors.CoreError):
        _core.value_at(json.dumps({"kind": "cauchy"}), [0.0])


def test_a_cancelled_run_is_run_cancelled() -> None:
    spec = toy_spec() | {"draws": 1_000_000_000}
    handle = _core.start(
        json.dumps(spec), **toy_data(spec), double=False, threads=1, draws_in_memory=1
    )
    handle.cancel()
    assert handle.wait(5)
    with pytest.raises(errors.RunCancelled):
        handle.outcomes()


def test_an_outcome_asked_for_too_early_or_twice_is_an_error() -> None:
    spec = toy_spec() | {"draws": 1_000_000_000}
    handle = _core.start(
        json.dumps(spec), **toy_data(spec), double=False, threads=1, draws_in_memory=1
    )
    with pytest.raises(errors.CoreError, match="not ended"):
        handle.outcomes()
    handle.cancel()
    spec["draws"] = 10
    handle = _core.start(
        json.dumps(spec), **toy_data(spec), double=False, threads=1, draws_in_memory=1 << 20
    )
    assert handle.wait(5)
    handle.outcomes()
    with pytest.raises(errors.GainsModelError):
        handle.outcomes()


def test_draws_that_are_not_kept_are_refused() -> None:
    core = run_core(toy_spec(), toy_data(toy_spec()))
    with pytest.raises(errors.CoreError, match="no draws"):
        core.outcome.draws([10**9])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_told_instead_of_hanging() -> None:
    script = """
import os, warnings, gainsmodel
warnings.simplefilter("ignore")
gainsmodel.run("reference", draws=10)
child = os.fork()
if child == 0:
    try:
        gainsmodel.run("reference", draws=10)
    except gainsmodel.SettingError as error:
        os._exit(42 if "spawn" in str(error) else 43)
    os._exit(44)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    try:
        assert process.wait(15) == 42
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# ---------------------------------------------------------------- the package


def test_the_package_never_imports_streamlit() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.split(".")[0] == "streamlit" for name in names), path


def test_importing_the_package_is_quiet_and_starts_nothing() -> None:
    script = "import threading, sys, gainsmodel; sys.exit(threading.active_count() != 1)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("use", "unwanted"),
    [
        ("gainsmodel", {"polars", "numpy", "pydantic", "gainsmodel._core"}),
        ("gainsmodel.load_scenario('reference')", {"polars", "tomlkit", "gainsmodel._core"}),
        ("gainsmodel.run('reference', draws=16)", {"tomlkit", "typer", "rich", "scipy"}),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(use: str, unwanted: set[str]) -> None:
    script = f"import sys, gainsmodel; {use}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not unwanted & set(done.stdout.decode().split())


def test_names_are_found_as_if_they_had_been_imported() -> None:
    assert set(gainsmodel.__all__) <= set(dir(gainsmodel))
    everything: dict[str, Any] = {}
    exec("from gainsmodel import *", everything)
    assert {*everything} - {"__builtins__"} == {*gainsmodel.__all__}
    assert everything["run"] is gainsmodel.run is gainsmodel.simulation.run.run
    # What stands there for type checkers is what is there.
    stated = {
        alias.name
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gainsmodel"
        for alias in node.names
    }
    assert stated == {*gainsmodel.__all__}
    assert not hasattr(gainsmodel, "runn")


def test_everything_the_package_offers_is_there_and_described() -> None:
    assert sorted(gainsmodel.__all__) == sorted(set(gainsmodel.__all__))
    for name in gainsmodel.__all__:
        assert inspect.getdoc(getattr(gainsmodel, name)), name


@pytest.mark.parametrize("name", ["gainsmodel", *MODULES])
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(name)
    assert isinstance(module, ModuleType)
    assert module.__doc__
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_there_are_examples_of_the_main_entry_points() -> None:
    found = doctest.DocTestFinder().find(gainsmodel) + doctest.DocTestFinder().find(gainsmodel.run)
    assert sum(bool(test.examples) for test in found) >= 2


# ---------------------------------------------------------------- names of 0.3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Reach", "GoalSeek"),
        ("Switching", "SwitchingValues"),
        ("assumption_log", "assumptions_log"),
        ("lever_parts", "lever_contributions"),
        ("reach", "goal_seek"),
        ("reading", "area_summary"),
        ("register", "assumptions_log"),
        ("sentences", "text"),
        ("words", "format"),
    ],
)
def test_names_of_0_3_are_kept_for_one_release(old: str, new: str) -> None:
    with pytest.warns(DeprecationWarning, match=new):
        kept = getattr(gainsmodel, old)
    assert kept is getattr(gainsmodel, new)
    assert old not in gainsmodel.__all__


def test_questions_take_two_results_as_in_0_3() -> None:
    pair = gainsmodel.run_paired("skills_first", draws=64)
    with_plan, without = pair
    assert (pair[0], pair[1]) == (with_plan, without)
    figures = gainsmodel.load_dataset("mayoral")
    with pytest.warns(DeprecationWarning, match="PairedResult"):
        table = gainsmodel.appraise(with_plan, without, target_gbp_m=50, dataset=figures)
    assert table.equals(gainsmodel.appraise(pair, target_gbp_m=50))
    with pytest.warns(DeprecationWarning, match="PairedResult"):
        net = gainsmodel.waterfall(with_plan, without, "Wales")
    assert net.table.equals(gainsmodel.waterfall(pair, "Wales").table)
    # The same answer as everywhere: net, unless gross is asked for.
    with pytest.warns(DeprecationWarning, match=r"PairedResult\.added"):
        assert with_plan.difference(without).equals(pair.added())
    with pytest.warns(DeprecationWarning, match="standard_normals"):
        names, numbers = with_plan.numbers()
    assert names.height == len(numbers)
    with pytest.warns(DeprecationWarning, match="AreaSummary"):
        kept = importlib.import_module("gainsmodel.present.area_summary").Reading
    assert kept is gainsmodel.AreaSummary


def test_arguments_of_0_3_are_kept_for_one_release() -> None:
    net = gainsmodel.waterfall(gainsmodel.run_paired("skills_first", draws=64), "Wales")
    with pytest.warns(DeprecationWarning, match="the argument found is now net"):
        kept = gainsmodel.charts.waterfall(found=net)
    assert kept.alt == gainsmodel.charts.waterfall(net).alt
    reference = gainsmodel.load_scenario("reference")
    with pytest.warns(DeprecationWarning, match="the argument found is now ranking"):
        gainsmodel.assumptions_log.log(reference, found=None)
