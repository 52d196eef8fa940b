"""The first process of a machine of the lab: mounts, starts programs, starts them again when they end.

It has a PID, mount and network namespace of its own. When it is killed, the kernel ends everything in them: no
process, no mount and no network device can be left. It runs alone (`python -I init.py SPEC`), from the standard
library. SPEC is JSON: `folder`, `hostname`, `binds` (source -> where), `programs` (name -> `command`, `environment`).
A file `NAME.off` in `folder` keeps a program off, and ends it where it runs. `status.json` there has how often each
was started, and whether it runs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_EVERY_S = 0.2
_AGAIN_S = 1.0


def main(spec: dict[str, Any]) -> None:
    folder = Path(spec["folder"])
    socket.sethostname(spec["hostname"])
    _mount(spec["binds"])
    while not (folder / "go").exists():  # the network is put in from outside
        time.sleep(0.05)
    programs = {name: Program(name, folder, **told) for name, told in spec["programs"].items()}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    written: dict[str, Any] = {}
    while True:
        for program in programs.values():
            program.step()
        _reap(programs)
        status = {name: {"starts": one.starts, "runs": one.pid is not None} for name, one in programs.items()}
        if status != written:
            written = _write(folder / "status.json", status)
        time.sleep(_EVERY_S)


def _mount(binds: dict[str, str]) -> None:
    """What is mounted here stays here; between the programs and containers of this machine it is shared."""
    _run("mount", "--make-rprivate", "/")
    for source, where in binds.items():
        _run("mount", "--bind", source, where)
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    _run("mount", "--make-rshared", "/")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


class Program:
    def __init__(self, name: str, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self._name, self._folder = name, folder
        self._command, self._environment = command, environment
        self.starts = 0
        self.pid: int | None = None
        self._not_before = 0.0

    def step(self) -> None:
        off = (self._folder / f"{self._name}.off").exists()
        if self.pid is not None and off:
            os.kill(self.pid, signal.SIGKILL)
        elif self.pid is None and not off and time.monotonic() >= self._not_before:
            self._start()

    def _start(self) -> None:
        with (self._folder / f"{self._name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        self.pid = process.pid
        process.returncode = 0  # reaped below, with what others left
        self.starts += 1

    def ended(self) -> None:
        self.pid = None
        self._not_before = time.monotonic() + _AGAIN_S


def _reap(programs: dict[str, Program]) -> None:
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        for program in programs.values():
            if program.pid == pid:
                program.ended()


def _write(path: Path, status: dict[str, Any]) -> dict[str, Any]:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(status))
    part.rename(path)
    return status


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
