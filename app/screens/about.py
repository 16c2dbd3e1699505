"""About the £208bn: where the figure comes from, how the model works, limits, licences."""

import streamlit as st

from app import parts, session
from app.parts import plain
from gainsmodel import build_info
from gainsmodel.present import export, text


def main() -> None:
    """The page, top to bottom."""
    choice = session.current()
    st.title("What the £208bn is, and what it is not", anchor=False)
    st.markdown(plain(text.prize_note(choice.scenario)))
    found = parts.answer()
    if found is not None:
        st.markdown(plain(text.national(found.about)))
    st.header("Three amounts, not one", anchor=False)
    st.markdown(
        "- **Share of the prize.** The £208bn, split as the model splits the gain from digital "
        "adoption. It says how a national total would fall, not that it will come.\n"
        "- **Carried by digital adoption.** What the model builds bottom-up: how far four "
        "technologies spread in each sector of each area, and what firms gain from using them, "
        "against adoption frozen at the start.\n"
        "- **Added by the plan.** The same futures with the plan’s levers and without; the "
        "difference, future by future.\n\n"
        "Beside every share stands the area’s share of the economy. A split that cannot be told "
        "from it carries no information beyond size, and the app says so."
    )
    st.header("How the model works", anchor=False)
    parts.listed(text.METHOD, numbered=True)
    st.markdown(
        "The formulas are in docs/explanation/model.md of the project; every run can be repeated "
        "from its manifest to the same numbers."
    )
    st.header("What it cannot tell", anchor=False)
    parts.listed(text.LIMITS)
    st.header("Words", anchor=False)
    st.markdown(plain(text.WORDS))
    st.header("Sources and licences", anchor=False)
    info = build_info()
    st.markdown(plain(export.SOURCES))
    parts.small(f"gainsmodel {info['version']}, MIT licence; Rust core at level {info['simd']}.")


main()
