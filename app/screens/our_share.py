"""Our share: what is our share, how much of it does digital carry, what would levers add?"""

from typing import Any

import streamlit as st

from app import drivers, files, parts, session
from app.choice import BASES
from app.parts import Answer, plain
from gainsmodel import UnknownNameError
from gainsmodel.present import charts, text
from gainsmodel.scenario.parameters import CHOICES

MAP_MEASURES = {"gbp": "£bn", "per_head": "£ a head", "against_gva": "vs economy"}


def main() -> None:
    """The page, top to bottom."""
    share = _choosers()
    parts.notices()
    head = st.container()
    with st.container(border=True):
        parts.starting_plans("Your plan: five things a mayor can do")
        result_line = st.container()
        costs = parts.costs_by_lever(session.current())
        with st.grid(5, min_column_width=200):
            for lever in session.current().levers:
                with st.container():
                    parts.lever_slider(lever, costs[lever])
    found = parts.answer()
    if found is not None:
        with head:
            _headline(found)
        with result_line:
            _result_line(found)
    with share:
        # Not before there is an answer to share.
        files.share()
    if found is None:
        return
    _charts(found)
    _below(found)
    parts.refine(found)


def _choosers() -> Any:
    """Area, reading, saved plans; give the place to share from."""
    choice = session.current()
    units, basis = choice.dataset.units, choice.scenario.prize.basis
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Area",
            list(units),
            format_func=units.__getitem__,
            label_visibility="collapsed",
            width=300,
            **session.bound("area", choice.unit, _show_area, index=list(units).index(choice.unit)),
        )
        st.segmented_control(
            CHOICES["prize.basis"].label,
            list(BASES),
            format_func=lambda basis: parts.reading(choice, basis),
            label_visibility="collapsed",
            required=True,
            wrap=True,
            **session.bound("basis", basis, _read_as, default=basis),
        )
        with st.popover("Saved plans", icon=":material/bookmark:"):
            files.saved_plans()
        share = st.popover("Share or download", icon=":material/ios_share:")
        parts.what_is_the_prize(choice)
    return share


def _show_area(unit: Any) -> None:
    choice = session.current()
    if unit is None or unit == choice.unit:
        return
    new = choice.show(unit)
    session.change(new, f"showing {new.unit_name}")
    if choice.who == "area" and choice.scenario.plan:
        session.note(f"Your plan now applies to {new.unit_name}.")


def _read_as(basis: Any) -> None:
    choice = session.current()
    if basis is not None and basis != choice.scenario.prize.basis:
        new = choice.edit({"prize.basis": basis})
        session.change(new, f"reading the prize as {parts.reading(new)}")


def _headline(found: Answer) -> None:
    about = found.about
    first, second = text.headline(about, found.added)
    st.title(plain(f"{first} {second}"), anchor=False)
    st.markdown(
        plain(f"{text.ranges(about)} {text.causes(about)} {text.against_gva(about)}"),
        help=plain(f"{text.FUTURE} {text.against_gva_hover(about)}"),
    )
    if found.refining is not None:
        parts.small(
            f"Quick estimate from {found.pair.draws:,} futures; refining to {found.choice.draws:,}…"
        )


def _result_line(found: Answer) -> None:
    if found.added is None:
        st.markdown(plain(text.NO_PLAN))
        return
    line = text.plan_adds(found.about, found.added, found.cost_gbp_m_per_year)
    elsewhere = found.choice.elsewhere()
    if elsewhere:
        line += f" Levers also move in: {', '.join(elsewhere)}."
    if found.choice.who != "area":
        line += " All who act together are counted."
    st.markdown(plain(line))


def _charts(found: Answer) -> None:
    theme, unit = parts.theme(), found.choice.unit
    left, middle, right = st.columns([1.1, 1.0, 1.2])
    with left:
        st.header("Three amounts, one scale", anchor=False)
        amounts = charts.three_amounts(found.result, unit, found.without, theme=theme, height=230)
        parts.show(amounts, "three_amounts")
        parts.table_of(amounts, "three_amounts")
    with middle:
        st.header("Carried by digital adoption, year by year", anchor=False)
        fan = charts.fan(found.result, unit, found.without, theme=theme, height=260)
        parts.show(fan, "fan")
        parts.table_of(fan, "fan")
    with right:
        _map(found, theme)


def _map(found: Answer, theme: Any) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Across the UK", anchor=False, width="content")
        measure: Any = st.segmented_control(
            "What the tiles show",
            list(MAP_MEASURES),
            default="gbp",
            format_func=MAP_MEASURES.__getitem__,
            label_visibility="collapsed",
            required=True,
            wrap=True,
            key="map_measure",
            persist_state="session",
        )
    try:
        tiles = charts.tile_map(
            found.result,
            measure or "gbp",
            selected=found.choice.unit,
            theme=theme,
            height=300,
        )
    except UnknownNameError:
        st.markdown("There is no tile map of these areas: see Places and sectors.")
        return

    def clicked() -> None:
        points = st.session_state["tiles"]["selection"].get("area") or []
        code = points[0].get("code") if points else None
        if code in found.choice.dataset.units:
            _show_area(code)

    parts.show(tiles, "tiles", on_select=clicked, selection_mode=["area"])
    parts.table_of(tiles, "tiles")
    st.markdown(plain(text.national(found.about)))


def _below(found: Answer) -> None:
    theme, unit = parts.theme(), found.choice.unit
    left, right = st.columns(2)
    with left:
        st.header("How sure are we of the share?", anchor=False)
        curve = st.toggle("Show as a curve", key="share_curve", persist_state="session")
        draw = charts.share_curve if curve else charts.share_dots
        dots = draw(found.result, unit, theme=theme)
        parts.show(dots, "share_dots")
        parts.table_of(dots, "share_dots")
    with right:
        st.header("What would change this answer most?", anchor=False)
        drivers.top_three(found.choice)
        st.page_link("screens/drivers.py", label="What drives it", icon=":material/arrow_forward:")


main()
