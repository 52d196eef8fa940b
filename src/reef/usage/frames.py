"""Files to which whole records are appended: each is read again whole, or not at all.

A record is its time, its length, a checksum and compressed msgpack. A process that is killed, or a disk that is full,
leaves at most a record without its end: whoever reads stops there, whoever appends next cuts it off.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

_HEAD = struct.Struct("<2sIII")
_MARK = b"RU"
_MOST = 16 << 20


def records(path: Path, since: float = 0.0) -> Iterator[Any]:
    """What was appended for a time from `since` on, or for no time (0), in its order; nothing of a file that is not
    there. Raises OSError for one that cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for at, begins, ends in _whole(data):
        if 0 < at < since:
            continue
        yield msgspec.msgpack.decode(zlib.decompress(data[begins:ends]))


def append(path: Path, record: object, at: int = 0) -> int:
    """Bytes of the file afterwards. Raises OSError where there is no room; the file is then as it was."""
    content = zlib.compress(msgspec.msgpack.encode(record), 6)
    frame = _HEAD.pack(_MARK, at, len(content), zlib.crc32(content)) + content
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = os.fstat(fd).st_size
        try:
            written = os.pwrite(fd, frame, end)
            while written < len(frame):
                written += os.pwrite(fd, frame[written:], end + written)
        except OSError:
            os.ftruncate(fd, end)
            raise
        return end + len(frame)
    finally:
        os.close(fd)


def mend(path: Path) -> None:
    """Cut off what a killed process left unfinished. Raises OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    ends = max((end for _, _, end in _whole(data)), default=0)
    if ends < len(data):
        os.truncate(path, ends)


def _whole(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Time, begin and end of the content of each record up to the first that is not whole."""
    at = 0
    while at + _HEAD.size <= len(data):
        mark, time, length, checksum = _HEAD.unpack_from(data, at)
        begins = at + _HEAD.size
        at = begins + length
        if mark != _MARK or length > _MOST or zlib.crc32(data[begins:at]) != checksum:
            return
        yield time, begins, at
