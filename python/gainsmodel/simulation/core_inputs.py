"""What the core is given: a scenario and figures as plain values and arrays."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainsmodel.data import Dataset, load_dataset, readiness
from gainsmodel.errors import ScenarioError, UnknownNameError
from gainsmodel.results.plan_levers import plan_arrays
from gainsmodel.results.prices import cost_level, gva_at_start, price_level
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.levers import Lever
from gainsmodel.scenario.parameter_groups import core_name
from gainsmodel.scenario.parameters import ADJUSTMENTS, NATIONAL_PARAMETERS
from gainsmodel.scenario.quantities import SECTORS, SPREAD_PARAMETERS, Quantity, Switched
from gainsmodel.simulation.conditioned import conditioned_normals
from gainsmodel.simulation.settings import Settings

NOTHING = {"kind": "fixed", "value": 0.0}


def core_inputs(
    scenario: Scenario, dataset: Dataset, settings: Settings
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What the core is given: parameters as plain values, and arrays.

    Returns
    -------
    spec : dict
        As ``rust/core/src/spec.rs`` describes.
    arrays : dict
        ``gva_gbp_m`` (areas, sectors) at the start year; ``latitude``, ``longitude``,
        ``population`` and ``readiness`` (areas,); ``intensity``, ``start_years`` and
        ``ramp_years`` (levers, areas); of a conditioned scenario also ``normals``, the numbers
        that cells share, (numbers, draws).
    """
    setting, parameters = scenario.setting, scenario.parameters
    technologies = list(scenario.technologies)
    areas = dataset.areas["area_code"].to_list()
    spec = {
        "seed": settings.seed,
        "draws": settings.draws,
        "sampler": settings.sampler,
        "curve": setting.curve,
        "basis": scenario.prize.basis,
        "horizon_years": setting.horizon_years,
        "areas": areas,
        "sectors": list(dataset.sectors),
        "technologies": technologies,
        "groups": [[areas.index(code) for code in codes] for codes in dataset.groups.values()],
        "spread_parameters": {
            name: {
                "distributions": [parameters.spread(name).of(k).core() for k in technologies],
                "spread": list(parameters.spread(name).spread.shares()),
            }
            for name in SPREAD_PARAMETERS
        },
        "correlations": [
            {"between": list(c.between), "value": c.value} for c in scenario.correlations
        ],
        "odds_ratios": [
            [parameters.sector_odds_ratio.of(k, s).core() for k in technologies] for s in SECTORS
        ],
        "national": {core_name(name): _national(scenario, name) for name in NATIONAL_PARAMETERS},
        "complements": parameters.complements.figure().core(),
        "growth_area": parameters.growth_area.figure().core(),
        "growth_sector": parameters.growth_sector.figure().core(),
        "growth_cell": parameters.growth_cell.figure().core(),
        "take_up": {
            "distribution": parameters.take_up.figure().core(),
            "shared_variance": parameters.take_up.shared_variance,
        },
        "levers": [
            {
                "name": name,
                "effects": {
                    target: effect.figure().core() for target, effect in lever.effects if effect
                },
                "scope": [sector in lever.scope for sector in dataset.sectors],
                "cost_gbp_per_head_per_year": lever.cost_gbp_per_head_per_year.figure().core(),
                "cost_price_level": cost_level(scenario, dataset, lever),
                **_of_lever(lever),
            }
            for name, lever in scenario.levers.items()
        ],
        "spillover_decay_km": setting.spillover_decay_km,
        "discount_factors": list(discount_factors(scenario)),
        "prize_factor": 1.0 / price_level(scenario, dataset, scenario.prize.price_year),
        "prize_share_of_gva": scenario.prize.share_of_economy,
        "share_floor": setting.share_floor,
        **_where_used(scenario, dataset),
    }
    arrays = {
        "gva_gbp_m": gva_at_start(scenario, dataset),
        "latitude": dataset.areas["latitude"].to_numpy(),
        "longitude": dataset.areas["longitude"].to_numpy(),
        "population": dataset.areas["population"].cast(float).to_numpy(),
        "readiness": readiness_of(scenario, dataset),
    }
    arrays |= plan_arrays(scenario, dataset)
    structures = []
    for of, changed in scenario.structures():
        own, figures = core_inputs(changed, dataset, settings)
        if any(not np.array_equal(arrays[name], figures[name]) for name in arrays):
            raise ScenarioError(
                f"structure {of.name!r}: must leave areas' figures and the plan as they are"
            )
        structures.append({"weight": of.weight, "spec": own})
    if structures:
        spec["structures"] = structures
    if scenario.conditioned is not None:
        spec["every_number"] = True
        arrays["normals"] = conditioned_normals(scenario, dataset, spec, arrays)
    return spec, arrays


def readiness_of(scenario: Scenario, dataset: Dataset) -> NDArray[np.float64]:
    """Readiness of each area, shape (areas,), with the scenario's weights of the proxies."""
    weights = scenario.setting.readiness_weights
    return readiness(
        dataset.areas["gigabit_share"].to_numpy(),
        dataset.j_share_of_gva,
        (weights.gigabit_share, weights.digital_sector_share),
        dataset.areas["area_name"].to_list(),
    )


def by_area(
    dataset: Dataset, stated: Mapping[str, float], otherwise: float, place: str
) -> NDArray[np.float64]:
    """What is stated for single or wider areas as one value an area, nearer names going first.

    A name of another built-in geography stands for the areas that lie wholly within it, if any.

    Raises
    ------
    ScenarioError
        For a name that none knows, and for an area that two names of one size set.
    """
    codes = dataset.areas["area_code"].to_list()
    within: dict[str, frozenset[str]] = {}
    entries = []
    for name, value in stated.items():
        authorities = _authorities(name)
        members = dataset.find(name)
        if members is None:
            if not authorities:
                try:
                    dataset.resolve(name)
                except UnknownNameError as error:
                    raise ScenarioError(f'{place}."{name}": {error}') from None
            within = within or {code: _authorities(code) for code in codes}
            members = tuple(code for code, own in within.items() if own and own <= authorities)
        # Where a dataset lacks some areas, two names may stand for as many of those it has.
        entries.append((name, members, value, (len(members), len(authorities))))
    values = np.full(len(codes), otherwise)
    set_by: dict[str, tuple[str, tuple[int, int]]] = {}
    for name, members, value, size in sorted(entries, key=lambda entry: entry[-1], reverse=True):
        for code in members:
            other, last = set_by.get(code, ("", (0, 0)))
            if last == size:
                raise ScenarioError(
                    f'{place}."{name}": "{other}" sets the same area ({code}) too; keep one of them'
                )
            set_by[code] = (name, size)
            values[codes.index(code)] = value
    return values


@cache
def _authorities(name: str) -> frozenset[str]:
    """Local authorities of an area of any built-in geography; none of what is none."""
    return frozenset(load_dataset("local_authority").find(name) or ())


def _of_lever(lever: Lever) -> dict[str, Any]:
    """What a lever may state and need not."""
    stated = {
        "take_up": None if lever.take_up is None else lever.take_up.figure().core(),
        "duration_years": lever.duration_years,
        "fade_years": lever.fade_years,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _where_used(scenario: Scenario, dataset: Dataset) -> dict[str, Any]:
    """Parts of the model that are off unless a scenario asks for them; the core knows how."""
    parameters = scenario.parameters
    found: dict[str, Any] = {}
    if any(
        effect.figure().p_zero
        for lever in scenario.levers.values()
        for _, effect in lever.effects
        if effect
    ):
        found["zero_correlation"] = parameters.zero_correlation.value
    if parameters.fixed_cost_share.value != 1:
        found["fixed_cost_share"] = parameters.fixed_cost_share.value
    ratios = parameters.area_odds_ratio.by_technology
    if any(of.values for of in ratios.values()):
        place = "parameters.area_odds_ratio.by_technology"
        columns = [
            by_area(dataset, ratios[k].values, 1.0, f"{place}.{k}.values")
            if k in ratios
            else np.ones(dataset.areas.height)
            for k in scenario.technologies
        ]
        found["area_odds_ratios"] = np.stack(columns, axis=1).tolist()
    if scenario.setting.normalise_start:
        found["normalise_start"] = True
    if loadings := parameters.growth_loading.values:
        place = "parameters.growth_loading.values"
        found["growth_loadings"] = by_area(dataset, loadings, 0.0, place).tolist()
    for name in ("growth_transitory", "optimism_bias", "j_curve"):
        stated = getattr(parameters, name).figure().core()
        if stated != NOTHING:
            found[name] = stated
    return found


def discount_factors(scenario: Scenario) -> Iterator[float]:
    """Present value at the start of £1 in each year 1 … T."""
    factor = 1.0
    for year in range(1, scenario.setting.horizon_years + 1):
        rate = [r.rate for r in scenario.discounting.rates if r.from_year <= year][-1]
        factor /= 1.0 + rate
        yield factor


def is_uncertain(spec: object) -> bool:
    """Whether any distribution in what the core is given is more than one value."""
    if isinstance(spec, dict):
        if "kind" in spec:
            return bool(spec["kind"] != "fixed")
        return any(is_uncertain(entry) for entry in spec.values())
    return isinstance(spec, list) and any(is_uncertain(entry) for entry in spec)


def _national(scenario: Scenario, name: str) -> dict[str, Any]:
    """A parameter's distribution; of an adjustment that is off, its neutral value."""
    of: Quantity = scenario.prize if name == "prize" else getattr(scenario.parameters, name)
    if isinstance(of, Switched) and not of.enabled:
        return {"kind": "fixed", "value": ADJUSTMENTS[name]}
    return of.figure().core()
