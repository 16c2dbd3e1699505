"""The server as it is started: who can reach it, what every answer carries, what is given back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from benches.app_visitors import Visitor, serving

ROOT = Path(__file__).parents[2]
LONG = 60.0
# Two results of the first page are kept for good: the quick one and that of all futures.
TIDIED = re.compile(r"visitors: 0, closed tabs kept: 0, results: 2 in")


class Served(NamedTuple):
    port: int
    pid: int
    log: Path

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Ask for something; give status, headers and text."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method, headers=headers
        )
        try:
            answer = urllib.request.urlopen(asked, timeout=LONG)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, headers, answer.read().decode(errors="replace")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("server") / "log"
    options = ("--server.disconnectedSessionTTL", "1")
    with serving(*options, log=log, GAINSMODEL_VISITORS="2") as (port, server):
        yield Served(port, server.pid, log)


@pytest.mark.parametrize(
    "path",
    ["/", "/plan?skills=60", "/_stcore/health", "/favicon.png", "/static/no.js", "/no/where"],
)
def test_every_answer_has_security_headers(served: Served, path: str) -> None:
    _, headers, text = served.get(path)
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert policy["connect-src"] == (
        f"'self' ws://127.0.0.1:{served.port} wss://127.0.0.1:{served.port}"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert not re.search(r"Traceback|File \"", text)
    assert not re.search(r"\d", headers.get("server", ""))


def test_a_host_that_is_none_gets_into_no_header(served: Served) -> None:
    _, headers, _ = served.get("/", Host="x; script-src *")
    assert "script-src *" not in headers["content-security-policy"]


def test_the_scripts_of_the_page_are_those_the_policy_lets_run(served: Served) -> None:
    _, headers, text = served.get("/")
    inline = re.findall(r"<script>", text)
    assert headers["content-security-policy"].count("'sha256-") == len(inline) > 0
    assert not re.search(r"<[^>]* on[a-z]+=", text)


@pytest.mark.parametrize("compressed", ["identity", "gzip"])
@pytest.mark.parametrize("path", ["/", "/plan?skills=60", "/no/where"])
def test_a_page_knows_where_its_server_is(served: Served, path: str, compressed: str) -> None:
    """Else the browser asks for it below the page first, and is told that it is not there."""
    _, headers, text = served.get(path, **{"Accept-Encoding": compressed})
    (script,) = re.findall(r"<head><script>(.*?)</script>", text)
    assert "BACKEND_BASE_URL" in script
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in headers["content-security-policy"]
    assert len(text.encode()) == int(headers["content-length"])


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_what_visitors_need_not_know_is_closed(served: Served, path: str) -> None:
    assert served.get(path)[0] == 404


def test_it_listens_to_its_own_computer_alone_and_says_so(served: Served) -> None:
    listening = [c for c in psutil.Process(served.pid).net_connections() if c.status == "LISTEN"]
    assert [c.laddr.ip for c in listening] == ["127.0.0.1"]
    assert "Only this computer can open it" in served.log.read_text("utf-8")


def test_an_upload_without_the_token_of_the_page_is_refused(served: Served) -> None:
    status, _, text = served.get("/_stcore/upload_file/some-session/some-file", "PUT")
    assert status == 403
    assert "XSRF" in text


def test_when_full_others_are_told_in_words_and_memory_is_given_back(served: Served) -> None:
    async def several() -> None:
        there = [Visitor(served.port), Visitor(served.port)]
        for visitor, skills in zip(there, (35, 45), strict=True):
            await visitor.come(skills=skills, futures=2_000)
        for visitor in there:
            await visitor.until(lambda said: "This plan adds" in said, LONG)
        status, headers, text = await asyncio.to_thread(served.get, "/")
        assert status == 503
        assert headers["retry-after"] == "30"
        assert "no free place at the moment" in text
        assert "content-security-policy" in headers
        # Those who are there go on, also in a new tab's files and the health check.
        assert (await asyncio.to_thread(served.get, "/_stcore/health"))[0] == 200
        there[0].texts = {}
        await there[0].ask(skills=55, futures=2_000)
        await there[0].until(lambda said: "This plan adds" in said, LONG)
        await there[1].leave()
        until = time.monotonic() + LONG
        while (await asyncio.to_thread(served.get, "/"))[0] != 200:
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
        await there[0].leave()

    asyncio.run(several())
    until = time.monotonic() + LONG
    while not TIDIED.search(said := served.log.read_text("utf-8")):
        assert time.monotonic() < until, said
        time.sleep(0.2)


@pytest.mark.parametrize("folder", [ROOT, None], ids=["here", "elsewhere"])
def test_streamlit_run_gives_the_same_server(folder: Path | None, tmp_path: Path) -> None:
    main = Path("app/main.py") if folder else ROOT / "app/main.py"
    log = tmp_path / "log"
    start = ("-m", "streamlit", "run", main)
    # Of the checkout only what is installed: the package.
    path = str(ROOT / "python")
    with serving(log=log, start=start, cwd=folder or tmp_path, PYTHONPATH=path) as (port, server):
        served = Served(port, server.pid, log)
        test_it_listens_to_its_own_computer_alone_and_says_so(served)
        test_every_answer_has_security_headers(served, "/")

        async def one_comes() -> None:
            visitor = Visitor(port)
            await visitor.come(skills=35, futures=2_000)
            await visitor.until(lambda said: "This plan adds" in said, LONG)
            await visitor.leave()

        asyncio.run(one_comes())
        assert "Traceback" not in log.read_text("utf-8")


@pytest.mark.parametrize("start", [("-m", "app"), ("-m", "streamlit", "run", "app/main.py")])
def test_a_setting_that_cannot_be_used_is_named(start: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, *start],
        cwd=ROOT,
        env=os.environ | {"GAINSMODEL_VISITORS": "many"},
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: GAINSMODEL_VISITORS: must be a whole number above 0, such as 100; got 'many'\n"
    )
