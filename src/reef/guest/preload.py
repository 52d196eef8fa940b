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
from functools import partial
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


class Preloading:
    """First what is `shared`, of which it does not matter what it changes, then `rest`. Where the rest turns out to be
    unfit, a fork that was made between the two goes on with less.

    Imports run in a context of their own, whose variables the process then takes, but for the decimal context: that
    is made anew in each thread.
    """

    def __init__(
        self, modules: list[str], never: list[str], shared: list[str], distributions: dict[str, str]
    ) -> None:
        self._context = contextvars.copy_context()
        self._modules = _libraries_last(modules, frozenset(shared))
        self._never, self._shared = never, frozenset(shared)
        self._blame = Blame(shared, distributions)
        self._imports = Imports(self._blame.entered, self._blame.left)
        self._failed: dict[str, str] = {}
        self._brought: dict[str, Dirt] = {}

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """Everything is imported inside of this."""
        with _collecting_nothing(), self._imports.heard():
            self._blame.again(forked=False)
            yield

    def has_rest(self) -> bool:
        return not self._shared.issuperset(self._modules)

    def shared(self, closely: list[str]) -> None:
        self._blame.look_closely(closely)
        self._context.run(self._import, [n for n in self._modules if n in self._shared], set(self._never))
        self._context.run(partial(self._blame.begin, compares=self.has_rest()))

    def again(self, *, forked: bool) -> None:
        """This process has forked, or is a fork."""
        self._blame.again(forked=forked)

    def rest(self, left_out: list[str], closely: list[str]) -> Preloaded:
        """Without `left_out`: whatever brings one of these is dirty too. `closely`: as Blame has it."""
        return self._context.run(self._rest, left_out, closely)

    def _rest(self, left_out: list[str], closely: list[str]) -> Preloaded:
        names = [name for name in self._modules if name not in self._shared and name not in left_out]
        self._blame.look_closely(closely)
        unwanted = set(self._never).union(set(left_out).difference(sys.modules))  # what all bring, all have
        self._import(names, unwanted)
        if names and not self._blame.has_found():
            _settle()
        self._blame.end()
        return self._found()

    def _import(self, names: list[str], unwanted: set[str]) -> None:
        for name in names:
            _import(name, self._failed)
            if not unwanted.isdisjoint(sys.modules):
                found = min(unwanted.intersection(sys.modules))
                self._brought[name] = Dirt("needs", f"imports {found}")
                unwanted.difference_update(sys.modules)

    def _found(self) -> Preloaded:
        blame, imports = self._blame, self._imports
        dirty = {**self._brought, **blame.dirty}
        sure = {name for name, why in dirty.items() if why.kind != "unclear"}
        for name, cause in imports.needing(sure).items():
            dirty[name] = Dirt("needs", f"imports {cause}, which {dirty[cause].words}")
        return Preloaded(dirty, self._failed, blame.costs, imports.loaded, imports.asks(), blame.groups)

    def take_variables(self) -> None:
        for variable, value in self._context.items():
            if variable.name != "decimal_context" and variable.get(self._context) is not value:
                variable.set(value)


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
