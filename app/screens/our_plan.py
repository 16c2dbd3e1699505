"""Our plan: when does each lever start, what does it cost, does it pay back?"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import jobs, state
from app.choice import WHO, Choice
from app.components import answer, blocks, levers, page, would_have_to_be_true
from app.components.answer import Answer
from app.components.blocks import plain
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
from gainsmodel.analysis.appraisal import area_and_uk
from gainsmodel.analysis.take_up_cases import TakeUpCases
from gainsmodel.present import charts, text
from gainsmodel.present.pages.appraisal import appraisal, switching_values as breaks_even


def main() -> None:
    """The page, top to bottom."""
    page.context_line()
    place = st.container()
    head = blocks.Lines(place)
    # A target of nothing is none.
    target = state.target_gbp_m() or None
    st.header("Levers and timing", anchor=False)
    levers.starting_plans()
    _who()
    costs = levers.costs_by_lever(state.current())
    with st.grid(5, min_column_width=200):
        for lever in state.current().levers:
            with st.container(border=True):
                levers.lever_slider(lever, costs[lever])
                _timing(lever)

    def words(shown: Answer) -> tuple[dict[str, Any], dict[str, Any] | None]:
        if shown.added is None:
            head.write(
                lambda place: place.title("This plan adds nothing yet.", anchor=False),
                lambda place: place.markdown(plain(text.NO_PLAN)),
            )
            return {}, None
        worth, uk = area_and_uk(appraise(shown.pair, target_gbp_m=target), shown.choice.unit)
        head.write(*_headline(shown, worth, uk, None))
        return worth, uk

    shown = answer.current(appraised=True, meanwhile=words)
    if shown is None:
        return
    worth, uk = words(shown)
    if shown.added is None:
        return
    _target()
    cases = None
    if not shown.quick:
        with place:
            cases = answer.take_up(shown.choice, shown.pair, "take_up")
        if cases is not None:
            head.write(*_headline(shown, worth, uk, cases))
    _value(shown, worth, uk, cases, target)
    if not shown.quick:
        _each_lever(shown)
    if target:
        _target_further(shown.choice, target)
    answer.refine(shown)


def _who() -> None:
    choice = state.current()
    groups = [who for who in WHO if who == "area" or who in choice.dataset.groups]

    def picked(actors: Any) -> None:
        if actors is not None:
            state.change(
                state.current().let_act(actors), f"levers moved by {WHO[actors].casefold()}"
            )

    st.segmented_control(
        "Who moves the levers",
        groups,
        format_func=lambda actors: choice.unit_name if actors == "area" else WHO[actors],
        required=True,
        wrap=True,
        help="Every selected area runs this plan. Costs and gains shown are those of "
        f"{plain(choice.unit_name)}.",
        **state.bound("who", choice.who, picked, default=choice.who),
    )


def _timing(lever: str) -> None:
    choice = state.current()
    known = choice.scenario.levers[lever]
    intensity, start, ramp = choice.planned(lever)

    def set_start(value: Any) -> None:
        if value is not None:
            now = state.current()
            state.change(
                now.move(lever, intensity=now.planned(lever)[0], start=float(value)),
                f"start of {known.label}",
            )

    def set_ramp(value: Any) -> None:
        if value is not None:
            now = state.current()
            state.change(
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
        **state.bound(f"start_{lever}", float(start), set_start, value=float(start)),
    )
    st.number_input(
        "Years to full strength",
        0.0,
        40.0,
        step=0.5,
        disabled=intensity == 0,
        **state.bound(f"ramp_{lever}", float(ramp), set_ramp, value=float(ramp)),
    )
    sectors = choice.dataset.sector_names
    if len(known.scope) == len(sectors):
        blocks.small("Acts in all sectors.")
    else:
        named = "; ".join(sectors[code] for code in known.scope)
        blocks.small(f"Acts in {len(known.scope)} of {len(sectors)} sectors.", help=named)


def _target() -> None:
    st.number_input(
        "Target: adds at least, £m a year",
        min_value=0.0,
        step=10.0,
        width=360,
        format="%.0f",
        placeholder="no target",
        help="What the plan should add in the final year. Leave it blank for no target.",
        # Only a box that begins blank can be emptied; what it shows comes from the state.
        **state.bound("target_box", state.target_gbp_m(), state.set_target, value=None),
    )


def _headline(
    shown: Answer, worth: dict[str, Any], uk: dict[str, Any] | None, cases: TakeUpCases | None
) -> Iterator[Callable[[Any], Any]]:
    first, *others = text.plan_in_short(shown.pair, worth, uk=uk, cases=cases)
    yield lambda place: place.title(plain(first), anchor=False)
    yield lambda place: place.markdown(plain(" ".join(others)))
    if shown.quick:
        quick = f"Quick estimate from {shown.about.futures:,} futures; refining…"
        yield partial(blocks.small, quick, None)


def _value(
    shown: Answer,
    worth: dict[str, Any],
    uk: dict[str, Any] | None,
    cases: TakeUpCases | None,
    target: float | None,
) -> None:
    st.header("Cost and return", anchor=False)
    net = waterfall(shown.pair, shown.choice.unit)
    # Its heading and first words stand above the levers.
    _, _, *rest = appraisal(
        *(shown.pair, shown.choice.unit, worth, net), uk=uk, cases=cases, target_gbp_m=target
    )
    blocks.write(rest)
    if net.switched_on:
        chart = charts.waterfall(net, theme=blocks.theme())
        blocks.show(chart, "waterfall")
        blocks.table_of(chart, "waterfall")
    _break_even(shown.choice, shown.pair)


def _break_even(choice: Choice, pair: PairedResult) -> None:
    shown = answer.on_request(
        "switching",
        ("switching", choice.scenario, choice.unit, pair.manifest["draws"], *jobs.run_key(choice)),
        partial(_switching, choice, pair),
        button="Find where it breaks even",
        doing="Trying values of each assumption",
    )
    if shown is not None:
        blocks.write(breaks_even(shown))
        blocks.csv(shown.table, "switching")


def _switching(choice: Choice, pair: PairedResult, on_progress: Any) -> SwitchingValues:
    return switching_values(
        choice.scenario,
        choice.unit,
        pair=pair,
        dataset=choice.data,
        on_progress=on_progress,
    )


def _target_further(choice: Choice, target: float) -> None:
    key = (target, choice.draws, choice.scenario, choice.unit, *jobs.run_key(choice))
    amount = format.goal(target)
    st.header(f"What would it take to add {amount} a year?", anchor=False)
    taken = answer.on_request(
        "goal_seek",
        ("goal_seek", *key),
        partial(_reach, choice, target),
        button="Find the budget for an 80 in 100 chance",
        doing="Looking for the smallest budget",
    )
    if taken is not None:
        blocks.listed(taken.summary)
        blocks.small(text.JUDGEMENT)
    st.header(f"What would have to be true for {amount} a year?", anchor=False)
    would_have_to_be_true.on_request(choice, target)
    st.header(f"When does the plan miss {amount} a year?", anchor=False)
    missed = answer.on_request(
        "discover",
        ("discover", *key),
        partial(_discover, choice, target),
        button="Find the conditions",
        doing="Looking for conditions",
    )
    if missed is not None:
        blocks.listed(missed.summary)
        blocks.small(" ".join(missed.notes))


def _reach(choice: Choice, target: float, on_progress: Any) -> GoalSeek:
    return goal_seek(
        choice.scenario,
        choice.unit,
        target,
        draws=choice.draws,
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
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )


def _each_lever(shown: Answer) -> None:
    st.header("What each lever adds", anchor=False)
    choice = shown.choice
    table = _ordered(
        "each_lever",
        ("lever_contributions", choice.scenario, choice.unit, choice.draws, *jobs.run_key(choice)),
        partial(_lever_parts, choice, shown.pair),
        "Running each lever alone and without it",
    )
    if table is not None:
        chart = charts.levers(
            table,
            f"a year by {choice.final_year}, {choice.scenario.setting.price_year} prices",
            theme=blocks.theme(),
        )
        blocks.show(chart, "levers")
        blocks.table_of(chart, "levers")
    st.header("First 100 days", anchor=False)
    loss = _ordered(
        "delay",
        ("delay", choice.scenario, choice.unit, choice.draws, *jobs.run_key(choice)),
        partial(_delay_cost, choice, shown.pair),
        "Running the same plan a year later",
    )
    if loss is not None:
        st.markdown(plain(text.waiting_costs(loss)))


def _ordered(slot: str, key: Any, work: Callable[..., Any], doing: str) -> Any | None:
    return answer.result_of(
        lambda: jobs.QUEUE.order(key, work, visitor=state.visitor(), slot=slot), doing, slot=slot
    )


def _lever_parts(choice: Choice, pair: PairedResult, on_progress: Any) -> pl.DataFrame:
    table = lever_contributions(
        choice.scenario,
        choice.unit,
        dataset=choice.data,
        on_progress=on_progress,
        pair=pair,
        left_out=False,
    )
    gain, kept = "gain_final_year_gbp_m_", ("mean", "mcse_mean", "p05", "p95", "p_below_1")
    return table.rename({"part": "kind"} | {f"{gain}{name}": name for name in kept})


def _delay_cost(choice: Choice, pair: PairedResult, on_progress: Any) -> Any:
    return delay_cost(
        choice.scenario,
        choice.unit,
        years=1.0,
        dataset=choice.data,
        on_progress=on_progress,
        pair=pair,
    )


main()
