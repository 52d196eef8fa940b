"""Reloads that Reef itself causes, and that are nobody's wish to load code again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class Quiet:
    """While active, ReloadCode is ignored for unchanged locations: Reef caused it."""

    def __init__(self) -> None:
        self._active = 0

    @property
    def active(self) -> bool:
        return self._active > 0

    @contextlib.contextmanager
    def while_reloading(self) -> Iterator[None]:
        """Around what makes the webserver reload its workspace."""
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1
