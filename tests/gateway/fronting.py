"""A gateway before one real code server, with a control that only says where that is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import grpc
import grpc.aio
from dagster._grpc.client import DagsterGrpcClient

from deadlines import scaled, until_async
from reef.gateway import Board, CallLimits, Gateway, ListenAddress
from reef.gateway.contract import CallEnded, CallStarted, Endpoint, Served, WakeRefused
from reef.gateway.tracing import NO_TRACES, Traces
from reef.snapshots import SnapshotStore
from reef.snapshots.record import Recording
from reef.wire.client import RawClient
from reef.wire.limits import MessageLimits

T = TypeVar("T")
LOCATION = "sales"
REPOSITORY = "__repository__"


def endpoint(target: str, kind: Literal["child", "external"] = "child") -> Endpoint:
    return Endpoint(target, "v1", server=target, kind=kind)


@dataclass
class FakeControl:
    """`now` is where a warm location answers; `woken` what a wake comes to, None for one that never ends."""

    now: Endpoint | None = None
    woken: Endpoint | Exception | None = None
    runs_at: tuple[Endpoint, ...] = ()
    orphans: set[str] = field(default_factory=set)
    wakes: int = 0
    failed: list[Endpoint] = field(default_factory=list)
    on_failed: Callable[[], None] = lambda: None
    reloads: int = 0
    reload_until: asyncio.Event | None = None
    reprobes: int = 0
    reprobed: str | Exception = "reef-new"
    wishes: int = 0

    def endpoint_now(self, location: str) -> Endpoint | None:
        return self.now

    async def endpoint(self, location: str) -> Endpoint:
        self.wakes += 1
        if self.woken is None:
            await asyncio.Event().wait()
        if isinstance(self.woken, Exception):
            raise self.woken
        assert self.woken is not None
        return self.woken

    def endpoint_failed(self, location: str, endpoint: Endpoint, reason: str) -> None:
        self.failed.append(endpoint)
        self.on_failed()

    async def run_endpoints(self, location: str) -> tuple[Endpoint, ...]:
        return self.runs_at

    async def cancel_orphan(self, location: str, run_id: str) -> bool:
        return run_id in self.orphans

    async def can_cancel_orphan(self, location: str, run_id: str) -> bool:
        return run_id in self.orphans

    async def reload(self, location: str) -> None:
        if self.reload_until is not None:
            await self.reload_until.wait()
        self.reloads += 1

    async def reprobe(self, location: str) -> str:
        self.reprobes += 1
        if isinstance(self.reprobed, Exception):
            raise self.reprobed
        return self.reprobed

    def shutdown_wish(self, location: str) -> None:
        self.wishes += 1


NOT_NOW = WakeRefused("its code does not load")


@dataclass
class Front:
    """A gateway that listens for one location."""

    gateway: Gateway
    board: Board
    control: FakeControl
    store: SnapshotStore
    socket: str
    events: list[CallStarted | CallEnded]
    missing: list[tuple[str, str]]

    @property
    def target(self) -> str:
        return f"unix:{self.socket}"

    @property
    def dagster(self) -> DagsterGrpcClient:
        """Dagster's own client; it blocks, so use `ask`."""
        return DagsterGrpcClient(socket=self.socket)

    async def ask(self, call: Callable[[DagsterGrpcClient], T]) -> T:
        return await asyncio.to_thread(call, self.dagster)

    async def raw(self, method: str, request: bytes = b"", timeout_s: float | None = None) -> bytes:
        timeout_s = scaled(30.0) if timeout_s is None else timeout_s
        async with RawClient(self.target) as client:
            return await client.call(method, request, timeout_s=timeout_s)

    def serve(self, recording: Recording | None, server_id: str = "reef-1") -> str | None:
        """Serve a recording; returns the digest of its snapshot."""
        digest = self.store.put(recording.snapshot) if recording and recording.snapshot else None
        error = recording.load_error if recording else None
        self.board.serve(LOCATION, Served(server_id, digest, error))
        return digest

    def ended(self, method: str) -> CallEnded:
        """The last call of a method that ended."""
        return [event for event in self.events if isinstance(event, CallEnded) and event.method == method][-1]

    def lanes(self, method: str) -> set[str]:
        return {event.lane for event in self.events if event.method == method}


@asynccontextmanager
async def fronted(
    folder: Path,
    control: FakeControl,
    *,
    limits: CallLimits | None = None,
    messages: MessageLimits | None = None,
    id_lag_s: float = 0.0,
    list_lag_s: float = 0.0,
    traces: Traces = NO_TRACES,
) -> AsyncIterator[Front]:
    events: list[Any] = []
    missing: list[tuple[str, str]] = []
    store = SnapshotStore(folder / "snapshots", 1 << 30)
    board = Board(store, limits=messages, id_lag_s=id_lag_s, list_lag_s=list_lag_s)
    gateway = Gateway(
        board,
        control,
        control,
        events.append,
        on_missing=lambda location, digest: missing.append((location, digest)),
        traces=traces,
    )
    socket = str(folder / "l.sock")
    try:
        await gateway.open(LOCATION, ListenAddress(socket=socket), limits)
        yield Front(gateway, board, control, store, socket, events, missing)
    finally:
        await gateway.aclose(0.0)


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that other tasks bring about."""
    await until_async(condition, seconds)


SERVERS: dict[str, grpc.aio.Server] = {}


class _Any(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._handler


@asynccontextmanager
async def fake_server(
    folder: Path, answer: Any, *, streams: bool = False, name: str = "fake"
) -> AsyncIterator[str]:
    """A server whose every method does the same; for what a real code server does not do on demand."""
    make = grpc.stream_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((_Any(make(answer)),))
    target = f"unix:{folder}/{name}.sock"
    server.add_insecure_port(target)
    await server.start()
    SERVERS[target] = server
    try:
        yield target
    finally:
        await server.stop(0)
