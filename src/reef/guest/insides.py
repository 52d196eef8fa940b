"""What functions and objects with slots refer to, contents of closures, bases of classes, classes of objects."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from itertools import chain
from operator import attrgetter
from typing import Any

from .changes import Change
from .chunks import Chunks
from .holders import WRAPPING, Holder

_FIELDS = "__dataclass_fields__"
_bases = attrgetter("__bases__")


class Insides:
    """`take` what holders have inside now; `differences` since then."""

    def __init__(self) -> None:
        self._referring = Chunks(
            lambda objects: gc.get_referents(*objects),
            lambda objects: map(len, map(gc.get_referents, objects)),
        )
        self._classes = Chunks(
            lambda classes: list(chain.from_iterable(map(_bases, classes))),
            lambda classes: map(len, map(_bases, classes)),
        )
        self._objects = Chunks(lambda objects: list(map(type, objects)), lambda objects: [1] * len(objects))
        self._class_holders: list[Holder] = []
        self._object_holders: list[Holder] = []
        self._holders: list[Holder] = []

    def take(self, holders: list[Holder], functions: list[types.FunctionType]) -> None:
        classes = [holder for holder in holders if holder.sort == "class"]
        objects = [holder for holder in holders if holder.sort in ("module", "object")]
        self._class_holders += classes
        self._object_holders += objects
        self._holders += holders
        self._classes.add([holder.target for holder in classes])
        self._objects.add([holder.target for holder in objects])
        cells = [one.__closure__ for one in functions if one.__closure__]
        fields = [one.held.values() for one in holders if one.key == _FIELDS]
        slots = [one.target for one in holders if one.sort == "slots"]
        self._referring.add([*functions, *slots, *chain.from_iterable(cells), *chain.from_iterable(fields)])

    def differences(self) -> list[Change]:
        found = [self._class_holders[number] for number, *_before in self._classes.changed()]
        found += [self._object_holders[number] for number, *_before in self._objects.changed()]
        names = [(holder.owner, holder.label) for holder in found]
        things = self._referring.things
        others = [things[n] for n, before, _keys in self._referring.changed() if _is_other(things[n], before)]
        names += [self._name(one) for one in others]
        return [Change("changed", owner, f"changes {label}") for owner, label in names]

    def _name(self, wanted: Any) -> tuple[str, str]:
        """The owner of an object and its name: it is looked for, since few are ever asked for."""
        for holder in self._holders:
            for owner, label, one in _named(holder):
                if one is wanted or any(cell is wanted for cell in getattr(one, "__closure__", None) or ()):
                    return owner, label
        of, name = getattr(wanted, "__module__", None), getattr(wanted, "__qualname__", type(wanted).__name__)
        return (of if isinstance(of, str) else ""), f"{of}.{name}"  # it has been taken away since


def _named(holder: Holder) -> Iterator[tuple[str, str, Any]]:
    """What it has inside, with owner and name."""
    if holder.sort == "slots":
        yield holder.owner, holder.label, holder.target
    elif holder.key == _FIELDS:
        for key, one in list(holder.held.items()):
            yield holder.owner, f"{holder.label}[{key!r}]", one
    elif holder.sort in ("module", "class", "object"):
        for key, value in list(holder.held.items()):
            one = value.__func__ if type(value) in WRAPPING else value
            if type(one) is types.FunctionType:
                yield one.__module__ or holder.owner, f"{holder.label}.{key}", one


def _is_other(one: Any, before: list[Any]) -> bool:
    """A function makes its annotations when somebody first asks for them."""
    if type(one) is not types.FunctionType:
        return True
    parts = (one.__code__, one.__defaults__, one.__kwdefaults__, one.__closure__, one.__dict__ or None)
    return any(part is not None and not any(part is had for had in before) for part in parts)
