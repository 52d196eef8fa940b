"""An import that is put off until something uses what it brings: which use that is, and what it costs then."""

from __future__ import annotations

import dis
import gc
import operator
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from . import doctor_clock, doctor_memory, proc

_FROM = dis.opmap["IMPORT_FROM"]
_STAR = dis.opmap.get("IMPORT_STAR")
_INTRINSIC = dis.opmap.get("CALL_INTRINSIC_1")  # from 3.12 on, of which argument 2 is `import *`


class Put:
    """One statement that is put off."""

    def __init__(self, file: str, line: int, star: list[str]) -> None:
        self.file, self.line, self.star = file, line, star
        self.parts: list[Callable[[], Any]] = []
        self.touched: tuple[str, int] | None = None
        self.took: dict[str, float] | None = None  # where it was touched

    def force(self) -> None:
        for part in self.parts:
            part()


class Deferred:
    """`puts` by file and line. Forcing is measured where something touches a name while the location loads."""

    def __init__(self, wanted: dict[tuple[str, int], list[str]], is_own: Callable[[str], bool]) -> None:
        self.puts = {place: Put(*place, star) for place, star in wanted.items()}
        self.is_own = is_own
        self._depth = 0
        self._lock = threading.RLock()

    def instead(self, frame: Any, real: Callable[[], Any]) -> Any:
        """What the import statement of `frame` is given, None where it goes its usual way."""
        file = frame.f_code.co_filename
        put = self.puts.get((file if os.path.isabs(file) else os.path.abspath(file), frame.f_lineno))
        if put is None or put.touched is not None or self._depth:
            return None
        once = _Once(real)
        put.parts.append(once.value)
        return _later(self, put, once, frame.f_code)

    def touch(self, put: Put, once: _Once) -> Any:
        if once.done:
            return once.value()
        with self._lock:
            if self._depth:
                return once.value()
            self._depth += 1
            try:
                if put.touched is None:
                    put.touched = self._toucher(sys._getframe(2))
                    before = measured(begin=True)
                    put.force()
                    put.took = difference(before, measured())
                return once.value()
            finally:
                self._depth -= 1

    def _toucher(self, frame: Any) -> tuple[str, int]:
        while frame is not None:
            if self.is_own(frame.f_code.co_filename):
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back
        return "", 0


class _Once:
    def __init__(self, real: Callable[[], Any]) -> None:
        self._real, self.done, self._value = real, False, None

    def value(self) -> Any:
        if not self.done:
            self._value, self.done = self._real(), True
        return self._value


_get: Any = object.__getattribute__
_set: Any = object.__setattr__


class Later:
    """Stands for a module, or for a name of one. Any use of it makes the import; being named does not."""

    __slots__ = ("_reef_code", "_reef_deferred", "_reef_once", "_reef_put")

    def __getattr__(self, name: str) -> Any:
        frame = sys._getframe(1)
        put, code = _get(self, "_reef_put"), _get(self, "_reef_code")
        if frame.f_code is code and frame.f_lineno >= put.line:
            what = _instruction(frame)
            if what == "star" and name == "__all__":
                return put.star
            if what in ("from", "star") and not (what == "star" and name == "__dict__"):
                return _part(self, name)
        if name[:1] == "_" and frame.f_globals.get("__name__", "").startswith("dagster"):
            raise AttributeError(name)  # Dagster looks at everything in a module for marks of its own
        return getattr(_real(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_real(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_real(self), name)

    def __mro_entries__(self, bases: Any) -> tuple[Any, ...]:
        return (_real(self),)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _real(self)(*args, **kwargs)

    def __instancecheck__(self, one: Any) -> bool:
        return isinstance(one, _real(self))

    def __subclasscheck__(self, one: Any) -> bool:
        return issubclass(one, _real(self))

    def __dir__(self) -> list[str]:
        return dir(_real(self))


def _instruction(frame: Any) -> str:
    code, at = frame.f_code.co_code, frame.f_lasti
    if code[at] == _FROM:
        return "from"
    if code[at] == _STAR or (code[at] == _INTRINSIC and code[at + 1] == 2):
        return "star"
    return ""


def _later(deferred: Deferred, put: Put, once: _Once, code: Any) -> Later:
    made = Later.__new__(Later)
    for name, value in (("deferred", deferred), ("put", put), ("once", once), ("code", code)):
        _set(made, f"_reef_{name}", value)
    return made


def _part(later: Later, name: str) -> Later:
    whole = _get(later, "_reef_once")

    def part() -> Any:
        module = whole.value()
        try:
            return getattr(module, name)
        except AttributeError:
            return sys.modules[f"{module.__name__}.{name}"]

    return _later(_get(later, "_reef_deferred"), _get(later, "_reef_put"), _Once(part), None)


def _real(later: Later) -> Any:
    return _get(later, "_reef_deferred").touch(_get(later, "_reef_put"), _get(later, "_reef_once"))


def _binary(apply: Callable[[Any, Any], Any], turned: bool) -> Any:
    def forward(self: Any, other: Any) -> Any:
        real = _real(self)
        return apply(other, real) if turned else apply(real, other)

    return forward


def _own(name: str) -> Any:
    def forward(self: Any, *args: Any) -> Any:
        real = _real(self)
        return getattr(type(real), name)(real, *args)

    return forward


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor"):
    for _turned in (False, True):
        _dunder = f"__{'r' if _turned else ''}{_name.rstrip('_')}__"
        setattr(Later, _dunder, _binary(getattr(operator, _name), _turned))
for _name in ("eq", "ne", "lt", "le", "gt", "ge", "getitem", "contains", "delitem"):
    setattr(Later, f"__{_name}__", _binary(getattr(operator, _name), False))
for _name, _apply in (
    *(
        ("iter", iter),
        ("next", next),
        ("len", len),
        ("hash", hash),
        ("bool", bool),
        ("repr", repr),
        ("str", str),
    ),
    *(
        ("int", int),
        ("float", float),
        ("index", operator.index),
        ("neg", operator.neg),
        ("pos", operator.pos),
    ),
    *(("abs", abs), ("invert", operator.invert), ("reversed", reversed), ("fspath", os.fspath)),
):
    setattr(Later, f"__{_name}__", (lambda apply: lambda self: apply(_real(self)))(_apply))
for _name in ("enter", "exit", "aenter", "aexit", "await", "aiter", "setitem", "format", "reduce_ex"):
    setattr(Later, f"__{_name}__", _own(f"__{_name}__"))


def measured(begin: bool = False) -> tuple[float, float, int, int, int]:
    """Wall and processor seconds, private and file bytes after a collection, threads. The collection's own time is
    in neither side of a difference."""
    times = doctor_clock.wall_s(), time.process_time()
    gc.collect()
    private, shared = doctor_memory.exact()
    if begin:
        times = doctor_clock.wall_s(), time.process_time()
    return (*times, private, shared, proc.tasks())


def difference(before: Any, after: Any) -> dict[str, float]:
    names = ("wall_s", "cpu_s", "private_bytes", "shared_bytes", "threads")
    return {name: later - earlier for name, earlier, later in zip(names, before, after, strict=True)}
