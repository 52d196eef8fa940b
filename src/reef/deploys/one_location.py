"""One location of a deploy: probed beside what is served, compared, promoted or refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reef.decide.diff import Diff, refusal
from reef.deploys.deploy import Event, Journal
from reef.deploys.waiting import serves
from reef.environments import Environment
from reef.fleet.model import Location
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.records.served import Promoted, Refused, ServedRecord
from reef.releasing.pins import ON_DEPLOY, REFUSED
from reef.words import classed

if TYPE_CHECKING:
    from reef.host.assembly import Assembly

log = logging.getLogger("reef.control")


class LocationDeploy:
    """Of one location of one deploy; `since` is when what it promotes began to be served (monotonic seconds)."""

    def __init__(self, parts: Assembly, journal: Journal, place: CodeLocation, spec: Location | None) -> None:
        self._parts = parts
        self._journal = journal
        self._place = place
        self._spec = spec
        self._gate = _Gate(parts, journal.allow_removals, place)
        self.since = 0.0

    def cannot(self) -> Event | None:
        """Why nothing is probed, where that is so."""
        spec, place = self._spec, self._place
        if spec is None:
            return {"state": "refused", "reason": "it is no longer in the fleet's file"}
        if spec.broken is not None:
            return {"state": "refused", "reason": spec.broken}
        if place.external is not None or spec.code is None:
            return {"state": "unchanged", "reason": "external: its code is not Reef's to deploy"}
        found = self._parts.planner.environments.get(spec.python)
        if found is not None and not isinstance(found, Environment):
            return {"state": "refused", "reason": f"{found.reason}; hint: {found.hint}"}
        return None

    async def run(self) -> Event:
        """Its last event. Never raises for what goes wrong with it."""
        started = time.monotonic()
        try:
            event = self.cannot() or await self._probe()
        except Exception as error:
            log.exception("%s: its deploy failed", self._place.name)
            event = {"state": "failed", "reason": classed(error)}
        self.since = self._gate.passed_at or started
        if event["state"] in ("refused", "failed"):
            event.update(await self._stay())
        return {**event, "seconds": round(time.monotonic() - started, 3)}

    async def _probe(self) -> Event:
        """The new settings count from the probe on, and no longer if it is refused."""
        place, spec = self._place, self._spec
        assert spec is not None
        old, old_spec = place.served, place.wish.try_out(with_limits(spec))
        promotions = self._parts.promotions
        promotions.promoting[place.name] = self._journal.id
        if self._journal.waved:
            promotions.wave_of[place.name] = self._journal.wave_of(place.name) + 1
        try:
            result = await self._parts.control.probe(place, gate=self._gate)
        except BaseException:
            place.wish.go_back(old_spec)
            raise
        finally:
            promotions.promoting.pop(place.name, None)
            promotions.wave_of.pop(place.name, None)
        if isinstance(result, Refused):
            place.wish.go_back(old_spec)
            return {
                "state": "refused",
                "reason": result.reason,
                "definitions": self._gate.diff.as_dict(),
                **self._gate.runs(),
            }
        place.wish.judge(None)
        await promotions.written(place.name)
        event = _outcome(result, old, self._journal.before.get(place.name))
        told = {"definitions": self._gate.diff.as_dict(), "not_kept": place.release.not_kept}
        return {**event, **told, **self._gate.runs()}

    async def _stay(self) -> Event:
        """What is refused stays at what it serves, whoever wakes it."""
        place = self._place
        if self._spec is None or not serves(place):
            return {}
        assert place.served is not None
        if place.pinned is not None and not self._journal.waved:
            return {}  # for a reason of its own
        why = REFUSED if self._journal.pinned_before.get(place.name) != ON_DEPLOY else ON_DEPLOY
        return {"not_pinned": await self._parts.pins.pin(place, why)}


class _Gate:
    """Nothing is promoted that would lose definitions, unless that is allowed. Keeps the diff it saw."""

    def __init__(self, parts: Assembly, allow_removals: bool, place: CodeLocation) -> None:
        self._parts = parts
        self._allow_removals = allow_removals
        self._place = place
        self.diff = Diff()
        self.passed_at: float | None = None
        self._live_runs: tuple[str, ...] = ()

    async def __call__(self, served: ServedRecord | None, new: ServedRecord) -> str | None:
        self.diff = await self._parts.promotions.diff(served, new)
        self.passed_at = time.monotonic()
        self._live_runs = tuple(sorted(self._place.serving.runs)) if self.diff.removed.get("jobs") else ()
        return refusal(self.diff, self._allow_removals)

    def runs(self) -> Mapping[str, list[str]]:
        """Runs that live while jobs of their location go: they go on, on the version that they began with."""
        return {"live_runs": list(self._live_runs)} if self._live_runs else {}


def _outcome(result: Promoted, old: ServedRecord | None, before: str | None) -> Event:
    """`before`: the version that was served when the deploy began; an earlier host may have replaced it already."""
    new = result.record
    if new.load_error is not None:
        return {"state": "failed", "reason": "it does not load, and never did", "version": new.version}
    same = old is not None and old.server_id == new.server_id and before == new.version
    return {"state": "unchanged" if same else "promoted", "version": new.version, "before": before}
