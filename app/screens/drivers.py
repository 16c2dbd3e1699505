"""What drives it: which assumptions matter?"""

from functools import partial
from typing import Any

import streamlit as st
from app import parts, runs, session
from app.choice import Choice
from app.parts import plain

from gainsmodel import GainsModelError, Sensitivity, charts, sensitivity

QUESTIONS = {
    "gain_final_year_gbp_m": "What digital carries",
    "share": "Our share",
    "plan_adds": "What the plan adds",
}
UNITS = {
    "gain_final_year_gbp_m": "£m a year by {year}",
    "share": "share of the UK gain",
    "plan_adds": "£m a year by {year}",
}


def main() -> None:
    """The page, top to bottom."""
    parts.context_line()
    choice = session.current()
    st.title(plain(f"What drives the answer for {choice.unit_name}?"), anchor=False)
    question = str(
        st.segmented_control(
            "Question",
            list(QUESTIONS),
            default="gain_final_year_gbp_m",
            format_func=QUESTIONS.__getitem__,
            required=True,
            wrap=True,
            key="driver_question",
            persist_state="session",
        )
    )
    if question == "plan_adds" and not choice.scenario.plan:
        st.info("Every lever is at zero, so nothing drives what the plan adds. Move a lever first.")
        return
    try:
        job = runs.DESK.order(
            ("drivers", question, choice.scenario, choice.unit, *runs.run_key(choice)),
            partial(_sensitivity, choice, question),
            visitor=session.visitor(),
            slot="drivers",
        )
        if not job.wait(0.1):
            st.markdown(
                "Every group of assumptions is drawn anew in turn. This takes some seconds."
            )
            parts.follow(job, "Finding out what matters", slot="drivers")
            return
        found: Sensitivity = job.future.result()
    except GainsModelError as error:
        parts.problem("This could not be worked out.", error)
        return
    _show(found, question, choice)


def _sensitivity(choice: Choice, question: str, on_progress: Any) -> Sensitivity:
    return sensitivity(
        choice.scenario,
        question,
        choice.unit,
        seed=choice.seed,
        dataset=choice.data,
        on_progress=on_progress,
    )


def _show(found: Sensitivity, question: str, choice: Choice) -> None:
    if found.caveats:
        st.markdown("**The caveats that matter most**")
        st.markdown("\n".join(f"- {plain(text)}" for text in found.caveats))
    if found.disagreement:
        st.warning(plain(found.disagreement))
    left, right = st.columns(2)
    unit = UNITS[question].format(year=choice.final_year)
    with left:
        st.subheader("One assumption at a time", anchor=False)
        chart = charts.tornado(found.tornado, unit, theme=parts.theme())
        parts.show(chart, "tornado")
        parts.table_of(chart, "tornado")
    with right:
        st.subheader("All at once", anchor=False)
        chart = charts.total_order(found.indices, theme=parts.theme())
        parts.show(chart, "total_order")
        parts.table_of(chart, "total_order")
    parts.small(
        "Left: the middle answer when one assumption is low or high (1 in 10 each way) and the "
        "others vary. Right: the share of the answer’s variance that each takes part in, with a "
        "95% interval; parts add up to more than 100% where assumptions act together. Which "
        "assumptions matter depends on the ranges assumed: most of those are judgement."
    )


main()
