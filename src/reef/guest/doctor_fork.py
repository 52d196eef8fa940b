"""Work that is done in a fork of this process, and what it tells."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from . import proc

host_fd = -1  # of the socket to the host, once there is one


def forked(work: Callable[[], dict[str, Any]], timeout_s: float) -> dict[str, Any]:
    """What `work` returns in a fork of this process; `ended` says how it ended where it returned nothing."""
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(read)
            data = json.dumps(work()).encode()
            while data:
                data = data[os.write(write, data) :]
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(write)
    told = _until_closed(read, pid, time.monotonic() + timeout_s)
    _, status = os.waitpid(pid, 0)
    if told is None:
        return {"ended": "timeout"}
    if not told:
        return {"ended": "crash" if os.WIFSIGNALED(status) else "exit", "status": _status(status)}
    answer: dict[str, Any] = json.loads(told)
    return answer


def _until_closed(fd: int, pid: int, deadline: float) -> bytes | None:
    """What it wrote; None, and the process is ended, once the time is over. What it leaves behind may hold the pipe
    open, so the end of the process counts as well."""
    parts: list[bytes] = []
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if host_fd >= 0:
        poll.register(host_fd, 0)  # tells only that the host has hung up
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                os.kill(pid, signal.SIGKILL)
                return None
            ready = dict(poll.poll(min(left, 0.2) * 1000))
            if ready.get(host_fd):
                os.kill(pid, signal.SIGKILL)
                os._exit(1)
            if fd in ready:
                part = os.read(fd, 1 << 20)
                if not part:
                    return b"".join(parts)
                parts.append(part)
            elif _has_ended(pid):
                return b"".join(parts)
    finally:
        os.close(fd)


def _has_ended(pid: int) -> bool:
    return proc.stat_fields(pid)[0] == "Z"


def _status(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return str(os.WEXITSTATUS(status))
