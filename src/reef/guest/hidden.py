"""Modules that a zygote has preloaded are hidden until somebody imports them.

So a child finds in `sys.modules` what a fresh interpreter would have there. An import of a hidden module brings it
back with all that its body had asked for, and does again what it had added to others.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from types import FunctionType, ModuleType
from typing import Any

from .blame import Group
from .holders import can_be_found, is_found
from .table import Table


class Hidden:
    """Found where the files of modules are looked for, thus after whoever wants to hear of imports."""

    def __init__(
        self,
        preloaded: Iterable[str],
        shared: Iterable[str],
        asks: Mapping[str, Iterable[str]],
        groups: Iterable[Group],
        strange: Iterable[str],
    ) -> None:
        self._asks = {name: tuple(asked) for name, asked in asks.items()}
        self.brought: list[str] = []
        self._groups = list(groups)
        self._done = set(range(len(self._groups)))
        self._attributes: dict[str, ModuleType] = {}  # what a package does not have now -> the package
        self._strange = frozenset(strange)
        self._preloaded = frozenset(preloaded)
        self._shared = frozenset(shared)
        self._order = dict.fromkeys(sys.modules)
        self._table, self._comes = Table({}), list[int]()
        self._rows: dict[str, tuple[str, ...]] = {}  # what the table was made of

    def hide_all_but(self, names: Iterable[str]) -> None:
        """What the others have added is taken back."""
        kept, hidden = frozenset(names), self.modules()
        for number in sorted(self._done, reverse=True):
            if not self._groups[number].is_there(kept):
                self._undo(number)
        gone = [
            name for name in list(sys.modules) if not (name in kept or _ours(name)) and can_be_found(name)
        ]
        self._order.update(dict.fromkeys(sys.modules))
        self._take_down({**hidden, **{name: sys.modules[name] for name in gone}})
        for name in gone:
            self._take_from_package(name, sys.modules[name])
        for name in gone:
            del sys.modules[name]

    def _take_down(self, hidden: Mapping[str, ModuleType]) -> None:
        """Into the table. To make it takes long, and one rehearsal after the other asks for the same."""
        every = {**hidden, **sys.modules}
        rows = {name: self._asked_by(name, every[name]) for name in self._order if name in every}
        if rows != self._rows or list(rows) != list(self._rows):
            self._make_table(rows)
        in_c = {name.partition(".")[0] for name, module in hidden.items() if _is_in_c(module)}
        for number, name in enumerate(rows):
            self._table.modules[number] = hidden.get(name)
            self._table.is_hidden[number] = name in hidden
            self._table.stays[number] = name in self._shared or name.partition(".")[0] in in_c
            self._table.is_in_package[number] = name not in self._attributes

    def _make_table(self, rows: dict[str, tuple[str, ...]]) -> None:
        table, before, self._rows = Table(rows), self._rows, rows
        known = self._preloaded
        if table.names != self._table.names or any(
            rows[name] != before[name] for name in rows if name in known
        ):
            self._comes = table.comes_with(known)
        for number, group in enumerate(self._groups):
            table.note_group(number, group.modules)
        self._table = table

    def modules(self) -> dict[str, ModuleType]:
        """Those that are hidden."""
        table = self._table
        return {table.names[number]: table.modules[number] for number in table.hidden()}

    def spec_of(self, name: str, path: Any) -> Any:
        """None where it is not hidden, or is looked for in a folder of the caller's own."""
        if name in self._strange:
            self._table.forget()
        module = self.hidden(name)
        if module is None:
            return None
        parent = self.find(name.rpartition(".")[0])
        if path is not None and path is not getattr(parent, "__path__", None):
            return None
        own = module.__spec__
        assert own is not None, "only what was found is hidden"
        spec = importlib.machinery.ModuleSpec(
            name,
            _Back(self, module, own),
            origin=own.origin,
            is_package=own.submodule_search_locations is not None,
        )
        spec.submodule_search_locations = own.submodule_search_locations
        spec.cached = own.cached
        spec.has_location = own.has_location
        return spec

    def bring_back(self, name: str) -> None:
        """It, and what its body had asked for."""
        table, groups = self._table, set[int]()
        for number in table.needed(name):
            each, module = table.names[number], table.modules[number]
            table.is_hidden[number] = 0
            sys.modules[each] = module
            self.brought.append(each)
            if not table.is_in_package[number]:
                self._attributes[each].__dict__[each.rpartition(".")[2]] = module
            groups.update(table.groups_of(number))
        for number in sorted(groups - self._done):
            if self._groups[number].is_there(sys.modules):
                self._redo(number)

    def hidden(self, name: str) -> ModuleType | None:
        """The module of this name, if it is hidden."""
        number = self._table.number(name)
        if number is None or not self._table.is_hidden[number]:
            return None
        found: ModuleType = self._table.modules[number]
        return found

    def find(self, name: str) -> ModuleType | None:
        """A module, whether it is hidden or not."""
        return self.hidden(name) or sys.modules.get(name)

    def forget(self, name: str) -> None:
        """It is imported anew by whoever asks for it. To free a module would write all over the shared heap."""
        number = self._table.number(name)
        if number is not None:
            self._table.is_hidden[number] = 0

    def settle(self) -> None:
        """Nothing more will be hidden: the table says what is still asked."""
        self._asks, self._order, self._rows, self._comes = {}, {}, {}, []
        self._preloaded = self._shared = frozenset()

    def asked_by(self, name: str) -> list[str]:
        """Modules that a module's body had asked for, and their packages."""
        return self._table.asked_by(name)

    def _asked_by(self, name: str, module: ModuleType) -> tuple[str, ...]:
        """Of a module that our own code had imported before, only what its names come from is known."""
        if name in self._preloaded or not is_found(name, module):
            return self._asks.get(name, ())
        values = list(module.__dict__.values())
        asked = {one.__name__ if isinstance(one, ModuleType) else _module_of(one) for one in values}
        return tuple(sorted(of for of in asked if not (of in self._preloaded and of.startswith(f"{name}."))))

    def _take_from_package(self, name: str, module: ModuleType) -> None:
        """An import puts it there again; unless it comes with its package, whatever else that asks for on the way."""
        table, (package, _, key) = self._table, name.rpartition(".")
        parent, number, of = self.find(package), table.number(name), table.number(package)
        if name not in self._preloaded or not isinstance(parent, ModuleType) or number is None or of is None:
            return  # where it is ours: what else of ours needs it there is not known
        if not self._comes[of] >> number & 1 and parent.__dict__.get(key) is module:
            del parent.__dict__[key]
            self._attributes[name] = parent
            table.is_in_package[number] = 0

    def _undo(self, number: int) -> None:
        self._done.discard(number)
        for change in reversed(self._groups[number].changes):
            if change.undo is not None:
                change.undo()

    def _redo(self, number: int) -> None:
        self._done.add(number)
        for change in self._groups[number].changes:
            if change.redo is not None:
                change.redo()


class _Back(importlib.abc.Loader):
    """The loader of a module that is there already."""

    def __init__(self, hidden: Hidden, module: ModuleType, own: Any) -> None:
        self._hidden, self._module, self._own = hidden, module, own

    def create_module(self, spec: Any) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own
        self._hidden.bring_back(self._own.name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own.loader, name)


def _is_in_c(module: ModuleType) -> bool:
    """C code may be loaded once in a process: numpy refuses a second time, others would crash."""
    return isinstance(getattr(module.__spec__, "loader", None), importlib.machinery.ExtensionFileLoader)


def _module_of(value: object) -> str:
    found = value.__module__ if isinstance(value, type | FunctionType) else ""
    return found if isinstance(found, str) else ""


def _ours(name: str) -> bool:
    return name == "__main__" or name.partition(".")[0] == __name__.partition(".")[0]


_now: list[Hidden] = []


def now() -> Hidden | None:
    """What this process, or the zygote that it was forked from, has hidden."""
    return _now[0] if _now else None


def begin(hidden: Hidden) -> None:
    _now[:] = [hidden]
    usual = PathFinder.find_spec

    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        return hidden.spec_of(name, path) or usual(name, path, target)

    PathFinder.find_spec = staticmethod(find_spec)  # type: ignore[method-assign,assignment]


def found(name: str) -> Any:
    """The module of this name, hidden or not; None where there is none."""
    concealed = now()
    return concealed.find(name) if concealed else sys.modules.get(name)


def settle() -> None:
    """Nothing more will be hidden."""
    concealed = now()
    if concealed is not None:
        concealed.settle()


def every_module() -> dict[str, ModuleType]:
    """Those in `sys.modules` and those that are hidden."""
    concealed = now()
    return {**(concealed.modules() if concealed else {}), **sys.modules}


def bring_back(wanted: Iterable[str]) -> None:
    """Those of them that are hidden."""
    concealed = now()
    for name in wanted:
        if concealed is not None and concealed.hidden(name) is not None:
            concealed.bring_back(name)


def names() -> list[str]:
    """Names of the modules that are hidden."""
    concealed = now()
    return list(concealed.modules()) if concealed else []


def forget(unwanted: Iterable[str]) -> None:
    """These are imported anew by whoever asks for them."""
    concealed = now()
    for name in unwanted:
        sys.modules.pop(name, None)
        if concealed is not None:
            concealed.forget(name)
