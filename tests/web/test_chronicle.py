"""What is remembered of each location: wakes and why, calls, sleeps, versions; and no more than there is room for."""

from __future__ import annotations

import pytest

from reef import events
from reef.gateway.contract import CallEnded, CallStarted, FailedTick
from reef.hosting.contract import Child
from reef.records.served import ServedRecord
from reef.web.chronicle import BY_ITSELF, MOST_MOMENTS, MOST_WAKES, Chronicle

CHILD = Child("sales", "v1", "serve", 7, 1, "/s", True, 0.0)
SENSOR, PLAN = "SyncExternalSensorExecution", "ExecutionPlanSnapshot"


class Told:
    """A chronicle with a clock and a location that is up or not, as the test says."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.up = False
        self.chronicle = Chronicle(lambda _name: self.up, lambda: self.now)

    def call(
        self, method: str = SENSOR, lane: str = "forwarded", error: str | None = None, **more: object
    ) -> None:
        self.chronicle.observe(CallStarted("sales", method, lane))
        code = "UNKNOWN" if error else "OK"
        self.chronicle.observe(CallEnded("sales", method, lane, 0.5, code, error, **more))  # type: ignore[arg-type]

    def wake(self) -> None:
        self.chronicle.hear(events.Woken("sales", CHILD, 0.2, False))
        self.up = True

    def texts(self) -> list[str]:
        return [moment.text for moment in self.chronicle.moments("sales")]


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_wake_is_told_with_the_call_that_asked_for_it(told: Told) -> None:
    told.chronicle.observe(CallStarted("sales", SENSOR, "forwarded"))
    told.chronicle.observe(CallStarted("sales", PLAN, "forwarded"))  # waits for the same wake
    told.wake()
    wake = told.chronicle.last_wake("sales")
    assert wake is not None
    assert (wake.why, wake.took_s, wake.at) == ("sensor tick", 0.2, 1000.0)
    assert told.texts() == ["woken: sensor tick"]


def test_a_wake_that_a_person_asked_for_and_one_that_nobody_did(told: Told) -> None:
    told.chronicle.asked("sales", "a person")
    told.wake()
    told.up = False
    told.wake()
    assert [wake.why for wake in told.chronicle.wakes("sales")] == ["a person", BY_ITSELF]


def test_a_call_to_one_that_is_awake_is_no_reason_for_its_next_wake(told: Told) -> None:
    told.wake()
    told.call(PLAN)
    told.up = False
    told.chronicle.observe(CallStarted("sales", "StartRun", "forwarded"))
    told.wake()
    assert [wake.why for wake in told.chronicle.wakes("sales")][-1] == "start of a run"


def test_polls_are_not_remembered(told: Told) -> None:
    told.call("GetServerId", lane="answered")
    assert told.chronicle.moments("sales") == ()


def test_calls_of_one_kind_in_a_row_are_one_moment(told: Told) -> None:
    for _ in range(5):
        told.call()
        told.now += 30
    told.call(PLAN)
    first, second = told.chronicle.moments("sales")
    assert (first.text, first.number, first.until) == ("sensor tick", 5, 1120.0)
    assert (second.text, second.number) == ("execution plan", 1)


def test_calls_long_after_the_last_are_told_apart(told: Told) -> None:
    told.call()
    told.now += 600
    told.call()
    assert [moment.number for moment in told.chronicle.moments("sales")] == [1, 1]


def test_what_fails_is_told_each_time(told: Told) -> None:
    told.call(error="boom\nsecond line")
    told.call(failed_tick=FailedTick("my_sensor", "ValueError", "bad cursor"))
    assert told.texts() == [
        "sensor tick failed: UNKNOWN: boom",
        "sensor tick of my_sensor failed: bad cursor",
    ]
    assert {moment.kind for moment in told.chronicle.moments("sales")} == {"trouble"}


def test_versions_and_ends(told: Told) -> None:
    one, two = ServedRecord("sales", "a" * 20, "id1", None), ServedRecord("sales", "b" * 20, "id2", None)
    for event in (
        events.VersionServed("sales", one, two),
        events.VersionServed("sales", two, two),
        events.VersionRefused("sales", "c" * 20, "NameError: x"),
        events.Slept("sales", CHILD, "idle for 30 s"),
        events.Exited("sales", CHILD, 0, None),
        events.Exited("sales", CHILD, -9, "killed by the kernel"),
    ):
        told.chronicle.hear(event)
    assert told.texts() == [
        "version bbbbbbbbbbbb is served",
        "its answers are recorded anew",
        "version cccccccccccc is refused: NameError: x",
        "asleep: idle for 30 s",
        "server 7 ended",
        "server 7 died: killed by the kernel",
    ]


def test_the_end_of_a_probe_is_no_news(told: Told) -> None:
    probe = Child("sales", "v1", "probe", 8, 1, "/s", True, 0.0)
    told.chronicle.hear(events.Exited("sales", probe, 0, None))
    assert told.texts() == []


def test_deploys_are_of_the_fleet(told: Told) -> None:
    told.chronicle.hear(events.DeployWavePassed("d1", 1, 3))
    told.chronicle.hear(events.DeployHalted("d1", 2, {"sales": "does not load"}))
    assert [one.text for one in told.chronicle.of_fleet()] == [
        "deploy d1: wave 1 of 3 passed",
        "deploy d1 is halted in wave 2: sales",
    ]


def test_no_more_is_kept_than_there_is_room_for(told: Told) -> None:
    for _ in range(500):
        told.now += 100
        told.wake()
        told.call()
        told.up = False
    assert len(told.chronicle.moments("sales")) == MOST_MOMENTS
    assert len(told.chronicle.wakes("sales")) == MOST_WAKES


def test_nothing_is_kept_of_a_location_that_is_gone(told: Told) -> None:
    told.wake()
    told.chronicle.hear(events.LocationGone("sales"))
    assert told.chronicle.moments("sales") == ()


def test_a_long_reason_is_one_line(told: Told) -> None:
    told.chronicle.hear(events.WakeFailed("sales", "x" * 5000 + "\ntraceback"))
    assert len(told.texts()[0]) < 300
