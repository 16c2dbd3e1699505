"""Aggregates of every shipped scenario held against committed ones, and the headline figures.

A golden file says that an answer has changed, not that it is wrong. After a change that is
meant to move numbers, look at the differences, renew the files with

    GAINSMODEL_RENEW_GOLDEN=1 python -m pytest tests/test_golden.py

and commit them together with the reason.
"""

from __future__ import annotations

import json
import math
import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

import gainsmodel
from gainsmodel.simulation.core_inputs import core_inputs
from plain import plain

FOLDER = Path(__file__).parent / "golden"
DRAWS, SEED, TOLERANCE = 4_000, 1, 1e-6
PLACES = {"uk": "United Kingdom", "E47000001": "Greater Manchester"}
METRICS = ("share", "gain_final_year_gbp_m", "gain_cumulative_gbp_m")
STATISTICS = ("mean", "p05", "p50", "p95")
RENEW = "GAINSMODEL_RENEW_GOLDEN=1 python -m pytest tests/test_golden.py"


def aggregates(name: str) -> dict[str, Any]:
    result = gainsmodel.run(name, draws=DRAWS, seed=SEED)
    both = pl.concat([result.groups(), result.areas()], how="diagonal")
    found: dict[str, Any] = {}
    for code, place in PLACES.items():
        row = both.row(by_predicate=pl.col("area_code") == code, named=True)
        for metric in METRICS:
            for statistic in STATISTICS:
                found[f"{place}: {metric}_{statistic}"] = row[f"{metric}_{statistic}"]
    uk = result.groups().row(0, named=True)
    for basis in ("final_year", "share_of_economy", "cumulative"):
        found[f"P(gain ≥ prize), {basis}"] = uk[f"p_{basis}_reaches_prize"]
    return found


@pytest.mark.parametrize("name", sorted(gainsmodel.shipped_scenarios()))
def test_answers_are_those_committed(name: str) -> None:
    path = FOLDER / f"{name}.json"
    found = aggregates(name)
    if os.environ.get("GAINSMODEL_RENEW_GOLDEN") == "1":
        text = json.dumps(found, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", "utf-8")
        return
    assert path.is_file(), f"no committed answers of {name}; make them with\n  {RENEW}"
    committed = json.loads(path.read_text("utf-8"))
    assert list(found) == list(committed)
    moved = [
        f"  {key}: {committed[key]:.9g} became {value:.9g}"
        for key, value in found.items()
        if not math.isclose(value, committed[key], rel_tol=TOLERANCE, abs_tol=1e-12)
    ]
    assert not moved, (
        f"the answer of scenario {name} has changed ({DRAWS:,} draws, seed {SEED}):\n"
        + "\n".join(moved)
        + f"\nIf the model, the figures or the scenario changed on purpose, renew with\n  {RENEW}"
    )


def test_every_golden_file_belongs_to_a_shipped_scenario() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(gainsmodel.shipped_scenarios())


# ---------------------------------------------------------------- headline figures

# From independent implementations of the model's description: quantity, statistic, value, half a
# unit of its last printed digit. The first list is of the edition before this one, whose parts
# must still give its figures; the second of this edition with the growth of that one, from 3,000
# draws.
EARLIER = (
    ("uk", "gain_gbp_m_2036", "p50", 54_000, 500),
    ("uk", "gain_gbp_m_2036", "p05", 16_000, 500),
    ("uk", "gain_gbp_m_2036", "p95", 147_000, 500),
    ("uk", "uplift_final_year", "p50", 0.021, 0.0005),
    ("uk", "uplift_final_year", "p05", 0.006, 0.0005),
    ("uk", "uplift_final_year", "p95", 0.055, 0.0005),
    ("uk", "gain_cumulative_gbp_m", "p50", 322_000, 500),
    ("uk", "gain_cumulative_gbp_m", "p05", 91_000, 500),
    ("uk", "gain_cumulative_gbp_m", "p95", 954_000, 500),
    ("E47000001", "share", "p50", 0.0404, 0.00005),
    ("E47000001", "share", "p05", 0.0221, 0.00005),
    ("E47000001", "share", "p95", 0.0668, 0.00005),
)
THIS = (
    ("uk", "gain_gbp_m_2036", "mean", 73_000, 500),
    ("uk", "gain_gbp_m_2036", "p50", 61_000, 500),
    ("uk", "gain_gbp_m_2036", "p05", 18_000, 500),
    ("uk", "gain_gbp_m_2036", "p95", 162_000, 500),
    ("uk", "uplift_final_year", "mean", 0.026, 0.0005),
    ("E47000001", "share", "mean", 0.042, 0.0005),
    ("E12000007", "share", "mean", 0.226, 0.0005),
)
REACHED = (
    ("final_year", 0.012, 0.0005),
    ("share_of_economy", 0.001, 0.0005),
    ("cumulative", 0.77, 0.005),
)
# Skills first in Greater Manchester: what it adds, gross and net, and its net present value, £m.
PLAN = (("gross", 58, 0.5), ("net", 37, 0.5), ("worth", 115, 0.5))
GROWTH_APART: dict[str, Any] = {
    "parameters.growth_loading.values": {},
    "parameters.growth_transitory.value": 0.0,
}


def with_growth_apart(name: str) -> gainsmodel.Scenario:
    """A scenario in which areas grow independently, with nothing transitory."""
    scenario = gainsmodel.load_scenario(name)
    nothing = dict.fromkeys(scenario.parameters.growth_loading.values, 0.0)
    return scenario.edit(GROWTH_APART | {"parameters.growth_loading.values": nothing})


def earlier() -> gainsmodel.Scenario:
    """The reference of the edition before."""
    changes = {
        "setting.price_year": 2023,
        "parameters.complements.distribution": {"kind": "normal", "mean": 0.0, "sd": 0.25},
    }
    return plain(with_growth_apart("reference")).edit(changes)


@cache
def headline_run(edition: str, sampler: Literal["sobol", "random"]) -> gainsmodel.Result:
    scenario = earlier() if edition == "earlier" else with_growth_apart("reference")
    draws = 3_000 if (edition, sampler) == ("this", "random") else 20_000
    return gainsmodel.run(scenario, draws=draws, seed=1, sampler=sampler)


@pytest.mark.parametrize(
    ("edition", "area", "quantity", "statistic", "published", "rounding"),
    [*(("earlier", *row) for row in EARLIER), *(("this", *row) for row in THIS)],
)
def test_the_reference_gives_the_headline_figures(
    edition: str, area: str, quantity: str, statistic: str, published: float, rounding: float
) -> None:
    at = (pl.col("area_code") == area) & (pl.col("quantity") == quantity)
    ours, theirs = (
        headline_run(edition, sampler).statistics().row(by_predicate=at, named=True)
        for sampler in ("sobol", "random")
    )
    # The published figure is itself a sample, taken to be plain Monte Carlo of this size.
    error = math.hypot(ours[f"mcse_{statistic}"], theirs[f"mcse_{statistic}"])
    assert abs(ours[statistic] - published) <= rounding + 4 * error


@pytest.mark.parametrize(
    ("edition", "basis", "published", "rounding"),
    [
        ("earlier", "cumulative", 0.72, 0.005),
        *(("this", *row) for row in REACHED),
    ],
)
def test_the_reference_reaches_the_prize_as_often_as_published(
    edition: str, basis: str, published: float, rounding: float
) -> None:
    found = headline_run(edition, "sobol").groups()[f"p_{basis}_reaches_prize"][0]
    draws = headline_run(edition, "random").manifest["draws"]
    error = math.sqrt(published * (1 - published) * (1 / 20_000 + 1 / draws))
    assert abs(found - published) <= rounding + 4 * error


@pytest.mark.parametrize(("what", "published", "rounding"), PLAN)
def test_a_plan_comes_to_the_published_figures(
    what: str, published: float, rounding: float
) -> None:
    values = []
    for sampler, draws in (("sobol", 10_000), ("random", 3_000)):
        pair = gainsmodel.run_paired(
            with_growth_apart("skills_first"), draws=draws, sampler=sampler
        )
        column = "net_present_value_gbp_m" if what == "worth" else "gain_final_year_gbp_m"
        table = pair.net_present_value() if what == "worth" else pair.added(gross=what == "gross")
        row = table.row(by_predicate=pl.col("area_code") == "E47000001", named=True)
        values.append((row[f"{column}_mean"], row[f"{column}_mcse_mean"]))
    (ours, error), (_, their_error) = values
    assert abs(ours - published) <= rounding + 4 * math.hypot(error, their_error)


def test_manchesters_share_of_gva_is_the_published_one() -> None:
    areas = headline_run("this", "sobol").areas()
    share = areas.filter(pl.col("area_code") == "E47000001")["gva_share"].item()
    assert share == pytest.approx(0.0419, abs=0.00005)


@pytest.mark.parametrize("name", ["reference", "everyone_acts"])
def test_specifications_of_the_kernel_benchmarks_are_those_of_the_scenarios(name: str) -> None:
    path = Path(__file__).parents[1] / f"rust/core/benches/specs/{name}.json"
    scenario = gainsmodel.load_scenario(name)
    spec, arrays = core_inputs(scenario, gainsmodel.load_dataset("mayoral"), gainsmodel.Settings())
    data = {key: [round(float(x), 6) for x in values.ravel()] for key, values in arrays.items()}
    made = {"spec": spec, "data": data}
    if os.environ.get("GAINSMODEL_RENEW_GOLDEN") == "1":
        path.write_text(json.dumps(made, separators=(",", ":")), "utf-8")
    assert json.loads(path.read_text("utf-8")) == json.loads(json.dumps(made)), RENEW
