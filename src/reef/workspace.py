"""The `workspace.yaml` that Dagster's webserver and daemon read: one gRPC server for each location."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import yaml

from reef.errors import ReefError
from reef.gateway import ListenAddress
from reef.gateway.address import port_fault
from reef.statedir import StateDir, write_atomic
from reef.words import fault

AddressesFor = Callable[[tuple[str, ...]], Mapping[str, ListenAddress]]
"""Where to listen for these names; blocks."""

HEADER = "# Written by Reef. Point dagster-webserver and dagster-daemon at it with -w.\n"


def unix_addresses(state: StateDir, names: Iterable[str]) -> dict[str, ListenAddress]:
    """A unix socket for each location, at the same path after every restart."""
    return {name: ListenAddress(socket=str(state.listener_socket(name))) for name in names}


def tcp_addresses(
    state: StateDir, names: Iterable[str], host: str, base_port: int
) -> dict[str, ListenAddress]:
    """A port for each location from `base_port` up; once given, a location keeps it (origin ids hash it)."""
    path = state.root / "ports.json"
    given = _given_ports(path)
    taken = set(given.values())
    names = tuple(names)
    for name in names:
        if name not in given:
            port = base_port
            while port in taken:
                port += 1
            if port > 65535:
                raise ReefError(f"no port left above {base_port}", hint="choose a lower --base-port")
            given[name] = port
            taken.add(port)
    write_atomic(path, msgspec.json.encode(given))
    addresses = {name: ListenAddress(host=host, port=given[name]) for name in names}
    for name, address in addresses.items():
        check_port_free(host, address.port or 0, f"of location {name!r}", "--base-port")
    return addresses


def _given_ports(path: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError):
        return {}


def check_port_free(host: str, port: int, whose: str, option: str) -> None:
    """Refuse a port that somebody else listens on, before anything is started."""
    if (error := port_fault(host, port)) is not None:
        raise ReefError(
            f"port {port} {whose} cannot be listened on at {host}: {fault(error)}",
            hint=f"choose another with {option}",
        )


def write_workspace(path: Path, addresses: Mapping[str, ListenAddress]) -> None:
    """Replace the workspace file in one step; a reader sees the old or the new one."""
    entries = [_entry(name, address) for name, address in addresses.items()]
    text = yaml.safe_dump({"load_from": entries}, sort_keys=False, allow_unicode=True)
    write_atomic(path, (HEADER + text).encode())


def _entry(name: str, address: ListenAddress) -> dict[str, object]:
    where: dict[str, object] = (
        {"socket": address.socket} if address.socket else {"host": address.host, "port": address.port}
    )
    return {"grpc_server": {**where, "location_name": name}}
