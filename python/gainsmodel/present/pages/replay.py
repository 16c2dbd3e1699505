"""A run of another version repeated by this one: figures side by side, and what moved them."""

from collections.abc import Iterator
from typing import Any

from gainsmodel import format
from gainsmodel.analysis.replay_here import ReplayedHere
from gainsmodel.present.blocks import Block, Grid, Points, Words
from gainsmodel.results.editions import GENERATORS

NAMES = {
    "share": "Share of the gain",
    "gain_final_year_gbp_m": "Digital gain in the last year",
    "p_final_year_reaches_prize": "Probability that it reaches the prize",
}


def replayed(answer: ReplayedHere) -> Iterator[Block]:
    """Say what differs, figure by figure, then step by step why."""
    if not answer.differs and not answer.data:
        yield Words("Made by this version, on the figures of today: nothing may differ.")
    else:
        made = "; ".join(answer.differs) or "the same version"
        yield Words(f"Made by another edition: {made}.", "lead")
    then = answer.table["then"].null_count() < answer.table.height
    rows = [[*_row(row)] for row in answer.table.iter_rows(named=True)]
    headings = ["Area", "Figure", "Then", "Now", "Other draws"]
    if then:
        headings += ["By draws", "By model", "By data"]
    yield Grid("", headings, [row[: len(headings)] for row in rows], left=(0, 1))
    if not then:
        yield Words("No tables lie beside the manifest, so what it said then is not known.")
    yield Points([*_why(answer)])


def _row(row: dict[str, Any]) -> Iterator[str]:
    quantity = row["quantity"]

    def figure(value: float | None) -> str:
        if value is None:
            return ""
        money = quantity == "gain_final_year_gbp_m"
        return format.gbp(value) if money else f"{100 * value:.2f}%"

    def change(value: float | None) -> str:
        if value is None:
            return "in the model’s"
        if quantity == "gain_final_year_gbp_m":
            return "£0m" if value == 0 else format.gbp_change(value)
        return "0" if value == 0 else f"{100 * value:+.2f} points".replace("-", "−")

    yield row["area_name"]
    yield NAMES[quantity]
    yield from (figure(row[name]) for name in ("then", "now", "other_seed"))
    yield from (change(row[name]) for name in ("by_draws", "by_model", "by_data"))


def _why(answer: ReplayedHere) -> Iterator[str]:
    before, now = answer.generators
    if before == now:
        yield f"Draws: the same random numbers ({GENERATORS[now]})."
    else:
        yield (
            f"Draws: other random numbers ({GENERATORS.get(before, 'unknown')} then, "
            f"{GENERATORS[now]} now). A difference of up to three standard errors is put down to "
            "them; “Other draws” shows what another seed gives."
        )
    steps = [step.removeprefix("scenario: ") for step in answer.model]
    yield f"Model: {'; '.join(steps) or 'its scenario is read as it stands'}."
    if not answer.data:
        yield "Data: the same figures, to the byte."
        return
    told = "" if answer.table["by_data"].null_count() else "; run on both editions"
    unknown = "; the earlier ones are not at hand, so their part is in the model’s"
    yield f"Data: changed since: {', '.join(answer.data)}{told or unknown}."
