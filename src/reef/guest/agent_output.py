"""What code servers print: through a pipe to the agent, from there to the container's log and to a file."""

from __future__ import annotations

import os
import select

from .agent_json import as_json
from .agent_poll import NOTHING, READ, WRITE, Poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PIPE_BYTES = 1 << 16  # the kernel's room in a pipe: so much may have been written before a process died
LONGEST_LINE = 1 << 14  # kubelet cuts there too
MOST_PENDING = 1 << 18


class Stdout:
    """The container's log. Nobody waits for who reads it: what it does not take is kept, up to a bound."""

    def __init__(self, fd: int = 1) -> None:
        self.fd = fd
        self._pending = bytearray()
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    @property
    def is_full(self) -> bool:
        return len(self._pending) > MOST_PENDING

    def write(self, data: bytes) -> None:
        self._pending += data
        self.flush()

    def flush(self) -> None:
        while self._pending and self._poll.poll(0):
            try:
                del self._pending[: os.write(self.fd, self._pending[: select.PIPE_BUF])]
            except OSError:  # nobody reads it any more
                self._pending.clear()


class Output:
    """The output of one process and what it started. `label` None: plain lines; else each line becomes a JSON object
    with the label's members beside `line`. `pipe` and `file` are descriptors, and this one's."""

    def __init__(self, pipe: int, file: int, label: dict[str, Any] | None, stdout: Stdout) -> None:
        os.set_blocking(pipe, False)
        self.pipe = pipe
        self._file = file
        self._label = label
        self._stdout = stdout
        self._line = bytearray()

    def take(self) -> bool:
        """Pass on what there is, at most what a pipe holds; False once nobody can write to it any more."""
        left = PIPE_BYTES
        while left > 0:
            try:
                data = os.read(self.pipe, left)
            except BlockingIOError:
                return True
            if not data:
                return False
            left -= len(data)
            self._keep(data)
            self._show(data)
        return True

    def _keep(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:  # the disk is full: the container's log has it all the same
            pass

    def _show(self, data: bytes) -> None:
        self._line += data
        *lines, rest = self._line.split(b"\n")
        self._line = rest
        said = b"".join(self._told(line) for line in lines)
        while len(self._line) >= LONGEST_LINE:
            said += self._told(self._line[:LONGEST_LINE])
            del self._line[:LONGEST_LINE]
        if said:
            self._stdout.write(said)

    def _told(self, line: bytes | bytearray) -> bytes:
        if self._label is None:
            return bytes(line) + b"\n"
        text = line.decode("utf-8", "replace")
        return as_json({**self._label, "line": text}) + b"\n"

    def close(self) -> None:
        if self._line:
            self._stdout.write(self._told(self._line))
            self._line.clear()
        os.close(self.pipe)
        os.close(self._file)


class Outputs:
    """Of all children. While nobody reads the container's log, those who print into it wait, as they would without
    us."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._stdout = Stdout()
        self._throttled = False
        self._all: dict[int, Output] = {}

    def add(self, pipe: int, file: int, label: dict[str, Any] | None) -> None:
        self._all[pipe] = Output(pipe, file, label, self._stdout)
        self._poller.on(pipe, lambda: self._take(pipe), NOTHING if self._throttled else READ)

    def take_all(self) -> None:
        for pipe in list(self._all):
            self._take(pipe)

    def _take(self, pipe: int) -> None:
        output = self._all.get(pipe)
        if output is not None and not output.take():
            del self._all[pipe]
            self._poller.off(pipe)
            output.close()

    def follow_stdout(self) -> None:
        """After each turn of the loop."""
        fd = self._stdout.fd
        if not self._stdout.has_pending:
            self._poller.off(fd)
        elif fd not in self._poller:
            self._poller.on(fd, self._stdout.flush, WRITE)
        if self._throttled != self._stdout.is_full:
            self._throttled = self._stdout.is_full
            for pipe in self._all:
                self._poller.change(pipe, NOTHING if self._throttled else READ)
