"""Keeping the host small: it is resident for good, and what it once needed it must give back."""

from __future__ import annotations

import contextlib
import ctypes
import gc

from reef.guest import holes, pools, text

M_ARENA_MAX = -8  # malloc.h


def one_arena() -> None:
    """Threads share one heap: each further arena of glibc keeps what it ever held."""
    try:
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
    except (AttributeError, OSError):
        return  # another C library


def give_back() -> None:
    """After a burst of work: return what is free to the system, and code that only the burst called. Some
    milliseconds; what is called again is mapped again."""
    gc.collect()
    for step in (text.let_go, pools.let_go, holes.give_back):
        with contextlib.suppress(AttributeError, OSError):  # another C library, or no /proc
            step()
