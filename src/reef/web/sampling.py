"""Looks at the fleet now and then, also while nobody looks at the page: a chart needs a past."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from reef.background import Background
from reef.web.series import SAMPLE_S, Series

log = logging.getLogger("reef.web")


class SeriesSampler:
    """`status` is what `reef status` says. A look that fails is logged, and the next one is made all the same."""

    def __init__(self, status: Callable[[], Awaitable[dict[str, Any]]], series: Series) -> None:
        self._status = status
        self._series = series
        self._background = Background(log, "sampling for the page")

    def start(self) -> None:
        self._background.spawn(self._run())

    async def stop(self) -> None:
        await self._background.close()

    async def _run(self) -> None:
        while True:
            try:
                status = await self._status()
                await asyncio.to_thread(self._series.add, time.time(), status)
            except Exception:
                log.exception("the page has no sample of this moment")
            await asyncio.sleep(SAMPLE_S)
