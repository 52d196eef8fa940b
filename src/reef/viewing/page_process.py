"""The process: it looks at a namespace, and answers with its page. Nobody else's work waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

from reef.background import Background
from reef.cluster.client import Client
from reef.metrics import Metrics
from reef.metrics.own import OwnProcess
from reef.metrics.tally import Tally
from reef.viewing.asking import Asking
from reef.viewing.books import BooksRead, version_of
from reef.viewing.buttons import ClusterButtons
from reef.viewing.detail import Details
from reef.viewing.history import ClusterHistory
from reef.viewing.keeping import Keeping, remembering
from reef.viewing.looking import looking_at
from reef.viewing.settings import ViewSettings
from reef.viewing.usage import encoded, usage_of, usage_on_page
from reef.web.address import PageAddress, bound, may_ask
from reef.web.answers import Answer, Answers, Asked, Refusal
from reef.web.app import application
from reef.web.listener import Listener
from reef.web.sampling import SeriesSampler
from reef.web.series import Series
from reef.web.told import About, Detail, Told
from reef.words import describe

log = logging.getLogger("reef.viewing")

SECRET = "the Secret reef-page-token"  # noqa: S105


class PageProcess:
    """`start` → `stop`. All on the event loop."""

    def __init__(self, settings: ViewSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._started_at = time.time()
        self._is_synced = False
        self.looking = looking_at(client, settings.namespace, Asking(settings.metrics_port))
        self._details = Details(client, settings.namespace, logs=settings.logs)
        self._series = Series()
        self._sampler = SeriesSampler(self._status, self._series)
        self._history = _history(settings)
        self._books = BooksRead(self._history.reading()) if self._history is not None else None
        self._keeping: Keeping | None = None
        self._background = Background(log, "background work of the page")
        metrics = Metrics(Tally(), (OwnProcess("page").put,), ())
        self.render = metrics.render
        self.listener: Listener | None = None

    async def start(self) -> None:
        """Returns when the page is answered. Raises ReefError."""
        taken = await asyncio.to_thread(bound, self._settings.host, self._settings.port)
        await self.looking.start()
        self._is_synced = True
        self.listener = self._listening(taken)
        self.listener.start()
        self._sampler.start()
        if self._history is not None:
            self._keep(self._history)

    async def stop(self) -> None:
        """Idempotent."""
        await self._sampler.stop()
        await self._background.close()
        if self.listener is not None:
            await self.listener.stop()
        await self.looking.close()
        if self._history is not None:
            await asyncio.to_thread(self._history.close)

    def _keep(self, history: ClusterHistory) -> None:
        self._keeping = Keeping(history, self.looking.counting, self._settings.days)
        self.looking.hears.append(self._keeping.heard)
        self._background.spawn(remembering(history, self.looking))
        self._background.spawn(self._keeping.run())

    async def write_history(self) -> None:
        """Look, and write the minute under way."""
        await self.looking.status()
        if self._keeping is not None:
            await self._keeping.write()

    def missing(self) -> tuple[str, ...]:
        """Why it is not ready; nothing where it is."""
        return () if self._is_synced else ("the namespace was not seen yet",)

    # -- what is answered ----------------------------------------------------------------------------

    def _listening(self, taken: socket.socket) -> Listener:
        settings, answers = self._settings, Answers()
        stops = []

        def make_app() -> Any:
            from reef.web.site import Site  # brings the templates' engine

            site = Site(self.told(), self.looking.chronicle, self._series, settings.token)
            site.register(answers)
            answers.get("/api/usage/all", self._usage_of_all)
            stops.append(site.stop)
            return application(
                answers, lambda host: may_ask(host, settings.host, settings.names), site.refused_page
            )

        async def on_stop() -> None:
            for stop in stops:
                await stop()

        return Listener(taken, PageAddress(settings.host, taken.getsockname()[1]), make_app, on_stop)

    def told(self) -> Told:
        """What the page is made of."""
        usage = self._usage if self._history is not None else None
        acts = ClusterButtons(self._client, self._settings.namespace).verbs() if self._settings.token else {}
        return Told(self._status, self._detail, self._about, acts, usage)

    async def _status(self) -> dict[str, Any]:
        status = await self.looking.status()
        if self._books is not None:
            served = {name: version_of(each) for name, each in self.looking.locations.items()}
            found = await self._books.definitions(served)
            for row in status["locations"]:
                row["definitions"] = found.get(row["name"], {})
        return status

    async def _detail(self, name: str) -> Detail:
        found = await self._details.of(self.looking.locations[name], self.looking.pods)
        if not found.traceback or self._books is None:
            return found
        return dataclasses.replace(found, traceback=await self._books.error(name) or found.traceback)

    async def _usage(self, name: str) -> dict[str, Any]:
        assert self._history is not None
        with _told_as_refusal():
            return await asyncio.to_thread(usage_on_page, self._history, self.looking.locations[name])

    async def _usage_of_all(self, asked: Asked) -> Answer:
        """For `reef usage`: `?since=SECONDS`, and `location=NAME` for one alone, with all its hours."""
        if self._history is None:
            raise Refusal(404, "this page keeps no history", "page.history.enabled of the chart")
        since, only = _number(asked.query.get("since", "0")), asked.query.get("location")
        known = self.looking.locations
        if only is not None and only not in known:
            from reef.web.location_page import NoLocation  # brings the templates' engine

            raise NoLocation(only, list(known))
        with _told_as_refusal():
            found = await asyncio.to_thread(usage_of, self._history, known, since, only)
        return Answer(await asyncio.to_thread(encoded, found))

    def _about(self) -> About:
        return About(
            source=f"namespace {self._settings.namespace}",
            dagster=self._settings.dagster,
            token_file=SECRET,
            started_at=self._started_at,
            metrics=False,
            token_told="`page.actions` of the chart names the Secret that has it",  # noqa: S106
            off_told="`page.actions` of the chart turns them on",
        )


def _history(settings: ViewSettings) -> ClusterHistory | None:
    """The newest process writes. Raises ReefError for a URL that is none."""
    if settings.database is None:
        return None
    return ClusterHistory(settings.database, settings.namespace, time.time_ns() // 1_000_000)


@contextlib.contextmanager
def _told_as_refusal() -> Iterator[None]:
    """A database that is away is no fault of the page."""
    try:
        yield
    except OSError as error:
        raise Refusal(503, f"the history of usage cannot be read: {describe(error)}") from None


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise Refusal(400, f"since={written!r} is no number of seconds since 1970") from None
