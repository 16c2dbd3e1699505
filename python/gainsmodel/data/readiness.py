"""Readiness of areas: a weighted, standardised proxy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gainsmodel.errors import DataError


def readiness(
    gigabit_share: ArrayLike,
    j_share_of_gva: ArrayLike,
    weights: Sequence[float] = (1.0, 1.0),
    names: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Digital readiness of each area: a proxy, mean 0 and standard deviation 1.

    Gigabit coverage and the logit of the J share are each standardised over the areas
    (unweighted, population standard deviation), averaged with the weights and
    standardised again. Where nothing varies, every area scores 0.

    Parameters
    ----------
    gigabit_share : array_like
        Share of premises that can get gigabit broadband, 0 to 1, shape (areas,).
    j_share_of_gva : array_like
        Information and communication as a share of GVA, shape (areas,), strictly
        below 1 unless its weight is 0. A share of 0 has no logit: it is taken as the lowest
        share above 0 among the areas, so that such an area is as ready as the least digital
        other one. No shipped area has one (the lowest is 0.2%).
    weights : sequence of float
        Weight of coverage and of the J share; none negative.
    names : sequence of str, optional
        Of the areas, for messages.

    Returns
    -------
    ndarray
        Shape (areas,).

    Raises
    ------
    DataError
        If shapes differ, a share lies outside its bounds or a weight is negative.
    """
    gigabit = np.asarray(gigabit_share, dtype=np.float64)
    digital = np.asarray(j_share_of_gva, dtype=np.float64)
    weight = np.asarray(weights, dtype=np.float64)
    if gigabit.ndim != 1 or gigabit.shape != digital.shape:
        raise DataError(f"shares must have one shape (areas,): {gigabit.shape}, {digital.shape}")
    if weight.shape != (2,) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise DataError(f"readiness needs two weights, none negative: {weights}")

    def require(values: NDArray[np.float64], valid: NDArray[np.bool_], what: str) -> None:
        if not valid.all():
            at = int(np.argmin(valid))
            area = f" of {names[at]}" if names is not None else ""
            raise DataError(f"{what}, not {values[at]}{area}")

    require(gigabit, (gigabit >= 0) & (gigabit <= 1), "gigabit share must be from 0 to 1")
    score = weight[0] * _standardise(gigabit)
    if weight[1] > 0:
        require(digital, (digital >= 0) & (digital < 1), "J share of GVA must be 0 to below 1")
        some = digital[digital > 0]
        if some.size:
            lifted = np.maximum(digital, some.min())
            score = score + weight[1] * _standardise(np.log(lifted / (1.0 - lifted)))
    return _standardise(score)


def _standardise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale to mean 0 and population standard deviation 1, or to zeros if nothing varies."""
    if not values.size:
        return values
    centred: NDArray[np.float64] = values - values.mean()
    deviation = float(centred.std())
    # Rounding leaves equal values a hair apart; that is not variation.
    if deviation <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return np.zeros_like(values)
    return centred / deviation
