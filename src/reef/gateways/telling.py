"""What a gateway is told to show: written down, then shown; frozen before another gateway may show it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

from reef.gateway import Board
from reef.gateways.book import Book, Record, served_of
from reef.peers.messages import Offer, Shown
from reef.snapshots import SnapshotStore
from reef.snapshots.index import DamagedSnapshot
from reef.words import describe

log = logging.getLogger("reef.gateways")

UNTIL_TOLD_S = 0.0


class Telling:
    """Between the book and the board; one word at a time for each location. Whatever raises OSError has told nobody."""

    def __init__(self, book: Book, board: Board, store: SnapshotStore) -> None:
        self._book = book
        self._board = board
        self._store = store
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def hold(self, offer: Offer) -> bool:
        """Whether it is held here now, or nothing so old is needed. Raises OSError."""
        async with self._turns[offer.name]:
            digest = offer.served.snapshot
            if digest is not None and not await self._has(digest, offer.snapshot_bytes):
                return False
            self._book.hold(offer.name, Shown(generation=offer.generation, served=offer.served))
            if offer.name in self._board.routes:
                self._board.hold(offer.name, offer.generation, served_of(offer.served))
            return True

    async def _has(self, digest: str, content: bytes | None) -> bool:
        if content is not None:
            try:
                await asyncio.to_thread(self._store.put_file, digest, content)
            except DamagedSnapshot as damage:
                log.warning("location snapshot %s came damaged: %s", digest[:12], describe(damage))
                return False
        return await asyncio.to_thread(self._store.check, digest)

    async def freeze(self, name: str, generation: int, seconds: float) -> float | None:
        """Answers wait from now on; on the disk too when this returns. How long ago the list of repositories was last
        asked for, None for never. Raises OSError."""
        async with self._turns[name]:
            listed_ago_s = None
            if name in self._board.routes:
                listed_ago_s = self._board.freeze(name, generation, seconds)
            before = self._book.record(name)
            if generation > max(before.generation, before.frozen or 0):
                await self._write(Record(name=name, shown=before.shown, frozen=generation))
            return listed_ago_s

    async def show(self, name: str, generation: int) -> bool:
        """Whether this generation, or a newer one, is shown now. Raises OSError."""
        async with self._turns[name]:
            if (record := self._book.take(name, generation)) is None:
                return False
            await self._write(record)
            await self._tidy()
            if name in self._board.routes:
                self._show(record)
                self._board.show(name, generation)
            return True

    async def thaw(self, name: str, generation: int) -> None:
        """Raises OSError."""
        async with self._turns[name]:
            before = self._book.record(name)
            if before.frozen is not None and generation >= before.frozen:
                await self._write(Record(name=name, shown=before.shown))
            if name in self._board.routes:
                self._board.thaw(name, generation)

    async def opened(self, name: str) -> None:
        """It is listened for now."""
        async with self._turns[name]:
            record, held = self._book.record(name), self._book.held(name)
            if name not in self._board.routes:
                return
            if record.frozen is not None:
                self._board.freeze(name, record.frozen, UNTIL_TOLD_S)
            self._show(record)
            if held is not None:
                self._board.hold(name, held.generation, served_of(held.served))

    async def forget(self, names: frozenset[str]) -> None:
        """These locations are gone."""
        for name in names:
            async with self._turns[name]:
                await asyncio.to_thread(self._book.forget, name)
        await self._tidy()

    def _show(self, record: Record) -> None:
        if record.shown is not None:
            self._board.hold(record.name, record.shown.generation, served_of(record.shown.served))
            self._board.show(record.name, record.shown.generation)

    async def _write(self, record: Record) -> None:
        await asyncio.to_thread(self._book.write, record)
        self._book.noted(record)

    async def _tidy(self) -> None:
        """Snapshots that are neither shown nor held may go when their room is needed."""
        await asyncio.to_thread(self._store.keep, self._book.snapshots())
