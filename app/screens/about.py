"""About the prize: where the figure comes from, how the model works, limits, licences."""

import streamlit as st

from app import state
from app.components import answer, blocks, would_have_to_be_true
from app.components.blocks import plain
from gainsmodel import build_info
from gainsmodel.present import export, text


def main() -> None:
    """The page, top to bottom."""
    choice = state.current()
    prize = text.the_prize(choice.scenario)
    st.title(plain(f"What {prize} is, and what it is not"), anchor=False)
    st.markdown(plain(text.prize_note(choice.scenario)))
    shown = answer.current()
    if shown is not None:
        st.markdown(plain(f"{text.national(shown.about)} {text.readings(shown.about)}"))
    st.header(plain(f"What would have to be true for {prize}?"), anchor=False)
    would_have_to_be_true.on_request(choice)
    st.header("Three amounts, not one", anchor=False)
    st.markdown(
        f"- **Share of the prize.** {plain(prize[:1].upper() + prize[1:])}, split as the model "
        "splits the gain from digital adoption. It says how a national total would be divided, "
        "not that it will come.\n"
        "- **Digital gain.** What the model builds bottom-up: how far four "
        "technologies spread in each sector of each area, and what firms gain from using them, "
        "compared with no further adoption.\n"
        "- **Added by the plan.** The difference that the plan’s levers make in each future.\n\n"
        "Every share is compared with the area’s share of the economy, as a ratio. Where the "
        "assumptions do not separate the two, the share says nothing beyond size, and the app "
        "says so."
    )
    st.header("How the model works", anchor=False)
    blocks.listed(text.METHOD, numbered=True)
    st.markdown(
        "The formulas are in docs/explanation/model.md of the project; every run can be repeated "
        "from its manifest, with the same results."
    )
    st.header("What it cannot tell", anchor=False)
    blocks.listed(text.LIMITS)
    st.header("Words", anchor=False)
    st.markdown(plain(text.WORDS))
    st.header("Sources and licences", anchor=False)
    info = build_info()
    st.markdown(plain(export.SOURCES))
    blocks.small(f"gainsmodel {info['version']}, MIT licence; Rust core at level {info['simd']}.")
    if shown is not None:
        answer.refine(shown)


main()
