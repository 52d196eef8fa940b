"""The process: it looks at a namespace, and answers with its page. Nobody else's work waits for it."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

from reef.cluster.client import Client
from reef.errors import ReefError
from reef.metrics import Metrics
from reef.metrics.own import OwnProcess
from reef.metrics.tally import Tally
from reef.peers.health import Health, live, readiness
from reef.viewing.asking import Asking
from reef.viewing.detail import Details
from reef.viewing.looking import looking_at
from reef.viewing.settings import ViewSettings
from reef.web.address import PageAddress, bound, may_ask
from reef.web.answers import Answers
from reef.web.app import application
from reef.web.listener import Listener
from reef.web.sampling import Sampler
from reef.web.series import Series
from reef.web.told import About, Detail, Told
from reef.words import fault

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
        self._sampler = Sampler(self._status, self._series)
        metrics = Metrics(Tally(), (OwnProcess("page").put,), ())
        self._health = Health({"/livez": live, "/readyz": readiness(self._missing)}, metrics.render)
        self.listener: Listener | None = None

    async def start(self) -> None:
        """Returns when the page is answered. Raises ReefError."""
        settings = self._settings
        try:
            await self._health.open("", settings.health_port)
        except OSError as error:
            raise ReefError(f"port {settings.health_port} cannot be listened on: {fault(error)}") from None
        taken = await asyncio.to_thread(bound, settings.host, settings.port)
        await self.looking.start()
        self._is_synced = True
        self.listener = self._listening(taken)
        self.listener.start()
        self._sampler.start()

    async def stop(self) -> None:
        """Idempotent."""
        await self._sampler.stop()
        if self.listener is not None:
            await self.listener.stop()
        await self.looking.close()
        await self._health.aclose()

    def _missing(self) -> tuple[str, ...]:
        return () if self._is_synced else ("the namespace was not seen yet",)

    # -- what is answered ----------------------------------------------------------------------------

    def _listening(self, taken: socket.socket) -> Listener:
        settings, answers = self._settings, Answers()
        stops = []

        def make_app() -> Any:
            from reef.web.site import Site  # brings the templates' engine

            site = Site(self._told(), self.looking.chronicle, self._series, settings.token)
            site.register(answers)
            stops.append(site.stop)
            return application(
                answers, lambda host: may_ask(host, settings.host, settings.names), site.refused_page
            )

        async def on_stop() -> None:
            for stop in stops:
                await stop()

        return Listener(taken, PageAddress(settings.host, taken.getsockname()[1]), make_app, on_stop)

    def _told(self) -> Told:
        return Told(self._status, self._detail, self._about, acts={})

    async def _status(self) -> dict[str, Any]:
        return await self.looking.status()

    async def _detail(self, name: str) -> Detail:
        return await self._details.of(self.looking.locations[name], self.looking.pods)

    def _about(self) -> About:
        return About(
            source=f"namespace {self._settings.namespace}",
            dagster=self._settings.dagster,
            token_file=SECRET,
            started_at=self._started_at,
            metrics=False,
        )
