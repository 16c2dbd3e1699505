"""From a key on a lever to new words on the page, in a real browser.

    python benches/app_latency.py [--moves 40] [--visitors 50]

Starts the app, opens it in Chromium, moves levers by keyboard and prints, as JSON, median and 95th
percentile of two times in milliseconds: to the first new plan sentence (a quick run), and to the
one from all futures. Both are taken inside the page: at the key, and where a mutation observer
sees the text. Every state of the levers is new to the server. With them goes the CPU time of the
server a move, all in; before them the first page of a server that nobody has visited. Then many
visitors come (app_visitors.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from app_visitors import cpu_seconds, many, serving

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
    parser.add_argument("--visitors", type=int, default=50)
    told = parser.parse_args()
    with serving() as (port, server):
        found = {"first_page_ms": _first_page(port)}
        found |= {str(draws): _measure(port, server, draws, told.moves) for draws in DRAWS}
    for name, moves, pause in (("many", 3, 10.0), ("many_at_once", 2, 0.0)):
        with serving() as (port, server):
            found[name] = asyncio.run(many(port, server, told.visitors, moves, pause))
    print(json.dumps(found | {"cpus": os.cpu_count(), "load": os.getloadavg()[0]}, indent=1))


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def _first_page(port: int) -> int:
    """Milliseconds from an empty window to the headline."""
    with _browser() as page:
        begun = time.perf_counter()
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("heading", level=1).wait_for()
        return round(1000 * (time.perf_counter() - begun))


def _measure(port: int, server: subprocess.Popen[bytes], draws: int, moves: int) -> dict[str, Any]:
    process = psutil.Process(server.pid)
    with _browser() as page:
        page.goto(f"http://localhost:{port}/?futures={draws}&skills=100")
        page.get_by_text("This plan adds about").first.wait_for()
        _until_full(page)
        page.evaluate(WATCH)
        for number in range(WARM_UP):
            _move(page, number)
        cpu = cpu_seconds(process)
        times = [_move(page, number) for number in range(WARM_UP, WARM_UP + moves)]
        # Each is two: one of another lever, to make the next new.
        cpu_a_move = (cpu_seconds(process) - cpu) / (2 * moves)
    return {
        "moves": moves,
        "cpu_s_a_move": round(cpu_a_move, 3),
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
