"""What the host answers on its own socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from reef.admin import Command
from reef.errors import ReefError
from reef.fleet.suggest import did_you_mean
from reef.host.assembly import Assembly
from reef.host.status import fleet_status, location_status
from reef.locations.place import CodeLocation
from reef.records.deploy_progress import plain
from reef.words import headline, is_longer


def in_one_line(reason: str | None, name: str) -> str | None:
    """For the line of a table; where there is more of it, with the command that shows it."""
    more = f"; `reef logs {name}` has more" if is_longer(reason) else ""
    return f"{headline(reason)}{more}" if reason else None


class Commands:
    """`about` gives what only the whole host knows of itself: keys of `reef status --json`. Deploys have commands of
    their own."""

    def __init__(self, parts: Assembly, about: Callable[[], dict[str, Any]]) -> None:
        self._parts = parts
        self._about = about
        self._deployer = parts.deployer

    def all(self) -> dict[str, Command]:
        """By the word that a request has in `do`."""
        return {
            "status": lambda _request: self.status(),
            "wake": self._wake,
            "sleep": self._sleep,
            "reload": self._reload,
            "rollback": self._rollback,
            **self._deployer.commands(),
        }

    async def status(self) -> dict[str, Any]:
        places, serving = self._parts.places, self._parts.serving
        in_flight = {name: serving.board.in_flight(name) for name in places}
        status = await asyncio.to_thread(fleet_status, list(places.values()), serving.hosting, in_flight)
        return {**status, **self._about(), "deploy": self._deployer.status()}

    def _place(self, request: Mapping[str, Any]) -> CodeLocation:
        name = str(request["location"])
        places = self._parts.places
        if name not in places:
            close = did_you_mean(name, places)
            raise ReefError(f"no code location {name!r}", hint=close)
        return places[name]

    def _row(self, place: CodeLocation, note: str | None = None) -> dict[str, Any]:
        row = location_status(
            place, self._parts.serving.hosting, self._parts.serving.board.in_flight(place.name)
        )
        return {**row, "note": note}

    async def _wake(self, request: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(request)
        reason = await self._parts.servers.wake_up(place)
        return self._row(place, in_one_line(reason, place.name))

    async def _sleep(self, request: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(request)
        if place.external is not None:
            return self._row(place, "external: its server is not Reef's to end")
        slept = await self._parts.serving.rester.sleep(place, "`reef sleep`")
        return self._row(place, None if slept else "not idle: it has calls or live runs")

    async def _reload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        place = self._place(request)
        before = place.served.server_id if place.served else None
        await self._parts.releasing.pins.unpin(place)
        await self._parts.reloader.reload(place.name, by_name=True)
        changed = (place.served.server_id if place.served else None) != before
        note = place.release.load_error or ("a new version is served" if changed else "nothing changed")
        return self._row(place, in_one_line(note, place.name))

    async def _rollback(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`version`: a version's beginning, or None."""
        place = self._place(request)
        done = await self._parts.releasing.rollback.to(place, request.get("version"))
        return {"location": place.name, **plain(done)}
