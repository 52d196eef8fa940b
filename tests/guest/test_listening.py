"""The host is told of Dagster's server, not of one that the location made for itself."""

from __future__ import annotations

import select
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from reef.guest import listening, wire


def test_only_the_server_at_the_locations_socket_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = grpc.server
    monkeypatch.setattr(grpc, "server", made)  # put back whatever happens
    host, guest = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    called: list[str] = []
    path = str(tmp_path / "c.sock")
    listening.tell(guest, path, lambda: called.append("then"))

    own = grpc.server(ThreadPoolExecutor(1))
    own.add_insecure_port("127.0.0.1:0")
    own.start()
    assert not select.select([host], [], [], 0)[0]
    assert not called

    dagsters = grpc.server(ThreadPoolExecutor(1))
    assert dagsters.add_insecure_port(f"unix:{path}") == 1
    dagsters.start()
    assert wire.receive(host) == ({"event": "listening"}, [])
    assert called == ["then"]
    assert grpc.server is made
    own.stop(0)
    dagsters.stop(0)
    host.close()
    guest.close()
