"""What every server loads, whoever's code it serves: seen in one environment for all that are like it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from reef.decide.zygotes import preloadable_from
from reef.decide.zygotes.bases import Base, base_of, server_of, tops_in
from reef.environments import Environment
from reef.hosting.plan import WarmedModule
from reef.hosting.warmup import WarmUpFailed, warm_up
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings, child_env
from reef.records.module_lists import decoded, encoded
from reef.statedir import write_atomic

log = logging.getLogger("reef.control")


class Bases:
    """One warm-up for each Dagster, and for each choice of what it looks for that environments have or lack.
    `cache` is the folder where they are kept."""

    def __init__(self, around: Surroundings, cache: Path) -> None:
        self._around = around
        self._cache = cache
        self._known: list[Base] = []
        self._tops: dict[str, frozenset[str]] = {}  # fingerprint -> what is installed there
        self._of: dict[str, Base] = {}  # fingerprint -> the base of that environment

    async def learn(self, places: Mapping[str, tuple[CodeLocation, Environment]]) -> None:
        """See what servers load in these environments (by fingerprint; the location is one that has it). What is known
        of others is forgotten."""
        await asyncio.to_thread(self._look, {key: environment for key, (_, environment) in places.items()})
        kinds: dict[str, list[tuple[CodeLocation, Environment]]] = {}
        for key, (place, environment) in places.items():
            if key not in self._of:
                kinds.setdefault(server_of(environment), []).append((place, environment))
        await asyncio.gather(*(self._learn_kind(found) for found in kinds.values()))

    def of(self, environment: Environment) -> Base | None:
        return self._of.get(environment.fingerprint)

    def all(self) -> Iterable[Base]:
        return tuple(self._known)

    def _look(self, environments: Mapping[str, Environment]) -> None:
        self._tops = {key: self._tops.get(key) or tops_in(one) for key, one in environments.items()}
        self._known = [base for base in self._known if base.environment.fingerprint in environments]
        self._of = {key: base for key, one in environments.items() if (base := self._heard(key, one))}

    def _heard(self, key: str, environment: Environment) -> Base | None:
        tops = self._tops[key]
        return next((base for base in self._known if base.speaks_for(environment, tops)), None)

    async def _learn_kind(self, found: list[tuple[CodeLocation, Environment]]) -> None:
        """One after the other: what the first looks for tells which others are like it."""
        for place, environment in found:
            key = environment.fingerprint
            base = self._heard(key, environment)
            if base is None:
                base = base_of(environment, await self._modules(place, environment))
                self._known.append(base)
            self._of[key] = base

    async def _modules(self, place: CodeLocation, environment: Environment) -> tuple[WarmedModule, ...]:
        remembered = self._cache / f"base-{environment.fingerprint[:32]}.json"
        known = await asyncio.to_thread(_read, remembered, environment)
        if known is None:
            known = await self._warm_up(place, environment)
            if known:
                await asyncio.to_thread(_write, remembered, known, environment)
        return known

    async def _warm_up(self, place: CodeLocation, environment: Environment) -> tuple[WarmedModule, ...]:
        env = child_env(place.spec, self._around)
        env = {name: value for name, value in env.items() if name not in place.spec.env or name == "PATH"}
        log_path = str(self._around.state.folder("logs") / "zygotes.log")
        try:
            warmed = await warm_up(place.spec.python, env, "/", log_path)
        except WarmUpFailed as failure:
            log.warning("no warm-up of %s: %s", environment.python, failure)
            return ()
        return preloadable(environment, warmed.modules)


def preloadable(environment: Environment, modules: Iterable[WarmedModule]) -> tuple[WarmedModule, ...]:
    """Without what is first-party: that is never preloaded, and differs from location to location."""
    return tuple(one for one in modules if preloadable_from(environment, one.name, one.file) is not None)


_PREFIX = "{prefix}"


def _read(path: Path, environment: Environment) -> tuple[WarmedModule, ...] | None:
    """Files are stored relative to the environment's prefix, which may lie elsewhere next time."""
    try:
        modules = decoded(path.read_bytes())
    except OSError:
        return None
    if modules is None:
        return None
    return tuple(moved(one, _PREFIX, environment.prefix) for one in modules)


def _write(path: Path, modules: tuple[WarmedModule, ...], environment: Environment) -> None:
    write_atomic(path, encoded(moved(one, environment.prefix, _PREFIX) for one in modules))


def moved(one: WarmedModule, old: str, new: str) -> WarmedModule:
    return WarmedModule(one.name, one.file.replace(old, new, 1), one.env_read, one.needs)
