"""One location of a deploy: probed beside what is served, compared, promoted or refused."""

from __future__ import annotations

import logging
import time

from msgspec import UNSET, UnsetType, structs

from reef.decide.diff import Diff, refusal
from reef.deploys.means import Means
from reef.deploys.waiting import serves
from reef.environments import Environment
from reef.fleet.model import Location
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.records.deploy_progress import (
    LocationDone,
    LocationFailed,
    LocationPromoted,
    LocationRefused,
    LocationUnchanged,
)
from reef.records.journal import Journal
from reef.records.served import Promoted, Refused, ServedRecord
from reef.releasing.pins import ON_DEPLOY, REFUSED
from reef.releasing.promotions import Promotions
from reef.words import classed

log = logging.getLogger("reef.control")


class LocationDeploy:
    """Of one location of one deploy; `since` is when what it promotes began to be served (monotonic seconds)."""

    def __init__(self, means: Means, journal: Journal, place: CodeLocation, spec: Location | None) -> None:
        self._means = means
        self._journal = journal
        self._place = place
        self._spec = spec
        self._gate = _Gate(means.promotions, journal.allow_removals, place)
        self.since = 0.0

    def cannot(self) -> LocationRefused | LocationUnchanged | None:
        """Why nothing is probed, where that is so."""
        spec, place = self._spec, self._place
        if spec is None:
            return LocationRefused(reason="it is no longer in the fleet's file")
        if spec.broken is not None:
            return LocationRefused(reason=spec.broken)
        if place.external is not None or spec.code is None:
            return LocationUnchanged(reason="external: its code is not Reef's to deploy")
        found = self._means.environments.found.get(spec.python)
        if found is not None and not isinstance(found, Environment):
            return LocationRefused(reason=f"{found.reason}; hint: {found.hint}")
        return None

    async def run(self) -> LocationDone:
        """How it ended. Never raises for what goes wrong with it."""
        started = time.monotonic()
        try:
            done = self.cannot() or await self._probe()
        except Exception as error:
            log.exception("%s: its deploy failed", self._place.name)
            done = LocationFailed(reason=classed(error))
        self.since = self._gate.passed_at or started
        if isinstance(done, LocationRefused | LocationFailed):
            done = structs.replace(done, not_pinned=await self._stay())
        return structs.replace(done, seconds=round(time.monotonic() - started, 3))

    async def _probe(self) -> LocationDone:
        """The new settings count from the probe on, and no longer if it is refused."""
        place, spec = self._place, self._spec
        assert spec is not None
        old, old_spec = place.served, place.wish.try_out(with_limits(spec))
        wave = self._journal.wave_of(place.name) + 1 if self._journal.waved else None
        try:
            with self._means.promotions.promoted_by(place.name, self._journal.id, wave):
                result = await self._means.releaser.probe(place, gate=self._gate)
        except BaseException:
            place.wish.go_back(old_spec)
            raise
        definitions, live_runs = self._gate.diff.as_dict(), self._gate.runs()
        if isinstance(result, Refused):
            place.wish.go_back(old_spec)
            return LocationRefused(reason=result.reason, definitions=definitions, live_runs=live_runs)
        place.wish.judge(None)
        await self._means.promotions.written(place.name)
        done = _outcome(result, old, self._journal.before.get(place.name))
        not_kept = place.release.not_kept
        return structs.replace(done, definitions=definitions, not_kept=not_kept, live_runs=live_runs)

    async def _stay(self) -> str | UnsetType | None:
        """What is refused stays at what it serves, whoever wakes it; why it may not, where it cannot be pinned."""
        place = self._place
        if self._spec is None or not serves(place):
            return UNSET
        if place.pinned is not None and not self._journal.waved:
            return UNSET  # for a reason of its own
        why = REFUSED if self._journal.pinned_before.get(place.name) != ON_DEPLOY else ON_DEPLOY
        return await self._means.pins.pin(place, why)


class _Gate:
    """Nothing is promoted that would lose definitions, unless that is allowed. Keeps the diff it saw."""

    def __init__(self, promotions: Promotions, allow_removals: bool, place: CodeLocation) -> None:
        self._promotions = promotions
        self._allow_removals = allow_removals
        self._place = place
        self.diff = Diff()
        self.passed_at: float | None = None
        self._live_runs: list[str] = []

    async def __call__(self, served: ServedRecord | None, new: ServedRecord) -> str | None:
        self.diff = await self._promotions.diff(served, new)
        self.passed_at = time.monotonic()
        self._live_runs = sorted(self._place.serving.runs) if self.diff.removed.get("jobs") else []
        return refusal(self.diff, self._allow_removals)

    def runs(self) -> list[str] | UnsetType:
        """Runs that live while jobs of their location go: they go on, on the version that they began with."""
        return self._live_runs or UNSET


def _outcome(result: Promoted, old: ServedRecord | None, before: str | None) -> LocationDone:
    """`before`: the version that was served when the deploy began; an earlier host may have replaced it already."""
    new = result.record
    if new.load_error is not None:
        return LocationFailed(reason="it does not load, and never did", version=new.version)
    same = old is not None and old.server_id == new.server_id and before == new.version
    kind = LocationUnchanged if same else LocationPromoted
    return kind(version=new.version, before=before)
