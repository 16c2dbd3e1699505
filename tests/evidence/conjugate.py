"""Cases of evidence whose answer is known, or cheap to have."""

from __future__ import annotations

from typing import Any

import numpy as np

from gainsmodel.data import load_dataset
from gainsmodel.evidence.evidence_file import Evidence
from gainsmodel.evidence.observation import Floats, Observation, Predictor, observations
from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.simulation.settings import Settings


def adoption(name: str = "row", **stated: Any) -> dict[str, Any]:
    row = {
        **{"name": name, "technology": "ai", "year": 2026.5, "share": 0.35, "error": 0.02},
        **{"counted": "activity", "source": "test", "evidence": "judgement"},
    }
    return {key: value for key, value in (row | stated).items() if value is not None}


def effect(name: str = "row", **stated: Any) -> dict[str, Any]:
    row = {
        **{"name": name, "technology": "ai", "effect": 0.04, "error": 0.01, "design": "trial"},
        **{"source": "test", "evidence": "judgement"},
    }
    return {key: value for key, value in (row | stated).items() if value is not None}


def of_rows(*rows: dict[str, Any]) -> Evidence:
    kinds: dict[str, list[dict[str, Any]]] = {"adoption": [], "effect": []}
    for row in rows:
        kinds["effect" if "design" in row else "adoption"].append(row)
    return Evidence.from_dict({"title": "test", **kinds})


def national() -> Scenario:
    """Log odds of adoption at the start are one normal number: logit(a) + sd z, in every cell."""
    data = load_scenario("reference").to_dict()
    parameters = data["parameters"]
    parameters["initial_adoption"]["spread"] = {
        **{"nation": 1.0, "technology": 0.0, "area": 0.0, "sector": 0.0, "cell": 0.0}
    }
    parameters["sector_odds_ratio"]["by_technology"] = {}
    parameters["area_odds_ratio"]["by_technology"] = {}
    del parameters["readiness_slope_initial_adoption"]["distribution"]
    parameters["readiness_slope_initial_adoption"]["value"] = 0.0
    return Scenario.from_dict(data)


def every_area_and_technology(
    error: float, year: float, counted: str = "firms"
) -> list[dict[str, Any]]:
    """A survey of each technology in each area, as one future of another seed would show it."""
    scenario, dataset = load_scenario("reference"), load_dataset("mayoral")
    rows = [
        adoption(
            f"{area} {technology}",
            **{"place": area, "technology": technology, "year": year, "share": 0.5},
            **{"error": error, "counted": counted},
        )
        for area in dataset.areas["area_name"]
        for technology in scenario.technologies
    ]
    of, shown = shown_by_another_seed(scenario, of_rows(*rows), 16)
    noise = error * np.random.default_rng(5).standard_normal(len(of))
    for row, one, value, off in zip(rows, of, shown[:, 3], noise, strict=True):
        row["share"] = float(np.clip(one.shown(value) + off, 0.02, 0.98))
    return rows


def shown_by_another_seed(
    scenario: Scenario, evidence: Evidence, draws: int, seed: int = 77, cells: bool = True
) -> tuple[list[Observation], Floats]:
    """What rows would show in futures of another seed, (rows, draws)."""
    dataset = load_dataset("mayoral")
    of = observations(scenario, dataset, evidence)
    settings = Settings(draws=draws, seed=seed, precision="float32")
    predictor = Predictor(scenario, dataset, of, settings)
    _, normals = predictor.numbers()
    return of, predictor(normals, cells_at_middle=not cells)
