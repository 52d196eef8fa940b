"""/livez and /readyz over HTTP, for kubelet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from reef.background import Background

log = logging.getLogger("reef.packs")

PATIENCE_S = 5.0
MOST_BYTES = 8192

WhyNot = Callable[[], str | None]


class Health:
    """`not_ready` says why the host is not, None where it is."""

    def __init__(self, not_ready: WhyNot) -> None:
        self._answers: dict[str, WhyNot] = {"/livez": lambda: None, "/readyz": not_ready}
        self._answering = Background(log, "a question about health")
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        """The port that it listens on; `host` "" stands for every address. Raises OSError."""
        self._server = await asyncio.start_server(self._begin, host or None, port, limit=MOST_BYTES)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answering.spawn(self._answer(reader, writer))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._response(head.split(b"\r\n", 1)[0].decode("latin-1")))
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks nonsense, or nothing, hears nothing
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _response(self, line: str) -> bytes:
        method, _, rest = line.partition(" ")
        answer = self._answers.get(rest.partition(" ")[0].partition("?")[0])
        if method not in ("GET", "HEAD"):
            status, text = "405 Method Not Allowed", "GET or HEAD"
        elif answer is None:
            status, text = "404 Not Found", f"there are {', '.join(self._answers)}"
        else:
            why = answer()
            status, text = ("200 OK", "ok") if why is None else ("503 Service Unavailable", why)
        body = f"{text}\n".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}"
        return f"{head}\r\nConnection: close\r\n\r\n".encode() + (b"" if method == "HEAD" else body)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._answering.close()
