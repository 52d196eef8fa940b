"""Recording a probe while its memory limit holds: definitions may be made only when they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from reef.hosting.contract import Child, Hosting
from reef.hosting.reasons import over_limit
from reef.snapshots.record import Recording, RecordingFailed, record
from reef.words import seconds

LOOK_S = 0.1

Recorder = Callable[[str, float], Coroutine[Any, Any, Recording]]


async def record_within(
    hosting: Hosting,
    child: Child,
    timeout_s: float,
    limit_bytes: int | None,
    recorder: Recorder = record,
) -> Recording:
    """As `record`; raises RecordingFailed for a probe that grows over its limit, too."""
    recording = asyncio.create_task(recorder(f"unix:{child.socket}", timeout_s))
    over = asyncio.create_task(_until_over(hosting, child, limit_bytes))
    try:
        await asyncio.wait({recording, over}, return_when=asyncio.FIRST_COMPLETED)
        if not recording.done():
            raise RecordingFailed(over.result())
        return recording.result()
    finally:
        for task in (recording, over):
            task.cancel()
        await asyncio.gather(recording, over, return_exceptions=True)


async def _until_over(hosting: Hosting, child: Child, limit_bytes: int | None) -> str:
    while True:
        await asyncio.sleep(LOOK_S)
        sample = await hosting.memory(child) if limit_bytes is not None else None
        if limit_bytes is not None and sample is not None and sample.private > limit_bytes:
            return over_limit(limit_bytes, sample.private)


def too_late(doing: str, at: str, limit_s: float, setting: str = "load_timeout") -> str:
    """For people: `doing` as RecordingLate says it, `at` as a report says it, `limit_s` what `setting` says."""
    where = f" ({at})" if at else ""
    own = setting == "load_timeout"
    allowed = f"its load_timeout of {seconds(limit_s)}" if own else f"{seconds(limit_s)} ({setting})"
    return f"it did not load within {allowed}: its code server was still {doing}{where}"
