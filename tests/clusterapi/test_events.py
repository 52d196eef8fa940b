"""Events of a CodeLocation: the API server takes them, kubectl shows them, and they never become many."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asking import client, location

from lab.apiserver import ApiServer
from reef.background import Background
from reef.cluster.errors import Forbidden
from reef.cluster.kinds import Kind
from reef.controller.asked import Asked
from reef.controller.book import Book
from reef.controller.events_api import AGAIN_S, BURST, Events
from reef.controller.known import Known, read_known
from reef.decide.cluster.releasing import Release
from reef.decide.cluster.rolling import Rollout

log = logging.getLogger("reef.test")


@dataclass
class Recorder:
    """Stands for a client: it keeps what it is given, or refuses all."""

    refuses: bool = False
    given: list[dict[str, Any]] = field(default_factory=list)

    async def create(self, kind: Kind, document: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            raise Forbidden("events are forbidden")
        self.given.append(document)
        return document


def known(name: str) -> Known:
    document = location(name, "data")
    document["metadata"]["uid"] = f"uid-of-{name}"
    return read_known(document)


class Story:
    """Events over a recorder, at a time that is set by hand."""

    def __init__(self, recorder: Recorder) -> None:
        self.now = 1_000_000.0
        self.background = Background(log, "events")
        self.events = Events(recorder, "data", "pod-1", self.background, lambda: self.now)  # type: ignore[arg-type]

    async def written(self) -> None:
        while self.background._tasks:
            await asyncio.gather(*self.background._tasks)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("Promoted", "Normal"), ("RolledBack", "Normal"), ("Refused", "Warning"), ("Halted", "Warning")],
)
def test_what_is_said(reason: Any, kind: str) -> None:
    async def main() -> dict[str, Any]:
        recorder = Recorder()
        story = Story(recorder)
        story.events.say(known("sales"), reason, "Why. " * 1000)
        await story.written()
        (found,) = recorder.given
        return found

    found = asyncio.run(main())
    assert (found["reason"], found["type"]) == (reason, kind)
    assert len(found["message"]) == 1024
    assert found["involvedObject"]["uid"] == "uid-of-sales"
    assert found["firstTimestamp"] == "1970-01-12T13:46:40Z"


def test_the_same_is_said_once_and_again_after_a_while() -> None:
    async def main() -> list[int]:
        recorder = Recorder()
        story, counts = Story(recorder), []
        for pause_s in (0.0, 1.0, AGAIN_S):
            story.now += pause_s
            story.events.say(known("sales"), "Halted", "Too many are refused.")
            await story.written()
            counts.append(len(recorder.given))
        story.events.say(known("sales"), "Halted", "Another reason.")
        story.events.say(known("billing"), "Halted", "Too many are refused.")
        await story.written()
        return [*counts, len(recorder.given)]

    assert asyncio.run(main()) == [1, 1, 2, 4]


def test_a_flood_is_cut_off() -> None:
    async def main() -> tuple[int, int]:
        recorder = Recorder()
        story = Story(recorder)
        for number in range(3 * BURST):
            story.events.say(known(f"location-{number}"), "Promoted", "It is served.")
        await story.written()
        at_once = len(recorder.given)
        story.now += 3.0
        for number in range(10):
            story.events.say(known(f"later-{number}"), "Promoted", "It is served.")
        await story.written()
        return at_once, len(recorder.given) - at_once

    assert asyncio.run(main()) == (BURST, 3)


def test_a_refused_event_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        story = Story(Recorder(refuses=True))
        story.events.say(known("sales"), "Promoted", "It is served.")
        await story.written()

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert "an event of sales is not written: events are forbidden" in caplog.text
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def one(name: str, served: str) -> Asked:
    """A location that asks for the version `new`."""
    book = Book(name=name, version=served)
    found = known(name)
    assert found.location is not None
    return Asked(found, found.location, book, "new", newest="new", missing=())


def test_what_was_tried_and_does_not_run_is_told() -> None:
    """`a` was never served, `b` is, `c` went back to what runs."""
    releases = {
        "a": Release((), "under_way", "NotRunning", "It waits for its image.", awaited="new"),
        "b": Release((), "served", "Served", "It is served.", not_running="Its image is gone."),
        "c": Release((), "refused", "NotRunning", "It is refused."),
        "d": Release((), "served", "Served", "It is served."),
    }

    async def main() -> list[tuple[str, str, str]]:
        recorder = Recorder()
        story = Story(recorder)
        for _ in range(2):
            story.events.say_not_running([one(name, "old") for name in releases], releases)
        await story.written()
        return [(each["involvedObject"]["name"], each["type"], each["message"]) for each in recorder.given]

    assert asyncio.run(main()) == [
        ("a", "Warning", "It waits for its image."),
        ("b", "Warning", "Its image is gone."),
    ]


def test_those_whose_turn_does_not_come_are_told() -> None:
    """`b` is as it was asked to be, `c` takes no part."""
    halted = Rollout((("a", "b"),), {"a": "new", "b": "new"}, 0.0, halted="2 of 4 are refused.")

    async def main() -> list[tuple[str, str]]:
        recorder = Recorder()
        story = Story(recorder)
        fleet = [one("a", "old"), one("b", "new"), one("c", "old")]
        for rollout in (None, replace(halted, halted=None), halted, halted):
            story.events.say_halted(fleet, rollout)
        await story.written()
        return [(each["involvedObject"]["name"], each["message"]) for each in recorder.given]

    assert asyncio.run(main()) == [("a", "The rollout has stopped. 2 of 4 are refused.")]


def test_kubectl_shows_them_at_the_location(locations_server: ApiServer, kube_namespace: str) -> None:
    document = json.loads(
        locations_server.kubectl(
            "create", "-f", "-", "-o", "json", stdin=json.dumps(location("sales", kube_namespace))
        )
    )

    async def main() -> None:
        background = Background(log, "events")
        async with client(locations_server, kube_namespace) as asking:
            events = Events(asking, kube_namespace, "reef-controller-x", background)
            events.say(read_known(document), "Refused", "Version abc is not served: No module named 'x'.")
            while background._tasks:
                await asyncio.gather(*background._tasks)

    asyncio.run(main())
    told = locations_server.kubectl("-n", kube_namespace, "describe", "codelocation", "sales")
    (line,) = [line for line in told.splitlines() if "Refused" in line]
    assert "Warning" in line
    assert "reef-controller" in line
    assert "No module named 'x'." in line
