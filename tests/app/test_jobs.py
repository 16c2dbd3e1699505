"""The queue of jobs: each run once, for all who want it, and no longer than somebody does."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from app import jobs, limits, turns
from app.choice import start
from app.jobs import Job, JobQueue, OnProgress, TooMuchError
from gainsmodel import (
    ResultError,
    RunCancelled,
    ScenarioError,
    appraise,
    gva_template,
    read_gva,
    run_paired,
    waterfall,
)
from gainsmodel.data.units import unit_of
from gainsmodel.present import text

# Nothing here takes so long; a test that waits this long fails.
LONG = 60.0


class Work:
    """Work that begins, waits until it is let go on, and counts how often it was done."""

    def __init__(self, result: Any = None) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.result, self.times = result, 0

    def __call__(self, on_progress: OnProgress) -> Any:
        self.times += 1
        self.begun.set()
        while not self.go_on.wait(0.01):
            on_progress(1, 4)
        on_progress(4, 4)
        return self.result


def at_once(result: Any) -> Any:
    return lambda on_progress: result


class Thing:
    """Something whose end can be seen."""


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    yield (opened := JobQueue())
    opened.close()


@pytest.fixture
def work() -> Iterator[Work]:
    yield (made := Work("result"))
    made.go_on.set()


# ---------------------------------------------------------------- once for all


def test_what_two_visitors_want_is_made_once(queue: JobQueue, work: Work) -> None:
    first = queue.order("key", work, visitor="a", slot="full")
    second = queue.order("key", work, visitor="b", slot="full")
    assert second is first
    work.go_on.set()
    assert first.future.result(LONG) == "result"
    assert work.times == 1


def test_many_who_ask_at_the_same_time_get_one_run(queue: JobQueue, work: Work) -> None:
    together = threading.Barrier(20)

    def ask(visitor: int) -> Job:
        together.wait(LONG)
        return queue.order("key", work, visitor=str(visitor), slot="full")

    with ThreadPoolExecutor(20) as pool:
        jobs = set(pool.map(ask, range(20)))
    work.go_on.set()
    assert len(jobs) == 1
    assert jobs.pop().future.result(LONG) == "result"
    assert work.times == 1


def test_a_result_at_hand_is_not_made_again(queue: JobQueue) -> None:
    queue.order("key", at_once(1), visitor="a", slot="full").future.result(LONG)
    again = queue.order("key", at_once(2), visitor="b", slot="full")
    assert again.ended
    assert again.future.result() == queue.at_hand("key") == 1


def test_different_orders_are_different_runs(queue: JobQueue) -> None:
    jobs = [queue.order(n, at_once(n), visitor="a", slot=str(n)) for n in range(5)]
    assert [job.future.result(LONG) for job in jobs] == list(range(5))


def test_nothing_is_at_hand_before_it_has_ended(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    assert queue.at_hand("key") is None
    assert queue.at_hand("other") is None
    work.go_on.set()
    job.future.result(LONG)
    assert queue.at_hand("key") == "result"


def test_what_comes_along_is_kept_and_replaces_nothing(queue: JobQueue) -> None:
    queue.keep("key", 1, 10)
    queue.keep("key", 2, 10)
    assert queue.at_hand("key") == 1


# ---------------------------------------------------------------- progress, cancelling


def test_progress_is_seen_from_outside(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    assert work.begun.wait(LONG)
    assert not job.wait(0.05)
    assert job.done_of == (1, 4)
    work.go_on.set()
    assert job.wait(LONG)
    assert job.done_of == (4, 4)


def test_cancelling_ends_the_run_and_the_next_begins_anew(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    assert work.begun.wait(LONG)
    queue.cancel("a", "full")
    with pytest.raises(RunCancelled):
        job.future.result(LONG)
    assert queue.at_hand("key") is None
    again = queue.order("key", at_once("anew"), visitor="a", slot="full")
    assert again.future.result(LONG) == "anew"


def test_what_one_lets_go_of_the_other_still_gets(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    queue.order("key", work, visitor="b", slot="full")
    queue.cancel("a", "full")
    work.go_on.set()
    assert job.future.result(LONG) == "result"


def test_what_nobody_wants_any_more_ends(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    queue.order("key", work, visitor="b", slot="full")
    queue.cancel("a", "full")
    queue.cancel("b", "full")
    with pytest.raises(RunCancelled):
        job.future.result(LONG)


def test_who_leaves_lets_go_of_everything(queue: JobQueue, work: Work) -> None:
    jobs = [queue.order("key", work, visitor="a", slot=slot) for slot in ("full", "drivers")]
    shared = queue.order("shared", work, visitor="a", slot="compare")
    queue.order("shared", work, visitor="b", slot="full")
    queue.leave("a")
    work.go_on.set()
    for job in jobs:
        with pytest.raises(RunCancelled):
            job.future.result(LONG)
    assert shared.future.result(LONG) == "result"


def test_a_new_order_lets_go_of_the_one_before(queue: JobQueue, work: Work) -> None:
    old = queue.order("old", work, visitor="a", slot="full")
    new = queue.order("new", at_once(2), visitor="a", slot="full")
    with pytest.raises(RunCancelled):
        old.future.result(LONG)
    assert new.future.result(LONG) == 2


def test_the_same_order_again_is_not_let_go_of(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    assert queue.order("key", work, visitor="a", slot="full") is job
    work.go_on.set()
    assert job.future.result(LONG) == "result"


def test_one_visitor_may_want_one_run_for_two_things(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    queue.order("key", work, visitor="a", slot="compare")
    queue.cancel("a", "full")
    work.go_on.set()
    assert job.future.result(LONG) == "result"


def test_visitors_do_not_cancel_each_other(queue: JobQueue, work: Work) -> None:
    job = queue.order("key", work, visitor="a", slot="full")
    queue.cancel("b", "full")
    queue.order("other", at_once(1), visitor="b", slot="full")
    work.go_on.set()
    assert job.future.result(LONG) == "result"


def test_a_cancelled_order_in_the_queue_never_begins(queue: JobQueue) -> None:
    running = [Work(), Work()]
    for n, blocking in enumerate(running):
        queue.order(n, blocking, visitor="a", slot=str(n))
    waiting = Work()
    job = queue.order("waits", waiting, visitor="a", slot="waits")
    queue.cancel("a", "waits")
    for blocking in running:
        blocking.go_on.set()
    with pytest.raises(RunCancelled):
        job.future.result(LONG)
    assert waiting.times == 0


def test_cancelling_nothing_is_no_fault(queue: JobQueue) -> None:
    queue.cancel("a", "full")


# ---------------------------------------------------------------- errors


def test_an_error_reaches_whoever_waits_and_is_forgotten(queue: JobQueue) -> None:
    def refuse(on_progress: OnProgress) -> Any:
        raise ScenarioError("line 3: not allowed")

    job = queue.order("key", refuse, visitor="a", slot="full")
    assert job.wait(LONG)
    with pytest.raises(ScenarioError, match="line 3"):
        job.future.result()
    assert queue.at_hand("key") is None
    again = queue.order("key", at_once("mended"), visitor="a", slot="full")
    assert again.future.result(LONG) == "mended"


def test_a_lane_outlives_errors(queue: JobQueue) -> None:
    def fail(on_progress: OnProgress) -> Any:
        raise KeyboardInterrupt

    for n in range(6):
        assert queue.order(n, fail, visitor="a", slot=str(n)).wait(LONG)
    assert queue.order("key", at_once(1), visitor="a", slot="x").future.result(LONG) == 1


# ---------------------------------------------------------------- memory


def ordered(queue: JobQueue, *keys: int, visitor: str = "", size: int = 100) -> list[Job]:
    """Order results of a size each, by a visitor or one for each, and wait for them."""
    made = [
        queue.order(n, at_once(n + 1), visitor=visitor or f"v{n}", slot=str(n), size_bytes=size)
        for n in keys
    ]
    assert all(job.wait(LONG) for job in made)
    return made


def test_what_visitors_look_at_stays_and_more_is_refused_in_words(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RESULTS_BYTES", 350)
    ordered(queue, 0, 1, 2)
    with pytest.raises(TooMuchError, match="so many visitors are working here"):
        ordered(queue, 3)
    assert [queue.at_hand(n) for n in range(4)] == [1, 2, 3, None]
    # Others go on with what they have, and the place of one who leaves is free.
    assert ordered(queue, 1)[0].future.result() == 2
    queue.leave("v0")
    ordered(queue, 3)
    assert [queue.at_hand(n) for n in range(4)] == [None, 2, 3, 4]


def test_one_visitor_cannot_take_the_memory_of_all(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RESULTS_BYTES_EACH", 250)
    ordered(queue, 0, 1, visitor="a")
    with pytest.raises(TooMuchError, match="more memory than one visit may take"):
        ordered(queue, 2, visitor="a")
    ordered(queue, 2, visitor="b")
    # What is replaced makes room for what replaces it.
    queue.order(3, at_once(4), visitor="a", slot="1", size_bytes=100).wait(LONG)
    assert queue.at_hand(3) == 4


def test_what_was_not_looked_at_for_long_makes_room_and_is_made_again(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RESULTS_BYTES", 250)
    ordered(queue, 0, 1)
    monkeypatch.setattr(jobs, "STALE_SECONDS", -1.0)
    ordered(queue, 2)
    assert queue.at_hand(2) == 3
    assert ordered(queue, 0)[0].future.result() == 1


def test_a_few_results_that_nobody_looks_at_any_more_stay_the_latest_first(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SPARE_BYTES", 250)
    for n in range(5):
        queue.order(n, at_once(n + 1), visitor="a", slot="full", size_bytes=100).wait(LONG)
    # The last is looked at; of the others there is room for two.
    assert [queue.at_hand(n) for n in range(5)] == [None, None, 3, 4, 5]


def test_what_is_under_way_is_never_thrown_out(
    queue: JobQueue, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SPARE_BYTES", 0)
    monkeypatch.setattr(jobs, "STALE_SECONDS", -1.0)
    job = queue.order("long", work, visitor="a", slot="full", size_bytes=100)
    for n in range(4):
        queue.order(n, at_once(n), visitor="b", slot="full", size_bytes=100).wait(LONG)
    assert queue.order("long", work, visitor="c", slot="full") is job
    work.go_on.set()
    assert job.future.result(LONG) == "result"
    assert work.times == 1


def test_memory_is_given_back_when_visitors_leave(queue: JobQueue) -> None:
    made = [Thing() for _ in range(50)]
    seen = [weakref.ref(thing) for thing in made]
    for n in range(50):
        queue.order(n, at_once(made[n]), visitor=str(n), slot="full", size_bytes=2).wait(LONG)
    del made
    assert queue.kept() == (50, 100)
    # An idle worker may hold the last work it did.
    for n in range(4):
        queue.order(f"end {n}", at_once(0), visitor="z", slot=str(n), size_bytes=1).wait(LONG)
    for n in range(50):
        queue.leave(str(n))
    assert queue.kept()[1] <= jobs.SPARE_BYTES
    queue.leave("z")
    assert queue.kept() == (0, 0)
    gc.collect()
    assert [ref() for ref in seen if ref() is not None] == []


def test_what_the_server_itself_wants_stays_when_all_have_left(queue: JobQueue) -> None:
    queue.order("first page", at_once(1), visitor="", slot="warm").wait(LONG)
    queue.order("first page", at_once(1), visitor="a", slot="full").wait(LONG)
    queue.leave("a")
    assert queue.at_hand("first page") == 1


# ---------------------------------------------------------------- lanes


def test_a_quick_order_does_not_stand_behind_long_ones(queue: JobQueue) -> None:
    long = [Work() for _ in range(5)]
    jobs = [
        queue.order(n, blocking, visitor="a", slot=str(n), lane="long")
        for n, blocking in enumerate(long)
    ]
    quick = queue.order("quick", at_once("here"), visitor="b", slot="quick", lane="quick")
    assert quick.future.result(LONG) == "here"
    assert not any(job.ended for job in jobs)
    for blocking in long:
        blocking.go_on.set()


def test_one_who_orders_fifty_long_runs_leaves_a_worker_to_others(queue: JobQueue) -> None:
    many = [Work() for _ in range(50)]
    theirs = [queue.order(("a", n), long, visitor="a", slot=str(n)) for n, long in enumerate(many)]
    other = queue.order("b", at_once("here"), visitor="b", slot="full")
    assert other.future.result(LONG) == "here"
    assert not any(job.ended for job in theirs)
    # Two of the three workers are theirs.
    assert sum(long.begun.is_set() for long in many) <= 2
    for long in many:
        long.go_on.set()
    for job in theirs:
        assert job.wait(LONG)


def test_visitors_take_turns(queue: JobQueue) -> None:
    blocking = [Work() for _ in range(3)]
    for n, long in enumerate(blocking):
        queue.order(("begun", n), long, visitor=f"early {n}", slot="full")
        assert long.begun.wait(LONG)
    done: list[str] = []

    def noted(name: str) -> Any:
        return lambda on_progress: done.append(name)

    waiting = [
        queue.order((visitor, n), noted(visitor), visitor=visitor, slot=str(n))
        for visitor in ("a", "b", "c")
        for n in range(3)
    ]
    # One worker serves all of them, in turn.
    blocking[0].go_on.set()
    for job in waiting:
        assert job.wait(LONG)
    assert done == ["a", "b", "c"] * 3
    for long in blocking:
        long.go_on.set()


def test_runs_that_take_much_memory_wait_for_each_other(queue: JobQueue) -> None:
    large = [Work(), Work()]
    jobs = [
        queue.order(n, long, visitor=str(n), slot="full", run_bytes=turns.MOST_BYTES)
        for n, long in enumerate(large)
    ]
    assert large[0].begun.wait(LONG)
    assert not large[1].begun.wait(0.2)
    large[0].go_on.set()
    assert large[1].begun.wait(LONG)
    large[1].go_on.set()
    assert all(job.wait(LONG) for job in jobs)


# ---------------------------------------------------------------- real runs


def test_the_quick_futures_are_the_first_of_the_long_run() -> None:
    choice = start().move("skills", intensity=0.5)
    quick = jobs.pair(choice, 500, visitor="t", slot="quick").future.result(LONG)
    long = jobs.pair(choice, 3_000, visitor="t", slot="full").future.result(LONG)
    for metric in ("gain_final_year_gbp_m", "share"):
        for few, many in ((quick.with_plan, long.with_plan), (quick.without, long.without)):
            assert_frame_equal(few.draws(metric), many.draws(metric).head(500), check_exact=True)


def test_a_pair_is_what_the_package_gives() -> None:
    choice = start().move("skills", intensity=0.5)
    found = jobs.pair(choice, 700, visitor="t", slot="full").future.result(LONG)
    with_plan, without = run_paired(choice.scenario, draws=700, seed=1)
    assert_frame_equal(found.with_plan.areas(), with_plan.areas(), check_exact=True)
    assert_frame_equal(found.without.areas(), without.areas(), check_exact=True)


@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
def test_a_pair_keeps_the_draws_that_pages_ask_for(net: bool) -> None:
    choice = start().edit({"parameters.displacement.enabled": net}).move("skills", intensity=0.5)
    whole = run_paired(choice.scenario, draws=700, seed=1)
    shown = jobs.pair(choice, 700, visitor="t", slot="full").future.result(LONG)
    unit = unit_of(choice.dataset, choice.unit)
    assert shown.added_in(unit) == whole.added_in(unit)
    # What all visitors share is kept for every area.
    assert_frame_equal(shown.without.draws(), whole.without.draws(), check_exact=True)
    with pytest.raises(ResultError, match="no draws of 'gain_present_value_gbp_m'"):
        shown.net_present_value()
    worth = jobs.pair(choice, 700, visitor="t", slot="b", appraised=True).future.result(LONG)
    for mine, theirs in (
        (appraise(worth), appraise(whole)),
        (waterfall(worth, "Wales").table, waterfall(whole, "Wales").table),
    ):
        assert_frame_equal(mine, theirs, check_exact=True)


def test_a_plan_that_stays_where_it_is_is_run_again_for_another_area() -> None:
    manchester = start().let_act("mayoral_areas").move("skills", intensity=0.5)
    liverpool = manchester.show("E47000004")
    assert liverpool.scenario == manchester.scenario
    for choice in (manchester, liverpool):
        pair = jobs.pair(choice, 700, visitor="t", slot="full").future.result(LONG)
        assert pair.with_plan.draws().columns == ["draw", choice.unit]
        assert text.about(pair.with_plan, choice.unit).added(pair.without).mean > 0
    assert jobs.pair_key(manchester, 700, appraised=True) == jobs.pair_key(
        liverpool, 700, appraised=True
    )


def test_a_run_too_long_to_keep_its_draws_takes_little_room() -> None:
    choice = start().move("skills", intensity=0.5)
    sizes = [jobs._size(choice, draws, False) for draws in (10_000, 100_000, 1_000_000)]
    assert sizes[2] < sizes[0] < sizes[1]
    assert jobs.whole_bytes(choice, 1_000_000) <= turns.MOST_BYTES


def test_a_known_reference_is_used_again_and_changes_no_number() -> None:
    choice = start().move("skills", intensity=0.55)
    # Alone first, so that the pair below finds its reference at hand.
    alone = jobs.pair(start(), 900, visitor="t", slot="a").future.result(LONG)
    assert alone.with_plan is alone.without
    found = jobs.pair(choice, 900, visitor="t", slot="b").future.result(LONG)
    assert found.without is alone.with_plan
    with_plan, _ = run_paired(choice.scenario, draws=900, seed=1)
    assert_frame_equal(found.with_plan.areas(), with_plan.areas(), check_exact=True)


def test_a_reference_that_came_along_is_at_hand_afterwards() -> None:
    choice = start().move("skills", intensity=0.5)
    found = jobs.pair(choice, 800, visitor="t", slot="full").future.result(LONG)
    alone = jobs.QUEUE.at_hand(jobs.pair_key(start(), 800))
    assert alone is not None
    assert alone.with_plan is found.without


def test_a_run_of_the_core_is_cancelled_on_the_way() -> None:
    choice = start().move("skills", intensity=0.5)
    job = jobs.pair(choice, 1_000_000, visitor="t", slot="huge")
    while not job.done_of[0]:
        assert not job.wait(0.01)
    jobs.QUEUE.cancel("t", "huge")
    with pytest.raises(RunCancelled):
        job.future.result(LONG)


def test_seed_sampler_and_figures_are_part_of_what_a_run_depends_on() -> None:
    rows = gva_template("mayoral", "csv", filled=True)
    own = read_gva(rows.replace(b"area", b"Area", 1) + b"\n", "mayoral", name="ours.csv")
    base = start()
    others = [
        replace(base, seed=2),
        replace(base, sampler="random"),
        replace(base, data=own),
        base.move("skills", intensity=0.05),
    ]
    keys = {jobs.pair_key(choice, 2_000) for choice in (base, *others)}
    assert len(keys) == 5
    assert jobs.pair_key(base, 2_000) != jobs.pair_key(base, 2_001)


def test_the_quick_run_is_never_longer_than_asked_for() -> None:
    assert jobs.quick_draws(replace(start(), draws=100)) == 100
    assert jobs.quick_draws(start()) == jobs.QUICK_DRAWS
    local = start().edit({"setting.geography": "local_authority"})
    assert jobs.quick_draws(local) == jobs.QUICK_DRAWS_LOCAL
