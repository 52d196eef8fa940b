"""A child of another virtual environment than its zygote's: every path becomes its own."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

from . import boot, hidden

Moves = list[tuple[str, str]]
_kept: list[object] = []


def move(spec: dict[str, Any]) -> None:
    moves = [(old.rstrip("/") + "/", new.rstrip("/") + "/") for old, new in spec["moves"]]
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        setattr(sys, name, spec[name])
    sys.path[:] = spec["sys_path"]
    _move_packages(moves)
    _drop_finders(frozenset(spec["drop_finders"]))
    _forget_environment()
    _kept.append(sys.path_importer_cache)  # freeing the old cache would write all over the shared heap
    sys.path_importer_cache = {}
    for line in spec["pth_imports"]:
        _run_line(line)


def _move_packages(moves: Moves) -> None:
    """Packages only: what they import later must come from the new place; modules have no such path."""
    for module in hidden.every_module().values():
        paths = _paths(module)
        if isinstance(paths, list):
            paths[:] = [_moved(path, moves) for path in paths]
            _move_origin(module, moves)


def _paths(module: Any) -> Any:
    """From the module's own dict, since a module's `__getattr__` may do anything; objects that only stand for a
    module are asked."""
    if type(module) is types.ModuleType:
        return module.__dict__.get("__path__")
    try:
        return getattr(module, "__path__", None)
    except Exception:
        return None


def _move_origin(module: Any, moves: Moves) -> None:
    spec = getattr(module, "__spec__", None)
    for owner, name in ((module, "__file__"), (spec, "origin"), (getattr(spec, "loader", None), "path")):
        path = getattr(owner, name, None)
        if isinstance(path, str):
            moved = _moved(path, moves)
            if moved != path:
                try:
                    setattr(owner, name, moved)
                except AttributeError:
                    pass
    search = getattr(spec, "submodule_search_locations", None)
    if isinstance(search, list) and search is not _paths(module):
        search[:] = [_moved(path, moves) for path in search]


def _moved(path: str, moves: Moves) -> str:
    for old, new in moves:
        if isinstance(path, str) and path.startswith(old):
            return new + path[len(old) :]
    return path


def _drop_finders(names: frozenset[str]) -> None:
    """The zygote's own editable installs and other hooks that its `.pth` files set."""
    _without(sys.meta_path, boot.finders, names)
    _without(sys.path_hooks, boot.path_hooks, names)
    hidden.forget([name for name in hidden.every_module() if name.startswith("__editable__")])


def _without(hooks: list[Any], at_boot: list[object], names: frozenset[str]) -> None:
    hooks[:] = [
        hook for hook in hooks if not any(hook is one for one in at_boot) and _module_of(hook) not in names
    ]


def _module_of(hook: object) -> str:
    return getattr(hook, "__module__", None) or type(hook).__module__


def _forget_environment() -> None:
    """What the standard library and setuptools remember of the environment that they were loaded in."""
    sysconfig: Any = hidden.found("sysconfig")
    if sysconfig is not None:
        for name, value in (("_PREFIX", sys.prefix), ("_EXEC_PREFIX", sys.exec_prefix)):
            if hasattr(sysconfig, name):
                setattr(sysconfig, name, os.path.normpath(value))
        if hasattr(sysconfig, "_CONFIG_VARS"):
            sysconfig._CONFIG_VARS = None
        if hasattr(sysconfig, "_CONFIG_VARS_INITIALIZED"):
            sysconfig._CONFIG_VARS_INITIALIZED = False
    hidden.forget([name for name in hidden.every_module() if name.partition(".")[0] == "pkg_resources"])


def _run_line(line: str) -> None:
    try:
        exec(line, {"__name__": "site"})  # noqa: S102  as `site` runs these lines
    except Exception as error:
        os.write(2, f"reef: {line!r} of a .pth file: {type(error).__name__}: {error}\n".encode())
