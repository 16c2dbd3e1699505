"""A server of the app and a real browser, started once by each process that tests."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, TimeoutError, sync_playwright
from visit import Visit

ROOT = Path(__file__).parents[2]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
# Ports of its own for each worker: two that look at once would find the same one free.
FIRST_PORT = 8710 + 20 * (int(WORKER.removeprefix("gw")) % 100)
PORTS = range(FIRST_PORT, FIRST_PORT + 20)
OURS = re.compile(rf'File "{re.escape(str(ROOT))}/(?:app|python)/')


def free_port() -> int:
    for port in PORTS:
        with closing(socket.socket()) as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Give the address of a server of the app."""
    port = free_port()
    log = ROOT / f"target/browser-server-{WORKER}.log"
    log.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "app", "--server.headless", "true", "--server.port", str(port)]
    with log.open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as app:
        try:
            _wait_for(f"http://localhost:{port}/_stcore/health", app, log)
            yield f"http://localhost:{port}"
        finally:
            app.terminate()
    said = log.read_text("utf-8")
    # Streamlit's own server prints a traceback where a visitor leaves just as it sends to them; one
    # from a page or from the model goes through a file of ours.
    assert not OURS.search(said), said


def _wait_for(address: str, app: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert app.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.read() == b"ok"
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text('utf-8')}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give a real browser."""
    found = shutil.which("chromium")
    assert found, "chromium is missing: make test-browser installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, server: str, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Give what makes visitors, each with a browser of their own; they may meet no error."""
    visits: list[Visit] = []

    def come(width: int = 1440, height: int = 900, **options: Any) -> Visit:
        size = {"width": width, "height": height}
        context = chromium.new_context(viewport=size, locale="en-GB", **options)
        visits.append(Visit(context, server, tmp_path))
        return visits[-1]

    yield come
    for one in visits:
        # An error may still be on its way.
        with suppress(TimeoutError):
            one.settle()
    faults = [fault for one in visits for fault in one.faults]
    for one in visits:
        one.context.close()
    assert faults == []
