"""What went wrong with one location lately, by the way it went wrong: what a deploy's gate looks at."""

from __future__ import annotations

from collections import OrderedDict

from reef.decide.gate import Key, Trouble
from reef.gateway.contract import CallEnded
from reef.words import because, headline

MOST = 200  # ways to fail that are remembered of one location
REMEMBERED_S = 3600.0
FINE = ("OK", "CANCELLED")  # a caller that is gone is nobody's failure


class Troubles:
    """The last trouble of each kind, version and key. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, Key, str | None], Trouble] = OrderedDict()

    def note(self, trouble: Trouble) -> None:
        key = (trouble.kind, trouble.key, trouble.version)
        self._last[key] = trouble
        self._last.move_to_end(key)
        if len(self._last) > MOST:
            self._last.popitem(last=False)

    def note_call(self, event: CallEnded, now: float) -> None:
        """Of a forwarded call, whatever became of it."""
        tick = event.failed_tick
        if tick is not None and event.code != "CANCELLED":
            text = because(tick.name, tick.text)
            self.note(Trouble("tick", (tick.name, tick.error), text, event.version, now))
        elif event.code not in FINE:
            text = because(f"{event.method}: {event.code}", headline(event.error))
            self.note(Trouble("call", (event.method, event.code), text, event.version, now))

    def note_server(self, reason: str, version: str | None, now: float) -> None:
        """A crash, a memory limit, a start that failed."""
        self.note(Trouble("server", ("server", ""), headline(reason), version, now))

    def all(self) -> tuple[Trouble, ...]:
        return tuple(self._last.values())

    def keys(self, now: float) -> frozenset[Key]:
        """How calls have failed lately."""
        return frozenset(
            one.key for one in self._last.values() if one.kind != "server" and now - one.at <= REMEMBERED_S
        )
