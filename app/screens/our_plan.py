"""Our plan: when does each lever start, what does it cost, does it pay back?"""

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import parts, runs, session
from app.choice import WHO, Choice
from app.parts import Answer, plain
from gainsmodel import (
    Discovery,
    GoalSeek,
    PairedResult,
    SwitchingValues,
    appraise,
    delay_cost,
    discover,
    format,
    goal_seek,
    lever_contributions,
    switching_values,
    waterfall,
)
from gainsmodel.present import charts, text
from gainsmodel.present.pages.appraisal import cost_and_return


def main() -> None:
    """The page, top to bottom."""
    parts.context_line()
    head = st.container()
    st.header("Levers and timing", anchor=False)
    parts.starting_plans()
    _who()
    costs = parts.costs_by_lever(session.current())
    with st.grid(5, min_column_width=200):
        for lever in session.current().levers:
            with st.container(border=True):
                parts.lever_slider(lever, costs[lever])
                _timing(lever)
    found = parts.answer()
    if found is None:
        return
    if found.added is None:
        with head:
            st.title("This plan adds nothing yet.", anchor=False)
            st.markdown(plain(text.NO_PLAN))
        return
    target = _target()
    value = appraise(found.pair.paired, target_gbp_m=target).row(
        by_predicate=pl.col("area_code") == found.choice.unit, named=True
    )
    with head:
        _headline(found, value)
    _value(found, value, target)
    _each_lever(found)
    if target:
        _target_further(found.choice, target)
    parts.refine(found)


def _who() -> None:
    choice = session.current()
    groups = [who for who in WHO if who == "area" or who in choice.dataset.groups]

    def picked(who: Any) -> None:
        if who is not None:
            session.change(session.current().let_act(who), f"levers moved by {WHO[who].casefold()}")

    st.segmented_control(
        "Who moves the levers",
        groups,
        format_func=lambda who: choice.unit_name if who == "area" else WHO[who],
        required=True,
        wrap=True,
        help="The same plan in every area that acts; costs and gains shown are those of "
        f"{plain(choice.unit_name)}.",
        **session.bound("who", choice.who, picked, default=choice.who),
    )


def _timing(lever: str) -> None:
    choice = session.current()
    known = choice.scenario.levers[lever]
    intensity, start, ramp = choice.planned(lever)

    def set_start(value: Any) -> None:
        if value is not None:
            now = session.current()
            session.change(
                now.move(lever, intensity=now.planned(lever)[0], start=float(value)),
                f"start of {known.label}",
            )

    def set_ramp(value: Any) -> None:
        if value is not None:
            now = session.current()
            session.change(
                now.move(lever, intensity=now.planned(lever)[0], ramp=float(value)),
                f"years to full strength of {known.label}",
            )

    st.number_input(
        "Starts after, years",
        0.0,
        40.0,
        step=0.25,
        disabled=intensity == 0,
        help=f"Years from the beginning of {choice.scenario.setting.start_year}; 0.27 is 100 days.",
        **session.bound(f"start_{lever}", float(start), set_start, value=float(start)),
    )
    st.number_input(
        "Years to full strength",
        0.0,
        40.0,
        step=0.5,
        disabled=intensity == 0,
        **session.bound(f"ramp_{lever}", float(ramp), set_ramp, value=float(ramp)),
    )
    sectors = choice.dataset.sector_names
    if len(known.scope) == len(sectors):
        parts.small("Acts in all sectors.")
    else:
        named = "; ".join(sectors[code] for code in known.scope)
        parts.small(f"Acts in {len(known.scope)} of {len(sectors)} sectors.", help=named)


def _target() -> float | None:
    target = session.target_gbp_m()
    st.number_input(
        "Target: adds at least, £m a year",
        min_value=0.0,
        step=10.0,
        width=360,
        format="%.0f",
        placeholder="no target",
        help="What the plan should add in the final year. Leave it blank for no target.",
        # Only a box that begins blank can be emptied; what it shows comes from the state.
        **session.bound("target_box", target, session.set_target, value=None),
    )
    return target


def _headline(found: Answer, value: dict[str, Any]) -> None:
    assert found.added is not None
    about = found.about
    st.title(plain(text.plan_title(about, found.added, value["p_pays_back"])), anchor=False)
    st.markdown(
        plain(
            f"{text.plan_range(about, found.added, found.cost_gbp_m_per_year)} "
            f"{text.pays_back(value['p_pays_back'], about)} {text.JUDGEMENT}"
        )
    )
    if found.refining is not None:
        parts.small(f"Quick estimate from {found.pair.draws:,} futures; refining…")


def _value(found: Answer, value: dict[str, Any], target: float | None) -> None:
    st.header("Cost and return", anchor=False)
    about = found.about
    if target:
        st.markdown(
            plain(text.reaches_target(value["p_target"], target, about.years[1], about.futures))
        )
    parts.grid(cost_and_return(found.pair.paired, value))
    parts.small(
        "2023 prices, over the horizon, discounted as the Green Book has it (see Assumptions). "
        "Averages add up; middle estimates do not. Before displacement, leakage and multiplier "
        "unless they are switched on."
    )
    _net(found)
    _break_even(found.choice, found.pair.paired)


def _net(found: Answer) -> None:
    """From gross to net, where the scenario switches any of it on."""
    net = waterfall(found.pair.paired, found.choice.unit)
    if not net.switched_on:
        return
    st.subheader("From gross to net", anchor=False)
    chart = charts.waterfall(net, theme=parts.theme())
    parts.show(chart, "waterfall")
    parts.table_of(chart, "waterfall")
    parts.small(" ".join(net.summary))


def _break_even(choice: Choice, pair: PairedResult) -> None:
    st.subheader("What would have to be true for it just to break even?", anchor=False)
    found = parts.on_request(
        "switching",
        ("switching", choice.scenario, choice.unit, pair.manifest["draws"], *runs.run_key(choice)),
        partial(_switching, choice, pair),
        button="Find where it breaks even",
        doing="Trying values of each assumption",
    )
    if found is not None:
        parts.listed(found.summary)
        parts.frame(found.in_words, "switching", download=found.table)
        parts.small(" ".join(found.how_to_read))


def _switching(choice: Choice, pair: PairedResult, on_progress: Any) -> SwitchingValues:
    return switching_values(
        choice.scenario,
        choice.unit,
        pair=pair,
        dataset=choice.data,
        on_progress=on_progress,
    )


def _target_further(choice: Choice, target: float) -> None:
    key = (target, choice.scenario, choice.unit, *runs.run_key(choice))
    amount = format.goal(target)
    st.header(f"What would it take to add {amount} a year?", anchor=False)
    taken = parts.on_request(
        "goal_seek",
        ("goal_seek", *key),
        partial(_reach, choice, target),
        button="Find the budget for an 80 in 100 chance",
        doing="Looking for the smallest budget",
    )
    if taken is not None:
        parts.listed(taken.summary)
        parts.small(text.JUDGEMENT)
    st.header(f"When does the plan miss {amount} a year?", anchor=False)
    missed = parts.on_request(
        "discover",
        ("discover", *key),
        partial(_discover, choice, target),
        button="Find the conditions",
        doing="Looking for conditions",
    )
    if missed is not None:
        parts.listed(missed.summary)
        parts.small(" ".join(missed.notes))


def _reach(choice: Choice, target: float, on_progress: Any) -> GoalSeek:
    return goal_seek(
        choice.scenario,
        choice.unit,
        target,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )


def _discover(choice: Choice, target: float, on_progress: Any) -> Discovery:
    return discover(
        choice.scenario,
        choice.unit,
        target,
        seed=choice.seed,
        dataset=choice.data,
        on_progress=on_progress,
    )


def _each_lever(found: Answer) -> None:
    st.header("What each lever adds", anchor=False)
    choice = found.choice
    table = _ordered(
        "each_lever",
        ("lever_contributions", choice.scenario, choice.unit, *runs.run_key(choice)),
        partial(_lever_parts, choice),
        "Running each lever alone and left out",
    )
    if table is not None:
        chart = charts.levers(table, f"a year by {choice.final_year}", theme=parts.theme())
        parts.show(chart, "levers")
        parts.table_of(chart, "levers")
    st.header("First 100 days", anchor=False)
    loss = _ordered(
        "delay",
        ("delay", choice.scenario, choice.unit, *runs.run_key(choice)),
        partial(_delay_cost, choice),
        "Running the same plan a year later",
    )
    if loss is not None:
        st.markdown(plain(text.waiting_costs(loss)))


def _ordered(slot: str, key: Any, work: Callable[..., Any], doing: str) -> Any | None:
    job = runs.DESK.order(key, work, visitor=session.visitor(), slot=slot)
    if not job.wait(0.05):
        parts.follow(job, doing, slot=slot)
        return None
    return job.future.result()


def _lever_parts(choice: Choice, on_progress: Any) -> pl.DataFrame:
    table = lever_contributions(
        choice.scenario,
        choice.unit,
        draws=min(choice.draws, 10_000),
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )
    gain = "gain_final_year_gbp_m_"
    return table.filter(pl.col("part") != "left_out").rename(
        {"part": "kind"} | {f"{gain}{name}": name for name in ("mean", "p05", "p95")}
    )


def _delay_cost(choice: Choice, on_progress: Any) -> Any:
    return delay_cost(
        choice.scenario,
        choice.unit,
        years=1.0,
        draws=min(choice.draws, 10_000),
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )


main()
