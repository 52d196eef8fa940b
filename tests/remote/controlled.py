"""The part of the real controller that makes Services, completes rollbacks and runs errands, beside a test; no gateway,
no pack, no database: what is written down of a location is given."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import grpc
import grpc.aio
from played import Played

from deadlines import scaled
from reef.background import Background
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.controller.asked import Asked, asked
from reef.controller.book import Book
from reef.controller.errands import Errands
from reef.controller.hosts import Hosts
from reef.controller.members import Members
from reef.controller.objects import Objects
from reef.controller.places import Running, places
from reef.controller.promoting import Promoter, ShownVersion
from reef.controller.resting import Resting
from reef.controller.rollbacks import note_rollbacks
from reef.controller.tasks import Tasks
from reef.controller.watched import Watched
from reef.errors import ReefError
from reef.kube.objects.released import ReefPods
from reef.peers.messages import Role


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
    errands = _errands_of(client, played.namespace, tasks)
    objects = Objects(client, watched, played.namespace, "reef-workspace")
    await watched.start()
    try:
        while not stop.is_set():
            watched.changed.clear()
            fleet = _fleet(watched, books)
            await objects.follow(fleet, ports, {each.name for each in watched.known()})
            note_rollbacks(fleet, client, played.namespace, tasks)
            _errands(errands, fleet, watched, played.namespace)
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


def _errands_of(client: Client, namespace: str, tasks: Tasks) -> Errands:
    """There is no gateway, so none needs a pod."""
    promoter = Promoter({}, _nothing, _nowhere, lambda _key, _why: None)
    background = Background(logging.getLogger("test"), "members")
    members = Members(promoter, _nobody, lambda: (), lambda _state, _peer: None, background)
    return Errands(
        client, namespace, Hosts(_nobody), Resting(client, namespace, members, promoter, tasks), tasks
    )


def _errands(errands: Errands, fleet: list[Asked], watched: Watched, namespace: str) -> None:
    """Each location is served from where it shall be."""
    released = [(each, each.released(each.book.version or "")) for each in fleet]
    there = [Running(each, one) for each, one in released if one is not None]
    wanted = places(there, (), {}, {}, namespace, ReefPods("reef:1"), False, 0.0)
    serving = {each.location: each.deployment for each in wanted.own}
    errands.look(fleet, wanted, (), watched.deployments_seen(), serving, {})


async def _nothing(_digest: str) -> bytes | None:
    return None


async def _nowhere(_name: str, _shown: ShownVersion, _why: str) -> None:
    return None


def _nobody(_target: str, _role: Role) -> grpc.aio.Channel:
    raise ReefError("there is nobody")


def _fleet(watched: Watched, books: Mapping[str, Book]) -> list[Asked]:
    hashes = watched.hashes()
    return [
        asked(each, books.get(each.name) or Book(name=each.name), hashes)
        for each in watched.known()
        if each.location is not None and not each.deleting
    ]
