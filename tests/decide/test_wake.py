"""A location that keeps dying is tried again, ever more seldom; its callers are told why."""

from __future__ import annotations

import pytest

from reef.decide.wake import Hold, RefuseCall, Start, on_call, pause_s
from reef.views import LocationView


def failed(failures: int, last_error: str | None = "boom") -> LocationView:
    return LocationView(name="a", phase="failed", failures=failures, failed_at=100.0, last_error=last_error)


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 0.0), (1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (1000, 60.0)]
)
def test_pauses_double_up_to_a_minute(failures: int, pause: float) -> None:
    assert pause_s(failures) == pause


def test_a_location_that_never_failed_starts_at_once() -> None:
    assert on_call(LocationView(name="a", phase="asleep"), 0.0) == Start()


def test_after_the_pause_it_is_tried_again() -> None:
    assert on_call(failed(7), 160.0) == Start()


def test_a_short_pause_is_waited_for_a_long_one_is_told() -> None:
    assert on_call(failed(1), 100.25) == Hold(0.75)
    answer = on_call(failed(7), 110.0)
    assert isinstance(answer, RefuseCall)
    assert "'a'" in answer.reason
    assert "7 times" in answer.reason
    assert "50 s" in answer.reason
    assert "boom" in answer.reason
