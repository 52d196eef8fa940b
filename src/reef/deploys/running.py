"""A deploy from where it stands to its end, step by step; each step's result is on the disk before the next."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reef.decide import rollout
from reef.decide.gate import Halt
from reef.deploys.deploy import Deploy, Event
from reef.deploys.one_location import LocationDeploy
from reef.deploys.soaking import Watching
from reef.deploys.waiting import Waiting
from reef.environments import Environment
from reef.errors import ReefError
from reef.fleet.model import Location
from reef.releasing.rollback import Rollback
from reef.words import classed, describe

if TYPE_CHECKING:
    from reef.host.assembly import Assembly

log = logging.getLogger("reef.control")


class Rollout:
    """`specs` are the locations as the fleet's file says now."""

    def __init__(self, parts: Assembly, deploy: Deploy, specs: Mapping[str, Location]) -> None:
        self._parts = parts
        self._places = parts.control.locations
        self._rollback = Rollback(parts)
        self._deploy = deploy
        self._journal = deploy.journal
        self._specs = specs
        self._waiting = Waiting(parts.pins, self._places, self._journal)
        self._watching = Watching(deploy, self._places)

    async def run(self) -> None:
        """Tells everything in the deploy's events, the end too."""
        started = time.monotonic()
        try:
            while not isinstance(step := self._next(), rollout.End):
                await self._do(step)
                await self._deploy.write()
            self._journal.outcome = step.outcome
        except Exception as error:
            log.exception("deploy %s failed", self._journal.id)
            for name in self._journal.standing().not_reached:
                self._done(name, {"state": "failed", "reason": describe(error)})
            self._journal.outcome = "halted" if self._journal.waved else "finished"
        self._journal.state = "over"
        await self._deploy.write()
        self._deploy.tell(
            {
                "state": "over",
                "outcome": self._journal.outcome,
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    def _next(self) -> rollout.Step:
        self._journal.abandoned |= self._deploy.abandoning.is_set()
        return rollout.next_step(self._journal.standing())

    async def _do(self, step: rollout.Step) -> None:
        match step:
            case rollout.Pin():
                await self._pin()
            case rollout.Promote(wave, names):
                await self._promote(wave, names)
            case rollout.Watch(wave):
                await self._watch(wave)
            case rollout.TakeBack(names):
                await self._take_back(names[0])
            case rollout.Settle(names):
                await self._settle(names)

    # -- one wave ----------------------------------------------------------------------------------

    async def _pin(self) -> None:
        self._journal.not_pinned = await self._waiting.pin_all()
        self._journal.pinned = True
        for name, reason in self._journal.not_pinned.items():
            self._deploy.tell({"location": name, "state": "not pinned", "reason": reason})

    async def _promote(self, wave: int, names: Sequence[str]) -> None:
        if self._journal.waved:
            self._deploy.tell({"state": "wave", "locations": list(names), **self._number(wave)})
        new_zygotes = await self._ready_environments(names)
        await asyncio.gather(*(self._one(name) for name in names))
        if new_zygotes:
            self._parts.control.waker.environment_probed()  # it is known only now what they should hold

    async def _one(self, name: str) -> None:
        place = self._places.get(name)
        if place is None:
            event: Event = {"state": "refused", "reason": "it is no longer in the fleet"}
        else:
            one = LocationDeploy(self._parts, self._journal, place, self._specs.get(name))
            if one.cannot() is None:
                self._deploy.tell({"location": name, "state": "probing"})
            known = set(map(tuple, self._journal.known.get(name, ())))
            self._journal.known[name] = sorted(known | place.serving.troubles.keys(time.monotonic()))  # type: ignore[arg-type]
            event = await one.run()
            self._watching.since[name] = one.since
        self._done(name, event)
        await self._deploy.write()

    def _done(self, name: str, event: Event) -> None:
        self._journal.done[name] = event
        self._deploy.tell({"location": name, **event})

    async def _ready_environments(self, names: Sequence[str]) -> bool:
        """Packages that changed need their new zygote before anything is probed; whether any did."""
        planner = self._parts.planner
        specs = [self._specs[name] for name in names if name in self._specs and name in self._places]
        await planner.inspect(
            {spec.python for spec in specs if spec.code is not None and spec.broken is None}
        )
        for spec in specs:
            environment = planner.environments.get(spec.python)
            served = self._places[spec.name].served
            if isinstance(environment, Environment) and (
                served is None or served.environment != environment.fingerprint
            ):
                await planner.plan(draft=True)
                return True
        return False

    async def _watch(self, wave: int) -> None:
        journal = self._journal
        if not journal.waved:
            journal.passed += 1
            return
        self._deploy.tell({"state": "soaking", "soak_s": journal.soak_s, **self._number(wave)})
        verdict = await self._watching.wave(wave)
        if isinstance(verdict, Halt):
            journal.halted = dict(verdict.reasons)
            log.warning("deploy %s is halted in wave %d: %s", journal.id, wave + 1, journal.halted)
            self._deploy.tell({"state": "halted", "reasons": journal.halted, **self._number(wave)})
        elif verdict is not None:
            journal.passed += 1
            self._deploy.tell({"state": "passed", **self._number(wave)})

    def _number(self, wave: int) -> Event:
        return {"wave": wave + 1, "waves": len(self._journal.waves)}

    # -- after a halt, or where it was abandoned ---------------------------------------------------

    async def _take_back(self, name: str) -> None:
        event = await self._taken_back(name)
        self._journal.rolled_back[name] = event
        self._deploy.tell({"location": name, **event})

    async def _taken_back(self, name: str) -> Event:
        before = self._journal.before.get(name)
        place = self._places.get(name)
        if before is None or place is None:
            return {"state": "not rolled back", "reason": "nothing was served before this deploy"}
        try:
            event = await self._rollback.to(place, before, by=self._journal.id)
        except ReefError as error:
            return {"state": "not rolled back", "reason": error.message}
        except Exception as error:
            log.exception("%s: not rolled back", name)
            return {"state": "not rolled back", "reason": classed(error)}
        if event["state"] in ("promoted", "unchanged"):
            return {**event, "state": "rolled back", "version": before}
        return {**event, "state": "not rolled back"}

    async def _settle(self, names: Sequence[str]) -> None:
        if self._journal.abandoned:
            await self._waiting.let_go(names)
        else:
            await self._waiting.stay(names)
        self._journal.settled = True
        follows = "follows its code again" if self._journal.abandoned else "stays at what it serves"
        for name in names:
            self._deploy.tell({"location": name, "state": "not reached", "reason": follows})
