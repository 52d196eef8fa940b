"""The zygotes of one container: learnt, planned and built again whenever the container is another."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reef.background import Background
from reef.hosting.contract import LoadReport
from reef.hosting.local import LocalHosting
from reef.hosting.plan import WarmedModule, ZygotePlan
from reef.hosting.warmup import WarmUpFailed, warm_up
from reef.packs import preloading
from reef.packs.agent_machine import AgentMachine
from reef.peers.messages import PackLocation

log = logging.getLogger("reef.packs")

ALONE = "it is the only location of its container that could share a zygote"
UNUSED = "no location of its container was started for a while, and the zygote was ended"
# What a zygote holds (some 20 MB) and what a start without it costs more (a second) come out even after some nine
# minutes, by the rule for servers that sleep (`decide.rest`).
UNUSED_S = 600.0
SETTLE_S = 2.0  # reports come one after the other


class ContainerZygotes:
    """A zygote for each group of locations that could share one, from `fork_from` locations on. Locations are started
    fresh until it stands, as they are where it cannot be built. Where nothing was started in the container for
    `unused_s`, and nothing runs, it ends; the next start is a fresh one, and brings it back."""

    def __init__(
        self,
        name: str,
        machine: AgentMachine,
        hosting: LocalHosting,
        log_path: Path,
        fork_from: int,
        unused_s: float = UNUSED_S,
    ) -> None:
        self._name, self._machine, self._hosting = name, machine, hosting
        self._log_path, self._fork_from = log_path, fork_from
        self._locations: tuple[PackLocation, ...] = ()
        self._base: dict[tuple[str, str], tuple[WarmedModule, ...]] = {}
        self._learned: dict[str, WarmedModule] = {}
        self._unused_s, self._used_at, self._rests = unused_s, time.monotonic(), False
        self._wake = asyncio.Event()
        self._settle_s = 0.0
        self._background = Background(log, f"zygotes of container {name!r}")
        self._background.spawn(self._follow())

    def want(self, locations: tuple[PackLocation, ...]) -> None:
        self._locations = locations
        self.renew()

    def renew(self) -> None:
        """The agent is there, maybe another one than before."""
        self._settle_s = 0.0
        self._wake.set()

    def used(self) -> None:
        """A location of the container was started."""
        self._used_at = time.monotonic()
        if self._rests:
            self._rests = False
            self.renew()

    def lost(self) -> None:
        """All that was learnt was about a container that has ended; its zygotes have too."""
        if self._base or self._learned or self._hosting.zygotes():
            self._base.clear()
            self._learned.clear()
            self.renew()

    def learn(self, report: LoadReport) -> None:
        new = False
        for one in preloading.reported(report):
            known = self._learned.get(one.name)
            self._learned[one.name] = one if known is None else _united(known, one)
            new = new or (known is None and not any(one.name in _names(base) for base in self._base.values()))
        if new:
            self._settle_s = SETTLE_S
            self._wake.set()

    async def _follow(self) -> None:
        while True:
            if not await self._woken():
                continue
            await asyncio.sleep(self._settle_s)
            self._wake.clear()
            with contextlib.suppress(OSError):
                await self._plan()

    async def _woken(self) -> bool:
        """Whether there is something to plan, in the time after which unused zygotes are looked for."""
        try:
            async with asyncio.timeout(self._unused_s / 10):
                await self._wake.wait()
        except TimeoutError:
            unused = time.monotonic() - self._used_at >= self._unused_s and not self._hosting.any_child()
            if self._rests or not unused or not self._hosting.living_zygotes():
                return False
            self._rests = True
            log.info("container %r: %s", self._name, UNUSED)
        return True

    async def _plan(self) -> None:
        if self._rests:
            await self._hosting.use([], {one.name: UNUSED for one in self._locations})
            return
        hello = self._machine.hello
        if hello is None:
            await self._hosting.use([])
            return
        plans: list[ZygotePlan] = []
        fresh: dict[str, str] = {}
        for group in preloading.groups(self._locations):
            plan = None
            if len(group) >= self._fork_from:
                plan = await self._plan_of(group, hello.started, hello.cwd)
            if plan is not None:
                plans.append(plan)
            else:
                fresh |= dict.fromkeys((one.name for one in group), ALONE)
        await self._hosting.use(plans, fresh)
        await self._hosting.sample_zygotes()

    async def _plan_of(self, group: preloading.Group, started: str, cwd: str) -> ZygotePlan | None:
        python = await self._machine.interpreter(group[0].python or "")
        if not python:
            return None
        base = await self._warmed(python, started)
        folders = [folder for one in group for folder in preloading.folders_of(one, cwd)]
        own = await self._machine.own_names(list(dict.fromkeys(folders)))
        return preloading.plan_of(group, python, started, base, self._learned.values(), own)

    async def _warmed(self, python: str, started: str) -> tuple[WarmedModule, ...]:
        """What every server of this interpreter imports before its location's code; nothing where that is not seen."""
        if (python, started) not in self._base:
            try:
                warmed = await warm_up(python, {}, "/", str(self._log_path), machine=self._machine)
            except WarmUpFailed as failure:
                log.warning("container %r: %s", self._name, failure)
                return ()
            self._base[python, started] = preloading.installed(warmed.modules)
        return self._base[python, started]

    async def close(self) -> None:
        await self._background.close()


def _names(modules: Sequence[WarmedModule]) -> frozenset[str]:
    return frozenset(one.name for one in modules)


def _united(one: WarmedModule, other: WarmedModule) -> WarmedModule:
    env_read = tuple(sorted({*one.env_read, *other.env_read}))
    return replace(other, env_read=env_read, needs=tuple(sorted({*one.needs, *other.needs})))
