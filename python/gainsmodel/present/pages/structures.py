"""What structures of the model make of an answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from gainsmodel import format
from gainsmodel.present import text
from gainsmodel.present.blocks import Block, Grid, Words
from gainsmodel.results.structures import ByStructure

Z975 = 1.959963984540054
# A table lists so many structures that are no combinations of axes.
LISTED = 20


def structures(found: ByStructure, unit: str) -> Iterator[Block]:
    """The variance between structures, and what each choice gives on average.

    Parameters
    ----------
    found : ByStructure
    unit : str
        Of the answer, as in `gainsmodel.Sensitivity`.
    """
    yield Words(between(found))
    headings = ("Respect", "Structure", "Weight", "On average", text.RANGE, "Of the variance")
    shares = {row["axis"]: _share(row) for row in found.axes.iter_rows(named=True)}
    if shares:
        rows = []
        for row in found.choices.iter_rows(named=True):
            share = shares.pop(row["axis"], "")  # said once
            rows.append((row["axis"], row["choice"], *_numbers(row, unit), share))
        yield Grid("", headings, rows, left=(0, 1))
        yield Words(
            "Each choice with all others as they are weighted. In brackets: 95% intervals. What "
            "choices do only together is in the share between structures alone.",
            "small",
        )
        return
    listed = [(of["structure"], *_numbers(of, unit)) for of in found.table.iter_rows(named=True)]
    yield Grid("", headings[1:5], listed[:LISTED], left=(0,))
    if len(listed) > LISTED:
        yield Words(f"{len(listed) - LISTED} more are not listed.", "small")


def between(found: ByStructure) -> str:
    """How much of the variance lies between structures, in a sentence."""
    row = {"between": found.between, "between_mcse": found.between_mcse}
    if (share := _share(row)) == format.TOO_FEW:
        return f"Of the variance between structures of the model: {share}."
    return (
        f"Of the variance of this answer {share} lies between structures of the model, the rest "
        "within them. Weights of structures are judgement."
    )


def in_a_paragraph(found: ByStructure, unit: str) -> str:
    """The same in running text: the share, then of each axis its choices with their ranges."""
    sentences = [between(found)]
    rows = [*found.choices.iter_rows(named=True)]
    for axis in found.axes.iter_rows(named=True):
        each = []
        for row in rows:
            if row["axis"] == axis["axis"]:
                _, mean, ends = _numbers(row, unit)
                each.append(f"{mean}{f' ({ends})' if ends else ''} with “{row['choice']}”")
        sentences.append(
            f"{axis['axis']}, {_share(axis)} of the variance: on average {format.listed(each)}."
        )
    if rows:
        sentences.append("In brackets after amounts: 9 in 10 futures.")
    return " ".join(sentences)


def _share(row: Mapping[str, Any]) -> str:
    share, error = row["between"], row["between_mcse"]
    low, high = max(share - Z975 * error, 0.0), min(share + Z975 * error, 1.0)
    ends = format.percent_range(low, high)
    return format.TOO_FEW if ends == format.TOO_FEW else f"{format.percent(share)} ({ends})"


def _numbers(row: Mapping[str, Any], unit: str) -> tuple[str, str, str]:
    weight = format.percent(row["weight"])
    if not row["draws"]:
        return weight, format.TOO_FEW, ""
    if unit.startswith("£m"):
        return (
            weight,
            format.gbp(row["mean"], row["mean_mcse"]),
            format.gbp_range(row["p05"], row["p95"]),
        )
    if unit == "probability":
        return weight, format.out_of_100(row["mean"], row["draws"]), ""
    return weight, format.percent(row["mean"]), format.percent_range(row["p05"], row["p95"])
