"""What stands between the network and the pages: headers, and limits of visitors and uploads."""

import base64
import hashlib
import re
from collections import Counter
from http import HTTPStatus
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from app import limits

# The type of an empty file that stands for one which there was no room for.
REFUSED = "application/x-refused"
_FRAME = Path(streamlit.__file__).with_name("static") / "index.html"
_UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)$")
# Nobody who visits needs these: figures about the server, and an interface for programs.
_CLOSED = re.compile(r"/_stcore/(metrics|agent)(/|$)")
_NO_PAGE = re.compile(r"/(_stcore|static|media|component)(/|$)")
_NAME = re.compile(rb'filename="([^"\r\n]{1,255})"')
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")
# A browser that finds the page just before the last place is taken still gets in.
_LATE = 5
_MARGIN = 100_000
_FULL = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta http-equiv="refresh" content="30">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Full for now</title>
<style>body {{font: 1rem/1.5 sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem}}
</style></head><body><h1>There is no free place at the moment</h1>
<p>{visitors} visitors are using this server, as many as it carries. This page tries again every
30 seconds; your address, and the plan in it, stays.</p></body></html>"""

# Where the server is, seen from a page's address: else the browser asks for it below the page
# first, which answers 404.
_WHERE = 'window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}'
_HEAD = b"<head>"


def _inline_scripts() -> str:
    """Hashes of the scripts that Streamlit's own page holds, and of ours."""
    scripts = re.findall(r"<script>(.*?)</script>", _FRAME.read_text("utf-8"), re.DOTALL)
    scripts.append(_WHERE)
    hashes = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes)


_POLICY = {
    "default-src": "'none'",
    "script-src": f"'self' {_inline_scripts()}",
    # Streamlit and Vega write styles into the page.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # An address holds a plan: it goes to no other site.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=(), clipboard-read=(), clipboard-write=(self)",
}


def headers(scope: Scope) -> dict[str, str]:
    """Security headers of an answer to a request."""
    # Not every browser takes a web socket to the same host for 'self'.
    host = Headers(scope=scope).get("host", "")
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    policy = _POLICY | {"connect-src": f"'self'{sockets}"}
    return _HEADERS | {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())
    }


async def broken(request: Request, error: Exception) -> Response:
    """Answer where a request ends in an error: the log says which, visitors need not know."""
    return PlainTextResponse(
        "Something went wrong on our side. Reload the page to continue.",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        headers(request.scope),
    )


def _with_more(added: dict[str, str], send: Send) -> Send:
    """Answer with headers added, and in Streamlit's own page with a word on where the server is."""
    page: Message | None = None

    async def answer(message: Message) -> None:
        nonlocal page
        if message["type"] == "http.response.start":
            of = MutableHeaders(scope=message)
            of.update(added)
            if of.get("content-type", "").startswith("text/html"):
                page = message
                return
        elif page is not None:
            body = message.get("body", b"")
            if _HEAD in body:
                script = f"<script>{_WHERE}</script>".encode()
                message = {**message, "body": body.replace(_HEAD, _HEAD + script, 1)}
                of = MutableHeaders(scope=page)
                of["content-length"] = str(int(of["content-length"]) + len(script))
            start, page = page, None
            await send(start)
        await send(message)

    return answer


def _uploads() -> MemoryUploadedFileManager:
    manager = Runtime.instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    return manager


class Guard:
    """Sees every request first."""

    # Web sockets that are open, and that were opened or closed so far; one server has one guard.
    visitors = 0
    changes = 0

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app
        self._arriving: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through with headers added to the answer."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = headers(scope)
        if not _NO_PAGE.search(scope["path"]):
            # A page is short, and can be added to as long as it is not compressed.
            plain = [of for of in scope["headers"] if of[0] != b"accept-encoding"]
            scope = {**scope, "headers": plain}
        await self._request(scope, receive, _with_more(added, send))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if _CLOSED.search(path):
            await PlainTextResponse("Not found", HTTPStatus.NOT_FOUND)(scope, receive, send)
        elif scope["method"] == "PUT" and (upload := _UPLOAD.search(path)):
            await self._upload(upload[1], upload[2], scope, receive, send)
        elif (
            scope["method"] == "GET"
            and Guard.visitors >= limits.VISITORS
            and not _NO_PAGE.search(path)
        ):
            page = HTMLResponse(
                _FULL.format(visitors=limits.VISITORS),
                HTTPStatus.SERVICE_UNAVAILABLE,
                {"Retry-After": "30", "Cache-Control": "no-store"},
            )
            await page(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if Guard.visitors >= limits.VISITORS + _LATE:
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": "full"})
            return
        Guard.visitors += 1
        Guard.changes += 1
        try:
            await self._app(scope, receive, send)
        finally:
            Guard.visitors -= 1
            Guard.changes += 1

    async def _upload(
        self, session: str, file: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let a file in, or have an empty one stand for it, of which the page says why."""
        if not Runtime.instance().is_active_session(session):
            # Streamlit refuses it without reading it.
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        largest = streamlit.config.get_option("server.maxUploadSize") * 1024 * 1024 + _MARGIN
        size = int(told[:12]) if told.isdigit() else largest
        if self._room(session, size):
            self._arriving[session] += size
            try:
                await self._app(scope, receive, send)
            finally:
                self._arriving[session] -= size
                self._arriving += Counter()
            return
        manager = _uploads()
        held = len(manager.file_storage.get(session, ()))
        if held < 2 * limits.UPLOADS_EACH:
            received, more, begin = 0, True, b""
            while more and received <= largest:
                message = await receive()
                body = message.get("body", b"")
                received += len(body)
                begin += body[: max(0, 2_000 - len(begin))]
                more = message.get("more_body", False)
            # Streamlit refuses names that end otherwise than the page allows.
            name = _NAME.search(begin)
            manager.add_file(
                session,
                UploadedFileRec(
                    file, name[1].decode(errors="replace") if name else "", REFUSED, b""
                ),
            )
            await Response(status_code=HTTPStatus.NO_CONTENT)(scope, receive, send)
            return
        refusal = PlainTextResponse("Too many uploads", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        await refusal(scope, receive, send)

    def _room(self, session: str, size_bytes: int) -> bool:
        stored = _uploads().file_storage
        held = {
            name: [len(file.data) for file in list(files.values())]
            for name, files in list(stored.items())
        }
        mine = held.get(session, [])
        return (
            len(mine) < limits.UPLOADS_EACH
            and sum(mine) + self._arriving[session] + size_bytes <= limits.UPLOADS_BYTES_EACH
            and sum(map(sum, held.values())) + self._arriving.total() + size_bytes
            <= limits.UPLOADS_BYTES
        )
