"""The ground of a pack host in its pod: an agent in each container starts and watches the servers there."""

from __future__ import annotations

from collections.abc import Sequence

from reef.hosting.contract import Child, ChildSpec, LoadTimeout, Purpose
from reef.packs.ground import Given, Inside
from reef.packs.hosting import PackHosting
from reef.packs.specs import grpc_args
from reef.peers.messages import ContainerState, PackLocation


class Pod:
    """Implements `Ground`."""

    def __init__(self, given: Given) -> None:
        self.hosting = PackHosting(given.settings.run, given.events)
        self._container_of: dict[str, str] = {}
        self._containers: dict[str, list[PackLocation]] = {}

    async def use(self, locations: Sequence[PackLocation]) -> None:
        """A container without locations is still watched: servers in it may be draining."""
        self._container_of = {one.name: one.container for one in locations}
        self._containers = {name: [] for name in self._containers}
        for one in locations:
            self._containers.setdefault(one.container, []).append(one)
        await self.hosting.use(self._containers)

    def make_spec(self, location: PackLocation, version: str, purpose: Purpose) -> ChildSpec:
        """Where it listens and logs, its container's agent says."""
        return ChildSpec(
            location=location.name,
            version=version,
            purpose=purpose,
            python=location.python or "",
            grpc_args=grpc_args(location, purpose),
            cwd=location.working_directory or "",
            env=location.env,
            socket="",
            log_path="",
            memory_limit_bytes=location.memory_limit_bytes,
            load_timeout=LoadTimeout(location.load_timeout_s, "load_timeout"),
        )

    async def cpu_s(self, child: Child) -> float | None:
        return await self.hosting.cpu_seconds(child)

    def containers(self) -> Sequence[ContainerState]:
        return self.hosting.containers()

    async def inside(self, child: Child) -> Inside:
        facts = self.hosting.facts(self._container_of.get(child.location, ""))
        listening = await self.hosting.listening(child)
        if facts is None:
            return Inside(listening=listening)
        return Inside(
            python=facts.dagster_python,
            python_version=facts.python_version,
            user=f"{facts.uid}:{facts.gid}",
            cwd=facts.cwd,
            env_names=facts.env_names,
            listening=listening,
        )
