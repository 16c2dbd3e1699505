"""What a run gives is finite, or it is refused."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from gainsmodel import _core
from gainsmodel.errors import ScenarioError
from gainsmodel.results.statistics import COLUMNS
from gainsmodel.scenario import PARAMETERS, Distribution, Scenario
from gainsmodel.scenario.distributions import Bounds
from gainsmodel.scenario.messages import KeyPath, dotted
from gainsmodel.scenario.parameters import LEVER_COST, LEVER_EFFECT

_COUNT, _MEAN = COLUMNS.index("count"), COLUMNS.index("mean")


def refuse_infinite(outcomes: Iterable[_core.RunOutcome], scenario: Scenario) -> None:
    """See that every draw of every quantity is a number; one that is missing counts as none.

    The bounds of the parameters hold each assumption where arithmetic bears it, but not every
    combination of them.

    Raises
    ------
    ScenarioError
        Names the assumption whose tails reach farthest, seen from what is allowed.
    """
    for outcome in outcomes:
        numbers = outcome.statistics()
        if not np.isfinite(numbers[numbers[:, _COUNT] > 0, _MEAN]).all():
            path, distribution = _farthest(scenario)
            low, high = distribution.tails()
            raise ScenarioError(
                f"{dotted(path)}: some draws give no finite amount; of all assumptions this one, "
                f"{distribution.kind} from {low:.3g} to {high:.3g}, reaches farthest: narrow it"
            )


def _bounded(scenario: Scenario) -> Iterator[tuple[KeyPath, Bounds, Any]]:
    """Go through the figures of a scenario that have bounds: key path, bounds, figure."""
    for name, of in PARAMETERS.items():
        if of.bounds is not None:
            prize = name == "prize"
            figure = scenario.prize if prize else getattr(scenario.parameters, name)
            yield (name,) if prize else ("parameters", name), of.bounds, figure
    for name, lever in scenario.levers.items():
        cost = "cost_gbp_per_head_per_year"
        yield ("levers", name, cost), LEVER_COST, lever.cost_gbp_per_head_per_year
        for target, effect in lever.effects:
            if effect is not None:
                yield ("levers", name, "effects", target), LEVER_EFFECT, effect


def _farthest(scenario: Scenario) -> tuple[KeyPath, Distribution]:
    """Find the assumption whose tails come nearest to what is allowed."""
    stated = (
        (bounds.nearness(distribution), (*path, *at), distribution)
        for path, bounds, figure in _bounded(scenario)
        for at, distribution in figure.stated()
    )
    return max(stated, key=lambda entry: entry[0])[1:]
