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
        *(types.BuiltinFunctionType, types.GetSetDescriptorType),
        *(types.MemberDescriptorType, types.MethodDescriptorType, types.ModuleType),
        *(types.WrapperDescriptorType, types.ClassMethodDescriptorType, types.MappingProxyType),
    )
)
_NOTHING: dict[str, Any] = {}
WRAPPING = (staticmethod, classmethod)
_LOADERS = frozenset((ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader))
_LOOKED_INTO = frozenset(("module", "class", "object"))
_OURS = __name__.partition(".")[0]


class Holder(NamedTuple):
    """`held`: the dict, list or set itself; `target`: what has it (a class for `class`). `key`: its name in the one
    `above`, from which its label is made when somebody asks: thousands of texts would leave their room in the heap."""

    sort: Sort
    owner: str
    above: Any  # a Holder, or None
    key: Any
    target: Any
    held: Any

    @property
    def label(self) -> str:
        return str(self.key) if self.above is None else f"{self.above.label}.{self.key}"


class Reached:
    """What is reached from modules, each once: `seen` has the ids of what was met before. `functions`: those that
    were met, each once too."""

    def __init__(self, seen: set[int]) -> None:
        self.functions: list[types.FunctionType] = []
        self._met: set[types.FunctionType] = set()
        self._seen = seen
        self._kinds: dict[type, str] = {
            **dict.fromkeys(_HOLD_NOTHING, "nothing"),
            **dict.fromkeys(WRAPPING, "wrapped"),
            types.FunctionType: "function",
        }

    def of_module(self, name: str, module: types.ModuleType) -> list[Holder]:
        """The module's own dict, and what it has."""
        seen = self._seen
        namespace = types.ModuleType.__getattribute__(module, "__dict__")
        if type(namespace) is not dict or id(namespace) in seen or name in _OF_IMPORTS:
            return []
        seen.add(id(namespace))
        found = [Holder("module", name, None, name, module, namespace)]
        for holder in found:  # which grows meanwhile
            if holder.sort in _LOOKED_INTO:
                self._look_into(holder, found)
        return found

    def _look_into(self, holder: Holder, found: list[Holder]) -> None:
        seen, met = self._seen, self._met
        items = list(holder.held.items())
        sorts = map(self._kinds.get, map(type, [value for _key, value in items]))
        for (key, value), sort in zip(items, sorts, strict=True):
            if sort == "nothing" or key in _NOT_LOOKED_INTO:
                continue
            if sort == "wrapped":
                value = value.__func__
                sort = "function" if type(value) is types.FunctionType else "nothing"
            if sort == "function":
                if value not in met:
                    self._of_function(holder, key, value, found)
            elif id(value) not in seen:
                sort = sort or self._sort(type(value))
                if sort != "nothing":
                    self._add(sort, holder, key, value, found)

    def _sort(self, kind: type) -> str:
        sort = self._kinds[kind] = _sort_of(kind)
        return sort

    def _add(self, sort: str, above: Holder, key: Any, value: Any, found: list[Holder]) -> None:
        if sort in ("dict", "list", "set"):
            self._seen.add(id(value))
            found.append(Holder(sort, above.owner, above, key, value, value))  # type: ignore[arg-type]
        elif sort == "class":
            self._seen.add(id(value))
            namespace = class_dict(value)
            if namespace is not None:
                of = namespace.get("__module__")
                owner = of if of in sys.modules else above.owner
                found.append(Holder("class", owner, above, key, value, namespace))
        else:
            self._of_object(sort, above, key, value, found)

    def _of_object(self, sort: str, above: Holder, key: Any, value: Any, found: list[Holder]) -> None:
        self._seen.add(id(value))
        namespace = value.__dict__ if sort == "local" else _object_dict(value)
        if namespace is None and any("__slots__" in each.__dict__ for each in type(value).__mro__):
            found.append(Holder("slots", above.owner, above, key, value, _NOTHING))
        elif namespace is not None and id(namespace) not in self._seen:
            self._seen.add(id(namespace))
            found.append(Holder("object", above.owner, above, key, value, namespace))

    def _of_function(self, above: Holder, key: Any, function: Any, found: list[Holder]) -> None:
        """Its defaults, and what `functools.singledispatch` keeps for it."""
        self._met.add(function)
        self.functions.append(function)
        registry = getattr(function, "registry", None)  # asking for its `__dict__` would make one
        if registry is None and not function.__defaults__ and not function.__kwdefaults__:
            return
        if type(registry) is types.MappingProxyType:
            for one in gc.get_referents(registry):
                if type(one) is dict and id(one) not in self._seen:
                    self._add("dict", above, f"{key}.registry", one, found)
        for number, default in enumerate(function.__defaults__ or ()):
            if isinstance(default, list | dict | set) and id(default) not in self._seen:
                self._add(self._sort(type(default)), above, f"{key}.__defaults__[{number}]", default, found)
        if function.__kwdefaults__ and id(function.__kwdefaults__) not in self._seen:
            self._add("dict", above, f"{key}.__kwdefaults__", function.__kwdefaults__, found)


def _sort_of(kind: type) -> str:
    """What values of a type are looked at as; "nothing" for those that hold nothing that others could change."""
    for base, sort in ((dict, "dict"), (list, "list"), (set, "set"), (type, "class")):
        if issubclass(kind, base):
            return sort
    if kind is types.FunctionType:
        return "function"
    if kind is threading.local:
        return "local"
    is_plain = kind.__flags__ & _HEAP_TYPE and not _is_ours(kind) and not issubclass(kind, _NOT_HELD)
    return "object" if is_plain else "nothing"


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
