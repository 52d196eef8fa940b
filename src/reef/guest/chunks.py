"""Comparing very many things often: all of them in a few calls, and one by one only where something is another.

Comparing lists is the quickest way that there is to see that nothing has changed: an item that is the same object
is not looked at further.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any

MOST = 400


Flat = Callable[[list[Any]], list[Any]]


class Chunks:
    """`flat`: what many things hold, one after the other in one list; `sizes`: how many items each of them has there;
    `keys`: those of the items, where they have some. Few long lists: what many short ones leave in a heap stays."""

    def __init__(
        self, flat: Flat, sizes: Callable[[list[Any]], Iterable[int]], keys: Flat | None = None
    ) -> None:
        self._flat, self._sizes, self._keys = flat, sizes, keys
        self._chunks: list[_Chunk] = []
        self.things: list[Any] = []

    def add(self, things: list[Any]) -> None:
        for start in range(0, len(things), MOST):
            some = things[start : start + MOST]
            if not self._chunks or len(self._chunks[-1].things) + len(some) > MOST:
                self._chunks.append(_Chunk(len(self.things)))
            self._chunks[-1].add(some, self._flat(some), self._sizes(some), self._keys and self._keys(some))
            self.things += some

    def changed(self) -> Iterator[tuple[int, list[Any], list[Any]]]:
        """Number of each thing that holds something else than when it was last looked at, what it held then, and the
        keys of that."""
        for chunk in self._chunks:
            now = self._flat(chunk.things)
            if not equal(now, chunk.flat):
                found = list(self._in_chunk(chunk))
                chunk.take(now, self._sizes(chunk.things), self._keys and self._keys(chunk.things))
                yield from found

    def _in_chunk(self, chunk: _Chunk) -> Iterator[tuple[int, list[Any], list[Any]]]:
        start = 0
        for number, (thing, size) in enumerate(zip(chunk.things, chunk.sizes, strict=True)):
            before, now = chunk.flat[start : start + size], self._flat([thing])
            if not (equal(now, before) or all_same(now, before)):
                yield chunk.first + number, before, chunk.keys[start : start + size]
            start += size


class _Chunk:
    def __init__(self, first: int) -> None:
        self.first = first
        self.things: list[Any] = []
        self.take([], (), None)

    def take(self, flat: list[Any], sizes: Iterable[int], keys: list[Any] | None) -> None:
        self.flat, self.sizes, self.keys = flat, array("l", sizes), keys or []

    def add(self, things: list[Any], flat: list[Any], sizes: Iterable[int], keys: list[Any] | None) -> None:
        self.things += things
        self.flat += flat
        self.sizes.extend(sizes)
        self.keys += keys or []


def equal(now: Any, before: Any) -> bool:
    """Objects that are not the same are asked whether they are equal, and may say anything to that."""
    try:
        return bool(now == before)
    except Exception:
        return False


def all_same(now: Any, before: Any) -> bool:
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))
