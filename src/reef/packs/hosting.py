"""Code servers in the containers of one pod, by the agent in each: implements `hosting.contract.Hosting`.

Made inside a running event loop:

    hosting = PackHosting(Path("/reef/run"), HostingEvents(on_exit=...))
    await hosting.use({"sales": [PackLocation(name="sales", container="sales", ...)]})

`use` may be called again and again; it returns at once where agents are missing, and they are taken up whenever they
come. `ChildSpec.location` says in which container a child is started. Of a `ChildSpec` for a pack:

- `env` is what is added to the variables of the container, whose values never leave it;
- `python` "" is the interpreter that the image's `dagster` command has; `cwd` "" is the container's own;
- `socket` and `log_path` are passed over: `Child.socket` says where it listens, `log_path(location)` where its log is.

A `Child.pid` means something inside of its container only: never look it up in /proc, ask `cpu_seconds`, `memory`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from reef.hosting.contract import (
    Child,
    ChildSpec,
    HostingEvents,
    LoadReport,
    MemorySample,
    StartFailed,
    ZygoteStatus,
)
from reef.hosting.zygote import Tuning
from reef.packs.agents import ContainerFacts
from reef.packs.containers import Around, Container
from reef.packs.zygotes import UNUSED_S
from reef.peers.messages import ContainerState, PackLocation

HIDDEN = ".host"  # no container can have this name


class PackHosting:
    """`folder` is the shared volume: the folder of container C in it is the only part that C sees. Containers with at
    least `fork_from` locations get a zygote, which ends after `unused_s` without a start; what the children of one
    print is told apart in its log then."""

    def __init__(
        self,
        folder: Path,
        events: HostingEvents | None = None,
        *,
        tuning: Tuning | None = None,
        fork_from: int = 2,
        unclaimed_s: float | None = None,
        unused_s: float = UNUSED_S,
    ) -> None:
        hidden = folder / HIDDEN
        hidden.mkdir(mode=0o700, exist_ok=True)
        self._around = Around(
            folder, hidden, events or HostingEvents(), tuning or Tuning(), fork_from, unclaimed_s, unused_s
        )
        self._containers: dict[str, Container] = {}
        self._of: dict[str, Container] = {}

    async def use(self, containers: Mapping[str, Sequence[PackLocation]]) -> None:
        """The containers of this pod and the locations of each, in place of those before. Returns when each agent was
        looked for once; who is not there yet is taken up later, and zygotes are built meanwhile. The servers of a
        container that is not named any more are ended."""
        gone = [self._containers.pop(name) for name in self._containers.keys() - containers.keys()]
        for name in containers.keys() - self._containers.keys():
            self._containers[name] = Container(name, self._around)
        self._of = {one.name: self._containers[name] for name, many in containers.items() for one in many}
        await asyncio.gather(
            *(self._containers[name].use(many) for name, many in containers.items()),
            *(one.close(leave_children=False) for one in gone),
        )

    def containers(self) -> tuple[ContainerState, ...]:
        return tuple(self._containers[name].state for name in sorted(self._containers))

    def facts(self, container: str) -> ContainerFacts | None:
        """None while its agent is not there."""
        known = self._containers.get(container)
        return known.machine.hello if known is not None else None

    def log_path(self, location: str) -> Path:
        """Also of a location without a server. No container sees it."""
        return self._around.log_path(location)

    async def cpu_seconds(self, child: Child) -> float | None:
        """Processor time that it has used; None where it is gone."""
        container = self._container_of(child)
        return await container.machine.cpu_seconds(child.pid) if container is not None else None

    async def listening(self, child: Child) -> tuple[int, ...]:
        """TCP ports on which the child and what it started listen now."""
        container = self._container_of(child)
        return await container.machine.ports(child.pid) if container is not None else ()

    # -- hosting.contract.Hosting ------------------------------------------------------------------

    async def start(self, spec: ChildSpec, timeout_s: float) -> Child:
        container = self._of.get(spec.location)
        if container is None:
            raise StartFailed(f"code location {spec.location!r} is in none of the containers of this pack")
        return await container.start(spec, timeout_s)

    async def stop(self, child: Child, grace_s: float, *, runs_too: bool = False) -> None:
        container = self._container_of(child)
        if container is not None:
            await container.hosting.stop(child, grace_s, runs_too=runs_too)

    async def load_report(self, child: Child) -> LoadReport | None:
        container = self._container_of(child)
        return await container.load_report(child) if container is not None else None

    async def adopt(self) -> Sequence[Child]:
        """Of the agents that are there; the children of one that comes later are ended then."""
        found = await asyncio.gather(*(one.adopt() for one in self._containers.values()))
        return [child for children in found for child in children]

    async def memory(self, child: Child) -> MemorySample | None:
        container = self._container_of(child)
        return await container.hosting.memory(child) if container is not None else None

    def not_forked_because(self, name: str) -> str | None:
        container = self._of.get(name)
        if container is None:
            return "it is in none of the containers of this pack"
        return container.hosting.not_forked_because(name)

    def zygotes(self) -> Sequence[ZygoteStatus]:
        """A scrape's thread may ask while containers come and go."""
        return [zygote for one in list(self._containers.values()) for zygote in one.hosting.zygotes()]

    async def close(self, *, leave_children: bool) -> None:
        await asyncio.gather(*(one.close(leave_children=leave_children) for one in self._containers.values()))
        self._containers.clear()
        self._of.clear()

    def _container_of(self, child: Child) -> Container | None:
        """By its socket: a location may have moved since, and pids are a container's own."""
        return self._containers.get(os.path.basename(os.path.dirname(child.socket)))
