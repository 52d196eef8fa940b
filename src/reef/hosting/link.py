"""The host's end of a guest's socket: length-prefixed JSON, descriptors beside it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any, cast

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 18
MOST_BYTES = 64 << 20  # of one message; the reports of large locations have some megabytes


class Link:
    """Not for two senders or two receivers at once."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._buffer = bytearray()
        self._waiting: asyncio.Future[None] | None = None

    async def send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """Raises OSError where the guest is gone."""
        await self.send_body(json.dumps(message).encode(), fds)

    async def send_body(self, body: bytes, fds: Sequence[int] = ()) -> None:
        """As `send`, of what is bytes already."""
        data = _LENGTH.pack(len(body)) + body
        sent = await self._send_fds(data, fds) if fds else 0
        await asyncio.get_running_loop().sock_sendall(self._sock, data[sent:])

    async def _send_fds(self, data: bytes, fds: Sequence[int]) -> int:
        while True:
            try:
                return socket.send_fds(self._sock, [data], list(fds))
            except BlockingIOError:
                await asyncio.sleep(0.001)

    async def receive(self) -> dict[str, Any] | None:
        """The next message, None once the guest has closed its end or died. Whoever is cancelled while waiting for it
        has taken nothing away."""
        try:
            while (message := self._next()) is None:
                if not await self._more():
                    return None
        except OSError:
            return None
        return message

    def _next(self) -> dict[str, Any] | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(self._buffer)[0]
        if end > MOST_BYTES:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return cast(dict[str, Any], json.loads(body))

    async def _more(self) -> bool:
        """What has come goes into the buffer in the same step: `loop.sock_recv` would lose it if it were cancelled."""
        while True:
            try:
                part = self._sock.recv(_CHUNK)
            except BlockingIOError:
                await self._readable()
                continue
            self._buffer += part
            return bool(part)

    async def _readable(self) -> None:
        loop, fd = asyncio.get_running_loop(), self._sock.fileno()
        waiting = self._waiting = loop.create_future()
        loop.add_reader(fd, _done, waiting)
        try:
            await waiting
        finally:
            self._waiting = None
            if self._sock.fileno() == fd:
                loop.remove_reader(fd)

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting.get_loop().remove_reader(self._sock.fileno())
            _done(self._waiting)
        self._sock.close()


def _done(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
