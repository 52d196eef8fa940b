"""Reef's page put together: what is answered where."""

from __future__ import annotations

from reef.web.acting import Acting
from reef.web.answers import HTML, Answer, Answers, Asked, Refusal, refused
from reef.web.chronicle import Chronicle
from reef.web.fleet_page import FleetPage, shown
from reef.web.location_page import LocationPage, near
from reef.web.rendering import Pages
from reef.web.series import Series
from reef.web.static_files import static_file
from reef.web.streams import Streams
from reef.web.told import Told


class Site:
    def __init__(self, told: Told, chronicle: Chronicle, series: Series, token: str) -> None:
        self._told = told
        self._pages = Pages()
        self._streams = Streams()
        made = (told, chronicle, series, self._pages, self._streams)
        self._fleet, self._location = FleetPage(*made), LocationPage(*made)
        self._acting = Acting(told, token)

    def register(self, answers: Answers) -> None:
        answers.get("/", self._fleet.page)
        answers.get("/location/{name:path}", self._location.page)
        answers.get("/static/{file}", static_file)
        answers.get("/api/fleet", self._fleet.as_json)
        answers.get("/api/location/{name:path}", self._location.as_json)
        answers.get("/api/usage", self._location.usage_as_json)
        answers.get("/api/part/usage", self._location.usage)
        answers.get("/api/live/fleet", self._fleet.live)
        answers.get("/api/live/location", self._location.live)
        answers.post("/api/do/{verb}", self._acting.act)
        answers.post("/api/token", self._acting.check)

    def refused_page(self, asked: Asked, refusal: Refusal) -> Answer:
        """HTML for who asked for a page, JSON for everybody else."""
        if asked.path.startswith(("/api/", "/metrics", "/static/")):
            return refused(refusal)
        body = self._pages.page(
            "refused.html", refusal=refusal, near=near(refusal), about=shown(self._told.about())
        )
        return Answer(body, HTML, refusal.status)

    @property
    def looking(self) -> int:
        """How many have a page open that is live."""
        return self._streams.open

    async def stop(self) -> None:
        """Streams end at once."""
        self._streams.close()
