"""Whether readier areas have more or less of the gain than of the economy, and if they diverged.

In the reference readiness raises adoption at the start most of all, so that the readier areas have
less left to adopt: areas converge by assumption. The scenario ensemble has the other pattern.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.errors import ResultError
from gainsmodel.results.result import Result, draws_of
from gainsmodel.results.structures import axes_of_draws
from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.scenario.structures import Axis, Structure
from gainsmodel.simulation.core_inputs import readiness_of
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

# Of the scenario ensemble.
AXIS, DIVERGE = "Pattern between areas", "diverge"
# Enough for a mean ratio to two decimals.
DRAWS = 2_000
_SLOPES = tuple(
    f"parameters.readiness_slope_{on}"
    for on in ("initial_adoption", "imitation", "ceiling", "productivity_effect")
)


@dataclass(frozen=True)
class Pattern:
    """How shares of the gain go with readiness; made by `pattern`.

    Attributes
    ----------
    areas : int
    correlation : float
        Between readiness and the mean share of the gain over the share of GVA, across areas
        (Pearson, unweighted); NaN where either is the same in all.
    choices : dict
        The same by choice, where choices of an axis of structures differ in what readiness does.
    """

    areas: int
    correlation: float
    choices: dict[str, float]


def pattern(result: Result) -> Pattern:
    """Correlate areas' readiness with their shares of the gain over their shares of GVA."""
    ready = readiness_of(result.scenario, result.dataset)
    areas = result.areas()
    economy = areas["gva_share"].to_numpy()
    choices = {}
    for name, here in _places(result).items():
        shares = draws_of(result, "share")[: areas.height, here]
        choices[name] = _correlation(ready, np.nanmean(shares, axis=1) / economy)
    mean = areas["share_mean"].cast(float).to_numpy()
    return Pattern(areas.height, _correlation(ready, mean / economy), choices)


def ratios_if_diverging(
    result: Result,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Each area's mean share of the gain over its share of GVA where areas diverge.

    Of a run whose structures hold that pattern, its futures with it; otherwise of a further run
    of 2,000 draws, or as many as the result has if those are fewer, without a plan.

    Parameters
    ----------
    result : Result
    threads, on_progress
        As `run`.

    Returns
    -------
    dict
        Code of each area and group to the ratio. Empty where structures of the scenario differ in
        what readiness does in another way, or where draws were not kept.
    """
    economy = pl.concat([result.areas(), result.groups()], how="diagonal")["gva_share"].to_numpy()
    if any(map(result.scenario.differs_between_structures, _SLOPES)):
        here = _places(result).get(DIVERGE)
        if here is None:
            return {}
        mean = np.nanmean(draws_of(result, "share")[:, here], axis=1)
    else:
        few = {"draws": min(result.manifest["draws"], DRAWS)}
        settings = Settings.of(result.manifest | few)
        run = Run(diverging(result.scenario), result.dataset, settings, threads)
        other = run.result(on_progress)
        both = pl.concat([other.areas(), other.groups()], how="diagonal")
        mean = both["share_mean"].cast(float).to_numpy()
    ratios = dict(zip(result.codes, (mean / economy).tolist(), strict=True))
    return {code: ratio for code, ratio in ratios.items() if np.isfinite(ratio)}


def diverging(scenario: Scenario) -> Scenario:
    """The scenario without its plan where readiness also raises ceilings and pace."""
    return scenario.without_plan().edit(_divergent().overrides)


def _divergent() -> Structure:
    axes = {axis.name: axis for axis in load_scenario("ensemble").structure_axis}
    return {choice.name: choice for choice in axes[AXIS].choice}[DIVERGE]


def _places(result: Result) -> dict[str, NDArray[np.bool_]]:
    """Draws of each choice of the axis whose choices differ in what readiness does, if any."""
    found = [
        (axis, place)
        for axis, place in axes_of_draws(result.scenario, result.manifest)
        if _acts_on_readiness(result.scenario, axis)
    ]
    if len(found) != 1 or not _has_shares(result):
        return {}
    ((axis, place),) = found
    return {choice.name: place == n for n, choice in enumerate(axis.choice)}


def _has_shares(result: Result) -> bool:
    try:
        result.draws("share", result.codes[:1])
    except ResultError:
        return False
    return True


def _acts_on_readiness(scenario: Scenario, axis: Axis) -> bool:
    alone = scenario.model_copy(update={"structure_axis": (axis,)})
    return any(map(alone.differs_between_structures, _SLOPES))


def _correlation(ready: NDArray[np.float64], ratio: NDArray[np.float64]) -> float:
    known = np.isfinite(ratio)
    if known.sum() < 3 or np.ptp(ready[known]) == 0 or np.ptp(ratio[known]) == 0:
        return float("nan")
    return float(np.corrcoef(ready[known], ratio[known])[0, 1])
