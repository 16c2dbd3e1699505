"""A visitor in a real browser: what they do and see."""

from __future__ import annotations

import re
from contextlib import nullcontext, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import axe_playwright_python
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Download,
    Locator,
    Page,
    TimeoutError,
    expect,
)

SCREENS = {
    "our_share": "",
    "our_plan": "plan",
    "compare_plans": "compare",
    "drivers": "drivers",
    "places": "places",
    "assumptions": "assumptions",
    "about": "about",
}
LEVERS = {
    "Digital leadership": "leadership",
    "Open data": "open_data",
    "Digital inclusion": "inclusion",
    "Digital skills": "skills",
    "Connectivity": "connectivity",
}
SHOTS = Path(__file__).parents[2] / "target/screenshots"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Waits end as soon as what is waited for is there.
LONG_MS = 60_000
PATIENCE_MS = (10_000, 10_000)
expect.set_options(timeout=LONG_MS)

# Nothing runs, and nothing on the page says that something does.
SETTLED = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const said = document.body.innerText;
    return app?.dataset.testScriptState === 'notRunning'
        && app.dataset.testConnectionState === 'CONNECTED'
        && document.querySelector('h1')
        && !/refining|% done|Updating…/.test(said)
        && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]');
}"""
# What reaches over the right edge of the window, unless something around it scrolls or cuts it.
SIDEWAYS = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    const over = [document.documentElement, main].some(e => e.scrollWidth > e.clientWidth);
    const out = [...main.querySelectorAll('*')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
        .map(e => `${innerWidth}: ${e.tagName} ${e.className} ${(e.innerText || '').slice(0, 40)}`);
    return over ? ['scrolls', ...out.slice(-3)] : [];
}"""


class Visit:
    """One visitor with a browser window of their own."""

    def __init__(self, context: BrowserContext, server: str, folder: Path) -> None:
        self.context, self.server, self.folder = context, server, folder
        self.faults: list[str] = []
        context.set_default_timeout(LONG_MS)
        self.page: Page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"{message.text} {message.location.get('url', '')}")

    def open(self, screen: str = "our_share", **query: str) -> Visit:
        """Go to an address, as a link does."""
        self.page.goto(f"{self.server}/{SCREENS[screen]}?{urlencode(query)}")
        return self.settle()

    def settle(self) -> Visit:
        """Wait until all there is to come is there."""
        self.page.wait_for_function(SETTLED)
        return self

    def go(self, label: str) -> Visit:
        """Follow a link of the navigation."""
        before = self.headline
        self.page.get_by_role("link", name=label, exact=True).first.click()
        expect(self.h1).not_to_have_text(before)
        return self.settle()

    @property
    def h1(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def headline(self) -> str:
        return self.h1.inner_text()

    @property
    def text(self) -> str:
        return self.page.locator("[data-testid=stMain]").inner_text()

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def slider(self, label: str) -> Locator:
        return self.page.get_by_role("slider", name=label)

    def press(self, label: str, *keys: str) -> Visit:
        """Move a lever from the keyboard, and wait for the answer."""
        slider = self.slider(label)
        for key in keys:
            before = slider.get_attribute("aria-valuetext")
            slider.focus()
            self.page.keyboard.press(key)
            expect(slider).not_to_have_attribute("aria-valuetext", before or "")
        now = (slider.get_attribute("aria-valuetext") or "").removesuffix("%")
        # The address is written at the end of a run.
        expect(self.page).to_have_url(re.compile(rf"[?&]{LEVERS[label]}={now}(&|$)"))
        return self.settle()

    def click(self, label: str, role: Literal["button", "radio"] = "button") -> Visit:
        self.page.get_by_role(role, name=label, exact=True).click()
        return self.settle()

    def choose(self, label: str, option: str) -> Visit:
        """Choose from a list."""
        box = self.page.get_by_role("combobox", name=label)
        box.click()
        # A long list holds only what is in sight.
        box.fill(option)
        self.page.get_by_role("option", name=option, exact=True).click()
        expect(self.page.get_by_role("option")).to_have_count(0)
        return self.settle()

    def unfold(self, label: str) -> Visit:
        """Open a popover or an expander."""
        self.page.get_by_text(label, exact=True).first.click()
        return self

    def download(self, label: str, place: Page | Locator | None = None) -> Path:
        """Press a download button and give the file, under the name it is offered with."""
        button = (place or self.page).get_by_role("button", name=label, exact=True).first
        for patience_ms in (*PATIENCE_MS, LONG_MS):
            # What unfolds above a button moves it for a moment, and the click may miss it. A button
            # not there yet, or at work on its file, takes no part of the patience.
            self.settle()
            expect(button).to_be_enabled()
            with suppress(TimeoutError) if patience_ms != LONG_MS else nullcontext():
                with self.page.expect_download(timeout=patience_ms) as coming:
                    button.click()
                break
        file: Download = coming.value
        target = Path(mkdtemp(dir=self.folder)) / file.suggested_filename
        file.save_as(target)
        return target

    def axe(self, *excluded: str) -> list[str]:
        """Give serious and critical violations of accessibility rules."""
        self.page.evaluate(AXE)
        rules = {rule: {"enabled": False} for rule in excluded}
        found: dict[str, Any] = self.page.evaluate(
            "rules => axe.run(document, {resultTypes: ['violations'], rules})", rules
        )
        return [
            f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def shoot(self, name: str) -> None:
        """Leave a picture of the whole page."""
        size = self.page.viewport_size
        assert size is not None
        main = self.page.locator("[data-testid=stMain]")
        whole = main.evaluate("e => e.scrollHeight + e.getBoundingClientRect().top")
        self.resize(size["width"], int(whole) + 20)
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
        self.resize(**size)

    def sideways(self) -> list[str]:
        """Give what makes the page scroll sideways, once charts have taken their width."""
        with suppress(TimeoutError):
            self.page.wait_for_function(f"() => !({SIDEWAYS})().length", timeout=10_000)
        found: list[str] = self.page.evaluate(SIDEWAYS)
        return found

    def resize(self, width: int, height: int) -> Visit:
        """Make the window wider or narrower."""
        self.page.set_viewport_size({"width": width, "height": height})
        return self.settle()
