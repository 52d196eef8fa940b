"""What happens while a location loads: imports, environment variables read, files opened, folders listed, and what
it does outside."""

from __future__ import annotations

import builtins
import importlib
import os
import site
import sys
import sysconfig
from typing import Any

from . import outside
from .importing import asked_for

EVERYTHING = "*"
HEARD = frozenset(("open", "os.listdir", "os.scandir", "import")) | outside.HEARD
_Environ: Any = type(os.environ)


class Observed:
    """Watches from its making on, for good: audit hooks cannot be taken away.

    `exact`: an import inside a function is noted for every module whose body leads to it. Otherwise for the first
    only, which halves what a probe costs; enough where a warm-up has been exact about what is shared.
    """

    def __init__(self, exact: bool = True) -> None:
        self._exact = exact
        self.env_read: dict[str, set[str]] = {}
        self.needs: dict[str, set[str]] = {}
        self.files: dict[str, None] = {}
        self.folders: dict[str, None] = {}
        self.outside = outside.Outside()
        self.before = frozenset(sys.modules)
        self._own = _own_folders()
        self._watch_environ()
        self._watch_imports()
        sys.addaudithook(self._heard)

    def modules(self) -> list[dict[str, Any]]:
        """Modules loaded since, in the order in which their imports began."""
        names = [name for name in list(sys.modules) if name not in self.before and name != "__main__"]
        return [
            {
                "name": name,
                "file": _file(name),
                "env_read": sorted(self.env_read.get(name, ())),
                "needs": sorted(self.needs.get(name, ())),
            }
            for name in names
        ]

    def is_at(self, file: str) -> bool:
        """Whether a code object's file is the location's own."""
        return os.path.isabs(file) and not file.startswith(self._own)

    def asked_for(self) -> set[str]:
        """Every module that was asked for since, loaded before or not, with its parents."""
        asked = set().union(*self.needs.values()) if self.needs else set()
        parents = {name.rpartition(".")[0] for name in asked}
        return {name for name in asked | parents if name in sys.modules}

    def _watch_environ(self) -> None:
        get, every = _Environ.__getitem__, _Environ.__iter__
        note = self._env

        copied: list[Any] = [None]  # the name that a copy of the whole is just reading

        def getitem(environ: Any, name: Any) -> Any:
            if name != copied[0] and not _passes_on(sys._getframe(1)):
                note(name)
            return get(environ, name)

        def iterate(environ: Any) -> Any:
            if not _passes_on(sys._getframe(1)):
                note(EVERYTHING)
            for name in every(environ):
                copied[0] = name
                yield name
            copied[0] = None

        _Environ.__getitem__ = getitem
        _Environ.__iter__ = iterate

    def _env(self, name: Any) -> None:
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        if isinstance(name, str):
            self.env_read.setdefault(_importing(sys._getframe(2)), set()).add(name)

    def _watch_imports(self) -> None:
        real = builtins.__import__
        needs, exact = self.needs, self._exact
        noted: set[tuple[Any, str]] = set()

        def watched(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            module = real(name, globals, locals, fromlist, level)
            caller = sys._getframe(1)
            if not exact and caller.f_code.co_name != "<module>":
                if (caller.f_code, name) in noted:
                    return module
                noted.add((caller.f_code, name))
            asker = _importing(caller)
            if asker:
                needs.setdefault(asker, set()).update(asked_for(name, globals, fromlist, level))
            return module

        real_module = importlib.import_module

        def import_module(name: str, package: str | None = None) -> Any:
            module = real_module(name, package)
            asker = _importing(sys._getframe(1))
            if asker:
                needs.setdefault(asker, set()).add(getattr(module, "__name__", name))
            return module

        builtins.__import__ = watched
        importlib.import_module = import_module

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in HEARD:
            return
        try:
            if event == "open":
                self._opened(*args[:3])
            elif event in ("os.listdir", "os.scandir"):
                self._listed(args[0])
            elif event == "import":
                self._imports(args[0])
            else:
                self.outside.heard(event, args)
        except Exception:  # an observer must never change what it observes
            return

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        writes = isinstance(flags, int) and flags & os.O_ACCMODE != os.O_RDONLY
        if not writes and isinstance(path, str | bytes | os.PathLike):
            self._keep(self.files, path)

    def _listed(self, path: Any) -> None:
        asker = sys._getframe(2).f_globals.get("__name__", "")
        if not asker.startswith(("importlib.", "_frozen_importlib")) and not isinstance(path, int):
            self._keep(self.folders, "." if path is None else path)

    def _keep(self, into: dict[str, None], path: Any) -> None:
        full = os.path.abspath(os.fsdecode(path))
        if not full.startswith(self._own) and "/__pycache__" not in full:
            into[full] = None

    def _imports(self, name: str) -> None:
        """A first import, also of C code."""
        asker = _importing(sys._getframe(2))
        if asker and asker != name:
            self.needs.setdefault(asker, set()).add(name)


def _importing(frame: Any) -> str:
    """The module whose body is being executed, innermost; "" where none is."""
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            name = frame.f_globals.get("__name__", "")
            return "" if name == "__main__" else name
        frame = frame.f_back
    return ""


def _passes_on(frame: Any) -> bool:
    """Whether the standard library copies the environment only to give it to a program that it runs."""
    while frame is not None and frame.f_globals.get("__name__") in (
        "collections.abc",
        "_collections_abc",
        "os",
    ):
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") in ("platform", "subprocess")


def _file(name: str) -> str:
    """Written as opened files are: with `working_directory: .` modules come from `/project/./`."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return os.path.abspath(file) if file else ""


def _own_folders() -> tuple[str, ...]:
    """Folders whose files are the interpreter's and its distributions', and the kernel's."""
    folders = {path for path in sysconfig.get_paths().values() if path}
    folders.update(site.getsitepackages(), (sys.prefix + "/lib", sys.base_prefix + "/lib"))
    folders.update(("/proc", "/sys", "/dev", os.path.dirname(os.path.abspath(__file__))))
    kept = {os.path.join(os.path.abspath(folder), "") for folder in folders}
    return tuple(kept - {os.path.join(sys.prefix, ""), os.path.join(sys.base_prefix, ""), "/"})
