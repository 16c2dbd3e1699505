"""From a scenario and figures to a run: builds what the core asks for, starts it, waits.

``run`` is the whole way; ``start`` hands out the run while it is under way, for callers
that show progress or may cancel.
"""

import difflib
import json
import operator
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, SupportsIndex, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import OWN_AREAS, OWN_GVA, Dataset, readiness
from gainsmodel.errors import (
    CoreError,
    ResultError,
    ScenarioError,
    SettingError,
    UnknownNameError,
)
from gainsmodel.figures import as_scenario, figures_for
from gainsmodel.manifest import checked, read_manifest
from gainsmodel.result import Result
from gainsmodel.scenario import Distribution, Scenario
from gainsmodel.scenario.distribution import Z95
from gainsmodel.scenario.schema import SECTORS, SPREAD_PARAMETERS, Parameters, Switched
from gainsmodel.tables import Unit, unit_of

Sampler = Literal["sobol", "sobol_full", "random"]
Precision = Literal["float32", "float64"]

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
# Draws of which pieces of a run are made.
SPAN = _core.span()
MAX_DRAWS = 4_294_967_280
MAX_SEED = 2**64 - 1
# Adjustments of the levers' increment, and the value that leaves it as it is.
ADJUSTMENTS = {"displacement": 0.0, "leakage": 0.0, "multiplier": 1.0}
# Parameters that the core draws once a future and that stand in a scenario under the same name.
NATIONAL_PARAMETERS = tuple(
    name for name in _core.NATIONAL_PARAMETERS if name not in ("prize_gbp_bn", *ADJUSTMENTS)
)
# Draws kept in memory before a run turns to counting in buckets.
DRAWS_IN_MEMORY_BYTES = 1_000_000_000
# How often a waiting run looks for Ctrl-C.
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Settings:
    """How a scenario is run: none of it is an assumption about the world.

    Attributes
    ----------
    draws : int
        Futures to simulate, 1 to 4,294,967,280.
    seed : int
        0 to 2⁶⁴ − 1. Same seed, same answer; scenarios with the same seed are paired.
    sampler : {"sobol", "sobol_full", "random"}
        Scrambled Sobol points on the factors that cells share, or on every factor that
        direction numbers reach, or plain Monte Carlo.
    precision : {"float32", "float64"}, optional
        Single precision for speed, double for audit. Left out: single, or double where a
        scenario holds nothing uncertain, so that it can be checked by hand to every digit.
    """

    draws: int = 10_000
    seed: int = 1
    sampler: Sampler = "sobol"
    precision: Precision | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        # Whole numbers of any kind, NumPy's among them, are kept as Python's.
        object.__setattr__(self, "draws", _whole("draws", self.draws, 1, MAX_DRAWS))
        object.__setattr__(self, "seed", _whole("seed", self.seed, 0, MAX_SEED))
        _choice("sampler", self.sampler, SAMPLERS)
        if self.precision is not None:
            _choice("precision", self.precision, PRECISIONS)

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> Self:
        """Settings that a manifest records."""
        return cls(**{name: manifest[name] for name in ("draws", "seed", "sampler", "precision")})


class Run:
    """A run under way; cancelled when it is dropped. Made by `start`.

    Attributes
    ----------
    scenario : Scenario
        What is run.
    dataset : Dataset
        The figures it is run on.
    """

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        settings: Settings,
        threads: int | None = None,
        *,
        paired: bool = False,
        detail: str | None = None,
        variation: Mapping[str, Any] | None = None,
        piece: tuple[int, int] | None = None,
        pieces: Iterable[bytes] | None = None,
    ) -> None:
        """Check and start; parameters as `start` and, for `pieces`, `join`.

        `variation` makes other futures for sensitivity analysis: ``reseeded``, parameters
        that take their numbers from another seed, or ``held``, a direction in the numbers
        that `Result.numbers` gives and where it is held (both as ``rust/core/src/spec.rs``).
        """
        if threads is not None:
            _whole("threads", threads, 1, 1024)
        self.scenario = scenario
        self._taken = False
        spec, arrays = core_inputs(scenario, dataset, settings)
        self._detail = None if detail is None else unit_of(dataset, detail)
        if self._detail is not None:
            codes = dataset.areas["area_code"].to_list()
            spec["detail"] = [codes.index(code) for code in self._detail.members]
        self._variation = dict(variation or {})
        spec |= self._variation
        if settings.precision is None:
            precision: Precision = "float32" if _is_uncertain(spec) else "float64"
            settings = replace(settings, precision=precision)
        self.dataset, self._settings, self._paired = dataset, settings, paired
        self._handle: _core.RunHandle | _Joined
        if pieces is not None:
            self._handle = _Joined(pieces, threads)
            return
        self._handle = _core.start(
            json.dumps(spec),
            **arrays,
            double=settings.precision == "float64",
            paired=paired,
            threads=threads,
            draws_in_memory=DRAWS_IN_MEMORY_BYTES,
            piece=piece,
        )

    @property
    def draws_done(self) -> int:
        """Draws simulated so far."""
        return self._handle.progress()

    @property
    def ended(self) -> bool:
        """Whether the run has ended, well or not."""
        return self._taken or self._handle.wait(0.0)

    def cancel(self) -> None:
        """Ask the run to stop; it does so within milliseconds."""
        self._handle.cancel()

    def result(self, on_progress: Callable[[int, int], None] | None = None) -> Result:
        """Wait for the run to end and hand over its result; as `results`."""
        return self.results(on_progress)[0]

    def results(self, on_progress: Callable[[int, int], None] | None = None) -> tuple[Result, ...]:
        """Wait for the run to end; hand over its result and, if it was paired, the reference's.

        May be asked for once.

        Parameters
        ----------
        on_progress : callable, optional
            Called with (draws done, draws in all) about twenty times a second.

        Raises
        ------
        RunCancelled
            If the run was cancelled.
        KeyboardInterrupt
            On Ctrl-C; the run is cancelled first.
        ResultError
            If it was handed over before.
        """
        self._wait(on_progress)
        return self._named(self._handle.outcomes())

    def piece(self) -> bytes:
        """Wait for a piece and hand it over; errors as `results`."""
        self._wait()
        assert isinstance(self._handle, _core.RunHandle)
        return self._handle.piece()

    def _wait(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        if self._taken:
            raise ResultError("this run's result was handed over before; keep it")
        try:
            while not self._handle.wait(POLL_SECONDS):
                if on_progress is not None:
                    on_progress(self.draws_done, self._settings.draws)
        except BaseException:
            self.cancel()
            raise
        self._taken = True

    def _named(self, outcomes: Sequence[_core.RunOutcome]) -> tuple[Result, ...]:
        scenarios = (self.scenario, self.scenario.without_plan())
        return tuple(
            Result.from_core(
                outcome,
                scenario,
                self.dataset,
                manifest=self._manifest(scenario),
                detail=self._detail,
            )
            for outcome, scenario in zip(outcomes, scenarios, strict=False)
        )

    def _manifest(self, scenario: Scenario) -> dict[str, Any]:
        info = build_info()
        return {
            "manifest_version": 1,
            "scenario": scenario.to_dict(),
            "geography": self.dataset.geography,
            "data_sha256": dict(sorted(self.dataset.hashes.items())),
            **self._own_data(),
            "draws": self._settings.draws,
            "seed": self._settings.seed,
            "sampler": self._settings.sampler,
            "precision": self._settings.precision,
            "detail": None if self._detail is None else self._detail.code,
            **({"variation": self._variation} if self._variation else {}),
            "simd": info["simd"],
            "versions": {
                "gainsmodel": info["version"],
                "python": platform.python_version(),
                **{name: info[name] for name in ("numpy", "polars", "pydantic")},
            },
        }

    def _own_data(self) -> dict[str, Any]:
        own = self.dataset
        if own.own_name is None:
            return {}
        sha256 = own.hashes[OWN_GVA]
        return {"own_data": {"name": own.own_name, "sha256": sha256, "notes": list(own.notes)}}


class _Joined:
    """Pieces in the place of a run's handle."""

    def __init__(self, pieces: Iterable[bytes], threads: int | None) -> None:
        self._pieces, self._threads = _core.Pieces(), threads
        for piece in pieces:
            self._pieces.add(piece)

    def progress(self) -> int:
        """Nothing is simulated."""
        return 0

    def wait(self, seconds: float) -> bool:
        """There is nothing to wait for."""
        return True

    def cancel(self) -> None:
        """There is nothing to stop."""

    def outcomes(self) -> list[_core.RunOutcome]:
        """Make the statistics of all."""
        return self._pieces.outcomes(self._threads)


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    precision: Precision | None = None,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    detail: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Simulate a scenario and summarise it.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario, the file of one, or the name of a shipped one such as ``"reference"``.
    draws, seed, sampler, precision
        See `Settings`.
    geography : str, optional
        ``"mayoral"``, ``"itl1"`` or ``"local_authority"``, instead of the scenario's.
    dataset : Dataset, optional
        Figures to run on instead of the built-in ones, such as `read_gva` gives; of the
        geography that is run.
    threads : int, optional
        Instead of ``GAINSMODEL_NUM_THREADS`` or every processor. Changes no number.
    detail : str, optional
        Name or code of one area or group of which sectors and the adoption of each year are
        kept draw by draw too (`Result.sectors`, `Result.adoption`, `Result.draws`). Changes
        no other number.
    on_progress : callable, optional
        Called with (draws done, draws in all) about twenty times a second.

    Returns
    -------
    Result

    Raises
    ------
    ScenarioError, DataError, UnknownNameError, SettingError
        For anything the caller can mend; all are `GainsModelError`.

    Examples
    --------
    >>> import gainsmodel
    >>> result = gainsmodel.run("reference", draws=2_000)
    >>> result.areas().select("area_name", "share_mean", "share_p05", "share_p95").height
    23
    """
    settings = Settings(draws=draws, seed=seed, sampler=sampler, precision=precision)
    run = start(
        *(scenario, settings), geography=geography, dataset=dataset, threads=threads, detail=detail
    )
    return run.result(on_progress)


def run_paired(
    scenario: Scenario | str | os.PathLike[str],
    *,
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    precision: Precision | None = None,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    detail: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Result, Result]:
    """Simulate a scenario with its plan and without, on the same futures, in one pass.

    The numbers are those of two calls of `run`, to the last bit; what both need is drawn once.
    Parameters and errors as `run`.

    Returns
    -------
    with_plan, without : Result
        `with_plan.difference(without)` is what the plan adds.

    Examples
    --------
    >>> import gainsmodel
    >>> with_plan, without = gainsmodel.run_paired("skills_first", draws=2_000)
    >>> with_plan.difference(without).height
    26
    """
    settings = Settings(draws=draws, seed=seed, sampler=sampler, precision=precision)
    run = start(
        *(scenario, settings),
        geography=geography,
        dataset=dataset,
        threads=threads,
        paired=True,
        detail=detail,
    )
    with_plan, without = run.results(on_progress)
    return with_plan, without


def start(
    scenario: Scenario | str | os.PathLike[str],
    settings: Settings | None = None,
    *,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    paired: bool = False,
    detail: str | None = None,
    piece: tuple[int, int] | None = None,
) -> Run:
    """Start a run without waiting for it; parameters and errors as `run`.

    With `paired`, the same scenario without its plan runs beside it (`Run.results`). With
    `piece`, only draws from the first to before the second are simulated, for `Run.piece` and
    `join`; both are multiples of `SPAN`, or the second is the end of the run.
    """
    scenario, figures = resolve(scenario, geography, dataset)
    return Run(
        *(scenario, figures, settings or Settings(), threads),
        paired=paired,
        detail=detail,
        piece=piece,
    )


def join(
    pieces: Iterable[bytes],
    scenario: Scenario,
    settings: Settings,
    *,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
) -> Result:
    """Make a run's result of all its pieces in their order; other parameters as `start`.

    To the last bit what the run gives in one go, wherever the pieces were simulated. One piece
    is held at a time beside the sum. `Result.numbers` cannot answer.

    Raises
    ------
    CoreError
        If they are not the pieces of one run.
    """
    scenario, figures = resolve(scenario, geography, dataset)
    return Run(scenario, figures, settings, threads, pieces=pieces).result()


def resolve(
    scenario: Scenario | str | os.PathLike[str],
    geography: str | None = None,
    dataset: Dataset | None = None,
) -> tuple[Scenario, Dataset]:
    """A scenario, however it was named, and the figures it runs on; parameters as `run`."""
    _refuse_fork()
    scenario = as_scenario(scenario, geography, dataset)
    return scenario, figures_for(scenario, dataset)


def replay(
    manifest: str | os.PathLike[str] | Mapping[str, Any],
    *,
    dataset: Dataset | None = None,
    threads: int | None = None,
) -> Result:
    """Run again what a manifest describes, to the same numbers; see `start_again`."""
    return start_again(manifest, dataset=dataset, threads=threads).result()


def start_again(
    manifest: str | os.PathLike[str] | Mapping[str, Any],
    *,
    dataset: Dataset | None = None,
    threads: int | None = None,
) -> Run:
    """Start what a manifest describes without waiting for it.

    Parameters
    ----------
    manifest : path or mapping
        A ``manifest.json``, the folder of a saved result, or what such a file holds.
    dataset : Dataset, optional
        The same own figures, if it was run on such.

    Raises
    ------
    ResultError
        If it is no manifest, or the figures have changed since.
    """
    _refuse_fork()
    if isinstance(manifest, Mapping):
        path, wanted = Path("manifest"), checked(dict(manifest), "manifest")
    else:
        path = Path(manifest)
        wanted = read_manifest(path)
    try:
        scenario = Scenario.from_dict(wanted["scenario"])
        settings = Settings.of(wanted)
        _choice("geography", wanted["geography"], (scenario.setting.geography,))
    except (ScenarioError, SettingError) as error:
        raise ResultError(f"{path}: {error}") from error
    figures = figures_for(scenario, dataset)
    then, now = wanted["data_sha256"], figures.hashes
    changed = sorted(table for table in then | now if then.get(table) != now.get(table))
    # Own areas stand in place of the shipped ones too.
    stands_for = {OWN_GVA, "gva.csv", OWN_AREAS, "areas.csv", "membership.csv"}
    if changed and OWN_GVA in then | now and {*changed} <= stands_for:
        raise ResultError(f"{path}: {_other_figures(wanted, figures)}")
    if changed:
        raise ResultError(
            f"{path}: the figures have changed since: {', '.join(changed)}; "
            "replay with the version of gainsmodel that made it "
            f"({wanted['versions'].get('gainsmodel', 'unknown')})"
        )
    try:
        return Run(
            scenario,
            figures,
            settings,
            threads,
            detail=wanted.get("detail"),
            variation=wanted.get("variation"),
        )
    except UnknownNameError as error:
        raise ResultError(f"{path}: detail: {error}") from error


def _other_figures(wanted: dict[str, Any], figures: Dataset) -> str:
    """Say that a manifest is of other GVA figures than those at hand."""
    own = wanted.get("own_data")
    name = own.get("name") if isinstance(own, dict) else None
    if OWN_GVA not in wanted["data_sha256"]:
        return f"was run on the built-in figures, not on {figures.own_name!r}; leave those out"
    if figures.own_name is None:
        return f"was run on somebody's own figures, {name!r}; hand them over: dataset= (--data)"
    return f"was run on other figures, of {name!r}; those of {figures.own_name!r} differ"


def build_info() -> dict[str, Any]:
    """Versions, build profile, instruction set and threads, as the next run would have them."""
    info = dict(_core.build_info())
    if info["profile"] != "release":
        raise CoreError("the core was built without optimisation; build it with 'make build'")
    return info | _versions()


@cache
def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "polars", "pydantic")}


def core_inputs(
    scenario: Scenario, dataset: Dataset, settings: Settings
) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    """What the core is handed: parameters as plain values, and arrays.

    Returns
    -------
    spec : dict
        As ``rust/core/src/spec.rs`` describes.
    arrays : dict
        ``gva_gbp_m`` (areas, sectors) at the start year; ``latitude``, ``longitude``,
        ``population`` and ``readiness`` (areas,); ``intensity``, ``start_years`` and
        ``ramp_years`` (levers, areas).
    """
    setting, parameters = scenario.setting, scenario.parameters
    technologies = list(scenario.technologies)
    areas = dataset.areas["area_code"].to_list()
    spec = {
        "seed": settings.seed,
        "draws": settings.draws,
        "sampler": settings.sampler,
        "curve": setting.curve,
        "basis": scenario.prize.basis,
        "horizon_years": setting.horizon_years,
        "areas": areas,
        "sectors": list(dataset.sectors),
        "technologies": technologies,
        "groups": [[areas.index(code) for code in codes] for codes in dataset.groups.values()],
        "spread_parameters": {
            name: {
                "distributions": [parameters.spread(name).of(k).core() for k in technologies],
                "spread": list(parameters.spread(name).spread.shares()),
            }
            for name in SPREAD_PARAMETERS
        },
        "correlations": [
            {"between": list(c.between), "value": c.value} for c in scenario.correlations
        ],
        "odds_ratios": [
            [parameters.sector_odds_ratio.of(k, s).core() for k in technologies] for s in SECTORS
        ],
        "national": {
            name: getattr(parameters, name).figure().core() for name in NATIONAL_PARAMETERS
        }
        | {"prize_gbp_bn": scenario.prize.figure().core()}
        | {name: _switched(parameters, name, off) for name, off in ADJUSTMENTS.items()},
        "complements": parameters.complements.figure().core(),
        "growth_area": parameters.growth_area.figure().core(),
        "growth_sector": parameters.growth_sector.figure().core(),
        "growth_cell": parameters.growth_cell.figure().core(),
        "take_up": {
            "distribution": parameters.take_up.figure().core(),
            "shared_variance": parameters.take_up.shared_variance,
        },
        "levers": [
            {
                "name": name,
                "effects": {
                    target: effect.figure().core() for target, effect in lever.effects if effect
                },
                "scope": [sector in lever.scope for sector in dataset.sectors],
                "cost_gbp_per_head_per_year": lever.cost_gbp_per_head_per_year.figure().core(),
            }
            for name, lever in scenario.levers.items()
        ],
        "spillover_decay_km": setting.spillover_decay_km,
        "discount_factors": list(discount_factors(scenario)),
        "prize_factor": prize_factor(scenario, dataset),
        "share_floor": setting.share_floor,
    }
    growth = dataset.uk_real_growth(setting.start_year, parameters.growth_to_start_year.value)
    weights = setting.readiness_weights
    arrays = {
        "gva_gbp_m": dataset.gva_gbp_m * growth,
        "latitude": dataset.areas["latitude"].to_numpy(),
        "longitude": dataset.areas["longitude"].to_numpy(),
        "population": dataset.areas["population"].cast(float).to_numpy(),
        "readiness": readiness(
            dataset.areas["gigabit_share"].to_numpy(),
            dataset.j_share_of_gva,
            (weights.gigabit_share, weights.digital_sector_share),
        ),
    }
    return spec, arrays | plan_arrays(scenario, dataset)


def quantiles(distribution: Distribution) -> tuple[float, float, float]:
    """The 5%, 50% and 95% quantiles of a distribution, as the core draws it."""
    low, middle, high = _core.value_at(json.dumps(distribution.core()), [-Z95, 0.0, Z95])
    return low, middle, high


def values_at(
    distribution: Distribution, numbers: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """What a distribution is at standard normal numbers, as the core draws it."""
    return np.array(_core.value_at(json.dumps(distribution.core()), numbers.tolist()))


def lever_costs(scenario: Scenario, dataset: Dataset) -> pl.DataFrame:
    """What the plan costs the authorities a year, once every lever runs.

    A lever costs population · £ a head · intensity; a cost a head that is uncertain counts
    at its median.

    Returns
    -------
    DataFrame
        A row for each area or group (the UK among them) and lever: ``area_code``, ``lever``,
        ``intensity`` (mean over residents), ``cost_gbp_m_per_year`` and
        ``full_cost_gbp_m_per_year``, what it would be at full intensity.
    """
    intensity = plan_arrays(scenario, dataset)["intensity"]
    codes = dataset.areas["area_code"].to_list()
    residents_m = dataset.areas["population"].cast(float).to_numpy() / 1e6
    members = {code: [row] for row, code in enumerate(codes)} | {
        group: [codes.index(code) for code in inside] for group, inside in dataset.groups.items()
    }
    rows = []
    for row, (name, lever) in enumerate(scenario.levers.items()):
        figure = json.dumps(lever.cost_gbp_per_head_per_year.figure().core())
        gbp_per_head = _core.value_at(figure, [0.0])[0]
        for unit, inside in members.items():
            full = float(residents_m[inside].sum() * gbp_per_head)
            mean = float(np.average(intensity[row, inside], weights=residents_m[inside]))
            rows.append((unit, name, mean, full * mean, full))
    columns = ("area_code", "lever", "intensity", "cost_gbp_m_per_year", "full_cost_gbp_m_per_year")
    return pl.DataFrame(rows, schema=columns, orient="row")


def plan_arrays(scenario: Scenario, dataset: Dataset) -> dict[str, NDArray[np.float64]]:
    """Intensity, start and ramp of every lever in every area, shape (levers, areas).

    An entry for one area goes before an entry for a group it belongs to; two groups that
    set the same lever in the same area contradict each other.

    Raises
    ------
    ScenarioError
        If a plan names an unknown area, or contradicts itself.
    """
    codes = dataset.areas["area_code"].to_list()
    levers = list(scenario.levers)
    shape = (len(levers), len(codes))
    intensity, starts, ramps = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for row, lever in enumerate(scenario.levers.values()):
        starts[row] = lever.start_years + scenario.setting.lever_delay_years
        ramps[row] = lever.ramp_years

    entries = []
    for name, planned in scenario.plan.items():
        try:
            members = dataset.resolve(name)
        except UnknownNameError as error:
            raise ScenarioError(f"{_place(scenario, name)}: {error}") from None
        entries.append((name, members, planned))
    # Groups first, so that single areas overwrite them.
    set_by: dict[tuple[str, str], tuple[str, int]] = {}
    for name, members, planned in sorted(entries, key=lambda entry: -len(entry[1])):
        for moved, plan in planned.items():
            for code in members:
                other, size = set_by.get((moved, code), ("", 0))
                if other and (size > 1) == (len(members) > 1):
                    raise ScenarioError(
                        f'{_place(scenario, name)}.{moved}: plan."{other}" sets {moved} in the '
                        f"same area ({code}) too; keep one of them"
                    )
                set_by[moved, code] = (name, len(members))
                row, column = levers.index(moved), codes.index(code)
                lever = scenario.levers[moved]
                start = lever.start_years if plan.start_years is None else plan.start_years
                ramp = lever.ramp_years if plan.ramp_years is None else plan.ramp_years
                intensity[row, column] = plan.intensity
                starts[row, column] = start + scenario.setting.lever_delay_years
                ramps[row, column] = ramp
    return {"intensity": intensity, "start_years": starts, "ramp_years": ramps}


def levers_moved_in(scenario: Scenario, dataset: Dataset, unit: Unit) -> tuple[str, ...]:
    """Levers that the plan moves in any area of a unit."""
    codes = dataset.areas["area_code"].to_list()
    rows = [codes.index(code) for code in unit.members]
    intensity = plan_arrays(scenario, dataset)["intensity"][:, rows]
    return tuple(
        lever for lever, of in zip(scenario.levers, intensity, strict=True) if (of > 0).any()
    )


def discount_factors(scenario: Scenario) -> Iterator[float]:
    """Present value at the start of £1 in each year 1 … T."""
    factor = 1.0
    for year in range(1, scenario.setting.horizon_years + 1):
        rate = [r.rate for r in scenario.discounting.rates if r.from_year <= year][-1]
        factor /= 1.0 + rate
        yield factor


def prize_factor(scenario: Scenario, dataset: Dataset) -> float:
    """What £1 of the prize is worth in the prices it is expressed in.

    1 as published. At base-year prices: the published GDP deflator as far as it goes, then
    assumed inflation; for a final-year prize up to the final year, for a cumulative prize
    the mean over the years of the horizon, as if it came in equal parts.
    """
    if scenario.prize.price_basis == "as_published":
        return 1.0
    first, years = scenario.setting.start_year, scenario.setting.horizon_years
    if scenario.prize.basis == "final_year":
        return 1.0 / price_level(scenario, dataset, first + years)
    levels = [price_level(scenario, dataset, first + t) for t in range(1, years + 1)]
    return float(np.mean(1.0 / np.array(levels)))


def price_level(scenario: Scenario, dataset: Dataset, year: int) -> float:
    """Prices of a year over those of the base year.

    The published GDP deflator as far as it goes, then `inflation_per_year` for each further year.
    """
    economy = dataset.economy
    published = dict(zip(economy["year"], economy["gdp_deflator_2023_100"], strict=True))
    last = max(published)
    known = published[min(year, last)] / published[dataset.base_year]
    inflation = scenario.parameters.inflation_per_year.value
    return float(known * (1.0 + inflation) ** max(0, year - last))


def _is_uncertain(spec: object) -> bool:
    """Whether any distribution in what the core is handed is more than one value."""
    if isinstance(spec, dict):
        if "kind" in spec:
            return bool(spec["kind"] != "fixed")
        return any(_is_uncertain(entry) for entry in spec.values())
    return isinstance(spec, list) and any(_is_uncertain(entry) for entry in spec)


def _place(scenario: Scenario, area: str) -> str:
    """File, line and key of an area in the plan."""
    return f'{scenario.place(area)}plan."{area}"'


def _switched(parameters: Parameters, name: str, off: float) -> dict[str, Any]:
    """An adjustment's distribution, or the value that leaves things alone when it is off."""
    adjustment: Switched = getattr(parameters, name)
    return adjustment.figure().core() if adjustment.enabled else {"kind": "fixed", "value": off}


_first_process: int | None = None


def _refuse_fork() -> None:
    """Refuse a forked child at once: Polars and the core would wait for threads it lacks."""
    global _first_process
    if _first_process not in (None, os.getpid()):
        raise SettingError(
            "this process was forked from one that had already run gainsmodel, whose threads "
            "do not survive a fork; start worker processes with the 'spawn' method"
        )
    _first_process = os.getpid()


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, SupportsIndex) and not isinstance(value, bool | np.bool_):
        number = operator.index(value)
        if low <= number <= high:
            return number
    raise SettingError(f"{name}: must be a whole number from {low:,} to {high:,}, not {value!r}")


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingError(f"{name}: must be one of {', '.join(allowed)}, not {value!r}{hint}")
