"""What kubelet and a scraper ask over HTTP: pages by path, a status and a text each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

REQUEST_S = 5.0
MOST_BYTES = 16 << 10
_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Page:
    text: str
    status: int = 200


def live() -> Page:
    """`/livez`: that it is answered at all is the answer."""
    return Page("ok\n")


def readiness(missing: Callable[[], tuple[str, ...]]) -> Callable[[], Page]:
    """`/readyz`: 200 where nothing is `missing`, else 503 with one line for each."""

    def page() -> Page:
        lines = missing()
        return Page("".join(f"{line}\n" for line in lines), 503) if lines else Page("ok\n")

    return page


class Health:
    """Answers GET and HEAD, one request a connection. All on the event loop."""

    def __init__(self, pages: Mapping[str, Callable[[], Page]]) -> None:
        self._pages = pages
        self._server: asyncio.Server | None = None

    async def open(self, host: str | None, port: int) -> None:
        """Listen; `host` None or "" is every address. Raises OSError."""
        self._server = await asyncio.start_server(self._answer, host or None, port, limit=MOST_BYTES)

    async def aclose(self) -> None:
        """Idempotent."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._reply(head))
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def _reply(self, head: bytes) -> bytes:
        method, _, rest = head.decode("latin-1").partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        page = self._page(method, path)
        body = page.text.encode()
        lines = (
            f"HTTP/1.1 {page.status} {_REASONS.get(page.status, 'Unknown')}",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + (b"" if method == "HEAD" else body)

    def _page(self, method: str, path: str) -> Page:
        if method not in ("GET", "HEAD"):
            return Page("GET only\n", 405)
        page = self._pages.get(path)
        return page() if page else Page("no such page\n", 404)
