"""What a run gives: tables, draws, a manifest, and how they are read from disk."""

import math
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import Dataset, load_dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import ResultError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.draws import NO_INPUTS, CoreDraws, SavedDraws
from gainsmodel.results.inputs import inputs
from gainsmodel.results.statistics import STATISTICS
from gainsmodel.results.structures import ByStructure, by_structure
from gainsmodel.results.tables import METRICS, LazyTables, Report
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameter_groups import uncertain
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.sealed import fingerprints


@dataclass(frozen=True, eq=False, repr=False)
class Result(ShownInNotebooks):
    """Summary of a run.

    Made by `gainsmodel.run` or `Result.load`. Every table is a Polars frame; a quantity
    ``x`` has the columns ``x_mean``, ``x_sd``, ``x_p05`` … ``x_p95`` and ``x_mcse_mean``,
    the Monte Carlo standard error of its mean. Statistics that too few draws allow are
    null. Pickles, copies and goes to worker processes with the scenario and the figures it
    ran on; a notebook shows its answer and a chart.

    Attributes
    ----------
    manifest : dict
        The scenario as resolved, data hashes, seed, draws, sampler, versions and SIMD
        level: enough to run it again to the same numbers (`gainsmodel.replay`).
    """

    manifest: dict[str, Any]
    _tables: Mapping[str, pl.DataFrame]
    _kept: CoreDraws | None
    _scenario: Scenario | None = None
    _dataset: Dataset | None = None
    # Of one that was loaded; another version of Polars might write its tables differently.
    _record: bytes | None = None

    @classmethod
    def from_core(
        cls,
        outcome: _core.RunOutcome,
        scenario: Scenario,
        dataset: Dataset,
        manifest: dict[str, Any],
        detail: Unit | None = None,
    ) -> "Result":
        """Name what the core reports."""
        report = Report(outcome, scenario, dataset, detail)
        kept = CoreDraws(outcome, report)
        return cls(manifest, LazyTables(report), kept, scenario, dataset)

    def describe(self) -> str:
        """In a few words: what was run, where, and on how many draws."""
        told = self.manifest
        own = told.get("own_data")
        where = f"{told['geography']} areas" + (f" on {own['name']}" if own else "")
        return (
            f"{told['scenario']['title']!r}, {where}, {told['draws']:,} draws, "
            f"seed {told['seed']}, sampler {told['sampler']}"
        )

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario as it was run."""
        return self._scenario or Scenario.from_dict(self.manifest["scenario"])

    @cached_property
    def dataset(self) -> Dataset:
        """The figures it was run on.

        Raises
        ------
        ResultError
            If it was loaded from disk, and the figures are not at hand in this version.
        """
        if self._dataset is not None:
            return self._dataset
        own = self.manifest.get("own_data")
        if own is None:
            dataset = load_dataset(self.manifest["geography"])
            if dataset.hashes == self.manifest["data_sha256"]:
                return dataset
        raise ResultError(
            f"this result was run on figures that are not at hand, "
            f"{own['name'] if own else 'those of another version'}; pass them with dataset="
        )

    def areas(self) -> pl.DataFrame:
        """Each area: what it is, GVA and share of it, and every quantity of `METRICS`.

        ``gva_gbp_m`` is start-year GVA in the run's prices; ``p_share_above_gva`` the
        probability that the area's share exceeds its share of GVA, the null model.
        """
        return self._tables["areas"]

    def groups(self) -> pl.DataFrame:
        """Groups of areas, the UK first, with the same columns as `areas` and two more.

        ``p_final_year_reaches_prize``, ``p_share_of_economy_reaches_prize`` and
        ``p_cumulative_reaches_prize``: probability that the UK's gain from digital adoption
        alone is at least the prize, on each reading; null for other groups.
        """
        return self._tables["groups"]

    def on(self, dataset: Dataset) -> "Result":
        """The same result, given the figures that were not saved with it.

        Raises
        ------
        ResultError
            If it was run on others.
        """
        if self.manifest["geography"] != dataset.geography:
            raise ResultError(
                f"dataset: holds figures of the {dataset.geography} geography, and the results "
                f"were run on {self.manifest['geography']}"
            )
        if self.manifest["data_sha256"] != dataset.hashes:
            theirs = self.manifest.get("own_data", {}).get("name", "the built-in ones")
            raise ResultError(
                f"dataset: the results were run on other figures, {theirs}, than "
                f"{dataset.own_name or 'the built-in ones'}; pass those as dataset="
            )
        return replace(self, _dataset=dataset)

    @cached_property
    def record(self) -> bytes:
        """The run's record: its manifest with the hashes of its tables, bound by a fingerprint.

        As a file it is what `gainsmodel.verify` checks and `gainsmodel.replay` runs again; a
        saved result holds it as ``manifest.json``.
        """
        from gainsmodel.results.record import record_of, tables_as_files

        return self._record or record_of(self.manifest, tables_as_files(self))

    @property
    def fingerprint(self) -> str:
        """Fingerprint of `record`, to print beside a number: any change of the run changes it."""
        return fingerprints(self.record)[1]

    def table(self, name: str) -> pl.DataFrame:
        """Give one of the tables that are saved, by its name."""
        return self._tables[name]

    @property
    def knows_figures(self) -> bool:
        """Whether `dataset` can answer for own figures."""
        return self._dataset is not None

    @property
    def codes(self) -> list[str]:
        """Codes of the areas, then of the groups."""
        if isinstance(self._tables, LazyTables):
            return self._tables.codes
        return [*self.areas()["area_code"], *self.groups()["area_code"]]

    def years(self) -> pl.DataFrame:
        """Gain of each area and group in each year, £m a year in the run's prices."""
        return self._tables["years"]

    def sectors(self) -> pl.DataFrame:
        """Final-year gain by area and sector, £m.

        Quantiles for the UK and the unit of the run's ``detail`` only; a group that was asked
        for in detail has the last rows.
        """
        return self._tables["sectors"]

    def adoption(self) -> pl.DataFrame:
        """Adoption by technology, share of start-year GVA.

        The UK and the unit of the run's ``detail`` in every year with quantiles; other areas at
        the start and the end, means only.
        """
        return self._tables["adoption"]

    def statistics(self) -> pl.DataFrame:
        """Every statistic of every quantity with its Monte Carlo standard error, one a row."""
        return self._tables["statistics"]

    @property
    def seconds(self) -> dict[str, float]:
        """How long the core took to simulate and for statistics; empty if loaded from disk."""
        return {} if self._kept is None else self._kept.seconds

    @property
    def holds_draws(self) -> bool:
        """Whether `draws` can answer, at least of what a plan adds, costs and is worth."""
        return self._kept is not None and self._kept.held

    def with_draws_of(
        self, metrics: Iterable[str], columns: Sequence[str] | None = None
    ) -> "Result":
        """The same result, keeping the draws of some quantities only, which takes less memory.

        Parameters
        ----------
        metrics : iterable of str
            As in `draws`; with none, tables are all that is left.
        columns : sequence of str, optional
            Codes of the areas and groups whose draws are kept; of all if left out.
        """
        kept = {
            name: self.draws(name, None if name in ADJUSTMENTS else columns) for name in metrics
        }
        return replace(self, _kept=SavedDraws(kept))

    def as_reference_of(self, scenario: Scenario) -> "Result":
        """The same futures without a plan, as the reference of a scenario that assumes the same.

        But for what acts through levers only, which a result without a plan does not depend on.
        """
        plain = scenario.without_plan()
        return replace(
            self,
            manifest=self.manifest | {"scenario": plain.to_dict()},
            _scenario=plain,
            _record=None,
        )

    def draws(
        self, metric: str = "gain_final_year_gbp_m", columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """One quantity in every draw: column ``draw``, then one for each area and group.

        Parameters
        ----------
        metric : str
            One of `METRICS`, ``gain_gbp_m_2031`` for a year, ``displacement``, ``leakage`` or
            ``multiplier``, which turn what a plan adds into what it adds on balance.
            Of the unit of the run's ``detail``: ``gain_final_year_gbp_m_by_sector``, one column
            for each sector, and ``adoption_by_technology_and_year``, columns such as
            ``cloud_2031``.
        columns : sequence of str, optional
            Those wanted in addition to ``draw``, such as codes of areas; all if left out.

        Raises
        ------
        ResultError
            If the run was too long to keep them (the longest runs keep none, shorter ones those
            of shares, of gains in the final year, all years and present value, and of costs in
            present value and a year), was loaded without them, or was not asked for detail.
        UnknownNameError
            If there is no such quantity or column.
        """
        return self._draws_kept.frame(metric, columns)

    def rows(self, metric: str, columns: Sequence[str] | None = None) -> NDArray[np.floating[Any]]:
        """The same as an array, shape (columns, draws), NaN where it is missing."""
        return self._draws_kept.rows(metric, columns)[1]

    @property
    def _draws_kept(self) -> CoreDraws:
        if self._kept is None:
            raise ResultError(
                "this result holds no draws: save with draws=True, or run fewer draws at once"
            )
        return self._kept

    def inputs(
        self,
        area: str | None = None,
        names: Sequence[str] | None = None,
        sector: str | None = None,
    ) -> pl.DataFrame:
        """Sampled inputs in every draw: column ``draw``, then one for each input in its own unit.

        An input that differs between areas, sectors or technologies has its usual value in
        the unit: areas and sectors weighted by GVA, technologies with equal weights, what is
        particular to single cells left at its middle.

        Parameters
        ----------
        area : str, optional
            Name or code of an area, group or wider area; the UK if left out. Take-up has a
            number for each area, so many areas take longer.
        names : sequence of str, optional
            Inputs wanted: ``ceiling`` of all technologies, ``ceiling.ai`` of one, ``prize``,
            ``take_up.skills``, ``levers.skills.effects.ceiling``; all if left out. What is
            certain or switched off is no sampled input.
        sector : str, optional
            Letter of one sector, instead of all weighted by GVA.

        Raises
        ------
        ResultError
            If the result was loaded from disk or joined from pieces of a batch; `replay` runs
            it again, in one go. Where not the same is uncertain in all structures of the scenario.
        UnknownNameError
            If there is no such area or input.

        Examples
        --------
        >>> import gainsmodel
        >>> result = gainsmodel.run("skills_first", draws=100)
        >>> result.inputs("Greater Manchester", ["ceiling", "take_up.skills"]).shape
        (100, 3)
        """
        if self._kept is None:
            raise ResultError(NO_INPUTS)
        self._same_in_all("inputs")
        return inputs(self._kept, self.dataset, area, names, sector)

    def structures(
        self, metric: str = "gain_final_year_gbp_m", area: str | None = None
    ) -> ByStructure:
        """What each structure of the scenario makes of a quantity of an area (the UK if left out).

        Raises
        ------
        ResultError
            If the scenario has one structure only, or draws were not kept.
        """
        unit = unit_of(self.dataset, "uk" if area is None else area)
        return by_structure(self.scenario, self.manifest, draws_of(self, metric, unit))

    def _same_in_all(self, asked: str) -> None:
        drawn = {tuple(uncertain(of)) for _, of in self.scenario.structures()}
        if len(drawn) > 1:
            raise ResultError(
                f"this run of several structures has no {asked}, since not the same assumptions "
                "are uncertain in all; run one of `Scenario.structures` alone"
            )

    def standard_normals(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
        """Standard normal numbers behind every draw that more than one cell shares.

        Returns
        -------
        names : pl.DataFrame
            One row a number: ``parameter``, ``area_code`` where it is an area's own, ``cell``
            where it is a sector's or a technology's; empty text otherwise. Correlated
            parameters are mixed from their own numbers and those of parameters before them.
        numbers : ndarray, shape (numbers, draws)

        Raises
        ------
        ResultError
            As `inputs`.
        """
        if self._kept is None:
            raise ResultError("a loaded result has no standard normals; run it again with replay")
        self._same_in_all("standard normals")
        return self._kept.numbers()

    def numbers(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
        """Deprecated: `standard_normals`; gone with the next release."""
        warnings.warn(
            "Result.numbers is now Result.standard_normals", DeprecationWarning, stacklevel=2
        )
        return self.standard_normals()

    def difference(
        self, baseline: "Result", metric: str = "gain_final_year_gbp_m", *, net: bool = True
    ) -> pl.DataFrame:
        """Deprecated: `PairedResult.added`, which `run_paired` gives; removed in the next release.

        Net of displacement, leakage and multiplier where this scenario switches them on, as
        everywhere, unless ``net=False``.
        """
        from gainsmodel.results.paired import PairedResult

        warnings.warn(
            "Result.difference is now PairedResult.added, which run_paired gives",
            DeprecationWarning,
            stacklevel=2,
        )
        return PairedResult(self, baseline).added(metric, gross=not net)

    def to_xarray(self, *, draws: bool = True) -> Any:
        """As an `xarray.Dataset`, with units and descriptions in attributes.

        Dimensions ``draw``, ``area`` (codes; ``area_name`` beside them; groups come last),
        ``sector``, ``technology``, ``year`` and ``statistic``. A quantity of `METRICS`, or
        ``gain_gbp_m`` by year, is its draws; with ``_statistic`` at the end, its statistics, which
        any run has. What a run of ``detail`` kept of its unit has no dimension ``area``. What the
        tables do not have is NaN. Fingerprint, scenario, seed and draws are attributes. Without
        xarray, `statistics` is the long table and `areas` the wide one.

        Parameters
        ----------
        draws : bool
            Also the draws that were kept.

        Raises
        ------
        ResultError
            If xarray is not installed: ``pip install 'gainsmodel[xarray]'``.
        """
        from gainsmodel.results.xarrays import of_result

        return of_result(self, draws=draws)

    def to_dict(self, areas: Iterable[str] | None = None) -> dict[str, Any]:
        """The result as plain values, as ``gainsmodel run --json`` prints it.

        Parameters
        ----------
        areas : iterable of str, optional
            Codes of the areas to list; all when left out.
        """
        uk = self.groups().row(0, named=True)
        scenario = self.manifest["scenario"]
        basis = scenario["prize"]["basis"]
        adoption = self.adoption().filter(pl.col("area_code") == uk["area_code"])
        first, last = adoption["year"].min(), adoption["year"].max()
        wanted = (
            self.areas()
            if areas is None
            else (self.areas().filter(pl.col("area_code").is_in(list(areas))))
        )
        prize = scenario["prize"].get("value")
        return {
            "manifest": self.manifest,
            # Of every amount below but the prize as stated.
            "price_year": scenario["setting"]["price_year"],
            "prize": {
                # As stated; the areas' parts add up to the amount it is in the run's money.
                "gbp_bn": uk["prize_gbp_bn_mean"] if prize is None else prize,
                "basis": basis,
                "price_year": scenario["prize"]["price_year"],
                "share_of_economy": scenario["prize"]["share_of_economy"],
                "expressed_gbp_bn": _stat(uk, "prize_gbp_bn"),
            },
            "national": {
                **{
                    metric: _stat(uk, metric)
                    for metric in METRICS
                    if metric not in ("share", "prize_gbp_bn")
                },
                "p_gain_at_least_prize": uk[f"p_{basis}_reaches_prize"],
                "p_final_year_gain_at_least_prize": uk["p_final_year_reaches_prize"],
                "p_final_year_gain_at_least_share": uk["p_share_of_economy_reaches_prize"],
                "p_cumulative_gain_at_least_prize": uk["p_cumulative_reaches_prize"],
                "share_excluded_draws": uk["share_excluded_draws"],
                "adoption": {
                    technology: {
                        name: _plain(
                            adoption.filter(
                                (pl.col("technology") == technology) & (pl.col("year") == year)
                            )["adoption_mean"].item()
                        )
                        for name, year in (("start", first), ("final", last))
                    }
                    for technology in adoption["technology"].unique(maintain_order=True)
                },
            },
            "areas": [
                {
                    "code": row["area_code"],
                    "name": row["area_name"],
                    "type": row["area_type"],
                    "mayor_2017": row["mayor_2017"],
                    "gva_gbp_m": row["gva_gbp_m"],
                    "gva_share": row["gva_share"],
                    **{metric: _stat(row, metric) for metric in METRICS},
                    "p_share_above_gva": _plain(row["p_share_above_gva"]),
                }
                for row in wanted.iter_rows(named=True)
            ],
        }

    def save(
        self, folder: str | os.PathLike[str], *, draws: bool = False, csv: bool = False
    ) -> Path:
        """Write tables (Parquet), the manifest and own figures into a folder, whole or not at all.

        The manifest is the run's `record`: it binds the tables by their hashes, and itself by its
        fingerprint. ``datapackage.json`` lists every file, with its hash.

        Parameters
        ----------
        folder : path
            Made if absent; an earlier result in it is replaced, anything else is refused.
        draws : bool
            Also keep the draws of every quantity; not of `inputs`, which `gainsmodel.replay`
            of the folder has again.
        csv : bool
            Also write each table as CSV.

        Raises
        ------
        ResultError
            If the folder holds anything else or cannot be written; what it held is left.
        """
        from gainsmodel.results.storage import save

        return save(self, folder, draws=draws, csv=csv)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "Result":
        """Read a saved result, if it is still what was saved.

        One of an earlier version, without hashes, is read with a warning.

        Raises
        ------
        ResultError
            If the folder holds none, or a file was changed, added or lost since.
        """
        from gainsmodel.results.storage import load

        return load(folder)


def _stat(row: Mapping[str, Any], metric: str) -> dict[str, float | None]:
    return {name: _plain(row[f"{metric}_{name}"]) for name in STATISTICS}


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def draws_of(result: Result, metric: str, unit: Unit | None = None) -> NDArray[np.float64]:
    """Draws of a quantity as numbers, shape (series, draws); missing ones are NaN.

    Of a `unit` only, shape (draws,); a wider area is the sum of its areas.

    Raises
    ------
    ResultError
        If draws were not kept, or the areas of a wider one do not add up.
    """
    if unit is None:
        return np.ascontiguousarray(result.rows(metric), dtype=np.float64)
    columns = [unit.code] if unit.code in result.codes else list(unit.members)
    if columns != [unit.code] and metric == "uplift_final_year":
        raise ResultError(f"{metric}: is not reported of {unit.name}; name one of its areas")
    total: NDArray[np.float64] = result.rows(metric, columns).astype(np.float64).sum(axis=0)
    return total
