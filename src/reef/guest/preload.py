"""Import a list of modules and tell what an import did that a zygote must not inherit.

Nothing is known here about any library: a module is left out because it was seen to start a thread, and so on,
in a process that is then thrown away.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import proc


class Traces(NamedTuple):
    """What an import may leave behind besides modules."""

    tasks: int
    sockets: frozenset[str]
    children: frozenset[str]
    handlers: tuple[object, ...]
    cwd: str

    @classmethod
    def now(cls) -> Traces:
        handlers = tuple(signal.getsignal(number) for number in sorted(signal.valid_signals()))
        return cls(proc.tasks(), proc.sockets(), proc.children(), handlers, os.getcwd())

    def difference(self, before: Traces) -> str | None:
        """What is there now and was not before, in words; None if nothing is."""
        if self.tasks > before.tasks:
            return "starts a thread"
        if self.sockets - before.sockets:
            return "opens a socket"
        if self.children - before.children:
            return "starts a process"
        if self.handlers != before.handlers:
            return "changes signal handlers"
        return "changes the working directory" if self.cwd != before.cwd else None


class Preloaded(NamedTuple):
    """`dirty`: module -> why it must be left out. `failed`: module -> why it could not be imported."""

    dirty: dict[str, str]
    failed: dict[str, str]


def preload(modules: list[str], never: list[str]) -> Preloaded:
    """Import `modules` in order; one that brings a module of `never` with it is dirty too."""
    result = Preloaded({}, {})
    unwanted = frozenset(never)
    before = Traces.now()
    for name in modules:
        _import(name, result.failed)
        after = Traces.now()
        trace = after.difference(before) or _brought(unwanted)
        if trace:
            result.dirty[name] = trace
            unwanted = unwanted.difference(sys.modules)
            before = after
    _settle(before, result.dirty, modules)
    return result


class _Refusing:
    """A finder that finds none of some modules, so that nobody else finds them."""

    def __init__(self, never: list[str]) -> None:
        self._never = frozenset(never)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self._never:
            raise ModuleNotFoundError(f"{name!r} is not for all who share this zygote", name=name)


@contextlib.contextmanager
def without(never: list[str]) -> Iterator[None]:
    """None of these modules can be imported meanwhile: children of another environment have others of that name."""
    finder: Any = _Refusing(never)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


def brought(never: list[str]) -> str | None:
    """What was imported although it must not be, in words; None if nothing was."""
    return _brought(frozenset(never))


def _import(name: str, failed: dict[str, str]) -> None:
    if name in sys.modules:
        return
    try:
        importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"[:200]


def _brought(unwanted: frozenset[str]) -> str | None:
    found = unwanted.intersection(sys.modules)
    return f"imports {min(found)}" if found else None


def _settle(before: Traces, dirty: dict[str, str], modules: list[str]) -> None:
    """A thread may come up a moment after the import that asked for it: then nobody is known, all are blamed."""
    time.sleep(0.02)
    trace = Traces.now().difference(before)
    if trace and not dirty:
        dirty.update(dict.fromkeys(modules, f"{trace} (it, or another of the list)"))
