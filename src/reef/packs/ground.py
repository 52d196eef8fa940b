"""What a pack host stands on: the containers of its pod, and the servers in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reef.hosting.contract import Child, ChildSpec, Hosting, HostingEvents, Purpose
from reef.packs.settings import PackSettings
from reef.peers.messages import ContainerState, PackLocation
from reef.statedir import HostLock


@dataclass(frozen=True)
class Inside:
    """What a container is like for the code in it. `listening` are the ports that are listened on there."""

    python: str = ""
    python_version: str = ""
    user: str = ""
    cwd: str = ""
    env_names: tuple[str, ...] = ()
    listening: tuple[int, ...] = ()


class Ground(Protocol):
    """All on the event loop; none blocks it."""

    @property
    def hosting(self) -> Hosting: ...

    async def use(self, locations: Sequence[PackLocation]) -> None:
        """These are served from now on, in these containers. Those whose agents are missing are not
        waited for."""
        ...

    def make_spec(self, location: PackLocation, version: str, purpose: Purpose) -> ChildSpec: ...

    async def cpu_s(self, child: Child) -> float | None:
        """Processor time that it has used so far, None where that is not known."""
        ...

    def containers(self) -> Sequence[ContainerState]:
        """All that were ever used."""
        ...

    async def inside(self, child: Child) -> Inside:
        """Of the container that it runs in."""
        ...


@dataclass(frozen=True)
class Given:
    """What a ground is made from."""

    settings: PackSettings
    lock: HostLock
    events: HostingEvents


MakeGround = Callable[[Given], Ground]
