"""Whether a scenario may be run, and what about its ranges is to be known first."""

from collections.abc import Iterator

from gainsmodel.data import Dataset
from gainsmodel.present.blocks import Block, Points, Words
from gainsmodel.scenario import Scenario


def validation(name: str, scenario: Scenario, dataset: Dataset) -> Iterator[Block]:
    """Say that a scenario that was loaded as `name` is valid."""
    own_name = dataset.own_name
    on = "" if own_name is None else f" on {own_name}, {dataset.areas.height} areas"
    yield Words(f"{name}: valid{on}: {scenario.title}")
    notes = [
        f"{path}: 9 in 10 stated as {stated[0]:g} to {stated[1]:g}, simulated as "
        f"{simulated[0]:.2g} to {simulated[1]:.2g}: the median is not in the middle"
        for path, stated, simulated in scenario.ranges_missed()
    ]
    if notes:
        yield Points(notes)
