"""Our share: what is our share, how much of it is digital, what would levers add?"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import streamlit as st

from app import state
from app.choice import BASES
from app.components import answer, blocks, files, levers, page, sensitivity
from app.components.answer import Answer
from app.components.blocks import plain
from gainsmodel import UnknownNameError
from gainsmodel.present import charts, text
from gainsmodel.scenario.parameters import CHOICES

MAP_MEASURES = {"gbp": "£bn", "per_head": "£ a head", "against_gva": "vs economy"}


def main() -> None:
    """The page, top to bottom."""
    share = _choosers()
    answer.notices()
    head = blocks.Lines(st.container())
    with st.container(border=True):
        levers.starting_plans("Your plan: five things a mayor can do")
        result_line = blocks.Lines(st.container())
        costs = levers.costs_by_lever(state.current())
        with st.grid(5, min_column_width=200):
            for lever in state.current().levers:
                with st.container():
                    levers.lever_slider(lever, costs[lever])

    def words(shown: Answer) -> None:
        head.write(*_headline(shown))
        result_line.write(lambda place: place.markdown(plain(_result_line(shown))))

    shown = answer.current(meanwhile=words)
    if shown is not None:
        words(shown)
    with share:
        # Not before there is an answer to share.
        blocks.folded(
            st.popover,
            "Share or download",
            "share",
            files.share if shown is not None else lambda: None,
            icon=":material/ios_share:",
        )
    if shown is None:
        return
    _charts(shown)
    _below(shown)
    answer.refine(shown)


def _choosers() -> Any:
    """Area, reading, saved plans; give the place to share from."""
    choice = state.current()
    units, basis = choice.dataset.units, choice.scenario.prize.basis
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Area",
            list(units),
            format_func=units.__getitem__,
            label_visibility="collapsed",
            width=250,
            **state.bound("area", choice.unit, _show_area, index=list(units).index(choice.unit)),
        )
        st.segmented_control(
            CHOICES["prize.basis"].label,
            list(BASES),
            format_func=lambda basis: text.prize_read(choice.scenario, basis),
            label_visibility="collapsed",
            required=True,
            wrap=True,
            **state.bound("basis", basis, _read_as, default=basis),
        )
        with st.popover("Saved plans", icon=":material/bookmark:"):
            files.saved_plans()
        share = st.container(width="content")
        page.what_is_the_prize(choice)
    return share


def _show_area(unit: Any) -> None:
    choice = state.current()
    if unit is None or unit == choice.unit:
        return
    new = choice.show(unit)
    state.change(new, f"showing {new.unit_name}")
    if choice.who == "area" and choice.scenario.plan:
        state.note(f"Your plan now applies to {new.unit_name}.")


def _read_as(basis: Any) -> None:
    choice = state.current()
    if basis is not None and basis != choice.scenario.prize.basis:
        new = choice.edit({"prize.basis": basis})
        state.change(new, f"reading the prize as {text.prize_read(new.scenario, basis)}")


def _headline(shown: Answer) -> Iterator[Callable[[Any], Any]]:
    about = shown.about
    first, second = text.headline(about, shown.added)
    yield lambda place: place.title(plain(f"{first} {second}"), anchor=False)
    yield lambda place: place.markdown(
        plain(f"{text.ranges(about)} {text.causes(about)} {text.against_gva(about)}"),
        help=plain(f"{text.WORDS} {text.against_gva_hover(about)}"),
    )
    if of_areas := text.of_areas(shown.choice.scenario.setting.geography):
        yield partial(blocks.small, of_areas, None)
    if shown.quick:
        quick = f"Quick estimate from {about.futures:,} futures; refining to "
        yield partial(blocks.small, f"{quick}{shown.choice.draws:,}…", None)


def _result_line(shown: Answer) -> str:
    if shown.added is None:
        return text.NO_PLAN
    line = text.plan_adds(shown.about, shown.added, *shown.cost_and_price)
    elsewhere = shown.choice.elsewhere()
    if elsewhere:
        line += f" Levers also move in: {', '.join(elsewhere)}."
    if shown.choice.who != "area":
        line += " All who act together are counted."
    return line


def _charts(shown: Answer) -> None:
    theme, unit = blocks.theme(), shown.choice.unit
    left, middle, right = st.columns([1.1, 1.0, 1.2])
    with left:
        st.header("Three amounts, one scale", anchor=False)
        amounts = charts.three_amounts(shown.result, unit, shown.without, theme=theme, height=230)
        blocks.show(amounts, "three_amounts")
        blocks.table_of(amounts, "three_amounts")
    with middle:
        st.header("Digital gain, year by year", anchor=False)
        fan = charts.fan(shown.result, unit, shown.without, theme=theme, height=260)
        blocks.show(fan, "fan")
        blocks.table_of(fan, "fan")
    with right:
        _map(shown, theme)


def _map(shown: Answer, theme: Any) -> None:
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
            shown.result,
            measure or "gbp",
            selected=shown.choice.unit,
            theme=theme,
            height=276,
        )
    except UnknownNameError:
        st.markdown("There is no tile map of these areas: see Places and sectors.")
        return

    def clicked() -> None:
        points = st.session_state["tiles"]["selection"].get("area") or []
        code = points[0].get("code") if points else None
        if code in shown.choice.dataset.units:
            _show_area(code)

    blocks.show(tiles, "tiles", on_select=clicked, selection_mode=["area"])
    blocks.table_of(tiles, "tiles")
    st.markdown(plain(f"{text.national(shown.about)} {text.pattern(shown.result)}".rstrip()))


def _below(shown: Answer) -> None:
    theme, unit = blocks.theme(), shown.choice.unit
    left, right = st.columns(2)
    with left:
        st.header("How sure are we of the share?", anchor=False)
        curve = st.toggle("Show as a curve", key="share_curve", persist_state="session")
        draw = charts.share_curve if curve else charts.share_dots
        dots = draw(shown.result, unit, theme=theme)
        blocks.show(dots, "share_dots")
        blocks.table_of(dots, "share_dots")
    with right:
        st.header("What would change this answer most?", anchor=False)
        sensitivity.top_three(shown.choice)
        st.page_link("screens/drivers.py", label="What drives it", icon=":material/arrow_forward:")


main()
