"""What the interpreter and its standard library remember only to be quicker: a fresh one would find the same."""

from __future__ import annotations

import sys
import types
from typing import Any

_NAMES = frozenset(
    (
        "_ctypes._pointer_type_cache",
        "_strptime._TimeRE_cache",
        "_strptime._regex_cache",
        "concurrent.futures.thread._threads_queues",
        "ctypes._c_functype_cache",
        "ctypes._pointer_type_cache",
        "encodings._cache",
        "linecache._interactive_cache",
        "linecache.cache",
        "logging.Logger.manager.loggerDict",
        "logging._handlers",
        "multiprocessing.process._dangling",
        "multiprocessing.util._afterfork_registry",
        "multiprocessing.util._finalizer_registry",
        "platform._os_release_cache",
        "platform._platform_cache",
        "platform._sys_version_cache",
        "platform._uname_cache",
        "re._cache",
        "re._cache2",
        "sys.modules",
        "sys.path_importer_cache",
        "sysconfig._CONFIG_VARS",
        "sysconfig._CONFIG_VARS_INITIALIZED",
        "sysconfig._USER_BASE",
        "threading._active",
        "threading._counter",
        "threading._dangling",
        "threading._limbo",
        "threading._shutdown_locks",
        "typing._caches",
        "typing._cleanups",
        "typing._overload_registry",
        "weakref.finalize._dirty",
        "weakref.finalize._registered_with_atexit",
        "weakref.finalize._registry",
        "weakref.finalize._shutdown",
    )
)
_KEYS = frozenset(
    (
        "__abstractmethods__",
        "__annotations__",
        "__annotations_cache__",
        "__annotate_func__",
        "__builtins__",
        "__cached__",
        "__classdictcell__",
        "__doc__",
        "__initializing__",
        "__slotnames__",
        "__spec__",
        "__warningregistry__",
        "_abc_impl",
    )
)


_LAST_PARTS = frozenset(name.rpartition(".")[2] for name in _NAMES) | _KEYS


def may_be(key: object) -> bool:
    """Whether something of this name may be one."""
    return key in _LAST_PARTS


def is_cache(label: str) -> bool:
    """`label`: a container, or a name in a module or class."""
    return label in _NAMES or label.rpartition(".")[2] in _KEYS


def is_submodule(module: str, key: str, value: Any) -> bool:
    """An import puts a submodule's name into its package."""
    full = f"{module}.{key}"
    return isinstance(value, types.ModuleType) and (value.__name__ == full or sys.modules.get(full) is value)


def is_filled_later(module: types.ModuleType, value: Any) -> bool:
    """A module that makes its attributes when they are asked for: by `__getattr__`, or by a class of its own."""
    if type(module) is not types.ModuleType:
        return True
    if "__getattr__" not in module.__dict__:
        return False
    of = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    return not isinstance(of, str) or of.partition(".")[0] == module.__name__.partition(".")[0]
