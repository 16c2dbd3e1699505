"""What drives it: which assumptions matter?"""

import streamlit as st

from app import state
from app.choice import Choice
from app.components import answer, blocks, page, sensitivity
from app.components.blocks import plain
from gainsmodel import Sensitivity, format
from gainsmodel.choices import Output
from gainsmodel.present import charts
from gainsmodel.present.pages.sensitivity import structure
from gainsmodel.present.pages.structures import structures
from gainsmodel.present.pages.voi import worth_knowing

QUESTIONS = {"gain": "The digital gain", "share": "Our share", "plan": "What the plan adds"}


def main() -> None:
    """The page, top to bottom."""
    page.context_line()
    choice = state.current()
    st.title(plain(f"What drives the answer for {choice.unit_name}?"), anchor=False)
    asked = str(
        st.segmented_control(
            "Question",
            list(QUESTIONS),
            default="gain",
            format_func=QUESTIONS.__getitem__,
            required=True,
            wrap=True,
            key="driver_question",
            persist_state="session",
        )
    )
    questions: dict[str, Output] = {
        "gain": sensitivity.digital_gain(choice),
        "share": "share",
        "plan": "plan_adds",
    }
    question = questions[asked]
    if asked == "plan" and not choice.scenario.plan:
        st.info("Every lever is at zero, so the plan adds nothing. Move a lever first.")
        return
    shown: Sensitivity | None = answer.result_of(
        lambda: sensitivity.order(choice, question),
        "Running the sensitivity analysis",
        slot="drivers",
    )
    if shown is None:
        return
    _show(shown, asked, choice)
    _worth_knowing(choice)


def _show(shown: Sensitivity, asked: str, choice: Choice) -> None:
    if shown.caveats:
        st.markdown("**The caveats that matter most**")
        st.markdown("\n".join(f"- {plain(text)}" for text in shown.caveats))
    if shown.disagreement:
        st.warning(plain(shown.disagreement))
    left, right = st.columns(2)
    setting, basis = choice.scenario.setting, choice.scenario.prize.basis
    unit = {
        "gain": f"£m {format.when(basis, setting.start_year, setting.horizon_years)}",
        "share": "% of the UK gain",
        "plan": f"£m a year by {choice.final_year}",
    }[asked]
    with left:
        st.header("One assumption at a time", anchor=False)
        chart = charts.tornado(shown.tornado, unit, theme=blocks.theme())
        blocks.show(chart, "tornado")
        blocks.table_of(chart, "tornado")
    with right:
        st.header("All at once", anchor=False)
        chart = charts.total_order(shown.indices, theme=blocks.theme())
        blocks.show(chart, "total_order")
        blocks.table_of(chart, "total_order")
    st.header("Model structure", anchor=False)
    if shown.structure.height:
        blocks.grid(structure(shown))
    if shown.by_structure is not None:
        blocks.write(structures(shown.by_structure, shown.unit))
    blocks.small(
        "One at a time: the change in the average of all futures when one assumption is low or "
        "high (1 in 10 each way) and the others vary. All at once: the share of the answer’s "
        "variance that each accounts for (total effect), with a 95% interval; they add up to more "
        "than 100% where assumptions act together. Which assumptions matter depends on the ranges "
        f"assumed: most of those are judgement. {format.count(shown.draws)} in each sample."
    )


def _worth_knowing(choice: Choice) -> None:
    st.header("What would better information be worth?", anchor=False)
    if not choice.scenario.plan:
        st.markdown("Move a lever first: information has a value only where there is a decision.")
        return
    st.markdown("Value of information before choosing between this plan and none.")
    shown = sensitivity.worth(choice)
    if shown is None:
        return
    blocks.listed(shown.summary)
    blocks.grid(worth_knowing(shown))
    blocks.small(" ".join(shown.notes))


main()
