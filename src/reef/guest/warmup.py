"""Load a location in a process of its own, make the usual calls of it, report what was imported and read."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import socket
import tempfile
import time
from typing import Any

from . import boot, calls, identity, observe, process_end, server, stub, title, wire


def main(fd: int) -> None:
    boot.note()
    host = socket.socket(fileno=fd)
    identity.reset_signals()
    request = wire.receive(host)
    if request is not None:
        title.show("reef: warm-up")
        gc.disable()  # it is thrown away in a second or two
        wire.send(host, _report(request[0]))
    process_end.end(0)


def _report(spec: dict[str, Any]) -> dict[str, Any]:
    """With no `args`, the sample location, whose ticks are harmless, with an instance of its own."""
    notes: list[str] = []
    own = not spec["args"]
    identity.as_module_run(spec)
    seen = observe.Observed()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="reef-warm-up-") as home:
        try:
            if own:
                spec = {**spec, "args": ["-f", calls.sample(), "--location-name", "sample"]}
                os.environ.pop(
                    "DAGSTER_HOME", None
                )  # the fleet's: a server would open it, and make its storages
            error = _run(spec, own, home, notes)
        finally:
            shutil.rmtree(home, ignore_errors=True)
            os.makedirs(home, exist_ok=True)
    load_s = time.perf_counter() - started
    modules = [one for one in seen.modules() if os.path.dirname(one["file"]) != os.path.dirname(__file__)]
    return {"event": "report", "modules": modules, "load_s": load_s, "error": error, "notes": notes}


def _run(spec: dict[str, Any], ticks: bool, home: str, notes: list[str]) -> str | None:
    instance_ref = _instance_ref(home, notes) if ticks else None
    with stub.in_place_of_grpc_server(lambda call: calls.usual(call, ticks, instance_ref, notes)):
        status = server.serve({**spec, "socket": "/nonexistent/reef.sock"})
    return None if status == 0 else f"the server command ended with {status}"


def _instance_ref(home: str, notes: list[str]) -> Any:
    """A SQLite instance, so that what an instance needs is learned too; the location loads without one."""
    try:
        dagster: Any = importlib.import_module("dagster._core.instance")
        ref = dagster.InstanceRef.from_dir(home)
        with dagster.DagsterInstance.from_ref(ref) as instance:
            instance.get_runs(limit=1)
        return ref
    except Exception as error:
        notes.append(f"no instance: {type(error).__name__}: {error}"[:300])
        return None
