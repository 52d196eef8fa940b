"""One scrape: what was counted and what is read now, as text."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from reef.metrics import of_hosts
from reef.metrics.exposition import OPEN_METRICS, TEXT, Page, is_open_metrics
from reef.metrics.tally import Tally

log = logging.getLogger("reef.metrics")

Source = Callable[[Page], None]
"""Puts its samples on the page. Runs in a thread, so it may read files."""
Look = Callable[[], Awaitable[None]]
"""What a scrape needs and only the event loop can ask for."""


class Metrics:
    """A source or a look that fails is left out of that scrape, and told once; nobody else is disturbed."""

    def __init__(self, tally: Tally, sources: Sequence[Source], looks: Sequence[Look] = ()) -> None:
        self.tally = tally
        self._sources = tuple(sources)
        self._looks = tuple(looks)
        self._told: set[object] = set()
        self._under_way: dict[bool, asyncio.Future[bytes]] = {}
        self._took_s = 0.0

    async def render(self, accept: str | None = None) -> tuple[str, bytes]:
        """(content type, body) for a request with this `Accept`. Those who ask at once share one answer."""
        open_metrics = is_open_metrics(accept)
        running = self._under_way.get(open_metrics)
        if running is None:
            running = asyncio.ensure_future(self._rendered(open_metrics))
            self._under_way[open_metrics] = running
            running.add_done_callback(lambda _: self._under_way.pop(open_metrics, None))
        return OPEN_METRICS if open_metrics else TEXT, await asyncio.shield(running)

    async def _rendered(self, open_metrics: bool) -> bytes:
        began = time.perf_counter()
        for look in self._looks:
            try:
                await look()
            except Exception as error:
                self._tell(look, error)
        body = await asyncio.to_thread(self._text, open_metrics)
        self._took_s = time.perf_counter() - began
        return body

    def _text(self, open_metrics: bool) -> bytes:
        page = Page()
        for source in self._sources:
            try:
                source(page)
            except Exception as error:
                self._tell(source, error)
        page.put(of_hosts.SCRAPE_SECONDS, self._took_s)
        return page.text(open_metrics=open_metrics)

    def _tell(self, what: object, error: Exception) -> None:
        if what not in self._told:
            self._told.add(what)
            log.error("metrics are incomplete: %s failed", what, exc_info=error)
