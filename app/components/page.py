"""What stands on every page: the choice in one line, and what the prize is."""

import streamlit as st

from app import jobs, state
from app.choice import WHO, Choice
from app.components.answer import notices
from app.components.blocks import folded, plain, small
from gainsmodel import format
from gainsmodel.present import text


def context_line() -> None:
    """Area, reading and plan in one line, with the way back to change them."""
    choice = state.current()
    moved = [
        f"{choice.scenario.levers[lever].label.casefold()} "
        f"{format.whole_percent(choice.planned(lever)[0])}"
        for lever in choice.levers
        if choice.planned(lever)[0]
    ]
    plan = ", ".join(moved) if moved else "no plan"
    who = "" if choice.who == "area" or not moved else f" by {WHO[choice.who].casefold()}"
    others = " · assumptions changed" if choice.assumes_otherwise() else ""
    prize = text.prize_read(choice.scenario, choice.scenario.prize.basis)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            plain(f"{choice.unit_name} · {prize} · {plan}{who}{others}"),
            width="content",
        )
        st.page_link(
            "screens/our_share.py", label="Change", icon=":material/edit:", width="content"
        )
        what_is_the_prize(choice)
    if of_areas := text.of_areas(choice.scenario.setting.geography):
        small(of_areas)
    notices()


def what_is_the_prize(choice: Choice) -> None:
    """The standing caveat, one click away."""
    prize = text.the_prize(choice.scenario)

    def content() -> None:
        pair = jobs.known(choice)
        st.markdown(plain(text.prize_note(choice.scenario)))
        if pair is not None:
            st.markdown(plain(text.national(text.about(pair.with_plan, choice.unit))))
        st.page_link(
            "screens/about.py",
            label="More about the figure and the method",
            icon=":material/arrow_forward:",
        )

    folded(
        st.popover, f"What is {prize}?", "prize", content, icon=":material/help:", type="tertiary"
    )
