"""Putting one gateway process together: the one place where its parts meet."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from reef.gateway import Board, Gateway
from reef.gateway.observers import Observers
from reef.gateway.tracing import NO_TRACES, Traces
from reef.gateways.book import Book
from reef.gateways.contract import Cluster
from reef.gateways.directory import Directory
from reef.gateways.following import Follower
from reef.gateways.letting_go import LettingGo
from reef.gateways.listeners import Listeners
from reef.gateways.metrics import GatewayCounts, Sites, gateway_metrics
from reef.gateways.need import Need
from reef.gateways.news import News
from reef.gateways.peer import Peer
from reef.gateways.reaching import Reaching
from reef.gateways.readiness import Facts, missing
from reef.gateways.reloads import NoReloads
from reef.gateways.servers import ClusterServers
from reef.gateways.settings import GatewaySettings
from reef.gateways.telling import Telling
from reef.metrics import Metrics
from reef.metrics.tally import Tally
from reef.snapshots import SnapshotStore
from reef.trust.credentials import client_credentials


@dataclass
class Parts:
    """What a gateway process itself uses of its parts. `stopping`: it has been told to end."""

    board: Board
    gateway: Gateway
    directory: Directory
    follower: Follower
    listeners: Listeners
    servers: ClusterServers
    book: Book
    peer: Peer
    metrics: Metrics
    letting_go: LettingGo
    stopping: bool = False

    def missing(self) -> tuple[str, ...]:
        """Why it is not ready; nothing where it is."""
        sites = self.directory.sites()
        return missing(
            Facts(
                stopping=self.stopping,
                settled=self.listeners.settled,
                welcomed=self.peer.welcomed,
                silent_s=time.monotonic() - self.peer.heard_at,
                knows_locations=self.directory.listed or bool(sites),
                must_show=[name for name, site in sites.items() if site.promoted],
                shown=[record.name for record in self.book.records() if record.shown is not None],
                unresolved=self.board.unresolved(),
            )
        )


async def assemble(settings: GatewaySettings, cluster: Cluster, traces: Traces = NO_TRACES) -> Parts:
    """Make every part; nothing listens yet, and what an earlier process knew is known. Raises OSError, ReefError."""
    store = await asyncio.to_thread(SnapshotStore, settings.state / "snapshots", settings.snapshot_bytes)
    book = await asyncio.to_thread(Book, settings.state / "shown")
    # Whether a client may be between list and server id is known only over all gateways: the controller sees to it.
    board = Board(store, id_lag_s=0.0, list_lag_s=0.0, credentials=lambda: client_credentials(settings.tls))
    directory, news, need = Directory(), News(), Need(board.in_flight)
    reaching = Reaching(board.channels, news.tell)
    tally = Tally()
    counts = GatewayCounts(tally, directory)
    servers = ClusterServers(cluster, directory, reaching, news, counts.woken)
    observed = Observers(need.observe, counts.observe)
    gateway = Gateway(board, servers, NoReloads(board), observed, traces=traces)
    metrics = gateway_metrics(counts, tally, Sites(tally, directory, board, servers, store.size))
    telling = Telling(book, board, store)
    listeners = Listeners(gateway, settings.host, directory.sites, telling.opened)
    directory.on_change(servers.changed)
    directory.on_change(listeners.changed)
    follower = Follower(cluster, directory, settings.state / "known.json")
    peer = Peer(
        telling,
        book,
        store,
        servers,
        directory,
        need,
        board.channels.servers_in_use,
        lambda: not parts.missing(),
    )
    letting_go = LettingGo(book, telling, board.unresolved, lambda: peer.heard_at)
    parts = Parts(board, gateway, directory, follower, listeners, servers, book, peer, metrics, letting_go)
    await asyncio.to_thread(follower.read)
    follower.recall()
    return parts
