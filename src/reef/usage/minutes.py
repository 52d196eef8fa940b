"""From looks at the processes of locations to what each used in a minute. No clock, no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reef.decide.sizing.stretches import Spread, Stretch, quantile
from reef.hosting.contract import Child
from reef.usage.process_use import ProcessUse

SHORTEST_S = 1.0  # over which processor time becomes cores: one tick of /proc is 0.01 s


@dataclass
class _Minute:
    awake_s: float = 0.0
    own: list[tuple[float, float]] = field(default_factory=list)
    whole: list[tuple[float, float]] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)
    own_peak: float = 0
    whole_peak: float = 0
    pss: float = 0
    cpu_s: float = 0.0
    calls: int = 0
    wakes: int = 0
    probes: int = 0
    kills: int = 0
    killed_at: float = 0


@dataclass
class _Process:
    """As it was when it was last looked at."""

    at: float
    cpu_s: float
    peak: int


@dataclass(frozen=True)
class Counters:
    """Of a location, since its host began."""

    calls: int
    wakes: int
    probes: int


class Minutes:
    """Collects one minute after the other. Times are unix seconds."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._minutes: dict[str, _Minute] = {}
        self._processes: dict[str, _Process] = {}
        self._counters: dict[str, Counters] = {}
        self._shared: dict[str, int] = {}

    def shares(self, name: str, shared: int) -> None:
        """So much of its resident memory is not its own: its zygote's, or pages of files."""
        self._shared[name] = max(0, shared)

    def saw(self, child: Child, use: ProcessUse, now: float, pss: int = 0) -> None:
        """A process that serves or probes, now or just before its end."""
        name = child.location
        minute, before = self._of(name), self._processes.get(child.id)
        if before is None:  # one that an earlier host left has a past that is not this minute's
            is_new = child.started_at >= self._began
            before = _Process(child.started_at, 0.0, 0) if is_new else _Process(now, use.cpu_s, use.peak)
        passed = max(0.0, now - before.at)
        top = use.peak if use.peak > before.peak else use.resident
        minute.whole.append((use.resident, passed))
        minute.whole_peak = max(minute.whole_peak, top)
        if (shared := self._shared.get(name)) is not None:
            minute.own.append((max(0, use.resident - shared), passed))
            minute.own_peak = max(minute.own_peak, top - shared)
        minute.pss = max(minute.pss, pss)
        used_s = max(0.0, use.cpu_s - before.cpu_s)
        minute.cpu_s += used_s
        minute.cpu.append((used_s / max(SHORTEST_S, passed), passed))
        if child.purpose == "serve":
            minute.awake_s += passed
        self._processes[child.id] = _Process(now, use.cpu_s, use.peak)

    def counted(self, name: str, now: Counters) -> None:
        before = self._counters.get(name)
        self._counters[name] = now
        if before is None:
            before = Counters(0, 0, 0)
        if now == before:
            return
        minute = self._of(name)
        minute.calls += max(0, now.calls - before.calls)
        minute.wakes += max(0, now.wakes - before.wakes)
        minute.probes += max(0, now.probes - before.probes)

    def killed(self, name: str, at: float) -> None:
        """It was ended because of its memory, at so many bytes; 0: at the most that it had this minute."""
        minute = self._of(name)
        minute.kills += 1
        minute.killed_at = max(minute.killed_at, at or minute.whole_peak)

    def gone(self, child: Child) -> None:
        self._processes.pop(child.id, None)

    def take(self, start: int, seconds: float) -> dict[str, Stretch]:
        """The minute that is over; the next one begins."""
        minutes, self._minutes = self._minutes, {}
        return {name: _stretch(each, start, seconds) for name, each in minutes.items()}

    def keep_only(self, names: Mapping[str, object]) -> None:
        """Forget locations that are no more."""
        for known in (self._counters, self._shared):
            for name in [name for name in known if name not in names]:
                del known[name]

    def _of(self, name: str) -> _Minute:
        return self._minutes.setdefault(name, _Minute())


def _stretch(minute: _Minute, start: int, seconds: float) -> Stretch:
    awake_s = round(min(minute.awake_s, seconds))
    return Stretch(
        start=start,
        awake_s=awake_s,
        own=_spread(minute.own, minute.own_peak),
        whole=_spread(minute.whole, minute.whole_peak),
        pss=minute.pss,
        cpu=_spread(minute.cpu, 0.0),
        cpu_s=minute.cpu_s,
        busy_s=round(seconds) if minute.calls else 0,
        calls=minute.calls,
        wakes=minute.wakes,
        probes=minute.probes,
        kills=minute.kills,
        killed_at=minute.killed_at,
    )


def _spread(values: list[tuple[float, float]], peak: float) -> Spread:
    highest = max((value for value, _ in values), default=0.0)
    return Spread(quantile(values, 0.5), quantile(values, 0.95), max(highest, peak))
