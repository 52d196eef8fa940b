"""Judging replies of a rollout: what must be found wrong is found, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import replies
from replies import Rollout

ROLLOUTS = (Rollout(2, saved=10.0, over=20.0), Rollout(3, saved=30.0, over=40.0))


def call(sent: float, received: float, *versions: int, **more: Any) -> dict[str, Any]:
    given = {"location": "a", "kind": "tick", "error": None, "marks": {"library": list(versions)}}
    return {**given, "sent": sent, "received": received, **more}


@pytest.mark.parametrize(
    "calls",
    [
        [call(1, 2, 1)],
        [call(11, 12, 1)],  # being rolled out
        [call(11, 12, 2)],
        [call(19, 25, 1)],  # sent before it was over
        [call(9, 11, 2)],  # received after it was saved
        [call(1, 35, 3)],
        [call(21, 22, 2), call(31, 32, 3), call(41, 42, 3)],
        [call(10, 16, 1), call(11, 15, 2)],  # at the same time
        [call(11, 12, 2), call(13, 14, 1, location="b")],
        [call(41, 42, kind="server_id")],  # names no version
    ],
)
def test_right_replies(calls: list[dict[str, Any]]) -> None:
    assert replies.wrong(calls, ROLLOUTS) == []


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        ([call(1, 2, 2)], "2 before it was saved"),
        ([call(21, 22, 1)], "1 after 2 was promoted"),
        ([call(11, 12, 1, 2)], "versions [1, 2]"),
        ([call(11, 12)], "versions []"),
        ([call(11, 12, 2), call(13, 14, 1)], "1 after a newer one"),
        ([call(11, 12, 2, kind="repository"), call(13, 14, 1)], "1 after a newer one"),
    ],
)
def test_wrong_replies(calls: list[dict[str, Any]], says: str) -> None:
    found = replies.wrong(calls, ROLLOUTS)
    assert len(found) == 1
    assert says in found[0]


def test_a_returned_error_is_a_failed_call_and_who_got_no_forwarded_call_is_named() -> None:
    calls = [call(1, 2, 1), call(1, 2, error="SensorExecutionErrorSnap"), call(1, 2, kind="repository")]
    assert replies.failures(calls) == ["a tick: SensorExecutionErrorSnap"]
    assert replies.counts(calls) == (3, 2)
    assert replies.unforwarded([call(1, 2, 1), call(1, 2, 1, location="b", kind="repository")], "ab") == ["b"]
