"""A real pack host as a process, on the ground of `local_ground.py`, and what its peers ask it over TLS."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc
import local_ground
import msgspec

from deadlines import scaled, until
from reef.hosting import records
from reef.peers.messages import (
    LOCATION_KEY,
    PACK,
    SERVER_KEY,
    LocationState,
    Nothing,
    OneLocation,
    PackConfig,
    PackLocation,
    PackState,
)
from reef.peers.pack_config import to_json
from reef.peers.roles import name_of
from reef.trust.authority import Pair, issue, make_authority, trusted
from reef.trust.credentials import client_credentials
from reef.wire.fields import text
from reef.wire.lanes import path_of
from reef.wire.messages import reply_text

R = TypeVar("R")
ROLES = ("pack", "gateway", "controller")

GOOD = """
import dagster as dg

@dg.asset
def one():
    return 1

defs = dg.Definitions(assets=[one])
"""


def write_identity(folder: Path, authority: Pair, role: Any) -> Path:
    """Replaces each file in one step."""
    folder.mkdir(exist_ok=True)
    own = issue(authority, role, time.time())
    for name, content in {
        "tls.crt": own.certificate,
        "tls.key": own.key,
        "ca.crt": trusted((authority,)),
    }.items():
        (folder / ".new").write_bytes(content)
        os.replace(folder / ".new", folder / name)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


class Peer:
    """A caller with the certificate in `folder`; without one where that is None."""

    def __init__(self, port: int, folder: Path | None) -> None:
        options = (
            ("grpc.ssl_target_name_override", name_of("pack")),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", -1),
        )
        target = f"127.0.0.1:{port}"
        if folder is None:
            self.channel = grpc.insecure_channel(target, options)
        else:
            self.channel = grpc.secure_channel(target, client_credentials(folder), options)
        self._pool = ThreadPoolExecutor(32)

    def pack(self, method: str, request: msgspec.Struct, reply: type[R], seconds: float = 120) -> R:
        """Raises grpc.RpcError."""
        call = self.channel.unary_unary(f"/{PACK}/{method}", None, None)
        return msgspec.msgpack.decode(
            call(msgspec.msgpack.encode(request), timeout=scaled(seconds)), type=reply
        )

    def dagster(
        self,
        name: str,
        location: str,
        request: bytes = b"",
        *,
        timeout_s: float | None = None,
        server: str = "",
    ) -> bytes:
        """Raises grpc.RpcError."""
        call = self.channel.unary_unary(path_of(name), None, None)
        metadata = [(LOCATION_KEY, location), *([(SERVER_KEY, server)] if server else [])]
        return bytes(call(request, timeout=timeout_s or scaled(120), metadata=metadata))

    def stream(self, name: str, location: str, request: bytes) -> list[bytes]:
        call = self.channel.unary_stream(path_of(name), None, None)
        return list(call(request, timeout=scaled(120), metadata=[(LOCATION_KEY, location)]))

    def code_of(self, location: str) -> str:
        """Wakes it; the reply names the file that it runs."""
        return reply_text(self.dagster("ListRepositories", location)).decode()

    def read(self, location: str, path: Path) -> Future[bytes]:
        """Under way until somebody writes into this FIFO, which its server reads as a notebook. It must lie beside
        the location's code."""
        return self._pool.submit(self.dagster, "ExternalNotebookData", location, text(1, str(path).encode()))

    def later(self, name: str, location: str, **more: Any) -> Future[bytes]:
        return self._pool.submit(self.dagster, name, location, **more)

    def close(self) -> None:
        self.channel.close()
        self._pool.shutdown(cancel_futures=True)


class Pack:
    """`start` and `kill` as often as one likes. `in_pod`: on its own ground, where `run` is the shared volume."""

    def __init__(
        self, folder: Path, *locations: PackLocation, grace_s: float = 25.0, in_pod: bool = False
    ) -> None:
        self.folder = folder
        self.run = folder / "r"
        self.in_pod = in_pod
        self.locations = locations
        self.generation = 1
        self.grace_s = grace_s
        self.authority = make_authority(time.time())
        self.tls = {role: write_identity(folder / role, self.authority, role) for role in ROLES}
        self.config = folder / "pack.json"
        self.write(*locations)
        self.log = folder / "host.log"
        self.peer_port, self.health_port = free_port(), free_port()
        self.gateway = self.peer("gateway")
        self.controller = self.peer("controller")
        self.process: subprocess.Popen[bytes]

    def peer(self, role: str | None) -> Peer:
        return Peer(self.peer_port, self.tls[role] if role else None)

    def write(self, *locations: PackLocation) -> None:
        """Of what a host reads when it starts."""
        self.config.write_bytes(to_json(PackConfig(generation=self.generation, locations=locations)))

    def start(self, *, ready: bool = True) -> None:
        command = [sys.executable, *map(str, self._pod() if self.in_pod else self._local())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        if ready:
            until(self.is_ready, 60, "for the pack host: " + str(self.log))

    def _local(self) -> tuple[object, ...]:
        paths = (self.folder / "s", self.config, self.folder / "pack")
        return (local_ground.__file__, *paths, self.peer_port, self.health_port, self.grace_s)

    def _pod(self) -> tuple[object, ...]:
        self.run.mkdir(exist_ok=True)
        paths = ("--state", self.folder / "s", "--config", self.config, "--tls", self.folder / "pack")
        ports = ("--peer-port", self.peer_port, "--health-port", self.health_port)
        here = ("--run", self.run, "--host", "127.0.0.1")
        return ("-m", "reef.cli.main", "pack-host", *paths, *here, *ports)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.http("/readyz") == 200

    def http(self, path: str) -> int:
        """The status; 0 where nobody listens."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.health_port}{path}", timeout=scaled(5)
            ) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def use(self, *locations: PackLocation) -> PackState:
        self.generation += 1
        config = PackConfig(generation=self.generation, locations=locations)
        return self.controller.pack("Use", config, PackState)

    def state(self) -> PackState:
        return self.controller.pack("State", Nothing(), PackState)

    def of(self, name: str) -> LocationState:
        return next(one for one in self.state().locations if one.name == name)

    def one(self, method: str, name: str, reply: type[R]) -> R:
        return self.controller.pack(method, OneLocation(name), reply)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """Its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(scaled(60))

    def children(self, name: str | None = None) -> list[int]:
        """Pids of living servers, all or those of one location, whoever their parent is now."""
        folder = self.folder / "s" / "children"
        return sorted(child.pid for child, _ in records.read_all(folder) if name in (None, child.location))

    def close(self) -> None:
        self.gateway.close()
        self.controller.close()
        if self.process.poll() is None:
            self.terminate()


@contextmanager
def packed(*locations: PackLocation, **more: Any) -> Iterator[Pack]:
    with tempfile.TemporaryDirectory(prefix="pk", ignore_cleanup_errors=True) as folder:
        pack = Pack(Path(folder), *locations, **more)
        pack.start()
        try:
            yield pack
        finally:
            pack.close()


def location(name: str, code: Path, **more: Any) -> PackLocation:
    settings: dict[str, Any] = {"container": "c1", "version": "v1", "idle_timeout_s": 600.0, **more}
    settings.setdefault("working_directory", str(code.parent))
    return PackLocation(name=name, grpc_args=("-f", str(code), "--location-name", name), **settings)


__all__: Sequence[str] = ("GOOD", "Pack", "Peer", "location", "packed")
