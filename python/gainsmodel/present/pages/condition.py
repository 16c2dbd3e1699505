"""What evidence has taught: before beside after, what it moved, and rows that were held out."""

import math
from collections.abc import Iterator
from typing import Any

import polars as pl

from gainsmodel import format
from gainsmodel.data.units import unit_of
from gainsmodel.evidence.condition import Conditioning
from gainsmodel.evidence.weights import FEWEST_EFFECTIVE, HIGHEST_K_HAT
from gainsmodel.present import text
from gainsmodel.present.area_summary import AreaSummary
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.results.result import Result
from gainsmodel.scenario.parameters import PARAMETERS

# Assumptions that are shown, the most moved or narrowed first, and what is too little to show.
ROWS_SHOWN, LEAST = 6, 0.02


def condition(learned: Conditioning, area: str | None = None) -> Iterator[Block]:
    """Say what evidence has taught.

    Parameters
    ----------
    learned : Conditioning
    area : str, optional
        Area or group to show beside the UK.
    """
    yield Heading(f"{learned.before.scenario.title}, conditioned on: {learned.evidence.title}")
    yield Words(_in_short(learned), "lead")
    yield Words(_how(learned))
    yield _before_and_after(learned, area)
    rows = learned.rows
    yield _rows("What was observed, and what the model expects", rows.filter(~pl.col("held_out")))
    held = rows.filter("held_out")
    if held.height:
        yield _rows("Held out, to see what the evidence has taught", held)
        inside = int(held["inside"].sum())
        yield Words(f"{inside} of {held.height} held-out figures lie in their range afterwards.")
    yield _assumptions(learned)
    if learned.notes:
        yield Points(learned.notes)
    yield Points(
        [f"{row['name']}: {row['source']} ({row['evidence']})." for row in rows.to_dicts()]
    )
    yield Words(
        "Ranges of observed figures include the figure’s own error. How firms counted stand for "
        "activity, what is taken off for a study’s design, and errors that a source does not state "
        "are judgement. What single cells have of their own is not learnt.",
        "small",
    )
    yield Words(text.how_it_was_run(learned.after.manifest), "small")


def _in_short(learned: Conditioning) -> str:
    """The national gain before and after."""
    before, after = (AreaSummary(of, "uk") for of in (learned.before, learned.after))
    told = (
        f"The UK’s digital gain {before.when} is {after.digital_gain.about_gbp} with this "
        f"evidence ({after.digital_gain.gbp_range}), and {before.digital_gain.about_gbp} without "
        f"({before.digital_gain.gbp_range})."
    )
    error = math.hypot(before.digital_gain.error, after.digital_gain.error)
    if abs(after.digital_gain.mean - before.digital_gain.mean) > 2 * error:
        return told
    return f"{told} The difference of the two averages is within their sampling error."


def _how(learned: Conditioning) -> str:
    before = f"{learned.effective_before:,.0f}"
    alone = (
        f"By weight alone the evidence leaves {before} of {learned.draws:,} futures "
        f"(k-hat {learned.k_hat_before:.2f})"
    )
    if learned.engine == "importance sampling":
        enough = f"{alone}, which is enough (at least {FEWEST_EFFECTIVE}, k-hat at most"
        return f"{enough} {HIGHEST_K_HAT}): Pareto-smoothed importance sampling."
    return (
        f"{alone}, too few to rely on (at least {FEWEST_EFFECTIVE}, k-hat at most "
        f"{HIGHEST_K_HAT}). So an ensemble smoother moved the futures to it, and weights corrected "
        f"what that got wrong: {learned.effective:,.0f} effective futures, "
        f"k-hat {learned.k_hat:.2f}."
    )


def _before_and_after(learned: Conditioning, area: str | None) -> Grid:
    unit = unit_of(learned.after.dataset, "uk" if area is None else area)
    codes = [unit.code] if unit.code in learned.after.codes else list(unit.members)
    rows = [
        row
        for code in dict.fromkeys([*codes, "uk"])
        for row in _of_area(code, learned.before, learned.after)
    ]
    headings = ("Area", "", "Before", text.RANGE, "After", text.RANGE)
    return Grid("Before and after", headings, rows, left=(0, 1))


def _of_area(code: str, before: Result, after: Result) -> Iterator[tuple[str, ...]]:
    one, two = AreaSummary(before, code), AreaSummary(after, code)
    yield (
        *(one.name, f"Digital gain {one.when}"),
        *(one.digital_gain.gbp, one.digital_gain.gbp_range),
        *(two.digital_gain.gbp, two.digital_gain.gbp_range),
    )
    if code != "uk":
        yield (
            *("", "Share of the gain"),
            *(cell for a in (one, two) for cell in _share(a)),
        )


def _share(a: AreaSummary) -> tuple[str, str]:
    if a.shares_withheld:
        return text.WITHHELD, text.WITHHELD
    return format.percent(a.share.mean), a.share.percent_range


def _rows(title: str, rows: pl.DataFrame) -> Grid:
    shown = []
    for row in rows.to_dicts():
        before, after = (
            format.percent_range(row[f"{when}_p05"], row[f"{when}_p95"])
            for when in ("before", "after")
        )
        observed = f"{format.percent(row['observed'])} ± {format.percent(row['error'])}"
        where = f"{row['name']}, {row['place']}"
        shown.append((where, observed, before, after, "yes" if row["inside"] else "no"))
    headings = (
        *("Row", "Observed, ± its standard error", "Expected before, 9 in 10"),
        *("Expected after, 9 in 10", "Observed inside"),
    )
    return Grid(title, headings, shown)


def _assumptions(learned: Conditioning) -> Grid:
    shown = []
    for row in learned.assumptions.head(ROWS_SHOWN).to_dicts():
        if max(abs(row["moved"]), 1 - row["narrowed"]) < LEAST:
            continue
        shown.append(
            (
                row["label"],
                *_told(row, "before"),
                *_told(row, "after"),
                f"{100 * (1 - row['narrowed']):+.0f}%".replace("-", "−"),
            )
        )
    headings = ("Assumption", "Before", text.RANGE, "After", text.RANGE, "Narrower by")
    return Grid("What the evidence moved most", headings, shown)


def _told(row: dict[str, Any], when: str) -> tuple[str, str]:
    name = row["name"]
    field = name.split(".")[3] if name.startswith("levers.") else name.partition(".")[0]
    say = PARAMETERS[field].in_words
    low, middle, high = (row[f"{when}_{key}"] for key in ("p05", "mean", "p95"))
    return say(middle), f"{say(low)} to {say(high)}"
