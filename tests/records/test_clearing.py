"""Location snapshots in a real PostgreSQL: what a rollback may name stays, the rest goes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path

import psycopg

from reef.background import Background
from reef.controller.book import KeptVersion
from reef.controller.clearing import EVERY_S, FIRST_S, Clearing
from reef.controller.library import Library
from reef.controller.postgres import PostgresBooks
from reef.controller.promoting import ShownVersion
from reef.controller.tasks import Tasks
from reef.peers.messages import ServedNow
from reef.snapshots import SnapshotStore


def digest(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()


def kept(version: str, at: float) -> KeptVersion:
    served = ServedNow(server_id=version, snapshot=digest(version), version=version)
    image = f"sales:{version}"
    return KeptVersion(
        version=version, image=image, pinned=image, digest="", spec={}, served=served, recorded_at=at
    )


def there(url: str) -> set[str]:
    with psycopg.connect(url) as db:
        return {name for (name,) in db.execute("SELECT digest FROM reef.snapshot").fetchall()}


def aged(url: str) -> None:
    """As if all were stored an hour ago."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("UPDATE reef.snapshot SET stored_at = now() - interval '1 hour'")


def test_what_no_version_needs_is_removed(url: str, tmp_path: Path) -> None:
    async def main() -> None:
        books = PostgresBooks(url, "dagster", 1)
        background = Background(logging.getLogger("test"), "work")
        over = asyncio.Event()
        try:
            library = Library(books, SnapshotStore(tmp_path, 1 << 20))
            await library.load()
            clearing = Clearing(library, Tasks(background, over.set))
            for version in ("shown", "kept", "gone"):
                await books.put_snapshot(digest(version), version.encode())
            await asyncio.to_thread(aged, url)
            await books.put_snapshot(digest("fresh"), b"fresh")
            shown, other = kept("shown", 1.0), kept("kept", 2.0)
            await library.edit("sales", lambda book: book.with_version(shown).with_version(other))
            await library.show("sales", ShownVersion(1, shown.served), "It is asked for.")
            library.shown["sales"] = ShownVersion(1, shown.served)

            async def looked(now: float) -> set[str]:
                clearing.look(now)
                while clearing.busy:
                    await asyncio.sleep(0.01)
                return await asyncio.to_thread(there, url)

            everything = {digest(each) for each in ("shown", "kept", "gone", "fresh")}
            assert await looked(0.0) == everything
            assert await looked(FIRST_S - 1) == everything
            assert await looked(FIRST_S) == everything - {digest("gone")}
            await asyncio.to_thread(aged, url)
            assert await looked(FIRST_S + EVERY_S) == {digest("shown"), digest("kept")}
            await books.put_snapshot(digest("unseen"), b"unseen")
            await asyncio.to_thread(aged, url)
            assert digest("unseen") in await looked(FIRST_S + 2 * EVERY_S)  # nothing changed: nobody asks
            await library.forget("sales")
            assert await looked(FIRST_S + 3 * EVERY_S) == set()
        finally:
            await background.close()
            await books.close()

    asyncio.run(main())
