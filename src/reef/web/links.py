"""Addresses of pages. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

HIDDEN_REPOSITORY = "__repository__"  # has no name in Dagster's addresses
DAGSTER_PARTS = ("assets", "jobs", "schedules", "sensors")
DOTS = (".", "..")  # a browser takes them out of a path


def location_link(name: str) -> str:
    """Of a location's page, whatever its name is."""
    return _link("/location/", name)


def location_api(name: str) -> str:
    return _link("/api/location/", name)


def _link(path: str, name: str) -> str:
    return f"{path}?name={name}" if name in DOTS else path + quote(name, safe="")


def dagster_links(page: str | None, name: str, repositories: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Label and address in Dagster's own UI, as that makes them; `page` is the webserver's address. A location that
    never loaded has no page there but the list of locations."""
    if page is None:
        return ()
    found: list[tuple[str, str]] = []
    for repository in repositories:
        address = quote(name, safe="")
        if repository != HIDDEN_REPOSITORY:
            address = f"{quote(repository, safe='')}@{address}"
        about = f" of {repository}" if len(repositories) > 1 else ""
        found += [(f"{what}{about}", f"{page}/locations/{address}/{what}") for what in DAGSTER_PARTS]
    return (*found, ("all locations", f"{page}/deployment/locations"))
