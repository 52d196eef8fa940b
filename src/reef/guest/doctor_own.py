"""Which files are first-party: below one of the location's roots, and nobody's installation."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from typing import Any


class Own:
    """`roots`: absolute folders, with the working copies that this interpreter has installed besides. A root that lies
    among the installed distributions (of an image into which the location is installed) is first-party too."""

    def __init__(self, roots: list[str]) -> None:
        self._installed = _installed()
        all_roots = [*roots, *(folder for folder in _working_copies(self._installed) if folder not in roots)]
        self.roots = tuple(dict.fromkeys(os.path.join(root, "") for root in all_roots))
        given = (os.path.join(root, "") for root in roots)
        self._among_installed = tuple(root for root in given if self.installed(root) and not _has_all(root))
        self._known: dict[str, bool] = {}

    def __call__(self, file: str) -> bool:
        known = self._known.get(file)
        if known is None:
            path = os.path.abspath(file) if file[:1] != "<" else ""
            apart = not self.installed(path) or path.startswith(self._among_installed)
            known = self._known[file] = path.startswith(self.roots) and apart
        return known

    def installed(self, path: str) -> bool:
        """Whether a file, or a folder that is written with a slash at its end, is somebody's installation."""
        return path.startswith(self._installed) or "/site-packages/" in path or "/dist-packages/" in path


def _has_all(root: str) -> bool:
    """Whether it is the folder of all installations, which a PYTHONPATH may name, and not one of them."""
    return os.path.basename(root[:-1]) in ("site-packages", "dist-packages")


def _installed() -> tuple[str, ...]:
    folders = {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(site.getsitepackages())
    folders.add(os.path.dirname(os.path.abspath(__file__)))
    return tuple(os.path.join(os.path.abspath(folder), "") for folder in folders)


def _working_copies(installed: tuple[str, ...]) -> list[str]:
    """What `.pth` files and the finders of editable installs lead to. Not the standard library's zip, nor Dagster."""
    found = [path for path in sys.path[1:] if os.path.isdir(path)]
    for finder in sys.meta_path:
        module: Any = sys.modules.get(getattr(finder, "__module__", None) or "")
        mapping = getattr(module, "MAPPING", None)
        if isinstance(mapping, dict):
            found += [path for path in mapping.values() if isinstance(path, str)]
    return [
        path
        for path in map(os.path.abspath, found)
        if not os.path.join(path, "").startswith(installed) and not path.startswith(sys.base_prefix + "/lib")
    ]
