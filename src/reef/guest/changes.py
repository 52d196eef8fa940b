"""What an import did outside the modules that it brought, and how it is taken back and done again."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

Kind = Literal["own", "added", "changed", "lost", "held"]
"""own: a module's own entry in a register of all. added: can be taken back, and done again by who imports the
module. changed: others may have met it already, so what did it is left out. lost: the same, and a child begins
without it. held: a thread, a process or a descriptor, which a fork must not inherit."""
Step = Callable[[], object]


class Change(NamedTuple):
    """`owner`: the module that holds what was changed, "" for the process; `what`: in words, after "it". `holds` says
    later whether it is still so: some change a thing only while they import others."""

    kind: Kind
    owner: str
    what: str
    undo: Step | None = None
    redo: Step | None = None
    holds: Callable[[], bool] | None = None


def slot(owner: str, label: str, target: Any, key: Any, value: Any) -> Change:
    """An entry that was added to a dict."""
    return Change(
        "added",
        owner,
        f"adds {label}",
        lambda: _delete(target, key, value),
        lambda: target.__setitem__(key, value),
    )


def made_later(owner: str, label: str, holder: Any, key: Any, value: Any) -> Change:
    """A private name that held None until somebody first asked for what is behind it, in a module, class or object."""

    def put(new: Any) -> None:
        if isinstance(holder, type):
            type.__setattr__(holder, key, new)
        else:
            holder[key] = new

    return Change("added", owner, f"makes {label}", lambda: put(None), lambda: put(value))


def items(owner: str, label: str, target: list[Any], new: list[Any], first: bool) -> Change:
    """Items that were put at the beginning or the end of a list."""

    def undo() -> None:
        target[:] = [item for item in target if not any(item is one for one in new)]
        _told(target)

    def redo() -> None:
        target[0 if first else len(target) : 0 if first else len(target)] = new
        _told(target)

    return Change("added", owner, f"adds to {label}", undo, redo)


def filters(owner: str, target: list[Any], before: list[Any], first: list[Any], last: list[Any]) -> Change:
    """Filters of warnings that were put first or last; one that was there already has moved."""

    def undo() -> None:
        target[:] = before
        _told(target)

    def redo() -> None:
        for item in reversed(first):
            if item in target:
                target.remove(item)
            target.insert(0, item)
        target.extend(item for item in last if item not in target)
        _told(target)

    return Change("added", owner, "adds to warnings.filters", undo, redo)


def entry(owner: str, what: str, register: dict[str, Any], key: str, value: Any) -> Change:
    """What a module enters under its own name, in `sys.modules` or among the loggers."""

    def undo() -> None:
        if register.get(key) is value:
            del register[key]

    return Change("own", owner, what, undo, lambda: register.setdefault(key, value) and None)


def members(owner: str, label: str, target: set[Any], new: set[Any]) -> Change:
    return Change(
        "added",
        owner,
        f"adds to {label}",
        lambda: target.difference_update(new),
        lambda: target.update(new),
    )


def variable(name: str, value: str) -> Change:
    """An environment variable that was not set. A child has an environment of its own by the time of `redo`."""

    def redo() -> None:
        os.environ[name] = value

    def undo() -> None:
        os.environ.pop(name, None)

    return Change("added", "", f"sets {name}", undo, redo)


def put(entry: bytes) -> Change:
    """A variable that only the C library knows of, as `name=value`."""
    name, _, value = entry.partition(b"=")
    words = f"puts {os.fsdecode(name)} into the environment of its children"
    return Change("added", "", words, partial(os.unsetenv, name), partial(os.putenv, name, value))


def _delete(target: Any, key: Any, value: Any) -> None:
    if target.get(key) is value:
        del target[key]


def _told(target: list[Any]) -> None:
    """`warnings` keeps what it found in its filters until it is told that they are others."""
    warnings: Any = importlib.import_module("warnings")
    if target is not warnings.filters:
        return
    for name in ("_filters_mutated", "_filters_mutated_lock_held"):
        if hasattr(warnings, name):
            with getattr(warnings, "_lock", contextlib.nullcontext()):
                getattr(warnings, name)()
            return
