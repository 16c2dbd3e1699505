"""Results as xarray datasets: draws and statistics by area, sector, technology and year."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.data.units import unit_of
from gainsmodel.errors import ResultError
from gainsmodel.extras import needed
from gainsmodel.results.columns import STATISTICS as MEANINGS, quantity
from gainsmodel.results.paired import ADDED, COSTS, NET_PRESENT_VALUE, PairedResult
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import STATISTICS
from gainsmodel.results.tables import DETAIL_METRICS, METRICS, named_units
from gainsmodel.scenario.parameters import ADJUSTMENTS

DIMENSIONS = ("draw", "area", "sector", "technology", "year", "statistic")
# What a variable of statistics is called after.
STATISTIC = "_statistic"
Variable = tuple[tuple[str, ...], NDArray[Any], dict[str, str]]


def of_result(result: Result, *, draws: bool) -> Any:
    """As `Result.to_xarray`."""
    made = _Made(result)
    _of_tables(made)
    if draws:
        _of_draws(made)
    return made.dataset({"fingerprint": result.fingerprint})


def of_pair(pair: PairedResult, *, gross: bool) -> Any:
    """As `PairedResult.to_xarray`."""
    made = _Made(pair.with_plan)
    values = pair.value_draws(gross=gross)
    net_of = "" if gross or not pair.net_of else f", net of {', '.join(pair.net_of)}"
    # What each amount is made of says its unit.
    worth = {NET_PRESENT_VALUE: ADDED["added_present_value_gbp_m"]}
    for name, metric in (ADDED | COSTS | worth).items():
        of = quantity(metric, made.price_year)
        words = f"what the plan adds to: {of.description}{net_of if name in ADDED else ''}"
        if name == NET_PRESENT_VALUE:
            words = f"present value added{net_of}, less what the authority and firms spend"
        made.add(name, ("area", "draw"), values[name], of.unit, words)
    of_both = {"fingerprint": pair.with_plan.fingerprint}
    return made.dataset(of_both | {"fingerprint_without": pair.without.fingerprint})


class _Made:
    """Variables that are collected, and what coordinates they need."""

    def __init__(self, result: Result) -> None:
        self.xarray = needed("xarray", "xarray", "to_xarray", ResultError)
        self.result = result
        setting = result.scenario.setting
        self.price_year = setting.price_year
        self.years = range(setting.start_year, setting.start_year + setting.horizon_years + 1)
        units = named_units(result.areas(), result.groups())
        self.codes: list[str] = units["area_code"].to_list()
        self.names: list[str] = units["area_name"].to_list()
        sectors = result.sectors().unique("sector", maintain_order=True)
        self.sectors: list[str] = sectors["sector"].to_list()
        self.sector_names: list[str] = sectors["sector_name"].to_list()
        self.technologies = list(result.scenario.technologies)
        self._variables: dict[str, Variable] = {}

    def add(
        self, name: str, dims: Sequence[str], values: NDArray[Any], units: str, description: str
    ) -> None:
        attributes = {"units": units, "long_name": description}
        self._variables[name] = (tuple(dims), values, attributes)

    def add_quantity(
        self, metric: str, dims: Sequence[str], values: NDArray[Any], name: str | None = None
    ) -> None:
        of = quantity(metric, self.price_year)
        self.add(name or metric, dims, values, of.unit, of.description)

    def place(self, dim: str) -> Mapping[Any, int]:
        """Where each label of a dimension stands; areas that only a table has come last."""
        return {label: at for at, label in enumerate(self.labels(dim))}

    def labels(self, dim: str) -> Sequence[Any]:
        return {
            "area": self.codes,
            "sector": self.sectors,
            "technology": self.technologies,
            "year": self.years,
            "statistic": STATISTICS,
        }[dim]

    def of_table(self, table: pl.DataFrame, dims: Sequence[str], metric: str) -> NDArray[Any]:
        """Statistics of a table with a row for each of some places, NaN where it has none."""
        for code, name in table.select("area_code", "area_name").unique().iter_rows():
            if code not in self.codes:  # a wider area that was asked for in detail
                self.codes.append(code)
                self.names.append(name)
        shape = [len(self.labels(dim)) for dim in (*dims, "statistic")]
        values = np.full(shape, np.nan)
        column = {"area": "area_code"}
        at = tuple(
            table[column.get(dim, dim)].replace_strict(self.place(dim), return_dtype=pl.Int64)
            for dim in dims
        )
        values[at] = table.select(f"{metric}_{name}" for name in STATISTICS).to_numpy()
        return values

    def dataset(self, more: Mapping[str, str]) -> Any:
        used = {dim for dims, *_ in self._variables.values() for dim in dims}
        coordinates: dict[str, Any] = {
            dim: (dim, list(self.labels(dim))) for dim in DIMENSIONS[1:] if dim in used
        }
        about = {
            "area": ("area_name", self.names, "name of the area or group"),
            "sector": ("sector_name", self.sector_names, "name of the sector"),
            "statistic": (
                "statistic_meaning",
                [MEANINGS.get(s, "Monte Carlo standard error of the mean") for s in STATISTICS],
                "what the statistic is",
            ),
        }
        for dim, (name, values, words) in about.items():
            if dim in used:
                coordinates[name] = (dim, values, {"long_name": words})
        if "draw" in used:
            coordinates["draw"] = np.arange(self.result.manifest["draws"])
        variables = {
            name: (dims, self._filled(dims, values), attributes)
            for name, (dims, values, attributes) in self._variables.items()
        }
        made = self.xarray.Dataset(variables, coordinates, self._attributes() | dict(more))
        return made.transpose(*DIMENSIONS, missing_dims="ignore")

    def _filled(self, dims: Sequence[str], values: NDArray[Any]) -> NDArray[Any]:
        """As many areas as there are in all."""
        if "area" not in dims:
            return values
        axis = list(dims).index("area")
        lacking = [(0, 0)] * values.ndim
        lacking[axis] = (0, len(self.codes) - values.shape[axis])
        return np.pad(values, lacking, constant_values=np.nan) if lacking[axis][1] else values

    def _attributes(self) -> dict[str, Any]:
        manifest, scenario = self.result.manifest, self.result.scenario
        return {
            "title": scenario.title,
            "question": scenario.question,
            "price_year": self.price_year,
            **{name: manifest[name] for name in ("geography", "draws", "seed", "sampler")},
            "gainsmodel": manifest["versions"]["gainsmodel"],
        }


def _of_tables(made: _Made) -> None:
    """Statistics, which every result has."""
    result = made.result
    units = pl.concat([result.areas(), result.groups()], how="diagonal")
    for metric in METRICS:
        values = made.of_table(units, ("area",), metric)
        made.add_quantity(metric, ("area", "statistic"), values, metric + STATISTIC)
    tables: tuple[tuple[Callable[[], pl.DataFrame], str, str, tuple[str, ...]], ...] = (
        (result.years, "gain_gbp_m", "gain_gbp_m", ("area", "year")),
        (result.sectors, METRICS[2], DETAIL_METRICS[0], ("area", "sector")),
        (result.adoption, "adoption", "adoption", ("area", "technology", "year")),
    )
    for table, metric, name, dims in tables:
        values = made.of_table(table(), dims, metric)
        made.add_quantity(metric, (*dims, "statistic"), values, name + STATISTIC)


def _of_draws(made: _Made) -> None:
    """Whatever draws the result has kept."""
    result = made.result
    for metric in (*METRICS, *ADJUSTMENTS):
        if (rows := _kept(result, metric)) is not None:
            of_all = metric in ADJUSTMENTS
            made.add_quantity(metric, ("draw",) if of_all else ("area", "draw"),
                              rows[0] if of_all else rows)  # fmt: skip
    kept = (_kept(result, f"gain_gbp_m_{year}") for year in made.years[1:])
    of_years = [rows for rows in kept if rows is not None]
    if len(of_years) == len(made.years) - 1:
        # No gain is counted in the year of the start.
        rows = np.stack([np.full_like(of_years[0], np.nan), *of_years])
        made.add_quantity("gain_gbp_m", ("year", "area", "draw"), rows)
    detail = result.manifest.get("detail")
    by_sector = _kept(result, DETAIL_METRICS[0])
    of = "" if detail is None else f": {unit_of(result.dataset, detail).name}"
    if by_sector is not None:
        at = quantity(DETAIL_METRICS[0], made.price_year)
        made.add(DETAIL_METRICS[0], ("sector", "draw"), by_sector, at.unit, at.description + of)
    adopted = _kept(result, DETAIL_METRICS[1])
    if adopted is not None:
        at = quantity(DETAIL_METRICS[1], made.price_year)
        shape = (len(made.technologies), len(made.years), -1)
        made.add("adoption", ("technology", "year", "draw"), adopted.reshape(shape), at.unit,
                 at.description + of)  # fmt: skip


def _kept(result: Result, metric: str) -> NDArray[Any] | None:
    try:
        return result.rows(metric)
    except ResultError:
        return None
