"""Putting the parts of one host together."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from reef.environments import Environment
from reef.fleet.model import Fleet, Location
from reef.gateway import Gateway
from reef.gateway.contract import Endpoint
from reef.host.loop import ControlLoop
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting
from reef.hosting.zygote import Tuning
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings, with_limits
from reef.records.contents import ContentMaps
from reef.records.served import load
from reef.releasing.keeping import Keeper
from reef.releasing.pins import Pins
from reef.releasing.probing import Prober
from reef.releasing.promotions import Promotions
from reef.releasing.reloading import Reloader
from reef.releasing.revalidating import Revalidator
from reef.serving.learning import Learning
from reef.serving.planning import Planner
from reef.serving.resting import Rester
from reef.serving.runs import RunBook, RunProcess
from reef.serving.waking import Waker
from reef.settings import HostSettings
from reef.snapshots import SnapshotStore
from reef.snapshots.record import told_load_error
from reef.statedir import HostLock
from reef.versions.local import Versions

log = logging.getLogger("reef.control")

STORE_BYTES = 4 << 30


@dataclass
class Assembly:
    """The parts that the host runs, wired to each other."""

    around: Surroundings
    store: SnapshotStore
    hosting: LocalHosting
    gateway: Gateway
    versions: Versions
    control: ControlLoop
    planner: Planner
    promotions: Promotions
    keeper: Keeper
    pins: Pins
    revalidator: Revalidator
    attendants: dict[str, list[asyncio.Task[object]]] = field(default_factory=dict)

    async def recall(self, spec: Location) -> CodeLocation:
        """A location that comes to the fleet, with what was promoted for it earlier."""
        return await asyncio.to_thread(_recall, spec, self.around, self.store, self.keeper)

    def keep_what_is_served(self) -> None:
        """Tell the stores what is still needed."""
        self.control.spawn(self._keep())

    async def _keep(self) -> None:
        places = self.control.locations.values()
        now = [(place.name, place.served.version if place.served else None) for place in places]
        kept = await self.keeper.clear(now)
        served = [*kept, *(place.served for place in places if place.served)]
        self.store.keep([one.snapshot for one in served if one.snapshot])
        self.planner.lists.keep([one.modules for one in served if one.modules])
        contents = [one.contents for one in served if one.contents]
        await asyncio.to_thread(self.promotions.contents.keep, contents)


async def assemble(
    fleet: Fleet,
    around: Surroundings,
    lock: HostLock,
    settings: HostSettings,
    on_orphans_over: Callable[[list[RunProcess]], Coroutine[Any, Any, None]],
) -> Assembly:
    """Make every part; nothing listens and nothing is started yet."""
    state = around.state
    store = await asyncio.to_thread(SnapshotStore, state.folder("snapshots"), STORE_BYTES)
    contents = ContentMaps(state.folder("contents"))
    keeper = await asyncio.to_thread(Keeper, state, contents)
    places = [
        await asyncio.to_thread(_recall, with_limits(spec), around, store, keeper) for spec in fleet.locations
    ]
    store.keep(await asyncio.to_thread(_snapshots_needed, places, keeper))
    runs = RunBook(state)
    versions = Versions(str(state.root), around.dagster_home)
    exits: list[ControlLoop] = []
    hosting = LocalHosting(
        state.root,
        lock.path,
        HostingEvents(on_exit=lambda exit: exits[0].on_exit(exit)),
        tuning=Tuning(immortal=settings.immortal),
        refuse_fork=versions.refuse_fork,
        unclaimed_s=settings.unclaimed_s,
    )
    gateways: list[Gateway] = []
    control = ControlLoop(
        places, hosting, lambda: gateways[0], runs, on_orphans_over, fleet.memory_budget_bytes
    )
    exits.append(control)
    gateway = Gateway(control, store, control.observe, on_missing=control.on_missing)
    gateways.append(gateway)
    cores = os.cpu_count() or 2
    control.prober = Prober(around, hosting, gateway, store, versions, keeper, at_once=cores)
    control.rester = Rester(hosting, gateway, runs)
    control.waker = Waker(
        around, hosting, versions, control.prober, keeper, fleet.max_simultaneous_wakes or max(4, 2 * cores)
    )
    control.reloader = Reloader(control.probe, lambda: control.reloads_are_quiet > 0, versions, control.waker)
    planner = Planner(around, hosting, control.locations, state.folder("environments"))
    versions.environments = planner.environments
    planner.on_plans = versions.use_plans
    control.prober.keep_report = planner.store_report
    promotions = await asyncio.to_thread(Promotions, state, store, planner.environments, contents)
    control.prober.keep_contents = promotions.keep_contents
    control.prober.on_promoted = promotions.note
    control.pin_always = fleet.promote == "on_deploy"
    control.pins = pins = Pins(state, keeper, versions, control.rester)

    async def environment_changed(place: CodeLocation) -> None:
        await planner.inspect([place.spec.python])
        for other in planner.hosted():
            if other.spec.python == place.spec.python:
                found = planner.environment_of(other)
                reason = None if isinstance(found, Environment) else getattr(found, "reason", None)
                other.wish.judge(other.spec.broken or reason)
        await planner.plan()

    control.waker.environment_changed = environment_changed
    control.waker.environment_probed = Learning(planner.plan, control.spawn).ask
    revalidator = Revalidator(control, gateway, store, around)
    control.waker.on_awake = revalidator.woken
    return Assembly(
        around, store, hosting, gateway, versions, control, planner, promotions, keeper, pins, revalidator
    )


def _snapshots_needed(places: list[CodeLocation], keeper: Keeper) -> list[str]:
    """By what is served and by what can be rolled back to. Blocking."""
    records = [one.record for one in keeper.versions.everything()]
    records += [place.served for place in places if place.served]
    return [one.snapshot for one in records if one.snapshot]


def _recall(spec: Location, around: Surroundings, store: SnapshotStore, keeper: Keeper) -> CodeLocation:
    """What an earlier host promoted for it, if its snapshot is still whole."""
    place = CodeLocation(spec)
    if spec.server is not None:
        place.serving.use_server(Endpoint(spec.server.target(), "external", "", ssl=spec.server.ssl))
    served = load(around.state.served_file(spec.name), spec.name)
    if served is not None and served.snapshot is not None and not store.check(served.snapshot):
        log.warning("%s: its snapshot is missing or damaged, it is recorded again", spec.name)
        served = None
    error = not_kept = None
    if served is not None and served.load_error is not None:
        error = told_load_error(served.load_error, spec.name)
    if served is not None and spec.code is not None:
        kept = keeper.versions.get(spec.name, served.version)
        not_kept = kept.not_kept if kept else None
    place.release.recall(served, error, not_kept)
    return place
