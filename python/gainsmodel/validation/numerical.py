"""Numerical verification: the core against an independent model, closed forms and convergence."""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.choices import Precision, Sampler
from gainsmodel.data import load_dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError
from gainsmodel.results.result import draws_of
from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.simulation.core_inputs import core_inputs
from gainsmodel.simulation.run import run
from gainsmodel.simulation.settings import Settings
from gainsmodel.validation.page import Page, percent, table
from gainsmodel.validation.pictures import errors
from gainsmodel.validation.verdict import Verdict, in_range

Floats = NDArray[np.float64]
# What the core and the independent model are both asked for.
COMPARED = {
    "gain_final_year_gbp_m": "gain in the final year",
    "gain_cumulative_gbp_m": "gain, summed",
    "gain_present_value_gbp_m": "gain, present value",
    "cost_cumulative_gbp_m": "cost of adopting, summed",
    "lever_cost_cumulative_gbp_m": "cost of levers, summed",
    "uplift_final_year": "uplift",
    "share": "share",
}
COMPARED_DRAWS = 64
PLAN = "greater_manchester_all_levers"
# Largest relative differences to let pass, as in the tests.
ALLOWED: dict[Precision, float] = {"float64": 1e-10, "float32": 1e-5}
CONVERGENCE_DRAWS = (64, 256, 1_024, 4_096)
CONVERGENCE_SEEDS = 12
TRUTH_DRAWS = 32_768
SAMPLERS: tuple[Sampler, ...] = ("random", "sobol")
Simulate = Callable[..., dict[str, Any]]
Normals = Callable[..., dict[str, Floats]]


def independent_model() -> tuple[Simulate, Normals]:
    """The model written a second time, in ``tests/reference``.

    Raises
    ------
    SettingError
        If it cannot be imported: it is part of a checkout, not of an installation.
    """
    try:
        model = importlib.import_module("reference.model")
        numbers = importlib.import_module("reference.random_numbers")
    except ModuleNotFoundError as error:
        raise SettingError(
            "the independent model in tests/reference was not found; run `make validation` in a "
            "checkout, or put its folder tests on PYTHONPATH"
        ) from error
    return model.simulate, numbers.normals


@cache
def independent(sampler: Sampler = "sobol", precision: Precision = "float64") -> pl.DataFrame:
    """Largest relative difference between the core and the independent model.

    Over `COMPARED_DRAWS` futures, 23 areas and the groups, in the scenario `PLAN` on the figures
    that are shipped. Columns ``quantity``, ``numbers`` compared, ``largest_difference``.
    """
    simulate, normals = independent_model()
    scenario, data = load_scenario(PLAN), load_dataset("mayoral")
    settings = Settings(draws=COMPARED_DRAWS, seed=1, sampler=sampler, precision=precision)
    spec, arrays = core_inputs(scenario, data, settings)
    expected = simulate(spec, arrays, normals(spec, 1, 0, COMPARED_DRAWS, sampler))
    expected["gain_final_year_gbp_m"] = expected["gain_gbp_m"][..., -1]
    result = run(scenario, draws=COMPARED_DRAWS, seed=1, sampler=sampler, precision=precision)
    rows = []
    for name, label in COMPARED.items():
        ours, theirs = draws_of(result, name), expected[name].T
        size = np.maximum(np.abs(theirs), np.finfo(float).tiny)
        rows.append((label, theirs.size, float(np.max(np.abs(ours - theirs) / size))))
    return pl.DataFrame(rows, schema=["quantity", "numbers", "largest_difference"], orient="row")


# ---------------------------------------------------------------- closed forms


@dataclass(frozen=True)
class ClosedForm:
    """A world that can be worked out by hand, and how far the core is from it."""

    world: str
    formula: str
    difference: float


def _still(**values: float) -> Scenario:
    """The reference scenario with everything fixed, and some of it at given values."""
    fixed = {
        "innovation": 0.02,
        "imitation": 0.4,
        "ceiling": 0.8,
        "productivity_effect": 0.02,
        "lag_years": 2.0,
        "decay_per_year": 0.03,
        "spillover_share": 0.0,
        "uplift_cap": 1.0,
        "adoption_cost_share": 0.01,
        "complements": 0.0,
        **{
            f"readiness_slope_{name}": 0.0
            for name in ("initial_adoption", "imitation", "ceiling", "productivity_effect")
        },
        "growth_nation": 0.013,
        "growth_area": 0.0,
        "growth_sector": 0.0,
        "growth_cell": 0.0,
        "growth_transitory": 0.0,
    } | values
    horizon = int(fixed.pop("horizon_years", 10))
    reference = load_scenario("reference")
    changes: dict[str, object] = {f"parameters.{name}.value": v for name, v in fixed.items()}
    for technology in reference.technologies:
        middle = reference.parameters.initial_adoption.of(technology).core()["median"]
        changes[f"parameters.initial_adoption.by_technology.{technology}.value"] = middle
    # Every area begins at the stated adoption.
    alike = dict.fromkeys(reference.parameters.area_odds_ratio.by_technology["ai"].values, 1.0)
    changes |= {
        "setting.normalise_start": False,
        "parameters.area_odds_ratio.by_technology.ai.values": alike,
    }
    return reference.edit({"setting.horizon_years": horizon, **changes})


def _cells(scenario: Scenario) -> tuple[Floats, Floats, Floats]:
    """GVA (areas, sectors), initial adoption and ceiling (sectors, technologies)."""
    spec, arrays = core_inputs(scenario, load_dataset("mayoral"), Settings())
    middle = [d["value"] for d in spec["spread_parameters"]["initial_adoption"]["distributions"]]
    ratios = np.array([[ratio["value"] for ratio in row] for row in spec["odds_ratios"]])
    odds = np.array(middle) / (1.0 - np.array(middle)) * ratios
    start = odds / (1.0 + odds)
    ceiling = spec["spread_parameters"]["ceiling"]["distributions"][0]["value"]
    return arrays["gva_gbp_m"], start, np.maximum(start, ceiling)


def _gain(scenario: Scenario) -> Floats:
    """The core's gain of each area in the final year, £m, in double precision."""
    result = run(scenario, draws=16, precision="float64")
    return draws_of(result, "gain_final_year_gbp_m")[: load_dataset("mayoral").areas.height, 0]


def _apart(ours: Floats, theirs: Floats) -> float:
    return float(np.max(np.abs(ours / theirs - 1.0)))


@cache
def closed_forms() -> tuple[ClosedForm, ...]:
    """Worlds that can be worked out by hand."""
    alone = _still(innovation=0.05, imitation=0.0, lag_years=0.0, decay_per_year=0.0)
    gva, start, ceiling = _cells(alone)
    after = ceiling - (ceiling - start) * (1.0 - 0.05) ** 10
    by_hand = gva @ (0.02 * (after - start)).sum(axis=1) * 1.013**10
    forms = [
        ClosedForm(
            "innovation alone, no lag, no decay, ten years",
            "GVA (1+g)¹⁰ Σ β (m − A₀) (1 − (1−p)¹⁰)",
            _apart(_gain(alone), by_hand),
        )
    ]
    year = _still(horizon_years=1)
    gva, start, ceiling = _cells(year)
    hazard = 0.02 + 0.4 * start / ceiling
    by_hand = gva @ (0.02 * hazard * (ceiling - start)).sum(axis=1) * 1.013 / (1.0 + 2.0)
    forms.append(
        ClosedForm(
            "everything on but spillover, one year",
            "GVA (1+g) Σ β (p + q A₀/m) (m − A₀) / (1+τ)",
            _apart(_gain(year), by_hand),
        )
    )
    capped = _still(uplift_cap=0.001)
    gva, *_ = _cells(capped)
    forms.append(
        ClosedForm(
            "cap reached everywhere",
            "GVA (1+g)¹⁰ cap",
            _apart(_gain(capped), gva.sum(axis=1) * 1.013**10 * 0.001),
        )
    )
    flat = _still()
    ratios = flat.to_dict()["parameters"]["sector_odds_ratio"]["by_technology"]
    flat = flat.edit(
        {
            f"parameters.sector_odds_ratio.by_technology.{name}.values.{sector}": 1.0
            for name, entry in ratios.items()
            for sector in entry["values"]
        }
    )
    gain = _gain(flat)
    gva, *_ = _cells(flat)
    null = gva.sum(axis=1) / gva.sum()
    forms.append(
        ClosedForm(
            "no readiness, odds ratios or spread",
            "share = share of GVA",
            _apart(gain / gain.sum(), null),
        )
    )
    return tuple(forms)


# ---------------------------------------------------------------- convergence


@cache
def convergence() -> pl.DataFrame:
    """Error of a mean against draws, reference scenario, by sampler.

    The root mean square over `CONVERGENCE_SEEDS` seeds of a run's mean less that of a run of
    `TRUTH_DRAWS` draws of another seed, relative to the latter.

    Columns ``sampler``, ``draws``, ``uk_gain`` and ``share``, of the UK's gain in the final year
    and of Greater Manchester's share; relative errors.
    """

    scenario = load_scenario("reference")
    code = unit_of(load_dataset("mayoral"), "Greater Manchester").code

    def means(draws: int, seed: int, sampler: Sampler) -> tuple[float, float]:
        result = run(scenario, draws=draws, seed=seed, sampler=sampler)
        uk = result.groups().row(by_predicate=pl.col("area_code") == "uk", named=True)
        area = result.areas().row(by_predicate=pl.col("area_code") == code, named=True)
        return float(uk["gain_final_year_gbp_m_mean"]), float(area["share_mean"])

    truth = np.array(means(TRUTH_DRAWS, 10_001, "sobol"))
    rows = []
    for sampler in SAMPLERS:
        for draws in CONVERGENCE_DRAWS:
            seeds = range(1, CONVERGENCE_SEEDS + 1)
            found = np.array([means(draws, seed, sampler) for seed in seeds])
            error = np.sqrt(((found / truth - 1.0) ** 2).mean(axis=0))
            rows.append((sampler, draws, float(error[0]), float(error[1])))
    return pl.DataFrame(rows, schema=["sampler", "draws", "uk_gain", "share"], orient="row")


def slope(sampler: str, column: str = "uk_gain") -> float:
    """Power of the number of draws by which an error falls: −½ for random numbers."""
    frame = convergence().filter(pl.col("sampler") == sampler)
    x = [math.log(draws) for draws in frame["draws"]]
    y = [math.log(error) for error in frame[column]]
    return float(np.polyfit(x, y, 1)[0])


# ---------------------------------------------------------------- the page

# Slopes of an error against draws that random numbers may show over so few seeds; drawn after the
# first runs had shown −0.63 and −0.51.
RANDOM_SLOPE = (-0.75, -0.3)


def page() -> Page:
    """How far the core is from what it should give."""
    compared = {precision: independent("sobol", precision) for precision in ALLOWED}
    forms = closed_forms()
    frame = convergence()
    slopes = {sampler: slope(sampler) for sampler in SAMPLERS}
    last = frame.filter(pl.col("draws") == CONVERGENCE_DRAWS[-1])
    final = dict(zip(last["sampler"], last["uk_gain"], strict=True))
    verdicts = [
        Verdict(
            f"The core agrees with the independent model, {_bits(precision)} precision, within "
            f"{_power(ALLOWED[precision])} of every number",
            f"largest relative difference {_size(_largest(table_))} in {_count(table_):,} numbers",
            in_range(_largest(table_), 0.0, ALLOWED[precision]),
        )
        for precision, table_ in compared.items()
    ]
    verdicts += [
        Verdict(
            f"Closed form: {form.world}",
            f"largest relative difference {_size(form.difference)}",
            in_range(form.difference, 0.0, 1e-12),
        )
        for form in forms
    ]
    verdicts += [
        Verdict(
            "Plain random draws: the error of a mean falls with about the root of the draws",
            f"power {_minus(slopes['random'])}, UK gain",
            in_range(slopes["random"], *RANDOM_SLOPE),
            afterwards=True,
        ),
        Verdict(
            "Sobol points: the error of a mean falls faster than with random draws",
            f"power {_minus(slopes['sobol'])}, UK gain; at {CONVERGENCE_DRAWS[-1]:,} draws "
            f"{percent(final['sobol'], 2)} against {percent(final['random'], 2)}",
            "holds"
            if slopes["sobol"] < slopes["random"] and final["sobol"] < final["random"]
            else "fails",
        ),
    ]
    differences = [
        (quantity, f"{numbers:,}", _size(double), _size(single))
        for (quantity, numbers, double), single in zip(
            compared["float64"].iter_rows(), compared["float32"]["largest_difference"], strict=True
        )
    ]
    worlds = [(form.world, form.formula, _size(form.difference)) for form in forms]
    runs = [
        (row["sampler"], f"{row['draws']:,}", percent(row["uk_gain"], 2), percent(row["share"], 2))
        for row in frame.iter_rows(named=True)
    ]
    picture = errors(
        frame.select("sampler", "draws", error="uk_gain"),
        "error of the mean",
        "Error of the mean UK gain against the number of draws, random and Sobol, on logarithmic "
        "axes.",
    )
    sections = (
        f"""
## Against an independent model

`tests/reference` is the model written a second time, slowly and plainly, from
[its description](../explanation/model.md) and not from the core, random numbers included.
Scenario `{PLAN}`, mayoral geography, {COMPARED_DRAWS} futures, every area and group, every future
by itself; the tests do the same for each sampler, curve, basis and kind of distribution.

{
            table(
                ("quantity", "numbers", "largest difference, double", "single"),
                differences,
            )
        }

## Against closed forms

{table(("world", "by hand", "largest difference"), worlds, left=2)}

## Convergence

Error of a mean: root mean square over {CONVERGENCE_SEEDS} seeds against a run of {TRUTH_DRAWS:,}
draws, relative. [Benchmarks](../benchmarks.md) say what a Sobol point is worth for bands, where it
is little.

{table(("sampler", "draws", "UK gain, final year", "Greater Manchester's share"), runs)}

![convergence]
""",
    )
    return Page(
        "numerical",
        "Numerical verification",
        "Whether the core computes what the model says. It says nothing of whether the model is "
        "right.",
        tuple(verdicts),
        sections,
        {"convergence": picture},
    )


def _largest(frame: pl.DataFrame) -> float:
    return float(frame["largest_difference"].max())  # type: ignore[arg-type]


def _count(frame: pl.DataFrame) -> int:
    return int(frame["numbers"].sum())


def _bits(precision: str) -> str:
    return {"float64": "double", "float32": "single"}[precision]


def _power(value: float) -> str:
    """A power of ten, such as ``10⁻¹⁰``."""
    digits = str(round(math.log10(value)))
    return "10" + digits.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _size(value: float) -> str:
    """A rounding error by the power of ten above it: its digits differ between machines."""
    return f"below {_power(10.0 ** max(-13, math.ceil(math.log10(max(value, 1e-300)))))}"


def _minus(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
