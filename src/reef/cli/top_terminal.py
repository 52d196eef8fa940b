"""The terminal of `reef top`: its keys one by one, its screen drawn again, and left as it was found."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.live import Live

from reef.cli.top_screen import screen
from reef.cli.top_state import TopState, keys_of, pressed, shown
from reef.errors import ReefError
from reef.words import describe

READ_BYTES = 256


def watch(look: Callable[[], dict[str, Any]], interval_s: float, chosen: TopState) -> None:
    """Until a person has enough of it, or the terminal is gone. `look` asks the host, and raises ReefError where it
    does not answer: the last that was seen stays there, with the reason."""
    console = Console()
    status, trouble = look(), ""
    with _keys(sys.stdin.fileno()), Live(console=console, screen=True, auto_refresh=False) as live:
        until = time.monotonic() + interval_s
        while not chosen.over:
            rows = shown(status["locations"], chosen)
            width, height = console.size
            live.update(screen(status, rows, chosen, width, height, trouble), refresh=True)
            typed = _typed(sys.stdin.fileno(), until - time.monotonic())
            if typed == b"":
                return
            if typed is not None:
                for key in keys_of(typed):
                    chosen = pressed(chosen, key, shown(status["locations"], chosen))
                continue
            until = time.monotonic() + interval_s
            try:
                status, trouble = look(), ""
            except ReefError as error:
                trouble = f"the host does not answer: {describe(error)}"


@contextlib.contextmanager
def _keys(fd: int) -> Iterator[None]:
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _typed(fd: int, seconds: float) -> bytes | None:
    """What was typed, nothing at the end of input, or None where nothing was typed in time."""
    ready, _, _ = select.select([fd], [], [], max(0.0, seconds))
    if not ready:
        return None
    return os.read(fd, READ_BYTES)
