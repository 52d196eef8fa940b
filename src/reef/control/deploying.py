"""A deploy: every location of it probed beside what is served, compared, promoted or refused, one by one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from reef.control.assembly import Assembly, with_limits
from reef.control.comparing import Comparer
from reef.control.deploy import Deploy, Event, interrupted
from reef.control.location import CodeLocation
from reef.control.pins import REFUSED
from reef.control.served import Promoted, Refused, ServedRecord
from reef.decide.diff import Diff, refusal
from reef.environments import Environment
from reef.errors import ReefError
from reef.fleet.model import Fleet, Location
from reef.fleet.suggest import did_you_mean
from reef.statedir import write_json

log = logging.getLogger("reef.control")

LONG_POLL_S = 10.0


class Deployer:
    """At most one deploy at a time. `fleet_now` reads the fleet's file again and raises ReefError."""

    def __init__(self, parts: Assembly, fleet_now: Callable[[], Fleet]) -> None:
        self._parts = parts
        self._fleet_now = fleet_now
        self._comparer = Comparer(parts)
        self._journal = parts.around.state.root / "deploy.json"
        self._current: Deploy | None = None
        self._starting = asyncio.Lock()
        self.interrupted = interrupted(self._journal)
        if self.interrupted is not None:
            log.warning("the deploy %s was cut off by the end of its host", self.interrupted["id"])

    def commands(self) -> dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]]:
        """What the host's own socket answers."""
        return {"plan": self.plan, "deploy": self.begin, "deploy-progress": self.progress}

    async def plan(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """`reef plan` of the running host."""
        fleet = await asyncio.to_thread(self._read_fleet)
        plan = await self._comparer.plan(fleet)
        return {"fleet": fleet.source, **plan.as_dict()}

    def _read_fleet(self) -> Fleet:
        try:
            return self._fleet_now()
        except ReefError as error:  # only the text of an error travels over the host's socket
            text = f"{error.where}: {error.message}" if error.where else error.message
            raise ReefError(text, hint=error.hint) from None

    # -- beginning and following -------------------------------------------------------------------

    async def begin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start what `{"locations": [...] | "changed" | "all", "allow_removals": bool}` asks for; returns
        `{"id", "locations", "added", "removed", "interrupted"}`, or `{"busy": text}`. Raises ReefError."""
        async with self._starting:
            if (busy := self._busy()) is not None:
                return {"busy": busy}
            fleet = await asyncio.to_thread(self._read_fleet)
            specs = {spec.name: spec for spec in fleet.locations}
            names = await self._chosen(request["locations"], fleet, specs)
            deploy = Deploy(
                secrets.token_hex(4), tuple(names), bool(request.get("allow_removals")), time.time()
            )
            await asyncio.to_thread(write_json, self._journal, deploy.as_dict())
            self._current = deploy
        cut_off, self.interrupted = self.interrupted, None
        self._parts.control.spawn(self._run(deploy, specs))
        known = self._parts.control.locations
        return {
            "id": deploy.id,
            "locations": names,
            "added": [name for name in specs if name not in known],
            "removed": [name for name in known if name not in specs],
            "interrupted": cut_off,
        }

    def _busy(self) -> str | None:
        deploy = self._current
        if deploy is None or deploy.over:
            return None
        left = len(deploy.locations) - len(deploy.results())
        seconds = time.time() - deploy.started_at
        return (
            f"deploy {deploy.id} has been under way for {seconds:.0f} s, "
            f"{left} of its {len(deploy.locations)} locations are left"
        )

    async def _chosen(self, asked: Any, fleet: Fleet, specs: Mapping[str, Location]) -> list[str]:
        places = self._parts.control.locations
        if asked == "changed":
            plan = await self._comparer.plan(fleet)
            return [one.location for one in plan.locations if one.touched and one.location in places]
        if asked == "all":
            return [name for name in places if name in specs]
        for name in asked:
            if name not in places:
                raise _unknown(name, specs, places)
        return list(dict.fromkeys(asked))

    async def progress(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Events of the deploy `id` after the first `after`; waits some seconds for one. `{"events"}`."""
        deploy = self._current
        if deploy is None or deploy.id != request["id"]:
            raise ReefError(f"no deploy {request['id']!r} here", hint="the host was started again meanwhile")
        after = int(request["after"])
        if len(deploy.events) <= after:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(deploy.grew.wait(), LONG_POLL_S)
        return {"events": deploy.events[after:]}

    # -- doing -------------------------------------------------------------------------------------

    async def _run(self, deploy: Deploy, specs: Mapping[str, Location]) -> None:
        try:
            await self._ready_environments([specs[name] for name in deploy.locations if name in specs])
            await asyncio.gather(*(self._guarded(deploy, name, specs.get(name)) for name in deploy.locations))
        except Exception as error:
            log.exception("deploy %s failed", deploy.id)
            for name in set(deploy.locations) - deploy.results().keys():
                deploy.tell({"location": name, "state": "failed", "reason": str(error)})
        deploy.over = True
        await self._write(deploy)
        deploy.tell({"state": "over", "seconds": round(time.time() - deploy.started_at, 3)})

    async def _ready_environments(self, specs: Sequence[Location]) -> None:
        """Packages that changed need their new zygote before anything is probed."""
        planner = self._parts.planner
        await planner.inspect(
            {spec.python for spec in specs if spec.code is not None and spec.broken is None}
        )
        places = self._parts.control.locations
        for spec in specs:
            environment = planner.environments.get(spec.python)
            served = places[spec.name].served
            if isinstance(environment, Environment) and (
                served is None or served.environment != environment.fingerprint
            ):
                await planner.plan()
                return

    async def _guarded(self, deploy: Deploy, name: str, spec: Location | None) -> None:
        try:
            event = await self._location(deploy, self._parts.control.locations[name], spec)
        except Exception as error:
            log.exception("%s: its deploy failed", name)
            event = {"state": "failed", "reason": f"{type(error).__name__}: {error}"}
        deploy.tell({"location": name, **event})
        await self._write(deploy)

    async def _write(self, deploy: Deploy) -> None:
        try:
            await asyncio.to_thread(write_json, self._journal, deploy.as_dict())
        except OSError as full:
            log.error("the state of deploy %s cannot be written: %s", deploy.id, full)

    async def _location(self, deploy: Deploy, place: CodeLocation, spec: Location | None) -> Event:
        if spec is None:
            return {"state": "refused", "reason": "it is no longer in the fleet's file"}
        if spec.broken is not None:
            return {"state": "refused", "reason": spec.broken}
        if place.external is not None or spec.code is None:
            return {"state": "unchanged", "reason": "external: its code is not Reef's to deploy"}
        if isinstance(problem := self._problem(spec), str):
            return {"state": "refused", "reason": problem}
        deploy.tell({"location": place.name, "state": "probing"})
        started = time.monotonic()
        event = await self._probe(deploy, place, spec)
        return {**event, "seconds": round(time.monotonic() - started, 3)}

    def _problem(self, spec: Location) -> str | None:
        found = self._parts.planner.environments.get(spec.python)
        return (
            None if found is None or isinstance(found, Environment) else f"{found.reason}; hint: {found.hint}"
        )

    async def _probe(self, deploy: Deploy, place: CodeLocation, spec: Location) -> Event:
        """The new settings count from the probe on, and no longer if it is refused."""
        before, old_spec = place.served, place.spec
        place.spec = with_limits(spec)
        gate = _Gate(self._parts, deploy.allow_removals)
        self._parts.promotions.promoting[place.name] = deploy.id
        try:
            result = await self._parts.control.probe(place, gate=gate)
        except BaseException:
            place.spec = old_spec
            raise
        finally:
            self._parts.promotions.promoting.pop(place.name, None)
        if isinstance(result, Refused):
            place.spec = old_spec
            told: Event = {"state": "refused", "reason": result.reason, "definitions": gate.diff.as_dict()}
            if before is not None and before.pinned is None:
                told["not_pinned"] = await self._parts.pins.pin(place, REFUSED)
            return told
        place.unusable = None
        await self._parts.promotions.written(place.name)
        return {**_outcome(result, before, gate.diff), "not_kept": place.not_kept}


class _Gate:
    """Nothing is promoted that would lose definitions, unless that is allowed. Keeps the diff it saw."""

    def __init__(self, parts: Assembly, allow_removals: bool) -> None:
        self._parts = parts
        self._allow_removals = allow_removals
        self.diff = Diff()

    async def __call__(self, served: ServedRecord | None, new: ServedRecord) -> str | None:
        self.diff = await self._parts.promotions.diff(served, new)
        return refusal(self.diff, self._allow_removals)


def _outcome(result: Promoted, before: ServedRecord | None, diff: Diff) -> Event:
    new = result.record
    if new.load_error is not None:
        return {"state": "failed", "reason": "it does not load, and never did", "version": new.version}
    same = before is not None and before.server_id == new.server_id
    return {
        "state": "unchanged" if same else "promoted",
        "version": new.version,
        "before": before.version if before else None,
        "definitions": diff.as_dict(),
    }


def _unknown(name: str, specs: Mapping[str, Location], places: Mapping[str, CodeLocation]) -> ReefError:
    if name in specs:
        return ReefError(
            f"code location {name!r} is new in the fleet's file",
            hint="a running host does not add locations yet: start it again",
        )
    return ReefError(f"no code location {name!r}", hint=did_you_mean(name, places))
