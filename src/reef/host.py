"""Composition of one host: gateway, control, hosting, and under `reef up` Dagster's own processes beside it."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import logging.handlers
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from reef import fleet as fleets
from reef.beside.companion import Companion
from reef.beside.dagster import (
    Page,
    choose_page,
    daemon_spec,
    dagster_env,
    interpreters,
    python_with,
    until_listening,
    webserver_spec,
)
from reef.beside.home import DagsterHome, home_for
from reef.beside.instance import InstanceUnavailable, ask
from reef.beside.other_daemon import refuse_second_daemon
from reef.beside.tree import kill_below, kill_tree
from reef.control.admin import serve_admin
from reef.control.assembly import Assembly, assemble
from reef.control.deploying import Deployer
from reef.control.location import CodeLocation
from reef.control.rollback import Rollback
from reef.control.runs import RunProcess
from reef.control.specs import Surroundings
from reef.control.starting import Progress, Starter
from reef.control.status import fleet_status, location_status
from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.fleet.suggest import did_you_mean
from reef.gateway import CallLimits, ListenAddress
from reef.progress import Bar, Silence
from reef.settings import Beside, HostSettings
from reef.statedir import HostLock, StateDir, default_state_dir, open_state_dir, write_atomic
from reef.thrift import one_arena
from reef.workspace import tcp_addresses, unix_addresses, write_workspace

log = logging.getLogger("reef")

STOP_WITHIN_S = 8.0
CANCEL_RUNS_S = 3.0
TELL_RUNS_S = 3.0  # Dagster needs one or two to open its instance
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
WEBSERVER_BOOT_S = 120.0


class Host:
    """One running host. `start` → `until_stopped` → `stop`; `kill` for the impatient."""

    def __init__(self, settings: HostSettings, fleet: Fleet, state: StateDir, lock: HostLock) -> None:
        self.settings = settings
        self.fleet = fleet
        self.state = state
        self.lock = lock
        self.started_at = time.time()
        self.companions: list[Companion] = []
        self.page: Page | None = None
        self.home: DagsterHome | None = None
        self.addresses: dict[str, ListenAddress] = {}
        self.parts: Assembly
        self._admin: asyncio.Server
        self._loop_task: asyncio.Task[None]
        self._beside_task: asyncio.Task[None] | None = None
        self._dagster_python: str | None = None
        self._stop = asyncio.Event()

    async def start(self) -> None:
        settings, beside = self.settings, self.settings.beside
        if beside is not None or settings.dagster_home:
            self.home = home_for(self.state, settings.dagster_home)
        if beside is not None and beside.webserver:
            self.page = choose_page(beside, _port_taken_up(self.state))
        self.addresses = self._addresses()
        around = Surroundings(
            self.state,
            os.environ,
            self.home.path if self.home else os.environ.get("DAGSTER_HOME"),
            self.home.injects_secrets if self.home else False,
        )
        self.parts = await assemble(self.fleet, around, self.lock, settings, self._report_orphans)
        control = self.parts.control
        for name, address in self.addresses.items():
            spec = control.locations[name].spec
            await self.parts.gateway.open(name, address, CallLimits(concurrent=spec.max_concurrent_calls))
        for place in control.locations.values():
            if place.served is not None:
                self.parts.gateway.serve(place.name, place.served.as_served())
        write_workspace(self.state.workspace_file, self.addresses)
        write_atomic(self.state.root / "source", f"{self.fleet.source}\n".encode())
        self._admin = await serve_admin(self.state.admin_socket, self._commands())
        self._loop_task = asyncio.create_task(control.run())
        starting = [asyncio.create_task(Starter(self.parts, control.spawn).start(self._progress()))]
        if beside is not None:
            self._beside_task = asyncio.create_task(self._start_beside(beside))
            starting.append(self._beside_task)
        await _all_or_first_error(starting)

    def _addresses(self) -> dict[str, ListenAddress]:
        self.state.check_socket_paths(tuple(place.name for place in self.fleet.locations))
        if self.settings.listen == "tcp":
            return tcp_addresses(self.state, self.fleet, self.settings.listen_host, self.settings.base_port)
        return unix_addresses(self.state, self.fleet)

    # -- Dagster's processes -----------------------------------------------------------------------

    async def _start_beside(self, beside: Beside) -> None:
        assert self.home is not None
        candidates = interpreters(self.fleet)
        if beside.daemon or beside.webserver:
            python = await python_with("dagster_webserver" if beside.webserver else "dagster", candidates)
            self._dagster_python = python
            env = dagster_env(os.environ, python, self.home.path)
            await self._ready_instance(beside, python, env)
            if beside.webserver and self.page is not None:
                self._run_beside(Companion(webserver_spec(self.state, beside, self.page, python, env), _say))
                if self.home.fresh:  # it creates the storages; two at once would race on their migrations
                    await until_listening(self.page.host, self.page.port, WEBSERVER_BOOT_S)
            if beside.daemon:
                self._run_beside(Companion(daemon_spec(self.state, python, env), _say))

    async def _ready_instance(self, beside: Beside, python: str, env: Mapping[str, str]) -> None:
        assert self.home is not None
        try:
            if beside.daemon and not self.home.embedded:
                record = self.state.root / "beside" / "daemon.json"
                await refuse_second_daemon(record, self.home.path, python, env)
            elif not self.home.embedded or (self.home.fresh and not beside.webserver):
                await ask(python, env, "touch")
        except InstanceUnavailable as error:
            raise ReefError(
                f"Dagster cannot open its instance in {self.home.path!r}: {str(error).rpartition(chr(10))[2]}",
                hint="check its dagster.yaml and that its database answers",
            ) from None

    def _run_beside(self, companion: Companion) -> None:
        companion.start()
        self.companions.append(companion)

    async def _report_orphans(self, over: list[RunProcess]) -> None:
        """Runs whose server and process are gone: failed, unless they reported their own end."""
        message = "Reef found that the process of this run and its code server are gone."
        failed = await self._ask_instance("fail-runs", over, message)
        if failed:
            log.warning("runs reported failed, their processes were gone: %s", failed)

    async def _ask_instance(self, command: str, runs: list[RunProcess], message: str) -> object:
        home = self.home.path if self.home else os.environ.get("DAGSTER_HOME")
        if not home or not runs:
            return None
        python = self._dagster_python or await python_with("dagster", interpreters(self.fleet))
        env = dagster_env(os.environ, python, home)
        return await ask(python, env, command, {run.run_id: message for run in runs})

    # -- what commands ask -------------------------------------------------------------------------

    def _commands(self) -> dict[str, Any]:
        deployer = Deployer(self.parts, self._fleet_now)
        return {
            "status": self._status,
            "wake": self._wake,
            "sleep": self._sleep,
            "reload": self._reload,
            **deployer.commands(),
            **Rollback(self.parts).commands(),
        }

    def _fleet_now(self) -> Fleet:
        return fleets.read(self.settings.path, os.environ, self.fleet.default_python)

    async def _status(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        gateway, control = self.parts.gateway, self.parts.control
        in_flight = {name: gateway.in_flight(name) for name in control.locations}
        status = await asyncio.to_thread(
            fleet_status, list(control.locations.values()), self.parts.hosting, in_flight
        )
        status["fleet"] = {
            "source": self.fleet.source,
            "kind": self.fleet.kind,
            "warnings": self.fleet.warnings,
        }
        status["state_dir"] = str(self.state.root)
        status["workspace"] = str(self.state.workspace_file)
        status["page"] = self.page.url if self.page else None
        status["started_at"] = self.started_at
        status["beside"] = {
            companion.spec.name: {"pid": companion.pid, "restarts": companion.restarts}
            for companion in self.companions
        }
        return status

    def _place(self, request: Mapping[str, Any]) -> CodeLocation:
        name = str(request["location"])
        places = self.parts.control.locations
        if name not in places:
            close = did_you_mean(name, places)
            raise ReefError(f"no code location {name!r}", hint=close)
        return places[name]

    def _row(self, place: CodeLocation, note: str | None = None) -> dict[str, Any]:
        row = location_status(place, self.parts.hosting, self.parts.gateway.in_flight(place.name))
        return {**row, "note": note}

    async def _wake(self, request: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(request)
        note = await self.parts.control.wake_up(place)
        return self._row(place, note)

    async def _sleep(self, request: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(request)
        if place.external is not None:
            return self._row(place, "external: its server is not Reef's to end")
        slept = await self.parts.control.rester.sleep(place, "`reef sleep`")
        return self._row(place, None if slept else "not idle: it has calls or live runs")

    async def _reload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(request)
        before = place.served.server_id if place.served else None
        await self.parts.pins.unpin(place)
        await self.parts.control.reload(place.name)
        changed = (place.served.server_id if place.served else None) != before
        note = place.load_error or ("a new version is served" if changed else "nothing changed")
        return self._row(place, note.strip().splitlines()[0])

    # -- life --------------------------------------------------------------------------------------

    def _progress(self) -> Progress:
        return Silence() if self.settings.as_json else Bar()

    async def announce(self) -> None:
        places = self.parts.control.locations.values()
        failed = [place for place in places if place.served is None or place.served.load_error]
        if self.settings.as_json:
            click.echo(json.dumps(self._summary(len(places), failed)))
            return
        zygotes = self.parts.hosting.zygotes()
        memory = sum(zygote.memory.pss for zygote in zygotes if zygote.memory) / 1e6
        seconds = time.time() - self.started_at
        _say(f"Reef serves {len(places)} code locations of {self.fleet.source} after {seconds:.1f} s")
        _say(f"  {len(zygotes)} zygote(s), {memory:.0f} MB; state in {self.state.root}")
        for place in failed[:10]:
            text = (
                (
                    place.load_error
                    or ("it is still loading" if place.loads_slowly.is_set() else "no reason known")
                )
                .strip()
                .splitlines()
            )
            _say(f"  {place.name} does not load: {text[0][:160]}")
        if len(failed) > 10:
            _say(f"  and {len(failed) - 10} more that do not load: see `reef status`")
        if self.page is not None:
            if await until_listening(self.page.host, self.page.port, WEBSERVER_BOOT_S):
                _say(f"  page: {self.page.url}")
            else:
                _say(
                    f"  the webserver does not answer yet; log: {self.state.root / 'logs' / 'webserver.log'}"
                )
        else:
            _say(f"  workspace for dagster-webserver and dagster-daemon: {self.state.workspace_file}")

    def _summary(self, locations: int, failed: list[CodeLocation]) -> dict[str, Any]:
        return {
            "locations": locations,
            "failed": [place.name for place in failed],
            "page": self.page.url if self.page else None,
            "workspace": str(self.state.workspace_file),
            "state_dir": str(self.state.root),
            "pid": os.getpid(),
            "seconds": round(time.time() - self.started_at, 2),
        }

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
        if not leave:
            await self._cancel_runs()
        self._loop_task.cancel()
        await asyncio.gather(*(companion.stop(STOP_WITHIN_S - 3) for companion in self.companions))
        self._admin.close()
        await parts.gateway.aclose(1.0)
        await parts.control.close()
        await parts.hosting.close(leave_children=leave)
        self._sweep(leave)
        self.lock.release()

    async def _cancel_runs(self) -> None:
        control = self.parts.control
        for place in control.locations.values():
            if place.runs:
                await control.rester.refresh_runs(place)
        live = [run for run in control.runs.all() if run.is_alive()]
        if not live:
            return
        _say(f"cancelling {len(live)} live run(s): {', '.join(run.run_id[:8] for run in live)}")
        message = "Reef was stopped by a person, which cancels its runs."
        try:
            await asyncio.wait_for(self._ask_instance("cancel-runs", live, message), TELL_RUNS_S)
        except (TimeoutError, InstanceUnavailable, ReefError, OSError) as error:
            log.warning("live runs could not be marked as cancelled beforehand: %s", error)
        for run in live:
            control.runs.interrupt(run.run_id)
        deadline = time.monotonic() + CANCEL_RUNS_S
        while any(run.is_alive() for run in live) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)

    def _sweep(self, leave: bool) -> None:
        self.state.admin_socket.unlink(missing_ok=True)
        folders = ["l"] if leave else ["l", "c", "children"]
        for folder in folders:
            for path in (self.state.root / folder).glob("*"):  # somebody may have removed it
                path.unlink(missing_ok=True)

    def kill(self) -> None:
        """The second Ctrl-C: nothing is drained."""
        for companion in self.companions:
            companion.kill()
        if not self.settings.leave_children:
            for run in self.parts.control.runs.all():
                if run.is_alive():
                    kill_tree(run.pid)
            for place in self.parts.control.locations.values():
                for child in (place.child, *place.draining.values()):
                    if child is not None:
                        kill_tree(child.pid)
            kill_below(os.getpid())
        self._sweep(self.settings.leave_children)


async def _all_or_first_error(tasks: list[asyncio.Task[None]]) -> None:
    """A mistake that one finds out at once must not wait for the others."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _say(text: str) -> None:
    click.echo(text, err=True)
    log.info("%s", text.strip())


def _port_taken_up(state: StateDir) -> int | None:
    """The port of a webserver that an earlier host left running, which this one will take up again."""
    try:
        record = json.loads((state.root / "beside" / "webserver.json").read_bytes())
        os.kill(record["pid"], 0)
        argv = record["argv"]
        return int(argv[argv.index("--port") + 1])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _set_up_log(state: StateDir) -> None:
    handler = logging.handlers.RotatingFileHandler(state.host_log, maxBytes=5_000_000, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("reef")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.propagate = False


def _raise_file_limit() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def run_host(settings: HostSettings) -> int:
    """Run one host from start to end; its exit status. Raises ReefError for what the user must mend."""
    default_python = settings.python or await _default_python()
    fleet = fleets.read(settings.path, os.environ, default_python)
    state = open_state_dir(settings.state_dir or default_state_dir(fleet.source, os.environ))
    lock = HostLock(state)
    _set_up_log(state)
    _raise_file_limit()
    one_arena()
    for warning in fleet.warnings:
        _say(f"warning: {warning}")
    host = Host(settings, fleet, state, lock)
    try:
        return await _live(host)
    except OSError as error:
        if error.errno not in DISK_FULL and not str(error.filename).startswith(str(state.root)):
            raise
        raise ReefError(
            f"the state directory {str(state.root)!r} fails: {error}",
            hint="is its disk full, or was it removed? Choose another with --state-dir or REEF_STATE_DIR",
        ) from None


async def _live(host: Host) -> int:
    loop = asyncio.get_running_loop()
    asked = 0

    def on_signal() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            _say("stopping (once more to stop at once)")
            host.request_stop()
            return
        try:
            host.kill()
        finally:
            os._exit(130)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    starting = asyncio.create_task(_start(host))
    stopping = asyncio.create_task(host.until_stopped())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failure = starting.exception() if starting.done() else None
    if failure is None:
        await stopping
    stopping.cancel()
    starting.cancel()
    await asyncio.gather(starting, stopping, return_exceptions=True)
    if hasattr(host, "_loop_task"):
        await host.stop()
    else:
        host.lock.release()
    if failure is not None:
        raise failure
    return 0


async def _start(host: Host) -> None:
    await host.start()
    await host.announce()


async def _default_python() -> str:
    """The interpreter of locations that name none: the first that has Dagster, as a user would expect."""
    from shutil import which

    candidates = [sys.executable]
    if active := os.environ.get("VIRTUAL_ENV"):
        candidates.insert(0, os.path.join(active, "bin", "python"))
    candidates += [path for name in ("python3", "python") if (path := which(name))]
    try:
        return await python_with("dagster", tuple(dict.fromkeys(candidates)))
    except ReefError:
        return candidates[0]
