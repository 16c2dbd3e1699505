"""The wheel where there is nothing but Python: no cargo, no copy of the project, no extra.

What it lacks there is asked for in this process too, at every commit; the wheel itself is what
`make dist` has made.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from gainsmodel.cli.verbs import app, load
from gainsmodel.data import load_dataset
from in_process import run_here

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
FEW = ("--draws", "100")
GM = ("--area", "Greater Manchester")
MINORS = (11, 12, 13, 14)

#: Every verb, but for those that need an extra: in LACKING.
VERBS: tuple[tuple[str, ...], ...] = (
    ("run", "reference", *FEW, "--out", "saved"),
    ("run", "saved/manifest.json"),
    ("verify", "saved"),
    ("replay", "saved"),
    ("replay", "saved", "--here"),
    ("run", "reference", "--data", "gva.csv", *FEW),
    ("compare", "skills_first", "late_start", *GM, "--by", "lever", *FEW),
    ("appraise", "skills_first", *GM, "--switching", *FEW),
    ("sensitivity", "skills_first", *GM, *FEW),
    ("voi", "skills_first", *GM, *FEW),
    ("target", "skills_first", *GM, "--gain", "100", *FEW),
    ("plan", "reference", *GM, "--intensity", "1", "--no-stability", *FEW),
    ("discover", "skills_first", *GM, "--target", "50", *FEW),
    ("requires", "reference", *FEW),
    ("assumptions", "skills_first"),
    ("batch", "every_area_in_turn", "--dry-run"),
    ("batch", "few.toml", "--out", "few"),
    ("validate", "skills_first"),
    ("info",),
    ("schema",),
    ("glossary", "draw"),
    ("data", "list"),
    ("data", "show"),
    ("data", "check"),
    ("data", "template", "--out", "template.csv"),
    ("data", "import-table", "gva.csv", "--out", "own"),
)
#: What needs an extra, with its name.
LACKING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("excel", ("data", "template", "--out", "gva.xlsx")),
    ("excel", ("run", "reference", "--data", "own.xlsx", *FEW)),
    *(("report", ("report", "reference", *GM, *FEW, "--out", f"paper.{kind}"))
      for kind in ("html", "pdf", "docx", "xlsx")),
    ("planning", ("plan", "reference", *GM, "--start", "0", "--start", "1", "--start", "2",
                  "--no-stability", *FEW)),
    ("planning", ("allocate", "reference", "--place", "Wales", "--place", "Scotland", "--budget",
                  "9", "--intensity", "1", "--no-stability", "--no-fairness", *FEW)),
    ("store", ("store", "list")),
    ("store", ("audit", "verify")),
    ("evidence", ("condition", "reference", "bics_ai", "--draws", "2000")),
    ("dask", ("batch", "few.toml", "--executor", "dask", "--out", "on_dask")),
    ("mpi", ("batch", "few.toml", "--executor", "mpi", "--out", "on_mpi")),
    ("app", ("app", "--", "--server.headless=true", "--server.port=8765")),
)  # fmt: skip
SWEEP = """
question = "In which of two areas does it bring more?"
base = "reference"
[settings]
draws = 64
[[vary]]
kind = "areas"
areas = ["Wales", "Scotland"]
plan = { skills = 1.0 }
"""
NEEDS = re.compile(
    r"error: (?P<what>.+) needs the package (?P<package>[\w-]+), which is not installed: "
    r"(?P<command>pip install 'gainsmodel\[(?P<extra>\w+)\]')(, or .+)?\n"
)


def lacking(done: tuple[int, str, str], extra: str) -> re.Match[str]:
    """See that nothing but what is missing was said."""
    code, out, err = done
    found = NEEDS.fullmatch(err)
    assert (code, out) == (2, ""), err
    assert found, err
    assert found["extra"] == extra
    return found


def figures(folder: Path) -> None:
    """Put tables of figures there, and a sweep."""
    table = load_dataset("mayoral").gva_frame()
    table.write_csv(folder / "gva.csv")
    table.write_excel(folder / "own.xlsx")
    (folder / "few.toml").write_text(SWEEP, "utf-8")


def test_every_verb_is_tried() -> None:
    load()
    named = [command.name or command.callback.__name__ for command in app.registered_commands
             if command.callback]  # fmt: skip
    groups = [group.name for group in app.registered_groups]
    tried = {words[0] for words in VERBS} | {words[0] for _, words in LACKING}
    assert tried == {*named, *groups}


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(("extra", "words"), LACKING, ids=lambda x: x if isinstance(x, str) else "")
def test_a_missing_extra_is_named_with_the_command_that_adds_it(
    extra: str,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures(tmp_path)
    monkeypatch.chdir(tmp_path)
    for module in ("altair", "arviz_stats", "distributed", "docx", "fastexcel",
                   "iterative_ensemble_smoother", "jinja2", "mpi4py", "pymoo", "scipy",
                   "sqlalchemy", "streamlit", "typst", "vl_convert", "xlsxwriter"):  # fmt: skip
        # Parts of it that other tests have imported would be found by themselves.
        for name in [name for name in sys.modules if name.startswith(f"{module}.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, module, None)
    before = sorted(tmp_path.iterdir())
    code = run_here(list(words))
    found = lacking((code, *capsys.readouterr()), extra)
    # The extra brings what was missing, and nothing was written.
    brought = {re.split(r"[<>=]", needed)[0].lower() for needed in EXTRAS[extra]}
    assert brought & {name.lower() for name in distributions().get(found["package"], ())}
    assert sorted(tmp_path.iterdir()) == before


def distributions() -> dict[str, list[str]]:
    """Which packages of a registry bring a module."""
    return dict(metadata.packages_distributions())


# ---------------------------------------------------------------- the wheel itself


@pytest.fixture(scope="module")
def wheel() -> Path:
    made = sorted((ROOT / "dist").glob("*.whl"))
    if not made and not os.environ.get("CI"):
        pytest.skip("`make dist` makes the wheel")
    (path,) = made
    return path


def interpreter(minor: int) -> str | None:
    """A Python of that version, where this machine has one."""
    name = f"python3.{minor}"
    kept = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python"))
    for found in (shutil.which(name), *kept, sys.executable):
        if found:
            asked = [found, "-c", "import sys; print(sys.version_info.minor)"]
            told = subprocess.run(asked, capture_output=True, text=True, check=False)
            if told.stdout == f"{minor}\n":
                return str(found)
    return None


class Empty:
    """An environment with Python and the wheel, outside the copy of the project."""

    def __init__(self, folder: Path, python: str, wheel: Path) -> None:
        self.folder, self.bin = folder / "work", folder / "env/bin"
        self.folder.mkdir(parents=True)
        # Neither cargo, nor anything that was set for the copy of the project.
        path = os.pathsep.join([str(self.bin), os.defpath])
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        self.environment = {**kept, "PATH": path, "HOME": str(folder), "LANG": "C.UTF-8"}
        assert shutil.which("cargo", path=path) is None
        # The module venv needs a package of its own in some systems.
        made = [sys.executable, "-m", "virtualenv", "--quiet", "-p", python, str(folder / "env")]
        subprocess.run(made, check=True)
        assert self("pip", "install", "--quiet", str(wheel))[0] == 0

    def __call__(self, *words: str, timeout: float = 600) -> tuple[int, str, str]:
        """Run a program of it; gives exit code, output and errors."""
        done = subprocess.run(
            [str(self.bin / words[0]), *words[1:]], cwd=self.folder, env=self.environment,
            capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL,
            timeout=timeout, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Empty:
    made = Empty(tmp_path_factory.mktemp("empty"), sys.executable, wheel)
    figures(made.folder)
    return made


@pytest.mark.slow
def test_the_wheel_holds_what_it_needs_and_no_more(wheel: Path) -> None:
    tag = re.fullmatch(r"gainsmodel-([\d.]+)-cp311-abi3-(.*)_x86_64\.whl", wheel.name)
    assert tag
    assert tag[1] == metadata.version("gainsmodel")
    assert "manylinux_2_17" in tag[2]
    assert wheel.stat().st_size < 5_000_000
    packed = zipfile.ZipFile(wheel)
    held = {name: packed.read(name) for name in packed.namelist()}
    (info,) = {name.split("/")[0] for name in held if ".dist-info/" in name}
    for folder, of in (("python/gainsmodel", "gainsmodel"), ("app", "gainsmodel_app/app")):
        listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True,
                                text=True, check=True).stdout.split()  # fmt: skip
        for path in listed:
            if not path.endswith("requirements.txt"):
                name = f"{of}/{Path(path).relative_to(folder)}"
                # A linked file is there as it is.
                assert held.pop(name) == (ROOT / path).read_bytes(), name
    core = held.pop("gainsmodel/_core.abi3.so")
    assert not re.search(rb"/(root|work|home/\w+|Users/\w+)/[\w.]", core)
    rest = {name for name in held if not name.startswith(f"{info}/")}
    assert rest == {"gainsmodel_app/__init__.py"}
    for licence in ("LICENSE", "rust/LICENCES.txt"):
        assert held[f"{info}/licenses/{licence}"] == (ROOT / licence).read_bytes()
    assert f"{info}/sboms/gainsmodel-py.cyclonedx.json" in held
    about = held[f"{info}/METADATA"].decode()
    assert f"License-Expression: {PROJECT['license']}\n" in about
    assert re.findall(r"^Provides-Extra: (.*)$", about, re.M) == sorted(EXTRAS)
    assert "Requires-Python: >=3.11\n" in about


@pytest.mark.slow
@pytest.mark.parametrize("words", VERBS, ids=lambda words: " ".join(words[:2]))
def test_every_verb_runs_with_nothing_but_python(empty: Empty, words: tuple[str, ...]) -> None:
    code, out, err = empty("gainsmodel", *words)
    assert code == 0, err
    assert out or "written" in err
    assert "Traceback" not in err
    if words == ("schema",):
        assert out == (ROOT / "scenarios/schema.json").read_text("utf-8")


@pytest.mark.slow
def test_each_missing_extra_is_added_by_the_command_that_was_named(empty: Empty) -> None:
    for extra, words in LACKING:
        if not (empty.bin.parent / extra).exists():
            found = lacking(empty("gainsmodel", *words), extra)
            code, _, err = empty(*shlex.split(f"{found['command']} --quiet"))
            assert code == 0, err
            if extra == "mpi":  # the library itself is the cluster's, or this
                assert empty("pip", "install", "--quiet", "mpich")[0] == 0
            (empty.bin.parent / extra).touch()
        if extra != "app":
            led = ("mpirun", "-n", "3") if extra == "mpi" else ()
            code, _, err = empty(*led, "gainsmodel", *words)
            assert code == 0, err
    assert {"html", "pdf", "docx", "xlsx"} <= {p.suffix[1:] for p in empty.folder.glob("paper.*")}
    for address, text in served(empty, LACKING[-1][1]):
        assert text, address


def served(empty: Empty, words: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Start the app; give what two addresses answer."""
    with subprocess.Popen(
        [str(empty.bin / "gainsmodel"), *words], cwd=empty.folder, env=empty.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as server:  # fmt: skip
        try:
            until = time.monotonic() + 120
            for address in ("_stcore/health", ""):
                while True:
                    try:
                        with urllib.request.urlopen(f"http://127.0.0.1:8765/{address}") as answer:
                            # The guard is there, so the settings beside it are too.
                            assert "content-security-policy" in answer.headers
                            yield address, answer.read()
                            break
                    except OSError:
                        assert server.poll() is None, server.stdout and server.stdout.read()
                        assert time.monotonic() < until
                        time.sleep(0.2)
        finally:
            server.terminate()
            said, _ = server.communicate()
    assert "Only this computer can open it" in said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("minor", MINORS)
def test_every_python_gives_the_same_bytes(
    minor: int, wheel: Path, empty: Empty, tmp_path: Path
) -> None:
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"this machine has no Python 3.{minor}")
    other = Empty(tmp_path, python, wheel)
    assert f"python: 3.{minor}." in other("gainsmodel", "info")[1]
    words = ("gainsmodel", "run", "skills_first", "--draws", "500", "--json")
    here, there = (re.sub(r'"(python|numpy|polars)": "[^"]*"', "", of(*words)[1])
                   for of in (empty, other))  # fmt: skip
    assert here == there
    assert '"areas"' in there
