"""The page of the fleet, the JSON beside it, and what changes of it while somebody looks."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from reef.notes import mb
from reef.web.answers import HTML, Answer, Asked, as_json
from reef.web.chronicle import Chronicle
from reef.web.fleet_view import SORTS, Group, Row, Totals, fits, groups_of, rows_of, sorted_rows, totals_of
from reef.web.location_view import Line, clock_of, told_moments
from reef.web.plain import fleet_json
from reef.web.rendering import Pages
from reef.web.series import Series
from reef.web.streams import Changes, Streams
from reef.web.told import About, Told
from reef.words import count

FRESH_S = 0.9  # who asks within that is answered with what was seen last


@dataclass(frozen=True)
class Column:
    key: str
    title: str
    sort: str = ""


COLUMNS = (
    Column("state", "State", "state"),
    Column("name", "Location", "name"),
    Column("owner", "Owner"),
    Column("version", "Version"),
    Column("memory", "Memory, MB", "memory"),
    Column("spark", "15 min"),
    Column("wake", "Last wake", "wake"),
    Column("cold", "Cold s", "cold"),
    Column("calls", "Calls", "calls"),
    Column("note", "Note"),
)


@dataclass(frozen=True)
class Wanted:
    """How a browser asks for the table: `?q=words&sort=memory&down&group=no`."""

    q: str
    sort: str
    down: bool
    grouped: bool

    def link(self, sort: str) -> str:
        """Sorted by that: what there is most of first, names and states as they come; the same again: the other way."""
        down = not self.down if self.sort == sort else sort not in ("name", "state")
        asked = {
            "q": self.q,
            "sort": sort,
            "down": "1" if down else "",
            "group": "" if self.grouped else "no",
        }
        return f"?{urlencode({key: value for key, value in asked.items() if value})}"

    @staticmethod
    def of(query: Mapping[str, str]) -> Wanted:
        sort = query.get("sort", "name")
        return Wanted(
            query.get("q", "")[:200],
            sort if sort in SORTS else "name",
            "down" in query,
            query.get("group") != "no",
        )


@dataclass(frozen=True)
class FleetView:
    totals: Totals
    rows: list[Row]
    groups: list[Group]
    zygotes_told: str
    zygotes: tuple[str, ...]
    news: tuple[Line, ...]


@dataclass(frozen=True)
class _Seen:
    """`generation` is that of the rows: somebody else may have looked again before they are drawn."""

    at: float
    generation: int
    status: dict[str, Any]
    rows: list[Row]
    totals: Totals


class FleetPage:
    """Rows are made anew only where something of them changed, and only while somebody looks."""

    def __init__(
        self, told: Told, chronicle: Chronicle, series: Series, pages: Pages, streams: Streams
    ) -> None:
        self._told = told
        self._chronicle = chronicle
        self._series = series
        self._pages = pages
        self._streams = streams
        self._epoch = secrets.token_hex(4)
        self._generation = 0
        self._rows, self._heads, self._parts = Changes(), Changes(), Changes()
        self._html: dict[str, str] = {}
        self._seen: _Seen | None = None
        self._looking = asyncio.Lock()

    # -- what is answered --------------------------------------------------------------------------

    async def page(self, asked: Asked) -> Answer:
        wanted = Wanted.of(asked.query)
        seen = await self._look()
        return Answer(await asyncio.to_thread(self._page, wanted, seen), HTML)

    async def as_json(self, _asked: Asked) -> Answer:
        seen = await self._look()
        return await asyncio.to_thread(
            lambda: as_json(fleet_json(seen.status, self._chronicle, self._series))
        )

    async def live(self, asked: Asked) -> Answer:
        """Events with what changed after the generation that the page was made at."""
        if asked.query.get("epoch") != self._epoch:
            return self._streams.answer(_once({"stale": True}))
        since = int(asked.query.get("since", "0"))

        async def changed() -> Mapping[str, Any] | None:
            nonlocal since
            found, since = await self._changed_since(since)
            return found

        return self._streams.answer(changed)

    # -- inside ------------------------------------------------------------------------------------

    async def _look(self) -> _Seen:
        async with self._looking:
            return await self._refreshed()

    async def _changed_since(self, generation: int) -> tuple[dict[str, Any] | None, int]:
        async with self._looking:
            await self._refreshed()
            return self._since(generation), self._generation

    async def _refreshed(self) -> _Seen:
        now = time.monotonic()
        if self._seen is None or now - self._seen.at > FRESH_S:
            status = await self._told.status()
            self._seen = await asyncio.to_thread(self._see, now, status)
        return self._seen

    def _see(self, now: float, status: dict[str, Any]) -> _Seen:
        rows = rows_of(status, self._chronicle, self._series)
        self._generation += 1
        seen = _Seen(now, self._generation, status, rows, totals_of(status, rows, self._series))
        by_name = {row.name: row for row in rows}
        for name in self._rows.take(by_name, self._generation):
            self._html.pop(name, None)
            if name in by_name:
                self._html[name] = self._pages.piece("parts.html", "row", by_name[name])
        groups = {group.owner: group for group in groups_of(rows)}
        told = {owner: dataclasses.replace(group, rows=()) for owner, group in groups.items()}
        self._heads.take(told, self._generation)
        self._parts.take({"totals": seen.totals}, self._generation)
        return seen

    def _since(self, generation: int) -> dict[str, Any] | None:
        rows = {name: self._html.get(name) for name in self._rows.since(generation)}
        heads = {
            owner: self._pages.piece("parts.html", "head", group) if group else None
            for owner, group in self._heads.since(generation).items()
        }
        parts = {
            key: self._pages.piece("parts.html", key, value)
            for key, value in self._parts.since(generation).items()
        }
        return {"rows": rows, "heads": heads, "parts": parts} if rows or heads or parts else None

    def _page(self, wanted: Wanted, seen: _Seen) -> bytes:
        rows = sorted_rows(seen.rows, wanted.sort, wanted.down)
        zygotes = seen.status["zygotes"]
        memory = mb(seen.status["totals"]["zygotes_pss_bytes"])
        view = FleetView(
            seen.totals,
            rows,
            groups_of(rows),
            f"{count(len(zygotes), 'zygote')}, {memory} MB",
            tuple(map(_zygote, zygotes)),
            told_moments(self._chronicle.of_fleet()),
        )
        return self._pages.page(
            "fleet.html",
            view=view,
            asked=wanted,
            hidden={row.name for row in rows if not fits(row, wanted.q)},
            columns=COLUMNS,
            epoch=self._epoch,
            generation=seen.generation,
            about=shown(self._told.about()),
        )


def shown(about: About) -> dict[str, Any]:
    return {**dataclasses.asdict(about), "started": clock_of(about.started_at)}


def _zygote(zygote: Mapping[str, Any]) -> str:
    told = f"zygote {zygote['key'][:8]}: {mb(zygote['pss_bytes'])} MB, {count(zygote['modules'], 'module')}, serves "
    return f"{told}{count(zygote['locations'], 'location')} of {zygote['python']}"


def _once(value: Mapping[str, Any]) -> Any:
    told = [value]

    async def changed() -> Mapping[str, Any] | None:
        return told.pop() if told else None

    return changed
