"""A gateway between two versions, whose controller is gone: it goes forward by itself, and not before its time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reef.gateway import Board
from reef.gateways.book import Book
from reef.gateways.letting_go import LET_GO_S, LettingGo
from reef.gateways.telling import Telling
from reef.peers.messages import Offer, ServedNow
from reef.snapshots import SnapshotStore

OLD, NEW = ServedNow(server_id="old", snapshot=None), ServedNow(server_id="new")
NAME = "sales"


def gateway(folder: Path) -> tuple[Book, Telling]:
    """What it keeps on its disk; nobody listens."""
    store = SnapshotStore(folder / "snapshots", 1 << 20)
    book = Book(folder / "shown")
    return book, Telling(book, Board(store), store)


async def frozen(telling: Telling) -> None:
    """A controller shows the old version, and dies between freezing and showing the new one."""
    await telling.hold(Offer(name=NAME, generation=1, served=OLD))
    assert await telling.show(NAME, 1)
    await telling.hold(Offer(name=NAME, generation=2, served=NEW))
    await telling.freeze(NAME, 2, 1.5)


@pytest.mark.parametrize(
    ("silent_s", "anew", "shown", "waits"),
    [
        (LET_GO_S - 1, False, OLD, 2),  # another controller may still begin
        (LET_GO_S, False, NEW, None),
        (LET_GO_S, True, OLD, 2),  # it holds nothing after a restart: others answer
    ],
)
def test_who_waits_for_too_long_goes_forward(
    tmp_path: Path, silent_s: float, anew: bool, shown: ServedNow, waits: int | None
) -> None:
    async def main() -> None:
        book, telling = gateway(tmp_path)
        await frozen(telling)
        if anew:
            book, telling = gateway(tmp_path)
        going = LettingGo(book, telling, lambda: (NAME,), lambda: 0.0, lambda: silent_s)
        await going.look()
        record = book.record(NAME)
        assert record.shown is not None
        assert (record.shown.served, record.frozen) == (shown, waits)

    asyncio.run(main())
