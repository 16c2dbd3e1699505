"""Where a plan breaks even, as ``gainsmodel appraise --switching`` prints it."""

from typing import Any

from rich.console import Console

from gainsmodel import words
from gainsmodel.cli.app import plain_table
from gainsmodel.switching import Switching


def print_switching(console: Console, found: Switching) -> None:
    """What would have to be true for the plan just to break even."""
    console.print("\nWhere the plan just breaks even, one assumption at a time", style="bold")
    console.print("\n".join(found.summary))
    headings = ("Assumption", "Now", "Worth it", "Change", "Within its\nrange")
    table = plain_table(*headings, "Pays back\nthere", "Unit", left=(0, 2, 6))
    none = []
    for row in found.table.iter_rows(named=True):
        if row["switching_value"] is None:
            none.append(f"{row['name']} ({_ends(row)})")
            continue
        # A range of which only the value is known is no range.
        within = {True: "yes", False: "no", None: ""}[row["within_range"]]
        table.add_row(
            row["name"],
            _now(row),
            f"{'above' if row['pays_above'] else 'below'} {_number(row['switching_value'])} "
            f"± {_number(row['switching_mcse'], 1)}",
            _change(row["change_percent"]),
            within,
            words.out_of_100(row["p_pays_back"], found.draws),
            row["unit"],
        )
    console.print(table)
    if none:
        console.print(f"None within what is possible, in brackets: {'; '.join(none)}.")
    several = found.table.filter("several")["name"].to_list()
    if several:
        console.print(f"The nearest of several: {'; '.join(several)}.")
    console.print(
        "Each is held at that value in every future, area and sector; all others stay as they are. "
        "±: standard error.\n"
        f"{found.draws:,} futures at each value."
    )


def _now(row: dict[str, Any]) -> str:
    if row["low"] is None:
        return _number(row["value"])
    return words.figure(row["value"], row["low"], row["high"])


def _ends(row: dict[str, Any]) -> str:
    return f"{_number(row['least'])} to {_number(row['most'])}"


def _change(percent: float | None) -> str:
    if percent is None:
        return ""
    return f"{percent:+,.0f}%".replace("-", "−")


def _number(value: float, digits: int = 3) -> str:
    return f"{value:,.{digits}g}".replace("-", "−")
