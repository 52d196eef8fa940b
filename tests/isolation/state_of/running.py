"""The interpreter's state that is in no module's attributes."""

from __future__ import annotations

import asyncio
import atexit
import codecs
import contextvars
import csv
import decimal
import faulthandler
import gc
import logging
import multiprocessing
import sys
import threading
import tracemalloc
import types
import warnings
from typing import Any

from . import objects

MOST_CALLS = 200
STREAMS = ("stdin", "stdout", "stderr")


def state() -> dict[str, str]:
    found = {f"running.{name}": text for name, text in _settings().items()}
    found |= {f"running.context.{name}": text for name, text in _context().items()}
    found["running.logging disabled below"] = str(logging.root.manager.disable)
    return found | _loggers() | _unlisted()


def _settings() -> dict[str, str]:
    told = objects.function
    return {
        "trace": f"{told(sys.gettrace())} {told(sys.getprofile())}",
        "trace of threads": f"{told(threading.gettrace())} {told(threading.getprofile())}",
        "asyncgen hooks": " ".join(map(told, sys.get_asyncgen_hooks())),
        "coroutines": str(sys.get_coroutine_origin_tracking_depth()),
        "limits": f"{sys.getrecursionlimit()} {sys.getswitchinterval()} {threading.stack_size()}",
        "int digits": str(sys.get_int_max_str_digits()),
        "dlopen": str(sys.getdlopenflags()),
        "flags": str(sys.flags),
        "gc": f"{gc.isenabled()} {gc.get_threshold()} {gc.get_debug()} {list(map(told, gc.callbacks))}",
        "tracemalloc": str(tracemalloc.is_tracing()),
        "faulthandler": str(faulthandler.is_enabled()),
        "atexit": str(atexit._ncallbacks()),
        "decimal": " | ".join(map(_decimal, (decimal.getcontext(), decimal.DefaultContext))),
        "loop policy": objects.of_module(asyncio.events._event_loop_policy),
        "start method": str(multiprocessing.get_start_method(allow_none=True)),
        "csv": f"{sorted(csv.list_dialects())} {csv.field_size_limit()}",
        "warnings": "\n".join(map(_filter, warnings.filters)),
        "streams": " ".join(_stream(getattr(sys, name)) for name in STREAMS),
    }


def _decimal(context: decimal.Context) -> str:
    traps = sorted(signal.__name__ for signal, on in context.traps.items() if on)
    return f"{context.prec} {context.rounding} {context.Emin} {context.Emax} {context.capitals} {context.clamp} {traps}"


def _filter(one: Any) -> str:
    return f"{one[0]} {_pattern(one[1])} {one[2].__name__} {_pattern(one[3])} {one[4]}"


def _pattern(value: Any) -> str:
    return str(getattr(value, "pattern", value))


def _stream(stream: Any) -> str:
    told = ("encoding", "errors", "line_buffering", "write_through", "newlines")
    return f"{objects.of_module(stream)} {[getattr(stream, name, None) for name in told]}"


def _context() -> dict[str, str]:
    described = objects.Descriptions()
    return {variable.name: described.of(value, 1) for variable, value in contextvars.copy_context().items()}


def _loggers() -> dict[str, str]:
    """Those that are not as they are made."""
    known = logging.Logger.manager.loggerDict
    loggers = {name: one for name, one in known.items() if isinstance(one, logging.Logger)}
    found = {f"running.logger.{name}": _logger(one) for name, one in {"": logging.root, **loggers}.items()}
    return {name: text for name, text in found.items() if text != "0 [] [] True False"}


def _logger(one: logging.Logger) -> str:
    handlers = [f"{objects.of_module(handler)} {handler.level}" for handler in one.handlers]
    filters = [objects.function(kept) for kept in one.filters]
    return f"{one.level} {handlers} {filters} {one.propagate} {one.disabled}"


def _unlisted() -> dict[str, str]:
    """Registries that only the garbage collector leads to."""
    gc.unfreeze()
    errors: dict[str, Any] = {}
    for one in gc.get_objects():
        if type(one) is dict and "xmlcharrefreplace" in one and "surrogatepass" in one and "strict" in one:
            errors = one
    found = {f"running.codec error.{name}": objects.function(call) for name, call in list(errors.items())}
    found["running.codec corpus8"] = _codec("corpus8")
    found["running.utf-8"] = objects.function(codecs.lookup("utf-8").encode)
    for number, one in enumerate(_lists_with(threading._after_fork)):
        found[f"running.after fork {number}"] = "\n".join(sorted(map(objects.function, one)))
    return found


def _codec(name: str) -> str:
    """Codecs that were found are kept, and those that search for them cannot be listed."""
    try:
        return objects.function(codecs.lookup(name).encode)
    except LookupError:
        return "unknown"


def _lists_with(member: Any) -> list[list[Any]]:
    """Lists of calls that the interpreter itself holds: no object refers to them."""
    lists = [one for one in gc.get_referrers(member) if type(one) is list and len(one) < MOST_CALLS]
    return [one for one in lists if all(map(callable, one)) and not _holders(one, lists)]


def _holders(one: Any, looking: Any) -> list[Any]:
    return [
        held for held in gc.get_referrers(one) if held is not looking and type(held) is not types.FrameType
    ]
