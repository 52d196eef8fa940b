"""Raw calls to a code server: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType

import grpc
import grpc.aio

from reef.wire.lanes import path_of
from reef.wire.messages import EMPTY, server_id_of

# A call is never repeated by gRPC itself, because a replayed StartRun is a double run; a channel's backoff is its
# own. Dagster's servers compress whatever the caller accepts, so gzip has to be accepted.
CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)
# A peer of Reef's on a node that is lost says nothing any more: 15 seconds later its connection counts as broken. The
# peer must allow these pings (`gateway.listener.server_options`); Dagster's own servers do not.
PEER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)


def open_channel(
    target: str,
    *,
    ssl: bool = False,
    receive_bytes: int = -1,
    credentials: grpc.ChannelCredentials | None = None,
    expected: str | None = None,
) -> grpc.aio.Channel:
    """A channel for raw bytes; `receive_bytes` bounds one message, -1 does not. `expected` is the name in the server's
    certificate, where `credentials` are given and that is not the target's own."""
    options: tuple[tuple[str, int | str], ...] = (
        *CHANNEL_OPTIONS,
        ("grpc.max_receive_message_length", receive_bytes),
        ("grpc.max_send_message_length", -1),
    )
    if expected is not None:
        options = (*options, *PEER_OPTIONS, ("grpc.ssl_target_name_override", expected))
    if credentials is not None:
        return grpc.aio.secure_channel(target, credentials, options=options)
    if ssl:
        return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
    return grpc.aio.insecure_channel(target, options=options)


class RawClient:
    """Calls of Dagster's API by name; raises grpc.aio.AioRpcError. An async context manager."""

    def __init__(self, target: str, *, ssl: bool = False) -> None:
        self._channel = open_channel(target, ssl=ssl)

    async def call(self, name: str, request: bytes = EMPTY, *, timeout_s: float) -> bytes:
        reply: bytes = await self._channel.unary_unary(path_of(name), None, None)(request, timeout=timeout_s)
        return reply

    async def stream(self, name: str, request: bytes = EMPTY, *, timeout_s: float) -> AsyncIterator[bytes]:
        async for event in self._channel.unary_stream(path_of(name), None, None)(request, timeout=timeout_s):
            yield event

    async def close(self) -> None:
        await self._channel.close(None)

    async def __aenter__(self) -> RawClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def get_server_id(target: str, *, timeout_s: float, ssl: bool = False) -> str:
    """The id that a code server gives itself; raises grpc.aio.AioRpcError."""
    async with RawClient(target, ssl=ssl) as client:
        return server_id_of(await client.call("GetServerId", timeout_s=timeout_s))
