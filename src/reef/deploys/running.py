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
    LocationDone,
    LocationFailed,
    LocationNotTakenBack,
    LocationProbing,
    LocationPromoted,
    LocationRefused,
    LocationTakenBack,
    LocationUnchanged,
    TakenBack,
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
            outcome = step.outcome
        except Exception as error:
            log.exception("deploy %s failed", self._journal.id)
            for name in self._journal.standing().not_reached:
                self._deploy.note_done(name, LocationFailed(reason=describe(error)))
            outcome = "halted" if self._journal.waved else "finished"
        self._deploy.end(outcome)
        await self._deploy.write()
        self._deploy.tell_end(time.monotonic() - started)
        self._means.events.emit(DeployEnded(self._journal.id, outcome))

    def _next(self) -> rollout.Step:
        if self._deploy.abandoning.is_set():
            self._deploy.give_up()
        return rollout.next_step(self._journal.standing())

    async def _do(self, step: rollout.Step) -> None:
        match step:
            case rollout.PinAll():
                await self._pin()
            case rollout.PromoteWave(wave, names):
                await self._promote(wave, names)
            case rollout.WatchWave(wave):
                await self._watch(wave)
            case rollout.TakeBack(names):
                await self._take_back(names[0])
            case rollout.Settle(names):
                await self._settle(names)

    # -- one wave ----------------------------------------------------------------------------------

    async def _pin(self) -> None:
        self._deploy.note_waiting(await self._waiting.pin_all())

    async def _promote(self, wave: int, names: Sequence[str]) -> None:
        if self._journal.waved:
            self._deploy.note_wave(wave, names)
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
            self._deploy.note_known(name, place.serving.troubles.keys(time.monotonic()))
            done = await one.run()
            self._soaking.since[name] = one.since
        self._deploy.note_done(name, done)
        await self._deploy.write()

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
        if not self._journal.waved:
            self._deploy.note_passed(wave)
            return
        self._deploy.note_soaking(wave)
        verdict = await self._soaking.wave(wave)
        if isinstance(verdict, Halt):
            self._means.events.emit(DeployHalted(self._journal.id, wave + 1, verdict.reasons))
            self._deploy.note_halted(wave, verdict.reasons)
        elif verdict is not None:
            self._means.events.emit(DeployWavePassed(self._journal.id, wave + 1, self._deploy.waves))
            self._deploy.note_passed(wave)

    # -- after a halt, or where it was abandoned ---------------------------------------------------

    async def _take_back(self, name: str) -> None:
        self._deploy.note_taken_back(name, await self._taken_back(name))

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
        follows = "follows its code again" if self._journal.abandoned else "stays at what it serves"
        self._deploy.note_settled(names, follows)
