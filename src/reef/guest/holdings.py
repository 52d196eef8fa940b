"""What modules, classes, objects and containers hold, compared by identity: whoever changed it, and however.

Comparing lists is the quickest way that there is to see that nothing has changed: an item that is the same object
is not looked at further.
"""

from __future__ import annotations

import enum
import gc
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from . import caches, changes
from .changes import Change
from .holders import Holder, is_importable, of_module, with_insides

_PLAIN = (int, str, bytes, float, complex, bool, type(None))
_ENVIRON = "os.environ"
_FILTERS = ("warnings.filters", "_warnings.filters")
_HANDLERS = "logging._handlerList"
_RESET = frozenset(("sys.path", "sys.argv", "sys.orig_argv"))  # a child has its own
_values: Callable[[Any], Any] = dict.values


class Holdings:
    """`take` what modules hold now; `differences` since then, which are then what is held."""

    def __init__(self) -> None:
        self._seen: set[int] = {id(os.environ._data)}  # type: ignore[attr-defined]
        self._dicts: list[Holder] = []
        self._lists: list[Holder] = []
        self._sets: list[Holder] = []
        self._dicts_held: list[dict[Any, Any]] = []
        self._lists_held: list[list[Any]] = []
        self._sets_held: list[set[Any]] = []
        self._dict_values: list[list[Any]] = []
        self._dict_keys: list[list[Any]] = []
        self._list_items: list[list[Any]] = []
        self._set_members: list[set[Any]] = []
        self._environ = dict(os.environ)
        self._first: dict[tuple[int, Any], Any] = {}  # what a name held before anybody changed it

    def take(self, names: Iterable[str]) -> list[Holder]:
        """Modules that have just been loaded."""
        new: list[Holder] = []
        for name in names:
            module = sys.modules.get(name)
            if isinstance(module, types.ModuleType):
                new += of_module(name, module, self._seen)
        for holder in new:
            self._add(holder)
        return new

    def namespaces(self) -> list[dict[str, Any]]:
        """Of all modules."""
        return [holder.held for holder in self._dicts if holder.sort == "module"]

    def hold(self, owner: str, label: str, value: list[Any] | dict[Any, Any]) -> None:
        """A container of the interpreter's own that no module has."""
        if id(value) not in self._seen:
            self._seen.add(id(value))
            self._add(Holder("list" if isinstance(value, list) else "dict", owner, label, value, value))

    def _add(self, holder: Holder) -> None:
        if caches.is_cache(holder.label) or holder.sort == "slots":
            return
        if holder.sort == "list":
            self._lists.append(holder)
            self._lists_held.append(holder.held)
            self._list_items.append(list(holder.held))
        elif holder.sort == "set":
            self._sets.append(holder)
            self._sets_held.append(holder.held)
            self._set_members.append(set(holder.held))
        else:
            self._dicts.append(holder)
            self._dicts_held.append(holder.held)
            self._dict_values.append(list(_values(holder.held)))
            self._dict_keys.append(list(holder.held))

    def differences(self) -> list[Change]:
        found = list(self._variables())
        for number in _changed(self._dicts_held, self._dict_values, _all_values):
            found += self._in_dict(number)
        for number in _changed(self._lists_held, self._list_items, _all_items):
            found += self._in_list(number)
        for number in _changed(self._sets_held, self._set_members, _all_members):
            found += self._in_set(number)
        return found

    def _in_dict(self, number: int) -> Iterator[Change]:
        holder = self._dicts[number]
        before = dict(zip(self._dict_keys[number], self._dict_values[number], strict=True))
        now = dict(holder.held)
        self._dict_keys[number], self._dict_values[number] = list(now), list(now.values())
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

    def _in_list(self, number: int) -> Iterator[Change]:
        holder, before = self._lists[number], self._list_items[number]
        now = self._list_items[number] = list(holder.held)
        label, more = holder.label, len(now) - len(before)
        if label in _RESET:
            yield Change("lost", holder.owner, f"changes {label}")
        elif label in _FILTERS:
            yield _in_filters(holder, before, now)
        elif label == _HANDLERS and more > 0:  # of whoever has made them
            yield changes.items(holder.owner, label, holder.held, now[-more:], False)._replace(kind="own")
        elif more > 0 and _all_same(now[more:], before):
            yield changes.items(holder.owner, label, holder.held, now[:more], True)
        elif more > 0 and _all_same(now[:-more], before):
            yield changes.items(holder.owner, label, holder.held, now[-more:], False)
        else:
            yield Change("changed", holder.owner, f"changes {label}")

    def _in_set(self, number: int) -> Iterator[Change]:
        holder, before = self._sets[number], self._set_members[number]
        now = self._set_members[number] = set(holder.held)
        if before <= now:
            yield changes.members(holder.owner, holder.label, holder.held, now - before)
        else:
            yield Change("changed", holder.owner, f"changes {holder.label}")

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


class Insides:
    """What functions and objects with slots refer to, contents of closures, bases of classes, classes of objects."""

    def __init__(self) -> None:
        self._referring = _Part(gc.get_referents, lambda objects: gc.get_referents(*objects))
        self._classes = _Part(_bases, lambda classes: list(map(attrgetter("__bases__"), classes)))
        self._objects = _Part(_class, lambda objects: list(map(type, objects)))

    def take(self, holders: list[Holder]) -> None:
        for holder in holders:
            if holder.sort == "class":
                self._classes.add(holder.owner, holder.label, holder.target)
            elif holder.sort in ("module", "object"):
                self._objects.add(holder.owner, holder.label, holder.target)
        for owner, label, one in with_insides(holders):
            self._referring.add(owner, label, one)
            for cell in (one.__closure__ or ()) if type(one) is types.FunctionType else ():
                self._referring.add(owner, label, cell)

    def differences(self) -> list[Change]:
        parts = (self._referring, self._classes, self._objects)
        return [
            Change("changed", owner, f"changes {label}") for part in parts for owner, label in part.changed()
        ]


class _Part:
    """Objects that are looked at all at once, and one by one only where something has changed."""

    def __init__(self, one: Callable[[Any], list[Any]], all_of: Callable[[list[Any]], list[Any]]) -> None:
        self._one, self._all = one, all_of
        self._names: list[tuple[str, str]] = []
        self._objects: list[Any] = []
        self._had: list[list[Any]] = []
        self._all_had: list[Any] | None = None

    def add(self, owner: str, label: str, one: Any) -> None:
        self._names.append((owner, label))
        self._objects.append(one)
        self._had.append(self._one(one))
        self._all_had = None

    def changed(self) -> list[tuple[str, str]]:
        now = self._all(self._objects)
        if self._all_had is not None and _equal(now, self._all_had):
            return []
        self._all_had = now
        found = _changed(self._objects, self._had, lambda objects: list(map(self._one, objects)))
        return [self._names[number] for number in list(found) if self._is_other(number)]

    def _is_other(self, number: int) -> bool:
        """A function makes its annotations when somebody first asks for them."""
        one = self._objects[number]
        before, self._had[number] = self._had[number], self._one(one)
        if type(one) is not types.FunctionType:
            return True
        parts = (one.__code__, one.__defaults__, one.__kwdefaults__, one.__closure__, one.__dict__ or None)
        return any(part is not None and not any(part is had for had in before) for part in parts)


def _bases(kind: type) -> list[Any]:
    return list(kind.__bases__)


def _class(one: Any) -> list[Any]:
    return [type(one)]


def _changed(held: list[Any], before: list[Any], taken: Callable[[list[Any]], list[Any]]) -> Iterator[int]:
    """Numbers of those that hold something else now."""
    now = taken(held)
    waiting = [(0, len(now))]
    while waiting:
        first, end = waiting.pop()
        if first == end or _equal(now[first:end], before[first:end]):
            continue
        if end - first > 1:
            middle = (first + end) // 2
            waiting += [(first, middle), (middle, end)]
        elif isinstance(now[first], set) or not _all_same(now[first], before[first]):
            yield first


def _all_values(held: list[Any]) -> list[Any]:
    return list(map(list, map(_values, held)))


def _all_items(held: list[Any]) -> list[Any]:
    return list(map(list, held))


def _all_members(held: list[Any]) -> list[Any]:
    return list(map(set, held))


def _equal(now: Any, before: Any) -> bool:
    """Objects that are not the same are asked whether they are equal, and may say anything to that."""
    try:
        return bool(now == before)
    except Exception:
        return False


def _all_same(now: Any, before: Any) -> bool:
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))


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
