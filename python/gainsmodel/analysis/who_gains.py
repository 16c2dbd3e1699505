"""What a plan adds in each local authority of an area: who gains, within a place."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from gainsmodel.choices import Sampler
from gainsmodel.data import Dataset, load_dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import DataError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.paired import FINAL_YEAR_GAIN, PairedResult
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import run_paired

# A run of 361 areas takes some sixteen times as long as one of 23.
LOCAL_DRAWS = 2_000


@dataclass(frozen=True, eq=False, repr=False)
class WhoGains(ShownInNotebooks):
    """What a plan adds by local authority; made by `who_gains`.

    Attributes
    ----------
    pair : PairedResult
        Of all local authorities, with the plan and without it.
    codes : tuple of str
        Those of the area.
    """

    pair: PairedResult
    codes: tuple[str, ...]

    def describe(self) -> str:
        """In a few words, what it is of."""
        return self.pair.describe()

    @property
    def metric(self) -> str:
        """The gain that is meant: of the final year, or of all years as the prize is read."""
        cumulative = self.pair.scenario.prize.basis == "cumulative"
        return "gain_cumulative_gbp_m" if cumulative else FINAL_YEAR_GAIN

    @cached_property
    def table(self) -> pl.DataFrame:
        """Local authorities, those in which the plan adds most first.

        Returns
        -------
        DataFrame
            As `PairedResult.added` of `metric`, and ``population`` (residents),
            ``share_of_residents`` and ``share_of_added``: parts of the area's residents and of
            what the plan adds in its authorities together, 0 to 1; of a plan that adds nothing or
            less in all, the latter is null.
        """
        mean = pl.col(f"{self.metric}_mean")
        residents = self.pair.dataset.areas.select("area_code", "population")
        return (
            self.pair.added(self.metric)
            .filter(pl.col("area_code").is_in(self.codes))
            .join(residents, on="area_code", how="left")
            .with_columns(
                share_of_residents=pl.col("population") / pl.col("population").sum(),
                share_of_added=pl.when(mean.sum() > 0).then(mean / mean.sum()),
            )
            .sort(mean, descending=True)
        )


def authorities_of(dataset: Dataset, unit: Unit) -> tuple[str, ...]:
    """Codes of the local authorities that an area is made of.

    None of a group, of an area that is a local authority itself, and of own figures, which are
    not known by local authority.
    """
    if dataset.own_name is not None or unit.code in dataset.groups:
        return ()
    wider = load_dataset("local_authority").wider
    codes = [code for member in unit.members for code in wider.get(member, (member,))]
    return tuple(codes) if len(codes) > 1 else ()


def required_authorities(dataset: Dataset, unit: Unit) -> tuple[str, ...]:
    """As `authorities_of`.

    Raises
    ------
    DataError
        If there are none.
    """
    codes = authorities_of(dataset, unit)
    if not codes:
        why = "your own figures are" if dataset.own_name is not None else f"{unit.name} is"
        raise DataError(f"area: {why} not split into local authorities; name another area")
    return codes


def by_authority(scenario: Scenario, dataset: Dataset) -> Scenario:
    """Give the same scenario and plan with local authorities as areas.

    Areas are named by code, since a name may mean another area there; what goes before what in
    the plan is settled here.
    """
    entries = [(dataset.resolve(name), levers) for name, levers in scenario.plan.items()]
    plan: dict[str, dict[str, object]] = {}
    for codes, levers in sorted(entries, key=lambda entry: -len(entry[0])):
        for code in codes:
            plan.setdefault(code, {}).update(levers)
    local = scenario.edit({"setting.geography": "local_authority"})
    return local.model_copy(update={"plan": plan})


def who_gains(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    *,
    draws: int = LOCAL_DRAWS,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> WhoGains:
    """Run a plan on local authorities, for those of one area.

    Their sum is near what the plan adds in the area and not equal to it: each authority has its
    own random variation. Ranges of single authorities are probably too narrow
    (``docs/validation/hindcast.md``).

    Parameters
    ----------
    scenario : Scenario, str or path
    area : str
        Name or code of an area of the scenario's geography.
    draws, seed, sampler, geography, dataset, threads, on_progress
        As `run`.

    Raises
    ------
    DataError
        If the area has no local authorities: a group, a local authority itself, own figures.
    ScenarioError, UnknownNameError, SettingError
        As `run`.
    """
    loaded, figures = resolve(scenario, geography, dataset)
    codes = required_authorities(figures, unit_of(figures, area))
    pair = run_paired(
        by_authority(loaded, figures),
        draws=draws,
        seed=seed,
        sampler=sampler,
        threads=threads,
        on_progress=on_progress,
    )
    return WhoGains(pair, codes)
