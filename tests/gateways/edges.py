"""A gateway in this process or in others, on loopback addresses of its own, and what stands around it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
import grpc.aio
import msgspec
from mutual import given

from deadlines import scaled
from reef.gateway.listener import server_options
from reef.gateways.contract import Cluster
from reef.gateways.gateway_process import GatewayProcess
from reef.gateways.settings import GatewaySettings
from reef.kube.labels import HEALTH_PORT, PEER_PORT
from reef.peers.messages import GATEWAY, LOCATION_KEY, NOT_SENT_KEY, Role
from reef.peers.roles import caller
from reef.peers.rpc import ask
from reef.trust.authority import Pair, make_authority
from reef.trust.credentials import channel, server_credentials
from reef.wire import messages
from reef.wire.client import RawClient, open_channel
from reef.wire.limits import MessageLimits

T = TypeVar("T", bound=msgspec.Struct)
PORT = 20_000
NOW = time.time()
CA: Pair = make_authority(NOW)
_NUMBERS = itertools.count(2)
_NET = f"127.{random.randint(2, 250)}.{random.randint(0, 250)}"


def address() -> str:
    """One that nobody else uses, where every port is free: each stands for a pod."""
    return f"{_NET}.{next(_NUMBERS)}"


def tls(folder: Path) -> Path:
    """Certificates of all roles, a folder each."""
    roles: tuple[Role, ...] = ("controller", "gateway", "pack")
    for role in roles:
        given(folder, CA, role, NOW)
    return folder


@dataclass
class Edge:
    """A gateway that runs somewhere, as others reach it."""

    host: str
    certificates: Path

    async def told(
        self,
        method: str,
        request: msgspec.Struct,
        reply: type[T],
        role: Role = "controller",
        timeout_s: float = 20.0,
    ) -> T:
        """Ask its peer service, as a process of that role. Raises grpc.aio.AioRpcError."""
        async with channel(f"{self.host}:{PEER_PORT}", "gateway", self.certificates / role) as opened:
            return await ask(opened, GATEWAY, method, request, reply, scaled(timeout_s))

    async def call(
        self, method: str, request: bytes = b"", *, port: int = PORT, timeout_s: float = 20.0
    ) -> bytes:
        """As a client of Dagster's API."""
        async with RawClient(f"{self.host}:{port}") as client:
            return await client.call(method, request, timeout_s=scaled(timeout_s))

    async def server_id(self, *, port: int = PORT, timeout_s: float = 20.0) -> str:
        return messages.server_id_of(await self.call("GetServerId", port=port, timeout_s=timeout_s))

    def page(self, path: str = "/readyz") -> tuple[int, str]:
        """Status and text over HTTP; status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(
                f"http://{self.host}:{HEALTH_PORT}{path}", timeout=scaled(5)
            ) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    async def looked(self, path: str = "/readyz") -> tuple[int, str]:
        """`page` beside other tasks."""
        return await asyncio.to_thread(self.page, path)


@dataclass
class Here(Edge):
    process: GatewayProcess

    def listens_for(self, *names: str) -> bool:
        parts = self.process.parts
        return parts.listeners.settled and parts.directory.sites().keys() >= set(names)


@asynccontextmanager
async def edge(folder: Path, cluster: Cluster, **settings: Any) -> AsyncIterator[Here]:
    """In this process. A second one in the same folder is a restart."""
    host = settings.pop("host", None) or address()
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    certificates = settings.pop("certificates", None) or folder
    if not (certificates / "gateway").exists():
        tls(certificates)
    given_settings = {"linger_s": 0.0, "grace_s": 1.0, **settings}
    process = GatewayProcess(
        GatewaySettings(state, certificates / "gateway", host, **given_settings), cluster
    )
    await process.start()
    try:
        yield Here(host, certificates, process)
    finally:
        await process.stop()


@dataclass
class Apart(Edge):
    """A process of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def apart(
    folder: Path, certificates: Path, cluster: Path, *, host: str | None = None, linger_s: float = 0.0
) -> Iterator[Apart]:
    """`folder` is its own; the same again is a restart."""
    folder.mkdir(exist_ok=True)
    host, log = host or address(), folder / "log"
    command = [
        sys.executable,
        str(Path(__file__).with_name("one_gateway.py")),
        host,
        str(folder / "state"),
        str(certificates / "gateway"),
        str(cluster),
        str(linger_s),
    ]
    paths = os.pathsep.join((str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")))
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": paths}
        )
    one = Apart(host, certificates, process, log)
    try:
        yield one
    finally:
        one.kill()


class _Pack(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    def __init__(self, targets: dict[str, str], seen: list[tuple[str | None, tuple[str, ...]]]) -> None:
        self._targets, self._seen = targets, seen

    def service(self, details: Any) -> Any:
        locations = tuple(str(value) for key, value in details.invocation_metadata if key == LOCATION_KEY)

        async def pass_on(request: bytes, context: Any) -> AsyncIterator[bytes]:
            self._seen.append((caller(context), locations))
            if locations[0] not in self._targets:
                await context.abort(
                    grpc.StatusCode.NOT_FOUND, "it is not in this pack", ((NOT_SENT_KEY, "1"),)
                )
            async with open_channel(self._targets[locations[0]]) as opened:
                async for event in opened.unary_stream(details.method, None, None)(request):
                    yield event

        return grpc.unary_stream_rpc_method_handler(pass_on)


@asynccontextmanager
async def fake_pack(
    host: str, certificates: Path, targets: dict[str, str], role: Role = "pack"
) -> AsyncIterator[list[tuple[str | None, tuple[str, ...]]]]:
    """FAKE: a pack's host that passes each call to the server of the location that it names. Gives what it was asked:
    the caller's role, and the locations named."""
    seen: list[tuple[str | None, tuple[str, ...]]] = []
    server = grpc.aio.server(options=server_options(MessageLimits()))
    server.add_generic_rpc_handlers((_Pack(targets, seen),))
    server.add_secure_port(f"{host}:{PEER_PORT}", server_credentials(certificates / role))
    await server.start()
    try:
        yield seen
    finally:
        await server.stop(0)


@asynccontextmanager
async def relay(host: str, port: int, socket: str, lost: asyncio.Event | None = None) -> AsyncIterator[None]:
    """What listens on a unix socket, or at `HOST:PORT`, at a pod's address. Connections break when it ends, as a pod's
    do; while `lost` is set, nothing gets through and nothing breaks, as with a node that is gone."""
    writers: list[asyncio.StreamWriter] = []
    tasks: list[asyncio.Task[None]] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                if lost is not None and lost.is_set():
                    continue
                sink.write(data)
                await sink.drain()
        sink.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if socket.startswith("/"):
            inner_reader, inner_writer = await asyncio.open_unix_connection(socket)
        else:
            inner_reader, inner_writer = await asyncio.open_connection(*socket.split(":"))
        writers.append(inner_writer)
        tasks.append(asyncio.create_task(pump(reader, inner_writer)))
        tasks.append(asyncio.create_task(pump(inner_reader, writer)))

    server = await asyncio.start_server(joined, host, port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
