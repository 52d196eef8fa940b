"""Paths of this machine as paths in an image."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Inside:
    """`folder` of this machine is in the image at `workdir`, or, where that is unknown, the image's WORKDIR."""

    folder: str
    workdir: str | None = None

    def path(self, path: str) -> str | None:
        """The path in the image, relative to its WORKDIR where that is unknown; None for what is not in the folder."""
        relative = os.path.relpath(path, self.folder)
        if relative == ".." or relative.startswith("../"):
            return None
        return self.absolute(relative)

    def absolute(self, written: str) -> str:
        """A path as it was written in the image's folder, absolute where the folder is known."""
        if os.path.isabs(written) or self.workdir is None:
            return os.path.normpath(written)
        return os.path.normpath(os.path.join(self.workdir, written))

    def is_folder(self, path: str) -> bool:
        """Whether it is the folder itself."""
        return os.path.normpath(path) == os.path.normpath(self.folder)
