"""What nobody can list afterwards is heard of as it happens.

What a hook would see or do in the zygote it would do for all locations: so it is only noted, and registered in the
children that import the module.
"""

from __future__ import annotations

import atexit
import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .changes import Change


class Registrations:
    """Between `begin` and `end`, what is registered to be called at exit, at a fork, or at an audited event."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, Callable[[], object]]] = []
        self._seeded: list[tuple[str, Callable[[], object]]] = []
        self._real: list[tuple[Any, str, Any]] = []

    def begin(self) -> None:
        for module, name, what, heard in (
            (atexit, "register", "registers a function to be called at exit", self._heard),
            (os, "register_at_fork", "registers a function to be called at a fork", self._heard),
            (sys, "addaudithook", "adds an audit hook", self._heard),
            (random, "seed", "seeds the random state", self._seeded),
        ):
            real = getattr(module, name)
            self._real.append((module, name, real))
            setattr(module, name, _Recorder(real, what, heard))

    def end(self, namespaces: Iterable[dict[str, Any]]) -> None:
        """Everybody has the real functions again, whoever took one of ours for his own."""
        for namespace in namespaces:
            for name, value in list(namespace.items()):
                if type(value) is _Recorder:
                    namespace[name] = value.real
        for module, name, real in self._real:
            found = getattr(module, name)
            if isinstance(found, _Recorder):
                found.active = False
                setattr(module, name, real)

    def differences(self) -> Iterator[Change]:
        heard, self._heard[:] = list(self._heard), []
        for what, register in heard:
            yield Change("added", "", what, None, register)
        if self._seeded:
            self._seeded.clear()
            yield Change("lost", "", "seeds the random state")


class _Recorder:
    """Stands for a function while modules are preloaded; who keeps it calls the real one later."""

    def __init__(
        self, real: Callable[..., Any], what: str, heard: list[tuple[str, Callable[[], object]]]
    ) -> None:
        self.real, self._what, self._heard = real, what, heard
        self.active = True
        self.__name__ = self.__qualname__ = real.__name__
        self.__doc__ = real.__doc__

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if not self.active:
            return self.real(*arguments, **keywords)
        self._heard.append((self._what, partial(self.real, *arguments, **keywords)))
        return arguments[0] if arguments else None
