"""Places and sectors: where inside the area, in which sectors and technologies?"""

from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import jobs, state
from app.choice import Choice
from app.components import answer, blocks, page
from app.components.answer import Answer
from app.components.blocks import plain
from gainsmodel import PairedResult, Result, WhoGains, run
from gainsmodel.analysis.convergence import ratios_if_diverging
from gainsmodel.analysis.who_gains import LOCAL_DRAWS, authorities_of, by_authority
from gainsmodel.data.units import unit_of
from gainsmodel.present import charts, text
from gainsmodel.present.pages.shares import shares_table
from gainsmodel.present.pages.who_gains import who_gains


def main() -> None:
    """The page, top to bottom."""
    page.context_line()
    choice = state.current()
    st.title(plain(f"Where the gain arises: {choice.unit_name}"), anchor=False)
    sectors, technologies, local, areas = st.tabs(
        ["Sectors", "Technologies", "Local authorities", "All areas"]
    )
    shown = answer.current()
    if shown is None:
        return
    detail = _detail(choice)
    with sectors:
        _sectors(detail, choice)
    with technologies:
        _technologies(detail, choice)
    with local:
        _local(choice)
    with areas:
        _areas(shown)


def _detail(choice: Choice) -> Result | None:
    """The same run with the area's sectors and technologies draw by draw."""
    draws = min(choice.draws, 10_000)
    return answer.result_of(
        lambda: jobs.QUEUE.order(
            ("detail", choice.scenario, choice.unit, *jobs.run_key(choice), draws),
            partial(_run_detail, choice, draws),
            visitor=state.visitor(),
            slot="detail",
            size_bytes=1_000_000,
        ),
        "Running the area in detail",
        slot="detail",
        patience=answer.PATIENCE_SECONDS,
    )


def _run_detail(choice: Choice, draws: int, on_progress: Any) -> Result:
    result = run(
        choice.scenario,
        draws=draws,
        seed=choice.seed,
        sampler=choice.sampler,
        detail=choice.unit,
        dataset=choice.data,
        on_progress=on_progress,
    )
    # Tables say all that is shown.
    return result.with_draws_of(())


def _sectors(detail: Result | None, choice: Choice) -> None:
    if detail is None:
        return
    by: Any = st.segmented_control(
        "Show",
        ["sector", "channel"],
        default="sector",
        format_func={"sector": "18 sectors", "channel": "Four channels"}.__getitem__,
        required=True,
        key="sectors_by",
        persist_state="session",
    )
    chart = charts.sectors(detail, choice.unit, by=by or "sector", theme=blocks.theme())
    blocks.show(chart, "sectors")
    blocks.table_of(chart, "sectors")


def _technologies(detail: Result | None, choice: Choice) -> None:
    if detail is None:
        return
    chart = charts.adoption(detail, choice.unit, theme=blocks.theme())
    blocks.show(chart, "adoption")
    blocks.table_of(chart, "adoption")


def _local(choice: Choice) -> None:
    if choice.scenario.setting.geography == "local_authority":
        st.markdown("The areas shown are local authorities already: see All areas.")
        return
    if choice.data is not None:
        st.markdown("Your own figures are not split into local authorities.")
        return
    codes = authorities_of(choice.dataset, unit_of(choice.dataset, choice.unit))
    if not codes:
        st.markdown("Local figures are not published for this area.")
        return
    scenario = by_authority(choice.scenario, choice.dataset)
    local = replace(choice.adopt(scenario), unit=codes[0], draws=LOCAL_DRAWS)
    pair: PairedResult | None = answer.result_of(
        lambda: jobs.pair(local, LOCAL_DRAWS, visitor=state.visitor(), slot="local"),
        "Simulating 361 local authorities",
        slot="local",
        patience=answer.PATIENCE_SECONDS,
    )
    if pair is None:
        return
    chart = charts.local_authorities(pair.with_plan, codes, theme=blocks.theme())
    blocks.show(chart, "local")
    blocks.table_of(chart, "local")
    if choice.scenario.moved_levers():
        blocks.write(who_gains(WhoGains(pair, codes)))
    else:
        blocks.small(text.by_authority(LOCAL_DRAWS))


def _if_diverging(shown: Answer) -> str:
    ratios: dict[str, float] | None = answer.result_of(
        lambda: jobs.QUEUE.order(
            ("diverging", shown.result.scenario, *jobs.run_key(shown.choice)),
            partial(_run_diverging, shown.result),
            visitor=state.visitor(),
            slot="diverging",
            size_bytes=1_000_000,
        ),
        "Running a model in which areas diverge",
        slot="diverging",
        patience=answer.PATIENCE_SECONDS,
    )
    return "" if ratios is None else text.if_diverging(shown.about, ratios.get(shown.about.unit))


def _run_diverging(result: Result, on_progress: Any) -> dict[str, float]:
    return ratios_if_diverging(result, on_progress=on_progress)


def _areas(shown: Answer) -> None:
    table = pl.concat([shown.result.areas(), shown.result.groups().head(1)], how="diagonal")
    blocks.grid(shares_table(shown.result))
    if pattern := text.pattern(shown.result):
        st.markdown(plain(f"{pattern} {_if_diverging(shown)}".rstrip()))
    blocks.csv(table, "areas")
    blocks.small(f"{text.WORDS} {text.prices(shown.about)}")
    answer.refine(shown)


main()
