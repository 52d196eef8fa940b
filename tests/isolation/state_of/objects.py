"""Descriptions of modules, classes, functions and values, without addresses."""

from __future__ import annotations

import _thread
import collections
import functools
import hashlib
import logging
import operator
import re
import types
import weakref
from collections.abc import Iterator
from typing import Any

ADDRESS = re.compile(r"\d{12,}|0x[0-9a-f]{8,}")
DEPTH = 2
MOST_MEMBERS = 300
MOST_TEXT = 160
PLAIN = (int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range)
FUNCTIONS = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
NAMED = (*FUNCTIONS, types.MethodWrapperType, types.ClassMethodDescriptorType, types.GetSetDescriptorType)
WEAK = (weakref.ref, weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
LOGGERS = (logging.Logger, logging.Manager)
IMPORTS_OWN = frozenset(
    ("__builtins__", "__cached__", "__doc__", "__loader__", "__spec__", "__warningregistry__")
)
"""What the import system keeps in a module."""
IN_SYS = frozenset(
    ("modules", "path_importer_cache")
)  # all modules are told; and what was looked at on disks
_key = operator.itemgetter(0)
_known_slots: dict[int, tuple[type, list[tuple[str, Any]]]] = {}
CLASSES_OWN = frozenset(
    ("__doc__", "__weakref__", "__dict__", "__module__", "_abc_impl", "__abstractmethods__")
)


class Descriptions:
    """`attributes` describes one module; what it has described it knows again, whichever module it is reached by."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], str] = {}
        self._alive: list[Any] = []  # so that no id is given twice

    def attributes(self, name: str, module: Any) -> Iterator[tuple[str, str]]:
        for attribute, value in _dict_of(module):
            if attribute in IMPORTS_OWN or (name == "sys" and attribute in IN_SYS):
                continue
            yield f"{name}:{attribute}", self.of(value, DEPTH)
            if isinstance(value, type) and _module_of(value) == name:
                yield from self._class(f"{name}:{attribute}", value, 3)

    def _class(self, at: str, cls: type, depth: int) -> Iterator[tuple[str, str]]:
        yield f"{at}.<bases>", " ".join(map(_name_of, type.__getattribute__(cls, "__bases__")))
        yield f"{at}.<registered>", _registered(cls)
        for attribute, value in sorted(type.__getattribute__(cls, "__dict__").items(), key=_key):
            if attribute in CLASSES_OWN:
                continue
            yield f"{at}.{attribute}", self.of(value, DEPTH)
            if isinstance(value, type) and depth and _module_of(value) == _module_of(cls):
                yield from self._class(f"{at}.{attribute}", value, depth - 1)

    def of(self, value: Any, depth: int) -> str:
        if type(value) in PLAIN:
            return _short(repr(value))
        key = (id(value), depth)
        if key not in self._known:
            self._known[key] = "(itself)"
            self._alive.append(value)
            self._known[key] = _short(self._described(value, depth))
        return self._known[key]

    def _described(self, value: Any, depth: int) -> str:
        if isinstance(value, type):
            return f"class {_name_of(value)}"
        if isinstance(value, types.ModuleType):
            return f"module {object.__getattribute__(value, '__dict__').get('__name__')}"
        if type(value) is types.FunctionType:
            return self._function(value, depth)
        if isinstance(value, NAMED):
            return f"{type(value).__name__} {getattr(value, '__qualname__', value.__name__)}"
        if isinstance(value, LOGGERS):
            return f"{_name_of(type(value))} {getattr(value, 'name', '')}"  # each is told elsewhere, with its level
        if isinstance(value, WEAK):
            return f"weak {_name_of(type(value))}"
        if depth == 0:
            return f"a {_name_of(type(value))}"
        return self._whole(value, depth - 1)

    def _function(self, value: Any, depth: int) -> str:
        code = value.__code__
        text = f"function {value.__module__}.{value.__qualname__} of {_code(code)}"
        if depth == 0:
            return text
        cells = [_contents(cell) for cell in value.__closure__ or ()]
        extra = (value.__defaults__, value.__kwdefaults__, cells, dict(value.__dict__))
        return text + "".join(f" {self.of(part, depth)}" for part in extra if part)

    def _whole(self, value: Any, depth: int) -> str:
        name = _name_of(type(value))
        if isinstance(value, types.MethodType):
            return f"method {self.of(value.__func__, depth)} of {self.of(value.__self__, depth)}"
        if isinstance(value, staticmethod | classmethod):
            return f"{name} {self.of(value.__func__, depth)}"
        if isinstance(value, property):
            return f"property {[self.of(part, depth) for part in (value.fget, value.fset, value.fdel)]}"
        if isinstance(value, functools.partial):
            return f"partial {self.of(value.func, depth)} {self.of(value.args, depth)}"
        if type(value) is functools._lru_cache_wrapper:
            return f"cached {self.of(value.__wrapped__, depth)}"
        return f"{name}{self._items(value, depth)}{self._inside(value, depth)}"

    def _items(self, value: Any, depth: int) -> str:
        """Members of the usual containers, past what classes derived from these do to see them."""
        if isinstance(value, types.MappingProxyType):
            value = value.copy() if type(value) is types.MappingProxyType else {}
        if isinstance(value, dict):
            pairs = list(dict.items(value))[:MOST_MEMBERS]
            told = sorted(f"{self.of(k, depth)}: {self.of(v, depth)}" for k, v in pairs)
            return f" {dict.__len__(value)} {{{', '.join(told)}}}"
        for kind in (list, tuple, collections.deque):
            if isinstance(value, kind):
                members = [self.of(one, depth) for one in list(kind.__iter__(value))[:MOST_MEMBERS]]
                return f" {kind.__len__(value)} [{', '.join(members)}]"
        for several in (set, frozenset):
            if isinstance(value, several):
                told = sorted(self.of(one, depth) for one in list(several.__iter__(value)))
                return f" {{{', '.join(told[:MOST_MEMBERS])}}}"
        return f" {value!r}" if type(value).__module__ == "builtins" and type(value) in PLAIN else ""

    def _inside(self, value: Any, depth: int) -> str:
        """Attributes and slots of an object."""
        kept = [(name, one) for name, one in _dict_of(value) if not _is_memory(type(value), name)]
        found = [*kept, *_slots(value)]
        return "".join(f" .{name}={self.of(one, depth)}" for name, one in found[:MOST_MEMBERS])


def of_module(module: Any) -> str:
    if module is None:
        return "None"
    return f"{_name_of(type(module))} {dict(_dict_of(module)).get('__name__', '')!r}"


def function(value: Any) -> str:
    """A hook, or whatever else stands where a function may stand."""
    return Descriptions().of(value, 1)


def _dict_of(value: Any) -> list[tuple[str, Any]]:
    try:
        is_local = isinstance(value, _thread._local)
        held = vars(value) if is_local else object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return []
    return sorted(((k, v) for k, v in list(held.items()) if isinstance(k, str)), key=_key) if held else []


def _is_memory(cls: type, name: str) -> bool:
    """Whether an object's attribute only keeps what the class's descriptor of that name would find out again."""
    for one in type.__getattribute__(cls, "__mro__"):
        found = type.__getattribute__(one, "__dict__").get(name)
        if found is not None and not isinstance(found, types.FunctionType | type):
            return hasattr(type(found), "__get__") and not hasattr(type(found), "__set__")
    return False


def _slots(value: Any) -> Iterator[tuple[str, Any]]:
    for name, member in _slots_of(type(value)):
        try:
            yield name, member.__get__(value)
        except (AttributeError, TypeError):
            continue


def _slots_of(cls: type) -> list[tuple[str, Any]]:
    if id(cls) not in _known_slots:
        _known_slots[id(cls)] = (
            cls,
            [
                (name, member)
                for one in type.__getattribute__(cls, "__mro__")
                for name, member in sorted(type.__getattribute__(one, "__dict__").items(), key=_key)
                if type(member) is types.MemberDescriptorType and _is_slot(one, name)
            ],
        )
    return _known_slots[id(cls)][1]


def _is_slot(cls: type, name: str) -> bool:
    return "__slots__" in type.__getattribute__(cls, "__dict__") and name not in ("__dict__", "__weakref__")


def _registered(cls: type) -> str:
    implementation = type.__getattribute__(cls, "__dict__").get("_abc_impl")
    if implementation is None:
        return ""
    import _abc

    try:
        registry = _abc._get_dump(cls)[0]
    except (AttributeError, TypeError):
        return ""
    alive = [found for reference in registry if (found := reference()) is not None]
    return " ".join(sorted(map(_name_of, alive)))


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "(empty)"


@functools.cache
def _code(code: types.CodeType) -> str:
    made_of = repr((code.co_code, code.co_names, code.co_varnames, code.co_filename, code.co_firstlineno))
    return hashlib.sha1(made_of.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:8]


def _name_of(cls: type) -> str:
    return f"{_module_of(cls)}.{type.__getattribute__(cls, '__qualname__')}"


def _module_of(cls: type) -> str:
    found = type.__getattribute__(cls, "__dict__").get("__module__", "builtins")
    return found if isinstance(found, str) else "builtins"


def _short(text: str) -> str:
    text = ADDRESS.sub("#", text)
    if len(text) <= MOST_TEXT:
        return text
    digest = hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:10]
    return f"{text[:MOST_TEXT]}…{len(text)} {digest}"
