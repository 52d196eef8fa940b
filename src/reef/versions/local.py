"""Versions of locations, from their sources, environments and settings; and the cheap question at each wake."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from reef.decide.versions import settings_hash, version
from reef.environments import Environment, EnvironmentProblem, changed_since
from reef.fleet.model import Location
from reef.hosting.contract import LoadReport
from reef.hosting.plan import ZygotePlan
from reef.records.served import ServedRecord
from reef.sources import SourceIndex, SourceRecord, SourceScope, changed_during, scope_of, source_root
from reef.versions.contract import Change, Seen, Stamp
from reef.versions.defs_state import NewestDefsState


class LocalVersions:
    """Implements `Versions`. All that can change what a location's code is."""

    def __init__(
        self,
        state_dir: str,
        dagster_home: str | None,
        environments: Mapping[str, Environment | EnvironmentProblem],
        ask_defs_state: Callable[[], Awaitable[object]] | None,
    ) -> None:
        """`environments` is kept by others: interpreter -> what it was found to be. For `ask_defs_state` see
        NewestDefsState."""
        ignored = [state_dir, *([dagster_home] if dagster_home else [])]
        self._ignored = tuple(ignored)
        self._index = SourceIndex(ignore=self._ignored)
        self.defs_states = NewestDefsState(dagster_home, ask_defs_state)
        self._environments = environments
        self._checked: dict[
            str, tuple[float, bool]
        ] = {}  # interpreter -> when the last look began, and its answer
        self._looking: dict[str, asyncio.Lock] = {}
        self._homes: dict[str, str] = {}  # location -> interpreter of the zygote it forks from

    async def see(
        self,
        spec: Location,
        report: LoadReport | None,
        excluded: frozenset[str] = frozenset(),
        before: Stamp | None = None,
    ) -> Seen:
        """Hash what the location runs; with the report of a load also what that load read besides. Without a report:
        what the load read of which there is the stamp `before`."""
        environment = self._environment(spec.python)
        scope = await asyncio.to_thread(scope_of, spec, report, environment, self._ignored)
        if report is None and before is not None and (known := _scope(before.sources)) is not None:
            scope = scope.with_files(known.files)
        record = await self._index.record(scope.without(excluded))
        return Seen(self._stamp(spec, environment, record), record)

    def _stamp(self, spec: Location, environment: Environment | None, record: SourceRecord) -> Stamp:
        fingerprint = environment.fingerprint if environment else ""
        settings = _settings(spec)
        return Stamp(
            version=version(spec, record.digest, fingerprint, settings),
            environment=fingerprint,
            settings=settings,
            sources={"scope": _plain(record.scope), "digest": record.digest},
        )

    def with_defs_state(self, spec: Location, stamp: Stamp, used: Mapping[str, str]) -> Stamp:
        """The stamp of a load that used these versions of defs state (key → version)."""
        if not used:
            return stamp
        sources = {**stamp.sources, "defs_state": dict(used)}
        digest = str(stamp.sources.get("digest", ""))
        number = version(spec, digest, stamp.environment, stamp.settings, _state_digest(used))
        return Stamp(number, stamp.environment, stamp.settings, sources)

    async def changed_defs_state(self, stamp: Stamp, *, as_told: bool = False) -> dict[str, str]:
        """Key → version, where there is a newer one than the one that was loaded."""
        used = _used_state(stamp)
        return await asyncio.to_thread(self.defs_states.changed, used, as_told=as_told) if used else {}

    async def look_at_defs_state(self, stamps: Iterable[Stamp]) -> None:
        """Before a plan: what is known of an instance that cannot be read may be old."""
        await self.defs_states.look(map(_used_state, stamps))

    async def accept_defs_state(self, stamp: Stamp) -> None:
        """It was loaded again because of its defs state, and that is what it got."""
        await asyncio.to_thread(self.defs_states.accept, _used_state(stamp))

    def stamp_of_kept(self, spec: Location, served: ServedRecord) -> Stamp:
        """Of a version that runs from its copy: only its environment can be another one now."""
        environment = self._environment(spec.python)
        fingerprint = environment.fingerprint if environment else ""
        used = served.sources.get("defs_state")
        state = _state_digest(used) if isinstance(used, dict) else ""
        number = version(spec, str(served.sources.get("digest", "")), fingerprint, served.settings, state)
        return Stamp(number, fingerprint, served.settings, served.sources)

    def changed_during_load(self, before: Seen, after: Seen, started_at_ns: int) -> tuple[str, ...]:
        """Paths that were written while the code was loaded: what was loaded may be neither version."""
        return changed_during(before.record, after.record, started_at_ns)

    async def change(self, spec: Location, stamp: Stamp) -> Change:
        """Is it still what the stamp says? Milliseconds where nothing has been touched."""
        if _settings(spec) != stamp.settings:
            return "settings"
        if await self.environment_changed(spec, stamp.environment):
            return "environment"
        scope = _scope(stamp.sources)
        if scope is None or (await self._index.record(scope)).digest != stamp.sources["digest"]:
            return "source"
        return "defs state" if await self.changed_defs_state(stamp) else "same"

    async def records(self, spec: Location, sources: Iterable[Mapping[str, object]]) -> list[SourceRecord]:
        """What is there now of all that these stamps' loads read; without any, of what it would begin with."""
        scopes = [scope for one in sources if (scope := _scope(one)) is not None]
        if not scopes:
            environment = self._environment(spec.python)
            scopes = [await asyncio.to_thread(scope_of, spec, None, environment, self._ignored)]
        return [await self._index.record(scope) for scope in scopes]

    async def planned(self, spec: Location, stamp: Stamp, environment: Environment | None) -> Seen:
        """What it would be now, judged by the files that the stamp's load read (its own, where it moved)."""
        known = _scope(stamp.sources)
        if known is None or _settings(spec) != stamp.settings:
            own = await asyncio.to_thread(scope_of, spec, None, environment, self._ignored)
            same_place = known is not None and set(own.roots) <= set(known.roots)
            known = known.with_files(own.files) if known and same_place else own
        record = await self._index.record(known)
        now = self._stamp(spec, environment, record)
        used = _used_state(stamp)
        newer = await self.changed_defs_state(stamp, as_told=True)
        return Seen(self.with_defs_state(spec, now, {**used, **newer}), record)

    async def environment_changed(self, spec: Location, fingerprint: str) -> bool:
        """Its own interpreter's packages, or those of the interpreter that its zygote runs in."""
        environment = self._environment(spec.python)
        if environment is None:
            return False
        if environment.fingerprint != fingerprint or await self._touched(environment):
            return True
        home = self._environment(self._homes.get(spec.name, ""))
        return home is not None and home is not environment and await self._touched(home)

    def use_plans(self, plans: tuple[ZygotePlan, ...]) -> None:
        self._homes = {name: plan.python for plan in plans for name in plan.locations}
        self._checked.clear()

    async def _touched(self, environment: Environment) -> bool:
        """By a look that began after this call: an older one may have missed an upgrade. Many that wake together
        share one."""
        asked = time.monotonic()
        async with self._looking.setdefault(environment.python, asyncio.Lock()):
            at, touched = self._checked.get(environment.python, (-1.0, False))
            if at < asked:
                at = time.monotonic()
                touched = await asyncio.to_thread(changed_since, environment)
                self._checked[environment.python] = (at, touched)
        return touched

    def refuse_fork(self, plan: ZygotePlan, _location: str) -> str | None:
        """What is known at this moment; a change that is not known yet is found when the child is up."""
        if self._checked.get(plan.python, (0.0, False))[1]:
            return f"packages of {plan.python} changed, and its new zygote is not there yet"
        return None

    def _environment(self, python: str) -> Environment | None:
        found = self._environments.get(python)
        return found if isinstance(found, Environment) else None


def _used_state(stamp: Stamp) -> dict[str, str]:
    used = stamp.sources.get("defs_state")
    return {str(key): str(value) for key, value in used.items()} if isinstance(used, dict) else {}


def _state_digest(used: Mapping[str, str]) -> str:
    return json.dumps(used, sort_keys=True) if used else ""


def _settings(spec: Location) -> str:
    return settings_hash(spec, source_root(spec))


def _plain(scope: SourceScope) -> list[list[str]]:
    return [list(part) for part in (scope.roots, scope.files, scope.folders, scope.excluded)]


def _scope(sources: Mapping[str, object]) -> SourceScope | None:
    plain = sources.get("scope")
    if not isinstance(plain, list) or len(plain) != 4:
        return None
    return SourceScope(*(tuple(map(str, part)) for part in plain))
