"""What people ask of deploys: a plan, a deploy, its progress, to take one up again or to abandon it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from reef.background import Background
from reef.deploys.beginning import Beginning
from reef.deploys.comparing import Comparer
from reef.deploys.current import CUT_OFF, Current, Deploy
from reef.deploys.means import Means
from reef.deploys.running import Rollout
from reef.errors import ReefError
from reef.fleet.model import Fleet, Location
from reef.records.deploy_progress import plain
from reef.records.journal import Journal

log = logging.getLogger("reef.control")

LONG_POLL_S = 10.0
ONE_AT_A_TIME = "one deploy at a time: wait until it is over, or `reef deploy --abandon`"
DONE = ("promoted", "unchanged", "refused", "failed")


class Deployer:
    """`read` reads the fleet's file again and raises ReefError, `take_in` takes over what it
    says."""

    def __init__(
        self,
        means: Means,
        current: Current,
        comparer: Comparer,
        read: Callable[[], Fleet],
        take_in: Callable[[Fleet], Awaitable[None]],
        background: Background,
    ) -> None:
        self._means = means
        self._current = current
        self._comparer = comparer
        self._read = read
        self._take_in = take_in
        self._background = background
        self._starting = asyncio.Lock()

    def commands(self) -> dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]]:
        """What the host's own socket answers."""
        return {
            "plan": self.plan,
            "deploy": self.begin,
            "deploy-progress": self.progress,
            "deploy-resume": self.resume,
            "deploy-abandon": self.abandon,
        }

    async def plan(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """`reef plan` of the running host."""
        fleet = await asyncio.to_thread(self._read_fleet)
        plan = await self._comparer.plan(fleet)
        begin = Beginning(self._means.places, fleet)
        waves = begin.waves([one.location for one in plan.locations if one.touched], fleet.deploy)
        return {"fleet": fleet.source, **plan.as_dict(), "waves": waves, "pinned": begin.pinned()}

    def _read_fleet(self) -> Fleet:
        try:
            return self._read()
        except ReefError as error:  # only the text of an error travels over the host's socket
            text = f"{error.where}: {error.message}" if error.where else error.message
            raise ReefError(text, hint=error.hint) from None

    # -- beginning and following -------------------------------------------------------------------

    async def begin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start what `{"locations": [...] | "changed" | "all", "allow_removals": bool}` asks for; `"waves"`, `"soak"`,
        `"rollback_on_halt"` go before what the fleet's file says. Returns `{"id", "locations", "waves", "added",
        "removed", "interrupted"}`, or `{"busy": text, "hint": text}`. Raises ReefError."""
        async with self._starting:
            if (busy := self._busy()) is not None:
                return busy
            fleet = await asyncio.to_thread(self._read_fleet)
            await self._take_in_missing(fleet)
            plan = await self._comparer.plan(fleet) if request["locations"] == "changed" else None
            beginning = Beginning(self._means.places, fleet)
            journal = beginning.journal(secrets.token_hex(4), request, plan)
            unfinished = self._current.unfinished
            cut_off = unfinished.journal if unfinished else None
            await self._start(journal, {spec.name: spec for spec in fleet.locations})
        return {**_begun(journal), **beginning.others(), "interrupted": _told(cut_off) if cut_off else None}

    async def _take_in_missing(self, fleet: Fleet) -> None:
        """Locations that have just been written into the file are there before they are deployed."""
        missing = {spec.name for spec in fleet.locations} - self._means.places.keys()
        if missing:
            await self._take_in(fleet)

    async def _start(self, journal: Journal, specs: Mapping[str, Location]) -> None:
        deploy = self._current.begin(journal)
        await deploy.write()
        self._background.spawn(Rollout(self._means, deploy, specs).run())

    def _busy(self) -> dict[str, Any] | None:
        if (unfinished := self._current.unfinished) is None:
            return None
        journal = unfinished.journal
        left = len(journal.standing().not_reached)
        if journal.state == "running":
            seconds = time.time() - journal.started_at
            text = (
                f"has been under way for {seconds:.0f} s, {left} of its {_count(journal)} locations are left"
            )
            return {"busy": f"deploy {journal.id} {text}{_where(journal)}", "hint": ONE_AT_A_TIME}
        if journal.waved:
            text = f"was cut off by the end of its host, {left} of its {_count(journal)} locations are left"
            return {"busy": f"deploy {journal.id} {text}", "hint": CUT_OFF}
        return None

    async def progress(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Events of the deploy `id` after the first `after`; waits up to `wait_s` seconds for one. `{"events",
        "soak_left_s"}`."""
        deploy = self._current.deploy
        if deploy is None or deploy.id != request["id"]:
            raise ReefError(f"no deploy {request['id']!r} here", hint="another one was begun meanwhile")
        if deploy.journal.state == "interrupted":
            raise ReefError(f"deploy {deploy.id} was cut off by the end of its host", hint=CUT_OFF)
        after = int(request["after"])
        if len(deploy.events) <= after:
            with contextlib.suppress(TimeoutError):
                wait_s = min(LONG_POLL_S, float(request.get("wait_s", LONG_POLL_S)))
                async with asyncio.timeout(wait_s):  # `wait_for` of Python 3.11 may swallow a cancellation
                    await deploy.grew.wait()
        return {"events": list(map(plain, deploy.events[after:])), "soak_left_s": deploy.soak_left_s}

    # -- one that was cut off ----------------------------------------------------------------------

    async def resume(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """Watch the deploy that is under way, or go on with the one that an earlier host did not finish. As `begin`,
        with `"attached"`. Raises ReefError where there is none."""
        async with self._starting:
            deploy = self._unfinished("resume")
            journal = deploy.journal
            fleet = await asyncio.to_thread(self._read_fleet)
            attached = journal.state == "running"
            if not attached:
                await self._go_on(deploy, {spec.name: spec for spec in fleet.locations})
        others = Beginning(self._means.places, fleet).others()
        return {**_begun(journal), **others, "interrupted": None, "attached": attached}

    async def abandon(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """Give up what is under way or was cut off: what is promoted stays, the rest follows its code again."""
        async with self._starting:
            deploy = self._unfinished("abandon")
            journal = deploy.journal
            if journal.state == "running":
                deploy.abandoning.set()
            else:
                deploy.give_up()
                await self._go_on(deploy, {})  # nothing of it is probed, so a broken file is in nobody's way
        return {**_begun(journal), "added": [], "removed": [], "interrupted": None}

    def _unfinished(self, what: str) -> Deploy:
        if (deploy := self._current.unfinished) is None:
            raise ReefError(f"there is no deploy to {what}", hint="`reef deploy` begins one")
        return deploy

    async def _go_on(self, deploy: Deploy, specs: Mapping[str, Location]) -> None:
        log.info("deploy %s goes on", deploy.id)
        deploy.go_on()
        await self._start(deploy.journal, specs)

    def status(self) -> dict[str, Any] | None:
        """The deploy that is under way, was cut off or halted; None where the last one went through."""
        deploy = self._current.deploy
        if deploy is None or deploy.journal.outcome in ("finished", "abandoned"):
            return None
        return {**_told(deploy.journal), "soak_left_s": deploy.soak_left_s}


def _begun(journal: Journal) -> dict[str, Any]:
    waves = [list(wave) for wave in journal.waves]
    names = [name for wave in waves for name in wave]
    return {"id": journal.id, "locations": names, "waves": waves, "soak_s": journal.soak_s}


def _told(journal: Journal) -> dict[str, Any]:
    standing = journal.standing()
    counts = {state: list(standing.done.values()).count(state) for state in DONE}
    return {
        "id": journal.id,
        "state": journal.outcome or journal.state,
        "started_at": journal.started_at,
        "wave": min(journal.passed + 1, len(journal.waves)),
        "waves": len(journal.waves),
        "locations": list(standing.locations),
        "done": {name: plain(done) for name, done in journal.done.items()},
        **counts,
        "not_reached": list(standing.not_reached),
        "halted": journal.halted,
    }


def _count(journal: Journal) -> int:
    return len(journal.standing().locations)


def _where(journal: Journal) -> str:
    return f" (wave {journal.passed + 1} of {len(journal.waves)})" if len(journal.waves) > 1 else ""
