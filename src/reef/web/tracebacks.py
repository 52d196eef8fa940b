"""An error of Dagster's as Python prints it."""

from __future__ import annotations

from reef.web.plain_text import without_escapes
from reef.wire.fields import WireError
from reef.wire.serdes import ErrorInfo, read_error

CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"


def traceback_of(error: str) -> str:
    """Of the error as Dagster sends it: the root cause first. "" for what is none."""
    try:
        chain = read_error(error.encode()).chain()
    except WireError:
        return ""
    told = [f"{_stack(one)}{one.message.rstrip()}\n" for one in reversed(chain)]
    return without_escapes(CAUSED.join(told)).rstrip()


def _stack(error: ErrorInfo) -> str:
    return "Traceback (most recent call last):\n" + "".join(error.stack) if error.stack else ""
