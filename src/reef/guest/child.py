"""After the fork: become what `python -m dagster api grpc` would have been, then run just that."""

from __future__ import annotations

import os
import socket
from typing import Any

from . import bytecode, guard, identity, instance, listening, probe, process_end, server, title, wire


def main(status: int, log: int) -> None:
    """Never returns."""
    os.setsid()
    identity.take_descriptors(log, keep=(status,))
    host = socket.socket(fileno=status)
    identity.reset_signals()
    request = wire.receive(host)
    if request is None:
        os._exit(0)
    run(host, request[0], forked=True)


def run(host: socket.socket, spec: dict[str, Any], forked: bool) -> None:
    """Serve the location of `spec`; never returns."""
    wire.send(host, {"event": "hello"})
    title.show(f"reef: {spec['location']}")
    try:
        if forked:
            identity.become(spec)
        bytecode.of_settled_files_only()
        guard.start(host, spec, forked)
        then = probe.Probe(host, forked).loaded if spec["observe"] else host.close
        listening.tell(host, spec["socket"], then)
        instance.open_lazily()
    except Exception as error:
        wire.send(host, {"event": "failed", "reason": f"{type(error).__name__}: {error}"})
        process_end.end(1)
    process_end.end(server.serve(spec))
