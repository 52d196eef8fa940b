"""A child in an interpreter of its own: the same guest, without a zygote."""

from __future__ import annotations

import os
import socket

from . import boot, child, identity, kept, wire


def main(fd: int) -> None:
    """Never returns."""
    boot.note()
    host = socket.socket(fileno=fd)
    identity.reset_signals()
    request = wire.receive(host)
    if request is None:
        os._exit(0)
    kept.first(request[0]["copy"])
    identity.as_module_run(request[0])
    child.run(host, request[0], forked=False)
