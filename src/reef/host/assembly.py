"""Putting the parts of one host together: the one place where they meet. Each is made from parts made before it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from reef.background import Background
from reef.beside.webserver import WebserverRefused, WebserverUnreachable
from reef.decide.reconcile import FleetChanges
from reef.deploys.comparing import Comparer
from reef.deploys.deployer import Deployer
from reef.deploys.means import Means
from reef.events import Events
from reef.following.rounds import Rounds
from reef.following.watching import Watcher
from reef.gateway import Gateway
from reef.gateway.observers import Observers
from reef.host.arriving import Arrival
from reef.host.changing import ChangingFleet, fleet_change
from reef.host.event_log import log_event
from reef.host.fleet_file import FleetFile
from reef.host.ground import Ground, Outside
from reef.host.known import KnownLocations
from reef.host.parts import (
    ReleasingParts,
    ServingParts,
    Stores,
    places_of,
    recaller,
    releasing_parts,
    serving_parts,
    stores_of,
)
from reef.host.reconciling import Reconciler
from reef.host.renewing import Renewal
from reef.locations.place import CodeLocation
from reef.page.showing import Showing
from reef.page.unserved import Unserved
from reef.releasing.clearing import Clearer
from reef.releasing.door import Door
from reef.releasing.polling import Poller
from reef.releasing.reloading import Reloader
from reef.releasing.revalidating import Revalidator
from reef.serving.adopting import Adopter
from reef.serving.budget import Budget
from reef.serving.loop import ServingLoop
from reef.serving.servers import LocalServers
from reef.serving.waking import Waker
from reef.usage.history import FOLDER, History
from reef.usage.sampler import UsageSampler


@dataclass(frozen=True)
class FleetParts:
    """What follows the fleet's file."""

    arrival: Arrival
    known: KnownLocations
    renewal: Renewal
    reconciler: Reconciler
    file: FleetFile


@dataclass(frozen=True)
class Assembly:
    """What the host itself uses of its parts."""

    places: dict[str, CodeLocation]
    background: Background
    events: Events
    stores: Stores
    serving: ServingParts
    releasing: ReleasingParts
    fleet: FleetParts
    servers: LocalServers
    loop: ServingLoop
    adopter: Adopter
    reloader: Reloader
    revalidator: Revalidator
    gateway: Gateway
    deployer: Deployer
    watcher: Watcher
    unserved: Unserved | None
    clearer: Clearer
    calls_heard: Observers
    budget: Budget
    sampler: UsageSampler


async def assemble(outside: Outside, ground: Ground) -> Assembly:
    """Make every part; nothing listens and nothing is started yet."""
    stores = await asyncio.to_thread(stores_of, outside)
    places = await asyncio.to_thread(places_of, outside, stores)
    events = Events(log_event)
    budget = Budget(outside.fleet.fleet.memory_budget_bytes)
    serving = serving_parts(outside, ground, stores, places, events)
    releasing = await asyncio.to_thread(releasing_parts, outside, ground, stores, serving, events)
    background, environments = outside.background, serving.environments

    def say_change(found: FleetChanges) -> None:
        if found:
            outside.say(fleet_change(found))

    def is_busy() -> bool:
        return stores.current.is_running

    poller = Poller(releasing.prober, events)
    arrival = Arrival(environments, releasing.prober, releasing.releaser, poller, background)
    known = KnownLocations(places, arrival, serving.board, serving.rester, releasing.pins, budget, events)
    renewal = Renewal(outside.fleet.fleet, outside.fleet.read, known, is_busy, say_change)
    servers, loop = _waking(outside, ground, stores, places, serving, releasing, renewal, budget, events)
    reloader = Reloader(
        places, releasing.releaser, serving.versions, environments, renewal, outside.quiet, background
    )
    calls_heard = Observers(serving.calls.observe)
    gateway = ground.gateway(
        serving.board,
        servers,
        reloader,
        calls_heard,
        on_missing=reloader.on_missing,
        traces=outside.traces,
    )
    failures = (WebserverRefused, WebserverUnreachable)
    Showing(places, outside.webserver, failures, outside.quiet, background, events)
    reconciler = Reconciler(
        places,
        known,
        arrival,
        gateway,
        serving.rester,
        background,
        events,
        recaller(outside, stores),
        outside.addresses,
        outside.publish,
        outside.rename,
    )
    changing = ChangingFleet(known, reconciler, outside.services, say_change, outside.say)
    file = FleetFile(outside.fleet, changing.take, is_busy, outside.say)
    fleet = FleetParts(arrival, known, renewal, reconciler, file)
    return Assembly(
        places=places,
        background=background,
        events=events,
        stores=stores,
        serving=serving,
        releasing=releasing,
        fleet=fleet,
        servers=servers,
        loop=loop,
        adopter=Adopter(
            places, serving.hosting, serving.rester, serving.exits, stores.runs, background, events
        ),
        reloader=reloader,
        revalidator=Revalidator(
            places,
            releasing.releaser,
            releasing.publisher,
            serving.board,
            stores.snapshots,
            outside.around,
            background,
            events,
            ground.recorder,
        ),
        gateway=gateway,
        deployer=_deployer(outside, stores, places, serving, releasing, file, events),
        watcher=_watcher(outside, places, serving, reloader, file),
        unserved=_unserved(outside, places, gateway),
        clearer=Clearer(places, stores.keeper, stores.snapshots, stores.lists, stores.contents),
        calls_heard=calls_heard,
        budget=budget,
        sampler=_sampler(outside, places, events),
    )


def _sampler(outside: Outside, places: dict[str, CodeLocation], events: Events) -> UsageSampler:
    folder = outside.around.state.root / FOLDER
    sampler = UsageSampler(places, History(folder), lambda: outside.fleet.fleet.history)
    events.subscribe(sampler.hear)
    return sampler


def _waking(
    outside: Outside,
    ground: Ground,
    stores: Stores,
    places: dict[str, CodeLocation],
    serving: ServingParts,
    releasing: ReleasingParts,
    renewal: Renewal,
    budget: Budget,
    events: Events,
) -> tuple[LocalServers, ServingLoop]:
    at_once = outside.fleet.fleet.max_simultaneous_wakes or max(4, 2 * ground.cores)
    door = Door(renewal, serving.versions, releasing.prober, stores.keeper, serving.environments)
    waker = Waker(outside.around, serving.hosting, door, events, at_once)
    background, hosting, rester = outside.background, serving.hosting, serving.rester
    servers = LocalServers(places, hosting, waker, rester, stores.runs, background, events)
    loop = ServingLoop(places, hosting, serving.board, rester, servers, budget, background)
    return servers, loop


def _deployer(
    outside: Outside,
    stores: Stores,
    places: dict[str, CodeLocation],
    serving: ServingParts,
    releasing: ReleasingParts,
    file: FleetFile,
    events: Events,
) -> Deployer:
    environments, promotions = serving.environments, releasing.promotions
    means = Means(
        places, environments, releasing.releaser, promotions, releasing.pins, releasing.rollback, events
    )
    comparer = Comparer(places, serving.versions, promotions, environments)
    read, take_in = outside.fleet.read, file.take
    return Deployer(means, stores.current, comparer, read, take_in, outside.background)


def _watcher(
    outside: Outside,
    places: dict[str, CodeLocation],
    serving: ServingParts,
    reloader: Reloader,
    file: FleetFile,
) -> Watcher:
    rounds = Rounds(places, serving.versions, reloader, file.read_again)
    source = outside.fleet.fleet.source
    return Watcher(places, serving.versions, rounds, outside.background, outside.say, source)


def _unserved(outside: Outside, places: dict[str, CodeLocation], gateway: Gateway) -> Unserved | None:
    if outside.webserver is None:
        return None
    state = outside.around.state
    return Unserved(places, gateway, outside.quiet, state, outside.webserver, outside.listeners, outside.say)
