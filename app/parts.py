"""Pieces that several pages show."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import streamlit as st

from app import runs, session
from app.choice import BASES, LEVERS, STARTING_PLANS, WHO, Choice
from app.runs import Job, Pair
from gainsmodel import GainsModelError, Result, RunCancelled, format, lever_costs
from gainsmodel.present import export, text
from gainsmodel.present.area_summary import AreaSummary, Estimate
from gainsmodel.present.blocks import Grid
from gainsmodel.present.charts import Chart

EVIDENCE = {
    "published": ":blue-badge[:material/menu_book: Published]",
    "derived": ":gray-badge[:material/calculate: Derived]",
    "judgement": ":orange-badge[:material/person: Judgement]",
}
# A run that takes longer than this shows its progress.
PATIENCE_SECONDS = 1.0
POLL_SECONDS = 0.2
_MARKUP = re.compile(r"([\\`*_\[\]<>~$#|]|:(?=\w))")


def plain(text: str) -> str:
    """Text that Streamlit shows as it is, whatever markup it holds."""
    return _MARKUP.sub(r"\\\1", text)


def theme() -> Any:
    """The reader's theme, light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


# ---------------------------------------------------------------- the answer


@dataclass(frozen=True)
class Answer:
    """What a choice comes to, as far as it has been computed."""

    choice: Choice
    pair: Pair
    about: AreaSummary
    added: Estimate | None
    cost_gbp_m_per_year: float
    refining: Job | None

    @property
    def result(self) -> Result:
        """With the plan."""
        return self.pair.result

    @property
    def without(self) -> Result | None:
        """The same futures without it; None where there is none."""
        return None if self.added is None else self.pair.without


def answer() -> Answer | None:
    """Give the answer to the choice on screen: a quick one at first, refined behind.

    None where there is none: what happened has then been said on the page.
    """
    choice = session.current()
    try:
        full = runs.DESK.at_hand(runs.pair_key(choice, choice.draws))
        refining = None
        if full is None:
            quick = runs.quick_draws(choice)
            first = runs.pair(choice, quick, visitor=session.visitor(), slot="quick")
            if not first.wait(PATIENCE_SECONDS):
                _progress(first, quick)
                return None
            full = first.future.result()
            if quick < choice.draws:
                refining = runs.pair(choice, choice.draws, visitor=session.visitor(), slot="full")
                if refining.ended:
                    full, refining = refining.future.result(), None
        about = text.about(full.result, choice.unit)
        # A run too long to keep its futures cannot tell what a plan adds.
        added = about.added(full.without) if choice.scenario.plan else None
        if refining is None:
            st.session_state.shown = choice
    except RunCancelled:
        st.info("Cancelled.")
        return None
    except GainsModelError as error:
        problem("This scenario cannot be run.", error)
        return None
    return Answer(
        choice=choice,
        pair=full,
        about=about,
        added=added,
        cost_gbp_m_per_year=cost_per_year(choice),
        refining=refining,
    )


def cost_per_year(choice: Choice) -> float:
    """What the plan costs the authorities of the area shown, £m a year once running."""
    costs = lever_costs(choice.scenario, choice.dataset)
    return float(costs.filter(pl.col("area_code") == choice.unit)["cost_gbp_m_per_year"].sum())


def refine(found: Answer) -> None:
    """Wait for the long run behind the page; show progress where it takes a while."""
    if found.refining is not None:
        _progress(found.refining, found.choice.draws, quiet_seconds=PATIENCE_SECONDS)


def _progress(job: Job, draws: int, quiet_seconds: float = 0.0) -> None:
    follow(
        job,
        f"Simulating {draws:,} futures",
        slot="full",
        quiet_seconds=quiet_seconds,
        cancelled=_back_to_what_is_shown,
    )


def on_request(
    slot: str, key: Any, work: Callable[..., Any], *, button: str, doing: str
) -> Any | None:
    """A finding that takes some seconds: a button, then its progress, then the finding.

    None until it is there; what is wrong has then been said on the page.
    """
    wanted = f"wanted_{slot}"
    if runs.DESK.at_hand(key) is None and st.session_state.get(wanted) != key:
        st.button(
            button,
            key=f"ask_{slot}",
            icon=":material/calculate:",
            on_click=st.session_state.__setitem__,
            args=(wanted, key),
        )
        return None
    try:
        job = runs.DESK.order(key, work, visitor=session.visitor(), slot=slot)
        if not job.wait(0.1):
            follow(job, doing, slot=slot, cancelled=lambda: st.session_state.pop(wanted, None))
            return None
        return job.future.result()
    except RunCancelled:
        st.session_state.pop(wanted, None)
        st.info("Cancelled.")
    except GainsModelError as error:
        problem("This could not be worked out.", error)
    return None


def listed(sentences: Iterable[str], *, numbered: bool = False) -> None:
    """Sentences as a list."""
    mark = "1." if numbered else "-"
    st.markdown("\n".join(f"{mark} {plain(text)}" for text in sentences))


def follow(
    job: Job,
    doing: str,
    *,
    slot: str,
    quiet_seconds: float = 0.0,
    cancelled: Callable[[], None] | None = None,
) -> None:
    """Follow an order; the page runs again once it has ended."""

    on_the_page = False

    @st.fragment(run_every=POLL_SECONDS, key=f"follow_{slot}")
    def watch() -> None:
        nonlocal on_the_page
        # A rerun before the browser has this one would leave its widgets at their defaults.
        if job.ended and on_the_page:
            session.rerun()
        on_the_page = True
        if job.seconds < quiet_seconds:
            return
        done, total = job.done_of
        part = done / total if total else 0.0
        left = ""
        if part > 0.05:
            seconds = job.seconds * (1 - part) / part
            left = f", about {seconds:.0f} seconds left" if seconds >= 1 else ", nearly there"
        st.progress(min(part, 1.0), text=f"{doing}: {part:.0%} done{left}")
        if st.button("Cancel", key=f"cancel_{slot}", icon=":material/close:"):
            runs.DESK.cancel(session.visitor(), slot)
            runs.DESK.cancel(session.visitor(), "quick")
            if cancelled is not None:
                cancelled()
            session.rerun()

    watch()


def _back_to_what_is_shown() -> None:
    shown = st.session_state.get("shown")
    if shown is not None and shown != session.current():
        session.change(shown, "the cancelled run")
        session.note("Cancelled. Showing the previous results; Undo brings the other back.")
    else:
        session.change(
            replace(session.current(), draws=runs.QUICK_DRAWS), "the cancelled number of futures"
        )
        session.note("Cancelled. Showing a quick run instead.")


def problem(what: str, error: Exception) -> None:
    """Say in one box what cannot be used and why."""
    lines = str(error).splitlines()
    st.error(f"**{plain(what)}**\n\n" + "\n".join(f"- {plain(line)}" for line in lines[:12]))


def notices() -> None:
    """Whatever the visitor should be told before anything else."""
    # In a place of their own: what follows stays where it is, and keeps the focus, without them.
    with st.container():
        for text in st.session_state.notices:
            st.info(plain(text), icon=":material/info:")


# ---------------------------------------------------------------- what stands on every page


def context_line() -> None:
    """Area, reading and plan in one line, with the way back to change them."""
    choice = session.current()
    moved = [
        f"{choice.scenario.levers[lever].label.casefold()} {choice.planned(lever)[0]:.0%}"
        for lever in choice.levers
        if choice.planned(lever)[0]
    ]
    plan = ", ".join(moved) if moved else "no plan"
    who = "" if choice.who == "area" or not moved else f" by {WHO[choice.who].casefold()}"
    others = " · assumptions changed" if choice.assumes_otherwise() else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            plain(f"{choice.unit_name} · {reading(choice)} · {plan}{who}{others}"), width="content"
        )
        st.page_link(
            "screens/our_share.py", label="Change", icon=":material/edit:", width="content"
        )
        what_is_the_prize(choice)
    notices()


def reading(choice: Choice, basis: str | None = None) -> str:
    """The reading of the prize in the words of the chooser."""
    years = format.years(choice.scenario.setting.horizon_years)
    text = BASES[basis or choice.scenario.prize.basis].format(year=choice.final_year, years=years)
    value = choice.scenario.prize.value
    return text.replace("£208bn", "the prize" if value is None else f"£{value:g}bn")


def when(choice: Choice) -> str:
    """What follows every £ on the choice's reading."""
    setting = choice.scenario.setting
    return format.when(choice.scenario.prize.basis, setting.start_year, setting.horizon_years)


def what_is_the_prize(choice: Choice) -> None:
    """The standing caveat, one click away."""
    pair = runs.DESK.at_hand(runs.pair_key(choice, choice.draws)) or runs.DESK.at_hand(
        runs.pair_key(choice, runs.quick_draws(choice))
    )
    value = choice.scenario.prize.value
    prize = "the prize" if value is None else f"the £{value:g}bn"
    with st.popover(f"What is {prize}?", icon=":material/help:", type="tertiary"):
        st.markdown(plain(text.prize_note(choice.scenario)))
        if pair is not None:
            st.markdown(plain(text.national(text.about(pair.result, choice.unit))))
        st.page_link(
            "screens/about.py",
            label="More about the figure and the method",
            icon=":material/arrow_forward:",
        )


def show(chart: Chart, key: str, **options: Any) -> Any:
    """A chart, what it says for those who cannot see it, and its table."""
    # Streamlit warns of a description that `alt` stands in for.
    spec = {key: value for key, value in chart.vega_lite().items() if key != "description"}
    shown = st.vega_lite_chart(spec, theme=None, width="stretch", alt=chart.alt, key=key, **options)
    if chart.caption:
        small(chart.caption)
    return shown


def table_of(chart: Chart, key: str, label: str = "Table and picture") -> None:
    """The chart's table and its picture, folded away."""
    with st.expander(label, key=f"{key}_table"):
        st.dataframe(chart.table, hide_index=True, key=f"{key}_frame")
        with st.container(horizontal=True):
            _csv(chart.table, key)
            _download("PNG", lambda: chart.png(), f"{key}.png", "image/png")
            _download("SVG", lambda: chart.svg().encode(), f"{key}.svg", "image/svg+xml")


def frame(
    table: pl.DataFrame, key: str, download: pl.DataFrame | None = None, **options: Any
) -> None:
    """A table with its download; `download` has what the words on screen round."""
    st.dataframe(table, hide_index=True, key=f"{key}_frame", **options)
    _csv(table if download is None else download, key)


def _csv(table: pl.DataFrame, key: str) -> None:
    _download("CSV", lambda: export.csv(table), f"{key}.csv", "text/csv")


def _download(kind: str, data: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(
        f"Download {kind}",
        data=data,
        file_name=f"gainsmodel-{name}",
        mime=mime,
        key=f"download_{name}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def plain_table(table: pl.DataFrame) -> None:
    """A short table of words, with real headings."""
    first = table.columns[0]
    st.table(table.to_pandas().set_index(first).map(plain))


def grid(found: Grid) -> None:
    """A table of `gainsmodel.present`."""
    headings = [heading or "What" for heading in found.headings]
    plain_table(pl.DataFrame([*found.rows], headings, orient="row"))


def small(text: str, help: str | None = None) -> None:
    """Small text with full contrast, and what a hover adds."""
    st.markdown(f":small[{plain(text)}]", help=None if help is None else plain(help))


# ---------------------------------------------------------------- levers


def starting_plans(heading: str = "") -> None:
    """A heading, starting plans, undo and reset, in one row."""
    choice = session.current()
    now = tuple(round(choice.planned(lever)[0] * 100) for lever in LEVERS if lever in choice.levers)
    name = next((name for name, percents in STARTING_PLANS.items() if percents == now), None)

    def picked(value: Any) -> None:
        if value is not None:
            session.change(session.current().set_all(STARTING_PLANS[value]), f"plan “{value}”")

    with st.container(horizontal=True, vertical_alignment="center"):
        if heading:
            st.header(heading, anchor=False, width="content")
        st.segmented_control(
            "Starting plan",
            list(STARTING_PLANS),
            label_visibility="collapsed",
            wrap=True,
            **session.bound("starting_plan", name, picked, default=name),
        )
        undo()
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            help="Sets the levers to zero; Undo brings them back.",
            on_click=lambda: session.change(
                session.current().set_all(STARTING_PLANS["No plan"]), "Reset"
            ),
        )


def undo() -> None:
    """The step back."""
    what = session.next_step_back()
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        disabled=what is None,
        help="Nothing to undo." if what is None else f"Undoes: {what}.",
        on_click=session.step_back,
    )


def lever_slider(lever: str, costs: dict[str, float]) -> None:
    """One lever's intensity, with cost and evidence under it."""
    choice = session.current()
    known = choice.scenario.levers[lever]
    percent = round(choice.planned(lever)[0] * 100)

    def moved(value: Any) -> None:
        session.change(
            session.current().move(lever, intensity=value / 100), f"{known.label} to {value}%"
        )

    st.slider(
        known.label,
        0,
        100,
        step=5,
        format="%d%%",
        help=plain(lever_help(choice, lever, costs["full_cost_gbp_m_per_year"])),
        **session.bound(f"lever_{lever}", percent, moved, value=percent),
    )
    cost = format.cost(costs["cost_gbp_m_per_year"])
    st.markdown(f":small[Costs {cost} a year] {EVIDENCE[lever_evidence(choice, lever)]}")


def lever_evidence(choice: Choice, lever: str) -> str:
    """The weakest evidence among what is assumed of a lever."""
    known = choice.scenario.levers[lever]
    grades = {known.cost_gbp_per_head_per_year.evidence}
    grades |= {effect.evidence for _, effect in known.effects if effect is not None}
    return next(grade for grade in ("judgement", "derived", "published") if grade in grades)


def lever_help(choice: Choice, lever: str, full_cost_gbp_m: float) -> str:
    """What a lever is, costs and does, and on what evidence."""
    known = choice.scenario.levers[lever]
    effects = text.lever_effects(choice.scenario, lever)
    return (
        f"{known.what} In full it costs {format.cost(full_cost_gbp_m)} a year. {effects} "
        "Schemes of this kind reached 0.8% and 11% of plan. "
        f"{text.lever_source(choice.scenario, lever)}"
    )


def costs_by_lever(choice: Choice) -> dict[str, dict[str, float]]:
    """Each lever's cost where the levers move: now and in full, £m a year."""
    costs = lever_costs(choice.scenario, choice.dataset).filter(pl.col("area_code") == choice.actor)
    return {row["lever"]: row for row in costs.iter_rows(named=True)}
