"""Which locations a changed path concerns, and which folders have to be watched to hear of it. Pure.

It names too many locations rather than too few: whether anything of a location really changed is then seen by the
hashes of its files, and one of which nothing changed is not probed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reef.sources.ignored import ignored_file, ignored_folder


@dataclass(frozen=True)
class Followed:
    """What of the disk concerns one location. All paths absolute, without a slash at their end."""

    roots: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()  # a new entry in one of them may count
    files: frozenset[str] = frozenset()  # count besides, there or not; links on the way to what counts
    excluded: frozenset[str] = frozenset()  # its own load writes them

    def to_watch(self) -> frozenset[str]:
        """The folders in which something may happen that concerns it, there or not."""
        return self.folders | {parent(path) for path in (*self.files, *self.roots)}


class Concerns:
    """Paths against all locations: built once, asked at each change."""

    def __init__(self, watched: Mapping[str, Followed]) -> None:
        self._exactly: defaultdict[str, set[str]] = defaultdict(set)
        self._inside: defaultdict[str, set[str]] = defaultdict(set)
        self._excluded = {name: one.excluded for name, one in watched.items()}
        for name, one in watched.items():
            for path in (*one.files, *one.roots, *_with_those_above(one.to_watch())):
                self._exactly[path].add(name)
            for folder in one.folders:
                self._inside[folder].add(name)

    def of(self, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """location -> the paths of these that concern it, sorted; locations that none concerns are left out."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for path in paths:
            for name in self._names(path):
                if path not in self._excluded[name]:
                    found[name].add(path)
        return {name: tuple(sorted(those)) for name, those in found.items()}

    def _names(self, path: str) -> set[str]:
        exactly = self._exactly.get(path, set())
        last = path.rpartition("/")[2]
        if ignored_file(last) or ignored_folder(last):
            return exactly
        return exactly | self._inside.get(parent(path), set())


def parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _with_those_above(folders: Iterable[str]) -> set[str]:
    """A folder that is moved away, or comes back, takes all below it along."""
    found: set[str] = set()
    for folder in folders:
        while folder != "/" and folder not in found:
            found.add(folder)
            folder = parent(folder)
    return found


def poll_pause_s(took_s: float) -> float:
    """Between two looks at everything where nobody tells of changes: a look is to cost a tenth of the time at
    most."""
    return min(30.0, max(1.0, 10 * took_s))
