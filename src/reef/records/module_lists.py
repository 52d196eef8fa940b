"""What loads were seen to import, on disk and named by content: most locations of a fleet import the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from reef.hosting.plan import WarmedModule
from reef.statedir import write_atomic


class ModuleLists:
    """Blocking: call it in a thread. `folder` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, modules: Iterable[WarmedModule]) -> str:
        data = encoded(modules)
        digest = hashlib.sha256(data).hexdigest()[:32]
        path = self._folder / f"{digest}.json"
        if not path.exists():
            write_atomic(path, data)
        return digest

    def get(self, digest: str) -> tuple[WarmedModule, ...] | None:
        """None where it is not there or damaged; then the location counts as not loaded yet."""
        try:
            data = (self._folder / f"{digest}.json").read_bytes()
        except OSError:
            return None
        return decoded(data) if hashlib.sha256(data).hexdigest()[:32] == digest else None

    def keep(self, digests: Iterable[str]) -> None:
        """Remove all others."""
        kept = {f"{digest}.json" for digest in digests}
        for path in self._folder.glob("*.json"):
            if path.name not in kept:
                path.unlink(missing_ok=True)


_ROWS = list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]


def encoded(modules: Iterable[WarmedModule]) -> bytes:
    """As they are written down: a row for each."""
    return msgspec.json.encode([(one.name, one.file, one.env_read, one.needs) for one in modules])


def decoded(data: bytes) -> tuple[WarmedModule, ...] | None:
    """None where these are no such rows."""
    try:
        rows = msgspec.json.decode(data, type=_ROWS)
    except msgspec.MsgspecError:
        return None
    return tuple(WarmedModule(*row) for row in rows)
