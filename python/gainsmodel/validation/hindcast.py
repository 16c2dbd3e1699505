"""Hindcast: the growth part of the model, fitted on one stretch of years and held against the next.

With no levers and no adoption, the model's GVA is ``GVA[r,s] · (1 + g[r,s])^t`` with
``g[r,s] = nation + area + sector + cell``, four independent normals, constant over the horizon.
Here mean and spread are fitted on the years of a training window only, GVA of a later year is
simulated from the last of them, and what happened is held against it.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.format import out_of_100
from gainsmodel.scenario import load_scenario
from gainsmodel.validation.page import TABLES, Page, points, table
from gainsmodel.validation.pictures import Row, bands
from gainsmodel.validation.verdict import RARE, Coverage, Verdict, coverage

Floats = NDArray[np.float64]
GEOGRAPHIES = {"itl1": "ITL1 regions", "itl2": "ITL2 areas", "mayoral": "mayoral geography"}
DRAWS = 4_000
SEED = 1
# Publisher's figures are rounded to £1m: below this a cell's growth is mostly rounding.
SMALLEST_CELL_GBP_M = 100.0
# Of a normal, CRPS is σ/√π and the mean absolute error about its centre σ√(2/π).
KNOWS_WIDTH_ONLY = 1.0 - 1.0 / math.sqrt(2.0)


class Split(NamedTuple):
    """Years a hindcast is fitted on, and the year it is held against."""

    first: int
    last: int
    target: int

    @property
    def label(self) -> str:
        """Such as ``1998–2009 → 2019``."""
        return f"{self.first}–{self.last} → {self.target}"


MAIN = Split(1998, 2009, 2019)
SPLITS = (MAIN, Split(1998, 2008, 2018), Split(1998, 2007, 2017), Split(1998, 2013, 2019))
# The pandemic and what followed are shown separately.
PANDEMIC = Split(1998, 2019, 2023)


@dataclass(frozen=True)
class Growth:
    """Mean and standard deviations of the four levels of growth, share a year, real."""

    mean: float
    nation: float
    area: float
    sector: float
    cell: float


@dataclass(frozen=True, eq=False)
class History:
    """Real GVA of one geography, £m at 2022 prices, shape (areas, sectors, years)."""

    areas: tuple[str, ...]
    sectors: tuple[str, ...]
    first_year: int
    gva_gbp_m: Floats

    def at(self, year: int) -> Floats:
        """GVA of a year, shape (areas, sectors)."""
        return self.gva_gbp_m[:, :, year - self.first_year]


@cache
def history(geography: str) -> History:
    """Read the shipped history of one geography of `GEOGRAPHIES`, 1998 to 2023."""
    frame = pl.read_csv(TABLES / "gva_history.csv").filter(pl.col("geography") == geography)
    areas = frame["area_name"].unique(maintain_order=True).to_list()
    sectors = frame["sector"].unique(maintain_order=True).to_list()
    years = [int(name) for name in frame.columns[4:]]
    values = frame[:, 4:].to_numpy().astype(float)
    return History(
        tuple(areas), tuple(sectors), years[0], values.reshape(len(areas), len(sectors), -1)
    )


def fit(data: History, first: int, last: int, horizon_years: int) -> Growth:
    """Fit mean and spread of growth to one window of years.

    Each cell's compound growth over the window is taken apart into its levels by the method of
    moments: the GVA-weighted sums of squares between areas, between sectors and in all are set
    equal to what the model expects. A level whose variance comes out negative has none.

    The spread of the nation cannot be seen in one window. It is the standard deviation of the
    UK's annual growth in the window, times √(1/n + 1/T): a mean of n years forecasts one of T,
    if years are independent.
    """
    start, end = data.at(first), data.at(last)
    known = (start > 0) & (end > 0)
    weight = np.where(known, start, 0.0)
    weight = (weight / weight.sum()).ravel()
    ratio = np.divide(end, start, out=np.ones_like(start), where=known)
    growth = (ratio ** (1.0 / (last - first)) - 1.0).ravel()
    mean = float(weight @ growth)

    areas, sectors = start.shape
    of_area = np.kron(np.eye(areas), np.ones((sectors, 1)))
    of_sector = np.kron(np.ones((areas, 1)), np.eye(sectors))
    centre = np.outer(weight, weight)
    forms = []
    for members in (of_area, of_sector):
        summed = members * weight[:, None]
        total = summed.sum(axis=0)
        share = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
        forms.append((summed * share) @ summed.T - centre)
    forms.append(np.diag(weight) - centre)
    observed = np.array([growth @ form @ growth for form in forms])
    expected = np.array(
        [
            [np.sum((form @ members) * members) for members in (of_area, of_sector)]
            + [np.trace(form)]
            for form in forms
        ]
    )
    variances = np.maximum(np.linalg.solve(expected, observed), 0.0)

    uk = np.array([data.at(year).sum() for year in range(first, last + 1)])
    annual = uk[1:] / uk[:-1] - 1.0
    n = len(annual)
    nation = float(annual.std(ddof=1) * np.sqrt(1.0 / n + 1.0 / horizon_years))
    area, sector, cell = (float(sd) for sd in np.sqrt(variances))
    return Growth(mean, nation, area, sector, cell)


def default_growth() -> Growth:
    """The reference scenario's."""
    parameters = load_scenario("reference").parameters
    nation, *others = (
        getattr(parameters, f"growth_{level}").figure().core()
        for level in ("nation", "area", "sector", "cell")
    )
    return Growth(nation["mean"], nation["sd"], *(level["sd"] for level in others))


def simulate(
    start_gbp_m: Floats, growth: Growth, years: int, *, draws: int = DRAWS, seed: int = SEED
) -> Floats:
    """GVA after some years, draw by draw, £m; shape (draws, areas, sectors)."""
    areas, sectors = start_gbp_m.shape
    z = np.random.default_rng(seed)
    g = growth.mean + growth.nation * z.standard_normal((draws, 1, 1))
    g = g + growth.area * z.standard_normal((draws, areas, 1))
    g = g + growth.sector * z.standard_normal((draws, 1, sectors))
    g = g + growth.cell * z.standard_normal((draws, areas, sectors))
    grown: Floats = start_gbp_m * (1.0 + g) ** years
    return grown


@dataclass(frozen=True, eq=False)
class Looked:
    """Growth of one kind, a year: what happened and what was simulated.

    Attributes
    ----------
    what : str
        Such as ``areas against the UK``.
    names : tuple of str
        The cases.
    actual : ndarray
        Shape (cases,), share a year.
    simulated : ndarray
        Shape (draws, cases).
    """

    what: str
    names: tuple[str, ...]
    actual: Floats
    simulated: Floats

    def coverage(self, nominal: float) -> Coverage:
        """Outcomes inside their central bands."""
        return coverage(self.simulated, self.actual, nominal)

    @property
    def bias(self) -> float:
        """Mean over the cases of what happened less the simulated median, share a year."""
        return float((self.actual - np.median(self.simulated, axis=0)).mean())

    @property
    def crps(self) -> float:
        """Continuous ranked probability score, mean over the cases; smaller is better."""
        return crps(self.simulated, self.actual)


@dataclass(frozen=True, eq=False)
class Hindcast:
    """What one split says of one geography.

    Attributes
    ----------
    geography, split, growth
        What was fitted on what.
    uk, areas, relative, sectors, cells : Looked
        Growth of the UK, of areas, of areas less the UK's, of sectors less the UK's, and of
        cells of £100m or more less the UK's.
    skill : float
        1 − CRPS of `relative` over the mean absolute error of the null model, in which every
        area keeps its share of GVA.
    skill_own_trend : float
        The same for a forecast in which each area keeps its own growth of the training window,
        by absolute errors.
    """

    geography: str
    split: Split
    growth: Growth
    uk: Looked
    areas: Looked
    relative: Looked
    sectors: Looked
    cells: Looked
    skill: float
    skill_own_trend: float

    @property
    def looked(self) -> Iterator[Looked]:
        """All that was looked at."""
        yield from (self.uk, self.areas, self.relative, self.sectors, self.cells)


def crps(simulated: Floats, actual: Floats) -> float:
    """Mean of E|X − y| − E|X − X′| / 2 over the cases, from draws of shape (draws, cases)."""
    ordered = np.sort(simulated, axis=0)
    n = len(ordered)
    rank = (2.0 * np.arange(1, n + 1) - n - 1.0)[:, None]
    spread = 2.0 * (rank * ordered).sum(axis=0) / (n * n)
    return float((np.abs(simulated - actual).mean(axis=0) - spread / 2.0).mean())


@cache
def hindcast(geography: str, split: Split, growth: Growth | None = None) -> Hindcast:
    """Fit on a split's training window, or take the growth given, and hold it against the rest."""
    data, years = history(geography), split.target - split.last
    if growth is None:
        growth = fit(data, split.first, split.last, years)
    start, end = data.at(split.last), data.at(split.target)
    then = simulate(start, growth, years)

    def rate(after: Floats, before: Floats | float) -> Floats:
        ratio = np.maximum(after, 0.0) / before
        yearly: Floats = ratio ** (1.0 / years) - 1.0
        return yearly

    uk, uk_then = rate(end.sum(), start.sum()), rate(then.sum(axis=(1, 2)), start.sum())[:, None]
    area = rate(end.sum(axis=1), start.sum(axis=1))
    area_then = rate(then.sum(axis=2), start.sum(axis=1))
    sector = rate(end.sum(axis=0), start.sum(axis=0)) - uk
    sector_then = rate(then.sum(axis=1), start.sum(axis=0)) - uk_then
    large = start >= SMALLEST_CELL_GBP_M
    cell_names = [f"{a}, {s}" for a in data.areas for s in data.sectors]
    relative = Looked("areas against the UK", data.areas, area - uk, area_then - uk_then)

    before, known = data.at(split.first).sum(axis=1), data.at(split.last).sum(axis=1)
    trend = (known / before) ** (1.0 / (split.last - split.first))
    trend = trend - (known.sum() / before.sum()) ** (1.0 / (split.last - split.first))
    null = float(np.abs(relative.actual).mean())
    return Hindcast(
        geography,
        split,
        growth,
        Looked("the UK", ("United Kingdom",), np.atleast_1d(uk), uk_then),
        Looked("areas", data.areas, area, area_then),
        relative,
        Looked("sectors against the UK", data.sectors, sector, sector_then),
        Looked(
            "cells against the UK",
            tuple(name for name, kept in zip(cell_names, large.ravel(), strict=True) if kept),
            rate(end[large], start[large]) - uk,
            rate(then[:, large], start[large]) - uk_then,
        ),
        1.0 - relative.crps / null,
        1.0 - float(np.abs(relative.actual - trend).mean()) / null,
    )


def decades() -> pl.DataFrame:
    """Growth of the mayoral geography fitted to each decade, and the reference's beside it.

    Columns ``years``, ``mean``, ``area``, ``sector``, ``cell``, share a year. In-sample: it
    describes the history and forecasts nothing.
    """
    data = history("mayoral")
    rows = []
    for first in range(1998, 2014):
        growth = fit(data, first, first + 10, 10)
        rows.append((f"{first}–{first + 10}", *_levels(growth)))
    rows.append(("reference scenario", *_levels(default_growth())))
    return pl.DataFrame(rows, schema=["years", "mean", "area", "sector", "cell"], orient="row")


def _levels(growth: Growth) -> tuple[float, float, float, float]:
    return growth.mean, growth.area, growth.sector, growth.cell


# ---------------------------------------------------------------- the page


def page() -> Page:
    """What the hindcasts say, good or bad."""
    main = hindcast("mayoral", MAIN)
    verdicts = [
        *_asked("mayoral", MAIN),
        *_asked("itl1", MAIN),
        *_asked("itl2", MAIN),
        _itl1_areas(),
        _uk(),
        _skill(main),
        _default("mayoral", MAIN, "relative"),
        _default("mayoral", MAIN, "cells"),
        _default("mayoral", SPLITS[1], "cells", afterwards=True),
        _default("itl2", MAIN, "relative", afterwards=True),
        *_asked("mayoral", PANDEMIC),
    ]
    held_out = [hindcast(geography, split) for geography in GEOGRAPHIES for split in SPLITS]
    apart = [hindcast(geography, PANDEMIC) for geography in GEOGRAPHIES]
    in_sample = [
        *(hindcast("mayoral", split, default_growth()) for split in (*SPLITS, PANDEMIC)),
        hindcast("itl2", MAIN, default_growth()),
    ]
    relative = main.relative
    low, middle, high = np.quantile(relative.simulated, [0.05, 0.5, 0.95], axis=0) * 100
    order = np.argsort(-relative.actual)
    picture = bands(
        [
            Row(relative.names[i], low[i], middle[i], high[i], float(relative.actual[i] * 100))
            for i in order
        ],
        "growth a year less the UK's, 2009 to 2019, percentage points",
        "Growth of each mayoral area against the UK, 2009 to 2019: the band forecast from "
        "1998 to 2009 in which 9 of 10 futures lie, and what happened, as a dot.",
    )
    pandemic = apart[-1]
    sections = (
        f"""
## How

{_sentence(__doc__)}
Real GVA is that of the regional accounts of April 2025, chained volumes at
2022 prices, without imputed rent and Extra-Regio; areas sum cells, so that an area grows by its
mixture of sectors, as in the model. The nation's spread cannot be seen in one window and comes
from the scatter of annual growth inside it. {DRAWS:,} futures; seed {SEED}.

*50%* and *90%* count outcomes inside the central bands. Areas move with their nation, so few hits
can be chance even where a band is right: each count is held against the counts the model itself
would give. ▼ is too narrow, ▲ too wide: as few, or as many, hits come in fewer than 1 of 40
futures. *Against the UK* takes out the nation: it is what a split rests on. *Bias* is what
happened less the middle forecast, mean over areas, percentage points a year.

*Skill* compares areas' growth against the UK with the null model, in which every area keeps its
share of GVA: 1 − CRPS ÷ mean absolute error of the null; 0 is as good as the null. A band of the
right width that knows nothing of which area will do well scores {KNOWS_WIDTH_ONLY:.2f}: so much is
earned by knowing how far areas scatter, and none of it by knowing which. *Own trend* is the skill
of keeping each area's own growth of the training years, by absolute errors; below 0 it was better
to expect every area to grow alike, as the model does.

![areas]

{_missed(relative)}
""",
        f"""
## Fitted before, compared with after

{_growth_table(held_out)}

{_coverage_table(held_out)}
""",
        f"""
## 2020 to 2023, apart

The pandemic and what followed: four years. In the mayoral geography 90% bands fitted before are
{pandemic.cells.coverage(0.9).words} for cells, {pandemic.sectors.coverage(0.9).words} for sectors
and {pandemic.relative.coverage(0.9).words} for areas against the UK. Growth that is drawn once
and then kept is made for about ten years; over a few years single cells scatter further than it
says, and a result with a short horizon should be read so.

{_growth_table(apart)}

{_coverage_table(apart)}
""",
        f"""
## The reference scenario's own spread

The spread of the reference scenario was derived from the whole history, so this is **not held
out**: it asks whether those numbers describe the years they came from.

{_coverage_table(in_sample)}

Fitted to each decade in turn (mayoral geography, percentage points a year; windows overlap, so
these are about two and a half independent decades):

{_decade_table(decades())}

{_default_words(decades())}

For local authorities no history is shipped. ITL2 areas scatter further than mayoral areas, and
local authorities are smaller still, so bands of that geography are likely to be too narrow.
""",
    )
    return Page(
        "hindcast",
        "Hindcast: growth without levers",
        "Growth and its spread fitted on early years, compared with later ones. It checks the "
        "growth of GVA only: no adoption was observed in areas, so that part cannot be hindcast.",
        tuple(verdicts),
        sections,
        {"areas": picture},
    )


def _asked(geography: str, split: Split) -> Iterator[Verdict]:
    found = hindcast(geography, split)
    for looked in (found.relative, found.cells):
        counted = looked.coverage(0.9)
        yield Verdict(
            f"{GEOGRAPHIES[geography]}, {split.label}: 90% bands of growth of {looked.what} are "
            "of the right width",
            f"{counted.count}; {counted.words}",
            counted.outcome,
        )


def _uk() -> Verdict:
    outside = [s.label for s in SPLITS if not hindcast("mayoral", s).uk.coverage(0.9).inside]
    found = f"{len(SPLITS) - len(outside)} of {len(SPLITS)} inside"
    return Verdict(
        "The UK's growth lies in its 90% band in every split",
        found + "".join(f"; outside: {label}" for label in outside),
        "fails" if outside else "holds",
        afterwards=True,
    )


def _itl1_areas() -> Verdict:
    counted = hindcast("itl1", MAIN).areas.coverage(0.9)
    return Verdict(
        f"{GEOGRAPHIES['itl1']}, {MAIN.label}: at least 85% of areas lie in their 90% interval "
        "(asked of productivity, compared with GVA)",
        f"{counted.count}; all share the UK's growth, so these are few proofs",
        "holds" if counted.inside >= 0.85 * counted.cases else "fails",
    )


def _skill(held: Hindcast) -> Verdict:
    return Verdict(
        f"{GEOGRAPHIES[held.geography]}, {held.split.label}: a band says more of areas' growth "
        "against the UK than the null model",
        f"skill {_signed(held.skill)}, where knowing how far areas scatter but not which ones do "
        f"well scores {KNOWS_WIDTH_ONLY:.2f}",
        "holds" if held.skill > 0 else "fails",
    )


def _default(geography: str, split: Split, which: str, *, afterwards: bool = False) -> Verdict:
    looked: Looked = getattr(hindcast(geography, split, default_growth()), which)
    counted = looked.coverage(0.9)
    return Verdict(
        f"{GEOGRAPHIES[geography]}, {split.last}–{split.target}, the reference scenario's spread "
        f"(not held out): 90% bands of growth of {looked.what} are of the right width",
        f"{counted.count}; {counted.words}",
        counted.outcome,
        afterwards,
    )


def _missed(looked: Looked) -> str:
    """Which areas a 90% band missed, and what it means if all lie on one side."""
    counted = looked.coverage(0.9)
    low, high = np.quantile(looked.simulated, [0.05, 0.95], axis=0)
    names = [
        name
        for name, outside in zip(
            looked.names, (looked.actual < low) | (looked.actual > high), strict=True
        )
        if outside
    ]
    if not names:
        return "No area lies outside."
    words = f"Outside lie {', '.join(names)}: {counted.below} below, {counted.above} above."
    under, over = (
        outside.sum(axis=1) for outside in (looked.simulated < low, looked.simulated > high)
    )
    lopsided = (under + over >= len(names)) & (np.minimum(under, over) == 0)
    if 0 in (counted.below, counted.above) and lopsided.mean() < RARE:
        words += (
            " **So many, and all on one side, come in "
            f"{out_of_100(float(lopsided.mean()), DRAWS)} of the model's own futures: areas are "
            "drawn independently of each other, and that is not how they moved.**"
        )
    return words


def _growth_table(held: Iterable[Hindcast]) -> str:
    head = (
        *("geography", "split", "mean", "sd: nation", "area", "sector", "cell"),
        *("UK grew", "in its 90% band", "bias of areas"),
    )
    rows = [
        (
            GEOGRAPHIES[h.geography],
            h.split.label,
            *(points(x) for x in (h.growth.mean, h.growth.nation, h.growth.area)),
            *(points(x) for x in (h.growth.sector, h.growth.cell, float(h.uk.actual[0]))),
            "yes" if h.uk.coverage(0.9).inside else "**no**",
            points(h.areas.bias),
        )
        for h in held
    ]
    return table(head, rows, left=2)


def _coverage_table(held: Iterable[Hindcast]) -> str:
    head = (
        *("geography", "split", "areas, 50%", "90%", "areas against the UK, 50%", "90%"),
        *("sectors against the UK, 50%", "90%", "cells against the UK, 50%", "90%"),
        *("skill", "own trend"),
    )
    rows = []
    for h in held:
        counts = [
            _count(looked.coverage(nominal))
            for looked in (h.areas, h.relative, h.sectors, h.cells)
            for nominal in (0.5, 0.9)
        ]
        skills = (_signed(h.skill), _signed(h.skill_own_trend))
        rows.append((GEOGRAPHIES[h.geography], h.split.label, *counts, *skills))
    return table(head, rows, left=2)


def _count(counted: Coverage) -> str:
    flag = {"too narrow": " ▼", "too wide": " ▲"}.get(counted.words, "")
    return f"{counted.inside}/{counted.cases}{flag}"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _decade_table(fitted: pl.DataFrame) -> str:
    rows = [(row[0], *(points(value) for value in row[1:])) for row in fitted.iter_rows()]
    return table(("years", "mean", "sd: area", "sector", "cell"), rows)


def _default_words(fitted: pl.DataFrame) -> str:
    """Say by rule on which side of the decades the reference scenario's spread lies."""
    said = []
    own = fitted.row(-1, named=True)
    for level in ("area", "sector", "cell"):
        values = fitted[level][:-1]
        low, middle, high = (float(values.quantile(q) or 0.0) for q in (0.05, 0.5, 0.95))
        side = "below" if own[level] < low else "above" if own[level] > high else "within"
        said.append(
            f"{level}: {points(own[level])} in the reference, {side} the middle nine tenths of "
            f"the decades ({points(low)} to {points(high)}, median {points(middle)})"
        )
    return "\n".join(f"- {line}" for line in said)


def _sentence(doc: str | None) -> str:
    """The module's own second paragraph."""
    return " ".join((doc or "").split("\n\n")[1].split()).replace("``", "`")
