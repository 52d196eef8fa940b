"""What a load does outside its own process: connections that it opens, programs that it starts.

Names of hosts and programs only: arguments, queries and addresses of unix sockets may hold secrets.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any

from . import proc

HEARD = frozenset(
    f"{module}.{call}"
    for module, calls in (
        ("socket", ("connect", "getaddrinfo")),
        ("subprocess", ("Popen",)),
        ("os", ("posix_spawn", "system", "fork", "forkpty", "exec")),
    )
    for call in calls
)
MOST = 20  # of each
_FOR_ITSELF = ("platform", "ctypes.util", "uuid", "webbrowser")  # they ask other programs about the machine
_BETWEEN = ("subprocess", "os", "contextlib", "multiprocessing.util")
_UNDER_WAY = ("01", "02", "08")  # established, asked for, closed by the other side


class Outside:
    """`heard` is given audit events; afterwards `connects` has `host:port`, `starts` names of programs."""

    def __init__(self) -> None:
        self.connects: dict[str, None] = {}
        self.starts: dict[str, None] = {}
        self._names: dict[object, str] = {}  # port -> the host that was last looked up for it

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            self._looked_up(args[0], args[1])
        elif event == "socket.connect":
            self._connected(*args[:2])
        elif not _for_itself():
            _keep(self.starts, _program(event, args))

    def all_connects(self) -> list[str]:
        """With those of C code, of which only what is still open can be seen."""
        for address, port in peers():
            self._reached(address, port)
        return list(self.connects)

    def _looked_up(self, host: Any, port: Any) -> None:
        host = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(host, str) and isinstance(port, int | str) and port and is_outside(host):
            self._names[port] = host
            _keep(self.connects, _joined(host, port))

    def _connected(self, sock: Any, address: Any) -> None:
        streams = getattr(sock, "type", socket.SOCK_STREAM) == socket.SOCK_STREAM
        if streams and isinstance(address, tuple) and len(address) >= 2:
            self._reached(str(address[0]), address[1])

    def _reached(self, host: str, port: Any) -> None:
        if port not in self._names and is_outside(host):
            _keep(self.connects, _joined(host, port))


def is_outside(host: str) -> bool:
    """Whether a host, by name or address, is another machine."""
    if not host or host.rstrip(".").lower() in ("localhost", socket.gethostname().lower()):
        return False
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return not host.rstrip(".").lower().endswith(".localhost")
    inner = getattr(address, "ipv4_mapped", None) or address
    return not (inner.is_loopback or inner.is_unspecified)


def peers() -> list[tuple[str, int]]:
    """Address and port of the other end of each TCP connection that this process holds."""
    sockets = (name for name in proc.descriptors().values() if name.startswith("socket:"))
    mine = {name[len("socket:[") : -1] for name in sockets}
    return [peer for table in ("tcp", "tcp6") for peer in _peers(f"/proc/self/net/{table}", mine)]


def _peers(path: str, inodes: set[str]) -> list[tuple[str, int]]:
    try:
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
    except OSError:
        return []
    return [_address(row[2]) for row in rows if row[3] in _UNDER_WAY and row[9] in inodes]


def _address(text: str) -> tuple[str, int]:
    """`0100007F:1F90`, as the kernel writes it: words of four bytes in the machine's order."""
    words, _, port = text.partition(":")
    raw = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    return str(ipaddress.ip_address(raw)), int(port, 16)


def _program(event: str, args: tuple[Any, ...]) -> str:
    if event in ("os.fork", "os.forkpty"):
        return "a copy of itself"
    if event == "os.system":
        return "a shell"
    named = args[0] or (args[1] if isinstance(args[1], str) else args[1][0])
    return os.path.basename(os.fsdecode(named).split(" ", 1)[0])


def _for_itself() -> bool:
    frame: Any = sys._getframe(3)
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") in _FOR_ITSELF


def _joined(host: str, port: object) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _keep(into: dict[str, None], name: str) -> None:
    if len(into) < MOST:
        into[name] = None
