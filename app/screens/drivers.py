"""What drives it: which assumptions matter?"""

import streamlit as st

from app import drivers, parts, session
from app.choice import Choice
from app.parts import plain
from gainsmodel import GainsModelError, Sensitivity, charts
from gainsmodel.drivers import Output

QUESTIONS = {"carried": "What digital carries", "share": "Our share", "plan": "What the plan adds"}


def main() -> None:
    """The page, top to bottom."""
    parts.context_line()
    choice = session.current()
    st.title(plain(f"What drives the answer for {choice.unit_name}?"), anchor=False)
    asked = str(
        st.segmented_control(
            "Question",
            list(QUESTIONS),
            default="carried",
            format_func=QUESTIONS.__getitem__,
            required=True,
            wrap=True,
            key="driver_question",
            persist_state="session",
        )
    )
    questions: dict[str, Output] = {
        "carried": drivers.carried(choice),
        "share": "share",
        "plan": "plan_adds",
    }
    question = questions[asked]
    if asked == "plan" and not choice.scenario.plan:
        st.info("Every lever is at zero, so nothing drives what the plan adds. Move a lever first.")
        return
    try:
        job = drivers.order(choice, question)
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
    _show(found, asked, choice)


def _show(found: Sensitivity, asked: str, choice: Choice) -> None:
    if found.caveats:
        st.markdown("**The caveats that matter most**")
        st.markdown("\n".join(f"- {plain(text)}" for text in found.caveats))
    if found.disagreement:
        st.warning(plain(found.disagreement))
    left, right = st.columns(2)
    unit = {
        "carried": f"£m {parts.when(choice)}",
        "share": "% of the UK gain",
        "plan": f"£m a year by {choice.final_year}",
    }[asked]
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
