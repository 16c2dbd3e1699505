"""The levers of a plan: starting plans, sliders, undo."""

from typing import Any

import streamlit as st

from app import state
from app.choice import LEVERS, STARTING_PLANS, Choice
from app.components.blocks import plain
from gainsmodel import format
from gainsmodel.present import text

EVIDENCE = {
    "published": ":blue-badge[:material/menu_book: Published]",
    "derived": ":gray-badge[:material/calculate: Derived]",
    "choice": ":gray-badge[:material/tune: Choice]",
    "judgement": ":orange-badge[:material/person: Judgement]",
}


def starting_plans(heading: str = "") -> None:
    """A heading, starting plans, undo and reset, in one row."""
    choice = state.current()
    now = tuple(round(choice.planned(lever)[0] * 100) for lever in LEVERS if lever in choice.levers)
    name = next((name for name, percents in STARTING_PLANS.items() if percents == now), None)

    def picked(value: Any) -> None:
        if value is not None:
            state.change(state.current().set_all(STARTING_PLANS[value]), f"plan “{value}”")

    with st.container(horizontal=True, vertical_alignment="center"):
        if heading:
            st.header(heading, anchor=False, width="content")
        st.segmented_control(
            "Starting plan",
            list(STARTING_PLANS),
            label_visibility="collapsed",
            wrap=True,
            **state.bound("starting_plan", name, picked, default=name),
        )
        undo()
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            help="Sets the levers to zero; Undo brings them back.",
            on_click=lambda: state.change(
                state.current().set_all(STARTING_PLANS["No plan"]), "Reset"
            ),
        )


def undo() -> None:
    """The step back."""
    what = state.next_step_back()
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        disabled=what is None,
        help="Nothing to undo." if what is None else f"Undoes: {what}.",
        on_click=state.step_back,
    )


def lever_slider(lever: str, costs: dict[str, float]) -> None:
    """One lever's intensity, with cost and evidence under it."""
    choice = state.current()
    known = choice.scenario.levers[lever]
    percent = round(choice.planned(lever)[0] * 100)

    def moved(value: Any) -> None:
        state.change(
            state.current().move(lever, intensity=value / 100), f"{known.label} to {value}%"
        )

    st.slider(
        known.label,
        0,
        100,
        step=5,
        format="%d%%",
        help=plain(
            text.lever_help(
                *(choice.scenario, lever),
                *(costs[f"full_{kind}_gbp_m_per_year"] for kind in ("cost", "price")),
            )
        ),
        **state.bound(f"lever_{lever}", percent, moved, value=percent),
    )
    cost = format.cost(costs["cost_gbp_m_per_year"])
    grade = EVIDENCE[text.lever_evidence(choice.scenario, lever)]
    st.markdown(f":small[Costs {cost} a year] {grade}")


def costs_by_lever(choice: Choice) -> dict[str, dict[str, float]]:
    """Each lever's cost where the levers move: now and in full, £m a year."""
    return {
        row["lever"]: row
        for row in choice.costs().iter_rows(named=True)
        if row["area_code"] == choice.actor
    }
