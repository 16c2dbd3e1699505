"""Long runs: progress, what stays meanwhile, cancelling; and boxes left blank."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect
from test_using import of
from visit import Visit


def test_a_long_run_shows_progress_keeps_the_page_in_use_and_ends(
    visit: Callable[..., Visit],
) -> None:
    one = visit()
    one.page.goto(f"{one.server}/?skills=60&futures=100000&seed=21")
    progress = one.page.get_by_role("progressbar")
    expect(progress).to_be_visible()
    # The quick answer is there, and says that it is one.
    quick = of(skills="60", futures="2000", seed="21")
    expect(one.h1).to_have_text(quick)
    assert "Quick estimate from 2,000 futures; refining to 100,000" in one.text
    simulating = re.compile(r"Simulating 100,000 futures: \d+% done")
    expect(one.page.get_by_text(simulating)).to_be_visible()
    # The page is in use meanwhile.
    one.page.get_by_text("Saved plans", exact=True).click()
    expect(one.page.get_by_role("button", name="Save this plan")).to_be_visible()
    one.page.keyboard.press("Escape")
    one.settle()
    expect(progress).to_have_count(0)
    expect(one.h1).to_have_text(of(skills="60", futures="100000", seed="21"))
    assert "Quick estimate" not in one.text


def test_a_cancelled_run_leaves_the_earlier_results(visit: Callable[..., Visit]) -> None:
    one = visit().open(futures="100000", seed="22")
    earlier = one.headline
    one.slider("Digital skills").focus()
    one.page.keyboard.press("End")
    cancel = one.page.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_visible()
    cancel.click()
    expect(one.page.get_by_text("Cancelled. Showing the previous results")).to_be_visible()
    expect(one.h1).to_have_text(earlier)
    one.settle()
    assert one.slider("Digital skills").get_attribute("aria-valuetext") == "0%"
    assert one.query["skills"] == "0"
    one.page.get_by_role("button", name="Undo", exact=True).click()
    expect(one.page).to_have_url(re.compile(r"[?&]skills=100(&|$)"))
    expect(cancel).to_be_visible()
    cancel.click()
    expect(one.h1).to_have_text(earlier)


def test_what_drives_the_answer_is_found_with_progress(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.page.goto(f"{one.server}/drivers?area=Tees+Valley&seed=23")
    expect(
        one.page.get_by_text(re.compile(r"Running the sensitivity analysis: \d+% done"))
    ).to_be_visible()
    one.settle()
    assert "The caveats that matter most" in one.text
    charts = one.page.locator("[data-testid=stVegaLiteChart] svg")
    expect(charts).to_have_count(2)


def test_a_target_can_be_left_blank(visit: Callable[..., Visit]) -> None:
    one = visit().open("our_plan", skills="60", futures="2000")
    box = one.page.get_by_role("spinbutton", name=re.compile("Target"))
    box.fill("")
    said = one.page.get_by_text(re.compile("The plan adds at least"))
    expect(said).to_have_count(1)
    box.press("Enter")
    expect(said).to_have_count(0)
    one.settle()
