"""Probability that a plan reaches a target."""

import math
import os
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from gainsmodel import format
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Of, Sampler
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Progress
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import draws_of
from gainsmodel.results.statistics import Draws, chances_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.levers import PlannedLever
from gainsmodel.simulation.resolve import resolve
from gainsmodel.simulation.run import Run
from gainsmodel.simulation.settings import Settings

OFS: tuple[Of, ...] = get_args(Of)
# The core's own reading of "larger than its share of GVA".
LARGER = 1.0 + 1e-6
Z975 = 1.959963984540054


@dataclass(frozen=True, repr=False)
class Target(ShownInNotebooks):
    """The chance of reaching a target; made by `target`.

    Attributes
    ----------
    area : str
    kind : str
        ``gain_gbp_m`` (£m in the final year), ``gain_share_of_gva`` (of GVA in the final year)
        or ``share`` (of the national gain, on the scenario's basis).
    of : {"added", "gain"}
        Whether the plan is to add it, or the digital gain is to be it in all.
    threshold : float
        In the unit of the kind.
    null : bool
        Whether the threshold is the area's share of GVA, the null model.
    p, p_mcse : float
        Probability of reaching it under the plan, and its Monte Carlo standard error.
    p_without, p_without_mcse : float
        The same with no lever moved.
    excluded : float
        Share of futures left out: those whose national gain is too small to be shared.
    draws, seed, final_year : int
    net_of : tuple of str
        Adjustments that what the plan adds is net of.
    sampler : str
    """

    area: str
    kind: str
    of: str
    threshold: float
    null: bool
    p: float
    p_mcse: float
    p_without: float
    p_without_mcse: float
    excluded: float
    draws: int
    seed: int
    sampler: str
    final_year: int
    net_of: tuple[str, ...]

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        chance = format.chance(self.p, self.draws)
        if self.kind == "share":
            least = (
                f"more than its share of the economy ({format.percent(self.threshold)})"
                if self.null
                else f"at least {100 * self.threshold:.12g}%"
            )
            said = [f"The share of {self.area} in the national gain is {least} {chance}."]
        else:
            amount = (
                f"{format.goal(self.threshold)} a year"
                if self.kind == "gain_gbp_m"
                else f"{100 * self.threshold:.12g}% of its GVA"
            )
            said = [f"{reaching(self.of, amount, self.area, self.final_year)} {chance}."]
        if self.of == "gain":
            said.append(f"Without any lever it is {format.chance(self.p_without, self.draws)}.")
        if self.excluded:
            said.append(
                f"{format.percent(self.excluded)} of the futures are left out, in which the "
                "national gain is too small to be shared."
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self.__dict__, "summary": self.summary}


def reaching(of: str, amount: str, area: str, year: int) -> str:
    """What it is to reach a target, without how often: the beginning of a sentence."""
    verb = "The plan adds" if of == "added" else "The digital gain is"
    return f"{verb} at least {amount} in {area} by {year}"


def target(
    scenario: Scenario | str | os.PathLike[str],
    area: str,
    *,
    gain_gbp_m: float | None = None,
    gain_share_of_gva: float | None = None,
    share: float | Literal["gva"] | None = None,
    of: Of = "added",
    draws: int = 10_000,
    seed: int = 1,
    sampler: Sampler = "sobol",
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> Target:
    """How likely a scenario's plan reaches a target in the final year.

    Parameters
    ----------
    scenario : Scenario, str or path
    area : str
        Area or group, by name or code.
    gain_gbp_m, gain_share_of_gva, share
        The target, one of them: £m a year at base-year prices; a share of the area's GVA in
        the same future, 0.01 for 1%; or a share of the national gain, ``"gva"`` for the area's
        own share of GVA, the null model, which is to be exceeded.
    of : {"added", "gain"}
        Whether the plan is to add it, net of displacement and the like where switched on, or
        the digital gain is to be it in all, as with a share of the national gain.
    draws, seed, sampler, geography, dataset, threads, on_progress
        As in `run`.

    Returns
    -------
    Target

    Raises
    ------
    ScenarioError
        If the plan is to add it, and moves no lever.
    SettingError, UnknownNameError, DataError
        For anything else the caller can mend.

    Examples
    --------
    >>> import gainsmodel
    >>> found = gainsmodel.target("skills_first", "Greater Manchester", gain_gbp_m=50, draws=500)
    >>> 0 < found.p < 1
    True
    """
    loaded, figures = resolve(scenario, geography, dataset)
    unit = unit_of(figures, area)
    given = {
        name: value
        for name, value in (
            ("gain_gbp_m", gain_gbp_m),
            ("gain_share_of_gva", gain_share_of_gva),
            ("share", share),
        )
        if value is not None
    }
    if len(given) != 1:
        raise SettingError(
            "target: needs exactly one of gain_gbp_m, gain_share_of_gva and share, found "
            + (", ".join(given) or "none")
        )
    (kind, wanted), *_ = given.items()
    null = wanted == "gva"
    if kind == "share":
        of = "gain"
        if set(unit.members) == set(figures.areas["area_code"]):
            raise SettingError("share: the UK's share is all of it in every future; name an area")
    check_of(of)
    if not null and (isinstance(wanted, str) or not (wanted > 0 and math.isfinite(wanted))):
        raise SettingError(f"{kind}: must be a number above 0, not {wanted!r}")
    if kind != "gain_gbp_m" and not null and float(wanted) > 1:
        raise SettingError(f"{kind}: is a share, 0.01 for 1%, and cannot be {wanted:g}")
    if of == "added":
        loaded.require_plan("reach a target with", unit.name)

    settings = Settings(draws=draws, seed=seed, sampler=sampler)
    run = Run(loaded, figures, settings, threads, paired=True)
    pair = run.pair(on_progress)
    both = reached_by(pair, kind, of, unit)
    if null:
        shares = pl.concat([pair.with_plan.areas(), pair.with_plan.groups()], how="diagonal")
        gva = shares.filter(pl.col("area_code").is_in(unit.members))["gva_share"].sum()
        threshold, least = float(gva), float(gva) * LARGER
    else:
        threshold = least = float(wanted)
    (p, p_mcse), (q, q_mcse) = (_chance(values, least, sampler) for values in both)
    setting = loaded.setting
    return Target(
        area=unit.name,
        kind=kind,
        of=of,
        threshold=threshold,
        null=null,
        p=p,
        p_mcse=p_mcse,
        p_without=q,
        p_without_mcse=q_mcse,
        excluded=float(np.isnan(both[0]).mean()),
        draws=settings.draws,
        seed=settings.seed,
        sampler=settings.sampler,
        final_year=setting.start_year + setting.horizon_years,
        net_of=pair.net_of,
    )


def reached_by(pair: PairedResult, kind: str, of: str, unit: Unit) -> tuple[Draws, Draws]:
    """What is held against the target in every draw, with the plan and without."""
    metric = {
        "gain_gbp_m": "gain_final_year_gbp_m",
        "gain_share_of_gva": "uplift_final_year",
        "share": "share",
    }[kind]
    before = draws_of(pair.without, metric, unit)
    if kind == "share":
        return draws_of(pair.with_plan, metric, unit), before
    added = pair.added_draws(metric, unit)
    return (added, np.zeros_like(added)) if of == "added" else (before + added, before)


def _chance(values: Draws, least: float, sampler: str) -> tuple[float, float]:
    known = ~np.isnan(values)
    hits = np.where(known, values, -math.inf) >= least
    p, mcse = chances_of("p", hits[None], known[None], sampler)
    return (math.nan if p[0] is None else p[0]), (math.nan if mcse[0] is None else mcse[0])


def check_of(of: str) -> None:
    """Refuse what is neither added nor the whole gain."""
    if of not in OFS:
        raise SettingError(
            f"of: must be one of {', '.join(OFS)}, not {of!r}{did_you_mean(of, OFS)}"
        )


def _plain(entry: PlannedLever) -> dict[str, Any]:
    times = {"start_years": entry.start_years, "ramp_years": entry.ramp_years}
    given = {name: value for name, value in times.items() if value is not None}
    return {"intensity": entry.intensity, **given}
