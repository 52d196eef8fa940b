"""Length-prefixed JSON over a unix socket, with file descriptors where a message has some."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

MOST_FDS = 4
_LENGTH = struct.Struct("!I")


def send(sock: socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    data = json.dumps(message).encode()
    data = _LENGTH.pack(len(data)) + data
    sent = socket.send_fds(sock, [data], list(fds)) if fds else 0
    sock.sendall(data[sent:])


def receive(sock: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message and its descriptors; None once the other side has closed."""
    head, fds, _flags, _address = socket.recv_fds(sock, _LENGTH.size, MOST_FDS)
    if not head:
        return None
    head += _exactly(sock, _LENGTH.size - len(head))
    return json.loads(_exactly(sock, _LENGTH.unpack(head)[0])), fds


def _exactly(sock: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = sock.recv(size - len(parts))
        if not part:
            raise EOFError("the host closed its socket within a message")
        parts += part
    return bytes(parts)
