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

_COUNT = 0xFFFFFFFF
_RUNNING = (types.FrameType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)


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
    """Everything that the garbage collector reaches from its objects; how many that were."""
    gc.collect()
    addresses: list[int] = []
    seen: set[int] = set()
    work: list[Any] = gc.get_objects()
    seen.update(id(one) for one in (addresses, seen, work, sys._getframe(), sys._getframe(1)))
    while work:
        found = work.pop()
        if id(found) in seen or isinstance(found, _RUNNING):
            continue
        seen.add(id(found))
        addresses.append(id(found))
        work.extend(_parts(found))
    del found
    for address in addresses:
        ctypes.c_uint32.from_address(address).value = _COUNT
    return len(addresses)


def _parts(found: Any) -> Any:
    """Code objects are not traversed by the collector, but hold most of the strings."""
    if isinstance(found, types.CodeType):
        return (
            found.co_consts,
            found.co_names,
            found.co_filename,
            found.co_name,
            found.co_qualname,
            found.co_linetable,
            found.co_exceptiontable,
        )
    return gc.get_referents(found)


def proves_itself(exercise: Callable[[], object]) -> bool:
    """Whether a fork of this process, made immortal, still works: `exercise` is run in it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
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
