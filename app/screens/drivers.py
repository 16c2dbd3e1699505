"""What drives it: which assumptions matter?"""

from collections.abc import Callable

import polars as pl
import streamlit as st

from app import drivers, parts, session
from app.choice import Choice
from app.parts import plain
from gainsmodel import GainsModelError, Sensitivity, format
from gainsmodel.analysis.sensitivity import Output
from gainsmodel.present import charts
from gainsmodel.scenario.parameters import CHOICES

SWITCHES = {key: CHOICES[key].label for key in ("setting.curve", "prize.basis")}
SETTINGS = {
    "bass": "Bass",
    "logistic": "Logistic",
    "gompertz": "Gompertz",
    "final_year": "A year by the final year",
    "cumulative": "Over all years",
}
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
    _worth_knowing(choice)


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
        st.header("One assumption at a time", anchor=False)
        chart = charts.tornado(found.tornado, unit, theme=parts.theme())
        parts.show(chart, "tornado")
        parts.table_of(chart, "tornado")
    with right:
        st.header("All at once", anchor=False)
        chart = charts.total_order(found.indices, theme=parts.theme())
        parts.show(chart, "total_order")
        parts.table_of(chart, "total_order")
    say = format.percent if asked == "share" else format.gbp
    _structure(found, say)
    parts.small(
        "Left: the middle answer when one assumption is low or high (1 in 10 each way) and the "
        "others vary. Right: the share of the answer’s variance that each takes part in, with a "
        "95% interval; parts add up to more than 100% where assumptions act together. Which "
        "assumptions matter depends on the ranges assumed: most of those are judgement. "
        f"This page draws {found.draws:,} futures of its own, whatever the other pages use: its "
        "middle answer may differ from theirs in the last digit."
    )


def _structure(found: Sensitivity, say: Callable[[float], str]) -> None:
    st.header("Choices in the model itself", anchor=False)
    rows = [
        {
            "Choice": SWITCHES.get(row["switch"], row["switch"]),
            "Setting": SETTINGS.get(row["choice"], row["choice"])
            + (" (in use)" if row["in_use"] else ""),
            "Middle answer": say(row["middle"]),
        }
        for row in found.structure.iter_rows(named=True)
    ]
    parts.plain_table(pl.DataFrame(rows))


def _worth_knowing(choice: Choice) -> None:
    st.header("What would it be worth to know?", anchor=False)
    if not choice.scenario.plan:
        st.markdown("Move a lever first: knowing more is worth something for a decision only.")
        return
    st.markdown("Before deciding between this plan and doing nothing.")
    found = drivers.worth(choice)
    if found is None:
        return
    parts.listed(found.summary)
    rows = [
        {
            "Assumptions": row["label"],
            "Worth knowing, at most": format.gbp(row["evppi_gbp_m"], row["mcse_gbp_m"])
            if row["distinguishable"]
            else "not distinguishable from zero",
            "Evidence": row["evidence"].capitalize(),
        }
        for row in found.groups.iter_rows(named=True)
    ]
    parts.plain_table(pl.DataFrame(rows))
    parts.small(" ".join(found.notes))


main()
