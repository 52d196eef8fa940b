"""The books of all locations in memory, each change written down before it counts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from reef.controller.book import Book, Books
from reef.controller.promoting import ShownVersion
from reef.snapshots import SnapshotStore
from reef.snapshots.index import encode
from reef.snapshots.model import LocationSnapshot
from reef.words import describe

log = logging.getLogger("reef.controller")


class Library:
    """`away` says why the database cannot be written now, for people. Belongs to one event loop."""

    def __init__(self, books: Books, store: SnapshotStore) -> None:
        self._books = books
        self._store = store
        self._all: dict[str, Book] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.shown: dict[str, ShownVersion] = {}
        self.away: str | None = None

    async def load(self) -> None:
        """Raises OSError."""
        self._all = dict(await self._books.load())
        for book in self._all.values():
            if book.shown is not None:
                self.shown[book.name] = ShownVersion(book.generation, book.shown)

    def of(self, name: str) -> Book:
        return self._all.get(name) or Book(name=name)

    def generation(self, name: str) -> int:
        """The highest that this location ever had: a name that comes back goes on from there."""
        return max(self.of(name).generation, self._books.generation(name))

    @property
    def all(self) -> Mapping[str, Book]:
        return self._all

    async def edit(self, name: str, change: Callable[[Book], Book]) -> Book:
        """Raises OSError where it could not be written: then nothing has changed."""
        async with self._locks[name]:
            before = self.of(name)
            after = change(before)
            if after != before or name not in self._all:
                try:
                    await self._books.save(after)
                except OSError as error:
                    self._is_away(error)
                    raise
                self.away = None
                self._all[name] = after
            return after

    async def show(self, name: str, new: ShownVersion, why: str) -> None:
        """Written down before any gateway shows it. Raises OSError."""
        now = time.time()
        await self.edit(name, lambda book: book.with_shown(new.generation, new.served, why, now))

    async def adopt(self, name: str, book: Book) -> None:
        """What a gateway still shows of a location that an emptied database does not know. Raises OSError."""
        await self.edit(name, lambda _: book)
        if book.shown is not None:
            self.shown[name] = ShownVersion(book.generation, book.shown)

    async def forget(self, name: str) -> None:
        """The location is gone. Raises OSError."""
        async with self._locks[name]:
            await self._books.forget(name)
            self._all.pop(name, None)
        self._locks.pop(name, None)

    # -- location snapshots ------------------------------------------------------------------------

    async def keep(self, snapshot: LocationSnapshot) -> str:
        """Its digest. Raises OSError."""
        digest, pieces = await asyncio.to_thread(encode, snapshot)
        await self.put(digest, b"".join(pieces))
        return digest

    async def put(self, digest: str, content: bytes) -> None:
        """Raises OSError, and ValueError for bytes that are no location snapshot of that digest."""
        await asyncio.to_thread(self._store.put_file, digest, content)
        try:
            await self._books.put_snapshot(digest, content)
        except OSError as error:
            self._is_away(error)
            raise

    async def content(self, digest: str) -> bytes | None:
        """The bytes of a location snapshot, from the disk, else from the database; None where nobody has it."""
        found = await asyncio.to_thread(self._store.file, digest)
        if found is None:
            try:
                found = await self._books.snapshot(digest)
            except OSError as error:
                self._is_away(error)
            if found is not None:
                await asyncio.to_thread(self._store.put_file, digest, found)
        return found

    def needed(self) -> frozenset[str]:
        """Of what is shown, and of all versions that a rollback can bring back."""
        return frozenset(digest for book in self._all.values() for digest in book.snapshots())

    async def clear(self) -> None:
        """What no book needs goes from the database, except what came in the last minutes. On the disk only what is
        shown has a right to its room. Raises OSError."""
        shown = {each.served.snapshot for each in self.shown.values() if each.served.snapshot}
        await asyncio.to_thread(self._store.keep, shown)
        try:
            await self._books.keep_snapshots(set(self.needed()))
        except OSError as error:
            self._is_away(error)
            raise

    def _is_away(self, error: OSError) -> None:
        if self.away is None:
            log.warning("the database cannot be written: %s", describe(error))
        self.away = describe(error)
