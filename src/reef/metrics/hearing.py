"""What happens in a host, counted: a subscriber to its events."""

from __future__ import annotations

import time
from collections.abc import Mapping

from reef import events
from reef.gateway.contract import CallEnded, CallStarted
from reef.locations.place import CodeLocation
from reef.metrics import of_hosts, of_locations
from reef.metrics.calls import method_of
from reef.metrics.tally import Tally
from reef.serving.loop import FOR_THE_BUDGET


def sleep_reason(why: str) -> str:
    if why == FOR_THE_BUDGET:
        return "memory_budget"
    return "idle" if why.startswith("idle for") else "asked"


def crash_cause(status: int | None) -> str:
    if status is None:
        return "unknown"
    return "signal" if status < 0 else "exit"


class Hearing:
    """`hear` and `observe` run on the event loop, some microseconds each."""

    def __init__(self, tally: Tally, places: Mapping[str, CodeLocation]) -> None:
        self._tally = tally
        self._places = places
        # Location -> the RPC that met no server first, since there was one.
        self._asked: dict[str, str] = {}
        self._again: set[str] = set()
        # Location -> the state that it was last seen in, and since when.
        self._states: dict[str, tuple[str, float]] = {}

    def observe(self, event: CallStarted | CallEnded) -> None:
        """Of the gateway's calls: who asks first is why a location wakes."""
        if isinstance(event, CallEnded) or event.lane != "forwarded":
            return
        place = self._places.get(event.location)
        if place is not None and place.endpoint is None:
            self._asked.setdefault(event.location, method_of(event.method))

    def hear(self, event: events.Event) -> None:
        name = getattr(event, "name", None)
        if isinstance(event, events.LocationGone):
            self._forget(event.name)
        elif name is None:
            self._of_host(event)
        elif name in self._places:
            self._of_location(name, event)
            self.note_state(name, "failed" if isinstance(event, events.WakeFailed) else None)

    def _of_host(self, event: events.Event) -> None:
        tally, host = self._tally, self._tally.host
        match event:
            case events.ZygoteBuilt():
                tally.add(host, of_hosts.ZYGOTES_BUILT)
            case events.ZygotesReady(_, seconds):
                host.numbers[(of_hosts.PLAN_SECONDS.name,)] = seconds
            case events.DeployEnded(_, outcome):
                tally.add(host, of_hosts.DEPLOYS, outcome)

    def _of_location(self, name: str, event: events.Event) -> None:
        tally, counted = self._tally, self._tally.of(name)
        match event:
            case events.Woken(_, _, seconds):
                tally.add(counted, of_locations.WAKES, self._why(name))
                tally.observe(counted, of_locations.COLD_START, seconds=seconds)
                counted.numbers[(of_locations.WOKEN_AT.name,)] = time.time()
            case events.WakeFailed():
                self._why(name)
                tally.add(counted, of_locations.WAKE_FAILURES)
            case events.Slept(_, _, why):
                reason = sleep_reason(why)
                tally.add(counted, of_locations.SLEEPS, reason)
                if reason == "memory_budget":
                    tally.add(tally.host, of_hosts.EVICTIONS)
            case events.Draining(_, _, _, True):
                self._again.add(name)
            case events.OverLimit():
                tally.add(counted, of_locations.OVER_LIMIT)
            case events.Exited(_, _, status, str()):
                tally.add(counted, of_locations.CRASHES, crash_cause(status))
            case events.ConnectionRefused() | events.Unreachable():
                tally.add(counted, of_locations.CONNECTIONS_REFUSED)
            case events.Probed(_, _, seconds, error):
                tally.add(counted, of_locations.PROBES, "load_error" if error else "ok")
                tally.observe(tally.host, of_hosts.PROBE_SECONDS, seconds=seconds)
            case events.VersionServed(_, before, now) if before is None or before.version != now.version:
                tally.add(counted, of_locations.PROMOTIONS)
            case events.VersionRefused():
                tally.add(counted, of_locations.REFUSALS)

    def _why(self, name: str) -> str:
        """Why it wakes; asked once for each wake."""
        asked, again = self._asked.pop(name, None), name in self._again
        self._again.discard(name)
        if asked is not None:
            return asked
        if again:
            return "new_version"
        return "standing" if self._places[name].serving.stays_up else "command"

    # -- time in states ------------------------------------------------------------------------------

    def note_state(self, name: str, state: str | None = None) -> None:
        """The time since the last look goes to the state that was seen then."""
        place = self._places.get(name)
        if place is None:
            return
        now = time.monotonic()
        before, since = self._states.get(name, (None, now))
        if before is not None:
            counted = self._tally.of(name)
            self._tally.add(counted, of_locations.STATE_SECONDS, before, number=now - since)
        self._states[name] = (state or place.state, now)

    def note_states(self) -> None:
        """Of all locations, for a scrape."""
        for name in list(self._places):
            self.note_state(name)

    def _forget(self, name: str) -> None:
        self._tally.forget(name)
        self._asked.pop(name, None)
        self._again.discard(name)
        self._states.pop(name, None)
