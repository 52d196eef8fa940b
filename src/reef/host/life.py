"""The life of one host: start, stop and kill, and under `reef up` Dagster's own processes beside it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from typing import TYPE_CHECKING, Any

import click

from reef import fleet as fleets
from reef.admin import Admin
from reef.background import Background
from reef.beside.choosing import choose_home, with_secret_files
from reef.beside.dagster import choose_page
from reef.beside.home import DagsterHome
from reef.beside.variables import not_taken
from reef.beside.webserver import Webserver
from reef.decide.reconcile import renames_of
from reef.fleet.model import Fleet
from reef.gateway import ListenAddress
from reef.gateway.contract import WakeRefused
from reef.gateway.tracing import NO_TRACES
from reef.host.announce import announce, follow, is_loading, say, summary
from reef.host.assembly import Assembly, assemble
from reef.host.beside import DagsterBeside
from reef.host.changing import services_change
from reef.host.commands import Commands
from reef.host.ending import cancel_runs, kill_all, sweep
from reef.host.fleet_now import FleetNow
from reef.host.ground import Ground, Outside
from reef.host.listening import listen
from reef.host.python_option import refuse_unusable
from reef.host.renaming import Renaming
from reef.host.starter import ProgressBar, Starter
from reef.host.web import PageHost
from reef.host.workspace_file import WorkspaceFile
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting, RefuseFork
from reef.hosting.zygote import Tuning
from reef.locations.specs import Surroundings, load_timeouts
from reef.progress import Bar, Silence
from reef.releasing.quiet import Quiet
from reef.services.services import Services
from reef.settings import HostSettings
from reef.statedir import HostLock, StateDir, write_atomic
from reef.workspace import tcp_addresses, unix_addresses, write_workspace

if TYPE_CHECKING:
    from reef.traces.otel import OtelTraces

log = logging.getLogger("reef")

STOP_WITHIN_S = 8.0


class Host:
    """One running host. `start` → `until_stopped` → `stop`; `kill` for the impatient."""

    def __init__(
        self,
        settings: HostSettings,
        fleet: Fleet,
        state: StateDir,
        lock: HostLock,
        traces: OtelTraces | None = None,
    ) -> None:
        self.settings = settings
        self.now = FleetNow(fleet, self._read_again)
        self.state = state
        self.lock = lock
        self._traces = traces
        self.started_at = time.time()
        self.addresses: dict[str, ListenAddress] = {}
        self.runs = False  # there is something to stop
        self.parts: Assembly
        self.beside: DagsterBeside
        self.workspace: WorkspaceFile
        self.renaming: Renaming
        self.services: Services
        self.page: PageHost
        self._admin: Admin
        self._loop_task: asyncio.Task[None]
        self._beside_task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def start(self) -> None:
        self.beside = self._dagster()
        self.services = Services(self.fleet.services, self.state, os.environ)
        if (python := self.settings.python) is not None:
            cache = self.state.folder("environments")
            await refuse_unusable(python, self.fleet, self.settings.beside, cache)
        self.addresses = self._addresses(tuple(place.name for place in self.fleet.locations))
        self.parts = await assemble(self._outside(), self._ground())
        if self._traces is not None:
            self.parts.events.subscribe(self._traces.hear)
        self.page = PageHost(self.settings.page, self.state, self.parts)
        try:
            await self.services.open()
            await self._open()
        except BaseException:
            await self.services.close()
            await self.parts.gateway.aclose(0.0)
            self.state.admin_socket.unlink(missing_ok=True)
            await self.page.stop()
            raise
        self._loop_task = asyncio.create_task(self.parts.loop.run())
        self.runs = True
        storages = asyncio.create_task(self.beside.make_storages(self.settings.beside))
        starting = [storages, asyncio.create_task(Starter(self.parts).start(self._progress(), storages))]
        if self.settings.beside is not None:
            self._beside_task = asyncio.create_task(self.beside.start(self.settings.beside, storages))
            starting.append(self._beside_task)
        await _all_or_first_error(starting)
        background = self.parts.background
        background.spawn(self.parts.fleet.file.watch())
        background.spawn(self.parts.revalidator.run())
        background.spawn(self.parts.sampler.run())
        if self.settings.watch:
            background.spawn(self.parts.watcher.run())
        if self.parts.unserved is not None:
            background.spawn(self.parts.unserved.run())

    async def _open(self) -> None:
        """Listen, for the locations and for commands."""
        await listen(self.parts.gateway, self.parts.places, self.addresses)
        if self.beside.home is None or not self.beside.home.fresh:  # else nothing has a state yet
            await self.renaming.rename(renames_of(self.fleet))
        write_workspace(self.state.workspace_file, self.addresses)
        write_atomic(self.state.root / "source", f"{self.fleet.source}\n".encode())
        if self.parts.unserved is not None:
            await asyncio.to_thread(self.parts.unserved.begin)
        commands = self.page.heard(Commands(self.parts, self._about).all())
        await self.page.open(commands, self._about, say)
        self._admin = Admin(self.state.admin_socket, commands)
        await self._admin.open()
        self.page.start()

    @property
    def fleet(self) -> Fleet:
        """As it is served."""
        return self.now.fleet

    def _outside(self) -> Outside:
        webserver, quiet = self._webserver(), Quiet()
        background = Background(logging.getLogger("reef.control"), "background work", expected=(WakeRefused,))
        self.workspace = WorkspaceFile(
            self.state, webserver, self.addresses, self._addresses, say, quiet, background
        )
        self.renaming = Renaming(self.state, self.addresses, self.beside.ask_instance_anyway, say)
        return Outside(
            fleet=self.now,
            around=self._surroundings(self.beside.home),
            background=background,
            quiet=quiet,
            webserver=webserver,
            listeners=self._addresses,
            addresses=self.workspace.addresses_of,
            publish=self.workspace.publish,
            rename=self.renaming.rename,
            on_orphans_over=self.beside.report_orphans,
            ask_defs_state=lambda: self.beside.ask_instance_anyway("defs-state", None),
            say=say,
            services=self._follow_services,
            traces=self._traces or NO_TRACES,
        )

    async def _follow_services(self, fleet: Fleet) -> str:
        return services_change(await self.services.follow(fleet.services))

    def _ground(self) -> Ground:
        def hosting(events: HostingEvents, refuse_fork: RefuseFork) -> LocalHosting:
            return LocalHosting(
                self.state.root,
                self.lock.path,
                events,
                tuning=Tuning(immortal=self.settings.immortal),
                refuse_fork=refuse_fork,
                unclaimed_s=self.settings.unclaimed_s,
            )

        return Ground(hosting, cores=os.cpu_count() or 2)

    def _webserver(self) -> Webserver | None:
        settings, page = self.settings, self.beside.page
        if settings.webserver is not None:
            return Webserver(settings.webserver, settings.webserver_headers)
        return Webserver(page.url) if page else None

    def _dagster(self) -> DagsterBeside:
        settings, beside = self.settings, self.settings.beside
        page = None
        for line in not_taken(os.environ):
            say(f"warning: {line}")
        home = choose_home(settings, self.fleet, self.state, os.environ, say)
        self.now.use(with_secret_files(self.fleet, home))
        if beside is not None and beside.webserver:
            page = choose_page(beside, _port_taken_up(self.state))
        return DagsterBeside(self.state, lambda: self.fleet, home, page, say)

    def _surroundings(self, home: DagsterHome | None) -> Surroundings:
        given = os.environ.get("DAGSTER_PROJECT_ENV_FILE_PATHS")  # Dagster then loads them without a setting
        return Surroundings(
            self.state,
            os.environ,
            home.path if home else None,
            bool(given) or (home is not None and home.settings.injects_variables),
            is_dev=self.settings.beside is not None,
            loads=load_timeouts(home.settings if home else None),
            services=str(self.services.folder),  # one may come while the host runs
        )

    def _addresses(self, names: tuple[str, ...]) -> dict[str, ListenAddress]:
        self.state.check_socket_paths(names)
        if self.settings.listen == "tcp":
            return tcp_addresses(self.state, names, self.settings.listen_host, self.settings.base_port)
        return unix_addresses(self.state, names)

    def _read_again(self, fleet: Fleet) -> Fleet:
        fleet = fleets.read(self.settings.path, os.environ, fleet.default_python)
        return with_secret_files(fleets.inheriting(fleet, os.environ), self.beside.home)

    def _about(self) -> dict[str, Any]:
        page = self.beside.page
        return {
            "fleet": {
                "source": self.fleet.source,
                "kind": self.fleet.kind,
                "warnings": self.fleet.warnings,
                "error": self.parts.fleet.file.error,
            },
            "state_dir": str(self.state.root),
            "workspace": str(self.state.workspace_file),
            "page": page.url if page else None,
            "reef_page": self.page.url,
            "started_at": self.started_at,
            "beside": self.beside.status(),
            "webserver_trouble": self.workspace.trouble,
            "watch": self.parts.watcher.status() if self.settings.watch else None,
            "services": self.services.about(),
        }

    # -- life --------------------------------------------------------------------------------------

    def _progress(self) -> ProgressBar:
        return Silence() if self.settings.as_json else Bar()

    async def announce(self) -> None:
        places, page = list(self.parts.places.values()), self.beside.page
        for place in filter(is_loading, places):
            self.parts.background.spawn(follow(place))
        if self.settings.as_json:
            click.echo(summary(places, page, self.page.url, self.state, time.time() - self.started_at))
            return
        zygotes = self.parts.serving.hosting.zygotes()
        await announce(self.fleet, places, zygotes, page, self.page.addresses, self.state, self.started_at)

    def request_stop(self) -> None:
        self._stop.set()

    async def until_stopped(self) -> None:
        await self._stop.wait()

    async def stop(self) -> None:
        """Drain and end everything of this host."""
        parts = self.parts
        if self._beside_task is not None:
            self._beside_task.cancel()
        leave = self.settings.leave_children
        companions = [asyncio.create_task(one.stop(STOP_WITHIN_S - 3)) for one in self.beside.companions]
        if not leave:
            await cancel_runs(self.parts, self.beside, say)
        self._loop_task.cancel()
        await asyncio.gather(*companions, self.page.stop())
        await self._admin.close()
        await parts.gateway.aclose(1.0)
        await parts.background.close()
        await parts.releasing.loader.close()
        await parts.serving.rester.close()
        await asyncio.gather(parts.releasing.promotions.close(), parts.stores.keeper.close())
        await parts.serving.hosting.close(leave_children=leave)
        await self.services.close()
        await parts.sampler.write()
        sweep(self.state, leave)
        self.lock.release()

    def kill(self) -> None:
        """The second Ctrl-C: nothing is drained."""
        for companion in self.beside.companions:
            companion.kill()
        if not self.settings.leave_children:
            kill_all(self.parts)
        self.services.kill()
        sweep(self.state, self.settings.leave_children)


async def _all_or_first_error(tasks: list[asyncio.Task[None]]) -> None:
    """A mistake that one finds out at once must not wait for the others."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _port_taken_up(state: StateDir) -> int | None:
    """The port of a webserver that an earlier host left running, which this one will take up again."""
    try:
        record = json.loads((state.root / "beside" / "webserver.json").read_bytes())
        os.kill(record["pid"], 0)
        argv = record["argv"]
        return int(argv[argv.index("--port") + 1])
    except (OSError, ValueError, KeyError, TypeError):
        return None
