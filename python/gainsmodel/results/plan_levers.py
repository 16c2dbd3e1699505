"""What a plan's levers come to in the areas of a dataset: intensity, timing, yearly cost."""

import json
from collections.abc import Mapping
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit
from gainsmodel.errors import ScenarioError, UnknownNameError
from gainsmodel.results.prices import cost_level
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.distributions import Distribution
from gainsmodel.scenario.levers import Lever, PlannedLever

# Of a figure, evenly over its probabilities, to take its mean: exact to about 1 in 10,000.
MEAN_POINTS = 20_000
Plan = Mapping[str, Mapping[str, PlannedLever]]


def lever_costs(scenario: Scenario, dataset: Dataset) -> pl.DataFrame:
    """What the plan costs the authorities a year, once every lever runs.

    A lever's price is population · £ a head · intensity, in the scenario's prices. What it
    costs is the expected value: with optimism bias, and following take-up as far as it does.

    Returns
    -------
    DataFrame
        A row for each area or group (the UK among them) and lever: ``area_code``, ``lever``,
        ``intensity`` (mean over residents), ``cost_gbp_m_per_year``,
        ``full_cost_gbp_m_per_year``, what it would be at full intensity, and of both
        ``price_gbp_m_per_year`` and ``full_price_gbp_m_per_year``, before optimism bias and
        at full take-up.
    """
    intensity = plan_arrays(scenario, dataset)["intensity"]
    codes = dataset.areas["area_code"].to_list()
    residents_m = dataset.areas["population"].cast(float).to_numpy() / 1e6
    members = {code: [row] for row, code in enumerate(codes)} | {
        group: [codes.index(code) for code in inside] for group, inside in dataset.groups.items()
    }
    rows = []
    for row, (name, lever) in enumerate(scenario.levers.items()):
        gbp_per_head = mean_of(lever.cost_gbp_per_head_per_year.figure())
        gbp_per_head *= cost_level(scenario, dataset, lever)
        expected = _expected_over_price(scenario, lever)
        for unit, inside in members.items():
            full = float(residents_m[inside].sum() * gbp_per_head)
            mean = float(np.average(intensity[row, inside], weights=residents_m[inside]))
            cost = full * expected
            rows.append((unit, name, mean, cost * mean, cost, full * mean, full))
    kinds = ("cost", "full_cost", "price", "full_price")
    costs = (f"{kind}_gbp_m_per_year" for kind in kinds)
    columns = ("area_code", "lever", "intensity", *costs)
    return pl.DataFrame(rows, schema=columns, orient="row")


def _expected_over_price(scenario: Scenario, lever: Lever) -> float:
    """Expected cost of a lever over its price: optimism bias, and the part that take-up saves."""
    parameters = scenario.parameters
    fixed = parameters.fixed_cost_share.value
    take_up = mean_of((lever.take_up or parameters.take_up).figure())
    return (1.0 + mean_of(parameters.optimism_bias.figure())) * (fixed + (1.0 - fixed) * take_up)


def mean_of(figure: Distribution) -> float:
    """Expected value of a distribution."""
    return _mean_of(json.dumps(figure.core()))


@lru_cache(256)
def _mean_of(figure: str) -> float:
    points = (np.arange(MEAN_POINTS) + 0.5) / MEAN_POINTS
    normal = NormalDist().inv_cdf
    return float(np.mean(_core.value_at(figure, [normal(float(p)) for p in points])))


def plan_arrays(
    scenario: Scenario, dataset: Dataset, plan: Plan | None = None
) -> dict[str, NDArray[np.float64]]:
    """Intensity, start and ramp of every lever in every area, shape (levers, areas).

    Of the scenario's plan, unless another is given. An entry for one area goes before an entry
    for a group it belongs to; two groups that set the same lever in the same area contradict each
    other.

    Raises
    ------
    ScenarioError
        If a plan names an unknown area, or contradicts itself.
    """
    codes = dataset.areas["area_code"].to_list()
    levers = list(scenario.levers)
    shape = (len(levers), len(codes))
    intensity, starts, ramps = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for row, lever in enumerate(scenario.levers.values()):
        starts[row] = lever.start_years + scenario.setting.lever_delay_years
        ramps[row] = lever.ramp_years

    entries = []
    for name, planned in (scenario.plan if plan is None else plan).items():
        try:
            members = dataset.resolve(name)
        except UnknownNameError as error:
            raise ScenarioError(f"{_place(scenario, name)}: {error}") from None
        entries.append((name, members, planned))
    # Groups first, so that single areas overwrite them.
    set_by: dict[tuple[str, str], tuple[str, int]] = {}
    for name, members, planned in sorted(entries, key=lambda entry: -len(entry[1])):
        for moved, of in planned.items():
            for code in members:
                other, size = set_by.get((moved, code), ("", 0))
                if other and (size > 1) == (len(members) > 1):
                    raise ScenarioError(
                        f'{_place(scenario, name)}.{moved}: plan."{other}" sets {moved} in the '
                        f"same area ({code}) too; keep one of them"
                    )
                set_by[moved, code] = (name, len(members))
                row, column = levers.index(moved), codes.index(code)
                lever = scenario.levers[moved]
                start = lever.start_years if of.start_years is None else of.start_years
                ramp = lever.ramp_years if of.ramp_years is None else of.ramp_years
                intensity[row, column] = of.intensity
                starts[row, column] = start + scenario.setting.lever_delay_years
                ramps[row, column] = ramp
    return {"intensity": intensity, "start_years": starts, "ramp_years": ramps}


def levers_moved_in(scenario: Scenario, dataset: Dataset, unit: Unit) -> tuple[str, ...]:
    """Levers that the plan moves in any area of a unit."""
    codes = dataset.areas["area_code"].to_list()
    rows = [codes.index(code) for code in unit.members]
    intensity = plan_arrays(scenario, dataset)["intensity"][:, rows]
    return tuple(
        lever for lever, of in zip(scenario.levers, intensity, strict=True) if (of > 0).any()
    )


def _place(scenario: Scenario, area: str) -> str:
    """File, line and key of an area in the plan."""
    return f'{scenario.place(area)}plan."{area}"'


def yearly_costs(scenario: Scenario, dataset: Dataset, unit: Unit) -> dict[str, float]:
    """What each lever of a scenario's plan costs in a unit once running, £m a year."""
    costs = lever_costs(scenario, dataset).filter(pl.col("area_code").is_in(unit.members))
    summed = costs.group_by("lever").agg(pl.col("cost_gbp_m_per_year").sum())
    of = dict(summed.iter_rows())
    return {lever: float(of[lever]) for lever in scenario.levers}
