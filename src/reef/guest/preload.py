"""Import a list of modules and tell what an import did that children must not meet.

Nothing is known here about any library: a module is left out because it was seen to start a thread, to change
another module, and so on, in a process that is then thrown away.
"""

from __future__ import annotations

import contextlib
import contextvars
import gc
import importlib
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import hidden
from .blame import Blame, Dirt, Group
from .importing import Imports


class Preloaded(NamedTuple):
    """`dirty`: module -> why it must be left out. `failed`: module -> why it could not be imported. `costs`:
    distribution -> seconds that importing it took. `asks`: module -> what its body asked for."""

    dirty: dict[str, Dirt]
    failed: dict[str, str]
    costs: dict[str, float]
    loaded: list[str]
    asks: dict[str, set[str]]
    groups: list[Group]


def preload(*request: Any) -> Preloaded:
    """`_preload` in a context of its own, whose variables the zygote then takes, but for the decimal context: that is
    made anew in each thread."""
    own = contextvars.copy_context()
    found = own.run(_preload, *request)
    for variable, value in own.items():
        if variable.name != "decimal_context" and variable.get(own) is not value:
            variable.set(value)
    return found


def _preload(
    modules: list[str],
    never: list[str],
    left_out: list[str],
    shared: list[str],
    distributions: dict[str, str],
    closely: list[str],
) -> Preloaded:
    """Import `modules` in order; one that brings a module of `never` with it is dirty too, or one of `left_out`. Of
    those that are `shared`, which come first, it does not matter what they change."""
    failed: dict[str, str] = {}
    brought: dict[str, Dirt] = {}
    all_have, unwanted = frozenset(shared), set(never)
    with _collecting_nothing():
        blame = Blame(shared, distributions, closely)
        imports = Imports(blame.entered, blame.left)
        with imports.heard():
            begun = False
            for name in _libraries_last(modules, all_have):
                if not begun and name not in all_have:
                    begun = True
                    blame.begin()
                    unwanted.update(set(left_out).difference(sys.modules))  # what all bring, all have
                _import(name, failed)
                if not unwanted.isdisjoint(sys.modules):
                    brought[name] = Dirt("needs", f"imports {min(unwanted.intersection(sys.modules))}")
                    unwanted.difference_update(sys.modules)
            _settle()
            blame.end()
    dirty = {**brought, **blame.dirty}
    sure = {name for name, why in dirty.items() if why.kind != "unclear"}
    for name, cause in imports.needing(sure).items():
        dirty[name] = Dirt("needs", f"imports {cause}, which {dirty[cause].words}")
    return Preloaded(dirty, failed, blame.costs, imports.loaded, imports.asks, blame.groups)


def _libraries_last(modules: list[str], shared: frozenset[str]) -> list[str]:
    """First what is shared, then the rest of the standard library: so what a library does is seen apart from it."""

    def rank(name: str) -> int:
        return 0 if name in shared else 1 if name.partition(".")[0] in sys.stdlib_module_names else 2

    return sorted(modules, key=rank)


@contextlib.contextmanager
def _collecting_nothing() -> Iterator[None]:
    """The collector is on, so that who switches it off is seen, and has nothing to do."""
    thresholds, enabled = gc.get_threshold(), gc.isenabled()
    gc.set_threshold(0)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not enabled:
            gc.disable()


class _Refusing:
    """A finder that finds none of some modules, so that nobody else finds them."""

    def __init__(self, never: list[str]) -> None:
        self._never = frozenset(never)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self._never:
            raise ModuleNotFoundError(f"{name!r} is not for all who share this zygote", name=name)


@contextlib.contextmanager
def without(never: list[str]) -> Iterator[None]:
    """None of these modules can be imported meanwhile: children of another environment have others of that name."""
    finder: Any = _Refusing(never)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


def brought(never: list[str]) -> str | None:
    """What was imported although it must not be, in words; None if nothing was."""
    found = set(never).intersection((*sys.modules, *hidden.names()))
    return f"imports {min(found)}" if found else None


def _import(name: str, failed: dict[str, str]) -> None:
    if name in sys.modules:
        return
    try:
        importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"[:200]


def _settle() -> None:
    """A thread may come up a moment after the import that asked for it."""
    time.sleep(0.02)
