"""What only the leader has: its parts, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc.aio

from reef.background import Background
from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import POD
from reef.cluster.lease import Leadership
from reef.controller import certificates
from reef.controller.book import Books
from reef.controller.clearing import Clearing
from reef.controller.doing import Doing
from reef.controller.errands import Errands
from reef.controller.events_api import Events
from reef.controller.hosts import Hosts
from reef.controller.leader import Leader
from reef.controller.leader_metrics import LeaderMetrics
from reef.controller.library import Library
from reef.controller.members import Members
from reef.controller.metrics import ControllerMetrics
from reef.controller.moving import Moving
from reef.controller.nodes import Nodes
from reef.controller.objects import Objects, gone
from reef.controller.parts import Memory, Parts
from reef.controller.postgres import PostgresBooks
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
from reef.peers.messages import Role
from reef.snapshots import SnapshotStore
from reef.thrift import give_back
from reef.trust.credentials import SecureChannels
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

STORE_BYTES = 2 << 30
SETTLED_S = 30.0
OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


async def lead(
    settings: Settings, client: Client, lease: Leadership, standing: Standing, metrics: ControllerMetrics
) -> None:
    """Until it is cancelled, or the lease is lost. Raises ReefError for settings that cannot be used."""
    standing.leads()
    rules = read_rules(settings.rollout)
    books: Books = PostgresBooks(settings.database, settings.namespace, lease.token)
    background = Background(log, "work of the controller")
    tls = settings.state / "tls"
    await _until(lambda: certificates.care(client, settings.namespace, tls), "certificates", standing)
    channels = SecureChannels(tls, OPTIONS)
    watched = Watched(client, settings.namespace)
    try:
        store = await asyncio.to_thread(SnapshotStore, settings.state / "snapshots", STORE_BYTES)
        library = Library(books, store)
        await _until(library.load, "the database", standing)
        parts, memory = await _parts(settings, rules, client, books, library, watched, channels, background)
        background.spawn(_care(client, settings, tls))
        background.spawn(parts.workspace.run())
        background.spawn(parts.nodes.run())
        await watched.start()
        asyncio.get_running_loop().call_later(SETTLED_S, give_back)
        log.info("this controller leads, with %d locations", len(watched.known()))
        metrics.lead(LeaderMetrics(watched, library, client, settings.namespace))
        await Leader(parts, memory, lambda: lease.held, standing, metrics.looked).run()
    finally:
        metrics.rest()
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
    channels: SecureChannels,
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
    resting = Resting(client, namespace, members, promoter, tasks)
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
        resting=resting,
        clearing=Clearing(library, tasks),
        doing=doing,
        nodes=Nodes(lambda pod: _end(client, pod, namespace), tasks, watched.changed.set),
        moving=Moving(client, namespace, reef, hosts, tasks),
        errands=Errands(client, namespace, hosts, resting, tasks),
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
