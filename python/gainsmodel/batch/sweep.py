"""Sweeps: a base scenario and what varies in it, read from TOML, counted before anything runs."""

import csv
import hashlib
import io
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, overload

import numpy as np
from pydantic import Field, PrivateAttr, field_validator, model_validator

from gainsmodel.checks import escape, read_regular
from gainsmodel.choices import Geography, Precision, Sampler
from gainsmodel.data import Dataset
from gainsmodel.errors import ScenarioError, UnknownNameError
from gainsmodel.results.manifest import TABLES
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.distributions import Model, Number
from gainsmodel.scenario.levers import Planned
from gainsmodel.scenario.merge import unfold
from gainsmodel.scenario.messages import problem, show
from gainsmodel.scenario.quantities import Name, Text
from gainsmodel.scenario.reader import load_standalone
from gainsmodel.simulation.resolve import as_scenario, figures_for
from gainsmodel.simulation.settings import MAX_DRAWS, MAX_SEED, Settings

SHIPPED = Path(__file__).parent / "shipped"
MAX_RUNS = 1_000_000
MAX_CSV_BYTES = 20_000_000
# Of a table or a hypercube: columns, and values in all.
MAX_KEYS, MAX_VALUES = 100, 10_000_000
# A longer cell is no figure.
MAX_CELL = 1_000
MAX_AREAS = 10_000
# Values tried before an axis that allows none of them is refused as misspelt.
TRIED = 20
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][+-]?[0-9]+)?")
Table = Literal["areas", "groups", "years", "sectors", "adoption", "statistics"]
Key = Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True)
class Point:
    """One place on an axis: what a table of runs says of it, and the edits that lead there."""

    varied: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Places(Sequence[Point]):
    """Places on an axis, each made when it is asked for: a million take no room.

    Attributes
    ----------
    rows : sequence or ndarray
        What is behind each place.
    place : callable
        Gives the place of a row.
    """

    rows: Any
    place: Callable[[Any], Point]

    def __len__(self) -> int:
        """Count the places."""
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Point: ...
    @overload
    def __getitem__(self, at: slice) -> "Places": ...
    def __getitem__(self, at: int | slice) -> "Point | Places":
        """Give a place, or some of them."""
        rows = self.rows[at]
        return Places(rows, self.place) if isinstance(at, slice) else self.place(rows)


class ListAxis(Model):
    """One key, value after value."""

    kind: Literal["list"]
    key: Key = Field(description="dotted key of a scenario")
    values: Annotated[tuple[Any, ...], Field(strict=False, min_length=1, max_length=MAX_RUNS)]

    def names(self) -> list[str]:
        """Give what a table of runs calls the axis."""
        return [self.key]

    def count(self, sweep: "Sweep") -> int:
        """Count the places on the axis, without making them."""
        return len(self.values)

    def points(self, sweep: "Sweep") -> Places:
        """Give every place on the axis."""
        return Places(self.values, lambda value: _of({self.key: value}))


class RangeAxis(Model):
    """One key in even steps from low to high, both included."""

    kind: Literal["range"]
    key: Key = Field(description="dotted key of a scenario")
    low: int | Number
    high: int | Number
    steps: int = Field(ge=2, le=MAX_RUNS, description="how many values")
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise problem((("high",), f"must be above low, {self.low}; found {self.high}"))
        if self.scale == "log" and self.low <= 0:
            raise problem((("low",), f"must be above 0 on a log scale; found {self.low}"))
        return self

    def names(self) -> list[str]:
        """Give what a table of runs calls the axis."""
        return [self.key]

    def count(self, sweep: "Sweep") -> int:
        """Count the places on the axis, without making them."""
        return self.steps

    def points(self, sweep: "Sweep") -> Places:
        """Give every place on the axis; whole numbers where the steps are."""
        low, high, steps = self.low, self.high, self.steps - 1
        values: Sequence[int | float]
        if self.scale == "log":
            values = np.geomspace(low, high, self.steps).tolist()
        elif isinstance(low, int) and isinstance(high, int) and (high - low) % steps == 0:
            values = range(low, high + 1, (high - low) // steps)
        else:
            values = np.linspace(low, high, self.steps).tolist()
        return Places(values, lambda value: _of({self.key: value}))


class LatinHypercubeAxis(Model):
    """Several keys at once, each covering its range evenly in as many strata as samples."""

    kind: Literal["latin_hypercube"]
    samples: int = Field(ge=1, le=MAX_RUNS)
    seed: int = Field(1, ge=0, le=2**32 - 1)
    between: dict[Key, Annotated[tuple[Number, Number], Field(strict=False)]] = Field(
        min_length=1, max_length=MAX_KEYS, description="key to [low, high]"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for key, (low, high) in self.between.items():
            if not low < high:
                raise problem((("between", key), f"must be [low, high]; found [{low}, {high}]"))
        values = self.samples * len(self.between)
        if values > MAX_VALUES:
            keys = f"{self.samples:,} of {len(self.between)} keys make {values:,} values"
            raise problem((("samples",), f"{keys}; at most {MAX_VALUES:,}"))
        return self

    def names(self) -> list[str]:
        """Give what a table of runs calls the axis."""
        return list(self.between)

    def count(self, sweep: "Sweep") -> int:
        """Count the places on the axis, without making them."""
        return self.samples

    def points(self, sweep: "Sweep") -> Places:
        """Give every sample; McKay, Beckman and Conover (1979)."""
        # RandomState's numbers never change from one NumPy to the next; a Generator's may.
        random = np.random.RandomState(self.seed)
        shape = (self.samples, len(self.between))
        strata = np.argsort(random.random_sample(shape), axis=0, kind="stable")
        unit = (strata + random.random_sample(shape)) / self.samples
        low, high = np.array(list(self.between.values())).T
        samples = np.clip(low + unit * (high - low), low, high)
        return Places(samples, lambda row: _of(dict(zip(self.between, row.tolist(), strict=True))))


class CsvAxis(Model):
    """A table of overrides: a dotted key heads each column, each row is one scenario."""

    kind: Literal["csv"]
    file: Text = Field(
        description="in the folder of the sweep; an empty cell keeps the value of the base"
    )

    # Read once and with the sweep, so that what is counted is what is run.
    _keys: tuple[str, ...] = PrivateAttr(())
    _rows: list[tuple[Any, ...]] = PrivateAttr(default_factory=list)

    def names(self) -> list[str]:
        """Give what a table of runs calls the axis."""
        return list(self._keys)

    def count(self, sweep: "Sweep") -> int:
        """Count the places on the axis, without making them."""
        return len(self._rows)

    def points(self, sweep: "Sweep") -> Places:
        """Give every row."""
        return Places(self._rows, self._point)

    def _point(self, row: tuple[Any, ...]) -> Point:
        varied = dict(zip(self._keys, row, strict=True))
        return Point(varied, {key: value for key, value in varied.items() if value is not None})

    def read(self, folder: Path) -> None:
        """Read the table; cells are numbers, true, false or tables as in TOML, or else text."""
        path = folder / self.file
        name = escape(str(path))
        try:
            content, _ = read_regular(path, MAX_CSV_BYTES + 1)
            text = content.decode("utf-8-sig")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise ScenarioError(f"{name}: cannot be read: {reason}") from None
        if len(content) > MAX_CSV_BYTES:
            raise ScenarioError(f"{name}: is too large; at most {MAX_CSV_BYTES:,} bytes")
        table = csv.reader(io.StringIO(text), strict=True)
        try:
            header = [cell.strip() for cell in next(table, [])]
            self._check_header(header, name)
            most = min(MAX_RUNS, MAX_VALUES // len(header))
            for row in table:
                if not any(cell.strip() for cell in row):
                    continue
                wrong = ""
                if len(row) != len(header):
                    wrong = f"has {len(row):,} cells under {len(header):,} keys"
                elif (longest := max(map(len, row))) > MAX_CELL:
                    wrong = f"a cell may have {MAX_CELL:,} characters; found {longest:,}"
                elif len(self._rows) == most:
                    wrong = f"has too many rows; at most {most:,}"
                if wrong:
                    raise ScenarioError(f"{name}, line {table.line_num}: {wrong}")
                self._rows.append(tuple(map(_cell, row)))
        except csv.Error as error:
            raise ScenarioError(
                f"{name}, line {table.line_num}: is not a CSV file: {error}"
            ) from None
        if not self._rows:
            raise ScenarioError(f"{name}: has no row under its keys")

    def _check_header(self, header: list[str], name: str) -> None:
        if not header:
            raise ScenarioError(f"{name}: is empty; begin with the keys, one a column")
        if len(header) > MAX_KEYS:
            raise ScenarioError(
                f"{name}, line 1: has {len(header):,} columns; at most {MAX_KEYS}, one a key"
            )
        wrong = [key for key in header if header.count(key) > 1 or not key]
        if wrong:
            raise ScenarioError(
                f"{name}, line 1: each column needs a key of its own; found {show(wrong[0])}"
            )
        self._keys = tuple(header)


class AreasAxis(Model):
    """One area after another gets the same plan."""

    kind: Literal["areas"]
    areas: (
        Literal["all"]
        | Annotated[tuple[Text, ...], Field(strict=False, min_length=1, max_length=MAX_AREAS)]
    ) = Field("all", description='"all", or a list of names or codes')
    plan: dict[Name, Planned] = Field(min_length=1, description="lever to intensity")

    def names(self) -> list[str]:
        """Give what a table of runs calls the axis."""
        return ["area"]

    def count(self, sweep: "Sweep") -> int:
        """Count the places on the axis, without making them."""
        return len(self._places(sweep))

    def points(self, sweep: "Sweep") -> Places:
        """Give a plan for each area, laid over the base's."""
        plan = self.model_dump(mode="json", exclude_none=True)["plan"]
        return Places(
            self._places(sweep),
            lambda name: Point({"area": name}, {f"plan.{json.dumps(name)}": plan}),
        )

    def _places(self, sweep: "Sweep") -> Sequence[str]:
        areas: list[str] = sweep.figures.areas["area_name"].to_list()
        return areas if self.areas == "all" else self.areas


Axis = Annotated[
    ListAxis | RangeAxis | LatinHypercubeAxis | CsvAxis | AreasAxis, Field(discriminator="kind")
]


class SweepSettings(Model):
    """How every run of a sweep is run."""

    draws: int = Field(10_000, ge=1, le=MAX_DRAWS)
    seed: int = Field(1, ge=0, le=MAX_SEED)
    sampler: Sampler = "sobol"
    precision: Precision | None = None
    geography: Geography | None = Field(None, description="instead of the base scenario's")

    def settings(self) -> Settings:
        """Give what `gainsmodel.run` takes."""
        return Settings(self.draws, self.seed, self.sampler, self.precision)


class Sweep(Model):
    """A base scenario and what varies: every combination of the places on its axes is a run.

    Made by `load_sweep`. The last axis varies fastest; without an axis there is one run.
    """

    base: Text = Field(description="scenario file in the folder of the sweep, or a shipped name")
    question: Text | None = Field(None, description="what the sweep is to answer")
    tables: Annotated[tuple[Table, ...], Field(strict=False, min_length=1)] = Field(
        ("areas", "groups"), description=f"what is kept of each run: {', '.join(TABLES)}"
    )
    settings: SweepSettings = SweepSettings.model_construct()
    vary: Annotated[tuple[Axis, ...], Field(strict=False, max_length=20)] = ()

    _places: dict[int, str] = PrivateAttr(default_factory=dict)
    _folder: Path = PrivateAttr(default_factory=Path)
    _dataset: Dataset | None = PrivateAttr(None)

    @field_validator("tables", mode="after")
    @classmethod
    def _in_order(cls, tables: tuple[Table, ...]) -> tuple[str, ...]:
        return tuple(name for name in TABLES if name in tables)

    def __len__(self) -> int:
        """Count the runs."""
        return math.prod(self._counts)

    def point(self, run: int) -> Point:
        """Give what varies in one run, and the edits of the base scenario that make it."""
        varied: dict[str, Any] = {}
        edits: dict[str, Any] = {}
        for points in reversed(self._points):
            run, place = divmod(run, len(points))
            varied = points[place].varied | varied
            edits = points[place].edits | edits
        return Point(varied, edits)

    def scenario(self, run: int) -> Scenario:
        """Give the scenario of one run.

        Raises
        ------
        ScenarioError
            If these values are not allowed together.
        """
        edits = self.point(run).edits
        return self.base_scenario.edit(edits) if edits else self.base_scenario

    def __iter__(self) -> Iterator[Point]:  # type: ignore[override]
        """Go through what varies, run after run."""
        return map(self.point, range(len(self)))

    @cached_property
    def base_scenario(self) -> Scenario:
        """The scenario that is varied, in the geography of the sweep."""
        beside = [self._folder / self.base, self._folder / f"{self.base}.toml"]
        try:
            path = next((path for path in beside if path.is_file()), None)
        except (OSError, ValueError):
            path = None
        return as_scenario(path or self.base, self.settings.geography, self._dataset)

    @cached_property
    def figures(self) -> Dataset:
        """What the base scenario runs on."""
        return figures_for(self.base_scenario, self._dataset)

    def sha256(self) -> str:
        """Give a fingerprint of what varies."""
        content = hashlib.sha256()
        for points in self._points:
            content.update(b"[")
            for point in points:
                content.update(canonical([point.varied, point.edits]).encode())
        return content.hexdigest()

    @cached_property
    def _points(self) -> list[Places]:
        return [axis.points(self) for axis in self.vary]

    @property
    def _counts(self) -> list[int]:
        return [axis.count(self) for axis in self.vary]

    def _prepare(self, name: str) -> None:
        """Read what the sweep rests on, and refuse axes that lead nowhere."""
        for axis in self.vary:
            if isinstance(axis, CsvAxis):
                axis.read(self._folder)
        try:
            figures = self.figures
        except ScenarioError as error:
            raise ScenarioError(f"{name}: base: {error}") from None
        runs = math.prod(self._counts)
        if runs > MAX_RUNS:
            sizes = " × ".join(f"{count:,}" for count in self._counts)
            raise ScenarioError(
                f"{name}: makes {sizes} = {_count(runs)} runs; at most {MAX_RUNS:,}, so take "
                "fewer steps or a Latin hypercube"
            )
        taken: dict[str, int] = {}
        for number, axis in enumerate(self.vary):
            place = self._places.get(number, f"{name}: vary[{number}]")
            for key in axis.names():
                if key in taken:
                    raise ScenarioError(f"{place}: {key} is varied by vary[{taken[key]}] already")
                taken[key] = number
            if isinstance(axis, AreasAxis) and axis.areas != "all":
                for area in axis.areas:
                    try:
                        figures.resolve(area)
                    except UnknownNameError as error:
                        raise ScenarioError(f"{place}: areas: {error}") from None
            _check_leads_somewhere(self.base_scenario, self._points[number], place)


def load_sweep(path: str | os.PathLike[str], dataset: Dataset | None = None) -> Sweep:
    """Read a sweep file, its base scenario and its tables.

    Parameters
    ----------
    path : path
        A TOML file, or the bare name of a shipped sweep: ``"every_area_in_turn"`` or
        ``"what_we_do_not_know"``.
    dataset : Dataset, optional
        Figures it will run on instead of the built-in ones.

    Returns
    -------
    Sweep
        ``len(sweep)`` is the number of runs.

    Raises
    ------
    ScenarioError
        If it cannot be read or used; names the file, line, key and mend.
    """
    file = Path(path)
    if len(file.parts) == 1 and (named := SHIPPED / f"{file}.toml").is_file():
        file = named
    sweep, where = load_standalone(Sweep, file)
    sweep._folder, sweep._dataset = file.parent, dataset
    for number in range(len(sweep.vary)):
        sweep._places[number] = f"{where(('vary', number))}vary[{number}]"
    sweep._prepare(str(path))
    return sweep


def canonical(value: object) -> str:
    """Give plain values as one text, the same for the same values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _of(values: Mapping[str, Any]) -> Point:
    return Point(dict(values), dict(values))


def _check_leads_somewhere(base: Scenario, points: Sequence[Point], place: str) -> None:
    """Refuse an axis none of whose first values the base scenario allows: a misspelt key."""
    first: ScenarioError | None = None
    for point in points[:TRIED]:
        try:
            unfold(point.edits)
            base.edit(point.edits)
            return
        except ScenarioError as error:
            first = first or error
    if first is not None:
        words = re.sub("(?m)^edit: ", "", str(first))
        raise ScenarioError(f"{place}: {words}") from None


def _count(number: int) -> str:
    """Put a number of runs into words of a line's length."""
    return f"{number:,}" if number < 10**15 else f"{number:.1e}".replace("e+", " × 10^")


def _cell(text: str) -> Any:
    text = text.strip()
    if not text:
        return None
    # The parser takes ten times as long as what is needed for most cells.
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if text[0].isalpha() and text not in ("true", "false", "nan", "inf"):
        return text
    try:
        found = tomllib.loads(f"x = {text}")
    except (ValueError, RecursionError):
        return text
    # Text in quotes, numbers, true and false, tables and lists; nothing else is a scenario's.
    value = found["x"] if len(found) == 1 else text
    return value if isinstance(value, bool | int | float | str | dict | list) else text
