"""The zygote's loop: it forks, reaps and tells the host; nothing else."""

from __future__ import annotations

import os
import select
import signal
import socket
from typing import NamedTuple

from . import wire


class Forked(NamedTuple):
    """In the child: its socket to the host and its log."""

    status: int
    log: int


def run(host: socket.socket) -> Forked | None:
    """Serve fork requests until the host closes its socket; in a child, return what belongs to it."""
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(host, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = {fd for fd, _event in poll.poll()}
        if woken in ready:
            _drain(woken)
        _reap(host)
        if host.fileno() in ready:
            request = wire.receive(host)
            if request is None:
                return None
            forked = _fork(host, *request)
            if forked is not None:
                return forked


def _fork(host: socket.socket, request: dict[str, object], fds: list[int]) -> Forked | None:
    try:
        pid = os.fork()
    except OSError as error:
        wire.send(host, {"op": "refused", "id": request["id"], "reason": f"fork failed: {error}"})
        pid = -1
    if pid == 0:
        return Forked(*fds)
    for fd in fds:
        os.close(fd)
    if pid > 0:
        wire.send(host, {"op": "forked", "id": request["id"], "pid": pid})
    return None


def _reap(host: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        wire.send(host, {"op": "exit", "pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 4096):
            pass
    except BlockingIOError:
        pass
