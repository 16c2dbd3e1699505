"""What a run gives: tables, draws, a manifest, and the way back from disk."""

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import Dataset
from gainsmodel.errors import ResultError, UnknownNameError
from gainsmodel.manifest import DRAWS_SAVED, TABLES, check_target, read_manifest
from gainsmodel.scenario import Scenario
from gainsmodel.tables import (
    DETAIL_METRICS,
    METRICS,
    STATISTICS,
    Report,
    Unit,
    columns_of_differences,
    statistics_of,
)


@dataclass(frozen=True, eq=False)
class Result:
    """Summary of a run.

    Made by `gainsmodel.run` or `Result.load`. Every table is a Polars frame; a quantity
    ``x`` has the columns ``x_mean``, ``x_sd``, ``x_p05`` … ``x_p95`` and ``x_mcse_mean``,
    the Monte Carlo standard error of its mean. Statistics that too few draws allow are
    null.

    Attributes
    ----------
    manifest : dict
        The scenario as resolved, data hashes, seed, draws, sampler, versions and SIMD
        level: enough to run it again to the same numbers (`gainsmodel.replay`).
    """

    manifest: dict[str, Any]
    _tables: Mapping[str, pl.DataFrame]
    _kept: "_Draws | None"

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
        return cls(manifest, _Tables(report), _Draws(outcome, report))

    def areas(self) -> pl.DataFrame:
        """Each area: what it is, GVA and share of it, and every quantity of `METRICS`.

        ``gva_gbp_m`` is start-year GVA at base-year prices; ``p_share_above_gva`` the
        probability that the area's share exceeds its share of GVA, the null model.
        """
        return self._tables["areas"]

    def groups(self) -> pl.DataFrame:
        """Groups of areas, the UK first, with the same columns as `areas` and two more.

        ``p_final_year_reaches_prize`` and ``p_cumulative_reaches_prize``: probability that
        the UK's gain from digital adoption alone is at least the prize, on either reading;
        null for other groups.
        """
        return self._tables["groups"]

    @property
    def codes(self) -> list[str]:
        """Codes of the areas, then of the groups."""
        if isinstance(self._tables, _Tables):
            return self._tables.codes
        return [*self.areas()["area_code"], *self.groups()["area_code"]]

    def years(self) -> pl.DataFrame:
        """Gain of each area and group in each year, £m a year at base-year prices."""
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
        """Whether `draws` and `difference` can answer."""
        return self._kept is not None and self._kept.held

    def draws(
        self, metric: str = "gain_final_year_gbp_m", columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """One quantity in every draw: column ``draw``, then one for each area and group.

        Parameters
        ----------
        metric : str
            One of `METRICS`, ``gain_gbp_m_2031`` for a year, or ``additionality``: what £1
            of the levers' increment is worth after displacement, leakage and multiplier.
            Of the unit of the run's ``detail``: ``gain_final_year_gbp_m_by_sector``, one column
            for each sector, and ``adoption_by_technology_and_year``, columns such as
            ``cloud_2031``.
        columns : sequence of str, optional
            Those wanted beside ``draw``, such as codes of areas; all if left out.

        Raises
        ------
        ResultError
            If the run was too long to keep its draws, was loaded without them, or was not asked
            for detail.
        UnknownNameError
            If there is no such quantity or column.
        """
        if self._kept is None:
            raise ResultError(
                "this result holds no draws: save with draws=True, or run fewer draws at once"
            )
        return self._kept.frame(metric, columns)

    def numbers(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
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
            If the result was loaded from disk.
        """
        if self._kept is None:
            raise ResultError("a loaded result has no numbers; run it again with replay")
        return self._kept.numbers()

    def difference(
        self, baseline: "Result", metric: str = "gain_final_year_gbp_m", *, net: bool = False
    ) -> pl.DataFrame:
        """Paired difference from a baseline, draw by draw, with its own standard error.

        Both results must come from the same seed, draws, sampler, precision and geography,
        so that the luck of the draw cancels out. ``x_mcse_p50`` is the standard error of the
        middle difference, ``p_higher`` the probability that this
        result is the higher one.

        Parameters
        ----------
        baseline : Result
            Usually the same scenario without its plan.
        metric : str
            As in `draws`.
        net : bool
            After displacement, leakage and the multiplier where this scenario switches them
            on, (1 − displacement) (1 − leakage) multiplier, draw by draw.

        Raises
        ------
        ResultError
            If the two are not paired, or draws were not kept.
        """
        check_paired(self, baseline)
        gaps = draws_of(self, metric) - draws_of(baseline, metric)
        if net:
            gaps *= draws_of(self, "additionality")
        numbers = statistics_of(gaps, self.manifest["sampler"])
        units = pl.concat([self.areas(), self.groups()], how="diagonal")
        return units.select("area_code", "area_name").hstack(
            [
                *columns_of_differences(metric, numbers),
                pl.Series("p_higher", _mean_of_known(gaps > 0, ~np.isnan(gaps))),
            ]
        )

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
            "prize": {
                # As published; the areas' parts add up to the amount it is expressed as.
                "gbp_bn": uk["prize_gbp_bn_mean"] if prize is None else prize,
                "basis": basis,
                "price_basis": scenario["prize"]["price_basis"],
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
        """Write tables (Parquet) and the manifest into a folder, whole or not at all.

        Parameters
        ----------
        folder : path
            Made if absent; an earlier result in it is replaced, anything else is refused.
        draws : bool
            Also keep the draws of every quantity.
        csv : bool
            Also write each table as CSV.
        """
        target = check_target(folder)
        try:
            part = Path(tempfile.mkdtemp(prefix=".gainsmodel-", dir=target.parent))
        except OSError as error:
            raise ResultError(f"{target}: cannot be written: {error.strerror}") from error
        try:
            for name in TABLES:
                self._tables[name].write_parquet(part / f"{name}.parquet")
                if csv:
                    self._tables[name].write_csv(part / f"{name}.csv")
            if draws:
                detailed = self.manifest.get("detail") is not None
                for metric in (*DRAWS_SAVED, *(DETAIL_METRICS if detailed else ())):
                    self.draws(metric).write_parquet(part / f"draws_{metric}.parquet")
            (part / "manifest.json").write_text(
                json.dumps(self.manifest, indent=1, ensure_ascii=False) + "\n", "utf-8"
            )
            part.chmod(0o755)
            if target.exists():
                shutil.rmtree(target)
            part.replace(target)
        except OSError as error:
            raise ResultError(f"{target}: cannot be written: {error.strerror}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "Result":
        """Read a saved result.

        Raises
        ------
        ResultError
            If the folder holds none, or a damaged one.
        """
        source = Path(folder)
        manifest = read_manifest(source)
        try:
            tables = {name: pl.read_parquet(source / f"{name}.parquet") for name in TABLES}
            saved = {
                metric: pl.read_parquet(path)
                for metric in (*DRAWS_SAVED, *DETAIL_METRICS)
                if (path := source / f"draws_{metric}.parquet").is_file()
            }
        except (OSError, pl.exceptions.PolarsError) as error:
            raise ResultError(f"{source}: a table is missing or damaged: {error}") from error
        return cls(manifest, tables, _Saved(saved) if saved else None)


def check_paired(first: Result, second: Result) -> None:
    """See that two results met the same futures.

    Raises
    ------
    ResultError
        If they did not; names what differs.
    """
    for key in ("seed", "draws", "sampler", "precision", "geography", "data_sha256"):
        if first.manifest[key] != second.manifest[key]:
            raise ResultError(
                f"the results are not paired: {key} is {first.manifest[key]!r} in one and "
                f"{second.manifest[key]!r} in the other"
            )
    # Keyed numbers are found by name, Sobol points by place: decision 1.
    if first.manifest["sampler"] == "random":
        return
    for key in ("technologies", "levers"):
        mine, theirs = (list(r.manifest["scenario"].get(key, ())) for r in (first, second))
        common = min(len(mine), len(theirs)) if key == "levers" else None
        if mine[:common] != theirs[:common]:
            raise ResultError(
                f"the results are not paired: {key} are {', '.join(mine)} in one and "
                f"{', '.join(theirs)} in the other, which moves Sobol points; use the sampler "
                "'random'" + (" or list what is new last" if key == "levers" else "")
            )


def draws_of(result: Result, metric: str, unit: Unit | None = None) -> NDArray[np.float64]:
    """Draws of a quantity as numbers, shape (series, draws); missing ones are NaN.

    Of a `unit` only, shape (draws,); a wider area is the sum of its areas.

    Raises
    ------
    ResultError
        If draws were not kept, or the areas of a wider one do not add up.
    """
    if unit is None:
        draws = result.draws(metric).drop("draw")
        return np.ascontiguousarray(draws.to_numpy().T, dtype=np.float64)
    columns = [unit.code] if unit.code in result.codes else list(unit.members)
    if columns != [unit.code] and metric == "uplift_final_year":
        raise ResultError(f"{metric}: is not reported of {unit.name}; name one of its areas")
    draws = result.draws(metric, columns).drop("draw")
    total: NDArray[np.float64] = draws.to_numpy().astype(np.float64).sum(axis=1)
    return total


class _Tables(dict[str, pl.DataFrame]):
    """Tables of a run, each made when it is first asked for."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    @property
    def codes(self) -> list[str]:
        """Codes of areas and groups, without a table being made."""
        return self._report.codes

    def __missing__(self, name: str) -> pl.DataFrame:
        table: pl.DataFrame = getattr(self._report, name)()
        self[name] = table
        return table


class _Draws:
    """Draws still held by the core."""

    def __init__(self, outcome: _core.RunOutcome, report: Report) -> None:
        self._outcome, self._report = outcome, report

    @property
    def seconds(self) -> dict[str, float]:
        """Time the core took, by part."""
        return dict(zip(("simulation", "statistics"), self._outcome.seconds(), strict=True))

    @property
    def held(self) -> bool:
        """Whether the run was short enough to keep them."""
        return self._outcome.draws([0]).size > 0

    def frame(self, metric: str, wanted: Sequence[str] | None = None) -> pl.DataFrame:
        names, positions = self._report.series(metric)
        if wanted is not None:
            _check_columns(metric, wanted, names)
            positions = [positions[names.index(name)] for name in wanted]
            names = list(wanted)
        rows = self._outcome.draws(positions)
        if rows.size == 0:
            raise ResultError(
                "this run was too long to keep its draws (counts in buckets were kept instead); "
                "run fewer draws at once"
            )
        columns = {n: pl.Series(r, nan_to_null=True) for n, r in zip(names, rows, strict=True)}
        draw = pl.int_range(rows.shape[1], dtype=pl.UInt32, eager=True).alias("draw")
        return pl.DataFrame([draw]).hstack(pl.DataFrame(columns))

    def numbers(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
        names, numbers = self._outcome.numbers()
        schema = dict.fromkeys(("parameter", "area_code", "cell"), pl.String)
        return pl.DataFrame(names, schema=schema, orient="row"), numbers


class _Saved(_Draws):
    """Draws read back from disk."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self._frames = frames

    @property
    def seconds(self) -> dict[str, float]:
        """Nothing was run."""
        return {}

    def numbers(self) -> tuple[pl.DataFrame, NDArray[np.float32]]:
        raise ResultError("a loaded result has no numbers; run it again with replay")

    @property
    def held(self) -> bool:
        """Whether any were saved."""
        return bool(self._frames)

    def frame(self, metric: str, wanted: Sequence[str] | None = None) -> pl.DataFrame:
        if metric not in self._frames:
            raise ResultError(
                f"no draws of {metric!r} were saved; saved: {', '.join(self._frames)}"
            )
        frame = self._frames[metric]
        if wanted is None:
            return frame
        _check_columns(metric, wanted, frame.columns[1:])
        return frame.select("draw", *wanted)


def _check_columns(metric: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            raise UnknownNameError(
                f"draws of {metric}: no column is called {name!r}; there are {', '.join(known)}"
            )


def _mean_of_known(hits: NDArray[np.bool_], known: NDArray[np.bool_]) -> list[float | None]:
    counts = zip(hits.sum(axis=1).tolist(), known.sum(axis=1).tolist(), strict=True)
    return [hit / count if count else None for hit, count in counts]


def _stat(row: Mapping[str, Any], metric: str) -> dict[str, float | None]:
    return {name: _plain(row[f"{metric}_{name}"]) for name in STATISTICS}


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
