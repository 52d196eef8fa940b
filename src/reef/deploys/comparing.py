"""What a deploy would change now: the fleet and the code as they lie there against what is served."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from reef.decide.plan import LocationPlan, Plan, Reason
from reef.environments import Environment, EnvironmentProblem, FoundEnvironment
from reef.fleet.model import Fleet, Location
from reef.locations.place import CodeLocation
from reef.records.served import ServedRecord
from reef.releasing.contract import Environments
from reef.releasing.promotions import Promotions
from reef.releasing.stamps import recorded_stamp
from reef.versions.contract import Versions


class Comparer:
    """Changes nothing; what it learns of environments is not what the zygotes are decided from."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        versions: Versions,
        promotions: Promotions,
        environments: Environments,
    ) -> None:
        self._places = places
        self._versions = versions
        self._promotions = promotions
        self._environments = environments

    async def plan(self, fleet: Fleet) -> Plan:
        """`fleet` is the fleet as its file says now."""
        stamps = [stamp for place in self._places.values() if (stamp := place.release.stamp()) is not None]
        await self._versions.look_at_defs_state(stamps)
        found = await self._looked_at(fleet)
        limit = asyncio.Semaphore(2 * (os.cpu_count() or 2))

        async def one(spec: Location) -> LocationPlan:
            async with limit:
                return await self._location(spec, found)

        plans = await asyncio.gather(*(one(spec) for spec in fleet.locations))
        names = {spec.name for spec in fleet.locations}
        there = [place.name for place in self._places.values() if not place.wish.leaving]
        return Plan(tuple(plans), tuple(name for name in there if name not in names))

    async def _looked_at(self, fleet: Fleet) -> Mapping[str, FoundEnvironment]:
        pythons = [one.python for one in fleet.locations if one.code is not None and one.broken is None]
        return await self._environments.look(pythons)

    async def _location(self, spec: Location, found: Mapping[str, FoundEnvironment]) -> LocationPlan:
        place = self._places.get(spec.name)
        if place is None:
            return LocationPlan(spec.name, True, (Reason("new", "new in the fleet"),))
        if spec.broken is not None:
            return LocationPlan(spec.name, False, (Reason("error", spec.broken),), _version(place.served))
        if spec.code is None:
            return _external(place, spec)
        environment = found.get(spec.python)
        if isinstance(environment, EnvironmentProblem):
            return LocationPlan(
                spec.name, False, (Reason("error", environment.reason),), _version(place.served)
            )
        if place.served is None:
            return LocationPlan(spec.name, True, (Reason("new", "nothing is served yet"),))
        return await self._changed(place, place.served, spec, environment)

    async def _changed(
        self, place: CodeLocation, served: ServedRecord, spec: Location, environment: Environment | None
    ) -> LocationPlan:
        now = await self._versions.planned(spec, recorded_stamp(place), environment)
        if now.stamp.version == served.version:
            return LocationPlan(spec.name, False, _errors(place, served), served.version, served.version)
        why = await self._promotions.why(served, spec, now.record, environment)
        newer = await self._versions.changed_defs_state(recorded_stamp(place), as_told=True)
        why += tuple(Reason("defs state", f"a newer version of defs state {key!r} is there") for key in newer)
        return LocationPlan(spec.name, True, why, served.version, now.stamp.version)


def _external(place: CodeLocation, spec: Location) -> LocationPlan:
    """Its code is somebody else's; only where it listens can differ."""
    moved = place.spec.server != spec.server
    why = (Reason("setting", "setting server changed"),) if moved else ()
    return LocationPlan(spec.name, moved, why, _version(place.served), _version(place.served))


def _errors(place: CodeLocation, served: ServedRecord) -> tuple[Reason, ...]:
    error = place.release.load_error or ("it did not load" if served.load_error else "")
    return tuple(Reason("error", line) for line in error.strip().splitlines()[:1])


def _version(served: ServedRecord | None) -> str | None:
    return served.version if served else None
