"""A machine of the lab: namespaces of its own, in which some programs run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.processes import run, tail

_INIT = Path(__file__).with_name("init.py")
_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc")
_GONE_S = 60.0
_MANY = 4


@dataclass(frozen=True)
class Program:
    command: Sequence[str | Path]
    environment: Mapping[str, str]


class Machine:
    """Below `folder`: its logs, `status.json`, and `machine.json` by which another process finds it again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name

    def create(self, programs: Mapping[str, Program], binds: Mapping[str, Path]) -> None:
        """Namespaces without a network yet; the programs start on `go`. `binds`: where -> folder, made if missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for source in binds.values():
            source.mkdir(parents=True, exist_ok=True)
        spec = {
            "folder": str(self.folder),
            "hostname": self.name,
            "binds": {str(source): where for where, source in binds.items()},
            "programs": {name: _told(program) for name, program in programs.items()},
        }
        (self.folder / "spec.json").write_text(json.dumps(spec), "utf-8")
        command = ["unshare", *_NAMESPACES, sys.executable, "-I", str(_INIT), str(self.folder / "spec.json")]
        with (self.folder / "init.log").open("ab") as log:
            outer = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        pid = self._inner(outer)
        self._record(pid)

    def _inner(self, outer: subprocess.Popen[bytes]) -> int:
        """The process that is number 1 inside."""
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if outer.poll() is not None:
                break
            if found := children.read_text("ascii").split():
                return int(found[0])
            time.sleep(0.01)
        raise LabError(f"The namespaces of {self.name} cannot be made:\n{tail(self.folder / 'init.log')}")

    def _record(self, pid: int) -> None:
        told = {"pid": pid, "started": _started(pid)}
        (self.folder / "machine.json").write_text(json.dumps(told), "utf-8")

    @property
    def pid(self) -> int | None:
        """Of its first process; None where it does not run."""
        try:
            told: dict[str, Any] = json.loads((self.folder / "machine.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return told["pid"] if _started(told["pid"]) == told["started"] else None

    def go(self) -> None:
        (self.folder / "go").touch()

    def entering(self, *namespaces: str) -> list[str]:
        """What a command is started through, to run in it. Without arguments: in its network alone."""
        pid = self.pid
        if pid is None:
            raise LabError(f"{self.name} does not run:\n{tail(self.folder / 'init.log')}")
        return ["nsenter", "--target", str(pid), *(f"--{one}" for one in namespaces or ("net",)), "--"]

    def ip(self, *arguments: str) -> None:
        run(*self.entering(), "ip", *arguments)

    def inside(self, *command: str | Path) -> str:
        """What a command prints that sees its files and processes."""
        return run(*self.entering("net", "mount", "pid"), *command)

    def check(self) -> None:
        """Raises LabError where a program of it ends again and again."""
        if self.pid is None:
            raise LabError(f"{self.name} ended:\n{tail(self.folder / 'init.log')}")
        try:
            status = json.loads((self.folder / "status.json").read_text("utf-8"))
        except FileNotFoundError:
            return
        for name, told in status.items():
            if told["starts"] >= _MANY:
                log = self.folder / f"{name}.log"
                raise LabError(
                    f"{name} on {self.name} ended {told['starts'] - 1} times ({log}):\n{tail(log)}"
                )

    @contextmanager
    def without(self, program: str) -> Iterator[None]:
        """A program of it is killed, and does not come back before the end."""
        off = self.folder / f"{program}.off"
        off.touch()
        try:
            yield
        finally:
            off.unlink()

    def kill(self) -> None:
        """Everything in it ends. Returns when it has."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _GONE_S
        while self.pid is not None:
            if time.monotonic() > deadline:
                raise LabError(f"Process {pid} ({self.name}) does not end.")
            time.sleep(0.05)


def _told(program: Program) -> dict[str, Any]:
    return {"command": [str(word) for word in program.command], "environment": dict(program.environment)}


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; None where there is none any more (a zombie is none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]
