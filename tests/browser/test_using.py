"""What a strategy officer does: move, share, go back, save, compare."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from playwright.sync_api import expect
from visit import LEVERS, LONG_MS, Visit

from app.choice import Choice
from app.link import from_query
from gainsmodel import run_paired, waterfall
from gainsmodel.present import text
from gainsmodel.present.blocks import Grid
from gainsmodel.present.pages.appraisal import gross_to_net

ROOT = Path(__file__).parents[2]
AMOUNT = r"(?:−?£[\d.]+(?:bn|m)|£0|less than £1m)"
QUICK = {"futures": "2000"}


@cache
def headline(choice: Choice) -> str:
    """Give what the package says of a choice."""
    with_plan, without = run_paired(choice.scenario, draws=choice.draws, seed=choice.seed)
    about = text.about(with_plan, choice.unit)
    added = about.added(without) if choice.scenario.plan else None
    return " ".join(text.headline(about, added))


def of(**query: str) -> str:
    choice, notices = from_query(query)
    assert notices == []
    return headline(choice)


def printed(*options: str) -> str:
    """Give what the command line prints."""
    command = [str(Path(sys.executable).with_name("gainsmodel")), "run", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def row(text: str, name: str) -> list[str]:
    """Give the cells of the first printed row of that name."""
    line = next(line for line in text.splitlines() if line.startswith(f"{name}  "))
    return re.split(r"\s{2,}", line.strip())


# ---------------------------------------------------------------- levers


def test_a_lever_moved_by_keyboard_says_what_the_command_line_prints(
    visit: Callable[..., Visit],
) -> None:
    one = visit().open()
    before = one.headline
    assert "Every lever is at zero" in one.text
    one.press("Digital skills", "End").press("Digital inclusion", "PageUp", "ArrowRight")
    assert one.slider("Digital skills").get_attribute("aria-valuetext") == "100%"
    after = one.headline
    assert after != before
    one.unfold("Share or download")
    file = one.download("Scenario (TOML)")
    assert file.name == "gainsmodel-greater-manchester.toml"

    text = printed(str(file), "--area", "Greater Manchester")
    answer, _, plan = text.partition("What the plan adds")
    _, economy, share, shares, ratio, part, *_ = row(answer, "Greater Manchester")
    _, _, anyway, adds, added, nothing, _ = row(plan, "Greater Manchester")
    shown = one.text
    assert re.findall(AMOUNT, after) == ["£208bn", part, anyway, adds]
    nothing = f"less than £1m in {nothing}"
    (range_anyway,) = re.findall(r"(?<!UK )the digital gain is £.*?\. ", " ".join(text.split()))
    assert range_anyway in " ".join(shown.split())
    assert f"This plan adds about {adds} net a year by 2036 ({added}; {nothing}) and" in shown
    times = ratio.split(" (")[0]
    assert f"is {times} times its share of the economy ({economy}; 9 of 10" in shown
    assert "These assumptions do not separate the two" in shown
    # The share itself stands in the descriptions of the charts.
    described = " ".join(
        chart.get_attribute("aria-label") or ""
        for chart in one.page.locator("[data-testid=stVegaLiteChart]").all()
    )
    assert f"the share is {shares}" in described
    assert one.query["skills"] == "100"
    national = re.search(r"Across the UK .*? prices\.", " ".join(text.split()))
    assert national
    one.page.keyboard.press("Escape")
    one.unfold("What is the £208bn?")
    assert national[0] in one.text
    one.page.keyboard.press("Escape")
    one.choose("Area", "Wales")
    wales = row(printed(str(file), "--area", "Wales"), "Wales")
    assert share != wales[2]


def test_the_browsers_way_back_undoes_a_lever(visit: Callable[..., Visit]) -> None:
    one = visit().open(**QUICK)
    before = one.headline
    one.press("Digital skills", "End")
    moved = one.headline
    one.page.go_back()
    expect(one.slider("Digital skills")).to_have_attribute("aria-valuetext", "0%")
    expect(one.h1).to_have_text(before)
    one.settle()
    one.page.go_forward()
    expect(one.slider("Digital skills")).to_have_attribute("aria-valuetext", "100%")
    expect(one.h1).to_have_text(moved)


def test_starting_plan_undo_and_reset(visit: Callable[..., Visit]) -> None:
    one = visit().open(**QUICK)
    before = one.headline
    one.click("The guide’s five", "radio")
    five = of(**QUICK, **dict.fromkeys(LEVERS.values(), "100"))
    expect(one.h1).to_have_text(five)
    one.click("Reset")
    expect(one.h1).to_have_text(before)
    one.settle()
    undo = one.page.get_by_role("button", name="Undo", exact=True)
    undo.focus()
    one.page.keyboard.press("Enter")
    expect(one.h1).to_have_text(five)
    # It keeps the focus, so that the next step is one more key.
    one.settle().page.keyboard.press("Enter")
    expect(one.h1).to_have_text(before)
    expect(undo).to_be_disabled()


def test_the_reading_of_the_prize_changes_sentences_and_axes(visit: Callable[..., Visit]) -> None:
    one = visit().open(**QUICK, skills="60")
    one.click("£208bn over ten years", "radio")
    expect(one.h1).to_have_text(of(**QUICK, skills="60", basis="cumulative"))
    one.settle()
    amounts = one.page.locator("[data-testid=stVegaLiteChart]").first
    expect(amounts).to_contain_text("over the ten years to 2036")
    assert "a year by 2036" not in one.text.replace("£208bn a year by 2036", "", 1)
    assert one.query["basis"] == "cumulative"


def test_a_click_on_wales_in_the_map_shows_wales(visit: Callable[..., Visit]) -> None:
    one = visit().open(**QUICK, skills="60")
    tiles = one.page.locator("[data-testid=stVegaLiteChart]").nth(2)
    tiles.get_by_text("Wales", exact=True).click()
    expect(one.h1).to_have_text(of(**QUICK, skills="60", area="Wales"))
    one.settle()
    assert one.query["area"] == "Wales"
    assert "Your plan now applies to Wales." in one.text
    expect(one.page.get_by_role("combobox", name="Area")).to_have_value("Wales")


def test_the_map_of_shares_beside_the_economy_says_that_nothing_can_be_told(
    visit: Callable[..., Visit],
) -> None:
    one = visit().open(**QUICK)
    one.click("vs economy", "radio")
    tiles = one.page.locator("[data-testid=stVegaLiteChart]").nth(2)
    expect(tiles).to_have_attribute("aria-label", re.compile("times in 100"))
    expect(tiles).to_contain_text("separated")


# ---------------------------------------------------------------- links


def test_a_link_gives_the_same_state_and_numbers_on_another_page(
    visit: Callable[..., Visit],
) -> None:
    one = visit().open(area="Wales", seed="3", **QUICK)
    one.press("Digital skills", "End").press("Digital leadership", "PageUp")
    one.unfold("Share or download")
    shared = one.page.locator("[data-testid=stCode]").first.inner_text().strip()
    assert shared.startswith(f"{one.server}/?area=Wales")
    line = re.search(r"This plan adds about .*?\)", one.text)
    assert line

    other = visit()
    other.page.goto(shared.replace("/?", "/plan?"))
    other.settle()
    assert other.slider("Digital skills").get_attribute("aria-valuetext") == "100%"
    adds, low, high, *_ = re.findall(AMOUNT, line[0])
    assert other.headline.startswith(
        f"This plan adds about {adds} net a year by 2036 ({low} to {high}"
    )
    assert other.query == one.query
    other.go("Our share")
    assert other.headline == one.headline
    assert other.text.count("GM-") == 0

    private = visit()
    private.page.goto(shared)
    assert private.settle().headline == one.headline


def test_what_a_link_cannot_have_is_named(visit: Callable[..., Visit]) -> None:
    bad = {"area": "Atlantis<b>", "skills": "140", "basis": "weekly", "seed": "x", "v": "0.0.1"}
    one = visit().open("our_plan", inclusion="40", **QUICK, **bad)
    for notice in from_query(bad)[1]:
        expect(one.page.get_by_text(notice, exact=True)).to_be_visible()
    assert "Greater Manchester · £208bn a year by 2036 · digital inclusion 40%" in one.text
    one.go("Our share")
    assert one.headline == of(**QUICK, inclusion="40")


def test_a_lever_keeps_the_focus_when_a_notice_goes(visit: Callable[..., Visit]) -> None:
    one = visit().open(skills="140", **QUICK)
    slider = one.slider("Digital skills")
    slider.focus()
    for value in ("5%", "10%", "15%"):
        one.page.keyboard.press("ArrowRight")
        expect(slider).to_have_attribute("aria-valuetext", value)
        expect(one.page).to_have_url(re.compile(rf"[?&]skills={value[:-1]}(&|$)"))
        one.settle()
    assert "This link asked for" not in one.text


def test_levers_survive_a_tour_of_the_pages(visit: Callable[..., Visit]) -> None:
    one = visit().open(**QUICK)
    one.press("Digital skills", "End")
    before = one.headline
    for label in ("Our plan", "Compare plans", "Assumptions", "About the £208bn"):
        one.go(label)
        assert one.query["skills"] == "100"
    one.go("Our share")
    assert one.headline == before


# ---------------------------------------------------------------- saving, comparing


def save(one: Visit, name: str) -> None:
    one.page.get_by_role("textbox", name="Name of the plan").fill(name)
    one.page.get_by_role("button", name="Save this plan").click()
    expect(one.page.get_by_role("button", name="Load", exact=True).last).to_be_visible()
    one.settle()


def test_plans_are_saved_loaded_compared_and_taken_along_as_files(
    visit: Callable[..., Visit],
) -> None:
    one = visit().open(skills="100", **QUICK)
    saved = one.headline
    one.unfold("Saved plans")
    save(one, "Ours & <i>theirs</i>")
    expect(one.page.get_by_text("Ours & <i>theirs</i>", exact=True)).to_be_visible()
    file = one.download("TOML")
    assert file.name == "ours-i-theirs-i.toml"
    one.page.keyboard.press("Escape")
    one.click("Low cost", "radio")
    expect(one.h1).not_to_have_text(saved)
    one.settle().unfold("Saved plans")
    one.page.get_by_role("button", name="Load", exact=True).click()
    expect(one.h1).to_have_text(saved)
    one.settle()
    one.page.keyboard.press("Escape")

    one.go("Compare plans")
    one.choose("Plan A", "Ours & <i>theirs</i>").choose("Plan B", "Low cost")
    expect(one.h1).to_contain_text("“Ours & <i>theirs</i>”")
    assert "Both plans use the same 2,000 random draws" in one.text
    assert re.search(r"standard error of the average difference is (less than )?£[\d.]+m", one.text)
    assert re.search(rf"{AMOUNT} to {AMOUNT}", one.text)
    assert one.page.locator("[data-testid=stMain] i").count() == 0
    one.choose("Plan B", "The plan on screen")
    expect(one.h1).to_have_text(
        "“Ours & <i>theirs</i>” and “The plan on screen” are the same plan: nothing differs."
    )

    other = visit().open("assumptions", **QUICK)
    other.unfold("Scenario file")
    other.page.locator("input[type=file]").first.set_input_files(file)
    expect(other.page.get_by_text("Now showing")).to_be_visible()
    other.settle().go("Our share")
    assert other.headline == saved


# ---------------------------------------------------------------- many at once


def test_two_visitors_never_see_each_others_state(visit: Callable[..., Visit]) -> None:
    ours, theirs = visit().open(**QUICK), visit().open(area="Wales", **QUICK)
    ours.press("Digital skills", "End")
    theirs.press("Digital leadership", "End")
    ours.unfold("Saved plans")
    save(ours, "Secret")
    theirs.unfold("Saved plans")
    expect(theirs.page.get_by_role("button", name="Save this plan")).to_be_visible()
    assert theirs.page.get_by_text("Secret").count() == 0
    assert ours.headline == of(**QUICK, skills="100")
    assert theirs.headline == of(**QUICK, area="Wales", leadership="100")
    theirs.page.reload()
    assert theirs.settle().headline == of(**QUICK, area="Wales", leadership="100")


def test_ten_visitors_at_once_get_their_own_answers(visit: Callable[..., Visit]) -> None:
    areas = ("Wales", "Scotland", "Greater London", "Greater Manchester", "Tees Valley")
    asked = [
        {"area": areas[n % 5], "skills": str(5 * n + 5), "seed": str(n // 5 + 1), **QUICK}
        for n in range(10)
    ]
    visits = [visit(800, 600) for _ in asked]
    for one, query in zip(visits, asked, strict=True):
        address = "&".join(f"{name}={value}" for name, value in query.items())
        one.page.goto(f"{one.server}/?{address}", wait_until="commit")
    for one, query in zip(visits, asked, strict=True):
        assert one.settle().headline == of(**query)
    for one in visits:
        slider = one.slider("Open data")
        slider.focus()
        one.page.keyboard.press("End")
    for one, query in zip(visits, asked, strict=True):
        expect(one.h1).to_have_text(of(**query, open_data="100"))


def test_what_is_gross_net_and_where_it_breaks_even(visit: Callable[..., Visit]) -> None:
    on = {"parameters": {name: {"enabled": True} for name in ("displacement", "multiplier")}}
    query = {"skills": "60", **QUICK, "changes": json.dumps(on)}
    one = visit().open("our_plan", **query)
    pair = run_paired(from_query(query)[0].scenario, draws=2_000, seed=1)
    table, *_ = gross_to_net(waterfall(pair, "E47000001"))
    assert isinstance(table, Grid)
    assert table.title in one.text
    shown = " ".join(one.text.split())
    for name, *cells in table.rows:
        assert " ".join([name.strip(), *filter(None, cells)]) in shown
    one.page.get_by_role("button", name="Find where it breaks even").click()
    # A hundred and fifty runs: half a minute, and longer on a busy machine.
    answer = one.page.get_by_text("all others stay as they are")
    expect(answer).to_be_visible(timeout=5 * LONG_MS)
    one.settle()
    # From the same draws as the sentence that stood there already.
    assert one.text.count("On average it breaks even if all it adds is") == 2
    one.shoot("break_even")
