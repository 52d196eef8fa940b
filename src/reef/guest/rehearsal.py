"""Run the real server command on the sample location, with a server that opens nothing, and put everything back.

It makes the interpreter do once, before the fork, what each child would do again: load what is loaded late,
fill caches, specialize bytecode. Whatever goes wrong only means that there is no rehearsal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import types
import warnings
from collections.abc import Iterator
from typing import Any

from . import calls, hidden, proc, server, stub

TIMES = 2
_SAMPLE = "sample_location"


def rehearse(times: int = TIMES) -> list[str]:
    """Notes on what did not work; raises where the command itself did not."""
    notes: list[str] = []
    for _ in range(times):
        with _put_back():
            os.environ.pop("DAGSTER_HOME", None)
            with stub.in_place_of_grpc_server(lambda call: calls.usual(call, True, None, notes)):
                status = _command()
        if status != 0:
            raise RuntimeError(f"the server command ended with {status}")
    settle()
    return notes


def _command() -> int:
    spec = {"socket": "/nonexistent/reef.sock", "args": ["-f", calls.sample(), "--location-name", "sample"]}
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv[:] = ["-m"]
    return server.serve({**spec, "env": {}})


def settle(patience_s: float = 3.0) -> bool:
    """Wait until one task is left."""
    end = time.monotonic() + patience_s
    while proc.tasks() > 1 and time.monotonic() < end:
        time.sleep(0.005)
    return proc.tasks() == 1


@contextlib.contextmanager
def _put_back() -> Iterator[None]:
    main = sys.modules["__main__"]
    kept: list[tuple[list[Any], list[Any]]] = [
        (live, list(live)) for live in (sys.path, sys.argv, sys.orig_argv, sys.meta_path, sys.path_hooks)
    ]
    environ, cwd, filters = dict(os.environ), os.getcwd(), list(warnings.filters)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for live, before in kept:
            live[:] = before
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(cwd)
        warnings.filters[:] = filters  # type: ignore[index]
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.modules["__main__"] = main
        _forget_sample()


def _forget_sample() -> None:
    """And hide again what it has imported, but for what every server has by then."""
    sample = sys.modules.pop(_SAMPLE, None)
    concealed = hidden.now()
    if sample is not None and concealed is not None:
        concealed.hide_all_but(sample.LOADED_BEFORE)
    context: Any = sys.modules.get("dagster._core.definitions.definitions_load_context")
    if context is not None and hasattr(context, "DefinitionsLoadContext"):
        context.DefinitionsLoadContext._instance = None
