"""What a load does besides computing, by the statement that was under way: threads, sockets, calls, programs, files,
variables that first-party code reads."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import doctor_watch, outside

MOST = 50  # events of one statement
_Environ: Any = type(os.environ)
_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.system", "os.fork", "os.forkpty")


def install(watch: doctor_watch.Watch, is_own: Callable[[str], bool], big: int) -> None:
    """Events are `(what, name, number)`; files from `big` bytes on."""
    _threads(watch)
    _environment(watch, is_own)

    def heard(event: str, args: tuple[Any, ...]) -> None:
        try:
            if event == "open":
                _opened(watch, args, big)
            elif event in _OTHERS:
                _OTHERS[event](watch, event, args)
        except Exception:  # an observer must never change what it observes
            return

    sys.addaudithook(heard)


def _note(watch: doctor_watch.Watch, what: str, name: str, number: int = 1) -> None:
    events = watch.statement().events
    if len(events) < MOST:
        events.append((what, name, number))


def _threads(watch: doctor_watch.Watch) -> None:
    real = threading.Thread.start

    def start(self: threading.Thread) -> None:
        if watch.is_mine():
            _note(watch, "thread", self.name)
        real(self)

    threading.Thread.start = start  # type: ignore[method-assign]


def _environment(watch: doctor_watch.Watch, is_own: Callable[[str], bool]) -> None:
    get = _Environ.__getitem__

    def getitem(environ: Any, name: Any) -> Any:
        frame: Any = sys._getframe(1)
        while frame is not None and frame.f_globals.get("__name__") in (
            "os",
            "_collections_abc",
            "collections.abc",
        ):
            frame = frame.f_back
        if frame is not None and isinstance(name, str) and is_own(frame.f_code.co_filename):
            _note(watch, "environment", name, frame.f_lineno)
        return get(environ, name)

    _Environ.__getitem__ = getitem


def _opened(watch: doctor_watch.Watch, args: tuple[Any, ...], big: int) -> None:
    path, flags = args[0], args[2]
    if isinstance(flags, int) and flags & os.O_ACCMODE != os.O_RDONLY:
        return
    if not isinstance(path, str | bytes | os.PathLike):
        return
    found = os.stat(path)
    if found.st_size >= big and found.st_mode & 0o170000 == 0o100000:
        _note(watch, "file", os.path.abspath(os.fsdecode(path)), found.st_size)


def _socket(watch: doctor_watch.Watch, event: str, args: tuple[Any, ...]) -> None:
    _note(watch, "socket", "")


def _connect(watch: doctor_watch.Watch, event: str, args: tuple[Any, ...]) -> None:
    address = args[1]
    if isinstance(address, tuple) and len(address) >= 2:
        _note(watch, "connect", f"{address[0]}:{address[1]}")


def _http(watch: doctor_watch.Watch, event: str, args: tuple[Any, ...]) -> None:
    _note(watch, "http", f"{args[1]}:{args[2]}")


def _starts(watch: doctor_watch.Watch, event: str, args: tuple[Any, ...]) -> None:
    if not outside._for_itself():
        _note(watch, "process", outside._program(event, args))


_OTHERS: dict[str, Callable[[doctor_watch.Watch, str, tuple[Any, ...]], None]] = {
    "socket.__new__": _socket,
    "socket.connect": _connect,
    "http.client.connect": _http,
    **dict.fromkeys(_STARTS, _starts),
}
