"""From a fleet's interpreters and what its locations import to zygotes that stand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from reef.decide.zygotes import Candidate, Catalogue, decide_zygotes, modules_of
from reef.environments import Environment, FoundEnvironment, inspect_all
from reef.environments.prefixes import narrowed
from reef.events import Events, ZygoteBuilt, ZygotesReady
from reef.hosting.contract import LoadReport
from reef.hosting.local import LocalHosting
from reef.hosting.plan import WarmedModule, ZygotePlan
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings, child_env
from reef.records import findings
from reef.records.module_lists import ModuleLists
from reef.serving.server_modules import Bases, preloadable
from reef.sources import own_names


class Planner:
    """Keeps the zygotes right for the fleet. One plan at a time."""

    def __init__(
        self,
        around: Surroundings,
        hosting: LocalHosting,
        places: Mapping[str, CodeLocation],
        environments: dict[str, FoundEnvironment],
        lists: ModuleLists,
        cache: Path,
        on_plans: Callable[[tuple[ZygotePlan, ...]], None],
        events: Events,
    ) -> None:
        """`environments` is filled here, and read by whoever asks what an interpreter is; `on_plans` is told which
        zygotes stand."""
        self._around = around
        self._hosting = hosting
        self._places = places
        self._cache = cache
        self._lists = lists
        self.environments = environments
        self.plans: tuple[ZygotePlan, ...] = ()
        self._bases = Bases(around, cache)
        self._built: set[str] = set()
        self._lock = asyncio.Lock()
        self._on_plans = on_plans
        self._events = events

    def packed(self) -> list[CodeLocation]:
        return [p for p in self._places.values() if _is_hosted(p) and p.spec.placement == "packed"]

    def hosted(self) -> list[CodeLocation]:
        """Those that have a child of ours."""
        return [p for p in self._places.values() if _is_hosted(p)]

    def environment_of(self, place: CodeLocation) -> FoundEnvironment | None:
        return self.environments.get(place.spec.python)

    async def inspect(self, pythons: Iterable[str] | None = None) -> None:
        """Look at the interpreters anew (all of the fleet's by default)."""
        wanted = list(pythons) if pythons is not None else [place.spec.python for place in self.hosted()]
        self.environments.update(await self.look(wanted))

    async def look(self, pythons: Iterable[str]) -> Mapping[str, FoundEnvironment]:
        """What these interpreters are now; nothing changes by it."""
        return await inspect_all(pythons, cache=self._cache)

    async def plan(self, *, draft: bool = False) -> None:
        """Decide the zygotes from what is known now, and build those that are missing: as drafts where somebody
        waits for them, and it is learnt only from the loads that follow what they should hold. Plan again then."""
        async with self._lock:
            places = [place for place in self.packed() if place.spec.python in self.environments]
            if not places:
                return
            await self._learn_bases(places)
            started = time.monotonic()
            plans = await self._use(places, draft)
            if await asyncio.to_thread(self._keep_findings, plans):
                plans = await self._use(places, draft)
            self._on_plans(plans)
            await self._hosting.sample_zygotes()
            left_out = tuple(one for plan in plans for one in plan.left_out)
            self._events.emit(ZygotesReady(len(plans), time.monotonic() - started, left_out))

    async def _use(self, places: list[CodeLocation], draft: bool) -> tuple[ZygotePlan, ...]:
        catalogue, candidates = await asyncio.to_thread(self._candidates, places)
        decided = await asyncio.to_thread(
            decide_zygotes, self.environments, candidates, catalogue, self.plans
        )
        stand = {plan.key for plan in self.plans}
        plans = tuple(drafted(plan) if draft and plan.key not in stand else plan for plan in decided.plans)
        self.plans = tuple(plan for plan in plans if not plan.draft)
        await self._hosting.use(plans, decided.fresh)
        for plan in plans:
            if plan.key not in self._built:
                self._events.emit(ZygoteBuilt(plan.key, plan.python, tuple(plan.locations)))
        self._built = {plan.key for plan in plans}
        return plans

    def _keep_findings(self, plans: Iterable[ZygotePlan]) -> bool:
        """Whether a build has found something that nobody knew when it was planned."""
        keys = {plan.key for plan in plans}
        new = False
        for zygote in self._hosting.living_zygotes():
            if zygote.built.left_out and zygote.plan.key in keys:
                new |= findings.keep(self._cache, zygote.plan.fingerprint, zygote.built)
        return new

    # -- what loads import -------------------------------------------------------------------------

    async def _learn_bases(self, places: list[CodeLocation]) -> None:
        found: dict[str, tuple[CodeLocation, Environment]] = {}
        for place in places:
            environment = self.environments[place.spec.python]
            if isinstance(environment, Environment) and environment.implementation == "cpython":
                found.setdefault(environment.fingerprint, (place, environment))
        await self._bases.learn(found)

    def _candidates(self, places: list[CodeLocation]) -> tuple[Catalogue, list[Candidate]]:
        environments = [one for one in self.environments.values() if isinstance(one, Environment)]
        known = findings.of_all(self._cache, (one.fingerprint for one in environments))
        catalogue = Catalogue(unfit=known.unfit, costs=known.costs)
        bases = {
            base.environment.fingerprint: catalogue.learn(base.environment, map(narrowed, base.modules))
            for base in self._bases.all()
        }
        learnt: dict[tuple[str, str], tuple[str, ...]] = {}
        candidates = []
        for place in places:
            environment = self.environments[place.spec.python]
            modules: tuple[str, ...] = ()
            base: tuple[str, ...] = ()
            if isinstance(environment, Environment):
                seen = self._bases.of(environment)
                base = bases[seen.environment.fingerprint] if seen else ()
                modules = self._modules_of(place, environment, catalogue, learnt, base)
            candidates.append(
                Candidate(
                    name=place.name,
                    python=place.spec.python,
                    env=child_env(place.spec, self._around),
                    modules=modules,
                    own_names=own_names(place.spec),
                    shared=base,
                )
            )
        return catalogue, candidates

    def _modules_of(
        self,
        place: CodeLocation,
        environment: Environment,
        catalogue: Catalogue,
        learnt: dict[tuple[str, str], tuple[str, ...]],
        base: tuple[str, ...],
    ) -> tuple[str, ...]:
        """What its last load imported, while its environment is still the one of that load."""
        served = place.served
        if served is None or served.modules is None or served.environment != environment.fingerprint:
            return base
        key = (place.spec.python, served.modules)
        if key not in learnt:
            modules = self._lists.get(served.modules)
            own = catalogue.learn(environment, map(narrowed, modules)) if modules else ()
            learnt[key] = tuple(dict.fromkeys((*base, *own)))
        return learnt[key]

    async def store_report(self, place: CodeLocation, report: LoadReport) -> str | None:
        """Keep what a probe imported; the digest under which it is found again."""
        environment = self.environment_of(place)
        if not isinstance(environment, Environment):
            return None
        known = place.served.modules if place.served is not None else None
        seen = preloadable(environment, modules_of(report))
        return await asyncio.to_thread(lambda: self._lists.put(self._with_what_was_read(seen, known)))

    def _with_what_was_read(
        self, seen: Iterable[WarmedModule], known: str | None
    ) -> tuple[WarmedModule, ...]:
        """Of a module that a zygote had preloaded the load before this one knows what it reads."""
        earlier = {one.name: one for one in (self._lists.get(known) or () if known else ())}
        return tuple(united(one, earlier.get(one.name)) for one in seen)


def _is_hosted(place: CodeLocation) -> bool:
    return place.spec.placement != "external" and place.spec.broken is None and not place.wish.leaving


def united(one: WarmedModule, earlier: WarmedModule | None) -> WarmedModule:
    if earlier is None or earlier.file != one.file:
        return one
    env_read = tuple(sorted({*one.env_read, *earlier.env_read}))
    return replace(one, env_read=env_read, needs=tuple(sorted({*one.needs, *earlier.needs})))


def drafted(plan: ZygotePlan) -> ZygotePlan:
    return replace(plan, key=f"draft-{plan.key}", draft=True)
