"""What happens in a host, as frozen events, and the bus that tells them to subscribers.

An event says what has happened; nobody decides by it what is served. Logs are the first subscriber.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reef.hosting.contract import Child
from reef.hosting.plan import LeftOut
from reef.records.served import ServedRecord

log = logging.getLogger("reef.control")


# -- servers of locations -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Woken:
    """A child answers. `kept`: it runs from the copy of its version."""

    name: str
    child: Child
    seconds: float
    kept: bool


@dataclass(frozen=True)
class WakeFailed:
    """A call got no child; `reason` is for people."""

    name: str
    reason: str


@dataclass(frozen=True)
class Slept:
    """An idle child is ended."""

    name: str
    child: Child
    why: str


@dataclass(frozen=True)
class Draining:
    """A child gets no new calls. `again`: the location is worth keeping warm, so that another is to be started."""

    name: str
    child: Child
    why: str
    again: bool = False


@dataclass(frozen=True)
class Drained:
    """Its calls and runs are over; it is ended."""

    name: str
    child: Child


@dataclass(frozen=True)
class OverLimit:
    """A child is ended because of its own memory limit."""

    name: str
    child: Child
    reason: str


@dataclass(frozen=True)
class Ending:
    """A child, of a probe too, is about to be told to end: the last moment to measure it. It may come twice."""

    name: str
    child: Child


@dataclass(frozen=True)
class Exited:
    """A child is dead. `reason` where nobody at Reef asked for it."""

    name: str
    child: Child
    status: int | None
    reason: str | None


@dataclass(frozen=True)
class TakenUp:
    """A child that an earlier host left. `serves`: it gets calls, else it is drained."""

    name: str
    child: Child
    serves: bool


@dataclass(frozen=True)
class ConnectionRefused:
    """A child that should serve takes no connections; it is ended."""

    name: str
    child: Child
    reason: str


@dataclass(frozen=True)
class Unreachable:
    """Somebody else's server, or a standing one, does not say who it is."""

    name: str
    reason: str


@dataclass(frozen=True)
class Reached:
    """It says who it is again."""

    name: str


@dataclass(frozen=True)
class ZygoteBuilt:
    """From now on these locations fork from it."""

    key: str
    python: str
    locations: tuple[str, ...]


@dataclass(frozen=True)
class ZygotesReady:
    """A plan of zygotes stands: `number` of them, `seconds` after it was begun; `left_out` is what they do not
    preload although locations import it."""

    number: int
    seconds: float
    left_out: tuple[LeftOut, ...]


# -- versions -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Probed:
    """A version was loaded beside what is served; `error` where it does not load."""

    name: str
    version: str
    seconds: float
    error: str | None


@dataclass(frozen=True)
class VersionServed:
    """A version is served from now on; the same one again where only its answers changed."""

    name: str
    before: ServedRecord | None
    now: ServedRecord


@dataclass(frozen=True)
class VersionRefused:
    """What was served before, if anything was, goes on."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class Pinned:
    name: str
    version: str
    why: str


@dataclass(frozen=True)
class Unpinned:
    name: str


# -- deploys and the fleet ------------------------------------------------------------------------------


@dataclass(frozen=True)
class DeployWavePassed:
    """`wave` counts from 1 on."""

    deploy: str
    wave: int
    waves: int


@dataclass(frozen=True)
class DeployHalted:
    deploy: str
    wave: int
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class DeployEnded:
    """`outcome`: finished, halted or abandoned."""

    deploy: str
    outcome: str


@dataclass(frozen=True)
class FleetChanged:
    """The fleet's file says another fleet; it is being made the one that is served."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True)
class LocationGone:
    """Nobody asked for it any more."""

    name: str


Event = (
    Woken
    | WakeFailed
    | Slept
    | Draining
    | Drained
    | OverLimit
    | Ending
    | Exited
    | TakenUp
    | ConnectionRefused
    | Unreachable
    | Reached
    | ZygoteBuilt
    | ZygotesReady
    | Probed
    | VersionServed
    | VersionRefused
    | Pinned
    | Unpinned
    | DeployWavePassed
    | DeployHalted
    | DeployEnded
    | FleetChanged
    | LocationGone
)
Subscriber = Callable[[Event], None]


class Events:
    """Each subscriber hears each event, in the order they subscribed, before `emit` returns. One that fails keeps
    nobody from hearing it."""

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers = list(subscribers)

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def emit(self, event: Event) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                log.exception("a subscriber failed at %s", event)
