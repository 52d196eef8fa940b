"""What an event or a call is on a timeline: a kind, a line for people, and whose it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reef import events
from reef.events import Event
from reef.gateway.contract import CallEnded
from reef.words import count, headline, seconds, shortened

Kind = Literal["wake", "sleep", "end", "trouble", "version", "refused", "deploy", "calls", "run"]
MOST_TEXT = 240

CALLS = {
    "SyncExternalSensorExecution": "sensor tick",
    "ExternalSensorExecution": "sensor tick",
    "SyncExternalScheduleExecution": "schedule tick",
    "ExternalScheduleExecution": "schedule tick",
    "StartRun": "start of a run",
    "ExecutionPlanSnapshot": "execution plan",
    "ExternalJobSubset": "job subset",
    "ExternalNotebookData": "notebook",
    "RefreshComponentState": "refresh of component state",
    "ReloadCodeWithState": "reload with component state",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is in unix seconds. `number` is how many calls of one kind in a row it stands for, the last one at `until`;
    `took_s` how long a wake, a probe or the slowest of the calls took."""

    at: float
    kind: Kind
    text: str
    took_s: float | None = None
    number: int = 1
    until: float = 0.0


def call_words(method: str) -> str:
    """What a person calls a call of Dagster's API."""
    return CALLS.get(method) or ("partitions" if "Partition" in method else method)


def call_moment(event: CallEnded, at: float) -> Moment:
    """Of a call that a code server has answered, or could not be asked."""
    words = call_words(event.method)
    if event.failed_tick is not None:
        tick = event.failed_tick
        return Moment(at, "trouble", _cut(f"{words} of {tick.name} failed: {tick.text}"), event.seconds)
    if event.error:
        return Moment(at, "trouble", _cut(f"{words} failed: {event.code}: {event.error}"), event.seconds)
    if event.run_id is not None:
        return Moment(at, "run", f"run {event.run_id[:8]} started", event.seconds)
    return Moment(at, "calls", words, event.seconds, until=at)


def moment_of(event: Event, at: float, why: str = "") -> tuple[str, Moment] | None:
    """The location and what a person is told; None for what is no news to people. `why` a wake happened."""
    match event:
        case events.Woken(location, _, took_s, kept):
            text = f"woken: {why}" + (", from the copy of its version" if kept else "")
            return location, Moment(at, "wake", text, took_s)
        case events.WakeFailed(location, reason):
            return location, Moment(at, "trouble", _cut(f"not woken: {reason}"))
        case events.Slept(location, _, reason):
            return location, Moment(at, "sleep", f"asleep: {reason}")
        case events.Draining(location, child, reason):
            return location, Moment(at, "end", f"server {child.pid} gets no new calls: {reason}")
        case events.OverLimit(location, _, reason):
            return location, Moment(at, "trouble", _cut(f"ended: {reason}"))
        case events.Exited(location, child, _, reason) if child.purpose == "serve":
            return location, _exited(at, child.pid, reason)
        case events.TakenUp(location, child, serves):
            text = f"server {child.pid} taken up from the host before" + ("" if serves else ", to drain")
            return location, Moment(at, "wake" if serves else "end", text)
        case events.ConnectionRefused(location, _, reason) | events.Unreachable(location, reason):
            return location, Moment(at, "trouble", _cut(f"not reachable: {reason}"))
        case events.Reached(location):
            return location, Moment(at, "wake", "reachable again")
        case _:
            return _of_version(event, at)


def _of_version(event: Event, at: float) -> tuple[str, Moment] | None:
    match event:
        case events.Probed(location, version, took_s, error) if error is not None:
            return location, Moment(
                at, "refused", _cut(f"version {version[:12]} does not load: {error}"), took_s
            )
        case events.VersionServed(location, before, now):
            changed = before is None or before.version != now.version
            text = f"version {now.version[:12]} is served" if changed else "its answers are recorded anew"
            return location, Moment(at, "version", text)
        case events.VersionRefused(location, version, reason):
            return location, Moment(at, "refused", _cut(f"version {version[:12]} is refused: {reason}"))
        case events.Pinned(location, version, reason):
            return location, Moment(at, "version", _cut(f"pinned to version {version[:12]}: {reason}"))
        case events.Unpinned(location):
            return location, Moment(at, "version", "no longer pinned")
    return None


def of_the_fleet(event: Event, at: float) -> Moment | None:
    """What concerns no single location."""
    match event:
        case events.DeployWavePassed(deploy, wave, waves):
            return Moment(at, "deploy", f"deploy {deploy}: wave {wave} of {waves} passed")
        case events.DeployHalted(deploy, wave, reasons):
            return Moment(
                at, "trouble", _cut(f"deploy {deploy} is halted in wave {wave}: {', '.join(reasons)}")
            )
        case events.DeployEnded(deploy, outcome):
            return Moment(at, "deploy", f"deploy {deploy} {outcome}")
        case events.FleetChanged(added, removed, changed):
            said = f"{len(added)} added, {len(removed)} removed, {len(changed)} changed"
            return Moment(at, "deploy", f"the fleet's file changed: {said}")
        case events.ZygotesReady(number, took_s, _):
            return Moment(at, "deploy", f"{count(number, 'zygote')} after {seconds(took_s)}", took_s)
    return None


def _exited(at: float, pid: int, reason: str | None) -> Moment:
    if reason is None:
        return Moment(at, "end", f"server {pid} ended")
    return Moment(at, "trouble", _cut(f"server {pid} died: {reason}"))


def _cut(text: str) -> str:
    return shortened(headline(text), MOST_TEXT)
