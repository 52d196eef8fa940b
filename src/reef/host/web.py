"""The host's HTTP listener: what its page shows and does comes from the parts of this host."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from reef.admin import Command
from reef.decide.sizing.proposal import Has
from reef.errors import ReefError
from reef.host.assembly import Assembly
from reef.host.metrics import answer_metrics
from reef.host.web_detail import detail_of
from reef.settings import PageSettings
from reef.statedir import StateDir
from reef.usage.about import about as usage_about
from reef.usage.history import FOLDER as USAGE_FOLDER
from reef.web.address import PageAddress, is_loopback, listening_socket, may_ask
from reef.web.answers import Answers
from reef.web.app import application
from reef.web.chronicle import Chronicle
from reef.web.listener import Listener
from reef.web.plain import fleet_json
from reef.web.sampling import SeriesSampler
from reef.web.series import Series
from reef.web.token import new_token
from reef.web.told import About, Detail, Told

VERBS = ("wake", "sleep", "reload", "rollback")


class PageHost:
    """`listener` is None where no page is wanted, or no port was free that nobody named."""

    def __init__(self, settings: PageSettings, state: StateDir, parts: Assembly) -> None:
        self.listener: Listener | None = None
        self.answers = Answers()
        self._settings = settings
        self._state = state
        self._parts = parts
        self._token_file = state.root / "page-token"
        self._chronicle = Chronicle(self._is_up)
        self._series = Series()
        self._sampler: SeriesSampler | None = None
        self.token = ""

    @property
    def url(self) -> str | None:
        return self.listener.address.url if self.listener else None

    @property
    def addresses(self) -> tuple[str, str] | None:
        """The page, and the same with the token, for who started this host."""
        if self.url is None:
            return None
        return self.url, f"{self.url}/#token={self.token}" if self.acts else self.url

    @property
    def acts(self) -> bool:
        """Whether buttons do something."""
        chosen = self._settings.actions
        return is_loopback(self._settings.host) if chosen is None else chosen

    def heard(self, commands: Mapping[str, Command]) -> dict[str, Command]:
        """The same commands and one more; the page then knows who asked for a wake."""

        async def wake(request: Mapping[str, Any]) -> Any:
            self._chronicle.asked(str(request.get("location")), "a person")
            return await commands["wake"](request)

        async def fleet(_request: Mapping[str, Any]) -> Any:
            """For `reef top`."""
            return fleet_json(await commands["status"]({}), self._chronicle, self._series)

        return {**commands, "wake": wake, "fleet": fleet}

    async def open(
        self, commands: Mapping[str, Command], about: Callable[[], dict[str, Any]], say: Callable[[str], None]
    ) -> None:
        """Take the address; nothing is answered yet. Raises ReefError where somebody named one that cannot be had."""
        settings = self._settings
        if not settings.wanted:
            return
        try:
            bound = await asyncio.to_thread(
                listening_socket, settings.host, settings.port, self._state.root / "page-port"
            )
        except ReefError as error:
            if settings.is_asked_for:
                raise
            say(f"warning: {error.message}")
            return
        await self._listen(bound, commands, about)

    async def _listen(
        self, bound: socket.socket, commands: Mapping[str, Command], about: Callable[[], dict[str, Any]]
    ) -> None:
        self.token = await asyncio.to_thread(new_token, self._token_file)
        address = PageAddress(self._settings.host, bound.getsockname()[1])
        names = (socket.gethostname(), socket.getfqdn()) if not address.is_loopback else ()
        told = self._told(commands, about)
        stops = []

        def make_app() -> Any:
            from reef.web.site import Site  # brings the templates' engine

            site = Site(told, self._chronicle, self._series, self.token)
            site.register(self.answers)
            stops.append(site.stop)
            return application(
                self.answers, lambda host: may_ask(host, self._settings.host, names), site.refused_page
            )

        async def on_stop() -> None:
            for stop in stops:
                await stop()

        answer_metrics(self.answers, self._parts)
        self._sampler = SeriesSampler(told.status, self._series)
        self.listener = Listener(bound, address, make_app, on_stop)
        self._parts.events.subscribe(self._chronicle.hear)
        self._parts.calls_heard.add(self._chronicle.observe)

    def start(self) -> None:
        """Answer, and look at the fleet now and then."""
        if self.listener is not None and self._sampler is not None:
            self.listener.start()
            self._sampler.start()

    async def stop(self) -> None:
        """Idempotent."""
        if self._sampler is not None:
            await self._sampler.stop()
        if self.listener is not None:
            await self.listener.stop()

    def _told(self, commands: Mapping[str, Command], about: Callable[[], dict[str, Any]]) -> Told:
        async def status() -> dict[str, Any]:
            found: dict[str, Any] = await commands["status"]({})
            return found

        async def detail(name: str) -> Detail:
            return await asyncio.to_thread(detail_of, name, self._parts, self._state)

        def of_this_host() -> About:
            known = about()
            return About(
                source=_short(known["fleet"]["source"]),
                dagster=known["page"],
                token_file=str(self._token_file),
                started_at=known["started_at"],
                metrics="/metrics" in {each.path for each in self.answers},
            )

        acts = {verb: commands[verb] for verb in VERBS} if self.acts else {}
        return Told(status, detail, of_this_host, acts, self._usage)

    async def _usage(self, name: str) -> dict[str, Any]:
        """Of the history on the disk."""
        place = self._parts.places[name]
        has = Has(memory_limit=place.spec.memory_limit_bytes, placement=place.spec.placement)
        found = await asyncio.to_thread(usage_about, self._state.root / USAGE_FOLDER, name, has)
        return found

    def _is_up(self, name: str) -> bool:
        place = self._parts.places.get(name)
        return place is not None and place.endpoint is not None


def _short(path: str) -> str:
    """As its user writes it."""
    home = os.path.expanduser("~")
    return f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path
