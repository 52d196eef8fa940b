"""What the paths in a settings file are relative to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Base:
    """The absolute folder that relative paths start from."""

    folder: str

    def path(self, written: str) -> str:
        """Absolute, `~` expanded; `..` and links are left alone, as Dagster leaves them."""
        if written == ".":
            return self.folder
        return os.path.join(self.folder, os.path.expanduser(written))

    def written(self, path: str) -> str:
        """The shortest spelling of which `path` would make this path again (or without the `.` in it)."""
        path = undotted(path)
        if path == self.folder:
            return "."
        inside = path.removeprefix(self.folder.rstrip(os.sep) + os.sep)
        return inside if self.path(inside) == path else path


def undotted(path: str) -> str:
    """Without `.` as a part of it; `..` stays, since a link may lead elsewhere."""
    return re.sub(r"(/\.)+(?=/|$)", "", path) or os.sep


def folder_of(file: str) -> str:
    """The absolute folder of a file."""
    return os.path.dirname(os.path.abspath(file))
