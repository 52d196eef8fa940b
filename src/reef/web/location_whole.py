"""All that the page of one location shows, put together. Pure."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reef.notes import has_server
from reef.web.chronicle import Chronicle
from reef.web.fleet_view import Row, rows_of
from reef.web.links import dagster_links, location_api
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
from reef.web.series import Series
from reef.web.told import Detail, Version
from reef.words import headline, is_longer


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
    usage: str
    usage_api: str
    row: Row
    error: ShownError | None
    facts: tuple[tuple[str, str], ...]
    dagster: tuple[tuple[str, str], ...]
    strip: Strip
    moments: tuple[Line, ...]
    cold: ColdStarts | None
    doctor: str
    definitions: tuple[tuple[str, int], ...]
    versions: tuple[ShownVersion, ...]
    log: str
    extra: tuple[tuple[str, tuple[str, ...]], ...]


def location_view(
    status: Mapping[str, Any],
    row: dict[str, Any],
    detail: Detail,
    chronicle: Chronicle,
    series: Series,
    dagster: str | None,
) -> LocationView:
    """`dagster` is the webserver's address."""
    name, moments = row["name"], chronicle.moments(row["name"])
    repositories = list((row["definitions"] or {}).get("repositories") or ())
    return LocationView(
        name=name,
        api=location_api(name),
        live=f"/api/live/location?name={quote(name, safe='')}",
        usage=f"/api/part/usage?name={quote(name, safe='')}",
        usage_api=f"/api/usage?name={quote(name, safe='')}",
        row=rows_of({**status, "locations": [row]}, chronicle, series)[0],
        error=_error(row["last_error"], detail.traceback),
        facts=facts_of(row),
        dagster=dagster_links(dagster, name, repositories),
        strip=strip_of(moments, has_server(row), time.time()),
        moments=told_moments(moments),
        cold=cold_starts_of(chronicle.wakes(name)),
        doctor=f"reef doctor {shlex.quote(name)}",
        definitions=definitions_of(row),
        versions=tuple(map(_version, detail.versions)),
        log=detail.log,
        extra=detail.extra,
    )


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
