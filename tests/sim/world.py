"""A fleet in memory: everything that decides is real, over a SIMULATED hosting, gateway, clock, interpreter and page.

`sim_host.py` alone knows where the parts of Reef are and how they are made, and this file what is asked of them; tables
speak of the world.
Locations are packed: servers of other placements are polled through gRPC, which no simulation stands for here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import shutil
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from sim_clock import loop_now
from sim_disk import Killing, changes_of
from sim_gateway import Outcome
from sim_host import Host, assembled
from sim_hosting import SimHosting

from reef.fleet.model import CodeTarget, Fleet, Location
from reef.gateway import ListenAddress
from reef.host.status import location_status
from reef.hosting.contract import Child, ChildSpec
from reef.records.deploy_progress import plain
from reef.serving.runs import RunProcess
from reef.statedir import StateDir, slug, write_json
from reef.wire import messages, serdes

CODE = "jobs: daily\n"
FORWARDED = "ExecutionPlanSnapshot"


# -- the world ------------------------------------------------------------------------------------------


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(logging.Formatter().format(record))


@dataclass
class WorldClock:
    """Time of the world. It passes here, and where a test awaits what needs time."""

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await loop_now().settle()

    def now(self) -> float:
        return loop_now().time()


@dataclass
class World:
    """`hosting` takes induced failures; `did` says what was done."""

    folder: Path
    hosting: SimHosting = field(default_factory=SimHosting)
    clock: WorldClock = field(default_factory=WorldClock)
    said: list[str] = field(default_factory=list)  # in the terminal
    orphans_over: list[str] = field(default_factory=list)  # run ids that Dagster was told of
    expected_errors: bool = False  # in the log

    def __post_init__(self) -> None:
        self.state = StateDir(self.folder / "s")
        self.state.root.mkdir(mode=0o700)
        (self.folder / "python").write_text("dagster 1.13.0\n")
        self.fleet = Fleet((), str(self.folder / "reef.yaml"), "reef", str(self.folder / "python"))
        self.host: Host
        self._lives = 0
        self._log = _Errors()
        self._marks: dict[str, int] = {}
        logging.getLogger("reef").addHandler(self._log)

    # -- the fleet ---------------------------------------------------------------------------------

    async def locations(self, *names: str, fleet: Mapping[str, Any] | None = None, **settings: Any) -> None:
        """A host that has just started with these locations, each loaded once; `settings` are those of each
        location, `fleet` those of the fleet."""
        self.has(*names, fleet=fleet, **settings)
        await self.starts_up()

    def has(self, *names: str, fleet: Mapping[str, Any] | None = None, **settings: Any) -> None:
        """What the fleet's file says; nothing happens yet."""
        for name in names:
            if not self.file(name).exists():
                self.code(name, CODE)
        specs = tuple(replace(self._spec(name), **settings) for name in names)
        self.fleet = replace(self.fleet, locations=specs, **(fleet or {}))

    def _spec(self, name: str) -> Location:
        code = CodeTarget(python_file=str(self.file(name)))
        return Location(name, code=code, python=str(self.folder / "python"), cwd=str(self.file(name).parent))

    def settings(self, name: str, **changed: Any) -> None:
        """In the fleet's file; `fleet_changes` or a deploy takes them over."""
        specs = (replace(one, **changed) if one.name == name else one for one in self.fleet.locations)
        self.fleet = replace(self.fleet, locations=tuple(specs))

    async def fleet_changes(self) -> None:
        await self.host.reconciler.apply(self.fleet)
        await self.settle()

    def file(self, name: str) -> Path:
        return self.folder / "code" / name / "defs.py"

    def code(self, name: str, text: str) -> None:
        """What lies in a location's file from now on."""
        self.file(name).parent.mkdir(parents=True, exist_ok=True)
        self.file(name).write_text(text)

    def code_changes(self, *names: str, says: str = "something new") -> None:
        """The file of each gets one line more, which changes what its jobs are."""
        for name in names:
            with self.file(name).open("a") as file:
                file.write(f"says: {says}\n")

    def packages_change(self, to: str = "dagster 1.13.1") -> None:
        (self.folder / "python").write_text(f"{to}, and more\n")

    # -- lives of the host -------------------------------------------------------------------------

    def begins(self) -> asyncio.Task[None]:
        """A host that is still starting."""
        self.__dict__.pop("host", None)
        return asyncio.create_task(self.starts_up())

    async def first_answers(self, location: str) -> None:
        """Returns as soon as a host that begins listens for the location."""
        while not hasattr(self, "host") or location not in self.host.gateway.board.locations():
            await asyncio.sleep(0)

    async def starts_up(self) -> None:
        """A host starts; what an earlier one left is taken up."""
        self.host = host = await assembled(self)
        await host.begin(self.listeners(tuple(spec.name for spec in self.fleet.locations)))
        await self.settle()

    async def dies(self) -> None:
        """SIGKILL of the host: nothing is drained, nothing more is written. Its children live."""
        loop_now().before_work = _refuse_work
        await self._all_end()

    async def cut_off_at(self, piece: int, work: Coroutine[Any, Any, Any]) -> bool:
        """Do this, and kill the host before its n-th piece of work on a disk (from 0 on). False where it did not
        come that far: then it is over."""
        killing = Killing(piece)
        loop_now().before_work = killing.step
        return await self._cut_off(killing, work)

    async def cut_off_at_change(self, change: int, work: Coroutine[Any, Any, Any]) -> tuple[bool, list[str]]:
        """As `cut_off_at`, before the n-th change of the state directory, which may be amid a piece of work: nothing
        on the disk changes from then on, whoever would tidy up. Also the changes that were begun."""
        killing = Killing(change)
        with changes_of(self.state.root, killing.step) as begun:
            return await self._cut_off(killing, work), begun

    async def _cut_off(self, killing: Killing, work: Coroutine[Any, Any, Any]) -> bool:
        doing, dead = asyncio.create_task(work), asyncio.create_task(killing.killed.wait())
        await asyncio.wait({doing, dead}, return_when=asyncio.FIRST_COMPLETED)
        if killing.killed.is_set():
            await self._all_end()
            return True
        loop_now().before_work = _nothing
        dead.cancel()
        doing.result()
        return False

    @contextlib.contextmanager
    def disk_full(self) -> Iterator[None]:
        """Nothing that a host writes whole or not at all finds room."""

        def refuse(source: Any, target: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

        with mock.patch.object(os, "replace", refuse):
            yield

    async def _all_end(self) -> None:
        """Again and again: in Python 3.11 `wait_for` may swallow that it was cancelled."""
        for _ in range(10):
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await self.settle()
        loop_now().before_work = _nothing
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def snapshots_are_lost(self) -> None:
        """Everything that was recorded of what is served."""
        for path in (self.state.root / "snapshots").iterdir():
            path.unlink()

    def copies_are_lost(self) -> None:
        """Everything that was kept of earlier code, but not the list of what it was."""
        for kind in ("trees", "blobs"):
            shutil.rmtree(self.state.root / "copies" / kind)
            (self.state.root / "copies" / kind).mkdir()

    async def close(self) -> None:
        """The test is over: no background work may have failed."""
        await self._all_end()
        assert self.expected_errors or not self._log.found, "\n".join(self._log.found)

    def leave(self) -> None:
        logging.getLogger("reef").removeHandler(self._log)

    async def settle(self) -> None:
        """Everything that needs no time has happened."""
        await loop_now().settle()

    # -- calls -------------------------------------------------------------------------------------

    def call(
        self, location: str, method: str = FORWARDED, request: bytes = b"", *, deadline_s: float | None = 60.0
    ) -> asyncio.Task[Outcome]:
        """A call of one of Dagster's clients, which is under way at once; awaiting it takes its time."""
        return asyncio.create_task(self.host.gateway.call(location, method, request, deadline_s))

    async def run_starts(self, location: str, run: str) -> Outcome:
        request = messages.text_reply(f'{{"pipeline_run_id": "{run}"}}')
        outcome = await self.call(location, "StartRun", request)
        await self.settle()
        return outcome

    def run_is_found(self, location: str, run: str) -> None:
        """Its process, which is none: of a run whose server dies it is over at once."""
        pid = self.hosting.alive(location)[-1].child.pid + (1 << 20)
        found = RunProcess(run, location, pid, pid)
        write_json(self.state.folder("runs") / f"{slug(run)}.json", vars(found))
        self.host.runs.load()

    async def run_is_cancelled(self, location: str, run: str) -> bool:
        request = messages.text_reply(f'{{"run_id": "{run}"}}')
        outcome = await self.call(location, "CancelExecution", request)
        return outcome.ok and messages.succeeded(outcome.reply)

    async def reload(self, location: str) -> None:
        """A person presses Reload on Dagster's page."""
        await self.call(location, "ReloadCode")
        await self.settle()

    async def id_of(self, location: str) -> str:
        """The server id that clients are shown."""
        return messages.server_id_of((await self.call(location, "GetServerId")).reply)

    async def page(self, location: str) -> tuple[str, ...] | str:
        """What Dagster's page shows: the names of jobs with what they say, or the load error."""
        listed = await self.call(location, "ListRepositories")
        found = messages.listed(listed.reply)
        if found.is_error:
            return serdes.read_error(messages.reply_text(listed.reply)).text()
        request = messages.repository_request(found.repositories[0], deferred=False)
        reply = await self.call(location, "ExternalRepository", request)
        return tuple(_jobs(messages.reply_text(reply.reply)))

    # -- what people ask for -----------------------------------------------------------------------

    async def reef_reload(self, location: str) -> None:
        """`reef reload`: loads in any case, and unpins."""
        place = self.host.place(location)
        await self.host.pins.unpin(place)
        await self.host.parts.reloader.reload(location, by_name=True)
        await self.settle()

    async def reef_rollback(self, location: str, version: str | None = None) -> dict[str, Any]:
        done = await self.host.rollback.to(self.host.place(location), version)
        await self.settle()
        return plain(done)

    async def pin(self, location: str, why: str = "a person said so") -> None:
        assert await self.host.pins.pin(self.host.place(location), why) is None

    async def deploy(self, locations: Any = "all", **request: Any) -> str:
        """Begin a deploy; its id."""
        begun = await self.host.deployer.begin({"locations": locations, **request})
        assert "busy" not in begun, begun
        return str(begun["id"])

    async def deploy_busy(self, locations: Any = "all") -> str:
        begun = await self.host.deployer.begin({"locations": locations})
        return str(begun.get("busy", ""))

    async def deploy_unfinished(self) -> bool:
        """Whether one is under way, or was cut off."""
        found = self.host.deployer.status()
        return found is not None and found["state"] in ("running", "interrupted")

    async def resume(self) -> str:
        return str((await self.host.deployer.resume({}))["id"])

    async def abandon(self) -> str:
        return str((await self.host.deployer.abandon({}))["id"])

    async def deploy_over(self, deploy: str) -> Deployed:
        """Its end, however long it takes."""
        events: list[dict[str, Any]] = []
        while not events or events[-1]["state"] != "over":
            asked = {"id": deploy, "after": len(events), "wait_s": 5.0}
            events += (await self.host.deployer.progress(asked))["events"]
        await self.settle()
        return Deployed(events)

    async def deploy_now(self, deploy: str) -> Deployed:
        """As far as it has come."""
        await self.settle()
        asked = {"id": deploy, "after": 0, "wait_s": 0.0}
        return Deployed((await self.host.deployer.progress(asked))["events"])

    # -- what was done, and how it stands ----------------------------------------------------------

    def did(self, location: str) -> list[str]:
        """What was done to a location since this was last asked: `probe` and `serve` are starts, `stop` ends a serving
        child, `died` is a test's, `shows` is what is published for it. Ends of probes' children are left out."""
        log = self.hosting.log
        told = [what for name, what in log[self._marks.get(location, 0) :] if name == location]
        self._marks[location] = len(log)
        return told

    def status(self, location: str) -> dict[str, Any]:
        """As `reef status --json` shows it."""
        in_flight = self.host.in_flight(location)
        return location_status(self.host.place(location), self.hosting, in_flight)

    def state_of(self, location: str) -> str:
        return str(self.status(location)["state"])

    def version(self, location: str) -> str:
        """Served."""
        return str(self.status(location)["version"])

    def pinned(self, location: str) -> str | None:
        found = self.status(location)["pinned"]
        return None if found is None else str(found)

    async def history(self, location: str) -> list[dict[str, Any]]:
        promotions = self.host.promotions
        await promotions.written(location)
        return promotions.history.of(location)

    def children(self, location: str) -> list[Child]:
        """Serving or draining."""
        return [one.child for one in self.hosting.alive(location)]

    def last_start(self, location: str) -> ChildSpec:
        return next(spec for spec in reversed(self.hosting.starts) if spec.location == location)

    def entries(self) -> list[str]:
        """Entries of Dagster's page that are no locations: they show new code that does not load."""
        known = self.host.parts.places
        return [name for name in self.host.gateway.board.locations() if name not in known]

    # -- what a host asks of what is around it -----------------------------------------------------

    def listeners(self, names: tuple[str, ...]) -> dict[str, ListenAddress]:
        return {name: ListenAddress(socket=f"{self.state.root}/l/{name}") for name in names}

    async def addresses(self, names: tuple[str, ...]) -> dict[str, ListenAddress]:
        return self.listeners(names)

    async def publish(self, names: tuple[str, ...]) -> None: ...

    async def rename(self, renamed: Mapping[str, str]) -> None: ...

    async def orphans_are_over(self, runs: list[RunProcess]) -> None:
        self.orphans_over += [run.run_id for run in runs]


@dataclass(frozen=True)
class Deployed:
    """The events of a deploy."""

    events: list[dict[str, Any]]

    @property
    def outcome(self) -> str | None:
        last = self.events[-1] if self.events else {}
        return str(last["outcome"]) if last.get("state") == "over" else None

    @property
    def states(self) -> dict[str, str]:
        """Location -> how it ended."""
        return {one["location"]: one["state"] for one in self.events if "location" in one}

    def reason(self, location: str) -> str:
        return next(str(e["reason"]) for e in self.events if e.get("location") == location and "reason" in e)

    def halted(self) -> dict[str, str]:
        return next((dict(e["reasons"]) for e in self.events if e["state"] == "halted"), {})

    def waves(self) -> list[list[str]]:
        return [one["locations"] for one in self.events if one["state"] == "wave"]


def _jobs(text: bytes) -> Iterator[str]:
    for job in json.loads(text)["external_pipeline_datas"]:
        yield f"{job['name']}: {job['says']}" if job["says"] else job["name"]


def _nothing() -> None: ...


def _refuse_work() -> None:
    raise asyncio.CancelledError
