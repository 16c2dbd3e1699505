"""The architecture: imports run downwards, the core is pure, files name no machine."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python/gainsmodel"

# Packages in layers, the lowest first. A package imports from lower layers; from others of its own
# layer only through their ``__init__``; from higher layers nothing.
LAYERS = (
    {"_core", "choices", "errors"},
    {"extras", "format", "notebook", "progress", "checks", "confined", "stopping"},
    {"files", "sealed", "spreadsheets"},
    {"datapackage"},
    {"data", "scenario"},
    {"results"},
    {"simulation"},
    {"analysis", "batch", "evidence", "store"},
    {"present"},
    {"validation"},
    {"cli"},
)
LAYER = {package: number for number, layer in enumerate(LAYERS) for package in layer}
PACKAGES = sorted(
    path
    for path in PACKAGE.iterdir()
    if (path.suffix == ".py" and not path.stem.startswith("__")) or (path / "__init__.py").exists()
)


def sources(package: Path) -> list[Path]:
    return [package] if package.is_file() else sorted(package.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Give the modules a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            module = node.module or ""
            yield module
            if module == "gainsmodel":
                yield from (f"gainsmodel.{alias.name}" for alias in node.names)


def packages_used(path: Path) -> set[tuple[str, str]]:
    """Packages a file imports from, each with the module that is named."""
    names = [name.split(".") for name in imports(path)]
    return {
        (parts[1], ".".join(parts))
        for parts in names
        if parts[0] == "gainsmodel" and len(parts) > 1 and parts[1] in LAYER
    }


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.stem)
def test_imports_run_downwards(package: Path) -> None:
    own = package.stem
    assert own in LAYER, f"add {own} to LAYERS"
    for path in sources(package):
        for used, module in packages_used(path):
            if used == own or LAYER[used] < LAYER[own]:
                continue
            assert LAYER[used] == LAYER[own], f"{path.relative_to(ROOT)} imports {module}"
            assert module.count(".") == 1, f"{path.relative_to(ROOT)} imports from inside {used}"


def test_no_two_files_import_each_other() -> None:
    """Cycles make the order of imports matter; those for types alone do not count."""
    files = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    graph = {name: top_level_imports(path) & files.keys() for name, path in files.items()}
    done: set[str] = set()

    def follow(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " imports ".join((*above[above.index(name) :], name))
        if name not in done:
            for used in sorted(graph[name] - {"gainsmodel"}):
                follow(used, (*above, name))
            done.add(name)

    for name in sorted(files):
        follow(name, ())


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


def top_level_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found |= {node.module, f"{node.module}.{alias.name}"}
    # A package's ``__init__`` is loaded before its files, and imports them.
    own = module_name(path)
    return {name for name in found if not own.startswith(f"{name}.")} - {own}


def test_no_module_imports_the_public_names_of_the_package() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.stem == "__init__" and path.parent == PACKAGE:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "gainsmodel":
                packages = {path.stem for path in PACKAGES} | {"_core"}
                assert {alias.name for alias in node.names} <= packages, path
            if isinstance(node, ast.Import):
                assert all(alias.name != "gainsmodel" for alias in node.names), path


def test_only_results_and_simulation_call_the_core() -> None:
    for path in PACKAGE.rglob("*.py"):
        if any(used == "_core" for used, _ in packages_used(path)):
            assert path.relative_to(PACKAGE).parts[0] in {"results", "simulation"}, path


def test_no_import_brings_in_everything() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert all(alias.name != "*" for alias in node.names), path


def test_test_tools_are_no_run_time_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = {re.split(r"[<>=\[ ]", d)[0] for d in project["project"]["dependencies"]}
    tools = {"pytest", "hypothesis", "scipy", "mypy", "ruff", "maturin", "streamlit"}
    assert not names & tools
    used = {name.split(".")[0] for path in PACKAGE.rglob("*.py") for name in imports(path)}
    assert not used & tools


# ---------------------------------------------------------------- the core


def test_the_core_depends_on_neither_python_nor_numpy() -> None:
    manifest = tomllib.loads((ROOT / "rust/core/Cargo.toml").read_text("utf-8"))
    names = {
        name
        for table in ("dependencies", "build-dependencies", "dev-dependencies")
        for name in manifest.get(table, {})
    }
    assert not names & {"pyo3", "numpy", "rust-numpy", "polars", "log", "anyhow"}
    assert "features" not in manifest or "python" not in manifest["features"]


def test_the_core_s_documentation_holds_no_code_that_would_need_a_build_of_its_own() -> None:
    """`make test` builds the core's own tests alone: examples in words would not be run."""
    for path in (ROOT / "rust/core/src").rglob("*.rs"):
        assert not re.search(r"^\s*//[/!]\s*```", path.read_text("utf-8"), re.MULTILINE), path


def test_the_core_reads_and_writes_nothing() -> None:
    forbidden = re.compile(
        r"\bstd::(fs|io|env|net|process)\b|\bprintln!|\beprintln!|\bdbg!|\bpyo3\b"
        r"|Instant::now|SystemTime"
    )
    for path in (ROOT / "rust/core/src").rglob("*.rs"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            code = line.split("//")[0]
            assert not forbidden.search(code), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_the_binding_is_built_for_every_python_from_3_11() -> None:
    manifest = tomllib.loads((ROOT / "rust/py/Cargo.toml").read_text("utf-8"))
    features = manifest["dependencies"]["pyo3"]["features"]
    assert "abi3-py311" in features
    assert "extension-module" not in features


# ---------------------------------------------------------------- files

# Written so that this file does not find itself.
HOSTS = re.compile(
    "|".join(
        re.escape(a) + r"[-.]?" + re.escape(b)
        for a, b in (
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("crates", ".io"),
            ("proxy.golang", ".org"),
            ("npmjs", ".org"),
            ("artifact", "ory"),
            ("index-", "url"),
        )
    ),
    re.IGNORECASE,
)
HOMES = re.compile(r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)/[\w.]")
ALLOWED = (
    # The name every Cargo.lock gives the public index, whatever is downloaded from where.
    'source = "registry+https://github.com/rust-lang/crates' + '.io-index"',
    "--no-emit-index" + "-url",
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [path for name in names if (path := ROOT / name).is_file()]


def test_no_file_names_a_registry_host_or_somebodys_home() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
            for allowed in ALLOWED:
                line = line.replace(allowed, "")
            if HOSTS.search(line) or HOMES.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_nothing_unplanned_is_at_the_top() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    planned = {
        *("pyproject.toml", "Cargo.toml", "rust", "python", "app", "scenarios", "benches"),
        *("tests", "README.md", "Makefile", "Cargo.lock", "docs", "CHANGELOG.md", "LICENSE"),
        *("CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "requirements.txt"),
        *(".ci", ".gitignore", ".gitattributes", ".pre-commit-config.yaml", ".streamlit"),
    }
    assert top <= planned


def test_every_shipped_scenario_is_linked_into_the_package() -> None:
    """A wheel carries linked files, but not a linked folder."""
    for package, folder in (("scenario", "scenarios"), ("batch", "scenarios/sweeps")):
        shipped = ROOT / "python/gainsmodel" / package / "shipped"
        linked = {path.name: path.resolve() for path in shipped.iterdir()}
        assert linked == {path.name: path for path in (ROOT / folder).glob("*.toml")}


def test_every_file_of_the_app_is_linked_into_the_wheel() -> None:
    links = ROOT / "python/gainsmodel_app/app"
    linked = {path.relative_to(links): path.resolve() for path in links.rglob("*.*")}
    app = [path for path in tracked() if path.is_relative_to(ROOT / "app")]
    wanted = {path.relative_to(ROOT / "app"): path for path in app if path.suffix != ".txt"}
    made = {name: path for name, path in linked.items() if path.suffix != ".pyc" and path.is_file()}
    assert made == wanted, "see `git ls-files -s python/gainsmodel_app` for how a link is made"
