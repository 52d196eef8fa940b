"""What the fleet's interpreters have installed, and what follows from it for all that share one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reef.environments import EnvironmentProblem, FoundEnvironment
from reef.locations.place import CodeLocation
from reef.serving.learning import Learning
from reef.serving.planning import Planner


class FleetEnvironments:
    """Implements `releasing.contract.Environments` on one machine."""

    def __init__(self, planner: Planner, learning: Learning) -> None:
        self._planner = planner
        self._learning = learning

    @property
    def found(self) -> Mapping[str, FoundEnvironment]:
        return self._planner.environments

    async def inspect(self, pythons: Iterable[str]) -> None:
        await self._planner.inspect(pythons)

    async def look(self, pythons: Iterable[str]) -> Mapping[str, FoundEnvironment]:
        return await self._planner.look(pythons)

    async def plan(self, *, draft: bool = False) -> None:
        await self._planner.plan(draft=draft)

    async def changed(self, place: CodeLocation) -> None:
        await self._planner.inspect([place.spec.python])
        for other in self._planner.hosted():
            if other.spec.python == place.spec.python:
                found = self.found.get(other.spec.python)
                reason = found.reason if isinstance(found, EnvironmentProblem) else None
                other.wish.judge(other.spec.broken or reason)
        await self._planner.plan()

    def learn(self) -> None:
        self._learning.ask()
