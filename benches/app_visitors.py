"""Visitors without a browser: they speak to the app's server as the page in a browser does.

    python benches/app_visitors.py [--visitors 50] [--moves 3] [--pause 10]

Starts the app and lets visitors come, move levers with so many seconds between two moves (0: all at
once) and leave; prints, as JSON, what a move takes until the first new words and until all futures
(seconds, median and 95th percentile), CPU seconds of the server, and its memory before, with all of
them, and after they left. ``--profile FILE`` has py-spy watch the server while one visitor moves
levers, and prints where its time goes: ``make profile-app``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
LEVERS = {
    "leadership": "Digital leadership",
    "open_data": "Open data",
    "inclusion": "Digital inclusion",
    "skills": "Digital skills",
    "connectivity": "Connectivity",
}
STEPS = range(5, 100, 5)
REFINING = "refining"
# Last frames of threads that wait for something to do.
WAITING = ("_worker (concurrent", "select (selectors", "wait (threading", "task (streamlit/watcher")
# Seconds after the last has left; sessions of closed tabs are kept for one minute.
LEFT = (10, 75)


class Visitor:
    """One tab: asks for runs of the page, keeps what is said on it, polls as the page does."""

    def __init__(self, port: int, page: str = "") -> None:
        self.address, self.page = f"ws://127.0.0.1:{port}/_stcore/stream", page
        self.texts: dict[tuple[int, ...], str] = {}
        self.sliders: dict[str, str] = {}
        self.finished = 0
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Condition()

    async def come(self, **query: Any) -> None:
        """Open the page."""
        self.socket: ClientConnection = await connect(
            self.address,
            subprotocols=["streamlit"],
            max_size=None,
            compression=None,  # type: ignore[list-item]
        )
        self._listening = asyncio.create_task(self._listen())
        await self.ask(**query)

    async def ask(self, **query: Any) -> None:
        """Have the page run with this address."""
        message = BackMsg()
        message.rerun_script.query_string = urlencode(query)
        message.rerun_script.page_name = self.page
        self.query = message.rerun_script.query_string
        self._stop_polling()
        await self.socket.send(message.SerializeToString())

    async def move(self, slider: str, percent: int) -> None:
        """Move a slider, as a key does."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        moved = message.rerun_script.widget_states.widgets.add(id=self.sliders[slider])
        moved.double_array_value.data.append(percent)
        self._stop_polling()
        await self.socket.send(message.SerializeToString())

    async def leave(self) -> None:
        """Close the tab."""
        self._stop_polling()
        self._listening.cancel()
        await self.socket.close()

    async def until(self, seen: Any, seconds: float = 100) -> float:
        """Wait until something can be read on the page; give the time at which it could."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: seen(" ".join(self.texts.values())))
        return time.perf_counter()

    def _stop_polling(self) -> None:
        for poll in self._polls.values():
            poll.cancel()
        self._polls.clear()

    async def _listen(self) -> None:
        async for frame in self.socket:
            message = ForwardMsg()
            message.ParseFromString(frame)  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "new_session" and not message.metadata.run.fragment_ids:
                self._stop_polling()
                self.texts = {}
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "auto_rerun":
                polled = message.auto_rerun
                if polled.fragment_id not in self._polls:
                    self._polls[polled.fragment_id] = asyncio.create_task(
                        self._poll(polled.fragment_id, polled.interval)
                    )
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                if element.WhichOneof("type") == "slider":
                    self.sliders[element.slider.label] = element.slider.id
                text = getattr(element, element.WhichOneof("type"))
                body = getattr(text, "body", None)
                # What is emptied is not there any more.
                self.texts[tuple(message.metadata.delta_path)] = (
                    body if isinstance(body, str) else ""
                )
            elif kind == "script_finished":
                self.finished += 1
            async with self._news:
                self._news.notify_all()

    async def _poll(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            message = BackMsg()
            message.rerun_script.query_string = self.query
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
            await self.socket.send(message.SerializeToString())


@contextmanager
def serving(
    *options: str,
    log: Path = Path(os.devnull),
    start: tuple[str | Path, ...] = ("-m", "app"),
    cwd: Path = ROOT,
    **environment: str,
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Start the app on a free port; what it says goes into a log."""
    with closing(socket.socket()) as tried:
        tried.bind(("127.0.0.1", 0))
        port = tried.getsockname()[1]
    command = [sys.executable, *start, "--server.headless", "true", "--server.port", str(port)]
    with (
        log.open("w") as said,
        subprocess.Popen(
            [*command, *options], cwd=cwd, env=os.environ | environment, stdout=said, stderr=said
        ) as server,
    ):
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield port, server
        finally:
            server.terminate()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.1)
    raise SystemExit("the app did not start")


async def many(
    port: int, server: subprocess.Popen[bytes], visitors: int, moves: int, pause: float
) -> dict[str, Any]:
    """Let visitors come, move levers and leave."""
    process = psutil.Process(server.pid)
    found: dict[str, Any] = {"visitors": visitors, "rss_mb": {"before": _mb(process)}}
    there = [Visitor(port) for _ in range(visitors)]
    begun = time.perf_counter()
    plans = [_plan(random.Random(number)) for number in range(visitors)]
    for visitor, plan in zip(there, plans, strict=True):
        await visitor.come(**plan)
    await asyncio.gather(*(v.until(_whole) for v in there))
    found["all_there_s"] = round(time.perf_counter() - begun, 2)
    found["rss_mb"]["all_there"] = _mb(process)
    cpu, begun = cpu_seconds(process), time.perf_counter()
    each = await asyncio.gather(
        *(
            _moves(visitor, plan, moves, pause, random.Random(-number))
            for number, (visitor, plan) in enumerate(zip(there, plans, strict=True), 1)
        )
    )
    found["moves_s"] = round(time.perf_counter() - begun, 2)
    found["cpu_s_a_move"] = round((cpu_seconds(process) - cpu) / (visitors * moves), 3)
    for place, name in enumerate(("first_words", "all_futures")):
        times = [move[place] for moved in each for move in moved]
        found[f"{name}_s"] = {
            "median": round(statistics.median(times), 2),
            "p95": round(statistics.quantiles(times, n=20)[-1], 2),
        }
    found["rss_mb"]["moved"] = _mb(process)
    for visitor in there:
        await visitor.leave()
    for seconds in LEFT:
        await asyncio.sleep(seconds - found.get("waited", 0))
        found["waited"] = seconds
        found["rss_mb"][f"left_{seconds}_s"] = _mb(process)
    del found["waited"]
    return found


def _plan(chance: random.Random) -> dict[str, int]:
    """Choose a plan that nobody else is likely to have."""
    return {lever: chance.choice(STEPS) for lever in LEVERS}


async def _moves(
    visitor: Visitor, plan: dict[str, int], moves: int, pause: float, chance: random.Random
) -> list[tuple[float, float]]:
    times = []
    for _ in range(moves):
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)
        times.append(await _one_move(visitor, plan, chance))
    return times


async def _one_move(
    visitor: Visitor, plan: dict[str, int], chance: random.Random
) -> tuple[float, float]:
    """Move one lever; give seconds until the first new words and until all futures."""
    lever = chance.choice([*LEVERS])
    plan[lever] = chance.choice([step for step in STEPS if step != plan[lever]])
    visitor.texts = {}
    begun = time.perf_counter()
    await visitor.move(LEVERS[lever], plan[lever])
    first = await visitor.until(lambda said: "This plan adds" in said)
    return first - begun, await visitor.until(_whole) - begun


async def profile(port: int, server: subprocess.Popen[bytes], moves: int, file: Path) -> None:
    """Have py-spy watch the server while one visitor moves levers; say where its time goes."""
    visitor, chance = Visitor(port), random.Random(1)
    plan = _plan(chance)
    await visitor.come(**plan)
    await visitor.until(_whole)
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    py_spy = shutil.which("py-spy", path=beside)
    if py_spy is None:
        raise SystemExit("py-spy is not installed; run: make profile-app")
    watching = [py_spy, "record", "--pid", str(server.pid), "--threads"]
    with subprocess.Popen(
        [*watching, "--rate", "200", "--duration", "3600", "--format", "raw", "--output", str(file)]
    ) as spy:
        await asyncio.sleep(2)
        process = psutil.Process(server.pid)
        cpu = cpu_seconds(process)
        for _ in range(moves):
            await _one_move(visitor, plan, chance)
            await asyncio.sleep(1)
        print(f"CPU seconds a move: {(cpu_seconds(process) - cpu) / moves:.3f}")
        spy.send_signal(signal.SIGINT)
    await visitor.leave()
    told(file.read_text().splitlines())


def told(stacks: Iterable[str]) -> None:
    """Print shares of the samples: threads, and functions with all that they call.

    The core's own threads have no Python in them and are not seen: `make profile` is for those.
    """
    threads: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in stacks:
        stack, _, number = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if not frames or any(waiting in frames[-1] for waiting in WAITING):
            continue
        threads[re.sub(r"thread \(\w+\): |[-_]?\d+", "", thread)] += int(number)
        for frame in {re.sub(r":\d+\)$", ")", frame) for frame in frames}:
            functions[frame] += int(number)
    for kind, found in (("threads", threads), ("functions", functions)):
        print(kind)
        for name, number in found.most_common(60):
            print(f"{number / threads.total():6.1%}  {name}")


def _whole(said: str) -> bool:
    return "This plan adds" in said and REFINING not in said


def _mb(process: psutil.Process) -> int:
    return round(process.memory_info().rss / 1e6)


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time that a process has taken."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--moves", type=int, default=3)
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between moves")
    parser.add_argument("--profile", type=Path, help="file for the samples of py-spy")
    asked = parser.parse_args()
    with serving() as (port, server):
        if asked.profile:
            asyncio.run(profile(port, server, asked.moves, asked.profile))
            return
        found = asyncio.run(many(port, server, asked.visitors, asked.moves, asked.pause))
        print(json.dumps(found | {"cpus": os.cpu_count(), "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
