"""`reef history` on a cluster: what the controller has put into the status of CodeLocations."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from reef.errors import ReefError
from reef.kube.seen.reading import seconds
from reef.remote.reaching import Remote, run


def show(context: str | None, namespace: str | None, location: str | None, as_json: bool) -> None:
    """Of one location, or of all; newest first. Raises ReefError."""

    async def look(remote: Remote) -> list[dict[str, Any]]:
        documents = [await remote.location(location)] if location else await remote.locations()
        return entries(documents)

    found = run(context, namespace, look)
    if not found and location:
        raise ReefError(
            f"nothing was promoted of {location!r}", hint=f"`reef status {location}` says what it waits for"
        )
    click.echo(json.dumps(found) if as_json else "\n".join(_line(each, location) for each in found))


def entries(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with `location` and `served`: whether it is what is served now."""
    found = []
    for each in documents:
        status = each.get("status") or {}
        for number, one in enumerate(status.get("history") or ()):
            now = number == 0 and one["version"] == status.get("version")
            found.append({"location": each["metadata"]["name"], **one, "served": now})
    return sorted(found, key=lambda one: (-(seconds(one["at"]) or 0.0), one["location"]))


def _line(entry: dict[str, Any], only: str | None) -> str:
    return entry_line(entry) if only else f"{entry['location']}  {entry_line(entry)}"


def entry_line(entry: dict[str, Any]) -> str:
    """One promotion for people, in local time."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds(entry["at"]) or 0.0))
    lost = "" if entry["kept"] else " (cannot be rolled back to: it is not kept)"
    return f"{when}  {entry['version']}  {entry['image'] or '-'}  {entry['why']}{lost}"
