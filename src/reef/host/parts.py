"""The parts of a host that need nothing that follows the fleet's file: stores, and the rooms that serve and release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from reef.deploys.current import Current
from reef.environments import FoundEnvironment
from reef.events import Events
from reef.fleet.model import Location
from reef.gateway import Board
from reef.host.environments import FleetEnvironments
from reef.host.ground import Ground, Outside
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.records.contents import ContentMaps
from reef.records.contract import ServedRecords
from reef.records.history_files import HistoryFiles
from reef.records.journal_file import JournalFile
from reef.records.kept_files import KeptFiles
from reef.records.module_lists import ModuleLists
from reef.records.served_files import ServedFiles
from reef.releasing.keeping import Keeper
from reef.releasing.loading import Loader
from reef.releasing.pins import Pins
from reef.releasing.probing import Prober
from reef.releasing.promotions import Promotions
from reef.releasing.publishing import Publisher
from reef.releasing.recalling import recall, snapshots_needed
from reef.releasing.releaser import Releaser
from reef.releasing.rollback import Rollback
from reef.serving.calls import Calls
from reef.serving.exits import Exits
from reef.serving.learning import Learning
from reef.serving.planning import Planner
from reef.serving.resting import Rester
from reef.serving.runs import RunBook
from reef.snapshots import SnapshotStore
from reef.versions.local import LocalVersions

STORE_BYTES = 4 << 30


@dataclass(frozen=True)
class Stores:
    """What lies on the disk."""

    snapshots: SnapshotStore
    served: ServedRecords
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
    versions: LocalVersions
    planner: Planner
    environments: FleetEnvironments
    rester: Rester
    exits: Exits
    calls: Calls


@dataclass(frozen=True)
class ReleasingParts:
    promotions: Promotions
    loader: Loader
    publisher: Publisher
    prober: Prober
    pins: Pins
    releaser: Releaser
    rollback: Rollback


def stores_of(outside: Outside) -> Stores:
    """Blocking."""
    state = outside.around.state
    contents = ContentMaps(state.folder("contents"))
    kept = state.folder("copies") / "versions"
    kept.mkdir(mode=0o700, exist_ok=True)
    return Stores(
        SnapshotStore(state.folder("snapshots"), STORE_BYTES),
        ServedFiles(state),
        contents,
        ModuleLists(state.folder("modules")),
        Keeper(state, KeptFiles(kept), contents),
        RunBook(state),
        Current(JournalFile(state.root / "deploy.json")),
    )


def places_of(outside: Outside, stores: Stores) -> dict[str, CodeLocation]:
    """Of the fleet as it was read, with what an earlier host left. Blocking."""
    store = stores.snapshots
    specs = map(with_limits, outside.fleet.fleet.locations)
    places = [recall(spec, stores.served, store, stores.keeper) for spec in specs]
    store.keep(snapshots_needed(places, stores.keeper))
    return {place.name: place for place in places}


def recaller(outside: Outside, stores: Stores) -> Callable[[Location], asyncio.Future[CodeLocation]]:
    def recalled(spec: Location) -> asyncio.Future[CodeLocation]:
        work = asyncio.to_thread(recall, spec, stores.served, stores.snapshots, stores.keeper)
        return asyncio.ensure_future(work)

    return recalled


def serving_parts(
    outside: Outside, ground: Ground, stores: Stores, places: dict[str, CodeLocation], events: Events
) -> ServingParts:
    around, background, runs = outside.around, outside.background, stores.runs
    environments: dict[str, FoundEnvironment] = {}
    home = around.dagster_home
    versions = LocalVersions(str(around.state.root), home, environments, outside.ask_defs_state)
    exits = Exits(places, runs, background, events, outside.on_orphans_over)
    hosting = ground.hosting(
        HostingEvents(on_exit=exits.on_exit, on_ending=exits.on_ending), versions.refuse_fork
    )
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


def releasing_parts(
    outside: Outside, ground: Ground, stores: Stores, serving: ServingParts, events: Events
) -> ReleasingParts:
    """Blocking."""
    around, keeper, versions = outside.around, stores.keeper, serving.versions
    promotions = Promotions(
        around.state,
        stores.snapshots,
        serving.environments.found,
        stores.contents,
        HistoryFiles(around.state.folder("history")),
    )
    events.subscribe(promotions.hear)
    publisher = Publisher(
        stores.served,
        stores.snapshots,
        serving.board,
        events,
        serving.planner.store_report,
        promotions.keep_contents,
    )
    loader = Loader(around, serving.hosting, versions, ground.recorder)
    prober = Prober(loader, publisher, versions, keeper, events, ground.cores)
    always = outside.fleet.fleet.promote == "on_deploy"
    pins = Pins(stores.served, keeper, versions, serving.rester, events, always)
    releaser = Releaser(prober, serving.rester, pins, outside.background)
    rollback = Rollback(releaser, keeper, promotions, pins, serving.environments)
    return ReleasingParts(promotions, loader, publisher, prober, pins, releaser, rollback)
