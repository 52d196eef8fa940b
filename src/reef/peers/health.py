"""What kubelet and a scraper ask over HTTP: pages by path, a status and a text each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

REQUEST_S = 5.0
MOST_BYTES = 16 << 10
_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Page:
    text: str | bytes
    status: int = 200
    content_type: str = TEXT

    @property
    def body(self) -> bytes:
        return self.text if isinstance(self.text, bytes) else self.text.encode()


Render = Callable[[str | None], Awaitable[tuple[str, bytes]]]
"""A request's `Accept` -> content type and body."""


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
    """Answers GET and HEAD, one request a connection. All on the event loop. `metrics` answers `/metrics`."""

    def __init__(self, pages: Mapping[str, Callable[[], Page]], metrics: Render | None = None) -> None:
        self._pages = pages
        self._metrics = metrics
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
                writer.write(await self._reply(head))
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _reply(self, head: bytes) -> bytes:
        first, *headers = head.decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        page = await self._page(method, path, headers)
        body = page.body
        lines = (
            f"HTTP/1.1 {page.status} {_REASONS.get(page.status, 'Unknown')}",
            f"Content-Type: {page.content_type}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + (b"" if method == "HEAD" else body)

    async def _page(self, method: str, path: str, headers: Sequence[str]) -> Page:
        if method not in ("GET", "HEAD"):
            return Page("GET only\n", 405)
        if path == "/metrics" and self._metrics is not None:
            content_type, body = await self._metrics(_accept(headers))
            return Page(body, content_type=content_type)
        page = self._pages.get(path)
        return page() if page else Page("no such page\n", 404)


def _accept(headers: Sequence[str]) -> str | None:
    for line in headers:
        name, _, value = line.partition(":")
        if name.strip().lower() == "accept":
            return value.strip()
    return None
