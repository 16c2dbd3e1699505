"""The app's frame: pages, state, what happens when something goes wrong."""

import logging
import secrets
from pathlib import Path

import streamlit as st

from app import parts, session

PAGES = (
    ("our_share", "Our share", ":material/pie_chart:"),
    ("our_plan", "Our plan", ":material/tune:"),
    ("compare_plans", "Compare plans", ":material/compare_arrows:"),
    ("drivers", "What drives it", ":material/insights:"),
    ("places", "Places and sectors", ":material/grid_view:"),
    ("assumptions", "Assumptions", ":material/fact_check:"),
    ("about", "About the £208bn", ":material/help:"),
)
ADDRESSES = {"our_plan": "plan", "compare_plans": "compare"}


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(
        page_title="gainsmodel: a region’s share of the £208bn",
        page_icon=str(Path(__file__).with_name("icon.png")),
        layout="wide",
    )
    session.begin()
    page = st.navigation(
        [
            st.Page(
                f"screens/{name}.py",
                title=title,
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
            parts.plain(
                f"Something went wrong on our side (code {code}). Your plan is kept: the address "
                "of this page holds it. Reload the page to go on."
            )
        )
    session.write_address()


main()
