"""The app's server: Streamlit's, behind a guard, that tidies up after visitors."""

import asyncio
import ipaddress
import logging
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.middleware import Middleware
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.starlette import App
from streamlit.web.server.server_util import get_url

from app import memory
from app.guard import Guard, broken
from app.jobs import QUEUE

TIDY_SECONDS = 5.0
LOG = logging.getLogger("gainsmodel.app")


@asynccontextmanager
async def _lifespan(_: App) -> AsyncIterator[None]:
    """Say who can open the app, tidy while it runs, and end what is under way."""
    address = config.get_option("server.address") or "0.0.0.0"
    if _only_here(address):
        line = "  Only this computer can open it; docs/how-to/hosting.md lets others in.\n"
        print(line, flush=True)  # noqa: T201
    else:
        print(  # noqa: T201
            f"  Whoever reaches this computer at {address} can open it: put a proxy with TLS in "
            "front (docs/how-to/hosting.md).\n"
        )
    log = logging.StreamHandler()
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(log)
    LOG.setLevel(logging.INFO)
    memory.settle()
    tidying = asyncio.create_task(_keep_tidy())
    if not config.get_option("server.headless"):
        shown = "localhost" if address in ("0.0.0.0", "::") else address
        asyncio.get_running_loop().call_later(1, webbrowser.open, get_url(shown))
    yield
    tidying.cancel()
    with suppress(asyncio.CancelledError):
        await tidying
    QUEUE.close()


def _only_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


async def _keep_tidy() -> None:
    """Give memory back some seconds after visitors came, went or had something computed."""
    seen: Any = None
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        forgotten = _forget_the_gone()
        now = (Guard.changes, QUEUE.orders, forgotten)
        if now == seen:
            continue
        seen = now
        memory.tidy()
        results, size = QUEUE.kept()
        LOG.info(
            "visitors: %d, closed tabs kept: %d, results: %d in %.1f MB",
            *(Guard.visitors, forgotten, results, size / 1e6),
        )


def _forget_the_gone() -> int:
    """Drop sessions of tabs closed for long; give how many are kept in case they come back.

    Streamlit drops them where another tab is closed, or somebody asks how many there are.
    """
    manager: Any = Runtime.instance()._session_mgr
    return len(manager._session_storage._cache)


#: What Streamlit's application is made with.
OPTIONS: dict[str, Any] = {
    "lifespan": _lifespan,
    "middleware": [Middleware(Guard)],
    "exception_handlers": {Exception: broken},
}
