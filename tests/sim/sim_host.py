"""One life of a simulated host: `assemble` without processes, gRPC, interpreters and webserver.

Everything that decides is real. What stands here for the rest says that it is SIMULATED.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from sim_gateway import SimBoard, SimGateway
from sim_hosting import SimClient, SimHosting

from reef.background import Background
from reef.beside.webserver import Webserver
from reef.deploys.deployer import Deployer
from reef.environments import Environment, FoundEnvironment
from reef.environments.watch import marks
from reef.fleet.model import Fleet
from reef.gateway import ListenAddress
from reef.gateway.contract import WakeRefused
from reef.host.assembly import Assembly, assemble
from reef.host.fleet_now import FleetNow
from reef.host.ground import Ground, Outside
from reef.host.listening import listen
from reef.host.reconciling import Reconciler
from reef.host.starter import Starter
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting, RefuseFork
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings
from reef.progress import Silence
from reef.releasing.pins import Pins
from reef.releasing.promotions import Promotions
from reef.releasing.quiet import Quiet
from reef.releasing.rollback import Rollback
from reef.serving.planning import Planner
from reef.serving.runs import RunBook, RunProcess, current_runs
from reef.snapshots.record import record
from reef.statedir import StateDir

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

    async def look(self, pythons: Iterable[str]) -> dict[str, FoundEnvironment]:
        return {python: _environment(Path(python)) for python in pythons}

    async def plan(self, *, draft: bool = False) -> None:
        self.plans_made += 1
        self._on_plans(())


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

    async def shown(self) -> dict[str, str]:
        """It has loaded all that is served."""
        board = self._world.host.gateway.board
        return {name: served.server_id for name in board.locations() if (served := board.served(name))}

    async def listed(self) -> set[str]:
        return set(self._world.host.gateway.board.locations())


# -- one life of a host ---------------------------------------------------------------------------------


@dataclass
class Host:
    """The parts of one host that a table may need; `assemble` made them."""

    parts: Assembly

    @property
    def gateway(self) -> SimGateway:
        return cast(SimGateway, self.parts.gateway)

    @property
    def planner(self) -> SimPlanner:
        return cast(SimPlanner, self.parts.serving.planner)

    @property
    def pins(self) -> Pins:
        return self.parts.releasing.pins

    @property
    def promotions(self) -> Promotions:
        return self.parts.releasing.promotions

    @property
    def runs(self) -> RunBook:
        return self.parts.stores.runs

    @property
    def deployer(self) -> Deployer:
        return self.parts.deployer

    @property
    def rollback(self) -> Rollback:
        return self.parts.releasing.rollback

    @property
    def reconciler(self) -> Reconciler:
        return self.parts.fleet.reconciler

    def place(self, location: str) -> CodeLocation:
        return self.parts.places[location]

    def in_flight(self, location: str) -> int:
        return self.parts.serving.board.in_flight(location)

    async def begin(self, addresses: Mapping[str, ListenAddress]) -> None:
        """As a host begins; returns when every location is served."""
        await listen(self.parts.gateway, self.parts.places, addresses)
        background = self.parts.background
        background.spawn(self.parts.loop.run())
        await Starter(self.parts).start(Silence())
        background.spawn(self.parts.revalidator.run())
        assert self.parts.unserved is not None
        background.spawn(self.parts.unserved.run())


async def no_services(_fleet: Fleet) -> str:
    """A simulated fleet has none."""
    return ""


async def assembled(world: Around) -> Host:
    hosting = world.hosting
    connect = lambda target, ssl=False: SimClient(hosting, target)  # noqa: E731

    def heard(events: HostingEvents, _refuse_fork: RefuseFork) -> LocalHosting:
        hosting.events = events
        return cast(LocalHosting, hosting)

    ground = Ground(
        heard,
        cores=AT_ONCE,
        board=partial(SimBoard, hosting=hosting),
        gateway=SimGateway,
        planner=SimPlanner,
        recorder=partial(record, connect=connect),
        ask_runs=partial(current_runs, connect=connect),
    )
    outside = Outside(
        fleet=FleetNow(world.fleet, lambda _fleet: world.fleet),
        around=Surroundings(world.state, {}, None),
        background=Background(logging.getLogger("reef.sim"), "background work", expected=(WakeRefused,)),
        quiet=Quiet(),
        webserver=cast(Webserver, SimPage(world)),
        listeners=world.listeners,
        addresses=world.addresses,
        publish=world.publish,
        rename=world.rename,
        on_orphans_over=world.orphans_are_over,
        ask_defs_state=None,
        say=world.said.append,
        services=no_services,
    )
    return Host(await assemble(outside, ground))
