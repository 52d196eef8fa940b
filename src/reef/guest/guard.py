"""A child that no host claims ends itself; its record lets a new host take it up."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import socket
import struct
import threading
import time
from multiprocessing import process
from typing import Any

from . import holes, proc, process_end

LOOK_S = 1.0
CHECK_S = 5.0
UNCLAIMED_S = 30.0
LEAVE_S = 20.0
_F_OFD_GETLK = 36
_FLOCK = struct.Struct("hhqqi4x")


def start(host: socket.socket, spec: dict[str, Any], forked: bool) -> None:
    if spec["records"]:
        try:
            _record(spec, forked)
        except OSError as error:  # a full disk: it serves all the same, only no later host can take it up
            process_end.say(f"reef: no record of this code server could be written: {error.strerror}")
    if spec["claim"]:
        unclaimed_s = float(spec.get("unclaimed_s") or UNCLAIMED_S)
        watch = threading.Thread(
            target=_watch, args=(spec["claim"], unclaimed_s), name="reef-guard", daemon=True
        )
        watch.start()


def _record(spec: dict[str, Any], forked: bool) -> None:
    ticks = proc.start_ticks()
    path = os.path.join(spec["records"], f"{os.getpid()}-{ticks}.json")
    kept = {name: spec[name] for name in ("location", "version", "purpose", "socket", "log")}
    kept.update(pid=os.getpid(), start_ticks=ticks, forked=forked, started_at=spec["started_at"])
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(kept, file)
    os.rename(path + ".new", path)
    atexit.register(_forget, path, os.getpid())


def _forget(path: str, owner: int) -> None:
    if os.getpid() == owner:
        try:
            os.unlink(path)
        except OSError:
            pass


def _watch(claim: str, unclaimed_s: float) -> None:
    seen = asked = time.monotonic()
    rest, every_s = holes.Rest(), min(CHECK_S, unclaimed_s / 4)
    while True:
        time.sleep(min(LOOK_S, every_s))
        rest.look()
        now = time.monotonic()
        if now - asked < every_s:
            continue
        asked = now
        if claimed(claim) or live_runs():
            seen = now
        elif now - seen > unclaimed_s:
            _leave()


def claimed(path: str) -> bool:
    """Whether somebody holds a lock on the file; asks, takes nothing. An unreadable file counts as claimed."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        return bool(_FLOCK.unpack(fcntl.fcntl(fd, _F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK)
    except OSError:
        return True
    finally:
        os.close(fd)


def live_runs() -> bool:
    """Whether a process that multiprocessing started for this one is alive: Dagster's runs are such. The workers
    of a pool are not: they end with their server."""
    children = list(process._children)  # type: ignore[attr-defined]
    return any(not started.daemon and _alive(started) for started in children)


def _alive(started: Any) -> bool:
    try:
        return proc.stat_fields(started.pid)[0] != "Z"
    except (OSError, IndexError, TypeError):
        return False


def _leave() -> None:
    process_end.say("reef: no host has claimed this code server, it ends")
    os.killpg(0, signal.SIGTERM)  # it leads a session of its own, and there are no runs
    time.sleep(LEAVE_S)
    if not live_runs():
        os._exit(0)
