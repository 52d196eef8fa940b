"""Messages between the agent and the pack host, length-prefixed; nobody is waited for. What the host says is
`marshal`ed, which costs the agent no module, and the host is believed; what the agent says is JSON."""

from __future__ import annotations

import _socket
import marshal
import os
import sys

from .agent_json import as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_FDS = 8
MOST_UNSENT = 8 << 20  # of a host that does not read
FOR_ALL = 0o666
_CHUNK = 1 << 16
_HEAD = 4
_INT = 4


class Gone(Exception):
    """The host has closed its end, or does not read."""


class Peer:
    """One connection. A message that carries descriptors says how many: `fds`."""

    def __init__(self, sock: _socket.socket) -> None:
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

    def _read(self) -> tuple[bytes, list[int]]:
        room = _socket.CMSG_LEN(MOST_FDS * _INT)
        data, beside, _flags, _address = self.sock.recvmsg(_CHUNK, room, _socket.MSG_CMSG_CLOEXEC)
        fds: list[int] = []
        for level, kind, content in beside:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                starts = range(0, len(content) - _INT + 1, _INT)
                fds += [int.from_bytes(content[at : at + _INT], sys.byteorder) for at in starts]
        return data, fds

    def _whole(self) -> list[tuple[dict[str, Any], list[int]]]:
        found = []
        while len(self._unread) >= _HEAD:
            end = _HEAD + int.from_bytes(self._unread[:_HEAD], "big")
            if len(self._unread) < end:
                break
            message = marshal.loads(self._unread[_HEAD:end])
            del self._unread[:end]
            count = message["fds"]
            found.append((message, self._fds[:count]))
            del self._fds[:count]
        return found

    def send(self, message: dict[str, Any]) -> None:
        """As much as goes now; the rest when `flush` is called. Raises Gone."""
        data = as_json(message)
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


def listening(path: str) -> _socket.socket:
    """Whoever may reach the folder may connect: nobody else mounts it."""
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener.bind(path)
    os.chmod(path, FOR_ALL)
    listener.listen(4)
    listener.setblocking(False)
    return listener


def accepted(listener: _socket.socket) -> _socket.socket | None:
    """None where whoever wanted to connect has gone again."""
    accept = listener._accept  # type: ignore[attr-defined]
    try:
        return _socket.socket(fileno=accept()[0])
    except OSError:
        return None
