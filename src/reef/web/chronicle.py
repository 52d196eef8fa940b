"""What happened lately to each location: a bounded list for each, filled by the host's events and calls."""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from reef import events
from reef.events import Event
from reef.gateway.contract import CallEnded, CallStarted
from reef.web.moments import Moment, call_moment, call_words, moment_of, of_the_fleet

MOST_MOMENTS, MOST_WAKES, MOST_OF_FLEET = 80, 40, 60
SAME_CALLS_S = 60.0  # calls of one kind with less between them are one moment
BY_ITSELF = "Reef itself"


@dataclass(frozen=True, slots=True)
class Wake:
    """`at` in unix seconds; `why` such as `sensor tick`."""

    at: float
    why: str
    took_s: float


@dataclass(slots=True)
class _Kept:
    moments: deque[Moment] = field(default_factory=lambda: deque(maxlen=MOST_MOMENTS))
    wakes: deque[Wake] = field(default_factory=lambda: deque(maxlen=MOST_WAKES))
    wanted_for: str = ""  # what it is being woken for


class Chronicle:
    """All on the event loop. `is_up` says whether a location has a server now."""

    def __init__(self, is_up: Callable[[str], bool], clock: Callable[[], float] = time.time) -> None:
        self._is_up = is_up
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._fleet: deque[Moment] = deque(maxlen=MOST_OF_FLEET)

    # -- what is heard -----------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        now = self._clock()
        if (of_fleet := of_the_fleet(event, now)) is not None:
            self._fleet.append(of_fleet)
            return
        match event:
            case events.LocationGone(location):
                self.forget(location)
                return
            case events.Woken(location, _, took_s, _):
                self._note_wake(location, now, took_s)
            case events.Draining(location, _, reason, again) if again:
                self._of(location).wanted_for = f"its server was replaced: {reason}"
        found = moment_of(event, now, self._why(event))
        if found is not None:
            self._of(found[0]).moments.append(found[1])

    def observe(self, call: CallStarted | CallEnded) -> None:
        """Only calls that need a server: those that are answered without one come by the thousand."""
        if call.lane != "forwarded":
            return
        if isinstance(call, CallEnded):
            self._note_call(call)
        elif not self._is_up(call.location):
            kept = self._of(call.location)
            kept.wanted_for = kept.wanted_for or call_words(call.method)

    def asked(self, name: str, by: str) -> None:
        """Somebody asks for its server."""
        if not self._is_up(name):
            self._of(name).wanted_for = by

    def tell(self, name: str, moment: Moment) -> None:
        """What somebody else saw. Calls of one kind with little time between them become one moment."""
        moments = self._of(name).moments
        last = moments[-1] if moments else None
        if last is not None and _go_on(last, moment):
            slowest = max(last.took_s or 0.0, moment.took_s or 0.0) or None
            number = last.number + moment.number
            moments[-1] = dataclasses.replace(last, number=number, until=moment.until, took_s=slowest)
            return
        moments.append(moment)

    def woke(self, name: str, wake: Wake) -> None:
        """The same of a wake."""
        self._of(name).wakes.append(wake)

    def forget(self, name: str) -> None:
        """It is no more."""
        self._kept.pop(name, None)

    # -- what is told ------------------------------------------------------------------------------

    def moments(self, name: str) -> tuple[Moment, ...]:
        """Oldest first."""
        return tuple(self._kept[name].moments) if name in self._kept else ()

    def wakes(self, name: str) -> tuple[Wake, ...]:
        """Oldest first."""
        return tuple(self._kept[name].wakes) if name in self._kept else ()

    def last_wake(self, name: str) -> Wake | None:
        kept = self._kept.get(name)
        return kept.wakes[-1] if kept and kept.wakes else None

    def of_fleet(self) -> tuple[Moment, ...]:
        """What concerned no single location, oldest first."""
        return tuple(self._fleet)

    # -- inside ------------------------------------------------------------------------------------

    def _of(self, name: str) -> _Kept:
        return self._kept.setdefault(name, _Kept())

    def _why(self, event: Event) -> str:
        if not isinstance(event, events.Woken):
            return ""
        last = self.last_wake(event.name)
        return last.why if last is not None else BY_ITSELF

    def _note_wake(self, name: str, now: float, took_s: float) -> None:
        kept = self._of(name)
        kept.wakes.append(Wake(now, kept.wanted_for or BY_ITSELF, took_s))
        kept.wanted_for = ""

    def _note_call(self, call: CallEnded) -> None:
        self.tell(call.location, call_moment(call, self._clock()))


def _go_on(last: Moment, new: Moment) -> bool:
    is_same = new.kind == last.kind == "calls" and new.text == last.text
    return is_same and new.at - last.until < SAME_CALLS_S
