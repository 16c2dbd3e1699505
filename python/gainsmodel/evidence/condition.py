"""Condition a scenario on evidence: choose the futures that could have given it."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Sampler
from gainsmodel.data import Dataset
from gainsmodel.errors import EvidenceError, ScenarioError, SettingError, UnknownNameError
from gainsmodel.evidence.evidence_file import EffectEvaluated, Evidence, load_evidence
from gainsmodel.evidence.observation import (
    Floats,
    Observation,
    Predictor,
    covariance,
    in_common,
    log_likelihood,
    observations,
)
from gainsmodel.evidence.smoother import ROUNDS, STEPS, Proposal, propose
from gainsmodel.evidence.weights import FEWEST_EFFECTIVE, HIGHEST_K_HAT, Weights, chosen, smoothed
from gainsmodel.extras import needed
from gainsmodel.progress import Steps
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.conditioned import (
    MOST_DRAWS,
    REPLICATES,
    Conditioned,
    Engine,
    assumptions_sha256,
)
from gainsmodel.scenario.parameters import PARAMETERS
from gainsmodel.simulation.conditioned import figures_sha256
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

# Rows contradict one another, or the assumptions, beyond this; and are said to be at odds, beyond
# that many of their errors.
CONTRADICTED, AT_ODDS = 1e-6, 3.0
BAND = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class Conditioning:
    """A scenario conditioned on evidence, beside what it was before; made by `condition`.

    Attributes
    ----------
    scenario : Scenario
        Conditioned: whatever is asked of it is answered from the chosen futures.
    evidence : Evidence
    engine : str
        ``"importance sampling"`` of the futures there were, or ``"ensemble smoother"``.
    k_hat, effective : float
        Shape of the tail of the weights, and how many equally weighted futures tell as much.
    k_hat_before, effective_before : float
        Of importance sampling alone.
    draws, seed, sampler
        Futures before conditioning, and how they were drawn.
    rows : pl.DataFrame
        One row a row of evidence: ``name``, ``kind``, ``place``, ``subject``, ``held_out``,
        ``observed`` and ``error`` as stated, ``discount``, ``before_p05``, ``before_p50``,
        ``before_p95`` and ``after_…``: what it would have shown, its own error included;
        ``inside`` the band after; ``misfit`` in standard errors (null where held out).
    assumptions : pl.DataFrame
        One row an assumption, the most moved first: ``name``, ``label``, ``before_mean``,
        ``before_p05``, ``before_p95``, ``after_…``, ``moved`` (of the mean, in standard
        deviations before), ``narrowed`` (standard deviation after over before).
    before, after : Result
        The scenario's own run, and that of the conditioned one.
    notes : list of str
    """

    scenario: Scenario
    evidence: Evidence
    engine: str
    k_hat: float
    effective: float
    k_hat_before: float
    effective_before: float
    draws: int
    seed: int
    sampler: Sampler
    rows: pl.DataFrame
    assumptions: pl.DataFrame
    before: Result
    after: Result
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Give the answer as plain values, the conditioned scenario left out."""
        names = ("engine", "k_hat", "effective", "k_hat_before", "effective_before", "draws")
        told = {name: getattr(self, name) for name in (*names, "seed", "sampler", "notes")}
        told = {
            k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in told.items()
        }
        return {
            "evidence": self.evidence.title,
            **told,
            "rows": self.rows.to_dicts(),
            "assumptions": self.assumptions.to_dicts(),
            "before": self.before.to_dict(["uk"]),
            "after": self.after.to_dict(["uk"]),
        }


def condition(
    scenario: Scenario | str | os.PathLike[str],
    evidence: Evidence | Mapping[str, Any] | str | os.PathLike[str],
    *,
    held_out: Sequence[str] = (),
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Conditioning:
    """Learn from evidence: choose the futures that could have given it.

    Futures of the scenario are weighted by how likely they make the evidence; where that leaves
    too few, they are first moved to it by an ensemble smoother. As many are then chosen by
    weight, so that a conditioned scenario is run and asked like any other.

    Parameters
    ----------
    scenario : Scenario, str or path
    evidence : Evidence, mapping, str or path
        Evidence, the file of some, or the name of a shipped one such as ``"bics_ai"``.
    held_out : sequence of str
        Names of rows that are only compared with, beside those that say so themselves.
    draws : int
        Futures to choose from, made up to a multiple of 16; at most 100,000.
    seed, sampler, geography, dataset, threads, on_progress
        As in `run`.

    Returns
    -------
    Conditioning

    Raises
    ------
    EvidenceError
        If the evidence cannot be read, contradicts itself, or leaves too few futures.
    ScenarioError, SettingError, UnknownNameError, DataError
        For anything else the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> learned = gainsmodel.condition("reference", "bics_ai", draws=4_000)
    >>> learned.after.groups().height == learned.before.groups().height
    True
    """
    loaded, figures = resolve(scenario, geography, dataset)
    told = _evidence(evidence, held_out)
    if loaded.conditioned is not None:
        raise ScenarioError(
            "conditioned: this scenario is conditioned already; put all rows in one file and "
            "condition the scenario as it was"
        )
    if loaded.every_structure():
        raise ScenarioError(
            "structure: a scenario of several structures cannot be conditioned; take one of "
            "`Scenario.structures`"
        )
    if not FEWEST_EFFECTIVE <= draws <= MOST_DRAWS:
        raise SettingError(
            f"draws: must be from {FEWEST_EFFECTIVE:,} to {MOST_DRAWS:,} to condition, "
            f"not {draws:,}"
        )
    for module in ("arviz_stats.base", "iterative_ensemble_smoother"):
        needed(module, "evidence", "Conditioning on evidence")
    settings = Settings(draws=draws, seed=seed, sampler=sampler, precision="float32")
    settings = replace(settings, draws=-(-settings.draws // REPLICATES) * REPLICATES)
    # Sums have one order then, whatever the number of the library's threads.
    with threadpool_limits(limits=1):
        return _learned(loaded, figures, told, settings, threads, on_progress)


def _learned(
    loaded: Scenario,
    figures: Dataset,
    told: Evidence,
    settings: Settings,
    threads: int | None,
    on_progress: Callable[[int, int], None] | None,
) -> Conditioning:
    """Weigh, move if need be, and choose; what is asked has been checked."""
    every = observations(loaded, figures, told)
    predictor = Predictor(loaded, figures, every, settings, threads)
    # Prior, cells, the smoother's steps and rounds at most, and the two whole runs.
    steps = Steps(on_progress, settings.draws, 4 + predictor.runs * (3 + STEPS + ROUNDS))
    names, normals = predictor.numbers()
    predicted = predictor(normals, steps.next)
    every = predictor.with_errors_of_cells(normals, predicted, steps.next)
    used = [n for n, one in enumerate(every) if not one.row.held_out]
    of = [every[n] for n in used]
    first = smoothed(log_likelihood(of, predicted[used]))
    moves: dict[str, Any] = {}
    engine: Engine = "importance sampling"
    weights, after = first, predicted
    if not first.accepted:
        engine = "ensemble smoother"
        of_used = Predictor(loaded, figures, of, settings, threads)
        proposal = propose(
            lambda moved: of_used(moved, steps.next), normals, predicted[used], of, settings.seed
        )
        if proposal is None or not proposal.weights.accepted:
            best = first if proposal is None else proposal.weights
            raise EvidenceError(_too_few(told, of, predicted[used], best, first, settings.draws))
        weights, after = proposal.weights, np.array(predicted)
        moves = _on_record(proposal, names)
        after = predictor(proposal.normals, steps.next)
    misfit, notes = _misfit(told, of, after[used], weights)
    record = Conditioned(
        evidence=told.title,
        evidence_sha256=told.sha256,
        engine=engine,
        k_hat=weights.k_hat,
        effective_draws=weights.effective,
        draws=settings.draws,
        seed=settings.seed,
        sampler=settings.sampler,
        figures_sha256=figures_sha256(figures),
        assumptions_sha256=assumptions_sha256(loaded.to_dict()),
        chosen=tuple(chosen(weights.of_draws, settings.seed).tolist()),
        **moves,
    )
    learned = loaded.model_copy(update={"conditioned": record})
    run_as = replace(settings, precision=None)
    whole = [Run(each, figures, run_as, threads).result(steps.next()) for each in (loaded, learned)]
    return Conditioning(
        *(learned, told, engine, weights.k_hat, weights.effective),
        *(first.k_hat, first.effective, settings.draws, settings.seed, settings.sampler),
        rows=_rows(every, used, predicted, after, weights, misfit, settings.seed),
        assumptions=_assumptions(loaded, *whole),
        before=whole[0],
        after=whole[1],
        notes=notes,
    )


def _evidence(
    evidence: Evidence | Mapping[str, Any] | str | os.PathLike[str], held_out: Sequence[str]
) -> Evidence:
    if isinstance(evidence, Mapping):
        evidence = Evidence.from_dict(evidence)
    elif not isinstance(evidence, Evidence):
        evidence = load_evidence(evidence if isinstance(evidence, str) else Path(evidence))
    if not held_out:
        return evidence
    known = [row.name for _, row in evidence.rows()]
    for name in held_out:
        if name not in known:
            raise UnknownNameError(
                f"held_out: no row is called {name!r}{did_you_mean(name, known)}"
            )
    data = evidence.to_dict()
    for row in (*data["adoption"], *data["effect"]):
        row["held_out"] = row["held_out"] or row["name"] in held_out
    other = Evidence.from_dict(data)
    other._where = evidence._where
    return other


def _on_record(proposal: Proposal, names: Sequence[str]) -> dict[str, Any]:
    """The map of a proposal, as `Conditioned` keeps it."""
    kept = (proposal.shift != 0) | (proposal.scale != 1)
    directions = proposal.directions[kept]
    used = np.flatnonzero(np.any(directions != 0, axis=0))
    return {
        "numbers": tuple(names[int(n)] for n in used),
        "directions": tuple(map(tuple, directions[:, used].tolist())),
        "shift": tuple(proposal.shift[kept].tolist()),
        "scale": tuple(proposal.scale[kept].tolist()),
    }


def _too_few(
    evidence: Evidence,
    of: Sequence[Observation],
    predicted: Floats,
    best: Weights,
    first: Weights,
    draws: int,
) -> str:
    """Say that too few futures are left, and which rows are to blame."""
    left = f"{best.effective:,.0f} of {draws:,} futures"
    why = (
        f"and at least {FEWEST_EFFECTIVE} are needed"
        if best.effective < FEWEST_EFFECTIVE
        else f"with weights too uneven to rely on (k-hat {best.k_hat:.2f}, at most {HIGHEST_K_HAT})"
    )
    alone = f" ({first.effective:,.0f} before they were moved to the evidence)"
    values, errors = (np.array([getattr(one, name) for one in of]) for name in ("value", "error"))
    spread = np.hypot(predicted.std(axis=1), np.hypot(errors, [one.mapping for one in of]))
    far = np.abs(values - predicted.mean(axis=1)) / spread
    furthest = [of[n] for n in np.argsort(-far)[:3]]
    told = [
        f"{evidence.place(one.path)}{one.row.name} "
        f"({far[of.index(one)]:.1f} standard errors from what the assumptions expect)"
        for one in furthest
    ]
    return (
        f"these figures leave {left}{alone if best is not first else ''}, {why}; look at the "
        "errors of the rows, hold rows out, simulate more draws or widen the assumptions. "
        "Furthest are:\n" + "\n".join(told)
    )


def _misfit(
    evidence: Evidence, of: Sequence[Observation], after: Floats, weights: Weights
) -> tuple[Floats, list[str]]:
    """How far rows are from what the chosen futures show; refuses contradiction."""
    stats = needed("scipy.stats", "evidence", "Conditioning on evidence")
    values = np.array([one.value for one in of])
    apart = values - after @ weights.of_draws
    errors = covariance(of)
    total = float(apart @ np.linalg.solve(errors, apart))
    # Each beside all others: what its own and the common errors leave of it.
    inverse = np.linalg.inv(errors)
    each = (inverse @ apart) / np.sqrt(np.diag(inverse))
    worst = [int(n) for n in np.argsort(-np.abs(each))]
    if stats.chi2.sf(total, len(of)) < CONTRADICTED:
        rows = "\n".join(
            f"{evidence.place(of[n].path)}{of[n].row.name} ({abs(each[n]):.1f} standard errors off)"
            for n in worst[:3]
        )
        raise EvidenceError(
            "these rows contradict one another or the assumptions: no future comes near to all of "
            f"them; check them and their errors, or hold some out. Furthest off are:\n{rows}"
        )
    notes = [
        f"{of[n].row.name} is {abs(each[n]):.1f} of its standard errors from what the other rows "
        "and the assumptions allow."
        for n in worst
        if abs(each[n]) > AT_ODDS
    ]
    return each, notes


def _rows(
    every: Sequence[Observation],
    used: Sequence[int],
    before: Floats,
    after: Floats,
    weights: Weights,
    misfit: Floats,
    seed: int,
) -> pl.DataFrame:
    """What rows would have shown, their own errors included, before and after."""
    of = [every[n] for n in used]
    equal = np.full_like(weights.of_draws, 1 / weights.of_draws.size)
    # What rows tell of the error they have in common with such a row asked again.
    shared = in_common(every, of)
    gain = np.linalg.solve(covariance(of), shared.T).T
    apart = np.array([one.value for one in of])[:, None] - after[used]
    made = []
    for n, one in enumerate(every):
        noise = np.random.default_rng([seed, n]).standard_normal(before.shape[1])
        own = one.error**2 + one.mapping**2
        bands = _band(one, before[n] + math.sqrt(own) * noise, equal)
        left = max(own - float(gain[n] @ shared[n]), 0.0)
        shown = after[n] + gain[n] @ apart + math.sqrt(left) * noise
        behind = _band(one, shown, weights.of_draws)
        row = one.row
        effect = isinstance(row, EffectEvaluated)
        observed = row.effect if isinstance(row, EffectEvaluated) else row.share
        made.append(
            {
                "name": row.name,
                "kind": "effect" if effect else "adoption",
                "place": one.unit.name,
                "subject": row.technology or getattr(row, "lever", None),
                "held_out": n not in used,
                "observed": observed,
                "error": row.error,
                **{f"before_{name}": v for name, v in zip(_NAMES, bands, strict=True)},
                **{f"after_{name}": v for name, v in zip(_NAMES, behind, strict=True)},
                "inside": behind[0] <= observed <= behind[2],
                "misfit": float(misfit[used.index(n)]) if n in used else None,
                "source": row.source,
                "evidence": row.evidence,
            }
        )
    return pl.DataFrame(made, infer_schema_length=None)


_NAMES = ("p05", "p50", "p95")


def _band(one: Observation, values: Floats, weights: Floats) -> list[float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    places = np.minimum(np.searchsorted(reached, BAND), values.size - 1)
    return [float(v) for v in one.shown(values[order][places])]


def _assumptions(scenario: Scenario, before: Result, after: Result) -> pl.DataFrame:
    """What evidence moved and narrowed, the most first; usual values in the UK."""
    once, then = before.inputs(), after.inputs()
    made = []
    for name in once.columns[1:]:
        label = _label(scenario, name)
        old, new = (of[name].to_numpy() for of in (once, then))
        if label is None or not (spread := float(old.std())):
            continue
        made.append(
            {
                "name": name,
                "label": label,
                **{f"before_{key}": value for key, value in _told(old)},
                **{f"after_{key}": value for key, value in _told(new)},
                "moved": float(new.mean() - old.mean()) / spread,
                "narrowed": float(new.std()) / spread,
            }
        )
    frame = pl.DataFrame(made, infer_schema_length=None)
    much = pl.max_horizontal(pl.col("moved").abs(), 1 - pl.col("narrowed"))
    return frame.sort(much, descending=True)


def _told(values: NDArray[np.float64]) -> Iterator[tuple[str, float]]:
    yield "mean", float(values.mean())
    low, high = np.quantile(values, [0.05, 0.95])
    yield "p05", float(low)
    yield "p95", float(high)


def _label(scenario: Scenario, name: str) -> str | None:
    """What an input is called; None where it only sums up others or is of no account here."""
    field, _, technology = name.partition(".")
    if name.startswith("levers.") and ".effects." in name:
        lever, target = name.split(".")[1], name.split(".")[3]
        return f"effect of {scenario.levers[lever].label} on {PARAMETERS[target].in_sentence}"
    if field not in PARAMETERS or field == "take_up":
        return None
    if technology in scenario.technologies:
        return f"{PARAMETERS[field].label}: {scenario.technologies[technology].label}"
    of_technologies = PARAMETERS[field].level == "spread"
    return None if technology or of_technologies else PARAMETERS[field].label
