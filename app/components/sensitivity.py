"""Which assumptions drive the answer, for the screens that ask it."""

from functools import partial
from typing import Any

import streamlit as st

from app import jobs, state
from app.choice import Choice
from app.components import answer, blocks
from app.jobs import Job
from gainsmodel import Sensitivity, ValueOfInformation, sensitivity, voi
from gainsmodel.choices import Output


def order(choice: Choice, question: Output) -> Job:
    """Start a sensitivity analysis of an answer."""
    return jobs.QUEUE.order(
        key(choice, question),
        partial(_sensitivity, choice, question),
        visitor=state.visitor(),
        slot="drivers",
    )


def key(choice: Choice, question: Output) -> Any:
    """Everything the analysis depends on."""
    return ("drivers", question, choice.scenario, choice.unit, *jobs.run_key(choice))


def _sensitivity(choice: Choice, question: Output, on_progress: Any) -> Sensitivity:
    return sensitivity(
        choice.scenario,
        question,
        choice.unit,
        seed=choice.seed,
        dataset=choice.data,
        on_progress=on_progress,
    )


def digital_gain(choice: Choice) -> Output:
    """The digital gain, on the choice's reading."""
    return "gain_cumulative_gbp_m" if choice.cumulative else "gain_final_year_gbp_m"


def top_three(choice: Choice) -> None:
    """The caveats that matter most for the digital gain, on request."""
    question = digital_gain(choice)
    if jobs.QUEUE.at_hand(key(choice, question)) is None:
        st.markdown("A sensitivity analysis takes some seconds.")
    shown = answer.on_request(
        "drivers",
        key(choice, question),
        partial(_sensitivity, choice, question),
        button="Run it",
        doing="Running the sensitivity analysis",
    )
    if shown is not None:
        blocks.listed(shown.caveats)


def worth(choice: Choice) -> ValueOfInformation | None:
    """The value of information before deciding on the plan, on request."""
    return answer.on_request(
        "worth",
        ("worth", choice.draws, choice.scenario, choice.unit, *jobs.run_key(choice)),
        partial(_worth, choice),
        button="Calculate it",
        doing="Calculating the value of information",
    )


def _worth(choice: Choice, on_progress: Any) -> ValueOfInformation:
    return voi(
        choice.scenario.edit({"title": "This plan"}),
        choice.unit,
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )
