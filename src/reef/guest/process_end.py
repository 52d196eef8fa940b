"""How a child ends: what the interpreter does at exit, but for tearing its modules down."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def end(code: int) -> None:
    """Join threads, run exit functions, flush, leave. A heap that is shared is never taken apart."""
    for step in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
        try:
            step()
        except BaseException as error:
            say(f"{type(error).__name__} at exit: {error}")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(code)


def say(text: str) -> None:
    """A line in the log; a log that cannot be written is nobody's trouble."""
    try:
        os.write(2, text.encode() + b"\n")
    except OSError:
        pass
