"""Text of locations for people: without what colours a terminal."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


def without_escapes(text: str) -> str:
    """Sequences of a terminal and control characters are left out, but for tabs and ends of lines."""
    return _ESCAPES.sub("", text)
