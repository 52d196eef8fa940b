"""What runs in the user's interpreter: zygote, child, warm-up, doctor, service. Stdlib only, Python 3.10 and later.

Started as `python -c BOOT FOLDER MODE FD ROOM`, under the private package name `_reef_guest`, so that nothing of
Reef is on `sys.path` and no name of the user's is shadowed. FD is a unix socket to the host that carries
length-prefixed JSON; ROOM is padding, into which a process writes its title.
"""

from __future__ import annotations

import importlib
import sys

AT_START = frozenset(sys.modules)  # what an interpreter has before it runs anything
MODES = ("zygote", "fresh", "warmup", "doctor", "service")


def main(mode: str, fd: int) -> None:
    """Run one mode; does not return from `fresh` and from a zygote's children."""
    if mode not in MODES:
        raise SystemExit(f"unknown mode {mode!r}, must be one of {', '.join(MODES)}")
    importlib.import_module(f"{__name__}.{mode}").main(fd)
