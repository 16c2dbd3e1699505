"""Assumptions: what is assumed, on what evidence? Change it, or bring your own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from app import state
from app.choice import DRAWS, SAMPLERS, Choice, geographies
from app.components import answer, blocks, files, levers, page
from app.components.blocks import plain
from app.components.levers import EVIDENCE
from gainsmodel import GainsModelError, load_scenario
from gainsmodel.analysis.assumptions_log import GROUPS, NOT_IN_REFERENCE, STRUCTURE, log
from gainsmodel.data import OWN
from gainsmodel.present import export, text
from gainsmodel.present.pages.data import tables
from gainsmodel.results.statistics import quantiles
from gainsmodel.scenario.parameters import CHOICES
from gainsmodel.scenario.restate import figure_at, questions, restated, value_key

GEOGRAPHY_NAMES = {
    "mayoral": "23 mayoral and other areas",
    "itl1": "12 regions and nations",
    "local_authority": "361 local authorities",
    "mayoral_2026": "30 areas, mayoral as of 2026 (unofficial)",
    OWN: "Your own areas",
}
# Stated area by area, in the scenario file.
_BY_AREA = ("parameters.area_odds_ratio", "parameters.growth_loading")
CURVES = {"bass": "Bass", "logistic": "Logistic", "gompertz": "Gompertz"}


def main() -> None:
    """The page, top to bottom."""
    page.context_line()
    st.title("What is assumed, and on what evidence", anchor=False)
    whole = log(state.current().scenario)
    table = whole.filter(pl.col("group") != STRUCTURE)
    judged = table.filter(pl.col("evidence") == "judgement").height
    st.markdown(
        f"Of {table.height} figures {judged} are judgement. Each can be changed; what differs from "
        "the reference is marked."
    )
    with st.container(horizontal=True):
        levers.undo()
        st.button(
            "Restore all",
            icon=":material/restart_alt:",
            disabled=not table["changed"].any(),
            help="Takes every figure back to the reference; the plan stays.",
            on_click=_restore_all,
        )
        st.download_button(
            "Assumptions log (CSV)",
            data=lambda: export.csv(whole),
            file_name="gainsmodel-assumptions.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
    _structure()
    _age()
    _figures(table)
    with st.expander("Scenario file", icon=":material/upload_file:", key="scenario_expander"):
        files.upload_scenario()
    with st.expander("Your own GVA figures", icon=":material/table:", key="figures_expander"):
        files.upload_figures()
        files.upload_folder()


def _age() -> None:
    """How old the figures are on which all of this stands."""
    choice = state.current()
    on = date.today()
    own = {"own_data": choice.data} if choice.data is not None else {}
    if said := text.of_figures(own, on):
        blocks.small(said)
    with st.expander("How old the built-in tables are", icon=":material/event:", key="age"):
        blocks.grid(tables(on))


def _restore_all() -> None:
    choice = state.current()
    base = load_scenario("reference").edit({"setting.geography": choice.scenario.setting.geography})
    plan = {
        area: {name: lever for name, lever in levers.items() if name in base.levers}
        for area, levers in choice.scenario.plan.items()
    }
    plan = {area: levers for area, levers in plan.items() if levers}
    state.change(choice.adopt(base.model_copy(update={"plan": plan})), "Restore all")


def _structure() -> None:
    choice = state.current()
    setting = choice.scenario.setting
    years = sorted(choice.dataset.economy["year"], reverse=True)
    numbers = sorted({*DRAWS, choice.draws})
    # The largest whole number that a browser tells from its neighbours.
    seed = min(choice.seed, 2**53 - 1)

    def edit(key: str, done: str) -> Any:
        def changed(value: Any) -> None:
            if value is not None:
                _try_edit({key: value}, done)

        return changed

    def other_areas(value: Any) -> None:
        if value is not None:
            # Own areas give way to the built-in figures first.
            _try(
                lambda choice: (
                    choice if choice.scenario.setting.geography != OWN else choice.use(None)
                ).edit({"setting.geography": value}),
                "other areas",
            )

    known = list(dict.fromkeys((*geographies(), setting.geography)))
    with (
        st.expander("Run, horizon and structure", icon=":material/settings:", key="run_expander"),
        st.grid(4, min_column_width=220),
    ):
        st.selectbox(
            CHOICES["setting.geography"].label,
            known,
            format_func=GEOGRAPHY_NAMES.__getitem__,
            **state.bound(
                "geography",
                setting.geography,
                other_areas,
                index=known.index(setting.geography),
            ),
        )
        st.number_input(
            CHOICES["setting.horizon_years"].label,
            1,
            40,
            **state.bound(
                "horizon",
                setting.horizon_years,
                edit("setting.horizon_years", "horizon"),
                value=setting.horizon_years,
            ),
        )
        st.selectbox(
            CHOICES["setting.curve"].label,
            list(CURVES),
            format_func=CURVES.__getitem__,
            help="The shape of growth from few users to many: a structural assumption.",
            **state.bound(
                "curve",
                setting.curve,
                edit("setting.curve", "curve"),
                index=list(CURVES).index(setting.curve),
            ),
        )
        st.selectbox(
            CHOICES["setting.price_year"].label,
            years,
            format_func="Of {}".format,
            **state.bound(
                "prices",
                setting.price_year,
                edit("setting.price_year", "prices"),
                index=years.index(setting.price_year),
            ),
        )
        st.selectbox(
            "Futures",
            numbers,
            format_func="{:,}".format,
            help="More draws: more precise, slower.",
            **state.bound(
                "draws", choice.draws, _run_with("draws"), index=numbers.index(choice.draws)
            ),
        )
        st.number_input(
            "Seed",
            0,
            2**53 - 1,
            help="Same seed, same answer.",
            **state.bound("seed", seed, _run_with("seed"), value=seed),
        )
        st.selectbox(
            "How futures are drawn",
            list(SAMPLERS),
            format_func=SAMPLERS.__getitem__,
            **state.bound(
                "sampler",
                choice.sampler,
                _run_with("sampler"),
                index=list(SAMPLERS).index(choice.sampler),
            ),
        )


def _run_with(name: str) -> Any:
    def changed(value: Any) -> None:
        if value is not None:
            state.change(replace(state.current(), **{name: value}), f"other {name}")

    return changed


def _try_edit(changes: dict[str, Any], done: str) -> None:
    _try(lambda choice: choice.edit(changes), done)


def _try(change: Callable[[Choice], Choice], done: str) -> None:
    try:
        new = change(state.current())
        new.check()
        state.change(new, done)
    except GainsModelError as error:
        state.note(f"Not changed. {error}")


def _figures(table: pl.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        only = st.segmented_control(
            "Show",
            ["All", "Changed", "Judgement only"],
            default="All",
            required=True,
            key="assumptions_only",
            persist_state="session",
        )
        search = st.text_input("Search", key="assumptions_search", persist_state="session")
    if only == "Changed":
        table = table.filter("changed")
    elif only == "Judgement only":
        table = table.filter(pl.col("evidence") == "judgement")
    if search:
        words = pl.concat_str("name", "what", "key", "source", "note", separator=" ")
        table = table.filter(words.str.to_lowercase().str.contains(search.casefold(), literal=True))
        groups = list(dict.fromkeys(table["group"]))
    else:
        group = st.segmented_control(
            "Group",
            list(GROUPS),
            default="Adoption",
            format_func=_of_the_prize,
            required=True,
            wrap=True,
            key="assumptions_group",
            persist_state="session",
        )
        groups = [str(group)] if only == "All" else list(dict.fromkeys(table["group"]))
    if not table.height:
        st.markdown("None.")
    for group in groups:
        st.header(plain(_of_the_prize(group)), anchor=False)
        for row in table.filter(pl.col("group") == group).iter_rows(named=True):
            _figure(row)


def _figure(row: dict[str, Any]) -> None:
    key = row["key"]
    changed = " :blue-badge[:material/edit: Changed]" if row["changed"] else ""
    with st.container(horizontal=True, vertical_alignment="center", key=f"row_{key}"):
        st.markdown(
            f"**{plain(_of_the_prize(row['name']))}** {plain(row['value'])} {plain(row['unit'])} "
            f"{EVIDENCE[row['evidence']]}{changed}  \n:small[{plain(_source(row))}]",
            help=plain(f"{row['what']} {row['note']}"),
            width="stretch",
        )
        if row["switched_on"] is not None:
            st.toggle(
                f"Use {row['name'].casefold()}",
                **state.bound(
                    f"enabled_{key}",
                    row["switched_on"],
                    lambda value: _try_edit({f"{key}.enabled": value}, f"{row['name']} on or off"),
                    value=row["switched_on"],
                ),
            )
        st.button(
            "Change",
            key=f"edit_{key}",
            type="tertiary",
            on_click=_open,
            args=(key,),
            disabled="rates" in key or key in _BY_AREA,
        )
        if row["changed"] and row["reference"] != NOT_IN_REFERENCE:
            st.button(
                "Restore", key=f"restore_{key}", type="tertiary", on_click=_restore, args=(key,)
            )
    if st.session_state.get("editing") == key:
        _form(row)


def _of_the_prize(words: str) -> str:
    return text.of_the_prize(words, state.current().scenario)


def _source(row: dict[str, Any]) -> str:
    reference = ""
    if row["changed"]:
        is_new = row["reference"] == NOT_IN_REFERENCE
        reference = NOT_IN_REFERENCE if is_new else f"reference: {row['reference']} {row['unit']}"
    return " · ".join(filter(None, [row["symbol"], row["source"], reference]))


def _open(key: str) -> None:
    st.session_state.editing = None if st.session_state.get("editing") == key else key


def _form(row: dict[str, Any]) -> None:
    key = row["key"]
    figure = figure_at(state.current().scenario, key)
    with st.form(f"form_{key}"):
        # How long a lever runs may be left open: to the last year.
        years = float(state.current().scenario.setting.horizon_years)
        asked = [("Value", "value", years if row["middle"] is None else row["middle"])]
        if figure:
            asked = questions(figure, *quantiles(figure.if_not_zero()))
        if not asked:
            st.markdown("This one is a list of values: change it in the scenario file.")
        answers = {
            name: st.number_input(
                label, value=float(f"{value:.6g}"), format="%.6g", key=f"{key}_{name}"
            )
            for label, name, value in asked
        }
        certain = (
            figure is not None
            and figure.kind != "fixed"
            and st.checkbox("One certain value, the median")
        )
        place = value_key(state.current().scenario, key)
        source = ""
        if place != key or figure is not None:
            source = st.text_input("Source of the new figure", key=f"{key}_source", max_chars=200)
        if not st.form_submit_button("Use it", type="primary", disabled=not asked):
            return
    if figure is None or (figure.kind == "fixed" and not figure.p_zero):
        changes: dict[str, Any] = {place: answers["value"]}
    elif certain:
        changes = {f"{key}.value": answers.get("median", answers.get("mode", row["middle"]))}
    else:
        changes = {f"{key}.distribution": restated(figure, answers)}
    if source:
        changes |= {f"{key}.source": source}
    try:
        new = state.current().edit(changes)
        new.check()
    except GainsModelError as error:
        answer.problem(f"{_of_the_prize(row['name'])} stays as it was.", error)
        return
    state.change(new, row["name"])
    st.session_state.editing = None
    st.rerun()


def _restore(key: str) -> None:
    scenario, base = state.current().scenario, load_scenario("reference").to_dict()
    changed = scenario.to_dict()
    keys = _keys(key)
    _put(changed, base, keys)
    # Once a part of a figure makes it the reference's again, so are its source and note.
    figure, part = keys[:-2], keys[-2] if len(keys) > 1 else ""
    if part in ("distribution", "values") and _at(changed, figure)[part] == _at(base, figure)[part]:
        _put(changed, base, figure)
    state.change(state.current().adopt(scenario.from_dict(changed)), "Restore")


def _keys(key: str) -> list[str]:
    return key.split(".")


def _at(node: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    for name in keys:
        node = node[name]
    return node


def _put(changed: dict[str, Any], base: dict[str, Any], keys: list[str]) -> None:
    changed, base = _at(changed, keys[:-1]), _at(base, keys[:-1])
    if keys[-1] in base:
        changed[keys[-1]] = base[keys[-1]]
    else:
        changed.pop(keys[-1], None)


main()
