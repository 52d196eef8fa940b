"""A process that offers a few functions of one module to other processes, on a unix socket. It ends with its host."""

from __future__ import annotations

import os
import socket
import sys

from . import boot, identity, service_calls, wire

GRACE_S = 5.0


def main(fd: int) -> None:
    """Until the host closes its socket or says stop."""
    boot.note()
    host = socket.socket(fileno=fd)
    identity.reset_signals()
    identity.as_module_run({})
    received = wire.receive(host)
    if received is None:
        os._exit(0)
    request = received[0]
    try:
        server = service_calls.serving(request, f"unix:{request['socket']}")
    except BaseException as error:
        wire.send(host, {"event": "failed", "error": service_calls.reason(error)})
        os._exit(1)
    wire.send(host, {"event": "ready"})
    try:
        wire.receive(host)
    except (OSError, EOFError):
        pass
    server.stop(GRACE_S).wait()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
