"""What modules, classes, objects and containers hold, compared by identity: whoever changed it, and however."""

from __future__ import annotations

import enum
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from . import caches, changes
from .changes import Change
from .chunks import Chunks, Flat, all_same
from .holders import Holder, Reached, is_importable

_PLAIN = (int, str, bytes, float, complex, bool, type(None))
_ENVIRON = "os.environ"
_FILTERS = ("warnings.filters", "_warnings.filters")
_HANDLERS = "logging._handlerList"
_RESET = frozenset(("sys.path", "sys.argv", "sys.orig_argv"))  # a child has its own


class Holdings:
    """`take` what modules hold now; `differences` since then, which are then what is held."""

    def __init__(self) -> None:
        self._seen: set[int] = {id(os.environ._data)}  # type: ignore[attr-defined]
        self._reached = Reached(self._seen)
        self._dicts = _Sort(dict)
        self._lists = _Sort(list)
        self._sets = _Sort(set)
        self._environ = dict(os.environ)
        self._first: dict[tuple[int, Any], Any] = {}  # what a name held before anybody changed it

    def take(self, names: Iterable[str]) -> list[Holder]:
        """Modules that have just been loaded."""
        new: list[Holder] = []
        for name in names:
            module = sys.modules.get(name)
            if isinstance(module, types.ModuleType):
                new += self._reached.of_module(name, module)
        self._add(new)
        return new

    def namespaces(self) -> list[dict[str, Any]]:
        """Of all modules."""
        return [holder.held for holder in self._dicts.holders if holder.sort == "module"]

    def functions(self) -> list[types.FunctionType]:
        """Those that were met since it was last asked."""
        met, self._reached.functions = self._reached.functions, []
        return met

    def hold(self, owner: str, label: str, value: list[Any] | dict[Any, Any]) -> None:
        """A container of the interpreter's own that no module has."""
        if id(value) not in self._seen:
            self._seen.add(id(value))
            self._add(
                [Holder("list" if isinstance(value, list) else "dict", owner, None, label, value, value)]
            )

    def _add(self, new: list[Holder]) -> None:
        new = [one for one in new if one.sort != "slots" and not _holds_a_cache(one)]
        self._lists.add([holder for holder in new if holder.sort == "list"])
        self._sets.add([holder for holder in new if holder.sort == "set"])
        self._dicts.add([holder for holder in new if holder.sort not in ("list", "set")])

    def differences(self) -> list[Change]:
        found = list(self._variables())
        for number, before, keys in self._dicts.changed():
            found += self._in_dict(number, dict(zip(keys, before, strict=True)))
        for number, before, _keys in self._lists.changed():
            found += _in_list(self._lists.holders[number], before)
        for number, before, _keys in self._sets.changed():
            found += _in_set(self._sets.holders[number], set(before))
        return found

    def _in_dict(self, number: int, before: dict[Any, Any]) -> Iterator[Change]:
        holder = self._dicts.holders[number]
        now = dict(holder.held)
        for key, value in now.items():
            if key not in before:
                yield from _added(holder, key, value)
            elif not _same(before[key], value) and not _is_cache(holder, key):
                first = self._first.setdefault((number, key), before[key])
                if value is not first:
                    yield _other(holder, key, before[key], value, first)
        for key in before:
            if key not in now and not _is_cache(holder, key) and not _is_lazy(holder):
                yield _changes(holder, key)

    def _variables(self) -> Iterator[Change]:
        before, now = self._environ, dict(os.environ)
        if before == now:
            return
        self._environ = now
        for name in sorted(before.keys() | now.keys()):
            if name not in before:
                yield changes.variable(name, now[name])
            elif before[name] != now.get(name):
                yield Change("lost", "", f"changes {name} in {_ENVIRON}")


class _Sort(Chunks):
    """Containers of one sort, with what has them. They are looked at as what they are made of: one of a subclass may do
    anything when it is asked, such as fill itself."""

    def __init__(self, kind: Any) -> None:
        flat = _flat_of(kind.values if kind is dict else kind.__iter__)
        super().__init__(
            flat, lambda held: map(kind.__len__, held), _flat_of(dict.keys) if kind is dict else None
        )
        self.holders: list[Holder] = []

    def add(self, things: list[Holder]) -> None:
        self.holders += things
        super().add([holder.held for holder in things])


def _flat_of(items: Callable[[Any], Iterable[Any]]) -> Flat:
    return lambda held: list(chain.from_iterable(map(items, held)))


def _in_list(holder: Holder, before: list[Any]) -> Iterator[Change]:
    now = list(list.__iter__(holder.held))
    label, more = holder.label, len(now) - len(before)
    if label in _RESET:
        yield Change("lost", holder.owner, f"changes {label}")
    elif label in _FILTERS:
        yield _in_filters(holder, before, now)
    elif label == _HANDLERS and more > 0:  # of whoever has made them
        yield changes.items(holder.owner, label, holder.held, now[-more:], False)._replace(kind="own")
    elif more > 0 and all_same(now[more:], before):
        yield changes.items(holder.owner, label, holder.held, now[:more], True)
    elif more > 0 and all_same(now[:-more], before):
        yield changes.items(holder.owner, label, holder.held, now[-more:], False)
    else:
        yield Change("changed", holder.owner, f"changes {label}")


def _in_set(holder: Holder, before: set[Any]) -> Iterator[Change]:
    now = set(set.__iter__(holder.held))
    if before == now:
        return
    if before <= now:
        yield changes.members(holder.owner, holder.label, holder.held, now - before)
    else:
        yield Change("changed", holder.owner, f"changes {holder.label}")


def _same(before: Any, now: Any) -> bool:
    if before is now:
        return True
    kind = type(before)
    return kind is type(now) and (
        (kind in _PLAIN and before == now)
        or (kind is tuple and len(before) == len(now) and all(map(_same, before, now)))
    )


def _added(holder: Holder, key: Any, value: Any) -> Iterator[Change]:
    label = f"{holder.label}.{key}" if holder.sort in ("module", "class") else holder.label
    if _is_cache(holder, key) or isinstance(value, enum.Flag):  # a combination that somebody asked for
        return
    if holder.sort == "module":
        name = holder.target.__name__
        if caches.is_submodule(name, key, value) or caches.is_filled_later(holder.target, value):
            return
    kept_by_c = holder.sort == "module" and not is_importable(holder.owner, holder.target)
    if holder.sort in ("module", "class") and not kept_by_c:  # who comes later may look whether it is there
        yield Change("changed", holder.owner, f"adds {label}")
    else:
        yield changes.slot(holder.owner, label, holder.held, key, value)


def _other(holder: Holder, key: Any, before: Any, value: Any, first: Any) -> Change:
    if before is None and holder.sort != "dict" and key.startswith("_") and not key.startswith("__"):
        of = holder.target if holder.sort == "class" else holder.held
        return changes.made_later(holder.owner, f"{holder.label}.{key}", of, key, value)
    return _changes(holder, key)._replace(holds=lambda: holder.held.get(key) is not first)


def _changes(holder: Holder, key: Any) -> Change:
    name = f".{key}" if holder.sort != "dict" else f"[{key!r}]" if isinstance(key, str) else ""
    return Change("changed", holder.owner, f"changes {holder.label}{name}")


def _holds_a_cache(holder: Holder) -> bool:
    return caches.may_be(str(holder.key).rpartition(".")[2]) and caches.is_cache(holder.label)


def _is_cache(holder: Holder, key: Any) -> bool:
    return isinstance(key, str) and caches.is_cache(f"{holder.label}.{key}")


def _is_lazy(holder: Holder) -> bool:
    """A class of modules that takes its own attributes away once they were asked for."""
    return holder.sort == "class" and issubclass(holder.target, types.ModuleType)


def _in_filters(holder: Holder, before: list[Any], now: list[Any]) -> Change:
    """What is left of the old filters stands together, between what was put first and what was put last."""
    for size in range(len(now), -1, -1):
        for first in range(len(now) - size + 1):
            old, end = iter(before), first + size
            if all(any(item is one for one in old) for item in now[first:end]):
                put, append = now[:first], now[end:]
                if all(one in now for one in before) and _harmless(put + append):
                    return changes.filters(holder.owner, holder.held, before, put, append)
                return Change("changed", holder.owner, f"changes {holder.label}")
    raise AssertionError("nothing at all is left of them in any case")


def _harmless(filters: list[Any]) -> bool:
    """A filter that turns warnings into errors was met by whatever was imported after it."""
    return all(isinstance(item, tuple) and item[:1] != ("error",) for item in filters)
