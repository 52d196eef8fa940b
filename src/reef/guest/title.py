"""The title that `ps` shows."""

from __future__ import annotations

import ctypes

from . import proc

_PR_SET_NAME = 15


def show(text: str) -> None:
    """Write `text` over argv; cut where there is no room. Does nothing where the kernel refuses."""
    data = text.encode("utf-8", "replace")
    try:
        start, end = proc.argv_area()
        _overwrite(start, end - start, data)
        ctypes.CDLL(None).prctl(_PR_SET_NAME, data[:15], 0, 0, 0)
    except (OSError, ValueError, IndexError, AttributeError):
        pass


def _overwrite(start: int, room: int, data: bytes) -> None:
    if room < 3:
        return
    data = data[: room - 2]
    ctypes.memset(start, 0, room)
    ctypes.memmove(start, data, len(data))
    # With anything but a zero in the last byte, the kernel takes the area for one text that ends at the first zero.
    ctypes.memset(start + room - 1, 1, 1)
