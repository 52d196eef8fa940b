"""Everything that a fork carries over wrongly, set right. One function for each kind of state."""

from __future__ import annotations

import importlib.machinery
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import types
import warnings
from typing import Any

from . import boot, hidden, kept, multiproc, rebase, where


def take_descriptors(log: int, keep: tuple[int, ...]) -> None:
    """stdin from nowhere, stdout and stderr to the log, everything else of the zygote's closed."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def reset_signals() -> None:
    """As a new interpreter has them, whatever was inherited: a server that ignores SIGINT ignores SIGTERM too."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def become(spec: dict[str, Any]) -> None:
    os.umask(boot.umask)
    set_environment(complete(spec["env"], spec["environ_of"]))
    os.chdir(spec["cwd"])
    where.here()
    set_interpreter(spec)
    as_module_run(spec)
    interpreter_settings(dict(os.environ))
    reseed()
    multiproc.start_anew(spec["python"], os.getcwd())


def complete(env: dict[str, str], beside: int) -> dict[str, str]:
    """With the variables that the process `beside` was started with, if there is one: a container's own are read
    here, so that their values need not leave it."""
    if not beside:
        return env
    with open(
        f"/proc/{beside}/environ", encoding=sys.getfilesystemencoding(), errors="surrogateescape"
    ) as file:
        pairs = [one.partition("=") for one in file.read().split("\0")]
    return {**{name: value for name, equals, value in pairs if name and equals}, **env}


def set_environment(env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    tempfile.tempdir = None  # found anew, from these variables


def set_interpreter(spec: dict[str, Any]) -> None:
    sys.path[:] = boot.path
    if spec["rebase"]:
        rebase.move(spec["rebase"])
    sys.executable = spec["python"]
    given = python_path(dict(os.environ))
    sys.path[:0] = given
    kept.first(spec["copy"])
    for name in ("sitecustomize", "usercustomize"):
        _customize(name, given)


def python_path(env: dict[str, str]) -> list[str]:
    parts = env.get("PYTHONPATH", "").split(os.pathsep)
    return list(dict.fromkeys(os.path.abspath(part) for part in parts if part))


def _customize(name: str, path: list[str]) -> None:
    """A module on PYTHONPATH that an interpreter imports when it starts."""
    if not path or name in sys.modules or importlib.machinery.PathFinder.find_spec(name, path) is None:
        return
    try:
        importlib.import_module(name)
    except Exception:
        traceback.print_exc()


def as_module_run(spec: dict[str, Any]) -> None:
    """`python -m`: the working directory first on the path, and an empty main module."""
    if not (sys.version_info >= (3, 11) and os.environ.get("PYTHONSAFEPATH")):
        sys.path.insert(0, os.getcwd())
    sys.argv[:] = ["-m"]
    main = types.ModuleType("__main__")
    main.__builtins__ = __builtins__  # type: ignore[attr-defined]
    main.__annotations__ = {}
    sys.modules["__main__"] = main


def interpreter_settings(env: dict[str, str]) -> None:
    """What the interpreter reads from its environment when it starts, and can still be set."""
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    sys.pycache_prefix = env.get("PYTHONPYCACHEPREFIX") or None
    if env.get("PYTHONUNBUFFERED"):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=False, write_through=True)  # type: ignore[union-attr]
    wanted = env.get("PYTHONWARNINGS")
    if wanted:
        options = [part.strip() for part in wanted.split(",")]
        sys.warnoptions[:] = options
        warnings._processoptions(options)  # type: ignore[attr-defined]


def reseed() -> None:
    """`random` reseeds itself after a fork, but not the generator state that numpy keeps globally."""
    random.seed()
    numpy_random: Any = hidden.found("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
