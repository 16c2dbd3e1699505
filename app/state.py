"""A visitor's state: the choice on screen, steps back, saved plans, the address.

The state is one `Choice`; widgets show it and their callbacks replace it. The address is
written from it on every run, so that it can be copied from any page, and read when it differs
from what was written: at the start, and when the visitor goes back in the browser.
"""

import uuid
from collections.abc import Callable
from typing import Any

import streamlit as st

from app import jobs
from app.choice import Choice, start
from app.link import from_query, to_query

MOST_STEPS = 20
MOST_SAVED = 12
NAME_LENGTH = 40


def begin() -> None:
    """Take the address over where it says something new; call first on every run."""
    state = st.session_state
    address = {name: value for name, value in st.query_params.items() if name != "embed"}
    if "choice" not in state:
        state.steps, state.saved, state.notices = [], {}, []
        state.choice = start()
        if address:
            state.choice, state.notices = from_query(address)
    elif address and address != state.get("address") and not state.get("changed"):
        choice, state.notices = from_query(address, state.choice.data)
        _remember("what the address asked for")
        state.choice = choice
    state.changed = False


def rerun() -> None:
    """Run the page again from within a part of it.

    The address comes from the request that the part was run by, which the browser may have sent
    before it knew of the latest one: it is not read as if the visitor had gone back.
    """
    st.session_state.changed = True
    st.rerun()


def write_address() -> None:
    """Put the choice into the browser's address."""
    query = to_query(current())
    if dict(st.query_params) != query:
        st.query_params.from_dict(query)
    st.session_state.address = query


def current() -> Choice:
    """What is chosen."""
    choice: Choice = st.session_state.choice
    return choice


@st.cache_resource(scope="session", show_spinner=False, on_release=jobs.QUEUE.leave)
def visitor() -> str:
    """A name for this visit in the queue of jobs; its jobs end when the tab is closed."""
    return uuid.uuid4().hex


def change(choice: Choice, step: str) -> None:
    """Choose something else; `what` says in a few words what was done."""
    state = st.session_state
    if choice == state.choice:
        return
    _remember(step)
    state.choice, state.changed, state.notices = choice, True, []


def step_back() -> None:
    """Undo the last change."""
    state = st.session_state
    if state.steps:
        state.choice, _ = state.steps.pop()
        state.changed, state.notices = True, []


def next_step_back() -> str | None:
    """What `step_back` would undo."""
    steps = st.session_state.steps
    return steps[-1][1] if steps else None


def saved() -> dict[str, Choice]:
    """Saved plans of this visit, by name."""
    plans: dict[str, Choice] = st.session_state.saved
    return plans


def save(name: str) -> str | None:
    """Save the choice under a name; say why not, or nothing."""
    name = " ".join(name.split())[:NAME_LENGTH]
    if not name:
        return "Give the plan a name first."
    if name not in saved() and len(saved()) >= MOST_SAVED:
        return f"{MOST_SAVED} plans are saved already; delete one first."
    saved()[name] = current()
    return None


def target_gbp_m() -> float | None:
    """What a plan should add a year, £m; None for no target."""
    target: float | None = st.session_state.setdefault("target", 100.0)
    return target


def set_target(value: float | None) -> None:
    """Set another target, or none."""
    st.session_state.target = value


def note(*notices: str) -> None:
    """Tell the visitor something on the next run."""
    st.session_state.notices = list(notices)


def bound(
    key: str, value: Any, on_change: Callable[[Any], None], /, **shown: Any
) -> dict[str, Any]:
    """Arguments that make a widget show a value and report its changes.

    `shown` is the widget's own argument for the same value. A busy browser may pass over the
    message that sets a value when the next run is close behind: it then shows this one, and not
    the first of a list, which it would return as the visitor's choice.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value

    def changed() -> None:
        on_change(st.session_state[key])

    return {"key": key, "on_change": changed, **shown}


def _remember(step: str) -> None:
    state = st.session_state
    state.steps = [*state.steps, (state.choice, step)][-MOST_STEPS:]
