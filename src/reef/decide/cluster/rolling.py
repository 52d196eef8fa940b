"""Many locations ask for another version at once: which of them are tried now, which are promoted, and when it stops.

The canaries come first; the next wave waits until those before it are promoted and have been watched for a while. So
the waves of `decide.waves`, level by level: a location that never came into the rollout is a rollout of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reef.decide.waves import WaveFacts, Waves

Standing = Literal["changing", "loads", "promoted", "refused"]


@dataclass(frozen=True)
class RolloutBounds:
    """`probes` at once, by the room of the cluster. From `many` locations on they change in waves. `refused_share` of
    those that were tried, and at least `refused_least`, halt it; `soak_s` is how long a wave is watched."""

    probes: int = 4
    many: int = 5
    refused_share: float = 0.3
    refused_least: int = 2
    soak_s: float = 30.0
    gather_s: float = 2.0  # so long it is seen whether others come too


BOUNDS = RolloutBounds()


@dataclass(frozen=True)
class Rollout:
    """What is kept of locations that change together. `wanted`: location -> the version that it asks for; `since`: when
    each wave was promoted whole, unix seconds, by its number; `halted`: why it stops, for people."""

    waves: Waves
    wanted: Mapping[str, str]
    opened: float
    since: Mapping[int, float] = field(default_factory=dict)
    halted: str | None = None


@dataclass(frozen=True)
class Changing:
    """A location whose wanted version is not the one that is served, or was not when the rollout began. `facts` order
    the waves; `alike` is equal for those that share a container, which go together. `probing`: its pod is there."""

    facts: WaveFacts
    wanted: str
    standing: Standing
    probing: bool = False
    alike: str = ""
    seen_at: float = 0.0  # when this wanted version was first seen, unix seconds
    troubled: str | None = None  # what went wrong with the version after it was promoted


@dataclass(frozen=True)
class Admitted:
    """`why` says of all others why they wait."""

    probe: frozenset[str]
    promote: frozenset[str]
    why: Mapping[str, str]


def rollout_of(
    before: Rollout | None,
    changing: Sequence[Changing],
    split: Waves,
    now: float,
    bounds: RolloutBounds = BOUNDS,
) -> Rollout | None:
    """The rollout that goes on, is new, or is over (None). `split` are the waves of all that change (`decide.waves`).

    Who asks for something else than when the rollout began begins it anew, a halted one too. Who comes later joins it
    at its end; where it is halted, a few go as they come, and many begin it anew.
    """
    by_name = {each.facts.name: each for each in changing}
    open_ones = {each.facts.name for each in changing if each.standing in ("changing", "loads")}
    if before is not None and not _is_another(before, by_name):
        joined = _joined(before, sorted(open_ones - before.wanted.keys()), by_name, bounds)
        if joined is not None:
            found = _gone_on(joined, by_name, now, bounds)
            over = not open_ones and _watched(found, len(found.waves), now, bounds)
            return None if over and not found.halted else found
    if len(open_ones) < bounds.many:
        return None
    together = _together(split, {each.facts.name: each.alike for each in changing})
    begun = Rollout(together, {name: each.wanted for name, each in by_name.items()}, now)
    return _gone_on(begun, by_name, now, bounds)


def _is_another(before: Rollout, changing: Mapping[str, Changing]) -> bool:
    return any(
        name in changing and changing[name].wanted != version for name, version in before.wanted.items()
    )


def _joined(
    before: Rollout, new: Sequence[str], changing: Mapping[str, Changing], bounds: RolloutBounds
) -> Rollout | None:
    """None where it is to begin anew."""
    if not new or (before.halted and len(new) < bounds.many):
        return before
    if before.halted or not before.since:
        return None
    wanted = {**before.wanted, **{name: changing[name].wanted for name in new}}
    return Rollout((*before.waves, tuple(new)), wanted, before.opened, before.since)


def admitted(
    rollout: Rollout | None, changing: Sequence[Changing], now: float, bounds: RolloutBounds = BOUNDS
) -> Admitted:
    """Who may be tried and who may be promoted now."""
    turn = _turn(rollout, now, bounds)
    inside = rollout.wanted if rollout else {}
    outside = [each for each in changing if each.facts.name not in inside]
    early = {each.facts.name for each in outside if now - each.seen_at < bounds.gather_s}
    allowed = [each for each in changing if each.facts.name not in inside or each.facts.name in turn]
    allowed = [each for each in allowed if each.facts.name not in early]
    free = bounds.probes - sum(each.probing for each in changing)
    waiting = [each.facts.name for each in allowed if each.standing == "changing" and not each.probing]
    next_ones = waiting[: max(0, free)]
    probing = [each.facts.name for each in changing if each.probing]
    promote = frozenset(each.facts.name for each in allowed)
    later = set(waiting[len(next_ones) :])
    why = {}
    for each in changing:
        if each.facts.name not in promote:
            name = each.facts.name
            why[name] = "It is seen whether others change too." if name in early else _reason(rollout)
        elif each.facts.name in later:
            why[each.facts.name] = f"{bounds.probes} versions are tried at a time; it is its turn later."
    return Admitted(frozenset({*next_ones, *probing}), promote, why)


def _turn(rollout: Rollout | None, now: float, bounds: RolloutBounds) -> frozenset[str]:
    """Who is in a wave that has begun."""
    reached: list[str] = []
    for number, wave in enumerate(rollout.waves if rollout else ()):
        if rollout and number and (rollout.halted or not _watched(rollout, number, now, bounds)):
            break
        reached += wave
    return frozenset(reached)


def _watched(rollout: Rollout, waves: int, now: float, bounds: RolloutBounds) -> bool:
    """Whether so many of the first waves are promoted and were watched."""
    return all(
        number in rollout.since and now - rollout.since[number] >= bounds.soak_s for number in range(waves)
    )


def next_look(rollout: Rollout | None, now: float, bounds: RolloutBounds = BOUNDS) -> float | None:
    """When the watch over a wave ends."""
    ends = [at + bounds.soak_s for at in rollout.since.values()] if rollout else []
    return min((end for end in ends if end > now), default=None)


def _gone_on(
    rollout: Rollout, changing: Mapping[str, Changing], now: float, bounds: RolloutBounds
) -> Rollout:
    since = dict(rollout.since)
    for number, wave in enumerate(rollout.waves):
        members = [changing[name] for name in wave if name in changing]
        if number not in since and all(each.standing in ("promoted", "refused") for each in members):
            since[number] = now
    halted = rollout.halted or _halt(rollout, changing, bounds)
    return Rollout(rollout.waves, rollout.wanted, rollout.opened, since, halted)


def _halt(rollout: Rollout, changing: Mapping[str, Changing], bounds: RolloutBounds) -> str | None:
    members = [each for name, each in changing.items() if name in rollout.wanted]
    if troubled := [each for each in members if each.troubled and each.standing == "promoted"]:
        return f"{troubled[0].facts.name}: {troubled[0].troubled}"
    refused = [each.facts.name for each in members if each.standing == "refused"]
    done = [each for each in members if each.standing != "changing"]
    if len(refused) >= bounds.refused_least and len(refused) > bounds.refused_share * len(done):
        return f"Refused are {len(refused)} of the {len(done)} that were tried: {', '.join(sorted(refused))}."
    return None


def _reason(rollout: Rollout | None) -> str:
    if rollout and rollout.halted:
        return f"The rollout has stopped. {rollout.halted}"
    return "It waits for its wave: the locations before it are promoted and watched first."


def _together(split: Waves, alike: Mapping[str, str]) -> Waves:
    """Those that share a container come with the first of them: one pod is changed once."""
    seen: set[str] = set()
    waves = []
    members: dict[str, list[str]] = {}
    for wave in split:
        for name in wave:
            members.setdefault(alike.get(name) or f"\0{name}", []).append(name)
    for wave in split:
        whole = [
            other
            for name in wave
            if name not in seen
            for other in _new(members[alike.get(name) or f"\0{name}"], seen)
        ]
        if whole:
            waves.append(tuple(whole))
    return tuple(waves)


def _new(names: Sequence[str], seen: set[str]) -> list[str]:
    found = [name for name in names if name not in seen]
    seen.update(found)
    return found
