"""The part of the real controller that makes Services and completes rollbacks, beside a test; no gateway, no database:
what is written down of a location is given."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from played import Played

from deadlines import scaled
from reef.background import Background
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.controller.asked import Asked, asked
from reef.controller.book import Book
from reef.controller.objects import Objects
from reef.controller.rollbacks import note_rollbacks
from reef.controller.tasks import Tasks
from reef.controller.watched import Watched


@contextmanager
def controller(played: Played, books: Mapping[str, Book], ports: Mapping[str, int]) -> Iterator[None]:
    """Looks whenever something has changed."""
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_run(played, books, ports, ready, stop)))
    thread.start()
    try:
        assert ready.wait(scaled(60))
        yield
    finally:
        stop.set()
        thread.join()


async def _run(
    played: Played,
    books: Mapping[str, Book],
    ports: Mapping[str, int],
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    client = Client(connection(kubeconfig=played.server.kubeconfig, environ={}))
    client.namespace = played.namespace
    watched = Watched(client, played.namespace)
    background = Background(logging.getLogger("test"), "work")
    tasks = Tasks(background, watched.changed.set)
    objects = Objects(client, watched, played.namespace, "reef-workspace")
    await watched.start()
    try:
        while not stop.is_set():
            watched.changed.clear()
            fleet = _fleet(watched, books)
            await objects.follow(fleet, ports, {each.name for each in watched.known()})
            note_rollbacks(fleet, client, played.namespace, tasks)
            ready.set()
            try:
                async with asyncio.timeout(0.2):
                    await watched.changed.wait()
            except TimeoutError:
                pass
    finally:
        await background.close()
        await watched.close()
        await client.close()


def _fleet(watched: Watched, books: Mapping[str, Book]) -> list[Asked]:
    hashes = watched.hashes()
    return [
        asked(each, books.get(each.name) or Book(name=each.name), hashes)
        for each in watched.known()
        if each.location is not None and not each.deleting
    ]
