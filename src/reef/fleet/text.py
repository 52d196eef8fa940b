"""From the bytes of a settings file to its text, and how a file is named in messages."""

from __future__ import annotations

import codecs
import os

from reef.errors import ReefError, Where
from reef.words import fault

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def shown(path: str) -> str:
    """The path as messages name it: relative to the working directory where the file is inside it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def read_text(path: str) -> str:
    """UTF-8, with or without a byte order mark, or UTF-16 or UTF-32 with one. Raises ReefError."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        raise ReefError(f"cannot be read: {fault(error)}", where=Where(shown(path))) from None
    except ValueError:  # a NUL, or half of a surrogate pair
        raise ReefError(f"{path!r} is not the path of a file") from None
    return _decoded(raw, path)


def _decoded(raw: bytes, path: str) -> str:
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ReefError(
            f"is not text in {encoding.removesuffix('-sig').upper()}: byte {error.start} cannot be decoded",
            where=Where(shown(path), line),
            hint="save the file as UTF-8",
        ) from None
