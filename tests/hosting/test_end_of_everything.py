"""The end of an event loop: all tasks are cancelled at once, and nothing may wait for what none will do any more."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from reef.hosting.launch import start


def test_who_waits_for_the_end_of_a_process_does_not_wait_for_ever() -> None:
    ended: list[str] = []

    async def warm_up(begun: asyncio.Event) -> None:
        started = await start(["sleep", "600"], env=os.environ, cwd=None, log=subprocess.DEVNULL)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            started.process.kill_group()
            await asyncio.shield(started.process.dead())
            ended.append("it was not waited for for ever")

    async def scene() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(warm_up(begun))
        await begun.wait()
        assert not task.done()
        raise RuntimeError("the start failed")

    with pytest.raises(RuntimeError, match="the start failed"):
        asyncio.run(scene())
    assert ended
