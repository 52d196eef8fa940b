"""A server's own private memory, held to its limit from outside: never an rlimit, which its runs would inherit."""

from __future__ import annotations

import asyncio

from reef.hosting.machine import Machine

LOOK_S = 0.05  # a process can fill some hundred megabytes between two looks, no more


async def until_over(machine: Machine, pid: int, limit_bytes: int | None) -> int:
    """The private bytes of the process once they exceed its limit; waits for ever where they do not."""
    if limit_bytes is None:
        await asyncio.Event().wait()
        raise AssertionError
    while True:
        if await machine.resident_bytes(pid) > limit_bytes:  # quick; what is shared with a zygote counts here
            sample = await machine.memory(pid)
            if sample is not None and sample.private > limit_bytes:
                return sample.private
        await asyncio.sleep(LOOK_S)
