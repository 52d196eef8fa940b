"""The file of a location snapshot: magic, lengths, an index that hashes every part, then the parts.

    8 bytes   magic
    4 bytes   format version, big endian
    4 bytes   length of the index, big endian
    ...       index, JSON
    ...       parts, one after the other

The digest of a snapshot is the SHA-256 of everything before the parts; the index holds the SHA-256 of each
part. So every byte is checked, and a reader that wants one part reads no other.
"""

from __future__ import annotations

import hashlib
import struct

import msgspec

from reef.snapshots.model import LocationSnapshot, RecordedRepository
from reef.words import describe

MAGIC = b"REEFSNAP"
FORMAT = 1
HEAD = struct.Struct(">8sII")


class DamagedSnapshot(Exception):
    """The file is cut off, changed, or of another format."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Bytes of the file: `offset` counts from its first part."""

    offset: int
    length: int
    sha256: str


class IndexedRepository(msgspec.Struct, frozen=True):
    reply: Part | None
    deferred: Part | None
    jobs: dict[str, Part]
    error: bool


class Index(msgspec.Struct, frozen=True):
    listed: Part
    image: Part | None
    repositories: dict[str, IndexedRepository]

    def parts(self) -> tuple[Part, ...]:
        whole = [self.listed, self.image]
        for repository in self.repositories.values():
            whole += [repository.reply, repository.deferred, *repository.jobs.values()]
        return tuple(part for part in whole if part is not None)

    def parts_bytes(self) -> int:
        """How long all parts are together."""
        return max(part.offset + part.length for part in self.parts())


class _Layout:
    """Gives each part its place."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._end = 0

    def add(self, data: bytes) -> Part:
        part = Part(self._end, len(data), _sha256(data))
        self.parts.append(data)
        self._end += len(data)
        return part

    def add_optional(self, data: bytes | None) -> Part | None:
        return None if data is None else self.add(data)

    def repository(self, recorded: RecordedRepository) -> IndexedRepository:
        reply = self.add_optional(recorded.reply)
        deferred = self.add_optional(recorded.deferred)
        jobs = {name: self.add(text) for name, text in recorded.jobs.items()}
        if reply is not None and recorded.reply is not None:
            view = memoryview(recorded.reply)
            for name, (start, end) in recorded.spans.items():
                jobs[name] = Part(reply.offset + start, end - start, _sha256(view[start:end]))
        return IndexedRepository(reply, deferred, jobs, recorded.error)


def encode(snapshot: LocationSnapshot) -> tuple[str, list[bytes]]:
    """The digest, and the file as a list of pieces."""
    layout = _Layout()
    index = Index(
        listed=layout.add(snapshot.listed),
        image=layout.add_optional(snapshot.image),
        repositories={recorded.name: layout.repository(recorded) for recorded in snapshot.repositories},
    )
    body = msgspec.json.encode(index)
    head = HEAD.pack(MAGIC, FORMAT, len(body)) + body
    return _sha256(head), [head, *layout.parts]


def index_length(head: bytes) -> int:
    """From the first HEAD.size bytes; raises DamagedSnapshot."""
    if len(head) < HEAD.size:
        raise DamagedSnapshot("it is cut off in its head")
    magic, version, length = HEAD.unpack(head[: HEAD.size])
    if magic != MAGIC:
        raise DamagedSnapshot("it is not a location snapshot")
    if version != FORMAT:
        raise DamagedSnapshot(f"it has format {version}, this Reef reads {FORMAT}")
    return int(length)


def decode(head: bytes, digest: str) -> Index:
    """`head` is everything before the parts; raises DamagedSnapshot."""
    if _sha256(head) != digest:
        raise DamagedSnapshot("its index is not what its name says")
    try:
        return msgspec.json.decode(head[HEAD.size :], type=Index)
    except msgspec.MsgspecError as error:
        raise DamagedSnapshot(f"its index cannot be read: {describe(error)}") from None


def check_file(content: bytes, digest: str) -> None:
    """Raises DamagedSnapshot where this is not, byte for byte, the snapshot of that digest."""
    head = content[: HEAD.size + index_length(content)]
    index = decode(head, digest)
    if len(content) != len(head) + index.parts_bytes():
        raise DamagedSnapshot("it has not the length that its index says")
    for part in index.parts():
        start = len(head) + part.offset
        checked(part, content[start : start + part.length])


def checked(part: Part, data: bytes) -> bytes:
    """The data, if it is that part; raises DamagedSnapshot."""
    if len(data) != part.length or _sha256(data) != part.sha256:
        raise DamagedSnapshot("a part is not what the index says")
    return data


def _sha256(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()
