"""Tests that are coroutines."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from deadlines import Deadline


def looped(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run in an event loop of its own."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


async def until_it(condition: Callable[[], Coroutine[Any, Any, bool]], seconds: float, what: str) -> None:
    """Wait for a condition that is itself a coroutine."""
    deadline = Deadline(seconds)
    while not await condition():
        assert not deadline.over, f"waited {deadline} in vain {what}"
        await asyncio.sleep(0.05)
