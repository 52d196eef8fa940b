"""A server's own private memory, held to its limit from outside: never an rlimit, which its runs would inherit."""

from __future__ import annotations

import asyncio
import os

from reef.hosting import memory

LOOK_S = 0.05  # a process can fill some hundred megabytes between two looks, no more
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


async def until_over(pid: int, limit_bytes: int | None) -> int:
    """The private bytes of the process once they exceed its limit; waits for ever where they do not."""
    if limit_bytes is None:
        await asyncio.Event().wait()
        raise AssertionError
    while True:
        if resident_bytes(pid) > limit_bytes:  # microseconds; what is shared with a zygote counts here
            sample = await asyncio.to_thread(memory.sample, pid)
            if sample is not None and sample.private > limit_bytes:
                return sample.private
        await asyncio.sleep(LOOK_S)


def resident_bytes(pid: int) -> int:
    """0 for a process that is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
