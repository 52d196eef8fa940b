"""The forwarded lane: hold the call until its location is awake, then pass its bytes on, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
import grpc.aio

from reef.gateway.call import Call
from reef.gateway.channels import Channels, Kept, NotConnected
from reef.gateway.contract import Endpoint, Servers, WakeRefused
from reef.gateway.slots import Slots
from reef.gateway.status import Ended, Metadata, code_named, passed_on
from reef.gateway.tracing import NO_TRACES, Traces
from reef.peers.messages import NOT_SENT_KEY
from reef.words import describe

MOST_ATTEMPTS = 3
MOVES_S = 15.0
PAUSE_S = 0.2
# What gRPC says when a connection it had is gone and no new one could be made: nothing of the call was sent.
NEVER_SENT = "failed to connect to all addresses"
# Kinds of endpoints that are given again only after they were seen to answer again.
COME_BACK = ("pack", "pod")


_T = TypeVar("_T")


class Forwarder:
    """A call is tried at another endpoint only while no byte of it was sent: a replayed StartRun is a double run."""

    def __init__(self, servers: Servers, channels: Channels, traces: Traces = NO_TRACES) -> None:
        self._servers = servers
        self._channels = channels
        self._traces = traces

    async def unary(self, call: Call, slots: Slots, request: bytes) -> bytes:
        """The raw reply. Raises Ended with what the code server said."""
        call.enter("forwarded")
        async with slots.one(call):
            return await _repeated(call, lambda: self._once(call, request))

    async def stream(
        self, call: Call, slots: Slots, request: bytes, look: Callable[[bytes], None] | None = None
    ) -> None:
        """Writes the events to the caller. A single reply is a stream of one, so it serves for unknown methods too.
        `look` sees each event."""
        call.enter("forwarded")
        async with slots.one(call):
            await _repeated(call, lambda: self._once_streamed(call, request, look))

    async def ask(self, endpoint: Endpoint, call: Call, request: bytes) -> bytes:
        """Ask one endpoint and no other. Raises Ended."""
        try:
            async with self._channels.to(endpoint) as kept:
                return await self._asked(kept, call, request)
        except NotConnected as error:
            raise Ended(grpc.StatusCode.UNAVAILABLE, describe(error)) from None

    async def _once(self, call: Call, request: bytes) -> bytes:
        async with self._connected(call) as kept:
            try:
                return await self._asked(kept, call, request)
            except Ended as ended:
                if ended.code is grpc.StatusCode.UNAVAILABLE and NEVER_SENT in ended.details:
                    raise _NeverSent(ended.code, ended.details, ended.trailing) from None
                raise

    async def _once_streamed(self, call: Call, request: bytes, look: Callable[[bytes], None] | None) -> None:
        async with self._connected(call) as kept:
            with self._traces.step("server", {"reef.server": call.server}):
                metadata = _metadata(kept, call, self._traces.headers())
                inner = kept.stream(call.path)(request, timeout=call.remaining_s(), metadata=metadata)
                await _copy(inner, kept, call, look)

    async def _asked(self, kept: Kept, call: Call, request: bytes) -> bytes:
        with self._traces.step("server", {"reef.server": call.server}):
            return await _reply(kept, call, request, _metadata(kept, call, self._traces.headers()))

    @asynccontextmanager
    async def _connected(self, call: Call) -> AsyncIterator[Kept]:
        """A connection to where the location is now. Raises Ended where there is none after all attempts."""
        failed: Endpoint | None = None
        reason = ""
        for _ in range(MOST_ATTEMPTS):
            endpoint = self._servers.endpoint_now(call.location) or await self._woken(call)
            if endpoint == failed and endpoint.kind not in COME_BACK:
                break
            call.version = endpoint.version
            try:
                async with self._channels.to(endpoint) as kept:
                    call.server = endpoint.server
                    yield kept
                    return
            except NotConnected as error:
                failed, reason = endpoint, describe(error)
                self._servers.endpoint_failed(call.location, endpoint, reason)
        raise Ended(
            grpc.StatusCode.UNAVAILABLE,
            f"the code server of {call.location!r} could not be reached: {reason}",
        )

    async def _woken(self, call: Call) -> Endpoint:
        try:
            with self._traces.step("wake", {}):
                return await call.within(self._servers.endpoint(call.location))
        except WakeRefused as refused:
            raise Ended(code_named(refused.code), refused.reason) from None


class _NeverSent(Ended):
    """Ended before anything was sent."""


class _NotHere(Ended):
    """The pack does not have the location, not yet or no longer, and says that it has sent nothing of the call."""


async def _repeated(call: Call, once: Callable[[], Awaitable[_T]]) -> _T:
    """Again while nothing of the call was sent. A location that moves to another pack is for a moment in none that is
    known here."""
    attempts, until = 1, time.monotonic() + MOVES_S
    while True:
        try:
            return await once()
        except _NeverSent:
            if attempts == MOST_ATTEMPTS:
                raise
            attempts += 1
        except _NotHere:
            if time.monotonic() >= until:
                raise
            await call.within(asyncio.sleep(PAUSE_S))


def _ended(kept: Kept, error: grpc.aio.AioRpcError) -> Ended:
    trailing: Any = error.trailing_metadata() or ()
    if kept.is_pack and any(key == NOT_SENT_KEY for key, _ in trailing):
        return _NotHere(grpc.StatusCode.UNAVAILABLE, error.details() or "")
    return Ended.of(error)


def _metadata(kept: Kept, call: Call, headers: Metadata) -> Metadata:
    """`headers` take the place of those that came."""
    told = {key for key, _ in headers}
    passed = tuple(one for one in call.metadata() if one[0] not in told) if told else call.metadata()
    return passed + headers + kept.addressed(call.location)


async def _reply(kept: Kept, call: Call, request: bytes, metadata: Metadata) -> bytes:
    inner = kept.unary(call.path)(request, timeout=call.remaining_s(), metadata=metadata)
    try:
        reply: bytes = await inner
    except grpc.aio.AioRpcError as error:
        raise _ended(kept, error) from None
    except asyncio.CancelledError:
        inner.cancel()
        raise
    if trailing := passed_on(await inner.trailing_metadata()):
        call.context.set_trailing_metadata(trailing)
    return reply


async def _copy(inner: Any, kept: Kept, call: Call, look: Callable[[bytes], None] | None) -> None:
    try:
        async for event in inner:
            if look is not None:
                look(event)
            await call.context.write(event)
        if trailing := passed_on(await inner.trailing_metadata()):
            call.context.set_trailing_metadata(trailing)
    except grpc.aio.AioRpcError as error:
        raise _ended(kept, error) from None
    finally:
        inner.cancel()  # does nothing to a call that is over
