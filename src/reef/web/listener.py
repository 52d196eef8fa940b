"""The listener: uvicorn in the host's own event loop, once somebody asks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from reef.web.address import PageAddress

log = logging.getLogger("reef.web")

GRACE_S = 1  # for answers under way when the host stops


class Listener:
    """Answers what `make_app` gives on a socket that listens already; `on_stop` ends what would never end by itself.

    Until the first connection comes there is a socket and nothing else: framework and templates, some 8 MB and 100 ms
    of a core, are imported then, in a thread, while that connection waits.
    """

    def __init__(
        self,
        bound: socket.socket,
        address: PageAddress,
        make_app: Callable[[], Any],
        on_stop: Callable[[], Awaitable[None]],
    ) -> None:
        self.address = address
        self._socket = bound
        self._make_app = make_app
        self._on_stop = on_stop
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._socket, self._somebody_asks)

    def _somebody_asks(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._task = asyncio.create_task(self._serve())
        self._task.add_done_callback(_tell)

    async def _serve(self) -> None:
        self._server = await asyncio.to_thread(_server_of, self._make_app)
        await self._server.serve(sockets=[self._socket])

    async def stop(self) -> None:
        """Idempotent; also where it was never started."""
        if self._socket.fileno() != -1:
            asyncio.get_running_loop().remove_reader(self._socket)
        await self._on_stop()
        if self._server is not None:
            self._server.should_exit = True
        elif self._task is not None:
            self._task.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("Reef's page ended", exc_info=error)


def _server_of(make_app: Callable[[], Any]) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Signals are the host's."""
            yield

    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return Server(
        uvicorn.Config(
            make_app(),
            http="h11",
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
