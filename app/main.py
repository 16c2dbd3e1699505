"""The app's frame: pages, state, what happens when something goes wrong.

Streamlit imports this file once for the server that it holds, which ``streamlit run app/main.py``
and ``python -m app`` both start, and runs it for every visitor.
"""

import logging
import secrets
import sys
from pathlib import Path

import streamlit as st
from streamlit.starlette import App

# Streamlit looks for modules in this folder, and not in the one that it is in.
if (above := str(Path(__file__).resolve().parents[1])) not in sys.path:
    sys.path.insert(0, above)

from app.ready import ready

if __name__ != "__main__":
    ready()  # before what reads settings as it is imported

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
# Streamlit marks the link that has the focus by a shade that few can see.
FOCUS = "<style>[data-testid=stTopNavLink]:focus-visible {outline: 3px solid currentColor}</style>"
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
    st.html(FOCUS)
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


if __name__ == "__main__":
    main()
else:
    from app import server

    served = App(__file__, **server.OPTIONS)
