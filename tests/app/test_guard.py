"""What the guard lets through: uploads up to a size and number for each visitor and for all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from app import guard, limits
from app.guard import REFUSED, Guard


class Runtime:
    """Streamlit's, as far as the guard asks."""

    def __init__(self) -> None:
        self.uploaded_file_mgr = MemoryUploadedFileManager("/")

    def is_active_session(self, session: str) -> bool:
        return session in ("a", "b")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    made = Runtime()
    monkeypatch.setattr(guard.Runtime, "instance", lambda: made)
    return made


def put(runtime: Runtime, session: str, file: str, size: int) -> int:
    """Upload a file; give the status."""
    body = f'Content-Disposition: form-data; filename="{file}.csv"\r\n'.encode().ljust(size)[:size]

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        if not runtime.is_active_session(session):
            await send({"type": "http.response.start", "status": 400, "headers": []})
            return
        record = UploadedFileRec(file, f"{file}.csv", "text/csv", body)
        runtime.uploaded_file_mgr.add_file(session, record)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "PUT",
        "path": f"/_stcore/upload_file/{session}/{file}",
        "headers": [(b"content-length", str(size).encode())],
    }
    asyncio.run(Guard(streamlit)(scope, receive, send))
    return int(sent[0]["status"])


def held(runtime: Runtime, session: str) -> dict[str, tuple[str, str, int]]:
    files = runtime.uploaded_file_mgr.file_storage[session]
    return {file: (record.name, record.type, len(record.data)) for file, record in files.items()}


def test_uploads_of_one_visitor_have_a_limit_and_others_go_on(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOADS_BYTES_EACH", 250)
    assert [put(runtime, "a", str(n), 100) for n in range(4)] == [204] * 4
    # What there was no room for stands as an empty file, so that the page can say so.
    assert held(runtime, "a") == {
        "0": ("0.csv", "text/csv", 100),
        "1": ("1.csv", "text/csv", 100),
        "2": ("2.csv", REFUSED, 0),
        "3": ("3.csv", REFUSED, 0),
    }
    put(runtime, "b", "0", 100)
    assert held(runtime, "b") == {"0": ("0.csv", "text/csv", 100)}
    runtime.uploaded_file_mgr.remove_file("a", "0")
    put(runtime, "a", "4", 100)
    assert held(runtime, "a")["4"] == ("4.csv", "text/csv", 100)


def test_uploads_of_all_visitors_have_a_limit(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOADS_BYTES", 150)
    put(runtime, "a", "0", 100)
    put(runtime, "b", "0", 100)
    assert held(runtime, "b") == {"0": ("0.csv", REFUSED, 0)}
    runtime.uploaded_file_mgr.remove_session_files("a")
    put(runtime, "b", "1", 100)
    assert held(runtime, "b")["1"] == ("1.csv", "text/csv", 100)


def test_the_number_of_files_has_a_limit(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOADS_EACH", 2)
    assert [put(runtime, "a", str(n), 1) for n in range(6)] == [204] * 4 + [413] * 2
    assert sum(kind != REFUSED for _, kind, _ in held(runtime, "a").values()) == 2


def test_a_visit_that_there_is_not_takes_no_room(runtime: Runtime) -> None:
    assert put(runtime, "stranger", "0", 100) == 400
    assert held(runtime, "stranger") == {}
