"""One container of a pack: its agent, which comes and goes, and the hosting over it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reef.background import Background
from reef.hosting.contract import Child, ChildSpec, HostingEvents, LoadReport, StartFailed
from reef.hosting.local import LocalHosting
from reef.hosting.zygote import Tuning
from reef.packs.agent_machine import AgentMachine
from reef.packs.agents import AgentGone, Hello
from reef.packs.claims import Claim
from reef.packs.zygotes import UNUSED_S, ContainerZygotes
from reef.peers.messages import ContainerState, PackLocation
from reef.statedir import slug
from reef.words import describe

log = logging.getLogger("reef.packs")

SOCKET = "agent.sock"
RETRY_S = 0.3
LONGEST_RETRY_S = 5.0  # of an agent that is missing for long; a call looks at once
WAITS_S = 5.0  # of a start whose container is only just coming
STOP_GRACE_S = 3.0
ABSENT = (
    "is not running: its image or a Secret may be missing, or it crashes; `kubectl describe pod` says which"
)


@dataclass(frozen=True)
class Around:
    """What the containers of a pack share. `folder` is the shared volume, `hidden` a folder in it that no container
    sees. A zygote is made for containers with at least `fork_from` locations, and ends unused after `unused_s`."""

    folder: Path
    hidden: Path
    events: HostingEvents
    tuning: Tuning
    fork_from: int
    unclaimed_s: float | None = None
    unused_s: float = UNUSED_S

    def log_path(self, location: str) -> Path:
        return self.hidden / f"{slug(location)}.log"


class Container:
    """`hosting` is there from the beginning; while there is no agent, it starts nothing."""

    def __init__(self, name: str, around: Around) -> None:
        self.name = name
        self.locations: dict[str, PackLocation] = {}
        self._around = around
        self._folder = around.folder / name
        self._claim = Claim(self._folder)
        self.machine = AgentMachine(name, self._label, self._log_of)
        self.hosting = LocalHosting(
            around.hidden / "zygotes" / name,
            self._claim.path,
            around.events,
            tuning=around.tuning,
            unclaimed_s=around.unclaimed_s,
            machine=self.machine,
        )
        self._zygotes = ContainerZygotes(
            name,
            self.machine,
            self.hosting,
            around.hidden / "zygotes" / f"{name}.log",
            around.fork_from,
            around.unused_s,
        )
        self._adopts = False  # whether the children of an earlier host have been asked for
        self._tried, self._connected, self._wanted = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._background = Background(log, f"container {name!r}")
        self._background.spawn(self._keep_connected())

    async def use(self, locations: Sequence[PackLocation]) -> None:
        """In place of those before. Returns when the agent was looked for once."""
        self.locations = {one.name: one for one in locations}
        await self._tried.wait()
        self._zygotes.want(tuple(self.locations.values()))

    @property
    def state(self) -> ContainerState:
        hello = self.machine.hello
        started = hello.started if hello is not None else ""
        stands = any(zygote.is_alive for zygote in self.hosting.living_zygotes())
        return ContainerState(name=self.name, connected=hello is not None, started=started, zygote=stands)

    # -- the agent ---------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        retry_s = RETRY_S
        while True:
            try:
                link = await self.machine.connect(str(self._folder / SOCKET))
            except AgentGone as gone:
                if gone.surely:
                    self._lost()
                self._tried.set()
                retry_s = await self._paused(retry_s)
                continue
            retry_s = RETRY_S
            began = time.monotonic()
            await self._greeted()
            self._tried.set()
            await link.gone.wait()
            self._connected.clear()
            await self.machine.disconnect()
            if time.monotonic() - began < RETRY_S:
                await asyncio.sleep(RETRY_S)

    async def _paused(self, seconds: float) -> float:
        """How long the next pause is. Somebody who wants the agent ends this one, and keeps the next ones short."""
        self._wanted.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return min(seconds * 1.5, LONGEST_RETRY_S)
        await asyncio.sleep(RETRY_S)
        return RETRY_S

    async def _greeted(self) -> None:
        try:
            self._claim.take()
        except OSError as error:
            log.warning("container %r cannot be claimed: %s", self.name, describe(error))
        if self._adopts:
            await self._end_left()
        self._connected.set()
        self._zygotes.renew()

    def _lost(self) -> None:
        self._zygotes.lost()
        self.machine.lost()

    async def _end_left(self) -> None:
        """Those of an earlier host that nobody asked for in time."""
        for child in await self.hosting.adopt():
            self._background.spawn(self.hosting.stop(child, STOP_GRACE_S))

    async def adopt(self) -> Sequence[Child]:
        self._adopts = True
        return await self.hosting.adopt()

    # -- children ----------------------------------------------------------------------------------

    async def start(self, spec: ChildSpec, timeout_s: float) -> Child:
        end = time.monotonic() + timeout_s
        hello = await self._agent(min(WAITS_S, timeout_s / 2))
        placed = await self._placed(spec, hello)
        try:
            return await self.hosting.start(placed, max(0.1, end - time.monotonic()))
        finally:
            self._zygotes.used()

    async def _agent(self, wait_s: float) -> Hello:
        self._wanted.set()
        try:
            async with asyncio.timeout(wait_s):
                await self._connected.wait()
        except TimeoutError:
            pass
        if self.machine.hello is None:
            raise StartFailed(f"container {self.name!r} {ABSENT}")
        return self.machine.hello

    async def _placed(self, spec: ChildSpec, hello: Hello) -> ChildSpec:
        """With what only its container knows, and where we can reach it."""
        python = spec.python if spec.python.startswith("/") else await self.machine.interpreter(spec.python)
        if not python:
            what = f"interpreter {spec.python!r}" if spec.python else "Python"
            raise StartFailed(f"container {self.name!r} has no {what} on its PATH")
        socket = self._folder / f"{slug(spec.location)[-8:]}-{secrets.token_hex(4)}.sock"
        return replace(
            spec,
            python=python,
            cwd=spec.cwd or hello.cwd,
            socket=str(socket),
            log_path=str(self._around.log_path(spec.location)),
        )

    async def load_report(self, child: Child) -> LoadReport | None:
        try:
            report = await self.hosting.load_report(child)
        except (ValueError, TypeError, KeyError) as nonsense:  # what a location says
            log.warning("the report of %r is not understood: %s", child.location, describe(nonsense))
            return None
        if report is not None:
            self._zygotes.learn(report)
        return report

    def _label(self, location: str) -> dict[str, Any] | None:
        """Where one location is all that a container serves, its lines are the container's."""
        if len(self.locations) < 2:
            return None
        known = self.locations.get(location)
        return {"location": location or None, "owner": known.owner if known is not None else None}

    def _log_of(self, child: Child) -> str | None:
        ours = child.location in self.locations and os.path.dirname(child.socket) == str(self._folder)
        return str(self._around.log_path(child.location)) if ours else None

    async def close(self, *, leave_children: bool) -> None:
        await self._zygotes.close()
        if self.machine.hello is None:
            self.machine.lost()
        await self.hosting.close(leave_children=leave_children)
        await self._background.close()
        await self.machine.disconnect()
        self._claim.release()
