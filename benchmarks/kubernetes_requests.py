"""What both sides have to request for the same day, each by the rule of `reef usage` (`decide.sizing`).

What a server, a gateway, a controller and a pack's containers use is measured in the cluster, while everybody is polled
as webserver and daemon do it. The day is made: who is called when. What is awake at the same time follows from it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deadlines import until
from kubernetes_bench import Bench, addresses, pack, stand
from kubernetes_calls import Called, Callers
from kubernetes_used import Using, containers_of, oom_kills
from lab import memory, model1
from lab.fleet import Member
from lab.world import ReefWorld
from reef.decide.sizing.proposal import GIB, Has
from reef.decide.sizing.proposing import proposal
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.decide.sizing.used import Watch, used

BAR = 1 / 8
MEASURED_S = 90.0
POLLS_A_SECOND = 2.0
MINUTES = 24 * 60
OFFICE = range(8 * 60, 18 * 60)


@dataclass(frozen=True)
class Uses:
    """Bytes and cores."""

    memory: Spread
    cpu: Spread


@dataclass(frozen=True)
class Packs:
    """`asleep` and `awake`: of one location's container; `awake_s`: from its call until it sleeps."""

    controller: Uses
    gateway: Uses
    host: Uses
    asleep: Uses
    awake: Uses
    awake_s: float


def requests(bench: Bench) -> None:
    members = bench.members()
    some = members[:4]  # each of another owner, on an image of its own
    with bench.world("requests-standing", reef=False) as world:
        server = _server(world, some)
        killed = oom_kills(world)
    with bench.world("requests-packed") as world:
        found = _packs(world, some, len(members))
        killed += oom_kills(world)
    standing = [_sized(_day([1] * MINUTES, server, None)) for _ in members]
    reef = [*([_sized(_day([1] * MINUTES, found.controller, None))] * 2)]
    reef += [*([_sized(_day([1] * MINUTES, found.gateway, None))] * 2)]
    for owner in sorted({each.owner for each in members}):
        own = [each for each in members if each.owner == owner]
        reef.append(_pack(own, found))
    report, group = bench.report, f"requests of {len(members)} locations for one day"
    for label, sizes in (("a pod for each", standing), ("Reef", reef)):
        report.figure(group, f"{label}, memory", sum(each[0] for each in sizes) / GIB, "GiB", estimated=True)
        report.figure(group, f"{label}, processors", sum(each[1] for each in sizes), "cores", estimated=True)
    for at, (what, unit) in enumerate((("memory", ""), ("processors", ""))):
        share = sum(each[at] for each in reef) / sum(each[at] for each in standing)
        report.at_most(f"requests of {what}, Reef's part", share, BAR, unit)
    report.at_most("containers that were killed for memory", killed, 0, "")
    report.notes.append(f"One pod of the chart: {_told(server)}. Reef: {_told_packs(found)}.")


# -- measured ---------------------------------------------------------------------------------------------


def _server(world: ReefWorld, some: Sequence[Member]) -> Uses:
    """Of one of the chart's pods, with the chart's own probe: the median of some."""
    stand(world, some, model1.PROBE)
    targets = addresses(world, some)
    for each in some:
        Called(each.name, targets[each.name]).warm()
    where = {pod: at for pod, _, at in containers_of(world, "component=user-deployments")}
    with Callers(targets, POLLS_A_SECOND), Using(where) as using:
        time.sleep(MEASURED_S)
    found = sorted(
        (Uses(using.memory(key), using.cpu(key)) for key in where), key=lambda each: each.memory.peak
    )
    return found[len(found) // 2]


def _packs(world: ReefWorld, some: Sequence[Member], count: int) -> Packs:
    """Gateways are polled for `count` locations: the few that are there are polled the more often."""
    pack(world, some)
    until(lambda: not memory.servers(world), 300, "for everybody to sleep", every_s=1.0)
    targets, name = addresses(world, some), some[0].name
    parts = {
        f"{part}/{pod}/{container}": at
        for part in ("controller", "gateway", "pack")
        for pod, container, at in containers_of(world, f"app.kubernetes.io/component={part}")
    }
    with Callers(targets, POLLS_A_SECOND * count / len(some), ticks=False), Using(parts) as using:
        time.sleep(MEASURED_S)
    resting = {key: Uses(using.memory(key), using.cpu(key)) for key in parts}
    awake_key = next(key for key in parts if key.endswith(f"/{name}"))
    with Using({name: parts[awake_key]}) as using:
        began = time.monotonic()
        Called(name, targets[name]).warm()
        until(lambda: name not in memory.servers(world), 900, f"for {name} to sleep", every_s=1.0)
        awake_s = time.monotonic() - began
    return Packs(
        controller=_most(resting, "controller/"),
        gateway=_most(resting, "gateway/"),
        host=_most({key: each for key, each in resting.items() if key.endswith("/reef")}, "pack/"),
        asleep=resting[awake_key],
        awake=Uses(using.memory(name), using.cpu(name)),
        awake_s=awake_s,
    )


def _most(found: Mapping[str, Uses], prefix: str) -> Uses:
    """Each of them may have to do what the busiest one does."""
    return max(
        (each for key, each in found.items() if key.startswith(prefix)), key=lambda one: one.memory.peak
    )


# -- the day ----------------------------------------------------------------------------------------------


def _calls(member: Member, chance: random.Random) -> list[int]:
    """Minutes of a day in which it is called. One of ten is called all the time, half in office hours, the others at
    night and a few times more."""
    kind = chance.random()
    if kind < 0.1:
        return list(range(MINUTES))
    if kind < 0.6:
        return sorted(chance.sample(OFFICE, 40))
    return [2 * 60 + chance.randrange(60), *chance.sample(range(MINUTES), 3)]


def _pack(members: Sequence[Member], found: Packs) -> tuple[float, float]:
    """One pod: its host, an agent in each container, and whoever is awake at the same time."""
    awake = [0] * MINUTES
    for each in members:
        minutes = {
            later % MINUTES
            for at in _calls(each, random.Random(each.name))
            for later in range(at, at + max(1, round(found.awake_s / 60)))
        }
        for minute in minutes:
            awake[minute] += 1
    images = len({each.image for each in members})
    agents = Uses(_times(found.asleep.memory, images), _times(found.asleep.cpu, images))
    base = Uses(_sum(found.host.memory, agents.memory), _sum(found.host.cpu, agents.cpu))
    more = Uses(_less(found.awake.memory, found.asleep.memory), _less(found.awake.cpu, found.asleep.cpu))
    return _sized(_day(awake, more, base))


def _day(awake: Sequence[int], each: Uses, base: Uses | None) -> list[Stretch]:
    """A stretch for each minute, in which so many were awake."""
    nothing = Uses(Spread(), Spread())
    under = base or nothing
    return [
        Stretch(
            start=60 * minute,
            awake_s=60,
            whole=_sum(under.memory, _times(each.memory, number)),
            cpu=_sum(under.cpu, _times(each.cpu, number)),
            cpu_s=60 * (under.cpu.p50 + number * each.cpu.p50),
        )
        for minute, number in enumerate(awake)
    ]


def _sized(day: Sequence[Stretch]) -> tuple[float, float]:
    """Bytes and cores to request, from one day."""
    seen = used(day, Watch(0, DAY_S, DAY_S, frozenset({0})))
    found = proposal(seen, seen, Has(), "whole", calls_known=False)
    assert isinstance(found.memory_request.value, float | int), found
    assert isinstance(found.cpu_request.value, float | int), found
    return float(found.memory_request.value), float(found.cpu_request.value)


def _sum(one: Spread, other: Spread) -> Spread:
    return Spread(one.p50 + other.p50, one.p95 + other.p95, one.peak + other.peak)


def _less(one: Spread, other: Spread) -> Spread:
    return Spread(*(max(0.0, x - y) for x, y in zip(_three(one), _three(other), strict=True)))


def _times(one: Spread, number: int) -> Spread:
    return Spread(*(number * each for each in _three(one)))


def _three(one: Spread) -> tuple[float, float, float]:
    return one.p50, one.p95, one.peak


def _told(uses: Uses) -> str:
    return f"{uses.memory.peak / 1e6:.0f} MB at most, {1000 * uses.cpu.p95:.0f}m in 95 % of the time"


def _told_packs(found: Packs) -> str:
    parts = {"controller": found.controller, "gateway": found.gateway, "pack host": found.host}
    parts |= {"container asleep": found.asleep, "awake": found.awake}
    said = "; ".join(f"{name} {_told(each)}" for name, each in parts.items())
    return f"{said}; awake for {found.awake_s:.0f} s after a call"
