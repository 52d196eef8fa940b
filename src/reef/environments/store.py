"""Environments on disk between starts, one file for each interpreter; anything odd is as good as absent."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import msgspec

from reef.environments.model import Environment, compact
from reef.statedir import write_atomic

_FORMAT = b"reef-environment-3\n"


def _path(folder: Path, python: str) -> Path:
    return folder / f"{hashlib.sha256(python.encode()).hexdigest()[:24]}.json"


def load(folder: Path, python: str) -> Environment | None:
    """What was stored for this interpreter, without asking whether it still holds."""
    try:
        data = _path(folder, python).read_bytes()
        if not data.startswith(_FORMAT):
            return None
        found = msgspec.json.decode(data[len(_FORMAT) :], type=Environment)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    return compact(found) if found.python == python else None


def save(folder: Path, environment: Environment) -> None:
    """Store in one step. A disk that is full only means surveying again at the next start."""
    with suppress(OSError):
        data = _FORMAT + msgspec.json.encode(environment)
        write_atomic(_path(folder, environment.python), data, lasting=False)
