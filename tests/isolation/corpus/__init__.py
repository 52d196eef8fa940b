"""Small wheels, each with another thing that it does when it is imported.

`EFFECTS` change something that a later import would not have found changed; `INNOCENT` only look so. `LIBRARIES`
are what wheels of both kinds use, and change nothing by themselves. The sources know nothing of Reef.
"""

from __future__ import annotations

from . import classes, codes, innocent, interpreter, libraries, modules, process, registries
from .wheel import Wheel

LIBRARIES = libraries.WHEELS
EFFECTS = (
    *modules.WHEELS,
    *classes.WHEELS,
    *codes.WHEELS,
    *registries.WHEELS,
    *interpreter.WHEELS,
    *process.WHEELS,
)
INNOCENT = innocent.WHEELS
ENV = {"CORPUS_PATCHES": "1", "CORPUS_CHANGED": "before", "CORPUS_DELETED": "before"}
"""What the processes that import these wheels have in their environment."""

__all__ = ["EFFECTS", "ENV", "INNOCENT", "LIBRARIES", "Wheel"]
