"""Rollback: a kept version is probed from its copy, promoted, and pinned."""

from __future__ import annotations

import asyncio
import logging
import time

from msgspec import structs

from reef.decide.changed import reasons_between
from reef.environments import Environment
from reef.errors import ReefError
from reef.locations.place import CodeLocation
from reef.records.contents import made_of
from reef.records.deploy_progress import LocationDone, LocationPromoted, LocationRefused, LocationUnchanged
from reef.records.kept import KeptVersion
from reef.records.served import Refused, ServedRecord
from reef.releasing.contract import Environments
from reef.releasing.keeping import Keeper
from reef.releasing.pins import Pins
from reef.releasing.promotions import Promotions
from reef.releasing.releaser import Releaser
from reef.sources import SourceRecord, SourceScope

log = logging.getLogger("reef.control")

WHY = "rolled back from {version}"


class Rollback:
    def __init__(
        self,
        releaser: Releaser,
        keeper: Keeper,
        promotions: Promotions,
        pins: Pins,
        environments: Environments,
    ) -> None:
        self._releaser = releaser
        self._keeper = keeper
        self._promotions = promotions
        self._pins = pins
        self._environments = environments

    async def to(
        self, place: CodeLocation, version: str | None = None, by: str | None = None
    ) -> LocationDone:
        """Go back to `version` (its beginning is enough; None: what was served before). `by`: a deploy's id.

        As a location of a deploy ends: promoted, unchanged or refused. Raises ReefError where no such version
        is known.
        """
        started = time.monotonic()
        kept = await asyncio.to_thread(self._chosen, place, version)
        done = await self._back(place, kept, by or "rollback")
        return structs.replace(done, seconds=round(time.monotonic() - started, 3))

    def _chosen(self, place: CodeLocation, version: str | None) -> KeptVersion:
        """Blocking."""
        known = self._keeper.versions.of(place.name)
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
        for entry in reversed(self._promotions.history.of(place.name)):
            if entry["version"] != now and entry["loads"]:
                return str(entry["version"])
        raise ReefError(f"no version of {place.name!r} was served before", hint="see `reef history`")

    async def _back(self, place: CodeLocation, kept: KeptVersion, by: str) -> LocationDone:
        before = place.served
        if before is not None and before.version == kept.record.version:
            reason = await self._pins.pin(place, before.pinned or "rolled back to what was served")
            why = f"it is served already{f'; it cannot be pinned: {reason}' if reason else ''}"
            return LocationUnchanged(version=before.version, before=before.version, reason=why)
        if (reason := kept.not_kept or await self._other_environment(kept)) is not None:
            return LocationRefused(reason=reason, version=kept.record.version)
        why = WHY.format(version=before.version[:12] if before else "nothing")
        with self._promotions.promoted_by(place.name, by):
            result = await self._releaser.probe_kept(place, kept, why)
        if isinstance(result, Refused):
            return LocationRefused(reason=result.reason, version=kept.record.version)
        place.wish.judge(None)
        await self._promotions.written(place.name)
        return await self._outcome(before, result.record)

    async def _outcome(self, before: ServedRecord | None, now: ServedRecord) -> LocationPromoted:
        diff = await self._promotions.diff(before, now)
        old = before.version if before else None
        return LocationPromoted(version=now.version, before=old, definitions=diff.as_dict())

    async def _other_environment(self, kept: KeptVersion) -> str | None:
        """An environment is kept by reference: it must still be what it was."""
        await self._environments.inspect({kept.spec.python})
        found = self._environments.found.get(kept.spec.python)
        if not isinstance(found, Environment):
            return f"its interpreter cannot be used: {getattr(found, 'reason', kept.spec.python)}"
        if found.fingerprint == kept.record.environment:
            return None
        told = await asyncio.to_thread(self._installed, kept, found)
        return f"its environment {kept.spec.python} is no longer what it was: {told}"

    def _installed(self, kept: KeptVersion, found: Environment) -> str:
        old = self._promotions.contents.get(kept.record.contents) if kept.record.contents else None
        if old is None:
            return "what was installed is not recorded"
        nothing = SourceRecord(SourceScope(()), "", (), {}, {})
        now = made_of(nothing, {}, found)
        why = [one.text for one in reasons_between(old, now) if one.kind in ("distribution", "environment")]
        return ", ".join(why[:5]) + (f" and {len(why) - 5} more" if len(why) > 5 else "")
