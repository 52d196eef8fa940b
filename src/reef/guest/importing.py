"""Who imports whom while a list of modules is preloaded: each module's body is entered, left, and asks for others."""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib._bootstrap as bootstrap
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

_bootstrap: Any = bootstrap
Heard = Callable[[str, str], None]
"""(module, the module whose body it interrupts, or "")."""


class Imports:
    """Inside of `heard` it tells `entered` before a module's body runs and `left` after it.

    `loaded`: whose bodies ran. What each of them asks for is noted in one list of pairs: whatever has a place of its
    own in the heap lies among what the modules make, and leaves a hole there.
    """

    def __init__(self, entered: Heard, left: Heard) -> None:
        self._pairs: list[str] = []
        self.loaded: list[str] = []
        self._stack: list[str] = []
        self._entered, self._left = entered, left
        self._real = (_bootstrap._load_unlocked, builtins.__import__, _bootstrap._gcd_import)

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """What a module has put in the place of these functions meanwhile stays."""
        load, statement, by_name = self._real
        _bootstrap._load_unlocked = self._loads
        builtins.__import__ = ours = self._imports
        _bootstrap._gcd_import = self._imports_by_name
        try:
            yield
        finally:
            if _bootstrap._load_unlocked == self._loads:
                _bootstrap._load_unlocked = load
            if builtins.__import__ is ours:
                builtins.__import__ = statement
            _give_back(ours, statement)
            if _bootstrap._gcd_import == self._imports_by_name:
                _bootstrap._gcd_import = by_name

    def asks(self) -> dict[str, set[str]]:
        """Module -> modules that were asked for while its body ran, loaded before or not."""
        found: dict[str, set[str]] = {}
        for asker, asked in self._each():
            found.setdefault(asker, set()).add(asked)
        return found

    def _each(self) -> Iterator[tuple[str, str]]:
        pairs = iter(self._pairs)
        return zip(pairs, pairs, strict=True)

    def needing(self, modules: set[str]) -> dict[str, str]:
        """Modules that lead to one of `modules`, which are left out -> the one of them."""
        askers: dict[str, list[str]] = {}
        for asker, asked in self._each():
            askers.setdefault(asked, []).append(asker)
        for name in self.loaded:
            askers.setdefault(name.rpartition(".")[0], []).append(name)
        found: dict[str, str] = {}
        waiting = [(name, name) for name in sorted(modules)]
        while waiting:
            name, cause = waiting.pop()
            for asker in askers.get(name, ()):
                if asker not in found and asker not in modules:
                    found[asker] = cause
                    waiting.append((asker, cause))
        return found

    def _loads(self, spec: Any) -> ModuleType:
        name, stack = spec.name, self._stack
        outer = stack[-1] if stack else ""
        if outer:
            self._pairs += (outer, name)
        self.loaded.append(name)
        self._entered(name, outer)
        stack.append(name)
        try:
            module: ModuleType = self._real[0](spec)
        finally:
            stack.pop()
            self._left(name, outer)
        return module

    def _imports(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        module = self._real[1](name, globals, locals, fromlist, level)
        if self._stack:
            asker = self._stack[-1]
            for asked in asked_for(name, globals, fromlist, level, module):
                self._pairs += (asker, asked)
        return module

    def _imports_by_name(self, name: str, package: str | None = None, level: int = 0) -> ModuleType:
        """What `importlib.import_module` calls, which others may have taken for their own."""
        module: ModuleType = self._real[2](name, package, level)
        if self._stack:
            self._pairs += (self._stack[-1], getattr(module, "__name__", name))
        return module


def _give_back(ours: Any, real: Any) -> None:
    """Whoever took the function for his own meanwhile has the real one, in a module or in a class."""
    wrapped = []
    for holder in gc.get_referrers(ours):
        if isinstance(holder, dict):
            for name in [name for name, value in holder.items() if value is ours]:
                holder[name] = real
        elif isinstance(holder, staticmethod):
            wrapped.append(holder)
    for kind in _classes() if wrapped else ():
        for name in [
            name for name, value in vars(kind).items() if type(value) is staticmethod and value in wrapped
        ]:
            setattr(kind, name, staticmethod(real))


def _classes() -> set[type]:
    """All that there are."""
    found: set[type] = {object}
    waiting: list[type] = [object]
    while waiting:
        new: set[type] = set(type.__subclasses__(waiting.pop())) - found
        found |= new
        waiting += new
    return found


def asked_for(name: str, globals_: Any, fromlist: Any, level: int, module: Any = None) -> Iterator[str]:
    """What an import statement asked for; `module`: what it was given."""
    full = _absolute(name, globals_, level) if level else name
    yield _as_named(full)
    if fromlist and (module is None or hasattr(module, "__path__")):
        for part in fromlist:
            if f"{full}.{part}" in sys.modules:
                yield _as_named(f"{full}.{part}")


def _as_named(name: str) -> str:
    """The module's own name where it is the same: no other string is kept then."""
    module = sys.modules.get(name)
    own = module.__dict__.get("__name__") if type(module) is ModuleType else None
    return own if type(own) is str and own == name else name


def _absolute(name: str, globals_: Any, level: int) -> str:
    if not level:
        return name
    package = (globals_ or {}).get("__package__") or ""
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base
