"""Messages between the agent and the pack host: as `wire` has them, but nobody is waited for."""

from __future__ import annotations

import array
import json
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_FDS = 8
MOST_UNSENT = 8 << 20  # of a host that does not read
_CHUNK = 1 << 16
_HEAD = 4


class Gone(Exception):
    """The host has closed its end, or does not read."""


class Peer:
    """One connection. A message that carries descriptors says how many: `fds`."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._unread = bytearray()
        self._fds: list[int] = []
        self._unsent = bytearray()

    def receive(self) -> list[tuple[dict[str, Any], list[int]]]:
        """What has come, whole messages only, with their descriptors, which are the caller's. Raises Gone."""
        try:
            data, fds = self._read()
        except BlockingIOError:
            return []
        except OSError:
            raise Gone from None
        self._fds += fds
        if not data:
            raise Gone
        self._unread += data
        return self._whole()

    def _read(self) -> tuple[bytes, array.array[int]]:
        fds = array.array("i")
        room = socket.CMSG_LEN(MOST_FDS * fds.itemsize)
        data, beside, _flags, _address = self.sock.recvmsg(_CHUNK, room, socket.MSG_CMSG_CLOEXEC)
        for level, kind, content in beside:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        return data, fds

    def _whole(self) -> list[tuple[dict[str, Any], list[int]]]:
        found = []
        while len(self._unread) >= _HEAD:
            end = _HEAD + int.from_bytes(self._unread[:_HEAD], "big")
            if len(self._unread) < end:
                break
            message = json.loads(bytes(self._unread[_HEAD:end]))
            del self._unread[:end]
            count = message.get("fds", 0)
            found.append((message, self._fds[:count]))
            del self._fds[:count]
        return found

    def send(self, message: dict[str, Any]) -> None:
        """As much as goes now; the rest when `flush` is called. Raises Gone."""
        data = json.dumps(message).encode()
        self._unsent += len(data).to_bytes(_HEAD, "big") + data
        self.flush()

    def flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self.sock.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            raise Gone from None
        if len(self._unsent) > MOST_UNSENT:
            raise Gone

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def close(self) -> None:
        self.sock.close()
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
