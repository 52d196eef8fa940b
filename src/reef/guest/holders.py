"""What can be reached from a module and changed by others: its own dict, its classes, objects and containers."""

from __future__ import annotations

import enum
import gc
import logging
import os
import sys
import threading
import types
import weakref
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader
from typing import Any, Literal, NamedTuple

Sort = Literal["module", "class", "object", "slots", "dict", "list", "set"]
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8
_NOT_LOOKED_INTO = frozenset(("__builtins__", "__loader__", "__spec__"))
_OF_IMPORTS = frozenset(  # every import changes these
    (
        "_frozen_importlib",
        "_frozen_importlib_external",
        "_imp",
        "importlib._bootstrap",
        "importlib._bootstrap_external",
    )
)
_NOT_HELD = (
    type,
    types.ModuleType,
    types.FunctionType,
    enum.Enum,
    logging.Logger,
    weakref.WeakSet,
    weakref.WeakKeyDictionary,
    weakref.WeakValueDictionary,
)

_HOLD_NOTHING = frozenset(
    (
        *(bool, bytes, complex, float, frozenset, int, property, str, tuple, type(None)),
        *(classmethod, staticmethod, types.BuiltinFunctionType, types.GetSetDescriptorType),
        *(types.MemberDescriptorType, types.MethodDescriptorType, types.ModuleType),
        *(types.WrapperDescriptorType, types.ClassMethodDescriptorType, types.MappingProxyType),
    )
)
_LOADERS = frozenset((ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader))
_OURS = __name__.partition(".")[0]


class Holder(NamedTuple):
    """`held`: the dict, list or set itself; `target`: what has it (a class for `class`)."""

    sort: Sort
    owner: str
    label: str
    target: Any
    held: Any


def of_module(name: str, module: types.ModuleType, seen: set[int]) -> Iterator[Holder]:
    """The module's dict and what is reached from it, each once: `seen` has what was met before."""
    namespace = types.ModuleType.__getattribute__(module, "__dict__")
    if type(namespace) is not dict or id(namespace) in seen or name in _OF_IMPORTS:
        return
    seen.add(id(namespace))
    yield Holder("module", name, name, module, namespace)
    waiting = [(name, name, namespace)]
    while waiting:
        owner, label, values = waiting.pop()
        for key, value in list(values.items()):
            if type(value) in _HOLD_NOTHING or id(value) in seen or key in _NOT_LOOKED_INTO:
                continue
            for holder in _held_by(owner, f"{label}.{key}", value, seen):
                yield holder
                if holder.sort in ("class", "object"):
                    waiting.append((holder.owner, holder.label, holder.held))


def with_insides(holders: list[Holder]) -> Iterator[tuple[str, str, Any]]:
    """Functions and objects with slots that these hold, with their owner and name; and what has bases or a class."""
    for holder in holders:
        if holder.sort in ("module", "class"):
            for key, value in holder.held.items():
                if type(value) in (staticmethod, classmethod):
                    value = value.__func__
                if type(value) is types.FunctionType:
                    yield value.__module__ or holder.owner, f"{holder.label}.{key}", value
        if holder.sort == "slots":
            yield holder.owner, holder.label, holder.target
        if holder.label.endswith(".__dataclass_fields__"):
            for key, field in holder.held.items():
                yield holder.owner, f"{holder.label}[{key!r}]", field


def _held_by(owner: str, label: str, value: Any, seen: set[int]) -> Iterator[Holder]:
    kind = type(value)
    if issubclass(kind, dict):
        seen.add(id(value))
        yield Holder("dict", owner, label, value, value)
    elif issubclass(kind, list):
        seen.add(id(value))
        yield Holder("list", owner, label, value, value)
    elif issubclass(kind, set):
        seen.add(id(value))
        yield Holder("set", owner, label, value, value)
    elif issubclass(kind, type):
        seen.add(id(value))
        namespace = class_dict(value)
        if namespace is not None:
            of = namespace.get("__module__")
            yield Holder("class", of if of in sys.modules else owner, label, value, namespace)
    elif kind is types.FunctionType:
        yield from _registry(owner, label, value, seen)
        for number, default in enumerate(value.__defaults__ or ()):
            if isinstance(default, list | dict | set) and id(default) not in seen:
                yield from _held_by(owner, f"{label}.__defaults__[{number}]", default, seen)
        if value.__kwdefaults__ and id(value.__kwdefaults__) not in seen:
            yield from _held_by(owner, f"{label}.__kwdefaults__", value.__kwdefaults__, seen)
    elif kind is threading.local:
        seen.add(id(value))
        yield Holder("object", owner, label, value, value.__dict__)
    elif kind.__flags__ & _HEAP_TYPE and not _is_ours(kind) and not issubclass(kind, _NOT_HELD):
        seen.add(id(value))
        namespace = _object_dict(value)
        if namespace is None and any("__slots__" in each.__dict__ for each in kind.__mro__):
            yield Holder("slots", owner, label, value, {})
        elif namespace is not None and id(namespace) not in seen:
            seen.add(id(namespace))
            yield Holder("object", owner, label, value, namespace)


def class_dict(kind: type) -> dict[str, Any] | None:
    """The dict behind a class's read-only view; None for one that nobody can change."""
    can_be_changed = kind.__flags__ & _HEAP_TYPE and not kind.__flags__ & _IMMUTABLE_TYPE
    if not can_be_changed and kind.__module__ != "builtins":  # those somebody may force
        return None
    found = gc.get_referents(type.__dict__["__dict__"].__get__(kind))
    return found[0] if len(found) == 1 and type(found[0]) is dict else None


def _object_dict(value: Any) -> dict[str, Any] | None:
    """Not through the object's own attribute access, which may do anything."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:
        return None
    return found if type(found) is dict else None


def _registry(owner: str, label: str, function: Any, seen: set[int]) -> Iterator[Holder]:
    """What `functools.singledispatch` keeps for a function."""
    registry = getattr(function, "registry", None)  # asking for its `__dict__` would make one
    if type(registry) is not types.MappingProxyType:
        return
    for found in gc.get_referents(registry):
        if type(found) is dict and id(found) not in seen:
            seen.add(id(found))
            yield Holder("dict", owner, f"{label}.registry", found, found)


def _is_ours(kind: type) -> bool:
    return str(kind.__module__).partition(".")[0] in (_OURS, "_frozen_importlib_external")


def can_be_found(name: str) -> bool:
    """Whether it came from where files of modules are looked for, under this name."""
    return is_found(name, sys.modules.get(name))


def is_found(name: str, module: object) -> bool:
    """Whether importing `name` gives this module."""
    spec = getattr(module, "__spec__", None) if isinstance(module, types.ModuleType) else None
    loader = getattr(spec, "loader", None)
    return getattr(spec, "name", None) == name and type(loader) in _LOADERS


def is_importable(name: str, module: object) -> bool:
    """Not so what C code keeps in `sys.modules` under a name that nobody can import."""
    spec = getattr(module, "__spec__", None)
    if name in sys.builtin_module_names or name in sys.stdlib_module_names or "." in name:
        return spec is not None
    folder = os.path.dirname(getattr(spec, "origin", None) or "")
    if getattr(spec, "submodule_search_locations", None) is not None:
        folder = os.path.dirname(folder)
    return is_found(name, module) and folder in sys.path
