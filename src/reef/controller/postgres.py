"""The books in PostgreSQL: `records.postgres` knows how, here is what."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from reef.controller.book import Book
from reef.decide.cluster.ports import Ports
from reef.records.postgres import Database
from reef.records.postgres_ledger import PostgresLedger, PostgresSnapshots


class PostgresBooks:
    """Implements `Books`. `token` rises from leader to leader: who has a lower one than the database knows cannot
    write."""

    def __init__(self, url: str, namespace: str, token: int) -> None:
        """Connects to nothing yet. Raises ReefError for a URL that is none."""
        self._database = Database(url, namespace, token)
        self._ledger = PostgresLedger(self._database)
        self._snapshots = PostgresSnapshots(self._database)

    async def load(self) -> Mapping[str, Book]:
        bodies = await asyncio.to_thread(self._ledger.load)
        return {name: msgspec.json.decode(body, type=Book) for name, body in bodies.items()}

    def generation(self, name: str) -> int:
        return self._ledger.generation(name)

    async def save(self, book: Book) -> None:
        body = msgspec.json.encode(book)
        generation = max(book.generation, self._ledger.generation(book.name))
        await asyncio.to_thread(self._ledger.save, book.name, generation, body)

    async def forget(self, name: str) -> None:
        await asyncio.to_thread(self._ledger.forget, name)

    async def ports(self) -> Ports:
        body = await asyncio.to_thread(self._ledger.ports)
        return msgspec.json.decode(body, type=Ports) if body else Ports()

    async def save_ports(self, ports: Ports) -> None:
        await asyncio.to_thread(self._ledger.save_ports, msgspec.json.encode(ports))

    async def put_snapshot(self, digest: str, content: bytes) -> None:
        await asyncio.to_thread(self._snapshots.put, digest, content)

    async def snapshot(self, digest: str) -> bytes | None:
        return await asyncio.to_thread(self._snapshots.get, digest)

    async def keep_snapshots(self, digests: set[str]) -> None:
        await asyncio.to_thread(self._snapshots.keep, digests)

    async def close(self) -> None:
        await asyncio.to_thread(self._database.close)
