"""Calls of Dagster, counted."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from reef.gateway.contract import CallEnded, CallStarted
from reef.metrics import of_locations
from reef.metrics.tally import OTHER, Tally
from reef.wire.lanes import RPCS

METHODS = frozenset(rpc.name for rpc in RPCS.values())
OUTCOMES = frozenset(code.name for code in grpc.StatusCode)
TICKS = {
    "SyncExternalScheduleExecution": "schedule",
    "ExternalScheduleExecution": "schedule",
    "SyncExternalSensorExecution": "sensor",
    "ExternalSensorExecution": "sensor",
}


def method_of(name: str) -> str:
    """What no version of Dagster asks is counted together: a caller makes no new series."""
    return name if name in METHODS else OTHER


class CallCounts:
    """An observer of the gateway. `is_known` says whether a location is one of the fleet's."""

    def __init__(self, tally: Tally, is_known: Callable[[str], bool]) -> None:
        self._tally = tally
        self._is_known = is_known

    def observe(self, event: CallStarted | CallEnded) -> None:
        if isinstance(event, CallStarted) or not self._is_known(event.location):
            return
        tally, counted = self._tally, self._tally.of(event.location)
        method = method_of(event.method)
        outcome = event.code if event.code in OUTCOMES else OTHER
        tally.add(counted, of_locations.CALLS, method, event.lane, outcome)
        tally.observe(counted, of_locations.CALL_SECONDS, event.lane, seconds=event.seconds)
        if kind := TICKS.get(method):
            ticked = "failed" if event.failed_tick is not None or event.code != "OK" else "ok"
            tally.add(counted, of_locations.TICKS, kind, "failed", number=ticked == "failed")
            tally.add(counted, of_locations.TICKS, kind, "ok", number=ticked == "ok")
