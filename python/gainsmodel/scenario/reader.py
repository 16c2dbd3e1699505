"""Scenario files: find, read, place errors at their lines, and write."""

import difflib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gainsmodel.checks import did_you_mean, escape, read_regular
from gainsmodel.errors import ScenarioError
from gainsmodel.scenario.conditioned import assumptions_sha256
from gainsmodel.scenario.merge import is_whole, merge
from gainsmodel.scenario.messages import KeyPath, M, show, validate
from gainsmodel.scenario.migration import extension, migrated
from gainsmodel.scenario.scenario import NamedData, Scenario
from gainsmodel.scenario.toml_lines import _key_lines, _syntax

SHIPPED = Path(__file__).parent / "shipped"
MAX_BYTES = 1_000_000
MAX_CHAIN = 8


def shipped_scenarios() -> dict[str, Path]:
    """Give the scenarios that come with gainsmodel, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load_scenario(path_or_name: str | Path) -> Scenario:
    """Read a scenario file, and those it extends.

    Parameters
    ----------
    path_or_name : str or Path
        A file, or the bare name of a shipped scenario such as ``"reference"``.

    Raises
    ------
    ScenarioError
        If it cannot be read or used; names the file, line, key and mend.
    """
    if isinstance(path_or_name, str):
        path_or_name = shipped_scenarios().get(path_or_name, path_or_name)
    if not isinstance(path_or_name, str | Path) or not str(path_or_name):
        raise ScenarioError(f"a scenario is a file or a name; found {show(path_or_name)}")
    return _resolve(_File.read(Path(path_or_name)))


def parse_scenario(content: str | bytes, name: str = "scenario.toml") -> Scenario:
    """Read a scenario from text; it may extend shipped scenarios only.

    Parameters
    ----------
    content : str or bytes
        TOML, UTF-8.
    name : str
        What to call it in messages.

    Raises
    ------
    ScenarioError
        If it cannot be used; names the line, key and mend.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return _resolve(_File.parse(content, escape(name), None))


def load_standalone(
    cls: type[M], path: Path, kind: str = "scenario", begin: str = 'extends = "reference"'
) -> tuple[M, Callable[[KeyPath], str]]:
    """Read a file that is no scenario but is checked like one.

    Parameters
    ----------
    cls : type
        Model to build.
    path : Path
    kind, begin : str
        What such a file is called in messages, and how it begins.

    Returns
    -------
    model
        What it states.
    where : callable
        Gives the place of a key path in the file, such as ``"x.toml, line 3: "``.

    Raises
    ------
    ScenarioError
        If it cannot be read or used; names the file, line, key and mend.
    """
    file = _File.read(path, kind, begin)

    def where(at: KeyPath) -> str:
        return f"{file.name}{file.line(at)}: "

    return validate(cls, file.data, where), where


@dataclass
class _File:
    """One file of a chain.

    Attributes
    ----------
    name : str
        What to call it in messages.
    path : Path or None
        Where it stands; None for text from elsewhere.
    data : dict
        What it states.
    lines : dict
        Line of each table and key.
    """

    name: str
    path: Path | None
    data: dict[str, Any]
    lines: dict[KeyPath, int]

    @classmethod
    def read(
        cls, path: Path, kind: str = "scenario", begin: str = 'extends = "reference"'
    ) -> "_File":
        name = _display(path)
        try:
            content, size = read_regular(path, MAX_BYTES + 1)
        except FileNotFoundError:
            raise ScenarioError(f"{name}: no such file{_nearest_file(path)}") from None
        except IsADirectoryError:
            raise ScenarioError(f"{name}: is a directory; name {_one(kind)} file in it") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a possible file name"
            raise ScenarioError(f"{name}: cannot be read: {reason}") from None
        _check_size(name, size, kind)
        return cls.parse(content, name, path, begin)

    @classmethod
    def parse(
        cls,
        content: bytes,
        name: str,
        path: Path | None,
        begin: str = 'extends = "reference"',
    ) -> "_File":
        _check_size(name, len(content))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            byte = content[error.start]
            raise ScenarioError(
                f"{name}, line {line}: is not UTF-8 text (byte 0x{byte:02x}); save it as UTF-8"
            ) from None
        if not text.strip():
            raise ScenarioError(f"{name}: is empty; begin with {begin}")
        return cls(name, path, *_parsed(text, name))

    def depth(self, path: KeyPath) -> int:
        """Count how many keys of a path this file holds."""
        here: Any = self.data
        for n, key in enumerate(path):
            try:
                here = here[key]
            except (KeyError, IndexError, TypeError):
                return n
        return len(path)

    def line(self, path: KeyPath) -> str:
        while path and path not in self.lines:
            path = path[:-1]
        return f", line {self.lines[path]}" if path else ""


# Parsing takes ten times as long as the checks, and an app reads the same few files again and
# again. Kept by content, so that a file that has changed is parsed anew; what is kept is laid
# under other entries and validated into new objects, never handed out.
@lru_cache(maxsize=32)
def _parsed(text: str, name: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """Give what a file states, and the line of each table and key."""
    lines = _key_lines(text, name)
    try:
        return tomllib.loads(text), lines
    except (RecursionError, ValueError) as error:
        raise ScenarioError(f"{name}{_syntax(error, text)}") from None


def _resolve(file: _File) -> Scenario:
    """Lay the file over those it extends, and validate."""
    chain = [file]
    while "extends" in file.data:
        file = _extended(file, chain)
        chain.append(file)
    merged: dict[str, Any] = {}
    steps: list[str] = []
    for n, file in enumerate(reversed(chain)):
        data = {k: v for k, v in file.data.items() if k not in ("extends", "data")}
        if n:
            data, said = extension(data, file.name)
            steps += said
        merged = merge(merged, data, Path(file.name).name) if n else data

    def where(path: KeyPath) -> str:
        # The first of those that hold most of the path is the one whose word counts; what is
        # replaced as a whole comes from one file.
        ends = (n for n, key in enumerate(path) if is_whole(path[:n]) or isinstance(key, int))
        stem = path[: next(ends, len(path))]
        nearest = max(chain, key=lambda f: f.depth(stem))
        return f"{nearest.name}{nearest.line(path)}: "

    hint = '; or begin the file with extends = "reference"' if len(chain) == 1 else ""
    merged, said = migrated(merged, chain[-1].name)
    scenario = validate(Scenario, merged, where, hint)
    _check_conditioned(scenario, where)
    scenario._tell([*said, *steps])
    scenario._places.update((area, where(("plan", area))) for area in scenario.plan)
    scenario._data = next((_named_data(file) for file in chain if "data" in file.data), None)
    return scenario


def _check_conditioned(scenario: Scenario, where: Callable[[KeyPath], str]) -> None:
    """Refuse futures that were chosen under other assumptions than the file has."""
    of = scenario.conditioned
    if of is not None and of.assumptions_sha256 != assumptions_sha256(scenario.to_dict()):
        raise ScenarioError(
            f"{where(('conditioned',))}conditioned: these futures were chosen under other "
            "assumptions; take the table conditioned away, and run gainsmodel condition again"
        )


def _named_data(file: _File) -> NamedData:
    place = f"{file.name}{file.line(('data',))}: data: "
    name = file.data["data"]
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError(
            f"{place}must be a folder of your own figures, in quotes; found {show(name)}"
        )
    if file.path is None:
        raise ScenarioError(
            f"{place}only a file on this machine can name a folder; remove the line, and pass the "
            "figures separately"
        )
    return NamedData(file.path.parent / name, place)


def _extended(file: _File, chain: list[_File]) -> _File:
    place = f"{file.name}{file.line(('extends',))}: extends: "
    name = file.data["extends"]
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError(
            f"{place}must be the name of a scenario or file in quotes; found {show(name)}"
        )
    if len(chain) >= MAX_CHAIN:
        raise ScenarioError(f"{place}a chain may have at most {MAX_CHAIN} files")
    stem = name.removesuffix(".toml")
    candidates = [shipped_scenarios()[stem]] if stem in shipped_scenarios() else []
    folder = file.path.parent if file.path else None
    if folder:
        candidates = [folder / name, folder / f"{stem}.toml", *candidates]
    try:
        path = next((p for p in candidates if p.is_file()), None)
    except (OSError, ValueError):
        path = None
    if path is None:
        beside = [p.stem for p in folder.glob("*.toml") if p.is_file()] if folder else []
        hint = did_you_mean(stem, [*shipped_scenarios(), *beside])
        raise ScenarioError(f"{place}no scenario {show(name)}{hint}")
    for n, earlier in enumerate(chain):
        if earlier.path and earlier.path.resolve() == path.resolve():
            ring = " → ".join(Path(f.name).name for f in [*chain[n:], earlier])
            raise ScenarioError(f"{place}runs in a circle: {ring}")
    return _File.read(path)


def _one(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def _check_size(name: str, size: int, kind: str = "scenario") -> None:
    if size > MAX_BYTES:
        raise ScenarioError(
            f"{name}: is too large: {size:,} bytes; {_one(kind)} may have {MAX_BYTES:,}"
        )


def _display(path: Path) -> str:
    """Name a file as the reader knows it."""
    if path.parent == SHIPPED:
        path = path.resolve()
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
    text = escape(str(path))
    return text if len(text) <= 300 else text[:297] + "…"


def _nearest_file(path: Path) -> str:
    try:
        beside = [p.name for p in path.parent.iterdir() if p.suffix == ".toml"]
    except (OSError, ValueError):
        beside = []
    known = [*beside, *shipped_scenarios()]
    near = difflib.get_close_matches(path.name, known, n=1) or difflib.get_close_matches(
        path.stem, known, n=1
    )
    return f"; did you mean '{escape(near[0])}'?" if near else ""
