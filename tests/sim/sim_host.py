"""One life of a simulated host: `assemble` without processes, gRPC, interpreters and webserver.

Everything that decides is real. What stands here for the rest says that it is SIMULATED.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from sim_gateway import SimGateway
from sim_hosting import SimClient, SimHosting

from reef.beside.webserver import Webserver
from reef.deploys.deployer import Deployer
from reef.environments import Environment
from reef.environments.watch import marks
from reef.fleet.model import Fleet
from reef.gateway import ListenAddress
from reef.host.assembly import Assembly
from reef.host.loop import ControlLoop
from reef.host.reconciling import Reconciler
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings
from reef.page.unserved import Unserved
from reef.records.contents import ContentMaps
from reef.releasing.keeping import Keeper
from reef.releasing.pins import Pins
from reef.releasing.probing import Prober
from reef.releasing.promotions import Promotions
from reef.releasing.reloading import Reloader
from reef.releasing.revalidating import Revalidator
from reef.releasing.rollback import Rollback
from reef.serving.learning import Learning
from reef.serving.planning import Found, Planner
from reef.serving.resting import Rester
from reef.serving.runs import RunBook, RunProcess, current_runs
from reef.serving.waking import Waker
from reef.snapshots import SnapshotStore
from reef.snapshots.record import record
from reef.statedir import StateDir
from reef.versions.local import Versions

STORE_BYTES = 1 << 26
AT_ONCE = 4


class Around(Protocol):
    """What a host has around it."""

    fleet: Fleet  # as its file says now
    state: StateDir
    hosting: SimHosting
    host: Host
    said: list[str]  # in the terminal

    def listeners(self, names: tuple[str, ...]) -> dict[str, ListenAddress]: ...
    async def addresses(self, names: tuple[str, ...]) -> dict[str, ListenAddress]: ...
    async def publish(self, names: tuple[str, ...]) -> None: ...
    async def rename(self, renamed: Mapping[str, str]) -> None: ...
    async def orphans_are_over(self, runs: list[RunProcess]) -> None: ...


# -- what is simulated besides hosting, gateway and clock -----------------------------------------------


class SimPlanner(Planner):
    """SIMULATED: interpreters are files that hold what is installed, and no zygote is ever built."""

    plans_made = 0

    async def look(self, pythons: Iterable[str]) -> dict[str, Found]:
        return {python: _environment(Path(python)) for python in pythons}

    async def plan(self, *, draft: bool = False) -> None:
        self.plans_made += 1
        self.on_plans(())


def _environment(python: Path) -> Environment:
    installed = hashlib.sha256(python.read_bytes()).hexdigest()
    prefix = str(python.parent)
    return Environment(
        python=str(python),
        real_python=str(python),
        version=sys.version_info[:3],
        implementation="cpython",
        cache_tag="",
        abi_flags="",
        free_threaded=False,
        prefix=prefix,
        exec_prefix=prefix,
        base_prefix=prefix,
        base_exec_prefix=prefix,
        sys_path=(),
        site_dirs=(),
        stdlib_dirs=(),
        package_dirs=(),
        owners=(),
        distributions={},
        working_copies={},
        pth_files=(),
        pth_imports=(),
        pth_variables=(),
        finders=(),
        customize="",
        build="simulated",
        fingerprint=installed,
        marks=marks(str(python), (), prefix, ()),
    )


class SimPage:
    """SIMULATED: a webserver that knows every location, and counts what it is told."""

    url = "http://simulated"

    def __init__(self, world: Around) -> None:
        self._world = world
        self.reloads = 0

    async def reload_workspace(self) -> None:
        self.reloads += 1

    async def reload_location(self, name: str) -> None:
        self.reloads += 1

    async def listed(self) -> set[str]:
        return set(self._world.host.gateway.locations())


# -- one life of a host ---------------------------------------------------------------------------------


@dataclass
class Host:
    """The parts of one host that a table may need; `assemble` makes those of a real one."""

    parts: Assembly
    gateway: SimGateway
    control: ControlLoop
    planner: SimPlanner
    deployer: Deployer
    rollback: Rollback
    reconciler: Reconciler
    unserved: Unserved

    def place(self, location: str) -> CodeLocation:
        return self.control.locations[location]


def assembled(world: Around) -> Host:
    fleet, state, hosting = world.fleet, world.state, world.hosting
    around = Surroundings(state, {}, None)
    store = SnapshotStore(state.folder("snapshots"), STORE_BYTES)
    contents = ContentMaps(state.folder("contents"))
    keeper, runs, versions = (
        Keeper(state, contents),
        RunBook(state),
        Versions(str(state.root), around.dagster_home),
    )
    connect = lambda target, ssl=False: SimClient(hosting, target)  # noqa: E731
    recorder, ask_runs = partial(record, connect=connect), partial(current_runs, connect=connect)
    gateways: list[SimGateway] = []
    control = ControlLoop(
        [], hosting, lambda: gateways[0], runs, world.orphans_are_over, fleet.memory_budget_bytes
    )
    hosting.events = HostingEvents(on_exit=control.on_exit)
    gateway = SimGateway(control, store, control.observe, hosting, control.on_missing)
    gateways.append(gateway)
    at_once = fleet.max_simultaneous_wakes or AT_ONCE
    control.prober = Prober(around, hosting, gateway, store, versions, keeper, at_once, recorder)
    control.rester = Rester(hosting, gateway, runs, ask_runs)
    control.waker = Waker(around, hosting, versions, control.prober, keeper, at_once)
    control.reloader = Reloader(control.probe, lambda: control.reloads_are_quiet > 0, versions, control.waker)
    as_local = cast(LocalHosting, hosting)
    planner = SimPlanner(around, as_local, control.locations, state.folder("environments"))
    versions.environments = planner.environments
    planner.on_plans = versions.use_plans
    promotions = Promotions(state, store, planner.environments, contents)
    control.prober.keep_report = planner.store_report
    control.prober.keep_contents = promotions.keep_contents
    control.prober.on_promoted = promotions.note
    control.pin_always = fleet.promote == "on_deploy"
    control.pins = pins = Pins(state, keeper, versions, control.rester)

    async def environment_changed(place: CodeLocation) -> None:
        await planner.inspect([place.spec.python])
        await planner.plan()

    control.waker.environment_changed = environment_changed
    control.waker.environment_probed = Learning(planner.plan, control.spawn).ask
    revalidator = Revalidator(control, gateway, store, around, recorder)
    control.waker.on_awake = revalidator.woken
    parts = Assembly(
        around,
        store,
        as_local,
        gateway,
        versions,
        control,
        planner,
        promotions,
        keeper,
        pins,
        revalidator,
    )
    deployer = Deployer(parts, lambda: world.fleet)
    reconciler = Reconciler(parts, world.addresses, world.publish, world.rename)
    page = cast(Webserver, SimPage(world))
    unserved = Unserved(parts, state, page, world.listeners, world.said.append)
    return Host(parts, gateway, control, planner, deployer, Rollback(parts), reconciler, unserved)
