"""Where the page is: the socket it listens on, and the names under which a browser may ask for it."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reef.errors import ReefError
from reef.statedir import write_atomic
from reef.words import describe, fault

FIRST_PORT, PORTS_TRIED = 3200, 200
LOOPBACK_NAMES = ("localhost",)


@dataclass(frozen=True)
class PageAddress:
    host: str
    port: int

    @property
    def url(self) -> str:
        """As a browser on this machine reaches it."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() in LOOPBACK_NAMES


def may_ask(host_header: str | None, bound_to: str, names: Iterable[str] = ()) -> bool:
    """Whether a request with this `Host` is meant for the page. A page of a stranger that makes its own name point
    here (DNS rebinding) is told apart by that name; an address is nobody's name."""
    name = _without_port(host_header or "")
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return name in {*LOOPBACK_NAMES, bound_to.lower(), *(each.lower() for each in names)}


def _without_port(header: str) -> str:
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def listening_socket(host: str, port: int | None, remembered: Path) -> socket.socket:
    """Bound and listening. `port` None: the one of last time, so that links stay, else a free one. Blocks.

    Raises ReefError where `port` is taken, where there is no such address here, or where no port is free."""
    if port is not None:
        return bound(host, port)
    found = _first_free(host, [*_ports_of(remembered), *range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)])
    write_atomic(remembered, f"{found.getsockname()[1]}\n".encode(), lasting=False)
    return found


def _first_free(host: str, ports: list[int]) -> socket.socket:
    for port in ports:
        with contextlib.suppress(_Taken):
            return bound(host, port)
    raise ReefError(
        f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} for Reef's page",
        hint="choose one with --page-port, or do without it: --no-page",
    )


class _Taken(ReefError):
    pass


def bound(host: str, port: int) -> socket.socket:
    """Listening there. Blocks. Raises ReefError."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind)
    except OSError as error:
        raise ReefError(
            f"Reef's page cannot listen at {host!r}: {fault(error)}",
            hint="choose an address with --page-host",
        ) from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(128)
    except (OSError, OverflowError) as error:
        found.close()
        why = fault(error) if isinstance(error, OSError) else describe(error)
        raise _Taken(
            f"port {port} of Reef's page cannot be listened on at {host}: {why}",
            hint="choose another with --page-port, or do without it: --no-page",
        ) from None
    found.setblocking(False)
    return found


def _ports_of(remembered: Path) -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError):
        port = int(remembered.read_text())
        if 0 < port < 65536:
            yield port
