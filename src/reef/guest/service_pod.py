"""A shared service in a pod: offers the functions that a file names on a TCP port, until SIGTERM.

Started as `python3 .../service_pod.py FILE`. It listens once the module is imported; an import that fails ends it."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from typing import Any

PACKAGE = "_reef_guest"
GRACE_S = 20.0  # less than a pod is given to end
# Callers spread over more pods, or fewer, as their connections are made anew.
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_connection_age_ms", 60_000))


def main() -> None:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # the first process of a container has no default for them
        signal.signal(number, lambda *_: os._exit(0))
    with open(sys.argv[1], encoding="utf-8") as file:
        request: dict[str, Any] = json.load(file)
    calls = _beside("service_calls")
    server = calls.serving(request, f"[::]:{request['port']}", _OPTIONS)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    print(f"{request['module']} is offered on port {request['port']}", flush=True)
    ending.wait()
    server.stop(GRACE_S).wait()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _beside(name: str) -> Any:
    """Another file of this folder, which is then on nobody's path: the working directory is, as with `python -m`."""
    here = os.path.dirname(os.path.abspath(__file__))
    package = type(sys)(PACKAGE)
    package.__path__ = [here]
    sys.modules[PACKAGE] = package
    found = importlib.import_module(f"{PACKAGE}.{name}")
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.getcwd()
    return found


if __name__ == "__main__":
    main()
