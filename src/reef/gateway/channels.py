"""Kept channels to code servers: one for each endpoint, known to be connected before anything is sent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from reef.background import Background
from reef.errors import ReefError
from reef.gateway.contract import Endpoint
from reef.gateway.status import Metadata
from reef.peers.messages import LOCATION_KEY
from reef.peers.roles import name_of
from reef.wire.client import open_channel
from reef.wire.lanes import RPCS

log = logging.getLogger("reef.gateway")

CONNECT_S = 10.0
KEEP_UNUSED_S = 600.0
_DEAD = (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)


Credentials = Callable[[], grpc.ChannelCredentials]


class NotConnected(Exception):
    """The connection was never made, so no byte was sent."""


class Kept:
    """One channel, with what is under way on it. Multicallables are kept, for making one costs as much as a call."""

    def __init__(self, endpoint: Endpoint, receive_bytes: int, credentials: Credentials | None) -> None:
        is_pack = endpoint.kind == "pack"
        self.channel = open_channel(
            endpoint.target,
            ssl=endpoint.ssl,
            receive_bytes=receive_bytes,
            credentials=credentials() if is_pack and credentials is not None else None,
            expected=name_of("pack") if is_pack else None,
        )
        self.is_pack = is_pack
        self.active = 0
        self.used_at = time.monotonic()
        self._callables: dict[str, Any] = {}

    def unary(self, path: str) -> Any:
        return self._callables.get(path) or self._made(path, self.channel.unary_unary(path, None, None))

    def stream(self, path: str) -> Any:
        return self._callables.get(path) or self._made(path, self.channel.unary_stream(path, None, None))

    def addressed(self, location: str) -> Metadata:
        """What a call of that location says beside what its caller said."""
        return ((LOCATION_KEY, location),) if self.is_pack else ()

    def _made(self, path: str, callable_: Any) -> Any:
        if path in RPCS:  # of others a caller may invent as many as it likes
            self._callables[path] = callable_
        return callable_

    async def connected(self) -> None:
        """Raises NotConnected."""
        state = self.channel.get_state(try_to_connect=True)
        if state is grpc.ChannelConnectivity.READY:
            return
        try:
            async with asyncio.timeout(CONNECT_S):
                while state is not grpc.ChannelConnectivity.READY:
                    if state in _DEAD:
                        raise NotConnected("connection refused")
                    await self.channel.wait_for_state_change(state)
                    state = self.channel.get_state(try_to_connect=True)
        except TimeoutError:
            raise NotConnected(f"no connection within {CONNECT_S:g} s") from None


class Channels:
    """All channels of a gateway. On the event loop only. `credentials` are asked for each new channel to a pack: a
    renewed certificate is used as soon as it is there."""

    def __init__(self, receive_bytes: int, credentials: Credentials | None = None) -> None:
        self._receive_bytes = receive_bytes
        self._credentials = credentials
        self._kept: dict[Endpoint, Kept] = {}
        # Calls under way, by server.
        self._active: dict[str, int] = {}
        self._closing = Background(log, "closing a channel")

    @asynccontextmanager
    async def to(self, endpoint: Endpoint) -> AsyncIterator[Kept]:
        """A connected channel; it is not closed before it is given back. Raises NotConnected."""
        kept = self._kept.get(endpoint)
        if kept is None:
            kept = self._kept[endpoint] = self._opened(endpoint)
        kept.active += 1
        self._active[endpoint.server] = self._active.get(endpoint.server, 0) + 1
        try:
            await kept.connected()
            yield kept
        except NotConnected:
            self._forget(endpoint, kept)
            raise
        finally:
            kept.active -= 1
            kept.used_at = time.monotonic()
            self._given_back(endpoint, kept)

    def _opened(self, endpoint: Endpoint) -> Kept:
        try:
            return Kept(endpoint, self._receive_bytes, self._credentials)
        except ReefError as error:
            raise NotConnected(error.message) from None

    def in_flight_to(self, server: str) -> int:
        """How many calls are under way to that server, whatever it shares its target with."""
        return self._active.get(server, 0)

    def servers_in_use(self) -> tuple[str, ...]:
        """Those with calls under way."""
        return tuple(self._active)

    def sweep(self) -> None:
        """Close what lost its server or was not used for long."""
        before = time.monotonic() - KEEP_UNUSED_S
        for endpoint, kept in list(self._kept.items()):
            ready = kept.channel.get_state() is grpc.ChannelConnectivity.READY
            if not kept.active and (not ready or kept.used_at < before):
                self._let_go(endpoint, kept)

    def drop(self, server: str) -> None:
        """It has ended: its channel is closed, once nothing is under way on it."""
        for endpoint, kept in list(self._kept.items()):
            if endpoint.server == server:
                self._let_go(endpoint, kept)

    async def aclose(self) -> None:
        for kept in self._kept.values():
            self._close(kept)
        self._kept.clear()
        await self._closing.close()

    def _let_go(self, endpoint: Endpoint, kept: Kept) -> None:
        """One on which something is under way is closed when that is given back."""
        self._forget(endpoint, kept)
        if not kept.active:
            self._close(kept)

    def _forget(self, endpoint: Endpoint, kept: Kept) -> None:
        if self._kept.get(endpoint) is kept:
            del self._kept[endpoint]

    def _given_back(self, endpoint: Endpoint, kept: Kept) -> None:
        left = self._active[endpoint.server] - 1
        if left:
            self._active[endpoint.server] = left
        else:
            del self._active[endpoint.server]
        if not kept.active and self._kept.get(endpoint) is not kept:
            self._close(kept)

    def _close(self, kept: Kept) -> None:
        self._closing.spawn(kept.channel.close(None), must_finish=True)
