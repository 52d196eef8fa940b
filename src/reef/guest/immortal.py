"""Make the objects of the zygote's heap immortal, so that a child does not write their reference counts.

For CPython 3.12 and 3.13 with a GIL on 64-bit little-endian machines, where an object whose lower 32 bits of the
count are all set is never counted (PEP 683). Destructors of such objects never run.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import sysconfig
import types
import weakref
from collections.abc import Callable
from typing import Any

_IMMORTAL = 0x7FFFFFFF  # a count above is never counted
_CHUNK = 4096
_RUNNING = frozenset((types.FrameType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType))


def possible() -> bool:
    return (
        sys.implementation.name == "cpython"
        and sys.version_info[:2] in ((3, 12), (3, 13))
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and not hasattr(sys, "gettotalrefcount")
        and sys.maxsize > 1 << 32
        and sys.byteorder == "little"
    )


def immortalize() -> int:
    """Everything that the garbage collector reaches from its objects; how many that were.

    An object is marked as it is met, so there is no list of what has been seen, whose memory would cost more
    time than the walk. Nothing met may be freed meanwhile: the roots are held, the collector is off.
    """
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _mark_all(gc.get_objects())
    finally:
        if was_enabled:
            gc.enable()


def _mark_all(roots: list[Any]) -> int:
    count, left = 0, [roots]
    while left:
        wave = _mark(left.pop())
        count += len(wave)
        for start in range(0, len(wave), _CHUNK):
            left.append(_parts(wave[start : start + _CHUNK]))
    return count


def _mark(met: list[Any]) -> list[Any]:
    """Those of `met` that were not immortal. What was so from the start is static, and leads to nothing new."""
    count_of, set_bytes, new = sys.getrefcount, ctypes.memset, []
    for one in met:
        if count_of(one) < _IMMORTAL and type(one) not in _RUNNING:
            set_bytes(id(one), 0xFF, 4)
            new.append(one)
    return new


def _parts(wave: list[Any]) -> list[Any]:
    """Code objects are not traversed by the collector, but hold most of the strings."""
    parts = gc.get_referents(*wave)
    for code in [one for one in wave if type(one) is types.CodeType]:
        parts += (code.co_consts, code.co_names, code.co_filename, code.co_name, code.co_qualname)
        parts += (code.co_linetable, code.co_exceptiontable)
    return parts


def proves_itself(exercise: Callable[[], object]) -> bool:
    """Whether a fork of this process, made immortal, still works: `exercise` is run in it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            gc.enable()
            immortalize()
            _check()
            exercise()
            status = 0
        except BaseException as error:
            os.write(2, f"reef: immortal heap: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _check() -> None:
    """Old objects are not counted, new ones are, are freed, and are collected."""
    before = sys.getrefcount(sys.modules)
    more = [sys.modules] * 1000
    if sys.getrefcount(sys.modules) != before:
        raise RuntimeError("an immortal object is still counted")
    del more
    new = type("New", (), {})()
    gone: list[str] = []
    weakref.finalize(new, gone.append, "freed")
    new.itself = new
    del new
    gc.collect()
    if gone != ["freed"]:
        raise RuntimeError("a new object was not collected")


__all__ = ["immortalize", "possible", "proves_itself"]
