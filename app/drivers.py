"""What drives the answer, as two screens ask for it."""

from functools import partial
from typing import Any

import streamlit as st

from app import parts, runs, session
from app.choice import Choice
from app.runs import Job
from gainsmodel import Sensitivity, ValueOfInformation, sensitivity, voi
from gainsmodel.analysis.sensitivity import Output


def order(choice: Choice, question: Output) -> Job:
    """Have it found out which assumptions drive an answer."""
    return runs.DESK.order(
        key(choice, question),
        partial(_sensitivity, choice, question),
        visitor=session.visitor(),
        slot="drivers",
    )


def key(choice: Choice, question: Output) -> Any:
    """Everything the finding depends on."""
    return ("drivers", question, choice.scenario, choice.unit, *runs.run_key(choice))


def _sensitivity(choice: Choice, question: Output, on_progress: Any) -> Sensitivity:
    return sensitivity(
        choice.scenario,
        question,
        choice.unit,
        seed=choice.seed,
        dataset=choice.data,
        on_progress=on_progress,
    )


def carried(choice: Choice) -> Output:
    """The quantity that digital carries, on the choice's reading."""
    return "gain_cumulative_gbp_m" if choice.cumulative else "gain_final_year_gbp_m"


def top_three(choice: Choice) -> None:
    """The caveats that matter most for what digital carries, found on request."""
    question = carried(choice)
    if runs.DESK.at_hand(key(choice, question)) is None:
        st.markdown("Which assumptions move the answer takes some seconds to find out.")
    found = parts.on_request(
        "drivers",
        key(choice, question),
        partial(_sensitivity, choice, question),
        button="Find out",
        doing="Finding out what matters",
    )
    if found is not None:
        parts.listed(found.caveats)


def worth(choice: Choice) -> ValueOfInformation | None:
    """What knowing more is worth before deciding on the plan, worked out on request."""
    return parts.on_request(
        "worth",
        ("worth", choice.scenario, choice.unit, *runs.run_key(choice)),
        partial(_worth, choice),
        button="Work it out",
        doing="Deciding in every future",
    )


def _worth(choice: Choice, on_progress: Any) -> ValueOfInformation:
    return voi(
        choice.scenario.edit({"title": "This plan"}),
        choice.unit,
        seed=choice.seed,
        dataset=choice.data,
        on_progress=on_progress,
    )
