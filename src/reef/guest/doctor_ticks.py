"""How long sensors and schedules take to decide, evaluated once each with an instance that keeps nothing."""

from __future__ import annotations

import importlib
import inspect
import os
import time
from typing import Any

from . import doctor_load
from .doctor_own import Own


def ticks(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """In a fork, since an evaluation is the user's code and may do anything."""
    dagster: Any = importlib.import_module("dagster")
    loaded = doctor_load.load(request["target"], os.getcwd(), request["location"])
    found = []
    with dagster.DagsterInstance.ephemeral() as instance:
        for repository in loaded.definitions_by_name.values():
            for one in repository.sensor_defs:
                found.append(_tick(one, "sensor", dagster.build_sensor_context, instance, repository))
            for one in repository.schedule_defs:
                found.append(_tick(one, "schedule", dagster.build_schedule_context, instance, repository))
    return {"ticks": found}


def _tick(one: Any, kind: str, build: Any, instance: Any, repository: Any) -> dict[str, Any]:
    wanted = {"instance": instance, "repository_def": repository}
    takes = inspect.signature(build).parameters
    context = build(**{name: value for name, value in wanted.items() if name in takes})
    started, error = time.perf_counter(), ""
    try:
        one.evaluate_tick(context)
    except BaseException as failure:
        error = f"{type(failure).__name__}: {failure}"[:200]
    file, line = _where(one)
    took = time.perf_counter() - started
    return {"kind": kind, "name": one.name, "wall_s": took, "error": error, "file": file, "line": line}


def _where(one: Any) -> tuple[str, int]:
    for name in ("_raw_fn", "_evaluation_fn", "_execution_fn", "_fn"):
        function: Any = getattr(one, name, None)
        function = getattr(function, "decorated_fn", function)
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        if code is not None:
            return code.co_filename, code.co_firstlineno
    return "", 0
