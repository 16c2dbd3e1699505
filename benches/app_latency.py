"""From a key on a lever to new words on the page, in a real browser.

    python benches/app_latency.py [--moves 40] [--visitors 25]

Starts the app, opens it in Chromium, moves levers by keyboard and prints, as JSON, median and 95th
percentile of two times in milliseconds: to the first new plan sentence (a quick run), and to the
one from all futures. Both are taken inside the page: at the key, and where a mutation observer
sees the text. Every state of the levers is new to the server. Then many visitors come at once
(app_visitors.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app_visitors import many, serving

DRAWS = (10_000, 50_000)
WARM_UP = 5
# A step of one of these makes every state new; skills, all or nothing, change the words.
OTHERS = {
    "Digital leadership": "leadership",
    "Digital inclusion": "inclusion",
    "Connectivity": "connectivity",
}
STEPS = 20  # of 5%
WATCH = """() => {
    const said = () => [...document.querySelectorAll('p')]
        .map(p => p.textContent).find(t => t.startsWith('This plan adds')) || '';
    const look = () => {
        const now = performance.now(), text = said(), m = window.measured;
        if (!m || text === m.before || !text) return;
        m.first ??= now;
        if (!/refining/.test(document.querySelector('[data-testid=stMain]').textContent))
            m.full ??= now;
    };
    document.addEventListener('keydown', () => {
        window.measured = {before: said(), key: performance.now()};
    }, true);
    new MutationObserver(look).observe(
        document.body, {subtree: true, childList: true, characterData: true});
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--visitors", type=int, default=25)
    told = parser.parse_args()
    with serving() as (port, server):
        found = {str(draws): _measure(port, draws, told.moves) for draws in DRAWS}
        found["many"] = asyncio.run(many(port, server, told.visitors, moves=2, pause=0.0))
    print(json.dumps(found | {"cpus": os.cpu_count(), "load": os.getloadavg()[0]}, indent=1))


def _measure(port: int, draws: int, moves: int) -> dict[str, Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(f"http://localhost:{port}/?futures={draws}&skills=100")
        page.get_by_text("This plan adds about").first.wait_for()
        _until_full(page)
        page.evaluate(WATCH)
        times = [_move(page, number) for number in range(WARM_UP + moves)][WARM_UP:]
        browser.close()
    return {
        "moves": moves,
        **{
            f"{name}_ms": {
                "median": round(statistics.median(t[name] for t in times)),
                "p95": round(statistics.quantiles((t[name] for t in times), n=20)[-1]),
            }
            for name in ("first", "full")
        },
    }


def _until_full(page: Page) -> None:
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState"
        " === 'notRunning' && !/refining/.test(document.body.innerText)"
    )


def _move(page: Page, number: int) -> dict[str, float]:
    label, name = list(OTHERS.items())[number // STEPS]
    page.get_by_role("slider", name=label).focus()
    page.keyboard.press("ArrowRight")
    # The address is written at the end of a run.
    page.wait_for_url(re.compile(rf"[?&]{name}={5 * (number % STEPS + 1)}(&|$)"))
    _until_full(page)
    page.get_by_role("slider", name="Digital skills").focus()
    page.keyboard.press("End" if number % 2 else "Home")
    page.wait_for_function("() => window.measured?.full")
    at: dict[str, float] = page.evaluate("() => window.measured")
    _until_full(page)
    return {name: at[name] - at["key"] for name in ("first", "full")}


if __name__ == "__main__":
    main()
