"""What this interpreter was before anything of the user's was imported: noted once, restored in each child."""

from __future__ import annotations

import os
import sys

path: list[str] = []
finders: list[object] = []
path_hooks: list[object] = []
umask = 0o022


def note() -> None:
    """Called first of all. `path` is without the script's folder and without PYTHONPATH."""
    global umask
    umask = os.umask(0o077)
    os.umask(umask)
    given = [os.path.abspath(part) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    path[:] = sys.path[:]
    for part in given:
        if path and path[0] == part:
            del path[0]
    finders[:] = [finder for finder in sys.meta_path if not _standard(finder)]
    path_hooks[:] = [hook for hook in sys.path_hooks if not _standard(hook)]


def _standard(hook: object) -> bool:
    module = getattr(hook, "__module__", None) or type(hook).__module__
    return module.startswith(("_frozen_importlib", "importlib", "zipimport"))
