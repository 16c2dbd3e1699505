"""The app's frame: pages, state, what happens when something goes wrong."""

import logging
import secrets
from pathlib import Path

import streamlit as st

from app import state
from app.components.blocks import plain
from gainsmodel.present import text

PAGES = (
    ("our_share", "Our share", ":material/pie_chart:"),
    ("our_plan", "Our plan", ":material/tune:"),
    ("compare_plans", "Compare plans", ":material/compare_arrows:"),
    ("drivers", "What drives it", ":material/insights:"),
    ("places", "Places and sectors", ":material/grid_view:"),
    ("assumptions", "Assumptions", ":material/fact_check:"),
    ("about", "About {prize}", ":material/help:"),
)
ADDRESSES = {"our_plan": "plan", "compare_plans": "compare"}


def main() -> None:
    """Show the page that was asked for."""
    state.begin()
    prize = text.the_prize(state.current().scenario)
    st.set_page_config(
        page_title=f"gainsmodel: a region’s share of {prize}",
        page_icon=str(Path(__file__).with_name("icon.png")),
        layout="wide",
    )
    page = st.navigation(
        [
            st.Page(
                f"screens/{name}.py",
                title=title.format(prize=prize),
                icon=icon,
                url_path=None if name == "our_share" else ADDRESSES.get(name, name),
                default=name == "our_share",
            )
            for name, title, icon in PAGES
        ],
        position="top",
    )
    try:
        page.run()
    except Exception:
        code = f"GM-{secrets.token_hex(2)}"
        logging.getLogger("gainsmodel.app").exception("%s", code)
        st.error(
            plain(
                f"Something went wrong on our side (code {code}). Your plan is kept: the address "
                "of this page holds it. Reload the page to continue."
            )
        )
    state.write_address()


main()
