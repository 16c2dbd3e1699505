"""Which of two plans is worth more: one rule for every question, from the same draws.

The rule, model page section 9: the expected difference in net present value with its standard
error, the chance of being better, and what choosing wrongly costs on average. Two plans cannot
be ranked where the expected difference lies within two standard errors of 0, nor where it lies
beyond two of them on one side of 0 in some structures of the model and on the other in others.
"""

from dataclasses import dataclass

import numpy as np

from gainsmodel import format
from gainsmodel.data.units import Unit
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result
from gainsmodel.results.statistics import COLUMNS, Draws, statistics_of
from gainsmodel.results.structures import structure_of_draws

# Name of the option to have no plan.
NOTHING = "Do nothing"
# Name of a plan where there is no other.
THIS_PLAN = "This plan"
# How many standard errors of its mean a difference must be from 0.
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Signs:
    """Weight of the structures in which a mean lies above 0, and below, told apart from it."""

    above: float = 0.0
    below: float = 0.0

    @property
    def differ(self) -> bool:
        """Whether it is above 0 in some and below it in others."""
        return self.above > 0 and self.below > 0


# Of a scenario with one structure.
NO_SIGNS = Signs()


def signs(draws: Draws, result: Result) -> Signs:
    """On which side of 0 the mean lies in each structure; nothing where there is only one.

    Parameters
    ----------
    draws : ndarray, shape (draws,)
        In the order they were simulated.
    result : Result
        The run they are of.
    """
    weights = [of.weight for of in result.scenario.every_structure()]
    if not weights:
        return NO_SIGNS
    place = structure_of_draws(result.scenario, result.manifest)
    above = below = 0.0
    for n, weight in enumerate(weights):
        own = draws[place == n]
        if own.size:
            (numbers,) = statistics_of(own[None], result.manifest["sampler"])
            mean, mcse = (float(numbers[COLUMNS.index(name)]) for name in ("mean", "mcse_mean"))
            if is_told(mean, mcse):
                above, below = above + weight * (mean > 0), below + weight * (mean < 0)
    return Signs(above, below)


@dataclass(frozen=True)
class Verdict:
    """How two plans rank by net present value; made by `verdict` or `of_draws`.

    Attributes
    ----------
    difference_gbp_m, difference_mcse_gbp_m : float
        Expected net present value of the first less that of the second, and its Monte Carlo
        standard error.
    p_first_better, p_second_better : float
        Probability that it is the one worth more; in the other draws both are worth the same.
    expected_loss_gbp_m, expected_loss_mcse_gbp_m : float
        What choosing the one worth more on average costs, on average, where the other would
        have been better, and its standard error: the expected value of perfect information.
    draws : int
    structures : Signs
        In which structures of the model the first is worth more, and the second.
    """

    difference_gbp_m: float
    difference_mcse_gbp_m: float
    p_first_better: float
    p_second_better: float
    expected_loss_gbp_m: float
    expected_loss_mcse_gbp_m: float
    draws: int
    structures: Signs = NO_SIGNS

    @property
    def is_ranked(self) -> bool:
        """Whether the expected difference is told apart from 0, on one side in all structures."""
        told = is_told(self.difference_gbp_m, self.difference_mcse_gbp_m)
        return told and not self.structures.differ

    def in_words(self, first: str, second: str) -> str:
        """The verdict in a sentence, by the names of the two; the same in either order."""
        a, b, chance = f"“{first}”", f"“{second}”", self.p_first_better
        of = self.structures
        if self.p_first_better == self.p_second_better == 0:
            return f"{a} and {b} have the same net present value in every future."
        if self.difference_gbp_m < 0:
            a, b, chance = b, a, self.p_second_better
            of = Signs(of.below, of.above)
        if not self.is_ranked:
            why = "the average difference is within its simulation error"
            if of.differ:
                why = f"on average {a} is worth more in {_some(of.above)}, {b} in {_some(of.below)}"
            return (
                f"{a} and {b} cannot be ranked by net present value: {why}. {a} is worth more "
                f"{format.chance(chance, self.draws)}."
            )
        amount = format.gbp(abs(self.difference_gbp_m), self.difference_mcse_gbp_m)
        more = "more" if amount == format.TOO_FEW else f"{format.about(amount)} more"
        ranked = (
            f"{a} is worth {more} than {b} on average (net present value), and more "
            f"{format.chance(chance, self.draws)}."
        )
        loss = format.gbp(self.expected_loss_gbp_m, self.expected_loss_mcse_gbp_m)
        if loss == format.TOO_FEW or self.expected_loss_gbp_m == 0:
            return ranked
        return (
            f"{ranked} Where {b} would have been better, choosing {a} loses {loss} on average "
            "over all futures."
        )


def verdict(first: PairedResult, second: PairedResult, unit: Unit) -> Verdict:
    """Rank two plans under the same assumptions by what they are worth in an area."""
    gap = PairedResult(first.with_plan, second.with_plan).net_present_value_draws(unit)
    return of_draws(gap, first.with_plan)


def of_draws(difference_gbp_m: Draws, result: Result) -> Verdict:
    """Rank from the difference in every draw, first less second, shape (draws,), of a run."""
    sampler = result.manifest["sampler"]
    wrong = difference_gbp_m if difference_gbp_m.mean() < 0 else -difference_gbp_m
    numbers = statistics_of(np.stack([difference_gbp_m, np.maximum(wrong, 0.0)]), sampler)
    (mean, loss), errors = (numbers[:, COLUMNS.index(name)] for name in ("mean", "mcse_mean"))
    mcse, loss_mcse = errors
    return Verdict(
        difference_gbp_m=float(mean),
        difference_mcse_gbp_m=float(mcse),
        p_first_better=float((difference_gbp_m > 0).mean()),
        p_second_better=float((difference_gbp_m < 0).mean()),
        expected_loss_gbp_m=float(loss),
        expected_loss_mcse_gbp_m=float(loss_mcse),
        draws=difference_gbp_m.size,
        structures=signs(difference_gbp_m, result),
    )


def is_told(mean: float, mcse: float) -> bool:
    """Whether a mean is told apart from 0; one future, whose error is unknown, tells nothing."""
    return abs(mean) > STANDARD_ERRORS * mcse


def _some(weight: float) -> str:
    return f"structures of the model with {format.whole_percent(weight)} of the weight"


def against_nothing(known: Verdict, low_gbp_m: float, high_gbp_m: float) -> str:
    """The verdict on the only plan there is and doing nothing, with its range.

    Parameters
    ----------
    known : Verdict
        The plan first.
    low_gbp_m, high_gbp_m : float
        5% and 95% quantiles of its net present value, £m.
    """
    said = known.in_words(THIS_PLAN, NOTHING)
    if low_gbp_m == high_gbp_m:
        return said
    spread = format.gbp_range(low_gbp_m, high_gbp_m)
    return f"{said} In 9 of 10 futures its net present value is {spread}."


def breaks_even(benefits_times: float, costs_times: float) -> str:
    """At which multiple of all that a plan adds, or of all its costs, its mean net value is 0."""
    return (
        f"On average it breaks even if all it adds is {benefits_times:.2g} times what is assumed, "
        f"or all costs are {costs_times:.2g} times."
    )
