"""What a plan would be worth at the take-up that earlier programmes had.

How much of a programme is taken up is the least known thing about it, so that whether it pays back
is said for each case of its reference class too, on the same draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gainsmodel.choices import Prices
from gainsmodel.data.units import unit_of
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Steps
from gainsmodel.results.paired import NET_PRESENT_VALUE, PairedResult
from gainsmodel.results.statistics import FROM_CORE, chances_of, columns_of, statistics_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.merge import unfold
from gainsmodel.scenario.structures import Structure
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings


@dataclass(frozen=True)
class Case:
    """A programme whose take-up is known: its name, the share of plan taken up, and from where."""

    programme: str
    take_up: float
    source: str


# The reference class of the levers' take-up, lowest first.
CASES = (
    Case(
        "Help to Grow: Digital",
        0.008,
        "about 820 vouchers redeemed of 100,000 planned, 2021–23: written answer to Parliament, "
        "7 July 2023, and the accounting officer’s assessment",
    ),
    Case(
        "Growth Vouchers",
        0.35,
        "about 7,000 vouchers used of 20,000 firms that took the diagnostic, 2014–15: The "
        "Guardian, 16 August 2015",
    ),
)


@dataclass(frozen=True, eq=False, repr=False)
class TakeUpCases(ShownInNotebooks):
    """What a plan would be worth at the take-up of earlier programmes; made by `take_up_cases`.

    Attributes
    ----------
    area : str
    draws : int
    table : pl.DataFrame
        One row a case of `CASES`: ``case``, ``take_up`` (0 to 1), ``source``, the statistics of
        ``net_present_value_gbp_m``, £m, ``p_pays_back`` and ``p_pays_back_mcse``. No row where
        every lever that is moved has a take-up of its own.
    keep_their_own : tuple of str
        Labels of levers that are moved and have a take-up of their own, which stays.
    """

    area: str
    draws: int
    table: pl.DataFrame
    keep_their_own: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            **self.__dict__,
            "table": self.table.to_dicts(),
            "keep_their_own": [*self.keep_their_own],
        }


def take_up_cases(
    pair: PairedResult,
    area: str,
    *,
    gross: bool = False,
    prices: Prices = "real",
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> TakeUpCases:
    """Appraise a plan at the take-up of each of `CASES`, on the same draws.

    The take-up common to all levers is held at the case's in every draw and area; a lever with a
    take-up of its own, whose reference class is another, keeps it. The reference without the plan
    does not depend on take-up, so only the plan is run again.

    Parameters
    ----------
    pair : PairedResult
        As `run_paired` gives it.
    area : str
        Name or code of an area, group or wider area.
    gross, prices
        As `gainsmodel.appraise`.
    threads, on_progress
        As `gainsmodel.run`; one run a case.

    Returns
    -------
    TakeUpCases

    Raises
    ------
    ResultError
        If the two are not paired, differ in more than the plan, or draws were not kept.
    SettingError, UnknownNameError
        As `appraise`.

    Examples
    --------
    >>> import gainsmodel
    >>> pair = gainsmodel.run_paired("skills_first", draws=500)
    >>> gainsmodel.take_up_cases(pair, "Greater Manchester").table["take_up"].to_list()
    [0.008, 0.35]
    """
    pair.check_reference()
    scenario, settings = pair.scenario, Settings.of(pair.manifest)
    unit = unit_of(pair.dataset, area)
    moved = [scenario.levers[lever] for lever in scenario.moved_levers()]
    cases = CASES if any(lever.take_up is None for lever in moved) else ()
    steps = Steps(on_progress, settings.draws, len(cases))
    worth = np.empty((len(cases), settings.draws))
    for row, case in zip(worth, cases, strict=True):
        held = at_take_up(scenario, case.take_up)
        run = Run(held, pair.dataset, settings, threads, quantiles=False)
        again = run.result(steps.next())
        same = PairedResult(again, pair.without.as_reference_of(held))
        row[:] = same.net_present_value_draws(unit, gross=gross, prices=prices)
    names = pl.DataFrame(
        [(case.programme, case.take_up, case.source) for case in cases],
        schema={"case": pl.String, "take_up": pl.Float64, "source": pl.String},
        orient="row",
    )
    sampler = settings.sampler
    return TakeUpCases(
        area=unit.name,
        draws=settings.draws,
        table=names.hstack(
            [
                *columns_of(NET_PRESENT_VALUE, statistics_of(worth, sampler)[:, FROM_CORE]),
                *chances_of("p_pays_back", worth > 0, np.isfinite(worth), sampler),
            ]
        ),
        keep_their_own=tuple(lever.label for lever in moved if lever.take_up is not None),
    )


def at_take_up(scenario: Scenario, take_up: float) -> Scenario:
    """The scenario with the common take-up held at a value, 0 to 1, in all its structures."""
    held = scenario.edit({"parameters.take_up": {"value": take_up}})
    axes = [
        axis.model_copy(update={"choice": _without_take_up(axis.choice)})
        for axis in scenario.structure_axis
    ]
    structures = _without_take_up(scenario.structure)
    return held.model_copy(update={"structure": structures, "structure_axis": axes})


def _without_take_up(structures: Sequence[Structure]) -> list[Structure]:
    """The same structures, of which none has a common take-up of its own."""
    found = []
    for structure in structures:
        overrides = unfold(structure.overrides)
        if "parameters" in overrides:
            mine = overrides["parameters"].items()
            overrides["parameters"] = {name: of for name, of in mine if name != "take_up"}
        found.append(structure.model_copy(update={"overrides": overrides}))
    return found
