"""Days of made-up locations that look like real life: what each uses hour by hour. The same for the same seed.

They are made, not recorded. `recorded` continues what a real fleet used for a while.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reef.decide.sizing.proposal import GIB, MIB, Has
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch, joined

HOUR_S = 3600
FIRST = 20_454 * DAY_S  # 2026-01-01
SUNDAY = 3  # of the days since 1970, modulo 7


@dataclass(frozen=True)
class Hour:
    """What a shape says of one hour: memory by itself and at its highest, cores, how long it was awake."""

    memory: float
    peak: float
    cpu: float = 0.02
    cpu_peak: float = 0.2
    awake_s: int = HOUR_S
    wakes: int = 0
    probes: int = 0


Shape = Callable[[random.Random, int, int], Hour | None]
"""(chance, day, hour of the day) -> the hour, None where it slept all of it."""


def steady(base: float) -> Shape:
    return lambda chance, _day, _hour: Hour(base, base * chance.uniform(1.0, 1.05))


def office(base: float) -> Shape:
    def shape(chance: random.Random, day: int, hour: int) -> Hour | None:
        if day % 7 in (2, SUNDAY) or not 8 <= hour < 18:
            return None
        return Hour(base, base * chance.uniform(1.0, 1.3), awake_s=900, wakes=4, cpu=0.05, cpu_peak=0.6)

    return shape


def spikes(base: float, a_day: float, sigma: float) -> Shape:
    """Spikes at any hour, each of another height."""

    def shape(chance: random.Random, _day: int, _hour: int) -> Hour:
        top = base * chance.uniform(1.0, 1.05)
        if chance.random() < a_day / 24:
            top = base * (1.0 + chance.lognormvariate(math.log(0.8), sigma))
        return Hour(base, top, cpu_peak=0.8)

    return shape


def nightly(base: float, times: float) -> Shape:
    def shape(chance: random.Random, _day: int, hour: int) -> Hour:
        heavy = hour == 2
        top = base * (times * chance.uniform(0.9, 1.1) if heavy else chance.uniform(1.0, 1.05))
        return Hour(base * (1.5 if heavy else 1.0), top, cpu=0.5 if heavy else 0.01)

    return shape


def weekly(base: float, times: float) -> Shape:
    def shape(chance: random.Random, day: int, hour: int) -> Hour:
        heavy = day % 7 == SUNDAY and hour in (4, 5)
        top = base * (times * chance.uniform(0.9, 1.1) if heavy else chance.uniform(1.0, 1.05))
        return Hour(base, top, cpu=0.7 if heavy else 0.01)

    return shape


def growing(base: float, a_day: float) -> Shape:
    def shape(chance: random.Random, day: int, _hour: int) -> Hour:
        now = base * (1 + a_day * (day - FIRST // DAY_S))
        return Hour(now, now * chance.uniform(1.0, 1.1))

    return shape


def leaking(base: float, an_hour: float) -> Shape:
    """Started anew each night."""

    def shape(chance: random.Random, _day: int, hour: int) -> Hour:
        now = base * (1 + an_hour * hour)
        return Hour(now, now * chance.uniform(1.0, 1.05))

    return shape


def seldom(base: float) -> Shape:
    def shape(chance: random.Random, day: int, hour: int) -> Hour | None:
        if hour not in (6, 12, 20):
            return None
        probes = int(day % 3 == 0 and hour == 12)
        top = base * (chance.uniform(1.2, 1.6) if probes else chance.uniform(1.0, 1.1))
        return Hour(base, top, awake_s=60, wakes=1, probes=probes)

    return shape


@dataclass(frozen=True)
class Made:
    """One location: its hours, and what it requests."""

    name: str
    has: Has
    hours: tuple[Stretch, ...]

    def days(self, first: int, last: int) -> tuple[Stretch, ...]:
        """From day `first` on, before day `last`."""
        begin, end = FIRST + first * DAY_S, FIRST + last * DAY_S
        return tuple(each for each in self.hours if begin <= each.start < end)


def fleet(seed: int, days: int, each: int = 3) -> list[Made]:
    """`each` locations of every shape, some requesting what the article's pods did: twenty times what they use."""
    chance = random.Random(seed)
    found = []
    for number in range(each):
        for name, shape in _shapes(chance).items():
            hours = tuple(hours_of(shape, random.Random(chance.random()), days))
            top = max(hour.whole.peak for hour in hours)
            found.append(Made(f"{name}-{number}", _has(chance, top), hours))
    return found


def recorded(minutes: Mapping[str, Sequence[Stretch]], days: int, seed: int = 0) -> list[Made]:
    """Each hour of `days` is made of minutes that a real location had, drawn at random; it has no more days in it than
    there were minutes, and no weekday differs."""
    chance, found = random.Random(seed), []
    for name, known in minutes.items():
        hours = []
        for number in range(days * 24):
            drawn = chance.choices(known, k=12)
            hours.append(_of_minutes(drawn, FIRST + number * HOUR_S))
        found.append(Made(name, Has(GIB, 2 * GIB, 0.5, None, "standing"), tuple(hours)))
    return found


def _of_minutes(drawn: Sequence[Stretch], start: int) -> Stretch:
    hour = joined(drawn, start)
    return replace(hour, awake_s=hour.awake_s * 5)


def _shapes(chance: random.Random) -> dict[str, Shape]:
    base = chance.uniform(90, 600) * MIB
    return {
        "steady": steady(base),
        "office": office(base),
        "spikes": spikes(base, chance.uniform(1, 6), 0.15),
        "wild": spikes(base, chance.uniform(4, 12), 0.3),
        "nightly": nightly(base, chance.uniform(2, 4)),
        "weekly": weekly(base, chance.uniform(3, 6)),
        "growing": growing(base, chance.uniform(0.002, 0.01)),
        "leaking": leaking(base, chance.uniform(0.01, 0.05)),
        "seldom": seldom(base),
    }


def _has(chance: random.Random, top: float) -> Has:
    times = chance.choice((2, 4, 10, 20))
    return Has(top * times, top * times, chance.choice((0.5, 1.0)), None, "standing")


def hours_of(shape: Shape, chance: random.Random, days: int) -> Iterable[Stretch]:
    for day in range(days):
        for hour in range(24):
            if (found := shape(chance, day + FIRST // DAY_S, hour)) is not None:
                yield _stretch(found, FIRST + day * DAY_S + hour * HOUR_S)


def _stretch(hour: Hour, start: int) -> Stretch:
    memory = Spread(hour.memory, hour.memory * 1.02, hour.peak)
    own = Spread(memory.p50 * 0.4, memory.p95 * 0.4, memory.peak * 0.4)
    return Stretch(
        start=start,
        awake_s=hour.awake_s,
        own=own,
        whole=memory,
        pss=memory.p50 * 0.6,
        cpu=Spread(hour.cpu, hour.cpu * 1.5, hour.cpu_peak),
        cpu_s=hour.cpu * hour.awake_s,
        busy_s=60 * max(1, hour.wakes),
        calls=12,
        wakes=hour.wakes,
        probes=hour.probes,
    )
