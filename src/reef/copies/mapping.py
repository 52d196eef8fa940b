"""A location's settings, moved to where its kept source lies."""

from __future__ import annotations

import os
from dataclasses import replace

from reef.fleet.model import CodeTarget, Location


def mapped(spec: Location, base: str) -> Location:
    """`spec` as it runs from the tree `base`. Folders that are not in the tree stay what they are. Looks at the
    disk."""
    env = dict(spec.env)
    if parts := env.get("PYTHONPATH"):
        env["PYTHONPATH"] = os.pathsep.join(_both(spec.cwd, part, base) for part in parts.split(os.pathsep))
    return replace(
        spec,
        code=_code(spec.code, base) if spec.code else None,
        cwd=_moved(spec.cwd, base) or spec.cwd,
        env=env,
    )


def _code(code: CodeTarget, base: str) -> CodeTarget:
    return replace(
        code,
        python_file=_moved(code.python_file, base),
        working_directory=_moved(code.working_directory, base),
    )


def _both(cwd: str, part: str, base: str) -> str:
    """The kept folder first, then the real one, for what is no source."""
    path = os.path.abspath(os.path.join(cwd, part)) if part else ""
    new = _moved(path, base) if path else None
    return f"{new}{os.pathsep}{path}" if new and new != path else part


def _moved(path: str | None, base: str) -> str | None:
    if not path or not os.path.isabs(path):
        return path
    new = base + os.path.normpath(path)
    return new if is_kept(new, base) else path


def is_kept(path: str, base: str) -> bool:
    """Whether a path is really in the tree, not behind one of its links."""
    return os.path.exists(path) and os.path.realpath(path) == os.path.realpath(base) + path[len(base) :]
