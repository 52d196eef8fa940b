"""A deploy from where it stands to its end, step by step; each step's result is on the disk before the next."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from reef.decide import rollout
from reef.decide.gate import Halt
from reef.deploys.current import Deploy
from reef.deploys.means import Means
from reef.deploys.one_location import LocationDeploy
from reef.deploys.soaking import Soaking
from reef.deploys.waiting import Waiting
from reef.environments import Environment
from reef.errors import ReefError
from reef.events import DeployEnded, DeployHalted, DeployWavePassed
from reef.fleet.model import Location
from reef.records.deploy_progress import (
    DeployOver,
    LocationDone,
    LocationFailed,
    LocationNotPinned,
    LocationNotReached,
    LocationNotTakenBack,
    LocationProbing,
    LocationPromoted,
    LocationRefused,
    LocationTakenBack,
    LocationUnchanged,
    TakenBack,
    WaveBegan,
    WaveHalted,
    WavePassed,
    WaveSoaking,
    retold,
)
from reef.words import classed, describe

log = logging.getLogger("reef.control")


class Rollout:
    """`specs` are the locations as the fleet's file says now."""

    def __init__(self, means: Means, deploy: Deploy, specs: Mapping[str, Location]) -> None:
        self._means = means
        self._places = means.places
        self._deploy = deploy
        self._journal = deploy.journal
        self._specs = specs
        self._waiting = Waiting(means.pins, self._places, self._journal)
        self._soaking = Soaking(deploy, self._places)

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
                self._done(name, LocationFailed(reason=describe(error)))
            self._journal.outcome = "halted" if self._journal.waved else "finished"
        self._journal.state = "over"
        await self._deploy.write()
        outcome = self._journal.outcome
        self._deploy.tell(DeployOver(outcome=outcome, seconds=round(time.monotonic() - started, 3)))
        self._means.events.emit(DeployEnded(self._journal.id, outcome or "halted"))

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
            self._deploy.tell(LocationNotPinned(location=name, reason=reason))

    async def _promote(self, wave: int, names: Sequence[str]) -> None:
        if self._journal.waved:
            self._deploy.tell(WaveBegan(wave=wave + 1, waves=self._waves, locations=list(names)))
        new_zygotes = await self._ready_environments(names)
        await asyncio.gather(*(self._one(name) for name in names))
        if new_zygotes:
            self._means.environments.learn()  # it is known only now what they should hold

    async def _one(self, name: str) -> None:
        place = self._places.get(name)
        if place is None:
            done: LocationDone = LocationRefused(reason="it is no longer in the fleet")
        else:
            one = LocationDeploy(self._means, self._journal, place, self._specs.get(name))
            if one.cannot() is None:
                self._deploy.tell(LocationProbing(location=name))
            known = set(map(tuple, self._journal.known.get(name, ())))
            self._journal.known[name] = sorted(known | place.serving.troubles.keys(time.monotonic()))  # type: ignore[arg-type]
            done = await one.run()
            self._soaking.since[name] = one.since
        self._done(name, done)
        await self._deploy.write()

    def _done(self, name: str, done: LocationDone) -> None:
        self._journal.done[name] = done
        self._deploy.tell(retold(done, type(done), location=name))

    async def _ready_environments(self, names: Sequence[str]) -> bool:
        """Packages that changed need their new zygote before anything is probed; whether any did."""
        environments = self._means.environments
        specs = [self._specs[name] for name in names if name in self._specs and name in self._places]
        await environments.inspect(
            {spec.python for spec in specs if spec.code is not None and spec.broken is None}
        )
        for spec in specs:
            environment = environments.found.get(spec.python)
            served = self._places[spec.name].served
            if isinstance(environment, Environment) and (
                served is None or served.environment != environment.fingerprint
            ):
                await environments.plan(draft=True)
                return True
        return False

    async def _watch(self, wave: int) -> None:
        journal = self._journal
        if not journal.waved:
            journal.passed += 1
            return
        number, waves = wave + 1, self._waves
        self._deploy.tell(WaveSoaking(wave=number, waves=waves, soak_s=journal.soak_s))
        verdict = await self._soaking.wave(wave)
        if isinstance(verdict, Halt):
            journal.halted = dict(verdict.reasons)
            self._means.events.emit(DeployHalted(journal.id, number, journal.halted))
            self._deploy.tell(WaveHalted(wave=number, waves=waves, reasons=journal.halted))
        elif verdict is not None:
            journal.passed += 1
            self._means.events.emit(DeployWavePassed(journal.id, number, waves))
            self._deploy.tell(WavePassed(wave=number, waves=waves))

    @property
    def _waves(self) -> int:
        return len(self._journal.waves)

    # -- after a halt, or where it was abandoned ---------------------------------------------------

    async def _take_back(self, name: str) -> None:
        back = await self._taken_back(name)
        self._journal.rolled_back[name] = back
        self._deploy.tell(retold(back, type(back), location=name))

    async def _taken_back(self, name: str) -> TakenBack:
        before = self._journal.before.get(name)
        place = self._places.get(name)
        if before is None or place is None:
            return LocationNotTakenBack(reason="nothing was served before this deploy")
        try:
            done = await self._means.rollback.to(place, before, by=self._journal.id)
        except ReefError as error:
            return LocationNotTakenBack(reason=error.message)
        except Exception as error:
            log.exception("%s: not rolled back", name)
            return LocationNotTakenBack(reason=classed(error))
        if isinstance(done, LocationPromoted | LocationUnchanged):
            return retold(done, LocationTakenBack, version=before)
        return retold(done, LocationNotTakenBack)

    async def _settle(self, names: Sequence[str]) -> None:
        if self._journal.abandoned:
            await self._waiting.let_go(names)
        else:
            await self._waiting.stay(names)
        self._journal.settled = True
        follows = "follows its code again" if self._journal.abandoned else "stays at what it serves"
        for name in names:
            self._deploy.tell(LocationNotReached(location=name, reason=follows))
