"""What a future says that evidence would have shown, and how likely what it showed is.

Formulas and their reasons: ``docs/explanation/evidence.md``. The numbers in this file are
judgement; a row of evidence may state others.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.checks import did_you_mean
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import EvidenceError, UnknownNameError
from gainsmodel.evidence.evidence_file import AdoptionObserved, EffectEvaluated, Evidence, Row
from gainsmodel.results.prices import gva_at_start
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import value_at
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.messages import KeyPath
from gainsmodel.simulation.conditioned import drawn
from gainsmodel.simulation.core_inputs import core_inputs, readiness_of
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

Floats = NDArray[np.float64]
# Log odds of the share of activity over those of the share that was counted. Larger firms use more
# and do more: in June 2026, 28% of firms of up to 9 staff used AI and 49% of those of 250 or more
# (ONS); that half of activity is in the latter is judgement. Adoption by firms of all sizes would
# then be 29%, by activity 40%.
TO_ACTIVITY = {
    ("firms", "all"): 0.50,
    ("firms", "0-9"): 0.55,
    ("firms", "5+"): 0.40,
    ("firms", "10+"): 0.25,
    ("firms", "10-249"): 0.30,
    ("firms", "250+"): -0.35,
}
MAPPING_ERROR = {"firms": 0.25, "staff": 0.15, "activity": 0.0}
# Share of an effect taken off for its design, and the standard error of carrying it over to other
# firms and years, as a share of the effect.
DISCOUNT = {"trial": 0.0, "quasi-experiment": 0.2, "modelled": 0.5, "self-report": 0.75}
TRANSFER = {"trial": 0.25, "quasi-experiment": 0.5, "modelled": 1.0, "self-report": 1.0}
# Adoption nearer to 0 or 1 is taken to be there.
NEAREST = 1e-4
# Errors below this are taken to be it, so that arithmetic stays safe.
LEAST_ERROR = 1e-5
# Log odds beyond which a share is 0 or 1 to every digit.
FURTHEST = 50.0
HALVINGS = 40
# Futures that tell how far single cells move a prediction.
FUTURES_OF_CELLS = 1_000
# Lever targets that last: those of pace only bring adoption forward.
CEILING, EFFECT = "ceiling", "productivity_effect"


@dataclass(frozen=True)
class Observation:
    """A row of evidence on the scale of its likelihood.

    Attributes
    ----------
    path, row
        Where it stands, and what it states.
    unit : Unit
    value, error : float
        What was seen, and its own standard error: log odds of activity, or the share of output.
    years : float
        After the start of the scenario; 0 of an effect.
    common : tuple
        Rows with the same share the error `mapping` of what was counted.
    mapping : float
    """

    path: KeyPath
    row: Row
    unit: Unit
    value: float
    error: float
    years: float = 0.0
    common: tuple[str, ...] = ()
    mapping: float = 0.0

    @property
    def offset(self) -> float:
        """Log odds of activity over those of what was counted; 0 of an effect."""
        return to_activity(self.row)[0] if isinstance(self.row, AdoptionObserved) else 0.0

    def shown(self, value: Floats | float) -> Any:
        """A value on the scale of the likelihood as the source would print it."""
        if isinstance(self.row, AdoptionObserved):
            log_odds = np.clip(np.asarray(value) - self.offset, -FURTHEST, FURTHEST)
            return 1 / (1 + np.exp(-log_odds))
        return np.asarray(value) / (1 - discount(self.row)[0])


def to_activity(row: AdoptionObserved) -> tuple[float, float]:
    """Log odds of activity over those of what was counted, and their standard error."""
    middle, error = TO_ACTIVITY.get((row.counted, row.sizes), 0.0), MAPPING_ERROR[row.counted]
    return (
        middle if row.to_activity is None else row.to_activity,
        error if row.mapping_error is None else row.mapping_error,
    )


def discount(row: EffectEvaluated) -> tuple[float, float]:
    """Share of the effect taken off, and standard error of carrying it over."""
    return (
        DISCOUNT[row.design] if row.discount is None else row.discount,
        TRANSFER[row.design] if row.transfer is None else row.transfer,
    )


def observations(scenario: Scenario, dataset: Dataset, evidence: Evidence) -> list[Observation]:
    """Rows of evidence about a scenario, in their order.

    Raises
    ------
    EvidenceError
        For a place, technology or lever that there is not, and a year that is not simulated;
        names the file, line, key and the nearest valid choice.
    """
    made = []
    for path, row in evidence.rows():

        def refuse(key: str, problem: str, path: KeyPath = path) -> EvidenceError:
            return EvidenceError(f"{evidence.place((*path, key))}{problem}")

        try:
            unit = unit_of(dataset, row.place)
        except UnknownNameError as unknown:
            raise refuse("place", str(unknown)) from None
        if row.technology is not None and row.technology not in scenario.technologies:
            hint = did_you_mean(row.technology, scenario.technologies)
            raise refuse("technology", f"no such technology: '{row.technology}'{hint}")
        if isinstance(row, EffectEvaluated):
            if row.lever is not None and row.lever not in scenario.levers:
                hint = did_you_mean(row.lever, scenario.levers)
                raise refuse("lever", f"no such lever: '{row.lever}'{hint}")
            if row.lever is not None and not _lasts(scenario, row.lever):
                others = [name for name in scenario.levers if _lasts(scenario, name)]
                raise refuse(
                    "lever",
                    f"'{row.lever}' only brings adoption forward in this scenario, so a lasting "
                    f"effect says nothing of it{did_you_mean('', others)}",
                )
            if row.lever is not None and row.sector != "all":
                raise refuse("sector", 'must be "all" of a lever, whose effect has no sectors')
            off, transfer = discount(row)
            value = (1 - off) * row.effect
            error = max(math.hypot((1 - off) * row.error, transfer * value), LEAST_ERROR)
            made.append(Observation(path, row, unit, value, error))
            continue
        if row.counted != "firms" and row.sizes != "all":
            raise refuse("sizes", f'must be "all" where {row.counted} are counted')
        # The figures of a year stand for its middle.
        years = row.year - (scenario.setting.start_year + 0.5)
        if years > 40:
            raise refuse("year", f"may be at most 40 years after the start; found {row.year:g}")
        middle, mapping = to_activity(row)
        made.append(
            Observation(
                *(path, row, unit, logit(row.share) + middle),
                error=max(row.error / (row.share * (1 - row.share)), LEAST_ERROR),
                years=years,
                common=(row.technology, row.counted, row.sizes),
                mapping=mapping,
            )
        )
    return made


def _lasts(scenario: Scenario, lever: str) -> bool:
    effects = dict(scenario.levers[lever].effects)
    return bool(effects.get(CEILING) or effects.get(EFFECT))


def covariance(of: Sequence[Observation]) -> Floats:
    """Errors of rows: each its own, and that of what was counted, which rows have in common."""
    return np.diag([one.error**2 for one in of]) + in_common(of, of)


def in_common(of: Sequence[Observation], others: Sequence[Observation]) -> Floats:
    """Covariance of rows and other rows in what was counted alike."""
    made: Floats = np.array(
        [
            [one.mapping * two.mapping * (one.common == two.common != ()) for two in others]
            for one in of
        ]
    ).reshape(len(of), len(others))
    return made


def log_likelihood(of: Sequence[Observation], predicted: Floats) -> Floats:
    """Log density of what was seen in every draw, but for a constant; `predicted` (rows, draws)."""
    if not of:
        return np.zeros(predicted.shape[1])
    values = np.array([one.value for one in of])
    root = np.linalg.cholesky(covariance(of))
    misfit = np.linalg.solve(root, values[:, None] - predicted)
    made: Floats = -0.5 * np.sum(misfit**2, axis=0)
    return made


@dataclass(frozen=True, eq=False)
class _Inputs:
    """Inputs of a result, made once for each unit and sector, since that takes a while."""

    result: Result
    _made: dict[tuple[str, str | None], pl.DataFrame] = field(default_factory=dict)

    def frame(self, unit: str, sector: str | None = None) -> pl.DataFrame:
        if (unit, sector) not in self._made:
            self._made[unit, sector] = self.result.inputs(unit, sector=sector)
        return self._made[unit, sector]

    def of(self, unit: str, name: str, technology: str, sector: str | None = None) -> Floats:
        """A spread parameter of a technology in every draw; what is certain has its value."""
        known = self.frame(unit, sector)
        column = f"{name}.{technology}"
        if column in known.columns:
            return known[column].to_numpy()
        stated: Any = self.result.scenario.parameters
        return np.full(known.height, value_at(stated.spread(name).of(technology), 0.0))

    def national(self, unit: str, name: str) -> Floats:
        """A national parameter in every draw; what is certain has its value."""
        known = self.frame(unit)
        if name in known.columns:
            return known[name].to_numpy()
        stated = getattr(self.result.scenario.parameters, name).figure()
        return np.full(known.height, value_at(stated, 0.0))


class Predictor:
    """What a scenario without its plan says of rows, in any futures.

    Parameters
    ----------
    scenario : Scenario
        Not conditioned.
    dataset : Dataset
    of : sequence of Observation
    settings : Settings
    threads : int, optional
    """

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        of: Sequence[Observation],
        settings: Settings,
        threads: int | None = None,
    ) -> None:
        """Keep what is asked; nothing is run yet."""
        self._dataset, self._of, self._settings, self._threads = dataset, of, settings, threads
        furthest = max((one.years for one in of), default=0.0)
        self._plain = scenario.without_plan().edit(
            {"setting.horizon_years": max(1, math.ceil(furthest))}
        )
        levers = {one.row.lever for one in of if isinstance(one.row, EffectEvaluated)} - {None}
        self._moved = self._plain
        if levers:
            everywhere = dict.fromkeys(sorted(filter(None, levers)), 1.0)
            self._moved = self._plain.edit({'plan."United Kingdom"': everywhere})
        self.runs = len({one.unit.code for one in of}) + bool(levers)

    def numbers(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Every number that cells may share, as a run draws them, and what each is called."""
        spec, arrays = core_inputs(self._plain, self._dataset, self._settings)
        settings = self._settings
        return drawn(spec, arrays, settings.draws, settings.seed, settings.sampler)

    def with_errors_of_cells(
        self, normals: NDArray[np.float32], predicted: Floats, next_step: Callable[[], Any]
    ) -> list[Observation]:
        """The rows, with what single cells add to their errors.

        Evidence teaches what cells share; what is particular to one is left as it was, and counts
        as error here: the variance of what it does to the prediction.
        """
        few = normals[:, :FUTURES_OF_CELLS]
        apart = self(few, next_step, cells_at_middle=False) - predicted[:, : few.shape[1]]
        # Where adoption has hardly begun, its log odds are all over the place: the middle counts.
        spread = np.median(np.abs(apart), axis=1) / 0.6745
        return [
            replace(one, error=math.hypot(one.error, float(of_cells)))
            for one, of_cells in zip(self._of, spread, strict=True)
        ]

    def __call__(
        self,
        normals: NDArray[np.float32],
        next_step: Callable[[], Any] = lambda: None,
        *,
        cells_at_middle: bool = True,
    ) -> Floats:
        """Give predictions of rows, (rows, draws), from the numbers that cells share."""
        draws = normals.shape[1]
        settings = replace(self._settings, draws=draws)
        made = np.empty((len(self._of), draws))
        units = {one.unit.code: one.unit for one in self._of}
        for code in units:
            rows = [n for n, one in enumerate(self._of) if one.unit.code == code]
            if any(self._lever_of(n) is None for n in rows):
                inputs = self._run(
                    *(self._plain, settings, code, normals, cells_at_middle, next_step())
                )
                for n in rows:
                    if self._lever_of(n) is None:
                        made[n] = self._predicted(self._of[n], inputs)
        by_lever = [n for n in range(len(self._of)) if self._lever_of(n) is not None]
        if by_lever:
            inputs = self._run(
                *(self._moved, settings, None, normals, cells_at_middle, next_step())
            )
            for n in by_lever:
                lever = self._lever_of(n)
                assert lever is not None
                made[n] = _lasting(self._moved, inputs, self._of[n].unit.code, lever)
        return made

    def _lever_of(self, n: int) -> str | None:
        row = self._of[n].row
        return row.lever if isinstance(row, EffectEvaluated) else None

    def _run(
        self,
        scenario: Scenario,
        settings: Settings,
        detail: str | None,
        normals: NDArray[np.float32],
        cells_at_middle: bool,
        on_progress: Any,
    ) -> _Inputs:
        run = Run(
            *(scenario, self._dataset, settings, self._threads),
            detail=detail,
            quantiles=False,
            normals=normals,
            cells_at_middle=cells_at_middle,
        )
        return _Inputs(run.result(on_progress))

    def _predicted(self, of: Observation, inputs: _Inputs) -> Floats:
        row = of.row
        if isinstance(row, EffectEvaluated):
            assert row.technology is not None
            sector = None if row.sector == "all" else row.sector
            return inputs.of(of.unit.code, EFFECT, row.technology, sector)
        start = self._plain.setting.start_year
        last = self._plain.setting.horizon_years
        first = min(max(0, math.floor(of.years)), last - 1)
        columns = [f"{row.technology}_{start + year}" for year in (first, first + 1)]
        at, after = (
            of_year.astype(float)
            for of_year in inputs.result.rows("adoption_by_technology_and_year", columns)
        )
        if of.years >= 0:
            adoption = at + (of.years - first) * (after - at)
        else:
            adoption = self._before(of, row.technology, inputs, at)
        return np.asarray(logit(np.clip(adoption, NEAREST, 1 - NEAREST)))

    def _before(self, of: Observation, technology: str, inputs: _Inputs, start: Floats) -> Floats:
        """Adoption before the start: the model's own steps, backwards."""
        dataset, scenario = self._dataset, self._plain
        inside = dataset.areas["area_code"].is_in(of.unit.members).to_numpy()
        gva = gva_at_start(scenario, dataset).sum(axis=1) * inside
        ready = float(np.average(readiness_of(scenario, dataset), weights=gva))
        known = {
            name: inputs.of(of.unit.code, name, technology)
            for name in ("innovation", "imitation", "ceiling")
        }
        slopes = {
            name: inputs.national(of.unit.code, f"readiness_slope_{name}") * ready
            for name in ("imitation", "ceiling")
        }
        q = known["imitation"] * np.exp(slopes["imitation"])
        ceiling = 1 / (1 + np.exp(-(logit(known["ceiling"]) + slopes["ceiling"])))
        m = np.maximum(ceiling, start)
        curve = scenario.setting.curve
        p = known["innovation"] if curve == "bass" else np.zeros_like(q)
        made: Floats = m * backwards(start / m, p, q, curve, -of.years)
        return made


def backwards(after: Floats, p: Floats, q: Floats, curve: str, years: float) -> Floats:
    """Adoption over its ceiling so many years before it was `after`, by the model's own steps.

    A step y → y + h(y) (1 − y) grows with y, so halving finds where it came from; between whole
    years lies a straight line. What had not begun is 0.
    """
    whole = math.floor(years)
    for _ in range(whole):
        after = _step_before(after, p, q, curve)
    if years == whole:
        return after
    made: Floats = after + (years - whole) * (_step_before(after, p, q, curve) - after)
    return made


def _step_before(after: Floats, p: Floats, q: Floats, curve: str) -> Floats:
    low, high = np.zeros_like(after), after.copy()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        seen = middle
        if curve == "gompertz":
            inner = np.clip(middle, 1e-12, 1 - 1e-12)
            seen = -inner * np.log(inner) / (1 - inner)
        stepped = middle + np.clip(p + q * seen, 0, 1) * (1 - middle)
        low, high = np.where(stepped < after, middle, low), np.where(stepped < after, high, middle)
    made: Floats = (low + high) / 2
    return made


def _lasting(scenario: Scenario, inputs: _Inputs, unit: str, lever: str) -> Floats:
    """What a lever at full take-up adds to output for good, as a share of it."""
    known = inputs.frame(unit)

    def effect_on(target: str) -> Floats:
        stated = dict(scenario.levers[lever].effects).get(target)
        name = f"levers.{lever}.effects.{target}"
        if name in known.columns:
            return known[name].to_numpy()
        middle = value_at(stated.figure(), 0.0) if stated else 0.0
        return np.full(known.height, middle)

    total = np.zeros(known.height)
    for technology in scenario.technologies:
        effect = inputs.of(unit, EFFECT, technology)
        ceiling = inputs.of(unit, CEILING, technology)
        raised = ceiling + (1 - ceiling) * np.minimum(effect_on(CEILING), 1)
        total += effect * ((1 + effect_on(EFFECT)) * raised - ceiling)
    return total


def logit(share: Any) -> Any:
    """Log odds."""
    return np.log(share) - np.log1p(-np.asarray(share))
