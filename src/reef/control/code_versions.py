"""Versions of locations, from their sources, environments and settings."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from reef.control.specs import Surroundings, child_env, grpc_args
from reef.control.versions import Change, Stamp
from reef.environments import Environment, changed_since
from reef.fleet.model import Location
from reef.hosting.contract import LoadReport
from reef.hosting.plan import ZygotePlan


class CodeVersions:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.environments: Mapping[str, object] = {}
        self._checked: dict[str, tuple[float, bool]] = {}

    def _hash(self, location: Location) -> str:
        root = (
            location.code.working_directory
            if location.code and location.code.working_directory
            else location.cwd
        )
        h = hashlib.sha256()
        for path in sorted(Path(root).rglob("*.py")):
            if ".venv" in path.parts:
                continue
            h.update(str(path).encode() + b"\0" + path.read_bytes())
        return h.hexdigest()

    async def stamp(self, location: Location, report: LoadReport | None) -> Stamp:
        sources = await asyncio.to_thread(self._hash, location)
        environment = self.environments.get(location.python)
        fingerprint = environment.fingerprint if isinstance(environment, Environment) else ""
        settings = settings_hash(location, self._around)
        version = hashlib.sha256(f"{sources}{fingerprint}{settings}".encode()).hexdigest()
        return Stamp(version, fingerprint, settings, {"hash": sources})

    async def change(self, location: Location, stamp: Stamp) -> Change:
        if settings_hash(location, self._around) != stamp.settings:
            return "settings"
        environment = self.environments.get(location.python)
        if isinstance(environment, Environment):
            if environment.fingerprint != stamp.environment:
                return "environment"
            if await self._env_changed(environment):
                return "environment"
        if (await asyncio.to_thread(self._hash, location)) != stamp.sources.get("hash"):
            return "source"
        return "same"

    async def _env_changed(self, environment: Environment) -> bool:
        at, changed = self._checked.get(environment.python, (0.0, False))
        if time.monotonic() - at > 0.5:
            changed = await asyncio.to_thread(changed_since, environment)
            self._checked[environment.python] = (time.monotonic(), changed)
        return changed

    def refuse_fork(self, plan: ZygotePlan, location: str) -> str | None:
        return None


def settings_hash(location: Location, around: Surroundings) -> str:
    """Of what changes what runs; values of variables only as part of the hash."""
    env = child_env(location, around)
    own = {name: env.get(name) for name in sorted({*location.env, "PATH"} - {"PATH"})}
    made_of = [location.python, location.cwd, grpc_args(location, around, "serve"), own, os.sep]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
