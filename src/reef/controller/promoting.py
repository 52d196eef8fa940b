"""Promotion over all gateways, so that no client sees a server id go back, whichever gateway it asks.

Every gateway gets the new answers ready (*hold*). The database learns that they are shown from now on: a controller
that takes over after a crash goes forward, never back. Every gateway stops answering for the location (*freeze*), and
only when all have said so, they answer the new (*show*).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from reef.controller.peering import GatewayPeer, PeerUnreachable
from reef.peers.messages import Offer, ServedNow

log = logging.getLogger("reef.controller")

FREEZE_S = 1.5  # a poll of Dagster waits two seconds
MOST_TRIES = 5
PAUSE_S = 0.5
ID_LAG_S = 2.0  # from a client's list of repositories to its question for the server id
LONGEST_LAG_S = 10.0


class PromotionFailed(Exception):
    """Nobody shows the new version; the old one is shown by all. The text is for people."""


@dataclass(frozen=True)
class ShownVersion:
    """What every gateway shows, or is to show."""

    generation: int
    served: ServedNow


@dataclass
class Member:
    """One gateway, by the uid of its pod and the start of its container."""

    key: str
    peer: GatewayPeer
    welcomed: bool = False
    told: dict[str, int] = field(default_factory=dict)


ReadSnapshot = Callable[[str], Awaitable[bytes | None]]
WriteShown = Callable[[str, ShownVersion, str], Awaitable[None]]
"""Durable when it returns. Raises OSError where the database is away."""


class Promoter:
    """All methods on one event loop. `shown` is what the database says, `highest` the last generation of a location
    that is not shown now; `unwell` is told of a gateway that is there and does not do as it is told, so that somebody
    ends it."""

    def __init__(
        self,
        shown: dict[str, ShownVersion],
        read_snapshot: ReadSnapshot,
        write_shown: WriteShown,
        unwell: Callable[[str, str], None],
        highest: Callable[[str], int] = lambda _name: 0,
    ) -> None:
        self.shown = shown
        self._read_snapshot = read_snapshot
        self._write_shown = write_shown
        self._unwell = unwell
        self._highest = highest
        self._members: dict[str, Member] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    # -- gateways come and go ----------------------------------------------------------------------

    def members(self) -> tuple[Member, ...]:
        return tuple(self._members.values())

    async def join(self, member: Member, names: Iterable[str]) -> None:
        """Tell a gateway everything; from then on it takes part. Raises PeerUnreachable."""
        self._members[member.key] = member
        names = tuple(names)
        for name in names:
            async with self._locks[name]:
                if (now := self.shown.get(name)) is not None:
                    await self._tell(member, name, now)
        await member.peer.welcome(names)
        member.welcomed = True

    def leave(self, key: str) -> Member | None:
        """Its pod is gone, or its container has ended."""
        return self._members.pop(key, None)

    async def _tell(self, member: Member, name: str, now: ShownVersion) -> None:
        if member.told.get(name) != now.generation:
            await self._hold(member, name, now)
            await self._show(member, name, now)

    async def remind(self, member: Member) -> None:
        """Tell it what it was not told yet. Raises PeerUnreachable."""
        for name, now in list(self.shown.items()):
            async with self._locks[name]:
                await self._tell(member, name, self.shown.get(name, now))

    # -- one promotion -----------------------------------------------------------------------------

    async def promote(self, name: str, served: ServedNow, why: str) -> ShownVersion:
        """Show this everywhere; `why` is written down with it. Raises PromotionFailed, and OSError of the database."""
        async with self._locks[name]:
            before = self.shown.get(name)
            if before is not None and before.served == served:
                await self._write_shown(name, before, why)
                return before
            last = before.generation if before else self._highest(name)
            new = ShownVersion(last + 1, served)
            await self._each(name, lambda member: self._hold(member, name, new), "hold")
            await self._write_shown(name, new, why)
            self.shown[name] = new
            await self._switch(name, new)
            return new

    async def forget(self, name: str) -> None:
        """The location is gone."""
        async with self._locks[name]:
            self.shown.pop(name, None)
            for member in self._members.values():
                member.told.pop(name, None)
        self._locks.pop(name, None)

    async def _switch(self, name: str, new: ShownVersion) -> None:
        """A client that has just listed the old repositories may ask for the id next: the switch waits for a pause."""
        deadline = time.monotonic() + LONGEST_LAG_S
        tries = 0
        while True:
            failed, listed = await self._frozen(name, new)
            wait_s = PAUSE_S if failed else max(0.0, ID_LAG_S - min(listed, default=ID_LAG_S))
            if not failed and (wait_s == 0 or time.monotonic() >= deadline):
                break
            tries += bool(failed)
            if tries == MOST_TRIES:
                # It cannot be known whether such a gateway still answers: whoever runs it has to end it.
                for member in failed:
                    self._unwell(member.key, f"it did not stop answering for {name!r}")
                break
            await self._all(lambda member: member.peer.thaw(name, new.generation))
            await asyncio.sleep(wait_s)
        failed = await self._all(lambda member: self._show(member, name, new))
        if failed:
            log.warning("%s gateways were not told to show %s; they are told again", len(failed), name)

    async def _frozen(self, name: str, new: ShownVersion) -> tuple[list[Member], list[float]]:
        """Those that failed, and how long ago clients asked the others for the list of repositories, in seconds."""
        listed: list[float] = []
        failed = await self._all(lambda member: self._freeze(member, name, new, listed))
        return failed, listed

    async def _freeze(self, member: Member, name: str, new: ShownVersion, listed: list[float]) -> None:
        ago_s = await member.peer.freeze(name, new.generation, FREEZE_S)
        if ago_s is not None:
            listed.append(ago_s)

    async def _show(self, member: Member, name: str, new: ShownVersion) -> None:
        if not await member.peer.show(name, new.generation):
            raise PeerUnreachable(f"the gateway does not have generation {new.generation} of {name!r}")
        member.told[name] = new.generation

    async def _hold(self, member: Member, name: str, now: ShownVersion) -> None:
        offer = Offer(name=name, generation=now.generation, served=now.served)
        if await member.peer.hold(offer):
            return
        digest = now.served.snapshot
        content = await self._read_snapshot(digest) if digest else None
        if content is None:
            raise PromotionFailed(f"the location snapshot of {name!r} is missing")
        full = Offer(name=name, generation=now.generation, served=now.served, snapshot_bytes=content)
        if not await member.peer.hold(full):
            raise PeerUnreachable(f"the gateway did not take the location snapshot of {name!r}")

    async def _each(self, name: str, work: Callable[[Member], Awaitable[None]], what: str) -> None:
        """On every gateway, again for those that do not answer. Raises PromotionFailed."""
        for attempt in range(MOST_TRIES):
            failed = await self._all(work)
            if not failed:
                return
            if attempt < MOST_TRIES - 1:
                await asyncio.sleep(PAUSE_S)
        keys = ", ".join(member.key for member in failed)
        raise PromotionFailed(f"gateways did not answer ({what} of {name!r}): {keys}")

    async def _all(self, work: Callable[[Member], Awaitable[None]]) -> list[Member]:
        """Those that are still members, and failed."""
        members = self.members()
        results = await asyncio.gather(*(work(member) for member in members), return_exceptions=True)
        failed = []
        for member, result in zip(members, results, strict=True):
            if isinstance(result, PeerUnreachable):
                if member.key in self._members:
                    failed.append(member)
            elif isinstance(result, BaseException):
                raise result
        return failed
