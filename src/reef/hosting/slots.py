"""Which zygote a location forks from now: built beside the old ones, switched, rebuilt when dead."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reef.background import Background
from reef.hosting.machine import Machine
from reef.hosting.plan import ZygotePlan
from reef.hosting.zygote import BuildFailed, Tuning, Zygote, build
from reef.words import count, describe

log = logging.getLogger("reef.hosting")

REBUILD_PAUSES_S = (0.0, 1.0, 5.0, 30.0, 120.0)
CALM_S = 300.0  # a zygote that lived this long died of something new


@dataclass
class Slot:
    """A plan and its zygote: being built, living, or failed for good."""

    plan: ZygotePlan
    building: asyncio.Task[None] | None = None
    zygote: Zygote | None = None
    failure: str | None = None
    deaths: list[float] = field(default_factory=list)
    retired: bool = False
    successor_failed: str | None = None  # why it is still here

    def is_what(self, plan: ZygotePlan, tuning: Tuning) -> bool:
        """Whether its zygote is exactly what `plan` asks for: by what it has left out, or as a draft to which nothing
        would be added."""
        if self.zygote is None or _start_of(self.plan) != _start_of(plan):
            return False
        built, asked = self.zygote.built, self.plan
        kept = tuple(name for name in asked.modules if name not in built.left_out)
        if asked.draft == plan.draft:
            return bool(built.left_out) and kept == plan.modules
        return (
            asked.draft
            and not (plan.immortal and tuning.immortal)
            and asked.changing == plan.changing
            and set(kept).issubset(plan.modules)
            and built.modules.keys() >= set(plan.modules)
            and built.modules.keys().isdisjoint(plan.never)
        )

    @property
    def living(self) -> Zygote | None:
        return self.zygote if self.zygote is not None and self.zygote.is_alive else None


def _start_of(plan: ZygotePlan) -> tuple[object, ...]:
    return plan.python, plan.flags, plan.env, plan.fingerprint


class Zygotes:
    """All zygotes of a host. A location's slot changes only once the new slot's zygote can fork, or has failed."""

    def __init__(self, log_folder: Path, tuning: Tuning, machine: Machine) -> None:
        self._log_folder = log_folder
        self._machine = machine
        self._tuning = tuning
        self._slots: dict[str, Slot] = {}
        self._of: dict[str, Slot] = {}
        self._background = Background(log, "keeping a zygote")
        self._using = asyncio.Lock()

    async def use(self, plans: Sequence[ZygotePlan]) -> None:
        """Returns once every plan's zygote is there or has failed, and the old ones have been ended."""
        async with self._using:
            slots = [self._slot(plan) for plan in plans]
            await asyncio.gather(*(self._ensure(slot) for slot in slots))
            self._switch(plans)
            await self._end_unused()

    def slot(self, name: str) -> Slot | None:
        return self._of.get(name)

    def slots(self) -> list[Slot]:
        return list(self._slots.values())

    async def ready(self, slot: Slot) -> Zygote | None:
        """The slot's zygote, waited for while it is built; None where it cannot be had, or another slot took over."""
        if slot.living is None and slot.failure is None and not slot.retired:
            await asyncio.wait([self._build(slot)])  # whose end by another hand is not ours
        return slot.living

    def _slot(self, plan: ZygotePlan) -> Slot:
        slot = self._slots.get(plan.key) or self._same_as_built(plan)
        if slot is None:
            slot = self._slots[plan.key] = Slot(plan)
        slot.plan = plan
        slot.failure = slot.successor_failed = None
        for location in plan.locations:  # a first plan is waited for, a later one is built beside the old
            self._of.setdefault(location, slot)
        return slot

    def _same_as_built(self, plan: ZygotePlan) -> Slot | None:
        """A zygote of another plan that holds just what this one asks for."""
        for key, slot in self._slots.items():
            if slot.living is not None and slot.is_what(plan, self._tuning):
                self._slots[plan.key] = self._slots.pop(key)
                return slot
        return None

    async def _ensure(self, slot: Slot) -> None:
        if slot.living is None:
            await asyncio.shield(self._build(slot))

    def _switch(self, plans: Sequence[ZygotePlan]) -> None:
        """A location whose new zygote could not be built keeps the one that it has."""
        before, self._of = self._of, {}
        for plan in plans:
            slot = self._slots[plan.key]
            for location in plan.locations:
                old = before.get(location)
                stays = slot.living is None and old is not None and old.living is not None
                self._of[location] = old if stays and old is not None else slot
                if stays and old is not None:
                    old.successor_failed = slot.failure

    async def _end_unused(self) -> None:
        used = {id(slot) for slot in self._of.values()}
        for key, slot in list(self._slots.items()):
            if id(slot) not in used:
                del self._slots[key]
                await self._retire(slot)

    async def _retire(self, slot: Slot) -> None:
        slot.retired = True
        if slot.building is not None:
            slot.building.cancel()
            await asyncio.gather(slot.building, return_exceptions=True)
        if slot.zygote is not None:
            await slot.zygote.end()

    def _build(self, slot: Slot) -> asyncio.Task[None]:
        if slot.building is None or slot.building.done():
            slot.building = self._background.spawn(self._until_built(slot))
        return slot.building

    async def _until_built(self, slot: Slot) -> None:
        try:
            slot.zygote = await build(slot.plan, self._log_path(slot.plan), self._tuning, self._machine)
        except BuildFailed as error:
            slot.failure = f"its zygote could not be built: {describe(error)}"
            log.warning("zygote %s: %s", slot.plan.key[:12], slot.failure)
            return
        self._background.spawn(self._when_dead(slot, slot.zygote))

    def _log_path(self, plan: ZygotePlan) -> str:
        return str(self._log_folder / f"{hashlib.sha256(plan.key.encode()).hexdigest()[:12]}.log")

    async def _when_dead(self, slot: Slot, zygote: Zygote) -> None:
        """A dead zygote is built again; its children live on."""
        status = await zygote.process.dead()
        if slot.retired or slot.zygote is not zygote:
            return
        await zygote.end()
        now = time.monotonic()
        slot.deaths = [died for died in slot.deaths if now - died < CALM_S] + [now]
        log.warning("zygote %s died with status %s", slot.plan.key[:12], status)
        if len(slot.deaths) > len(REBUILD_PAUSES_S):
            slot.failure = f"its zygote died {count(len(slot.deaths), 'time')} within {CALM_S:g} s"
            return
        await asyncio.sleep(REBUILD_PAUSES_S[len(slot.deaths) - 1])
        if not slot.retired and slot.living is None:
            await asyncio.shield(self._build(slot))

    async def close(self) -> None:
        for slot in list(self._slots.values()):
            await self._retire(slot)
        self._slots.clear()
        self._of.clear()
        await self._background.close()
