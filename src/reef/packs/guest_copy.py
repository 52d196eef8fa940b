"""Guest code where containers of any image can read it: source alone, for each has an interpreter of its own."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from reef.errors import ReefError
from reef.statedir import write_atomic
from reef.words import fault

GUEST = Path(__file__).resolve().parent.parent / "guest"
FOLDER_MODE, FILE_MODE = 0o555, 0o444


def copy_guest(folder: Path) -> None:
    """Whoever copied there before is replaced, file by file. Raises ReefError."""
    try:
        _copy(GUEST, folder)
    except OSError as error:
        raise ReefError(
            f"guest code cannot be written to {str(folder)!r}: {fault(error)}",
            hint="mount an emptyDir there that this user may write to",
        ) from None


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(
        PermissionError
    ):  # a volume that belongs to another user, and is open to this one
        target.chmod(0o755)
    for entry in sorted(source.iterdir()):
        if entry.is_dir() and entry.name != "__pycache__":
            _copy(entry, target / entry.name)
        elif entry.suffix == ".py":
            write_atomic(target / entry.name, entry.read_bytes(), mode=FILE_MODE)
    with contextlib.suppress(PermissionError):
        os.chmod(target, FOLDER_MODE)
