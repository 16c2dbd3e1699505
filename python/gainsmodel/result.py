"""What a run gives: tables, draws, a manifest, and the way back from disk."""

import json
import math
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import Dataset
from gainsmodel.errors import ResultError, UnknownNameError
from gainsmodel.scenario import Scenario

QUANTILES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")
STATISTICS = ("mean", "sd", *QUANTILES, "mcse_mean")
# Columns of the core's statistics.
_COLUMNS = (
    *("count", "mean", "sd", *QUANTILES, "mcse_mean", "mcse_sd"),
    *(f"mcse_{q}" for q in QUANTILES),
)
_FROM_CORE = [_COLUMNS.index(name) for name in STATISTICS]
# Quantities of an area or a group, in the order they are reported.
METRICS = (
    "share",
    "prize_gbp_bn",
    "gain_final_year_gbp_m",
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "uplift_final_year",
    "cost_cumulative_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_cumulative_gbp_m",
    "lever_cost_present_value_gbp_m",
)
_DRAWS_SAVED = (*METRICS, "additionality")
MAX_MANIFEST_BYTES = 10_000_000
_TABLES = ("areas", "groups", "years", "sectors", "adoption")
_GROUP_NAMES = {
    "uk": "United Kingdom",
    "england": "England",
    "mayors_2017": "The 2017 six",
    "mayoral_areas": "All mayoral areas",
}


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
    _statistics: pl.DataFrame
    _kept: "_Draws | None"

    @classmethod
    def from_core(
        cls,
        outcome: _core.RunOutcome,
        scenario: Scenario,
        dataset: Dataset,
        manifest: dict[str, Any],
    ) -> "Result":
        """Name what the core reports."""
        report = _Report(outcome, scenario, dataset)
        tables = {
            "areas": report.areas(),
            "groups": report.groups(),
            "years": report.years(),
            "sectors": report.sectors(),
            "adoption": report.adoption(),
        }
        return cls(manifest, tables, report.statistics(), _Draws(outcome, report))

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

    def years(self) -> pl.DataFrame:
        """Gain of each area and group in each year, £m a year at base-year prices."""
        return self._tables["years"]

    def sectors(self) -> pl.DataFrame:
        """Final-year gain by area and sector, £m; quantiles for the UK only."""
        return self._tables["sectors"]

    def adoption(self) -> pl.DataFrame:
        """Adoption by technology, share of start-year GVA.

        The UK in every year with quantiles; areas at the start and the end, means only.
        """
        return self._tables["adoption"]

    def statistics(self) -> pl.DataFrame:
        """Every statistic of every quantity with its Monte Carlo standard error, one a row."""
        return self._statistics

    @property
    def holds_draws(self) -> bool:
        """Whether `draws` and `difference` can answer."""
        return self._kept is not None and self._kept.held

    def draws(self, metric: str = "gain_final_year_gbp_m") -> pl.DataFrame:
        """One quantity in every draw: column ``draw``, then one for each area and group.

        Parameters
        ----------
        metric : str
            One of `METRICS`, ``gain_gbp_m_2031`` for a year, or ``additionality``: what £1
            of the levers' increment is worth after displacement, leakage and multiplier.

        Raises
        ------
        ResultError
            If the run was too long to keep its draws, or was loaded without them.
        """
        if self._kept is None:
            raise ResultError(
                "this result holds no draws: save with draws=True, or run fewer draws at once"
            )
        return self._kept.frame(metric)

    def difference(
        self, baseline: "Result", metric: str = "gain_final_year_gbp_m", *, net: bool = False
    ) -> pl.DataFrame:
        """Paired difference from a baseline, draw by draw, with its own standard error.

        Both results must come from the same seed, draws, sampler, precision and geography,
        so that the luck of the draw cancels out. ``p_higher`` is the probability that this
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
        for key in ("seed", "draws", "sampler", "precision", "geography", "data_sha256"):
            if self.manifest[key] != baseline.manifest[key]:
                raise ResultError(
                    f"the results are not paired: {key} is {self.manifest[key]!r} in one and "
                    f"{baseline.manifest[key]!r} in the other"
                )
        mine, theirs = self.draws(metric), baseline.draws(metric)
        # Nulls are draws without a share; they come as NaN and are left out.
        gaps = mine.drop("draw").to_numpy().T - theirs.drop("draw").to_numpy().T
        gaps = np.ascontiguousarray(gaps, dtype=np.float64)
        if net:
            gaps *= self.draws("additionality")["additionality"].to_numpy()
        numbers = _core.summarise(gaps, self.manifest["sampler"] == "sobol")
        units = pl.concat([self.areas(), self.groups()], how="diagonal")
        return units.select("area_code", "area_name").hstack(
            [
                *_series(metric, numbers[:, _FROM_CORE]),
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
            for name in (*_TABLES, "statistics"):
                table = self._statistics if name == "statistics" else self._tables[name]
                table.write_parquet(part / f"{name}.parquet")
                if csv:
                    table.write_csv(part / f"{name}.csv")
            if draws:
                for metric in (*METRICS, "additionality"):
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
            tables = {name: pl.read_parquet(source / f"{name}.parquet") for name in _TABLES}
            statistics = pl.read_parquet(source / "statistics.parquet")
            saved = {
                metric: pl.read_parquet(path)
                for metric in (*METRICS, "additionality")
                if (path := source / f"draws_{metric}.parquet").is_file()
            }
        except (OSError, pl.exceptions.PolarsError) as error:
            raise ResultError(f"{source}: a table is missing or damaged: {error}") from error
        return cls(manifest, tables, statistics, _Saved(saved) if saved else None)


def check_target(folder: str | os.PathLike[str]) -> Path:
    """See that a result can be saved in a folder, before there is one.

    Raises
    ------
    ResultError
        If the folder holds anything but an earlier result, or cannot be made.
    """
    target = Path(folder)
    try:
        # "." and ".." have no name under which a finished folder could be put.
        target = target if target.name not in ("", "..") else target.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=".gainsmodel-", dir=target.parent)).rmdir()
        held = sorted(path.name for path in target.iterdir()) if target.exists() else []
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a possible name"
        raise ResultError(f"{target}: cannot be written: {reason}") from error
    strange = [name for name in held if name not in _files()]
    if strange:
        raise ResultError(
            f"{target}: holds something other than an earlier result, such as {strange[0]!r}; "
            "name a new or an empty folder"
        )
    if held:
        read_manifest(target)
    return target


def _files() -> set[str]:
    tables = {f"{name}.{kind}" for name in (*_TABLES, "statistics") for kind in ("parquet", "csv")}
    return tables | {f"draws_{metric}.parquet" for metric in _DRAWS_SAVED} | {"manifest.json"}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest file, or the one in a result's folder."""
    file = path
    try:
        file = path / "manifest.json" if path.is_dir() else path
        # Without blocking, since the other end of a pipe may never open.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_MANIFEST_BYTES:
                raise ResultError(f"{file}: is not a manifest: no regular file, or too large")
            manifest = json.loads(opened.read(MAX_MANIFEST_BYTES))
    except FileNotFoundError:
        raise ResultError(f"{file}: no such file; a saved result holds a manifest.json") from None
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{file}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ResultError(f"{file}, line {error.lineno}: is not a manifest: {error.msg}") from error
    except (ValueError, RecursionError):
        raise ResultError(f"{file}: is not a manifest: no text, or no possible value") from None
    kinds = {
        **dict.fromkeys(("manifest_version", "draws", "seed"), int),
        **dict.fromkeys(("scenario", "data_sha256", "versions"), dict),
        **dict.fromkeys(("geography", "sampler", "precision"), str),
    }
    found = manifest if isinstance(manifest, dict) else {}
    wrong = [
        key
        for key, kind in kinds.items()
        if not isinstance(found.get(key), kind) or isinstance(found.get(key), bool)
    ]
    if wrong:
        raise ResultError(f"{file}: is not a manifest; missing or wrong: {', '.join(wrong)}")
    if manifest["manifest_version"] != 1:
        raise ResultError(
            f"{file}: manifest_version is {manifest['manifest_version']!r}, this version reads 1"
        )
    return dict(manifest)


class _Draws:
    """Draws still held by the core."""

    def __init__(self, outcome: _core.RunOutcome, report: "_Report") -> None:
        self._outcome, self._report = outcome, report

    @property
    def held(self) -> bool:
        """Whether the run was short enough to keep them."""
        return self._outcome.draws([0]).size > 0

    def frame(self, metric: str) -> pl.DataFrame:
        names, positions = self._report.series(metric)
        rows = self._outcome.draws(positions)
        if rows.size == 0:
            raise ResultError(
                "this run was too long to keep its draws (counts in buckets were kept instead); "
                "run fewer draws at once"
            )
        columns = {n: pl.Series(r).fill_nan(None) for n, r in zip(names, rows, strict=True)}
        draw = pl.int_range(rows.shape[1], dtype=pl.UInt32, eager=True).alias("draw")
        return pl.DataFrame([draw]).hstack(pl.DataFrame(columns))


class _Saved(_Draws):
    """Draws read back from disk."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self._frames = frames

    @property
    def held(self) -> bool:
        """Whether any were saved."""
        return bool(self._frames)

    def frame(self, metric: str) -> pl.DataFrame:
        if metric not in self._frames:
            raise ResultError(
                f"no draws of {metric!r} were saved; saved: {', '.join(self._frames)}"
            )
        return self._frames[metric]


class _Report:
    """Positions in the core's output, and the tables made from them."""

    def __init__(self, outcome: _core.RunOutcome, scenario: Scenario, dataset: Dataset) -> None:
        self._numbers = outcome.statistics()
        self._layout = outcome.layout()
        self._dataset = dataset
        self._technologies = list(scenario.technologies)
        first = scenario.setting.start_year
        self._calendar = list(range(first, first + scenario.setting.horizon_years + 1))
        growth = dataset.uk_real_growth(first, scenario.parameters.growth_to_start_year.value)
        self._gva = dataset.gva_gbp_m * growth
        self._areas = dataset.areas.select("area_code", "area_name", "area_type", "mayor_2017")
        names = [_GROUP_NAMES.get(group, group) for group in dataset.groups]
        self._groups = pl.DataFrame(
            {"area_code": list(dataset.groups), "area_name": names, "area_type": "group"}
        ).with_columns(pl.lit(None, pl.Boolean).alias("mayor_2017"))
        self.codes = [*self._areas["area_code"], *self._groups["area_code"]]

    def series(self, metric: str) -> tuple[list[str], list[int]]:
        """Names and series of one quantity in every draw."""
        if metric == "additionality":
            return [metric], [self._layout["additionality"]]
        return self.codes, self.positions(metric)

    def positions(self, metric: str) -> list[int]:
        """Series of one quantity for every area and group."""
        years = len(self._calendar) - 1
        known = {f"gain_gbp_m_{year}": t for t, year in enumerate(self._calendar[1:])}
        known["gain_final_year_gbp_m"] = years - 1
        known |= {name: years + i for i, name in enumerate(self._layout["unit_metrics"])}
        if metric not in known:
            raise UnknownNameError(
                f"no quantity is called {metric!r}; there are {', '.join(known)}"
            )
        return [unit * self._layout["metrics"] + known[metric] for unit in range(len(self.codes))]

    def _units(self, units: pl.DataFrame, first: int) -> pl.DataFrame:
        members = [[code] for code in self._areas["area_code"]] + [
            list(codes) for codes in self._dataset.groups.values()
        ]
        codes = self._areas["area_code"].to_list()
        of_area = self._gva.sum(axis=1)
        gva = [
            float(sum(of_area[codes.index(code)] for code in members[first + i]))
            for i in range(units.height)
        ]
        rows = slice(first, first + units.height)
        above = self._layout["share_above_gva"]
        count = self._numbers[np.array(self.positions("share"))[rows], _COLUMNS.index("count")]
        draws = self._numbers[0, _COLUMNS.index("count")]
        columns = [
            pl.Series("gva_gbp_m", gva),
            pl.Series("gva_share", np.array(gva) / of_area.sum()),
        ]
        for metric in METRICS:
            columns += _series(metric, self._numbers[self.positions(metric)[rows]][:, _FROM_CORE])
        columns += [
            pl.Series("p_share_above_gva", self._numbers[above:, 1][rows]).fill_nan(None),
            pl.Series("share_excluded_draws", 1.0 - count / draws),
        ]
        return units.hstack(columns)

    def areas(self) -> pl.DataFrame:
        return self._units(self._areas, 0)

    def groups(self) -> pl.DataFrame:
        first = self._layout["reaches_prize"]
        empty = [None] * (self._groups.height - 1)
        return self._units(self._groups, self._areas.height).hstack(
            [
                pl.Series(f"p_{basis}_reaches_prize", [float(self._numbers[first + i, 1]), *empty])
                for i, basis in enumerate(("final_year", "cumulative"))
            ]
        )

    def years(self) -> pl.DataFrame:
        parts = []
        units = pl.concat([self._areas, self._groups]).select("area_code", "area_name")
        for year in self._calendar[1:]:
            at = self.positions(f"gain_gbp_m_{year}")
            part = units.with_columns(pl.lit(year, pl.Int32).alias("year"))
            parts.append(part.hstack(_series("gain_gbp_m", self._numbers[at][:, _FROM_CORE])))
        order = {code: i for i, code in enumerate(self.codes)}
        return pl.concat(parts).sort(pl.col("area_code").replace_strict(order), "year")

    def sectors(self) -> pl.DataFrame:
        sectors = self._dataset.sectors
        national = self._layout["sector"] + np.arange(len(sectors))
        cells = self._layout["cell"] + np.arange(self._areas.height * len(sectors))
        areas = [self._groups.head(1), self._areas]
        units = pl.concat(areas).select("area_code", "area_name")
        return (
            units.join(
                pl.DataFrame(
                    {
                        "sector": sectors,
                        "sector_name": [self._dataset.sector_names[s] for s in sectors],
                        "channel": [self._dataset.channels[s] for s in sectors],
                    }
                ),
                how="cross",
                maintain_order="left_right",
            )
            .with_columns(
                pl.Series("gva_gbp_m", np.vstack([self._gva.sum(axis=0), self._gva]).ravel())
            )
            .hstack(
                _series(
                    "gain_final_year_gbp_m",
                    self._numbers[np.concatenate([national, cells])][:, _FROM_CORE],
                )
            )
        )

    def adoption(self) -> pl.DataFrame:
        uk = self._groups.row(0)[:2]
        rows, at = [], []
        for k, technology in enumerate(self._technologies):
            for t, year in enumerate(self._calendar):
                rows.append((*uk, technology, year))
                at.append(self._layout["adoption"] + k * len(self._calendar) + t)
        for r, area in enumerate(self._areas.select("area_code", "area_name").iter_rows()):
            for k, technology in enumerate(self._technologies):
                for last in (0, 1):
                    rows.append((*area, technology, self._calendar[-last]))
                    position = (r * len(self._technologies) + k) * 2 + last
                    at.append(self._layout["area_adoption"] + position)
        frame = pl.DataFrame(
            rows,
            schema={
                "area_code": pl.String,
                "area_name": pl.String,
                "technology": pl.String,
                "year": pl.Int32,
            },
            orient="row",
        )
        return frame.hstack(_series("adoption", self._numbers[at][:, _FROM_CORE]))

    def statistics(self) -> pl.DataFrame:
        names = [
            *(f"gain_gbp_m_{year}" for year in self._calendar[1:]),
            *self._layout["unit_metrics"],
        ]
        count = len(self.codes) * len(names)
        values = self._numbers[:count]
        return pl.DataFrame(
            {
                "area_code": np.repeat(self.codes, len(names)),
                "quantity": names * len(self.codes),
                **{name: pl.Series(values[:, i]).fill_nan(None) for i, name in enumerate(_COLUMNS)},
            }
        )


def _mean_of_known(hits: NDArray[np.bool_], known: NDArray[np.bool_]) -> list[float | None]:
    counts = zip(hits.sum(axis=1).tolist(), known.sum(axis=1).tolist(), strict=True)
    return [hit / count if count else None for hit, count in counts]


def _series(metric: str, numbers: NDArray[np.float64]) -> list[pl.Series]:
    return [
        pl.Series(f"{metric}_{name}", numbers[:, i]).fill_nan(None)
        for i, name in enumerate(STATISTICS)
    ]


def _stat(row: Mapping[str, Any], metric: str) -> dict[str, float | None]:
    return {name: _plain(row[f"{metric}_{name}"]) for name in STATISTICS}


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
