"""Places and sectors: where inside the area, in which sectors and technologies?"""

from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import parts, runs, session
from app.choice import Choice
from app.parts import Answer, plain
from gainsmodel import Result, load_dataset, run
from gainsmodel.present import charts, text

LOCAL_DRAWS = 2_000


def main() -> None:
    """The page, top to bottom."""
    parts.context_line()
    choice = session.current()
    st.title(plain(f"Where the gain arises: {choice.unit_name}"), anchor=False)
    sectors, technologies, local, areas = st.tabs(
        ["Sectors", "Technologies", "Local authorities", "All areas"]
    )
    found = parts.answer()
    if found is None:
        return
    detail = _detail(choice)
    with sectors:
        _sectors(detail, choice)
    with technologies:
        _technologies(detail, choice)
    with local:
        _local(choice)
    with areas:
        _areas(found)


def _detail(choice: Choice) -> Result | None:
    """The same run with the area's sectors and technologies draw by draw."""
    draws = min(choice.draws, 10_000)
    job = runs.DESK.order(
        ("detail", choice.scenario, choice.unit, *runs.run_key(choice), draws),
        partial(_run_detail, choice, draws),
        visitor=session.visitor(),
        slot="detail",
        size_bytes=25_000_000,
    )
    if not job.wait(parts.PATIENCE_SECONDS):
        parts.follow(job, "Looking into the area", slot="detail")
        return None
    result: Result = job.future.result()
    return result


def _run_detail(choice: Choice, draws: int, on_progress: Any) -> Result:
    return run(
        choice.scenario,
        draws=draws,
        seed=choice.seed,
        sampler=choice.sampler,
        detail=choice.unit,
        dataset=choice.data,
        on_progress=on_progress,
    )


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
    chart = charts.sectors(detail, choice.unit, by=by or "sector", theme=parts.theme())
    parts.show(chart, "sectors")
    parts.table_of(chart, "sectors")


def _technologies(detail: Result | None, choice: Choice) -> None:
    if detail is None:
        return
    chart = charts.adoption(detail, choice.unit, theme=parts.theme())
    parts.show(chart, "adoption")
    parts.table_of(chart, "adoption")


def _local(choice: Choice) -> None:
    if choice.scenario.setting.geography == "local_authority":
        st.markdown("The areas shown are local authorities already: see All areas.")
        return
    if choice.data is not None:
        st.markdown("Your own figures are not split into local authorities.")
        return
    wider = load_dataset("local_authority").wider
    codes = wider.get(choice.unit) or wider.get(choice.unit_name)
    if not codes or len(codes) < 2:
        st.markdown("Local figures are not published for this area.")
        return
    local = replace(choice.adopt(_local_scenario(choice)), unit=codes[0], draws=LOCAL_DRAWS)
    job = runs.pair(local, LOCAL_DRAWS, visitor=session.visitor(), slot="local")
    if not job.wait(parts.PATIENCE_SECONDS):
        parts.follow(job, "Simulating 361 local authorities", slot="local")
        return
    chart = charts.local_authorities(job.future.result().result, codes, theme=parts.theme())
    parts.show(chart, "local")
    parts.table_of(chart, "local")
    parts.small(
        f"{LOCAL_DRAWS:,} futures of a model in which the local authorities are the areas: their "
        "sum is near the area’s own figure, not equal to it, since every authority has luck of "
        "its own. GVA of 32 small cells is estimated from published subtotals."
    )


def _local_scenario(choice: Choice) -> Any:
    return choice.scenario.edit({"setting.geography": "local_authority"})


def _areas(found: Answer) -> None:
    areas, uk = found.result.areas(), found.result.groups().head(1)
    gain = "gain_cumulative_gbp_m" if found.about.cumulative else "gain_final_year_gbp_m"
    table = pl.concat([areas, uk], how="diagonal").select(
        pl.col("area_name").alias("Area"),
        (pl.col("gva_share") * 100).round(2).alias("Share of the economy, %"),
        (pl.col("share_mean") * 100).round(2).alias("Share of the gain, average, %"),
        (pl.col("share_p05") * 100).round(2).alias("Low, %"),
        (pl.col("share_p95") * 100).round(2).alias("High, %"),
        pl.col("prize_gbp_bn_mean").round(2).alias("Part of the prize, average, £bn"),
        pl.col(f"{gain}_mean").round(0).alias("Carried, average, £m"),
        pl.col(f"{gain}_p05").round(0).alias("Carried, low, £m"),
        pl.col(f"{gain}_p95").round(0).alias("Carried, high, £m"),
    )
    parts.frame(table, "areas")
    parts.small(
        f"Amounts {found.about.when}. Averages add up; middle estimates do not, so this table "
        "shows averages. Low and high hold 9 of 10 futures. " + text.prices(found.about)
    )
    parts.refine(found)


main()
