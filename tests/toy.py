"""A run specification and figures small enough to check by hand, and a way to run them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import numpy as np

from gainsmodel import Scenario, _core

SPREAD = ("initial_adoption", "innovation", "imitation", "ceiling", "productivity_effect")
TARGETS = ("innovation", "imitation", "ceiling", "productivity_effect")
# What the reference model and the core both report of each area and group.
UNIT_METRICS = (
    "gain_gbp_m",
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "cost_cumulative_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_cumulative_gbp_m",
    "lever_cost_present_value_gbp_m",
    "lever_cost_per_year_gbp_m",
    "uplift_final_year",
    "share",
    "prize_gbp_bn",
)


def fixed(value: float) -> dict[str, Any]:
    return {"kind": "fixed", "value": value}


def normal(mean: float, sd: float) -> dict[str, Any]:
    return {"kind": "normal", "mean": mean, "sd": sd}


def lognormal(median: float, sigma: float) -> dict[str, Any]:
    return {"kind": "lognormal", "median": median, "sigma": sigma}


def logitnormal(median: float, sigma: float) -> dict[str, Any]:
    return {"kind": "logitnormal", "median": median, "sigma": sigma}


def zero_or(p_zero: float, of: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "zero_or", "p_zero": p_zero, "of": of}


def toy_spec(areas: int = 4, sectors: int = 3, technologies: int = 2, years: int = 6) -> Any:
    """Every term of the model switched on and uncertain, no two parameters alike."""
    sector_codes = ["C", "J", "Q", "AB"][:sectors]
    technology_names = ["cloud", "ai", "systems", "ecommerce", "robots"][:technologies]

    def spread(make: Any, weights: list[float]) -> dict[str, Any]:
        return {
            "distributions": [make(k) for k in range(technologies)],
            "spread": weights,
        }

    lever_effects = [
        {"innovation": lognormal(0.3, 0.8), "imitation": lognormal(0.2, 0.8)},
        {"ceiling": lognormal(0.3, 0.6), "productivity_effect": lognormal(0.1, 0.5)},
    ]
    return {
        "seed": 11,
        "draws": 64,
        "sampler": "random",
        "curve": "bass",
        "basis": "final_year",
        "horizon_years": years,
        "areas": [f"E4700000{i}" for i in range(1, areas + 1)],
        "sectors": sector_codes,
        "technologies": technology_names,
        "groups": [list(range(areas)), list(range(areas))[:2]],
        "spread_parameters": {
            "initial_adoption": spread(
                lambda k: logitnormal(0.3 + 0.3 * (k % 3), 0.25), [0.2, 0.1, 0.2, 0.3, 0.2]
            ),
            "innovation": spread(
                lambda k: lognormal(0.01 * (k + 1), 0.98), [0.2, 0.3, 0.2, 0.2, 0.1]
            ),
            "imitation": spread(lambda k: lognormal(0.42, 0.38), [0.2, 0.3, 0.2, 0.2, 0.1]),
            "ceiling": spread(lambda k: logitnormal(0.75, 0.956), [0.2, 0.3, 0.1, 0.2, 0.2]),
            "productivity_effect": spread(
                lambda k: lognormal(0.02, 0.84), [0.4, 0.2, 0.1, 0.2, 0.1]
            ),
        },
        "correlations": [
            {"between": ["imitation", "ceiling"], "value": 0.3},
            {"between": ["initial_adoption", "productivity_effect"], "value": -0.2},
        ],
        "odds_ratios": [
            [fixed(1.0 + 0.5 * s) if k == 0 else lognormal(1.2, 0.3) for k in range(technologies)]
            for s in range(sectors)
        ],
        "national": {
            "lag_years": lognormal(2.5, 0.49),
            "decay_per_year": {"kind": "pert", "low": 0.0, "mode": 0.03, "high": 0.1},
            "spillover_share": {"kind": "beta", "alpha": 2.2, "beta": 12.5},
            "uplift_cap": {"kind": "pert", "low": 0.02, "mode": 0.04, "high": 0.1},
            "adoption_cost_share": lognormal(0.01, 0.7),
            "readiness_slope_initial_adoption": normal(0.25, 0.15),
            "readiness_slope_imitation": normal(0.05, 0.05),
            "readiness_slope_ceiling": normal(0.15, 0.1),
            "readiness_slope_productivity_effect": normal(0.05, 0.05),
            "growth_nation": normal(0.013, 0.005),
            "prize_gbp_bn": {"kind": "triangular", "low": 150, "mode": 208, "high": 230},
            "displacement": {"kind": "pert", "low": 0.1, "mode": 0.25, "high": 0.5},
            "leakage": {"kind": "pert", "low": 0.05, "mode": 0.1, "high": 0.25},
            "multiplier": {"kind": "pert", "low": 1.1, "mode": 1.25, "high": 1.5},
        },
        "complements": normal(0.0, 0.25),
        "growth_area": normal(0.0, 0.0045),
        "growth_sector": normal(0.0, 0.016),
        "growth_cell": normal(0.0, 0.0105),
        "take_up": {
            "distribution": {"kind": "beta", "alpha": 0.8, "beta": 1.5},
            "shared_variance": 0.5,
        },
        "levers": [
            {
                "name": name,
                "effects": effects,
                "scope": [(s + i) % 3 != 0 for s in range(sectors)],
                "cost_gbp_per_head_per_year": lognormal(2.0, 0.3),
            }
            for i, (name, effects) in enumerate(
                zip(("leadership", "skills"), lever_effects, strict=True)
            )
        ],
        "spillover_decay_km": 100.0,
        "discount_factors": [1.035**-t for t in range(1, years + 1)],
        "prize_factor": 1.0,
        "prize_share_of_gva": 0.1,
        "share_floor": 1e-4,
    }


def toy_data(spec: Any, intensity: float = 0.0) -> dict[str, np.ndarray]:
    """Figures for the areas of a toy specification; levers at `intensity` in the first two."""
    r, s, levers = len(spec["areas"]), len(spec["sectors"]), len(spec["levers"])
    rng = np.random.default_rng(5)
    plan = np.zeros((levers, r))
    plan[:, :2] = intensity
    return {
        "gva_gbp_m": rng.uniform(500, 20_000, (r, s)),
        "latitude": rng.uniform(51, 55, r),
        "longitude": rng.uniform(-3, 0, r),
        "population": rng.uniform(3e5, 3e6, r),
        "readiness": np.linspace(-1.3, 1.4, r),
        "intensity": plan,
        "start_years": np.full((levers, r), 0.27) + np.arange(levers)[:, None],
        "ramp_years": np.full((levers, r), 2.0),
    }


def with_all_fixed(spec: Any) -> Any:
    """The same specification with every distribution at its median."""

    def fix(node: Any) -> Any:
        if isinstance(node, dict) and "kind" in node:
            return fixed(_core.value_at(json.dumps(node), [0.0])[0])
        if isinstance(node, dict):
            return {key: fix(value) for key, value in node.items()}
        if isinstance(node, list):
            return [fix(value) for value in node]
        return node

    return fix(deepcopy(spec))


def run_core(
    spec: Any,
    data: dict[str, np.ndarray],
    *,
    double: bool = True,
    threads: int | None = None,
    draws_in_memory: int = 1 << 30,
) -> Core:
    handle = _core.start(
        json.dumps(spec), **data, double=double, threads=threads, draws_in_memory=draws_in_memory
    )
    while not handle.wait(60):
        pass
    return Core(spec, handle.outcomes()[0])


def for_some(spec: Any, data: dict[str, np.ndarray], *, double: bool = True) -> int:
    """Memory for draws that does not do for all series, by one byte."""
    series = run_core(spec | {"draws": 16}, data).layout["detail_sector"]
    # Draws are held in whole chunks of 128.
    return -(-spec["draws"] // 128) * 128 * series * (8 if double else 4) - 1


class Core:
    """Draws of a core run under the names of the reference model."""

    def __init__(self, spec: Any, outcome: Any) -> None:
        self.spec, self.outcome = spec, outcome
        self.layout = outcome.layout()
        self.statistics = outcome.statistics()
        self.units = len(spec["areas"]) + len(spec["groups"])
        self.years = spec["horizon_years"]

    def draws(self, series: list[int]) -> np.ndarray:
        return np.asarray(self.outcome.draws(series)).T

    def metric(self, name: str) -> np.ndarray:
        """Draws × units (× years for the gain of each year)."""
        stride = self.layout["metrics"]
        starts = [unit * stride for unit in range(self.units)]
        if name == "gain_gbp_m":
            columns = [self.draws([s + y for y in range(self.years)]) for s in starts]
            return np.stack(columns, axis=1)
        at = self.years + self.layout["unit_metrics"].index(name)
        return self.draws([s + at for s in starts])

    def national_gain_by_sector(self) -> np.ndarray:
        first = self.layout["sector"]
        return self.draws([first + s for s in range(len(self.spec["sectors"]))])

    def national_adoption(self) -> np.ndarray:
        first, years = self.layout["adoption"], self.years + 1
        technologies = range(len(self.spec["technologies"]))
        return np.stack(
            [self.draws([first + k * years + t for t in range(years)]) for k in technologies],
            axis=1,
        )

    def detail_gain_by_sector(self) -> np.ndarray:
        first = self.layout["detail_sector"]
        return self.draws([first + s for s in range(len(self.spec["sectors"]))])

    def detail_adoption(self) -> np.ndarray:
        first, years = self.layout["detail_adoption"], self.years + 1
        technologies = range(len(self.spec["technologies"]))
        return np.stack(
            [self.draws([first + k * years + t for t in range(years)]) for k in technologies],
            axis=1,
        )

    def additionality(self) -> np.ndarray:
        """What £1 of the levers' increment is worth to an area in each draw."""
        displacement, leakage, multiplier = self.adjustments().T
        return (1 - displacement) * (1 - leakage) * multiplier

    def adjustments(self) -> np.ndarray:
        """Displacement, leakage and multiplier in each draw, shape (draws, 3)."""
        first = self.layout["adjustments"]
        return self.draws([first, first + 1, first + 2])

    def means(self, place: str, count: int) -> np.ndarray:
        first = self.layout[place]
        return self.statistics[first : first + count, 1]


def certain(scenario: Scenario, *but: str) -> Scenario:
    """A scenario with every figure at a middle of its distribution, but for those named."""
    middles = {
        **dict.fromkeys(("lognormal", "logitnormal"), lambda d: d["median"]),
        "normal": lambda d: d["mean"],
        **dict.fromkeys(("pert", "triangular"), lambda d: d["mode"]),
        "beta": lambda d: d["alpha"] / (d["alpha"] + d["beta"]),
    }

    def fix(node: Any, path: str) -> Any:
        if not isinstance(node, dict) or path in but:
            return node
        plain = {k: fix(v, f"{path}.{k}".lstrip(".")) for k, v in node.items()}
        if "distribution" in plain:
            distribution = plain.pop("distribution")
            plain["value"] = middles[distribution["kind"]](distribution)
        return plain

    return Scenario.from_dict(fix(scenario.to_dict(), ""))
