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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reef.hosting.contract import (
    Child,
    ChildSpec,
    HostingEvents,
    LoadReport,
    MemorySample,
    ZygoteStatus,
)
from reef.hosting.zygote import Tuning
from reef.peers.messages import ContainerState, PackLocation


@dataclass(frozen=True)
class ContainerFacts:
    """What an agent says of its container. `started` names this start of it; `dagster_python` is the interpreter that
    has Dagster, "" where none was found."""

    started: str
    python_version: str
    dagster_python: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    cwd: str
    env_names: tuple[str, ...]


class PackHosting:
    """`folder` is the shared volume: the folder of container C in it is the only part that C sees."""

    def __init__(
        self, folder: Path, events: HostingEvents | None = None, *, tuning: Tuning | None = None
    ) -> None:
        self._folder = folder

    async def use(self, containers: Mapping[str, Sequence[PackLocation]]) -> None:
        """The containers of this pod and the locations of each, in place of those before."""
        raise NotImplementedError

    def containers(self) -> tuple[ContainerState, ...]:
        raise NotImplementedError

    def facts(self, container: str) -> ContainerFacts | None:
        """None while its agent is not there."""
        raise NotImplementedError

    def log_path(self, location: str) -> Path:
        raise NotImplementedError

    async def cpu_seconds(self, child: Child) -> float | None:
        """Processor time that it has used; None where it is gone."""
        raise NotImplementedError

    async def listening(self, child: Child) -> tuple[int, ...]:
        """TCP ports on which the child and what it started listen now."""
        raise NotImplementedError

    async def start(self, spec: ChildSpec, timeout_s: float) -> Child:
        raise NotImplementedError

    async def stop(self, child: Child, grace_s: float, *, runs_too: bool = False) -> None:
        raise NotImplementedError

    async def load_report(self, child: Child) -> LoadReport | None:
        raise NotImplementedError

    async def adopt(self) -> Sequence[Child]:
        """Waits for nothing: children of an agent that connects later are told by `adopt` of then."""
        raise NotImplementedError

    async def memory(self, child: Child) -> MemorySample | None:
        raise NotImplementedError

    def not_forked_because(self, name: str) -> str | None:
        raise NotImplementedError

    def zygotes(self) -> Sequence[ZygoteStatus]:
        raise NotImplementedError

    async def close(self, *, leave_children: bool) -> None:
        raise NotImplementedError
