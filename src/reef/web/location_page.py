"""The page of one location, the JSON beside it, and what changes of it while somebody looks."""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reef.web.answers import HTML, Answer, Asked, Refusal, as_json
from reef.web.chronicle import Chronicle
from reef.web.fleet_page import shown
from reef.web.links import location_link
from reef.web.location_whole import LocationView, location_view
from reef.web.rendering import Pages
from reef.web.series import Series
from reef.web.streams import Streams
from reef.web.told import Detail, Told
from reef.web.usage_view import usage_view

PARTS = {
    "state": "state_line",
    "error": "error",
    "timeline": "timeline",
    "facts": "facts",
    "cold": "cold",
    "definitions": "definitions",
    "versions": "versions",
    "log": "log",
}
MOST_NEAR = 5


class NoLocation(Refusal):
    """`near` are names that look like it."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(404, f"there is no location {name!r}")
        self.near = difflib.get_close_matches(name, known, n=MOST_NEAR, cutoff=0.5)


@dataclass(frozen=True)
class Act:
    verb: str
    label: str
    title: str


ACTS = (
    Act("wake", "Wake", "Start its server now"),
    Act("sleep", "Sleep", "End its idle server; a call wakes it again"),
    Act("reload", "Reload", "Load its code again if it changed, and serve it if it loads"),
    Act("rollback", "Roll back", "Serve the version before, from its kept copy"),
)


class LocationPage:
    def __init__(
        self, told: Told, chronicle: Chronicle, series: Series, pages: Pages, streams: Streams
    ) -> None:
        self._told = told
        self._chronicle = chronicle
        self._series = series
        self._pages = pages
        self._streams = streams

    # -- what is answered --------------------------------------------------------------------------

    async def page(self, asked: Asked) -> Answer:
        view = await self._view(name_of(asked))
        about, actions = shown(self._told.about()), bool(self._told.acts)
        acts = [each for each in ACTS if each.verb in self._told.acts]
        more = {"actions": actions, "acts": acts, "has_usage": self._told.usage is not None}
        body = await asyncio.to_thread(self._pages.page, "location.html", view=view, about=about, **more)
        return Answer(body, HTML)

    async def as_json(self, asked: Asked) -> Answer:
        name = name_of(asked)
        _, row, detail = await self._found(name)
        return as_json(
            {
                **row,
                "moments": [dataclasses.asdict(one) for one in self._chronicle.moments(name)],
                "cold_starts": [dataclasses.asdict(one) for one in self._chronicle.wakes(name)],
                "memory_kib": self._series.memory(name),
                "calls_each": self._series.calls(name),
                "versions": [dataclasses.asdict(one) for one in detail.versions],
                "log": detail.log,
                "traceback": detail.traceback or None,
                **{title.lower(): lines for title, lines in detail.extra},
            }
        )

    async def usage(self, asked: Asked) -> Answer:
        """A part of the page that is asked for once: the history of a month is read for it."""
        view = usage_view(await self._usage(asked))
        html = await asyncio.to_thread(self._pages.piece, "location_parts.html", "usage", view)
        return Answer(html.encode(), HTML)

    async def usage_as_json(self, asked: Asked) -> Answer:
        return as_json(await self._usage(asked))

    async def _usage(self, asked: Asked) -> dict[str, Any]:
        name = name_of(asked)
        if self._told.usage is None:
            raise Refusal(404, "no history of usage is kept here")
        await self._row(name)
        return await self._told.usage(name)

    async def live(self, asked: Asked) -> Answer:
        """All parts of the page, rendered, then those that changed: it may have been drawn some time ago."""
        name = name_of(asked)
        await self._row(name)
        before: dict[str, str] = {}

        async def changed() -> Mapping[str, Any] | None:
            nonlocal before
            try:
                now = await self._parts(name)
            except NoLocation:
                return {"gone": True}
            different = {key: html for key, html in now.items() if before.get(key) != html}
            before = now
            return {"parts": different} if different else None

        return self._streams.answer(changed)

    # -- inside ------------------------------------------------------------------------------------

    async def _parts(self, name: str) -> dict[str, str]:
        view = await self._view(name)
        return await asyncio.to_thread(self._rendered, view)

    def _rendered(self, view: LocationView) -> dict[str, str]:
        found = {}
        for key, macro in PARTS.items():
            more = (bool(self._told.acts),) if key == "versions" else ()
            found[key] = self._pages.piece("location_parts.html", macro, view, *more)
        return found

    async def _found(self, name: str) -> tuple[dict[str, Any], dict[str, Any], Detail]:
        status, row = await self._row(name)
        try:
            return status, row, await self._told.detail(name)
        except KeyError:  # it left the fleet meanwhile
            raise _not_there(name, status) from None

    async def _row(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        status = await self._told.status()
        row = next((row for row in status["locations"] if row["name"] == name), None)
        if row is None:
            raise _not_there(name, status)
        return status, row

    async def _view(self, name: str) -> LocationView:
        status, row, detail = await self._found(name)
        dagster = self._told.about().dagster
        return await asyncio.to_thread(
            location_view, status, row, detail, self._chronicle, self._series, dagster
        )


def _not_there(name: str, status: Mapping[str, Any]) -> NoLocation:
    return NoLocation(name, [row["name"] for row in status["locations"] if row["name"] != name])


def name_of(asked: Asked) -> str:
    """From the path, or from the query where a path cannot hold it."""
    return asked.parts.get("name") or asked.query.get("name", "")


def near(refusal: Refusal) -> list[tuple[str, str]]:
    names = refusal.near if isinstance(refusal, NoLocation) else []
    return [(name, location_link(name)) for name in names]
