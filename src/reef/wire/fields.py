"""The few pieces of the protobuf encoding that the code-server API uses: strings, varints, repeated fields."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}
_MOST_VARINT_BYTES = 10


class WireError(ValueError):
    """These bytes are not the message they should be."""


def varint(value: int) -> bytes:
    """Encode; a negative number is taken as protobuf's int32/int64 takes it."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(number: int, value: bytes) -> bytes:
    """A string field; empty is left out, as proto3 does."""
    return text_head(number, len(value)) + value if value else b""


def text_head(number: int, length: int) -> bytes:
    """What comes before the `length` bytes of a string field."""
    return varint(number << 3 | LENGTH) + varint(length)


def integer(number: int, value: int) -> bytes:
    """A bool or integer field; zero is left out, as proto3 does."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Every field in order, as (number, value); raises WireError."""
    position, end = 0, len(message)
    while position < end:
        key, position = _varint_at(message, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = _varint_at(message, position)
            yield number, value
            continue
        size, position = _varint_at(message, position) if kind == LENGTH else (_fixed_size(kind), position)
        if position + size > end:
            raise WireError("a field is longer than its message")
        yield number, message[position : position + size]
        position += size


def text_of(message: bytes, number: int) -> bytes:
    """The last value of a string field, empty where it is missing; raises WireError."""
    found = b""
    for candidate, value in fields(message):
        if candidate == number and isinstance(value, bytes):
            found = value
    return found


def integer_of(message: bytes, number: int) -> int:
    """The last value of a bool or int32 field, 0 where it is missing; raises WireError."""
    found = 0
    for candidate, value in fields(message):
        if candidate == number and isinstance(value, int):
            found = value
    return found - (1 << 64) if found >> 63 else found


def _fixed_size(kind: int) -> int:
    try:
        return _FIXED[kind]
    except KeyError:
        raise WireError(f"wire type {kind} is not known") from None


def _varint_at(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index in range(_MOST_VARINT_BYTES):
        if position + index >= len(message):
            raise WireError("a number is cut off")
        byte = message[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + index + 1
    raise WireError("a number has too many bytes")
