"""Tasks that nobody awaits when they are begun: each has one owner, who ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Holds tasks until they are over, and logs each that fails: `WHAT failed`, at `level`.

    `expected` are exceptions of which whoever asked for the work is told in another way; they are not logged.
    """

    def __init__(
        self,
        log: logging.Logger,
        what: str,
        *,
        level: int = logging.ERROR,
        expected: tuple[type[Exception], ...] = (),
    ) -> None:
        self._log = log
        self._what = what
        self._level = level
        self._expected = expected
        self._tasks: dict[asyncio.Task[Any], bool] = {}

    def spawn(self, work: Coroutine[Any, Any, T], *, must_finish: bool = False) -> asyncio.Task[T]:
        """Begin it. When the owner closes, it is cancelled, or awaited where it must finish."""
        task = asyncio.create_task(work)
        self._tasks[task] = must_finish
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, self._expected):
            self._log.log(self._level, "%s failed", self._what, exc_info=error)

    async def close(self) -> None:
        """Cancel what may be cancelled, await all; also what these tasks begin meanwhile. Raises nothing."""
        while tasks := dict(self._tasks):
            for task, must_finish in tasks.items():
                if not must_finish:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # From 3.12 on, gather gives way to nobody where all are over: `_over` must run.
            await asyncio.sleep(0)
