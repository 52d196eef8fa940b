"""Processor time of servers that have ended: what is read at their end counts, however they came to end."""

from __future__ import annotations

from reef import events
from reef.fleet.model import Location
from reef.hosting.contract import Child, Purpose
from reef.locations.place import CodeLocation
from reef.metrics.cpu import CpuMeter


def child(pid: int, purpose: Purpose = "serve") -> Child:
    return Child("sales", "1", purpose, pid, 1, f"/x/{pid}", True, 1.0)


def test_a_server_counts_to_its_end_and_a_probe_does_not() -> None:
    """A server that gives way to a new version is told to end like any other: it neither sleeps nor drains."""
    meter = CpuMeter({"sales": CodeLocation(Location("sales"))}, last=lambda one: float(one.pid))
    for one in (child(3), child(4), child(100, "probe")):
        meter.hear(events.Ending("sales", one))
        meter.hear(events.Ending("sales", one))
        meter.hear(events.Exited("sales", one, 0, None))
    assert meter.seconds() == {"sales": 7.0}


def test_nothing_is_kept_of_a_location_that_is_gone() -> None:
    meter = CpuMeter({}, last=lambda one: float(one.pid))
    meter.hear(events.LocationGone("sales"))
    meter.hear(events.Ending("sales", child(3)))
    assert meter.seconds() == {}
