"""Which interpreter a setting means."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping


def resolved_python(written: str, folder: str, environ: Mapping[str, str]) -> str:
    """The absolute path that `written` means, links kept; it need not exist.

    A word without a slash is looked for on PATH, anything else is relative to `folder`; a virtual
    environment's folder means its `bin/python`.
    """
    home = os.path.join(folder, os.path.expanduser(written))
    if os.path.isfile(os.path.join(home, "bin", "python")):
        return os.path.join(home, "bin", "python")
    if os.sep not in written and (found := shutil.which(written, path=environ.get("PATH", os.defpath))):
        return os.path.abspath(found)
    return home


def fault_of(python: str) -> str | None:
    """What is wrong with an interpreter's path, None where it can be started."""
    if not os.path.exists(python):
        return "does not exist"
    if os.path.isdir(python):
        return "is a folder without bin/python"
    return None if os.access(python, os.X_OK) else "is not executable"
