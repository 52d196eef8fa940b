"""What the page reads of the controller's books: what a served version defines, and the whole error of one that does
not load. A CodeLocation's status has no room for either."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from reef.cluster.kinds import Document
from reef.records.postgres_reading import PostgresReading
from reef.web.tracebacks import traceback_of
from reef.words import describe

log = logging.getLogger("reef.viewing")

AGAIN_S = 30.0  # between two readings, while something has changed


class _Refused(msgspec.Struct):
    message: str = ""
    at: float = 0.0


class _Shown(msgspec.Struct):
    load_error: str | None = None


class _Book(msgspec.Struct):
    shown: _Shown | None = None
    refused: dict[str, _Refused] = {}


class BooksRead:
    """Belongs to one event loop. Where the database is away, nothing more is known than before."""

    def __init__(self, reading: PostgresReading) -> None:
        self._reading = reading
        self._known: Mapping[str, tuple[str, dict[str, Any]]] = {}
        self._wanted: Mapping[str, str] = {}
        self._next = 0.0

    async def definitions(self, versions: Mapping[str, str]) -> Mapping[str, dict[str, Any]]:
        """By location; `versions` are those that are served."""
        now = time.monotonic()
        if versions != self._wanted and now >= self._next:
            self._next = now + AGAIN_S
            try:
                found = await asyncio.to_thread(self._reading.definitions)
            except OSError as error:
                log.info("what locations define is not known: %s", describe(error))
            else:
                self._known = {
                    name: (version, msgspec.json.decode(body)) for name, (version, body) in found.items()
                }
                self._wanted = versions
        return {
            name: found for name, (version, found) in self._known.items() if versions.get(name) == version
        }

    async def error(self, name: str) -> str:
        """The traceback of a location that never loaded, else all that was said of its newest refused version; ""
        where nobody knows."""
        try:
            body = await asyncio.to_thread(self._reading.book, name)
        except OSError:
            return ""
        if body is None:
            return ""
        book = msgspec.json.decode(body, type=_Book)
        if book.shown is not None and book.shown.load_error:
            return traceback_of(book.shown.load_error)
        return max(book.refused.values(), key=lambda each: each.at, default=_Refused()).message


def version_of(location: Document) -> str:
    """That is served of it, as its status says."""
    return str((location.get("status") or {}).get("version") or "")
