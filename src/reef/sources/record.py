"""What the source of a location was at one moment: content, and cheap signs of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from reef.sources.content import ABSENT, FileState, FolderState


@dataclass(frozen=True)
class SourceScope:
    """What belongs to a location's source. All paths absolute.

    `roots` are folders taken whole, as far as version control would; `files` count besides, there or not;
    of `folders` the names of the entries count (the load listed them). Nothing of `excluded` counts.
    """

    roots: tuple[str, ...]
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def without(self, paths: Iterable[str]) -> SourceScope:
        """The same without some files and folders: those that the load itself writes each time."""
        return replace(self, excluded=tuple(sorted({*self.excluded, *(path.rstrip("/") for path in paths)})))

    def with_files(self, paths: Iterable[str]) -> SourceScope:
        """The same with some more files."""
        return replace(self, files=tuple(dict.fromkeys((*self.files, *paths))))


@dataclass(frozen=True)
class RootRecord:
    """One root, shared by every location that has it. Keys are relative to `root`."""

    root: str
    files: Mapping[str, FileState]
    folders: Mapping[str, int]
    problem: str | None = None

    @cached_property
    def digest(self) -> str:
        return _digest(f"{path} {state.digest}" for path, state in self.files.items())

    def digest_without(self, excluded: Sequence[str]) -> str:
        """The digest where nothing of `excluded` (absolute paths) counts."""
        inside = {path[len(self.root) + 1 :] for path in excluded if path.startswith(f"{self.root}/")}
        if inside.isdisjoint(self.files):
            return self.digest
        return _digest(f"{p} {state.digest}" for p, state in self.files.items() if p not in inside)


@dataclass(frozen=True)
class SourceRecord:
    """`digest` depends on names and contents alone; not on dates, or on where the roots lie."""

    scope: SourceScope
    digest: str
    roots: tuple[RootRecord, ...]
    files: Mapping[str, FileState]
    folders: Mapping[str, FolderState]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(root.problem for root in self.roots if root.problem)

    def contents(self) -> dict[str, str]:
        """absolute path -> digest of its content, of everything that counts."""
        found = {
            f"{root.root}/{path}": state.digest for root in self.roots for path, state in root.files.items()
        }
        found |= {path: state.digest for path, state in self.files.items()}
        return found | {f"{path}/": state.names for path, state in self.folders.items()}

    def counted(self) -> dict[str, str]:
        """`contents` without what the load itself writes each time."""
        return without(self.contents(), self.scope.excluded)

    def differences(self, other: SourceRecord) -> tuple[str, ...]:
        """The absolute paths whose content is not the same in both, sorted; folders end with a slash."""
        ours, theirs = self.contents(), other.contents()
        paths = ours.keys() | theirs.keys()
        return tuple(sorted(p for p in paths if ours.get(p, ABSENT) != theirs.get(p, ABSENT)))

    def to_json(self) -> dict[str, Any]:
        """Plain lists, strings and numbers; `from_json` reads them back."""
        return {
            "scope": [list(part) for part in _parts(self.scope)],
            "digest": self.digest,
            "roots": [
                {"root": r.root, "files": r.files, "folders": r.folders, "problem": r.problem}
                for r in self.roots
            ],
            "files": dict(self.files),
            "folders": dict(self.folders),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> SourceRecord:
        """Raises KeyError, TypeError or ValueError for what `to_json` did not write."""
        return SourceRecord(
            SourceScope(*(tuple(map(str, part)) for part in data["scope"])),
            str(data["digest"]),
            tuple(
                RootRecord(str(r["root"]), _states(r["files"]), dict(r["folders"]), r["problem"])
                for r in data["roots"]
            ),
            _states(data["files"]),
            {path: FolderState(str(names), int(sign)) for path, (names, sign) in data["folders"].items()},
        )


def without(contents: Mapping[str, str], excluded: Iterable[str]) -> dict[str, str]:
    """Contents by path, less those of `excluded`; folders end with a slash."""
    out = frozenset(excluded)
    return {path: digest for path, digest in contents.items() if path.rstrip("/") not in out}


def _parts(scope: SourceScope) -> tuple[tuple[str, ...], ...]:
    return scope.roots, scope.files, scope.folders, scope.excluded


def _states(data: Mapping[str, Any]) -> dict[str, FileState]:
    return {path: FileState(str(digest), int(sign)) for path, (digest, sign) in data.items()}


def made_record(
    scope: SourceScope,
    roots: tuple[RootRecord, ...],
    files: Mapping[str, FileState],
    folders: Mapping[str, FolderState],
) -> SourceRecord:
    """A record with its digest. Files that a root has already are left out of `files`."""
    listed = {f"{root.root}/{path}" for root in roots for path in root.files}
    dropped = frozenset(scope.excluded)
    besides = {p: s for p, s in sorted(files.items()) if p not in listed and p not in dropped}
    folders = {p: s for p, s in sorted(folders.items()) if p not in dropped}
    lines = [f"root {root.digest_without(scope.excluded)}" for root in roots]
    lines += [f"file {_short(path)} {state.digest}" for path, state in besides.items()]
    lines += [f"folder {_short(path)} {state.names}" for path, state in folders.items()]
    return SourceRecord(scope, _digest(lines), roots, besides, folders)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()[:32]


def _short(path: str) -> str:
    """A name that does not say where somebody has their checkout."""
    return "/".join(path.rsplit("/", 2)[-2:]) if path.count("/") > 1 else os.path.basename(path)


def changed_during(before: SourceRecord, after: SourceRecord, started_at_ns: int) -> tuple[str, ...]:
    """The paths of which the code loaded since `started_at_ns` (time.time_ns) may not be what `after` says.

    `before` was taken before the load, `after` when it was over and with the scope that it reported: empty means
    that they agree; else load again. What differs every time is written by the load itself: `scope.without`.
    """
    known, now = before.contents(), after.contents()
    changed = {path for path, digest in known.items() if path in now and now[path] != digest}
    inside = tuple(f"{root.root}/" for root in before.roots if not root.problem)
    changed |= {
        path for path in now.keys() - known.keys() if path.startswith(inside) or _young(path, started_at_ns)
    }
    gone = {path for path in known.keys() - now.keys() if path.startswith(inside) and not path.endswith("/")}
    return tuple(sorted(changed | gone))


def _young(path: str, since_ns: int) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return True
    return max(found.st_mtime_ns, found.st_ctime_ns) >= since_ns
