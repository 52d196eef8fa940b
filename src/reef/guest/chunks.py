"""Comparing very many things often: all of them in a few calls, and one by one only where something is another.

Comparing lists is the quickest way that there is to see that nothing has changed: an item that is the same object
is not looked at further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOST = 400


class Chunks:
    """`flat`: what many things hold, one after the other in one list; `kept`: a copy of one of them, `items` of which
    are what it held."""

    def __init__(
        self,
        flat: Callable[[list[Any]], list[Any]],
        kept: Callable[[Any], Any],
        items: Callable[[Any], list[Any]] = list,
    ) -> None:
        self._flat, self._kept, self._items = flat, kept, items
        self._chunks: list[_Chunk] = []
        self.things: list[Any] = []

    def add(self, things: list[Any]) -> None:
        for start in range(0, len(things), MOST):
            some = things[start : start + MOST]
            if self._chunks and len(self._chunks[-1].things) + len(some) <= MOST:
                self._chunks[-1].add(some, self._flat(some), list(map(self._kept, some)))
            else:
                self._chunks.append(
                    _Chunk(len(self.things), some, self._flat(some), list(map(self._kept, some)))
                )
            self.things += some

    def changed(self) -> Iterator[tuple[int, Any]]:
        """Number of each thing that holds something else than when it was last looked at, with what it held then."""
        for chunk in self._chunks:
            now = self._flat(chunk.things)
            if not equal(now, chunk.flat):
                chunk.flat = now
                yield from self._in_chunk(chunk)

    def _in_chunk(self, chunk: _Chunk) -> Iterator[tuple[int, Any]]:
        for number, (thing, before) in enumerate(zip(chunk.things, chunk.held, strict=True)):
            now = self._kept(thing)
            items, were = self._items(now), self._items(before)
            if not (equal(items, were) or all_same(items, were)):
                chunk.held[number] = now
                yield chunk.first + number, before


class _Chunk:
    def __init__(self, first: int, things: list[Any], flat: list[Any], held: list[Any]) -> None:
        self.first, self.things, self.flat, self.held = first, list(things), flat, held

    def add(self, things: list[Any], flat: list[Any], held: list[Any]) -> None:
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
