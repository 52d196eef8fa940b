"""The process: it waits for the lease, and leads while it has it. Who leads again begins with nothing old."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc.aio

from reef.background import Background
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import POD
from reef.cluster.lease import Leadership
from reef.controller import certificates
from reef.controller.book import Books
from reef.controller.clearing import Clearing
from reef.controller.doing import Doing
from reef.controller.events_api import Events
from reef.controller.hosts import Hosts
from reef.controller.leader import Leader, Memory, Parts
from reef.controller.library import Library
from reef.controller.members import Members
from reef.controller.moving import Moving
from reef.controller.objects import Objects, gone
from reef.controller.probes import Probes
from reef.controller.promoting import Promoter
from reef.controller.resting import Resting
from reef.controller.rules import read_rules
from reef.controller.settings import Settings
from reef.controller.standing import Standing
from reef.controller.statuses import Statuses
from reef.controller.taking_up import TakesUp
from reef.controller.tasks import Tasks
from reef.controller.versions import Rules
from reef.controller.watched import Watched
from reef.controller.workspace import Workspace
from reef.kube import labels
from reef.peers.health import Health, live, readiness
from reef.peers.messages import Role
from reef.process import stop_wanted
from reef.snapshots import SnapshotStore
from reef.trust.credentials import Channels
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

LEASE = "reef-controller"
STORE_BYTES = 2 << 30
OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)

OpenBooks = Callable[[Settings, int], Books]
"""(settings, token of the leader) -> the database."""


async def run(settings: Settings, open_books: OpenBooks) -> None:
    """Until SIGTERM. Raises ReefError where nothing can be begun."""
    rules = read_rules(settings.rollout)
    stop = stop_wanted()
    client = Client(connection(), timeout_s=15.0)
    standing = Standing()
    health = Health({"/livez": live, "/readyz": readiness(standing.missing)})
    await health.open("", labels.HEALTH_PORT)
    try:
        while not stop.is_set():
            await _candidate(settings, rules, client, open_books, stop, standing)
    finally:
        await health.aclose()
        await client.close()


async def _candidate(
    settings: Settings,
    rules: Rules,
    client: Client,
    open_books: OpenBooks,
    stop: asyncio.Event,
    standing: Standing,
) -> None:
    identity = f"{settings.identity}_{secrets.token_hex(4)}"
    lease = Leadership(client, settings.namespace, LEASE, identity)
    lease.start()
    standing.waits_for(lease)
    try:
        if await _first(lease.acquired(), stop.wait()) == 0:
            leading = asyncio.create_task(
                _lead(settings, rules, client, open_books(settings, lease.token), lease, standing)
            )
            try:
                await _first(asyncio.wait({leading}), lease.lost.wait(), stop.wait())
            finally:
                leading.cancel()
                await asyncio.gather(leading, return_exceptions=True)
            if leading.done() and not leading.cancelled() and (error := leading.exception()) is not None:
                log.error("leading ended: %s", headline(describe(error)), exc_info=error)
                await asyncio.sleep(1.0)
    finally:
        await lease.release()


async def _first(*waits: Awaitable[object]) -> int:
    """Which of them is over first; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return min(tasks.index(each) for each in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _lead(
    settings: Settings, rules: Rules, client: Client, books: Books, lease: Leadership, standing: Standing
) -> None:
    standing.leads()
    background = Background(log, "work of the controller")
    tls = settings.state / "tls"
    await _until(lambda: certificates.care(client, settings.namespace, tls), "certificates", standing)
    channels = Channels(tls, OPTIONS)
    watched = Watched(client, settings.namespace)
    try:
        store = await asyncio.to_thread(SnapshotStore, settings.state / "snapshots", STORE_BYTES)
        library = Library(books, store)
        await _until(library.load, "the database", standing)
        parts, memory = await _parts(settings, rules, client, books, library, watched, channels, background)
        background.spawn(_care(client, settings, tls))
        background.spawn(parts.workspace.run())
        await watched.start()
        log.info("this controller leads, with %d locations", len(watched.known()))
        await Leader(parts, memory, lambda: lease.held, standing).run()
    finally:
        await background.close()
        await watched.close()
        await channels.close()
        await books.close()


async def _parts(
    settings: Settings,
    rules: Rules,
    client: Client,
    books: Books,
    library: Library,
    watched: Watched,
    channels: Channels,
    background: Background,
) -> tuple[Parts, Memory]:
    memory = Memory(ports=await books.ports())
    namespace, reef = settings.namespace, settings.reef_pods()

    def connect(target: str, role: Role) -> grpc.aio.Channel:
        return channels.to(target, role)

    def unwell(key: str, why: str) -> None:
        pod = key.partition("/")[0]
        log.warning("gateway %s is ended: %s", pod, why)
        tasks.begin(f"ending {pod}", lambda: _end(client, pod, namespace))

    hosts = Hosts(connect)
    promoter = Promoter(library.shown, library.content, library.show, unwell, library.generation)
    tasks = Tasks(background, watched.changed.set)
    takes_up = TakesUp(library, background)

    def names() -> tuple[str, ...]:
        return tuple(each.name for each in watched.known())

    members = Members(promoter, connect, names, takes_up.hear, background)
    objects = Objects(client, watched, namespace, settings.workspace)
    probes = Probes(client, namespace, reef, hosts, library, memory.tried)
    events = Events(client, namespace, settings.pod_name, background)
    doing = Doing(library, promoter, probes, objects, tasks, events)
    statuses = Statuses(client, namespace, library, objects)
    workspace = Workspace(settings.webserver)
    parts = Parts(
        settings=settings,
        client=client,
        watched=watched,
        books=books,
        library=library,
        hosts=hosts,
        members=members,
        statuses=statuses,
        workspace=workspace,
        resting=Resting(client, namespace, members, promoter, tasks),
        clearing=Clearing(library, tasks),
        doing=doing,
        moving=Moving(client, namespace, reef, hosts, tasks),
        rules=rules,
    )
    return parts, memory


async def _end(client: Client, pod: str, namespace: str) -> None:
    await gone(client, POD, pod, namespace)


async def _care(client: Client, settings: Settings, tls: Path) -> None:
    while True:
        await asyncio.sleep(certificates.LOOK_S)
        try:
            await certificates.care(client, settings.namespace, tls)
        except (ClusterError, OSError, ValueError) as error:
            log.warning("certificates were not looked after: %s", headline(describe(error)))


async def _until(work: Callable[[], Awaitable[None]], what: str, standing: Standing) -> None:
    """Again and again until it is done: a leader without it can do nothing."""
    told = ""
    while True:
        try:
            await work()
            return
        except (ClusterError, OSError) as error:
            if told != (told := headline(describe(error))):
                log.warning("%s: %s", what, told)
            standing.cannot(f"{what}: {told}")
        await asyncio.sleep(1.0)
