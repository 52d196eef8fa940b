"""Hears imports: whose body runs, who asks for whom, and where first-party code asks."""

from __future__ import annotations

import builtins
import importlib._bootstrap as bootstrap
import os
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from . import doctor_later, doctor_watch
from .importing import asked_for

_bootstrap: Any = bootstrap
WRAPPERS = 12  # frames


class ImportRequests:
    """`asks`: (asking node, module). `stars`: for `from x import *` in first-party code, which of the names its module
    uses. `deferred`: what answers instead of an import, for some statements."""

    def __init__(
        self,
        watch: doctor_watch.Watch,
        is_own: Callable[[str], bool],
        deferred: doctor_later.Deferred | None = None,
    ) -> None:
        self.watch, self.is_own, self.deferred = watch, is_own, deferred
        self.asks: dict[tuple[int, str], doctor_watch.Node] = {}
        self.stars: dict[tuple[str, int], list[str]] = {}
        self.wanted: dict[tuple[str, int], dict[str, None]] = {}
        self._seen: set[Any] = set()

    def install(self) -> None:
        self._load, _bootstrap._load_unlocked = _bootstrap._load_unlocked, self._loads
        self._by_name, _bootstrap._gcd_import = _bootstrap._gcd_import, self._imports_by_name
        real = self._real = builtins.__import__
        imports = self._imports

        def __import__(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            return imports(real, _asker(sys._getframe(1), globals), name, globals, locals, fromlist, level)

        builtins.__import__ = __import__

    def _loads(self, spec: Any) -> Any:
        watch = self.watch
        if not watch.is_mine():
            return self._load(spec)
        depth = len(watch.stack)
        watch.push_module(spec.name)
        try:
            return self._load(spec)
        finally:
            watch.pop_to(depth)

    def _imports(
        self, real: Any, frame: Any, name: str, globals: Any, locals: Any, fromlist: Any, level: int
    ) -> Any:
        watch = self.watch
        if not watch.is_mine() or not isinstance(name, str):
            return real(name, globals, locals, fromlist, level)
        fromlist = tuple(fromlist) if fromlist else ()
        key = (id(watch.top()), name, level, fromlist, globals.get("__package__") if globals else None)
        if key in self._seen:
            return real(name, globals, locals, fromlist, level)
        code, line, depth = frame.f_code, frame.f_lineno, len(watch.stack)
        own, file = self.is_own(code.co_filename), absolute(code.co_filename)
        if own and self.deferred is not None:
            later = self.deferred.instead(frame, lambda: real(name, globals, locals, fromlist, level))
            if later is not None:
                return later
        inner = own and not (code.co_name == "<module>" and watch.is_marked(file))
        if inner:
            watch.push_statement(file, line)
        try:
            module = real(name, globals, locals, fromlist, level)
            self._asked(watch.top(), list(asked_for(name, globals, fromlist, level, module)))
            if own:
                self._by_own(code, line, module, name, fromlist, level, globals)
        finally:
            if inner:
                watch.pop_to(depth)
        if not own:
            self._seen.add(key)
        return module

    def _by_own(
        self, code: CodeType, line: int, module: Any, name: str, fromlist: Any, level: int, globals: Any
    ) -> None:
        place = (absolute(code.co_filename), line)
        wanted = self.wanted.setdefault(place, {})
        if not level:
            wanted[name] = None
        if fromlist and "*" in fromlist:
            names = getattr(module, "__all__", None) or [each for each in vars(module) if each[:1] != "_"]
            used = _names(code)
            self.stars[place] = [each for each in names if each in used]

    def _imports_by_name(self, name: str, package: str | None = None, level: int = 0) -> Any:
        module = self._by_name(name, package, level)
        if self.watch.is_mine():
            self._asked(self.watch.top(), [getattr(module, "__name__", name)])
        return module

    def _asked(self, node: doctor_watch.Node, names: list[str]) -> None:
        for name in names:
            self.asks[id(node), name] = node


def absolute(file: str) -> str:
    """Code from a zip on a relative path has a relative file."""
    return file if os.path.isabs(file) else os.path.abspath(file)


def _asker(frame: Any, globals: Any) -> Any:
    """The frame of the statement, behind functions that others have put in the place of `__import__`."""
    found, left = frame, WRAPPERS
    while globals is not None and found is not None and found.f_globals is not globals and left:
        found, left = found.f_back, left - 1
    return found if found is not None and found.f_globals is globals else frame


def _names(code: CodeType) -> set[str]:
    found = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found |= _names(each)
    return found
