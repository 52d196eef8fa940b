"""The source of all locations, looked at once however many share it. Work is done off the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from reef.sources.content import (
    UNSETTLED,
    FileState,
    FolderState,
    folder_sign,
    settled_folder_sign,
    sign_of,
    signs_of,
    state_of,
)
from reef.sources.ignored import ignored_file, ignored_folder
from reef.sources.listing import TooManyFiles, source_files
from reef.sources.record import RootRecord, SourceRecord, SourceScope, made_record

T = TypeVar("T")


@dataclass(frozen=True)
class Checked:
    """`record` is what is there now; keep it, its signs are fresher. `changed`: absolute paths, for people."""

    same: bool
    record: SourceRecord
    changed: tuple[str, ...] = ()


class SourceIndex:
    """Use from one event loop. Calls for one root that overlap are one piece of work."""

    def __init__(
        self, ignore: Sequence[str] = (), most_files: int = 20_000, executor: Executor | None = None
    ) -> None:
        self._ignore = tuple(ignore)
        self._most_files = most_files
        self._executor = executor
        self._roots: dict[str, RootRecord] = {}
        self._files: dict[str, FileState] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._looks: dict[str, int] = {}  # root -> when the last look at it began, in calls
        self._calls = itertools.count(1)

    async def record(self, scope: SourceScope) -> SourceRecord:
        """What is there now: every file has been read, or bears the sign of when it was."""
        roots = await asyncio.gather(*(self._root(root) for root in scope.roots))
        files, folders = await self._off_loop(lambda: self._besides(scope))
        return made_record(scope, tuple(roots), files, folders)

    async def check(self, record: SourceRecord) -> Checked:
        """Is it still what the record says? Some milliseconds where nothing has been touched."""
        self.remember(record)
        now = await self.record(record.scope)
        if now.digest == record.digest:
            return Checked(True, now)
        return Checked(False, now, record.differences(now))

    def remember(self, record: SourceRecord) -> None:
        """Take over the signs of a record that an earlier process wrote, as far as nothing newer is known."""
        for root in record.roots:
            self._roots.setdefault(root.root, root)
        for path, state in record.files.items():
            self._files.setdefault(path, state)

    def forget(self, keep: Sequence[SourceScope]) -> None:
        """Drop what no scope of `keep` names."""
        roots = {root for scope in keep for root in scope.roots}
        files = {file for scope in keep for file in scope.files}
        self._roots = {path: found for path, found in self._roots.items() if path in roots}
        self._files = {path: found for path, found in self._files.items() if path in files}
        self._looks = {path: when for path, when in self._looks.items() if path in roots}

    async def _root(self, root: str) -> RootRecord:
        """What is there now: the result of a look that began after this call, whoever else waits for it."""
        asked = next(self._calls)
        async with self._locks.setdefault(root, asyncio.Lock()):
            if self._looks.get(root, 0) < asked:
                self._looks[root] = next(self._calls)
                known = self._roots.get(root)
                self._roots[root] = await self._off_loop(lambda: self._looked_at(root, known))
            return self._roots[root]

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _looked_at(self, root: str, known: RootRecord | None) -> RootRecord:
        if known is None or known.problem or _folders_changed(known):
            return self._listed(root, known.files if known else {})
        touched = _touched(known)
        if not touched:
            return known
        return _with(known, {path: state_of(f"{root}/{path}", root) for path in touched})

    def _listed(self, root: str, known: Mapping[str, FileState]) -> RootRecord:
        began_ns = time.time_ns()
        try:
            listing = source_files(root, self._ignore, self._most_files)
        except TooManyFiles:
            problem = f"{root} holds more than {self._most_files:,} files: only what a load reads is watched"
            return RootRecord(root, {}, {}, problem)
        folders = _signs(root, listing.folders, began_ns)
        files = {path: _known_or_read(f"{root}/{path}", known.get(path), root) for path in listing.files}
        return RootRecord(root, files, folders)

    def _besides(self, scope: SourceScope) -> tuple[dict[str, FileState], dict[str, FolderState]]:
        files = {path: _known_or_read(path, self._files.get(path)) for path in scope.files}
        self._files.update(files)
        return files, {path: _folder(path) for path in scope.folders}


def _folders_changed(known: RootRecord) -> bool:
    root = known.root
    return any(
        folder_sign(f"{root}/{path}" if path else root) != sign for path, sign in known.folders.items()
    )


def _touched(known: RootRecord) -> list[str]:
    states = known.files
    return [path for path, sign in signs_of(f"{known.root}/", states) if sign != states[path].sign]


def _with(known: RootRecord, states: Mapping[str, FileState]) -> RootRecord:
    return RootRecord(known.root, {**known.files, **states}, known.folders, known.problem)


def _signs(root: str, folders: Sequence[str], listed_at_ns: int) -> dict[str, int]:
    return {path: settled_folder_sign(f"{root}/{path}" if path else root, listed_at_ns) for path in folders}


def _known_or_read(path: str, known: FileState | None, root: str = "") -> FileState:
    if known is not None and known.sign != UNSETTLED and sign_of(path) == known.sign:
        return known
    return state_of(path, root)


def _folder(path: str) -> FolderState:
    try:
        names = sorted(n for n in os.listdir(path) if not (ignored_file(n) or ignored_folder(n)))
    except OSError:
        return FolderState("absent", -1)
    digest = hashlib.blake2b("\0".join(names).encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return FolderState(digest, folder_sign(path))
