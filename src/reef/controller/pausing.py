"""A location that a person has paused is left as it is: what it asked for then is kept, and counts until it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from reef.controller.asked import Asked
from reef.controller.book import Book
from reef.controller.library import Library
from reef.controller.tasks import Tasks, Work


def to_note(fleet: Iterable[Asked]) -> Mapping[str, dict[str, Any] | None]:
    """Locations of which something else is to be written down: what they ask for now, None where they go on."""
    found: dict[str, dict[str, Any] | None] = {}
    for each in fleet:
        known, noted = each.known, each.book.paused_spec
        if known.paused and noted is None and known.location is not None:
            found[known.name] = cast("dict[str, Any]", msgspec.to_builtins(known.location.spec))
        elif not known.paused and noted is not None:
            found[known.name] = None
    return found


def noted(book: Book, spec: dict[str, Any] | None) -> Book:
    return msgspec.structs.replace(book, paused_spec=spec)


def note_pauses(fleet: Iterable[Asked], library: Library, tasks: Tasks) -> None:
    """Begin to write it down."""
    for name, spec in to_note(fleet).items():
        tasks.begin(f"noting whether {name} is paused", _writing(library, name, spec))


def _writing(library: Library, name: str, spec: dict[str, Any] | None) -> Work:
    return lambda: library.edit(name, lambda book: noted(book, spec))
