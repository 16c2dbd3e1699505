"""Every page opens: without errors, for everybody, at every width, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from visit import SCREENS, Visit

PLAN = {"leadership": "50", "inclusion": "40", "skills": "100"}
# Every page in dark colours is for .ci/nightly; these hold charts, levers and tables.
DARK = ("our_share", "our_plan")
# A chart's one description stands for its marks; see the test of marks below.
MARKS = "svg-img-alt"
DRAWN = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]
    .every(e => !e.checkVisibility() || e.querySelector('svg'))"""


@pytest.mark.parametrize(
    ("screen", "colours"),
    [
        *((screen, "light") for screen in SCREENS),
        *((screen, "dark") for screen in DARK),
        *(pytest.param(s, "dark", marks=pytest.mark.slow) for s in SCREENS if s not in DARK),
    ],
)
def test_every_page_opens_for_everybody(
    screen: str, colours: str, visit: Callable[..., Visit]
) -> None:
    one = visit(color_scheme=colours).open(screen, **PLAN)
    one.shoot(f"{screen}-desktop-{colours}")
    assert one.axe(MARKS) == []
    assert one.h1.count() == 1
    assert "GM-" not in one.text
    background = one.page.locator("[data-testid=stApp]").evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 24, 31)"}[colours]
    # Charts are drawn for the theme they stand in.
    for chart in one.page.locator("[data-testid=stVegaLiteChart] svg").all():
        assert chart.evaluate("e => getComputedStyle(e).backgroundColor") == background
    assert one.sideways() == []


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_fits_a_phone(screen: str, visit: Callable[..., Visit]) -> None:
    one = visit(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    one.open(screen, **PLAN)
    assert one.sideways() == []
    one.shoot(f"{screen}-phone")
    for width in (320, 720):
        assert one.resize(width, 844).sideways() == []


def test_charts_and_choices_fit_a_phone(visit: Callable[..., Visit]) -> None:
    one = visit(320, 844, has_touch=True, is_mobile=True).open(**PLAN)
    inside = """(e) => [...e.querySelectorAll('[data-testid=stVegaLiteChart] svg, button, h1, h3')]
        .map(x => [x.getBoundingClientRect(), x.innerText || x.tagName])
        .filter(([r]) => r.width && (r.left < -0.5 || r.right > innerWidth + 0.5))
        .map(([r, t]) => `${t}: ${r.left} to ${r.right}`)"""
    assert one.page.locator("[data-testid=stMain]").evaluate(inside) == []


def test_the_answer_stands_above_the_fold(visit: Callable[..., Visit]) -> None:
    one = visit().open(**PLAN)
    lowest = one.page.locator("[data-testid=stVegaLiteChart]").nth(2).bounding_box()
    assert lowest is not None
    assert lowest["y"] + lowest["height"] <= 900
    for text in ("all causes of growth", "do not separate", "In 9 of 10", "This plan adds about"):
        box = one.page.get_by_text(text).first.bounding_box()
        assert box is not None
        assert box["y"] < 600, text


def test_on_a_phone_the_result_stands_above_the_levers(visit: Callable[..., Visit]) -> None:
    one = visit(390, 844, has_touch=True, is_mobile=True).open(**PLAN)
    line = one.page.get_by_text("This plan adds about").first.bounding_box()
    lever = one.slider("Digital leadership").bounding_box()
    assert line is not None
    assert lever is not None
    assert line["y"] < lever["y"]


@pytest.mark.parametrize("screen", SCREENS)
def test_every_chart_has_a_description_and_a_table(
    screen: str, visit: Callable[..., Visit]
) -> None:
    one = visit().open(screen, **PLAN)
    tabs = one.page.get_by_role("tab").all()
    for turn in range(len(tabs) or 1):
        if tabs:
            tabs[turn].click()
        charts = one.page.locator("[data-testid=stVegaLiteChart]:visible")
        # A hidden tab's chart is drawn once its tab is opened.
        one.page.wait_for_function(DRAWN)
        for chart in charts.all():
            said = chart.get_attribute("aria-label")
            assert said
            assert len(said) > 30
        tables = one.page.locator("[data-testid=stExpander]:visible", has_text="Table")
        assert tables.count() >= charts.count()


def test_marks_of_charts_are_not_read_out_one_by_one(visit: Callable[..., Visit]) -> None:
    assert [fault for fault in visit().open().axe() if MARKS in fault] == []


def test_headings_stand_in_order(visit: Callable[..., Visit]) -> None:
    one = visit().open("about")
    levels = one.page.eval_on_selector_all(
        "h1, h2, h3, h4", "all => all.map(e => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_wherever_the_focus_is_can_be_seen(visit: Callable[..., Visit]) -> None:
    one = visit().open("about")
    for _ in range(4):
        one.page.keyboard.press("Tab")
        seen = one.page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"
        )
        assert seen, one.page.evaluate("() => document.activeElement.innerText")


def test_everything_is_reached_from_the_keyboard(visit: Callable[..., Visit]) -> None:
    one = visit().open()
    levers = ["Digital leadership", "Open data", "Digital inclusion", "Digital skills"]
    reached: list[str] = []
    for _ in range(60):
        one.page.keyboard.press("Tab")
        reached.append(
            one.page.evaluate(
                "() => { const e = document.activeElement;"
                " return e.getAttribute('aria-label') || e.value || e.innerText || ''; }"
            )
        )
    text = " | ".join(reached)
    places = [text.find(name) for name in ("Our share", "Saved plans", "Reset", *levers)]
    assert -1 not in places, text
    assert places == sorted(places), text
