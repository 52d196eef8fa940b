"""Code servers on this machine: forked from zygotes, or in interpreters of their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reef.background import Background
from reef.hosting import exec_only, reports
from reef.hosting.contract import (
    Child,
    ChildSpec,
    Exit,
    HostingEvents,
    LoadReport,
    MemorySample,
    StartFailed,
    ZygoteStatus,
)
from reef.hosting.link import Link
from reef.hosting.logs import KEEP_BYTES, Logs
from reef.hosting.machine import Machine, Process, ThisMachine
from reef.hosting.plan import ZygotePlan
from reef.hosting.slots import Slot, Zygotes
from reef.hosting.starting import (
    ForkRefused,
    Orders,
    Running,
    StartedUnfit,
    rebase_message,
    start_forked,
    start_fresh,
)
from reef.hosting.zygote import Tuning, Zygote
from reef.words import describe

log = logging.getLogger("reef.hosting")

REPORT_TIMEOUT_S = 10.0

RefuseFork = Callable[[ZygotePlan, str], str | None]
"""(plan, location) -> why this location must not fork from this plan's zygote now, or None."""


@dataclass
class _Held:
    """A child and what watches it."""

    child: Child
    process: Process
    log_path: str
    link: Link | None = None
    expected: bool = False
    killed: bool = False  # by us
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # dead, cleaned up after, and told


class LocalHosting:
    """Implements `Hosting`. Make it inside a running event loop; whoever makes it holds a lock on
    `claim_lock_path` (an OFD or POSIX lock), without which its children end themselves after a while."""

    def __init__(
        self,
        state_dir: Path | str,
        claim_lock_path: Path | str | None,
        events: HostingEvents | None = None,
        *,
        tuning: Tuning | None = None,
        refuse_fork: RefuseFork = lambda _plan, _location: None,
        log_keep_bytes: int = KEEP_BYTES,
        unclaimed_s: float | None = None,
        machine: Machine | None = None,
    ) -> None:
        """Without a `machine` it is the one that we run on."""
        self._machine = machine or _this_machine(Path(state_dir) / "children")
        claim = None if claim_lock_path is None else str(claim_lock_path)
        self._orders = Orders(self._machine, claim, unclaimed_s)
        self._events = events or HostingEvents()
        self._refuse_fork = refuse_fork
        self._held: dict[int, _Held] = {}
        self._zygotes = Zygotes(Path(state_dir) / "zygotes", tuning or Tuning(), self._machine)
        self._fresh_because: dict[str, str] = {}
        self._not_forked: dict[str, str] = {}
        self._zygote_memory: dict[int, MemorySample] = {}
        self._logs = Logs(log_keep_bytes)
        self._background = Background(log, "background work of the hosting")
        self._background.spawn(self._logs.run())
        self._background.spawn(self._machine.tend(self._is_watched))

    async def use(self, plans: Sequence[ZygotePlan], fresh: Mapping[str, str] | None = None) -> None:
        """Fork the locations of these plans from their zygotes from now on; all others get an interpreter of
        their own, because of the reason in `fresh`. New zygotes are built beside the old ones, which serve until
        then; returns when all are there (or have failed). Safe to run as a task while children start."""
        self._fresh_because = dict(fresh or {})
        self._not_forked.clear()
        await self._zygotes.use(plans)

    async def start(self, spec: ChildSpec, timeout_s: float) -> Child:
        if spec.root != "/":
            raise StartFailed(f"root {spec.root!r} is not '/': children with a root of their own need a pack")
        _clear_socket(spec.socket)
        started_at = time.time()
        with self._logs.while_starting(spec.log_path):
            running = await self._start(spec, timeout_s)
        held = self._hold(_child(spec, running, started_at), running.process, spec.log_path, running.link)
        self._machine.note(running.process, held.child, spec.log_path)
        return held.child

    async def _start(self, spec: ChildSpec, timeout_s: float) -> Running:
        end = time.monotonic() + timeout_s
        chosen = await self._zygote_for(spec, timeout_s)
        if chosen is not None:
            slot, zygote = chosen
            try:
                return await self._fork(spec, slot, zygote, end - time.monotonic())
            except ForkRefused as error:
                self._not_forked[spec.location] = f"the last fork did not succeed: {describe(error)}"
        try:
            return await start_fresh(spec, self._orders, max(0.1, end - time.monotonic()))
        except OSError as error:
            raise StartFailed(self._machine.why_not(spec.python, spec.cwd, error)) from None

    async def _fork(self, spec: ChildSpec, slot: Slot, zygote: Zygote, timeout_s: float) -> Running:
        rebase = slot.plan.rebase.get(spec.location)
        message = rebase_message(rebase, slot.plan.site_dirs) if rebase else None
        try:
            running = await start_forked(spec, zygote, message, self._orders, timeout_s)
        except StartedUnfit:
            raise StartFailed(
                f"the forked child of {spec.location!r} ended before it said anything"
            ) from None
        self._not_forked.pop(spec.location, None)
        return running

    async def _zygote_for(self, spec: ChildSpec, timeout_s: float) -> tuple[Slot, Zygote] | None:
        """None, with the reason noted, where this child must have an interpreter of its own."""
        while (slot := self._zygotes.slot(spec.location)) is not None:
            reason = exec_only.difference(slot.plan, spec) or self._refuse_fork(slot.plan, spec.location)
            if reason is None:
                zygote = await self._wait_for(slot, timeout_s / 2)
                if zygote is not None:
                    return slot, zygote
                if self._zygotes.slot(spec.location) is not slot:
                    continue  # another has taken over meanwhile
                reason = slot.failure or "its zygote was still being built"
            self._not_forked[spec.location] = reason
            return None
        return None

    async def _wait_for(self, slot: Slot, timeout_s: float) -> Zygote | None:
        try:
            async with asyncio.timeout(timeout_s):  # `wait_for` of Python 3.11 swallows a cancellation
                return await self._zygotes.ready(slot)
        except TimeoutError:
            return None

    def _hold(self, child: Child, process: Process, log_path: str, link: Link | None) -> _Held:
        held = self._held[child.pid] = _Held(child, process, log_path, link)
        self._logs.watch(log_path)
        self._background.spawn(self._until_gone(held))
        return held

    async def _until_gone(self, held: _Held) -> None:
        status = await held.process.dead()
        await self._machine.end_leftovers(held.child.pid)
        if self._held.get(held.child.pid) is held:
            del self._held[held.child.pid]
        self._let_go(held)
        await self._machine.forget(held.child)
        await asyncio.to_thread(_clear_socket, held.child.socket)
        held.gone.set()
        somebody_else = status == -signal.SIGKILL and not held.killed  # before our word reached it
        self._events.on_exit(Exit(held.child, status, held.expected and not somebody_else))

    def _let_go(self, held: _Held) -> None:
        self._logs.unwatch(held.log_path)
        if held.link is not None:
            held.link.close()
            held.link = None

    async def stop(self, child: Child, grace_s: float, *, runs_too: bool = False) -> None:
        held = self._find(child)
        if held is None:
            return
        held.expected = held.expected or not held.process.has_ended()
        self._events.on_ending(held.child)
        if grace_s > 0:
            held.process.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await held.process.dead()
        if not held.process.is_dead:
            held.killed = True
            held.process.signal(signal.SIGKILL)
            await held.process.dead()
        if runs_too or child.purpose == "probe":
            held.process.kill_group()
        await held.gone.wait()

    def _find(self, child: Child) -> _Held | None:
        held = self._held.get(child.pid)
        return held if held is not None and held.child.start_ticks == child.start_ticks else None

    async def load_report(self, child: Child) -> LoadReport | None:
        held = self._find(child)
        if held is None or held.link is None:
            return None
        try:
            async with asyncio.timeout(REPORT_TIMEOUT_S):
                return await reports.ask(held.link)
        except TimeoutError:
            return None

    async def adopt(self) -> Sequence[Child]:
        """Children that an earlier host left; probes among them are ended, nobody waits for them any more."""
        adopted = []
        for child, log_path, process in await self._machine.noted():
            if child.pid in self._held:
                process.abandon()
                continue
            held = self._hold(child, process, log_path, None)
            if child.purpose == "probe":
                held.expected = held.killed = True
                process.kill_group()
            else:
                adopted.append(child)
        return adopted

    async def memory(self, child: Child) -> MemorySample | None:
        if self._find(child) is None:
            return None
        return await self._machine.memory(child.pid)

    def not_forked_because(self, name: str) -> str | None:
        if self._zygotes.slot(name) is None:
            return self._fresh_because.get(name, "no zygote is planned for it")
        return self._not_forked.get(name)

    def zygotes(self) -> Sequence[ZygoteStatus]:
        """Memory is that of the last call of `sample_zygotes`."""
        return [self._status(slot, slot.zygote) for slot in self._zygotes.slots() if slot.zygote is not None]

    async def sample_zygotes(self) -> None:
        """Measure the zygotes' memory, for `zygotes()`."""
        for slot in self._zygotes.slots():
            if slot.living is not None:
                sampled = await self._machine.memory(slot.living.process.pid)
                if sampled is not None:
                    self._zygote_memory[slot.living.process.pid] = sampled

    def _status(self, slot: Slot, zygote: Zygote) -> ZygoteStatus:
        return ZygoteStatus(
            key=slot.plan.key,
            pid=zygote.process.pid,
            python=slot.plan.python,
            modules=len(zygote.built.modules),
            locations=slot.plan.locations,
            memory=self._zygote_memory.get(zygote.process.pid),
            build_s=zygote.built.build_s,
            features=zygote.built.features,
            left_out=slot.plan.left_out,
            successor_failed=slot.successor_failed,
        )

    def living_zygotes(self) -> Sequence[Zygote]:
        """For those who watch the files that a zygote has loaded: `.plan`, `.built.modules`, `.built.mapped`,
        `.built.left_out`, `.built.failed`."""
        return [slot.living for slot in self._zygotes.slots() if slot.living is not None]

    def any_child(self) -> bool:
        """Whether one runs."""
        return bool(self._held)

    def _is_watched(self, pid: int) -> bool:
        return pid in self._held or any(
            slot.zygote is not None and slot.zygote.process.pid == pid for slot in self._zygotes.slots()
        )

    async def close(self, *, leave_children: bool) -> None:
        """Ends the zygotes; children too, unless they shall be left for another host."""
        if not leave_children:
            await asyncio.gather(
                *(self.stop(held.child, 2.0, runs_too=True) for held in list(self._held.values()))
            )
        await self._zygotes.close()
        for held in list(self._held.values()):
            held.process.abandon()
            self._let_go(held)
        self._held.clear()
        await self._background.close()


def _child(spec: ChildSpec, running: Running, started_at: float) -> Child:
    process = running.process
    return Child(
        location=spec.location,
        version=spec.version,
        purpose=spec.purpose,
        pid=process.pid,
        start_ticks=process.start_ticks,
        socket=spec.socket,
        forked=running.forked,
        started_at=started_at,
    )


def _clear_socket(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _this_machine(records: Path) -> ThisMachine:
    records.mkdir(mode=0o700, parents=True, exist_ok=True)
    return ThisMachine(records)
