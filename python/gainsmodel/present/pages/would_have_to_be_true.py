"""What would have to be true for the prize, or a target, to be reached."""

from collections.abc import Iterator, Mapping
from typing import Any

from gainsmodel import format
from gainsmodel.analysis.would_have_to_be_true import WouldHaveToBeTrue, as_assumed, in_words
from gainsmodel.present import text
from gainsmodel.present.blocks import Block, Grid, Heading, Words

# Rows of structures and of single changes that are shown, those that come nearest first.
ROWS_SHOWN = 5


def would_have_to_be_true(answer: WouldHaveToBeTrue, elsewhere: str = "") -> Iterator[Block]:
    """Say how often a goal is reached, what sets those futures apart, and what would do.

    Parameters
    ----------
    answer : WouldHaveToBeTrue
    elsewhere : str
        Name of the area, where the plan is to add it and moves no lever there.
    """
    yield Heading(f"What would have to be true: {answer.area}")
    first, *others = answer.summary
    yield Words(f"{first} {format.chance_error(answer.p, answer.p_mcse, answer.draws)}")
    yield Words(" ".join(others))
    if elsewhere:
        yield Words(text.spillover_only(elsewhere))
    if answer.structures.height:
        shown = answer.structures.drop_nulls("p").sort("p", descending=True).head(ROWS_SHOWN)
        yield Grid(
            "Structures in which it is reached most often",
            ("Structure", "Share of the futures", "Reached there"),
            [
                (
                    row["structure"],
                    format.percent(row["weight"]),
                    format.out_of_100(row["p"], row["draws"]),
                )
                for row in shown.iter_rows(named=True)
            ],
        )
    if answer.separated.height:
        reach = "reach" if answer.of_futures == "reached" else "miss"
        rows = [
            (
                row["label"],
                row["words"],
                row["words_all"],
                f"{100 * row['p_higher']:.0f} in 100 pairs",
                row["evidence"],
            )
            for row in answer.separated.iter_rows(named=True)
        ]
        headings = (
            "Assumption",
            f"Average of the futures that {reach} it",
            "Average of all",
            "Higher there",
            "Evidence",
        )
        yield Grid("What sets them apart", headings, rows, left=(0, 4))
    if answer.changes.height:
        of_changes = (
            "Assumption, held everywhere",
            "Assumed",
            "Chance at the low end",
            "At the high end",
            "One half at",
            "Evidence",
        )
        nearest = answer.changes.head(ROWS_SHOWN).iter_rows(named=True)
        yield Grid(
            "Single changes that come nearest to one half",
            of_changes,
            [_change(row, answer) for row in nearest],
            left=(0, 5),
        )
    yield Words(
        " ".join(
            [
                *answer.notes,
                f"Money: {answer.price_year} prices.",
                text.how_it_was_run(vars(answer)),
            ]
        ),
        "small",
    )


def _change(row: Mapping[str, Any], answer: WouldHaveToBeTrue) -> tuple[str, ...]:
    low, high = (format.out_of_100(row[f"p_{end}"], answer.search_draws) for end in ("low", "high"))
    half = "none" if row["half_value"] is None else in_words(row, "half_value")
    return (row["name"], as_assumed(row), low, high, half, row["evidence"])
