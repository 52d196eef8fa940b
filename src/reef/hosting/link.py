"""The host's end of a guest's socket: length-prefixed JSON, descriptors beside it."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any, cast

_LENGTH = struct.Struct("!I")


class Link:
    """Not for two senders or two receivers at once."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock

    async def send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """Raises OSError where the guest is gone."""
        body = json.dumps(message).encode()
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
        """The next message, None once the guest has closed its end or died."""
        try:
            size = _LENGTH.unpack(await self._exactly(_LENGTH.size))[0]
            return cast(dict[str, Any], json.loads(await self._exactly(size)))
        except (EOFError, OSError):
            return None

    async def _exactly(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        parts = bytearray()
        while len(parts) < size:
            part = await loop.sock_recv(self._sock, min(size - len(parts), 1 << 18))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def close(self) -> None:
        self._sock.close()
