"""`--watch`: what is saved is probed and promoted, of those locations alone that it concerns."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reef.background import Background
from reef.decide.watch import Concerns, Followed, poll_pause_s
from reef.decide.watch_lines import lines
from reef.following.notices import CannotWatch, Notices, asked_to_poll, mounted, untold
from reef.following.rounds import Rounds
from reef.following.watched_files import existing, footprint
from reef.locations.place import CodeLocation
from reef.versions.contract import Versions
from reef.words import describe

log = logging.getLogger("reef.control")

PAUSE_S = 0.2  # after a burst: what never stops changing is not looked at without end
UNTIL_SERVED_S = 1.0
TRY_AGAIN_S = 5.0

_Key = tuple[object, object, object]


class Watcher:
    """One for the host. `say` prints a line in its terminal."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        versions: Versions,
        rounds: Rounds,
        background: Background,
        say: Callable[[str], None],
        source: str,
    ) -> None:
        """The fleet was read from `source`, a file or a folder."""
        self._places = places
        self._versions = versions
        self._rounds = rounds
        self._background = background
        self._say = say
        self._folder = source if os.path.isdir(source) else os.path.dirname(source)
        self._keys: dict[str, _Key] = {}
        self._watched: dict[str, Followed] = {}
        self._concerns = Concerns({})
        self._notices: Notices | None = None
        self._polled: frozenset[str] = frozenset()
        self._pending: dict[str, tuple[str, ...]] = {}
        self._told_apart = False
        self._poll_at = 0.0
        self._took_s = 0.0
        self._problem: str | None = "WATCHFILES_FORCE_POLLING is set" if asked_to_poll() else None
        self._ready = False

    def status(self) -> dict[str, Any]:
        """Plain JSON-able values, for `reef status`."""
        return {
            "ready": self._ready,
            "folders": len(self._notices.folders) if self._notices else 0,
            "polled": sorted(self._polled),
            "problem": self._problem,
        }

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        try:
            while True:
                try:
                    await self._turn()
                except Exception:
                    log.exception("a turn of the watcher failed; it goes on")
                    await asyncio.sleep(TRY_AGAIN_S)
        finally:
            if self._notices is not None:
                self._notices.close()

    async def _turn(self) -> None:
        """Follow what is served by now, wait for changes, and begin what they ask for."""
        await self._follow(())
        self._begin()
        self._ready = True
        changed = await self._changes()
        concerned = self._concerns.of(changed)
        if not concerned:
            return
        folders = self._notices.folders if self._notices else frozenset()
        self._note(concerned)
        await self._follow(concerned, renew=not folders.isdisjoint(changed))
        self._begin()
        await asyncio.sleep(PAUSE_S)

    async def _changes(self) -> frozenset[str]:
        """Paths that changed; looks by itself at the locations of which nobody tells."""
        found: frozenset[str] = frozenset()
        if self._notices is not None:
            found = await self._notices.batch()
        else:
            await asyncio.sleep(UNTIL_SERVED_S)
        if self._polled and time.monotonic() >= self._poll_at:
            await self._poll()
        return found

    async def _poll(self) -> None:
        began = time.monotonic()
        changed = await self._rounds.changed(self._polled)
        self._took_s = time.monotonic() - began
        self._poll_at = time.monotonic() + poll_pause_s(self._took_s)
        if changed:
            self._note(dict.fromkeys(changed, ()))
            await self._follow(changed)
            self._begin()

    def _note(self, concerned: Mapping[str, tuple[str, ...]]) -> None:
        for name, paths in concerned.items():
            self._pending[name] = tuple(sorted({*self._pending.get(name, ()), *paths}))

    def _begin(self) -> None:
        """A round on its own: one location that takes long to load does not keep the others waiting."""
        if self._pending:
            concerned, self._pending = self._pending, {}
            self._background.spawn(self._round(concerned))

    async def _round(self, concerned: Mapping[str, tuple[str, ...]]) -> None:
        began = time.monotonic()
        outcomes = await self._rounds.take(concerned)
        paths = sorted({path for one in outcomes for path in concerned[one.location]})
        for line in lines(outcomes, paths, time.monotonic() - began, self._folder):
            self._say(line)

    # -- following what is served ------------------------------------------------------------------

    async def _follow(self, touched: Iterable[str], *, renew: bool = False) -> None:
        """Watch what concerns the locations now: those that were promoted, and those that were touched. `renew`: one
        of the folders came or went, and another of its name may be there."""
        hosted = {
            name: place
            for name, place in self._places.items()
            if place.external is None and place.spec.code is not None and not place.wish.leaving
        }
        keys: dict[str, _Key] = {n: (p.spec, p.served, p.release.tried) for n, p in hosted.items()}
        moved = [name for name, key in keys.items() if not _same(self._keys.get(name), key)]
        look_at = {*moved, *(name for name in touched if name in hosted)}
        if not look_at and self._keys.keys() == keys.keys():
            return
        found = await asyncio.gather(*(self._footprint(hosted[name]) for name in look_at))
        self._watched = {name: one for name, one in self._watched.items() if name in hosted}
        self._watched |= dict(zip(look_at, found, strict=True))
        self._keys = keys
        self._concerns = Concerns(self._watched)
        await self._watch(renew)

    async def _footprint(self, place: CodeLocation) -> Followed:
        records = await self._versions.records(
            place.spec, [stamp.sources for stamp in place.release.stamps()]
        )
        return await asyncio.to_thread(footprint, records)

    async def _watch(self, renew: bool) -> None:
        wanted = {name: one.to_watch() for name, one in self._watched.items()}
        folders = await asyncio.to_thread(existing, frozenset().union(*wanted.values()))
        apart = untold(folders, await asyncio.to_thread(mounted))
        if apart and not self._told_apart:
            self._told_apart = True
            self._say(
                f"watch: nobody tells of changes in {min(apart)}: looking at it again and again instead"
            )
        if renew or self._notices is None or self._notices.folders != folders - apart:
            await self._open(folders - apart)
        self._polled = frozenset(
            name for name, those in wanted.items() if self._notices is None or not those.isdisjoint(apart)
        )

    async def _open(self, folders: frozenset[str]) -> None:
        """New notices before the old ones end: nothing falls between them."""
        old = self._notices
        if self._problem is not None:
            return
        try:
            self._notices = await asyncio.to_thread(Notices, folders)
        except CannotWatch as error:
            self._problem, self._notices = describe(error), None
            self._say(
                f"watch: {describe(error)}: looking at the files again and again instead, which is slower"
            )
        if old is not None:
            self._note(self._concerns.of(await asyncio.to_thread(old.close)))
        # what happened in a folder that is watched only now was told by nobody, during the start too
        self._note(dict.fromkeys(self._watched, ()))


def _same(one: _Key | None, other: _Key) -> bool:
    return one is not None and all(a is b for a, b in zip(one, other, strict=True))
