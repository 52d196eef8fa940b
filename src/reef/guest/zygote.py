"""The zygote: preload, make the heap cheap to share, then only fork.

What a child inherits and cannot take back: glibc's `MALLOC_ARENA_MAX=1`; BLAS and OpenMP libraries that were loaded
with one thread (a code server's own arithmetic only: runs are processes of their own); the hash seed, which the
children of one zygote share; what the interpreter reads only when it starts, which is why a location that
differs in it does not fork.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from . import (
    AT_START,
    boot,
    child,
    hidden,
    holes,
    immortal,
    instance,
    loop,
    pools,
    preload,
    proc,
    rehearsal,
    spare,
    text,
    where,
    wire,
)


def main(fd: int) -> None:
    host = socket.socket(fileno=fd)
    boot.note()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = wire.receive(host)
    features = _prepare(host, request[0]) if request is not None else None
    if features is None:
        return
    if "plugged" in features:  # nothing of the building is left: what it has taken are holes now
        _tried("plugging again", holes.plug)
        gc.freeze()
    forked = loop.run(host)
    if forked is not None:
        gc.enable()
        host.detach()
        child.main(*forked)
    os._exit(0)


def _prepare(host: socket.socket, request: dict[str, Any]) -> list[str] | None:
    """Build the heap that children share; what was done to it, None where this process has become unfit."""
    gc.disable()
    result = _preloaded(host, request)
    if result is None:
        return None
    if result.dirty:
        wire.send(host, {"op": "dirty", "modules": result.dirty, "costs": result.costs, "pid": None})
        return None
    _hide(result, request)
    result = result._replace(loaded=[], asks={})  # freed before holes are plugged
    with preload.without(request["never"]):
        features = ["preload", *_tuned(request)]
    unfit = preload.brought(request["never"]) or (None if rehearsal.settle() else "a thread is left")
    if unfit:
        wire.send(host, {"op": "unfit", "reason": f"{unfit} after preparing", "features": features})
        return None
    _tried("letting go of code", text.let_go)
    wire.send(host, _ready(result, features))
    return features


def _preloaded(host: socket.socket, request: dict[str, Any]) -> preload.Preloaded | None:
    """None where the host has heard already why nothing can go on from here."""
    asked = (request["modules"], request["never"], request["shared"], request["distributions"])
    with where.nowhere_else():
        preloading = preload.Preloading(*asked)
        with preloading.under_way():
            preloading.shared(request["closely"])
            result = _rest(host, preloading, request)
    preloading.take_variables()
    return result


def _rest(
    host: socket.socket, preloading: preload.Preloading, request: dict[str, Any]
) -> preload.Preloaded | None:
    """By this process, or by a spare of it where this one finds something: the host says what is left out then."""
    while request["spare"] and preloading.has_rest():
        made = spare.fork()
        if isinstance(made, dict):
            wire.send(host, {"op": "dirty", **made, "pid": os.getpid()})
            answer = wire.receive(host)
            if answer is None:
                return None
            request.update(answer[0])
            preloading.again(forked=True)  # the process before this is gone now: no page is copied for it
            continue
        preloading.again(forked=False)
        result = preloading.rest(request["left_out"], request["closely"])
        if result.dirty and not set(request["shared"]).intersection(result.dirty):
            made.go_on({"modules": result.dirty, "costs": result.costs})
        made.end()
        return result
    return preloading.rest(request["left_out"], request["closely"])


def _hide(result: preload.Preloaded, request: dict[str, Any]) -> None:
    """The rehearsal finds out what every server has imported; without one it is what all locations share."""
    concealed = hidden.Hidden(
        result.loaded, request["shared"], result.asks, result.groups, request["changing"]
    )
    hidden.begin(concealed)
    concealed.hide_all_but(AT_START if request["rehearsal"] else {*AT_START, *request["shared"]})


def _tuned(request: dict[str, Any]) -> list[str]:
    """What makes a child's private memory small; each part may be missing."""
    instance.open_lazily()
    rehearsed = request["rehearsal"] and _tried("rehearsal", rehearsal.rehearse)
    if not rehearsed:
        hidden.bring_back(request["shared"])
    hidden.settle()
    gc.collect()
    is_immortal = request["immortal"] and immortal.possible() and rehearsal.settle() and _immortal(rehearsed)
    plugged = (
        request["plug"] and _tried("plugging", holes.plug) and _tried("letting go of pools", pools.let_go)
    )
    gc.collect(1)  # what is older was looked through a moment ago
    gc.freeze()
    tuned = {"rehearsal": rehearsed, "plugged": plugged, "immortal": is_immortal}
    return [name for name, done in tuned.items() if done]


def _immortal(rehearsed: bool) -> bool:
    exercise = partial(rehearsal.rehearse, 1) if rehearsed else gc.collect
    return immortal.proves_itself(exercise) and _tried("immortal heap", immortal.immortalize)


def _tried(name: str, step: Callable[[], object]) -> bool:
    try:
        notes = step()
    except Exception as error:
        notes = [f"{type(error).__name__}: {error}"]
        traceback.print_exc()
        return False
    finally:
        print(f"reef: {name}: {notes}", file=sys.stderr, flush=True)
    return True


def _ready(result: preload.Preloaded, features: list[str]) -> dict[str, Any]:
    files = {name: getattr(module, "__file__", None) or "" for name, module in hidden.every_module().items()}
    return {
        "op": "ready",
        "features": features,
        "failed": result.failed,
        "added": {name: group.words() for group in result.groups for name in group.modules},
        "modules": files,
        "mapped": proc.mapped_files(),
    }
