"""Connections of the controller to gateways and pack hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import grpc
import grpc.aio
import msgspec

from reef.errors import ReefError
from reef.peers import messages
from reef.peers.messages import GATEWAY, PACK, Role
from reef.peers.rpc import ask
from reef.words import describe

_Reply = TypeVar("_Reply", bound=msgspec.Struct)

Connect = Callable[[str, Role], grpc.aio.Channel]
"""(HOST:PORT, role of who listens there) -> a channel over mutual TLS. Raises ReefError without certificates."""

SHORT_S = 2.0
LONG_S = 30.0  # with a snapshot of many megabytes


class PeerUnreachable(Exception):
    """A peer did not answer, or not in time; the text is for people."""


class _Peer:
    """`connect` gives its channel, for each call: certificates change meanwhile."""

    def __init__(self, connect: Callable[[], grpc.aio.Channel], service: str) -> None:
        self._connect = connect
        self._service = service

    async def _ask(
        self, method: str, request: msgspec.Struct, reply: type[_Reply], timeout_s: float
    ) -> _Reply:
        try:
            return await ask(self._connect(), self._service, method, request, reply, timeout_s)
        except grpc.aio.AioRpcError as error:
            raise PeerUnreachable(
                f"{method}: {error.code().name}: {error.details() or 'no details'}"
            ) from None
        except ReefError as error:
            raise PeerUnreachable(describe(error)) from None


class GatewayPeer(_Peer):
    """One gateway. Each method raises PeerUnreachable."""

    def __init__(self, connect: Callable[[], grpc.aio.Channel]) -> None:
        super().__init__(connect, GATEWAY)

    async def state(self) -> messages.GatewayState:
        return await self._ask("State", messages.Nothing(), messages.GatewayState, SHORT_S)

    async def hold(self, offer: messages.Offer) -> bool:
        """False where it lacks the snapshot."""
        timeout_s = LONG_S if offer.snapshot_bytes else SHORT_S
        return (await self._ask("Hold", offer, messages.Held, timeout_s)).ready

    async def freeze(self, name: str, generation: int, seconds: float) -> float | None:
        """How long ago a client there asked for the list of repositories; None: never."""
        request = messages.Freeze(name, generation, seconds)
        return (await self._ask("Freeze", request, messages.Frozen, seconds / 2)).listed_ago_s

    async def show(self, name: str, generation: int) -> bool:
        """False where it does not hold that generation."""
        return (await self._ask("Show", messages.Show(name, generation), messages.Held, SHORT_S)).ready

    async def thaw(self, name: str, generation: int) -> None:
        await self._ask("Thaw", messages.Thaw(name, generation), messages.Nothing, SHORT_S)

    async def rest(self, name: str, seconds: float) -> bool:
        """Whether no call needs the location's pod; then none gets to it for so long."""
        return (await self._ask("Rest", messages.Rest(name, seconds), messages.Rested, SHORT_S)).ready

    async def welcome(self, names: tuple[str, ...]) -> None:
        await self._ask("Welcome", messages.Welcome(names), messages.Nothing, SHORT_S)

    async def snapshot(self, digest: str) -> bytes | None:
        wanted = messages.SnapshotWanted(digest)
        return (await self._ask("Snapshot", wanted, messages.SnapshotBytes, LONG_S)).content


class PackPeer(_Peer):
    """One pack host. Each method raises PeerUnreachable."""

    def __init__(self, connect: Callable[[], grpc.aio.Channel]) -> None:
        super().__init__(connect, PACK)

    def channel(self) -> grpc.aio.Channel:
        """For Dagster's own calls."""
        return self._connect()

    async def state(self) -> messages.PackState:
        return await self._ask("State", messages.Nothing(), messages.PackState, SHORT_S)

    async def use(self, config: messages.PackConfig) -> messages.PackState:
        return await self._ask("Use", config, messages.PackState, LONG_S)

    async def hold(self, name: str) -> int:
        """How many calls of it are under way."""
        return (await self._ask("Hold", messages.OneLocation(name), messages.InFlight, SHORT_S)).calls

    async def release(self, name: str) -> None:
        await self._ask("Release", messages.OneLocation(name), messages.Nothing, SHORT_S)

    async def wake(self, name: str, timeout_s: float) -> messages.Acted:
        return await self._ask("Wake", messages.OneLocation(name), messages.Acted, timeout_s)

    async def sleep(self, name: str) -> messages.Acted:
        return await self._ask("Sleep", messages.OneLocation(name), messages.Acted, LONG_S)

    async def probe(self, name: str, timeout_s: float) -> messages.ProbeReply:
        return await self._ask("Probe", messages.OneLocation(name), messages.ProbeReply, timeout_s)
