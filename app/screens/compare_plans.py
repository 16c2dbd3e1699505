"""Compare plans: which is better, by how much, how surely?"""

from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import parts, runs, session
from app.choice import LEVERS, STARTING_PLANS, Choice
from app.parts import plain
from app.runs import Pair
from gainsmodel import GainsModelError, Plan, appraise, compare, format, plan
from gainsmodel.present import charts, text

NOW = "The plan on screen"
MOST_ROWS = 6
SPLITS = {"sectors": "Sectors", "years": "Years", "technologies": "Technologies"}
GOALS = {
    "net_present_value": "Net present value",
    "worst_tenth": "The worst tenth of futures",
}
BY_TECHNOLOGY = (
    "A technology’s row is the difference there would be if it alone had an effect on output; "
    "the remainder is what the cap on stacked technologies takes."
)


def main() -> None:
    """The page, top to bottom."""
    parts.context_line()
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
        parts.problem("These plans cannot be compared.", error)
    _best_for_the_money(session.current())


def _options() -> dict[str, Choice]:
    now = session.current()
    options = {NOW: now}
    for name, choice in session.saved().items():
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


def _pairs(choices: dict[str, Choice]) -> dict[str, Pair] | None:
    pairs = {}
    for place, (name, choice) in enumerate(choices.items()):
        slot = f"compare_{place}"
        try:
            job = runs.pair(choice, choice.draws, visitor=session.visitor(), slot=slot)
            if not job.wait(parts.PATIENCE_SECONDS):
                parts.follow(job, f"Simulating “{name}”", slot=slot)
                return None
            pairs[name] = job.future.result()
        except GainsModelError as error:
            parts.problem(f"“{name}” cannot be run.", error)
            return None
    return pairs


def _difference(
    choice: Choice, other: Choice, first: str, second: str, pairs: dict[str, Pair]
) -> None:
    unit = choice.unit
    comparison = compare(pairs[first].result, pairs[second].result, area=unit, dataset=choice.data)
    st.title(plain(text.compared(comparison, first, second)), anchor=False)
    if comparison.identical:
        return
    if verdict := text.verdict(comparison, first, second):
        st.markdown(plain(verdict))
    st.markdown(plain(text.compared_error(comparison, first)))
    left, right = st.columns(2)
    with left:
        st.header("Difference, future by future", anchor=False)
        chart = charts.difference_dots(
            comparison.draws(),
            first,
            second,
            f"a year by {choice.final_year}",
            theme=parts.theme(),
        )
        parts.show(chart, "difference")
        parts.table_of(chart, "difference")
    with right:
        st.header("Every area", anchor=False)
        table = comparison.areas()
        parts.frame(
            _in_words(table, "area_name", "Area", comparison.metric),
            "difference_by_area",
            download=table,
            height=320,
        )
        parts.small(
            f"£m a year by {choice.final_year}, at 2023 prices. Averages add up; middle estimates "
            "do not."
        )
    _where_it_arises(choice, other)


def _where_it_arises(choice: Choice, other: Choice) -> None:
    st.header("Where the difference arises", anchor=False)
    by: Any = st.segmented_control(
        "Split by",
        list(SPLITS),
        default="sectors",
        format_func=SPLITS.__getitem__,
        required=True,
        wrap=True,
        key="difference_by",
        persist_state="session",
    )
    job = runs.DESK.order(
        ("compare", by, choice.scenario, other.scenario, choice.unit, *runs.run_key(choice)),
        partial(_split, choice, other, by),
        visitor=session.visitor(),
        slot="difference_by",
    )
    if not job.wait(0.05):
        parts.follow(job, "Running both plans in detail", slot="difference_by")
        return
    table, name, heading, gain = job.future.result()
    words_of_it = _in_words(table, name, heading, gain, largest_first=by != "years")
    parts.frame(words_of_it, f"difference_by_{by}", download=table, width=560)
    parts.small(
        f"£m a year by {choice.final_year}, at 2023 prices. Averages add up; middle estimates do "
        "not." + (" " + BY_TECHNOLOGY if by == "technologies" else "")
    )


def _split(
    choice: Choice, other: Choice, by: str, on_progress: Any
) -> tuple[pl.DataFrame, str, str, str]:
    """Give a table, its column of names, their heading, and the quantity compared."""
    found = compare(
        choice.scenario,
        other.scenario,
        area=choice.unit,
        draws=min(choice.draws, 10_000),
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )
    if by == "sectors":
        return found.sectors(), "sector_name", "Sector", "gain_final_year_gbp_m"
    if by == "years":
        return found.years(), "year", "Year", "gain_gbp_m"
    return found.technologies(on_progress), "label", "Technology", "gain_final_year_gbp_m"


def _in_words(
    table: pl.DataFrame, name: str, heading: str, gain: str, *, largest_first: bool = True
) -> pl.DataFrame:
    rows = table.sort(f"{gain}_mean", descending=True) if largest_first else table
    return pl.DataFrame(
        [
            {
                heading: row[name],
                "Average difference": format.gbp(row[f"{gain}_mean"], row[f"{gain}_mcse_mean"]),
                "In 9 of 10 futures": format.gbp_range(row[f"{gain}_p05"], row[f"{gain}_p95"]),
            }
            for row in rows.iter_rows(named=True)
        ]
    )


def _side_by_side(options: dict[str, Choice], first: str, second: str) -> None:
    st.header("Side by side", anchor=False)
    wanted = dict.fromkeys([first, second, *session.saved()])
    shown = {name: options[name] for name in list(wanted)[:MOST_ROWS]}
    pairs = _pairs(shown)
    if pairs is None:
        return
    target = session.target_gbp_m()
    rows = []
    for name, pair in pairs.items():
        choice = shown[name]
        row: dict[str, Any] = {"Plan": name}
        row |= {
            choice.scenario.levers[lever].label: f"{choice.planned(lever)[0]:.0%}"
            for lever in LEVERS
            if lever in choice.levers
        }
        if choice.scenario.plan:
            value = appraise(pair.paired, target_gbp_m=target).row(
                by_predicate=pl.col("area_code") == choice.unit, named=True
            )
            about = text.about(pair.result, choice.unit)
            added = about.added(pair.without)
            row |= {
                f"Adds {about.when}": added.gbp,
                "In 9 of 10 futures": added.gbp_range,
                "Costs a year": format.cost(parts.cost_per_year(choice)),
                "Pays back": format.chance(value["p_pays_back"], pair.draws),
            }
            if target:
                row[f"Adds {format.goal(target)} or more"] = format.chance(
                    value["p_target"], pair.draws
                )
        rows.append(row)
    parts.plain_table(pl.DataFrame(rows, infer_schema_length=None).fill_null("–"))


def _best_for_the_money(choice: Choice) -> None:
    st.header("Which plan is best for the money?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        budget = st.number_input(
            "Budget once running, £m a year",
            min_value=0.5,
            value=10.0,
            step=1.0,
            key="budget_gbp_m",
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
    found: Plan | None = parts.on_request(
        "plan",
        ("plan", budget, goal, bare.scenario, choice.unit, *runs.run_key(choice)),
        partial(_plan, bare, budget, goal),
        button="Find it",
        doing="Trying packages",
    )
    if found is None:
        return
    parts.listed(found.summary)
    if found.levers.height:
        st.button(
            "Put this plan on screen",
            icon=":material/check:",
            on_click=_adopt,
            args=(choice, found),
        )
    chart = charts.frontier(found, theme=parts.theme())
    parts.show(chart, "frontier")
    parts.table_of(chart, "frontier")
    parts.small(" ".join(found.notes))


def _adopt(choice: Choice, found: Plan) -> None:
    new = choice.adopt(choice.scenario.model_copy(update={"plan": found.scenario.plan}))
    session.change(new, "the best plan for the money")


def _plan(choice: Choice, budget: float, goal: Any, on_progress: Any) -> Plan:
    return plan(
        choice.scenario,
        choice.unit,
        budget_gbp_m_per_year=budget,
        objective=goal,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )


main()
