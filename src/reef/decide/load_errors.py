"""A load error in one line: what it says, and where in the user's own code. Pure."""

from __future__ import annotations

import re

from reef.wire.serdes import ErrorInfo
from reef.words import shortened

MOST_CHARACTERS = 200
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_NOT_THE_USERS = ("/site-packages/", "/dist-packages/", "/lib/python3", "/reef/guest/", "<")


def brief(error: ErrorInfo) -> str:
    """Its root cause, such as `NameError: name 'x' is not defined (/fleet/sales/defs.py:12)`. What was raised in its
    place follows where no `raise … from` says that the root cause is what to look at."""
    chain = error.chain()
    said = chain[-1].said
    instead = next((one.said for one in reversed(chain[:-1]) if one.cause is None), "")
    text = shortened(f"{said}; then {instead}" if instead else said, MOST_CHARACTERS)
    where = _where(error)
    return f"{text} ({where})" if where else text


def _where(error: ErrorInfo) -> str | None:
    """The innermost line that belongs to no package and not to Python itself."""
    frames = [
        (file, line)
        for one in error.chain()
        for text in (*one.stack, one.message)
        for file, line in _FRAME.findall(text)
        if not any(part in file for part in _NOT_THE_USERS)
    ]
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else None
