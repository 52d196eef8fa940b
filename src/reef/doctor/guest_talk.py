"""What a process that runs the guest's `doctor` is asked, wherever it is: here, or in the container of a location."""

from __future__ import annotations

import abc
import json
import os
import signal
import socket
import struct
from typing import Any, BinaryIO

from reef.doctor.source import SourceFile
from reef.fleet.model import Location

_LENGTH = struct.Struct("!I")
LOG_SHOWN = 400
MOST_OF_LOG = 1 << 16
MOST_OF_PLACE = 4096
MOST_OF_ANSWER = 1 << 29


class Ended(Exception):
    """The process is gone: `kind` exit, crash or timeout; the message says how."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class GuestTalk(abc.ABC):
    """`place_file`: where the process shows the statement under way, to be read when it is no more. `log`: its output.
    Blocks."""

    def __init__(self, connection: socket.socket, place_file: str, log: BinaryIO) -> None:
        self.place_file = place_file
        self._socket = connection
        self._output = log

    def close(self) -> None:
        """The process ends once it sees that."""
        self._socket.close()

    @abc.abstractmethod
    def roots(self, spec: Location) -> list[str]:
        """The folders where the location's own code lies, as the process sees them. Raises Ended."""

    @abc.abstractmethod
    def source(self, path: str) -> SourceFile:
        """A file as the process sees it. Never raises: one that cannot be read has no statements."""

    @abc.abstractmethod
    def killed(self) -> str:
        """Why the kernel has ended a load, where that is known, for people; else "". Never raises."""

    @abc.abstractmethod
    def _exit_code(self) -> int | None:
        """Of the process, once it has ended; negative for a signal. None where nobody knows."""

    def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Its answer. Raises Ended."""
        data = json.dumps(request).encode()
        self._socket.settimeout(timeout_s)
        try:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)
            size = _LENGTH.unpack(self._exactly(_LENGTH.size))[0]
            answer: dict[str, Any] = json.loads(self._exactly(size))
        except TimeoutError:
            raise Ended("timeout", f"it did not end within {timeout_s:g} s") from None
        except (OSError, EOFError):
            raise self._end() from None
        return answer

    def _exactly(self, size: int) -> bytes:
        if size > MOST_OF_ANSWER:
            raise EOFError
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(size - len(parts))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def _end(self) -> Ended:
        code = self._exit_code()
        if code is None:
            return Ended("exit", "it closed its connection")
        said = self.said()
        if code < 0:
            return Ended("crash", f"it was ended by {signal.Signals(-code).name}{said}")
        return Ended("exit", f"it ended with exit status {code}{said}")

    def said(self) -> str:
        """The last line of its output, ready to be put behind a message."""
        end = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, end - MOST_OF_LOG))
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][:LOG_SHOWN]}" if lines else ""

    def place(self) -> tuple[str, int]:
        """The first-party statement that was under way last; "" and 0 where none was."""
        try:
            fd = os.open(self.place_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return "", 0
        try:
            text = os.read(fd, MOST_OF_PLACE).partition(b"\0")[0].decode("utf-8", "surrogateescape")
        except OSError:
            return "", 0
        finally:
            os.close(fd)
        line, _, path = text.partition(" ")
        return (path, int(line)) if line.isdigit() and path else ("", 0)
