"""The loads: plain, watched, and with some imports put off."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import Any

from . import (
    doctor_clock,
    doctor_hear,
    doctor_imports,
    doctor_instead,
    doctor_later,
    doctor_load,
    doctor_marks,
    doctor_watch,
    proc,
)
from .doctor_fork import forked
from .doctor_later import difference, measured
from .doctor_own import Own


def plain(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """In this process, nothing patched: what a load takes and brings."""
    doctor_instead.install(request.get("instead", {}))
    try:
        doctor_load.like_a_server()
    except ImportError as error:
        return {"failed": f"{sys.executable} has no Dagster: {error}"}
    return _loaded(request, own)


def load(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """In a fork, nothing patched."""
    return _loaded(request, own)


def _loaded(request: dict[str, Any], own: Own) -> dict[str, Any]:
    before = measured(begin=True)
    answer: dict[str, Any] = {}
    loaded = None
    try:
        others = request.get("others")
        loaded = doctor_load.load(request["target"], os.getcwd(), request["location"], others)
    except BaseException as error:
        kind = "exit" if isinstance(error, SystemExit) else "error"
        answer["trouble"] = {"kind": kind, **doctor_load.reason(error, own)}
    after = measured()
    answer["own"] = difference(before, after)
    answer["private_bytes"], answer["shared_bytes"] = after[2:4]
    answer["threads"], answer["children"] = proc.tasks(), len(proc.children())
    answer["sockets"] = sum(name.startswith("socket:") for name in proc.descriptors().values())
    if loaded is not None:
        _describe(answer, loaded, own)
    return answer


def _describe(answer: dict[str, Any], loaded: Any, own: Own) -> None:
    started = doctor_clock.wall_s(), time.process_time()
    try:
        answer["definitions"] = found = doctor_load.definitions(loaded)
        answer["digest"] = doctor_load.digest(found)
    except Exception as error:
        answer["trouble"] = {"kind": "partial", **doctor_load.reason(error, own)}
    answer["snapshot_s"] = doctor_clock.wall_s() - started[0]
    answer["snapshot_cpu_s"] = time.process_time() - started[1]


def watch(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """In a fork. Every statement and module with what it took."""
    seen = doctor_watch.Watch(request["place"])
    imports = doctor_imports.ImportRequests(seen, own)
    known = frozenset(sys.modules)
    doctor_marks.install(own, seen.mark)
    doctor_hear.install(seen, own, request["big_file"])
    imports.install()
    answer = _loaded(request, own)
    seen.pop_to(0)
    answer.update(
        statements=[_statement(node, imports) for node in seen.statements.values()],
        modules=_modules(seen, known, own),
        asks=_asks(imports),
        root=seen.root.took,
        root_started=seen.root.started,
    )
    return answer


def _statement(node: doctor_watch.Node, imports: doctor_imports.ImportRequests) -> dict[str, Any]:
    place = (node.file, node.line)
    return {
        "file": node.file,
        "line": node.line,
        "took": node.took,
        "started": node.started,
        "events": node.events,
        "wanted": list(imports.wanted.get(place, ())),
        "star": imports.stars.get(place, []),
    }


def _modules(seen: doctor_watch.Watch, known: frozenset[str], own: Own) -> dict[str, Any]:
    """`own`: first-party ones whose statements stand for themselves. An extension module's do not."""
    found = {}
    marked = {os.path.abspath(node.file) for node in seen.statements.values()}
    for name, node in seen.modules.items():
        file = getattr(sys.modules.get(name), "__file__", None) or ""
        is_own = own(file) and (os.path.abspath(file) in marked or os.path.basename(file) == "__init__.py")
        found[name] = {"took": node.took, "file": file, "own": is_own, "started": node.started}
    return {name: each for name, each in found.items() if name not in known}


def _asks(imports: doctor_imports.ImportRequests) -> list[list[Any]]:
    """[file, line, asked] of statements, [name, 0, asked] of modules, ["", 0, asked] of Dagster."""
    return [
        [node.file if node.line else node.name, node.line, name] for (_, name), node in imports.asks.items()
    ]


def without(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """In a fork. Loads with the imports of `statements` put off, then makes them, for each of `forces` alone: what
    is measured then is what removing them frees, until `budget_s` of the processor are used. `first`: others that are
    made before, since they share something."""
    places = {(file, line): star for file, line, star in request["statements"]}
    deferred = doctor_later.Deferred(places, own)
    seen = doctor_watch.Watch(request["place"])
    doctor_imports.ImportRequests(seen, own, deferred).install()
    try:
        loaded = doctor_load.load(request["target"], os.getcwd(), request["location"])
    except BaseException as error:
        return {"trouble": doctor_load.reason(error, own), "puts": _puts(deferred)}
    described = forked(lambda: _described(loaded, deferred), request["timeout_s"])
    if "puts" not in described:
        return {"trouble": {"message": "describing the definitions did not end", "file": "", "line": 0}}
    forces = []
    for wanted in request["forces"]:
        left = _processor_s() < request["budget_s"]
        work = _forcing(deferred, wanted)
        forces.append(forked(work, request["timeout_s"]) if left else {"ended": "budget"})
    return {**described, "forces": forces}


def _processor_s() -> float:
    """Of this fork and those that it made: a machine that is busy with other work takes nothing off the budget."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _described(loaded: Any, deferred: doctor_later.Deferred) -> dict[str, Any]:
    found = doctor_load.definitions(loaded)
    return {"digest": doctor_load.digest(found), "puts": _puts(deferred)}


def _puts(deferred: doctor_later.Deferred) -> list[dict[str, Any]]:
    return [
        {"file": put.file, "line": put.line, "touched": put.touched, "took": put.took, "met": bool(put.parts)}
        for put in deferred.puts.values()
    ]


def _forcing(deferred: doctor_later.Deferred, wanted: dict[str, Any]) -> Any:
    def work() -> dict[str, Any]:
        gc.collect()
        for file, line in wanted["first"]:
            deferred.puts[file, line].force()
        before = measured(begin=True)
        for file, line in wanted["force"]:
            deferred.puts[file, line].force()
        return {"took": difference(before, measured())}

    return work
