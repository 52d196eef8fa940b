"""Putting the parts of one host together: the one place where they meet. Each is made from parts made before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from reef.background import Background
from reef.beside.webserver import WebserverRefused, WebserverUnreachable
from reef.decide.reconcile import Changes
from reef.deploys.comparing import Comparer
from reef.deploys.current import Current
from reef.deploys.deployer import Deployer
from reef.deploys.means import Means
from reef.environments import FoundEnvironment
from reef.events import Events
from reef.fleet.model import Location
from reef.following.rounds import Rounds
from reef.following.watching import Watcher
from reef.gateway import Board, Gateway
from reef.host.arriving import Arrival
from reef.host.changing import ChangingFleet, fleet_change
from reef.host.environments import FleetEnvironments
from reef.host.event_log import log_event
from reef.host.fleet_file import FleetFile
from reef.host.ground import Ground, Outside
from reef.host.known import KnownLocations
from reef.host.reconciling import Reconciler
from reef.host.renewing import Renewal
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.page.showing import Showing
from reef.page.unserved import Unserved
from reef.records.contents import ContentMaps
from reef.records.module_lists import ModuleLists
from reef.releasing.clearing import Clearer
from reef.releasing.door import Door
from reef.releasing.keeping import Keeper
from reef.releasing.loading import Loader
from reef.releasing.pins import Pins
from reef.releasing.polling import Poller
from reef.releasing.probing import Prober
from reef.releasing.promotions import Promotions
from reef.releasing.publishing import Publisher
from reef.releasing.recalling import recall, snapshots_needed
from reef.releasing.releaser import Releaser
from reef.releasing.reloading import Reloader
from reef.releasing.revalidating import Revalidator
from reef.releasing.rollback import Rollback
from reef.serving.adopting import Adopter
from reef.serving.budget import Budget
from reef.serving.calls import Calls
from reef.serving.exits import Exits
from reef.serving.learning import Learning
from reef.serving.loop import ServingLoop
from reef.serving.planning import Planner
from reef.serving.resting import Rester
from reef.serving.runs import RunBook
from reef.serving.servers import LocalServers
from reef.serving.waking import Waker
from reef.snapshots import SnapshotStore
from reef.versions.local import Versions

STORE_BYTES = 4 << 30


@dataclass(frozen=True)
class Stores:
    """What lies on the disk."""

    snapshots: SnapshotStore
    contents: ContentMaps
    lists: ModuleLists
    keeper: Keeper
    runs: RunBook
    current: Current


@dataclass(frozen=True)
class ServingParts:
    """The rooms below: what has the servers of locations, and what they run."""

    hosting: LocalHosting
    board: Board
    versions: Versions
    planner: Planner
    environments: FleetEnvironments
    rester: Rester
    exits: Exits
    calls: Calls


@dataclass(frozen=True)
class ReleasingParts:
    promotions: Promotions
    publisher: Publisher
    prober: Prober
    pins: Pins
    releaser: Releaser
    rollback: Rollback


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


async def assemble(outside: Outside, ground: Ground) -> Assembly:
    """Make every part; nothing listens and nothing is started yet."""
    stores = await asyncio.to_thread(_stores, outside)
    places = await asyncio.to_thread(_places, outside, stores)
    events = Events(log_event)
    budget = Budget(outside.fleet.fleet.memory_budget_bytes)
    serving = _serving(outside, ground, stores, places, events)
    releasing = await asyncio.to_thread(_releasing, outside, ground, stores, serving, events)
    background, environments = outside.background, serving.environments

    def say_change(found: Changes) -> None:
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
    gateway = ground.gateway(
        serving.board, servers, reloader, serving.calls.observe, on_missing=reloader.on_missing
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
        _recall(outside, stores),
        outside.addresses,
        outside.publish,
        outside.rename,
    )
    changing = ChangingFleet(known, reconciler, say_change)
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
    )


def _stores(outside: Outside) -> Stores:
    """Blocking."""
    state = outside.around.state
    contents = ContentMaps(state.folder("contents"))
    return Stores(
        SnapshotStore(state.folder("snapshots"), STORE_BYTES),
        contents,
        ModuleLists(state.folder("modules")),
        Keeper(state, contents),
        RunBook(state),
        Current(state.root / "deploy.json"),
    )


def _places(outside: Outside, stores: Stores) -> dict[str, CodeLocation]:
    """Of the fleet as it was read, with what an earlier host left. Blocking."""
    state, store = outside.around.state, stores.snapshots
    specs = map(with_limits, outside.fleet.fleet.locations)
    places = [recall(spec, state, store, stores.keeper) for spec in specs]
    store.keep(snapshots_needed(places, stores.keeper))
    return {place.name: place for place in places}


def _recall(outside: Outside, stores: Stores) -> Callable[[Location], asyncio.Future[CodeLocation]]:
    state = outside.around.state

    def recalled(spec: Location) -> asyncio.Future[CodeLocation]:
        work = asyncio.to_thread(recall, spec, state, stores.snapshots, stores.keeper)
        return asyncio.ensure_future(work)

    return recalled


def _serving(
    outside: Outside, ground: Ground, stores: Stores, places: dict[str, CodeLocation], events: Events
) -> ServingParts:
    around, background, runs = outside.around, outside.background, stores.runs
    environments: dict[str, FoundEnvironment] = {}
    home = around.dagster_home
    versions = Versions(str(around.state.root), home, environments, outside.ask_defs_state)
    exits = Exits(places, runs, background, events, outside.on_orphans_over)
    hosting = ground.hosting(HostingEvents(on_exit=exits.on_exit), versions.refuse_fork)
    board = ground.board(stores.snapshots)
    cache = around.state.folder("environments")
    planner = ground.planner(
        around, hosting, places, environments, stores.lists, cache, versions.use_plans, events
    )
    learning = Learning(planner.plan, background)
    return ServingParts(
        hosting,
        board,
        versions,
        planner,
        FleetEnvironments(planner, learning),
        Rester(hosting, board, runs, events, ground.ask_runs),
        exits,
        Calls(places, runs, background, events),
    )


def _releasing(
    outside: Outside, ground: Ground, stores: Stores, serving: ServingParts, events: Events
) -> ReleasingParts:
    """Blocking."""
    around, keeper, versions = outside.around, stores.keeper, serving.versions
    promotions = Promotions(around.state, stores.snapshots, serving.environments.found, stores.contents)
    events.subscribe(promotions.hear)
    publisher = Publisher(
        around.state,
        stores.snapshots,
        serving.board,
        events,
        serving.planner.store_report,
        promotions.keep_contents,
    )
    loader = Loader(around, serving.hosting, versions, ground.recorder)
    prober = Prober(loader, publisher, versions, keeper, events, ground.cores)
    always = outside.fleet.fleet.promote == "on_deploy"
    pins = Pins(around.state, keeper, versions, serving.rester, events, always)
    releaser = Releaser(prober, serving.rester, pins, outside.background)
    rollback = Rollback(releaser, keeper, promotions, pins, serving.environments)
    return ReleasingParts(promotions, publisher, prober, pins, releaser, rollback)


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
