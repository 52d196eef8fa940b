"""Where a location is listened for: an address that stays the same over restarts."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from reef.errors import ReefError
from reef.statedir import check_socket_path
from reef.words import fault

CONNECT_S = 1.0


@dataclass(frozen=True)
class ListenAddress:
    """A unix socket's path, or a host (loopback unless said otherwise, "" for every address) and a port."""

    socket: str | None = None
    host: str = "127.0.0.1"
    port: int | None = None

    @property
    def target(self) -> str:
        """As gRPC spells it."""
        return f"unix:{self.socket}" if self.socket else host_and_port(self.host, self.port)


def host_and_port(host: str, port: int | None) -> str:
    """As gRPC spells it; "" becomes `[::]`, which takes IPv4 too."""
    host = host or "::"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def prepare(address: ListenAddress) -> None:
    """Blocking: see that the address is free, remove a dead socket. Raises ReefError where it is taken."""
    if address.socket:
        _prepare_socket(address.socket)
    elif address.port is not None:
        _prepare_port(address.host, address.port)
    else:
        raise ReefError("a listener needs a unix socket or a port")


def protect(address: ListenAddress) -> None:
    """Blocking: after binding, nobody but the owner may connect to the socket."""
    if address.socket:
        os.chmod(address.socket, 0o600)


def _prepare_socket(path: str) -> None:
    check_socket_path(Path(path))
    if not os.path.lexists(path):
        return
    if not Path(path).is_socket():
        raise ReefError(f"{path!r} is there and no socket", hint="move it away")
    if _is_listened_on(path):
        raise ReefError(
            f"socket {path!r} is taken by a process that listens on it", hint="is another Reef running?"
        )
    Path(path).unlink(missing_ok=True)


def _is_listened_on(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_S)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def _prepare_port(host: str, port: int) -> None:
    if (error := port_fault(host, port)) is not None:
        raise ReefError(
            f"port {port} of {host} cannot be listened on: {fault(error)}",
            hint="choose another port",
        )


def port_fault(host: str, port: int) -> OSError | None:
    """Blocking: why nobody can listen there now; None where it is free. An empty `host` stands for all addresses."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, where = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        return error
    return None
