"""Compare plans: which is better, by how much, how surely?"""

from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import jobs, state
from app.choice import STARTING_PLANS, Choice
from app.components import answer, blocks, page
from app.components.blocks import plain
from app.jobs import Job
from gainsmodel import GainsModelError, PairedResult, Plan, compare, plan
from gainsmodel.present import charts, text
from gainsmodel.present.blocks import Words
from gainsmodel.present.pages.comparison import comparison, side_by_side, split

NOW = "The plan on screen"
MOST_ROWS = 6
SPLITS = {"sector": "Sectors", "year": "Years", "technology": "Technologies"}
GOALS = {
    "net_present_value": "Net present value",
    "worst_tenth": "The worst tenth of futures",
}


def main() -> None:
    """The page, top to bottom."""
    page.context_line()
    options = _options()
    names = list(options)
    with st.container(horizontal=True):
        first = _chooser("Plan A", names, "plan_a", NOW)
        second = _chooser("Plan B", names, "plan_b", "No plan")
    pairs = _pairs({name: options[name] for name in dict.fromkeys([first, second])})
    if pairs is None:
        return
    try:
        _difference(options[first], options[second], first, second, pairs)
        _side_by_side(options, first, second)
    except GainsModelError as error:
        answer.problem("These plans cannot be compared.", error)
    _best_for_the_money(state.current())


def _options() -> dict[str, Choice]:
    now = state.current()
    options = {NOW: now}
    for name, choice in state.saved().items():
        # Compared where the visitor looks, in the same futures.
        here = choice.show(now.unit) if now.unit in choice.dataset.units else choice
        options[name] = replace(here, draws=now.draws, seed=now.seed, sampler=now.sampler)
    for name, percents in STARTING_PLANS.items():
        options.setdefault(name, now.set_all(percents))
    return options


def _chooser(label: str, names: list[str], key: str, default: str) -> str:
    if st.session_state.get(key) not in names:
        st.session_state[key] = default
    return str(st.selectbox(label, names, key=key, persist_state="session", width=320))


def _pairs(choices: dict[str, Choice]) -> dict[str, PairedResult] | None:
    pairs = {}
    for place, (name, choice) in enumerate(choices.items()):
        slot = f"compare_{place}"
        pair = answer.result_of(
            partial(_order, choice, slot),
            f"Simulating “{name}”",
            slot=slot,
            patience=answer.PATIENCE_SECONDS,
            failed=f"“{name}” cannot be run.",
        )
        if pair is None:
            return None
        pairs[name] = pair
    return pairs


def _order(choice: Choice, slot: str) -> Job:
    return jobs.pair(choice, choice.draws, visitor=state.visitor(), slot=slot, appraised=True)


def _difference(
    choice: Choice, other: Choice, first: str, second: str, pairs: dict[str, PairedResult]
) -> None:
    shown = compare(
        *(pairs[first].with_plan, pairs[second].with_plan), area=choice.unit, dataset=choice.data
    )
    _, lead, *rest = comparison(shown, (first, second))
    assert isinstance(lead, Words)
    st.title(plain(lead.text), anchor=False)
    if shown.identical:
        return
    blocks.write(rest)
    blocks.csv(shown.areas(), "difference_by_area")
    left, right = st.columns(2)
    with left:
        st.header("Difference, future by future", anchor=False)
        chart = charts.difference_dots(
            *(shown.draws(), first, second, f"a year by {choice.final_year}"),
            theme=blocks.theme(),
        )
        blocks.show(chart, "difference")
        blocks.table_of(chart, "difference")
    with right:
        _where_it_arises(choice, other)


def _where_it_arises(choice: Choice, other: Choice) -> None:
    st.header("Where the difference arises", anchor=False)
    by: Any = st.segmented_control(
        "Split by",
        list(SPLITS),
        default="sector",
        format_func=SPLITS.__getitem__,
        required=True,
        wrap=True,
        key="difference_by",
        persist_state="session",
    )
    table = answer.result_of(
        lambda: jobs.QUEUE.order(
            ("compare", by, choice.scenario, other.scenario, choice.unit, *_how(choice)),
            partial(_split, choice, other, by),
            visitor=state.visitor(),
            slot="difference_by",
        ),
        "Running both plans in detail",
        slot="difference_by",
    )
    if table is None:
        return
    blocks.write(split(by, table, choice.unit_name))
    blocks.csv(table, f"difference_by_{by}")


def _how(choice: Choice) -> tuple[Any, ...]:
    return (choice.draws, *jobs.run_key(choice))


def _split(choice: Choice, other: Choice, by: str, on_progress: Any) -> pl.DataFrame:
    shown = compare(
        choice.scenario,
        other.scenario,
        area=choice.unit,
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )
    if by == "technology":
        return shown.technologies(on_progress)
    return shown.years() if by == "year" else shown.sectors()


def _side_by_side(options: dict[str, Choice], first: str, second: str) -> None:
    unit = options[first].unit
    wanted = dict.fromkeys([first, second, *state.saved()])
    here = [name for name in wanted if options[name].unit == unit][:MOST_ROWS]
    pairs = _pairs({name: options[name] for name in here})
    if pairs is None:
        return
    st.header("Side by side", anchor=False)
    cases = {}
    for place, (name, pair) in enumerate(pairs.items()):
        if pair.scenario.moved_levers():
            of_plan = answer.take_up(options[name], pair, f"take_up_{place}")
            if of_plan is None:
                return
            cases[name] = of_plan
    blocks.grid(side_by_side(pairs, unit, state.target_gbp_m(), cases))


def _best_for_the_money(choice: Choice) -> None:
    st.header("Which plan is best for the money?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        budget = st.number_input(
            "Budget once running, £m a year",
            min_value=0.5,
            value=10.0,
            step=1.0,
            key="budget_gbp_m",
            help="Of expected cost: with optimism bias, and at the take-up that is expected.",
            persist_state="session",
            width=280,
        )
        goal = str(
            st.segmented_control(
                "What counts",
                list(GOALS),
                default="net_present_value",
                format_func=GOALS.__getitem__,
                required=True,
                wrap=True,
                key="plan_goal",
                persist_state="session",
            )
        )
    bare = choice.set_all(STARTING_PLANS["No plan"])
    shown: Plan | None = answer.on_request(
        "plan",
        ("plan", budget, goal, bare.scenario, choice.unit, *_how(choice)),
        partial(_plan, bare, budget, goal),
        button="Find the best plan",
        doing="Trying packages",
    )
    if shown is None:
        return
    blocks.listed(shown.summary)
    if shown.take_up is not None:
        st.markdown(plain(text.at_other_take_up(shown.take_up)))
    if shown.levers.height:
        st.button(
            "Put this plan on screen",
            icon=":material/check:",
            on_click=_adopt,
            args=(choice, shown),
        )
    chart = charts.frontier(shown, theme=blocks.theme())
    blocks.show(chart, "frontier")
    blocks.table_of(chart, "frontier")
    blocks.small(" ".join(shown.notes))


def _adopt(choice: Choice, shown: Plan) -> None:
    new = choice.adopt(choice.scenario.model_copy(update={"plan": shown.scenario.plan}))
    state.change(new, "the best plan for the money")


def _plan(choice: Choice, budget: float, goal: Any, on_progress: Any) -> Plan:
    return plan(
        choice.scenario,
        choice.unit,
        budget_gbp_m_per_year=budget,
        objective=goal,
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )


main()
