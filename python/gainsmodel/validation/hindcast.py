"""Hindcast: the growth part of the model, fitted on one stretch of years and held against the next.

With no levers and no adoption, the model's GVA is ``GVA[r,s] · (1 + g[r,s])^t · exp(e[r,s])`` with
``g[r,s] = nation + area + sector + cell``, normal and constant over the horizon, and a transitory
part ``e`` that does not grow with it. Here means, spreads and loadings are fitted on the years of a
training window only, GVA of a later year is simulated from the last of them, and what happened is
held against it.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from gainsmodel.format import out_of_100
from gainsmodel.validation.growth import (
    GEOGRAPHIES,
    Growth,
    default_growth,
    history,
    simulate,
    standard_normals,
)
from gainsmodel.validation.growth_fit import fit
from gainsmodel.validation.held_out import (
    NOMINAL,
    QUANTITIES,
    TOLERANCE,
    WINDOWS,
    Pooled,
    shipped,
)
from gainsmodel.validation.outcomes import Looked, Split, compare
from gainsmodel.validation.page import Page, percent, points, table
from gainsmodel.validation.pictures import Row, bands
from gainsmodel.validation.verdict import RARE, Coverage, Verdict

DRAWS = 4_000
SEED = 1
# Of a normal, CRPS is σ/√π and the mean absolute error about its centre σ√(2/π).
KNOWS_WIDTH_ONLY = 1.0 - 1.0 / math.sqrt(2.0)
SPREADS = ("area", "sector", "cell", "transitory")
MAIN = Split(1998, 2009, 2019)
SPLITS = (MAIN, Split(1998, 2008, 2018), Split(1998, 2007, 2017), Split(1998, 2013, 2019))
# The pandemic and what followed are shown separately.
PANDEMIC = Split(1998, 2019, 2023)


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


@cache
def hindcast(geography: str, split: Split, growth: Growth | None = None) -> Hindcast:
    """Fit on a split's training window, or take the growth given, and hold it against the rest."""
    data = history(geography)
    if growth is None:
        growth = fit(data, split.first, split.last, split.years)
    numbers = standard_normals(
        np.random.default_rng(SEED), DRAWS, len(data.areas), len(data.sectors)
    )
    then = simulate(data.at(split.last), growth, split.years, numbers)
    looked = compare(data, split, then)
    relative = looked["areas against the UK"]

    before, known = data.at(split.first).sum(axis=1), data.at(split.last).sum(axis=1)
    trend = (known / before) ** (1.0 / (split.last - split.first))
    trend = trend - (known.sum() / before.sum()) ** (1.0 / (split.last - split.first))
    null = float(np.abs(relative.actual).mean())
    return Hindcast(
        geography,
        split,
        growth,
        looked["the UK"],
        looked["areas"],
        relative,
        looked["sectors against the UK"],
        looked["cells against the UK"],
        1.0 - relative.crps / null,
        1.0 - float(np.abs(relative.actual - trend).mean()) / null,
    )


def decades() -> pl.DataFrame:
    """Growth of the mayoral geography fitted to each decade, and the reference's beside it.

    Columns ``years``, ``mean``, ``area``, ``sector``, ``cell``, share a year, and ``transitory``,
    log points. In-sample: it describes the history and forecasts nothing.
    """
    data = history("mayoral")
    rows = []
    for first in range(1998, 2014):
        growth = fit(data, first, first + 10, 10)
        rows.append((f"{first}–{first + 10}", *_levels(growth)))
    rows.append(("reference scenario", *_levels(default_growth(data.codes))))
    return pl.DataFrame(rows, schema=["years", "mean", *SPREADS], orient="row")


def _levels(growth: Growth) -> tuple[float, ...]:
    return growth.mean, *(getattr(growth, level) for level in SPREADS)


# ---------------------------------------------------------------- the page


def page() -> Page:
    """What the hindcasts say, good or bad."""
    main = hindcast("mayoral", MAIN)
    verdicts = [
        *(_pooled(what, nominal) for what in QUANTITIES for nominal in NOMINAL),
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
        *(_by_default("mayoral", split) for split in (*SPLITS, PANDEMIC)),
        _by_default("itl2", MAIN),
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
mixture of sectors, as in the model. Spreads are fitted to the variance of growth over all spans
up to the length of the forecast; the nation's cannot be seen in one window and comes from the
scatter of annual growth inside it. What areas have in common is one number, how far the four
southern regions go one way and the rest the other: the accounts cannot tell more
([decision 26](../decisions/0026-growth-that-moves-together.md)). {DRAWS:,} futures; seed {SEED}.

The form of the model, a number that areas share and a transitory part, was chosen after earlier
bands had been seen to miss in the splits that end in 2019 and 2023. No fit has seen a year after
its window, but the rows marked † are no blind test for that reason.

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
## Four windows together

Each window is fitted on its own years. Windows overlap, so what two of them have in common is drawn
in common. *Predicted* is where the fitted models themselves put coverage in 95 of 100 histories. A
line holds where coverage lies in it and within {TOLERANCE * 100:.0f} points of nominal. Draws are
added until no count and no line is within three standard errors; where that is not reached, the
verdict says so. Mayoral geography; outcomes inside, below and above their bands.

{_pooled_table()}

{_pooled_words()}
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
and {pandemic.relative.coverage(0.9).words} for areas against the UK.
These are fitted to spans of up to four years. The reference scenario is fitted to spans of up to
ten: over a few years its sectors and areas scatter less than they did, and a result with a short
horizon should be read so.

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
            afterwards=True,
        )


def _pooled(what: str, nominal: float) -> Verdict:
    """One line of the coverage that is asked of windows together."""
    one = shipped()[what, nominal]
    found = (
        f"{one.inside:,} of {one.cases:,} ({percent(one.share)}), predicted {percent(one.low)} to "
        f"{percent(one.high)}; {one.below} below, {one.above} above"
    )
    return Verdict(
        f"{GEOGRAPHIES['mayoral']}, four windows together: {nominal * 100:.0f}% bands of growth of "
        f"{what} hold as many outcomes as the fitted models predict, within "
        f"{TOLERANCE * 100:.0f} points of {nominal * 100:.0f}%",
        found,
        one.outcome,
        afterwards=True,
    )


def _pooled_table() -> str:
    def counts(window: tuple[int, int, int]) -> str:
        return f"{window[0]}, {window[1]}, {window[2]}"

    rows = [
        (
            what,
            f"{nominal * 100:.0f}%",
            *(counts(window) for window in one.windows),
            f"{one.inside:,}/{one.cases:,}",
            percent(one.share),
            f"{percent(one.low)} to {percent(one.high)}",
        )
        for (what, nominal), one in shipped().items()
    ]
    head = ("growth of", "band", *(w.label for w in WINDOWS), "inside", "share", "predicted")
    return table(head, rows, left=2)


def _pooled_words() -> str:
    """What the misses have in common, by rule."""
    lines = []
    for (what, nominal), one in shipped().items():
        name = f"{nominal * 100:.0f}% bands of {what}"
        if one.outcome != "holds":
            lines.append(f"{name} {_why(one)}.")
        if 0 in (one.below, one.above) and one.below + one.above:
            lines.append(f"{name} are missed on one side only.")
    return "\n".join(f"- {line}" for line in lines) or "All lines hold, with misses on both sides."


def _why(one: Pooled) -> str:
    if one.outcome == "open":
        return f"cannot be told from their lines with {one.draws:,} draws"
    side = "wide" if one.share > one.nominal else "narrow"
    apart = one.low <= one.share <= one.high
    return f"are too {side}" + (
        f", by more than {TOLERANCE * 100:.0f} points, though the fitted models predict as much"
        if apart
        else ""
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
        afterwards=True,
    )


def _skill(held: Hindcast) -> Verdict:
    return Verdict(
        f"{GEOGRAPHIES[held.geography]}, {held.split.label}: a band says more of areas' growth "
        "against the UK than the null model",
        f"skill {_signed(held.skill)}, where knowing how far areas scatter but not which ones do "
        f"well scores {KNOWS_WIDTH_ONLY:.2f}",
        "holds" if held.skill > 0 else "fails",
        afterwards=True,
    )


def _default(geography: str, split: Split, which: str, *, afterwards: bool = False) -> Verdict:
    looked: Looked = getattr(_by_default(geography, split), which)
    counted = looked.coverage(0.9)
    return Verdict(
        f"{GEOGRAPHIES[geography]}, {split.last}–{split.target}, the reference scenario's spread "
        f"(not held out): 90% bands of growth of {looked.what} are of the right width",
        f"{counted.count}; {counted.words}",
        counted.outcome,
        afterwards,
    )


def _by_default(geography: str, split: Split) -> Hindcast:
    return hindcast(geography, split, default_growth(history(geography).codes))


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
            f"{out_of_100(float(lopsided.mean()), DRAWS)} of the model's own futures: areas moved "
            "together more than the model has it.**"
        )
    return words


def _growth_table(held: Iterable[Hindcast]) -> str:
    head = (
        *("geography", "split", "mean", "sd: nation", "area", "sector", "cell", "transitory"),
        *("loading: north", "south", "UK grew", "in its 90% band", "bias of areas"),
    )
    rows = [
        (
            GEOGRAPHIES[h.geography],
            h.split.label,
            *(points(x) for x in (h.growth.mean, h.growth.nation, h.growth.area)),
            *(points(x) for x in (h.growth.sector, h.growth.cell, h.growth.transitory)),
            *(_signed(x) for x in (max(h.growth.loading), min(h.growth.loading))),
            points(float(h.uk.actual[0])),
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
    return table(("years", "mean", "sd: area", "sector", "cell", "transitory"), rows)


def _default_words(fitted: pl.DataFrame) -> str:
    """Say by rule on which side of the decades the reference scenario's spread lies."""
    said = []
    own = fitted.row(-1, named=True)
    for level in SPREADS:
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
