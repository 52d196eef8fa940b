"""Comparing very many things often: all of them in a few calls, and one by one only where something is another.

Comparing lists is the quickest way that there is to see that nothing has changed: an item that is the same object
is not looked at further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOST = 400


class Chunks:
    """`flat`: what many things hold, one after the other in one list; `one`: what one of them holds."""

    def __init__(self, flat: Callable[[list[Any]], list[Any]], one: Callable[[Any], list[Any]]) -> None:
        self._flat, self._one = flat, one
        self._chunks: list[_Chunk] = []
        self.things: list[Any] = []

    def add(self, things: list[Any]) -> None:
        for start in range(0, len(things), MOST):
            some = things[start : start + MOST]
            if self._chunks and len(self._chunks[-1].things) + len(some) <= MOST:
                self._chunks[-1].add(some, self._flat(some), list(map(self._one, some)))
            else:
                self._chunks.append(
                    _Chunk(len(self.things), some, self._flat(some), list(map(self._one, some)))
                )
            self.things += some

    def changed(self) -> Iterator[tuple[int, list[Any]]]:
        """Number of each thing that holds something else than when it was last looked at, with what it held then."""
        for chunk in self._chunks:
            now = self._flat(chunk.things)
            if not equal(now, chunk.flat):
                chunk.flat = now
                yield from self._in_chunk(chunk)

    def _in_chunk(self, chunk: _Chunk) -> Iterator[tuple[int, list[Any]]]:
        for number, (thing, before) in enumerate(zip(chunk.things, chunk.held, strict=True)):
            now = self._one(thing)
            if not (equal(now, before) or all_same(now, before)):
                chunk.held[number] = now
                yield chunk.first + number, before


class _Chunk:
    def __init__(self, first: int, things: list[Any], flat: list[Any], held: list[list[Any]]) -> None:
        self.first, self.things, self.flat, self.held = first, list(things), flat, held

    def add(self, things: list[Any], flat: list[Any], held: list[list[Any]]) -> None:
        self.things += things
        self.flat += flat
        self.held += held


def equal(now: Any, before: Any) -> bool:
    """Objects that are not the same are asked whether they are equal, and may say anything to that."""
    try:
        return bool(now == before)
    except Exception:
        return False


def all_same(now: Any, before: Any) -> bool:
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))
