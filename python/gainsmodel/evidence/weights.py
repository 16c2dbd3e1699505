"""Weights of futures: Pareto-smoothed importance sampling, and choosing futures by weight."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gainsmodel.extras import needed
from gainsmodel.scenario.conditioned import REPLICATES

Floats = NDArray[np.float64]
# Weights are relied on up to here (Vehtari and others, 2024), and with so many effective futures.
HIGHEST_K_HAT = 0.7
FEWEST_EFFECTIVE = 400


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of futures.

    Attributes
    ----------
    of_draws : ndarray
        Shape (draws,), summing to 1.
    k_hat : float
        Shape of the tail of the weights before they were smoothed.
    effective : float
        1 / Σ w², how many equally weighted futures tell as much.
    """

    of_draws: Floats
    k_hat: float
    effective: float

    @property
    def accepted(self) -> bool:
        """Whether means over futures with these weights can be relied on."""
        return self.k_hat <= HIGHEST_K_HAT and self.effective >= FEWEST_EFFECTIVE


def smoothed(log_weights: Floats) -> Weights:
    """Smooth the tail of importance weights.

    Parameters
    ----------
    log_weights : ndarray
        Shape (draws,), up to a constant; of a future that cannot be, −∞.

    Raises
    ------
    SettingError
        If arviz-stats is not installed; names the command that adds it.
    """
    base = needed("arviz_stats.base", "evidence", "Conditioning on evidence")
    log_weights = np.asarray(log_weights, dtype=float)
    highest = log_weights.max()
    if not np.isfinite(highest):
        return Weights(np.full(log_weights.size, 1 / log_weights.size), np.inf, 0.0)
    log_weights = np.maximum(log_weights - highest, -700.0)
    k_hat = 0.0
    # Weights that are all below e times their mean have no tail to speak of.
    if np.mean(np.exp(log_weights)) < np.exp(-1.0):
        # It takes log ratios of a density left out, so minus the log weights.
        try:
            with np.errstate(all="ignore"):
                tail, k_hat = base.array_stats.psislw(-log_weights)
        except ValueError:
            # The largest weights are all alike: none stands out, and there is nothing to smooth.
            tail, k_hat = log_weights, 0.0
        # Where next to all weight is on a few futures there is no tail to fit.
        fitted = np.isfinite(k_hat) and np.isfinite(tail).all()
        log_weights, k_hat = (tail, float(k_hat)) if fitted else (log_weights, np.inf)
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    return Weights(weights, k_hat, float(1 / np.sum(weights**2)))


def chosen(weights: Floats, seed: int) -> NDArray[np.int64]:
    """As many futures as there are, each as often as its weight says; the same for a seed.

    Systematic resampling within each of the sixteen replicates, whose futures are those of a place
    modulo sixteen: so replicates stay independent, and standard errors made from them count what
    weighting costs. Within a replicate the order is random.
    """
    made = np.empty(weights.size, dtype=np.int64)
    for replicate in range(REPLICATES):
        generator = np.random.default_rng([seed, replicate])
        own = weights[replicate::REPLICATES]
        reached = np.cumsum(own / own.sum())
        points = (np.arange(own.size) + generator.random()) / own.size
        places = np.minimum(np.searchsorted(reached, points), own.size - 1)
        made[replicate::REPLICATES] = generator.permutation(places) * REPLICATES + replicate
    return made
