"""Containers with an agent in each, and a pack's hosting over them. A container is a process tree in a pid namespace of
its own, where root may make one: the agent is its first process, as in a pod. Its file tree is the machine's."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts import Host, alive, child_env

from deadlines import Deadline, scaled, until
from reef.hosting.contract import Child, ChildSpec, HostingEvents, StartFailed
from reef.hosting.zygote import Tuning
from reef.packs.hosting import PackHosting
from reef.peers.messages import ContainerState, PackLocation

GUEST = Path(__file__).parents[2] / "src/reef/guest"
PATH = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # `dagster` is found there
IS_ROOT = os.geteuid() == 0
APART = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc") if IS_ROOT else ()


def location(name: str, container: str, **more: Any) -> PackLocation:
    return PackLocation(name=name, container=container, version="v1", grpc_args=(), **more)


@dataclass
class Container:
    """`folder` is what it mounts; its log is what `kubectl logs` would show."""

    folder: Path
    log: Path
    running: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, env: Mapping[str, str] | None = None, cwd: str = "/") -> Container:
        folder.mkdir(exist_ok=True)
        log = folder.with_suffix(".log")
        agent = [sys.executable, "-I", "-S", str(GUEST / "agent.py"), "--folder", str(folder), "--grace", "5"]
        with open(log, "ab") as file:
            running = subprocess.Popen(
                [*APART, *agent],
                env={**child_env(PATH=PATH), **(env or {})},
                cwd=cwd,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        made = cls(folder, log, running)
        until(lambda: (folder / "agent.sock").exists() and made.agent, 10, "the agent listens")
        return made

    @property
    def agent(self) -> int | None:
        """The agent's pid outside of its namespace; None while there is none."""
        if not APART:
            return self.running.pid if self.running.poll() is None else None
        children = Path(f"/proc/{self.running.pid}/task/{self.running.pid}/children")
        found = children.read_text().split() if children.exists() else []
        return int(found[0]) if found else None

    def outside(self, pid: int) -> int | None:
        """The pid by which this machine knows a process of the container."""
        if not APART:
            return pid if Path(f"/proc/{pid}").exists() else None
        space = _space(self.agent) if self.agent is not None else None
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and space is not None and _space(int(entry.name)) == space:
                status = (entry / "status").read_text()
                (inner,) = (line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:"))
                if int(inner) == pid:
                    return int(entry.name)
        return None

    def kill(self) -> None:
        """As when the kernel, or a crash, ends the container."""
        if self.agent is not None:
            os.kill(self.agent, signal.SIGKILL)
        self.running.wait(scaled(20))

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self) -> None:
        if self.agent is not None and self.running.poll() is None:
            os.kill(self.agent, signal.SIGTERM)
        self.running.wait(scaled(20))


def _space(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


class PackBench(Host):
    """Of `contract_suite.Bench`, and more."""

    hosting: Any

    def __init__(self, folder: Path, names: Mapping[str, Iterable[str]], **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.boxes = {name: Container.start(folder / name) for name in names}
        self.wanted = {name: [location(one, name) for one in many] for name, many in names.items()}
        super().__init__(folder, **settings)

    async def _make(self, settings: Mapping[str, Any]) -> Any:
        made = PackHosting(self.folder, HostingEvents(on_exit=self.exits.append), **settings)
        await made.use(self.wanted)
        return made

    def box(self, child: Child) -> Container:
        return self.boxes[Path(child.socket).parent.name]

    def state(self, name: str) -> ContainerState:
        async def states() -> dict[str, ContainerState]:
            return {one.name: one for one in self.hosting.containers()}

        return self.run(states())[name]

    def spec(self, location: str, code: Path, *, purpose: Any = "serve", **more: Any) -> ChildSpec:
        more.setdefault("env", {})
        made = super().spec(location, code, purpose=purpose, **more)
        return ChildSpec(**{**made.__dict__, "python": more.get("python", ""), "socket": "", "log_path": ""})

    # -- contract_suite.Bench ----------------------------------------------------------------------

    def is_gone(self, child: Child) -> bool:
        return self.box(child).outside(child.pid) is None

    def kill(self, child: Child) -> None:
        pid = self.box(child).outside(child.pid)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def left_nothing(self, failure: StartFailed) -> bool:
        pid = int(failure.reason.rpartition("pid ")[2].split()[0])
        return all(not alive(box.outside(pid) or 0) for box in self.boxes.values())

    def cancelled(self, location: str, code: Path) -> bool:
        pids = code.parent / "pids"
        spec = self.spec(location, code, env={"PIDS": str(pids)})
        box = self.boxes[
            next(name for name, many in self.wanted.items() if location in [x.name for x in many])
        ]
        self.run(self._cancel(spec, pids))
        return box.outside(int(pids.read_text())) is None

    async def _cancel(self, spec: ChildSpec, pids: Path) -> None:
        starting = asyncio.create_task(self.hosting.start(spec, scaled(60)))
        deadline = Deadline(60)
        while not pids.exists() or not pids.read_text():
            assert not deadline.over
            await asyncio.sleep(0.02)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

    def log(self, location: str) -> str:
        path: Path = self.hosting.log_path(location)
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        super().close()
        for box in self.boxes.values():
            box.end()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


__all__ = ["IS_ROOT", "Container", "PackBench", "Tuning", "lines", "location"]
