"""The page of one location, the JSON beside it, and what changes of it while somebody looks."""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reef.web.answers import HTML, Answer, Asked, Refusal, as_json
from reef.web.chronicle import Chronicle
from reef.web.fleet_page import shown
from reef.web.fleet_view import Row, rows_of
from reef.web.links import dagster_links, location_api, location_link
from reef.web.location_view import (
    ColdStarts,
    Line,
    Strip,
    clock_of,
    cold_starts_of,
    definitions_of,
    facts_of,
    strip_of,
    told_moments,
)
from reef.web.rendering import Pages
from reef.web.series import Series
from reef.web.streams import Streams
from reef.web.told import Detail, Told, Version
from reef.words import headline, is_longer

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


@dataclass(frozen=True)
class ShownError:
    title: str
    headline: str
    text: str


@dataclass(frozen=True)
class ShownVersion:
    version: str
    at: float
    clock: str
    why: str
    loads: bool
    now: bool
    can_roll_back: bool


@dataclass(frozen=True)
class LocationView:
    name: str
    api: str
    live: str
    row: Row
    error: ShownError | None
    facts: tuple[tuple[str, str], ...]
    dagster: tuple[tuple[str, str], ...]
    strip: Strip
    moments: tuple[Line, ...]
    cold: ColdStarts | None
    definitions: tuple[tuple[str, int], ...]
    versions: tuple[ShownVersion, ...]
    log: str
    extra: tuple[tuple[str, tuple[str, ...]], ...]


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
        body = await asyncio.to_thread(
            self._pages.page, "location.html", view=view, about=about, actions=actions, acts=ACTS
        )
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

    async def live(self, asked: Asked) -> Answer:
        """Parts of the page that changed, rendered."""
        name = name_of(asked)
        before: dict[str, str] = await self._parts(name)

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
        status = await self._told.status()
        row = next((row for row in status["locations"] if row["name"] == name), None)
        if row is None:
            raise NoLocation(name, [row["name"] for row in status["locations"]])
        return status, row, await self._told.detail(name)

    async def _view(self, name: str) -> LocationView:
        status, row, detail = await self._found(name)
        return await asyncio.to_thread(self._made, status, row, detail)

    def _made(self, status: dict[str, Any], row: dict[str, Any], detail: Detail) -> LocationView:
        name, dagster = row["name"], self._told.about().dagster
        moments = self._chronicle.moments(name)
        repositories = list((row["definitions"] or {}).get("repositories") or ())
        return LocationView(
            name=name,
            api=location_api(name),
            live=f"/api/live/location?name={quote(name, safe='')}",
            row=rows_of({**status, "locations": [row]}, self._chronicle, self._series)[0],
            error=_error(row["last_error"], detail.traceback),
            facts=facts_of(row),
            dagster=dagster_links(dagster, name, repositories),
            strip=strip_of(moments, row["pid"] is not None, time.time()),
            moments=told_moments(moments),
            cold=cold_starts_of(self._chronicle.wakes(name)),
            definitions=definitions_of(row),
            versions=tuple(map(_version, detail.versions)),
            log=detail.log,
            extra=detail.extra,
        )


def name_of(asked: Asked) -> str:
    """From the path, or from the query where a path cannot hold it."""
    return asked.parts.get("name") or asked.query.get("name", "")


def near(refusal: Refusal) -> list[tuple[str, str]]:
    names = refusal.near if isinstance(refusal, NoLocation) else []
    return [(name, location_link(name)) for name in names]


def _error(text: str | None, traceback: str) -> ShownError | None:
    """A traceback says more than the text, where code does not load."""
    if not text and not traceback:
        return None
    text = text or traceback.splitlines()[-1]
    whole = traceback or (text.rstrip() if is_longer(text) else "")
    return ShownError("Its code does not load" if traceback else "Its last error", headline(text), whole)


def _version(one: Version) -> ShownVersion:
    return ShownVersion(
        one.version[:12], one.at, clock_of(one.at), one.why, one.loads, one.now, one.can_roll_back
    )
