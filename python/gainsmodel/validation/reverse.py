"""Reverse checks: questions whose answer was measured or published elsewhere, put to the model."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gainsmodel.analysis.take_up_cases import CASES
from gainsmodel.data import load_dataset
from gainsmodel.data.units import unit_of
from gainsmodel.results.plan_levers import mean_of
from gainsmodel.results.prices import price_level
from gainsmodel.results.result import draws_of
from gainsmodel.results.statistics import quantiles
from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.simulation.core_inputs import core_inputs
from gainsmodel.simulation.run import run_paired
from gainsmodel.simulation.settings import Settings
from gainsmodel.validation.page import Page, bn, percent, table
from gainsmodel.validation.pictures import Row, bands
from gainsmodel.validation.verdict import Verdict, in_range, overlap

Floats = NDArray[np.float64]
DRAWS = 4_000
SEED = 1
# What it had brought was measured in 2019; when it began was not read: a judgement.
SUPERFAST_YEARS = 7
SUPERFAST_GBP_BN = 1.1


@dataclass(frozen=True)
class Band:
    """5% quantile, mean and 95% quantile of an amount, £bn."""

    p05: float
    mean: float
    p95: float


def _band(values_gbp_bn: Floats) -> Band:
    low, high = (float(x) for x in np.quantile(values_gbp_bn, [0.05, 0.95]))
    return Band(low, float(values_gbp_bn.mean()), high)


def everywhere(*levers: str, horizon_years: int = 10) -> Scenario:
    """The reference scenario with levers pulled in full in every area of the UK."""
    changes: dict[str, object] = {f"plan.UK.{lever}": 1.0 for lever in levers}
    return load_scenario("reference").edit(
        {"setting.horizon_years": horizon_years, "title": "Everywhere", **changes}
    )


@cache
def connectivity(years: int = SUPERFAST_YEARS) -> Band:
    """What connectivity alone adds in the UK in a year, £bn, paired and gross.

    Gross, since the programme was measured where it came, and not what others lost by it.
    """
    scenario = everywhere("connectivity", horizon_years=years)
    with_plan, without = run_paired(scenario, draws=DRAWS, seed=SEED)
    uk = unit_of(load_dataset("mayoral"), "uk")
    gaps = [draws_of(result, "gain_final_year_gbp_m", uk) for result in (with_plan, without)]
    return _band((gaps[0] - gaps[1]) / 1000.0)


def superfast_gbp_bn() -> float:
    """The measured effect, from the prices of 2019 to those of the reference."""
    return SUPERFAST_GBP_BN / price_level(load_scenario("reference"), load_dataset("mayoral"), 2019)


def prices() -> str:
    """What money this page is in."""
    return f"{load_scenario('reference').setting.price_year} prices"


@cache
def raised_to_average(geography: str = "local_authority") -> Band:
    """What raising below-average areas to average readiness is worth, £bn a year.

    Their adoption today and their complements move from what their readiness gives to what
    average readiness gives; nothing else moves, at once and without lag, decay or cap:

        Σ GVA[r,s] · β[s,k] · (A(0) − A(readiness[r]) · exp(γ_c · readiness[r])),  readiness[r] < 0

    Effect and slopes are drawn, with the spread over nation, technologies and sectors that the
    reference states; cells and initial adoption stand at their middles.
    """
    scenario, data = load_scenario("reference"), load_dataset(geography)
    spec, arrays = core_inputs(scenario, data, Settings())
    ready, gva_gbp_m = arrays["readiness"], arrays["gva_gbp_m"]
    z = np.random.default_rng(SEED)
    slope = {
        name: core["mean"] + core["sd"] * z.standard_normal(DRAWS)
        for name in ("initial_adoption", "productivity_effect")
        for core in [spec["national"][f"readiness_slope_{name}"]]
    }
    effect = spec["spread_parameters"]["productivity_effect"]
    nation, technology, _, sector, cell = effect["spread"]
    sectors, technologies = len(spec["sectors"]), len(spec["technologies"])
    normal = (
        math.sqrt(nation) * z.standard_normal((DRAWS, 1, 1))
        + math.sqrt(technology) * z.standard_normal((DRAWS, 1, technologies))
        + math.sqrt(sector) * z.standard_normal((DRAWS, sectors, 1))
    )
    sigma = np.array([d["sigma"] for d in effect["distributions"]])
    median = np.array([d["median"] for d in effect["distributions"]])
    beta = median * np.exp(sigma * normal + cell * sigma**2 / 2.0)
    middle = np.array(
        [d["median"] for d in spec["spread_parameters"]["initial_adoption"]["distributions"]]
    )
    ratios = np.array([[ratio["value"] for ratio in row] for row in spec["odds_ratios"]])
    odds = middle / (1.0 - middle) * ratios
    at_average = odds / (1.0 + odds)

    total = np.zeros(DRAWS)
    for r in np.flatnonzero(ready < 0.0):
        lower = odds * np.exp(slope["initial_adoption"] * ready[r])[:, None, None]
        kept = np.exp(slope["productivity_effect"] * ready[r])[:, None, None]
        gap = at_average - lower / (1.0 + lower) * kept
        total += ((beta * gap).sum(axis=2) * gva_gbp_m[r]).sum(axis=1)
    return _band(total / 1000.0)


def take_up_range() -> tuple[float, float, float]:
    """5% quantile, mean and 95% quantile of the take-up of a lever."""
    figure = load_scenario("reference").parameters.take_up.figure()
    low, _, high = quantiles(figure)
    return low, mean_of(figure), high


def take_up_below(share: float) -> float:
    """Probability that take-up is below a share, by the trapezium rule."""
    core = load_scenario("reference").parameters.take_up.figure().core()
    return beta_below(share, core["alpha"], core["beta"])


def beta_below(x: float, alpha: float, beta: float, points: int = 20_001) -> float:
    """Distribution function of a beta, with u = t^α so that the integrand is smooth at 0."""
    u = np.linspace(0.0, x**alpha, points)
    log_constant = math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
    integral = float(np.trapezoid((1.0 - u ** (1.0 / alpha)) ** (beta - 1.0), u))
    return math.exp(log_constant) / alpha * integral


# ---------------------------------------------------------------- the page

# What the checks were asked to give, £bn a year, before they were run.
CONNECTIVITY_ASKED = (0.5, 2.0)
RAISED_ASKED = (10.0, 25.0)


def page() -> Page:
    """What the reverse checks give, good or bad."""
    added, later = connectivity(), connectivity(10)
    raised, coarse = raised_to_average(), raised_to_average("mayoral")
    low, mean, high = take_up_range()
    measured = superfast_gbp_bn()
    verdicts = (
        Verdict(
            f"Connectivity alone, everywhere, year {SUPERFAST_YEARS}: the measured effect of the "
            f"superfast programme, {bn(measured)} at {prices()}, lies in the 90% band",
            _range(added),
            in_range(measured, added.p05, added.p95),
            afterwards=True,
        ),
        Verdict(
            "Connectivity alone lands in "
            f"{bn(CONNECTIVITY_ASKED[0])} to {bn(CONNECTIVITY_ASKED[1])} a year, not tens",
            f"on average {bn(added.mean, 2)}; at most {bn(added.p95)} in 19 of 20 futures",
            overlap(added.p05, added.mean, added.p95, *CONNECTIVITY_ASKED),
        ),
        Verdict(
            "Below-average local authorities raised to the average lands in "
            f"{bn(RAISED_ASKED[0], 0)} to {bn(RAISED_ASKED[1], 0)} a year",
            _range(raised),
            overlap(raised.p05, raised.mean, raised.p95, *RAISED_ASKED),
        ),
        *(
            Verdict(
                f"The 90% range of take-up contains {scheme}, {percent(share)}",
                f"{percent(low)} to {percent(high)}; below it in {_of_100(share)} futures",
                in_range(share, low, high),
            )
            for scheme, share in ((case.programme, case.take_up) for case in CASES)
        ),
    )
    rows = [
        (
            label,
            *(bn(value, 2) for value in (band.p05, band.mean, band.p95)),
            asked,
        )
        for label, band, asked in (
            (f"connectivity alone, year {SUPERFAST_YEARS}", added, f"{bn(measured)} measured"),
            ("connectivity alone, year 10", later, ""),
            ("local authorities raised to the average", raised, "£10bn to £25bn"),
            ("mayoral geography raised to the average", coarse, "£10bn to £25bn"),
        )
    ]
    sections = (
        f"""
## What was asked of the model

{table((f"£bn a year, {prices()}", "5%", "average", "95%", "asked"), rows)}

![checks]

**Connectivity.** The superfast programme's evaluation found £1.1bn of GVA from productivity at
work in 2019, from the timing of the roll-out to 5.5m premises. The lever is pulled in full
everywhere; its effect sizes are judgement and were not set from that figure. One programme reached
a part of the premises only, so a like-for-like effect would be larger than the one measured.

**Below-average areas.** QuickBooks and Oxford Economics put raising areas below the average in
digital skills and infrastructure at £15.3bn a year (some 170 areas; prices of its own year). Here
the adoption of today and the complements of areas with below-average readiness move to the average,
at once.
{_raised_words(raised, coarse)}

**Take-up.** {CASES[0].programme} reached {percent(CASES[0].take_up)} of its plan and
{CASES[1].programme} {percent(CASES[1].take_up, 0)} of the firms that took part; they are the
reference class of the levers' take-up, whose mean is {percent(mean, 0)}. In
{_of_100(CASES[0].take_up)} futures it is lower than in the one, in
{_of_100(CASES[1].take_up)} lower than in the other. The
connection vouchers, which were used up, are the class of connectivity.
""",
    )
    picture = bands(
        [
            Row(f"Connectivity alone, year {SUPERFAST_YEARS}", *_ends(added), measured),
            Row("Local authorities raised to the average", *_ends(raised), 15.3),
            Row("Mayoral geography raised to the average", *_ends(coarse), 15.3),
        ],
        f"£bn a year, {prices()}; published as a dot",
        "Three effects in the model, 90% bands, with the published figures, as dots.",
    )
    return Page(
        "reverse",
        "Reverse checks",
        "Questions that were measured or published elsewhere, put to the model with nothing fitted "
        "to them.",
        verdicts,
        sections,
        {"checks": picture},
    )


def _ends(band: Band) -> tuple[float, float, float]:
    return band.p05, band.mean, band.p95


def _of_100(share: float) -> str:
    return f"{take_up_below(share) * 100:.0f} of 100"


def _range(band: Band) -> str:
    return (
        f"on average {bn(band.mean, 2)}; {bn(band.p05, 2)} to {bn(band.p95, 1)} in 9 of 10 futures"
    )


def _raised_words(fine: Band, coarse: Band) -> str:
    """What follows from the size of the effect, by rule."""
    low = RAISED_ASKED[0]
    if fine.mean >= low:
        return "The model's differences between areas are as large as that study's."
    words = (
        "The model makes less of it: its slopes on readiness are judgement, and they make areas "
        "more alike than that study does. **That our shares lie near GVA is therefore in part what "
        "was assumed, not a finding.**"
    )
    if coarse.p95 >= low:
        words += (
            " By mayoral area the band reaches the range asked for; a z-score of readiness means "
            "more where areas are fewer and larger."
        )
    return words
