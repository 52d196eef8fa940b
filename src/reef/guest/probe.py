"""In a probe: observe from before the load, and report when the host asks."""

from __future__ import annotations

import socket
import sys
import threading
import time
from typing import Any

from . import hidden, observe, proc, wire

OWN_TASKS = 2  # the guard's and this one's


class Probe:
    """Make it before the location is loaded; `loaded()` once it listens. It reports from the beginning: the host may
    ask what a load that does not end is doing."""

    def __init__(self, host: socket.socket, forked: bool) -> None:
        self._host = host
        self._seen = observe.Observed(exact=not forked)
        self._started = time.perf_counter()
        self._load_s = 0.0
        threading.Thread(target=self._answer, name="reef-probe", daemon=True).start()

    def loaded(self) -> None:
        self._load_s = time.perf_counter() - self._started

    def _answer(self) -> None:
        try:
            while wire.receive(self._host) is not None:
                wire.send(self._host, self._report())
        except (OSError, EOFError):
            pass  # the host is gone: the guard sees to that

    def _report(self) -> dict[str, Any]:
        """The location's threads may go on importing: each list is taken in one step."""
        seen = self._seen
        loaded = {module["name"]: module["file"] for module in seen.modules()}
        asked = {
            name: getattr(sys.modules[name], "__file__", None) or "" for name in sorted(seen.asked_for())
        }
        modules = {name: file for name, file in {**asked, **loaded}.items() if not _own(name)}
        return {
            "event": "report",
            "modules": modules,
            "files_read": list(seen.files),
            "dirs_listed": list(seen.folders),
            "env_read": {
                name: sorted(read) for name, read in list(seen.env_read.items()) if name and not _own(name)
            },
            "needs": {name: sorted(asked) for name, asked in _needs(seen).items() if name in modules},
            "threads": max(1, proc.tasks() - OWN_TASKS),
            "load_s": self._load_s,
            "private_bytes": proc.private_bytes(),
            "connects": seen.outside.all_connects(),
            "starts": list(seen.outside.starts),
            "at": self._at(),
        }

    def _at(self) -> str:
        """`file:line` where the location's own code is just now, "" where it is not running."""
        for thread, innermost in sys._current_frames().items():
            frame: Any = innermost if thread != threading.get_ident() else None
            while frame is not None:
                if self._seen.is_at(frame.f_code.co_filename):
                    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
                frame = frame.f_back
        return ""


def _needs(seen: observe.Observed) -> dict[str, set[str]]:
    """What a module's body asked for that ran in the zygote, the zygote knows."""
    found = {name: set(asked) for name, asked in list(seen.needs.items()) if name}
    concealed = hidden.now()
    for name in concealed.brought if concealed else ():
        found.setdefault(name, set()).update(concealed.asked_by(name) if concealed else ())
    return found


def _own(name: str) -> bool:
    return name.partition(".")[0] == __name__.partition(".")[0]
