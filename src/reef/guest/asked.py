"""State of the process that no module holds: each piece is asked for, and told in words where it is another."""

from __future__ import annotations

import abc
import contextvars
import ctypes
import decimal
import faulthandler
import gc
import importlib
import locale
import logging
import os
import resource
import signal
import socket
import stat
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from . import changes, proc
from .changes import Change
from .holders import can_be_found, is_importable

_LIMITS = tuple(sorted(value for name, value in vars(resource).items() if name.startswith("RLIMIT_")))
_c_environ = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ")
_POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)
_signal: Any = importlib.import_module("_signal")  # what `signal` wraps makes an enum of each
_abc: Any = importlib.import_module("_abc") if "_abc" in sys.builtin_module_names else None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _wakeup() -> int:
    fd = signal.set_wakeup_fd(-1)
    if fd >= 0:
        signal.set_wakeup_fd(fd)
    return fd


_DECIMAL = "decimal_context"


def _csv() -> Any:
    return sys.modules.get("_csv")


class _Put:
    """Variables that only the C library knows of. Its list of pointers is another whenever a variable is."""

    def __init__(self) -> None:
        self._pointers: list[int | None] = []
        self._found: frozenset[bytes] = frozenset()

    def __call__(self) -> frozenset[bytes]:
        at, pointers = _c_environ.value, self._pointers
        if not at or not pointers or (ctypes.c_void_p * len(pointers)).from_address(at)[:] != pointers:
            self._pointers, entries = _entries(at)
            known = {b"=".join(pair) for pair in os.environb.items()}
            self._found = frozenset(entries.difference(known))
        return self._found


def _entries(at: int | None) -> tuple[list[int | None], set[bytes]]:
    """The pointers to all variables, and that to none at the end; what they point to."""
    pointers: list[int | None] = []
    found = set()
    while at:
        pointers.append(ctypes.c_void_p.from_address(at).value)
        entry = ctypes.c_char_p.from_address(at).value
        if entry is None:
            break
        found.add(entry)
        at += _POINTER_BYTES
    return pointers, found


def _hooks() -> tuple[object, ...]:
    return (
        sys.gettrace(),
        sys.getprofile(),
        getattr(threading, "_trace_hook", None),
        getattr(threading, "_profile_hook", None),
        *sys.get_asyncgen_hooks(),
        sys.get_coroutine_origin_tracking_depth(),
    )


def _decimal() -> tuple[str, ...]:
    """A thread's own context is made from the default one when it is first asked for, so it is not asked for."""
    own = [value for one, value in contextvars.copy_context().items() if one.name == _DECIMAL]
    contexts = (*(own or [decimal.DefaultContext]), decimal.DefaultContext, decimal.BasicContext)
    return tuple(map(repr, (*contexts, decimal.ExtendedContext)))


def _collector() -> tuple[object, ...]:
    return gc.isenabled(), gc.get_threshold(), gc.get_debug()


def _recursion() -> tuple[object, ...]:
    return sys.getrecursionlimit(), getattr(sys, "get_int_max_str_digits", int)()


_PUT = "changes the environment of its children"
_SIGNALS = tuple(sorted(map(int, signal.valid_signals())))
_LOST: tuple[tuple[str, Callable[[], object]], ...] = (
    ("changes signal handlers", lambda: tuple(map(_signal.getsignal, _SIGNALS))),
    ("changes the working directory", os.getcwd),
    ("changes the umask", _umask),
    ("sets a timer", lambda: tuple(signal.getitimer(n)[0] > 0 for n in (0, 1, 2))),
    ("changes the signal mask", lambda: _signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    ("sets a signal wakeup", _wakeup),
    (_PUT, _Put()),
)
_CHANGED: tuple[tuple[str, Callable[[], object]], ...] = (
    ("changes the decimal context", _decimal),
    ("changes the locale", lambda: locale.setlocale(locale.LC_ALL)),
    ("changes the time zone", lambda: (time.tzname, time.timezone)),
    ("changes the default socket timeout", socket.getdefaulttimeout),
    ("changes the recursion limit", _recursion),
    ("changes the switch interval", sys.getswitchinterval),
    ("changes how modules are loaded from shared libraries", sys.getdlopenflags),
    ("sets a trace or profile hook", _hooks),
    ("changes the garbage collector's settings", _collector),
    ("changes a resource limit", lambda: tuple(map(resource.getrlimit, _LIMITS))),
    ("changes the stack size of threads", threading.stack_size),
    ("enables faulthandler", faulthandler.is_enabled),
    ("changes how long a field of CSV may be", lambda: getattr(_csv(), "field_size_limit", int)()),
    ("starts tracemalloc", tracemalloc.is_tracing),
)

_THREAD, _PROCESS = "starts a thread", "starts a process"
_LOST_WORDS = frozenset(words for words, _ask in _LOST)


class Process:
    """What a fork must not inherit, and settings that only the interpreter knows."""

    def __init__(self) -> None:
        self._open = proc.open_files()
        self._before = self._now()

    def _now(self) -> list[tuple[str, Any]]:
        held: list[tuple[str, Any]] = [(_THREAD, proc.tasks()), (_PROCESS, proc.children())]
        return held + [(words, ask()) for words, ask in (*_LOST, *_CHANGED)]

    def differences(self) -> list[Change]:
        _until_ended(self._before[0][1])
        now, are_open = self._now(), proc.open_files()
        found = list(self._changed(now))
        opened = [fd for fd, of in are_open.items() if self._open.get(fd) != of]
        if opened:
            is_socket = any(stat.S_ISSOCK(are_open[fd][2]) for fd in opened)
            found.append(Change("held", "", "opens a socket" if is_socket else "keeps a file open"))
        self._open = are_open
        self._before = now
        return found

    def _changed(self, now: list[tuple[str, Any]]) -> Iterator[Change]:
        for (words, before), (_, after) in zip(self._before, now, strict=True):
            if words in (_THREAD, _PROCESS):
                if (after > before) if words == _THREAD else (after - before):
                    yield Change("held", "", words)
            elif words == _PUT and before < after:
                yield from map(changes.put, sorted(after - before))
            elif after != before:
                yield Change("lost" if words in _LOST_WORDS else "changed", "", words)


def _until_ended(tasks: int) -> None:
    """A thread that somebody has waited for may still be there for a moment."""
    for _ in range(20):
        if proc.tasks() <= tasks:
            return
        time.sleep(0.002)


class ContextVariables:
    """Those of others that are set; a module's own are its own business."""

    def __init__(self) -> None:
        self._before = _set_variables()

    def differences(self) -> list[Change]:
        before, now = self._before, _set_variables()
        if before == now:
            return []
        self._before = now
        found = [one for one in now.keys() | before.keys() if now.get(one, self) is not before.get(one, self)]
        return [Change("changed", _holder_of(one), f"sets the context variable {one.name}") for one in found]


def _set_variables() -> dict[Any, Any]:
    return {one: value for one, value in contextvars.copy_context().items() if one.name != _DECIMAL}


def _holder_of(variable: object) -> str:
    for name, module in list(sys.modules.items()):
        if any(value is variable for value in list(getattr(module, "__dict__", {}).values())):
            return name
    return ""


class Modules:
    """`sys.modules`, but for what imports put there: `loaded` has the names of modules that ran."""

    def __init__(self, loaded: set[str]) -> None:
        self._loaded = loaded
        self._before = dict(sys.modules)

    def differences(self) -> list[Change]:
        before, now = self._before, dict(sys.modules)
        if before == now:
            return []
        self._before = now
        names = [
            name
            for name, one in now.items()
            if name in before and before[name] is not one and is_importable(name, before[name])
        ]
        names += [n for n, one in before.items() if n not in now and is_importable(n, one)]
        new = [name for name in now if name not in before]
        names += [name for name in new if now[name] is None]
        found = [Change("changed", _owner(name, now), f"changes sys.modules[{name!r}]") for name in names]
        made = [n for n in new if n not in names and n not in sys.builtin_module_names]
        own = [n for n in made if not can_be_found(n)]
        return found + [changes.entry(n, f"makes the module {n}", sys.modules, n, now[n]) for n in own]


def _owner(name: str, modules: dict[str, Any]) -> str:
    """A name that is blocked is somebody else's, or nobody's."""
    return name if modules.get(name) is not None else ""


class Loggers:
    """Level, handlers and filters of every logger that has any; a module's own logger is its own business."""

    def __init__(self) -> None:
        self._before = self._now()
        self._known = frozenset(logging.getLogger().manager.loggerDict)

    def _now(self) -> dict[str, tuple[Any, ...]]:
        root = logging.getLogger()
        found = {"": _logger(root), "(disabled below)": (root.manager.disable,)}
        for name, logger in list(root.manager.loggerDict.items()):
            if isinstance(logger, logging.Logger):
                state = _logger(logger)
                if state != _PLAIN_LOGGER:
                    found[name] = state
        return found

    def differences(self) -> list[Change]:
        before, now = self._before, self._now()
        self._before = now
        known, register = self._known, logging.getLogger().manager.loggerDict
        new = [name for name in register if name not in known]
        self._known = known.union(new)
        names = [
            n for n in now.keys() | before.keys() if now.get(n) != before.get(n) and (n in known or n == "")
        ]
        found = [
            Change("changed", name, f"changes the logger {name}" if name else "changes the root logger")
            for name in sorted(names)
        ]
        found += [Change("changed", name, f"sets up the logger {name}") for name in new if name in now]
        return found + [
            changes.entry(name, f"makes the logger {name}", register, name, register[name]) for name in new
        ]


_PLAIN_LOGGER: tuple[Any, ...] = (0, (), True, False, ())


def _logger(logger: logging.Logger) -> tuple[Any, ...]:
    handlers, filters = tuple(map(id, logger.handlers)), tuple(map(id, logger.filters))
    return logger.level, handlers, logger.propagate, bool(logger.disabled), filters


class AbstractClasses:
    """Classes that were registered with an abstract class of somebody else's."""

    def __init__(self) -> None:
        self._token = abc.get_cache_token()
        self._registered: dict[abc.ABCMeta, frozenset[Any]] = {}

    def take(self, classes: list[type]) -> None:
        for found in classes:
            if _abc is not None and isinstance(found, abc.ABCMeta):
                self._registered[found] = _registry(found)

    def differences(self) -> list[Change]:
        token = abc.get_cache_token()
        if token == self._token:
            return []
        self._token = token
        return list(self._changed())

    def _changed(self) -> Iterator[Change]:
        for found, before in self._registered.items():
            now = _registry(found)
            self._registered[found] = now
            for added in now - before:
                registered = added()
                of = getattr(registered, "__module__", None) or ""
                name = getattr(registered, "__qualname__", "a class")
                what = f"registers {of}.{name} with {found.__module__}.{found.__qualname__}"
                if is_importable(of, sys.modules.get(of)):  # else it was made by the C code that registers it
                    yield Change("changed", of, what)
                yield Change(
                    "own",
                    of,
                    what,
                    partial(_unregister, found, registered),
                    partial(found.register, registered),
                )


def _unregister(found: abc.ABCMeta, registered: type) -> None:
    others = [one() for one in _abc._get_dump(found)[0]]
    _abc._reset_registry(found)
    for other in others:
        if other is not None and other is not registered:
            found.register(other)


def _registry(found: type) -> frozenset[Any]:
    try:
        return frozenset(_abc._get_dump(found)[0])
    except Exception:
        return frozenset()
