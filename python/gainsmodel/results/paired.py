"""A plan and its reference on the same draws: what the plan adds, costs and is worth.

The one place where two runs are subtracted; every question about a plan asks here, so that
all of them mean the same: net of displacement, leakage and multiplier where the scenario
switches them on, unless gross is asked for.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import polars as pl

from gainsmodel.choices import Prices
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.errors import ResultError
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.prices import price_levels
from gainsmodel.results.result import Result, draws_of
from gainsmodel.results.statistics import (
    FROM_CORE,
    Draws,
    chance_of_nothing,
    chances_of,
    columns_of,
    columns_of_differences,
    statistics_of,
)
from gainsmodel.results.structures import ByStructure, by_structure
from gainsmodel.results.tables import DETAIL_METRICS, named_units
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameters import ADJUSTMENTS

P = ParamSpec("P")
R = TypeVar("R")
FINAL_YEAR_GAIN = "gain_final_year_gbp_m"
# What a plan adds, and what it costs whom, by the quantity of each run it is made of.
ADDED = {
    "added_final_year_gbp_m": FINAL_YEAR_GAIN,
    "added_cumulative_gbp_m": "gain_cumulative_gbp_m",
    "added_present_value_gbp_m": "gain_present_value_gbp_m",
}
COSTS = {
    "authority_cost_present_value_gbp_m": "lever_cost_present_value_gbp_m",
    "firms_cost_present_value_gbp_m": "cost_present_value_gbp_m",
    "authority_cost_per_year_gbp_m": "lever_cost_per_year_gbp_m",
}
NET_PRESENT_VALUE = "net_present_value_gbp_m"
UK = "uk"
# What a plan states apart from its title: the rest of a scenario is what is assumed.
_OF_A_PLAN = ("title", "question", "plan")


@dataclass(frozen=True, eq=False, repr=False)
class PairedResult(ShownInNotebooks):
    """A scenario with its plan and without, on the same draws; made by `run_paired`.

    Amounts are those with the plan less those without, draw by draw, so that sampling noise
    cancels and each has its own standard error. Unpacks into its two results. Two plans under
    the same assumptions may be paired too; what one adds more than the other is
    then meant wherever it says "added". Pickles and copies as `Result`; a notebook shows what the
    plan adds, and the gain with and without it.

    Attributes
    ----------
    with_plan, without : Result

    Raises
    ------
    ResultError
        If the two are not paired: other draws, seed, sampler, precision or figures.
    """

    with_plan: Result
    without: Result

    def __post_init__(self) -> None:
        """Check that both use the same draws."""
        check_paired(self.with_plan, self.without)

    def __iter__(self) -> Iterator[Result]:
        """Give the result with the plan, then the reference."""
        yield self.with_plan
        yield self.without

    def __getitem__(self, place: int) -> Result:
        """0 with the plan, 1 the reference: as the two results of 0.3."""
        return (self.with_plan, self.without)[place]

    def describe(self) -> str:
        """In a few words: what was run, where, and on how many draws."""
        return self.with_plan.describe()

    @property
    def scenario(self) -> Scenario:
        """The scenario with its plan."""
        return self.with_plan.scenario

    @property
    def dataset(self) -> Dataset:
        """The figures that both were run on."""
        return self.with_plan.dataset

    @property
    def manifest(self) -> dict[str, Any]:
        """Of the run with the plan: enough to repeat the pair."""
        return self.with_plan.manifest

    @cached_property
    def only_plans_differ(self) -> bool:
        """Whether both assume the same and differ only in what is done."""
        first, second = (result.manifest["scenario"] for result in self)
        return assumed(first) == assumed(second)

    @cached_property
    def net_of(self) -> tuple[str, ...]:
        """Adjustments that gains are net of unless gross is asked for.

        Those of displacement, leakage and multiplier that are switched on, if only the plans
        differ; otherwise none, since what two sets of assumptions make of a gain is no
        increment of a plan.
        """
        if not self.only_plans_differ:
            return ()
        parameters = self.scenario.parameters
        return tuple(name for name in ADJUSTMENTS if getattr(parameters, name).enabled)

    def check_of(self, scenario: Scenario) -> None:
        """See that it is of a scenario and its reference.

        Raises
        ------
        ResultError
            If it is of another.
        """
        self.check_reference()
        if self.scenario != scenario:
            raise ResultError(
                f"pair: is of {self.with_plan.describe()}, which is another scenario than "
                f"{scenario.title!r}; leave it out, or pass that of run_paired for this one"
            )

    def check_reference(self) -> None:
        """See that the second is the first without its plan.

        Raises
        ------
        ResultError
            If it is not; names what differs.
        """
        scenarios = [result.manifest["scenario"] for result in self]
        for key in scenarios[0]:
            if key not in _OF_A_PLAN and scenarios[0][key] != scenarios[1].get(key):
                raise ResultError(
                    f"the two results differ in more than the plan: {key} is not the same "
                    "in both; use run_paired"
                )
        if scenarios[1]["plan"]:
            raise ResultError("the second result has a plan too; use run_paired")

    # ------------------------------------------------------------ draw by draw

    def added_draws(
        self,
        metric: str = FINAL_YEAR_GAIN,
        unit: Unit | None = None,
        *,
        gross: bool = False,
        prices: Prices = "real",
    ) -> Draws:
        """What the plan adds to a quantity in every draw.

        Parameters
        ----------
        metric : str
            As in `Result.draws`.
        unit : Unit, optional
            One area, group or wider area; all areas and groups if left out.
        gross : bool
            Before displacement, leakage and multiplier, (1 − d) (1 − l) m, which apply to gains
            where the scenario switches them on. For the UK they come to 1 − d: what leaks out of
            an area, and what a multiplier draws into it, is elsewhere in the UK.
        prices : {"real", "nominal"}
            Base-year prices, or current prices: a sum over years each in its own money, an
            amount a year in that of the final year, a present value in that of the start year.

        Returns
        -------
        ndarray
            Shape (areas and groups, draws), or (draws,) of one unit.
        """
        levels = None if prices == "real" else price_levels(self.scenario, self.dataset, prices)
        added = self._difference(metric, unit, levels)
        if not gross and self.net_of and metric.startswith(("gain_", "uplift_")):
            added *= self.additionality(unit, metric)
        return added

    def additionality(self, unit: Unit | None, metric: str = FINAL_YEAR_GAIN) -> Draws:
        """What £1 added is worth net in every draw where the scenario switches adjustments on.

        As each area and group sees it (the UK loses less), shape (areas and groups, draws); of
        one unit, or a quantity kept of one only, shape (draws,).
        """
        displacement, leakage, multiplier = (draws_of(self.with_plan, n)[0] for n in ADJUSTMENTS)
        of_uk = 1.0 - displacement
        of_area = of_uk * (1.0 - leakage) * multiplier
        if metric in DETAIL_METRICS:
            is_uk = np.array(self.manifest["detail"] == UK)
        elif unit is not None:
            is_uk = np.array(unit.code == UK)
        else:
            is_uk = np.array([[code == UK] for code in self.with_plan.codes])
        factor: Draws = np.where(is_uk, of_uk, of_area)
        return factor

    def value_draws(
        self, unit: Unit | None = None, *, gross: bool = False, prices: Prices = "real"
    ) -> dict[str, Draws]:
        """Everything that is appraised, in every draw: `ADDED`, `COSTS`, `NET_PRESENT_VALUE`.

        Parameters as `added_draws`. Net present value is the present value added less what the
        authority and firms spend.
        """
        values = {
            name: self.added_draws(metric, unit, gross=gross, prices=prices)
            for name, metric in (ADDED | COSTS).items()
        }
        values[NET_PRESENT_VALUE] = _net_present_value(values)
        return values

    def net_present_value_draws(
        self, unit: Unit | None = None, *, gross: bool = False, prices: Prices = "real"
    ) -> Draws:
        """Net present value in every draw, £m; parameters and shape as `added_draws`."""
        return _net_present_value(
            {
                name: self.added_draws(metric, unit, gross=gross, prices=prices)
                for name, metric in (ADDED | COSTS).items()
                if "present_value" in name
            }
        )

    def _difference(self, metric: str, unit: Unit | None, levels: Draws | None) -> Draws:
        """With the plan less without; gross, in current prices where levels are given."""

        def real(metric: str) -> Draws:
            gap = draws_of(self.with_plan, metric, unit)
            gap -= draws_of(self.without, metric, unit)
            return gap

        if levels is None:
            return real(metric)
        if metric == "gain_cumulative_gbp_m":
            start = self.scenario.setting.start_year
            total = np.zeros_like(real(metric))
            for t in range(1, len(levels)):
                total += levels[t] * real(f"gain_gbp_m_{start + t}")
            return total
        amount: Draws = real(metric) * levels[0 if "present_value" in metric else -1]
        return amount

    def structures(
        self, metric: str = FINAL_YEAR_GAIN, area: str | None = None, *, gross: bool = False
    ) -> ByStructure:
        """What the plan adds by structure of the scenario, in an area (the UK if left out).

        Other parameters as `added_draws`; errors as `Result.structures`.
        """
        unit = unit_of(self.dataset, "uk" if area is None else area)
        draws = self.added_draws(metric, unit, gross=gross)
        return by_structure(self.scenario, self.manifest, draws)

    def to_xarray(self, *, gross: bool = False) -> Any:
        """As an `xarray.Dataset` of `value_draws`: what the plan adds, costs and is worth.

        Dimensions ``draw`` and ``area``, as in `Result.to_xarray`; `gross` as in `added_draws`.

        Raises
        ------
        ResultError
            If draws were not kept, or xarray is not installed.
        """
        from gainsmodel.results.xarrays import of_pair

        return of_pair(self, gross=gross)

    # ------------------------------------------------------------ tables

    def added(
        self,
        metric: str = FINAL_YEAR_GAIN,
        *,
        area: str | None = None,
        gross: bool = False,
        prices: Prices = "real",
    ) -> pl.DataFrame:
        """What the plan adds in each area and group, with its own standard error.

        Parameters
        ----------
        metric, gross, prices
            As `added_draws`.
        area : str, optional
            A wider area, such as a region of local authorities: it has the last row.

        Returns
        -------
        DataFrame
            ``area_code``, ``area_name``, the statistics of `metric`, ``_mcse_p50`` of its
            median, and ``p_higher`` with ``p_higher_mcse``: the probability that it is above 0.
            Of a gain also ``_p_below_1`` and ``_p_below_1_mcse``: the probability that the plan
            adds less than £1m.
        """
        units, values = self.every_unit(
            area, lambda unit: {metric: self.added_draws(metric, unit, gross=gross, prices=prices)}
        )
        draws = values[metric]
        sampler = self.manifest["sampler"]
        return units.hstack(
            [
                *columns_of_differences(metric, statistics_of(draws, sampler)),
                *(chance_of_nothing(metric, draws, sampler) if metric.startswith("gain_") else ()),
                *chances_of("p_higher", draws > 0, ~np.isnan(draws), sampler),
            ]
        )

    def added_in(self, unit: Unit, metric: str = FINAL_YEAR_GAIN) -> dict[str, float | None]:
        """The statistics that `added` has of a gain in one area or group, without the others."""
        sampler = self.manifest["sampler"]
        draws = self.added_draws(metric, unit)[None]
        columns = [
            *columns_of(metric, statistics_of(draws, sampler)[:, FROM_CORE]),
            *chance_of_nothing(metric, draws, sampler),
        ]
        return {column.name: column[0] for column in columns}

    def net_present_value(
        self, area: str | None = None, *, gross: bool = False, prices: Prices = "real"
    ) -> pl.DataFrame:
        """Net present value in each area and group, £m, and the chance that it is above 0.

        Parameters as `added`; columns ``area_code``, ``area_name``, the statistics of
        ``net_present_value_gbp_m``, ``p_pays_back`` and ``p_pays_back_mcse``.
        """
        units, values = self.every_unit(
            area,
            lambda unit: {
                NET_PRESENT_VALUE: self.net_present_value_draws(unit, gross=gross, prices=prices)
            },
        )
        draws = values[NET_PRESENT_VALUE]
        sampler = self.manifest["sampler"]
        return units.hstack(
            [
                *columns_of_differences(NET_PRESENT_VALUE, statistics_of(draws, sampler)),
                *chances_of("p_pays_back", draws > 0, np.isfinite(draws), sampler),
            ]
        )

    def costs(self, area: str | None = None, *, prices: Prices = "real") -> pl.DataFrame:
        """What the plan costs the authority and firms in each area and group, £m: `COSTS`."""
        tables = [
            self.added(metric, area=area, prices=prices).drop("p_higher", "p_higher_mcse")
            for metric in COSTS.values()
        ]
        renamed = [
            table.rename({c: c.replace(old, new) for c in table.columns})
            for table, (new, old) in zip(tables, COSTS.items(), strict=True)
        ]
        first, *others = renamed
        return first.hstack([c for t in others for c in t.drop("area_code", "area_name")])

    def chance_of(
        self,
        target_gbp_m: float,
        metric: str = FINAL_YEAR_GAIN,
        *,
        area: str | None = None,
        gross: bool = False,
        prices: Prices = "real",
    ) -> pl.DataFrame:
        """Probability that the plan adds at least a target in each area and group.

        Parameters as `added`; columns ``area_code``, ``area_name``, ``p_target`` and
        ``p_target_mcse``.
        """
        units, values = self.every_unit(
            area, lambda unit: {metric: self.added_draws(metric, unit, gross=gross, prices=prices)}
        )
        draws = values[metric]
        known = ~np.isnan(draws)
        sampler = self.manifest["sampler"]
        return units.hstack(chances_of("p_target", draws >= target_gbp_m, known, sampler))

    def difference(
        self, other: "PairedResult", metric: str = FINAL_YEAR_GAIN, *, gross: bool = False
    ) -> pl.DataFrame:
        """What this plan adds more than another on the same draws; as `added`."""
        return PairedResult(self.with_plan, other.with_plan).added(metric, gross=gross)

    def every_unit(
        self, area: str | None, draws_for: Callable[[Unit | None], dict[str, Draws]]
    ) -> tuple[pl.DataFrame, dict[str, Draws]]:
        """Names of areas and groups, and draws of theirs; a wider area asked for comes last."""
        units = named_units(self.with_plan.areas(), self.with_plan.groups())
        values = draws_for(None)
        unit = None if area is None else unit_of(self.dataset, area)
        if unit is not None and unit.code not in units["area_code"]:
            wider = pl.DataFrame([(unit.code, unit.name)], units.schema, orient="row")
            units, of_unit = pl.concat([units, wider]), draws_for(unit)
            values = {name: np.vstack([draws, of_unit[name]]) for name, draws in values.items()}
        return units, values


def _net_present_value(values: Mapping[str, Draws]) -> Draws:
    net: Draws = (
        values["added_present_value_gbp_m"]
        - values["authority_cost_present_value_gbp_m"]
        - values["firms_cost_present_value_gbp_m"]
    )
    return net


def accepts_two_results(question: Callable[P, R]) -> Callable[P, R]:
    """Let a question of a pair be asked as in 0.3, of two results and ``dataset=``; deprecated."""

    @wraps(question)
    def asked(*args: Any, **options: Any) -> R:
        named = [options.pop(name) for name in ("with_plan", "without") if name in options]
        if named or (args and isinstance(args[0], Result)):
            places = 2 - len(named)
            first, second, *rest = (*args[:places], *named, *args[places:])
            dataset = options.pop("dataset", None)
            if dataset is not None:
                first, second = first.on(dataset), second.on(dataset)
            warnings.warn(
                f"{question.__name__} takes the PairedResult that run_paired gives, not two "
                "results; that will end with the next release",
                DeprecationWarning,
                stacklevel=2,
            )
            args = (PairedResult(first, second), *rest)
        return question(*args, **options)

    return asked


def check_paired(first: Result, second: Result) -> None:
    """Check that two results use the same draws.

    Raises
    ------
    ResultError
        If they did not; names what differs.
    """
    for key in ("seed", "draws", "sampler", "precision", "geography", "data_sha256"):
        if first.manifest[key] != second.manifest[key]:
            raise ResultError(
                f"the results are not paired: {key} is {first.manifest[key]!r} in one and "
                f"{second.manifest[key]!r} in the other"
            )
    mine, theirs = (r.manifest["scenario"].get("conditioned") for r in (first, second))
    if mine != theirs:
        raise ResultError(
            "the results are not paired: one is conditioned on evidence, and the other is not, or "
            "on other evidence; condition both scenarios on the same"
        )
    # Keyed numbers are found by name, Sobol points by place: decision 1.
    if first.manifest["sampler"] == "random":
        return
    for key in ("technologies", "levers"):
        one, other = (list(r.manifest["scenario"].get(key, ())) for r in (first, second))
        common = min(len(one), len(other)) if key == "levers" else None
        if one[:common] != other[:common]:
            raise ResultError(
                f"the results are not paired: {key} are {', '.join(one)} in one and "
                f"{', '.join(other)} in the other, which moves Sobol points; use the sampler "
                "'random'" + (" or list what is new last" if key == "levers" else "")
            )


def assumed(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario as a plain dict without what is planned in it and when.

    Two plans may be ranked where this is the same in both.
    """
    rest = {key: value for key, value in scenario.items() if key not in _OF_A_PLAN}
    setting = {k: v for k, v in rest["setting"].items() if k != "lever_delay_years"}
    return rest | {"setting": setting}
