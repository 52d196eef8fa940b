"""Many starts and stops from one zygote: none hangs, none is left over, the zygote does not grow.

REEF_TEST_FORKS=1000 for the full measure."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

from hosts import GOOD, Host, state_of, until

from deadlines import scaled
from reef.hosting import memory
from reef.hosting.orphans import zombies

FORKS = int(os.environ.get("REEF_TEST_FORKS", "60"))
AT_ONCE = 4
DRIFT_BYTES = 1 << 20


def test_many_forks_leave_nothing(host: Host, code: Callable[[str], Path]) -> None:
    path = code(GOOD)
    pids: list[int] = []

    async def some(count: int) -> None:
        for _ in range(count):
            child = await host.hosting.start(host.spec("f30", path), 60)
            assert child.forked
            pids.append(child.pid)
            await host.hosting.stop(child, random.choice((0.0, 5.0)))

    async def many(count: int) -> None:
        await asyncio.gather(*(some(count // AT_ONCE) for _ in range(AT_ONCE)))

    (zygote,) = host.hosting.zygotes()
    host.run(many(20), scaled(600))
    before = memory.sample(zygote.pid)
    host.run(many(FORKS), scaled(3600))
    after = memory.sample(zygote.pid)
    assert len(pids) == 20 + FORKS // AT_ONCE * AT_ONCE
    assert {state_of(pid) for pid in pids} == {"gone"}
    until(lambda: not zombies(), "no zombie is left")
    assert before is not None
    assert after is not None
    assert after.rss - before.rss < DRIFT_BYTES


def test_a_start_that_is_stopped_at_any_moment_leaves_nothing(
    host: Host, code: Callable[[str], Path]
) -> None:
    """SIGTERM in the milliseconds of server start can wedge a server: a cancelled start does not ask nicely."""
    path = code(GOOD)
    before = children_of(host.hosting.zygotes()[0].pid)

    async def cancelled_after(seconds: float) -> None:
        starting = asyncio.create_task(host.hosting.start(host.spec("f31", path), 60))
        await asyncio.wait({starting}, timeout=seconds)
        if starting.done():
            await host.hosting.stop(starting.result(), 1.0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

    for step in range(24):
        host.run(cancelled_after(step * 0.005))
    until(lambda: children_of(host.hosting.zygotes()[0].pid) == before, "no child is left")
    until(lambda: not zombies(), "no zombie is left")


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
