"""From what a plan adds to what it adds on balance, seen from the area, its region and the UK.

The three factors are judgement, and on unless a scenario switches them off.
`docs/explanation/model.md`, section 9, has the formulas, decision 14 the reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gainsmodel import format
from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Prices
from gainsmodel.data import Dataset, load_dataset, regions_of
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import SettingError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.paired import FINAL_YEAR_GAIN, PairedResult, accepts_two_results
from gainsmodel.results.result import draws_of
from gainsmodel.results.statistics import (
    Draws,
    chance_of_nothing,
    columns_of_differences,
    statistics_of,
)
from gainsmodel.results.tables import METRICS
from gainsmodel.scenario.parameters import ADJUSTMENTS

GAINS = tuple(metric for metric in METRICS if metric.startswith("gain_"))
STEPS = {
    "gross": "Added, gross",
    "displacement": "Taken from elsewhere",
    "leakage": "Gone elsewhere",
    "multiplier": "Knock-on effects",
    "net": "Added, net",
}
# The steps that are amounts, and no changes of one.
TOTALS = ("gross", "net")
UNVERIFIED = (
    "Sizes of displacement, leakage and multiplier are judgement, to be checked against the "
    "Additionality Guide (4th edition, sections 4.2 to 4.5)."
)


@dataclass(frozen=True, eq=False, repr=False)
class Waterfall(ShownInNotebooks):
    """Gross to net, step by step; made by `waterfall`.

    Attributes
    ----------
    area, metric, prices, money : str
        Name of the area, which gain is meant, in which money, and that in words.
    final_year, horizon_years, draws, seed : int
    switched_on : tuple of str
        Those of displacement, leakage and multiplier that the scenario switches on.
    table : pl.DataFrame
        Five rows a viewpoint, from the narrowest: ``viewpoint`` (``local``, ``regional`` or
        ``uk``; one that is the same places as a narrower one is left out), ``area_name``,
        ``step`` (``gross``, ``displacement``, ``leakage``, ``multiplier``, ``net``), ``label``,
        ``switched_on`` (null of gross and net), ``factor_mean`` (mean of the factor as this
        viewpoint has it; null of gross and net), and of ``amount_gbp_m``, what the step adds
        or takes, the statistics of `Result`, ``_mcse_p50``, and ``_p_below_1``, the probability
        that it is less than £1m, with ``_p_below_1_mcse``.
    """

    area: str
    metric: str
    prices: Prices
    money: str
    final_year: int
    horizon_years: int
    draws: int
    seed: int
    switched_on: tuple[str, ...]
    table: pl.DataFrame

    @property
    def when(self) -> str:
        """What follows every £ here."""
        return {
            "gain_final_year_gbp_m": f"a year by {self.final_year}",
            "gain_cumulative_gbp_m": f"over the {format.years(self.horizon_years)} "
            f"to {self.final_year}",
        }.get(self.metric, f"of present value over {format.years(self.horizon_years)}")

    @property
    def summary(self) -> list[str]:
        """What follows, in sentences."""
        if not self.switched_on:
            off = "Displacement, leakage and multiplier are off, so net is gross."
            return [off, UNVERIFIED]
        said = []
        for (place,), rows in self.table.group_by(["area_name"], maintain_order=True):
            gross, *_, net = rows.iter_rows(named=True)
            where = "the UK" if place == "United Kingdom" else place
            said.append(
                f"For {where} the plan adds {self._amount(gross)} {self.when} gross and "
                f"{self._amount(net)} net, on average."
            )
        return [*said, UNVERIFIED]

    def _amount(self, row: Mapping[str, Any]) -> str:
        """Average, range and chance of next to nothing of a step."""
        low, mean, high, error, nothing = (
            float("nan") if (value := row[f"amount_gbp_m_{name}"]) is None else value
            for name in ("p05", "mean", "p95", "mcse_mean", "p_below_1")
        )
        amount = format.gbp(mean, error if mean else 0.0)
        next_to_nothing = format.next_to_nothing(nothing, self.draws)
        return f"{amount} ({format.gbp_range(low, high)}; {next_to_nothing})"

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self.__dict__, "table": self.table.to_dicts(), "summary": self.summary}


@accepts_two_results
def waterfall(
    pair: PairedResult,
    area: str,
    *,
    metric: str = FINAL_YEAR_GAIN,
    prices: Prices = "real",
) -> Waterfall:
    """Take what a plan adds from gross to net, for the area, its region and the UK.

    Draw by draw, with d, l and m the displacement, leakage and multiplier of that future:

    - gross is what the plan adds within the viewpoint, spillover to its other areas included;
    - displacement takes d of it: what others in the UK lose. Where they are is not known, so it
      counts in full from every viewpoint, for the area and its region a cautious reading;
    - what leaks out of the area (l), and what the multiplier draws in (m − 1), goes to and comes
      from the rest of the UK in proportion to GVA; what stays within the viewpoint neither leaks
      nor is drawn in, so both count in full for the area and not at all for the UK.

    The region is the ITL1 region of the area, the one with most of its residents where it lies
    in two; of several areas all of theirs.

    Parameters
    ----------
    pair : PairedResult
        As `run_paired` gives it; not loaded from disk.
    area : str
        Name or code of the area, group or wider area whose plan it is.
    metric : str
        A gain of `METRICS`: ``gain_final_year_gbp_m``, ``gain_cumulative_gbp_m`` or
        ``gain_present_value_gbp_m``.
    prices : {"real", "nominal"}
        As `gainsmodel.appraise`.

    Returns
    -------
    Waterfall

    Raises
    ------
    ResultError
        If the two are not paired, differ in more than the plan, or hold no draws or numbers.
    SettingError
        If the metric is no gain, or there are no such prices.
    UnknownNameError
        If there is no such area.

    Examples
    --------
    >>> import gainsmodel
    >>> pair = gainsmodel.run_paired("skills_first", draws=200)
    >>> found = gainsmodel.waterfall(pair, "Greater Manchester")
    >>> found.table["viewpoint"].unique(maintain_order=True).to_list()
    ['local', 'regional', 'uk']
    """
    if metric not in GAINS:
        raise SettingError(
            f"metric: must be one of {', '.join(GAINS)}, not {metric!r}"
            f"{did_you_mean(metric, GAINS)}"
        )
    pair.check_reference()
    scenario, figures, with_plan = pair.scenario, pair.dataset, pair.with_plan
    unit, on = unit_of(figures, area), pair.net_of
    known = {name: draws_of(with_plan, name)[0] for name in ADJUSTMENTS}
    sampler = pair.manifest["sampler"]
    gva = dict(with_plan.areas().select("area_code", "gva_gbp_m").iter_rows())
    tables = []
    for viewpoint, places in viewpoints(figures, unit).items():
        outside = outside_share(gva, unit, places)
        seen = {
            "displacement": known["displacement"],
            "leakage": known["leakage"] * outside,
            "multiplier": 1.0 + (known["multiplier"] - 1.0) * outside,
        }
        gross = pair.added_draws(metric, places, gross=True, prices=prices)
        steps = np.stack([*gross_to_net(gross, seen).values()])
        names = pl.DataFrame(
            {
                "viewpoint": [viewpoint] * len(STEPS),
                "area_name": [places.name] * len(STEPS),
                "step": list(STEPS),
                "label": list(STEPS.values()),
                "switched_on": [None, *(name in on for name in ADJUSTMENTS), None],
                "factor_mean": [None, *(float(seen[n].mean()) for n in ADJUSTMENTS), None],
            }
        )
        numbers = statistics_of(steps, sampler)
        columns = columns_of_differences("amount_gbp_m", numbers)
        columns += chance_of_nothing("amount_gbp_m", steps, sampler)
        tables.append(names.hstack(columns))
    setting = scenario.setting
    return Waterfall(
        area=unit.name,
        metric=metric,
        prices=prices,
        money=f"{setting.price_year} prices" if prices == "real" else "Current prices",
        final_year=setting.start_year + setting.horizon_years,
        horizon_years=setting.horizon_years,
        draws=with_plan.manifest["draws"],
        seed=with_plan.manifest["seed"],
        switched_on=on,
        table=pl.concat(tables),
    )


def gross_to_net(gross: Draws, factor: Mapping[str, Draws]) -> dict[str, Draws]:
    """Steps from gross to net, which is their sum; each has the shape of `gross`."""
    displaced = -gross * factor["displacement"]
    leaked = -(gross + displaced) * factor["leakage"]
    drawn_in = (gross + displaced + leaked) * (factor["multiplier"] - 1.0)
    net = gross + displaced + leaked + drawn_in
    return dict(zip(STEPS, (gross, displaced, leaked, drawn_in, net), strict=True))


def viewpoints(dataset: Dataset, unit: Unit) -> dict[str, Unit]:
    """The places that count from each viewpoint, narrowest first; no two of them the same."""
    region_of = regions_of(dataset)
    regions = dict.fromkeys(region_of[code] for code in unit.members)
    members = tuple(c for c in dataset.areas["area_code"] if region_of[c] in regions)
    names = dict(load_dataset("itl1").areas.select("area_code", "area_name").iter_rows())
    name = " and ".join(names[code] for code in regions)
    if len(regions) > 2:
        name = f"{len(regions)} regions"
    region = Unit("+".join(regions), name, members)
    uk = unit_of(dataset, "uk")
    found = {"local": unit, "regional": region, "uk": uk}
    if len(members) in (len(unit.members), len(uk.members)):
        del found["regional"]
    if len(unit.members) == len(uk.members):
        del found["local"]
    return found


def outside_share(gva: Mapping[str, float], unit: Unit, places: Unit) -> float:
    """Of the UK outside a unit, the share by GVA that is outside a viewpoint too."""
    uk, of_unit, of_places = (
        sum(gva[code] for code in codes) for codes in (gva, unit.members, places.members)
    )
    return (uk - of_places) / (uk - of_unit) if len(unit.members) < len(gva) else 0.0
