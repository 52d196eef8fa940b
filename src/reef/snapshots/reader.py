"""One location snapshot on disk, read part by part; every part is checked before it is handed out."""

from __future__ import annotations

import os
from pathlib import Path

from reef.snapshots.index import (
    HEAD,
    DamagedSnapshot,
    Index,
    IndexedRepository,
    Part,
    checked,
    decode,
    index_length,
)
from reef.wire.fields import text


class SnapshotReader:
    """Blocking: call it in a thread. All methods raise DamagedSnapshot, or OSError where the disk fails.

    A method returns None for what the snapshot does not hold (then the code server has to be asked).
    The file is opened for each read, so a thousand locations asleep hold no descriptor.
    """

    def __init__(self, path: Path, index: Index, parts_at: int) -> None:
        self._path = path
        self._index = index
        self._parts_at = parts_at

    @classmethod
    def open(cls, path: Path, digest: str) -> SnapshotReader:
        """Reads head and index; raises FileNotFoundError, DamagedSnapshot."""
        with path.open("rb") as file:
            head = file.read(HEAD.size)
            head += file.read(index_length(head))
            size = os.fstat(file.fileno()).st_size
        index = decode(head, digest)
        if size != len(head) + index.parts_bytes():
            raise DamagedSnapshot("it has not the length that its index says")
        return cls(path, index, len(head))

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(self._index.repositories)

    def listed(self) -> bytes:
        return self._read(self._index.listed)

    def image(self) -> bytes | None:
        return self._read_optional(self._index.image)

    def repository(self, name: str, *, deferred: bool) -> bytes | None:
        """The raw ExternalRepositoryReply: with job data inside wherever that is recorded."""
        found = self._index.repositories.get(name)
        if found is None:
            return None
        return self._read_optional(found.reply or (found.deferred if deferred else None))

    def job(self, repository: str, job: str) -> bytes | None:
        """The raw ExternalJobReply."""
        found: IndexedRepository | None = self._index.repositories.get(repository)
        part = found.jobs.get(job) if found else None
        return None if part is None else text(1, self._read(part))

    def check(self) -> None:
        """Reads every part once."""
        for part in self._index.parts():
            self._read(part)

    def _read_optional(self, part: Part | None) -> bytes | None:
        return None if part is None else self._read(part)

    def _read(self, part: Part) -> bytes:
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return checked(part, os.pread(fd, part.length, self._parts_at + part.offset))
        finally:
            os.close(fd)
