"""The process in which one location is loaded: a fresh interpreter of its own on this machine that runs the guest's
`doctor`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from types import TracebackType

from reef.doctor.guest_talk import Ended, GuestTalk
from reef.doctor.source import SourceFile, read_source
from reef.fleet.model import Location
from reef.hosting.launch import guest_command
from reef.sources import import_folders, scope_of

__all__ = ["Ended", "GuestProcess"]


class GuestProcess(GuestTalk):
    """Use it as a context: leaving it ends the process and what it started in its session. Blocks."""

    def __init__(self, python: str, cwd: str, env: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="reef-doctor-")
        self._log = open(os.path.join(self._folder.name, "log"), "w+b")  # noqa: SIM115
        ours, theirs = socket.socketpair()
        super().__init__(ours, os.path.join(self._folder.name, "place"), self._log)
        try:
            self._process = subprocess.Popen(
                guest_command(python, "doctor", theirs.fileno()),
                cwd=cwd,
                env={"PYTHONHASHSEED": "0", "DAGSTER_HOME": self._folder.name, **env},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            self._close_files()
            raise
        finally:
            theirs.close()

    def __enter__(self) -> GuestProcess:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._close_files()

    def _close_files(self) -> None:
        self._log.close()
        self._folder.cleanup()

    def roots(self, spec: Location) -> list[str]:
        return list(dict.fromkeys([*scope_of(spec).roots, *import_folders(spec)]))

    def source(self, path: str) -> SourceFile:
        return read_source(path)

    def killed(self) -> str:
        return ""

    def _exit_code(self) -> int | None:
        try:
            return self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            return None
