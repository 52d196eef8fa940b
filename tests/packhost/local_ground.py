"""Stands for the agents in a pack's containers: each container is this machine, its servers are children of the host.

Run as a program it is `reef pack-host` on that ground.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reef.hosting.contract import Child, ChildSpec, LoadTimeout, Purpose
from reef.hosting.local import LocalHosting
from reef.packs.ground import Given, Inside
from reef.packs.run import run_pack_host
from reef.packs.settings import PackSettings
from reef.packs.specs import grpc_args
from reef.peers.messages import ContainerState, PackLocation
from reef.procfs import cpu_seconds
from reef.statedir import StateDir, slug


class LocalGround:
    def __init__(self, given: Given) -> None:
        self.hosting = LocalHosting(given.settings.state, given.lock.path, given.events)
        self._state = StateDir(given.settings.state)
        self._containers: set[str] = set()
        self._numbers = iter(range(1_000_000))

    async def use(self, locations: Sequence[PackLocation]) -> None:
        self._containers.update(one.container for one in locations)

    def make_spec(self, location: PackLocation, version: str, purpose: Purpose) -> ChildSpec:
        number = f"{os.getpid()}-{next(self._numbers)}"
        return ChildSpec(
            location=location.name,
            version=version,
            purpose=purpose,
            python=location.python or sys.executable,
            grpc_args=grpc_args(location, purpose),
            cwd=location.working_directory or str(self._state.root),
            env={**os.environ, **location.env},
            socket=str(self._state.folder("c") / f"{slug(location.name)[-8:]}-{number}.sock"),
            log_path=str(self._state.log_file(location.name)),
            memory_limit_bytes=location.memory_limit_bytes,
            load_timeout=LoadTimeout(location.load_timeout_s, "load_timeout"),
        )

    async def cpu_s(self, child: Child) -> float | None:
        return cpu_seconds(child.pid)

    def containers(self) -> Sequence[ContainerState]:
        return [ContainerState(name=name, connected=True, started="1") for name in sorted(self._containers)]

    async def inside(self, child: Child) -> Inside:
        environ = Path(f"/proc/{child.pid}/environ").read_bytes().split(b"\0")
        return Inside(
            python=os.readlink(f"/proc/{child.pid}/exe"),
            python_version=sys.version.split()[0],
            user=f"{os.getuid()}:{os.getgid()}",
            cwd=os.readlink(f"/proc/{child.pid}/cwd"),
            env_names=tuple(sorted(entry.partition(b"=")[0].decode() for entry in environ if entry)),
        )


if __name__ == "__main__":
    state, config, tls, peer_port, health_port, grace_s = sys.argv[1:]
    asyncio.run(
        run_pack_host(
            PackSettings(
                state=Path(state),
                config=Path(config),
                tls=Path(tls),
                host="127.0.0.1",
                peer_port=int(peer_port),
                health_port=int(health_port),
                grace_s=float(grace_s),
            ),
            LocalGround,
        )
    )
