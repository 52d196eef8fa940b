"""A load error in one line: what it says, and where in the user's own code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reef.wire.serdes import ErrorInfo

MOST_CHARACTERS = 200
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_NOT_THE_USERS = ("/site-packages/", "/dist-packages/", "/lib/python3", "/reef/guest/", "<")


def brief(error: ErrorInfo) -> str:
    """Such as `NameError: name 'x' is not defined (/fleet/sales/defs.py:12)`."""
    innermost = list(_causes(error))[-1]
    said = _line_that_says_it(innermost.message) or innermost.cls_name or "it does not load"
    where = _where(error)
    text = said if len(said) <= MOST_CHARACTERS else said[: MOST_CHARACTERS - 1] + "…"
    return f"{text} ({where})" if where else text


def _causes(error: ErrorInfo) -> Iterator[ErrorInfo]:
    """The error and what caused it, the innermost last."""
    found: ErrorInfo | None = error
    while found is not None:
        yield found
        found = found.cause


def _line_that_says_it(message: str) -> str:
    """The first; where a syntax error shows the code at fault first, the last."""
    lines = message.strip().splitlines()
    shows_code = bool(lines) and _FRAME.match(lines[0].strip()) is not None
    return (lines[-1] if shows_code else lines[0]).strip() if lines else ""


def _where(error: ErrorInfo) -> str | None:
    """The innermost line that belongs to no package and not to Python itself."""
    frames = [
        (file, line)
        for one in _causes(error)
        for text in (*one.stack, one.message)
        for file, line in _FRAME.findall(text)
        if not any(part in file for part in _NOT_THE_USERS)
    ]
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else None
