"""An ensemble smoother as proposal: where few futures of the prior meet the evidence.

The smoother (`iterative_ensemble_smoother`) moves an ensemble of futures to the evidence in the few
directions of the shared numbers that it tells of. A normal distribution is fitted there, every
future is moved by the map that makes it of the prior, and weights set right what that gets wrong:
prior × likelihood over proposal. So the result does not rest on the smoother, only how many
effective futures are left. The map is put on record, and with it every number can be made again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gainsmodel.evidence.observation import Observation, covariance, log_likelihood
from gainsmodel.evidence.weights import Weights, smoothed
from gainsmodel.extras import needed
from gainsmodel.simulation.conditioned import along

Floats = NDArray[np.float64]
Normals = NDArray[np.float32]
Predict = Callable[[Normals], Floats]
ENSEMBLE = 2_000
STEPS = 4
ROUNDS = 3
# Directions about which evidence says less than this, in standard errors, stay as they are.
LEAST_INFORMATION = 0.1
# A slope is kept if it is so many standard errors from 0, and so large a part of the row's largest.
CLEAR, LARGE = 4.0, 0.01
# The proposal is a little wider than the fit, so that weights have no heavy tail.
WIDER = 1.1
# Digits that are put on record.
DIGITS = 7


@dataclass(frozen=True, eq=False)
class Proposal:
    """Futures moved to the evidence, and their weights.

    Attributes
    ----------
    directions, shift, scale : ndarray
        Shapes (directions, numbers), (directions,) and (directions,); as `Move`.
    normals : ndarray
        Shape (numbers, draws).
    predicted : ndarray
        Shape (rows, draws).
    weights : Weights
    """

    directions: Floats
    shift: Floats
    scale: Floats
    normals: Normals
    predicted: Floats
    weights: Weights


def propose(
    predict: Predict,
    normals: Normals,
    predicted: Floats,
    of: Sequence[Observation],
    seed: int,
) -> Proposal | None:
    """Move futures to the evidence; None where no direction tells of it.

    Parameters
    ----------
    predict : callable
        From numbers, (numbers, draws), to what rows would show, (rows, draws).
    normals, predicted : ndarray
        Of the futures of the prior.
    of : sequence of Observation
        Rows to condition on.
    seed : int
        Of the perturbed observations.
    """
    with threadpool_limits(limits=1):
        directions = informed(normals, predicted, of)
        if not len(directions):
            return None
        numbers = normals[:, :ENSEMBLE]
        places, shown = _smoothed(predict, directions, numbers, predicted[:, :ENSEMBLE], of, seed)
        best: Proposal | None = None
        if not np.isfinite(shown).all():
            # No future comes near, however far it is moved.
            return None
        for _ in range(ROUNDS):
            fit = _fitted(places, shown, of)
            made = _moved(predict, directions, *fit, normals, of)
            if best is None or _better(made.weights, best.weights):
                best = made
            if best.weights.accepted or not np.isfinite(made.predicted).all():
                break
            # The next fit is made where the last has arrived.
            places, shown = directions @ made.normals.astype(float), made.predicted
        return best


def informed(normals: Normals, predicted: Floats, of: Sequence[Observation]) -> Floats:
    """Orthonormal directions of the shared numbers that rows tell of, (directions, numbers)."""
    numbers = normals.astype(float)
    count, draws = numbers.shape
    centred = predicted - predicted.mean(axis=1, keepdims=True)
    numbers = numbers - numbers.mean(axis=1, keepdims=True)
    if draws >= 4 * count:
        slopes = np.linalg.solve(numbers @ numbers.T, numbers @ centred.T).T
        left = np.std(centred - slopes @ numbers, axis=1)
    else:
        slopes, left = centred @ numbers.T / draws, np.std(centred, axis=1)
    least = np.maximum(
        CLEAR * left[:, None] / np.sqrt(draws), LARGE * np.abs(slopes).max(axis=1, keepdims=True)
    )
    slopes[np.abs(slopes) < least] = 0.0
    whitened = np.linalg.solve(np.linalg.cholesky(covariance(of)), slopes)
    _, strength, rows = np.linalg.svd(whitened, full_matrices=False)
    return rows[strength > LEAST_INFORMATION]


def _smoothed(
    predict: Predict,
    directions: Floats,
    normals: Normals,
    predicted: Floats,
    of: Sequence[Observation],
    seed: int,
) -> tuple[Floats, Floats]:
    """The ensemble after the smoother: places along directions, and what rows would show."""
    smoother = needed("iterative_ensemble_smoother", "evidence", "Conditioning on evidence")
    values = np.array([one.value for one in of])
    steps: Any = smoother.ESMDA(
        covariance(of), values, alpha=STEPS, seed=np.random.default_rng(seed)
    )
    start = directions @ normals.astype(float)
    places, shown = start, np.array(predicted, dtype=float)
    for _ in range(steps.num_assimilations()):
        steps.prepare_assimilation(Y=shown, truncation=1.0)
        places = steps.assimilate_batch(X=places.copy())
        there = normals + (directions.T @ (places - start)).astype(np.float32)
        shown = predict(there)
    return places, shown


def _fitted(places: Floats, shown: Floats, of: Sequence[Observation]) -> tuple[Floats, Floats]:
    """Mean and covariance along the directions, from rows as straight lines of these places."""
    middle, level = places.mean(axis=1), shown.mean(axis=1)
    across = places - middle[:, None]
    # A little of the prior, so that directions in which the ensemble does not spread do no harm.
    spread = across @ across.T + 1e-6 * np.eye(len(across))
    slopes = np.linalg.solve(spread, across @ (shown - level[:, None]).T).T
    left = np.var(shown - level[:, None] - slopes @ across, axis=1)
    whitened = np.linalg.solve(np.linalg.cholesky(covariance(of) + np.diag(left)), np.eye(len(of)))
    information = whitened @ slopes
    values = np.array([one.value for one in of])
    fitted = np.linalg.inv(np.eye(len(middle)) + information.T @ information)
    return fitted @ information.T @ whitened @ (values - level + slopes @ middle), fitted


def _moved(
    predict: Predict,
    directions: Floats,
    mean: Floats,
    fitted: Floats,
    normals: Normals,
    of: Sequence[Observation],
) -> Proposal:
    """Move every future of the prior to the fit, and weight it."""
    variances, turned = np.linalg.eigh(fitted)
    scale = _rounded(np.sqrt(np.minimum(variances * WIDER, 1.0)))
    shift = _rounded(turned.T @ mean)
    along_these = _rounded(turned.T @ directions)
    made = along(normals, along_these, shift, scale - 1)
    shown = predict(made)
    changed = np.flatnonzero(np.any(along_these != 0, axis=0))
    before, after = normals[changed].astype(float), made[changed].astype(float)
    over_proposal = -0.5 * np.sum(after**2 - before**2, axis=0)
    possible = np.isfinite(shown).all(axis=0)
    log_weights = log_likelihood(of, np.where(possible, shown, 0.0)) + over_proposal
    weights = smoothed(np.where(possible, log_weights, -np.inf))
    return Proposal(along_these, shift, scale, made, shown, weights)


def _rounded(values: Floats) -> Floats:
    """As they are put on record; what is next to nothing is nothing."""
    made: Floats = np.round(values, DIGITS)
    made[np.abs(made) < 1e-5] = 0.0
    return made


def _better(one: Weights, other: Weights) -> bool:
    return (one.k_hat <= 0.7, one.effective) > (other.k_hat <= 0.7, other.effective)
