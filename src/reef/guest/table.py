"""Which modules are hidden and which asks for which, in a form that a forked child can read without writing.

To look at an object is to count a reference to it, which copies the page that it lies on. Numbers in arrays are no
objects. Names are new strings side by side, so that few pages have those of many modules.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any


class Table:
    """`rows`: the name of each module, as they were imported -> what its body asked for."""

    def __init__(self, rows: Mapping[str, Iterable[str]]) -> None:
        self.names = ["".join(list(name)) for name in rows]
        self.modules: list[Any] = [None] * len(rows)
        self.is_hidden, self.stays = bytearray(len(rows)), bytearray(len(rows))
        self.is_in_package = bytearray(len(rows))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._starts, self._asked = array("i", [0]), array("i")
        known: dict[str, tuple[int, ...]] = {}
        for asked in rows.values():
            self._asked.extend(
                sorted({number for name in asked for number in self._with_package(name, known)})
            )
            self._starts.append(len(self._asked))
        self._groups: dict[int, list[int]] = {}

    def note_group(self, group: int, modules: Iterable[str]) -> None:
        for name in modules:
            if (number := self._numbers.get(name)) is not None:
                self._groups.setdefault(number, []).append(group)

    def groups_of(self, number: int) -> Sequence[int]:
        return self._groups.get(number, ())

    def number(self, name: str) -> int | None:
        return self._numbers.get(name)

    def hidden(self) -> Iterator[int]:
        return (number for number, is_hidden in enumerate(self.is_hidden) if is_hidden)

    def forget(self) -> None:
        """What is hidden is imported anew, but for what `stays`."""
        for number in list(self.hidden()):
            if not self.stays[number]:
                self.is_hidden[number] = 0

    def asked_by(self, name: str) -> list[str]:
        number = self._numbers.get(name)
        if number is None:
            return []
        return [self.names[asked] for asked in self._asked[self._starts[number] : self._starts[number + 1]]]

    def needed(self, name: str) -> list[int]:
        """It and what it asks for, and what those ask for, of those that are hidden; in order."""
        seen, first = bytearray(len(self.names)), self._numbers.get(name)
        waiting = [] if first is None else [first]
        while waiting:
            number = waiting.pop()
            seen[number] = 1
            for at in range(self._starts[number], self._starts[number + 1]):
                asked = self._asked[at]
                if self.is_hidden[asked] and not seen[asked]:
                    waiting.append(asked)
        return [number for number in self.hidden() if seen[number]]

    def comes_with(self, known: Container[str]) -> list[int]:
        """By number: all that comes when a module is imported, as the bits of an integer. Of modules that are not
        `known` it is not sure what they ask for."""
        asked = [
            self._asked[self._starts[n] : self._starts[n + 1]] if name in known else ()
            for n, name in enumerate(self.names)
        ]
        found, is_other = [1 << number for number in range(len(self.names))], True
        while is_other:
            is_other = False
            for number in reversed(range(len(found))):
                bits = found[number]
                for each in asked[number]:
                    bits |= found[each]
                is_other = is_other or bits != found[number]
                found[number] = bits
        return found

    def _with_package(self, name: str, known: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        """Its number and that of its package; `known`: what was found before."""
        if name not in known:
            both = (self._numbers.get(each) for each in (name, name.rpartition(".")[0]))
            known[name] = tuple(number for number in both if number is not None)
        return known[name]
