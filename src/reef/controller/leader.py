"""One look at the namespace after the other: see, decide, do. Whatever is under way is seen again by the next look."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from reef.cluster.errors import ClusterError
from reef.controller.asked import asked, troubles
from reef.controller.hosts import busy
from reef.controller.moving import pods_of
from reef.controller.parts import Look, Memory, Parts
from reef.controller.pausing import note_pauses
from reef.controller.places import Places, Running, given_up, places, stuck_versions
from reef.controller.resting import LOOK_S
from reef.controller.rollbacks import note_rollbacks
from reef.controller.standing import Standing
from reef.controller.versions import Versions, versions
from reef.decide.cluster.own import OwnSeen, on_lost_nodes, own, stuck_pods
from reef.decide.cluster.pack_steps import PATIENCE, NoRoom, PacksSeen, Patience
from reef.decide.cluster.packs import packs, stuck_locations
from reef.decide.cluster.ports import ports
from reef.decide.cluster.rolling import next_look
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

# While many locations come for the first time, pods are made for more of them at a time.
MANY_COMING = 4
GATHERING = Patience(quiet_s=20.0, gather_s=90.0)
LEAST_S = 0.2  # between two looks
RESYNC_S = 20.0
WHILE_CHANGING_S = 1.0


class Leader:
    """Only the holder of the lease runs one: `holds` says whether it still does. `looked` hears how each look ended:
    `ok` or `failed`."""

    def __init__(
        self,
        parts: Parts,
        memory: Memory,
        holds: Callable[[], bool],
        standing: Standing,
        looked: Callable[[str], None] = lambda _outcome: None,
    ) -> None:
        self._parts = parts
        self._memory = memory
        self._holds = holds
        self._standing = standing
        self._looked = looked

    async def run(self) -> None:
        """Until it is cancelled, or no longer the leader."""
        changed = self._parts.watched.changed
        while self._holds():
            changed.clear()
            began = time.monotonic()
            wait_s = RESYNC_S
            try:
                wait_s = await self.look()
                self._looked("ok")
                self._standing.looked()
            except (ClusterError, OSError) as error:
                self._looked("failed")
                log.warning("a look ended early: %s", headline(describe(error)))
                self._standing.cannot(f"a look ended early: {headline(describe(error))}")
                wait_s = 2.0
            await asyncio.sleep(max(0.0, LEAST_S - (time.monotonic() - began)))
            try:
                async with asyncio.timeout(wait_s):
                    await changed.wait()
            except TimeoutError:
                pass

    async def look(self) -> float:
        """Do what there is to do; for how long nothing changes by time alone, in seconds."""
        parts, memory = self._parts, self._memory
        look = self._see()
        parts.members.follow(look.pods)
        parts.nodes.follow(look.pods)
        await self._give_ports(look)
        found = versions(
            look.fleet, look.pods, memory.tried, memory.rollout, parts.rules, look.now, memory.stuck
        )
        memory.rollout = found.rollout
        wanted = self._places(look, found)
        memory.changes = wanted.changes
        self._forget_gone(look, wanted)
        parts.doing.versions(look.fleet, look.pods, found, memory.served_from)
        calm = await self._move(look, wanted)
        parts.doing.promote(look.fleet, found, wanted, look.sets, memory.served_from, look.deployments)
        parts.doing.objects(look.fleet, memory.ports.given, look.known)
        said = (look.known, look.trouble, look.fleet, found, wanted, memory.ports.given)
        serving = dict(memory.served_from)
        parts.doing.tasks.begin(
            "saying what there is to say", lambda: parts.statuses.say(*said, serving), quiet=True
        )
        parts.clearing.look(look.now)
        note_pauses(look.fleet, parts.library, parts.doing.tasks)
        note_rollbacks(look.fleet, parts.client, parts.settings.namespace, parts.doing.tasks)
        parts.workspace.follow([each.location.location_name for each in look.fleet])
        parts.errands.look(look.fleet, wanted, look.sets, look.deployments, memory.served_from, memory.stuck)
        up = await parts.resting.look(wanted, look.deployments, look.now)
        return min(self._wait_s(look, found, calm), LOOK_S if up else RESYNC_S)

    def _see(self) -> Look:
        parts, now = self._parts, time.time()
        known = parts.watched.known()
        trouble = troubles(known)
        hashes = parts.watched.hashes()
        fleet = [
            asked(each, parts.library.of(each.name), hashes)
            for each in known
            if each.name not in trouble and not each.deleting
        ]
        pods = parts.watched.pods_seen()
        sets = parts.watched.sets_seen(pods)
        for each in known:
            place = each.status.get("serving") or {}
            there = place.get("pack") or place.get("deployment")
            if there:
                self._memory.served_from.setdefault(each.name, there)
        return Look(now, known, trouble, fleet, pods, sets, parts.watched.deployments_seen())

    async def _give_ports(self, look: Look) -> None:
        """Raises OSError."""
        before = self._memory.ports
        after = ports([each.name for each in look.fleet], before, look.now)
        if after.given != before.given:
            await self._parts.books.save_ports(after)
        self._memory.ports = after

    def _places(self, look: Look, found: Versions) -> Places:
        settings = self._parts.settings
        running = []
        for each in look.fleet:
            if each.external:
                continue
            release = found.releases[each.name]
            version = release.promoting or each.book.version
            released = each.released(version) if version else None
            if released is not None:
                running.append(Running(each, released))
        serving, reef = self._memory.served_from, settings.reef_pods()
        before = self._memory.changes
        return places(running, look.sets, serving, before, settings.namespace, reef, settings.share, look.now)

    async def _move(self, look: Look, wanted: Places) -> bool:
        """Packs and pods of their own. False while something is under way."""
        parts, memory, lost = self._parts, self._memory, self._parts.nodes.lost
        changing = any(each.first is not None for each in wanted.changes.values())
        more = len(look.sets) != len(wanted.packs)
        states = await parts.hosts.states(look.sets) if changing or more else {}
        seen = PacksSeen(look.sets, memory.served_from, busy(states), memory.left, lost)
        coming = sum(each.book.version is None and not each.external for each in look.fleet)
        actions = packs(wanted.packs, seen, look.now, GATHERING if coming >= MANY_COMING else PATIENCE)
        roomless = [each for each in actions if isinstance(each, NoRoom)]
        parts.statuses.stuck = {name: each.message for each in roomless for name in each.locations}
        in_use = await self._in_use(look, wanted)
        on_lost = on_lost_nodes(look.pods, lost)
        own_seen = OwnSeen(look.deployments, memory.served_from, in_use, memory.left, on_lost)
        own_actions = own(wanted.own, own_seen, look.now)
        stuck = stuck_locations(wanted.packs, seen, look.now) | stuck_pods(
            wanted.own, own_seen, look.pods, look.now
        )
        memory.stuck = stuck_versions(wanted, stuck)
        parts.moving.packs(actions, wanted, look.sets, memory, lost)
        parts.moving.own(own_actions, wanted, memory, lost)
        return not (changing or more or actions or own_actions)

    async def _in_use(self, look: Look, wanted: Places) -> frozenset[str]:
        """Deployments that nobody wants any more, and to which calls are under way."""
        leaving = set(look.deployments) - {each.deployment for each in wanted.own}
        if not leaving:
            return frozenset()
        said = await self._parts.members.states()
        if len(said) < len(self._parts.members):
            return frozenset(leaving)
        called = {uid for state in said for uid in state.called}
        return frozenset(name for name in leaving if called & pods_of(name, look.pods))

    def _forget_gone(self, look: Look, wanted: Places) -> None:
        """Of a location that is deleted nothing is kept, once its object is gone."""
        there = {each.name for each in look.known}
        lost = set(self._memory.served_from) - there
        for name in lost.union(given_up(look.fleet, wanted, self._memory.served_from)):
            self._memory.left[self._memory.served_from.pop(name)] = look.now
        for name in set(self._parts.library.all) - there:
            self._parts.doing.forget(name)

    def _wait_s(self, look: Look, found: Versions, calm: bool) -> float:
        if not calm:
            return WHILE_CHANGING_S
        ends = [each.look_at for each in found.releases.values() if each.look_at is not None]
        if (at := next_look(found.rollout, look.now)) is not None:
            ends.append(at)
        if any(each.phase in ("under_way", "waiting") for each in found.releases.values()):
            ends.append(look.now + WHILE_CHANGING_S * 2)
        return max(0.1, min([RESYNC_S, *(end - look.now for end in ends)]))
