"""Rollback: a kept version is probed from its copy, promoted, and pinned."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from reef.decide.changed import reasons_between
from reef.environments import Environment
from reef.errors import ReefError
from reef.locations.place import CodeLocation
from reef.records.contents import made_of
from reef.records.kept import KeptVersion
from reef.records.served import Refused, ServedRecord
from reef.sources import SourceRecord, SourceScope

if TYPE_CHECKING:
    from reef.host.assembly import Assembly

log = logging.getLogger("reef.control")

Event = dict[str, Any]
WHY = "rolled back from {version}"


class Rollback:
    def __init__(self, parts: Assembly) -> None:
        self._parts = parts

    async def to(self, place: CodeLocation, version: str | None = None, by: str | None = None) -> Event:
        """Go back to `version` (its beginning is enough; None: what was served before). `by`: a deploy's id.

        An event as a deploy's: `state` is promoted, unchanged, refused. Raises ReefError where no such version
        is known.
        """
        started = time.monotonic()
        kept = await asyncio.to_thread(self._chosen, place, version)
        event = await self._back(place, kept, by or "rollback")
        return {**event, "seconds": round(time.monotonic() - started, 3)}

    def _chosen(self, place: CodeLocation, version: str | None) -> KeptVersion:
        """Blocking."""
        known = self._parts.keeper.versions.of(place.name)
        if version is None:
            version = self._before(place)
        found = [one for one in known if one.record.version.startswith(version)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(one.record.version[:12] for one in found)
            raise ReefError(f"version {version!r} of {place.name!r} is not unique", hint=f"there are {names}")
        names = ", ".join(one.record.version[:12] for one in known) or "none"
        raise ReefError(
            f"version {version!r} of {place.name!r} is not kept",
            hint=f"these are: {names}; see `reef history`",
        )

    def _before(self, place: CodeLocation) -> str:
        now = place.served.version if place.served else None
        for entry in reversed(self._parts.promotions.history.of(place.name)):
            if entry["version"] != now and entry["loads"]:
                return str(entry["version"])
        raise ReefError(f"no version of {place.name!r} was served before", hint="see `reef history`")

    async def _back(self, place: CodeLocation, kept: KeptVersion, by: str) -> Event:
        before = place.served
        if before is not None and before.version == kept.record.version:
            reason = await self._parts.pins.pin(place, before.pinned or "rolled back to what was served")
            told = {"state": "unchanged", "version": before.version, "before": before.version}
            return {
                **told,
                "reason": f"it is served already{f'; it cannot be pinned: {reason}' if reason else ''}",
            }
        if (reason := kept.not_kept or await self._environment(kept)) is not None:
            return {"state": "refused", "reason": reason, "version": kept.record.version}
        promoting = self._parts.promotions.promoting
        promoting[place.name] = by
        try:
            why = WHY.format(version=before.version[:12] if before else "nothing")
            result = await self._parts.control.probe_kept(place, kept, why)
        finally:
            promoting.pop(place.name, None)
        if isinstance(result, Refused):
            return {"state": "refused", "reason": result.reason, "version": kept.record.version}
        place.wish.judge(None)
        await self._parts.promotions.written(place.name)
        return await self._outcome(before, result.record)

    async def _outcome(self, before: ServedRecord | None, now: ServedRecord) -> Event:
        return {
            "state": "promoted",
            "version": now.version,
            "before": before.version if before else None,
            "definitions": (await self._parts.promotions.diff(before, now)).as_dict(),
        }

    async def _environment(self, kept: KeptVersion) -> str | None:
        """An environment is kept by reference: it must still be what it was."""
        planner = self._parts.planner
        await planner.inspect({kept.spec.python})
        found = planner.environments.get(kept.spec.python)
        if not isinstance(found, Environment):
            return f"its interpreter cannot be used: {getattr(found, 'reason', kept.spec.python)}"
        if found.fingerprint == kept.record.environment:
            return None
        told = await asyncio.to_thread(self._installed, kept, found)
        return f"its environment {kept.spec.python} is no longer what it was: {told}"

    def _installed(self, kept: KeptVersion, found: Environment) -> str:
        old = self._parts.promotions.contents.get(kept.record.contents) if kept.record.contents else None
        if old is None:
            return "what was installed is not recorded"
        nothing = SourceRecord(SourceScope(()), "", (), {}, {})
        now = made_of(nothing, {}, found)
        why = [one.text for one in reasons_between(old, now) if one.kind in ("distribution", "environment")]
        return ", ".join(why[:5]) + (f" and {len(why) - 5} more" if len(why) > 5 else "")
