"""What a strategy officer does: move, share, go back, save, compare; and the same numbers as the
command line prints."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from playwright.sync_api import expect
from visit import Visit

from app.choice import Choice, from_query
from gainsmodel import run_paired, sentences

ROOT = Path(__file__).parents[2]
AMOUNT = r"(?:−?£[\d.]+(?:bn|m)|£0|less than £1m)"
QUICK = {"futures": "2000"}


@cache
def headline(choice: Choice) -> str:
    """Give what the package says of a choice."""
    with_plan, without = run_paired(choice.scenario, draws=choice.draws, seed=choice.seed)
    about = sentences.about(with_plan, choice.unit)
    added = about.added(without) if choice.scenario.plan else None
    return " ".join(sentences.headline(about, added))


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


def row(text: str, name: str, after: str = "") -> list[str]:
    """Give the cells of a printed table's row."""
    rest = text.partition(after)[2] if after else text
    (line,) = [line for line in rest.splitlines() if line.startswith(f"{name}  ")][:1]
    return re.split(r"\s{2,}", line.strip())


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
    plan = "What the plan adds"
    _, economy, _, shares, verdict, part, carried, carries = row(
        text.partition(plan)[0], "Greater Manchester"
    )
    _, adds, added, *_ = row(text, "Greater Manchester", plan)
    shown = one.text
    assert re.findall(AMOUNT, after) == ["£208bn", part, carried, adds]
    assert f"digital carries {carries}." in shown
    assert f"This plan adds about {adds} a year by 2036 ({added}) and costs" in shown
    assert verdict == "cannot be told apart"
    assert f"cannot be told from Greater Manchester’s share of the economy ({economy})" in shown
    # The share itself stands in the descriptions of the charts.
    described = " ".join(
        chart.get_attribute("aria-label") or ""
        for chart in one.page.locator("[data-testid=stVegaLiteChart]").all()
    )
    assert f"the share is {shares}" in described
    assert one.query["skills"] == "100"
    national = text.partition("Across the UK")[2].partition("2036 ")[2].partition(".")[0]
    assert f"It reaches the £208bn in full {national}." in shown


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
