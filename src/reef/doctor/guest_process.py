"""The process in which one location is loaded: a fresh interpreter of its own that runs the guest's `doctor`."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from reef.hosting.launch import guest_command

_LENGTH = struct.Struct("!I")
LOG_SHOWN = 400


class Ended(Exception):
    """The process is gone: `kind` exit, crash or timeout; the message says how."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class GuestProcess:
    """Use it as a context: leaving it ends the process and what it started in its session. Blocks."""

    def __init__(self, python: str, cwd: str, env: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="reef-doctor-")
        self.place_file = os.path.join(self._folder.name, "place")
        self._log = open(os.path.join(self._folder.name, "log"), "w+b")  # noqa: SIM115
        ours, theirs = socket.socketpair()
        self._socket = ours
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
        self._socket.close()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._close_files()

    def _close_files(self) -> None:
        self._log.close()
        self._folder.cleanup()

    def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Its answer. Raises Ended."""
        data = json.dumps(request).encode()
        self._socket.settimeout(timeout_s)
        try:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)
            answer: dict[str, Any] = json.loads(self._exactly(_LENGTH.unpack(self._exactly(_LENGTH.size))[0]))
        except TimeoutError:
            raise Ended("timeout", f"it did not end within {timeout_s:g} s") from None
        except (OSError, EOFError):
            raise self._end() from None
        return answer

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(size - len(parts))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def _end(self) -> Ended:
        try:
            code = self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            return Ended("exit", "it closed its connection")
        said = self.said()
        if code < 0:
            return Ended("crash", f"it was ended by {signal.Signals(-code).name}{said}")
        return Ended("exit", f"it ended with exit status {code}{said}")

    def said(self) -> str:
        """The last line of its output, ready to be put behind a message."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][:LOG_SHOWN]}" if lines else ""

    def place(self) -> tuple[str, int]:
        """The first-party statement that was under way last; "" and 0 where none was."""
        try:
            with open(self.place_file, "rb") as file:
                text = file.read().partition(b"\0")[0].decode("utf-8", "surrogateescape")
        except OSError:
            return "", 0
        line, _, path = text.partition(" ")
        return (path, int(line)) if line.isdigit() and path else ("", 0)
