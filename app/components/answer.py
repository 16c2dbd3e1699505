"""The answer on a page: quick at first, refined behind; jobs, their progress, what went wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app import jobs, state
from app.choice import Choice
from app.components.blocks import plain
from app.jobs import Job
from gainsmodel import (
    GainsModelError,
    PairedResult,
    Result,
    RunCancelled,
    TakeUpCases,
    take_up_cases,
)
from gainsmodel.present import text
from gainsmodel.present.area_summary import Added, AreaSummary

# A run that takes longer than this shows its progress.
PATIENCE_SECONDS = 1.0
# How often a page that waits looks whether the visitor has done something else.
GLANCE_SECONDS = 0.04
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Answer:
    """What a choice comes to, as far as it has been computed."""

    choice: Choice
    pair: PairedResult
    about: AreaSummary
    added: Added | None
    cost_and_price: tuple[float, float]
    refining: Job | None = None

    @property
    def quick(self) -> bool:
        """Whether it is of fewer futures than were asked for."""
        return self.about.futures < self.choice.draws

    @property
    def result(self) -> Result:
        """With the plan."""
        return self.pair.with_plan

    @property
    def without(self) -> Result | None:
        """The same futures without it; None where there is none."""
        return None if self.added is None else self.pair.without


def current(
    *, appraised: bool = False, meanwhile: Callable[[Answer], Any] = lambda _: None
) -> Answer | None:
    """The answer to the choice on screen.

    None where there is none: the page then says what happened.

    Parameters
    ----------
    appraised : bool
        Whether it is to be appraised, for which more draws are kept.
    meanwhile : callable
        Shows the words of a quick answer while all futures are run. Where that takes longer than
        `PATIENCE_SECONDS`, the quick one comes back, and is refined behind the page.
    """
    spot = st.empty()
    try:
        shown = _quick_or_whole(appraised, spot)
        if shown is None or not shown.quick:
            return shown
        meanwhile(shown)
        return _whole(shown, appraised, spot)
    except RunCancelled:
        st.info("Cancelled.")
    except GainsModelError as error:
        problem("This scenario cannot be run.", error)
    return None


def _quick_or_whole(appraised: bool, spot: Any) -> Answer | None:
    choice = state.current()
    quick = jobs.quick_draws(choice)
    whole = jobs.pair_key(choice, choice.draws, appraised=appraised)
    draws, slot = choice.draws, "full"
    if quick < choice.draws and jobs.QUEUE.at_hand(whole) is None:
        draws, slot = quick, "quick"
    job = _order(choice, draws, slot, appraised)
    if not _there(job, spot):
        _progress(job, draws)
        return None
    return _answer(choice, job.future.result())


def _whole(quick: Answer, appraised: bool, spot: Any) -> Answer:
    job = _order(quick.choice, quick.choice.draws, "full", appraised)
    if not _there(job, spot):
        return replace(quick, refining=job)
    return _answer(quick.choice, job.future.result())


def _order(choice: Choice, draws: int, slot: str, appraised: bool) -> Job:
    return jobs.pair(choice, draws, visitor=state.visitor(), slot=slot, appraised=appraised)


def _there(job: Job, spot: Any) -> bool:
    """Wait for a job while the visitor does nothing else; False where it takes too long."""
    begun = time.monotonic()
    while not job.wait(GLANCE_SECONDS):
        if time.monotonic() - begun > PATIENCE_SECONDS:
            return False
        # Streamlit ends a run that something newer waits for only where that writes.
        spot.empty()
    return True


def _answer(choice: Choice, pair: PairedResult) -> Answer:
    about = text.about(pair.with_plan, choice.unit)
    if about.futures == choice.draws:
        jobs.QUEUE.cancel(state.visitor(), "quick")
        st.session_state.shown = choice
    return Answer(
        choice=choice,
        pair=pair,
        about=about,
        # A run too long to keep its futures cannot tell what a plan adds.
        added=about.added(pair.without) if choice.scenario.plan else None,
        cost_and_price=cost_and_price(choice),
    )


def cost_and_price(choice: Choice) -> tuple[float, float]:
    """What the plan costs the authorities of the area shown, as `text.cost_and_price`."""
    return text.cost_and_price(choice.costs(), choice.unit)


def take_up(choice: Choice, pair: PairedResult, slot: str) -> TakeUpCases | None:
    """What the plan of a pair would be worth at the take-up of earlier programmes."""
    draws = pair.manifest["draws"]

    def work(on_progress: jobs.OnProgress) -> TakeUpCases:
        return take_up_cases(pair, choice.unit, on_progress=on_progress)

    return result_of(
        lambda: jobs.QUEUE.order(
            ("take_up", choice.scenario, choice.unit, draws, *jobs.run_key(choice)),
            work,
            visitor=state.visitor(),
            slot=slot,
        ),
        "Running the plan at other take-up",
        slot=slot,
        patience=PATIENCE_SECONDS,
    )


def refine(shown: Answer) -> None:
    """Wait for the long run behind the page; show progress where it takes a while."""
    if shown.refining is not None:
        _progress(shown.refining, shown.choice.draws, quiet_seconds=PATIENCE_SECONDS)


def _progress(job: Job, draws: int, quiet_seconds: float = 0.0) -> None:
    follow(
        job,
        f"Simulating {draws:,} futures",
        slot="full",
        quiet_seconds=quiet_seconds,
        cancelled=_back_to_what_is_shown,
    )


def on_request(
    slot: str,
    key: Any,
    work: Callable[..., Any],
    *,
    button: str,
    doing: str,
    size_bytes: int = jobs.SMALL_BYTES,
) -> Any | None:
    """The result of a job that takes some seconds: a button, then its progress, then the result.

    None until it is there; what went wrong is then shown on the page.
    """
    wanted = f"wanted_{slot}"
    if jobs.QUEUE.at_hand(key) is None and st.session_state.get(wanted) != key:
        st.button(
            button,
            key=f"ask_{slot}",
            icon=":material/calculate:",
            on_click=st.session_state.__setitem__,
            args=(wanted, key),
        )
        return None
    return result_of(
        lambda: jobs.QUEUE.order(
            key, work, visitor=state.visitor(), slot=slot, size_bytes=size_bytes
        ),
        doing,
        slot=slot,
        cancelled=lambda: st.session_state.pop(wanted, None),
    )


def result_of(
    order: Callable[[], Job],
    doing: str,
    *,
    slot: str,
    patience: float = 0.1,
    failed: str = "This could not be calculated.",
    cancelled: Callable[[], Any] | None = None,
) -> Any | None:
    """The result of a job; until it is there its progress, and what went wrong, on the page."""
    try:
        job = order()
        if job.wait(patience):
            return job.future.result()
        follow(job, doing, slot=slot, cancelled=cancelled)
    except RunCancelled:
        if cancelled is not None:
            cancelled()
        st.info("Cancelled.")
    except GainsModelError as error:
        problem(failed, error)
    return None


def follow(
    job: Job,
    doing: str,
    *,
    slot: str,
    quiet_seconds: float = 0.0,
    cancelled: Callable[[], Any] | None = None,
) -> None:
    """Show the progress of a job; the page runs again once it has ended."""

    on_the_page = False

    @st.fragment(run_every=POLL_SECONDS, key=f"follow_{slot}")
    def watch() -> None:
        nonlocal on_the_page
        # A rerun before the browser has this one would leave its widgets at their defaults.
        if job.ended and on_the_page:
            state.rerun()
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
            jobs.QUEUE.cancel(state.visitor(), slot)
            jobs.QUEUE.cancel(state.visitor(), "quick")
            if cancelled is not None:
                cancelled()
            state.rerun()

    watch()


def _back_to_what_is_shown() -> None:
    shown = st.session_state.get("shown")
    if shown is not None and shown != state.current():
        state.change(shown, "the cancelled run")
        state.note("Cancelled. Showing the previous results; Undo brings the other back.")
    else:
        state.change(
            replace(state.current(), draws=jobs.QUICK_DRAWS), "the cancelled number of futures"
        )
        state.note("Cancelled. Showing a quick run instead.")


def problem(failed: str, error: Exception) -> None:
    """Say in one box what cannot be used and why."""
    lines = str(error).splitlines()
    st.error(f"**{plain(failed)}**\n\n" + "\n".join(f"- {plain(line)}" for line in lines[:12]))


def notices() -> None:
    """Whatever the visitor should be told before anything else."""
    # In a place of their own: what follows stays where it is, and keeps the focus, without them.
    with st.container():
        for text in st.session_state.notices:
            st.info(plain(text), icon=":material/info:")
