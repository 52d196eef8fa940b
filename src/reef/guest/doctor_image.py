"""What only the container knows that a location is examined in: where its code lies in this image, what its files say,
and how often the kernel has ended a process there for want of memory."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import zipfile
from typing import Any

from .doctor_own import Own

WIDE = ("/", "/bin", "/etc", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr", "/var")
_MODULE = ("module_name", "package_name", "autoload_defs_module_name")
_EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_NO_LIMIT = 1 << 60


def roots(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """The folders that are the location's own: those of its target, and those in which its modules are looked for. An
    installed package counts where the location's target is in it."""
    target = request["target"]
    cwd = os.getcwd()
    path = [target.get("working_directory"), cwd, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    searched = [os.path.join(cwd, one) for one in path if one]
    if target.get("python_file"):
        found = [os.path.dirname(os.path.join(cwd, target["python_file"]))]
    else:
        name = next((target[one] for one in _MODULE if target.get(one)), "")
        found = _of_module(name.partition(".")[0], [*searched, *sys.path])
    found += [one for one in searched if not own.installed(os.path.join(one, ""))]
    return {"roots": [one for one in map(os.path.abspath, found) if one not in WIDE and os.path.isdir(one)]}


def _of_module(top: str, path: list[str]) -> list[str]:
    """Nothing of it is imported: a top-level module is found by looking."""
    found = importlib.machinery.PathFinder.find_spec(top, path) if top else None
    return list(found.submodule_search_locations or ()) if found is not None else []


def source(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """A file's bytes as Latin-1; `text` is None where it cannot be read."""
    path = request["path"]
    archive, inside, rest = path.partition(".zip/")
    try:
        if inside:
            with zipfile.ZipFile(f"{archive}.zip") as packed:
                content = packed.read(rest)
        else:
            with open(path, "rb") as file:
                content = file.read()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return {"text": None}
    return {"text": content.decode("latin-1")}


def memory(request: dict[str, Any], own: Own) -> dict[str, Any]:
    """`kills`: how many processes of this container the kernel has ended for want of memory, None where it does not
    tell. `limit_bytes`: the container's limit, None for none."""
    return {"kills": _number(_EVENTS, "oom_kill"), "limit_bytes": _limit()}


def _number(files: tuple[str, ...], name: str) -> int | None:
    for file in files:
        for line in _lines(file):
            key, _, value = line.partition(" ")
            if key == name and value.strip().isdigit():
                return int(value)
    return None


def _limit() -> int | None:
    for file in _LIMITS:
        for line in _lines(file):
            if line.strip().isdigit() and int(line) < _NO_LIMIT:
                return int(line)
    return None


def _lines(file: str) -> list[str]:
    try:
        with open(file) as found:
            return found.read().splitlines()
    except OSError:
        return []
