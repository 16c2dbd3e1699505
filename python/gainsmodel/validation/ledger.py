"""Benchmark ledger: published totals and splits on one footing, with ours beside them.

The footing is a share of UK GVA in one year, the year the study names: a ratio needs neither
prices nor a vintage. A study's own percentage goes before one made from its pounds.
"""

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.data import load_dataset
from gainsmodel.data.units import unit_of
from gainsmodel.format import out_of_100
from gainsmodel.results.result import Result, draws_of
from gainsmodel.scenario import load_scenario
from gainsmodel.simulation.run import run
from gainsmodel.validation.page import TABLES, Page, percent, points, table
from gainsmodel.validation.pictures import Row, bands
from gainsmodel.validation.prize import catch_up_split, distance
from gainsmodel.validation.reverse import everywhere
from gainsmodel.validation.verdict import Verdict, in_range

DRAWS = 4_000
SEED = 1
# Totals of the studies whose splits are set beside ours, £bn.
SPLIT_TOTALS_GBP_BN = {
    "Virgin Media O2 and Oxford Analytica, 2021": 69.78,
    "Virgin Media Business and Oxford Economics, 2015": 92.0,
    "CBI, 2016, and CBI Scotland, 2017": 208.0,
}


def nominal_gva_gbp_bn(year: int) -> float:
    """UK GVA in the prices of its year, published to 2025, then by the reference's assumptions."""
    economy = load_dataset("mayoral").economy
    known = dict(zip(economy["year"], economy["gva_current_gbp_m"], strict=True))
    last = max(known)
    if year <= last:
        return float(known[year]) / 1000.0
    parameters = load_scenario("reference").parameters
    start = load_scenario("reference").setting.start_year
    growth = parameters.growth_nation.figure().core()["mean"]
    value = float(known[last]) / 1000.0
    for y in range(last + 1, year + 1):
        real = parameters.growth_to_start_year.value if y <= start else growth
        value *= (1.0 + real) * (1.0 + parameters.inflation_per_year.value)
    return value


@cache
def reference_after(years: int, geography: str = "mayoral") -> Result:
    """The reference scenario over another horizon."""
    scenario = load_scenario("reference").edit({"setting.horizon_years": years})
    return run(scenario, draws=DRAWS, seed=SEED, geography=geography)


@cache
def uplift(years: int) -> NDArray[np.float64]:
    """UK gain as a share of UK GVA after some years, in every future."""
    result = reference_after(years)
    return draws_of(result, "uplift_final_year", unit_of(load_dataset("mayoral"), "uk")).ravel()


@cache
def totals() -> pl.DataFrame:
    """Every published total on one footing, with ours beside it.

    Columns of ``published_totals.csv`` and ``share``, the gain as a share of UK GVA in one year;
    ``ours_p05``, ``ours_mean``, ``ours_p95``, the reference scenario's after as many years as the
    study looks ahead (ten where it names no year); ``p_ours_as_high``, the part of our futures
    that reach it.
    """
    frame = pl.read_csv(TABLES / "published_totals.csv")
    rows = []
    for row in frame.iter_rows(named=True):
        level = row["gbp_bn"]
        percent = row["stated_percent"]
        share = (
            percent / 100.0
            if percent is not None
            else _level(level, row["years_summed"]) / nominal_gva_gbp_bn(row["year"])
        )
        ours = uplift(row["years_ahead"])
        low, high = (float(x) for x in np.quantile(ours, [0.05, 0.95]))
        rows.append((share, low, float(ours.mean()), high, float((ours >= share).mean())))
    names = ("share", "ours_p05", "ours_mean", "ours_p95", "p_ours_as_high")
    return frame.hstack(pl.DataFrame(rows, schema=names, orient="row"))


def _level(gbp_bn: float, years_summed: int | None) -> float:
    """A sum over years that grow evenly from nothing, as the level of the last of them."""
    return gbp_bn if years_summed is None else gbp_bn / ((years_summed + 1) / 2.0)


@cache
def splits() -> pl.DataFrame:
    """Published regional splits, with the null model, ours and the catch-up rule on their places.

    Columns ``study``, ``place``, ``published``, ``null``, ``ours``, ``ours_p05``, ``ours_p95``
    and ``catch_up``, shares of the UK. Places that a study does not name are one row, "elsewhere".
    """
    regions = catch_up_split(reference_after(10, "itl1"))
    published = pl.read_csv(TABLES / "published_splits.csv")
    result = reference_after(10, "itl1")
    shares = draws_of(result, "share")
    codes = regions["area_code"].to_list()
    rows = []
    for study in published["study"].unique(maintain_order=True):
        places = published.filter(pl.col("study") == study)
        members = [entry.split() for entry in places["members"]]
        inside = [[codes.index(code) for code in entry] for entry in members]
        null = [float(regions["gva_share"].gather(i).sum()) for i in inside]
        values = places["value"].to_list()
        if places["unit"][0] == "percent_of_own_gdp":
            weighted = [v * n for v, n in zip(values, null, strict=True)]
            shown = [w / sum(weighted) for w in weighted]
        else:
            shown = [v / SPLIT_TOTALS_GBP_BN[study] for v in values]
        names = places["place"].to_list()
        named = [i for entry in inside for i in entry]
        rest = [i for i in range(len(codes)) if i not in named]
        if rest:
            names.append("elsewhere")
            inside.append(rest)
            shown.append(1.0 - sum(shown))
        for name, at, share in zip(names, inside, shown, strict=True):
            ours = shares[at].sum(axis=0)
            low, high = np.nanquantile(ours, [0.05, 0.95])
            rows.append(
                {
                    "study": study,
                    "place": name,
                    "published": share,
                    "null": float(regions["gva_share"].gather(at).sum()),
                    "ours": float(np.nanmean(ours)),
                    "ours_p05": float(low),
                    "ours_p95": float(high),
                    "catch_up": float(regions["catch_up_share"].gather(at).sum()),
                }
            )
    return pl.DataFrame(rows)


def distances() -> pl.DataFrame:
    """How far each split is from the null model, on the places its study names.

    Columns ``split`` and ``distance``. With places put together a distance can only shrink, so
    those of studies that name few places are least values.
    """
    rows: list[tuple[str, float]] = []
    for (study,), frame in splits().group_by("study", maintain_order=True):
        rows.append((str(study), distance(frame["published"], frame["null"])))
    regions = catch_up_split(reference_after(10, "itl1"))
    null = regions["gva_share"]
    rows += [
        ("Catch-up rule, 90th percentile", distance(regions["catch_up_share"], null)),
        ("Catch-up rule, fastest area", distance(regions["catch_up_fastest_share"], null)),
        ("Catch-up rule, fastest large area", distance(regions["catch_up_large_share"], null)),
        ("This model, reference scenario", distance(regions["model_share_mean"], null)),
    ]
    return pl.DataFrame(rows, schema=["split", "distance"], orient="row")


@cache
def ambitious(years: int, geography: str = "mayoral") -> Result:
    """Every lever pulled in full in every area, over a horizon; take-up as uncertain as ever."""
    levers = tuple(load_scenario("reference").levers)
    return run(
        everywhere(*levers, horizon_years=years), draws=DRAWS, seed=SEED, geography=geography
    )


def nations_in_order() -> float:
    """Part of the futures in which England gains most of its GVA, then Wales, Scotland, NI."""
    result = reference_after(10, "itl1")
    codes, shares = result.areas()["area_code"].to_list(), draws_of(result, "share")
    null = result.areas()["gva_share"].to_numpy()
    england = [i for i, code in enumerate(codes) if code not in ("TLL", "TLM", "TLN")]
    groups = [england, *([codes.index(code)] for code in ("TLL", "TLM", "TLN"))]
    rate = np.stack([shares[group].sum(axis=0) / null[group].sum() for group in groups])
    return float((np.diff(rate, axis=0) < 0).all(axis=0).mean())


# ---------------------------------------------------------------- the page

# Studies whose totals should lie in the 90% band of an ambitious plan, and above our average.
INSIDE_AMBITIOUS = (
    "Virgin Media Business and Oxford Economics",
    "Cebr for Virgin Media Business, 2025",
    "Cebr for Virgin Media Business, 2030",
)


def page() -> Page:
    """Every published total and split, with ours beside it."""
    ledger, regional = totals(), splits()
    found = {row["study"]: row for row in ledger.iter_rows(named=True)}
    verdicts = []
    uk = unit_of(load_dataset("mayoral"), "uk")
    for study in INSIDE_AMBITIOUS:
        row = found[study]
        ours = draws_of(ambitious(row["years_ahead"]), "uplift_final_year", uk)
        low, high = (float(x) for x in np.quantile(ours, [0.05, 0.95]))
        above = row["share"] > row["ours_mean"]
        verdicts.append(
            Verdict(
                f"{study}: {percent(row['share'])} lies above our average and inside the 90% band "
                f"of every lever everywhere, after {row['years_ahead']} years",
                f"average {percent(row['ours_mean'])}; band {percent(low)} to {percent(high)}",
                in_range(row["share"], low, high) if above else "fails",
            )
        )
    productivity = found["PwC, artificial intelligence, productivity"]
    verdicts.append(
        Verdict(
            f"PwC's productivity part, {percent(productivity['share'])}, lies in our 90% band",
            f"{percent(productivity['ours_p05'])} to {percent(productivity['ours_p95'])}, four "
            "technologies where PwC has one",
            in_range(productivity["share"], productivity["ours_p05"], productivity["ours_p95"]),
            afterwards=True,
        )
    )
    prize = found["CBI, Unlocking Regional Growth"]
    verdicts.append(
        Verdict(
            "The CBI's 10%, all causes, is out of reach of digital adoption alone in more than 95 "
            "of 100 futures",
            f"as high in {out_of_100(prize['p_ours_as_high'], DRAWS)} futures",
            "holds" if prize["p_ours_as_high"] < 0.05 else "fails",
        )
    )
    levered = ambitious(10, "itl1").areas()
    mean_share = dict(zip(levered["area_code"], levered["share_mean"], strict=True))
    named = regional.filter(
        pl.col("study") == "Virgin Media O2 and Oxford Analytica, 2021",
        pl.col("place") != "elsewhere",
    )
    members = dict(
        pl.read_csv(TABLES / "published_splits.csv")
        .filter(pl.col("study") == named["study"][0])
        .select("place", "members")
        .iter_rows()
    )
    worst = max(
        abs(mean_share[members[row["place"]]] - row["published"])
        for row in named.iter_rows(named=True)
    )
    verdicts.append(
        Verdict(
            "Five regions of Virgin Media O2 2021: our mean shares with every lever everywhere "
            "are within 1 point",
            f"{points(worst)} points at most",
            in_range(worst, 0.0, 0.01),
        )
    )
    order = nations_in_order()
    verdicts.append(
        Verdict(
            "Nations rank as PwC has them: England, Wales, Scotland, Northern Ireland",
            f"so in {order * 100:.0f} of 100 futures; chance alone gives 4",
            "holds" if order > 0.5 else "fails" if order < 1 / 24 else "open",
        )
    )
    gva_2026 = nominal_gva_gbp_bn(2026)
    rows = [
        (
            row["study"],
            row["place"],
            str(row["year"]),
            "" if row["gbp_bn"] is None else f"£{row['gbp_bn']:,g}bn",
            f"{row['kind']}, {row['prices']}",
            percent(row["share"]),
            f"£{row['share'] * gva_2026:,.0f}bn",
            str(row["years_ahead"]),
            f"{percent(row['ours_mean'])} ({percent(row['ours_p05'])}–{percent(row['ours_p95'])})",
            out_of_100(row["p_ours_as_high"], DRAWS),
        )
        for row in ledger.iter_rows(named=True)
    ]
    reasons = [
        (row["study"], row["what"], row["reason"], row["source"])
        for row in ledger.iter_rows(named=True)
    ]
    places = [
        (
            row["study"],
            row["place"],
            *(points(row[name], 1) for name in ("published", "null")),
            f"{points(row['ours'], 1)} ({points(row['ours_p05'], 1)}–{points(row['ours_p95'], 1)})",
            points(row["catch_up"], 1),
        )
        for row in regional.iter_rows(named=True)
    ]
    far = [(row["split"], points(row["distance"], 1)) for row in distances().iter_rows(named=True)]
    sections = (
        f"""
## Totals on one footing

Share of UK GVA in the one year that the study names. Its own percentage where it states one (of
GDP, which is some tenth above GVA); else its pounds over the UK's GVA of that year in the prices of
that year, published to 2025 and then by the reference scenario's growth and inflation. A sum over
years that grow evenly is put as the level of the last. *Today* is the same share of the UK's GVA
of 2026, in the prices of 2026. Ours is the reference scenario after as many years as the study
looks ahead (ten where it names no date): average and 90% band, and the chance of as much. Figures
that were not read at a source are left out.

{
            table(
                (
                    *("study", "place", "year", "stated", "level or sum, prices", "of UK GVA"),
                    *("today", "years ahead", "ours", "ours as high"),
                ),
                rows,
                left=2,
            )
        }

![totals]

## Why they differ

{table(("study", "what it is", "why it differs from ours", "read at"), reasons, left=4)}

## Splits

Shares of the UK, %. Null is the share of GVA in 2023; ours the reference scenario, mean and 90%
band; catch-up the 90th-percentile rule of [the £208bn](prize.md). A study's places that are not
named are one row. PwC gives each nation's gain as a share of its own output: it is weighted by GVA.

{
            table(
                ("study", "place", "published", "null", "ours: mean (90%)", "catch-up"),
                places,
                left=2,
            )
        }

Distance from the null model, half the sum of absolute differences, percentage points; with places
put together it can only shrink, so studies that name few places have at least this:

{table(("split", "distance"), far)}

Published splits run from one that cannot be told from GVA to one that gives London half. **A split
near the null model says little beyond the size of the areas, and that holds for ours.**
PwC ranks England first; here the nations gain alike, with England a little lower, because places
where adoption is already high have less of it left to come.
""",
    )
    picture = bands(
        [
            Row(
                row["study"],
                *(row[name] * 100 for name in ("ours_p05", "ours_mean", "ours_p95", "share")),
            )
            for row in ledger.iter_rows(named=True)
        ],
        "gain a year, % of UK GVA",
        "Published gains as a share of UK GVA, as dots, with the 90% band of the reference "
        "scenario after as many years.",
    )
    return Page(
        "ledger",
        "Benchmark ledger",
        "Published totals and splits re-based to one footing. They measure different things, so "
        "agreement is not proof and a difference is not a fault; each row says why.",
        tuple(verdicts),
        sections,
        {"totals": picture},
    )
