"""Visitors without a browser: they speak to the app's server as the page in a browser does.

    python benches/app_visitors.py [--visitors 25] [--moves 3] [--pause 0]

Starts the app and lets visitors come, move levers all at once and leave; prints, as JSON, what a
move takes until the first new words and until all futures (seconds, median and 95th percentile),
CPU seconds of the server, and its memory before, with all of them, and after they left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
LEVERS = ("leadership", "open_data", "inclusion", "skills", "connectivity")
REFINING = "refining"
# Seconds after the last has left; sessions of closed tabs are kept for one minute.
LEFT = (10, 75)


class Visitor:
    """One tab: asks for runs of the page, keeps what is said on it, polls as the page does."""

    def __init__(self, port: int, page: str = "") -> None:
        self.address, self.page = f"ws://127.0.0.1:{port}/_stcore/stream", page
        self.texts: dict[tuple[int, ...], str] = {}
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
            elif kind == "auto_rerun":
                polled = message.auto_rerun
                if polled.fragment_id not in self._polls:
                    self._polls[polled.fragment_id] = asyncio.create_task(
                        self._poll(polled.fragment_id, polled.interval)
                    )
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                text = getattr(element, element.WhichOneof("type"))
                body = getattr(text, "body", None)
                if isinstance(body, str):
                    self.texts[tuple(message.metadata.delta_path)] = body
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
    chance = random.Random(1)
    found: dict[str, Any] = {"visitors": visitors, "rss_mb": {"before": _mb(process)}}
    there = [Visitor(port) for _ in range(visitors)]
    begun = time.perf_counter()
    for visitor in there:
        await visitor.come(skills=100)
    await asyncio.gather(*(v.until(_whole) for v in there))
    found["all_there_s"] = round(time.perf_counter() - begun, 2)
    found["rss_mb"]["all_there"] = _mb(process)
    cpu, begun = _cpu(process), time.perf_counter()
    each = await asyncio.gather(
        *(_moves(v, moves, pause, random.Random(chance.random())) for v in there)
    )
    found["moves_s"] = round(time.perf_counter() - begun, 2)
    found["cpu_s_a_move"] = round((_cpu(process) - cpu) / (visitors * moves), 3)
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


async def _moves(
    visitor: Visitor, moves: int, pause: float, chance: random.Random
) -> list[tuple[float, float]]:
    times = []
    for _ in range(moves):
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)
        # All levers at once, in steps that no slider makes: a plan that nobody has seen.
        plan = {lever: round(chance.uniform(1, 100), 3) for lever in LEVERS}
        visitor.texts = {}
        begun = time.perf_counter()
        await visitor.ask(**plan)
        first = await visitor.until(lambda said: "This plan adds" in said)
        times.append((first - begun, await visitor.until(_whole) - begun))
    return times


def _whole(said: str) -> bool:
    return "This plan adds" in said and REFINING not in said


def _mb(process: psutil.Process) -> int:
    return round(process.memory_info().rss / 1e6)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=25)
    parser.add_argument("--moves", type=int, default=3)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between moves")
    told = parser.parse_args()
    with serving() as (port, server):
        print(json.dumps(asyncio.run(many(port, server, told.visitors, told.moves, told.pause))))


if __name__ == "__main__":
    main()
