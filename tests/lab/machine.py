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
_MADE_S = 20.0
_MANY = 4


@dataclass(frozen=True)
class Program:
    command: Sequence[str | Path]
    environment: Mapping[str, str]


class Machine:
    """Below `folder`: its logs, `status.json`, and `spec.json` by which another process finds it again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name

    def create(self, programs: Mapping[str, Program], binds: Mapping[str, Path]) -> None:
        """Namespaces without a network yet; the programs start on `go`. `binds`: where -> folder, made if missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in ("go", "status.json"):
            (self.folder / old).unlink(missing_ok=True)
        for source in binds.values():
            source.mkdir(parents=True, exist_ok=True)
        spec = {
            "folder": str(self.folder),
            "hostname": self.name,
            "binds": {str(source): where for where, source in binds.items()},
            "programs": {name: _told(program) for name, program in programs.items()},
        }
        (self.folder / "spec.json").write_text(json.dumps(spec), "utf-8")
        self._wait(self._unshare())

    def _unshare(self) -> subprocess.Popen[bytes]:
        command = ["unshare", *_NAMESPACES, sys.executable, "-I", str(_INIT), str(self.folder / "spec.json")]
        with (self.folder / "init.log").open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _wait(self, outer: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _MADE_S
        while self.pid is None:
            if outer.poll() is not None or time.monotonic() > deadline:
                outer.kill()
                told = tail(self.folder / "init.log")
                raise LabError(f"The namespaces of {self.name} cannot be made:\n{told}")
            time.sleep(0.01)
        outer.returncode = 0  # it stays when this process ends: nobody waits for it

    @property
    def pid(self) -> int | None:
        """Of the process that is number 1 inside, found by its command; None where there is none."""
        spec = str(self.folder / "spec.json").encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if words[1:2] == [b"-I"] and words[3:4] == [spec]:
                return int(path.parent.name)
        return None

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
        for name, told in self._status().items():
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
            self._wait_for(program, runs=False)
            yield
        finally:
            off.unlink()
            self._wait_for(program, runs=True)

    def _wait_for(self, program: str, *, runs: bool) -> None:
        deadline = time.monotonic() + _MADE_S
        while self._status()[program]["runs"] != runs:
            if time.monotonic() > deadline:
                raise LabError(f"{program} on {self.name} does not {'start' if runs else 'end'}.")
            time.sleep(0.05)

    def _status(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads((self.folder / "status.json").read_text("utf-8"))
        except FileNotFoundError:  # nothing was started yet
            return {}
        return told

    def kill(self) -> None:
        """Everything in it ends. Returns when it has."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _GONE_S
        while not _ended(pid):
            if time.monotonic() > deadline:
                raise LabError(f"Process {pid} ({self.name}) does not end.")
            time.sleep(0.05)


def _told(program: Program) -> dict[str, Any]:
    return {"command": [str(word) for word in program.command], "environment": dict(program.environment)}


def _ended(pid: int) -> bool:
    """It and, as it was number 1 of its namespace, all others there. A zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
